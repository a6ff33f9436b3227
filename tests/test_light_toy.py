"""The toy that can be integrated: its grid against scipy's quadrature, sums against samples."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats
from scipy.special import expit

from lib import light_toy
from lib.light_toy import SIDES, LightToy, all_pictures, balance, data_distribution

X = all_pictures()
SOME = X[[0, 200, 205, 204, 255]]


def joint(z: float, x: np.ndarray, theta: float) -> float:
    p = expit(theta * SIDES * z)
    return stats.norm.pdf(z) * np.where(x == 1, p, 1 - p).prod()


@pytest.mark.parametrize("theta", [0.3, 1.5, 4.0])
def test_log_prob_is_the_integral(theta):
    want = [integrate.quad(joint, -10, 10, args=(x, theta), limit=200)[0] for x in SOME]
    np.testing.assert_allclose(LightToy(theta).log_prob(SOME), np.log(want), atol=1e-8)


def test_probabilities_of_all_pictures_sum_to_one():
    assert np.isclose(np.exp(LightToy(2.0).log_prob(X)).sum(), 1)
    assert np.isclose(data_distribution().sum(), 1)
    np.testing.assert_allclose(LightToy(0.0).log_prob(X), -8 * np.log(2))


def test_the_posterior_is_bayes_rule():
    toy = LightToy(2.0)
    at = [1500, 2000, 2300]
    for x, log_p, density in zip(SOME, toy.log_prob(SOME), toy.posterior(SOME), strict=True):
        want = [joint(z, x, 2.0) / np.exp(log_p) for z in toy.z[at]]
        np.testing.assert_allclose(density[at], want)
        assert np.isclose(integrate.simpson(density, x=toy.z), 1)


def test_samples_have_the_probabilities_of_the_model():
    toy, n = LightToy(1.0), 200_000
    x = toy.sample(n, np.random.default_rng(0))
    counts = np.bincount(x @ 2 ** np.arange(7, -1, -1), minlength=256)
    order = X @ 2 ** np.arange(7, -1, -1)
    expected = n * np.exp(toy.log_prob(X))
    assert stats.chisquare(counts[order], expected * n / expected.sum()).pvalue > 1e-4


def test_rate_is_the_closed_form():
    mean, std = np.array([0.0, 1.2, -0.4]), np.array([1.0, 0.3, 1.5])
    want = 0.5 * (std**2 + mean**2 - 1 - np.log(std**2))
    np.testing.assert_allclose(LightToy(1.0).rate(mean, std), want, atol=1e-9)


def test_distortion_is_an_average_over_draws():
    toy, rng = LightToy(1.5), np.random.default_rng(1)
    z = rng.normal(0.7, 0.5, size=100_000)
    p = expit(1.5 * SIDES * z[:, None])
    for x in SOME:
        values = np.log(np.where(x == 1, p, 1 - p)).sum(axis=1)
        error = 5 * values.std() / len(z) ** 0.5
        assert abs(toy.distortion(x[None], 0.7, 0.5)[0] + values.mean()) < error


@pytest.mark.parametrize("theta", [0.5, 2.0])
def test_bound_plus_gap_is_log_prob(theta):
    toy = LightToy(theta)
    rng = np.random.default_rng(2)
    mean, std = rng.normal(size=256), rng.uniform(0.2, 1.5, size=256)
    gap = toy.gap(X, mean, std)
    assert np.all(gap > 0)
    np.testing.assert_allclose(toy.elbo(X, mean, std) + gap, toy.log_prob(X), atol=1e-7)


def test_the_best_gaussian_leaves_a_small_gap():
    toy, x = LightToy(2.0), SOME[2:3]

    def gap(v):
        return toy.gap(x, v[0], np.exp(v[1]))[0]

    assert 0 < optimize.minimize(gap, [0.5, 0.0]).fun < 0.05


def test_data_are_noisy_halves():
    p, rng = data_distribution(0.1), np.random.default_rng(3)
    lit = np.where(SIDES > 0, 1, 0)
    n = 100_000
    left = rng.uniform(size=(n, 1)) < 0.5
    x = np.where(left, lit, 1 - lit) ^ (rng.uniform(size=(n, 8)) < 0.1)
    counts = np.bincount(x @ 2 ** np.arange(7, -1, -1), minlength=256)
    assert stats.chisquare(counts[X @ 2 ** np.arange(7, -1, -1)], n * p).pvalue > 1e-4


def test_balance_counts_agreeing_pixels():
    assert balance(np.where(SIDES > 0, 1, 0)[None]) == 4
    np.testing.assert_array_equal(balance(np.ones((2, 8), dtype=int)), 0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="zeros and ones"):
        light_toy.balance(np.full((1, 8), 0.5))
    with pytest.raises(ValueError, match="std must be above zero"):
        LightToy(1.0).rate(0.0, 0.0)
