"""Tests of chapter 6's homework, task 6, asked in other ways.

Right answers come from first and second derivatives of PyTorch's densities.
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
from lib.homework_diffusion import ask, random_betas, retained
from lib.homework_diffusion_chain import FAR

#: Form of task 6 -> names of what is returned, what to say to who solves the lesson's task.
FORMS = {
    "widths": (
        "(x0, score)",
        "each component has its own variance here, `variances` (M,): read the task again",
    ),
    "doubt": (
        "(x0, doubt)",
        "the second is the variance of x_0, one number a point, not the score: read the task again",
    ),
    "growing": (
        "(x0, score)",
        "x_t = x_0 + sigma_t eps here, and `sigma` is no bar alpha_t: read the task again",
    ),
}


@peer
def from_density(
    xt: np.ndarray,
    weights: np.ndarray,
    means: np.ndarray,
    variances: np.ndarray,
    root: float,
    noise: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E[x_0 | x_t], the score (n, d), and the summed variance of x_0 (n,), x_t = root x_0 + noise.

    First and second derivatives of PyTorch's density of x_t; Tweedie's formulas do the rest.
    """
    std = torch.tensor(np.sqrt(root**2 * variances + noise))[:, None].expand(means.shape)
    parts = Independent(Normal(torch.tensor(root * means), std), 1)
    density = MixtureSameFamily(Categorical(torch.tensor(weights)), parts)
    points = torch.tensor(xt, requires_grad=True)
    (score,) = torch.autograd.grad(density.log_prob(points).sum(), points, create_graph=True)
    bend = sum(
        torch.autograd.grad(score[:, k].sum(), points, retain_graph=True)[0][:, k].numpy()
        for k in range(xt.shape[1])
    )
    slope = score.detach().numpy()
    return (xt + noise * slope) / root, slope, noise / root**2 * (xt.shape[1] + noise * bend)


def check_mixture(
    function: Callable,
    rng: np.random.Generator,
    n: int = 5,
    d: int = 2,
    m: int = 3,
    *,
    variance: float | None = None,
    far: float = 1.0,
    form: str = "widths",
) -> None:
    """Compare the best guess of x_0, and what else is asked for, with derivatives of a density.

    `far` moves the points x_t away from the means; with variance 0 the means are all data.
    """
    kept, t = retained(random_betas(rng, 6)), int(rng.integers(2, 6))
    sigma = np.append(0, np.sort(rng.uniform(0.3, 2.0, size=6)))
    root, noise = (1.0, sigma[t] ** 2) if form == "growing" else (np.sqrt(kept[t]), 1 - kept[t])
    weights, means = rng.dirichlet(np.full(m, 4.0)), rng.normal(0, 1.5, size=(m, d))
    widths = rng.uniform(0.2, 0.3, size=m) * (rng.permutation(m) + 1)
    if form != "widths":
        widths = np.full(m, rng.uniform(0.2, 0.6))
    widths = widths if variance is None else np.full(m, variance)
    xt = far * (root * means[rng.integers(m, size=n)] + rng.normal(size=(n, d)))
    what = f"{n} points in {d} dimensions, {m} components, t = {t}"
    given = {"xt": xt, "t": t, "weights": weights, "means": means}
    given |= {"variances": widths} if form == "widths" else {"variance": float(widths[0])}
    given |= {"sigma": sigma} if form == "growing" else {"alpha_bar": kept}
    names, reminder = FORMS[form]
    found = as_parts(ask(function, what, **given), what, names)
    x0, score, doubt = from_density(xt, weights, means, widths, root, noise)
    second = doubt if form == "doubt" else score
    answer = partial(
        _answer, xt, weights, means, widths, root=root, noise=noise, doubt=form == "doubt"
    )
    mistakes = _mixture_mistakes(answer, widths, root, noise)
    with np.errstate(all="ignore"):
        mistakes[reminder] = _lesson(**given) if form != "widths" or m == d else (np.nan, np.nan)
    shape = np.shape(found[1])
    assert form != "doubt" or shape == (n,) or shape != xt.shape, f"{what}: {reminder}"
    for k, (name, right) in enumerate(zip(names[1:-1].split(", "), (x0, second), strict=True)):
        label = f"{name} for {what}"
        hints = {advice: pair[k] for advice, pair in mistakes.items()}
        if k:
            hints |= _second_mistakes(second, x0, xt, root, noise, form, widths)
        values = as_numbers(numbers(found[k]), right.shape, label, FAR)
        compare(values, right, label, hints=hints, tol=FLOAT32)


@peer
def _lesson(xt: np.ndarray, t: int, *rest: np.ndarray, **given: np.ndarray) -> tuple:
    """What the lesson's denoiser makes of the arguments."""
    weights, means, variance, table = given.values()
    kept = table[t]
    spread, root = kept * variance + 1 - kept, np.sqrt(kept)
    gap = xt[:, None] - root * means
    shares = softmax(np.log(weights) - (gap**2).sum(axis=2) / (2 * spread), axis=1)
    x0 = (shares[:, :, None] * (means + variance * root / spread * gap)).sum(axis=1)
    return x0, (root * x0 - xt) / (1 - kept)


@peer
def _answer(
    xt: np.ndarray,
    weights: np.ndarray,
    means: np.ndarray,
    variances: np.ndarray,
    *,
    root: float,
    noise: float,
    doubt: bool,
    shown: float | None = None,
    wide: np.ndarray | None = None,
    pull: np.ndarray | None = None,
    prior: np.ndarray | None = None,
    hard: bool = False,
    height: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of x_0 at points x_t (n, d), and score or doubt, if some numbers are taken otherwise."""
    spread = root**2 * variances + noise
    gap = xt[:, None] - (root if shown is None else shown) * means
    logs = np.log(weights if prior is None else prior)
    logs = logs - (gap**2).sum(axis=2) / (2 * (spread if wide is None else wide))
    if height:
        logs = logs - xt.shape[1] / 2 * np.log(spread)
    shares = np.eye(len(weights))[logs.argmax(axis=1)] if hard else softmax(logs, axis=1)
    guesses = means + (variances * root / spread if pull is None else pull)[:, None] * gap
    x0 = (shares[:, :, None] * guesses).sum(axis=1)
    inside = shares @ (xt.shape[1] * variances * noise / spread)
    apart = (shares * ((guesses - x0[:, None]) ** 2).sum(axis=2)).sum(axis=1)
    return x0, inside + apart if doubt else (root * x0 - xt) / noise


def _mixture_mistakes(
    answer: Callable, variances: np.ndarray, root: float, noise: float
) -> dict[str, tuple]:
    spread = root**2 * variances + noise
    found = {
        "all components count, each by its share; yours is the most probable alone": (
            answer(hard=True)
        ),
        "a wide component is thinner: its density has the factor 1 / sqrt(variance) per number": (
            answer(height=False)
        ),
        "the means of x_t shrink with x_0": answer(shown=1.0),
        "the means of x_t have the root of bar alpha_t": answer(shown=root**2),
        "a share is proportional to exp(-d^2 / (2 variance)); the 2 is missing": (
            answer(wide=spread / 2)
        ),
        "shares depend on the noise: divide by the variance of x_t": answer(wide=np.ones(1)),
        "the variance of x_t within a component has two parts": answer(wide=noise + 0 * spread),
        "the weights of the components are missing in the shares": (
            answer(prior=np.ones(len(variances)))
        ),
    }
    if variances.any():
        found["x_0 need not be at a mean: x_t tells where in the component it lies"] = answer(
            pull=0 * variances
        )
        found["the pull towards x_t is the share of the component's variance in that of x_t"] = (
            answer(pull=variances / spread)
        )
    return found


def _second_mistakes(
    right: np.ndarray,
    x0: np.ndarray,
    xt: np.ndarray,
    root: float,
    noise: float,
    form: str,
    variances: np.ndarray,
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the score or for the doubt."""
    if form == "doubt":
        d, inside = xt.shape[1], variances * noise / (root**2 * variances + noise)
        return {
            "guesses of the components differ: their spread about E[x_0 | x_t] counts": (
                d * inside[0] + 0 * right
            ),
            "within a component x_0 is not known exactly: that variance counts too": (
                right - d * inside[0]
            ),
            "a variance, no standard deviation": np.sqrt(np.maximum(right, 0)),
            "sum over the numbers of x_0, do not average": right / d,
            "the variance within a component counts once for each number": (
                right - (d - 1) * inside[0]
            ),
        }
    eps = (xt - root * x0) / np.sqrt(noise)
    return {
        "the score points to where the data are; the sign is wrong": -right,
        "that is the expected noise; the score is minus that over its spread": eps,
        "that is minus the expected noise; divide by its spread": -eps,
        "divide the expected noise by its spread, not by its variance": -eps / noise,
    }
