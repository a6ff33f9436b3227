"""Drawings of the lesson on destruction: melting densities, clouds, schedules, noise floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from lib.datasets.toys import Mixture
from lib.destruction import Survival, linear_guess, melted
from lib.eigenface_plots import picture_rows
from lib.noise_schedule import NoiseSchedule
from lib.pca import PCA
from lib.plots import COLORS, INK

HUES = colormaps["viridis"].resampled(10)  # few colours keep the explorable's sheet small
SHADES = COLORS["model"], COLORS["prior"], COLORS["error"], COLORS["latent"]
SCHEDULES = {"linear": COLORS["latent"], "cosine": COLORS["model"]}


def as_grey(x: Tensor | np.ndarray) -> np.ndarray:
    """Pictures in [-1, 1], noise or not, as greys in [0, 1]; what lies outside is clipped."""
    return np.clip((np.asarray(x) + 1) / 2, 0, 1)


def log_snr(schedule: NoiseSchedule) -> np.ndarray:
    """log SNR(t) for t = 1 .. T, in nats."""
    return torch.log(schedule.snr[1:]).numpy()


def variance_curves(ax: Axes, curves: Mapping[str, Sequence[float]]) -> None:
    """Variance of x_t over t for several rules of a step; the first of them is the right one."""
    for (name, values), color in zip(curves.items(), SHADES, strict=False):
        ax.plot(values, color=color, label=name)
    ax.set(yscale="log", xlabel="step $t$", ylabel="variance of $x_t$")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def melting(
    axes: Sequence[Axes], mixture: Mixture, schedule: NoiseSchedule, paths: np.ndarray
) -> None:
    """Exact densities at t = 0 and T on the outer axes, at all t in the middle, over it `paths`.

    `paths` (T + 1, n) are chains that were run.
    """
    x = np.linspace(-3.2, 3.2, 321)
    steps = range(schedule.steps + 1)
    kept = schedule.alpha_bar.tolist()
    every = np.array([_density(mixture, share, x) for share in kept])
    left, middle, right = axes
    middle.pcolormesh(steps, x, every.T, cmap="Blues", vmax=0.5, shading="nearest", rasterized=True)
    middle.plot(paths, color=INK, lw=0.6, alpha=0.7)
    middle.set(xlabel="step $t$", title=r"$q(x_t)$ for all $t$", yticks=[])
    middle.set(ylim=(-3.2, 3.2))
    middle.grid(False)
    left.plot(every[0], x, color=COLORS["data"])
    right.plot(every[-1], x, color=COLORS["data"])
    normal = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    right.plot(normal, x, "--", color=COLORS["prior"], label=r"$\mathcal{N}(0, 1)$")
    right.legend(loc="upper right", handlelength=1.2, borderaxespad=0)
    left.set(xlabel="density", ylabel="$x$", title="$q(x_0)$", ylim=(-3.2, 3.2))
    right.set(xlabel="density", title="$q(x_T)$", ylim=(-3.2, 3.2), yticklabels=[])


def _density(mixture: Mixture, kept: float, x: np.ndarray) -> np.ndarray:
    return (melted(mixture, kept) if kept < 1 else mixture).density(x)


def schedule_curves(axes: Sequence[Axes], schedules: Mapping[str, NoiseSchedule]) -> None:
    """Left bar alpha, right log SNR, over the share t / T of the steps that are done."""
    for name, schedule in schedules.items():
        done = np.arange(schedule.steps + 1) / schedule.steps
        axes[0].plot(done, schedule.alpha_bar, color=SCHEDULES[name], label=name)
        axes[1].plot(done[1:], log_snr(schedule), color=SCHEDULES[name])
    axes[1].axhline(0, color=COLORS["prior"], lw=1, ls="--")
    axes[0].set(xlabel="$t / T$", ylabel=r"share of data variance $\bar\alpha_t$")
    axes[1].set(xlabel="$t / T$", ylabel=r"$\log\,\mathrm{SNR}(t)$, nats", ylim=(-12, 12))
    axes[0].legend()


def survival_curves(ax: Axes, measured: Survival) -> None:
    """Shares of right answers over log SNR, noise growing to the right."""
    kept = np.array(measured.kept)
    at = np.log(kept) - np.log1p(-kept)
    lines = {
        "grey level of one pixel": (measured.levels, COLORS["error"]),
        "which training digit": (measured.example, COLORS["latent"]),
        "class of a new digit": (measured.group, COLORS["data"]),
    }
    for name, (values, color) in lines.items():
        ax.plot(at, values, ".-", color=color, label=name)
    ax.set(xlim=(at.max(), at.min()), ylim=(0, 1.03), ylabel="share of right answers")
    ax.set(xlabel=r"$\log\,\mathrm{SNR}(t)$, nats (noise grows to the right)")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def last_pictures(rows: Mapping[str, Tensor]) -> Figure:
    """Rows of pictures (n, h, w), each row in a range of grey of its own; names at the left."""
    lines = {}
    for name, some in rows.items():
        low, high = np.quantile(some, [0.02, 0.98])
        lines[name.replace(", ", ",\n")] = np.clip((np.asarray(some) - low) / (high - low), 0, 1)
    figure = picture_rows(lines, width=6.4)
    for ax in figure.axes[:: len(next(iter(rows.values())))]:
        ax.set_ylabel(ax.get_ylabel(), rotation=0, ha="right", va="center")
    return figure


def noise_floors(
    axes: Sequence[Axes],
    spectra: Mapping[str, tuple[np.ndarray, np.ndarray]],
    schedule: NoiseSchedule,
    steps: Sequence[int],
) -> None:
    """Variance of the data by frequency, and the noise, as large as in x_t / sqrt(bar alpha_t)."""
    for ax, (name, (waves, variance)) in zip(axes, spectra.items(), strict=True):
        ax.semilogy(waves, variance, ".-", color=COLORS["data"])
        for t in steps:
            ax.axhline(1 / float(schedule.snr[t]), color=COLORS["error"], lw=1, ls="--")
        ax.set(xlabel="waves across the picture", title=name)
    axes[0].set(ylabel="variance")
    for t in steps:  # beside the last panel: the levels are the same in all
        at = 1.02, 1 / float(schedule.snr[t])
        transform = axes[-1].get_yaxis_transform()
        axes[-1].text(*at, f"$t = {t}$", color=COLORS["error"], transform=transform, va="center")


def clouds(
    axes: Sequence[Axes], pictures: Mapping[str, np.ndarray], along: np.ndarray, reach: float = 3.2
) -> None:
    """Points (n, 2) at several times, coloured by the number `along` (n,) that each began with."""
    for ax, (name, points) in zip(axes, pictures.items(), strict=True):
        ax.scatter(*points.T, c=along, cmap="viridis", s=3, lw=0)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), title=name, aspect="equal")
        ax.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlabel="$x_1$")
    axes[0].set(ylabel="$x_2$")


@dataclass
class PointBoard:
    """Explorable: points of the plane after t steps, and log SNR there; same noise in all frames.

    Parameters
    ----------
    points : mapping from a name to Tensor (n, 2)
    along : mapping from the same names to ndarray (n,)
        What colours the points: something that was known of them at t = 0.
    schedules : mapping from a name to a NoiseSchedule
    eps : mapping from the same names as `points` to Tensor (n, 2)
    """

    points: Mapping[str, Tensor]
    along: Mapping[str, np.ndarray]
    schedules: Mapping[str, NoiseSchedule]
    eps: Mapping[str, Tensor]

    @cached_property
    def figure(self) -> Figure:
        """Laid out once; later only the contents change."""
        figure = Figure(figsize=(5.0, 2.6), layout="constrained")
        FigureCanvasAgg(figure)
        self.left, self.right = figure.subplots(1, 2, width_ratios=[1.1, 1])
        schedule_lines = {name: log_snr(s) for name, s in self.schedules.items()}
        self.dots = self.left.scatter(
            [], [], c=[], cmap=HUES, s=6, lw=0, vmin=0, vmax=1, marker="s", antialiased=False
        )
        self.left.set(xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), aspect="equal", xlabel="$x_1$")
        self.left.set(ylabel="$x_2$", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        for name, values in schedule_lines.items():
            at = np.arange(1, len(values) + 1)
            self.right.plot(at, values, color=SCHEDULES[name], label=name)
        (self.mark,) = self.right.plot([], [], "o", color=INK, ms=7)
        self.right.axhline(0, color=COLORS["prior"], lw=1, ls="--")
        self.right.set(xlabel="step $t$", ylabel=r"$\log\,\mathrm{SNR}(t)$, nats", ylim=(-12, 12))
        self.right.legend(loc="lower left")
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure

    def at(self, data: str, schedule: str, t: int) -> Tensor:
        """The points after t steps, (n, 2)."""
        return self.schedules[schedule].diffuse(self.points[data], t, self.eps[data])

    def draw(self, data: str, schedule: str, t: int) -> Figure:
        """The cloud at step t, and where on its schedule that is."""
        figure = self.figure
        self.dots.set_offsets(self.at(data, schedule, t).numpy())
        self.dots.set_array(self.along[data])
        inside = min(max(t, 1), self.schedules[schedule].steps)
        self.mark.set_data([inside], [log_snr(self.schedules[schedule])[inside - 1]])
        return figure


@dataclass
class PictureBoard:
    """Explorable: pictures after t steps, and below each the best linear guess of what it was.

    Parameters
    ----------
    pictures : mapping from a name to Tensor (n, h, h), in [-1, 1]
    analyses : mapping from the same names to PCA of such pictures, all directions kept
    schedules : mapping from a name to a NoiseSchedule
    eps : mapping from the same names as `pictures` to Tensor (n, h, h)
    """

    pictures: Mapping[str, Tensor]
    analyses: Mapping[str, PCA]
    schedules: Mapping[str, NoiseSchedule]
    eps: Mapping[str, Tensor]
    side: int = field(default=32, kw_only=True)

    GAP, GREYS = 2, 40  # few greys: noise is costly to store

    def at(self, data: str, schedule: str, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Pictures x_t and the guesses of x_0, both (n, h, h)."""
        chosen, x0 = self.schedules[schedule], self.pictures[data]
        xt = chosen.diffuse(x0, t, self.eps[data])
        if t == 0:
            return x0.numpy(), x0.numpy()
        flat = xt.flatten(1).double().numpy()
        guess = linear_guess(self.analyses[data], flat, float(chosen.alpha_bar[t]))
        return xt.numpy(), guess.reshape(xt.shape)

    def frame(self, data: str, schedule: str, t: int) -> np.ndarray:
        """Two rows of pictures on white: pixels (h, w), uint8."""
        lines = [self._row(as_grey(some)) for some in self.at(data, schedule, t)]
        gap = np.ones((self.GAP, lines[0].shape[1]))
        greys = np.vstack([lines[0], gap, lines[1]])
        steps = np.round(greys * (self.GREYS - 1)) / (self.GREYS - 1)
        return np.round(255 * steps).astype(np.uint8)

    def _row(self, pictures: np.ndarray) -> np.ndarray:
        times = self.side // pictures.shape[1]
        large = np.kron(pictures, np.ones((1, times, times)))
        return np.hstack(np.pad(large, ((0, 0), (0, 0), (0, self.GAP)), constant_values=1))
