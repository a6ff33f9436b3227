"""The wrong models are wrong in the way they say, and in no other."""

import pytest
import torch

from lib.gaussian import kl_to_standard_normal, reparameterise
from lib.linear_vae import LinearVAE
from lib.vae import VAE
from lib.vae_slips import PENALTIES, MismatchedVAE, codes, one_step, weighted_vae


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


X = torch.rand(10, 8, 8, generator=seeded(3))


@pytest.fixture(autouse=True)
def same_networks():
    torch.manual_seed(0)


def test_weights_of_one_are_the_vae():
    model = weighted_vae(1.0, 1.0)
    got, want = model.loss(X, generator=seeded()), VAE.loss(model, X, generator=seeded())
    for name, value in want.items():
        torch.testing.assert_close(got[name], value)
    log_var = model.encode(X)[1]
    torch.testing.assert_close(got["width"], torch.exp(log_var / 2).mean())


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (1.0, -1.0), (1 / 64, 1.0)])
def test_the_loss_is_the_weighted_sum(weights):
    model = weighted_vae(*weights)
    terms = model.loss(X, generator=seeded())
    want = weights[0] * terms["distortion"] + weights[1] * terms["rate"]
    torch.testing.assert_close(terms["loss"], want)


def test_every_slip_of_the_penalty_is_the_one_it_names():
    mean, s = (torch.randn(6, 2, generator=seeded(k), dtype=torch.float64) for k in (1, 2))
    q = torch.distributions.Normal(mean, torch.exp(s / 2))
    true = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    right, double, wide = (penalty(mean, s) for penalty in PENALTIES.values())
    torch.testing.assert_close(right, true)
    torch.testing.assert_close(double, 2 * true)
    sigma = q.stddev
    torch.testing.assert_close(wide, true + 0.5 * (sigma - sigma**2).sum(1))


@pytest.mark.parametrize(("name", "width", "least"), [("right", 1, 0), ("σ for σ²", 2, -0.193)])
def test_the_penalty_alone_is_least_at_the_width_it_believes_in(name, width, least):
    s = torch.linspace(-3, 3, 6001, dtype=torch.float64)[:, None]
    values = PENALTIES[name](torch.zeros_like(s), s)
    assert torch.exp(s[values.argmin()] / 2).item() == pytest.approx(width, abs=1e-2)
    assert values.min().item() == pytest.approx(least, abs=1e-3)


@pytest.mark.parametrize("name", PENALTIES)
def test_the_loss_charges_the_penalty_and_reports_the_true_rate(name):
    model = weighted_vae(1.0, 0.5, penalty=PENALTIES[name])
    terms = model.loss(X, generator=seeded())
    penalty = PENALTIES[name](*model.encode(X)).mean()
    torch.testing.assert_close(terms["penalty"], penalty)
    torch.testing.assert_close(terms["loss"], terms["distortion"] + 0.5 * penalty)
    torch.testing.assert_close(terms["rate"], kl_to_standard_normal(*model.encode(X)).mean())


def test_a_mean_over_pixels_is_beta_times_64():
    mean, beta = weighted_vae(1 / 64, 1.0), weighted_vae(1.0, 64.0)
    beta.load_state_dict(mean.state_dict())
    grads = [
        torch.autograd.grad(m.loss(X, generator=seeded())["loss"], list(m.parameters()))
        for m in (mean, beta)
    ]
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(64 * a, b, rtol=1e-4, atol=1e-4)


def test_mismatched_noise_has_the_variance_of_the_penalty_squared():
    model = MismatchedVAE(4, 2).double().requires_grad_(False)
    model.encoder.log_var.copy_(torch.tensor([-1.0, 0.5]))
    x = torch.zeros(100_000, 4, dtype=torch.float64)
    _, rate = model.terms(x, generator=seeded())
    z = codes(model, x, generator=seeded())
    penalty_variance = torch.exp(model.encoder.log_var)
    torch.testing.assert_close(z.var(0), penalty_variance**2, rtol=0.03, atol=0)
    torch.testing.assert_close(rate, kl_to_standard_normal(*model.encode(x)))


def test_minimising_the_loss_raises_the_bound_by_the_squared_slope():
    model = LinearVAE(4, 2).double()
    x = torch.randn(50, 4, generator=seeded(), dtype=torch.float64) * 2 + 1
    before = {k: v.clone() for k, v in model.state_dict().items()}
    up, down = (one_step(model, x, maximise=m, lr=1e-7) for m in (False, True))
    grads = torch.autograd.grad(model.exact_elbo(x).mean(), list(model.parameters()))
    squared = sum((g**2).sum() for g in grads).item()
    assert up == pytest.approx(1e-7 * squared, rel=1e-3)
    assert down == pytest.approx(-up, rel=1e-3)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_codes_are_those_that_are_decoded():
    model = LinearVAE(4, 2)
    x = torch.randn(6, 4, generator=seeded(1))
    z = codes(model, x, generator=seeded(2))
    want = reparameterise(*model.encode(x), generator=seeded(2))
    torch.testing.assert_close(z, want)
    assert not model.decoder._forward_pre_hooks
