"""Drawings of the autoencoder lesson: the moving dot, error curves, arrows towards the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from lib.eigenface_plots import _font
from lib.plots import COLORS

ZOOM, GAP, HEAD = 4, 8, 34  # of a picture in a frame; pixels between two; above them


def dot_and_share(strips: np.ndarray, share: np.ndarray) -> Figure:
    """Strips (n, pixels), one a row, beside the share of variance that k components lose."""
    fig, (left, right) = plt.subplots(1, 2, width_ratios=[1.2, 1])
    left.imshow(strips, aspect="auto", vmin=0, vmax=1, interpolation="nearest")
    left.grid(False)
    left.set(xlabel="pixel", ylabel="example")
    right.set_xticks(range(0, len(share), 4))
    right.semilogy(np.arange(len(share)), share, "o-", color=COLORS["prior"], ms=4)
    right.set(xlabel="components K", ylabel="share of the variance lost", ylim=(1e-4, 1.5))
    return fig


def curve_in_plane(
    ax: Axes, data: np.ndarray, rebuilt: np.ndarray, title: str, color: str = "model"
) -> None:
    """Scores (n, 2) of the data in order of position, and of what a model makes of them."""
    ax.plot(*data.T, color=COLORS["data"], lw=5, alpha=0.35, label="data")
    ax.plot(*rebuilt.T, ".", color=COLORS[color], ms=4, label="rebuilt")
    ax.set(xlabel="score 1", ylabel="score 2", title=title, aspect="equal")


def share_curves(share: Mapping[tuple[str, int], float], roles: Sequence[str]) -> Figure:
    """Share of variance lost against code size; `share` maps (model, k) to it.

    `roles` are the colours of the models, in the order in which these first come.
    """
    fig, ax = plt.subplots(figsize=(5.2, 3.2))
    models = dict.fromkeys(model for model, _ in share)
    for name, role, mark in zip(models, roles, "os^Dv"[: len(models)], strict=True):
        points = sorted((k, v) for (model, k), v in share.items() if model == name)
        ax.loglog(*zip(*points, strict=True), mark + "-", color=COLORS[role], label=name, ms=5)
    sizes = sorted({k for _, k in share})
    ax.set_xticks(sizes, [str(k) for k in sizes])
    ax.set_yticks([0.1, 0.2, 0.4], ["10 %", "20 %", "40 %"])
    ax.minorticks_off()
    ax.set(xlabel="numbers in the code, K", ylabel="variance lost, held out")
    ax.legend()
    return fig


def arrows(ax: Axes, data: np.ndarray, start: np.ndarray, end: np.ndarray, title: str) -> None:
    """Points (n, 2) of the data, and arrows from `start` to `end`, both (m, 2)."""
    ax.plot(*data.T, ".", color=COLORS["data"], ms=2, alpha=0.4)
    step = end - start
    ax.quiver(
        *start.T, *step.T, color=COLORS["model"], angles="xy", scale_units="xy", scale=1, width=4e-3
    )
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$", title=title)


def label_curves(
    found: Mapping[int, Mapping[str, Sequence[float]]], roles: Sequence[str]
) -> Figure:
    """Mean accuracy and the spread of its draws against labels per class, one line a method."""
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    ks = list(found)
    names = list(found[ks[0]])
    for j, (name, role) in enumerate(zip(names, roles, strict=True)):
        values = np.array([found[k][name] for k in ks])  # (ks, draws)
        x = np.array(ks) * 1.03 ** (j - (len(names) - 1) / 2)  # side by side
        style = {"color": COLORS[role], "label": name, "capsize": 2}
        ax.errorbar(x, values.mean(1), values.std(1), fmt="o-", ms=4, **style)
    ax.set_xscale("log")
    ax.set_xticks(ks, [str(k) for k in ks])
    ax.minorticks_off()
    ax.set(xlabel="labels per class", ylabel="accuracy on held-out digits")
    ax.legend()
    return fig


def comparison_frame(
    pictures: Mapping[str, np.ndarray], notes: Sequence[str], columns: int = 3
) -> np.ndarray:
    """Pictures (h, w) in rows of `columns`, a name and a note above each; uint8 (., ., 3)."""
    if len(notes) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures need as many notes, got {len(notes)}")
    h, w = (ZOOM * side for side in next(iter(pictures.values())).shape)
    size = columns * (w + GAP) - GAP, -(-len(pictures) // columns) * (h + HEAD)
    frame = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(frame)
    for j, ((name, picture), note) in enumerate(zip(pictures.items(), notes, strict=True)):
        left, top = j % columns * (w + GAP), j // columns * (h + HEAD)
        grey = np.rint(np.clip(picture, 0, 1) * 63) * (255 / 63)
        big = grey.astype(np.uint8).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        frame.paste(Image.fromarray(big), (left, top + HEAD))
        pen.text((left + w / 2, top + 1), name, fill="#2b2f36", font=_font(13), anchor="ma")
        pen.text((left + w / 2, top + 17), note, fill="#2b2f36", font=_font(12), anchor="ma")
    return np.asarray(frame)
