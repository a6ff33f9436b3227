"""Twists of chapter 4's task 5: other priors, other noise, a q with a full covariance."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist
from lib.variants.chapter_04_vae_codes import draw_width

MODEL = """\
Let $p(z) = \\mathcal{N}(0, I)$ and $p(x \\mid z) = \\mathcal{N}(W z + \\mu, \\sigma^2 I)$. In this model nothing
needs to be sampled. The posterior is a Gaussian:"""
POSTERIOR = """\
p(z \\mid x) &= \\mathcal{N}\\bigl( M^{-1} W^\\top (x - \\mu),\\; \\sigma^2 M^{-1} \\bigr) \\\\
M &= W^\\top W + \\sigma^2 I"""
WANTED = """\
Write `exact_posterior(x, W, mu, noise_variance)`, which returns the means, one for each
picture, shape $(N, K)$, and the covariance, $(K, K)$. `x` has shape $(N, D)$, `W` $(D, K)$, `mu` $(D,)$, and
`noise_variance` is $\\sigma^2$."""
DEFINED = "def exact_posterior(x, W, mu, noise_variance):"
DOC = '"""Means (N, K) and covariance (K, K) of p(z | x)."""'
PROPOSED = """\
An encoder proposes $q(z \\mid x) = \\mathcal{N}(m, \\operatorname{diag} e^{s})$ instead. The noise
in $z$ moves the reconstruction, and that costs on average"""
SHAKE = """\
\\mathbb{E}_q \\lVert x - \\mu - W z \\rVert^2 = \\lVert x - \\mu - W m \\rVert^2 + \\sum_{k=1}^{K} e^{s_k} \\lVert w_k \\rVert^2"""
COLUMN = "where $w_k$ is column $k$ of $W$. Write `linear_elbo(x, W, mu, noise_variance, m, s)`,"
SHAPES = "for each picture, shape $(N,)$. `m`\nand `s` have shape $(N, K)$."
ELBO_DEFINED = "def linear_elbo(x, W, mu, noise_variance, m, s):"
ELBO_DOC = '"""The exact bound for q(z | x) = N(m, diag exp(s)), in nats: (N,)."""'
IMPORTS = ("import check_posterior", "import check_linear_elbo")
CALLS = (
    "for d, k in [(6, 2), (4, 3), (10, 4)]:\n        check_posterior(exact_posterior, rng, d, k{})",
    "for d, k in [(5, 1), (3, 5), (40, 6)]:\n        check_posterior(exact_posterior, rng, d, k{})",
    "for d, k in [(6, 2), (4, 3), (8, 4)]:\n        check_linear_elbo(linear_elbo, rng, d, k{})",
    "check_linear_elbo(linear_elbo, rng, d, k, best{})",
)
#: The variances that the key computes from what it is given.
VARIANCE = {
    "variance": "{0}_variance",
    "std": "{0}_std**2",
    "precision": "1 / {0}_precision",
}
SYMBOLS = {
    "variance": "the variance $\\{0}^2$",
    "std": "the standard deviation $\\{0}$",
    "precision": "the precision $1 / \\{0}^2$",
}
PLURALS = {
    "variance": "the variances ${0}^2$",
    "std": "the standard deviations ${0}$",
    "precision": "the precisions $1 / {0}^2$",
}
LOGS = {"log-variance": "s", "log-std": "2 * s", "log-precision": "-s"}
POWERS = {"log-variance": "e^{s}", "log-std": "e^{2s}", "log-precision": "e^{-s}"}


def asked(setting: str) -> tuple[Edit, ...]:
    """The tests of the task under another setting."""
    imports = [Edit(i, i.replace("import", "import Setting,")) for i in IMPORTS]
    seeds = [f"    rng = np.random.default_rng([SEED, {seed}])" for seed in (18, 20)]
    told = [Edit(seed, f"    setting = Setting({setting})\n{seed}") for seed in seeds]
    calls = [Edit(c.format(""), c.format(", setting=setting")) for c in CALLS]
    return (*imports, *told, *calls)


def draw_prior(rng: np.random.Generator) -> dict[str, Any]:
    """How noise and prior are given, and what s is."""
    noise, prior = rng.choice(list(VARIANCE)), rng.choice(list(VARIANCE))
    width = draw_width(rng)
    return {
        **width,
        "noise": noise,
        "prior": prior,
        "noise_is": SYMBOLS[noise].format("sigma"),
        "prior_is": PLURALS[prior].format("\\tau_k"),
        "noise_expression": VARIANCE[noise].format("noise"),
        "prior_expression": VARIANCE[prior].format("prior"),
        "log_of_q": LOGS[width["width"]],
        "exp_of_s": POWERS[width["width"]],
    }


PRIOR = Twist(
    5,
    "latents with different prior variances, as rows of W",
    (
        Edit(
            MODEL,
            "The latent variables of this model have different prior variances,\n"
            "$p(z) = \\mathcal{N}(0, T)$ with $T = \\operatorname{diag}(\\tau_1^2, \\dots, \\tau_K^2)$, and they are the *rows* of $W$:\n"
            "$p(x \\mid z) = \\mathcal{N}(W^\\top z + \\mu, \\sigma^2 I)$. Nothing needs to be sampled. The posterior is a Gaussian:",
        ),
        Edit(
            POSTERIOR,
            "p(z \\mid x) &= \\mathcal{N}\\bigl( P^{-1} W (x - \\mu) / \\sigma^2,\\; P^{-1} \\bigr) \\\\\n"
            "P &= T^{-1} + W W^\\top / \\sigma^2",
        ),
        Edit(
            WANTED,
            "Write `exact_posterior(x, W, mu, noise_<<noise>>, prior_<<prior>>)`, which returns the means, one\n"
            "for each picture, shape $(N, K)$, and the covariance, $(K, K)$. `x` has shape $(N, D)$, `W` $(K, D)$, `mu`\n"
            "$(D,)$. The number `noise_<<noise>>` is <<noise_is>>, and the array `prior_<<prior>>`, $(K,)$,\n"
            "holds <<prior_is>>.",
        ),
        Edit(DEFINED, "def exact_posterior(x, W, mu, noise_<<noise>>, prior_<<prior>>):"),
        Solution(
            "posterior",
            "noise, prior = <<noise_expression>>, <<prior_expression>>  # variances\n"
            "P = np.diag(1 / prior) + W @ W.T / noise\n"
            "return np.linalg.solve(P, W @ (x - mu).T / noise).T, np.linalg.inv(P)",
        ),
        Edit(
            PROPOSED,
            "An encoder proposes $q(z \\mid x) = \\mathcal{N}(m, \\operatorname{diag} v)$ instead, with variances $v_k$.\n"
            "The noise in $z$ moves the reconstruction, and that costs on average",
        ),
        Edit(
            SHAKE,
            "\\mathbb{E}_q \\lVert x - \\mu - W^\\top z \\rVert^2 = \\lVert x - \\mu - W^\\top m \\rVert^2 + \\sum_{k=1}^{K} v_k \\lVert w_k \\rVert^2",
        ),
        Edit(
            COLUMN,
            "where $w_k$ is row $k$ of $W$. Write `linear_elbo(x, W, mu, noise_<<noise>>, prior_<<prior>>, m, s)`,",
        ),
        Edit(
            SHAPES,
            "for each picture, shape $(N,)$. `m`\nand `s` have shape $(N, K)$, and $v = <<exp_of_s>>$.",
        ),
        Edit(ELBO_DEFINED, "def linear_elbo(x, W, mu, noise_<<noise>>, prior_<<prior>>, m, s):"),
        Edit(
            ELBO_DOC, '"""The exact bound for q(z | x) = N(m, diag <<sigma2>>), in nats: (N,)."""'
        ),
        Solution(
            "elbo",
            "noise, prior = <<noise_expression>>, <<prior_expression>>  # variances\n"
            "v = np.exp(<<log_of_q>>)\n"
            "squares = ((x - mu - m @ W) ** 2).sum(axis=1) + v @ (W**2).sum(axis=1)\n"
            "constant = len(mu) / 2 * np.log(2 * np.pi * noise)\n"
            "rate = 0.5 * ((v + m**2) / prior - 1 - np.log(v / prior)).sum(axis=1)\n"
            "return -squares / (2 * noise) - constant - rate",
        ),
        *asked('noise="<<noise>>", prior="<<prior>>", rows=True, q="<<width>>"'),
    ),
    draw_prior,
)


def draw_pixels(rng: np.random.Generator) -> dict[str, Any]:
    """How the noise of the pixels is given, and what s is."""
    noise, width = rng.choice(list(VARIANCE)), draw_width(rng)
    return {
        **width,
        "noise": noise,
        "noise_is": PLURALS[noise].format("\\psi_i"),
        "noise_expression": VARIANCE[noise].format("noise"),
        "log_of_q": LOGS[width["width"]],
        "exp_of_s": POWERS[width["width"]],
    }


PIXELS = Twist(
    5,
    "every pixel has its own noise, the prior has a mean, the precision is wanted",
    (
        Edit(
            MODEL,
            "Every pixel of this model has a noise of its own, and the prior has a mean $c$:\n"
            "$p(z) = \\mathcal{N}(c, I)$ and $p(x \\mid z) = \\mathcal{N}(W z + \\mu, \\Psi)$ with\n"
            "$\\Psi = \\operatorname{diag}(\\psi_1^2, \\dots, \\psi_D^2)$. Nothing needs to be sampled. The posterior is a Gaussian:",
        ),
        Edit(
            POSTERIOR,
            "p(z \\mid x) &= \\mathcal{N}\\bigl( c + P^{-1} W^\\top \\Psi^{-1} (x - \\mu - W c),\\; P^{-1} \\bigr) \\\\\n"
            "P &= I + W^\\top \\Psi^{-1} W",
        ),
        Edit(
            WANTED,
            "Write `exact_posterior(x, W, mu, noise_<<noise>>, prior_mean)`, which returns the means, one for each\n"
            "picture, shape $(N, K)$, and the **precision** $P$, $(K, K)$. `x` has shape $(N, D)$, `W` $(D, K)$, `mu` $(D,)$.\n"
            "The array `noise_<<noise>>`, $(D,)$, holds <<noise_is>>, one for each\n"
            "pixel $i$, and `prior_mean`, $(K,)$, is $c$.",
        ),
        Edit(DEFINED, "def exact_posterior(x, W, mu, noise_<<noise>>, prior_mean):"),
        Edit(DOC, '"""Means (N, K) and precision (K, K) of p(z | x)."""'),
        Solution(
            "posterior",
            "scaled = W / (<<noise_expression>>)[:, None]  # Psi^-1 W, (D, K)\n"
            "P = np.eye(W.shape[1]) + W.T @ scaled\n"
            "gap = x - mu - W @ prior_mean  # (N, D)\n"
            "return prior_mean + np.linalg.solve(P, scaled.T @ gap.T).T, P",
        ),
        Edit(
            PROPOSED,
            "An encoder proposes $q(z \\mid x) = \\mathcal{N}(m, \\operatorname{diag} v)$ instead, with variances $v_k$.\n"
            "With $\\lVert a \\rVert_\\Psi^2 = \\sum_i a_i^2 / \\psi_i^2$, the noise in $z$ costs on average",
        ),
        Edit(
            SHAKE,
            "\\mathbb{E}_q \\lVert x - \\mu - W z \\rVert_\\Psi^2 = \\lVert x - \\mu - W m \\rVert_\\Psi^2 + \\sum_{k=1}^{K} v_k \\lVert w_k \\rVert_\\Psi^2",
        ),
        Edit(
            COLUMN,
            "where $w_k$ is column $k$ of $W$. Write `linear_elbo(x, W, mu, noise_<<noise>>, prior_mean, m, s)`,",
        ),
        Edit(
            SHAPES,
            "for each picture, shape $(N,)$. `m`\nand `s` have shape $(N, K)$, and $v = <<exp_of_s>>$.",
        ),
        Edit(ELBO_DEFINED, "def linear_elbo(x, W, mu, noise_<<noise>>, prior_mean, m, s):"),
        Edit(
            ELBO_DOC, '"""The exact bound for q(z | x) = N(m, diag <<sigma2>>), in nats: (N,)."""'
        ),
        Solution(
            "elbo",
            "noise, v = <<noise_expression>>, np.exp(<<log_of_q>>)  # variances, (D,) and (N, K)\n"
            "squares = ((x - mu - m @ W.T) ** 2 / noise).sum(axis=1) + v @ (W.T**2 / noise).sum(axis=1)\n"
            "constant = 0.5 * np.log(2 * np.pi * noise).sum()\n"
            "rate = 0.5 * (v + (m - prior_mean) ** 2 - 1 - np.log(v)).sum(axis=1)\n"
            "return -squares / 2 - constant - rate",
        ),
        *asked('noise="<<noise>>", of_pixels=True, spread="precision", q="<<width>>"'),
    ),
    draw_pixels,
)
