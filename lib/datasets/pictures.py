"""Test pictures drawn by code at any size: a binary harbour, its grey version, and their noise.

Coordinates run over the unit square of the picture's height: v from 0 (top) to 1 (bottom), u from
0 to width/height, so that shapes keep their form at every size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MIN_SIDE = 16
ASPECT = 4 / 3  # the scene is composed for 3:4 pictures; others see it stretched


def _plane(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres as (v, u), each of shape (height, width)."""
    if min(height, width) < MIN_SIDE:
        raise ValueError(f"a picture of {height}x{width} is too small; each side needs {MIN_SIDE}")
    v = (np.arange(height) + 0.5) / height
    u = (np.arange(width) + 0.5) / width * ASPECT
    return np.meshgrid(v, u, indexing="ij")


def _disc(v, u, centre, radius):
    return (v - centre[0]) ** 2 + (u - centre[1]) ** 2 <= radius**2


def _stroke(v, u, start, end, thickness):
    """A straight line from `start` to `end`, both (v, u), `thickness` wide, with round ends."""
    along = np.subtract(end, start)
    place = ((v - start[0]) * along[0] + (u - start[1]) * along[1]) / (along @ along)
    place = np.clip(place, 0.0, 1.0)
    dv, du = v - start[0] - place * along[0], u - start[1] - place * along[1]
    return _disc(dv, du, (0, 0), thickness / 2)


def _polygon(v, u, corners):
    """A convex polygon; `corners` are (v, u), in either turning direction."""
    corners = np.asarray(corners)
    turns = []
    for (v0, u0), (v1, u1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        turns.append((u1 - u0) * (v - v0) - (v1 - v0) * (u - u0) >= 0)
    return np.all(turns, axis=0) | ~np.any(turns, axis=0)


_CRESTS = [(0.80, 0.0, 16.0), (0.87, 1.3, 14.0), (0.94, 0.4, 12.0)]  # (v, phase, radians a u)
_CONTOURS = [(0.02, 0.014), (0.13, 0.02), (0.26, 0.02)]  # (depth, half thickness)


def _waves(v, u):
    """Three thin wave crests on the water."""
    heights = [(level, 0.012 * np.sin(k * u + phase)) for level, phase, k in _CRESTS]
    lines = [np.abs(v - level - wave) < 0.012 for level, wave in heights]
    return np.any(lines, axis=0)


def _hill(v, u):
    return v > 0.62 + 0.9 * (u - 0.24) ** 2


def _contours(v, u):
    """Lines along the hill, below its edge."""
    depth = v - 0.62 - 0.9 * (u - 0.24) ** 2
    return np.any([np.abs(depth - d) < half for d, half in _CONTOURS], axis=0)


def _tower(v, u):
    """A lighthouse with two dark bands, a gallery and a lamp house."""
    body = _polygon(v, u, [(0.24, 0.20), (0.24, 0.30), (0.66, 0.34), (0.66, 0.16)])
    bands = (np.abs(v - 0.37) < 0.03) | (np.abs(v - 0.52) < 0.03)
    lamp = _polygon(v, u, [(0.14, 0.215), (0.14, 0.285), (0.24, 0.285), (0.24, 0.215)])
    window = _disc(v, u, (0.195, 0.25), 0.018)
    roof = _polygon(v, u, [(0.07, 0.25), (0.14, 0.31), (0.14, 0.19)])
    gallery = _stroke(v, u, (0.245, 0.17), (0.245, 0.33), 0.022)
    return (body & ~bands) | (lamp & ~window) | roof | gallery


def _beams(v, u):
    ends = [(0.06, 0.74), (0.19, 0.82), (0.32, 0.74)]
    return np.any([_stroke(v, u, (0.19, 0.36), end, 0.024) for end in ends], axis=0)


def _moon(v, u):
    return _disc(v, u, (0.19, 1.12), 0.12) & ~_disc(v, u, (0.16, 1.17), 0.105)


def _boat(v, u):
    """Hull, mast, two sails and the rigging."""
    hull = _polygon(v, u, [(0.66, 0.68), (0.66, 1.20), (0.75, 1.12), (0.75, 0.77)])
    main = _polygon(v, u, [(0.33, 0.955), (0.61, 0.955), (0.61, 1.16)])
    jib = _polygon(v, u, [(0.38, 0.905), (0.61, 0.905), (0.61, 0.75)])
    mast = _stroke(v, u, (0.28, 0.93), (0.67, 0.93), 0.022)
    stay = _stroke(v, u, (0.28, 0.93), (0.66, 0.69), 0.011)
    return hull | main | jib | mast | stay


def _birds(v, u):
    wings = []
    for top, left in ((0.44, 0.52), (0.38, 0.62), (0.50, 0.64)):
        wings.append(_stroke(v, u, (top - 0.03, left - 0.04), (top, left), 0.013))
        wings.append(_stroke(v, u, (top, left), (top - 0.03, left + 0.04), 0.013))
    return np.any(wings, axis=0)


def harbour(height: int = 96, width: int = 128) -> np.ndarray:
    """A binary night scene: lighthouse, boat, moon, birds and waves.

    It has what makes restoring hard: large flat areas, curves, and strokes one or two pixels wide.

    Returns
    -------
    ndarray of int8, shape (height, width), values -1 (dark) and +1 (light).

    Raises
    ------
    ValueError
        If a side is under 16 pixels.
    """
    v, u = _plane(height, width)
    far = _moon(v, u) | _beams(v, u) | _boat(v, u) | _birds(v, u) | _waves(v, u)
    hill = _hill(v, u)
    light = (far & ~hill) | (_contours(v, u) & hill) | _tower(v, u)
    return np.where(light, 1, -1).astype(np.int8)


def grey_harbour(height: int = 96, width: int = 128, *, levels: int = 5) -> np.ndarray:
    """The same scene in `levels` shades: 0 for the sky, the highest for moon, sails and tower.

    Returns
    -------
    ndarray of int64, shape (height, width), values 0..levels-1.
    """
    if levels < 3:
        raise ValueError(f"a grey picture needs at least 3 levels, got {levels}")
    v, u = _plane(height, width)
    shade = np.zeros((height, width))
    shade[v > 0.72] = 0.25
    shade[_hill(v, u)] = 0.5
    shade[_waves(v, u) & ~_hill(v, u)] = 0.5
    shade[_beams(v, u)] = 0.75
    shade[_boat(v, u)] = 0.75
    shade[_moon(v, u) | _tower(v, u)] = 1.0
    return np.rint(shade * (levels - 1)).astype(int)


def flip_pixels(x: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Flip the sign of every pixel independently with the given probability."""
    if not 0 <= probability <= 1:
        raise ValueError(f"the flip probability must lie in [0, 1], got {probability}")
    return np.where(rng.random(x.shape) < probability, -x, x).astype(x.dtype)


def labelled(images: Sequence[np.ndarray], titles: Sequence[str], *, scale: int = 4) -> np.ndarray:
    """Binary pictures side by side, a line of text above each: a fast frame for an explorable.

    `images` are (height, width) with values -1 and +1; every pixel becomes a square of `scale`.
    Returns uint8 of shape (text + scale * height, ...), dark text on white.
    """
    if len(images) != len(titles):
        raise ValueError(f"{len(images)} pictures need as many titles, got {len(titles)}")
    gap, text = 6 * scale, 11 * scale
    font = ImageFont.load_default(size=7.5 * scale)
    panels = []
    for image, title in zip(images, titles, strict=True):
        pixels = np.where(np.asarray(image) > 0, 255, 0).astype(np.uint8)
        pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
        panel = Image.fromarray(np.pad(pixels, ((text, 0), (0, gap)), constant_values=255))
        ImageDraw.Draw(panel).text((0, 0), title, fill=40, font=font)
        panels.append(np.asarray(panel))
    return np.concatenate(panels, axis=1)[:, :-gap]
