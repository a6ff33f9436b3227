"""The registry of equation checks: every labelled display equation of the book has one here.

A module an idea (`tests/equations/bayes_net.py`, ...). Each check is a plain function without
arguments that raises AssertionError when the equation does not hold:

    @checks("eq-bn-factorisation", by="enumeration of a 7-node network")
    def factorisation():
        \"\"\"The product of conditionals sums to one and has the stated conditionals.\"\"\"
        ...
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check: which equation, by what independent means, and the function that runs it."""

    label: str
    by: str
    run: Callable[[], None]

    @property
    def says(self) -> str:
        """First line of the check's docstring: what is compared with what."""
        return (self.run.__doc__ or "").strip().split("\n")[0]


CHECKS: dict[str, Check] = {}


def checks(*labels: str, by: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function as the check of the equations `labels`, proved `by` the named means."""

    def register(run: Callable[[], None]) -> Callable[[], None]:
        for label in labels:
            if label in CHECKS and CHECKS[label].run is not run:
                raise ValueError(f"equation {label!r} already has a check; extend that one")
            CHECKS[label] = Check(label, by, run)
        return run

    return register


def load_all() -> dict[str, Check]:
    """Import every module of this package and return the full registry."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return CHECKS
