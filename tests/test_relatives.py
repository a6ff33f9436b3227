"""Information, order and cost: against closed forms, Monte Carlo, and counted calls."""

import math
import time

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn

from lib import relatives
from lib.autoencoder import mlp_autoencoder
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.few_steps import slerp
from lib.latent_diffusion import mlp_latent
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule, linear_schedule


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_known_share_is_a_squared_correlation():
    rng, schedule = np.random.default_rng(0), cosine_schedule(20)
    variances = np.array([4.0, 0.3])
    shares = relatives.known_share(variances, schedule)
    assert np.allclose(shares[0], 1)
    x0 = np.sqrt(variances) * rng.normal(size=(100_000, 2))
    for t in (3, 10, 18):
        kept = float(schedule.alpha_bar[t])
        xt = math.sqrt(kept) * x0 + math.sqrt(1 - kept) * rng.normal(size=x0.shape)
        found = [np.corrcoef(x0[:, k], xt[:, k])[0, 1] ** 2 for k in (0, 1)]
        assert np.allclose(shares[t], found, atol=0.01)


def test_variances_must_be_positive_numbers():
    for wrong in ([1.0, 0.0], [[1.0]]):
        with pytest.raises(ValueError, match="positive"):
            relatives.known_share(np.array(wrong), cosine_schedule(5))


def test_half_way_is_where_the_share_is_a_half():
    schedule = cosine_schedule(40)
    half = relatives.half_way(relatives.known_share(np.array([5.0, 1.0, 0.2]), schedule))
    wanted = 1 / (1 + np.array([5.0, 1.0, 0.2]))
    kept = np.interp(half, np.arange(41), schedule.alpha_bar.numpy())
    assert np.allclose(kept, wanted, atol=5e-3)
    assert np.all(np.diff(half) < 0)


def test_exact_denoiser_of_a_gaussian_explains_what_the_formula_says():
    schedule, variances = cosine_schedule(12), np.array([3.0, 0.5])
    mixture = GaussianMixture(np.ones(1), np.array([[1.0, -2.0]]), np.diag(variances)[None])
    model = Diffusion(ExactDenoiser(mixture, schedule), (2,), schedule, target="x0")
    x = torch.tensor(mixture.sample(20_000, np.random.default_rng(0))[0])
    found = relatives.explained(model, x, np.eye(2), generator=seeded())
    assert np.allclose(found, relatives.known_share(variances, schedule), atol=0.03)


def test_split_of_two_points_is_the_integral_over_the_noisy_number():
    """N = 2 points on a line: both parts by quadrature."""
    schedule = linear_schedule(25)
    x = torch.tensor([[-1.0], [0.5]]).repeat(400, 1)
    split = relatives.split_rates(x, schedule, generator=seeded())
    assert np.allclose(split.rate, split.told + split.mismatch)
    for t in (2, 12, 25):
        kept = float(schedule.alpha_bar[t])
        parts = [stats.norm(math.sqrt(kept) * v, math.sqrt(1 - kept)) for v in (-1.0, 0.5)]

        def mixture(v, parts=parts):
            return sum(p.pdf(v) for p in parts) / 2

        def told(v, parts=parts):
            return sum(p.pdf(v) * np.log(p.pdf(v) / mixture(v)) for p in parts) / 2

        def away(v):
            return mixture(v) * np.log(mixture(v) / stats.norm.pdf(v))

        want = [integrate.quad(f, -5, 5, limit=200)[0] for f in (told, away)]
        assert np.allclose([split.told[t - 1], split.mismatch[t - 1]], want, atol=0.08)


def test_split_never_tells_more_than_log_n_and_ends_at_the_prior():
    x = 2 * torch.rand(40, 3, 3, generator=seeded(1)) - 1
    split = relatives.split_rates(x, cosine_schedule(30), generator=seeded())
    assert split.told.max() <= math.log(40) + 1e-9
    assert split.told[0] > math.log(40) - 0.01
    assert abs(split.told[-1]) < 0.05
    assert abs(split.mismatch[-1]) < 0.05


def test_given_noise_leads_where_ddim_leads():
    network = nn.Sequential(nn.Linear(3, 3))

    class Timeless(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network

        def forward(self, x, t):
            return self.net(x)

    model = Diffusion(Timeless(), (3,), cosine_schedule(20), target="v")
    want = model.ddim(6, steps=7, generator=seeded(2))
    noise = torch.randn(6, 3, generator=seeded(2))
    torch.testing.assert_close(relatives.ddim_from(model, noise, 7), want)


def test_stopwatch_takes_turns_and_leaves_the_first_round_out():
    calls = []

    def nap(name, seconds):
        calls.append(name)
        time.sleep(seconds if calls.count(name) > 1 else 0.05)

    found = relatives.stopwatch({n: lambda n=n: nap(n, 0.002) for n in "ab"}, rounds=3)
    assert "".join(calls) == "abababab"
    assert all(0.002 <= v < 0.05 for v in found.values())
    with pytest.raises(ValueError, match="one round"):
        relatives.stopwatch({}, rounds=0)


def test_passes_counts_calls_inside_the_block_only():
    net = nn.Linear(2, 2)
    net(torch.zeros(1, 2))
    with relatives.Passes(net) as passes:
        for _ in range(3):
            net(torch.zeros(5, 2))
    net(torch.zeros(1, 2))
    assert passes.count == 3


def test_bits_of_a_fair_coin_a_pixel():
    assert np.isclose(relatives.bits(64 * math.log(0.5), 64), 1)


def small_latent():
    torch.manual_seed(0)
    model = mlp_latent(mlp_autoencoder((3, 3), (8,), 2), 2, steps=6, width=8, layers=1)
    return model.standardise(torch.rand(20, 3, 3, generator=seeded(1)))


def test_three_ways_share_their_ends_and_part_between():
    model = small_latent()
    a, b = (torch.randn(4, 2, generator=seeded(s)) for s in (1, 2))
    found = relatives.ways(model, a, b, [0.0, 0.5, 1.0])
    for k, noise in ((0, a), (2, b)):
        end = model.decode(relatives.ddim_from(model.diffusion, noise, 6))
        for pictures in found.values():
            assert pictures.shape == (4, 3, 3, 3)
            torch.testing.assert_close(pictures[:, k], end, atol=1e-4, rtol=1e-4)
    pixel = (found["by pixel"][:, 0] + found["by pixel"][:, 2]) / 2
    torch.testing.assert_close(found["by pixel"][:, 1], pixel)
    codes = [relatives.ddim_from(model.diffusion, v, 6) for v in (a, b)]
    torch.testing.assert_close(found["by code"][:, 1], model.decode(sum(codes) / 2))
    middle = torch.stack([slerp(u, v, [0.5])[0] for u, v in zip(a, b, strict=True)])
    drawn = model.decode(relatives.ddim_from(model.diffusion, middle, 6))
    torch.testing.assert_close(found["by noise"][:, 1], drawn, atol=1e-4, rtol=1e-4)


def test_search_finds_the_least_squares_code_of_a_linear_decoder():
    torch.manual_seed(0)
    coder = mlp_autoencoder((3, 3), (), 2)
    x = torch.rand(30, 3, 3, generator=seeded(1))
    layer = next(m for m in coder.decoder.modules() if isinstance(m, nn.Linear))
    weight, target = layer.weight.detach(), x.flatten(1) - layer.bias.detach()
    missed = target.T - weight @ torch.linalg.lstsq(weight, target.T).solution
    errors = relatives.search_codes(coder, x, steps=400, lr=0.05)
    assert np.isclose(errors[0], (coder.reconstruct(x) - x).square().sum((1, 2)).mean().item())
    assert np.isclose(errors[-1], missed.square().sum(0).mean().item(), rtol=1e-3)
    assert len(errors) == 401
