"""Scores of creatures: by hand on tiny pictures, and on originals, copies and nonsense."""

import numpy as np
import pytest

from lib import creature_scores as scores
from lib.datasets import load


@pytest.fixture(scope="module")
def creatures():
    data = load("creatures", n=600)
    return data.train.x, data.test.x


def test_chroma_by_hand():
    rgb = [[0.2, 0.2, 0.2], [1, 0, 0], [0.5, 0.9, 0.8]]
    np.testing.assert_allclose(scores.chroma(rgb), [0, 1, 0.4])


def test_off_palette_is_the_least_distance(rng):
    rgb, palette = rng.uniform(size=(4, 5, 3)), rng.uniform(size=(6, 3))
    brute = np.linalg.norm(rgb[:, :, None] - palette, axis=-1).min(-1)
    np.testing.assert_allclose(scores.off_palette(rgb, palette), brute)
    np.testing.assert_allclose(scores.off_palette(palette[None], palette), 0, atol=1e-12)


def test_known_colours_by_hand():
    x = np.array([[[0, 0, 1], [0, 2, 0], [1, 1, 3], [0, 0, 0]]])
    assert scores.background_of(x) == 0
    assert scores.known_colours(x, 2) == pytest.approx(2 / 3)  # 1, 1 are known, 3 is new
    assert scores.known_colours(x, 1) == pytest.approx(2 / 4)  # of 2, 1, 1, 3


def test_mirror_share_by_hand():
    x = np.array([[[0, 0, 0, 0], [5, 0, 0, 5], [5, 6, 0, 0], [0, 0, 0, 0]]])
    assert scores.mirror_share(x, 1) == pytest.approx(2 / 4)
    assert scores.mirror_share(x, 0) == scores.mirror_share(x, 1)
    assert scores.mirror_share(np.where(x[:, :2], x[:, :2], 0), 0) == 1


def test_patches_are_the_pieces(rng):
    x = rng.integers(9, size=(2, 5, 6))
    pieces = scores.patches(x, 3)
    assert pieces.shape == (2, 3, 4, 9)
    np.testing.assert_array_equal(pieces[1, 2, 1], x[1, 2:5, 1:4].ravel())


def test_familiar_share_by_hand():
    data = np.array([[[0, 0, 0], [0, 1, 2], [0, 0, 0], [0, 0, 0]]])
    x = np.array([[[0, 0, 0], [0, 1, 2], [0, 3, 0], [0, 0, 0]]])
    # below row 2, with the row above: pieces (0 1 / 0 3), (1 2 / 3 0), (0 3 / 0 0), (3 0 / 0 0)
    assert scores.familiar_share(x, data, 2) == pytest.approx([0.0])
    assert scores.familiar_share(data, data, 0) == pytest.approx([1.0])
    assert scores.familiar_share(x, data, 0) == pytest.approx([2 / 6])
    np.testing.assert_array_equal(scores.familiar_share(0 * x, data, 0), [0])  # no figure at all


def test_originals_are_more_familiar_than_shuffled_ones(creatures, rng):
    train, new = creatures
    real = scores.familiar_share(new, train, 10).mean()
    shuffled = rng.permuted(new.reshape(len(new), -1), axis=1).reshape(new.shape)
    assert real > 0.9
    assert scores.familiar_share(shuffled, train, 10).mean() < 0.5 * real


def test_nearest_difference_counts_pixels(creatures):
    train, new = creatures
    copy = train[[7, 3]].copy()
    copy[0, 4, :3] = (copy[0, 4, :3] + 1) % 47
    np.testing.assert_array_equal(scores.nearest_difference(copy, train), [3, 0])
    brute = [min((one != other).sum() for other in train) for one in new[:5]]
    np.testing.assert_array_equal(scores.nearest_difference(new[:5], train), brute)


@pytest.mark.parametrize("closely", [True, False])
def test_the_judge_guesses_between_equals_and_finds_nonsense(creatures, rng, closely):
    train, new = creatures
    noise = new.copy()
    noise[:, 10:] = rng.permuted(new[:, 10:], axis=1)
    assert scores.judge(new, noise, train, 10, rng, closely=closely) > 0.9
    half = train[rng.permutation(len(train))[:300]].reshape(2, 150, 20, 20)
    assert 0.3 < scores.judge(*half, train, 10, rng, closely=closely) < 0.7


def test_the_judge_who_looks_closely_sees_a_wrong_colour_inside(creatures, rng):
    """Every tenth figure pixel of the lower half gets a colour of the upper half: same outline."""
    train, new = creatures
    spoiled = new.copy()
    for one in spoiled:
        figure = np.argwhere(one[10:] > 0)
        rows, columns = figure[rng.permutation(len(figure))[: len(figure) // 10]].T
        one[rows + 10, columns] = rng.choice(one[:10][one[:10] > 0], len(rows))
    close, glance = (scores.judge(new, spoiled, train, 10, rng, closely=c) for c in (True, False))
    assert close > 0.9
    assert glance < 0.8


def test_bad_input_is_refused(creatures, rng):
    train, new = creatures
    with pytest.raises(ValueError, match="four pairs or more"):
        scores.judge(new[:3], new[:3], train, 10, rng)
    with pytest.raises(ValueError, match=r"rows are 0\.\.19"):
        scores.familiar_share(new, train, 20)
    with pytest.raises(ValueError, match="whole numbers"):
        scores.known_colours(new / 2, 10)
