"""Codes that answer a question, where the posterior is a Gaussian that we can write down."""

import numpy as np
import pytest
import torch

from lib import inverse_latent as codes
from lib.inverse_problems import LinearMap
from lib.likelihoods import FixedGaussian
from lib.vae import mlp_vae
from tests.equations.inverse_problems import LinearDecoder

A = LinearMap(torch.tensor(np.random.default_rng(0).normal(size=(2, 5))), (5,))
WIDTH = 0.5


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def posterior(n):
    """n copies of one question, and mean and covariance of its codes in closed form."""
    vae = LinearDecoder()
    y = torch.tensor([[0.7, -0.4]], dtype=torch.float64)
    load = (A.matrix @ vae.w).numpy()
    cov = np.linalg.inv(np.eye(2) + load.T @ load / WIDTH**2)
    mean = cov @ load.T @ (y[0] - A.matrix @ vae.b).numpy() / WIDTH**2
    return codes.LatentPosterior(vae, A, y.expand(n, -1), WIDTH), mean, cov


def test_slope_is_that_of_the_gaussian():
    some, mean, cov = posterior(6)
    z = torch.randn(6, 2, generator=seeded(), dtype=torch.float64)
    value, slope = some.with_slope(z)
    torch.testing.assert_close(value, some.log_prob(z))
    np.testing.assert_allclose(slope, -(z.numpy() - mean) @ np.linalg.inv(cov), atol=1e-9)


@pytest.mark.slow
def test_langevin_steps_reach_the_posterior():
    some, mean, cov = posterior(6000)
    z, taken = some.langevin(
        torch.full((6000, 2), 3.0).double(), 150, length=0.3, generator=seeded()
    )
    assert 0.45 < taken < 0.7
    np.testing.assert_allclose(z.mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), cov, atol=0.03)


@pytest.mark.slow
def test_langevin_steps_stay_in_the_posterior_even_if_they_are_long():
    """Refusals correct the error of the step: exact draws remain exact draws."""
    some, mean, cov = posterior(20_000)
    start = torch.tensor(np.random.default_rng(1).multivariate_normal(mean, cov, 20_000))
    z, _ = some.langevin(start, 1, length=0.35, generator=seeded())
    assert 0.3 < (z != start).all(1).double().mean() < 0.95
    np.testing.assert_allclose(z.mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), cov, atol=0.04)


@pytest.mark.slow
def test_picked_codes_have_the_posterior_of_many_draws():
    some, mean, cov = posterior(1500)
    z, worth = some.pick(8000, seeded())
    np.testing.assert_allclose(z.mean(0), mean, atol=0.1)
    np.testing.assert_allclose(np.cov(z.T), cov, atol=0.12)
    # importance sampling: draws are worth S E[w]^2 / E[w^2]
    load = (A.matrix @ some.vae.w).numpy()
    gap = some.y[0].numpy() - (A.matrix @ some.vae.b).numpy()

    def log_mean(width2):  # log E N(y; A g(z), width2)
        seen = load @ load.T + width2 * np.eye(2)
        return -0.5 * (gap @ np.linalg.solve(seen, gap) + np.linalg.slogdet(seen)[1])

    square = log_mean(WIDTH**2 / 2) - np.log(2 * WIDTH**2)  # N(width2)^2 ~ N(width2 / 2)
    want = np.exp(2 * log_mean(WIDTH**2) - square)
    assert abs(worth[0].item() / 8000 / want - 1) < 0.1


def small_vae():
    torch.manual_seed(0)
    return mlp_vae((5,), 2, FixedGaussian(0.1), hidden=(8,))


def test_answers_fit_if_they_should():
    vae, y = small_vae(), torch.randn(4, 2, generator=seeded())
    options = {"width": 0.3, "tries": 50, "steps": 4, "generator": seeded()}
    assert A.misfit(codes.latent_answers(vae, A, y, **options), y).max() < 1e-5
    assert A.misfit(codes.latent_answers(vae, A, y, fit=False, **options), y).max() > 1e-3


def test_usual_gap_is_that_of_reconstructions():
    vae, x = small_vae(), torch.randn(9, 5, generator=seeded())
    gap = (x - vae.reconstruct(x)).detach().numpy() @ A.matrix.numpy().T
    assert abs(codes.usual_gap(vae, A, x) / np.sqrt(np.mean(gap**2)) - 1) < 1e-5
