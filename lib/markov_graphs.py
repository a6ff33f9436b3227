"""Graphs against distributions: cliques, moral graphs, factor graphs, Hammersley-Clifford."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from itertools import combinations, product

import networkx as nx
import numpy as np

from lib.factors import Factor
from lib.mrf import MRF


def maximal_cliques(graph: nx.Graph) -> list[tuple]:
    """All cliques to which no node can be added, each sorted, in sorted order.

    Bron and Kerbosch's recursion with a pivot: every maximal clique holds the pivot or one of
    its non-neighbours, so only those need to be tried.
    """
    adjacent = {node: set(graph[node]) - {node} for node in graph}

    def grow(clique: list, candidates: set, done: set) -> Iterator[tuple]:
        if not candidates and not done:
            yield tuple(sorted(clique))
            return
        pivot = max(candidates | done, key=lambda node: len(adjacent[node] & candidates))
        for node in candidates - adjacent[pivot]:
            yield from grow([*clique, node], candidates & adjacent[node], done & adjacent[node])
            candidates, done = candidates - {node}, done | {node}

    return sorted(grow([], set(adjacent), set())) if adjacent else []


def moralise(dag: nx.DiGraph) -> nx.Graph:
    """Marry the parents of every node and drop the arrows.

    Each p(x_i | pa_i) then lies inside one clique: the network is an MRF on this graph.
    """
    if not nx.is_directed_acyclic_graph(dag):
        raise ValueError("only a directed acyclic graph can be moralised")
    moral = nx.Graph()
    moral.add_nodes_from(dag)
    for node in dag:
        family = [*dag.predecessors(node), node]
        moral.add_edges_from(combinations(family, 2))
    return moral


def factor_graph(field: MRF) -> nx.Graph:
    """Bipartite graph: variables on one side, "f1", "f2", ... (in order) on the other.

    Node attribute `factor` is the `Factor` of a factor node and None for a variable.
    """
    graph = nx.Graph()
    graph.add_nodes_from(field.variables, factor=None)
    for k, factor in enumerate(field.factors, start=1):
        name = f"f{k}"
        if name in field.n_states:
            raise ValueError(f"a variable is called {name!r}, the name of factor {k}; rename it")
        graph.add_node(name, factor=factor)
        graph.add_edges_from((name, variable) for variable in factor.scope)
    return graph


def separated(graph: nx.Graph, a: Collection, b: Collection, given: Collection = ()) -> bool:
    """Whether every path from `a` to `b` passes through `given`; the three sets are disjoint."""
    a, b, given = set(a), set(b), set(given)
    if unknown := (a | b | given) - set(graph):
        raise ValueError(f"unknown nodes {sorted(unknown)}; the graph has {sorted(graph)}")
    if a & b or a & given or b & given:
        raise ValueError("the three sets of nodes must not overlap")
    reached, frontier = set(a), list(a)
    while frontier:
        new = set(graph[frontier.pop()]) - reached - given
        reached |= new
        frontier += new
    return not reached & b


def conditional_information(
    joint: Factor, a: Collection[str], b: Collection[str], given: Collection[str] = ()
) -> float:
    """I(a; b | given) in nats: zero exactly when a and b are independent given `given`."""

    def entropy(names: Collection[str]) -> float:
        p = joint.sum_out(*(v for v in joint.scope if v not in names)).table
        p = p[p > 0]
        return -float(np.sum(p * np.log(p)))

    a, b, c = set(a), set(b), set(given)
    return entropy(a | c) + entropy(b | c) - entropy(a | b | c) - entropy(c)


def canonical_potentials(joint: Factor) -> dict[tuple[Hashable, ...], Factor]:
    """The potentials of Hammersley and Clifford's proof, one for every subset of names.

    log psi_A(x_A) = sum over B in A of (-1)^|A - B| log p(x_B, 0 elsewhere). Taking the
    difference to state 0 along each axis of A does the alternating sum.
    """
    if np.any(joint.table == 0):
        raise ValueError("canonical potentials need p(x) > 0 everywhere; this p has zeros")
    tables = {(): np.log(joint.table)}
    for axis, name in enumerate(joint.scope):
        zero = {s: np.take(t, [0], axis=axis) for s, t in tables.items()}
        tables = zero | {(*s, name): t - zero[s] for s, t in tables.items()}
    shapes = {s: [joint.n_states[name] for name in s] for s in tables}
    return {s: Factor(s, np.exp(t).reshape(shapes[s])) for s, t in tables.items()}


def statements(nodes: Collection[Hashable]) -> Iterator[tuple[tuple, tuple, tuple]]:
    """Every question "is A independent of B given S?" about disjoint sets, A and B not empty.

    A and B stand for the same question as B and A; only one of the two is listed.
    """
    nodes = sorted(nodes)
    for roles in product("ABS-", repeat=len(nodes)):
        a, b, s = (tuple(n for n, r in zip(nodes, roles, strict=True) if r == k) for k in "ABS")
        if a and b and a < b:
            yield a, b, s


def markov_statements(graph: nx.Graph) -> dict[str, list[tuple[tuple, tuple, tuple]]]:
    """What the pairwise, the local and the global Markov property of `graph` say: (A, B, given)."""
    far = {i: set(graph) - {i} - set(graph[i]) for i in graph}
    return {
        "pairwise": [((i,), (j,), (*set(graph) - {i, j},)) for i in graph for j in far[i] if i < j],
        "local": [((i,), (*far[i],), (*graph[i],)) for i in graph if far[i]],
        "global": [q for q in statements(graph) if separated(graph, *q)],
    }


def all_dags(nodes: Collection[Hashable]) -> Iterator[nx.DiGraph]:
    """Every directed acyclic graph over `nodes`: a pair gets no arrow, one forward or one back."""
    pairs = list(combinations(nodes, 2))
    for arrows in product((0, 1, -1), repeat=len(pairs)):
        dag = nx.empty_graph(nodes, create_using=nx.DiGraph)
        dag.add_edges_from(pair[::a] for pair, a in zip(pairs, arrows, strict=True) if a)
        if nx.is_directed_acyclic_graph(dag):
            yield dag


def random_field(graph: nx.Graph, rng: np.random.Generator, n_states: int = 2) -> MRF:
    """Potentials exp(standard normal) on every maximal clique of `graph`."""
    shapes = {clique: [n_states] * len(clique) for clique in maximal_cliques(graph)}
    return MRF([Factor(c, np.exp(rng.normal(size=shape))) for c, shape in shapes.items()])
