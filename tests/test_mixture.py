"""Gaussian mixtures against scipy and scikit-learn; EM climbs; the bound lies where it should."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.mixture import GaussianMixture as Peer

from lib.class_gaussians import fit_class_gaussians
from lib.datasets import load
from lib.datasets.toys import Mixture
from lib.mixture import (
    GaussianMixture,
    cross_validate,
    e_step,
    fit_mixture,
    hard,
    lower_bound,
    m_step,
    random_start,
    round_mixture,
)


def some_mixture(rng: np.random.Generator, m: int = 3, d: int = 2) -> GaussianMixture:
    roots = rng.normal(size=(m, d, d))
    covariances = roots @ roots.swapaxes(1, 2) + 0.3 * np.eye(d)
    return GaussianMixture(rng.dirichlet(3 * np.ones(m)), 2 * rng.normal(size=(m, d)), covariances)


def some_q(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    return rng.dirichlet(np.ones(m), size=n)


@pytest.mark.parametrize(("m", "d"), [(1, 1), (1, 4), (3, 1), (4, 3), (2, 20)])
def test_density_is_the_sum_of_scipys_gaussians(rng, m, d):
    mixture = some_mixture(rng, m, d)
    x = mixture.sample(20, rng)[0]
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    p = np.array([w * stats.multivariate_normal(mean, c).pdf(x) for w, mean, c in parts])
    np.testing.assert_allclose(np.exp(mixture.log_joint(x)), p.T, rtol=1e-9)
    np.testing.assert_allclose(mixture.log_prob(x), np.log(p.sum(axis=0)), rtol=1e-9)
    np.testing.assert_allclose(mixture.responsibilities(x), (p / p.sum(axis=0)).T, atol=1e-12)


def test_density_far_away_does_not_underflow(rng):
    mixture = some_mixture(rng)
    x = np.array([[1e4, -1e4]])
    assert -np.inf < mixture.log_prob(x)[0] < -1e5
    assert mixture.responsibilities(x).sum() == pytest.approx(1)


def test_the_line_agrees_with_the_toy_of_the_introduction(rng):
    toy = Mixture([0.3, 0.7], [-2, 2], [0.9, 0.6])
    mixture = GaussianMixture(toy.weights, toy.means[:, None], toy.stds[:, None, None] ** 2)
    x = rng.uniform(-6, 6, size=(50, 1))
    np.testing.assert_allclose(mixture.log_prob(x), toy.log_prob(x[:, 0]), rtol=1e-12)


def test_samples_follow_the_density(rng):
    mixture = some_mixture(rng, 3, 1)
    x, m = mixture.sample(20_000, rng)
    toy = Mixture(mixture.weights, mixture.means[:, 0], np.sqrt(mixture.covariances[:, 0, 0]))
    assert stats.kstest(x[:, 0], toy.cdf).pvalue > 1e-3
    np.testing.assert_allclose(np.bincount(m) / len(m), mixture.weights, atol=0.02)
    for k in range(3):
        own = stats.norm(toy.means[k], toy.stds[k])
        assert stats.kstest(x[m == k, 0], own.cdf).pvalue > 1e-3


def peer_from(mixture: GaussianMixture, x: np.ndarray, steps: int) -> Peer:
    peer = Peer(
        len(mixture.weights),
        weights_init=mixture.weights,
        means_init=mixture.means,
        precisions_init=np.linalg.inv(mixture.covariances),
        reg_covar=0.0,
        tol=0.0,
        max_iter=steps,
    )
    with pytest.warns(UserWarning, match="did not converge"):  # it is stopped on purpose
        return peer.fit(x)


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
@pytest.mark.parametrize(("m", "d"), [(2, 1), (3, 2), (4, 5)])
def test_step_by_step_the_same_as_scikit_learn(rng, m, d, steps):
    x = some_mixture(rng, m, d).sample(300, rng)[0]
    start = random_start(x, m, rng)
    peer = peer_from(start, x, steps)
    mixture, history = fit_mixture(x, m, rng, start=start, steps=steps, tol=-np.inf, floor=0.0)
    assert len(history) == steps + 1
    np.testing.assert_allclose(mixture.weights, peer.weights_, atol=1e-9)
    np.testing.assert_allclose(mixture.means, peer.means_, atol=1e-8)
    np.testing.assert_allclose(mixture.covariances, peer.covariances_, atol=1e-8)
    np.testing.assert_allclose(mixture.log_prob(x), peer.score_samples(x), atol=1e-8)
    np.testing.assert_allclose(e_step(mixture, x), peer.predict_proba(x), atol=1e-9)
    assert history[-1] == pytest.approx(peer.score(x))


@pytest.mark.parametrize("seed", range(40))
def test_em_never_lowers_the_likelihood(seed):
    """Wherever it starts, with a floor or without."""
    rng = np.random.default_rng(seed)
    m, d = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    x = some_mixture(rng, m, d).sample(150, rng)[0]
    floor = [0.0, 0.05, 1.0][seed % 3]
    start = m_step(x, some_q(rng, len(x), m), floor=floor)
    _, history = fit_mixture(x, m, rng, start=start, steps=60, tol=-np.inf, floor=floor)
    assert np.all(np.diff(history) > -1e-10)


def test_history_is_the_mean_log_likelihood(rng):
    x = some_mixture(rng).sample(100, rng)[0]
    start = random_start(x, 3, rng)
    mixture, history = fit_mixture(x, 3, rng, start=start, steps=7, tol=-np.inf)
    assert history[0] == pytest.approx(start.log_prob(x).mean())
    assert history[-1] == pytest.approx(mixture.log_prob(x).mean())


def test_em_stops_when_nothing_is_gained(rng):
    x = some_mixture(rng, 2).sample(400, rng)[0]
    mixture, history = fit_mixture(x, 2, rng, tol=1e-4, steps=500)
    gains = np.diff(history)
    assert gains[-1] < 1e-4 <= gains[:-1].min()
    again = m_step(x, e_step(mixture, x), floor=1e-6)
    np.testing.assert_allclose(again.means, mixture.means, atol=0.1)


def test_the_fit_is_a_stationary_point_of_the_likelihood(rng):
    """The gradient in means, log weights and the factors of the covariances vanishes."""
    x = GaussianMixture(np.array([0.4, 0.6]), np.array([[-2.0], [2.0]]), np.ones((2, 1, 1)))
    x = x.sample(200, rng)[0]
    fit, _ = fit_mixture(x, 2, rng, steps=3000, tol=1e-14)

    def minus(t):
        weights = np.exp(t[:2]) / np.exp(t[:2]).sum()
        parts = GaussianMixture(weights, t[2:4, None], np.exp(t[4:, None, None]))
        return -parts.log_prob(x).mean()

    at = np.concatenate([np.log(fit.weights), fit.means[:, 0], np.log(fit.covariances[:, 0, 0])])
    slope = optimize.approx_fprime(at, minus, 1e-6)
    assert np.abs(slope).max() < 1e-5
    assert minus(optimize.minimize(minus, at).x) == pytest.approx(minus(at), abs=1e-8)


def kl(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.array([stats.entropy(a, b) for a, b in zip(q, p, strict=True)])


@pytest.mark.parametrize("seed", range(10))
def test_the_gap_of_the_bound_is_the_divergence(seed):
    rng = np.random.default_rng(seed)
    mixture = some_mixture(rng, 4, 3)
    x = mixture.sample(50, rng)[0] + rng.normal(size=3)
    q = some_q(rng, 50, 4)
    gap = mixture.log_prob(x) - lower_bound(mixture, x, q)
    assert gap.min() > 0
    np.testing.assert_allclose(gap, kl(q, mixture.responsibilities(x)), rtol=1e-8)
    tight = lower_bound(mixture, x, e_step(mixture, x))
    np.testing.assert_allclose(tight, mixture.log_prob(x), rtol=1e-12)


def test_a_hard_q_has_no_entropy(rng):
    mixture = some_mixture(rng)
    x = mixture.sample(30, rng)[0]
    q = hard(e_step(mixture, x))
    assert set(np.unique(q)) == {0.0, 1.0}
    np.testing.assert_allclose(lower_bound(mixture, x, q), mixture.log_joint(x).max(axis=1))


@pytest.mark.parametrize("seed", range(10))
def test_nothing_beats_the_m_step(seed):
    """For a fixed q, neither small nor large changes of any parameter raise the bound."""
    rng = np.random.default_rng(seed)
    x, q = rng.normal(size=(60, 2)) * [1, 3], some_q(rng, 60, 3)
    best = m_step(x, q)
    top = lower_bound(best, x, q).mean()
    for size in np.geomspace(1e-3, 1, 12):
        push = size * rng.normal(size=(3, 2, 2))
        tilted = best.covariances + push @ push.swapaxes(1, 2)
        weights = best.weights * np.exp(size * rng.normal(size=3))
        others = [
            GaussianMixture(weights / weights.sum(), best.means, best.covariances),
            GaussianMixture(
                best.weights, best.means + size * rng.normal(size=(3, 2)), best.covariances
            ),
            GaussianMixture(best.weights, best.means, tilted),
            GaussianMixture(best.weights, best.means, best.covariances / (1 + size)),
        ]
        assert max(lower_bound(other, x, q).mean() for other in others) < top


def test_m_step_with_labels_is_the_fit_of_class_gaussians(rng):
    x, y = rng.normal(size=(90, 3)), np.arange(90) % 3
    mixture, labelled = m_step(x, np.eye(3)[y]), fit_class_gaussians(x, y, 0.0)
    np.testing.assert_allclose(mixture.weights, labelled.priors)
    np.testing.assert_allclose(mixture.means, labelled.means, atol=1e-12)
    np.testing.assert_allclose(mixture.covariances, labelled.covariances, atol=1e-12)


def test_floor_is_the_best_mixture_that_respects_it(rng):
    """Among covariances with all eigenvalues above the floor, none has a higher bound."""
    x, q = rng.normal(size=(50, 2)) * [2, 0.1], np.ones((50, 1))
    fit = m_step(x, q, floor=0.5)
    assert np.linalg.eigvalsh(fit.covariances[0])[0] == pytest.approx(0.5)
    top = lower_bound(fit, x, q).mean()
    free = m_step(x, q)
    assert lower_bound(free, x, q).mean() > top
    for _ in range(300):
        root = rng.normal(size=(2, 2)) * rng.uniform(0, 2)
        allowed = GaussianMixture(fit.weights, fit.means, [root @ root.T + 0.5 * np.eye(2)])
        assert lower_bound(allowed, x, q).mean() < top


def test_a_component_collapses_onto_a_point_and_a_floor_stops_it(rng):
    x = rng.normal(size=(40, 1))
    near = [lone_point(x, sd).log_prob(x).mean() for sd in 10.0 ** -np.arange(3, 40, 6)]
    np.testing.assert_allclose(np.diff(near), 6 * np.log(10) / 40, rtol=1e-3)  # without end
    with pytest.raises(ValueError, match=r"collapsed onto too few points.*floor above zero"):
        fit_mixture(x, 2, rng, start=lone_point(x, 1e-3), floor=0.0, steps=5, tol=-np.inf)
    safe, _ = fit_mixture(x, 2, rng, start=lone_point(x, 1e-3), floor=1e-2)
    assert safe.covariances.min() >= 1e-2 * (1 - 1e-9)
    assert np.isfinite(safe.log_prob(x)).all()


def lone_point(x, sd):
    """A component of width `sd` on the first point, a wide one on all."""
    covariances = np.array([[[sd**2]], [[1.0]]])
    return GaussianMixture(np.array([0.5, 0.5]), np.array([x[0], x.mean(axis=0)]), covariances)


def test_components_have_no_order(rng):
    mixture, order = some_mixture(rng, 4, 2), np.array([2, 0, 3, 1])
    x = mixture.sample(80, rng)[0]
    other = GaussianMixture(
        mixture.weights[order], mixture.means[order], mixture.covariances[order]
    )
    np.testing.assert_allclose(other.log_prob(x), mixture.log_prob(x), rtol=1e-12)
    np.testing.assert_allclose(e_step(other, x), e_step(mixture, x)[:, order], atol=1e-12)
    a, b = (fit_mixture(x, 4, rng, start=s, steps=15, floor=1e-3) for s in (mixture, other))
    np.testing.assert_allclose(a[1], b[1], rtol=1e-8)
    np.testing.assert_allclose(b[0].means, a[0].means[order], atol=1e-6)


def test_restarts_keep_the_best(rng):
    x = load("gaussians8", n=500).x
    many, history = fit_mixture(x, 8, np.random.default_rng(0), restarts=6)
    random = np.random.default_rng(0)
    single = [fit_mixture(x, 8, random)[1][-1] for _ in range(6)]
    assert history[-1] == max(single)
    assert many.log_prob(x).mean() == pytest.approx(history[-1])


def test_finds_the_truth_again(rng):
    data = load("gaussians8", n=2000)
    mixture, _ = fit_mixture(data.x, 8, rng, restarts=8)
    truth = data.shared["density"]
    gaps = np.linalg.norm(mixture.means[:, None] - truth.centres, axis=2).min(axis=1)
    assert gaps.max() < 0.1
    np.testing.assert_allclose(mixture.covariances, np.tile(0.04 * np.eye(2), (8, 1, 1)), atol=0.02)
    held_out = data.test.x
    assert mixture.log_prob(held_out).mean() > truth.log_prob(held_out).mean() - 0.1


def test_start_spreads_over_the_data(rng):
    x = np.repeat([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], 20, axis=0) + rng.normal(size=(60, 2))
    for _ in range(20):
        start = random_start(x, 3, rng)
        nearest = np.linalg.norm(x[:, None] - start.means, axis=2).argmin(axis=1)
        assert sorted(np.bincount(nearest)) == [20, 20, 20]
        assert np.allclose(start.covariances[0], start.covariances[0, 0, 0] * np.eye(2))


def test_round_mixture(rng):
    means, weights = rng.normal(size=(3, 2)), np.array([0.2, 0.3, 0.5])
    x = rng.normal(size=(9, 2))
    for given in (None, weights):
        w = np.full(3, 1 / 3) if given is None else given
        p = sum(w[k] * stats.norm.pdf(x, means[k], 0.4).prod(axis=1) for k in range(3))
        np.testing.assert_allclose(round_mixture(means, 0.4, given).log_prob(x), np.log(p))


def test_cross_validation_scores_each_point_by_a_fit_without_it(rng):
    """With one component and as many folds as points everything can be done by hand."""
    x = rng.normal(size=(12, 2))
    rest = [np.delete(x, n, axis=0) for n in range(12)]
    want = [
        stats.multivariate_normal(part.mean(axis=0), np.cov(part.T, bias=True)).logpdf(x[n])
        for n, part in enumerate(rest)
    ]
    assert cross_validate(x, 1, rng, folds=12) == pytest.approx(np.mean(want))


@pytest.mark.slow
def test_cross_validation_finds_the_number_of_components(rng):
    x = load("gaussians8", n=600).x
    score = {m: cross_validate(x, m, rng, restarts=4, floor=1e-3) for m in (4, 8, 40)}
    assert max(score, key=score.get) == 8


def test_same_generator_same_fit(rng):
    x = some_mixture(rng).sample(100, rng)[0]
    runs = [fit_mixture(x, 3, np.random.default_rng(5))[0].means for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def test_one_component_is_one_gaussian(rng):
    x = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3))
    fit, _ = fit_mixture(x, 1, rng)
    np.testing.assert_allclose(fit.means[0], x.mean(axis=0))
    np.testing.assert_allclose(fit.covariances[0], np.cov(x.T, bias=True), atol=1e-10)


def test_mistakes_in_a_mixture_are_explained(rng):
    good = some_mixture(rng, 2, 2)
    with pytest.raises(ValueError, match=r"need weights \(M,\), means \(M, D\)"):
        GaussianMixture(good.weights, good.means, good.covariances[0])
    with pytest.raises(ValueError, match="sum to 1"):
        GaussianMixture(np.array([0.5, 0.6]), good.means, good.covariances)
    with pytest.raises(ValueError, match="a weight is 0"):
        GaussianMixture(np.array([0.0, 1.0]), good.means, good.covariances)
    with pytest.raises(ValueError, match=r"x must be \(n, 2\), got shape \(5,\)"):
        good.log_prob(np.zeros(5))
    with pytest.raises(ValueError, match="must be finite"):
        good.log_prob(np.array([[0.0, np.nan]]))
    flat = GaussianMixture(good.weights, good.means, 0 * good.covariances)
    with pytest.raises(ValueError, match="a covariance is singular"):
        flat.log_prob(np.zeros((1, 2)))


def test_mistakes_in_a_fit_are_explained(rng):
    x = rng.normal(size=(6, 2))
    with pytest.raises(ValueError, match=r"q must be \(6, M\)"):
        m_step(x, np.ones((5, 1)))
    with pytest.raises(ValueError, match="probabilities that sum to 1"):
        m_step(x, np.ones((6, 2)))
    with pytest.raises(ValueError, match=r"components \[1\] take no point"):
        m_step(x, np.eye(2)[[0] * 6])
    with pytest.raises(ValueError, match="floor is a variance"):
        m_step(x, np.ones((6, 1)), floor=-1.0)
    with pytest.raises(ValueError, match=r"q must be \(6, 3\)"):
        lower_bound(some_mixture(rng), x, np.full((6, 2), 0.5))
    with pytest.raises(ValueError, match="m must be a whole number"):
        fit_mixture(x, 0, rng)
    with pytest.raises(ValueError, match="6 points allow 1 to 6 components, got 7"):
        fit_mixture(x, 7, rng)
    with pytest.raises(ValueError, match="only 1 different points"):
        fit_mixture(np.zeros((6, 2)), 2, rng)
    with pytest.raises(ValueError, match="every point is a mean"):
        fit_mixture(x, 6, rng)
    with pytest.raises(ValueError, match="6 points allow 2 to 6 folds, got 7"):
        cross_validate(x, 1, rng, folds=7)
    with pytest.raises(ValueError, match="not both"):
        fit_mixture(x, 2, rng, start=random_start(x, 2, rng), restarts=3)
