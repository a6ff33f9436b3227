"""What keeps a discriminator smooth: penalties on its gradient, and spectral normalisation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils import parametrize

Score = Callable[[Tensor], Tensor]


def slope(score: Score, x: Tensor) -> Tensor:
    """Length (n,) of the score's gradient with respect to x (n, *shape), to differentiate again."""
    x = x.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(x).sum(), x, create_graph=True)
    return gradient.flatten(1).norm(dim=1)


def r1(score: Score, real: Tensor, fake: Tensor, generator: torch.Generator | None) -> Tensor:
    """Half the mean squared slope at the data (Mescheder, Geiger and Nowozin, 2018).

    `fake` and `generator` are not used: every penalty is called alike.
    """
    return 0.5 * slope(score, real).square().mean()


def gradient_penalty(
    score: Score, real: Tensor, fake: Tensor, generator: torch.Generator | None
) -> Tensor:
    """Mean squared distance of the slope from 1, between data and samples (WGAN-GP).

    One point is drawn uniformly on the line from each example to a sample (Gulrajani et al., 2017).
    """
    share = torch.rand(len(real), *[1] * (real.ndim - 1), generator=generator, dtype=real.dtype)
    between = share * real + (1 - share) * fake.detach()
    return (slope(score, between) - 1).square().mean()


PENALTIES = {"r1": r1, "gradient": gradient_penalty}


class SpectralNorm(nn.Module):
    """A weight divided by its largest singular value, which power iteration keeps estimating.

    Parametrises a weight (outputs, ...), read as a matrix with one row an output. Each forward
    pass in training makes `steps` iterations u <- W v, v <- W^T u (Miyato et al., 2018).
    """

    def __init__(self, weight: Tensor, steps: int = 1):
        super().__init__()
        self.steps = steps
        matrix = weight.detach().flatten(1)
        self.register_buffer("u", normalize(torch.ones(len(matrix), dtype=weight.dtype), dim=0))
        self.register_buffer("v", normalize(matrix.T @ self.u, dim=0))
        self._iterate(matrix, 15)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight over its spectral norm, same shape."""
        matrix = weight.flatten(1)
        if self.training:
            self._iterate(matrix, self.steps)
        return weight / (self.u.clone() @ matrix @ self.v.clone())

    @torch.no_grad()
    def _iterate(self, matrix: Tensor, steps: int) -> None:
        for _ in range(steps):
            self.u.copy_(normalize(matrix @ self.v, dim=0))
            self.v.copy_(normalize(matrix.T @ self.u, dim=0))


def spectral_norm(net: nn.Module, steps: int = 1) -> nn.Module:
    """The same network; every linear map in it now has slope 1 at most (spectral norm 1)."""
    for module in list(net.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d):
            parametrize.register_parametrization(
                module, "weight", SpectralNorm(module.weight, steps)
            )
    return net
