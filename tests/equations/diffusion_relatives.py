"""Checks of the equations of the lesson that puts diffusion beside its relatives."""

import math

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.special import logsumexp
from torch.distributions import MultivariateNormal

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule
from tests.equations import checks

POINTS = np.array([-1.2, 0.1, 0.8])  # a data set of three numbers
GRID = np.linspace(-8, 8, 20_001)
RNG = 17


def kept_at(t: int, steps: int = 12) -> float:
    return float(cosine_schedule(steps).alpha_bar[t])


def noisy(kept: float) -> list[np.ndarray]:
    """log q(x_t | x^(n)) of the three points, on the grid."""
    return [stats.norm.logpdf(GRID, math.sqrt(kept) * v, math.sqrt(1 - kept)) for v in POINTS]


def divergence(log_p: np.ndarray, log_q: np.ndarray) -> float:
    return integrate.simpson(np.exp(log_p) * (log_p - log_q), x=GRID)


def aggregate(kept: float) -> np.ndarray:
    return logsumexp(noisy(kept), axis=0) - math.log(len(POINTS))


def information(kept: float) -> float:
    return float(np.mean([divergence(p, aggregate(kept)) for p in noisy(kept)]))


@checks("eq-relatives-split", by="quadrature for a data set of three numbers")
def split():
    """The mean rate is information plus mismatch, at three steps."""
    prior = stats.norm.logpdf(GRID)
    for t in (3, 7, 11):
        rate = np.mean([divergence(p, prior) for p in noisy(kept_at(t))])
        mismatch, told = divergence(aggregate(kept_at(t)), prior), information(kept_at(t))
        assert np.isclose(rate, told + mismatch, atol=1e-9)
        assert min(mismatch, told) > 0


@checks("eq-relatives-processing", by="quadrature at all steps of a chain")
def processing():
    """Information falls from step to step and starts below log 3."""
    found = [information(kept_at(t)) for t in range(2, 13)]
    assert found[0] <= math.log(3) + 1e-9
    assert np.all(np.diff(found) < 0)


@checks("eq-relatives-chain", by="enumeration of a Markov chain of three states and of its samples")
def chain():
    """Products of the backward factors add up to one, and are the forward joint by Bayes' rule."""
    rng = np.random.default_rng(RNG)
    start = rng.dirichlet(np.ones(3))
    forward = [rng.dirichlet(np.ones(3), size=3) for _ in range(2)]
    joint = np.einsum("a,ab,bc->abc", start, *forward)  # p(x_0, x_1, x_2)
    last, middle = joint.sum((0, 1)), joint.sum(0)
    back = middle / last, joint.sum(2) / middle.sum(1)  # p(x_1 | x_2), p(x_0 | x_1)
    product = np.einsum("c,bc,ab->abc", last, *back)
    assert np.allclose(product, joint)
    assert np.isclose(product.sum(), 1)
    pixels = [joint.sum((1, 2)), joint.sum(2) / joint.sum((1, 2))[:, None]]
    following = joint / joint.sum(2, keepdims=True)
    assert np.allclose(pixels[0][:, None, None] * pixels[1][..., None] * following, joint)


@checks("eq-relatives-known", by="regression on 400,000 draws, and an integral for the posterior")
def known():
    """Squared correlation of x_0 and x_t, and the share that the posterior variance leaves."""
    rng, variance = np.random.default_rng(RNG), 2.3
    x0 = math.sqrt(variance) * rng.normal(size=400_000)
    for t in (2, 6, 10):
        kept = kept_at(t)
        xt = math.sqrt(kept) * x0 + math.sqrt(1 - kept) * rng.normal(size=len(x0))
        snr = variance * kept / (1 - kept)
        share = kept * variance / (kept * variance + 1 - kept)
        assert np.isclose(share, snr / (snr + 1))
        assert np.isclose(np.corrcoef(x0, xt)[0, 1] ** 2, share, atol=0.005)
        prior, noise = stats.norm(0, math.sqrt(variance)), stats.norm(0, math.sqrt(1 - kept))

        def weight(v, p=prior, e=noise, a=kept):
            return p.pdf(v) * e.pdf(1.0 - math.sqrt(a) * v)

        mass = integrate.quad(weight, -20, 20, limit=400)[0]
        mean = integrate.quad(lambda v, w=weight: v * w(v), -20, 20, limit=400)[0] / mass
        left = integrate.quad(lambda v, w=weight, m=mean: (v - m) ** 2 * w(v), -20, 20, limit=400)
        assert np.isclose(1 - left[0] / mass / variance, share, atol=1e-6)


@checks("eq-relatives-half", by="root finding")
def half():
    """The share is a half at the root of SNR_k = 1, wherever it lies."""
    for variance in (0.05, 1.0, 7.0):
        root = optimize.brentq(lambda a, v=variance: v * a / (1 - a) - 1, 1e-9, 1 - 1e-9)
        assert np.isclose(root, 1 / (1 + variance))
        assert np.isclose(root * variance / (root * variance + 1 - root), 0.5)


@checks("eq-relatives-standard", by="torch's density of a correlated Gaussian in both units")
def standard():
    """Densities in the two units differ by the sum of the logarithms of the scales."""
    generator = torch.Generator().manual_seed(RNG)
    root = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    covariance, mean = root @ root.T + torch.eye(3), torch.tensor([3.0, -1.0, 0.5]).double()
    law = MultivariateNormal(mean, covariance)
    scale = covariance.diagonal().sqrt()
    units = MultivariateNormal(torch.zeros(3).double(), covariance / torch.outer(scale, scale))
    z = law.sample((5,))
    got = units.log_prob((z - mean) / scale) - scale.log().sum()
    torch.testing.assert_close(got, law.log_prob(z))


@checks("eq-relatives-ceiling", by="a brute search over a fine grid of codes")
def ceiling():
    """No code of 300, random or chosen, beats the grid's best for a curved decoder."""
    rng = np.random.default_rng(RNG)

    def decoder(z):
        return np.stack([np.cos(z), np.sin(2 * z), 0.3 * z], axis=-1)

    grid = decoder(np.linspace(-4, 4, 20_001))
    for x in rng.normal(size=(20, 3)):
        best = np.sum((x - grid) ** 2, axis=1).min()
        drawn = np.sum((x - decoder(rng.uniform(-4, 4, size=300))) ** 2, axis=1).min()
        assert drawn >= best - 1e-6


@checks("eq-relatives-prior", by="the exact likelihood of a linear Gaussian model, 4,000 points")
def prior():
    """With exact posterior and exact denoiser the right side is below log p(x), and close."""
    generator = torch.Generator().manual_seed(RNG)
    s, schedule = 0.6, cosine_schedule(300)
    exact = ExactDenoiser(
        GaussianMixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))), schedule
    )
    model = Diffusion(exact, (1,), schedule, target="x0")
    x = math.sqrt(1 + s**2) * torch.randn(4_000, 1, generator=generator, dtype=torch.float64)
    gain, std = 1 / (1 + s**2), math.sqrt(s**2 / (1 + s**2))
    z = gain * x + std * torch.randn(x.shape, generator=generator, dtype=torch.float64)
    q = torch.distributions.Normal(gain * x, std).log_prob(z).sum(1)
    fit = torch.distributions.Normal(z, s).log_prob(x).sum(1)
    on_codes = model.elbo(z, generator=generator, variance="beta")
    bound = (fit - q + on_codes).mean().item()
    truth = torch.distributions.Normal(0, math.sqrt(1 + s**2)).log_prob(x).sum(1).mean().item()
    assert truth - 0.15 < bound < truth + 0.01
