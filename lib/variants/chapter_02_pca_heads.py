"""Twists of chapter 2, task 6: landmarks in a photograph, landmarks of different quality."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 6 | a head from a few landmarks | 4 |"
HEAD = "## Task 6: a head from a few landmarks (4 points)"
MARKED = r"""Somebody has marked a few vertices, the set $A$, in
three dimensions, with noise of variance $\sigma^2$ on each coordinate. Let $y_i$ be the place that was marked for
vertex $i$, and let coefficient $k$ have the prior $\mathcal{N}(0, \lambda_k)$. The most probable head
then has the coefficients"""
LOSS = r"\frac{1}{\sigma^2} \sum_{i \in A} \lVert r_i \rVert^2 + \sum_{k=1}^{K} \frac{\alpha_k^2}{\lambda_k} \\"
ALPHA = r"\alpha &= \arg\min_{\alpha} " + LOSS
REST = r"r_i &= y_i - \bar s_i - \sum_{k=1}^{K} \alpha_k s_{k,i}"
WRITE = r"""Write `fit_head(y, mean, components, variances, seen, noise_variance)`, which returns $\alpha$, shape
$(K,)$. The inputs: `y` has shape $(L, 3)$, `mean` $(V, 3)$, `components` $(K, V, 3)$, `variances`
$(K,)$, and `seen` holds the $L$ indices of the marked vertices, in the order of the rows of `y`."""
CALLS = (
    "check_fit(fit_head, rng, n_seen)",
    "check_fit(fit_head, rng, n_seen, noise_variance)",
)
VIEWS = {
    "front": (
        2,
        "from the front, so the depth, the last of the three coordinates, is lost",
        "[0, 1]",
    ),
    "side": (
        0,
        "from the side, so the width, the first of the three coordinates, is lost",
        "[1, 2]",
    ),
    "above": (
        1,
        "from above, so the height, the second of the three coordinates, is lost",
        "[0, 2]",
    ),
}


def _layout(rng: np.random.Generator) -> tuple[str, str]:
    """Shape of the components, and the keyword of the check."""
    first = bool(rng.integers(2))
    return ("(V, 3, K)", ", by_vertex=True") if first else ("(K, V, 3)", "")


def _view(rng: np.random.Generator) -> Values:
    name = str(rng.choice(list(VIEWS)))
    lost, words, kept = VIEWS[name]
    shape, layout = _layout(rng)
    A = {
        "(K, V, 3)": f"components[:, seen][:, :, {kept}].reshape(len(components), -1).T",
        "(V, 3, K)": f"components[seen][:, {kept}].reshape(-1, len(variances))",
    }
    return {
        "view": words,
        "title": {"above": "a photograph from above"}.get(name, f"a photograph from the {name}"),
        "kept": kept,
        "A": A[shape],
        "shape": shape,
        "keywords": f", lost={lost}{layout}",
    }


PHOTOGRAPH = Twist(
    6,
    "the landmarks are marked in a photograph that loses a coordinate; another layout",
    (
        Edit(ROW, "| 6 | a head from a few landmarks in a photograph | 4 |"),
        Edit(HEAD, "## Task 6: a head from a few landmarks in <<title>> (4 points)"),
        Edit(
            MARKED,
            r"""Somebody has marked a few vertices, the set $A$, in a
photograph. The camera is far away and looks <<view>>. Let $P$ be the map that
leaves this coordinate out and keeps the other two, in their order. Let $y_i$ be the place in the
photograph, two numbers, that was marked for vertex $i$, with noise of variance $\sigma^2$ on each
number, and let coefficient $k$ have the prior $\mathcal{N}(0, \lambda_k)$. The most probable head then
has the coefficients""",
        ),
        Edit(REST, r"r_i &= y_i - P \left( \bar s_i + \sum_{k=1}^{K} \alpha_k s_{k,i} \right)"),
        Edit(
            WRITE,
            r"""Write `fit_head(y, mean, components, variances, seen, noise_variance)`, which returns $\alpha$, shape
$(K,)$. The inputs: `y` has shape $(L, 2)$, `mean` $(V, 3)$, `components` $<<shape>>$, `variances`
$(K,)$, and `seen` holds the $L$ indices of the marked vertices, in the order of the rows of `y`.""",
        ),
        Cell(
            "heads",
            '''def fit_head(y, mean, components, variances, seen, noise_variance):
    """Coefficients alpha (K,) of the most probable head with these landmarks (L, 2)."""
    ### BEGIN SOLUTION
    A = <<A>>  # (2 L, K)
    gap = (y - mean[seen][:, <<kept>>]).ravel()  # (2 L,)
    return np.linalg.solve(
        A.T @ A / noise_variance + np.diag(1 / variances), A.T @ gap / noise_variance
    )
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + "<<keywords>>)") for call in CALLS),
    ),
    _view,
)

#: How the noise of each landmark is given: its meaning, the weight of a landmark in TeX and code.
OWN = {
    "noise_variances": (
        r"the variance $\sigma_i^2$ of the noise on each of its coordinates",
        r"\frac{1}{\sigma_i^2}",
        "1 / noise_variances",
        r"\sigma_i^2",
    ),
    "noise_deviations": (
        r"the standard deviation $\sigma_i$ of the noise on each of its coordinates",
        r"\frac{1}{\sigma_i^2}",
        "1 / noise_deviations**2",
        r"\sigma_i",
    ),
    "noise_precisions": (
        r"the precision $\beta_i$ of each of its coordinates, one over the variance of the noise",
        r"\beta_i",
        "noise_precisions",
        r"\beta_i",
    ),
}


def _own(rng: np.random.Generator) -> Values:
    name = str(rng.choice(list(OWN)))
    meaning, weight, code, symbol = OWN[name]
    shape, layout = _layout(rng)
    A = {
        "(K, V, 3)": "components[:, seen].reshape(len(components), -1).T",
        "(V, 3, K)": "components[seen].reshape(-1, len(variances))",
    }
    return {
        "own": name,
        "meaning": meaning,
        "weight": weight,
        "weights": code,
        "symbol": symbol,
        "A": A[shape],
        "shape": shape,
        "keywords": f', own="{name}"{layout}',
    }


OWN_NOISE = Twist(
    6,
    "each landmark has a noise of its own; another layout",
    (
        Edit(ROW, "| 6 | a head from a few landmarks, good ones and bad ones | 4 |"),
        Edit(HEAD, "## Task 6: a head from a few landmarks, good ones and bad ones (4 points)"),
        Edit(
            MARKED,
            r"""Somebody has marked a few vertices, the set $A$, in
three dimensions. Some are sharp corners, others lie anywhere on a cheek: each landmark $i$ comes with
<<meaning>>. Let $y_i$ be the place that was
marked for vertex $i$, and let coefficient $k$ have the prior $\mathcal{N}(0, \lambda_k)$. The most
probable head then has the coefficients""",
        ),
        Edit(
            LOSS, LOSS.replace(r"\frac{1}{\sigma^2} \sum_{i \in A}", r"\sum_{i \in A} <<weight>>")
        ),
        Edit(
            WRITE,
            r"""Write `fit_head(y, mean, components, variances, seen, <<own>>)`, which returns $\alpha$,
shape $(K,)$. The inputs: `y` has shape $(L, 3)$, `mean` $(V, 3)$, `components` $<<shape>>$, `variances`
$(K,)$, and `seen` holds the $L$ indices of the marked vertices, in the order of the rows of `y`.
`<<own>>` holds the $L$ numbers $<<symbol>>$ in this order.""",
        ),
        Cell(
            "heads",
            '''def fit_head(y, mean, components, variances, seen, <<own>>):
    """Coefficients alpha (K,) of the most probable head with these landmarks."""
    ### BEGIN SOLUTION
    A = <<A>>  # (3 L, K)
    gap = (y - mean[seen]).ravel()  # (3 L,)
    weights = np.repeat(<<weights>>, 3)  # one for each coordinate
    return np.linalg.solve((A.T * weights) @ A + np.diag(1 / variances), A.T @ (weights * gap))
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + "<<keywords>>)") for call in CALLS),
    ),
    _own,
)


def _standard(rng: np.random.Generator) -> Values:
    shape, layout = _layout(rng)
    A = {
        "(K, V, 3)": "components[:, seen].reshape(len(components), -1).T",
        "(V, 3, K)": "components[seen].reshape(-1, len(variances))",
    }
    letter = str(rng.choice(["b", "c", "t", "u"]))
    return {
        "letter": letter,
        "A": A[shape],
        "shape": shape,
        "keywords": f", standard=True{layout}",
    }


STANDARD = Twist(
    6,
    "coefficients are counted in standard deviations; another layout",
    (
        Edit(ROW, "| 6 | a head from a few landmarks, in standard deviations | 4 |"),
        Edit(HEAD, "## Task 6: a head from a few landmarks, in standard deviations (4 points)"),
        Edit(
            r"A head of the morphable model is $\bar s + \sum_k \alpha_k s_k$: a mean head and $K$ components of"
            "\nshape,",
            r"A head of the morphable model is $\bar s + \sum_k <<letter>>_k \sqrt{\lambda_k}\, s_k$: a mean head"
            "\nand $K$ components $s_k$ of shape,",
        ),
        Edit(
            r"let coefficient $k$ have the prior $\mathcal{N}(0, \lambda_k)$",
            r"let $<<letter>>_k$, which counts standard deviations, have the prior $\mathcal{N}(0, 1)$",
        ),
        Edit(
            ALPHA,
            r"<<letter>> &= \arg\min_{<<letter>>} \frac{1}{\sigma^2} \sum_{i \in A} \lVert r_i \rVert^2 "
            r"+ \sum_{k=1}^{K} <<letter>>_k^2 \\",
        ),
        Edit(
            REST,
            r"r_i &= y_i - \bar s_i - \sum_{k=1}^{K} <<letter>>_k \sqrt{\lambda_k}\, s_{k,i}",
        ),
        Edit(
            WRITE,
            r"""Write `fit_head(y, mean, components, variances, seen, noise_variance)`, which returns $<<letter>>$, shape
$(K,)$. The inputs: `y` has shape $(L, 3)$, `mean` $(V, 3)$, `components` $<<shape>>$ the $s_k$ without
their factors, `variances` $(K,)$ the $\lambda_k$, and `seen` holds the $L$ indices of the marked
vertices, in the order of the rows of `y`.""",
        ),
        Cell(
            "heads",
            '''def fit_head(y, mean, components, variances, seen, noise_variance):
    """Coefficients (K,), in standard deviations, of the most probable head with these landmarks."""
    ### BEGIN SOLUTION
    A = <<A>> * np.sqrt(variances)  # (3 L, K)
    gap = (y - mean[seen]).ravel()  # (3 L,)
    return np.linalg.solve(A.T @ A + noise_variance * np.eye(len(variances)), A.T @ gap)
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + "<<keywords>>)") for call in CALLS),
    ),
    _standard,
)

HEADS = [PHOTOGRAPH, OWN_NOISE, STANDARD]
