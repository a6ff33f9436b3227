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


def pictures_of(fig) -> list[np.ndarray]:
    return [np.asarray(ax.images[0].get_array()) for ax in fig.axes]


def test_price_table_has_a_row_for_every_setting():
    draw = Draw("DDIM", 5, torch.zeros(2, 8, 8), 1.234)
    draw.__dict__["facts"] = {"Fréchet": 2.345, "precision": 0.5, "recall": 0.25}
    assert "| DDIM | 5 | 2.35 | 0.50 | 0.25 | 1.2 |" in drawn.price_table({("DDIM", 5): draw}).data


def test_paths_are_read_at_the_times_asked_for():
    noisy = torch.linspace(-1, 1, 5)[:, None, None, None].expand(5, 3, 2, 2)  # t = 4 .. 0
    shown = pictures_of(drawn.path_rows(noisy, -noisy, (2,), (4, 1, 0)))
    means = [picture.mean() for picture in shown]
    np.testing.assert_allclose(means, [0, 0.75, 1, 1, 0.25, 0])


def test_nearest_stands_below_its_sample():
    data = np.linspace(0, 1, 12)[:, None, None] * np.ones((12, 2, 2))
    fig = drawn.nearest_rows(data[:10] + 0.01, data, {"rival": data[2:]})
    shown = np.array(pictures_of(fig))
    np.testing.assert_allclose(shown[10:20], data[:10])
    np.testing.assert_allclose(shown[20:], data[2:])


def test_completions_stand_below_what_is_given():
    x = torch.zeros(2, 2, 2)
    known = torch.tensor([[True, True], [False, False]])
    shown = pictures_of(drawn.completion_rows(x, known, {"a": x + 1}))
    assert len(shown) == 6
    np.testing.assert_allclose(shown[0], 0.5)
    np.testing.assert_allclose(shown[2][1, 0], HIDDEN)
    np.testing.assert_allclose(shown[4], 1)


def test_frames_of_the_explorables_follow_their_controls():
    samples = torch.cat([torch.ones(10, 8, 8), -torch.ones(10, 8, 8)])
    draw = Draw("DDIM", 5, samples, 1.0)
    draw.__dict__["facts"] = {"Fréchet": 1.0}
    frame = drawn.steps_frames({("DDIM", 5): draw}, n=20)(5, "DDIM")
    tall = drawn.TOP + 8 * drawn.ZOOM
    assert (frame[drawn.TOP : tall, : 8 * drawn.ZOOM] == 255).all()
    assert (frame[tall + drawn.GAP : -drawn.GAP, : 8 * drawn.ZOOM] == 0).all()
    noisy = torch.linspace(-1, 1, 5)[:, None, None, None].expand(5, 3, 8, 8)
    late = drawn.time_frames(noisy, -noisy, n=2)(0)
    assert (late[drawn.TOP : tall, : 8 * drawn.ZOOM] == 255).all()
    assert (late[tall + drawn.GAP : -drawn.GAP, : 8 * drawn.ZOOM] == 0).all()
