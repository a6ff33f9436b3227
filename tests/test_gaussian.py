"""Diagonal Gaussians in torch, judged by torch.distributions, Monte Carlo and differences."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from lib.gaussian import gaussian_kl, gaussian_log_prob, kl_to_standard_normal, reparameterise


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def judge(mean: torch.Tensor, log_var: torch.Tensor) -> Independent:
    return Independent(Normal(mean, torch.exp(log_var / 2)), mean.ndim - 1)


MEAN, LOG_VAR = some(6, 4, seed=1), some(6, 4, seed=2)


@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 3), (1, 1)])
def test_log_prob_is_that_of_torch(shape):
    x, mean, log_var = (some(*shape, seed=s) for s in (3, 4, 5))
    torch.testing.assert_close(
        gaussian_log_prob(x, mean, log_var), judge(mean, log_var).log_prob(x)
    )


def test_log_prob_broadcasts_one_noise_over_all_pixels():
    x, mean = some(6, 2, 3, seed=3), some(6, 2, 3, seed=4)
    shared = torch.tensor(-0.7, dtype=torch.float64)
    want = judge(mean, shared.expand_as(mean)).log_prob(x)
    torch.testing.assert_close(gaussian_log_prob(x, mean, shared), want)


def test_divergence_to_the_prior_is_that_of_torch():
    prior = judge(torch.zeros_like(MEAN), torch.zeros_like(MEAN))
    want = kl_divergence(judge(MEAN, LOG_VAR), prior)
    torch.testing.assert_close(kl_to_standard_normal(MEAN, LOG_VAR), want)


def test_divergence_of_two_gaussians_is_that_of_torch():
    mean, log_var = some(6, 4, seed=6), some(6, 4, seed=7)
    want = kl_divergence(judge(MEAN, LOG_VAR), judge(mean, log_var))
    torch.testing.assert_close(gaussian_kl(MEAN, LOG_VAR, mean, log_var), want)


def test_divergence_is_the_average_log_ratio_of_samples():
    count = 200_000
    mean, log_var = MEAN[:1].expand(count, -1), LOG_VAR[:1].expand(count, -1)
    z = reparameterise(mean, log_var, generator=seeded())
    zero = torch.zeros_like(mean)
    ratio = gaussian_log_prob(z, mean, log_var) - gaussian_log_prob(z, zero, zero)
    error = 5 * ratio.std() / count**0.5  # five standard errors
    assert abs(ratio.mean() - kl_to_standard_normal(mean[:1], log_var[:1])[0]) < error


def test_divergence_vanishes_at_the_prior_only():
    zero = torch.zeros(1, 4, dtype=torch.float64)
    assert kl_to_standard_normal(zero, zero).item() == 0
    assert torch.all(kl_to_standard_normal(MEAN, LOG_VAR) > 0)
    assert torch.all(kl_to_standard_normal(0.01 * MEAN, 0.01 * LOG_VAR) > 0)


def test_draws_have_the_mean_and_the_standard_deviation():
    count, log_var = 100_000, torch.tensor([-2.0, 0.0, 1.5])
    mean = torch.tensor([1.0, -3.0, 0.0])
    z = reparameterise(mean.expand(count, -1), log_var, generator=seeded())
    sigma = torch.exp(log_var / 2)
    assert torch.all(abs(z.mean(0) - mean) < 5 * sigma / count**0.5)
    assert torch.all(abs(z.std(0) / sigma - 1) < 5 / (2 * count) ** 0.5)


def test_every_number_gets_noise_of_its_own_when_the_arguments_broadcast():
    log_var = torch.zeros(50, 3)
    z = reparameterise(torch.zeros(1, 3), log_var, generator=seeded())
    assert z.shape == (50, 3)
    assert len(z.unique()) == 150


def test_gradients_of_a_draw_are_those_of_the_formula():
    mean, log_var = (t.clone().requires_grad_() for t in (MEAN, LOG_VAR))
    assert torch.autograd.gradcheck(
        lambda m, s: reparameterise(m, s, generator=seeded(3)), (mean, log_var)
    )
    z = reparameterise(mean, log_var, generator=seeded(3))
    by_mean, by_log_var = torch.autograd.grad(z.sum(), (mean, log_var))
    torch.testing.assert_close(by_mean, torch.ones_like(MEAN))
    torch.testing.assert_close(by_log_var, (z - mean).detach() / 2)  # d sigma / d s = sigma / 2


def test_the_generator_decides_and_global_state_stays():
    before = torch.get_rng_state()
    a, b = (reparameterise(MEAN, LOG_VAR, generator=seeded(8)) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(before, torch.get_rng_state())


def test_a_missing_batch_axis_is_named():
    with pytest.raises(ValueError, match=r"batch axis.*\(4,\)"):
        kl_to_standard_normal(MEAN[0], LOG_VAR[0])
