"""Helpers of the tests of chapter 1's homework, tasks 1, 3 and 4: graphs with arrows."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

Arrows = Mapping[Hashable, tuple]


def children_of(parents: Arrows) -> dict[Hashable, tuple]:
    """The same graph as a map from each node to the tuple of its children."""
    return {n: tuple(c for c in parents if n in parents[c]) for n in parents}


def without_arrows_into(parents: Arrows, nodes: Collection[Hashable]) -> dict[Hashable, tuple]:
    """The graph after somebody has set these nodes: their parents have no say any more."""
    return {n: () if n in nodes else tuple(its) for n, its in parents.items()}
