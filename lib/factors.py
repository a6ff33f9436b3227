"""Discrete factors: tables over named variables, with product, sum-out, max-out and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Factor:
    """A non-negative table with one axis a variable.

    Parameters
    ----------
    scope : tuple of str
        Names of the variables, in the order of the axes.
    table : ndarray
        Shape (K_1, ..., K_m), all entries finite and >= 0.

    Raises
    ------
    ValueError
        If a name repeats, the number of axes is not the number of names, or an entry is
        negative or not finite.
    """

    scope: tuple[str, ...]
    table: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "scope", tuple(self.scope))
        object.__setattr__(self, "table", np.asarray(self.table, dtype=float))
        if len(set(self.scope)) != len(self.scope):
            raise ValueError(f"factor scope {self.scope} repeats a variable; name each one once")
        if self.table.ndim != len(self.scope):
            raise ValueError(
                f"factor over {self.scope} needs {len(self.scope)} axes, its table has shape "
                f"{self.table.shape}"
            )
        low, high = (self.table.min(), self.table.max()) if self.table.size else (0.0, 0.0)
        if not (low >= 0 and high < np.inf):  # also false for nan
            raise ValueError(
                f"factor over {self.scope} has an entry that is negative or not finite"
            )

    @classmethod
    def _trusted(cls, scope: tuple[str, ...], table: np.ndarray) -> Factor:
        """Skip the checks for a result of valid factors: they would cost most of the time."""
        self = object.__new__(cls)
        object.__setattr__(self, "scope", scope)
        object.__setattr__(self, "table", np.asarray(table))
        return self

    @property
    def n_states(self) -> dict[str, int]:
        """Number of states of each variable in the scope."""
        return dict(zip(self.scope, self.table.shape, strict=True))

    def _aligned(self, scope: tuple[str, ...]) -> np.ndarray:
        """The table with its axes in the order of `scope`, length-one axes for missing names."""
        order = [self.scope.index(name) for name in scope if name in self.scope]
        shape = [self.table.shape[self.scope.index(v)] if v in self.scope else 1 for v in scope]
        return self.table.transpose(order).reshape(shape)

    def __mul__(self, other: Factor) -> Factor:
        """Pointwise product over the union of the two scopes."""
        mine, theirs = self.n_states, other.n_states
        for name in mine.keys() & theirs.keys():
            if mine[name] != theirs[name]:
                raise ValueError(
                    f"variable {name!r} has {mine[name]} states in one factor and "
                    f"{theirs[name]} in the other"
                )
        scope = self.scope + tuple(name for name in other.scope if name not in self.scope)
        return Factor._trusted(scope, self._aligned(scope) * other._aligned(scope))

    def _axes(self, names: tuple[str, ...]) -> tuple[int, ...]:
        for name in names:
            if name not in self.scope:
                raise ValueError(f"unknown variable {name!r}; this factor is over {self.scope}")
        return tuple(self.scope.index(name) for name in names)

    def sum_out(self, *names: str) -> Factor:
        """Sum over all states of `names`."""
        rest = tuple(name for name in self.scope if name not in names)
        return Factor._trusted(rest, self.table.sum(axis=self._axes(names)))

    def max_out(self, *names: str) -> Factor:
        """Maximise over all states of `names`."""
        rest = tuple(name for name in self.scope if name not in names)
        return Factor._trusted(rest, self.table.max(axis=self._axes(names)))

    def reduce(self, evidence: Mapping[str, int]) -> Factor:
        """Keep the entries that agree with `evidence`; names outside the scope are ignored."""
        index: list[int | slice] = [slice(None)] * len(self.scope)
        for name, state in evidence.items():
            if name not in self.scope:
                continue
            if not 0 <= state < self.n_states[name]:
                raise ValueError(
                    f"state {state} of {name!r} is out of range 0..{self.n_states[name] - 1}"
                )
            index[self.scope.index(name)] = state
        rest = tuple(name for name in self.scope if name not in evidence)
        return Factor._trusted(rest, self.table[tuple(index)])

    def reorder(self, *scope: str) -> Factor:
        """The same factor with its axes in the order of `scope`."""
        if sorted(scope) != sorted(self.scope):
            raise ValueError(f"cannot reorder {self.scope} as {scope}; name the same variables")
        return Factor._trusted(scope, self._aligned(scope))

    def normalise(self) -> Factor:
        """Divide by the sum of all entries."""
        total = self.table.sum()
        if total == 0:
            raise ValueError(f"factor over {self.scope} sums to zero; the evidence is impossible")
        return Factor._trusted(self.scope, self.table / total)
