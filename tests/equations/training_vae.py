"""Checks of the equations of the lesson on training a VAE."""

import math
from itertools import product

import numpy as np
import torch
from scipy import integrate, optimize, special, stats

from lib import likelihoods
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(31)


@checks("eq-train-average", by="a general optimiser on the weighted distortion")
def best_mean_is_the_average():
    """No other mean picture has a smaller weighted squared error than the weighted average."""
    random = rng()
    for _ in range(5):
        x, r = random.normal(size=(4, 6)), random.uniform(0.1, 2, size=4)
        sigma = random.uniform(0.2, 2)

        def distortion(g, x=x, r=r, sigma=sigma):
            density = stats.norm(g, sigma).logpdf(x).sum(1)
            return -np.dot(r, density)

        found = optimize.minimize(distortion, np.zeros(6), tol=1e-12).x
        average = sum(w * v for w, v in zip(r, x, strict=True)) / sum(r)
        np.testing.assert_allclose(found, average, atol=1e-5)


@checks("eq-train-dots", by="all orders of dots enumerated; scipy's beta-binomial")
def dots_pull_each_other():
    """Drawing dot by dot gives the beta-binomial with alpha = a / b and beta = (1 - a) / b."""
    a, b, n = 0.3, 0.4, 6
    totals = np.zeros(n + 1)
    for dots in product((0, 1), repeat=n):
        p, ink = 1.0, 0
        for i, dot in enumerate(dots):
            chance = (a + ink * b) / (1 + i * b)
            p *= chance if dot else 1 - chance
            ink += dot
        totals[ink] += p
    np.testing.assert_allclose(totals, stats.betabinom.pmf(np.arange(n + 1), n, a / b, (1 - a) / b))
    out = torch.tensor([math.log(a / (1 - a)), math.log(math.expm1(b))], dtype=torch.float64)
    counts = torch.arange(n + 1, dtype=torch.float64)[:, None] / n
    score = likelihoods.BetaBinomial(n).log_prob(counts, out.reshape(1, 2, 1).expand(n + 1, 2, 1))
    np.testing.assert_allclose(score.exp(), totals, atol=1e-5)


@checks("eq-train-bits", by="counting yes-or-no questions, and the entropy of a known source")
def bits_per_dimension():
    """D pixels of 2^j equally likely levels cost j bits a pixel; a known source its entropy."""
    for d, j in ((64, 4), (9, 1)):
        nats = d * math.log(2**j)  # minus log p of any picture
        assert math.isclose(nats / (d * math.log(2)), j)
    p, d = np.array([0.5, 0.25, 0.125, 0.125]), 40
    x = rng().choice(4, size=(4000, d), p=p)
    nats = -np.log(p)[x].sum(1).mean() * -1
    assert abs(-nats / (d * math.log(2)) - 1.75) < 0.02  # 1/2 + 2/4 + 3/8 + 3/8


def small_encoder() -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of q(z | x^(n)) of four examples, in one dimension."""
    return np.array([-1.5, -0.2, 0.3, 2.0]), np.array([0.3, 0.5, 0.2, 0.9])


def integral(f) -> float:
    return integrate.quad(f, -15, 15, limit=400, epsabs=1e-10, points=[-1.5, -0.2, 0.3, 2])[0]


@checks("eq-train-split", "eq-train-logn", by="integration over z, and the posterior of n by Bayes")
def rate_splits():
    """Mean rate = H(n) - H(n | z) + KL(q(z) || p(z)); the first part is at most log N."""
    means, widths = small_encoder()

    def parts(z):
        return stats.norm.pdf(z, means, widths)

    rate = np.mean(0.5 * (widths**2 + means**2 - 1 - 2 * np.log(widths)))  # closed form
    mismatch = integral(
        lambda z: parts(z).mean() * (np.log(parts(z).mean()) - stats.norm.logpdf(z))
    )
    # H(n) - E[H(n | z)], from the probability of each n once z is known
    unsure = integral(lambda z: parts(z).mean() * special.entr(parts(z) / parts(z).sum()).sum())
    told = np.log(4) - unsure
    assert np.isclose(rate, told + mismatch, atol=1e-7)
    assert 0.1 < told < np.log(4)
    for apart, want in ((0.0, 0.0), (60.0, np.log(4))):  # the same code for all, and one for each
        q = stats.norm.pdf(apart * np.arange(4)[:, None], apart * np.arange(4), 1.0)
        told = np.log(4) - special.entr(q / q.sum(1, keepdims=True)).sum(1).mean()
        assert np.isclose(told, want, atol=1e-9)


@checks(
    "eq-train-importance", "eq-train-chain", by="all S-tuples of a latent with three states summed"
)
def importance_bounds_rise():
    """E[log of the mean ratio], exactly: L_1 is the ELBO, L_S rises and stays below log p(x)."""
    prior, given = np.array([0.5, 0.3, 0.2]), np.array([0.02, 0.3, 0.6])  # p(z), p(x | z)
    q = np.array([0.3, 0.3, 0.4])
    log_p = np.log(prior @ given)
    elbo = q @ np.log(given) - q @ np.log(q / prior)
    bounds = []
    for s in range(1, 8):
        total = 0.0
        for zs in product(range(3), repeat=s):
            ratios = [prior[z] * given[z] / q[z] for z in zs]
            total += np.prod(q[list(zs)]) * np.log(np.mean(ratios))
        bounds.append(total)
    assert np.isclose(bounds[0], elbo)
    assert np.all(np.diff(bounds) > 0)
    assert bounds[-1] < log_p < bounds[-1] + 0.2 * (log_p - elbo)
    exact = prior * given / (prior @ given)  # with the posterior as q every ratio is p(x)
    assert np.isclose(exact @ np.log(prior * given / exact), log_p)


@checks("eq-train-blur", by="sums over every picture that a code may stand for")
def blur():
    """Squared gradient of the mean = mean of the squared gradients - trace of G Cov G^T."""
    x = rng().gamma(1.0, size=(7, 4, 5))
    weights = rng().dirichlet(np.ones(7))

    def energy(picture):
        down, right = np.diff(picture, axis=0), np.diff(picture, axis=1)
        return np.sum(down**2) + np.sum(right**2)

    basis = np.eye(20).reshape(20, 4, 5)
    g = np.stack([np.concatenate([np.diff(e, axis=0).ravel(), np.diff(e, axis=1).ravel()])
                  for e in basis], axis=1)  # fmt: skip
    flat = x.reshape(7, 20)
    cov = np.cov(flat.T, aweights=weights, bias=True)
    mean = sum(w * picture for w, picture in zip(weights, x, strict=True))
    average = sum(w * energy(picture) for w, picture in zip(weights, x, strict=True))
    assert np.isclose(energy(mean), average - np.trace(g @ cov @ g.T))
    assert np.trace(g @ cov @ g.T) > 0.1
