"""Figures of the introduction: views of one cloud, maps of random numbers, darts, likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from sklearn.cluster import KMeans
from sklearn.neighbors import KernelDensity, KNeighborsClassifier

from lib import darts
from lib.datasets.toys import Mixture
from lib.pca import PCA
from lib.plots import COLORS, INK, WIDTH

LINE = np.linspace(-7, 7, 421)  # where densities on the line are drawn
CLASSES = (COLORS["data"], COLORS["error"])
TINTS = [COLORS[role] for role in ("latent", "good", "error", "prior", "data", "model")]


def four_views(
    x: np.ndarray,
    y: np.ndarray,
    classifier: KNeighborsClassifier,
    groups: KMeans,
    pca: PCA,
    density: KernelDensity,
) -> Figure:
    """One cloud x (n, 2) four times: labels y and a boundary, groups, directions, a density."""
    fig, grid_of_axes = plt.subplots(2, 2, figsize=(5.8, 4.4), sharex=True, sharey=True)
    axes = grid_of_axes.ravel()
    low, high = x.min(axis=0) - 0.3, x.max(axis=0) + 0.3
    across, up = (np.linspace(a, b, 120) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    values = [
        f(grid.reshape(-1, 2)).reshape(grid.shape[:2])
        for f in (classifier.predict, density.score_samples)
    ]
    dots(axes[0], x, np.take(CLASSES, y))
    axes[0].contour(across, up, values[0], levels=[0.5], colors=INK, linewidths=1.4)
    dots(axes[1], x, np.take(TINTS, groups.labels_ % len(TINTS)))
    axes[1].plot(*groups.cluster_centers_.T, "o", ms=9, mfc="white", mec=INK, mew=1.6)
    dots(axes[2], x, COLORS["prior"])
    for direction in (pca.components * np.sqrt(pca.variances)).T:
        tip = {"arrowprops": {"arrowstyle": "-|>", "color": COLORS["latent"], "lw": 2.4}}
        axes[2].annotate("", pca.mean + 2 * direction, pca.mean, **tip)
    p = np.exp(values[1])
    levels = p.max() * np.linspace(0.04, 1, 12)  # white where there is nearly nothing
    axes[3].contourf(across, up, p, levels=levels, cmap="Reds")
    titles = "with labels: classify", "without: k-means", "without: PCA", "without: density"
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xticks=[], yticks=[], aspect="equal")
        ax.grid(False)
    return fig


def dots(ax: Axes, x: np.ndarray, colors: str | np.ndarray, size: float = 5) -> None:
    """Small round points x (n, 2)."""
    ax.scatter(*x.T, s=size, c=colors, linewidths=0)


def inverse_cdf_panels(mixture: Mixture, u: np.ndarray, marked: Sequence[int] = ()) -> Figure:
    """Two panels over one axis: the CDF with paths from u to x; the density over the draws x.

    `u` (n,) are the random numbers, `marked` says which of them have their path drawn.
    """
    x = mixture.inverse_cdf(u)
    fig = plt.figure(figsize=(4.2, 3.4), layout="none")  # a layout engine costs time
    top = fig.add_axes((0.13, 0.48, 0.85, 0.5))
    bottom = fig.add_axes((0.13, 0.14, 0.85, 0.28), sharex=top)
    top.plot(LINE, mixture.cdf(LINE), color=COLORS["model"], lw=2.2)
    for k in marked:
        top.plot([-7, x[k], x[k]], [u[k], u[k], 0], color=COLORS["latent"], lw=1)
    top.plot(np.full(len(u), -6.97), u, "_", ms=9, color=COLORS["latent"])
    top.set(
        ylabel="u = F(x)", ylim=(0, 1), xlim=(-7, 7), xticks=range(-6, 7, 3), yticks=(0, 0.5, 1)
    )
    bottom.plot(x, np.full(len(x), -0.11), "|", ms=9, color=COLORS["model"])
    bottom.plot(LINE, mixture.density(LINE), color=COLORS["model"], lw=2.2)
    bottom.set(xlabel="x", ylabel="p(x)", ylim=(-0.22, 1), yticks=(0, 0.5))
    for ax in (top, bottom):
        ax.grid(False)
    top.tick_params(labelbottom=False, bottom=False)
    return fig


def warped_plane(ax: Axes, warp: Callable, z: np.ndarray) -> None:
    """Points z (n, 2) and the lines of their plane, both sent through `warp`."""
    t, places = np.linspace(-2.5, 2.5, 201), np.arange(-2.0, 2.1)
    dots(ax, warp(z), COLORS["model"], size=4)
    for c in places:
        ax.plot(*warp(np.stack([t, 0 * t + c], axis=1)).T, color=COLORS["latent"], lw=1.3)
        ax.plot(*warp(np.stack([0 * t + c, t], axis=1)).T, color=COLORS["latent"], lw=0.6)
    ax.set_aspect("equal")


def dart_map(ax: Axes, sigma: float) -> np.ndarray:
    """Expected points by aim for a player with errors of `sigma` mm; returns the best aim (2,)."""
    axis, points = darts.score_map(sigma)
    row, column = np.unravel_index(points.argmax(), points.shape)
    reach = darts.REACH
    steps = plt.get_cmap("viridis", 24)  # flat steps read as contours and make a small picture
    image = ax.imshow(points, origin="lower", extent=(-reach, reach) * 2, cmap=steps, vmin=0)
    image.set(interpolation="bilinear", interpolation_stage="data")
    style = {"color": "white", "lw": 0.5, "alpha": 0.55}
    for radius in (darts.BULLSEYE, darts.BULL, *darts.TREBLE, *darts.DOUBLE):
        ax.add_patch(Circle((0, 0), radius, fill=False, **style))
    for k, number in enumerate(darts.NUMBERS):
        angle = np.pi * (k + 0.5) / 10
        tip = np.array([np.sin(angle), np.cos(angle)])
        ax.plot(*np.outer(tip, [darts.BULL, darts.DOUBLE[1]]), **style)
        place = 196 * np.array([np.sin(angle - np.pi / 20), np.cos(angle - np.pi / 20)])
        ax.text(*place, number, color="white", size=10, ha="center", va="center")
    ax.plot(*darts.TREBLE_20, "o", ms=7, mfc="none", mec="white", mew=1.6)
    ax.plot(axis[column], axis[row], "x", ms=9, mew=2.6, color="#ff5a4f")
    ax.set_title(f"spread {sigma:g} mm: at best {points.max():.1f} points")
    ax.axis("off")
    return np.array([axis[column], axis[row]])


def two_scores(
    axis: np.ndarray, curves: Mapping[str, np.ndarray], *, xlabel: str, ylabel: str
) -> Axes:
    """Curves of one model over one axis, solid and dashed, each with a dot at its lowest point."""
    _, ax = plt.subplots(figsize=(5.6, 2.7))
    for (name, values), style in zip(curves.items(), ("-", "--"), strict=True):
        ax.plot(axis, values, style, color=COLORS["model"], label=name)
        ax.plot(axis[np.argmin(values)], np.min(values), "o", color=COLORS["model"])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def dart_maps(sigmas: Sequence[float], planned: np.ndarray) -> tuple[Figure, list[np.ndarray]]:
    """The maps of several players side by side, an aim marked on the last; also their best aims."""
    fig, axes = plt.subplots(1, len(sigmas), figsize=(WIDTH, 3.7))
    best = [dart_map(ax, sigma) for ax, sigma in zip(axes, sigmas, strict=True)]
    axes[-1].plot(*planned, "o", ms=6, color="black")
    return fig, best


def overfit_curves(amounts: Sequence[float], train: Sequence[float], test: Sequence[float]) -> Axes:
    """Log-density of training and held-out pictures, evenly spaced by amount of shrinkage."""
    _, ax = plt.subplots(figsize=(5.6, 2.7))
    ax.plot(train, "o--", color=COLORS["prior"], label="training digits")
    ax.plot(test, "o-", color=COLORS["model"], label="held-out digits")
    ax.set(xlabel="shrinkage", ylabel="average log p(x) (nats)")
    ax.set_xticks(range(len(amounts)), [f"{amount:g}" for amount in amounts])
    ax.legend()
    return ax
