"""Diffusion against its definition, Gaussian conditioning, and data whose denoiser is exact."""

import inspect
import math
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn

from lib import noise_schedule
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule
from lib.time_nets import TimeMLP, UNet
from lib.train import fit

SHIPPED = {
    name: f
    for name, f in inspect.getmembers(noise_schedule, inspect.isfunction)
    if inspect.signature(f).return_annotation in (NoiseSchedule, "NoiseSchedule")
}
TARGETS = ("eps", "x0", "v")
T = 30


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def small(target: str = "eps", schedule: NoiseSchedule | None = None, c_dim=0, **options):
    """A network of random weights on points of three numbers, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(3, width=8, layers=1, c_dim=c_dim).double()
    return Diffusion(network, (3,), schedule or cosine_schedule(T), target=target, **options)


def exact(weights, means, covariances, schedule: NoiseSchedule, kind=Diffusion, **options):
    """The model of a Gaussian mixture whose denoiser needs no training; any dimension."""
    means = np.atleast_2d(means)
    data = GaussianMixture(np.array(weights), means, np.array(covariances, dtype=float))
    return kind(ExactDenoiser(data, schedule), means.shape[1:], schedule, target="x0", **options)


def line(mean: float, std: float, schedule: NoiseSchedule, kind=Diffusion, **options):
    return exact([1.0], [[mean]], [[[std**2]]], schedule, kind, **options)


class Oracle(nn.Module):
    """A network that was told x_0 and answers what the target asks for, without an error."""

    def __init__(self, x0: torch.Tensor, schedule: NoiseSchedule, target: str):
        super().__init__()
        self.x0, self.bar, self.target = x0, schedule.alpha_bar, target

    def forward(self, xt, t):
        kept = self.bar[t].reshape(-1, *[1] * (xt.ndim - 1)).to(xt.dtype)
        eps = (xt - kept**0.5 * self.x0) / (1 - kept) ** 0.5
        v = kept**0.5 * eps - (1 - kept) ** 0.5 * self.x0
        return {"eps": eps, "x0": self.x0.expand_as(xt), "v": v}[self.target]


class Recorder(nn.Module):
    """A network that keeps what it is asked."""

    def __init__(self):
        super().__init__()
        self.asked: list[tuple] = []

    def forward(self, xt, t, c=None):
        self.asked.append((xt, t, c))
        return 0.3 * xt


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


# ------------------------------------------------------------------------- the objective


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [(3,), (4, 4), (2, 4, 4)])
def test_loss_is_algorithm_1(target, shape):
    """Draws of t and eps repeated by hand, squares summed over places and averaged over rows."""
    schedule, network, x = cosine_schedule(T), Recorder(), some(6, *shape, seed=8)
    got = Diffusion(network, shape, schedule, target=target).loss(x, generator=seeded(3))
    generator = seeded(3)
    t = torch.randint(1, T + 1, (6,), generator=generator)
    eps = torch.randn(6, *shape, generator=generator, dtype=torch.float64)
    total = 0.0
    for k in range(6):
        kept = math.prod(1 - b for b in schedule.beta[1 : t[k] + 1].tolist())
        xt = math.sqrt(kept) * x[k] + math.sqrt(1 - kept) * eps[k]
        v = math.sqrt(kept) * eps[k] - math.sqrt(1 - kept) * x[k]
        goal = {"eps": eps[k], "x0": x[k], "v": v}[target]
        total += ((0.3 * xt - goal) ** 2).sum().item()
    assert got["loss"].item() == pytest.approx(total / 6, rel=1e-12)
    (asked,) = network.asked
    assert torch.equal(asked[1], t)
    assert asked[2] is None


def test_steps_of_the_loss_run_evenly_from_1_to_T():
    network = Recorder()
    model = Diffusion(network, (1,), NoiseSchedule([0.2, 0.5, 0.3, 0.9]))
    model.loss(torch.zeros(8000, 1), generator=seeded())
    counts = torch.bincount(network.asked[0][1], minlength=6)
    assert counts[0] == counts[5] == 0
    assert (counts[1:5] - 2000).abs().max() < 4 * math.sqrt(8000 * 0.25 * 0.75)


@pytest.mark.parametrize("target", TARGETS)
def test_the_truth_has_no_loss_and_denoises_to_itself(target):
    schedule, x0 = cosine_schedule(T), some(1, 4)
    model = Diffusion(Oracle(x0, schedule, target), (4,), schedule, target=target)
    assert model.loss(x0.repeat(50, 1), generator=seeded())["loss"].item() < 1e-9
    for t in range(1, T + 1):
        eps = some(5, 4, seed=t)
        found, noise = model.denoise(schedule.diffuse(x0.expand(5, 4), t, eps), t)
        torch.testing.assert_close(found, x0.expand(5, 4), atol=1e-10, rtol=0)
        torch.testing.assert_close(noise, eps, atol=1e-10, rtol=0)


@pytest.mark.parametrize("clip", [None, 0.4])
@pytest.mark.parametrize("target", TARGETS)
def test_both_estimates_make_the_point_they_came_from(target, clip):
    model, x = small(target, clip=clip), some(T, 3)
    t = torch.arange(1, T + 1)
    x0, eps = model.denoise(x, t)
    torch.testing.assert_close(model.schedule.diffuse(x0, t, eps), x)
    assert (x0.abs().max() <= 0.4) == (clip is not None)
    for k in (0, 7, T - 1):
        one, _ = model.denoise(x[k : k + 1], k + 1)
        torch.testing.assert_close(x0[k : k + 1], one)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_training_finds_the_exact_denoiser(target):
    """On Gaussian data the least loss is known: that of E[x_0 | x_t]; measured in the target."""
    schedule, std = linear_schedule(25), torch.tensor([0.3, 1.0])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(2, width=48, layers=2)
    model = Diffusion(network, (2,), schedule, target=target, average=0.99)
    x = torch.randn(4096, 2, generator=seeded()) * std + torch.tensor([0.5, -0.5])
    for lr in (5e-3, 1e-3):
        fit(model, x, epochs=12, batch_size=128, lr=lr, generator=seeded(1), progress=False)
    ideal = exact([1.0], [[0.5, -0.5]], [np.diag(std.numpy() ** 2)], schedule)
    t = torch.arange(1, 26).repeat(400)
    x = torch.randn(10_000, 2, generator=seeded(2)) * std + torch.tensor([0.5, -0.5])
    eps = torch.randn(10_000, 2, generator=seeded(3))
    xt, goal = schedule.diffuse(x, t, eps), model.goal(x, t, eps)
    with torch.no_grad():
        ours, best = (
            model.goal(x0, t, noise) for x0, noise in (m.denoise(xt, t) for m in (model, ideal))
        )
    unlearned, least = (ours - best).square().mean(), (best - goal).square().mean()
    assert unlearned < 0.05 * least


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


def affine(model: Diffusion, t: int, **options) -> tuple[np.ndarray, np.ndarray, float]:
    """Matrix, offset and noise std of a reverse step that is linear in x_t: fitted, no residue."""
    d = model.shape[0]
    x, z = some(40, d, seed=100), some(40, d, seed=t)
    out = model.reverse(x, t, generator=seeded(t), **options).numpy()
    columns = np.concatenate([x.numpy(), np.ones((40, 1)), z.numpy()], 1)
    found = np.linalg.lstsq(columns, out, rcond=None)[0]
    np.testing.assert_allclose(columns @ found, out, atol=1e-11)
    std = found[d + 1, 0].item()
    np.testing.assert_allclose(found[d + 1 :], std * np.eye(d), atol=1e-11)
    return found[:d].T, found[d], std


def law_of_samples(model: Diffusion, **options) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and covariance of x_T, .., x_0 as the sampler draws them, for a linear denoiser."""
    d = model.shape[0]
    mean, cov = np.zeros(d), np.eye(d)
    laws = [(mean, cov)]
    for t in range(model.schedule.steps, 0, -1):
        a, b, std = affine(model, t, **options)
        mean, cov = a @ mean + b, a @ cov @ a.T + std**2 * np.eye(d)
        laws.append((mean, cov))
    return laws


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


# --------------------------------------------------------------------------- completion


def test_completion_keeps_the_known_places_and_draws_the_others():
    model, x = small("v"), some(6, 3)
    known = torch.tensor([True, False, True])
    steps = [*model.complete_steps(x, known, generator=seeded(1))]
    assert len(steps) == T
    done = model.complete(x, known, generator=seeded(1))
    assert torch.equal(done, steps[-1])
    assert torch.equal(done[:, known], x[:, known])
    assert (done[:, ~known] != x[:, ~known]).all()
    assert torch.equal(done, model.complete(x, known, generator=seeded(1)))
    assert not torch.equal(done, model.complete(x, known, generator=seeded(2)))
    hidden = torch.where(known, x, 99.0)
    assert torch.equal(model.complete(hidden, known, generator=seeded(1)), done)


def test_everything_known_and_nothing_known():
    model, x = line(0.7, 0.5, linear_schedule(T)), torch.zeros(2000, 1)
    assert torch.equal(model.complete(x, torch.tensor([True])), x)
    free = model.complete(x, torch.tensor([False]), generator=seeded())
    mean, cov = law_of_samples(model)[-1]
    assert free.mean().item() == pytest.approx(mean.item(), abs=0.05)
    assert free.std().item() == pytest.approx(math.sqrt(cov.item()), rel=0.1)


def mean_completion(rho: float, known_value: float, repeats: int, steps: int) -> float:
    """Exact mean of the unknown number: the chain is linear, so it is the run without noise."""
    model = exact([1.0], [[0.0, 0.0]], [[[1.0, rho], [rho, 1.0]]], linear_schedule(steps))
    x, known = torch.tensor([[known_value, 0.0]], dtype=torch.float64), torch.tensor([True, False])

    def silence(shape, **options):
        return torch.zeros(shape, dtype=options["dtype"])

    with mock.patch("torch.randn", silence), mock.patch("torch.randn_like", torch.zeros_like):
        return model.complete(x, known, repeats=repeats)[0, 1].item()


def test_completion_approaches_the_conditional_mean_as_repeats_grow():
    """E[x_2 | x_1] = rho x_1 = 1.2 for a Gaussian with its exact denoiser.

    Without a repeat the mean is 0.69, with 20 it is 1.15 (with 100 and 200 steps: 1.19).
    """
    gaps = [1.2 - mean_completion(0.8, 1.5, repeats, 25) for repeats in (1, 2, 5, 20)]
    assert all(0 < b < 0.7 * a for a, b in pairwise(gaps))
    assert gaps[0] > 0.4
    assert gaps[-1] < 0.06
    assert mean_completion(0.0, 1.5, 3, 50) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("known", "options", "message"),
    [
        (torch.tensor([True, False]), {}, r"known is bool \(3,\)"),
        (torch.tensor([1, 0, 1]), {}, "torch.int64"),
        (torch.tensor([True, False, True]), {"repeats": 0}, "1 or more, got 0"),
    ],
)
def test_completion_says_what_is_wrong(known, options, message):
    with pytest.raises(ValueError, match=message):
        small().complete(some(2, 3), known, **options)


# ------------------------------------------------------------------- averaged weights


def trained(average: float | None, seed: int = 0):
    """A model and its weights after each of five steps of training."""
    model, x, seen = small(average=average), some(20, 3), []
    for p in model.parameters():
        p.data = p.data.clone()
    optimizer = model.optimizers(1e-2)["loss"]
    generator = seeded(seed)
    for _ in range(5):
        optimizer.zero_grad()
        model.loss(x, generator=generator)["loss"].backward()
        optimizer.step()
        seen.append([p.detach().clone() for p in model.network.parameters()])
    return model, seen


def test_average_follows_the_weights_by_its_decay():
    """It starts at the weights after the first step."""
    model, seen = trained(0.7)
    want = seen[0]
    for weights in seen[1:]:
        want = [0.7 * w + 0.3 * p for w, p in zip(want, weights, strict=True)]
    for got, w in zip(model.averaged.module.parameters(), want, strict=True):
        torch.testing.assert_close(got, w)
    _, plain = trained(None)
    for p, q in zip(seen[-1], plain[-1], strict=True):
        assert torch.equal(p, q)  # training itself does not notice


def test_average_is_used_outside_training_only():
    model, _ = trained(0.7)
    x, t = some(4, 3), torch.tensor([3, 3, 3, 3])
    kept = model.schedule.alpha_bar[3]
    for mode, network in ((model.train(), model.network), (model.eval(), model.averaged.module)):
        mode.train(network is model.network)
        want = (x - (1 - kept).sqrt() * network(x, t)) / kept.sqrt()
        torch.testing.assert_close(model.denoise(x, 3)[0], want)
    samples = model.eval().sample(4, generator=seeded())
    bound = model.elbo(x, generator=seeded())
    model.network.load_state_dict({k: 0 * v for k, v in model.network.state_dict().items()})
    assert torch.equal(model.sample(4, generator=seeded()), samples)
    assert torch.equal(model.elbo(x, generator=seeded()), bound)
    assert not torch.equal(model.train().sample(4, generator=seeded()), samples)


def test_loss_is_that_of_the_weights_in_training_in_both_modes():
    model, _ = trained(0.7)
    x = some(9, 3)
    one, two = (m.loss(x, generator=seeded())["loss"] for m in (model.train(), model.eval()))
    assert torch.equal(one, two)
    assert two.requires_grad


def test_average_before_training_is_the_start_and_is_saved():
    model, x = small(average=0.9), some(4, 3)
    assert torch.equal(model.eval().denoise(x, 2)[0], small().denoise(x, 2)[0])
    model, _ = trained(0.7)
    copy = small(average=0.7)
    copy.load_state_dict(model.state_dict())
    assert torch.equal(copy.eval().denoise(x, 2)[0], model.eval().denoise(x, 2)[0])
    assert not any(p.requires_grad for p in model.averaged.parameters())


# ---------------------------------------------------------------------------- conditions


def test_conditions_reach_the_network_everywhere():
    network, c, x = Recorder(), torch.eye(3), torch.zeros(3, 2)
    model, known = Diffusion(network, (2,), cosine_schedule(4)), torch.tensor([True, False])
    for call in (
        lambda: model.loss(x, c),
        lambda: model.sample(3, c),
        lambda: model.ddim(3, c, steps=2),
        lambda: model.complete(x, known, c, repeats=2),
        lambda: model.elbo(x, c),
        lambda: model.denoise(x, 2, c),
    ):
        network.asked.clear()
        call()
        assert network.asked
        assert all(torch.equal(given, c) for _, _, given in network.asked)
        assert all(t.shape == (3,) and t.dtype == torch.long for _, t, _ in network.asked)


def test_samplers_tell_the_network_the_step_they_are_at():
    network = Recorder()
    model = Diffusion(network, (2,), cosine_schedule(6))
    model.sample(2)
    assert [int(t[0]) for _, t, _ in network.asked] == [6, 5, 4, 3, 2, 1]
    network.asked.clear()
    model.ddim(2, steps=3)
    assert [int(t[0]) for _, t, _ in network.asked] == [6, 4, 2]


def test_conditions_change_samples():
    model = small(c_dim=3)
    one, two = (
        model.sample(2, c, generator=seeded()) for c in (torch.eye(3)[:2], torch.eye(3)[1:])
    )
    assert not torch.allclose(one, two)
    with pytest.raises(ValueError, match=r"conditions of shape \(2, 3\)"):
        model.sample(2)


# ------------------------------------------------------------------------------- errors


def test_clipped_samples_stay_in_range():
    model = small(clip=0.4)
    for x in (model.sample(30, generator=seeded()), model.ddim(30, steps=4, generator=seeded())):
        assert x.abs().max() <= 0.4 + 1e-12
    assert small().sample(30, generator=seeded()).abs().max() > 0.4


def test_pictures_have_the_shape_asked_for():
    for shape in ((4, 4), (2, 4, 4)):
        model = Diffusion(UNet(shape, channels=8), shape, cosine_schedule(3), target="v")
        assert model.sample(2, generator=seeded()).shape == (2, *shape)
        x = torch.rand(2, *shape, generator=seeded())
        assert model.loss(x, generator=seeded())["loss"].shape == ()
        assert model.elbo(x, generator=seeded()).shape == (2,)


def test_wrong_use_is_named():
    with pytest.raises(ValueError, match="got 'mean'"):
        small("mean")
    model = small()
    for bad in (some(2, 4), some(2, 3, 1), torch.zeros(2, 3, dtype=torch.long)):
        for call in (model.loss, model.elbo):
            with pytest.raises(ValueError, match=r"real numbers of shape \(n, 3\)"):
                call(bad)
    with pytest.raises(ValueError, match="variance is one of"):
        next(x for x in model.sample_steps(2, variance="small") if x.isnan().any())
    for steps in (0, T + 1):
        with pytest.raises(ValueError, match=f"steps lie in 1..{T}, got {steps}"):
            model.ddim(2, steps=steps)
    for eta in (-0.1, 1.5):
        with pytest.raises(ValueError, match="eta lies in"):
            model.ddim(2, eta=eta)
