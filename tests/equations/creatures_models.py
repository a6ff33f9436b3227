"""Checks of the equations of the lesson on creating creatures."""

import itertools
import math

import numpy as np
import torch
from scipy import optimize

from lib import creature_scores, palette
from lib.creature_lstm import CreatureLSTM
from lib.raster_lstm import RasterLSTM
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(54)


def three_pixels() -> tuple[RasterLSTM, torch.Tensor, torch.Tensor]:
    """A small model of 1 x 3 pictures, all of them, and their probabilities."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = RasterLSTM((1, 3), 4, cells=5, one_hot=True).double()
    every = torch.tensor(list(itertools.product(range(4), repeat=3))).reshape(-1, 1, 3)
    with torch.no_grad():
        return model, every, model.log_prob(every).exp()


@checks("eq-creature-mean", by="a general optimiser on the expected squared error")
def squared_error_is_least_at_the_mean():
    """For random colours and chances, no answer beats the mean colour."""
    random = rng()
    for _ in range(5):
        colours, p = random.uniform(size=(6, 3)), random.dirichlet(np.ones(6))

        def risk(m, colours=colours, p=p):
            return sum(q * np.sum((c - m) ** 2) for q, c in zip(p, colours, strict=True))

        found = optimize.minimize(risk, np.full(3, 0.5), tol=1e-12).x
        np.testing.assert_allclose(found, np.average(colours, axis=0, weights=p), atol=1e-5)


@checks("eq-creature-chroma", by="many random mixtures, and a case of equality")
def a_mixture_is_never_more_coloured():
    """The chroma of a mean is at most the mean of the chromas, with equality for one hue."""
    random = rng()
    for _ in range(300):
        colours, p = random.uniform(size=(5, 3)), random.dirichlet(np.ones(5))
        mixed = float(creature_scores.chroma(p @ colours))
        spread = max(p @ colours) - min(p @ colours)
        assert math.isclose(mixed, spread)
        assert mixed <= sum(q * (max(c) - min(c)) for q, c in zip(p, colours, strict=True)) + 1e-12
    shades = np.outer([0.2, 0.5, 1.0], [0.9, 0.3, 0.1])
    p = np.array([0.2, 0.3, 0.5])
    np.testing.assert_allclose(
        creature_scores.chroma(p @ shades), p @ creature_scores.chroma(shades)
    )


@checks("eq-creature-entropy", by="a general optimiser over all distributions of six colours")
def cross_entropy_is_least_at_the_distribution():
    """The softmax that minimises the expected -log q is p itself, and costs its entropy."""
    random = rng()
    for _ in range(5):
        p = random.dirichlet(np.ones(6)) + 0.01
        p /= p.sum()

        def risk(o, p=p):
            return -p @ (o - np.logaddexp.reduce(o))

        found = optimize.minimize(risk, np.zeros(6), tol=1e-12)
        q = np.exp(found.x - np.logaddexp.reduce(found.x))
        np.testing.assert_allclose(q, p, atol=1e-4)
        assert math.isclose(found.fun, -sum(v * math.log(v) for v in p), rel_tol=1e-6)


@checks("eq-creature-kmeans", by="all ways to sort seven colours into three groups")
def cost_of_a_palette():
    """The best palette is the best partition, each group with its mean as its colour."""
    random = rng()
    points = random.uniform(size=(7, 3))
    costs = []
    for labels in itertools.product(range(3), repeat=7):
        groups = [points[np.array(labels) == j] for j in set(labels)]
        costs.append(sum(((g - g.mean(0)) ** 2).sum() for g in groups))
    runs = [palette.k_means(points, 3, random) for _ in range(60)]
    best = min(runs, key=lambda run: run.costs[-1])
    by_hand = sum(min(np.sum((x - c) ** 2) for c in best.centres) for x in points)
    assert math.isclose(best.costs[-1], by_hand)
    assert math.isclose(by_hand, min(costs), rel_tol=1e-9)


@checks("eq-creature-complete", by="Bayes' rule on all 64 pictures of a small model")
def hidden_given_known():
    """p(hidden | known) = joint / sum over the hidden pixels = the product of the last factors."""
    model, every, p = three_pixels()
    with torch.no_grad():
        steps = model.logits(every).log_softmax(1).gather(1, every[:, None])[:, 0, 0]  # (64, 3)
    for first in range(4):
        rows = every[:, 0, 0] == first
        given = p[rows] / p[rows].sum()
        np.testing.assert_allclose(given, steps[rows, 1:].sum(1).exp(), atol=1e-12)


@checks("eq-creature-temperature", by="counts of drawn pixels, and the two limits")
def temperature_is_a_power():
    """Drawing at temperature T follows p^(1/T), renormalised; T -> 0 takes the most probable."""
    model, every, _ = three_pixels()
    n, known = 20_000, torch.tensor([[True, True, False]])
    start = every[37:38].expand(n, 1, 3)
    with torch.no_grad():
        p = model.logits(every[37:38]).softmax(1)[0, :, 0, 2].numpy()
    for t in (0.5, 1.0, 2.0):
        drawn = model.complete(start, known, generator=torch.Generator().manual_seed(1),
                               temperature=t)  # fmt: skip
        counts = np.bincount(drawn[:, 0, 2], minlength=4)
        expected = n * p ** (1 / t) / np.sum(p ** (1 / t))
        assert np.sum((counts - expected) ** 2 / expected) < 20  # 3 degrees of freedom
    cold = model.complete(start, known, generator=torch.Generator().manual_seed(1),
                          temperature=1e-4)  # fmt: skip
    assert np.all(cold[:, 0, 2].numpy() == p.argmax())


@checks("eq-creature-copy", by="loops over pixels, neighbours and colours, on the network's scores")
def scores_go_to_the_colours_that_stand_there():
    """The logits are those without copying plus, for each pixel read, its score at its colour."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = CreatureLSTM((3, 4), 3, cells=5, code=2).double()
    x = torch.randint(3, (1, 3, 4), generator=torch.Generator().manual_seed(0))
    got: dict[str, torch.Tensor] = {}
    handles = [part.register_forward_hook(lambda _, __, out, k=name: got.update({k: out[0]}))
               for name, part in (("plain", model.last), ("scores", model.copy))]  # fmt: skip
    with torch.no_grad():
        logits = model.logits(x)[0].flatten(1)
    for handle in handles:
        handle.remove()
    for i, places in enumerate(model.table.tolist()):
        for colour in range(3):
            total = got["plain"][i, colour].item()
            for k, j in enumerate(places):
                if j < 12 and x.flatten()[j] == colour:
                    total += got["scores"][i, k].item()
            assert math.isclose(logits[colour, i].item(), total, abs_tol=1e-12)
