"""One Gaussian for each class: the smallest model of pictures that can both classify and draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp


@dataclass(frozen=True)
class ClassGaussians:
    """The joint density p(x, y) = p(y) N(x; mean of y, covariance of y).

    Parameters
    ----------
    priors : ndarray, shape (c,)
        p(y), positive, with sum 1.
    means : ndarray, shape (c, d)
    covariances : ndarray, shape (c, d, d)
    """

    priors: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @cached_property
    def factors(self) -> np.ndarray:
        """Lower triangles L with L L^T = covariance, shape (c, d, d)."""
        try:
            return np.linalg.cholesky(self.covariances)
        except np.linalg.LinAlgError:
            raise ValueError(
                "a covariance is singular: some direction never varies within a class; "
                "fit with shrinkage > 0"
            ) from None

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, y) in nats for all classes, shape (n, c)."""
        columns = []
        for prior, mean, factor in zip(self.priors, self.means, self.factors, strict=True):
            e = solve_triangular(factor, (x - mean).T, lower=True)  # (d, n), white again
            log_det = 2 * np.log(np.diag(factor)).sum()
            log_x = -0.5 * (np.square(e).sum(axis=0) + log_det + len(mean) * np.log(2 * np.pi))
            columns.append(np.log(prior) + log_x)
        return np.stack(columns, axis=1)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x) in nats, all classes summed, shape (n,)."""
        return logsumexp(self.log_joint(x), axis=1)

    def posterior(self, x: np.ndarray) -> np.ndarray:
        """p(y | x) by Bayes' rule, shape (n, c)."""
        return np.exp(self.log_joint(x) - self.log_prob(x)[:, None])

    def classify(self, x: np.ndarray) -> np.ndarray:
        """The most probable class of each x, shape (n,)."""
        return self.log_joint(x).argmax(axis=1)

    def decode(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Map random numbers z (n, d) and classes y (n,) to x = mean + L z, shape (n, d)."""
        return self.means[y] + np.einsum("nij,nj->ni", self.factors[y], z)

    def sample(
        self, n: int, rng: np.random.Generator, y: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw n pairs (x, y); the classes y (n,) are drawn from p(y) unless they are given."""
        y = rng.choice(len(self.priors), size=n, p=self.priors) if y is None else np.asarray(y)
        if y.shape != (n,):
            raise ValueError(f"{n} samples need {n} classes, got y of shape {y.shape}")
        return self.decode(rng.standard_normal((n, self.means.shape[1])), y), y


def fit_class_gaussians(x: np.ndarray, y: np.ndarray, shrinkage: float = 0.01) -> ClassGaussians:
    """Fit a Gaussian to each class, its covariance mixed with a round one of the same size.

    `x` is (n, d), `y` holds classes 0, 1, ...; `shrinkage` 0 is maximum likelihood, 1 gives every
    pixel of a class the same variance. Source: Ledoit and Wolf, 2004, for the form of the mixture.

    Raises
    ------
    ValueError
        If a class has fewer than two examples, or shrinkage lies outside [0, 1].
    """
    if not 0 <= shrinkage <= 1:
        raise ValueError(f"shrinkage must lie in [0, 1], got {shrinkage}")
    counts = np.bincount(y)
    if counts.min() < 2:
        raise ValueError(f"every class needs two examples or more, got {counts.tolist()}")
    groups = [np.asarray(x[y == k], dtype=float) for k in range(len(counts))]
    means = np.array([group.mean(axis=0) for group in groups])
    full = [np.cov(group.T, bias=True).reshape(x.shape[1], -1) for group in groups]
    covariances = np.array([_shrink(covariance, shrinkage) for covariance in full])
    return ClassGaussians(counts / len(y), means, covariances)


def _shrink(covariance: np.ndarray, amount: float) -> np.ndarray:
    """Mix a covariance (d, d) with the round one that has the same trace."""
    d = len(covariance)
    return (1 - amount) * covariance + amount * np.trace(covariance) / d * np.eye(d)
