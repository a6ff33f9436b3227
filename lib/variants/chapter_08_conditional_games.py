"""Twists of chapter 8's homework, task 4: other games with a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Twist
from lib.variants.chapter_08_conditional_parts import asks

GAME = "## Task 4: a game with a condition (2 points)"


def draw_labels(rng: np.random.Generator) -> dict[str, Any]:
    """Labels for data and for samples, at a distance other than 1."""
    a, b = ((1, -1), (2, -2), (0.5, -1), (-1, 1), (3, 1), (1, 4))[rng.integers(6)]
    shifted = {name: f"- {v:g}" if v >= 0 else f"+ {-v:g}" for name, v in {"A": a, "B": b}.items()}
    return shifted | {"a": f"{a:g}", "b": f"{b:g}", "gap": f"{abs(a - b):g}"}


SQUARES = Twist(
    4,
    "the game of least squares, with drawn labels",
    (
        Cell(
            GAME,
            r"""
## Task 4: a game with a condition (2 points)

In a conditional GAN both players see $y$. Where $x$ and $y$ have few values, the data are a table
of $p(x, y)$ and the samples a table of $p_\theta(x, y) = p(y)\, p_\theta(x \mid y)$. This $D$ gives
any number, not a probability. It wants to say <<a>> to data and <<b>> to samples, and pays the
squares of what it misses:

$$
\begin{aligned}
&C(G, D) = \\
&\quad \sum_{x, y} p(x, y) \bigl( D(x, y) <<A>> \bigr)^2 \\
&\quad + \sum_{x, y} p_\theta(x, y) \bigl( D(x, y) <<B>> \bigr)^2
\end{aligned}
$$ (eq-hw-conditional-game)

Write `game_values(p, q)`. `p` and `q` are the two tables, a row for each class and a column for
each picture; each sums to 1. Return the pair (told, untold): what the best $D(x, y)$ pays, and what
the best $D(x)$ pays, which is **not** told $y$. Zeros may stand anywhere.

Try a generator that ignores $y$ and draws from $p(x)$. A $D$ that is not told the class can then do
no better than to say the middle of its two labels always.
""",
        ),
        Cell(
            "values",
            '''
def game_values(p, q):
    """Costs of the best D(x, y) and of the best D(x), for joint tables (classes, pictures)."""

    ### BEGIN SOLUTION
    def cost(p, q):
        # The best D is (a p + b q) / (p + q). It misses a by (a - b) q / (p + q), and b by
        # (a - b) p / (p + q): together p q^2 + q p^2 = p q (p + q) over (p + q)^2, and the
        # labels are |a - b| = <<gap>> apart.
        seen = p + q > 0
        return <<gap>>**2 * (p[seen] * q[seen] / (p + q)[seen]).sum()

    return cost(p, q), cost(p.sum(axis=0), q.sum(axis=0))
    ### END SOLUTION
''',
        ),
        asks("values-tables", "labels=(<<a>>, <<b>>)", "games"),
    ),
    draw_labels,
)


def draw_share(rng: np.random.Generator) -> dict[str, Any]:
    """The share of data in a batch, never one half."""
    share = (0.2, 0.25, 0.3, 0.4, 0.6, 0.7, 0.75, 0.8)[rng.integers(8)]
    return {"data": f"{share:g}", "samples": f"{1 - share:.2g}"}


UNEQUAL = Twist(
    4,
    "batches with more samples than data, or fewer",
    (
        Cell(
            GAME,
            r"""
## Task 4: a game with a condition (2 points)

In a conditional GAN both players see $y$. Where $x$ and $y$ have few values, the data are a table
of $p(x, y)$ and the samples a table of $p_\theta(x, y) = p(y)\, p_\theta(x \mid y)$. In the batches
of this game data are a share of <<data>> and samples a share of <<samples>>, and $D$ knows that.
Its value is

$$
\begin{aligned}
&V(G, D) = \\
&\quad <<data>> \sum_{x, y} p(x, y) \log D(x, y) \\
&\quad + <<samples>> \sum_{x, y} p_\theta(x, y) \log(1 - D(x, y))
\end{aligned}
$$ (eq-hw-conditional-game)

Write `game_values(p, q)`. `p` and `q` are the two tables, a row for each class and a column for
each picture; each sums to 1. Return the pair (told, untold): the value for the best $D(x, y)$, and
the value for the best $D(x)$, which is **not** told $y$. Zeros may stand anywhere.

Try a generator that ignores $y$ and draws from $p(x)$. A $D$ that is not told the class then says
<<data>> to every picture: it knows the batch, and no more.
""",
        ),
        Cell(
            "values",
            '''
def game_values(p, q):
    """Values of the best D(x, y) and of the best D(x), for joint tables (classes, pictures)."""

    ### BEGIN SOLUTION
    def value(p, q):
        p, q = <<data>> * p, <<samples>> * q  # joint with "is it data?"; the best D is p / (p + q)
        on_data, on_samples = p[p > 0] / (p + q)[p > 0], q[q > 0] / (p + q)[q > 0]
        return (p[p > 0] * np.log(on_data)).sum() + (q[q > 0] * np.log(on_samples)).sum()

    return value(p, q), value(p.sum(axis=0), q.sum(axis=0))
    ### END SOLUTION
''',
        ),
        asks("values-tables", "data=<<data>>", "games"),
    ),
    draw_share,
)


def draw_strangers(rng: np.random.Generator) -> dict[str, Any]:
    """The share of strangers among what D must refuse."""
    share = (0.2, 0.25, 0.3, 0.4, 0.5, 0.6)[rng.integers(6)]
    return {"strangers": f"{share:g}", "samples": f"{1 - share:.2g}"}


STRANGERS = Twist(
    4,
    "D must also refuse true pictures with the class of another",
    (
        Cell(
            GAME,
            r"""
## Task 4: a game with a condition (2 points)

In a conditional GAN both players see $y$. Where $x$ and $y$ have few values, the data are a table
of $p(x, y)$ and the samples a table of $p_\theta(x, y) = p(y)\, p_\theta(x \mid y)$. Some
conditional GANs also teach $D$ what a wrong class looks like: they show it **true** pictures from
$p(x)$ beside a class that is drawn from $p(y)$ on its own. Call these pairs strangers,
$p(x)\, p(y)$. The value of this game is

$$
\begin{aligned}
&V(G, D) = \sum_{x, y} p(x, y) \log D(x, y) \\
&\quad + <<samples>> \sum_{x, y} p_\theta(x, y) \log(1 - D(x, y)) \\
&\quad + <<strangers>> \sum_{x, y} p(x)\, p(y) \log(1 - D(x, y))
\end{aligned}
$$ (eq-hw-conditional-game)

Write `game_values(p, q)`. `p` and `q` are the tables of data and samples, a row for each class and
a column for each picture; each sums to 1. Return the pair (told, untold): the value for the best
$D(x, y)$, and the value for the best $D(x)$, which is shown the same pairs but is **not** told $y$.
Zeros may stand anywhere.

Try a generator that is perfect. $D$ can still tell strangers from data, so the value stays above
$-\log 4$.
""",
        ),
        Cell(
            "values",
            '''
def game_values(p, q):
    """Values of the best D(x, y) and of the best D(x), for joint tables (classes, pictures)."""

    ### BEGIN SOLUTION
    def value(p, q):
        on_data, on_rest = p[p > 0] / (p + q)[p > 0], q[q > 0] / (p + q)[q > 0]
        return (p[p > 0] * np.log(on_data)).sum() + (q[q > 0] * np.log(on_rest)).sum()

    strangers = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    refused = <<samples>> * q + <<strangers>> * strangers
    return value(p, refused), value(p.sum(axis=0), refused.sum(axis=0))
    ### END SOLUTION
''',
        ),
        asks("values-tables", "strangers=<<strangers>>", "games"),
    ),
    draw_strangers,
)
