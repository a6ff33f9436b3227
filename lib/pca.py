"""Principal component analysis: the plane of K dimensions that lies nearest to the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import ArpackError, eigsh


@dataclass(frozen=True)
class PCA:
    """A mean and K orthonormal directions, the one of largest variance first.

    Parameters
    ----------
    mean : ndarray, shape (D,)
        Where the plane passes through.
    components : ndarray, shape (D, K)
        W: orthonormal columns; the entry of largest size in each column is positive.
    variances : ndarray, shape (K,)
        Eigenvalues of S = sum_n (x_n - mean)(x_n - mean)^T / N, in falling order.
    total_variance : float
        Trace of S: the variance of all directions, kept or not.
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    total_variance: float

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Scores W^T (x - mean) of points (n, D); shape (n, K)."""
        return (_points(x, len(self.mean), "x") - self.mean) @ self.components

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Points mean + W z on the plane, from scores (n, K); shape (n, D)."""
        return self.mean + _points(z, len(self.variances), "z") @ self.components.T

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """The nearest point of the plane to each of the points (n, D)."""
        return self.decode(self.encode(x))

    def keep(self, k: int) -> PCA:
        """The same analysis with the first `k` components only; 0 leaves the mean."""
        if not 0 <= k <= len(self.variances):
            raise ValueError(f"k must lie between 0 and the {len(self.variances)} kept, got {k}")
        return replace(self, components=self.components[:, :k], variances=self.variances[:k])

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Decode scores drawn from a Gaussian with the variances of the data; shape (n, D)."""
        return self.decode(rng.normal(size=(n, len(self.variances))) * np.sqrt(self.variances))


def fit_pca(x: np.ndarray, k: int | None = None, *, method: str = "auto") -> PCA:
    """The first `k` principal components of points (n, D), computed in float64.

    Parameters
    ----------
    x : ndarray, shape (n, D)
        One example a row; flatten pictures with `x.reshape(len(x), -1)`.
    k : int, optional
        Number of components; all min(n - 1, D) when left out. Directions in which the data
        do not vary are completed to an orthonormal basis, with variance 0.
    method : {"auto", "covariance", "gram", "svd"}
        Eigenvectors of the D x D covariance, of the n x n matrix of inner products, or the
        singular value decomposition. All three give the same answer; "auto" takes the cheapest.

    Raises
    ------
    ValueError
        If x is not a finite table of two or more rows, or k or the method does not exist.
    """
    x = _checked(x)
    n, dim = x.shape
    most = min(n - 1, dim)
    k = most if k is None else k
    if not 1 <= k <= most:
        raise ValueError(f"{n} points in {dim} dimensions have 1 to {most} components, got k={k}")
    mean = x.mean(axis=0, dtype=np.float64)
    centred = x - mean  # (n, D), float64
    variances, components = _solver(method, n, dim)(centred, k)
    total = float(np.vdot(centred, centred)) / n
    return PCA(mean, _fix_signs(components), np.maximum(variances, 0.0), total)


def by_covariance(centred: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Leading eigenvalues (k,) and eigenvectors (D, k) of X^T X / N; the cost is that of D^3."""
    return _leading(centred.T @ centred / len(centred), k)


def by_gram(centred: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same from the n x n matrix X X^T / N: if X X^T u = c u, then X^T X (X^T u) = c X^T u.

    The columns X^T u are orthogonal but of length sqrt(c), down to zero. Householder's QR gives
    them length 1, removes from the short ones what rounding mixed in from the long ones, and
    completes the basis where c = 0.
    """
    variances, u = _leading(centred @ centred.T / len(centred), k)
    return variances, np.linalg.qr(centred.T @ u)[0]


def by_svd(centred: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same from X = U Sigma V^T: the columns of V, with variances Sigma^2 / N."""
    _, singular, vt = np.linalg.svd(centred, full_matrices=False)
    return singular[:k] ** 2 / len(centred), vt[:k].T


METHODS = ("covariance", "gram", "svd")


def _solver(method: str, n: int, dim: int) -> Callable:
    """The function of this name; "auto" works on the smaller of the two square matrices.

    Where they are about equal it takes the covariance, which needs no way back from u to W.
    """
    if method == "auto":
        return by_gram if 1.5 * n < dim else by_covariance
    if method not in METHODS:
        raise ValueError(f"method must be 'auto' or one of {METHODS}, got {method!r}")
    return dict(zip(METHODS, (by_covariance, by_gram, by_svd), strict=True))[method]


def _leading(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest eigenvalues of a symmetric matrix in falling order, and their eigenvectors.

    Very few are found by Lanczos' method, few by bisection, many by divide and conquer.
    """
    m = len(matrix)
    found = _lanczos(matrix, k) if 50 * k < m else None
    if found is None:
        few = {"driver": "evr", "subset_by_index": [m - k, m - 1]} if 8 * k < m else {}
        options = {"driver": "evd", "overwrite_a": True, "check_finite": False} | few
        found = linalg.eigh(matrix, **options)
    values, vectors = found
    # copied: matrix products with backward strides do not reach the fast BLAS routine
    return values[::-1][:k].copy(), np.ascontiguousarray(vectors[:, ::-1][:, :k])


def _lanczos(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The k largest eigenvalues, in rising order, with eigenvectors; None if not proved in time.

    Lanczos' method may miss a copy of a repeated eigenvalue. A Cholesky factor of the shifted
    remainder c I - (S - W Lambda W^T) exists only if no eigenvalue above c is left, so that of
    c = lambda_k, raised by no more than rounding, proves that the largest have been found.
    """
    m, scaled = len(matrix), matrix / (np.trace(matrix) or 1.0)
    start = np.random.default_rng(0).normal(size=m)
    try:
        values, w = eigsh(scaled, k, which="LA", v0=start, maxiter=20)
        rest = (w * values) @ w.T - scaled
        rest[np.diag_indices(m)] += values[0] + m * np.finfo(float).eps * values[-1]
        linalg.cholesky(rest, overwrite_a=True, check_finite=False)
    except (ArpackError, linalg.LinAlgError):
        return None
    return values * np.trace(matrix), w


def _fix_signs(components: np.ndarray) -> np.ndarray:
    """Flip columns so that the entry of largest size is positive: the answer is then unique."""
    largest = np.abs(components).argmax(axis=0)
    return components * np.where(components[largest, np.arange(components.shape[1])] < 0, -1, 1)


def _checked(x: np.ndarray) -> np.ndarray:
    """`x` as an array of two or more finite rows."""
    x = np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"x must be (n, D), got {x.shape}; flatten with x.reshape(len(x), -1)")
    if len(x) < 2 or x.shape[1] < 1:
        raise ValueError(f"x must have at least 2 rows and 1 column, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("x must be finite; it holds nan or infinity")
    return x


def _points(x: np.ndarray, width: int, name: str) -> np.ndarray:
    """`x` as rows of the right width."""
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != width:
        raise ValueError(f"{name} must be (n, {width}), got shape {x.shape}")
    return x
