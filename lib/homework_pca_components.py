"""The visible tests of chapter 2's homework, tasks 1 and 2: components and their variances.

The pictures are built from components and variances that are drawn first. Keywords say what a
private variant asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32
from lib.homework_pca import Planted, as_pair, ask, given_pictures, planted


@dataclass(frozen=True)
class Form:
    """How components and their variances are asked for; the public homework has the defaults.

    Parameters
    ----------
    layout : {"rows", "columns"}
        Where the pictures are in x.
    weighted : bool
        Whether each picture has a weight.
    components : {"columns", "rows"}
        Where the components are in the answer.
    order : {"falling", "rising"}
        Of the variances in the answer.
    length : {"one", "deviation", "1 / deviation"}
        Of a component; deviation is the standard deviation of its scores. If it is not one, the
        answer holds these deviations in place of the variances.
    """

    layout: str = "rows"
    weighted: bool = False
    components: str = "columns"
    order: str = "falling"
    length: str = "one"

    @property
    def gives(self) -> str:
        """The second part of the answer."""
        return "variances" if self.length == "one" else "deviations"

    @property
    def one(self) -> str:
        """What a single component is in the answer."""
        return self.components.removesuffix("s")

    def shown(self, variances: np.ndarray) -> np.ndarray:
        """Variances from large to small, as the answer has them."""
        found = variances if self.gives == "variances" else np.sqrt(np.maximum(variances, 0))
        return found if self.order == "falling" else found[::-1]

    def canonical(self, W: np.ndarray) -> np.ndarray:
        """Components of the answer as the columns of a matrix, largest variance first."""
        columns = W if self.components == "columns" else W.T
        return columns if self.order == "falling" else columns[:, ::-1]


def check_components(
    function: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 6,
    k: int = 3,
    limit: float = np.inf,
    **form: Any,
) -> None:
    """Compare the first k components and their variances with the planted ones.

    The keywords are those of `Form`.
    """
    asked = Form(**form)
    data = planted(rng, n, d, weights=rng.uniform(0.2, 3, size=n) if asked.weighted else None)
    what = f"{k} components of {n} pictures with {d} pixels"
    given = given_pictures(data, asked.layout, asked.weighted) | {"k": k}
    W, variances = as_pair(ask(function, what, limit, **given), what, f"(W, {asked.gives})")
    shape = (d, k) if asked.components == "columns" else (k, d)
    other = {"columns": "rows", "rows": "columns"}[asked.components]
    assert np.shape(W) == shape or np.shape(W) != shape[::-1], (
        f"W: your components are {other}; they should be {asked.components}, so shape {shape}"
    )
    hints = _variance_mistakes(data, k, asked)
    right = asked.shown(data.variances[:k])
    compare(variances, right, f"the {asked.gives} of {what}", hints=hints, tol=FLOAT32)
    check_directions(asked.canonical(as_numbers(W, shape, "W")), data, k, asked)


def _variance_mistakes(data: Planted, k: int, asked: Form) -> dict[str, np.ndarray]:
    """What typical mistakes give for the k largest variances, or for their roots."""
    (n, d), w = data.x.shape, data.weights
    every = np.pad(data.variances, (0, d - len(data.variances)))
    right, plain = every[:k], data.x - data.x.mean(axis=0)
    from_, to = ("small", "large")[:: 1 if asked.order == "falling" else -1]
    values = {
        "those are the smallest: eigh sorts from small to large": every[::-1][:k],
        f"the right numbers from {from_} to {to}; turn them round": right[::-1],
        "divide by N, not by N - 1": right * n / (n - 1),
        "those are eigenvalues of X^T X; divide by N": right * n,
        "those are singular values; square them and divide by N": np.sqrt(right * n),
        "take the mean away first": _largest(data.x, w, k),
    }
    if asked.weighted:
        values |= {
            "each picture counts with its weight; you gave all the same": (
                _largest(plain, np.ones(n), k)
            ),
            "take the weighted mean away, not the plain one": _largest(plain, w, k),
            "divide by the sum of the weights": right * w.sum(),
            "divide by the sum of the weights, not by N": right * w.mean(),
        }
    if asked.gives == "variances":
        values["those are standard deviations; square them"] = np.sqrt(right)
    hints = {advice: asked.shown(value) for advice, value in values.items()}
    return hints | _form_mistakes(data, every, k, asked)


def _form_mistakes(data: Planted, every: np.ndarray, k: int, asked: Form) -> dict[str, np.ndarray]:
    """What the public form gives where another is asked for."""
    d, hints = data.x.shape[1], {}
    if asked.order == "rising":
        hints["those are the smallest of all; the K largest are asked for"] = np.sort(
            asked.shown(every)
        )[:k]
    if asked.layout == "columns":
        turned = data.x.T - data.x.mean(axis=1)  # what a mean over pixels leaves
        public = np.linalg.eigvalsh(turned.T @ turned / d)[::-1][:k]
        advice = (
            "the pictures are the columns of x here, and the mean is over them: read the task again"
        )
        hints |= {advice: asked.shown(public), f"{advice}. Mind the order, too": public}
    if asked.gives == "deviations":
        advice = "those are variances; the standard deviations are asked for"
        hints |= {advice: every[:k], f"{advice}; mind the order": every[:k][::-1]}
    return hints


def _largest(X: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """The k largest eigenvalues of the weighted second moments of the rows of X."""
    return np.linalg.eigvalsh((X.T * weights) @ X / weights.sum())[::-1][:k]


def check_directions(W: np.ndarray, data: Planted, k: int, asked: Form) -> None:
    """Assert that each column has the right direction, up to its sign, and the right length."""
    deviations = np.sqrt(data.variances[:k])
    right = {"one": np.ones(k), "deviation": deviations, "1 / deviation": 1 / deviations}
    due, one = right[asked.length], asked.one
    lengths = np.linalg.norm(W, axis=0) / due
    wrong = int(np.argmax(np.abs(lengths - 1)))
    agree = np.abs((W / due).T @ data.components)  # (k, r): cosines once the lengths are right
    if np.allclose(lengths, 1, atol=FLOAT32) and np.allclose(agree.diagonal(), 1, atol=FLOAT32):
        return
    full = data.components if data.components.shape[1] == len(W) else np.full((1, len(W)), 2.0)
    rows = np.sort(np.abs(full), axis=1)
    columns = np.sort(np.abs(W), axis=0).T
    mend = f"divide each {one} by its length"
    if asked.length != "one":
        scale = {"deviation": "the standard deviation", "1 / deviation": "one over the deviation"}
        mend = f"it should be {due[wrong]:.4g}, {scale[asked.length]} of its scores"
    at = wrong if asked.order == "falling" else k - 1 - wrong
    cases = {
        "you took rows of the matrix of eigenvectors; they are its columns": (
            all(np.isclose(rows, column).all(axis=1).any() for column in columns)
        ),
        f"{one} {at} has length {lengths[wrong] * due[wrong]:.4g}; {mend}": (
            abs(lengths[wrong] - 1) > FLOAT32
        ),
        f"the {one}s come in the order opposite to the {asked.gives}; turn them round too": (
            np.allclose(agree[:, :k][:, ::-1].diagonal(), 1)
        ),
        "those are the directions of the smallest variances": np.allclose(
            (agree[:, -k:] ** 2).sum(axis=1), 1
        ),
        f"the {one}s span the right space, but they are not the eigenvectors": np.allclose(
            (agree[:, :k] ** 2).sum(axis=1), 1
        ),
    }
    found = [advice for advice, holds in cases.items() if holds]
    assert not found, f"W: {found[0]}"
    worst = int(np.argmin(agree.diagonal()))
    raise AssertionError(
        f"W: {one} {worst} has cosine {agree[worst, worst]:.4f} with the eigenvector number "
        f"{worst + 1}; it should be 1 or -1"
    )


def check_gram(
    gram_components: Callable, rng: np.random.Generator, n: int, d: int, k: int, **form: Any
) -> None:
    """`check_components` with half the memory of a D x D matrix and without NumPy's SVD."""
    gram = "X^T X / N" if form.get("layout") == "columns" else "X X^T / N"
    if form.get("weighted"):
        gram = "of the task"
    said = f"np.linalg.svd is switched off in this task; use the N × N matrix {gram}"
    with mock.patch("numpy.linalg.svd", side_effect=AssertionError(said)):
        check_components(gram_components, rng, n, d, k, limit=4.0 * d * d, **form)
