"""The explorables of the KL lesson show the divergences of the densities they draw."""

import re

import numpy as np
import pytest
from scipy import integrate

from lib import kl_frames, sheets
from lib.datasets.toys import Mixture
from lib.divergence import fit_seeking, kl_gaussians

NUMBER = re.compile(r"= ([\d.]+)")


def titles(figure):
    found = [ax.get_title(loc) for ax in figure.axes for loc in ("left", "center")]
    return [float(NUMBER.search(text)[1]) for text in found if "KL" in text]


def areas(ax):
    """Area above and below zero of the two filled shapes of a panel."""
    shapes = [c.get_paths()[0].vertices for c in ax.collections]
    line = kl_frames.LINE
    return [integrate.trapezoid(v[: len(line), 1], v[: len(line), 0]) for v in shapes]


def test_areas_and_titles_are_the_divergences():
    explorable = kl_frames.BothWays()
    for mean, std in ((1, 0.5), (-2, 2), (0, 1.5)):
        figure = explorable.draw(Mixture([1], [0], [1]), mean, std)
        want = [kl_gaussians(mean, std**2, 0, 1), kl_gaussians(0, 1, mean, std**2)]
        assert titles(figure) == pytest.approx(want, abs=0.006)
        for ax, value in zip(figure.axes[1:], want, strict=True):
            above, below = areas(ax)
            assert above > 0 > below
            assert above + below == pytest.approx(value, abs=1e-4)


def test_equal_densities_leave_nothing():
    figure = kl_frames.BothWays().draw(Mixture([1], [0], [1]), 0, 1)
    assert titles(figure) == [0, 0]
    assert np.allclose(areas(figure.axes[1]), 0)


def test_one_figure_serves_all_settings():
    explorable = kl_frames.BothWays()
    p = Mixture([0.5, 0.5], [-2, 2], [0.6, 0.6])
    first = sheets.to_pixels(explorable.draw(p, 0, 1))
    other = sheets.to_pixels(explorable.draw(p, 2, 0.5))
    again = sheets.to_pixels(explorable.draw(p, 0, 1))
    assert first.shape == other.shape
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(("distance", "start"), [(1.0, 0.0), (4.0, -3.0), (5.0, 3.0)])
def test_fits_end_in_a_valley_of_the_landscape(distance, start):
    figure = kl_frames.PulledApart().draw(distance, start)
    left, right = figure.axes
    cost, begin, end = right.lines
    assert begin.get_xdata()[0] == start
    x, y = end.get_xydata()[0]
    near = np.abs(cost.get_xdata() - x) < 0.35
    assert y <= cost.get_ydata()[near].min() + 0.01
    wide, narrow = (integrate.trapezoid(line.get_ydata(), line.get_xdata()) for line in left.lines)
    assert (wide, narrow) == pytest.approx((1, 1))
    assert titles(figure)[1] == pytest.approx(y, abs=0.02)


def test_landscape_is_the_least_divergence_for_each_mean():
    p = Mixture([0.4, 0.6], [-2, 2], [0.7, 0.9])
    fit = fit_seeking(p.log_prob, 2.0, 1)
    cost = kl_frames.seeking_landscape(p, np.array([fit.mean[0], fit.mean[0] + 0.5]))
    assert cost[0] == pytest.approx(fit.kl, abs=5e-3)
    assert cost[1] > cost[0] + 0.05
