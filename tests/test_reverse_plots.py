"""Drawings of the lesson on the way back show the numbers they claim to show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lib import reverse_plots
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.loss_weights import noise_weights
from lib.mixture import round_mixture
from lib.noise_schedule import cosine_schedule, linear_schedule
from lib.reverse_line import added_variance, nearest_gaussian, step_back

LINE = round_mixture(np.array([[-1.0], [1.0]]), 0.3)
PLANE = round_mixture(np.array([[-1.0, 0.0], [1.0, 0.5]]), 0.2)
SCHEDULE = linear_schedule(40)


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 2)
    yield axes
    plt.close(fig)


@pytest.fixture(scope="module")
def walkers():
    walk = cosine_schedule(20)
    model = Diffusion(ExactDenoiser(PLANE, walk), (2,), walk, target="x0")
    return reverse_plots.ReturnExplorer(model, n=200)


def test_panels_name_the_divergence_of_what_they_draw(axes):
    reverse_plots.steps_back(axes, LINE, (0.4, 0.01), xt=0.1)
    for ax, beta in zip(axes, (0.4, 0.01), strict=True):
        grid, density = ax.lines[0].get_data()
        nats = nearest_gaussian(grid, density)[2]
        assert ax.get_title() == f"β = {beta:g}\n{nats:.4f} nats apart"
        np.testing.assert_allclose(density, step_back(LINE, beta, 0.1, grid))


def test_formula_and_grid_lie_on_each_other(axes):
    reverse_plots.posterior_curves(axes[0], SCHEDULE, (3, 20), xt=0.6, x0=-0.4)
    for line, dots in (axes[0].lines[0:2], axes[0].lines[2:4]):
        at, values = dots.get_data()
        np.testing.assert_allclose(values, np.interp(at, *line.get_data()), atol=1e-4)


def test_weights_have_mean_one_and_the_ratios_of_the_library(axes):
    reverse_plots.weights(axes[0], SCHEDULE, ("x0", "bound"))
    for line, kind in zip(axes[0].lines, ("x0", "bound"), strict=True):
        t, values = line.get_data()
        assert list(t) == list(range(1, 41))
        assert np.isclose(values.mean(), 1)
        want = noise_weights(SCHEDULE, kind)[1:].numpy()
        np.testing.assert_allclose(values / values[0], want / want[0])


def test_right_variances_lie_between_the_customary_ones(axes):
    reverse_plots.right_variances(axes[0], SCHEDULE, (0.01, 0.1))
    narrow, wide, low = (line.get_ydata() for line in axes[0].lines[:3])
    np.testing.assert_allclose(wide, (added_variance(SCHEDULE, "right", 0.1) / SCHEDULE.beta)[2:])
    assert np.all(low < narrow)
    assert np.all(narrow < wide)
    assert np.all(wide < 1)


def test_arrows_point_along_the_score(axes):
    denoiser = ExactDenoiser(PLANE, SCHEDULE)
    reverse_plots.score_field(axes[0], denoiser, 6)
    (quiver,) = [c for c in axes[0].collections if hasattr(c, "U")]
    at = torch.from_numpy(np.asarray(quiver.get_offsets()))
    drawn = torch.from_numpy(np.stack([quiver.U, quiver.V], 1))
    cosine = torch.cosine_similarity(drawn, denoiser.score(at, 6), dim=1)
    assert torch.all(cosine > 1 - 1e-9)


def test_clouds_and_errors_are_where_the_numbers_are(axes):
    points = torch.tensor([[0.5, -1.0], [2.0, 1.0]])
    reverse_plots.cloud(axes[0], points, "two")
    np.testing.assert_allclose(axes[0].collections[0].get_offsets(), points)
    reverse_plots.errors_by_step(axes[1], [1, 10], {"a": [0.5, 0.1], "b": [3.0, 2.0]})
    assert [list(line.get_ydata()) for line in axes[1].lines] == [[0.5, 0.1], [3.0, 2.0]]
    assert [t.get_text() for t in axes[1].get_legend().get_texts()] == ["a", "b"]


def test_the_step_explorer_draws_the_step_that_is_set():
    steps = reverse_plots.StepExplorer(LINE)
    for beta, xt in ((0.5, 0.0), (0.01, 0.75)):
        steps.draw(beta, xt)
        want = step_back(LINE, beta, xt, steps.grid)
        np.testing.assert_allclose(steps.lines[0].get_ydata(), want / want.max())
        assert f"{steps.apart(beta, xt):.4f} nats" in steps.ax.get_title()
        assert steps.mark.get_xdata()[0] == xt


def test_the_walk_starts_alike_and_guesses_are_those_of_the_denoiser(walkers):
    first, second = (walkers.paths[kind] for kind in walkers.KINDS)
    assert len(first) == len(second) == 21
    torch.testing.assert_close(first[20], second[20])
    torch.testing.assert_close(walkers.guesses("beta", 7), walkers.model.denoise(first[7], 7)[0])
    torch.testing.assert_close(walkers.guesses("none", 0), second[0])


def test_without_noise_a_step_is_its_mean(walkers):
    path = walkers.paths["none"]
    guess = walkers.model.denoise(path[9], 9)[0]
    torch.testing.assert_close(path[8], walkers.model.schedule.posterior(guess, path[9], 9)[0])


def test_the_walk_is_drawn_and_counted(walkers):
    walkers.draw(5, "beta")
    drawn = np.stack(walkers.dots[0].get_data(), 1)
    np.testing.assert_allclose(drawn, walkers.paths["beta"][5])
    assert walkers.axes[0].get_title() == "points, t = 5"
    near = torch.cdist(walkers.paths["beta"][0].double(), torch.tensor(PLANE.means)) < 0.3
    share = near.any(1).double().mean().item()
    assert walkers.ashore("beta", torch.tensor(PLANE.means), 0.3) == share
