"""Figures in the book's style: one colour for one role, image grids, loss curves, graphs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, ScaledTranslation

#: One colour for one role through the whole book.
COLORS = {
    "data": "#1f6fb2",  # observations, data, evidence
    "model": "#c8443c",  # what the model says
    "latent": "#7a4fa3",  # hidden variables, messages, codes
    "prior": "#7d8590",  # priors, baselines, what we knew before
    "error": "#d08300",  # errors, warnings, what goes wrong
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

    `images` has shape (n, h, w) or (n, h, w, 3); `size` is the width of one picture in inches;
    `vmin` and `vmax` are the values shown as black and white.
    """
    images = np.asarray(images)
    _check_images(images, columns, titles)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = size * images.shape[1] / images.shape[2] + (0.25 if titles is not None else 0.0)
    fig, axes = plt.subplots(rows, columns, figsize=(columns * size, rows * height), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for k, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, vmin=vmin, vmax=vmax, interpolation="nearest")
        if titles is not None:
            ax.set_title(titles[k], fontsize=8, pad=2)
    return fig


def _check_images(images: np.ndarray, columns: int, titles: Sequence[str] | None) -> None:
    color = images.ndim == 4 and images.shape[-1] == 3
    if not (images.ndim == 3 or color) or len(images) == 0:
        raise ValueError(f"images must be (n, h, w) or (n, h, w, 3), got shape {images.shape}")
    if columns < 1:
        raise ValueError(f"image_grid needs at least one column, got {columns}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"{len(images)} images need as many titles, got {len(titles)}")


def loss_curves(history: Mapping[str, Sequence[float]], *, ylabel: str, smooth: int = 1) -> Figure:
    """Draw every series of a `fit` history against the optimisation step.

    `smooth` is the width, in steps, of a moving average; the unsmoothed values stay visible.
    """
    shortest = min((len(values) for values in history.values()), default=0)
    if not 1 <= smooth <= shortest:
        raise ValueError(f"smooth must lie between 1 and the {shortest} steps, got {smooth}")
    fig, ax = plt.subplots()
    for name, values in history.items():
        line = np.convolve(values, np.ones(smooth) / smooth, mode="valid")
        (drawn,) = ax.plot(np.arange(len(line)) + smooth, line, label=name)
        if smooth > 1:
            ax.plot(np.arange(len(values)) + 1, values, color=drawn.get_color(), alpha=0.2, lw=0.8)
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
    `colors` overrides the fill of single nodes; `labels` says what is written in them (their
    names when left out, nothing in factors); a circle is `node_size` square points large and
    grows sideways around a long label. Directed graphs get arrows.
    """
    missing = [node for node in graph if node not in pos]
    if missing:
        raise ValueError(f"pos has no place for {missing}")
    ax = plt.subplots()[1] if ax is None else ax
    ax.axis("off")
    fills = {n: COLORS["data"] if n in observed else "#ffffff" for n in graph} | dict(colors or {})
    labels = {n: "" if n in factors else str(n) for n in graph} if labels is None else labels
    _make_room(ax, np.array([pos[node] for node in graph], dtype=float))
    patches = {}
    for node in graph:
        size = _node_size(str(labels.get(node, "")), node_size, font_size, node in factors)
        patches[node] = _node_patch(ax, pos[node], size, node in factors, fills[node])
        _write(ax, pos[node], str(labels.get(node, "")), font_size, fills[node])
    marked = {frozenset(edge) for edge in highlight}
    for a, b in graph.edges:
        strong = frozenset((a, b)) in marked
        style = {"color": COLORS["latent"] if strong else INK, "linewidth": 3.2 if strong else 1.3}
        _edge(ax, pos, (a, b), patches[b], graph.is_directed(), style)
    return ax


def places(ax: Axes, pos: Mapping) -> dict:
    """Where data points lie in the figure, as fractions from its top left corner.

    These are the `at` of an explorable's `choice`: `places(ax, pos)["alarm"]`.
    """
    ax.figure.draw_without_rendering()  # the layout is known only now
    to_figure = ax.transData + ax.figure.transFigure.inverted()
    found = {node: to_figure.transform(pos[node]) for node in pos}
    return {node: (round(float(x), 4), round(float(1 - y), 4)) for node, (x, y) in found.items()}


def _make_room(ax: Axes, points: np.ndarray) -> None:
    """Set limits around the nodes; a row or column of nodes gets some height or width too."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    ax.set_xlim(low[0] - 0.15 * span[0], high[0] + 0.15 * span[0])
    ax.set_ylim(low[1] - 0.15 * span[1], high[1] + 0.15 * span[1])


@lru_cache(maxsize=4096)
def _text_width(text: str, font_size: float) -> float:
    """Width of a text in points."""
    return TextPath((0, 0), text, size=font_size).get_extents().width if text.strip() else 0.0


def _node_size(label: str, node_size: float, font_size: float, square: bool) -> tuple[float, float]:
    """Width and height of a node in points."""
    side = np.sqrt(node_size) * (0.6 if square else 1.0)
    return max(side, _text_width(label, font_size) + 0.9 * font_size), side


def _node_patch(
    ax: Axes, place: Sequence[float], size: tuple[float, float], square: bool, fill: str
) -> Patch:
    """A circle, a pill or a square of a size in points at a place in data coordinates."""
    width, height = size
    style = {"facecolor": fill, "edgecolor": INK, "linewidth": 1.3, "zorder": 2, "clip_on": False}
    if width == height and not square:
        patch = Ellipse((0, 0), width, height, **style)
    else:
        box = f"round,pad=0,rounding_size={2 if square else height / 2}"
        patch = FancyBboxPatch((-width / 2, -height / 2), width, height, boxstyle=box, **style)
    at = ScaledTranslation(*place, ax.transData)
    patch.set_transform(Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans + at)
    ax.add_artist(patch)
    return patch


def _write(ax: Axes, place: Sequence[float], label: str, font_size: float, fill: str) -> None:
    """Write a label in the middle of a node, light on dark fills."""
    luminance = np.dot(to_rgb(fill), [0.299, 0.587, 0.114])
    color = "#ffffff" if luminance < 0.53 else INK
    ax.text(*place, label, size=font_size, color=color, ha="center", va="center_baseline", zorder=3)


def _edge(ax: Axes, pos: Mapping, edge: tuple, target: Patch, arrow: bool, style: dict) -> None:
    """Draw an edge under the nodes; in a directed graph its arrowhead touches the target."""
    (x1, y1), (x2, y2) = pos[edge[0]], pos[edge[1]]
    if not arrow:
        ax.plot([x1, x2], [y1, y2], zorder=1, clip_on=False, **style)
        return
    head = f"-|>,head_length={0.45 + 0.05 * style['linewidth']:.2f},head_width=0.2"
    patch = FancyArrowPatch(
        (x1, y1), (x2, y2), patchB=target, shrinkA=0, shrinkB=0, zorder=1, arrowstyle=head,
        mutation_scale=14, clip_on=False, joinstyle="miter", capstyle="butt", **style,
    )  # fmt: skip
    patch.set_in_layout(False)  # nodes already claim the room; clipping it again is slow
    ax.add_artist(patch)
