"""Private variants of chapter 3's homework, task 1: gradients of a linear autoencoder."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_edits import keywords

GRADIENTS = "## Task 1: a gradient by hand (5 points)"
TIED = r"With **tied** weights both halves share one matrix, $A = W^\top$ and $B = W$:"
RANDOM, SHAPES, TIED_TEST = "gradients-random", "gradients-shapes", "tied-random"
STUB, TIED_STUB = "def linear_gradients(A, B, x):", "def tied_slope(W, x):"


def _tests(words: str) -> tuple[Cell, ...]:
    ends = ("check_gradients(linear_gradients, rng, n, d, k)", "check_tied(tied_slope, rng, n, d, "
            "k)")  # fmt: skip
    return keywords((RANDOM, SHAPES, TIED_TEST), ends, words)


COLUMNS = Twist(
    1,
    "the pictures are the columns of x",
    (
        Edit("one a row. Your functions", "one a row,\nexcept in task 1. Your functions"),
        Cell(
            GRADIENTS,
            GRADIENTS
            + r"""

Many books on signals write pictures as **columns**. So in this task `x` has the shape $(D, N)$, and
picture $x^{(n)}$ is `x[:, n]`. A linear autoencoder encodes $z = A x$ and decodes $\hat x = B z$, with
$A \in \mathbb{R}^{K \times D}$ and $B \in \mathbb{R}^{D \times K}$. Its loss is

$$\text{loss}(A, B) = \frac1N \sum_{n=1}^{N} \lVert x^{(n)} - B A x^{(n)} \rVert^2$$ (eq-hw-ae-loss)

Write `linear_gradients(A, B, x)`, which returns three things: the loss, its gradient with respect to
$A$ (shape $(K, D)$) and its gradient with respect to $B$ (shape $(D, K)$). Nobody has taken a mean
away from `x`, and the loss does not ask you to. Use NumPy and your own derivation. The tests compare
with automatic differentiation, to which no factor 2 is too small.""",
        ),
        Edit(
            '"""Loss, gradient of A (K, D) and gradient of B (D, K) of a linear autoencoder."""',
            '"""Loss and gradients of A (K, D) and B (D, K), for pictures in the columns of x."""',
        ),
        Solution(
            "gradients",
            """
z = A @ x  # (K, N)
rest = B @ z - x  # (D, N)
n = x.shape[1]
return (rest**2).sum() / n, 2 * B.T @ rest @ x.T / n, 2 * rest @ z.T / n
""",
        ),
        Cell(
            TIED,
            TIED
            + r"""

$$\text{loss}(W) = \frac1N \sum_{n=1}^{N} \lVert x^{(n)} - W W^\top x^{(n)} \rVert^2$$ (eq-hw-ae-tied)

Write `tied_slope(W, x)`, which returns the gradient with respect to $W$, shape $(D, K)$. Here too the
pictures are the columns of `x`, shape $(D, N)$. The columns of $W$ are any columns: nothing makes them
orthonormal while you train.""",
        ),
        Edit(
            '"""Gradient (D, K) of the loss of a linear autoencoder with tied weights."""',
            '"""Gradient (D, K) of the loss with tied weights, for pictures in the columns of x."""',
        ),
        Solution(
            "tied",
            """
z = W.T @ x  # (K, N)
rest = W @ z - x  # (D, N)
return 2 * (rest @ z.T + x @ rest.T @ W) / x.shape[1]
""",
        ),
        *_tests('form="columns"'),
    ),
)

NOISY = Twist(
    1,
    "noisy pictures go in, clean ones come out",
    (
        Cell(
            GRADIENTS,
            GRADIENTS
            + r"""

A linear **denoising** autoencoder gets a noisy picture $y$, encodes $z = A y$ and decodes $\hat x = B z$,
with $A \in \mathbb{R}^{K \times D}$ and $B \in \mathbb{R}^{D \times K}$. It is to hit the clean picture:

$$\text{loss}(A, B) = \frac1N \sum_{n=1}^{N} \lVert x^{(n)} - B A y^{(n)} \rVert^2$$ (eq-hw-ae-loss)

Write `linear_gradients(A, B, x, noisy)`. `x` holds the clean pictures and `noisy` the noisy ones, in the same
order, both $(N, D)$. It returns three things: the loss, its gradient with respect to $A$ (shape $(K, D)$) and
its gradient with respect to $B$ (shape $(D, K)$). Nobody has taken a mean away, and the loss does not ask
you to. Use NumPy and your own derivation. The tests compare with automatic differentiation, to which no
factor 2 is too small.""",
        ),
        Edit(STUB, "def linear_gradients(A, B, x, noisy):"),
        Edit(
            "gradient of B (D, K) of a linear autoencoder.",
            "gradient of B (D, K) of a linear denoiser.",
        ),
        Solution(
            "gradients",
            """
z = noisy @ A.T  # (N, K)
rest = z @ B.T - x  # (N, D)
return (rest**2).sum() / len(x), 2 * B.T @ rest.T @ noisy / len(x), 2 * rest.T @ z / len(x)
""",
        ),
        Cell(
            TIED,
            TIED
            + r"""

$$\text{loss}(W) = \frac1N \sum_{n=1}^{N} \lVert x^{(n)} - W W^\top y^{(n)} \rVert^2$$ (eq-hw-ae-tied)

Write `tied_slope(W, x, noisy)`, which returns the gradient with respect to $W$, shape $(D, K)$. The columns
of $W$ are any columns: nothing makes them orthonormal while you train.""",
        ),
        Edit(TIED_STUB, "def tied_slope(W, x, noisy):"),
        Edit(
            '"""Gradient (D, K) of the loss of a linear autoencoder with tied weights."""',
            '"""Gradient (D, K) of the loss of a linear denoiser with tied weights."""',
        ),
        Solution(
            "tied",
            """
z = noisy @ W  # (N, K)
rest = z @ W.T - x  # (N, D)
return 2 * (rest.T @ z + noisy.T @ rest @ W) / len(x)
""",
        ),
        *_tests('form="noisy"'),
    ),
)

PENALTIES = {
    "weights": {
        "penalty": r"\lambda \bigl( \lVert A \rVert^2 + \lVert B \rVert^2 \bigr)",
        "tied_penalty": r"\lambda \lVert W \rVert^2",
        "why": r"keeps the weights small; $\lVert A \rVert^2$ is the sum of the squares of all entries",
        "tied_why": "The penalty counts $W$ once, although both halves use it.",
        "size": "(A**2).sum() + (B**2).sum()",
        "slopes": "return loss, of_A + 2 * strength * A, of_B + 2 * strength * B",
        "tied_slope": "2 * strength * W",
    },
    "codes": {
        "penalty": r"\frac{\lambda}{N} \sum_{n=1}^{N} \lVert A x^{(n)} \rVert^2",
        "tied_penalty": r"\frac{\lambda}{N} \sum_{n=1}^{N} \lVert W^\top x^{(n)} \rVert^2",
        "why": "keeps the codes small",
        "tied_why": "The penalty is that on the codes.",
        "size": "(z**2).sum() / len(x)",
        "slopes": "return loss, of_A + 2 * strength * z.T @ x / len(x), of_B",
        "tied_slope": "2 * strength * x.T @ z / len(x)",
    },
}


def _draw_penalty(rng: np.random.Generator) -> Values:
    kind = str(rng.choice(list(PENALTIES)))
    strength = float(rng.choice([0.2, 0.25, 0.3, 0.4, 0.6, 0.7, 0.8]))
    return PENALTIES[kind] | {"kind": kind, "strength": strength}


SHRUNK = Twist(
    1,
    "the loss has a penalty",
    (
        Cell(
            GRADIENTS,
            GRADIENTS
            + r"""

A linear autoencoder encodes $z = A x$ and decodes $\hat x = B z$, with $A \in \mathbb{R}^{K \times D}$
and $B \in \mathbb{R}^{D \times K}$. Here its loss has a second term, which <<why>>:

$$
\begin{aligned}
\text{loss}(A, B) = {} & \frac1N \sum_{n=1}^{N} \lVert x^{(n)} - B A x^{(n)} \rVert^2 \\
& + <<penalty>>, \qquad \lambda = <<strength>>
\end{aligned}
$$ (eq-hw-ae-loss)

Write `linear_gradients(A, B, x)`, which returns three things: the loss, its gradient with respect to
$A$ (shape $(K, D)$) and its gradient with respect to $B$ (shape $(D, K)$), penalty included. Nobody has
taken a mean away from `x`, and the loss does not ask you to. Use NumPy and your own derivation. The tests
compare with automatic differentiation, to which no factor 2 is too small.""",
        ),
        Edit(
            "gradient of B (D, K) of a linear autoencoder.",
            "gradient of B (D, K), penalty included.",
        ),
        Solution(
            "gradients",
            """
strength = <<strength>>
z = x @ A.T  # (N, K)
rest = z @ B.T - x  # (N, D)
loss = (rest**2).sum() / len(x) + strength * (<<size>>)
of_A, of_B = 2 * B.T @ rest.T @ x / len(x), 2 * rest.T @ z / len(x)
<<slopes>>
""",
        ),
        Cell(
            TIED,
            TIED
            + r"""

$$
\begin{aligned}
\text{loss}(W) = {} & \frac1N \sum_{n=1}^{N} \lVert x^{(n)} - W W^\top x^{(n)} \rVert^2 \\
& + <<tied_penalty>>, \qquad \lambda = <<strength>>
\end{aligned}
$$ (eq-hw-ae-tied)

Write `tied_slope(W, x)`, which returns the gradient with respect to $W$, shape $(D, K)$. <<tied_why>> The
columns of $W$ are any columns: nothing makes them orthonormal while you train.""",
        ),
        Edit(
            '"""Gradient (D, K) of the loss of a linear autoencoder with tied weights."""',
            '"""Gradient (D, K) of the loss with tied weights, penalty included."""',
        ),
        Solution(
            "tied",
            """
strength = <<strength>>
z = x @ W  # (N, K)
rest = z @ W.T - x  # (N, D)
return 2 * (rest.T @ z + x.T @ rest @ W) / len(x) + <<tied_slope>>
""",
        ),
        *_tests('shrink=("<<kind>>", <<strength>>)'),
    ),
    _draw_penalty,
)

TWISTS = [COLUMNS, NOISY, SHRUNK]
