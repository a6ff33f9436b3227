"""Task 1 of the homework on graphical models: what a network costs."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

HEADING = "## Task 1: what does a network cost? (3 points)"
TABLES = (
    HEADING
    + r"""

A discrete network has one table $p(x_i \mid \mathrm{pa}_i)$ a variable. A table has one row for every joint
configuration of the parents. Each row is a distribution over the $K_i$ states of $x_i$, so it sums
to one, and its last entry is known once the others are.

"""
)
FIRST = (
    "The first test takes Markov chains of $M$ variables with $K$ states each. A chain must have"
)
RANDOM_ASK = "        answer = ask(n_parameters, what, states=states, parents=parents)\n"
RANDOM_WHAT = (
    'what = f"the parameters for the parents {parents} and the numbers of states {states}"'
)
RANDOM_HINT = (
    '            "count K - 1 numbers a row: the last entry follows from the sum": entries,\n'
)


def letters(rng: np.random.Generator) -> Values:
    """Names for the two kinds of variables of a hidden Markov model."""
    pairs = [("x", "y"), ("z", "x"), ("h", "v"), ("s", "o"), ("u", "w"), ("q", "r")]
    return dict(zip(("x", "y"), pairs[rng.integers(len(pairs))], strict=True))


CHILDREN = Twist(
    1,
    "the graph is given by the children of each variable",
    (
        Cell(
            HEADING,
            TABLES
            + """Write `n_parameters(states, children)`: the number of free parameters of the whole network.
`states` maps the name of a variable to its number of states. `children` maps the name of a variable
to the tuple of its children's names, the variables that its arrows point to; it is empty for a leaf.""",
        ),
        Cell(
            "parameters",
            '''def n_parameters(states, children):
    """Number of free parameters of a discrete Bayesian network."""
    ### BEGIN SOLUTION
    n_rows = dict.fromkeys(states, 1)
    for name, its_children in children.items():
        for child in its_children:  # the table of each child has `name` among its parents
            n_rows[child] *= states[name]
    return sum(n_rows[name] * (k - 1) for name, k in states.items())
    ### END SOLUTION''',
        ),
        Cell(
            FIRST,
            r"""The first test takes hidden Markov models of $T$ steps: a chain of hidden variables
$<<x>>_0 \rightarrow <<x>>_1 \rightarrow \dots$ with $K$ states, and an arrow from each $<<x>>_t$ to its
observation $<<y>>_t$ with $L$ states. Such a model must have $K - 1 + (T - 1) K (K - 1) + T K (L - 1)$
parameters: one distribution for the start, a table with $K$ rows for each step and for each
observation.""",
        ),
        Cell(
            "parameters-chain",
            """def test_parameters_chain():
    from lib.homework import compare
    from lib.homework_graphical import ask

    rng = np.random.default_rng([SEED, 0])
    for n, k, m in [(1, 2, 3), (3, 2, 2), *rng.integers(2, 7, size=(3, 3)).tolist()]:
        chain = {f"<<x>>{t}": (f"<<x>>{t + 1}", f"<<y>>{t}") for t in range(n - 1)}
        chain[f"<<x>>{n - 1}"] = (f"<<y>>{n - 1}",)
        states = dict.fromkeys(chain, k) | {f"<<y>>{t}": m for t in range(n)}
        what = f"parameters of a hidden Markov model, {n} steps, {k} states, {m} observations"
        children = chain | {f"<<y>>{t}": () for t in range(n)}
        answer = ask(n_parameters, what, states=states, children=children)
        hints = {
            "children[name] is where the arrows from a variable go, not where they come from": (
                n * (m - 1) + ((n - 1) * k + 1) * m * (k - 1)
            ),
            "count K - 1 numbers a row: the last follows from the sum": (
                k + (n - 1) * k**2 + n * k * m
            ),
            "a table has a row for each configuration of the parents": n * (k - 1) + n * (m - 1),
        }
        right = k - 1 + (n - 1) * k * (k - 1) + n * k * (m - 1)
        compare(answer, right, what, hints=hints)


test_parameters_chain()""",
        ),
        Edit(
            RANDOM_HINT,
            """            "children[name] is where the arrows from a variable go, not where they come from": sum(
                int(np.prod([states[u] for u in names if v in parents[u]])) * (states[v] - 1)
                for v in names
            ),
"""
            + RANDOM_HINT,
        ),
        Edit(
            RANDOM_WHAT,
            """children = {v: tuple(u for u in names if v in parents[u]) for v in names}
        what = f"the parameters for the children {children} and the numbers of states {states}\"""",
        ),
        Edit(RANDOM_ASK, RANDOM_ASK.replace("parents=parents", "children=children")),
    ),
    letters,
)

SOFTMAX = Twist(
    1,
    "log-linear tables: every parent has a vote of its own",
    (
        Cell(
            HEADING,
            HEADING
            + r"""

A full table $p(x_i \mid \mathrm{pa}_i)$ has a row for every joint configuration of the parents, and
that is expensive. A cheaper network lets every parent vote for itself:

$$p(x_i = k \mid \mathrm{pa}_i) = \frac{\exp s_k}{\sum_{l} \exp s_l}, \qquad
s_k = b_k + \sum_{j \in \mathrm{pa}_i} w^{(j)}_{k, x_j}$$

with one number $b_k$ for each of the $K_i$ states of $x_i$ and, for each parent $j$, a table $w^{(j)}$
with an entry for each state of $x_i$ and each state of the parent. Different numbers can give the same
distributions: the same amount added to all $s_k$ cancels, and an amount can be moved from a table
$w^{(j)}$ to $b$. So the superfluous numbers are fixed: $s_0 = 0$ whatever the parents are, and
$w^{(j)}_{k, 0} = 0$ for the state 0 of each parent.

Write `n_parameters(states, parents)`: how many numbers the whole network has left to choose.
`states` maps the name of a variable to its number of states. `parents` maps the name of a variable
to the tuple of its parents' names, which is empty for a root.""",
        ),
        Cell(
            "parameters",
            '''def n_parameters(states, parents):
    """Number of free parameters of a network of log-linear tables."""
    ### BEGIN SOLUTION
    total = 0
    for name, k in states.items():
        votes = 1 + sum(states[parent] - 1 for parent in parents[name])
        total += votes * (k - 1)
    return total
    ### END SOLUTION''',
        ),
        Cell(
            FIRST,
            """The first test takes chains of $M$ variables with $K$ states each, in which the parents of a variable
are the <<word>> before it (fewer at the start). A variable with $n$ parents must cost
$(K - 1)(1 + n (K - 1))$ numbers.""",
        ),
        Cell(
            "parameters-chain",
            """def test_parameters_chain():
    from lib.homework import compare
    from lib.homework_graphical import ask

    rng = np.random.default_rng([SEED, 0])
    for m, k in [(1, 2), (4, 2), *rng.integers([4, 2], [9, 7], size=(3, 2)).tolist()]:
        chain = {f"x{i}": tuple(f"x{j}" for j in range(max(0, i - <<order>>), i)) for i in range(m)}
        what = f"parameters of a chain of {m} variables with {k} states"
        answer = ask(n_parameters, what, states=dict.fromkeys(chain, k), parents=chain)
        numbers = [len(its) for its in chain.values()]
        hints = {
            "that counts full tables; here every parent votes by itself, so add over the parents": (
                sum(k**n * (k - 1) for n in numbers)
            ),
            "s_0 = 0: only K - 1 states of a variable have numbers": sum(
                k * (1 + n * (k - 1)) for n in numbers
            ),
            "w has no free number for the state 0 of a parent": sum(
                (k - 1) * (1 + n * k) for n in numbers
            ),
            "b counts too": sum((k - 1) * n * (k - 1) for n in numbers),
        }
        right = sum((k - 1) * (1 + n * (k - 1)) for n in numbers)
        compare(answer, right, what, hints=hints)


test_parameters_chain()""",
        ),
        Cell(
            "parameters-random",
            """# Hidden: random networks whose variables have different numbers of states.
### BEGIN HIDDEN TESTS
def test_parameters_random():
    from itertools import product

    from lib.homework import compare
    from lib.homework_graphical import ask

    rng = np.random.default_rng([SEED, 1])
    for _ in range(12):
        names = [f"x{i}" for i in range(6)]
        states = {name: int(rng.integers(2, 5)) for name in names}
        parents = {
            v: tuple(u for u in names[:i] if rng.random() < 0.5) for i, v in enumerate(names)
        }
        right = full = no_zero = 0
        for v in names:
            rows = list(product(*(range(states[u]) for u in parents[v])))
            # which votes count in which row: independent columns are free numbers
            votes = [
                [1.0, *(float(a == x) for u, a in zip(parents[v], row) for x in range(states[u]))]
                for row in rows
            ]
            right += int(np.linalg.matrix_rank(np.array(votes))) * (states[v] - 1)
            full += len(rows) * (states[v] - 1)
            no_zero += (1 + sum(states[u] for u in parents[v])) * (states[v] - 1)
        hints = {
            "that counts full tables; here every parent votes by itself, so add over the parents": (
                full
            ),
            "w has no free number for the state 0 of a parent": no_zero,
        }
        what = f"the parameters for the parents {parents} and the numbers of states {states}"
        answer = ask(n_parameters, what, states=states, parents=parents)
        compare(answer, right, what, hints=hints)


test_parameters_random()
### END HIDDEN TESTS""",
        ),
    ),
    lambda rng: [{"order": 2, "word": "two"}, {"order": 3, "word": "three"}][rng.integers(2)],
)
