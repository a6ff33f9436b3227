"""The explorables of the lesson on KL: one figure each, redrawn for every setting."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from scipy.stats import norm

from lib.datasets.toys import Mixture
from lib.divergence import fit_covering, fit_seeking, kl_grid, normal_grid
from lib.plots import COLORS, INK

LINE = np.linspace(-18, 18, 1801)
CELL = LINE[1] - LINE[0]
DASHED = (0, (4, 2))
TINTS = {"latent": "#b294cf", "prior": "#a9b0b9", "error": COLORS["error"]}  # flat: a small sheet


class BothWays:
    """Densities p and q, and under them what is integrated for KL(q || p) and for KL(p || q)."""

    def __init__(self) -> None:
        self.figure = _figure(5.0, 3.5)
        self.top = self.figure.add_axes((0.1, 0.61, 0.88, 0.36))
        (self.p,) = self.top.plot([], [], color=COLORS["prior"], ls=DASHED, label="p")
        (self.q,) = self.top.plot([], [], color=COLORS["latent"], label="q")
        self.top.set(ylabel="density", ylim=(0, 0.85), yticks=(0, 0.4, 0.8), xlim=(-6, 6))
        self.top.legend(loc="upper right", ncols=2)
        self.top.grid(False)
        self.panels = [
            _Signed(self.figure.add_axes((0.1, 0.13, 0.37, 0.33)), "q log(q / p)", "latent"),
            _Signed(self.figure.add_axes((0.61, 0.13, 0.37, 0.33)), "p log(p / q)", "prior"),
        ]

    def draw(self, p: Mixture, mean: float, std: float) -> Figure:
        """The frame for the density p and q = N(mean, std^2)."""
        log_p, log_q = p.log_prob(LINE), norm.logpdf(LINE, mean, std)
        self.p.set_data(LINE, np.exp(log_p))
        self.q.set_data(LINE, np.exp(log_q))
        for panel, name, (a, b) in zip(
            self.panels,
            ("KL(q ‖ p)", "KL(p ‖ q)"),
            ((log_q, log_p), (log_p, log_q)),
            strict=True,
        ):
            panel.show(np.exp(a) * (a - b))
            panel.ax.set_title(f"{name} = {kl_grid(a, b, CELL):.2f} nats", loc="left")
        return self.figure


class _Signed:
    """The area under a curve over LINE: in its own colour above zero, in that of errors below."""

    def __init__(self, ax: Axes, name: str, role: str):
        self.ax = ax
        self.above, self.below = (
            ax.add_collection(PolyCollection([], color=tint, lw=0))
            for tint in (TINTS[role], TINTS["error"])
        )
        ax.axhline(0, color=INK, lw=0.8)
        ax.set(xlabel="z", xlim=(-6, 6), xticks=(-4, 0, 4), ylabel=name)
        ax.set(ylim=(-0.5, 2), yticks=(0, 1, 2))
        ax.grid(False)

    def show(self, values: np.ndarray) -> None:
        """Replace the curve by these values at LINE."""
        for area, part in (
            (self.above, np.maximum(values, 0)),
            (self.below, np.minimum(values, 0)),
        ):
            area.set_verts([np.stack([LINE, part], axis=1)])


class PulledApart:
    """Two equal modes at a distance, one Gaussian fitted both ways, and what the search saw."""

    def __init__(self, std: float = 0.7) -> None:
        self.std, self.means = std, np.linspace(-4.5, 4.5, 91)
        self.known: dict[float, tuple] = {}
        self.figure = _figure(6.2, 2.9)
        self.left = self.figure.add_axes((0.08, 0.17, 0.48, 0.7))
        self.right = self.figure.add_axes((0.68, 0.17, 0.3, 0.7))
        self.area = self.left.add_collection(PolyCollection([], color="#bcd4e8", lw=0, label="p"))
        looks = (("model", "-", "covers"), ("latent", DASHED, "seeks"))
        self.bells = [
            self.left.plot([], [], color=COLORS[role], ls=style, label=name)[0]
            for role, style, name in looks
        ]
        self.left.set(xlabel="z", ylabel="density", xlim=(-7, 7), ylim=(0, 0.64))
        self.left.legend(loc="upper right")
        (self.cost,) = self.right.plot([], [], color=COLORS["latent"], lw=1.4)
        (self.start,) = self.right.plot([], [], "o", mfc="white", color=COLORS["latent"])
        (self.end,) = self.right.plot([], [], "o", ms=8, color=COLORS["latent"])
        self.right.set(xlabel="mean of q", ylabel="least KL(q ‖ p) (nats)")
        self.right.set(xlim=(-4.5, 4.5), ylim=(0, 2.5))

    def draw(self, distance: float, start: float) -> Figure:
        """The frame for modes at this distance, the search for the seeking fit begun at `start`."""
        p, covering, cost = self._at(distance)
        seeking = fit_seeking(p.log_prob, start, 1)
        self.area.set_verts([np.stack([LINE, p.density(LINE)], axis=1)])
        for bell, fit in zip(self.bells, (covering, seeking), strict=True):
            bell.set_data(LINE, norm.pdf(LINE, fit.mean[0], np.sqrt(fit.covariance[0, 0])))
        self.cost.set_data(self.means, cost)
        for dot, mean in ((self.start, start), (self.end, seeking.mean[0])):
            dot.set_data([mean], [np.interp(mean, self.means, cost)])
        self.left.set_title(f"covers: KL(p ‖ q) = {covering.kl:.2f} nats")
        self.right.set_title(f"seeks: KL(q ‖ p) = {seeking.kl:.2f}")
        return self.figure

    def _at(self, distance: float) -> tuple:
        """The mixture, its covering fit and the landscape, computed once for each distance."""
        if distance not in self.known:
            p = Mixture([0.5, 0.5], [-distance / 2, distance / 2], [self.std] * 2)
            covering = fit_covering(p.log_prob, LINE, CELL, 0, 1)
            self.known[distance] = p, covering, seeking_landscape(p, self.means)
        return self.known[distance]


def seeking_landscape(p: Mixture, means: np.ndarray) -> np.ndarray:
    """For each mean (n,) of q, the least KL(q || p) over its widths; shape (n,)."""
    stds = np.geomspace(0.3, 4, 60)
    eps, weights = normal_grid(1)
    eps, weights = eps[::4, 0], weights[::4] / weights[::4].sum()
    z = np.linspace(-40, 40, 4001)
    log_p = np.interp(means[:, None, None] + stds[:, None] * eps, z, p.log_prob(z))
    return np.min(-log_p @ weights - np.log(stds) - 0.5 * np.log(2 * np.pi * np.e), axis=1)


def _figure(width: float, height: float) -> Figure:
    """A figure outside pyplot, so that drawing it does not use it up."""
    figure = Figure(figsize=(width, height), layout="none")
    FigureCanvasAgg(figure)
    return figure
