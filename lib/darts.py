"""A dart board: what a dart scores, and what a player can expect who aims somewhere."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

#: The numbers of the board, clockwise from the top.
NUMBERS = np.array([20, 1, 18, 4, 13, 6, 10, 15, 2, 17, 3, 19, 7, 16, 8, 11, 14, 9, 12, 5])
#: Outer radii of bull's eye, bull, treble ring (inner, outer), double ring (inner, outer), in mm.
BULLSEYE, BULL, TREBLE, DOUBLE = 6.35, 15.9, (99.0, 107.0), (162.0, 170.0)
TREBLE_20 = np.array([0.0, np.mean(TREBLE)])
REACH = 240.0  # mm from the middle to the edge of the map


def score(spot: np.ndarray) -> np.ndarray:
    """Points for darts at `spot` (..., 2), in mm to the right of and above the bull's eye."""
    spot = np.asarray(spot, dtype=float)
    radius = np.hypot(spot[..., 0], spot[..., 1])
    turn = np.arctan2(spot[..., 0], spot[..., 1]) / (2 * np.pi)  # 0 at the top, then clockwise
    points = NUMBERS[np.floor(20 * turn + 0.5).astype(int) % 20]
    for (inner, outer), times in ((TREBLE, 3), (DOUBLE, 2)):
        points = np.where((radius > inner) & (radius <= outer), times * points, points)
    points = np.where(radius > DOUBLE[1], 0, points)
    return np.where(radius <= BULLSEYE, 50, np.where(radius <= BULL, 25, points))


def expected_score(aim: np.ndarray, errors: np.ndarray) -> float:
    """Average points for throws that miss `aim` (2,) by the vectors `errors` (n, 2), in mm."""
    return float(score(aim + errors).mean())


def score_map(sigma: float, step: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Expected points for every aim of a player whose errors are N(0, sigma^2) both ways.

    Returns the axis (k,) in mm from -REACH to REACH, and the points (k, k), the row is the height.
    The board is blurred by the player's Gaussian, by a sum over cells of `step` mm.
    """
    if sigma <= 0 or step <= 0:
        raise ValueError(f"sigma and step must be positive lengths in mm, got {sigma} and {step}")
    axis = np.arange(-REACH, REACH + step / 2, step)
    spots = np.stack(np.meshgrid(axis, axis), axis=-1)
    inside = step * np.array([-1, 0, 1]) / 3  # a ring is narrower than a few cells
    board = np.mean([score(spots + np.array([dx, dy])) for dx in inside for dy in inside], axis=0)
    blur = np.exp(-np.square(axis) / (2 * sigma**2))
    blur /= blur.sum()
    return axis, fftconvolve(board, np.outer(blur, blur), mode="same")
