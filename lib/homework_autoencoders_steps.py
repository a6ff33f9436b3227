"""The visible tests of chapter 3's homework, task 3: one step of training.

The network is so small that every step can be repeated by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_autoencoders import ask, differ

#: Input, target and weight of each picture or entry: what a step takes the squared error of.
Goal = tuple[Tensor, Tensor, Tensor]
PARTS = "you are given a list of batches"


def check_step(
    training_step: Callable,
    rng: np.random.Generator,
    shape: tuple = (5,),
    n: int = 7,
    *,
    form: str = "plain",
) -> None:
    """Make three steps of plain gradient descent and compare each with one done by hand.

    The `form` of what is given is "plain" (a batch), "noisy" (a batch and the noise to add), "gaps"
    (a batch and a mask of what the model sees) or "parts" (a list of batches).
    """
    d, rate = int(np.prod(shape)), 0.01
    net = nn.Sequential(nn.Flatten(), nn.Linear(d, 3), nn.Tanh(), nn.Linear(3, d))
    model = nn.Sequential(net, nn.Unflatten(1, shape)).double()
    weights = list(model.parameters())
    for w in weights:
        w.data = torch.tensor(rng.normal(0, 0.7, size=tuple(w.shape)))
    optimiser, before = torch.optim.SGD(weights, lr=rate), np.zeros(sum(w.numel() for w in weights))
    for number in (1, 2, 3):
        x, what = torch.tensor(rng.normal(size=(n, *shape))), f"step {number} on {(n, *shape)}"
        old, (given, goals) = _flat(weights), _told(rng, x, form)
        losses = {text: _loss(model, goal) for text, goal in goals.items()}
        slopes = {t: _flat(torch.autograd.grad(loss, weights)) for t, loss in losses.items()}
        each = _step_each(model, given, rate)
        fits = PARTS if form == "parts" else ""
        largest: list[int] = []
        hook = model.register_forward_pre_hook(lambda _, seen: largest.append(len(seen[0])))  # noqa: B023
        answer = ask(training_step, what, fits=fits, model=model, optimiser=optimiser, **given)
        hook.remove()
        most = max(map(len, given.get("parts", [x])))
        assert max(largest, default=0) <= most, f"{what}: the model gets one part at a time"
        move, right = _flat(weights) - old, losses.pop("").item()
        slope = slopes.pop("")
        hints = {text: -rate * value for text, value in slopes.items()} | each
        hints |= _step_mistakes(rate, slope, before, d, n)
        compare(move, -rate * slope, what, hints=differ(hints, -rate * slope), tol=FLOAT32)
        others = {text: loss.item() for text, loss in losses.items()}
        _check_loss(answer, right, _loss(model, goals[""]).item(), others, d, n)
        before = slope


def _flat(tensors: Any) -> np.ndarray:
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


@peer
def _loss(model: nn.Module, goal: Goal) -> Tensor:
    """The squared error, weighted, summed over a picture and averaged over the pictures."""
    seen, target, weight = goal
    return (weight * (model(seen) - target) ** 2).sum() / len(seen)


def _told(rng: np.random.Generator, x: Tensor, form: str) -> tuple[dict[str, Any], dict[str, Goal]]:
    """What a step is given, and the goals that one may read into it, the right one under ""."""
    one = torch.ones(len(x), *[1] * (x.dim() - 1), dtype=x.dtype)
    if form == "plain":
        return {"x": x}, {"": (x, x, one)}
    if form == "parts":
        return _told_in_parts(rng, x, one)
    if form == "noisy":
        noise = torch.tensor(rng.normal(0, 0.8, size=tuple(x.shape)))
        return {"x": x, "noise": noise}, {
            "": (x + noise, x, one),
            "add the noise to what goes in": (x, x, one),
            "the target is the clean picture, not the noisy one": (x + noise, x + noise, one),
            "noisy in, clean out; you have it the other way round": (x, x + noise, one),
            "the target is the picture, not the noise": (x + noise, noise, one),
        }
    seen = torch.tensor(rng.random(tuple(x.shape)) < 0.6, dtype=x.dtype)
    seen.view(-1)[:2] = torch.tensor([0.0, 1.0])
    return {"x": x, "seen": seen}, {
        "": (x * seen, x, 1 - seen),
        "the model sees only part of the picture: multiply what goes in by `seen`": (
            *(x, x, 1 - seen),
        ),
        "only what the model does not see counts; you have the error of all entries": (
            *(x * seen, x, one),
        ),
        "that is the error of what the model sees; what it does not see counts": (
            *(x * seen, x, seen),
        ),
        "the error of all entries is not asked for, and the model sees only a part": (x, x, one),
        "it sees what `seen` marks by 1, not by 0": (x * (1 - seen), x, seen),
    }


def _told_in_parts(
    rng: np.random.Generator, x: Tensor, one: Tensor
) -> tuple[dict[str, Any], dict[str, Goal]]:
    """The batch in a list of parts of different sizes."""
    n = len(x)
    sizes = [n] if n < 3 else [1, n - 1] if n < 6 else [1, int(rng.integers(2, n - 3))]
    sizes += [n - sum(sizes)] * (sum(sizes) < n)
    parts = list(x.split(sizes))
    of_each = torch.cat([torch.full((size,), n / size) for size in sizes]).reshape(one.shape)
    last = torch.cat([torch.zeros(n - sizes[-1]), torch.ones(sizes[-1])]).reshape(one.shape)
    goals = {
        "": (x, x, one),
        "every picture counts the same; you average the means of the parts": (
            *(x, x, of_each / len(sizes)),
        ),
        "every picture counts the same; you sum the means of the parts": (x, x, of_each),
        "that is the last part alone": (x, x, last * n / sizes[-1]),
        "that is the last part alone, divided by the number of all pictures": (x, x, last),
    }
    return {"parts": parts}, goals


def _step_each(model: nn.Module, given: dict[str, Any], rate: float) -> dict[str, np.ndarray]:
    """What the weights move by when each part gets a step of its own."""
    if "parts" not in given:
        return {}
    other = deepcopy(model)
    weights, old = list(other.parameters()), _flat(model.parameters())
    for x in given["parts"]:
        slopes = torch.autograd.grad(_loss(other, (x, x, torch.ones(1))), weights)
        for w, slope in zip(weights, slopes, strict=True):
            w.data -= rate * slope
    return {"one step for all parts; you made one for each": _flat(weights) - old}


def _step_mistakes(
    rate: float, slope: np.ndarray, before: np.ndarray, d: int, n: int
) -> dict[str, np.ndarray]:
    """What typical mistakes move the weights by."""
    again = {"the gradients of the step before are still there: optimiser.zero_grad()": -rate
             * (slope + before)}  # fmt: skip
    return (again if np.any(before) else {}) | {
        "the weights did not move: loss.backward(), then optimiser.step()": 0 * slope,
        "the step was made before loss.backward()": -rate * before,
        "sum over the pixels; you took the mean over them too": -rate * slope / d,
        "take the mean over the pictures; you summed over them too": -rate * slope * n,
        "the loss grows: the optimiser goes downhill by itself": rate * slope,
        "two steps were made on one batch, or the loss is doubled": -2 * rate * slope,
    }


def _check_loss(
    answer: Any, loss: float, after: float, others: dict[str, float], d: int, n: int
) -> None:
    assert answer is not None, "the loss: your function returned None; end it with `return`"
    graph = isinstance(answer, Tensor) and answer.requires_grad
    assert not graph, "the loss: a tensor drags its whole graph along; return loss.item()"
    hints = others | {
        "the mean over the pictures, the sum over the pixels; you took both means": loss / d,
        "divide by the number of pictures": loss * n,
        "return the loss from which you took the gradient, not the one after the step": after,
    }
    compare(numbers(answer), loss, "the loss", hints=differ(hints, loss), tol=FLOAT32)
