"""Drawings of the lesson on hard games show the numbers they claim to show."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.special import expit

from lib import gan_hard_plots as drawings
from lib.datasets.toy_plane import circle_of_gaussians
from lib.gan_modes import captured
from lib.gan_remedies import Film, Outcome

EIGHT = circle_of_gaussians(8, std=0.1)


@pytest.fixture
def axes():
    fig, axes = plt.subplots(1, 3)
    yield axes
    plt.close(fig)


@pytest.fixture
def film():
    rng, film = np.random.default_rng(0), Film(2.9)
    for step in (1, 5, 10):
        film.steps.append(step)
        film.samples.append(np.stack([EIGHT.sample(400, rng), rng.normal(size=(400, 2))]))
        film.scores.append(rng.normal(size=(2, 48, 48)))
        film.losses.append(rng.uniform(size=(2, 2)))
    return film


def outcome(film):
    model = SimpleNamespace(film=film)
    return Outcome(model, [captured(points, EIGHT) for points in film.samples[-1]])


def test_curves_are_the_numbers(axes):
    drawings.loss_slopes(axes[0])
    d, push = axes[0].lines[0].get_data()
    np.testing.assert_allclose(push, expit(d))
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), 1 - expit(d))
    drawings.distances_apart(axes[1], [1, 2, 3], [0.1, 0.3, 0.6])
    assert list(axes[1].lines[0].get_ydata()) == [0.1, 0.3, 0.6]
    assert list(axes[1].lines[1].get_ydata()) == [1, 2, 3]
    drawings.pushes(axes[2], [0, 1], {"saturating": [1, 0.1], "non-saturating": [1, 2]}, "x")
    assert [list(line.get_ydata()) for line in axes[2].lines] == [[1, 0.1], [1, 2]]


def test_paths_start_at_the_dot_and_end_nowhere_else(axes):
    paths = {name: np.cumsum(np.ones((5, 2)), 0) / 5 for name in "abc"}
    drawings.circles(axes, paths)
    for ax, (name, path) in zip(axes, paths.items(), strict=True):
        assert ax.get_title() == name
        np.testing.assert_allclose(np.transpose(ax.lines[0].get_data()), path)
        np.testing.assert_allclose(np.ravel(ax.lines[1].get_data()), path[0])


def test_clouds_name_what_was_captured(axes, film):
    found = outcome(film)
    drawings.clouds(axes[:2], found, EIGHT)
    for ax, seen, points in zip(axes, found.found, film.samples[-1], strict=False):
        assert ax.get_title() == f"modes: {seen.modes}\ngood: {seen.good:.0%}"
        np.testing.assert_allclose(np.transpose(ax.lines[-1].get_data()), points)
        ring = np.transpose(ax.lines[0].get_data()) - EIGHT.centres[0]
        np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 0.3)


def test_progress_draws_every_start(axes, film):
    good = np.array([[c.good for c in row] for row in drawings.watched(film, EIGHT)])
    assert good.shape == (3, 2)
    drawings.progress(axes, film, good)
    losses = np.array(film.losses)
    for ax, want in zip(axes, (losses[..., 0], losses[..., 1], 100 * good), strict=True):
        np.testing.assert_allclose([line.get_ydata() for line in ax.lines], want.T)


def test_strip_has_a_dot_for_every_start(axes, film):
    found = outcome(film)
    drawings.strip(axes[0], {"one": {"a": found, "b": found}, "two": {"a": found, "b": found}}, 8)
    assert len(axes[0].lines) == 4
    for line in axes[0].lines:
        assert np.abs(line.get_xdata() - sorted(found.modes)).max() < 0.3


def test_explorer_shows_the_chosen_frame_of_the_chosen_game(film):
    other = Film(2.9, film.steps, film.samples, [-s for s in film.scores], film.losses)
    views = drawings.FilmExplorer({"a": film, "b": other}, EIGHT, {"a": 0, "b": 1}, n=50)
    for run, sign, member in (("a", 1, 0), ("b", -1, 1)):
        figure = views.draw(2, run)
        np.testing.assert_allclose(views.map.get_array(), expit(sign * film.scores[2][member]))
        np.testing.assert_allclose(
            np.transpose(views.dots.get_data()), film.samples[2][member][:50]
        )
        step, seen = views.facts(2, run)
        assert (
            figure.axes[0].get_title() == f"step {step}, modes: {seen.modes}, good: {seen.good:.0%}"
        )
