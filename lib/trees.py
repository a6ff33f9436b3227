"""Rooted forests: an order in which every parent comes before its children, or the cycle found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.messages import directed_pair, outgoing
from lib.mrf import PairwiseMRF


@dataclass(frozen=True)
class RootedForest:
    """A depth-first order of a graph without cycles.

    Attributes
    ----------
    order : list of int
        All nodes, each parent before its children.
    parent : list of int
        Parent of every node, -1 for a root.
    down : list of int
        Number of the message from the parent to the node (see `lib.messages`); -1 for a root.
    children : list of list of int
        Children of every node.
    """

    order: list[int]
    parent: list[int]
    down: list[int]
    children: list[list[int]]

    @property
    def roots(self) -> list[int]:
        """One node of every connected component."""
        return [node for node in self.order if self.parent[node] < 0]


def root_forest(mrf: PairwiseMRF, root: int = 0) -> RootedForest:
    """Hang the graph up at `root` (other components at their smallest node), without recursion.

    Raises
    ------
    ValueError
        If `root` is not a node, or the graph has a cycle (the message names it).
    """
    n = mrf.n_nodes
    if not 0 <= root < n:
        raise ValueError(f"root {root} is not a node; the nodes are 0..{n - 1}")
    forest = RootedForest([], [-1] * n, [-1] * n, [[] for _ in range(n)])
    seen = np.zeros(n, dtype=bool)
    for start in (root, *range(n)):
        if not seen[start]:
            _explore(mrf, start, forest, seen)
    return forest


def _explore(mrf: PairwiseMRF, start: int, forest: RootedForest, seen: np.ndarray) -> None:
    """Append the component of `start` to the forest, depth first."""
    stack = [start]
    seen[start] = True
    while stack:
        node = stack.pop()
        forest.order.append(node)
        for near, number in zip(
            mrf.neighbours(node).tolist(), outgoing(mrf, node).tolist(), strict=True
        ):
            if near == forest.parent[node]:
                continue
            if seen[near]:
                _raise_cycle(forest, node, near)
            seen[near] = True
            forest.parent[near], forest.down[near] = node, number
            forest.children[node].append(near)
        stack.extend(reversed(forest.children[node]))


def _raise_cycle(forest: RootedForest, node: int, near: int) -> None:
    """Report the cycle that the edge (node, near) closes: both paths up to where they meet."""
    up, down = _path_to_root(forest, node), _path_to_root(forest, near)
    meet = next(a for a in up if a in set(down))
    cycle = [*up[: up.index(meet) + 1], *reversed(down[: down.index(meet)]), node]
    raise ValueError(
        f"the graph has a cycle: {' - '.join(map(str, cycle))}. Two passes are exact on trees only;"
        ' use schedule="flooding" (approximate) or remove an edge'
    )


def _path_to_root(forest: RootedForest, node: int) -> list[int]:
    path = [node]
    while forest.parent[path[-1]] >= 0:
        path.append(forest.parent[path[-1]])
    return path


def computation_tree(mrf: PairwiseMRF, node: int, rounds: int) -> PairwiseMRF:
    """The tree whose exact root belief is what flooding believes of `node` after some rounds.

    Its nodes are the walks of at most `rounds` edges from `node` that never turn straight back,
    each with a copy of the potentials met on the way; the root is node 0. Source: Weiss (2000).
    """
    walks, edges, tables = [(node, -1)], [], []  # (last node, edge it came by) of each walk
    level = [0]
    for _ in range(rounds):
        level, last = [], level
        for k in last:
            here, came = walks[k]
            for number in outgoing(mrf, here).tolist():
                if number >> 1 != came:
                    edges.append((k, len(walks)))
                    tables.append(directed_pair(mrf, number)[: mrf.n_states[here]])
                    level.append(len(walks))
                    walks.append((int(mrf.edges[number >> 1, 1 - (number & 1)]), number >> 1))
    unary = [mrf.log_unary[i, : mrf.n_states[i]] for i, _ in walks]
    sized = [t[:, : len(unary[b])] for t, (_, b) in zip(tables, edges, strict=True)]
    return PairwiseMRF(unary, edges, sized)
