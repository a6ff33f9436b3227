"""Drawings of the lesson on the KL divergence: proofs, fits, penalties, estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from scipy.stats import norm

from lib.datasets.toys import Mixture
from lib.divergence import GaussianFit
from lib.plots import COLORS, INK, WIDTH

LINE = np.linspace(-9, 9, 1201)
DASHED, DOTTED = (0, (4, 2)), (0, (1, 1.6))


def two_proofs(q: np.ndarray, p: np.ndarray) -> Figure:
    """log u below u - 1, and Jensen's chord polygon, both with the ratios u = p / q marked."""
    u = np.asarray(p) / np.asarray(q)
    grid = np.linspace(0.08, max(3.0, 1.1 * u.max()), 300)
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for ax in axes:
        ax.plot(grid, np.log(grid), color=COLORS["model"], label="log u")
        ax.set(xlabel="u = p / q", ylim=(-2.3, 2.1))
    axes[0].plot(grid, grid - 1, color=COLORS["prior"], ls=DASHED, label="u − 1")
    axes[0].vlines(u, np.log(u), u - 1, color=COLORS["error"], lw=2.4)
    axes[0].plot(u, np.log(u), "o", color=COLORS["model"])
    axes[0].set(ylabel="log u (nats)", title="a straight line above")
    corners = np.argsort(u)
    axes[1].fill(u[corners], np.log(u)[corners], color=COLORS["latent"], alpha=0.25, lw=0)
    axes[1].scatter(u, np.log(u), s=260 * np.asarray(q), color=COLORS["model"], zorder=3)
    mean = np.asarray(q) @ np.log(u)
    axes[1].vlines(1, mean, 0, color=COLORS["error"], lw=2.4)
    axes[1].plot(1, mean, "D", color=COLORS["latent"], label="average of the dots")
    axes[1].set(title="the average of points on a hill")
    for ax in axes:
        ax.legend(loc="lower right")
    return fig


def level_bars(shares: Mapping[str, np.ndarray]) -> Axes:
    """Two tables over the same symbols, side by side, in the colours of data and of the prior."""
    _, ax = plt.subplots(figsize=(WIDTH, 2.5))
    for (name, table), shift, role in zip(
        shares.items(), (-0.2, 0.2), ("data", "prior"), strict=True
    ):
        ax.bar(np.arange(len(table)) + shift, table, 0.4, color=COLORS[role], label=name)
    ax.set(xlabel="grey level", ylabel="share of the pixels", xticks=range(len(table)))
    ax.legend()
    return ax


# -------------------------------------------------------------------------------- fits


def fits_on_line(ax: Axes, p: Mixture, fits: Mapping[str, GaussianFit]) -> None:
    """The density p and Gaussians fitted to it: the first in the model's colour, then latent's."""
    ax.fill_between(LINE, p.density(LINE), color=COLORS["data"], alpha=0.3, lw=0, label="p")
    styles = (("model", "-"), ("latent", DASHED), ("latent", DOTTED))
    for (name, fit), (role, style) in zip(fits.items(), styles, strict=False):
        density = norm.pdf(LINE, fit.mean[0], np.sqrt(fit.covariance[0, 0]))
        ax.plot(LINE, density, color=COLORS[role], ls=style, label=name)
    ax.set(xlabel="z", ylabel="density", xlim=(-7, 7), ylim=(0, None), xticks=range(-6, 7, 2))
    ax.legend(loc="upper right")


def fits_on_plane(
    axis: np.ndarray, density: np.ndarray, fits: Mapping[str, Sequence[GaussianFit]]
) -> Figure:
    """One panel for each kind of fit: the density (n, n) in shades, fits as ellipses of 1 and 2 sd.

    The first fit of a panel is drawn solid, the second dashed, the third dotted.
    """
    fig, axes = plt.subplots(1, len(fits), figsize=(WIDTH, 3.3), sharey=True)
    for ax, (title, some), role in zip(axes, fits.items(), ("model", "latent"), strict=True):
        levels = density.max() * np.linspace(0.03, 1, 9)
        ax.contourf(axis, axis, density.T, levels=levels, cmap="Blues")
        for fit, style in zip(some, ("-", DASHED, DOTTED), strict=False):
            for sd in (1, 2):
                ax.add_patch(_ellipse(fit, sd, COLORS[role], style))
        ax.set(title=title, xlabel="$z_1$", aspect="equal", xlim=(-5, 5), ylim=(-4, 4))
    axes[0].set_ylabel("$z_2$")
    return fig


def _ellipse(fit: GaussianFit, sd: float, color: str, style) -> Ellipse:
    values, vectors = np.linalg.eigh(fit.covariance)
    angle = np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0]))
    size = 2 * sd * np.sqrt(values)
    return Ellipse(fit.mean, *size, angle=angle, fill=False, ec=color, ls=style, lw=1.8)


# ------------------------------------------------------------------------------ penalties


def penalty_curves() -> Figure:
    """What a mean and a log-variance cost against N(0, 1), and the parts of the second."""
    fig, (left, right) = plt.subplots(1, 2, sharey=True)
    mu, s = np.linspace(-2.5, 2.5, 201), np.linspace(-4, 2.2, 201)
    left.plot(mu, mu**2 / 2, color=COLORS["latent"])
    left.set(xlabel="mean µ", ylabel="cost (nats)", ylim=(-1.2, 4), title="of a mean, σ = 1")
    right.plot(s, (np.exp(s) - 1 - s) / 2, color=COLORS["latent"], label="½ (exp(s) − 1 − s)")
    right.plot(s, np.exp(s) / 2, color=COLORS["prior"], ls=DASHED, label="½ exp(s)")
    right.plot(s, -(1 + s) / 2, color=COLORS["prior"], ls=DOTTED, label="−½ (1 + s)")
    right.plot(0, 0, "o", color=COLORS["good"])
    left.plot(0, 0, "o", color=COLORS["good"])
    right.set(xlabel="log-variance s", title="of a log-variance, µ = 0")
    right.legend(loc="upper center")
    return fig


def wrong_curves(std: np.ndarray, curves: Mapping[str, np.ndarray]) -> Figure:
    """Candidates for the penalty over the width; the first is right, a dot marks each minimum."""
    fig, ax = plt.subplots(figsize=(5.2, 3.9))
    ax.axhline(0, color=INK, lw=0.8)
    styles = ("-", DASHED, DOTTED, (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
    for (name, values), style in zip(curves.items(), styles, strict=False):
        role = COLORS["good" if style == "-" else "error"]
        ax.plot(std, values, color=role, ls=style, label=name)
        lowest = int(np.argmin(values))
        if 0 < lowest < len(std) - 1:
            ax.plot(std[lowest], values[lowest], "o", color=role)
    ax.set(xlabel="standard deviation σ, at µ = 0", ylabel="penalty (nats)", ylim=(-1.1, 2.2))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, handlelength=4)
    return fig


def estimates(counts: Sequence[int], values: np.ndarray, errors: np.ndarray, exact: float) -> Axes:
    """Estimates (n,) with bars of two standard errors, against the number of samples."""
    _, ax = plt.subplots(figsize=(5.6, 2.8))
    ax.axhline(exact, color=COLORS["good"], label="closed form")
    ax.errorbar(
        counts, values, 2 * errors, fmt="o", color=COLORS["latent"], capsize=3, label="samples"
    )
    ax.set(xscale="log", xlabel="samples of q", ylabel="KL(q ‖ p) (nats)")
    ax.legend()
    return ax
