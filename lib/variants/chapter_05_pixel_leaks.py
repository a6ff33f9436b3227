"""Twists of task 3 of the homework on pixel models: leaks of other orders, named in other ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick, scan_values

TASK = "## Task 3: find the leaks (4 points)"
DOC = '"""All pairs (i, j), j >= i, where pixel j changes what is predicted for i."""'
PAIRS = [
    {
        "exchanged": False,
        "pairs": "pairs `(i, j)`: first the pixel that sees too much, then the one it sees",
        "pair": "number[i], number[j]",
    },
    {
        "exchanged": True,
        "pairs": "pairs `(j, i)`: first the pixel that is seen too early, then the one that sees it",
        "pair": "number[j], number[i]",
    },
]
ROWS = {
    "by_columns": False,
    "numbers": "row by row: row `r`, column `k` has the number $r W + k$",
    "number": "row * x.shape[1] + column",
}
COLUMNS = {
    "by_columns": True,
    "numbers": "column by column: row `r`, column `k` has the number $k H + r$",
    "number": "column * x.shape[0] + row",
}


def leak_tests(told: str) -> tuple[Edit, Edit]:
    """The calls of the tests of `find_leaks`, with more arguments."""
    told = f'scan="<<scan>>", {told}exchanged=<<exchanged>>, by_columns=<<by_columns>>'
    short, long = (
        "check_leaks(find_leaks, rng, kind)",
        "check_leaks(find_leaks, rng, kind, (3, 4), 5)",
    )
    call = "check_leaks(\n            find_leaks, rng, kind, {}{}\n        )"
    return Edit(short, call.format("", told)), Edit(long, call.format("(3, 4), 5, ", told))


KEY = """
leaks, (row, column) = set(), np.indices(x.shape)
when = (<<when>>).ravel()  # grows from pixel to pixel, as they are drawn
number = (<<number>>).ravel()

def probabilities(picture):
    values = logits(picture[None])[0].reshape(levels, -1)
    p = np.exp(values - values.max(axis=0))
    return p / p.sum(axis=0)

before = probabilities(x)
for j in range(x.size):
    for level in range(levels):
        changed = x.copy()
        changed.flat[j] = level
        moved = np.abs(probabilities(changed) - before).max(axis=0)
        seen = np.flatnonzero((when <= when[j]) & (moved > 1e-9))
        leaks |= {(<<pair>>) for i in seen}
return leaks
"""

OTHER_ORDER = Twist(
    3,
    "the model reads pictures in another order; pairs and numbers of the leaks are drawn",
    (
        Cell(
            TASK,
            r"""
## Task 3: find the leaks (4 points)

A model whose pixel sees itself, or a later one, trains to wonderful bits and draws nonsense. So every new model should be tested
before it is trained. You are given a **black box**: a function `logits` that maps pictures $(N, H, W)$ to logits $(N, L, H, W)$. You are
given one picture `x`, $(H, W)$. The models of this task draw their pixels **<<reads>>**.

There is a **leak** from pixel $j$ to pixel $i$ if $j$ is not drawn before $i$ and some change of $x_j$ alone, to any other level, changes
the predicted probabilities $p(x_i \mid \dots)$. The own pixel counts: $j = i$ is a leak too. A change that adds the same number to all
logits of a pixel changes no probability, so it is none.

Write `find_leaks(logits, x, levels)`, which returns the set of all leaks as <<pairs>>. For a causal
model it returns the empty set. Whatever the order in which pixels are drawn, they are numbered from 0 <<numbers>>. Rounding moves a probability by
less than $10^{-12}$, a leak moves one by more than $10^{-6}$.
""",
        ),
        Edit(
            DOC, '"""All pairs of pixels, one of which changes what is predicted for the other."""'
        ),
        Solution("leaks", KEY),
        *leak_tests(""),
    ),
    lambda rng: scan_values(rng) | pick(rng, PAIRS) | pick(rng, [ROWS, COLUMNS]),
)


def line_values(rng: np.random.Generator) -> dict[str, Any]:
    """Whole rows or columns, from either side; numbers that do not follow raster order too."""
    cases = [
        ("right up", "row", "the last row first, then the one above it, and so on", "-row"),
        ("down right", "column", "the first column first, then the next, and so on", "column"),
        ("down left", "column", "the last column first, then the one left of it", "-column"),
        ("right down", "row", "the first row first, then the one below it, and so on", "row"),
    ]
    scan, line, order, when = pick(rng, cases)
    numbers = COLUMNS if scan == "right down" else pick(rng, [ROWS, COLUMNS])
    values = {"scan": scan, "line": line, "order": order, "when": when}
    return values | pick(rng, PAIRS) | numbers


WHOLE_LINES = Twist(
    3,
    "a model that draws whole rows or columns at once",
    (
        Cell(
            TASK,
            r"""
## Task 3: find the leaks (4 points)

A model whose pixel sees itself, or a later one, trains to wonderful bits and draws nonsense. So every new model should be tested
before it is trained. You are given a **black box**: a function `logits` that maps pictures $(N, H, W)$ to logits $(N, L, H, W)$. You are
given one picture `x`, $(H, W)$. To be fast, the models of this task draw **a whole <<line>> at once**: <<order>>. All pixels of
a <<line>> are drawn independently of one another, given the <<line>>s before.

There is a **leak** from pixel $j$ to pixel $i$ if the <<line>> of $j$ is not drawn before that of $i$ and some change of $x_j$ alone, to any
other level, changes the predicted probabilities $p(x_i \mid \dots)$. The own <<line>> counts, and the own pixel too. A change that
adds the same number to all logits of a pixel changes no probability, so it is none.

Write `find_leaks(logits, x, levels)`, which returns the set of all leaks as <<pairs>>. For a causal
model it returns the empty set. Pixels are numbered from 0 <<numbers>>. Rounding moves a probability by less than $10^{-12}$, a leak moves one by
more than $10^{-6}$.
""",
        ),
        Edit(
            DOC, '"""All pairs of pixels, one of which changes what is predicted for the other."""'
        ),
        Solution(
            "leaks",
            KEY.replace(
                "from pixel to pixel, as they are", "from <<line>> to <<line>>, as they are"
            ),
        ),
        *leak_tests("whole_lines=True, "),
    ),
    line_values,
)

TWISTS = [OTHER_ORDER, WHOLE_LINES]
