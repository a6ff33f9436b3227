"""The visible tests of chapter 7's homework, task 3: steps of the game, taken by hand.

Right answers come from PyTorch's gradients and from powers of a matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_gan import ask
from lib.homework_vae import leaf

#: What goes wrong in a step -> what to say.
STEP_SLIPS = {
    "old": "G moves after D and looks at the new D; yours still looks at the old one",
    "first": "D moves first; yours moves G before it",
    "saturating": "that is the saturating loss, log(1 - D); this G minimises -log D",
    "up": "the step of G has the wrong sign: both players minimise their own loss",
    "worst": "the step of D has the wrong sign: both players minimise their own loss",
    "sum": "losses are means over the batch, not sums",
    "same": "G's step has its own noise, z_g; yours is made with z_d",
    "loose": "by the chain rule, the score's slope u + 2 v G(z) is a factor of G's gradient",
    "line": "the score's slope is u + 2 v G(z); the term with v is missing",
    "exchanged": "D's labels are exchanged: data are 1, samples are 0",
    "weak": "the loss of D is the sum of two means; do not halve it",
    "all": "divide each of D's two sums by its own number of examples",
    "blind": "D's loss has samples as well: it lowers their scores",
    "unreal": "D's loss has data as well: it raises their scores",
}


@peer
def step_by_autograd(
    theta: np.ndarray,
    psi: np.ndarray,
    x: np.ndarray,
    z_d: np.ndarray,
    z_g: np.ndarray,
    lr: float,
    *slips: str,
) -> tuple[np.ndarray, np.ndarray]:
    """theta and psi after a step of D and one of G, with any of STEP_SLIPS."""
    real, first, second = (torch.tensor(v) for v in (x, z_d, z_d if "same" in slips else z_g))
    g, d = leaf(theta), leaf(psi)
    if "first" in slips:
        g = _down(g, _g_loss(g, d, second, slips), lr)
    loss = _d_loss(d, real, (g[0] + g[1] * first).detach(), slips)
    new = _down(d, loss, -lr if "worst" in slips else lr)
    if "first" not in slips:
        judge = d if "old" in slips else new
        g = _down(g, _g_loss(g, judge.detach(), second, slips), -lr if "up" in slips else lr)
    return numbers(g), numbers(new)


def _down(weights: Tensor, loss: Tensor, lr: float) -> Tensor:
    (gradient,) = torch.autograd.grad(loss, weights)
    return leaf(numbers(weights - lr * gradient))


def _score(d: Tensor, x: Tensor) -> Tensor:
    return d[0] + d[1] * x + d[2] * x**2


def _d_loss(d: Tensor, real: Tensor, fake: Tensor, slips: tuple[str, ...]) -> Tensor:
    sign = -1 if "exchanged" in slips else 1
    parts = [softplus(-sign * _score(d, real)), softplus(sign * _score(d, fake))]
    if "sum" in slips:
        return sum(part.sum() for part in parts)
    if "all" in slips:
        return torch.cat(parts).mean()
    weights = ("unreal" not in slips), ("blind" not in slips)
    means = sum(w * part.mean() for w, part in zip(weights, parts, strict=True))
    return means / 2 if "weak" in slips else means


def _g_loss(g: Tensor, d: Tensor, z: Tensor, slips: tuple[str, ...]) -> Tensor:
    fake = g[0] + g[1] * z
    score = _score(d, fake)
    push = -torch.sigmoid(-score).detach()  # the slope of -log D
    if "loose" in slips:
        return (push * fake).mean()
    if "line" in slips:
        return (push * d[1] * fake).mean()
    each = -softplus(score) if "saturating" in slips else softplus(-score)
    return each.sum() if "sum" in slips else each.mean()


def check_alternating(
    alternating_step: Callable, rng: np.random.Generator, n: int = 4, m: int = 4, k: int = 4
) -> None:
    """Compare one round with PyTorch's gradients; n data, m samples for D, k samples for G."""
    given = {
        "theta": np.array([rng.normal(), rng.uniform(0.5, 1.5)]),
        "psi": rng.normal(0, 0.7, size=3),
        "x": rng.normal(1.5, 0.8, size=n),
        "z_d": rng.normal(size=m),
        "z_g": rng.normal(size=k),
        "lr": float(rng.uniform(0.1, 0.4)),
    }
    what = f"one round with {n} data, {m} samples for D and {k} for G"
    found = as_parts(ask(alternating_step, what, **given), what, "(theta, psi)")
    right = step_by_autograd(**given)
    mistakes = {advice: step_by_autograd(*given.values(), s) for s, advice in STEP_SLIPS.items()}
    for at, name in ((1, "psi"), (0, "theta")):
        hints: dict[str, Any] = {
            advice: pair[at]
            for advice, pair in mistakes.items()
            if not np.allclose(pair[at], right[at])
        }
        hints[f"{name} has not moved"] = given[name]
        hints["that is the gradient; return the weights after the step"] = (
            given[name] - right[at]
        ) / given["lr"]
        compare(found[at], right[at], f"{name} after {what}", hints=hints, tol=FLOAT32)


@peer
def dirac_path(
    theta: float,
    psi: float,
    lr: float,
    steps: int,
    gamma: float,
    alternating: bool,
    up: bool = False,
    first: bool = False,
) -> np.ndarray:
    """(theta, psi) before and after each round, (steps + 1, 2), by powers of a matrix.

    Slips: G goes `up` its own loss; G moves `first`.
    """
    move_d = np.array([[1, 0], [-lr, 1 - lr * gamma]])
    move_g = np.array([[1, -lr if up else lr], [0, 1]])
    pair = (move_d, move_g) if first else (move_g, move_d)
    both = pair[0] @ pair[1] if alternating else move_g + move_d - np.eye(2)
    start = np.array([theta, psi])
    return np.array([np.linalg.matrix_power(both, k) @ start for k in range(steps + 1)])


def check_smallest(
    smallest_gan: Callable,
    rng: np.random.Generator,
    steps: int = 5,
    alternating: bool = True,
    penalised: bool = False,
) -> None:
    """Compare the path of the two numbers with powers of a matrix."""
    given = {
        "theta": float(rng.uniform(0.6, 1.4)),
        "psi": float(rng.uniform(0.2, 0.8)),
        "lr": float(rng.uniform(0.1, 0.3)),
        "steps": steps,
        "gamma": float(rng.uniform(0.5, 1.5)) * penalised,
        "alternating": alternating,
    }
    what = f"{steps} {'alternating' if alternating else 'simultaneous'} rounds"
    what += f", gamma = {given['gamma']:.2f}"
    answer, right = ask(smallest_gan, what, **given), dirac_path(**given)

    def path(**change: Any) -> np.ndarray:
        return dirac_path(**given | change)

    hints = {
        "with alternating, G answers the new psi": path(alternating=False),
        "without alternating, both answer the old numbers": path(alternating=True),
        "D moves first; yours moves G before it": path(alternating=True, first=True),
        "D's penalty is missing": path(gamma=0.0),
        "the gradient of gamma psi^2 / 2 is gamma psi; yours is twice that": (
            path(gamma=2 * given["gamma"])
        ),
        "the gradient of gamma psi^2 / 2 is gamma psi; yours is half of that": (
            path(gamma=given["gamma"] / 2)
        ),
        "the penalty pulls psi to 0; its sign is wrong": path(gamma=-given["gamma"]),
        "both signs are wrong: each player goes down its own loss": path(lr=-given["lr"]),
        "theta goes the wrong way: G goes down its loss, minus psi theta": path(up=True),
        "psi goes the wrong way: D goes down its loss, psi theta": path(lr=-given["lr"], up=True),
        "each row is (theta, psi); yours is turned round": right[:, ::-1],
        "the first row is the start": np.roll(right, -1, axis=0),
    }
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    assert np.shape(numbers(answer)) != (steps, 2), (
        f"{what}: steps + 1 rows, the start and one after each round"
    )
    compare(numbers(answer), right, what, hints=hints, tol=FLOAT32)
