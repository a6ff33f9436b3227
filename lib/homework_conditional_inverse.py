"""The visible tests of chapter 8's homework, task 7: questions y = A x.

Right answers come from the conditions of Lagrange and from Gaussians in the null space of A.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import null_space
from scipy.special import softmax
from scipy.stats import multivariate_normal

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import ROUGH, ask

SINGULAR = "A A^T cannot be inverted where two rows ask the same: take the pseudo-inverse"


@peer
def nearest(a: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The point nearest to each x (n, d) with A x = y, by the multipliers of Lagrange."""
    m, d = a.shape
    both = np.block([[np.eye(d), a.T], [a, np.zeros((m, m))]])
    return np.linalg.lstsq(both, np.concatenate([x, y], axis=1).T, rcond=None)[0][:d].T


def check_nearest(
    nearest_answer: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 5,
    m: int = 2,
    twice: bool = False,
) -> None:
    """Compare with the conditions of Lagrange; `twice`: the last row of A asks the first again."""
    a = rng.normal(size=(m, d))
    if twice:
        a[-1] = a[0]
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d)) @ a.T
    what = f"the nearest answers to {n} pictures of {d} numbers, A of shape {a.shape}"
    answer = as_numbers(numbers(ask(nearest_answer, what, A=a, x=x, y=y)), (n, d), what, SINGULAR)
    right, plus, missing = nearest(a, x, y), np.linalg.pinv(a), y - x @ a.T
    hints = {
        "that is x itself; it must fit y": x,
        "that is A^+ y, the shortest picture that fits; keep what x has in the null space of A": (
            y @ plus.T
        ),
        "the correction is A^+ (y - A x); yours forgets to take A x away": x + y @ plus.T,
        "the correction points away from y: y - A x": x - missing @ plus.T,
        "A^T is not A^+: the picture moves in the right direction, but does not arrive": (
            x + missing @ a
        ),
        "that is the correction alone; add it to x": missing @ plus.T,
        "that is the part of x in the null space of A; add A^+ y": x - x @ a.T @ plus.T,
        "every picture has its own question; yours take the first one's": (
            x + (y[0] - x @ a.T) @ plus.T
        ),
    }
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    compare(answer, right, what, hints=hints, tol=10 * FLOAT32)
    off = np.abs(answer @ a.T - y).max()
    assert off < ROUGH, f"{what}: A x misses y by {off:.3g}. {SINGULAR}"


@peer
def answers_exactly(
    prior: np.ndarray, means: np.ndarray, covs: np.ndarray, a: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and covariances of p(x | A x = y): Gaussians in the null space of A."""
    start, free = np.linalg.lstsq(a, y, rcond=None)[0], null_space(a)
    found_means, found_covs, scores = [], [], []
    for weight, mean, cov in zip(prior, means, covs, strict=True):
        precision = np.linalg.inv(cov)
        within = np.linalg.inv(free.T @ precision @ free)
        found_means.append(start + free @ within @ free.T @ precision @ (mean - start))
        found_covs.append(free @ within @ free.T)
        scores.append(np.log(weight) + multivariate_normal.logpdf(y, a @ mean, a @ cov @ a.T))
    return softmax(scores), np.array(found_means), np.array(found_covs)


def random_mixture(
    rng: np.random.Generator, k: int, d: int, narrow: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (k,), means (k, d) and covariances (k, d, d) whose widths are about `narrow`."""
    roots = rng.normal(size=(k, d, d)) / math.sqrt(d)
    covs = roots @ roots.transpose(0, 2, 1) + 0.3 * np.eye(d)
    return rng.dirichlet(np.full(k, 4.0)), rng.normal(size=(k, d)), narrow**2 * covs


def check_posterior_mixture(
    answers: Callable,
    rng: np.random.Generator,
    k: int = 2,
    d: int = 3,
    m: int = 1,
    narrow: float = 1.0,
) -> None:
    """Compare weights, means and covariances with Gaussians in the null space of A."""
    prior, means, covs = random_mixture(rng, k, d, narrow)
    a, pick = rng.normal(size=(m, d)), int(rng.integers(k))
    y = a @ (means[pick] + (3 if narrow < 1 else 0.3) * rng.normal(size=d))
    what = f"the answers to one question, {k} Gaussians of {d} numbers, {m} known"
    given = {"prior": prior, "means": means, "covs": covs, "A": a, "y": y}
    found = as_parts(ask(answers, what, **given), what, "(weights, means, covs)")
    right = answers_exactly(prior, means, covs, a, y)
    names = "weights", "means", "covs"
    lost = "a density of y far from all classes rounds to 0: weigh them by logarithms"
    mistakes = (
        _weight_mistakes(prior, means, covs, a, y),
        _mean_mistakes(prior, means, covs, a, y),
        _cov_mistakes(covs, a),
    )
    for at in (1, 2, 0):
        label = f"{names[at]}: {what}"
        value = as_numbers(numbers(found[at]), right[at].shape, label, lost)
        hints = {s: v for s, v in mistakes[at].items() if not np.allclose(v, right[at])}
        compare(value, right[at], label, hints=hints, tol=ROUGH if narrow < 1 else 10 * FLOAT32)


def _weight_mistakes(prior: Any, means: Any, covs: Any, a: Any, y: Any) -> dict[str, Any]:
    off = y - means @ a.T
    inner = a @ covs @ a.T
    away = np.einsum("ki,kij,kj->k", off, np.linalg.inv(inner), off)
    log_det = np.linalg.slogdet(inner)[1]
    with np.errstate(divide="ignore"):
        log_prior = np.log(prior)
    return {
        "those are the weights before the question; y speaks for some classes": prior,
        "the weights of the classes before the question are missing": (
            softmax(-(away + log_det) / 2)
        ),
        "the density of y has a normaliser: the determinant of A Sigma A^T": (
            softmax(log_prior - away / 2)
        ),
        "weights add up to 1": prior * np.exp(-(away + log_det) / 2) / (2 * np.pi) ** (len(y) / 2),
        "the density of y has the covariance A Sigma A^T": (
            softmax(log_prior - (off**2).sum(axis=1) / 2)
        ),
        "the logarithm of the density has -1/2 before the squares": (
            softmax(log_prior - away - log_det / 2)
        ),
        "those are logarithms": log_prior - (away + log_det) / 2,
    }


def _mean_mistakes(prior: Any, means: Any, covs: Any, a: Any, y: Any) -> dict[str, Any]:
    off = y - means @ a.T
    inner = a @ covs @ a.T
    gain = covs @ a.T @ np.linalg.inv(inner)
    move = np.einsum("kdm,km->kd", gain, off)
    return {
        "those are the means before the question": means,
        "the means move towards y: y - A mu": means - move,
        "add the move to the mean": move,
        "that moves along A^+; a class's covariance tells where the rest goes": (
            means + off @ np.linalg.pinv(a).T
        ),
        "the gain divides by A Sigma A^T": (means + np.einsum("kdm,km->kd", covs @ a.T, off)),
        "take A mu away from y first": means + gain @ y,
        "each class has a mean of its own; those are means of the mixture": (
            np.tile(prior @ (means + move), (len(prior), 1))
        ),
    }


def _cov_mistakes(covs: Any, a: Any) -> dict[str, Any]:
    gain = covs @ a.T @ np.linalg.inv(a @ covs @ a.T)
    seen = gain @ a @ covs
    free = np.eye(a.shape[1]) - np.linalg.pinv(a) @ a
    return {
        "those are the covariances before the question; what is known varies no more": covs,
        "a question makes the answers less uncertain: take away, do not add": covs + seen,
        "that is what the question takes away": seen,
        "that cuts the covariance off at the null space; what is known tells of the rest as well": (
            free @ covs @ free
        ),
        "the gain divides by A Sigma A^T": covs - covs @ a.T @ a @ covs,
    }
