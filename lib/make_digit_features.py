"""Train the ruler for digits and write its weights: `python -m lib.make_digit_features`.

Takes about twenty seconds. The seed is fixed; other processors round differently, so the weights
come out the same in quality and not bit by bit. That is why the file ships.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.datasets import load
from lib.digit_features import TOTAL_VARIANCE, WEIGHTS, DigitClassifier, blank_classifier

SEED = 0
EPOCHS, BATCH, LR = 120, 64, 2e-3
DROPOUT, SMOOTHING = 0.2, 0.05


def train(
    x: Tensor, y: Tensor, generator: torch.Generator, epochs: int = EPOCHS
) -> DigitClassifier:
    """Train on pictures x (n, 1, 8, 8) and digits y (n,); the rate rises first, then falls."""
    model = _fresh(generator)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=1e-2)
    steps = epochs * math.ceil(len(x) / BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps, pct_start=0.1)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):
            h = model.features(distort(x[rows], generator))
            kept = torch.rand(h.shape, generator=generator) >= DROPOUT
            logits = model.output(h * kept / (1 - DROPOUT))
            optimizer.zero_grad()
            F.cross_entropy(logits, y[rows], label_smoothing=SMOOTHING).backward()
            optimizer.step()
            rate.step()
    return _scaled(model.requires_grad_(False), x)


def distort(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, shear, stretch and shift each picture (n, 1, h, w) a little, each in its own way.

    Up to 17 degrees, a shear of 0.2, 15 per cent and an eighth of the picture: one pixel of eight.
    """
    n = len(x)
    angle, shear, width, height, right, down = 2 * torch.rand(6, n, generator=generator) - 1
    cos, sin = torch.cos(0.3 * angle), torch.sin(0.3 * angle)
    rows = [
        torch.stack([cos * (1 + 0.15 * width), 0.2 * shear - sin, 0.25 * right], dim=1),
        torch.stack([sin, cos * (1 + 0.15 * height), 0.25 * down], dim=1),
    ]
    grid = F.affine_grid(torch.stack(rows, dim=1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def _fresh(generator: torch.Generator) -> DigitClassifier:
    """Random weights of He et al. (2015), biases zero."""
    model = blank_classifier()
    for weights in model.parameters():
        if weights.ndim > 1:
            nn.init.kaiming_normal_(weights, generator=generator)
        else:
            nn.init.zeros_(weights)
    return model


def _scaled(model: DigitClassifier, x: Tensor) -> DigitClassifier:
    """Bring the features to their total variance; the logits stay as they are."""
    scale = (TOTAL_VARIANCE / model.features(x).var(dim=0, correction=0).sum()).sqrt()
    model.hidden.weight *= scale
    model.hidden.bias *= scale
    model.output.weight /= scale
    return model


def training_digits() -> tuple[Tensor, Tensor]:
    """The 1,437 digits that are not held out: pictures (n, 1, 8, 8) and classes (n,)."""
    digits = load("digits").train
    return torch.from_numpy(digits.x)[:, None], torch.from_numpy(digits.y)


def write(path: Path, seed: int = SEED) -> DigitClassifier:
    """Train from `seed` and write the weights in half precision; returns the classifier."""
    model = train(*training_digits(), torch.Generator().manual_seed(seed))
    weights = {name: v.numpy().astype(np.float16) for name, v in model.state_dict().items()}
    np.savez_compressed(path, **weights)
    return model


if __name__ == "__main__":
    write(WEIGHTS)
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1e3:.0f} kB")
