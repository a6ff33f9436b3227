"""The drawings of the lesson show the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import class_to_picture_plots as drawings


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_table_has_the_columns_of_the_first_row_and_gaps():
    facts = {"a": {"accuracy": 0.987, "spread": 1.234, "cpu s": 12.4}}
    facts["b"] = {"accuracy": 1.0, "beyond": 0.1, "spread": 0.5}
    lines = drawings.facts_table("model", facts).data.split("\n")
    assert lines[0] == "| model | accuracy | spread | cpu s |"
    assert lines[2] == "| a | 98.7% | 1.23 | 12 |"
    assert lines[3] == "| b | 100.0% | 0.50 |  |"


def test_doubtful_digits_come_with_the_least_sure_first():
    p = np.full((4, 10), 0.01)
    p[[0, 1, 2, 3], [5, 5, 5, 5]] = 0.91, 0.2, 0.5, 0.91
    p[1, 3] = 0.72
    pictures = np.arange(4)[:, None, None] * np.ones((4, 8, 8)) / 4
    fig = drawings.doubtful_rows(pictures, np.full(4, 5), p, 2)
    shown = [ax.images[0].get_array().mean() * 4 for ax in fig.axes]
    assert np.allclose(shown, [1, 2])
    assert fig.axes[0].get_title() == "3: 72%\n5: 20%"


@pytest.mark.slow
def test_rows_of_chance_and_of_hands():
    pictures = np.arange(10)[:, None, None, None] * np.ones((10, 2, 8, 8)) / 10
    fig = drawings.chance_rows({"VAE": pictures, "GAN": pictures})
    assert len(fig.axes) == 40
    assert [fig.axes[k].get_ylabel().strip() for k in (0, 10, 20, 30)] == ["VAE"] * 2 + ["GAN"] * 2
    assert fig.axes[7].images[0].get_array().mean() == pytest.approx(0.7)
    fig = drawings.carried_rows(np.zeros((2, 8, 8)), pictures.swapaxes(0, 1))
    assert len(fig.axes) == 22
    assert fig.axes[0].images[0].get_array().max() == 0
    assert fig.axes[11 + 4].images[0].get_array().mean() == pytest.approx(0.3)


def test_lines_are_those_of_the_densities():
    grid = np.linspace(-3, 3, 7)
    chains, tilted = {0: grid, 2: 2 * grid}, {0: 3 * grid, 2: 4 * grid}
    fig = drawings.line_panels(grid, grid**2, chains, tilted, 5 * grid)
    for ax, w in zip(fig.axes, (0, 2), strict=True):
        drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
        np.testing.assert_array_equal(drawn["guided chain"], chains[w])
        np.testing.assert_array_equal(drawn["$p(x|y)\\,p(y|x)^w$"], tilted[w])
        assert ax.get_title() == f"w = {w}"
    fig = drawings.silence_panels(grid, grid, {"a": grid, "b": 2 * grid}, "w = 1")
    np.testing.assert_array_equal(fig.axes[1].lines[0].get_ydata(), 2 * grid)


def test_dial_shows_the_facts_by_weight():
    row = {"accuracy": 0.9, "recall": 0.8, "spread": 1.1, "Fréchet": 2.0}
    fig = drawings.dial_panels({0: row, 0.3: row | {"Fréchet": 1.0}})
    left, right = fig.axes
    assert [text.get_text() for text in right.get_xticklabels()] == ["0", "0.3"]
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [2, 1])
    assert [line.get_label() for line in left.lines] == ["accuracy", "recall", "spread"]
    np.testing.assert_array_equal(left.lines[2].get_ydata(), [1.1, 1.1])


def test_frames_show_the_class_that_was_chosen():
    each = np.linspace(0, 1, 10)[:, None, None, None] * np.ones((10, 16, 8, 8))
    each[7, 9] = 0  # second row, second column
    frame = drawings.setting_frames({(0.5, 4): each})(7, 0.5, 4)
    assert frame.shape == (17, 71)
    assert np.abs(frame[:8, :8] - 7 / 9).max() < 1 / 63
    assert np.all(frame[8] == 1)
    assert np.all(frame[:, 8] == 1)
    assert np.all(frame[9:, 9:17] == 0)
    other = drawings.setting_frames({(0.5, 4): each})(2, 0.5, 4)
    assert np.abs(other[9:, 9:17] - 2 / 9).max() < 1 / 63
