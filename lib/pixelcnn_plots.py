"""Drawings of the PixelCNN lesson: kernels, who sees whom, fields of view, halves completed."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from torch import Tensor

from lib import plots
from lib.masked import causal_mask
from lib.plots import COLORS

FUTURE, EARLIER, SEEN, BLIND, PIXEL = range(5)
FIELD_COLORS = ("#ffffff", "#d9dce1", COLORS["data"], COLORS["error"], COLORS["model"])
FIELD_NAMES = ("later", "earlier, not reached", "seen", "blind spot", "the pixel")
TEXT = 9


def _cells(ax: Axes, size: tuple[int, int]) -> None:
    """A grid of thin lines round every cell of a picture (h, w); no ticks."""
    h, w = size
    ax.set_xticks(np.arange(w + 1) - 0.5, labels=[""] * (w + 1), minor=False)
    ax.set_yticks(np.arange(h + 1) - 0.5, labels=[""] * (h + 1), minor=False)
    ax.tick_params(length=0)
    ax.set_axisbelow(False)
    ax.grid(color="#9aa1ab", linewidth=0.5)
    for side in ax.spines.values():
        side.set(visible=True, edgecolor="#9aa1ab", linewidth=0.8)


def mask_panels(rows: int = 3, width: int = 5) -> Figure:
    """The taps of the four masks: allowed in blue, the pixel itself framed in red."""
    names = {"A": "A: before me", "B": "B: and me", "above": "rows above", "rows": "whole rows"}
    fig, axes = plt.subplots(1, len(names), figsize=(plots.WIDTH, 1.45))
    for ax, (kind, name) in zip(axes, names.items(), strict=True):
        mask = causal_mask(rows, width, kind).numpy()
        ax.imshow(mask, cmap=ListedColormap(["#ffffff", COLORS["data"]]), vmin=0, vmax=1)
        _cells(ax, mask.shape)
        frame = {"fill": False, "edgecolor": COLORS["model"], "linewidth": 2.5, "zorder": 5}
        ax.add_patch(Rectangle((width // 2 - 0.5, rows - 1.5), 1, 1, **frame))
        ax.set_title(name, fontsize=TEXT)
    return fig


def dependence_panels(maps: Mapping[str, np.ndarray | Tensor], *, height: float = 2.4) -> Figure:
    """Who reacts to whom, (D, D) each: blue below the diagonal, orange on it and above."""
    fig, axes = plt.subplots(1, len(maps), figsize=(plots.WIDTH, height), squeeze=False)
    for ax, (name, found) in zip(axes[0], maps.items(), strict=True):
        _dependence(ax, np.asarray(found), name)
    axes[0, 0].set_ylabel("output at place i", fontsize=TEXT)
    return fig


def _dependence(ax: Axes, found: np.ndarray, name: str) -> None:
    size = len(found)
    strength = (found / found.max()) ** 0.35 if found.max() > 0 else found  # small ones show too
    later = np.triu(np.ones_like(found, dtype=bool))
    tint = np.where(later[..., None], to_rgb(COLORS["error"]), to_rgb(COLORS["data"]))
    share = np.where(found > 0, 0.25 + 0.75 * strength, 0)[..., None]
    ax.imshow(1 - share * (1 - tint), interpolation="nearest")
    ax.plot([-0.5, size - 0.5], [-0.5, size - 0.5], color=plots.INK, lw=0.8)
    ax.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=[], yticks=[])
    ax.set_xlabel("input at place j", fontsize=TEXT)
    ax.set_title(name, fontsize=TEXT)
    ax.grid(visible=False)


def field_codes(field: Tensor, blind: Tensor, place: tuple[int, int]) -> np.ndarray:
    """What each pixel (h, w) is to the one at `place`: FUTURE, EARLIER, SEEN, BLIND or PIXEL.

    Blind is what is not seen *within* the box that the field spans; farther pixels are EARLIER.
    """
    seen, hidden = field.numpy(), blind.numpy()
    codes = np.where(hidden, EARLIER, FUTURE)
    if seen.any():
        ys, xs = np.nonzero(seen)
        box = np.zeros_like(seen)
        box[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] = True
        codes[hidden & box] = BLIND
    codes[seen] = SEEN
    codes[place] = PIXEL
    return codes


def field_panels(panels: Mapping[str, np.ndarray], *, height: float = 1.7) -> Figure:
    """Fields of view, each (h, w) as from `field_codes`, and what their colours mean."""
    fig, axes = plt.subplots(1, len(panels), figsize=(plots.WIDTH, height), squeeze=False)
    for ax, (name, codes) in zip(axes[0], panels.items(), strict=True):
        ax.imshow(codes, cmap=ListedColormap(FIELD_COLORS), vmin=0, vmax=4, interpolation="nearest")
        _cells(ax, codes.shape)
        ax.set_title(name, fontsize=TEXT)
    used = sorted({int(code) for codes in panels.values() for code in np.unique(codes)})
    keys = [
        Patch(facecolor=FIELD_COLORS[k], edgecolor="#9aa1ab", label=FIELD_NAMES[k]) for k in used
    ]
    fig.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize=TEXT)
    return fig


def bits_bars(bits: Mapping[str, float], ours: set[str], ax: Axes) -> None:
    """Bits per dimension of several models, the largest on top; `ours` in the model's colour."""
    names = list(bits)[::-1]
    fills = [COLORS["model"] if name in ours else COLORS["prior"] for name in names]
    ax.barh(names, [bits[name] for name in names], color=fills)
    for row, name in enumerate(names):
        ax.text(bits[name] + 0.03, row, f"{bits[name]:.2f}", va="center", fontsize=TEXT)
    ax.set(xlabel="bits per dimension on held-out digits")
    ax.grid(visible=False, axis="y")
