"""The raster-scan LSTM: a memory that reads a picture pixel by pixel, as one reads a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from lib.pixel import PixelModel


def earlier_neighbours(shape: Sequence[int], reach: int) -> Tensor:
    """Which earlier pixels are read at each step: their numbers in raster order, (steps, k).

    The previous pixel in raster order (at the start of a row: the end of the row above), after all
    others at most `reach` rows and columns away that come before; with `reach` 0 it alone. Where
    there is none, the number of steps stands.
    """
    if not 1 <= len(shape) <= 2 or min(shape) < 1 or reach < 0:
        raise ValueError(f"a shape (t,) or (h, w) and a reach >= 0, got {tuple(shape)} and {reach}")
    height, width = (1, *shape)[-2:]
    steps = height * width
    here = torch.arange(steps)
    previous = torch.where(here > 0, here - 1, steps)[:, None]
    if reach == 0:
        return previous
    away = range(-reach, reach + 1)
    before = [(up, side) for up in range(-reach, 1) for side in away if (up, side) < (0, -1)]
    up, side = torch.tensor(before).T
    row, column = here[:, None] // width + up, here[:, None] % width + side
    inside = (row >= 0) & (column >= 0) & (column < width)
    return torch.cat([torch.where(inside, row * width + column, steps), previous], 1)


class RasterLSTM(PixelModel):
    """One LSTM layer over the sequence of pixels; its state stands for all that it has read.

    At each step it reads earlier pixels (see `earlier_neighbours`), its `position` ("one-hot" row
    and column, a "learned" vector for each, or "none") and the condition. `share` is the share of
    numbers of the state that are dropped in training, before the last layer. Shapes (t,), (h, w).
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        cells: int = 256,
        reach: int = 1,
        position: str = "one-hot",
        one_hot: bool = False,
        share: float = 0.0,
        c_dim: int = 0,
    ):
        super().__init__(shape, levels, one_hot=one_hot, c_dim=c_dim)
        if position not in ("one-hot", "learned", "none"):
            raise ValueError(f"position is 'one-hot', 'learned' or 'none', got {position!r}")
        self.share = share
        table = earlier_neighbours(shape, reach)
        self.register_buffer("table", table, persistent=False)
        height, width = (1, *self.shape)[-2:]
        place = torch.arange(height * width)
        axes = torch.eye(height)[place // width], torch.eye(width)[place % width]
        self.register_buffer("axes", torch.cat(axes, 1), persistent=False)  # (steps, h + w)
        self.tell = {"one-hot": nn.Identity(), "learned": nn.Linear(height + width, 16)}.get(
            position
        )
        told = {"one-hot": height + width, "learned": 16, "none": 0}[position]
        self.lstm = nn.LSTM(table.shape[1] * self.inputs + told + c_dim, cells, batch_first=True)
        nn.init.ones_(self.lstm.bias_ih_l0.data[cells : 2 * cells])  # remember, to begin with
        self.last = nn.Linear(cells, levels)

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape) of encoded pictures v (n, inputs, *shape)."""
        h, _ = self.lstm(self.read(v, c))
        return self.last(self.drop(h, generator)).transpose(1, 2).unflatten(2, self.shape)

    def read(self, v: Tensor, c: Tensor | None = None) -> Tensor:
        """What the LSTM is given at all steps, (n, steps, ...), of encoded pictures v."""
        pixels = v.flatten(2).transpose(1, 2)  # (n, steps, inputs)
        seen = torch.cat([pixels, torch.zeros_like(pixels[:, :1])], 1)[:, self.table]
        return self._join(seen.flatten(2), slice(None), c)

    def _join(self, seen: Tensor, steps: slice, c: Tensor | None) -> Tensor:
        """Input (n, steps, ...): earlier pixels (n, steps, k * inputs), position, condition."""
        parts, size = [seen], (*seen.shape[:2], -1)
        if self.tell is not None:
            parts.append(self.tell(self.axes[steps]).expand(size))
        if c is not None:
            parts.append(c.to(seen.dtype)[:, None].expand(size))
        return torch.cat(parts, 2)

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        """As `PixelModel.walk`, one step of the LSTM a pixel: its state is kept."""
        self._check(x, c)
        pixels = self.last.weight.new_zeros(len(x), len(self.places) + 1, self.inputs)
        state = None
        for d, place in enumerate(self.places):
            seen = pixels[:, self.table[d]].flatten(1)[:, None]
            h, state = self.lstm(self._join(seen, slice(d, d + 1), c), state)
            yield self.last(h[:, 0])
            here = x[(slice(None), *place)].reshape(len(x), *[1] * len(self.shape))
            pixels[:, d] = self.encode(here).flatten(1)  # now x holds this pixel
