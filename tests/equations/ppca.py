"""Checks of the equations of the lesson on eigenfaces and probabilistic PCA."""

import numpy as np
from scipy import integrate, optimize, stats

from lib import metrics, pca, ppca
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(23)


def data(n: int = 60, dim: int = 5) -> np.ndarray:
    """Correlated points away from the origin."""
    random = rng()
    return random.normal(size=(n, dim)) @ random.normal(size=(dim, dim)) + np.arange(dim)


def by_loops(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues in falling order and eigenvectors of S, added up point by point."""
    mean = sum(x) / len(x)
    s = sum(np.outer(p - mean, p - mean) for p in x) / len(x)
    values, vectors = np.linalg.eig(s)
    order = np.argsort(-values.real)
    return values.real[order], vectors.real[:, order]


def some_model(dim: int = 4, k: int = 2) -> ppca.PPCA:
    random = rng()
    return ppca.PPCA(random.normal(size=dim), random.normal(size=(dim, k)), 0.3)


@checks("eq-face-sample", by="moments of 200,000 samples against the covariance of the data")
def sample():
    """Scores of variance lambda_k on all components give the data's mean and covariance."""
    x = data()
    drawn = pca.fit_pca(x).sample(200_000, rng())
    s = np.cov(x.T, bias=True)
    scale = np.sqrt(np.outer(np.diag(s), np.diag(s)))
    np.testing.assert_allclose(drawn.mean(axis=0), x.mean(axis=0), atol=0.03 * scale.max() ** 0.5)
    np.testing.assert_allclose(np.cov(drawn.T) / scale, s / scale, atol=0.02)


@checks("eq-ppca-model", "eq-ppca-marginal", by="integration over the latent number, and scipy")
def marginal():
    """The integral of p(z) p(x | z) over z is the Gaussian with covariance W W^T + sigma^2 I."""
    model = some_model(dim=3, k=1)
    noise = np.sqrt(model.noise_variance)

    def joint(z: float, x: np.ndarray) -> float:
        return (
            stats.norm.pdf(z)
            * stats.norm.pdf(x, model.mean + model.weights[:, 0] * z, noise).prod()
        )

    c = model.weights @ model.weights.T + model.noise_variance * np.eye(3)
    for x in model.sample(5, rng()):
        total = integrate.quad(joint, -12, 12, args=(x,), epsabs=1e-13, limit=200)[0]
        assert np.isclose(np.log(total), stats.multivariate_normal(model.mean, c).logpdf(x))
        assert np.isclose(np.log(total), model.log_prob(x[None])[0])
    drawn = model.sample(200_000, rng())
    np.testing.assert_allclose(np.cov(drawn.T), c, atol=0.03 * np.abs(c).max())


@checks(
    "eq-ppca-posterior", by="conditioning the joint Gaussian of (z, x) with its full covariance"
)
def posterior():
    """M^-1 W^T (x - mean) and sigma^2 M^-1 are mean and covariance of z given x."""
    model = some_model()
    c = model.weights @ model.weights.T + model.noise_variance * np.eye(4)
    x = model.sample(6, rng())
    gain = model.weights.T @ np.linalg.inv(c)  # cov(z, x) cov(x)^-1
    mean, covariance = model.posterior(x)
    np.testing.assert_allclose(mean, (x - model.mean) @ gain.T, atol=1e-12)
    np.testing.assert_allclose(covariance, np.eye(2) - gain @ model.weights, atol=1e-12)
    m = model.weights.T @ model.weights + model.noise_variance * np.eye(2)
    formula = np.linalg.solve(m, model.weights.T @ (x - model.mean).T).T
    np.testing.assert_allclose(formula, (x - model.mean) @ gain.T, atol=1e-12)
    np.testing.assert_allclose(model.noise_variance * np.linalg.inv(m), covariance, atol=1e-12)


@checks("eq-ppca-bayes", by="scipy's density with the full D x D covariance")
def density_from_posterior():
    """Misfit at the posterior mean m, length of m and log det M add up to log p(x)."""
    model = some_model(dim=6, k=3)
    w, noise = model.weights, model.noise_variance
    big_m = w.T @ w + noise * np.eye(3)
    x = model.sample(8, rng()) + 1.0
    m = np.linalg.solve(big_m, w.T @ (x - model.mean).T).T
    misfit = np.sum((x - model.mean - m @ w.T) ** 2, axis=1) / noise
    constants = 3 * np.log(noise) + np.log(np.linalg.det(big_m)) + 6 * np.log(2 * np.pi)
    formula = -0.5 * (misfit + np.sum(m**2, axis=1) + constants)
    want = stats.multivariate_normal(model.mean, w @ w.T + noise * np.eye(6)).logpdf(x)
    np.testing.assert_allclose(formula, want, atol=1e-10)


@checks("eq-ppca-trace", by="the trace of a product of full matrices, for any loading matrix")
def trace_of_directions():
    """tr(C^-1 S) = tr(S) / sigma^2 - sum of a_k u_k^T S u_k; the leading eigenvectors win."""
    s, noise, random = np.cov(data().T, bias=True), 0.4, rng()

    def direct(w: np.ndarray) -> float:
        return np.trace(np.linalg.inv(w @ w.T + noise * np.eye(5)) @ s)

    top = by_loops(data())[1][:, :2]
    for _ in range(20):
        w = random.normal(size=(5, 2))
        values, vectors = np.linalg.eigh(w @ w.T)
        u, c = vectors[:, ::-1][:, :2], values[::-1][:2] + noise
        weights = 1 / noise - 1 / c
        along = [u[:, k] @ s @ u[:, k] for k in (0, 1)]
        assert np.isclose(np.trace(s) / noise - weights @ along, direct(w), atol=1e-10)
        assert direct(top * np.sqrt(c - noise)) < direct(w)


@checks("eq-ppca-loglik", by="scipy's density, averaged over the points")
def average_loglik():
    """The mean log-density is -1/2 (D log 2 pi + log det C + tr(C^-1 S)), for any C."""
    x, random = data(), rng()
    s = np.cov(x.T, bias=True)
    for _ in range(3):
        c = (root := random.normal(size=(5, 5))) @ root.T + np.eye(5)
        formula = -0.5 * (
            5 * np.log(2 * np.pi) + np.log(np.linalg.det(c)) + np.trace(np.linalg.inv(c) @ s)
        )
        want = stats.multivariate_normal(x.mean(axis=0), c).logpdf(x).mean()
        assert np.isclose(formula, want, atol=1e-10)


@checks("eq-ppca-split", by="scipy's density of a covariance put together from eigenvectors")
def split_loglik():
    """With C's axes along eigenvectors of S, determinant and trace are sums over directions."""
    x, k, noise = data(), 2, 0.4
    values, vectors = by_loops(x)
    c = np.array([3.0, 1.1])
    full = vectors @ np.diag([*c, *[noise] * 3]) @ vectors.T
    formula = -0.5 * (
        5 * np.log(2 * np.pi)
        + np.sum(np.log(c) + values[:k] / c)
        + 3 * np.log(noise)
        + values[k:].sum() / noise
    )
    want = stats.multivariate_normal(x.mean(axis=0), full).logpdf(x).mean()
    assert np.isclose(formula, want, atol=1e-10)


def search(s: np.ndarray, k: int, start: np.ndarray) -> float:
    """Largest average log-likelihood that an optimiser finds over all W and sigma^2."""
    dim = len(s)

    def minus(theta: np.ndarray) -> float:
        w = theta[:-1].reshape(dim, k)
        c = w @ w.T + np.exp(theta[-1]) * np.eye(dim)
        return 0.5 * (
            dim * np.log(2 * np.pi) + np.linalg.slogdet(c)[1] + np.trace(np.linalg.solve(c, s))
        )

    return -optimize.minimize(minus, start).fun


@checks(
    "eq-ppca-ml", "eq-ppca-best", by="a general optimiser from ten starts, and other eigenvectors"
)
def maximum_likelihood():
    """No W and sigma^2 beat the closed form, an optimiser reaches it, other eigenvectors do not."""
    x, k = data(), 2
    values, vectors = by_loops(x)
    s, random = np.cov(x.T, bias=True), rng()
    noise = values[k:].mean()
    best = -0.5 * (5 * np.log(2 * np.pi) + 5 + np.log(values[:k]).sum() + (5 - k) * np.log(noise))
    found = [search(s, k, random.normal(size=5 * k + 1)) for _ in range(10)]
    assert max(found) < best + 1e-7
    assert np.isclose(max(found), best, atol=1e-6)
    model = ppca.fit_ppca(x, k)
    assert np.isclose(model.log_prob(x).mean(), best, atol=1e-10)
    w = vectors[:, :k] @ np.diag(np.sqrt(values[:k] - noise))
    np.testing.assert_allclose(model.covariance(), w @ w.T + noise * np.eye(5), atol=1e-10)
    others = [(0, 2), (1, 2), (0, 3)]
    for kept in others:
        left = np.delete(values, kept)
        worse = 5 + np.log(values[list(kept)]).sum() + 3 * np.log(left.mean())
        assert -0.5 * (5 * np.log(2 * np.pi) + worse) < best - 1e-3


@checks("eq-ppca-distances", by="scipy's density with the full D x D covariance")
def two_distances():
    """Distance in the plane, distance from it, and log variances add up to log p(x)."""
    x, k = data(), 2
    values, vectors = by_loops(x)
    noise = values[k:].mean()
    c = vectors[:, :k] @ np.diag(values[:k] - noise) @ vectors[:, :k].T + noise * np.eye(5)
    centred = x - x.mean(axis=0)
    z = centred @ vectors[:, :k]
    rest = np.sum((centred - z @ vectors[:, :k].T) ** 2, axis=1)
    constants = np.log(values[:k]).sum() + 3 * np.log(noise) + 5 * np.log(2 * np.pi)
    formula = -0.5 * (np.sum(z**2 / values[:k], axis=1) + rest / noise + constants)
    want = stats.multivariate_normal(x.mean(axis=0), c).logpdf(x)
    np.testing.assert_allclose(formula, want, atol=1e-10)


@checks("eq-ppca-shrink", by="conditioning the joint Gaussian; a sequence of noise going to zero")
def shrinking():
    """The posterior mean is PCA's standardised score, shrunk; without noise it is that score."""
    x, k = data(), 2
    values, vectors = by_loops(x)
    model, signs = ppca.fit_ppca(x, k), np.ones(k)
    for j in range(k):  # eigenvectors have no sign
        signs[j] = np.sign(vectors[:, j] @ model.weights[:, j])
    z = (x - x.mean(axis=0)) @ vectors[:, :k] * signs
    gain = model.weights.T @ np.linalg.inv(model.covariance())
    noise = values[k:].mean()
    formula = np.sqrt(1 - noise / values[:k]) * z / np.sqrt(values[:k])
    np.testing.assert_allclose(formula, (x - model.mean) @ gain.T, atol=1e-10)
    for noise in (1e-3, 1e-6):
        w = vectors[:, :k] * signs * np.sqrt(values[:k] - noise)
        mean, covariance = ppca.PPCA(x.mean(axis=0), w, noise).posterior(x)
        np.testing.assert_allclose(mean, z / np.sqrt(values[:k]), atol=10 * noise)
        assert covariance.max() < 10 * noise


@checks("eq-face-sharpness", by="the mean over every example, and over samples of a Gaussian")
def sharpness():
    """Mean squared gradient = that of the mean + tr(G C G^T), for all data with these moments."""
    random = rng()
    x = random.gamma(1.0, size=(80, 6)) @ random.normal(size=(6, 20)) / 5
    pictures = x.reshape(-1, 4, 5)
    basis = np.eye(20).reshape(20, 4, 5)
    down = basis[:, 1:, :-1] - basis[:, :-1, :-1]
    right = basis[:, :-1, 1:] - basis[:, :-1, :-1]
    g = np.concatenate([down, right], axis=1).reshape(20, -1).T  # all differences x all pixels
    c = np.cov(x.T, bias=True)
    formula = np.sum((g @ x.mean(axis=0)) ** 2) + np.trace(g @ c @ g.T)
    assert np.isclose(np.mean(metrics.sharpness(pictures) ** 2) * 12, formula)  # 3 x 4 places
    drawn = random.multivariate_normal(x.mean(axis=0), c, size=50_000).reshape(-1, 4, 5)
    assert np.isclose(np.mean(metrics.sharpness(drawn) ** 2) * 12, formula, rtol=0.03)


@checks("eq-face-midpoint", by="averaging pictures, pixel by pixel")
def midpoint():
    """Decoding the average of two codes gives the average of the two pictures."""
    x = data()
    plane = pca.fit_pca(x, 3)
    z = plane.encode(x)
    a, b = (plane.mean + sum(z[i, k] * plane.components[:, k] for k in range(3)) for i in (0, 7))
    got = plane.decode((z[[0]] + z[[7]]) / 2)[0]
    np.testing.assert_allclose(got, [(p + q) / 2 for p, q in zip(a, b, strict=True)], atol=1e-12)
