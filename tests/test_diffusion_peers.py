"""Diffusion beside the schedulers of diffusers: the same network, noise and steps.

The peer keeps its tables in float32. Where steps are compared, it is handed ours in float64, which
leaves every formula to it; its own tables are compared with ours by themselves.
"""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.models.embeddings import get_timestep_embedding

from lib.diffusion import Diffusion
from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule
from lib.time_nets import TimeMLP, time_embedding

pytestmark = pytest.mark.slow  # importing the peer takes seconds

T = 30
SCHEDULES = {"linear": linear_schedule, "cosine": cosine_schedule}
PREDICTIONS = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}
VARIANCES = {"posterior": "fixed_small", "beta": "fixed_large"}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def our_model(schedule: NoiseSchedule, target: str, clip: float | None) -> Diffusion:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(4, width=8, layers=2).double()
    return Diffusion(network, (4,), schedule, target=target, clip=clip)


def peer(kind: type, schedule: NoiseSchedule, target: str, clip: float | None, **options):
    """A scheduler of diffusers with the numbers of our schedule, its step t being our t + 1."""
    scheduler = kind(
        num_train_timesteps=schedule.steps,
        prediction_type=PREDICTIONS[target],
        clip_sample=clip is not None,
        clip_sample_range=clip or 1.0,
        **options,
    )
    scheduler.betas, scheduler.alphas = schedule.beta[1:], schedule.alpha[1:]
    scheduler.alphas_cumprod = schedule.alpha_bar[1:]
    return scheduler


def output(model: Diffusion, x: torch.Tensor, t: int) -> torch.Tensor:
    """What the network says at the peer's step t, as both sides use it."""
    return model.network(x, torch.full((len(x),), t + 1))


def assert_same(ours: torch.Tensor, theirs: torch.Tensor, atol: float = 1e-10) -> None:
    torch.testing.assert_close(ours, theirs, atol=atol, rtol=1e-10)


# ------------------------------------------------------------------------------ tables


def test_linear_schedule_is_that_of_the_peer():
    ours, theirs = linear_schedule(1000), DDPMScheduler(beta_start=1e-4, beta_end=0.02)
    assert_same(ours.beta[1:], theirs.betas.double(), atol=1e-8)
    assert_same(ours.alpha_bar[1:], theirs.alphas_cumprod.double(), atol=1e-6)


@pytest.mark.parametrize("steps", [10, 50, 1000])
def test_cosine_schedule_is_that_of_the_peer(steps):
    theirs = DDPMScheduler(steps, beta_schedule="squaredcos_cap_v2")
    ours = cosine_schedule(steps)
    assert_same(ours.beta[1:], theirs.betas.double(), atol=1e-7)
    assert_same(ours.alpha_bar[1:], theirs.alphas_cumprod.double(), atol=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_noisy_points_and_velocities_are_those_of_the_peer(name):
    schedule = SCHEDULES[name](T)
    theirs = peer(DDPMScheduler, schedule, "v", None)
    x, eps, t = some(T, 4), some(T, 4, seed=1), torch.arange(1, T + 1)
    assert_same(schedule.diffuse(x, t, eps), theirs.add_noise(x, eps, t - 1))
    assert_same(schedule.velocity(x, t, eps), theirs.get_velocity(x, eps, t - 1))


# ------------------------------------------------------------------------------- steps


@pytest.mark.parametrize("clip", [None, 0.7])
@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("target", PREDICTIONS)
@pytest.mark.parametrize("name", SCHEDULES)
@torch.no_grad()
def test_every_reverse_step_is_that_of_ddpm(name, target, variance, clip):
    schedule = SCHEDULES[name](T)
    model = our_model(schedule, target, clip)
    theirs = peer(DDPMScheduler, schedule, target, clip, variance_type=VARIANCES[variance])
    for t in theirs.timesteps.tolist():
        x = some(6, 4, seed=t)
        want = theirs.step(output(model, x, t), t, x, generator=seeded(t))
        assert_same(
            model.reverse(x, t + 1, generator=seeded(t), variance=variance),
            want.prev_sample,
        )
        assert_same(model.denoise(x, t + 1)[0], want.pred_original_sample)


@pytest.mark.parametrize("target", PREDICTIONS)
@torch.no_grad()
def test_samples_are_those_of_ddpm(target):
    """All steps in a row, one generator for the start and the noise of every step."""
    schedule = cosine_schedule(T)
    model = our_model(schedule, target, 1.0)
    theirs = peer(DDPMScheduler, schedule, target, 1.0, variance_type="fixed_small")
    generator = seeded(3)
    x = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    ours = model.sample_steps(5, generator=seeded(3))
    assert_same(next(ours), x)
    for t, got in zip(theirs.timesteps.tolist(), ours, strict=True):
        x = theirs.step(output(model, x, t), t, x, generator=generator).prev_sample
        assert_same(got, x)


@pytest.mark.parametrize("clip", [None, 0.7])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 3, 10, T])
@pytest.mark.parametrize("target", PREDICTIONS)
@torch.no_grad()
def test_every_leap_is_that_of_ddim(target, steps, eta, clip):
    """The peer numbers steps from 0, and `trailing` starts at the last one as our `times` do."""
    schedule = linear_schedule(T)
    model = our_model(schedule, target, clip)
    theirs = peer(DDIMScheduler, schedule, target, clip, timestep_spacing="trailing")
    theirs.set_timesteps(steps)
    assert [t + 1 for t in theirs.timesteps.tolist()] == model.times(steps)[:-1]
    generator = seeded(5)
    x = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    ours = model.ddim_steps(6, steps=steps, eta=eta, generator=seeded(5))
    assert_same(next(ours), x)
    for t, got in zip(theirs.timesteps.tolist(), ours, strict=True):
        options = {"eta": eta, "generator": generator, "use_clipped_model_output": True}
        x = theirs.step(output(model, x, t), t, x, **options).prev_sample
        assert_same(got, x)


@pytest.mark.parametrize("steps", [4, 7, 10, T])
@torch.no_grad()
def test_fewer_steps_with_full_noise_are_ddpm_of_the_shorter_chain(steps):
    schedule = cosine_schedule(T)
    model = our_model(schedule, "v", 1.0)
    theirs = peer(DDPMScheduler, schedule, "v", 1.0, variance_type="fixed_small")
    theirs.set_timesteps(timesteps=[t - 1 for t in model.times(steps)[:-1]])
    generator = seeded(5)
    x = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    ours = model.ddim_steps(6, steps=steps, eta=1.0, generator=seeded(5))
    next(ours)
    for t, got in zip(theirs.timesteps.tolist(), ours, strict=True):
        x = theirs.step(output(model, x, t), t, x, generator=generator).prev_sample
        assert_same(
            got, x, atol=1e-9
        )  # the peer's last step keeps noise of standard deviation 1e-10


def test_time_embedding_is_that_of_the_peer():
    t = torch.tensor([0, 1, 7, 50, 999])
    theirs = get_timestep_embedding(t, 16, downscale_freq_shift=1)
    torch.testing.assert_close(time_embedding(t, 16).float(), theirs, atol=1e-4, rtol=0)
