"""Mistakes people make with mixtures and EM, each caught by a check of the real code."""

import numpy as np
from scipy import stats

from lib import grey_levels, mixture
from lib.class_gaussians import ClassGaussians
from tests.mutation import Edit, Mutation

MODEL = "lib.mixture.GaussianMixture"


def example(seed: int = 3) -> tuple[mixture.GaussianMixture, np.ndarray]:
    """Three tilted Gaussians of the plane, and points."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(3, 2, 2))
    covariances = roots @ roots.swapaxes(1, 2) + 0.3 * np.eye(2)
    weights, means = np.array([0.6, 0.3, 0.1]), 2 * rng.normal(size=(3, 2))
    return mixture.GaussianMixture(weights, means, covariances), 2 * rng.normal(size=(40, 2))


def by_scipy() -> np.ndarray:
    """p(x, m) of the example, shape (n, 3)."""
    model, x = example()
    parts = zip(model.weights, model.means, model.covariances, strict=True)
    return np.array([w * stats.multivariate_normal(m, c).pdf(x) for w, m, c in parts]).T


def density_sums_the_components() -> None:
    model, x = example()
    assert np.allclose(np.exp(model.log_prob(x)), by_scipy().sum(axis=1))


def responsibilities_follow_bayes() -> None:
    model, x = example()
    joint = by_scipy()
    assert np.allclose(mixture.e_step(model, x), joint / joint.sum(axis=1, keepdims=True))


def bound_is_tight_after_the_e_step_only() -> None:
    model, x = example()
    joint, q = by_scipy(), np.random.default_rng(0).dirichlet(np.ones(3), size=len(x))
    exact = joint / joint.sum(axis=1, keepdims=True)
    log_p = np.log(joint.sum(axis=1))
    assert np.allclose(mixture.lower_bound(model, x, exact), log_p)
    gap = np.sum(q * (np.log(q) - np.log(exact)), axis=1)
    assert np.allclose(log_p - mixture.lower_bound(model, x, q), gap)


def m_step_maximises_the_bound() -> None:
    """Small pushes of every parameter lower E_q[log p(x, m)], computed with scipy."""
    _, x = example()
    rng = np.random.default_rng(1)
    q = rng.dirichlet(np.ones(3), size=len(x))
    best = mixture.m_step(x, q)

    def expected(weights: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> float:
        parts = zip(weights, means, covariances, strict=True)
        logs = [np.log(w) + stats.multivariate_normal(m, c).logpdf(x) for w, m, c in parts]
        return float(np.sum(q.T * logs))

    top = expected(best.weights, best.means, best.covariances)
    for sign in (-1, 1):
        weights = best.weights * np.exp(0.02 * sign * np.array([1, -1, 0.5]))
        assert expected(weights / weights.sum(), best.means, best.covariances) < top
        assert expected(best.weights, best.means + 0.02 * sign, best.covariances) < top
        assert expected(best.weights, best.means, best.covariances * (1 + 0.02 * sign)) < top


def likelihood_climbs() -> None:
    _, x = example()
    for seed in range(5):
        _, history = mixture.fit_mixture(x, 3, np.random.default_rng(seed), steps=15, floor=0.3)
        assert np.all(np.diff(history) > -1e-10)
        assert history[-1] > history[0]


def restarts_keep_the_best() -> None:
    _, x = example()
    rng = np.random.default_rng(2)
    ends = [mixture.fit_mixture(x, 4, rng, floor=0.1, steps=20)[1][-1] for _ in range(6)]
    again = mixture.fit_mixture(x, 4, np.random.default_rng(2), floor=0.1, steps=20, restarts=6)
    assert np.isclose(again[1][-1], max(ends))
    assert max(ends) > min(ends) + 1e-3


def starts_are_as_wide_as_the_points_are_far() -> None:
    _, x = example()
    start = mixture.random_start(x, 4, np.random.default_rng(0))
    nearest = np.linalg.norm(x[:, None] - start.means, axis=2).min(axis=1)
    assert np.allclose(start.covariances, np.eye(2) * np.mean(nearest**2) / 2)


def floor_holds() -> None:
    _, x = example()
    fit = mixture.m_step(x * [1, 0.01], np.full((len(x), 1), 1.0), floor=0.2)
    values = np.linalg.eigvalsh(fit.covariances[0])
    assert np.isclose(values[0], 0.2)
    assert np.isclose(values[1], (x[:, 0] - x[:, 0].mean()).var(), rtol=1e-3)


def hard_labels_are_whole() -> None:
    model, x = example()
    q = mixture.hard(mixture.e_step(model, x))
    assert np.array_equal(q.sum(axis=1), np.ones(len(x)))
    assert np.array_equal(q.argmax(axis=1), by_scipy().argmax(axis=1))


def bits_of_a_perfect_and_of_a_flat_density() -> None:
    assert np.isclose(grey_levels.density_bits(64 * np.log(17), 64), 0)
    assert np.isclose(grey_levels.density_bits(0.0, 64), np.log2(17))


def noise_stays_within_its_level() -> None:
    x = np.linspace(0, 1, 17)[None]
    noisy = grey_levels.add_noise(np.repeat(x, 200, axis=0), np.random.default_rng(0))
    assert np.array_equal(np.floor(17 * noisy), np.tile(np.arange(17), (200, 1)))
    assert noisy.max() > 0.99


def histograms_know_where_a_pixel_is_dark() -> None:
    dark = np.zeros((50, 3))
    dark[:, 2] = np.arange(50) % 2
    bits = grey_levels.histogram_bits(dark, dark, levels=2)
    assert np.isclose(bits, 1 / 3, atol=0.01)


def each_point_is_scored_by_a_fit_without_it() -> None:
    """One fold a point, one component: the far point is impossible for the fit to the others."""
    x = np.array([[-1.0], [1.0], [-1.0], [1.0], [30.0]])
    nats = mixture.cross_validate(x, 1, np.random.default_rng(0), folds=5)
    others = [np.delete(x, n) for n in range(5)]
    want = [stats.norm.logpdf(x[n, 0], o.mean(), o.std()) for n, o in enumerate(others)]
    assert np.isclose(nats, np.mean(want))


MUTATIONS = [
    Mutation(
        "sign of the nats turned",
        "lib.grey_levels.density_bits",
        Edit("np.log2(levels) - nats", "np.log2(levels) + nats"),
        bits_of_a_perfect_and_of_a_flat_density,
    ),
    Mutation(
        "noise as wide as a step between grey values",
        "lib.grey_levels.add_noise",
        Edit("level.shape)) / levels", "level.shape)) / (levels - 1)"),
        noise_stays_within_its_level,
    ),
    Mutation(
        "one histogram for all pixels",
        "lib.grey_levels.histogram_bits",
        Edit("counts / counts.sum(axis=0)", "counts * 0 + counts.mean(axis=1, keepdims=True) / 50"),
        histograms_know_where_a_pixel_is_dark,
    ),
    Mutation(
        "folds scored by a fit to all points",
        "lib.mixture.cross_validate",
        Edit("x[fold != k], m", "x, m"),
        each_point_is_scored_by_a_fit_without_it,
    ),
    Mutation(
        "weights forgotten in the joint",
        f"{MODEL}.joint",
        property(lambda self: ClassGaussians(np.ones(3), self.means, self.covariances)),
        density_sums_the_components,
    ),
    Mutation(
        "logarithms added instead of probabilities",
        f"{MODEL}.log_prob",
        Edit("logsumexp(self.log_joint(x), axis=1)", "self.log_joint(x).sum(axis=1)"),
        density_sums_the_components,
    ),
    Mutation(
        "responsibilities normalised over the points",
        "lib.mixture._bayes",
        Edit("axis=1, keepdims", "axis=0, keepdims"),
        responsibilities_follow_bayes,
    ),
    Mutation(
        "bound without the entropy",
        "lib.mixture.lower_bound",
        Edit(" - xlogy(q, q)", ""),
        bound_is_tight_after_the_e_step_only,
    ),
    Mutation(
        "entropy with the wrong sign",
        "lib.mixture.lower_bound",
        Edit("- xlogy", "+ xlogy"),
        bound_is_tight_after_the_e_step_only,
    ),
    Mutation(
        "means divided by N, not by the component's own count",
        "lib.mixture.m_step",
        Edit("q.T @ x / counts[:, None]", "q.T @ x / len(x)"),
        m_step_maximises_the_bound,
    ),
    Mutation(
        "covariances divided by N",
        "lib.mixture.m_step",
        Edit("(q / counts).T", "(q / len(x)).T"),
        m_step_maximises_the_bound,
    ),
    Mutation(
        "covariance around the mean of all points",
        "lib.mixture.m_step",
        Edit("_covariance(x - mean, w)", "_covariance(x - x.mean(axis=0), w)"),
        m_step_maximises_the_bound,
    ),
    Mutation(
        "weights all equal",
        "lib.mixture.m_step",
        Edit("counts / counts.sum()", "np.ones(len(counts)) / len(counts)"),
        m_step_maximises_the_bound,
    ),
    Mutation(
        "gives every point to the components that explain it least",
        "lib.mixture._climb",
        Edit("m_step(x, q, floor", "m_step(x, (1 - q) / (q.shape[1] - 1), floor"),
        likelihood_climbs,
    ),
    Mutation(
        "distances not squared",
        "lib.mixture._squares",
        Edit("(x - mean) ** 2", "np.abs(x - mean)"),
        starts_are_as_wide_as_the_points_are_far,
    ),
    Mutation(
        "keeps the worst restart",
        "lib.mixture.fit_mixture",
        Edit("return max(runs", "return min(runs"),
        restarts_keep_the_best,
    ),
    Mutation(
        "floor added to every variance",
        "lib.mixture._raise_to",
        Edit("np.maximum(values, floor)", "(values + floor)"),
        floor_holds,
    ),
    Mutation(
        "hard labels along the wrong axis",
        "lib.mixture.hard",
        Edit("argmax(axis=1)", "argmin(axis=1)"),
        hard_labels_are_whole,
    ),
]
