"""The contest: who takes part, what is measured, what can be asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lib import plain_models as plain
from lib import train
from lib import which_model as contest
from lib.autoencoder import mlp_autoencoder
from lib.datasets import load
from lib.digit_features import SAMPLES
from lib.families import FAMILIES
from lib.grey_levels import add_noise
from lib.mixture import GaussianMixture
from lib.ppca import PPCA
from tests.family_models import seeded

DIGITS = load("digits")
FEW = DIGITS.test.x[:3]


def untrained(name: str) -> contest.Entry:
    """A contestant that has learned nothing; its model is built all the same."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    if name == "PCA":
        model = plain.PCAPictures(
            PPCA(np.full(64, 0.5), 0.1 * rng.normal(size=(64, 5)), 0.01), (8, 8)
        )
    elif name == "GMM":
        means, cov = rng.random((3, 64)), np.tile(0.02 * np.eye(64), (3, 1, 1))
        model = plain.GaussianPictures(GaussianMixture(np.full(3, 1 / 3), means, cov), (8, 8))
    elif name == "AE + GMM":
        coder = mlp_autoencoder((8, 8), (16,), 4)
        mixture = GaussianMixture(
            np.full(2, 0.5), rng.normal(size=(2, 4)), np.tile(np.eye(4), (2, 1, 1))
        )
        model = plain.CodeMixture(coder, mixture)
    else:
        model = contest.family(name).build(0)
    return contest.Entry(name, model.eval(), 1.0)


ENTRIES = {name: untrained(name) for name in contest.CONTESTANTS}


# ------------------------------------------------------------------ what can be asked


def asked_for_real(entry: contest.Entry, what: str) -> bool:
    """Try it: does the model answer?"""
    model, name = entry.model, entry.name
    x = contest.family(name).write(FEW) if name in contest.TRAINED else torch.tensor(FEW)
    known = torch.zeros(8, 8, dtype=torch.bool)
    known[:4] = True
    noisy = torch.tensor(add_noise(FEW, np.random.default_rng(0)))
    flat = isinstance(model, plain.GaussianPictures)
    calls = {
        "probability": lambda: model.log_prob(noisy if flat else x),
        "the rest of x": lambda: model.complete(x, known, generator=seeded()),
        "walk": lambda: walk(entry),
        "code of x": lambda: code(entry, noisy if flat else x),
        "a class": lambda: told(name),
        "bound": lambda: bound(entry),
    }
    try:
        answer = calls[what]()
    except (NotImplementedError, AttributeError):
        return False
    return bool(torch.isfinite(torch.as_tensor(answer).double()).all())


def walk(entry: contest.Entry) -> torch.Tensor:
    """Two codes close together give pictures close together, and others than a far code."""
    model = entry.model
    if hasattr(model, "ddim"):
        a, b = (model.ddim(2, steps=2, generator=seeded()) for _ in range(2))
        assert torch.equal(a, b)  # all chance lies in the noise it starts from
        return a
    k = {"PCA": 5, "AE + GMM": 4, "VAE": 10, "GAN": 32}.get(entry.name)
    if k is None:
        raise NotImplementedError
    z = torch.randn(2, k, generator=seeded())
    make = model.generate if hasattr(model, "generate") else model.decode
    with torch.no_grad():
        here, near, far = make(z), make(z + 1e-4), make(-z)
    assert (here - near).abs().max() < 0.1 * (here - far).abs().max()
    return here


def code(entry: contest.Entry, x: torch.Tensor) -> torch.Tensor:
    """What stands for each picture: numbers of the same count that differ between pictures."""
    model = entry.model
    if entry.name.startswith("Pixel"):
        raise NotImplementedError  # its `encode` writes the picture down, pixel by pixel
    if not hasattr(model, "encode"):
        return torch.tensor(model.responsibilities(x))
    codes = model.encode(x)
    z = (codes[0] if isinstance(codes, tuple) else codes).detach()
    assert z.shape[0] == 3
    assert z.shape[1] < 64
    return z


def told(name: str) -> torch.Tensor:
    if name not in contest.TRAINED:
        raise NotImplementedError
    model = contest.family(name).build(10).eval()
    options = dict(contest.family(name).draws)
    if name == "DDPM":
        return model.ddim(2, torch.eye(10)[:2], steps=1, generator=seeded())
    return model.sample(2, torch.eye(10)[:2], generator=seeded(), **options)


def bound(entry: contest.Entry) -> torch.Tensor:
    if entry.likelihood == "exact":
        raise NotImplementedError
    return torch.tensor(entry.bits(FEW, seeded()))


@pytest.mark.slow
@pytest.mark.parametrize("name", contest.CONTESTANTS)
def test_the_table_of_abilities_is_what_the_models_really_do(name):
    claimed = contest.abilities(ENTRIES[name])
    assert {what: asked_for_real(ENTRIES[name], what) for what in claimed} == claimed


def test_what_is_known_of_the_likelihood():
    assert {name: e.likelihood for name, e in ENTRIES.items()} == {
        "PCA": "bound",  # of grey levels: their densities are exact
        "GMM": "bound",
        "AE + GMM": "none",
        "VAE": "bound",
        "PixelCNN": "exact",
        "PixelRNN": "exact",
        "DDPM": "bound",
        "GAN": "none",
    }


# ------------------------------------------------------------------ measuring


@pytest.mark.slow
def test_bits_of_pixel_models_are_those_of_the_chain_rule():
    for name in ("PixelCNN", "PixelRNN"):
        model, x = ENTRIES[name].model, contest.family(name).write(FEW)
        with torch.no_grad():
            p = model.logits(x).log_softmax(1).gather(1, x[:, None])  # (n, 1, 8, 8)
        want = -p.sum((1, 2, 3)).mean().item() / (64 * math.log(2))
        assert ENTRIES[name].bits(FEW, seeded()) == pytest.approx(want, rel=1e-5)


def test_bits_of_a_density_that_is_flat_in_every_cell_are_exact():
    """A very wide Gaussian is nearly even over [0, 1]^64: log2(17) bits less its density there."""
    wide = GaussianMixture(np.ones(1), np.full((1, 64), 0.5), 1e4 * np.eye(64)[None])
    entry = contest.Entry("GMM", plain.GaussianPictures(wide, (8, 8)), 1.0)
    want = np.log2(17) + 0.5 * np.log2(2 * np.pi * 1e4)
    assert entry.bits(FEW, seeded()) == pytest.approx(want, abs=1e-4)


def test_where_no_likelihood_is_known_there_are_no_bits():
    for name in ("GAN", "AE + GMM"):
        assert math.isnan(ENTRIES[name].bits(FEW, seeded()))


def test_pictures_are_grey_values_and_repeat_with_the_generator():
    for name in set(contest.CONTESTANTS) - {"DDPM", "PixelCNN", "PixelRNN"}:
        a, b = (ENTRIES[name].draw(5, seeded(1)) for _ in range(2))
        np.testing.assert_array_equal(a, b)
        assert a.shape == (5, 8, 8)
        assert 0 <= a.min() <= a.max() <= 1


def test_many_pictures_are_drawn_in_parts():
    sizes = []
    model = SimpleNamespace(sample=lambda n, generator: (sizes.append(n), torch.zeros(n, 8, 8))[1])
    entry = contest.Entry("GMM", model, 1.0)
    assert entry.draw(SAMPLES, seeded()).shape == (SAMPLES, 8, 8)
    assert sum(sizes) == SAMPLES
    assert max(sizes) <= contest.CHUNK


@pytest.mark.parametrize("name", ["AE + GMM", "VAE", "GAN"])
def test_only_the_counted_networks_are_needed_to_draw(name):
    """Spoiling all other weights changes no sample; spoiling the counted ones does."""
    entry = untrained(name)
    before = entry.draw(3, seeded())
    counted = {id(p) for part in contest.drawing_parts(entry.model) for p in part.parameters()}
    with torch.no_grad():
        for p in entry.model.parameters():
            if id(p) not in counted:
                p.add_(1.0)
    np.testing.assert_array_equal(entry.draw(3, seeded()), before)
    with torch.no_grad():
        for part in contest.drawing_parts(entry.model):
            for p in part.parameters():
                p.add_(1.0)
    assert np.any(entry.draw(3, seeded()) != before)


def test_the_numbers_that_are_kept():
    assert ENTRIES["PCA"].numbers == 64 + 64 * 5 + 1
    assert ENTRIES["GMM"].numbers == 3 * (1 + 64 + 64 * 65 // 2)
    decoder = (4 * 16 + 16) + (16 * 64 + 64)
    assert ENTRIES["AE + GMM"].numbers == decoder + 2 * (1 + 4 + 10)
    pixel = FAMILIES["PixelCNN"].build(0)
    assert ENTRIES["PixelCNN"].numbers == sum(p.numel() for p in pixel.parameters())
    ddpm = ENTRIES["DDPM"].model
    assert ENTRIES["DDPM"].numbers == sum(p.numel() for p in ddpm.network.parameters())


# ------------------------------------------------------------------ training


def ticking(step: float) -> Callable[[], float]:
    """A clock that moves on by `step` seconds whenever it is read: `fit` reads it once a step."""
    ticks = count()
    return lambda: step * next(ticks)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "share"), [("AE + GMM", 0.75), ("VAE", 1), ("GAN", 1)])
def test_a_contestant_spends_its_seconds_and_is_measured_in_full(name, share, monkeypatch):
    monkeypatch.setattr(contest, "clock", ticking(0.02))
    steps = []
    monkeypatch.setattr(train, "_step", counting(train._step, steps))
    torch.manual_seed(0)
    entry = contest.enter(name, DIGITS.train.x, 2.0, seeded())
    stages = 2 if name == "AE + GMM" else len(contest.family(name).stages)
    assert len(steps) == pytest.approx(share * 100, abs=stages)
    found, pictures = contest.facts(entry, DIGITS.test.x, seeded(), rounds=1)
    assert pictures.shape == (SAMPLES, 8, 8)
    assert found["seconds"] == entry.seconds > 0
    assert found["Fréchet"] < 150
    assert found["s per 100"] > 0
    assert found["numbers"] == entry.numbers
    assert math.isnan(found["bits"]) == (entry.likelihood == "none")


def counting(function, calls: list):
    """The same function, which leaves a mark at every call."""

    def counted(*arguments):
        calls.append(1)
        return function(*arguments)

    return counted


@pytest.mark.slow
def test_pca_and_a_mixture_end_when_they_are_done():
    for name in ("PCA", "GMM"):
        entry = contest.enter(name, DIGITS.train.x[:300], 1e6, seeded())
        assert entry.seconds < 30
        assert entry.bits(DIGITS.test.x, seeded()) < np.log2(17)


def test_bad_entries_are_refused():
    with pytest.raises(ValueError, match="contestants are"):
        contest.enter("flow", DIGITS.train.x, 1.0, seeded())
    with pytest.raises(ValueError, match="positive number of seconds"):
        contest.enter("PCA", DIGITS.train.x, 0.0, seeded())
