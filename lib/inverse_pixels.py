"""Asking a trained pixel model: many particles draw in order, and the question weighs them.

For every question some particles, which are pictures, are drawn in the model's order. A pixel may
only take levels with which its sum can still come out right; a particle's weight is multiplied by
the probability that the model gave to these levels. Where the weights of a question are worth less
than half of its particles, these are drawn anew by weight. At the end one of them is the answer. As
their number grows the answers follow p(x | A x = y) of the model. Source: Gordon, Salmond and
Smith, 1993.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.inverse_problems import LinearMap
from lib.pixel import PixelModel
from lib.pixelcnn import ConvPixelModel


@dataclass(frozen=True)
class Sums:
    """A question about whole-number pixels: `group[d]` names the sum in which pixel d counts.

    -1: pixel d counts in none. `size` is the number of pixels in each sum.
    """

    group: tuple[int, ...]
    size: tuple[int, ...]


def as_sums(a: LinearMap) -> Sums:
    """A linear map whose rows are means of pixels that no other row sees, as sums of levels."""
    seen = a.matrix != 0
    counts = seen.sum(1)
    if seen.sum(0).max() > 1 or not torch.allclose(a.matrix, seen / counts[:, None].double()):
        raise ValueError("each row of A must be a mean of pixels that no other row sees")
    group = torch.where(seen.any(0), seen.int().argmax(0), -1)
    return Sums(tuple(group.tolist()), tuple(counts.tolist()))


@torch.no_grad()
def pixel_answers(
    model: PixelModel,
    a: LinearMap,
    y: Tensor,
    *,
    particles: int = 32,
    generator: torch.Generator,
) -> Tensor:
    """Pictures (n, *shape) of levels that answer y (n, M) exactly; see the head of this module."""
    sums, n = as_sums(a), len(y)
    size = torch.tensor(sums.size)
    left = (y * size).round().long().repeat_interleave(particles, 0)  # missing in each sum
    after = size.expand(left.shape).clone()  # pixels of each sum that are still to come
    x = torch.zeros(len(left), *model.shape, dtype=torch.long)
    quick = isinstance(model, ConvPixelModel)  # remembers maps, and can be told to reorder them
    walk, rows = model.walk(x) if quick else PixelModel.walk(model, x), None
    weights, order = torch.zeros(n, particles), torch.arange(x[0].numel()).reshape(model.shape)
    for place in model.places:
        p, g = walk.send(rows).softmax(1), sums.group[order[place]]
        if g >= 0:
            after[:, g] -= 1
            p = p * possible(left[:, g], after[:, g], model.levels)
            weights += p.sum(1).log().clamp(min=-1e4).reshape(n, particles)
        value = torch.multinomial(p.clamp(min=1e-30), 1, generator=generator)[:, 0]
        x[(slice(None), *place)] = value
        if g >= 0:
            left[:, g] -= value
        rows = drawn_anew(weights, generator)
        if rows is not None:
            x.copy_(x[rows])
            left = left[rows]
    last = torch.multinomial(weights.softmax(1), 1, generator=generator)[:, 0]
    return x.unflatten(0, (n, particles))[torch.arange(n), last]


def possible(left: Tensor, after: Tensor, levels: int) -> Tensor:
    """Which levels (n, levels) a pixel can take if `left` is missing and `after` pixels follow."""
    rest = left[:, None] - torch.arange(levels)
    return (rest >= 0) & (rest <= after[:, None] * (levels - 1))


def drawn_anew(weights: Tensor, generator: torch.Generator) -> Tensor | None:
    """Rows (n * particles,) to go on with, or None; log-weights that were used become zero.

    A question's particles are drawn anew when its weights are worth less than half of them.
    """
    n, particles = weights.shape
    shares = weights.softmax(1)
    poor = 1 / shares.square().sum(1) < particles / 2
    if not poor.any():
        return None
    which = torch.arange(particles).repeat(n, 1)
    points = (torch.arange(particles) + torch.rand(n, 1, generator=generator)) / particles
    drawn = torch.searchsorted(shares.cumsum(1), points).clamp(max=particles - 1)
    which[poor] = drawn[poor]
    weights[poor] = 0.0
    return (which + particles * torch.arange(n)[:, None]).flatten()
