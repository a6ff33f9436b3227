"""The visible tests of chapter 6's homework, task 4: the weights in the bound.

Right answers come from Gaussian conditioning.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, peer
from lib.homework_diffusion import ask, bridge, moments, random_betas, retained

TARGETS = "x0", "eps", "v"


def check_weights(
    bound_weights: Callable,
    rng: np.random.Generator,
    variance: str | float,
    steps: int = 6,
    *,
    targets: tuple[str, str, str] = TARGETS,
    given: str = "betas",
) -> None:
    """Compare the weights of the bound's terms with the shift of a conditional mean.

    A number as `variance` is the share of beta_t in the exponent. `targets` are what errors are
    counted in. `given` is what describes the schedule: "betas" or "snr".
    """
    betas = random_betas(rng, steps)
    kept = retained(betas)
    snr = kept[1:] / (1 - kept[1:])
    share = isinstance(variance, float)
    what = f"{steps} steps, " + (f"share {variance:.2f}" if share else f"variance {variance!r}")
    schedule = {given: snr if given == "snr" else betas, "share" if share else "variance": variance}
    answer = ask(bound_weights, what, **schedule)
    found = as_parts(answer, what, f"({', '.join(f'on_{name}' for name in targets)})")
    right = {name: weights_of(betas, variance, name) for name in SHIFTS}
    lesson = _lesson_weights(schedule[given], variance)
    for k, name in enumerate(targets):
        label = f"the weights on {name}, {what}"
        assert found[k] is None or np.shape(found[k]) != (steps,), (
            f"{label}: T - 1 of them, for t = 2 to T; at t = 1 there is no divergence but L_0"
        )
        hints = {_weights_reminder(targets, given, share): lesson[k]}
        hints |= _weight_mistakes(betas, variance, name)
        hints |= {f"those are the weights on {n}": w for n, w in right.items() if n != name}
        compare(found[k], right[name], label, hints=hints, tol=FLOAT32)


def _weights_reminder(targets: tuple[str, str, str], given: str, share: bool) -> str:
    """What to say to who solves the lesson's task instead."""
    if given == "snr":
        return "`snr` holds SNR(1) to SNR(T), no betas: read the task again"
    order = f"and the order is ({', '.join(targets)})"
    if share:
        return f"sigma_t^2 lies between the two variances here, {order}: read the task again"
    return f"those are the lesson's weights; other errors are counted here, {order}"


@peer
def _lesson_weights(betas: np.ndarray, variance: str | float) -> tuple[np.ndarray, ...]:
    """The lesson's formula for the weights on x_0, eps and v; what are no betas give nonsense."""
    with np.errstate(all="ignore"):
        kept = np.cumprod(1 - betas)
        now, before, beta = kept[1:], kept[:-1], betas[1:]
        sigma2 = beta if variance == "beta" else (1 - before) / (1 - now) * beta
        on_eps = beta**2 / (2 * sigma2 * (1 - beta) * (1 - now))
        return on_eps * now / (1 - now), on_eps, on_eps * now


def _weight_mistakes(
    betas: np.ndarray, variance: str | float, name: str
) -> dict[str, np.ndarray | float]:
    """What typical mistakes give for the weights on the errors of `name`."""
    kept, beta, w = retained(betas)[2:], betas[1:], weights_of(betas, variance, name)
    snr, sigma2 = kept / (1 - kept), _sigma2(betas, variance)
    on_x0, on_eps = (weights_of(betas, variance, other) for other in ("x0", "eps"))
    found = {
        f"the variance is the other one, {kind!r}": weights_of(betas, kind, name)
        for kind in ("posterior", "beta")
        if kind != variance
    }
    if isinstance(variance, float):
        found["the share belongs to beta_t; yours to the posterior's variance"] = weights_of(
            betas, 1 - variance, name
        )
        mixed = variance * beta + (1 - variance) * _sigma2(betas, "posterior")
        found["mix the logarithms of the variances, not the variances"] = w * sigma2 / mixed
    return found | {
        "the factor 1/2 of the divergence is missing": 2 * w,
        "divide by sigma_t^2, a variance, not by sigma_t": w * np.sqrt(sigma2),
        "the variance of the step is missing": w * sigma2,
        "means are compared by squares: square their factor": w / _shift(betas, name),
        "alpha_t is missing": w * (1 - beta),
        "1 - bar alpha_t is missing": w * (1 - kept),
        "divide by 1 - bar alpha_t once more": w / (1 - kept),
        "those are the weights of L_simple": np.ones(len(w)),
        "those are one over the weights": 1 / w,
        "x_0 and eps differ by a factor SNR(t), turned round": (
            on_eps / snr if name == "x0" else on_x0 * snr
        ),
        "v and eps differ by a factor bar alpha_t, turned round": on_eps / kept,
        "those belong to t = 1 to T - 1": np.append(np.nan, w[:-1]),
    }


@peer
def _sigma2(betas: np.ndarray, variance: str | float) -> np.ndarray:
    """sigma_t^2 for t = 2 .. T."""
    kept = retained(betas)
    exact = np.array([bridge(kept, t - 1, t)[2] for t in range(2, len(kept))])
    if isinstance(variance, float):
        return np.exp(variance * np.log(betas[1:]) + (1 - variance) * np.log(exact))
    return betas[1:] if variance == "beta" else exact


@peer
def weights_of(betas: np.ndarray, variance: str | float, name: str) -> np.ndarray:
    """Weights on the squared errors of `name` for t = 2 .. T, (T - 1,)."""
    return _shift(betas, name) ** 2 / (2 * _sigma2(betas, variance))


#: Target -> the error of x_0 for an error of 1, from the factors of x_0 and eps in x_t.
SHIFTS: dict[str, Callable[[float, float], float]] = {
    "x0": lambda a, b: 1.0,
    "eps": lambda a, b: b / a,
    "v": lambda a, b: b,
    "score": lambda a, b: b**2 / a,
    "u": lambda a, b: b / (a + b),
}


@peer
def _shift(betas: np.ndarray, name: str) -> np.ndarray:
    """By how much the mean of x_(t-1) moves when `name` is wrong by 1; t = 2 .. T."""
    kept = retained(betas)
    found = []
    for t in range(2, len(kept)):
        a, variance = moments(kept, 0, t)
        found.append(bridge(kept, t - 1, t)[0] * SHIFTS[name](a, np.sqrt(variance)))
    return np.array(found)
