"""Checks of chapter 8's homework, task 8, for other grey values, bounds and kinds of columns.

Right answers come from a histogram's own table and from all pairs of models.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import logsumexp

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_conditional import ask
from lib.homework_conditional_tables import Histogram

#: What is asked -> (name of the unit, its size in nats for pictures of d numbers).
UNITS: dict[str, Callable[[int], float]] = {
    "bits per dimension": lambda d: d * math.log(2),
    "bits per picture": lambda d: math.log(2),
    "nats per dimension": lambda d: float(d),
}


def check_dequantised(
    dequantised_bits: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 3,
    levels: int = 5,
    draws: int = 2,
    slope: float = 0.8,
    *,
    start: float = 0.0,
    stop: float = 1.0,
    joined: bool = False,
    unit: str = "bits per dimension",
) -> None:
    """Compare the bound with a histogram's; its grey values lie in [start, stop).

    `joined`: the logarithm of the mean over the draws, which is a tighter bound.
    """
    density = Histogram(rng, d, levels, slope)
    k, u = rng.integers(levels, size=(n, d)), rng.uniform(0.02, 0.98, size=(draws, n, d))
    what = f"{unit} of {n} pictures of {d} numbers, {levels} levels, {draws} draws"
    wide = stop - start

    def box(v: Any) -> np.ndarray:
        v = np.asarray(v, dtype=float)
        assert v.shape[1:] == (d,), f"`log_density`: points of shape (N, {d}), not {v.shape}"
        assert ((v >= start) & (v < stop)).all(), (
            f"what you give to `log_density`: points lie in [{start:g}, {stop:g}), and yours go "
            f"from {v.min():.3g} to {v.max():.3g}: spread (k + u) / levels over that range"
        )
        inside = np.clip((v - start) / wide, 0, 1 - 1e-12)
        return density(inside) - d * math.log(wide)

    given = {"log_density": box, "k": k, "u": u, "levels": levels}
    answer = as_numbers(numbers(ask(dequantised_bits, what, **given)), (), what)
    nats = density.nats(k, u)  # (draws, n)
    right = -_over_draws(nats, joined).mean() / UNITS[unit](d)
    hints = _bound_mistakes(nats, d, levels, wide, unit, joined)
    if not joined and start <= 0 and stop >= 1:
        public = np.mean([box(v) for v in (k + u) / levels]) - d * math.log(levels)
        for name, of in UNITS.items():
            advice = (
                f"the grey values lie in [{start:g}, {stop:g}); (k + u) / levels, here in {name}"
            )
            hints[f"{advice}, does not fill it"] = -public / of(d)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right)}
    compare(answer, right, what, hints=hints, tol=FLOAT32)


def _bound_mistakes(
    nats: np.ndarray, d: int, levels: int, wide: float, unit: str, joined: bool
) -> dict[str, float]:
    """What typical mistakes give for the length of the code, from nats (draws, n)."""
    (draws, n), size = nats.shape, UNITS[unit](d)
    right, width = -_over_draws(nats, joined).mean() / size, d * math.log(levels / wide) / size
    other = (
        "the mean of the logarithms is a looser bound; here take, for each picture, the logarithm "
        "of the mean over the draws"
        if joined
        else "the logarithm of the mean over the draws is another bound; here take the mean of the "
        "logarithms"
    )
    hints = {
        "that is minus the length": -right,
        f"the bins are {wide:g} / levels wide: yours are 1 / levels wide": (
            right + d * math.log(wide) / size
        ),
        "a bin's probability is its density times its width: log P(k) has a term for the width": (
            right - width
        ),
        "a narrow bin makes a probability smaller: the logarithm of its width is added to the "
        "log-density": right - 2 * width,
        "the width counts once for each of the D numbers": right - (1 - 1 / d) * width,
        "average over the pictures, do not sum": right * n,
        "every picture counts, and every draw: yours takes the first draw alone": (
            -nats[0].mean() / size
        ),
        other: -_over_draws(nats, not joined).mean() / size,
        "one mean over the draws for each picture, and then the logarithm; yours averages the "
        "pictures' probabilities, too": -float(logsumexp(nats) - math.log(nats.size)) / size,
        "divide the sum over the draws by their number": right - math.log(draws) / size,
    }
    for name, of in UNITS.items():
        hints[f"that is in {name}; asked are {unit}"] = right * size / of(d)
        loose = -nats.mean() / of(d)
        hints.setdefault(f"that is in {name}, and the looser bound; asked are {unit}", loose)
    return hints


def _over_draws(nats: np.ndarray, joined: bool) -> np.ndarray:
    """Bounds of the pictures, (n,), from log-probabilities of draws, (r, n)."""
    return np.log(np.exp(nats).mean(axis=0)) if joined else nats.mean(axis=0)


@peer
def beaten_by(table: np.ndarray, i: int, good: tuple[int, ...], share: float) -> set[int]:
    """Rows that beat row i: nowhere worse, and better by more than a share of i somewhere.

    Columns in `good` are better when large.
    """
    found = set()
    for j, other in enumerate(table):
        gains = [
            (theirs - mine) * (1 if c % table.shape[1] in good else -1)
            for c, (theirs, mine) in enumerate(zip(other, table[i], strict=True))
        ]
        enough = [gain > share * mine for gain, mine in zip(gains, table[i], strict=True)]
        if min(gains) >= 0 and any(enough):
            found.add(j)
    return found


@peer
def unbeaten(table: np.ndarray, good: tuple[int, ...] = (), share: float = 0.0) -> set[int]:
    """Rows that no other beats."""
    return {i for i in range(len(table)) if not beaten_by(table, i, good, share)}


def random_table(rng: np.random.Generator, n: int, columns: int, share: float) -> np.ndarray:
    """Prices of n models and more: ties in one column, two equal rows, one a bit better."""
    while True:
        table = rng.permuted(np.linspace(2, 9, n)[:, None].repeat(columns, axis=1), axis=0)
        table[0] = table.min(axis=0) - 0.4 + np.append(0, rng.uniform(2, 4, size=columns - 1))
        table[1] = table[0] + np.append(0, np.full(columns - 1, 0.9 if share else 0.3))
        table[2] = table.min(axis=0) - 0.3 + np.append(rng.uniform(2, 4), np.zeros(columns - 1))
        close = [table[0] * (1 + share / 2), table[2] * (1 + 3 * share)] if share else []
        table = rng.permutation(np.concatenate([table, [table[2], *close]])).round(2)
        edge = np.abs((1 - share) * table[:, None] - table) < 1e-6  # better by exactly the share
        if not share or not edge.any():
            return table


def check_frontier(
    frontier: Callable,
    rng: np.random.Generator,
    n: int = 6,
    columns: int = 2,
    *,
    good: int | None = None,
    share: float = 0.0,
) -> None:
    """Compare with all pairs of models.

    `good`: the one column, 0 or -1, that is better when large. `share`: how much better a model
    must be somewhere, as a share of the other's price.
    """
    table = random_table(rng, n, columns, share)
    large = () if good is None else (good % columns,)
    for c in large:
        table[:, c] = (10 * (1.5 - table[:, c] / 9)).round(2)
    what = f"the models of a table of {len(table)} rows and {columns} columns that none beats"
    right, everyone = unbeaten(table, large, share), set(range(len(table)))
    hints = {
        "those are the beaten ones": everyone - right,
        "no model beats itself: to beat, it must be better somewhere": set(),
        "two equal models do not beat each other; both stay": {
            i for i in right if not any((table[i] == table[j]).all() for j in range(i))
        },
        "two equal models do not beat each other": {
            i for i in right if not any((table[i] == table[j]).all() for j in right - {i})
        },
    }
    if large:
        where = "first" if large == (0,) else "last"
        rest = tuple(c for c in range(columns) if c not in large)
        hints[f"small is good, but not in the {where} column"] = unbeaten(table)
        hints[f"large is good in the {where} column alone"] = unbeaten(table, tuple(range(columns)))
        hints[f"small is good in every column but the {where} one"] = unbeaten(table, rest)
    if share:
        hints |= {
            f"a gain up to {share:.0%} is noise and beats nobody": unbeaten(table),
            "the gain is a share of the other's price, not a number": _by_number(table, share),
            "it must be better by so much in one column, not in all": {
                i for i in everyone if not (table < (1 - share) * table[i]).all(axis=1).any()
            },
            "nowhere worse means not by a little either": {
                i for i in everyone
                if not ((table <= (1 + share) * table[i]).all(axis=1)
                        & (table < (1 - share) * table[i]).any(axis=1)).any()
            },
        }  # fmt: skip
    hints = {advice: wrong for advice, wrong in hints.items() if wrong != right}
    compare(ask(frontier, what, table=table), right, what, hints=hints)


def _by_number(table: np.ndarray, share: float) -> set[int]:
    """Who stays if a gain must be larger than the number `share`."""
    return {
        i for i, own in enumerate(table)
        if not ((table <= own).all(axis=1) & (table < own - share).any(axis=1)).any()
    }  # fmt: skip
