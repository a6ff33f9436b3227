"""The exact game on a line against quadrature, autograd, sampling and closed forms."""

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats
from scipy.spatial.distance import jensenshannon

from lib.gan_game import Forger, Game, best_weights, duel, play, pushforward
from lib.gan_losses import cross_entropy, non_saturating, saturating

GRID = np.linspace(-9, 9, 1801)
DATA = stats.norm(1, 1)
GAME = Game(GRID, DATA.pdf(GRID))
FORGERS = Forger(-1.5, 0.6), Forger(0.7, 1.1), Forger(2.0, 1.6)
WEIGHTS = np.array([0.3, 0.4, -0.2])


def score(x):
    return WEIGHTS[0] + WEIGHTS[1] * x + WEIGHTS[2] * x**2


def quad(f) -> float:
    return integrate.quad(f, -9, 9, epsabs=1e-12, limit=300)[0]


def test_value_is_the_integral_and_the_librarys_loss():
    for forger in FORGERS:
        q = stats.norm(forger.mean, forger.width)

        def sure(x):
            return 1 / (1 + np.exp(-score(x)))

        want = quad(lambda x, q=q: DATA.pdf(x) * np.log(sure(x)) + q.pdf(x) * np.log(1 - sure(x)))
        assert np.isclose(GAME.value(forger, score(GRID)), want, atol=1e-9)
        x = [torch.tensor(v.ppf((np.arange(20_000) + 0.5) / 20_000)) for v in (DATA, q)]
        assert np.isclose(-cross_entropy(*(score(v) for v in x)).item(), want, atol=2e-3)


def test_best_score_has_the_largest_value_and_it_is_the_divergence():
    for forger in FORGERS:
        best, noise = GAME.best(forger), np.random.default_rng(0).normal(size=(50, len(GRID)))
        top = GAME.value(forger, best)
        assert np.isclose(top, 2 * GAME.jsd(forger) - np.log(4), atol=1e-12)
        assert all(GAME.value(forger, best + 0.3 * n) < top for n in noise)
        assert np.abs(GAME.surprise(forger, best)).max() < 1e-12
        tables = GAME.p * GAME.h, GAME.q(forger) * GAME.h
        assert np.isclose(GAME.jsd(forger), jensenshannon(*tables) ** 2, atol=1e-9)


def test_a_table_of_scores_climbs_to_the_log_ratio():
    forger, d = FORGERS[1], np.zeros(len(GRID))
    for _ in range(1000):
        d += 5 * GAME.surprise(forger, d)
    seen = (GAME.p > 0.01) & (GAME.q(forger) > 0.01)
    np.testing.assert_allclose(d[seen], GAME.best(forger)[seen], atol=1e-6)


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
def test_forger_gradient_is_that_of_torch(loss):
    means = {"saturating": saturating, "non-saturating": non_saturating}
    z = torch.tensor(stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000))
    for forger in FORGERS:
        theta = torch.tensor(forger.theta, requires_grad=True)
        means[loss](score(theta[0] + theta[1] * z)).backward()
        got = GAME.forger_gradient(forger, score(GRID), loss)
        np.testing.assert_allclose(got, theta.grad, atol=5e-4)


def test_forger_gradient_is_a_difference_quotient_of_the_value():
    for forger in FORGERS:
        wavy = np.sin(2 * GRID)  # no parabola: the slope on the grid is not exact
        got = GAME.forger_gradient(forger, wavy)
        for j, step in enumerate(np.eye(2) * 1e-4):
            ends = GAME.value(forger.moved(step), wavy), GAME.value(forger.moved(-step), wavy)
            assert np.isclose(got[j], (ends[0] - ends[1]) / 2e-4, atol=1e-4)


def test_detective_gradient_is_a_difference_quotient_of_the_value():
    for forger in FORGERS:
        got = GAME.detective_gradient(forger, WEIGHTS)
        want = optimize.approx_fprime(
            WEIGHTS, lambda w, f=forger: GAME.value(f, GAME.score(w)), 1e-6
        )
        np.testing.assert_allclose(got, want, atol=1e-4)


def test_best_parabola_is_the_log_ratio_of_gaussians():
    for forger in FORGERS:
        found = GAME.score(best_weights(GAME, forger, np.zeros(3)))
        np.testing.assert_allclose(found, GAME.best(forger), atol=1e-5)


def test_best_line_beats_its_rivals():
    forger = FORGERS[2]
    found = best_weights(GAME, forger, np.zeros(2))
    rival = optimize.minimize(lambda w: -GAME.value(forger, GAME.score(w)), np.zeros(2))
    np.testing.assert_allclose(found, rival.x, atol=1e-4)


def test_against_the_best_detective_the_divergence_falls_to_zero():
    moves = play(GAME, FORGERS[0], 150, rate=0.3)
    apart = [GAME.jsd(move.forger) for move in moves]
    assert np.all(np.diff(apart) < 1e-12)
    np.testing.assert_allclose(moves[-1].forger.theta, (1, 1), atol=1e-3)
    np.testing.assert_allclose(moves[3].score, GAME.best(moves[3].forger))


def test_play_takes_the_steps_it_says():
    moves = play(GAME, FORGERS[0], 2, rate=0.2, d_steps=2, d_rate=0.3, loss="non-saturating")
    weights, forger = np.zeros(3), FORGERS[0]
    for move in moves:
        assert move.forger == forger
        for _ in range(2):
            weights = weights + 0.3 * GAME.detective_gradient(forger, weights)
        np.testing.assert_allclose(move.score, GAME.score(weights))
        step = GAME.forger_gradient(forger, GAME.score(weights), "non-saturating")
        forger = forger.moved(-0.2 * step)


def test_a_forger_who_maximises_runs_away():
    moves = play(GAME, FORGERS[0], 3, rate=0.3, sign=1.0)
    assert np.all(np.diff([GAME.jsd(move.forger) for move in moves]) > 0)


def test_pushforward_of_a_line_and_of_a_fold():
    edges = np.linspace(-6, 6, 121)
    want = np.diff(stats.norm(0.4, 1.3).cdf(edges))
    np.testing.assert_allclose(pushforward(lambda z: 0.4 + 1.3 * z, edges), want, atol=2e-4)
    want = np.diff(stats.chi(1).cdf(np.maximum(edges, 0)))
    np.testing.assert_allclose(pushforward(np.abs, edges), want, atol=5e-4)


def test_bilinear_duel_is_a_product_of_matrices():
    a, start = 0.15, np.array([1.0, -0.4])
    both = np.array([[1, a], [-a, 1]])
    turns = np.array([[1 - a * a, a], [-a, 1]])
    for matrix, simultaneous in ((both, True), (turns, False)):
        path = duel(start, 30, rate=0.3, push=lambda u: 0.5, simultaneous=simultaneous)
        for k in (1, 7, 30):
            np.testing.assert_allclose(path[k], np.linalg.matrix_power(matrix, k) @ start)


def test_duel_follows_the_gradients_of_a_gan():
    for simultaneous in (True, False):
        path = duel((1.0, 0.5), 5, rate=0.2, simultaneous=simultaneous, gamma=0.7)
        theta, psi = (torch.tensor(v, dtype=torch.float64) for v in (1.0, 0.5))
        for k in range(1, 6):
            theta, psi = theta.detach().requires_grad_(), psi.detach().requires_grad_()
            zero = torch.zeros(1, dtype=torch.float64)
            loss = cross_entropy(psi * zero, psi * theta) + 0.35 * psi**2
            (slope,) = torch.autograd.grad(loss, psi)
            seen = psi if simultaneous else (psi - 0.2 * slope).detach()
            (push,) = torch.autograd.grad(saturating(seen * theta), theta)
            theta, psi = theta - 0.2 * push, psi - 0.2 * slope
            np.testing.assert_allclose(path[k], (theta.item(), psi.item()))


def test_bad_arguments_say_what_would_be_right():
    with pytest.raises(ValueError, match="integral 1"):
        Game(GRID, 2 * GAME.p)
    with pytest.raises(ValueError, match="must be positive"):
        Forger(0, 0)
    with pytest.raises(ValueError, match="left the grid"):
        GAME.q(Forger(12, 1))
    with pytest.raises(ValueError, match="loss is one of"):
        GAME.arrows(GRID, "hinge")
    with pytest.raises(ValueError, match="positive on the grid"):
        Game(GRID, np.where(GAME.p > 1e-5, GAME.p, 0))
    with pytest.raises(ValueError, match="one number"):
        pushforward(lambda z: z[:3], GRID)
