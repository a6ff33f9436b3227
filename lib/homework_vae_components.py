"""The mixtures of chapter 4's homework, task 1: Gaussians and other components, all known."""

from __future__ import annotations

import numpy as np
from scipy.stats import bernoulli, expon, norm, poisson

from lib.homework_asking import peer

#: What a Gaussian's spread may be given as -> (its values from variances, variances from them).
SPREADS = {
    "variances": (lambda v: v, lambda v: v),
    "precisions": (lambda v: 1 / v, lambda v: 1 / v),
    "stds": (np.sqrt, np.square),
    "log_variances": (np.log, np.exp),
}
CALLED = {
    "variances": "variances",
    "precisions": "precisions, 1 / variance",
    "stds": "standard deviations",
    "log_variances": "log-variances",
}
# Other components with one parameter, their mean -> log p(x; mean).
FAMILIES = {
    "poisson": poisson.logpmf,
    "bernoulli": bernoulli.logpmf,
    "exponential": lambda x, mean: expon.logpdf(x, scale=mean),
}


@peer
class Mixture:
    """A random mixture of diagonal Gaussians: `weights` (m,), `means`, `variances` (m, d).

    `spread` is what the students receive in place of variances, with log weights unless it is
    "variances". `tied` components share their variances (1, d), or their dimensions do (m, 1).
    """

    def __init__(
        self, rng: np.random.Generator, m: int, d: int, spread: str = "variances", tied: str = ""
    ):
        self.weights, self.spread, self.tied = rng.dirichlet(np.full(m, 4.0)), spread, tied
        self.means = rng.normal(0, 1.5, size=(m, d))
        self.variances = rng.uniform(0.3, 3, size=(m, d))
        if tied:
            part = self.variances[:1] if tied == "components" else self.variances[:, :1]
            self.variances = np.broadcast_to(part, (m, d))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n random points, (n, d)."""
        m = rng.choice(len(self.weights), size=n, p=self.weights)
        return self.means[m] + np.sqrt(self.variances[m]) * rng.normal(size=self.means[m].shape)

    def terms(self, x: np.ndarray) -> np.ndarray:
        """log N(x_i; mean, variance) of each component and dimension, (n, m, d)."""
        return norm.logpdf(x[:, None], self.means, np.sqrt(self.variances))

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, m), (n, m)."""
        return np.log(self.weights) + self.terms(x).sum(axis=2)

    def given(self) -> dict[str, np.ndarray]:
        """The arguments of the homework's functions."""
        weights = {"weights": self.weights}
        if self.spread != "variances":
            weights = {"log_weights": np.log(self.weights)}
        spread = SPREADS[self.spread][0](self.variances)
        if self.tied:
            spread = spread[0].copy() if self.tied == "components" else spread[:, 0].copy()
        return {**weights, "means": self.means, self.spread: spread}

    def misread(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """log p(x, m) when the spread is taken for variances, or for another spread."""
        names = SPREADS.keys() - {self.spread} if self.spread != "variances" else {"stds"}
        found, given = {}, SPREADS[self.spread][0](self.variances)
        for name in names:
            with np.errstate(all="ignore"):
                std = np.sqrt(SPREADS[name][1](given))
                taken = norm.logpdf(x[:, None], self.means, std).sum(axis=2)
            found[f"{CALLED[self.spread]} are given, not {CALLED[name]}"] = (
                np.log(self.weights) + taken
            )
        return found


@peer
class OtherMixture:
    """A random mixture of Poisson, Bernoulli or exponential distributions: `weights`, `means`."""

    def __init__(self, rng: np.random.Generator, m: int, d: int, family: str):
        self.weights, self.family = rng.dirichlet(np.full(m, 4.0)), family
        high = 0.9 if family == "bernoulli" else 4.0
        self.means = rng.uniform(0.1, high, size=(m, d))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n random points, (n, d)."""
        means = self.means[rng.choice(len(self.weights), size=n, p=self.weights)]
        if self.family == "bernoulli":
            return (rng.uniform(size=means.shape) < means).astype(float)
        return rng.poisson(means) * 1.0 if self.family == "poisson" else rng.exponential(means)

    def terms(self, x: np.ndarray) -> np.ndarray:
        """log p(x_i; mean) of each component and dimension, (n, m, d)."""
        return FAMILIES[self.family](x[:, None], self.means)

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, m), (n, m)."""
        return np.log(self.weights) + self.terms(x).sum(axis=2)

    def given(self) -> dict[str, np.ndarray]:
        """The arguments of the homework's functions."""
        return {"weights": self.weights, "means": self.means}

    def misread(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """log p(x, m) with a typical part of the density forgotten."""
        log_weights, x = np.log(self.weights), x[:, None]
        inked = (x * np.log(self.means)).sum(axis=2)
        return {
            "bernoulli": {"a value 0 has the probability 1 - mean; count it": log_weights + inked},
            "poisson": {"minus the mean belongs to the log-probability": log_weights + inked},
            "exponential": {
                "minus the logarithm of the mean belongs to the log-density": (
                    log_weights - (x / self.means).sum(axis=2)
                ),
                "the mean divides x; it is no rate that multiplies it": (
                    log_weights + (np.log(self.means) - x * self.means).sum(axis=2)
                ),
            },
        }[self.family]
