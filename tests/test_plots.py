"""Figures: what is drawn is where it should be, and nothing is left open."""

from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from scipy.ndimage import minimum_filter

from lib import plots


@pytest.fixture(autouse=True)
def clean_figures():
    """Each test starts from matplotlib's defaults and leaves no figure behind."""
    with plt.rc_context():
        yield
    plt.close("all")


ALARM = nx.DiGraph([("burglary", "alarm"), ("earthquake", "alarm"), ("alarm", "call")])
PLACES = {"burglary": (0, 2), "earthquake": (2, 2), "alarm": (1, 1), "call": (1, 0)}


def pixels(figure) -> np.ndarray:
    """Colours of a figure at its own resolution, shape (h, w, 3), in [0, 1]."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255


def color_at(figure, ax, place, shift=(0, 0)) -> np.ndarray:
    """The colour of a figure at a place in data coordinates, shifted by points."""
    image = pixels(figure)
    x, y = ax.transData.transform(place) + np.array(shift) * figure.dpi / 72
    return image[round(len(image) - 1 - y), round(x)]


def node_shapes(ax) -> dict:
    """Outline of every node in pixels, by its label."""
    texts = [child for child in ax.get_children() if isinstance(child, Text) and child.get_text()]
    shapes = [p for p in ax.patches if not isinstance(p, FancyArrowPatch)]
    return {text.get_text(): patch for text, patch in zip(texts, shapes, strict=True)}


# ------------------------------------------------------------------------------------ colours


def test_roles_are_distinct_in_light_and_dark():
    """Dark mode inverts and turns the hue by half: the roles must stay apart in both."""
    for inverted in (False, True):
        colors = [np.array(to_rgb(c)) for c in plots.COLORS.values()]
        shown = [_dark(c) if inverted else c for c in colors]
        page = np.zeros(3) if inverted else np.ones(3)
        for i, color in enumerate(shown):
            assert _contrast(color, page) >= 3, list(plots.COLORS)[i]
            assert all(np.linalg.norm(color - other) > 0.15 for other in shown[:i])


def _dark(color: np.ndarray) -> np.ndarray:
    """The filter invert(1) hue-rotate(180deg) of the style sheet."""
    weights = np.array([0.213, 0.715, 0.072])
    return np.clip(2 * weights @ (1 - color) - (1 - color), 0, 1)


def _contrast(a: np.ndarray, b: np.ndarray) -> float:
    """The contrast ratio of the Web Content Accessibility Guidelines."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (a, b)]
    low, high = sorted(float(c @ [0.2126, 0.7152, 0.0722]) for c in linear)
    return (high + 0.05) / (low + 0.05)


def test_ink_is_readable():
    assert _contrast(np.array(to_rgb(plots.INK)), np.ones(3)) > 7


def test_use_style_sets_the_style_and_nothing_shows():
    plots.use_style()
    assert plt.rcParams["figure.figsize"] == [plots.WIDTH, 3.2]
    assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.COLORS.values())
    assert not plt.get_fignums()


# ------------------------------------------------------------------------------------- grids


@pytest.mark.parametrize("shape", [(7, 4, 5), (7, 4, 5, 3)])
def test_image_grid_shows_every_image_in_order(shape):
    images = np.random.default_rng(0).random(shape)
    fig = plots.image_grid(images, columns=3, titles=[str(k) for k in range(7)])
    assert len(fig.axes) == 9
    for k in range(7):
        assert np.array_equal(fig.axes[k].images[0].get_array(), images[k])
        assert fig.axes[k].get_title() == str(k)
    assert not any(ax.images for ax in fig.axes[7:])
    assert not any(ax.axison for ax in fig.axes)


def test_image_grid_maps_the_given_range_to_black_and_white():
    fig = plots.image_grid(np.array([[[-2.0, 6.0]]]), vmin=-2, vmax=6, size=1)
    plt.rcParams["image.cmap"] = "gray"
    fig = plots.image_grid(np.array([[[-2.0, 6.0]]]), vmin=-2, vmax=6, size=1)
    image = fig.axes[0].images[0]
    assert np.allclose(image.to_rgba(image.get_array())[0, :, :3], [[0, 0, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("images", "kwargs", "message"),
    [
        (np.zeros((4, 5)), {}, r"got shape \(4, 5\)"),
        (np.zeros((2, 4, 5, 2)), {}, r"got shape \(2, 4, 5, 2\)"),
        (np.zeros((0, 4, 5)), {}, r"got shape \(0, 4, 5\)"),
        (np.zeros((2, 4, 5)), {"columns": 0}, "at least one column"),
        (np.zeros((2, 4, 5)), {"titles": ["one"]}, "2 images need as many titles, got 1"),
    ],
)
def test_image_grid_bad_input(images, kwargs, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images, **kwargs)


# ------------------------------------------------------------------------------------- curves


def test_loss_curves_draw_the_moving_average_at_the_step_it_ends():
    values = np.arange(10.0) ** 2
    fig = plots.loss_curves({"loss": values}, ylabel="nats", smooth=4)
    line = fig.axes[0].lines[0]
    assert line.get_xdata().tolist() == list(range(4, 11))
    assert np.allclose(line.get_ydata(), [values[k : k + 4].mean() for k in range(7)])
    assert fig.axes[0].get_xlabel() == "optimisation step"
    assert fig.axes[0].get_ylabel() == "nats"


def test_loss_curves_name_every_term():
    fig = plots.loss_curves({"d_loss": [1, 2], "g_loss": [3, 4]}, ylabel="nats")
    assert [t.get_text() for t in fig.axes[0].get_legend().get_texts()] == ["d_loss", "g_loss"]
    assert [line.get_ydata().tolist() for line in fig.axes[0].lines] == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("history", "smooth"), [({"loss": [1, 2]}, 3), ({"loss": [1]}, 0), ({}, 1)]
)
def test_loss_curves_bad_input(history, smooth):
    with pytest.raises(ValueError, match="smooth must lie between 1 and the"):
        plots.loss_curves(history, ylabel="nats", smooth=smooth)


# ------------------------------------------------------------------------------------- graphs


def test_arrowheads_touch_the_border_of_the_node():
    """From any direction, no light gap between the head and the outline, to one pixel."""
    graph = nx.DiGraph([(k, "the middle") for k in range(8)])
    angle = np.arange(8) * np.pi / 4 + 0.2
    pos = {k: (np.cos(a), np.sin(a)) for k, a in enumerate(angle)} | {"the middle": (0, 0)}
    ax = plots.draw_graph(graph, pos, ax=plt.subplots(dpi=200)[1], font_size=8)
    darkest = minimum_filter(pixels(ax.figure).max(axis=2), 3)  # the tip is thinner than a pixel
    middle = node_shapes(ax)["the middle"]
    centre = ax.transData.transform((0, 0))
    for k in range(8):
        ray = np.linspace(ax.transData.transform(pos[k]), centre, 2000)
        border = next(j for j, point in enumerate(ray) if middle.contains_point(point))
        near = ray[:border][np.linalg.norm(ray[:border] - ray[border], axis=1) < 20]
        x, y = near.round().astype(int).T
        assert darkest[len(darkest) - 1 - y, x].max() < 0.6


def test_labels_fit_into_their_nodes():
    ax = plots.draw_graph(ALARM, PLACES, labels={n: n * 2 for n in ALARM}, font_size=9)
    ax.figure.canvas.draw()
    for text in ax.texts:
        box = text.get_window_extent()
        outer = node_shapes(ax)[text.get_text()].get_window_extent()
        assert outer.x0 < box.x0
        assert box.x1 < outer.x1
        assert outer.y0 < box.y0
        assert box.y1 < outer.y1


def test_node_size_is_in_square_points():
    graph = nx.Graph([("a", "b")])
    ax = plots.draw_graph(graph, {"a": (0, 0), "b": (1, 0)}, node_size=400)
    ax.figure.canvas.draw()
    box = node_shapes(ax)["a"].get_path().get_extents(node_shapes(ax)["a"].get_transform())
    assert box.width * 72 / ax.figure.dpi == pytest.approx(20, rel=1e-3)
    assert box.height * 72 / ax.figure.dpi == pytest.approx(20, rel=1e-3)


def test_nothing_is_cut_off_at_the_edge_of_the_figure():
    plots.use_style()
    for size in ((3, 2), (7, 1.5)):
        fig, ax = plt.subplots(figsize=size)
        plots.draw_graph(ALARM, PLACES, ax=ax, font_size=8, node_size=500)
        fig.canvas.draw()
        for patch in node_shapes(ax).values():
            box = patch.get_window_extent()
            assert min(box.x0, box.y0) >= 0
            assert box.x1 <= fig.bbox.width
            assert box.y1 <= fig.bbox.height


def test_fills_follow_roles():
    ax = plots.draw_graph(ALARM, PLACES, observed=["alarm"], colors={"call": "#ffee00"})
    at = {n: color_at(ax.figure, ax, PLACES[n], (0, 11)) for n in ALARM}  # above the label
    assert np.allclose(at["alarm"], to_rgb(plots.COLORS["data"]), atol=0.01)
    assert np.allclose(at["call"], to_rgb("#ffee00"), atol=0.01)
    assert np.allclose(at["burglary"], 1)


@pytest.mark.parametrize("fill", ["#000000", "#ffffff", *plots.COLORS.values()])
def test_labels_contrast_with_their_nodes(fill):
    ax = plots.draw_graph(ALARM, PLACES, colors=dict.fromkeys(ALARM, fill))
    assert len(ax.texts) == len(ALARM)
    for text in ax.texts:
        assert _contrast(np.array(to_rgb(text.get_color())), np.array(to_rgb(fill))) > 3.5


def test_highlighted_edges_are_thick_and_purple_in_either_direction():
    graph = nx.Graph([("a", "b"), ("b", "c")])
    ax = plots.draw_graph(graph, {"a": (0, 0), "b": (1, 0), "c": (2, 0)}, highlight=[("b", "a")])
    thick, thin = ax.lines
    assert to_rgba(thick.get_color()) == to_rgba(plots.COLORS["latent"])
    assert thick.get_linewidth() > 2 * thin.get_linewidth()
    assert list(thick.get_xdata()) == [0, 1]


def test_factors_are_small_unlabelled_squares():
    graph = nx.Graph([("a", "f"), ("f", "b")])
    pos = {"a": (0, 0), "f": (1, 0), "b": (2, 0)}
    ax = plots.draw_graph(graph, pos, factors=["f"])
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.texts if t.get_text()] == ["a", "b"]
    corner = color_at(ax.figure, ax, (1, 0), (8.3, 7.5))  # inside a square, outside its circle
    assert np.allclose(corner, 1) or np.allclose(corner, to_rgb(plots.INK), atol=0.6)
    square = ax.patches[1].get_path().get_extents(ax.patches[1].get_transform())
    assert square.width == pytest.approx(square.height)
    assert square.width < ax.patches[0].get_window_extent().width


def test_places_are_where_the_nodes_are():
    """Compare with the pixels: the middle of the one blue node."""
    for node in ALARM:
        fig, ax = plt.subplots(figsize=(5, 4))
        plots.draw_graph(ALARM, PLACES, ax=ax, colors={node: "#0000ff"}, labels={})
        x, y = plots.places(ax, PLACES)[node]
        blue = np.argwhere((pixels(fig) == [0, 0, 1]).all(axis=2))
        height, width = pixels(fig).shape[:2]
        assert (blue.mean(axis=0) + 0.5) / [height, width] == pytest.approx([y, x], abs=0.004)


def test_a_node_without_a_place():
    with pytest.raises(ValueError, match=r"no place for \['call'\]"):
        plots.draw_graph(ALARM, {n: p for n, p in PLACES.items() if n != "call"})
