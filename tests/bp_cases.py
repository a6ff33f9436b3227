"""Random fields and independent answers for the tests of belief propagation."""

from __future__ import annotations

import networkx as nx
import numpy as np
from scipy.special import logsumexp

from lib import belief_propagation as bp
from lib.mrf import PairwiseMRF


def random_field(
    edges: list, rng: np.random.Generator, *, arities=(1, 2, 3, 4), n=None, zeros=0.0
) -> PairwiseMRF:
    """Random potentials; `zeros` is the share of forbidden entries, state 0 always allowed."""
    edges = np.array(edges, dtype=int).reshape(-1, 2)
    n = int(edges.max()) + 1 if n is None else n
    sizes = rng.choice(arities, size=n)
    unary = [_with_zeros(rng.normal(size=k), zeros, rng) for k in sizes]
    pair = [_with_zeros(rng.normal(size=(sizes[i], sizes[j])), zeros, rng) for i, j in edges]
    return PairwiseMRF(unary, edges, pair)


def _with_zeros(logs: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    forbidden = rng.random(logs.shape) < share
    forbidden.flat[0] = False
    return np.where(forbidden, -np.inf, 2.0 * logs)


def random_tree(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Edges of a random tree, with shuffled names and directions."""
    names = rng.permutation(n)
    edges = [(names[k], names[rng.integers(k)]) for k in range(1, n)]
    return [(i, j) if rng.random() < 0.5 else (j, i) for i, j in edges]


def random_forest(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A random tree with about a third of its edges taken out."""
    return [edge for edge in random_tree(n, rng) if rng.random() < 0.67]


def diameter(mrf: PairwiseMRF) -> int:
    """Largest number of edges between two nodes of one component."""
    parts = (mrf.graph.subgraph(c) for c in nx.connected_components(mrf.graph))
    return max(nx.diameter(part) for part in parts)


def pairs_by_enumeration(mrf: PairwiseMRF) -> list[np.ndarray]:
    """p(x_i, x_j) of every edge, summed over all assignments."""
    table = mrf.log_table()
    joint = np.exp(table - logsumexp(table))
    out = []
    for i, j in mrf.edges.tolist():
        pair = joint.sum(axis=tuple(a for a in range(mrf.n_nodes) if a not in (i, j)))
        out.append(pair if i < j else pair.T)
    return out


def assert_exact(mrf: PairwiseMRF, beliefs: bp.Beliefs, atol: float = 1e-10) -> None:
    """Node marginals, pair marginals and log Z are those of the enumerated joint."""
    assert abs(beliefs.log_z - mrf.log_z_by_enumeration()) < atol
    for got, want in zip(beliefs.node, mrf.marginals_by_enumeration(), strict=True):
        np.testing.assert_allclose(got, want, atol=atol)
    for got, want in zip(beliefs.pair, pairs_by_enumeration(mrf), strict=True):
        np.testing.assert_allclose(got, want, atol=atol)
    assert len(beliefs.node) == mrf.n_nodes
    assert len(beliefs.pair) == mrf.n_edges


def clamp_first(mrf: PairwiseMRF, rng: np.random.Generator) -> PairwiseMRF:
    """Evidence on one node, in a state that is possible."""
    node = int(rng.integers(mrf.n_nodes))
    possible = np.flatnonzero(mrf.marginals_by_enumeration()[node] > 0)
    return mrf.with_evidence({node: int(rng.choice(possible))})
