"""Measuring generated pictures: is one a copy, is it sharp, does it have edges like the data's."""

from __future__ import annotations

import numpy as np

CHUNK = 256  # queries compared at a time: the table of distances stays small


def nearest(queries: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest example of `data` for each query.

    Parameters
    ----------
    queries, data : ndarray, shapes (m, ...) and (n, ...)
        Examples of one shape; pictures need not be flattened.

    Returns
    -------
    index : ndarray of int, shape (m,)
        Which example is nearest; the first one where several are.
    distance : ndarray, shape (m,)
        Euclidean distance to it: the root of the **summed** squares. Divided by the root of the
        number of pixels it is the root mean square difference of a pixel.
    """
    q, d = _rows(queries, "queries"), _rows(data, "data")
    if q.shape[1:] != d.shape[1:] or np.shape(queries)[1:] != np.shape(data)[1:]:
        raise ValueError(
            f"queries {np.shape(queries)} and data {np.shape(data)} must agree after the first axis"
        )
    middle = d.mean(axis=0)  # small numbers: less is lost when squares are subtracted
    q, d = q - middle, d - middle
    index = np.concatenate([_closest(q[k : k + CHUNK], d) for k in range(0, len(q), CHUNK)])
    return index, np.linalg.norm(q - d[index], axis=1)


def _rows(examples: np.ndarray, name: str) -> np.ndarray:
    examples = np.asarray(examples, dtype=float)
    if examples.ndim < 2 or len(examples) == 0:
        raise ValueError(f"{name} must be (n, ...) with n > 0, got shape {examples.shape}")
    return examples.reshape(len(examples), -1)


def _closest(q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Position of the smallest |q - d|^2; |q|^2 is the same for all and left out."""
    return np.argmin(np.einsum("ij,ij->i", d, d) - 2 * q @ d.T, axis=1)


def _steps(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences to the pixel below and to the pixel at the right, each (n, h - 1, w - 1)."""
    x = np.asarray(images, dtype=float)
    if x.ndim != 3 or min(x.shape[1:]) < 2:
        raise ValueError(f"images must be grey, (n, h, w) with h, w >= 2, got shape {x.shape}")
    corner = x[:, :-1, :-1]
    return x[:, 1:, :-1] - corner, x[:, :-1, 1:] - corner


def sharpness(images: np.ndarray) -> np.ndarray:
    """How steep each picture is: the root mean square of its gradient, in grey values a pixel.

    `images` is (n, h, w); returns (n,). Blurring lowers it, pixel noise raises it. The mean of its
    square over a distribution depends on mean and covariance only: two distributions that share
    these cannot be told apart by it.
    """
    down, right = _steps(images)
    return np.sqrt(np.mean(down**2 + right**2, axis=(1, 2)))


def edge_share(images: np.ndarray, top: float = 0.05) -> np.ndarray:
    """Share of the squared gradient that the steepest pixels of each picture hold.

    `images` is (n, h, w); `top` is the fraction of pixels counted as steepest; returns (n,), from
    `top` (equally steep everywhere) to 1 (flat areas between a few edges). Contrast and brightness
    do not change it.
    """
    if not 0 < top <= 1:
        raise ValueError(f"top is a fraction of the pixels, in (0, 1], got {top}")
    down, right = _steps(images)
    power = np.sort((down**2 + right**2).reshape(len(down), -1), axis=1)
    count = max(round(top * power.shape[1]), 1)
    total = power.sum(axis=1)
    if np.any(total == 0):
        raise ValueError("a picture of one grey value has no edges to share")
    return power[:, -count:].sum(axis=1) / total
