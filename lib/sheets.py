"""Many drawings of one figure packed into one small picture, for the explorables of the site.

Two frames of a figure differ in a few places only. Each frame is cut into square tiles; a tile
that never changes is kept in the still picture at the top of the sheet, every other distinct tile
is kept once below it, and a table says which tile goes where in which frame.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

DPI = 192  # pixels an inch: two for each point of the page, sharp on dense screens
TILE = 64  # largest side of a tile in pixels
MAX_BYTES = 400_000  # a page must stay light
MAX_SIDE = 16_383  # the largest side of a WebP picture


@dataclass(frozen=True)
class Sheet:
    """The still frame on top of the distinct tiles, and the table that rebuilds every frame.

    Parameters
    ----------
    pixels : ndarray
        Shape (height + rows * tile, width, 3), uint8.
    height : int
        Height of one frame in pixels; frames are as wide as the sheet.
    tile : int
        Side of a tile in pixels.
    positions : ndarray
        Shape (m,), the cells of the frame that change, counted row by row.
    index : ndarray
        Shape (n_frames, m), the tile shown at each of those cells.
    """

    pixels: np.ndarray
    height: int
    tile: int
    positions: np.ndarray
    index: np.ndarray

    def frame(self, k: int) -> np.ndarray:
        """Rebuild frame `k` as the script does, pixels of shape (height, width, 3)."""
        image = self.pixels[: self.height].copy()
        columns = image.shape[1] // self.tile
        across = -(-image.shape[1] // self.tile)
        for position, tile in zip(self.positions, self.index[k], strict=True):
            y, x = (self.tile * int(c) for c in divmod(position, across))
            v, u = (self.tile * int(c) for c in divmod(tile, columns))
            part = image[y : y + self.tile, x : x + self.tile]
            part[:] = self.pixels[self.height + v :, u:][: part.shape[0], : part.shape[1]]
        return image

    def webp(self) -> bytes:
        """The sheet as a lossless WebP of at most 256 colours."""
        return encode(self.pixels)


def to_pixels(drawing: Figure | np.ndarray) -> np.ndarray:
    """Turn what a `draw` function returned into pixels of shape (h, w, 3), uint8.

    A figure is closed. Arrays are (h, w) or (h, w, 3), uint8 in 0..255 or float in [0, 1].
    """
    if isinstance(drawing, Figure):
        return _rasterise(drawing)
    image = np.asarray(drawing)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3) or not image.size:
        raise ValueError(
            "draw must return a matplotlib Figure or an image of shape (h, w) or (h, w, 3), "
            f"got {type(drawing).__name__} of shape {image.shape}"
        )
    image = _to_bytes(image)
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def _rasterise(figure: Figure) -> np.ndarray:
    """Draw a figure at the sheet's resolution and close it."""
    try:
        figure.set_dpi(DPI)
        figure.canvas.draw()
        return np.array(figure.canvas.buffer_rgba())[..., :3]
    finally:
        plt.close(figure)


def _to_bytes(image: np.ndarray) -> np.ndarray:
    """Scale a float image in [0, 1] to uint8; leave uint8 alone."""
    if image.dtype == np.uint8:
        return image
    image = image.astype(float)
    if not np.all((image >= 0) & (image <= 1)):
        low, high = np.min(image), np.max(image)
        raise ValueError(
            f"draw returned an image with values from {low:.3g} to {high:.3g}; use uint8 in 0..255 "
            "or floats in [0, 1]"
        )
    return np.round(255 * image).astype(np.uint8)


def pack(frames: Iterable[np.ndarray], still: int) -> Sheet:
    """Pack frames of one shape (h, w, 3) into a sheet whose still picture is frame `still`."""
    seen: dict[bytes, int] = {}
    grids, shapes, first = [], [], None
    for frame in frames:
        shapes.append(frame.shape)
        if frame.shape != shapes[0]:
            raise ValueError(
                f"frame {len(grids)} has shape {frame.shape}, the first has {shapes[0]}; "
                "draw must return the same size for every setting"
            )
        if len(grids) == still:
            first = frame
        grids.append([seen.setdefault(tile.tobytes(), len(seen)) for tile in _tiles(frame)])
    return _assemble(first, np.array(grids), list(seen))


def _tile_side(width: int) -> int:
    """Side of the tiles of a frame of this width: small frames get at least eight a row."""
    return min(TILE, max(width // 8, 1))


def _tiles(frame: np.ndarray) -> np.ndarray:
    """Cut a frame into tiles, row by row; the border is repeated to fill the last ones."""
    h, w = frame.shape[:2]
    side = _tile_side(w)
    padded = np.pad(frame, ((0, -h % side), (0, -w % side), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // side, padded.shape[1] // side
    cells = padded.reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    return cells.reshape(rows * columns, side, side, 3)


def _assemble(first: np.ndarray, grid: np.ndarray, tiles: list[bytes]) -> Sheet:
    """Put the still frame and the tiles that change into one picture."""
    positions = np.flatnonzero((grid != grid[0]).any(axis=0))
    used, index = np.unique(grid[:, positions], return_inverse=True)
    height, width = first.shape[:2]
    side = _tile_side(width)
    columns = width // side
    pixels = np.full((height + -(-len(used) // columns) * side, width, 3), 255, np.uint8)
    pixels[:height] = first
    for k, tile in enumerate(used):
        y, x = height + k // columns * side, k % columns * side
        cell = np.frombuffer(tiles[tile], np.uint8).reshape(side, side, 3)
        pixels[y : y + side, x : x + side] = cell
    return Sheet(pixels, height, side, positions, index.reshape(len(grid), len(positions)))


def encode(pixels: np.ndarray) -> bytes:
    """Write pixels (h, w, 3) as a lossless WebP of at most 256 colours.

    Raises ValueError when the picture is larger than a page should carry.
    """
    if max(pixels.shape[:2]) > MAX_SIDE:
        raise ValueError(f"the sheet is {pixels.shape[0]} pixels high; {REMEDY}")
    image = Image.fromarray(pixels)
    if image.getcolors(256) is None:  # more than 256 colours: the closest palette
        image = image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "webp", lossless=True, quality=80, method=4)
    if buffer.tell() > MAX_BYTES:
        raise ValueError(
            f"the sheet takes {buffer.tell() / 1000:.0f} kB, at most {MAX_BYTES // 1000} kB are "
            f"allowed; {REMEDY}"
        )
    return buffer.getvalue()


def quick(pixels: np.ndarray) -> bytes:
    """Write pixels (h, w, 3) as a lossless WebP without the search for the smallest file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "webp", lossless=True, quality=20, method=1)
    return buffer.getvalue()


REMEDY = (
    "use fewer slider steps or options, a smaller figure, or a drawing in which less changes "
    "from frame to frame (fixed axis limits, no random noise)"
)


def data_uri(picture: bytes) -> str:
    """A WebP picture as an address that needs no file."""
    return "data:image/webp;base64," + base64.b64encode(picture).decode()
