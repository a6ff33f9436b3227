"""Drawings of the lesson that puts diffusion beside its relatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from lib.plots import COLORS, WIDTH
from lib.relatives import Split

SHADES = ("#1c3f63", "#1f6fb2", "#7fb1dc", "#c2d9ee")  # from coarse to fine


def split_panels(split: Split, vae: Mapping[str, float], most: float) -> Figure:
    """Told and mismatch by step t; dotted, the two of a VAE; `most` is log N."""
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.6))
    steps = np.arange(1, len(split.told) + 1)
    for ax, name, values in zip(axes, ("told", "mismatch"), split, strict=True):
        ax.plot(steps, values, color=COLORS["model"], label="$x_t$ of the diffusion")
        ax.axhline(vae[name], color=COLORS["latent"], ls=":", label="$z$ of the VAE")
        ax.set(xlabel="step t", ylabel="nats per picture")
    axes[0].axhline(most, color=COLORS["good"], lw=1, ls="--", label="log N")
    axes[0].set(title="told about the picture", ylim=(-0.3, 1.15 * most))
    axes[1].set(title="mismatch with N(0, I)", yscale="log", ylim=(1e-4, 2e3))
    axes[0].legend(loc="lower left")
    return fig


def bound_bars(terms: np.ndarray, ax: Axes) -> None:
    """The terms L_0 .. L_T (T + 1,) of a diffusion's bound, in nats."""
    ax.bar(np.arange(1, len(terms)), terms[:-1], color=COLORS["model"], width=0.9)
    ax.set(xlabel="from $x_t$ to $x_{t-1}$: step t", ylabel="nats per picture")


def known_curves(shares: np.ndarray, theory: np.ndarray, groups: Mapping[str, slice]) -> Figure:
    """Shares (T + 1, k) known at step t, averaged over groups of axes; dashed, a Gaussian's."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.9))
    steps = np.arange(len(shares))
    for (name, group), color in zip(groups.items(), SHADES, strict=False):
        ax.plot(steps, shares[:, group].mean(1), color=color, label=name)
        ax.plot(steps, theory[:, group].mean(1), color=color, ls="--", lw=1)
    ax.invert_xaxis()
    ax.set(xlabel="step t (noise at the left, data at the right)", ylabel="share known")
    ax.legend(title="directions")
    return fig


def order_panels(axes: np.ndarray, half: np.ndarray, shown: Sequence[int]) -> Figure:
    """In which order a pixel model and a diffusion decide.

    Left, the number of the network pass that decides each pixel; right, the axes (k, 8, 8) numbered
    `shown` and the step at which half of each is known.
    """
    fig = plt.figure(figsize=(WIDTH, 2.5))
    left, right = fig.subfigures(1, 2, width_ratios=(2.3, 5))
    ax = left.subplots()
    passes = np.arange(1, 65).reshape(8, 8)
    ax.imshow(passes, cmap="Blues_r")
    for (i, j), k in np.ndenumerate(passes):
        ax.text(j, i, str(k), ha="center", va="center", size=7, color="w" if k < 40 else "k")
    ax.set(xticks=[], yticks=[], title="pixel: pass")
    ax.grid(False)
    columns = len(shown) // 2
    for ax, k in zip(right.subplots(2, columns).flat, shown, strict=True):
        size = np.abs(axes[k]).max()
        ax.imshow(axes[k], cmap="gray", vmin=-size, vmax=size)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{k + 1}: t = {half[k]:.0f}", size=9)
        ax.grid(False)
    return fig


def latent_frame(codes: np.ndarray, rows: Sequence[np.ndarray], zoom: int = 7) -> np.ndarray:
    """Codes (n, k) as columns of shades from -3 to 3, above rows of n grey pictures (n, h, w).

    A picture (height, width, 3) in [0, 1], made of squares of `zoom` pixels, with white between.
    """
    side = rows[0].shape[2]
    shades = plt.get_cmap("PuOr")((codes + 3) / 6)[:, :, None, :3]  # (n, k, 1, 3)
    parts = [np.repeat(shades, side, axis=2)]
    parts += [np.repeat(np.clip(row, 0, 1)[..., None], 3, axis=3) for row in rows]
    frames = [np.pad(p, [(0, 0), (0, 1), (0, 1), (0, 0)], constant_values=1) for p in parts]
    stacked = np.vstack([np.hstack(part) for part in frames])[:-1, :-1]
    return np.kron(stacked, np.ones((zoom, zoom, 1)))


def trade_off(
    ceiling: Mapping[int, float], reached: Mapping[int, float], baseline: float
) -> Figure:
    """Fréchet distances by length of the code: of reconstructions, and of samples."""
    fig, ax = plt.subplots(figsize=(WIDTH, 2.7))
    ax.loglog(
        list(reached),
        list(reached.values()),
        "o-",
        color=COLORS["model"],
        label="samples of the diffusion",
    )
    ax.loglog(
        list(ceiling),
        list(ceiling.values()),
        "o-",
        color=COLORS["good"],
        label="reconstructions: the ceiling",
    )
    ax.axhline(baseline, color=COLORS["prior"], ls=":", label="one Gaussian per class, on pixels")
    ax.set(xlabel="numbers in the code", ylabel="Fréchet distance")
    _plain(ax, list(ceiling))
    ax.legend()
    return fig


def quality_map(facts: Mapping[str, tuple[float, float]], ceiling: float) -> Figure:
    """Seconds per 100 samples and Fréchet distance of each model, as named points."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.3))
    ordered = sorted(facts.items(), key=lambda fact: fact[1])
    for k, (name, place) in enumerate(ordered):
        ax.plot(*place, "o", color=COLORS["model"])
        shift, side = ((-6, -13), "right") if k % 2 else ((6, 5), "left")  # neighbours apart
        ax.annotate(name, place, xytext=shift, textcoords="offset points", ha=side, size=9)
    ax.axhline(ceiling, color=COLORS["good"], ls="--", label="held-out digits")
    ax.set(xscale="log", yscale="log", xlabel="seconds per 100 samples")
    ax.set(ylabel="Fréchet distance")
    ax.margins(x=0.25, y=0.15)
    ax.legend(loc="lower left")
    return fig


def _plain(ax: Axes, ticks: Sequence[int]) -> None:
    """Name these places of the horizontal axis, with ordinary numbers."""
    ax.set_xticks(ticks, [str(k) for k in ticks])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(ScalarFormatter())
