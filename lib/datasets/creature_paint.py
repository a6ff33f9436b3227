"""Colours of the creatures: palette, three shades of light, outlines, patterns and faces."""

from __future__ import annotations

import colorsys

import numpy as np

from lib.datasets.creature_parts import Figures

HUES = {  # name: hue, saturation, value of the middle shade
    "red": (0.985, 0.70, 0.90),
    "orange": (0.065, 0.76, 0.98),
    "yellow": (0.135, 0.70, 0.98),
    "green": (0.27, 0.58, 0.78),
    "teal": (0.46, 0.62, 0.74),
    "sky": (0.545, 0.55, 0.94),
    "blue": (0.615, 0.62, 0.90),
    "violet": (0.74, 0.48, 0.86),
    "pink": (0.92, 0.42, 0.97),
    "slate": (0.62, 0.17, 0.74),
}
BACKGROUND, INK, WHITE, RED, CHEEK, BEAK, BEAK_LIGHT, FIRST = range(8)
FIXED = [(1, 1, 1), (0.10, 0.08, 0.15), (0.97, 0.98, 1), (0.83, 0.22, 0.30)]
FIXED += [(1, 0.55, 0.60), (0.93, 0.52, 0.10), (1, 0.76, 0.25)]
SHADES = 4  # line, shadow, middle, light
LINE, SHADOW, MIDDLE, LIT = range(SHADES)
TURN = {LINE: (0.25, 0.16, 0.36), SHADOW: (0.12, 0.09, 0.75), LIT: (0.10, -0.26, 1.12)}
VIOLET, AMBER = 0.72, 0.14  # shadows lean towards the first, lights towards the second


def palette() -> np.ndarray:
    """All colours in [0, 1], float32 of shape (47, 3): seven fixed ones, then four a hue."""
    colours = list(FIXED)
    for hue, saturation, value in HUES.values():
        for shade in range(SHADES):
            towards, more, factor = TURN.get(shade, (0.0, 0.0, 1.0))
            goal = AMBER if shade == LIT else VIOLET
            way = (goal - hue + 0.5) % 1 - 0.5  # the short way round the circle of hues
            turn = np.sign(way) * min(abs(way), towards * 0.4)
            s, v = min(max(saturation + more, 0), 1), min(value * factor, 1)
            colours.append(colorsys.hsv_to_rgb((hue + turn) % 1, s, v))
    return np.array(colours, np.float32)


def colour(hue: np.ndarray, shade: int | np.ndarray) -> np.ndarray:
    """Palette index of a shade (0 line, 1 shadow, 2 middle, 3 light) of a colour family."""
    return FIRST + SHADES * np.asarray(hue, int) + shade


def to_rgb(indices: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Palette indices (..., h, w) as colours (..., h, w, 3)."""
    indices, palette = np.asarray(indices), np.asarray(palette)
    if indices.size and (indices.min() < 0 or indices.max() >= len(palette)):
        raise ValueError(
            f"indices {indices.min()}..{indices.max()}, but the palette has 0..{len(palette) - 1}"
        )
    return palette[indices]


def paint(figures: Figures, marked: np.ndarray, pale: np.ndarray, accent: np.ndarray) -> np.ndarray:
    """Palette indices (n, 20, 20) without faces.

    `marked` pixels take the colour family `accent` (n,), `pale` ones (the belly) its lightest
    shades.
    """
    shade = np.where(figures.light > 0.80, LIT, np.where(figures.light > 0.16, MIDDLE, SHADOW))
    hue = np.where(marked | pale, accent[:, None, None], figures.hue)
    same = marked & (figures.hue == accent[:, None, None])
    shade = np.where(same, np.maximum(shade - 1, SHADOW), shade)
    shade = np.where(pale, np.where(shade == SHADOW, MIDDLE, LIT), shade)
    shade = np.where(figures.inner_lines(), LINE, shade)
    edge, beside = figures.outline()
    picture = np.where(figures.body, colour(hue, shade), BACKGROUND)
    return np.where(edge, colour(beside, LINE), picture).astype(np.uint8)


INKS = {"#": INK, "o": WHITE, "r": RED, "y": BEAK, "Y": BEAK_LIGHT}


def stamp(
    pictures: np.ndarray, who: np.ndarray, art: list[str], row: np.ndarray, column: np.ndarray
) -> None:
    """Draw letters of INKS on the pictures `who`, upper left corner at (row, column), each (n,)."""
    for v, line in enumerate(art):
        for u, letter in enumerate(line):
            if letter in INKS:
                pictures[who, row[who] + v, column[who] + u] = INKS[letter]
