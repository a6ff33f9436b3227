"""The linear belief network against a regression for each pixel, and against its own plain walk."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from lib.fvbn import LinearFVBN
from lib.pixel import PixelModel
from lib.pixel_orders import raster, shuffled, upwards
from lib.train import fit
from tests.pixel_cases import numbers, seeded, shaken


def pictures(n=300, levels=3):
    """Pictures (n, 2, 3) in which each pixel tends to repeat one of the others."""
    generator = seeded(1)
    x = torch.randint(levels, (n, 6), generator=generator)
    for d in (1, 2, 4, 5):
        same = torch.rand(n, generator=generator) < 0.6
        x[same, d] = x[same, d - 1]
    return x.reshape(n, 2, 3)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("order", [None, upwards((2, 3))])
def test_logits_by_hand(one_hot, order):
    """o_il = b_il + the sum over earlier j of w_ilj v_j, written as loops."""
    model = shaken(LinearFVBN((2, 3), 3, order=order, one_hot=one_hot))
    x = pictures(4)
    rank = {d: k for k, d in enumerate(numbers(model))}
    weight = model.weight.detach().reshape(3, 6, -1, 6)  # level, pixel, part, pixel read
    v = model.encode(x).reshape(4, -1, 6)
    want = torch.zeros(4, 3, 6, dtype=torch.float64)
    for d in range(6):
        for level in range(3):
            total = model.bias.detach()[level * 6 + d].expand(4).clone()
            for j in range(6):
                if rank[j] < rank[d]:
                    total += (weight[level, d, :, j] * v[:, :, j]).sum(1)
            want[:, level, d] = total
    torch.testing.assert_close(model.logits(x).flatten(2).detach(), want)


def test_the_mask_is_strictly_triangular_in_its_order(rng):
    for order in (raster((2, 3)), shuffled((2, 3), rng)):
        model = LinearFVBN((2, 3), 3, order=order)
        in_order = model.mask[:6][numbers(model)][:, numbers(model)]
        assert torch.equal(in_order, torch.ones(6, 6).tril(-1))


def test_training_finds_the_regression_of_each_pixel():
    """With two levels and without penalty: scikit-learn's logistic regression, pixel by pixel."""
    x = pictures(400, levels=2)
    model = LinearFVBN((2, 3), 2)
    fit(model, x, epochs=400, batch_size=400, lr=5e-2, generator=seeded(), progress=False)
    flat, v = x.flatten(1).numpy(), (2.0 * x - 1).flatten(1).numpy()
    nats = 0.0
    for d in range(6):
        y = flat[:, d]
        if d == 0:
            share = y.mean()
            nats -= np.log(np.where(y == 1, share, 1 - share)).mean()
            continue
        peer = LogisticRegression(C=np.inf, tol=1e-8).fit(v[:, :d], y)
        nats -= np.log(peer.predict_proba(v[:, :d])[np.arange(400), y]).mean()
    assert model.loss(x)["loss"].item() == pytest.approx(nats, abs=2e-4)


def test_the_penalty_is_half_the_squared_weights_that_are_used():
    plain, pulled = (shaken(LinearFVBN((2, 3), 3, penalty=a)) for a in (0.0, 0.2))
    x = pictures(20)
    used = (plain.weight * plain.mask).square().sum().item()
    gap = (pulled.loss(x)["loss"] - plain.loss(x)["loss"]).item()
    assert gap == pytest.approx(0.2 * used / 2)
    assert pulled.loss(x)["bits"].item() == pytest.approx(plain.bits(x))


def test_a_penalty_makes_weights_smaller():
    x, sizes = pictures(), []
    for penalty in (0.0, 0.1):
        model = LinearFVBN((2, 3), 3, penalty=penalty)
        fit(model, x, epochs=40, batch_size=100, lr=5e-2, generator=seeded(), progress=False)
        sizes.append((model.weight * model.mask).square().sum().item())
    assert sizes[1] < 0.7 * sizes[0]


def test_before_training_it_knows_nothing():
    assert LinearFVBN((2, 3), 3).bits(pictures()) == pytest.approx(math.log2(3))


def test_walk_computes_each_place_alone():
    model, x = shaken(LinearFVBN((2, 3), 3, order=upwards((2, 3)))), pictures(5)
    for own, plain in zip(model.walk(x), PixelModel.walk(model, x), strict=True):
        torch.testing.assert_close(own, plain, atol=1e-12, rtol=0)


def test_an_order_that_misses_a_place_is_refused():
    with pytest.raises(ValueError, match=r"each place of \(2, 3\) once"):
        LinearFVBN((2, 3), 3, order=[(0, 0)] * 6)
