"""Pictures made to please a discriminator: gradient ascent on pixels, the network held still."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def fool(
    score: Callable[[Tensor], Tensor], x: Tensor, *, steps: int = 100, rate: float = 0.02
) -> Tensor:
    """Pictures (n, *shape) in [-1, 1] with high scores, by `steps` steps uphill from x.

    Each step changes a pixel by `rate` at most: by `rate` in the direction of its slope, relative
    to the largest slope in its picture. Nothing but x moves.
    """
    if not x.is_floating_point() or x.abs().max() > 1:
        raise ValueError("pictures to start from are real numbers in [-1, 1]")
    if steps < 1 or not rate > 0:
        raise ValueError(f"steps and rate must be above zero, got {steps} and {rate}")
    x = x.detach().clone()
    axes = tuple(range(1, x.ndim))
    for _ in range(steps):
        x.requires_grad_(True)
        (slope,) = torch.autograd.grad(score(x).sum(), x)
        largest = slope.abs().amax(axes, keepdim=True).clamp_min(1e-30)
        x = (x + rate * slope / largest).clamp(-1, 1).detach()
    return x
