"""Mixtures with noise and with stored pictures: listed, sampled, and bounded."""

import math

import pytest
import torch

from lib.odd_models import NearlyNoise, NoisyMemory
from lib.tiny_pictures import all_pictures
from tests.pixel_cases import chi_square_p, make, pictures, seeded

STORED = torch.tensor([[[0, 1], [2, 2]], [[1, 1], [0, 2]], [[0, 1], [2, 2]]])


@pytest.fixture(params=["noise", "memory"])
def odd(request):
    if request.param == "noise":
        return NearlyNoise(make("fvbn"), 0.3), pictures(make("fvbn"))
    return NoisyMemory(STORED, 3, 0.4), all_pictures((2, 2), 3)


def test_probabilities_sum_to_one(odd):
    model, every = odd
    assert model.log_prob(every).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_samples_follow_the_probabilities(odd):
    model, every = odd
    drawn = model.sample(6000, generator=seeded(1))
    assert chi_square_p(drawn, model.log_prob(every).exp(), 3) > 1e-3
    assert torch.equal(drawn, model.sample(6000, generator=seeded(1)))


def test_noise_costs_at_most_the_logarithm_of_the_share():
    inner = make("fvbn")
    every = pictures(inner)
    loss = inner.log_prob(every).detach() - NearlyNoise(inner, 0.01).log_prob(every)
    assert loss.max() <= math.log(100) + 1e-12
    assert NearlyNoise(inner, 0.01).log_prob(every).min() >= math.log(0.99) - 6 * math.log(3)


def test_memory_by_hand():
    """A picture one pixel off the twice stored one and three pixels off the other."""
    stay, change = 0.6 + 0.4 / 3, 0.4 / 3
    want = (2 * stay**3 * change + stay * change**3) / 3
    x = torch.tensor([[[0, 1], [2, 0]]])
    assert NoisyMemory(STORED, 3, 0.4).log_prob(x).exp().item() == pytest.approx(want)


def test_shares_outside_zero_and_one_are_refused():
    for wrong in (0.0, 1.0, 2.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            NearlyNoise(make("fvbn"), wrong)
        with pytest.raises(ValueError, match="between 0 and 1"):
            NoisyMemory(STORED, 3, wrong)
