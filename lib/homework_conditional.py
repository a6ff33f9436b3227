"""The visible tests of chapter 8's homework, tasks 1 and 4: classes by Bayes, a game on tables.

Right answers come from sums of ratios and from SciPy's entropies. Each `check_...` takes the
student's function and raises AssertionError with a message that says which mistake would give the
student's answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax
from scipy.stats import entropy

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, ask_without, numbers, peer, peers_switched_off

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    *("divergence", "gaussian", "vae", "mixture", "train", "diffusion", "exact_denoiser"),
    *("gan", "gan_losses", "gan_game", "gan_divergences", "translation", "guidance"),
    *("conditional_vae", "class_judge", "class_gaussians", "inverse_problems"),
)
#: How far answers may be off where float32 must subtract large numbers.
ROUGH = 1e-3
UNDERFLOW = (
    "exp of a large or very negative number; subtract each row's largest logarithm before exp"
)
NO_LOG_0 = "0 log 0 counts as 0: leave such entries out"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    with peers_switched_off():
        return ask_without(ANSWERS, function, what, given)


@peer
def shares(log_p: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """p(y | x), (n, k), class after class: one over the sum of all ratios to that class."""
    found = np.zeros(log_p.shape)
    for k, own in enumerate(prior):
        if own:
            with np.errstate(over="ignore"):
                ratios = prior / own * np.exp(log_p - log_p[:, [k]])
            found[:, k] = 1 / ratios.sum(axis=1)
    return found


def random_scores(
    rng: np.random.Generator, n: int, k: int, far: float, never: bool
) -> tuple[np.ndarray, np.ndarray]:
    """log p(x | y) in nats (n, k), around `far`, and frequencies (k,); `never`: one is 0."""
    prior = rng.dirichlet(np.full(k, 2.0)) + 0.02
    if never:
        prior[rng.integers(k)] = 0
    return far + rng.normal(0, 1.5, size=(n, k)), prior / prior.sum()


def check_bayes(
    class_posterior: Callable,
    rng: np.random.Generator,
    n: int = 4,
    k: int = 3,
    far: float = -40.0,
    never: bool = False,
) -> None:
    """Compare p(y | x) with sums of ratios; `far`: where the log-densities lie, in nats."""
    log_p, prior = random_scores(rng, n, k, far, never)
    what = f"p(y | x) of {n} pictures and {k} classes"
    answer = ask(class_posterior, what, log_p=log_p, prior=prior)
    found, right = as_numbers(numbers(answer), (n, k), what, UNDERFLOW), shares(log_p, prior)
    with np.errstate(all="ignore"):
        joint = np.exp(log_p) * prior
        hints = {
            "the prior is missing": softmax(log_p, axis=1),
            "divide by the sum over the classes of one picture, not over the pictures": (
                softmax(log_p + np.log(prior), axis=0)
            ),
            "those are logarithms; return probabilities": np.log(right),
            "that is p(x | y) p(y); divide by the sum over the classes": joint,
            "that is a verdict; return probabilities": np.eye(k)[right.argmax(axis=1)],
            "the densities are logarithms, so add log p(y), not p(y)": (
                softmax(log_p + prior, axis=1)
            ),
            "p(y) multiplies before you divide by the sum": softmax(log_p, axis=1) * prior,
            "log_p enters with a plus sign": softmax(np.log(prior) - log_p, axis=1),
            "multiply by p(y), do not divide by it": softmax(log_p - np.log(prior), axis=1),
        }
    compare(found, right, what, hints=hints, tol=FLOAT32 if abs(far) < 50 else ROUGH)


def check_told(
    told_and_untold: Callable,
    rng: np.random.Generator,
    n: int = 5,
    k: int = 3,
    far: float = -40.0,
) -> None:
    """Compare mean log p(x | y) and mean log p(x) with the posterior of the right class."""
    log_p, prior = random_scores(rng, n, k, far, False)
    y = rng.integers(k, size=n)
    what = f"{n} pictures and {k} classes"
    answer = ask(told_and_untold, what, log_p=log_p, prior=prior, y=y)
    found = as_parts(answer, what, "(told, untold)")
    own = log_p[np.arange(n), y]
    given = shares(log_p, prior)[np.arange(n), y]
    right = own.mean(), (own + np.log(prior[y]) - np.log(given)).mean()  # Bayes, turned round
    joint = log_p + np.log(prior)
    told = {
        "that is log p(x, y); log p(x | y) has no p(y)": (own + np.log(prior[y])).mean(),
        "that is the mean over all classes; take the class that the picture has": log_p.mean(),
        "take the class that the picture has, not the likeliest one": log_p.max(axis=1).mean(),
        "that is untold; the pair is (told, untold)": right[1],
        "average over the pictures, do not sum": own.sum(),
        "that is log p(y | x); log p(x | y) is a row of `log_p`": np.log(given).mean(),
    }
    untold = {
        "each class counts with its p(y)": logsumexp(log_p, axis=1).mean(),
        "classes are not equally frequent: weigh them by p(y)": (
            (logsumexp(log_p, axis=1) - math.log(k)).mean()
        ),
        "add probabilities, not logarithms: that is the mean of log p(x | y) over p(y)": (
            (log_p @ prior).mean()
        ),
        "sum over the classes; yours keeps the likeliest one alone": joint.max(axis=1).mean(),
        "the logarithm of each picture's p(x), then the mean; yours is turned round": (
            logsumexp(joint) - math.log(n)
        ),
        "average over the pictures, do not sum": n * right[1],
        "that is told; the pair is (told, untold)": right[0],
    }
    for at, (name, hints) in enumerate((("told", told), ("untold", untold))):
        value, label = as_numbers(numbers(found[at]), (), f"{name}: {what}", UNDERFLOW), name
        assert np.isfinite(value), f"{name}: {what}: it is not finite: {UNDERFLOW}"
        tol = FLOAT32 if abs(far) < 50 else ROUGH
        compare(value, right[at], f"{label}: {what}", hints=hints, tol=tol)


def random_joints(
    rng: np.random.Generator, classes: int, k: int, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Joint tables (classes, k) of data and of samples, with the same frequencies of the classes.

    Kinds: "any"; "deaf", samples have the data's p(x) and ignore y; "zeros", some pairs never
    happen; "same".
    """
    rows = rng.dirichlet(np.full(k, 1.5), size=(2, classes)) + 0.01
    if kind == "zeros":
        rows[0, :, 0] = rows[1, :, -1] = 0
    rows /= rows.sum(axis=2, keepdims=True)
    of_y = rng.dirichlet(np.full(classes, 4.0))[:, None]
    p = of_y * rows[0]
    if kind == "deaf":
        return p, of_y * p.sum(axis=0)
    return p, p.copy() if kind == "same" else of_y * rows[1]


@peer
def value_for(p: np.ndarray, q: np.ndarray) -> float:
    """The value of the game with the best D for two tables of any shape: 2 JSD - log 4.

    The divergence is the entropy of the middle, less the mean of the two entropies.
    """
    middle, first, second = (entropy(v.ravel()) for v in ((p + q) / 2, p, q))
    return float(2 * middle - first - second) - math.log(4)


def check_values(
    game_values: Callable,
    rng: np.random.Generator,
    classes: int = 2,
    k: int = 3,
    kind: str = "any",
) -> None:
    """Compare the values of two games with SciPy's entropies: D sees x and y, D sees x alone."""
    p, q = random_joints(rng, classes, k, kind)
    what = f"the game on {classes} classes and {k} pictures"
    answer = ask(game_values, what, p=p, q=q)
    found = as_parts(answer, what, "(told, untold)")
    right = value_for(p, q), value_for(p.sum(axis=0), q.sum(axis=0))
    by_class = [value_for(a / a.sum(), b / b.sum()) for a, b in zip(p, q, strict=True)]
    names = "told", "untold"
    for at, name in enumerate(names):
        label = f"{name}: {what}"
        value = as_numbers(numbers(found[at]), (), label, NO_LOG_0)
        hints = {
            f"that is {names[1 - at]}; the pair is (told, untold)": right[1 - at],
            "that is the divergence; the value is 2 JSD - log 4": (right[at] + math.log(4)) / 2,
            "log 4 is missing": right[at] + math.log(4),
            "once for data, once for samples: JSD counts twice": (right[at] - math.log(4)) / 2,
            "the sign is wrong: V is never above 0": -right[at],
            "natural logarithms, not bits": right[at] / math.log(2),
            "a D that sees y alone learns nothing; `untold` sees x alone: sum over the classes": (
                value_for(p.sum(axis=1), q.sum(axis=1))
            ),
            "classes are not equally frequent: weigh them by p(y)": float(np.mean(by_class)),
            "weigh by the probabilities; do not sum the classes' values": float(np.sum(by_class)),
            "the two expectations; do not halve their sum": right[at] / 2,
        }
        hints = {advice: v for advice, v in hints.items() if not np.isclose(v, right[at])}
        compare(value, right[at], label, hints=hints, tol=FLOAT32)
