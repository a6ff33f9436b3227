"""Chapter 8's homework, task 9: bug clinics for answers drawn by diffusion, of other plans.

A plan says what is asked, where the dial stands for the told answer, how a step is drawn, and in
which order the noise is used. Its chain is repeated with every mix of mistakes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_conditional import ask
from lib.homework_conditional_clinic import Guess, Patient

#: Mistakes of all plans -> what to say.
SLIPS = {
    "turned": "told - untold is what the class adds; yours is turned round",
    "shared": "all rows share the noise of the first: each answer needs noise of its own",
    "quiet": "only the last step adds no noise",
    "root": "x_t has sqrt(1 - bar alpha) times the noise: the root is missing in the guess",
    "early": "the loop ends before step 1",
    "sign": "the guess moves away from the answer: y - A clean, not A clean - y",
    "transposed": "A^+ is not A^T: the guess moves too far or not far enough, and A x is not y",
    "tiled": "each number of y is about two neighbours, not about one number of either half",
    "deaf": "the question is not used: clean + A^+ (y - A clean)",
    "outside": "correct the guess of the clean picture, before the step, not the noisy x after it",
    "late": "the guess undoes the noise of step t: bar alpha_t, not bar alpha_(t-1)",
}
#: Mistakes of one kind of step -> what to say.
STEPS = {
    "posterior": {
        "noisy": "the last step adds noise; its variance, beta_t (1 - bar alpha_(t-1)) / (1 - bar "
        "alpha_t), is 0 at t = 1",
        "beta": "at t > 1 the variance is beta_t (1 - bar alpha_(t-1)) / (1 - bar alpha_t)",
        "exchanged": "the two factors of the step's mean are exchanged",
    },
    "afresh": {
        "noisy": "x_(t-1) has the noise of step t - 1, so that the last step adds none: "
        "1 - bar alpha_(t-1), not 1 - bar alpha_t",
        "plain": "the guess of x_0 shrinks by sqrt(bar alpha_(t-1)) before noise is added",
        "wide": "sqrt(1 - bar alpha_(t-1)) times the noise: the root is missing",
    },
    "partial": {
        "noisy": "the fresh noise has variance eta^2 times that of the posterior, which is 0 at "
        "t = 1",
        "stale": "the direction belongs to the corrected guess: (x - sqrt(bar alpha) clean) / "
        "sqrt(1 - bar alpha), not the networks' eps",
        "full": "the direction keeps what the fresh noise leaves: 1 - bar alpha_(t-1) - sigma^2",
    },
}


@dataclass(frozen=True)
class Plan:
    """How answers are drawn.

    `pair`: what A does with two neighbours; `told_at`: the w of the told answer, 0 or 1; `step`:
    one of STEPS; `upwards`: the chain uses noise[0], noise[1], ...; `eta`: fresh noise of a step.
    """

    pair: tuple[float, float] = (0.5, 0.5)
    told_at: int = 0
    step: str = "posterior"
    upwards: bool = False
    eta: float = 1.0

    @property
    def slips(self) -> dict[str, str]:
        """Mistakes -> what to say."""
        dials = (
            "w = 0 is the told answer: told + w (told - untold), not untold + w (...)",
            "w = 1 is the told answer, w = 0 the untold one: untold + w (told - untold)",
        )
        order = (
            "the chain starts from noise[T], and step t adds noise[t - 1]",
            "the chain starts from noise[0], and uses the rest in the order 1, 2, ...",
        )
        return (
            {"convention": dials[self.told_at], "order": order[self.upwards]}
            | SLIPS | STEPS[self.step]
        )  # fmt: skip

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The mistakes that a clinic may have, one of each group: those of a group look alike."""
        dial = "turned" if self.told_at else "convention"
        third = {"posterior": ("exchanged",), "afresh": (), "partial": ("full",)}[self.step]
        return (
            (dial, "root", *third),
            ("transposed", "tiled", "sign"),
            ("shared", "quiet"),
            ("early",) if self.step == "partial" else ("noisy", "early"),
        )

    def matrix(self, d: int) -> np.ndarray:
        """A, (d / 2, d)."""
        return np.kron(np.eye(d // 2), [self.pair])


@peer
def chain(
    plan: Plan,
    given: tuple[Callable, Callable, np.ndarray, float, np.ndarray, np.ndarray],
    *slips: str,
) -> np.ndarray:
    """Answers (n, d) for (told, untold, y, w, alpha_bar, noise), with any mix of slips."""
    told, untold, y, w, alpha_bar, noise = given
    steps, d = len(alpha_bar) - 1, noise.shape[2]
    a = plan.matrix(d)
    plus = _back(plan, a, slips)
    order = noise if plan.upwards != ("order" in slips) else noise[::-1]
    x = order[0]
    for t in range(steps, 1 if "early" in slips else 0, -1):
        fresh = order[steps + 1 - t]
        fresh = fresh[:1] if "shared" in slips else fresh
        with_c, without = told(x, t), untold(x, t)
        dial = w - plan.told_at if "convention" not in slips else w - (1 - plan.told_at)
        eps = with_c + dial * (with_c - without)
        if "turned" in slips:
            eps = 2 * (without if plan.told_at else with_c) - eps
        kept = alpha_bar[t - 1] if "late" in slips and t > 1 else alpha_bar[t]
        std = 1 - kept if "root" in slips else np.sqrt(1 - kept)
        clean = (x - std * eps) / np.sqrt(kept)
        if not {"deaf", "outside"} & set(slips):
            clean = clean + (-1 if "sign" in slips else 1) * (y - clean @ a.T) @ plus.T
        fresh = fresh * (t == 1) if "quiet" in slips else fresh
        x = _step(plan, x, clean, eps, fresh, alpha_bar, t, slips)
        if "outside" in slips:
            x = x + (y - x @ a.T) @ plus.T
    return x


def _back(plan: Plan, a: np.ndarray, slips: tuple[str, ...]) -> np.ndarray:
    """A^+, (d, d / 2), or what is taken for it."""
    if "transposed" in slips:
        return a.T
    plus = np.linalg.pinv(a)
    if "tiled" in slips:
        one, half = np.linalg.pinv(np.array([plan.pair]))[:, 0], a.shape[0]
        return np.concatenate([v * np.eye(half) for v in one])
    return plus


def _step(
    plan: Plan,
    x: np.ndarray,
    clean: np.ndarray,
    eps: np.ndarray,
    fresh: np.ndarray,
    alpha_bar: np.ndarray,
    t: int,
    slips: tuple[str, ...],
) -> np.ndarray:
    """x_(t-1) from x_t, the corrected guess and fresh noise."""
    kept, before = alpha_bar[t], alpha_bar[t - 1]
    alpha = kept / before
    variance = (1 - alpha) * (1 - before) / (1 - kept)
    if plan.step == "afresh":
        std = np.sqrt(1 - (kept if "noisy" in slips else before))
        std = std**2 if "wide" in slips else std
        return np.sqrt(1 if "plain" in slips else before) * clean + std * fresh
    if plan.step == "partial":
        variance = plan.eta**2 * ((1 - alpha) if "noisy" in slips else variance)
        left = 1 - before - (0 if "full" in slips else variance)
        way = eps if "stale" in slips else (x - np.sqrt(kept) * clean) / np.sqrt(1 - kept)
        return (np.sqrt(before) * clean + np.sqrt(max(left, 0)) * way) + np.sqrt(variance) * fresh
    if "noisy" in slips or ("beta" in slips and t > 1):
        variance = 1 - alpha
    of_clean, of_x = np.sqrt(before) * (1 - alpha) / (1 - kept), np.sqrt(alpha) * (1 - before)
    of_x = of_x / (1 - kept)
    of_clean, of_x = (of_x, of_clean) if "exchanged" in slips else (of_clean, of_x)
    return of_clean * clean + of_x * x + np.sqrt(variance) * fresh


class OtherPatient(Patient):
    """The clinic's data for any `pair` that A makes of two neighbours: the classes, turned.

    The same picture in other coordinates: along `pair`, where A sees, and across, where it is
    blind.
    """

    def __init__(self, pair: tuple[float, float], steps: int = 30):
        super().__init__(steps)
        self.length = float(np.hypot(*pair))
        self.along = np.array(pair) / self.length
        self.across = np.array([self.along[1], -self.along[0]])
        middle = np.kron([1, -1], self.along) * np.sqrt(0.5)
        apart = np.kron([1, 1], self.across) * 0.8 * np.sqrt(2)
        self.means = np.array([middle + apart, middle - apart])
        self.y = np.sqrt(2) * self.length * np.array([1.5, 0.3])

    def look(self, x: np.ndarray) -> tuple[float, float, float, float]:
        """As `Patient.look`: A x - y, mean and spread; share of class 0; spread over the exact."""
        pairs = x.reshape(len(x), 2, 2)
        missed = self.length * pairs[:, 0] @ self.along - self.y[0]
        blind = pairs @ self.across
        share = (blind.sum(axis=1) > 0).mean()
        return missed.mean(), missed.std(), share, blind.std(axis=0).mean() / self.width


@cache
def marks(plan: Plan, slips: tuple[str, ...], draws: int = 2000) -> tuple[float, ...]:
    """What the clinic's report says of a script with these slips."""
    patient = OtherPatient(plan.pair)
    noise = np.random.default_rng([1, 90]).normal(size=(len(patient.alpha_bar), draws, 4))
    question = np.tile(patient.y, (draws, 1))
    w = float(plan.told_at)
    given = patient.told, patient.untold, question, w, patient.alpha_bar, noise
    return patient.look(chain(plan, given, *slips))


def check_answered(
    mended_answers: Callable,
    rng: np.random.Generator,
    steps: int = 3,
    n: int = 4,
    d: int = 4,
    w: float = 1.0,
    **how: Any,
) -> None:
    """Compare all answers; a wrong one with every mix of a clinic's mistakes. `how`: see `Plan`."""
    plan = Plan(**how)
    alpha_bar = np.append(1, np.cumprod(1 - rng.uniform(0.1, 0.4, size=steps)))
    boxes = Guess(rng, d, steps), Guess(rng, d, steps)
    given: dict[str, Any] = {
        "told": lambda x, t: boxes[0](x, t),
        "untold": lambda x, t: boxes[1](x, t),
        "y": rng.normal(size=(n, d // 2)),
        "w": w,
        "alpha_bar": alpha_bar,
        "noise": rng.normal(size=(steps + 1, n, d)),
    }
    what = f"{n} answers of {d} numbers after {steps} steps, w = {w:g}"
    answer = as_numbers(numbers(ask(mended_answers, what, **given)), (n, d), what)
    own, tol = tuple(given.values()), 10 * FLOAT32
    right = chain(plan, own)
    if not np.allclose(answer, right, rtol=tol, atol=tol):
        wrong = {said: chain(rule, own, *mix) for said, (rule, mix) in _mistakes(plan).items()}
        hints = {advice: x for advice, x in wrong.items() if not np.allclose(x, right)}
        compare(answer, right, what, hints=hints, tol=tol)


def _mistakes(plan: Plan) -> dict[str, tuple[Plan, tuple[str, ...]]]:
    """What to say about the public clinic's plan, every mix of mistakes, and each other one."""
    said = plan.slips
    other = "A, the dial, the step or the order of the noise are others here: read the plan again"
    mixes = [tuple(filter(None, mix)) for mix in product(*((*g, "") for g in plan.groups))]
    mixes = sorted(filter(None, mixes), key=len) + [(slip,) for slip in said]
    return {other: (Plan(), ())} | {
        "; ".join(said[slip] for slip in mix): (plan, mix) for mix in mixes
    }
