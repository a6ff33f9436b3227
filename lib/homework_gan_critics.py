"""The visible tests of chapter 7's homework, tasks 4 to 6: smooth critics, and the line.

Right answers come from a parabola's closed form, from singular values, from a linear program and
from SciPy's distance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance
from torch import Tensor

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer, sealed
from lib.homework_gan import ask
from lib.homework_gan_penalties import Parabola, mix_mistakes, r1_mistakes
from lib.homework_vae import each_example, gradients, leaf

GRAPH = (
    "no gradient gets through to the critic's weights: D must learn from the penalty; ask "
    "torch.autograd.grad for create_graph=True, and stay with PyTorch"
)


def check_penalties(
    penalties: Callable, rng: np.random.Generator, n: int = 4, shape: tuple[int, ...] = (3,)
) -> None:
    """Compare both penalties, and their gradients by the critic's weights, with a formula."""
    critic = Parabola(rng, shape)
    real, fake = (
        torch.tensor(rng.normal(size=(n, *shape))),
        leaf(rng.normal(1, 1, size=(n, *shape))),
    )
    share = torch.tensor(rng.uniform(0.1, 0.9, size=n))
    what = f"{n} examples of shape {shape}"
    given = {"real": real, "fake": fake, "share": share}
    found = as_parts(ask(penalties, what, score=sealed(critic), **given), what, "(r1, gp)")
    parts = share.reshape(-1, *[1] * len(shape))
    mix = fake.detach() + parts * (real - fake.detach())
    slope, between = critic.gradient(real).norm(dim=1), critic.gradient(mix).norm(dim=1)
    right = slope.square().mean() / 2, (between - 1).square().mean()
    off = fake.detach()
    mistakes = (
        r1_mistakes(critic, real, off, mix),
        mix_mistakes(critic, real, off, share, mix),
    )
    for k, name in enumerate(("r1", "gp")):
        label = f"{name} for {what}"
        value = as_numbers(numbers(found[k]), (), label)
        hints = {advice: float(wrong.detach()) for advice, wrong in mistakes[k].items()}
        compare(value, float(right[k].detach()), label, hints=hints, tol=FLOAT32)
        assert isinstance(found[k], Tensor), f"{label}: {GRAPH}"
        assert found[k].requires_grad, f"{label}: {GRAPH}"
        leaves = [critic.a, critic.b]
        theirs = gradients(found[k], leaves, label)
        for mine, one in zip(gradients(right[k], leaves, label), theirs, strict=True):
            assert np.any(one) or not np.any(mine), f"{label}: {GRAPH}"
            compare(one, mine, f"the gradient by the critic's weights of {label}", tol=FLOAT32)
        (to_fake,) = gradients(found[k], [fake], label)
        assert not np.any(to_fake), (
            f"{label}: a gradient reaches `fake`, and so the generator; detach the points first"
        )


@peer
def iterated(weight: np.ndarray, u: np.ndarray, steps: int) -> tuple[float, np.ndarray, np.ndarray]:
    """sigma, u and v after so many power iterations, from the singular value decomposition."""
    left, values, right = np.linalg.svd(weight.reshape(len(weight), -1), full_matrices=False)
    parts = left.T @ u
    of_v, of_u = parts * values ** (2 * steps - 1), parts * values ** (2 * steps)
    of_v, of_u = of_v / np.linalg.norm(of_v), of_u / np.linalg.norm(of_u)
    return float(of_u @ (values * of_v)), left @ of_u, right.T @ of_v


def check_power(
    power_iteration: Callable,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (3, 5),
    steps: int = 3,
) -> None:
    """Compare the iterate with singular vectors weighed by powers of their values."""
    weight, u = rng.normal(size=shape), rng.normal(size=shape[0])
    u /= np.linalg.norm(u)
    what = f"a weight of shape {shape} after {steps} iterations"
    answer = ask(power_iteration, what, weight=weight, u=u, steps=steps)
    found, right = as_parts(answer, what, "(sigma, u, v)"), iterated(weight, u, steps)
    matrix = weight.reshape(shape[0], -1)
    before = iterated(weight, u, steps - 1)[1] if steps > 1 else u
    early, late = iterated(weight, u, max(steps - 1, 1)), iterated(weight, u, steps + 1)
    sigma: dict[str, Any] = {
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
        "multiply the new u and the new v by W; your u is the old one": before @ matrix @ right[2],
    }
    vectors = [{}, {}, {}]
    for k, name in ((1, "u"), (2, "v")):
        vectors[k] = {
            f"{name} has length 1": right[0] * right[k],
            f"{name} is one iteration behind": early[k],
            f"{name} is one iteration ahead": late[k],
            f"{name} has the wrong sign": -right[k],
        }
    vectors[1]["that is the u you were given"] = u
    compare(found[0], right[0], f"sigma of {what}", hints=sigma, tol=FLOAT32)
    for k, name in ((1, "u"), (2, "v")):
        compare(found[k], right[k], f"{name} of {what}", hints=vectors[k], tol=FLOAT32)


@peer
def best_lines(real: np.ndarray, fake: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the best linear critics: by a linear program, and by a singular vector."""
    gap = real.mean(axis=0) - fake.mean(axis=0)
    clipped = linprog(-gap, bounds=[(-c, c)] * len(gap)).x
    vector = np.linalg.svd(np.outer(gap, gap))[0][:, 0]
    return clipped, vector * np.sign(vector @ gap)


def check_lines(
    linear_critics: Callable, rng: np.random.Generator, n: int = 5, m: int = 4, d: int = 3
) -> None:
    """Compare the best clipped weights, and the best of length 1, with two solvers."""
    gap = rng.choice([-1, 1], size=d) * rng.uniform(0.2, 2, size=d)
    real, fake = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    fake += real.mean(axis=0) - gap - fake.mean(axis=0)
    c = float(rng.uniform(1.1, 2) * np.abs(gap).min())
    what = f"critics of {d} weights, clipped to {c:.3f}"
    answer = ask(linear_critics, what, real=real, fake=fake, c=c)
    found, right = as_parts(answer, what, "(clipped, unit)"), best_lines(real, fake, c)
    clipped: dict[str, Any] = {
        "the score is high for data: the sign is wrong": -right[0],
        "only the signs are right; every weight may be as large as c": np.sign(gap),
        "clip allows c for every weight at once; yours all share it": right[0] / d,
        "no weight need stay within c by its size: go to the limit": np.clip(gap, -c, c),
        "that is the direction of the means, scaled down until the largest weight is c": (
            c * gap / np.abs(gap).max()
        ),
        "c limits each weight, not the length": c * right[1],
        "average over the examples of each kind; yours are sums": (
            c * np.sign(real.sum(axis=0) - fake.sum(axis=0))
        ),
        "that is the critic of length 1; the pair is (clipped, unit)": right[1],
    }
    unit: dict[str, Any] = {
        "the score is high for data: the sign is wrong": -right[1],
        "that is the difference of the means; make its length 1": gap,
        "the length is the root of the sum of squares": gap / np.abs(gap).sum(),
        "its length should be 1; yours is 1 for the largest weight": gap / np.abs(gap).max(),
        "divide by the length, not by its square": gap / (gap @ gap),
        "that is the clipped critic, made shorter; the best one points along the means": (
            np.sign(gap) / np.sqrt(d)
        ),
        "its length is 1, not c": c * right[1],
    }
    pairs = [("clipped weights", clipped), ("weights of length 1", unit)]
    for k, (name, hints) in enumerate(pairs):
        hints = {a: w for a, w in hints.items() if not np.allclose(w, right[k])}
        compare(found[k], right[k], f"the {name} of {what}", hints=hints, tol=FLOAT32)


def two_clouds(
    rng: np.random.Generator, n: int, m: int, ties: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers on a line, shifted and stretched against each other; `ties`: some are equal."""
    x, y = rng.normal(0, 1, size=n), rng.normal(rng.uniform(-1, 1), 2.0, size=m)
    return (x.round(), y.round()) if ties else (x, y)


def check_distance(
    earth_distance: Callable,
    rng: np.random.Generator,
    n: int = 5,
    m: int = 5,
    ties: bool = False,
) -> None:
    """Compare with SciPy's distance."""
    x, y = two_clouds(rng, n, m, ties)
    what = f"the distance of {n} and {m} numbers"
    found = as_numbers(numbers(ask(earth_distance, what, x=x, y=y)), (), what)
    right, rough = wasserstein_distance(x, y), np.abs(x[:, None] - y)
    least = min(n, m)
    ordered, plain = np.sort(x)[:least] - np.sort(y)[:least], x[:least] - y[:least]
    hints = {
        "mass is carried to the place of the same rank: sort both": np.abs(plain).mean(),
        "that is the distance of the means; mass may have to go both ways": abs(
            x.mean() - y.mean()
        ),
        "average the distances, do not sum them": right * least,
        "with unequal numbers, the extra ones carry mass as well": np.abs(ordered).mean(),
        "distances, not their squares": (ordered**2).mean(),
        "distances, not the root of their squares' mean (that is W_2)": (
            np.sqrt((ordered**2).mean())
        ),
        "that is the mean distance of all pairs; carry each mass only once": rough.mean(),
        "two numbers may not take the same place: all mass has to arrive": rough.min(axis=1).mean(),
        "the distribution functions differ by this much at most; integrate the difference": (
            np.abs(_share(x, x, y) - _share(y, x, y)).max()
        ),
    }
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right)}
    compare(found, right, what, hints=hints, tol=FLOAT32)


def _share(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of `values` up to each of the numbers x and y."""
    at = np.concatenate([x, y])
    return (values[:, None] <= at).mean(axis=0)


def check_line(
    critic_on_a_line: Callable,
    rng: np.random.Generator,
    n: int = 5,
    m: int = 4,
    ties: bool = False,
) -> None:
    """Assert slopes of at most 1, and a gap between the mean scores that equals the distance."""
    x, y = two_clouds(rng, n, m, ties)
    what = f"the best critic of {n} data and {m} samples"
    found = as_parts(ask(critic_on_a_line, what, x=x, y=y), what, "(dx, dy)")
    dx, dy = each_example(found[0], n, f"dx, {what}"), each_example(found[1], m, f"dy, {what}")
    right = wasserstein_distance(x, y)
    at, d = np.concatenate([x, y]), np.concatenate([dx, dy])
    assert np.isfinite(d).all(), f"{what}: scores are finite numbers"
    rise, run = np.abs(d[:, None] - d), np.abs(at[:, None] - at)
    worst = np.unravel_index((rise - run).argmax(), rise.shape)
    i, j = (int(k) for k in worst)
    assert rise[i, j] <= run[i, j] + FLOAT32 * (1 + run[i, j]), (
        f"{what}: slopes are at most 1 in size, and between {at[i]:.3f} and {at[j]:.3f} yours is "
        f"steeper: the scores differ by {rise[i, j]:.3f}"
    )
    gap = float(dx.mean() - dy.mean())
    shift = x.mean() - y.mean()
    hints = {
        "the score is high for data; yours is high for samples": -right,
        "the score knows nothing: it is the same everywhere": 0.0,
        "one slope for the whole line sees only the means; it may turn": abs(shift),
        "one slope for the whole line sees only the means, and it points away from the data": (
            -abs(shift)
        ),
        "slopes may be as large as 1; yours are half of that": right / 2,
    }
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right)}
    compare(gap, right, f"mean(dx) - mean(dy), {what}", hints=hints, tol=FLOAT32)
