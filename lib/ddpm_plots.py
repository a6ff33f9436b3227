"""Drawings of the DDPM lesson: time embedding, spirals, what is decided when, steps, bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import Markdown
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from lib.eigenface_plots import picture_rows
from lib.few_steps import Draw, to_pictures
from lib.half_hidden import HIDDEN
from lib.metrics import nearest
from lib.plots import COLORS, INK, WIDTH
from lib.tables import table
from lib.time_nets import time_embedding

ROLES = {"DDIM": "model", "DDPM": "latent"}  # of the two samplers' curves


def embedding_map(steps: int, width: int) -> Figure:
    """The embedding of t = 0 .. steps as a map, and how alike the embeddings of two steps are."""
    codes = time_embedding(torch.arange(steps + 1), width).numpy()  # (steps + 1, width)
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.6), width_ratios=[1.35, 1])
    shown = left.imshow(codes.T, aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1)
    left.set(xlabel="step t", yticks=[width / 4 - 0.5, 3 * width / 4 - 0.5])
    left.set_yticklabels(["sines", "cosines"], rotation=90, va="center")
    left.axhline(width / 2 - 0.5, color=INK, lw=1)
    left.grid(visible=False)
    fig.colorbar(shown, ax=left, shrink=0.8, ticks=[-1, 0, 1])
    for t in (steps // 10, steps // 2, steps - steps // 10):
        alike = codes @ codes[t] / (width / 2)
        right.plot(alike, color=COLORS["latent"], lw=1.4)
        right.plot(t, 1, "o", color=COLORS["latent"], ms=5)
    right.set(xlabel="step s", ylabel="likeness of s and t", ylim=(None, 1.08))
    return fig


def point_panels(panels: Mapping[str, tuple[np.ndarray, str]], extent: float) -> Figure:
    """Clouds of points (n, 2), each with its role in `COLORS`, side by side on equal axes."""
    size = WIDTH / len(panels)
    fig, axes = plt.subplots(
        1, len(panels), figsize=(WIDTH, size + 0.6), sharex=True, sharey=True, squeeze=False
    )
    for ax, (name, (points, role)) in zip(axes[0], panels.items(), strict=True):
        ax.plot(*points.T, ".", ms=1.6, color=COLORS[role], alpha=0.7, rasterized=True)
        ax.set(title=name, aspect="equal", xlim=(-extent, extent), ylim=(-extent, extent))
        ax.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        ax.set_xlabel("$x_1$")
    axes[0, 0].set_ylabel("$x_2$")
    return fig


def decided_panel(shares: Mapping[str, np.ndarray], halves: Mapping[str, int]) -> Figure:
    """Shares (T + 1,) of what is decided, against the step t from T down to 0.

    `halves` holds, for some of them, the step at which theory expects one half: a dot.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 2.9))
    tones = iter((0.95, 0.75, 0.55, 0.38))
    for name, values in shares.items():
        style = {"color": COLORS["latent"], "ls": "--"}
        if name in halves:
            style = {"color": to_rgba(COLORS["model"], next(tones))}
            ax.plot(halves[name], 0.5, "o", ms=6, color=style["color"], mec="white")
        ax.plot(np.arange(len(values))[::-1], values, label=name, **style)
    ax.set(xlim=(len(values) - 1, 0), ylim=(-0.12, 1.03))
    ax.set(xlabel="step t (noise at the left, data at the right)", ylabel="share decided")
    ax.legend(loc="lower right")
    return fig


def price_panels(draws: Mapping[tuple[str, int], Draw], lines: Mapping[str, float]) -> Figure:
    """Fréchet distance against the number of steps and against seconds; yardsticks as lines."""
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.0), sharey=True)
    for sampler, role in ROLES.items():
        some = sorted((d for d in draws.values() if d.sampler == sampler), key=lambda d: d.steps)
        heights = [draw.facts["Fréchet"] for draw in some]
        style = {"marker": "o", "ms": 5, "color": COLORS[role], "label": sampler}
        axes[0].plot([draw.steps for draw in some], heights, **style)
        axes[1].plot([draw.seconds for draw in some], heights, **style)
    for ax in axes:
        ax.set(xscale="log", yscale="log")
        for name, height in lines.items():
            ax.axhline(height, color=COLORS["prior"], lw=1, ls="--")
            ax.annotate(name, (1, height), (-2, 2), xycoords=("axes fraction", "data"),
                        textcoords="offset points", ha="right", fontsize=8,
                        color=COLORS["prior"])  # fmt: skip
        ax.xaxis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(plt.NullFormatter())
        ax.xaxis.set_minor_formatter(plt.NullFormatter())
    axes[0].set_yticks([0.5, 1, 2, 5, 10])
    steps = sorted({k for _, k in draws})
    axes[0].set_xticks(steps, [str(k) for k in steps])
    axes[0].set(xlabel="steps", ylabel="Fréchet distance")
    axes[1].set(xlabel="seconds for all samples")
    axes[0].legend()
    return fig


def price_table(draws: Mapping[tuple[str, int], Draw]) -> Markdown:
    """Quality and seconds of every sampler and number of steps, one a row."""
    header = ["sampler", "steps", "Fréchet", "precision", "recall", "seconds"]
    rows = []
    for draw in draws.values():
        facts = [f"{draw.facts[name]:.2f}" for name in header[2:5]]
        rows.append([draw.sampler, draw.steps, *facts, f"{draw.seconds:.1f}"])
    return table(header, rows)


def path_rows(noisy: Tensor, guesses: Tensor, which: Sequence[int], times: Sequence[int]) -> Figure:
    """Samples number `which` at some times: x_t, and below it the guess of x_0.

    `noisy` and `guesses` are (T + 1, n, h, w), over t = T .. 0.
    """
    at, rows = [len(noisy) - 1 - t for t in times], {}
    for k, sample in enumerate(which):
        rows[f"$x_t${' ' * k}"] = to_pictures(noisy[at, sample])
        rows[rf"$\hat x_0${' ' * k}"] = to_pictures(guesses[at, sample])
    return picture_rows(rows, {"$x_t$": [f"t = {t}" for t in times]}, width=WIDTH)


def nearest_rows(
    pictures: np.ndarray, data: np.ndarray, rivals: Mapping[str, np.ndarray] | None = None
) -> Figure:
    """Samples (n, h, w) in rows of ten, below each row the nearest of `data`; then the rivals."""
    close, rows = data[nearest(pictures, data)[0]], {}
    for k in range(len(pictures) // 10):
        part = slice(10 * k, 10 * k + 10)
        rows |= {"samples" + " " * k: pictures[part], "nearest" + " " * k: close[part]}
    return picture_rows(rows | dict(rivals or {}), width=WIDTH)


def completion_rows(
    x: Tensor, known: Tensor, done: Mapping[str, Tensor], *, mean: float = 0.5, std: float = 0.5
) -> Figure:
    """Originals x (n, h, w), what is `known` of them, and completions; grey is mean + std x."""
    grey = to_pictures(x, mean, std)
    rows = {"original": in_colour(grey), "given": veiled(grey, known)}
    rows |= {name: in_colour(to_pictures(some, mean, std)) for name, some in done.items()}
    return picture_rows(rows, width=WIDTH)


def bits_over_time(bits: np.ndarray, kept: np.ndarray) -> Figure:
    """Terms (T + 1,) of the bound in bits per dimension, with bar alpha_t (T + 1,) behind them.

    Entry t - 1 of `bits` is L_(t-1), drawn at t; the last, L_T, is left out (it is next to 0).
    """
    steps = np.arange(1, len(bits))
    fig, ax = plt.subplots(figsize=(WIDTH, 2.7))
    ax.bar(steps, bits[:-1], width=0.8, color=COLORS["model"])
    ax.set(xlabel="step t", ylabel="bits per dimension", xlim=(0, len(bits)))
    other = ax.twinx()
    other.plot(np.arange(len(kept)), kept, color=COLORS["data"], lw=1.3)
    other.set(ylim=(0, 1.02), ylabel="$\\bar\\alpha_t$, share of the data that is left")
    other.spines["right"].set_visible(True)
    other.grid(visible=False)
    return fig


# ------------------------------------------------------------------ frames of the explorables

ZOOM, GAP, TOP = 14, 8, 44


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), size)


def sheet_frame(pictures: np.ndarray, text: str, *, columns: int, zoom: int = ZOOM) -> np.ndarray:
    """Grey pictures (n, h, w) in [0, 1] in rows of `columns` under a line of text; uint8."""
    n, h, w = pictures.shape
    if n % columns:
        raise ValueError(f"{n} pictures do not fill rows of {columns}")
    side = np.array([h, w]) * zoom + GAP
    frame = Image.new(
        "RGB", (int(columns * side[1] - GAP), int(TOP + n // columns * side[0])), "white"
    )
    ImageDraw.Draw(frame).text((0, TOP - 10), text, INK, _font(28), anchor="lb")
    levels = np.rint(np.rint(np.clip(pictures, 0, 1) * 63) * (255 / 63))  # 64 greys: lighter pages
    for k, picture in enumerate(levels.astype(np.uint8)):
        big = Image.fromarray(picture.repeat(zoom, axis=0).repeat(zoom, axis=1))
        frame.paste(big, (int(k % columns * side[1]), int(TOP + k // columns * side[0])))
    return np.asarray(frame)


def two_rows(upper: np.ndarray, lower: np.ndarray, text: str, *, zoom: int = ZOOM) -> np.ndarray:
    """Noisy pictures (n, h, w) above the guesses of the clean ones, as `sheet_frame` draws them."""
    if upper.shape != lower.shape:
        raise ValueError(f"rows differ: {upper.shape} and {lower.shape}")
    return sheet_frame(np.concatenate([upper, lower]), text, columns=len(upper), zoom=zoom)


def in_colour(pictures: np.ndarray) -> np.ndarray:
    """Grey pictures (n, h, w) as (n, h, w, 3); coloured ones as they are."""
    pictures = np.asarray(pictures)
    return pictures if pictures.ndim == 4 else np.repeat(pictures[..., None], 3, axis=-1)


def veiled(pictures: np.ndarray, known: np.ndarray | Tensor) -> np.ndarray:
    """Grey pictures (n, h, w) in colour, with a blue veil where `known` (h, w) is false."""
    return np.where(np.asarray(known)[..., None], in_colour(pictures), HIDDEN)


def steps_frames(draws: Mapping[tuple[str, int], Draw], n: int = 40) -> Callable:
    """What an explorable draws: `n` pictures of a `sampler` in a number of `steps`."""

    def frame(steps: int, sampler: str) -> np.ndarray:
        draw = draws[sampler, steps]
        text = f"{sampler}, {steps} steps: Fréchet distance {draw.facts['Fréchet']:.2f}"
        return sheet_frame(draw.pictures[:n], text, columns=10)

    return frame


def time_frames(noisy: Tensor, guesses: Tensor, n: int = 8) -> Callable:
    """What an explorable draws: `n` of the chains (T + 1, ..) and of their guesses at step `t`."""

    def frame(t: int) -> np.ndarray:
        upper, lower = (to_pictures(path[len(path) - 1 - t, :n]) for path in (noisy, guesses))
        return two_rows(upper, lower, f"t = {t}: the chain, and below it the guess")

    return frame
