"""Asking a trained VAE: codes z whose pictures answer y, drawn from the posterior p(z | y)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.inverse_problems import LinearMap
from lib.vae import VAE


@dataclass(frozen=True, eq=False)
class LatentPosterior:
    """p(z | y), with p(y | z) = N(A g(z), width^2 I) and g(z) the decoder's mean picture.

    Parameters
    ----------
    vae : VAE
    a : LinearMap
    y : Tensor, shape (n, M)
        One question for each row of codes z (n, k).
    width : float
        How far a real picture's y usually is from that of its best code, in grey values.
    """

    vae: VAE
    a: LinearMap
    y: Tensor
    width: float

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) + log p(y | z) up to a constant, (n,) nats."""
        gap = self.a.ask(self.vae.decode(z)) - self.y
        return -0.5 * (gap / self.width).square().sum(1) - 0.5 * z.square().sum(1)

    def with_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """`log_prob` (n,) and its gradient (n, k)."""
        with torch.enable_grad():
            z = z.detach().requires_grad_(True)
            value = self.log_prob(z)
            (slope,) = torch.autograd.grad(value.sum(), z)
        return value.detach(), slope

    @torch.no_grad()
    def pick(self, tries: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Codes (n, k) chosen among `tries` draws of the prior by their weights p(y | z).

        All rows choose from the same draws. Also the number of draws that the weights are worth,
        (n,): the inverse of the sum of their squares.
        """
        z = torch.randn(tries, self.vae.k, generator=generator, dtype=self.y.dtype)
        seen = self.a.ask(self.vae.decode(z))  # (tries, M)
        squares = torch.cdist(self.y, seen).square()  # (n, tries)
        weights = (-0.5 * squares / self.width**2).softmax(1)
        which = torch.multinomial(weights, 1, generator=generator)[:, 0]
        return z[which], 1 / weights.square().sum(1)

    def langevin(
        self, z: Tensor, steps: int, *, length: float = 0.1, generator: torch.Generator
    ) -> tuple[Tensor, float]:
        """`steps` steps of the Metropolis-adjusted Langevin algorithm from z (n, k).

        A step goes uphill by length^2 / 2 times the gradient and adds noise of size `length`; it is
        refused with the probability that keeps p(z | y) as it is. During the first half every row's
        length follows its own refusals (aim: 57 % accepted). Returns codes and the share accepted
        in the second half. Source: Roberts and Tweedie, 1996.
        """
        lengths = torch.full((len(z), 1), length, dtype=z.dtype)
        here, slope = self.with_slope(z)
        taken = []
        for step in range(steps):
            noise = torch.randn(z.shape, generator=generator, dtype=z.dtype)
            new = z + 0.5 * lengths**2 * slope + lengths * noise
            there, new_slope = self.with_slope(new)
            way_back = (z - new - 0.5 * lengths**2 * new_slope) / lengths
            log_ratio = there - here + 0.5 * (noise.square() - way_back.square()).sum(1)
            accept = torch.rand(len(z), generator=generator, dtype=z.dtype).log() < log_ratio
            here, column = torch.where(accept, there, here), accept[:, None]
            z, slope = torch.where(column, new, z), torch.where(column, new_slope, slope)
            if 2 * step < steps:
                lengths = lengths * torch.exp(0.1 * (column.to(z.dtype) - 0.57))
            else:
                taken.append(accept.double().mean().item())
        return z, sum(taken) / max(len(taken), 1)


def usual_gap(vae: VAE, a: LinearMap, x: Tensor) -> float:
    """Root mean square of A x - A g(mean code of x) over pictures x (n, *shape): a width."""
    with torch.no_grad():
        return (a.ask(vae.reconstruct(x)) - a.ask(x)).square().mean().sqrt().item()


def latent_answers(
    vae: VAE,
    a: LinearMap,
    y: Tensor,
    *,
    width: float,
    tries: int = 4000,
    steps: int = 100,
    fit: bool = True,
    generator: torch.Generator,
) -> Tensor:
    """Pictures (n, *shape) of codes from p(z | y): the best of many tries, then Langevin steps.

    With `fit` each picture is moved to the nearest one that answers its question exactly.
    """
    posterior = LatentPosterior(vae, a, y, width)
    z, _ = posterior.pick(tries, generator)
    z, _ = posterior.langevin(z, steps, generator=generator)
    with torch.no_grad():
        x = vae.decode(z)
    return a.project(x, y) if fit else x
