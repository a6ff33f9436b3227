"""Drawings of the lesson VAE or GAN: what the data say is what is drawn."""

import matplotlib.pyplot as plt
import numpy as np

from lib import vae_or_gan_plots as drawings
from lib.gan_divergences import DIVERGENCES, Fit, usual_line


def test_two_modes_have_their_distance_and_weight():
    p = drawings.two_modes(3.0, 0.7)
    assert np.allclose(p.means, [-1.5, 1.5])
    assert np.allclose(p.weights, [0.7, 0.3])


def test_four_fits_draws_each_best_gaussian_and_names_its_divergence():
    frame = drawings.FourFits().draw(2.0, 0.5)
    for ax, name in zip(frame.axes, DIVERGENCES, strict=True):
        best = drawings.all_fits(drawings.two_modes(2.0, 0.5))[name]
        assert np.allclose(ax.lines[0].get_ydata(), best.density(usual_line().x))
        assert ax.get_title().startswith(name)


def test_width_curves_have_the_widths_and_the_single_mode():
    fits = [{name: Fit(0, k + 1.0, 0) for name in DIVERGENCES} for k in range(3)]
    ax = drawings.width_curves([0, 1, 2], fits, 0.6)
    assert all(np.allclose(line.get_ydata(), [1, 2, 3]) for line in ax.lines[:4])
    assert ax.lines[4].get_ydata()[0] == 0.6
    plt.close("all")


def test_ways_panels_draw_the_way_its_start_and_the_prediction():
    path = np.array([[-1.0, 0.6], [-0.5, 1.0], [0.0, 1.6]])
    fig = drawings.ways_panels(
        drawings.two_modes(3.0), {"a": path}, {"a": "JSD"}, {"a": (0.1, 1.5)}
    )
    way, start, end = fig.axes[0].lines
    assert np.allclose(np.transpose(way.get_data()), path)
    assert start.get_xydata().tolist() == [[-1.0, 0.6]]
    assert end.get_xydata().tolist() == [[0.1, 1.5]]
    plt.close(fig)


def test_progress_panels_run_from_zero_to_one():
    fig = drawings.progress_panels({"m": (np.arange(3), np.array([5, 4, 1]), np.array([2, 9, 3]))})
    loss, score = fig.axes[0].lines
    assert np.allclose(loss.get_ydata(), [1, 0.75, 0])
    assert np.allclose(score.get_ydata(), [0, 1, 1 / 7])
    plt.close(fig)


def test_code_panels_draw_prior_and_codes():
    z = np.random.default_rng(0).normal(size=(20, 2))
    fig = drawings.code_panels({"a": z}, [np.ones((9, 2))], np.arange(20) % 10)
    grey, dots = fig.axes[0].collections[:2]
    assert len(grey.get_offsets()) == 9
    assert np.allclose(dots.get_offsets(), z)
    plt.close(fig)
