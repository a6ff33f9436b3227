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
    baseline: float | Callable[[Tensor], Tensor] = 0.0,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """(f(z) - baseline) times the gradient of log q(z), one for every draw: two tensors (draws, K).

    Never differentiates f. The `baseline`, a number or a function of all values such as
    `leave_one_out`, must not depend on the draw it is subtracted from; then it changes the variance
    only.
    Source: Williams, 1992 (REINFORCE).
    """
    shape = (_count(draws), *mean.shape)
    z = reparameterise(mean.detach().expand(shape), log_var.detach(), generator=generator)
    with torch.no_grad():
        values = _values(f, z)
        weight = values - (baseline(values) if callable(baseline) else baseline)
        weight = weight[:, None]  # (draws, 1)
        scaled = (z - mean) * torch.exp(-log_var / 2)  # (draws, K), this is eps
        return weight * scaled * torch.exp(-log_var / 2), weight * (scaled**2 - 1) / 2


def linear_case(
    k: int, *, dim: int = 64, generator: torch.Generator | None = None
) -> tuple[Score, Tensor, Tensor, Tensor]:
    """f(z) = -|x - W z|^2 / 2 with orthogonal columns of length 3, x from that model, and a q.

    Returns f, mean and log-variance of q, (k,) each, and the exact gradient W^T (x - W mean) of
    E_q[f] with respect to the mean.
    """
    w = 3 * torch.linalg.qr(torch.randn(dim, k, generator=generator))[0]
    x = w @ torch.randn(k, generator=generator) + torch.randn(dim, generator=generator)
    mean, log_var = torch.zeros(k), torch.full((k,), -1.0)

    def f(z: Tensor) -> Tensor:
        return -0.5 * ((x - z @ w.T) ** 2).sum(1)

    return f, mean, log_var, (x - w @ mean) @ w


def compared(
    k: int, *, draws: int = 2000, generator: torch.Generator | None = None
) -> tuple[dict[str, Tensor], Tensor]:
    """Gradient of the linear case for the mean: estimates (draws, k) by three methods, truth (k,).

    "score, baseline" subtracts from every f(z) the mean of the others.
    """
    f, mean, log_var, exact = linear_case(k, generator=generator)
    options = {"draws": draws, "generator": generator}
    estimates = {
        "reparameterised": reparameterised(f, mean, log_var, **options)[0],
        "score function": score_function(f, mean, log_var, **options)[0],
        "score, baseline": score_function(f, mean, log_var, baseline=leave_one_out, **options)[0],
    }
    return estimates, exact


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
