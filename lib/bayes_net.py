"""Discrete Bayesian networks: tables on a directed graph, sampling and exact posteriors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral

import networkx as nx
import numpy as np

from lib.d_separation import (
    active_edges,
    active_paths,
    ancestors,
    d_separated,
    markov_blanket,
    reachable,
    require_acyclic,
)
from lib.elimination import eliminate, product
from lib.factors import Factor

__all__ = [
    "BayesNet", "active_edges", "active_paths", "d_separated", "markov_blanket", "reachable",
]  # fmt: skip

MAX_JOINT = 2**26  # entries of the largest joint table we agree to build (512 MB)
State = int | str


class BayesNet:
    """A distribution p(x) = prod_i p(x_i | pa_i) over discrete variables.

    Variables are added parents first, so the graph can never have a cycle:

        net = BayesNet()
        net.add("rain", ["no", "yes"], [0.8, 0.2])
        net.add("grass", ["dry", "wet"], [[0.9, 0.1], [0.2, 0.8]], parents=["rain"])

    A state is given by its number or by its name.
    """

    def __init__(self):
        self.graph = nx.DiGraph()
        self._states: dict[str, tuple[str, ...]] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._cpts: dict[str, np.ndarray] = {}
        self._factors: dict[str, Factor] = {}

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, tuple[int | Sequence[str], np.ndarray, Sequence[str]]]
    ) -> BayesNet:
        """Build from {name: (states, cpt, parents)} in any order of the names.

        Raises ValueError for a parent that is not in `tables` and for a cycle.
        """
        graph = nx.DiGraph()
        graph.add_nodes_from(tables)
        for name, (_, _, parents) in tables.items():
            for parent in parents:
                if parent not in tables:
                    raise ValueError(f"variable {name!r}: its parent {parent!r} is not declared")
                graph.add_edge(parent, name)
        require_acyclic(graph)
        net, position = cls(), {name: k for k, name in enumerate(tables)}
        for name in nx.lexicographical_topological_sort(graph, key=position.__getitem__):
            net.add(name, *tables[name])
        return net

    def add(
        self, name: str, states: int | Sequence[str], cpt: np.ndarray, parents: Sequence[str] = ()
    ) -> BayesNet:
        """Add a variable with its table p(name | parents); returns the network itself.

        `states` is a number of states or their names; `cpt` has shape (K_pa1, ..., K_pam, K) and
        each of its rows (the last axis) sums to one. Raises ValueError otherwise.
        """
        states, parents = _state_names(name, states), tuple(parents)
        if name in self._states:
            raise ValueError(f"variable {name!r} is already in the network; names are unique")
        for parent in parents:
            if parent not in self._states:
                raise ValueError(
                    f"variable {name!r}: parent {parent!r} is missing; add parents first"
                )
        shape = (*(len(self._states[parent]) for parent in parents), len(states))
        self._cpts[name] = _checked_cpt(name, np.array(cpt, dtype=float), shape)
        self._cpts[name].flags.writeable = False  # factors() hands out views of it
        self._states[name], self._parents[name] = states, parents
        self._factors[name] = Factor((*parents, name), self._cpts[name])
        self.graph.add_node(name)
        self.graph.add_edges_from((parent, name) for parent in parents)
        return self

    @property
    def nodes(self) -> tuple[str, ...]:
        """All variables, every parent before its children."""
        return tuple(self._states)

    @property
    def n_parameters(self) -> int:
        """Free numbers in all tables: a row of K probabilities has K - 1."""
        return sum(cpt.size - cpt.size // cpt.shape[-1] for cpt in self._cpts.values())

    def states(self, name: str) -> tuple[str, ...]:
        """Names of the states of a variable."""
        return self._states[self._known(name)]

    def parents(self, name: str) -> tuple[str, ...]:
        """Parents of a variable, in the order of the axes of its table."""
        return self._parents[self._known(name)]

    def children(self, name: str) -> tuple[str, ...]:
        """Children of a variable, in the order in which they were added."""
        return tuple(self.graph.successors(self._known(name)))

    def cpt(self, name: str) -> np.ndarray:
        """A copy of the table p(name | parents), shape (K_pa1, ..., K_pam, K)."""
        return self._cpts[self._known(name)].copy()

    def factors(self) -> list[Factor]:
        """One factor a variable: p(x_i | pa_i) over (*parents, name)."""
        return list(self._factors.values())

    def joint(self) -> Factor:
        """The table of all joint probabilities, one axis a variable in the order of `nodes`."""
        size = float(np.prod([float(len(states)) for states in self._states.values()]))
        if size > MAX_JOINT:
            raise ValueError(
                f"the joint table would have {size:.3g} entries; ask for posterior(...) instead"
            )
        return product(self.factors()).reorder(*self.nodes)

    def log_prob(self, assignment: Mapping[str, State | np.ndarray]) -> np.ndarray:
        """Natural log of p(x) for one state a variable, or for arrays (n,) of state numbers."""
        if missing := [name for name in self.nodes if name not in assignment]:
            raise ValueError(f"log_prob needs a state for every variable; {missing} is missing")
        index = {name: self.state_index(name, x) for name, x in assignment.items()}
        with np.errstate(divide="ignore"):  # log 0 = -inf is the right answer here
            return sum(
                np.log(cpt[tuple(index[v] for v in (*self._parents[name], name))])
                for name, cpt in self._cpts.items()
            )

    def sample(self, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Ancestral sampling: parents first, then each child from its row.

        Returns an integer array (n,) of state numbers for every variable.
        """
        x: dict[str, np.ndarray] = {}
        for name in self.nodes:
            rows = self._cpts[name][tuple(x[parent] for parent in self._parents[name])]
            cdf = np.cumsum(np.broadcast_to(rows, (n, rows.shape[-1])), axis=1)  # (n, K)
            x[name] = (cdf[:, :-1] <= rng.random((n, 1))).sum(axis=1)
        return x

    def posterior(
        self,
        query: str | Sequence[str],
        evidence: Mapping[str, State] | None = None,
        method: str = "elimination",
    ) -> Factor:
        """p(query | evidence), exactly: a factor with one axis a query variable.

        `method` is "elimination" or "enumeration" (of the whole joint table).
        """
        query = (query,) if isinstance(query, str) else tuple(query)
        evidence = self._checked_evidence(query, evidence or {})
        unnormalised = self._sum_to(query, evidence, method)
        if unnormalised.table.sum() == 0:
            raise ValueError(f"the evidence {evidence} has probability zero")
        return unnormalised.normalise()

    def probability(self, evidence: Mapping[str, State], method: str = "elimination") -> float:
        """The probability of observing `evidence`, all other variables summed out."""
        return float(self._sum_to((), self._checked_evidence((), evidence), method).table)

    def marginals(self, evidence: Mapping[str, State] | None = None) -> dict[str, np.ndarray]:
        """p(x_i | evidence) of every variable, shape (K_i,); observed ones put all on one state."""
        observed = self._checked_evidence((), evidence or {})
        return {
            name: np.eye(len(self._states[name]))[observed[name]]
            if name in observed
            else self.posterior(name, observed).table
            for name in self.nodes
        }

    def state_index(self, name: str, state: State | np.ndarray) -> int | np.ndarray:
        """Number of a state given by name or number; arrays of numbers are checked and kept."""
        states = self.states(name)
        if isinstance(state, str):
            if state not in states:
                raise ValueError(f"variable {name!r} has no state {state!r}; it has {states}")
            return states.index(state)
        if np.any((np.asarray(state) < 0) | (np.asarray(state) >= len(states))):
            raise ValueError(f"state {state} of {name!r} is out of range 0..{len(states) - 1}")
        return state

    def _sum_to(self, query: Sequence[str], evidence: dict[str, int], method: str) -> Factor:
        """Joint of the query and the evidence as a factor over the query."""
        if method == "enumeration":
            return (
                product([self.joint().reduce(evidence)])
                .sum_out(
                    *(name for name in self.nodes if name not in evidence and name not in query)
                )
                .reorder(*query)
            )
        if method != "elimination":
            raise ValueError(f"method is 'elimination' or 'enumeration', not {method!r}")
        # Tables of non-ancestors sum to one: leaving them out changes nothing and saves time.
        needed = ancestors(self.graph, {*query, *evidence})
        factors = [f.reduce(evidence) for name, f in self._factors.items() if name in needed]
        return eliminate(factors, query)

    def _checked_evidence(
        self, query: Iterable[str], evidence: Mapping[str, State]
    ) -> dict[str, int]:
        query = tuple(query)
        for name in query:
            self._known(name)
            if name in evidence:
                raise ValueError(f"variable {name!r} is in the query and in the evidence")
        if len(set(query)) < len(query):
            raise ValueError(f"the query {query} repeats a variable; name each one once")
        return {name: int(self.state_index(name, state)) for name, state in evidence.items()}

    def _known(self, name: str) -> str:
        if name not in self._states:
            known = ", ".join(list(self._states)[:12])
            raise ValueError(f"the network has no variable {name!r}; it has {known}")
        return name


def _state_names(name: str, states: int | Sequence[str]) -> tuple[str, ...]:
    names = tuple(map(str, range(states) if isinstance(states, Integral) else states))
    if not names:
        raise ValueError(f"variable {name!r} has no states; give it at least one")
    if len(set(names)) < len(names):
        raise ValueError(f"variable {name!r} repeats a state in {names}; states are unique")
    return names


def _checked_cpt(name: str, cpt: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if cpt.shape != shape:
        raise ValueError(
            f"variable {name!r}: its table has shape {cpt.shape} and needs {shape} "
            "(one axis a parent, its own states last)"
        )
    if not np.all(np.isfinite(cpt)) or np.any(cpt < 0):
        raise ValueError(
            f"variable {name!r}: its table has an entry that is negative or not finite"
        )
    off = np.abs(cpt.sum(axis=-1) - 1) > 1e-8
    if np.any(off):
        row = tuple(int(k) for k in np.argwhere(off)[0])
        raise ValueError(
            f"variable {name!r}: row {row} of its table sums to {cpt[row].sum():.6g}; "
            "each row must sum to one"
        )
    return cpt
