"""The visible tests of chapter 5's homework, tasks 5 and 7: a cell, queues for sound.

Right answers come from PyTorch's LSTM and from whole convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import torch
from scipy.special import expit
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, peer, sealed
from lib.homework_pixel import ask

#: The gates and the new content by the letters of the statement.
BLOCKS = {"u": "write", "k": "keep", "r": "show", "g": "new content"}


@dataclass(frozen=True)
class Layout:
    """Where the weights of a cell stand, and a number that opens the gate that keeps.

    `order` names the four blocks of columns by the letters of BLOCKS; or, with `by_cell`, the four
    columns of each cell, which stand together.
    """

    order: str = "ukrg"
    by_cell: bool = False
    open: float = 0.0

    @peer
    def columns(self, count: int, order: str = "ukrg") -> np.ndarray:
        """Where the columns of blocks in this order are found among `count` columns."""
        table = np.arange(count).reshape((-1, 4) if self.by_cell else (4, -1))
        table = table.T if self.by_cell else table
        return table[[self.order.index(letter) for letter in order]].ravel()


def check_lstm(
    lstm_step: Callable,
    rng: np.random.Generator,
    n: int = 4,
    inputs: int = 3,
    cells: int = 5,
    **layout: Any,
) -> None:
    """Compare one step of an LSTM with PyTorch's cell, whose gates stand in another order.

    `layout` are keywords of `Layout`.
    """
    v, h, m = (rng.normal(0, 1.5, size=(n, size)) for size in (inputs, cells, cells))
    U, V = (rng.normal(size=(size, 4 * cells)) for size in (inputs, cells))
    given = {"v": v, "h": h, "m": m, "U": U, "V": V, "b": rng.normal(size=4 * cells)}
    what = f"a step of {cells} cells with {inputs} inputs, N = {n}"
    found = as_parts(ask(lstm_step, what, **given), what, "(new h, new m)")
    asked = Layout(**layout)
    right, mistakes = _torch_step(**given, layout=asked), _lstm_mistakes(**given, layout=asked)
    for k, name in enumerate("hm"):
        hints: dict[str, Any] = {advice: pair[k] for advice, pair in mistakes.items()}
        hints["return the new h first, then the new m"] = right[1 - k]
        hints[f"that is the old {name}"] = given[name]
        compare(found[k], right[k], f"the new {name}, {what}", hints=hints, tol=FLOAT32)


@peer
def _torch_step(
    v: np.ndarray,
    h: np.ndarray,
    m: np.ndarray,
    U: np.ndarray,
    V: np.ndarray,
    b: np.ndarray,
    layout: Layout,
) -> tuple[np.ndarray, np.ndarray]:
    """New h and m from torch.nn.LSTMCell; its order is write, keep, new content, show."""
    order = layout.columns(len(b), "ukgr")
    cell = torch.nn.utils.skip_init(torch.nn.LSTMCell, v.shape[1], h.shape[1], dtype=torch.float64)
    more = np.repeat([0, layout.open, 0, 0], h.shape[1])
    weights = {"weight_ih": U.T[order], "weight_hh": V.T[order], "bias_ih": b[order]}
    weights["bias_hh"] = more
    cell.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    with torch.no_grad():
        new = cell(torch.tensor(v), (torch.tensor(h), torch.tensor(m)))
    return new[0].numpy(), new[1].numpy()


Pair = tuple[np.ndarray, np.ndarray]


@peer
def _step(parts: dict[str, np.ndarray], m: np.ndarray, **changed: Any) -> Pair:
    """New h and m from the four sums; `changed` takes the place of what belongs there."""
    gates = {k: changed.get("gate", expit)(parts[k]) for k in "ukr"}
    old = changed.get("old", m)
    new = gates["k"] * old + gates["u"] * changed.get("content", np.tanh)(parts["g"])
    return gates["r"] * changed.get("out", np.tanh)(changed.get("shown", new)), new


def _lstm_mistakes(
    v: np.ndarray,
    h: np.ndarray,
    m: np.ndarray,
    U: np.ndarray,
    V: np.ndarray,
    b: np.ndarray,
    layout: Layout,
) -> dict[str, Pair]:
    """What typical mistakes give for the new h and m."""

    def parts(a: np.ndarray, taken: Layout = layout, more: float = layout.open) -> dict:
        blocks = np.split(a[:, taken.columns(a.shape[1])], 4, axis=1)
        return {k: block + more * (k == "k") for k, block in zip("ukrg", blocks, strict=True)}

    def step(part: dict[str, np.ndarray], **changed: Any) -> Pair:
        return _step(part, m, **changed)

    a = v @ U + h @ V + b
    right = parts(a)
    coupled = expit(right["k"]) * m + (1 - expit(right["k"])) * np.tanh(right["g"])
    found = {
        "gates are sigmoids, the new content a tanh; yours are exchanged": (
            step(right, gate=np.tanh, content=expit)
        ),
        "gates are sigmoids, between 0 and 1": step(right, gate=np.tanh),
        "the new content is a tanh": step(right, content=expit),
        "h needs tanh of the new m": step(right, out=lambda value: value),
        "h needs tanh of the new m, not its sigmoid": step(right, out=expit),
        "h shows the new m, not the old one": step(right, shown=m),
        "the old m is missing: the gate that keeps multiplies it": step(right, old=0 * m),
        "the gate that keeps multiplies the old m, not the old h": step(right, old=h),
        "the old h is missing from the sums": step(parts(v @ U + b)),
        "the bias is missing": step(parts(v @ U + h @ V)),
        "the sums read the old h, not the old m": step(parts(v @ U + m @ V + b)),
        "the gate that writes has weights of its own; it is not 1 minus the one that keeps": (
            expit(right["r"]) * np.tanh(coupled),
            coupled,
        ),
    }
    return found | {advice: step(part) for advice, part in _misplaced(a, layout, parts).items()}


def _misplaced(a: np.ndarray, layout: Layout, parts: Callable) -> dict[str, dict]:
    """The four sums when the weights are looked for in other columns, each under its advice."""
    names, each = BLOCKS, "the columns of each cell" if layout.by_cell else "the blocks"
    told = f"{each} stand in the order {', '.join(names[k] for k in layout.order)}"
    plain = layout == Layout()
    found = {}
    if layout.open:
        opened = f"the gate that keeps adds {layout.open:g} to its sum, before the sigmoid"
        found[opened] = parts(a, layout, 0.0)
        found[f"{opened}; add, do not take away"] = parts(a, layout, -layout.open)
    for order in map("".join, permutations("ukrg")):
        advice = f"{told}; you read {', '.join(names[k] for k in order)}"
        advice += "; that is PyTorch's order" * (order == "ukgr")
        found[advice] = parts(a, replace(layout, order=order))
        if not plain:
            missed = "as blocks of all cells" if layout.by_cell else "and nothing is added"
            found[f"{advice}, {missed}"] = parts(a, Layout(order), 0.0)
    found.pop(f"{told}; you read {', '.join(names[k] for k in layout.order)}", None)
    return found


class Layer:
    """A layer of a dilated causal convolution: reads its input now and some times before.

    Counts its calls. It takes `taps` arrays of `inputs` numbers, the oldest first unless
    `now_first`, and answers with `outputs` numbers.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        inputs: int,
        outputs: int,
        taps: int = 2,
        now_first: bool = False,
    ):
        self.weights = rng.normal(0, 0.8, size=(taps, inputs, outputs))
        self.b, self.calls, self.now_first = rng.normal(0, 0.5, size=outputs), 0, now_first

    def __call__(self, *given: Any) -> np.ndarray:
        """tanh of the sum of all arrays times their weights, and of b, (outputs,)."""
        self.calls += 1
        taps, inputs, _ = self.weights.shape
        assert len(given) == taps, f"a layer takes {taps} arrays; you give it {len(given)}"
        values = [as_numbers(v, (inputs,), "what you give to a layer") for v in given]
        return self.read(values[::-1] if self.now_first else values)

    def read(self, values: Iterable[np.ndarray]) -> np.ndarray:
        """The same for arrays (..., inputs), the oldest first, uncounted."""
        pairs = zip(values, self.weights, strict=True)
        return np.tanh(sum(v @ weight for v, weight in pairs) + self.b)

    def whole(self, v: np.ndarray, dilation: int) -> np.ndarray:
        """The same for all times at once: a convolution over v (t, inputs)."""
        weight = torch.tensor(self.weights.transpose(2, 1, 0))
        padded = F.pad(torch.tensor(v.T)[None], (dilation * (len(self.weights) - 1), 0))
        out = F.conv1d(padded, weight, torch.tensor(self.b), dilation=dilation)
        return np.tanh(out[0].numpy().T)


Layers = list[tuple[int, Layer]]


def check_stepper(
    make_stepper: Callable,
    rng: np.random.Generator,
    dilations: tuple[int, ...] = (1, 2, 4),
    *,
    taps: int = 2,
    now_first: bool = False,
    skips: bool = False,
) -> None:
    """Compare two steppers, which hear two sounds in turn, with whole convolutions.

    A layer reads its input at `taps` times, d steps apart. With `skips`, the input of the next
    layer is that of this layer plus what it answers, and the output is the sum of all answers.
    """
    sizes = rng.integers(1, 5, size=len(dilations) + 1).tolist()
    if skips:
        sizes = [sizes[0] + 1] * len(sizes)
    layers = [Layer(rng, *pair, taps, now_first) for pair in pairwise(sizes)]
    given = list(zip(dilations, layers, strict=True))
    sounds = rng.normal(size=(2, sum(dilations) * (taps - 1) + 12, sizes[0]))
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
    right = np.array([_whole(given, sound, skips) for sound in sounds])
    label = f"the outputs [sound, time, channel] of {what}"
    compare(heard, right, label, hints=_sound_mistakes(given, sounds, skips), tol=FLOAT32)
    wrong = [count for count in counts if count != len(layers)]
    assert not wrong, (
        f"{what}: you call them {wrong[-1]} times in one step; with a memory, {len(layers)} calls "
        "are enough"
    )


@peer
def _whole(layers: Layers, v: np.ndarray, skips: bool) -> np.ndarray:
    """Output of the network at all times, (t, outputs)."""
    answers = []
    for dilation, layer in layers:
        answers.append(layer.whole(v, dilation))
        v = v + answers[-1] if skips else answers[-1]
    return sum(answers) if skips else v


def _sound_mistakes(layers: Layers, sounds: np.ndarray, skips: bool) -> dict[str, np.ndarray]:
    """What typical mistakes give for the two sounds, (2, t, outputs)."""
    dilations, length = [dilation for dilation, _ in layers], sounds.shape[1]

    def delay_both(delays: list[int], **wrong: Any) -> np.ndarray:
        return np.array([_delayed(layers, v, delays, skips, **wrong) for v in sounds])

    both = _delayed(layers, sounds.swapaxes(0, 1).reshape(2 * length, -1), dilations, skips)
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
        "the past is an earlier input of the layer, not the present one": [0] * len(layers),
    }
    found = {advice: delay_both(delays) for advice, delays in cases.items()}
    first = "the present" if layers[0][1].now_first else "the oldest"
    found[f"a layer takes {first} first; yours comes last"] = delay_both(dilations, turned=True)
    if len(layers[0][1].weights) > 2:
        told = "the oldest input was read 2 d steps ago; yours"
        found[f"{told} d steps ago"] = delay_both(dilations, oldest=0)
        found[f"{told} d + 1 steps ago"] = delay_both(dilations, oldest=1)
    if skips:
        found |= _skip_mistakes(lambda **wrong: delay_both(dilations, **wrong))
    found["steppers share what they remember; make new queues in each call of make_stepper"] = (
        both.reshape(length, 2, -1).swapaxes(0, 1)
    )
    return found


def _skip_mistakes(heard: Callable) -> dict[str, np.ndarray]:
    """The same with layers that add to their input; `heard` has the keywords of `_delayed`."""
    chain = {"end": lambda v, answers: answers[-1], "chain": True}
    plain = "that is a plain chain of layers: add a layer's answer to its input, and return the sum"
    return {
        "the output is the sum of what all layers answer, not the answer of the last": (
            heard(end=lambda v, answers: answers[-1])
        ),
        "the output is the sum of what all layers answer; leave the sound itself out": (
            heard(end=lambda v, answers: v)
        ),
        "the next layer reads this layer's input plus its answer; yours reads the answer": (
            heard(end=lambda v, answers: sum(answers), chain=True)
        ),
        f"{plain} of all answers": heard(**chain),
        f"{plain} of all answers; the arguments of a layer are exchanged too": (
            heard(**chain, turned=True)
        ),
    }


@peer
def _delayed(
    layers: Layers,
    v: np.ndarray,
    delays: list[int],
    skips: bool,
    *,
    turned: bool = False,
    chain: bool = False,
    oldest: int | None = None,
    end: Callable | None = None,
) -> np.ndarray:
    """Output at all times with other delays; `turned`: arguments of the layers are exchanged.

    `chain` leaves out the sum of input and answer; `end(v, answers)` is another output. The oldest
    input is read `oldest` steps before the one d steps ago.
    """
    answers = []
    for delay, (_, layer) in zip(delays, layers, strict=True):
        steps = [delay * k for k in range(len(layer.weights))]
        steps[-1] = steps[-1] if oldest is None else delay + oldest
        past = [np.vstack([np.zeros((step, v.shape[1])), v])[: len(v)] for step in steps]
        answers.append(layer.read(past if turned else past[::-1]))
        v = v + answers[-1] if skips and not chain else answers[-1]
    return (end or (lambda v, answers: sum(answers) if skips else v))(v, answers)
