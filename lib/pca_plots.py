"""Drawings of the lesson on PCA: lines through clouds, maps of pictures, scree plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.ticker import MaxNLocator

from lib.plots import COLORS


def direction(degrees: float) -> np.ndarray:
    """The unit vector (cos, sin) at an angle against the horizontal axis."""
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def turned_line(x: np.ndarray, degrees: float) -> tuple[np.ndarray, float, float]:
    """Feet of the perpendiculars from points (n, 2) to a line through their mean.

    Also the mean squared length of the perpendiculars, and the variance along the line.
    """
    mean, w = x.mean(axis=0), direction(degrees)
    along = (x - mean) @ w
    feet = mean + along[:, None] * w
    return feet, float(((x - feet) ** 2).sum() / len(x)), float((along**2).mean())


def line_through(ax: Axes, x: np.ndarray, degrees: float, reach: float = 6.0) -> None:
    """Draw points (n, 2), a line through their mean and the perpendiculars to it."""
    feet, _, _ = turned_line(x, degrees)
    ends = x.mean(axis=0) + np.array([[-reach], [reach]]) * direction(degrees)
    ax.plot(*ends.T, color=COLORS["model"], lw=1.5, zorder=1)
    ax.add_collection(LineCollection(np.stack([x, feet], axis=1), colors=COLORS["error"], lw=1.5))
    ax.plot(*feet.T, ".", color=COLORS["model"], ms=6)
    ax.plot(*x.T, "o", color=COLORS["data"], ms=5)
    ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")


class LineTurner:
    """One figure for every setting: a line turned through a cloud, and what it loses and keeps.

    `clouds` maps a name to points (n, 2) that lie within `reach` of their mean.
    """

    def __init__(self, clouds: Mapping[str, np.ndarray], reach: float = 6.0):
        self.clouds = {name: x - x.mean(axis=0) for name, x in clouds.items()}
        self.reach, self.angles = reach, np.arange(0, 181, 2)
        self.figure = Figure(figsize=(5.0, 2.9), layout="constrained")
        FigureCanvasAgg(self.figure)
        self.left, self.right = self.figure.subplots(1, 2, width_ratios=[1.1, 1])
        self._plane()
        self._curves()
        self.draw(next(iter(self.clouds)), 0)
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # lay out once, then only change the contents

    def draw(self, cloud: str, angle: float) -> Figure:
        """The cloud of this name with the line at `angle` degrees."""
        x = self.clouds[cloud]
        feet, lost, kept = turned_line(x, angle)
        self.points.set_data(*x.T)
        self.feet.set_data(*feet.T)
        self.line.set_data(*(np.array([[-9.0], [9.0]]) * direction(angle)).T)
        self.misses.set_segments(np.stack([x, feet], axis=1))
        every = np.array([turned_line(x, a)[1:] for a in self.angles])
        for curve, values in zip(self.measures, (*every.T, every.sum(axis=1)), strict=True):
            curve.set_data(self.angles, values)
        self.marks.set_data([angle, angle, angle], [lost, kept, lost + kept])
        self.right.set_ylim(0, 1.5 * (lost + kept))
        self.title.set_text(f"{lost:.2f} lost + {kept:.2f} kept = {lost + kept:.2f}")
        return self.figure

    def _plane(self) -> None:
        ax, c = self.left, COLORS
        (self.line,) = ax.plot([], [], color=c["model"], zorder=1)
        self.misses = ax.add_collection(LineCollection([], colors=c["error"], lw=1.3))
        (self.feet,) = ax.plot([], [], ".", color=c["model"], ms=5)
        (self.points,) = ax.plot([], [], "o", color=c["data"], ms=4.5)
        lim = (-self.reach, self.reach)
        ax.set(aspect="equal", xlim=lim, ylim=lim, xlabel="$x_1$ − mean", ylabel="$x_2$ − mean")
        ax.set(xticks=range(-4, 5, 2), yticks=range(-4, 5, 2))

    def _curves(self) -> None:
        ax, c = self.right, COLORS
        look = {
            "lost: distance²": {"color": c["error"]},
            "kept: variance": {"color": c["model"]},
            "sum": {"color": c["prior"], "ls": "--"},
        }
        self.measures = [ax.plot([], [], label=name, **style)[0] for name, style in look.items()]
        (self.marks,) = ax.plot([], [], "o", color=c["data"], ms=6)
        ax.set(xlabel="angle of the line (degrees)", xlim=(0, 180), xticks=range(0, 181, 45))
        ax.set_ylabel("squared units of $x$")
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        ax.legend(loc="upper left", fontsize=9, handlelength=1.5)
        self.title = ax.set_title("0.00 lost + 0.00 kept = 0.00", fontsize=10)


def apart(z: np.ndarray, distance: float) -> list[int]:
    """Indices of points (n, 2), in order, that lie no nearer than `distance` to those before."""
    kept: list[int] = []
    for i, place in enumerate(z):
        if not kept or np.linalg.norm(z[kept] - place, axis=1).min() >= distance:
            kept.append(i)
    return kept


def picture_map(ax: Axes, z: np.ndarray, pictures: np.ndarray, *, zoom: float = 2.2) -> None:
    """Draw small pictures (n, h, w) at their places z (n, 2), dark ink on clear ground.

    Pictures that would cover an earlier one, by a sixteenth of the map, are left out.
    """
    span = np.ptp(z, axis=0)
    for i in apart(z / span, 1 / 16):
        ink = np.zeros((*pictures[i].shape, 4))
        ink[..., 3] = pictures[i]
        box = OffsetImage(ink, zoom=zoom, interpolation="nearest")
        ax.add_artist(AnnotationBbox(box, z[i], frameon=False))
    low, high = z.min(axis=0), z.max(axis=0)
    edge = 0.06 * (high - low)
    ax.set(xlim=(low[0] - edge[0], high[0] + edge[0]), ylim=(low[1] - edge[1], high[1] + edge[1]))


def scree(ax: Axes, variances: np.ndarray, shuffled: np.ndarray | None = None) -> None:
    """Eigenvalues against their number, above those of the shuffled data, if given."""
    number = np.arange(1, len(variances) + 1)
    ax.plot(number, variances, ".-", color=COLORS["data"], label="data")
    if shuffled is not None:
        ax.plot(number, shuffled[: len(number)], "--", color=COLORS["prior"], label="shuffled")
    ax.set(xlabel="component $k$", ylabel=r"eigenvalue $\lambda_k$")
    ax.legend()


def error_curves(ax: Axes, k: Sequence[int], train: Sequence[float], test: Sequence[float]) -> None:
    """Mean squared reconstruction error against the number of components."""
    ax.semilogy(k, test, color=COLORS["data"], label="held out")
    ax.semilogy(k, train, "--", color=COLORS["model"], label="training")
    ax.set(xlabel="components $K$", ylabel="squared error per picture")
    ax.legend()


def seconds_against_size(ax: Axes, sizes: Sequence[int], seconds: Mapping[str, Sequence]) -> None:
    """Seconds of each method against the number of pixels, both axes logarithmic."""
    look = {"covariance": "error", "gram": "good", "svd": "prior"}
    for name, values in seconds.items():
        ax.loglog(sizes, values, "o-", color=COLORS[look[name]], label=name)
    ax.set(xlabel="pixels $D$", ylabel="seconds", xticks=sizes, xticklabels=map(str, sizes))
    ax.minorticks_off()
    ax.legend()
