"""Chapter 4's task 1: its places, and the twist that gives the spreads differently."""

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
