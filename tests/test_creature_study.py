"""Helpers of the lesson on creatures: by hand, and against the functions they gather."""

import numpy as np
import pytest
import torch

from lib import creature_scores, creature_study
from lib.colour_lstm import NamedColours
from lib.creature_lstm import CreatureLSTM
from lib.datasets import load


@pytest.fixture(scope="module")
def small():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CreatureLSTM((4, 5), 3, cells=4, code=2).eval()
    return model, torch.randint(3, (2, 4, 5), generator=torch.Generator().manual_seed(1))


def test_upper_rows():
    assert creature_study.upper((3, 2), 1).tolist() == [[True, True], [False] * 2, [False] * 2]
    assert not creature_study.upper((3, 2), 0).any()


def test_completions_keep_what_is_given_and_differ_below(small):
    model, x = small
    found = creature_study.finished_by_rows(model, x, (0, 2, 4), 3)
    assert {k: v.shape for k, v in found.items()} == dict.fromkeys((0, 2, 4), (3, 2, 4, 5))
    assert np.array_equal(found[4], np.stack([x] * 3))
    assert all(np.array_equal(one[:, :2], x[:, :2]) for one in found[2])
    assert not np.array_equal(found[2][0], found[2][1])
    again = creature_study.finished_by_rows(model, x, (2,), 3)
    assert np.array_equal(again[2], found[2])


def test_share_that_differs_grows_with_the_temperature(small):
    model, x = small
    x = x.repeat(40, 1, 1)
    cold, warm, hot = (creature_study.share_that_differs(model, x, 2, t) for t in (1e-4, 0.3, 50.0))
    assert cold == 0
    assert 0 < warm < hot
    assert hot == pytest.approx(2 / 3, abs=0.07)  # two even draws from three colours


def test_scores_are_gathered_in_order(rng):
    data = load("creatures", n=240)
    train, new = data.train.x, data.test.x
    noise = new.copy()
    noise[:, 10:] = rng.permuted(new[:, 10:], axis=1)
    got = creature_study.half_scores(torch.tensor(noise), new, train, 10)
    assert got[0] == creature_scores.known_colours(noise, 10)
    assert got[1] == creature_scores.mirror_share(noise, 10)
    assert got[2] == creature_scores.familiar_share(noise, train, 10).mean()
    assert got[3:] == [1, 1]
    same = creature_study.half_scores(torch.tensor(new), new, train, 10)
    assert same[3:] == [0.5, 0.5]


def test_colour_scores_by_hand():
    palette = np.array([[0, 0, 0], [1, 0, 0]])
    assert creature_study.colour_scores(palette[[0, 1]], palette) == (0.5, 0)
    assert creature_study.colour_scores(np.array([[0.5, 0, 0]]), palette) == (0.5, 0.5)


def test_swept_codes_are_in_reading_order():
    codes = creature_study.swept_codes(torch.tensor([5.0, 6, 7]), (2, 0), (-1, 1))
    assert codes.tolist() == [[1, 6, -1], [1, 6, 1], [-1, 6, -1], [-1, 6, 1]]


def test_the_perfect_regression_is_greyer_than_the_names():
    palette = np.array([[1.0, 1.0, 1.0], [0.9, 0.1, 0.2], [0.1, 0.8, 0.3]], np.float32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        named = NamedColours((4, 5), palette, cells=4).eval()
    x = torch.randint(3, (6, 4, 5), generator=torch.Generator().manual_seed(1))

    def perfect(colours):
        assert torch.equal(colours, named.palette[x])
        return named.logits(x).softmax(1).movedim(1, -1) @ named.palette

    grey, vivid = creature_study.chroma_given_the_truth(perfect, named, x, 2)
    p = named.logits(x).softmax(1).detach().numpy()
    below = [(n, i, j) for n, i, j in np.ndindex(6, 4, 5) if i >= 2 and x[n, i, j] > 0]
    chroma = palette.max(1) - palette.min(1)
    by_hand = np.mean([sum(p[n, k, i, j] * chroma[k] for k in range(3)) for n, i, j in below])
    assert vivid == pytest.approx(by_hand, rel=1e-5)
    assert 0 < grey < 0.9 * vivid
    with torch.no_grad():
        named.last.bias.copy_(torch.tensor([0.0, 90.0, 0.0]))  # sure: the mean is the colour
    assert creature_study.chroma_given_the_truth(perfect, named, x, 2) == pytest.approx((0.8, 0.8))
