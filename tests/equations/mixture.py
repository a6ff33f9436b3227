"""Checks of the equations of the lesson on mixtures and EM."""

import numpy as np
from scipy import integrate, optimize, stats

from lib import mean_ascent, mixture
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(41)


def some_mixture(m: int = 3, d: int = 2) -> mixture.GaussianMixture:
    random = rng()
    roots = random.normal(size=(m, d, d))
    covariances = roots @ roots.swapaxes(1, 2) + 0.4 * np.eye(d)
    weights = random.dirichlet(3 * np.ones(m))
    return mixture.GaussianMixture(weights, 1.5 * random.normal(size=(m, d)), covariances)


def points(n: int = 30, d: int = 2) -> np.ndarray:
    return 2 * np.random.default_rng(5).normal(size=(n, d))


def joint(model: mixture.GaussianMixture, x: np.ndarray) -> np.ndarray:
    """p(x, m) by scipy, shape (n, M)."""
    parts = zip(model.weights, model.means, model.covariances, strict=True)
    columns = [w * stats.multivariate_normal(m, c).pdf(x) for w, m, c in parts]
    return np.stack(columns, axis=-1)


def guesses(n: int, m: int) -> np.ndarray:
    return np.random.default_rng(8).dirichlet(np.ones(m), size=n)


@checks("eq-mixture-density", by="integration over the line and counting of 200,000 draws")
def density():
    """The weighted sum integrates to 1 over any interval as often as draws of the story fall in."""
    model = some_mixture(3, 1)
    drawn = model.sample(200_000, rng())[0][:, 0]

    def p(t: float) -> float:
        return float(joint(model, np.array([[t]])).sum())

    assert np.isclose(integrate.quad(p, -30, 30, limit=200)[0], 1)
    for low, high in [(-6, -1), (-1, 0), (0, 0.5), (0.5, 6)]:
        area = integrate.quad(p, low, high, limit=200)[0]
        assert abs(np.mean((drawn > low) & (drawn < high)) - area) < 0.006
    x = points(20, 1)
    assert np.allclose(np.exp(model.log_prob(x)), [p(t) for t in x[:, 0]])


@checks("eq-mixture-bayes", by="counting the uncovered components of draws near a point")
def bayes():
    """Among draws close to x, component m is as frequent as pi_m N(x; m) / p(x)."""
    model = some_mixture(3, 1)
    x, m = model.sample(400_000, rng())
    for at in (-1.0, 0.2, 1.1):
        near = np.abs(x[:, 0] - at) < 0.03
        parts = joint(model, np.array([[at]])).ravel()
        counted = np.bincount(m[near], minlength=3) / near.sum()
        assert np.abs(counted - parts / parts.sum()).max() < 0.05
        assert np.allclose(model.responsibilities(np.array([[at]]))[0], parts / parts.sum())


@checks("eq-mixture-gradient", by="central differences of the log-likelihood")
def gradient():
    """The slope in every mean is the average pull of the points, weighted by responsibility."""
    model, x = some_mixture(), points()
    h = 1e-5
    for k in range(3):
        weights = joint(model, x)[:, k] / joint(model, x).sum(axis=1)
        pull = np.linalg.solve(model.covariances[k], (x - model.means[k]).T)
        formula = (weights * pull).mean(axis=1)
        for axis in range(2):
            values = []
            for sign in (1, -1):
                means = model.means.copy()
                means[k, axis] += sign * h
                moved = mixture.GaussianMixture(model.weights, means, model.covariances)
                values.append(np.log(joint(moved, x).sum(axis=1)).mean())
            assert np.isclose((values[0] - values[1]) / (2 * h), formula[axis], atol=1e-8)


@checks("eq-mixture-split", "eq-mixture-bound", by="scipy's densities, entropies and divergences")
def split():
    """Bound and divergence add up to log p(x) for any q; the bound is E_q[log p(x, m)] + H(q)."""
    model, x = some_mixture(), points()
    p, q = joint(model, x), guesses(30, 3)
    posterior = p / p.sum(axis=1, keepdims=True)
    bound = np.sum(q * np.log(p / q), axis=1)
    divergence = stats.entropy(q.T, posterior.T)
    assert np.allclose(bound + divergence, np.log(p.sum(axis=1)))
    assert divergence.min() > 1e-3
    assert np.allclose(bound, np.sum(q * np.log(p), axis=1) + stats.entropy(q.T))
    assert np.allclose(mixture.lower_bound(model, x, q), bound)


@checks("eq-mixture-gibbs", by="10,000 random pairs of distributions, and a search for a maximum")
def gibbs():
    """sum q log(p / q) is at most sum q (p / q - 1) = 0, and 0 for equal distributions only."""
    random = rng()
    q, p = (random.dirichlet(np.full(5, 0.7), size=10_000) for _ in range(2))
    minus_kl = -stats.entropy(q.T, p.T)
    upper = np.sum(q * (p / q - 1), axis=1)
    assert np.all(minus_kl <= upper + 1e-12)
    assert np.allclose(upper, 0)

    def divergence(t: np.ndarray) -> float:
        return float(stats.entropy(np.exp(t), p[0]))

    found = optimize.minimize(divergence, np.zeros(5), tol=1e-12)
    assert abs(found.fun) < 1e-9
    assert np.allclose(np.exp(found.x) / np.exp(found.x).sum(), p[0], atol=1e-4)


@checks("eq-mixture-expected", "eq-mixture-mstep", by="a general optimiser of the expected term")
def maximum():
    """No weights, means and covariances give a higher expected log-likelihood than the M-step."""
    x, q = points(40, 1), guesses(40, 2)

    def expected(t: np.ndarray) -> float:
        weights = np.exp(t[:2]) / np.exp(t[:2]).sum()
        logs = np.log(weights) + stats.norm.logpdf(x, t[2:4], np.exp(t[4:]))
        return float(np.mean(np.sum(q * logs, axis=1)))

    found = optimize.minimize(lambda t: -expected(t), np.array([0, 0, -1, 1, 0, 0.0]), tol=1e-12)
    counts = q.sum(axis=0)
    means = (q * x).sum(axis=0) / counts
    variances = (q * (x - means) ** 2).sum(axis=0) / counts
    closed = np.concatenate([np.log(counts / 40), means, 0.5 * np.log(variances)])
    assert np.isclose(expected(closed), -found.fun, atol=1e-9)
    assert np.allclose(found.x[2:4], means, atol=1e-4)
    step = mixture.m_step(x, q)
    assert np.allclose(step.weights, counts / 40)
    assert np.allclose(step.means[:, 0], means)
    assert np.allclose(step.covariances[:, 0, 0], variances)
    fixed_part = mixture.lower_bound(step, x, q) - stats.entropy(q.T)
    assert np.isclose(fixed_part.mean(), expected(closed))


@checks("eq-mixture-climb", by="densities of scipy along twenty rounds of EM")
def climb():
    """Each round: likelihood after >= bound after >= bound before = likelihood before."""
    model, x = some_mixture(), points(60)
    for _ in range(20):
        p = joint(model, x)
        q = p / p.sum(axis=1, keepdims=True)
        after = mixture.m_step(x, q)
        p_after = joint(after, x)
        chain = [
            np.log(p_after.sum(axis=1)).mean(),
            np.sum(q * np.log(p_after / q), axis=1).mean(),
            np.sum(q * np.log(p / q), axis=1).mean(),
            np.log(p.sum(axis=1)).mean(),
        ]
        assert chain[0] >= chain[1] - 1e-12
        assert chain[1] >= chain[2] - 1e-12
        assert np.isclose(chain[2], chain[3])
        model = after


@checks("eq-mixture-tangent", by="central differences of likelihood and bound in one mean")
def tangent():
    """After the E-step bound and likelihood have the same slope; with another q they do not."""
    ascent, h = mean_ascent.MeanAscent(points(25, 1)), 1e-5

    def slope(f) -> float:
        return (f(at + h) - f(at - h)) / (2 * h)

    for at in (-2.0, -0.3, 0.7, 3.0):
        p = joint(ascent.at(at), ascent.x)
        exact, other = p / p.sum(axis=1, keepdims=True), guesses(25, 2)
        rise = slope(lambda mean: np.log(joint(ascent.at(mean), ascent.x).sum(axis=1)).mean())
        slopes = [slope(lambda mean, q=q: ascent.bound(mean, q)) for q in (exact, other)]
        assert np.isclose(slopes[0], rise, atol=1e-8)
        assert abs(slopes[1] - rise) > 1e-3


@checks("eq-mixture-bits", by="exact probabilities of grey levels from the distribution function")
def bits():
    """A density of levels plus noise bounds the bits of the levels; a flat density attains it."""
    levels = np.arange(17)
    parts = [(0.6, 0.02, 0.05), (0.4, 0.7, 0.2)]  # weight, mean, standard deviation

    def p(v: np.ndarray) -> np.ndarray:
        return sum(w * stats.norm.pdf(v, m, s) for w, m, s in parts)

    def cell(level: int) -> float:
        edges = np.array([level, level + 1]) / 17
        return sum(w * np.diff(stats.norm.cdf(edges, m, s))[0] for w, m, s in parts)

    for level in levels:
        noise = np.linspace(0, 1, 4001)
        expected = integrate.trapezoid(np.log(p((level + noise) / 17)), noise)
        exact = -np.log(cell(level)) / np.log(2)
        bound = np.log(17) / np.log(2) - expected / np.log(2)
        assert exact <= bound + 1e-9
    flat = np.log(17) / np.log(2) - 0.0 / np.log(2)  # density 1: each level has 1 / 17
    assert np.isclose(flat, -np.log2(1 / 17))


@checks("eq-mixture-hard", by="scipy's densities of equal round Gaussians, and nearest means")
def hard():
    """Weights and constants cancel; for a small sigma the nearest mean takes the point whole."""
    means, x = points(4), points(50) + 0.3
    squares = np.array([[np.sum((row - mean) ** 2) for mean in means] for row in x])
    for sigma in (1.0, 0.3):
        model = mixture.round_mixture(means, sigma)
        formula = np.exp(-squares / (2 * sigma**2))
        formula /= formula.sum(axis=1, keepdims=True)
        p = joint(model, x)
        assert np.allclose(formula, p / p.sum(axis=1, keepdims=True))
    sharp = mixture.round_mixture(means, 1e-3).responsibilities(x)
    assert np.allclose(sharp, np.eye(4)[squares.argmin(axis=1)])


@checks("eq-mixture-infinite", by="adaptive quadrature over z and counting of draws")
def infinite():
    """The integral over z is the density of the two-step story, and the limit of finite sums."""

    def g(z):
        return 2 * np.stack([np.sin(1.1 * z), np.cos(1.1 * z)], axis=-1)

    def p(x: np.ndarray) -> float:
        def part(z: float) -> float:
            return stats.norm.pdf(z) * np.prod(stats.norm.pdf(x, g(z), 0.25))

        return integrate.quad(part, -8, 8, limit=400, points=[-2, -1, 0, 1, 2])[0]

    random = rng()
    drawn = g(random.normal(size=400_000)) + 0.25 * random.normal(size=(400_000, 2))
    middles = stats.norm.ppf((np.arange(3000) + 0.5) / 3000)
    finite = mixture.round_mixture(g(middles), 0.25)
    for x in ([0.0, 2.0], [1.5, 1.4], [-1.9, 0.0]):
        near = np.all(np.abs(drawn - x) < 0.1, axis=1).mean() / 0.2**2
        assert np.isclose(near, p(np.array(x)), rtol=0.06)
        assert np.isclose(np.exp(finite.log_prob(np.array([x])))[0], p(np.array(x)), rtol=5e-3)
