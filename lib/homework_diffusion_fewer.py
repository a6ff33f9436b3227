"""Tests of chapter 6's homework, task 8, asked in other ways.

Leaps: the network answers something else, or the fresh noise is counted otherwise. Completion:
known numbers are set after the steps, get one noise for all levels, or are known in part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer, sealed
from lib.homework_diffusion import ask, bridge, moments, random_betas, retained
from lib.homework_diffusion_goals import turned
from lib.homework_diffusion_sampling import NEGATIVE, Reverse, ddim_mistakes

#: Form of a leap -> what to say to who answers as if it were the lesson's.
LEAPS = {
    "v": "the network answers with the velocity v here, not with the noise: read the task again",
    "x0": "the network answers with x_0 here, not with the noise: read the task again",
    "share": "`share` is the share of fresh noise in all noise of x_s, no eta: read the task again",
}


def check_ddim(
    ddim_step: Callable,
    rng: np.random.Generator,
    amount: float = 0.0,
    pair: tuple[int, int] | None = None,
    shape: tuple[int, ...] = (3, 2),
    *,
    form: str = "v",
) -> None:
    """Compare a leap from t to s with factors carried through the steps.

    `amount` is eta, or the share of fresh noise.
    """
    kept = retained(random_betas(rng, 8))
    t, s = pair or (int(rng.integers(5, 8)), int(rng.integers(2, 4)))
    x0, eps, z = rng.normal(size=(3, *shape))
    xt, v = turned(x0, eps, kept[t])
    named = "share" if form == "share" else "eta"
    what = f"a leap from x_{t} to x_{s}, {named} = {amount:g}"
    answered = "eps" if form == "share" else form
    value = {"eps": eps, "x0": x0, "v": v}[answered].copy()
    given = {"xt": xt, answered: value, "t": t, "s": s, named: amount, "z": z}
    answer = ask(ddim_step, what, **given, alpha_bar=kept)
    (a_s, noise_s), most = moments(kept, 0, s), bridge(kept, s, t)[2]
    spread = amount * noise_s if form == "share" else amount**2 * most
    right = a_s * x0 + np.sqrt(noise_s - spread) * eps + np.sqrt(spread) * z
    with np.errstate(all="ignore"):
        eta = float(np.sqrt(spread / most)) if most else 0.0
        hints = {LEAPS[form]: _lesson_leap(xt, value, z, amount, kept[t], kept[s])}
        hints |= ddim_mistakes(xt, eps, z, eta, kept[t], kept[s])
        if form == "share":
            hints = {advice: x for advice, x in hints.items() if not advice.startswith("eta")}
            hints["share is a part of the variance; take the root of it"] = a_s * x0 + np.sqrt(
                noise_s
            ) * (np.sqrt(1 - amount**2) * eps + amount * z)
            hints["the fresh noise is a share of the noise of x_s, not of 1"] = (
                a_s * x0 + np.sqrt(np.maximum(noise_s - amount, 0)) * eps + np.sqrt(amount) * z
            )
        if form == "v":
            hints["x_0 is sqrt(bar alpha_t) x_t minus the other root times v"] = right + a_s * (
                2 * np.sqrt(1 - kept[t]) * value
            )
            hints["v is no noise: the noise of x_s has the factor of eps"] = right + np.sqrt(
                noise_s - spread
            ) * (value - eps)
    values = as_numbers(numbers(answer), shape, what, f"{LEAPS[form]} ({NEGATIVE})")
    compare(values, right, what, hints=hints, tol=FLOAT32)


@peer
def _lesson_leap(
    xt: np.ndarray, eps: np.ndarray, z: np.ndarray, eta: float, now: float, then: float
) -> np.ndarray:
    """x_s by the lesson's formula."""
    x0 = (xt - np.sqrt(1 - now) * eps) / np.sqrt(now)
    sigma2 = eta**2 * (1 - then) / (1 - now) * (1 - now / then)
    return np.sqrt(then) * x0 + np.sqrt(1 - then - sigma2) * eps + np.sqrt(sigma2) * z


#: Form of a completion -> what to say to who answers as if it were the lesson's.
COMPLETIONS = {
    "after": "known places are set after each step here, and `hidden` is true where nothing is "
    "known: read the task again",
    "one": "one noise `eps` serves all levels here, without an axis for the steps: read it again",
    "soft": "`sure` says how much of a place is known; mix, do not replace: read the task again",
}


def check_completion(
    complete: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (3, 4),
    steps: int = 4,
    share: float = 0.5,
    *,
    form: str = "after",
) -> None:
    """Compare completed examples with a loop that works on single numbers."""
    kept, reverse = retained(random_betas(rng, steps)), Reverse(rng, shape[1:], steps)
    x0, start = rng.normal(size=(2, *shape))
    eps = rng.normal(size=shape if form == "one" else (steps + 1, *shape))
    places = rng.permutation(x0[0].size).reshape(shape[1:])
    known = places < round(share * x0[0].size)
    sure = known * rng.uniform(0.3, 0.9, size=known.shape) if form == "soft" else 1.0 * known
    mask = {"after": ("hidden", ~known), "one": ("known", known), "soft": ("sure", sure)}[form]
    what = f"{shape[0]} examples with {known.sum()} of {known.size} numbers known, {steps} steps"
    given = {"x0": x0, mask[0]: mask[1], "start": start, "eps": eps, "alpha_bar": kept}
    answer = ask(complete, what, reverse=sealed(reverse), **given)
    asked = list(reverse.asked)
    values = as_numbers(numbers(answer), shape, what)
    case = reverse, x0, sure, start, eps, kept
    hints = _completion_mistakes(*case, form, mask[1])
    compare(values, completed(*case, form), what, hints=hints, tol=FLOAT32)
    assert asked == list(range(steps, 0, -1)), (
        f"{what}: ask `reverse` once for each t from {steps} down to 1; you asked for {asked}"
    )


@peer
def completed(
    reverse: Callable,
    x0: np.ndarray,
    sure: np.ndarray,
    start: np.ndarray,
    eps: np.ndarray,
    alpha_bar: np.ndarray,
    form: str,
) -> np.ndarray:
    """x_0 (n, ...): single numbers are mixed with their data at the level of noise."""

    def mixed(xt: np.ndarray, t: int) -> np.ndarray:
        factor, variance = moments(alpha_bar, 0, t)
        noise, new = eps if form == "one" else eps[t], xt.copy()
        for place in np.argwhere(sure > 0):
            at, share = (slice(None), *place), sure[tuple(place)]
            level = factor * x0[at] + np.sqrt(variance) * noise[at]
            new[at] = share * level + (1 - share) * xt[at]
        return new

    xt = start.copy()
    for t in range(len(alpha_bar) - 1, 0, -1):
        xt = mixed(reverse(xt, t), t - 1) if form == "after" else reverse(mixed(xt, t), t)
    return xt if form == "after" else mixed(xt, 0)


@peer
def _run(
    case: tuple,
    level: Callable,
    *,
    weight: np.ndarray,
    after: bool,
    first: bool = False,
    end: bool = True,
    always: bool = True,
) -> np.ndarray:
    """Completion with known numbers set otherwise; `level(t)` is what they are set to."""
    reverse, x0, xt, steps = case

    def mixed(xt: np.ndarray, t: int) -> np.ndarray:
        return weight * level(t) + (1 - weight) * xt

    xt = mixed(xt, steps) if first else xt
    for t in range(steps, 0, -1):
        xt = mixed(xt, t) if always and not after else xt
        xt = reverse(xt, t)
        xt = mixed(xt, t - 1) if always and after and t > 1 else xt
    return weight * x0 + (1 - weight) * xt if end else xt


def _completion_mistakes(
    reverse: Callable,
    x0: np.ndarray,
    sure: np.ndarray,
    start: np.ndarray,
    eps: np.ndarray,
    alpha_bar: np.ndarray,
    form: str,
    mask: np.ndarray,
) -> dict[str, np.ndarray]:
    steps, case = len(alpha_bar) - 1, (reverse, x0, start, len(alpha_bar) - 1)

    def noise(number: int) -> np.ndarray:
        return eps if form == "one" else eps[number]

    def noisy(t: int, number: int | None = None) -> np.ndarray:
        drawn = noise(t if number is None else number)
        return np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * drawn

    def run(level: Callable = noisy, **other: object) -> np.ndarray:
        return _run(case, level, **({"weight": sure, "after": form == "after"} | other))

    lesson = run(weight=1.0 * (mask != 0), after=False)
    if form == "one" and len(eps) > steps:  # else the lesson's eps[t] does not exist
        lesson = run(lambda t: np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * eps[t])
    found = {
        COMPLETIONS[form]: lesson,
        "known places get noise; yours stay clean": run(lambda t: x0),
        "known places must be set at every step, not at the end alone": run(always=False),
        "in the end, known places are those of x0": run(end=False),
        "known and hidden places are exchanged": run(weight=1 - sure),
        "bar alpha_t and 1 - bar alpha_t are variances; take the roots": (
            run(lambda t: alpha_bar[t] * x0 + (1 - alpha_bar[t]) * noise(t))
        ),
        "noise is missing: known places shrink and get noise": (
            run(lambda t: np.sqrt(alpha_bar[t]) * x0)
        ),
        "known places are at another noise level; yours is one too low": (
            run(lambda t: noisy(max(t - 1, 0)))
        ),
        "known places are at another noise level; yours is one too high": (
            run(lambda t: noisy(min(t + 1, steps)))
        ),
        "are known places set before or after the step? read the task again": (
            run(after=form != "after")
        ),
        "x_T is `start` as it is": run(first=True),
    }
    if form != "one":
        found["use the noise of each level, not the same at all"] = run(lambda t: noisy(t, steps))
        found["use the noise of the level; yours is one off"] = run(
            lambda t: noisy(t, min(t + 1, steps))
        )
    return found
