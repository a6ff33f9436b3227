"""The visible tests of chapter 5's homework, tasks 5 to 7: a cell, a palette, queues for sound.

Right answers come from PyTorch's LSTM, from draws of every colour, and from whole convolutions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import expit
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, peer, sealed
from lib.homework_pixel import ask


def check_lstm(
    lstm_step: Callable, rng: np.random.Generator, n: int = 4, inputs: int = 3, cells: int = 5
) -> None:
    """Compare one step of an LSTM with PyTorch's cell, whose gates stand in another order."""
    v, h, m = (rng.normal(0, 1.5, size=(n, size)) for size in (inputs, cells, cells))
    U, V = (rng.normal(size=(size, 4 * cells)) for size in (inputs, cells))
    given = {"v": v, "h": h, "m": m, "U": U, "V": V, "b": rng.normal(size=4 * cells)}
    what = f"a step of {cells} cells with {inputs} inputs, N = {n}"
    found = as_parts(ask(lstm_step, what, **given), what, "(new h, new m)")
    right, mistakes = _torch_step(**given), _lstm_mistakes(**given)
    for k, name in enumerate("hm"):
        hints: dict[str, Any] = {advice: pair[k] for advice, pair in mistakes.items()}
        hints["return the new h first, then the new m"] = right[1 - k]
        hints[f"that is the old {name}"] = given[name]
        compare(found[k], right[k], f"the new {name}, {what}", hints=hints, tol=FLOAT32)


@peer
def _torch_step(
    v: np.ndarray, h: np.ndarray, m: np.ndarray, U: np.ndarray, V: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """New h and m from torch.nn.LSTMCell; its order is write, keep, new content, show."""
    order = np.arange(len(b)).reshape(4, -1)[[0, 1, 3, 2]].ravel()
    cell = torch.nn.utils.skip_init(torch.nn.LSTMCell, v.shape[1], h.shape[1], dtype=torch.float64)
    weights = {"weight_ih": U.T, "weight_hh": V.T, "bias_ih": b, "bias_hh": 0 * b}
    cell.load_state_dict({name: torch.tensor(value[order]) for name, value in weights.items()})
    with torch.no_grad():
        new = cell(torch.tensor(v), (torch.tensor(h), torch.tensor(m)))
    return new[0].numpy(), new[1].numpy()


def _lstm_mistakes(
    v: np.ndarray, h: np.ndarray, m: np.ndarray, U: np.ndarray, V: np.ndarray, b: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What typical mistakes give for the new h and m."""

    def step(a: np.ndarray, order: str = "ukrg", **changed: Any) -> tuple:
        part = dict(zip(order, np.split(a, 4, axis=1), strict=True))
        gates = {k: changed.get("gate", expit)(part[k]) for k in "ukr"}
        old = changed.get("old", m)
        new = gates["k"] * old + gates["u"] * changed.get("content", np.tanh)(part["g"])
        return gates["r"] * changed.get("out", np.tanh)(changed.get("shown", new)), new

    a = v @ U + h @ V + b
    _, keep, show, content = np.split(a, 4, axis=1)
    coupled = expit(keep) * m + (1 - expit(keep)) * np.tanh(content)
    return {
        "that is PyTorch's order; here the gate that shows comes before the new content": (
            step(a, "ukgr")
        ),
        "the gate that writes comes first, then the one that keeps": step(a, "kurg"),
        "the new content comes last": step(a, "gukr"),
        "gates are sigmoids, the new content a tanh; yours are exchanged": (
            step(a, gate=np.tanh, content=expit)
        ),
        "gates are sigmoids, between 0 and 1": step(a, gate=np.tanh),
        "the new content is a tanh": step(a, content=expit),
        "h needs tanh of the new m": step(a, out=lambda value: value),
        "h needs tanh of the new m, not its sigmoid": step(a, out=expit),
        "h shows the new m, not the old one": step(a, shown=m),
        "the old m is missing: the gate that keeps multiplies it": step(a, old=0 * m),
        "the gate that keeps multiplies the old m, not the old h": step(a, old=h),
        "the old h is missing from the sums": step(v @ U + b),
        "the bias is missing": step(v @ U + h @ V),
        "the sums read the old h, not the old m": step(v @ U + m @ V + b),
        "the gate that writes has weights of its own; it is not 1 minus the one that keeps": (
            expit(show) * np.tanh(coupled),
            coupled,
        ),
    }


def palette_error_hints(
    p: np.ndarray, palette: np.ndarray, colour: np.ndarray, top: np.ndarray, error: np.ndarray
) -> dict[str, np.ndarray]:
    """Wrong values of the expected squared error, each under the message it deserves."""
    squares = cdist(colour, palette, "sqeuclidean")
    return {
        "add the three channels, do not average them": error / 3,
        "take no root": np.sqrt(error),
        "take no half": error / 2,
        "weigh each squared distance by its probability": squares.mean(axis=1),
        "that is the error of the most probable colour": (
            p * cdist(top, palette, "sqeuclidean")
        ).sum(axis=1),
        "square each distance before you average": (p * np.sqrt(squares)).sum(axis=1) ** 2,
        "expected squares, not distances": (p * np.sqrt(squares)).sum(axis=1),
        "divide by the number of draws, with no -1": error * 100 / 99,
    }


def check_palette(
    function: Callable, rng: np.random.Generator, n: int = 5, k: int = 4, sure: bool = False
) -> None:
    """Compare the best single colours with averages over 100 draws, counted out exactly.

    `sure`: each pixel has one certain colour.
    """
    palette = rng.uniform(size=(k, 3))
    counts = rng.multinomial(100, rng.dirichlet(np.ones(k), size=n))
    if sure:
        counts = 100 * np.eye(k, dtype=int)[rng.integers(k, size=n)]
    p = counts / 100
    what = f"{n} pixels and a palette of {k} colours"
    found = as_parts(ask(function, what, palette=palette, p=p), what, "(colour, error, gap)")
    draws = [np.repeat(palette, row, axis=0) for row in counts]
    colour = np.array([d.mean(axis=0) for d in draws])
    error = np.array([d.var(axis=0).sum() for d in draws])
    top, middle = palette[p.argmax(axis=1)], np.array([np.median(d, axis=0) for d in draws])
    hints = {
        "squared error wants the mean, not the most probable colour": top,
        "weigh each colour by its probability": np.tile(palette.mean(axis=0), (n, 1)),
        "squared error wants the mean; the median is for the absolute error": middle,
        "the best colour need not be in the palette": palette[cdist(colour, palette).argmin(1)],
    }
    compare(found[0], colour, f"the best colours, {what}", hints=hints, tol=FLOAT32)
    hints = palette_error_hints(p, palette, colour, top, error)
    compare(found[1], error, f"the expected squared errors, {what}", hints=hints, tol=FLOAT32)
    distance = cdist(colour, palette)
    hints = {
        "take the root: a distance, not its square": distance.min(axis=1) ** 2,
        "the nearest colour of the palette, not the farthest": distance.max(axis=1),
        "the nearest colour, not the average distance": distance.mean(axis=1),
        "the nearest colour of the palette, not the most probable one": (
            np.linalg.norm(colour - top, axis=1)
        ),
        "all three channels count": np.abs(colour[:, None] - palette).max(axis=2).min(axis=1),
    }
    label = f"the distances to the palette, {what}"
    compare(found[2], distance.min(axis=1), label, hints=hints, tol=FLOAT32)


class Layer:
    """A layer of a dilated causal convolution: reads its input now and some time before.

    Counts its calls. `past` and `now` have `inputs` numbers, the answer has `outputs`.
    """

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int):
        self.A, self.B = rng.normal(0, 0.8, size=(2, inputs, outputs))
        self.b, self.calls = rng.normal(0, 0.5, size=outputs), 0

    def __call__(self, past: Any, now: Any) -> np.ndarray:
        """tanh of past @ A + now @ B + b, (outputs,)."""
        self.calls += 1
        values = [as_numbers(v, (len(self.A),), "what you give to a layer") for v in (past, now)]
        return np.tanh(values[0] @ self.A + values[1] @ self.B + self.b)

    def whole(self, v: np.ndarray, dilation: int) -> np.ndarray:
        """The same for all times at once: a convolution over v (t, inputs)."""
        weight = torch.tensor(np.stack([self.A, self.B], axis=2).transpose(1, 0, 2))
        padded = F.pad(torch.tensor(v.T)[None], (dilation, 0))
        out = F.conv1d(padded, weight, torch.tensor(self.b), dilation=dilation)
        return np.tanh(out[0].numpy().T)


def check_stepper(
    make_stepper: Callable, rng: np.random.Generator, dilations: tuple[int, ...] = (1, 2, 4)
) -> None:
    """Compare two steppers, which hear two sounds in turn, with whole convolutions."""
    sizes = rng.integers(1, 5, size=len(dilations) + 1).tolist()
    layers = [Layer(rng, *pair) for pair in pairwise(sizes)]
    given = list(zip(dilations, layers, strict=True))
    sounds = rng.normal(size=(2, sum(dilations) + 12, sizes[0]))
    what = f"layers with dilations {', '.join(map(str, dilations))}"
    boxes = [(dilation, sealed(layer)) for dilation, layer in given]
    steppers = [ask(make_stepper, what, layers=boxes) for _ in sounds]
    assert all(callable(step) for step in steppers), f"{what}: return a function, step(v)"
    counts, heard = [], np.zeros((*sounds.shape[:2], sizes[-1]))
    for time, number in np.ndindex(sounds.shape[1], 2):
        label = f"sound {number + 1} at time {time}, {what}"
        before = sum(layer.calls for layer in layers)
        answer = ask(steppers[number], label, v=sounds[number, time])
        counts.append(sum(layer.calls for layer in layers) - before)
        heard[number, time] = as_numbers(answer, (sizes[-1],), label)
    right = np.array([_whole(given, sound) for sound in sounds])
    label = f"the outputs [sound, time, channel] of {what}"
    compare(heard, right, label, hints=_sound_mistakes(given, sounds), tol=FLOAT32)
    wrong = [count for count in counts if count != len(layers)]
    assert not wrong, (
        f"{what}: you call them {wrong[-1]} times in one step; with a memory, {len(layers)} calls "
        "are enough"
    )


def _whole(layers: list[tuple[int, Layer]], v: np.ndarray) -> np.ndarray:
    """Output of the last layer at all times, (t, outputs)."""
    for dilation, layer in layers:
        v = layer.whole(v, dilation)
    return v


def _sound_mistakes(layers: list[tuple[int, Layer]], sounds: np.ndarray) -> dict[str, np.ndarray]:
    """What typical mistakes give for the two sounds, (2, t, outputs)."""

    def delayed(v: np.ndarray, delays: list[int]) -> np.ndarray:
        for delay, (_, layer) in zip(delays, layers, strict=True):
            past = np.vstack([np.zeros((delay, v.shape[1])), v])[: len(v)]
            v = np.tanh(past @ layer.A + v @ layer.B + layer.b)
        return v

    def delay_both(delays: list[int]) -> np.ndarray:
        return np.array([delayed(v, delays) for v in sounds])

    dilations, length = [dilation for dilation, _ in layers], sounds.shape[1]
    both = delayed(sounds.swapaxes(0, 1).reshape(2 * length, -1), dilations)
    present = sounds
    for _, layer in layers:
        present = np.tanh(present @ layer.A + present @ layer.B + layer.b)
    cases = {
        "the past is one step too young: a layer reads d steps back, not d - 1": (
            [d - 1 for d in dilations]
        ),
        "the past is one step too old: a layer reads d steps back, not d + 1": (
            [d + 1 for d in dilations]
        ),
        "each layer has its own dilation; yours all read one step back": [1] * len(layers),
        "the first layer has the first dilation": dilations[::-1],
        "the past is zero only before the sound begins": [length] * len(layers),
    }
    found = {advice: delay_both(delays) for advice, delays in cases.items()}
    found["the past is an earlier input of the layer, not the present one"] = present
    found["steppers share what they remember; make new queues in each call of make_stepper"] = (
        both.reshape(length, 2, -1).swapaxes(0, 1)
    )
    return found
