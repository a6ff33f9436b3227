"""Checks of the equations of the lesson on PCA from approximation."""

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import ortho_group

from lib.pca import fit_pca
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(23)


def cloud(n: int, dim: int) -> np.ndarray:
    """Points away from the origin, with a tilted covariance."""
    random = rng()
    return random.normal(size=(n, dim)) @ random.normal(size=(dim, dim)) + 3


def centred(n: int, dim: int) -> np.ndarray:
    x = cloud(n, dim)
    return x - x.mean(axis=0)


def any_plane(dim: int, k: int, seed: int = 0) -> np.ndarray:
    """Orthonormal columns, uniformly at random."""
    return ortho_group.rvs(dim, random_state=seed)[:, :k]


def loop_error(x: np.ndarray, w: np.ndarray) -> float:
    """Mean squared distance to the plane through 0, point by point, by least squares."""
    total = 0.0
    for point in x:
        z = np.linalg.lstsq(w, point, rcond=None)[0]
        total += np.sum((point - w @ z) ** 2)
    return total / len(x)


def slope(f, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences in every entry."""
    out = np.empty_like(at)
    for index in np.ndindex(at.shape):
        move = np.zeros_like(at)
        move[index] = step
        out[index] = (f(at + move) - f(at - move)) / (2 * step)
    return out


@checks("eq-pca-pythagoras", by="the nearest point of the line, found by a numerical search")
def pythagoras():
    """The squared distance to the line plus the squared score is the squared length."""
    random = rng()
    for _ in range(20):
        x, w = random.normal(size=5), any_plane(5, 1, int(random.integers(1000)))[:, 0]
        nearest = minimize_scalar(lambda t, x=x, w=w: np.sum((x - t * w) ** 2))
        assert np.isclose(nearest.x, w @ x, atol=1e-6)
        assert np.isclose(nearest.fun, np.sum((x - w * (w @ x)) ** 2))
        assert np.isclose(x @ x, (w @ x) ** 2 + nearest.fun)


@checks("eq-pca-angle", by="a search over angles, for random covariances")
def angle():
    """The angle of the formula and the angle of largest variance agree, modulo 180 degrees."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        s = np.cov(random.normal(size=(9, 2)).T)
        angles = np.linspace(0, np.pi, 20_001)
        w = np.stack([np.cos(angles), np.sin(angles)])
        variance = np.sum(w * (s @ w), axis=0)
        best = angles[variance.argmax()]
        left, right = (s[0, 0] - s[1, 1]) * np.sin(2 * best), 2 * s[0, 1] * np.cos(2 * best)
        assert np.isclose(left, right, atol=1e-3 * np.trace(s))
        formula = np.arctan2(2 * s[0, 1], s[0, 0] - s[1, 1]) / 2
        assert abs(np.sin(formula - best)) < 1e-3


@checks("eq-pca-objective", "eq-pca-error", by="a general optimiser over all planes, ten starts")
def objective():
    """BFGS on ||X - X Q Q^T||^2 / N, with Q from a QR, ends at the sum of dropped eigenvalues."""
    x = centred(25, 5)
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    for k in (1, 2, 4):

        def lost(flat, k=k):
            q = np.linalg.qr(flat.reshape(5, k))[0]
            return np.sum((x - x @ q @ q.T) ** 2) / len(x)

        starts = rng().normal(size=(10, 5 * k))
        best = min((minimize(lost, start) for start in starts), key=lambda run: run.fun)
        assert np.isclose(best.fun, values[k:].sum(), rtol=1e-6)
        q, w = np.linalg.qr(best.x.reshape(5, k))[0], fit_pca(x, k).components
        assert np.allclose(q @ q.T, w @ w.T, atol=1e-3)
        assert np.isclose(loop_error(x, w), values[k:].sum())


@checks("eq-pca-mean", by="the distances to shifted planes, point by point")
def mean():
    """The error of a plane through b is that of the plane through the mean plus the offset's."""
    x, w = cloud(12, 4), any_plane(4, 2)
    mu, off = x.mean(axis=0), np.eye(4) - w @ w.T
    for b in rng().normal(size=(5, 4)):
        want = loop_error(x - mu, w) + np.sum((off @ (mu - b)) ** 2)
        assert np.isclose(loop_error(x - b, w), want)
        assert loop_error(x - b, w) > loop_error(x - mu, w)


@checks("eq-pca-trace", by="distances point by point and variances of scores, for random planes")
def trace():
    """Error is the total variance minus the variance of the scores."""
    x = centred(15, 6)
    for k in (1, 3, 6):
        w = any_plane(6, k, seed=k)
        kept = sum(np.var(x @ column) for column in w.T)
        assert np.isclose(loop_error(x, w), np.var(x, axis=0).sum() - kept)


@checks("eq-pca-lagrangian", "eq-pca-stationary", by="finite differences of the Lagrangian")
def lagrangian():
    """The slope in W is 2 S W - 2 W A; it vanishes at rotated eigenvectors, A = R Lambda R^T."""
    x, random = centred(30, 5), rng()
    s = x.T @ x / 30
    values, vectors = np.linalg.eigh(s)

    def value(w, a):
        return np.trace(w.T @ s @ w) - np.trace(a @ (w.T @ w - np.eye(2)))

    half = random.normal(size=(2, 2))
    for w, a in ((random.normal(size=(5, 2)), half + half.T), (any_plane(5, 2), np.eye(2))):
        numeric = slope(lambda w, a=a: value(w, a), w)
        assert np.allclose(numeric, 2 * s @ w - 2 * w @ a, atol=1e-6 * np.trace(s))
        assert np.abs(numeric).max() > 0.1  # not stationary
    turn = ortho_group.rvs(2, random_state=1)
    w, a = vectors[:, [4, 1]] @ turn, turn.T @ np.diag(values[[4, 1]]) @ turn
    assert abs(a[0, 1]) > 0.1
    assert np.allclose(s @ w, w @ a)
    assert np.allclose(slope(lambda w: value(w, a), w), 0, atol=1e-6 * np.trace(s))
    assert np.allclose(slope(lambda a: value(w, a), a), 0, atol=1e-6)


@checks("eq-pca-eigen", "eq-pca-scores", by="the library's components against numpy's covariance")
def eigen():
    """S W = W Lambda for all shapes, and the scores have the covariance Lambda."""
    for n, dim in ((30, 6), (6, 30)):
        x = cloud(n, dim)
        pca = fit_pca(x)
        s, w = np.cov(x.T, bias=True), pca.components
        assert np.allclose(s @ w, w * pca.variances, atol=1e-10 * np.trace(s))
        scores = np.cov(pca.encode(x).T, bias=True)
        assert np.allclose(scores, np.diag(pca.variances), atol=1e-10 * np.trace(s))


@checks("eq-pca-kyfan", by="random planes, and the weights c_j one by one")
def ky_fan():
    """The weights lie in [0, 1] and add to K; no plane keeps more than the top eigenvalues."""
    x = centred(30, 6)
    s = x.T @ x / 30
    values, vectors = np.linalg.eigh(s)
    values, vectors = values[::-1], vectors[:, ::-1]
    for seed in range(200):
        k = 1 + seed % 5
        w = any_plane(6, k, seed)
        c = np.array([np.sum((w.T @ v) ** 2) for v in vectors.T])
        assert c.min() >= 0
        assert c.max() <= 1 + 1e-12
        assert np.isclose(c.sum(), k)
        assert np.isclose(sum((x @ column).var() for column in w.T), values @ c)
        assert values @ c <= values[:k].sum()
        top = vectors[:, :k] @ ortho_group.rvs(k, random_state=seed) if k > 1 else vectors[:, :1]
        assert np.isclose(np.trace(top.T @ s @ top), values[:k].sum())


@checks("eq-pca-svd", by="numpy's SVD against numpy's covariance")
def svd():
    """V diagonalises the covariance, with the squared singular values over N."""
    for n, dim in ((20, 4), (4, 20)):
        x = centred(n, dim)
        _, sigma, vt = np.linalg.svd(x, full_matrices=False)
        s = np.cov(x.T, bias=True)
        assert np.allclose(vt.T @ np.diag(sigma**2 / n) @ vt, s, atol=1e-10 * np.trace(s))
        k = 2  # Eckart and Young: the truncated SVD is the projection on k components
        w = fit_pca(x, k).components
        cut = np.linalg.svd(x, full_matrices=False)[0][:, :k] * sigma[:k] @ vt[:k]
        assert np.allclose(x @ w @ w.T, cut, atol=1e-9)


@checks("eq-pca-gram", by="the covariance, formed in full, on the mapped eigenvectors")
def gram():
    """X^T u is an eigenvector of S with the eigenvalue of u, and has squared length N lambda."""
    x = centred(7, 40)
    s = np.cov(x.T, bias=True)
    values, vectors = np.linalg.eigh(x @ x.T / 7)
    for value, u in zip(values[1:], vectors.T[1:], strict=True):  # the first is zero: centred
        w = x.T @ u
        assert np.allclose(s @ w, value * w, atol=1e-10 * np.trace(s))
        assert np.isclose(w @ w, 7 * value)
    assert np.isclose(values.sum(), np.trace(s))


@checks("eq-pca-one-more", by="distances to the two planes by least squares, for new points")
def one_more():
    """A further orthonormal direction lowers the error of every point by its squared score."""
    w, mu = any_plane(6, 4), rng().normal(size=6)
    for x in rng().normal(size=(20, 6)):
        for k in range(1, 4):
            gain = loop_error((x - mu)[None], w[:, :k]) - loop_error((x - mu)[None], w[:, : k + 1])
            assert np.isclose(gain, (w[:, k] @ (x - mu)) ** 2, atol=1e-12)


@checks("eq-pca-uncentred", by="a loop over the points against numpy's covariance")
def uncentred():
    """The second moments are the covariance plus the outer product of the mean."""
    x = cloud(11, 4)
    total = np.zeros((4, 4))
    for point in x:
        total += np.outer(point, point) / len(x)
    mu = x.mean(axis=0)
    assert np.allclose(total, np.cov(x.T, bias=True) + np.outer(mu, mu))
