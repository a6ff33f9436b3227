"""Drawings of the lesson that derives the VAE show the numbers they claim to show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy import stats

from lib import bound_plots
from lib.light_toy import EXAMPLES, LightToy
from lib.plots import COLORS


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 2)
    yield axes
    plt.close(fig)


@pytest.fixture(scope="module")
def explorer():
    return bound_plots.BoundExplorer(EXAMPLES[1], thetas=np.linspace(0, 4, 9))


def test_curves_of_the_explorer_are_those_of_the_toy(explorer):
    x = EXAMPLES[[1]]
    for theta, log_p, bound in zip(
        explorer.thetas, explorer.log_p, explorer.bound(0.6, 0.4), strict=True
    ):
        toy = LightToy(theta)
        assert np.isclose(log_p, toy.log_prob(x)[0])
        assert np.isclose(bound, toy.elbo(x, 0.6, 0.4)[0])
    assert np.all(explorer.bound(0.6, 0.4) < explorer.log_p)


def test_the_title_adds_up_and_the_gap_joins_the_curves(explorer):
    for theta, mean, std in ((0.5, 0.0, 0.75), (2.0, 0.75, 0.5), (3.0, 1.0, 0.25)):
        explorer.draw(theta, mean, std)
        written = [float(s.replace("−", "-")) for s in explorer.title.get_text().split()[::2]]
        assert written[0] + written[1] == pytest.approx(written[2], abs=0.011)
        xs, (low, high) = explorer.gap_line.get_data()
        at = list(explorer.thetas).index(theta)
        np.testing.assert_array_equal(xs, theta)
        assert low == pytest.approx(explorer.bound_line.get_ydata()[at])
        assert high == pytest.approx(explorer.log_p[at])
        assert high - low == pytest.approx(LightToy(theta).gap(EXAMPLES[[1]], mean, std)[0])
        q = explorer.q_line.get_ydata()
        np.testing.assert_allclose(q, stats.norm.pdf(explorer.z, mean, std), atol=1e-12)


def test_all_settings_stay_inside_the_axes(explorer):
    tallest = 1 / (0.25 * np.sqrt(2 * np.pi))
    assert explorer.right.get_ylim()[1] > tallest
    assert explorer.left.get_ylim()[0] < explorer.bound(0.0, 0.75)[:7].min()


def test_posteriors_stand_below_their_pictures():
    fig, axes = plt.subplots(2, 4)
    bound_plots.toy_posteriors(axes, LightToy(2.0), EXAMPLES)
    for top, bottom, x in zip(*axes, EXAMPLES, strict=True):
        np.testing.assert_array_equal(top.images[0].get_array().ravel(), x)
        want = LightToy(2.0).posterior(x[None])[0]
        np.testing.assert_array_equal(bottom.get_lines()[1].get_ydata(), want)
    plt.close(fig)


def test_lines_over_latents(axes):
    bound_plots.shortfalls(axes[0], [1, 2, 4], {"a": [0, 1, 2], "b": [3, 4, 5]})
    bound_plots.compare_variances(axes[1], [1, 2, 4], {"a": [1, 1, 2], "b": [3, 4, 5]})
    for ax, want in zip(axes, ([3, 4, 5], [3, 4, 5]), strict=True):
        np.testing.assert_array_equal(ax.get_lines()[1].get_ydata(), want)
        assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    assert axes[1].get_yscale() == "log"


def test_circles_hold_their_share_of_the_prior(axes):
    z = np.random.default_rng(0).normal(size=(100_000, 2))
    bound_plots.codes(axes[0], z[:10], "codes")
    for line, share in zip(axes[0].get_lines()[1:], (0.5, 0.95), strict=True):
        radius = np.hypot(*line.get_data())
        assert np.mean(np.hypot(*z.T) < radius[0]) == pytest.approx(share, abs=0.01)


def test_curves_of_training(axes):
    bound_plots.climb(axes[0], [3.0, -1.0], 2.0)
    np.testing.assert_array_equal(axes[0].get_lines()[0].get_ydata(), [-3, 1])
    assert axes[0].get_lines()[1].get_ydata()[0] == 2
    bound_plots.widths(axes[1], {"both": {"width": [1, 0.5]}, "none": {"width": [1, 0.1]}})
    np.testing.assert_array_equal(axes[1].get_lines()[1].get_ydata(), [1, 0.1])
    assert axes[1].get_lines()[1].get_color() == COLORS["error"]


def test_positive_ways_show_value_and_slope(axes):
    a = torch.linspace(-3, 3, 13, dtype=torch.float64)
    slopes = bound_plots.positive_ways(axes, a, {"root": lambda v: torch.exp(v / 2)})
    np.testing.assert_allclose(axes[0].get_lines()[0].get_ydata(), np.exp(a.numpy() / 2))
    step = 1e-5
    cost = [-stats.norm.logpdf(1, 0, np.exp((a.numpy() + h) / 2)) for h in (-step, step)]
    np.testing.assert_allclose(
        slopes["root"], (cost[1] - cost[0]) / (2 * step), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_array_equal(axes[1].get_lines()[0].get_ydata(), slopes["root"])


def test_the_highest_bound_and_the_smallest_gap(explorer):
    toy, x = LightToy(2.0), EXAMPLES[[1]]
    smallest = explorer.smallest_gap(2.0)
    tries = [toy.gap(x, m, s)[0] for m in np.arange(0.6, 1.1, 0.02) for s in (0.4, 0.43, 0.46)]
    assert smallest == pytest.approx(min(tries), abs=2e-3)
    assert smallest <= min(tries) + 1e-9
    at = explorer.peak(0.75, 0.5)
    bounds = [LightToy(t).elbo(x, 0.75, 0.5)[0] for t in explorer.thetas]
    assert at == explorer.thetas[np.argmax(bounds)]
