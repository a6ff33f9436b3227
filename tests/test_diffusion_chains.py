"""Chains of diffusion: posterior by conditioning, exact denoisers, DDPM's and DDIM's steps."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import norm

from lib.diffusion import Diffusion
from lib.noise_schedule import cosine_schedule, linear_schedule
from tests.diffusion_cases import (
    SHIPPED,
    TARGETS,
    Oracle,
    Recorder,
    T,
    affine,
    exact,
    law_of_samples,
    line,
    seeded,
    small,
    some,
)

# --------------------------------------------------------------------------- schedules


def test_the_shipped_schedules_are_found():
    assert {"linear_schedule", "cosine_schedule"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_schedule_leaves_no_data_in_the_last_step(name):
    """Samplers start from N(0, I): that must be what the forward process ends in."""
    for steps in (21, 25, 40, 50, 64, 100, 200, 333, 1000, 4000):
        kept = SHIPPED[name](steps).alpha_bar
        assert len(kept) == steps + 1
        assert kept[-1] < 1e-3
        assert kept[1] > (0.9 if steps >= 40 else 0.8)
        assert (kept[1:] < kept[:-1]).all()


@pytest.mark.parametrize("name", SHIPPED)
def test_posterior_is_the_conditional_of_the_joint_gaussian(name):
    """x_1 .. x_T given x_0 from their noise, one by one; then x_(t-1) given x_t, by regression."""
    schedule, x0 = SHIPPED[name](25), 0.8
    beta = schedule.beta.numpy()
    maps, mean = np.zeros((26, 26)), np.full(26, x0)
    for t in range(1, 26):
        maps[t] = np.sqrt(1 - beta[t]) * maps[t - 1]
        maps[t, t], mean[t] = np.sqrt(beta[t]), np.sqrt(1 - beta[t]) * mean[t - 1]
    cov = maps @ maps.T
    for t in range(1, 26):
        xt = torch.tensor([[-1.3], [0.4]], dtype=torch.float64)
        slope = cov[t - 1, t] / cov[t, t]
        got_mean, got_var = schedule.posterior(torch.full_like(xt, x0), xt, t)
        np.testing.assert_allclose(got_mean, mean[t - 1] + slope * (xt - mean[t]), atol=1e-12)
        want = cov[t - 1, t - 1] - slope * cov[t - 1, t]
        np.testing.assert_allclose(got_var.item(), want, atol=1e-12)


# ------------------------------------------------------------------------ reverse steps


@pytest.mark.parametrize("clip", [None, 0.4])
@pytest.mark.parametrize("variance", ["posterior", "beta"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_reverse_step_is_the_posterior_at_the_estimate(target, variance, clip):
    """Algorithm 2 writes the mean with eps; with x_0 it is the posterior's. Noise by its std."""
    model, x = small(target, clip=clip), some(5, 3)
    for t in range(1, T + 1):
        z = some(5, 3, seed=t)
        got = model.reverse(x, t, generator=seeded(t), variance=variance)
        mean, small_beta = model.schedule.posterior(model.denoise(x, t)[0], x, t)
        beta = model.schedule.beta[t]
        std = (beta if variance == "beta" else small_beta).sqrt() * (t > 1)
        torch.testing.assert_close(got, (mean + std * z).detach(), atol=1e-10, rtol=1e-10)


def test_samples_are_reverse_steps_from_noise():
    model, generator = small("v"), seeded(2)
    x = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    want = [x]
    for t in range(T, 0, -1):
        want.append(x := model.reverse(x, t, generator=generator, variance="beta"))
    got = list(model.sample_steps(4, generator=seeded(2), variance="beta"))
    assert len(got) == T + 1
    assert all(torch.equal(a, b) for a, b in zip(got, want, strict=True))
    assert not got[-1].requires_grad
    posterior = list(model.sample_steps(4, generator=seeded(2)))[-1]
    assert torch.equal(model.sample(4, generator=seeded(2)), posterior)
    assert not torch.allclose(posterior, got[-1])


def test_the_last_step_draws_nothing():
    model, generator = small(), seeded(1)
    state = generator.get_state()
    one, two = (model.reverse(some(4, 3), 1, generator=generator) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(generator.get_state(), state)


@pytest.mark.parametrize("name", SHIPPED)
def test_standard_normal_data_are_kept_exactly_by_the_variance_beta(name):
    """For N(0, I) the reverse variance is beta_t itself: every x_t of the chain is N(0, I)."""
    model = exact([1.0], [[0.0, 0.0]], [np.eye(2)], SHIPPED[name](T))
    laws = law_of_samples(model, variance="beta")
    for mean, cov in laws[:-1]:
        np.testing.assert_allclose(mean, 0, atol=1e-10)
        np.testing.assert_allclose(cov, np.eye(2), atol=1e-10)
    np.testing.assert_allclose(
        laws[-1][1], (1 - model.schedule.beta[1].item()) * np.eye(2), atol=1e-10
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_single_point_is_reached_exactly_by_the_posteriors_variance(name):
    """Data without spread: the reverse variance is the posterior's, and x_0 is the point."""
    schedule = SHIPPED[name](T)
    model = exact([1.0], [[0.7, -2.0]], [np.zeros((2, 2))], schedule)
    mean, cov = law_of_samples(model)[-1]
    np.testing.assert_allclose(mean, [0.7, -2.0], atol=1e-10)
    np.testing.assert_allclose(cov, 0, atol=1e-10)
    for variance in ("posterior", "beta"):
        x = model.sample_steps(50, generator=seeded(), variance=variance)
        torch.testing.assert_close([*x][-1], torch.tensor([[0.7, -2.0]]).expand(50, 2))


class ExactVariance(Diffusion):
    """Reverse steps with the variance of x_(t-1) given x_t, known for data N(., 0.5^2)."""

    def variance(self, t, x, kind="posterior"):
        bar, alpha = self.schedule.alpha_bar, self.schedule.alpha[t]
        before, now = (bar[s] * 0.25 + 1 - bar[s] for s in (t - 1, t))
        return before - alpha * before**2 / now


@pytest.mark.parametrize("name", SHIPPED)
def test_exact_denoiser_and_variance_return_the_data(name):
    """Recursion of mean and variance to 1e-10; from N(0, 1) what is left is terminal alpha-bar.

    The last step has no noise: x_0 is E[x_0 | x_1] and lacks the variance it has given x_1.
    """
    schedule = SHIPPED[name](T)
    model, bar = line(0.7, 0.5, schedule, ExactVariance), schedule.alpha_bar.numpy()
    mean, var = math.sqrt(bar[-1]) * 0.7, bar[-1] * 0.25 + 1 - bar[-1]
    off_mean, off_var = -mean, 1 - var  # N(0, 1) instead of q(x_T)
    for t in range(T, 0, -1):
        a, b, std = affine(model, t)
        mean, var = a.item() * mean + b.item(), a.item() ** 2 * var + std**2
        off_mean, off_var = a.item() * off_mean, a.item() ** 2 * off_var
        missing = 0.25 * (1 - bar[1]) / (bar[1] * 0.25 + 1 - bar[1]) if t == 1 else 0
        assert mean == pytest.approx(math.sqrt(bar[t - 1]) * 0.7, abs=1e-10)
        assert var == pytest.approx(bar[t - 1] * 0.25 + 1 - bar[t - 1] - missing, abs=1e-10)
    got_mean, got_var = law_of_samples(model)[-1]
    assert got_mean.item() == pytest.approx(mean + off_mean, abs=1e-10)
    assert got_var.item() == pytest.approx(var + off_var, abs=1e-10)
    assert abs(off_mean) <= 0.7 * bar[-1]
    assert abs(off_var) <= bar[-1]


def test_reverse_means_are_regressions_in_any_dimension(rng):
    """E[x_(t-1) | x_t] of correlated data, against the joint covariance of the two."""
    root, mean = rng.normal(size=(3, 3)), rng.normal(size=3)
    schedule, cov = linear_schedule(25), root @ root.T
    model = exact([1.0], [mean], [cov], schedule)
    bar, eye = schedule.alpha_bar.numpy(), np.eye(3)
    for t in range(1, 26):
        a, b, _ = affine(model, t)
        before, now = (bar[s] * cov + (1 - bar[s]) * eye for s in (t - 1, t))
        slope = math.sqrt(1 - schedule.beta[t]) * before @ np.linalg.inv(now)
        np.testing.assert_allclose(a, slope, atol=1e-10)
        want = math.sqrt(bar[t - 1]) * mean - slope @ mean * math.sqrt(bar[t])
        np.testing.assert_allclose(b, want, atol=1e-10)


@pytest.mark.parametrize("name", SHIPPED)
def test_exact_denoiser_of_a_mixture_steps_between_the_true_marginals(name):
    """Averaged over q(x_t) on a fine grid, reverse means have the mean of x_(t-1), to 1e-10.

    Their variance is that of x_(t-1) less what is left of it given x_t, for each step.
    """
    schedule = SHIPPED[name](25)
    weights, means, stds = np.array([0.3, 0.7]), np.array([-1.0, 0.8]), np.array([0.2, 0.4])
    model = exact(weights, means[:, None], stds[:, None, None] ** 2, schedule)
    grid = torch.linspace(-10, 10, 4001, dtype=torch.float64)[:, None]
    beta, bar = schedule.beta.numpy(), schedule.alpha_bar.numpy()
    data_mean = weights @ means
    data_var = weights @ (stds**2 + means**2) - data_mean**2
    for t in range(2, 26):
        kept = bar[t]
        spread = np.sqrt(kept * stds**2 + 1 - kept)
        density = norm.pdf(grid.numpy(), np.sqrt(kept) * means, spread) @ weights * 0.005
        a = model.reverse(grid, t, generator=seeded()) - model.variance(t, grid).sqrt() * some(
            4001, 1
        )
        mu, x0 = a[:, 0].numpy(), model.denoise(grid, t)[0][:, 0].numpy()
        assert density @ mu == pytest.approx(np.sqrt(bar[t - 1]) * data_mean, abs=1e-10)
        left = data_var - (density @ x0**2 - data_mean**2)  # E Var(x_0 | x_t)
        small_beta = beta[t] * (1 - bar[t - 1]) / (1 - kept)
        push = np.sqrt(bar[t - 1]) * beta[t] / (1 - kept)  # of x_0 on x_(t-1)
        want = bar[t - 1] * data_var + 1 - bar[t - 1] - small_beta - push**2 * left
        assert density @ mu**2 - (density @ mu) ** 2 == pytest.approx(want, abs=1e-10)


def test_samples_of_a_mixture_have_its_law():
    """Exact denoiser, 100 steps, 4,000 draws: shares and spreads of two components."""
    model = exact([0.3, 0.7], [[-2.0], [2.0]], [[[0.25]], [[0.04]]], cosine_schedule(100))
    x = [*model.sample_steps(4000, generator=seeded(), variance="beta")][-1][:, 0]
    left = x < 0
    assert left.float().mean().item() == pytest.approx(0.3, abs=0.04)
    for part, mean, std in ((x[left], -2.0, 0.5), (x[~left], 2.0, 0.2)):
        assert part.mean().item() == pytest.approx(mean, abs=0.06)
        assert part.std().item() == pytest.approx(std, rel=0.1)


# --------------------------------------------------------------------------------- DDIM


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 7, T])
def test_leaps_keep_the_marginals_of_a_single_point(steps, eta):
    """The property DDIM is built on: with x_0 known, every x_s has mean and variance of q(x_s)."""
    schedule, x0 = cosine_schedule(T), torch.tensor([0.8], dtype=torch.float64)
    model = Diffusion(Oracle(x0, schedule, "eps"), (1,), schedule)
    for t, s in pairwise(model.times(steps)):
        xt, z = some(30, 1, seed=100), some(30, 1, seed=s)
        out = model._leap(*model.denoise(xt, t), t, s, eta, seeded(s))
        columns = torch.cat([torch.ones(30, 1), xt, z], 1).numpy()
        offset, slope, std = np.linalg.lstsq(columns, out.numpy(), rcond=None)[0][:, 0]
        now, then = (schedule.alpha_bar[u].item() for u in (t, s))
        mean = offset + slope * math.sqrt(now) * 0.8
        assert mean == pytest.approx(math.sqrt(then) * 0.8, abs=1e-10)
        assert slope**2 * (1 - now) + std**2 == pytest.approx(1 - then, abs=1e-10)
        assert (abs(std) > 1e-6) == (eta > 0 and s > 0)


def test_without_noise_standard_normal_data_only_turn():
    """x_0 = sqrt(bar alpha) x_t there: a leap is the cosine of a difference of angles."""
    schedule = linear_schedule(100)
    model = line(0.0, 1.0, schedule)
    angles = schedule.alpha_bar.sqrt().arccos()
    for steps in (1, 5, 100):
        x = [*model.ddim_steps(3, steps=steps, generator=seeded())]
        times = torch.tensor(model.times(steps))
        turned = (angles[times[:-1]] - angles[times[1:]]).cos().prod()
        torch.testing.assert_close(x[-1], x[0] * turned.float())


def test_with_full_noise_and_all_steps_it_is_algorithm_2():
    for target in TARGETS:
        model = small(target, clip=1.0)
        one = model.sample_steps(4, generator=seeded(5))
        two = model.ddim_steps(4, eta=1.0, generator=seeded(5))
        for a, b in zip(one, two, strict=True):
            torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


def test_without_noise_all_chance_lies_in_the_start():
    model, generator = small(), seeded(4)
    x = model.ddim(5, steps=6, generator=generator)
    same = seeded(4)
    torch.randn(5, 3, generator=same, dtype=torch.float64)
    assert torch.equal(generator.get_state(), same.get_state())
    assert not torch.equal(x, model.ddim(5, steps=6, generator=generator))
    assert not torch.allclose(x, model.ddim(5, steps=7, generator=seeded(4)))
    assert len([*model.ddim_steps(5, steps=6)]) == 7


@pytest.mark.parametrize("steps", range(1, T + 1))
def test_times_fall_evenly_from_T_to_0(steps):
    times = small().times(steps)
    assert (times[0], times[-1], len(times)) == (T, 0, steps + 1)
    gaps = [a - b for a, b in pairwise(times)]
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1 + (T % steps > 0)
    assert small().times() == list(range(T, -1, -1))


@pytest.mark.parametrize("eta", [0.5, 1.0])
def test_leaps_in_float32_make_no_root_of_a_negative_number(eta):
    """1 - bar alpha_s - sigma^2 is nearly 0 at the first leaps of a cosine schedule."""
    for total in (3, 50, 400):
        model = Diffusion(Recorder(), (2,), cosine_schedule(total), target="x0")
        for steps in {1, 2, total // 2, total}:
            assert torch.isfinite(model.ddim(3, steps=steps, eta=eta, generator=seeded())).all()
