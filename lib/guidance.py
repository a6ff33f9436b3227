"""Classifier-free guidance: one diffusion model with and without its condition, and a dial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lib.diffusion import Diffusion
from lib.noise_schedule import NoiseSchedule


class GuidedDiffusion(Diffusion):
    """A conditional diffusion that now and then hears no condition, so that both can be compared.

    Parameters
    ----------
    network : module, (x_t, t, c) -> numbers shaped as x_t
        Conditions c are vectors (n, c_dim); the vector of zeros means "not said".
    c_dim : int
    drop : float
        Share of the conditions that are not said in training.
    weight : float
        The dial w of the samplers: 0 asks for the condition alone, more of it exaggerates what the
        condition changes, -1 ignores it. It may be changed after training.

    Further options are those of `Diffusion`. Source: Ho and Salimans, 2022, equation 6.
    """

    def __init__(
        self,
        network: nn.Module,
        shape: Sequence[int],
        schedule: NoiseSchedule,
        *,
        c_dim: int,
        drop: float = 0.1,
        weight: float = 0.0,
        **options: Any,
    ):
        super().__init__(network, shape, schedule, **options)
        if not 0 <= drop <= 1:
            raise ValueError(f"drop is a share of the conditions, 0 to 1, got {drop}")
        if c_dim < 1:
            raise ValueError(f"a condition has one number or more, got c_dim = {c_dim}")
        self.c_dim, self.drop, self.weight = c_dim, drop, weight

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """That of `Diffusion`, with a random share `drop` of the conditions set to zero."""
        c = self._said(len(x), c, x)
        heard = torch.rand(len(x), 1, generator=generator) >= self.drop  # (n, 1)
        return super().loss(x, c * heard, generator=generator)

    def _output(self, xt: Tensor, t: Tensor, c: Tensor | None) -> Tensor:
        """(1 + w) times the answer with c, less w times the answer without; c None has no dial."""
        nothing = self._said(len(xt), None, xt)
        if c is None:
            return super()._output(xt, t, nothing)
        told = super()._output(xt, t, self._said(len(xt), c, xt))
        if self.weight == 0:
            return told
        return told + self.weight * (told - super()._output(xt, t, nothing))

    def _said(self, n: int, c: Tensor | None, like: Tensor) -> Tensor:
        """Conditions (n, c_dim) as numbers; zeros where nothing is said."""
        if c is None:
            return like.new_zeros(n, self.c_dim)
        if c.shape != (n, self.c_dim):
            raise ValueError(f"conditions are ({n}, {self.c_dim}), got {tuple(c.shape)}")
        return c.to(like.dtype)
