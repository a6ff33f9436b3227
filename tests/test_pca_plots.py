"""Drawings of the PCA lesson show the numbers they claim to show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import pca_plots
from lib.pca import fit_pca


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_feet_are_the_nearest_points_of_the_line(rng):
    x = rng.normal(size=(20, 2)) + 4
    for degrees in (0, 33, 90, 151):
        feet, lost, kept = pca_plots.turned_line(x, degrees)
        w = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        np.testing.assert_allclose((x - feet) @ w, 0, atol=1e-12)
        offset = (feet - x.mean(axis=0)) @ np.array([-w[1], w[0]])
        np.testing.assert_allclose(offset, 0, atol=1e-12)
        assert lost == pytest.approx(((x - feet) ** 2).sum() / 20)
        assert kept == pytest.approx(np.var(x @ w))


def test_the_best_angle_is_the_first_component(rng):
    x = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 2))
    w, pca = fit_pca(x).components[:, 0], fit_pca(x)
    _, lost, kept = pca_plots.turned_line(x, np.degrees(np.arctan2(w[1], w[0])))
    np.testing.assert_allclose([kept, lost], pca.variances)


def test_line_goes_through_the_mean_and_perpendiculars_end_on_it(ax, rng):
    x = rng.normal(size=(5, 2)) + 3
    pca_plots.line_through(ax, x, 40)
    line = ax.get_lines()[0].get_xydata()
    np.testing.assert_allclose(line.mean(axis=0), x.mean(axis=0))
    segments = np.array(ax.collections[0].get_segments())
    np.testing.assert_allclose(segments[:, 0], x)
    np.testing.assert_allclose(segments[:, 1], pca_plots.turned_line(x, 40)[0])


def test_turner_shows_the_setting_it_was_given(rng):
    clouds = {"one": rng.normal(size=(9, 2)) + 7, "two": rng.normal(size=(5, 2))}
    turner = pca_plots.LineTurner(clouds)
    for name, angle in (("two", 30), ("one", 120), ("two", 0)):
        figure = turner.draw(name, angle)
        x = clouds[name] - clouds[name].mean(axis=0)
        feet, lost, kept = pca_plots.turned_line(x, angle)
        np.testing.assert_allclose(turner.points.get_xydata(), x)
        np.testing.assert_allclose(turner.feet.get_xydata(), feet)
        np.testing.assert_allclose(
            turner.marks.get_ydata(), [lost, kept, np.trace(x.T @ x) / len(x)]
        )
        np.testing.assert_allclose(turner.marks.get_xdata(), angle)
        at = int(np.flatnonzero(turner.angles == angle)[0])
        drawn = [curve.get_ydata()[at] for curve in turner.measures]
        np.testing.assert_allclose(drawn, [lost, kept, lost + kept])
        assert turner.title.get_text() == f"{lost:.2f} lost + {kept:.2f} kept = {lost + kept:.2f}"
        assert figure is turner.figure


def test_pictures_of_the_map_do_not_cover_each_other(ax, rng):
    z = rng.normal(size=(300, 2)) * [5, 1]
    kept = pca_plots.apart(z, 0.4)
    far = np.linalg.norm(z[kept][:, None] - z[kept][None], axis=2) + 9 * np.eye(len(kept))
    assert far.min() >= 0.4
    left_out = sorted(set(range(300)) - set(kept))
    assert all(np.linalg.norm(z[kept] - z[i], axis=1).min() < 0.4 for i in left_out)
    pca_plots.picture_map(ax, z, rng.random((300, 4, 4)))
    shown = [box.xy for box in ax.artists]
    np.testing.assert_allclose(shown, z[pca_plots.apart(z / np.ptp(z, axis=0), 1 / 16)])


def test_curves_hold_the_given_numbers(ax):
    pca_plots.scree(ax, np.array([3.0, 2.0]), np.array([2.5, 2.4, 0.1]))
    data, shuffled = ax.get_lines()
    np.testing.assert_array_equal(data.get_xydata(), [[1, 3], [2, 2]])
    np.testing.assert_array_equal(shuffled.get_xydata(), [[1, 2.5], [2, 2.4]])


def test_error_curves_and_seconds_are_logarithmic():
    fig, (left, right) = plt.subplots(1, 2)
    pca_plots.error_curves(left, [0, 5], [4.0, 1.0], [5.0, 2.0])
    held_out, training = left.get_lines()
    np.testing.assert_array_equal(held_out.get_ydata(), [5, 2])
    np.testing.assert_array_equal(training.get_ydata(), [4, 1])
    assert left.get_yscale() == "log"
    pca_plots.seconds_against_size(right, [16, 64], {"gram": [0.1, 0.2], "svd": [0.3, 0.4]})
    assert [line.get_label() for line in right.get_lines()] == ["gram", "svd"]
    assert right.get_xscale() == right.get_yscale() == "log"
    plt.close(fig)
