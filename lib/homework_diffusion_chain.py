"""The visible tests of chapter 6's homework, tasks 2, 6 and 7: steps back, known exactly.

Right answers come from Gaussian conditioning, from gradients of PyTorch's densities, and from lines
through two points.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from scipy.special import softmax
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_diffusion import OWN_T, ask, bridge, each, moments, random_betas, retained
from lib.homework_vae import each_example

FAR = "exp underflows far from all means; subtract the largest logarithm first (logsumexp)"


def check_posterior(
    posterior: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
    first: bool = False,
) -> None:
    """Compare q(x_(t-1) | x_t, x_0) with Gaussian conditioning; `first`: every t is 1."""
    kept = retained(random_betas(rng, steps))
    x0, xt = rng.normal(0, 2, size=(2, *shape))
    t = np.ones(shape[0], dtype=int)
    if not first:
        t = rng.integers(2, steps + 1, size=shape[0])
        t[:2] = rng.permutation(steps - 1)[:2] + 2  # two different ones
    what = f"x_(t-1) given x_t and x_0, {shape[0]} examples, steps t = {', '.join(map(str, t))}"
    answer = ask(posterior, what, x0=x0, xt=xt, t=t, alpha_bar=kept)
    found = as_parts(answer, what, "(mean, variance)")
    on_x0, on_xt, variance = np.array([bridge(kept, int(k) - 1, int(k)) for k in t]).T
    mean = each(on_x0, x0) * x0 + each(on_xt, x0) * xt
    with np.errstate(all="ignore"):
        means, variances = _posterior_mistakes(x0, xt, t, kept)
    compare(found[0], mean, f"the mean of {what}", hints=means, tol=FLOAT32)
    spread = each_example(found[1], shape[0], f"the variance of {what}")
    compare(spread, variance, f"the variance of {what}", hints=variances, tol=FLOAT32)


def _posterior_mistakes(
    x0: np.ndarray, xt: np.ndarray, t: np.ndarray, kept: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What typical mistakes give for the means and for the variances."""
    return _mean_mistakes(x0, xt, kept[t], kept[t - 1]), _variance_mistakes(kept[t], kept[t - 1])


def _mean_mistakes(
    x0: np.ndarray, xt: np.ndarray, k: np.ndarray, b: np.ndarray
) -> dict[str, np.ndarray]:
    """Means by typical mistakes, from bar alpha at t (k) and at t - 1 (b)."""
    alpha, beta = k / b, 1 - k / b

    def mix(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return each(first, x0) * x0 + each(second, x0) * xt

    of_x0, of_xt = np.sqrt(b) * beta, np.sqrt(alpha) * (1 - b)
    return {
        "the two factors are exchanged: near the data, x_0 weighs most": (
            mix(of_xt, of_x0) / each(1 - k, x0)
        ),
        "the factor of x_0 has the root of bar alpha_(t-1)": mix(b * beta, of_xt) / each(1 - k, x0),
        "the factor of x_t has the root of alpha_t": (
            mix(of_x0, alpha * (1 - b)) / each(1 - k, x0)
        ),
        "the roots of bar alpha_(t-1) and of alpha_t are missing": (
            mix(b * beta, alpha * (1 - b)) / each(1 - k, x0)
        ),
        "the factor of x_0 has the root of bar alpha_(t-1), not of bar alpha_t": (
            mix(np.sqrt(k) * beta, of_xt) / each(1 - k, x0)
        ),
        "the factor of x_t has 1 - bar alpha_(t-1), not 1 - bar alpha_t": (
            mix(of_x0, np.sqrt(alpha) * (1 - k)) / each(1 - k, x0)
        ),
        "the factor of x_0 has beta_t, not its root": (
            mix(np.sqrt(b * beta), of_xt) / each(1 - k, x0)
        ),
        "divide by 1 - bar alpha_t": mix(of_x0, of_xt),
        "divide by 1 - bar alpha_t, not 1 - bar alpha_(t-1)": mix(of_x0, of_xt) / each(1 - b, x0),
        "that is the mean of x_(t-1) given x_0 alone; x_t tells more": mix(np.sqrt(b), 0 * b),
        "x_t without the noise of its step is not the mean; x_0 tells more": (
            mix(0 * b, 1 / np.sqrt(alpha))
        ),
        OWN_T: mix(of_x0[[0]], of_xt[[0]]) / (1 - k[0]),
    }


def _variance_mistakes(k: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    """The same for the variance."""
    beta = 1 - k / b
    variance = (1 - b) / (1 - k) * beta
    return {
        "that is the standard deviation": np.sqrt(variance),
        "that is beta_t, the variance of the step forward; x_0 is known as well": beta,
        "the ratio is turned round: 1 - bar alpha_(t-1) is the smaller one": beta**2 / variance,
        "that is the variance of x_(t-1) given x_0 alone; x_t tells more": 1 - b,
        "multiply by beta_t": (1 - b) / (1 - k),
        "1 minus bar alpha, above and below": b / k * beta,
        "beta_t is a variance, no standard deviation: do not square it": variance * beta,
        OWN_T: variance[0] + 0 * beta,
    }


@peer
def tweedie(
    xt: np.ndarray, left: float, weights: np.ndarray, means: np.ndarray, variance: float
) -> tuple[np.ndarray, np.ndarray]:
    """E[x_0 | x_t] and the score of x_t, (n, d) each: the score is a gradient of PyTorch's density.

    `left` is bar alpha_t. The expectation follows from the score (Tweedie's formula).
    """
    std = torch.full(means.shape, np.sqrt(left * variance + 1 - left), dtype=torch.float64)
    parts = Independent(Normal(torch.tensor(np.sqrt(left) * means), std), 1)
    density = MixtureSameFamily(Categorical(torch.tensor(weights)), parts)
    points = torch.tensor(xt, requires_grad=True)
    (score,) = torch.autograd.grad(density.log_prob(points).sum(), points)
    return ((points + (1 - left) * score) / np.sqrt(left)).detach().numpy(), score.numpy()


def check_mixture(
    function: Callable,
    rng: np.random.Generator,
    n: int = 5,
    d: int = 2,
    m: int = 3,
    *,
    variance: float | None = None,
    far: float = 1.0,
) -> None:
    """Compare the best guess of x_0 and the score with a gradient of the noisy density.

    `far` moves the points x_t away from the means; with variance 0 the means are all data.
    """
    kept = retained(random_betas(rng, 6))
    t = int(rng.integers(2, 6))
    weights, means = rng.dirichlet(np.full(m, 4.0)), rng.normal(0, 1.5, size=(m, d))
    variance = float(rng.uniform(0.2, 0.6)) if variance is None else variance
    xt = far * (np.sqrt(kept[t]) * means[rng.integers(m, size=n)] + rng.normal(size=(n, d)))
    what = f"{n} points in {d} dimensions, {m} components of variance {variance:.2f}, t = {t}"
    mixture = {"weights": weights, "means": means, "variance": variance}
    answer = ask(function, what, xt=xt, t=t, **mixture, alpha_bar=kept)
    found = as_parts(answer, what, "(x0, score)")
    right = tweedie(xt, kept[t], **mixture)
    mistakes = _mixture_mistakes(xt, t, **mixture, kept=kept)
    eps = (xt - np.sqrt(kept[t]) * right[0]) / np.sqrt(1 - kept[t])
    signs = {
        "the score points to where the data are; the sign is wrong": -right[1],
        "that is the expected noise; the score is minus that over sqrt(1 - bar alpha_t)": eps,
        "that is minus the expected noise; divide by sqrt(1 - bar alpha_t)": -eps,
        "divide the expected noise by sqrt(1 - bar alpha_t), not by 1 - bar alpha_t": (
            -eps / (1 - kept[t])
        ),
        "x_0 is multiplied by sqrt(bar alpha_t) before it is taken away": (
            (right[0] - xt) / (1 - kept[t])
        ),
    }
    for k, name in enumerate(("x0", "score")):
        label = f"{name} for {what}"
        hints = {advice: pair[k] for advice, pair in mistakes.items()} | (signs if k else {})
        values = as_numbers(numbers(found[k]), xt.shape, label, FAR)
        compare(values, right[k], label, hints=hints, tol=FLOAT32)


@peer
def _mixture_answer(
    xt: np.ndarray,
    means: np.ndarray,
    variance: float,
    *,
    left: float,
    prior: np.ndarray,
    shown: float | None = None,
    wide: float | None = None,
    shrink: float | None = None,
    hard: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of x_0 and score at points x_t (n, d), if some of the numbers are taken otherwise."""
    spread, root = left * variance + 1 - left, np.sqrt(left)
    centres = (root if shown is None else shown) * means
    squares = ((xt[:, None] - centres) ** 2).sum(axis=2)  # (n, m)
    logs = np.log(prior) - squares / (2 * (spread if wide is None else wide))
    shares = np.eye(len(prior))[logs.argmax(axis=1)] if hard else softmax(logs, axis=1)
    pull = variance * root / spread if shrink is None else shrink
    x0 = shares @ means + pull * (xt - shares @ centres)
    return x0, (root * x0 - xt) / (1 - left)


def _mixture_mistakes(
    xt: np.ndarray,
    t: int,
    weights: np.ndarray,
    means: np.ndarray,
    variance: float,
    kept: np.ndarray,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    answer = partial(_mixture_answer, xt, means, variance, left=kept[t], prior=weights)
    left, root = kept[t], np.sqrt(kept[t])
    found = {
        "all components count, each by its share; yours is the most probable alone": (
            answer(hard=True)
        ),
        "the means of x_t are sqrt(bar alpha_t) mu, not mu": answer(shown=1.0),
        "the means of x_t are sqrt(bar alpha_t) mu; the root is missing": answer(shown=left),
        "the weights of the components are missing in the shares": (
            answer(prior=np.ones(len(weights)))
        ),
        "a share is proportional to exp(-d^2 / (2 variance)); the 2 is missing": (
            answer(wide=(left * variance + 1 - left) / 2)
        ),
        "shares depend on the noise that the step has added: divide by the variance of x_t": (
            answer(wide=1.0)
        ),
        "use the entry of alpha_bar for step t, not t - 1": answer(left=kept[t - 1]),
    }
    if variance:
        found |= {
            "x_0 need not be at a mean: x_t tells where in the component it lies": (
                answer(shrink=0.0)
            ),
            "the variance of x_t within a component is bar alpha_t * variance + 1 - bar alpha_t": (
                answer(wide=1 - left)
            ),
            "the noise is missing in the variance of x_t": answer(wide=left * variance),
            "`variance` is multiplied by bar alpha_t in the variance of x_t": (
                answer(wide=variance + 1 - left, shrink=variance * root / (variance + 1 - left))
            ),
        }
    return found


@peer
def chain_of(
    mean: float, variance: float, betas: np.ndarray, kind: str, **slips: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of x_0 .. x_T, (T + 1,) each, when Algorithm 2 runs on exact guesses.

    A step back is a line through its values at 0 and 1. Slips: `last` adds noise at t = 1 too,
    `fair` starts from the true x_T, `still` adds no noise, `sure` guesses the data's mean.
    """
    kept = retained(betas)
    steps = len(betas)
    scale, noise = moments(kept, 0, steps)
    means, variances = np.zeros(steps + 1), np.ones(steps + 1)
    if slips.get("fair"):
        means[-1], variances[-1] = scale * mean, scale**2 * variance + noise
    for t in range(steps, 0, -1):
        on_x0, on_xt, exact = bridge(kept, t - 1, t)

        def step(xt: float, t: int = t, on_x0: float = on_x0, on_xt: float = on_xt) -> float:
            return on_x0 * guess(xt, mean, variance * (not slips.get("sure")), kept, t) + on_xt * xt

        slope = step(1.0) - step(0.0)
        sigma2 = betas[t - 1] if kind == "beta" else exact
        silent = slips.get("still") or (t == 1 and not slips.get("last"))
        means[t - 1] = step(means[t])
        variances[t - 1] = slope**2 * variances[t] + (0 if silent else sigma2)
    return means, variances


@peer
def guess(xt: float, mean: float, variance: float, kept: np.ndarray, t: int) -> float:
    """E[x_0 | x_t] for one Gaussian: x_0 and x_t are jointly Gaussian."""
    factor, noise = moments(kept, 0, t)
    gain = factor * variance / (factor**2 * variance + noise)
    return mean + gain * (xt - factor * mean)


def check_chain(
    chain_moments: Callable,
    rng: np.random.Generator,
    kind: str = "posterior",
    betas: np.ndarray | None = None,
    steps: int = 6,
) -> None:
    """Compare the recursion of mean and variance with the steps' lines."""
    betas = random_betas(rng, steps) if betas is None else betas
    mean, variance = float(rng.uniform(1, 3)), float(rng.uniform(0.2, 0.6))
    given = {"mean": mean, "variance": variance, "betas": betas, "kind": kind}
    what = f"{len(betas)} steps back, variance {kind!r}"
    found = as_parts(ask(chain_moments, what, **given), what, "(means, variances)")
    right, other = chain_of(**given), "beta" if kind == "posterior" else "posterior"
    mistakes: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "no noise at the last step, t = 1": chain_of(**given, last=True),
        "the chain starts from N(0, 1), not from what the data become": (
            chain_of(**given, fair=True)
        ),
        "each step back but the last adds noise": chain_of(**given, still=True),
        "the best guess of x_0 depends on x_t; yours is the mean of the data": (
            chain_of(**given, sure=True)
        ),
        "the variance is the other one": chain_of(**given | {"kind": other}),
        "entry t belongs to x_t; yours begins with x_T": (right[0][::-1], right[1][::-1]),
        "the chain does not quite reach the data; work it out": (
            np.append(mean, right[0][1:]),
            np.append(variance, right[1][1:]),
        ),
    }
    names = {"means": None, "variances": {"those are standard deviations": np.sqrt(right[1])}}
    for k, name in enumerate(names):
        hints = {advice: pair[k] for advice, pair in mistakes.items()} | (names[name] or {})
        compare(found[k], right[k], f"the {name} of {what}", hints=hints, tol=FLOAT32)
