"""Tests of chapter 6's homework, task 3, for other targets.

Right answers are drawn first and then hidden in x_t.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_diffusion import ask, random_betas, retained


@peer
def factors(goal: str, t: int, table: np.ndarray, number: float) -> np.ndarray:
    """Rows (x_0, eps): what x_t and the third view are made of, (2, 2), at step t of a table.

    "difference": the lesson's x_t, u = number (eps - x_0). "line": a straight way with the share
    `table[t]` of noise, the same u. "preconditioned": x_t = x_0 + sigma eps and the F of Karras et
    al. (2022), x_0 = c_skip x_t + c_out F, for data of standard deviation `number`.
    """
    if goal == "preconditioned":
        sigma, total = table[t], np.hypot(table[t], number)
        skip, out = (number / total) ** 2, sigma * number / total
        return np.array([[1.0, sigma], [(1 - skip) / out, -skip * sigma / out]])
    share = table[t]
    way = [1 - share, share] if goal == "line" else [np.sqrt(share), np.sqrt(1 - share)]
    return np.array([way, [-number, number]])


#: Kind of task 3 -> names of the table and of the third view.
GOALS = {
    "difference": ("alpha_bar", "u"),
    "line": ("tau", "u"),
    "preconditioned": ("sigma", "F"),
}


def check_views(
    three_views: Callable,
    rng: np.random.Generator,
    kind: str,
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
    t: int | None = None,
    *,
    goal: str = "difference",
    number: float = 1,
) -> None:
    """Compare x_0, eps and a third view with those that made x_t; one of them is given."""
    named, third = GOALS[goal]
    table = {
        "difference": lambda: retained(random_betas(rng, steps)),
        "line": lambda: np.append(0, np.sort(rng.uniform(0.1, 0.9, size=steps))),
        "preconditioned": lambda: np.append(0, np.sort(rng.uniform(0.2, 3.0, size=steps))),
    }[goal]()
    t = t or int(rng.integers(2, steps))
    x0, eps = rng.normal(0, 1.5, size=(2, *shape))
    xt, view = np.tensordot(factors(goal, t, table, number), np.array([x0, eps]), axes=1)
    right = {"x0": x0, "eps": eps, third: view}
    what = f"from {kind} at step {t} of {steps}"
    given = {"kind": kind, "value": right[kind].copy(), "xt": xt, "t": t, named: table}
    found = as_parts(ask(three_views, what, **given), what, f"(x0, eps, {third})")
    with np.errstate(all="ignore"):
        mistakes = _view_mistakes(goal, number, table, t, kind, right, xt)
    for k, name in enumerate(right):
        hints: dict[str, Any] = {advice: wrong[k] for advice, wrong in mistakes.items()}
        for other in right.keys() - {name}:
            hints[f"that is {other}; return (x0, eps, {third})"] = right[other]
        hints |= {f"that is minus {name}": -right[name], "that is x_t": xt}
        label = f"{name} {what}"
        values = as_numbers(numbers(found[k]), shape, label, REMIND_VIEWS[goal])
        compare(values, right[name], label, hints=hints, tol=FLOAT32)


#: What to say to who answers with the lesson's velocity.
REMIND_VIEWS = {
    "difference": "the third view is u here, a plain difference, and no velocity: read it again",
    "line": "x_t lies on a straight line here, with the shares 1 - tau and tau: read it again",
    "preconditioned": "x_t = x_0 + sigma_t eps here, nothing shrinks: read the task again",
}


@peer
def solved(kind: str, value: np.ndarray, xt: np.ndarray, rows: np.ndarray) -> tuple:
    """x_0, eps and the third view from one of them and x_t, if these are made by `rows`."""
    (a, b), (p, q) = rows
    if kind == "x0":
        x0, eps = value, (xt - a * value) / b
    elif kind == "eps":
        x0, eps = (xt - b * value) / a, value
    else:
        x0, eps = np.tensordot(np.linalg.pinv(np.nan_to_num(rows)), np.array([xt, value]), axes=1)
    return x0, eps, p * x0 + q * eps


@peer
def _lesson_views(kind: str, value: np.ndarray, xt: np.ndarray, a: float, b: float) -> tuple:
    """What the lesson's formulas make of an answer of this kind."""
    guess = {"x0": value, "eps": (xt - b * value) / a}.get(kind, a * xt - b * value)
    noise = (xt - a * guess) / b
    return guess, noise, a * noise - b * guess


def _view_mistakes(
    goal: str, number: float, table: np.ndarray, t: int, kind: str, right: dict, xt: np.ndarray
) -> dict[str, tuple]:
    value, rows = right[kind], factors(goal, t, table, number)
    (a, b), third = rows

    def made(way: list, view: Any = third) -> tuple:
        return solved(kind, value, xt, np.array([way, view]))

    entry, name = table[t], GOALS[goal][0]
    root, rest = np.sqrt(entry), np.sqrt(1 - entry)
    x0, eps, view = right.values()
    found = {
        REMIND_VIEWS[goal]: _lesson_views(kind, value, xt, root, rest),
        "what is left is still multiplied by a factor; divide by it": (
            x0 * (a if kind == "eps" else 1),
            eps * (b if kind == "x0" else 1),
            view,
        ),
        "the factors of x_0 and eps are exchanged": made([b, a]),
        f"entry t of `{name}` belongs to step t; you are one step behind": solved(
            kind, value, xt, factors(goal, t - 1, table, number)
        ),
        f"entry t of `{name}` belongs to step t; you are one step ahead": solved(
            kind, value, xt, factors(goal, min(t + 1, len(table) - 1), table, number)
        ),
        "in the third view, the sign is wrong": made([a, b], -third),
        "the third view is a difference, not a sum": made([a, b], np.abs(third)),
        "the third view is not the lesson's velocity": (x0, eps, root * eps - rest * x0),
    }
    if goal == "preconditioned":
        spread = factors(goal, t, table, number**2)[1]
        found["sigma_x is a standard deviation; square it once"] = made([a, b], spread)
        found["sigma_t is a standard deviation; take no root"] = made([a, np.sqrt(b)])
    else:
        found["both factors are wrong by a square or a root"] = made([a**2, b**2])
        found["mind the roots: bar alpha_t is a variance, tau a share"] = made(
            [np.sqrt(a), np.sqrt(b)]
        )
    return found
