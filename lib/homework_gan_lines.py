"""The visible tests of chapter 7's homework, task 5b: linear critics whose weights are limited.

Right answers come from a linear program and from eigenvectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import linprog

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, peer
from lib.homework_gan import AGAIN, ask


@peer
def best_lines(
    real: np.ndarray, fake: np.ndarray, c: float, kind: str = "box", length: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the best linear critics: by a linear program, and by an eigenvector.

    `kind` "box": weights within [-c, c], and of length 1. "sum": low for data, with sizes that add
    up to c at most, and of this `length`. "fisher": weights within [0, c], and of scores whose
    variance, the mean of that within data and that within samples, is 1.
    """
    gap = real.mean(axis=0) - fake.mean(axis=0)
    if kind == "sum":
        gap, d = -gap, len(gap)
        pair = linprog(np.append(-gap, gap), A_ub=np.ones((1, 2 * d)), b_ub=[c]).x
        return pair[:d] - pair[d:], length * _along(gap, np.eye(d))
    if kind == "fisher":
        limited = linprog(-gap, bounds=[(0, c)] * len(gap)).x
        return limited, _along(gap, within(real, fake))
    return linprog(-gap, bounds=[(-c, c)] * len(gap)).x, _along(gap, np.eye(len(gap)))


def _along(gap: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The w with w' size w = 1 for which w' gap is largest."""
    vector = eigh(np.outer(gap, gap), size)[1][:, -1]
    return vector * np.sign(vector @ gap)


def within(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Mean of the covariances of data and of samples."""
    return (np.cov(real.T, ddof=0) + np.cov(fake.T, ddof=0)).reshape(2 * [real.shape[1]]) / 2


def check_lines(
    linear_critics: Callable,
    rng: np.random.Generator,
    n: int = 5,
    m: int = 4,
    d: int = 3,
    kind: str = "box",
    length: float = 1.0,
) -> None:
    """Compare the best limited weights, and the best of a length, with two solvers."""
    gap = rng.choice([-1, 1], size=d) * rng.uniform(0.2, 2, size=d)
    real, fake = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    fake += real.mean(axis=0) - gap - fake.mean(axis=0)
    c = float(rng.uniform(1.1, 2) * np.abs(gap).min())
    what = f"critics of {d} weights, limited by {c:.3f}"
    answer = ask(linear_critics, what, real=real, fake=fake, c=c)
    other = {"box": "unit", "sum": "long", "fisher": "fisher"}[kind]
    found = as_parts(answer, what, f"({'clipped' if kind == 'box' else 'limited'}, {other})")
    right, public = best_lines(real, fake, c, kind, length), best_lines(real, fake, c)
    hints = {"box": _box_mistakes, "sum": _sum_mistakes, "fisher": _fisher_mistakes}[kind](
        real, fake, c, right, length
    )
    for k, name in enumerate((f"{'clipped' if kind == 'box' else 'limited'} weights", other)):
        again = {} if kind == "box" else {f"{AGAIN} {RULES[kind][k]}": public[k]}
        mine = {h: w for h, w in (again | hints[k]).items() if not np.allclose(w, right[k])}
        label = f"the {name} of {what}" if k == 0 else f"the other weights ({name}) of {what}"
        compare(found[k], right[k], label, hints=mine, tol=FLOAT32)


#: What another convention overlooks in each of the two critics.
RULES = {
    "sum": (
        "this critic is low for data, and all sizes together are at most c",
        "this critic is low for data, and has another length",
    ),
    "fisher": ("no weight may be negative", "the variance of the scores is 1, not the length"),
}


def _box_mistakes(
    real: np.ndarray, fake: np.ndarray, c: float, right: tuple, length: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    gap = real.mean(axis=0) - fake.mean(axis=0)
    return {
        "the score is high for data: the sign is wrong": -right[0],
        "only the signs are right; every weight may be as large as c": np.sign(gap),
        "clip allows c for every weight at once; yours all share it": right[0] / len(gap),
        "no weight need stay within c by its size: go to the limit": np.clip(gap, -c, c),
        "that is the direction of the means, scaled down until the largest weight is c": (
            c * gap / np.abs(gap).max()
        ),
        "c limits each weight, not the length": c * right[1],
        "average over the examples of each kind; yours are sums": (
            c * np.sign(real.sum(axis=0) - fake.sum(axis=0))
        ),
        "that is the critic of length 1; the pair is (clipped, unit)": right[1],
    }, {
        "the score is high for data: the sign is wrong": -right[1],
        "that is the difference of the means; make its length 1": gap,
        "the length is the root of the sum of squares": gap / np.abs(gap).sum(),
        "its length should be 1; yours is 1 for the largest weight": gap / np.abs(gap).max(),
        "divide by the length, not by its square": gap / (gap @ gap),
        "that is the clipped critic, made shorter; the best one points along the means": (
            np.sign(gap) / np.sqrt(len(gap))
        ),
        "its length is 1, not c": c * right[1],
    }


def _sum_mistakes(
    real: np.ndarray, fake: np.ndarray, c: float, right: tuple, length: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    gap = fake.mean(axis=0) - real.mean(axis=0)
    shared = gap / np.abs(gap).sum()
    return {
        "the score is low for data: the sign is wrong": -right[0],
        "c limits the sum of all sizes, not each weight": c * np.sign(gap),
        "within the limit, but not best: one number may have all of it": c * shared,
        "every weight the same size, within the limit, but not best": c * np.sign(gap) / len(gap),
        "c limits the sum of sizes, not the length": c * gap / np.linalg.norm(gap),
        "use all that the limit allows": right[0] / c,
        "the pair is (limited, long); yours is turned round": right[1],
    }, {
        "the score is low for data: the sign is wrong": -right[1],
        "that is the difference of the means; give it the right length": gap,
        f"its length is {length:g}, not 1": right[1] / length,
        "its length is a number of its own, not c": c * right[1] / length,
        "the length is the root of the sum of squares": length * shared,
        "divide by the length, not by its square": length * gap / (gap @ gap),
    }


def _fisher_mistakes(
    real: np.ndarray, fake: np.ndarray, c: float, right: tuple, length: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    gap, size = real.mean(axis=0) - fake.mean(axis=0), within(real, fake)
    flat = gap / np.sqrt(gap @ size @ gap)
    total = _along(gap, size + np.outer(gap, gap) / 4)
    return {
        "the score is high for data: the sign is wrong": c - right[0],
        "use all that the limit allows": right[0] / c,
        "no weight need stay within c by its size: go to the limit": np.clip(gap, 0, c),
        "the pair is (limited, fisher); yours is turned round": right[1],
    }, {
        "the score is high for data: the sign is wrong": -right[1],
        "the variance is 1, but another direction has a larger gap": flat,
        "scale the weights until the variance of the scores is 1": np.linalg.solve(size, gap),
        "variances within data and within samples, each about its own mean": total,
        "the mean of the two variances is 1, not their sum": right[1] / np.sqrt(2),
        "divide by the root of the variance, not by the variance": right[1] / (right[1] @ gap),
    }
