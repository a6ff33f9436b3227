"""What Row LSTM and Diagonal BiLSTM share: the LSTM step, masks, shortcuts, conditions."""

import pytest
import torch
from torch import nn

from lib.lstm_stack import lstm_step
from tests.lstm_cases import (
    MODELS,
    by_loops,
    check_logits_see_only_the_past,
    check_walk_is_the_network,
    make,
    pictures,
    seeded,
)

STACKS = ("row", "diagonal")


def test_step_is_torchs_lstm_cell():
    cell = nn.LSTMCell(3, 5).double()
    x, h, m = (torch.randn(7, k, dtype=torch.float64, generator=seeded(k)) for k in (3, 5, 5))
    gates = cell.weight_ih @ x.T + cell.weight_hh @ h.T
    gates = gates.T + cell.bias_ih + cell.bias_hh
    for found, wanted in zip(lstm_step(gates, m), cell(x, (h, m)), strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-14)


def test_step_works_on_maps():
    gates, memory = torch.randn(2, 8, 3, 4), torch.randn(2, 2, 3, 4)
    h, m = lstm_step(gates, memory)
    alone, _ = lstm_step(gates[:, :, 1, 2], memory[:, :, 1, 2])
    assert h.shape == m.shape == memory.shape
    torch.testing.assert_close(h[:, :, 1, 2], alone)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("rows", "width"), [(1, 3), (3, 5)])
def test_network_is_the_loop_over_pixels(name, layers, rows, width):
    model = make(name, cells=3, layers=layers, rows=rows, width=width)
    x = pictures(3, (3, 4))
    with torch.no_grad():
        found = model.logits(x).numpy()
    assert abs(found - by_loops(model, x)).max() < 1e-12


@pytest.mark.parametrize("name", STACKS)
def test_condition_reaches_every_layer(name):
    """Each layer's shift alone moves all logits; without a condition there is none to give."""
    x, c = pictures(4, (3, 4)), torch.randn(4, 2, generator=seeded(1))
    for layer in range(2):
        model = make(name, layers=2, c_dim=2)
        with torch.no_grad():
            model.condition[1 - layer].weight.zero_()
        moved = (model.logits(x, c) - model.logits(x, 2 * c)).abs().amax((0, 1))
        assert (moved > 0).all()
        check_logits_see_only_the_past(model)
        check_walk_is_the_network(model)


@pytest.mark.parametrize("name", STACKS)
def test_position_is_told(name):
    """On an empty picture only the map of positions tells two inner columns apart."""
    model = make(name, shape=(1, 9), one_hot=True)
    zeros = torch.zeros(1, 3, 1, 9, dtype=torch.float64)
    told = model.network(zeros)[0, :, 0, :]
    assert (told[:, 4] - told[:, 5]).abs().max() > 1e-6
    with torch.no_grad():
        model.position.zero_()
    if name == "row":
        untold = model.network(zeros)[0, :, 0, :]
        torch.testing.assert_close(untold[:, 4], untold[:, 5])


@pytest.mark.parametrize("name", STACKS)
def test_bad_shapes_are_named(name):
    for shape in ((7,), (3, 4, 4)):
        with pytest.raises(ValueError, match="shape"):
            MODELS[name](shape, 3)
    with pytest.raises(ValueError, match="1 layer or more"):
        MODELS[name]((3, 4), 3, layers=0)


@pytest.mark.parametrize("name", STACKS)
def test_dropout_only_while_training(name):
    model, x = make(name, share=0.5), pictures(4, (3, 4))
    assert torch.equal(model.logits(x), model.logits(x, generator=seeded(1)))
    model.train()
    one, two, again = (model.logits(x, generator=seeded(s)) for s in (1, 2, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, two)
