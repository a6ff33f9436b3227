"""Tests of chapter 6's homework, task 7, for other samplers.

Right answers come from lines through two points.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, peer
from lib.homework_diffusion import ask, bridge, moments, random_betas, retained
from lib.homework_diffusion_chain import guess


@peer
def chain_of(
    mean: float,
    variance: float,
    betas: np.ndarray,
    kind: str | float,
    heat: float = 1.0,
    factor: float = 1.0,
    **slips: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of x_0 .. x_T, (T + 1,) each, of a sampler on guesses of the noise.

    `kind` is the variance of Algorithm 2, or the number eta of DDIM; `heat` multiplies all random
    numbers, `factor` the perfect guess. Slips: `last` adds noise at t = 1 too, `fair` starts from
    the true x_T, `still` adds no noise, `sure` guesses the data's mean.
    """
    kept, steps = retained(betas), len(betas)
    means, variances = np.zeros(steps + 1), np.full(steps + 1, heat**2)
    if slips.get("fair"):
        a, noise = moments(kept, 0, steps)
        means[-1], variances[-1] = a * mean, a**2 * variance + noise
    known = variance * (not slips.get("sure"))
    for t in range(steps, 0, -1):
        step, exact = partial(_back, kept, t, kind, mean, known, factor), bridge(kept, t - 1, t)[2]
        sigma2 = (betas[t - 1] if kind == "beta" else exact) * heat**2
        if isinstance(kind, float):
            sigma2 = kind**2 * exact
        silent = slips.get("still") or (t == 1 and not slips.get("last"))
        means[t - 1] = step(means[t])
        variances[t - 1] = (step(1.0) - step(0.0)) ** 2 * variances[t] + (0 if silent else sigma2)
    return means, variances


@peer
def _back(
    kept: np.ndarray,
    t: int,
    kind: str | float,
    mean: float,
    variance: float,
    factor: float,
    xt: float,
) -> float:
    """The mean of x_(t-1) given x_t."""
    (a, noise), (a_s, noise_s) = moments(kept, 0, t), moments(kept, 0, t - 1)
    eps = factor * (xt - a * guess(xt, mean, variance, kept, t)) / np.sqrt(noise)
    x0 = (xt - np.sqrt(noise) * eps) / a
    on_x0, on_xt, exact = bridge(kept, t - 1, t)
    if isinstance(kind, float):
        return a_s * x0 + np.sqrt(noise_s - kind**2 * exact) * eps
    return on_x0 * x0 + on_xt * xt


def check_chain(
    chain_moments: Callable,
    rng: np.random.Generator,
    kind: str | float = "posterior",
    betas: np.ndarray | None = None,
    steps: int = 6,
    **form: float,
) -> None:
    """Compare the recursion of mean and variance with the steps' lines."""
    betas = random_betas(rng, steps) if betas is None else betas
    mean, variance = float(rng.uniform(1, 3)), float(rng.uniform(0.2, 0.6))
    named = "eta" if isinstance(kind, float) else "kind"
    given = {"mean": mean, "variance": variance, "betas": betas, named: kind}
    what = f"{len(betas)} steps back, {named} {kind!r}"
    found = as_parts(ask(chain_moments, what, **given), what, "(means, variances)")
    run = partial(chain_of, mean, variance, betas)
    right = run(kind, **form)
    mistakes = _chain_mistakes(run, kind, form)
    mistakes["entry t belongs to x_t; yours begins with x_T"] = right[0][::-1], right[1][::-1]
    names = {"means": None, "variances": {"those are standard deviations": np.sqrt(right[1])}}
    for k, name in enumerate(names):
        hints = {advice: pair[k] for advice, pair in mistakes.items()} | (names[name] or {})
        compare(found[k], right[k], f"the {name} of {what}", hints=hints, tol=FLOAT32)


def _chain_mistakes(run: Callable, kind: str | float, form: dict[str, float]) -> dict[str, tuple]:
    """What typical mistakes give; the lesson's chain first."""
    found = {
        "no noise at the last step, t = 1": run(kind, **form, last=True),
        "each step back but the last adds noise": run(kind, **form, still=True),
        "the best guess of x_0 depends on x_t; yours is the mean of the data": (
            run(kind, **form, sure=True)
        ),
        "the chain starts from noise, not from what the data become": run(kind, **form, fair=True),
    }
    if isinstance(kind, float):
        return {
            "that is Algorithm 2, DDIM with eta = 1; here eta is given: read the task again": (
                run("posterior")
            ),
            "eta multiplies sigma, so sigma^2 has eta^2": run(float(np.sqrt(kind))),
            "that is the chain without noise, eta = 0": run(0.0),
        } | found
    other = "beta" if kind == "posterior" else "posterior"
    only_heat, only_factor = ({k: v for k, v in form.items() if k == n} for n in ("heat", "factor"))
    return {
        "that is the lesson's chain; here numbers are cooled and guesses are off: read it again": (
            run(kind)
        ),
        "the network's answer has a factor here": run(kind, **only_heat),
        "all random numbers are multiplied by the temperature": run(kind, **only_factor),
        "a variance has the square of the temperature": run(
            kind, **form | {"heat": float(np.sqrt(form["heat"]))}
        ),
        "the variance is the other one": run(other, **form),
    } | found
