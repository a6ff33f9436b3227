"""Twists of chapter 8's homework, task 8: other grey values, bounds, units and tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Twist
from lib.variants.chapter_08_conditional_parts import asks

BITS = "## Task 8: numbers that can be compared (3 points)"
FRONTIER = (
    "**b (1 point).** A table has a row for each model and a column for each price: Fréchet "
    "distance, seconds of training, seconds of sampling, megabytes. Small is good everywhere, and "
    "the units differ. A model is **beaten** when one other model is nowhere worse and somewhere "
    "better. Write `frontier(table)`, which returns the set of the rows, counted from 0, that no "
    "other model beats. Two"
)
#: What is asked -> (its name in the statement, the last line of the key).
UNITS = {
    "bits per dimension": "-nats / (d * np.log(2))",
    "bits per picture": "-nats / np.log(2)",
    "nats per dimension": "-nats / d",
}


def draw_range(rng: np.random.Generator) -> dict[str, Any]:
    """The range of grey values, the unit, and the column that is better when large."""
    ranges = (
        {"start": "-1", "stop": "1", "place": r"2 (k + u) / L - 1",
         "width": "2 / L", "points": "2 * (k + noise) / levels - 1"},
        {"start": "-0.5", "stop": "0.5", "place": r"(k + u) / L - \tfrac12",
         "width": "1 / L", "points": "(k + noise) / levels - 0.5"},
        {"start": "-2", "stop": "2", "place": r"4 (k + u) / L - 2",
         "width": "4 / L", "points": "4 * (k + noise) / levels - 2"},
        {"start": "0", "stop": "255", "place": r"255 (k + u) / L",
         "width": "255 / L", "points": "255 * (k + noise) / levels"},
        {"start": "0", "stop": "10", "place": r"10 (k + u) / L",
         "width": "10 / L", "points": "10 * (k + noise) / levels"},
    )  # fmt: skip
    found = dict(ranges[rng.integers(len(ranges))])
    unit = list(UNITS)[rng.integers(3)]
    wide = float(found["stop"]) - float(found["start"])
    found["log_width"] = "-np.log(levels)" if wide == 1 else f"np.log({wide:g} / levels)"
    columns = (
        {"good": 0, "names": "recall, Fréchet distance, seconds of training, megabytes",
         "which": "first", "index": "0"},
        {"good": -1, "names": "Fréchet distance, seconds of sampling, megabytes, and last the "
         "share of classes that it can draw", "which": "last", "index": "-1"},
    )  # fmt: skip
    return found | columns[rng.integers(2)] | {"unit": unit, "last_line": UNITS[unit]}


RANGE = Twist(
    8,
    "grey values of another range, another unit; one column where large is good",
    (
        Cell(
            BITS,
            r"""
## Task 8: numbers that can be compared (3 points)

**a (2 points).** A picture of $D$ whole numbers $k_i$ from 0 to $L - 1$ has a probability; a model
of grey values in $[<<start>>, <<stop>>)$ gives a density. Uniform noise makes them comparable:
spread each level over its bin, $x = <<place>>$ with uniform $u$ in $[0, 1)^D$. A bin is
$\Delta = <<width>>$ wide, and

$$
\log P(k) \ge \mathbb{E}_u\bigl[ \log p(x) \bigr] + D \log \Delta
$$ (eq-hw-conditional-dequantised)

Write `dequantised_bits(log_density, k, u, levels)`, the length of the code that this bound gives,
in **<<unit>>**. `k` holds $N$ pictures, $(N, D)$; `u`, $(R, N, D)$, holds $R$ draws of noise for
each of them; `log_density` maps points $x$, one in each row, to $\log p(x)$ in nats. The
expectation is the mean over the draws, and the length is a mean over the pictures.
""",
        ),
        Cell(
            "bits",
            '''
def dequantised_bits(log_density, k, u, levels):
    """Mean code length, <<unit>>, of pictures k (N, D) by noise u (R, N, D)."""
    ### BEGIN SOLUTION
    d = k.shape[1]
    densities = [log_density(<<points>>) for noise in u]
    nats = np.mean(densities) + d * <<log_width>>
    return <<last_line>>
    ### END SOLUTION
''',
        ),
        asks("bits-bins", 'start=<<start>>, stop=<<stop>>, unit="<<unit>>"', "ranges"),
        Cell(
            FRONTIER,
            r"""
**b (1 point).** A table has a row for each model and a column for each measure: <<names>>. In the
**<<which>>** column large is good, in all others small is; there may be more or fewer of these, and
the units differ. A model is **beaten** when one other model is nowhere worse and somewhere better.
Write `frontier(table)`, which returns the set of the rows, counted from 0, that no other model
beats. Two models with the same row do not beat each other. Only among these models does it matter
what you value most.
""",
        ),
        Cell(
            "frontier",
            '''
def frontier(table):
    """Set of the rows of a table (models, measures) that no other row beats."""
    ### BEGIN SOLUTION
    prices = table.copy()
    prices[:, <<index>>] = -prices[:, <<index>>]  # now small is good everywhere
    kept = set()
    for i, own in enumerate(prices):
        beats = (prices <= own).all(axis=1) & (prices < own).any(axis=1)
        if not beats.any():
            kept.add(i)
    return kept
    ### END SOLUTION
''',
        ),
        asks("frontier-rows", "good=<<good>>", "ranges"),
    ),
    draw_range,
)


def draw_joined(rng: np.random.Generator) -> dict[str, Any]:
    """The unit, and how much a model must be better."""
    unit = list(UNITS)[rng.integers(3)]
    percent = (5, 10, 15, 20)[rng.integers(4)]
    return {"unit": unit, "last_line": UNITS[unit], "percent": percent, "share": percent / 100,
            "rest": f"{1 - percent / 100:g}"}  # fmt: skip


JOINED = Twist(
    8,
    "the tighter bound of several draws, another unit; gains that are larger than noise",
    (
        Cell(
            BITS,
            r"""
## Task 8: numbers that can be compared (3 points)

**a (2 points).** A picture of $D$ whole numbers $k_i$ from 0 to $L - 1$ has a probability; a model
of grey values in $[0, 1)$ gives a density. Uniform noise makes them comparable: spread each level
over its bin, $x_r = (k + u_r) / L$ with $R$ draws of uniform $u_r$ in $[0, 1)^D$. Several draws
give a tighter bound than one:

$$
\log P(k) \ge \mathbb{E}_u\Bigl[ \log \frac{1}{R} \sum_{r = 1}^R p(x_r) \Bigr] - D \log L
$$ (eq-hw-conditional-dequantised)

Write `dequantised_bits(log_density, k, u, levels)`, the length of the code that this bound gives,
in **<<unit>>**. `k` holds $N$ pictures, $(N, D)$; `u`, $(R, N, D)$, holds the $R$ draws of noise
for each of them; `log_density` maps points $x$, one in each row, to $\log p(x)$ in nats. One set of
$R$ draws stands for the expectation; the length is a mean over the pictures.
""",
        ),
        Cell(
            "bits",
            '''
def dequantised_bits(log_density, k, u, levels):
    """Mean code length, <<unit>>, of pictures k (N, D) by noise u (R, N, D)."""
    ### BEGIN SOLUTION
    d = k.shape[1]
    each = np.array([log_density((k + noise) / levels) for noise in u])  # (R, N)
    bound = np.logaddexp.reduce(each, axis=0) - np.log(len(u))  # (N,), one for each picture
    nats = bound.mean() - d * np.log(levels)
    return <<last_line>>
    ### END SOLUTION
''',
        ),
        asks("bits-bins", 'joined=True, unit="<<unit>>"', "ranges"),
        Cell(
            FRONTIER,
            r"""
**b (1 point).** A table has a row for each model and a column for each price: Fréchet distance,
seconds of training, seconds of sampling, megabytes. Small is good everywhere, the units differ, and
differences up to <<percent>> % are noise. A model is **beaten** when one other model is nowhere
worse, not by any amount, and somewhere better by **more than <<percent>> %** of the beaten model's
price. Write `frontier(table)`, which returns the set of the rows, counted from 0, that no other
model beats. Two models with the same row do not beat each other. Only among these models does it
matter what you value most.
""",
        ),
        Cell(
            "frontier",
            '''
def frontier(table):
    """Set of the rows of a table (models, prices) that no other row beats by <<percent>> %."""
    ### BEGIN SOLUTION
    kept = set()
    for i, own in enumerate(table):
        beats = (table <= own).all(axis=1) & (table < <<rest>> * own).any(axis=1)
        if not beats.any():
            kept.add(i)
    return kept
    ### END SOLUTION
''',
        ),
        asks("frontier-rows", "share=<<share>>", "ranges"),
    ),
    draw_joined,
)
