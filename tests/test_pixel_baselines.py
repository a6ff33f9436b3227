"""Counted models against shares counted by hand, and against the maximum of the likelihood."""

import numpy as np
import pytest
import torch
from scipy import stats

from lib.datasets import load
from lib.grey_levels import histogram_bits, to_levels
from lib.pixel_baselines import (
    CountedModel,
    Histogram,
    MarkovChain,
    PixelHistograms,
    count_well,
)
from lib.pixel_orders import columns
from tests.pixel_cases import seeded

MODELS = {
    "histogram": Histogram,
    "pixels": PixelHistograms,
    "markov": MarkovChain,
    "markov own": lambda *a: MarkovChain(*a, own=True),
}


def pictures(n=200, levels=3, seed=0):
    """Pictures (n, 2, 2) whose pixels follow one another up and down."""
    steps = torch.randint(-1, 2, (n, 4), generator=seeded(seed))
    return steps.cumsum(1).clamp(0, levels - 1).reshape(n, 2, 2)


@pytest.mark.parametrize("name", MODELS)
def test_before_counting_every_model_is_uniform(name):
    assert MODELS[name]((2, 2), 3).bits(pictures()) == pytest.approx(np.log2(3))


def test_one_histogram_by_hand():
    x = torch.tensor([[[0, 0], [0, 2]], [[0, 0], [1, 2]]])
    model = Histogram((2, 2), 3).count(x, 0.5)
    shares = np.array([5.5, 1.5, 2.5]) / 9.5
    np.testing.assert_allclose(model.table.detach().softmax(1)[0], shares, rtol=1e-6)
    want = np.log(shares[[0, 0, 0, 2]]).sum()
    assert model.log_prob(x)[0].item() == pytest.approx(want, rel=1e-5)


def test_a_histogram_for_each_pixel_is_what_the_vae_lesson_counts():
    """The same yardstick as `histogram_bits`, which chapters 2 and 4 use."""
    digits = load("digits")
    x, new = to_levels(digits.train.x), to_levels(digits.test.x)
    model = PixelHistograms((8, 8), 17).count(x, 0.1)
    assert model.bits(new) == pytest.approx(histogram_bits(digits.train.x, digits.test.x), rel=1e-5)


@pytest.mark.parametrize("order", [None, columns((2, 2))])
@pytest.mark.parametrize("own", [False, True])
def test_markov_chain_against_counts_in_a_dictionary(own, order):
    x, pseudo = pictures(60), 0.3
    model = MarkovChain((2, 2), 3, own=own, order=order).count(x, pseudo)
    places = order or [(0, 0), (0, 1), (1, 0), (1, 1)]
    counts = {}
    for picture in x.tolist():
        before = None
        for place in places:
            level = picture[place[0]][place[1]]
            row = counts.setdefault((place if own else None, before), np.full(3, pseudo))
            row[level] += 1
            before = level
    nats, before = 0.0, None
    new = [[2, 1], [1, 0]]
    for place in places:
        level = new[place[0]][place[1]]
        row = counts.get((place if own else None, before), np.full(3, pseudo))
        nats += np.log(row[level] / row.sum())
        before = level
    assert model.log_prob(torch.tensor([new])).item() == pytest.approx(nats, rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_counting_is_the_maximum_of_the_likelihood(name):
    """With hardly any pseudo-count no other table gives the counted pictures more."""
    x = pictures()
    model = MODELS[name]((2, 2), 3).double().count(x, 1e-9)
    best = model.loss(x)["loss"]
    best.backward()
    assert model.table.grad.abs().max() < 1e-8
    for seed in range(3):
        other = MODELS[name]((2, 2), 3).double().count(x, 1e-9)
        with torch.no_grad():
            noise = torch.randn(other.table.shape, generator=seeded(seed), dtype=torch.float64)
            other.table.add_(0.3 * noise)
        assert other.loss(x)["loss"] > best


def test_markov_chain_finds_the_entropy_of_a_chain(rng):
    """Bits of new chains come close to the conditional entropy of the transition table."""
    step = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    start = np.full(3, 1 / 3)

    def draw(n):
        x = np.empty((n, 4), dtype=int)
        x[:, 0] = rng.choice(3, n, p=start)
        for d in range(1, 4):
            for k in range(3):
                here = x[:, d - 1] == k
                x[here, d] = rng.choice(3, here.sum(), p=step[k])
        return torch.tensor(x).reshape(n, 2, 2)

    x, new = draw(6000), draw(6000)
    want, at = stats.entropy(start, base=2), start
    for _ in range(3):
        want += at @ stats.entropy(step, base=2, axis=1)
        at = at @ step
    model = MarkovChain((2, 2), 3).count(x, 0.1)
    assert model.bits(new) == pytest.approx(want / 4, abs=0.02)
    assert PixelHistograms((2, 2), 3).count(x, 0.1).bits(new) > want / 4 + 0.2


def test_best_pseudo_count_is_found_within_the_pictures():
    x = pictures(50)
    model = MarkovChain((2, 2), 3, own=True)
    best = count_well(model, x, candidates=(0.01, 0.3, 100.0))
    part = torch.arange(50) % 5 == 0
    tried = {
        a: MarkovChain((2, 2), 3, own=True).count(x[~part], a).bits(x[part])
        for a in (0.01, 0.3, 100.0)
    }
    assert best == min(tried, key=tried.get)
    again = MarkovChain((2, 2), 3, own=True).count(x, best)  # counted on all of x
    assert torch.equal(model.table, again.table)


def test_bad_counts_are_refused():
    with pytest.raises(ValueError, match="give pseudo > 0, got 0"):
        Histogram((2, 2), 3).count(pictures(), 0)
    with pytest.raises(ValueError, match=r"levels are 0\.\.2"):
        Histogram((2, 2), 3).count(pictures() + 1, 1)
    with pytest.raises(NotImplementedError, match="CountedModel does not say which row"):
        CountedModel((2, 2), 3, rows=1).bits(pictures())
    with pytest.raises(ValueError, match="each place of"):
        MarkovChain((2, 2), 3, order=[(0, 0)])
