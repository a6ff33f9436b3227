"""Bayes' rule from densities, chance held fixed, and the dial, against models that are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib import class_to_picture as asked
from lib.class_gaussians import fit_class_gaussians
from lib.class_judge import one_hot
from lib.datasets import load
from lib.diffusion import Diffusion
from lib.families import FAMILIES
from lib.guidance import GuidedDiffusion
from lib.model import GenerativeModel
from lib.noise_schedule import cosine_schedule


class Normals(GenerativeModel):
    """p(x | y) = N(x; y, I) on the plane: the answer of everything is known."""

    def log_prob(self, x, c=None):
        return torch.distributions.Normal(self.means(c), 1.0).log_prob(x).sum(1)

    def sample(self, n, c=None, *, generator=None):
        return self.means(c) + torch.randn(n, 2, generator=generator)

    def means(self, c):
        return (c @ torch.arange(10.0))[:, None]


class Bounded(Normals):
    """The same, which only admits to a bound."""

    log_prob = GenerativeModel.log_prob

    def elbo(self, x, c=None, *, generator=None, less=0.0):
        return Normals.log_prob(self, x, c) - less


def test_table_and_posterior_are_those_of_gaussians():
    x = torch.randn(7, 2, generator=torch.Generator().manual_seed(0)) + 4
    table = asked.log_table(Normals(), x)
    want = [[-0.5 * ((v - k) ** 2).sum() - np.log(2 * np.pi) for k in range(10)] for v in x.numpy()]
    np.testing.assert_allclose(table, want, rtol=1e-5)
    np.testing.assert_allclose(asked.log_table(Bounded(), x, less=2.0), table - 2, rtol=1e-5)
    with pytest.raises(ValueError, match="no options"):
        asked.log_table(Normals(), x, less=2.0)


def test_posterior_agrees_with_class_gaussians():
    train = load("digits").train
    flat = train.x.reshape(-1, 64).astype(float)
    model = fit_class_gaussians(flat, train.y)
    table = model.log_joint(flat[:50]) - np.log(model.priors)
    found = asked.posterior(table, model.priors)
    np.testing.assert_allclose(found, model.posterior(flat[:50]), atol=1e-10)
    gain = asked.worth(table, train.y[:50], model.priors)
    told = table[np.arange(50), train.y[:50]]
    np.testing.assert_allclose(gain, told - model.log_prob(flat[:50]), atol=1e-8)


def test_even_classes_are_the_default():
    table = np.random.default_rng(0).normal(size=(5, 10)) * 30 - 1000
    np.testing.assert_allclose(
        asked.posterior(table), asked.posterior(table, np.full(10, 0.1)), atol=1e-12
    )
    assert np.all(asked.worth(table, np.zeros(5, dtype=int)) <= np.log(10) + 1e-9)


def test_same_chance_moves_with_the_class_alone():
    torch.manual_seed(0)
    gan = FAMILIES["GAN"].build(10).eval()
    found = asked.same_chance(FAMILIES["GAN"], gan, 3, seed=5)
    z = gan.noise(3, torch.Generator().manual_seed(5))
    for kind in (0, 7):
        with torch.no_grad():
            want = gan.generate(z, one_hot(np.full(3, kind)))
        np.testing.assert_allclose(found[kind], FAMILIES["GAN"].read(want), atol=1e-6)


def test_codes_are_decoded_with_every_class():
    torch.manual_seed(0)
    family, digits = FAMILIES["VAE"], load("digits").test
    vae = family.build(10).eval()
    x, y = family.write(digits.x[:4]), digits.y[:4]
    found = asked.carried_over(vae, x, y)
    assert found.shape == (4, 10, 8, 8)
    with torch.no_grad():
        own = vae.reconstruct(x, one_hot(y)).numpy()
    np.testing.assert_allclose(found[np.arange(4), y], own, atol=1e-6)
    assert np.abs(found[:, 0] - found[:, 1]).max() > 1e-4


def test_codes_tell_the_class_if_they_hold_it_and_not_otherwise():
    rng = np.random.default_rng(0)
    y, y_new = rng.integers(10, size=3000), rng.integers(10, size=1000)
    noise, fresh = rng.normal(size=(3000, 3)), rng.normal(size=(1000, 3))
    assert abs(asked.code_classes(noise, y, fresh, y_new) - 0.1) < 0.05
    assert asked.code_classes(noise + 9 * y[:, None], y, fresh + 9 * y_new[:, None], y_new) > 0.99
    wide, wider = noise * 4.0 ** y[:, None], fresh * 4.0 ** y_new[:, None]
    assert asked.code_classes(wide, y, wider, y_new) > 0.6  # the widths count too


class Echo(torch.nn.Module):
    """Says x_0 = the brightness of the class, and of nothing 0: every answer is known."""

    def __init__(self):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x, t, c):
        return (c @ torch.linspace(-1, 1, 10)).reshape(-1, 1, 1).expand(x.shape)


def test_the_dial_turns_and_returns():
    model = GuidedDiffusion(
        Echo(), (8, 8), cosine_schedule(20), c_dim=10, target="x0", weight=0.25
    ).eval()
    y = np.arange(40) % 10
    drawn = asked.every_setting(model, (0, 0.5), (2, 5), 3, seed=0)
    assert set(drawn) == {(0, 2), (0, 5), (0.5, 2), (0.5, 5)}
    level = np.linspace(-1, 1, 10)
    for (w, _), pictures in drawn.items():
        assert pictures.shape == (10, 3, 8, 8)
        want = np.clip(((1 + w) * level + 1) / 2, 0, 1)
        np.testing.assert_allclose(
            pictures, np.broadcast_to(want[:, None, None, None], pictures.shape), atol=1e-5
        )
    found = asked.dial(model, (0, 1), y, steps=3, seed=0)
    assert model.weight == 0.25
    assert found[0]["beyond"] == 0
    assert found[1]["beyond"] == pytest.approx(np.mean(np.abs(2 * level) > 1.1))
    assert found[0]["spread"] < 1e-6


def test_the_dial_returns_after_an_error():
    model = GuidedDiffusion(Echo(), (8, 8), cosine_schedule(20), c_dim=10, weight=0.25)
    for ask in (
        lambda: asked.dial(model, (1,), np.arange(10), steps=99, seed=0),
        lambda: asked.every_setting(model, (1,), (99,), 2, seed=0),
    ):
        with pytest.raises(ValueError, match="steps lie"):
            ask()
        assert model.weight == 0.25


def test_plain_family_members_are_no_guided_ones():
    """`build(0)` of the diffusion has no dial: the lesson's dial needs conditions."""
    assert type(FAMILIES["diffusion"].build(0)) is Diffusion
    assert replace(FAMILIES["diffusion"]).build(10).weight == 0
