"""What every data set looks like, and `load`, which finds one by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import numpy as np

#: Name of a data set -> module of lib.datasets and function in it.
SOURCES = {
    "faces": "faces.load_faces",
    "faces64": "faces.load_faces64",
    "one_face": "faces.load_one_face",
    "clips": "faces.load_clips",
    "heads": "heads.load_heads",
    "creatures": "creatures.load_creatures",
    "notes": "notes.load_notes",
    "digits": "digits.load_digits",
    "mixture": "toys.load_mixture",
    "gaussians8": "toys.load_gaussians8",
    "gaussians25": "toys.load_gaussians25",
    "moons": "toys.load_moons",
    "spiral": "toys.load_spiral",
    "checkerboard": "toys.load_checkerboard",
    "pinwheel": "toys.load_pinwheel",
    "olivetti": "downloads.load_olivetti",
    "mnist": "downloads.load_mnist",
    "sprites": "downloads.load_sprites",
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples and what is known of each.

    Parameters
    ----------
    name : str
        What `load` calls it.
    x : ndarray, shape (n, ...)
        The examples. Pictures are float32 in [0, 1], shape (n, h, w).
    y : ndarray of int, shape (n,), or None
        Class labels, where there are classes.
    factors : dict of ndarray, each (n,)
        The true causes of each example, where it was made by a program.
    extras : dict of ndarray, each (n, ...)
        What else belongs to each example, such as label maps.
    shared : dict
        What all examples share, such as a palette or the triangles of a mesh.
    held_out : ndarray of bool, shape (n,)
        Which examples are kept for testing; the same ones for every reader.
    """

    name: str
    x: np.ndarray
    y: np.ndarray | None = None
    factors: Mapping[str, np.ndarray] = field(default_factory=dict)
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)
    held_out: np.ndarray | None = None

    def __post_init__(self) -> None:
        own = [("y", self.y), ("held_out", self.held_out)]
        for name, values in (*own, *self.factors.items(), *self.extras.items()):
            shape, n = np.shape(values), len(self.x)
            if values is not None and shape[:1] != (n,):
                raise ValueError(
                    f"{name} has shape {shape}, it needs an entry for each of {n} examples"
                )
        if self.held_out is not None and self.held_out.dtype != bool:
            raise ValueError(f"held_out is a mask of bool, got {self.held_out.dtype}")

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        known = [f"x {self.x.shape} {self.x.dtype}"]
        known += [name for name in ("y", "held_out") if getattr(self, name) is not None]
        groups = {name: getattr(self, name) for name in ("factors", "extras", "shared")}
        known += [f"{name}: {', '.join(group)}" for name, group in groups.items() if group]
        return f"Dataset({self.name!r}; {'; '.join(known)})"

    def subset(self, index: np.ndarray | slice) -> Dataset:
        """The examples picked by an index array, a mask or a slice, with all that is known."""
        if isinstance(index, int | np.integer):
            raise ValueError(
                f"a subset takes an index array, a mask or a slice; for one, [{index}]"
            )

        def pick(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[index]

        return replace(
            self,
            x=self.x[index],
            y=pick(self.y),
            factors={name: pick(values) for name, values in self.factors.items()},
            extras={name: pick(values) for name, values in self.extras.items()},
            held_out=pick(self.held_out),
        )

    @property
    def train(self) -> Dataset:
        """The examples to learn from."""
        return self.subset(~self._split())

    @property
    def test(self) -> Dataset:
        """The examples held out."""
        return self.subset(self._split())

    def _split(self) -> np.ndarray:
        if self.held_out is None:
            raise ValueError(f"{self.name} has no fixed split; use subset(...) to make one")
        return self.held_out


def load(name: str, **options: Any) -> Dataset:
    """Load or make the data set called `name`; `options` are those of its own loader.

    Nothing is downloaded, except for the three names that say so on their data cards (olivetti,
    mnist, sprites).

    Raises
    ------
    ValueError
        If there is no such data set, or an option does not fit.
    """
    if name not in SOURCES:
        near = get_close_matches(str(name), SOURCES, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"no data set is called {name!r}{hint}; there are {', '.join(SOURCES)}")
    module, function = SOURCES[name].split(".")
    return getattr(import_module(f"lib.datasets.{module}"), function)(**options)
