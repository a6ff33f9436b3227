"""Figures of the Bayesian network lesson: beliefs on a graph, and beliefs about a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib import plots
from lib.bayes_net import BayesNet, active_edges, reachable
from lib.factors import Factor
from lib.glyphs import CAUSES, N_ANGLES, OBJECTS

#: Where the nodes of two networks stand in the book's figures.
ALARM_POS = {
    "burglary": (0, 2), "earthquake": (2, 2), "alarm": (1, 1), "radio": (3, 1), "call": (1, 0),
}  # fmt: skip
CLINIC_POS = {
    "asia": (0, 3), "smoke": (3, 3), "tub": (0, 2), "lung": (2, 2),
    "bronc": (4, 2), "either": (1, 1), "xray": (0, 0), "dysp": (3, 0),
}  # fmt: skip
PALE = "#e9ecf1"
CUT_OFF = "#c3cad5"
SOURCE_FILL = "#e3d6f0"
BAR = (0.55, 0.1)  # width and height of a belief bar, in the units of `pos`
GAP = 0.56  # from the middle of a node to its bar


def belief_figure(
    net: BayesNet, pos: Mapping, source: str, evidence: Mapping[str, int], state: int = 1
) -> Figure:
    """A network with what is observed, where news of `source` travels, and all beliefs.

    Observed nodes are blue. Arrows of active paths from `source` are thick; a node they do not
    reach is grey. The bar beside a node is p(node = state | evidence), the tick its prior.
    """
    fig = plt.figure(figsize=(5.8, 3.1), layout="none")  # a layout engine costs time
    ax = fig.add_axes((0, 0, 1, 1))
    told = reachable(net.graph, {source}, evidence) - {source}
    edges = active_edges(net.graph, source, told, evidence) if told else set()
    cut = {v: CUT_OFF for v in net.nodes if v not in told | set(evidence) | {source}}
    plots.draw_graph(
        net.graph, pos, ax=ax, observed=evidence, highlight=edges, node_size=1000, font_size=11,
        colors=cut | {source: SOURCE_FILL},
    )  # fmt: skip
    middle = np.mean([x for x, _ in pos.values()])
    before, now = net.marginals(), net.marginals(evidence)
    for name, (x, y) in pos.items():
        left = x + GAP if x > middle else x - GAP - BAR[0]
        _belief_bar(ax, left, y, now[name][state], before[name][state])
    ax.set_xlim(min(x for x, _ in pos.values()) - GAP - BAR[0] - 0.1,
                max(x for x, _ in pos.values()) + GAP + BAR[0] + 0.1)  # fmt: skip
    return fig


def node_spots(net: BayesNet, pos: Mapping) -> dict[str, tuple[float, float]]:
    """Where `belief_figure` draws the nodes, as the `at` of an explorable's choice."""
    fig = belief_figure(net, pos, net.nodes[0], {})
    found = plots.places(fig.axes[0], pos)
    plt.close(fig)
    return found


def _belief_bar(ax: Axes, left: float, y: float, now: float, before: float) -> None:
    """A horizontal bar from 0 to 1 with a tick at the prior, the number above it."""
    width, height = BAR
    low = y - height / 2
    ax.add_patch(Rectangle((left, low), width, height, facecolor=PALE, zorder=4))
    ax.add_patch(
        Rectangle((left, low), width * now, height, facecolor=plots.COLORS["model"], zorder=5)
    )
    ax.plot([left + width * before] * 2, [low - 0.04, low + height + 0.04], zorder=6,
            color=plots.INK, linewidth=1.6)  # fmt: skip
    ax.text(left + width / 2, low + height + 0.06, f"{100 * now:.1f} %", ha="center", size=10)


def scene_figure(
    images: np.ndarray, posteriors: Sequence[Factor], truths: Sequence[Sequence[int]] | None = None
) -> Figure:
    """One row a picture: the picture, then the beliefs about object, position and orientation.

    `images` has shape (n, h, w), with nan where nothing was seen; `truths` holds the state
    numbers of (object, position, orientation) to be marked.
    """
    n = len(images)
    fig, axes = plt.subplots(
        n, 4, figsize=(plots.WIDTH, 1.55 * n + 0.3), squeeze=False,
        width_ratios=[1, 1.25, 1, 1.6],
    )  # fmt: skip
    for row, image, posterior, k in zip(axes, images, posteriors, range(n), strict=True):
        truth = (None,) * 3 if truths is None else truths[k]
        _picture(row[0], image)
        beliefs = [posterior.sum_out(*(v for v in CAUSES if v != name)).table for name in CAUSES]
        _object_bars(row[1], beliefs[0], truth[0])
        _position_map(row[2], beliefs[1], truth[1])
        _orientation_bars(row[3], beliefs[2], truth[2])
    for ax, title in zip(axes[0], ("picture", *CAUSES), strict=True):
        ax.set_title(title)
    axes[-1, 1].set_xlabel("probability")
    axes[-1, 3].set_xlabel("orientation [degrees]")
    return fig


def _picture(ax: Axes, image: np.ndarray) -> None:
    ax.set_facecolor("#b8c4d6")  # shines through where pixels are nan
    ax.imshow(image, vmin=-0.8, vmax=1.8, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def _object_bars(ax: Axes, belief: np.ndarray, truth: int | None) -> None:
    ax.barh(OBJECTS, belief, color=plots.COLORS["latent"])
    if truth is not None:
        ax.get_yticklabels()[truth].set_fontweight("bold")
    ax.set(xlim=(0, 1), xticks=[0, 0.5, 1])
    ax.invert_yaxis()


def _position_map(ax: Axes, belief: np.ndarray, truth: int | None) -> None:
    side = round(len(belief) ** 0.5)
    ax.imshow(belief.reshape(side, side), cmap="Purples", vmin=0, interpolation="nearest")
    if truth is not None:
        ax.plot(truth % side, truth // side, "x", color=plots.COLORS["good"], ms=8, mew=2.5)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def _orientation_bars(ax: Axes, belief: np.ndarray, truth: int | None) -> None:
    degrees = 360 * np.arange(N_ANGLES) // N_ANGLES
    ax.bar(degrees, belief, width=32, color=plots.COLORS["latent"])
    if truth is not None:
        ax.plot(degrees[truth], 1.02, "v", color=plots.COLORS["good"], ms=7, clip_on=False)
    ax.set(ylim=(0, 1), xticks=degrees[::2], yticks=[0, 0.5, 1])
