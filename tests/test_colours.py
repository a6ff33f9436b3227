"""Coloured pictures: rounding, foreign colours, and what it costs to ignore the own pixel."""

import math

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from lib import colours
from lib.datasets import load
from lib.pixel import PixelModel
from lib.pixelcnn import GatedPixelCNN, PixelCNN
from lib.train import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(kind, shape=(3, 2, 3), levels=2) -> PixelModel:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return kind(shape, levels, channels=12).double().eval()


def test_faces_are_rounded_palette_colours():
    creatures = load("creatures", n=20)
    x = colours.creature_faces(creatures)
    assert x.shape == (20, 3, 10, 10)
    assert x.dtype == torch.long
    rgb = creatures.shared["palette"][creatures.x[:, 5:15, 5:15]]
    assert np.abs(colours.to_rgb(x) - rgb).max() <= 1 / 6 + 1e-6
    np.testing.assert_allclose(np.unique(colours.to_rgb(x)), np.arange(4) / 3, rtol=1e-6)


@pytest.mark.slow
def test_the_painter_uses_28_of_64_colours():
    """The number that the lesson names, for the faces it trains on and for all."""
    faces = colours.creature_faces(load("creatures").train)
    for some in (faces[:1600], faces):
        assert len(torch.unique(some.movedim(1, -1).reshape(-1, 3), dim=0)) == 28


def test_foreign_pixels_are_counted_as_whole_colours():
    """Red, green and blue appear each, but only together as two colours."""
    data = torch.tensor([[1, 0, 2], [0, 3, 2]]).reshape(2, 3, 1, 1)
    x = torch.tensor([[1, 0, 2], [1, 3, 2], [0, 3, 2], [2, 0, 1]]).reshape(4, 3, 1, 1)
    assert colours.foreign_share(x, data) == pytest.approx(0.5)
    assert colours.foreign_share(data, data) == 0
    wide = torch.cat([x[:1], x[1:2]], 3)
    assert colours.foreign_share(wide, data) == pytest.approx(0.5)


@pytest.mark.parametrize("kind", [PixelCNN, GatedPixelCNN])
def test_own_colours_are_forgotten_and_nothing_else(kind):
    plain, blind = build(kind), colours.forget_own_colours(build(kind))
    v = torch.randn(1, 3, 2, 3, generator=seeded(), dtype=torch.float64)
    seen, left = (
        jacobian(lambda v, m=model: m.network(v)[0].abs().sum(0), v)[:, :, :, 0].abs() > 0
        for model in (plain, blind)
    )
    for k, i, j in plain.places:
        own = torch.zeros(3, 2, 3, dtype=torch.bool)
        own[:, i, j] = True
        assert seen[k, i, j][:, i, j].tolist() == [c < k for c in range(3)]
        assert not left[k, i, j][own].any()
        assert torch.equal(left[k, i, j] & ~own, seen[k, i, j] & ~own)


@pytest.mark.parametrize("kind", [PixelCNN, GatedPixelCNN])
def test_forgetful_models_have_independent_colours_and_cached_samples(kind):
    model = colours.forget_own_colours(build(kind, (3, 1, 2)))
    x = torch.cartesian_prod(*[torch.arange(2)] * 6).reshape(-1, 3, 1, 2)
    with torch.no_grad():
        p = model.log_prob(x).exp().reshape(*[2] * 6)  # axes: r1 r2 g1 g2 b1 b2
        first = p.sum((1, 3, 5))
        product = first.sum((1, 2))[:, None, None] * first.sum((0, 2))[:, None]
        torch.testing.assert_close(first, product * first.sum((0, 1)), rtol=0, atol=1e-12)
        walks = zip(model.walk(x), PixelModel.walk(model, x), strict=True)
        for fast, slow in walks:
            torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)


def test_dependence_in_bits():
    """Three copies of one fair coin: 2 bits; all eight colours: none; two of them equal: one."""
    coin = torch.tensor([0, 1])
    assert colours.dependence_bits(torch.stack([coin] * 3, 1)) == pytest.approx(2)
    every = torch.cartesian_prod(coin, coin, coin)
    assert colours.dependence_bits(every) == pytest.approx(0)
    assert colours.dependence_bits(every[every[:, 0] == every[:, 1]]) == pytest.approx(1)


@pytest.mark.slow
def test_price_of_independence_is_the_dependence():
    """One pixel, three colours: trained, the two models differ by the dependence in bits."""
    names = torch.tensor([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]])
    x = names[torch.arange(80) % 4].reshape(-1, 3, 1, 1)
    bits = []
    for change in (lambda m: m, colours.forget_own_colours):
        model = change(build(GatedPixelCNN, (3, 1, 1)).float())
        fit(model, x, epochs=60, batch_size=80, lr=5e-2, generator=seeded(), progress=False)
        bits.append(3 * model.bits(x))
    assert bits[0] == pytest.approx(math.log2(4), abs=0.02)
    assert bits[1] - bits[0] == pytest.approx(colours.dependence_bits(x[:, :, 0, 0]), abs=0.03)
