"""Painting for a detective: on known scores the answer is known."""

import pytest
import torch

from lib.fooling import fool


def start(n=4):
    return torch.rand(n, 3, 3, generator=torch.Generator().manual_seed(0)) - 0.5


def test_a_straight_score_is_climbed_by_the_step_and_ends_at_the_walls():
    weights = torch.linspace(-1, 1, 9).reshape(3, 3)

    def score(x):
        return (x * weights).sum((1, 2))

    x = start()
    once = fool(score, x, steps=1, rate=0.1)
    torch.testing.assert_close(once, x + 0.1 * weights)
    ends = fool(score, x, steps=500, rate=0.1)
    kept = weights != 0
    torch.testing.assert_close(ends[:, kept], weights.sign()[kept].expand(4, -1))


def test_it_finds_the_top_of_a_hill_for_each_picture_alone():
    top = torch.full((3, 3), 0.25)

    def score(x):
        return -(x - top).square().sum((1, 2))

    x = start()
    found = fool(score, x, steps=300, rate=0.005)
    assert (found - top).abs().max() < 0.02
    alone = fool(score, x[:1], steps=7)
    torch.testing.assert_close(fool(score, x, steps=7)[:1], alone)


def test_nothing_else_moves():
    net = torch.nn.Linear(9, 1)
    before, x = net.weight.detach().clone(), start()
    kept = x.clone()
    fool(lambda v: net(v.flatten(1)), x, steps=3)
    assert torch.equal(net.weight, before)
    assert net.weight.grad is None
    assert torch.equal(x, kept)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        fool(lambda x: x.sum((1, 2)), start() + 2)
    with pytest.raises(ValueError, match="above zero"):
        fool(lambda x: x.sum((1, 2)), start(), steps=0)
