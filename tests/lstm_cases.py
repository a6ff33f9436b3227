"""Recurrent pixel models for the tests, and the same networks written as loops over pixels."""

import numpy as np
import torch
from scipy import stats

from lib.causality import dependence
from lib.diagonal_lstm import DiagonalBiLSTM
from lib.pixel import PixelModel
from lib.raster_lstm import RasterLSTM
from lib.row_lstm import RowLSTM
from lib.tiny_pictures import all_pictures

MODELS = {"raster": RasterLSTM, "row": RowLSTM, "diagonal": DiagonalBiLSTM}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int, shape: tuple[int, ...], levels: int = 3) -> torch.Tensor:
    return torch.randint(levels, (n, *shape), generator=seeded(5))


def restless(model: PixelModel, seed: int = 0, size: float = 0.4) -> PixelModel:
    """Weights and biases all over the place, in float64: nothing is zero, nothing is symmetric."""
    generator = seeded(seed)
    with torch.no_grad():
        for p in model.double().parameters():
            p.copy_(size * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return model.eval()


def make(name: str, shape=(3, 4), levels: int = 3, seed: int = 0, **options) -> PixelModel:
    return restless(MODELS[name](shape, levels, **{"cells": 12, **options}), seed)


# --------------------------------------------------------------------- what all must satisfy


def check_logits_see_only_the_past(model: PixelModel) -> None:
    """Strictly lower triangular, and not for lack of any gradient."""
    seen = dependence(model, seeded(1), draws=4)
    assert not seen.triu().any(), "a pixel sees itself or a later one"
    assert seen.any()


def check_future_changes_nothing(model: PixelModel) -> None:
    """Earlier logits are the same to the last bit when pixels become a million."""
    v = torch.randn(2, model.inputs, *model.shape, dtype=torch.float64, generator=seeded(2))
    before = model.network(v)
    for d, place in enumerate(model.places):
        wild = v.clone()
        for later in model.places[d:]:
            wild[(slice(None), slice(None), *later)] = 1e6
        after = model.network(wild)
        for earlier in model.places[: d + 1]:
            at = (slice(None), slice(None), *earlier)
            assert torch.equal(before[at], after[at]), f"{place} is seen at {earlier}"


def check_walk_is_the_network(model: PixelModel) -> None:
    """Incremental logits = those of a whole pass, while a picture is being filled."""
    x = pictures(5, model.shape, model.levels)
    c = torch.randn(5, model.c_dim, generator=seeded(3)) if model.c_dim else None
    hidden = torch.full_like(x, model.levels - 1)
    with torch.no_grad():
        wanted = model.logits(x, c)
        steps = model.walk(hidden, c)
        for place in model.places:
            found = next(steps)
            assert (found - wanted[(slice(None), slice(None), *place)]).abs().max() < 1e-12
            hidden[(slice(None), *place)] = x[(slice(None), *place)]  # only now it is known


def check_all_pictures_sum_to_one(model: PixelModel) -> None:
    with torch.no_grad():
        total = model.log_prob(all_pictures(model.shape, model.levels)).exp().sum()
    assert abs(total - 1) < 1e-12


def check_samples_follow_the_enumeration(model: PixelModel, n: int = 20_000) -> None:
    """Chi-square test of samples against the probabilities of all pictures."""
    everything = all_pictures(model.shape, model.levels).flatten(1)
    with torch.no_grad():
        p = model.log_prob(everything.reshape(-1, *model.shape)).exp().double().numpy()
    digits = model.levels ** torch.arange(everything.shape[1]).flip(0)
    x = model.sample(n, generator=seeded(4)).flatten(1)
    counts = np.bincount((x @ digits).numpy(), minlength=len(p))
    often = p * n >= 5
    found, wanted = ([*v[often], v[~often].sum()] for v in (counts, p * n))
    assert sum(often) >= 10, "too few frequent pictures for a test with power"
    wanted = np.array(wanted) * n / np.sum(wanted)
    keep = wanted > 0
    assert stats.chisquare(np.array(found)[keep], wanted[keep]).pvalue > 1e-4


# --------------------------------------------------------------- the same network, in loops


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def cell(gates: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One LSTM step of one pixel, from the equations; gates (4 * cells,)."""
    i, f, g, o = gates.reshape(4, -1)
    memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(memory), memory


def numbers(p: torch.Tensor) -> np.ndarray:
    return p.detach().numpy()


def look(layer, v: np.ndarray, i: int, j: int, kind: str) -> np.ndarray:
    """A masked convolution at one pixel of v (channels, h, w), tap by tap."""
    weight, out = numbers(layer.weight), numbers(layer.bias).copy()
    rows, width = weight.shape[2:]
    for r in range(rows):
        for s in range(width):
            up, side = rows - 1 - r, s - width // 2
            y, x = i - up, j + side
            last = {"A": -1, "B": 0, "rows": width}[kind]
            if (up > 0 or side <= last) and y >= 0 and 0 <= x < v.shape[2]:
                out += weight[:, :, r, s] @ v[:, y, x]
    return out


def at(states: dict, i: int, j: int, cells: int) -> np.ndarray:
    return states.get((i, j), np.zeros(cells))


def row_layer(layer, v: np.ndarray, kind: str) -> np.ndarray:
    """States (cells, h, w) of one Row LSTM layer."""
    h, m, carry = {}, {}, numbers(layer.carry.weight)
    for i in range(v.shape[1]):
        for j in range(v.shape[2]):
            gates = look(layer.read, v, i, j, kind)
            for k in (-1, 0, 1):
                gates += carry[:, :, k + 1] @ at(h, i - 1, j + k, layer.cells)
            h[i, j], m[i, j] = cell(gates, at(m, i - 1, j, layer.cells))
    return as_map(h, v)


def as_map(states: dict, v: np.ndarray) -> np.ndarray:
    _, height, width = v.shape
    return np.stack([np.stack([states[i, j] for j in range(width)], 1) for i in range(height)], 1)


def stream(layer, side: str, v: np.ndarray, kind: str) -> np.ndarray:
    """States (cells, h, w) of one direction of a diagonal layer: from above and from the side."""
    h, m = {}, {}
    read, carry = getattr(layer, f"read_{side}"), numbers(getattr(layer, side).carry.weight)
    step = -1 if side == "left" else 1  # where the neighbour is that was there before
    for i in range(v.shape[1]):
        for j in range(v.shape[2])[::-step]:
            gates = look(read, v, i, j, kind)
            gates += carry[:, :, 0] @ at(h, i - 1, j, layer.cells)
            gates += carry[:, :, 1] @ at(h, i, j + step, layer.cells)
            h[i, j], m[i, j] = cell(gates, at(m, i, j + step, layer.cells))
    return as_map(h, v)


def diagonal_layer(layer, v: np.ndarray, kind: str) -> np.ndarray:
    right = stream(layer, "right", v, "rows")
    above = np.zeros_like(right)
    above[:, 1:] = right[:, :-1]
    return stream(layer, "left", v, kind) + above


def by_loops(model, x: torch.Tensor) -> np.ndarray:
    """Logits (n, levels, h, w) of a Row LSTM or Diagonal BiLSTM, pixel by pixel."""
    run = row_layer if isinstance(model, RowLSTM) else diagonal_layer
    out = []
    for v in numbers(model.encode(x)):
        h, inputs = numbers(model.position), v
        for k, (layer, widen) in enumerate(zip(model.layers, model.widen, strict=True)):
            states = run(layer, inputs, "B" if k else "A")
            h = inputs = h + point(widen, states)
        out.append(point(model.last, np.maximum(point(model.mix, np.maximum(h, 0)), 0)))
    return np.stack(out)


def point(layer, v: np.ndarray) -> np.ndarray:
    """A 1 x 1 convolution of v (channels, h, w)."""
    out = np.einsum("oc,chw->ohw", numbers(layer.weight)[:, :, 0, 0], v)
    return out + numbers(layer.bias)[:, None, None]
