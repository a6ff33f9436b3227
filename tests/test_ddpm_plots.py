"""Drawings of the DDPM lesson show what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lib import ddpm_plots as drawn
from lib.few_steps import Draw
from lib.half_hidden import HIDDEN
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_embedding_map_shows_clocks_and_peaks_of_one():
    fig = drawn.embedding_map(60, 8)
    left, right = fig.axes[:2]
    shown = np.asarray(left.images[0].get_array())
    assert shown.shape == (8, 61)
    np.testing.assert_allclose(shown[0], np.sin(np.arange(61)), atol=1e-12)  # one radian a step
    np.testing.assert_allclose(shown[4], np.cos(np.arange(61)), atol=1e-12)
    for t, line in zip((6, 30, 54), right.lines[::2], strict=True):
        values = line.get_ydata()
        assert np.argmax(values) == t
        np.testing.assert_allclose(values[t], 1)


def test_point_panels_keep_points_and_roles():
    a, b = np.array([[0.0, 1.0]]), np.array([[1.0, 0.5], [0.2, 0.1]])
    fig = drawn.point_panels({"a": (a, "model"), "b": (b, "data")}, 2.0)
    for ax, points, role in zip(fig.axes, (a, b), ("model", "data"), strict=True):
        (line,) = ax.lines
        np.testing.assert_array_equal(line.get_xydata(), points)
        assert line.get_color() == COLORS[role]
        assert ax.get_xlim() == (-2, 2)


def test_time_runs_from_noise_to_data():
    shares = {"1-5": np.array([0.1, 0.8, 1.0]), "class": np.array([0.0, 0.4, 1.0])}
    (ax,) = drawn.decided_panel(shares, {"1-5": 1}).axes
    assert ax.get_xlim() == (2, 0)
    dot, *curves = ax.lines
    np.testing.assert_array_equal(dot.get_xydata(), [[1, 0.5]])
    for line, values in zip(curves, shares.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [2, 1, 0])
        np.testing.assert_array_equal(line.get_ydata(), values)


def test_price_is_drawn_against_steps_and_seconds():
    draws = {}
    for name, k, height, seconds in (
        ("DDIM", 20, 2.0, 4.0), ("DDIM", 5, 3.0, 1.0), ("DDPM", 5, 9.0, 1.5),
    ):  # fmt: skip
        draws[name, k] = Draw(name, k, torch.zeros(2, 8, 8), seconds)
        draws[name, k].__dict__["facts"] = {"Fréchet": height}  # what would be measured
    left, right = drawn.price_panels(draws, {"real": 0.5}).axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[5, 3], [20, 2]])
    np.testing.assert_array_equal(right.lines[0].get_xydata(), [[1, 3], [4, 2]])
    np.testing.assert_array_equal(left.lines[1].get_xydata(), [[5, 9]])
    assert left.lines[2].get_ydata()[0] == 0.5


def test_bits_stand_at_the_step_of_their_noise():
    bits, kept = np.array([0.5, 0.3, 0.1, 0.0]), np.array([1.0, 0.7, 0.3, 0.0])
    ax, other = drawn.bits_over_time(bits, kept).axes
    assert [bar.get_height() for bar in ax.patches] == [0.5, 0.3, 0.1]  # L_0, L_1, L_2
    middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    np.testing.assert_allclose(middles, [1, 2, 3])
    np.testing.assert_array_equal(other.lines[0].get_ydata(), kept)


def test_sheet_shows_every_picture_in_its_place():
    pictures = np.zeros((6, 2, 3))
    pictures[4, 1, 2] = 1.0
    frame = drawn.sheet_frame(pictures, "six", columns=3, zoom=5)
    assert frame.shape == (drawn.TOP + 2 * (10 + drawn.GAP), 3 * (15 + drawn.GAP) - drawn.GAP, 3)
    top, left = drawn.TOP + 10 + drawn.GAP, 15 + drawn.GAP  # second row, second column
    assert (frame[top + 5 : top + 10, left + 10 : left + 15] == 255).all()
    assert (frame[top : top + 5, left : left + 15] == 0).all()
    with pytest.raises(ValueError, match="rows of 4"):
        drawn.sheet_frame(pictures, "six", columns=4)


def test_two_rows_put_one_above_the_other():
    light, dark = np.ones((2, 3, 3)), np.zeros((2, 3, 3))
    frame = drawn.two_rows(light, dark, "t", zoom=4)
    assert (frame[drawn.TOP : drawn.TOP + 12, :12] == 255).all()
    assert (frame[drawn.TOP + 12 + drawn.GAP :, :12][:12] == 0).all()
    with pytest.raises(ValueError, match="rows differ"):
        drawn.two_rows(light, dark[:1], "t")


def test_veil_covers_what_is_not_known():
    pictures = np.full((1, 2, 2), 0.25)
    known = torch.tensor([[True, False], [False, True]])
    shown = drawn.veiled(pictures, known)
    np.testing.assert_allclose(shown[0, 0, 0], [0.25] * 3)
    np.testing.assert_allclose(shown[0, 0, 1], HIDDEN)
    assert drawn.in_colour(shown) is shown
