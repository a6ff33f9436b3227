"""Checks of the equations in the homework on the VAE."""

import numpy as np
from scipy.integrate import quad, trapezoid
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import multinomial, multivariate_normal, norm

from lib.homework_vae_linear import LinearGaussian
from lib.homework_vae_mixture import Mixture, pairwise
from tests.equations import checks


def example(n: int = 6) -> tuple[Mixture, np.ndarray]:
    """A mixture of three Gaussians in the plane, and n points."""
    rng = np.random.default_rng(0)
    model = Mixture(rng, 3, 2)
    return model, model.sample(n, rng)


def full(model: Mixture) -> list:
    """SciPy's Gaussians with full covariance matrices, one for each component."""
    pairs = zip(model.means, model.variances, strict=True)
    return [multivariate_normal(mean, np.diag(v)) for mean, v in pairs]


@checks("eq-hw-vae-responsibility", by="counting which component made the points near one place")
def responsibility():
    """Among random points near x, the share made by component m is its responsibility."""
    model, rng = Mixture(np.random.default_rng(3), 2, 1), np.random.default_rng(4)
    m = rng.choice(2, size=400_000, p=model.weights)
    x = model.means[m, 0] + np.sqrt(model.variances[m, 0]) * rng.normal(size=len(m))
    for place in np.quantile(x, [0.2, 0.5, 0.8]):
        near = np.abs(x - place) < 0.05
        densities = model.weights * [g.pdf(place) for g in full(model)]
        r = densities / densities.sum()
        assert near.sum() > 1000
        assert np.abs(np.mean(m[near] == 0) - r[0]) < 5 * 0.5 / np.sqrt(near.sum()) + 0.01
        assert np.allclose(r, pairwise(model.log_joint(np.array([[place]])))[0])


@checks("eq-hw-vae-mstep", by="a numerical search over all weights, means and variances")
def mstep():
    """No other mixture has a higher expected log p(x, m)."""
    rng = np.random.default_rng(1)
    x, r = rng.normal(size=(12, 1)), rng.dirichlet(np.ones(2), size=12)
    total = r.sum(axis=0)
    means = r.T @ x[:, 0] / total
    variances = (r * (x - means) ** 2).sum(axis=0) / total

    def loss(v: np.ndarray) -> float:
        log_weights = v[:2] - logsumexp(v[:2])
        return -(r * (log_weights + norm.logpdf(x, v[2:4], np.exp(v[4:] / 2)))).sum()

    found = minimize(loss, np.zeros(6), tol=1e-12).x
    weights = np.exp(found[:2] - logsumexp(found[:2]))
    assert np.allclose(weights, total / 12, atol=1e-4)
    assert np.allclose(found[2:4], means, atol=1e-4)
    assert np.allclose(np.exp(found[4:]), variances, atol=1e-4)


@checks("eq-hw-vae-bound", by="a thousand random q, and the posterior")
def bound():
    """Every q gives less than log p(x); the posterior gives log p(x)."""
    model, x = example()
    pairs = zip(model.weights, full(model), strict=True)
    joint = np.stack([np.log(w) + g.logpdf(x) for w, g in pairs], axis=1)
    log_p = np.log(np.exp(joint).sum(axis=1))

    def lower(q: np.ndarray) -> np.ndarray:
        return (q * (joint - np.log(q))).sum(axis=-1)

    every = np.random.default_rng(2).dirichlet(np.ones(3), size=(1000, len(x)))
    assert (lower(every) < log_p).all()
    assert np.allclose(lower(np.exp(joint - log_p[:, None])), log_p)


@checks("eq-hw-vae-discrete", by="the limit of the multinomial distribution")
def discrete():
    """Data with frequencies q have probability exp(-n KL(q || p)) under p, up to powers of n."""
    q, p, n = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.5, 0.3]), 1_000_000
    rate = -multinomial.logpmf((q * n).astype(int), n, p) / n
    assert np.isclose(rate, (q * np.log(q / p)).sum(), atol=1e-4)


@checks("eq-hw-vae-posterior", by="Bayes' rule on a grid of codes")
def posterior():
    """p(z) p(x | z) on a grid, normalised, has the stated mean and covariance."""
    model = LinearGaussian(np.random.default_rng(5), 3, 1, n=4)
    z = np.linspace(-8, 8, 4001)
    M = (model.W.T @ model.W + model.noise * np.eye(1))[0, 0]
    for x in model.x:
        mean = model.mu + z[:, None] * model.W[:, 0]
        density = norm.pdf(z) * np.exp(-((x - mean) ** 2).sum(axis=1) / (2 * model.noise))
        density /= trapezoid(density, z)
        centre = trapezoid(density * z, z)
        assert np.isclose(centre, model.W[:, 0] @ (x - model.mu) / M)
        assert np.isclose(trapezoid(density * (z - centre) ** 2, z), model.noise / M)


@checks("eq-hw-vae-shake", by="numerical integration over the code")
def shake():
    """The expected squared distance is that of the mean code plus exp(s) |w|^2."""
    model = LinearGaussian(np.random.default_rng(6), 3, 1, n=3)
    w, m, s = model.W[:, 0], 0.7, -0.4
    for x in model.x:

        def weighted(z: float, x: np.ndarray = x) -> float:
            return norm.pdf(z, m, np.exp(s / 2)) * ((x - model.mu - w * z) ** 2).sum()

        right = ((x - model.mu - w * m) ** 2).sum() + np.exp(s) * (w**2).sum()
        assert np.isclose(quad(weighted, -12, 12)[0], right)


@checks("eq-hw-vae-importance", by="sampling in a linear model whose log p(x) is known")
def importance():
    """The average bound stays below log p(x) and comes closer with more samples."""
    rng = np.random.default_rng(7)
    model = LinearGaussian(rng, 2, 1, n=1)
    log_p = multivariate_normal(model.mu, model.C).logpdf(model.x[0])
    mean, std = model.posterior()[0][0, 0] + 0.3, 1.5 * np.sqrt(model.posterior()[1][0, 0])
    averages = []
    for samples in (1, 4, 16):
        z = mean + std * rng.normal(size=(20_000, samples))
        rest = model.x[0] - model.mu - z[..., None] * model.W[:, 0]
        log_ratio = norm.logpdf(rest, 0, np.sqrt(model.noise)).sum(axis=-1)
        log_ratio += norm.logpdf(z) - norm.logpdf(z, mean, std)
        averages.append((logsumexp(log_ratio, axis=1) - np.log(samples)).mean())
    assert averages[0] < averages[1] - 0.02
    assert averages[1] < averages[2] - 0.002
    assert averages[2] < log_p < averages[2] + 0.1
