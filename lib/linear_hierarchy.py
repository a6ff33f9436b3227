"""Two levels in which nothing has to be estimated: three numbers z2 -> z1 -> x, all Gaussian."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lib.hierarchical_vae import HierarchicalVAE
from lib.likelihoods import FixedGaussian
from lib.nets import MLPDecoder, MLPEncoder


@dataclass(frozen=True)
class LinearHierarchy:
    """z2 ~ N(0, 1), z1 = sqrt(share) z2 + noise of variance 1 - share, x = w z1 + noise.

    Whatever the share of the top level is, z1 ~ N(0, 1).

    Parameters
    ----------
    share : float
        Part of the variance of z1 that comes from z2, in [0, 1).
    w : float
    noise : float
        Standard deviation of the noise of x.
    """

    share: float
    w: float = 2.0
    noise: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ValueError(f"share is a part of the variance, in [0, 1), got {self.share}")
        if not (self.noise > 0 and self.w):
            raise ValueError(f"need noise > 0 and w other than 0, got {self.noise} and {self.w}")

    @property
    def message_variance(self) -> float:
        """Variance v of what x alone says of z1; its mean is m = x / w."""
        return (self.noise / self.w) ** 2

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Exact log p(x) in nats, (n,): the share plays no role."""
        variance = self.w**2 + self.noise**2
        return -0.5 * (np.asarray(x) ** 2 / variance + math.log(2 * math.pi * variance))

    def top_posterior(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Mean (n,) and variance of p(z2 | x)."""
        gain = math.sqrt(self.share) / (1 + self.message_variance)
        return gain * np.asarray(x) / self.w, 1 - self.share / (1 + self.message_variance)

    def rates(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the exact posterior pays: E KL(z1 | x, z2 : z1 | z2), and KL(z2 | x : z2); (n,)."""
        m, v, t = np.asarray(x) / self.w, self.message_variance, 1 - self.share
        top, spread = self.top_posterior(x)
        kept = t / (t + v)  # variance of z1 given x and z2, over v; its mean moves kept (m - a z2)
        off = (m - math.sqrt(self.share) * top) ** 2 + self.share * spread
        rate_1 = 0.5 * (kept * v / t - 1 - math.log(kept * v / t) + kept**2 * off / t)
        return rate_1, 0.5 * (spread + top**2 - 1 - math.log(spread))

    def as_vae(self) -> HierarchicalVAE:
        """The same as networks without hidden layers, whose q is the exact posterior."""
        a, v = math.sqrt(self.share), self.message_variance
        gain, spread = a / (1 + v), self.top_posterior(np.zeros(1))[1]
        encoder, decoder = MLPEncoder((1,), (), 2), MLPDecoder(1, (), (1,))
        top, middle = nn.Linear(2, 2), nn.Linear(1, 2)
        _set(encoder.net[0], [[1 / self.w], [0]], [0, math.log(v)])
        _set(top, [[gain, 0], [0, 0]], [0, math.log(spread)])
        _set(middle, [[a], [0]], [0, math.log(1 - self.share)])
        _set(decoder.net[0], [[self.w]], [0])
        likelihood = FixedGaussian(self.noise)
        return HierarchicalVAE(encoder, top, middle, decoder, likelihood, k2=1).double()


def _set(layer: nn.Linear, weight: list, bias: list) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight, dtype=torch.float64))
        layer.bias.copy_(torch.tensor(bias, dtype=torch.float64))
