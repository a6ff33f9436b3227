"""The small worlds against searches and draws."""

import numpy as np
import pytest
from scipy import optimize
from scipy.spatial.distance import jensenshannon

from lib import translation_toy as toy


def tables(seed: int, x: int = 4, y: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Joint tables p, q of pairs with the same questions."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(x * y)).reshape(x, y)
    return p, p.sum(axis=0) * rng.dirichlet(np.ones(x), size=y).T


def test_stripes_are_one_wave_moved():
    waves = toy.stripes()
    assert waves.shape == (16, 32)
    np.testing.assert_allclose(waves[:, 8:], waves[:, :-8], atol=1e-12)  # period of eight pixels
    np.testing.assert_allclose(waves[2:, :-1], waves[:-2, 1:], atol=1e-12)  # a sixteenth: half one
    np.testing.assert_allclose(waves.mean(0), 0.5, atol=1e-12)
    assert 0 < waves.min() < waves.max() < 1


def test_no_answer_is_cheaper_than_the_median():
    waves = toy.stripes()
    least = toy.l1_cost(waves, np.median(waves, axis=0))
    for seed in range(20):
        other = np.random.default_rng(seed).uniform(0, 1, waves.shape[1])
        assert toy.l1_cost(waves, other) > least
    assert min(toy.l1_cost(waves, wave) for wave in waves) > least
    np.testing.assert_allclose(
        toy.l1_cost(waves[:2], waves[0]), np.abs(waves[0] - waves[1]).sum() / 2
    )


def test_the_slope_counts_both_sides():
    assert toy.l1_slope([1, 2, 3, 4], 2.5) == 0
    assert toy.l1_slope([1, 2, 3, 4], 0) == -1
    assert toy.l1_slope([1, 2, 2, 4], 2) == 0
    assert toy.l1_slope([1, 2, 3, 4], 3.5) == 0.5


def test_twins_against_draws():
    rng = np.random.default_rng(0)
    answers, weights = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(5))
    found = toy.twin_distances(answers, weights)
    truth, one, other = (
        answers[rng.choice(5, size=200_000, p=w)] for w in (None, weights, weights)
    )
    for name, pair in {"to the truth": (truth, one), "to each other": (one, other)}.items():
        apart = ((pair[0] - pair[1]) ** 2).sum(1)
        assert abs(found[name] - apart.mean()) < 5 * apart.std() / len(apart) ** 0.5
    with pytest.raises(ValueError, match="sum to 1"):
        toy.twin_distances(answers, np.ones(5))


@pytest.mark.parametrize("seed", range(3))
def test_the_best_judge_is_best_and_its_value_the_divergence(seed):
    p, q = tables(seed)
    d = toy.best_judge(p, q)
    best = toy.game_value(p, q, d)

    def loss(scores):
        return -toy.game_value(p, q, 1 / (1 + np.exp(-scores.reshape(p.shape))))

    found = optimize.minimize(loss, np.zeros(p.size))
    np.testing.assert_allclose(-found.fun, best, atol=1e-6)
    given = p.sum(axis=0)
    js = [jensenshannon(p[:, k], q[:, k]) ** 2 for k in range(p.shape[1])]  # normalises both
    np.testing.assert_allclose(best, 2 * given @ js - 2 * np.log(2))


def test_perfect_answers_and_impossible_ones():
    p, _ = tables(0)
    np.testing.assert_allclose(toy.game_value(p, p, toy.best_judge(p, p)), -2 * np.log(2))
    sure = np.eye(2) / 2
    assert toy.game_value(sure, sure[::-1], toy.best_judge(sure, sure[::-1])) == 0
    with pytest.raises(ValueError, match="same questions"):
        toy.best_judge(p, p[:, ::-1])
