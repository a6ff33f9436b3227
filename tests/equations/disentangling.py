"""Checks of the equations of the lesson on disentangling."""

from itertools import product

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.stats import ortho_group

from lib import metrics, pca, ppca
from lib.likelihoods import FixedGaussian
from lib.vae import mlp_vae
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(45)


def gap_of_best_diagonal(covariance: np.ndarray) -> float:
    """Smallest KL(q || N(0, covariance)) over Gaussians q with a diagonal covariance, by search."""
    precision = np.linalg.inv(covariance)
    k = len(covariance)

    def divergence(log_s2: np.ndarray) -> float:
        s2 = np.exp(log_s2)
        log_ratio = np.linalg.slogdet(covariance)[1] - log_s2.sum()
        return 0.5 * (np.diag(precision) @ s2 - k + log_ratio)

    return optimize.minimize(divergence, np.zeros(k), tol=1e-12).fun


@checks("eq-dis-rotation", by="scipy's density of the turned model, at random points")
def rotation():
    """Turning the loading matrix leaves the density of every point as it is."""
    random = rng()
    w, turn = random.normal(size=(5, 3)), ortho_group.rvs(3, random_state=1)
    x = random.normal(size=(20, 5))
    turned = stats.multivariate_normal(np.zeros(5), (w @ turn) @ (w @ turn).T + 0.3 * np.eye(5))
    np.testing.assert_allclose(ppca.PPCA(np.zeros(5), w, 0.3).log_prob(x), turned.logpdf(x))


@checks("eq-dis-gap", by="a search over all diagonal Gaussians, at random loading matrices")
def gap():
    """The best diagonal q stays below log p(x) by half of sum log M_kk - log det M."""
    random = rng()
    for k in (2, 3, 4):
        w = random.normal(size=(6, k))
        m = w.T @ w + 0.4 * np.eye(k)
        formula = 0.5 * (np.log(np.diag(m)).sum() - np.linalg.slogdet(m)[1])
        covariance = ppca.PPCA(np.zeros(6), w, 0.4).posterior(np.zeros((1, 6)))[1]
        np.testing.assert_allclose(formula, gap_of_best_diagonal(covariance), atol=1e-6)
        assert formula > 0.01


@checks("eq-dis-45", by="a search over all diagonal Gaussians for the fitted model, turned")
def gap_at_45_degrees():
    """Two principal axes turned by 45 degrees cost log of arithmetic over geometric mean."""
    random = rng()
    x = random.normal(size=(400, 4)) @ np.diag([3.0, 1.5, 0.4, 0.4])
    fit, (a, b) = ppca.fit_ppca(x, 2), pca.fit_pca(x).variances[:2]
    turn = np.sqrt(0.5) * np.array([[1, -1], [1, 1]])
    turned = ppca.PPCA(fit.mean, fit.weights @ turn, fit.noise_variance)
    found = gap_of_best_diagonal(turned.posterior(x[:1])[1])
    np.testing.assert_allclose(np.log((a + b) / (2 * np.sqrt(a * b))), found, atol=1e-6)


@checks("eq-dis-lagrangian", by="the gradient of the library's loss and of the Lagrangian")
def lagrangian():
    """Distortion + beta (rate - C) has the gradient of the beta-VAE's loss, whatever C is."""
    torch.manual_seed(0)
    model = mlp_vae((4,), 2, FixedGaussian(0.5), hidden=(5,), beta=3.0)
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    parameters = list(model.parameters())

    def gradient(of) -> list[torch.Tensor]:
        return torch.autograd.grad(of(torch.Generator().manual_seed(2)), parameters)

    def with_constraint(generator) -> torch.Tensor:
        distortion, rate = model.terms(x, generator=generator)
        return distortion.mean() + 3.0 * (rate.mean() - 1.7)

    ours = gradient(lambda generator: model.loss(x, generator=generator)["loss"])
    for a, b in zip(ours, gradient(with_constraint), strict=True):
        torch.testing.assert_close(a, b)


def scalar_optimum(variance: float, noise: float, beta: float) -> tuple[float, float]:
    """Mean squared error and rate of the best linear code of N(0, variance), by search."""

    def parts(theta: np.ndarray) -> tuple[float, float]:
        w, v, log_s2 = theta
        error = (1 - w * v) ** 2 * variance + w**2 * np.exp(log_s2)
        return error, 0.5 * (np.exp(log_s2) + v**2 * variance - 1 - log_s2)

    def loss(theta: np.ndarray) -> float:
        error, rate = parts(theta)
        return error / (2 * noise) + beta * rate

    starts = [np.array([0.5, 0.5, 0.0]), np.array([1.0, 0.2, -1.0])]
    return parts(min((optimize.minimize(loss, s, tol=1e-12) for s in starts), key=_value).x)


def _value(result) -> float:
    return result.fun


@checks("eq-dis-water", by="a search over all linear encoders and decoders of one variable")
def water():
    """Errors are min(variance, level), rates half the log of variance over level, or 0."""
    for variance, beta in product((0.05, 0.5, 2.0, 8.0), (1, 4)):
        error, rate = scalar_optimum(variance, 0.1, beta)
        np.testing.assert_allclose(error, min(variance, 0.1 * beta), atol=2e-4)
        formula = max(0.0, 0.5 * np.log(variance / (0.1 * beta)))
        np.testing.assert_allclose(rate, formula, atol=2e-4)


@checks("eq-dis-slope", by="differences along the curve of optimal codes found by search")
def slope():
    """Between two close values of beta, distortion falls by about beta for each nat of rate."""
    for beta in (1.0, 3.0, 6.0):
        ends = [
            np.sum([scalar_optimum(v, 0.1, b) for v in (2.0, 5.0)], axis=0)
            for b in (0.95 * beta, 1.05 * beta)
        ]
        (error_a, rate_a), (error_b, rate_b) = ends
        found = (error_b - error_a) / (2 * 0.1) / (rate_b - rate_a)
        np.testing.assert_allclose(found, -beta, rtol=0.02)


@checks("eq-dis-parts", by="enumeration of five pictures and codes of three by four values")
def parts():
    """The average rate is information + total correlation + one divergence for each entry."""
    random = rng()
    q = random.dirichlet(np.ones(12), size=5).reshape(5, 3, 4)
    prior_1, prior_2 = random.dirichlet(np.ones(3)), random.dirichlet(np.ones(4))
    mixed = sum(q) / 5
    rate = information = correlation = each = 0.0
    for n, i, j in product(range(5), range(3), range(4)):
        weight = q[n, i, j] / 5
        one, two = sum(mixed[i, b] for b in range(4)), sum(mixed[a, j] for a in range(3))
        rate += weight * np.log(q[n, i, j] / (prior_1[i] * prior_2[j]))
        information += weight * np.log(q[n, i, j] / mixed[i, j])
        correlation += weight * np.log(mixed[i, j] / (one * two))
        each += weight * (np.log(one / prior_1[i]) + np.log(two / prior_2[j]))
    np.testing.assert_allclose(rate, information + correlation + each, atol=1e-12)
    assert min(information, correlation, each) > 0


@checks("eq-dis-information", by="integration: a Gaussian pair, whose information is known")
def information():
    """H(v) - H(v | z) is -log(1 - r^2) / 2 for a Gaussian pair; the library's count is near."""
    r = 0.8

    def entropy(variance: float) -> float:
        density = stats.norm(0, np.sqrt(variance)).pdf
        return integrate.quad(lambda v: -density(v) * np.log(density(v)), -20, 20, limit=200)[0]

    exact = entropy(1.0) - entropy(1 - r**2)
    np.testing.assert_allclose(exact, -0.5 * np.log(1 - r**2), atol=1e-8)
    random = rng()
    z = random.normal(size=(40_000, 2))
    v = r * z[:, 0] + np.sqrt(1 - r**2) * random.normal(size=40_000)
    counted = metrics.mutual_information_gap(z, {"v": v}).information[:, 0]
    np.testing.assert_allclose(counted, [exact, 0], atol=0.04)


@checks("eq-dis-mig", by="probabilities of two coins counted by hand, and the library")
def mig():
    """A code of three parts for two coins has the gap that its conditional entropies give."""
    coins = np.array([[a, b] for a in (0, 1) for b in (0, 1)])
    code = np.stack([coins[:, 0], coins.sum(axis=1), coins[:, 1] * 0], axis=1)
    told = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 0.0]])  # in bits: z1 is v1, z2 is v1 + v2
    gaps = [sorted(row)[-1] - sorted(row)[-2] for row in told]
    found = metrics.mutual_information_gap(np.tile(code, (25, 1)), np.tile(coins, (25, 1)))
    np.testing.assert_allclose(found.score, sum(gaps) / 2, atol=1e-12)
    np.testing.assert_allclose(found.information.T, told * np.log(2), atol=1e-12)


@checks("eq-dis-plane", by="squared errors of full pictures drawn from random scores")
def plane():
    """The error of a picture drawn from any scores splits in the plane and out of it."""
    random = rng()
    x = random.normal(size=(50, 9)) @ random.normal(size=(9, 9))
    kept = pca.fit_pca(x, 3)
    guess = random.normal(size=(50, 3))
    drawn = x.mean(axis=0) + guess @ kept.components.T
    inside = np.sum(((x - x.mean(axis=0)) @ kept.components - guess) ** 2, axis=1)
    outside = np.linalg.norm(x - kept.reconstruct(x), axis=1) ** 2
    np.testing.assert_allclose(np.sum((x - drawn) ** 2, axis=1), inside + outside, atol=1e-9)
