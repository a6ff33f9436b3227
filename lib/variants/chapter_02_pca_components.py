"""Twists of chapter 2, tasks 1 and 2: components of other layouts, weights, orders and lengths."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW_1 = "| 1 | mean, covariance and principal components | 7 |"
ROW_2 = "| 2 | the same components when a picture has more pixels than there are pictures | 4 |"
HEAD_1 = "## Task 1: principal components (7 points)"
HEAD_2 = "## Task 2: twelve pictures, a million pixels (4 points)"

#: Calls of the checks in the test cells of each task.
CALLS_1 = (
    "check_covariance(mean_and_covariance, rng, n=n)",
    "check_covariance(mean_and_covariance, rng, n=n, d=d)",
    "check_covariance(mean_and_covariance, rng, shift=1e7)",
)
WHY = {
    "trust": "It says how far the picture can be trusted: a blurred one has a small weight",
    "town": "It says how many people of a town the picture stands for, in thousands",
    "film": "It says for how many seconds a film showed the picture",
}


def _answer(rng: np.random.Generator) -> dict[str, str]:
    """In which form components are returned: texts, code and keywords of the checks."""
    components = str(rng.choice(["columns", "rows"]))
    order = str(rng.choice(["falling", "rising"]))
    taken = {
        ("columns", "falling"): "vectors[:, ::-1][:, :k], values[::-1][:k]",
        ("columns", "rising"): "vectors[:, -k:], values[-k:]",
        ("rows", "falling"): "vectors.T[::-1][:k], values[::-1][:k]",
        ("rows", "rising"): "vectors.T[-k:], values[-k:]",
    }
    seen = {
        ("columns", "falling"): "W.T[:16]",
        ("columns", "rising"): "W.T[::-1][:16]",
        ("rows", "falling"): "W[:16]",
        ("rows", "rising"): "W[::-1][:16]",
    }
    last = "smallest of them first, so that the last {} belongs to $\\lambda_1$"
    one = components.removesuffix("s")
    falling = order == "falling"
    return {
        "one": one,
        "shape": "(D, K)" if one == "column" else "(K, D)",
        "small_shape": "(D, k)" if one == "column" else "(k, D)",
        "pair": r"\lambda_1, \dots, \lambda_K" if falling else r"\lambda_K, \dots, \lambda_1",
        "order": "largest variance first" if falling else last.format(one),
        "doc_order": "largest variance first" if falling else "smallest of them first",
        "taken": taken[components, order],
        "seen": seen[components, order],
        "form": _keywords(components=components, order=order),
    }


def _keywords(**given: str) -> str:
    """Keywords of a check that differ from its defaults, each after a comma."""
    public = {"components": "columns", "order": "falling"}
    return "".join(f', {name}="{v}"' for name, v in given.items() if public.get(name) != v)


def _called(call: str, more: str) -> Edit:
    return Edit(call, call[:-1] + more + ")")


def _twice(asked: str) -> tuple[Cell, ...]:
    """The two test cells of `principal_components`, whose calls are alike."""
    call = "check_components(principal_components, rng, n, d, k, **asked)"
    hidden = "# Hidden: one component, all components, fewer pictures than pixels, many pictures."
    few, edges = (
        "[(40, 6, 3), (30, 5, 2), (50, 8, 4)]",
        "[(40, 6, 1), (40, 6, 6), (6, 9, 5), (500, 12, 7)]",
    )
    return (
        _test("components-random", call, asked, "", 2, few),
        _test("components-edges", call, asked, hidden, 3, edges),
    )


def _test(name: str, call: str, asked: str, hidden: str, seed: int, sizes: str) -> Cell:
    """A test cell that loops over sizes (n, d, k); with the line `hidden`, a hidden one."""
    test = "test_" + name.replace("-", "_")
    code = f"""def {test}():
    from lib.homework_pca_components import {call.partition("(")[0]}

    rng = np.random.default_rng([SEED, {seed}])
    asked = dict({asked})
    for n, d, k in {sizes}:
        {call}


{test}()"""
    marks = f"{hidden}\n### BEGIN HIDDEN TESTS\n{code}\n### END HIDDEN TESTS"
    return Cell(name, marks if hidden else code)


def _components_text(argument: str, extra: str = "") -> tuple[Edit, ...]:
    return (
        Edit("`principal_components(x, k)`", f"`principal_components({argument}, k)`"),
        Edit(
            r"$(W, (\lambda_1, \dots, \lambda_K))$ of" + "\nshapes $(D, K)$ and $(K,)$: one "
            "component a column, largest variance first. The sign",
            "$(W, (<<pair>>))$ of\nshapes $<<shape>>$ and $(K,)$: one component a <<one>>, "
            f"<<order>>.{extra} The sign",
        ),
    )


COLUMNS_1 = Twist(
    1,
    "the pictures are the columns of x; components in rows or columns, falling or rising",
    (
        Edit(ROW_1, "| 1 | mean, covariance and principal components of pictures in columns | 7 |"),
        Edit(
            HEAD_1
            + r"""

Let $\bar x$ be the mean picture and $X$ the data matrix whose rows are $x^{(n)} - \bar x$. The
covariance matrix is $S = \frac1N X^\top X$, divided by $N$.""",
            r"""## Task 1: principal components, pictures in columns (7 points)

Many books write one picture a column, and so does this task: `x` has shape $(D, N)$. Let $\bar x$ be
the mean picture and $X$ the data matrix whose columns are $x^{(n)} - \bar x$. The covariance
matrix of the pixels is $S = \frac1N X X^\top$, divided by $N$.""",
        ),
        Cell(
            "covariance",
            '''def mean_and_covariance(x):
    """Mean (D,) and covariance (D, D) of the columns of x, (D, N)."""
    ### BEGIN SOLUTION
    mean = x.mean(axis=1)
    X = x - mean[:, None]
    return mean, X @ X.T / x.shape[1]
    ### END SOLUTION''',
        ),
        *(_called(call, ', layout="columns"') for call in CALLS_1),
        *_components_text("x", " As before, `x` has shape $(D, N)$."),
        Cell(
            "components",
            '''def principal_components(x, k):
    """Components W <<small_shape>>, one a <<one>>, and variances (k,) of x (D, N), <<doc_order>>."""
    ### BEGIN SOLUTION
    X = x - x.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(X @ X.T / x.shape[1])  # from small to large
    return <<taken>>
    ### END SOLUTION''',
        ),
        *_twice('layout="columns"<<form>>'),
    ),
    _answer,
)


def _weighted(rng: np.random.Generator) -> Values:
    return _answer(rng) | {"why": WHY[str(rng.choice(list(WHY)))]}


WEIGHTED_1 = Twist(
    1,
    "each picture has a weight; components in rows or columns, falling or rising",
    (
        Edit(ROW_1, "| 1 | weighted mean, covariance and principal components | 7 |"),
        Edit(
            HEAD_1
            + r"""

Let $\bar x$ be the mean picture and $X$ the data matrix whose rows are $x^{(n)} - \bar x$. The
covariance matrix is $S = \frac1N X^\top X$, divided by $N$.

Write `mean_and_covariance(x)`, which""",
            r"""## Task 1: principal components of weighted pictures (7 points)

In this task picture $n$ has a weight $a_n > 0$. <<why>>. The mean picture is
the weighted average $\bar x = \sum_n a_n x^{(n)} / A$ with $A = \sum_n a_n$. The covariance matrix is
a weighted average as well, $S = \frac1A \sum_n a_n (x^{(n)} - \bar x)(x^{(n)} - \bar x)^\top$.

Write `mean_and_covariance(x, weights)`, where `weights` holds the $N$ numbers $a_n$. It""",
        ),
        Cell(
            "covariance",
            '''def mean_and_covariance(x, weights):
    """Weighted mean (D,) and covariance (D, D) of the rows of x, (N, D); weights are (N,)."""
    ### BEGIN SOLUTION
    mean = weights @ x / weights.sum()
    X = x - mean
    return mean, (X.T * weights) @ X / weights.sum()
    ### END SOLUTION''',
        ),
        *(_called(call, ", weighted=True") for call in CALLS_1),
        Edit(
            "Each eigenvalue is the variance of the data along\nits component.",
            "Each eigenvalue is the weighted\nvariance of the data along its component.",
        ),
        *_components_text("x, weights"),
        Cell(
            "components",
            '''def principal_components(x, weights, k):
    """Components W <<small_shape>>, one a <<one>>, and variances (k,), <<doc_order>>."""
    ### BEGIN SOLUTION
    X = x - weights @ x / weights.sum()
    S = (X.T * weights) @ X / weights.sum()
    values, vectors = np.linalg.eigh(S)  # from small to large
    return <<taken>>
    ### END SOLUTION''',
        ),
        *_twice("weighted=True<<form>>"),
    ),
    _weighted,
)


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
        _test("gram-wide", call, asked, "", 4, "[(12, 1200, 3), (8, 1500, 5)]"),
        _test("gram-all", call, asked, hidden, 5, sizes),
    )


PAIR_TEXT = (
    "which returns the pair\n$(W, (<<pair>>))$ of shapes $<<shape>>$ and $(K,)$: one component "
    "of length one a\n<<one>>, <<order>>, for $k \\le N - 1$."
)
COLUMNS_2 = Twist(
    2,
    "the pictures are the columns of x; components in rows or columns, falling or rising",
    (
        Edit(
            ROW_2, "| 2 | components when a picture has more pixels than there are pictures | 4 |"
        ),
        Edit(
            HEAD_2,
            HEAD_2
            + "\n\nIn this task `x` has shape $(D, N)$, one picture a column. Its data matrix "
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
    _answer,
)

WEIGHTED_2 = Twist(
    2,
    "each picture has a weight; components in rows or columns, falling or rising",
    (
        Edit(
            ROW_2,
            "| 2 | weighted components when a picture has more pixels than there are pictures | 4 |",
        ),
        Edit(
            HEAD_2,
            HEAD_2
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
    _weighted,
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


SCALED_2 = Twist(
    2,
    "components as long as their standard deviation or one over it, with standard deviations",
    (
        Edit(
            ROW_2,
            "| 2 | scaled components of pictures with more pixels than there are pictures | 4 |",
        ),
        Edit(HEAD_2, "## Task 2: twelve pictures, a million pixels, another scale (4 points)"),
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

COMPONENTS = [COLUMNS_1, WEIGHTED_1, COLUMNS_2, WEIGHTED_2, SCALED_2]
