"""Task 1 of the homework on graphical models: variables that share their tables."""

from __future__ import annotations

from lib.variants import Cell, Twist
from lib.variants.chapter_01_graphical_models_cost import FIRST, HEADING, TABLES, letters

SHARED = Twist(
    1,
    "variables of one kind share their tables",
    (
        Cell(
            HEADING,
            TABLES
            + """A name is a pair of a kind and a number, such as `("<<x>>", 3)`; variables of one kind have equally
many states. Two variables **share one table** when they are of the same kind and their parents are
of the same kinds, in the same order. A model of a film works like this: the same table leads from
each picture to the next. A shared table is stored, and paid for, once.

Write `n_parameters(states, parents)`: the number of free parameters of the whole network.
`states` maps the name of a variable to its number of states. `parents` maps the name of a variable
to the tuple of its parents' names, which is empty for a root.""",
        ),
        Cell(
            "parameters",
            '''def n_parameters(states, parents):
    """Number of free parameters of a discrete Bayesian network with shared tables."""
    ### BEGIN SOLUTION
    cost = {}  # (kind of the variable, kinds of its parents) -> numbers in that table
    for name, k in states.items():
        n_rows = 1
        for parent in parents[name]:
            n_rows *= states[parent]
        kinds = tuple(parent[0] for parent in parents[name])
        cost[name[0], kinds] = n_rows * (k - 1)
    return sum(cost.values())
    ### END SOLUTION''',
        ),
        Cell(
            FIRST,
            r"""The first test takes hidden Markov models of $T > 1$ steps: a chain of hidden variables
$<<x>>_0 \rightarrow <<x>>_1 \rightarrow \dots$ with $K$ states, and an arrow from each $<<x>>_t$ to its
observation $<<y>>_t$ with $L$ states. Whatever $T$ is, such a model must have
$K - 1 + K (K - 1) + K (L - 1)$ parameters: the start, the step, and the observation.""",
        ),
        Cell(
            "parameters-chain",
            """def test_parameters_chain():
    from lib.homework import compare
    from lib.homework_graphical import ask

    rng = np.random.default_rng([SEED, 0])
    for n, k, m in [(2, 2, 3), (3, 2, 2), *rng.integers(2, 7, size=(3, 3)).tolist()]:
        parents = {("<<x>>", t): (("<<x>>", t - 1),) if t else () for t in range(n)}
        parents |= {("<<y>>", t): (("<<x>>", t),) for t in range(n)}
        states = {name: k if name[0] == "<<x>>" else m for name in parents}
        what = f"parameters of a hidden Markov model, {n} steps, {k} states, {m} observations"
        answer = ask(n_parameters, what, states=states, parents=parents)
        hints = {
            "that counts a table for each variable; a shared table counts once": (
                k - 1 + (n - 1) * k * (k - 1) + n * k * (m - 1)
            ),
            "count K - 1 numbers a row: the last follows from the sum": k + k**2 + k * m,
            "the first hidden variable has no parents, so it has a table of its own": (
                k * (k - 1) + k * (m - 1)
            ),
            "a table has a row for each configuration of the parents": 2 * (k - 1) + m - 1,
        }
        compare(answer, k - 1 + k * (k - 1) + k * (m - 1), what, hints=hints)


test_parameters_chain()""",
        ),
        Cell(
            "parameters-random",
            """# Hidden: random networks of three kinds with different numbers of states.
### BEGIN HIDDEN TESTS
def test_parameters_random():
    from lib.homework import compare
    from lib.homework_graphical import ask

    rng = np.random.default_rng([SEED, 1])
    for _ in range(20):
        size = dict(zip("abc", rng.integers(2, 5, size=3).tolist(), strict=True))
        names = [(str(rng.choice(list("abc"))), i) for i in range(8)]
        states = {name: size[name[0]] for name in names}
        parents = {}
        for i, name in enumerate(names):
            chosen = [u for u in rng.permutation(i).tolist() if rng.random() < 0.3]
            parents[name] = tuple(names[u] for u in chosen)
        words = {v: v[0] + "|" + "".join(u[0] for u in parents[v]) for v in names}
        numbers = {
            word: (size[word[0]] - 1) * int(np.prod([size[k] for k in word[2:]]))
            for word in words.values()
        }
        hints = {
            "that counts a table for each variable; a shared table counts once": sum(
                numbers[words[v]] for v in names
            ),
            "parents of the same kinds in another order make another table": sum(
                {word[:2] + "".join(sorted(word[2:])): n for word, n in numbers.items()}.values()
            ),
            "parents of other kinds make another table": sum(
                {word[0]: n for word, n in numbers.items()}.values()
            ),
        }
        what = f"the parameters for the parents {parents} and the numbers of states {states}"
        answer = ask(n_parameters, what, states=states, parents=parents)
        compare(answer, sum(numbers.values()), what, hints=hints)


test_parameters_random()
### END HIDDEN TESTS""",
        ),
    ),
    letters,
)
