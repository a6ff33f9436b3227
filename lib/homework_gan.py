"""The visible tests of chapter 7's homework, tasks 1 and 2: losses on scores, games on a table.

Right answers come from complex steps, from numeric minimisation and from SciPy's distances. Each
`check_...` takes the student's function and raises AssertionError with a message that says which
mistake would give the student's answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon

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
NO_LOG_0 = "0 log 0 counts as 0: leave such entries out"
LOG_0 = "where p > 0 and D = 0, data are called impossible: the value is minus infinity"
GAMES = "saturating", "non-saturating", "least squares", "wasserstein"


def ask(function: Callable, what: str, **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off."""
    with peers_switched_off():
        return ask_without(ANSWERS, function, what, given)


def sigmoid(d: np.ndarray) -> np.ndarray:
    """D of a score, without overflow."""
    return np.exp(-np.logaddexp(0, -d))


@peer
def nats(d: np.ndarray, label: float) -> np.ndarray:
    """Cross-entropy of each score whose label is `label`, the same shape."""
    return label * np.logaddexp(0, -d) + (1 - label) * np.logaddexp(0, d)


def check_discriminator(
    discriminator_loss: Callable,
    rng: np.random.Generator,
    shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((5,), (4,)),
    smooth: float = 1.0,
    far: float = 1.0,
) -> None:
    """Compare value and gradient of D's loss with NumPy; `far` stretches the scores."""
    real, fake = (leaf(far * rng.normal(0.3, 1.5, size=shape)) for shape in shapes)
    what = f"the loss for scores of shapes {shapes[0]} and {shapes[1]}, smooth = {smooth:.2f}"
    answer = ask(discriminator_loss, what, real=real, fake=fake, smooth=smooth)
    found = as_numbers(numbers(answer), (), what, ROUNDED)
    assert np.isfinite(found), f"{what}: {ROUNDED}"
    right = float(nats(numbers(real), smooth).mean() + nats(numbers(fake), 0).mean())
    hints = _loss_mistakes(numbers(real), numbers(fake), smooth, right)
    compare(found, right, what, hints=hints, tol=FLOAT32)
    slopes = (sigmoid(numbers(real)) - smooth) / real.numel(), sigmoid(numbers(fake)) / fake.numel()
    for mine, slope, name in zip(
        gradients(answer, [real, fake], what), slopes, ("real", "fake"), strict=True
    ):
        compare(mine, slope, f"the gradient at `{name}`, {what}", tol=FLOAT32)


def _loss_mistakes(
    real: np.ndarray, fake: np.ndarray, smooth: float, right: float
) -> dict[str, float]:
    on_data, on_samples = nats(real, smooth), nats(fake, 0)
    total, count = on_data.sum() + on_samples.sum(), real.size + fake.size

    def loss(label: float, other: float, turn: Callable = np.asarray) -> float:
        return float(nats(turn(real), label).mean() + nats(turn(fake), other).mean())

    found = {
        "the labels are exchanged: data are 1, samples are 0": loss(0, 1),
        "the sign is wrong: D maximises V, so it minimises minus V": -right,
        "a mean over the data plus a mean over the samples; do not halve": right / 2,
        "two means, one over the data and one over the samples; yours is over all scores": (
            total / count
        ),
        "average over the scores, do not sum": total,
        "scores go through the sigmoid once; yours go twice": loss(smooth, 0, sigmoid),
        "samples count as 1 - D: -log(1 - D); yours is the generator's -log D": loss(smooth, 1),
        "natural logarithms, not bits": right / math.log(2),
        "the samples are missing": on_data.mean(),
        "the data are missing": on_samples.mean(),
    }
    if smooth < 1:
        found |= {
            "`smooth` is the label of data": loss(1, 0),
            "one-sided: the label of samples stays 0": loss(smooth, 1 - smooth),
            "data cost (1 - smooth) times -log(1 - D) as well": (
                smooth * nats(real, 1).mean() + on_samples.mean()
            ),
            "data have the label `smooth`, not 1 - smooth": loss(1 - smooth, 0),
        }
    return found


@peer
def loss_of(game: str, d: np.ndarray) -> Any:
    """The generator's loss for scores d (n,), which may be complex."""
    if game == "saturating":
        return -np.log1p(np.exp(d)).mean()
    if game == "non-saturating":
        return np.log1p(np.exp(-d)).mean()
    return 0.5 * ((d - 1) ** 2).mean() if game == "least squares" else -d.mean()


@peer
def slopes_of(game: str, d: np.ndarray) -> np.ndarray:
    """Slopes of the generator's loss, (n,): the imaginary part after a tiny imaginary step."""
    steps = 1e-30j * np.eye(len(d))
    return np.array([loss_of(game, d + step).imag for step in steps]) / 1e-30


def check_slopes(
    generator_slopes: Callable, rng: np.random.Generator, game: str, n: int = 5, far: float = 0.0
) -> None:
    """Compare the slopes of a generator's loss with complex steps; `far`: scores up to that."""
    scores = rng.uniform(-far, far, size=n) if far else rng.normal(0, 1.5, size=n)
    scores[: 2 * bool(far)] = np.array([-far, far])[: 2 * bool(far)]
    what = f"the slopes of the {game} loss at {n} scores"
    found = as_numbers(numbers(ask(generator_slopes, what, fake=scores, game=game)), (n,), what)
    right = slopes_of(game, scores)
    compare(found, right, what, hints=_slope_mistakes(scores, game, right), tol=FLOAT32)
    off = int(np.abs(found / right - 1).argmax())
    assert abs(found[off] / right[off] - 1) < 1e-3, (
        f"{what}: at the score {scores[off]:.0f} you have {found[off]:.3g}, it should be "
        f"{right[off]:.3g}: 1 - D rounds to 0 where D is near 1; it is the sigmoid of minus d"
    )


def _slope_mistakes(scores: np.ndarray, game: str, right: np.ndarray) -> dict[str, Any]:
    n, p = len(scores), sigmoid(scores)
    hints: dict[str, Any] = {}
    if "saturating" in game:
        with np.errstate(divide="ignore"):
            by_d = -1 / (1 - p) if game == "saturating" else -1 / p
        hints["that is the derivative by D; by the chain rule, times D (1 - D)"] = by_d / n
        hints["the chain rule gives D (1 - D) once"] = right * p * (1 - p)
    if game == "least squares":
        hints["the half cancels the 2"] = 2 * right
        hints["that is half of it: the 2 of the square cancels the half"] = right / 2
        hints["this loss has no sigmoid: the score itself should be 1"] = (p - 1) / n
        hints["on samples, G wants the score 1, not 0"] = scores / n
    hints |= {
        "the sign is wrong: G minimises this loss, and a step goes down": -right,
        "one slope for each score, not their mean": np.full(n, right.mean()),
        "that is D; derive the loss by the score": p,
    }
    if n > 1:
        hints["the loss is a mean: each score has only the share 1/N"] = n * right
    others = (other for other in GAMES if other != game)
    return hints | {f"that is the slope of the {g} loss": slopes_of(g, scores) for g in others}


@peer
def best_table(p: np.ndarray, q: np.ndarray, smooth: float) -> np.ndarray:
    """The best D for each entry, by minimising the cross-entropy; 0.5 where it is free."""

    def one(p: float, q: float) -> float:
        def cost(d: float) -> float:
            return -p * (smooth * np.log(d) + (1 - smooth) * np.log1p(-d)) - q * np.log1p(-d)

        bounds = (1e-12, 1 - 1e-12)
        return minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-11}).x

    return np.array([one(*pair) if sum(pair) else 0.5 for pair in zip(p, q, strict=True)])


def random_tables(
    rng: np.random.Generator, k: int, zeros: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Two distributions over k values; `zeros` names those with impossible values: "p", "pq"."""
    p, q = rng.dirichlet(np.full(k, 3.0), size=2)
    where = rng.permutation(k)
    p[where[0]] *= "p" not in zeros
    q[where[1]] *= "q" not in zeros
    if zeros == "pq":
        p[where[2]] = q[where[2]] = 0
    return p / p.sum(), q / q.sum()


def check_best(
    best_discriminator: Callable,
    rng: np.random.Generator,
    k: int = 5,
    smooth: float = 1.0,
    zeros: str = "",
) -> None:
    """Compare D with the minimum of its loss at every entry."""
    p, q = random_tables(rng, k, zeros)
    what = f"the best D on {k} values, smooth = {smooth:.2f}"
    answer = ask(best_discriminator, what, p=p, q=q, smooth=smooth)
    nan = "0/0: where neither data nor samples fall, return 0.5"
    found = as_numbers(numbers(answer), (k,), what, nan)
    right = best_table(p, q, smooth)
    with np.errstate(all="ignore"):
        hints = {
            "that is q / (p + q): high for samples": np.where(p + q > 0, q / (p + q), 0.5),
            "`smooth` is missing": np.where(p + q > 0, p / (p + q), 0.5),
            "divide by p + q; labels are smoothed for data, their number stays": (
                np.where(p + q > 0, smooth * p / (smooth * p + q), 0.5)
            ),
            "D is high where there are more data than samples; a hard yes or no is not the best": (
                np.where(p > q, smooth, 1 - smooth)
            ),
            "that is p / q": p / q,
            "that is log p - log q, the score; D is its sigmoid": np.log(p / q),
            "that is p itself": p,
            "a label of `smooth` for data leaves samples at 0": (
                np.where(p + q > 0, (smooth * p + (1 - smooth) * q) / (p + q), 0.5)
            ),
        }
    compare(found, right, what, hints=hints, tol=FLOAT32)


@peer
def value_of(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> float:
    """The value of the game, entry after entry; an impossible entry adds nothing."""
    terms = [a * math.log(v) if v else -math.inf for a, v in zip(p, d, strict=True) if a]
    terms += [b * math.log(1 - v) if v < 1 else -math.inf for b, v in zip(q, d, strict=True) if b]
    return math.fsum(terms) if math.inf not in map(abs, terms) else -math.inf


def check_value(
    game_value: Callable,
    rng: np.random.Generator,
    k: int = 5,
    zeros: str = "",
    kind: str = "any",
) -> None:
    """Compare V(G, D); `kind` "best" takes the best D, "blind" one that is 0 on some data."""
    p, q = random_tables(rng, k, zeros)
    d = best_table(p, q, 1.0).round(9) if kind == "best" else rng.uniform(0.1, 0.9, size=k)
    if kind == "best":
        d = np.where(p == 0, 0.0, np.where(q == 0, 1.0, d))
    d[p.argmax()] *= kind != "blind"
    what = f"the value of a game on {k} values"
    found = as_numbers(numbers(ask(game_value, what, p=p, q=q, D=d)), (), what, NO_LOG_0)
    right = value_of(p, q, d)
    assert np.isfinite(right) or found == right, f"{what}: {LOG_0}; you have {found:.6g}"
    hints = {
        "the sign is wrong: V is a sum of logarithms, below 0; D's loss is minus V": -right,
        "samples count as log(1 - D)": value_of(p, 0 * q, d) + value_of(q, 0 * p, d),
        "log D belongs to the data p, log(1 - D) to the samples q; yours are exchanged": (
            value_of(q, p, d)
        ),
        "natural logarithms, not bits": right / math.log(2),
        "two expectations; do not halve their sum": right / 2,
        "an expectation weighs each value by its probability": value_of(*np.ones((2, k)), d),
        "that is the mean over the values; weigh by the probabilities": (
            value_of(*np.ones((2, k)) / k, d)
        ),
        "the second term is missing": value_of(p, 0 * q, d),
        "the first term is missing": value_of(0 * p, q, d),
    }
    compare(found, right, what, hints=hints, tol=FLOAT32)


def check_divergence(
    jensen_shannon: Callable, rng: np.random.Generator, k: int = 5, zeros: str = ""
) -> None:
    """Compare with SciPy's distance, squared; `zeros` "apart": no value is common."""
    p, q = random_tables(rng, k, zeros if zeros != "apart" else "")
    if zeros == "apart":
        half = np.arange(k) < k // 2
        p, q = p * half / (p * half).sum(), q * ~half / (q * ~half).sum()
    what = f"JSD(p, q) on {k} values"
    found = as_numbers(numbers(ask(jensen_shannon, what, p=p, q=q)), (), what, NO_LOG_0)
    right = float(jensenshannon(p, q) ** 2)
    middle = (p + q) / 2

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            return float(np.where(a > 0, a * np.log(a / b), 0).sum())

    hints = {
        "that is the value of the best D; JSD = (V + log 4) / 2": 2 * right - math.log(4),
        "JSD is half of V + log 4": 2 * right,
        "the mean of two divergences, not a half of the mean": right / 2,
        "that is the distance, its root": math.sqrt(right),
        "that is KL(p, q); JSD compares both with their middle": kl(p, q),
        "that is KL(q, p); JSD compares both with their middle": kl(q, p),
        "the mean of KL(p, q) and KL(q, p) is another divergence; compare both with the middle": (
            (kl(p, q) + kl(q, p)) / 2
        ),
        "the middle comes second in each divergence": (kl(middle, p) + kl(middle, q)) / 2,
        "that is only the first divergence, from p": kl(p, middle),
        "that is only the second divergence, from q": kl(q, middle),
        "the middle is the mean of p and q, not their sum": right - math.log(2),
        "natural logarithms, not bits": right / math.log(2),
        "the sign is wrong": -right,
    }
    compare(found, right, what, hints=hints, tol=FLOAT32)
