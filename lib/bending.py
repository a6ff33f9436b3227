"""A sheet rolled into a spiral: an explicit map from a plane of random numbers to a shape."""

from __future__ import annotations

import numpy as np
from scipy.integrate import cumulative_trapezoid

LENGTH, WIDTH = 5.5, 0.32  # how much the rolled sheet is stretched along itself and across
TURN = 2.5  # radians per square root of length: the roll is tight inside and loose outside
END = 18.0  # the spiral starts where the stretched first coordinate is -END
GRID = np.linspace(-END, 3 * END, 6001)


def heading(s: np.ndarray, amount: float) -> np.ndarray:
    """Direction of the middle line at length `s` along it, in radians; 0 is to the right."""
    return amount * TURN * (np.sqrt(np.maximum(s + END, 0.0)) - np.sqrt(END))


def bend(z: np.ndarray, amount: float = 1.0) -> np.ndarray:
    """Roll the plane: z (n, 2) to x (n, 2), by `amount` 0 (left flat) to 1 (a spiral).

    The first coordinate becomes the length along a curve, the second the distance to its left.
    """
    z = np.asarray(z, dtype=float)
    if not 0 <= amount <= 1:
        raise ValueError(f"amount must lie in [0, 1], got {amount}")
    if z.ndim != 2 or z.shape[1] != 2:
        raise ValueError(f"z must be pairs of numbers, shape (n, 2), got {z.shape}")
    s, across = _along(z[:, 0], amount), _across(z[:, 1], amount)
    angle = heading(s, amount)
    normal = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    return middle_line(s, amount) + across[:, None] * normal


def area_factor(z: np.ndarray, amount: float = 1.0) -> np.ndarray:
    """By how much `bend` stretches area at z (n, 2), the determinant of its Jacobian, shape (n,).

    Where it is positive for all z around, no two of them land on the same point nearby.
    """
    s, across = _along(z[:, 0], amount), _across(z[:, 1], amount)
    curvature = amount * TURN / (2 * np.sqrt(np.maximum(s + END, 1e-12)))
    curvature = np.where(s > -END, curvature, 0.0)  # the line is straight before it starts to turn
    return _along(1.0, amount) * _across(1.0, amount) * (1 - curvature * across)


def _along(z1, amount):
    """The first coordinate stretched to a length along the curve."""
    return (1 + amount * (LENGTH - 1)) * z1


def _across(z2, amount):
    """The second coordinate shrunk to a distance from the curve."""
    return (1 + amount * (WIDTH - 1)) * z2


def middle_line(s: np.ndarray, amount: float) -> np.ndarray:
    """Points (n, 2) at length `s` (n,) along the curve: its direction, added up from 0."""
    angle = heading(GRID, amount)
    steps = np.stack([np.cos(angle), np.sin(angle)])
    curve = cumulative_trapezoid(steps, GRID, initial=0.0)
    curve -= [[np.interp(0.0, GRID, line)] for line in curve]
    return np.stack([np.interp(s, GRID, line) for line in curve], axis=1)
