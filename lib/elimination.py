"""Variable elimination: exact sums over some variables of a product of factors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import combinations
from math import log
from operator import mul

from lib.factors import Factor

Neighbours = dict[str, set[str]]


def eliminate(factors: Iterable[Factor], keep: Sequence[str]) -> Factor:
    """The product of `factors` summed over every variable except `keep`, axes in that order.

    Sums are pushed inside the product: one variable at a time, only the factors that mention it
    are multiplied. The largest table on the way decides the cost, so the order matters.
    """
    factors = list(factors)
    for name in elimination_order(factors, keep):
        touching = [factor for factor in factors if name in factor.scope]
        factors = [factor for factor in factors if name not in factor.scope]
        factors.append(product(touching).sum_out(name))
    return product(factors).reorder(*keep)


def product(factors: Iterable[Factor]) -> Factor:
    """Pointwise product, smallest tables first; of no factors, the constant one."""
    return reduce(mul, sorted(factors, key=lambda factor: factor.table.size), Factor((), 1.0))


def elimination_order(factors: Iterable[Factor], keep: Iterable[str]) -> list[str]:
    """Greedy min-fill: next comes the variable whose removal joins the fewest new pairs.

    Ties go to the smaller table. Only the variables near the removed one are costed again.
    """
    factors = list(factors)
    sizes = {name: k for factor in factors for name, k in factor.n_states.items()}
    near = _interaction_graph(factors)
    costs = {name: _cost(name, near, sizes) for name in near if name not in set(keep)}
    order = []
    while costs:
        name = min(costs, key=costs.__getitem__)
        order.append(name)
        del costs[name]
        for other in _remove(name, near) & costs.keys():
            costs[other] = _cost(other, near, sizes)
    return order


def _interaction_graph(factors: Sequence[Factor]) -> Neighbours:
    """Join every two variables that share a factor."""
    near: Neighbours = {name: set() for factor in factors for name in factor.scope}
    for factor in factors:
        for name in factor.scope:
            near[name].update(other for other in factor.scope if other != name)
    return near


def _cost(name: str, near: Neighbours, sizes: dict[str, int]) -> tuple[int, float]:
    """New pairs that removing `name` would join, and the log size of the table it needs."""
    around = near[name]
    missing = sum(v not in near[u] for u, v in combinations(around, 2))
    return missing, sum(log(sizes[other]) for other in around)


def _remove(name: str, near: Neighbours) -> set[str]:
    """Take `name` out of the graph, join its neighbours, return who may have a new cost."""
    around = near.pop(name)
    for u in around:
        near[u] |= around - {u}
        near[u].discard(name)
    return around.union(*(near[u] for u in around))
