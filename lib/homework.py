"""Homework: comparing answers with messages that teach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

NAN = "look for log(0), 0/0 or inf - inf"


def compare(
    answer: Any,
    right: Any,
    what: str,
    *,
    hints: Mapping[str, Any] | None = None,
    tol: float = 1e-8,
) -> None:
    """Assert that `answer` equals `right`; a known mistake is called by its name.

    Parameters
    ----------
    answer, right : number, array, or set
        Arrays and numbers are compared to the tolerance `tol`, absolute and relative; anything
        else must be equal.
    what : str
        What was asked for, as the message calls it: "the message from node 2 to node 0".
    hints : mapping of str to value, optional
        The values that typical mistakes produce, each under the advice that mends the mistake.

    Raises
    ------
    AssertionError
        Says what is wrong: nothing returned, wrong kind, wrong shape, a known mistake, or a
        different value.
    """
    if isinstance(right, set | frozenset):
        answer = _as_set(answer, what)
    else:
        answer = as_numbers(answer, np.shape(right), what)
    if _same(answer, right, tol):
        return
    for advice, wrong in (hints or {}).items():
        assert not _same(answer, wrong, tol), f"{what}: {advice}"
    raise AssertionError(f"{what}: {_difference(answer, right)}")


def _as_set(answer: Any, what: str) -> set:
    kinds = set | frozenset | list | tuple
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    assert isinstance(answer, kinds), f"{what}: return a set, not a {type(answer).__name__}"
    try:
        return set(answer)
    except TypeError:
        raise AssertionError(f"{what}: the set holds lists or sets; return it flat") from None


def as_bool(answer: Any, what: str) -> bool:
    """The answer as True or False; AssertionError when it is something else."""
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    kind = type(answer).__name__
    assert kind in ("bool", "bool_"), f"{what}: return True or False, not a {kind}"
    return bool(answer)


def as_numbers(answer: Any, shape: tuple[int, ...], what: str, nan: str = NAN) -> np.ndarray:
    """The answer as an array of floats; AssertionError when it is none of this shape.

    `nan` is the advice for an answer that holds a nan.
    """
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    try:
        numbers = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        kind = type(answer).__name__
        raise AssertionError(f"{what}: return numbers, not a {kind}") from None
    assert numbers.shape == shape, f"{what}: the shape is {numbers.shape}, it should be {shape}"
    assert not np.isnan(numbers).any(), f"{what}: there is a nan; {nan}"
    return numbers


def _same(answer: Any, right: Any, tol: float) -> bool:
    if isinstance(answer, set):
        return isinstance(right, set | frozenset) and answer == right
    return answer.shape == np.shape(right) and np.allclose(answer, right, rtol=tol, atol=tol)


def _difference(answer: Any, right: Any) -> str:
    if isinstance(answer, set):
        extra, missing = sorted(answer - right, key=str), sorted(right - answer, key=str)
        return f"not in the right answer: {extra}; missing: {missing}"
    if answer.ndim == 0:
        return f"you have {answer:.6g}, it should be {float(right):.6g}"
    right = np.asarray(right, dtype=float)
    with np.errstate(invalid="ignore"):  # inf - inf, where both are infinite
        gap = np.where(answer == right, 0, np.abs(answer - right))
    at = tuple(int(k) for k in np.unravel_index(np.argmax(gap), gap.shape))
    return f"entry {at} is {answer[at]:.6g}, it should be {right[at]:.6g}"
