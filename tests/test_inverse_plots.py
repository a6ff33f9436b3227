"""What the drawings of the lesson on inverse problems show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy import integrate

from lib import inverse_plots as drawn
from lib import inverse_problems as inverse
from lib import inverse_study as study
from lib.half_hidden import HIDDEN
from lib.plots import COLORS

FIRST = inverse.LinearMap(torch.tensor([[1.0, 0.0]]), (2,))


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def grey(n=3):
    return np.random.default_rng(0).random((n, 8, 8)).astype(np.float32)


def test_masks_are_veiled_and_means_are_blocks():
    x, questions = grey(), study.digit_questions()
    upper = drawn.seen(questions["lower half"], x)
    np.testing.assert_allclose(upper[:, :4], x[:, :4, :, None].repeat(3, 3))
    np.testing.assert_allclose(upper[:, 4:], np.broadcast_to(HIDDEN, (3, 4, 8, 3)))
    blocks = drawn.seen(questions["detail"], x)
    np.testing.assert_allclose(blocks[:, 2, 4], blocks[:, 3, 5])
    np.testing.assert_allclose(blocks[0, 0, 0, 0], x[0, :2, :2].mean(), rtol=1e-5)


def test_questions_stand_below_the_originals():
    fig = drawn.question_rows(grey(), study.digit_questions())
    assert len(fig.axes) == 4 * 3
    names = [ax.get_ylabel() for ax in fig.axes[::3]]
    assert names == ["original", "lower half", "window", "detail"]


def test_density_on_the_line_is_one():
    exact = inverse.condition(study.plane_toy(), FIRST, torch.tensor([0.1]))
    grid = np.linspace(-6, 6, 4001)
    density = drawn.line_density(exact, grid)
    assert abs(integrate.trapezoid(density, grid) - 1) < 1e-6
    mean = integrate.trapezoid(density * grid, grid)
    assert abs(mean - inverse.mean_answer(exact)[1]) < 1e-6


def test_toy_shows_line_and_mean():
    toy = study.plane_toy()
    exact = inverse.condition(toy, FIRST, torch.tensor([0.1]))
    left, right = drawn.toy_panels(toy, exact, np.zeros((5, 2))).axes
    mean = inverse.mean_answer(exact)
    np.testing.assert_allclose(left.lines[1].get_xdata(), [0.1, 0.1])
    np.testing.assert_allclose(left.lines[2].get_xydata()[0], mean)
    assert right.lines[1].get_color() == COLORS["error"]
    np.testing.assert_allclose(right.lines[1].get_xdata(), mean[1])


def test_frames_of_the_toy_show_their_chain():
    exact = {0.1: inverse.condition(study.plane_toy(), FIRST, torch.tensor([0.1]))}
    frame = drawn.toy_frames({0.1: {"a": np.full(9, 1.01), "b": np.full(9, -1.01)}}, exact)
    for chain, at in (("a", 1.01), ("b", -1.01)):
        (ax,) = frame(0.1, chain).axes
        tall = max(ax.patches, key=lambda bar: bar.get_height())
        assert tall.get_x() <= at <= tall.get_x() + tall.get_width()


def test_rows_of_answers_stand_between_question_and_original():
    a, x = study.digit_questions()["window"], grey(2)
    some = np.stack([np.full((2, 8, 8), v) for v in (0.1, 0.2, 0.3)], 1)
    fig = drawn.answer_rows(a, x, {"A": some, "B": some + 0.5}, shown=3)
    shown = [ax.images[0].get_array() for ax in fig.axes]
    assert len(shown) == 2 * 8
    np.testing.assert_allclose(shown[0], drawn.seen(a, x)[0])
    np.testing.assert_allclose([v.mean() for v in shown[1:7]], [0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    np.testing.assert_allclose(shown[15][..., 0], x[1])
    heads = [ax.get_title(loc="left") for ax in fig.axes[:8]]
    assert heads == ["given", "A", "", "", "B", "", "", "original"]


def test_tradeoff_shows_errors_and_sharpness():
    found = {"A": {1: (8.0, 0.5), 2: (6.0, 0.4), 4: (5.0, 0.3)}}
    left, right = drawn.tradeoff_panels(found, {"one": (4.5, 0.2)}).axes
    np.testing.assert_allclose(left.lines[1].get_xydata(), [[1, 8], [2, 6], [4, 5]])
    theory = left.lines[0]
    np.testing.assert_allclose(theory.get_ydata(), 4 + 4 / theory.get_xdata())
    np.testing.assert_allclose(right.lines[0].get_xydata(), [[8, 50], [6, 40], [5, 30]])
    np.testing.assert_allclose(right.lines[1].get_xydata(), [[4.5, 20]])


def test_frames_of_windows_follow_place_digit_and_family():
    x = grey(2)
    a = inverse.known_pixels(inverse.all_but_window((8, 8), 0, 0, 4))
    light = np.ones((2, 4, 8, 8))
    window = study.Window(a, x, {"VAE": light, "diffusion": 0 * light})
    frame = drawn.window_frames({(0, 0): window}, ["3", "5"])
    side = 8 * drawn.ZOOM
    at = slice(drawn.TOP, drawn.TOP + side), slice(side + drawn.GAP, 2 * side + drawn.GAP)
    assert (frame("3", 0, 0, "VAE")[at] == 255).all()
    assert (frame("3", 0, 0, "diffusion")[at] == 0).all()
    question = slice(drawn.TOP, drawn.TOP + side), slice(0, side)
    assert not np.array_equal(frame("3", 0, 0, "VAE")[question], frame("5", 0, 0, "VAE")[question])


def test_faces_are_drawn_in_grey_values():
    a = inverse.block_means((8, 8))
    x = torch.zeros(2, 8, 8)
    fig = drawn.face_rows(a, x, [x + 1], 0.5, 0.2)
    shown = [ax.images[0].get_array().mean() for ax in fig.axes]
    np.testing.assert_allclose(shown, [0.5, 0.5, 0.5, 0.5, 0.7, 0.7], atol=1e-6)
