"""Drawings of the lesson on pictures from a GAN."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lib.ddpm_plots import sheet_frame
from lib.few_steps import to_pictures
from lib.gan_pictures import Snapshot
from lib.plots import COLORS, WIDTH
from lib.tables import table

FORMS = {"rarest class": "{:.0%}", "seconds": "{:.0f}"}  # of the columns of a table
ROLES = ("data", "model", "latent", "error")  # of the bars beside each other


def visit_maps(maps: Mapping[str, np.ndarray]) -> Figure:
    """How often each output pixel is written to, (m, m) each, the number written in its cell."""
    fig, axes = plt.subplots(1, len(maps), figsize=(WIDTH, 2.6), squeeze=False)
    top = max(counts.max() for counts in maps.values())
    for ax, (name, counts) in zip(axes[0], maps.items(), strict=True):
        ax.imshow(counts, cmap="Purples", vmin=0, vmax=1.6 * top)
        for place, count in np.ndenumerate(counts):
            ax.text(*place[::-1], count, ha="center", va="center", fontsize=8)
        ax.set(title=name, xticks=[], yticks=[])
        ax.grid(visible=False)
    return fig


def progress_panels(shots: Sequence[Snapshot], lines: Mapping[str, float]) -> Figure:
    """Both players' losses, and the Fréchet distance of the samples, against the epoch.

    `lines` are distances to compare with; a draw costs D 2 log 2 and G log 2.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.7))
    epochs = [shot.epoch for shot in shots]
    for name, role in (("d_loss", "data"), ("g_loss", "model")):
        values = [getattr(shot, name) for shot in shots]
        left.plot(epochs, values, color=COLORS[role], label=f"loss of {name[0].upper()}")
    for count in (1, 2):
        _yardstick(left, f"{'2 ' * (count - 1)}log 2", count * np.log(2))
    left.set(xlabel="epoch", ylabel="loss (nats)", ylim=(0, 1.8))
    left.legend(ncols=2, loc="upper center")
    right.plot(epochs, [shot.facts["Fréchet"] for shot in shots], color=COLORS["model"])
    right.set(xlabel="epoch", ylabel="Fréchet distance", yscale="log", ylim=(0.4, None))
    ticks = (0.5, 1, 2, 5, 10, 20, 50)
    right.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    right.minorticks_off()
    for name, height in lines.items():
        _yardstick(right, name, height)
    return fig


def _yardstick(ax: Axes, name: str, height: float) -> None:
    ax.axhline(height, color=COLORS["prior"], lw=1, ls="--")
    ax.annotate(name, (0, height), (3, 2), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="left", fontsize=8,
                color=COLORS["prior"])  # fmt: skip


def share_bars(shares: Mapping[str, np.ndarray], limit: float) -> Figure:
    """Class shares (10,) of several sets of digits side by side; the limit as a line."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.6))
    width = 0.8 / len(shares)
    for k, ((name, values), role) in enumerate(zip(shares.items(), ROLES, strict=False)):
        places = np.arange(len(values)) + (k + 0.5) * width - 0.4
        ax.bar(places, 100 * values, 0.9 * width, color=COLORS[role], label=name)
    ax.axhline(100 * limit, color=COLORS["good"], lw=1.2, ls="--")
    ax.set(xticks=range(len(values)), xlabel="digit", ylabel="share of the samples (%)")
    ax.legend(ncols=len(shares), loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return fig


def two_losses(losses: Mapping[str, Sequence[float]], level: float) -> Figure:
    """Losses of two trainings against the step; the loss of somebody who knows nothing as a line.

    The first one is drawn in the colour of errors.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 2.3))
    for (name, values), role in zip(losses.items(), ("error", "model"), strict=True):
        ax.plot(1 + np.arange(len(values)), values, color=COLORS[role], label=name)
    ax.axhline(level, color=COLORS["prior"], lw=1, ls="--")
    ax.set(xlabel="optimisation step", ylabel="loss of D (nats)", ylim=(0, None))
    ax.legend(loc="center right")
    return fig


def judge_table(name: str, facts: Mapping[str, Mapping[str, float]]) -> Markdown:
    """What `lib.gan_pictures.judge` says of several sets of digits, one a row; shares in %.

    A row may also hold "seconds"; what a row lacks of the first one stays empty.
    """
    first, rows = next(iter(facts.values())), []
    for key, row in facts.items():
        cells = [FORMS.get(k, "{:.2f}").format(row[k]) if k in row else "" for k in first]
        rows.append([key, *cells])
    return table([name, *first], rows)


# ------------------------------------------------------------------ frames of the explorables


def epoch_frames(shots: Sequence[Snapshot], n: int = 40) -> Callable[[int], np.ndarray]:
    """What an explorable draws: `n` pictures of the snapshot number `k`, and its numbers."""

    def frame(k: int) -> np.ndarray:
        shot = shots[k]
        numbers = f"Fréchet {shot.facts['Fréchet']:.1f}, rarest {shot.facts['rarest class']:.0%}"
        losses = f"losses D {shot.d_loss:.2f}, G {shot.g_loss:.2f}"
        text = f"epoch {shot.epoch}: {numbers}; {losses}"
        return sheet_frame(shot.pictures[:n], text, columns=10)

    return frame


def walk_frames(
    paths: Mapping[str, Tensor], lengths: Mapping[str, Sequence[float]]
) -> Callable[[int, str], np.ndarray]:
    """What an explorable draws: of every walk on a path the picture number `stop`.

    `paths` are (n, stops, h, w) in [-1, 1] with n a multiple of 8; `lengths` the mean length of
    the codes at every stop.
    """

    def frame(stop: int, path: str) -> np.ndarray:
        pictures = to_pictures(paths[path][:, stop])
        share = stop / (paths[path].shape[1] - 1)
        text = f"{share:.0%} of the way, {path}: length of z {lengths[path][stop]:.1f}"
        return sheet_frame(pictures, text, columns=8)

    return frame
