"""Distances of codes, what a loss tells, and the smallest GAN, against theory and peers."""

import numpy as np
import pytest
import torch
from scipy import stats

from lib import vae_or_gan as bench
from lib.gan import GAN
from lib.gan_divergences import DIVERGENCES, best_gaussian, usual_line
from lib.model import GenerativeModel
from lib.train import fit
from lib.vae_or_gan_plots import two_modes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


RNG = np.random.default_rng(3)


def test_sliced_distance_is_scipys_along_each_direction():
    a, b = RNG.normal(size=(300, 3)), 0.4 + 1.3 * RNG.normal(size=(200, 3))
    axes = np.random.default_rng(1).normal(size=(4000, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    peer = np.mean([stats.wasserstein_distance(a @ v, b @ v) for v in axes[:800]])
    assert bench.sliced_distance(a, b) == pytest.approx(peer, rel=0.05)


def test_sliced_distance_of_a_shift_on_the_line_is_the_shift():
    a = RNG.normal(size=(500, 1))
    assert bench.sliced_distance(a, a + 0.7) == pytest.approx(0.7)
    assert bench.sliced_distance(a, a) == 0
    assert bench.sliced_distance(a, 3 * a) == pytest.approx(bench.sliced_distance(3 * a, a))


def test_told_at_most_is_the_capacity_of_a_gaussian_channel():
    """Numerically: entropy of the sum less that of the noise, for Gaussian signals."""
    total, noise = stats.norm(0, np.sqrt(1.7)), stats.norm(0, 0.4)
    assert bench.told_at_most(3, 1.7, 0.4) == pytest.approx(3 * (total.entropy() - noise.entropy()))
    assert bench.told_at_most(2, 0.09, 0.3) == pytest.approx(0)


class Steps(GenerativeModel):
    """Its loss is the number of the step, and its only weight stands still."""

    def __init__(self):
        super().__init__()
        self.w, self.made, self.k = torch.nn.Parameter(torch.zeros(1)), 0, 0

    def loss(self, x, c=None, *, generator=None):
        self.k += 1
        return {"loss": 0 * self.w.sum() + self.k}

    def optimizers(self, lr):
        self.made += 1
        return super().optimizers(lr)


def test_progress_averages_each_round_and_keeps_one_optimiser():
    model, scores = Steps(), iter([3.0, 2.0, 5.0])
    options = {"rounds": 3, "epochs": 2, "batch_size": 5, "lr": 0.1, "generator": seeded()}
    found = bench.progress(model, torch.zeros(10, 1), lambda: next(scores), **options)
    assert np.array_equal(found["loss"], [2.5, 6.5, 10.5])
    assert np.array_equal(found["score"], [3, 2, 5])
    assert model.made == 1
    assert "optimizers" not in vars(model)


def test_agreement_is_of_ranks():
    assert bench.agreement(np.array([1, 2, 4]), np.array([0.1, 3, 80])) == pytest.approx(1)
    assert bench.agreement(np.array([3, 2, 1]), np.array([1, 2, 3])) == pytest.approx(-1)


@pytest.mark.slow
def test_learn_codes_inverts_a_linear_generator():
    g = torch.nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        g.weight.copy_(torch.tensor([[2.0, 1.0], [0.0, 1.0]]))
    gan, reader = GAN(g, torch.nn.Linear(2, 1), 2), torch.nn.Linear(2, 2, bias=False)
    before = g.weight.clone()
    found = bench.learn_codes(gan, reader, steps=2500, generator=seeded(), n=32)
    assert torch.allclose(found.weight, torch.linalg.inv(before), atol=0.02)
    assert torch.equal(g.weight, before)


def test_line_gan_starts_where_it_is_told_and_notes_its_way():
    model = bench.LineGAN(-1.5, 0.6)
    x = model.sample(40_000, generator=seeded(2))
    assert x.mean().item() == pytest.approx(-1.5, abs=0.02)
    assert x.std().item() == pytest.approx(0.6, abs=0.02)
    fit(model, x[:20], epochs=2, batch_size=10, lr=0.1, generator=seeded(), progress=False)
    assert len(model.path) == 4  # two batches in each of two epochs
    assert model.path[0] == pytest.approx((-1.5, 0.6))
    assert model.path[-1] != model.path[0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bench.sliced_distance(np.zeros((4, 2)), np.zeros((4, 3))), "codes are"),
        (lambda: bench.sliced_distance(np.zeros(4), np.zeros(4)), "codes are"),
        (lambda: bench.told_at_most(2, 1.0, 2.0), "part of the variance"),
        (lambda: bench.told_at_most(2, 1.0, 0.0), "part of the variance"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.slow
def test_a_networks_game_ends_where_the_divergence_says():
    """The saturating game leaves its mode for the JSD's best fit; the other one stays."""
    p = two_modes(3.0)
    x = torch.tensor(p.inverse_cdf(np.random.default_rng(5).random(2048))).float()[:, None]
    density = p.density(usual_line().x)
    for game, rule in (("saturating", "JSD"), ("non-saturating", "softened KL")):
        torch.manual_seed(1)
        model = bench.LineGAN(-1.5, 0.6, game=game, d_rate=5.0)
        for lr in (5e-3, 1e-3):
            options = {"batch_size": 256, "lr": lr, "generator": seeded(), "progress": False}
            fit(model, x, epochs=50, **options)
        best = best_gaussian(density, DIVERGENCES[rule])
        mean, std = model.path[-1]
        assert abs(mean - best.mean) < 0.35
        assert abs(std - best.std) < 0.2
