"""Task 5 of the homework on graphical models: messages and beliefs on a tree."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 5 | messages and beliefs on a tree, in the log domain |"
HEADING = "## Task 5: messages in the log domain (7 points)"
SUM_MESSAGE = (
    r"$$m_{ji}(x_i) = \sum_{x_j} \psi_{ij}(x_i, x_j)\, \psi_j(x_j) "
    r"\prod_{k \in N(j) \setminus i} m_{kj}(x_j)$$ (eq-hw-message)"
)
STABLE = """A product over many nodes underflows, so you work with logarithms. Products become sums. The sum
over $x_j$ becomes $\\log \\sum_{x_j} \\exp(\\cdot)$, and it must be computed stably: subtract the
largest exponent first and add it again afterwards."""
BELIEF = (
    "- `belief(i, log_unary, neighbours, inbox)` returns $b_i$ itself, not its logarithm, shape $(K_i,)$,\n"
    "  summing to one."
)
PAIR = (
    r"$\log \psi_{ij}$ with $x_j$ along the rows and $x_i$ along the columns, shape $(K_j, K_i)$, and the"
    "\ndictionary has every edge in both directions;"
)
FREE = "You may add a constant to a log message: it cancels when the belief is normalised."
INBOX = "included. "
TREES = "The tests use random trees. Their nodes have different numbers of states, and the messages in the"
MESSAGE_START = '''def log_message(j, i, {0}, {1}, neighbours, inbox):
    """{2}"""
    ### BEGIN SOLUTION
    scores = {3}  # (K_j,)
    for k in neighbours[j]:
        if k != i:
            scores += inbox[k, j]
'''


def form(name: str, words: str) -> tuple[Edit, ...]:
    """Edits of the three tests: the form of the tree and of what is asked."""
    imports = "    from lib.homework_graphical import {0}\n\n    rng = np.random.default_rng([SEED, {1}])\n"
    edits = []
    for check, seed in [("check_messages", 6), ("check_messages", 7), ("check_beliefs", 8)]:
        old = imports.format(check, seed)
        new = old.replace(check, f"Form, {check}" if check > "C" else check)
        edits.append(Edit(old, f"{new}    {name} = Form({words})\n"))
    for call in (
        "check_messages(log_message, rng)\n",
        "check_messages(log_message, rng, n_nodes=6, shift=shift)\n",
        "check_beliefs(belief, rng)\n",
        "check_beliefs(belief, rng, n_nodes=6, shift=shift)\n",
    ):
        edits.append(Edit(call, call.replace(")\n", f", form={name})\n")))
    return tuple(edits)


def scales(rng: np.random.Generator) -> Values:
    """How a message is made unique."""
    return [
        {
            "scale": "sum",
            "by": "entries sum to one",
            "code": "log_m - top - np.log(np.exp(log_m - top).sum())",
        },
        {"scale": "top", "by": "largest entry is one", "code": "log_m - top"},
    ][rng.integers(2)]


NORMALISED = Twist(
    5,
    "normalised messages, the receiver along the rows, logarithms of beliefs",
    (
        Edit(ROW, "| 5 | normalised messages and beliefs on a tree, in the log domain |"),
        Edit(
            BELIEF,
            r"""- `belief(i, log_unary, neighbours, inbox)` returns $\log b_i$ (natural logarithm), shape $(K_i,)$; the
  entries of $b_i$ itself sum to one.""",
        ),
        Edit(
            PAIR,
            r"""$\log \psi_{ij}$ with $x_i$, the receiver, along the rows and $x_j$ along the columns, shape
$(K_i, K_j)$, and the dictionary has every edge in both directions;""",
        ),
        Edit(
            FREE,
            """Long chains need messages of a moderate size,
so scale each message such that its <<by>>, before you take the logarithm. The
messages in the inbox are scaled like this too.""",
        ),
        Cell(
            "message",
            MESSAGE_START.format(
                "log_unary",
                "log_pair",
                "Log of the message from j to i, shape (K_i,); the message's <<by>>.",
                "log_unary[j].copy()",
            )
            + """    terms = log_pair[j, i] + scores  # (K_i, K_j): the scores lie along the rows
    top = terms.max(axis=1)
    log_m = top + np.log(np.exp(terms - top[:, None]).sum(axis=1))
    top = log_m.max()
    return <<code>>
    ### END SOLUTION""",
        ),
        Cell(
            "belief",
            '''def belief(i, log_unary, neighbours, inbox):
    """Log of the marginal of node i, shape (K_i,)."""
    ### BEGIN SOLUTION
    scores = log_unary[i] + sum(inbox[k, i] for k in neighbours[i])  # (K_i,)
    top = scores.max()
    return scores - top - np.log(np.exp(scores - top).sum())
    ### END SOLUTION''',
        ),
        Edit(
            "inbox come from enumeration: the sum over every configuration of the nodes behind the sender.",
            "inbox come from enumeration: the sum over every configuration of the nodes behind the sender,\nscaled as above.",
        ),
        *form("scaled", 'receiver_rows=True, message="<<scale>>", log=True'),
    ),
    scales,
)


def tops(rng: np.random.Generator) -> Values:
    """Whether the max-marginals or their logarithms are asked for."""
    return [
        {
            "log": True,
            "returns": r"$\log b_i$, shape $(K_i,)$; its largest entry is zero",
            "doc": "Log of the max-marginal of node i, shape (K_i,), its largest entry zero.",
            "code": "scores - scores.max()",
        },
        {
            "log": False,
            "returns": r"$b_i$ itself, not its logarithm, shape $(K_i,)$; its largest entry is one",
            "doc": "Max-marginal of node i, shape (K_i,), its largest entry one.",
            "code": "np.exp(scores - scores.max())",
        },
    ][rng.integers(2)]


LARGEST = Twist(
    5,
    "max-product",
    (
        Edit(ROW, "| 5 | max-product messages and beliefs on a tree, in the log domain |"),
        Cell(
            HEADING,
            HEADING
            + r"""

A pairwise model on a tree has potentials $\psi_i(x_i)$ on its nodes and $\psi_{ij}(x_i, x_j)$ on
its edges. Which configuration of all nodes is the most probable one? **Max-product** finds it with
messages in which a maximum takes the place of the sum. The message from node $j$ to its neighbour $i$ is

$$m_{ji}(x_i) = \max_{x_j} \psi_{ij}(x_i, x_j)\, \psi_j(x_j) \prod_{k \in N(j) \setminus i} m_{kj}(x_j)$$ (eq-hw-message)

It is the best score that the part of the tree behind $j$ can reach, for each value of $x_i$. The product
leaves out the receiver $i$. The belief of node $i$, its max-marginal, multiplies all messages that
arrive:

$$b_i(x_i) \propto \psi_i(x_i) \prod_{j \in N(i)} m_{ji}(x_i)$$ (eq-hw-belief)

It is proportional to the probability of the best configuration in which node $i$ has the value $x_i$, so
its factor is chosen such that the largest entry is one: the most probable configuration of all has it.

A product over many nodes underflows, so you work with logarithms. Products become sums, and a
maximum stays a maximum. Nothing in between may leave the log domain.

Write two functions.

- `log_message(j, i, log_unary, log_pair, neighbours, inbox)` returns $\log m_{ji}$, shape $(K_i,)$.
- `belief(i, log_unary, neighbours, inbox)` returns <<returns>>.

The arguments: `log_unary[j]` is $\log \psi_j$, shape $(K_j,)$; `log_pair[j, i]` is
$\log \psi_{ij}$ with $x_j$ along the rows and $x_i$ along the columns, shape $(K_j, K_i)$, and the
dictionary has every edge in both directions; `neighbours[j]` is a list of nodes; `inbox[k, j]` is
$\log m_{kj}$, shape $(K_j,)$. The inbox holds the messages of **all** neighbours of $j$, that of $i$
included. You may add a constant to a log message: it cancels when the belief is scaled.""",
        ),
        Cell(
            "message",
            MESSAGE_START.format(
                "log_unary",
                "log_pair",
                "Log of the max-product message from j to i, shape (K_i,).",
                "log_unary[j].copy()",
            )
            + """    return (scores[:, None] + log_pair[j, i]).max(axis=0)  # (K_j, K_i): the best x_j
    ### END SOLUTION""",
        ),
        Cell(
            "belief",
            '''def belief(i, log_unary, neighbours, inbox):
    """<<doc>>"""
    ### BEGIN SOLUTION
    scores = log_unary[i] + sum(inbox[k, i] for k in neighbours[i])  # (K_i,)
    return <<code>>
    ### END SOLUTION''',
        ),
        Edit(
            "inbox come from enumeration: the sum over every configuration of the nodes behind the sender.",
            "inbox come from enumeration: the best of all configurations of the nodes behind the sender.",
        ),
        *form("best", 'largest=True, belief="top", log=<<log>>'),
    ),
    tops,
)

ENERGIES = Twist(
    5,
    "energies at a temperature",
    (
        Edit(ROW, "| 5 | messages and beliefs at a temperature, in the log domain |"),
        Edit(
            r"""A pairwise model on a tree has potentials $\psi_i(x_i)$ on its nodes and $\psi_{ij}(x_i, x_j)$ on
its edges.""",
            r"""A pairwise model on a tree is often given by energies: $E_i(x_i)$ on its nodes and $E_{ij}(x_i, x_j)$
on its edges. At the temperature $T$ its potentials are $\psi_i(x_i) = \exp(-E_i(x_i) / T)$ and
$\psi_{ij}(x_i, x_j) = \exp(-E_{ij}(x_i, x_j) / T)$. Here $T = <<T>>$.""",
        ),
        Edit(
            "- `log_message(j, i, log_unary, log_pair, neighbours, inbox)` returns",
            "- `log_message(j, i, unary, pair, neighbours, inbox)` returns",
        ),
        Edit(BELIEF, BELIEF.replace("i, log_unary,", "i, unary,")),
        Edit(
            r"The arguments: `log_unary[j]` is $\log \psi_j$, shape $(K_j,)$; `log_pair[j, i]` is"
            "\n" + PAIR,
            r"""The arguments: `unary[j]` is the energy $E_j$, shape $(K_j,)$; `pair[j, i]` is the energy
$E_{ij}$ with $x_j$ along the rows and $x_i$ along the columns, shape $(K_j, K_i)$, and the
dictionary has every edge in both directions;""",
        ),
        Cell(
            "message",
            MESSAGE_START.format(
                "unary",
                "pair",
                "Log of the message from j to i at the temperature <<T>>, shape (K_i,).",
                "-unary[j] / <<T>>",
            )
            + """    terms = scores[:, None] - pair[j, i] / <<T>>  # (K_j, K_i)
    top = terms.max(axis=0)
    return top + np.log(np.exp(terms - top).sum(axis=0))
    ### END SOLUTION""",
        ),
        Cell(
            "belief",
            '''def belief(i, unary, neighbours, inbox):
    """Marginal of node i at the temperature <<T>>, shape (K_i,)."""
    ### BEGIN SOLUTION
    scores = -unary[i] / <<T>> + sum(inbox[k, i] for k in neighbours[i])  # (K_i,)
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()
    ### END SOLUTION''',
        ),
        Edit(
            "# Hidden: log potentials near -2000 and +2000; their exponentials are 0 and infinity.",
            "# Hidden: log potentials -E / T near -2000 and +2000; their exponentials are 0 and infinity.",
        ),
        Edit(
            "# Visible: trees as above. Hidden: log potentials near -2000.",
            "# Visible: trees as above. Hidden: log potentials -E / T near -2000.",
        ),
        *form("hot", "temperature=<<T>>"),
    ),
    lambda rng: {"T": float(rng.choice([0.25, 0.4, 0.5, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0]))},
)
