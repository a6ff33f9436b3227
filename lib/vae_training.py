"""Watching a VAE train, and measuring what it draws."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lib.datasets import load
from lib.digit_features import digit_frechet, digit_precision_recall
from lib.gaussian import reparameterise
from lib.metrics import nearest, sharpness
from lib.train import fit
from lib.vae import VAE


@torch.no_grad()
def posterior_codes(model: VAE, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """One z ~ q(z | x) for each example, (n, K): draws from the aggregate posterior of `x`."""
    return reparameterise(*model.encode(x), generator=generator)


def watch(
    model: VAE,
    x: Tensor,
    new: Tensor,
    *,
    rounds: int,
    epochs: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> dict[str, np.ndarray]:
    """Train for `rounds` times `epochs`; after each round measure `x` and `new` examples.

    Returns "epoch" (rounds,) and, under "distortion" and "rate", arrays (2, rounds) in nats per
    example: first of `x`, then of `new`, with 4 draws of z for each example. The optimiser starts
    afresh with each round.
    """
    seen = []
    for _ in range(rounds):
        options = {"batch_size": batch_size, "lr": lr, "generator": generator}
        fit(model, x, epochs=epochs, progress=False, **options)
        seen.append([mean_terms(model, some, generator=generator) for some in (x, new)])
    distortion, rate = np.array(seen).transpose(2, 1, 0)  # (2, 2, rounds)
    return {"epoch": epochs * np.arange(1, rounds + 1), "distortion": distortion, "rate": rate}


@torch.no_grad()
def mean_terms(
    model: VAE, x: Tensor, *, draws: int = 4, generator: torch.Generator | None = None
) -> tuple[float, float]:
    """Distortion and rate in nats, averaged over the examples and over `draws` of z for each."""
    terms = [model.terms(x, generator=generator) for _ in range(draws)]
    distortion, rate = (torch.stack(term).mean().item() for term in zip(*terms, strict=True))
    return distortion, rate


def measure(pictures: Tensor | np.ndarray) -> dict[str, float]:
    """Digits (n, 8, 8), cut to [0, 1], against the training digits.

    Frechet distance, precision and recall in the book's features, mean sharpness, and the median
    distance to the nearest training digit.
    """
    pictures = np.clip(np.asarray(pictures, dtype=np.float32), 0, 1)
    precision, recall = digit_precision_recall(pictures)
    return {
        "Fréchet": digit_frechet(pictures),
        "precision": precision,
        "recall": recall,
        "sharpness": float(sharpness(pictures).mean()),
        "nearest": float(np.median(nearest(pictures, load("digits").train.x)[1])),
    }
