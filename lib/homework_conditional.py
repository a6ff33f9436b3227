"""The visible tests of chapter 8's homework, tasks 1 and 4: classes by Bayes, a game on tables.

Right answers come from sums of ratios and from SciPy's entropies. Each `check_...` takes the
student's function and raises AssertionError with a message that says which mistake would give the
student's answer.
"""

from __future__ import annotations

import inspect
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
    *("grey_levels", "which_model_ranks", "which_model_toy"),
)
#: Units of code lengths -> their size in nats.
UNITS = {"bits": math.log(2), "bytes": 8 * math.log(2), "decimal digits": math.log(10)}
#: How far answers may be off where float32 must subtract large numbers.
ROUGH = 1e-3
UNDERFLOW = (
    "exp of a large or very negative number; subtract each row's largest logarithm before exp"
)
NO_LOG_0 = "0 log 0 counts as 0: leave such entries out"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    _takes(function, given, what)
    try:
        with peers_switched_off():
            return ask_without(ANSWERS, function, what, given)
    except (ValueError, IndexError) as error:
        shapes = ", ".join(f"{n} {np.shape(v)}" for n, v in given.items() if hasattr(v, "shape"))
        told = f". The shapes that the task gives it: {shapes}" if shapes else ""
        raise AssertionError(f"{what}: your function stops, {str(error).strip()}{told}") from error


def _takes(function: Callable, given: dict[str, Any], what: str) -> None:
    """AssertionError if a function does not take as many arguments as the task gives it."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # no function of Python: it must say itself what it takes
        return
    try:
        signature.bind(*given.values())
    except TypeError:
        raise AssertionError(
            f"{what}: the task gives your function ({', '.join(given)}), and it takes "
            f"{signature}: read the task again"
        ) from None


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


def as_lengths(
    log_p: np.ndarray, prior: np.ndarray, unit: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies that are those of whole counts; code lengths in a unit; the counts."""
    counts = np.ceil(300 * prior)
    return counts / counts.sum(), -log_p / UNITS[unit], counts


def check_bayes(
    class_posterior: Callable,
    rng: np.random.Generator,
    n: int = 4,
    k: int = 3,
    far: float = -40.0,
    never: bool = False,
    unit: str = "",
) -> None:
    """Compare p(y | x) with sums of ratios; `far`: where the log-densities lie, in nats.

    With a `unit`, code lengths in it are given, and the classes' counts.
    """
    log_p, prior = random_scores(rng, n, k, far, never)
    given = {"log_p": log_p, "prior": prior}
    if unit:
        prior, lengths, counts = as_lengths(log_p, prior, unit)
        given = {"lengths": lengths, "counts": counts}
    what = f"p(y | x) of {n} pictures and {k} classes"
    answer = ask(class_posterior, what, **given)
    found, right = as_numbers(numbers(answer), (n, k), what, UNDERFLOW), shares(log_p, prior)
    with np.errstate(all="ignore"):
        hints = _bayes_mistakes(log_p, prior, right)
        if unit:
            hints = _length_mistakes(given["lengths"], prior, unit) | hints
    compare(found, right, what, hints=hints, tol=FLOAT32 if abs(far) < 50 else ROUGH)


def _bayes_mistakes(log_p: np.ndarray, prior: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    return {
        "the prior is missing": softmax(log_p, axis=1),
        "divide by the sum over the classes of one picture, not over the pictures": (
            softmax(log_p + np.log(prior), axis=0)
        ),
        "those are logarithms; return probabilities": np.log(right),
        "that is p(x | y) p(y); divide by the sum over the classes": np.exp(log_p) * prior,
        "that is a verdict; return probabilities": np.eye(len(prior))[right.argmax(axis=1)],
        "the densities are logarithms, so add log p(y), not p(y)": softmax(log_p + prior, axis=1),
        "p(y) multiplies before you divide by the sum": softmax(log_p, axis=1) * prior,
        "log_p enters with a plus sign": softmax(np.log(prior) - log_p, axis=1),
        "multiply by p(y), do not divide by it": softmax(log_p - np.log(prior), axis=1),
    }


def _length_mistakes(lengths: np.ndarray, prior: np.ndarray, unit: str) -> dict[str, Any]:
    """What is said to who takes code lengths for log-densities, or their unit for nats."""
    found = {
        "those are code lengths: a likely picture has a short one, log p(x | y) is minus the "
        "length": softmax(lengths + np.log(prior), axis=1),
        "those are code lengths, so log p(x | y) is minus the length, in nats": (
            softmax(lengths * UNITS[unit] + np.log(prior), axis=1)
        ),
    }
    if unit != "nats":
        found[f"the lengths are in {unit}; exp wants nats"] = softmax(
            np.log(prior) - lengths, axis=1
        )
    return found


def check_told(
    told_and_untold: Callable,
    rng: np.random.Generator,
    n: int = 5,
    k: int = 3,
    far: float = -40.0,
    unit: str = "",
) -> None:
    """Compare mean log p(x | y) and mean log p(x) with the posterior of the right class.

    With a `unit`, both are mean code lengths in it, from lengths and the classes' counts.
    """
    log_p, prior = random_scores(rng, n, k, far, False)
    y = rng.integers(k, size=n)
    what, given = f"{n} pictures and {k} classes", {"log_p": log_p, "prior": prior, "y": y}
    if unit:
        prior, lengths, counts = as_lengths(log_p, prior, unit)
        given = {"lengths": lengths, "counts": counts, "y": y}
    found = as_parts(ask(told_and_untold, what, **given), what, "(told, untold)")
    own = log_p[np.arange(n), y]
    posterior = shares(log_p, prior)[np.arange(n), y]
    right = own.mean(), (own + np.log(prior[y]) - np.log(posterior)).mean()  # Bayes, turned round
    mistakes = _told_mistakes(log_p, prior, y, right), _untold_mistakes(log_p, prior, right)
    about_y = np.log(posterior).mean()
    mistakes[0]["that is log p(y | x); asked is log p(x | y), given in a row"] = about_y
    for at, name in enumerate(("told", "untold")):
        label, hints, wanted = f"{name}: {what}", mistakes[at], right[at]
        if unit:
            hints, wanted = _in_units(hints, unit), -wanted / UNITS[unit]
            hints |= _unit_mistakes(lengths, counts, wanted, unit) if at else {}
        value = as_numbers(numbers(found[at]), (), label, UNDERFLOW)
        assert np.isfinite(value), f"{label}: it is not finite: {UNDERFLOW}"
        compare(value, wanted, label, hints=hints, tol=FLOAT32 if abs(far) < 50 else ROUGH)


def _told_mistakes(log_p: Any, prior: Any, y: np.ndarray, right: Any) -> dict[str, float]:
    own = log_p[np.arange(len(y)), y]
    return {
        "that is log p(x, y); log p(x | y) has no p(y)": (own + np.log(prior[y])).mean(),
        "that is the mean over all classes; take the class that the picture has": log_p.mean(),
        "take the class that the picture has, not the likeliest one": log_p.max(axis=1).mean(),
        "that is untold; the pair is (told, untold)": right[1],
        "average over the pictures, do not sum": own.sum(),
    }


def _untold_mistakes(log_p: Any, prior: Any, right: Any) -> dict[str, float]:
    n, k = log_p.shape
    joint = log_p + np.log(prior)
    return {
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


def _in_units(hints: dict[str, float], unit: str) -> dict[str, float]:
    """Mistakes as code lengths; and who forgets the sign or the unit of a length."""
    return {advice: -value / UNITS[unit] for advice, value in hints.items()}


def _unit_mistakes(
    lengths: np.ndarray, counts: np.ndarray, right: float, unit: str
) -> dict[str, float]:
    """What is said of a length without the class to who overlooks sign, unit or counts."""
    found = {
        "those are lengths: a likely picture has a short one, log p(x | y) is minus the length": (
            logsumexp(lengths + np.log(counts), axis=1).mean()
        ),
        "p(y) is a share: divide the counts by their sum": (
            right - math.log(counts.sum()) / UNITS[unit]
        ),
        "a length is minus a logarithm, so it has the other sign": -right,
        f"return {unit}": right * UNITS[unit],
    }
    return {advice: wrong for advice, wrong in found.items() if not np.isclose(wrong, right)}


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
    right = value_for(p, q), value_for(p.sum(axis=0), q.sum(axis=0))
    by_class = [value_for(a / a.sum(), b / b.sum()) for a, b in zip(p, q, strict=True)]
    mistakes = [
        {
            "that is the divergence; the value is 2 JSD - log 4": (value + math.log(4)) / 2,
            "log 4 is missing": value + math.log(4),
            "once for data, once for samples: JSD counts twice": (value - math.log(4)) / 2,
            "the sign is wrong: V is never above 0": -value,
            "natural logarithms, not bits": value / math.log(2),
            "a D that sees y alone learns nothing; `untold` sees x alone: sum over the classes": (
                value_for(p.sum(axis=1), q.sum(axis=1))
            ),
            "classes are not equally frequent: weigh them by p(y)": float(np.mean(by_class)),
            "weigh by the probabilities; do not sum the classes' values": float(np.sum(by_class)),
            "the two expectations; do not halve their sum": value / 2,
        }
        for value in right
    ]
    compare_values(ask(game_values, what, p=p, q=q), right, mistakes, what)


def compare_values(
    answer: Any, right: tuple[float, float], mistakes: list[dict[str, float]], what: str
) -> None:
    """Compare the pair (told, untold) of the values of a game; `mistakes` of each are known."""
    found, names = as_parts(answer, what, "(told, untold)"), ("told", "untold")
    for at, name in enumerate(names):
        label = f"{name}: {what}"
        value = as_numbers(numbers(found[at]), (), label, NO_LOG_0)
        hints = {f"that is {names[1 - at]}; the pair is (told, untold)": right[1 - at]}
        hints |= mistakes[at]
        hints = {advice: v for advice, v in hints.items() if not np.isclose(v, right[at])}
        compare(value, right[at], label, hints=hints, tol=FLOAT32)
