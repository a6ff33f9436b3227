"""Checks of the equations of the lesson on DDPM and DDIM."""

import math
from itertools import pairwise

import numpy as np
import torch
from scipy import integrate
from torch import nn

from lib.diffusion import Diffusion
from lib.noise_schedule import cosine_schedule, linear_schedule
from lib.time_nets import time_embedding
from tests.equations import checks


class Linear(nn.Module):
    """A network whose expected loss can be computed: eps = a_t x_t with a_t = 1 / (1 + t)."""

    def forward(self, xt, t):
        return xt / (1 + t[:, None])


class Chosen(nn.Module):
    """Answers one given tensor, whatever it is asked."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, xt, t):
        return self.answer


def bars(steps: int, kind=cosine_schedule) -> np.ndarray:
    """bar alpha_0 .. bar alpha_T, multiplied up with plain numbers."""
    kept = [1.0]
    for beta in kind(steps).beta[1:].tolist():
        kept.append(kept[-1] * (1 - beta))
    return np.array(kept)


@checks("eq-ddpm-simple", by="moments in closed form for a linear network, against random draws")
def simple_loss_is_an_average_over_steps_and_noise():
    """E |eps - a x_t|^2 = (1 - a sqrt(1 - kept))^2 + a^2 kept E x_0^2 in each dimension."""
    kept, power = bars(6)[1:], 0.5 * (4 + 1)  # half of the points at 2, half at -1
    a = 1 / (1 + np.arange(1, 7))
    want = 2 * np.mean((1 - a * np.sqrt(1 - kept)) ** 2 + a**2 * kept * power)
    x = torch.tensor([2.0, -1.0]).repeat(100_000)[:, None].repeat(1, 2).double()
    model = Diffusion(Linear(), (2,), cosine_schedule(6))
    found = model.loss(x, generator=torch.Generator().manual_seed(0))["loss"].item()
    assert abs(found / want - 1) < 0.02


@checks("eq-ddpm-reverse", by="Bayes' rule by numerical integration, and the spread of many draws")
def reverse_step_is_the_posterior_with_a_guess():
    """With the noise of a true x_0, the step has mean and variance of q(x_(t-1) | x_t, x_0)."""
    kept, schedule = bars(30, linear_schedule), linear_schedule(30)
    x0, xt, t = 0.7, -0.4, 9
    alpha = kept[t] / kept[t - 1]

    def joint(x, power=0):  # q(x_(t-1) | x_0) q(x_t | x_(t-1)) up to a factor
        prior = (x - math.sqrt(kept[t - 1]) * x0) ** 2 / (1 - kept[t - 1])
        jump = (xt - math.sqrt(alpha) * x) ** 2 / (1 - alpha)
        return x**power * math.exp(-(prior + jump) / 2)

    mass, first, second = (integrate.quad(joint, -8, 8, args=(k,))[0] for k in (0, 1, 2))
    mean, var = first / mass, second / mass - (first / mass) ** 2
    eps = (xt - math.sqrt(kept[t]) * x0) / math.sqrt(1 - kept[t])
    by_formula = (xt - (1 - alpha) / math.sqrt(1 - kept[t]) * eps) / math.sqrt(alpha)
    assert abs(by_formula - mean) < 1e-9
    many = torch.full((200_000, 1), xt, dtype=torch.float64)
    model = Diffusion(Chosen(torch.full_like(many, eps)), (1,), schedule)
    drawn = model.reverse(many, t, generator=torch.Generator().manual_seed(1))
    assert abs(drawn.mean().item() - mean) < 4 * math.sqrt(var / len(many))
    assert abs(drawn.var().item() / var - 1) < 0.02
    last = model.reverse(many, 1)
    assert np.ptp(last.numpy()) < 1e-12  # no noise at t = 1


@checks("eq-ddpm-embedding", by="sines and cosines in a loop; their inner products")
def embedding_is_a_set_of_clocks():
    """Entry by entry, and the inner product of two steps depends on their distance only."""
    width, m = 12, 6
    found = time_embedding(torch.arange(40), width).numpy()
    for t in (0, 3, 39):
        for k in range(1, m + 1):
            omega = 10000 ** (-(k - 1) / (m - 1))
            assert abs(found[t, k - 1] - math.sin(omega * t)) < 1e-12
            assert abs(found[t, m + k - 1] - math.cos(omega * t)) < 1e-12
    inner = found @ found.T
    for gap in range(40):
        assert np.ptp(np.diag(inner, gap)) < 1e-11


@checks("eq-ddpm-share", by="linear regression of x_0 on x_t over many draws")
def large_variance_is_known_first():
    """The explained share of x_0 is the squared correlation of x_0 and x_t."""
    rng, kept = np.random.default_rng(3), bars(50)
    for variance in (0.2, 3.0):
        x0 = np.sqrt(variance) * rng.standard_normal(400_000)
        for t in (5, 25, 40):
            xt = np.sqrt(kept[t]) * x0 + np.sqrt(1 - kept[t]) * rng.standard_normal(len(x0))
            ratio = variance * cosine_schedule(50).snr[t].item()
            assert abs(np.corrcoef(x0, xt)[0, 1] ** 2 - ratio / (1 + ratio)) < 0.005


def step_by_formula(kept, x0, xt, t, s, sigma, z):
    eps = (xt - np.sqrt(kept[t]) * x0) / np.sqrt(1 - kept[t])
    return np.sqrt(kept[s]) * x0 + np.sqrt(1 - kept[s] - sigma**2) * eps + sigma * z


@checks("eq-ddim-step", by="the library's leap, with the same noise")
def leap_is_the_formula():
    """From the true x_0 the library makes the x_s of the formula, with its own sigma."""
    kept, schedule = bars(20), cosine_schedule(20)
    x0 = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    model = Diffusion(Chosen(x0), (3,), schedule, target="x0")
    for steps, eta in ((20, 0.0), (5, 0.0), (5, 0.6), (4, 1.0)):
        replay = torch.Generator().manual_seed(7)
        path = model.ddim_steps(5, steps=steps, eta=eta, generator=torch.Generator().manual_seed(7))
        x = torch.randn(5, 3, generator=replay).numpy()
        times = [round(20 * k / steps) for k in range(steps, -1, -1)]
        np.testing.assert_allclose(next(path), x)
        for t, s in pairwise(times):
            sigma, z = 0.0, 0.0
            if s and eta:
                ratio = (1 - kept[s]) / (1 - kept[t]) * (1 - kept[t] / kept[s])
                sigma = eta * math.sqrt(ratio)
                z = torch.randn(5, 3, generator=replay, dtype=torch.float64).numpy()
            x = step_by_formula(kept, x0.numpy(), x, t, s, sigma, z)
            np.testing.assert_allclose(next(path), x, atol=2e-6)


@checks("eq-ddim-marginal", by="variances of many draws, for several sigma")
def any_sigma_keeps_the_marginal():
    """Whatever sigma, x_s given x_0 has mean sqrt(kept_s) x_0 and variance 1 - kept_s."""
    rng, kept, n = np.random.default_rng(0), bars(20), 400_000
    x0, t, s = 1.3, 15, 6
    xt = np.sqrt(kept[t]) * x0 + np.sqrt(1 - kept[t]) * rng.standard_normal(n)
    for sigma in (0.0, 0.2, 0.5 * np.sqrt(1 - kept[s]), np.sqrt(1 - kept[s])):
        x = step_by_formula(kept, x0, xt, t, s, sigma, rng.standard_normal(n))
        assert abs(x.mean() - np.sqrt(kept[s]) * x0) < 5 / np.sqrt(n)
        assert abs(x.var() / (1 - kept[s]) - 1) < 0.01


@checks("eq-ddim-sigma", by="Gaussian conditioning with covariance matrices")
def full_dial_is_the_posterior():
    """With eta = 1 the step's mean and variance are those of q(x_s | x_t, x_0), for any s < t."""
    kept = bars(20)
    for t, s in ((12, 11), (12, 5), (2, 1), (20, 3)):
        # covariance of (x_s, x_t) given x_0: x_t = sqrt(ratio) x_s + new noise
        ratio = kept[t] / kept[s]
        joint = np.array([[1 - kept[s], np.sqrt(ratio) * (1 - kept[s])],
                          [np.sqrt(ratio) * (1 - kept[s]), 1 - kept[t]]])  # fmt: skip
        gain = joint[0, 1] / joint[1, 1]
        var = joint[0, 0] - gain * joint[0, 1]
        sigma2 = (1 - kept[s]) / (1 - kept[t]) * (1 - ratio)
        assert abs(sigma2 - var) < 1e-12
        x0, xt = 0.8, -1.1
        mean = np.sqrt(kept[s]) * x0 + gain * (xt - np.sqrt(kept[t]) * x0)
        found = step_by_formula(kept, x0, xt, t, s, np.sqrt(sigma2), 0.0)
        assert abs(found - mean) < 1e-12


@checks("eq-ddim-euler", by="the library's deterministic steps in the other coordinates")
def each_step_is_one_of_eulers():
    """x / sqrt(kept) moves along eps by the change of rho = sqrt((1 - kept) / kept)."""
    kept = bars(12)
    noise = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    model = Diffusion(Chosen(noise), (3,), cosine_schedule(12), target="eps")
    times = [12, 9, 6, 3, 0]
    path = list(model.ddim_steps(4, steps=4, generator=torch.Generator().manual_seed(2)))
    rho = np.sqrt((1 - kept) / kept)
    for t, s, now, then in zip(times[:-1], times[1:], path[:-1], path[1:], strict=True):
        u = now.numpy() / np.sqrt(kept[t]) + (rho[s] - rho[t]) * noise.numpy()
        np.testing.assert_allclose(then.numpy() / np.sqrt(kept[s]), u, rtol=1e-4, atol=1e-4)
