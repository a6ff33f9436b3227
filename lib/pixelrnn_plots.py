"""Drawings of the lesson on recurrent pixel models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from lib import plots

STEPS = ("raster LSTM", "Row LSTM", "Diagonal BiLSTM", "PixelCNN")
LATENT, DATA, MODEL = (plots.COLORS[k] for k in ("latent", "data", "model"))


def when(name: str, height: int, width: int) -> np.ndarray:
    """The step, from 1, at which a training pass computes the state of each pixel, (h, w).

    Of the Diagonal BiLSTM: in the stream from the left; the other runs beside it, mirrored.
    """
    i, j = np.mgrid[:height, :width]
    steps = {
        "raster LSTM": i * width + j,
        "Row LSTM": i,
        "Diagonal BiLSTM": i + j,
        "PixelCNN": 0 * i,
    }
    if name not in steps:
        raise ValueError(f"one of {', '.join(steps)} is wanted, got {name!r}")
    return steps[name] + 1


def unrolled(ax: Axes, steps: int = 4) -> None:
    """The raster LSTM as a chain: it reads the previous pixel and answers for the next."""
    ax.set(xlim=(-0.9, 2 * steps + 0.3), ylim=(-1.55, 1.75), aspect="equal")
    ax.axis("off")
    for k in range(steps):
        x = 2 * k
        box = FancyBboxPatch((x - 0.5, -0.35), 1, 0.7, boxstyle="round,pad=0.05", fc=LATENT, lw=0)
        ax.add_patch(box)
        _text(ax, x, 0, "LSTM", "white")
        _text(ax, x, -1.3, f"$v_{k}$" if k else "nothing", DATA)
        _text(ax, x, 1.45, f"$p(x_{k + 1} \\mid x_{{<{k + 1}}})$", MODEL)
        _arrow(ax, (x, -1.1), (x, -0.42), DATA)
        _arrow(ax, (x, 0.42), (x, 1.2), MODEL)
        _arrow(ax, (x + 0.57, 0), (x + 1.43, 0), LATENT)
        ax.text(x + 1, 0.2, f"$h_{k + 1}, m_{k + 1}$", ha="center", fontsize=9, color=LATENT)
    _text(ax, 2 * steps - 0.15, 0, "…", LATENT)


def _text(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    ax.text(x, y, text, ha="center", va="center", color=color, fontsize=10)


def _arrow(ax: Axes, start: tuple, end: tuple, color: str) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.3})


def gate_rows(rows: Mapping[str, Sequence[float]]) -> Figure:
    """Numbers in -1..1 as a table of coloured cells: one row a name, one column a step."""
    values = np.array([np.asarray(v) for v in rows.values()])
    fig, ax = plt.subplots(figsize=(plots.WIDTH, 0.36 * len(rows) + 0.8))
    ax.imshow(values, cmap="RdBu", vmin=-1.6, vmax=1.6, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        text = f"{value:.1f}".replace("-0.0", "0.0")
        ax.text(j, i, text, ha="center", va="center", fontsize=8, color="black")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xticks(range(values.shape[1]), range(1, values.shape[1] + 1))
    ax.set_xlabel("step (reads the coin before)")
    ax.tick_params(length=0)
    ax.grid(False)
    return fig


def numbered(
    ax: Axes,
    numbers: np.ndarray,
    *,
    title: str = "",
    marked: np.ndarray | None = None,
    size: float = 7,
) -> None:
    """A grid of whole numbers, 0 left empty; colour follows the number, `marked` cells a frame.

    `size` is that of the numbers, in points.
    """
    shown = np.where(numbers > 0, numbers, np.nan)
    ax.imshow(shown, cmap="Purples", vmin=-0.3 * np.nanmax(shown), vmax=1.6 * np.nanmax(shown))
    for (i, j), value in np.ndenumerate(numbers):
        if value > 0:
            ax.text(j, i, str(value), ha="center", va="center", fontsize=size, color="black")
    for i, j in [] if marked is None else np.argwhere(marked):
        frame(ax, i, j, MODEL)
    _bare(ax, title)


def frame(ax: Axes, i: int, j: int, color: str) -> None:
    """A frame around the cell in row i and column j."""
    ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, ec=color, lw=1.6, zorder=3))


def _bare(ax: Axes, title: str) -> None:
    ax.set_title(title, fontsize=9)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)


def seen(ax: Axes, strength: np.ndarray, place: tuple[int, int], *, title: str = "") -> None:
    """How strongly one pixel reacts to each other, on a logarithmic scale; never seen stays white.

    `strength` (h, w) is relative to its largest entry; four powers of ten are told apart.
    """
    top = max(strength.max(), 1e-300)
    level = np.where(strength > 0, np.log10(np.maximum(strength / top, 1e-4)) + 4.6, np.nan)
    ax.imshow(np.full_like(strength, 0.0), cmap="Greys", vmin=0, vmax=1)
    ax.imshow(level, cmap="Blues", vmin=0, vmax=5)
    height, width = strength.shape
    for edge in np.arange(-0.5, width):
        ax.plot([edge, edge], [-0.5, height - 0.5], color="#c8c8c8", lw=0.5)
    for edge in np.arange(-0.5, height):
        ax.plot([-0.5, width - 0.5], [edge, edge], color="#c8c8c8", lw=0.5)
    frame(ax, *place, MODEL)
    _bare(ax, title)


def look_frame(name: str, strength: np.ndarray, place: tuple[int, int]) -> Figure:
    """One frame of the explorable: what a pixel sees, and when its state is computed."""
    fig = plt.figure(figsize=(4.2, 2.3), layout="none")
    left, right = (fig.add_axes((x, 0.02, 0.46, 0.86)) for x in (0.02, 0.52))
    pixels = int((strength > 0).sum())
    seen(left, strength, place, title=f"{name}: sees {pixels} pixels")
    steps = when(name, *strength.shape)
    numbered(right, np.where(steps <= steps[place], steps, 0), title=f"step {steps[place]}")
    which = "left stream" if name == "Diagonal BiLSTM" else "training"
    right.set_title(f"{which}: step {steps[place]} of {steps.max()}", fontsize=9)
    frame(right, *place, MODEL)
    right.set(xlim=(-0.5, strength.shape[1] - 0.5), ylim=(strength.shape[0] - 0.5, -0.5))
    return fig


def fading_curves(ax: Axes, curves: Mapping[str, np.ndarray]) -> None:
    """Gradients of the last state against how many steps ago the input was read."""
    styles = ("-", "--", ":")
    for (name, curve), style in zip(curves.items(), styles, strict=False):
        ago = np.arange(len(curve))[::-1]
        ax.semilogy(ago, curve, style, color=LATENT, label=name)
    ax.set(xlabel="steps ago (pixels)", ylabel="gradient of the state")
    ax.legend()


def bits_curves(ax: Axes, histories: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Held-out bits per dimension after each round, one curve a model."""
    styles = ("-", "--", ":", "-.")
    for (name, history), style in zip(histories.items(), styles, strict=False):
        colour = plots.COLORS["prior"] if name == "PixelCNN" else MODEL
        ax.plot(history["epoch"], history["held out"], style, color=colour, label=name)
    ax.set(xlabel="epochs", ylabel="bits per dimension, held out", xticks=history["epoch"])
    ax.legend()
