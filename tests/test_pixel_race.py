"""The two samplers run the same race: same pictures, honest clocks."""

import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from lib.pixel import PixelModel
from lib.pixel_race import draw, forecast, largest_gap, race
from lib.pixelcnn import GatedPixelCNN, PixelCNN


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model() -> PixelModel:
    torch.manual_seed(0)
    return GatedPixelCNN((4, 5), 3, channels=6, layers=2).double()


class Stale(PixelCNN):
    """Its cached walk never looks at the pixels that were drawn."""

    def walk(self, x: Tensor, c: Tensor | None = None) -> Iterator[Tensor]:
        logits = self.logits(torch.zeros_like(x))
        for place in self.places:
            yield logits[(slice(None), slice(None), *place)]


class Slow(PixelCNN):
    """Every pass takes a hundredth of a second longer, every place of the cached walk none."""

    def network(self, v, c=None, *, generator=None):
        time.sleep(0.01)
        return super().network(v, c, generator=generator)


def stale() -> PixelModel:
    torch.manual_seed(0)
    net = Stale((3, 3), 3, channels=8, blocks=1).double()
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(4)
    return net


def test_drawing_by_hand_is_sampling(model):
    want = model.sample(7, generator=seeded(3))
    assert torch.equal(draw(model, model.walk, 7, seeded(3)), want)
    assert torch.equal(draw(model, lambda x: PixelModel.walk(model, x), 7, seeded(3)), want)


def test_the_gap_is_rounding_or_a_mistake(model):
    x = torch.randint(3, (4, 4, 5), generator=seeded())
    assert largest_gap(model, x) < 1e-12
    wrong, y = stale(), x[:, :3, :3]
    places = list(wrong.walk(y))
    with torch.no_grad():
        right = wrong.logits(y)
    want = max(
        (a - right[(slice(None), slice(None), *p)]).abs().max().item()
        for a, p in zip(places, wrong.places, strict=True)
    )
    assert largest_gap(wrong, y) == pytest.approx(want)
    assert want > 1e-3


def test_a_race_of_different_pictures_is_called_off(model):
    assert min(race(model, 3)) > 0
    with pytest.raises(RuntimeError, match="Stale"):
        race(stale(), 200)


def test_clocks_count_passes():
    torch.manual_seed(0)
    net = Slow((4, 4), 3, channels=4, blocks=1).double()
    plain, cached = race(net, 2)
    assert plain > 16 * 0.01
    assert plain - cached > 0.1
    guess, whole = forecast(net, 2, 4)
    assert guess > 16 * 0.01
    assert whole < guess


def test_the_number_of_threads_is_as_before():
    before = torch.get_num_threads()
    race(PixelCNN((2, 3), 3, channels=4, blocks=1).double(), 2)
    assert torch.get_num_threads() == before
