"""Checks of chapter 8's homework, task 4, for other games with a condition.

Right answers come from the best D of each cell, put into the game, and from SciPy's entropies.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import xlogy
from scipy.stats import entropy

from lib.homework_asking import peer
from lib.homework_conditional import ask, compare_values, random_joints, value_for


@peer
def least_squares(p: np.ndarray, q: np.ndarray, labels: tuple[float, float]) -> float:
    """The least sum of p (D - a)^2 + q (D - b)^2 over tables, D chosen for every cell alone."""
    a, b = labels
    both = np.where(p + q > 0, p + q, 1)
    best = (a * p + b * q) / both
    return float((p * (best - a) ** 2 + q * (best - b) ** 2).sum())


@peer
def weighed(p: np.ndarray, q: np.ndarray, share: float) -> float:
    """The value where a share of the batch are data: entropy of the mix, less those of the parts.

    share E_p[log D] + (1 - share) E_q[log(1 - D)] for the best D.
    """
    mix = entropy((share * p + (1 - share) * q).ravel())
    parts = share * entropy(p.ravel()) + (1 - share) * entropy(q.ravel())
    return float(mix - parts - entropy([share, 1 - share]))


@peer
def mixed_with_strangers(p: np.ndarray, q: np.ndarray, share: float) -> np.ndarray:
    """What D must refuse: samples, and a share of true pictures beside a class drawn afresh."""
    of_y, of_x = p.sum(axis=1), p.sum(axis=0)
    return (1 - share) * q + share * np.outer(of_y, of_x)


def check_values(
    game_values: Callable,
    rng: np.random.Generator,
    classes: int = 2,
    k: int = 3,
    kind: str = "any",
    *,
    labels: tuple[float, float] = (),
    data: float = 0.5,
    strangers: float = 0.0,
) -> None:
    """Compare the values of two games: D sees x and y, D sees x alone.

    `labels`, of data and of samples, make it the game of least squares. Otherwise `data` is the
    share of data in a batch, or `strangers` the share of true pictures with a class of their own
    among what D must refuse.
    """
    p, q = random_joints(rng, classes, k, kind)
    what = f"the game on {classes} classes and {k} pictures"
    answer = ask(game_values, what, p=p, q=q)
    tables = (p, q), (p.sum(axis=0), q.sum(axis=0))
    if labels:
        right = tuple(least_squares(a, b, labels) for a, b in tables)
        mistakes = [_squares_mistakes(a, b, labels) for a, b in tables]
    elif strangers:
        refused = mixed_with_strangers(p, q, strangers)
        right = value_for(p, refused), value_for(tables[1][0], refused.sum(axis=0))
        mistakes = _strangers_mistakes(p, q, strangers)
    else:
        right = tuple(weighed(a, b, data) for a, b in tables)
        mistakes = [_weighed_mistakes(a, b, data) for a, b in tables]
    compare_values(answer, right, mistakes, what)


def _squares_mistakes(p: Any, q: Any, labels: tuple[float, float]) -> dict[str, float]:
    a, b = labels
    right, gap = least_squares(p, q, labels), (a - b) ** 2
    return {
        "D pays squares in this game, not logarithms: find its best answer anew": value_for(p, q),
        "the labels are exchanged": least_squares(p, q, (b, a)),
        f"D's labels are {a:g} for data and {b:g} for samples, not 1 and 0": right / gap,
        "the two expectations; do not halve their sum": right / 2,
        "the sign is wrong: squares cost something": -right,
        "that is what data cost alone; samples cost, too": float(
            (p * ((a - b) * q / np.where(p + q > 0, p + q, 1)) ** 2).sum()
        ),
        "a D that gives every pair the middle of the labels is not the best one": gap / 2,
        "the best D(x, y) is no root and no logarithm of the tables": float(
            np.sqrt(p * q).sum() * gap / 2
        ),
    }


def _weighed_mistakes(p: Any, q: Any, share: float) -> dict[str, float]:
    ratio = share * p / np.where(p + q > 0, share * p + (1 - share) * q, 1)
    equal = p / np.where(p + q > 0, p + q, 1)

    def value(d: np.ndarray, data: float, samples: float) -> float:
        return float((data * xlogy(p, d) + samples * xlogy(q, 1 - d)).sum())

    with np.errstate(all="ignore"):
        found = {
            f"data are {share:g} of a batch and samples {1 - share:g}; yours is a game of equal "
            "halves, counted twice": value_for(p, q),
            "that is a game of equal halves": value_for(p, q) / 2,
            "the shares of the batch are exchanged": weighed(p, q, 1 - share),
            "D knows the shares, too: its best answer changes with them": (
                value(equal, share, 1 - share)
            ),
            "D is the best one, but the expectations lack their shares": value(ratio, 1, 1),
            "the sign is wrong: V is never above 0": -weighed(p, q, share),
            "natural logarithms, not bits": weighed(p, q, share) / math.log(2),
        }
    return {advice: v for advice, v in found.items() if np.isfinite(v)}


def _strangers_mistakes(p: Any, q: Any, share: float) -> list[dict[str, float]]:
    of_y, of_x = p.sum(axis=1), p.sum(axis=0)
    pairs = {
        "D must refuse true pictures with a strange class as well; yours knows samples only": q,
        "a strange class is drawn from p(y), whatever the picture": (
            (1 - share) * q + share * np.tile(of_x / len(of_y), (len(of_y), 1))
        ),
        "a stranger is a true picture, of p(x), not a sample": (
            (1 - share) * q + share * np.outer(of_y, q.sum(axis=0))
        ),
        f"strangers are {share:g} of what D must refuse, samples {1 - share:g}": (
            share * q + (1 - share) * np.outer(of_y, of_x)
        ),
        "yours takes strangers for p(x, y) itself; their class is drawn afresh": (
            (1 - share) * q + share * p
        ),
    }
    found: list[dict[str, float]] = [{}, {}]
    for advice, table in pairs.items():
        found[0][advice] = value_for(p, table)
        found[1][advice] = value_for(of_x, table.sum(axis=0))
    found[1]["a D that is not told y does see the strangers' pictures"] = value_for(
        of_x, q.sum(axis=0)
    )
    return found
