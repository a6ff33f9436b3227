"""How the pixel models of the digits are built and trained: one place for lessons and benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lib.diagonal_lstm import DiagonalBiLSTM
from lib.pixel import PixelModel
from lib.pixelcnn import GatedPixelCNN, PixelCNN
from lib.raster_lstm import RasterLSTM
from lib.row_lstm import RowLSTM
from lib.train import fit


@dataclass(frozen=True)
class Recipe:
    """A model, and the stages of its training: each so many epochs at a learning rate.

    `build(shape, levels)` gives the model; its weights come from torch's global generator.
    """

    build: Callable[[Sequence[int], int], PixelModel]
    stages: tuple[tuple[int, float], ...]
    batch_size: int = 32

    def train(
        self, x: Tensor, x_new: Tensor, levels: int, *, generator: torch.Generator
    ) -> tuple[PixelModel, dict[str, list[float]]]:
        """Build and train a model on pictures x (n, h, w); `x_new` is only measured.

        The history has a row after each stage: epochs and seconds of training so far, bits per
        dimension of (at most 360) training pictures and of `x_new`.
        """
        model = self.build(x.shape[1:], levels)
        history: dict[str, list[float]] = {"epoch": [], "seconds": [], "train": [], "held out": []}
        epochs, seconds = 0, 0.0
        for more, lr in self.stages:
            start = time.perf_counter()
            options = {"batch_size": self.batch_size, "lr": lr, "generator": generator}
            fit(model, x, epochs=more, progress=False, **options)
            epochs, seconds = epochs + more, seconds + time.perf_counter() - start
            row = epochs, seconds, model.bits(x[:360]), model.bits(x_new)
            for values, value in zip(history.values(), row, strict=True):
                values.append(value)
        return model, history


def fall(epochs: Sequence[int], rates: Sequence[float]) -> tuple[tuple[int, float], ...]:
    """Stages of so many epochs, each with its learning rate."""
    return tuple(zip(epochs, rates, strict=True))


def _cnn(epochs: Sequence[int], rates: Sequence[float], **options) -> Recipe:
    return Recipe(partial(PixelCNN, blocks=4, positions=True, **options), fall(epochs, rates))


def _gated(epochs: Sequence[int], rates: Sequence[float], **options) -> Recipe:
    return Recipe(partial(GatedPixelCNN, layers=4, positions=True, **options), fall(epochs, rates))


# The best within a minute on two cores: what the benchmark trains.
FULL = {
    "PixelCNN": _cnn((12, 8, 6), (3e-3, 1e-3, 3e-4), channels=96, share=0.5),
    "gated PixelCNN": _gated((12, 7, 5), (4e-3, 1e-3, 3e-4), channels=64, share=0.5),
    "raster LSTM": Recipe(
        partial(RasterLSTM, cells=192, reach=2, share=0.6), fall((10, 10, 6), (5e-3, 2e-3, 5e-4))
    ),
    "Row LSTM": Recipe(
        partial(RowLSTM, cells=48, layers=2, rows=3, width=5, share=0.5),
        fall((10, 9, 5), (4e-3, 1.5e-3, 4e-4)),
    ),
    "Diagonal BiLSTM": Recipe(
        partial(DiagonalBiLSTM, cells=40, layers=2, rows=3, width=5, share=0.5),
        fall((9, 6, 3), (4e-3, 1.5e-3, 4e-4)),
    ),
}

# About ten seconds each, for the lesson on PixelCNN.
SHORT = {
    "PixelCNN": _cnn((6, 3, 2), (4e-3, 1e-3, 3e-4), channels=64, share=0.2),
    "gated PixelCNN": _gated((8, 4, 2), (5e-3, 1e-3, 3e-4), channels=32, share=0.3),
}

# Four models with the same six epochs, for the lesson on PixelRNN.
_SIX = (1, 1, 2, 2), (5e-3, 5e-3, 3e-3, 1e-3)
EQUAL = {
    "raster LSTM": Recipe(partial(RasterLSTM, cells=128, share=0.2), fall(*_SIX)),
    "Row LSTM": Recipe(partial(RowLSTM, cells=48, rows=3, width=5, share=0.2), fall(*_SIX)),
    "Diagonal BiLSTM": Recipe(partial(DiagonalBiLSTM, cells=32, share=0.2), fall(*_SIX)),
    "PixelCNN": _cnn(*_SIX, channels=64, share=0.2),
}
