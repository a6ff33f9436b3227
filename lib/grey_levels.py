"""Pictures with a few grey levels: noise that makes them continuous, bits that compare models."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lib.datasets.digits import LEVELS


def to_levels(x: np.ndarray | Tensor, levels: int = LEVELS) -> Tensor:
    """Pictures (n, ...) of evenly spaced grey values 0..1 as whole numbers 0 .. levels - 1.

    The shape stays, the dtype is long: what pixel models take. Other grey values are refused.
    """
    x = np.asarray(x)
    return torch.tensor(_levels(x, levels).reshape(x.shape), dtype=torch.long)


def to_grey(x: Tensor, levels: int = LEVELS) -> Tensor:
    """The way back: grey values level / (levels - 1) in [0, 1]."""
    return x / (levels - 1)


def add_noise(x: np.ndarray, rng: np.random.Generator, levels: int = LEVELS) -> np.ndarray:
    """Pictures x (n, ...) of evenly spaced grey values 0..1, as numbers (n, D) in [0, 1].

    Level k becomes a number spread evenly over [k / levels, (k + 1) / levels).
    """
    level = _levels(x, levels)
    return (level + rng.random(level.shape)) / levels


def density_bits(nats: float, dims: int, levels: int = LEVELS) -> float:
    """Bits per dimension that a density of noisy levels promises: an upper bound.

    `nats` is the mean log-density of pictures after `add_noise`, summed over `dims` pixels (Theis,
    van den Oord and Bethge, 2016). Density 1 everywhere gives log2(levels).
    """
    return float(np.log2(levels) - nats / (dims * np.log(2)))


def histogram_bits(fitted: np.ndarray, new: np.ndarray, levels: int = LEVELS) -> float:
    """Bits per dimension of new pictures (n, ...) under one histogram of levels for each pixel.

    A tenth of a picture is added to every count, so that no level has probability zero.
    """
    have, wanted = _levels(fitted, levels), _levels(new, levels)
    counts = np.stack([np.sum(have == k, axis=0) + 0.1 for k in range(levels)])  # (levels, D)
    share = counts / counts.sum(axis=0)
    return float(-np.log2(np.take_along_axis(share, wanted, axis=0)).mean())


def _levels(x: np.ndarray, levels: int) -> np.ndarray:
    """Whole numbers 0 .. levels - 1 of grey values 0..1, shape (n, D)."""
    scaled = np.asarray(x, dtype=float).reshape(len(x), -1) * (levels - 1)
    level = np.rint(scaled).astype(int)
    if not np.allclose(scaled, level, atol=1e-3) or level.min() < 0 or level.max() >= levels:
        raise ValueError(f"grey values must be multiples of 1/{levels - 1} in [0, 1]")
    return level
