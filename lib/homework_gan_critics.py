"""The visible tests of chapter 7's homework, tasks 4 and 5a: smooth critics.

Right answers come from a parabola's closed form and from singular values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer, sealed
from lib.homework_gan import AGAIN, ask
from lib.homework_gan_penalties import Parabola, asked, mistakes
from lib.homework_vae import gradients, leaf

GRAPH = (
    "no gradient gets through to the critic's weights: D must learn from the penalty; ask "
    "torch.autograd.grad for create_graph=True, and stay with PyTorch"
)


def check_penalties(
    penalties: Callable,
    rng: np.random.Generator,
    n: int = 4,
    shape: tuple[int, ...] = (3,),
    kind: str = "r1",
    limit: float = 1.0,
) -> None:
    """Compare both penalties, and their gradients by the critic's weights, with a formula.

    `kind` and `limit` say which penalties, as `asked` does.
    """
    critic = Parabola(rng, shape)
    real, fake = (
        torch.tensor(rng.normal(size=(n, *shape))),
        leaf(rng.normal(1, 1, size=(n, *shape))),
    )
    share = torch.tensor(rng.uniform(0.1, 0.9, size=n))
    what = f"{n} examples of shape {shape}"
    given = {"real": real, "fake": fake, "share": share}
    names = {"r1": "(r1, gp)", "r2": "(r2, lp)", "judged": "(omega, f)"}[kind]
    found = as_parts(ask(penalties, what, score=sealed(critic), **given), what, names)
    *right, mix = asked(kind, critic, real, fake.detach(), share, limit)
    wrong = mistakes(kind, critic, real, fake.detach(), share, mix.detach(), limit)
    for k, name in enumerate(names[1:-1].split(", ")):
        label = f"{name} for {what}"
        value = as_numbers(numbers(found[k]), (), label)
        hints = {advice: float(v.detach()) for advice, v in wrong[k].items()}
        compare(value, float(right[k].detach()), label, hints=hints, tol=FLOAT32)
        _same_gradients(found[k], right[k], critic, label)
        (to_fake,) = gradients(found[k], [fake], label)
        assert not np.any(to_fake), (
            f"{label}: a gradient reaches `fake`, and so the generator; detach the points first"
        )


def _same_gradients(found: Any, right: Tensor, critic: Parabola, label: str) -> None:
    assert isinstance(found, Tensor), f"{label}: {GRAPH}"
    assert found.requires_grad, f"{label}: {GRAPH}"
    leaves = [critic.a, critic.b]
    theirs = gradients(found, leaves, label)
    for mine, one in zip(gradients(right, leaves, label), theirs, strict=True):
        assert np.any(one) or not np.any(mine), f"{label}: {GRAPH}"
        compare(one, mine, f"the gradient by the critic's weights of {label}", tol=FLOAT32)


@peer
def iterated(
    weight: np.ndarray, u: np.ndarray, steps: int, start: str = "u"
) -> tuple[float, np.ndarray, np.ndarray]:
    """sigma, u and v after so many power iterations, from the singular value decomposition.

    With `start` "v", the vector given is v, and u is made first.
    """
    matrix = weight.reshape(len(weight), -1)
    if start == "v":
        sigma, v, u = iterated(matrix.T, u, steps)
        return sigma, u, v
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    parts = left.T @ u
    of_v, of_u = parts * values ** (2 * steps - 1), parts * values ** (2 * steps)
    of_v, of_u = of_v / np.linalg.norm(of_v), of_u / np.linalg.norm(of_u)
    return float(of_u @ (values * of_v)), left @ of_u, right.T @ of_v


def check_power(
    power_iteration: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (3, 5),
    steps: int = 3,
    start: str = "u",
    columns: bool = False,
) -> None:
    """Compare the iterate with singular vectors weighed by powers of their values.

    `start` names the vector given; with `columns`, the second axis of the weight has the outputs.
    """
    weight = rng.normal(size=shape)
    matrix = (np.moveaxis(weight, 1, 0) if columns else weight).reshape(shape[columns], -1)
    given = rng.normal(size=matrix.shape[start == "v"])
    given /= np.linalg.norm(given)
    what = f"a weight of shape {shape} after {steps} iterations"
    answer = ask(power_iteration, what, **{"weight": weight, start: given, "steps": steps})
    found, right = as_parts(answer, what, "(sigma, u, v)"), iterated(matrix, given, steps, start)
    hints = _power_mistakes(matrix, given, steps, start, right)
    if start == "v" or columns:
        again = "the start is v" if start == "v" else "outputs are the second axis"
        hints[0] = _another(f"{AGAIN} {again}", weight, given, steps, 0) | hints[0]
    for k, name in enumerate(("sigma", "u", "v")):
        compare(found[k], right[k], f"{name} of {what}", hints=hints[k], tol=FLOAT32)


def _another(
    advice: str, weight: np.ndarray, given: np.ndarray, steps: int, part: int
) -> dict[str, Any]:
    """The answer of who takes rows for outputs and starts from u, where that has a meaning."""
    matrix = weight.reshape(len(weight), -1)
    return {advice: iterated(matrix, given, steps)[part]} if len(matrix) == len(given) else {}


def _power_mistakes(
    matrix: np.ndarray, given: np.ndarray, steps: int, start: str, right: tuple
) -> list[dict[str, Any]]:
    early = iterated(matrix, given, max(steps - 1, 1), start)
    late = iterated(matrix, given, steps + 1, start)
    second = 2 if start == "v" else 1  # the vector that is made last
    before = early[second] if steps > 1 else given
    stale = matrix @ before @ right[1] if second == 2 else before @ matrix @ right[2]
    name = "uv"[second - 1]
    sigma = {
        "that is the root of the sum of all squares (Frobenius); it is never smaller": (
            np.linalg.norm(matrix)
        ),
        "that is the largest singular value itself; the iteration has not reached it yet": (
            np.linalg.norm(matrix, 2)
        ),
        "that is sigma squared": right[0] ** 2,
        "one iteration too few": early[0],
        "one iteration too many": late[0],
        "the sign is wrong": -right[0],
        f"multiply the new u and the new v by W; your {name} is the old one": stale,
    }
    vectors = [
        {
            f"{name} has length 1": right[0] * right[k],
            f"{name} is one iteration behind": early[k],
            f"{name} is one iteration ahead": late[k],
            f"{name} has the wrong sign": -right[k],
        }
        for k, name in ((1, "u"), (2, "v"))
    ]
    vectors[second - 1][f"that is the {'uv'[second - 1]} you were given"] = given
    return [sigma, *vectors]
