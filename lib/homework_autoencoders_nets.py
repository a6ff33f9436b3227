"""The visible tests of chapter 3's homework, task 3: a step of training, a curve that bends.

The networks are so small that every step can be repeated by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_autoencoders import ask, check_own, differ
from lib.homework_pca import random_basis

#: Input, target and weight of each picture or entry: what a step takes the squared error of.
Goal = tuple[Tensor, Tensor, Tensor]
PARTS = "you are given a list of batches"


def check_step(
    training_step: Callable,
    rng: np.random.Generator,
    shape: tuple = (5,),
    n: int = 7,
    *,
    form: str = "plain",
) -> None:
    """Make three steps of plain gradient descent and compare each with one done by hand.

    The `form` of what is given is "plain" (a batch), "noisy" (a batch and the noise to add), "gaps"
    (a batch and a mask of what the model sees) or "parts" (a list of batches).
    """
    d, rate = int(np.prod(shape)), 0.01
    net = nn.Sequential(nn.Flatten(), nn.Linear(d, 3), nn.Tanh(), nn.Linear(3, d))
    model = nn.Sequential(net, nn.Unflatten(1, shape)).double()
    weights = list(model.parameters())
    for w in weights:
        w.data = torch.tensor(rng.normal(0, 0.7, size=tuple(w.shape)))
    optimiser, before = torch.optim.SGD(weights, lr=rate), np.zeros(sum(w.numel() for w in weights))
    for number in (1, 2, 3):
        x, what = torch.tensor(rng.normal(size=(n, *shape))), f"step {number} on {(n, *shape)}"
        old, (given, goals) = _flat(weights), _told(rng, x, form)
        losses = {text: _loss(model, goal) for text, goal in goals.items()}
        slopes = {t: _flat(torch.autograd.grad(loss, weights)) for t, loss in losses.items()}
        each = _step_each(model, given, rate)
        fits = PARTS if form == "parts" else ""
        answer = ask(training_step, what, fits=fits, model=model, optimiser=optimiser, **given)
        move, right = _flat(weights) - old, losses.pop("").item()
        slope = slopes.pop("")
        hints = {text: -rate * value for text, value in slopes.items()} | each
        hints |= _step_mistakes(rate, slope, before, d, n)
        compare(move, -rate * slope, what, hints=differ(hints, -rate * slope), tol=FLOAT32)
        others = {text: loss.item() for text, loss in losses.items()}
        _check_loss(answer, right, _loss(model, goals[""]).item(), others, d, n)
        before = slope


def _flat(tensors: Any) -> np.ndarray:
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


@peer
def _loss(model: nn.Module, goal: Goal) -> Tensor:
    """The squared error, weighted, summed over a picture and averaged over the pictures."""
    seen, target, weight = goal
    return (weight * (model(seen) - target) ** 2).sum() / len(seen)


def _told(rng: np.random.Generator, x: Tensor, form: str) -> tuple[dict[str, Any], dict[str, Goal]]:
    """What a step is given, and the goals that one may read into it, the right one under ""."""
    one = torch.ones(len(x), *[1] * (x.dim() - 1), dtype=x.dtype)
    if form == "plain":
        return {"x": x}, {"": (x, x, one)}
    if form == "parts":
        return _told_in_parts(rng, x, one)
    if form == "noisy":
        noise = torch.tensor(rng.normal(0, 0.8, size=tuple(x.shape)))
        return {"x": x, "noise": noise}, {
            "": (x + noise, x, one),
            "add the noise to what goes in": (x, x, one),
            "the target is the clean picture, not the noisy one": (x + noise, x + noise, one),
            "noisy in, clean out; you have it the other way round": (x, x + noise, one),
            "the target is the picture, not the noise": (x + noise, noise, one),
        }
    seen = torch.tensor(rng.random(tuple(x.shape)) < 0.6, dtype=x.dtype)
    seen.view(-1)[:2] = torch.tensor([0.0, 1.0])
    return {"x": x, "seen": seen}, {
        "": (x * seen, x, 1 - seen),
        "the model sees only part of the picture: multiply what goes in by `seen`": (
            *(x, x, 1 - seen),
        ),
        "only what the model does not see counts; you have the error of all entries": (
            *(x * seen, x, one),
        ),
        "that is the error of what the model sees; what it does not see counts": (
            *(x * seen, x, seen),
        ),
        "the error of all entries is not asked for, and the model sees only a part": (x, x, one),
        "it sees what `seen` marks by 1, not by 0": (x * (1 - seen), x, seen),
    }


def _told_in_parts(
    rng: np.random.Generator, x: Tensor, one: Tensor
) -> tuple[dict[str, Any], dict[str, Goal]]:
    """The batch in a list of parts of different sizes."""
    n = len(x)
    sizes = [n] if n < 3 else [1, n - 1] if n < 6 else [1, int(rng.integers(2, n - 3))]
    sizes += [n - sum(sizes)] * (sum(sizes) < n)
    parts = list(x.split(sizes))
    of_each = torch.cat([torch.full((size,), n / size) for size in sizes]).reshape(one.shape)
    last = torch.cat([torch.zeros(n - sizes[-1]), torch.ones(sizes[-1])]).reshape(one.shape)
    goals = {
        "": (x, x, one),
        "every picture counts the same; you average the means of the parts": (
            *(x, x, of_each / len(sizes)),
        ),
        "every picture counts the same; you sum the means of the parts": (x, x, of_each),
        "that is the last part alone": (x, x, last * n / sizes[-1]),
        "that is the last part alone, divided by the number of all pictures": (x, x, last),
    }
    return {"parts": parts}, goals


def _step_each(model: nn.Module, given: dict[str, Any], rate: float) -> dict[str, np.ndarray]:
    """What the weights move by when each part gets a step of its own."""
    if "parts" not in given:
        return {}
    other = deepcopy(model)
    weights, old = list(other.parameters()), _flat(model.parameters())
    for x in given["parts"]:
        slopes = torch.autograd.grad(_loss(other, (x, x, torch.ones(1))), weights)
        for w, slope in zip(weights, slopes, strict=True):
            w.data -= rate * slope
    return {"one step for all parts; you made one for each": _flat(weights) - old}


def _step_mistakes(
    rate: float, slope: np.ndarray, before: np.ndarray, d: int, n: int
) -> dict[str, np.ndarray]:
    """What typical mistakes move the weights by."""
    again = {"the gradients of the step before are still there: optimiser.zero_grad()": -rate
             * (slope + before)}  # fmt: skip
    return (again if np.any(before) else {}) | {
        "the weights did not move: loss.backward(), then optimiser.step()": 0 * slope,
        "the step was made before loss.backward()": -rate * before,
        "sum over the pixels; you took the mean over them too": -rate * slope / d,
        "take the mean over the pictures; you summed over them too": -rate * slope * n,
        "the loss grows: the optimiser goes downhill by itself": rate * slope,
        "two steps were made on one batch, or the loss is doubled": -2 * rate * slope,
    }


def _check_loss(
    answer: Any, loss: float, after: float, others: dict[str, float], d: int, n: int
) -> None:
    assert answer is not None, "the loss: your function returned None; end it with `return`"
    graph = isinstance(answer, Tensor) and answer.requires_grad
    assert not graph, "the loss: a tensor drags its whole graph along; return loss.item()"
    hints = others | {
        "the mean over the pictures, the sum over the pixels; you took both means": loss / d,
        "divide by the number of pictures": loss * n,
        "return the loss from which you took the gradient, not the one after the step": after,
    }
    compare(numbers(answer), loss, "the loss", hints=differ(hints, loss), tol=FLOAT32)


def curve(rng: np.random.Generator, d: int = 6) -> Callable[[np.ndarray], Tensor]:
    """A bent curve in d dimensions: the map from t (n,) in [-1, 1] to points (n, d), float32."""
    axes, centre = random_basis(rng, d, 3), rng.normal(size=d)
    bend = rng.uniform(1.5, 2.0)

    def place(t: np.ndarray) -> Tensor:
        flat = np.stack([np.cos(bend * t), np.sin(bend * t), 0.4 * np.cos(2 * bend * t)], axis=1)
        return torch.tensor(2 * flat @ axes.T + centre, dtype=torch.float32)

    return place


def sheet(rng: np.random.Generator, d: int = 6) -> Callable[[np.ndarray], Tensor]:
    """A bent sheet: the map from t (n, 2) in [-1, 1]^2 to points (n, d), float32."""
    axes, centre, bend = random_basis(rng, d, 3), rng.normal(size=d), rng.uniform(1.3, 1.6)

    def place(t: np.ndarray) -> Tensor:
        flat = np.stack([np.cos(bend * t[:, 0]), np.sin(bend * t[:, 0]), t[:, 1]], axis=1)
        return torch.tensor(2 * flat @ axes.T + centre, dtype=torch.float32)

    return place


def check_curve(
    fit_curve: Callable,
    rng: np.random.Generator,
    k: int = 1,
    *,
    units: tuple[float, float] = (1.0, 0.0),
    stored: tuple[float, float, int] | None = None,
    spread: float = 0.0,
) -> None:
    """Assert that the trained autoencoder rebuilds new points with a quarter of PCA's error.

    The points come in other `units`, (scale, place of zero). Codes are `stored` between two limits
    as one of some many values. Codes of training points have mean zero and this `spread`.
    """
    place, ts = (curve, sheet)[k - 1](rng), rng.uniform(-1, 1, size=(2, 300, k))
    x, new = (units[1] + units[0] * place(t[:, 0] if k == 1 else t) for t in ts)
    what = f"the autoencoder with K = {k}"
    model = ask(fit_curve, what, x=x, k=k, seed=int(rng.integers(1000)))
    right = isinstance(model, nn.Module) and hasattr(model, "encode") and hasattr(model, "decode")
    assert right, f"{what}: return an nn.Module that has the methods encode and decode"
    check_own(model, what)
    model.eval()
    z, rebuilt = _halves(model, new, k, what, stored)
    if spread:
        _check_spread(model.encode(x).detach(), spread, what)
    pca = _pca_error(x, new, k)
    error, seen = (
        float(((r - v) ** 2).sum(1).mean())
        for r, v in ((rebuilt, new), (model.decode(model.encode(x)).detach(), x))
    )
    assert np.isfinite(error), f"{what}: it puts out nan: the steps were too long"
    if error > pca / 4:
        told = _convention_symptoms(z, error, pca, units, stored)
        diagnosis = told or next(_symptoms(model, z, rebuilt, new, seen, error), "train longer")
        raise AssertionError(
            f"{what}: squared error of new points {error:.3f}; PCA has {pca:.3f}, and a quarter of "
            f"that is asked for; {diagnosis}"
        )


def _halves(
    model: nn.Module, new: Tensor, k: int, what: str, stored: tuple[float, float, int] | None
) -> tuple[Tensor, Tensor]:
    """Codes and reconstructions, after a look at what `encode` and `decode` are."""
    z = model.encode(new)
    shape = tuple(getattr(z, "shape", ()))
    assert shape == (len(new), k), f"{what}: a code has K = {k} numbers; yours are {shape}"
    if stored:
        low, high, levels = stored
        both = torch.cat([z, model.encode(100 * new)]).detach()
        inside = low - 1e-4 <= float(both.min()) and float(both.max()) <= high + 1e-4
        assert inside, (
            f"{what}: a code lies between {low:g} and {high:g}, whatever comes in; yours go from "
            f"{float(both.min()):.3g} to {float(both.max()):.3g}"
        )
        step = (high - low) / (levels - 1)
        z = low + step * ((z - low) / step).round()
    rebuilt = model.decode(z.detach())
    shape = tuple(getattr(rebuilt, "shape", ()))
    assert shape == tuple(new.shape), f"{what}: decode returns {shape}, not {tuple(new.shape)}"
    alone = model.decode(z.detach()[:5])
    assert torch.allclose(alone, rebuilt[:5], atol=1e-4), (
        f"{what}: decode(z) must depend on the code alone, row by row"
    )
    return z.detach(), rebuilt.detach()


def _check_spread(z: Tensor, spread: float, what: str) -> None:
    """Assert that training codes have mean zero and the standard deviation asked for."""
    mean, deviation = z.mean(0), z.std(0)
    right = float(mean.abs().max()) < 0.01 * spread
    right &= float((deviation - spread).abs().max()) < 0.01 * spread
    assert right, (
        f"{what}: the codes of the training points have mean {mean.numpy().round(3)} and standard "
        f"deviation {deviation.numpy().round(3)}; each entry should have 0 and {spread:g}"
    )


def _convention_symptoms(
    z: Tensor,
    error: float,
    pca: float,
    units: tuple[float, float],
    stored: tuple[float, float, int] | None,
) -> str:
    """What may be wrong with a model that ignores where points and codes lie, or an empty text."""
    if units != (1.0, 0.0) and error > pca:
        return (
            "the points are large and far from 0, where tanh has no slope left; let the model "
            "standardise them inside and put the units back at the end"
        )
    if stored and float((z.max(0).values - z.min(0).values).min()) < 0.1 * (stored[1] - stored[0]):
        return "the codes use a small part of what can be stored, and rounding merges them"
    return ""


def _pca_error(x: Tensor, new: Tensor, k: int) -> float:
    rows = np.linalg.svd((x - x.mean(0)).numpy(), full_matrices=False)[2][:k]
    rest = (new - x.mean(0)).numpy()
    return float(((rest - rest @ rows.T @ rows) ** 2).sum(axis=1).mean())


def _symptoms(
    model: nn.Module, z: Tensor, rebuilt: Tensor, new: Tensor, seen: float, error: float
) -> Iterator[str]:
    """What may be wrong with a model that rebuilds badly, most certain first."""
    weights = [w for w in model.parameters() if w.requires_grad]
    found = model.decode(z)
    used = any(
        g is not None and bool(g.any())
        for g in torch.autograd.grad(found.pow(2).sum(), weights, allow_unused=True)
    ) if weights and found.requires_grad else False  # fmt: skip
    if not used:
        yield (
            "model.parameters() holds no weight of the decoder; keep layers as attributes, in "
            "nn.Sequential or nn.ModuleList, not in a list"
        )
    if float(rebuilt.std(0).max()) < 0.05 * float(new.std(0).max()):
        yield "it rebuilds the same point whatever comes in: does the gradient reach the encoder?"
    inside = [float(rebuilt.min()) > -1e-6, float(new.min()) < -0.1]
    if all(inside):
        yield "all it puts out is positive: no ReLU or sigmoid after the last layer"
    if float(rebuilt.abs().max()) <= 1 + 1e-6:
        yield "all it puts out lies between -1 and 1: no tanh after the last layer"
    a, b = z.min(0, keepdim=True).values, z.max(0, keepdim=True).values
    kink = (model.decode((a + b) / 2) - (model.decode(a) + model.decode(b)) / 2).detach()
    if float(kink.abs().max()) < 1e-3 * float((b - a).norm()):
        yield "the decoder is linear, and with a linear decoder nothing beats PCA"
    if seen < 0.3 * error:
        yield f"on the points it was trained on {seen:.3f}: it has learnt these by heart"
