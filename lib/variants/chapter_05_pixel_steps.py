"""Twists of tasks 5 and 7 of the homework on pixel models: other cells, other layers of sound."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick

CELL = "## Task 5: a cell with a memory (3 points)"
SOUND = "## Task 7: sound from memory (3 points)"
#: The three gates and the new content: in a statement and in code.
NAMES = {"u": "write", "k": "keep", "r": "show", "g": "new content"}
CODE = {"u": "write", "k": "keep", "r": "show", "g": "new"}
#: Orders of the blocks that are neither the book's nor PyTorch's.
ORDERS = ["".join(p) for p in permutations("ukrg") if "".join(p) not in ("ukrg", "ukgr")]


def order_values(rng: np.random.Generator) -> dict[str, Any]:
    """A drawn order of the blocks, and what is added to the gate that keeps."""
    order, opened = pick(rng, ORDERS), pick(rng, [0.5, 1, 1.5, 2])
    return {
        "order": order,
        "names": ", ".join(NAMES[letter] for letter in order),
        "code": ", ".join(CODE[letter] for letter in order),
        "sums": ", ".join(f"a^{letter}" for letter in order),
        "open": opened,
    }


def step_tests(call: str, told: str) -> tuple[Edit, Edit]:
    """A call that stands in the visible and in the hidden part of one test, with more arguments."""
    ends = (")\n    ### BEGIN", ")\n    ### END")
    return tuple(Edit(f"{call}{end}", f"{call}, {told}{end}") for end in ends)


LSTM = "check_lstm(lstm_step, rng, n, inputs, units"
CELL_TEXT = r"""
## Task 5: a cell with a memory (3 points)

An LSTM reads one input $v$ at a time. It keeps a state $h$, which it shows, and a memory $m$. Three gates between 0 and 1 decide what is written to the
memory, what is kept in it and what is shown. One step, for row vectors:

$$
\begin{aligned}
(a^u, a^k, a^r, a^g) &= v\, U + h\, V + b \\
m' &= \mathrm{sig}(a^k) \odot m \\
&\quad {} + \mathrm{sig}(a^u) \odot \tanh(a^g) \\
h' &= \mathrm{sig}(a^r) \odot \tanh(m')
\end{aligned}
$$ (eq-hw-pixel-lstm)

Here $\mathrm{sig}(a) = 1 / (1 + e^{-a})$, $\odot$ is a product entry by entry, and $h'$, $m'$ are the new $h$ and $m$. WHERE

Write `lstm_step(v, h, m, U, V, b)` for a batch of $N$ and $C$ cells: `v` has shape $(N, I)$, `h` and `m` $(N, C)$, `U` $(I, 4 C)$, `V` $(C, 4 C)$, `b`
$(4 C,)$. Return the pair (new `h`, new `m`).
"""

OPENED = Twist(
    5,
    "the blocks stand in a drawn order, and the gate that keeps is opened by a number",
    (
        Cell(
            CELL,
            CELL_TEXT.replace("(a^u, a^k, a^r, a^g)", "(<<sums>>)")
            .replace(r"\mathrm{sig}(a^k)", r"\mathrm{sig}(a^k + <<open>>)")
            .replace(
                "WHERE",
                """The columns of $U$ and $V$ are four blocks of one size, in the order
**<<names>>**. That is not PyTorch's order. The gate that keeps has $<<open>>$ added to its sum, so that a cell
remembers before it has learnt anything.""",
            ),
        ),
        Solution(
            "lstm",
            """
<<code>> = np.split(v @ U + h @ V + b, 4, axis=1)

def sig(a):
    return 1 / (1 + np.exp(-a))

m = sig(keep + <<open>>) * m + sig(write) * np.tanh(new)
return sig(show) * np.tanh(m), m
""",
        ),
        *step_tests(LSTM, 'order="<<order>>", open=<<open>>'),
    ),
    order_values,
)

BY_CELL = Twist(
    5,
    "the four columns of each cell stand together",
    (
        Cell(
            CELL,
            CELL_TEXT.replace("(a^u, a^k, a^r, a^g)", "(<<sums>>)").replace(
                "WHERE",
                """The four sums of a cell
stand **side by side**: columns $4c$ to $4c + 3$ of $U$ and $V$ belong to cell $c$, counted from 0, in the order **<<names>>**. The same holds for the
entries of $b$. PyTorch puts all cells of one gate together instead.""",
            ),
        ),
        Solution(
            "lstm",
            """
sums = (v @ U + h @ V + b).reshape(*m.shape, 4)  # (n, c, 4)
<<code>> = np.moveaxis(sums, 2, 0)

def sig(a):
    return 1 / (1 + np.exp(-a))

m = sig(keep) * m + sig(write) * np.tanh(new)
return sig(show) * np.tanh(m), m
""",
        ),
        *step_tests(LSTM, 'order="<<order>>", by_cell=True'),
    ),
    order_values,
)

STEPPER = "check_stepper(make_stepper, rng, dilations"

THREE_TAPS = Twist(
    7,
    "layers read three times",
    (
        Cell(
            SOUND,
            r"""
## Task 7: sound from memory (3 points)

A dilated causal convolution for sound has layers $l = 1, 2, \dots$, each with its dilation $d_l$. Here its filters have **three** taps: layer $l$ reads its input now,
$d_l$ steps ago and $2 d_l$ steps ago:

$$
h^{(l)}_t = f_l\bigl( <<inputs>> \bigr), \quad h^{(0)}_t = v_t
$$ (eq-hw-pixel-layer)

Before the sound begins, at $t < 0$, every $h^{(l)}_t$ is zero. To draw a sound sample by sample, one could run the whole network again for each
sample. That computes nearly everything again and again. Remember instead: a layer needs only what it read in the last $2 d_l$ steps.

Write `make_stepper(layers)`. `layers` is a list of pairs $(d_l, f_l)$, the first layer first; `f(<<given>>)` takes three arrays with one axis and returns one, possibly
of another length. Return a function `step(v)` that is called once for each time, $t = 0, 1, 2, \dots$, and returns the output of the last layer at that time. It
may call each layer **once**. Two steppers must not disturb each other.
""",
        ),
        Solution(
            "stepper",
            """
queues = [deque(maxlen=2 * dilation + 1) for dilation, _ in layers]

def step(v):
    for (dilation, layer), queue in zip(layers, queues, strict=True):
        queue.append(v)  # the oldest falls out by itself
        now = v
        old = queue[-1 - dilation] if len(queue) > dilation else np.zeros_like(v)
        older = queue[-1 - 2 * dilation] if len(queue) > 2 * dilation else np.zeros_like(v)
        v = layer(<<given>>)
    return v

return step
""",
        ),
        *step_tests(STEPPER, "taps=3, now_first=<<now_first>>"),
    ),
    lambda rng: pick(
        rng,
        [
            {
                "now_first": False,
                "inputs": r"h^{(l-1)}_{t - 2 d_l},\; h^{(l-1)}_{t - d_l},\; h^{(l-1)}_t",
                "given": "older, old, now",
            },
            {
                "now_first": True,
                "inputs": r"h^{(l-1)}_t,\; h^{(l-1)}_{t - d_l},\; h^{(l-1)}_{t - 2 d_l}",
                "given": "now, old, older",
            },
        ],
    ),
)

SKIPS = Twist(
    7,
    "layers add to their input, and the output is the sum of all answers",
    (
        Cell(
            SOUND,
            r"""
## Task 7: sound from memory (3 points)

A network for sound has layers $l = 1, 2, \dots$, each with its dilation $d_l$. Layer $l$ reads its input now and $d_l$ steps ago. As in WaveNet, its
answer $s^{(l)}$ goes two ways: it is **added to the input** for the next layer, and the answers of all layers **add up** to the output $y$:

$$
\begin{aligned}
s^{(l)}_t &= f_l\bigl( <<inputs>> \bigr), \quad h^{(0)}_t = v_t \\
h^{(l)}_t &= h^{(l-1)}_t + s^{(l)}_t, \quad y_t = \sum_l s^{(l)}_t
\end{aligned}
$$ (eq-hw-pixel-layer)

Before the sound begins, at $t < 0$, every $h^{(l)}_t$ is zero. To draw a sound sample by sample, one could run the whole network again for each
sample. That computes nearly everything again and again. Remember instead: a layer needs only what it read in the last $d_l$ steps.

Write `make_stepper(layers)`. `layers` is a list of pairs $(d_l, f_l)$, the first layer first; `f(<<given>>)` takes two arrays with one axis and returns one of the
same length. Return a function `step(v)` that is called once for each time, $t = 0, 1, 2, \dots$, and returns $y_t$. It
may call each layer **once**. Two steppers must not disturb each other.
""",
        ),
        Edit(
            '"""A function step(v) that computes the last layer\'s output at the next time."""',
            '"""A function step(v) that computes the sum of all answers at the next time."""',
        ),
        Solution(
            "stepper",
            """
queues = [deque() for _ in layers]

def step(now):
    output = np.zeros_like(now)
    for (dilation, layer), queue in zip(layers, queues, strict=True):
        queue.append(now)
        past = queue.popleft() if len(queue) > dilation else np.zeros_like(now)
        answer = layer(<<given>>)
        now, output = now + answer, output + answer
    return output

return step
""",
        ),
        *step_tests(STEPPER, "skips=True, now_first=<<now_first>>"),
    ),
    lambda rng: pick(
        rng,
        [
            {
                "now_first": False,
                "inputs": r"h^{(l-1)}_{t - d_l},\; h^{(l-1)}_t",
                "given": "past, now",
            },
            {
                "now_first": True,
                "inputs": r"h^{(l-1)}_t,\; h^{(l-1)}_{t - d_l}",
                "given": "now, past",
            },
        ],
    ),
)

TWISTS = [OPENED, BY_CELL, THREE_TAPS, SKIPS]
