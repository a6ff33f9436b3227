"""Twists of chapter 2, task 3: other layouts and scales of scores, other errors and bounds."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 3 | scores, reconstructions and their error, how many components | 5 |"
HEAD = "## Task 3: there and back (5 points)"
THERE = r"""With components $W$, a picture has the scores $z = W^\top (x - \bar x)$. The way back from scores
to a picture is $\bar x + W z$.

Write two functions for many pictures at once, one a row.

- `encode(x, mean, W)` takes pictures $(N, D)$ and returns scores $(N, K)$.
- `decode(z, mean, W)` takes scores $(N, K)$ and returns pictures $(N, D)$."""
SUMMED = """The error is summed over pixels and averaged over pictures, as everywhere in this book. Write
`reconstruction_error(x, mean, W)`, which returns the left side for any pictures. The test compares it
with the right side."""
ENOUGH = r"""How many components are enough? Write `n_components(variances, share)`: the smallest $K$ whose
components hold **at least** the given share of the whole variance. `variances` holds all
eigenvalues from large to small, and $0 < \text{share} \le 1$."""

#: Measure of the error -> its text, its docstring, its code for the array `rest` of differences.
MEASURES = {
    "sum": (
        SUMMED,
        "Squared error, summed over pixels, averaged over pictures",
        "(rest**2).sum() / <<n>>",
    ),
    "pixel": (
        "Here the error is wanted per pixel: the mean of $(x - \\hat x)^2$ over all pictures **and** all "
        "pixels.\nWrite `reconstruction_error(x, mean, W)`, which returns it for any pictures. The test "
        "knows it from the\ndropped eigenvalues.",
        "Squared error, averaged over pictures and pixels",
        "(rest**2).mean()",
    ),
    "root": (
        "Here the error is wanted as a difference of grey values: the root of the mean of "
        "$(x - \\hat x)^2$\nover all pictures **and** all pixels. Write "
        "`reconstruction_error(x, mean, W)`, which returns it for\nany pictures. The test knows it from "
        "the dropped eigenvalues.",
        "Root mean square difference of a grey value",
        "np.sqrt((rest**2).mean())",
    ),
    "share": (
        "Here the error is wanted as a share: divide the left side by $\\frac1N \\sum_n \\lVert x^{(n)} - "
        "\\bar x \\rVert^2$,\nthe error without any component. Write `reconstruction_error(x, mean, W)`, "
        "which returns this share\nfor any pictures. The test knows it from the dropped eigenvalues.",
        "Squared error as a share of the squared distance from the mean",
        "(rest**2).sum() / (X**2).sum()",
    ),
}
#: What bounds K -> its text, its docstring, its code for the array `kept` of summed variances.
BOUNDS = {
    "lost": (
        "How many components are enough? Write `n_components(variances, lost)`: the smallest $K \\ge 1$ "
        "whose\nreconstructions lose **at most** the share `lost` of the whole variance. `variances` "
        "holds all\neigenvalues from <<from_to>>, and $0 \\le \\text{lost} < 1$.",
        "The smallest number of components that lose at most this share of the variance.",
        "kept[-1] - kept <= lost * kept[-1]",
    ),
    "error": (
        "How many components are enough? Write `n_components(variances, allowed)`: the smallest "
        "$K \\ge 1$ for\nwhich the right side of the equation above is **at most** `allowed`. `variances` "
        "holds all eigenvalues from\n<<from_to>>, and $\\text{allowed} \\ge 0$.",
        "The smallest number of components whose error is at most this.",
        "kept[-1] - kept <= allowed",
    ),
}


def _bound(rng: np.random.Generator) -> dict[str, str]:
    """What bounds K, and the order of the variances."""
    asks, rising = str(rng.choice(list(BOUNDS))), bool(rng.integers(2))
    text, doc, code = BOUNDS[asks]
    falling = "" if not rising else "[::-1]"
    return {
        "bound_text": text.replace("<<from_to>>", "small to large" if rising else "large to small"),
        "bound_doc": doc,
        "bound_code": f"kept = np.cumsum(variances{falling})  # its last entry is the whole\n"
        f"    return int(np.argmax({code})) + 1",
        "bound": "allowed" if asks == "error" else asks,
        "asks": f'asks="{asks}", order="{"rising" if rising else "falling"}"',
    }


def _measure(measure: str, n: str) -> dict[str, str]:
    text, doc, code = MEASURES[measure]
    return {
        "error_text": text,
        "error_doc": doc,
        "error_code": code.replace("<<n>>", n),
        "measure": measure,
    }


def _columns(rng: np.random.Generator) -> Values:
    return _bound(rng) | _measure(str(rng.choice(list(MEASURES))), "x.shape[1]")


def _whitened(rng: np.random.Generator) -> Values:
    return _bound(rng) | _measure(str(rng.choice(["pixel", "root", "share"])), "len(x)")


def _tests(more: str, error: str) -> tuple[Edit, ...]:
    """The calls of the checks, with `more` for the ways there and back and `error` for the error."""
    return (
        Edit("check_encode(encode, rng, k=k)", f"check_encode(encode, rng, k=k, {more})"),
        Edit("[SEED, 7]), d=5, k=5)", f"[SEED, 7]), d=5, k=5, {more})"),
        Edit("check_decode(decode, rng, k=k)", f"check_decode(decode, rng, k=k, {more})"),
        Edit("[SEED, 9]), d=5, k=5)", f"[SEED, 9]), d=5, k=5, {more})"),
        Edit(
            "check_error(reconstruction_error, rng, k)",
            f"check_error(reconstruction_error, rng, k, {error})",
        ),
        Edit(
            "check_share(n_components, np.random.default_rng([SEED, 11]))",
            "check_share(n_components, np.random.default_rng([SEED, 11]), <<asks>>)",
        ),
        Edit("check_share(n_components, rng)", "check_share(n_components, rng, <<asks>>)"),
        Edit(
            "shares that K components hold exactly, and shares in between",
            "bounds that K components meet exactly, and bounds in between",
        ),
    )


ENOUGH_TEXT = (
    Edit(SUMMED, "<<error_text>>"),
    Edit(ENOUGH, "<<bound_text>>"),
    Cell(
        "share",
        '''def n_components(variances, <<bound>>):
    """<<bound_doc>>"""
    ### BEGIN SOLUTION
    <<bound_code>>
    ### END SOLUTION''',
    ),
)

COLUMNS = Twist(
    3,
    "pictures and scores are columns, components are rows; another error; a bound on what is lost",
    (
        Edit(
            ROW,
            "| 3 | pictures in columns: scores, reconstructions, error, how many components | 5 |",
        ),
        Edit(HEAD, "## Task 3: there and back, in columns (5 points)"),
        Edit(
            THERE,
            r"""In this task a component is a **row** of $W$, shape $(K, D)$, and a picture is a **column** of `x`,
shape $(D, N)$. A picture $x$ has the scores $z = W (x - \bar x)$. The way back from scores to a
picture is $\bar x + W^\top z$.

Write two functions for many pictures at once, one a column.

- `encode(x, mean, W)` takes pictures $(D, N)$ and returns scores $(K, N)$.
- `decode(z, mean, W)` takes scores $(K, N)$ and returns pictures $(D, N)$.

`mean` has shape $(D,)$.""",
        ),
        Cell(
            "encode",
            '''def encode(x, mean, W):
    """Scores (K, N) of the pictures x (D, N)."""
    ### BEGIN SOLUTION
    return W @ (x - mean[:, None])
    ### END SOLUTION''',
        ),
        Cell(
            "decode",
            '''def decode(z, mean, W):
    """Pictures (D, N) with the scores z (K, N)."""
    ### BEGIN SOLUTION
    return mean[:, None] + W.T @ z
    ### END SOLUTION''',
        ),
        Edit(
            r"A reconstruction is $\hat x = \bar x + W z$, encoded and decoded.",
            r"A reconstruction is $\hat x = \bar x + W^\top z$, encoded and decoded.",
        ),
        Cell(
            "error",
            '''def reconstruction_error(x, mean, W):
    """<<error_doc>>; x is (D, N), W (K, D)."""
    ### BEGIN SOLUTION
    X = x - mean[:, None]
    rest = X - W.T @ (W @ X)
    return <<error_code>>
    ### END SOLUTION''',
        ),
        *ENOUGH_TEXT,
        *_tests('layout="columns"', 'layout="columns", measure="<<measure>>"'),
    ),
    _columns,
)

WHITENED = Twist(
    3,
    "scores of variance one; another error; a bound on what is lost",
    (
        Edit(
            ROW, "| 3 | scores of variance one, reconstructions, error, how many components | 5 |"
        ),
        Edit(HEAD, "## Task 3: there and back, with scores of variance one (5 points)"),
        Edit(
            THERE,
            r"""With components $W$, score $k$ of a picture has the variance $\lambda_k$ over the data. In this task
each score is counted in standard deviations, so that all have variance one:
$z = \Lambda^{-1/2} W^\top (x - \bar x)$, where the diagonal matrix $\Lambda$ holds
$\lambda_1, \dots, \lambda_K$. The way back from scores to a picture has to undo this.

Write two functions for many pictures at once, one a row.

- `encode(x, mean, W, variances)` takes pictures $(N, D)$ and returns scores $(N, K)$.
- `decode(z, mean, W, variances)` takes scores $(N, K)$ and returns pictures $(N, D)$.

`variances` holds the $K$ numbers $\lambda_k$, and columns of $W$ have length one.""",
        ),
        Cell(
            "encode",
            '''def encode(x, mean, W, variances):
    """Scores (N, K), in standard deviations, of the pictures x (N, D)."""
    ### BEGIN SOLUTION
    return (x - mean) @ W / np.sqrt(variances)
    ### END SOLUTION''',
        ),
        Cell(
            "decode",
            '''def decode(z, mean, W, variances):
    """Pictures (N, D) with the scores z (N, K), in standard deviations."""
    ### BEGIN SOLUTION
    return mean + (z * np.sqrt(variances)) @ W.T
    ### END SOLUTION''',
        ),
        Edit(
            r"A reconstruction is $\hat x = \bar x + W z$, encoded and decoded.",
            r"A reconstruction $\hat x$ is a picture, encoded and decoded. It is $\bar x + W W^\top (x - \bar x)$,"
            "\nwhatever the scale of the scores.",
        ),
        Cell(
            "error",
            '''def reconstruction_error(x, mean, W):
    """<<error_doc>>; x is (N, D), W (D, K)."""
    ### BEGIN SOLUTION
    X = x - mean
    rest = X - X @ W @ W.T
    return <<error_code>>
    ### END SOLUTION''',
        ),
        *ENOUGH_TEXT,
        *_tests("whitened=True", 'measure="<<measure>>"'),
    ),
    _whitened,
)

SCORES = [COLUMNS, WHITENED]
