"""The way back on a line: Bayes' rule, moments and laws against formulas, scipy and samples."""

import numpy as np
import pytest
import torch
from scipy import stats

from lib import reverse_line
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture, round_mixture
from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule

GRID = np.linspace(-5, 5, 5001)
LINE = GaussianMixture(
    np.array([0.4, 0.6]), np.array([[-1.0], [1.2]]), np.array([[[0.09]], [[0.2]]])
)


def gaussian(mean: float, width: float) -> GaussianMixture:
    return round_mixture(np.array([[mean]]), width)


def test_one_step_back_from_a_gaussian_is_gaussian_conditioning():
    mean, variance, beta, xt = 0.4, 0.7, 0.3, -0.9
    found = reverse_line.step_back(gaussian(mean, variance**0.5), beta, xt, GRID)
    gain = variance * (1 - beta) ** 0.5 / ((1 - beta) * variance + beta)
    want = stats.norm(
        mean + gain * (xt - (1 - beta) ** 0.5 * mean),
        (variance - gain * (1 - beta) ** 0.5 * variance) ** 0.5,
    )
    np.testing.assert_allclose(found, want.pdf(GRID), atol=1e-10)


def test_step_back_is_what_led_to_x_t_in_samples():
    before = LINE.sample(400_000, np.random.default_rng(0))[0][:, 0]
    noise = np.random.default_rng(1).normal(size=len(before))
    xt = np.sqrt(0.7) * before + np.sqrt(0.3) * noise
    led = before[abs(xt - 0.2) < 0.01]
    density = reverse_line.step_back(LINE, 0.3, 0.2, GRID)
    law = np.cumsum(density) * (GRID[1] - GRID[0])
    assert stats.kstest(led, lambda v: np.interp(v, GRID, law)).pvalue > 1e-3


def test_posterior_on_the_grid_is_a_density_in_the_right_place():
    schedule = linear_schedule(50)
    density = reverse_line.posterior_on_grid(schedule, 9, 0.7, -0.5, GRID)
    pair = torch.tensor([[-0.5]]).double(), torch.tensor([[0.7]]).double()
    mean, variance = (float(v) for v in schedule.posterior(*pair, 9))
    np.testing.assert_allclose(density, stats.norm(mean, variance**0.5).pdf(GRID), atol=1e-9)


def test_nearest_gaussian_knows_moments_and_divergence():
    mean, variance, nats = reverse_line.nearest_gaussian(GRID, stats.norm(0.3, 0.5).pdf(GRID))
    np.testing.assert_allclose((mean, variance), (0.3, 0.25), atol=1e-9)
    assert abs(nats) < 1e-9
    wide = stats.logistic(0.0, 0.3).pdf(GRID)
    mean, variance, nats = reverse_line.nearest_gaussian(GRID, wide)
    assert np.isclose(variance, np.pi**2 / 3 * 0.09, atol=1e-4)
    entropy = np.log(0.3) + 2
    assert np.isclose(nats, 0.5 * np.log(2 * np.pi * np.e * variance) - entropy, atol=1e-4)


def test_peaks_are_counted():
    def of(*means):
        return sum(stats.norm(m, 0.2).pdf(GRID) for m in means)

    assert [reverse_line.count_peaks(of(*range(k))) for k in (1, 2, 4)] == [1, 2, 4]


def test_added_variances_are_those_of_algorithm_2_and_right_for_a_point_and_a_normal():
    schedule = linear_schedule(60)
    model = Diffusion(torch.nn.Identity(), (1,), schedule)
    x, tables = torch.zeros(1, 1).double(), {}
    for kind in ("beta", "posterior"):
        tables[kind] = reverse_line.added_variance(schedule, kind)
        assert tables[kind].shape == (61,)
        assert torch.all(tables[kind][:2] == 0)
        for t in (2, 17, 60):
            assert torch.isclose(tables[kind][t], model.variance(t, x, kind)[0, 0])
    point, normal = (reverse_line.added_variance(schedule, "right", s) for s in (0.0, 1.0))
    torch.testing.assert_close(point, tables["posterior"])
    torch.testing.assert_close(normal, schedule.beta)


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0, 4.0])
def test_the_right_variance_is_that_of_the_joint_gaussian(spread):
    schedule = cosine_schedule(12)
    right, kept = reverse_line.added_variance(schedule, "right", spread), schedule.alpha_bar
    noisy = kept * spread + 1 - kept  # variances of x_t
    for t in range(1, 13):
        shared = schedule.alpha[t].sqrt() * noisy[t - 1]
        assert torch.isclose(right[t], noisy[t - 1] - shared**2 / noisy[t], atol=1e-12)


@pytest.mark.parametrize(("mean", "width"), [(0.0, 1.0), (-1.3, 0.4), (2.0, 0.0)])
def test_with_the_right_variance_the_chain_has_the_moments_of_the_noisy_data(mean, width):
    schedule = linear_schedule(200)
    denoiser = ExactDenoiser(gaussian(mean, width), schedule)
    right = reverse_line.added_variance(schedule, "right", width**2)
    found, kept = reverse_line.chain_moments(denoiser, right), schedule.alpha_bar
    assert found.shape == (201, 2)
    share = (kept[-1] * width**2 / (kept[-1] * width**2 + 1 - kept[-1])).item()
    assert abs(found[0, 0] - mean * (1 - share)) < 1e-10
    assert abs(found[0, 1] - width**2) < share + 1e-10
    torch.testing.assert_close(found[:, 1], kept * width**2 + 1 - kept, atol=5e-5, rtol=0)


def test_moments_and_law_are_those_of_samples_of_the_library():
    schedule = cosine_schedule(8)
    for variance in ("beta", "posterior"):
        denoiser = ExactDenoiser(gaussian(0.5, 0.6), schedule)
        model = Diffusion(denoiser, (1,), schedule, target="x0")
        generator = torch.Generator().manual_seed(0)
        *_, s = model.sample_steps(40_000, generator=generator, variance=variance)
        table = reverse_line.added_variance(schedule, variance)
        mean, var = reverse_line.chain_moments(denoiser, table)[0].tolist()
        assert abs(s.mean().item() - mean) < 5 * (var / 40_000) ** 0.5
        assert abs(s.var().item() / var - 1) < 5 * (2 / 40_000) ** 0.5
        grid = torch.linspace(-4, 5, 601, dtype=torch.float64)
        law = reverse_line.chain_law(denoiser, table, grid).numpy()
        np.testing.assert_allclose(law, stats.norm(mean, var**0.5).cdf(grid), atol=2e-4)


def test_law_of_a_mixture_chain_is_that_of_samples():
    schedule = cosine_schedule(6)
    denoiser = ExactDenoiser(LINE, schedule)
    model = Diffusion(denoiser, (1,), schedule, target="x0")
    grid = torch.linspace(-4, 4, 801, dtype=torch.float64)
    law = reverse_line.chain_law(denoiser, reverse_line.added_variance(schedule, "beta"), grid)
    *_, s = model.sample_steps(20_000, generator=torch.Generator().manual_seed(0), variance="beta")
    found = stats.kstest(s[:, 0].numpy(), lambda v: np.interp(v, grid, law))
    assert found.statistic < 1.95 / 20_000**0.5
    assert abs(law - torch.from_numpy(reverse_line.mixture_law(LINE, grid.numpy()))).max() > 0.02


def test_mixture_law_is_the_integral_of_the_density():
    density = np.exp(LINE.log_prob(GRID[:, None]))
    below = np.cumsum(density) * (GRID[1] - GRID[0])
    np.testing.assert_allclose(reverse_line.mixture_law(LINE, GRID), below, atol=2e-3)


def test_both_ways_give_one_density_which_is_that_of_the_path():
    schedule = NoiseSchedule([0.1, 0.3, 0.5])
    forward, turned = reverse_line.both_ways(
        schedule, 0.7, generator=torch.Generator().manual_seed(3)
    )
    generator, x, want = torch.Generator().manual_seed(3), 0.7, 0.0
    for t in (1, 2, 3):
        beta = schedule.beta[t].item()
        mean = (1 - beta) ** 0.5 * x
        x = mean + beta**0.5 * torch.randn(1, generator=generator, dtype=torch.float64).item()
        want += stats.norm(mean, beta**0.5).logpdf(x) * (t > 1)
    assert np.isclose(forward, want)
    assert np.isclose(turned, want)


def test_errors_say_what_would_be_right():
    schedule = linear_schedule(50)
    with pytest.raises(ValueError, match="needs a spread"):
        reverse_line.added_variance(schedule, "right")
    with pytest.raises(ValueError, match="kind is one of"):
        reverse_line.added_variance(schedule, "alpha")
    denoiser, table = ExactDenoiser(LINE, schedule), reverse_line.added_variance(schedule, "beta")
    with pytest.raises(ValueError, match="one Gaussian on a line"):
        reverse_line.chain_moments(denoiser, table)
    with pytest.raises(ValueError, match="too coarse"):
        reverse_line.chain_law(denoiser, table, torch.linspace(-4, 4, 41).double())
