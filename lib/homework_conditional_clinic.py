"""The visible tests of chapter 8's homework, task 9: a bug clinic for answers drawn by diffusion.

The chain is repeated with every mix of its mistakes, so that each answer is recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_conditional import ask

#: The mistakes of the clinic's script -> what to say to who keeps them.
SLIPS = {
    "convention": "w = 0 is the told answer: told + w (told - untold), not untold + w (...)",
    "transposed": "A^+ is not A^T: half of the way is missing, and A x is not y",
    "noisy": "the last step adds noise; its variance, beta_t (1 - bar alpha_(t-1)) / (1 - bar "
    "alpha_t), is 0 at t = 1",
    "shared": "all rows share the noise of the first: each answer needs noise of its own",
}
#: Mistakes that a mended script may have besides -> what to say.
OTHERS = {
    "away": "told - untold is what the class adds; yours is turned round",
    "deaf": "the question is not used: clean + A^+ (y - A clean)",
    "outside": "correct the guess of the clean picture, before the step, not the noisy x after it",
    "beta": "at t > 1 the variance is beta_t (1 - bar alpha_(t-1)) / (1 - bar alpha_t), not beta_t",
    "quiet": "only the last step adds no noise",
    "tiled": "A^+ gives each number of y to the two neighbours that it is the mean of: np.repeat, "
    "not np.tile",
    "exchanged": "the two factors of the step's mean are exchanged",
}


class Patient:
    """The clinic's data: two classes of four numbers, round Gaussians that differ where A is blind.

    `told` and `untold` are the exact predictions of the noise in x_t, for class 0 and without one.
    """

    width, y = 0.5, np.array([1.5, 0.3])
    shared, split = np.array([0.5, 0.5, -0.5, -0.5]), 0.8 * np.array([1.0, -1.0, 1.0, -1.0])

    def __init__(self, steps: int = 30):
        self.alpha_bar = np.append(1, np.cumprod(1 - np.linspace(0.02, 0.3, steps)))
        self.means = np.array([self.shared + self.split, self.shared - self.split])

    def told(self, x: np.ndarray, t: int) -> np.ndarray:
        """Noise (n, 4) in x_t of class 0."""
        return self._away(x, t)[:, 0] * self._factor(t)

    def untold(self, x: np.ndarray, t: int) -> np.ndarray:
        """Noise (n, 4) in x_t of either class."""
        away = self._away(x, t)
        score = -(away**2).sum(axis=2) / (2 * self._variance(t))
        share = np.exp(score - score.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return (share[..., None] * away).sum(axis=1) * self._factor(t)

    def _away(self, x: np.ndarray, t: int) -> np.ndarray:
        return x[:, None] - np.sqrt(self.alpha_bar[t]) * self.means

    def _variance(self, t: int) -> float:
        return self.alpha_bar[t] * self.width**2 + 1 - self.alpha_bar[t]

    def _factor(self, t: int) -> float:
        return np.sqrt(1 - self.alpha_bar[t]) / self._variance(t)

    def look(self, x: np.ndarray) -> tuple[float, float, float, float]:
        """Of answers (n, 4): A x - y, first number, mean and spread; share of class 0; spread.

        The last one is the answers' standard deviation where A is blind, over that of the exact
        answers of class 0.
        """
        pairs = x.reshape(len(x), 2, 2)
        missed, blind = pairs.mean(axis=2)[:, 0] - self.y[0], (pairs[..., 0] - pairs[..., 1]) / 2
        exact = self.width / np.sqrt(2)
        share = (blind.sum(axis=1) > 0).mean()
        return missed.mean(), missed.std(), share, blind.std(axis=0).mean() / exact


@peer
def chain(
    told: Callable,
    untold: Callable,
    y: np.ndarray,
    w: float,
    alpha_bar: np.ndarray,
    noise: np.ndarray,
    *slips: str,
) -> np.ndarray:
    """Answers (n, d) to questions y (n, d / 2), with any mix of slips; A as a matrix."""
    d = noise.shape[2]
    a = np.kron(np.eye(d // 2), [[0.5, 0.5]])
    plus = a.T if "transposed" in slips else np.linalg.pinv(a)
    plus = np.tile(np.eye(d // 2), (2, 1)) if "tiled" in slips else plus
    x = noise[-1]
    for t in range(len(alpha_bar) - 1, 0, -1):
        with_c, without = told(x, t), untold(x, t)
        start = without if "convention" in slips else with_c
        eps = start + w * (with_c - without) * (-1 if "away" in slips else 1)
        clean = (x - np.sqrt(1 - alpha_bar[t]) * eps) / np.sqrt(alpha_bar[t])
        if not {"deaf", "outside"} & set(slips):
            clean = clean + (y - clean @ a.T) @ plus.T
        z = noise[t - 1, :1] if "shared" in slips else noise[t - 1]
        x = _step(x, clean, alpha_bar, t, slips) + _scale(alpha_bar, t, slips) * z
        if "outside" in slips:
            x = x + (y - x @ a.T) @ plus.T
    return x


def _step(x: Any, clean: Any, alpha_bar: np.ndarray, t: int, slips: tuple[str, ...]) -> Any:
    """Mean of x_(t-1) given x_t and the clean picture: two Gaussians, weighed by precision."""
    kept, before = alpha_bar[t], alpha_bar[t - 1]
    alpha = kept / before
    of_clean = np.sqrt(before) * (1 - alpha) / (1 - kept)
    of_x = np.sqrt(alpha) * (1 - before) / (1 - kept)
    return of_x * clean + of_clean * x if "exchanged" in slips else of_clean * clean + of_x * x


def _scale(alpha_bar: np.ndarray, t: int, slips: tuple[str, ...]) -> float:
    beta = 1 - alpha_bar[t] / alpha_bar[t - 1]
    if "quiet" in slips:
        return 0.0
    if "noisy" in slips or ("beta" in slips and t > 1):
        return np.sqrt(beta)
    return np.sqrt(beta * (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t]))


class Guess:
    """A black box for students: the noise in x (n, d) at step t, a bent map."""

    def __init__(self, rng: np.random.Generator, d: int, steps: int):
        self.steps = steps
        self.weight, self.offset = rng.normal(0, 0.6, size=(d, d)), rng.normal(size=(steps + 1, d))

    def __call__(self, x: Any, t: int) -> np.ndarray:
        """Predicted noise, (n, d)."""
        x, d = np.asarray(x, dtype=float), len(self.weight)
        what = "what you give to `told` and `untold`"
        assert x.ndim == 2, f"{what}: x of shape (N, {d}), not {x.shape}"
        assert x.shape[1] == d, f"{what}: x of shape (N, {d}), not {x.shape}"
        assert 1 <= t <= self.steps, f"{what}: steps t go from {self.steps} to 1, not {t}"
        return np.tanh(x @ self.weight + self.offset[int(t)])


def check_answered(
    mended_answers: Callable,
    rng: np.random.Generator,
    steps: int = 3,
    n: int = 4,
    d: int = 4,
    w: float = 1.0,
) -> None:
    """Compare all answers with those of every mix of the mistakes."""
    alpha_bar = np.append(1, np.cumprod(1 - rng.uniform(0.1, 0.4, size=steps)))
    boxes = Guess(rng, d, steps), Guess(rng, d, steps)
    given = {
        "told": lambda x, t: boxes[0](x, t),
        "untold": lambda x, t: boxes[1](x, t),
        "y": rng.normal(size=(n, d // 2)),
        "w": w,
        "alpha_bar": alpha_bar,
        "noise": rng.normal(size=(steps + 1, n, d)),
    }
    what = f"{n} answers of {d} numbers after {steps} steps, w = {w:g}"
    answer = as_numbers(numbers(ask(mended_answers, what, **given)), (n, d), what)
    right = chain(*given.values())
    found = {"; ".join(advice(slip) for slip in mix): mix for mix in mixes()}
    wrong = {said: chain(*given.values(), *mix) for said, mix in found.items()}
    hints = {said: x for said, x in wrong.items() if not np.allclose(x, right)}
    compare(answer, right, what, hints=hints, tol=10 * FLOAT32)


def advice(slip: str) -> str:
    """What to say about one mistake."""
    return {**SLIPS, **OTHERS}[slip]


def mixes() -> list[tuple[str, ...]]:
    """Every mix of the clinic's mistakes, and each other one alone."""
    found = [mix for count in range(1, len(SLIPS) + 1) for mix in combinations(SLIPS, count)]
    return found + [(slip,) for slip in OTHERS]
