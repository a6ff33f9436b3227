"""Twists of task 6 of the homework on pixel models: other errors for a pixel's colour."""

from __future__ import annotations

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick

TASK = "## Task 6: grey mush (2 points)"
ROW = "| 6 | why squared error paints grey mush | 2 |"
DOC = '"""Best colours (N, 3), their errors (N,), distances to the palette (N,)."""'


def colour_tests(name: str, told: str = "") -> tuple[Edit, ...]:
    """The import and the calls of the test, with another check."""
    return (
        Edit(
            "homework_pixel_palette import check_palette", f"homework_pixel_palette import {name}"
        ),
        Edit("check_palette(best_colour, rng, n, k)", f"{name}(best_colour, rng, n, k{told})"),
        Edit(
            "check_palette(best_colour, rng, n, k, sure)",
            f"{name}(best_colour, rng, n, k, sure{told})",
        ),
    )


ABSOLUTE = Twist(
    6,
    "the absolute error in the place of the squared one",
    (
        Edit(ROW, "| 6 | what absolute error paints | 2 |"),
        Cell(
            TASK,
            r"""
## Task 6: the other mush (2 points)

A sprite has few colours $c_1, \dots, c_L$, each a triple of numbers for red, green and blue. A network that predicts one colour $\hat c$ for a pixel by
**absolute** error is not pulled towards the mean. Its expected error is

$$
\mathbb{E}\,\lVert c - \hat c \rVert_1 = \sum_{l=1}^{L} p_l \sum_{k=1}^{3} \lvert c_{lk} - \hat c_k \rvert
$$ (eq-hw-pixel-mush)

Here $p_l$ is the probability that the pixel has colour $l$, given all that the network sees, and $k$ runs over red, green and blue. Write
`best_colour(palette, p)`. `palette` has shape $(L, 3)$, `p` $(N, L)$: one distribution for each of $N$ pixels. Return three arrays:

- the colours that make the expected absolute error smallest, $(N, 3)$; any triple of numbers is allowed;
- that smallest expected absolute error, summed over the three channels, $(N,)$;
- the distance from this answer to the nearest colour of the palette, $(N,)$, also as a sum of absolute differences.
  Where it is not zero, the network paints a colour that no sprite has.

In the tests no sum of some $p_l$ is exactly $1/2$, so there is one best colour.
""",
        ),
        Solution(
            "colour",
            """
order = palette.argsort(axis=0)  # (L, 3): each channel from dark to light
sums = p[:, order].cumsum(axis=1)  # (N, L, 3)
middle = (sums > 0.5).argmax(axis=1)  # (N, 3): the weighted median of each channel
colour = np.take_along_axis(palette, order, axis=0)[middle, np.arange(3)]
distances = np.abs(colour[:, None] - palette).sum(axis=2)  # (N, L)
return colour, (p * distances).sum(axis=1), distances.min(axis=1)
""",
        ),
        *colour_tests("check_absolute"),
    ),
)

INSIDE = Twist(
    6,
    "a colour of the palette, with weights of the channels",
    (
        Edit(ROW, "| 6 | the best colour of a palette, and its price | 2 |"),
        Cell(
            TASK,
            r"""
## Task 6: no mush (2 points)

A sprite has few colours $c_1, \dots, c_L$, each a triple of numbers for red, green and blue. A network that predicts one colour $\hat c$ for a pixel by squared
error paints the mean $\bar c = \sum_l p_l c_l$, a colour that no sprite has. Forbid it: $\hat c$ must be **one of the palette**. And the eye does not see all channels
equally well, so their squared errors count $(w_1, w_2, w_3) = (<<weights>>)$ times:

$$
d(c, \hat c) = \sum_{k=1}^{3} w_k\, (c_k - \hat c_k)^2
$$ (eq-hw-pixel-mush)

Here $k = 1, 2, 3$ is red, green and blue, and $p_l$ is the probability that the pixel has colour $l$, given all that the network sees. Write
`best_colour(palette, p)`. `palette` has shape $(L, 3)$, `p` $(N, L)$: one distribution for each of $N$ pixels. Return three arrays:

- the colours **of the palette** that make the expected error $\sum_l p_l\, d(c_l, \hat c)$ smallest, $(N, 3)$;
- that smallest expected error, $(N,)$;
- the price of staying in the palette, $(N,)$: this error minus the expected error of the mean $\bar c$.
""",
        ),
        Edit(
            DOC, '"""Best colours of the palette (N, 3), their errors (N,), their prices (N,)."""'
        ),
        Solution(
            "colour",
            """
weights = np.array([<<weights>>])
apart = ((palette[:, None] - palette) ** 2 * weights).sum(axis=2)  # (L, L)
errors = p @ apart  # (N, L): of each answer
to_mean = (((p @ palette)[:, None] - palette) ** 2 * weights).sum(axis=2)  # (N, L)
error = errors.min(axis=1)
return palette[errors.argmin(axis=1)], error, error - (p * to_mean).sum(axis=1)
""",
        ),
        *colour_tests("check_inside", ", weights=(<<weights>>)"),
    ),
    lambda rng: {"weights": pick(rng, ["3, 6, 1", "2, 5, 1", "2, 4, 3", "3, 7, 2", "1, 4, 2"])},
)

TWISTS = [ABSOLUTE, INSIDE]
