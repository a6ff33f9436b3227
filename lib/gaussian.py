"""Diagonal Gaussians in torch: densities, divergences, and samples that let gradients through."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def gaussian_log_prob(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log N(x; mean, diag exp(log_var)) in nats, summed over all axes but the first: (n,).

    The three arguments broadcast against each other.
    """
    scaled = (x - mean) ** 2 * torch.exp(-log_var)
    return -0.5 * _sum(scaled + log_var + math.log(2 * math.pi))


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, diag exp(log_var)) || N(0, I)) in nats, (n, K) -> (n,).

    Source: Kingma and Welling, 2014, appendix B, there with the opposite sign.
    """
    return 0.5 * _sum(torch.exp(log_var) + mean**2 - 1 - log_var)


def gaussian_kl(mean: Tensor, log_var: Tensor, prior_mean: Tensor, prior_log_var: Tensor) -> Tensor:
    """KL(N(mean, diag exp(log_var)) || N(prior_mean, diag exp(prior_log_var))) in nats, (n,)."""
    squared = torch.exp(log_var) + (mean - prior_mean) ** 2
    return 0.5 * _sum(squared * torch.exp(-prior_log_var) - 1 + prior_log_var - log_var)


def reparameterise(
    mean: Tensor, log_var: Tensor, *, generator: torch.Generator | None = None
) -> Tensor:
    """Draw z = mean + sigma * eps with sigma = exp(log_var / 2): gradients reach both arguments.

    The two broadcast against each other; every number of the result gets noise of its own.
    Source: Kingma and Welling, 2014, section 2.4.
    """
    shape = torch.broadcast_shapes(mean.shape, log_var.shape)
    eps = torch.randn(shape, generator=generator, dtype=mean.dtype)
    return mean + torch.exp(log_var / 2) * eps


def _sum(terms: Tensor) -> Tensor:
    """Sum over the dimensions of every example; the batch axis stays."""
    if terms.ndim < 2:
        raise ValueError(f"need a batch axis and a dimension axis, got shape {tuple(terms.shape)}")
    return terms.flatten(1).sum(1)
