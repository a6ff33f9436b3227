"""Markov random fields: products of potentials over cliques, their graphs and exact enumeration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import combinations
from math import prod

import networkx as nx
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp

from lib.factors import Factor
from lib.log_tables import check_edges, logs, pad_pair, pad_unary

MAX_TABLE = 2**24  # entries; a larger joint table is refused before it fills the memory


class MRF:
    """p(x) = (1/Z) prod_c psi_c(x_c) for any list of factors; everything by enumeration.

    Parameters
    ----------
    factors : sequence of Factor
        Potentials: non-negative tables that need not sum to anything in particular.

    Raises
    ------
    ValueError
        If there is no factor, or two factors disagree about the states of a variable.
        (`Factor` itself refuses negative entries.)
    """

    def __init__(self, factors: Sequence[Factor]):
        self.factors = tuple(factors)
        if not self.factors:
            raise ValueError("an MRF needs at least one factor")
        self.n_states: dict[str, int] = {}
        for factor in self.factors:
            for name, states in factor.n_states.items():
                if self.n_states.setdefault(name, states) != states:
                    raise ValueError(
                        f"variable {name!r} has {states} states in the factor over {factor.scope} "
                        f"and {self.n_states[name]} in an earlier one"
                    )

    @property
    def variables(self) -> tuple[str, ...]:
        """Names in order of first appearance; the axes of `log_table`."""
        return tuple(self.n_states)

    @property
    def graph(self) -> nx.Graph:
        """The Markov network: an edge wherever two variables share a factor."""
        graph = nx.Graph()
        graph.add_nodes_from(self.variables)
        for factor in self.factors:
            graph.add_edges_from(combinations(factor.scope, 2))
        return graph

    def log_table(self) -> np.ndarray:
        """Sum of log potentials for every assignment, shape (K_1, ..., K_n); zeros give -inf."""
        sizes = tuple(self.n_states.values())
        _refuse_large(sizes)
        total = np.zeros(sizes)
        for factor in self.factors:
            with np.errstate(divide="ignore"):
                total += np.log(factor._aligned(self.variables))
        return total

    def energy(self, assignment: Mapping[str, int]) -> float:
        """E(x) = -sum_c log psi_c(x_c) of one complete assignment; +inf where a potential is 0."""
        missing = [name for name in self.variables if name not in assignment]
        if missing:
            raise ValueError(f"the assignment lacks {missing}; give a state to every variable")
        with np.errstate(divide="ignore"):
            return -float(sum(np.log(f.reduce(assignment).table) for f in self.factors))

    def log_z(self) -> float:
        """Log of the partition function Z = sum_x prod_c psi_c(x_c), over all prod K_i terms."""
        return float(logsumexp(self.log_table()))

    def joint(self) -> Factor:
        """The normalised joint distribution as one factor over `variables`."""
        return Factor(self.variables, _normalised(self.log_table()))

    def marginal(self, *names: str) -> Factor:
        """p(names), axes in the order asked for."""
        joint = self.joint()
        joint._axes(names)  # refuses unknown names
        return joint.sum_out(*(v for v in self.variables if v not in names)).reorder(*names)

    def conditional(self, name: str, neighbours: Mapping[str, int]) -> np.ndarray:
        """p(name | its neighbours), shape (K,): only factors that touch `name`, and no Z.

        Other names are ignored; a missing neighbour is a ValueError.
        """
        if name not in self.n_states:
            raise ValueError(f"unknown variable {name!r}; known: {self.variables}")
        given = {n: s for n, s in neighbours.items() if n != name}
        product = np.ones(self.n_states[name])
        for factor in self.factors:
            if name in factor.scope:
                missing = set(factor.scope) - {name} - set(given)
                if missing:
                    raise ValueError(f"p({name} | ...) needs a state for {sorted(missing)}")
                product *= factor.reduce(given).table
        return Factor((name,), product).normalise().table


class PairwiseMRF:
    """p(x) = (1/Z) prod_i psi_i(x_i) prod_(i,j) psi_ij(x_i, x_j), held as log potentials.

    Parameters
    ----------
    log_unary : sequence of n arrays (K_i,), or one array (n, K)
        log psi_i; zeros for a node without preference, -inf for a forbidden state.
    edges : int array (E, 2)
        Unordered pairs of nodes 0..n-1.
    log_pair : sequence of E arrays (K_i, K_j), or ONE array (K, K) shared by all edges
        log psi_ij; axis 0 belongs to edges[e, 0], axis 1 to edges[e, 1].

    Attributes
    ----------
    n_states : int array (n,)
        K_i. With K = max K_i:
    log_unary : array (n, K)
        Padded with -inf beyond K_i, so that a padded state has probability zero.
    log_pair : array (E, K, K)
        Padded in the same way; a read-only view of one table when it is shared.

    Raises
    ------
    ValueError
        For NaN or +inf, a wrong shape, a node out of range, a self loop or a repeated edge.
    """

    def __init__(self, log_unary: Sequence, edges: Sequence, log_pair: Sequence | np.ndarray):
        self.log_unary, self.n_states = pad_unary(log_unary)
        self.n_nodes = len(self.n_states)
        self.edges = check_edges(edges, self.n_nodes)
        self.log_pair = pad_pair(log_pair, self.edges, self.n_states)
        ends = self.edges.ravel()
        order = np.argsort(ends, kind="stable")  # one linear adjacency: edges grouped by end point
        self._start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=self.n_nodes))])
        self._incident = order // 2
        self._neighbours = self.edges[:, ::-1].ravel()[order]

    @classmethod
    def from_potentials(cls, unary: Sequence, edges: Sequence, pair: Sequence) -> PairwiseMRF:
        """The same from potentials psi >= 0 instead of their logarithms."""
        return cls(logs(unary, "unary"), edges, logs(pair, "pair"))

    @property
    def n_edges(self) -> int:
        """Number of edges E."""
        return len(self.edges)

    @property
    def graph(self) -> nx.Graph:
        """The Markov network over the nodes 0..n-1."""
        graph = nx.empty_graph(self.n_nodes)
        graph.add_edges_from(self.edges.tolist())
        return graph

    def neighbours(self, i: int) -> np.ndarray:
        """Nodes joined to node i, in the order of `incident(i)`."""
        return self._neighbours[self._start[i] : self._start[i + 1]]

    def incident(self, i: int) -> np.ndarray:
        """Rows of `edges` that touch node i."""
        return self._incident[self._start[i] : self._start[i + 1]]

    def n_components(self) -> int:
        """Number of connected components."""
        ones, shape = np.ones(self.n_edges), (self.n_nodes, self.n_nodes)
        return int(connected_components(coo_array((ones, self.edges.T), shape), directed=False)[0])

    def is_forest(self) -> bool:
        """Whether the graph has no cycle."""
        return self.n_edges == self.n_nodes - self.n_components()

    def is_tree(self) -> bool:
        """Whether the graph is connected and has no cycle."""
        return self.n_edges == self.n_nodes - 1 and self.n_components() == 1

    def energy(self, x: np.ndarray) -> np.ndarray:
        """E(x) = -(sum of log potentials) for states x of shape (..., n); returns shape (...)."""
        x = np.asarray(x)
        if x.dtype.kind not in "iu" or x.shape[-1:] != (self.n_nodes,):
            raise ValueError(
                f"x must be integers with {self.n_nodes} nodes in the last axis, "
                f"got {x.dtype} of shape {x.shape}"
            )
        if (outside := (x < 0) | (x >= self.n_states)).any():
            node = int(np.argwhere(outside)[0][-1])
            raise ValueError(f"node {node} has states 0..{self.n_states[node] - 1}; x leaves them")
        i, j = self.edges.T
        unary = self.log_unary[np.arange(self.n_nodes), x].sum(axis=-1)
        pair = self.log_pair[np.arange(self.n_edges), x[..., i], x[..., j]].sum(axis=-1)
        return -(unary + pair)

    def with_evidence(self, observed: Mapping[int, int]) -> PairwiseMRF:
        """The same field with some nodes clamped: every other state of theirs gets log psi = -inf.

        Its normalised marginals are p(x_i | observed); its Z is the sum over what is left.
        """
        log_unary = self.log_unary.copy()
        for node, state in observed.items():
            if not 0 <= node < self.n_nodes or not 0 <= state < self.n_states[node]:
                raise ValueError(f"evidence {{{node}: {state}}} names an unknown node or state")
            log_unary[node] = -np.inf
            log_unary[node, state] = self.log_unary[node, state]
        clamped = copy(self)
        clamped.log_unary = log_unary
        return clamped

    def to_mrf(self) -> MRF:
        """The same field as an `MRF` over variables named "x0", "x1", ..."""
        k = self.n_states
        names = [f"x{i}" for i in range(self.n_nodes)]
        unary = [
            Factor((names[i],), np.exp(self.log_unary[i, : k[i]])) for i in range(self.n_nodes)
        ]
        pair = [
            Factor((names[i], names[j]), np.exp(table[: k[i], : k[j]]))
            for (i, j), table in zip(self.edges, self.log_pair, strict=True)
        ]
        return MRF(unary + pair)

    def log_table(self) -> np.ndarray:
        """Sum of log potentials for every assignment, shape (K_1, ..., K_n)."""
        _refuse_large(self.n_states)
        total = np.zeros(self.n_states)
        for i, k in enumerate(self.n_states):
            total += self.log_unary[i, :k].reshape([-1 if a == i else 1 for a in range(total.ndim)])
        for (i, j), table in zip(self.edges, self.log_pair, strict=True):
            table = table[: self.n_states[i], : self.n_states[j]]
            table = table if i < j else table.T
            total += table.reshape([s if a in (i, j) else 1 for a, s in enumerate(total.shape)])
        return total

    def log_z_by_enumeration(self) -> float:
        """log Z summed over all prod K_i assignments: for checking, exponential in n."""
        return float(logsumexp(self.log_table()))

    def marginals_by_enumeration(self) -> list[np.ndarray]:
        """p(x_i) of every node, arrays (K_i,), summed over all assignments."""
        joint = _normalised(self.log_table())
        axes = range(self.n_nodes)
        return [joint.sum(axis=tuple(a for a in axes if a != i)) for i in axes]


def _refuse_large(sizes: Sequence[int]) -> None:
    terms = prod(int(k) for k in sizes)
    if terms > MAX_TABLE:
        raise ValueError(
            f"enumeration needs {terms:.3g} terms for {len(sizes)} variables, more than "
            f"{MAX_TABLE:.3g}; use belief propagation or sampling"
        )


def _normalised(log_table: np.ndarray) -> np.ndarray:
    log_z = logsumexp(log_table)
    if log_z == -np.inf:
        raise ValueError("every assignment has a zero potential: Z = 0, no distribution")
    return np.exp(log_table - log_z)
