"""Checks of the equations in the homework on PCA."""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from lib import homework_pca as pca
from lib import homework_pca_models as models
from tests.equations import checks


@checks("eq-hw-pca-gram", by="NumPy's eigenvectors of the D x D covariance matrix")
def gram():
    """X^T v is an eigenvector of S with the eigenvalue of v, and its length is sqrt(N lambda)."""
    x = np.random.default_rng(0).normal(size=(5, 9))
    X = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(X @ X.T / 5)
    large = np.linalg.eigvalsh(np.cov(x.T, bias=True))
    for value, v, peer in zip(values[1:], vectors.T[1:], large[-4:], strict=True):
        lifted = X.T @ v
        assert np.isclose(value, peer)
        assert np.allclose(np.cov(x.T, bias=True) @ lifted, value * lifted)
        assert np.isclose(np.linalg.norm(lifted), np.sqrt(5 * value))


@checks("eq-hw-pca-error", by="pictures built from components and eigenvalues drawn beforehand")
def error():
    """The mean squared distance from the plane is the sum of the eigenvalues left out."""
    data = pca.planted(np.random.default_rng(1), n=25, d=7)
    for k in range(8):
        kept = data.keep(k)
        z = (kept.x - kept.mean) @ kept.components
        gaps = [
            x - kept.mean - kept.components @ scores for x, scores in zip(kept.x, z, strict=True)
        ]
        mean_square = np.mean([gap @ gap for gap in gaps])
        assert np.isclose(mean_square, data.variances[k:].sum(), atol=1e-12)


@checks("eq-hw-pca-ppca", by="a numerical search over W and sigma^2, scored with SciPy's density")
def ppca():
    """No loading matrix and noise variance give the data a higher likelihood."""
    data, k = pca.planted(np.random.default_rng(2), n=30, d=4), 2
    sigma2 = data.variances[k:].sum() / (4 - k)
    W = data.components[:, :k] * np.sqrt(data.variances[:k] - sigma2)

    def loss(parameters: np.ndarray) -> float:
        W, sigma2 = parameters[:-1].reshape(4, k), np.exp(parameters[-1])
        model = multivariate_normal(data.mean, W @ W.T + sigma2 * np.eye(4))
        return -model.logpdf(data.x).mean()

    closed = loss(np.append(W.ravel(), np.log(sigma2)))
    start = np.append(np.random.default_rng(3).normal(size=4 * k), 0.0)
    found = minimize(loss, start, tol=1e-10)
    assert np.isclose(found.fun, closed, atol=1e-6)
    assert closed <= found.fun + 1e-9


def loaded(d: int, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    """A loading matrix, the covariance that it makes, and the noise variance."""
    rng = np.random.default_rng([d, k])
    W, sigma2 = rng.normal(size=(d, k)), 0.3
    return W, W @ W.T + sigma2 * np.eye(d), sigma2


@checks("eq-hw-pca-likelihood", by="scipy.stats.multivariate_normal")
def likelihood():
    """The formula is SciPy's log density, and so is the sum over uncorrelated coordinates."""
    W, C, sigma2 = loaded(6, 2)
    spread = np.random.default_rng(4).normal(size=(7, 6))
    mean = np.arange(6.0)
    peer = multivariate_normal(mean, C).logpdf(mean + spread)
    distance = (spread @ np.linalg.inv(C) * spread).sum(axis=1)
    by_hand = -0.5 * (6 * np.log(2 * np.pi) + np.log(np.linalg.det(C)) + distance)
    assert np.allclose(by_hand, peer, atol=1e-10)
    U, lengths, _ = np.linalg.svd(W, full_matrices=False)
    assert np.allclose(models.rotated_log_prob(spread, U, lengths**2, sigma2), peer, atol=1e-10)


@checks("eq-hw-pca-woodbury", by="inverse and determinant of the large matrix")
def woodbury():
    """The small matrix M gives the inverse and the log determinant of C."""
    for d, k in [(3, 1), (6, 2), (9, 8)]:
        W, C, sigma2 = loaded(d, k)
        M = W.T @ W + sigma2 * np.eye(k)
        inverse = (np.eye(d) - W @ np.linalg.inv(M) @ W.T) / sigma2
        assert np.allclose(inverse @ C, np.eye(d), atol=1e-10)
        log_det = np.log(np.linalg.det(M)) + (d - k) * np.log(sigma2)
        assert np.isclose(log_det, np.linalg.slogdet(C)[1])


@checks("eq-hw-pca-fit", by="conditioning the joint Gaussian of coefficients and landmarks")
def fit():
    """The minimum is the mean of the coefficients given the noisy landmarks."""
    rng, n_seen, k, sigma2 = np.random.default_rng(5), 2, 4, 0.1
    A, variances = rng.normal(size=(3 * n_seen, k)), np.array([2.0, 1.0, 0.5, 0.1])
    gap = rng.normal(size=3 * n_seen)

    def cost(alpha: np.ndarray) -> float:
        return ((gap - A @ alpha) ** 2).sum() / sigma2 + (alpha**2 / variances).sum()

    covariance = A * variances @ A.T + sigma2 * np.eye(3 * n_seen)
    posterior = variances * (A.T @ np.linalg.solve(covariance, gap))
    found = minimize(cost, np.zeros(k), tol=1e-12).x
    assert np.allclose(found, posterior, atol=1e-5)
