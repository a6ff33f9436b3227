"""The toy of the coins: its entropy, the hand-set cell, its gates, and fading gradients."""

import math

import pytest
import torch
from torch import nn

from lib.memory_toy import fading, first_is_last, gates, hand_set
from lib.tiny_pictures import all_pictures


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_coins_are_fair_and_the_last_repeats_the_first():
    x = first_is_last(4000, 5, seeded())
    assert torch.equal(x[:, 0], x[:, -1])
    share = x[:, :-1].double().mean(0)
    assert (share - 0.5).abs().max() < 5 * math.sqrt(0.25 / 4000)
    both = (2 * x[:, 0] + x[:, 1]).bincount(minlength=4)
    assert both.min() > 800
    with pytest.raises(ValueError, match="two steps or more"):
        first_is_last(3, 1, seeded())


@pytest.mark.parametrize("steps", [2, 5, 9])
def test_hand_set_cell_is_the_true_distribution(steps):
    """2^-(T-1) for sequences whose last coin is the first, nothing for the others."""
    x = all_pictures((steps,), 2)
    p = hand_set(steps).double().log_prob(x).exp()
    fits = x[:, 0] == x[:, -1]
    torch.testing.assert_close(
        p[fits], torch.full_like(p[fits], 0.5 ** (steps - 1)), rtol=1e-3, atol=0
    )
    assert p[~fits].sum() < 1e-4
    assert abs(p.sum() - 1) < 1e-12


def test_gates_are_those_that_the_model_uses():
    """The state of the table, sent through the last layer, gives the model's logits."""
    model, x = hand_set(6), first_is_last(1, 6, seeded(2))
    rows = gates(model, x)
    with torch.no_grad():
        told = model.last(rows["state"][:, None])
        torch.testing.assert_close(told.T, model.logits(x)[0])
    torch.testing.assert_close(rows["state"], rows["show"] * rows["memory"].tanh())
    coin = 2 * x[0, 0].item() - 1
    assert rows["write"].round().tolist() == [0, 1, 0, 0, 0, 0]
    assert rows["show"].round().tolist() == [0, 0, 0, 0, 0, 1]
    assert rows["memory"].round().tolist() == [0] + [coin] * 5


def test_fading_is_the_gradient_of_the_last_state():
    """A linear reader by hand: one tanh cell without input noise, whose slopes are known."""
    net = nn.RNN(1, 1, batch_first=True)
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
        net.weight_ih_l0.fill_(1e-4)
        net.weight_hh_l0.fill_(0.5)
    left = fading(net, 6, seeded())
    torch.testing.assert_close(left / left[-1], 0.5 ** torch.arange(5.0, -1, -1), rtol=1e-3, atol=0)
