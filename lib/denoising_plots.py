"""Drawings of the denoising lesson: curves over sweeps, beliefs side by side, the cut's network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.plots import COLORS, WIDTH, draw_graph


def sweep_curves(
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    roles: Sequence[str] = ("data", "model", "prior"),
    ax: Axes | None = None,
    log: bool = False,
) -> Axes:
    """One line a run against the number of sweeps; `roles` name their colours in plots.COLORS."""
    if ax is None:
        _, ax = plt.subplots()
    marks = ("-", "--", ":") if log else ("o-", "s--", "^:")
    for (name, values), role, mark in zip(curves.items(), roles, marks, strict=False):
        ax.plot(values, mark, color=COLORS[role], label=name)
    ax.set(xlabel="sweeps over the picture", ylabel=ylabel, yscale="log" if log else "linear")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def two_beliefs(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> Figure:
    """Two pictures (h, w) of p(x_i = +1), and one against the other with a dot a pixel."""
    fig, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.3))
    for ax, p, name in zip(axes, (first, second), names, strict=False):
        ax.imshow(p, vmin=0, vmax=1, cmap="gray")
        ax.set_title(f"p(light), {name}")
        ax.axis("off")
    axes[2].plot(first.ravel(), second.ravel(), ".", ms=2, alpha=0.3, color=COLORS["latent"])
    axes[2].set(xlabel=f"p(light), {names[0]}", ylabel=f"p(light), {names[1]}", xticks=[0, 1])
    return fig


def error_map(etas: np.ndarray, betas: np.ndarray, errors: np.ndarray) -> Figure:
    """Wrong pixels (len(betas), len(etas)) in per cent; a line from the origin to the fewest."""
    fig, ax = plt.subplots()
    mesh = ax.pcolormesh(etas, betas, 100 * errors, cmap="viridis_r", vmax=10)
    row, column = np.unravel_index(errors.argmin(), errors.shape)
    ratio, (low, high) = betas[row] / etas[column], ax.get_xlim()
    ax.plot([low, high], [ratio * low, ratio * high], "--", color=COLORS["model"])
    ax.set(xlabel="data weight η", ylabel="coupling β", xlim=(low, high))
    fig.colorbar(mesh, label="wrong pixels (%)", extend="max")
    ax.grid(False)
    return fig


def cut_network(pipes: nx.DiGraph, source_side: set) -> Axes:
    """A row of pixels between the source "s" above and the sink "t" below, cut pipes thick.

    `pipes` holds capacities in the edge attribute "capacity"; pixels are named 1..n.
    """
    pixels = sorted(set(pipes) - {"s", "t"})
    pos = {pixel: (k, 0.0) for k, pixel in enumerate(pixels)}
    middle = (len(pixels) - 1) / 2
    pos |= {"s": (middle, 1.0), "t": (middle, -1.0)}
    cut = [(a, b) for a, b in pipes.edges if a in source_side and b not in source_side]
    colors = {n: COLORS["data"] if n in source_side else "#ffffff" for n in pixels}
    ax = draw_graph(pipes, pos, highlight=cut, colors=colors)
    sizes = nx.get_edge_attributes(pipes, "capacity")
    nx.draw_networkx_edge_labels(pipes, pos, sizes, ax=ax, rotate=False)
    return ax


def loops_go_wrong(
    betas: np.ndarray,
    exact: Sequence[float],
    estimates: Mapping[str, Sequence[float]],
    changes: Mapping[str, Sequence[float]],
) -> Figure:
    """Left: a marginal and its estimates (two at most) by coupling. Right: change a sweep."""
    fig, (left, right) = plt.subplots(1, 2)
    left.plot(betas, exact, color=COLORS["good"], label="enumeration")
    looks = (("--", COLORS["error"]), ("o", COLORS["latent"]))
    for (name, values), (mark, color) in zip(estimates.items(), looks, strict=False):
        left.plot(betas, values, mark, color=color, ms=4, label=name)
    left.set(xlabel="coupling β", ylabel="p(light)", ylim=(-0.03, 1.03))
    left.legend()
    label = "largest change (nats)"
    sweep_curves(changes, ylabel=label, roles=("error", "good"), ax=right, log=True)
    return fig
