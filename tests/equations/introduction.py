"""Checks of the equations of the introduction."""

import numpy as np
from scipy import integrate
from scipy.stats import entropy, kstest, multivariate_normal, norm

from lib.class_gaussians import ClassGaussians, fit_class_gaussians
from lib.datasets.toys import Mixture
from tests.equations import checks


def small_model(seed: int, classes: int = 3, d: int = 2) -> ClassGaussians:
    """Class Gaussians with random parameters."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(classes, d, d))
    covariances = mixing @ mixing.swapaxes(1, 2) + 0.3 * np.eye(d)
    return ClassGaussians(
        rng.dirichlet(np.ones(classes)), rng.normal(size=(classes, d)), covariances
    )


@checks("eq-intro-joint", by="integrating the library's density over the plane, class by class")
def joint():
    """The joint density integrates to p(y) in x for every y, with the stated mean."""
    model = small_model(0)
    ticks = np.linspace(-14, 14, 561)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    density, cell = np.exp(model.log_joint(grid)), (ticks[1] - ticks[0]) ** 2
    assert np.allclose(density.sum(axis=0) * cell, model.priors, atol=1e-6)
    means = (density.T @ grid) * cell / model.priors[:, None]
    assert np.allclose(means, model.means, atol=1e-5)


@checks("eq-intro-bayes", by="the share of classes among draws that fall into a small square")
def bayes():
    """Of all pairs drawn from the joint, those near x have their classes in the shares p(y | x)."""
    model = small_model(1)
    x, y = model.sample(400_000, np.random.default_rng(2))
    spot = model.means[0]
    near = np.abs(x - spot).max(axis=1) < 0.15
    shares = np.bincount(y[near], minlength=3) / near.sum()
    ticks = np.linspace(-0.15, 0.15, 7)
    around = spot + np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    weights = np.exp(model.log_prob(around))
    want = weights @ model.posterior(around) / weights.sum()
    assert near.sum() > 1000
    assert np.allclose(shares, want, atol=0.04)
    assert np.allclose(np.exp(model.log_prob(x[:9])), np.exp(model.log_joint(x[:9])).sum(axis=1))


@checks("eq-intro-inverse", by="a Kolmogorov-Smirnov test against direct draws from the components")
def inverse():
    """Even numbers sent through the inverse are distributed like draws component by component."""
    mixture, rng = Mixture([0.3, 0.7], [-2, 2], [0.9, 0.6]), np.random.default_rng(0)
    x = mixture.inverse_cdf(rng.random(20_000))
    assert kstest(x, mixture.sample(20_000, rng)).pvalue > 1e-4
    assert kstest(x, Mixture([0.35, 0.65], [-2, 2], [0.9, 0.6]).cdf).pvalue < 1e-4


@checks("eq-intro-cdf", by="counting u below F(a), and integrating the density numerically")
def distribution_function():
    """The share of x up to a is the share of u up to F(a), and F is the integral of p."""
    mixture = Mixture([0.3, 0.7], [-2, 2], [0.9, 0.6])
    u = (np.arange(10_000) + 0.5) / 10_000
    x = mixture.inverse_cdf(u)
    for a in (-3.1, -1.0, 0.3, 2.2):
        area = integrate.quad(mixture.density, -12, a, limit=200)[0]
        assert abs(np.mean(x <= a) - area) < 2e-4
        assert np.mean(x <= a) == np.mean(u <= mixture.cdf(a))


@checks("eq-intro-affine", by="scipy's density and the sample moments of a million mapped numbers")
def affine():
    """Means and covariances of the mapped numbers are the stated ones, for every class."""
    model, rng = small_model(3), np.random.default_rng(0)
    z = rng.standard_normal((300_000, 2))
    for y in range(3):
        x = model.decode(z, np.full(len(z), y))
        assert np.allclose(x.mean(axis=0), model.means[y], atol=0.03)
        assert np.allclose(np.cov(x.T), model.covariances[y], atol=0.06)
        depth = multivariate_normal(model.means[y], model.covariances[y]).logpdf(x[:50])
        change = np.log(np.diag(np.linalg.cholesky(model.covariances[y]))).sum()
        assert np.allclose(depth, norm.logpdf(z[:50]).sum(axis=1) - change)


@checks("eq-intro-mean", by="summing over all outcomes of a random discrete distribution")
def mean_is_best():
    """The expected squared error splits into the variance and the distance to the mean."""
    rng = np.random.default_rng(4)
    x, p = rng.normal(size=(7, 5)), rng.dirichlet(np.ones(7))
    middle = p @ x

    def error(a):
        return sum(q * np.sum((row - a) ** 2) for q, row in zip(p, x, strict=True))

    for _ in range(20):
        a = rng.normal(size=5)
        assert np.isclose(error(a), error(middle) + np.sum((middle - a) ** 2))


@checks("eq-intro-kl", by="scipy.stats.entropy, and its sign over random pairs")
def divergence():
    """The stated sum is scipy's relative entropy: positive, zero only for equal distributions."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        p, q = rng.dirichlet(np.ones(6), size=2)
        ours = sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
        assert np.isclose(ours, entropy(p, q))
        assert ours > 0
        near = p + 0.01 * (q - p)  # convex with its least value 0 at p: below the chord
        assert 0 < np.sum(p * np.log(p / near)) < 0.01 * ours


@checks("eq-intro-ml", by="a list of examples against the table of their shares")
def likelihood_is_divergence():
    """KL from the shares is minus entropy minus the average log-likelihood of the examples."""
    rng = np.random.default_rng(6)
    examples = rng.integers(0, 5, size=200)
    share = np.bincount(examples, minlength=5) / 200
    for _ in range(20):
        model = rng.dirichlet(np.ones(5))
        kl = np.sum(share * (np.log(share) - np.log(model)))
        entropy = -np.sum(share * np.log(share))
        average = sum(np.log(model[k]) for k in examples) / 200
        assert np.isclose(kl, -entropy - average)


@checks("eq-intro-rubbish", by="adding densities before the logarithm, on samples of both kinds")
def rubbish():
    """The mixture with 99 % noise is below the good model by at most log 100 nats."""
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.normal(0.5, 0.05, (200, 2)), rng.random((200, 2))])
    good = fit_class_gaussians(x[:200], np.zeros(200, int))
    mixed = np.log(np.exp(good.log_prob(x)) / 100 + 99 / 100)
    assert np.all(mixed >= good.log_prob(x) - np.log(100))
    assert np.all(mixed <= np.maximum(good.log_prob(x), 0.0))  # and between its two parts
    surest = rng.normal(0.5, 0.0005, (50, 2))
    sharp = fit_class_gaussians(surest, np.zeros(50, int))
    gap = sharp.log_prob(surest) - np.log(np.exp(sharp.log_prob(surest)) / 100 + 99 / 100)
    assert np.max(gap) > np.log(100) - 0.05  # the bound is nearly reached: it is no larger
