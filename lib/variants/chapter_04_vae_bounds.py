"""Twists of chapter 4's task 6: other arrays, other powers, several encoders."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist

DRAWN = "Draw $z_1, \\dots, z_S$ from $q(z \\mid x)$ and average the ratios, not their logarithms:"
INSIDE = "\\frac1S \\sum_{j=1}^{S} \\frac{p(x, z_j)}{q(z_j \\mid x)}"
WANTED = """\
Write `iw_bound(log_joint, log_q)`, which returns the value inside the expectation for each of $N$ pictures,
shape $(N,)$. Entry $(j, n)$ of the two arrays, shape $(S, N)$, is $\\log p(x^{(n)}, z_j)$ and
$\\log q(z_j \\mid x^{(n)})$."""
DOC = '"""The importance-weighted bound from S samples, (S, N) -> (N,), in nats."""'
IMPORT = "from lib.homework_vae_bounds import check_importance"
CALLS = (
    "check_importance(iw_bound, rng, samples, n{})",
    "check_importance(iw_bound, rng, samples, n, far{})",
)


def other_check(name: str, more: str = "") -> tuple[Edit, ...]:
    """The tests ask another check."""
    calls = [Edit(c.format(""), c.replace("check_importance", name).format(more)) for c in CALLS]
    return (Edit(IMPORT, IMPORT.replace("check_importance", name)), *calls)


TERMS = Twist(
    6,
    "three arrays with a row for each picture: likelihood, posterior, prior",
    (
        Edit(INSIDE, "\\frac1S \\sum_{j=1}^{S} \\frac{p(x \\mid z_j)\\, p(z_j)}{q(z_j \\mid x)}"),
        Edit(
            WANTED,
            "Write `iw_bound(log_likelihood, log_q, log_prior)`, which returns the value inside the expectation for each\n"
            "of $N$ pictures, shape $(N,)$. The three arrays have shape $(N, S)$, a row for each picture: entry $(n, j)$ is\n"
            "$\\log p(x^{(n)} \\mid z_j)$, $\\log q(z_j \\mid x^{(n)})$ and $\\log p(z_j)$.",
        ),
        Edit("has a joint density near", "has a density near"),
        Edit("def iw_bound(log_joint, log_q):", "def iw_bound(log_likelihood, log_q, log_prior):"),
        Edit(DOC, '"""The importance-weighted bound from S samples, (N, S) -> (N,), in nats."""'),
        Solution(
            "importance",
            "ratio = log_likelihood + log_prior - log_q  # (N, S)\n"
            "largest = ratio.max(axis=1)\n"
            "return largest + np.log(np.exp(ratio - largest[:, None]).mean(axis=1))",
        ),
        *other_check("check_importance_terms"),
    ),
)


def draw_order(rng: np.random.Generator) -> dict[str, Any]:
    """The order of the bound, between 0 and 1."""
    order = rng.choice([0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8])
    return {"alpha": f"{order:g}", "power": f"{1 - order:g}"}


ORDER = Twist(
    6,
    "a bound from powers of the ratios",
    (
        Edit(
            DRAWN,
            "Between the bound that averages the logarithms of the ratios and the one that averages the ratios lies a\n"
            "whole family. Draw $z_1, \\dots, z_S$ from $q(z \\mid x)$ and average the ratios to the power of $1 - \\alpha$:",
        ),
        Edit(
            "\\mathcal{L}_S = \\mathbb{E}\\Bigl[ \\log " + INSIDE + " \\Bigr] \\le \\log p(x)",
            "\\mathcal{L}_{\\alpha, S} = \\mathbb{E}\\Bigl[ \\frac{1}{1 - \\alpha} \\log \\frac1S \\sum_{j=1}^{S} "
            "\\Bigl( \\frac{p(x, z_j)}{q(z_j \\mid x)} \\Bigr)^{1 - \\alpha} \\Bigr] \\le \\log p(x), \\qquad 0 \\le \\alpha < 1",
        ),
        Edit(
            "which returns the value inside the expectation for each of $N$ pictures,\nshape $(N,)$.",
            "which returns the value inside the expectation with $\\alpha = <<alpha>>$ for each of $N$\npictures, shape $(N,)$.",
        ),
        Edit(DOC, '"""The bound of order <<alpha>> from S samples, (S, N) -> (N,), in nats."""'),
        Solution(
            "importance",
            "power = <<power>>  # 1 - alpha\n"
            "ratio = power * (log_joint - log_q)\n"
            "largest = ratio.max(axis=0)\n"
            "return (largest + np.log(np.exp(ratio - largest).mean(axis=0))) / power",
        ),
        *other_check("check_importance_order", ", order=<<alpha>>"),
    ),
    draw_order,
)

SHARES = {
    "two": [(0.7, 0.3), (0.2, 0.8), (0.4, 0.6), (0.9, 0.1)],
    "three": [(0.5, 0.3, 0.2), (0.2, 0.2, 0.6), (0.1, 0.5, 0.4), (0.6, 0.1, 0.3)],
}


def draw_shares(rng: np.random.Generator) -> dict[str, Any]:
    """How many encoders there are, and how often each is asked."""
    number = str(rng.choice(list(SHARES)))
    shares = SHARES[number][rng.integers(4)]
    words = ", ".join(f"{share:.0%}" for share in shares[:-1]) + f" and {shares[-1]:.0%}"
    return {"number": number, "count": len(shares), "shares": shares, "words": words}


EXPERTS = Twist(
    6,
    "codes from a mixture of encoders",
    (
        Edit(
            DRAWN,
            "Somebody has trained <<number>> encoders $q_1, q_2, \\dots$ for one decoder. Each $z_j$ is drawn from one of\n"
            "them, which is chosen at random: in <<words>> of all cases, in this order. So $z_j$ comes from the mixture\n"
            "of the encoders, and this mixture is the $q(z \\mid x)$ of the bound:",
        ),
        Edit(
            WANTED,
            "Write `iw_bound(log_joint, log_q)`, which returns the value inside the expectation for each of $N$ pictures,\n"
            "shape $(N,)$. Entry $(j, n)$ of `log_joint`, shape $(S, N)$, is $\\log p(x^{(n)}, z_j)$. Entry $(i, j, n)$ of\n"
            "`log_q`, shape $(<<count>>, S, N)$, is $\\log q_i(z_j \\mid x^{(n)})$, the density under encoder $i$, whichever encoder\n"
            "$z_j$ came from.",
        ),
        Edit(
            DOC, '"""The bound from S samples of a mixture of encoders, (S, N) -> (N,), in nats."""'
        ),
        Solution(
            "importance",
            "def log_sum(terms):  # over the first axis\n"
            "    largest = terms.max(axis=0)\n"
            "    return largest + np.log(np.exp(terms - largest).sum(axis=0))\n"
            "\n"
            "shares = np.array(<<shares>>)[:, None, None]\n"
            "ratio = log_joint - log_sum(np.log(shares) + log_q)  # (S, N)\n"
            "return log_sum(ratio) - np.log(len(ratio))",
        ),
        *other_check("check_importance_experts", ", shares=<<shares>>"),
    ),
    draw_shares,
)
