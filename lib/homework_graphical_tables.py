"""The visible tests of chapter 1's homework, task 2: tables of three binary variables c, s, b.

The axes of a table are named by a word: in "csb" the first axis is c. With a `base`, everything is
asked in logarithms to this base. Each `check_...` takes the student's function and raises
AssertionError with a message that says which mistake would give the student's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32
from lib.homework_graphical import ask


def turned(table: np.ndarray, axes: str) -> np.ndarray:
    """The table with axes c, s, b, its axes brought into the order of the word `axes`."""
    return table.transpose(["csb".index(name) for name in axes])


def _spread(vector: np.ndarray, name: str, axes: str) -> np.ndarray:
    return vector.reshape([2 if axis == name else 1 for axis in axes])


def check_joint(
    blur_joint: Callable,
    rng: np.random.Generator,
    axes: str = "csb",
    table: str = "csb",
    base: float = 0.0,
) -> None:
    """Compare `blur_joint(p_c, p_s, p_b)` with the product taken entry by entry.

    `axes` are those of the joint, `table` those of `p_b`.
    """
    p_c, p_s = rng.dirichlet([2, 2], size=2)
    p_b = rng.dirichlet([2, 2], size=(2, 2))
    right, swapped, crossed = np.zeros((3, 2, 2, 2))
    for c, s, b in product(range(2), repeat=3):
        right[c, s, b] = p_c[c] * p_s[s] * p_b[c, s, b]
        swapped[c, s, b] = p_c[s] * p_s[c] * p_b[c, s, b]
        crossed[c, s, b] = p_c[c] * p_s[s] * p_b[s, c, b]
    made = (lambda p: np.log(p) / np.log(base)) if base else np.asarray
    given = [made(p_c), made(p_s), made(turned(p_b, table))]
    shape = {name: np.shape(_spread(p_c, name, axes)) for name in "cs"}
    hints = {
        f"the axes are {', '.join(axes)}: p_c has the shape {shape['c']}, not {shape['s']}": (
            made(turned(swapped, axes))
        ),
        "p(b | c, s) alone is not the joint: multiply by p(c) and by p(s)": (
            made(turned(p_b, axes))
        ),
        f"p_b[{', '.join(table)}]: do not exchange its axes c and s": made(turned(crossed, axes)),
        **dict(_lined_up(*given, shape, base)),
        **dict(_other_axes(right, *given, axes, table, base)),
    }
    answer = ask(blur_joint, "the joint table", p_c=given[0], p_s=given[1], p_b=given[2])
    _no_products(answer, given, base)
    compare(answer, made(turned(right, axes)), "the joint table", hints=hints, tol=FLOAT32)


def _lined_up(
    p_c: np.ndarray, p_s: np.ndarray, p_b: np.ndarray, shape: dict, base: float
) -> Iterator[tuple[str, np.ndarray]]:
    """What comes of leaving the axes to NumPy."""
    times = np.add if base else np.multiply
    both = tuple(max(sizes) for sizes in zip(*shape.values(), strict=True))
    why = f"NumPy lines up the last axes: make p_c {shape['c']} and p_s {shape['s']}"
    yield why, times(times(p_b, p_c), p_s)
    why = f"NumPy lines up the last axes: p(c) p(s) must be {both}"
    yield why, times(times.outer(p_c, p_s), p_b)


def _other_axes(
    right: np.ndarray,
    p_c: np.ndarray,
    p_s: np.ndarray,
    p_b: np.ndarray,
    axes: str,
    table: str,
    base: float,
) -> Iterator[tuple[str, np.ndarray]]:
    """What comes of other axes of the joint, or of `p_b`, than those that are asked for."""
    made = (lambda p: np.log(p) / np.log(base)) if base else np.asarray
    times = np.add if base else np.multiply
    for word in map("".join, permutations("csb")):
        if word != axes:
            advice = f"the joint has the axes {', '.join(axes)}, and yours has {', '.join(word)}"
            yield f"{advice}: read the task again", made(turned(right, word))
        if word != table:
            spread = times(_spread(p_c, "c", word), _spread(p_s, "s", word))
            misread = times(spread, p_b)  # p_b taken as p_b[word]
            advice = f"p_b has the axes {', '.join(table)}, and you read it as {', '.join(word)}"
            yield f"{advice}: read the task again", misread
            misread = misread.transpose([word.index(name) for name in axes])
            yield f"{advice}: please read the task again", misread


def _no_products(answer: Any, given: list[np.ndarray], base: float) -> None:
    """Multiplied logarithms, or logarithms that are missing, are called by their name."""
    if not base or np.shape(answer) != (2, 2, 2):
        return
    p_c, p_s, p_b = given
    numbers = as_numbers(answer, (2, 2, 2), "the joint table")
    spreads = permutations("csb")
    products = [_spread(p_c, "c", w) * _spread(p_s, "s", w) * p_b for w in spreads]
    for wrong in products:
        message = "the joint table: the logarithm of a product is the sum of the logarithms"
        assert not np.allclose(numbers, wrong), message
    assert (numbers <= 0).all(), (
        "the joint table: the logarithm of a probability is not positive; return logarithms"
    )


def check_noisy_or(blur_joint: Callable, rng: np.random.Generator, order: str = "ncs") -> None:
    """Compare with a table built cause by cause; `order`: what the entries of `p_b` belong to.

    The letters are n for no visible reason, c for the camera, s for the subject.
    """
    p_c, p_s, strength = *rng.dirichlet([2, 2], size=2), rng.uniform(0.15, 0.85, size=3)
    known = dict(zip(order, strength, strict=True))

    def joint(known: dict, together: Callable = lambda fail: 1 - np.prod(fail)) -> np.ndarray:
        found = np.zeros((2, 2, 2))
        for c, s in product(range(2), repeat=2):
            fails = [1 - known["n"], 1 - c * known["c"], 1 - s * known["s"]]
            blurred = together(fails)
            found[c, s] = p_c[c] * p_s[s] * np.array([1 - blurred, blurred])
        return found

    what = "the joint table"
    answer = ask(blur_joint, what, STRENGTHS, p_c=p_c.copy(), p_s=p_s.copy(), p_b=strength.copy())
    assert np.shape(answer) != (2, 2, 3), f"{what}: {STRENGTHS}"
    right = joint(known)
    hints = {
        "the last axis is b, and b = 1 means blurred": right[..., ::-1],
        "a picture can be blurred for no visible reason too": joint(known | {"n": 0.0}),
        "the probabilities of several causes do not add up; multiply those of failing": (
            joint(known, lambda fail: sum(1 - f for f in fail))
        ),
        "a cause that is absent cannot blur the picture": joint(
            known, lambda _: 1 - np.prod(1 - strength)
        ),
        "those are the probabilities that a cause blurs the picture, not that it fails": joint(
            {cause: 1 - p for cause, p in known.items()}
        ),
        "p_c belongs to the first axis, p_s to the second": right.transpose(1, 0, 2),
    }
    for word in map("".join, permutations("ncs")):
        if word != order:
            misread = joint(dict(zip(word, strength, strict=True)))
            hints[f"look up again which cause the entries of p_b belong to ({word})"] = misread
    compare(answer, right, what, hints=hints, tol=FLOAT32)


STRENGTHS = "p_b holds three probabilities: build p(b | c, s) from them first"


def check_explaining_away(
    camera_posterior: Callable,
    rng: np.random.Generator,
    axes: str = "csb",
    base: float = 0.0,
    witness: bool = False,
) -> None:
    """Assert that a moved subject excuses the camera, and that both posteriors are exact.

    Each cause that is present fails to blur the picture with its own probability, independently of
    the other; so either of them explains a blurred picture. With `base`, the table too is one of
    logarithms. With `witness`, the third argument
    holds p(report | S = 0) and p(report | S = 1), and the report speaks for a moved subject.
    """
    p_c, p_s, sharp = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.5, size=3)
    joint = np.zeros((2, 2, 2))
    for c, s in product(range(2), repeat=2):
        prior = (p_c if c else 1 - p_c) * (p_s if s else 1 - p_s)
        miss = (1 - 0.1 * sharp[0]) * sharp[1] ** c * sharp[2] ** s
        joint[c, s] = prior * miss, prior * (1 - miss)
    report = np.array([rng.uniform(0.05, 0.2), rng.uniform(0.7, 0.9)])
    table = np.log(joint) / np.log(base) if base else turned(joint, axes)
    known = report if witness else np.array([0.0, 1.0])
    told, advice = (report, WITNESS) if witness else (1, "")
    names = "C given B = 1", f"C given B = 1 and {'the report' if witness else 'S = 1'}"
    answers = [
        ask(camera_posterior, names[0], joint=table.copy(), b=1),
        ask(camera_posterior, names[1], advice, joint=table.copy(), b=1, s=told),
    ]
    levels = [as_posterior(a, name, base) for a, name in zip(answers, names, strict=True)]
    before, after = (level if base else level[1] for level in levels)
    assert after < before, (
        f"C = 1 must become less probable when you learn that the subject moved; you find "
        f"{before:.3f} for {names[0]} and {after:.3f} for {names[1]}"
        + (f"; the joint has the axes {', '.join(axes)}" if axes != "csb" else "")
        + (f"; {WITNESS}" if witness else "")
        + ("; C = 1 stands above the line of the odds" if base else "")
    )
    for name, level, weights in zip(names, levels, (np.ones(2), known), strict=True):
        scores = joint[:, :, 1] @ weights
        hints = {} if base else {"it must sum to one": scores}
        compare(level, posterior(scores, base), name, hints=hints, tol=FLOAT32)


WITNESS = "s is None or holds two probabilities of the report, given S = 0 and S = 1"


def posterior(scores: np.ndarray, base: float = 0.0) -> np.ndarray:
    """What is asked for scores of C = 0 and C = 1: p(C), or the log odds to this base."""
    if base:
        return (np.log(scores[1]) - np.log(scores[0])) / np.log(base)
    return scores / scores.sum()


def as_posterior(answer: Any, what: str, base: float = 0.0) -> np.ndarray:
    """The answer as p(C), shape (2,), or as a number if log odds are asked for."""
    if base:
        message = f"{what}: return one number, the logarithm of the odds, not two probabilities"
        assert np.shape(answer) != (2,), message
    return as_numbers(answer, () if base else (2,), what)
