"""The visible tests of chapter 1's homework, task 5: messages on trees, found by enumeration.

Each `check_...` takes the student's function, draws a random instance, and raises AssertionError
with a message that says which mistake would give the student's answer. A `Form` says how the trees
are written down and what is asked; PLAIN is the form of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, ask_without, book_switched_off, peer, peers_switched_off

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    *("bayes_net", "d_separation", "markov_graphs", "networks", "bif", "factors", "elimination"),
    *("mrf", "messages", "log_tables", "trees", "belief_propagation", "grid_bp", "hmm"),
    *("denoising", "ising", "ising_learning", "gibbs", "graph_cut", "alpha_expansion"),
    "certain_pixels",
)
#: How far answers may be off where float32 must subtract large numbers.
ROUGH = 1e-2
STABLE = "subtract the largest exponent before you take exponentials"


@contextmanager
def book_and_peers_off() -> Iterator[None]:
    """Nothing in here may be answered by the book or by the tests' own solutions."""
    with peers_switched_off(), book_switched_off(ANSWERS):
        yield


def ask(function: Callable, what: str, advice: str = "", **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off.

    With `advice`, an error about shapes, keys or kinds becomes an AssertionError that gives it.
    """
    try:
        with peers_switched_off():
            return ask_without(ANSWERS, function, what, given)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        if not advice:
            raise
        stops = f"your function stops with {type(error).__name__}: {error}"
        raise AssertionError(f"{what}: {stops}; {advice}") from error


@dataclass(frozen=True)
class Tree:
    """A tree model and its messages, as the homework's functions receive them.

    `log_unary[j]` has shape (K_j,), `log_pair[j, i]` (K_j, K_i), `inbox[j, i]` (K_i,).
    """

    log_unary: list[np.ndarray]
    log_pair: dict[tuple[int, int], np.ndarray]
    neighbours: dict[int, list[int]]
    inbox: dict[tuple[int, int], np.ndarray]


@dataclass(frozen=True)
class Form:
    """How a tree is written down and what is asked of it.

    Parameters
    ----------
    largest : bool
        Max-product: the largest term takes the place of the sum.
    receiver_rows : bool
        `log_pair[j, i]` has the receiver's states along its rows, shape (K_i, K_j).
    temperature : float
        If not 0, students receive energies E, the potentials being exp(-E / temperature).
    message : str
        The entries of a message "sum" to one, or the largest ("top") is one; "": any constant.
    belief : str
        What makes a belief unique, as for messages.
    log : bool
        The logarithm of the belief is asked for.
    """

    largest: bool = False
    receiver_rows: bool = False
    temperature: float = 0.0
    message: str = ""
    belief: str = "sum"
    log: bool = False

    def total(self, terms: Any) -> np.ndarray:
        """Log of the sum, or the maximum, over the first axis."""
        return np.max(terms, axis=0) if self.largest else np.logaddexp.reduce(terms, axis=0)

    def shown(self, tree: Tree) -> Tree:
        """A copy of the tree, written down in this form."""
        copy, scale = deepcopy(tree), -self.temperature if self.temperature else 1.0
        return Tree(
            [scale * own for own in copy.log_unary],
            {
                edge: scale * (pair.T if self.receiver_rows else pair)
                for edge, pair in copy.log_pair.items()
            },
            copy.neighbours,
            copy.inbox,
        )


PLAIN = Form()


def scaled(scores: np.ndarray, to: str) -> np.ndarray:
    """Scores plus a constant: their exponentials "sum" to one, or the largest ("top") is one."""
    scores = np.asarray(scores, dtype=float)
    return scores - (np.logaddexp.reduce(scores) if to == "sum" else np.max(scores))


@peer
def random_tree(
    rng: np.random.Generator, n_nodes: int = 5, shift: float = 0.0, form: Form = PLAIN
) -> Tree:
    """Random tree whose log potentials lie near `shift`, every message found by enumeration."""
    n_states = rng.integers(2, 4, size=n_nodes)
    log_unary = [rng.normal(shift, 1.5, size=k) for k in n_states]
    tree = Tree(log_unary, {}, {v: [] for v in range(n_nodes)}, {})
    for v in range(1, n_nodes):
        u = int(rng.integers(v))
        tree.log_pair[u, v] = rng.normal(shift, 1.5, size=(n_states[u], n_states[v]))
        tree.log_pair[v, u] = tree.log_pair[u, v].T
        tree.neighbours[u].append(v)
        tree.neighbours[v].append(u)
    for j, i in tree.log_pair:
        message = _enumerated_message(tree, j, i, form)
        tree.inbox[j, i] = scaled(message, form.message) if form.message else message
    return tree


@peer
def _enumerated_message(tree: Tree, j: int, i: int, form: Form = PLAIN) -> np.ndarray:
    """Log of the sum over all configurations of the nodes behind j, seen from i."""
    behind, stack = {j}, [j]
    while stack:
        new = set(tree.neighbours[stack.pop()]) - behind - {i}
        behind |= new
        stack += new
    nodes = sorted(behind)
    inner = [(u, v) for u, v in tree.log_pair if u < v and {u, v} <= behind]
    scores = []
    for states in product(*(range(len(tree.log_unary[n])) for n in nodes)):
        x = dict(zip(nodes, states, strict=True))
        score = sum(tree.log_unary[n][x[n]] for n in nodes)
        score += sum(tree.log_pair[u, v][x[u], x[v]] for u, v in inner)
        scores.append(score + tree.log_pair[j, i][x[j]])
    return form.total(scores)


def check_messages(
    log_message: Callable,
    rng: np.random.Generator,
    n_nodes: int = 5,
    shift: float = 0.0,
    form: Form = PLAIN,
) -> None:
    """Compare every message of a random tree with enumeration, up to a constant if it is free."""
    tree = random_tree(rng, n_nodes, shift, form)
    fixed = _centred if not form.message else np.asarray
    for j, i in tree.log_pair:
        what = f"the log message from node {j} to node {i}"
        given, advice = form.shown(tree), _ROWS if form.receiver_rows else ""
        nodes = {"j": j, "i": i, "log_unary": given.log_unary, "log_pair": given.log_pair}
        inbox = {"neighbours": given.neighbours, "inbox": given.inbox}
        answer = ask(log_message, what, advice, **nodes, **inbox)
        _assert_unchanged(given, form.shown(tree), what)
        with np.errstate(all="ignore"):
            mistakes = _message_mistakes(tree, j, i, form) + _form_mistakes(tree, j, i, form)
            hints = {advice: fixed(wrong) for advice, wrong in mistakes}
        answer = _finite(answer, tree.inbox[j, i], what)
        if form.message:
            scale = (
                f"scale the message so that its {_SCALES[form.message]}, then take the logarithm"
            )
            hints[scale] = tree.inbox[j, i] + (answer - tree.inbox[j, i])[0]
        compare(fixed(answer), fixed(tree.inbox[j, i]), what, hints=hints, tol=_tolerance(shift))


def _message_mistakes(tree: Tree, j: int, i: int, form: Form) -> list[tuple[str, np.ndarray]]:
    """What typical mistakes in the message from j to i would give."""
    own, pair, total = tree.log_unary[j], tree.log_pair[j, i], form.total
    others = sum((tree.inbox[k, j] for k in tree.neighbours[j] if k != i), np.zeros_like(own))
    terms = (own + others)[:, None] + pair
    echo = f"your message m_{j}{i} still contains m_{i}{j}: leave out the receiver"
    other = (
        ("that is a sum: take the largest term", np.logaddexp.reduce(terms, axis=0))
        if form.largest
        else ("that is the largest term: sum over the sender's states", terms.max(axis=0))
    )
    found = [
        (echo, total(terms + tree.inbox[i, j][:, None])),
        ("the potential of the sender is missing", total(others[:, None] + pair)),
        ("the messages that arrived at the sender are missing", total(own[:, None] + pair)),
        other,
        ("that is a sum of logarithms; take the logarithm of a sum", terms.sum(axis=0)),
    ]
    right = ("return the logarithm of the message", np.exp(total(terms)))
    if form.message:
        found = [(advice, scaled(wrong, form.message)) for advice, wrong in found]
        right = (right[0], np.exp(scaled(total(terms), form.message)))
    return [*found, right]


_ROWS = "the receiver's states are along the rows of log_pair[j, i]: read the task again"
_SCALES = {"sum": "entries sum to one", "top": "largest entry is one"}


def _form_mistakes(tree: Tree, j: int, i: int, form: Form) -> list[tuple[str, np.ndarray]]:
    """What reading the tree in another form would give."""
    own, pair, heat = tree.log_unary[j], tree.log_pair[j, i], form.temperature
    others = sum((tree.inbox[k, j] for k in tree.neighbours[j] if k != i), np.zeros_like(own))

    def sent(own: np.ndarray, pair: np.ndarray) -> np.ndarray:
        message = form.total((own + others)[:, None] + pair)
        return scaled(message, form.message) if form.message else message

    found = []
    if form.receiver_rows and pair.shape[0] == pair.shape[1]:
        found.append((_ROWS, sent(own, pair.T)))
    if heat:
        found += [
            ("those are energies: a potential is exp(-E / T)", sent(-heat * own, -heat * pair)),
            ("divide the energies by the temperature T", sent(heat * own, heat * pair)),
            ("the sign of the energies: exp(-E / T)", sent(-own, -pair)),
            ("divide by the temperature, do not multiply", sent(heat**2 * own, heat**2 * pair)),
        ]
    return found


def check_beliefs(
    belief: Callable,
    rng: np.random.Generator,
    n_nodes: int = 5,
    shift: float = 0.0,
    form: Form = PLAIN,
) -> None:
    """Compare every marginal of a random tree with the normalised product at the node."""
    tree = random_tree(rng, n_nodes, shift, form)
    for i in tree.neighbours:
        what, given = f"the belief of node {i}", form.shown(tree)
        rest = {"neighbours": given.neighbours, "inbox": given.inbox}
        answer = ask(belief, what, i=i, log_unary=given.log_unary, **rest)
        _assert_unchanged(given, form.shown(tree), what)
        with np.errstate(all="ignore"):
            hints = dict(_belief_mistakes(tree, i, form))
        answer = _finite(answer, tree.log_unary[i], what)
        scores = scaled(_arrived(tree, i, tree.log_unary[i]), form.belief)
        right = scores if form.log else np.exp(scores)
        compare(answer, right, what, hints=hints, tol=_tolerance(shift))


def _arrived(tree: Tree, i: int, own: np.ndarray) -> np.ndarray:
    return own + sum(tree.inbox[k, i] for k in tree.neighbours[i])


def _belief_mistakes(tree: Tree, i: int, form: Form) -> list[tuple[str, np.ndarray]]:
    """What typical mistakes in the belief of node i would give."""
    own, to, heat = tree.log_unary[i], form.belief, form.temperature
    arrived = _arrived(tree, i, np.zeros_like(own))
    asked, turned = (np.asarray, np.exp) if form.log else (np.exp, np.asarray)
    mean, other = (own + arrived) / np.sum(own + arrived), "top" if to == "sum" else "sum"
    why = "a marginal sums to one" if not form.largest else f"the {_SCALES[to]}"
    wrong = "return logarithms" if form.log else "return probabilities, not their logarithms"
    normal = f"normalise: {why}"
    found = [
        ("the node's own potential is missing", asked(scaled(arrived, to))),
        ("that is the node's own potential alone: use the messages", asked(scaled(own, to))),
        (wrong, turned(scaled(own + arrived, to))),
        (normal, asked(own + arrived)),
        (f"{normal}; in yours the {_SCALES[other]}", asked(scaled(own + arrived, other))),
        ("these are logarithms divided by their sum: take exponentials first", mean),
    ]
    if form.log:
        found.append((f"{wrong}, scaled: {why}", np.exp(scaled(own + arrived, other))))
    if heat:
        energies = scaled(arrived - heat * own, to)
        found.append(("those are energies: a potential is exp(-E / T)", asked(energies)))
        found.append(("divide the energies by T", asked(scaled(arrived + heat * own, to))))
        found.append(("the sign of the energies: exp(-E / T)", asked(scaled(arrived - own, to))))
    return found


def _tolerance(shift: float) -> float:
    return FLOAT32 if abs(shift) < 100 else ROUGH


def _centred(log_message: np.ndarray) -> np.ndarray:
    """The log message without its arbitrary constant: its largest entry becomes zero."""
    return np.asarray(log_message, dtype=float) - np.max(log_message)


def _finite(answer: object, like: np.ndarray, what: str) -> np.ndarray:
    numbers = as_numbers(answer, like.shape, what, nan=STABLE)
    assert np.isfinite(numbers).all(), f"{what} is not finite: {STABLE}"
    return numbers


def _assert_unchanged(given: Tree, tree: Tree, what: str) -> None:
    """Nothing that the student's function received may have changed."""
    kept = dict(enumerate(tree.log_unary)) | tree.inbox
    for name, now in (dict(enumerate(given.log_unary)) | given.inbox).items():
        named = f"log_unary[{name}]" if isinstance(name, int) else f"inbox[{name[0]}, {name[1]}]"
        same = np.array_equal(now, kept[name])
        assert same, f"{what}: your function changes {named}; copy it before you add with +="
