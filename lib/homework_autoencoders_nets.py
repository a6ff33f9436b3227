"""The visible tests of chapter 3's homework, task 3: an autoencoder that bends where PCA cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework_autoencoders import ask, check_own
from lib.homework_pca import random_basis


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
