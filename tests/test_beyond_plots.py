"""The figures show the numbers they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import beyond_plots


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


def test_panels_hold_all_points_on_common_axes():
    points = np.random.default_rng(0).normal(size=(30, 2))
    fig = beyond_plots.point_panels({"a": points, "b": 3 * points}, ["data", "model"])
    for ax, want in zip(fig.axes, (points, 3 * points), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), want)
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()


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
