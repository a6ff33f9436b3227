"""Training in stages: so many epochs at one learning rate, then so many at the next."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from lib.model import GenerativeModel
from lib.train import fit

Stages = Sequence[tuple[int, float]]


def train_in_stages(
    model: GenerativeModel,
    x: Tensor,
    stages: Stages,
    *,
    c: Tensor | None = None,
    batch_size: int,
    generator: torch.Generator,
    progress: bool = False,
) -> dict[str, list[float]]:
    """`fit` the model on x (n, *shape) once for each stage, a pair of epochs and learning rate.

    The history has a row after each stage: epochs and seconds of training so far, and the mean of
    every term in the stage's last epoch.
    """
    history: dict[str, list[float]] = {"epoch": [], "seconds": []}
    epochs, seconds = 0, 0.0
    for more, lr in stages:
        start = time.perf_counter()
        options = {"batch_size": batch_size, "lr": lr, "generator": generator}
        terms = fit(model, x, c=c, epochs=more, progress=progress, **options)
        epochs, seconds = epochs + more, seconds + time.perf_counter() - start
        last = {k: torch.tensor(v[-len(v) // more :]).mean().item() for k, v in terms.items()}
        for name, value in ({"epoch": epochs, "seconds": seconds} | last).items():
            history.setdefault(name, []).append(value)
    return history


def shortened(stages: Stages, share: float) -> tuple[tuple[int, float], ...]:
    """The stages with a share of their epochs, one at least in each."""
    if not 0 < share <= 1:
        raise ValueError(f"a share of the epochs lies above 0 and up to 1, got {share}")
    return tuple((max(1, round(share * epochs)), lr) for epochs, lr in stages)
