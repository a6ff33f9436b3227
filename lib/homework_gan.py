"""The visible tests of chapter 7's homework, task 1: losses on scores.

Right answers come from NumPy's logarithms and from complex steps. Each `check_...` takes the
student's function and raises AssertionError with a message that says which mistake would give the
student's answer. Keywords with a default state the convention that the task asks for.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, ask_without, numbers, peer, peers_switched_off
from lib.homework_vae import gradients, leaf

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    *("divergence", "train", "gan", "gan_losses", "gan_penalties", "gan_modes", "gan_crowd"),
    *("gan_game", "gan_by_hand", "gan_dirac", "gan_divergences"),
)
ROUNDED = (
    "it is not finite: D rounds to 0 or 1 and log(0) appears; compute log D from the score, "
    "by softplus or logsigmoid"
)
#: What to say to who answers the homework with other conventions.
AGAIN = "read the task again:"
GAMES = "saturating", "non-saturating", "least squares", "wasserstein"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    try:
        inspect.signature(function).bind(*given.values())
    except TypeError:
        name, takes = getattr(function, "__name__", "your function"), ", ".join(given)
        raise AssertionError(f"{what}: the test calls {name}({takes}); {AGAIN[:-1]}") from None
    with peers_switched_off():
        return ask_without(ANSWERS, function, what, given)


def sigmoid(d: np.ndarray) -> np.ndarray:
    """D of a score, without overflow."""
    return np.exp(-np.logaddexp(0, -d))


@peer
def nats(d: np.ndarray, label: float) -> np.ndarray:
    """Cross-entropy of each score whose label is `label`, the same shape."""
    return label * np.logaddexp(0, -d) + (1 - label) * np.logaddexp(0, d)


#: How scores are labelled -> the labels of data and of samples, the two kinds in words.
LABELS: dict[str, tuple[Callable, str]] = {
    "one-sided": (lambda smooth: (smooth, 0.0), "data are 1, samples are 0"),
    "both": (lambda smooth: (1 - smooth, smooth), "data are near 1, samples near 0"),
    "fakes": (lambda smooth: (0.0, smooth), "samples are 1, data are 0"),
}


def check_discriminator(
    discriminator_loss: Callable,
    rng: np.random.Generator,
    shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((5,), (4,)),
    smooth: float = 1.0,
    far: float = 1.0,
    labels: str = "one-sided",
    heat: float = 1.0,
) -> None:
    """Compare value and gradient of D's loss with NumPy; `far` stretches the scores.

    `labels` is one of LABELS; D is the sigmoid of score / `heat`.
    """
    real, fake = (leaf(far * rng.normal(0.3, 1.5, size=shape)) for shape in shapes)
    what = f"the loss for scores of shapes {shapes[0]} and {shapes[1]}, smooth = {smooth:.2f}"
    answer = ask(discriminator_loss, what, real=real, fake=fake, smooth=smooth)
    found = as_numbers(numbers(answer), (), what, ROUNDED)
    assert np.isfinite(found), f"{what}: {ROUNDED}"
    a, b = LABELS[labels][0](smooth)
    x, y = numbers(real) / heat, numbers(fake) / heat
    right = float(nats(x, a).mean() + nats(y, b).mean())
    hints = _loss_mistakes(x, y, a, b, right, LABELS[labels][1])
    hints |= _label_mistakes(x, y, smooth, labels, heat)
    compare(found, right, what, hints=hints, tol=FLOAT32)
    slopes = (sigmoid(x) - a) / x.size / heat, (sigmoid(y) - b) / y.size / heat
    for mine, slope, name in zip(
        gradients(answer, [real, fake], what), slopes, ("real", "fake"), strict=True
    ):
        compare(mine, slope, f"the gradient at `{name}`, {what}", tol=FLOAT32)


def _loss_mistakes(
    real: np.ndarray, fake: np.ndarray, a: float, b: float, right: float, kinds: str
) -> dict[str, float]:
    """Slips with any labels a of data and b of samples, for scores divided by the temperature."""
    on_data, on_samples = nats(real, a), nats(fake, b)
    total, count = on_data.sum() + on_samples.sum(), real.size + fake.size

    def loss(label: float, other: float, turn: Callable = np.asarray) -> float:
        return float(nats(turn(real), label).mean() + nats(turn(fake), other).mean())

    return {
        f"the labels are exchanged: {kinds}": loss(round(b), round(a)),
        "the sign is wrong: D maximises V, so it minimises minus V": -right,
        "a mean over the data plus a mean over the samples; do not halve": right / 2,
        "two means, one over the data and one over the samples; yours is over all scores": (
            total / count
        ),
        "average over the scores, do not sum": total,
        "scores go through the sigmoid once; yours go twice": loss(a, b, sigmoid),
        "samples count as 1 - D: -log(1 - D); yours is the generator's -log D": loss(a, 1 - b),
        "natural logarithms, not bits": right / math.log(2),
        "the samples are missing": on_data.mean(),
        "the data are missing": on_samples.mean(),
    }


def _label_mistakes(
    real: np.ndarray, fake: np.ndarray, smooth: float, labels: str, heat: float
) -> dict[str, float]:
    """Slips of one kind of labels and of the temperature; some are another book's convention."""

    def loss(label: float, other: float, by: float = 1.0) -> float:
        return float(nats(by * real, label).mean() + nats(by * fake, other).mean())

    a, b = LABELS[labels][0](smooth)
    found: dict[str, float] = {}
    if labels == "fakes":
        found[f"{AGAIN} D is the probability of a sample here, and `smooth` the samples' label"] = (
            loss(smooth, 0, heat)
        )
        found["`smooth` is the label of samples; yours is 1"] = loss(0, 1)
        found["one-sided: the label of data stays 0"] = loss(1 - smooth, smooth)
    elif labels == "both":
        found[f"{AGAIN} `smooth` is what both labels lose, not the label of data"] = loss(
            smooth, 0, heat
        )
        found["both labels move; yours leaves samples at 0"] = loss(a, 0)
        found["both labels move; yours leaves data at 1"] = loss(1, b)
    elif smooth < 1:
        found |= {
            "`smooth` is the label of data": loss(1, 0),
            "one-sided: the label of samples stays 0": loss(smooth, 1 - smooth),
            "data cost (1 - smooth) times -log(1 - D) as well": (
                smooth * nats(real, 1).mean() + nats(fake, 0).mean()
            ),
            "data have the label `smooth`, not 1 - smooth": loss(1 - smooth, 0),
        }
    if heat != 1:
        found["divide each score by the temperature before the sigmoid"] = loss(a, b, heat)
        found["divide by the temperature; yours multiplies"] = loss(a, b, heat**2)
    return found


@peer
def loss_of(
    game: str, d: np.ndarray, flipped: bool = False, heat: float = 1.0, target: float = 1.0
) -> Any:
    """The generator's loss for scores d (n,), which may be complex.

    `flipped`: D is the probability of a sample. D is the sigmoid of score / `heat`; least squares
    want the score `target`.
    """
    for_data = -d if flipped else d
    if game == "saturating":
        return -np.log1p(np.exp(for_data / heat)).mean()
    if game == "non-saturating":
        return np.log1p(np.exp(-for_data / heat)).mean()
    return 0.5 * ((d - target) ** 2).mean() if game == "least squares" else -for_data.mean()


@peer
def slopes_of(game: str, d: np.ndarray, **rules: Any) -> np.ndarray:
    """Slopes of the generator's loss, (n,): the imaginary part after a tiny imaginary step."""
    steps = 1e-30j * np.eye(len(d))
    return np.array([loss_of(game, d + step, **rules).imag for step in steps]) / 1e-30


def check_slopes(
    generator_slopes: Callable,
    rng: np.random.Generator,
    game: str,
    n: int = 5,
    far: float = 0.0,
    **rules: Any,
) -> None:
    """Compare the slopes of a generator's loss with complex steps; `far`: scores up to that.

    `rules` are the keywords of `loss_of`.
    """
    scores = rng.uniform(-far, far, size=n) if far else rng.normal(0, 1.5, size=n)
    scores[: 2 * bool(far)] = np.array([-far, far])[: 2 * bool(far)]
    what = f"the slopes of the {game} loss at {n} scores"
    found = as_numbers(numbers(ask(generator_slopes, what, fake=scores, game=game)), (n,), what)
    right = slopes_of(game, scores, **rules)
    compare(found, right, what, hints=_slope_mistakes(scores, game, right, rules), tol=FLOAT32)
    off = int(np.abs(found / right - 1).argmax())
    assert abs(found[off] / right[off] - 1) < 1e-3, (
        f"{what}: at the score {scores[off]:.0f} you have {found[off]:.3g}, it should be "
        f"{right[off]:.3g}: 1 - D rounds to 0 where D is near 1; it is the sigmoid of minus the "
        "score"
    )


def _slope_mistakes(
    scores: np.ndarray, game: str, right: np.ndarray, rules: dict[str, Any]
) -> dict[str, Any]:
    n, flipped, heat = len(scores), rules.get("flipped", False), rules.get("heat", 1.0)
    target, sign = rules.get("target", 1.0), -1 if flipped else 1
    p = sigmoid(sign * scores / heat)  # that it is real
    hints: dict[str, Any] = {}
    if rules:
        again = "D is the probability of a sample here" if flipped else "mind temperature and goal"
        hints[f"{AGAIN} {again}"] = slopes_of(game, scores)
    if "saturating" in game:
        with np.errstate(divide="ignore"):
            by_d = -1 / (1 - p) if game == "saturating" else -1 / p
        hints["that is the derivative by D; by the chain rule, times D (1 - D)"] = sign * by_d / n
        hints["the chain rule gives D (1 - D) once"] = right * p * (1 - p)
        if heat != 1:
            hints["by the chain rule, the slope of score / temperature is a factor"] = right * heat
    if game == "least squares":
        hints["the half cancels the 2"] = 2 * right
        hints["that is half of it: the 2 of the square cancels the half"] = right / 2
        hints[f"this loss has no sigmoid: the score itself should be {target:g}"] = (p - target) / n
        other = 0.0 if target else 1.0
        hints[f"on samples, G wants the score {target:g}, not {other:g}"] = (scores - other) / n
    hints |= {
        "the sign is wrong: G minimises this loss, and a step goes down": -right,
        "one slope for each score, not their mean": np.full(n, right.mean()),
        "that is D; derive the loss by the score": sigmoid(scores / heat),
    }
    if n > 1:
        hints["the loss is a mean: each score has only the share 1/N"] = n * right
    others = (other for other in GAMES if other != game)
    return hints | {
        f"that is the slope of the {g} loss": slopes_of(g, scores, **rules) for g in others
    }
