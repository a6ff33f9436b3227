"""Drawings of the lesson on the game show the numbers they claim to show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.special import expit

from lib import gan_game_plots
from lib.gan_game import Forger, Game, Move, duel

X = np.linspace(-8, 8, 801)
GAME = Game(X, Forger(1, 1).density(X))


@pytest.fixture
def axes():
    fig, axes = plt.subplots(2, 3)
    yield axes
    plt.close(fig)


@pytest.fixture(scope="module")
def replay():
    answers = {"one": {"rate": 0.1, "d_steps": 1}, "best": {"rate": 0.1}}
    return gan_game_plots.ReplayExplorer(GAME, Forger(-2, 1), 20, answers)


def test_guess_has_the_least_squared_error_at_the_mean(axes):
    gan_game_plots.one_guess(axes[0, :2], X, GAME.p, Forger(1, 0.1))
    at, error = axes[0, 0].lines[0].get_data()
    assert np.isclose(at[error.argmin()], 1, atol=0.02)
    data, said = axes[0, 1].lines[0], axes[0, 1].lines[1]
    assert data.get_xdata()[said.get_ydata().argmin()] == pytest.approx(1, abs=0.02)


def test_dots_sit_on_the_tops(axes):
    gan_game_plots.pointwise(axes[0, 0], [(0.4, 0.1), (0.05, 0.3)])
    for line, dot in (axes[0, 0].lines[:2], axes[0, 0].lines[2:]):
        at, part = line.get_data()
        assert abs(at[part.argmax()] - dot.get_xdata()[0]) < 0.005
        assert part.max() <= dot.get_ydata()[0] + 1e-9


def test_generations_show_forger_and_detective(axes):
    moves = [Move(f, GAME.best(f)) for f in (Forger(-1, 1), Forger(0, 2), Forger(1, 1))]
    gan_game_plots.generations(axes, GAME, moves)
    for move, above, below in zip(moves, *axes, strict=True):
        np.testing.assert_allclose(above.lines[0].get_ydata(), GAME.q(move.forger))
        np.testing.assert_allclose(below.lines[0].get_ydata(), expit(move.score))
        assert f"{GAME.jsd(move.forger):.3f}" in above.get_title()


def test_trained_shows_both_detectives(axes):
    scores = {"learned": 0 * X, "best": GAME.best(Forger(0, 1))}
    gan_game_plots.trained(axes[0, :2], X, GAME.p, Forger(0, 1).density(X), scores)
    shown = {line.get_label(): line.get_ydata() for line in axes[0, 1].lines}
    np.testing.assert_allclose(shown["best"], expit(scores["best"]))
    np.testing.assert_allclose(shown["learned"], 0.5)


def test_duels_are_drawn_from_their_start(axes):
    path = duel((1, 0), 30, rate=0.3)
    gan_game_plots.duels(axes[0, :1], {"in turn": path})
    np.testing.assert_allclose(axes[0, 0].lines[0].get_xydata(), path)
    assert axes[0, 0].get_title() == "in turn"


def test_explorer_shows_the_best_detective_and_the_pushes():
    explorer = gan_game_plots.GameExplorer(GAME)
    forger = Forger(-2, 0.8)
    places, arrows = explorer.push(forger, "non-saturating")
    best = GAME.best(forger)
    slope = (1 - places) - (-(places + 2) / 0.64)  # of the log-ratio
    np.testing.assert_allclose(arrows, expit(-np.interp(places, X, best)) * slope, atol=0.01)
    figure = explorer.draw(-2, 0.8, "non-saturating")
    np.testing.assert_allclose(explorer.d.get_ydata(), best)
    np.testing.assert_allclose(explorer.q.get_ydata(), GAME.q(forger))
    assert f"JSD {GAME.jsd(forger):.3f}" in figure.axes[0].get_title()
    np.testing.assert_allclose(explorer.pushed.U, np.clip(arrows / 2, -2, 2))
    assert np.all(explorer.draw(1, 1, "saturating").axes[0].get_title().endswith("0.00"))


def test_replay_shows_the_move(replay):
    for answer in ("one", "best"):
        replay.draw(7, answer)
        move = replay.moves[answer][7]
        np.testing.assert_allclose(replay.d.get_ydata(), expit(move.score))
        np.testing.assert_allclose(replay.dot.get_xydata()[0], move.forger.theta)
        assert len(replay.path.get_xydata()) == 8
        assert f"{GAME.jsd(move.forger):.4f}" in replay.axes[2].get_title()
