"""The visible tests of chapter 2's homework, task 1: how they ask, mean and covariance.

Every data set here is built from components and variances that are drawn first, so the right answer
is known without computing an eigenvector. Each `check_...` takes the student's function and raises
AssertionError with a message that says which mistake would give the student's answer. Keywords say
what a private variant asks for; without them it is the public homework.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, ask_without, peers_switched_off, with_peak

#: Modules whose functions do what the tasks ask for.
ANSWERS = ("class_gaussians", "eigenfaces", "mixture", "morphable", "pca", "ppca")
#: Switched off where torch is loaded anyway; this chapter needs no torch.
WITH_TORCH = ("linear_vae", "plain_models")


@dataclass(frozen=True)
class Planted:
    """Pictures whose mean, components and variances are known.

    `x` has shape (n, d), `mean` (d,), `components` (d, r) with orthonormal columns, `variances`
    (r,) from large to small. All other eigenvalues of the covariance are zero. With `weights` (n,)
    mean and covariance are weighted averages.
    """

    x: np.ndarray
    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    weights: np.ndarray = field(default_factory=lambda: np.ones(1))

    def __iter__(self) -> Any:
        """Mean, components and variances, as the homework's functions take them."""
        return iter((self.mean, self.components, self.variances))

    def keep(self, k: int) -> Planted:
        """The same pictures with the first k components."""
        return Planted(self.x, self.mean, self.components[:, :k], self.variances[:k])


def planted(
    rng: np.random.Generator,
    n: int = 40,
    d: int = 6,
    shift: float = 2.0,
    weights: np.ndarray | None = None,
) -> Planted:
    """Random pictures with exactly the drawn mean, components and variances.

    The mean's entries have standard deviation `shift`. Each variance is between 0.55 and 0.7 of the
    one before. `weights` (n,) make all averages weighted ones.
    """
    rank = min(n - 1, d)
    variances = rng.uniform(3, 6) * np.cumprod(rng.uniform(0.55, 0.7, size=rank))
    roots = np.sqrt(np.ones(n) if weights is None else weights)
    beside = np.column_stack([roots, rng.normal(size=(n, rank))])
    basis = np.linalg.qr(beside)[0][:, 1:]
    scores = np.linalg.norm(roots) * basis / roots[:, None]  # mean 0, covariance I, exactly
    components = random_basis(rng, d, rank)
    mean = rng.normal(0, shift, size=d)
    x = mean + scores * np.sqrt(variances) @ components.T
    return Planted(x, mean, components, variances, roots**2)


def random_basis(rng: np.random.Generator, d: int, k: int) -> np.ndarray:
    """Orthonormal columns in a random direction, shape (d, k)."""
    return np.linalg.qr(rng.normal(size=(d, k)))[0]


def ask(function: Callable, what: str, limit: float = np.inf, **given: Any) -> Any:
    """The student's answer, computed without the book's own solutions and the tests'.

    Arrays that the function received must not have changed. With a `limit`, all arrays that exist
    at one moment must fit into that many bytes. Arguments that do not fit become a message.
    """
    _check_signature(function, what, tuple(given))
    asked = function if limit == np.inf else lambda *given: _within(limit, what, function, given)
    modules = ANSWERS + WITH_TORCH * ("torch" in sys.modules)
    try:
        with peers_switched_off():
            return ask_without(modules, asked, what, given)
    except (TypeError, ValueError, IndexError) as error:
        shapes = [f"{name} {np.shape(v)}" for name, v in given.items() if np.ndim(v)]
        raise AssertionError(
            f"{what}: your function stops with {type(error).__name__}: {error}. "
            f"It was given {', '.join(shapes)}"
        ) from error


def _check_signature(function: Callable, what: str, names: tuple[str, ...]) -> None:
    """Assert that the function can be called with these arguments."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # a few functions written in C have none
        return
    try:
        signature.bind(*names)
    except TypeError:
        raise AssertionError(
            f"{what}: the arguments are ({', '.join(names)}), and your function takes {signature}; "
            "read the task again"
        ) from None


def _within(limit: float, what: str, function: Callable, given: tuple) -> Any:
    """What the function returns; AssertionError when it held more bytes at one moment."""
    answer, peak = with_peak(lambda: function(*given))
    assert peak < limit, (
        f"{what}: your function needed {peak / 1e6:.0f} MB at one moment; make no array of "
        "shape (D, D)"
    )
    return answer


def as_pair(answer: Any, what: str, names: str = "(W, variances)") -> tuple:
    """The answer as two things; AssertionError when it is something else."""
    return as_parts(answer, what, names)


def check_covariance(
    mean_and_covariance: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 6,
    shift: float = 2.0,
    *,
    layout: str = "rows",
    weighted: bool = False,
) -> None:
    """Compare mean and covariance with those that the pictures were built from.

    The pictures are the `layout` of x, and each counts with its weight if `weighted`.
    """
    data = planted(rng, n, d, shift, rng.uniform(0.2, 3, size=n) if weighted else None)
    what = "mean and covariance"
    answer = ask(mean_and_covariance, what, **given_pictures(data, layout, weighted))
    mean, covariance = as_pair(answer, what, "(mean, S)")
    axis = "along axis 0" if layout == "rows" else "along axis 1: they are the columns of x"
    advice = f"take the mean over the pictures, so {axis}"
    assert np.shape(mean) == (d,) or np.shape(mean) != (n,), f"the mean: {advice}"
    hints = {advice: data.x.mean(axis=1) if n == d else 0}
    if weighted:
        hints |= {
            "each picture counts with its weight": data.x.mean(axis=0),
            "divide by the sum of the weights": data.mean * data.weights.sum(),
            "divide by the sum of the weights, not by N": data.mean * data.weights.mean(),
        }
    compare(mean, data.mean, "the mean", hints=hints, tol=FLOAT32)
    right = data.components * data.variances @ data.components.T
    what = "the covariance"
    if shift > 100:
        what += f" of pictures whose mean is near {shift:g}, taken away before you multiply"
    hints = _covariance_mistakes(data, right, layout)
    compare(covariance, right, what, hints=hints, tol=FLOAT32)


def given_pictures(data: Planted, layout: str, weighted: bool) -> dict[str, np.ndarray]:
    """The arguments: pictures as rows or columns, and their weights if there are any."""
    x = data.x if layout == "rows" else data.x.T.copy()
    return {"x": x} | ({"weights": data.weights.copy()} if weighted else {})


def _covariance_mistakes(data: Planted, right: np.ndarray, layout: str) -> dict[str, np.ndarray]:
    """What typical mistakes give for the covariance."""
    (n, d), w, X = data.x.shape, data.weights, data.x - data.mean
    around = data.x - data.x.mean(axis=0)
    pictures, pixels = ("X X^T", "X^T X")[:: 1 if layout == "rows" else -1]
    hints = {
        "divide by N, not by N - 1 (np.cov needs bias=True)": right * n / (n - 1),
        "take the mean away before you multiply": (data.x.T * w) @ data.x / w.sum(),
        "divide by the number of pictures": right * n,
        "divide by N, the number of pictures, not by D": right * n / d,
        f"that is {pictures} / N, which compares pictures; {pixels} / N compares pixels": (
            X @ X.T / n
        ),
    }
    if np.ptp(w) == 0:
        return hints
    return {
        "each picture counts with its weight, here too": X.T @ X / n,
        "each picture counts with its weight; you gave all the same": around.T @ around / n,
        "divide by the sum of the weights": right * w.sum(),
        "divide by the sum of the weights, not by N": right * w.mean(),
        "the weight counts once; you squared it": (X.T * w**2) @ X / w.sum(),
        "take the weighted mean away, not the plain one": (around.T * w) @ around / w.sum(),
        "take the mean away before you multiply": (data.x.T * w) @ data.x / w.sum(),
    }
