"""The visible tests of chapter 4's homework, task 1: mixtures, EM and the lower bound.

Right answers come from pairwise ratios, from copies of the data, and from log p(x) minus a KL.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp, rel_entr

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_vae import ZERO_LOG, ask, each_example
from lib.homework_vae_components import CALLED, SPREADS, Mixture, OtherMixture

UNDERFLOW = (
    "every density underflowed to 0, and 0/0 is nan; stay with logarithms and subtract the largest "
    "of each row before exp"
)


@peer
def pairwise(log_joint: np.ndarray) -> np.ndarray:
    """Each component's share of exp(log_joint), (n, m), from ratios of pairs: nothing underflows.

    Rows may also have unequal sums; only differences within a row count.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return 1 / np.exp(log_joint[:, None, :] - log_joint[:, :, None]).sum(axis=2)


def check_responsibilities(
    responsibilities: Callable,
    rng: np.random.Generator,
    m: int = 3,
    d: int = 2,
    far: float = 0.0,
    *,
    spread: str = "variances",
    tied: str = "",
    cooled: str = "",
    family: str = "",
) -> None:
    """Compare responsibilities with pairwise ratios; `far` moves the examples away from all.

    `family` asks for other components than Gaussians. `cooled` adds the argument T, or "beta" its
    inverse.
    """
    model = OtherMixture(rng, m, d, family) if family else Mixture(rng, m, d, spread, tied)
    x, power, extra = model.sample(12, rng) + far, *_cooling(rng, cooled)
    what = f"the responsibilities of {m} components in {d} dimensions"
    nan = UNDERFLOW
    if spread != "variances":
        nan = f"the weights are given as logarithms, the spreads as {CALLED[spread]}; or {nan}"
    answer = ask(responsibilities, what, x=x, **model.given(), **extra)
    answer = as_numbers(numbers(answer), (12, m), what, nan=nan)
    joint = model.log_joint(x)
    hints = {}
    if cooled:
        hints = {
            f"the argument {cooled} is not used as the task says": pairwise(joint),
            f"the power is taken with {cooled} the wrong way round": pairwise(joint / power),
            "the weight is raised to the power too": pairwise(
                np.log(model.weights) * (1 - power) + power * joint
            ),
        }
    hints |= {advice: pairwise(power * value) for advice, value in model.misread(x).items()}
    hints |= {
        "the weights pi_m are missing": pairwise(power * (joint - np.log(model.weights))),
        "sum the logarithms over the dimensions, do not average them": pairwise(
            power * (np.log(model.weights) + model.terms(x).mean(axis=2))
        ),
        "each example shares out its 1: the sum over components is 1, not that over examples": (
            pairwise(power * joint.T).T
        ),
        "those are densities p(x, m); divide them by their sum": np.exp(power * joint),
        "those are logarithms; take exp at the end": (
            power * joint - logsumexp(power * joint, axis=1, keepdims=True)
        ),
        "a responsibility is a share between 0 and 1, not a choice of the best component": (
            np.eye(m)[joint.argmax(axis=1)]
        ),
    }
    if not family:
        hints |= _gaussian_mistakes(model, x, power)
    compare(answer, pairwise(power * joint), what, hints=hints, tol=FLOAT32)


def _cooling(rng: np.random.Generator, cooled: str) -> tuple[float, dict[str, float]]:
    """The power of a cooled E-step, and the argument by which students learn it."""
    if not cooled:
        return 1.0, {}
    value = float(rng.choice([rng.uniform(0.3, 0.7), rng.uniform(1.5, 4)]))
    return (1 / value, {"T": value}) if cooled == "T" else (value, {"beta": value})


@peer
def _gaussian_mistakes(model: Mixture, x: np.ndarray, power: float) -> dict[str, np.ndarray]:
    """What mistakes in the density of a Gaussian give for the responsibilities."""
    scaled = ((x[:, None] - model.means) ** 2 / model.variances).sum(axis=2)
    joint, log_weights = model.log_joint(x), np.log(model.weights)
    wrong = {
        "the normalising constants differ between components, so they do not cancel": (
            log_weights - scaled / 2
        ),
        "half of each log variance belongs to the density": (
            joint - np.log(model.variances).sum(axis=1) / 2
        ),
        "the exponent of a Gaussian is minus one half of the squared distance": joint - scaled / 2,
    }
    return {advice: pairwise(power * value) for advice, value in wrong.items()}


def check_m_step(
    m_step: Callable,
    rng: np.random.Generator,
    n: int = 20,
    m: int = 3,
    d: int = 2,
    *,
    spread: str = "variances",
    tied: str = "",
    family: str = "",
) -> None:
    """Compare with plain averages over copies: r = 3/8 means three copies of an example.

    `spread`, `tied` and `family` are as in `Mixture` and `OtherMixture`.
    """
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 2, size=d) + rng.normal(0, 2, size=d)
    if family:
        x = OtherMixture(rng, m, d, family).sample(n, rng)
    copies = np.vstack([8 * np.eye(m, dtype=int), rng.multinomial(8, np.ones(m) / m, size=n - m)])
    r, total = copies / 8, copies.sum(axis=0) / 8
    logs = "log_" * (spread != "variances")
    names = f"({logs}weights, means{'' if family else f', {spread}'})"
    found = as_parts(ask(m_step, "the M-step", x=x, r=r), "the M-step", names)
    means = np.array([np.repeat(x, copies[:, j], axis=0).mean(axis=0) for j in range(m)])
    share = np.log(total / n) if logs else total / n
    hints = {
        "those are the N_m; divide by N": np.log(total) if logs else total,
        "return the logarithms of the weights": total / n,
        "a component holds N_m / N of the examples, not 1/M": np.full(m, 1 / m),
    }
    compare(numbers(found[0]), share, f"the {logs}weights", hints=hints, tol=FLOAT32)
    hints = {
        "divide by N_m, the sum of the responsibilities, not by N": means * total[:, None] / n,
        "divide by N_m": means * total[:, None],
        "weigh each example with its responsibility": np.tile(x.mean(axis=0), (m, 1)),
        "use the shares, not the best component of each example": _hard_means(x, r),
    }
    compare(numbers(found[1]), means, "the means", hints=hints, tol=FLOAT32)
    if not family:
        _compare_spreads(numbers(found[2]), x, copies, spread, tied)


def _compare_spreads(
    answer: np.ndarray, x: np.ndarray, copies: np.ndarray, spread: str, tied: str
) -> None:
    """Compare the last part of the M-step with the spread of the copies."""
    (n, m), total = copies.shape, copies.sum(axis=0) / 8
    groups = [np.repeat(x, copies[:, j], axis=0) for j in range(m)]
    means, variances = (np.array([f(g, axis=0) for g in groups]) for f in (np.mean, np.var))
    second, centre = variances + means**2, x.mean(axis=0)
    wrong = {
        "every dimension has a variance of its own": np.tile(
            variances.mean(axis=1, keepdims=True), (1, x.shape[1])
        ),
        "take the component's own new mean away, not the mean of all examples": (
            second - 2 * means * centre + centre**2
        ),
        "take the mean away before you square": second,
        "divide by N_m, not by N": variances * total[:, None] / n,
        "divide by N_m": variances * total[:, None],
        "divide by N_m, not by N_m - 1": variances * (total / (total - 1))[:, None],
    }

    def pooled(values: np.ndarray) -> np.ndarray:
        if tied == "components":
            return total @ values / n
        return values.mean(axis=1) if tied == "dimensions" else values

    into, name = SPREADS[spread][0], CALLED[spread]
    hints = {advice: into(pooled(value)) for advice, value in wrong.items()}
    if tied:
        apart = np.shape(answer) != variances.shape
        assert apart, f"the {name}: here the {tied} share their variances: read the task again"
        hints["a component counts as N_m examples, not as one"] = variances.mean(axis=0)
    for other, (convert, _) in SPREADS.items():
        if other != spread:
            hints[f"those are {CALLED[other]}"] = convert(pooled(variances))
    compare(answer, into(pooled(variances)), f"the {name}", hints=hints, tol=FLOAT32)


def _hard_means(x: np.ndarray, r: np.ndarray) -> np.ndarray:
    best = r.argmax(axis=1)
    return np.array([x[best == j].mean(axis=0) for j in range(r.shape[1])])


def check_bound(
    lower_bound: Callable,
    rng: np.random.Generator,
    m: int = 3,
    d: int = 2,
    zeros: bool = False,
    *,
    spread: str = "variances",
    tied: str = "",
    cooled: str = "",
    family: str = "",
) -> None:
    """Compare the bound with log p(x) - KL(q || p(m | x)), for q that are not the posterior.

    The other arguments are those of `check_responsibilities`.
    """
    model = OtherMixture(rng, m, d, family) if family else Mixture(rng, m, d, spread, tied)
    x, q = model.sample(7, rng), rng.dirichlet(np.ones(m), size=7)
    if zeros:
        q = np.where(np.arange(m) == rng.integers(m, size=(7, 1)), 0, q)
        q /= q.sum(axis=1, keepdims=True)
    power, extra = _cooling(rng, cooled)
    what = f"the bound for q{' with zeros' if zeros else ''}, {m} components"
    answer = ask(lower_bound, what, x=x, q=q, **model.given(), **extra)
    joint, warmth = model.log_joint(x), 1 / power
    best = warmth * logsumexp(power * joint, axis=1)
    gap = warmth * rel_entr(q, pairwise(power * joint)).sum(axis=1)
    hints = _bound_mistakes(model, x, q, best - gap, warmth)
    log_p = {
        "that is the largest value, the bound for the best q; use the q you are given": best,
        "that is the gap between the bound and its largest value; return what is left": gap,
    }
    nan = ZERO_LOG
    if spread != "variances":
        nan += f". The weights are given as logarithms, the spreads as {CALLED[spread]}"
    answer = each_example(answer, 7, what, nan)
    compare(answer, best - gap, what, hints=hints | log_p, tol=FLOAT32)


@peer
def _bound_mistakes(
    model: Mixture | OtherMixture, x: np.ndarray, q: np.ndarray, right: np.ndarray, warmth: float
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the bound, (n,) each; `warmth` weighs the entropy of q."""
    surprise = rel_entr(q, np.ones_like(q)).sum(axis=1)  # sum of q log q
    prior, joint = (q * np.log(model.weights)).sum(axis=1), model.log_joint(x)
    with np.errstate(divide="ignore"):
        inside = logsumexp(joint + np.log(q), axis=1)
    hints = {
        "the entropy of q is missing, minus the sum of q log q": right + warmth * surprise,
        "the entropy of q has the wrong sign: subtract q log q": right + 2 * warmth * surprise,
        "log pi_m is missing": right - prior,
        "that is the expected log density alone; the KL from the weights is missing": (
            right + warmth * surprise - prior
        ),
        "that is minus the bound": -right,
        "the logarithm belongs inside the sum over m: q(m) log(p(x, m) / q(m))": inside,
    }
    if warmth != 1:
        hints["the temperature weighs the entropy of q, in the way that the task says"] = (
            right - (1 - warmth) * surprise
        )
        hints["the temperature weighs the entropy of q; yours is the inverse"] = (
            right - (1 / warmth - warmth) * surprise
        )
    for advice, taken in model.misread(x).items():
        hints[advice] = right + (q * (taken - joint)).sum(axis=1)
    return hints
