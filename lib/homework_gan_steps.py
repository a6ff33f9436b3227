"""The visible tests of chapter 7's homework, task 3: steps of the game, taken by hand.

Right answers come from PyTorch's gradients and from powers of a matrix. What a task may ask
differently, who moves first and which losses are played, stands in its `Rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_gan import AGAIN, ask
from lib.homework_vae import leaf


@dataclass(frozen=True)
class Rules:
    """How one round goes.

    Parameters
    ----------
    order : str
        "D first", "G first", or "together", where both answer the old numbers.
    goals : tuple of three numbers, or None
        None for cross-entropy. For least squares: the scores that D wants on data and on samples,
        and the score that G wants.
    log_spread : bool
        Whether G(z) = a + exp(b) z instead of a + b z.
    """

    order: str = "D first"
    goals: tuple[float, float, float] | None = None
    log_spread: bool = False


#: (right order, order of the answer) -> what to say.
ORDERS = {
    ("D first", "together"): (
        "G moves after D and looks at the new D; yours still looks at the old one"
    ),
    ("D first", "G first"): "D moves first; yours moves G before it",
    ("G first", "together"): (
        "D moves after G and is shown samples of the new G; yours are still samples of the old one"
    ),
    ("G first", "D first"): "G moves first here; yours moves D before it",
    ("together", "D first"): "both answer the old numbers; your G already looks at the new D",
    ("together", "G first"): "both answer the old numbers; your D is already shown the new G",
}
#: What goes wrong in a step -> what to say.
STEP_SLIPS = {
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
#: Slips of one kind of rules.
ENTROPY_SLIPS = {"saturating": "that is the saturating loss, log(1 - D); this G minimises -log D"}
SQUARE_SLIPS = {
    "exchanged": "D's goals are exchanged: mind which belongs to data, which to samples",
    "blind": "D's loss has samples as well",
    "unreal": "D's loss has data as well",
    "double": "the half cancels the 2 of the square; both your steps are twice too long",
}
SPREAD_SLIPS = {"plain": "G(z) = a + exp(b) z: by the chain rule, exp(b) is a factor of b's slope"}


def slips_of(rules: Rules) -> dict[str, str]:
    """The slips that make sense under these rules -> what to say."""
    found = STEP_SLIPS | (SQUARE_SLIPS if rules.goals else ENTROPY_SLIPS)
    return found | (SPREAD_SLIPS if rules.log_spread else {})


@peer
def step_by_autograd(
    theta: np.ndarray,
    psi: np.ndarray,
    x: np.ndarray,
    z_d: np.ndarray,
    z_g: np.ndarray,
    lr: float,
    *slips: str,
    rules: Rules = Rules(),
) -> tuple[np.ndarray, np.ndarray]:
    """theta and psi after a step of D and one of G, with any of the slips."""
    real, first, second = (torch.tensor(v) for v in (x, z_d, z_d if "same" in slips else z_g))
    g, d = old_g, old_d = leaf(theta), leaf(psi)

    def move_g(judge: Tensor) -> Tensor:
        loss = _g_loss(old_g, judge.detach(), second, slips, rules)
        moved = _down(old_g, loss, -lr if "up" in slips else lr)
        if "plain" in slips:
            moved = leaf(numbers(torch.stack([moved[0], g[1] + (moved[1] - g[1]) / g[1].exp()])))
        return moved

    if rules.order == "G first":
        g = move_g(old_d)
    fake = _samples(g, first, rules).detach()
    d = _down(old_d, _d_loss(old_d, real, fake, slips, rules), -lr if "worst" in slips else lr)
    if rules.order != "G first":
        g = move_g(d if rules.order == "D first" else old_d)
    return numbers(g), numbers(d)


def _down(weights: Tensor, loss: Tensor, lr: float) -> Tensor:
    (gradient,) = torch.autograd.grad(loss, weights)
    return leaf(numbers(weights - lr * gradient))


def _samples(g: Tensor, z: Tensor, rules: Rules) -> Tensor:
    return g[0] + (g[1].exp() if rules.log_spread else g[1]) * z


def _score(d: Tensor, x: Tensor) -> Tensor:
    return d[0] + d[1] * x + d[2] * x**2


def _d_loss(d: Tensor, real: Tensor, fake: Tensor, slips: tuple[str, ...], rules: Rules) -> Tensor:
    scores = _score(d, real), _score(d, fake)
    if rules.goals:
        up, low = rules.goals[:2][:: -1 if "exchanged" in slips else 1]
        half = 1 if "double" in slips else 2
        parts = [(scores[0] - up) ** 2 / half, (scores[1] - low) ** 2 / half]
    else:
        sign = -1 if "exchanged" in slips else 1
        parts = [softplus(-sign * scores[0]), softplus(sign * scores[1])]
    if "sum" in slips:
        return sum(part.sum() for part in parts)
    if "all" in slips:
        return torch.cat(parts).mean()
    weights = ("unreal" not in slips), ("blind" not in slips)
    means = sum(w * part.mean() for w, part in zip(weights, parts, strict=True))
    return means / 2 if "weak" in slips else means


def _g_loss(g: Tensor, d: Tensor, z: Tensor, slips: tuple[str, ...], rules: Rules) -> Tensor:
    fake = _samples(g, z, rules)
    score = _score(d, fake)
    each = -softplus(score) if "saturating" in slips else softplus(-score)
    push = -torch.sigmoid(-score).detach()  # the slope of -log D
    if rules.goals:
        half = 1 if "double" in slips else 2
        each, push = (score - rules.goals[2]) ** 2 / half, (score - rules.goals[2]).detach()
    if "loose" in slips:
        return (push * fake).mean()
    if "line" in slips:
        return (push * d[1] * fake).mean()
    return each.sum() if "sum" in slips else each.mean()


def check_alternating(
    alternating_step: Callable,
    rng: np.random.Generator,
    n: int = 4,
    m: int = 4,
    k: int = 4,
    **rules: Any,
) -> None:
    """Compare one round with PyTorch's gradients; n data, m samples for D, k samples for G.

    `rules` are the fields of `Rules`.
    """
    ours = Rules(**rules)
    given = {
        "theta": np.array([rng.normal(), rng.uniform(0.5, 1.5)]),
        "psi": rng.normal(0, 0.7, size=3),
        "x": rng.normal(1.5, 0.8, size=n),
        "z_d": rng.normal(size=m),
        "z_g": rng.normal(size=k),
        "lr": float(rng.uniform(0.02, 0.1) if ours.goals else rng.uniform(0.1, 0.4)),
    }
    if ours.log_spread:
        given["theta"][1] -= 0.9
    what = f"one round with {n} data, {m} samples for D and {k} for G"
    found = as_parts(ask(alternating_step, what, **given), what, "(theta, psi)")
    right = step_by_autograd(**given, rules=ours)
    mistakes = {
        advice: step_by_autograd(*given.values(), slip, rules=ours)
        for slip, advice in slips_of(ours).items()
    }
    for (order, other), advice in ORDERS.items():
        if order == ours.order:
            mistakes[advice] = step_by_autograd(**given, rules=replace(ours, order=other))
    if rules:
        public = f"{AGAIN} who moves first, and which losses or which G(z) is played"
        mistakes = {public: step_by_autograd(**given)} | mistakes
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
