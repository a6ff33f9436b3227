"""Pictures so small that all of them can be listed: where a pixel model can be checked exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

import torch
from scipy import stats
from torch import Tensor, nn

from lib import pixel_orders
from lib.pixel import PixelModel


def all_pictures(shape: Sequence[int], levels: int) -> Tensor:
    """Every picture of this shape, (levels ** D, *shape); the last pixel changes fastest."""
    dims = math.prod(shape)
    if levels**dims > 2**16:
        raise ValueError(f"{levels}^{dims} pictures are too many to list; at most 2^16")
    return torch.tensor(list(product(range(levels), repeat=dims))).reshape(-1, *shape)


def smooth_table(shape: Sequence[int], levels: int, coupling: float) -> Tensor:
    """Probabilities of `all_pictures` (h, w) in which neighbours like to be alike.

    p(x) is proportional to exp(-coupling * sum of |x_i - x_j| over pairs of neighbours): a Markov
    random field as in chapter 1, normalised by listing.
    """
    x = all_pictures(shape, levels).double()
    steps = [(x.diff(dim=k).abs()).flatten(1).sum(1) for k in (1, 2)]
    return (-coupling * sum(steps)).softmax(0)


class TinyTable(PixelModel):
    """Any distribution over all pictures of a tiny shape, drawn one pixel after another.

    The table has one logit for each of `all_pictures`; a conditional is a ratio of sums over it.
    `order` as in `LinearFVBN`. Without `p` the table is flat.
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        p: Tensor | None = None,
        *,
        order: pixel_orders.Order | None = None,
    ):
        super().__init__(shape, levels)
        self.places = pixel_orders.checked(order, self.shape)
        self.drawn = pixel_orders.numbers(self.places, self.shape)
        n = len(all_pictures(shape, levels))
        if p is not None and (p.shape != (n,) or p.min() <= 0):
            raise ValueError(f"p holds {n} positive numbers, got {tuple(p.shape)}")
        self.table = nn.Parameter(torch.zeros(n) if p is None else p.log())

    def encode(self, x: Tensor) -> Tensor:
        """A table reads the levels as they are."""
        return x

    def sums(self) -> Iterator[Tensor]:
        """For each place in order: log p(x_1 ... x_d) + a constant, shape (levels,) * d.

        All later pixels are summed out.
        """
        dims = len(self.drawn)
        table = self.table.reshape((self.levels,) * dims).permute(self.drawn)
        for d in range(1, dims + 1):
            yield table.flatten(d).logsumexp(-1) if d < dims else table

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape): the slice of the sums that the earlier pixels select."""
        earlier, out = v.flatten(1)[:, self.drawn], [None] * len(self.drawn)
        for d, (number, total) in enumerate(zip(self.drawn, self.sums(), strict=True)):
            rows = total[tuple(earlier[:, :d].T)] if d else total.expand(len(v), -1)
            out[number] = rows
        return torch.stack(out, 2).unflatten(2, self.shape)


def mutual_information(p: Tensor, first: int) -> float:
    """I(first pixels; the others) in nats, for a joint table p of shape (levels,) * D."""
    joint = p.flatten(first).flatten(0, first - 1) if first > 1 else p.flatten(1)
    independent = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return torch.special.xlogy(joint, joint / independent).sum().item()


def count_pictures(samples: Tensor, levels: int) -> Tensor:
    """How often each of `all_pictures` occurs among samples (n, *shape)."""
    number = torch.zeros(len(samples), dtype=torch.long)
    for column in samples.flatten(1).T:
        number = number * levels + column
    return torch.bincount(number, minlength=levels ** samples[0].numel())


def chance(seen: Tensor, p: Tensor) -> float:
    """P-value of the chi-squared test that counts `seen` come from probabilities p.

    Cells that expect five or fewer are pooled.
    """
    expected = p * seen.sum()
    often = expected > 5
    cells = [torch.cat([v[often], v[~often].sum()[None]]) for v in (seen, expected)]
    filled = cells[1] > 0
    return float(stats.chisquare(*(v[filled] for v in cells)).pvalue)
