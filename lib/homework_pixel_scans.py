"""The eight orders in which the homework reads a picture, and what each pixel may see.

A scan is two words, the step from one pixel to the next and the step from one line to the next:
"right down" is raster order, "up left" goes up each column and takes the columns from the right.
"""

from __future__ import annotations

import numpy as np

from lib.homework_asking import peer

RASTER = "right down"
ROWS = "row by row from the {}, each row from {}"
COLUMNS = "column by column from the {}, each column from {}"
#: Each scan, in the words of a statement.
WORDS = {
    RASTER: ROWS.format("top", "left to right"),
    "left down": ROWS.format("top", "right to left"),
    "right up": ROWS.format("bottom", "left to right"),
    "left up": ROWS.format("bottom", "right to left"),
    "down right": COLUMNS.format("left", "top to bottom"),
    "up right": COLUMNS.format("left", "bottom to top"),
    "down left": COLUMNS.format("right", "top to bottom"),
    "up left": COLUMNS.format("right", "bottom to top"),
}


@peer
def ranks(shape: tuple[int, int], scan: str = RASTER) -> np.ndarray:
    """Which place in the scan each pixel has, counted from 0, (h, w)."""
    row, column = np.indices(shape)
    (h, w), step, line = shape, *scan.split()
    along = {"right": (column, w), "left": (w - 1 - column, w)}
    along |= {"down": (row, h), "up": (h - 1 - row, h)}
    fast, length = along[step]
    return along[line][0] * length + fast


@peer
def lines(shape: tuple[int, int], scan: str = RASTER) -> np.ndarray:
    """Which line of the scan, a row or a column, each pixel belongs to, (h, w)."""
    length = shape[1] if scan.split()[0] in ("right", "left") else shape[0]
    return ranks(shape, scan) // length


@peer
def earlier(when: np.ndarray) -> np.ndarray:
    """Whether pixel j comes before pixel i, [i, j]; `when` has the time of each pixel, (h, w).

    Pixels are numbered row by row.
    """
    return when.ravel() < when.ravel()[:, None]


@peer
def places(shape: tuple[int, int], scan: str = RASTER) -> list[tuple[int, int]]:
    """All places (row, column) in the order of the scan."""
    return sorted(np.ndindex(*shape), key=lambda place: ranks(shape, scan)[place])


def unscanned(x: np.ndarray, scan: str = RASTER) -> np.ndarray:
    """Pictures (..., h, w) turned so that this scan reads them as raster order read them before."""
    step, line = scan.split()
    x = x if step in ("right", "left") else x.swapaxes(-1, -2)
    rows = -1 if "up" in (step, line) else 1
    columns = -1 if "left" in (step, line) else 1
    return x[..., ::rows, ::columns]


def scanned(x: np.ndarray, scan: str = RASTER) -> np.ndarray:
    """The way back: pictures turned so that raster order reads them as this scan did."""
    step, line = scan.split()
    rows = -1 if "up" in (step, line) else 1
    columns = -1 if "left" in (step, line) else 1
    x = x[..., ::rows, ::columns]
    return x if step in ("right", "left") else x.swapaxes(-1, -2)


#: One step to each side, (rows, columns).
STEPS = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
SIDES = ("to the right", "to the left")
NUMBERS = ("no", "one", "two", "three", "four")


def spoken(offset: tuple[int, int], scan: str = RASTER) -> str:
    """Where a pixel is that lies (rows, columns) further in the scan: "one row up"."""
    (a, b), (c, d) = (STEPS[side] for side in scan.split())
    rows, columns = offset[1] * a + offset[0] * c, offset[1] * b + offset[0] * d
    told = []
    for count, name, sides in ((rows, "row", ("down", "up")), (columns, "column", SIDES)):
        if count:
            told.append(f"{NUMBERS[abs(count)]} {name}{'s' * (abs(count) > 1)} {sides[count < 0]}")
    return " and ".join(told)
