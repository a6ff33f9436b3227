"""Mu-law companding: a wave as a few levels, fine where it is quiet and coarse where it is loud."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mu_law(wave: Tensor, mu: float) -> Tensor:
    """Squeeze numbers in [-1, 1]: sign(s) ln(1 + mu |s|) / ln(1 + mu). Source: ITU-T G.711."""
    _check(mu)
    return wave.sign() * torch.log1p(mu * wave.abs()) / math.log1p(mu)


def inverse_mu_law(squeezed: Tensor, mu: float) -> Tensor:
    """The wave behind `mu_law(wave, mu)`."""
    _check(mu)
    return squeezed.sign() * torch.expm1(squeezed.abs() * math.log1p(mu)) / mu


def to_levels(wave: Tensor, levels: int) -> Tensor:
    """Whole numbers 0 .. levels - 1 (dtype long) of samples in [-1, 1]; mu is levels - 1."""
    if not (wave.abs() <= 1).all():
        raise ValueError(f"samples lie in [-1, 1], the largest is {wave.abs().max():.3g}")
    _check(levels - 1)
    return ((mu_law(wave, levels - 1) + 1) / 2 * (levels - 1)).round().long()


def to_wave(x: Tensor, levels: int) -> Tensor:
    """The samples in [-1, 1] that levels `x` stand for."""
    if x.numel() and not (x.min() >= 0 and x.max() < levels):
        raise ValueError(f"levels are 0..{levels - 1}, got {x.min()}..{x.max()}")
    return inverse_mu_law(x * (2 / (levels - 1)) - 1, levels - 1)


def edges(levels: int) -> Tensor:
    """Where in [-1, 1] one level ends and the next begins: (levels - 1,), rising."""
    middles = (torch.arange(levels - 1) + 0.5) * (2 / (levels - 1)) - 1
    return inverse_mu_law(middles, levels - 1)


def _check(mu: float) -> None:
    if mu <= 0:
        raise ValueError(f"mu must be positive (two levels or more), got {mu}")
