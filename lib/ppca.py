"""Probabilistic PCA: the Gaussian whose likelihood principal components maximise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from lib.pca import PCA, fit_pca


@dataclass(frozen=True)
class PPCA:
    """z ~ N(0, I), x | z ~ N(mean + W z, sigma^2 I) (Tipping and Bishop, 1999).

    Parameters
    ----------
    mean : ndarray, shape (D,)
    weights : ndarray, shape (D, K)
        The loading matrix W; its columns need not be orthogonal.
    noise_variance : float
        sigma^2, above zero.
    """

    mean: np.ndarray
    weights: np.ndarray
    noise_variance: float

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or len(self.weights) != len(self.mean):
            want, got = f"({len(self.mean)}, K)", self.weights.shape
            raise ValueError(f"weights must be {want} to go with the mean, got {got}")
        if not self.noise_variance > 0:
            raise ValueError(f"noise_variance must be above zero, got {self.noise_variance}")

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Exact log p(x) of points (n, D), in nats; shape (n,). No D x D matrix is formed.

        With the posterior mean z, the squared Mahalanobis distance of x is the squared length of
        x - mean - W z over sigma^2, plus that of z: a sum without cancellation, however small
        sigma^2 is.
        """
        z = self.posterior(x)[0]
        misfit = x - self.mean - z @ self.weights.T  # (n, D)
        distance = (misfit**2).sum(axis=1) / self.noise_variance + (z**2).sum(axis=1)
        return -0.5 * (len(self.mean) * np.log(2 * np.pi) + self._log_det() + distance)

    def posterior(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (n, K) and covariance (K, K) of p(z | x); the covariance is the same for all x."""
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"x must be (n, {len(self.mean)}), got shape {x.shape}")
        factor = linalg.cho_factor(self._inner())
        mean = linalg.cho_solve(factor, ((x - self.mean) @ self.weights).T).T
        return mean, self.noise_variance * linalg.cho_solve(factor, np.eye(self.weights.shape[1]))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z, then x given z, noise included; shape (n, D)."""
        z = rng.normal(size=(n, self.weights.shape[1]))
        noise = rng.normal(size=(n, len(self.mean))) * np.sqrt(self.noise_variance)
        return self.mean + z @ self.weights.T + noise

    def covariance(self) -> np.ndarray:
        """C = W W^T + sigma^2 I, shape (D, D); for small D only."""
        return self.weights @ self.weights.T + self.noise_variance * np.eye(len(self.mean))

    def _inner(self) -> np.ndarray:
        """M = W^T W + sigma^2 I, shape (K, K)."""
        k = self.weights.shape[1]
        return self.weights.T @ self.weights + self.noise_variance * np.eye(k)

    def _log_det(self) -> float:
        """log det C = (D - K) log sigma^2 + log det M, by the determinant lemma."""
        dim, k = self.weights.shape
        return (dim - k) * np.log(self.noise_variance) + np.linalg.slogdet(self._inner())[1]


def fit_ppca(x: np.ndarray, k: int) -> PPCA:
    """The maximum-likelihood model with `k` latent dimensions of points (n, D)."""
    return ppca_from(fit_pca(x, k), k)


def ppca_from(pca: PCA, k: int | None = None) -> PPCA:
    """The maximum-likelihood model from an analysis: Tipping and Bishop (1999), equations 7 and 8.

    sigma^2 is the mean of the D - k dropped eigenvalues, W = U_k (Lambda_k - sigma^2 I)^1/2.

    Raises
    ------
    ValueError
        If the analysis has fewer than k components, or these leave no variance for the noise.
    """
    kept = pca if k is None else pca.keep(k)
    dim, k = kept.components.shape
    dropped = kept.total_variance - kept.variances.sum()
    if k == dim or dropped <= 1e-12 * kept.total_variance:
        raise ValueError(
            f"the first {k} components hold all the variance, none is left for the noise; "
            "take a smaller k"
        )
    noise = dropped / (dim - k)
    scale = np.sqrt(np.maximum(kept.variances - noise, 0.0))
    return PPCA(kept.mean, kept.components * scale, float(noise))
