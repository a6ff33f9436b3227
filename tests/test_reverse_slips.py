"""The two slips differ from the library by just what they say."""

import numpy as np
import torch

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import round_mixture
from lib.noise_schedule import linear_schedule
from lib.reverse_slips import MissingRoot, NoisyEnd

SCHEDULE = linear_schedule(40)


def build(kind: type[Diffusion], width: float) -> Diffusion:
    mixture = round_mixture(np.array([[0.5, -1.0]]), width)
    return kind(ExactDenoiser(mixture, SCHEDULE), (2,), SCHEDULE, target="x0")


def step(model: Diffusion, x: torch.Tensor, t: int) -> torch.Tensor:
    return model.reverse(x, t, generator=torch.Generator().manual_seed(1))


def test_a_noisy_end_adds_variance_beta_1_and_changes_nothing_else():
    x = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0))
    right, wrong = build(Diffusion, 0.3), build(NoisyEnd, 0.3)
    for t in (2, 25):
        torch.testing.assert_close(step(right, x, t), step(wrong, x, t))
    added = step(wrong, x, 1) - step(right, x, 1)
    assert torch.isclose(added.var().double(), SCHEDULE.beta[1], rtol=0.05)


def test_a_missing_root_makes_each_mean_too_large_by_it():
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    right, wrong = build(Diffusion, 0.3), build(MissingRoot, 0.3)
    root = SCHEDULE.alpha[1].sqrt().float()
    torch.testing.assert_close(step(wrong, x, 1) * root, step(right, x, 1))
    for t in (2, 30):
        a, b = step(right, x, t), step(wrong, x, t)
        mean = SCHEDULE.posterior(right.denoise(x, t)[0], x, t)[0]
        extra = mean * (1 / SCHEDULE.alpha[t].sqrt().float() - 1)
        torch.testing.assert_close(b - a, extra, atol=2e-5, rtol=1e-4)


def test_variances_add_up_where_the_root_is_missing():
    mixture = round_mixture(np.zeros((1, 1)), 1.0)
    model = MissingRoot(ExactDenoiser(mixture, SCHEDULE), (1,), SCHEDULE, target="x0")
    generator = torch.Generator().manual_seed(2)
    *_, x = model.sample_steps(20_000, generator=generator, variance="beta")
    assert abs(x.var().item() / (1 + SCHEDULE.beta[2:].sum().item()) - 1) < 0.05
