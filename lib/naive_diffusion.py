"""The first idea for the way back: a network that reads x_t and predicts x_{t-1} by regression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from lib.model import GenerativeModel
from lib.noise_schedule import NoiseSchedule


class NaiveDiffusion(GenerativeModel):
    """Undo one step of destruction at a time; the network's output is x_{t-1} itself.

    Parameters
    ----------
    network : module
        `network(x_t, t)` gives numbers shaped as x_t; steps t (n,), dtype long.
    shape : sequence of int
        Shape of one example.
    schedule : NoiseSchedule
    """

    def __init__(self, network: nn.Module, shape: Sequence[int], schedule: NoiseSchedule):
        super().__init__()
        self.network, self.shape, self.schedule = network, tuple(shape), schedule

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Squared error of the step before, at a random step, summed over the dimensions."""
        t = torch.randint(1, self.schedule.steps + 1, (len(x),), generator=generator)
        before, xt = self.pair(x, t, generator=generator)
        error = self.network(xt, t) - before
        return {"loss": error.square().flatten(1).sum(1).mean()}

    def pair(
        self, x0: Tensor, t: Tensor, *, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Destroy x_0 up to step t - 1, then one step more: (x_{t-1}, x_t)."""
        first, second = torch.randn(2, *x0.shape, generator=generator, dtype=x0.dtype)
        before = self.schedule.diffuse(x0, t - 1, first)
        return before, self.schedule.step(before, t, second)

    def denoise(self, xt: Tensor, t: int | Tensor) -> tuple[Tensor, Tensor]:
        """The x_0 and eps that the answer implies if it is the mean of the step back, t >= 1."""
        t = torch.as_tensor(t).expand(len(xt))
        alpha, beta, lost = (
            self.schedule.at(table, t, xt)
            for table in (self.schedule.alpha, self.schedule.beta, 1 - self.schedule.alpha_bar)
        )
        eps = (xt - alpha.sqrt() * self.network(xt, t)) * lost.sqrt() / beta
        return self.schedule.data_from_noise(xt, t, eps), eps

    @torch.no_grad()
    def sample_steps(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Iterator[Tensor]:
        """x_T, ..., x_0: the prediction and fresh noise of variance beta_t, none at t = 1."""
        kind = next((p.dtype for p in self.network.parameters()), torch.get_default_dtype())
        x = torch.randn(n, *self.shape, generator=generator, dtype=kind)
        yield x
        for t in range(self.schedule.steps, 0, -1):
            x = self.network(x, torch.full((n,), t))
            if t > 1:
                noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
                x = x + self.schedule.at(self.schedule.beta, t, x).sqrt() * noise
            yield x
