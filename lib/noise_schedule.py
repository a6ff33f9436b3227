"""How much noise a diffusion adds at which step, and the Gaussians that follow from it.

Steps are t = 1 .. T as in the papers; entry 0 of every table is the data itself, so `alpha_bar[t]`
is the bar alpha_t of the text without a shift by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

COSINE_OFFSET = 0.008  # Nichol and Dhariwal, 2021: keeps the first steps from being too small
LARGEST_BETA = 0.999  # the same source: the last cosine step would throw everything away


class NoiseSchedule(nn.Module):
    """The variances beta_1 .. beta_T of a diffusion and everything computed from them.

    Tables have shape (T + 1,), dtype float64: `beta` (beta_0 = 0), `alpha` = 1 - beta and
    `alpha_bar`, the running product of alpha. Steps `t` are whole numbers, one int for all rows or
    a tensor (n,); points x have shape (n, ...). Source: Ho, Jain and Abbeel, 2020.
    """

    def __init__(self, betas: Sequence[float] | Tensor):
        super().__init__()
        betas = torch.as_tensor(betas, dtype=torch.float64)
        if betas.ndim != 1 or not len(betas):
            raise ValueError(f"betas is a list of variances, got shape {tuple(betas.shape)}")
        if not bool(((betas > 0) & (betas < 1)).all()):
            raise ValueError("every beta is a share of variance: above 0 and below 1")
        beta = torch.cat([betas.new_zeros(1), betas])
        self.register_buffer("beta", beta, persistent=False)
        self.register_buffer("alpha", 1 - beta, persistent=False)
        self.register_buffer("alpha_bar", (1 - beta).cumprod(0), persistent=False)

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return len(self.beta) - 1

    @property
    def snr(self) -> Tensor:
        """Signal-to-noise ratio bar alpha_t / (1 - bar alpha_t), (T + 1,); infinite at t = 0."""
        return self.alpha_bar / (1 - self.alpha_bar)

    def at(self, table: Tensor, t: int | Tensor, x: Tensor) -> Tensor:
        """Entries t of a table, in the dtype of x and shaped (n or 1, 1, ...) to multiply x.

        Differences such as 1 - alpha_bar are taken in the table: after rounding to the float32 of
        x, little would be left of them at the first steps.
        """
        t = torch.as_tensor(t)
        if t.is_floating_point() or int(t.min()) < 0 or int(t.max()) > self.steps:
            raise ValueError(f"steps t are whole numbers 0..{self.steps}, got {t}")
        return table[t].to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))

    def step(self, x: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """x_t from x_{t-1} and noise eps: one step of destruction (DDPM, equation 2)."""
        alpha, beta = self.at(self.alpha, t, x), self.at(self.beta, t, x)
        return alpha.sqrt() * x + beta.sqrt() * eps

    def diffuse(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """x_t from the data x_0 and noise eps in one leap (DDPM, equation 4)."""
        kept, lost = self.at(self.alpha_bar, t, x0), self.at(1 - self.alpha_bar, t, x0)
        return kept.sqrt() * x0 + lost.sqrt() * eps

    def posterior(self, x0: Tensor, xt: Tensor, t: int | Tensor) -> tuple[Tensor, Tensor]:
        """Mean (n, ...) and variance (n or 1, 1, ...) of q(x_{t-1} | x_t, x_0), t >= 1.

        Source: DDPM, equations 6 and 7. At t = 1 the variance is 0: x_0 is given.
        """
        lost = 1 - self.alpha_bar
        now, before = self.at(lost, t, xt), self.at(lost, _previous(t), xt)
        alpha, beta = self.at(self.alpha, t, xt), self.at(self.beta, t, xt)
        kept_before = self.at(self.alpha_bar, _previous(t), xt)
        mean = kept_before.sqrt() * beta * x0 + alpha.sqrt() * before * xt
        return mean / now, before / now * beta

    def data_from_noise(self, xt: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """The x_0 that, together with noise eps, makes x_t."""
        kept, lost = self.at(self.alpha_bar, t, xt), self.at(1 - self.alpha_bar, t, xt)
        return (xt - lost.sqrt() * eps) / kept.sqrt()

    def noise_from_data(self, xt: Tensor, t: int | Tensor, x0: Tensor) -> Tensor:
        """The noise eps that, together with x_0, makes x_t, t >= 1."""
        kept, lost = self.at(self.alpha_bar, t, xt), self.at(1 - self.alpha_bar, t, xt)
        return (xt - kept.sqrt() * x0) / lost.sqrt()

    def velocity(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """v = sqrt(bar alpha) eps - sqrt(1 - bar alpha) x_0 (Salimans and Ho, 2022)."""
        kept, lost = self.at(self.alpha_bar, t, x0), self.at(1 - self.alpha_bar, t, x0)
        return kept.sqrt() * eps - lost.sqrt() * x0

    def data_from_velocity(self, xt: Tensor, t: int | Tensor, v: Tensor) -> Tensor:
        """The x_0 of a point x_t whose velocity is v."""
        kept, lost = self.at(self.alpha_bar, t, xt), self.at(1 - self.alpha_bar, t, xt)
        return kept.sqrt() * xt - lost.sqrt() * v


def linear_schedule(steps: int) -> NoiseSchedule:
    """Betas that grow evenly, 1e-4 to 0.02 at 1,000 steps, and in proportion larger at fewer.

    The range of DDPM was chosen for 1,000 steps: unchanged, few steps would leave data in x_T.
    """
    if steps < 21:
        raise ValueError(f"with a beta_T of 20 / T, T must be 21 or more, got {steps}")
    return NoiseSchedule(torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64))


def cosine_schedule(steps: int) -> NoiseSchedule:
    """bar alpha_t falls as a squared cosine (Nichol and Dhariwal, 2021, equation 17)."""
    if steps < 2:
        raise ValueError(f"give two steps or more, got {steps}")
    u = torch.arange(steps + 1, dtype=torch.float64) / steps
    kept = torch.cos((u + COSINE_OFFSET) / (1 + COSINE_OFFSET) * torch.pi / 2) ** 2
    return NoiseSchedule((1 - kept[1:] / kept[:-1]).clamp(max=LARGEST_BETA))


def _previous(t: int | Tensor) -> Tensor:
    t = torch.as_tensor(t)
    if int(t.min()) < 1:
        raise ValueError(f"x_(t-1) needs a step t of 1 or more, got {int(t.min())}")
    return t - 1
