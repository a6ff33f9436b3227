"""The visible tests of chapter 2's homework, tasks 1 to 3: components, scores, errors.

Every data set here is built from components and variances that are drawn first, so the right answer
is known without computing an eigenvector. Each `check_...` takes the student's function and raises
AssertionError with a message that says which mistake would give the student's answer.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

from lib.homework import as_numbers, compare

PAIR = "(W, variances)"


@dataclass(frozen=True)
class Planted:
    """Pictures whose mean, components and variances are known.

    `x` has shape (n, d), `mean` (d,), `components` (d, r) with orthonormal columns, `variances`
    (r,) from large to small. All other eigenvalues of the covariance are zero.
    """

    x: np.ndarray
    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray

    def __iter__(self) -> Any:
        """Mean, components and variances, as the homework's functions take them."""
        return iter((self.mean, self.components, self.variances))

    def keep(self, k: int) -> Planted:
        """The same pictures with the first k components."""
        return Planted(self.x, self.mean, self.components[:, :k], self.variances[:k])


def planted(rng: np.random.Generator, n: int = 40, d: int = 6, shift: float = 2.0) -> Planted:
    """Random pictures with exactly the drawn mean, components and variances.

    The mean's entries have standard deviation `shift`. Each variance is between 0.55 and 0.7 of the
    one before.
    """
    rank = min(n - 1, d)
    variances = rng.uniform(3, 6) * np.cumprod(rng.uniform(0.55, 0.7, size=rank))
    beside_ones = np.column_stack([np.ones(n), rng.normal(size=(n, rank))])
    scores = np.sqrt(n) * np.linalg.qr(beside_ones)[0][:, 1:]  # mean 0, covariance I, exactly
    components = random_basis(rng, d, rank)
    mean = rng.normal(0, shift, size=d)
    return Planted(mean + scores * np.sqrt(variances) @ components.T, mean, components, variances)


def random_basis(rng: np.random.Generator, d: int, k: int) -> np.ndarray:
    """Orthonormal columns in a random direction, shape (d, k)."""
    return np.linalg.qr(rng.normal(size=(d, k)))[0]


def ask(function: Callable, what: str, limit: float = np.inf, **given: Any) -> Any:
    """The student's answer; nothing that the function received may have changed.

    With a `limit`, all arrays that exist at one moment must fit into that many bytes.
    """
    received = deepcopy(given)
    with np.errstate(all="ignore"):
        if np.isfinite(limit):
            answer, peak = _with_peak(lambda: function(*received.values()))
            assert peak < limit, (
                f"{what}: your function needed {peak / 1e6:.0f} MB at one moment; make no array of "
                "shape (D, D)"
            )
        else:
            answer = function(*received.values())
    for name, value in given.items():
        same = not isinstance(value, np.ndarray) or np.array_equal(received[name], value)
        assert same, f"{what}: your function changes {name}; work on a copy"
    return answer


def _with_peak(call: Callable) -> tuple[Any, int]:
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


def as_pair(answer: Any, what: str, names: str = PAIR) -> tuple:
    """The answer as two things; AssertionError when it is something else."""
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    right = isinstance(answer, tuple | list) and len(answer) == 2
    assert right, f"{what}: return two things, {names}"
    return tuple(answer)


def check_covariance(
    mean_and_covariance: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 6,
    shift: float = 2.0,
) -> None:
    """Compare mean and covariance with those that the pictures were built from."""
    data = planted(rng, n, d, shift)
    answer = ask(mean_and_covariance, "mean and covariance", x=data.x)
    mean, covariance = as_pair(answer, "mean and covariance", "(mean, S)")
    advice = "take the mean over the pictures, so along axis 0"
    assert np.shape(mean) == (d,) or np.shape(mean) != (n,), f"the mean: {advice}"
    compare(mean, data.mean, "the mean", hints={advice: data.x.mean(axis=1) if n == d else 0})
    right = data.components * data.variances @ data.components.T
    inner = (data.x - data.mean) @ (data.x - data.mean).T / n
    hints = {
        "divide by N, not by N - 1 (np.cov needs bias=True)": right * n / (n - 1),
        "take the mean away before you multiply": data.x.T @ data.x / n,
        "divide by the number of pictures": right * n,
        "divide by N, the number of pictures, not by D": right * n / d,
        "that is X X^T / N, which compares pictures; X^T X / N compares pixels": inner,
    }
    what = "the covariance"
    if shift > 100:
        what += f" of pictures whose mean is near {shift:g}, taken away before you multiply"
    compare(covariance, right, what, hints=hints)


def check_components(
    function: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 6,
    k: int = 3,
    limit: float = np.inf,
) -> None:
    """Compare the first k components and their variances with the planted ones."""
    data = planted(rng, n, d)
    what = f"{k} components of {n} pictures with {d} pixels"
    W, variances = as_pair(ask(function, what, limit, x=data.x, k=k), what)
    assert np.shape(W) == (d, k) or np.shape(W) != (k, d), (
        f"W: your components are rows; they should be columns, so shape {(d, k)}"
    )
    hints = _variance_mistakes(data, k)
    compare(variances, data.variances[:k], f"the variances of {what}", hints=hints)
    _check_directions(as_numbers(W, (d, k), "W"), data, k)


def _variance_mistakes(data: Planted, k: int) -> dict[str, np.ndarray]:
    """What typical mistakes give for the k largest variances."""
    n, d = data.x.shape
    every = np.pad(data.variances, (0, d - len(data.variances)))
    right = every[:k]
    return {
        "those are the smallest: eigh sorts from small to large": every[::-1][:k],
        "the right numbers from small to large; turn them round": right[::-1],
        "divide by N, not by N - 1": right * n / (n - 1),
        "those are eigenvalues of X^T X; divide by N": right * n,
        "those are singular values; square them and divide by N": np.sqrt(right * n),
        "those are standard deviations; square them": np.sqrt(right),
        "take the mean away first": np.linalg.eigvalsh(data.x @ data.x.T / n)[::-1][:k],
    }


def _check_directions(W: np.ndarray, data: Planted, k: int) -> None:
    """Assert that each column is the right unit vector, up to its sign."""
    lengths = np.linalg.norm(W, axis=0)
    wrong = int(np.argmax(np.abs(lengths - 1)))
    agree = np.abs(W.T @ data.components)  # (k, r): cosines once the lengths are right
    if np.allclose(lengths, 1, atol=1e-6) and np.allclose(agree.diagonal(), 1, atol=1e-8):
        return
    full = data.components if data.components.shape[1] == len(W) else np.full((1, len(W)), 2.0)
    rows = np.sort(np.abs(full), axis=1)
    columns = np.sort(np.abs(W), axis=0).T
    cases = {
        "you took rows of the matrix of eigenvectors; they are its columns": (
            all(np.isclose(rows, column).all(axis=1).any() for column in columns)
        ),
        f"column {wrong} has length {lengths[wrong]:.4g}; divide each column by its length": (
            abs(lengths[wrong] - 1) > 1e-6
        ),
        "the columns come from small to large variance; turn them round too": (
            np.allclose(agree[:, :k][:, ::-1].diagonal(), 1)
        ),
        "those are the directions of the smallest variances": np.allclose(
            (agree[:, -k:] ** 2).sum(axis=1), 1
        ),
        "the columns span the right space, but they are not the eigenvectors": np.allclose(
            (agree[:, :k] ** 2).sum(axis=1), 1
        ),
    }
    found = [advice for advice, holds in cases.items() if holds]
    assert not found, f"W: {found[0]}"
    worst = int(np.argmin(agree.diagonal()))
    raise AssertionError(
        f"W: column {worst} has cosine {agree[worst, worst]:.4f} with the eigenvector number "
        f"{worst + 1}; it should be 1 or -1"
    )


def check_gram(gram_components: Callable, rng: np.random.Generator, n: int, d: int, k: int) -> None:
    """`check_components` with half the memory of a D x D matrix and without NumPy's SVD."""
    said = "np.linalg.svd is switched off in this task; use the N × N matrix X X^T / N"
    with mock.patch("numpy.linalg.svd", side_effect=AssertionError(said)):
        check_components(gram_components, rng, n, d, k, limit=4.0 * d * d)


def check_encode(encode: Callable, rng: np.random.Generator, d: int = 7, k: int = 3) -> None:
    """Compare scores with those that the pictures were made from, plus a part that W ignores."""
    basis, mean = random_basis(rng, d, d), rng.normal(0, 2, size=d)
    every = rng.normal(size=(5, d))
    x, W, right = mean + every @ basis.T, basis[:, :k], every[:, :k]
    answer = ask(encode, "the scores", x=x, mean=mean, W=W)
    assert k == 5 or np.shape(answer) != (k, 5), (
        "the scores: one row for each picture; yours are columns"
    )
    hints = {
        "take the mean away first": x @ W,
        "you added the mean; take it away": (x + mean) @ W,
        "that is the reconstruction; stop at the scores": mean + right @ W.T,
        "multiply by W, not by its transpose": (x - mean) @ W.T if k == d else np.nan,
    }
    compare(answer, right, "the scores", hints=hints)


def check_decode(decode: Callable, rng: np.random.Generator, d: int = 7, k: int = 3) -> None:
    """Compare pictures with the mean plus each score times its component, added one by one."""
    W, mean = random_basis(rng, d, k), rng.normal(0, 2, size=d)
    z = rng.normal(size=(5, k))
    right = mean + sum(np.outer(z[:, j], W[:, j]) for j in range(k))
    answer = ask(decode, "the pictures", z=z, mean=mean, W=W)
    assert d == 5 or np.shape(answer) != (d, 5), (
        "the pictures: one a row, please; yours are columns"
    )
    hints = {
        "add the mean": right - mean,
        "you took the mean away; add it": right - 2 * mean,
        "a component is a column of W, and you used its rows": z @ W + mean if k == d else np.nan,
    }
    compare(answer, right, "the pictures", hints=hints)


def check_error(reconstruction_error: Callable, rng: np.random.Generator, k: int = 3) -> None:
    """Compare with the sum of the dropped eigenvalues."""
    data = planted(rng, n=30, d=8)
    n, d = data.x.shape
    right, W = data.variances[k:].sum(), data.components[:, :k]
    rest = data.x - data.mean - (data.x - data.mean) @ W @ W.T
    hints = {
        "the mean over the pictures, the sum over the pixels; you took both means": right / d,
        "divide by the number of pictures": right * n,
        "take no root": np.sqrt(right),
        "square the distances before you take their mean": np.linalg.norm(rest, axis=1).mean(),
        "that is the variance that the components keep": data.variances[:k].sum(),
        "take the mean away before you project": ((data.x - data.x @ W @ W.T) ** 2).sum() / n,
    }
    answer = ask(reconstruction_error, "the error", x=data.x, mean=data.mean, W=W)
    what = f"the error with {k} components, which is the sum of the dropped eigenvalues"
    compare(answer, right, what, hints=hints)


def check_share(n_components: Callable, rng: np.random.Generator) -> None:
    """Try every number of components, with shares that are met exactly and shares in between.

    The variances are integers whose sum is a power of two, so the shares have no rounding error.
    """
    total = 2 ** int(rng.integers(6, 9))
    variances = np.sort(1 + rng.multinomial(total - 8, rng.dirichlet(np.ones(8))))[::-1] * 1.0
    kept = np.concatenate([[0], np.cumsum(variances)]) / total
    shares = np.concatenate([kept[1:], (kept[1:] + kept[:-1]) / 2])
    right = np.tile(np.arange(1, 9), 2)
    found = [ask(n_components, "K", variances=variances, share=share) for share in shares.tolist()]
    answer = np.array([as_numbers(k, (), "the number of components") for k in found])
    roots = np.sqrt(variances).cumsum() / np.sqrt(variances).sum()
    hints = {
        "searchsorted and argmax count from 0; one component more": right - 1,
        "K components that hold exactly the share are enough": right + (np.arange(16) < 8),
        "eigenvalues are variances already; take no roots": 1 + np.searchsorted(roots, shares),
        "these components leave out at least the share; they should hold it": (
            1 + np.searchsorted(kept[1:], 1 - shares)
        ),
    }
    clear = np.arange(16) != 7  # a mistake can do anything when the share is all
    at = int(np.argmax(answer != right))
    what = f"K for the variances {variances.astype(int)} and the share {shares[at]:.4g}"
    for advice, wrong in hints.items():
        assert (answer == right).all() or (answer != wrong)[clear].any(), f"{what}: {advice}"
    compare(answer[at], right[at], what)
