"""Checks of the equations of the lesson on hierarchies and other data than pictures."""

import numpy as np
import torch
from scipy import integrate, stats

from lib.datasets import load
from lib.hierarchical_vae import mlp_hierarchy, multiply_gaussians
from lib.likelihoods import FixedGaussian
from lib.linear_hierarchy import LinearHierarchy
from lib.pca import fit_pca
from lib.score_vae import fit_score_vae
from tests.equations import checks

GRID = np.linspace(-8, 8, 801)
CELL = GRID[1] - GRID[0]


def bent(z2):
    """Mean and standard deviation of a curved p(z1 | z2) of single numbers."""
    return 1.5 * np.sin(1.5 * z2), 0.3 + 0.2 * z2**2 / (1 + z2**2)


def tables(x: float):
    """p(z2), p(z1 | z2), p(x | z1) on a grid: rows are z1, columns z2."""
    mean, std = bent(GRID)
    prior_1 = stats.norm.pdf(GRID[:, None], mean, std)
    return stats.norm.pdf(GRID), prior_1, stats.norm.pdf(x, np.tanh(GRID) + GRID, 0.4)[:, None]


@checks(
    "eq-beyond-model",
    "eq-beyond-marginal",
    by="histograms of samples drawn step by step, against integrals on a grid",
)
def sampling():
    """Ancestral samples of z1 and x have the densities that the integrals say."""
    random = np.random.default_rng(0)
    z2 = random.standard_normal(400_000)
    mean, std = bent(z2)
    z1 = mean + std * random.standard_normal(len(z2))
    x = np.tanh(z1) + z1 + 0.4 * random.standard_normal(len(z1))
    top, middle, _ = tables(0.0)
    marginal = middle @ top * CELL
    cdf = np.interp([-1.5, -0.5, 0.3, 1.2], GRID, np.cumsum(marginal) * CELL - marginal * CELL / 2)
    for at, want in zip([-1.5, -0.5, 0.3, 1.2], cdf, strict=True):
        assert abs(np.mean(z1 <= at) - want) < 4 * 0.5 / np.sqrt(len(z1))
        mass = integrate.quad(
            lambda z, at=at: stats.norm.pdf(z) * stats.norm.cdf(at, *bent(z)), -8, 8, limit=200
        )[0]
        assert abs(mass - want) < 1e-4
    for at in (-2.0, 0.5):
        below = stats.norm.cdf(at, np.tanh(GRID) + GRID, 0.4) @ marginal * CELL
        assert abs(np.mean(x <= at) - below) < 4 * 0.5 / np.sqrt(len(x))
    assert stats.kurtosis(z1) < -0.5  # no Gaussian: that is what the level buys
    model = mlp_hierarchy((2,), 3, 1, FixedGaussian(0.1), hidden=(4,), top_hidden=(4,))
    given = torch.full((50_000, 1), 0.7)
    drawn = model.sample_bottom(given, generator=torch.Generator().manual_seed(0))
    middle_mean, log_var = (v[0].detach() for v in model.bottom_prior(given[:1]))
    assert torch.allclose(drawn.mean(0), middle_mean, atol=0.05)
    assert torch.allclose(drawn.std(0), torch.exp(log_var / 2), rtol=0.05)


@checks("eq-beyond-bound", by="sums over a grid of z1 and z2, for random q and for the posterior")
def bound():
    """Three terms stay below log p(x) for any q in this order, and meet it for the posterior."""
    random = np.random.default_rng(1)
    for x in (-1.0, 0.6):
        top, middle, seen = tables(x)
        joint = top * middle * seen
        log_p = np.log(joint.sum() * CELL**2)
        exact_top = joint.sum(axis=0) / joint.sum()
        exact_below = joint / np.maximum(joint.sum(axis=0), 1e-300)
        for k in range(6):
            if k == 0:
                q_top, q_below = exact_top, exact_below
            else:
                q_top = stats.norm.pdf(GRID, random.normal(), random.uniform(0.4, 1))
                slope, shift, width = random.normal(), random.normal(), random.uniform(0.3, 1)
                q_below = stats.norm.pdf(GRID[:, None], slope * GRID + shift, width)
                q_top, q_below = q_top / q_top.sum(), q_below / q_below.sum(axis=0)
            small = 1e-300
            reach = np.sum(q_top * q_below * np.log(np.maximum(seen, small)))
            below = np.log(np.maximum(q_below, small) / np.maximum(middle * CELL, small))
            rate_1 = np.sum(q_top * np.sum(q_below * below, axis=0))
            rate_2 = np.sum(q_top * np.log(np.maximum(q_top, small) / (top * CELL)))
            value = reach - rate_1 - rate_2
            assert (abs(value - log_p) < 1e-6) if k == 0 else (value < log_p - 1e-3)


@checks("eq-beyond-product", by="the normalised product of two densities on a grid")
def product():
    """Precisions add and means are weighted by them."""
    random = np.random.default_rng(2)
    for _ in range(10):
        m, mu = random.normal(size=2)
        v, var = random.uniform(0.1, 2, size=2)
        density = stats.norm.pdf(GRID, m, v**0.5) * stats.norm.pdf(GRID, mu, var**0.5)
        density /= density.sum()
        mean = density @ GRID
        variance = density @ (GRID - mean) ** 2
        assert np.isclose(1 / variance, 1 / v + 1 / var, rtol=1e-5)
        assert np.isclose(mean, variance * (m / v + mu / var), atol=1e-6)
        pair = [torch.tensor([[u]]) for u in (m, np.log(v), mu, np.log(var))]
        found = multiply_gaussians(tuple(pair[:2]), tuple(pair[2:]))
        assert np.allclose([found[0].item(), np.exp(found[1].item())], [mean, variance], atol=1e-5)


@checks("eq-beyond-linear", by="simulation of the two equations with numpy")
def linear():
    """Simulated x has the variance w^2 + sigma^2 for every share, and z1 has variance 1."""
    random = np.random.default_rng(3)
    for share in (0.0, 0.3, 0.9):
        model = LinearHierarchy(share, w=1.7, noise=0.6)
        z2, e1, e2 = random.standard_normal((3, 300_000))
        z1 = share**0.5 * z2 + (1 - share) ** 0.5 * e1
        x = model.w * z1 + model.noise * e2
        assert abs(z1.var() - 1) < 0.02
        assert abs(np.corrcoef(z1, z2)[0, 1] ** 2 - share) < 0.01
        density = stats.norm(0, np.hypot(1.7, 0.6))
        assert stats.kstest(x[:5000], density.cdf).pvalue > 1e-4
        assert np.allclose(model.log_prob(x[:9]), density.logpdf(x[:9]))
        drawn = model.as_vae().sample(100_000, generator=torch.Generator().manual_seed(0))
        assert abs(drawn.var().item() / density.var() - 1) < 0.03


@checks("eq-beyond-split", by="sums over a grid for a curved hierarchy, where no formula is known")
def split():
    """With the exact posterior, the two rates add up to the divergence of z1 alone."""
    for x in (-1.0, 0.2, 1.5):
        top, middle, seen = tables(x)
        posterior = top * middle * seen
        posterior /= posterior.sum()
        q_top, q_1 = posterior.sum(axis=0), posterior.sum(axis=1)
        q_below = posterior / np.maximum(q_top, 1e-300)
        ratio = np.log(np.maximum(q_below, 1e-300) / np.maximum(middle * CELL, 1e-300))
        rate_1 = np.sum(posterior * ratio)
        rate_2 = np.sum(q_top * np.log(np.maximum(q_top, 1e-300) / (top * CELL)))
        marginal = np.maximum(middle @ top * CELL**2, 1e-300)
        alone = np.sum(q_1 * np.log(np.maximum(q_1, 1e-300) / marginal))
        assert np.isclose(rate_1 + rate_2, alone, atol=1e-8)
        assert min(rate_1, rate_2) > 1e-3


@checks("eq-beyond-scores", by="distances of full vectors, for guesses in the plane")
def scores():
    """Squared distances split into those of the scores and a remainder without the guess."""
    random = np.random.default_rng(4)
    x = load("digits").train.x[:200].reshape(200, -1).astype(float)
    pca = fit_pca(x, 12)
    s = pca.encode(x)
    rest = np.sum((x - pca.decode(s)) ** 2, axis=1)
    for _ in range(5):
        guess = random.normal(size=s.shape) * 3
        full = np.sum((x - pca.decode(guess)) ** 2, axis=1)
        assert np.allclose(full, np.sum((s - guess) ** 2, axis=1) + rest)


@checks("eq-beyond-phase", by="integration over the phase, and the best of many guesses")
def phase():
    """The mean over phases is 0, the mean square 1/2, and no guess beats silence."""
    for t in (0.0, 0.4, 2.2):
        mean, square = (
            integrate.quad(lambda a, p=p, t=t: np.cos(3 * t + a) ** p / (2 * np.pi), 0, 2 * np.pi)[
                0
            ]
            for p in (1, 2)
        )
        assert abs(mean) < 1e-12
        assert np.isclose(square, 0.5)
    time = np.linspace(0, 1, 400)
    takes = np.cos(40 * time + np.linspace(0, 2 * np.pi, 360, endpoint=False)[:, None])
    silent = np.mean(takes**2)
    for guess in (0.2 * np.cos(40 * time), -0.5 * np.cos(40 * time + 1), 0.3 * np.ones(400)):
        assert np.mean((takes - guess) ** 2) > silent
    assert np.isclose(silent, 0.5)


@checks(
    "eq-beyond-units", by="training in two units with the noise scaled, and with the noise kept"
)
def units():
    """Data times c with noise sigma cost as much as the data with noise sigma / c."""
    random = np.random.default_rng(5)
    x, c = random.normal(size=(64, 2)) @ random.normal(size=(2, 6)), 100.0

    def costs(data, noise):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = fit_score_vae(
                data, 2, components=2, noise=noise, hidden=(8,), schedule=((1.0, 3),),
                generator=torch.Generator().manual_seed(0),
            )  # fmt: skip
        return np.array(model.history["rate"])

    assert np.allclose(costs(c * x, 0.7), costs(x, 0.7 / c), rtol=1e-2)
    assert not np.allclose(costs(c * x, 0.7), costs(x, 0.7), rtol=1e-2)
    errors = random.normal(size=(20, 6))
    kept, scaled = (
        FixedGaussian(std).log_prob(torch.tensor(k * errors), torch.zeros(20, 1, 6)).numpy()
        for k, std in ((c, 0.7), (1.0, 0.7 / c))
    )
    assert np.allclose(kept - kept[0], scaled - scaled[0], rtol=1e-6)
