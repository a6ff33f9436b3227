"""An LSTM for sprites: it reads colours as names, sees the mirror place, and may copy a colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.pixel import PixelModel
from lib.raster_lstm import earlier_neighbours


def mirror_places(shape: Sequence[int]) -> Tensor:
    """The mirror place of each pixel and the places left and right of it: (steps, 3).

    Numbers in raster order. In the right half of a row the mirror place comes earlier; in the left
    half, where it does not, that of the row above is taken. Where there is none stands the number
    of steps.
    """
    height, width = shape
    here = torch.arange(height * width)
    row, column = here[:, None] // width, here[:, None] % width
    across = width - 1 - column + torch.tensor([-1, 0, 1])  # (steps, 3)
    row = torch.where(across < column, row, row - 1)
    inside = (row >= 0) & (across >= 0) & (across < width)
    return torch.where(inside, row * width + across, height * width)


class CreatureLSTM(PixelModel):
    """One LSTM layer over the pixels of a sprite (h, w) in a palette of `levels` colours.

    At each step it reads the codes (a learned vector of `code` numbers for each colour) of earlier
    pixels up to `reach` rows and columns away, with `mirror` those around the mirror place, and
    the position. With `copy` it gives each pixel that it reads a score, which is added to the
    logit of that pixel's colour (compare the pointer networks of Vinyals et al., 2015).
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        cells: int = 96,
        reach: int = 2,
        code: int = 12,
        mirror: bool = True,
        copy: bool = True,
    ):
        super().__init__(shape, levels)
        if len(self.shape) != 2:
            raise ValueError(f"sprites have shape (h, w), got {self.shape}")
        height, width = self.shape
        table = [earlier_neighbours(shape, reach)] + [mirror_places(shape)] * mirror
        self.register_buffer("table", torch.cat(table, 1), persistent=False)  # (steps, k)
        axes = torch.eye(height).repeat_interleave(width, 0), torch.eye(width).repeat(height, 1)
        self.register_buffer("axes", torch.cat(axes, 1), persistent=False)  # (steps, h + w)
        k = self.table.shape[1]
        read = k * code + height + width
        self.code = nn.Embedding(levels + 1, code, padding_idx=levels)  # the last: no pixel
        self.code.weight.data *= 0.1  # small codes, as of a linear layer that reads 1-of-N
        self.lstm = nn.LSTM(read, cells, batch_first=True)
        nn.init.ones_(self.lstm.bias_ih_l0.data[cells : 2 * cells])  # remember, to begin with
        self.last = nn.Linear(cells + read, levels)
        self.copy = nn.Linear(cells + read, k) if copy else None

    def encode(self, x: Tensor) -> Tensor:
        """The numbers of the colours themselves: they are names."""
        return x

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, h, w) of numbers of colours v (n, h, w)."""
        seen = torch.cat([v.flatten(1), v.new_full((len(v), 1), self.levels)], 1)
        logits, _ = self._answer(seen[:, self.table], slice(None))
        return logits.transpose(1, 2).unflatten(2, self.shape)

    def _answer(self, earlier: Tensor, steps: slice, state=None) -> tuple[Tensor, tuple]:
        """Logits (n, steps, levels) from earlier pixels (n, steps, k), and the LSTM's state."""
        place = self.axes[steps].expand(len(earlier), -1, -1)
        read = torch.cat([self.code(earlier).flatten(2), place], 2)
        h, state = self.lstm(read, state)
        h = torch.cat([h, read], 2)
        logits = self.last(h)
        if self.copy is not None:
            logits = F.pad(logits, (0, 1)).scatter_add(2, earlier, self.copy(h))[..., :-1]
        return logits, state

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        """As `PixelModel.walk`, one step of the LSTM a pixel: its state is kept."""
        self._check(x, c)
        seen, state = x.new_full((len(x), len(self.places) + 1), self.levels), None
        for d, (row, column) in enumerate(self.places):
            earlier = seen[:, None, self.table[d]]  # (n, 1, k)
            logits, state = self._answer(earlier, slice(d, d + 1), state)
            yield logits[:, 0]
            seen[:, d] = x[:, row, column]  # now x holds this pixel
