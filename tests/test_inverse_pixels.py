"""Particles that draw in order, against the enumeration of all tiny pictures."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from lib import inverse_pixels as filters
from lib.inverse_problems import LinearMap, block_means, known_pixels
from lib.pixelcnn import GatedPixelCNN, PixelCNN

LEVELS = 3


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tiny(kind=GatedPixelCNN, shape=(2, 3)):
    torch.manual_seed(0)
    model = kind(shape, LEVELS, channels=8, positions=True).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(1.5)
        model.place.normal_(generator=seeded(1))
    return model


def enumerated(model, a, y):
    """All pictures that answer y, and their probabilities given it."""
    every = itertools.product(range(LEVELS), repeat=int(np.prod(model.shape)))
    x = torch.tensor(list(every)).reshape(-1, *model.shape)
    fits = a.misfit(x.double(), y[None].double()) < 1e-6
    with torch.no_grad():
        return x[fits], model.log_prob(x[fits]).softmax(0).numpy()


def questions():
    last = torch.tensor([[False, False, True], [True, True, False]])
    pairs = torch.tensor([[1.0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]]) / 2
    return {
        "known after hidden": (known_pixels(last), torch.tensor([2.0, 0.0, 1.0])),
        "sums": (LinearMap(pairs, (2, 3)), torch.tensor([1.0, 1.5])),
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", [GatedPixelCNN, PixelCNN])
@pytest.mark.parametrize("name", ["known after hidden", "sums"])
def test_many_particles_draw_from_the_posterior(name, kind):
    model, (a, y) = tiny(kind), questions()[name]
    x, p = enumerated(model, a, y)
    n = 500
    found = filters.pixel_answers(model, a, y.expand(n, -1), particles=60, generator=seeded(2))
    assert a.misfit(found.double(), y.expand(n, -1).double()).max() < 1e-6
    same = (found[:, None] == x).flatten(2).all(2)
    counts = same.sum(0).numpy()
    assert counts.sum() == n
    often = p * n > 5
    seen = np.append(counts[often], counts[~often].sum())
    expected = np.append(p[often], p[~often].sum()) * n
    keep = expected > 0
    assert stats.chisquare(seen[keep], expected[keep]).pvalue > 1e-3


@pytest.mark.slow
def test_one_particle_is_enough_if_the_known_pixels_come_first():
    model, y = tiny(), torch.tensor([0.0, 2.0, 1.0])
    a = known_pixels(torch.tensor([[True] * 3, [False] * 3]))
    x, p = enumerated(model, a, y)
    found = filters.pixel_answers(model, a, y.expand(1000, -1), particles=1, generator=seeded(3))
    counts = (found[:, None] == x).flatten(2).all(2).sum(0).numpy()
    often = p * 1000 > 8
    seen = np.append(counts[often], counts[~often].sum())
    expected = np.append(p[often], p[~often].sum()) * 1000
    assert stats.chisquare(seen, expected).pvalue > 1e-3


@pytest.mark.parametrize("kind", [GatedPixelCNN, PixelCNN])
def test_walks_follow_rows_that_are_picked_anew(kind):
    """The walk that remembers maps, told which rows go on, gives what a whole pass gives."""
    model, g = tiny(kind, (3, 3)), seeded(5)
    x = torch.zeros(6, 3, 3, dtype=torch.long)
    walk, rows = model.walk(x), None
    with torch.no_grad():
        for place in model.places:
            found = walk.send(rows)
            want = model.logits(x)[(slice(None), slice(None), *place)]
            torch.testing.assert_close(found, want)
            x[(slice(None), *place)] = torch.randint(LEVELS, (6,), generator=g)
            rows = torch.randint(6, (6,), generator=g)
            x.copy_(x[rows])


def test_sums_are_read_from_the_map():
    sums = filters.as_sums(block_means((2, 4)))
    assert sums.group == (0, 0, 1, 1, 0, 0, 1, 1)
    assert sums.size == (4, 4)
    assert filters.as_sums(questions()["sums"][0]).group == (0, 1, -1, -1, 0, 1)
    with pytest.raises(ValueError, match="must be a mean"):
        filters.as_sums(LinearMap(torch.tensor([[0.3, 0.7]]), (2,)))
    overlapping = torch.tensor([[0.5, 0.5, 0], [0, 0.5, 0.5]])
    with pytest.raises(ValueError, match="no other row"):
        filters.as_sums(LinearMap(overlapping, (3,)))


def test_possible_levels_by_enumeration():
    for left, after in itertools.product(range(7), range(3)):
        found = filters.possible(torch.tensor([left]), torch.tensor([after]), LEVELS)[0].tolist()
        sums = {sum(rest) for rest in itertools.product(range(LEVELS), repeat=after)}
        assert found == [left - v in sums for v in range(LEVELS)]


def test_particles_are_drawn_anew_by_weight():
    """Poor questions only; in proportion to the weights, which then are equal again."""
    shares = torch.tensor([0.9, 0.05, 0.03, 0.02])
    weights = torch.stack([shares.log(), torch.zeros(4)]).repeat(2000, 1)
    rows = filters.drawn_anew(weights, seeded()).reshape(2000, 2, 4)
    start = 4 * torch.arange(4000).reshape(2000, 2, 1)
    assert (rows[:, 1] - start[:, 1] == torch.arange(4)).all()
    picked = (rows - start)[:, 0].flatten()
    np.testing.assert_allclose(torch.bincount(picked) / len(picked), shares, atol=0.01)
    assert (weights == 0).all()
    assert filters.drawn_anew(torch.zeros(3, 4), seeded()) is None
