"""Drawings of the lesson on training a VAE: curves, rates, the plane, a toy of two pictures."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from lib.plots import COLORS, WIDTH


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
        ax.annotate(f"{share:.0%}", (0, radius), ha="center", va="bottom", color=COLORS["prior"])
    ax.set(xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), aspect="equal")
