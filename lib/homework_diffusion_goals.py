"""The visible tests of chapter 6's homework, tasks 3 and 5: targets, the loss.

Right answers come from a rotation of complex numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer, sealed
from lib.homework_diffusion import (
    AHEAD,
    BEHIND,
    OWN_T,
    ask,
    random_betas,
    retained,
)
from lib.homework_vae import gradients, leaf

TARGETS = "x0", "eps", "v"


@peer
def turned(x0: np.ndarray, eps: np.ndarray, kept: np.ndarray | float) -> tuple:
    """x_t and v of data and noise: x_0 + i eps, turned back by the angle with sin^2 = 1 - kept."""
    point = (x0 + 1j * eps) * np.exp(-1j * np.arcsin(np.sqrt(1 - kept)))
    return point.real, point.imag


def check_views(
    three_views: Callable,
    rng: np.random.Generator,
    kind: str,
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
    t: int | None = None,
) -> None:
    """Compare x_0, eps and v with those that were turned into x_t; one of them is given."""
    kept = retained(random_betas(rng, steps))
    t = t or int(rng.integers(2, steps))
    x0, eps = rng.normal(0, 1.5, size=(2, *shape))
    xt, v = turned(x0, eps, kept[t])
    right = dict(zip(TARGETS, (x0, eps, v), strict=True))
    what = f"from {kind} at step {t} of {steps}"
    given = {"kind": kind, "value": right[kind].copy(), "xt": xt, "t": t, "alpha_bar": kept}
    found = as_parts(ask(three_views, what, **given), what, "(x0, eps, v)")
    with np.errstate(all="ignore"):
        mistakes = _view_mistakes(kind, right[kind], xt, kept, t)
    for k, name in enumerate(TARGETS):
        hints: dict[str, Any] = {advice: wrong[k] for advice, wrong in mistakes.items()}
        hints |= _order_hints(right, name, xt)
        compare(found[k], right[name], f"{name} {what}", hints=hints, tol=FLOAT32)


def _order_hints(right: dict[str, np.ndarray], name: str, xt: np.ndarray) -> dict[str, np.ndarray]:
    others = {f"that is {other}; return (x0, eps, v)": right[other] for other in TARGETS}
    del others[f"that is {name}; return (x0, eps, v)"]
    return others | {f"that is minus {name}": -right[name], "that is x_t": xt}


@peer
def _views(kind: str, value: np.ndarray, xt: np.ndarray, a: float, b: float) -> tuple:
    """x_0, eps and v with the factors a of x_0 and b of eps, which may be wrong."""
    if kind == "eps":
        x0, eps = (xt - b * value) / a, value
    elif kind == "x0":
        x0, eps = value, (xt - a * value) / b
    else:
        x0, eps = a * xt - b * value, b * xt + a * value
    return x0, eps, a * eps - b * x0


def _view_mistakes(
    kind: str, value: np.ndarray, xt: np.ndarray, kept: np.ndarray, t: int
) -> dict[str, tuple]:
    a, b = np.sqrt(kept[t]), np.sqrt(1 - kept[t])
    x0, eps, v = _views(kind, value, xt, a, b)
    opposite = _views("v", -value, xt, a, b)
    plus = {"eps": ((xt + b * eps) / a, eps), "x0": (x0, (xt + a * x0) / b), "v": opposite[:2]}
    undivided = {"eps": (xt - b * eps, eps), "x0": (x0, xt - a * x0), "v": (x0, eps)}

    def whole(pair: tuple) -> tuple:
        return (*pair, a * pair[1] - b * pair[0])

    later = kept[min(t + 1, len(kept) - 1)]
    return {
        "bar alpha_t is a variance; x_0 has its root as a factor": _views(kind, value, xt, a**2, b),
        "1 - bar alpha_t is a variance; eps has its root as a factor": (
            _views(kind, value, xt, a, b**2)
        ),
        "both roots are missing": _views(kind, value, xt, a**2, b**2),
        "the factors of x_0 and eps are exchanged": _views(kind, value, xt, b, a),
        BEHIND: _views(kind, value, xt, np.sqrt(kept[t - 1]), np.sqrt(1 - kept[t - 1])),
        AHEAD: _views(kind, value, xt, np.sqrt(later), np.sqrt(1 - later)),
        "take away what is known, do not add it": whole(plus[kind]),
        "what is left is still multiplied by a factor; divide by it": whole(undivided[kind]),
        "v is a difference, not a sum": (x0, eps, a * eps + b * x0),
        "in v, eps has the factor of x_0 and x_0 that of eps": (x0, eps, b * eps - a * x0),
        "the noise comes first in v, x_0 is taken away": (x0, eps, -v),
        "v has both factors": (x0, eps, eps - x0),
        "v does without squares": (x0, eps, a**2 * eps - b**2 * x0),
    }


class Network:
    """A black box that guesses something from x_t and t: two random layers, float64.

    Maps x_t (n, *shape) and whole steps t (n,), or one step for all, to (n, *shape).
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...], steps: int):
        self.shape, self.steps, d = tuple(shape), steps, int(np.prod(shape))
        self.weights = [leaf(rng.normal(0, 1 / np.sqrt(d), size=(d, d))) for _ in range(2)]
        self.times = leaf(rng.normal(0, 1.0, size=(steps + 1, d)))

    def __call__(self, xt: Any, t: Any) -> Tensor:
        """The guess (n, *shape), a tensor with gradients."""
        what = "what you give to `network`"
        xt = xt.double() if isinstance(xt, Tensor) else torch.as_tensor(xt, dtype=torch.float64)
        shape = ", ".join(["N", *map(str, self.shape)])
        assert xt.shape[1:] == self.shape, f"{what}: x_t has shape ({shape}), not {tuple(xt.shape)}"
        t = np.asarray(numbers(t))
        assert t.shape in ((), (len(xt),)), f"{what}: t is one step or {len(xt)}, not {t.shape}"
        assert np.isin(t, np.arange(self.steps + 1)).all(), (
            f"{what}: t holds whole numbers from 0 to {self.steps}, not {t.ravel()[:3]}"
        )
        times = self.times[torch.as_tensor(t.astype(int))]
        first, second = self.weights
        out = torch.tanh(xt.flatten(1) @ first + times) @ second
        return out.reshape(xt.shape)

    def numpy(self, xt: np.ndarray, t: Any) -> np.ndarray:
        """The guess as an array."""
        return self(xt, t).detach().numpy()


def check_loss(
    training_loss: Callable,
    rng: np.random.Generator,
    target: str = "eps",
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
) -> None:
    """Compare a loss and its gradients with those of the same examples, one after the other."""
    kept, network = retained(random_betas(rng, steps)), Network(rng, shape[1:], steps)
    x0, eps = rng.normal(0, 1.5, size=(2, *shape))
    t = rng.integers(1, steps + 1, size=shape[0])
    t[:2] = rng.permutation(steps)[:2] + 1  # two different ones
    what = f"the loss of {shape[0]} examples of shape {shape[1:]}, target {target!r}"
    given = {"x0": torch.tensor(x0), "t": torch.tensor(t), "eps": torch.tensor(eps)}
    answer = ask(
        training_loss,
        what,
        network=sealed(network),
        **given,
        alpha_bar=torch.tensor(kept),
        target=target,
    )
    leaves = [*network.weights, network.times]
    found = gradients(answer, leaves, what)
    right = sum(_squares(network, x0[n], int(t[n]), eps[n], kept, target) for n in range(len(t)))
    right = right / len(t)
    with torch.no_grad():
        hints = _loss_mistakes(network, x0, t, eps, kept, target)
    hints |= _scales(right.item(), x0)
    compare(as_numbers(numbers(answer), (), what), right.item(), what, hints=hints, tol=FLOAT32)
    for mine, theirs in zip(gradients(right, leaves, what), found, strict=True):
        compare(theirs, mine, f"the gradient of {what}", tol=FLOAT32)


def _squares(
    network: Network, x0: np.ndarray, t: int, eps: np.ndarray, kept: np.ndarray, target: str
) -> Tensor:
    """Squared error of one example, summed over its numbers."""
    xt, v = turned(x0, eps, kept[t])
    goal = {"x0": x0, "eps": eps, "v": v}[target]
    return (network(xt[None], t)[0] - torch.tensor(goal)).square().sum()


def _scales(right: float, x0: np.ndarray) -> dict[str, float]:
    n, d = len(x0), x0[0].size
    return {
        "sum over the numbers of an example, do not average over them": right / d,
        "average over the examples, do not sum": right * n,
        "no factor 1/2 here": right / 2,
        "take no root": np.sqrt(right),
    }


def _loss_mistakes(
    network: Network, x0: np.ndarray, t: np.ndarray, eps: np.ndarray, kept: np.ndarray, target: str
) -> dict[str, float]:
    """Losses that typical mistakes give."""

    def over(values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, *[1] * (x0.ndim - 1))

    def loss(xt: np.ndarray, steps: np.ndarray, goal: np.ndarray, power: int = 2) -> float:
        gap = np.abs(network.numpy(xt, steps) - goal) ** power
        return float(gap.reshape(len(x0), -1).sum(axis=1).mean())

    k = over(kept[t])
    xt, v = turned(x0, eps, k)
    goals = {"x0": x0, "eps": eps, "v": v}
    goal = goals[target]
    shifted, _ = turned(x0, eps, over(kept[t - 1]))
    fixed, _ = turned(x0, eps, kept[t[0]])
    found = {
        "the network sees x_t, not x_0": loss(x0, t, goal),
        "the network sees x_t, not the noise": loss(eps, t, goal),
        "the network is told t itself, not t - 1": loss(xt, t - 1, goal),
        "the network is told the t of each example": loss(xt, t[[0]].repeat(len(t)), goal),
        BEHIND: loss(shifted, t, goal),
        OWN_T: loss(fixed, t, goal),
        "square the error; yours is its absolute value": loss(xt, t, goal, 1),
        "x_t: bar alpha_t is a variance; take the root": loss(
            k * x0 + np.sqrt(1 - k) * eps, t, goal
        ),
        "x_t: 1 - bar alpha_t is a variance; take the root": loss(
            np.sqrt(k) * x0 + (1 - k) * eps, t, goal
        ),
        "x_t: both roots are missing": loss(k * x0 + (1 - k) * eps, t, goal),
        "v = sqrt(bar alpha) eps - sqrt(1 - bar alpha) x_0; your sign is the other one": (
            loss(xt, t, -v)
        ),
        "the answer is to be x_t without noise, or the noise; yours is to be x_t": loss(xt, t, xt),
    }
    for name in TARGETS:
        if name != target:
            found[f"the target is {target}, yours is {name}"] = loss(xt, t, goals[name])
    return found
