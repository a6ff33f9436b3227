"""The visible tests of chapter 6's homework, task 1: adding noise.

Right answers come from step-by-step recursions and from PyTorch's distributions. Each `check_...`
takes the student's function and raises AssertionError with a message that says which mistake would
give the student's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, ask_without, numbers, peer, peers_switched_off
from lib.homework_vae import each_example
from lib.noise_schedule import NoiseSchedule

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    "gaussian",
    "noise_schedule",
    "diffusion",
    "diffusion_bound",
    "exact_denoiser",
    "naive_diffusion",
    "mixture",
    "reverse_line",
)
#: How far sums over very many steps may be off: float32 is good enough.
MANY = 1e-3
OWN_T = "each example has its own t; you use that of the first for all"
COLUMNS = "t has one entry for each example, not for each column: reshape it to (N, 1, ...)"
BEHIND = "entry t of `alpha_bar` belongs to step t, entry 0 to the data; you are one step behind"
AHEAD = "entry t of `alpha_bar` belongs to step t, entry 0 to the data; you are one step ahead"
NO_ENTRY_0 = "entry 0 stands for the data, before any noise: T + 1 entries, not T"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    tables = mock.patch.object(NoiseSchedule, "__init__", _refuse)
    with peers_switched_off(), tables:
        return ask_without(ANSWERS, function, what, given)


def _refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("the book's own schedules are switched off; write it yourself")


def random_betas(rng: np.random.Generator, steps: int, largest: float = 0.4) -> np.ndarray:
    """Betas of some steps, (steps,), none so small that float32 would blur its effect."""
    return rng.uniform(0.05 * largest, largest, size=steps)


@peer
def retained(betas: Sequence[float] | np.ndarray) -> np.ndarray:
    """bar alpha_0 .. bar alpha_T, (T + 1,): each step takes the share beta of what is left."""
    left = [1.0]
    for beta in betas:
        left.append(left[-1] - left[-1] * float(beta))
    return np.array(left)


@peer
def moments(alpha_bar: np.ndarray, s: int, t: int) -> tuple[float, float]:
    """Factor of x_s, and variance, of x_t given x_s: one step after the other."""
    factor, variance = 1.0, 0.0
    for step in range(s + 1, t + 1):
        alpha = float(alpha_bar[step] / alpha_bar[step - 1])
        factor, variance = factor * np.sqrt(alpha), alpha * variance + 1 - alpha
    return float(factor), float(variance)


@peer
def bridge(alpha_bar: np.ndarray, s: int, t: int) -> tuple[float, float, float]:
    """x_s given x_0 and x_t, s < t: factor of x_0, factor of x_t, variance.

    By conditioning one of two jointly Gaussian numbers on the other.
    """
    start, before = moments(alpha_bar, 0, s)
    factor, added = moments(alpha_bar, s, t)
    gain = factor * before / (factor**2 * before + added)
    return start * (1 - gain * factor), gain, before * (1 - gain * factor)


def check_tables(
    schedule_tables: Callable, rng: np.random.Generator, steps: int = 6, largest: float = 0.4
) -> None:
    """Compare with shares that are taken away step by step."""
    betas = random_betas(rng, steps, largest)
    what = f"a schedule of {steps} steps"
    found = as_parts(ask(schedule_tables, what, betas=betas), what, "(alpha, alpha_bar, snr)")
    for part, name in zip(found, ("alpha", "alpha_bar", "snr"), strict=True):
        assert part is None or np.shape(part) != (steps,), f"{name} of {what}: {NO_ENTRY_0}"
    beta, alpha = np.append(0, betas), np.append(1, 1 - betas)
    kept = retained(betas)
    with np.errstate(divide="ignore"):
        snr = 1 / (1 / kept - 1)
        mistakes = _snr_mistakes(kept[1:], alpha[1:], snr[1:])
    tol = FLOAT32 if steps < 100 else MANY
    hints = {
        "that is beta; alpha is what is left, 1 - beta": beta,
        "alpha is a factor of the variance; take no root": np.sqrt(alpha),
        "take no square": alpha**2,
        "that is bar alpha; alpha belongs to one step": kept,
        "alpha_0 is 1: the data have lost nothing": np.append(0, 1 - betas),
    }
    compare(found[0], alpha, f"alpha of {what}", hints=hints, tol=tol)
    compare(found[1], kept, f"alpha_bar of {what}", hints=_kept_mistakes(beta, kept), tol=tol)
    found_snr = as_numbers(numbers(found[2]), snr.shape, f"snr of {what}")
    assert found_snr[0] == np.inf, (
        f"snr of {what}: at t = 0, without noise, the ratio is infinite, not {found_snr[0]:g}"
    )
    compare(found_snr[1:], snr[1:], f"snr of {what}, t = 1 to T", hints=mistakes, tol=tol)


def _kept_mistakes(beta: np.ndarray, kept: np.ndarray) -> dict[str, np.ndarray]:
    alpha = 1 - beta
    return {
        "multiply the alphas, do not add them": alpha.cumsum(),
        "shares are taken one after the other; 1 minus the sum of the betas is no product": (
            1 - beta.cumsum()
        ),
        "multiply the alphas, not the betas": np.append(1, beta[1:].cumprod()),
        "take no root: bar alpha is a factor of the variance": np.sqrt(kept),
        "that is 1 - bar alpha, the variance of the noise": 1 - kept,
        "that is alpha; multiply all up to t": alpha,
        "the product runs up to step t, with alpha_t itself": np.append(1, kept[:-1]),
        "bar alpha_0 is 1: the product of nothing": np.append(kept[1], kept[1:]),
        "the product begins at step 1, not at step T": np.append(1, alpha[:0:-1].cumprod()),
    }


def _snr_mistakes(kept: np.ndarray, alpha: np.ndarray, snr: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "signal over noise; yours is noise over signal": 1 / snr,
        "a ratio of variances; take no root": np.sqrt(snr),
        "that is its logarithm": np.log(snr),
        "use bar alpha_t, all steps up to t, and not alpha_t": alpha / (1 - alpha),
        "divide by 1 - bar alpha_t, not by 1 - alpha_t": kept / (1 - alpha),
        "the roots of signal and noise are variances already": np.sqrt(kept) / (1 - np.sqrt(kept)),
        "square neither signal nor noise": snr**2,
        "that is bar alpha; divide by the variance of the noise": kept,
    }


def check_terminal(
    terminal_nats: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 3,
    steps: int = 5,
    largest: float = 0.4,
) -> None:
    """Compare the divergence of x_T from pure noise with PyTorch's."""
    x0, kept = rng.normal(0, 1.5, size=(n, d)), retained(random_betas(rng, steps, largest))
    what = f"the nats of {n} examples of {d} numbers after {steps} steps"
    answer = ask(terminal_nats, what, x0=x0, alpha_bar=kept)
    left = kept[-1]

    def nats(mean: np.ndarray, std: float, turned: bool = False) -> np.ndarray:
        end = Normal(torch.tensor(mean), torch.full(mean.shape, float(std), dtype=torch.float64))
        pair = (end, Normal(torch.zeros(()).double(), torch.ones(()).double()))
        return kl_divergence(*pair[:: -1 if turned else 1]).sum(1).numpy()

    mean, std = np.sqrt(left) * x0, np.sqrt(1 - left)
    right = nats(mean, std)
    hints = {
        "a divergence is never negative; the sign is wrong": -right,
        "KL(q, N): the first is x_T given x_0; yours is turned round": nats(mean, std, True),
        "sum over the dimensions, do not average": right / d,
        "the factor 1/2 is missing": 2 * right,
        "the mean of x_T is sqrt(bar alpha_T) x_0; the root is missing": nats(left * x0, std),
        "1 - bar alpha_T is a variance, not a standard deviation": nats(mean, 1 - left),
        "the variance of x_T is 1 - bar alpha_T, not bar alpha_T": nats(mean, np.sqrt(left)),
        "x_T still holds a part of x_0, and its mean counts": nats(0 * mean, std),
        "that is x_0 itself, with the noise of step T": nats(x0, std),
        "that is the divergence at step T - 1": nats(
            np.sqrt(kept[-2]) * x0, np.sqrt(1 - kept[-2]) or 1
        ),
        "that is in bits; use the natural logarithm": right / np.log(2),
        "the logarithm of the variance is missing": (right + d * np.log1p(-left) / 2),
    }
    found = each_example(answer, n, what)
    compare(found, right, what, hints=hints, tol=FLOAT32 if steps < 100 else MANY)


def each(values: Any, x: np.ndarray) -> np.ndarray:
    """One number for each example, shaped (n, 1, ...) to multiply x (n, ...)."""
    return np.reshape(values, (-1, *[1] * (x.ndim - 1)))


def check_diffuse(
    diffuse: Callable, rng: np.random.Generator, shape: tuple[int, ...] = (4, 3), steps: int = 6
) -> None:
    """Compare x_t with a factor and a variance carried through the steps; each row has its t."""
    kept = retained(random_betas(rng, steps))
    x0, eps = rng.normal(0, 2, size=shape), rng.normal(size=shape)
    t = rng.integers(1, steps + 1, size=shape[0])
    t[:2] = rng.permutation(steps)[:2] + 1  # two different ones
    what = f"x_t for {shape[0]} examples of shape {shape[1:]}, {steps} steps"
    answer = ask(diffuse, what, x0=x0, t=t, eps=eps, alpha_bar=kept)
    pairs = np.array([moments(kept, 0, int(k)) for k in t])
    right = each(pairs[:, 0], x0) * x0 + each(np.sqrt(pairs[:, 1]), x0) * eps
    hints = _diffuse_mistakes(x0, t, eps, kept)
    compare(answer, right, what, hints=hints, tol=FLOAT32)


def _diffuse_mistakes(
    x0: np.ndarray, t: np.ndarray, eps: np.ndarray, kept: np.ndarray
) -> dict[str, np.ndarray]:
    def mix(first: Any, second: Any) -> np.ndarray:
        return each(first, x0) * x0 + each(second, x0) * eps

    def at(t: np.ndarray) -> np.ndarray:
        return mix(np.sqrt(kept[t]), np.sqrt(1 - kept[t]))

    k, alpha = kept[t], kept[t] / kept[t - 1]
    a, b = np.sqrt(k), np.sqrt(1 - k)
    found = {
        "x_0 is multiplied by the root of bar alpha_t": mix(k, b),
        "1 - bar alpha_t is a variance; the noise is multiplied by its root": mix(a, 1 - k),
        "bar alpha_t and 1 - bar alpha_t are variances; take both roots": mix(k, 1 - k),
        "the two factors are exchanged": mix(b, a),
        "the squares of the two factors add up to 1, not the factors": mix(a, 1 - a),
        BEHIND: at(t - 1),
        AHEAD: at(np.minimum(t + 1, len(kept) - 1)),
        "add the noise": mix(a, -b),
        "that is a single step, with alpha_t; from x_0 it is bar alpha_t": (
            mix(np.sqrt(alpha), np.sqrt(1 - alpha))
        ),
        "the noise of all steps counts, not that of step t alone": mix(a, np.sqrt(1 - alpha)),
        OWN_T: at(t[[0]]),
        "that is the mean; add the noise": mix(a, 0 * b),
    }
    if x0.ndim == 2 and x0.shape[0] == x0.shape[1]:
        found[COLUMNS] = a * x0 + b * eps
    return found


def check_jump(
    jump: Callable,
    rng: np.random.Generator,
    steps: int = 7,
    pair: tuple[int, int] | None = None,
    shape: tuple[int, ...] = (3, 2),
) -> None:
    """Compare x_t from x_s with a factor and a variance carried from s to t."""
    kept = retained(random_betas(rng, steps))
    s, t = pair or (int(rng.integers(2, steps - 2)), steps - 1)
    xs, eps = rng.normal(0, 2, size=shape), rng.normal(size=shape)
    what = f"x_{t} from x_{s}"
    answer = ask(jump, what, xs=xs, s=s, t=t, eps=eps, alpha_bar=kept)
    factor, variance = moments(kept, s, t)

    def mix(first: float, second: float) -> np.ndarray:
        return first * xs + np.sqrt(max(second, 0.0)) * eps

    ratio, one = kept[t] / kept[s], kept[t] / kept[t - 1]
    early, late = kept[t] / kept[max(s - 1, 0)], kept[t - 1] / kept[s]
    hints = {
        "x_s is not x_0: what was lost up to s is lost already; use bar alpha_t / bar alpha_s": (
            mix(np.sqrt(kept[t]), 1 - kept[t])
        ),
        "x_s is multiplied by the root of bar alpha_t / bar alpha_s": mix(ratio, 1 - ratio),
        "1 - bar alpha_t / bar alpha_s is a variance; take its root": (
            mix(np.sqrt(ratio), (1 - ratio) ** 2)
        ),
        "take both roots": mix(ratio, (1 - ratio) ** 2),
        "all noise up to t is too much: x_s holds a part of it": mix(np.sqrt(ratio), 1 - kept[t]),
        "the noise of the early steps shrinks on the way: the variances do not just differ": (
            mix(np.sqrt(ratio), kept[s] - kept[t])
        ),
        "the two factors are exchanged": mix(np.sqrt(1 - ratio), ratio),
        "that is the last step alone": mix(np.sqrt(one), 1 - one),
        "the step to s has been made already; begin with s + 1": mix(np.sqrt(early), 1 - early),
        "step t is a part of the way": mix(np.sqrt(late), 1 - late),
        "bar alpha_t / bar alpha_s, below 1; yours is turned round": mix(1 / np.sqrt(ratio), 0),
        "add the noise": 2 * np.sqrt(ratio) * xs - mix(np.sqrt(ratio), 1 - ratio),
    }
    compare(answer, mix(factor, variance), what, hints=hints, tol=FLOAT32)
