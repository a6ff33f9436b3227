"""The lesson's drawings show the numbers they are given, and the explorables the right step."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lib import forward_plots
from lib.datasets.toys import Mixture
from lib.destruction import Survival, linear_guess, melted
from lib.noise_schedule import cosine_schedule, linear_schedule
from lib.pca import fit_pca
from lib.plots import COLORS

BOTH = {"linear": linear_schedule(40), "cosine": cosine_schedule(40)}


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 3)
    yield axes
    plt.close(fig)


def test_greys_are_clipped():
    np.testing.assert_allclose(
        forward_plots.as_grey(torch.tensor([-3, -1, 0, 1, 2])), [0, 0, 0.5, 1, 1]
    )


def test_log_snr_is_the_logit_of_bar_alpha():
    for schedule in BOTH.values():
        want = torch.logit(schedule.alpha_bar[1:]).numpy()
        np.testing.assert_allclose(forward_plots.log_snr(schedule), want, rtol=1e-8)


def test_curves_of_variance(axes):
    forward_plots.variance_curves(axes[0], {"right": [1, 1, 1], "wrong": [1, 2, 3]})
    np.testing.assert_array_equal(axes[0].get_lines()[1].get_ydata(), [1, 2, 3])
    assert axes[0].get_lines()[0].get_color() == COLORS["model"]


def test_melting_shows_exact_densities_and_the_paths(axes):
    data, schedule = Mixture([0.4, 0.6], [-1.0, 0.7], [0.3, 0.4]), BOTH["linear"]
    paths = some(41, 3).numpy()
    forward_plots.melting(axes, data, schedule, paths)
    shown = axes[1].collections[0].get_array().reshape(321, 41)
    x = np.linspace(-3.2, 3.2, 321)
    np.testing.assert_allclose(shown[:, 0], data.density(x))
    kept = schedule.alpha_bar[20].item()
    np.testing.assert_allclose(shown[:, 20], melted(data, kept).density(x))
    np.testing.assert_allclose(axes[1].get_lines()[2].get_ydata(), paths[:, 2])
    np.testing.assert_allclose(axes[0].get_lines()[0].get_xdata(), data.density(x))
    end, normal = (line.get_xdata() for line in axes[2].get_lines())
    assert np.abs(end - normal).max() < 0.01


def test_schedules_over_the_share_of_steps(axes):
    forward_plots.schedule_curves(axes, BOTH)
    line = axes[0].get_lines()[1]
    np.testing.assert_allclose(line.get_xdata(), np.arange(41) / 40)
    np.testing.assert_allclose(line.get_ydata(), BOTH["cosine"].alpha_bar)
    np.testing.assert_allclose(
        axes[1].get_lines()[0].get_ydata(), forward_plots.log_snr(BOTH["linear"])
    )


def test_survival_has_noise_growing_to_the_right(axes):
    measured = Survival([0.9, 0.5, 0.1], [1, 0.6, 0.5], [1, 0.5, 0], [1, 0.9, 0.2])
    forward_plots.survival_curves(axes[0], measured)
    left, right = axes[0].get_xlim()
    assert left == pytest.approx(np.log(9))
    assert right == pytest.approx(-np.log(9))
    shown = [line.get_ydata() for line in axes[0].get_lines()]
    np.testing.assert_array_equal(shown, [measured.levels, measured.example, measured.group])


def test_floors_stand_where_the_noise_is(axes):
    spectra = {"a": (np.arange(4) / 2, np.array([4, 3, 2, 1.0]))}
    forward_plots.noise_floors(axes[:1], spectra, BOTH["linear"], [5, 30])
    curve, *floors = axes[0].get_lines()
    np.testing.assert_array_equal(curve.get_ydata(), [4, 3, 2, 1])
    for line, t in zip(floors, (5, 30), strict=True):
        kept = BOTH["linear"].alpha_bar[t].item()
        assert line.get_ydata()[0] == pytest.approx((1 - kept) / kept)


def test_last_pictures_use_their_own_range():
    some_rows = {"small": some(3, 4, 4), "large, far": 500 + 100 * some(3, 4, 4)}
    fig = forward_plots.last_pictures(some_rows)
    shown = [np.asarray(ax.images[0].get_array()) for ax in fig.axes]
    np.testing.assert_allclose(shown[0], shown[3], atol=1e-4)
    assert fig.axes[3].get_ylabel() == "large,\nfar"
    plt.close(fig)


@pytest.fixture
def points():
    x, eps = {"a": some(5, 2)}, {"a": some(5, 2, seed=1)}
    return forward_plots.PointBoard(x, {"a": np.linspace(0, 1, 5)}, BOTH, eps)


def test_points_are_the_leap_and_the_mark_lies_on_the_curve(points):
    points.draw("a", "cosine", 10)
    want = BOTH["cosine"].diffuse(points.points["a"], 10, points.eps["a"])
    np.testing.assert_allclose(points.dots.get_offsets(), want, rtol=1e-6)
    (t,), (level,) = points.mark.get_data()
    assert t == 10
    assert level == pytest.approx(forward_plots.log_snr(BOTH["cosine"])[9])


def test_at_step_zero_the_points_are_the_data(points):
    points.draw("a", "linear", 0)
    np.testing.assert_allclose(points.dots.get_offsets(), points.points["a"], rtol=1e-6)
    assert points.mark.get_data()[0] == [1]


@pytest.fixture
def pictures():
    x = some(60, 4, 4)
    analyses = {"a": fit_pca(x.flatten(1).numpy())}
    return forward_plots.PictureBoard(
        {"a": x[:3]}, analyses, BOTH, {"a": some(3, 4, 4, seed=1)}, side=8
    )


def test_pictures_are_the_leap_and_its_linear_guess(pictures):
    noisy, guess = pictures.at("a", "linear", 15)
    schedule = BOTH["linear"]
    want = schedule.diffuse(pictures.pictures["a"], 15, pictures.eps["a"])
    np.testing.assert_allclose(noisy, want, rtol=1e-6)
    flat = want.flatten(1).double().numpy()
    by_hand = linear_guess(pictures.analyses["a"], flat, schedule.alpha_bar[15].item())
    np.testing.assert_allclose(guess.reshape(3, 16), by_hand, rtol=1e-6)


def test_frames_have_two_rows_in_few_greys(pictures):
    x0 = forward_plots.as_grey(pictures.pictures["a"])
    frame = pictures.frame("a", "linear", 0)
    assert frame.shape == (2 * 8 + 2, 3 * (8 + 2))
    assert len(np.unique(frame)) <= pictures.GREYS
    np.testing.assert_array_equal(frame[:8], frame[10:])  # at step 0 the guess is the picture
    np.testing.assert_allclose(frame[:8:2, :8:2], 255 * x0[0], atol=4)
    later = pictures.frame("a", "cosine", 40)
    assert later.shape == frame.shape
    assert not np.array_equal(later[:8], later[10:])
