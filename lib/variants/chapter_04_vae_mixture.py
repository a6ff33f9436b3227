"""Twists of chapter 4's task 1: spreads given differently, a temperature, other components."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist

NEAR = (
    "    for m, d in [(3, 2), (2, 1), (5, 3), (4, 6)]:\n"
    "        check_responsibilities(responsibilities, rng, m, d{more})"
)
FAR = "for m, d, far in [(1, 3, 0.0), (3, 700, 0.0), (4, 2, 300.0)]:"
M_STEP = "        check_m_step(m_step, rng, n, m, d{more})"
SEEN = "    for n, m, d in [(20, 3, 2), (30, 2, 4), (15, 2, 3), (25, 4, 3)]:\n"
HIDDEN = "    for n, m, d in [(9, 1, 2), (40, 3, 1), (200, 12, 5)]:\n"
ANY = (
    "    for m, d in [(3, 2), (2, 5), (4, 1), (6, 3)]:\n"
    "        check_bound(lower_bound, rng, m, d{more})"
)
ZEROS = "check_bound(lower_bound, rng, m, d, zeros=True{more})"
ONCE = "    check_responsibilities(responsibilities, rng{more})"
EACH = "check_responsibilities(responsibilities, rng, m, d, far{more})"


def asked(more: str, of_m_step: str) -> tuple[Edit, ...]:
    """The tests of the task with more keywords."""
    calls = [(NEAR, more), (EACH, more), (ONCE, more), (ANY, more), (ZEROS, more)]
    calls += [(SEEN + M_STEP, of_m_step), (HIDDEN + M_STEP, of_m_step)]
    return tuple(Edit(call.format(more=""), call.format(more=new)) for call, new in calls)


DENSITY = """\
gap = x[:, None, :] - means  # (N, M, D)
<<density>>
log_joint = <<log_weights>> + log_density
"""
SHARES = """\
ratio = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
return ratio / ratio.sum(axis=1, keepdims=True)
"""
BOUND = """\
log_q = np.log(np.where(q > 0, q, 1))
return (q * (log_joint - <<warmth>>log_q)).sum(axis=1)
"""
DEFINED = "def responsibilities(x, weights, means, variances):"
WANTED = """\
Write `responsibilities(x, weights, means, variances)`. Shapes: `x` $(N, D)$, `weights` $(M,)$, `means`
and `variances` $(M, D)$; the result has shape $(N, M)$."""
GAUSSIANS = """\
Here each component is a Gaussian with a mean $\\mu_m$ and
one variance for each dimension, so its covariance $\\Sigma_m$ is diagonal."""
RETURNS = """\
Write `m_step(x, r)`, which returns the three arrays `(weights, means, variances)` of shapes $(M,)$, $(M, D)$
and $(M, D)$."""
DOCSTRING = (
    "Weights (M,), means (M, D) and variances (M, D) of the best mixture for these r (N, M)."
)
SIGMA_LINE = """\
\\sigma_m^2 &= \\frac{1}{N_m} \\sum_n r_{nm}\\, (x^{(n)} - \\mu_m)^2"""
SQUARED = "The square in the last line is taken of each dimension."
COPIES = "the right answer is the plain mean and variance of the copies."
FRACTION = """\
r_{nm} = \\frac{\\pi_m\\, \\mathcal{N}(x^{(n)}; \\mu_m, \\Sigma_m)}{\\sum_{m'} \\pi_{m'}\\, \\mathcal{N}(x^{(n)}; \\mu_{m'}, \\Sigma_{m'})}"""
IS_BOUND = """\
\\log p(x) \\ge \\mathcal{L}(q, \\theta; x) = \\sum_{m=1}^{M} q(m) \\log \\frac{\\pi_m\\, \\mathcal{N}(x; \\mu_m, \\Sigma_m)}{q(m)}"""
CALL = "Write `lower_bound(x, q, weights, means, variances)`,"
BOUND_DEFINED = "def lower_bound(x, q, weights, means, variances):"
ROUTE = """\
The test computes $\\log p(x)$ and takes away $\\mathrm{KL}(q \\,\\Vert\\, p(m \\mid x))$. That is the same number on
another route."""
M_STEP_KEY = """\
total = r.sum(axis=0)  # N_m, (M,)
means = r.T @ x / total[:, None]
squares = (x[:, None, :] - means) ** 2  # (N, M, D)
<<spread_line>>
return <<returned>>
"""

SPREADS = [
    {
        "spread": "precisions",
        "words": "one precision for each dimension, the inverse of the variance",
        "symbol": "\\lambda_m = 1 / \\sigma_m^2",
        "density": "log_density = 0.5 * (np.log(precisions / (2 * np.pi)) - precisions * gap**2).sum(axis=2)",
        "converted": "1 / variances",
        "plural": "precision of the copies, 1 over their variance",
    },
    {
        "spread": "stds",
        "words": "one standard deviation for each dimension",
        "symbol": "\\sigma_m",
        "density": "log_density = -(0.5 * (gap / stds) ** 2 + np.log(stds) + 0.5 * np.log(2 * np.pi)).sum(axis=2)",
        "converted": "np.sqrt(variances)",
        "plural": "standard deviation of the copies, divided by their number and not by one less",
    },
    {
        "spread": "log_variances",
        "words": "one log-variance for each dimension",
        "symbol": "\\log \\sigma_m^2",
        "density": (
            "squares = gap**2 * np.exp(-log_variances)\n"
            "log_density = -0.5 * (squares + log_variances + np.log(2 * np.pi)).sum(axis=2)"
        ),
        "converted": "np.log(variances)",
        "plural": "log-variance of the copies",
    },
]


def draw_spread(rng: np.random.Generator) -> dict[str, Any]:
    """What the Gaussians' spreads are given as."""
    return dict(SPREADS[rng.integers(len(SPREADS))])


NAMED = ', spread="<<spread>>"'
SPREAD = Twist(
    1,
    "the Gaussians have log weights, and precisions, standard deviations or log-variances",
    (
        Edit(
            GAUSSIANS,
            "Here each component is a Gaussian with a mean $\\mu_m$ and\n"
            "<<words>>, so its covariance $\\Sigma_m$ is diagonal. The weights are\n"
            "kept as logarithms: a component that is hardly used may then have a weight of $e^{-1000}$.",
        ),
        Edit(
            WANTED,
            "Write `responsibilities(x, log_weights, means, <<spread>>)`. Shapes: `x` $(N, D)$, `log_weights`\n"
            "$(M,)$, which holds $\\log \\pi_m$, `means` and `<<spread>>` $(M, D)$. Row $m$ of `<<spread>>` is\n"
            "$<<symbol>>$. The result has shape $(N, M)$.",
        ),
        Edit(DEFINED, "def responsibilities(x, log_weights, means, <<spread>>):"),
        Solution(
            "responsibilities",
            DENSITY.replace("<<log_weights>>", "log_weights") + SHARES,
        ),
        Edit(
            RETURNS,
            "Write `m_step(x, r)`, which returns the new mixture in the form that `responsibilities` takes: three\n"
            "arrays `(log_weights, means, <<spread>>)` of shapes $(M,)$, $(M, D)$ and $(M, D)$. Convert at the end.",
        ),
        Edit(
            DOCSTRING,
            "Log weights (M,), means and <<spread>> (M, D) of the best mixture for these r (N, M).",
        ),
        Solution(
            "m-step",
            M_STEP_KEY.replace(
                "<<spread_line>>",
                "variances = (r[:, :, None] * squares).sum(axis=0) / total[:, None]",
            ).replace("<<returned>>", "np.log(total / len(x)), means, <<converted>>"),
        ),
        Edit(
            COPIES,
            "the right answer is the logarithm of a\ncomponent's share of all copies, their plain mean, and the <<plural>>.",
        ),
        Edit(CALL, "Write `lower_bound(x, q, log_weights, means, <<spread>>)`,"),
        Edit(BOUND_DEFINED, "def lower_bound(x, q, log_weights, means, <<spread>>):"),
        Solution(
            "bound",
            DENSITY.replace("<<log_weights>>", "log_weights") + BOUND.replace("<<warmth>>", ""),
        ),
        *asked(NAMED, NAMED),
    ),
    draw_spread,
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
        "copies": "the plain mean of the copies, and the average over the dimensions of\ntheir variances.",
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

TWISTS = [SPREAD, ANNEALED, FAMILY]
