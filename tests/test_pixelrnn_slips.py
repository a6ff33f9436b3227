"""The slips do what the lesson says they do."""

import torch

from lib.causality import dependence, is_causal
from lib.pixelrnn_slips import UnshiftedBiLSTM, one_wrong_pixel
from lib.tiny_pictures import all_pictures
from tests.lstm_cases import make, pictures, restless, seeded


def test_unshifted_stream_sees_the_own_row_and_nothing_below():
    model = restless(UnshiftedBiLSTM((3, 4), 3, cells=12))
    assert not is_causal(model, seeded())
    seen = dependence(model, seeded(1), draws=4) > 0
    rows = torch.arange(12) // 4
    assert torch.equal(seen, rows[:, None] >= rows[None])


def test_it_is_no_distribution():
    model = restless(UnshiftedBiLSTM((2, 2), 3, cells=12))
    with torch.no_grad():
        total = model.log_prob(all_pictures((2, 2), 3)).exp().sum()
    assert abs(total - 1) > 1e-3


def test_wrong_pixel_costs_later_pixels_only():
    model, x = make("raster", shape=(4, 4)), pictures(50, (4, 4))
    extra = one_wrong_pixel(model, x, (1, 2), seeded())
    assert not extra.flatten()[:7].any()
    assert (extra.flatten()[7:] != 0).all()


def test_extra_bits_are_differences_of_log_probabilities():
    """Two levels, so the wrong one is known: all extra bits add up to the change of log p."""
    model, x = make("row", shape=(3, 3), levels=2), pictures(20, (3, 3), 2)
    wrong = x.clone()
    wrong[:, 1, 1] = 1 - wrong[:, 1, 1]
    with torch.no_grad():
        later = [place for place in model.places if place > (1, 1)]
        total = 0.0
        for picture, sign in ((x, 1), (wrong, -1)):
            logs = model.logits(picture).log_softmax(1)
            for i, j in later:
                total += sign * logs[torch.arange(20), x[:, i, j], i, j].mean().item()
    extra = one_wrong_pixel(model, x, (1, 1), seeded())
    assert abs(extra.sum().item() * torch.log(torch.tensor(2.0)).item() - total) < 1e-6
