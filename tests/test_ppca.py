"""Probabilistic PCA against scipy's Gaussian, scikit-learn, conditioning and its own maximum."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, ortho_group
from sklearn.decomposition import PCA as Peer

from lib.pca import fit_pca
from lib.ppca import PPCA, fit_ppca, ppca_from


def cloud(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Points with a tilted covariance, away from the origin."""
    return rng.normal(size=(n, dim)) @ rng.normal(size=(dim, dim)) + 3 * rng.normal(size=dim)


def some_model(rng: np.random.Generator, dim: int, k: int, noise: float = 0.3) -> PPCA:
    """Any loading matrix, its columns not orthogonal."""
    return PPCA(rng.normal(size=dim), rng.normal(size=(dim, k)), noise)


@pytest.mark.parametrize(("dim", "k"), [(6, 2), (6, 5), (1, 0), (5, 0), (4, 4), (3, 7), (200, 3)])
@pytest.mark.parametrize("noise", [1e-3, 0.3, 50.0])
def test_log_prob_equals_scipy(rng, dim, k, noise):
    model = some_model(rng, dim, k, noise)
    x = model.sample(20, rng)
    want = multivariate_normal(model.mean, model.covariance()).logpdf(x)
    np.testing.assert_allclose(model.log_prob(x), want, rtol=1e-8)


@pytest.mark.parametrize(("n", "dim", "k"), [(60, 8, 1), (60, 8, 5), (500, 20, 19)])
def test_equals_scikit_learn(rng, n, dim, k):
    """The peer divides by N - 1: rescaled by sqrt((N - 1) / N), its data have our covariance."""
    x, new = cloud(rng, n, dim), cloud(rng, 10, dim)
    shrunk = (x - x.mean(axis=0)) * np.sqrt((n - 1) / n)
    peer, model = Peer(k, svd_solver="full").fit(shrunk), fit_ppca(x, k)
    assert model.noise_variance == pytest.approx(peer.noise_variance_)
    np.testing.assert_allclose(model.covariance(), peer.get_covariance(), atol=1e-9)
    want = peer.score_samples(new - x.mean(axis=0))
    np.testing.assert_allclose(model.log_prob(new), want, rtol=1e-9)


def test_fewer_points_than_dimensions(rng):
    """sigma^2 averages all D - K dropped eigenvalues, the D - N + 1 zeros too.

    scikit-learn 1.7 averages the computed ones only, which is not the maximum of the likelihood.
    """
    x = cloud(rng, 40, 90)
    model, values = fit_ppca(x, 12), np.linalg.eigvalsh(np.cov(x.T, bias=True))
    assert model.noise_variance == pytest.approx(values[:-12].mean())
    gaussian = multivariate_normal(x.mean(axis=0), model.covariance())
    np.testing.assert_allclose(model.log_prob(x), gaussian.logpdf(x), rtol=1e-10)


def mean_log_prob(x, mean, weights, noise):
    return PPCA(mean, weights, noise).log_prob(x).mean()


@pytest.mark.parametrize(("n", "dim", "k"), [(80, 7, 3), (12, 20, 4)])
def test_gradient_vanishes_at_the_fit(rng, n, dim, k):
    """By central differences, in the mean, every loading and the noise."""
    x = cloud(rng, n, dim)
    m, h = fit_ppca(x, k), 1e-5
    parameters = np.concatenate([m.mean, m.weights.ravel(), [m.noise_variance]])

    def value(p):
        return mean_log_prob(x, p[:dim], p[dim:-1].reshape(dim, k), p[-1])

    steps = h * np.eye(len(parameters))
    slope = np.array([value(parameters + s) - value(parameters - s) for s in steps]) / (2 * h)
    wrong = parameters * 1.01
    elsewhere = np.array([value(wrong + s) - value(wrong - s) for s in steps]) / (2 * h)
    assert np.abs(slope).max() < 1e-5 < 1e-2 < np.abs(elsewhere).max()


@pytest.mark.parametrize(("n", "dim", "k"), [(80, 7, 3), (12, 20, 4)])
def test_nothing_near_or_far_is_more_likely(rng, n, dim, k):
    x = cloud(rng, n, dim)
    m = fit_ppca(x, k)
    best = m.log_prob(x).mean()
    for size in np.geomspace(1e-3, 1, 60):
        weights = m.weights + size * rng.normal(size=(dim, k))
        assert mean_log_prob(x, m.mean, weights, m.noise_variance) < best
        assert mean_log_prob(x, m.mean, m.weights, m.noise_variance * (1 + size)) < best
        assert mean_log_prob(x, m.mean, m.weights, m.noise_variance / (1 + size)) < best
    full = fit_pca(x)
    for skipped in range(k):  # another choice of eigenvectors is a saddle, not the maximum
        order = [i for i in range(len(full.variances)) if i != skipped][:k]
        noise = (full.total_variance - full.variances[order].sum()) / (dim - k)
        scale = np.sqrt(np.maximum(full.variances[order] - noise, 0))
        assert mean_log_prob(x, m.mean, full.components[:, order] * scale, noise) < best


def em_step(x: np.ndarray, m: PPCA) -> PPCA:
    """Expectation and maximisation, Tipping and Bishop (1999), equations 25 to 28."""
    z, cov = m.posterior(x)
    second = len(x) * cov + z.T @ z
    centred = x - x.mean(axis=0)
    weights = np.linalg.solve(second, z.T @ centred).T
    left = (centred**2).sum() - 2 * np.vdot(z, centred @ weights)
    noise = (left + np.trace(second @ weights.T @ weights)) / x.size
    return PPCA(x.mean(axis=0), weights, noise)


def test_em_climbs_to_the_fit_and_stays_there(rng):
    x = cloud(rng, 100, 6) * np.array([4, 3, 1, 1, 1, 1])
    fit = fit_ppca(x, 2)
    after = em_step(x, fit)
    np.testing.assert_allclose(after.weights, fit.weights, atol=1e-9)
    assert after.noise_variance == pytest.approx(fit.noise_variance)
    m, values = PPCA(x.mean(axis=0), rng.normal(size=(6, 2)), 1.0), []
    for _ in range(3000):
        values.append(m.log_prob(x).mean())
        m = em_step(x, m)
    assert np.all(np.diff(values) > -1e-12)
    assert values[-1] == pytest.approx(fit.log_prob(x).mean(), abs=1e-8)
    np.testing.assert_allclose(m.covariance(), fit.covariance(), atol=1e-3)


def test_rotated_latents_are_the_same_model(rng):
    m = some_model(rng, 6, 3)
    turned = PPCA(m.mean, m.weights @ ortho_group.rvs(3, random_state=0), m.noise_variance)
    x = m.sample(10, rng)
    np.testing.assert_allclose(turned.log_prob(x), m.log_prob(x), rtol=1e-10)


@pytest.mark.parametrize(("dim", "k"), [(5, 2), (2, 4), (4, 1)])
def test_posterior_is_the_conditioned_joint(rng, dim, k):
    """Condition the joint Gaussian of (z, x) on x by its blocks."""
    m = some_model(rng, dim, k)
    x = m.sample(7, rng)
    gain = m.weights.T @ np.linalg.inv(m.weights @ m.weights.T + m.noise_variance * np.eye(dim))
    mean, cov = m.posterior(x)
    np.testing.assert_allclose(mean, (x - m.mean) @ gain.T, atol=1e-10)
    np.testing.assert_allclose(cov, np.eye(k) - gain @ m.weights, atol=1e-10)


def test_bayes_rule(rng):
    """log p(z) + log p(x | z) - log p(z | x) is log p(x), at any z."""
    m = some_model(rng, 5, 2)
    x, z = m.sample(1, rng), rng.normal(size=2)
    mean, cov = m.posterior(x)
    terms = (
        multivariate_normal(np.zeros(2), np.eye(2)).logpdf(z),
        multivariate_normal(m.mean + m.weights @ z, m.noise_variance * np.eye(5)).logpdf(x[0]),
        -multivariate_normal(mean[0], cov).logpdf(z),
    )
    assert sum(terms) == pytest.approx(m.log_prob(x)[0], abs=1e-10)


def test_sample_moments(rng):
    m = some_model(rng, 4, 2)
    x, scale = m.sample(200_000, rng), m.covariance().max()
    np.testing.assert_allclose(x.mean(axis=0), m.mean, atol=5 * np.sqrt(scale / len(x)))
    np.testing.assert_allclose(np.cov(x.T), m.covariance(), atol=8 * scale / np.sqrt(len(x)))


def test_covariance_of_the_fit_is_that_of_the_data_in_the_kept_plane(rng):
    x = cloud(rng, 60, 6)
    pca, m = fit_pca(x), fit_ppca(x, 2)
    want = pca.components.T @ m.covariance() @ pca.components
    noise = pca.variances[2:].mean()
    np.testing.assert_allclose(want, np.diag([*pca.variances[:2], *[noise] * 4]), atol=1e-9)


def test_held_out_likelihood_finds_the_number_of_components(rng):
    """Unlike the reconstruction error, it stops rising at the true K."""
    truth = PPCA(np.zeros(15), 2 * rng.normal(size=(15, 4)), 0.5)
    train, test = truth.sample(2000, rng), truth.sample(2000, rng)
    pca = fit_pca(train)
    scores = [ppca_from(pca, k).log_prob(test).mean() for k in range(1, 15)]
    errors = [((test - pca.keep(k).reconstruct(test)) ** 2).sum() for k in range(1, 15)]
    assert 1 + int(np.argmax(scores)) == 4
    assert np.all(np.diff(errors) < 0)


def test_large_pictures_without_a_matrix_of_their_size(rng):
    """D = 100,000: the explicit covariance would need 80 GB."""
    m = some_model(rng, 100_000, 3)
    x = m.sample(3, rng)
    z, cov = m.posterior(x)
    entropy = 0.5 * (100_000 * np.log(2 * np.pi * np.e * 0.3) - np.linalg.slogdet(cov)[1])
    spread = np.sqrt(100_000 / 2)
    assert np.all(np.abs(m.log_prob(x) + entropy) < 6 * spread)
    assert z.shape == (3, 3)


def test_fit_from_an_analysis_equals_the_direct_fit(rng):
    x = cloud(rng, 50, 9)
    direct, pca = fit_ppca(x, 3), fit_pca(x)
    for m in (ppca_from(pca, 3), ppca_from(pca.keep(3))):
        np.testing.assert_allclose(m.weights, direct.weights, atol=1e-9)
        assert m.noise_variance == pytest.approx(direct.noise_variance)


@pytest.mark.parametrize("n", [8, 60])
def test_no_variance_left_for_the_noise(rng, n):
    low = rng.normal(size=(n, 3)) @ rng.normal(size=(3, 20))  # rank 3
    fit_ppca(low, 2)
    with pytest.raises(ValueError, match="the first 3 components hold all the variance"):
        fit_ppca(low, 3)
    with pytest.raises(ValueError, match="take a smaller k"):
        fit_ppca(rng.normal(size=(50, 4)), 4)


def test_bad_input(rng):
    with pytest.raises(ValueError, match=r"weights must be \(4, K\).*\(5, 2\)"):
        PPCA(np.zeros(4), np.zeros((5, 2)), 1.0)
    for noise in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="noise_variance must be above zero"):
            PPCA(np.zeros(4), np.zeros((4, 2)), noise)
    with pytest.raises(ValueError, match=r"x must be \(n, 4\), got shape \(4,\)"):
        PPCA(np.zeros(4), np.zeros((4, 2)), 1.0).log_prob(np.zeros(4))
    with pytest.raises(ValueError, match="1 to 3 components"):
        fit_ppca(rng.normal(size=(4, 9)), 5)
