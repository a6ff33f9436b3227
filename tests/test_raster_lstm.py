"""The raster LSTM against torch's cell in a loop, enumeration, and what may be seen."""

import pytest
import torch
from torch import nn

from lib.causality import dependence
from lib.pixel import PixelModel
from lib.raster_lstm import RasterLSTM, earlier_neighbours
from tests.lstm_cases import (
    check_all_pictures_sum_to_one,
    check_future_changes_nothing,
    check_logits_see_only_the_past,
    check_samples_follow_the_enumeration,
    check_walk_is_the_network,
    make,
    pictures,
    seeded,
)

WAYS = [
    {},
    {"reach": 0},
    {"reach": 2, "one_hot": True},
    {"position": "learned"},
    {"reach": 0, "position": "none", "one_hot": True},
]


def loop(model: RasterLSTM, x: torch.Tensor, c: torch.Tensor | None, reach: int) -> torch.Tensor:
    """The same network with torch's LSTMCell, and the picture read by hand."""
    lstm, (height, width) = model.lstm, model.shape
    cell = nn.LSTMCell(lstm.input_size, lstm.hidden_size).double()
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in lstm.state_dict().items()})
    v, state, out = model.encode(x), None, []
    nothing = torch.zeros(len(x), v.shape[1], dtype=v.dtype)
    for d in range(height * width):
        i, j = divmod(d, width)
        window = [(i + a, j + b) for a in range(-reach, 1) for b in range(-reach, reach + 1)]
        near = [p for p in window if p[0] < i or p[1] < j - 1]
        inside = [0 <= a < height and 0 <= b < width for a, b in near]
        parts = [v[:, :, a, b] if ok else nothing for (a, b), ok in zip(near, inside, strict=True)]
        parts.append(v[:, :, (d - 1) // width, (d - 1) % width] if d else nothing)
        place = torch.zeros(len(x), height + width, dtype=v.dtype)
        place[:, i], place[:, height + j] = 1, 1
        parts += [] if model.tell is None else [model.tell(place)]
        parts += [] if c is None else [c.double()]
        state = cell(torch.cat(parts, 1), state)
        out.append(model.last(state[0]))
    return torch.stack(out, 2).unflatten(2, (height, width))


@pytest.mark.parametrize("way", WAYS)
def test_network_is_a_loop_of_torchs_cell(way):
    model, x = make("raster", c_dim=2, **way), pictures(4, (3, 4))
    c = torch.randn(4, 2, generator=seeded(1))
    wanted = loop(model, x, c, way.get("reach", 1))
    torch.testing.assert_close(model.logits(x, c), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(3, 4), (6,), (1, 4), (4, 1)])
def test_walk_keeps_the_state_and_is_the_network(way, shape):
    check_walk_is_the_network(make("raster", shape=shape, c_dim=2, **way))


@pytest.mark.parametrize("way", WAYS)
def test_only_the_past_is_seen(way):
    for shape in ((3, 4), (6,)):
        model = make("raster", shape=shape, **way)
        check_logits_see_only_the_past(model)
        check_future_changes_nothing(model)


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_state_carries_the_whole_past(reach):
    """Whatever is read at a step, every earlier pixel has a non-zero gradient."""
    seen = dependence(make("raster", reach=reach), seeded(1)) > 0
    assert torch.equal(seen, torch.ones_like(seen).tril(-1))


@pytest.mark.parametrize("way", WAYS)
def test_tiny_pictures_sum_to_one(way):
    check_all_pictures_sum_to_one(make("raster", shape=(2, 3), levels=3, **way))
    check_all_pictures_sum_to_one(make("raster", shape=(5,), levels=4, **way))


def test_samples_follow_the_enumerated_distribution():
    check_samples_follow_the_enumeration(make("raster", shape=(2, 2), levels=3).float())


def test_neighbours_of_a_small_picture():
    """Two rows of three, reach 1: upper left, above, upper right, previous; 6 is nothing."""
    wanted = [[6, 6, 6, 6], [6, 6, 6, 0], [6, 6, 6, 1], [6, 0, 1, 2], [0, 1, 2, 3], [1, 2, 6, 4]]
    assert earlier_neighbours((2, 3), 1).tolist() == wanted
    assert earlier_neighbours((2, 3), 0).tolist() == [[6], [0], [1], [2], [3], [4]]
    assert earlier_neighbours((4,), 2).shape == (4, 12)


@pytest.mark.parametrize("reach", [0, 1, 2, 5])
def test_neighbours_come_earlier(reach):
    table = earlier_neighbours((4, 5), reach)
    steps = torch.arange(20)[:, None].expand_as(table)
    assert ((table < steps) | (table == 20)).all()
    assert table[1:, -1].tolist() == list(range(19))
    if reach >= 5:
        assert all(len(row[row < 20].unique()) == d for d, row in enumerate(table))


def test_weights_of_the_lectures_creature_lstm():
    """512 cells, one colour of 47 read at a time: the count is that of an LSTM layer and a head."""
    model = RasterLSTM((20, 20), 47, cells=512, reach=0, position="none", one_hot=True)
    counted = sum(p.numel() for p in model.parameters())
    assert counted == 4 * 512 * (47 + 512 + 2) + 512 * 47 + 47


def test_faster_walk_is_the_one_that_sampling_uses():
    """As many LSTM steps as pixels, not as many passes."""
    model, steps = make("raster"), []
    model.lstm.register_forward_pre_hook(lambda _, given: steps.append(given[0].shape[1]))
    drawn = model.sample(2, generator=seeded())
    assert steps == [1] * 12
    steps.clear()
    plain = list(PixelModel.walk(model, drawn))
    assert steps == [12] * len(plain)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="position is"):
        RasterLSTM((3, 3), 2, position="both")
    with pytest.raises(ValueError, match="reach >= 0"):
        RasterLSTM((3, 3), 2, reach=-1)
    with pytest.raises(ValueError, match="shape"):
        RasterLSTM((3, 4, 4), 2)
