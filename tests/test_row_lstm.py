"""The Row LSTM: its triangle, its exactness, and sampling pixel by pixel."""

import pytest
import torch

from lib.causality import receptive_field
from tests.lstm_cases import (
    check_all_pictures_sum_to_one,
    check_future_changes_nothing,
    check_logits_see_only_the_past,
    check_samples_follow_the_enumeration,
    check_walk_is_the_network,
    make,
    seeded,
)

WAYS = [{}, {"layers": 2}, {"layers": 3, "one_hot": True}, {"rows": 3, "width": 5, "layers": 2}]


def triangle(row: int, column: int, height: int, width: int) -> torch.Tensor:
    """What one layer reads: m rows up, from m + 1 columns left to m - 1 columns right.

    The last pixel of a row is read by nobody: it would be the left neighbour of a state outside.
    """
    seen = torch.zeros(height, width, dtype=torch.bool)
    for m in range(row + 1):
        seen[row - m, max(column - m - 1, 0) : max(min(column + m, width - 1), 0)] = True
    return seen


@pytest.mark.parametrize("place", [(5, 4), (5, 0), (5, 8), (2, 4), (0, 3)])
def test_one_layer_sees_its_triangle_and_no_more(place):
    model = make("row", shape=(6, 9), cells=16)
    seen = receptive_field(model, place, seeded(1))
    assert torch.equal(seen, triangle(*place, 6, 9))


def test_more_layers_widen_it_to_the_left_only():
    """Mask B reads a pixel further left in each layer; the right edge stays."""
    fields = [
        receptive_field(make("row", shape=(6, 9), cells=16, layers=k), (4, 4), seeded(1))
        for k in (1, 2, 3)
    ]
    for k, seen in enumerate(fields):
        for m in range(5):
            columns = seen[4 - m].nonzero()[:, 0].tolist()
            assert columns == list(range(max(3 - m - k, 0), min(4 + m, 8)))


def test_taller_first_layer_widens_it_to_both_sides():
    seen = receptive_field(make("row", shape=(6, 9), rows=2, width=5), (4, 4), seeded(1))
    assert seen[3].nonzero()[:, 0].tolist() == list(range(1, 7))
    assert seen[4].nonzero()[:, 0].tolist() == [2, 3]


@pytest.mark.parametrize("way", WAYS)
def test_only_the_past_is_seen(way):
    check_logits_see_only_the_past(make("row", **way))
    check_future_changes_nothing(make("row", **way))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 4), (4, 1)])
def test_walk_is_the_network(way, shape):
    check_walk_is_the_network(make("row", shape=shape, **way))
    check_walk_is_the_network(make("row", shape=shape, c_dim=2, **way))


@pytest.mark.parametrize("way", WAYS)
def test_tiny_pictures_sum_to_one(way):
    check_all_pictures_sum_to_one(make("row", shape=(3, 2), **way))
    check_all_pictures_sum_to_one(make("row", shape=(2, 3), **way))


def test_samples_follow_the_enumerated_distribution():
    check_samples_follow_the_enumeration(make("row", shape=(2, 2)).float())


def test_steps_are_the_rows():
    """The state is carried once a row in training, whatever the width."""
    for shape in ((3, 7), (7, 3)):
        model, calls = make("row", shape=shape), []
        model.layers[0].carry.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        model.network(torch.zeros(1, 1, *shape, dtype=torch.float64))
        assert len(calls) == shape[0]
