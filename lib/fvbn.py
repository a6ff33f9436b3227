"""The fully visible belief network: every pixel is a child of all pixels drawn before it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib import pixel_orders
from lib.pixel import PixelModel


def earlier(drawn: Sequence[int]) -> Tensor:
    """Who may be read: (written, read) is 1 where pixel `read` is drawn before pixel `written`."""
    rank = torch.empty(len(drawn), dtype=torch.long)
    rank[drawn] = torch.arange(len(drawn))
    return (rank[None, :] < rank[:, None]).float()


class LinearFVBN(PixelModel):
    """A softmax regression for each pixel on all earlier ones: one triangular linear layer.

    `order` lists all places in the order of drawing (raster order when left out; see
    `lib.pixel_orders`). `penalty` times half the squared weights is added to the loss, nats per
    picture. Source: Frey, 1998, there with two levels and sigmoids.
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        order: pixel_orders.Order | None = None,
        one_hot: bool = False,
        penalty: float = 0.0,
    ):
        super().__init__(shape, levels, one_hot=one_hot)
        self.penalty, dims = penalty, math.prod(self.shape)
        self.places = pixel_orders.checked(order, self.shape)
        self.drawn = pixel_orders.numbers(self.places, self.shape)
        parts = levels if one_hot else 1
        mask = earlier(self.drawn).repeat(levels, parts)
        self.register_buffer("mask", mask, persistent=False)
        self.weight = nn.Parameter(torch.zeros(levels * dims, parts * dims))
        self.bias = nn.Parameter(torch.zeros(levels * dims))

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape) of encoded pictures v."""
        out = F.linear(v.flatten(1), self.weight * self.mask, self.bias)
        return out.unflatten(1, (self.levels, *self.shape))

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """As `PixelModel.loss`, and the penalty on the weights."""
        terms = PixelModel.loss(self, x, c, generator=generator)
        pull = self.penalty / 2 * ((self.weight * self.mask) ** 2).sum()
        return {"loss": terms["loss"] + pull, "bits": terms["bits"]}

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        """As `PixelModel.walk`, but of each place only its own rows of the layer."""
        self._check(x, c)
        weight = (self.weight * self.mask).unflatten(0, (self.levels, -1))
        bias = self.bias.unflatten(0, (self.levels, -1))
        for d in self.drawn:
            yield F.linear(self.encode(x).flatten(1), weight[:, d], bias[:, d])
