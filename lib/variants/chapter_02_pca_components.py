"""Twists of chapter 2, task 1: components of other layouts, weights and orders."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 1 | mean, covariance and principal components | 7 |"
HEAD = "## Task 1: principal components (7 points)"

#: Calls of the checks in the test cells of each task.
CALLS = (
    "check_covariance(mean_and_covariance, rng, n=n)",
    "check_covariance(mean_and_covariance, rng, n=n, d=d)",
    "check_covariance(mean_and_covariance, rng, shift=1e7)",
)
WHY = {
    "trust": "It says how far the picture can be trusted: a blurred one has a small weight",
    "town": "It says how many people of a town the picture stands for, in thousands",
    "film": "It says for how many seconds a film showed the picture",
}


def drawn_answer(rng: np.random.Generator) -> dict[str, str]:
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
        loop_test("components-random", call, asked, "", 2, few),
        loop_test("components-edges", call, asked, hidden, 3, edges),
    )


def loop_test(name: str, call: str, asked: str, hidden: str, seed: int, sizes: str) -> Cell:
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


COLUMNS = Twist(
    1,
    "the pictures are the columns of x; components in rows or columns, falling or rising",
    (
        Edit(ROW, "| 1 | mean, covariance and principal components of pictures in columns | 7 |"),
        Edit(
            HEAD
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
        *(_called(call, ', layout="columns"') for call in CALLS),
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
    drawn_answer,
)


def drawn_weights(rng: np.random.Generator) -> Values:
    """The same with a reason for weights."""
    return drawn_answer(rng) | {"why": WHY[str(rng.choice(list(WHY)))]}


WEIGHTED = Twist(
    1,
    "each picture has a weight; components in rows or columns, falling or rising",
    (
        Edit(ROW, "| 1 | weighted mean, covariance and principal components | 7 |"),
        Edit(
            HEAD
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
        *(_called(call, ", weighted=True") for call in CALLS),
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
    drawn_weights,
)

COMPONENTS = [COLUMNS, WEIGHTED]
