"""Drawings of the autoencoder lesson show the numbers they claim to show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import autoencoder_plots as plots


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_strips_and_shares_are_drawn_as_given(rng):
    strips, share = rng.random((7, 5)), np.array([1.0, 0.5, 0.01])
    left, right = plots.dot_and_share(strips, share).axes
    np.testing.assert_array_equal(left.images[0].get_array(), strips)
    np.testing.assert_array_equal(right.lines[0].get_xydata(), [[0, 1], [1, 0.5], [2, 0.01]])
    assert right.get_yscale() == "log"
    plt.close("all")


def test_plane_shows_data_and_what_was_rebuilt(ax, rng):
    data, rebuilt = rng.normal(size=(2, 9, 2))
    plots.curve_in_plane(ax, data, rebuilt, "title")
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), data)
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), rebuilt)


def test_share_curves_run_in_order_of_the_sizes():
    share = {("one", 8): 0.2, ("two", 2): 0.5, ("one", 2): 0.4}
    ax = plots.share_curves(share, ("prior", "model")).axes[0]
    first, second = ax.lines
    np.testing.assert_array_equal(first.get_xydata(), [[2, 0.4], [8, 0.2]])
    np.testing.assert_array_equal(second.get_xydata(), [[2, 0.5]])
    assert [line.get_label() for line in ax.lines] == ["one", "two"]
    plt.close("all")


def test_arrows_end_at_the_reconstructions(ax, rng):
    data, start, end = rng.normal(size=(3, 6, 2))
    plots.arrows(ax, data, start, end, "title")
    quiver = ax.collections[0]
    np.testing.assert_allclose(quiver.XY + np.stack([quiver.U, quiver.V], axis=1), end)
    assert quiver.scale == 1
    assert quiver.angles == "xy"


def test_label_curves_show_mean_and_spread():
    found = {1: {"a": [0.5, 0.7], "b": [0.2, 0.2]}, 10: {"a": [0.8, 1.0], "b": [0.6, 0.4]}}
    ax = plots.label_curves(found, ["model", "prior"]).axes[0]
    means = [bars.lines[0].get_ydata() for bars in ax.containers]
    np.testing.assert_allclose(means, [[0.6, 0.9], [0.2, 0.5]])
    spread = ax.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([s[:, 1] for s in spread], [[0.5, 0.7], [0.8, 1.0]])
    plt.close("all")


def test_comparison_frame_shows_every_picture_enlarged_in_rows(rng):
    pictures = {name: rng.random((6, 5)) for name in "abc"}
    frame = plots.comparison_frame(pictures, ["", "note", ""], columns=2)
    zoom, gap, head = plots.ZOOM, plots.GAP, plots.HEAD
    assert frame.shape == (2 * (head + 6 * zoom), 2 * 5 * zoom + gap, 3)
    for j, picture in enumerate(pictures.values()):
        left, top = j % 2 * (5 * zoom + gap), head + j // 2 * (head + 6 * zoom)
        rows = frame[top : top + 6 * zoom : zoom, left : left + 5 * zoom : zoom, 0]
        np.testing.assert_allclose(rows / 255, picture, atol=0.013)
    with pytest.raises(ValueError, match="3 pictures need as many notes"):
        plots.comparison_frame(pictures, [""])
