"""Guidance on a line, where every density can be computed: no network, and no samples.

The denoiser is exact, with and without a condition, and the density of the chain's end comes from
the chain's transition densities on a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch import Tensor, nn

from lib.exact_denoiser import ExactDenoiser
from lib.guidance import GuidedDiffusion
from lib.mixture import GaussianMixture
from lib.noise_schedule import NoiseSchedule


@dataclass(frozen=True)
class Kinds:
    """p(x, y) = p(y) p(x | y) on a line, every p(x | y) a Gaussian mixture.

    Parameters
    ----------
    priors : ndarray, shape (c,)
        p(y), with sum 1.
    parts : sequence of GaussianMixture
        p(x | y) for y = 0, 1, ..., each of dimension 1.
    """

    priors: np.ndarray
    parts: Sequence[GaussianMixture]

    def log_prob(self, x: np.ndarray, y: int | None = None) -> np.ndarray:
        """log p(x | y), or log p(x) if no y is given, at points x (n,); nats."""
        return (
            self.log_joint(x, np.ones(len(self.priors)))[:, y]
            if y is not None
            else (logsumexp(self.log_joint(x, self.priors), axis=1))
        )

    def log_joint(self, x: np.ndarray, priors: np.ndarray) -> np.ndarray:
        """log p(x | y) + log of the given priors, (n, c)."""
        columns = [part.log_prob(x[:, None]) for part in self.parts]
        return np.stack(columns, axis=1) + np.log(priors)

    def tilted(self, x: np.ndarray, y: int, w: float) -> np.ndarray:
        """The density proportional to p(x | y) p(y | x)^w on an even grid x (n,)."""
        log_p = (1 + w) * self.log_prob(x, y) - w * self.log_prob(x)
        p = np.exp(log_p - log_p.max())
        return p / (p.sum() * (x[1] - x[0]))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points (n, 1), float64, with their kinds y (n,), drawn from p(y) and p(x | y)."""
        y = rng.choice(len(self.priors), size=n, p=self.priors)
        drawn = np.stack([part.sample(n, rng)[0] for part in self.parts])  # (c, n, 1)
        return drawn[y, np.arange(n)], y

    def together(self) -> GaussianMixture:
        """p(x) as one mixture."""
        weights = [q * part.weights for q, part in zip(self.priors, self.parts, strict=True)]
        stacked = (
            np.concatenate([getattr(part, name) for part in self.parts])
            for name in ("means", "covariances")
        )
        return GaussianMixture(np.concatenate(weights), *stacked)


class ToldDenoiser(nn.Module):
    """E[x_0 | x_t, y] for conditions c that are one-hot, E[x_0 | x_t] where c is zero."""

    def __init__(self, kinds: Kinds, schedule: NoiseSchedule):
        super().__init__()
        self.told = nn.ModuleList(ExactDenoiser(part, schedule) for part in kinds.parts)
        self.untold = ExactDenoiser(kinds.together(), schedule)

    def forward(self, xt: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Means (n, 1) for points x_t (n, 1), steps t (n,) and conditions c (n, c_dim)."""
        answers = [net(xt, t) for net in (*self.told, self.untold)]
        said = torch.cat([c, 1 - c.sum(1, keepdim=True)], dim=1).to(xt.dtype)  # (n, c_dim + 1)
        return (torch.stack(answers, dim=2) * said[:, None]).sum(2)


def exact_guidance(kinds: Kinds, schedule: NoiseSchedule, weight: float = 0.0) -> GuidedDiffusion:
    """The book's guided diffusion with an exact answer in place of a network."""
    return GuidedDiffusion(
        ToldDenoiser(kinds, schedule),
        (1,),
        schedule,
        c_dim=len(kinds.parts),
        target="x0",
        weight=weight,
    )


def chain_density(model: GuidedDiffusion, grid: np.ndarray, c: Tensor | None) -> np.ndarray:
    """Density at an even grid (m,) of what Algorithm 2 draws, given one condition c (1, c_dim).

    It starts from N(0, 1) and applies one transition density a step: the Chapman-Kolmogorov sum.
    At t = 1 no noise is added; the density is carried along by the map that is left.

    Raises
    ------
    ValueError
        If the grid is too coarse or too short for the steps, so that mass is made or lost.
    """
    x = torch.as_tensor(grid, dtype=torch.float64)[:, None]  # (m, 1)
    cell, mass = grid[1] - grid[0], norm.pdf(grid)
    given = None if c is None else c.expand(len(x), -1)
    for t in range(model.schedule.steps, 0, -1):
        guess = model.denoise(x, t, given)[0]
        mean, variance = model.schedule.posterior(guess, x, t)
        if t == 1:
            _check_mass(mass.sum() * cell)
            return _carried(grid, mean[:, 0].numpy(), mass)
        away = (grid[:, None] - mean[:, 0].numpy()) ** 2 / float(variance)  # (to, from)
        mass = np.exp(-away / 2) @ mass * cell / (2 * np.pi * float(variance)) ** 0.5
    raise AssertionError("a chain has at least one step")


def _check_mass(whole: float) -> None:
    if abs(whole - 1) > 0.01:
        raise ValueError(
            f"the chain holds a mass of {whole:.3f} before its last step: take a finer or longer "
            "grid, or fewer steps"
        )


def _carried(grid: np.ndarray, to: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Density on the grid after every point has moved to `to`, which must be increasing."""
    if np.any(np.diff(to) <= 0):
        raise ValueError("the last step folds the line: use more steps")
    return np.interp(grid, to, mass / np.gradient(to, grid), left=0, right=0)


def divergence(p: np.ndarray, q: np.ndarray, grid: np.ndarray) -> float:
    """KL(p || q) of two densities on an even grid, in nats."""
    tiny = 1e-300  # where both are 0, nothing is added
    return float(np.sum(p * (np.log(p + tiny) - np.log(q + tiny))) * (grid[1] - grid[0]))
