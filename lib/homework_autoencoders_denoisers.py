"""The visible tests of chapter 3's homework, task 4: the best denoiser and the score.

Right answers come from the slope of an exact log-density and from derivatives done by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.special import logsumexp

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_autoencoders import ROUGH, ask, differ

#: What a variance may be told as.
TOLD: dict[str, Callable] = {
    **{name: lambda v: v for name in ("variance", "variances")},
    **dict.fromkeys(("sigma", "deviations"), np.sqrt),
    **{name: lambda v: 1 / v for name in ("precision", "precisions")},
}


class Law(NamedTuple):
    """A mixture of round Gaussians, (M,), (M, D), (M,), and what happens to its data.

    A clean point is multiplied by `gain`, and noise of standard deviation `sigma` is added.
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    sigma: float
    gain: float = 1.0


def check_denoiser(
    function: Callable,
    rng: np.random.Generator,
    d: int = 2,
    m: int = 3,
    points: bool = False,
    far: float = 1.0,
    *,
    spread: str = "variances",
    noise: str = "sigma",
    gained: bool = False,
    guess: str = "x",
) -> None:
    """Compare E[x | noisy x] with a step uphill in the exact log-density of the noisy data.

    With `points` every component is a single point. `far` moves the noisy data out. `spread` and
    `noise` are how variances and noise are told (see `TOLD`); with `gained` clean points are
    multiplied first; the `guess` is that of "x" or of the "noise", E[epsilon | noisy x].
    """
    weights, means = rng.dirichlet(np.full(m, 3.0)), rng.normal(0, 2, size=(m, d))
    variances = np.zeros(m) if points else rng.uniform(0.2, 2, size=m)
    law = Law(weights, means, variances, _sigma(rng), rng.uniform(0.4, 0.75) if gained else 1.0)
    noisy = far * rng.normal(0, 2, size=(8, d))
    with np.errstate(divide="ignore"):
        given = {"noisy": noisy, "weights": weights, "means": means}
        given |= {spread: TOLD[spread](variances)} | ({"a": law.gain} if gained else {})
        given |= {noise: TOLD[noise](law.sigma**2)}
    name = "x" if guess == "x" else "epsilon"
    what = f"E[{name} | noisy x], {m} components in {d} dimensions"
    advice = "all weights underflow; subtract the largest logarithm before you take exp"
    endless = "precisions may be infinite; such a component is a single point, with variance 0"
    answer = as_numbers(numbers(ask(function, what, **given)), (8, d), what, nan=(
        endless if points and spread == "precisions" else advice
    ))  # fmt: skip
    best = uphill(noisy, *law)
    right, hints = best, _denoiser_mistakes(noisy, best, law)
    if guess != "x":
        right = _noise_in(noisy, best, law)
        hints = {text: _noise_in(noisy, value, law) for text, value in hints.items()}
        hints |= _noise_mistakes(noisy, best, law)
    hints |= _readings(noisy, law, given[spread], spread, given[noise], noise, guess)
    if far > 1:
        what += f", far from all of them: {advice}, or"
    compare(answer, right, what, hints=differ(hints, right), tol=ROUGH if far > 1 else 5 * FLOAT32)


def _sigma(rng: np.random.Generator) -> float:
    """A standard deviation that is not near its square."""
    return float(rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.3, 1.8)]))


@peer
def uphill(
    noisy: np.ndarray,
    weights: np.ndarray,
    means: np.ndarray,
    variances: np.ndarray,
    sigma: float,
    gain: float = 1.0,
) -> np.ndarray:
    """Tweedie: noisy + sigma^2 times the gradient of log p_sigma, by automatic derivatives.

    That is the best guess of `gain` times the clean point.
    """
    at = torch.tensor(noisy, requires_grad=True)
    v = torch.tensor(gain**2 * variances) + sigma**2
    distance = ((at[:, None] - gain * torch.tensor(means)) ** 2).sum(dim=2)
    d = noisy.shape[1]
    logs = torch.tensor(weights).log() - 0.5 * (distance / v + d * torch.log(2 * torch.pi * v))
    slope = torch.autograd.grad(logs.logsumexp(dim=1).sum(), at)[0]
    return (noisy + sigma**2 * slope.numpy()) / gain


@peer
def _noise_in(noisy: np.ndarray, best: np.ndarray, law: Law) -> np.ndarray:
    """The guess of epsilon that belongs to a guess of x."""
    return (noisy - law.gain * best) / law.sigma


@peer
def _noise_mistakes(noisy: np.ndarray, best: np.ndarray, law: Law) -> dict[str, Any]:
    """What typical mistakes give for the best guess of the noise."""
    step = noisy - law.gain * best
    return {
        "that is the best guess of x; the guess of the noise epsilon is asked for": best,
        "that is the guess of sigma epsilon; divide by sigma": step,
        "divide by sigma, not by its square": step / law.sigma**2,
        "wrong sign: the noise leads from the clean point to the noisy one": -step / law.sigma,
    }


@peer
def _readings(
    noisy: np.ndarray,
    law: Law,
    spread: np.ndarray,
    spread_told: str,
    noise: float,
    noise_told: str,
    guess: str,
) -> dict[str, Any]:
    """What one gets when arguments are taken for what they are not, and E[x] for E[epsilon]."""
    found: dict[str, Any] = {}
    for as_spread in ("variances", "deviations", "precisions"):
        for as_noise in ("sigma", "variance", "precision"):
            if (as_spread, as_noise) == (spread_told, noise_told):
                continue
            v = _untold(spread, as_spread)
            s = float(np.sqrt(_untold(np.asarray(noise), as_noise)))
            wrong = [f"`{spread_told}` are not {as_spread}"] * (as_spread != spread_told)
            wrong += [f"`{noise_told}` is no {_name(as_noise)} of the noise"] * (
                as_noise != noise_told
            )
            text = " and ".join(wrong) + "; read the task again"
            other = law._replace(variances=v, sigma=s)
            best = uphill(noisy, *other)
            found[text] = best if guess == "x" else _noise_in(noisy, best, other)
            if guess != "x":
                found[text + ": the guess of the noise epsilon is asked for, too"] = best
    return {text: v for text, v in found.items() if np.isfinite(v).all()}


def _name(told: str) -> str:
    return "standard deviation" if told == "sigma" else told


def _untold(value: np.ndarray, told: str) -> np.ndarray:
    """The variance that a number means when it is told in a certain way."""
    if told in ("sigma", "deviations"):
        return value**2
    with np.errstate(divide="ignore"):
        return 1 / value if told.startswith("precision") else value


def _denoiser_mistakes(noisy: np.ndarray, right: np.ndarray, law: Law) -> dict[str, Any]:
    """What typical mistakes give for the posterior mean."""
    weights, means, variances, sigma, gain = law
    same, d = np.full_like(weights, 1 / len(weights)), noisy.shape[1]
    gap = noisy[:, None] - gain * means
    distance = (gap**2).sum(axis=2)

    def mixed(v: np.ndarray, share: np.ndarray, pi: np.ndarray = weights, power: int = d) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(pi) - 0.5 * (distance / v + power * np.log(v))
            r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
            return (r[:, :, None] * (means + share[:, None] * gap)).sum(axis=1)

    wide = gain**2 * variances + sigma**2
    keep = gain * variances / wide
    return {
        "sigma is a standard deviation; square it": mixed(
            gain**2 * variances + sigma, gain * variances / (gain**2 * variances + sigma)
        ),
        "a noisy point of component m scatters with v_m + sigma^2, not with sigma^2": mixed(
            0 * wide + sigma**2, keep
        ),
        "the components have weights": mixed(wide, keep, same),
        "weigh by how well each component explains the noisy point, not by pi_m": np.einsum(
            "m,nmd->nd", weights, means + keep[:, None] * gap
        ),
        "a Gaussian's height depends on its variance: D / 2 log(v_m + sigma^2)": mixed(
            wide, keep, power=0
        ),
        "that power of the variance belongs to one dimension; there are D": mixed(
            wide, keep, power=1
        ),
        "inside a component the best guess lies between its mean and the noisy point": mixed(
            wide, 0 * keep
        ),
        "the share of x - mu_m that is kept is v_m / (v_m + sigma^2)": mixed(wide, 1 - keep),
        "an average of all components is asked for, not the nearest mean": means[
            distance.argmin(axis=1)
        ],
        "that is the step; add the noisy point": right - noisy,
        "that is the score; multiply by sigma^2 and add the noisy point": (right - noisy)
        / sigma**2,
    } | _gain_mistakes(noisy, right, law)


@peer
def _gain_mistakes(noisy: np.ndarray, right: np.ndarray, law: Law) -> dict[str, Any]:
    """What one gets when the factor in front of the clean point is forgotten."""
    if law.gain == 1:
        return {}
    return {
        "the clean point is multiplied by a before the noise comes": uphill(noisy, *law[:4]),
        "that is the best guess of a x; divide by a": law.gain * right,
        "a multiplies standard deviations; a variance is multiplied by a^2": uphill(
            noisy, *law._replace(variances=law.variances / law.gain)
        ),
    }


def check_score(
    function: Callable,
    rng: np.random.Generator,
    points: bool = False,
    *,
    noise: str = "sigma",
    gained: bool = False,
    guess: str = "x",
) -> None:
    """Compare scores with derivatives done by hand: a Gaussian, or with `points` two points.

    `noise`, `gained` and `guess` as in `check_denoiser`: what the perfect guess is a guess of.
    """
    sigma, gain = _sigma(rng), rng.uniform(0.4, 0.75) if gained else 1.0
    noisy = rng.normal(size=(6, 3))
    best, right = (_two_points if points else _one_gaussian)(rng, noisy, sigma, gain)
    given: dict[str, Any] = {"denoise": best}
    if guess != "x":
        given = {"guess_noise": lambda rows: (rows - gain * best(rows)) / sigma}
    told = next(iter(given.values()))(noisy)
    given |= {"noisy": noisy} | ({"a": gain} if gained else {}) | {noise: TOLD[noise](sigma**2)}
    answer = ask(function, "the score", **given)
    step = best(noisy) - noisy
    hints = {
        "sigma is a standard deviation; divide by its square": right * sigma,
        "divide by sigma^2": right * sigma**2,
        "divide by sigma^2, do not multiply": right * sigma**4,
        "it points uphill, from the noisy point to the guess": -right,
        "take the noisy point away": best(noisy) / sigma**2,
        "take the noisy point away and divide by sigma^2": best(noisy),
        "the clean point was multiplied by a before the noise came": step / sigma**2,
    }
    if guess != "x":
        level, hints = given[noise], {"it points against the noise": -right}
        read = f"`{noise}` is told, not the standard deviation of the noise"
        hints |= {
            "the function guesses the noise, not the clean point; and " + read: (told - noisy)
            / level**2,
            "the function guesses the noise, not the clean point": (told - noisy) / sigma**2,
            "divide the guessed noise by sigma": -told,
            "divide by sigma, not by its square": right / sigma,
            "divide by sigma, do not multiply": -told * sigma,
            read: -told / level,
            f"{read}; and divide by sigma": -told / level**2,
        }
    compare(numbers(answer), right, "the score", hints=differ(hints, right), tol=5 * FLOAT32)


@peer
def _one_gaussian(
    rng: np.random.Generator, noisy: np.ndarray, sigma: float, gain: float
) -> tuple[Callable, np.ndarray]:
    """The perfect denoiser of N(mean, diag v) and the score of its noisy data."""
    mean, v = rng.normal(size=3), rng.uniform(0.3, 2, size=3)
    wide = gain**2 * v + sigma**2

    def denoise(rows: np.ndarray) -> np.ndarray:
        return mean + gain * v / wide * (rows - gain * mean)

    return denoise, -(noisy - gain * mean) / wide


@peer
def _two_points(
    rng: np.random.Generator, noisy: np.ndarray, sigma: float, gain: float
) -> tuple[Callable, np.ndarray]:
    """The same for data that are a or -a, half of them each."""
    a = rng.normal(size=3)

    def denoise(rows: np.ndarray) -> np.ndarray:
        return np.tanh(rows @ a * gain / sigma**2)[:, None] * a

    ends = [sign * gain * a for sign in (1, -1)]
    to = np.exp(-0.5 * np.stack([((noisy - end) ** 2).sum(1) for end in ends]) / sigma**2)
    right = sum(to[i, :, None] * (end - noisy) for i, end in enumerate(ends)) / sigma**2
    return denoise, right / to.sum(axis=0)[:, None]
