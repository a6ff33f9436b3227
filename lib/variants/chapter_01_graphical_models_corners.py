"""Task 7 of the homework on graphical models: pixels that touch at a corner count too."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values
from lib.variants.chapter_01_graphical_models_clinic import (
    COMMON,
    ENERGY,
    LOOP,
    START,
    TOUCH,
    WORDS,
    Mistake,
    drawn,
)
from lib.variants.chapter_01_graphical_models_torus import ENERGY_TEST, GIVEN, MINIMUM_TEST, SIGN

FAR = "[(r - 1, c - 1), (r - 1, c + 1), (r + 1, c - 1), (r + 1, c + 1)]"
INSIDE = " if 0 <= u < n_rows and 0 <= v < n_columns"
MISTAKES: dict[str, Mistake] = {
    **SIGN,
    "weight": (
        {"times": ""},
        """**The weight of the corners** (`around +=` without the factor). The pixels at the corners count as
   much as the others, and the energy gives their pairs a smaller weight. Alone, it smooths too much:
   wrong pixels where corners and sides disagree, a sweep can raise the energy, and single flips
   that would lower it remain.""",
    ),
    "corners": (
        {"far": "[(r - 1, c - 1), (r + 1, c + 1)]"},
        """**Two corners are missing** (`far`). Only one of the two diagonals is looked at, and the energy has
   both. Alone, it treats lines along the two diagonals differently, a sweep can raise the energy,
   and single flips that would lower it remain after the last sweep.""",
    ),
    **COMMON,
}


def base(weight: float) -> dict[str, str]:
    """The right code for corners of this weight."""
    return {
        "touching": (
            "corners = (x[1:, 1:] * x[:-1, :-1]).sum() + (x[1:, :-1] * x[:-1, 1:]).sum()\n"
            "    touching = (x[1:] * x[:-1]).sum() + (x[:, 1:] * x[:, :-1]).sum()\n"
            f"    touching = touching + {weight} * corners"
        ),
        "where": "seen[u, v]",
        "inside": INSIDE,
        "far": FAR,
        "times": f"{weight} * ",
        "minus": "",
        "field": "0.8, 1.0, 2.2",
        "weight": str(weight),
    }


def corners(rng: np.random.Generator) -> Values:
    """The weight of the corners, and three mistakes."""
    weight = float(rng.choice([0.4, 0.5, 0.6, 0.7, 0.8]))
    return drawn(MISTAKES, base(weight))(rng)


CODE = GIVEN.replace(
    "<<corners>>\n",
    "\n            far = <<far>>\n            around += <<times>>sum(<<where>> for u, v in far<<inside>>)\n",
)

CORNERS = Twist(
    7,
    "pixels that touch at a corner are pairs too, other mistakes",
    (
        Edit(
            ENERGY,
            r"""$$E(x, y) = h \sum_i x_i - \beta \Big( \sum_{(i, j)} x_i x_j + <<weight>> \sum_{\langle i, j \rangle} x_i x_j \Big)
- \eta \sum_i x_i y_i$$ (eq-hw-energy)""",
        ),
        Edit(
            TOUCH,
            r"""where the sum over $(i, j)$ takes each pair of pixels that touch in a row or in a column once, and the
sum over $\langle i, j \rangle$ each pair that touches only **at a corner**, with the weight <<weight>>. ICM visits the pixels
and gives each the value of lower energy, the others held fixed (on a tie, either value).""",
        ),
        Cell("clinic-given", CODE + LOOP),
        Cell(
            "clinic",
            START
            + """            square = [range(max(k - 1, 0), min(k + 2, n)) for k, n in [(r, n_rows), (c, n_columns)]]
            around = 0.0
            for u, v in product(*square):
                steps = abs(u - r) + abs(v - c)  # 0: the pixel itself, 1: a side, 2: a corner
                around += (0, 1, <<weight>>)[steps] * x[u, v]
            x[r, c] = 1 if h - beta * around - eta * y[r, c] < 0 else -1
    return x
    ### END SOLUTION""",
        ),
        Cell(
            "clinic-energy",
            ENERGY_TEST.format(
                "diagonal=<<weight>>",
                """line = np.ones((9, 9), dtype=int)
    line[:, 4] = -1  # its ends go first, for the sake of the corners
    check_descent(icm, line, h=0.0, beta=1.0, eta=1.5, rule=rule)""",
            ),
        ),
        Cell(
            "clinic-minimum",
            MINIMUM_TEST.format(
                "diagonal=<<weight>>",
                "(8, 11), (11, 8), (8, 8), (8, 8), (1, 9), (9, 1)",
                "wrapping round sees the opposite one",
                "0.5",
            ),
        ),
        WORDS,
    ),
    corners,
)
