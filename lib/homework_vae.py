"""The visible tests of chapter 4's homework, task 2: divergences; and what all its tests share.

Every right answer comes from another route than the students': SciPy's and PyTorch's own
distributions. Each `check_...` takes the student's function and raises AssertionError with a
message that says which mistake would give the student's answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.stats import entropy as divergence
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, ask_without, numbers, peer, peers_switched_off

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    *("class_gaussians", "conditional_vae", "divergence", "gaussian", "hierarchical_vae"),
    *("inference_gap", "likelihoods", "linear_hierarchy", "linear_vae", "mean_ascent", "mixture"),
    *("plain_models", "ppca", "vae", "vae_slips", "vae_training"),
)
#: What the second output s of an encoder may be -> c, where log sigma = c s.
WIDTHS = {"log-variance": 0.5, "log-std": 1.0, "log-precision": -0.5}
MEANING = {
    "log-variance": "the log-variance",
    "log-std": "the logarithm of sigma",
    "log-precision": "the log-precision",
}
SIGMA = {"log-variance": "exp(s/2)", "log-std": "exp(s)", "log-precision": "exp(-s/2)"}
#: The unit of a divergence, by the base of the logarithm.
UNITS = {np.e: "nats, the natural logarithm", 2: "bits, log to base 2", 10: "decimal digits, log10"}
SQUARE = {"log-variance": "exp(s)", "log-std": "exp(2 s)", "log-precision": "exp(-s)"}
LOG_SQUARE = {"log-variance": "s", "log-std": "2 s", "log-precision": "-s"}
ZERO_LOG = "0 log 0 counts as 0; leave those terms out before you take the logarithm"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed without the solutions of the book and of these tests.

    Arrays and tensors that the function received must not have changed.
    """
    check_arguments(function, tuple(given))
    with peers_switched_off():
        return ask_without(ANSWERS, function, what, given)


def check_arguments(function: Callable, names: tuple[str, ...]) -> None:
    """Assert that a function takes as many arguments as the task says."""
    try:
        taken = inspect.signature(function)
    except (TypeError, ValueError):  # some functions do not tell
        return
    try:
        taken.bind(*names)
    except TypeError:
        name, wanted = getattr(function, "__name__", "your function"), ", ".join(names)
        raise AssertionError(
            f"{name} is given ({wanted}) and takes {taken}: read the task again"
        ) from None


def each_example(answer: Any, n: int, what: str, nan: str = "") -> np.ndarray:
    """The answer as one number for each of n examples, from NumPy or PyTorch."""
    assert answer is None or np.shape(numbers(answer)) != (), (
        f"{what}: one number for each example; sum over the dimensions, not over the examples"
    )
    return as_numbers(numbers(answer), (n,), what, **({"nan": nan} if nan else {}))


def check_discrete(
    discrete_kl: Callable,
    rng: np.random.Generator,
    zeros: str = "",
    *,
    base: float = np.e,
    direction: str = "q || p",
    mixed: float = 1.0,
) -> None:
    """Compare with SciPy; `zeros` are in "q", or in "p" where q is not zero.

    The logarithm has the base `base`. The second table of "q || p" or "p || q" gets the share
    `mixed` in a mixture with the first.
    """
    size = int(rng.integers(4, 9))
    given = {name: rng.dirichlet(np.ones(size)) for name in ("q", "p")}
    if zeros:
        given[zeros][rng.choice(size, size=2, replace=False)] = 0
        given[zeros] /= given[zeros].sum()
    first, second = (given[name] for name in direction.split(" || "))
    second = (1 - mixed) * first + mixed * second
    right = divergence(first, second) / np.log(base)
    what = f"the divergence{f' with zeros in {zeros}' if zeros else ''}"
    answer = as_numbers(numbers(ask(discrete_kl, what, **given)), (), what, nan=ZERO_LOG)
    if np.isinf(right):
        assert np.isinf(answer), (
            f"{what}: you have {answer:.6g}, it should be inf; a value that {direction[0]} takes "
            f"and {direction[-1]} never does makes it infinite"
        )
    hints = _table_mistakes(first, second, right, base, direction)
    if mixed < 1 or direction != "q || p" or base != np.e:
        plain = divergence(given["q"], given["p"])
        hints = {"that is KL(q || p) in nats; this task asks for something else": plain} | hints
    if mixed < 1:
        exchanged = mixed * first + (1 - mixed) * given[direction[-1]]
        hints["the two shares of the mixture are exchanged"] = divergence(first, exchanged)
    compare(answer, right, what, hints=hints, tol=FLOAT32)


@peer
def _table_mistakes(
    first: np.ndarray, second: np.ndarray, right: float, base: float, direction: str
) -> dict[str, float]:
    """What typical mistakes give for the divergence of two tables."""
    unit, (one, other) = np.log(base), direction.split(" || ")
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = -(first * np.log(second)).sum() / unit
    wrong_units = {
        f"that is in {name}; the task asks for {UNITS[base]}": (right * unit / np.log(wrong))
        for name, wrong in (("nats", np.e), ("bits", 2))
        if wrong != base
    }
    return wrong_units | {
        f"that is KL({other} || {one}); the average is over {one}": (
            divergence(second, first) / unit
        ),
        "the sign is wrong; a divergence is never negative": -right,
        "sum over the values, do not average": right / len(first),
        f"that is the cross-entropy; subtract the entropy of {one}": crossed,
        f"that is the entropy of {one}": divergence(first) / unit,
    }


def leaf(values: np.ndarray) -> Tensor:
    """A tensor of float64 numbers that gradients can reach."""
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def gradients(answer: Any, leaves: list[Tensor], what: str) -> list[np.ndarray]:
    """Gradients of the sum of a tensor; AssertionError when none gets through."""
    assert isinstance(answer, Tensor), f"{what}: return a tensor, not a {type(answer).__name__}"
    assert answer.requires_grad, (
        f"{what}: no gradient gets through; stay with PyTorch, without no_grad, detach, item, numpy"
    )
    found = torch.autograd.grad(answer.sum(), leaves, allow_unused=True, retain_graph=True)
    return [
        np.zeros(v.shape) if g is None else g.numpy() for g, v in zip(found, leaves, strict=True)
    ]


def check_kl(
    kl_to_prior: Callable,
    rng: np.random.Generator,
    n: int = 4,
    k: int = 3,
    *,
    width: str = "log-variance",
    prior_std: float = 1.0,
    learned: bool = False,
    reverse: bool = False,
) -> None:
    """Compare the closed form with torch.distributions, in value and in gradient.

    `width` is what s means. The prior has the standard deviation `prior_std` or, if `learned`, a
    mean and an s of its own. `reverse` asks for KL(p || q).
    """
    names = ("mean", "s", "prior_mean", "prior_s")[: 4 if learned else 2]
    given = {name: leaf(rng.normal(0, 1.5, size=(n, k))) for name in names}
    what = f"the KL of {n} examples with K = {k}"
    answer = ask(kl_to_prior, what, **given)
    q = Normal(given["mean"], torch.exp(WIDTHS[width] * given["s"]))
    prior = Normal(0.0, prior_std)
    if learned:
        prior = Normal(given["prior_mean"], torch.exp(WIDTHS[width] * given["prior_s"]))
    forward, backward = kl_divergence(q, prior).sum(1), kl_divergence(prior, q).sum(1)
    right, other = (backward, forward) if reverse else (forward, backward)
    mean, s = numbers(given["mean"]), numbers(given["s"])
    asked, turned = ("KL(p || q)", "KL(q || p)") if reverse else ("KL(q || p)", "KL(p || q)")
    hints = {f"that is the other direction, {turned}; the task asks for {asked}": numbers(other)}
    if reverse or learned:
        hints["that is KL(q || N(0, I)) with s the log-variance: read the task again"] = kl_to(
            mean, s
        )
        hints |= _size_mistakes(numbers(right), k)
    else:
        hints |= kl_mistakes(mean, s, width, prior_std)
    compare(each_example(answer, n, what), numbers(right), what, hints=hints, tol=FLOAT32)
    found = gradients(answer, list(given.values()), what)
    peers = torch.autograd.grad(right.sum(), list(given.values()))
    for name, one, autograd in zip(given, found, peers, strict=True):
        compare(
            one, autograd.numpy(), f"the gradient of the KL with respect to {name}", tol=FLOAT32
        )


@peer
def kl_to(
    mean: np.ndarray, s: np.ndarray, width: str = "log-variance", prior_std: float = 1.0
) -> np.ndarray:
    """KL of Gaussians (n, k) from N(0, prior_std^2 I), (n,); `width` is what s means."""
    log_variance, prior = 2 * WIDTHS[width] * s, prior_std**2
    fraction = (np.exp(log_variance) + mean**2) / prior
    return 0.5 * (fraction - 1 - log_variance + np.log(prior)).sum(axis=1)


def _size_mistakes(right: np.ndarray, k: int) -> dict[str, np.ndarray]:
    return {
        "the sign is wrong; a divergence is never negative": -right,
        "one half is missing": 2 * right,
        "sum over the dimensions, do not average": right / k,
        "the 1 is missing; the KL of a Gaussian from itself is 0": right + k / 2,
    }


@peer
def kl_mistakes(
    mean: np.ndarray, s: np.ndarray, width: str = "log-variance", prior_std: float = 1.0
) -> dict[str, np.ndarray]:
    """What typical mistakes give for KL(q || N(0, prior_std^2 I)), (n,) each."""
    right, log_variance, prior = kl_to(mean, s, width, prior_std), 2 * WIDTHS[width] * s, prior_std
    swollen = np.exp(log_variance / 2) - np.exp(log_variance)
    found = _size_mistakes(right, mean.shape[1]) | {
        f"that has sigma where sigma^2 belongs; sigma^2 = {SQUARE[width]}": (
            right + 0.5 * (swollen / prior**2).sum(axis=1)
        ),
        f"log sigma^2 is {LOG_SQUARE[width]}, not half of it": (
            right + log_variance.sum(axis=1) / 4
        ),
        "the mean is squared": right + 0.5 * ((mean - mean**2) / prior**2).sum(axis=1),
        f"log sigma^2, which is {LOG_SQUARE[width]}, is subtracted": (
            right + log_variance.sum(axis=1)
        ),
    }
    for other in WIDTHS.keys() - {width}:
        advice = f"s is {MEANING[width]}, not {MEANING[other]}"
        found[advice] = kl_to(mean, s, other, prior_std)
        found[f"{advice}; and the prior is not N(0, I)"] = kl_to(mean, s, other)
    if prior_std != 1:
        found |= {
            f"the prior is not N(0, I): its standard deviation is {prior_std:g}": (
                kl_to(mean, s, width)
            ),
            "the prior's standard deviation is squared in the fraction": (
                right + 0.5 * (np.exp(log_variance) + mean**2).sum(axis=1) * (prior - 1) / prior**2
            ),
            "the logarithm of the prior's variance is missing": (
                right - mean.shape[1] * np.log(prior)
            ),
        }
    return found
