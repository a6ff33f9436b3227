"""The visible tests of chapter 3's homework, tasks 3 and 5: training a network, few labels.

The networks are so small that every step can be repeated by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import as_numbers, compare
from lib.homework_pca import ask, random_basis


def check_step(
    training_step: Callable, rng: np.random.Generator, shape: tuple = (5,), n: int = 7
) -> None:
    """Make three steps of plain gradient descent and compare each with one done by hand."""
    d, rate = int(np.prod(shape)), 0.01
    net = nn.Sequential(nn.Flatten(), nn.Linear(d, 3), nn.Tanh(), nn.Linear(3, d))
    model = nn.Sequential(net, nn.Unflatten(1, shape)).double()
    weights = list(model.parameters())
    for w in weights:
        w.data = torch.tensor(rng.normal(0, 0.7, size=tuple(w.shape)))
    optimiser, before = torch.optim.SGD(weights, lr=rate), np.zeros(sum(w.numel() for w in weights))
    for number in (1, 2, 3):
        x, what = torch.tensor(rng.normal(size=(n, *shape))), f"step {number} on {(n, *shape)}"
        old, clean = _flat(weights), x.clone()
        loss = ((model(x) - x) ** 2).sum() / n
        slope = _flat(torch.autograd.grad(loss, weights))
        answer = training_step(model, optimiser, x)
        assert torch.equal(x, clean), f"{what}: your function changes x"
        move = _flat(weights) - old
        compare(move, -rate * slope, what, hints=_step_mistakes(rate, slope, before, d, n))
        _check_loss(answer, loss.item(), ((model(x) - x) ** 2).sum().item() / n, d, n)
        before = slope


def _flat(tensors: Any) -> np.ndarray:
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


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


def _check_loss(answer: Any, loss: float, after: float, d: int, n: int) -> None:
    assert answer is not None, "the loss: your function returned None; end it with `return`"
    graph = isinstance(answer, Tensor) and answer.requires_grad
    assert not graph, "the loss: a tensor drags its whole graph along; return loss.item()"
    hints = {
        "the mean over the pictures, the sum over the pixels; you took both means": loss / d,
        "divide by the number of pictures": loss * n,
        "return the loss from which you took the gradient, not the one after the step": after,
    }
    compare(answer, loss, "the loss", hints=hints)


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


def check_curve(fit_curve: Callable, rng: np.random.Generator, k: int = 1) -> None:
    """Assert that the trained autoencoder rebuilds new points with a quarter of PCA's error."""
    place, ts = (curve, sheet)[k - 1](rng), rng.uniform(-1, 1, size=(2, 300, k))
    x, new = (place(t[:, 0] if k == 1 else t) for t in ts)
    what = f"the autoencoder with K = {k}"
    kept = x.clone()
    model = fit_curve(x, k, int(rng.integers(1000)))
    assert torch.equal(x, kept), f"{what}: your function changes x"
    right = isinstance(model, nn.Module) and hasattr(model, "encode") and hasattr(model, "decode")
    assert right, f"{what}: return an nn.Module that has the methods encode and decode"
    model.eval()
    z, rebuilt = _halves(model, new, k, what)
    pca = _pca_error(x, new, k)
    error, seen = (
        float(((r - v) ** 2).sum(1).mean())
        for r, v in ((rebuilt, new), (model.decode(model.encode(x)).detach(), x))
    )
    assert np.isfinite(error), f"{what}: it puts out nan: the steps were too long"
    if error > pca / 4:
        diagnosis = next(_symptoms(model, z, rebuilt, new, seen, error), "train longer")
        raise AssertionError(
            f"{what}: squared error of new points {error:.3f}; PCA has {pca:.3f}, and a quarter of "
            f"that is asked for; {diagnosis}"
        )


def _halves(model: nn.Module, new: Tensor, k: int, what: str) -> tuple[Tensor, Tensor]:
    """Codes and reconstructions, after a look at what `encode` and `decode` are."""
    z = model.encode(new)
    shape = tuple(getattr(z, "shape", ()))
    assert shape == (len(new), k), f"{what}: a code has K = {k} numbers; yours are {shape}"
    rebuilt = model.decode(z.detach())
    shape = tuple(getattr(rebuilt, "shape", ()))
    assert shape == tuple(new.shape), f"{what}: decode returns {shape}, not {tuple(new.shape)}"
    alone = model.decode(z.detach()[:5])
    assert torch.allclose(alone, rebuilt[:5], atol=1e-4), (
        f"{what}: decode(z) must depend on the code alone, row by row"
    )
    return z.detach(), rebuilt.detach()


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


def check_pick(pick_labelled: Callable, rng: np.random.Generator, tight: bool = False) -> None:
    """Assert that k examples of each class are drawn, evenly and without replacement."""
    classes = rng.choice(np.arange(3, 60), size=4, replace=False)
    sizes = rng.integers(6, 10, size=4)
    k = int(sizes.min()) if tight else 2
    y, what = rng.permutation(np.repeat(classes, sizes)), f"{k} of each class"
    seeds, hits = rng.choice(2**30, size=200, replace=False), np.zeros(len(y))
    for seed in seeds:
        answer = ask(pick_labelled, what, y=y, k=k, rng=np.random.default_rng(seed))
        rows = _as_rows(answer, what)
        assert len(rows) == 4 * k, f"{what}: of 4 classes, so {4 * k} rows; you have {len(rows)}"
        inside = np.isin(rows, np.arange(len(y))).all()
        assert inside, f"{what}: return row numbers of y, from 0 to {len(y) - 1}"
        rows = rows.astype(int)
        found = [int((y[rows] == c).sum()) for c in classes]
        assert found == [k] * 4, (
            f"{what}: the classes of the rows you return come {found} times; a row number counts "
            "all examples, not only those of its class"
        )
        assert len(set(rows)) == len(rows), f"{what}: a row came twice; draw without replacement"
        hits[rows] += 1
    again = ask(pick_labelled, what, y=y, k=k, rng=np.random.default_rng(seeds[-1]))
    assert np.array_equal(np.ravel(again), rows), (
        f"{what}: two generators with the same seed picked other rows; draw with `rng`"
    )
    size = dict(zip(classes, sizes, strict=True))
    share = k / np.array([size[c] for c in y])
    limit = 7 * np.sqrt(share * (1 - share) / len(seeds)) + 1e-9
    assert (np.abs(hits / len(seeds) - share) <= limit).all(), (
        f"{what}: some examples are picked more often than others; draw at random, with `rng`"
    )


def _as_rows(answer: Any, what: str) -> np.ndarray:
    try:
        shape = np.shape(answer)
    except ValueError:
        raise AssertionError(f"{what}: the classes have lists of different lengths") from None
    return as_numbers(answer, shape, what).ravel()


def check_reuse(
    reuse_encoder: Callable, rng: np.random.Generator, n_frozen: int, n_classes: int = 4
) -> None:
    """Train the classifier a little and compare which numbers have moved."""
    sizes = (6, 5, 4, 3)
    layers = [f(a, b) for a, b in pairwise(sizes) for f in (nn.Linear, _tanh)]
    encoder = nn.Sequential(*layers[:-1])
    for w in encoder.parameters():
        w.data = torch.tensor(rng.normal(0, 0.6, size=tuple(w.shape)), dtype=torch.float32)
    kept = [w.detach().clone() for w in encoder.parameters()]
    x = torch.tensor(rng.normal(size=(20, 6)), dtype=torch.float32)
    y = torch.tensor(rng.integers(n_classes, size=20))
    what = f"a classifier with the first {n_frozen} of {len(encoder)} layers frozen"
    model = reuse_encoder(encoder, 3, n_classes, n_frozen)
    assert isinstance(model, nn.Module), f"{what}: return an nn.Module"
    out = model(x)
    shape = tuple(getattr(out, "shape", ()))
    assert shape == (20, n_classes), f"{what}: returns {shape}, not (20, {n_classes}) logits"
    design = torch.cat([encoder(x), torch.ones(20, 1)], dim=1).detach()
    rest = out.detach() - design @ torch.linalg.lstsq(design, out.detach()).solution
    assert float(rest.abs().max()) < 1e-3, (
        f"{what}: the logits are no linear function of the encoder's code; keep the weights of "
        "all its layers, add one linear layer and nothing after it"
    )
    lost = sum(not _has(model, w) for w in kept)
    assert not lost, (
        f"{what}: model.parameters() lacks {lost} tensors of the encoder; keep its layers in "
        "nn.Sequential or as attributes, not in a list"
    )
    _train_a_little(model, x, y)
    same = all(torch.equal(a, b) for a, b in zip(kept, encoder.parameters(), strict=True))
    assert same, f"{what}: training it changed the encoder that you were given; work on a copy"
    _check_moved(model, kept, n_frozen, what)


def _has(model: nn.Module, w: Tensor) -> bool:
    """Whether one of the model's parameters has exactly these numbers."""
    return any(torch.equal(w, v) for v in model.parameters())


def _tanh(*sizes: int) -> nn.Module:
    return nn.Tanh()


def _train_a_little(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """Three steps of AdamW on all parameters that the model offers."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        assert loss.requires_grad, "nothing is left to train; the last layer must stay free"
        loss.backward()
        optimiser.step()


def _check_moved(model: nn.Module, kept: list[Tensor], n_frozen: int, what: str) -> None:
    """Assert that the weights of frozen layers are still there, and those of free ones are not."""
    there = [_has(model, w) for w in kept]
    layer = [2 * (i // 2) for i in range(len(kept))]  # a Linear, then an activation
    right = [at < n_frozen for at in layer]
    cases = {
        "nothing of the encoder moves, but only the first layers are frozen": all(there),
        "all layers of the encoder move; set requires_grad_(False) on the frozen ones": (
            not any(there)
        ),
        "you froze the last layers, not the first": there == right[::-1],
        "an activation counts as a layer too": there == [i // 2 < n_frozen for i in range(6)],
    }
    if there == right:
        return
    found = [text for text, holds in cases.items() if holds]
    raise AssertionError(f"{what}: {found[0] if found else f'the weights kept are {there}'}")
