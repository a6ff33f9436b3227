"""One LSTM, two questions about the next pixel: which mixture of colours, or which colour?

Both models read the colours of earlier pixels as three numbers and share their body, a
`RasterLSTM`. They differ in the last layer and in the loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lib.model import GenerativeModel
from lib.pixel import places
from lib.raster_lstm import RasterLSTM


class NamedColours(RasterLSTM):
    """Classification: a probability for each colour of a palette (levels, 3), drawn as 1-of-N.

    Pictures are palette indices (n, h, w) of dtype long, as for every `PixelModel`.
    """

    def __init__(self, shape: Sequence[int], palette: np.ndarray | Tensor, **options: Any):
        super().__init__(shape, len(palette), **options)
        palette = torch.as_tensor(np.asarray(palette), dtype=self.last.weight.dtype)
        self.register_buffer("palette", palette, persistent=False)

    @property
    def inputs(self) -> int:
        """Three numbers for a pixel: its colour."""
        return 3

    def encode(self, x: Tensor) -> Tensor:
        """The colours of indices (n, h, w), in [-1, 1], as channels (n, 3, h, w)."""
        return 2 * self.palette[x].movedim(-1, 1) - 1


class MeanColours(GenerativeModel):
    """Regression: three numbers for each pixel, trained by the squared error.

    Pictures are colours (n, h, w, 3) in [0, 1]. To complete one, each answer is written into the
    picture and read at the next pixels. With `noise` the answers become the means of a Gaussian of
    this standard deviation, of which the squared error is the likelihood.
    """

    def __init__(self, shape: Sequence[int], **options: Any):
        super().__init__()
        self.body = RasterLSTM(shape, 3, one_hot=True, **options)  # three inputs, three outputs
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        """The answers (n, h, w, 3) for colours x (n, h, w, 3); each sees earlier pixels only."""
        return self.body.network(2 * x.movedim(-1, 1) - 1).movedim(1, -1)

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Squared error, summed over pixels and channels, and the same as rms of a channel."""
        squares = (self(x) - x) ** 2
        return {"loss": squares.flatten(1).sum(1).mean(), "rms": squares.mean().sqrt()}

    def walk(self, x: Tensor) -> Iterator[Tensor]:
        """Answers (n, 3) of one pixel after the other, while x (n, h, w, 3) is being filled."""
        body, state = self.body, None
        pixels = x.new_zeros(len(x), len(body.places) + 1, 3)
        for d, (row, column) in enumerate(body.places):
            seen = pixels[:, body.table[d]].flatten(1)[:, None]
            h, state = body.lstm(body._join(seen, slice(d, d + 1), None), state)
            yield body.last(h[:, 0])
            pixels[:, d] = 2 * x[:, row, column] - 1

    @torch.no_grad()
    def complete(
        self,
        x: Tensor,
        known: Tensor,
        *,
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Keep the `known` pixels (h, w) of x (n, h, w, 3), answer the others in order."""
        if known.shape != self.shape or known.dtype != torch.bool:
            raise ValueError(f"known is bool {self.shape}, got {known.dtype} {tuple(known.shape)}")
        x = torch.where(known[..., None], x, 0.0)
        for place, mean in zip(places(self.shape), self.walk(x), strict=False):
            if not known[place]:
                if noise:
                    mean = mean + noise * torch.randn(mean.shape, generator=generator)
                x[(slice(None), *place)] = mean.clamp(0, 1)
        return x

    def sample(
        self,
        n: int,
        c: Tensor | None = None,
        *,
        noise: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Completions (n, h, w, 3) of nothing; without noise all would be the same."""
        nothing = torch.zeros(self.shape, dtype=torch.bool)
        return self.complete(
            torch.zeros(n, *self.shape, 3), nothing, noise=noise, generator=generator
        )
