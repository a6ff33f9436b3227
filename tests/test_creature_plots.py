"""Drawings of creatures: rows, frames, curves hold what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import creature_plots as cp


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_rows_show_the_pictures_in_order(rng):
    rows = {"one": rng.uniform(size=(3, 4, 5, 3)), "two": rng.uniform(size=(3, 4, 5, 3))}
    fig = cp.sprite_rows(rows, heads=("a", "b", "c"), given=2)
    shown = np.array([ax.images[0].get_array() for ax in fig.axes]).reshape(2, 3, 4, 5, 3)
    np.testing.assert_allclose(shown, np.stack(list(rows.values())))
    assert [ax.get_title() for ax in fig.axes[:3]] == ["a", "b", "c"]
    assert fig.axes[3].get_ylabel() == "two"
    assert set(fig.axes[0].lines[0].get_ydata()) == {1.5}  # between rows 1 and 2


def test_rows_of_different_lengths_are_refused(rng):
    with pytest.raises(ValueError, match="all rows need one length"):
        cp.sprite_rows({"one": np.zeros((2, 4, 4, 3)), "two": np.zeros((3, 4, 4, 3))})


def test_bars_of_a_palette_have_its_colours(rng):
    palette, counts = rng.uniform(size=(6, 3)), rng.integers(1, 1000, size=6)
    bars = cp.palette_figure(palette, counts).axes[0].patches
    np.testing.assert_allclose([bar.get_facecolor()[:3] for bar in bars], palette)
    np.testing.assert_array_equal([bar.get_height() for bar in bars], counts)


def test_a_frame_is_two_enlarged_pictures_and_a_bar(rng):
    original, drawn = rng.uniform(size=(2, 5, 4, 3))
    frame = cp.completion_frame(original, drawn, 2)
    zoom, width = cp.ZOOM, 4 * cp.ZOOM
    assert frame.dtype == np.uint8
    assert frame.shape == (5 * zoom, 2 * width + 2 * cp.GAP, 3)
    np.testing.assert_allclose(frame[::zoom, :width:zoom] / 255, original, atol=1 / 500)
    np.testing.assert_allclose(frame[::zoom, -width::zoom] / 255, drawn, atol=1 / 500)
    bar = frame[:, width + cp.GAP]
    assert np.flatnonzero((bar != bar[0]).any(1))[0] == 2 * zoom


def test_curves_average_and_count_pictures():
    ax = cp.learning_curves({"model": np.arange(50.0)}, 8, width=5).axes[0]
    pictures, bits = ax.lines[0].get_data()
    assert pictures[0] == 40
    assert bits[0] == pytest.approx(2)
    assert len(bits) == 46


def test_errors_stand_over_their_sizes():
    ax = cp.error_against_size((2, 4), {"k-means": (0.3, 0.1), "random": (0.4, 0.2)}).axes[0]
    np.testing.assert_array_equal(ax.lines[1].get_data(), [(2, 4), (0.4, 0.2)])


def test_a_sweep_is_one_picture_in_reading_order(rng):
    pictures = rng.uniform(size=(2, 2, 3, 4, 3))
    ax = cp.sweep_figure(pictures, (-1, 1), ("a", "b")).axes[0]
    sheet = ax.images[0].get_array()
    np.testing.assert_allclose(sheet[3:, :4], pictures[1, 0])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["1", "−1"]  # upwards
    with pytest.raises(ValueError, match="a sweep over 3 values"):
        cp.sweep_figure(pictures, (-1, 0, 1), ("a", "b"))
