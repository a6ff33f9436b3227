"""Class Gaussians: the same as scikit-learn and scipy, honest about singular fits."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from lib.class_gaussians import ClassGaussians, fit_class_gaussians


def cloud(rng, n=300, d=3, classes=3):
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    mixing = rng.normal(size=(classes, d, d))
    return np.einsum("nij,nj->ni", mixing[y], rng.normal(size=(n, d))) + 2 * y[:, None], y


def test_joint_density_is_prior_times_scipys_gaussian(rng):
    x, y = cloud(rng)
    model = fit_class_gaussians(x, y, 0.2)
    for k in range(3):
        gaussian = multivariate_normal(model.means[k], model.covariances[k])
        want = np.log(model.priors[k]) + gaussian.logpdf(x)
        np.testing.assert_allclose(model.log_joint(x)[:, k], want)
    total = sum(
        p * multivariate_normal(m, c).pdf(x)
        for p, m, c in zip(model.priors, model.means, model.covariances, strict=True)
    )
    np.testing.assert_allclose(model.log_prob(x), np.log(total))


def test_posterior_is_that_of_scikit_learn(rng):
    x, y = cloud(rng)
    peer = QuadraticDiscriminantAnalysis(store_covariance=True).fit(x, y)
    counts = np.bincount(y)
    unbiased = np.array(
        [c * k / (k - 1) for c, k in zip(own_covariances(x, y), counts, strict=True)]
    )
    model = ClassGaussians(counts / len(y), fit_class_gaussians(x, y).means, unbiased)
    np.testing.assert_allclose(model.posterior(x), peer.predict_proba(x), atol=1e-8)
    np.testing.assert_array_equal(model.classify(x), peer.predict(x))


def own_covariances(x, y):
    """Covariances of the classes by their definition, example by example."""
    found = []
    for k in range(y.max() + 1):
        centred = x[y == k] - x[y == k].mean(axis=0)
        found.append(np.mean([np.outer(row, row) for row in centred], axis=0))
    return np.array(found)


def test_fit_without_shrinkage_is_maximum_likelihood(rng):
    """The covariances are the examples' own, and every small change of a parameter is a loss."""
    x, y = cloud(rng)
    model = fit_class_gaussians(x, y, 0.0)
    np.testing.assert_allclose(model.covariances, own_covariances(x, y), atol=1e-12)

    def likelihood(m):
        return m.log_joint(x)[np.arange(len(x)), y].sum()

    best = likelihood(model)
    for _ in range(20):
        push = 0.05 * rng.normal(size=(3, 3, 3))
        covariances = model.covariances + 0.02 * (push @ push.swapaxes(1, 2)) / 0.05
        means = model.means + 0.05 * rng.normal(size=(3, 3))
        assert likelihood(ClassGaussians(model.priors, means, model.covariances)) < best
        assert likelihood(ClassGaussians(model.priors, model.means, covariances)) < best


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
def test_shrinkage_keeps_the_total_variance(rng, amount):
    x, y = cloud(rng)
    shrunk = fit_class_gaussians(x, y, amount).covariances
    np.testing.assert_allclose(
        np.trace(shrunk, axis1=1, axis2=2), np.trace(own_covariances(x, y), axis1=1, axis2=2)
    )
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(shrunk[:, off], (1 - amount) * own_covariances(x, y)[:, off])


def test_samples_have_the_moments_of_their_class(rng):
    x, y = cloud(rng)
    model = fit_class_gaussians(x, y)
    drawn, _ = model.sample(60_000, rng, np.repeat(np.arange(3), 20_000))
    for k in range(3):
        part = drawn[20_000 * k : 20_000 * (k + 1)]
        spread = np.sqrt(np.diag(model.covariances[k]).max())
        np.testing.assert_allclose(part.mean(axis=0), model.means[k], atol=0.05 * spread)
        np.testing.assert_allclose(np.cov(part.T), model.covariances[k], atol=0.06 * spread**2)


def test_classes_come_up_with_their_priors(rng):
    model = ClassGaussians(np.array([0.2, 0.8]), np.zeros((2, 1)), np.ones((2, 1, 1)))
    _, y = model.sample(20_000, rng)
    assert abs(y.mean() - 0.8) < 0.015


def test_same_generator_same_samples(rng):
    x, y = cloud(rng)
    model = fit_class_gaussians(x, y)
    first, second = (model.sample(5, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_random_zero_decodes_to_the_mean(rng):
    x, y = cloud(rng)
    model = fit_class_gaussians(x, y)
    np.testing.assert_array_equal(model.decode(np.zeros((3, 3)), np.arange(3)), model.means)


def test_mistakes_are_explained(rng):
    x, y = cloud(rng)
    with pytest.raises(ValueError, match=r"shrinkage must lie in \[0, 1\]"):
        fit_class_gaussians(x, y, 1.5)
    with pytest.raises(ValueError, match="two examples"):
        fit_class_gaussians(x[:4], np.array([0, 0, 1, 2]))
    flat = x * [1, 1, 0]
    with pytest.raises(ValueError, match="shrinkage > 0"):
        fit_class_gaussians(flat, y, 0.0).log_prob(flat)
    with pytest.raises(ValueError, match="need 3 classes"):
        fit_class_gaussians(x, y).sample(3, rng, np.array([0, 1]))
