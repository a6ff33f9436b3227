"""Drawings of the lesson on training a VAE: curves, rates, the plane, a toy of two pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy import stats

from lib.likelihoods import BetaBinomial
from lib.plots import COLORS, WIDTH


def dot_panels(share: float, pulls: Sequence[float]) -> Figure:
    """The probability of each count of 16 dots by `BetaBinomial`, one panel for each pull."""
    fig, axes = plt.subplots(1, len(pulls), figsize=(WIDTH, 2.1), sharey=True)
    counts = np.arange(17)
    levels = torch.tensor(counts / 16).float()[:, None]
    for ax, pull in zip(axes, pulls, strict=True):
        out = torch.tensor([math.log(share / (1 - share)), math.log(math.expm1(pull))])
        p = BetaBinomial(16).log_prob(levels, out.reshape(1, 2, 1).expand(17, 2, 1))
        ax.bar(counts, p.exp().numpy(), color=COLORS["model"])
        ax.set(title=f"b = {pull}", xlabel="ink dots of 16")
    axes[0].set_ylabel("probability")
    return fig


def training_panels(history: Mapping[str, np.ndarray]) -> Figure:
    """What `lib.vae_training.watch` saw: minus the bound, distortion and rate, in nats."""
    fig, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.5))
    bound = history["distortion"] + history["rate"]
    drawn = {"minus the bound": bound, "distortion": history["distortion"], "rate": history["rate"]}
    for ax, (name, values) in zip(axes, drawn.items(), strict=True):
        styles = (("training", COLORS["model"], "-"), ("held out", COLORS["data"], "--"))
        for curve, (label, color, style) in zip(values, styles, strict=True):
            ax.plot(history["epoch"], curve, style, color=color, label=label)
        ax.set(title=name, xlabel="epoch")
    axes[0].set_ylabel("nats per picture")
    axes[0].legend()
    return fig


def rate_bars(rates: np.ndarray, ax: Axes) -> None:
    """The rate (K,) of each latent variable, the largest first."""
    order = np.argsort(-rates)
    ax.bar(np.arange(len(rates)), rates[order], color=COLORS["latent"])
    ax.set_xticks(np.arange(len(rates)), [f"$z_{{{k + 1}}}$" for k in order])
    ax.set(xlabel="latent variable", ylabel="rate (nats)")


def bound_curve(counts: np.ndarray, bounds: np.ndarray, ax: Axes) -> None:
    """Bounds in bits per dimension against the number of samples; the first is the ELBO."""
    ax.semilogx(counts, bounds, "o-", color=COLORS["model"], base=2)
    ax.axhline(bounds[0], color=COLORS["prior"], ls=":", label="ELBO")
    ax.set(xlabel="number of samples $S$", ylabel="bits per dimension")
    ax.set_xticks(counts, [str(c) for c in counts])
    ax.legend()


def prior_circles(ax: Axes) -> None:
    """Circles that hold 50 % and 95 % of N(0, I) in the plane."""
    for share in (0.5, 0.95):
        radius = np.sqrt(-2 * np.log(1 - share))
        ax.add_patch(Circle((0, 0), radius, fill=False, color=COLORS["prior"], lw=1.5))
        style = {"ha": "center", "va": "center", "color": COLORS["prior"], "weight": "bold"}
        patch = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.85}
        ax.annotate(f"{share:.0%}", (-0.7 * radius, -0.7 * radius), **style, bbox=patch)
    ax.set(xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), aspect="equal")


def tiles(images: np.ndarray, columns: int, gap: float = 0.45) -> np.ndarray:
    """One big picture of images (n, h, w), row by row, with lines of grey value `gap` between."""
    images = np.clip(images, 0, 1)
    if images.ndim != 3 or len(images) % columns:
        raise ValueError(f"{columns} columns need (rows * {columns}, h, w), got {images.shape}")
    padded = np.pad(images, ((0, 0), (0, 1), (0, 1)), constant_values=gap)
    h, w = padded.shape[1:]
    grid = padded.reshape(-1, columns, h, w).swapaxes(1, 2)
    return grid.reshape(-1, columns * w)[:-1, :-1]


def show_tiles(images: np.ndarray, columns: int, ax: Axes) -> None:
    """Draw `tiles` without axes."""
    ax.imshow(tiles(images, columns), vmin=0, vmax=1)
    ax.axis("off")


def show_quantile_plane(images: np.ndarray, side: int, ax: Axes) -> None:
    """Draw side x side pictures whose codes cut the prior of each axis into equal shares."""
    ax.imshow(tiles(images, side), vmin=0, vmax=1, extent=(0, 1, 0, 1))
    ax.set(xlabel="share of the prior left of $z_1$", ylabel="share below $z_2$")
    ax.grid(False)


def quantile_codes(side: int) -> np.ndarray:
    """Codes (side^2, 2), row by row from the top: middles of equal shares of N(0, I)."""
    u = stats.norm.ppf((np.arange(side) + 0.5) / side)
    return np.stack(np.meshgrid(u, u[::-1]), axis=-1).reshape(-1, 2)


def sweep(code: np.ndarray, i: int, j: int, values: np.ndarray) -> np.ndarray:
    """Copies of a code (K,), (len(values)^2, K): entry i grows to the right, entry j upwards."""
    codes = np.tile(code, (len(values) ** 2, 1))
    codes[:, [i, j]] = np.stack(np.meshgrid(values, values[::-1]), axis=-1).reshape(-1, 2)
    return codes
