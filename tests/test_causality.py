"""Dependence maps against Jacobians that torch writes out, and against a model with known paths."""

import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from lib.causality import blind_spot, dependence, is_causal, receptive_field
from lib.pixel import PixelModel
from lib.pixelcnn import GatedPixelCNN, PixelCNN


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def same_networks():
    torch.manual_seed(0)


class Known(PixelModel):
    """Logits that are a given linear map of the pixels: weights (D, D, levels), in raster order."""

    def __init__(self, shape, weights, one_hot=False):
        super().__init__(shape, weights.shape[-1], one_hot=one_hot)
        self.weights = nn.Parameter(weights)

    def network(self, v, c=None, *, generator=None):
        pixels = v[:, 0] if len(self.shape) < 3 else v.permute(0, 2, 3, 1)
        logits = torch.einsum("ijl,nj->nli", self.weights, pixels.flatten(1))
        if len(self.shape) < 3:
            return logits.unflatten(2, self.shape)
        colours, h, w = self.shape
        return logits.unflatten(2, (h, w, colours)).movedim(-1, 2)


def weights_on(paths: torch.Tensor) -> torch.Tensor:
    size = len(paths)
    return paths[..., None] * torch.randn(size, size, 4, generator=seeded(5), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 1, 2)])
def test_the_map_has_the_paths_that_the_model_has(shape):
    paths = (torch.rand(6, 6, generator=seeded(1)) < 0.5).double()
    found = dependence(Known(shape, weights_on(paths)), seeded())
    assert torch.equal(found > 0, paths.bool())
    again = dependence(Known(shape, 3 * weights_on(paths)), seeded())
    torch.testing.assert_close(again, 3 * found)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 1, 2)])
def test_causal_means_nothing_on_or_above_the_diagonal(shape):
    full = torch.ones(6, 6, dtype=torch.float64)
    assert is_causal(Known(shape, weights_on(full.tril(-1))), seeded())
    assert not is_causal(Known(shape, weights_on(full.tril())), seeded())
    for i, j in ((0, 0), (5, 5), (0, 5), (3, 4)):
        paths = full.tril(-1)
        paths[i, j] = 1e-9
        assert not is_causal(Known(shape, weights_on(paths)), seeded()), (i, j)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PixelCNN((3, 4), 5, channels=8, blocks=2),
        lambda: PixelCNN((3, 2, 3), 4, channels=48, blocks=1),
        lambda: GatedPixelCNN((3, 4), 5, channels=6, layers=2, one_hot=True),
        lambda: GatedPixelCNN((3, 4), 5, channels=6, layers=2, c_dim=2),
    ],
    ids=["plain", "colours", "one-hot", "conditional"],
)
def test_the_map_is_where_the_jacobian_is_not_zero(make):
    model = make()
    d = len(model.places)
    exact = model.double()
    colours = len(model.shape) == 3
    paths = torch.zeros(d, d, dtype=torch.bool)
    for seed in range(4):
        v = torch.randn(1, model.inputs, *model.shape[-2:], generator=seeded(seed)).double()
        c = torch.randn(1, 2, generator=seeded(seed)).double() if model.c_dim else None
        slopes = jacobian(lambda v, c=c: exact.network(v, c)[0], v)[:, ..., 0, :, :, :]
        for i, out in enumerate(model.places):
            one = slopes[(slice(None), *out)].abs().amax(0)  # (inputs, h, w)
            one = one if colours else one.amax(0)
            paths[i] |= torch.stack([one[place] for place in model.places]) > 0
    assert torch.equal(dependence(model, seeded(), draws=6) > 0, paths)


def test_the_map_leaves_model_and_global_state_alone():
    model = PixelCNN((3, 3), 3, channels=4, blocks=1).train()
    before = torch.get_rng_state()
    dependence(model, seeded())
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert all(p.dtype == torch.float32 and p.grad is None for p in model.parameters())


def test_the_same_generator_gives_the_same_map():
    model = PixelCNN((3, 3), 3, channels=4, blocks=1)
    one, two, other = (dependence(model, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 1, 2)])
def test_field_and_blind_spot_split_what_came_before(shape):
    paths = (torch.rand(6, 6, generator=seeded(2)) < 0.4).double()
    model = Known(shape, weights_on(paths))
    for i, place in enumerate(model.places):
        field, blind = receptive_field(model, place, seeded()), blind_spot(model, place, seeded())
        assert field.shape == blind.shape == model.shape
        in_order = torch.stack([field[p] for p in model.places])
        assert torch.equal(in_order, paths[i].bool())
        hidden = torch.stack([blind[p] for p in model.places])
        assert torch.equal(hidden, (paths[i] == 0) & (torch.arange(6) < i))


def test_a_place_outside_the_picture_is_an_error():
    with pytest.raises(ValueError, match=r"a place of pictures \(2, 3\)"):
        receptive_field(Known((2, 3), torch.ones(6, 6, 2)), (2, 0), seeded())


def test_large_pictures_are_done_in_parts():
    model = PixelCNN((9, 9), 3, channels=4, blocks=1)
    found = dependence(model, seeded())
    for place in ((0, 0), (8, 8), (7, 0)):
        row = receptive_field(model, place, seeded()).flatten()
        assert torch.equal(found[model.places.index(place)] > 0, row)
