"""Checks of the equations of the lesson on the Kullback-Leibler divergence."""

from collections import Counter

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.special import digamma, logsumexp
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from lib import code_lengths, divergence, gaussian
from lib.datasets.toys import Mixture
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(31)


def quad_kl(q, p, low: float, high: float) -> float:
    """KL(q || p) of two scipy distributions by Simpson's rule, straight from the definition."""
    z = np.linspace(low, high, 200_001)
    return integrate.simpson(q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), x=z)


@checks("eq-kl-gap", by="log p(x) by a sum over all values of z, for random models and random q")
def gap():
    """Log-likelihood minus bound = scipy's relative entropy of q and the posterior."""
    random = rng()
    for _ in range(20):
        joint = random.gamma(1.0, size=6)  # p(x, z) at one x
        q = random.dirichlet(np.ones(6))
        bound = sum(q[k] * (np.log(joint[k]) - np.log(q[k])) for k in range(6))
        want = stats.entropy(q, joint / joint.sum())
        assert np.isclose(np.log(joint.sum()) - bound, want)
        assert np.isclose(divergence.kl(q, joint / joint.sum()), want)


@checks("eq-kl-cross", "eq-kl-definition", by="counting the bits of messages that are really coded")
def bits_of_messages():
    """A coded message of n symbols has n H(q, p) / log 2 bits, and n KL(q || p) / log 2 extra."""
    random = rng()
    for _ in range(10):
        message = random.choice(5, size=3000, p=random.dirichlet(np.ones(5)))
        own = [Counter(message.tolist())[k] for k in range(5)]
        wrong = random.integers(1, 50, size=5)
        bits = [len(code_lengths.arithmetic_encode(message, c)) for c in (own, wrong)]
        q, p = np.array(own) / 3000, wrong / wrong.sum()
        cross = -sum(a * np.log(b) for a, b in zip(q, p, strict=True))
        assert 0 <= bits[1] - 3000 * cross / np.log(2) < 1
        extra = 3000 * (cross - stats.entropy(q)) / np.log(2)
        assert abs(bits[1] - bits[0] - extra) < 1
        assert np.isclose(divergence.cross_entropy(q, p), cross)
        assert np.isclose(divergence.kl(q, p), cross - stats.entropy(q))


@checks("eq-kl-tangent", by="a fine grid over 12 orders of magnitude, and the slope by differences")
def tangent():
    """u - 1 - log u is positive except at 1, falls before and rises after."""
    u = np.geomspace(1e-6, 1e6, 100_001)
    space = u - 1 - np.log(u)
    away = np.abs(u - 1) > 1e-4
    assert np.all(space[away] > 0)
    assert abs(u[space.argmin()] - 1) < 1e-3
    assert np.all(np.diff(space[u < 0.999]) < 0)
    assert np.all(np.diff(space[u > 1.001]) > 0)


@checks("eq-kl-gibbs", by="each line of the proof for random tables, with zeros among them")
def gibbs():
    """Minus KL, the line above it and the mass of p that q sees are in the stated order."""
    random = rng()
    for k in range(30):
        q, p = random.dirichlet(np.ones(6), size=2)
        q[: k % 4] = 0
        q /= q.sum()
        seen = q > 0
        ratio = p[seen] / q[seen]
        lines = [q[seen] @ np.log(ratio), q[seen] @ (ratio - 1), p[seen].sum() - 1, 0.0]
        assert lines[0] < lines[1] <= lines[3] + 1e-12
        assert np.isclose(lines[1], lines[2])
        assert np.isclose(-divergence.kl(q, p), lines[0])
        assert divergence.kl(q, q) == 0


@checks("eq-kl-jensen", by="exact moments of distributions whose mean logarithm is known")
def jensen():
    """Lognormal, gamma and uniform numbers: E[log u] from theory is below log E[u]."""
    random = rng()
    for scale in (0.1, 1.0, 2.5):
        cases = [
            (stats.lognorm(scale), 0.0),
            (stats.gamma(scale), digamma(scale)),
            (stats.uniform(), -1.0),
        ]
        for u, mean_log in cases:
            logs = np.log(u.rvs(50_000, random_state=random))
            assert abs(logs.mean() - mean_log) < 5 * logs.std() / np.sqrt(50_000)
            assert mean_log < np.log(u.mean())


@checks("eq-kl-bins", by="bins that get narrower, against Simpson's rule")
def bins():
    """The divergence of binned normal, Laplace and logistic densities rises to the integral."""
    for q, p in (
        (stats.norm(1, 0.7), stats.norm()),
        (stats.laplace(0.5), stats.norm(0, 2)),
        (stats.norm(), stats.logistic(1)),
    ):
        want, found = quad_kl(q, p, -14, 14), []
        for width in (4.0, 1.0, 0.25, 0.05):
            edges = np.linspace(-14, 14, round(28 / width) + 1)
            a, b = (np.diff(d.cdf(edges)) for d in (q, p))
            found.append(np.sum(a[a > 0] * np.log(a[a > 0] / b[a > 0])))
        assert np.all(np.diff(found) > 0)
        assert abs(found[-1] - want) < 2e-3
        assert found[-1] < want + 1e-5


@checks("eq-kl-units", by="densities of y = exp(z) and y = 100 z known to scipy by themselves")
def units():
    """KL of lognormals = KL of their normals = KL in centimetres; the entropies all differ."""
    q, p = stats.norm(0.4, 0.6), stats.norm(-0.2, 0.9)
    want = quad_kl(q, p, -12, 12)
    grown = [stats.lognorm(d.std(), scale=np.exp(d.mean())) for d in (q, p)]
    assert np.isclose(quad_kl(*grown, 1e-6, 200), want, atol=1e-5)
    in_cm = [stats.norm(100 * d.mean(), 100 * d.std()) for d in (q, p)]
    assert np.isclose(quad_kl(*in_cm, -1200, 1200), want)
    assert np.isclose(in_cm[0].entropy() - q.entropy(), np.log(100))


@checks("eq-kl-gauss", by="Simpson's rule for 30 random pairs, and torch.distributions")
def gauss():
    """The formula for two Gaussians on the line equals the integral."""
    for mq, sq, mp, sp in rng().uniform([-2, 0.3, -2, 0.4], [2, 2, 2, 2], size=(30, 4)):
        formula = 0.5 * ((sq**2 + (mq - mp) ** 2) / sp**2 - 1 - np.log(sq**2 / sp**2))
        integral = quad_kl(stats.norm(mq, sq), stats.norm(mp, sp), mq - 14 * sq, mq + 14 * sq)
        assert np.isclose(formula, integral, atol=1e-9)
        assert np.isclose(kl_divergence(Normal(mq, sq), Normal(mp, sp)).item(), formula, atol=1e-5)


@checks("eq-kl-ratio", by="scipy's log-densities at random points")
def ratio():
    """The stated difference of squares and logarithms is log q - log p of scipy's Gaussians."""
    random = rng()
    for mq, sq, mp, sp in random.uniform([-2, 0.3, -2, 0.4], [2, 2, 2, 2], size=(10, 4)):
        z = random.normal(0, 3, size=20)
        formula = 0.5 * ((z - mp) ** 2 / sp**2 - (z - mq) ** 2 / sq**2 - np.log(sq**2 / sp**2))
        want = stats.norm.logpdf(z, mq, sq) - stats.norm.logpdf(z, mp, sp)
        np.testing.assert_allclose(formula, want, atol=1e-10)


@checks("eq-kl-square", by="Simpson's rule for a Gaussian and for a skewed density")
def square():
    """The mean square about any point is the variance plus the squared distance of the mean."""
    for q in (stats.norm(0.7, 1.3), stats.gumbel_r(0.2, 0.8)):
        for point in (-1.5, 0.0, 2.0):
            z = np.linspace(-25, 35, 200_001)
            found = integrate.simpson(q.pdf(z) * (z - point) ** 2, x=z)
            assert np.isclose(found, q.var() + (q.mean() - point) ** 2)


@checks("eq-kl-chain", by="enumeration of random joint tables of two variables")
def chain():
    """KL of the joint tables = KL of the first marginals + averaged KL of the conditionals."""
    random = rng()
    for _ in range(20):
        q, p = random.dirichlet(np.ones(12), size=2).reshape(2, 3, 4)
        first = stats.entropy(q.sum(axis=1), p.sum(axis=1))
        rest = sum(q[a].sum() * stats.entropy(q[a], p[a]) for a in range(3))  # scipy normalises
        assert np.isclose(divergence.kl(q, p), first + rest)


@checks("eq-kl-sum", by="the outer product of tables, and Gaussians in three dimensions")
def independent():
    """KL of product distributions is the sum of the KLs of their factors."""
    random = rng()
    for _ in range(10):
        q = [random.dirichlet(np.ones(k)) for k in (2, 3, 4)]
        p = [random.dirichlet(np.ones(k)) for k in (2, 3, 4)]
        joint = [np.einsum("i,j,k->ijk", *tables) for tables in (q, p)]
        each = [stats.entropy(a, b) for a, b in zip(q, p, strict=True)]
        assert np.isclose(divergence.kl(*joint), sum(each))
    means, stds = random.normal(size=(2, 3)), random.uniform(0.4, 2, size=(2, 3))
    full = [
        MultivariateNormal(torch.tensor(m), torch.diag(torch.tensor(s) ** 2))
        for m, s in zip(means, stds, strict=True)
    ]
    each = [
        quad_kl(stats.norm(means[0, k], stds[0, k]), stats.norm(means[1, k], stds[1, k]), -25, 25)
        for k in range(3)
    ]
    assert np.isclose(kl_divergence(*full).item(), sum(each))


@checks(
    "eq-kl-standard", "eq-kl-logvar", by="integrals dimension by dimension, torch's full Gaussian"
)
def standard():
    """Both forms of the penalty equal the integrals, torch's KL, and the library's function."""
    random = rng()
    mean, sigma = random.normal(size=(8, 4)), random.uniform(0.2, 2, size=(8, 4))
    s = np.log(sigma**2)
    formula = 0.5 * np.sum(sigma**2 + mean**2 - 1 - np.log(sigma**2), axis=1)
    by_log = 0.5 * np.sum(np.exp(s) + mean**2 - 1 - s, axis=1)
    np.testing.assert_allclose(by_log, formula)
    ours = gaussian.kl_to_standard_normal(torch.tensor(mean), torch.tensor(s))
    np.testing.assert_allclose(ours, formula)
    for k in range(8):
        parts = [
            quad_kl(stats.norm(m, w), stats.norm(), -30, 30)
            for m, w in zip(mean[k], sigma[k], strict=True)
        ]
        assert np.isclose(sum(parts), formula[k])
        q = MultivariateNormal(torch.tensor(mean[k]), torch.diag(torch.tensor(sigma[k] ** 2)))
        p = MultivariateNormal(torch.zeros(4).double(), torch.eye(4).double())
        assert np.isclose(kl_divergence(q, p).item(), formula[k])


@checks("eq-kl-full", by="torch.distributions, and an average over 200,000 samples")
def full():
    """The formula with full covariances equals torch's, and the sampled average of log ratios."""
    random = rng()
    roots = random.normal(size=(2, 3, 3))
    covs = roots @ roots.swapaxes(1, 2) + 0.4 * np.eye(3)
    means = random.normal(size=(2, 3))
    d, inverse = means[0] - means[1], np.linalg.inv(covs[1])
    dets = [np.log(np.linalg.det(c)) for c in covs]
    formula = 0.5 * (np.trace(inverse @ covs[0]) + d @ inverse @ d - 3 + dets[1] - dets[0])
    pair = [MultivariateNormal(*map(torch.tensor, g)) for g in zip(means, covs, strict=True)]
    assert np.isclose(kl_divergence(*pair).item(), formula)
    assert np.isclose(divergence.kl_gaussians(means[0], covs[0], means[1], covs[1]), formula)
    q, p = (stats.multivariate_normal(*g) for g in zip(means, covs, strict=True))
    x = q.rvs(200_000, random_state=random)
    ratio = q.logpdf(x) - p.logpdf(x)
    assert abs(ratio.mean() - formula) < 5 * ratio.std() / np.sqrt(len(x))


@checks("eq-kl-samples", by="1,000 repetitions against Simpson's rule, for a mixture")
def samples():
    """Averages over samples are right on average and spread by sd / sqrt(n)."""
    p, q = Mixture([0.3, 0.7], [-2, 1], [0.5, 0.8]), stats.norm(0.5, 1)
    z = np.linspace(-12, 12, 100_001)
    terms = q.logpdf(z) - p.log_prob(z)
    want = integrate.simpson(q.pdf(z) * terms, x=z)
    sd = np.sqrt(integrate.simpson(q.pdf(z) * (terms - want) ** 2, x=z))
    x = q.rvs((1000, 200), random_state=rng())
    found = np.array([divergence.monte_carlo_kl(q.logpdf(r), p.log_prob(r)) for r in x])
    assert abs(found[:, 0].mean() - want) < 5 * sd / np.sqrt(x.size)
    assert np.isclose(found[:, 0].std(), sd / np.sqrt(200), rtol=0.1)
    assert np.isclose(found[:, 1].mean(), sd / np.sqrt(200), rtol=0.1)


@checks("eq-kl-moments", by="a search over means and widths that integrates KL(p || q) each time")
def moments():
    """The Gaussian with the least KL(p || q) has the mean and variance of p's samples."""
    p = Mixture([0.2, 0.5, 0.3], [-3, 0.5, 2], [0.4, 0.7, 0.3])
    z = np.linspace(-10, 10, 20_001)
    density, log_p = p.density(z), p.log_prob(z)

    def cost(theta: np.ndarray) -> float:
        log_q = stats.norm.logpdf(z, theta[0], np.exp(theta[1]))
        return integrate.simpson(density * (log_p - log_q), x=z)

    found = optimize.minimize(cost, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6})
    mean = p.weights @ p.means
    variance = p.weights @ (p.stds**2 + p.means**2) - mean**2
    np.testing.assert_allclose(found.x[0], mean, atol=1e-3)
    np.testing.assert_allclose(np.exp(2 * found.x[1]), variance, rtol=1e-3)


@checks("eq-kl-modes", by="an integral for modes that move apart: the error goes to zero")
def modes():
    """KL of one component from the mixture tends to minus the logarithm of its weight."""
    z = np.linspace(-20, 60, 200_001)
    for weight in (0.1, 0.5, 0.8):
        errors = []
        for distance in (2.0, 4.0, 8.0):
            log_q, other = stats.norm.logpdf(z), stats.norm.logpdf(z, distance)
            log_p = logsumexp([log_q + np.log(weight), other + np.log(1 - weight)], axis=0)
            value = integrate.simpson(np.exp(log_q) * (log_q - log_p), x=z)
            errors.append(-np.log(weight) - value)
        assert np.all(np.array(errors) > 0)
        assert errors[0] > errors[1] > errors[2]
        assert errors[2] < 1e-3


@checks("eq-kl-js", by="scipy's Jensen-Shannon distance, its symmetry and bounds")
def jensen_shannon():
    """The average of two KLs is the square of scipy's distance; at most log 2, with zeros too."""
    from scipy.spatial.distance import jensenshannon

    random = rng()
    for k in range(20):
        p, q = random.dirichlet(np.ones(5), size=2)
        p[: k % 4], q[4 - k % 3 :] = 0, 0
        p, q = p / p.sum(), q / q.sum()
        ours = divergence.jensen_shannon(p, q)
        assert np.isclose(ours, jensenshannon(p, q) ** 2)
        assert np.isclose(ours, divergence.jensen_shannon(q, p))
        assert 0 < ours < np.log(2) + 1e-12
        m = (p + q) / 2
        assert np.isclose(ours, (stats.entropy(p, m) + stats.entropy(q, m)) / 2)
    assert np.isclose(divergence.jensen_shannon([1, 0], [0, 1]), np.log(2))
