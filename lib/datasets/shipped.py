"""Pictures that ship with the book: many small grey pictures on one lossless sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

DATA = Path(__file__).resolve().parents[2] / "data"
COLUMNS = 64


def write_sheet(path: Path, pictures: np.ndarray) -> None:
    """Write grey pictures, uint8 of shape (n, h, w), as one lossless WebP, 64 a row."""
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or not pictures.size:
        raise ValueError(f"a sheet takes uint8 (n, h, w), got {pictures.dtype} {pictures.shape}")
    n, h, w = pictures.shape
    rows = -(-n // COLUMNS)
    sheet = np.zeros((rows * COLUMNS, h, w), np.uint8)
    sheet[:n] = pictures
    sheet = sheet.reshape(rows, COLUMNS, h, w).swapaxes(1, 2).reshape(rows * h, COLUMNS * w)
    image = Image.fromarray(sheet).convert("RGB")  # WebP knows no grey; equal channels cost nothing
    image.save(path, "webp", lossless=True, quality=100, method=6)


def read_sheet(path: Path, n: int, size: tuple[int, int]) -> np.ndarray:
    """Read the first `n` pictures of (h, w) from a sheet: uint8 of shape (n, h, w)."""
    h, w = size
    sheet = np.asarray(Image.open(path).convert("RGB"))[..., 0]
    rows = sheet.shape[0] // h
    if sheet.shape != (rows * h, COLUMNS * w) or rows * COLUMNS < n:
        raise ValueError(f"{path.name} holds no {n} pictures of {h}x{w}: its size is {sheet.shape}")
    cells = sheet.reshape(rows, h, COLUMNS, w).swapaxes(1, 2)
    return cells.reshape(rows * COLUMNS, h, w)[:n].copy()
