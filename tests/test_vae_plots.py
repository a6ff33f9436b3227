"""The drawings show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from lib import vae_plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_dot_panels_show_scipys_beta_binomial():
    for ax, b in zip(vae_plots.dot_panels(0.4, (0.3, 3.0)).axes, (0.3, 3.0), strict=True):
        want = stats.betabinom.pmf(np.arange(17), 16, 0.4 / b, 0.6 / b)
        np.testing.assert_allclose([bar.get_height() for bar in ax.patches], want, atol=1e-4)


def test_training_panels_add_distortion_and_rate(rng):
    history = {"epoch": np.arange(1, 4), "distortion": rng.random((2, 3)), "rate": np.ones((2, 3))}
    axes = vae_plots.training_panels(history).axes
    drawn = np.array([[line.get_ydata() for line in ax.lines] for ax in axes])
    np.testing.assert_allclose(drawn[0], drawn[1] + drawn[2])
    np.testing.assert_allclose(drawn[1], history["distortion"])


def test_rate_bars_fall_and_keep_their_names():
    ax = plt.subplots()[1]
    vae_plots.rate_bars(np.array([0.1, 2.0, 0.5]), ax)
    assert [bar.get_height() for bar in ax.patches] == [2.0, 0.5, 0.1]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["$z_{2}$", "$z_{3}$", "$z_{1}$"]


def test_bound_curve_marks_the_first_value():
    ax = plt.subplots()[1]
    vae_plots.bound_curve(np.array([1, 4]), np.array([2.0, 1.9]), ax)
    assert list(ax.lines[1].get_ydata()) == [2.0, 2.0]


def test_circles_hold_their_share_of_the_prior(rng):
    ax = plt.subplots()[1]
    vae_plots.prior_circles(ax)
    distance = np.linalg.norm(rng.normal(size=(100_000, 2)), axis=1)
    shares = [np.mean(distance < circle.radius) for circle in ax.patches]
    np.testing.assert_allclose(shares, [0.5, 0.95], atol=0.01)


def test_tiles_keep_pictures_in_reading_order():
    images = np.arange(6)[:, None, None] / 10 * np.ones((6, 2, 3))
    big = vae_plots.tiles(images, 3, gap=1.0)
    assert big.shape == (2 * 3 - 1, 3 * 4 - 1)
    np.testing.assert_allclose(big[::3, ::4], [[0, 0.1, 0.2], [0.3, 0.4, 0.5]])
    assert np.all(big[2] == 1)
    assert np.all(big[:, 3] == 1)
    with pytest.raises(ValueError, match="4 columns need"):
        vae_plots.tiles(images, 4)


def test_quantile_codes_cut_the_prior_into_equal_shares(rng):
    codes = vae_plots.quantile_codes(5)
    assert codes.shape == (25, 2)
    first = codes[:5, 0]
    borders = (first[1:] + first[:-1]) / 2
    shares = np.bincount(np.searchsorted(borders, rng.normal(size=100_000))) / 100_000
    np.testing.assert_allclose(shares, 0.2, atol=0.05)
    assert codes[0, 1] == -codes[-1, 1] > 0


def test_planes_of_pictures_are_drawn():
    ax = plt.subplots()[1]
    vae_plots.show_quantile_plane(np.zeros((4, 2, 2)), 2, ax)
    assert ax.images[0].get_extent() == [0, 1, 0, 1]
    vae_plots.show_tiles(np.zeros((4, 2, 2)), 2, ax)
    assert ax.images[1].get_array().shape == (5, 5)


def test_sweep_moves_two_entries_and_no_other():
    codes = vae_plots.sweep(np.array([9.0, 8.0, 7.0]), 2, 0, np.array([-1.0, 0.0, 1.0]))
    assert np.all(codes[:, 1] == 8)
    grid = codes.reshape(3, 3, 3)
    np.testing.assert_array_equal(grid[0, :, 2], [-1, 0, 1])
    np.testing.assert_array_equal(grid[:, 0, 0], [1, 0, -1])
