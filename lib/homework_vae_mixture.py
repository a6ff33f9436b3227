"""The visible tests of chapter 4's homework, task 1: mixtures, EM and the lower bound.

Right answers come from pairwise ratios, from copies of the data, and from log p(x) minus a KL.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp, rel_entr
from scipy.stats import norm

from lib.homework import as_numbers, compare
from lib.homework_asking import as_parts
from lib.homework_vae import ZERO_LOG, ask, each_example


class Mixture:
    """A random mixture of diagonal Gaussians: `weights` (m,), `means`, `variances` (m, d)."""

    def __init__(self, rng: np.random.Generator, m: int, d: int):
        self.weights = rng.dirichlet(np.full(m, 4.0))
        self.means = rng.normal(0, 1.5, size=(m, d))
        self.variances = rng.uniform(0.3, 3, size=(m, d))

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
        return {"weights": self.weights, "means": self.means, "variances": self.variances}


def pairwise(log_joint: np.ndarray) -> np.ndarray:
    """Each component's share of exp(log_joint), (n, m), from ratios of pairs: nothing underflows.

    Rows may also have unequal sums; only differences within a row count.
    """
    with np.errstate(over="ignore"):
        return 1 / np.exp(log_joint[:, None, :] - log_joint[:, :, None]).sum(axis=2)


def check_responsibilities(
    responsibilities: Callable, rng: np.random.Generator, m: int = 3, d: int = 2, far: float = 0.0
) -> None:
    """Compare responsibilities with pairwise ratios; `far` moves the examples away from all."""
    model, n = Mixture(rng, m, d), 12
    x = model.sample(n, rng) + far
    what = f"the responsibilities of {m} components in {d} dimensions"
    nan = (
        "every density underflowed to 0, and 0/0 is nan; stay with logarithms and subtract the "
        "largest of each row before exp"
    )
    answer = as_numbers(ask(responsibilities, what, x=x, **model.given()), (n, m), what, nan=nan)
    log_joint, distance = model.log_joint(x), (x[:, None] - model.means) ** 2
    scaled = (distance / model.variances).sum(axis=2)
    hints = {
        "the weights pi_m are missing": pairwise(log_joint - np.log(model.weights)),
        "the normalising constants differ between components, so they do not cancel": pairwise(
            np.log(model.weights) - scaled / 2
        ),
        "half of each log variance belongs to the density": pairwise(
            log_joint - np.log(model.variances).sum(axis=1) / 2
        ),
        "variances are given, not standard deviations; do not square them": pairwise(
            np.log(model.weights)
            + norm.logpdf(x[:, None], model.means, model.variances).sum(axis=2)
        ),
        "the exponent of a Gaussian is minus one half of the squared distance": pairwise(
            log_joint - scaled / 2
        ),
        "sum the log densities over the dimensions, do not average them": pairwise(
            np.log(model.weights) + model.terms(x).mean(axis=2)
        ),
        "each example shares out its 1: the sum over components is 1, not that over examples": (
            pairwise(log_joint.T).T
        ),
        "those are densities p(x, m); divide them by their sum": np.exp(log_joint),
        "those are logarithms; take exp at the end": (
            log_joint - logsumexp(log_joint, axis=1, keepdims=True)
        ),
        "a responsibility is a share between 0 and 1, not a choice of the best component": (
            np.eye(m)[log_joint.argmax(axis=1)]
        ),
    }
    compare(answer, pairwise(log_joint), what, hints=hints, tol=1e-7)


def check_m_step(
    m_step: Callable, rng: np.random.Generator, n: int = 20, m: int = 3, d: int = 2
) -> None:
    """Compare with plain averages over copies: r = 3/8 means three copies of an example."""
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 2, size=d) + rng.normal(0, 2, size=d)
    copies = np.vstack([8 * np.eye(m, dtype=int), rng.multinomial(8, np.ones(m) / m, size=n - m)])
    r, total = copies / 8, copies.sum(axis=0) / 8
    groups = [np.repeat(x, copies[:, j], axis=0) for j in range(m)]
    means, variances = (np.array([f(g, axis=0) for g in groups]) for f in (np.mean, np.var))
    names = "(weights, means, variances)"
    found = as_parts(ask(m_step, "the M-step", x=x, r=r), "the M-step", names)
    hints = {
        "those are the N_m; divide by N": total,
        "a component holds N_m / N of the examples, not 1/M": np.full(m, 1 / m),
    }
    compare(found[0], total / n, "the weights", hints=hints)
    hints = {
        "divide by N_m, the sum of the responsibilities, not by N": means * total[:, None] / n,
        "divide by N_m": means * total[:, None],
        "weigh each example with its responsibility": np.tile(x.mean(axis=0), (m, 1)),
        "use the shares, not the best component of each example": _hard_means(x, r),
    }
    compare(found[1], means, "the means", hints=hints)
    second = variances + means**2
    hints = {
        "take the component's own new mean away, not the mean of all examples": (
            second - 2 * means * x.mean(axis=0) + x.mean(axis=0) ** 2
        ),
        "take the mean away before you square": second,
        "those are standard deviations": np.sqrt(variances),
        "divide by N_m, not by N": variances * total[:, None] / n,
        "divide by N_m": variances * total[:, None],
        "divide by N_m, not by N_m - 1": variances * (total / (total - 1))[:, None],
        "every dimension has a variance of its own": np.tile(
            variances.mean(axis=1, keepdims=True), (1, d)
        ),
    }
    compare(found[2], variances, "the variances", hints=hints)


def _hard_means(x: np.ndarray, r: np.ndarray) -> np.ndarray:
    best = r.argmax(axis=1)
    return np.array([x[best == j].mean(axis=0) for j in range(r.shape[1])])


def check_bound(
    lower_bound: Callable, rng: np.random.Generator, m: int = 3, d: int = 2, zeros: bool = False
) -> None:
    """Compare the bound with log p(x) - KL(q || p(m | x)), for q that are not the posterior."""
    model, n = Mixture(rng, m, d), 7
    x, q = model.sample(n, rng), rng.dirichlet(np.ones(m), size=n)
    if zeros:
        q = np.where(np.arange(m) == rng.integers(m, size=(n, 1)), 0, q)
        q /= q.sum(axis=1, keepdims=True)
    what = f"the bound for q{' with zeros' if zeros else ''}, {m} components"
    answer = ask(lower_bound, what, x=x, q=q, **model.given())
    joint = model.log_joint(x)
    log_p, gap = logsumexp(joint, axis=1), rel_entr(q, pairwise(joint)).sum(axis=1)
    surprise = rel_entr(q, np.ones_like(q)).sum(axis=1)  # sum of q log q
    prior = (q * np.log(model.weights)).sum(axis=1)
    with np.errstate(divide="ignore"):
        inside = logsumexp(joint + np.log(q), axis=1)
    hints = {
        "the entropy of q is missing, minus the sum of q log q": log_p - gap + surprise,
        "the entropy of q has the wrong sign: subtract q log q": log_p - gap + 2 * surprise,
        "log pi_m is missing": log_p - gap - prior,
        "that is log p(x), the bound for the best q; use the q you are given": log_p,
        "that is the gap KL(q || p(m | x)); the bound is what is left of log p(x)": gap,
        "that is the expected log density alone; the KL from the weights is missing": (
            log_p - gap + surprise - prior
        ),
        "that is minus the bound": gap - log_p,
        "the logarithm belongs inside the sum over m: q(m) log(p(x, m) / q(m))": inside,
    }
    compare(each_example(answer, n, what, ZERO_LOG), log_p - gap, what, hints=hints)
