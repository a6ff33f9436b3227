"""What the tests of diffusion share: small models, exact ones, oracles, and the law of a chain."""

from __future__ import annotations

import inspect

import numpy as np
import torch
from torch import nn

from lib import noise_schedule
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule, cosine_schedule
from lib.time_nets import TimeMLP

SHIPPED = {
    name: f
    for name, f in inspect.getmembers(noise_schedule, inspect.isfunction)
    if inspect.signature(f).return_annotation in (NoiseSchedule, "NoiseSchedule")
}
TARGETS = ("eps", "x0", "v")
T = 30


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def small(target: str = "eps", schedule: NoiseSchedule | None = None, c_dim=0, **options):
    """A network of random weights on points of three numbers, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(3, width=8, layers=1, c_dim=c_dim).double()
    return Diffusion(network, (3,), schedule or cosine_schedule(T), target=target, **options)


def exact(weights, means, covariances, schedule: NoiseSchedule, kind=Diffusion, **options):
    """The model of a Gaussian mixture whose denoiser needs no training; any dimension."""
    means = np.atleast_2d(means)
    data = GaussianMixture(np.array(weights), means, np.array(covariances, dtype=float))
    return kind(ExactDenoiser(data, schedule), means.shape[1:], schedule, target="x0", **options)


def line(mean: float, std: float, schedule: NoiseSchedule, kind=Diffusion, **options):
    return exact([1.0], [[mean]], [[[std**2]]], schedule, kind, **options)


class Oracle(nn.Module):
    """A network that was told x_0 and answers what the target asks for, without an error."""

    def __init__(self, x0: torch.Tensor, schedule: NoiseSchedule, target: str):
        super().__init__()
        self.x0, self.bar, self.target = x0, schedule.alpha_bar, target

    def forward(self, xt, t):
        kept = self.bar[t].reshape(-1, *[1] * (xt.ndim - 1)).to(xt.dtype)
        eps = (xt - kept**0.5 * self.x0) / (1 - kept) ** 0.5
        v = kept**0.5 * eps - (1 - kept) ** 0.5 * self.x0
        return {"eps": eps, "x0": self.x0.expand_as(xt), "v": v}[self.target]


class Recorder(nn.Module):
    """A network that keeps what it is asked."""

    def __init__(self):
        super().__init__()
        self.asked: list[tuple] = []

    def forward(self, xt, t, c=None):
        self.asked.append((xt, t, c))
        return 0.3 * xt


def affine(model: Diffusion, t: int, **options) -> tuple[np.ndarray, np.ndarray, float]:
    """Matrix, offset and noise std of a reverse step that is linear in x_t: fitted, no residue."""
    d = model.shape[0]
    x, z = some(40, d, seed=100), some(40, d, seed=t)
    out = model.reverse(x, t, generator=seeded(t), **options).numpy()
    columns = np.concatenate([x.numpy(), np.ones((40, 1)), z.numpy()], 1)
    found = np.linalg.lstsq(columns, out, rcond=None)[0]
    np.testing.assert_allclose(columns @ found, out, atol=1e-11)
    std = found[d + 1, 0].item()
    np.testing.assert_allclose(found[d + 1 :], std * np.eye(d), atol=1e-11)
    return found[:d].T, found[d], std


def law_of_samples(model: Diffusion, **options) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and covariance of x_T, .., x_0 as the sampler draws them, for a linear denoiser."""
    d = model.shape[0]
    mean, cov = np.zeros(d), np.eye(d)
    laws = [(mean, cov)]
    for t in range(model.schedule.steps, 0, -1):
        a, b, std = affine(model, t, **options)
        mean, cov = a @ mean + b, a @ cov @ a.T + std**2 * np.eye(d)
        laws.append((mean, cov))
    return laws
