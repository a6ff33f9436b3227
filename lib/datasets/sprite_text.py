"""Pictures as text: one picture a line of palette indices, beside a file of the colours.

This is the format of the well-known 792 sprites of 20x20 pixels in 167 colours (`pixel_color.txt`
and `colormap.txt`). A colour's line is `index R G B`, or `R G B` alone, when the first line is
colour 0, the next colour 1 and so on. Blanks, tabs, empty lines and either line end are fine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isqrt
from pathlib import Path

import numpy as np

WHOLE = re.compile(r"[0-9]{1,9}")
FORMS = {3: "R G B", 4: "index R G B"}


def read_sprites(
    pictures: Path, colours: Path, shape: tuple[int, int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read pictures and palette from their two text files.

    Colours are numbered 0..k-1 in the order of their indices, so that gaps in the file's
    numbering leave no unused class. Without `shape` the pictures must be square.

    Returns
    -------
    ndarray of uint8 (int32 for more than 256 colours), shape (n, h, w): the pictures.
    ndarray of float32 in [0, 1], shape (k, 3): the colour of each index.

    Raises
    ------
    ValueError
        If a file is not in the format: with its name, the line, and what was expected.
    """
    pictures, colours = Path(pictures), Path(colours)
    palette = read_colours(colours)
    rows = _picture_rows(pictures)
    h, w = _side(pictures, rows.shape[1], shape)
    known = np.array(sorted(palette))
    index = np.searchsorted(known, rows).clip(max=len(known) - 1)
    _refuse_unknown(pictures, colours, rows, known[index] == rows)
    kind = np.uint8 if len(known) <= 256 else np.int32
    levels = np.array([palette[i] for i in known.tolist()], np.float32)
    return index.astype(kind).reshape(-1, h, w), levels / np.float32(255)


def read_colours(path: Path) -> dict[int, list[int]]:
    """Index -> [R, G, B] in 0..255, from a colour-map file."""
    palette: dict[int, list[int]] = {}
    length = None
    for place, numbers in _lines(path):
        length = length or len(numbers)
        if len(numbers) not in FORMS or len(numbers) != length:
            wanted = FORMS.get(length, "index R G B")
            raise ValueError(f"{place}: {len(numbers)} numbers, a colour's line is `{wanted}`")
        index = numbers[0] if length == 4 else len(palette)
        if max(numbers[-3:]) > 255:
            raise ValueError(f"{place}: {max(numbers[-3:])} is out of range, R G B are 0 to 255")
        if index in palette:
            raise ValueError(f"{place}: colour {index} was given before; each index has one line")
        palette[index] = numbers[-3:]
    return palette


def write_sprites(pictures: Path, colours: Path, x: np.ndarray, palette: np.ndarray) -> None:
    """Write palette indices (n, h, w) and the palette (k, 3) in [0, 1] as two text files."""
    x, palette = np.asarray(x), np.asarray(palette, float)
    if x.ndim != 3 or x.dtype.kind not in "ui" or not x.size:
        raise ValueError(f"pictures are whole numbers (n, h, w), got {x.dtype} {x.shape}")
    if palette.shape[1:] != (3,) or not np.all((palette >= 0) & (palette <= 1)):
        raise ValueError(f"a palette is (k, 3) with values in [0, 1], got shape {palette.shape}")
    if x.min() < 0 or x.max() >= len(palette):
        raise ValueError(
            f"the pictures hold {x.min()}..{x.max()}; the palette has 0..{len(palette) - 1}"
        )
    rows = [" ".join(map(str, row)) for row in x.reshape(len(x), -1).tolist()]
    levels = np.rint(255 * palette).astype(int).tolist()
    lines = [f"{index} {r} {g} {b}" for index, (r, g, b) in enumerate(levels)]
    Path(pictures).write_text("\n".join(rows) + "\n", encoding="utf-8")
    Path(colours).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines(path: Path) -> Iterator[tuple[str, list[int]]]:
    """(file and line, numbers) of every line that is not blank; there must be one."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if not text.split():
        raise ValueError(f"{path}: the file is empty; it needs one line of numbers at least")
    for number, line in enumerate(text.split("\n"), start=1):
        place, words = f"{path}, line {number}", line.split()
        for word in words:
            if not WHOLE.fullmatch(word):
                raise ValueError(f"{place}: {word!r} is not a whole number from 0 up, such as 17")
        if words:
            yield place, list(map(int, words))


def _picture_rows(path: Path) -> np.ndarray:
    """All pictures as rows of indices; every line must be as long as the first."""
    rows: list[list[int]] = []
    for place, numbers in _lines(path):
        if rows and len(numbers) != len(rows[0]):
            raise ValueError(
                f"{place}: {len(numbers)} numbers; the lines before have {len(rows[0])}"
            )
        rows.append(numbers)
    return np.array(rows)


def _side(path: Path, length: int, shape: tuple[int, int] | None) -> tuple[int, int]:
    """Height and width of a picture that is a line of `length` numbers."""
    side = isqrt(length)
    h, w = shape or (side, side)
    if h * w != length:
        hint = f"not {h} x {w}" if shape else "not a square; say shape=(height, width)"
        raise ValueError(f"{path}: a picture's line has {length} numbers, {hint}")
    return h, w


def _refuse_unknown(pictures: Path, colours: Path, rows: np.ndarray, fits: np.ndarray) -> None:
    """Name the first picture that uses an index without a colour."""
    if not fits.all():
        picture, pixel = np.argwhere(~fits)[0]
        places = [place for place, _ in _lines(pictures)]
        raise ValueError(
            f"{places[picture]}: index {rows[picture, pixel]} has no colour in {colours}"
        )
