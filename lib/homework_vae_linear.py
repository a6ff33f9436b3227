"""The visible tests of chapter 4's homework, task 5: a linear VAE where everything is exact.

Right answers come from conditioning a joint Gaussian, and from log p(x) minus a KL.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import multivariate_normal

from lib.homework import compare
from lib.homework_asking import as_parts
from lib.homework_vae import ask, each_example, kl_mistakes
from lib.homework_vae_models import PIXELS


class LinearGaussian:
    """p(x | z) = N(W z + mu, noise I) with everything exact, and n pictures that fit it."""

    def __init__(self, rng: np.random.Generator, d: int, k: int, n: int = 5):
        self.W, self.mu = rng.normal(size=(d, k)), rng.normal(0, 2, size=d)
        self.noise = float(rng.uniform(0.2, 0.7))
        z = rng.normal(size=(n, k))
        self.x = self.mu + z @ self.W.T + math.sqrt(self.noise) * rng.normal(size=(n, d))
        self.C = self.W @ self.W.T + self.noise * np.eye(d)

    def given(self) -> dict[str, Any]:
        """The arguments of the homework's functions."""
        return {"x": self.x, "W": self.W, "mu": self.mu, "noise_variance": self.noise}

    def posterior(self) -> tuple[np.ndarray, np.ndarray]:
        """Means (n, k) and covariance (k, k) of p(z | x): the joint Gaussian, given x."""
        gain = np.linalg.solve(self.C, self.W)  # (d, k)
        return (self.x - self.mu) @ gain, np.eye(self.W.shape[1]) - self.W.T @ gain

    def elbo(self, m: np.ndarray, s: np.ndarray) -> np.ndarray:
        """log p(x) minus the KL of N(m, diag exp(s)) from the posterior, (n,)."""
        means, covariance = self.posterior()
        log_p = multivariate_normal(self.mu, self.C).logpdf(self.x)
        precision, gap = np.linalg.inv(covariance), m - means
        far = ((gap @ precision) * gap).sum(axis=1) + np.exp(s) @ np.diag(precision)
        log_det = np.linalg.slogdet(covariance)[1] - s.sum(axis=1)
        return log_p - 0.5 * (far - m.shape[1] + log_det)


def check_posterior(
    exact_posterior: Callable, rng: np.random.Generator, d: int = 6, k: int = 2
) -> None:
    """Compare with the joint Gaussian of picture and code, conditioned on the picture."""
    model = LinearGaussian(rng, d, k)
    what = f"the posterior with D = {d}, K = {k}"
    found = as_parts(ask(exact_posterior, what, **model.given()), what, "(means, covariance)")
    means, covariance = model.posterior()
    inner, centred, noise = model.W.T @ model.W, model.x - model.mu, model.noise
    squared = inner + noise**2 * np.eye(k)
    hints = {
        "take mu away from x": means + model.mu @ np.linalg.solve(model.C, model.W),
        "that is the nearest point of the plane; the prior pulls it towards 0": (
            centred @ np.linalg.pinv(model.W).T
        ),
        "the noise belongs on the diagonal of M = W^T W + sigma^2 I, not 1": (
            centred @ model.W @ np.linalg.inv(inner + np.eye(k))
        ),
        "the noise is given as a variance; do not square it": (
            centred @ model.W @ np.linalg.inv(squared)
        ),
        "M^-1 W^T (x - mu) needs no further sigma^2": means / noise,
        "that is W^T (x - mu); multiply it by the inverse of M": centred @ model.W,
    }
    compare(found[0], means, f"the means of {what}", hints=hints)
    hints = {
        "the covariance is sigma^2 M^-1; the factor sigma^2 is missing": covariance / noise,
        "that is the precision; invert it": np.linalg.inv(covariance),
        "the noise is given as a variance; take no root": covariance / math.sqrt(noise),
        "latents are correlated once x is given; keep the whole matrix": np.diag(
            np.diag(covariance)
        ),
        "the prior is missing": noise * np.linalg.pinv(inner),
        "that is the covariance of the means; the posterior has its own": np.eye(k) - covariance,
    }
    compare(found[1], covariance, f"the covariance of {what}", hints=hints)


def check_linear_elbo(
    linear_elbo: Callable, rng: np.random.Generator, d: int = 6, k: int = 2, best: bool = False
) -> None:
    """Compare the bound with log p(x) - KL(q || p(z | x)); `best`: q is close to the posterior."""
    model = LinearGaussian(rng, d, k)
    means, covariance = model.posterior()
    shape = means.shape
    m = means if best else means + rng.normal(0, 0.5, size=shape)
    s = np.tile(-np.log(np.diag(np.linalg.inv(covariance))), (len(m), 1))
    s = s if best else s + rng.normal(0, 0.5, size=shape)
    what = f"the bound of {len(m)} pictures with D = {d}, K = {k}"
    answer = each_example(ask(linear_elbo, what, **model.given(), m=m, s=s), len(m), what)
    right = model.elbo(m, s)
    hints = _elbo_mistakes(model, m, s, right)
    compare(answer, right, what, hints=hints, tol=1e-7)


def _elbo_mistakes(
    model: LinearGaussian, m: np.ndarray, s: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the bound, (n,) each."""
    (d, k), lengths = model.W.shape, (model.W**2).sum(axis=0)
    shake = np.exp(s) @ lengths / (2 * model.noise)
    rest = model.x - model.mu - m @ model.W.T
    fit = (rest**2).sum(axis=1) / (2 * model.noise)
    constant = d / 2 * math.log(2 * math.pi * model.noise)
    kl = -(right + shake + fit + constant)
    rate_mistakes = {
        f"the KL: {advice}": right + kl - value for advice, value in kl_mistakes(m, s).items()
    }
    return rate_mistakes | {
        "the noise of z costs too: add the sum of exp(s_k) |w_k|^2 to the squared error": (
            right + shake
        ),
        "that extra error is divided by 2 sigma^2 as well": right + shake * (1 - 2 * model.noise),
        "the extra error needs exp(s), the variance, not exp(s/2)": (
            right + shake - np.exp(s / 2) @ lengths / (2 * model.noise)
        ),
        "|w_k|^2 is the squared length of a column of W": (
            right + shake - np.exp(s).sum(axis=1) / (2 * model.noise)
        ),
        "the constant D/2 log(2 pi sigma^2) is missing": right + constant,
        "the constant counts pixels, not latents": right + constant * (1 - k / d),
        "the squared error is divided by 2 sigma^2": right - fit - shake,
        "the KL is missing": right + kl,
        "that is minus the bound": -right,
        "take mu away from x": right
        + fit
        - ((rest + model.mu) ** 2).sum(axis=1) / (2 * model.noise),
        "the noise is given as a variance; do not square it": -(
            (fit + shake) / model.noise + constant + d / 2 * math.log(model.noise) + kl
        ),
        PIXELS: -(fit + shake + constant) / d - kl,
        "that is log p(x) itself; return the bound for the q you are given": (
            multivariate_normal(model.mu, model.C).logpdf(model.x)
        ),
    }
