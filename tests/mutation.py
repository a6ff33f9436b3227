"""Breaking the code on purpose: what a mutation is, and how it is applied for a moment.

A module `tests/mutations_<topic>.py` holds a list `MUTATIONS`:

    MUTATIONS = [
        Mutation("drops a message", "lib.belief_propagation.sum_product", broken, check),
        Mutation("wrong sign", "lib.mrf.PairwiseMRF.energy", Edit("-total", "total"), check_energy),
    ]

`check` takes no arguments, passes on the real code and raises AssertionError on the broken one.
It must reach the target through its module (`mrf.f(...)`, not `from lib.mrf import f`).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Edit:
    """Change `old` to `new` in the source of the target; `old` must occur exactly once."""

    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """One deliberate mistake.

    Parameters
    ----------
    name : str
        The mistake in words: "adds noise at the last step".
    target : str
        Dotted path of what is broken: "lib.module.function" or "lib.module.Class.method".
    replacement : object or Edit
        What takes its place, or a change to its source text.
    check : callable
        Passes on the real code, raises AssertionError on the broken code.
    """

    name: str
    target: str
    replacement: Any
    check: Callable[[], None]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the mistake into the library for the length of a `with` block."""
        new = self.replacement
        if isinstance(new, Edit):
            new = edited(self.target, new)
        with mock.patch(self.target, new):
            yield


def edited(target: str, edit: Edit) -> Any:
    """The function, method or property named by `target`, compiled anew from edited source."""
    owner, name = _owner(target), target.rpartition(".")[2]
    original = inspect.getattr_static(owner, name)
    plain = getattr(original, "fget", None) or getattr(original, "__func__", original)
    plain = inspect.unwrap(plain)
    source = textwrap.dedent(inspect.getsource(plain))
    if source.count(edit.old) != 1:
        raise ValueError(
            f"{edit.old!r} occurs {source.count(edit.old)} times in {target}, not once"
        )
    source = source.replace(edit.old, edit.new)
    if isinstance(owner, type):  # outside its class, a bare super() does not know where it stands
        source = source.replace("super()", f"super({owner.__name__}, self)")
    module = inspect.getmodule(plain)
    made: dict[str, Any] = {}
    exec(source, vars(module), made)
    return made[name]


def _owner(target: str) -> Any:
    """The module or class that holds the last name of `target`."""
    parts = target.split(".")[:-1]
    for length in range(len(parts), 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            owner = getattr(owner, part)
        return owner
    raise ValueError(f"cannot import any part of {target!r}")


def load_all() -> list[Mutation]:
    """Every mutation of every module `tests/mutations_*.py`."""
    import tests

    names = [m.name for m in pkgutil.iter_modules(tests.__path__)]
    modules = [importlib.import_module(f"tests.{n}") for n in names if n.startswith("mutations_")]
    return [mutation for module in modules for mutation in module.MUTATIONS]
