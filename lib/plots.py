"""Figures in the book's style: one colour for one role, image grids, loss curves, graphs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: One colour for one role through the whole book.
COLORS = {
    "data": "#1f6fb2",  # observations, data, evidence
    "model": "#c8443c",  # what the model says
    "latent": "#7a4fa3",  # hidden variables, messages, codes
    "prior": "#7d8590",  # priors, baselines, what we knew before
    "error": "#d98a00",  # errors, warnings, what goes wrong
    "good": "#2b9a66",  # exact answers, references to reach
}
INK = "#2b2f36"
WIDTH = 7.0  # inches: at 96 points an inch, the width of the book's text column

STYLE = {
    "figure.figsize": (WIDTH, 3.2),
    "figure.dpi": 96,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": "#d9dce1",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "image.cmap": "gray",
    "lines.linewidth": 1.8,
    "axes.prop_cycle": plt.cycler(color=list(COLORS.values())),
}


def use_style() -> None:
    """Switch this session's figures to the book's style, sharp on high-density screens."""
    plt.rcParams.update(STYLE)
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside Jupyter
        return
    set_matplotlib_formats("retina")


def image_grid(
    images: np.ndarray,
    *,
    columns: int = 10,
    titles: Sequence[str] | None = None,
    size: float = 0.7,
    vmin: float = 0.0,
    vmax: float = 1.0,
) -> Figure:
    """Draw pictures side by side.

    `images` has shape (n, h, w) or (n, h, w, 3); `size` is the side of one picture in inches;
    `vmin` and `vmax` are the values shown as black and white.
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        raise ValueError(f"images must be (n, h, w) or (n, h, w, 3), got shape {images.shape}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = size + (0.25 if titles is not None else 0.0)
    fig, axes = plt.subplots(rows, columns, figsize=(columns * size, rows * height), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for k, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, vmin=vmin, vmax=vmax, interpolation="nearest")
        if titles is not None:
            ax.set_title(titles[k], fontsize=8, pad=2)
    return fig


def loss_curves(history: Mapping[str, Sequence[float]], *, ylabel: str, smooth: int = 1) -> Figure:
    """Draw every series of a `fit` history against the optimisation step.

    `smooth` is the width, in steps, of a moving average.
    """
    fig, ax = plt.subplots()
    kernel = np.ones(smooth) / smooth
    for name, values in history.items():
        line = np.convolve(values, kernel, mode="valid")
        ax.plot(np.arange(len(line)) + smooth, line, label=name)
    ax.set(xlabel="optimisation step", ylabel=ylabel)
    ax.legend()
    return fig


def draw_graph(
    graph: nx.Graph,
    pos: Mapping,
    *,
    ax: Axes | None = None,
    observed: Collection = (),
    factors: Collection = (),
    highlight: Collection[tuple] = (),
    colors: Mapping | None = None,
    labels: Mapping | None = None,
    node_size: float = 900,
    font_size: float = 10,
) -> Axes:
    """Draw a graphical model: circles for variables, shaded when observed, squares for factors.

    `pos` maps a node to (x, y); `highlight` lists edges drawn thick in the latent colour;
    `colors` overrides the fill of single nodes. Directed graphs get arrows.
    """
    if ax is None:
        _, ax = plt.subplots()
    ax.axis("off")
    colors, labels = colors or {}, labels or {node: str(node) for node in graph}
    fills = {n: COLORS["data"] if n in observed else "#ffffff" for n in graph} | dict(colors)
    marked = {frozenset(edge) for edge in highlight}
    for shape, nodes in (("o", [n for n in graph if n not in factors]), ("s", list(factors))):
        nx.draw_networkx_nodes(
            graph, pos, nodelist=nodes, ax=ax, node_shape=shape, edgecolors=INK, linewidths=1.3,
            node_color=[fills[n] for n in nodes], node_size=node_size * (1.0 if shape == "o" else 0.35),
        )  # fmt: skip
    for wanted, color, width in ((False, INK, 1.3), (True, COLORS["latent"], 3.2)):
        edges = [e for e in graph.edges if (frozenset(e) in marked) == wanted]
        arrows = {"arrowsize": 14} if graph.is_directed() else {}
        nx.draw_networkx_edges(
            graph, pos, edgelist=edges, ax=ax, edge_color=color, width=width, node_size=node_size,
            **arrows,
        )  # fmt: skip
    for node in graph:
        dark = _luminance(fills[node]) < 0.45
        nx.draw_networkx_labels(
            graph, pos, {node: labels.get(node, "")}, ax=ax, font_size=font_size,
            font_color="#ffffff" if dark else INK,
        )  # fmt: skip
    ax.margins(0.12)
    return ax


def _luminance(color: str) -> float:
    """Perceived brightness of a colour, 0 black to 1 white."""
    return float(np.dot(plt.matplotlib.colors.to_rgb(color), [0.299, 0.587, 0.114]))
