"""Drawings of the introduction show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.cluster import KMeans
from sklearn.neighbors import KernelDensity, KNeighborsClassifier

from lib import bending, darts, intro_plots
from lib.datasets.toys import Mixture
from lib.pca import fit_pca
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_four_views_show_one_cloud_with_labels_groups_directions_and_density(rng):
    x, y = rng.normal(size=(50, 2)) * [2, 1], rng.integers(2, size=50)
    groups, pca = KMeans(2, n_init=1, random_state=0).fit(x), fit_pca(x)
    classifier, density = KNeighborsClassifier(3).fit(x, y), KernelDensity().fit(x)
    figure = intro_plots.four_views(x, y, classifier, groups, pca, density)
    labelled, grouped, turned, _ = figure.axes
    for ax in (labelled, grouped, turned):
        np.testing.assert_allclose(ax.collections[0].get_offsets(), x)
    fills = [to_hex(c) for c in labelled.collections[0].get_facecolors()]
    assert fills == [intro_plots.CLASSES[k] for k in y]
    np.testing.assert_allclose(grouped.lines[0].get_xydata(), groups.cluster_centers_)
    tips = np.array([text.xy for text in turned.texts]) - x.mean(axis=0)
    np.testing.assert_allclose(tips.T @ tips, 4 * np.cov(x.T, bias=True))  # two deviations long


def test_paths_run_from_u_to_the_curve_and_down():
    mixture, u = Mixture([0.3, 0.7], [-2, 2], [1, 0.5]), np.array([0.1, 0.4, 0.9])
    top, bottom = intro_plots.inverse_cdf_panels(mixture, u, marked=[0, 2]).axes
    curve, first, last, *_ = top.lines
    np.testing.assert_allclose(curve.get_ydata(), mixture.cdf(curve.get_xdata()))
    for path, value in ((first, 0.1), (last, 0.9)):
        x, height = path.get_xydata()[1]
        assert height == value
        assert np.isclose(mixture.cdf(x), value)
    draws, density = bottom.lines
    np.testing.assert_allclose(mixture.cdf(draws.get_xdata()), u)
    np.testing.assert_allclose(density.get_ydata(), mixture.density(density.get_xdata()))


def test_plane_and_its_lines_go_through_the_map(rng):
    z = rng.normal(size=(20, 2))
    _, ax = plt.subplots()
    intro_plots.warped_plane(ax, bending.bend, z)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), bending.bend(z))
    middle = bending.bend(np.array([[0.0, 0.0]]))
    assert min(np.abs(line.get_xydata() - middle).sum(axis=1).min() for line in ax.lines) < 1e-9
    assert {line.get_color() for line in ax.lines} == {COLORS["latent"]}  # the lines are of z


def test_dart_maps_mark_the_best_aims_and_the_planned_one():
    figure, best = intro_plots.dart_maps((8, 35), np.array([1.0, 2.0]))
    for ax, sigma, aim in zip(figure.axes, (8, 35), best, strict=True):
        axis, points = darts.score_map(sigma)
        np.testing.assert_array_equal(ax.images[0].get_array(), points)
        row, column = np.searchsorted(axis, aim[1]), np.searchsorted(axis, aim[0])
        assert points[row, column] == points.max()
        assert f"{points.max():.1f} points" in ax.get_title()
    np.testing.assert_array_equal(figure.axes[1].lines[-1].get_xydata(), [[1.0, 2.0]])
    numbers = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(map(int, numbers)) == list(range(1, 21))


def test_numbers_stand_in_their_wedges():
    _, ax = plt.subplots()
    intro_plots.dart_map(ax, 20)
    for text in ax.texts:
        place = np.array(text.get_position())
        assert darts.score(50 * place / np.linalg.norm(place)) == int(text.get_text())


def test_curves_have_a_dot_at_their_lowest_point():
    axis = np.array([0.0, 1.0, 2.0])
    curves = {"a": np.array([3.0, 1.0, 2.0]), "b": np.array([0.0, 4.0, 5.0])}
    ax = intro_plots.two_scores(axis, curves, xlabel="x", ylabel="nats")
    dots = [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "o"]
    assert dots == [[[1.0, 1.0]], [[0.0, 0.0]]]
    assert ax.get_xlabel() == "x"


def test_overfit_curves_name_the_amounts():
    ax = intro_plots.overfit_curves([0, 0.01, 1], [3, 2, 1], [0, 1, 0.5])
    assert [line.get_ydata().tolist() for line in ax.lines] == [[3, 2, 1], [0, 1, 0.5]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.01", "1"]
