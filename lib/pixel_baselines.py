"""Pixel models that are counted instead of trained: the yardsticks of every better one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lib import pixel_orders
from lib.pixel import PixelModel


class CountedModel(PixelModel):
    """p(x_d | context) is a row of a table; a subclass says which row a pixel uses.

    The parameters are logarithms of counts. Before anything is counted all rows are flat, and the
    model is the uniform one: log2(levels) bits per dimension.
    """

    def __init__(self, shape: Sequence[int], levels: int, rows: int):
        super().__init__(shape, levels)
        self.table = nn.Parameter(torch.zeros(rows, levels))

    def contexts(self, x: Tensor) -> Tensor:
        """The row (n, *shape) of each pixel of x; it may depend on earlier pixels only."""
        raise NotImplementedError(f"{type(self).__name__} does not say which row a pixel uses")

    def encode(self, x: Tensor) -> Tensor:
        """A table reads the levels as they are."""
        return x

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape): the logarithms of the shares in each pixel's row."""
        return self.table.log_softmax(1)[self.contexts(v)].movedim(-1, 1)

    @torch.no_grad()
    def count(self, x: Tensor, pseudo: float) -> CountedModel:
        """Set each row to the shares of levels in pictures x; `pseudo` is added to every count.

        With pseudo -> 0 this is the maximum of the likelihood.
        """
        if pseudo <= 0:
            raise ValueError(
                f"a level that was never seen would be impossible; give pseudo > 0, got {pseudo}"
            )
        self._check(x, None)
        counts = torch.full(self.table.shape, pseudo, dtype=torch.float64)
        one = torch.ones(x.numel(), dtype=torch.float64)
        counts.index_put_((self.contexts(x).flatten(), x.flatten()), one, accumulate=True)
        self.table.copy_(counts.log())
        return self


class Histogram(CountedModel):
    """One table for all pixels of all pictures."""

    def __init__(self, shape: Sequence[int], levels: int):
        super().__init__(shape, levels, rows=1)

    def contexts(self, x: Tensor) -> Tensor:
        """Row 0 everywhere."""
        return torch.zeros_like(x)


class PixelHistograms(CountedModel):
    """A table for each pixel: its marginal distribution."""

    def __init__(self, shape: Sequence[int], levels: int):
        super().__init__(shape, levels, rows=math.prod(shape))

    def contexts(self, x: Tensor) -> Tensor:
        """The pixel's number."""
        return torch.arange(len(self.table)).reshape(self.shape).expand_as(x)


class MarkovChain(CountedModel):
    """Order 1: a pixel depends on the one drawn just before it.

    One table of levels x levels for all pixels, or with `own` a table for each pixel. The first
    pixel has a row of its own. `order` as in `LinearFVBN`.
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        own: bool = False,
        order: pixel_orders.Order | None = None,
    ):
        super().__init__(shape, levels, rows=(math.prod(shape) if own else 1) * (levels + 1))
        self.places = pixel_orders.checked(order, self.shape)
        self.own, self.drawn = own, pixel_orders.numbers(self.places, self.shape)

    def contexts(self, x: Tensor) -> Tensor:
        """The level of the pixel before, counted on from the pixel's first row if it has any."""
        flat = x.flatten(1)[:, self.drawn]
        before = torch.cat([torch.full_like(flat[:, :1], self.levels), flat[:, :-1]], 1)
        if self.own:
            before = before + torch.arange(len(self.drawn)) * (self.levels + 1)
        rows = torch.empty_like(before)
        rows[:, self.drawn] = before
        return rows.reshape(x.shape)


def count_well(
    model: CountedModel,
    x: Tensor,
    candidates: Sequence[float] = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    every: int = 5,
) -> float:
    """Count pictures x with the pseudo-count that suits x best; return it.

    It is chosen within x: counted on four fifths, tried on every fifth picture. Then all of x is
    counted with it.
    """
    tried = torch.arange(len(x)) % every == 0
    bits = [model.count(x[~tried], pseudo).bits(x[tried]) for pseudo in candidates]
    best = candidates[bits.index(min(bits))]
    model.count(x, best)
    return best
