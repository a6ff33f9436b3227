"""Two pixel models with exact likelihood that show what a likelihood does not say."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lib.pixel import PixelModel


class NearlyNoise:
    """A share of the samples comes from a pixel model, all others are uniform noise.

    Source: Theis, van den Oord and Bethge, 2016.
    """

    def __init__(self, model: PixelModel, share: float):
        if not 0 < share < 1:
            raise ValueError(f"the model's share lies between 0 and 1, got {share}")
        self.model, self.share = model, share

    @torch.no_grad()
    def log_prob(self, x: Tensor) -> Tensor:
        """Exact log-probability (n,) in nats: the logarithm of a sum of two terms."""
        own = self.model.log_prob(x).double() + math.log(self.share)
        noise = math.log(1 - self.share) - math.prod(self.model.shape) * math.log(self.model.levels)
        return torch.logaddexp(own, torch.full_like(own, noise))

    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Pictures (n, *shape): a coin for each, then the picture."""
        noise = torch.randint(self.model.levels, (n, *self.model.shape), generator=generator)
        noisy = torch.rand(n, generator=generator) >= self.share
        x = self.model.sample(n, generator=generator)
        x[noisy] = noise[noisy]
        return x


class NoisyMemory:
    """Take a stored picture, and replace each pixel with probability `flip` by a random level."""

    def __init__(self, stored: Tensor, levels: int, flip: float):
        if not 0 < flip < 1:
            raise ValueError(f"flip is a probability between 0 and 1, got {flip}")
        self.stored, self.levels, self.flip = stored, levels, flip

    def log_prob(self, x: Tensor) -> Tensor:
        """Exact log-probability (n,) in nats: a mixture with one part for each stored picture."""
        agree = (x[:, None] == self.stored).flatten(2).sum(2).double()  # (n, stored)
        other = self.flip / self.levels
        differ = x[0].numel() - agree
        parts = agree * math.log(1 - self.flip + other) + differ * math.log(other)
        return parts.logsumexp(1) - math.log(len(self.stored))

    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """Pictures (n, *shape)."""
        x = self.stored[torch.randint(len(self.stored), (n,), generator=generator)]
        redrawn = torch.rand(x.shape, generator=generator) < self.flip
        return torch.where(redrawn, torch.randint(self.levels, x.shape, generator=generator), x)
