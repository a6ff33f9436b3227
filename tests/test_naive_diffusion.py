"""The naive target: its pairs, its best answer, and how it draws."""

import pytest
import torch
from scipy import stats
from torch import nn

from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture, round_mixture
from lib.naive_diffusion import NaiveDiffusion
from lib.noise_schedule import linear_schedule

SCHEDULE = linear_schedule(40)
LINE = round_mixture(torch.tensor([[-1.0], [1.5]]).numpy(), 0.4)


class BestStep(nn.Module):
    """E[x_{t-1} | x_t], made from the exact guess of x_0."""

    def __init__(self, mixture: GaussianMixture, shift: float = 0.0):
        super().__init__()
        self.denoiser, self.shift = ExactDenoiser(mixture, SCHEDULE), shift

    def forward(self, xt, t):
        return SCHEDULE.posterior(self.denoiser(xt, t), xt, t)[0] + self.shift


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int) -> torch.Tensor:
    side = torch.rand(n, 1, generator=seeded(1), dtype=torch.float64) < 0.5
    noise = torch.randn(n, 1, generator=seeded(2), dtype=torch.float64)
    return torch.where(side, -1.0, 1.5) + 0.4 * noise


def test_pairs_have_the_joint_moments_of_two_neighbouring_steps():
    x0 = torch.full((60_000, 1), 0.8, dtype=torch.float64)
    t = torch.full((60_000,), 12)
    before, xt = NaiveDiffusion(nn.Identity(), (1,), SCHEDULE).pair(x0, t, generator=seeded())
    kept, alpha = SCHEDULE.alpha_bar, SCHEDULE.alpha[12]
    for found, at in ((before, 11), (xt, 12)):
        assert abs(found.mean() - kept[at].sqrt() * 0.8) < 5 * found.std() / 60_000**0.5
        assert torch.isclose(found.var(), 1 - kept[at], rtol=0.03)
    covariance = torch.cov(torch.cat([before, xt], 1).T)[0, 1]
    assert torch.isclose(covariance, alpha.sqrt() * (1 - kept[11]), rtol=0.03)


def test_at_the_first_step_the_target_is_the_data():
    x0, t = data(50), torch.ones(50, dtype=torch.long)
    before, _ = NaiveDiffusion(nn.Identity(), (1,), SCHEDULE).pair(x0, t, generator=seeded())
    torch.testing.assert_close(before, x0)


def test_the_mean_of_the_true_step_back_is_the_best_answer():
    x = data(60_000)
    losses = [
        NaiveDiffusion(BestStep(LINE, shift), (1,), SCHEDULE).loss(x, generator=seeded())["loss"]
        for shift in (-0.03, 0.0, 0.03)
    ]
    for worse in (losses[0], losses[2]):
        assert torch.isclose(worse - losses[1], torch.tensor(0.03**2).double(), atol=3e-4)


def test_what_the_best_answer_implies_is_the_best_guess_of_noise_and_data():
    model, x, t = NaiveDiffusion(BestStep(LINE), (1,), SCHEDULE), data(20), 17
    want = model.network.denoiser(x, t)
    x0, eps = model.denoise(x, t)
    torch.testing.assert_close(x0, want)
    torch.testing.assert_close(eps, SCHEDULE.noise_from_data(x, t, want))


def test_with_the_best_answer_it_draws_the_data():
    model = NaiveDiffusion(BestStep(LINE), (1,), SCHEDULE)
    drawn = model.sample(4000, generator=seeded())[:, 0]
    assert stats.ks_2samp(drawn.numpy(), data(4000)[:, 0].numpy()).statistic < 0.05


def test_no_noise_after_the_last_step():
    *_, x1, x0 = NaiveDiffusion(BestStep(LINE), (1,), SCHEDULE).sample_steps(5, generator=seeded())
    torch.testing.assert_close(x0, BestStep(LINE)(x1, torch.ones(5, dtype=torch.long)))


@pytest.mark.parametrize("shape", [(2,), (1, 3, 3)])
def test_any_shape(shape):
    model = NaiveDiffusion(Still(), shape, SCHEDULE)
    x = torch.randn(7, *shape, generator=seeded())
    assert model.sample(3, generator=seeded()).shape == (3, *shape)
    assert model.loss(x, generator=seeded())["loss"].ndim == 0


class Still(nn.Module):
    def forward(self, xt, t):
        return xt
