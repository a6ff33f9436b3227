"""Mistakes in the checks of chapter 6's homework: each gives points away or takes them."""

import numpy as np

from lib import homework_diffusion as noise
from lib import homework_diffusion_chain as chain
from lib import homework_diffusion_clinic as clinic
from lib import homework_diffusion_goals as goals
from lib import homework_diffusion_sampling as sampling
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("06_diffusion", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses
BETAS = np.array([0.1, 0.3, 0.2])


def shares_multiply() -> None:
    assert np.allclose(noise.retained(BETAS), np.append(1, np.cumprod(1 - BETAS)))


def unit_variance_stays() -> None:
    kept = noise.retained(BETAS)
    for s, t in [(0, 3), (1, 3), (2, 3), (1, 1)]:
        factor, variance = noise.moments(kept, s, t)
        assert np.isclose(factor**2 + variance, 1)
        assert np.isclose(factor**2, kept[t] / kept[s])


def bridges_forget_nothing() -> None:
    """Averaged over x_t, the mean and variance of x_s are those given x_0 alone."""
    kept = noise.retained(BETAS)
    for s, t in [(0, 2), (1, 2), (1, 3), (2, 3)]:
        on_x0, on_xt, variance = noise.bridge(kept, s, t)
        (to_s, spread_s), (to_t, spread_t) = noise.moments(kept, 0, s), noise.moments(kept, 0, t)
        assert np.isclose(on_x0 + on_xt * to_t, to_s)
        assert np.isclose(on_xt**2 * spread_t + variance, spread_s)


def turning_keeps_lengths() -> None:
    xt, v = goals.turned(np.array([3.0, 0.0]), np.array([0.0, 2.0]), 0.64)
    assert np.allclose(xt, [0.8 * 3, 0.6 * 2])
    assert np.allclose(v, [-0.6 * 3, 0.8 * 2])


def one_component_is_linear() -> None:
    """With a single Gaussian the guess is that of two jointly Gaussian numbers."""
    xt, mean = np.array([[0.5], [-2.0]]), np.array([[1.5]])
    found, score = chain.tweedie(xt, 0.6, np.ones(1), mean, 0.3)
    spread = 0.6 * 0.3 + 0.4
    assert np.allclose(score, -(xt - np.sqrt(0.6) * mean) / spread)
    assert np.allclose(found, mean + np.sqrt(0.6) * 0.3 / spread * (xt - np.sqrt(0.6) * mean))


def a_long_chain_reaches_the_data() -> None:
    means, variances = chain.chain_of(2.0, 0.25, np.linspace(0.0001, 0.02, 1000), "posterior")
    assert abs(means[0] - 2) < 1e-3
    assert abs(variances[0] - 0.25) < 1e-2
    assert (means[-1], variances[-1]) == (0, 1)


def drawn_chains_agree(kind: str = "beta") -> None:
    betas, rng = np.linspace(0.05, 0.4, 6), np.random.default_rng(0)
    network = clinic.exact_noise(2.0, 0.3, betas)
    z = rng.normal(size=(7, 100_000))
    path = clinic.trajectory(network, rng.normal(size=100_000), z, betas)
    means, variances = chain.chain_of(2.0, 0.3, betas, kind)
    assert np.abs(path.mean(axis=1) - means).max() < 0.02
    assert np.abs(path.var(axis=1) - variances).max() < 0.02


def known_numbers_stay() -> None:
    rng, kept = np.random.default_rng(1), noise.retained(BETAS)
    x0, start = rng.normal(size=(2, 2, 3))
    known = np.array([True, False, True])
    seen = []

    def reverse(xt: np.ndarray, t: int) -> np.ndarray:
        seen.append(xt.copy())
        return xt + t

    eps = np.zeros((4, 2, 3))
    done = sampling.completed(reverse, x0, known, start, eps, kept)
    assert np.allclose(done[:, known], x0[:, known])
    assert np.allclose(done[:, 1], start[:, 1] + 1 + 2 + 3)
    for xt, t in zip(seen, (3, 2, 1), strict=True):
        assert np.allclose(xt[:, known], np.sqrt(kept[t]) * x0[:, known])


MUTATIONS = [
    Mutation(
        "leaves the book's diffusion on",
        "lib.homework_diffusion.ANSWERS",
        (),
        loses("terminal-end", "terminal", "asks the book", "switched off"),
    ),
    Mutation(
        "leaves the tests' own solutions of chapter 6 on",
        "lib.homework_asking.PEERS",
        set(),
        loses("jump-middle", "jump", "calls the tests", "switched off"),
    ),
    Mutation(
        "adds shares up",
        "lib.homework_diffusion.retained",
        Edit("left[-1] - left[-1] * float(beta)", "left[-1] - float(beta)"),
        shares_multiply,
    ),
    Mutation(
        "does not shrink the noise of earlier steps",
        "lib.homework_diffusion.moments",
        Edit("alpha * variance + 1", "variance + 1"),
        unit_variance_stays,
    ),
    Mutation(
        "conditions with a gain too large",
        "lib.homework_diffusion.bridge",
        Edit("before + added", "before + 2 * added"),
        bridges_forget_nothing,
    ),
    Mutation(
        "wants entry 0 of the ratio to be 0",
        "lib.homework_diffusion.check_tables",
        Edit("== np.inf", "== 0"),
        earns("tables-near"),
    ),
    Mutation(
        "accepts tables without the data",
        "lib.homework_diffusion.NO_ENTRY_0",
        "",
        loses("tables-near", "tables", "leaves entry 0 out", "entry 0 stands for the data"),
    ),
    Mutation(
        "averages the divergence over dimensions",
        "lib.homework_diffusion.check_terminal",
        Edit("right = nats(mean, std)", "right = nats(mean, std) / d"),
        earns("terminal-end"),
    ),
    Mutation(
        "gives every example the same step",
        "lib.homework_diffusion.check_diffuse",
        Edit("    t[:2] = rng.permutation(steps)[:2] + 1", "    t[:] = 2"),
        loses("diffuse-shapes", "diffuse", "uses one t for all", "of the first for all"),
    ),
    Mutation(
        "leaps from the data",
        "lib.homework_diffusion.check_jump",
        Edit("moments(kept, s, t)", "moments(kept, 0, t)"),
        earns("jump-middle"),
    ),
    Mutation(
        "wants the spread of the posterior",
        "lib.homework_diffusion_chain.check_posterior",
        Edit(
            "on_x0, on_xt, variance = np.array([bridge(kept, int(k) - 1, int(k)) for k in t]).T",
            "on_x0, on_xt, variance = np.array([bridge(kept, int(k) - 1, int(k)) for k in t]).T\n"
            "    variance = np.sqrt(variance)",
        ),
        earns("posterior-middle"),
    ),
    Mutation(
        "turns the other way",
        "lib.homework_diffusion_goals.turned",
        Edit("-1j", "+1j"),
        turning_keeps_lengths,
    ),
    Mutation(
        "forgets the half of the divergence",
        "lib.homework_diffusion_weights.weights_of",
        Edit("2 * _sigma2", "_sigma2"),
        earns("weights-near"),
    ),
    Mutation(
        "exchanges the variances of the bound",
        "lib.homework_diffusion_weights._sigma2",
        Edit('== "beta"', '!= "beta"'),
        earns("weights-near"),
    ),
    Mutation(
        "averages the loss over numbers",
        "lib.homework_diffusion_goals._squares",
        Edit(".sum()", ".mean()"),
        earns("loss-eps"),
    ),
    Mutation(
        "does not look at gradients",
        "lib.homework_diffusion_goals.check_loss",
        Edit('compare(theirs, mine, f"the gradient of {what}", tol=FLOAT32)', "pass"),
        loses("loss-eps", "loss", "lets half of the gradient through", "the gradient of"),
    ),
    Mutation(
        "takes any step for a step",
        "lib.homework_diffusion_goals.Network.__call__",
        Edit("np.isin(t, np.arange(self.steps + 1)).all()", "len(what)"),
        loses("loss-eps", "loss", "says shares of T", "whole numbers"),
    ),
    Mutation(
        "forgets Tweedie's root",
        "lib.homework_diffusion_chain.tweedie",
        Edit("/ np.sqrt(left)).detach()", "/ left).detach()"),
        one_component_is_linear,
    ),
    Mutation(
        "adds noise at the last step",
        "lib.homework_diffusion_chain.chain_of",
        Edit('or (t == 1 and not slips.get("last"))', ""),
        drawn_chains_agree,
    ),
    Mutation(
        "starts the chain from the data's end",
        "lib.homework_diffusion_chain.chain_of",
        Edit('if slips.get("fair"):', 'if not slips.get("fair"):'),
        a_long_chain_reaches_the_data,
    ),
    Mutation(
        "leaps without the rest of the noise",
        "lib.homework_diffusion_sampling.check_ddim",
        Edit("np.sqrt(noise_s - spread)", "np.sqrt(noise_s)"),
        earns("ddim-leap"),
    ),
    Mutation(
        "completes with clean data",
        "lib.homework_diffusion_sampling.completed",
        Edit("factor * x0[at]", "x0[at]"),
        known_numbers_stay,
    ),
    Mutation(
        "does not count the steps asked for",
        "lib.homework_diffusion_sampling.Reverse.__call__",
        Edit("self.asked.append(int(t))", "self.asked[:] = range(self.steps, 0, -1)"),
        loses("completion-half", "completion", "asks twice", "once for each t"),
    ),
    Mutation(
        "leaves a mistake in the clinic's own sampler",
        "lib.homework_diffusion_clinic.trajectory",
        Edit('"exchanged" in slips', '"exchanged" not in slips'),
        drawn_chains_agree,
    ),
    Mutation(
        "has a network that knows another mean",
        "lib.homework_diffusion_clinic.exact_noise",
        Edit("factor * guess(", "0.9 * factor * guess("),
        drawn_chains_agree,
    ),
    Mutation(
        "accepts the posterior's variance in the clinic",
        "lib.homework_diffusion_clinic.check_sampler",
        Edit(
            "right = trajectory(network.numpy, **given)",
            'right = trajectory(network.numpy, start, z, betas, "tilde")',
        ),
        earns("clinic-path"),
    ),
]
