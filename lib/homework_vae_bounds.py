"""The visible tests of chapter 4's homework, task 6: better bounds from several samples.

Right answers come from decimal numbers that do not underflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

from lib.homework import compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_vae import ask, each_example


def check_importance(
    iw_bound: Callable, rng: np.random.Generator, samples: int, n: int = 4, far: float = 0.0
) -> None:
    """Compare with sums of decimal numbers; `far` moves all logarithms where exp underflows."""
    log_q = rng.normal(-3, 1, size=(samples, n))
    log_joint = rng.normal(-8, 2, size=(samples, n)) - far
    what = f"the bound of {n} examples with S = {samples}"
    answer = ask(iw_bound, what, log_joint=log_joint, log_q=log_q)
    answer = finite(answer, n, samples, what, "rows; average over axis 0")
    ratio = log_joint - log_q
    right = log_mean(ratio)
    hints = {
        "log S is missing: average the ratios, do not add them": right + math.log(samples),
        "subtract log S, not S": right + math.log(samples) - samples,
        "that is the average of logarithms, the ELBO; take the logarithm of the average": (
            ratio.mean(axis=0)
        ),
        "divide by q: subtract log q": log_mean(log_joint + log_q),
        "the weights p(x, z) / q(z | x) need q": log_mean(log_joint),
        "that is the largest ratio; add all of them": ratio.max(axis=0),
        "divide each p(x, z_j) by its own q(z_j | x) before you average": (
            log_mean(log_joint) - log_mean(log_q)
        ),
        "that is minus the bound": -right,
    }
    compare(answer, right, what, hints=hints, tol=FLOAT32)


@peer
def log_mean(logarithms: np.ndarray) -> np.ndarray:
    """log of the mean of exp over the rows, (S, n) -> (n,), in decimal numbers: no underflow."""
    columns = [[Decimal(float(v)).exp() for v in column] for column in logarithms.T]
    return np.array([float((sum(column) / len(column)).ln()) for column in columns])


def finite(answer: Any, n: int, samples: int, what: str, where: str) -> np.ndarray:
    """The answer as n finite numbers; `where` says along which axis the samples are."""
    assert n == samples or np.shape(numbers(answer)) != (samples,), (
        f"{what}: the samples are the {where}"
    )
    answer = each_example(answer, n, what)
    under = "exp underflows to 0; subtract the largest logarithm first (logsumexp)"
    assert np.isfinite(answer).all(), f"{what} is not finite: {under}"
    return answer


def check_importance_terms(
    iw_bound: Callable, rng: np.random.Generator, samples: int, n: int = 4, far: float = 0.0
) -> None:
    """The same bound from log p(x | z), log q(z | x) and log p(z), one row for each picture."""
    names = ("log_likelihood", "log_q", "log_prior")
    given = {name: rng.normal(-3, 1, size=(n, samples)) for name in names}
    given["log_likelihood"] -= far
    what = f"the bound of {n} examples with S = {samples}"
    answer = finite(ask(iw_bound, what, **given), n, samples, what, "columns; average over axis 1")
    likelihood, log_q, prior = (value.T for value in given.values())
    ratio = likelihood + prior - log_q
    right = log_mean(ratio)
    hints = {
        "log S is missing: average the ratios, do not add them": right + math.log(samples),
        "that is the average of logarithms, the ELBO; take the logarithm of the average": (
            ratio.mean(axis=0)
        ),
        "p(x, z) is p(x | z) p(z): add log_prior": log_mean(likelihood - log_q),
        "divide by q: subtract log q, add the prior": log_mean(likelihood + log_q - prior),
        "the weights p(x, z) / q(z | x) need q": log_mean(likelihood + prior),
        "that is the largest ratio; add all of them": ratio.max(axis=0),
        "that is minus the bound": -right,
    }
    compare(answer, right, what, hints=hints, tol=FLOAT32)


def check_importance_order(
    iw_bound: Callable,
    rng: np.random.Generator,
    samples: int,
    n: int = 4,
    far: float = 0.0,
    *,
    order: float,
) -> None:
    """The logarithm of a power mean of the ratios, with the exponent 1 - order."""
    log_q = rng.normal(-3, 1, size=(samples, n))
    log_joint = rng.normal(-8, 2, size=(samples, n)) - far
    what = f"the bound of {n} examples with S = {samples}"
    answer = ask(iw_bound, what, log_joint=log_joint, log_q=log_q)
    answer = finite(answer, n, samples, what, "rows; average over axis 0")
    ratio, power = log_joint - log_q, 1 - order
    right = log_mean(power * ratio) / power
    hints = {
        "that is the bound with the ratios as they are; alpha is missing": log_mean(ratio),
        "that is the average of logarithms, the ELBO": ratio.mean(axis=0),
        "divide the logarithm by 1 - alpha": power * right,
        "the exponent is 1 - alpha, not alpha": log_mean(order * ratio) / order,
        "log S is missing: average the powers, do not add them": (
            right + math.log(samples) / power
        ),
        "that is the largest ratio": ratio.max(axis=0),
        "the weights p(x, z) / q(z | x) need q": log_mean(power * log_joint) / power,
        "that is minus the bound": -right,
    }
    compare(answer, right, what, hints=hints, tol=FLOAT32)


def check_importance_experts(
    iw_bound: Callable,
    rng: np.random.Generator,
    samples: int,
    n: int = 4,
    far: float = 0.0,
    *,
    shares: tuple[float, ...],
) -> None:
    """Codes from a mixture of encoders with these `shares`: q is the mixture's density."""
    log_q = rng.normal(-3, 1.5, size=(len(shares), samples, n))
    log_joint = rng.normal(-8, 2, size=(samples, n)) - far
    what = f"the bound of {n} examples with S = {samples}"
    answer = ask(iw_bound, what, log_joint=log_joint, log_q=log_q)
    answer = finite(answer, n, samples, what, "rows of log_joint; average over axis 0")
    flat = log_q.reshape(len(shares), -1) + np.log(shares)[:, None] + math.log(len(shares))
    mixed = log_mean(flat).reshape(samples, n)
    right = log_mean(log_joint - mixed)
    equal = log_mean(log_q.reshape(len(shares), -1)).reshape(samples, n)
    blend = (np.array(shares)[:, None, None] * log_q).sum(axis=0)
    hints = {
        "the encoders do not share equally": log_mean(log_joint - equal),
        "q is the average of densities: average them, not their logarithms": (
            log_mean(log_joint - blend)
        ),
        "a code may come from any encoder: q has all of them, not the first alone": (
            log_mean(log_joint - log_q[0])
        ),
        "the densities are weighed by the shares, which add up to 1": (
            log_mean(log_joint - equal - math.log(len(shares)))
        ),
        "log S is missing: average the ratios, do not add them": right + math.log(samples),
        "that is the average of logarithms, the ELBO": (log_joint - mixed).mean(axis=0),
        "the weights p(x, z) / q(z | x) need q": log_mean(log_joint),
        "that is minus the bound": -right,
    }
    compare(answer, right, what, hints=hints, tol=FLOAT32)
