"""Drawings of the Ising model: probabilities of tiny pictures, large samples, costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from lib.ising import SPIN, ising_grid, sample_grid
from lib.plots import COLORS


def state_bars(top: Axes, bottom: Axes, p: np.ndarray, pictures: np.ndarray) -> BarContainer:
    """Bars of probability `p` (n,) and below each the small picture (n, rows, cols), 0 or 1."""
    large = np.kron(pictures, np.ones((8, 8)))
    framed = np.pad(large, [(0, 0), (2, 2), (2, 2)], constant_values=0.6)
    strip = np.hstack(np.pad(framed, [(0, 0), (0, 0), (2, 2)], constant_values=1.0))
    extent = (-0.5, len(p) - 0.5, 0, 1)
    bottom.imshow(strip, extent=extent, aspect="auto", vmin=0, vmax=1)
    bottom.axis("off")
    top.set(xticks=[], ylabel="probability", xlim=extent[:2])
    return top.bar(np.arange(len(p)), p, color=COLORS["model"], width=0.7)


def cost_line(ax: Axes, sizes: np.ndarray, seconds: Sequence[float], until: int) -> None:
    """Seconds measured for 2**size terms, and a dashed line that continues them to `until`."""
    ahead = np.arange(sizes[-1], until + 1)
    line = seconds[-1] * 2.0 ** (ahead - sizes[-1])
    ax.semilogy(sizes, seconds, "o-", color=COLORS["model"], label="measured")
    ax.semilogy(ahead, line, "--", color=COLORS["error"], label="continued: twice for each pixel")
    for name, mark in {"a second": 1, "a day": 86_400, "a century": 100 * 365.25 * 86_400}.items():
        ax.axhline(mark, color=COLORS["prior"], lw=1)
        ax.text(until, mark / 2, name, ha="right", va="top", color=COLORS["prior"])
    ax.set(xlabel="pixels $M$", ylabel="seconds", xticks=np.arange(sizes[0], until + 1, 4))
    ax.legend(loc="upper left")


class IsingPanels:
    """One figure for every setting: a Gibbs sample above the probabilities of all 2 x 2 pictures.

    `pictures` (16, 2, 2) holds 0 (black) and 1 (white) in the order of the bars; the sample has
    `shape` pixels after `sweeps` sweeps from a random start that never changes.
    """

    def __init__(self, pictures: np.ndarray, shape: tuple[int, int] = (32, 80), sweeps: int = 100):
        self.states, self.sweeps = pictures.reshape(len(pictures), 4), sweeps
        self.start = np.random.default_rng(1).choice(SPIN, shape)
        self.figure = Figure(figsize=(4.5, 4.1), layout="constrained")
        FigureCanvasAgg(self.figure)
        large, top, low = self.figure.subplots(3, 1, height_ratios=[2.0, 1.6, 0.27])
        self.image = large.imshow(self.start, vmin=-1, vmax=1, interpolation="nearest")
        self.bars = state_bars(top, low, np.zeros(len(pictures)), pictures)
        self.title = _enlarge(large, top, "{} × {} pixels, sampled".format(*shape))
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # lay out once, then only change the contents

    def draw(self, T: float, h: float, beta: float) -> Figure:
        """Sample and enumerate at temperature `T`; the seed is the same for every setting."""
        rng = np.random.default_rng(2)
        self.image.set_data(sample_grid(self.start, beta / T, h / T, self.sweeps, rng))
        field = ising_grid(2, 2, beta / T, h / T)
        log_z = field.log_z_by_enumeration()
        for bar, energy in zip(self.bars, field.energy(self.states), strict=True):
            bar.set_height(np.exp(-energy - log_z))
        self.title.set_text(f"2 × 2 pixels, exact: log Z = {log_z:.2f}")
        return self.figure


def _enlarge(large: Axes, top: Axes, name: str) -> Text:
    """Text that a phone can show at 70 % of its size; returns the title of the bars."""
    large.set_title(name, size=12)
    large.set(xticks=[], yticks=[])
    large.spines[:].set(visible=True, color="#9aa0a8")
    top.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    top.tick_params(labelsize=11)
    top.yaxis.label.set_size(11)
    return top.set_title("log Z", size=12)
