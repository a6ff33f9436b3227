"""Drawings of the denoising lesson show the numbers they are given."""

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pytest
from matplotlib.colors import to_hex

from lib import denoising_plots
from lib.datasets.pictures import harbour, labelled
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("log", [False, True])
def test_curves_are_drawn_as_given_in_the_colour_of_their_role(log):
    curves = {"a": [5.0, 3.0, 2.0], "b": [4.0, 1.0]}
    ax = denoising_plots.sweep_curves(curves, ylabel="energy (nats)", log=log)
    for line, (name, values), role in zip(ax.lines, curves.items(), ("data", "model"), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_ydata(), values)
        assert to_hex(line.get_color()) == COLORS[role]
    assert ax.get_yscale() == ("log" if log else "linear")
    assert ax.get_ylabel() == "energy (nats)"


def test_two_beliefs_are_compared_pixel_by_pixel(rng):
    first, second = rng.random((2, 4, 5))
    axes = denoising_plots.two_beliefs(first, second, ("one", "two")).axes
    np.testing.assert_array_equal(axes[0].images[0].get_array(), first)
    np.testing.assert_array_equal(axes[1].images[0].get_array(), second)
    np.testing.assert_array_equal(axes[2].lines[0].get_ydata(), second.ravel())
    assert "two" in axes[2].get_ylabel()


def test_error_map_is_in_per_cent_with_a_line_through_the_best_setting(rng):
    errors = 0.05 + rng.random((3, 4)) / 10
    errors[1, 2] = 0.01
    etas, betas = np.linspace(0.5, 2, 4), np.linspace(0.2, 1, 3)
    ax = denoising_plots.error_map(etas, betas, errors).axes[0]
    np.testing.assert_allclose(ax.collections[0].get_array(), 100 * errors)
    line = ax.lines[0]
    np.testing.assert_allclose(line.get_ydata(), betas[1] / etas[2] * np.array(line.get_xdata()))


def test_network_marks_the_cut_and_writes_every_capacity():
    pipes = nx.DiGraph()
    pipes.add_weighted_edges_from(
        [("s", 1, 2.2), (1, 2, 2.0), (2, 1, 2.0), (2, "t", 1.7)], weight="capacity"
    )
    ax = denoising_plots.cut_network(pipes, {"s", 1, 2})
    written = {text.get_text() for text in ax.texts}
    assert {"s", "t", "1", "2", "2.2", "2.0", "1.7"} <= written
    thick = [patch for patch in ax.patches if patch.get_linewidth() > 2]
    assert len(thick) == 1


def test_loops_are_drawn_beside_their_exact_answer():
    estimates = {"loopy BP": [0.5, 0.1], "Gibbs": [0.5, 0.9]}
    changes = {"damping 0": [3, 3], "damping 1": [3, 1]}
    figure = denoising_plots.loops_go_wrong(np.array([0.0, 1.0]), [0.5, 0.4], estimates, changes)
    left, right = figure.axes
    assert [line.get_ydata()[1] for line in left.lines] == [0.4, 0.1, 0.9]
    assert [line.get_label() for line in left.lines][1:] == ["loopy BP", "Gibbs"]
    assert [line.get_ydata()[1] for line in right.lines] == [3, 1]


def test_labelled_pictures_keep_every_pixel():
    x = harbour(24, 32)
    frame = labelled([x, -x], ["left", "right"], scale=3)
    assert frame.dtype == np.uint8
    height = 3 * 24
    left, right = frame[-height:, : 3 * 32], frame[-height:, -3 * 32 :]
    np.testing.assert_array_equal(left[1::3, 1::3] > 127, x > 0)
    np.testing.assert_array_equal(right[1::3, 1::3] > 127, x < 0)
    assert frame[:-height].min() < 128  # the titles are there
    with pytest.raises(ValueError, match="as many titles"):
        labelled([x], ["one", "two"])
