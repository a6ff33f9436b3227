"""Private variants of chapter 3's homework, task 4: the best denoiser and the score."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_edits import keywords

DENOISER = "## Task 4: the best denoiser (5 points)"
WALK = (
    r"The tests never compute $r_m$. They walk uphill: by Tweedie's formula the step from "
    r"$\tilde x$ to the best guess is"
)
SCORE = (
    "Turn it round. Somebody hands you a perfect denoiser as a function from noisy points $(N, D)$ "
    "to guesses $(N, D)$, and nothing"
)
MIXTURE = r"""

Some denoisers need no network. Let the clean data come from a mixture of round Gaussians,

$$p_\mathrm{data}(x) = \sum_{m=1}^{M} \pi_m\, \mathcal{N}(x; \mu_m, v_m I)$$ (eq-hw-ae-mixture)
"""
CALLS = (
    "rng, d, m, points=True)",
    "check_denoiser(best_denoiser, rng, d, m)",
    "rng, 2, 3, points=points, far=60.0)",
)
SCORES = ("check_score(score_from, rng)", "check_score(score_from, rng, points=True)")


def _tests(words: str) -> tuple[Cell, ...]:
    return (
        *keywords(("denoiser-mixtures", "denoiser-far"), CALLS, words[0]),
        *keywords(("score-identity",), SCORES, words[1]),
    )


GAINED = Twist(
    4,
    "the clean point is multiplied before the noise comes",
    (
        Cell(
            DENOISER,
            DENOISER
            + MIXTURE
            + r"""
where $v_m \ge 0$ is a variance; $v_m = 0$ is a single point. A bad cable weakens the signal before it adds noise:
you are given $\tilde x = a x + \sigma \epsilon$ with a known factor $0 < a < 1$ and $\epsilon \sim \mathcal{N}(0, I)$.
No guess of the clean $x$ has a smaller squared error than the mean of what $x$ may have been:

$$\mathbb{E}[x \mid \tilde x] = \sum_{m=1}^{M} r_m(\tilde x)\; \mathbb{E}[x \mid \tilde x, m]$$ (eq-hw-ae-denoiser)

The weight $r_m(\tilde x)$ is the probability of component $m$ given the noisy point, by Bayes' rule. Work out both
parts: how are the noisy points of component $m$ distributed, with which mean and which variance, and what is the best
guess of $x$ if you know $m$?

Write `best_denoiser(noisy, weights, means, variances, a, sigma)` in NumPy. `noisy` has shape $(N, D)$, `weights`
($\pi_m$) $(M,)$, `means` $(M, D)$, `variances` ($v_m$) $(M,)$, `a` is the factor, and `sigma` is the standard deviation of
the noise. Return $(N, D)$. The hidden test has noisy points far from all components.""",
        ),
        Edit(
            "def best_denoiser(noisy, weights, means, variances, sigma):",
            "def best_denoiser(noisy, weights, means, variances, a, sigma):",
        ),
        Edit(
            '"""E[x | noisy x], shape (N, D), for a mixture of round Gaussians."""',
            '"""E[x | noisy point a x + sigma epsilon], (N, D), for a mixture of round Gaussians."""',
        ),
        Solution(
            "denoiser",
            """
gap = noisy[:, None] - a * means  # (N, M, D)
spread = a**2 * variances + sigma**2  # (M,)
log_r = np.log(weights) - 0.5 * (gap**2).sum(axis=2) / spread
log_r -= 0.5 * noisy.shape[1] * np.log(spread)
r = np.exp(log_r - log_r.max(axis=1, keepdims=True))
r /= r.sum(axis=1, keepdims=True)
guess = means + (a * variances / spread)[:, None] * gap  # (N, M, D)
return (r[:, :, None] * guess).sum(axis=1)
""",
        ),
        Cell(
            WALK,
            r"""
The tests never compute $r_m$. They walk uphill: by Tweedie's formula the step from $\tilde x$ to the best guess of
$a x$ is $\sigma^2$ times the gradient of $\log p_\sigma(\tilde x)$, the log-density of the noisy data.""",
        ),
        Cell(
            SCORE,
            r"""
Turn it round. Somebody hands you a perfect denoiser for this cable, as a function from noisy points $(N, D)$ to guesses of
the clean points $(N, D)$, and nothing else. Write `score_from(denoise, noisy, a, sigma)`, which returns the score
$\nabla \log p_\sigma(\tilde x)$ at each noisy point, shape $(N, D)$.""",
        ),
        Edit("def score_from(denoise, noisy, sigma):", "def score_from(denoise, noisy, a, sigma):"),
        Solution("score", "return (a * denoise(noisy) - noisy) / sigma**2"),
        *_tests(("gained=True", "gained=True")),
    ),
)

SPREADS = {
    "deviations": {
        "spread_told": r"`deviations` are the standard deviations $\sqrt{v_m}$, shape $(M,)$; 0 is a single point",
        "v": "deviations**2",
    },
    "precisions": {
        "spread_told": r"`precisions` are $1 / v_m$, shape $(M,)$; an infinite precision is a single point",
        "v": "1 / precisions",
    },
}
NOISES = {
    "variance": {
        "noise_told": r"`variance` is $\sigma^2$, the variance of the noise",
        "sigma": "np.sqrt(variance)",
        "over_sigma": "/ np.sqrt(variance)",
    },
    "precision": {
        "noise_told": r"`precision` is $1 / \sigma^2$, the precision of the noise",
        "sigma": "1 / np.sqrt(precision)",
        "over_sigma": "* np.sqrt(precision)",
    },
}


def _draw_told(rng: np.random.Generator) -> Values:
    spread, noise = str(rng.choice(list(SPREADS))), str(rng.choice(list(NOISES)))
    return {"spread": spread, "noise": noise} | SPREADS[spread] | NOISES[noise]


EPSILON = Twist(
    4,
    "the noise is guessed, and spreads are told in other ways",
    (
        Edit(
            "| 4 | the best denoiser there is, and the score hidden in it | 5 |",
            "| 4 | the best guess of the noise there is, and the score hidden in it | 5 |",
        ),
        Cell(
            DENOISER,
            DENOISER
            + MIXTURE
            + r"""
where $v_m \ge 0$ is a variance. You are given $\tilde x = x + \sigma \epsilon$ with $\epsilon \sim \mathcal{N}(0, I)$, and
you are to guess the **noise** $\epsilon$: a guess of it is as good as one of $x$, because it says what to take
away. No guess has a smaller squared error than the mean of what $\epsilon$ may have been:

$$\mathbb{E}[\epsilon \mid \tilde x] = \sum_{m=1}^{M} r_m(\tilde x)\; \mathbb{E}[\epsilon \mid \tilde x, m]$$ (eq-hw-ae-denoiser)

The weight $r_m(\tilde x)$ is the probability of component $m$ given the noisy point, by Bayes' rule. Work out both
parts: how are the noisy points of component $m$ distributed, and which part of the way from $\mu_m$ to $\tilde x$ was
noise, at best, if you know $m$?

Write `best_denoiser(noisy, weights, means, <<spread>>, <<noise>>)` in NumPy. `noisy` has shape $(N, D)$, `weights`
($\pi_m$) $(M,)$ and `means` $(M, D)$. Mind the last two: <<spread_told>>, and <<noise_told>>. Return
$\mathbb{E}[\epsilon \mid \tilde x]$, shape $(N, D)$. The hidden test has noisy points far from all components.""",
        ),
        Edit(
            "def best_denoiser(noisy, weights, means, variances, sigma):",
            "def best_denoiser(noisy, weights, means, <<spread>>, <<noise>>):",
        ),
        Edit(
            '"""E[x | noisy x], shape (N, D), for a mixture of round Gaussians."""',
            '"""E[epsilon | noisy x], shape (N, D), for a mixture of round Gaussians."""',
        ),
        Solution(
            "denoiser",
            """
v, sigma = <<v>>, <<sigma>>
gap = noisy[:, None] - means  # (N, M, D)
spread = v + sigma**2  # (M,)
log_r = np.log(weights) - 0.5 * (gap**2).sum(axis=2) / spread
log_r -= 0.5 * noisy.shape[1] * np.log(spread)
r = np.exp(log_r - log_r.max(axis=1, keepdims=True))
r /= r.sum(axis=1, keepdims=True)
guess = (sigma / spread)[:, None] * gap  # (N, M, D)
return (r[:, :, None] * guess).sum(axis=1)
""",
        ),
        Cell(
            WALK,
            r"""
The tests never compute $r_m$. They walk uphill: by Tweedie's formula the step from $\tilde x$ to the best guess of $x$
is $\sigma^2$ times the gradient of $\log p_\sigma(\tilde x)$, the log-density of the noisy data, and what the step takes
away is the guess of $\sigma \epsilon$.""",
        ),
        Cell(
            SCORE,
            r"""
Turn it round. Somebody hands you the perfect guess of the noise as a function from noisy points $(N, D)$ to
$\mathbb{E}[\epsilon \mid \tilde x]$, $(N, D)$, and nothing else. Write `score_from(guess_noise, noisy, <<noise>>)`, which
returns the score $\nabla \log p_\sigma(\tilde x)$ at each noisy point, shape $(N, D)$. As before, <<noise_told>>.""",
        ),
        Edit(
            "def score_from(denoise, noisy, sigma):",
            "def score_from(guess_noise, noisy, <<noise>>):",
        ),
        Edit(
            '"""Gradient (N, D) of the log-density of noisy data, from a perfect denoiser."""',
            '"""Gradient (N, D) of the log-density of noisy data, from a perfect guess of the noise."""',
        ),
        Solution("score", "return -guess_noise(noisy) <<over_sigma>>"),
        *_tests(
            (
                'spread="<<spread>>", noise="<<noise>>", guess="noise"',
                'noise="<<noise>>", guess="noise"',
            )
        ),
    ),
    _draw_told,
)

TWISTS = [GAINED, EPSILON]
