"""The visible tests of chapter 3's homework, task 2: the components inside an autoencoder.

Right answers were drawn first: planes, components and variances from which the data are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_autoencoders import ROUGH, ask, differ
from lib.homework_pca import planted, random_basis


def check_projector(
    function: Callable,
    rng: np.random.Generator,
    d: int = 6,
    k: int = 3,
    scale: float = 3.0,
    *,
    rows: bool = False,
    rest: bool = False,
) -> None:
    """Compare the projector with U U^T, where B = U G was made from an orthonormal U.

    With `rows` the plane is that of the rows of B^T. With `rest` the projector onto what is at a
    right angle to the plane is asked for.
    """
    U, turn = random_basis(rng, d, k), random_basis(rng, k, k)
    lengths = np.exp(rng.uniform(-np.log(scale), np.log(scale), size=k))
    B = U @ (turn * lengths) @ np.triu(np.ones((k, k)))  # far from right angles
    onto, beside = U @ U.T, np.eye(d) - U @ U.T
    right, unit = beside if rest else onto, B / np.linalg.norm(B, axis=0)
    line, sign = "rows" if rows else "columns", -1 if rest else 1
    start = np.eye(d) if rest else 0
    hints = {
        f"B B^T would be right for orthonormal {line}, and these are not": start + sign * B @ B.T,
        f"{line} of length one are not yet at right angles": start + sign * unit @ unit.T,
        "that projects onto what is at a right angle to the plane": beside,
        "that projects onto the plane; what is at a right angle to it is asked for": onto,
        "put the inverse of B^T B between B and B^T": start + sign * B @ B.T @ B @ B.T,
    }
    if rows:
        hints = {text.replace("B B^T", "C^T C").replace("B^T B", "C C^T")
                 .replace("between B and B^T", "between C^T and C"): value
                 for text, value in hints.items()}  # fmt: skip
    what = f"the projector {'beside' if rest else 'onto'} the plane of {k} {line} in {d} dimensions"
    fits = "the plane is that of the rows of C, whose shape is (K, D)" if rows else ""
    given = {"C": B.T.copy()} if rows else {"B": B}
    answer = numbers(ask(function, what, fits=fits, **given))
    tol = FLOAT32 * scale if scale <= 3 else 100 * ROUGH  # float32 loses what the lengths differ by
    assert np.shape(answer) == (d, d) or not fits, f"{what}: the shape should be {(d, d)}; {fits}"
    compare(answer, right, what, hints=differ(hints, right), tol=tol)


def check_axes(
    function: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 7,
    k: int = 3,
    limit: float = np.inf,
    *,
    rows: bool = False,
    biased: bool = False,
    **convention: Any,
) -> None:
    """Compare components and variances with those that the autoencoder's data were built from.

    With `rows` B and the components lie in rows; with `biased` the codes have a mean. For the
    `convention` of the variances see `_values`.
    """
    data = planted(rng, n, d, shift=0.0)
    W, variances = data.components[:, :k], data.variances[:k]
    G = random_basis(rng, k, k) * np.exp(rng.uniform(-1, 1, size=k)) @ random_basis(rng, k, k)
    B, z = W @ G, (data.x @ W) @ np.linalg.inv(G).T
    z = z + 2 * rng.normal(size=k) * z.std(axis=0) if biased else z
    what = f"{k} components from {'C' if rows else 'B'} and {n} codes, D = {d}"
    fits = "the decoder is C of shape (K, D), and components are rows" if rows else ""
    given = {"C": B.T.copy()} if rows else {"B": B}
    answer = ask(function, what, limit, fits, **given, z=z)
    found, values = as_parts(answer, what, "(W, variances)")
    shape, mine = np.shape(numbers(found)), (k, d) if rows else (d, k)
    line, other = ("row", "columns") if rows else ("column", "rows")
    assert shape == mine or shape != mine[::-1], f"W: one component a {line}; yours are {other}"
    W_found = as_numbers(numbers(found), mine, "W")
    moments = np.linalg.eigh(W.T @ B @ (z.T @ z / n) @ B.T @ W) if biased else None
    wanted = W[:, ::-1] if convention.get("smallest") else W
    _check_columns(W_found.T if rows else W_found, wanted, line, moments and W @ moments[1])
    right, hints = _values(variances, n, B, z, **convention)
    compare(numbers(values), right, f"the variances of {what}", hints=hints, tol=ROUGH)


@peer
def _values(
    variances: np.ndarray,
    n: int,
    B: np.ndarray,
    z: np.ndarray,
    *,
    smallest: bool = False,
    less: int = 0,
    roots: bool = False,
) -> tuple[np.ndarray, dict[str, Any]]:
    """The variances in the convention asked for, and what typical mistakes give for them.

    With `smallest` the smallest comes first, the divisor is N - `less`, with `roots` standard
    deviations are asked for.
    """
    step, power = -1 if smallest else 1, 0.5 if roots else 1.0

    def told(v: np.ndarray, times: float = n / (n - less), back: int = 1) -> np.ndarray:
        return (v * times)[:: step * back] ** power

    right, spread = told(variances), (z - z.mean(axis=0)).T @ (z - z.mean(axis=0)) / n
    divisor, other = ("N", "N - 1") if less == 0 else ("N - 1", "N")
    hints = {
        f"from {'small to large' if smallest else 'large to small'}, please": told(
            variances, back=-1
        ),
        f"divide by {divisor}, not by {other}": told(variances, n / (n - 1 + less)),
        f"divide by {divisor}": told(variances, n),
        "those are variances; take their roots": right**2,
        "those are standard deviations; square them": np.sqrt(right),
        "those are variances of the codes; B stretches them, so measure in the plane": told(
            np.linalg.eigvalsh(spread)[::-1]
        ),
        "those are the variances of single codes, and codes are mixed": told(spread.diagonal()),
        "those belong to B alone; the codes have a spread too": told(
            np.linalg.svd(B, compute_uv=False) ** 2, 1.0
        ),
    }
    hints.pop("those are standard deviations; square them" if roots else
              "those are variances; take their roots")  # fmt: skip
    return right, differ(hints, right)


def _check_columns(
    found: np.ndarray, W: np.ndarray, line: str = "column", around_zero: np.ndarray | None = None
) -> None:
    """Assert that each column is the right unit vector, up to its sign.

    `line` is what the student calls a column. `around_zero` are the axes (D, K) that one finds
    without taking the mean of the codes away.
    """
    lengths, agree = np.linalg.norm(found, axis=0), np.abs(found.T @ W)
    angles = np.abs(found.T @ found - np.diag(lengths**2)).max()
    column = int(np.argmax(np.abs(lengths - 1)))
    centred = around_zero is None or not np.allclose(
        np.sort(np.abs(found.T @ around_zero).max(axis=1)), 1, atol=ROUGH
    )
    cases = {
        f"{line} {column} has length {lengths[column]:.4g}, it should have length one": (
            abs(lengths[column] - 1) > ROUGH
        ),
        f"the {line}s are not at right angles; start from an orthonormal basis of the plane": (
            angles > ROUGH
        ),
        f"the {line}s leave the plane of the decoder": not np.allclose(
            (agree**2).sum(axis=1), 1, atol=ROUGH
        ),
        f"the {line}s come in the wrong order of variance, the other way round; turn them round": (
            not np.allclose(agree.diagonal(), 1, atol=ROUGH)
            and np.allclose(agree[:, ::-1].diagonal(), 1, atol=ROUGH)
        ),
        "the codes have a mean; take it away before you look how they spread": (
            not np.allclose(agree.diagonal(), 1, atol=ROUGH) and not centred
        ),
        "the basis of the plane is fine, but the data are correlated in it; turn it until they "
        "are not": not np.allclose(agree.diagonal(), 1, atol=ROUGH),
    }
    wrong = [advice for advice, holds in cases.items() if holds]
    assert not wrong, f"W: {wrong[0]}"
