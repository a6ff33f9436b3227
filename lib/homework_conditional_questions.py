"""Checks of chapter 8's homework, task 7, for questions with noise, prices and other answers.

Right answers come from stacked least squares and from Gaussians over pictures and questions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax
from scipy.stats import multivariate_normal

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import ROUGH, ask
from lib.homework_conditional_inverse import SINGULAR, answers_exactly, nearest, random_mixture

#: What the task calls the noise -> its variance.
NOISES: dict[str, Callable[[float], float]] = {
    "std": lambda noise: noise**2,
    "variance": lambda noise: noise,
    "precision": lambda noise: 1 / noise,
}


@peer
def compromise(a: np.ndarray, x: np.ndarray, y: np.ndarray, variance: float) -> np.ndarray:
    """The points (n, d) with the least |x' - x|^2 + |A x' - y|^2 / variance: one least square."""
    rows = np.concatenate([np.eye(a.shape[1]), a / np.sqrt(variance)])
    wanted = np.concatenate([x, y / np.sqrt(variance)], axis=1)
    return np.linalg.lstsq(rows, wanted.T, rcond=None)[0].T


@peer
def weighed(a: np.ndarray, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The points (n, d) with A x' = y and the least sum of weights (x' - x)^2."""
    root = np.sqrt(weights)
    return nearest(a / root, x * root, y) / root


def check_nearest(
    nearest_answer: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 5,
    m: int = 2,
    twice: bool = False,
    *,
    noise: str = "",
    price: str = "",
) -> None:
    """Compare with least squares; `twice`: the last row of A asks the first again.

    `noise`: what the noise of the questions is given as. `price`: without noise, what says how
    dear it is to move each number, its "weights" or "widths", 1 / width^2.
    """
    a = rng.normal(size=(m, d))
    if twice:
        a[-1] = a[0]
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d)) @ a.T
    given: dict[str, Any] = {"A": a, "x": x, "y": y}
    what = f"the nearest answers to {n} pictures of {d} numbers, A of shape {a.shape}"
    if noise:
        given[noise] = number = float(rng.uniform(0.4, 0.7) ** (-1 if noise == "precision" else 1))
        right = compromise(a, x, y, NOISES[noise](number))
        hints = {
            f"that is `{noise}` in the place of a {other}": compromise(a, x, y, variance(number))
            for other, variance in NOISES.items()
            if other != noise
        }
        hints[
            "y has noise: meet it only as far as its precision is worth; yours meets it exactly"
        ] = nearest(a, x, y)
        hints["half of each square cancels; there is no other factor"] = compromise(
            a, x, y, NOISES[noise](number) / 2
        )
    else:
        given[price] = sizes = rng.uniform(0.4, 2.5, size=d)
        weights = sizes if price == "weights" else 1 / sizes**2
        right = weighed(a, x, y, weights)
        hints = {
            "moving some numbers is dearer: yours moves all at the same price": nearest(a, x, y),
            "a dear number moves less, not more": weighed(a, x, y, 1 / weights),
            "the price is weights (x' - x)^2, without a square of the weights": (
                weighed(a, x, y, weights**2)
            ),
            "the price is (x' - x)^2 / width^2, with the square of the width": (
                weighed(a, x, y, 1 / sizes)
            ),
        }
    hints |= {"that is x itself; y says something, too": x}
    answer = as_numbers(numbers(ask(nearest_answer, what, **given)), (n, d), what, SINGULAR)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    compare(answer, right, what, hints=hints, tol=10 * FLOAT32)


@peer
def told_by(
    prior: Any, means: Any, covs: Any, a: np.ndarray, y: np.ndarray, variance: float, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and covariances of B x given y = A x + noise: (x, y) jointly, by blocks.

    The joint precision of (B x, y) is inverted; its first block is the precision given y.
    """
    both = np.concatenate([b, a])
    size, extra = len(b), np.zeros(len(b) + len(a))
    extra[size:] = variance
    found_means, found_covs, scores = [], [], []
    for weight, mean, cov in zip(prior, means, covs, strict=True):
        precision = np.linalg.inv(both @ cov @ both.T + np.diag(extra))
        left = np.linalg.inv(precision[:size, :size])
        found_covs.append(left)
        found_means.append(b @ mean - left @ precision[:size, size:] @ (y - a @ mean))
        inner = a @ cov @ a.T + variance * np.eye(len(a))
        scores.append(np.log(weight) + multivariate_normal.logpdf(y, a @ mean, inner))
    return softmax(scores), np.array(found_means), np.array(found_covs)


def check_posterior_mixture(
    answers: Callable,
    rng: np.random.Generator,
    k: int = 2,
    d: int = 3,
    m: int = 1,
    narrow: float = 1.0,
    *,
    noise: str = "",
    place: str = "last",
) -> None:
    """Compare weights, means and covariances with blocks of joint Gaussians.

    `noise`: what the noise of the question is given as; without, the answers are about B x, with
    B given in this `place`, "last" or "first" (before A).
    """
    prior, means, covs = random_mixture(rng, k, d, narrow)
    a, pick = rng.normal(size=(m, d)), int(rng.integers(k))
    y = a @ (means[pick] + (3 if narrow < 1 else 0.3) * rng.normal(size=d))
    given: dict[str, Any] = {"prior": prior, "means": means, "covs": covs}
    what = f"the answers to one question, {k} Gaussians of {d} numbers, {m} known"
    if noise:
        variance = narrow**2 * float(rng.uniform(0.2, 0.5))
        number = {"std": variance**0.5, "variance": variance, "precision": 1 / variance}[noise]
        b, given = np.eye(d), given | {"A": a, "y": y, noise: number}
    else:
        variance, b = 0.0, rng.normal(size=(max(1, d - m), d))
        order = {"A": a, "y": y, "B": b} if place == "last" else {"B": b, "A": a, "y": y}
        given, what = given | order, f"{what}, {len(b)} asked"
    found = as_parts(ask(answers, what, **given), what, "(weights, means, covs)")
    right = told_by(prior, means, covs, a, y, variance, b)
    lost = "a density of y far from all classes rounds to 0: weigh them by logarithms"
    wrong = _mistakes(prior, means, covs, a, y, variance, b)
    if noise:
        wrong |= {
            f"that is `{noise}` in the place of a {other}": (
                told_by(prior, means, covs, a, y, of(number), b)
            )
            for other, of in NOISES.items()
            if other != noise
        }
    for at, name in ((1, "means"), (2, "covs"), (0, "weights")):
        label = f"{name}: {what}"
        value = numbers(found[at])
        assert noise or at == 0 or np.shape(value) != (k, *(d,) * at), (
            f"{label}: that has the size of x; you were asked for B x"
        )
        value = as_numbers(value, right[at].shape, label, lost)
        hints = {said: parts[at] for said, parts in wrong.items() if parts[at] is not None}
        hints = {said: v for said, v in hints.items() if not _alike(v, right[at])}
        tol = ROUGH if narrow < 1 else 10 * FLOAT32
        compare(value, right[at], label, hints=hints, tol=tol)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other)


def _mistakes(
    prior: Any, means: Any, covs: Any, a: np.ndarray, y: np.ndarray, variance: float, b: np.ndarray
) -> dict[str, tuple]:
    """What to say -> (weights, means, covariances) of the mistake, None where it has none."""
    inner = a @ covs @ a.T + variance * np.eye(len(a))
    gain = covs @ a.T @ np.linalg.inv(inner)
    off = y - means @ a.T
    move = np.einsum("kdm,km->kd", gain, off)
    away = np.einsum("ki,kij,kj->k", off, np.linalg.inv(inner), off)
    log_det = np.linalg.slogdet(inner)[1]
    with np.errstate(divide="ignore"):
        log_prior = np.log(prior)
    seen = gain @ a @ covs
    found = {
        "that is what was known before the question": (prior, means @ b.T, b @ covs @ b.T),
        "the move goes the other way: y - A mu": (None, (means - move) @ b.T, None),
        "that is the move; add it to the mean": (None, move @ b.T, None),
        "take A mu away from y first": (None, (means + gain @ y) @ b.T, None),
        "a question makes the answers less uncertain: take away, do not add": (
            None, None, b @ (covs + seen) @ b.T,
        ),
        "that is what the question takes away": (None, None, b @ seen @ b.T),
        "the weights of the classes before the question are missing": (
            softmax(-(away + log_det) / 2), None, None,
        ),
        "the density of y has a normaliser: the determinant of its covariance": (
            softmax(log_prior - away / 2), None, None,
        ),
        "the logarithm of the density has -1/2 before the squares": (
            softmax(log_prior - away - log_det / 2), None, None,
        ),
        "those are logarithms": (log_prior - (away + log_det) / 2, None, None),
    }  # fmt: skip
    if variance:
        exact = answers_exactly(prior, means, covs, a, y)
        found["y has noise, and its variance belongs to the covariance of y"] = exact
        found["what is left is Sigma - G A Sigma; the noise is not added to it"] = (
            None, None, covs - seen + variance * np.eye(len(b)),
        )  # fmt: skip
    return found
