"""A palette for coloured pictures: k-means finds a few colours that stand for all.

Lloyd's algorithm started by k-means++. Points are rows (n, d), here the colours of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.datasets.creature_paint import to_rgb

__all__ = ["Clusters", "assign", "inertia", "k_means", "lloyd_step", "quantise", "spread", "to_rgb"]

CHUNK = 2**22  # numbers in the largest table of distances


@dataclass(frozen=True, eq=False)
class Clusters:
    """What k-means found.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        The number of the centre nearest to each point.
    centres : ndarray, shape (k, d)
    costs : list of float
        Sum of squared distances to the nearest centre before every step, and at the end.
    """

    labels: np.ndarray
    centres: np.ndarray
    costs: list[float]


def assign(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of every point, and the squared distance to it: (n,) each.

    Of equally near centres the first one counts.
    """
    points, centres = np.asarray(points, float), np.asarray(centres, float)
    labels, squares = np.empty(len(points), int), np.empty(len(points))
    size = max(1, CHUNK // centres.size)
    for start in range(0, len(points), size):
        part = slice(start, start + size)
        apart = ((points[part, None] - centres) ** 2).sum(2)  # (size, k)
        labels[part] = apart.argmin(1)
        squares[part] = apart.min(1)
    return labels, squares


def inertia(points: np.ndarray, centres: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Sum of the squared distances of points to their nearest centres: what k-means minimises."""
    squares = assign(points, centres)[1]
    return float(squares.sum() if weights is None else squares @ weights)


def spread(
    points: np.ndarray, k: int, rng: np.random.Generator, weights: np.ndarray | None = None
) -> np.ndarray:
    """k different points far from one another, to start from: k-means++ (Arthur, 2007).

    Each is drawn with a chance in proportion to its squared distance to the nearest one before.
    """
    points, weights = _checked(points, k, weights)
    chosen = [rng.choice(len(points), p=weights / weights.sum())]
    squares = ((points - points[chosen[0]]) ** 2).sum(1)
    while len(chosen) < k:
        chance = squares * weights
        chosen.append(rng.choice(len(points), p=chance / chance.sum()))
        squares = np.minimum(squares, ((points - points[chosen[-1]]) ** 2).sum(1))
    return points[chosen]


def lloyd_step(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Move every centre to the mean of the points nearest to it; also the cost before the move.

    A centre without points goes to the point that is farthest from its own centre.
    """
    points, weights = _checked(points, 1, weights)
    labels, squares = assign(points, centres)
    mass = np.bincount(labels, weights, minlength=len(centres))
    sums = [np.bincount(labels, weights * v, minlength=len(centres)) for v in points.T]
    moved = np.stack(sums, 1) / np.where(mass > 0, mass, 1)[:, None]
    empty = np.flatnonzero(mass == 0)
    moved[empty] = points[np.argsort(-squares * weights)[: len(empty)]]
    return moved, float(squares @ weights)


def k_means(
    points: np.ndarray,
    k: int,
    rng: np.random.Generator,
    *,
    weights: np.ndarray | None = None,
    steps: int = 100,
) -> Clusters:
    """Lloyd's algorithm (1982) from a k-means++ start, until no point changes its centre.

    Parameters
    ----------
    points : ndarray, shape (n, d)
    weights : ndarray, shape (n,), optional
        How often each point counts.
    steps : int
        The most steps to take.

    Raises
    ------
    ValueError
        If there are fewer than k different points.
    """
    points, weights = _checked(points, k, weights)
    centres, costs = spread(points, k, rng, weights), []
    for _ in range(steps):
        before = centres
        centres, cost = lloyd_step(points, centres, weights)
        costs.append(cost)
        if np.array_equal(centres, before):
            break
    costs.append(inertia(points, centres, weights))
    return Clusters(assign(points, centres)[0], centres, costs)


def quantise(
    rgb: np.ndarray, k: int, rng: np.random.Generator, *, steps: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (..., 3) in [0, 1] as palette indices (...), and the palette (k, 3) of k colours.

    The darkest colour is number 0. Equal pixels are counted, not repeated, so that flat pictures
    are quick. `to_rgb(indices, palette)` is the way back.
    """
    rgb = np.asarray(rgb, float)
    if rgb.ndim < 2 or rgb.shape[-1] != 3 or not np.all((rgb >= 0) & (rgb <= 1)):
        raise ValueError(f"pictures are (..., 3) with values in [0, 1], got shape {rgb.shape}")
    colours, place, count = np.unique(
        rgb.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    found = k_means(colours, k, rng, weights=count.astype(float), steps=steps)
    order = np.argsort(found.centres.sum(1), kind="stable")
    labels = np.argsort(order)[found.labels]  # new number of each centre
    return labels[place.ravel()].reshape(rgb.shape[:-1]), found.centres[order]


def _checked(
    points: np.ndarray, k: int, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Points as floats (n, d) and their weights (n,); at least k of them must differ."""
    points = np.asarray(points, float)
    if points.ndim != 2 or not np.all(np.isfinite(points)):
        raise ValueError(f"points are finite numbers (n, d), got shape {points.shape}")
    if k < 1 or (k > 1 and len(np.unique(points, axis=0)) < k):
        different = len(np.unique(points, axis=0))
        raise ValueError(f"{k} clusters need as many different points, got {different}")
    weights = np.ones(len(points)) if weights is None else np.asarray(weights, float)
    if weights.shape != (len(points),) or not np.all(weights > 0):
        raise ValueError(f"give a positive weight for each of {len(points)} points")
    return points, weights
