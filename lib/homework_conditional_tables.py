"""The visible tests of chapter 8's homework, task 8: bits that can be compared, tables read.

Right answers come from a histogram's own table and from all pairs of models.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_conditional import ask


class Histogram:
    """A density on [0, 1) for each of d numbers: `levels` bins, in each of them a slope."""

    def __init__(self, rng: np.random.Generator, d: int, levels: int, slope: float):
        self.levels = levels
        self.table = rng.dirichlet(np.full(levels, 2.0), size=d) + 0.02
        self.table /= self.table.sum(axis=1, keepdims=True)
        self.slopes = rng.uniform(-slope, slope, size=(d, levels))

    def __call__(self, v: Any) -> np.ndarray:
        """log p(v), (n,) in nats, of points v (n, d) in [0, 1)."""
        v, d = np.asarray(v, dtype=float), len(self.table)
        what = "what you give to `log_density`"
        assert v.ndim == 2, f"{what}: points of shape (N, {d}), not {v.shape}"
        assert v.shape[1] == d, f"{what}: points of shape (N, {d}), not {v.shape}"
        inside = (v >= 0).all() and (v < 1).all()
        assert inside, (
            f"{what}: points lie in [0, 1), and yours go from {v.min():.3g} to {v.max():.3g}: "
            "x = (k + u) / levels"
        )
        bins = np.minimum((v * self.levels).astype(int), self.levels - 1)
        at = np.arange(d), bins
        within = 1 + self.slopes[at] * (2 * (v * self.levels - bins) - 1)
        return np.log(self.table[at] * self.levels * within).sum(axis=1)

    @peer
    def nats(self, k: np.ndarray, u: np.ndarray) -> np.ndarray:
        """log p((k + u) / levels) - d log levels, (r, n), straight from the table."""
        at = np.arange(len(self.table)), k
        return np.log(self.table[at] * (1 + self.slopes[at] * (2 * u - 1))).sum(axis=2)


def check_dequantised(
    dequantised_bits: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 3,
    levels: int = 5,
    draws: int = 2,
    slope: float = 0.8,
) -> None:
    """Compare bits per dimension with those of a histogram; without a slope they are exact."""
    density = Histogram(rng, d, levels, slope)
    k, u = rng.integers(levels, size=(n, d)), rng.uniform(0.02, 0.98, size=(draws, n, d))
    what = f"bits of {n} pictures of {d} numbers, {levels} levels, {draws} draws"

    def box(v: Any) -> np.ndarray:
        return density(v)

    given = {"log_density": box, "k": k, "u": u, "levels": levels}
    answer = as_numbers(numbers(ask(dequantised_bits, what, **given)), (), what)
    nats = density.nats(k, u)  # (draws, n)
    unit = d * math.log(2)
    right, wide = -nats.mean() / unit, d * math.log(levels)
    hints = {
        "that is minus the bits": -right,
        "the bins have the width 1 / levels: log P(k) is log p(x) - D log levels": (
            -(nats.mean() + wide) / unit
        ),
        "a narrow bin makes a probability smaller: minus D log levels": (
            -(nats.mean() + 2 * wide) / unit
        ),
        "the width counts once for each of the D numbers": (
            -(nats.mean() + wide - math.log(levels)) / unit
        ),
        "that is in nats; divide by ln 2": right * math.log(2),
        "that is bits per picture; divide by D": right * d,
        "average over pictures and draws, do not sum over the pictures": right * n,
        "average over pictures and draws, do not sum over the draws": right * draws,
        "the logarithm of the mean over the draws is a tighter bound; here take the mean of the "
        "logarithms": -np.log(np.exp(nats).mean(axis=0)).mean() / unit,
        "every picture counts, and every draw: yours takes the first draw alone": (
            -nats[0].mean() / unit
        ),
        "where is u? A density at single points says nothing of the bin": (
            -density.nats(k, 0 * u).mean() / unit
        ),
        "u is random, not the middle of the bin": -density.nats(k, 0 * u + 0.5).mean() / unit,
    }
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right)}
    compare(answer, right, what, hints=hints, tol=FLOAT32)


@peer
def undominated(rows: np.ndarray, strict: bool = False) -> set[int]:
    """Rows (n, m) that no other beats: nowhere worse, somewhere better (`strict`: everywhere)."""
    found = set()
    for i, own in enumerate(rows):
        beats = (
            (rows < own).all(axis=1)
            if strict
            else ((rows <= own).all(axis=1) & (rows < own).any(axis=1))
        )
        if not beats.any():
            found.add(i)
    return found


def check_frontier(
    frontier: Callable, rng: np.random.Generator, n: int = 6, columns: int = 2
) -> None:
    """Compare with all pairs of models; there are ties in one column, and two equal models."""
    table = rng.permuted(np.linspace(1, 9, n)[:, None].repeat(columns, axis=1), axis=0).round(1)
    best = table.min(axis=0) - 0.5
    table[0] = best + np.append(0, rng.uniform(2, 4, size=columns - 1)).round(1)
    table[1] = table[0] + np.append(0, np.full(columns - 1, 0.3))  # as cheap, but worse
    table[2] = best + np.append(rng.uniform(2, 4), np.zeros(columns - 1)).round(1)
    table = np.concatenate([table, table[[2]]])
    table = rng.permutation(table)
    what = f"the models of a table of {len(table)} rows and {columns} columns that none beats"
    right, ranks = undominated(table), table.argsort(axis=0)[0]
    everyone = set(range(len(table)))
    hints = {
        "a model that is as good in one column and worse in another is beaten": (
            undominated(table, strict=True)
        ),
        "those are the beaten ones": everyone - right,
        "small numbers are good": undominated(-table),
        "that keeps the best of each column; others may stay between them": {int(k) for k in ranks},
        "one sum of columns in different units decides nothing": {int(table.sum(axis=1).argmin())},
        "no model beats itself: to beat, it must be better somewhere": set(),
        "two equal models do not beat each other": {
            i for i in right if not any((table[i] == table[j]).all() for j in right - {i})
        },
        "two equal models do not beat each other; both stay": {
            i for i in right if not any((table[i] == table[j]).all() for j in range(i))
        },
        "to be beaten, one other model must be nowhere worse; yours asks several": {
            i for i in everyone if not (table < table[i]).any(axis=0).all()
        },
    }
    hints = {advice: wrong for advice, wrong in hints.items() if wrong != right}
    compare(ask(frontier, what, table=table), right, what, hints=hints)
