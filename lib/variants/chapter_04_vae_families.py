"""The twist of chapter 4's task 1 with Poisson, Bernoulli or exponential components."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist
from lib.variants.chapter_04_vae_mixture import (
    BOUND,
    BOUND_DEFINED,
    CALL,
    COPIES,
    DEFINED,
    DOCSTRING,
    FAR,
    FRACTION,
    GAUSSIANS,
    IS_BOUND,
    RETURNS,
    SHARES,
    SIGMA_LINE,
    SQUARED,
    WANTED,
    asked,
)

FAMILIES = {
    "poisson": {
        "family": "poisson",
        "title": "Poisson distributions",
        "story": (
            "Here the data are counts, $x_d \\in \\{0, 1, 2, \\dots\\}$. In component $m$ the\n"
            "dimensions are independent, and $x_d$ follows the Poisson distribution with the mean $\\mu_{md}$:\n"
            "$p(x_d \\mid m) = \\mu_{md}^{x_d}\\, e^{-\\mu_{md}} / x_d!$."
        ),
        "mentioned": "The factorial is the gamma function of $x_d + 1$, and `math.lgamma` is its logarithm.",
        "density": (
            "factorials = np.vectorize(math.lgamma)(x + 1).sum(axis=1, keepdims=True)  # (N, 1)\n"
            "log_density = x @ np.log(means).T - means.sum(axis=1) - factorials  # (N, M)"
        ),
    },
    "bernoulli": {
        "family": "bernoulli",
        "title": "Bernoulli distributions",
        "story": (
            "Here the data are pictures of black and white pixels, $x_d \\in \\{0, 1\\}$. In component\n"
            "$m$ the pixels are independent, and pixel $d$ is 1 with the probability $\\mu_{md}$, which is also its mean:\n"
            "$p(x_d \\mid m) = \\mu_{md}^{x_d} (1 - \\mu_{md})^{1 - x_d}$."
        ),
        "mentioned": "All means lie strictly between 0 and 1.",
        "density": "log_density = x @ np.log(means).T + (1 - x) @ np.log(1 - means).T  # (N, M)",
    },
    "exponential": {
        "family": "exponential",
        "title": "exponential distributions",
        "story": (
            "Here the data are waiting times, $x_d > 0$. In component $m$ the dimensions are\n"
            "independent, and $x_d$ follows the exponential distribution with the mean $\\mu_{md}$:\n"
            "$p(x_d \\mid m) = e^{-x_d / \\mu_{md}} / \\mu_{md}$."
        ),
        "mentioned": "Mind that $\\mu_{md}$ is the mean, not the rate.",
        "density": "log_density = -x @ (1 / means).T - np.log(means).sum(axis=1)  # (N, M)",
    },
}


def draw_family(rng: np.random.Generator) -> dict[str, Any]:
    """What the components are."""
    return dict(FAMILIES[rng.choice(list(FAMILIES))])


OTHER = ', family="<<family>>"'
JOINT = "<<density>>\nlog_joint = np.log(weights) + log_density\n"
FAMILY = Twist(
    1,
    "the components are Poisson, Bernoulli or exponential distributions",
    (
        Edit(
            "a mixture of Gaussians: responsibilities,", "a mixture of <<title>>: responsibilities,"
        ),
        Edit(GAUSSIANS, "<<story>>"),
        Edit(
            FRACTION,
            "r_{nm} = \\frac{\\pi_m\\, p(x^{(n)} \\mid m)}{\\sum_{m'} \\pi_{m'}\\, p(x^{(n)} \\mid m')}",
        ),
        Edit(
            "In 700 dimensions every density in this fraction",
            "where $p(x \\mid m) = \\prod_d p(x_d \\mid m)$. In 700 dimensions every $p(x \\mid m)$ in this fraction",
        ),
        Edit(
            WANTED,
            "Write `responsibilities(x, weights, means)`. Shapes: `x` $(N, D)$, `weights` $(M,)$, `means` $(M, D)$; the\n"
            "result has shape $(N, M)$. <<mentioned>>",
        ),
        Edit(DEFINED, "def responsibilities(x, weights, means):"),
        Solution("responsibilities", JOINT + SHARES),
        Edit(
            "# Hidden: one component, many dimensions, examples far away from every component.",
            "# Hidden: one component, many dimensions.",
        ),
        Edit(FAR, "for m, d, far in [(1, 3, 0.0), (3, 700, 0.0), (4, 1500, 0.0)]:"),
        Edit(
            " \\\\\n" + SIGMA_LINE + "\n\\end{aligned}\n$$ (eq-hw-vae-mstep)\n\n" + SQUARED,
            "\n\\end{aligned}\n$$ (eq-hw-vae-mstep)\n\n"
            "There is no third line: the mean is all that such a component has.",
        ),
        Edit(
            RETURNS,
            "Write `m_step(x, r)`, which returns the two arrays `(weights, means)` of shapes $(M,)$ and $(M, D)$.",
        ),
        Edit(DOCSTRING, "Weights (M,) and means (M, D) of the best mixture for these r (N, M)."),
        Solution(
            "m-step",
            "total = r.sum(axis=0)  # N_m, (M,)\nreturn total / len(x), r.T @ x / total[:, None]",
        ),
        Edit(COPIES, "the right answer is the plain mean of the copies."),
        Edit(
            IS_BOUND,
            "\\log p(x) \\ge \\mathcal{L}(q, \\theta; x) = \\sum_{m=1}^{M} q(m) \\log \\frac{\\pi_m\\, p(x \\mid m)}{q(m)}",
        ),
        Edit(CALL, "Write `lower_bound(x, q, weights, means)`,"),
        Edit(BOUND_DEFINED, "def lower_bound(x, q, weights, means):"),
        Solution("bound", JOINT + BOUND.replace("<<warmth>>", "")),
        *asked(OTHER, OTHER),
    ),
    draw_family,
)
