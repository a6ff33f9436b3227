"""Twists of chapter 8's homework, task 2: networks that say something else than log-variances."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Twist
from lib.variants.chapter_08_conditional_parts import asks

VAE = "## Task 2: a VAE that is told the class (5 points)"
LOSS = (
    "**b (3 points).** Write `conditional_loss(x, c, eps, encode, decode, prior, std)`, the loss "
    r"$-\mathcal L$ with one code a picture, as one number that gradients can go through. "
    "`encode(x, c)` and `prior(c)` each return a mean and a log-variance $(N, K)$. `decode(z, c)` "
    "returns the mean of"
)
BOUND = r"""
$$
\begin{aligned}
\mathcal L(x, y) = {} &\mathbb{E}_{q(z \mid x, y)}[\log p(x \mid z, y)] \\
&- \mathrm{KL}\bigl( q(z \mid x, y) \,\|\, p(z \mid y) \bigr)
\end{aligned}
$$ (eq-hw-conditional-bound)
"""

#: The noise of x -> texts of the statement and lines of the key.
NOISES = {
    "laplace": {
        "scale": "scale",
        "noise_text": "returns the centre of $p(x \\mid z, y)$, $(N, D)$, whose numbers are "
        "independent with the Laplace density $\\exp(-\\lvert x - m \\rvert / b) / (2 b)$ around "
        "their centre $m$; `scale` is $b$.",
        "noise_name": "Laplace density",
        "each": "(x - decode(z, c)).abs() / scale + np.log(2 * scale)",
    },
    "precision": {
        "scale": "precision",
        "noise_text": "returns the mean of $p(x \\mid z, y)$, $(N, D)$, whose numbers are "
        "independent Gaussians, each with the precision `precision`, which is "
        "$1 / \\text{variance}$.",
        "noise_name": "Gaussian",
        "each": "0.5 * (precision * (x - decode(z, c)).square() + np.log(2 * np.pi / precision))",
    },
}
#: What the networks say -> texts of the statement and lines of the key.
WIDTHS = {
    "log-std": {
        "letter": "r",
        "meaning": r"logarithms of standard deviations, $r = \log \sigma$",
        "short": r"the logarithm of the standard deviation, $r = \log \sigma$,",
        "where": "$r = 0$",
        "ratio": "(2 * ({0} - {1})).exp()",
        "square": "{2} * (-2 * {1}).exp()",
        "sum": "(ratio + square - 1) / 2 + {1} - {0}",
        "sigma": "r.exp()",
    },
    "log-precision": {
        "letter": "t",
        "meaning": r"logarithms of precisions, $t = \log(1 / \sigma^2)$",
        "short": r"the logarithm of the precision, $t = \log(1 / \sigma^2)$,",
        "where": "$t = 0$",
        "ratio": "({1} - {0}).exp()",
        "square": "{2} * {1}.exp()",
        "sum": "(ratio + square - 1 + {0} - {1}) / 2",
        "sigma": "(-t / 2).exp()",
    },
}


def draw_widths(rng: np.random.Generator) -> dict[str, Any]:
    """What stands for the width of a Gaussian, and the noise of x."""
    width = list(WIDTHS)[rng.integers(len(WIDTHS))]
    noise = list(NOISES)[rng.integers(len(NOISES))]
    own = dict(WIDTHS[width])
    letter = own["letter"]
    both = {"kl": (f"{letter}_q", "mean_q"), "rate": (letter, "mean")}
    for part in ("ratio", "square", "sum"):
        text = own.pop(part)
        for which, (q, mean) in both.items():
            own[f"{which}_{part}"] = text.format(q, f"{letter}_p", f"({mean} - mean_p).square()")
    return own | NOISES[noise] | {"width": width, "noise": noise}


OTHER_WIDTHS = Twist(
    2,
    "the networks say log sigma or log precision; other noise of x",
    (
        Cell(
            VAE,
            r"""
## Task 2: a VAE that is told the class (5 points)

A conditional VAE may learn its prior,
$p(z \mid y) = \mathcal N(\mu'(y), \mathrm{diag}\, \sigma'(y)^2)$. Its bound is
"""
            + BOUND
            + r"""
**a (2 points).** Write `kl_between(mean_q, <<letter>>_q, mean_p, <<letter>>_p)` in PyTorch, the
divergence $\mathrm{KL}(q \,\|\, p)$ of two diagonal Gaussians, in nats, one for each example. All
four are $(N, K)$; `<<letter>>_q` and `<<letter>>_p` are <<meaning>>. Gradients must reach all four.
For a $p$ with mean 0 and <<where>> you know the answer; derive this one the same way.
""",
        ),
        Cell(
            "kl",
            '''
def kl_between(mean_q, <<letter>>_q, mean_p, <<letter>>_p):
    """KL(q || p) of diagonal Gaussians, (N,); <<letter>> is the <<width>>."""
    ### BEGIN SOLUTION
    ratio = <<kl_ratio>>
    square = <<kl_square>>
    return (<<kl_sum>>).sum(dim=1)
    ### END SOLUTION
''',
        ),
        asks("kl-sizes", 'width="<<width>>"'),
        Cell(
            LOSS,
            r"""
**b (3 points).** Write `conditional_loss(x, c, eps, encode, decode, prior, <<scale>>)`, the loss
$-\mathcal L$ with one code a picture, as one number that gradients can go through. `encode(x, c)`
and `prior(c)` each return a mean and <<short>> both $(N, K)$. `decode(z, c)` <<noise_text>> `eps`,
$(N, K)$, is standard normal noise; the code is $z = \mu + \sigma \odot \epsilon$. Keep the constant
of the <<noise_name>>, so that the loss is minus a bound in nats.
""",
        ),
        Cell(
            "bound",
            '''
def conditional_loss(x, c, eps, encode, decode, prior, <<scale>>):
    """Minus the bound in nats, for x (N, D) and c (N, M); a scalar tensor."""
    ### BEGIN SOLUTION
    (mean, <<letter>>), (mean_p, <<letter>>_p) = encode(x, c), prior(c)
    z = mean + <<sigma>> * eps
    distortion = <<each>>
    ratio = <<rate_ratio>>
    square = <<rate_square>>
    rate = <<rate_sum>>
    return (distortion.sum(dim=1) + rate.sum(dim=1)).mean()
    ### END SOLUTION
''',
        ),
        asks("bound-near", 'width="<<width>>", noise="<<noise>>"'),
        asks("bound-sizes", 'width="<<width>>", noise="<<noise>>"'),
    ),
    draw_widths,
)


def draw_moved(rng: np.random.Generator) -> dict[str, Any]:
    """The noise of x."""
    noise = list(NOISES)[rng.integers(len(NOISES))]
    return NOISES[noise] | {"noise": noise}


MOVED = Twist(
    2,
    "the encoder says what it adds to the prior; other noise of x",
    (
        Cell(
            VAE,
            r"""
## Task 2: a VAE that is told the class (5 points)

A conditional VAE may learn its prior, $p(z \mid y) = \mathcal N(\mu', \mathrm{diag}\, \exp s')$,
where the mean $\mu'(y)$ and the log-variance $s'(y)$ come from a network. Deep models then let the
encoder start from the prior: it says only **what it changes**, a shift $\delta$ of the mean and a
change $\gamma$ of the log-variance, so that $q(z \mid x, y) = \mathcal N(\mu' + \delta,
\mathrm{diag}\, \exp(s' + \gamma))$. An encoder that says zero costs nothing. The bound is
"""
            + BOUND
            + r"""
**a (2 points).** Write `kl_between(shift, change, mean_p, s_p)` in PyTorch, the divergence
$\mathrm{KL}(q \,\|\, p)$ of two diagonal Gaussians, in nats, one for each example. All four are
$(N, K)$: `shift` is $\delta$, `change` is $\gamma$, `mean_p` and `s_p` are $\mu'$ and $s'$.
Gradients must reach all of them, where they matter: one of the four does not. For a $p$ with mean 0
and $s' = 0$ you know the answer; derive this one the same way.
""",
        ),
        Cell(
            "kl",
            '''
def kl_between(shift, change, mean_p, s_p):
    """KL(q || p), (N,), where q adds shift and change to mean and log-variance of p."""
    ### BEGIN SOLUTION
    # The difference of the means is the shift, and the ratio of the variances exp(change).
    return 0.5 * (change.exp() + shift.square() / s_p.exp() - 1 - change).sum(dim=1)
    ### END SOLUTION
''',
        ),
        asks("kl-sizes", "moved=True"),
        Cell(
            LOSS,
            r"""
**b (3 points).** Write `conditional_loss(x, c, eps, encode, decode, prior, <<scale>>)`, the loss
$-\mathcal L$ with one code a picture, as one number that gradients can go through. `prior(c)`
returns $\mu'$ and $s'$, `encode(x, c)` returns $\delta$ and $\gamma$, all $(N, K)$. `decode(z, c)`
<<noise_text>> `eps`, $(N, K)$, is standard normal noise; the code is
$z = \mu + \sigma \odot \epsilon$ with mean and standard deviation of $q$. Keep the constant of the
<<noise_name>>, so that the loss is minus a bound in nats.
""",
        ),
        Cell(
            "bound",
            '''
def conditional_loss(x, c, eps, encode, decode, prior, <<scale>>):
    """Minus the bound in nats, for x (N, D) and c (N, M); a scalar tensor."""
    ### BEGIN SOLUTION
    (shift, change), (mean_p, s_p) = encode(x, c), prior(c)
    z = mean_p + shift + ((s_p + change) / 2).exp() * eps
    distortion = <<each>>
    rate = 0.5 * (change.exp() + shift.square() / s_p.exp() - 1 - change)
    return (distortion.sum(dim=1) + rate.sum(dim=1)).mean()
    ### END SOLUTION
''',
        ),
        asks("bound-near", 'moved=True, noise="<<noise>>"'),
        asks("bound-sizes", 'moved=True, noise="<<noise>>"'),
    ),
    draw_moved,
)
