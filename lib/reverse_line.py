"""The way back on a line, where nothing has to be sampled: densities on a grid, and moments."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor

from lib.exact_denoiser import ExactDenoiser
from lib.gaussian import gaussian_log_prob
from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule

VARIANCES = "beta", "posterior", "right"


def normal(x: np.ndarray, mean: np.ndarray | float, variance: float) -> np.ndarray:
    """The density of N(mean, variance) at x; the arguments broadcast."""
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def step_back(mixture: GaussianMixture, beta: float, xt: float, grid: np.ndarray) -> np.ndarray:
    """q(x_{t-1} | x_t) at evenly spaced `grid` by Bayes' rule, if x_{t-1} has this density."""
    joint = np.exp(mixture.log_prob(grid[:, None])) * normal(xt, np.sqrt(1 - beta) * grid, beta)
    return joint / (joint.sum() * (grid[1] - grid[0]))


def posterior_on_grid(
    schedule: NoiseSchedule, t: int, xt: float, x0: float, grid: np.ndarray
) -> np.ndarray:
    """q(x_{t-1} | x_t, x_0) at evenly spaced `grid`: the two forward densities, multiplied."""
    beta, before = float(schedule.beta[t]), float(schedule.alpha_bar[t - 1])
    joint = normal(xt, np.sqrt(1 - beta) * grid, beta)
    joint = joint * normal(grid, np.sqrt(before) * x0, 1 - before)
    return joint / (joint.sum() * (grid[1] - grid[0]))


def both_ways(
    schedule: NoiseSchedule, x0: float, *, generator: torch.Generator
) -> tuple[float, float]:
    """Log-density in nats of one path x_2 .. x_T given x_1 and x_0: step by step, and turned.

    Turned, it is a product of steps back that know x_0, times q(x_T | x_0) / q(x_1 | x_0).
    """
    path = [torch.tensor([x0], dtype=torch.float64)]
    for t in range(1, schedule.steps + 1):
        eps = torch.randn(1, generator=generator, dtype=torch.float64)
        path.append(schedule.step(path[-1], t, eps))
    kept, forward, turned = schedule.alpha_bar, 0.0, 0.0
    for t in range(2, schedule.steps + 1):
        forward += _log(path[t], schedule.alpha[t].sqrt() * path[t - 1], schedule.beta[t])
        turned += _log(path[t - 1], *schedule.posterior(path[0], path[t], t))
    for t, sign in ((schedule.steps, 1), (1, -1)):
        turned += sign * _log(path[t], kept[t].sqrt() * path[0], 1 - kept[t])
    return forward, turned


def nearest_gaussian(grid: np.ndarray, density: np.ndarray) -> tuple[float, float, float]:
    """Mean and variance of a density on a grid, and its KL in nats to the Gaussian with them."""
    mass = density * (grid[1] - grid[0])
    mean = mass @ grid
    variance = mass @ (grid - mean) ** 2
    some = mass > 0
    log_ratio = np.log(density[some]) + 0.5 * np.log(2 * np.pi * variance)
    log_ratio += (grid[some] - mean) ** 2 / (2 * variance)
    return float(mean), float(variance), float(mass[some] @ log_ratio)


def count_peaks(density: np.ndarray) -> int:
    """How many local maxima a density on a grid has."""
    return int(np.sum((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])))


def added_variance(schedule: NoiseSchedule, kind: str, spread: float | None = None) -> Tensor:
    """The variance sigma_t^2 of every reverse step, (T + 1,): "beta", "posterior" or "right".

    "right" is that of q(x_{t-1} | x_t) for Gaussian data of variance `spread`. At t = 1 it is 0 for
    the other two, as in DDPM's algorithm 2.
    """
    if kind not in VARIANCES or (kind == "right") == (spread is None):
        raise ValueError(f"kind is one of {VARIANCES}, and 'right' needs a spread, got {kind!r}")
    before, kept = schedule.alpha_bar[:-1], schedule.alpha_bar[1:]
    beta = schedule.beta[1:]
    variance = (1 - before) / (1 - kept) * beta
    if kind == "beta":
        variance = torch.cat([beta.new_zeros(1), beta[1:]])
    if kind == "right":
        unsure = spread * (1 - kept) / (kept * spread + 1 - kept)  # Var(x_0 | x_t)
        variance = variance + before * beta**2 / (1 - kept) ** 2 * unsure
    return torch.cat([beta.new_zeros(1), variance])


def chain_moments(denoiser: ExactDenoiser, variances: Tensor) -> Tensor:
    """Mean and variance of x_t in the reverse chain from N(0, 1), (T + 1, 2), without a sample.

    The data are one Gaussian on a line, so each step is affine: two points tell all of it.
    """
    if denoiser.means.shape != (1, 1):
        raise ValueError("only for one Gaussian on a line is a step back affine")
    found = [torch.tensor([0.0, 1.0], dtype=torch.float64)]
    for t in range(denoiser.schedule.steps, 0, -1):
        offset, far = _means(denoiser, torch.tensor([0.0, 1.0], dtype=torch.float64), t)
        slope, (mean, variance) = far - offset, found[-1]
        found.append(torch.stack([slope * mean + offset, slope**2 * variance + variances[t]]))
    return torch.stack(found[::-1])


def chain_law(denoiser: ExactDenoiser, variances: Tensor, grid: Tensor) -> Tensor:
    """Distribution function of x_0, the end of the reverse chain from N(0, 1), at `grid`.

    Densities are pushed through the chain on the evenly spaced grid; its spacing must be well
    below the smallest noise. The last step adds no noise: it moves the values of the function.
    """
    h = grid[1] - grid[0]
    if float(variances[2:].min().sqrt()) < 1.2 * float(h):
        raise ValueError("the grid is too coarse for the noise of this chain: give more points")
    law = torch.exp(-(grid**2) / 2)
    law = law / law.sum()
    for t in range(denoiser.schedule.steps, 1, -1):
        away = grid - _means(denoiser, grid, t)[:, None]
        exponent = (-(away**2) / (2 * variances[t])).clamp(min=-60)  # subnormal numbers are slow
        law = law @ torch.exp(exponent)
        law = law / law.sum()
    below = law.cumsum(0) - law / 2
    return torch.from_numpy(np.interp(grid, _means(denoiser, grid, 1), below))


def mixture_law(mixture: GaussianMixture, grid: np.ndarray) -> np.ndarray:
    """Distribution function of a mixture on a line."""
    deviations = np.sqrt(mixture.covariances[:, 0, 0])
    return ndtr((np.asarray(grid)[:, None] - mixture.means[:, 0]) / deviations) @ mixture.weights


def _means(denoiser: ExactDenoiser, x: Tensor, t: int) -> Tensor:
    """Mean of the step back from each of the numbers x."""
    xt = x[:, None]
    return denoiser.schedule.posterior(denoiser(xt, t), xt, t)[0][:, 0]


def _log(x: Tensor, mean: Tensor, variance: Tensor) -> float:
    return gaussian_log_prob(x[:, None], mean[:, None], variance.log()).item()
