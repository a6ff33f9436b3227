"""Divergences against scipy, torch, integrals and moments; the fits against theory."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import MultivariateNormal, kl_divergence

from lib import divergence, gaussian
from lib.datasets.toy_plane import Gaussians
from lib.datasets.toys import Mixture
from lib.divergence import cross_entropy, entropy, jensen_shannon, kl, kl_gaussians

# ------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("shape", [(2,), (7,), (3, 4)])
def test_tables_equal_scipy(rng, shape):
    q, p = rng.dirichlet(np.ones(np.prod(shape)), size=2).reshape(2, *shape)
    assert entropy(q) == pytest.approx(stats.entropy(q.ravel()))
    assert kl(q, p) == pytest.approx(stats.entropy(q.ravel(), p.ravel()))
    assert cross_entropy(q, p) == pytest.approx(kl(q, p) + entropy(q))


def test_a_sure_thing_costs_nothing_and_an_even_choice_its_logarithm():
    assert entropy([0, 1, 0]) == 0
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(3 * np.log(2))
    assert kl([0, 1, 0], np.full(3, 1 / 3)) == pytest.approx(np.log(3))


def test_excluded_events_cost_everything_unless_they_never_happen():
    assert kl([0.5, 0.5], [1, 0]) == np.inf
    assert cross_entropy([0.5, 0.5], [1, 0]) == np.inf
    assert kl([1, 0], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert cross_entropy([1, 0], [1, 0]) == 0


def test_merging_symbols_never_adds_divergence(rng):
    for _ in range(50):
        q, p = rng.dirichlet(np.ones(8), size=2).reshape(2, 4, 2)
        assert kl(q.sum(axis=1), p.sum(axis=1)) <= kl(q, p) + 1e-12


def test_jensen_shannon_is_the_information_about_which_table_was_used(rng):
    """Mutual information of a fair coin and the symbol drawn from the table that it chose."""
    p, q = rng.dirichlet(np.ones(5), size=2)
    joint = np.stack([p, q]) / 2
    information = kl(joint, np.outer(joint.sum(axis=1), joint.sum(axis=0)))
    assert jensen_shannon(p, q) == pytest.approx(information)
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("bad", [[0.5, 0.6], [1.2, -0.2], [np.nan, 1], []])
def test_tables_must_be_probabilities(bad):
    good = np.full(max(len(bad), 1), 1 / max(len(bad), 1))
    for function in (entropy, lambda t: kl(t, good), lambda t: cross_entropy(good, t)):
        with pytest.raises(ValueError, match="sum to 1"):
            function(bad)


def test_tables_must_match():
    with pytest.raises(ValueError, match="one shape"):
        kl([0.5, 0.5], [0.2, 0.3, 0.5])


# ----------------------------------------------------------------------------- densities


@pytest.mark.parametrize(
    ("q", "p"),
    [
        (stats.norm(1, 0.7), stats.norm(0, 1)),
        (stats.laplace(0, 1), stats.norm(0.3, 2)),
        (stats.norm(0, 1), stats.logistic(0, 0.5)),
    ],
)
def test_grid_quadrature_and_samples_agree(rng, q, p):
    z = np.linspace(-25, 25, 100_001)
    want = integrate.simpson(q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), x=z)
    assert divergence.kl_grid(q.logpdf(z), p.logpdf(z), z[1] - z[0]) == pytest.approx(want)
    assert divergence.kl_integral(q.logpdf, p.logpdf, -25, 25) == pytest.approx(want)
    x = q.rvs(100_000, random_state=rng)
    found, error = divergence.monte_carlo_kl(q.logpdf(x), p.logpdf(x))
    assert abs(found - want) < 5 * error


def test_quadrature_finds_a_narrow_peak():
    q, p = stats.norm(7.3, 0.05), stats.norm(7, 0.1)
    want = kl_gaussians(7.3, 0.05**2, 7, 0.1**2)
    assert divergence.kl_integral(q.logpdf, p.logpdf, 0, 12) == pytest.approx(want)


def test_grid_in_two_dimensions(rng):
    axis = np.linspace(-8, 8, 201)
    points = np.stack(np.meshgrid(axis, axis), axis=-1)
    q = stats.multivariate_normal([0.5, -0.3], [[1, 0.4], [0.4, 0.8]])
    p = stats.multivariate_normal([0, 0], [[1.5, 0], [0, 1]])
    found = divergence.kl_grid(q.logpdf(points), p.logpdf(points), (axis[1] - axis[0]) ** 2)
    assert found == pytest.approx(kl_gaussians(q.mean, q.cov, p.mean, p.cov))


def test_infinite_where_p_has_nothing():
    z = np.linspace(-1, 3, 4001)
    with np.errstate(divide="ignore"):
        q, p = (np.log((z >= low) & (z < low + 1)) for low in (0, 0.5))
    assert divergence.kl_grid(q, p, 0.001) == np.inf
    assert divergence.kl_grid(q, q, 0.001) == 0


def test_standard_error_is_that_of_the_mean(rng):
    ratio = rng.gamma(2.0, size=50)
    found, error = divergence.monte_carlo_kl(ratio, np.zeros(50))
    assert (found, error) == pytest.approx((ratio.mean(), stats.sem(ratio)))


def test_what_cannot_be_right_is_refused():
    z = np.linspace(-1, 1, 101)
    with pytest.raises(ValueError, match="wider or finer"):
        divergence.kl_grid(stats.norm.logpdf(z), stats.norm.logpdf(z), 0.02)
    with pytest.raises(ValueError, match="one value a point"):
        divergence.kl_grid(z, z[:-1], 0.02)
    with pytest.raises(ValueError, match="low < high"):
        divergence.kl_integral(stats.norm.logpdf, stats.norm.logpdf, 1, 1)
    with pytest.raises(ValueError, match="two or more samples"):
        divergence.monte_carlo_kl(np.zeros(1), np.zeros(1))


# ----------------------------------------------------------------------------- Gaussians


def gaussians(rng, k):
    roots = rng.normal(size=(2, k, k))
    return rng.normal(size=(2, k)), roots @ roots.swapaxes(1, 2) + 0.3 * np.eye(k)


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_gaussians_equal_torch(rng, k):
    means, covs = gaussians(rng, k)
    pair = [MultivariateNormal(*map(torch.tensor, g)) for g in zip(means, covs, strict=True)]
    ours = kl_gaussians(means[0], covs[0], means[1], covs[1])
    assert ours == pytest.approx(kl_divergence(*pair).item())
    assert kl_gaussians(means[0], covs[0], means[0], covs[0]) == pytest.approx(0, abs=1e-10)


def test_full_and_diagonal_forms_agree(rng):
    mean, log_var = rng.normal(size=(2, 6))
    ours = kl_gaussians(mean, np.diag(np.exp(log_var)), np.zeros(6), np.eye(6))
    torch_form = gaussian.kl_to_standard_normal(*torch.tensor(np.stack([mean, log_var]))[:, None])
    assert ours == pytest.approx(torch_form.item())


def test_a_change_of_coordinates_changes_nothing(rng):
    means, covs = gaussians(rng, 4)
    a, b = rng.normal(size=(4, 4)), rng.normal(size=4)
    moved = [(a @ m + b, a @ c @ a.T) for m, c in zip(means, covs, strict=True)]
    before = kl_gaussians(means[0], covs[0], means[1], covs[1])
    assert kl_gaussians(*moved[0], *moved[1]) == pytest.approx(before)


@pytest.mark.parametrize(
    ("mean", "cov", "message"),
    [
        ([0, 0], [[1, 0.5], [0.2, 1]], "symmetric"),
        ([0, 0], [[1, 2], [2, 1]], "positive definite"),
        ([0], np.eye(2), "covariance"),
    ],
)
def test_covariances_must_be_covariances(mean, cov, message):
    with pytest.raises(ValueError, match=message):
        kl_gaussians(mean, cov, [0, 0], np.eye(2))


def test_means_must_have_one_length():
    with pytest.raises(ValueError, match="one length"):
        kl_gaussians([0], [[1]], [0, 0], np.eye(2))


# ---------------------------------------------------------------------------------- fits

LINE = np.linspace(-12, 12, 1201)


@pytest.mark.parametrize("start", [-4, 0, 3])
def test_covering_fit_has_the_moments(start):
    p = Mixture([0.2, 0.5, 0.3], [-3, 0.5, 2], [0.4, 0.7, 0.3])
    fit = divergence.fit_covering(p.log_prob, LINE, 0.02, start, 1)
    mean = p.weights @ p.means
    variance = p.weights @ (p.stds**2 + p.means**2) - mean**2
    np.testing.assert_allclose(fit.mean, [mean], atol=1e-3)
    np.testing.assert_allclose(fit.covariance, [[variance]], rtol=1e-3)
    q = stats.norm(fit.mean[0], np.sqrt(fit.covariance[0, 0]))
    assert fit.kl == pytest.approx(divergence.kl_grid(p.log_prob(LINE), q.logpdf(LINE), 0.02))


def test_both_fits_find_a_gaussian(rng):
    (mean, start), (cov, _) = gaussians(rng, 2)
    p = stats.multivariate_normal(mean, cov)
    axis = np.linspace(-9, 9, 151)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    cell = (axis[1] - axis[0]) ** 2
    for fit in (
        divergence.fit_covering(p.logpdf, points, cell, start, np.eye(2)),
        divergence.fit_seeking(p.logpdf, start, np.eye(2)),
    ):
        np.testing.assert_allclose(fit.mean, mean, atol=5e-3)
        np.testing.assert_allclose(fit.covariance, cov, atol=2e-2)
        assert abs(fit.kl) < 1e-3


@pytest.mark.parametrize(("start", "component"), [(-3.0, 0), (4.0, 1)])
def test_seeking_fit_settles_on_a_mode_for_its_logarithm(start, component):
    p = Mixture([0.7, 0.3], [-4, 4], [0.5, 0.8])
    fit = divergence.fit_seeking(p.log_prob, start, 1)
    np.testing.assert_allclose(fit.mean, p.means[component], atol=1e-2)
    np.testing.assert_allclose(fit.covariance, p.stds[component] ** 2, rtol=1e-2)
    assert fit.kl == pytest.approx(-np.log(p.weights[component]), abs=1e-3)
    q = stats.norm(fit.mean[0], np.sqrt(fit.covariance[0, 0]))
    integral = divergence.kl_integral(q.logpdf, p.log_prob, -12, 12)
    assert fit.kl == pytest.approx(integral, abs=1e-5)


def test_plane_fits_cover_and_seek():
    p = Gaussians([[-3, -1], [3, 1]], 0.6, [0.6, 0.4])
    axis = np.linspace(-7, 7, 141)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    wide = divergence.fit_covering(p.log_prob, points, 0.01, [0, 0], np.eye(2))
    narrow = divergence.fit_seeking(p.log_prob, [-2, 0], np.eye(2))
    centre = p.weights @ p.centres
    spread = p.centres.T @ np.diag(p.weights) @ p.centres - np.outer(centre, centre)
    np.testing.assert_allclose(wide.mean, centre, atol=1e-2)
    np.testing.assert_allclose(wide.covariance, spread + 0.36 * np.eye(2), atol=2e-2)
    np.testing.assert_allclose(narrow.mean, p.centres[0], atol=1e-2)
    assert narrow.kl == pytest.approx(-np.log(0.6), abs=1e-3)


def test_grid_must_hold_the_mass():
    p = Mixture([1], [0], [1])
    with pytest.raises(ValueError, match="mass"):
        divergence.fit_covering(p.log_prob, np.linspace(0, 9, 100), 0.09, 0, 1)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_normal_grid_has_the_moments_of_a_standard_normal(k):
    points, weights = divergence.normal_grid(k)
    np.testing.assert_allclose(weights @ points, np.zeros(k), atol=1e-12)
    np.testing.assert_allclose(points.T @ (weights[:, None] * points), np.eye(k), atol=1e-6)
    np.testing.assert_allclose(weights @ points**4, np.full(k, 3.0), rtol=1e-3)
