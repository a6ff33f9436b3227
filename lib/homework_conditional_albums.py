"""Checks of chapter 8's homework, task 1, where all pictures of an album are of one class.

Right answers come from Bayes' rule, picture after picture: what is believed after one picture is
the prior of the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import ROUGH, UNDERFLOW, ask, random_scores, shares


@peer
def believed(log_p: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """p(y | x_1, ..., x_M), (n, k), for log p(x_m | y), (n, m, k): one picture after another."""
    found = []
    for album in log_p:
        belief = prior
        for row in album:
            belief = shares(row[None], belief)[0]
        found.append(belief)
    return np.array(found)


def random_albums(
    rng: np.random.Generator, n: int, k: int, far: float, never: bool
) -> tuple[np.ndarray, np.ndarray]:
    """log p(x | y) of the pictures of n albums, (n, m, k) with m from 2 to 4, and p(y), (k,)."""
    m = int(rng.integers(2, 5))
    log_p, prior = random_scores(rng, n * m, k, far, never)
    return log_p.reshape(n, m, k), prior


def ordered(log_p: np.ndarray, axes: str) -> np.ndarray:
    """log_p (n, m, k) with its axes in another order: "mnk"."""
    return log_p.transpose(["nmk".index(axis) for axis in axes])


def check_bayes(
    class_posterior: Callable,
    rng: np.random.Generator,
    n: int = 4,
    k: int = 3,
    far: float = -40.0,
    never: bool = False,
    axes: str = "nmk",
) -> None:
    """Compare p(y | album) with beliefs that are mended picture after picture.

    `axes` is the order in which log_p has albums n, pictures m and classes k.
    """
    log_p, prior = random_albums(rng, n, k, far, never)
    what = f"p(y | album) of {n} albums of {log_p.shape[1]} pictures and {k} classes"
    given = ordered(log_p, axes)
    answer = ask(class_posterior, what, log_p=given, prior=prior)
    shape = np.shape(numbers(answer))
    assert shape != given.shape, (
        f"{what}: yours has numbers for each picture; an album has one class, and one row"
    )
    found = as_numbers(numbers(answer), (n, k), what, UNDERFLOW)
    album = log_p.sum(axis=1)
    with np.errstate(all="ignore"):
        joint, single = album + np.log(prior), log_p + np.log(prior)
        hints = {
            "the prior is missing": softmax(album, axis=1),
            "an album has one class, drawn once: p(y) counts once, not for every picture": (
                softmax(single.sum(axis=1), axis=1)
            ),
            "every picture counts in full: multiply the densities, do not take their mean": (
                softmax(log_p.mean(axis=1) + np.log(prior), axis=1)
            ),
            "all pictures of an album speak, not the first alone": softmax(single[:, 0], axis=1),
            "pictures of one class are independent: multiply p(x_m | y) over m; yours is a mean "
            "of the single pictures' verdicts": softmax(single, axis=2).mean(axis=1),
            "multiply the densities of an album's pictures, do not add them": (
                softmax(logsumexp(single, axis=1), axis=1)
            ),
            "divide by the sum over the classes of one album, not over the albums": (
                softmax(joint, axis=0)
            ),
            "that is a verdict; return probabilities": np.eye(k)[joint.argmax(axis=1)],
            "those are logarithms; return probabilities": np.log(softmax(joint, axis=1)),
            "that is p(album | y) p(y); divide by the sum over the classes": np.exp(joint),
        }
    tol = FLOAT32 if abs(far) < 50 else ROUGH
    compare(found, believed(log_p, prior), what, hints=hints, tol=tol)


def check_told(
    told_and_untold: Callable,
    rng: np.random.Generator,
    n: int = 5,
    k: int = 3,
    far: float = -40.0,
    axes: str = "nmk",
) -> None:
    """Compare means of log p(album | y) and log p(album) with the belief in the right class."""
    log_p, prior = random_albums(rng, n, k, far, False)
    y, m = rng.integers(k, size=n), log_p.shape[1]
    what = f"{n} albums of {m} pictures and {k} classes"
    answer = ask(told_and_untold, what, log_p=ordered(log_p, axes), prior=prior, y=y)
    found = as_parts(answer, what, "(told, untold)")
    own = log_p.sum(axis=1)[np.arange(n), y]
    belief = believed(log_p, prior)[np.arange(n), y]
    right = own.mean(), (own + np.log(prior[y]) - np.log(belief)).mean()  # Bayes, turned round
    mistakes = _told_mistakes(log_p, prior, y), _untold_mistakes(log_p, prior)
    for at, name in enumerate(("told", "untold")):
        value = as_numbers(numbers(found[at]), (), f"{name}: {what}", UNDERFLOW)
        assert np.isfinite(value), f"{name}: {what}: it is not finite: {UNDERFLOW}"
        other = f"that is {('untold', 'told')[at]}; the pair is (told, untold)"
        per = "that is per picture; a mean over the albums is asked, of all an album's pictures"
        hints = {other: right[1 - at], per: right[at] / m, "average over the albums, do not sum": (
            n * right[at]
        )} | mistakes[at]  # fmt: skip
        tol = FLOAT32 if abs(far) < 50 else ROUGH
        compare(value, right[at], f"{name}: {what}", hints=hints, tol=tol)


def _told_mistakes(log_p: Any, prior: Any, y: np.ndarray) -> dict[str, float]:
    each = np.arange(len(y))
    return {
        "that is log p(album, y); log p(album | y) has no p(y)": (
            (log_p.sum(axis=1)[each, y] + np.log(prior[y])).mean()
        ),
        "take the class that the album has, not the likeliest one": (
            log_p.sum(axis=1).max(axis=1).mean()
        ),
        "all pictures of an album count, not the first alone": log_p[each, 0, y].mean(),
    }


def _untold_mistakes(log_p: Any, prior: Any) -> dict[str, float]:
    joint = log_p.sum(axis=1) + np.log(prior)
    return {
        "all pictures of an album have the same class: multiply them first, then sum over the "
        "classes": logsumexp(log_p + np.log(prior), axis=2).sum(axis=1).mean(),
        "an album has one class, drawn once: p(y) counts once, not for every picture": (
            logsumexp((log_p + np.log(prior)).sum(axis=1), axis=1).mean()
        ),
        "each class counts with its p(y)": logsumexp(log_p.sum(axis=1), axis=1).mean(),
        "sum over the classes; yours keeps the likeliest one alone": joint.max(axis=1).mean(),
        "add probabilities, not logarithms: that is the mean of log p(album | y) over p(y)": (
            (log_p.sum(axis=1) @ prior).mean()
        ),
    }
