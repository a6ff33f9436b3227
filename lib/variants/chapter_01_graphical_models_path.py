"""Task 6 of the homework on graphical models: the best path of a hidden Markov model."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 6 | the most probable path of a hidden Markov model |"
HEADING = "## Task 6: the most probable path (5 points)"
START = """
A hidden Markov model has hidden states $x_1, \\dots, x_T$ and observations $y_1, \\dots, y_T$.
"""
KEEP = """
It is max-product on a chain: keep, for every state at time $t$, the best score of a path that ends
there, and which state it came from. At the end walk back from the best last state.
"""
ADDS = """        score = model[0] + model[2][0]
"""
SHORT = "            check_viterbi(viterbi, random_hmm(rng, n_steps, 3))\n".replace("    ", "", 1)
LONG = "        check_viterbi(viterbi, model, best=score.max())\n"
SHORT_IMPORT = """    from lib.homework_graphical_paths import check_viterbi, random_hmm

    rng = np.random.default_rng([SEED, 10])
"""
LONG_IMPORT = SHORT_IMPORT.replace("10", "11")


def reading(words: str) -> tuple[Edit, ...]:
    """Edits of the two tests: how the model is written down."""
    return (
        *(
            Edit(
                old,
                old.replace("import check", "import Reading, check")
                + f"    told = Reading({words})\n",
            )
            for old in (SHORT_IMPORT, LONG_IMPORT)
        ),
        Edit(SHORT, SHORT.replace("3))", "3), reading=told)")),
        Edit(LONG, LONG.replace("max())", "max(), reading=told)")),
    )


def table(rng: np.random.Generator) -> dict[str, str]:
    """Which axis of the table of steps is which, and the number of the first state."""
    first, columns = int(rng.integers(2)), bool(rng.integers(2))
    return {
        "first": str(first),
        "range": "from 1 to $K$" if first else "from 0 to $K - 1$",
        "numbered": "[state + 1 for state in {0}]" if first else "{0}",
        "columns": str(columns),
        "entry": "b, a" if columns else "a, b",
    }


def costs(rng: np.random.Generator) -> Values:
    """The unit of the costs, and the table."""
    base, log, unit = [
        ("2.0", r"\log_2", "bits"),
        ("10.0", r"\log_{10}", "decimal digits"),
        ("float(np.e)", r"\ln", "nats"),
    ][rng.integers(3)]
    found = table(rng)
    through = {
        "a, b": "cost[:, None] + cost_step  # (K, K): from, to",
        "b, a": "cost[:, None] + cost_step.T  # (K, K): from, to",
    }[found["entry"]]
    path = found["numbered"].format("path[::-1]")
    return {**found, "path": path, "base": base, "log": log, "unit": unit, "through": through}


COSTS = Twist(
    6,
    "costs in place of log probabilities, the cheapest path",
    (
        Edit(ROW, "| 6 | the cheapest path of a hidden Markov model |"),
        Cell(
            HEADING,
            HEADING.replace("most probable", "cheapest")
            + "\n"
            + START
            + r"""To write down a path together with the observations costs

$$-<<log>> p(x, y) = -<<log>> p(x_1) - \sum_{t=2}^{T} <<log>> p(x_t \mid x_{t-1}) - \sum_{t=1}^{T} <<log>> p(y_t \mid x_t)$$ (eq-hw-path)

<<unit>> with the best code. Viterbi's algorithm finds the path of hidden states that costs least. It
works on a chain from left to right: keep, for every state at time $t$, the cost of the cheapest path
that ends there, and which state it came from. At the end walk back from the cheapest last state.

Write `viterbi(cost_start, cost_step, cost_seen)`, which returns $T$ states as
integers <<range>>. The inputs hold costs in <<unit>>, none of them negative, and have the shapes
$(K,)$, $(K, K)$ and $(T, K)$: `cost_step[<<entry>>]` is $-<<log>> p(x_t \mid x_{t-1})$ where $a$ is the place of $x_{t-1}$ in the list
of states and $b$ that of $x_t$, and `cost_seen[t, k]` is $-<<log>> p(y_t \mid x_t)$ for the observation
that was made and the state in place $k$. Places count from 0.""",
        ),
        Cell(
            "viterbi",
            '''def viterbi(cost_start, cost_step, cost_seen):
    """Cheapest path of hidden states: T integers <<words>>."""
    ### BEGIN SOLUTION
    cost = cost_start + cost_seen[0]  # (K,)
    came_from = []
    for seen in cost_seen[1:]:
        through = <<through>>
        came_from.append(through.argmin(axis=0))
        cost = through.min(axis=0) + seen
    path = [int(cost.argmin())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return <<path>>
    ### END SOLUTION'''.replace("<<words>>", "from <<first>> on"),
        ),
        *reading("base=<<base>>, columns=<<columns>>, first=<<first>>"),
    ),
    costs,
)


def past(rng: np.random.Generator) -> Values:
    """The table of a chain that goes back in time."""
    found = table(rng)
    return {
        **found,
        "path": found["numbered"].format("path"),
        "through": {
            "a, b": "score[:, None] + log_step  # (K, K): later state, earlier state",
            "b, a": "score[:, None] + log_step.T  # (K, K): later state, earlier state",
        }[found["entry"]],
    }


def steps(rng: np.random.Generator) -> Values:
    """The tables of a chain whose steps differ."""
    found = table(rng)
    turned = ".T" if found["entry"] == "b, a" else ""
    return {
        **found,
        "path": found["numbered"].format("path[::-1]"),
        "through": f"score[:, None] + step{turned}  # (K, K): from, to",
    }


BACKWARDS = Twist(
    6,
    "the chain starts with the last state and goes back in time",
    (
        Cell(
            HEADING,
            HEADING
            + "\n"
            + START
            + r"""This one was learned from the end: it knows how the last state is distributed and, given any state,
how the state before it is distributed. Viterbi's algorithm finds the path of hidden states with the largest

$$\log p(x, y) = \log p(x_T) + \sum_{t=2}^{T} \log p(x_{t-1} \mid x_t) + \sum_{t=1}^{T} \log p(y_t \mid x_t)$$ (eq-hw-path)

It is max-product on a chain: keep, for every state at one end of the part that was visited, the best
score of a path through that part, and which state it came from. At the end walk back.

Write `viterbi(log_last, log_step, log_seen)`, which returns the $T$ states $x_1, \dots, x_T$ in this order,
as integers <<range>>. The inputs have shapes
$(K,)$, $(K, K)$ and $(T, K)$: `log_last` is $\log p(x_T)$, `log_step[<<entry>>]` is $\log p(x_{t-1} \mid x_t)$
where $a$ is the place of $x_t$ in the list of states and $b$ that of $x_{t-1}$, and `log_seen[t, k]` is
$\log p(y_t \mid x_t)$ for the observation that was made and the state in place $k$; its first row is for
$y_1$. Places count from 0.""",
        ),
        Cell(
            "viterbi",
            '''def viterbi(log_last, log_step, log_seen):
    """Most probable path x_1, ..., x_T of hidden states: T integers from <<first>> on."""
    ### BEGIN SOLUTION
    score = log_last + log_seen[-1]  # (K,): the best that begins with each state at time t
    came_from = []
    for seen in log_seen[-2::-1]:  # from time T - 1 back to 1
        through = <<through>>
        came_from.append(through.argmax(axis=0))
        score = through.max(axis=0) + seen
    path = [int(score.argmax())]
    for back in reversed(came_from):  # forwards in time
        path.append(int(back[path[-1]]))
    return <<path>>
    ### END SOLUTION''',
        ),
        *reading("backwards=True, columns=<<columns>>, first=<<first>>"),
    ),
    past,
)

CHANGING = Twist(
    6,
    "every step has a table of its own",
    (
        Cell(
            HEADING,
            HEADING
            + "\n"
            + START
            + r"""Nothing says that every step of the chain follows the same rule: here the step from time $t - 1$ to
time $t$ has the distribution $p_t(x_t \mid x_{t-1})$, one for summer and another for winter, say.
Viterbi's algorithm finds the path of hidden states with the largest

$$\log p(x, y) = \log p(x_1) + \sum_{t=2}^{T} \log p_t(x_t \mid x_{t-1}) + \sum_{t=1}^{T} \log p(y_t \mid x_t)$$ (eq-hw-path)

It is max-product on a chain: keep, for every state at time $t$, the best score of a path that ends
there, and which state it came from. At the end walk back from the best last state.

Write `viterbi(log_start, log_step, log_seen)`, which returns $T$ states as
integers <<range>>. The inputs have shapes
$(K,)$, $(T - 1, K, K)$ and $(T, K)$: `log_step[t, <<entry>>]` belongs to step number $t$, the first step
being number 0. It is the logarithm of the probability of that step, where $a$ is the place in the list of
states of the state that is left, and $b$ that of the state that is reached. `log_seen[t, k]` is
the logarithm of the probability of observation number $t$ (from 0) in the state at place $k$. Places count from 0.""",
        ),
        Cell(
            "viterbi",
            '''def viterbi(log_start, log_step, log_seen):
    """Most probable path of hidden states: T integers from <<first>> on."""
    ### BEGIN SOLUTION
    score = log_start + log_seen[0]  # (K,)
    came_from = []
    for step, seen in zip(log_step, log_seen[1:], strict=True):
        through = <<through>>
        came_from.append(through.argmax(axis=0))
        score = through.max(axis=0) + seen
    path = [int(score.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return <<path>>
    ### END SOLUTION''',
        ),
        *reading("columns=<<columns>>, first=<<first>>"),
        Edit(
            "random_hmm(rng, n_steps, 3), reading=told)",
            "random_hmm(rng, n_steps, 3, changing=True), reading=told)",
        ),
        Edit(
            "        model = random_hmm(rng, n_steps, n_states)\n",
            "        model = random_hmm(rng, n_steps, n_states, changing=True)\n",
        ),
        Edit(
            """        for seen in model[2][1:]:
            score = (score[:, None] + model[1]).max(axis=0) + seen
""",
            """        for step, seen in zip(model[1], model[2][1:], strict=True):
            score = (score[:, None] + step).max(axis=0) + seen
""",
        ),
    ),
    steps,
)
