"""Drawings of sounds and of the layers that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from lib.plots import COLORS, INK, WIDTH


def readings(dilations: Sequence[int], taps: int = 2) -> list[list[tuple[int, int]]]:
    """Which values one output reads, layer by layer from the bottom: pairs (input, output).

    Values are named by how many steps they lie back; the output of the last layer is 0.
    """
    wanted, found = {0}, []
    for dilation in reversed(dilations):
        pairs = [(at + k * dilation, at) for at in sorted(wanted) for k in range(taps)]
        wanted = {back for back, _ in pairs}
        found.append(pairs)
    return found[::-1]


def reading_trees(stacks: Mapping[str, Sequence[int]], taps: int = 2) -> Figure:
    """For each stack of dilated layers, the samples that one prediction is made from."""
    widest = max(1 + (taps - 1) * sum(dilations) for dilations in stacks.values())
    fig, axes = plt.subplots(len(stacks), 1, figsize=(WIDTH, 2.1 * len(stacks)), squeeze=False)
    for ax, (name, dilations) in zip(axes[:, 0], stacks.items(), strict=True):
        _tree(ax, readings(dilations, taps), widest)
        ax.set_title(name, loc="left")
    axes[-1, 0].set_xlabel("samples before the predicted one")
    return fig


def _tree(ax, layers: list[list[tuple[int, int]]], widest: int) -> None:
    back = np.arange(widest)
    for height in range(len(layers) + 1):
        ax.plot(-1 - back, np.full(widest, height), ".", color=COLORS["prior"], ms=2.5)
    for height, pairs in enumerate(layers):
        lines = [[(-1 - a, height), (-1 - b, height + 1)] for a, b in pairs]
        ax.add_collection(LineCollection(lines, colors=COLORS["latent"], linewidths=1.0))
        role = "data" if height == 0 else "latent"
        ax.plot([-1 - a for a, _ in pairs], [height] * len(pairs), "o", color=COLORS[role], ms=4)
    top = len(layers)
    arrow = {"arrowstyle": "->", "color": INK}
    ax.annotate("", (-0.12, top), (-1, top), arrowprops=arrow)
    ax.plot([-1, 0], [top, top], "o", color=COLORS["model"], ms=5)
    ax.set(yticks=[0, top], yticklabels=["input", "output"], xlim=(-widest - 0.7, 0.7))
    ax.grid(False)


def wave_rows(
    rows: Mapping[str, tuple[np.ndarray, str]], rate: int, *, start: int = 0, samples: int = 160
) -> Figure:
    """Waves over time, one below the other; a row is (wave, role), its key the title."""
    fig, axes = plt.subplots(
        len(rows),
        1,
        figsize=(WIDTH, 1.25 * len(rows) + 0.3),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    part = slice(start, start + samples)
    for ax, (name, (wave, role)) in zip(axes[:, 0], rows.items(), strict=True):
        ax.plot(1000 * np.arange(len(wave))[part] / rate, wave[part], color=COLORS[role], lw=1.3)
        ax.set(ylabel="amplitude")
        ax.set_title(name, loc="left")
    axes[-1, 0].set_xlabel("time in milliseconds")
    return fig
