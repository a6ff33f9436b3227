"""Figures of the Bayesian network lesson: beliefs on a graph, and beliefs about a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib import plots
from lib.bayes_net import BayesNet, active_edges, reachable
from lib.factors import Factor
from lib.glyphs import CAUSES, N_ANGLES, OBJECTS
from lib.networks import hidden_markov_model

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


def orders_figure() -> Figure:
    """The fully connected graphs of three variables, one for each order of the chain rule."""
    fig, axes = plt.subplots(2, 3, figsize=(5.4, 3.4))
    corners = {"x1": (0, 0), "x2": (1, 1), "x3": (2, 0)}
    labels = {v: f"$x_{v[1]}$" for v in corners}
    for ax, order in zip(axes.flat, permutations(corners), strict=True):
        arrows = nx.DiGraph(combinations(order, 2))
        plots.draw_graph(arrows, corners, ax=ax, labels=labels, node_size=600)
        ax.set_ylim(-0.25, 1.3)
        ax.set_title("order " + ", ".join(labels[v] for v in order))
    return fig


def hmm_figure(m: int) -> Figure:
    """A hidden Markov model of length m, its observations filled."""
    graph = hidden_markov_model(m)
    fig, ax = plt.subplots(figsize=(5, 1.7))
    pos = {v: (int(v[1:]), v[0] == "x") for v in graph}
    labels = {v: f"${v[0]}_{{{v[1:]}}}$" for v in graph}
    plots.draw_graph(graph, pos, ax=ax, observed={v for v in graph if v[0] == "y"}, labels=labels)
    return fig


def belief_figure(
    net: BayesNet, pos: Mapping, source: str, evidence: Mapping[str, int | None], state: int = 1
) -> Figure:
    """A network with what is observed, where news of `source` travels, and all beliefs.

    Observed nodes and their bars are blue; a node whose evidence is None is hidden. Arrows of
    active paths from `source` are thick; a node they do not reach is grey. The bar beside a node
    is p(node = state | evidence), the tick its prior.
    """
    evidence = _observed(evidence)
    fig = plt.figure(figsize=(5.8, 3.1), layout="none")  # a layout engine costs time
    ax = fig.add_axes((0, 0, 1, 1))
    told = reachable(net.graph, {source}, evidence) - {source}
    cut = dict.fromkeys(_cut_off(net, source, evidence), CUT_OFF)
    edges = active_edges(net.graph, source, told, evidence) if told else set()
    plots.draw_graph(
        net.graph, pos, ax=ax, observed=evidence, highlight=edges, node_size=1000, font_size=11,
        colors=cut | {source: SOURCE_FILL},
    )  # fmt: skip
    middle = np.mean([x for x, _ in pos.values()])
    before, now = net.marginals(), net.marginals(evidence)
    for name, (x, y) in pos.items():
        left = x + GAP if x > middle else x - GAP - BAR[0]
        role = "data" if name in evidence else "model"
        _belief_bar(ax, left, y, now[name][state], before[name][state], plots.COLORS[role])
    ax.set_xlim(min(x for x, _ in pos.values()) - GAP - BAR[0] - 0.1,
                max(x for x, _ in pos.values()) + GAP + BAR[0] + 0.1)  # fmt: skip
    return fig


def belief_words(
    net: BayesNet, source: str, evidence: Mapping[str, int | None], state: int = 1
) -> str:
    """What `belief_figure` shows, in words: what is observed, the belief, who is cut off."""
    evidence = _observed(evidence)
    seen = ", ".join(f"{v} is {net.states(v)[k]}" for v, k in evidence.items()) or "nothing"
    p = net.posterior(source, evidence).table[state]
    cut = ", ".join(_cut_off(net, source, evidence)) or "no node"
    value = net.states(source)[state]
    return f"Observed: {seen}. p({source} = {value}) is {100 * p:.1f} %. Cut off: {cut}."


def node_spots(net: BayesNet, pos: Mapping) -> dict[str, tuple[float, float]]:
    """Where `belief_figure` draws the nodes, as the `at` of an explorable's choice."""
    fig = belief_figure(net, pos, net.nodes[0], {})
    found = plots.places(fig.axes[0], pos)
    plt.close(fig)
    return found


def _observed(evidence: Mapping[str, int | None]) -> dict[str, int]:
    """The evidence without the nodes that are hidden (None)."""
    return {name: state for name, state in evidence.items() if state is not None}


def _cut_off(net: BayesNet, source: str, evidence: Mapping[str, int]) -> list[str]:
    """Unobserved nodes that no active path joins to `source`."""
    told = reachable(net.graph, {source}, evidence)
    return [v for v in net.nodes if v not in told | set(evidence) | {source}]


def _belief_bar(ax: Axes, left: float, y: float, now: float, before: float, color: str) -> None:
    """A horizontal bar from 0 to 1 with a tick at the prior, the number above it."""
    width, height = BAR
    low = y - height / 2
    ax.add_patch(Rectangle((left, low), width, height, facecolor=PALE, zorder=4))
    ax.add_patch(Rectangle((left, low), width * now, height, facecolor=color, zorder=5))
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


def completion_figure(images: np.ndarray, scenes: np.ndarray, averages: np.ndarray) -> Figure:
    """One row a picture: what is seen of it, scenes that continue it, and their average.

    `images` has shape (n, h, w) with nan where nothing was seen, `scenes` (n, k, h, w) and
    `averages` (n, h, w).
    """
    images, scenes, averages = map(np.asarray, (images, scenes, averages))
    if scenes.shape[:1] + scenes.shape[2:] != images.shape or averages.shape != images.shape:
        raise ValueError(
            f"images {images.shape} need scenes (n, k, h, w) and averages of their shape, "
            f"got {scenes.shape} and {averages.shape}"
        )
    rows = np.concatenate([images[:, None], scenes, averages[:, None]], axis=1)
    n, columns = rows.shape[:2]
    size = plots.WIDTH / columns
    fig, axes = plt.subplots(n, columns, figsize=(plots.WIDTH, n * size + 0.25), squeeze=False)
    for ax, picture in zip(axes.flat, rows.reshape(-1, *rows.shape[2:]), strict=True):
        _picture(ax, picture, (-0.4, 1.4))
    for column, title in ((0, "seen"), (1 + (columns - 2) // 2, "drawn"), (-1, "average")):
        axes[0, column].set_title(title)
    return fig


def _picture(ax: Axes, image: np.ndarray, limits: tuple[float, float] = (-0.8, 1.8)) -> None:
    ax.set_facecolor("#b8c4d6")  # shines through where pixels are nan
    ax.imshow(image, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
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
    ax.spines[:].set_visible(True)
    ax.grid(False)


def _orientation_bars(ax: Axes, belief: np.ndarray, truth: int | None) -> None:
    degrees = 360 * np.arange(N_ANGLES) // N_ANGLES
    ax.bar(degrees, belief, width=32, color=plots.COLORS["latent"])
    if truth is not None:
        ax.plot(degrees[truth], 1.08, "v", color=plots.COLORS["good"], ms=7)
    ax.set(ylim=(0, 1.18), xticks=degrees[::2], yticks=[0, 0.5, 1])
