"""Variable elimination: exact sums over some variables of a product of factors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
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
    log_sizes = {name: log(k) for factor in factors for name, k in factor.n_states.items()}
    near = _interaction_graph(factors)
    costs = {name: _cost(name, near, log_sizes) for name in near.keys() - set(keep)}
    order = []
    while costs:
        name = min(costs, key=costs.__getitem__)
        order.append(name)
        del costs[name]
        for other in _remove(name, near) & costs.keys():
            costs[other] = _cost(other, near, log_sizes)
    return order


def _interaction_graph(factors: Sequence[Factor]) -> Neighbours:
    """Join every two variables that share a factor."""
    near: Neighbours = {name: set() for factor in factors for name in factor.scope}
    for factor in factors:
        for name in factor.scope:
            near[name].update(factor.scope)
    for name, around in near.items():
        around.discard(name)
    return near


def _cost(name: str, near: Neighbours, log_sizes: dict[str, float]) -> tuple[int, float, str]:
    """New pairs that removing `name` would join, log size of its table, name (to break ties)."""
    around = near[name]
    missing = sum(len(around - near[other]) - 1 for other in around) // 2  # -1: other itself
    return missing, sum([log_sizes[other] for other in around]), name


def _remove(name: str, near: Neighbours) -> set[str]:
    """Take `name` out of the graph, join its neighbours, return who may have a new cost."""
    around = near.pop(name)
    joined = any(len(around - near[other]) > 1 for other in around)
    for other in around:
        near[other] |= around
        near[other] -= {other, name}
    return around.union(*(near[other] for other in around)) if joined else around
