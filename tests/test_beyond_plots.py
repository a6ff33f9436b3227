"""The figures show the numbers they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from lib import beyond_plots
from lib.datasets import load
from lib.mesh_render import rotation


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_rates_are_stacked_on_each_other():
    share = np.linspace(0, 1, 5)
    fig = beyond_plots.stacked_rates(share, 2 - share, share)
    tops = [max(p.vertices[:, 1]) for c in fig.axes[0].collections for p in c.get_paths()]
    assert tops == [1, 2]
    assert fig.axes[0].get_ylabel() == "nats"


def test_a_level_has_one_colour_in_both_figures_of_rates():
    fig = beyond_plots.rate_curves([1.0, 3.0, 5.0], [0.0, 0.0, 2.0], smooth=2)
    lines = [line for line in fig.axes[0].lines if line.get_lw() > 1]
    assert [list(line.get_ydata()) for line in lines] == [[2, 4], [0, 1]]
    stacked = beyond_plots.stacked_rates(np.linspace(0, 1, 3), np.ones(3), np.ones(3))
    areas = [to_hex(c.get_facecolor()[0]) for c in stacked.axes[0].collections]
    assert [to_hex(line.get_color()) for line in lines] == areas[::-1]


def test_panels_hold_all_points_on_common_axes():
    points = np.random.default_rng(0).normal(size=(30, 2))
    fig = beyond_plots.point_panels({"a": points, "b": 3 * points}, ["data", "model"])
    for ax, want in zip(fig.axes, (points, 3 * points), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), want)
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()


def test_tiles_stand_in_reading_order_with_white_between():
    picture = beyond_plots.tiles(np.arange(6.0).repeat(4).reshape(6, 2, 2), columns=3)
    assert picture.shape == (8, 12)
    np.testing.assert_array_equal(picture[1:3, 5:7], 1)
    np.testing.assert_array_equal(picture[5:7, 9:11], 5)
    assert np.all(picture[[0, 3, 4, 7]] == 1)
    assert np.all(picture[:, [0, 3, 4, 7, 8, 11]] == 1)
    with pytest.raises(ValueError, match="6 pictures do not fill rows of 4"):
        beyond_plots.tiles(np.zeros((6, 2, 2)), columns=4)


def test_portraits_show_how_a_head_is_turned():
    heads = load("heads", n=10)
    triangles, tone = heads.shared["triangles"], heads.extras["albedo"][0]
    both = heads.x[0] @ np.array([rotation(angle, 0).T for angle in (40, -40)])
    left, right = beyond_plots.portraits(both, triangles, tone)
    straight = beyond_plots.portraits(heads.x[:1], triangles, tone)[0]
    shapes = [picture == picture[0, 0] for picture in (left, right[:, ::-1], right, straight)]
    mirrored, other, front = (np.mean(shapes[0] != shape) for shape in shapes[1:])
    assert mirrored < 0.2 * min(other, front)


def test_every_spectrogram_stands_under_its_title():
    levels = np.random.default_rng(0).random((3, 128, 32))
    fig = beyond_plots.spectrogram_rows({"one": levels, "two": 1 - levels}, ["a", "b", "c"])
    assert [ax.get_title() for ax in fig.axes[:3]] == ["a", "b", "c"]
    np.testing.assert_array_equal(fig.axes[4].images[0].get_array(), 1 - levels[1])
    assert "two" in fig.axes[3].get_ylabel()


def test_every_clip_has_a_line():
    yaw = np.random.default_rng(0).normal(size=(4, 12))
    fig = beyond_plots.yaw_lines({"data": yaw, "model": 2 * yaw}, ["data", "model"])
    np.testing.assert_array_equal(fig.axes[1].lines[2].get_ydata(), 2 * yaw[2])
    assert list(fig.axes[0].lines[0].get_xdata()) == list(range(1, 13))
