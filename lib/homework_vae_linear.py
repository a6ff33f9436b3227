"""The visible tests of chapter 4's homework, task 5: a linear VAE where everything is exact.

Right answers come from conditioning a joint Gaussian, and from log p(x) minus a KL.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import multivariate_normal

from lib.homework import compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_vae import MEANING, SQUARE, WIDTHS, ask, each_example, kl_mistakes
from lib.homework_vae_models import PIXELS, called

#: What an argument may be in place of variances -> (its values from variances, and back).
KINDS: dict[str, tuple[Callable, Callable]] = {
    "variance": (lambda v: v, lambda v: v),
    "std": (np.sqrt, np.square),
    "precision": (lambda v: 1 / v, lambda v: 1 / v),
}


@dataclass(frozen=True)
class Setting:
    """How the linear VAE is put to the students.

    Parameters
    ----------
    noise, prior : str
        What the arguments for the noise and, unless it is empty, for the prior are: one of KINDS.
    of_pixels : bool
        Every pixel has its own noise, and the prior has the mean `prior_mean`.
    rows : bool
        The latents are the rows of W, (k, d), not its columns.
    spread : str
        What is wanted with the posterior means: "covariance", "precision" or "Cholesky factor".
    q : str
        What is known of the encoder's q: one of WIDTHS, or "S", the whole covariance matrix.
    """

    noise: str = "variance"
    prior: str = ""
    of_pixels: bool = False
    rows: bool = False
    spread: str = "covariance"
    q: str = "log-variance"


PUBLIC = Setting()


@peer
class LinearGaussian:
    """p(x | z) = N(W z + mu, noise) with everything exact, and n pictures that fit it."""

    def __init__(
        self, rng: np.random.Generator, d: int, k: int, n: int = 5, setting: Setting = PUBLIC
    ):
        self.setting = setting
        self.W, self.mu = rng.normal(size=(d, k)), rng.normal(0, 2, size=d)
        self.noise: Any = float(rng.uniform(0.2, 0.7))
        self.centre, self.prior = np.zeros(k), np.ones(k)
        if setting.prior:
            self.prior = rng.choice([rng.uniform(0.2, 0.6), rng.uniform(1.8, 4)], size=k)
        if setting.of_pixels:
            self.noise = rng.uniform(0.2, 0.7, size=d)
            self.centre = rng.normal(0, 1.5, size=k)
        z = self.centre + np.sqrt(self.prior) * rng.normal(size=(n, k))
        self.x = self.mu + z @ self.W.T + np.sqrt(self.noise) * rng.normal(size=(n, d))

    @property
    def C(self) -> np.ndarray:
        """The covariance of a picture, (d, d)."""
        return (self.W * self.prior) @ self.W.T + np.diag(self.noises)

    @property
    def noises(self) -> np.ndarray:
        """The noise variance of each pixel, (d,)."""
        return np.broadcast_to(self.noise, self.mu.shape)

    def given(self) -> dict[str, Any]:
        """The arguments of the homework's functions."""
        noise = KINDS[self.setting.noise][0](self.noise)
        W = self.W.T.copy() if self.setting.rows else self.W
        found = {"x": self.x, "W": W, "mu": self.mu, f"noise_{self.setting.noise}": noise}
        if self.setting.of_pixels:
            found["prior_mean"] = self.centre
        if self.setting.prior:
            found[f"prior_{self.setting.prior}"] = KINDS[self.setting.prior][0](self.prior)
        return found

    def changed(self, **parts: Any) -> LinearGaussian:
        """The same pictures with other parts of the model."""
        other = copy.copy(self)
        for name, value in parts.items():
            setattr(other, name, value)
        return other

    def misread(self) -> dict[str, LinearGaussian]:
        """Models that students get who take an argument for something else."""
        setting, found = self.setting, {}
        for part, kind in (("noise", setting.noise), ("prior", setting.prior)):
            for other in KINDS.keys() - {kind} if kind else ():
                value = KINDS[other][1](KINDS[kind][0](getattr(self, part)))
                advice = f"the {part} is given as a {called(kind)}, not as a {called(other)}"
                found[advice] = self.changed(**{part: value})
        if setting.prior:
            found["the prior is not N(0, I)"] = self.changed(prior=np.ones_like(self.prior))
        if setting.of_pixels:
            found["the prior has a mean"] = self.changed(centre=np.zeros_like(self.centre))
            mean = np.full_like(self.noise, self.noise.mean())
            found["every pixel has a noise of its own"] = self.changed(noise=mean)
        return found

    def posterior(self) -> tuple[np.ndarray, np.ndarray]:
        """Means (n, k) and covariance (k, k) of p(z | x): the joint Gaussian, given x."""
        cross = self.W * self.prior  # (d, k)
        gain = np.linalg.solve(self.C, cross)
        middle = self.mu + self.W @ self.centre
        return self.centre + (self.x - middle) @ gain, np.diag(self.prior) - cross.T @ gain

    def log_prob(self) -> np.ndarray:
        """log p(x), (n,)."""
        return multivariate_normal(self.mu + self.W @ self.centre, self.C).logpdf(self.x)

    def bound(self, m: np.ndarray, S: np.ndarray) -> np.ndarray:
        """log p(x) minus the KL of N(m, S) from the posterior, (n,); S is (n, k, k)."""
        means, covariance = self.posterior()
        precision, gap = np.linalg.inv(covariance), m - means
        far = ((gap @ precision) * gap).sum(axis=1) + np.trace(S @ precision, axis1=1, axis2=2)
        log_det = np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(S)[1]
        return self.log_prob() - 0.5 * (far - m.shape[1] + log_det)

    def elbo(self, m: np.ndarray, s: np.ndarray) -> np.ndarray:
        """The bound for N(m, diag exp(s)), (n,)."""
        return self.bound(m, np.exp(s)[:, :, None] * np.eye(s.shape[1]))


def check_posterior(
    exact_posterior: Callable,
    rng: np.random.Generator,
    d: int = 6,
    k: int = 2,
    setting: Setting = PUBLIC,
) -> None:
    """Compare with the joint Gaussian of picture and code, conditioned on the picture."""
    model = LinearGaussian(rng, d, k, setting=setting)
    what = f"the posterior with D = {d}, K = {k}"
    names = f"(means, {setting.spread})"
    found = as_parts(ask(exact_posterior, what, **model.given()), what, names)
    means, covariance = model.posterior()
    hints, spreads = {}, {}
    for advice, other in model.misread().items():
        hints[advice], spreads[advice] = other.posterior()
    if not (setting.prior or setting.of_pixels):
        hints |= _mean_mistakes(model)
    compare(numbers(found[0]), means, f"the means of {what}", hints=hints, tol=FLOAT32)
    noise, inner = np.mean(model.noise), model.W.T @ model.W
    spreads |= {
        "the covariance is sigma^2 M^-1; the factor sigma^2 is missing": covariance / noise,
        "that is the precision; invert it": np.linalg.inv(covariance),
        "latents are correlated once x is given; keep the whole matrix": np.diag(
            np.diag(covariance)
        ),
        "the prior is missing": noise * np.linalg.pinv(inner),
        "that is the covariance of the means; the posterior has its own": (
            np.diag(model.prior) - covariance
        ),
        "the noise is given as a variance; take no root": covariance / math.sqrt(noise),
    }
    right = _spread(covariance, setting.spread)
    hints = {a: _spread(v, setting.spread) for a, v in spreads.items() if _regular(v)}
    if setting.spread != "covariance":
        hints[f"that is the covariance; the task asks for the {setting.spread}"] = covariance
        hints["that is an upper triangle; L is a lower one with L L^T the covariance"] = right.T
    compare(numbers(found[1]), right, f"the {setting.spread} of {what}", hints=hints, tol=FLOAT32)


def _regular(matrix: np.ndarray) -> bool:
    return bool(np.linalg.eigvalsh(matrix).min() > 1e-9)


@peer
def _spread(covariance: np.ndarray, kind: str) -> np.ndarray:
    if kind == "precision":
        return np.linalg.inv(covariance)
    return np.linalg.cholesky(covariance) if kind == "Cholesky factor" else covariance


@peer
def _mean_mistakes(model: LinearGaussian) -> dict[str, np.ndarray]:
    """What typical mistakes give for the posterior means when the prior is N(0, I)."""
    inner, centred, noise = model.W.T @ model.W, model.x - model.mu, model.noise
    means, one = model.posterior()[0], np.eye(len(inner))
    return {
        "take mu away from x": means + model.mu @ np.linalg.solve(model.C, model.W),
        "that is the nearest point of the plane; the prior pulls it towards 0": (
            centred @ np.linalg.pinv(model.W).T
        ),
        "the noise belongs on the diagonal of M = W^T W + sigma^2 I, not 1": (
            centred @ model.W @ np.linalg.inv(inner + one)
        ),
        "the noise variance is not squared": (
            centred @ model.W @ np.linalg.inv(inner + noise**2 * one)
        ),
        "M^-1 W^T (x - mu) needs no further sigma^2": means / noise,
        "that is W^T (x - mu); multiply it by the inverse of M": centred @ model.W,
    }


def check_linear_elbo(
    linear_elbo: Callable,
    rng: np.random.Generator,
    d: int = 6,
    k: int = 2,
    best: bool = False,
    setting: Setting = PUBLIC,
) -> None:
    """Compare the bound with log p(x) - KL(q || p(z | x)); `best`: q is close to the posterior."""
    model = LinearGaussian(rng, d, k, setting=setting)
    means, covariance = model.posterior()
    m = means if best else means + rng.normal(0, 0.5, size=means.shape)
    v = np.tile(-np.log(np.diag(np.linalg.inv(covariance))), (len(m), 1))
    v = v if best else v + rng.normal(0, 0.5, size=m.shape)
    if setting.q == "S":
        A = rng.normal(0, 0.0 if best else 0.4, size=(k, k))
        S, encoder = np.tile(covariance + A @ A.T, (len(m), 1, 1)), {}
        encoder = {"m": m, "S": S[0].copy()}
    else:
        S = np.exp(v)[:, :, None] * np.eye(k)
        encoder = {"m": m, "s": v / (2 * WIDTHS[setting.q])}
    what = f"the bound of {len(m)} pictures with D = {d}, K = {k}"
    answer = each_example(ask(linear_elbo, what, **model.given(), **encoder), len(m), what)
    right = model.bound(m, S)
    hints = _elbo_mistakes(model, m, S, right)
    if setting.q != "S" and not (setting.prior or setting.of_pixels):
        kl, each = hints["the KL is missing"] - right, kl_mistakes(m, encoder["s"], setting.q)
        hints |= {f"the KL: {advice}": right + kl - value for advice, value in each.items()}
    compare(answer, right, what, hints=hints, tol=FLOAT32)


@peer
def _elbo_mistakes(
    model: LinearGaussian, m: np.ndarray, S: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the bound, (n,) each."""
    (d, k), noises = model.W.shape, model.noises
    lengths, variances = (model.W.T**2 / noises).sum(axis=1), np.diagonal(S, axis1=1, axis2=2)
    shake = 0.5 * np.einsum("dk,nkl,dl,d->n", model.W, S, model.W, 1 / noises)
    rest = model.x - model.mu - m @ model.W.T
    fit = (rest**2 / noises).sum(axis=1) / 2
    constant = np.log(2 * math.pi * noises).sum() / 2
    kl = -(right + shake + fit + constant)
    alone = fit * np.mean(noises) * 2
    found = {
        "the noise of z costs too: add what it adds to the squared error": right + shake,
        "the KL is missing": right + kl,
        "that extra error is divided by 2 sigma^2 as well": (
            right + shake * (1 - 2 * np.mean(noises))
        ),
        "the extra error needs variances, not standard deviations": (
            right + shake - np.sqrt(variances) @ lengths / 2
        ),
        "|w_k|^2 is the squared length of a column of W": (
            right + shake - variances.sum(axis=1) / (2 * np.mean(noises))
        ),
        "the constant D/2 log(2 pi sigma^2) is missing": right + constant,
        "the constant counts pixels, not latents": right + constant * (1 - k / d),
        "the squared error is divided by 2 sigma^2": right + fit + shake - alone,
        "that is minus the bound": -right,
        "take mu away from x": right + fit - ((rest + model.mu) ** 2 / noises).sum(axis=1) / 2,
        PIXELS: -(fit + shake + constant) / d - kl,
        "that is log p(x) itself; return the bound for the q you are given": model.log_prob(),
    }
    found |= _spread_mistakes(model, m, S, right)
    return found | {advice: other.bound(m, S) for advice, other in model.misread().items()}


@peer
def _spread_mistakes(
    model: LinearGaussian, m: np.ndarray, S: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """What mistakes in the covariance of q give for the bound, (n,) each."""
    variances, q = np.diagonal(S, axis1=1, axis2=2), model.setting.q
    if q == "S":
        scaled = model.W / np.sqrt(model.noises)[:, None]
        trace = np.einsum("dk,nkl,dl->n", scaled, S, scaled) - variances @ (scaled**2).sum(axis=0)
        log_det, logs = np.linalg.slogdet(S)[1], np.log(variances).sum(axis=1)
        return {
            "S has covariances too: the trace of W S W^T needs them": right + trace / 2,
            "the logarithm of the determinant is not that of the diagonal": (
                right + (logs - log_det) / 2
            ),
            "the KL has half the logarithm of det S": right + log_det / 2,
        }
    found = {}
    for other in WIDTHS.keys() - {q}:
        taken = np.exp(np.log(variances) * WIDTHS[other] / WIDTHS[q])
        advice = f"s is {MEANING[q]}, sigma^2 = {SQUARE[q]}, and not {MEANING[other]}"
        found[advice] = model.bound(m, taken[:, :, None] * np.eye(taken.shape[1]))
    return found
