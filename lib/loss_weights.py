"""What different targets of a diffusion have in common: one squared error, weighted by the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.naive_diffusion import NaiveDiffusion
from lib.noise_schedule import NoiseSchedule

KINDS = "eps", "x0", "v", "previous", "bound"


def noise_weights(schedule: NoiseSchedule, kind: str) -> Tensor:
    """Weight of |eps - eps_theta|^2 at every step in a loss of some kind, (T + 1,); entry 0 is 0.

    Parameters
    ----------
    schedule : NoiseSchedule
    kind : {"eps", "x0", "v", "previous", "bound"}
        Squared error of the noise, the data, the velocity or x_{t-1}, each up to a constant, or
        the term of the negative ELBO in nats, with the posterior's variance (beta_1 at t = 1).
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {KINDS}, got {kind!r}")
    beta, kept = schedule.beta[1:], schedule.alpha_bar[1:]
    before = schedule.alpha_bar[:-1]
    step = beta**2 / ((1 - beta) * (1 - kept))
    variance = (1 - before) / (1 - kept) * beta
    variance[0] = beta[0]
    weights = {
        "eps": torch.ones_like(beta),
        "x0": (1 - kept) / kept,
        "v": 1 / kept,
        "previous": step,
        "bound": step / (2 * variance),
    }[kind]
    return torch.cat([weights.new_zeros(1), weights])


class WeightedDiffusion(Diffusion):
    """Predicts the noise, with a weight for each step; `weights` is (T + 1,), entry 0 unused."""

    def __init__(self, *args: Any, weights: Tensor, **options: Any):
        super().__init__(*args, **options)
        if weights.shape != self.schedule.beta.shape:
            raise ValueError(
                f"weights have shape {tuple(self.schedule.beta.shape)}, one a step and entry 0, "
                f"got {tuple(weights.shape)}"
            )
        self.register_buffer("weights", weights / weights[1:].mean(), persistent=False)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Squared error of the noise, times the weight of the step; the weights average 1."""
        t = torch.randint(1, self.schedule.steps + 1, (len(x),), generator=generator)
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        _, guess = self.denoise(self.schedule.diffuse(x, t, eps), t, c)
        squares = (eps - guess).square().flatten(1).sum(1)
        return {"loss": (self.weights[t].to(x.dtype) * squares).mean()}


@torch.no_grad()
def noise_errors(
    model: Diffusion | NaiveDiffusion,
    exact: ExactDenoiser,
    x: Tensor,
    steps: Sequence[int],
    *,
    generator: torch.Generator,
) -> list[float]:
    """Mean squared distance of a model's eps to the best possible one, summed over dimensions.

    One number for each of `steps`, on examples x (n, D) with fresh noise. The same sum over steps
    of |eps - eps_theta|^2 would also hold what no model can know.
    """
    found = []
    for t in steps:
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        xt = exact.schedule.diffuse(x, t, eps)
        best = exact.schedule.noise_from_data(xt, t, exact(xt, t))
        away = model.denoise(xt, t)[1] - best
        found.append(away.square().flatten(1).sum(1).mean().item())
    return found
