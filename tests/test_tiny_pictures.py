"""Lists of all pictures: the field against its definition, the table against sums by hand."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import mutual_info_score

from lib import tiny_pictures as tiny
from lib.pixel_orders import shuffled
from tests.pixel_cases import seeded


def test_all_pictures_are_listed_once():
    x = tiny.all_pictures((2, 2), 3)
    assert x.shape == (81, 2, 2)
    assert len({tuple(v) for v in x.flatten(1).tolist()}) == 81
    assert x[1].flatten().tolist() == [0, 0, 0, 1]
    with pytest.raises(ValueError, match="too many to list"):
        tiny.all_pictures((8, 8), 2)


def test_the_smooth_field_is_a_markov_random_field_of_chapter_one():
    """The same probabilities as the energy of a grid, written with loops."""
    x, p = tiny.all_pictures((2, 3), 3), tiny.smooth_table((2, 3), 3, 0.7)
    pairs = [((i, j), (i, j + 1)) for i in range(2) for j in range(2)]
    pairs += [((0, j), (1, j)) for j in range(3)]
    want = np.array([math.exp(-0.7 * sum(abs(int(v[a]) - int(v[b])) for a, b in pairs)) for v in x])
    np.testing.assert_allclose(p, want / want.sum(), rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_table_in_any_order_is_the_same_distribution(seed):
    rng = np.random.default_rng(seed)
    p = torch.tensor(rng.dirichlet(np.ones(81)))
    model = tiny.TinyTable((2, 2), 3, p, order=shuffled((2, 2), rng))
    torch.testing.assert_close(model.log_prob(tiny.all_pictures((2, 2), 3)).exp(), p)


def test_conditionals_by_hand():
    """p(x2 | x1) of a table over two pixels, drawn from left to right and back."""
    p = torch.tensor([0.1, 0.3, 0.2, 0.4], dtype=torch.float64)  # 00 01 10 11
    x = tiny.all_pictures((1, 2), 2)
    forth = tiny.TinyTable((1, 2), 2, p).logits(x).softmax(1)[:, 1, 0]  # p(pixel = 1 | earlier)
    np.testing.assert_allclose(forth[:, 0].detach(), [0.6] * 4)
    np.testing.assert_allclose(forth[:, 1].detach(), [0.75, 0.75, 2 / 3, 2 / 3])
    back = tiny.TinyTable((1, 2), 2, p, order=[(0, 1), (0, 0)]).logits(x).softmax(1)[:, 1, 0]
    np.testing.assert_allclose(back[:, 1].detach(), [0.7] * 4)
    np.testing.assert_allclose(back[:, 0].detach(), [2 / 3, 4 / 7, 2 / 3, 4 / 7])


def test_sums_add_up_to_the_whole():
    p = tiny.smooth_table((2, 2), 3, 1.0)
    sums = list(tiny.TinyTable((2, 2), 3, p).sums())
    assert [s.dim() for s in sums] == [1, 2, 3, 4]
    for s in sums:
        assert s.exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_mutual_information_against_scikit_learn():
    counts = np.random.default_rng(0).integers(1, 9, size=(3, 9))
    p = torch.tensor(counts / counts.sum()).reshape(3, 3, 3)
    rows, columns = zip(*itertools.product(range(3), range(9)), strict=True)
    repeat = counts.ravel()
    want = mutual_info_score(np.repeat(rows, repeat), np.repeat(columns, repeat))
    assert tiny.mutual_information(p, 1) == pytest.approx(want)
    swapped = p.movedim(0, 2)
    assert tiny.mutual_information(swapped, 2) == pytest.approx(want)
    independent = torch.outer(torch.tensor([0.3, 0.7]), torch.tensor([0.2, 0.8]))
    assert abs(tiny.mutual_information(independent, 1)) < 1e-7


def test_pictures_are_counted_in_the_order_of_the_list():
    x = tiny.all_pictures((2, 2), 3)
    times = torch.arange(81) % 4
    seen = tiny.count_pictures(x.repeat_interleave(times, 0), 3)
    assert torch.equal(seen, times)


def test_chance_is_scipys_and_notices_a_wrong_table():
    p = torch.tensor([0.5, 0.3, 0.199, 0.001])
    seen = torch.tensor([480, 330, 188, 2])
    pooled = stats.chisquare([480, 330, 188, 2], [500, 300, 199, 1]).pvalue
    assert tiny.chance(seen, p) == pytest.approx(pooled, rel=1e-3)
    two_rare = torch.tensor([0.5, 0.498, 0.001, 0.001])
    seen = torch.tensor([490, 505, 3, 2])
    pooled = stats.chisquare([490, 505, 5], [500, 498, 2]).pvalue
    assert tiny.chance(seen, two_rare) == pytest.approx(pooled, rel=1e-3)
    table = tiny.smooth_table((2, 2), 3, 1.0)
    model = tiny.TinyTable((2, 2), 3, table)
    seen = tiny.count_pictures(model.sample(5000, generator=seeded(1)), 3)
    assert tiny.chance(seen, table) > 1e-3
    assert tiny.chance(seen, tiny.smooth_table((2, 2), 3, 1.2)) < 1e-6


def test_a_bad_table_is_refused():
    for wrong in (torch.ones(80) / 80, torch.zeros(81)):
        with pytest.raises(ValueError, match="81 positive numbers"):
            tiny.TinyTable((2, 2), 3, wrong)
