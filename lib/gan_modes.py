"""How many of a mixture's modes a model draws, and how many of its samples are any good.

A sample is *good* when it lies within `RADIUS` widths of its nearest centre, which holds for
98.9 % of the data themselves. A mode is *captured* when at least `LEAST` of its fair share of all
samples are good and belong to it: strays that pass by do not make a mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.datasets.toy_plane import Gaussians

RADIUS = 3.0  # widths: a round Gaussian of the plane has 1 - exp(-9 / 2) of its mass within
LEAST = 0.2  # of a mode's fair share


@dataclass(frozen=True)
class Captured:
    """What was found: `good` and `shares` (K,), good samples of each mode, are parts of all."""

    modes: int
    good: float
    shares: np.ndarray


def captured(
    points: np.ndarray, density: Gaussians, *, radius: float = RADIUS, least: float = LEAST
) -> Captured:
    """Count the modes of `density` that `points` (n, 2) cover, and the good points among them.

    Modes of weight zero are never captured. Raises ValueError for points that are not (n, 2), for
    values that are not finite, and for thresholds that are not above zero.
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(f"points of the plane have shape (n, 2), got {points.shape}")
    if not np.all(np.isfinite(points)):
        raise ValueError("points must be finite: the model has diverged")
    if not (radius > 0 and least > 0):
        raise ValueError(f"radius and least must be above zero, got {radius} and {least}")
    nearest, distance = assign(points, density)
    hits = nearest[distance <= radius * density.std]
    shares = np.bincount(hits, minlength=len(density.centres)) / len(points)
    enough = (shares >= least * density.weights) & (density.weights > 0)
    return Captured(int(enough.sum()), len(hits) / len(points), shares)


def assign(points: np.ndarray, density: Gaussians) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of each point (n, 2), and the distance to it: (n,) and (n,)."""
    distances = np.linalg.norm(points[:, None] - density.centres, axis=2)  # (n, K)
    return distances.argmin(axis=1), distances.min(axis=1)
