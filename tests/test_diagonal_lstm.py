"""The Diagonal BiLSTM: skewing, the whole past, the shift that hides the future, sampling."""

import pytest
import torch

from lib import diagonal_lstm
from lib.diagonal_lstm import DiagonalBiLSTM, DiagonalLayer, shift_down, skew, unskew
from tests.lstm_cases import (
    check_all_pictures_sum_to_one,
    check_future_changes_nothing,
    check_logits_see_only_the_past,
    check_samples_follow_the_enumeration,
    check_walk_is_the_network,
    dependence,
    make,
    seeded,
)

WAYS = [{}, {"layers": 2}, {"layers": 3, "one_hot": True}, {"rows": 3, "width": 5, "layers": 2}]


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 5), (5, 1), (6, 6)])
def test_skew_puts_pixel_i_j_into_column_i_plus_j(shape):
    v = torch.randn(2, 3, *shape, generator=seeded())
    wide = skew(v)
    height, width = shape
    assert wide.shape == (2, 3, height, height + width - 1)
    wanted = torch.zeros_like(wide)
    for i in range(height):
        for j in range(width):
            wanted[..., i, i + j] = v[..., i, j]
    assert torch.equal(wide, wanted)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 5), (5, 1), (6, 6)])
def test_unskew_is_the_inverse(shape):
    v = torch.randn(2, 3, *shape, generator=seeded())
    assert torch.equal(unskew(skew(v)), v)
    noisy = skew(v) + (skew(torch.ones_like(v)) == 0)  # what stands outside is dropped
    assert torch.equal(unskew(noisy), v)


def test_shift_down_moves_one_row():
    v = torch.randn(2, 3, 4, 5, generator=seeded())
    moved = shift_down(v)
    assert torch.equal(moved[:, :, 1:], v[:, :, :-1])
    assert not moved[:, :, 0].any()


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 6), (6, 1), (5, 5)])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_earlier_pixel_is_seen(shape, layers):
    """Non-zero gradient exactly below the diagonal."""
    seen = dependence(make("diagonal", shape=shape, layers=layers), seeded(1), draws=4) > 0
    assert torch.equal(seen, torch.ones_like(seen).tril(-1))


@pytest.mark.parametrize("way", WAYS)
def test_only_the_past_is_seen(way):
    check_logits_see_only_the_past(make("diagonal", **way))
    check_future_changes_nothing(make("diagonal", **way))


def test_without_the_shift_the_future_is_seen(monkeypatch):
    """Not for nothing: the stream from the right has read the pixel and all to the right of it."""
    monkeypatch.setattr(diagonal_lstm, "shift_down", lambda v: v)
    seen = dependence(make("diagonal"), seeded(1), draws=4)
    assert seen.triu().any()
    assert seen[0, :4].all()
    assert not seen[0, 4:].any()  # rows below stay hidden even then


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 4), (4, 1)])
def test_walk_is_the_network(way, shape):
    check_walk_is_the_network(make("diagonal", shape=shape, **way))
    check_walk_is_the_network(make("diagonal", shape=shape, c_dim=2, **way))


@pytest.mark.parametrize("way", WAYS)
def test_tiny_pictures_sum_to_one(way):
    check_all_pictures_sum_to_one(make("diagonal", shape=(3, 2), **way))
    check_all_pictures_sum_to_one(make("diagonal", shape=(2, 3), **way))


def test_samples_follow_the_enumerated_distribution():
    check_samples_follow_the_enumeration(make("diagonal", shape=(2, 2)).float())


def test_steps_are_the_diagonals():
    for shape in ((3, 7), (7, 3)):
        model, calls = make("diagonal", shape=shape), []
        model.layers[0].left.carry.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        model.network(torch.zeros(1, 1, *shape, dtype=torch.float64))
        assert len(calls) == shape[0] + shape[1] - 1


def test_nothing_comes_in_from_outside_the_picture():
    """States left of the first column are zero, though biases are not."""
    layer = DiagonalLayer(1, 4, "A", rows=1, width=3).double()
    gates = torch.randn(2, 16, 3, 4, dtype=torch.float64, generator=seeded())
    state = layer.left(gates)
    alone = layer.left(gates[:, :, :1, :1])
    torch.testing.assert_close(state[:, :, :1, :1], alone)
    first_column = layer.left(gates[:, :, :, :1])
    torch.testing.assert_close(state[:, :, :, :1], first_column)


def test_later_layers_read_one_place():
    model = DiagonalBiLSTM((3, 4), 3, layers=2, rows=3, width=5)
    sizes = [layer.read_left.kernel_size for layer in model.layers]
    assert sizes == [(3, 5), (1, 1)]
