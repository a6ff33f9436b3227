"""Other tasks 6 and 7 for chapter 6: other exact denoisers, other samplers."""

from __future__ import annotations

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_06_diffusion_edits import asking, moved, row

MIXTURE = "## Task 6: the exact denoiser (3 points)"
MIXTURE_ROW = "the exact denoiser of a mixture, and the score"
DEF = """def exact_denoiser(xt, t, weights, means, variance, alpha_bar):"""
DOC = '"""E[x_0 | x_t] and the score of q(x_t), (N, D) each."""'
SIZES = "for n, d, m in [(5, 2, 3), (4, 3, 2), (3, 1, 4), (6, 4, 3)]:\n        check_mixture"
CHAIN = "homework_diffusion_chain"


def mixture_tests(form: str) -> tuple[Edit, ...]:
    """The test cells of task 6 ask for a form."""
    return (
        *(moved("check_mixture", seed, "homework_diffusion_exact", CHAIN) for seed in (18, 19)),
        *asking(
            f'form="{form}"',
            "check_mixture(exact_denoiser, rng, n, d, m)",
            "check_mixture(exact_denoiser, rng, variance=0.0)",
            "check_mixture(exact_denoiser, rng, 6, 2, 5)",
            "check_mixture(exact_denoiser, rng, 4, 3, 1)",
            "check_mixture(exact_denoiser, rng, 3, 8, 50, variance=0.0)",
            "check_mixture(exact_denoiser, rng, 4, 2, 3, far=100.0)",
            "check_mixture(exact_denoiser, rng, 4, 2, 3, variance=0.0, far=300.0)",
        ),
    )


WIDTHS = Twist(
    6,
    "each component of the mixture has its own variance",
    (
        row(6, MIXTURE_ROW, "the exact denoiser of a mixture of several widths, and the score"),
        Cell(
            MIXTURE,
            MIXTURE
            + r"""

The best guess of $x_0$ in squared error is $\mathbb{E}[x_0 \mid x_t]$. A network only comes near it. But where the
data are a mixture of $M$ Gaussians, narrow ones and wide ones, it can be written down:

$$
p(x_0) = \sum_{m=1}^{M} \pi_m\, \mathcal{N}(x_0; \mu_m, \sigma_m^2 I)
$$ (eq-hw-diffusion-mixture)

Write `exact_denoiser(xt, t, weights, means, variances, alpha_bar)`. `xt` has shape $(N, D)$, `t` is one whole
number, `weights` holds $\pi_m$, shape $(M,)$, `means` the $\mu_m$, shape $(M, D)$, and `variances` the $\sigma_m^2$, shape
$(M,)$: **each component has its own**. They may be 0: then the data are $M$ points, such as all pictures of
a training set. Return two arrays of shape $(N, D)$: $\mathbb{E}[x_0 \mid x_t]$, and the score
$\nabla_{x_t} \log q(x_t)$, where $q(x_t)$ is the density of the noisy data.

Which component made $x_t$? Bayes' rule gives each its share $q(m \mid x_t)$. Points $x_t$ may lie far from
everything: your answer must stay finite.
""",
        ),
        Edit(DEF, DEF.replace("variance,", "variances,")),
        Solution(
            "mixture",
            """
kept = alpha_bar[t]
spread = kept * variances + 1 - kept  # (M,): of x_t within a component
gap = xt[:, None] - np.sqrt(kept) * means  # (N, M, D)
logs = np.log(weights) - (gap**2).sum(axis=2) / (2 * spread)
logs = logs - xt.shape[1] / 2 * np.log(spread)  # a wide component is thinner
shares = np.exp(logs - logs.max(axis=1, keepdims=True))
shares = shares / shares.sum(axis=1, keepdims=True)
guesses = means + (variances * np.sqrt(kept) / spread)[:, None] * gap
x0 = (shares[:, :, None] * guesses).sum(axis=1)
return x0, (np.sqrt(kept) * x0 - xt) / (1 - kept)
""",
        ),
        Edit(SIZES, SIZES.replace("(5, 2, 3)", "(5, 3, 3)")),
        *mixture_tests("widths"),
    ),
)

DOUBT = Twist(
    6,
    "the variance that is left in x_0, in the place of the score",
    (
        row(6, MIXTURE_ROW, "the exact denoiser of a mixture, and its doubt"),
        Cell(
            MIXTURE,
            r"""
## Task 6: the exact denoiser and its doubt (3 points)

The best guess of $x_0$ in squared error is $\mathbb{E}[x_0 \mid x_t]$. A network only comes near it. But where the
data are a mixture of $M$ Gaussians of one width, it can be written down, and so can the error that even
the best guess makes:

$$
p(x_0) = \sum_{m=1}^{M} \pi_m\, \mathcal{N}(x_0; \mu_m, \sigma_x^2 I)
$$ (eq-hw-diffusion-mixture)

Write `exact_denoiser(xt, t, weights, means, variance, alpha_bar)`. `xt` has shape $(N, D)$, `t` is one whole
number, `weights` holds $\pi_m$, shape $(M,)$, `means` the $\mu_m$, shape $(M, D)$, and `variance` is the number
$\sigma_x^2$. It may be 0: then the data are $M$ points, such as all pictures of a training set. Return two
arrays: the guess $\mathbb{E}[x_0 \mid x_t]$, shape $(N, D)$, and the doubt
$\mathbb{E}\bigl[\lVert x_0 - \mathbb{E}[x_0 \mid x_t] \rVert^2 \mid x_t\bigr]$, shape $(N,)$: the squared error that is left, summed over the $D$
numbers.

Which component made $x_t$? Bayes' rule gives each its share $q(m \mid x_t)$. The doubt has two parts: which
component it was, and where in the component $x_0$ lies. Points $x_t$ may lie far from everything: your
answer must stay finite.
""",
        ),
        Edit(DOC, '"""E[x_0 | x_t], (N, D), and the squared error that is left in it, (N,)."""'),
        Solution(
            "mixture",
            """
kept = alpha_bar[t]
spread = kept * variance + 1 - kept  # of x_t within a component
gap = xt[:, None] - np.sqrt(kept) * means  # (N, M, D)
logs = np.log(weights) - (gap**2).sum(axis=2) / (2 * spread)
shares = np.exp(logs - logs.max(axis=1, keepdims=True))
shares = shares / shares.sum(axis=1, keepdims=True)
guesses = means + variance * np.sqrt(kept) / spread * gap
x0 = (shares[:, :, None] * guesses).sum(axis=1)
within = xt.shape[1] * variance * (1 - kept) / spread
apart = (shares * ((guesses - x0[:, None]) ** 2).sum(axis=2)).sum(axis=1)
return x0, within + apart
""",
        ),
        *mixture_tests("doubt"),
    ),
)

GROWING = Twist(
    6,
    "the exact denoiser where nothing shrinks",
    (
        row(6, MIXTURE_ROW, "the exact denoiser of a mixture in growing noise, and the score"),
        Cell(
            MIXTURE,
            r"""
## Task 6: the exact denoiser in growing noise (3 points)

Where nothing shrinks, $x_t = x_0 + \sigma_t\, \epsilon$ with $\epsilon \sim \mathcal{N}(0, I)$. The best guess of $x_0$ in squared error is
$\mathbb{E}[x_0 \mid x_t]$. A network only comes near it. But where the data are a mixture of $M$ Gaussians of one
width, it can be written down:

$$
p(x_0) = \sum_{m=1}^{M} \pi_m\, \mathcal{N}(x_0; \mu_m, \sigma_x^2 I)
$$ (eq-hw-diffusion-mixture)

Write `exact_denoiser(xt, t, weights, means, variance, sigma)`. `xt` has shape $(N, D)$, `t` is one whole number,
`weights` holds $\pi_m$, shape $(M,)$, `means` the $\mu_m$, shape $(M, D)$, and `variance` is the number $\sigma_x^2$. It may
be 0: then the data are $M$ points, such as all pictures of a training set. `sigma` has $T + 1$ entries:
`sigma[t]` is the standard deviation $\sigma_t$ of all noise up to step $t$. Return two arrays of shape
$(N, D)$: $\mathbb{E}[x_0 \mid x_t]$, and the score $\nabla_{x_t} \log q(x_t)$, where $q(x_t)$ is the density of the noisy data.

Which component made $x_t$? Bayes' rule gives each its share $q(m \mid x_t)$. Points $x_t$ may lie far from
everything: your answer must stay finite.
""",
        ),
        Edit(DEF, DEF.replace("alpha_bar", "sigma")),
        Solution(
            "mixture",
            """
noise = sigma[t] ** 2
spread = variance + noise  # of x_t within a component
gap = xt[:, None] - means  # (N, M, D)
logs = np.log(weights) - (gap**2).sum(axis=2) / (2 * spread)
shares = np.exp(logs - logs.max(axis=1, keepdims=True))
shares = shares / shares.sum(axis=1, keepdims=True)
guesses = means + variance / spread * gap
x0 = (shares[:, :, None] * guesses).sum(axis=1)
return x0, (x0 - xt) / noise
""",
        ),
        *mixture_tests("growing"),
    ),
)

TWISTS = [WIDTHS, DOUBT, GROWING]
