"""Figures of the lesson on mixtures: components, the bound under the likelihood, ellipses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from lib.mean_ascent import HalfStep, MeanAscent
from lib.mixture import GaussianMixture
from lib.plots import COLORS, INK, WIDTH

LEVELS = 12  # steps of a filled density
MEANS = np.linspace(-7, 9, 81)  # where the likelihood of one mean is drawn


def components_on_line(ax: Axes, mixture: GaussianMixture, x: np.ndarray, grid: np.ndarray) -> None:
    """A histogram of numbers x (n,), the parts weights_m N(grid; ...) and their sum."""
    joint = np.exp(mixture.log_joint(grid[:, None]))  # (g, M)
    ax.hist(x, 60, range=(grid[0], grid[-1]), density=True, color=COLORS["data"], alpha=0.35)
    ax.plot(grid, joint, color=COLORS["latent"], lw=1.3)
    ax.plot(grid, joint.sum(axis=1), color=COLORS["model"], lw=2.2)
    ax.set(xlabel="$x$", ylabel="density", xlim=(grid[0], grid[-1]))


def shares_on_line(ax: Axes, mixture: GaussianMixture, grid: np.ndarray) -> None:
    """p(m | x) along the line, one band a component, stacked up to 1."""
    shades = plt.get_cmap("Purples")(np.linspace(0.75, 0.25, len(mixture.weights)))
    bands = mixture.responsibilities(grid[:, None]).T
    ax.stackplot(grid, bands, colors=shades)
    middles = np.cumsum(bands, axis=0) - bands / 2
    for k, (band, middle) in enumerate(zip(bands, middles, strict=True)):
        at = int(np.argmax(band - np.abs(grid - mixture.means[k, 0]) / 50))
        color = "white" if shades[k][:3].mean() < 0.6 else INK
        ax.text(grid[at], middle[at], f"m = {k + 1}", ha="center", va="center", color=color)
    ax.set(xlabel="$x$", ylabel="$p(m \\mid x)$", xlim=(grid[0], grid[-1]), ylim=(0, 1))


def bound_of_one_point(share: np.ndarray, bound: np.ndarray, log_p: float, exact: float) -> Figure:
    """The bound against q(1) for one x, below the level log p(x) that it touches at `exact`."""
    fig, ax = plt.subplots(figsize=(5.6, 2.9))
    ax.axhline(log_p, color=COLORS["model"], label="$\\log p(x)$")
    ax.plot(share, bound, color=COLORS["latent"], label="lower bound")
    some = int(0.75 * len(share))
    ax.plot([share[some]] * 2, [bound[some], log_p], color=COLORS["error"], lw=3, label="KL")
    ax.plot(exact, log_p, "o", ms=8, color=COLORS["good"], label="$q = p(m \\mid x)$")
    ax.set(xlabel="$q(1)$", ylabel="nats", xlim=(0, 1))
    ax.legend(loc="lower left")
    return fig


def bound_frame(ascent: MeanAscent, state: HalfStep) -> Figure:
    """One half-step of EM: likelihood and bound as functions of a mean, and the shares below."""
    theta, q = state.mean, state.q
    likelihood = [ascent.log_likelihood(mean) for mean in MEANS]
    bound = [ascent.bound(mean, q) for mean in MEANS]
    heights = ascent.log_likelihood(theta), ascent.bound(theta, q)
    title = f"{state.name}: log-likelihood {heights[0]:.3f}, gap {heights[0] - heights[1]:.3f}"
    fig = plt.figure(figsize=(5.0, 4.4), layout="none")  # a layout engine costs time
    top, low = fig.add_axes((0.13, 0.46, 0.86, 0.47)), fig.add_axes((0.13, 0.115, 0.86, 0.23))
    top.plot(MEANS, likelihood, color=COLORS["model"], lw=2.2, label="log-likelihood")
    top.plot(MEANS, bound, color=COLORS["latent"], lw=1.8, label="lower bound")
    gap = {"color": COLORS["error"], "lw": 4, "solid_capstyle": "butt", "label": "gap: KL"}
    top.plot([theta, theta], heights[::-1], **gap)
    top.plot(theta, heights[1], "o", ms=8, color=COLORS["latent"])
    top.plot(theta, heights[0], "o", ms=5, color=COLORS["model"])
    top.set(
        ylim=(-7, -2.2),
        ylabel="nats a point",
        title=title.replace("-0.000", "0.000").replace(" -", " −"),
    )
    top.legend(loc="upper left", fontsize=9)
    bell = np.exp(-((MEANS[:, None] - [0, theta]) ** 2) / 2)
    for k, role in enumerate(("prior", "latent")):
        low.fill_between(MEANS, bell[:, k], color=COLORS[role], alpha=0.22, lw=0)
        low.text((0, theta)[k], 1.06, "AB"[k], color=COLORS[role], ha="center", va="bottom")
    low.vlines(ascent.x, 0, q[:, 1], color=COLORS["latent"], lw=4)
    low.plot(ascent.x, 0 * ascent.x, "o", ms=6, color=COLORS["data"], clip_on=False, zorder=3)
    low.set(ylim=(0, 1.05), yticks=(0, 1), ylabel="share of B", xlabel="data, and the mean of B")
    for ax in (top, low):
        ax.set_xlim(MEANS[0], MEANS[-1])
        ax.axvline(theta, color=INK, lw=0.8, ls=":")
        ax.grid(False)
    return fig


def ellipses(ax: Axes, mixture: GaussianMixture, sd: float = 2.0) -> None:
    """The outline at `sd` standard deviations of every component in the plane; heavy ones thick."""
    for weight, mean, covariance in zip(
        mixture.weights, mixture.means, mixture.covariances, strict=True
    ):
        spread, axes = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(*axes[::-1, 1]))
        width = 0.6 + 1.4 * min(1.0, weight * len(mixture.weights))
        ax.add_patch(
            Ellipse(
                mean,
                *(2 * sd * np.sqrt(spread[::-1])),
                angle=angle,
                fill=False,
                lw=width,
                ec=COLORS["model"],
            )
        )


def ellipse_panels(x: np.ndarray, mixtures: Mapping[str, GaussianMixture]) -> Figure:
    """Points (n, 2) under the ellipses of several mixtures, one panel each."""
    width = WIDTH / len(mixtures)
    size = {"figsize": (WIDTH, width + 0.35), "sharey": True, "squeeze": False}
    fig, (axes,) = plt.subplots(1, len(mixtures), **size)
    for ax, (title, mixture) in zip(axes, mixtures.items(), strict=True):
        ax.scatter(*x.T, s=3, color=COLORS["data"], alpha=0.5, linewidths=0)
        ellipses(ax, mixture)
        _plain(ax, title, np.abs(x).max() * 1.08)
    axes[0].set_ylabel("$x_2$")
    return fig


def density_panels(
    mixtures: Mapping[str, GaussianMixture],
    extent: float,
    dots: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """Filled densities of the plane, one panel each; `dots` (n, 2) over some."""
    line = np.linspace(-extent, extent, 110)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    width = WIDTH / len(mixtures)
    size = {"figsize": (WIDTH, width + 0.35), "sharey": True, "squeeze": False}
    fig, (axes,) = plt.subplots(1, len(mixtures), **size)
    values = [np.exp(m.log_prob(grid.reshape(-1, 2))).reshape(110, 110) for m in mixtures.values()]
    for ax, title, p in zip(axes, mixtures, values, strict=True):
        levels = np.quantile(p, 0.999) * np.linspace(0.03, 1, LEVELS)
        ax.contourf(line, line, p, levels=levels, cmap="Reds", extend="max")
        if dots and title in dots:
            ax.plot(*dots[title].T, ".", ms=3, color=COLORS["latent"])
        _plain(ax, title, extent)
    axes[0].set_ylabel("$x_2$")
    return fig


def _plain(ax: Axes, title: str, extent: float) -> None:
    ax.set(title=title, xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    ax.set(xlabel="$x_1$", xticks=[], yticks=[])
    ax.grid(False)


def choice_of_m(
    ms: Sequence[int], fitted: Sequence[float], held_out: Sequence[float], truth: float
) -> Figure:
    """Mean log-likelihood against the number of components; the best held-out one is marked."""
    fig, ax = plt.subplots(figsize=(5.6, 3))
    ax.axhline(truth, color=COLORS["good"], label="true density")
    best = int(np.argmax(held_out))
    ax.plot(ms, fitted, "--", color=COLORS["prior"], label="fitted points")
    ax.plot(ms, held_out, color=COLORS["data"], label="held-out points")
    ax.plot(ms[best], held_out[best], "o", ms=7, color=COLORS["model"])
    ax.set(xlabel="components $M$", ylabel="log-likelihood (nats)", xscale="log")
    ax.set_xticks(ms, [str(m) for m in ms])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return fig


def first_look(x: np.ndarray, mixtures: Mapping[str, GaussianMixture]) -> Figure:
    """Points (n, 2) in the first panel, the densities of mixtures in the others."""
    extent = np.abs(x).max() * 1.05
    fig = density_panels({f"{len(x)} points": next(iter(mixtures.values()))} | mixtures, extent)
    for part in list(fig.axes[0].collections):
        part.remove()
    fig.axes[0].scatter(*x.T, s=4, color=COLORS["data"], linewidths=0)
    return fig


def component_rows(mixture: GaussianMixture, count: int, rng: np.random.Generator) -> Figure:
    """The mean of each component as a picture of 8 x 8 pixels, then `count` draws from it."""
    m = len(mixture.weights)
    y = np.repeat(np.arange(m), count)
    drawn = mixture.joint.sample(m * count, rng, y)[0].reshape(m, count, 8, 8)
    fig, axes = plt.subplots(m, count + 1, figsize=(WIDTH * 0.9, 0.7 * m), squeeze=False)
    for k, line in enumerate(axes):
        pictures = [mixture.means[k].reshape(8, 8), *drawn[k]]
        for ax, picture in zip(line, pictures, strict=True):
            ax.imshow(picture, vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(f"{mixture.weights[k]:.2f}", rotation=0, ha="right", va="center")
    axes[0, 0].set_title("mean")
    return fig


def starts(x: np.ndarray, shown: Mapping[str, GaussianMixture], ends: np.ndarray) -> Figure:
    """Two fits of points (n, 2), and a histogram of the likelihoods `ends` of all starts."""
    fig, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.6))
    for ax, (title, mixture) in zip(axes, shown.items(), strict=False):
        ax.scatter(*x.T, s=3, color=COLORS["data"], alpha=0.5, linewidths=0)
        ellipses(ax, mixture)
        _plain(ax, title, np.abs(x).max() * 1.08)
    axes[0].set_ylabel("$x_2$")
    axes[2].hist(ends, 20, color=COLORS["model"])
    axes[2].set(xlabel="log-likelihood (nats)", ylabel="starts")
    return fig


def learned_curve(x: np.ndarray, curve: np.ndarray) -> Figure:
    """Points (n, 2) and a curve (g, 2) with a dot for every value of z."""
    fig, ax = plt.subplots(figsize=(4.6, 2.7))
    ax.scatter(*x.T, s=5, color=COLORS["data"], alpha=0.5, linewidths=0)
    ax.plot(*curve.T, color=COLORS["model"])
    ax.plot(*curve.T, ".", color=COLORS["latent"], ms=5)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return fig
