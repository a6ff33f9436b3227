"""Drawings of the KL lesson show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Ellipse
from scipy.stats import norm

from lib import kl_plots
from lib.datasets.toys import Mixture
from lib.divergence import GaussianFit, kl
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def fit(mean, covariance):
    return GaussianFit(np.atleast_1d(mean), np.atleast_2d(covariance), 0.0)


def test_proofs_mark_the_ratios_and_the_divergence(rng):
    q, p = rng.dirichlet(3 * np.ones(5), size=2)
    left, right = kl_plots.two_proofs(q, p).axes
    pieces = np.array([segment[:, 1] for segment in left.collections[0].get_segments()])
    np.testing.assert_allclose(q @ (pieces[:, 1] - pieces[:, 0]), kl(q, p))
    np.testing.assert_allclose(right.collections[0].get_offsets()[:, 0], p / q)
    np.testing.assert_allclose(right.lines[-1].get_xydata(), [[1, -kl(q, p)]])


def test_bars_have_the_heights_of_both_tables(rng):
    one, two = rng.dirichlet(np.ones(4), size=2)
    ax = kl_plots.level_bars({"one": one, "two": two})
    assert [patch.get_height() for patch in ax.patches] == pytest.approx([*one, *two])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one", "two"]


def test_fits_on_the_line_are_densities_in_the_colours_of_their_roles():
    _, ax = plt.subplots()
    p = Mixture([0.5, 0.5], [-2, 2], [0.7, 0.7])
    kl_plots.fits_on_line(ax, p, {"wide": fit(0, 4), "narrow": fit(2, 0.25)})
    assert [to_hex(line.get_color()) for line in ax.lines] == [COLORS["model"], COLORS["latent"]]
    x, y = ax.lines[1].get_data()
    np.testing.assert_allclose(y, norm.pdf(x, 2, 0.5))


def test_ellipses_have_the_axes_of_their_covariances():
    fits = {"a": [fit([0, 0], [[4, 0], [0, 1]])], "b": [fit([1, 2], [[2, 1], [1, 2]])] * 3}
    axis = np.linspace(-4, 4, 20)
    left, right = kl_plots.fits_on_plane(axis, np.exp(-np.add.outer(axis**2, axis**2)), fits).axes
    drawn = [[p for p in ax.patches if isinstance(p, Ellipse)] for ax in (left, right)]
    assert [len(some) for some in drawn] == [2, 6]
    one, two = drawn[0]
    assert sorted([one.width, one.height]) == pytest.approx([2, 4])
    assert sorted([two.width, two.height]) == pytest.approx([4, 8])
    tilted = drawn[1][0]
    long = tilted.angle + (0 if tilted.width > tilted.height else 90)
    assert np.tan(np.radians(long)) == pytest.approx(1)
    assert max(tilted.width, tilted.height) == pytest.approx(2 * np.sqrt(3))
    assert len({p.get_linestyle() for p in drawn[1]}) == 3


def test_penalties_touch_zero_at_the_prior():
    left, right = kl_plots.penalty_curves().axes
    for ax in (left, right):
        x, y = ax.lines[0].get_data()
        assert abs(x[y.argmin()]) < 0.05
        assert -1e-9 <= y.min() < 1e-3
    parts = [line.get_ydata() for line in right.lines[:3]]
    np.testing.assert_allclose(parts[1] + parts[2], parts[0])


def test_dots_mark_the_minima_inside_only():
    std = np.linspace(0.5, 2, 31)
    curves = {"right": (std - 1) ** 2, "wrong": (std - 1.5) ** 2 - 1, "none": -std}
    ax = kl_plots.wrong_curves(std, curves).axes[0]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_xdata()[0] for dot in dots] == pytest.approx([1, 1.5])
    colours = [to_hex(dot.get_color()) for dot in dots]
    assert colours == [COLORS["good"], COLORS["error"]]


def test_bars_are_two_standard_errors_long():
    ax = kl_plots.estimates([10, 100], np.array([0.5, 0.6]), np.array([0.2, 0.1]), 0.55)
    (bars,) = ax.containers[0].lines[2]
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, [[0.1, 0.9], [0.4, 0.8]])
    assert ax.lines[0].get_ydata() == [0.55, 0.55]
