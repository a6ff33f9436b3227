"""The ELBO of a diffusion model, term by term: it is a hierarchical VAE with a fixed encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lib.gaussian import gaussian_kl, gaussian_log_prob, kl_to_standard_normal

if TYPE_CHECKING:
    from lib.diffusion import Diffusion


@torch.no_grad()
def bound_terms(
    model: Diffusion,
    x: Tensor,
    c: Tensor | None = None,
    *,
    levels: int | None = None,
    variance: str = "posterior",
    generator: torch.Generator | None = None,
) -> Tensor:
    """The T + 1 terms L_0 .. L_T of -ELBO for examples x (n, *shape), in nats; (T + 1, n).

    L_T is the KL of q(x_T | x_0) to N(0, I), L_(t-1) that of the posterior to the model's reverse
    step, L_0 = -log p(x_0 | x_1) with the variance beta_1. Each but L_T is estimated with one draw
    of x_t. With `levels`, x_0 is one of that many evenly spaced values in [-1, 1] and L_0 a
    probability; without, a density. Source: DDPM, equations 5 and 13.
    """
    _check_levels(x, levels)
    terms = [data_term(model, x, c, levels=levels, generator=generator)]
    for t in range(2, model.schedule.steps + 1):
        terms.append(step_term(model, x, t, c, variance=variance, generator=generator))
    return torch.stack([*terms, prior_term(model, x)])


def prior_term(model: Diffusion, x: Tensor) -> Tensor:
    """L_T = KL(q(x_T | x_0) || N(0, I)) in nats, (n,): nothing in it can be learned."""
    kept = model.schedule.at(model.schedule.alpha_bar, model.schedule.steps, x)
    return kl_to_standard_normal(kept.sqrt() * x, torch.log1p(-kept).expand_as(x))


def step_term(
    model: Diffusion,
    x: Tensor,
    t: int,
    c: Tensor | None = None,
    *,
    variance: str = "posterior",
    generator: torch.Generator | None = None,
) -> Tensor:
    """L_(t-1) = KL(q(x_(t-1) | x_t, x_0) || p(x_(t-1) | x_t)) at one draw of x_t; (n,)."""
    xt, guess = _noisy_and_guess(model, x, t, c, generator)
    mean, true_var = model.schedule.posterior(x, xt, t)
    guessed_mean, _ = model.schedule.posterior(guess, xt, t)
    log_vars = (v.log().expand_as(x) for v in (true_var, model.variance(t, x, variance)))
    true_log_var, log_var = log_vars
    return gaussian_kl(mean, true_log_var, guessed_mean, log_var)


def data_term(
    model: Diffusion,
    x: Tensor,
    c: Tensor | None = None,
    *,
    levels: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """L_0 = -log N(x_0; mean at t = 1, beta_1), or of the cell round x_0; (n,)."""
    x1, guess = _noisy_and_guess(model, x, 1, c, generator)
    mean, _ = model.schedule.posterior(guess, x1, 1)
    var = model.schedule.at(model.schedule.beta, 1, x)
    if levels is None:
        return -gaussian_log_prob(x, mean, var.log())
    return -log_cell(x, mean, var.sqrt(), levels).flatten(1).sum(1)


def log_cell(x: Tensor, mean: Tensor, std: Tensor, levels: int) -> Tensor:
    """log of the mass of N(mean, std^2) that rounds to x, one of `levels` values in [-1, 1].

    The cells of the smallest and the largest value reach to infinity, so all masses sum to 1.
    """
    half = 1 / (levels - 1)
    low = torch.where(x < -1 + half, -torch.inf, (x - half - mean) / std)
    high = torch.where(x > 1 - half, torch.inf, (x + half - mean) / std)
    right = mean < x  # the right tail is the left tail of the mirrored curve, and exact there
    low, high = torch.where(right, -high, low), torch.where(right, -low, high)
    log_high = torch.special.log_ndtr(high)
    return log_high + torch.log1p(-torch.exp(torch.special.log_ndtr(low) - log_high))


def _check_levels(x: Tensor, levels: int | None) -> None:
    if levels is None:
        return
    if levels < 2:
        raise ValueError(f"levels must be 2 or more, got {levels}")
    place = (x + 1) * (levels - 1) / 2  # 0, 1, .. levels - 1
    if not bool(((place - place.round().clamp(0, levels - 1)).abs() < 0.01).all()):
        raise ValueError(
            f"x must consist of the {levels} even levels from -1 to 1, got values in "
            f"{x.min().item():.3g}..{x.max().item():.3g}"
        )


def _noisy_and_guess(model, x, t: int, c, generator) -> tuple[Tensor, Tensor]:
    """A draw of x_t, and the model's estimate of x_0 from it."""
    eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    xt = model.schedule.diffuse(x, t, eps)
    return xt, model.denoise(xt, t, c)[0]
