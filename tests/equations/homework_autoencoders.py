"""Checks of the equations in the homework on autoencoders."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from lib import homework_autoencoders_denoisers as denoisers
from lib import homework_autoencoders_frechet as frechet_checks
from tests.equations import checks


@checks("eq-hw-ae-loss", by="the trace form with the matrix of second moments")
def loss():
    """The mean of the squared lengths is tr((I - BA) S (I - BA)^T) with S = x^T x / N."""
    rng = np.random.default_rng(0)
    A, B, x = rng.normal(size=(2, 4)), rng.normal(size=(4, 2)), rng.normal(1, 2, size=(7, 4))
    summed = sum(np.linalg.norm(row - B @ (A @ row)) ** 2 for row in x) / 7
    rest = np.eye(4) - B @ A
    assert np.isclose(summed, np.trace(rest @ (x.T @ x / 7) @ rest.T))


@checks("eq-hw-ae-tied", by="the sum of the squares that an orthonormal W leaves out")
def tied():
    """With orthonormal columns, Pythagoras gives the loss of tied weights."""
    rng = np.random.default_rng(1)
    x, W = rng.normal(size=(9, 5)), np.linalg.qr(rng.normal(size=(5, 2)))[0]
    summed = sum(np.linalg.norm(row - W @ (W.T @ row)) ** 2 for row in x) / 9
    assert np.isclose(summed, ((x**2).sum() - ((x @ W) ** 2).sum()) / 9)


MIXTURE = np.array([0.3, 0.7]), np.array([-1.0, 1.5]), np.array([0.4, 0.1])


@checks("eq-hw-ae-mixture", by="SciPy's normal densities and quadrature: it integrates to one")
def mixture():
    """The weights are probabilities, and the variances are variances."""
    weights, means, variances = MIXTURE

    def density(x: float) -> float:
        return weights @ norm.pdf(x, means, np.sqrt(variances))

    assert np.isclose(quad(density, -10, 10)[0], 1)
    spread = weights @ (variances + means**2) - (weights @ means) ** 2
    centre = quad(lambda x: x * density(x), -10, 10)[0]
    assert np.isclose(quad(lambda x: (x - centre) ** 2 * density(x), -10, 10)[0], spread)


@checks("eq-hw-ae-denoiser", by="quadrature over the clean x, and a step uphill in log p_sigma")
def denoiser():
    """The mean of x given the noisy x is the weighted mean over the components."""
    weights, means, variances, sigma = *MIXTURE, 0.8
    wide = variances + sigma**2
    for noisy in (-2.0, 0.1, 0.6, 3.0):

        def joint(x: float, noisy: float = noisy) -> float:
            clean = weights @ norm.pdf(x, means, np.sqrt(variances))
            return clean * norm.pdf(noisy, x, sigma)

        limits = {"limit": 200, "points": [-1.0, 1.5]}
        top = quad(lambda x, joint=joint: x * joint(x), -12, 12, **limits)[0]
        exact = top / quad(joint, -12, 12, **limits)[0]
        r = weights * norm.pdf(noisy, means, np.sqrt(wide))
        inside = means + variances / wide * (noisy - means)
        assert np.isclose(r @ inside / r.sum(), exact, atol=1e-7)
        at, mu = np.array([[noisy]]), means[:, None]
        assert np.isclose(
            denoisers.uphill(at, weights, mu, variances, sigma)[0, 0], exact, atol=1e-7
        )


@checks("eq-hw-ae-frechet", by="a search over the joint Gaussians of two given Gaussians")
def frechet():
    """No joint Gaussian brings the two closer than d^2, and the best one attains it."""
    rng = np.random.default_rng(2)
    L1, L2, gap = rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)
    S1, S2 = L1 @ L1.T, L2 @ L2.T
    angle = np.linspace(0, 2 * np.pi, 20001)
    c, s = np.cos(angle), np.sin(angle)
    turns = np.concatenate([np.array([[c, -s], [s, c]]), np.array([[c, s], [s, -c]])], axis=2)
    shared = np.einsum("ij,jkn,ik->n", L1, turns, L2)  # E[a . b] when b's noise is a's, turned
    least = gap @ gap + np.trace(S1 + S2) - 2 * shared.max()
    half = frechet_checks._root(S1)
    formula = gap @ gap + np.trace(S1 + S2 - 2 * frechet_checks._root(half @ S2 @ half))
    assert np.isclose(formula, least, atol=1e-6)
    pairs = multivariate_normal(np.zeros(2), np.eye(2)).rvs(4000, random_state=3)
    a, b = pairs @ L1.T, gap + pairs @ turns[:, :, shared.argmax()].T @ L2.T
    assert np.isclose(((a - b) ** 2).sum(axis=1).mean(), formula, rtol=0.1)
