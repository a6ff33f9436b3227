"""What an encoder loses: bounds and likelihoods of a VAE with one or two latents, by quadrature.

log p(x) minus the encoder's bound has two parts (Cremer, Li and Duvenaud, 2018): the best Gaussian
is not the posterior (approximation gap), and the encoder does not give the best Gaussian
(amortisation gap). No sum here is random, so even small gaps can be measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lib.gaussian import gaussian_log_prob, kl_to_standard_normal
from lib.linear_vae import from_ppca
from lib.ppca import PPCA
from lib.vae import VAE

BLOCK = 20_000  # rows of z decoded at a time


def bound_by_quadrature(
    model: VAE, x: Tensor, mean: Tensor, log_var: Tensor, *, nodes: int = 12
) -> Tensor:
    """The bound of `model` at x (n, ...) for any q = N(mean, diag exp(log_var)), both (n, K); (n,).

    E_q is a Gauss-Hermite sum with `nodes` points a latent: exact if log p(x | z) is a polynomial
    in z of degree up to 2 nodes - 1, very close if it is smooth. Gradients reach mean and log_var.
    """
    points, weights = _hermite(nodes, _small(model))
    points, weights = points.to(mean.dtype), weights.to(mean.dtype)
    z = mean[:, None] + torch.exp(log_var / 2)[:, None] * points  # (n, P, K)
    out = model.decoder(z.flatten(0, 1), None)
    log_lik = model.likelihood.log_prob(x.repeat_interleave(len(points), 0), out)
    return log_lik.reshape(len(x), -1) @ weights - kl_to_standard_normal(mean, log_var)


@torch.enable_grad()
def best_gaussian(
    model: VAE, x: Tensor, *, steps: int = 150, lr: float = 0.05, nodes: int = 8
) -> tuple[Tensor, Tensor]:
    """Mean and log-variance (n, K) of the q of largest bound for each x, from the encoder's on.

    Adam on the bound itself, one pair of numbers a latent and a picture; no network is changed.
    """
    with torch.no_grad():
        start = model.encode(x)
    parameters = [t.clone().requires_grad_() for t in start]
    optimiser = torch.optim.Adam(parameters, lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        loss = -bound_by_quadrature(model, x, *parameters, nodes=nodes).sum()
        grads = torch.autograd.grad(loss, parameters)
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter.grad = grad
        optimiser.step()
        schedule.step()
    mean, log_var = parameters
    return mean.detach(), log_var.detach()


@torch.no_grad()
def log_prob_by_grid(model: VAE, x: Tensor, *, reach: float = 6.0, step: float = 0.04) -> Tensor:
    """log p(x) in nats, (n,): p(z) p(x | z) added up over a grid from -reach to reach.

    `step` must be well below the width of p(z | x), and the grid must hold nearly all of it.
    """
    k = _small(model)
    axis = torch.arange(-reach, reach + step / 2, step, dtype=x.dtype)
    grid = torch.cartesian_prod(*[axis] * k).reshape(-1, k)
    parts = [_log_sums(model, x, z) for z in grid.split(BLOCK)]
    return torch.logsumexp(torch.stack(parts), 0) + k * math.log(step)


@torch.no_grad()
def log_prob_by_prior(
    model: VAE, x: Tensor, *, draws: int, generator: torch.Generator | None = None
) -> Tensor:
    """log of the mean of p(x | z) over draws of z from the prior, in nats, (n,).

    Any number of latents; all x share the draws. p(x) is right on average, its logarithm too low.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    z = torch.randn(draws, model.k, generator=generator, dtype=x.dtype)
    parts = [_log_sums(model, x, some, flat=True) for some in z.split(BLOCK)]
    return torch.logsumexp(torch.stack(parts), 0) - math.log(draws)


def prior_shortfall(
    k: int, draws: Sequence[int], *, dim: int = 40, n: int = 100, generator: torch.Generator
) -> tuple[list[float], float]:
    """How far `log_prob_by_prior` falls short in a linear model whose log p(x) is known, in nats.

    W has k orthogonal columns of length 3, the noise variance 1; averages over n draws of x.
    Returns one number for each of `draws`, and KL(p(z | x) || p(z)).
    """
    w = 3 * torch.linalg.qr(torch.randn(dim, k, generator=generator, dtype=torch.double))[0]
    model = from_ppca(PPCA(np.zeros(dim), w.numpy(), 1.0))
    x = model.sample(n, generator=generator)
    guesses = [log_prob_by_prior(model, x, draws=s, generator=generator) for s in draws]
    with torch.no_grad():
        missed = [(model.log_prob(x) - guess).mean().item() for guess in guesses]
        return missed, model.exact_terms(x)[1].mean().item()


def _log_sums(model: VAE, x: Tensor, z: Tensor, *, flat: bool = False) -> Tensor:
    """log of the sum of p(z) p(x | z) over some z (g, K), for every x: (n,); p(z) = 1 if flat."""
    out, zero = model.decoder(z, None), torch.zeros_like(z)
    log_prior = 0.0 if flat else gaussian_log_prob(z, zero, zero)
    log_joints = [model.likelihood.log_prob(one.expand(len(z), *one.shape), out) for one in x]
    return torch.logsumexp(torch.stack(log_joints) + log_prior, 1)


def _hermite(nodes: int, k: int) -> tuple[Tensor, Tensor]:
    """Points (P, K) and weights (P,) of expectations under K standard normal numbers."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = torch.from_numpy(weights / weights.sum())
    grid = torch.cartesian_prod(*[torch.from_numpy(points)] * k).reshape(-1, k)
    return grid, torch.cartesian_prod(*[weights] * k).reshape(-1, k).prod(1)


def _small(model: VAE) -> int:
    if model.k > 2:
        raise ValueError(f"a grid serves one or two latent variables, this model has {model.k}")
    return model.k
