"""Twists of chapter 4's task 3: what s is, several codes, noise that is no Gaussian."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist
from lib.variants.chapter_04_vae_codes import asked, draw_width

DRAWN = """\
Write `draw_code(mean, s, generator)`, which draws one $z$ from $\\mathcal{N}(\\mu, \\operatorname{diag} \\sigma^2)$ for
each example, shape $(N, K)$."""
DRAW_DOC = '"""One z for each example from N(mean, diag exp(s)), (N, K)."""'
DRAWS = ("check_draw(draw_code, rng{})", "check_draw(draw_code, rng, n, k{})")
WIDTH = Twist(
    3,
    "s is the logarithm of sigma, or the log-precision",
    (
        Edit(DRAWN, "In this task the encoder's second output `s` is <<is>>.\n" + DRAWN),
        Edit(DRAW_DOC, '"""One z for each example from N(mean, diag <<sigma2>>), (N, K)."""'),
        Solution(
            "draw",
            "eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n"
            "return mean + <<sigma>> * eps",
        ),
        *asked(DRAWS, ', width="<<width>>"'),
    ),
    lambda rng: draw_width(rng, public=False),
)


def draw_samples(rng: np.random.Generator) -> dict[str, Any]:
    """How many codes the tests ask for, and what s is."""
    few, many = rng.choice([2, 3, 4, 5], size=2, replace=False)
    return {**draw_width(rng), "few": few, "many": many}


SAMPLES = Twist(
    3,
    "several codes for each example",
    (
        Edit(
            DRAWN,
            "A bound from several samples needs several codes for each example. Write\n"
            "`draw_code(mean, s, samples, generator)`, which draws `samples` independent $z$ from\n"
            "$\\mathcal{N}(\\mu, \\operatorname{diag} \\sigma^2)$ for each example. The result has shape $(S, N, K)$, the\n"
            "samples first. The encoder's second output `s` is <<is>>.",
        ),
        Edit("The gradient of $z$ with respect to", "The gradient of each $z$ with respect to"),
        Edit("def draw_code(mean, s, generator):", "def draw_code(mean, s, samples, generator):"),
        Edit(
            DRAW_DOC,
            '"""Some z for each example from N(mean, diag <<sigma2>>), (samples, N, K)."""',
        ),
        Solution(
            "draw",
            "shape = (samples, *mean.shape)\n"
            "eps = torch.randn(shape, generator=generator, dtype=mean.dtype)\n"
            "return mean + <<sigma>> * eps",
        ),
        Edit(DRAWS[0].format(""), DRAWS[0].format(', width="<<width>>", samples=<<few>>')),
        Edit(DRAWS[1].format(""), DRAWS[1].format(', width="<<width>>", samples=<<many>>')),
    ),
    draw_samples,
)


LAWS = {
    "Laplace": {
        "law": "Laplace",
        "article": "a Laplace distribution, which has heavier tails",
        "function": (
            "F(z) = \\begin{cases} \\tfrac12\\, e^{(z - \\mu) / b} & z < \\mu \\\\ "
            "1 - \\tfrac12\\, e^{-(z - \\mu) / b} & z \\ge \\mu \\end{cases}"
        ),
        "lines": (
            "u = torch.rand(mean.shape, generator=generator, dtype=mean.dtype) - 0.5\n"
            "eps = -torch.sign(u) * torch.log1p(-2 * torch.abs(u))"
        ),
    },
    "logistic": {
        "law": "logistic",
        "article": "a logistic distribution, whose distribution function is a sigmoid",
        "function": "F(z) = \\frac{1}{1 + e^{-(z - \\mu) / b}}",
        "lines": (
            "u = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)\n"
            "eps = torch.log(u) - torch.log1p(-u)"
        ),
    },
    "Gumbel": {
        "law": "Gumbel",
        "article": "a Gumbel distribution, that of a largest value",
        "function": "F(z) = \\exp \\bigl( -e^{-(z - \\mu) / b} \\bigr)",
        "lines": (
            "u = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)\n"
            "eps = -torch.log(-torch.log(u))"
        ),
    },
}
SCALES = [
    {"width": "log-std", "tells": "$s = \\log b$", "scale": "torch.exp(s)", "b": "exp(s)"},
    {"width": "log-variance", "tells": "$s = \\log b^2$", "scale": "torch.exp(s / 2)",
     "b": "exp(s/2)"},
    {"width": "log-precision", "tells": "$s = -2 \\log b$", "scale": "torch.exp(-s / 2)",
     "b": "exp(-s/2)"},
]  # fmt: skip
IMPORTED = "    from lib.homework_vae_codes import check_draw"


def draw_law(rng: np.random.Generator) -> dict[str, Any]:
    """The distribution of the noise, and what s says about its scale."""
    return {**LAWS[rng.choice(list(LAWS))], **SCALES[rng.integers(len(SCALES))]}


LAW = Twist(
    3,
    "the noise is Laplace, logistic or Gumbel noise",
    (
        Edit(
            DRAWN,
            "Gradients get through whenever a draw is noise that was stretched and moved, and the noise need not be\n"
            "Gaussian. Here the encoder's distribution is <<article>>: every latent\n"
            "variable has a location $\\mu$ and a scale $b$, and\n\n$$ <<function>> $$\n\n"
            "is the probability of a value below $z$. Draw $u$ evenly between 0 and 1, and solve $F(z) = u$ for $z$. The\n"
            "encoder puts out `mean`, which is $\\mu$, and `s`: <<tells>>.\n\n"
            "Write `draw_code(mean, s, generator)`, which draws one $z$ like this for each example, shape $(N, K)$.",
        ),
        Edit(
            "pass `dtype=mean.dtype` to `torch.randn`.", "pass `dtype=mean.dtype` to `torch.rand`."
        ),
        Edit(DRAW_DOC, '"""One z for each example, <<law>> with scale b = <<b>>, (N, K)."""'),
        Solution("draw", "<<lines>>\nreturn mean + <<scale>> * eps"),
        Edit(
            "The test draws thousands of codes and measures the noise.",
            "The test draws thousands of codes and compares the noise with the distribution.",
        ),
        Edit("def test_draw_law():\n" + IMPORTED, "def test_draw_law():\n" + IMPORTED + "_law"),
        Edit(
            "def test_draw_shapes():\n" + IMPORTED, "def test_draw_shapes():\n" + IMPORTED + "_law"
        ),
        Edit(
            "check_draw(draw_code, rng)",
            'check_draw_law(draw_code, rng, law="<<law>>", width="<<width>>")',
        ),
        Edit(
            "check_draw(draw_code, rng, n, k)",
            'check_draw_law(draw_code, rng, n, k, law="<<law>>", width="<<width>>")',
        ),
    ),
    draw_law,
)
