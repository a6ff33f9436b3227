"""Diffusion measured beside a VAE and an autoregressive model: information, order, cost."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lib.autoencoder import Autoencoder, squared_error
from lib.diffusion import Diffusion
from lib.few_steps import slerp
from lib.latent_diffusion import LatentDiffusion
from lib.noise_schedule import NoiseSchedule

Draw = Callable[[], object]


def known_share(variances: np.ndarray, schedule: NoiseSchedule) -> np.ndarray:
    """Share of each variance (k,) that x_t tells, for Gaussian data: (T + 1, k), 1 at t = 0."""
    variances = np.asarray(variances, dtype=float)
    if variances.ndim != 1 or not np.all(variances > 0):
        raise ValueError(f"variances are a list of positive numbers, got {variances}")
    kept = schedule.alpha_bar.numpy()[:, None]
    return kept * variances / (kept * variances + 1 - kept)


@torch.no_grad()
def explained(
    model: Diffusion, x: Tensor, axes: np.ndarray, *, generator: torch.Generator | None = None
) -> np.ndarray:
    """Share of the variance of x (n, ...) along each axis that the model knows from x_t.

    1 - squared error of the estimate of x_0 over the variance, both along the columns of `axes`
    (D, k); (T + 1, k), row 0 is 1. `known_share` is what the best linear estimate reaches.
    """
    directions = torch.as_tensor(axes, dtype=x.dtype)
    spread = (x.flatten(1) @ directions).var(0, correction=0)  # (k,)
    rows = [torch.ones_like(spread)]
    for t in range(1, model.schedule.steps + 1):
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        guess, _ = model.denoise(model.schedule.diffuse(x, t, eps), t)
        missed = (guess - x).flatten(1) @ directions
        rows.append(1 - missed.square().mean(0) / spread)
    return torch.stack(rows).double().numpy()


def half_way(shares: np.ndarray) -> np.ndarray:
    """The step, between whole ones, at which each column of shares (T + 1, k) falls below 1/2."""
    falling = np.minimum.accumulate(shares, axis=0)
    return np.array([np.interp(-0.5, -share, np.arange(len(share))) for share in falling.T])


class Split(NamedTuple):
    """What x_t costs as a code, by t = 1 .. T, in nats: rate = told + mismatch."""

    told: np.ndarray
    mismatch: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """Mean KL(q(x_t | x_0) || N(0, I))."""
        return self.told + self.mismatch


def split_rates(
    x: Tensor, schedule: NoiseSchedule, *, generator: torch.Generator | None = None
) -> Split:
    """What `lib.vae_training.split_rate` finds for a VAE, for every x_t of a diffusion.

    "told": mutual information of x_t and which of the N examples it was, at most log N;
    "mismatch": divergence of q(x_t), the mixture of all N, from N(0, I). One draw of x_t for each
    of the examples x (N, ...).
    """
    points = x.flatten(1).double()
    told, mismatch = [], []
    for t in range(1, schedule.steps + 1):
        kept = float(schedule.alpha_bar[t])
        eps = torch.randn(points.shape, generator=generator, dtype=torch.float64)
        noisy = schedule.diffuse(points, t, eps)
        each = -torch.cdist(noisy, math.sqrt(kept) * points).square() / (2 * (1 - kept))
        aggregate = each.logsumexp(1) - math.log(len(x))  # log q(x_t), but for a constant
        told.append((each.diagonal() - aggregate).mean().item())
        constant = 0.5 * points.shape[1] * math.log(1 - kept)
        mismatch.append((aggregate - constant + 0.5 * noisy.square().sum(1)).mean().item())
    return Split(np.array(told), np.array(mismatch))


@torch.no_grad()
def ddim_from(model: Diffusion, noise: Tensor, steps: int) -> Tensor:
    """Data (n, ...) from given noise x_T (n, ...) by DDIM without chance (eta = 0)."""
    x = noise
    for t, s in pairwise(model.times(steps)):
        x0, eps = model.denoise(x, t)
        x = model.schedule.diffuse(x0, s, eps)
    return x


@torch.no_grad()
def ways(
    model: LatentDiffusion, a: Tensor, b: Tensor, shares: Sequence[float]
) -> dict[str, Tensor]:
    """Three ways from the pictures of noises a to those of b (n, k): (n, len(shares), *shape).

    By pixel and by code along straight lines between the ends, by noise along the arc; all noises
    become pictures by DDIM with all steps.
    """

    def draw(noise: Tensor) -> Tensor:
        return ddim_from(model.diffusion, noise, model.diffusion.schedule.steps)

    ends = [draw(v) for v in (a, b)]
    first, last = (model.decode(z)[:, None] for z in ends)
    part = torch.as_tensor(shares, dtype=a.dtype)
    wide = part.reshape(1, -1, *[1] * (first.ndim - 2))
    code = torch.lerp(ends[0][:, None], ends[1][:, None], part[None, :, None])
    arcs = torch.stack([slerp(u, v, shares) for u, v in zip(a, b, strict=True)])
    sizes = len(a), len(shares)
    return {
        "by pixel": (1 - wide) * first + wide * last,
        "by code": model.decode(code.flatten(0, 1)).unflatten(0, sizes),
        "by noise": model.decode(draw(arcs.flatten(0, 1))).unflatten(0, sizes),
    }


def search_codes(coder: Autoencoder, x: Tensor, steps: int = 200, lr: float = 0.02) -> list[float]:
    """Mean squared error of x (n, ...) before each of `steps` of Adam on its codes, and after.

    The first codes are the encoder's; the decoder does not move.
    """
    code = coder.encode(x).detach().requires_grad_()
    optimizer, errors = torch.optim.Adam([code], lr=lr), []
    for k in range(steps + 1):
        error = squared_error(coder.decode(code), x)
        errors.append(error.mean().item())
        if k < steps:
            optimizer.zero_grad()
            error.sum().backward(inputs=[code])
            optimizer.step()
    return errors


def stopwatch(draws: Mapping[str, Draw], rounds: int = 5) -> dict[str, float]:
    """Median seconds of each draw; all take turns, so that a slow moment of the machine is shared.

    One round before the first is not counted.
    """
    took: dict[str, list[float]] = {name: [] for name in draws}
    for counted in _rounds(rounds):
        for name, draw in draws.items():
            start = time.perf_counter()
            draw()
            if counted:
                took[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in took.items()}


def _rounds(rounds: int) -> Iterator[bool]:
    if rounds < 1:
        raise ValueError(f"at least one round is needed, got {rounds}")
    yield False
    yield from [True] * rounds


def bits(nats: float, dims: int) -> float:
    """Bits per dimension of a log-probability in nats."""
    return -nats / (dims * math.log(2))


class Passes:
    """Count how often a network is asked, in a `with` block: `with Passes(net) as passes: ...`."""

    def __init__(self, network: torch.nn.Module):
        self.network, self.count = network, 0

    def __enter__(self) -> Passes:
        self.hook = self.network.register_forward_hook(self._add)
        return self

    def __exit__(self, *_) -> None:
        self.hook.remove()

    def _add(self, *_) -> None:
        self.count += 1
