"""Task 6 of chapter 7's homework, earth on a line, with masses of samples or prices of ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

FIRST = "## Task 6: carrying earth on a line (3 points)"
SECOND = "**b (2 points).** Write `critic_on_a_line(x, y)`: the scores of a best critic at the data `x`, $(N,)$, and at the samples `y`, $(M,)$, as a pair `(dx, dy)`, each in the order in which the numbers were given. There are many best critics; the test takes any. It asks whether $\\lvert d(s) - d(t) \\rvert \\le \\lvert s - t \\rvert$ for"

MASSES = r"""
## Task 6: carrying earth on a line (3 points)

$W_1(p, q)$ is the least mean distance over which mass of $p$ is carried to make $q$. The best 1-Lipschitz critic measures the same number:

$$
W_1(p, q) = \max_{\lVert d \rVert_L \le 1} \mathbb{E}_p[d(x)] - \mathbb{E}_q[d(x)]
$$ (eq-hw-gan-dual)

Here $\lVert d \rVert_L \le 1$ says that $\lvert d(s) - d(t) \rvert \le \lvert s - t \rvert$ for all $s, t$. On a line both can be had without any
training. In this task samples are weighed: sample $m$ has a mass of its own, as if some had been drawn more often than others.

**a (1 point).** Write `earth_distance(x, y, mass)`, $W_1$ between $N$ numbers `x`, each with the mass $1/N$, and $M$ numbers `y`, with the masses
`mass`, $(M,)$, which add up to 1. $N$ and $M$ may differ.
"""
MASSES_KEY = '''
def earth_distance(x, y, mass):
    """W_1 between numbers x (N,) and numbers y (M,) with these masses (M,)."""
    ### BEGIN SOLUTION
    at = np.sort(np.concatenate([x, y]))
    left_x = (x[:, None] <= at[:-1]).mean(axis=0)  # the mass of x up to each place
    left_y = mass @ (y[:, None] <= at[:-1])
    return (np.abs(left_x - left_y) * np.diff(at)).sum()  # what must cross each gap
    ### END SOLUTION
'''
MASSES_LINE = r"""
**b (2 points).** Write `critic_on_a_line(x, y, mass)`: the scores of a best critic at the data `x`, $(N,)$, and at the samples `y`, $(M,)$, as a pair
`(dx, dy)`, each in the order in which the numbers were given. There are many best critics; the test takes any. It asks whether
$\lvert d(s) - d(t) \rvert \le \lvert s - t \rvert$ for all these numbers, and whether the mean of `dx` minus the sum of `mass * dy` is $W_1$. In which
direction should the score rise where mass must be carried to the right, from samples to data?
"""
MASSES_LINE_KEY = '''
def critic_on_a_line(x, y, mass):
    """Scores of a best critic at data x (N,) and at samples y (M,) with these masses (M,)."""
    ### BEGIN SOLUTION
    both = np.concatenate([x, y])
    order = np.argsort(both)
    at = both[order]
    left_x = (x[:, None] <= at[:-1]).mean(axis=0)
    left_y = mass @ (y[:, None] <= at[:-1])
    rises = np.sign(left_y - left_x) * np.diff(at)  # up to the right where samples lie on the left
    scores = np.empty(len(both))
    scores[order] = np.append(0, np.cumsum(rises))
    return scores[: len(x)], scores[len(x) :]
    ### END SOLUTION
'''
PRICES = r"""
## Task 6: carrying earth on a line (3 points)

The line of this task is a slope, or a river: a unit of mass carried to the right costs $r$ a unit of length, to the left it costs $l$. $C(p, q)$ is the
least cost at which the mass of <<source>> is carried to make <<goal>>. A critic measures the same number, if its slopes keep to the prices:

$$
C(p, q) = \max_d\, \mathbb{E}_p[d(x)] - \mathbb{E}_q[d(x)]
$$ (eq-hw-gan-dual)

over all scores that rise by at most $<<up>>$ and fall by at most $<<down>>$ a unit to the right: $-<<down>>\, (t - s) \le d(t) - d(s) \le <<up>>\, (t - s)$ for
all $s < t$. On a line both can be had without any training.

**a (1 point).** Write `earth_distance(x, y, right, left)`, the cost $C$ for the data $p$, $N$ numbers `x`, each with the mass $1/N$, and the samples $q$,
$M$ numbers `y`, each with $1/M$. `right` is $r$, `left` is $l$. $N$ and $M$ may differ. Mind the direction: <<way>>.
"""
PRICES_KEY = '''
def earth_distance(x, y, right, left):
    """Least cost between numbers x (N,) and y (M,) at prices for the ways right and left."""
    ### BEGIN SOLUTION
    at = np.sort(np.concatenate([x, y]))
    left_x = (x[:, None] <= at[:-1]).mean(axis=0)  # the share of x up to each place
    left_y = (y[:, None] <= at[:-1]).mean(axis=0)
    crossing = <<crossing>>  # what must cross each gap to the right
    return (np.where(crossing > 0, right * crossing, -left * crossing) * np.diff(at)).sum()
    ### END SOLUTION
'''
PRICES_LINE = r"""
**b (2 points).** Write `critic_on_a_line(x, y, right, left)`: the scores of a best critic at the data `x`, $(N,)$, and at the samples `y`, $(M,)$, as a pair
`(dx, dy)`, each in the order in which the numbers were given. There are many best critics; the test takes any. It asks whether the scores keep to the
limits for all these numbers, and whether the mean of `dx` minus the mean of `dy` is $C$. In which direction should the score rise where mass must be
carried to the right, <<way>>, and how steeply?
"""
PRICES_LINE_KEY = '''
def critic_on_a_line(x, y, right, left):
    """Scores of a best critic at data x (N,) and at samples y (M,), for these prices."""
    ### BEGIN SOLUTION
    both = np.concatenate([x, y])
    order = np.argsort(both)
    at = both[order]
    left_x = (x[:, None] <= at[:-1]).mean(axis=0)
    left_y = (y[:, None] <= at[:-1]).mean(axis=0)
    crossing = <<crossing>>  # what must cross each gap to the right
    slopes = <<sign>>np.where(crossing > 0, right, np.where(crossing < 0, -left, 0.0))
    scores = np.empty(len(both))
    scores[order] = np.append(0, np.cumsum(slopes * np.diff(at)))
    return scores[: len(x)], scores[len(x) :]
    ### END SOLUTION
'''


def checks(rules: str) -> tuple[Edit, ...]:
    """Edits of the four test cells."""
    calls = [
        f"{check}, rng, {sizes}"
        for check in ("check_distance(earth_distance", "check_line(critic_on_a_line")
        for sizes in ("12, 9, ties=True",)
    ]
    visible = (
        ("[(5, 5), (4, 4), (3, 6), (5, 4)]:\n", "check_distance(earth_distance, rng, n, m"),
        ("[(6, 6), (1, 5), (7, 11), (200, 150)]:\n", "check_distance(earth_distance, rng, n, m"),
        ("[(5, 4), (3, 3), (4, 6), (6, 5)]:\n", "check_line(critic_on_a_line, rng, n, m"),
        ("[(5, 4), (1, 7), (80, 60)]:\n", "check_line(critic_on_a_line, rng, n, m"),
    )
    return (
        *(Edit(f"{call})", f"{call}, {rules})") for call in calls),
        *(Edit(f"{at}        {call})", f"{at}        {call}, {rules})") for at, call in visible),
    )


def ways(rng: np.random.Generator) -> dict[str, Any]:
    """Which of data and samples is carried."""
    if rng.random() < 0.5:
        return {
            "source": "$q$, the samples,",
            "goal": "$p$, the data",
            "way": "from samples to data",
            "up": "r",
            "down": "l",
            "crossing": "left_y - left_x",
            "sign": "",
            "onto": '"data"',
        }
    return {
        "source": "$p$, the data,",
        "goal": "$q$, the samples",
        "way": "from data to samples",
        "up": "l",
        "down": "r",
        "crossing": "left_x - left_y",
        "sign": "-",
        "onto": '"samples"',
    }


TWISTS = [
    Twist(
        6,
        "samples have masses",
        (
            Cell(FIRST, MASSES),
            Cell("earth", MASSES_KEY),
            Cell(SECOND, MASSES_LINE),
            Cell("onaline", MASSES_LINE_KEY),
            *checks('kind="masses"'),
        ),
    ),
    Twist(
        6,
        "ways to the right and to the left have prices",
        (
            Edit(
                "| 6 | the Wasserstein distance on a line, and its critic | 3 |",
                "| 6 | the cost of carrying earth on a line, and its critic | 3 |",
            ),
            Cell(FIRST, PRICES),
            Cell("earth", PRICES_KEY),
            Cell(SECOND, PRICES_LINE),
            Cell("onaline", PRICES_LINE_KEY),
            *checks('kind="prices", onto=<<onto>>'),
        ),
        ways,
    ),
]
