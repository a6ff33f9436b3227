"""The twist of chapter 4's task 1 with a temperature and shared variances."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist
from lib.variants.chapter_04_vae_mixture import (
    BOUND,
    BOUND_DEFINED,
    CALL,
    DEFINED,
    DOCSTRING,
    FRACTION,
    GAUSSIANS,
    IS_BOUND,
    M_STEP_KEY,
    RETURNS,
    ROUTE,
    SIGMA_LINE,
    SQUARED,
    WANTED,
    asked,
)

COOLED = {
    "T": {
        "cooled": "T",
        "exponent": "1/T",
        "warmth_tex": "T",
        "divided": " / T",
        "entropy": "T * ",
        "story": (
            "An E-step at the **temperature** $T$ makes bolder or softer choices: $T = 1$ is Bayes' rule,\n"
            "$T \\to 0$ gives each example to one component, and large $T$ to all of them alike. People start hot\n"
            "and cool down, so that components do not settle too early."
        ),
    },
    "beta": {
        "cooled": "beta",
        "exponent": "\\beta",
        "warmth_tex": "\\tfrac{1}{\\beta}",
        "divided": " * beta",
        "entropy": "1 / beta * ",
        "story": (
            "An E-step with the **inverse temperature** $\\beta$ makes bolder or softer choices: $\\beta = 1$ is\n"
            "Bayes' rule, $\\beta \\to \\infty$ gives each example to one component, and $\\beta \\to 0$ to all of them\n"
            "alike. People start with a small $\\beta$ and raise it, so that components do not settle too early."
        ),
    },
}
TIED = {
    "components": {
        "tied": "components",
        "words": "All components share one variance for\neach dimension, so they have the same diagonal covariance $\\Sigma_m = \\Sigma$.",
        "shape": "(D,)",
        "column": "variances",
        "spread_tex": "\\sigma^2 &= \\frac{1}{N} \\sum_m \\sum_n r_{nm}\\, (x^{(n)} - \\mu_m)^2",
        "squared": "The square in the last line is taken of each dimension, and $\\sigma^2$ has $D$ entries.",
        "spread_line": "variances = (r[:, :, None] * squares).sum(axis=(0, 1)) / len(x)  # (D,)",
        "copies": "the plain mean of the copies. The variance is that of all copies around\nthe means of their components.",
    },
    "dimensions": {
        "tied": "dimensions",
        "words": "A component has one variance for\nall dimensions, so its covariance is $\\Sigma_m = \\sigma_m^2 I$.",
        "shape": "(M,)",
        "column": "variances[:, None]",
        "spread_tex": "\\sigma_m^2 &= \\frac{1}{D\\, N_m} \\sum_n r_{nm}\\, \\lVert x^{(n)} - \\mu_m \\rVert^2",
        "squared": "Each component has one $\\sigma_m^2$, whatever $D$ is.",
        "spread_line": "variances = (r * squares.sum(axis=2)).sum(axis=0) / (x.shape[1] * total)  # (M,)",
        "copies": "the plain mean of the copies. The variance is the average over\nthe dimensions of their variances.",
    },
}


def draw_annealed(rng: np.random.Generator) -> dict[str, Any]:
    """How the temperature is given and who shares a variance."""
    cooled, tied = rng.choice(list(COOLED)), rng.choice(list(TIED))
    return {**COOLED[cooled], **TIED[tied]}


HOT = ', tied="<<tied>>", cooled="<<cooled>>"'
ANNEALED_DENSITY = """\
gap = x[:, None, :] - means  # (N, M, D)
log_density = -0.5 * (gap**2 / <<column>> + np.log(2 * np.pi * <<column>>)).sum(axis=2)
log_joint = np.log(weights) + log_density
"""
ANNEALED = Twist(
    1,
    "the E-step has a temperature, and variances are shared",
    (
        Edit(
            GAUSSIANS + " The E-step computes the\nresponsibilities",
            "Here each component is a Gaussian with a mean $\\mu_m$. <<words>>\n\n<<story>> It computes\nthe responsibilities",
        ),
        Edit(
            FRACTION,
            "r_{nm} = \\frac{\\bigl(\\pi_m\\, \\mathcal{N}(x^{(n)}; \\mu_m, \\Sigma_m)\\bigr)^{<<exponent>>}}"
            "{\\sum_{m'} \\bigl(\\pi_{m'}\\, \\mathcal{N}(x^{(n)}; \\mu_{m'}, \\Sigma_{m'})\\bigr)^{<<exponent>>}}",
        ),
        Edit(
            WANTED,
            "Write `responsibilities(x, weights, means, variances, <<cooled>>)`. Shapes: `x` $(N, D)$, `weights` $(M,)$,\n"
            "`means` $(M, D)$, `variances` $<<shape>>$, and `<<cooled>>` is a number; the result has shape $(N, M)$.",
        ),
        Edit(DEFINED, "def responsibilities(x, weights, means, variances, <<cooled>>):"),
        Solution(
            "responsibilities",
            ANNEALED_DENSITY
            + "ratio = np.exp((log_joint - log_joint.max(axis=1, keepdims=True))<<divided>>)\n"
            + "return ratio / ratio.sum(axis=1, keepdims=True)",
        ),
        Edit(
            "The M-step takes the responsibilities as they are and moves the model:",
            "The M-step does not know the temperature. It takes the responsibilities as they are and moves the model:",
        ),
        Edit(SIGMA_LINE, "<<spread_tex>>"),
        Edit(SQUARED, "<<squared>>"),
        Edit(
            RETURNS,
            "Write `m_step(x, r)`, which returns the three arrays `(weights, means, variances)` of shapes $(M,)$, $(M, D)$\n"
            "and $<<shape>>$.",
        ),
        Edit(
            DOCSTRING,
            "Weights (M,), means (M, D) and variances <<shape>> of the best mixture for these r.",
        ),
        Solution("m-step", M_STEP_KEY.replace("<<returned>>", "total / len(x), means, variances")),
        Edit(
            "the right answer is the plain mean and variance of the copies.",
            "the right mean is\n<<copies>>",
        ),
        Edit(
            "For any probabilities $q(m)$, whether they are the responsibilities or not,",
            "What such an E-step climbs is a bound too. For any probabilities $q(m)$, whether they are the\n"
            "responsibilities or not,",
        ),
        Edit(
            IS_BOUND,
            "<<warmth_tex>> \\log \\sum_{m=1}^{M} \\bigl(\\pi_m\\, \\mathcal{N}(x; \\mu_m, \\Sigma_m)\\bigr)^{<<exponent>>} \\ge "
            "\\mathcal{L}(q, \\theta; x) = \\sum_{m=1}^{M} q(m) \\Bigl[ \\log \\bigl( \\pi_m\\, \\mathcal{N}(x; \\mu_m, \\Sigma_m) \\bigr)"
            " - <<warmth_tex>> \\log q(m) \\Bigr]",
        ),
        Edit(CALL, "Write `lower_bound(x, q, weights, means, variances, <<cooled>>)`,"),
        Edit(BOUND_DEFINED, "def lower_bound(x, q, weights, means, variances, <<cooled>>):"),
        Edit(
            "The bound on log p(x) that q (N, M) gives, for each example: (N,).",
            "The bound at this temperature that q (N, M) gives, for each example: (N,).",
        ),
        Solution("bound", ANNEALED_DENSITY + BOUND.replace("<<warmth>>", "<<entropy>>")),
        Edit(
            ROUTE,
            "The test computes the left-hand side and takes away $<<warmth_tex>>\\, \\mathrm{KL}(q \\,\\Vert\\, r)$, where $r$ are the\n"
            "responsibilities at this temperature. That is the same number on another route.",
        ),
        *asked(HOT, ', tied="<<tied>>"'),
    ),
    draw_annealed,
)
