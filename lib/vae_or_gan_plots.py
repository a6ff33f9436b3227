"""Drawings of the lesson VAE or GAN: fits of four divergences, ways of small GANs, codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from lib.datasets.toys import Mixture
from lib.gan_divergences import DIVERGENCES, Fit, best_gaussian, usual_line
from lib.latent_plane import scatter_codes
from lib.plots import COLORS, WIDTH

STYLES = {
    "KL(p ‖ q)": {"color": COLORS["prior"], "ls": "-"},
    "JSD": {"color": COLORS["good"], "ls": (0, (5, 1.5))},
    "softened KL": {"color": COLORS["model"], "ls": "-"},
    "KL(q ‖ p)": {"color": COLORS["latent"], "ls": (0, (1.5, 1.2))},
}
PALE = "#bcd4e8"  # the data's density


def two_modes(distance: float, weight: float = 0.5, std: float = 0.6) -> Mixture:
    """Two Gaussians at this distance from each other, the left one of this weight."""
    return Mixture([weight, 1 - weight], [-distance / 2, distance / 2], [std, std])


def all_fits(p: Mixture) -> dict[str, Fit]:
    """The best Gaussian by each of the four divergences."""
    density = p.density(usual_line().x)
    return {name: best_gaussian(density, rule) for name, rule in DIVERGENCES.items()}


class FourFits:
    """Four panels: the data's density and the best Gaussian by one of the divergences."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(6.4, 3.9), layout="none")
        FigureCanvasAgg(self.figure)
        self.panels = {}
        for k, name in enumerate(DIVERGENCES):
            place = (0.08 + 0.49 * (k % 2), 0.58 - 0.46 * (k // 2), 0.42, 0.3)
            self.panels[name] = _Panel(self.figure.add_axes(place), name, low=k > 1)

    def draw(self, distance: float, weight: float) -> Figure:
        """The frame for modes at this distance, the left one of this weight."""
        p = two_modes(distance, weight)
        for name, fit in all_fits(p).items():
            self.panels[name].show(p, fit)
        return self.figure


class _Panel:
    def __init__(self, ax: Axes, name: str, low: bool):
        self.ax, self.name, self.x = ax, name, usual_line().x
        self.area = ax.add_collection(PolyCollection([], color=PALE, lw=0))
        (self.line,) = ax.plot([], [], color=STYLES[name]["color"], lw=1.8)
        ax.set(xlim=(-6, 6), ylim=(0, 0.72), yticks=(0, 0.3, 0.6))
        ax.set(xlabel="x" if low else "", ylabel="density")
        ax.grid(False)

    def show(self, p: Mixture, fit: Fit) -> None:
        self.area.set_verts([np.stack([self.x, p.density(self.x)], axis=1)])
        self.line.set_data(self.x, fit.density(self.x))
        self.ax.set_title(f"{self.name} = {fit.value:.2f} nats, σ = {fit.std:.2f}", size=9.5)


def width_curves(distances: Sequence[float], fits: Sequence[Mapping[str, Fit]], std: float) -> Axes:
    """The width of each best Gaussian against the distance of the modes, whose width is `std`."""
    _, ax = plt.subplots(figsize=(WIDTH, 2.9))
    for name, style in STYLES.items():
        ax.plot(distances, [found[name].std for found in fits], label=name, **style)
    ax.axhline(std, color=COLORS["data"], lw=1, ls=":", label="one mode")
    ax.set(xlabel="distance of the two modes", ylabel="width σ of the fit", ylim=(0, None))
    ax.legend(loc="upper left")
    return ax


def ways_panels(
    p: Mixture,
    paths: Mapping[str, np.ndarray],
    rules: Mapping[str, str],
    predicted: Mapping[str, tuple[float, float]],
) -> Figure:
    """The landscape of a divergence over (mean, std), a GAN's way in it, and the predicted end.

    `paths` (steps, 2) and `predicted` go by the name of the game, `rules` gives its divergence.
    """
    means, stds = np.linspace(-2.4, 2.4, 49), np.linspace(0.35, 2.3, 40)
    x, cell = usual_line().x, usual_line().cell
    q = Fit(means[:, None, None], stds[:, None], 0.0).density(x)
    fig, axes = _row(len(paths), 3.1, sharey=True)
    for ax, (game, path) in zip(axes, paths.items(), strict=True):
        height = DIVERGENCES[rules[game]](p.density(x), q, cell)
        levels = np.quantile(height, np.linspace(0, 1, 14))
        shades = [str(level) for level in np.linspace(0.76, 1, len(levels) - 1)]  # grey to white
        ax.contourf(means, stds, height.T, levels=levels, colors=shades)
        ax.plot(*path.T, color=COLORS["model"], lw=1.6, label="the network's way")
        ax.plot(*path[0], "o", mfc="white", color=COLORS["model"], label="start")
        ax.plot(*predicted[game], "*", ms=14, color=COLORS["good"], label="predicted end")
        ax.set(xlabel="mean of G", title=f"{game}: {rules[game]}", xlim=(-2.4, 2.4))
        ax.grid(False)
    axes[0].set_ylabel("width of G")
    axes[0].legend(loc="lower right")
    return fig


def progress_panels(histories: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Figure:
    """For each model (epochs, loss, Fréchet distance), each scaled from 0 to 1, over training."""
    fig, axes = _row(len(histories), 2.6, sharey=True)
    for ax, (name, (epochs, loss, score)) in zip(axes, histories.items(), strict=True):
        for values, role, label in ((loss, "model", "loss"), (score, "good", "Fréchet distance")):
            share = (values - values.min()) / max(np.ptp(values), 1e-12)
            ax.plot(epochs, share, "o-", ms=4, color=COLORS[role], label=label)
        ax.set(xlabel="epoch", title=name)
    axes[0].set_ylabel("from least (0) to most (1)")
    axes[0].legend()
    return fig


def code_panels(
    codes: Mapping[str, np.ndarray], priors: Sequence[np.ndarray], y: np.ndarray
) -> Figure:
    """Codes (n, 2) by class over draws from the prior in grey, one panel a model."""
    fig, axes = _row(len(codes), 2.7)
    for ax, (name, z), prior in zip(axes, codes.items(), priors, strict=True):
        ax.scatter(*prior.T, s=3, color="#c3c7cd", lw=0)
        scatter_codes(z, y, ax, size=4)
        ax.set(title=name, xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
        ax.grid(False)
    for ax in axes[1:]:
        ax.set_ylabel("")
    return fig


def _row(panels: int, height: float, **options) -> tuple[Figure, np.ndarray]:
    """A figure as wide as the column, and its panels side by side, (panels,)."""
    fig, axes = plt.subplots(1, panels, figsize=(WIDTH, height), squeeze=False, **options)
    return fig, axes[0]
