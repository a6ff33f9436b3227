"""Quadrature of bounds and likelihoods: against the linear VAE, where all of it is a formula."""

import numpy as np
import pytest
import torch

from lib.inference_gap import (
    best_gaussian,
    bound_by_quadrature,
    log_prob_by_grid,
    log_prob_by_prior,
    prior_shortfall,
)
from lib.likelihoods import FixedGaussian
from lib.linear_vae import LinearVAE
from lib.vae import mlp_vae

pytestmark = pytest.mark.slow  # averages over many draws


def linear(k: int) -> LinearVAE:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = LinearVAE(5, k, noise=0.7).double()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.4 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return model.requires_grad_(False)


X = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 5)))


@pytest.mark.parametrize("k", [1, 2])
def test_bound_of_the_linear_model_is_its_formula(k):
    model = linear(k)
    got = bound_by_quadrature(model, X, *model.encode(X))
    torch.testing.assert_close(got, model.exact_elbo(X))


@pytest.mark.parametrize("k", [1, 2])
def test_grid_gives_the_exact_log_prob(k):
    model = linear(k)
    torch.testing.assert_close(log_prob_by_grid(model, X), model.log_prob(X), atol=1e-7, rtol=0)


def test_draws_from_the_prior_average_the_density():
    model, x = linear(1), X[:2]
    generator = torch.Generator().manual_seed(0)
    runs = torch.stack(
        [log_prob_by_prior(model, x, draws=20, generator=generator) for _ in range(3000)]
    )
    p, want = runs.exp(), model.log_prob(x).exp()
    assert torch.all(abs(p.mean(0) - want) < 5 * p.std(0) / 3000**0.5)
    assert torch.all(runs.mean(0) < model.log_prob(x))  # Jensen
    many = log_prob_by_prior(model, x, draws=100_000, generator=generator)
    torch.testing.assert_close(many, model.log_prob(x), atol=0.1, rtol=0)
    with pytest.raises(ValueError, match="at least 1"):
        log_prob_by_prior(model, x, draws=0)


@pytest.mark.parametrize("k", [1, 2])
def test_the_best_gaussian_is_the_best_encoder(k):
    model = linear(k)
    mean, log_var = best_gaussian(model, X, steps=250, lr=0.2)
    want_mean, want_log_var = model.use_best_encoder().encode(X)
    torch.testing.assert_close(mean, want_mean, atol=1e-3, rtol=0)
    torch.testing.assert_close(log_var, want_log_var, atol=1e-3, rtol=0)


def test_a_bent_decoder_agrees_with_sampling_and_the_gaps_are_positive():
    torch.manual_seed(0)
    model = mlp_vae((5,), 2, FixedGaussian(0.5), hidden=(16,)).double().requires_grad_(False)
    for p in model.decoder.parameters():
        p.mul_(3)
    encoder = bound_by_quadrature(model, X, *model.encode(X), nodes=20)
    draws = torch.stack(
        [model.elbo(X, generator=torch.Generator().manual_seed(s)) for s in range(2000)]
    )
    assert torch.all(abs(draws.mean(0) - encoder) < 5 * draws.std(0) / 2000**0.5)
    best = bound_by_quadrature(model, X, *best_gaussian(model, X), nodes=20)
    exact = log_prob_by_grid(model, X)
    assert torch.all(encoder < best)
    assert torch.all(best < exact + 1e-6)
    big = model.importance_bound(X, samples=5000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(big, exact, atol=0.3, rtol=0)


def test_the_model_is_not_changed_and_many_latents_are_refused():
    model = mlp_vae((5,), 2, FixedGaussian(0.5), hidden=(4,)).double()
    best_gaussian(model, X, steps=2)
    assert all(p.grad is None for p in model.parameters())
    with pytest.raises(ValueError, match="this model has 3"):
        log_prob_by_grid(mlp_vae((5,), 3, FixedGaussian(0.5), hidden=(4,)), X)


@pytest.mark.parametrize("k", [1, 6])
def test_the_price_of_prior_draws_grows_with_the_divergence(k):
    generator = torch.Generator().manual_seed(2)
    missed, apart = prior_shortfall(k, [10, 10_000], n=400, generator=generator)
    assert apart == pytest.approx(k * 0.5 * np.log(10), rel=0.15)  # variance 1 + 9 to 1 a latent
    assert missed[0] > 3 * abs(missed[1])
    assert missed[0] > 0.1 * k
