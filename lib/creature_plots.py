"""Drawings of the lesson on creatures: sheets of sprites, palettes, curves, frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from lib.plots import COLORS, INK, WIDTH

ZOOM = 12  # screen pixels of a pixel in an explorable
GAP = 24  # between its two pictures
PAPER = np.uint8(255)


def sprite_rows(
    rows: Mapping[str, np.ndarray],
    *,
    heads: Sequence[str] = (),
    given: int | None = None,
    side: float = 0.6,
) -> Figure:
    """Rows of coloured pictures (n, h, w, 3), one length for all; a row's key stands at its left.

    `heads` are titles of the columns. A line under row number `given` of the pixels shows how much
    of each picture was not drawn by the model. A picture is `side` inches wide at most.
    """
    counts = {name: len(images) for name, images in rows.items()}
    counts |= {"heads": len(heads)} if heads else {}
    if len(set(counts.values())) != 1:
        raise ValueError(f"all rows need one length, got {counts}")
    n = next(iter(counts.values()))
    side = min(side, (WIDTH - 0.9) / n)
    size = (side * n + 0.9, side * len(rows) + 0.25 * bool(heads))
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    fig, axes = plt.subplots(len(rows), n, figsize=size, squeeze=False, layout=layout)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, images, strict=True):
            _sprite(ax, image, given)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for ax, text in zip(axes[0], heads, strict=False):
        ax.set_title(text, fontsize=9, pad=2)
    return fig


def _sprite(ax: Axes, image: np.ndarray, given: int | None) -> None:
    ax.imshow(np.clip(image, 0, 1), interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(False)
    if given is not None:
        ax.plot([-0.5, image.shape[1] - 0.5], [given - 0.5] * 2, color=INK, lw=0.7, alpha=0.5)


def palette_figure(palette: np.ndarray, counts: np.ndarray) -> Figure:
    """The colours of a palette (k, 3) as bars: how many pixels of each, on a logarithmic axis."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.2))
    ax.bar(range(len(palette)), counts, color=palette, edgecolor=INK, lw=0.4, width=0.9)
    ax.set(xlabel="palette index", ylabel="pixels", yscale="log", xlim=(-0.7, len(palette) - 0.3))
    return fig


def error_against_size(sizes: Sequence[int], errors: Mapping[str, Sequence[float]]) -> Figure:
    """Root mean square error of a colour against the size of the palette, one curve each."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.6))
    styles = zip(errors.items(), ("model", "error", "prior"), ("-o", "--s", ":^"), strict=False)
    for (name, values), color, style in styles:
        ax.plot(sizes, values, style, ms=4, color=COLORS[color], label=name)
    ax.set(xlabel="colours in the palette, k", ylabel="rms error of a channel", xscale="log")
    ax.set_xticks(sizes, [str(k) for k in sizes])
    ax.minorticks_off()
    ax.set_ylim(0, None)
    ax.legend()
    return fig


def learning_curves(bits: Mapping[str, Sequence[float]], batch: int, width: int = 20) -> Figure:
    """Bits per dimension of each step, a moving average over `width`, against pictures seen."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.7))
    styles = zip(bits.items(), ("latent", "prior", "model"), ("--", "-.", "-"), strict=False)
    for (label, values), color, style in styles:
        smooth = np.convolve(values, np.full(width, 1 / width), mode="valid")
        pictures = batch * (np.arange(len(smooth)) + width)
        ax.plot(pictures, smooth, style, color=COLORS[color], label=label)
    ax.set(xlabel="pictures seen", ylabel="bits per dimension")
    ax.set_ylim(0, None)
    ax.legend()
    return fig


def completion_frame(original: np.ndarray, drawn: np.ndarray, rows: int) -> np.ndarray:
    """An original beside a completion of its first `rows`, crisp: uint8 (h, w, 3).

    Both are colours (h, w, 3) in [0, 1]. A bar at the left of the completion marks what was given.
    """
    original, drawn = (_enlarge(v) for v in (original, drawn))
    height, width = original.shape[:2]
    frame = np.full((height, 2 * width + 2 * GAP, 3), PAPER)
    frame[:, :width], frame[:, width + 2 * GAP :] = original, drawn
    bar = slice(width + GAP, width + GAP + GAP // 3)
    frame[: rows * ZOOM, bar] = (31, 111, 178)  # the colour of data
    frame[rows * ZOOM :, bar] = (200, 68, 60)  # the colour of the model
    return frame


def _enlarge(rgb: np.ndarray) -> np.ndarray:
    """Colours in [0, 1] as bytes, every pixel a square."""
    pixels = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return pixels.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)


def sweep_figure(pictures: np.ndarray, values: Sequence[float], names: tuple[str, str]) -> Figure:
    """One big picture of coloured pictures (rows, columns, h, w, 3), a swept latent on each axis.

    The first latent grows to the right, the second upwards; `values` are those of both.
    """
    n, m, h, w = pictures.shape[:4]
    if n != m or n != len(values):
        raise ValueError(f"a sweep over {len(values)} values is square, got {n} x {m} pictures")
    sheet = pictures.swapaxes(1, 2).reshape(n * h, m * w, 3)
    fig, ax = plt.subplots(figsize=(5.2, 5.2))
    ax.imshow(np.clip(sheet, 0, 1), interpolation="nearest")
    texts = [f"{v:g}".replace("-", "−") for v in values]
    ax.set_xticks(w * (np.arange(m) + 0.5) - 0.5, texts)
    ax.set_yticks(h * (np.arange(n) + 0.5) - 0.5, texts[::-1])
    ax.set(xlabel=names[0], ylabel=names[1])
    ax.grid(False)
    return fig
