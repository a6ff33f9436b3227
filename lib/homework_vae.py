"""The visible tests of chapter 4's homework, tasks 2 and 3: divergences and random codes.

Every right answer comes from another route than the students': SciPy's and PyTorch's own
distributions. Each `check_...` takes the student's function and raises AssertionError with a
message that says which mistake would give the student's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.stats import entropy as divergence
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from lib.homework import as_numbers, compare
from lib.homework_asking import ask_without, numbers

#: Modules whose functions do what the tasks ask for.
ANSWERS = ("divergence", "gaussian", "likelihoods", "linear_vae", "mixture", "ppca", "vae")
#: Limit for averages of random numbers, in standard deviations of the average: holds for any seed.
SIGMAS = 7.0
ZERO_LOG = "0 log 0 counts as 0; leave those terms out before you take the logarithm"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed without the book's own solutions.

    Arrays and tensors that the function received must not have changed.
    """
    return ask_without(ANSWERS, function, what, given)


def each_example(answer: Any, n: int, what: str, nan: str = "") -> np.ndarray:
    """The answer as one number for each of n examples, from NumPy or PyTorch."""
    assert answer is None or np.shape(numbers(answer)) != (), (
        f"{what}: one number for each example; sum over the dimensions, not over the examples"
    )
    return as_numbers(numbers(answer), (n,), what, **({"nan": nan} if nan else {}))


def check_discrete(discrete_kl: Callable, rng: np.random.Generator, zeros: str = "") -> None:
    """Compare with SciPy; `zeros` are in "q", or in "p" where q is not zero."""
    size = int(rng.integers(4, 9))
    given = {name: rng.dirichlet(np.ones(size)) for name in ("q", "p")}
    if zeros:
        given[zeros][rng.choice(size, size=2, replace=False)] = 0
        given[zeros] /= given[zeros].sum()
    q, p = given.values()
    right, what = divergence(q, p), f"KL(q || p){f' with zeros in {zeros}' if zeros else ''}"
    answer = as_numbers(numbers(ask(discrete_kl, what, **given)), (), what, nan=ZERO_LOG)
    with np.errstate(divide="ignore"):
        crossed = -(q * np.log(p)).sum()
    hints = {
        "that is KL(p || q); the average is over q": divergence(p, q),
        "that is in bits; use the natural logarithm": right / np.log(2),
        "the sign is wrong; a divergence is never negative": -right,
        "sum over the values, do not average": right / size,
        "that is the cross-entropy; subtract the entropy of q": crossed,
        "that is the entropy of q": divergence(q),
    }
    compare(answer, right, what, hints=hints)


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


def check_kl(kl_to_prior: Callable, rng: np.random.Generator, n: int = 4, k: int = 3) -> None:
    """Compare the closed form with torch.distributions, in value and in gradient."""
    mean, s = leaf(rng.normal(0, 1.5, size=(n, k))), leaf(rng.normal(0, 1.5, size=(n, k)))
    what = f"the KL of {n} examples with K = {k}"
    answer = ask(kl_to_prior, what, mean=mean, s=s)
    q, prior = Normal(mean.detach(), (s.detach() / 2).exp()), Normal(0.0, 1.0)
    right = kl_divergence(q, prior).sum(1).numpy()
    hints = kl_mistakes(mean.detach().numpy(), s.detach().numpy())
    hints["that is the other direction, KL(p || q)"] = kl_divergence(prior, q).sum(1).numpy()
    compare(each_example(answer, n, what), right, what, hints=hints)
    to_mean, to_s = gradients(answer, [mean, s], what)
    compare(to_mean, numbers(mean), "the gradient of the KL with respect to the mean")
    compare(to_s, (numbers(s.exp()) - 1) / 2, "the gradient of the KL with respect to s")


def kl_mistakes(mean: np.ndarray, s: np.ndarray) -> dict[str, np.ndarray]:
    """What typical mistakes give for KL(N(mean, diag exp(s)) || N(0, I)), (n,) each."""
    square, k = mean**2, mean.shape[1]
    right = 0.5 * (np.exp(s) + square - 1 - s).sum(axis=1)
    return {
        "the sign is wrong; a divergence is never negative": -right,
        "one half is missing": 2 * right,
        "that has sigma where sigma^2 belongs; sigma^2 = exp(s)": (
            right + 0.5 * (np.exp(s / 2) - np.exp(s)).sum(axis=1)
        ),
        "s is the log-variance, not the logarithm of sigma": (
            0.5 * (np.exp(2 * s) + square - 1 - 2 * s).sum(axis=1)
        ),
        "log sigma^2 is s, not s/2": right + s.sum(axis=1) / 4,
        "sum over the dimensions, do not average": right / k,
        "the 1 is missing; the KL of N(0, I) from itself is 0": right + k / 2,
        "the mean is squared": right + 0.5 * (mean - square).sum(axis=1),
        "s is subtracted": right + s.sum(axis=1),
    }


def check_draw(draw_code: Callable, rng: np.random.Generator, n: int = 3000, k: int = 3) -> None:
    """Assert reproducible draws of N(mean, diag exp(s)) that let gradients through."""
    mean, s = leaf(rng.normal(0, 2, size=(n, k))), leaf(rng.uniform(-3, 2, size=(n, k)))
    seeds = [int(seed) for seed in rng.choice(2**30, size=2, replace=False)]
    what = f"{n} random codes with K = {k}"
    answers = [
        ask(draw_code, what, mean=mean, s=s, generator=torch.Generator().manual_seed(seed))
        for seed in [seeds[0], *seeds]
    ]
    one, again, other = (as_numbers(numbers(answer), (n, k), what) for answer in answers)
    assert np.array_equal(one, again), (
        f"{what}: two generators with the same seed gave different codes; give `generator` to "
        "torch.randn"
    )
    check_noise(one, numbers(mean), numbers(s), what)
    assert not np.array_equal(one, other), (
        f"{what}: generators with different seeds gave the same codes; draw with `generator`"
    )
    to_mean, to_s = gradients(answers[0], [mean, s], what)
    advice = "z = mean + sigma * eps, computed step by step, lets gradients through"
    compare(to_mean, np.ones((n, k)), f"dz / dmean ({advice})")
    compare(to_s, (one - numbers(mean)) / 2, f"dz / ds = (z - mean) / 2 ({advice})")


def check_noise(z: np.ndarray, mean: np.ndarray, s: np.ndarray, what: str) -> None:
    """Assert that z (n, k) are independent draws of N(mean, diag exp(s)), at SIGMAS."""
    noise, n = z - mean, len(z)
    assert np.abs(noise).max() > 1e-9, f"{what}: that is the mean itself; add noise"
    cases = {
        "s is the log-variance, so sigma is exp(s/2), not exp(s)": np.exp(s),
        "s is the log-variance; take exp(s/2), not s itself": s,
        "s is the log-variance; take exp(s/2), not its root": np.sqrt(np.abs(s)),
        "sigma is exp(s/2), without a minus sign": np.exp(-s / 2),
        "sigma is missing": np.ones_like(s),
        "sigma is exp(s/2), not softplus(s)": np.logaddexp(0, s),
    }
    limit = SIGMAS * np.sqrt(2 / n)
    eps = noise / np.exp(s / 2)
    if np.abs(eps.var(axis=0) - 1).max() > limit:
        for advice, scale in cases.items():
            fits = np.abs((noise / scale).var(axis=0) - 1).max() < limit
            assert not fits, f"{what}: the noise has the wrong scale; {advice}"
        assert eps.std(axis=0).max() > 1e-6, (
            f"{what}: all examples share their noise; every number needs noise of its own"
        )
        found = eps.std(axis=0).round(2)
        raise AssertionError(f"{what}: (z - mean) / sigma has standard deviation {found}, not 1")
    off = np.abs(eps.mean(axis=0)).max()
    assert off < SIGMAS / np.sqrt(n), f"{what}: the noise has mean {off:.2f}, not 0"
    if z.shape[1] > 1:
        alike = np.abs(np.corrcoef(eps.T) - np.eye(z.shape[1])).max()
        assert alike < SIGMAS / np.sqrt(n), (
            f"{what}: noise of two dimensions has correlation {alike:.2f}; draw each number anew"
        )
    tails = (eps**4).mean() / (eps**2).mean() ** 2
    assert abs(tails - 3) < 3 * SIGMAS * np.sqrt(24 / eps.size), (
        f"{what}: E[eps^4] / E[eps^2]^2 is {tails:.2f}, and it is 3 for a Gaussian; use torch.randn"
    )
