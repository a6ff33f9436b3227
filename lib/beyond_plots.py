"""Figures of the lesson on hierarchies and on data that are no pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lib.mesh_render import render_mesh
from lib.plots import COLORS, WIDTH, loss_curves


def stacked_rates(share: np.ndarray, rate_1: np.ndarray, rate_2: np.ndarray) -> Figure:
    """Rates of two levels on top of each other, against the top level's share of the variance."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.7))
    ax.fill_between(share, 0, rate_2, color=COLORS["latent"], alpha=0.8, lw=0)
    ax.fill_between(share, rate_2, rate_1 + rate_2, color=COLORS["prior"], alpha=0.5, lw=0)
    ax.text(0.93, 0.3 * rate_2[-1], "rate of $z_2$", ha="right", color="white")
    ax.text(0.05, 0.7 * (rate_1 + rate_2)[0], "rate of $z_1$ given $z_2$")
    ax.set(xlabel="share of the variance of $z_1$ that comes from $z_2$", ylabel="nats")
    ax.set(xlim=(0, 1), ylim=(0, 1.15 * (rate_1 + rate_2).max()))
    return fig


def rate_curves(rate_1: Sequence[float], rate_2: Sequence[float], smooth: int) -> Figure:
    """Rates of two levels against the optimisation step, in the colours of `stacked_rates`."""
    shown = {"rate of $z_1$ given $z_2$": rate_1, "rate of $z_2$": rate_2}
    colors = [COLORS["prior"], COLORS["latent"]]
    with plt.rc_context({"axes.prop_cycle": plt.cycler(color=colors)}):
        return loss_curves(shown, ylabel="nats per example", smooth=smooth)


def point_panels(panels: Mapping[str, np.ndarray], colors: Sequence[str]) -> Figure:
    """Points (n, 2) of every panel, on the same axes."""
    fig, axes = plt.subplots(1, len(panels), figsize=(WIDTH, 2.5), sharex=True, sharey=True)
    for ax, (name, points), color in zip(axes, panels.items(), colors, strict=True):
        ax.plot(*np.asarray(points).T, ".", ms=2, alpha=0.6, color=COLORS[color])
        ax.set(title=name, xlabel="first coordinate")
        ax.set_aspect("equal")
    axes[0].set_ylabel("second coordinate")
    return fig


def tiles(pictures: np.ndarray, columns: int) -> np.ndarray:
    """Pictures (n, h, w) in rows of `columns`, each with a white rim: one picture, 1 is white.

    Raises ValueError unless n is a multiple of `columns`.
    """
    n = len(pictures)
    if n % columns:
        raise ValueError(f"{n} pictures do not fill rows of {columns}")
    rimmed = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), constant_values=1)
    h, w = rimmed.shape[1:]
    return rimmed.reshape(-1, columns, h, w).swapaxes(1, 2).reshape(n // columns * h, columns * w)


def portraits(heads: np.ndarray, triangles: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Heads (n, v, 3) in mm as they are turned, all in one skin `tone` (v,): (n, 110, 110)."""
    return np.array([render_mesh(h, triangles, tone, size=110, span=280) for h in heads])


def spectrogram_rows(rows: Mapping[str, np.ndarray], titles: Sequence[str]) -> Figure:
    """Spectrograms (n, 128, 32) of every row; half a second to the right, 4 kHz upwards."""
    columns = len(titles)
    fig, axes = plt.subplots(
        len(rows), columns, figsize=(WIDTH, 1.35 * len(rows) + 0.4), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    for line, (name, levels) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(line, levels, strict=True):
            ax.imshow(picture, origin="lower", aspect="auto", extent=(0, 0.5, 0, 4), vmin=0, vmax=1)
            ax.grid(False)
        line[0].set_ylabel(f"{name}\n(kHz)")
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=9)
    for ax in axes[-1]:
        ax.set(xlabel="time (s)", xticks=[0, 0.5], xticklabels=["0", "0.5"])
    return fig


def yaw_lines(panels: Mapping[str, np.ndarray], colors: Sequence[str]) -> Figure:
    """How far the head is turned in every frame of clips, yaw (n, frames), a line a clip."""
    fig, axes = plt.subplots(1, len(panels), figsize=(WIDTH, 2.4), sharex=True, sharey=True)
    for ax, (name, yaw), color in zip(axes, panels.items(), colors, strict=True):
        ax.plot(np.arange(1, yaw.shape[1] + 1), yaw.T, lw=1.2, alpha=0.8, color=COLORS[color])
        ax.set(title=name, xlabel="frame", xticks=[1, 4, 7, 10])
    axes[0].set_ylabel("yaw read (degrees)")
    return fig
