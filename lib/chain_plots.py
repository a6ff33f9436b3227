"""Drawings of the lesson on the chain rule: graphs, orders, costs, and the reveal of a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from lib import plots
from lib.pixel import PixelModel
from lib.pixel_orders import Order
from lib.plots import COLORS, WIDTH

HIDDEN = np.array([0.62, 0.7, 0.8])  # the colour of a pixel that is not yet drawn


def graphs(parents: Mapping[str, Mapping[int, Sequence[int]]]) -> Figure:
    """Directed graphs side by side; each maps a pixel to its parents. Pixels stand on a circle."""
    fig, axes = plt.subplots(1, len(parents), figsize=(WIDTH, 2.5))
    for ax, (name, pixels) in zip(axes, parents.items(), strict=True):
        graph = nx.DiGraph((p, i) for i, above in pixels.items() for p in above)
        graph.add_nodes_from(pixels)
        turn = {i: math.pi * (0.9 - 2 * k / len(pixels)) for k, i in enumerate(pixels)}
        at = {i: (math.cos(a), math.sin(a)) for i, a in turn.items()}
        labels = {i: f"x{'₀₁₂₃₄₅₆₇₈₉'[i]}" for i in pixels}
        plots.draw_graph(graph, at, ax=ax, labels=labels, node_size=560)
        ax.set(title=name, aspect="equal")
    return fig


def order_panels(orders: Mapping[str, Order]) -> Figure:
    """Each order as a line from pixel to pixel; early pixels are dark."""
    fig, axes = plt.subplots(1, len(orders), figsize=(WIDTH, WIDTH / len(orders) + 0.25))
    for ax, (name, order) in zip(axes, orders.items(), strict=True):
        rows, columns = np.array(order).T
        rank = np.empty((rows.max() + 1, columns.max() + 1))
        rank[rows, columns] = np.arange(len(order))
        ax.imshow(rank, cmap="Blues_r", vmin=0, vmax=1.25 * len(order))
        ax.plot(columns, rows, color=COLORS["model"], lw=0.9)
        ax.plot(columns[0], rows[0], "o", color=COLORS["model"], ms=5)
        ax.set(title=name, xticks=(), yticks=())
    return fig


def level_bits(model: PixelModel, x: Tensor) -> Tensor:
    """What each pixel of pictures x costs in bits, (n, *shape)."""
    with torch.no_grad():
        log_p = model.logits(x).log_softmax(1)
    return -log_p.gather(1, x[:, None])[:, 0] / math.log(2)


def training_curves(histories: Mapping[str, Mapping[str, Sequence[float]]], yard: float) -> Figure:
    """Bits per dimension against epochs, one panel a model; `yard` is a yardstick, dashed."""
    fig, axes = plt.subplots(1, len(histories), figsize=(WIDTH, 2.6), sharey=True)
    for ax, (name, history) in zip(axes, histories.items(), strict=True):
        ax.plot(history["epoch"], history["train"], color=COLORS["model"], label="training")
        ax.plot(
            history["epoch"], history["held out"], "--", color=COLORS["model"], label="held out"
        )
        ax.axhline(yard, color=COLORS["prior"], ls=":", label="uniform")
        ax.set(title=name, xlabel="epochs")
    axes[0].set(ylabel="bits per dimension", ylim=(0, 5))
    axes[0].legend(loc="lower left")
    return fig


class Reveal:
    """Frames that uncover pictures pixel by pixel beside the prediction for the next one."""

    def __init__(self, model: PixelModel, pictures: Mapping[str, Tensor]):
        self.model, self.pictures = model, dict(pictures)
        x = torch.stack(list(self.pictures.values()))
        with torch.no_grad():
            p = model.logits(x).softmax(1)
        self.p = dict(zip(self.pictures, p, strict=True))
        self.bits = dict(zip(self.pictures, level_bits(model, x), strict=True))
        self.figure = plt.figure(figsize=(6.2, 2.9), layout="none")
        plt.close(self.figure)
        self.left = self.figure.add_axes((0.02, 0.06, 0.37, 0.79))
        self.right = self.figure.add_axes((0.5, 0.2, 0.48, 0.65))
        self._still()

    def _still(self) -> None:
        """Everything that no frame changes."""
        self.image = self.left.imshow(np.zeros((*self.model.shape, 3)), vmin=0, vmax=1)
        self.left.set(xticks=(), yticks=())
        self.frame = self.left.add_patch(
            Rectangle((0, 0), 1, 1, fill=False, ec=COLORS["error"], lw=2.5)
        )
        self.bars = self.right.bar(range(self.model.levels), 1, color="#dd8a85", width=0.85)
        self.right.set(xlabel="grey level", ylabel="probability", ylim=(0, 1), yticks=(0, 0.5, 1))
        self.right.set_xticks(range(0, self.model.levels, 4))
        self.right.grid(False)
        self.texts = [ax.set_title("", loc="left", fontsize=10) for ax in (self.left, self.right)]

    def draw(self, picture: str, pixel: int) -> Figure:
        """The frame before pixel number `pixel`, counted from 1 in the model's order."""
        place, x = self.model.places[pixel - 1], self.pictures[picture]
        shown = np.tile(HIDDEN, (*self.model.shape, 1))
        for before in self.model.places[: pixel - 1]:
            shown[before] = x[before].item() / (self.model.levels - 1)
        self.image.set_data(shown)
        self.frame.set_xy((place[1] - 0.5, place[0] - 0.5))
        true = x[place].item()
        p = self.p[picture][(slice(None), *place)].tolist()
        for level, (bar, height) in enumerate(zip(self.bars, p, strict=True)):
            bar.set(height=height, color=COLORS["data"] if level == true else "#dd8a85")
        for text, words in zip(self.texts, self.words(picture, pixel), strict=True):
            text.set_text(words)
        return self.figure

    def words(self, picture: str, pixel: int) -> tuple[str, str]:
        """What stands over the two halves of the frame."""
        costs = [self.bits[picture][place].item() for place in self.model.places[:pixel]]
        true = self.pictures[picture][self.model.places[pixel - 1]].item()
        price = f"level {true} costs {costs[-1]:.1f} bits, the sum is {sum(costs):.1f}"
        return f"pixel {pixel} of {len(self.model.places)}", price

    def alt(self, picture: str, pixel: int) -> str:
        """The frame in words."""
        place = self.model.places[pixel - 1]
        p = self.p[picture][(slice(None), *place)]
        _, cost = self.words(picture, pixel)
        return (
            f"The first {pixel - 1} pixels of the {picture} digit, and a prediction of the next: "
            f"most probable is level {p.argmax().item()} with {p.max().item():.0%}; {cost}."
        )
