"""The visible tests of chapter 6's homework, task 8: fewer steps, and examples with missing parts.

Right answers come from Gaussian conditioning and from loops over single numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer, sealed
from lib.homework_diffusion import ask, bridge, moments, random_betas, retained
from lib.homework_diffusion_goals import Network

NEGATIVE = "the root of a negative number? Under the root of eps stands sigma^2, not sigma"


def check_ddim(
    ddim_step: Callable,
    rng: np.random.Generator,
    eta: float = 0.0,
    pair: tuple[int, int] | None = None,
    shape: tuple[int, ...] = (3, 2),
) -> None:
    """Compare a leap from t to s with the conditional of x_s, its spread made smaller by eta."""
    steps = 8
    kept = retained(random_betas(rng, steps))
    t, s = pair or (int(rng.integers(5, steps)), int(rng.integers(2, 4)))
    xt, eps, z = rng.normal(size=(3, *shape))
    what = f"a leap from x_{t} to x_{s}, eta = {eta:g}"
    answer = ask(ddim_step, what, xt=xt, eps=eps, t=t, s=s, eta=eta, z=z, alpha_bar=kept)
    (a, noise), (a_s, noise_s) = moments(kept, 0, t), moments(kept, 0, s)
    spread = eta**2 * bridge(kept, s, t)[2]
    x0 = (xt - np.sqrt(noise) * eps) / a
    right = a_s * x0 + np.sqrt(noise_s - spread) * eps + np.sqrt(spread) * z
    with np.errstate(all="ignore"):
        hints = ddim_mistakes(xt, eps, z, eta, kept[t], kept[s])
    compare(
        as_numbers(numbers(answer), shape, what, NEGATIVE), right, what, hints=hints, tol=FLOAT32
    )


def ddim_mistakes(
    xt: np.ndarray, eps: np.ndarray, z: np.ndarray, eta: float, now: float, then: float
) -> dict[str, np.ndarray]:
    """What typical mistakes give for a leap between two bar alphas: advice -> x_s."""
    sigma = eta * np.sqrt((1 - then) / (1 - now) * (1 - now / then))
    x0 = (xt - np.sqrt(1 - now) * eps) / np.sqrt(now)

    def leap(
        x0: np.ndarray = x0, to: float = then, towards: float = sigma, sigma: float = sigma
    ) -> np.ndarray:
        rest = np.sqrt(np.maximum(1 - to - towards**2, 0))
        return np.sqrt(to) * x0 + rest * eps + sigma * z

    plain = eta * np.sqrt((1 - then) / (1 - now))
    found = {
        "x_s has the noise level of s, not of t": leap(to=now),
        "the factor of x_0 has a root": leap() + (then - np.sqrt(then)) * x0,
        "x_0: divide by the root of bar alpha_t": leap(x0 / np.sqrt(now)),
        "x_0: 1 - bar alpha_t is a variance; take the root": (
            leap((xt - (1 - now) * eps) / np.sqrt(now))
        ),
        "x_0 is not x_t: take the noise away first": leap(xt),
        "the factor of eps has a root": (
            np.sqrt(then) * x0 + (1 - then - sigma**2) * eps + sigma * z
        ),
        "that is x_0; noise of level s belongs to x_s": np.sqrt(then) * x0 + sigma * z,
        "the expected noise is missing: z is only a part of the noise of level s": (
            np.sqrt(then) * x0 + np.sqrt(1 - then) * z
        ),
        "that is x_0 itself": x0,
    }
    if eta:
        found |= {
            "z makes noise of its own: take sigma^2 away under the root of eps": leap(towards=0.0),
            "sigma is the standard deviation of z; yours is its square": leap(sigma=sigma**2),
            "under the root stands sigma^2, not sigma": leap(towards=np.sqrt(sigma)),
            "eta multiplies sigma": leap(towards=sigma / eta, sigma=sigma / eta),
            "eta multiplies sigma, so sigma^2 has eta^2": (
                leap(towards=sigma / np.sqrt(eta), sigma=sigma / np.sqrt(eta))
            ),
            "sigma has a second factor: 1 - bar alpha_t / bar alpha_s": leap(
                towards=plain, sigma=plain
            ),
            "z is missing": leap(sigma=0.0),
        }
    return found


class Reverse:
    """A black box that draws x_(t-1) from x_t, all its noise fixed; keeps the steps it was asked.

    Every number of the answer depends on every number of x_t.
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...], steps: int):
        self.network, self.asked, self.steps = Network(rng, shape, steps), [], steps

    def __call__(self, xt: Any, t: Any) -> np.ndarray:
        """x_(t-1), shape (n, ...)."""
        xt = np.asarray(numbers(xt), dtype=float)
        what = "what you give to `reverse`"
        assert np.ndim(t) == 0, f"{what}: one step t for all examples"
        assert 1 <= t <= self.steps, f"{what}: t goes from {self.steps} down to 1, yours is {t}"
        self.asked.append(int(t))
        return 0.7 * xt + self.network.numpy(xt, t)


def check_completion(
    complete: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (3, 4),
    steps: int = 4,
    share: float = 0.5,
) -> None:
    """Compare completed examples with a loop that works on single numbers."""
    kept = retained(random_betas(rng, steps))
    reverse = Reverse(rng, shape[1:], steps)
    x0, start = rng.normal(size=(2, *shape))
    eps = rng.normal(size=(steps + 1, *shape))
    places = rng.permutation(x0[0].size).reshape(shape[1:])
    known = places < round(share * x0[0].size)
    what = f"{shape[0]} examples with {known.sum()} of {known.size} numbers known, {steps} steps"
    given = {"x0": x0, "known": known, "start": start, "eps": eps, "alpha_bar": kept}
    answer = ask(complete, what, reverse=sealed(reverse), **given)
    asked = list(reverse.asked)
    values = as_numbers(numbers(answer), shape, what)
    right = completed(reverse, **given)
    compare(values, right, what, hints=_completion_mistakes(reverse, **given), tol=FLOAT32)
    assert asked == list(range(steps, 0, -1)), (
        f"{what}: ask `reverse` once for each t from {steps} down to 1; you asked for {asked}"
    )


@peer
def completed(
    reverse: Callable,
    x0: np.ndarray,
    known: np.ndarray,
    start: np.ndarray,
    eps: np.ndarray,
    alpha_bar: np.ndarray,
) -> np.ndarray:
    """x_0 (n, ...): known numbers get the noise of each step before it, hidden ones are drawn."""
    xt = start.copy()
    for t in range(len(alpha_bar) - 1, 0, -1):
        factor, variance = moments(alpha_bar, 0, t)
        for place in np.argwhere(known):
            at = (slice(None), *place)
            xt[at] = factor * x0[at] + np.sqrt(variance) * eps[t][at]
        xt = reverse(xt, t)
    return xt + known * (x0 - xt)


@peer
def _complete(
    reverse: Callable,
    x0: np.ndarray,
    known: np.ndarray,
    start: np.ndarray,
    steps: int,
    before: Callable | None,
    after: Callable | None = None,
    *,
    end: bool = True,
) -> np.ndarray:
    """Completion with known numbers set before and after each step, and in the end."""
    xt = start
    for t in range(steps, 0, -1):
        xt = reverse(np.where(known, before(t), xt) if before else xt, t)
        xt = np.where(known, after(t), xt) if after else xt
    return np.where(known, x0, xt) if end else xt


def _completion_mistakes(
    reverse: Callable,
    x0: np.ndarray,
    known: np.ndarray,
    start: np.ndarray,
    eps: np.ndarray,
    alpha_bar: np.ndarray,
) -> dict[str, np.ndarray]:
    steps = len(alpha_bar) - 1

    def noisy(t: int, number: int | None = None) -> np.ndarray:
        k = alpha_bar[t]
        return np.sqrt(k) * x0 + np.sqrt(1 - k) * eps[t if number is None else number]

    def run(before=noisy, after=None, *, fixed=known, end=True) -> np.ndarray:
        return _complete(reverse, x0, fixed, start, steps, before, after, end=end)

    return {
        "known numbers get noise of level t before step t; yours stay clean": run(lambda t: x0),
        "known numbers must be set at every step, not at the end alone": run(None),
        "in the end, known numbers are those of x0": run(end=False),
        "known numbers stay, the others are drawn; yours are exchanged": run(fixed=~known),
        "before step t, known numbers need the noise level of t, not of t - 1": (
            run(lambda t: noisy(t - 1, t))
        ),
        "after step t the level is t - 1": run(None, lambda t: noisy(t)),
        "use the noise eps[t] at step t, not the same at all steps": run(lambda t: noisy(t, 0)),
        "use the noise eps[t] at step t; yours is eps[t - 1]": run(lambda t: noisy(t, t - 1)),
        "x_T needs the known numbers too, before the first step": (
            run(lambda t: noisy(t) if t < steps else start)
        ),
        "bar alpha_t and 1 - bar alpha_t are variances; take the roots": (
            run(lambda t: alpha_bar[t] * x0 + (1 - alpha_bar[t]) * eps[t])
        ),
        "every number is drawn in the end; known ones are set before each step": run(
            None, end=False
        ),
        "noise is missing: known numbers shrink and get noise": (
            run(lambda t: np.sqrt(alpha_bar[t]) * x0)
        ),
        "noise is added, but the known numbers shrink as well": (
            run(lambda t: x0 + np.sqrt(1 - alpha_bar[t]) * eps[t])
        ),
    }
