"""The visible tests of chapter 3's homework, task 1: gradients of a linear autoencoder.

Right answers come from another route than the students': torch's automatic derivatives. Each
`check_...` takes the student's function and raises AssertionError with a message that names the
mistake. Keywords name the convention of a private variant (lib/variants); without them the check is
that of the public homework.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lib.homework import compare
from lib.homework_asking import (
    FLOAT32,
    as_parts,
    ask_without,
    numbers,
    peer,
    peers_switched_off,
    with_peak,
)

#: Modules whose functions do what the tasks ask for.
ANSWERS = (
    *("autoencoder", "class_gaussians", "code_space", "digit_features", "eigenfaces"),
    *("exact_denoiser", "few_labels", "gaussian", "linear_vae", "metrics", "mixture", "nets"),
    *("pca", "plain_models", "ppca", "reconstruction", "train"),
)
#: How far answers may be off where float32 must subtract large numbers.
ROUGH = 1e-4


def ask(function: Callable, what: str, limit: float = np.inf, fits: str = "", **given: Any) -> Any:
    """The student's answer, computed while the solutions of book and tests are switched off.

    With a `limit`, all arrays that exist at one moment must fit into that many bytes. `fits` says
    what the arguments are, for a function that was written for others and fails.
    """
    _check_signature(function, what, given)

    def call() -> Any:
        with peers_switched_off():
            return ask_without(ANSWERS, function, what, given)

    try:
        answer, peak = with_peak(call) if np.isfinite(limit) else (call(), 0)
    except NotImplementedError:
        raise
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        if not fits:
            raise
        kind = type(error).__name__
        raise AssertionError(
            f"{what}: read the task again: {fits}; your function ended in {kind}: {error}"
        ) from error
    assert peak < limit, (
        f"{what}: your function needed {peak / 1e6:.0f} MB at one moment; make no array of "
        "shape (D, D)"
    )
    return answer


def _check_signature(function: Callable, what: str, given: dict[str, Any]) -> None:
    """Assert that the function takes as many arguments as it will be given."""
    signature = inspect.signature(function)
    try:
        signature.bind(*given.values())
    except TypeError:
        raise AssertionError(
            f"{what}: your function takes {signature}, and the task gives it "
            f"({', '.join(given)}); read the task again"
        ) from None


def check_own(model: Any, what: str) -> None:
    """Assert that a module of torch is built without the book's classes."""
    kinds = {kind for part in model.modules() for kind in type(part).__mro__}
    found = sorted(kind.__name__ for kind in kinds if kind.__module__.split(".")[0] == "lib")
    assert not found, f"{what}: {found[0]} is the book's own class; write one yourself"


COLUMNS = "the pictures are the columns of x, whose shape is (D, N)"


def check_gradients(
    function: Callable,
    rng: np.random.Generator,
    n: int = 9,
    d: int = 5,
    k: int = 2,
    *,
    form: str = "plain",
    shrink: tuple[str, float] = ("", 0.0),
) -> None:
    """Compare the loss of a linear autoencoder and its two gradients with torch's.

    The `form` is "plain", "columns" (x is given turned) or "noisy" (noisy pictures in, clean ones
    out). `shrink` names a penalty on "weights" or "codes" and its strength.
    """
    A, B = rng.normal(0, 0.7, size=(k, d)), rng.normal(0, 0.7, size=(d, k))
    x, given, fits = _pictures(rng, n, d, form)
    seen = given.get("noisy", x)
    what = f"a linear autoencoder with N = {n}, D = {d}, K = {k}"
    answer = ask(function, what, fits=fits, A=A, B=B, **given)
    found = as_parts(answer, what, "(loss, gradient of A, gradient of B)")
    wrong = {text: _slopes(A, B, *xy, *s) for text, xy, s in _other_tasks(x, seen, shrink)}
    loss, *right = _slopes(A, B, seen, x, *shrink)
    hints = _loss_mistakes(loss, n, d) | {text: values[0] for text, values in wrong.items()}
    compare(numbers(found[0]), loss, f"the loss of {what}", hints=differ(hints, loss), tol=FLOAT32)
    centre = x.mean(axis=0)
    around = _slopes(A, B, seen - centre, x - centre, *shrink)
    for at, (name, slope) in enumerate(zip("AB", right, strict=True), 1):
        shape, turned = np.shape(slope), np.shape(slope)[::-1]
        own, label = numbers(found[at]), f"the gradient of {name}"
        assert np.shape(own) == shape or np.shape(own) != turned, (
            f"{label}: it has the shape of {name}, {shape}; yours is {turned}"
        )
        hints = {text: values[at] for text, values in wrong.items()} | _slope_mistakes(slope, n, d)
        hints["the loss takes no mean away, so neither does S = x^T x / N"] = around[at]
        compare(own, slope, label, hints=differ(hints, slope), tol=ROUGH)


def _pictures(
    rng: np.random.Generator, n: int, d: int, form: str
) -> tuple[np.ndarray, dict[str, np.ndarray], str]:
    """Pictures (n, d), how they are given, and that in words."""
    x = rng.normal(1, 1.5, size=(n, d))
    if form == "columns":
        return x, {"x": x.T.copy()}, COLUMNS
    noisy = {"noisy": x + rng.normal(0, 0.8, size=(n, d))}
    return x, {"x": x} | (noisy if form == "noisy" else {}), ""


def _other_tasks(x: np.ndarray, seen: np.ndarray, shrink: tuple[str, float]) -> list[tuple]:
    """What else could have been understood: advice, pictures in and out, penalty."""
    found: list[tuple] = []
    if seen is not x:
        found = [
            ("the picture that goes in is the noisy one", (x, x), shrink),
            ("the target is the clean picture, not the noisy one", (seen, seen), shrink),
            ("noisy in, clean out; you have it the other way round", (x, seen), shrink),
        ]
    if shrink[0]:
        kind, strength = shrink
        other = "codes" if kind == "weights" else "weights"
        found += [
            (f"the penalty on the {kind} is missing", (seen, x), ("", 0.0)),
            ("the penalty is a sum of squares, without a half", (seen, x), (kind, strength / 2)),
            (f"the penalty is on the {kind}, not on the {other}", (seen, x), (other, strength)),
        ]
    return found


def differ(hints: dict[str, Any], right: Any) -> dict[str, Any]:
    """The hints whose value is not the right one by chance."""
    return {text: v for text, v in hints.items() if not np.allclose(v, right, ROUGH, ROUGH)}


@peer
def _loss(a: Tensor, b: Tensor, x: np.ndarray, target: np.ndarray, kind: str = "") -> Tensor:
    """The loss by torch, one picture after the other; a penalty on codes has the strength one."""
    pairs = [(torch.tensor(v), torch.tensor(t)) for v, t in zip(x, target, strict=True)]
    if kind:
        return sum(((a @ v) ** 2).sum() for v, _ in pairs) / len(x)
    return sum(((t - b @ (a @ v)) ** 2).sum() for v, t in pairs) / len(x)


@peer
def _slopes(
    A: np.ndarray,
    B: np.ndarray,
    x: np.ndarray,
    target: np.ndarray,
    kind: str = "",
    strength: float = 0.0,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss and gradients by torch, nothing multiplied out."""
    a, b = (torch.tensor(m, requires_grad=True) for m in (A, B))
    loss = _loss(a, b, x, target)
    if kind:
        size = (a**2).sum() + (b**2).sum() if kind == "weights" else _loss(a, b, x, x, kind)
        loss = loss + strength * size
    return loss.item(), *(g.numpy() for g in torch.autograd.grad(loss, (a, b)))


@peer
def _tied_slope(
    W: np.ndarray, x: np.ndarray, target: np.ndarray, kind: str = "", strength: float = 0.0
) -> np.ndarray:
    """Gradient of W by torch, where A = W^T and B = W."""
    w = torch.tensor(W, requires_grad=True)
    loss = _loss(w.T, w, x, target)
    if kind:
        size = (w**2).sum() if kind == "weights" else _loss(w.T, w, x, x, kind)
        loss = loss + strength * size
    return torch.autograd.grad(loss, w)[0].numpy()


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
    function: Callable,
    rng: np.random.Generator,
    n: int = 9,
    d: int = 5,
    k: int = 2,
    *,
    form: str = "plain",
    shrink: tuple[str, float] = ("", 0.0),
) -> None:
    """Compare the gradient with tied weights, A = W^T and B = W, with torch's.

    `form` and `shrink` as in `check_gradients`; a penalty on the weights counts W once.
    """
    W = rng.normal(0, 0.7, size=(d, k))
    x, given, fits = _pictures(rng, n, d, form)
    seen = given.get("noisy", x)
    what = f"the gradient of W (N = {n}, D = {d}, K = {k})"
    right = _tied_slope(W, seen, x, *shrink)
    _, encoder, decoder = _slopes(W.T, W, seen, x, *shrink)
    hints = {
        "W stands in the encoder too; you have the decoder's part alone": decoder,
        "W stands in the decoder too; you have the encoder's part alone": encoder.T,
        "add the two parts; do not average them": right / 2,
    }
    hints |= {t: _tied_slope(W, *xy, *s) for t, xy, s in _other_tasks(x, seen, shrink)}
    hints |= {t: v for t, v in _slope_mistakes(right, n, d).items() if "factor 2" not in t}
    if shrink[0] == "weights":
        hints["the penalty counts W once"] = right + 2 * shrink[1] * W
    answer = numbers(ask(function, what, fits=fits, W=W, **given))
    assert np.shape(answer) == (d, k) or np.shape(answer) != (k, d), (
        f"{what}: it has the shape of W, {(d, k)}; yours is turned"
    )
    compare(answer, right, what, hints=differ(hints, right), tol=ROUGH)
