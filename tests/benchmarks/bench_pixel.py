"""Pixel models of the digits, trained for less than a minute each: bits, seconds, weights.

Run: python -m tests.benchmarks.bench_pixel [name ...]
"""

from __future__ import annotations

import sys
import time

import torch

from lib.datasets import load
from lib.digit_features import digit_frechet
from lib.grey_levels import to_grey, to_levels
from lib.pixel_recipes import FULL, Recipe

TARGETS = {  # bits per dimension on the 360 held-out digits
    "PixelCNN": 1.80,
    "gated PixelCNN": 1.78,
    "raster LSTM": 1.83,
    "Row LSTM": 1.84,
    "Diagonal BiLSTM": 1.87,
}


def measure(recipe: Recipe, x: torch.Tensor, x_new: torch.Tensor) -> dict[str, float]:
    """Train once from a fixed start; sample 100 pictures twice and time the second time."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    busy = time.process_time()
    model, history = recipe.train(x, x_new, 17, generator=generator)
    busy = time.process_time() - busy
    model.sample(100, generator=generator)
    start = time.perf_counter()
    model.sample(100, generator=generator)
    drawing = time.perf_counter() - start
    samples = to_grey(model.sample(1437, generator=generator)).numpy()
    return {
        "weights": sum(p.numel() for p in model.parameters()),
        "seconds": history["seconds"][-1],
        "cpu": busy,
        "train": history["train"][-1],
        "held out": history["held out"][-1],
        "drawing": drawing,
        "frechet": float(digit_frechet(samples)),
    }


def main(names: list[str]) -> None:
    """Train the models and print a table; say which targets are met."""
    digits = load("digits")
    x, x_new = to_levels(digits.train.x), to_levels(digits.test.x)
    print(f"{torch.get_num_threads()} threads")
    print(
        f"{'model':16s} {'weights':>8s} {'train s':>8s} {'cpu s':>7s} {'train':>6s} "
        f"{'held out':>8s} {'target':>6s}  {'100 pictures':>12s} {'Frechet':>7s}"
    )
    for name in names or FULL:
        m = measure(FULL[name], x, x_new)
        met = "met" if m["held out"] <= TARGETS[name] else "MISSED"
        print(
            f"{name:16s} {m['weights']:8,d} {m['seconds']:8.1f} {m['cpu']:7.1f} "
            f"{m['train']:6.3f} {m['held out']:8.3f} {TARGETS[name]:6.2f}  "
            f"{m['drawing']:10.2f} s {m['frechet']:7.2f}  {met}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
