"""Weights of the targets against squared errors, divergences and gradients."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.loss_weights import KINDS, WeightedDiffusion, noise_errors, noise_weights
from lib.mixture import round_mixture
from lib.noise_schedule import cosine_schedule, linear_schedule

SCHEDULE = linear_schedule(30)
STEPS = (1, 2, 11, 30)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


X0, EPS, GUESS = some(4, 3, seed=1), some(4, 3, seed=2), some(4, 3, seed=3)


def squares(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).square().sum(1)


@pytest.mark.parametrize("schedule", [SCHEDULE, cosine_schedule(30)])
@pytest.mark.parametrize("t", STEPS)
def test_each_weight_turns_the_error_of_the_noise_into_that_of_its_target(schedule, t):
    xt = schedule.diffuse(X0, t, EPS)
    guess_x0 = (xt - (1 - schedule.alpha_bar[t]).sqrt() * GUESS) / schedule.alpha_bar[t].sqrt()
    means = [schedule.posterior(x, xt, t)[0] for x in (X0, guess_x0)]
    errors = {
        "eps": squares(EPS, GUESS),
        "x0": squares(X0, guess_x0),
        "v": squares(schedule.velocity(X0, t, EPS), schedule.velocity(guess_x0, t, GUESS)),
        "previous": squares(*means),
    }
    for kind, want in errors.items():
        got = noise_weights(schedule, kind)[t] * squares(EPS, GUESS)
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize("t", STEPS)
def test_the_weight_of_the_bound_is_that_of_the_divergence(t):
    xt = SCHEDULE.diffuse(X0, t, EPS)
    guess = SCHEDULE.data_from_noise(xt, t, GUESS)
    means = [SCHEDULE.posterior(x, xt, t)[0] for x in (X0, guess)]
    variance = SCHEDULE.posterior(X0, xt, t)[1] if t > 1 else SCHEDULE.beta[1]
    nats = kl_divergence(*(Normal(mean, variance**0.5) for mean in means)).sum(1)
    torch.testing.assert_close(noise_weights(SCHEDULE, "bound")[t] * squares(EPS, GUESS), nats)


def test_weights_are_tables_with_entry_0_unused():
    for kind in KINDS:
        w = noise_weights(SCHEDULE, kind)
        assert w.shape == (31,)
        assert w[0] == 0
        assert torch.all(w[1:] > 0)


def test_equal_weights_are_the_simple_loss():
    torch.manual_seed(0)
    net = Linear()
    x = some(50, 2).float()
    plain = Diffusion(net, (2,), SCHEDULE)
    even = WeightedDiffusion(net, (2,), SCHEDULE, weights=3 * noise_weights(SCHEDULE, "eps"))
    got, want = (
        m.loss(x, generator=torch.Generator().manual_seed(5))["loss"] for m in (even, plain)
    )
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("target", ["x0", "v"])
def test_weights_make_the_loss_of_another_target_of_the_same_guess(target):
    torch.manual_seed(0)
    net, x = Linear().double(), some(64, 2)
    w = noise_weights(SCHEDULE, target)
    weighted = WeightedDiffusion(net, (2,), SCHEDULE, weights=w)
    got = weighted.loss(x, generator=torch.Generator().manual_seed(5))["loss"] * w[1:].mean()
    generator = torch.Generator().manual_seed(5)
    t = torch.randint(1, 31, (64,), generator=generator)
    eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    xt = SCHEDULE.diffuse(x, t, eps)
    guess = SCHEDULE.data_from_noise(xt, t, net(xt, t))
    want = squares(x, guess)
    if target == "v":
        want = squares(SCHEDULE.velocity(x, t, eps), SCHEDULE.velocity(guess, t, net(xt, t)))
    torch.testing.assert_close(got, want.mean())


def test_errors_are_zero_for_the_exact_and_known_for_a_shifted_denoiser():
    mixture = round_mixture(np.array([[-1.0, 0.0], [1.0, 0.5]]), 0.3)
    exact = ExactDenoiser(mixture, SCHEDULE)
    model = Diffusion(exact, (2,), SCHEDULE, target="x0")
    generator = torch.Generator().manual_seed(0)
    x = torch.from_numpy(mixture.sample(30, np.random.default_rng(0))[0])
    assert max(noise_errors(model, exact, x, STEPS, generator=generator)) < 1e-20
    shifted = Diffusion(Shifted(exact), (2,), SCHEDULE, target="x0")
    errors = noise_errors(shifted, exact, x, STEPS, generator=generator)
    want = [2 * 0.1**2 * SCHEDULE.snr[t].item() for t in STEPS]
    assert np.allclose(errors, want)


def test_errors_say_what_would_be_right():
    with pytest.raises(ValueError, match="kind is one of"):
        noise_weights(SCHEDULE, "noise")
    with pytest.raises(ValueError, match="entry 0"):
        WeightedDiffusion(Linear(), (2,), SCHEDULE, weights=torch.ones(30))


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, xt, t):
        return self.layer(xt)


class Shifted(nn.Module):
    def __init__(self, exact):
        super().__init__()
        self.exact = exact

    def forward(self, xt, t):
        return self.exact(xt, t) + 0.1
