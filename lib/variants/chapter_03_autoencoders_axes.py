"""Private variants of chapter 3's homework, task 2: the components inside an autoencoder."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_edits import keywords

PLANE = "## Task 2: the components inside an autoencoder (5 points)"
AXES = (
    "Now the components themselves. You have the decoder's matrix $B$ and the codes $z$ of the "
    "training pictures,"
)


def _draw_values(rng: np.random.Generator) -> Values:
    """Order, divisor and kind of the numbers that stand beside the components."""
    smallest, less, roots = (bool(rng.integers(2)) for _ in range(3))
    turn = "" if smallest else "[::-1]"
    return {
        "smallest": smallest,
        "less": int(less),
        "roots": roots,
        "order": "smallest variance first" if smallest else "largest variance first",
        "divisor": "$N - 1$" if less else "$N$",
        "spreads": "standard deviations" if roots else "variances",
        "symbol": "s" if roots else r"\lambda",
        "count": "(len(z) - 1)" if less else "len(z)",
        "turn": "" if smallest else "[:, ::-1]",
        "values": f"np.sqrt(values{turn})" if roots else f"values{turn}",
    }


WORDS = "smallest=<<smallest>>, less=<<less>>, roots=<<roots>>"


def _tests(plane: str, axes: str) -> tuple[Cell, ...]:
    ends = ("check_axes(components_from_codes, rng, n, d, k)", "rng, 12, 1200, 5, limit=4.0 * "
            "1200**2)")  # fmt: skip
    projector = ("check_projector(plane_projector, rng, d, k)", "rng, d, k, scale=20.0)")
    return (
        *keywords(("projector-planes",), projector, plane),
        *keywords(("axes-known", "axes-wide"), ends, f"{axes}, {WORDS}"),
    )


ROWS = Twist(
    2,
    "the decoder's matrix and the components are rows",
    (
        Cell(
            PLANE,
            PLANE
            + r"""

Write codes and pictures as rows, as your arrays hold them, and a linear autoencoder decodes $\hat x = z C$ with
a matrix $C$ of shape $(K, D)$. Once trained it has found the plane of PCA, but any invertible matrix $G$ may
sit between its code and the scores: $C = G W^\top$, and the encoder undoes $G$. Get back what is fixed.

Write `plane_projector(C)`, which returns the $D \times D$ matrix $P$ that projects onto the plane of the
**rows** of $C$. It leaves every vector of the plane as it is and sends every vector at a right angle to the
plane to zero. The encoder's matrix is not offered: where data never vary, it keeps what it was at the
start.""",
        ),
        Edit("def plane_projector(B):", "def plane_projector(C):"),
        Edit(
            '"""Projection (D, D) onto the plane spanned by the columns of B (D, K)."""',
            '"""Projection (D, D) onto the plane spanned by the rows of C (K, D)."""',
        ),
        Solution(
            "projector",
            """
Q, _ = np.linalg.qr(C.T)
return Q @ Q.T
""",
        ),
        Cell(
            AXES,
            r"""
Now the components themselves. You have the decoder's matrix $C$ and the codes $z$ of the training pictures,
$(N, K)$. The pictures have mean zero, so the codes have too. Nobody kept the pictures.

Write `components_from_codes(C, z)`, which returns the pair $(W, (<<symbol>>_1, \dots, <<symbol>>_K))$ of shapes
$(K, D)$ and $(K,)$: the principal components of the pictures, one a **row**, <<order>>, and their <<spreads>>
(divide by <<divisor>>). The sign of a component is free. Think in the plane: take an orthonormal basis of
it, see which coordinates the reconstructions $z C$ have there, and turn the axes until the coordinates are
uncorrelated. The hidden test has many pixels and allows half the memory of one $D \times D$ matrix.""",
        ),
        Edit("def components_from_codes(B, z):", "def components_from_codes(C, z):"),
        Edit(
            '"""Components W (D, K) and their variances (K,), from decoder and codes alone."""',
            '"""Components W (K, D) and their <<spreads>> (K,), from decoder and codes."""',
        ),
        Solution(
            "axes",
            """
Q, R = np.linalg.qr(C.T)
inside = z @ R.T  # coordinates in the plane, (N, K)
values, vectors = np.linalg.eigh(inside.T @ inside / <<count>>)
return (Q @ vectors<<turn>>).T, <<values>>
""",
        ),
        *_tests("rows=True", "rows=True"),
        Edit(
            "Hidden: columns of very different lengths, one column, D of them.",
            "Hidden: rows of very different lengths, one row, D of them.",
        ),
    ),
    _draw_values,
)

BIASED = Twist(
    2,
    "what the plane leaves out, and codes that have a mean",
    (
        Cell(
            PLANE,
            PLANE
            + r"""

A linear autoencoder with biases, $z = A x + a$ and $\hat x = B z + b$, has learnt the mean of the pictures and
the plane of PCA. But any invertible matrix $G$ may sit between its code and the scores, $B = W G$, and any
constant may have been added to the codes. Get back what is fixed.

What such a model *cannot* make is as fixed as what it can. Write `plane_projector(B)`, which returns the
$D \times D$ matrix $E$ that gives the **error** of a centred picture, $x - \hat x$. So $E$ sends every vector
in the plane of the columns of $B$ to zero and leaves every vector at a right angle to that plane as it is.
$I - B A$ is not offered: where data never vary, $A$ keeps what it was at the start.""",
        ),
        Edit(
            '"""Projection (D, D) onto the plane spanned by the columns of B (D, K)."""',
            '"""Projection (D, D) onto what is at right angles to all columns of B (D, K)."""',
        ),
        Solution(
            "projector",
            """
Q, _ = np.linalg.qr(B)
return np.eye(len(B)) - Q @ Q.T
""",
        ),
        Cell(
            AXES,
            r"""
Now the components themselves. You have the decoder's matrix $B$ and the codes $z$ of the training pictures,
$(N, K)$. The biases took care of the pictures' mean, so **the codes have a mean of their own**, which says nothing
about the pictures. Nobody kept the pictures.

Write `components_from_codes(B, z)`, which returns the pair $(W, (<<symbol>>_1, \dots, <<symbol>>_K))$ of shapes
$(D, K)$ and $(K,)$: the principal components of the pictures, one a column, <<order>>, and their <<spreads>>
(divide by <<divisor>>). The sign of a component is free. Think in the plane: take an orthonormal basis of
it, see how the reconstructions $B z + b$ spread there round their mean, and turn the axes until the coordinates
are uncorrelated. The hidden test has many pixels and allows half the memory of one $D \times D$ matrix.""",
        ),
        Edit(
            '"""Components W (D, K) and their variances (K,), from decoder and codes alone."""',
            '"""Components W (D, K) and their <<spreads>> (K,), from decoder and codes."""',
        ),
        Solution(
            "axes",
            """
Q, R = np.linalg.qr(B)
inside = (z - z.mean(axis=0)) @ R.T  # coordinates in the plane round their mean, (N, K)
values, vectors = np.linalg.eigh(inside.T @ inside / <<count>>)
return Q @ vectors<<turn>>, <<values>>
""",
        ),
        *_tests("rest=True", "biased=True"),
    ),
    _draw_values,
)

TWISTS = [ROWS, BIASED]
