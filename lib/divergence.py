"""Entropy and Kullback-Leibler divergence, in nats: of tables, on grids, of Gaussians, by samples.

Everywhere KL(q || p) = E_q[log q - log p]. `lib.gaussian` has it for diagonal Gaussians in torch,
with gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, linalg, optimize
from scipy.special import rel_entr, xlogy

LogDensity = Callable[[np.ndarray], np.ndarray]

# ------------------------------------------------------------------------------- tables


def entropy(p: ArrayLike) -> float:
    """H(p) = -sum_x p(x) log p(x) of a table of probabilities; 0 log 0 counts as 0."""
    p = _table(p)
    return float(-xlogy(p, p).sum())


def cross_entropy(q: ArrayLike, p: ArrayLike) -> float:
    """H(q, p) = -sum_x q(x) log p(x); infinite if q has mass where p has none."""
    q, p = _pair(q, p)
    with np.errstate(divide="ignore"):
        return float(-xlogy(q, p).sum())


def kl(q: ArrayLike, p: ArrayLike) -> float:
    """KL(q || p) of two tables of one shape; infinite if q has mass where p has none."""
    return float(rel_entr(*_pair(q, p)).sum())


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """(KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2: symmetric, from 0 to log 2."""
    p, q = _pair(p, q)
    middle = (p + q) / 2
    return float((rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2)


def _table(p: ArrayLike) -> np.ndarray:
    p = np.asarray(p, dtype=float)
    if not np.all(p >= 0) or not np.isclose(p.sum(), 1):
        raise ValueError(f"probabilities must be >= 0 and sum to 1, their sum is {p.sum():g}")
    return p


def _pair(q: ArrayLike, p: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    q, p = _table(q), _table(p)
    if q.shape != p.shape:
        raise ValueError(f"both tables must have one shape, got {q.shape} and {p.shape}")
    return q, p


# ------------------------------------------------------------------------------ densities


def kl_grid(log_q: np.ndarray, log_p: np.ndarray, cell: float) -> float:
    """KL(q || p) of log-densities at the points of an even grid, each in a cell of volume `cell`.

    The sum is as good as the grid: it must reach as far as q does and be finer than q and p.
    """
    log_q, log_p = np.asarray(log_q, dtype=float), np.asarray(log_p, dtype=float)
    if log_q.shape != log_p.shape:
        raise ValueError(f"both need one value a point, got {log_q.shape} and {log_p.shape}")
    q = np.exp(log_q)
    covered = q.sum() * cell
    if not abs(covered - 1) < 0.01:
        raise ValueError(f"the grid holds {covered:.3f} of q's mass: make it wider or finer")
    return float(cell * rel_entr(q, np.exp(log_p)).sum())


def kl_integral(log_q: LogDensity, log_p: LogDensity, low: float, high: float) -> float:
    """KL(q || p) of two densities on the line, by adaptive quadrature from `low` to `high`.

    Nearly all of q must lie between the two, and the width of q must not be tiny against them.
    """
    if not low < high:
        raise ValueError(f"need low < high, got {low} and {high}")

    def integrand(z: float) -> float:
        q = np.exp(log_q(z))
        return q * (log_q(z) - log_p(z)) if q > 0 else 0.0

    ends = np.linspace(low, high, 17)[1:-1]  # looks into every part, so that no peak is missed
    value, _ = integrate.quad(integrand, low, high, points=ends, limit=400, epsabs=1e-11)
    return float(value)


def monte_carlo_kl(log_q: np.ndarray, log_p: np.ndarray) -> tuple[float, float]:
    """Estimate of KL(q || p), and its standard error, from both log-densities at samples of q."""
    ratio = np.asarray(log_q, dtype=float) - np.asarray(log_p, dtype=float)
    if ratio.ndim != 1 or len(ratio) < 2:
        raise ValueError(f"need log-densities at two or more samples, got shape {ratio.shape}")
    return float(ratio.mean()), float(ratio.std(ddof=1) / np.sqrt(len(ratio)))


def kl_gaussians(mean_q: ArrayLike, cov_q: ArrayLike, mean_p: ArrayLike, cov_p: ArrayLike) -> float:
    """KL(N(mean_q, cov_q) || N(mean_p, cov_p)) for means (K,) and covariances (K, K).

    (tr(P^-1 Q) + d^T P^-1 d - K + log det P - log det Q) / 2 with d the difference of the means.
    """
    (mean_q, root_q), (mean_p, root_p) = _gaussian(mean_q, cov_q), _gaussian(mean_p, cov_p)
    if mean_q.shape != mean_p.shape:
        raise ValueError(f"means must have one length, got {mean_q.shape} and {mean_p.shape}")
    spread = linalg.solve_triangular(root_p, root_q, lower=True)  # its squares sum to the trace
    apart = linalg.solve_triangular(root_p, mean_q - mean_p, lower=True)
    log_dets = 2 * np.sum(np.log(np.diag(root_p)) - np.log(np.diag(root_q)))
    return float(0.5 * (np.sum(spread**2) + apart @ apart - len(mean_q) + log_dets))


def _gaussian(mean: ArrayLike, cov: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Mean (K,) and the lower Cholesky factor of the covariance; numbers count as K = 1."""
    mean, cov = np.atleast_1d(np.asarray(mean, float)), np.atleast_2d(np.asarray(cov, float))
    if mean.ndim != 1 or cov.shape != (len(mean), len(mean)) or not np.allclose(cov, cov.T):
        raise ValueError(
            f"need a mean (K,) and a symmetric covariance (K, K), got {mean.shape}, {cov.shape}"
        )
    try:
        return mean, np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise ValueError("the covariance must be positive definite") from None


# ------------------------------------------------------------- one Gaussian fitted to a density


@dataclass(frozen=True)
class GaussianFit:
    """The Gaussian that an optimiser found: mean (K,), covariance (K, K), divergence in nats."""

    mean: np.ndarray
    covariance: np.ndarray
    kl: float


def fit_covering(
    log_p: LogDensity, points: np.ndarray, cell: float, mean: ArrayLike, cov: ArrayLike
) -> GaussianFit:
    """Minimise KL(p || q) over all Gaussians q, from the start N(mean, cov).

    The integral over p is a sum over `points` (n, K), an even grid with cells of volume `cell`.
    On the line, both the points and what `log_p` takes are (n,).
    """
    points = np.asarray(points, dtype=float)
    log_values = log_p(points)
    points = points.reshape(len(points), -1)
    weights = np.exp(log_values)
    if abs(weights.sum() * cell - 1) > 0.01:
        raise ValueError(f"the grid holds {weights.sum() * cell:.3f} of p's mass, not all of it")
    weights /= weights.sum()

    def divergence(mean: np.ndarray, root: np.ndarray) -> float:
        return float(weights @ (log_values - _log_gaussian(points, mean, root)))

    return _fit(divergence, mean, cov)


def fit_seeking(log_p: LogDensity, mean: ArrayLike, cov: ArrayLike) -> GaussianFit:
    """Minimise KL(q || p) over all Gaussians q, from the start N(mean, cov): a local minimum.

    E_q[log p] is a sum over a grid that moves and stretches with q; the entropy of q is exact.
    `log_p` takes points (n, K), on the line (n,).
    """
    mean = np.atleast_1d(np.asarray(mean, dtype=float))
    eps, weights = normal_grid(len(mean))

    def divergence(mean: np.ndarray, root: np.ndarray) -> float:
        entropy = np.log(np.diag(root)).sum() + 0.5 * len(mean) * np.log(2 * np.pi * np.e)
        z = mean + eps @ root.T
        return float(-entropy - weights @ log_p(z if len(mean) > 1 else z[:, 0]))

    return _fit(divergence, mean, cov)


def _fit(divergence: Callable, mean: ArrayLike, cov: ArrayLike) -> GaussianFit:
    """Search all means and Cholesky factors, the logarithm of the diagonal in place of it."""
    mean, root = _gaussian(mean, cov)
    k, below = len(mean), np.tril_indices(len(mean), -1)

    def unpack(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        root = np.diag(np.exp(theta[k : 2 * k]))
        root[below] = theta[2 * k :]
        return theta[:k], root

    start = np.concatenate([mean, np.log(np.diag(root)), root[below]])
    found = optimize.minimize(lambda theta: divergence(*unpack(theta)), start, method="BFGS")
    mean, root = unpack(found.x)
    return GaussianFit(mean, root @ root.T, float(found.fun))


def _log_gaussian(x: np.ndarray, mean: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Log-density of N(mean, root root^T) at points (n, K), shape (n,)."""
    z = linalg.solve_triangular(root, (x - mean).T, lower=True)
    log_scale = np.log(np.diag(root)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
    return -0.5 * np.sum(z**2, axis=0) - log_scale


def normal_grid(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, K) of an even grid and weights (n,) that add up to averages under N(0, I)."""
    axis = np.linspace(-6.5, 6.5, {1: 521, 2: 81}.get(k, 25))
    points = np.stack(np.meshgrid(*[axis] * k, indexing="ij"), axis=-1).reshape(-1, k)
    weights = np.exp(-0.5 * np.sum(points**2, axis=1))
    return points, weights / weights.sum()
