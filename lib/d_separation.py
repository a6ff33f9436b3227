"""Reading independences off a directed graph: d-separation, active paths, Markov blankets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import networkx as nx

Node = Hashable


def ancestors(graph: nx.DiGraph, nodes: Iterable[Node]) -> set[Node]:
    """`nodes` and everything from which an arrow path leads to one of them."""
    found, todo = set(), list(nodes)
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo.extend(graph.predecessors(node))
    return found


def reachable(graph: nx.DiGraph, sources: Iterable[Node], given: Iterable[Node]) -> set[Node]:
    """Unobserved nodes joined to `sources` by a path that is active under `given`.

    Each pair (node, direction of travel) is visited at most once, so the cost is
    linear in nodes and arrows. Koller and Friedman (2009), Algorithm 3.1.
    """
    given = set(given)
    opened = ancestors(graph, given)  # head-to-head nodes that let a path through
    visited, todo = set(), [(node, "up") for node in sources]
    while todo:
        node, direction = todo.pop()
        if (node, direction) in visited:
            continue
        visited.add((node, direction))
        if node not in given:  # tail-to-tail, or head-to-tail
            todo += [(child, "down") for child in graph.successors(node)]
        passes = node not in given if direction == "up" else node in opened
        if passes:  # head-to-tail, or an opened head-to-head
            todo += [(parent, "up") for parent in graph.predecessors(node)]
    return {node for node, _ in visited} - given


def d_separated(
    graph: nx.DiGraph,
    a: Node | Iterable[Node],
    b: Node | Iterable[Node],
    given: Node | Iterable[Node] = (),
) -> bool:
    """Whether observing `given` blocks every path between `a` and `b`.

    Each argument is one node or a collection of nodes; the three sets must not overlap.
    """
    a, b, given = _checked_sets(graph, a, b, given)
    return not reachable(graph, a, given) & b


def active_paths(
    graph: nx.DiGraph,
    a: Node | Iterable[Node],
    b: Node | Iterable[Node],
    given: Node | Iterable[Node] = (),
) -> Iterator[list[Node]]:
    """Every active path from `a` to `b`, as a list of nodes that repeats none.

    Follows the definition path by path, so the cost can be exponential: for drawing small graphs.
    """
    a, b, given = _checked_sets(graph, a, b, given)
    opened = ancestors(graph, given)
    todo = [[node] for node in a]
    while todo:
        path = todo.pop()
        if path[-1] in b:
            yield path
        for node in nx.all_neighbors(graph, path[-1]):
            if node not in path and not _blocked(graph, [*path[-2:], node], given, opened):
                todo.append([*path, node])


def active_edges(
    graph: nx.DiGraph,
    a: Node | Iterable[Node],
    b: Node | Iterable[Node],
    given: Node | Iterable[Node] = (),
) -> set[tuple[Node, Node]]:
    """The arrows that lie on an active path from `a` to `b`."""
    steps = {step for path in active_paths(graph, a, b, given) for step in nx.utils.pairwise(path)}
    return {(u, v) for u, v in graph.edges if (u, v) in steps or (v, u) in steps}


def markov_blanket(graph: nx.DiGraph, node: Node) -> set[Node]:
    """Parents, children and the children's other parents of `node`."""
    _require_node(graph, node)
    children = set(graph.successors(node))
    co_parents = {parent for child in children for parent in graph.predecessors(child)}
    return (set(graph.predecessors(node)) | children | co_parents) - {node}


def require_acyclic(graph: nx.DiGraph) -> None:
    """Raise ValueError that spells out a cycle, if there is one."""
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [u for u, _ in nx.find_cycle(graph)]
        arrows = " -> ".join(str(node) for node in [*cycle, cycle[0]])
        raise ValueError(f"the graph has the cycle {arrows}; turn or remove one of these arrows")


def _blocked(graph: nx.DiGraph, triple: list[Node], given: set[Node], opened: set[Node]) -> bool:
    """Whether the middle node of x, y, z stops a path (two nodes have no middle, so never)."""
    if len(triple) < 3:
        return False
    x, y, z = triple
    if graph.has_edge(x, y) and graph.has_edge(z, y):  # head-to-head
        return y not in opened
    return y in given


def _checked_sets(graph: nx.DiGraph, *groups: Node | Iterable[Node]) -> list[set[Node]]:
    """The three arguments of a query as sets of nodes that exist and do not overlap."""
    require_acyclic(graph)
    sets = [_as_set(graph, group) for group in groups]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if shared := sets[i] & sets[j]:
            raise ValueError(
                f"{sorted(map(str, shared))} appears twice in the query; "
                "a, b and given must not overlap"
            )
    return sets


def _as_set(graph: nx.DiGraph, group: Node | Iterable[Node]) -> set[Node]:
    if isinstance(group, str) or (isinstance(group, Hashable) and group in graph):
        group = [group]
    if not isinstance(group, Iterable):
        group = [group]
    nodes = set(group)
    for node in nodes:
        _require_node(graph, node)
    return nodes


def _require_node(graph: nx.DiGraph, node: Node) -> None:
    if node not in graph:
        known = ", ".join(str(name) for name in list(graph)[:12])
        raise ValueError(f"the graph has no node {node!r}; it has {known}")
