"""Small games played at once: what is changed, what is filmed, and what an outcome says."""

import numpy as np
import pytest
import torch

from lib.datasets.toy_plane import Gaussians, circle_of_gaussians
from lib.gan import GAN
from lib.gan_crowd import CrowdSpectralNorm
from lib.gan_modes import captured
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.gan_remedies import MOMENTUM, REMEDIES, FilmedGAN, heard, play

QUICK = {"members": 3, "steps": 12, "batch_size": 8, "hidden": 8}
EIGHT = circle_of_gaussians(8, std=0.1)


def seeded(seed=0):
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def own_seed():
    with torch.random.fork_rng():
        yield


def test_every_remedy_changes_one_thing_and_plays():
    for name, options in REMEDIES.items():
        assert len(set(options) - {"weight", "clip", "penalty"}) <= 1, name
        outcome = play(
            EIGHT, options | {"betas": MOMENTUM["no momentum"]}, generator=seeded(), **QUICK
        )
        assert len(outcome.modes) == len(outcome.good) == 3
        layers = [m for m in outcome.model.d.modules() if isinstance(m, CrowdSpectralNorm)]
        assert len(layers) == (3 if "spectral" in options else 0)
        for key in set(options) & {"game", "penalty", "clip", "d_rate"}:
            assert getattr(outcome.model, key) == options[key]


def test_watching_changes_nothing_and_shows_the_state_of_the_game():
    plain = play(EIGHT, {}, generator=seeded(), **QUICK)
    filmed = play(EIGHT, {}, generator=seeded(), film=4, **QUICK)
    for a, b in zip(plain.model.parameters(), filmed.model.parameters(), strict=True):
        assert torch.equal(a, b)
    model, film = filmed.model, filmed.model.film
    assert isinstance(model, FilmedGAN)
    assert film.steps == [1, 4, 8, 12]
    with torch.no_grad():
        last = model.g.each(model.z)
        np.testing.assert_allclose(film.samples[-1], last, rtol=1e-5)
        side = np.linspace(-film.limit, film.limit, 48)
        place = torch.tensor([[side[30], side[5]]], dtype=torch.float32)
        np.testing.assert_allclose(
            film.scores[-1][:, 5, 30], model.d.each(place)[:, 0, 0], rtol=1e-4, atol=1e-6
        )
        fake, real = model.d.net(last), model.d.each(model.watch)
        want = -torch.log(torch.sigmoid(fake)).mean((1, 2))
        np.testing.assert_allclose(film.losses[-1][:, 1], want, rtol=1e-4)
        want = -torch.log(torch.sigmoid(real)).mean((1, 2)) - torch.log(
            1 - torch.sigmoid(fake)
        ).mean((1, 2))
        np.testing.assert_allclose(film.losses[-1][:, 0], want, rtol=1e-4)


def test_outcome_is_what_fresh_samples_capture():
    outcome = play(EIGHT, {}, generator=seeded(), **QUICK)
    text, share = outcome.row()
    assert text.split() == [str(m) for m in outcome.modes]
    assert share.startswith(f"{outcome.good.mean():.0%}")


def test_what_is_heard_is_the_slope_of_the_loss_written_out():
    """Against numbers D: the gradient of mean log(1 - D), or of -mean log D, by one backward."""
    torch.manual_seed(0)
    model = GAN(MLPGenerator(2, (5,), (2,)).double(), MLPDiscriminator((2,), (5,)).double(), 2)
    z = torch.randn(30, 2, dtype=torch.float64)
    for loss, sign in (("saturating", 1), ("non-saturating", -1)):
        real = torch.sigmoid(model.d(model.g(z)))
        (sign * torch.log(1 - real if sign == 1 else real).mean()).backward()
        squares = sum(p.grad.square().sum().item() for p in model.g.parameters())
        assert np.isclose(heard(model, loss, z), squares**0.5)
        model.zero_grad()


@pytest.mark.slow
def test_one_round_island_is_found_from_every_start():
    """On one wide Gaussian all games come close: mean and spread, member by member."""
    density = Gaussians(np.array([[1.0, -1.0]]), 0.5)
    options = {"betas": MOMENTUM["no momentum"], "average": 0.98}
    outcome = play(density, options, generator=seeded(), members=3, steps=500, lr=3e-3, film=500)
    drawn = outcome.model.film.samples[-1]
    assert np.abs(drawn.mean(1) - [1, -1]).max() < 0.4
    assert outcome.good.min() > 0.9
    assert captured(drawn[0], density).modes == 1
