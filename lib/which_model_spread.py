"""Several starts of the last comparison: the file that the benchmark writes, and what it proves.

`python -m tests.benchmarks.bench_which_model` writes `data/which_model.csv`: for every budget of
training seconds, start and model a line with all facts. One training says what a model can do;
only several say whether it does so again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from math import comb
from pathlib import Path

import numpy as np

from lib.datasets.shipped import DATA

FILE = DATA / "which_model.csv"
KEYS = "budget", "seed", "model"
Row = Mapping[str, float | str]


def write(rows: Iterable[Row], path: Path | None = None) -> None:
    """Write rows of one set of columns, to the book's file; numbers with six digits."""
    rows = list(rows)
    with (path or FILE).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        sheet.writeheader()
        for row in rows:
            sheet.writerow({k: v if isinstance(v, str) else f"{v:.6g}" for k, v in row.items()})


def read(path: Path | None = None) -> list[dict[str, float | str]]:
    """All rows, of the book's file; everything but the name of the model is a number."""
    with (path or FILE).open(encoding="utf-8", newline="") as file:
        return [
            {k: v if k == "model" else float(v) for k, v in r.items()} for r in csv.DictReader(file)
        ]


def budgets(rows: Iterable[Row]) -> list[float]:
    """The budgets of training seconds, from the smallest to the largest."""
    return sorted({row["budget"] for row in rows})


def column(rows: Iterable[Row], budget: float, model: str, fact: str) -> np.ndarray:
    """One fact of one model at one budget, by starts in their order, (starts,)."""
    chosen = [r for r in rows if r["budget"] == budget and r["model"] == model]
    if not chosen:
        raise ValueError(f"no row for a budget of {budget} seconds and the model {model!r}")
    return np.array([row[fact] for row in sorted(chosen, key=lambda row: row["seed"])])


def average(rows: Iterable[Row], budget: float) -> dict[str, dict[str, float]]:
    """Every model's facts at a budget, averaged over the starts."""
    rows = list(rows)
    names = list(dict.fromkeys(row["model"] for row in rows if row["budget"] == budget))
    facts = [k for k in rows[0] if k not in KEYS]
    return {n: {f: float(column(rows, budget, n, f).mean()) for f in facts} for n in names}


def wins(rows: Iterable[Row], budget: float, a: str, b: str, fact: str) -> tuple[int, int]:
    """In how many starts model a has less of a fact than model b, and of how many starts."""
    rows = list(rows)
    less = column(rows, budget, a, fact) < column(rows, budget, b, fact)
    return int(less.sum()), len(less)


def by_chance(won: int, starts: int) -> float:
    """Probability that equal models differ as clearly: so many wins of either, or more.

    The sign test, both sides: each start is a fair coin.
    """
    if not 0 <= won <= starts or starts < 1:
        raise ValueError(f"wins lie in 0..starts with one start or more, got {won} of {starts}")
    clear = max(won, starts - won)
    tail = sum(comb(starts, k) for k in range(clear, starts + 1)) / 2**starts
    return min(1.0, 2 * tail)
