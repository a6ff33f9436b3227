"""Twists of chapter 8's homework, task 5: patches seen from pixels, and other prices."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Twist
from lib.variants.chapter_08_conditional_parts import asks

PATCH = "## Task 5: patches, and the best dull answer (4 points)"
BEST = "**b (2 points).** One drawing has many faces. A generator that must give **one** answer"
BEST = f"{BEST} $a$ to a question $y$ and pays"


def draw_dear(rng: np.random.Generator) -> dict[str, Any]:
    """How much dearer it is to be too low."""
    dear = (2, 3, 4, 5, 1.5)[rng.integers(5)]
    return {"dear": f"{dear:g}", "level": f"{dear:g} / {1 + dear:g}"}


REACH = Twist(
    5,
    "which scores see a pixel; the likeliest value and a one-sided price",
    (
        Cell(
            PATCH,
            r"""
## Task 5: patches, and the best dull answer (4 points)

**a (2 points).** A patch discriminator is a stack of convolutions, and each of its scores sees one
patch. With kernels $k_l$ and strides $s_l$, the side of the patch is

$$
r = 1 + \sum_l (k_l - 1) \prod_{j < l} s_j
$$ (eq-hw-conditional-field)

Now ask the other way round: when one pixel is changed, which scores can change? Take one row of
pixels and one of scores, both numbered from 0. Write `patch_seen(layers, j)`, which returns the
pair (first, last) of the scores that see pixel $j$. `layers` lists (kernel, stride, padding) from
the picture on; no stride is larger than its kernel. A padding of $p$ adds $p$ pixels of zeros in
front of the layer's input, and as many behind. Count as if picture and scores went on beyond their
ends: the first score may have a number below 0.
""",
        ),
        Cell(
            "patch",
            '''
def patch_seen(layers, j):
    """First and last output of the last layer that sees pixel j."""
    ### BEGIN SOLUTION
    first = last = j
    for kernel, stride, padding in layers:
        # Output i sees the inputs from i s - p to i s - p + k - 1.
        first = -((kernel - 1 - first - padding) // stride)  # rounded up
        last = (last + padding) // stride  # rounded down
    return first, last
    ### END SOLUTION
''',
        ),
        asks("patch-two", module="patches"),
        asks("patch-deep", module="patches", swap=("the first score", "an early pixel")),
        Cell(
            BEST,
            r"""
**b (2 points).** One drawing has many faces. A generator that must give **one** answer $a$ to a
question $y$ and pays

$$
P(x \neq a \mid y)
\quad\text{or}\quad
\mathbb{E}\bigl[ <<dear>> \max(x - a, 0) + \max(a - x, 0) \mid y \bigr]
$$ (eq-hw-conditional-dull)

for each pixel has a best answer to both, and both are dull. The first price counts misses, however
small. The second takes a value that is too low <<dear>> times as seriously as one that is too high.
Write `best_answers(values, p)` for one pixel. It has the possible `values`, $(V,)$, in any order;
row $q$ of `p`, $(Q, V)$, holds their probabilities given question $q$. Return the pair of the best
answers for the first and for the second price, $(Q,)$ each. Where several answers are equally good
for the second, return any of them.
""",
        ),
        Cell(
            "best",
            '''
def best_answers(values, p):
    """Best answers (Q,) to misses and to the one-sided price, for values (V,), p (Q, V)."""
    ### BEGIN SOLUTION
    # Moved up by a little, the answer saves <<dear>> P(x > a) and costs P(x <= a): equal where
    # P(x <= a) = <<level>>.
    order = np.argsort(values)
    reached = p[:, order].cumsum(axis=1) >= <<level>>
    return values[p.argmax(axis=1)], values[order][reached.argmax(axis=1)]
    ### END SOLUTION
''',
        ),
        asks("best-answers", "dear=<<dear>>", "patches"),
    ),
    draw_dear,
)


def draw_order(rng: np.random.Generator) -> dict[str, Any]:
    """The order in which a layer's four numbers are given."""
    names = rng.permutation(["kernel", "dilation", "stride", "padding"]).tolist()
    return {"tuple": ", ".join(names), "order": "".join(name[0] for name in names)}


DILATED = Twist(
    5,
    "dilated layers, listed from the score back; relative prices",
    (
        Cell(
            PATCH,
            r"""
## Task 5: patches, and the best dull answer (4 points)

**a (2 points).** A patch discriminator is a stack of convolutions, and each of its scores sees one
patch. A kernel may be **dilated**: its $k$ taps are then $d$ pixels apart, and those between are
not looked at. With kernels $k_l$, dilations $d_l$ and strides $s_l$, the side of the patch is

$$
r = 1 + \sum_l d_l\, (k_l - 1) \prod_{j < l} s_j
$$ (eq-hw-conditional-field)

but where does it lie? Take one row of pixels, numbered from 0. Write `patch_seen(layers, i)`, which
returns the pair (first, last) of the pixels that score $i$ sees. `layers` lists (<<tuple>>), and it
begins with the **last** layer, which makes the scores, and ends with the one that looks at the
picture. A padding of $p$ adds $p$ pixels of zeros in front of the layer's input, and as many
behind. The patch may begin before pixel 0 or end behind the picture; do not cut it.
""",
        ),
        Cell(
            "patch",
            '''
def patch_seen(layers, i):
    """First and last pixel that output i sees; the layers are listed from the output back."""
    ### BEGIN SOLUTION
    first = last = i
    for <<tuple>> in layers:
        first = first * stride - padding
        last = last * stride - padding + dilation * (kernel - 1)
    return first, last
    ### END SOLUTION
''',
        ),
        asks("patch-two", 'asked="dilated", order="<<order>>"', "patches"),
        asks("patch-deep", 'asked="dilated", order="<<order>>"', "patches"),
        Cell(
            BEST,
            r"""
**b (2 points).** One drawing has many faces. A generator that must give **one** answer $a$ to a
question $y$ and pays

$$
\mathbb{E}\Bigl[ \Bigl( \frac{x - a}{x} \Bigr)^2 \Bigm| y \Bigr]
\quad\text{or}\quad
\mathbb{E}\Bigl[ \frac{\lvert x - a \rvert}{x} \Bigm| y \Bigr]
$$ (eq-hw-conditional-dull)

for each pixel has a best answer to both, and both are dull. The values are brightnesses above 0,
and a miss counts as a share of the brightness that was missed: dark pixels must be met more
closely. Write `best_answers(values, p)` for one pixel. It has the possible `values`, $(V,)$, in any
order; row $q$ of `p`, $(Q, V)$, holds their probabilities given question $q$. Return the pair of
the best answers for squares and for absolute differences, $(Q,)$ each. Where several answers are
equally good, return any of them.
""",
        ),
        Cell(
            "best",
            '''
def best_answers(values, p):
    """Best answers (Q,) to relative squares and sizes of misses, for values (V,), p (Q, V)."""
    ### BEGIN SOLUTION
    # Squares: the slope E[(a - x) / x^2] is 0 at a = E[1 / x] / E[1 / x^2].
    # Sizes: plain sizes under the weights p / x, so half of those weights lies on each side.
    order, weights = np.argsort(values), p / values
    share = weights[:, order].cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    half = (share >= 0.5).argmax(axis=1)
    return weights.sum(axis=1) / (p / values**2).sum(axis=1), values[order][half]
    ### END SOLUTION
''',
        ),
        asks("best-answers", "relative=True", "patches"),
    ),
    draw_order,
)
