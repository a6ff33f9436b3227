"""How the homework's tests ask: the book's solutions and the tests' own are switched off.

A test gives a student's function its arguments through `ask_without`. Meanwhile every function of
the named modules of `lib`, and every function marked as a `peer`, refuses to work, wherever it was
imported to; so an answer is the student's own.
"""

from __future__ import annotations

import importlib
import inspect
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any, TypeVar

import numpy as np

#: How far answers may be off, absolute and relative: float32 is good enough.
FLOAT32 = 1e-5
#: The tests' own solutions.
PEERS: set[FunctionType] = set()
Made = TypeVar("Made", bound=Callable)


def ask_without(
    modules: tuple[str, ...], function: Callable, what: str, given: dict[str, Any]
) -> Any:
    """The answer of a function to the arguments `given` while some modules are switched off.

    Arrays and tensors that the function received must not have changed.
    """
    copies = {name: _copy(value) for name, value in given.items()}
    with np.errstate(all="ignore"), book_switched_off(modules):
        answer = function(*given.values())
    for name, copy in copies.items():
        same = copy is None or np.array_equal(numbers(given[name]), numbers(copy))
        assert same, f"{what}: your function changes {name}; work on a copy"
    return answer


def _copy(value: Any) -> Any:
    if hasattr(value, "detach"):
        return value.detach().clone()
    return value.copy() if isinstance(value, np.ndarray) else None


def numbers(value: Any) -> Any:
    """Tensors as arrays without a gradient; everything else as it is."""
    return value.detach().numpy() if hasattr(value, "detach") else value


@contextmanager
def book_switched_off(modules: tuple[str, ...]) -> Iterator[None]:
    """Every function of these modules of `lib` fails and says why, wherever it was imported to."""
    with _switched_off(_book_functions(modules), _refuse_book.__code__):
        yield


@contextmanager
def peers_switched_off() -> Iterator[None]:
    """Every peer fails and says why, wherever it was imported to."""
    with _switched_off(PEERS, _refuse_peer.__code__):
        yield


@contextmanager
def _switched_off(functions: set[FunctionType], refusal: CodeType) -> Iterator[None]:
    originals = {function: function.__code__ for function in functions}
    try:
        for function in originals:
            function.__code__ = refusal
        yield
    finally:
        for function, code in originals.items():
            function.__code__ = code


def _refuse_book(*_: Any, **__: Any) -> None:
    raise AssertionError(
        "the book's own functions are switched off in the homework; write it yourself"
    )


def _refuse_peer(*_: Any, **__: Any) -> None:
    raise AssertionError("the tests' own solutions are switched off; write it yourself")


def _book_functions(modules: tuple[str, ...]) -> set[FunctionType]:
    """Functions and methods defined in these modules; those with a closure are left on."""
    found: list[Any] = []
    for name in modules:
        module = importlib.import_module(f"lib.{name}")
        own = [v for v in vars(module).values() if getattr(v, "__module__", "") == module.__name__]
        found += own + [m for v in own if inspect.isclass(v) for m in vars(v).values()]
    plain = {inspect.unwrap(f) for f in found if isinstance(f, FunctionType)}
    return {f for f in plain if not f.__code__.co_freevars}


def peer(made: Made) -> Made:
    """Mark a function, or all methods of a class, as a solution: `peers_switched_off` stops it."""
    found = [made, *vars(made).values()] if inspect.isclass(made) else [made]
    PEERS.update(f for f in found if isinstance(f, FunctionType))
    return made


def sealed(box: Callable) -> Callable:
    """The same function without the attributes that would give its secrets away."""

    def call(*given: Any) -> Any:
        return box(*given)

    return call


def as_parts(answer: Any, what: str, names: str) -> tuple:
    """The answer as the things listed in `names`, "(mean, S)"; AssertionError if it is not."""
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    count = names.count(",") + 1
    right = isinstance(answer, tuple | list) and len(answer) == count
    assert right, f"{what}: return {count} things, {names}"
    return tuple(answer)


def with_peak(call: Callable) -> tuple[Any, int]:
    """What `call` returns, and the most bytes that Python and NumPy held for it at one moment."""
    mine = not tracemalloc.is_tracing()
    if mine:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        return call(), tracemalloc.get_traced_memory()[1] - before
    finally:
        if mine:
            tracemalloc.stop()
