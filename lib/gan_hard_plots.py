"""Drawings of the lesson on why a GAN is hard: vanishing slopes, circles, films of small games."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.special import expit

from lib.datasets.toy_plane import Gaussians
from lib.gan_modes import Captured, captured
from lib.gan_remedies import Film, Outcome
from lib.plots import COLORS, INK

LOSSES = {"saturating": ("error", "-"), "non-saturating": ("model", "-")}


def loss_slopes(ax: Axes) -> None:
    """Slope of both generator losses in the score of a sample, sign turned: the push upwards."""
    d = np.linspace(-8, 8, 401)
    for (name, (color, dash)), push in zip(LOSSES.items(), (expit(d), expit(-d)), strict=True):
        ax.plot(d, push, dash, color=COLORS[color], label=name)
    ax.axvspan(-8, -2, color=COLORS["prior"], alpha=0.12, lw=0)
    ax.text(-7.7, 1.12, "D is sure: forged", va="center", color=INK)
    ax.set(xlabel="score d of a sample", ylabel="push on the score", xlim=(-8, 8))
    ax.set(ylim=(-0.05, 1.25))
    ax.text(7.7, 0.88, "saturating", ha="right", va="top", color=COLORS["error"], fontsize=8)
    ax.text(
        7.7, 0.1, "non-\nsaturating", ha="right", va="bottom", color=COLORS["model"], fontsize=8
    )


def distances_apart(ax: Axes, apart: Sequence[float], jsd: Sequence[float]) -> None:
    """Jensen-Shannon divergence and Wasserstein distance of two bells against their distance."""
    ax.plot(apart, jsd, "o-", ms=4, color=COLORS["error"], label="JSD, nats")
    ax.plot(apart, apart, "s-", ms=4, color=COLORS["good"], label="$W_1$")
    ax.axhline(np.log(2), ls=":", color=COLORS["prior"])
    ax.text(apart[-1], 0.72, "log 2", color=COLORS["prior"], ha="right", va="bottom")
    ax.set(xlabel="distance of the means", ylabel="distance of the distributions", yscale="log")
    ax.legend(loc="lower right")


def pushes(ax: Axes, x: Sequence[float], found: Mapping[str, Sequence[float]], xlabel: str) -> None:
    """Length of the generator's gradient, on a logarithmic axis, for both losses."""
    for name, values in found.items():
        color, dash = LOSSES[name]
        ax.semilogy(x, values, dash, marker="o", ms=4, color=COLORS[color], label=name)
    ax.set(xlabel=xlabel, ylabel="gradient of the generator")
    ax.legend()


def circles(axes: Sequence[Axes], paths: Mapping[str, np.ndarray], limit: float = 2.2) -> None:
    """Paths (steps, 2) of the two players of the smallest GAN, a panel each."""
    for ax, (name, path) in zip(axes, paths.items(), strict=True):
        ax.plot(*path.T, color=COLORS["model"], lw=1)
        ax.plot(*path[0], "o", color=INK, ms=5)
        ax.plot(0, 0, "*", color=COLORS["good"], ms=11)
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", title=name)
        ax.set(xlabel="θ, generator", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    axes[0].set_ylabel("ψ, discriminator")


def cloud(ax: Axes, points: np.ndarray, density: Gaussians, title: str) -> None:
    """Samples on the plane, and circles three widths large round the centres of the data."""
    rings(ax, density)
    ax.plot(*points.T, ".", ms=2.5, color=COLORS["model"], alpha=0.5, mew=0)
    ax.set_title(title)


def rings(ax: Axes, density: Gaussians) -> None:
    """The modes of a mixture as circles, three widths large, on axes fit for them."""
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = 3 * density.std * np.stack([np.cos(turn), np.sin(turn)])
    for centre in density.centres:
        ax.plot(*(ring + centre[:, None]), color=COLORS["data"], lw=1)
    limit = 1.45 * np.abs(density.centres).max()
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[], yticks=[])
    ax.grid(False)


def clouds(axes: Sequence[Axes], outcome: Outcome, density: Gaussians, frame: int = -1) -> None:
    """The samples of each start of a filmed crowd, with what it captured."""
    drawn = outcome.model.film.samples[frame]
    for ax, points, found in zip(axes, drawn, outcome.found, strict=False):
        cloud(ax, points, density, f"modes: {found.modes}\ngood: {found.good:.0%}")


def watched(film: Film, density: Gaussians) -> list[list[Captured]]:
    """What each member had captured at each frame: [frame][member]."""
    return [[captured(points, density) for points in crowd] for crowd in film.samples]


def progress(axes: Sequence[Axes], film: Film, good: np.ndarray) -> None:
    """Both losses, and the share of good samples (frames, m), against steps; a line a start."""
    losses = np.array(film.losses)  # (frames, m, 2)
    panels = (losses[..., 0], losses[..., 1], 100 * good)
    names = ("loss of D, nats", "loss of G, nats", "good samples, %")
    for ax, values, name, color in zip(
        axes, panels, names, ("latent", "model", "good"), strict=True
    ):
        ax.plot(film.steps, values, color=COLORS[color], lw=0.9, alpha=0.7)
        ax.set(xlabel="step", ylabel=name)


def strip(ax: Axes, table: Mapping[str, Mapping[str, Outcome]], modes: int) -> None:
    """Modes captured by every start: a row a remedy, a colour a momentum."""
    names = list(table)
    kinds = list(next(iter(table.values())))
    for kind, color, lift in zip(kinds, ("error", "good"), (-0.15, 0.15), strict=True):
        for row, name in enumerate(names):
            found = sorted(table[name][kind].modes)
            nudge = 0.1 * (np.arange(len(found)) - (len(found) - 1) / 2)
            label = kind if row == 0 else None
            style = {"color": COLORS[color], "ms": 5, "alpha": 0.8, "mew": 0, "label": label}
            ax.plot(found + nudge, np.full(len(found), row + lift), "o", **style)
    ax.set(yticks=range(len(names)), yticklabels=names, xlabel="modes captured")
    ax.set(xlim=(-0.5, modes + 0.5), xticks=range(0, modes + 1, max(1, modes // 8)))
    ax.invert_yaxis()
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.15), ncols=2)


class FilmExplorer:
    """One start of several filmed games: D as a heat map, samples and data, at every frame."""

    def __init__(
        self,
        films: Mapping[str, Film],
        density: Gaussians,
        members: Mapping[str, int],
        n: int = 300,
    ):
        self.films, self.density, self.members, self.n = films, density, members, n
        self.figure = Figure(figsize=(3.6, 3.1), dpi=72, layout="constrained")
        FigureCanvasAgg(self.figure)
        self.ax = self.figure.subplots()
        film = next(iter(films.values()))
        side = film.limit
        colours = colormaps["RdBu"].resampled(7)  # few, so that many frames fit on a page
        style = {"cmap": colours, "vmin": 0, "vmax": 1, "alpha": 0.55, "interpolation": "nearest"}
        box = {"origin": "lower", "extent": (-side, side, -side, side)}
        self.map = self.ax.imshow(np.full(film.scores[0][0].shape, 0.5), **box, **style)
        rings(self.ax, density)
        self.ax.set(xlim=(-side, side), ylim=(-side, side), title=" ")
        (self.dots,) = self.ax.plot([], [], ".", ms=4, color=INK, mew=0)
        bar = self.figure.colorbar(self.map, ax=self.ax, shrink=0.8)
        bar.set_label("D(x): probability of real")
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")

    def facts(self, frame: int, run: str) -> tuple[int, Captured]:
        """The step of a frame, and what was captured then."""
        film = self.films[run]
        return film.steps[frame], captured(film.samples[frame][self.members[run]], self.density)

    def draw(self, frame: int, run: str) -> Figure:
        """The figure at one frame of one game."""
        film, member = self.films[run], self.members[run]
        self.map.set_data(expit(film.scores[frame][member]))
        self.dots.set_data(*film.samples[frame][member][: self.n].T)
        step, found = self.facts(frame, run)
        self.ax.set_title(f"step {step}, modes: {found.modes}, good: {found.good:.0%}")
        return self.figure
