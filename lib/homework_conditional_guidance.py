"""The visible tests of chapter 8's homework, task 3: guidance, and pictures that were asked for.

Right answers come from derivatives by complex steps and from distances of all pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_conditional import NO_LOG_0, UNDERFLOW, ask


def check_forget(
    forget: Callable,
    rng: np.random.Generator,
    n: int = 6,
    m: int = 3,
    drop: float = 0.4,
) -> None:
    """Compare with rows kept one by one; some numbers are just at the limit, both kinds occur."""
    c = rng.uniform(0.2, 1, size=(n, m))
    u = np.append(rng.uniform(0, drop, size=n // 2), rng.uniform(drop, 1, size=n - n // 2))
    u[-1] = drop
    u = rng.permutation(u)
    what = f"{n} conditions of {m} numbers, drop = {drop:.2f}"
    right = np.array([row * 0 if number < drop else row for row, number in zip(c, u, strict=True)])
    said = (u >= drop)[:, None]
    hints = {
        "nothing is forgotten; each condition has its own u": c,
        "everything is forgotten; each condition has its own u": 0 * c,
        "forget a condition where u is below `drop`, keep the others; yours is turned round": (
            c * ~said
        ),
        "no rescaling: this is not dropout inside a network": c * said / max(1 - drop, 1e-9),
        "u = drop is kept: then drop = 0 forgets nothing": c * (u > drop)[:, None],
        "forget a share `drop`, not keep it": c * (u < 1 - drop)[:, None],
        "a forgotten condition is a vector of zeros": np.where(said, c, -1),
        "a forgotten condition is a vector of zeros, not the mean condition": (
            np.where(said, c, c.mean(axis=0))
        ),
    }
    if m == n:
        hints["u has one entry for each condition, not for each column"] = c * (u >= drop)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    answer = as_numbers(numbers(ask(forget, what, c=c, u=u, drop=drop)), (n, m), what)
    compare(answer, right, what, hints=hints, tol=FLOAT32)


class Line:
    """Classes on a line, N(mean_k, std_k^2) with frequencies, after noise: `kept` is bar alpha."""

    def __init__(self, prior: np.ndarray, means: np.ndarray, stds: np.ndarray, kept: float):
        self.prior, self.means = prior, np.sqrt(kept) * means
        self.variances = kept * stds**2 + 1 - kept

    @peer
    def log_classes(self, x: np.ndarray) -> np.ndarray:
        """log p_t(x | k), (n, k); x (n,) may be complex."""
        away = (x[:, None] - self.means) ** 2 / self.variances
        return -0.5 * (away + np.log(2 * np.pi * self.variances))

    @peer
    def goal(self, x: np.ndarray, y: np.ndarray, w: float) -> np.ndarray:
        """log p_t(x | y) + w log p_t(y | x), (n,), but for a constant."""
        each = self.log_classes(x)
        own = each[np.arange(len(x)), y]
        joint = each + np.log(self.prior)
        top = joint.real.max(axis=1)
        return own + w * (own - top - np.log(np.exp(joint - top[:, None]).sum(axis=1)))

    @peer
    def score(self, x: np.ndarray, y: np.ndarray, w: float) -> np.ndarray:
        """The derivative of `goal` by x, (n,): a tiny imaginary step."""
        return self.goal(x + 1e-30j, y, w).imag / 1e-30


def check_guided(
    guided_score: Callable,
    rng: np.random.Generator,
    n: int = 5,
    k: int = 3,
    *,
    w: float = 1.5,
    kept: float = 0.6,
    far: float = 2.0,
) -> None:
    """Compare guided scores with complex steps of log p(x | y) p(y | x)^w."""
    given = random_line(rng, k) | {"kept": kept}
    x, y = rng.normal(0, far, size=n), rng.integers(k, size=n)
    what = f"guided scores at {n} places, {k} classes, w = {w:g}, kept = {kept:g}"
    answer = ask(guided_score, what, x=x, y=y, w=w, **given)
    found, right = as_numbers(numbers(answer), (n,), what, UNDERFLOW), Line(**given).score(x, y, w)
    hints = guided_mistakes(given, x, y, w)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    compare(found, right, what, hints=hints, tol=10 * FLOAT32)


def random_line(rng: np.random.Generator, k: int) -> dict[str, Any]:
    """Frequencies, means and standard deviations of k classes on a line, (k,) each."""
    return {
        "prior": rng.dirichlet(np.full(k, 3.0)),
        "means": rng.normal(0, 2, size=k),
        "stds": rng.uniform(0.4, 0.9, size=k),
    }


def guided_mistakes(
    given: dict[str, Any], x: np.ndarray, y: np.ndarray, w: float
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the scores, (n,) each."""
    line, kept = Line(**given), given["kept"]
    right, told, untold = (line.score(x, y, v) for v in (w, 0, -1))
    each = -(x[:, None] - line.means) / line.variances
    hints = {
        "the sign of the score is wrong: it points to where the density grows": -right,
        "w = 0 is the told score: told + w (told - untold), not untold + w (told - untold)": (
            line.score(x, y, w - 1)
        ),
        "guidance goes away from the untold score: told - untold, not untold - told": (
            line.score(x, y, -w)
        ),
        "told counts 1 + w times, untold is taken away w times": (1 + w) * told + w * untold,
        "that is the told score; where is w?": told,
        "that is the untold score": untold,
        "that is w (told - untold); told itself is missing": w * (told - untold),
        "that is the noise; the score is minus eps divided by sqrt(1 - kept)": (
            -np.sqrt(1 - kept) * right
        ),
        "p(k | x) weighs the classes' scores at x, not p(k)": (
            told + w * (told - each @ given["prior"])
        ),
        "the classes are not equally frequent": told + w * (told - _untold(given, x)),
    }
    slips = _noise_slips(given).items()
    return hints | {a: Line(**given | change).score(x, y, w) for a, change in slips}


def _untold(given: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """The untold score where all classes are taken for equally frequent."""
    flat = np.full(len(given["prior"]), 1 / len(given["prior"]))
    return Line(**given | {"prior": flat}).score(x, np.zeros(len(x), dtype=int), -1)


def _noise_slips(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What to say about a wrong density of noisy data -> arguments of a Line that has it."""
    kept, means, stds = given["kept"], given["means"], given["stds"]

    def variance(wanted: np.ndarray) -> dict[str, np.ndarray]:
        """Standard deviations that lead to this variance after the noise."""
        return {"stds": np.sqrt((wanted - 1 + kept + 0j) / kept)}

    found = {
        "those are scores of clean data; noise moves the means and widens the classes": {
            "kept": 1.0
        },
        "the means shrink by the root of `kept`": {"means": means * np.sqrt(kept)},
        "the means shrink with the noise": {"means": means / np.sqrt(kept)},
        "noise adds 1 - kept to the variance": variance(kept * stds**2),
        "the variance shrinks by `kept` before noise is added": variance(stds**2 + 1 - kept),
        "`stds` are standard deviations: square them": {"stds": np.sqrt(stds)},
    }
    return {a: {k: np.real(v) for k, v in change.items()} for a, change in found.items()}


@peer
def scatter(features: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes of half the mean squared distance of all pairs."""
    found = []
    for label in sorted(set(labels.tolist())):
        own = features[labels == label]
        found.append(((own[:, None] - own) ** 2).sum(axis=2).mean() / 2)
    return float(np.mean(found))


def check_judged(
    judged: Callable, rng: np.random.Generator, classes: int = 3, d: int = 2, each: int = 5
) -> None:
    """Compare accuracy and spread with distances of all pairs within a class."""
    wanted = rng.permutation(np.repeat(np.arange(classes), each + np.arange(classes)))
    labels = rng.permutation(np.repeat(np.arange(classes), each + 3))
    centres = rng.normal(0, 3, size=(classes, d))
    width = rng.uniform(0.3, 1.5, size=(classes, 1))
    features = centres[wanted] + width[wanted] * rng.normal(size=(len(wanted), d))
    real = centres[labels] + 1.3 * rng.normal(size=(len(labels), d))
    said = wanted.copy()
    off = rng.permutation(len(said))[: 2 + len(said) // 4]
    said[off] = (said[off] + 1) % classes
    what = f"{len(wanted)} pictures of {classes} classes with {d} features"
    given = {"features": features, "wanted": wanted, "said": said, "real": real, "labels": labels}
    found = as_parts(ask(judged, what, **given), what, "(accuracy, spread)")
    right = float(np.mean(said == wanted)), scatter(features, wanted) / scatter(real, labels)
    share = {
        "that is the share of mistakes": 1 - right[0],
        "a share of all pictures, not a number": right[0] * len(wanted),
        "that is the spread; the pair is (accuracy, spread)": right[1],
    }
    label = f"accuracy: {what}"
    compare(as_numbers(numbers(found[0]), (), label), right[0], label, hints=share, tol=FLOAT32)
    label = f"spread: {what}"
    hints = _spread_mistakes(**given)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right[1])}
    value = as_numbers(numbers(found[1]), (), label, NO_LOG_0.partition(":")[0])
    compare(value, right[1], label, hints=hints, tol=FLOAT32)


def _spread_mistakes(
    features: np.ndarray,
    wanted: np.ndarray,
    said: np.ndarray,
    real: np.ndarray,
    labels: np.ndarray,
) -> dict[str, float]:
    right, own = scatter(features, wanted) / scatter(real, labels), scatter(real, labels)
    pairs = [
        (features[wanted == k].var(axis=0).sum(), real[labels == k].var(axis=0).sum())
        for k in np.unique(wanted)
    ]
    counts = np.unique(wanted, return_counts=True)[1]
    return {
        "that is turned round: the pictures' scatter over that of the real ones": 1 / right,
        "within the classes: yours is the variance of all pictures together": (
            features.var(axis=0).sum() / real.var(axis=0).sum()
        ),
        "group the pictures by the class that was wanted, not by the one that was said": (
            scatter(features, said) / own
        ),
        "variances, not standard deviations: take no root": float(np.sqrt(right)),
        "divide by the scatter of the real pictures": scatter(features, wanted),
        "first the means over the classes, then one ratio; yours is a mean of ratios": (
            float(np.mean([a / b for a, b in pairs]))
        ),
        "each class counts the same, however many pictures it has": (
            float(np.average([a for a, _ in pairs], weights=counts) / own)
        ),
        "only pictures that failed the classifier are left out; keep them all": (
            scatter(features[said == wanted], wanted[said == wanted]) / own
        ),
        "a variance divides by the number of pictures, not by one less": float(
            np.mean([a * n / (n - 1) for (a, _), n in zip(pairs, counts, strict=True)]) / own
        ),
    }
