"""Drawings of the Ising model: probabilities of tiny pictures beside one large sample."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from lib.ising import SPIN, gibbs, ising_grid
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


class IsingPanels:
    """One figure for every setting: a Gibbs sample on the left, all 2 x 2 pictures on the right.

    `pictures` (16, 2, 2) holds 0 (black) and 1 (white) in the order of the bars; the sample has
    `side` x `side` pixels after `sweeps` sweeps from a random start that never changes.
    """

    def __init__(self, pictures: np.ndarray, side: int = 40, sweeps: int = 100):
        self.states, self.sweeps = pictures.reshape(len(pictures), 4), sweeps
        self.start = np.random.default_rng(1).choice(SPIN, (side, side))
        self.figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        FigureCanvasAgg(self.figure)
        layout = {"width_ratios": [1, 1.45], "height_ratios": [6, 1]}
        panel = self.figure.subplot_mosaic([["large", "top"], ["large", "low"]], **layout)
        self.image = panel["large"].imshow(self.start, vmin=-1, vmax=1)
        self.bars = state_bars(panel["top"], panel["low"], np.zeros(len(pictures)), pictures)
        self.title = panel["top"].set_title("log Z")
        panel["top"].set_ylim(0, 1)
        panel["large"].set(xticks=[], yticks=[])
        panel["large"].spines[:].set(visible=True, color="#9aa0a8")
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # lay out once, then only change the contents

    def draw(self, T: float, h: float, beta: float) -> Figure:
        """Sample and enumerate at temperature `T`; the seed is the same for every setting."""
        rng = np.random.default_rng(2)
        self.image.set_data(gibbs(self.start, beta / T, h / T, self.sweeps, rng))
        field = ising_grid(2, 2, beta / T, h / T)
        log_z = field.log_z_by_enumeration()
        for bar, energy in zip(self.bars, field.energy(self.states), strict=True):
            bar.set_height(np.exp(-energy - log_z))
        self.title.set_text(f"log Z = {log_z:.2f}")
        return self.figure
