"""The visible tests of chapter 3's homework, tasks 1 and 2: linear autoencoders and PCA.

Right answers come from another route than the students': torch's automatic derivatives, components
that were drawn first. Each `check_...` takes the student's function and raises AssertionError with
a message that names the mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lib.homework import as_numbers, compare
from lib.homework_pca import as_pair, ask, planted, random_basis


def check_gradients(
    function: Callable, rng: np.random.Generator, n: int = 9, d: int = 5, k: int = 2
) -> None:
    """Compare the loss of a linear autoencoder and its two gradients with torch's."""
    A, B = rng.normal(size=(k, d)), rng.normal(size=(d, k))
    x = rng.normal(1, 1.5, size=(n, d))
    what = f"a linear autoencoder with N = {n}, D = {d}, K = {k}"
    answer = ask(function, what, A=A, B=B, x=x)
    assert answer is not None, f"{what}: your function returned None; end it with `return`"
    three = isinstance(answer, tuple | list) and len(answer) == 3
    assert three, f"{what}: return three things, (loss, gradient of A, gradient of B)"
    loss, *right = _slopes(A, B, x)
    compare(answer[0], loss, f"the loss of {what}", hints=_loss_mistakes(loss, n, d), tol=1e-9)
    centred = _slopes(A, B, x - x.mean(axis=0))[1:]
    for name, found, slope, around in zip("AB", answer[1:], right, centred, strict=True):
        shape, turned = np.shape(slope), np.shape(slope)[::-1]
        label = f"the gradient of {name}"
        assert np.shape(found) == shape or np.shape(found) != turned, (
            f"{label}: it has the shape of {name}, {shape}; yours is {turned}"
        )
        hints = _slope_mistakes(slope, n, d)
        hints["the loss takes no mean away, so neither does S = x^T x / N"] = around
        compare(found, slope, label, hints=hints, tol=1e-9)


def _slopes(A: np.ndarray, B: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss and gradients by torch: one picture after the other, nothing multiplied out."""
    a, b = (torch.tensor(m, requires_grad=True) for m in (A, B))
    loss = sum(((v - b @ (a @ v)) ** 2).sum() for v in torch.tensor(x)) / len(x)
    return loss.item(), *(g.numpy() for g in torch.autograd.grad(loss, (a, b)))


def _loss_mistakes(loss: float, n: int, d: int) -> dict[str, Any]:
    """What typical mistakes give for a loss summed over D pixels and averaged over N pictures."""
    return {
        "the mean over the pictures, the sum over the pixels; you took both means": loss / d,
        "divide by the number of pictures": loss * n,
        "divide by the number of pictures, not of pixels": loss * n / d,
        "take no root": np.sqrt(loss),
        "take no half": loss / 2,
    }


def _slope_mistakes(slope: np.ndarray, n: int, d: int) -> dict[str, Any]:
    """What typical mistakes give for a gradient of that loss."""
    return {
        "the derivative of a square brings a factor 2": slope / 2,
        "wrong sign: the gradient points to where the loss grows": -slope,
        "divide by the number of pictures": slope * n,
        "sum over the pixels; you divided by D": slope / d,
        "divide by N, not by N - 1": slope * n / max(n - 1, 1),
    }


def check_tied(
    function: Callable, rng: np.random.Generator, n: int = 9, d: int = 5, k: int = 2
) -> None:
    """Compare the gradient with tied weights, A = W^T and B = W, with torch's."""
    W, x = rng.normal(size=(d, k)), rng.normal(1, 1.5, size=(n, d))
    what = f"the gradient of W (N = {n}, D = {d}, K = {k})"
    w, data = torch.tensor(W, requires_grad=True), torch.tensor(x)
    loss = ((data - data @ w @ w.T) ** 2).sum() / n
    right = torch.autograd.grad(loss, w)[0].numpy()
    _, encoder, decoder = _slopes(W.T, W, x)
    plain = {
        "W stands in the encoder too; you have the decoder's part alone": decoder,
        "W stands in the decoder too; you have the encoder's part alone": encoder.T,
        "add the two parts; do not average them": right / 2,
    }
    hints = plain | {t: v for t, v in _slope_mistakes(right, n, d).items() if "factor 2" not in t}
    answer = ask(function, what, W=W, x=x)
    assert np.shape(answer) == (d, k) or np.shape(answer) != (k, d), (
        f"{what}: it has the shape of W, {(d, k)}; yours is turned"
    )
    compare(answer, right, what, hints=hints, tol=1e-9)


def check_projector(
    function: Callable, rng: np.random.Generator, d: int = 6, k: int = 3, scale: float = 3.0
) -> None:
    """Compare the projector with U U^T, where B = U G was made from an orthonormal U."""
    U, turn = random_basis(rng, d, k), random_basis(rng, k, k)
    lengths = np.exp(rng.uniform(-np.log(scale), np.log(scale), size=k))
    B = U @ (turn * lengths) @ np.triu(np.ones((k, k)))  # far from right angles
    right, unit = U @ U.T, B / np.linalg.norm(B, axis=0)
    hints = {
        "B B^T would be right for orthonormal columns, and these are not": B @ B.T,
        "columns of length one are not yet at right angles": unit @ unit.T,
        "that projects onto what is at a right angle to the plane": np.eye(d) - right,
        "put the inverse of B^T B between B and B^T": np.nan if k == d else B @ B.T @ B @ B.T,
    }
    what = f"the projector onto the plane of {k} columns in {d} dimensions"
    compare(ask(function, what, B=B), right, what, hints=hints, tol=1e-7)


def check_axes(
    function: Callable,
    rng: np.random.Generator,
    n: int = 40,
    d: int = 7,
    k: int = 3,
    limit: float = np.inf,
) -> None:
    """Compare components and variances with those that the autoencoder's data were built from."""
    data = planted(rng, n, d, shift=0.0)
    W, variances = data.components[:, :k], data.variances[:k]
    G = random_basis(rng, k, k) * np.exp(rng.uniform(-1, 1, size=k)) @ random_basis(rng, k, k)
    B, z = W @ G, (data.x @ W) @ np.linalg.inv(G).T
    what = f"{k} components from B and {n} codes, D = {d}"
    found, values = as_pair(ask(function, what, limit, B=B, z=z), what)
    spread, shape = z.T @ z / n, np.shape(found)
    assert shape == (d, k) or shape != (k, d), "W: one component a column; yours are rows"
    hints = {
        "from large to small, please": variances[::-1],
        "divide by N, not by N - 1": variances * n / (n - 1),
        "divide by N": variances * n,
        "those are standard deviations; square them": np.sqrt(variances),
        "those are variances of the codes; B stretches them, so measure in the plane": (
            np.linalg.eigvalsh(spread)[::-1]
        ),
        "those are the variances of single codes, and codes are mixed": spread.diagonal(),
        "those belong to B alone; the codes have a spread too": (
            np.linalg.svd(B, compute_uv=False) ** 2
        ),
    }
    W_found = as_numbers(found, (d, k), "W")
    _check_columns(W_found, W)
    compare(values, variances, f"the variances of {what}", hints=hints)


def _check_columns(found: np.ndarray, W: np.ndarray) -> None:
    """Assert that each column is the right unit vector, up to its sign."""
    lengths, agree = np.linalg.norm(found, axis=0), np.abs(found.T @ W)
    angles = np.abs(found.T @ found - np.diag(lengths**2)).max()
    column = int(np.argmax(np.abs(lengths - 1)))
    cases = {
        f"column {column} has length {lengths[column]:.4g}, it should have length one": (
            abs(lengths[column] - 1) > 1e-6
        ),
        "the columns are not at right angles; start from an orthonormal basis of the plane": (
            angles > 1e-6
        ),
        "the columns leave the plane of B": not np.allclose((agree**2).sum(axis=1), 1),
        "the columns come from small to large variance; turn them round": (
            not np.allclose(agree.diagonal(), 1) and np.allclose(agree[:, ::-1].diagonal(), 1)
        ),
        "the basis of the plane is fine, but the data are correlated in it; turn it until they "
        "are not": not np.allclose(agree.diagonal(), 1, atol=1e-7),
    }
    wrong = [advice for advice, holds in cases.items() if holds]
    assert not wrong, f"W: {wrong[0]}"
