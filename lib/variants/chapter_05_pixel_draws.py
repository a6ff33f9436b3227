"""Twists of task 4 of the homework on pixel models: other orders and other rules of drawing."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick, scan_values

TASK = "## Task 4: draw the pixels (4 points)"
DOC = '"""Pictures (N, H, W): `known` pixels as in x, the others drawn in raster order by u."""'
SHAPES = "[((2, 3), 3), ((3, 2), 2), ((2, 2), 4), ((2, 3), 2), ((3, 2), 3)]"


def draw_tests(told: str, shapes: str = SHAPES) -> tuple[Edit, Edit]:
    """The calls of the tests of `draw_pixels`, with more arguments."""
    near = "    for shape, levels in {}:\n        check_draws(draw_pixels, rng, shape, levels{})"
    calls = (
        "(1, 6), 3, share=0.0",
        "(2, 2), 5, share=1.0",
        "(2, 3), 3, u=0.0, share=0.2",
        "(2, 2), 5, u=ALMOST_ONE, share=0.0, n=200",
    )
    far = "".join(f"    check_draws(draw_pixels, rng, {call}{{0}})\n" for call in calls)
    return (
        Edit(near.format(SHAPES, ""), near.format(shapes, told)),
        Edit(
            far.format(""), f"    rule = dict({told.removeprefix(', ')})\n" + far.format(", **rule")
        ),
    )


def order_values(rng: np.random.Generator) -> dict[str, Any]:
    """A reading order, and the end of the levels at which sums begin."""
    first = {
        "last_first": False,
        "tried": "The levels are tried from 0 upwards: the level is the first one whose\ncumulative "
        "probability exceeds $u_i$",
        "chosen": r"\min \Bigl\{ l : u_i < \sum_{l'=0}^{l}",
        "end": "last",
        "sums": "p",
        "level": "level",
    }
    last = {
        "last_first": True,
        "tried": "The levels are tried **from the last one down**: the level is\nthe largest one "
        "whose probability, together with that of all levels above it, exceeds $u_i$",
        "chosen": r"\max \Bigl\{ l : u_i < \sum_{l'=l}^{L-1}",
        "end": "lowest",
        "sums": "p[:, ::-1]",
        "level": "p.shape[1] - 1 - level",
    }
    return scan_values(rng) | pick(rng, [first, last, last])


OTHER_ORDER = Twist(
    4,
    "pixels are drawn in another order, and sums may begin with the last level",
    (
        Cell(
            TASK,
            r"""
## Task 4: draw the pixels (4 points)

Now the black box `logits` is causal in another order: its model reads and draws pictures **<<reads>>**. Draw pictures from
it, one pixel after the other in this order. Some pixels may be `known`; keep them and draw the others. To make the answer the same for everybody,
the random numbers are given: `u` has shape $(N, H, W)$, and entry $u_i \in [0, 1)$ decides about pixel $i$ by inverse
transform. <<tried>>:

$$
x_i = <<chosen>> p(x_i = l' \mid x_{<i}) \Bigr\}
$$ (eq-hw-pixel-inverse)

Here $x_{<i}$ are the pixels drawn or known before pixel $i$ in the order of this model. Rounding may leave the whole sum a little below 1, and $u_i$ above it:
take the <<end>> level then.

Write `draw_pixels(logits, x, known, u)`, which returns whole numbers $(N, H, W)$. `known` is true or false for each place, $(H, W)$, the same for
all pictures. Hidden pixels of `x` hold any levels; do not rely on them.
""",
        ),
        Edit(
            DOC, '"""Pictures (N, H, W): `known` pixels as in x, the others drawn in order by u."""'
        ),
        Solution(
            "draws",
            """
drawn = np.where(known, x, 0)
places = sorted(np.ndindex(*known.shape), key=lambda place: <<place_key>>)
for i, j in places:
    if not known[i, j]:
        values = logits(drawn)[:, :, i, j]
        p = np.exp(values - values.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        sums = np.cumsum(<<sums>>, axis=1)
        level = np.minimum((sums <= u[:, i, j, None]).sum(axis=1), p.shape[1] - 1)
        drawn[:, i, j] = <<level>>
return drawn
""",
        ),
        *draw_tests(', scan="<<scan>>", last_first=<<last_first>>'),
    ),
    order_values,
)

SHARPENED = Twist(
    4,
    "a temperature, and only the most probable levels",
    (
        Cell(
            TASK,
            r"""
## Task 4: draw the pixels (4 points)

Now the black box `logits` is causal. Draw pictures from it, one pixel after the other in raster order, but not quite from its own distribution: as
language models do, use a **temperature** $T = <<t>>$ and only **the <<top>> most probable levels** of each pixel. With $K_i$ for these <<top>> levels,

$$
\begin{aligned}
q(x_i = l) &= \begin{cases} p(x_i = l \mid x_{<i})^{1/T} / Z_i & l \in K_i \\ 0 & \text{otherwise} \end{cases} \\
x_i &= \min \Bigl\{ l : u_i < \sum_{l'=0}^{l} q(x_i = l') \Bigr\}
\end{aligned}
$$ (eq-hw-pixel-inverse)

where $Z_i$ lets $q$ sum to 1. To make the answer the same for everybody, the random numbers are given: `u` has shape $(N, H, W)$, and
entry $u_i \in [0, 1)$ decides about pixel $i$ by inverse transform, as written above. A level with $q(x_i = l) = 0$ is never drawn. Rounding may leave the whole sum a
little below 1, and $u_i$ above it: take the last level of $K_i$ then. Some pixels may be `known`; keep them and draw the others.

Write `draw_pixels(logits, x, known, u)`, which returns whole numbers $(N, H, W)$. `known` is true or false for each place, $(H, W)$, the same for
all pictures. Hidden pixels of `x` hold any levels; do not rely on them. There are never fewer than <<top>> levels.
""",
        ),
        Edit(
            DOC,
            '"""Pictures (N, H, W): `known` pixels as in x, the others drawn by u at T = <<t>>."""',
        ),
        Solution(
            "draws",
            """
drawn = np.where(known, x, 0)
for i, j in np.ndindex(*known.shape):
    if not known[i, j]:
        values = logits(drawn)[:, :, i, j] / <<t>>
        p = np.exp(values - values.max(axis=1, keepdims=True))
        p[p < np.sort(p, axis=1)[:, -<<top>>, None]] = 0
        sums = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)
        level = (sums <= u[:, i, j, None]).sum(axis=1)
        last = p.shape[1] - 1 - (p[:, ::-1] > 0).argmax(axis=1)
        drawn[:, i, j] = np.minimum(level, last)
return drawn
""",
        ),
        *draw_tests(
            ", temperature=<<t>>, top=<<top>>",
            "[((2, 3), 3), ((3, 2), 4), ((2, 2), 5), ((2, 3), 4), ((3, 2), 3)]",
        ),
    ),
    lambda rng: {"t": pick(rng, [0.4, 0.5, 0.6, 0.7, 1.5, 2.0]), "top": pick(rng, [2, 3])},
)

TWISTS = [OTHER_ORDER, SHARPENED]
