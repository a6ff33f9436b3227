"""Watching a pixel model learn: bits per dimension on pictures it trains on and on others."""

from __future__ import annotations

import torch
from torch import Tensor

from lib.pixel import PixelModel
from lib.train import fit


def watch(
    model: PixelModel,
    x: Tensor,
    x_new: Tensor,
    *,
    rounds: int,
    epochs: int,
    generator: torch.Generator,
    **options,
) -> dict[str, list[float]]:
    """Train in `rounds` of `epochs`; after each, note the bits per dimension of x and of x_new.

    `options` go to `fit`. Round 0 is the model before training.
    """
    history = {"epoch": [0], "train": [model.bits(x)], "held out": [model.bits(x_new)]}
    for k in range(rounds):
        fit(model, x, epochs=epochs, generator=generator, **options)
        history["epoch"].append((k + 1) * epochs)
        history["train"].append(model.bits(x))
        history["held out"].append(model.bits(x_new))
    return history
