"""Asking a trained diffusion: three ways to hold its chain to A x = y, without new training."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from lib.diffusion import Diffusion
from lib.inverse_problems import LinearMap

METHODS = "replace", "project", "slope"


def answer_steps(
    model: Diffusion,
    a: LinearMap,
    y: Tensor,
    *,
    method: str = "slope",
    steps: int | None = None,
    eta: float = 1.0,
    strength: float = 1.0,
    repeats: int = 1,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """x at `steps` + 1 times from noise to answers (n, *shape) of the questions y (n, M).

    Every answer fits its question exactly, for the last guess of x_0 is projected.

    Parameters
    ----------
    method : {"replace", "project", "slope"}
        "replace" gives x_t what A sees of the data with the noise of that step (Choi et al., 2021;
        Lugmayr et al., 2022). "project" moves every guess of x_0 to the nearest picture that
        answers y (Wang, Yu and Zhang, 2023). "slope" moves it by `slope_guess`.
    steps, eta
        As in `Diffusion.ddim_steps`.
    strength : float
        Factor of the correction of "slope".
    repeats : int
        Each step is made so many times, with the noise put back in between.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {METHODS}, got {method!r}")
    if repeats < 1:
        raise ValueError(f"repeats must be 1 or more, got {repeats}")

    def noise() -> Tensor:
        return torch.randn(len(y), *model.shape, generator=generator, dtype=y.dtype)

    x = noise()
    yield x
    for t, s in pairwise(model.times(steps)):
        for again in range(repeats):
            if method == "replace":
                x = a.project(x, a.ask(model.schedule.diffuse(a.back(y), t, noise())))
            x0 = _guess(model, a, y, x, t, method, strength)
            x0 = x0 if s > 0 else a.project(x0, y)
            eps = model.schedule.noise_from_data(x, t, x0)
            x = model._leap(x0, eps, t, s, eta, generator)
            if again < repeats - 1:
                x = _noisier(model, x, s, t, noise())
        yield x


def answers(model: Diffusion, a: LinearMap, y: Tensor, **options: Any) -> Tensor:
    """The last of `answer_steps`, (n, *shape)."""
    *_, last = answer_steps(model, a, y, **options)
    return last


def _guess(model, a, y, x, t, method, strength) -> Tensor:
    """The guess of x_0 at x_t, moved towards the question unless the method is "replace"."""
    if method == "slope":
        return slope_guess(model, a, y, x, t, strength)
    with torch.no_grad():
        x0, _ = model.denoise(x, t)
    return a.project(x0, y) if method == "project" else x0


def slope_guess(
    model: Diffusion, a: LinearMap, y: Tensor, xt: Tensor, t: int, strength: float = 1.0
) -> Tensor:
    """x_0-hat + J^T A^+ (y - A x_0-hat) / sqrt(bar alpha_t), (n, *shape), times a strength.

    J is the slope of x_0-hat in x_t; only its product with one picture is needed, a single pass
    backwards. The result is clipped where the model clips its guesses. Source: Chung et al., 2023;
    with the pseudo-inverse, J. Song et al., 2023.
    """
    with torch.enable_grad():
        xt = xt.detach().requires_grad_(True)
        x0, _ = model.denoise(xt, t)
        gap = a.back(y - a.ask(x0.detach()))
        (pull,) = torch.autograd.grad(x0, xt, gap)
    moved = x0.detach() + strength * pull / model.schedule.alpha_bar[t].sqrt().item()
    return moved if model.clip is None else moved.clamp(-model.clip, model.clip)


def _noisier(model: Diffusion, x: Tensor, s: int, t: int, noise: Tensor) -> Tensor:
    """From time s up to t > s again: the noise between them in one leap."""
    ratio = (model.schedule.alpha_bar[t] / model.schedule.alpha_bar[s]).item()
    return ratio**0.5 * x + (1 - ratio) ** 0.5 * noise


@torch.no_grad()
def pasted(model: Diffusion, a: LinearMap, y: Tensor, **options: Any) -> Tensor:
    """The slip: samples (n, *shape) drawn without a word about y, made to fit at the very end."""
    return a.project(model.ddim(len(y), **options), y)
