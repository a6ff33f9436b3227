"""Noise schedules against Gaussians of torch and scipy, linear algebra, limits and diffusers."""

import math

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from scipy import stats
from torch.distributions import Normal

from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule

UNEVEN = [0.1, 0.35, 0.02, 0.6, 0.25]
MAKERS = {"linear": linear_schedule, "cosine": cosine_schedule}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=dtype)


@pytest.fixture
def uneven():
    return NoiseSchedule(UNEVEN)


def linear_map(schedule: NoiseSchedule, t: int) -> np.ndarray:
    """Weights of x_0, eps_1, ..., eps_t in x_t, by walking with unit vectors."""
    x = torch.eye(t + 1, dtype=torch.float64)
    state = x[0]
    for s in range(1, t + 1):
        state = schedule.step(state[:, None], s, x[s][:, None])[:, 0]
    return state.numpy()


# ------------------------------------------------------------------------------------- tables


def test_tables_are_running_products(uneven):
    betas = np.array([0, *UNEVEN])
    np.testing.assert_array_equal(uneven.beta, betas)
    np.testing.assert_array_equal(uneven.alpha, 1 - betas)
    products = [math.prod(1 - b for b in UNEVEN[:t]) for t in range(6)]
    np.testing.assert_allclose(uneven.alpha_bar, products, rtol=1e-15)
    assert uneven.alpha_bar[0] == 1
    assert uneven.steps == 5
    assert uneven.beta.dtype == torch.float64


def test_snr_is_the_ratio_of_the_leaps_variances(uneven):
    one, none = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
    assert uneven.snr[0] == math.inf
    for t in range(1, 6):
        signal, noise = uneven.diffuse(one, t, none), uneven.diffuse(none, t, one)
        assert uneven.snr[t].item() == pytest.approx((signal / noise).item() ** 2, rel=1e-12)


def test_tables_are_no_weights(uneven):
    assert not uneven.state_dict()
    assert not list(uneven.parameters())
    assert {name for name, _ in uneven.named_buffers()} == {"beta", "alpha", "alpha_bar"}


def test_betas_may_be_a_tensor_or_a_list():
    for betas in (torch.tensor(UNEVEN, dtype=torch.float64), tuple(UNEVEN), np.array(UNEVEN)):
        torch.testing.assert_close(NoiseSchedule(betas).beta, NoiseSchedule(UNEVEN).beta)


# --------------------------------------------------------------------------- steps and leaps


@pytest.mark.parametrize("t", [1, 3, 5])
def test_a_step_maps_quantiles_of_noise_to_quantiles_of_the_stated_gaussian(uneven, t):
    x, u = some(4, 3), torch.rand(4, 3, generator=seeded(1), dtype=torch.float64)
    beta = UNEVEN[t - 1]
    stated = stats.norm(math.sqrt(1 - beta) * x.numpy(), math.sqrt(beta))
    eps = torch.tensor(stats.norm.ppf(u))
    np.testing.assert_allclose(uneven.step(x, t, eps), stated.ppf(u), atol=1e-12)


@pytest.mark.parametrize("t", [1, 2, 3, 4, 5])
def test_the_leap_has_the_law_of_the_composed_steps(uneven, t):
    weights = linear_map(uneven, t)
    one, none = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
    assert uneven.diffuse(one, t, none).item() == pytest.approx(weights[0], rel=1e-13)
    spread = np.linalg.norm(weights[1:])  # independent noises: squares add up
    assert uneven.diffuse(none, t, one).item() == pytest.approx(spread, rel=1e-13)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_variance_one_stays_one(make):
    schedule = make(60)
    for t in (1, 7, 30, 60):
        assert np.sum(linear_map(schedule, t) ** 2) == pytest.approx(1, abs=1e-12)


def test_walks_and_leaps_of_a_crowd():
    schedule, x0 = linear_schedule(40), torch.full((20_000, 1), 0.8, dtype=torch.float64)
    x, state = x0, seeded(3)
    for t in range(1, 41):
        x = schedule.step(x, t, torch.randn(x.shape, generator=state, dtype=x.dtype))
        if t in (3, 20, 40):
            leap = schedule.diffuse(x0, t, some(20_000, 1, seed=t))
            assert stats.ks_2samp(x[:, 0], leap[:, 0]).pvalue > 1e-3


def test_every_row_may_have_its_own_step(uneven):
    x, eps, t = some(5, 2, 3), some(5, 2, 3, seed=1), torch.tensor([0, 3, 5, 1, 1])
    for move in (uneven.diffuse, uneven.step, uneven.data_from_noise, uneven.velocity):
        rows = move(x, t, eps)
        for k in range(5):
            torch.testing.assert_close(rows[k], move(x[k : k + 1], int(t[k]), eps[k : k + 1])[0])
    assert uneven.diffuse(x, t, eps).shape == x.shape


def test_step_zero_is_the_data(uneven):
    x, eps = some(3, 4), some(3, 4, seed=1)
    torch.testing.assert_close(uneven.diffuse(x, 0, eps), x, atol=0, rtol=0)
    torch.testing.assert_close(uneven.data_from_noise(x, 0, eps), x, atol=0, rtol=0)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_single_precision_keeps_the_first_steps(make):
    schedule, x, eps = make(1000), some(50, 4), some(50, 4, seed=1)
    for t in (1, 2, 1000):
        exact = schedule.diffuse(x, t, eps)
        rough = schedule.diffuse(x.float(), t, eps.float())
        assert rough.dtype == torch.float32
        torch.testing.assert_close(rough.double(), exact, atol=1e-6, rtol=1e-6)
        back = schedule.noise_from_data(exact.float(), t, x.float()).double()
        size = (1 - schedule.alpha_bar[t]).sqrt()  # what is divided by
        assert (back - eps).abs().max() < 1e-6 / size


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_diffusers_adds_the_same_noise_one_index_earlier(make):
    schedule, x, eps = make(50), some(4, 1, 2, 2), some(4, 1, 2, 2, seed=1)
    peer = DDPMScheduler(num_train_timesteps=50, trained_betas=schedule.beta[1:].numpy())
    t = torch.tensor([1, 2, 25, 50])
    want = peer.add_noise(x, eps, t - 1)
    torch.testing.assert_close(schedule.diffuse(x, t, eps), want, atol=2e-6, rtol=1e-5)
    want = peer.get_velocity(x, eps, t - 1)
    torch.testing.assert_close(schedule.velocity(x, t, eps), want, atol=2e-6, rtol=1e-5)


# ---------------------------------------------------------------------------------- posterior


def joint(schedule: NoiseSchedule, t: int, x0: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and covariance (2, 2) of (x_{t-1}, x_t) given x_0, from the maps of the noises."""
    before, now = np.append(linear_map(schedule, t - 1), 0.0), linear_map(schedule, t)
    maps = np.stack([before, now])
    return maps[:, 0] * x0, maps[:, 1:] @ maps[:, 1:].T


@pytest.mark.parametrize("t", [1, 2, 3, 4, 5])
def test_posterior_is_the_joint_gaussian_conditioned(uneven, t):
    for x0, xt in ((0.3, -1.2), (2.0, 2.5), (-1.0, 0.0)):
        mean, cov = joint(uneven, t, x0)
        gain = cov[0, 1] / cov[1, 1]
        points = (torch.tensor([[v]], dtype=torch.float64) for v in (x0, xt))
        got_mean, got_variance = uneven.posterior(*points, t)
        assert got_mean.item() == pytest.approx(mean[0] + gain * (xt - mean[1]), abs=1e-12)
        assert got_variance.item() == pytest.approx(cov[0, 0] - gain * cov[1, 0], abs=1e-12)


def test_posterior_is_bayes_rule_on_a_grid(uneven):
    grid = torch.linspace(-6, 6, 4801, dtype=torch.float64)
    x0, xt, t = 0.7, -0.4, 4
    kept = math.prod(1 - b for b in UNEVEN[: t - 1])
    prior = Normal(math.sqrt(kept) * x0, math.sqrt(1 - kept)).log_prob(grid)
    beta = UNEVEN[t - 1]
    evidence = Normal(math.sqrt(1 - beta) * grid, math.sqrt(beta)).log_prob(torch.tensor(xt))
    weights = torch.softmax(prior + evidence, 0)
    mean = weights @ grid
    variance = weights @ (grid - mean) ** 2
    got = uneven.posterior(torch.tensor([[x0]]).double(), torch.tensor([[xt]]).double(), t)
    assert got[0].item() == pytest.approx(mean.item(), abs=1e-6)
    assert got[1].item() == pytest.approx(variance.item(), abs=1e-6)


def test_posterior_of_the_first_step_is_the_data_itself(uneven):
    x0, x1 = some(4, 2), some(4, 2, seed=1)
    mean, variance = uneven.posterior(x0, x1, 1)
    torch.testing.assert_close(mean, x0, atol=1e-12, rtol=0)
    assert variance.item() == 0


def test_posterior_variance_lies_below_beta(uneven):
    schedule = cosine_schedule(30)
    t = torch.arange(1, 31)
    _, variance = schedule.posterior(some(30, 1), some(30, 1, seed=1), t)
    assert variance.shape == (30, 1)
    assert torch.all(variance[:, 0] < schedule.beta[1:])
    assert torch.all(variance[1:] > 0)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_walking_back_by_posteriors_returns_to_the_leap(make):
    """Draw x_t by the leap, then x_{t-1} by the posterior: the law must be the leap to t - 1."""
    schedule = make(40)
    x0 = torch.full((1, 1), 1.3, dtype=torch.float64)
    one, none = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
    for t in (2, 11, 40):
        low, variance = schedule.posterior(x0, none, t)
        slope = schedule.posterior(x0, one, t)[0] - low
        mean = low + slope * schedule.diffuse(x0, t, none)
        spread = variance + slope**2 * schedule.diffuse(none, t, one) ** 2
        torch.testing.assert_close(mean, schedule.diffuse(x0, t - 1, none))
        torch.testing.assert_close(spread, schedule.diffuse(none, t - 1, one) ** 2)


# ------------------------------------------------------------------------------- three targets


@pytest.mark.parametrize("t", [1, 3, 5])
def test_data_and_noise_are_found_again(uneven, t):
    x, eps = some(6, 2, 2), some(6, 2, 2, seed=1)
    xt = uneven.diffuse(x, t, eps)
    torch.testing.assert_close(uneven.data_from_noise(xt, t, eps), x)
    torch.testing.assert_close(uneven.noise_from_data(xt, t, x), eps)
    v = uneven.velocity(x, t, eps)
    torch.testing.assert_close(uneven.data_from_velocity(xt, t, v), x)


@pytest.mark.parametrize("t", [0, 2, 5])
def test_state_and_velocity_are_data_and_noise_turned(uneven, t):
    """(x_t, v) is (x_0, eps) turned by an angle: lengths and the right angle stay."""
    units = torch.eye(2, dtype=torch.float64)  # rows: x_0 alone, eps alone
    x, eps = units[:, :1], units[:, 1:]
    turn = torch.cat([uneven.diffuse(x, t, eps), uneven.velocity(x, t, eps)], 1)
    torch.testing.assert_close(turn.T @ turn, units)
    assert torch.linalg.det(turn).item() == pytest.approx(1)


def test_velocity_is_the_derivative_along_the_angle(uneven):
    x, eps, t, h = 0.7, -1.1, 3, 1e-6
    angle = math.acos(math.sqrt(math.prod(1 - b for b in UNEVEN[:t])))
    path = [math.cos(a) * x + math.sin(a) * eps for a in (angle - h, angle + h)]
    pair = (torch.tensor([[v]], dtype=torch.float64) for v in (x, eps))
    x0, noise = pair
    got = uneven.velocity(x0, t, noise).item()
    assert got == pytest.approx((path[1] - path[0]) / (2 * h), abs=1e-8)


# ---------------------------------------------------------------------------- shipped schedules


@pytest.mark.parametrize("steps", [25, 50, 100, 250, 1000])
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_nothing_is_left_at_the_end(make, steps):
    schedule = make(steps)
    assert schedule.steps == steps
    assert schedule.alpha_bar[-1] < 1e-3
    assert torch.all(schedule.snr.diff() < 0)


def test_the_linear_schedule_of_a_thousand_steps_is_that_of_ddpm():
    peer = DDPMScheduler(num_train_timesteps=1000)
    np.testing.assert_allclose(linear_schedule(1000).beta[1:], peer.betas, rtol=1e-6)


def test_linear_schedules_of_any_length_melt_alike():
    """In the limit bar alpha at u = t / T is exp(-integral of the rate 0.1 + 19.9 u)."""
    for steps, within in ((1000, 0.002), (4000, 0.0005)):
        u = np.arange(steps + 1) / steps
        limit = np.exp(-0.1 * u - 19.9 * u**2 / 2)
        assert np.abs(linear_schedule(steps).alpha_bar.numpy() - limit).max() < within
        assert linear_schedule(steps).beta.sum().item() == pytest.approx(10.05)


def test_the_range_of_a_thousand_steps_leaves_data_behind_after_a_hundred():
    copied = NoiseSchedule(torch.linspace(1e-4, 0.02, 100))
    logs = sum(math.log1p(-(1e-4 + (0.02 - 1e-4) * k / 99)) for k in range(100))
    assert copied.alpha_bar[-1].item() == pytest.approx(math.exp(logs), rel=1e-5)
    assert 0.36 < copied.alpha_bar[-1] < 0.37


def test_the_cosine_schedule_is_that_of_diffusers():
    for steps in (10, 100, 1000):
        peer = DDPMScheduler(num_train_timesteps=steps, beta_schedule="squaredcos_cap_v2")
        ours = cosine_schedule(steps).beta[1:]
        np.testing.assert_allclose(ours, peer.betas, rtol=1e-5, atol=1e-7)


def test_the_cosine_schedule_follows_its_curve():
    schedule = cosine_schedule(200)
    angle = (np.arange(200) / 200 + 0.008) / 1.008 * np.pi / 2
    curve = (1 + np.cos(2 * angle)) / 2  # the squared cosine, by the double angle
    np.testing.assert_allclose(schedule.alpha_bar[:-1], curve / curve[0], rtol=1e-10)
    assert schedule.beta[-1] == 0.999


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("betas", [[], 0.1, [[0.1, 0.2]]])
def test_betas_are_a_list(betas):
    with pytest.raises(ValueError, match="list of variances"):
        NoiseSchedule(betas)


@pytest.mark.parametrize("beta", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_beta_is_a_share(beta):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        NoiseSchedule([0.1, beta])


@pytest.mark.parametrize("t", [-1, 6, 2.0, torch.tensor([1, 6]), torch.tensor([-1, 2])])
def test_steps_are_whole_numbers_in_range(uneven, t):
    for move in (uneven.step, uneven.diffuse, uneven.data_from_velocity):
        with pytest.raises(ValueError, match=r"whole numbers 0\.\.5"):
            move(some(2, 1), t, some(2, 1))


@pytest.mark.parametrize("t", [0, torch.tensor([2, 0])])
def test_there_is_nothing_before_the_data(uneven, t):
    with pytest.raises(ValueError, match="1 or more"):
        uneven.posterior(some(2, 1), some(2, 1), t)


def test_too_few_steps():
    assert linear_schedule(21).beta[-1] < 1
    with pytest.raises(ValueError, match="21 or more, got 20"):
        linear_schedule(20)
    assert cosine_schedule(2).steps == 2
    with pytest.raises(ValueError, match="two steps or more, got 1"):
        cosine_schedule(1)
