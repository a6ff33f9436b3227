"""Twists of chapter 2, task 2: pictures in columns, weights, other lengths of the components."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values
from lib.variants.chapter_02_pca_components import drawn_answer, drawn_weights, loop_test

ROW = "| 2 | the same components when a picture has more pixels than there are pictures | 4 |"
HEAD = "## Task 2: twelve pictures, a million pixels (4 points)"
GRAM_TEXT = (
    "Write `gram_components(x, k)`, which returns the same pair as in task 1, for $k \\le N - 1$."
)
EQUATION = (
    r"""$$\tfrac1N X X^\top v = \lambda v \;\Rightarrow\; S\, (X^\top v) = \lambda\, (X^\top v)$$"""
)
LIFTED = r"""So $X^\top v$ is an eigenvector of $S$ with the same eigenvalue. It does not have length one, even
when $v$ has: work out its length."""
FACES = 'faces = load("faces64").train.x.reshape(-1, 64 * 64).astype(float)\nW, variances'
SHOWN = "W, variances = gram_components(faces, 60)\nplots.image_grid(W.T[:16].reshape(-1, 64, 64), columns=8, vmin=-0.05, vmax=0.05);"


def _gram_tests(asked: str) -> tuple[Cell, ...]:
    call = "check_gram(gram_components, rng, n, d, k, **asked)"
    hidden = "# Hidden: other shapes, one component, all N - 1 components."
    sizes = "[(3, 1200, 1), (20, 1400, 7), (10, 1200, 9)]"
    return (
        loop_test("gram-wide", call, asked, "", 4, "[(12, 1200, 3), (8, 1500, 5)]"),
        loop_test("gram-all", call, asked, hidden, 5, sizes),
    )


PAIR_TEXT = (
    "which returns the pair\n$(W, (<<pair>>))$ of shapes $<<shape>>$ and $(K,)$: one component "
    "of length one a\n<<one>>, <<order>>, for $k \\le N - 1$."
)
COLUMNS = Twist(
    2,
    "the pictures are the columns of x; components in rows or columns, falling or rising",
    (
        Edit(ROW, "| 2 | components when a picture has more pixels than there are pictures | 4 |"),
        Edit(
            HEAD,
            HEAD + "\n\nIn this task `x` has shape $(D, N)$, one picture a column. Its data matrix "
            "$X$ has the columns\n$x^{(n)} - \\bar x$, and $S = \\frac1N X X^\\top$.",
        ),
        Edit(
            EQUATION,
            r"$$\tfrac1N X^\top X v = \lambda v \;\Rightarrow\; S\, (X v) = \lambda\, (X v)$$",
        ),
        Edit(LIFTED, LIFTED.replace(r"X^\top v", "X v")),
        Edit(GRAM_TEXT, "Write `gram_components(x, k)`, " + PAIR_TEXT),
        Cell(
            "gram",
            '''def gram_components(x, k):
    """Components W <<small_shape>> and variances (k,) of x (D, N), <<doc_order>>."""
    ### BEGIN SOLUTION
    X = x - x.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(X.T @ X / x.shape[1])  # (N,), (N, N)
    values, vectors = values[-k:], vectors[:, -k:]  # from small to large
    vectors = X @ vectors / np.sqrt(x.shape[1] * values)
    return <<taken>>
    ### END SOLUTION''',
        ),
        *_gram_tests('layout="columns"<<form>>'),
        Edit(FACES, FACES.replace(".astype(float)", ".astype(float).T  # one a column")),
        Edit("W.T[:16].reshape", "<<seen>>.reshape"),
    ),
    drawn_answer,
)

WEIGHTED = Twist(
    2,
    "each picture has a weight; components in rows or columns, falling or rising",
    (
        Edit(
            ROW,
            "| 2 | weighted components when a picture has more pixels than there are pictures | 4 |",
        ),
        Edit(
            HEAD,
            HEAD
            + r"""

In this task picture $n$ has a weight $a_n > 0$. <<why>>. Mean and
covariance are weighted: $\bar x = \sum_n p_n x^{(n)}$ and
$S = \sum_n p_n (x^{(n)} - \bar x)(x^{(n)} - \bar x)^\top$ with $p_n = a_n / \sum_m a_m$. Let $B$ be the
matrix whose rows are $\sqrt{p_n}\, (x^{(n)} - \bar x)$, so that $S = B^\top B$.""",
        ),
        Edit(
            EQUATION,
            r"$$B B^\top v = \lambda v \;\Rightarrow\; S\, (B^\top v) = \lambda\, (B^\top v)$$",
        ),
        Edit(LIFTED, LIFTED.replace(r"X^\top v", r"B^\top v")),
        Edit(
            GRAM_TEXT,
            "Write `gram_components(x, weights, k)`, where `weights` holds the $N$ numbers $a_n$, "
            + PAIR_TEXT,
        ),
        Cell(
            "gram",
            '''def gram_components(x, weights, k):
    """Weighted components W <<small_shape>> and variances (k,), <<doc_order>>."""
    ### BEGIN SOLUTION
    p = weights / weights.sum()
    B = np.sqrt(p)[:, None] * (x - p @ x)  # (N, D)
    values, vectors = np.linalg.eigh(B @ B.T)  # (N,), (N, N)
    values, vectors = values[-k:], vectors[:, -k:]  # from small to large
    vectors = B.T @ vectors / np.sqrt(values)
    return <<taken>>
    ### END SOLUTION''',
        ),
        *_gram_tests("weighted=True<<form>>"),
        Edit(
            "W, variances = gram_components(faces, 60)",
            "weights = np.linspace(1, 2, len(faces))\n"
            "W, variances = gram_components(faces, weights, 60)",
        ),
        Edit("W.T[:16].reshape", "<<seen>>.reshape"),
    ),
    drawn_weights,
)


def _scaled(rng: np.random.Generator) -> Values:
    inverse = bool(rng.integers(2))
    rising = bool(rng.integers(2))
    asks = {
        False: "as long as the standard deviation of its scores, $\\sqrt{\\lambda_k}$, so that "
        "$W W^\\top$ is the\npart of $S$ that the components hold",
        True: "as long as $1 / \\sqrt{\\lambda_k}$, so that the scores $W^\\top (x - \\bar x)$ "
        "have variance one",
    }
    turned = "" if rising else "[:, ::-1]"
    scale = "np.sqrt(len(x))" if not inverse else "(np.sqrt(len(x)) * values)"
    return {
        "length": "1 / deviation" if inverse else "deviation",
        "asks": asks[inverse],
        "order": "smallest of the $K$ first" if rising else "largest first",
        "order_key": ', order="rising"' if rising else "",
        "pair": r"\sqrt{\lambda_K}, \dots, \sqrt{\lambda_1}"
        if rising
        else r"\sqrt{\lambda_1}, \dots, \sqrt{\lambda_K}",
        "code": f"    W = X.T @ vectors / {scale}\n"
        f"    return W{turned}, np.sqrt(values){'' if rising else '[::-1]'}",
        "how": "1 / sqrt(variance)" if inverse else "sqrt(variance)",
        "doc_order": "smallest first" if rising else "largest first",
        "seen": "W.T[::-1]" if rising else "W.T",
    }


SCALED = Twist(
    2,
    "components as long as their standard deviation or one over it, with standard deviations",
    (
        Edit(
            ROW,
            "| 2 | scaled components of pictures with more pixels than there are pictures | 4 |",
        ),
        Edit(HEAD, "## Task 2: twelve pictures, a million pixels, another scale (4 points)"),
        Edit(
            GRAM_TEXT,
            "Write `gram_components(x, k)`, which returns the pair $(W, (<<pair>>))$\nof shapes "
            "$(D, K)$ and $(K,)$, for $k \\le N - 1$. Column $k$ of $W$ has the direction of component\n"
            "$k$, and it is <<asks>>.\nThe second part holds standard deviations, <<order>>, and the "
            "columns have the same order.",
        ),
        Cell(
            "gram",
            '''def gram_components(x, k):
    """Components W (D, k), length <<how>>, and deviations (k,), <<doc_order>>."""
    ### BEGIN SOLUTION
    X = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(X @ X.T / len(x))  # (N,), (N, N)
    values, vectors = values[-k:], vectors[:, -k:]  # the largest, from small to large
<<code>>
    ### END SOLUTION''',
        ),
        *_gram_tests('length="<<length>>"<<order_key>>'),
        Edit(
            SHOWN,
            "W, deviations = gram_components(faces, 60)\n"
            "first = <<seen>>[:16] / np.abs(<<seen>>[:16]).max(axis=1, keepdims=True)\n"
            "plots.image_grid(first.reshape(-1, 64, 64), columns=8, vmin=-1, vmax=1);",
        ),
    ),
    _scaled,
)

GRAM = [COLUMNS, WEIGHTED, SCALED]
