"""Checks of chapter 8's homework, task 3, for other dials, other noise, other measures.

The same right answers as in `homework_conditional_guidance`, written in other conventions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import UNDERFLOW, ask
from lib.homework_conditional_guidance import Line, random_line, scatter

NAMES = {"score": "score", "noise": "noise", "clean": "guess of x_0"}


def check_forget(
    forget: Callable,
    rng: np.random.Generator,
    n: int = 6,
    m: int = 3,
    share: float = 0.4,
    *,
    empty: int | None = None,
) -> None:
    """Compare with conditions that are kept one by one, where u is below `share`.

    With `empty`, a class of this number stands for "no class"; without, a vector does.
    """
    u = np.append(rng.uniform(0, share, size=n // 2), rng.uniform(share, 1, size=n - n // 2))
    u[-1] = share
    u = rng.permutation(u)
    stays = u < share
    if empty is None:
        c, nothing = rng.uniform(0.2, 1, size=(n, m)), rng.uniform(-1, -0.2, size=m)
        given = {"c": c, "u": u, "keep": share, "empty": nothing}
        what, rows = f"{n} conditions of {m} numbers, keep = {share:.2f}", stays[:, None]
        others = {
            "a forgotten condition is the vector `empty`, not zeros": c * rows,
            "forget where u is not below `keep`; and what is forgotten becomes `empty`": c * ~rows,
        }
    else:
        c, nothing = rng.integers(10, size=n), np.array(empty)
        given = {"y": c, "u": u, "keep": share}
        what, rows = f"{n} classes, keep = {share:.2f}", stays
        others = {
            f"class 0 is a class like others; `no class` is {empty}": c * rows,
            f"keep where u is below `keep`; and `no class` is {empty}, not 0": c * ~rows,
        }
    answer = numbers(ask(forget, what, **given))
    assert empty is None or np.ndim(answer) < 2, (
        f"{what}: classes are whole numbers here: return shape ({n},)"
    )
    right = np.where(rows, c, nothing)
    after = u <= share if empty is not None else (u <= share)[:, None]
    other = u < 1 - share if empty is not None else (u < 1 - share)[:, None]
    hints = {
        "nothing is forgotten; each condition has its own u": c,
        "everything is forgotten; each condition has its own u": np.where(rows, nothing, nothing),
        "keep a condition where u is below `keep`, forget the others; yours is turned round": (
            np.where(rows, nothing, c)
        ),
        "u = keep is forgotten: then keep = 0 keeps nothing": np.where(after, c, nothing),
        "keep a share `keep`, not forget it": np.where(other, c, nothing),
    } | others  # fmt: skip
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    compare(as_numbers(answer, right.shape, what), right, what, hints=hints, tol=FLOAT32)


class Scale:
    """What a student is told of the noise, and what is asked: score, noise, or a guess of x_0.

    `told`: "sigma", data that do not shrink, x_t = x_0 + sigma eps; "log_snr", the logarithm of
    kept / (1 - kept).
    """

    def __init__(self, kept: float, told: str, asked: str):
        self.kept, self.told, self.asked = kept, told, asked
        self.sigma, self.log_snr = np.sqrt((1 - kept) / kept), np.log(kept / (1 - kept))
        #: How much wider than x_t of the usual data the student's x_t is.
        self.wide = 1 / np.sqrt(kept) if told == "sigma" else 1.0

    @property
    def given(self) -> dict[str, float]:
        """The argument that stands for the noise."""
        return {"sigma": self.sigma} if self.told == "sigma" else {"lam": self.log_snr}

    def answer(self, score: np.ndarray, x: np.ndarray, asked: str = "") -> np.ndarray:
        """What is asked at the places x, in the student's scale, from the usual score there."""
        score = score / self.wide
        root, std = (1, self.sigma) if self.told == "sigma" else np.sqrt([self.kept, 1 - self.kept])
        found = {"score": score, "noise": -std * score, "clean": (x + std**2 * score) / root}
        return found[asked or self.asked]


@peer
def towards(line: Line, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The slope of log p(x) + sum_k w_k log p(k | x) at x (n,), for weights (n, k)."""
    untold = line.score(x, np.zeros(len(x), dtype=int), -1)
    each = [line.score(x, np.full(len(x), k), 0) for k in range(weights.shape[1])]
    return untold + sum(w * (own - untold) for w, own in zip(weights.T, each, strict=True))


def check_guided(
    guided_score: Callable,
    rng: np.random.Generator,
    n: int = 5,
    k: int = 3,
    *,
    w: float = 1.5,
    kept: float = 0.6,
    far: float = 2.0,
    told: str = "sigma",
    asked: str = "score",
    several: bool = False,
) -> None:
    """Compare with complex steps of log p(x) p(y | x)^w, written as the task wants it.

    With `several`, each place has a weight for every class.
    """
    own, scale = random_line(rng, k), Scale(kept, told, asked)
    line, x, y = Line(**own, kept=kept), rng.normal(0, far, size=n), rng.integers(k, size=n)
    weights = rng.normal(0, 1, size=(n, k)) if several else w * np.eye(k)[y]
    weights[np.arange(n), y] = w
    places = x * scale.wide
    which = {"x": places, "weights": weights} if several else {"x": places, "y": y, "w": w}
    (noise,) = scale.given.items()
    what = f"guided answers at {n} places, {k} classes, {noise[0]} = {noise[1]:.3g}"
    what = what if several else f"{what}, w = {w:g}"
    answer = ask(guided_score, what, **which, **own, **scale.given)
    nan = "`lam` is a logarithm and may be negative" if told == "log_snr" else UNDERFLOW
    found = as_numbers(numbers(answer), (n,), what, nan)
    scores = {"": towards(line, x, weights)} | _score_mistakes(line, x, y, weights, several)
    usual = _usual(own, places, noise[1], y, w) if not several else None
    right = scale.answer(scores.pop(""), places)
    hints = {advice: scale.answer(score, places) for advice, score in scores.items()}
    hints["the sign is wrong"] = -right
    for other, name in NAMES.items():
        if other != asked:
            advice = f"that is the {name}; asked is the {NAMES[asked]}"
            hints[advice] = scale.answer(towards(line, x, weights), places, other)
    if usual is not None and np.isfinite(usual).all():
        hints[f"read again what w = 0 is, and what `{noise[0]}` says of the noise"] = usual
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    compare(found, right, what, hints=hints, tol=10 * FLOAT32)


def _score_mistakes(
    line: Line, x: np.ndarray, y: np.ndarray, weights: np.ndarray, several: bool
) -> dict[str, np.ndarray]:
    n, k = weights.shape
    told, untold = line.score(x, y, 0), line.score(x, y, -1)
    if several:
        each = np.stack([line.score(x, np.full(n, j), 0) for j in range(k)], axis=1)
        return {
            "all weights 0 give the untold score; yours lacks it": (
                towards(line, x, weights) - untold
            ),
            "each class's own score counts, less the untold one: that is the score of p(x), and "
            "the weighed differences are added": untold + (weights * each).sum(axis=1),
            "the weights need not add up to 1: they multiply differences to the untold score": (
                (weights * each).sum(axis=1)
            ),
            "guidance goes away from the untold score: class - untold, not untold - class": (
                towards(line, x, -weights)
            ),
            "that is the untold score; where are the weights?": untold,
            "a negative weight pushes away from its class; keep it": (
                towards(line, x, np.abs(weights))
            ),
        }
    w = weights[np.arange(n), y]
    return {
        "w = 1 is the told score here, w = 0 the untold one: untold + w (told - untold)": (
            told + w * (told - untold)
        ),
        "guidance goes away from the untold score: told - untold, not untold - told": (
            untold - w * (told - untold)
        ),
        "that is the told score; where is w?": told,
        "that is the untold score": untold,
        "that is w (told - untold); untold itself is missing": w * (told - untold),
    }


def _usual(
    own: dict[str, Any], x: np.ndarray, number: float, y: np.ndarray, w: float
) -> np.ndarray:
    """The score of the public homework, where the number that says the noise is taken for kept."""
    with np.errstate(all="ignore"):
        away = x[:, None] - np.sqrt(number) * own["means"]
        variance = number * own["stds"] ** 2 + 1 - number
        joint = np.log(own["prior"]) - 0.5 * away**2 / variance - 0.5 * np.log(variance)
        share = np.exp(joint - joint.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        told = (-away / variance)[np.arange(len(x)), y]
        return told + w * (told - (share * -away / variance).sum(axis=1))


def check_judged(
    judged: Callable,
    rng: np.random.Generator,
    classes: int = 3,
    d: int = 2,
    each: int = 5,
    measure: str = "spread",
) -> None:
    """Compare two numbers, each a mean over the classes: the share that is right, and another.

    `measure`: "spread", the mean of the classes' own ratios of scatter; "shift", the squared
    distance of the means in units of the real scatter.
    """
    wanted = rng.permutation(np.repeat(np.arange(classes), each + 2 * np.arange(classes)))
    labels = rng.permutation(np.repeat(np.arange(classes), each + 3))
    centres, width = rng.normal(0, 3, size=(classes, d)), rng.uniform(0.3, 1.5, size=(classes, 1))
    features = centres[wanted] + width[wanted] * rng.normal(size=(len(wanted), d))
    real = centres[labels] + (0.7 + width[labels]) * rng.normal(size=(len(labels), d)) + 0.5
    said = np.where(rng.uniform(size=len(wanted)) < 0.3 * (wanted == 0) + 0.2, -1, wanted)
    said = np.where(said < 0, (wanted + 1) % classes, said)
    said[np.flatnonzero(wanted == 0)[:2]] = 0, 1
    what = f"{len(wanted)} pictures of {classes} classes with {d} features"
    given = {"features": features, "wanted": wanted, "said": said, "real": real, "labels": labels}
    found = as_parts(ask(judged, what, **given), what, f"(accuracy, {measure})")
    hits = np.array([(said[wanted == k] == k).mean() for k in range(classes)])
    other = _spreads(**given) if measure == "spread" else _shifts(**given)
    right = float(hits.mean()), other.pop("")
    share = {
        "that is the share of mistakes": 1 - right[0],
        "every class counts the same, however many pictures it has: a mean of the classes' "
        "shares": float(np.mean(said == wanted)),
        f"that is the {measure}; the pair is (accuracy, {measure})": right[1],
        "of the pictures that were wanted as k, not of those that were said to be k": float(
            np.mean([(wanted[said == k] == k).mean() for k in range(classes) if (said == k).any()])
        ),
        "a share, not a number": float(sum((said[wanted == k] == k).sum() for k in range(classes))),
    }
    for at, (name, hints) in enumerate((("accuracy", share), (measure, other))):
        label = f"{name}: {what}"
        hints = {advice: v for advice, v in hints.items() if not np.isclose(v, right[at])}
        value = as_numbers(numbers(found[at]), (), label)
        compare(value, right[at], label, hints=hints, tol=FLOAT32)


def _spreads(
    features: np.ndarray,
    wanted: np.ndarray,
    said: np.ndarray,
    real: np.ndarray,
    labels: np.ndarray,
) -> dict[str, float]:
    """The mean of the classes' ratios, under an empty name, and mistakes."""
    classes = np.unique(wanted)
    pairs = [(scatter(features[wanted == k], wanted[wanted == k]),
              scatter(real[labels == k], labels[labels == k])) for k in classes]  # fmt: skip
    ratios = np.array([a / b for a, b in pairs])
    return {
        "": float(ratios.mean()),
        "a ratio for each class first, then their mean; yours is one ratio of two sums": (
            scatter(features, wanted) / scatter(real, labels)
        ),
        "that is turned round: the pictures' scatter over that of the real ones": float(
            (1 / ratios).mean()
        ),
        "variances, not standard deviations: take no root": float(np.sqrt(ratios).mean()),
        "within the classes: yours is the variance of all pictures together": (
            features.var(axis=0).sum() / real.var(axis=0).sum()
        ),
        "group the pictures by the class that was wanted, not by the one that was said": float(
            np.mean([features[said == k].var(axis=0).sum() / pairs[k][1] for k in classes
                     if (said == k).any()])
        ),
        "divide by the scatter of the real pictures of the class": float(
            np.mean([a for a, _ in pairs])
        ),
    }  # fmt: skip


def _shifts(
    features: np.ndarray,
    wanted: np.ndarray,
    said: np.ndarray,
    real: np.ndarray,
    labels: np.ndarray,
) -> dict[str, float]:
    """Squared distances of means over the real scatter, under an empty name, and mistakes."""
    classes, own = np.unique(wanted), scatter(real, labels)

    def gap(groups: np.ndarray) -> float:
        means = [(features[groups == k].mean(axis=0), real[labels == k].mean(axis=0))
                 for k in classes if (groups == k).any()]  # fmt: skip
        return float(np.mean([((a - b) ** 2).sum() for a, b in means]))

    whole = ((features.mean(axis=0) - real.mean(axis=0)) ** 2).sum()
    return {
        "": gap(wanted) / own,
        "that is the spread; the shift compares means, not variances": (
            scatter(features, wanted) / own
        ),
        "squared distances, without a root": float(np.sqrt(gap(wanted) / own)),
        "divide by the scatter of the real pictures": gap(wanted),
        "divide by the scatter of the real pictures, not of the others": (
            gap(wanted) / scatter(features, wanted)
        ),
        "within the classes: yours compares the means of all pictures": float(whole / own),
        "group the pictures by the class that was wanted, not by the one that was said": (
            gap(said) / own
        ),
        "sum over the features, do not average": gap(wanted) / own / features.shape[1],
    }
