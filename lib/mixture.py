"""Gaussian mixtures, and EM: the ascent of a lower bound that fits them without labels.

A mixture is the joint density of `lib.class_gaussians` whose labels nobody wrote down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import logsumexp, xlogy

from lib.class_gaussians import ClassGaussians
from lib.datasets.toy_plane import check_count, check_weights


@dataclass(frozen=True)
class GaussianMixture:
    """p(x) = sum_m weights_m N(x; means_m, covariances_m); m is hidden.

    Parameters
    ----------
    weights : ndarray, shape (M,)
        p(m), each above zero, with sum 1.
    means : ndarray, shape (M, D)
    covariances : ndarray, shape (M, D, D)
        Symmetric and positive definite.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self) -> None:
        shapes = [np.shape(v) for v in (self.weights, self.means, self.covariances)]
        m, d = shapes[1] if len(shapes[1]) == 2 else (0, 0)
        if shapes != [(m,), (m, d), (m, d, d)]:
            raise ValueError(
                f"need weights (M,), means (M, D), covariances (M, D, D), got {shapes}"
            )
        if not np.all(check_weights(self.weights) > 0):
            raise ValueError("a weight is 0: leave that component out")

    @cached_property
    def joint(self) -> ClassGaussians:
        """The same density of pairs (x, m), for those who can see m."""
        return ClassGaussians(self.weights, self.means, self.covariances)

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, m) of points (n, D) with every m, in nats; shape (n, M)."""
        x = _points(x, self.means.shape[1])
        try:
            return self.joint.log_joint(x)
        except ValueError:
            raise ValueError(
                "a covariance is singular: a component has collapsed onto too few points, or the "
                "data never vary in some direction; fit with a floor above zero"
            ) from None

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x) of points (n, D), all components summed, in nats; shape (n,)."""
        return logsumexp(self.log_joint(x), axis=1)

    def responsibilities(self, x: np.ndarray) -> np.ndarray:
        """p(m | x) by Bayes' rule, shape (n, M); every row sums to 1."""
        return _bayes(self.log_joint(x))[0]

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw m from the weights, then x from Gaussian m: points (n, D) and components (n,)."""
        return self.joint.sample(n, rng)


def e_step(mixture: GaussianMixture, x: np.ndarray) -> np.ndarray:
    """The q (n, M) that lifts the bound up to log p(x): the responsibilities."""
    return mixture.responsibilities(x)


def m_step(x: np.ndarray, q: np.ndarray, *, floor: float = 0.0) -> GaussianMixture:
    """The mixture that maximises the bound for this q: weighted counts, means and covariances.

    Parameters
    ----------
    x : ndarray, shape (n, D)
    q : ndarray, shape (n, M)
        How much of each point every component takes; rows sum to 1.
    floor : float
        Least variance in any direction. Eigenvalues below it are raised to it, which is the exact
        maximum under this constraint: EM with a floor never lowers the likelihood either.

    Raises
    ------
    ValueError
        If the shapes do not match, rows are no probabilities, or a component takes nothing.
    """
    x = _points(x)
    _check_q(q, len(x))
    if not floor >= 0:
        raise ValueError(f"floor is a variance, zero or more, got {floor}")
    counts = q.sum(axis=0)  # (M,), in points
    if not np.all(counts > 0):
        empty = np.flatnonzero(counts == 0).tolist()
        raise ValueError(f"components {empty} take no point at all; use fewer, or another start")
    means = q.T @ x / counts[:, None]
    covariances = [_covariance(x - mean, w) for mean, w in zip(means, (q / counts).T, strict=True)]
    return GaussianMixture(counts / counts.sum(), means, _raise_to(floor, np.array(covariances)))


def _covariance(centred: np.ndarray, w: np.ndarray) -> np.ndarray:
    """sum_n w_n c_n c_n^T of rows (n, D), with weights (n,) that sum to 1."""
    return (w[:, None] * centred).T @ centred


def _raise_to(floor: float, covariances: np.ndarray) -> np.ndarray:
    """Covariances (M, D, D) whose eigenvalues are at least `floor`."""
    if floor == 0:
        return covariances
    values, axes = np.linalg.eigh(covariances)
    raised = np.maximum(values, floor)[:, None, :]
    return (axes * raised) @ axes.swapaxes(1, 2)


def lower_bound(mixture: GaussianMixture, x: np.ndarray, q: np.ndarray) -> np.ndarray:
    """E_q[log p(x, m)] + H(q) for each point, in nats; shape (n,).

    It is at most log p(x), and equal to it if q (n, M) holds the responsibilities
    (Neal and Hinton, 1998).
    """
    _check_q(q, len(x))
    log_joint = mixture.log_joint(x)
    if q.shape != log_joint.shape:
        raise ValueError(f"q must be {log_joint.shape} for these points, got {q.shape}")
    return np.sum(q * log_joint - xlogy(q, q), axis=1)  # xlogy: 0 log 0 is 0


def fit_mixture(
    x: np.ndarray,
    m: int,
    rng: np.random.Generator,
    *,
    start: GaussianMixture | None = None,
    steps: int = 200,
    tol: float = 1e-5,
    restarts: int = 1,
    floor: float = 1e-6,
) -> tuple[GaussianMixture, list[float]]:
    """Fit `m` Gaussians to points (n, D) by EM (Dempster, Laird and Rubin, 1977).

    Parameters
    ----------
    start : GaussianMixture, optional
        Where EM begins; `random_start` when left out.
    steps, tol : int, float
        EM ends after so many steps, or when a step gains less than `tol` nats per point.
    restarts : int
        Run from so many random starts and keep the best.
    floor : float
        Least variance in any direction, in squared units of x: see `m_step`.

    Returns
    -------
    mixture : GaussianMixture
    history : list of float
        Mean log-likelihood of the points before the first step and after each, in nats.
    """
    x = _points(x)
    check_count(m=m, restarts=restarts)
    if start is not None and restarts > 1:
        raise ValueError("restarts need random starts: give a start or restarts > 1, not both")
    starts = [start] if start else (random_start(x, m, rng) for _ in range(restarts))
    runs = [_climb(x, mixture, steps, tol, floor) for mixture in starts]
    return max(runs, key=lambda run: run[1][-1])


def cross_validate(
    x: np.ndarray, m: int, rng: np.random.Generator, *, folds: int = 4, **options: Any
) -> float:
    """Mean log p(x) in nats of points (n, D), each under a fit to the other folds.

    `options` are those of `fit_mixture`.
    """
    if not 2 <= folds <= len(x):
        raise ValueError(f"{len(x)} points allow 2 to {len(x)} folds, got {folds}")
    fold, nats = rng.permutation(len(x)) % folds, np.empty(len(x))
    for k in range(folds):
        mixture, _ = fit_mixture(x[fold != k], m, rng, **options)
        nats[fold == k] = mixture.log_prob(x[fold == k])
    return float(nats.mean())


def random_start(x: np.ndarray, m: int, rng: np.random.Generator) -> GaussianMixture:
    """Round Gaussians on `m` points of x, far apart (Arthur and Vassilvitskii, 2007).

    All have the same weight and width: the mean squared distance to the nearest of them.
    """
    x = _points(x)
    if not 1 <= m <= len(x):
        raise ValueError(f"{len(x)} points allow 1 to {len(x)} components, got {m}")
    means = x[rng.integers(len(x))][None]
    while len(means) < m:
        squares = _squares(x, means).min(axis=1)
        total = squares.sum()
        if total == 0:
            raise ValueError(f"only {len(means)} different points, too few for {m} components")
        means = np.vstack([means, x[rng.choice(len(x), p=squares / total)]])
    spread = _squares(x, means).min(axis=1).mean() / x.shape[1]
    if spread == 0:
        raise ValueError(f"every point is a mean with {m} components: nothing is left to fit")
    return round_mixture(means, np.sqrt(spread))


def round_mixture(
    means: np.ndarray, sd: float, weights: np.ndarray | None = None
) -> GaussianMixture:
    """Round Gaussians of one width at `means` (M, D); of equal weight unless given."""
    m, d = means.shape
    weights = np.full(m, 1 / m) if weights is None else weights
    return GaussianMixture(weights, means, np.tile(sd**2 * np.eye(d), (m, 1, 1)))


def hard(q: np.ndarray) -> np.ndarray:
    """Give each point wholly to the component that takes most of it; shape (n, M)."""
    return np.eye(q.shape[1])[q.argmax(axis=1)]


def _climb(x, mixture, steps, tol, floor):
    """EM from one start: the mixture and the history of the mean log-likelihood."""
    q, value = _bayes(mixture.log_joint(x))
    history = [value]
    for _ in range(steps):
        mixture = m_step(x, q, floor=floor)
        q, value = _bayes(mixture.log_joint(x))
        history.append(value)
        if value - history[-2] < tol:
            break
    return mixture, history


def _bayes(log_joint: np.ndarray) -> tuple[np.ndarray, float]:
    """Responsibilities (n, M) and the mean of log p(x), from one table of log p(x, m)."""
    log_p = logsumexp(log_joint, axis=1, keepdims=True)
    return np.exp(log_joint - log_p), float(log_p.mean())


def _squares(x: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Squared distances of points (n, D) to means (M, D), shape (n, M)."""
    return np.stack([np.sum((x - mean) ** 2, axis=1) for mean in means], axis=1)


def _points(x: np.ndarray, width: int | None = None) -> np.ndarray:
    """`x` as a table of finite float64 rows, of the right width where there is one."""
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or width not in (None, x.shape[1]):
        raise ValueError(f"x must be (n, {width or 'D'}), got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("x must be finite; it holds nan or infinity")
    return x


def _check_q(q: np.ndarray, n: int) -> None:
    """Raise a ValueError unless q holds a distribution over components for each of n points."""
    if np.ndim(q) != 2 or len(q) != n:
        raise ValueError(f"q must be ({n}, M) for {n} points, got shape {np.shape(q)}")
    if np.min(q) < 0 or not np.allclose(np.sum(q, axis=1), 1):
        raise ValueError("each row of q must hold probabilities that sum to 1")
