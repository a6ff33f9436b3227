"""What keeps a discriminator smooth: penalties on its gradient, and spectral normalisation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils import parametrize

Score = Callable[[Tensor], Tensor]


@torch.enable_grad()
def slope(score: Score, x: Tensor) -> Tensor:
    """Length (n,) of the score's gradient with respect to x (n, *shape), to differentiate again.

    The score of an example must depend on that example alone: no batch normalisation in D.
    """
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

    Parametrises a weight (outputs, ...), read as a matrix with one row an output. It starts at the
    exact singular vectors; each forward pass in training makes `steps` iterations u <- W v,
    v <- W^T u, both brought to length 1 (Miyato et al., 2018).
    """

    def __init__(self, weight: Tensor, steps: int = 1):
        super().__init__()
        if steps < 1:
            raise ValueError(f"power iteration makes 1 step or more, got {steps}")
        u, values, v = torch.linalg.svd(weight.detach().flatten(1), full_matrices=False)
        if not values[0] > 0:
            raise ValueError("a weight of zeros has no spectral norm to divide by")
        self.steps = steps
        self.register_buffer("u", u[:, 0].clone())
        self.register_buffer("v", v[0].clone())

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
    """The same network; every `Linear` and `Conv2d` in it now has a weight of spectral norm 1.

    A linear layer then has slope 1 at most. A convolution's weight acts on one patch: where
    patches overlap, so that a pixel lies in m of them, its slope is at most the root of m.
    """
    layers = [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    if not layers or any(parametrize.is_parametrized(m, "weight") for m in layers):
        raise ValueError("give a network with Linear or Conv2d layers, not normalised before")
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight, steps))
    return net
