"""Recurrent pixel models with a mistake, for showing how the mistake looks."""

from __future__ import annotations

import torch
from torch import Tensor

from lib.diagonal_lstm import DiagonalBiLSTM, DiagonalLayer
from lib.pixel import PixelModel


class UnshiftedLayer(DiagonalLayer):
    """The stream from the right is not moved down: it has read the pixel that is predicted."""

    def forward(self, v: Tensor, shift: Tensor | float = 0.0) -> Tensor:
        """States (n, cells, h, w) of inputs v (n, inputs, h, w), from both sides of each pixel."""
        right = self.right((self.read_right(v) + shift).flip(3)).flip(3)
        return self.left(self.read_left(v) + shift) + right


class UnshiftedBiLSTM(DiagonalBiLSTM):
    """A Diagonal BiLSTM that sees the future. It is no density, and samples only the plain way."""

    layer = UnshiftedLayer
    walk = PixelModel.walk


def one_wrong_pixel(
    model: PixelModel, x: Tensor, place: tuple[int, int], generator: torch.Generator
) -> Tensor:
    """What one wrong pixel costs afterwards: extra bits (h, w) of every later pixel, on average.

    The pixel at `place` of pictures x is replaced by another level, drawn uniformly.
    """
    wrong = x.clone()
    away = torch.randint(1, model.levels, (len(x),), generator=generator)
    wrong[(slice(None), *place)] = (x[(slice(None), *place)] + away) % model.levels
    with torch.no_grad():
        gap = model.logits(x).log_softmax(1) - model.logits(wrong).log_softmax(1)
    extra = gap.gather(1, x[:, None])[:, 0].mean(0) / torch.log(torch.tensor(2.0))
    extra[place] = 0
    return extra
