"""Drawings of the lesson on autoencoders that cannot generate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from lib.code_space import Along, CodeSpace, Patch
from lib.latent_plane import plane_picture, plane_points, plane_range, scatter_codes, show_plane
from lib.plots import COLORS, WIDTH

HOLE = "#f2d6ac"  # a light tone of COLORS["error"]: dots stay visible on it


def recode_panels(
    codes: Mapping[str, np.ndarray], made: Mapping[str, np.ndarray], data: np.ndarray
) -> Figure:
    """Above, histograms of codes (n,) and the normal density; below, data (n, 2) and samples.

    Samples are drawn 12 % farther from the origin, so that they do not hide the data.
    """
    rows = {"height_ratios": [1, 0.95], "squeeze": False}
    fig, axes = plt.subplots(2, len(codes), figsize=(WIDTH, 3.7), **rows)
    grid = np.linspace(-3, 3, 200)
    for (name, z), (top, low) in zip(codes.items(), axes.T, strict=True):
        bins = np.arange(np.floor(z.min()), np.ceil(z.max()) + 0.2, 0.25)
        top.hist(z, bins, density=True, color=COLORS["latent"], alpha=0.8)
        top.plot(grid, stats.norm.pdf(grid), "--", color=COLORS["prior"], lw=1.3)
        top.set(title=name, xlabel="code z", yticks=[])
        low.plot(*data.T, ".", ms=3, color=COLORS["data"])
        low.plot(*(1.12 * made[name]).T, ".", ms=3, color=COLORS["model"])
        low.set(xlabel="$x_1$", aspect="equal", xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    axes[0, 0].set_ylabel("density")
    axes[1, 0].set_ylabel("$x_2$")
    return fig


def circle_panels(turn: np.ndarray, codes: np.ndarray, errors: np.ndarray) -> Figure:
    """Code and squared error along a circle, `turn` in half turns from 0 to 2."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.5))
    left.plot(180 * turn, codes, color=COLORS["latent"])
    left.set(ylabel="code z")
    right.plot(180 * turn, errors, color=COLORS["error"])
    right.axhline(1, ls=":", color=COLORS["good"])
    right.set(ylabel="squared error")
    for ax in (left, right):
        ax.set(xlabel="angle (degrees)", xticks=range(0, 361, 90))
    return fig


def plane_panels(space: CodeSpace, values: np.ndarray, n: int, *, holes: bool = False) -> Figure:
    """Codes (N, 2) as dots, coloured by values (N,); beside them n x n pictures decoded there.

    `holes` shades them among the dots, and keeps the pictures apart by white lines.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.6))
    x_range, y_range = plane_range(space.z)
    if holes:
        shade = space.in_hole(plane_points(x_range, y_range, 100)).reshape(100, 100)
        sides = {"extent": (*x_range, *y_range), "levels": [0.5, 1], "colors": [HOLE]}
        left.contourf(shade[::-1], **sides)
    scatter_codes(space.z, values, left)
    left.set(xlim=x_range, ylim=y_range)
    picture = plane_picture(space.decode, x_range, y_range, n)
    show_plane(picture, x_range, y_range, n, right, lines=holes)
    return fig


def walk_panels(walks: Mapping[str, Along], limits: tuple[float, float]) -> Figure:
    """Means along the way of each kind of walk; `limits` of a hole and of far pictures dotted."""
    fig, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.5))
    for (name, found), color in zip(walks.items(), ("data", "error"), strict=True):
        for ax, values in zip(axes, found, strict=True):
            way = np.linspace(0, 1, values.shape[1])
            ax.plot(way, values.mean(axis=0), color=COLORS[color], label=name)
    for ax, limit in zip(axes, limits, strict=False):
        ax.axhline(limit, ls=":", color=COLORS["prior"])
    labels = "distance to a code", "distance to a digit", "share unsure"
    for ax, label in zip(axes, labels, strict=True):
        ax.set(xlabel="share of the way", ylabel=label, ylim=(0, None))
    axes[2].set_ylim(0, 1.25)
    axes[2].legend(loc="upper left")
    return fig


def patch_panels(counts: Sequence[int], patches: Sequence[Patch], baseline: float) -> Figure:
    """Likelihood of codes, Fréchet distance and closeness to training codes against M."""
    fitted, held_out, frechet, ratio = (
        np.array([getattr(p, what) for p in patches])
        for what in ("fitted", "held_out", "frechet", "ratio")
    )
    best = np.argmax(held_out)
    fig, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.7))
    axes[0].plot(counts, fitted, "--", color=COLORS["prior"], label="training codes")
    axes[0].plot(counts, held_out, color=COLORS["data"], label="new codes")
    axes[0].plot(counts[best], held_out[best], "o", color=COLORS["model"], label="best")
    axes[0].set(ylabel="nats a code", ylim=(held_out[best] - 20, None))
    axes[0].legend(loc="upper left", fontsize=8)
    for ax, values, level in zip(axes[1:], (frechet, ratio), (baseline, 1), strict=True):
        ax.plot(counts, values, color=COLORS["model"])
        ax.axhline(level, ls=":", color=COLORS["good"])
        ax.set(ylim=(0, None))
    axes[1].set_ylabel("Fréchet distance")
    axes[2].set_ylabel("distance to codes (ratio)")
    for ax in axes:
        ax.set(xscale="log", xlabel="Gaussians M")
    return fig
