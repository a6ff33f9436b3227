"""Plain against cached sampling of the pixel models: the same pictures, seconds, and the ratio.

Run: python -m tests.benchmarks.bench_pixel_sampling
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import torch

from lib.diagonal_lstm import DiagonalBiLSTM
from lib.pixel import PixelModel
from lib.pixel_race import forecast, race
from lib.pixelcnn import GatedPixelCNN, PixelCNN
from lib.raster_lstm import RasterLSTM
from lib.row_lstm import RowLSTM
from lib.wave_model import WaveModel

DIGITS, ROUNDS = ((8, 8), 17), 5
WAVE = {"channels": 24, "dilations": (1, 2, 4, 8, 16), "one_hot": True}
# name -> (how it is built, pictures drawn at once): the settings of the lessons and of FULL
MODELS: dict[str, tuple[Callable[[], PixelModel], int]] = {
    "PixelCNN": (partial(PixelCNN, *DIGITS, channels=64, blocks=4, positions=True), 100),
    "PixelCNN, full": (partial(PixelCNN, *DIGITS, channels=96, blocks=4, positions=True), 100),
    "gated": (partial(GatedPixelCNN, *DIGITS, channels=32, layers=4, positions=True), 100),
    "gated, full": (partial(GatedPixelCNN, *DIGITS, channels=64, layers=4, positions=True), 100),
    "gated, colours": (partial(GatedPixelCNN, (3, 10, 10), 4, channels=24, layers=3), 48),
    "raster LSTM": (partial(RasterLSTM, *DIGITS, cells=128), 100),
    "Row LSTM": (partial(RowLSTM, *DIGITS, cells=48), 100),
    "Diagonal BiLSTM": (partial(DiagonalBiLSTM, *DIGITS, cells=32), 100),
    "WaveNet, 256 samples": (partial(WaveModel, (256,), 64, **WAVE), 16),
}


def built(make: Callable[[], PixelModel]) -> PixelModel:
    """The model with random weights, in float64, so that rounding cannot tip a draw."""
    torch.manual_seed(0)
    return make().double().eval()


def small_pictures() -> None:
    """Medians over rounds; `race` raises if the two samplers draw different pictures."""
    print(f"{'model':22} {'n':>4} {'plain, s':>9} {'cached, s':>10} {'ratio':>6}")
    for name, (make, n) in MODELS.items():
        model = built(make)
        took = [race(model, n, seed=seed) for seed in range(ROUNDS)]
        plain, cached = (median(column) for column in zip(*took, strict=True))
        ratio = median(a / b for a, b in took)
        print(f"{name:22} {n:4} {plain:9.2f} {cached:10.3f} {ratio:6.1f}", flush=True)
        assert ratio >= 5, f"{name}: the cached sampler is only {ratio:.1f} times faster"


def large_pictures() -> None:
    """Pictures of 32 x 32: the plain walk from its first places, the cached one as a whole."""
    for name, kind in {"PixelCNN": PixelCNN, "gated": GatedPixelCNN}.items():
        plain, cached = forecast(built(partial(kind, (32, 32), 17)), 4, steps=20)
        print(f"{name}, four of 32 x 32: plain {plain:.0f} s (estimate), cached {cached:.1f} s")


def long_sounds() -> None:
    """Sixteen sounds of a quarter of a second and of a whole one, at 4,000 samples a second."""
    for t in (1000, 4000):
        model = built(partial(WaveModel, (t,), 64, **WAVE))
        plain, cached = forecast(model, 16, steps=10)
        print(f"WaveNet, 16 of {t} samples: plain {plain:.0f} s (estimate), cached {cached:.1f} s")


if __name__ == "__main__":
    small_pictures()
    large_pictures()
    long_sounds()
