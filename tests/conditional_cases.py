"""Small untrained models that are told a class or a picture, for the tests of the family."""

from __future__ import annotations

import torch
from torch import Tensor

from lib import likelihoods
from lib.conditional_vae import mlp_conditional_vae
from lib.guidance import GuidedDiffusion
from lib.model import GenerativeModel
from lib.noise_schedule import linear_schedule
from lib.time_nets import TimeMLP
from lib.translation import PatchDiscriminator, Translation, UNetGenerator


def drawings(n: int) -> Tensor:
    """Conditions that are pictures of two channels, (n, 2, 4, 4)."""
    return torch.randint(2, (n, 2, 4, 4), generator=torch.Generator().manual_seed(0)).float()


def small_guided(**options) -> GuidedDiffusion:
    network = TimeMLP(2, width=8, layers=2, c_dim=3)
    return GuidedDiffusion(network, (2,), linear_schedule(21), c_dim=3, drop=0.3, **options)


def small_conditional(prior: str) -> GenerativeModel:
    likelihood = likelihoods.Categorical(5)
    return mlp_conditional_vae((4, 4), 2, likelihood, c_dim=3, hidden=(8,), prior=prior)


def small_translation(judged: bool, **options) -> GenerativeModel:
    g = UNetGenerator((2, 4, 4), (4, 4), channels=(4, 8), k=3, skips=judged)
    d = PatchDiscriminator((2, 4, 4), (4, 4), channels=(4,)) if judged else None
    return Translation(g, d, 3, **options)
