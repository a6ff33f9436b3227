"""Schedules of belief propagation: in which order the messages of a field are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle

import numpy as np

from lib.messages import Message, Wiring, directed_pair, normalised, pass_message
from lib.mrf import PairwiseMRF
from lib.trees import RootedForest, root_forest


def two_pass(mrf: PairwiseMRF, root: int = 0) -> Iterator[Message]:
    """Send every message of a forest once: leaves to root, then root to leaves; 2E in all.

    Raises ValueError if the graph has a cycle (named) or no assignment is possible.
    """
    forest = root_forest(mrf, root)
    sent: dict[int, np.ndarray] = {}
    for message in collect(mrf, forest):
        sent[message.source] = message.log_table
        yield message
    inbox = list(mrf.log_unary)  # own potential and, once it has come, the parent's message
    for node in forest.order:
        children = forest.children[node]
        cavities = exclusive_sums(inbox[node], [sent[child] for child in children])
        for child, cavity in zip(children, cavities, strict=True):
            message = _message(mrf, forest.down[child], cavity)
            inbox[child] = inbox[child] + message.log_table
            yield message


def collect(mrf: PairwiseMRF, forest: RootedForest) -> Iterator[Message]:
    """The first pass: every node but the root tells its parent what its subtree says."""
    inbox = list(mrf.log_unary)  # (K,) each: own potential and the messages of all children
    for node in reversed(forest.order):
        if forest.parent[node] >= 0:
            message = _message(mrf, forest.down[node] ^ 1, inbox[node])
            inbox[message.target] = inbox[message.target] + message.log_table
            yield message


def _message(mrf: PairwiseMRF, index: int, log_cavity: np.ndarray) -> Message:
    table, scale = normalised(pass_message(directed_pair(mrf, index), log_cavity))
    source, target = mrf.edges[index >> 1][:: -1 if index & 1 else 1].tolist()
    return Message(source, target, index, table, float(scale))


def exclusive_sums(own: np.ndarray, messages: Sequence[np.ndarray]) -> np.ndarray:
    """For every message the sum of `own` (K,) and all the others, shape (d, K).

    Running sums from both ends: linear in d, and no subtraction that could meet -inf.
    """
    if len(messages) < 2:
        return np.tile(own, (len(messages), 1))
    before = np.cumsum([own, *messages[:-1]], axis=0)
    after = np.cumsum([np.zeros_like(own), *messages[:0:-1]], axis=0)[::-1]
    return before + after


def one_by_one(
    mrf: PairwiseMRF, order: Sequence[tuple[int, int]] | None = None
) -> Iterator[Message]:
    """Send messages one at a time, for ever, each computed from the latest ones: the formula as is.

    `order` lists (source, target) pairs that are repeated; by default the two messages of every
    edge in turn. Messages that have not been sent yet count as uniform.
    """
    numbers = {(int(j), int(i)): d for d, (j, i) in enumerate(_ends(mrf))}
    unknown = set(order or ()) - set(numbers)
    if unknown:
        raise ValueError(f"no edge for the messages {sorted(unknown)}; the edges are {mrf.edges}")
    tables = dict.fromkeys(numbers.values(), np.zeros(mrf.log_unary.shape[1]))
    for j, i in cycle(order or numbers):
        cavity = mrf.log_unary[j].copy()
        for k in mrf.neighbours(j).tolist():
            if k != i:
                cavity += tables[numbers[k, j]]
        message = _message(mrf, numbers[j, i], cavity)
        tables[message.index] = message.log_table
        yield message


def _ends(mrf: PairwiseMRF) -> np.ndarray:
    """Sender and receiver of every message, shape (2E, 2)."""
    return np.stack([mrf.edges, mrf.edges[:, ::-1]], axis=1).reshape(-1, 2)


def flooding(
    mrf: PairwiseMRF, damping: float = 0.0, combine: np.ufunc = np.logaddexp
) -> Iterator[np.ndarray]:
    """All 2E messages at once, round after round, for ever; yields their logs (2E, K).

    Every new message is (1 - damping) times the computed one plus damping times the old one.
    """
    if not 0 <= damping < 1:
        raise ValueError(f"damping must be in [0, 1), got {damping}")
    wiring = Wiring(mrf)
    messages = uniform_messages(mrf, combine)
    while True:
        new, _ = normalised(wiring.send(wiring.log_cavities(messages), combine), combine)
        if damping:
            new = np.logaddexp(np.log1p(-damping) + new, np.log(damping) + messages)
        messages = new
        yield messages


def uniform_messages(mrf: PairwiseMRF, combine: np.ufunc = np.logaddexp) -> np.ndarray:
    """Normalised messages (2E, K) that prefer nothing; -inf in the padding."""
    sizes = mrf.n_states[mrf.edges[:, ::-1].ravel()][:, None]
    allowed = np.arange(mrf.log_unary.shape[1]) < sizes
    return normalised(np.where(allowed, 0.0, -np.inf), combine)[0]


def flood_until_settled(
    mrf: PairwiseMRF, damping: float, max_iter: int, tol: float, combine: np.ufunc = np.logaddexp
) -> tuple[np.ndarray, int, bool]:
    """Flood until no message changes by more than `tol`: messages, number of rounds, converged."""
    old = uniform_messages(mrf, combine)
    for n_rounds, new in enumerate(flooding(mrf, damping, combine), start=1):
        change = np.max(np.abs(np.exp(new) - np.exp(old)), initial=0.0)
        if change <= tol or n_rounds >= max_iter:
            return new, n_rounds, bool(change <= tol)
        old = new
