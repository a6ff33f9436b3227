"""Figures of the lesson on mixtures show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Ellipse

from lib import mixture_plots
from lib.mean_ascent import MeanAscent
from lib.mixture import GaussianMixture, lower_bound, round_mixture


@pytest.fixture(autouse=True)
def clean_figures():
    yield
    plt.close("all")


@pytest.fixture
def tilted() -> GaussianMixture:
    """Two Gaussians of the plane, one of them twice as long along the diagonal as across."""
    long = np.array([[2.5, 1.5], [1.5, 2.5]])  # eigenvalues 4 and 1
    return GaussianMixture(
        np.array([0.9, 0.1]), np.array([[1.0, 2.0], [-3.0, 0.0]]), np.array([long, np.eye(2)])
    )


def test_components_and_their_sum(tilted):
    line = GaussianMixture(tilted.weights, tilted.means[:, :1], tilted.covariances[:, :1, :1])
    grid, ax = np.linspace(-5, 5, 51), plt.subplots()[1]
    mixture_plots.components_on_line(ax, line, np.linspace(-1, 1, 30), grid)
    first, second, total = (curve.get_ydata() for curve in ax.lines)
    np.testing.assert_allclose(first + second, total)
    np.testing.assert_allclose(total, np.exp(line.log_prob(grid[:, None])))


def test_shares_are_stacked_and_named(tilted):
    line = GaussianMixture(tilted.weights, tilted.means[:, :1], tilted.covariances[:, :1, :1])
    grid, ax = np.linspace(-6, 6, 121), plt.subplots()[1]
    mixture_plots.shares_on_line(ax, line, grid)
    assert [text.get_text() for text in ax.texts] == ["m = 1", "m = 2"]
    for k, text in enumerate(ax.texts):  # each name stands inside its band
        x, y = text.get_position()
        share = line.responsibilities(np.array([[x]]))[0]
        assert share[:k].sum() < y < share[: k + 1].sum()


def test_bound_of_one_point_touches_and_marks_the_gap(tilted):
    share = np.linspace(0, 1, 101)
    x = np.tile([0.5, 0.5], (101, 1))
    bound = lower_bound(tilted, x, np.stack([share, 1 - share], axis=1))
    log_p, exact = tilted.log_prob(x)[0], tilted.responsibilities(x)[0, 0]
    ax = mixture_plots.bound_of_one_point(share, bound, log_p, exact).axes[0]
    level, arch, gap, dot = ax.lines
    assert arch.get_ydata().max() <= level.get_ydata()[0] + 1e-12
    assert gap.get_ydata()[1] == pytest.approx(log_p)
    assert gap.get_ydata()[0] == pytest.approx(np.interp(gap.get_xdata()[0], share, bound))
    assert dot.get_xydata()[0] == pytest.approx([exact, log_p])


@pytest.mark.parametrize("step", [0, 1, 2])
def test_frame_shows_curves_gap_and_shares(step):
    ascent = MeanAscent(np.array([[-1.0], [0.5], [3.0], [4.0]]))
    state = ascent.half_steps(0.5)[step]
    fig = mixture_plots.bound_frame(ascent, state)
    top, low = fig.axes
    likelihood, bound, gap = (line.get_ydata() for line in top.lines[:3])
    assert np.all(bound <= likelihood + 1e-12)
    assert likelihood[10] == pytest.approx(ascent.log_likelihood(mixture_plots.MEANS[10]))
    assert gap[1] == pytest.approx(ascent.log_likelihood(state.mean))
    assert (gap[1] - gap[0] < 1e-12) == (step == 1)
    bars = [path.vertices[1, 1] for path in low.collections[-1].get_paths()]
    np.testing.assert_allclose(bars, state.q[:, 1])


def test_ellipses_have_the_axes_of_the_covariances(tilted):
    ax = plt.subplots()[1]
    mixture_plots.ellipses(ax, tilted, sd=2.0)
    long, small = (patch for patch in ax.patches if isinstance(patch, Ellipse))
    assert (long.width, long.height) == pytest.approx((8, 4))
    assert long.angle % 180 == pytest.approx(45)
    assert tuple(long.center) == (1, 2)
    assert long.get_linewidth() > small.get_linewidth()


def test_density_panels_are_dark_where_the_density_is_high(tilted):
    fig = mixture_plots.density_panels({"both": tilted}, 6, {"both": tilted.means})
    ax = fig.axes[0]
    assert ax.get_title() == "both"
    np.testing.assert_allclose(ax.lines[0].get_xydata(), tilted.means)
    assert ax.collections[0].get_array().max() > ax.collections[0].get_array().min()


def test_panels_are_titled(rng, tilted):
    x = tilted.sample(40, rng)[0]
    fig = mixture_plots.ellipse_panels(x, {"one": tilted, "two": tilted})
    assert [ax.get_title() for ax in fig.axes] == ["one", "two"]
    fig = mixture_plots.first_look(x, {"fit": tilted})
    assert [ax.get_title() for ax in fig.axes] == ["40 points", "fit"]
    assert len(fig.axes[0].collections[0].get_offsets()) == 40
    fig = mixture_plots.starts(x, {"best": tilted, "bad": tilted}, np.array([-2.0, -1.0, -1.0]))
    assert sum(patch.get_height() for patch in fig.axes[2].patches) == 3


def test_choice_marks_the_best():
    ax = mixture_plots.choice_of_m([1, 2, 5], [-3, -2, -1], [-3, -2, -2.5], -1.5).axes[0]
    assert ax.lines[-1].get_xydata().tolist() == [[2, -2]]


def test_component_rows_start_with_the_mean(rng):
    means = rng.uniform(size=(3, 64))
    fig = mixture_plots.component_rows(round_mixture(means, 0.01), 4, rng)
    pictures = [ax.images[0].get_array() for ax in fig.axes]
    assert len(pictures) == 15
    for k in range(3):
        np.testing.assert_allclose(pictures[5 * k].ravel(), means[k])
        assert np.abs(pictures[5 * k + 2].ravel() - means[k]).max() < 0.06


def test_learned_curve_goes_through_its_points(rng):
    curve = rng.normal(size=(7, 2))
    ax = mixture_plots.learned_curve(rng.normal(size=(20, 2)), curve).axes[0]
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), curve)
