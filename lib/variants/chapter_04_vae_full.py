"""The twist of chapter 4's task 5 with Cholesky factors and full covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist
from lib.variants.chapter_04_vae_linear import (
    COLUMN,
    DEFINED,
    DOC,
    ELBO_DEFINED,
    ELBO_DOC,
    PROPOSED,
    SHAKE,
    SHAPES,
    SYMBOLS,
    VARIANCE,
    WANTED,
    asked,
)


def draw_full(rng: np.random.Generator) -> dict[str, Any]:
    """How the noise is given: never as a variance."""
    noise = rng.choice(["std", "precision"])
    return {
        "noise": noise,
        "noise_is": SYMBOLS[noise].format("sigma"),
        "noise_expression": VARIANCE[noise].format("noise"),
    }


FULL = Twist(
    5,
    "a Cholesky factor is wanted, and q has a full covariance",
    (
        Edit(
            WANTED,
            "Write `exact_posterior(x, W, mu, noise_<<noise>>)`, which returns the means, one for each\n"
            "picture, shape $(N, K)$, and what one needs to draw from the posterior: the lower triangular matrix $L$,\n"
            "$(K, K)$, with a positive diagonal and $L L^\\top = \\sigma^2 M^{-1}$. Then $z = \\text{mean} + L \\epsilon$ is a\n"
            "draw, $\\epsilon \\sim \\mathcal{N}(0, I)$. `x` has shape $(N, D)$, `W` $(D, K)$, `mu` $(D,)$, and the number\n"
            "`noise_<<noise>>` is <<noise_is>>.",
        ),
        Edit(DEFINED, "def exact_posterior(x, W, mu, noise_<<noise>>):"),
        Edit(
            DOC,
            '"""Means (N, K) of p(z | x), and the Cholesky factor L (K, K) of its covariance."""',
        ),
        Solution(
            "posterior",
            "noise = <<noise_expression>>  # the variance\n"
            "M = W.T @ W + noise * np.eye(W.shape[1])\n"
            "means = np.linalg.solve(M, W.T @ (x - mu).T).T\n"
            "return means, np.linalg.cholesky(noise * np.linalg.inv(M))",
        ),
        Edit(
            PROPOSED,
            "Somebody proposes $q(z \\mid x) = \\mathcal{N}(m, S)$ instead. The mean $m$ depends on the picture, the\n"
            "covariance $S$ is the same for all of them, and it is no diagonal matrix. The noise in $z$ moves the\n"
            "reconstruction, and that costs on average",
        ),
        Edit(
            SHAKE,
            "\\mathbb{E}_q \\lVert x - \\mu - W z \\rVert^2 = \\lVert x - \\mu - W m \\rVert^2 + \\operatorname{tr}(W S W^\\top)",
        ),
        Edit(
            COLUMN,
            "The KL of such a $q$ from the prior has the trace of $S$ and the logarithm of its determinant in it. Write\n"
            "`linear_elbo(x, W, mu, noise_<<noise>>, m, S)`,",
        ),
        Edit(SHAPES, "for each picture, shape $(N,)$. `m`\nhas shape $(N, K)$ and `S` $(K, K)$."),
        Edit(ELBO_DEFINED, "def linear_elbo(x, W, mu, noise_<<noise>>, m, S):"),
        Edit(ELBO_DOC, '"""The exact bound for q(z | x) = N(m, S), in nats: (N,)."""'),
        Solution(
            "elbo",
            "noise = <<noise_expression>>  # the variance\n"
            "squares = ((x - mu - m @ W.T) ** 2).sum(axis=1) + np.trace(W @ S @ W.T)\n"
            "constant = len(mu) / 2 * np.log(2 * np.pi * noise)\n"
            "log_det = np.linalg.slogdet(S)[1]\n"
            "rate = 0.5 * (np.trace(S) + (m**2).sum(axis=1) - len(S) - log_det)\n"
            "return -squares / (2 * noise) - constant - rate",
        ),
        Edit("many pixels, q as good as a diagonal q can be.", "many pixels, q as good as can be."),
        *asked('noise="<<noise>>", spread="Cholesky factor", q="S"'),
    ),
    draw_full,
)
