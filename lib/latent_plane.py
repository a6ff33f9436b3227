"""Looking at a plane of codes: what a decoder draws there, where data lie, and where nothing is.

For decoders with two latent numbers; holes and walks are for codes of any length. A `decode` here
is a numpy function from codes (m, k) to pictures (m, h, w): `numpy_map(model.decode)` makes one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from lib import metrics
from lib.plots import INK

Decode = Callable[[np.ndarray], np.ndarray]
Range = tuple[float, float]
CLASSES = 12  # so many different whole numbers at most are classes; other values are a scale


def numpy_map(function: Callable[[Tensor], Tensor]) -> Decode:
    """A network's map, such as `model.decode`, as a numpy function that asks for no gradient."""

    def mapped(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return function(torch.as_tensor(np.asarray(rows, dtype=np.float32))).numpy()

    return mapped


# -------------------------------------------------------------------- the plane as a picture


def plane_points(x_range: Range, y_range: Range, n: int) -> np.ndarray:
    """An n x n grid of codes (n * n, 2), in reading order: y falls from row to row."""
    if n < 2:
        raise ValueError(f"a grid needs n >= 2 codes along a side, got {n}")
    x, y = np.meshgrid(np.linspace(*x_range, n), np.linspace(*y_range[::-1], n))
    return np.column_stack([x.ravel(), y.ravel()])


def plane_picture(decode: Decode, x_range: Range, y_range: Range, n: int) -> np.ndarray:
    """Decode a grid of codes into one big picture (n * h, n * w), values cut to [0, 1].

    The picture's left column has z1 = x_range[0], its lowest row z2 = y_range[0].
    """
    images = np.clip(decode(plane_points(x_range, y_range, n)), 0, 1)
    if images.ndim != 3 or len(images) != n * n:
        raise ValueError(f"decode must give ({n * n}, h, w) for {n * n} codes, got {images.shape}")
    h, w = images.shape[1:]
    return images.reshape(n, n, h, w).swapaxes(1, 2).reshape(n * h, n * w)


def plane_range(codes: np.ndarray, margin: float = 0.05) -> tuple[Range, Range]:
    """The smallest box round codes (n, 2), widened by `margin` of its sides each way."""
    codes = _codes(codes, 2)
    low, high = codes.min(axis=0), codes.max(axis=0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def show_plane(
    picture: np.ndarray, x_range: Range, y_range: Range, n: int, ax: Axes, *, lines: bool = False
) -> None:
    """Draw a `plane_picture` of n x n codes so that the middle of each tile lies at its code.

    `lines` keeps the tiles apart by white lines.
    """
    edges = [_edges(*values, n) for values in (x_range, y_range)]
    extent = [end for side in edges for end in side[[0, -1]]]
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto")
    if lines:
        ax.vlines(edges[0][1:-1], *extent[2:], color="white", lw=1)
        ax.hlines(edges[1][1:-1], *extent[:2], color="white", lw=1)
    ax.set(xlabel="$z_1$", ylabel="$z_2$", xlim=extent[:2], ylim=extent[2:])
    ax.grid(False)


def _edges(low: float, high: float, n: int) -> np.ndarray:
    """The n + 1 borders of tiles whose middles are n codes from low to high."""
    return low + (high - low) * (np.arange(n + 1) - 0.5) / (n - 1)


# ------------------------------------------------------------------------ codes as dots


def code_colors(values: np.ndarray) -> np.ndarray:
    """Colours (n, 3) in [0, 1]: ten fixed ones for classes 0, 1, ..., a scale for a factor."""
    values = np.asarray(values)
    if _is_class(values):
        return mpl.colormaps["tab10"](values.astype(int) % 10)[:, :3]
    low, high = values.min(), values.max()
    return mpl.colormaps["viridis"]((values - low) / max(high - low, 1e-12))[:, :3]


def _is_class(values: np.ndarray) -> bool:
    return len(np.unique(values)) <= CLASSES and np.array_equal(values, np.round(values))


def class_places(codes: np.ndarray, values: np.ndarray) -> dict[int, np.ndarray]:
    """Where to write each class: at the code of its medoid, the one nearest to all the others."""
    codes, values = _codes(codes, 2), np.asarray(values)
    if not _is_class(values):
        return {}
    return {int(v): _medoid(codes[values == v]) for v in np.unique(values)}


def _medoid(points: np.ndarray) -> np.ndarray:
    apart = np.sqrt(np.sum((points[:, None] - points) ** 2, axis=2))
    return points[np.argmin(apart.sum(axis=1))]


def scatter_codes(codes: np.ndarray, values: np.ndarray, ax: Axes, *, size: float = 4) -> None:
    """Dots for codes (n, 2), coloured by class or factor; each class's number stands in it."""
    ax.scatter(*_codes(codes, 2).T, s=size, c=code_colors(values), lw=0, alpha=0.7)
    for name, place in class_places(codes, values).items():
        ax.annotate(
            str(name), place, ha="center", va="center", weight="bold",
            bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip
    ax.set(xlabel="$z_1$", ylabel="$z_2$")


# -------------------------------------------------------------------- frames of the explorable

SIDE = 512  # pixels of the panel with the codes, and of an 8 x 8 picture: whole tiles of a sheet
GREYS = 32  # grey levels of the picture: few different tiles, no difference to the eye


@dataclass(frozen=True)
class CodePlane:
    """Codes as dots, drawn once, and beside them the picture decoded where you are.

    Parameters
    ----------
    codes : ndarray, shape (n, 2)
    values : ndarray, shape (n,)
        A class or a factor of each example, shown by colour.
    zoom : int
        Side in pixels of a pixel of the decoded picture. An explorable holds 225 frames of 8 x 8
        pictures with zoom 64, or 169 of 32 x 32 with zoom 6.
    margin : float
        Room round the codes, as a share of the range they cover.
    names : tuple of str
        What the two numbers of a code are called, to the right and upwards.
    """

    codes: np.ndarray
    values: np.ndarray
    zoom: int = 64
    margin: float = 0.05
    names: tuple[str, str] = ("z₁", "z₂")

    @cached_property
    def ranges(self) -> tuple[Range, Range]:
        """What the panel shows of z1 and of z2."""
        return plane_range(self.codes, self.margin)

    @cached_property
    def panel(self) -> Image.Image:
        """The codes without a cross."""
        image = Image.new("RGB", (SIDE, SIDE), "white")
        draw = ImageDraw.Draw(image)
        fills = (255 * code_colors(self.values)).astype(int)
        for (x, y), fill in zip(self.to_pixels(self.codes), fills, strict=True):
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), tuple(map(int, fill)))
        for name, place in class_places(self.codes, self.values).items():
            x, y = self.to_pixels(place[None])[0]
            style = {"stroke_width": 5, "stroke_fill": "white", "anchor": "mm"}
            draw.text((x, y), str(name), INK, _font(34), **style)
        draw.rectangle((0, 0, SIDE - 17, SIDE - 1), outline="#9aa1ab", width=2)
        draw.text((SIDE - 26, SIDE - 8), self.names[0], INK, _font(28), anchor="rb")
        draw.text((10, 6), self.names[1], INK, _font(28))
        return image

    def to_pixels(self, codes: np.ndarray) -> np.ndarray:
        """Where codes (n, 2) stand in the panel, (n, 2), in pixels from its top left corner."""
        (left, right), (low, high) = self.ranges
        x = (codes[:, 0] - left) / (right - left) * (SIDE - 17)
        y = (high - codes[:, 1]) / (high - low) * (SIDE - 1)
        return np.column_stack([x, y])

    def frame(self, z: np.ndarray, picture: np.ndarray) -> np.ndarray:
        """The panel with a cross at code z (2,), and the picture (h, w) decoded there; uint8."""
        big = _enlarge(picture, self.zoom)
        frame = Image.new("RGB", (SIDE + big.width, SIDE), "white")
        frame.paste(self.panel, (0, 0))
        frame.paste(big, (SIDE, (SIDE - big.height) // 2))
        _cross(ImageDraw.Draw(frame), *self.to_pixels(np.asarray(z, dtype=float)[None])[0])
        return np.asarray(frame)


def plane_frame(plane: CodePlane, decode: Decode, z1: float, z2: float) -> np.ndarray:
    """What an explorable shows at (z1, z2): decode the code and draw the frame."""
    z = np.array([z1, z2])
    return plane.frame(z, decode(z[None])[0])


def _enlarge(picture: np.ndarray, zoom: int) -> Image.Image:
    levels = np.rint(np.clip(picture, 0, 1) * (GREYS - 1)) * (255 / (GREYS - 1))
    big = levels.astype(np.uint8).repeat(zoom, axis=0).repeat(zoom, axis=1)
    return Image.fromarray(big[:SIDE])


def _cross(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """A cross with a white rim, so that it is seen on dots of every colour."""
    for color, width, reach in (("white", 11, 20), (INK, 5, 17)):
        draw.line((x - reach, y, x + reach, y), color, width)
        draw.line((x, y - reach, x, y + reach), color, width)


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), size)


# ------------------------------------------------------------------------- holes and walks


def code_density(points: np.ndarray, codes: np.ndarray, width: float) -> np.ndarray:
    """Average of Gaussians of standard deviation `width` on codes (n, k), at points (m, k)."""
    codes = _codes(codes)
    if not width > 0:
        raise ValueError(f"width is a standard deviation, it must be above 0, got {width}")
    squares = np.sum((np.asarray(points)[:, None] - codes) ** 2, axis=2) / width**2
    scale = (2 * np.pi * width**2) ** (codes.shape[1] / 2)
    return np.exp(-squares / 2).mean(axis=1) / scale


def emptiness(points: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Distance from points (m, k) to the nearest of the codes (n, k), shape (m,)."""
    return metrics.nearest(points, codes)[1]


def hole_limit(codes: np.ndarray, new: np.ndarray, level: float = 0.95) -> float:
    """A point farther than this from all `codes` lies in a hole: `level` of `new` codes do not.

    `new` (m, k) are codes of examples the network was not trained on.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is a share of the new codes, in (0, 1), got {level}")
    return float(np.quantile(emptiness(new, codes), level))


def walk(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """Codes (steps, k) on the straight line from a (k,) to b (k,), both included."""
    if steps < 2:
        raise ValueError(f"a walk has both its ends: steps must be at least 2, got {steps}")
    return np.linspace(np.asarray(a, dtype=float), np.asarray(b, dtype=float), steps)


def _codes(codes: np.ndarray, k: int | None = None) -> np.ndarray:
    codes = np.asarray(codes, dtype=float)
    if codes.ndim != 2 or len(codes) == 0 or k not in (None, codes.shape[1]):
        raise ValueError(f"codes must be (n, {k or 'k'}) with n > 0, got shape {codes.shape}")
    return codes
