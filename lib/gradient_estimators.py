"""Two ways to estimate the gradient of E_q[f(z)] with respect to the parameters of a Gaussian q.

q = N(mean, diag exp(log_var)). Both ways are right on average; how far a single draw lies from the
average is what makes one of them useful. Each row of a result is the estimate from one draw, so
means and variances of the estimators can be measured.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lib.gaussian import reparameterise

Score = Callable[[Tensor], Tensor]


def reparameterised(
    f: Score,
    mean: Tensor,
    log_var: Tensor,
    *,
    draws: int,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Gradients of f(mean + sigma * eps), one for every eps: two tensors (draws, K).

    Parameters
    ----------
    f : callable, (draws, K) -> (draws,)
        Must be differentiable; row s of the result may depend on row s of z only.
    mean, log_var : Tensor, shape (K,)
        The gradients are with respect to these two.

    Source: Kingma and Welling, 2014; Rezende, Mohamed and Wierstra, 2014.
    """
    mean, log_var = (t.detach().expand(_count(draws), -1).clone() for t in (mean, log_var))
    parameters = mean.requires_grad_(), log_var.requires_grad_()
    values = _values(f, reparameterise(mean, log_var, generator=generator))
    return torch.autograd.grad(values.sum(), parameters)


def score_function(
    f: Score,
    mean: Tensor,
    log_var: Tensor,
    *,
    draws: int,
    baseline: float | Tensor = 0.0,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """(f(z) - baseline) times the gradient of log q(z), one for every draw: two tensors (draws, K).

    Never differentiates f. A `baseline`, one number or one for every draw, that does not depend on
    the draw it is subtracted from changes the variance only.
    Source: Williams, 1992 (REINFORCE).
    """
    shape = (_count(draws), *mean.shape)
    z = reparameterise(mean.detach().expand(shape), log_var.detach(), generator=generator)
    with torch.no_grad():
        weight = (_values(f, z) - baseline)[:, None]  # (draws, 1)
        scaled = (z - mean) * torch.exp(-log_var / 2)  # (draws, K), this is eps
        return weight * scaled * torch.exp(-log_var / 2), weight * (scaled**2 - 1) / 2


def leave_one_out(values: Tensor) -> Tensor:
    """For each of the values (draws,) the mean of all others: a baseline that needs no model."""
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"need two values or more in one row, got shape {tuple(values.shape)}")
    return (values.sum() - values) / (len(values) - 1)


def _count(draws: int) -> int:
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    return draws


def _values(f: Score, z: Tensor) -> Tensor:
    values = f(z)
    if values.shape != (len(z),):
        raise ValueError(f"f must give one number for each of {len(z)} rows, got {values.shape}")
    return values
