"""Figures made of ellipsoids: every pixel keeps the part nearest to the eye and its light.

x runs from -10 (left) to 10, y from 0 (top) to 20; pixel centres lie at halves, so that a part
mirrored at x = 0 covers the same pixels on both sides.
"""

from __future__ import annotations

import numpy as np

SIDE = 20
LIGHT = np.array([-0.45, -0.68, 0.58])  # direction to the lamp: left, up, towards the eye
EMPTY = -99.0  # depth of the background
STEP = 0.9  # a part that lies this much in front of its neighbour draws a line around itself


def shifted(a: np.ndarray, fill: float) -> list[np.ndarray]:
    """Pictures (n, h, w) as seen from each pixel's left, right, upper and lower neighbour."""
    padded = np.pad(a, ((0, 0), (1, 1), (1, 1)), constant_values=fill)
    inside = slice(1, -1)
    places = [(inside, slice(0, -2)), (inside, slice(2, None))]
    places += [(slice(0, -2), inside), (slice(2, None), inside)]
    return [padded[:, rows, columns] for rows, columns in places]


class Figures:
    """`n` figures under construction.

    Attributes
    ----------
    depth : ndarray, shape (n, 20, 20)
        Nearness to the eye, EMPTY outside the figure.
    light : ndarray, shape (n, 20, 20)
        Cosine of the angle between surface and lamp.
    part : ndarray of int, shape (n, 20, 20)
        Number of the part seen, 0 outside.
    hue : ndarray of int, shape (n, 20, 20)
        Colour family of the part seen.
    inside : ndarray of bool, shape (n,)
        Whether no part reaches the frame, so that there is room for the outline.
    """

    def __init__(self, n: int) -> None:
        self.depth = np.full((n, SIDE, SIDE), EMPTY)
        self.light = np.zeros((n, SIDE, SIDE))
        self.part = np.zeros((n, SIDE, SIDE), np.int8)
        self.hue = np.zeros((n, SIDE, SIDE), np.int8)
        self.inside = np.ones(n, bool)

    @property
    def body(self) -> np.ndarray:
        """Which pixels belong to the figure."""
        return self.part > 0

    def add(
        self,
        part: int,
        centre: tuple,
        radii: tuple,
        hue: np.ndarray,
        *,
        on: np.ndarray,
        front: float = 0.0,
        tilt: float | np.ndarray = 0.0,
        power: float = 2.0,
        axis: float | np.ndarray | None = None,
    ) -> None:
        """Put an ellipsoid on some figures; numbers may be one for all or (n,).

        Parameters
        ----------
        part : int
            Its number, 1 or more.
        centre, radii : pairs
            (x, y) and (rx, ry) in pixels.
        hue : ndarray of int, shape (n,)
            Colour family.
        on : ndarray of bool, shape (n,)
            The figures that get it.
        front : float
            Added to the depth.
        tilt : float or ndarray, shape (n,)
            Turn in radians, clockwise on the right of the axis.
        power : float
            2 is an ellipse, less a diamond, more a box.
        axis : float or ndarray, shape (n,), or None
            Mirror the part there and count `centre` from it; None draws it once.
        """
        who = np.flatnonzero(on)
        cx, cy, rx, ry, tilt, hue = (
            np.broadcast_to(value, on.shape)[who][:, None, None]
            for value in (*centre, *radii, tilt, hue)
        )
        x = np.arange(SIDE)[None, None, :] + 0.5 - SIDE / 2
        y = np.arange(SIDE)[None, :, None] + 0.5 - cy
        side = np.ones_like(x)
        if axis is not None:
            from_axis = x - np.broadcast_to(axis, on.shape)[who][:, None, None]
            x, side = np.abs(from_axis), np.sign(from_axis)
        shape = _ellipsoid(x - cx, y, rx, ry, tilt, power)
        self._merge(who, part, hue, *shape, side, front)
        self.inside[who] &= ~_touches_frame(self.part[who] == part)

    def _merge(self, who, part, hue, fill, height, slope_x, slope_y, side, front):
        """Keep the new part where it covers a pixel and is nearer than what was there."""
        nearer = (fill > 0) & (height + front > self.depth[who])
        length = np.sqrt(slope_x**2 + slope_y**2 + 1)
        light = (side * slope_x * LIGHT[0] + slope_y * LIGHT[1] + LIGHT[2]) / length
        new = {"depth": height + front, "light": light, "part": part, "hue": hue}
        for name, values in new.items():
            kept = getattr(self, name)
            kept[who] = np.where(nearer, values, kept[who])

    def inner_lines(self) -> np.ndarray:
        """Pixels just behind another part's edge, where a line tells the two apart."""
        lines = np.zeros_like(self.body)
        neighbours = zip(shifted(self.depth, EMPTY), shifted(self.part, 0), strict=True)
        for depth, part in neighbours:
            lines |= (part > 0) & (part != self.part) & (depth > self.depth + STEP)
        return lines & self.body

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """Background pixels beside the figure, and the colour family each of them borders on."""
        edge, hue = np.zeros_like(self.body), np.zeros_like(self.hue)
        for body, family in zip(shifted(self.body, False), shifted(self.hue, 0), strict=True):
            edge |= body
            hue = np.where(body, family, hue)
        return edge & ~self.body, hue


def _ellipsoid(x, y, rx, ry, tilt, power):
    """(fill, height, slope in x, slope in y): fill is positive inside; slopes are outward.

    The slopes are those for power 2; the light on the others is close enough at this size.
    """
    cos, sin = np.cos(tilt), np.sin(tilt)
    u, v = (cos * x + sin * y) / rx, (cos * y - sin * x) / ry
    fill = 1 - np.abs(u) ** power - np.abs(v) ** power
    round_ = np.sqrt(np.maximum(fill, 0))
    thick = np.minimum(rx, ry)
    steep = thick / (round_ + 1e-3)
    return (
        fill,
        thick * round_,
        steep * (cos * u / rx - sin * v / ry),
        steep * (sin * u / rx + cos * v / ry),
    )


def _touches_frame(drawn: np.ndarray) -> np.ndarray:
    """Whether a part covers pixels of the outermost rows or columns: no room for its outline."""
    return drawn[:, [0, -1]].any((1, 2)) | drawn[:, :, [0, -1]].any((1, 2))
