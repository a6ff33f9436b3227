"""Right stacks are causal, wrong ones leak in the way they say."""

import pytest
import torch

from lib.causality import dependence, is_causal, receptive_field
from lib.masked import MaskedConv2d
from lib.pixel import PixelModel
from lib.pixelcnn import PixelCNN, whole
from lib.pixelcnn_slips import DoubledPixelCNN, MaskedStack, tiny_pictures, total, train_tiny
from tests.test_pixelcnn import all_pictures


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def same_networks():
    torch.manual_seed(0)


@pytest.mark.parametrize("plan", ["A", "AB", "ABB", "ABBBB"])
def test_one_a_then_bs_is_causal_and_adds_up(plan):
    model = MaskedStack((2, 3), 2, plan).double()
    assert is_causal(model, seeded())
    with torch.no_grad():
        assert model.log_prob(all_pictures(model)).exp().sum().item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("plan", ["A", "AB", "ABB", "ABBBB"])
def test_its_field_is_a_triangle_on_a_block(plan):
    n, place = len(plan), (6, 6)
    field = receptive_field(MaskedStack((7, 13), 3, plan), place, seeded())
    for up in range(7):
        for side in range(-6, 7):
            inside = -n <= side <= (min(up, n) if up else -1) and up <= n
            assert field[6 - up, 6 + side] == inside, (up, side)


def test_b_first_sees_the_pixel_itself_and_nothing_later():
    found = dependence(MaskedStack((4, 4), 3, "BBB", channels=32), seeded())
    assert (found.diagonal() > 0).all()
    assert not found.triu(1).any()


def test_an_unmasked_layer_sees_just_beyond():
    for plan in ("XB", "AX"):
        found = dependence(MaskedStack((4, 4), 3, plan, channels=32), seeded())
        assert (found.diagonal()[:-1] > 0).all()
        assert found.triu(1).any()


def test_a_normalisation_over_places_sees_everything():
    found = dependence(MaskedStack((4, 4), 3, "ANB", channels=32), seeded())
    assert (found[5, :15] > 0).all()  # mask A feeds the last pixel to nobody
    assert not is_causal(MaskedStack((4, 4), 3, "ANB"), seeded())


@pytest.mark.parametrize("plan", ["", "NAB", "ABN", "ACB"])
def test_bad_plans_are_named(plan):
    with pytest.raises(ValueError, match="has layers of 'A', 'B', 'X'"):
        MaskedStack((3, 3), 2, plan)


def test_tiny_pictures_are_all_of_them():
    x = tiny_pictures()
    assert x.shape == (64, 2, 3)
    assert len(x.unique(dim=0)) == 64
    assert set(x.unique().tolist()) == {0, 1}


@pytest.mark.parametrize(("plan", "free"), [("BBB", 6), ("AXB", 5)])
def test_a_leaking_model_claims_more_than_one_in_total(plan, free):
    """It copies the pixels it sees, `free` of six, each for nothing."""
    model = train_tiny(plan)
    assert total(model) == pytest.approx(2**free, rel=0.01)
    assert model.bits(tiny_pictures()) == pytest.approx((6 - free) / 6, abs=0.01)


def test_an_honest_model_cannot():
    model = train_tiny("ABB", epochs=60)
    assert total(model) == pytest.approx(1, abs=1e-12)
    assert model.bits(tiny_pictures()) == pytest.approx(1, abs=0.01)


def test_a_doubled_residual_is_causal_but_another_network():
    right = PixelCNN((4, 4), 3, channels=8, blocks=3)
    wrong = DoubledPixelCNN((4, 4), 3, channels=8, blocks=3)
    wrong.load_state_dict(right.state_dict())
    assert is_causal(wrong, seeded())
    x = torch.randint(3, (2, 4, 4), generator=seeded())
    with torch.no_grad():
        assert not torch.allclose(wrong.logits(x), right.logits(x))
        cached, plain = wrong.walk(x), PixelModel.walk(wrong, x)
        for a, b in zip(cached, plain, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
        for layer in wrong.widen:  # blocks that add nothing: the input alone, doubled three times
            layer.weight.zero_()
            layer.bias.zero_()
        h = 8 * wrong.first(wrong.encode(x))
        want = wrong.last(wrong.mix(h.relu()).relu())
        torch.testing.assert_close(wrong._layers(wrong.encode(x), None, whole), want)


def test_masks_of_the_plan_are_the_masks_of_the_layers():
    layers = MaskedStack((3, 3), 2, "ANXB").layers
    masks = [layer.mask[0, 0, -1, 1].item() for layer in layers if isinstance(layer, MaskedConv2d)]
    assert masks == [0, 1]
    assert [type(layer).__name__ for layer in layers][1:3] == ["GroupNorm", "Conv2d"]
