"""The visible tests of chapter 1's homework, task 7: pictures whose energy may not rise.

A `Rule` says how the energy is written down; ISING is that of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from lib.homework import as_numbers
from lib.homework_asking import FLOAT32
from lib.homework_graphical import ask


@dataclass(frozen=True)
class Rule:
    """How the energy of a picture is written down.

    Parameters
    ----------
    absolute : bool
        Pixels are 0 and 1; pairs cost beta abs(x_i - x_j), a pixel unlike its y_i costs eta.
    torus : bool
        The picture wraps round: the first and the last row touch, and so do the columns.
    diagonal : float
        Pixels that touch at a corner count as pairs too, with this weight.
    """

    absolute: bool = False
    torus: bool = False
    diagonal: float = 0.0

    def agreement(self, one: np.ndarray, other: np.ndarray) -> float:
        """Sum of products; or minus the number of pixels that differ."""
        return -np.abs(one - other).sum() if self.absolute else (one * other).sum()

    def pairs(self, x: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
        """The pixels on both sides of pairs that touch, and their weight."""
        if self.torus:
            x = np.pad(x, ((0, 1), (0, 1)), mode="wrap")
            yield x[1:, :-1], x[:-1, :-1], 1.0
            yield x[:-1, 1:], x[:-1, :-1], 1.0
        else:
            yield x[1:], x[:-1], 1.0
            yield x[:, 1:], x[:, :-1], 1.0
        if self.diagonal:
            yield x[1:, 1:], x[:-1, :-1], self.diagonal
            yield x[1:, :-1], x[:-1, 1:], self.diagonal


ISING = Rule()


def energy(
    x: np.ndarray, y: np.ndarray, h: float, beta: float, eta: float, rule: Rule = ISING
) -> float:
    """Energy of the picture x given the noisy picture y, pixels -1 and +1 (or 0 and 1)."""
    touching = sum(weight * rule.agreement(one, other) for one, other, weight in rule.pairs(x))
    return h * x.sum() - beta * touching - eta * rule.agreement(x, y)


def best_flip(
    x: np.ndarray, y: np.ndarray, h: float, beta: float, eta: float, rule: Rule = ISING
) -> tuple[float, tuple[int, int]]:
    """By how much the best flip of a single pixel lowers the energy, and the place of the pixel."""
    gains, start = np.zeros(x.shape), energy(x, y, h, beta, eta, rule)
    for at in np.ndindex(*x.shape):
        flipped = x.copy()
        flipped[at] = 1 - x[at] if rule.absolute else -x[at]
        gains[at] = start - energy(flipped, y, h, beta, eta, rule)
    r, c = np.unravel_index(gains.argmax(), x.shape)
    return gains.max(), (int(r), int(c))


def as_picture(answer: object, shape: tuple[int, int], rule: Rule = ISING) -> np.ndarray:
    """The answer as an array of the two pixel values; AssertionError when it is something else."""
    x = as_numbers(answer, shape, "the restored picture")
    low, words = (0, "0 or 1") if rule.absolute else (-1, "-1 or +1")
    assert np.isin(x, (low, 1)).all(), f"a pixel is {words} and nothing else"
    return x


def check_descent(
    icm: Callable, y: np.ndarray, h: float, beta: float, eta: float, rule: Rule = ISING
) -> None:
    """Assert that the first sweep lowers the energy, if a flip can, and that none raises it."""
    start = last = energy(y, y, h, beta, eta, rule)
    gain, at = best_flip(y, y, h, beta, eta, rule)
    for sweep in range(1, 5):
        x = as_picture(_restored(icm, y, h, beta, eta, sweep), y.shape, rule)
        now = energy(x, y, h, beta, eta, rule)
        assert now <= last + FLOAT32, (
            f"sweep {sweep} raised the energy from {last:.2f} to {now:.2f}: is the sign right, and "
            "does every pixel see the new values of the pixels that you changed before it?"
            + _advice(x, y, h, beta, eta, rule)
        )
        assert now < start - FLOAT32 or gain <= FLOAT32, (
            f"{sweep} sweeps left the energy at {now:.2f}, and flipping pixel {at} alone lowers it "
            f"by {gain:.2f}: does a pixel take the value of lower energy?"
        )
        last = now


def check_rest(
    icm: Callable, y: np.ndarray, h: float, beta: float, eta: float, rule: Rule = ISING
) -> None:
    """Assert that 25 sweeps end in a local minimum, reached from y by lowering the energy."""
    x = as_picture(_restored(icm, y, h, beta, eta, 25), y.shape, rule)
    rest, start = energy(x, y, h, beta, eta, rule), energy(y, y, h, beta, eta, rule)
    advice = _advice(x, y, h, beta, eta, rule)
    assert rest <= start + FLOAT32, (
        f"the energy rose from {start:.2f} to {rest:.2f}: a pixel takes the value of lower "
        f"energy, so look at the sign{advice}"
    )
    gain, at = best_flip(x, y, h, beta, eta, rule)
    general = ": is every sweep made, and does a pixel see the newest values of its neighbours?"
    assert gain <= FLOAT32, (
        f"after 25 sweeps flipping pixel {at} gains {gain:.2f}{advice or general}"
    )


def _restored(
    icm: Callable, y: np.ndarray, h: float, beta: float, eta: float, n_sweeps: int
) -> object:
    field = {"h": h, "beta": beta, "eta": eta, "n_sweeps": n_sweeps}
    return ask(icm, "the noisy picture", y=y.copy(), **field)


def _advice(x: np.ndarray, y: np.ndarray, h: float, beta: float, eta: float, rule: Rule) -> str:
    """Advice for every wrong rule under which x is a finished picture; nothing if it is one."""
    if best_flip(x, y, h, beta, eta, rule)[0] <= FLOAT32:
        return ""
    border = (
        "the picture wraps round: a pixel at the border has neighbours at the opposite border"
        if rule.torus
        else "a pixel at the border has fewer neighbours, the picture does not wrap round"
    )
    wrong = {
        border: (h, beta, eta, replace(rule, torus=not rule.torus)),
        "look at the sign of h": (-h, beta, eta, rule),
        "look at the sign of beta": (h, -beta, eta, rule),
        "look at the sign of eta": (h, beta, -eta, rule),
    }
    if rule.diagonal:
        plain = replace(rule, diagonal=0.0)
        wrong["pixels that touch at a corner are neighbours too"] = (h, beta, eta, plain)
        same = replace(rule, diagonal=1.0)
        wrong["pixels that touch at a corner have a weight of their own"] = (h, beta, eta, same)
    found = [words for words, field in wrong.items() if best_flip(x, y, *field)[0] <= FLOAT32]
    return ": " + "; or: ".join(found) if found else ""
