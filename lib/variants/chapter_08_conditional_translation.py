"""Twists of chapter 8's homework, task 6: other games, and other ways to compare pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist
from lib.variants.chapter_08_conditional_parts import asks

PIX2PIX = "## Task 6: the losses of pix2pix (3 points)"
UNITS = Edit(
    "bounds and L1 terms are **summed over the numbers of a picture and averaged over the",
    "bounds and differences of pictures are **summed over the numbers of a picture and averaged "
    "over the",
)
WRITE = r"""
Write `translation_losses(g, d, x, c, z_d, z_g, lam)` in PyTorch; it returns the pair $(L_D, L_G)$,
two tensors without axes. `g(z, c)` gives answers shaped like `x`, $(N, 1, H, W)$, to questions `c`,
$(N, C, H, W)$, and `d(x, c)` **scores** $(N, 1, h, w)$. $L_D$ has the noise `z_d` and must not
reach $G$; both terms of $L_G$ have `z_g`. Gradients of $L_G$ go through $D$ to $G$.
"""


def draw_squares(rng: np.random.Generator) -> dict[str, Any]:
    """The labels of data and samples, and the width of the soft L1."""
    a, b = ((1, -1), (2, -2), (0.5, -1), (0.9, -0.1), (3, 1), (2, -1))[rng.integers(6)]
    soft = (0.1, 0.2, 0.3, 0.5)[rng.integers(4)]
    shifted = {name: f"- {v:g}" if v >= 0 else f"+ {-v:g}" for name, v in {"A": a, "B": b}.items()}
    return shifted | {"a": f"{a:g}", "b": f"{b:g}", "soft": f"{soft:g}"}


SQUARES = Twist(
    6,
    "least squares with drawn labels, and a soft L1",
    (
        UNITS,
        Cell(
            PIX2PIX,
            r"""
## Task 6: the losses of pix2pix (3 points)

Pix2pix adds a distance of pictures to the game of a conditional GAN. In this one $D$ gives scores
without a sigmoid and pays squares: data should have the score <<a>>, samples <<b>>, and $G$ wants
its answers to have the score of data:

$$
\begin{aligned}
L_D &= \mathbb{E}\bigl[ (D_{ij}(x, y) <<A>>)^2 \bigr] \\
&\quad + \mathbb{E}\bigl[ (D_{ij}(G(z, y), y) <<B>>)^2 \bigr] \\
L_G &= \mathbb{E}\bigl[ (D_{ij}(G(z, y), y) <<A>>)^2 \bigr] \\
&\quad + \lambda\, \mathbb{E} \sum_i \sqrt{(x_i - G(z, y)_i)^2 + <<soft>>^2}
\end{aligned}
$$ (eq-hw-conditional-pix2pix)

The question $y$ is a picture, called `c` in the code. $D_{ij}$ is the score of one patch, and the
expectations of the squares go over the patches as well. The last term is an L1 whose corner at 0 is
rounded, a **sum** over the pixels $i$.
"""
            + WRITE,
        ),
        Cell(
            "pix2pix",
            '''
def translation_losses(g, d, x, c, z_d, z_g, lam):
    """(L_D, L_G), scalar tensors, for true answers x to questions c."""
    ### BEGIN SOLUTION
    fake = g(z_d, c).detach()
    d_loss = (d(x, c) <<A>>).square().mean() + (d(fake, c) <<B>>).square().mean()
    answer = g(z_g, c)
    away = ((x - answer).square() + <<soft>>**2).sqrt().flatten(1).sum(dim=1).mean()
    return d_loss, (d(answer, c) <<A>>).square().mean() + lam * away
    ### END SOLUTION
''',
        ),
        asks("pix2pix-near", "labels=(<<a>>, <<b>>), soft=<<soft>>", "translation"),
        asks("pix2pix-sizes", "labels=(<<a>>, <<b>>), soft=<<soft>>", "translation"),
    ),
    draw_squares,
)


def draw_hinge(rng: np.random.Generator) -> dict[str, Any]:
    """Which neighbours are compared."""
    ways = (
        {"along": 3, "which": "each pixel and its right neighbour", "next": "i, j + 1",
         "last": "the last column has no right neighbour"},
        {"along": 2, "which": "each pixel and the one below it", "next": "i + 1, j",
         "last": "the last row has none below it"},
    )  # fmt: skip
    way = ways[rng.integers(2)]
    ends = ("[..., 1:]", "[..., :-1]") if way["along"] == 3 else ("[..., 1:, :]", "[..., :-1, :]")
    return way | {"after": ends[0], "before": ends[1]}


HINGE = Twist(
    6,
    "the game with hinges, and edges instead of pixels",
    (
        UNITS,
        Cell(
            PIX2PIX,
            r"""
## Task 6: the losses of pix2pix (3 points)

Pix2pix adds a distance of pictures to the game of a conditional GAN. In this one $D$ gives scores
without a sigmoid and only wants data above 1 and samples below $-1$, and the distance compares
edges:

$$
\begin{aligned}
L_D &= \mathbb{E}\bigl[ \max(0, 1 - D_{ij}(x, y)) \bigr] \\
&\quad + \mathbb{E}\bigl[ \max(0, 1 + D_{ij}(G(z, y), y)) \bigr] \\
L_G &= -\mathbb{E}\bigl[ D_{ij}(G(z, y), y) \bigr] \\
&\quad + \lambda\, \mathbb{E} \lVert \nabla x - \nabla G(z, y) \rVert_1
\end{aligned}
$$ (eq-hw-conditional-pix2pix)

The question $y$ is a picture, called `c` in the code. $D_{ij}$ is the score of one patch, and the
expectations of the scores go over the patches as well. $\nabla x$ holds the differences of
<<which>>, $(\nabla x)_{i, j} = x_{<<next>>} - x_{i, j}$; <<last>>, so there is one difference less.
$\lVert \cdot \rVert_1$ is a **sum** over all differences of a picture.
"""
            + WRITE,
        ),
        Cell(
            "pix2pix",
            '''
def translation_losses(g, d, x, c, z_d, z_g, lam):
    """(L_D, L_G), scalar tensors, for true answers x to questions c."""
    ### BEGIN SOLUTION
    fake = g(z_d, c).detach()
    d_loss = (1 - d(x, c)).clamp(min=0).mean() + (1 + d(fake, c)).clamp(min=0).mean()
    answer = g(z_g, c)
    error = x - answer  # the difference of two slopes is the slope of the difference
    edges = (error<<after>> - error<<before>>).abs().flatten(1).sum(dim=1).mean()
    return d_loss, -d(answer, c).mean() + lam * edges
    ### END SOLUTION
''',
        ),
        asks("pix2pix-near", "along=<<along>>", "translation"),
        asks("pix2pix-sizes", "along=<<along>>", "translation"),
    ),
    draw_hinge,
)
