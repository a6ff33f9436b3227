"""The bound of a diffusion: its definition, exact Gaussian chains, cells that are probabilities.

With Gaussian data and the exact denoiser every term is a quadratic in the noise, so its mean over
the noise is its mean over noise -1 and +1: no test of an exact value needs many draws.
"""

import math
from itertools import pairwise
from unittest import mock

import mpmath
import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn
from torch.distributions import Normal, kl_divergence

from lib.diffusion import Diffusion
from lib.diffusion_bound import bound_terms, data_term, log_cell, prior_term, step_term
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule
from lib.time_nets import TimeMLP

MEAN, STD = 0.7, 0.4
SCHEDULES = {
    "three": NoiseSchedule([0.3, 0.5, 0.9]),
    "linear": linear_schedule(25),
    "cosine": cosine_schedule(8),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def small(target: str = "x0", clip: float | None = None, schedule="three") -> Diffusion:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(3, width=8, layers=1).double()
    return Diffusion(network, (3,), SCHEDULES[schedule], target=target, clip=clip)


def mixture(weights, means, variances, schedule: NoiseSchedule) -> Diffusion:
    """The exact denoiser of a mixture on the line."""
    means, variances = np.array(means)[:, None], np.array(variances)[:, None, None]
    data = GaussianMixture(np.array(weights), means, variances)
    return Diffusion(ExactDenoiser(data, schedule), (1,), schedule, target="x0")


def gaussian(schedule: NoiseSchedule) -> Diffusion:
    return mixture([1.0], [MEAN], [STD**2], schedule)


def mean_over_noise(model: Diffusion, x: torch.Tensor, **options) -> torch.Tensor:
    """Exact mean over the noise of every term, (T + 1, n), for points x (n,) and a linear model."""
    twice = x.repeat_interleave(2)[:, None]

    def plus_and_minus(shape, **_):
        return torch.tensor([1.0, -1.0], dtype=x.dtype).repeat(len(x)).reshape(shape)

    with mock.patch("torch.randn", plus_and_minus):
        terms = bound_terms(model, twice, **options)
    return terms.unflatten(1, (len(x), 2)).mean(2)


# -------------------------------------------------------------------------- definitions


@pytest.mark.parametrize("variance", ["posterior", "beta"])
@pytest.mark.parametrize("target", ["eps", "x0", "v"])
def test_terms_are_their_definitions(target, variance):
    """DDPM's equation 5 in torch's own distributions, coefficients written out once more."""
    model, x = small(target), some(5, 3)
    beta, generator = [0.0, 0.3, 0.5, 0.9], seeded(3)
    bar = np.cumprod(1 - np.array(beta))
    want = []
    for t in (1, 2, 3):
        eps = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        xt = math.sqrt(bar[t]) * x + math.sqrt(1 - bar[t]) * eps
        guess = model.denoise(xt, t)[0]
        small_beta = (1 - bar[t - 1]) / (1 - bar[t]) * beta[t]

        def mean(x0, t=t, xt=xt):
            a = math.sqrt(bar[t - 1]) * beta[t] * x0
            return (a + math.sqrt(1 - beta[t]) * (1 - bar[t - 1]) * xt) / (1 - bar[t])

        if t == 1:
            want.append(-Normal(mean(guess), math.sqrt(beta[1])).log_prob(x).sum(1))
            continue
        q = Normal(mean(x), math.sqrt(small_beta))
        sigma2 = beta[t] if variance == "beta" else small_beta
        want.append(kl_divergence(q, Normal(mean(guess), math.sqrt(sigma2))).sum(1))
    last = Normal(math.sqrt(bar[3]) * x, math.sqrt(1 - bar[3]))
    want.append(kl_divergence(last, Normal(0.0, 1.0)).sum(1))
    got = bound_terms(model, x, variance=variance, generator=seeded(3))
    torch.testing.assert_close(got, torch.stack(want).detach())
    total = model.elbo(x, variance=variance, generator=seeded(3))
    torch.testing.assert_close(total, -got.sum(0))


def test_every_divergence_is_positive_and_no_gradient_is_kept():
    model, x = small("v", schedule="linear"), some(20, 3)
    for variance in ("posterior", "beta"):
        terms = bound_terms(model, x, variance=variance, generator=seeded())
        assert terms.shape == (26, 20)
        assert (terms[1:] >= 0).all()
        assert not terms.requires_grad


def test_data_term_with_levels_counts_cells():
    model = small(schedule="cosine")
    x = torch.randint(5, (6, 3), generator=seeded()).double() / 2 - 1
    cell = data_term(model, x, levels=5, generator=seeded(3))
    point = data_term(model, x, generator=seeded(3))
    eps = torch.randn(6, 3, generator=seeded(3), dtype=torch.float64)
    x1 = model.schedule.diffuse(x, 1, eps)
    mean, std = model.denoise(x1, 1)[0].detach().numpy(), model.schedule.beta[1].sqrt().item()
    want = -norm.logpdf(x.numpy(), mean, std).sum(1)
    np.testing.assert_allclose(point.detach(), want, rtol=1e-9)
    want = -log_cell(x, torch.tensor(mean), torch.tensor(std), 5).sum(1)
    torch.testing.assert_close(cell.detach(), want)
    assert (cell >= 0).all()


def test_clipped_estimates_are_those_of_the_bound():
    wide, narrow, x = small("eps"), small("eps", clip=0.2), some(5, 3)
    assert wide.denoise(x, 2)[0].abs().max() > 0.2
    one, two = (bound_terms(m, x, generator=seeded(1)) for m in (wide, narrow))
    assert (one[:-1] != two[:-1]).any(1).all()
    torch.testing.assert_close(one[-1], two[-1])


@pytest.mark.parametrize("name", SCHEDULES)
def test_prior_term_is_a_divergence_that_schedules_make_small(name):
    model, x = gaussian(SCHEDULES[name]), torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    kept = SCHEDULES[name].alpha_bar[-1]
    want = kl_divergence(Normal(kept.sqrt() * x, (1 - kept).sqrt()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(prior_term(model, x), want)
    if name != "three":
        assert want.max() < 1e-3


# ------------------------------------------------------------------ Gaussian data, exactly


def joint(schedule: NoiseSchedule) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of x_0 .. x_T, data and noise steps multiplied out one by one."""
    beta = schedule.beta.numpy()
    steps = len(beta)
    a = np.eye(steps)  # x = a @ (x_0, noise_1, .., noise_T)
    for t in range(1, steps):
        a[t] = np.sqrt(1 - beta[t]) * a[t - 1]
        a[t, t] = np.sqrt(beta[t])
    start = np.zeros(steps)
    start[0] = MEAN
    spread = np.eye(steps)
    spread[0, 0] = STD**2
    return a @ start, a @ spread @ a.T


def conditioned(mean, cov, x0: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of x_1 .. x_T given x_0."""
    gain = cov[1:, 0] / cov[0, 0]
    return mean[1:] + gain * (x0 - mean[0]), cov[1:, 1:] - np.outer(gain, cov[0, 1:])


def chain_of_the_model(schedule: NoiseSchedule, variance: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of x_0 .. x_T as the model draws them, x_0 with variance beta_1.

    A reverse step's mean is E[x_(t-1) | x_t]: regression in the joint Gaussian of the data.
    """
    mean, cov = joint(schedule)
    beta, bar = schedule.beta.numpy(), schedule.alpha_bar.numpy()
    last = len(beta) - 1
    made_mean, made_cov = np.zeros(last + 1), np.zeros((last + 1, last + 1))
    made_cov[last, last] = 1.0
    for t in range(last, 0, -1):
        slope = cov[t - 1, t] / cov[t, t]
        sigma2 = beta[t]
        if variance == "posterior" and t > 1:
            sigma2 = beta[t] * (1 - bar[t - 1]) / (1 - bar[t])
        made_mean[t - 1] = mean[t - 1] + slope * (made_mean[t] - mean[t])
        made_cov[t - 1, t:] = made_cov[t:, t - 1] = slope * made_cov[t, t:]
        made_cov[t - 1, t - 1] = slope**2 * made_cov[t, t] + sigma2
    return made_mean, made_cov


def divergence(m1, c1, m2, c2) -> float:
    """KL of two Gaussians with full covariances."""
    solve = np.linalg.solve(c2, c1)
    away = m2 - m1
    logs = np.linalg.slogdet(c2)[1] - np.linalg.slogdet(c1)[1]
    return 0.5 * (np.trace(solve) + away @ np.linalg.solve(c2, away) - len(m1) + logs)


@pytest.mark.parametrize("variance", ["posterior", "beta"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_gap_of_the_bound_is_the_divergence_between_the_chains(name, variance):
    """log p(x_0) - ELBO = KL(q(x_1 .. x_T | x_0) || p(x_1 .. x_T | x_0)), all of it analytic."""
    schedule = SCHEDULES[name]
    x = torch.tensor([-0.5, 0.3, MEAN, 1.9], dtype=torch.float64)
    elbo = -mean_over_noise(gaussian(schedule), x, variance=variance).sum(0).numpy()
    mean, cov = chain_of_the_model(schedule, variance)
    exact = norm.logpdf(x, mean[0], np.sqrt(cov[0, 0]))
    gaps = [
        divergence(*conditioned(*joint(schedule), v), *conditioned(mean, cov, v)) for v in x.numpy()
    ]
    np.testing.assert_allclose(exact - elbo, gaps, rtol=1e-8, atol=1e-9)
    assert (exact > elbo).all()


@pytest.mark.parametrize(("variance", "ratio"), [("beta", 0.27), ("posterior", 0.7)])
def test_bound_on_the_datas_own_density_closes_with_more_steps(variance, ratio):
    """Mean over the data, again exact: minus the entropy is reached from below.

    With the variance beta the gap falls as 1 / T: it is the exact one up to terms of second order.
    The posterior's is right for data without spread and far too small at the first steps of ours.
    """
    x = torch.tensor([MEAN - STD, MEAN + STD], dtype=torch.float64)
    minus_entropy = -norm.entropy(MEAN, STD)
    gaps = []
    for steps in (25, 100, 400):
        terms = mean_over_noise(gaussian(linear_schedule(steps)), x, variance=variance)
        gaps.append(minus_entropy + terms.sum(0).mean().item())
    assert all(0 < b < ratio * a for a, b in pairwise(gaps))
    assert (gaps[-1] < 0.006) == (variance == "beta")


def test_each_estimate_is_unbiased():
    """Draws in place of noise -1 and +1: the same terms within four standard errors."""
    model, n = gaussian(SCHEDULES["cosine"]), 20_000
    x = torch.full((n, 1), 0.3, dtype=torch.float64)
    drawn = bound_terms(model, x, generator=seeded())
    want = mean_over_noise(model, x[:1, 0])[:, 0]
    error = drawn.std(1) / math.sqrt(n)
    assert ((drawn.mean(1) - want).abs() <= 4 * error + 1e-12).all()


# ------------------------------------------------------------- a chain on a grid, any model


def probabilities(model: Diffusion, levels: int, variance: str) -> np.ndarray:
    """p(x_0) of every level by summing the chain over a grid of the line, step by step."""
    grid = torch.linspace(-9, 9, 1501, dtype=torch.float64)
    width = (grid[1] - grid[0]).item()
    density = norm.pdf(grid.numpy())
    for t in range(model.schedule.steps, 0, -1):
        guess = model.denoise(grid[:, None], t)[0]
        mean = model.schedule.posterior(guess, grid[:, None], t)[0].detach().numpy()
        if t > 1:
            std = model.variance(t, grid, variance).sqrt().item()
            density = (norm.pdf(grid.numpy(), mean, std) * density[:, None]).sum(0) * width
    values, std = np.linspace(-1, 1, levels), model.schedule.beta[1].sqrt().item()
    edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    cells = np.diff(norm.cdf(edges, mean, std), axis=1)
    return (cells * density[:, None]).sum(0) * width


@pytest.mark.parametrize("variance", ["posterior", "beta"])
def test_with_levels_it_bounds_a_probability(variance):
    """Two spikes on the line: bounds below the exact log-probabilities, which sum to 1."""
    schedule, levels = NoiseSchedule([0.05, 0.2, 0.4, 0.6, 0.9]), 5
    model = mixture([0.3, 0.7], [-1.0, 0.5], [0.02, 0.05], schedule)
    exact = probabilities(model, levels, variance)
    assert exact.sum() == pytest.approx(1, abs=1e-9)
    n, gaps = 4000, []
    for value, p in zip(np.linspace(-1, 1, levels), exact, strict=True):
        x = torch.full((n, 1), value, dtype=torch.float64)
        bounds = model.elbo(x, levels=levels, variance=variance, generator=seeded(1))
        gaps.append(math.log(p) - bounds.mean().item())
        assert gaps[-1] > -4 * bounds.std().item() / math.sqrt(n)
    assert 0 < (exact * gaps).sum() < {"posterior": 1.5, "beta": 0.4}[variance]


# ------------------------------------------------------------------------------ cells


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("std", [1e-3, 0.03, 0.3, 20.0])
@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_cells_of_all_levels_sum_to_one(levels, std, dtype):
    values = torch.linspace(-1, 1, levels, dtype=dtype)[:, None]
    mean = torch.tensor([-30.0, -1.0, -0.97, 0.0, 0.0312, 0.9999, 1.0, 4.0], dtype=dtype)
    cells = log_cell(values, mean, torch.tensor(std, dtype=dtype), levels)
    assert cells.shape == (levels, 8)
    assert torch.isfinite(cells).all()
    assert cells.max() <= 0
    tolerance = 1e-12 if dtype == torch.float64 else max(2e-5, 1e-7 / std)
    torch.testing.assert_close(
        cells.exp().sum(0), torch.ones(8, dtype=dtype), atol=tolerance, rtol=0
    )


def exact_log_cell(x: float, mean: float, std: float, levels: int) -> float:
    """By mpmath with 60 digits and more exponent than any float has."""
    with mpmath.workdps(60):
        half = mpmath.mpf(1) / (levels - 1)
        low = -mpmath.inf if x < -1 + half / 2 else (mpmath.mpf(x) - half - mean) / std
        high = mpmath.inf if x > 1 - half / 2 else (mpmath.mpf(x) + half - mean) / std
        if low > 0:
            low, high = -high, -low
        root = mpmath.sqrt(2)
        return float(mpmath.log((mpmath.erfc(-high / root) - mpmath.erfc(-low / root)) / 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("std", [2.0**-9, 0.0625, 1.0])
@pytest.mark.parametrize("mean", [-8.0, -1.0, -0.125, 0.0, 0.3125, 1.0, 3.0])
def test_cells_are_exact_in_the_far_tails(mean, std, dtype):
    """Up to z = 4,600, where the density is e^-10,000,000: a logarithm, not -inf."""
    values = torch.linspace(-1, 1, 17, dtype=dtype)
    got = log_cell(values, torch.tensor(mean, dtype=dtype), torch.tensor(std, dtype=dtype), 17)
    want = [exact_log_cell(v, mean, std, 17) for v in values.tolist()]
    tolerance = 1e-9 if dtype == torch.float64 else 3e-5
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def test_cells_agree_with_differences_of_the_normal_distribution_function():
    values = torch.linspace(-1, 1, 17, dtype=torch.float64)[:, None]
    mean, std = some(40) * 0.6, 0.15
    half = 1 / 16
    want = norm.cdf(values + half, mean, std) - norm.cdf(values - half, mean, std)
    want[0], want[-1] = norm.cdf(-1 + half, mean, std), norm.sf(1 - half, mean, std)
    got = log_cell(values, mean, torch.tensor(std, dtype=torch.float64), 17).exp()
    np.testing.assert_allclose(got, want, atol=1e-13)


def test_narrow_cells_are_densities_times_widths():
    values = torch.linspace(-1, 1, 2001, dtype=torch.float64)[1:-1]
    got = log_cell(values, *torch.tensor([0.2, 0.3], dtype=torch.float64), 2001)
    want = norm.logpdf(values, 0.2, 0.3) + math.log(1e-3)
    np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_bound_stays_finite_where_the_model_is_sure_and_wrong(dtype):
    class Wrong(nn.Module):
        def forward(self, x, t):
            return torch.full_like(x, 50.0)

    model = Diffusion(Wrong(), (3,), linear_schedule(1000), target="x0")
    x = torch.tensor([[-1.0, 0.0, 1.0]], dtype=dtype)
    worst = data_term(model, x, levels=3, generator=seeded())
    assert torch.isfinite(worst).all()
    assert worst.item() > 50**2  # 50 standard deviations and more, three times
    for t in (2, 500, 1000):
        assert torch.isfinite(step_term(model, x, t, generator=seeded())).all()


# ------------------------------------------------------------------------------ errors


def test_levels_are_checked():
    model = small()
    for x in (torch.tensor([[0.0, 0.1, 1.0]]), torch.tensor([[0.0, 1.5, 1.0]])):
        with pytest.raises(ValueError, match="5 even levels from -1 to 1"):
            model.elbo(x.double(), levels=5)
    with pytest.raises(ValueError, match="5 even levels"):
        model.elbo(torch.full((1, 3), math.nan, dtype=torch.float64), levels=5)
    with pytest.raises(ValueError, match="2 or more, got 1"):
        model.elbo(torch.ones(1, 3).double(), levels=1)


def test_unknown_variances_are_refused():
    with pytest.raises(ValueError, match="got 'small'"):
        step_term(small(), some(2, 3), 2, variance="small")
