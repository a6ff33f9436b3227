"""Two mistakes in DDPM's algorithm 2, kept to be looked at. Do not build on them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lib.diffusion import Diffusion


class NoisyEnd(Diffusion):
    """Adds noise at the last step too."""

    @torch.no_grad()
    def reverse(self, xt: Tensor, t: int, c: Tensor | None = None, **options: Any) -> Tensor:
        """Draw x_{t-1} given x_t; WRONG at t = 1, where x_0 gets noise of variance beta_1."""
        x = super().reverse(xt, t, c, **options)
        if t > 1:
            return x
        z = torch.randn(x.shape, generator=options.get("generator"), dtype=x.dtype)
        return x + self.schedule.at(self.schedule.beta, 1, x).sqrt() * z


class MissingRoot(Diffusion):
    """Forgets the square root of alpha_t in the mean of a step back."""

    @torch.no_grad()
    def reverse(self, xt: Tensor, t: int, c: Tensor | None = None, **options: Any) -> Tensor:
        """Draw x_{t-1} given x_t; WRONG: divides by alpha_t = 1 - beta_t itself."""
        alpha, beta, lost = (
            self.schedule.at(table, t, xt)
            for table in (self.schedule.alpha, self.schedule.beta, 1 - self.schedule.alpha_bar)
        )
        mean = (xt - beta / lost.sqrt() * self.denoise(xt, t, c)[1]) / alpha
        if t == 1:
            return mean
        z = torch.randn(xt.shape, generator=options.get("generator"), dtype=xt.dtype)
        return mean + self.variance(t, xt, options.get("variance", "posterior")).sqrt() * z
