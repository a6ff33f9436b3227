"""PixelCNN and gated PixelCNN: all conditionals of a picture in one pass of masked convolutions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.masked import MaskedConv2d, Memory
from lib.pixel import PixelModel

Apply = Callable[[MaskedConv2d, Tensor], Tensor]


def whole(layer: MaskedConv2d, v: Tensor) -> Tensor:
    """Apply a layer to whole maps, as in training."""
    return layer(v)


def gate(v: Tensor, colours: int = 1) -> Tensor:
    """tanh(first half of the channels) * sigmoid(second half), within the channels of a colour."""
    a, b = v.unflatten(1, (colours, 2, -1)).unbind(2)
    return (torch.tanh(a) * torch.sigmoid(b)).flatten(1, 2)


class ConvPixelModel(PixelModel):
    """What both models share: colours, the reading of one place, logits from a last layer.

    With `positions` a learned number is added for every channel and place, so that a pixel knows
    where in the picture it is. Without, the borders alone tell, through the zeros beyond them.
    """

    def learn_places(self, channels: int, positions: bool) -> None:
        """Make the numbers that `offset` adds, zero to begin with."""
        zeros = torch.zeros(channels, *self.shape[-2:])
        self.place = nn.Parameter(zeros) if positions else None

    def offset(self, here: Any = ...) -> Tensor | float:
        """What the position adds, (channels, h, w), or its part at `here`."""
        return 0.0 if self.place is None else self.place[here]

    @property
    def colours(self) -> int:
        """Numbers a pixel has, drawn one after the other."""
        return self.shape[0] if len(self.shape) == 3 else 1

    def point(self, inputs: int, outputs: int) -> MaskedConv2d:
        """A 1 x 1 layer, in which a colour sees itself and the colours before it."""
        return MaskedConv2d(inputs, outputs, "B", rows=1, width=1, colours=self.colours)

    def unfold(self, out: Tensor) -> Tensor:
        """Channels (n, colours * levels, h, w) as logits (n, levels, *shape)."""
        if len(self.shape) == 3:
            return out.unflatten(1, (self.colours, self.levels)).transpose(1, 2)
        return out

    def shift(self, layer: nn.Linear | None, c: Tensor | None) -> Tensor | float:
        """What a condition adds to all pixels, (n, channels, 1, 1)."""
        return 0.0 if layer is None else layer(c.to(layer.weight.dtype))[:, :, None, None]


class PixelCNN(ConvPixelModel):
    """A masked convolution of kind A, then residual blocks of kind B, then two 1 x 1 layers.

    A block squeezes to half the channels, looks around with 3 x 3 taps and widens again. `share`
    is the share of numbers dropped in training. Its receptive field has a blind spot. Source: van
    den Oord, Kalchbrenner and Kavukcuoglu, 2016, table 1.
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        channels: int = 64,
        blocks: int = 4,
        share: float = 0.0,
        positions: bool = False,
        one_hot: bool = False,
        c_dim: int = 0,
    ):
        super().__init__(shape, levels, one_hot=one_hot, c_dim=c_dim)
        self.share, half, colours = share, channels // 2, self.colours
        self.first = MaskedConv2d(self.inputs, channels, "A", rows=4, width=7, colours=colours)
        self.condition = nn.Linear(c_dim, channels, bias=False) if c_dim else None
        self.learn_places(channels, positions)
        self.squeeze = nn.ModuleList(self.point(channels, half) for _ in range(blocks))
        self.look = nn.ModuleList(
            MaskedConv2d(half, half, "B", colours=colours) for _ in range(blocks)
        )
        self.widen = nn.ModuleList(self.point(half, channels) for _ in range(blocks))
        self.mix = self.point(channels, channels)
        self.last = self.point(channels, colours * levels)

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape) of encoded pictures v (n, inputs, h, w)."""
        return self._layers(v, c, whole, generator=generator)

    def _layers(self, v, c, apply: Apply, here=..., generator=None) -> Tensor:
        """The network; `apply` runs a masked layer on whole maps, or on the pixel `here`."""
        h = apply(self.first, v) + self.shift(self.condition, c) + self.offset(here)
        for squeeze, look, widen in zip(self.squeeze, self.look, self.widen, strict=True):
            step = apply(look, F.relu(squeeze(F.relu(h))))
            h = h + self.drop(widen(F.relu(step)), generator)
        return self.unfold(self.last(F.relu(self.mix(F.relu(h)))))

    def walk(self, x: Tensor, c: Tensor | None = None) -> Generator[Tensor, Tensor | None, None]:
        """As `PixelModel.walk`, but every layer computes a pixel once and remembers it."""
        self._check(x, c)
        memory = Memory(*self.shape[-2:])
        for *colour, i, j in self.places:
            here = (..., slice(i, i + 1), slice(j, j + 1))
            memory.at(i, j)
            logits = self._layers(self.encode(x[here]), c, memory, here)
            rows = yield logits[(slice(None), slice(None), *colour, 0, 0)]
            if rows is not None:
                memory.keep(rows)
            memory.store(self.first, self.encode(x[here]))  # now x holds this pixel


class GatedPixelCNN(ConvPixelModel):
    """Two stacks without a blind spot: one for the rows above, one for the own row.

    The vertical stack sees all rows above a pixel, the horizontal one the pixels left of it and,
    through a 1 x 1 link, the vertical one. Every layer is gated, a condition moves every gate.
    Source: van den Oord et al., Conditional image generation with PixelCNN decoders, 2016, fig. 2.
    """

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        *,
        channels: int = 48,
        layers: int = 5,
        share: float = 0.0,
        positions: bool = False,
        one_hot: bool = False,
        c_dim: int = 0,
    ):
        super().__init__(shape, levels, one_hot=one_hot, c_dim=c_dim)
        self.share, colours, n = share, self.colours, channels
        into = [self.inputs] + [n] * (layers - 1)
        self.down, self.right = nn.ModuleList(), nn.ModuleList()
        for k, i in enumerate(into):
            first = k == 0
            self.down.append(
                MaskedConv2d(
                    i,
                    2 * n,
                    "rows" if k else "above",
                    rows=3 if first else 2,
                    width=5 if first else 3,
                )
            )
            self.right.append(
                MaskedConv2d(
                    i, 2 * n, "B" if k else "A", rows=1, width=5 if first else 3, colours=colours
                )
            )
        self.link = nn.ModuleList(nn.Conv2d(2 * n, 2 * n, 1) for _ in into)
        self.out = nn.ModuleList(self.point(n, n) for _ in into[1:])  # the last feeds nobody
        self.skip = nn.ModuleList(self.point(n, n) for _ in into)
        self.condition = nn.ModuleList(nn.Linear(c_dim, 2 * n, bias=False) for _ in into if c_dim)
        self.learn_places(2 * n, positions)
        self.mix = self.point(n, n)
        self.last = self.point(n, colours * levels)

    def network(
        self, v: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits (n, levels, *shape) of encoded pictures v (n, inputs, h, w)."""
        told = self._vertical(v, c, whole)
        return self._horizontal(v, c, told, whole, generator=generator)

    def _shifts(self, c: Tensor | None, here) -> list[Tensor | float]:
        """What moves the gates of each layer: the condition, in the first the position too."""
        first, *others = [self.shift(layer, c) for layer in self.condition] or [0.0] * len(
            self.down
        )
        return [first + self.offset(here), *others]

    def _vertical(self, v: Tensor, c: Tensor | None, apply: Apply, here=...) -> list[Tensor]:
        """What each layer of the vertical stack tells the horizontal one."""
        told = []
        for down, link, shift in zip(self.down, self.link, self._shifts(c, here), strict=True):
            seen = apply(down, v)
            told.append(link(seen))
            v = gate(seen + shift)
        return told

    def _horizontal(self, v, c, told, apply: Apply, here=..., generator=None) -> Tensor:
        h, total = v, 0.0
        shifts = self._shifts(c, here)
        for k, (right, above) in enumerate(zip(self.right, told, strict=True)):
            seen = self.drop(gate(apply(right, h) + above + shifts[k], self.colours), generator)
            total = total + self.skip[k](seen)
            if k < len(self.out):
                h = self.out[k](seen) + (h if k else 0.0)
        return self.unfold(self.last(F.relu(self.mix(F.relu(total)))))

    def walk(self, x: Tensor, c: Tensor | None = None) -> Generator[Tensor, Tensor | None, None]:
        """As `PixelModel.walk`; the vertical stack runs once a row, the horizontal once a pixel."""
        self._check(x, c)
        memory = Memory(*self.shape[-2:])
        for *colour, i, j in self.places:
            here = (..., slice(i, i + 1), slice(j, j + 1))
            if j == 0 and not any(colour):
                row = (..., slice(i, i + 1), slice(None))
                told = self._vertical(self.encode(x[row]), c, memory.at(i), row)
            memory.at(i, j)
            above = [t[..., j : j + 1] for t in told]
            logits = self._horizontal(self.encode(x[here]), c, above, memory, here)
            rows = yield logits[(slice(None), slice(None), *colour, 0, 0)]
            if rows is not None:
                memory.keep(rows)
                told = [t[rows] for t in told]
            for layer in (self.down[0], self.right[0]):
                memory.store(layer, self.encode(x[here]))
