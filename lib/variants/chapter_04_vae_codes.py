"""Twists of chapter 4's task 2: other divergences, other priors; and what an encoder's s may be."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist

#: What the encoder's second output s may be: in words, in formulas, in code.
WIDTHS = {
    "log-variance": {
        "width": "log-variance",
        "is": "the log-variance, $s = \\log \\sigma^2$",
        "is_k": "a log-variance $s_k$",
        "short": "the log-variance",
        "sigma": "torch.exp(s / 2)",
        "square": "torch.exp(s)",
        "minus_log_square": "- s",
        "log_square": "s",
        "sigma2": "exp(s)",
        "prior_sigma": "torch.exp(prior_s / 2)",
    },
    "log-std": {
        "width": "log-std",
        "is": "the logarithm of the standard deviation, $s = \\log \\sigma$",
        "is_k": "the logarithm $s_k = \\log \\sigma_k$ of a standard deviation",
        "short": "the logarithm of sigma",
        "sigma": "torch.exp(s)",
        "square": "torch.exp(2 * s)",
        "minus_log_square": "- 2 * s",
        "log_square": "2 * s",
        "sigma2": "exp(2 s)",
        "prior_sigma": "torch.exp(prior_s)",
    },
    "log-precision": {
        "width": "log-precision",
        "is": "the log-precision, $s = -\\log \\sigma^2$",
        "is_k": "a log-precision $s_k = -\\log \\sigma_k^2$",
        "short": "the log-precision",
        "sigma": "torch.exp(-s / 2)",
        "square": "torch.exp(-s)",
        "minus_log_square": "+ s",
        "log_square": "-s",
        "sigma2": "exp(-s)",
        "prior_sigma": "torch.exp(-prior_s / 2)",
    },
}
FORMULA = "$$ \\mathrm{KL}(q \\,\\Vert\\, p) = \\sum_x q(x) \\log \\frac{q(x)}{p(x)} $$"
RETURNED = "Write `discrete_kl(q, p)`, which returns this number in nats."
TABLE_DOC = '"""KL(q || p) in nats for two tables of probabilities."""'
ZERO = """\
A
value with $q(x) = 0$ adds nothing. A value with $q(x) > 0$ and $p(x) = 0$ makes the divergence infinite,
`np.inf`."""
ENCODER = """\
The encoder puts out a mean $\\mu_k$ and a log-variance $s_k$ for each latent variable. The
KL of its Gaussian from the prior $\\mathcal{N}(0, I)$ is a sum over the latent variables of a function of
$\\mu_k$ and $s_k$."""
SLIDES = """\
Slides print this formula with a minus sign in front, without the one half, or with
$\\sigma$ where $\\sigma^2$ is meant. Derive it, then write `kl_to_prior(mean, s)` in PyTorch. Both tensors
have shape"""
KL_DOC = '"""KL(N(mean, diag exp(s)) || N(0, I)) in nats, (N, K) -> (N,)."""'
TABLES = ("check_discrete(discrete_kl, rng{})", "check_discrete(discrete_kl, rng, zeros{})")
GAUSSIANS = (
    "for n, k in [(4, 3), (6, 2), (1, 5), (3, 10)]:\n        check_kl(kl_to_prior, rng, n, k{})",
    "for n, k in [(4, 1), (5, 60), (2, 4)]:\n        check_kl(kl_to_prior, rng, n, k{})",
)


def asked(calls: tuple[str, ...], more: str) -> tuple[Edit, ...]:
    """Tests that pass more keywords to a check."""
    return tuple(Edit(call.format(""), call.format(more)) for call in calls)


def draw_width(rng: np.random.Generator, public: bool = True) -> dict[str, Any]:
    """What s is; without `public`, never the log-variance."""
    names = [name for name in WIDTHS if public or name != "log-variance"]
    return dict(WIDTHS[names[rng.integers(len(names))]])


UNITS = {
    2: {"base": "2", "log": "log_2", "numpy": "np.log2", "unit": "bits", "digits": "binary"},
    10: {"base": "10", "log": "log_{10}", "numpy": "np.log10", "unit": "decimal digits",
         "digits": "decimal"},
}  # fmt: skip


def draw_unit(rng: np.random.Generator) -> dict[str, Any]:
    """The unit of the tables' divergence; the prior's width and that of the encoder."""
    std = rng.choice([0.25, 0.5, 1.5, 2.0, 2.5, 3.0, 4.0])
    return {**UNITS[int(rng.choice([2, 10]))], **draw_width(rng), "tau": f"{std:g}"}


UNIT = Twist(
    2,
    "the tables' divergence in bits or decimal digits; the prior has another variance",
    (
        Edit(FORMULA, FORMULA.replace("\\log", "\\<<log>>")),
        Edit(
            RETURNED,
            "Write `discrete_kl(q, p)`, which returns this number. With that logarithm it counts\n"
            "<<unit>>: so many <<digits>> digits does each message cost too much, on average, when the code was made\n"
            "for $p$.",
        ),
        Edit(TABLE_DOC, '"""KL(q || p) in <<unit>> for two tables of probabilities."""'),
        Solution(
            "discrete",
            "q, p = np.asarray(q), np.asarray(p)\n"
            "some = q > 0\n"
            "if (p[some] == 0).any():\n"
            "    return np.inf\n"
            "return (q[some] * <<numpy>>(q[some] / p[some])).sum()",
        ),
        Edit(
            ENCODER,
            "The encoder puts out a mean $\\mu_k$ and <<is_k>> for each latent\n"
            "variable. The prior is $\\mathcal{N}(0, \\tau^2 I)$ with $\\tau = <<tau>>$. The KL of the encoder's Gaussian from\n"
            "it, now in nats, is a sum over the latent variables of a function of $\\mu_k$ and $s_k$.",
        ),
        Edit(
            "Slides print this formula with a minus sign in front,",
            "Slides, which mostly have $\\tau = 1$, print this formula with a minus sign in front,",
        ),
        Edit(
            KL_DOC,
            '"""KL(N(mean, diag <<sigma2>>) || N(0, <<tau>>^2 I)) in nats, (N, K) -> (N,)."""',
        ),
        Solution(
            "gauss",
            "tau = <<tau>>  # of the prior\n"
            "ratio = (<<square>> + mean**2) / tau**2\n"
            "return 0.5 * (ratio - 1 <<minus_log_square>> + math.log(tau**2)).sum(dim=1)",
        ),
        *asked(TABLES, ", base=<<base>>"),
        *asked(GAUSSIANS, ', width="<<width>>", prior_std=<<tau>>'),
    ),
    draw_unit,
)


def draw_skew(rng: np.random.Generator) -> dict[str, Any]:
    """The share of p in the mixture, and what s is."""
    share = rng.choice([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
    return {**draw_width(rng), "share": f"{share:g}", "rest": f"{1 - share:.1g}"}


SKEW = Twist(
    2,
    "the divergence from a mixture of both tables; a prior with parameters of its own",
    (
        Edit(
            FORMULA,
            "$$\n\\begin{aligned}\n\\mathrm{KL}(q \\,\\Vert\\, m) &= \\sum_x q(x) \\log \\frac{q(x)}{m(x)} \\\\\n"
            "m(x) &= <<rest>>\\, q(x) + <<share>>\\, p(x)\n\\end{aligned}\n$$",
        ),
        Edit(
            "For two tables of probabilities,",
            "The divergence of $q$ from $p$ is infinite as soon as $p$ misses a single value of $q$. The *skew\n"
            "divergence* is the remedy: compare $q$ with a mixture of both tables,",
        ),
        Edit(
            ZERO,
            "A\nvalue with $q(x) = 0$ adds nothing. A value with $q(x) > 0$ and $p(x) = 0$ adds something finite.",
        ),
        Edit(
            TABLE_DOC,
            '"""KL(q || <<rest>> q + <<share>> p) in nats for two tables of probabilities."""',
        ),
        Solution(
            "discrete",
            "q, p = np.asarray(q), np.asarray(p)\n"
            "mixed = <<rest>> * q + <<share>> * p  # not 0 where q is not 0\n"
            "some = q > 0\n"
            "return (q[some] * np.log(q[some] / mixed[some])).sum()",
        ),
        Edit(
            ENCODER,
            "The encoder puts out a mean $\\mu_k$ and <<is_k>> for each latent\n"
            "variable. Here the prior is learnt too: $p(z)$ is a Gaussian with independent dimensions, with a mean\n"
            "and an $s$ of its own for each example, of the same kind. The KL of the encoder's Gaussian from it is a\n"
            "sum over the latent variables of a function of these four numbers.",
        ),
        Edit(
            SLIDES,
            "Slides print this formula with a minus sign in front, without the one half, or with\n"
            "the two variances exchanged. Derive it, then write `kl_to_prior(mean, s, prior_mean, prior_s)` in\n"
            "PyTorch. All four tensors have shape",
        ),
        Edit("def kl_to_prior(mean, s):", "def kl_to_prior(mean, s, prior_mean, prior_s):"),
        Edit(KL_DOC, '"""KL(q || p) in nats; s and prior_s are <<short>>, (N, K) -> (N,)."""'),
        Solution(
            "gauss",
            "sigma, prior_sigma = <<sigma>>, <<prior_sigma>>\n"
            "ratio = (sigma**2 + (mean - prior_mean) ** 2) / prior_sigma**2\n"
            "return (0.5 * (ratio - 1) + torch.log(prior_sigma / sigma)).sum(dim=1)",
        ),
        *asked(TABLES, ", mixed=<<share>>"),
        *asked(GAUSSIANS, ', width="<<width>>", learned=True'),
    ),
    draw_skew,
)

REVERSE = Twist(
    2,
    "the other direction, KL(p || q), for tables and Gaussians",
    (
        Edit(
            "For two tables of probabilities,\n\n" + FORMULA,
            "Some methods fit $q$ by the divergence in the other direction, where the average is\n"
            "over $p$:\n\n$$ \\mathrm{KL}(p \\,\\Vert\\, q) = \\sum_x p(x) \\log \\frac{p(x)}{q(x)} $$",
        ),
        Edit(
            ZERO,
            "A\nvalue with $p(x) = 0$ adds nothing. A value with $p(x) > 0$ and $q(x) = 0$ makes the divergence infinite,\n"
            "`np.inf`.",
        ),
        Edit(RETURNED + " Both arguments", RETURNED + " Mind the order of the arguments. Both"),
        Edit(TABLE_DOC, '"""KL(p || q) in nats for two tables of probabilities."""'),
        Edit(
            "# Hidden: values that q never takes, values that q takes and p never does.",
            "# Hidden: values that p never takes, values that p takes and q never does.",
        ),
        Solution(
            "discrete",
            "q, p = np.asarray(q), np.asarray(p)\n"
            "some = p > 0\n"
            "if (q[some] == 0).any():\n"
            "    return np.inf\n"
            "return (p[some] * np.log(p[some] / q[some])).sum()",
        ),
        Edit(
            ENCODER,
            "The encoder puts out a mean $\\mu_k$ and <<is_k>> for each latent\n"
            "variable. In this direction too, the KL of the prior $p(z) = \\mathcal{N}(0, I)$ from the encoder's Gaussian\n"
            "$q$, $\\mathrm{KL}(p \\,\\Vert\\, q)$, is a sum over the latent variables of a function of $\\mu_k$ and $s_k$.",
        ),
        Edit(
            SLIDES,
            "Slides print the formula for the other direction, $\\mathrm{KL}(q \\,\\Vert\\, p)$. Derive this one, then\n"
            "write `kl_to_prior(mean, s)` in PyTorch. Both tensors have shape",
        ),
        Edit(KL_DOC, '"""KL(N(0, I) || N(mean, diag <<sigma2>>)) in nats, (N, K) -> (N,)."""'),
        Solution(
            "gauss",
            "ratio = (1 + mean**2) / <<square>>\nreturn 0.5 * (ratio - 1 + (<<log_square>>)).sum(dim=1)",
        ),
        *asked(TABLES, ', direction="p || q"'),
        *asked(GAUSSIANS, ', width="<<width>>", reverse=True'),
    ),
    draw_width,
)
