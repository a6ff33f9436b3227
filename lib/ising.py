"""The Ising model on a grid, h sum x_i - beta sum x_i x_j, as a field and as a sampler."""

from __future__ import annotations

import numpy as np

from lib.mrf import PairwiseMRF

SPIN = np.array([-1, 1])  # state 0 is -1 (black), state 1 is +1 (white)


def ising_grid(rows: int, cols: int, beta: float, h: float = 0.0) -> PairwiseMRF:
    """Pixels numbered row by row; two pixels are joined when they share a side."""
    i = np.arange(rows * cols).reshape(rows, cols)
    beside = np.stack([i[:, :-1].ravel(), i[:, 1:].ravel()], axis=1)
    below = np.stack([i[:-1].ravel(), i[1:].ravel()], axis=1)
    unary = np.tile(-h * SPIN, (rows * cols, 1))
    return PairwiseMRF(unary, np.vstack([beside, below]), beta * np.outer(SPIN, SPIN))


def neighbour_sum(x: np.ndarray) -> np.ndarray:
    """Sum of the two to four neighbours of every pixel; x has shape (..., rows, cols)."""
    total = np.zeros_like(x)
    total[..., 1:, :] += x[..., :-1, :]
    total[..., :-1, :] += x[..., 1:, :]
    total[..., 1:] += x[..., :-1]
    total[..., :-1] += x[..., 1:]
    return total


def sample_grid(
    x: np.ndarray, beta: float, h: float, sweeps: int, rng: np.random.Generator
) -> np.ndarray:
    """Gibbs sampling: redraw every pixel from p(x_i | its neighbours), `sweeps` times.

    Pixels whose row + column is odd have only even neighbours, so they are drawn at once; then
    the even ones. `x` holds -1 and +1, shape (..., rows, cols); leading axes are chains.
    """
    odd = np.indices(x.shape[-2:]).sum(axis=0) % 2 == 1
    for half in [odd, ~odd] * sweeps:
        white = 1 / (1 + np.exp(2 * h - 2 * beta * neighbour_sum(x)))
        drawn = np.where(rng.random(x.shape) < white, 1, -1)
        x = np.where(half, drawn, x)
    return x
