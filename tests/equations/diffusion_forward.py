"""Checks of the equations of the lesson on destruction by noise."""

import math

import numpy as np
import sympy
import torch
from scipy import integrate, optimize, stats
from torch.distributions import Independent, Normal, kl_divergence

from lib import destruction
from lib.datasets.toys import Mixture
from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule
from lib.pca import fit_pca
from tests.equations import checks

BETAS = [0.1, 0.3, 0.05, 0.4]
SCHEDULE = NoiseSchedule(BETAS)


def rng() -> np.random.Generator:
    return np.random.default_rng(61)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def walked(x0: np.ndarray, steps: int, g: np.random.Generator) -> np.ndarray:
    """x_t of numbers x_0 by scipy's draws from one Gaussian after another."""
    x = x0
    for beta in BETAS[:steps]:
        x = stats.norm(math.sqrt(1 - beta) * x, math.sqrt(beta)).rvs(random_state=g)
    return x


@checks("eq-forward-step", by="torch.distributions.Normal")
def step():
    """The library's step maps noise to a draw of the stated Gaussian: quantile to quantile."""
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)
    standard = Normal(torch.zeros((), dtype=torch.float64), 1.0)
    for t, beta in enumerate(BETAS, start=1):
        stated = Normal(math.sqrt(1 - beta) * x, math.sqrt(beta))
        for u in (0.01, 0.4, 0.9):
            level = torch.full_like(x, u, dtype=torch.float64)
            got = SCHEDULE.step(x, t, standard.icdf(level))
            assert torch.allclose(got, stated.icdf(level), atol=1e-12)


@checks("eq-forward-variance", by="integrals over the joint density of x_{t-1} and x_t")
def variance():
    """Variance of x_t under a double integral, for a start that is not Gaussian (uniform)."""
    beta, width = 0.3, 2.5
    keep = math.sqrt(1 - beta)

    def moment(power):
        def joint(y, x):
            return y**power * stats.norm.pdf(y, keep * x, math.sqrt(beta)) / width

        return integrate.dblquad(joint, 0, width, -6, 8)[0]

    found = moment(2) - moment(1) ** 2
    assert np.isclose(found, (1 - beta) * width**2 / 12 + beta, atol=1e-6)
    assert not np.isclose(found, (1 - beta) ** 2 * width**2 / 12 + beta, atol=1e-2)


@checks("eq-forward-two", by="sympy: the second step put into the first, coefficients compared")
def two_steps():
    """The three coefficients of x_2 are those of the composition."""
    a1, a2 = sympy.symbols("alpha1 alpha2", positive=True)
    x0, e1, e2 = sympy.symbols("x0 epsilon1 epsilon2")
    x1 = sympy.sqrt(a1) * x0 + sympy.sqrt(1 - a1) * e1
    x2 = sympy.expand(sympy.sqrt(a2) * x1 + sympy.sqrt(1 - a2) * e2)
    wanted = {x0: a2 * a1, e1: a2 * (1 - a1), e2: 1 - a2}
    for symbol, square in wanted.items():
        assert sympy.simplify(x2.coeff(symbol) ** 2 - square) == 0


@checks("eq-forward-sum", by="convolution of the two densities by quadrature")
def sum_of_gaussians():
    """The density of a e_1 + b e_2 is the convolution of both densities."""
    a, b = 0.7, 1.9
    total = stats.norm(0, math.hypot(a, b))
    for x in (-3.0, 0.0, 0.8, 2.2):
        value, _ = integrate.quad(
            lambda y, x=x: stats.norm.pdf(y, 0, a) * stats.norm.pdf(x - y, 0, b), -8, 8
        )
        assert np.isclose(value, total.pdf(x), rtol=1e-8)


@checks("eq-forward-recursion", by="the covariance of all noises, added up in a matrix")
def recursion():
    """Noise variance of x_t from the linear map of all noises, for random betas."""
    betas = rng().uniform(0.01, 0.6, 7)
    alphas = 1 - betas
    weights = np.zeros(7)  # of noise s in x_t
    for t, (alpha, beta) in enumerate(zip(alphas, betas, strict=True)):
        weights *= math.sqrt(alpha)
        weights[t] = math.sqrt(beta)
        before = np.prod(alphas[:t])
        assert np.isclose(weights @ weights, alpha * (1 - before) + 1 - alpha)
        assert np.isclose(weights @ weights, 1 - before * alpha)


@checks("eq-forward-leap", by="walks of scipy's Gaussians and the Kolmogorov-Smirnov test")
def leap():
    """200,000 walks from one point have the distribution of the leap after every step."""
    for t in range(1, 5):
        x = walked(np.full(200_000, 1.7), t, rng())
        kept = np.prod(1 - np.array(BETAS[:t]))
        stated = stats.norm(math.sqrt(kept) * 1.7, math.sqrt(1 - kept))
        assert stats.kstest(x, stated.cdf).pvalue > 1e-3
        eps = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)
        got = SCHEDULE.diffuse(torch.full((3,), 1.7, dtype=torch.float64), t, eps)
        assert np.allclose(got, stated.ppf(stats.norm.cdf(eps)), atol=1e-9)


@checks("eq-forward-mixture", by="integration of the leap's Gaussian over the density of the data")
def mixture():
    """q(x_t) is the integral of q(x_t | x_0) q(x_0), at several points."""
    data = Mixture([0.3, 0.7], [-1.5, 0.8], [0.3, 0.6])
    for kept in (0.9, 0.4, 0.02):
        got = destruction.melted(data, kept)
        for x in (-2.0, -0.3, 0.6, 1.9):

            def joint(x0, x=x, kept=kept):
                return data.density(x0) * stats.norm.pdf(
                    x, math.sqrt(kept) * x0, math.sqrt(1 - kept)
                )

            value, _ = integrate.quad(joint, -6, 6, points=[-1.5, 0.8], limit=200)
            assert np.isclose(got.density(x), value, rtol=1e-7)


@checks("eq-forward-linear", by="the three numbers of the paper and equal differences")
def linear():
    """1,000 steps run evenly from 1e-4 to 0.02; with fewer, sum and shape stay."""
    full = linear_schedule(1000).beta[1:].numpy()
    assert np.isclose(full[0], 1e-4)
    assert np.isclose(full[-1], 0.02)
    assert np.ptp(np.diff(full)) < 1e-15
    for T in (25, 100, 400):
        betas = linear_schedule(T).beta[1:].numpy()
        t = np.arange(1, T + 1)
        assert np.allclose(betas, 1000 / T * (1e-4 + (t - 1) / (T - 1) * (0.02 - 1e-4)))
        assert np.isclose(betas.sum(), full.sum())


@checks("eq-forward-cosine", by="products of the library's betas against the curve, in mpmath")
def cosine():
    """The running product of 1 - beta is the squared cosine, up to the last, bounded step."""
    for T in (10, 50):
        schedule = cosine_schedule(T)
        product = sympy.Float(1, 40)

        def f(t, T=T):
            s = sympy.Rational(8, 1000)
            return sympy.cos((sympy.Rational(t, T) + s) / (1 + s) * sympy.pi / 2).evalf(40) ** 2

        for t in range(1, T):
            product *= 1 - sympy.Float(float(schedule.beta[t]), 40)
            assert abs(product - f(t) / f(0)) < 1e-12
        assert schedule.beta[T] == 0.999


@checks("eq-forward-snr", by="variances of signal and noise among draws")
def snr():
    """Data of variance 1: variance of x_t without noise over that of x_t without data."""
    draws = torch.randn(200_000, generator=seeded(), dtype=torch.float64)
    none = torch.zeros_like(draws)
    for t in range(1, 5):
        signal = SCHEDULE.diffuse(draws, t, none).var()
        noise = SCHEDULE.diffuse(none, t, draws).var()
        assert torch.isclose(SCHEDULE.snr[t], signal / noise, rtol=1e-9)


@checks("eq-forward-left", by="torch's kl_divergence, picture by picture")
def left():
    """Mean KL to N(0, I), and that it bounds the KL of the mixture of the pictures."""
    x0 = torch.randn(6, 2, 3, generator=seeded(1), dtype=torch.float64)
    for kept in (0.7, 0.2, 1e-4):
        q = Normal(math.sqrt(kept) * x0, math.sqrt(1 - kept))
        p = Normal(torch.zeros_like(x0), 1.0)
        want = kl_divergence(Independent(q, 2), Independent(p, 2)).mean().item()
        assert np.isclose(destruction.nats_left(x0, kept), want, rtol=1e-9)
        formula = 0.5 * (kept * x0**2 - kept - math.log(1 - kept)).sum((1, 2)).mean()
        assert np.isclose(formula, want, rtol=1e-6)
    numbers = x0.flatten()
    both = Mixture(np.full(36, 1 / 36), math.sqrt(0.4) * numbers.numpy(), np.full(36, 0.6**0.5))
    mixed = destruction.nats_from_normal(both)
    assert 0 < mixed < destruction.nats_left(numbers[:, None], 0.4)


@checks("eq-forward-which", by="counting among leaps that ended close to one point")
def which():
    """Among leaps from three numbers, the shares of those that end near a place."""
    examples, kept, place = np.array([-1.0, 0.2, 1.5]), 0.6, 0.5
    g = rng()
    start = g.integers(3, size=2_000_000)
    x = math.sqrt(kept) * examples[start] + math.sqrt(1 - kept) * g.standard_normal(len(start))
    near = start[np.abs(x - place) < 0.01]
    counted = np.bincount(near, minlength=3) / len(near)
    given = torch.tensor([[place]], dtype=torch.float64), torch.tensor(examples)[:, None]
    got = destruction.which_example(*given, kept)[0].numpy()
    assert np.all(np.abs(got - counted) < 5 * np.sqrt(got * (1 - got) / len(near)))


@checks("eq-forward-direction", by="variances of many leaps, projected on principal directions")
def direction():
    """Along eigenvector k, signal over noise is lambda_k times SNR(t)."""
    mixing = np.array([[2.0, 0.3, 0.0], [0.0, 0.7, 0.2], [0.0, 0.0, 0.1]])
    x = torch.tensor(rng().standard_normal((100_000, 3)) @ mixing)
    values, axes = np.linalg.eigh(np.cov(x.numpy().T))
    none, eps = torch.zeros_like(x), torch.randn(x.shape, generator=seeded(2), dtype=x.dtype)
    for t in (1, 4):
        signal = (SCHEDULE.diffuse(x, t, none).numpy() @ axes).var(axis=0)
        noise = (SCHEDULE.diffuse(none, t, eps).numpy() @ axes).var(axis=0)
        assert np.allclose(signal / noise, values * SCHEDULE.snr[t].item(), rtol=0.03)


@checks("eq-forward-linear-guess", by="least squares, and conditioning of a joint Gaussian")
def linear_guess():
    """No affine map of x_t has a smaller squared error; for a Gaussian it is E[x_0 | x_t]."""
    g, kept = rng(), 0.35
    x = g.standard_normal((400, 3)) @ np.array([[2.0, 0.3, 0], [0, 0.7, 0.2], [0, 0, 0.1]]) + 0.4
    pca = fit_pca(x)
    cov, mean = np.cov(x.T, bias=True), x.mean(axis=0)
    xt = g.standard_normal((5, 3))
    gain = math.sqrt(kept) * cov @ np.linalg.inv(kept * cov + (1 - kept) * np.eye(3))
    want = mean + (xt - math.sqrt(kept) * mean) @ gain.T
    assert np.allclose(destruction.linear_guess(pca, xt, kept), want, atol=1e-10)

    def expected_error(flat):  # of A x_t + b, averaged over noise and data
        A, b = flat[:9].reshape(3, 3), flat[9:]
        off = x @ (math.sqrt(kept) * A.T - np.eye(3)) + b
        return np.mean(np.sum(off**2, axis=1)) + (1 - kept) * np.sum(A**2)

    best = optimize.minimize(expected_error, np.zeros(12), tol=1e-12).x
    found = xt @ best[:9].reshape(3, 3).T + best[9:]
    assert np.allclose(found, want, atol=1e-4)
