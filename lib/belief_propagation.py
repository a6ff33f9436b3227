"""Belief propagation on pairwise fields: exact on trees in two passes, approximate on loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.messages import Wiring, directed_pair, normalised
from lib.mrf import PairwiseMRF
from lib.schedules import collect, flood_until_settled, two_pass
from lib.trees import RootedForest, root_forest


@dataclass(frozen=True)
class Beliefs:
    """What belief propagation says about a field.

    Attributes
    ----------
    node : list of arrays (K_i,)
        p(x_i), each summing to one.
    pair : list of arrays (K_i, K_j)
        p(x_i, x_j) of every row of `mrf.edges`.
    log_z : float
        Log of the partition function in nats: exact on a tree, Bethe's approximation on loops.
    n_messages : int
        Number of messages sent.
    converged : bool
        Whether the last round changed no message by more than the tolerance.
    """

    node: list[np.ndarray]
    pair: list[np.ndarray]
    log_z: float
    n_messages: int
    converged: bool


def sum_product(
    mrf: PairwiseMRF,
    schedule: str = "two-pass",
    *,
    root: int = 0,
    damping: float = 0.0,
    max_iter: int = 1000,
    tol: float = 1e-12,
) -> Beliefs:
    """Marginals of all nodes and edges, and log Z.

    Parameters
    ----------
    schedule : {"two-pass", "flooding"}
        "two-pass" sends 2E messages and is exact; it refuses a graph with a cycle. "flooding"
        sends all 2E messages in every round until they settle: exact on a tree after as many
        rounds as its diameter, approximate ("loopy") otherwise.
    root : int
        Where two passes meet; it changes the order of the messages and nothing else.
    damping, max_iter, tol
        For flooding: the weight of the old message, the largest number of rounds, and the largest
        change of a probability that counts as settled.

    Raises
    ------
    ValueError
        For an unknown schedule, a cycle under "two-pass", or Z = 0.
    """
    if schedule == "two-pass":
        messages = np.empty((2 * mrf.n_edges, mrf.log_unary.shape[1]))
        for message in two_pass(mrf, root):
            messages[message.index] = message.log_table
        return _beliefs(mrf, messages, len(messages), True)
    if schedule == "flooding":
        messages, n_rounds, converged = flood_until_settled(mrf, damping, max_iter, tol)
        return _beliefs(mrf, messages, n_rounds * len(messages), converged)
    raise ValueError(f'schedule must be "two-pass" or "flooding", got {schedule!r}')


def _beliefs(mrf: PairwiseMRF, messages: np.ndarray, n_messages: int, converged: bool) -> Beliefs:
    """Marginals from messages, and log Z = sum_ij log Z_ij + sum_i (1 - d_i) log Z_i."""
    wiring = Wiring(mrf)
    log_node, log_z_node = normalised(wiring.log_beliefs(messages))
    cavity, width = wiring.log_cavities(messages), mrf.log_unary.shape[1]
    log_pair = cavity[0::2, :, None] + mrf.log_pair + cavity[1::2, None, :]  # (E, K, K)
    flat, log_z_pair = normalised(log_pair.reshape(mrf.n_edges, width * width))
    degree = np.bincount(mrf.edges.ravel(), minlength=mrf.n_nodes)
    log_z = float(log_z_pair.sum() + (1 - degree) @ log_z_node)
    node, pair = np.exp(log_node), np.exp(flat).reshape(log_pair.shape)
    k = mrf.n_states.tolist()
    nodes = [p[:m] for p, m in zip(node, k, strict=True)]
    pairs = [p[: k[i], : k[j]] for p, (i, j) in zip(pair, mrf.edges.tolist(), strict=True)]
    return Beliefs(nodes, pairs, log_z, n_messages, converged)


def log_partition(mrf: PairwiseMRF, root: int = 0) -> float:
    """log Z of a forest from one pass towards `root`, which may be any node.

    Every divisor taken out on the way is put back: log Z is their sum plus what the
    root adds up.
    """
    forest = root_forest(mrf, root)
    inbox, log_z = mrf.log_unary.copy(), 0.0
    for message in collect(mrf, forest):
        inbox[message.target] += message.log_table
        log_z += message.log_scale
    return log_z + float(np.sum(normalised(inbox[forest.roots])[1]))


def max_product(
    mrf: PairwiseMRF,
    schedule: str = "two-pass",
    *,
    damping: float = 0.0,
    max_iter: int = 1000,
    tol: float = 1e-12,
) -> tuple[np.ndarray, float]:
    """The most probable assignment x (n,) and its log potential, -E(x): nats, before dividing by Z.

    "two-pass" is exact on forests: it remembers, for every state of a parent, the best state of
    the child (back-pointers), so that ties end in one assignment that is really a maximum. It
    refuses a graph with a cycle, or Z = 0 (ValueError). "flooding" takes the best state of every
    node's own belief: a guess on loops, and wrong even on trees when there are ties.
    """
    if schedule == "two-pass":
        return _decode(mrf, root_forest(mrf))
    if schedule == "flooding":
        messages, _, _ = flood_until_settled(mrf, damping, max_iter, tol, np.maximum)
        x = Wiring(mrf).log_beliefs(messages).argmax(axis=1)
        return x, -float(mrf.energy(x))
    raise ValueError(f'schedule must be "two-pass" or "flooding", got {schedule!r}')


def _decode(mrf: PairwiseMRF, forest: RootedForest) -> tuple[np.ndarray, float]:
    """Maxima from the leaves to the roots, then back along the pointers."""
    best = mrf.log_unary.copy()  # (n, K) best log value of each subtree, given the node's state
    pointer = np.zeros(best.shape, dtype=int)  # best state of a node, given its parent's state
    for node in reversed(forest.order):
        if forest.parent[node] >= 0:
            scores = directed_pair(mrf, forest.down[node]) + best[node]  # (K_parent, K_node)
            pointer[node] = scores.argmax(axis=1)
            best[forest.parent[node]] += scores.max(axis=1)
    log_value = float(best[forest.roots].max(axis=1).sum())
    if log_value == -np.inf:
        raise ValueError("no assignment has a positive probability (Z = 0): nothing to maximise")
    x = best.argmax(axis=1)  # right at the roots, replaced everywhere else
    for node in forest.order:
        if forest.parent[node] >= 0:
            x[node] = pointer[node, x[forest.parent[node]]]
    return x, log_value
