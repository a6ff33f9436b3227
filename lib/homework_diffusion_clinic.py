"""The visible tests of chapter 6's homework, task 9: a bug clinic for a sampler.

The sampler is run with every mix of its mistakes, so that each answer is recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer, sealed
from lib.homework_diffusion import ask, moments, random_betas, retained
from lib.homework_diffusion_chain import guess
from lib.homework_diffusion_goals import Network

#: The mistakes of the clinic's sampler -> what to say to who keeps them.
SLIPS = {
    "root": "the guess of x_0 misses a root: 1 - bar alpha_t is a variance",
    "exchanged": "the factors of x_0 and of x_t in the mean are exchanged",
    "shifted": "at t = 1 `alpha_bar[t - 2]` is the last entry, bar alpha_T; bar alpha_0 is 1",
    "last": "noise is added at the last step; x_0 is the mean itself",
}


@peer
def trajectory(
    network: Callable, start: np.ndarray, z: np.ndarray, betas: np.ndarray, *slips: str
) -> np.ndarray:
    """x_0 .. x_T, (T + 1, n, ...), by Algorithm 2 with variance beta_t, with any mix of mistakes.

    Besides SLIPS: "spread" takes beta for its root, "tilde" the posterior's variance,
    "still" none.
    """
    kept = retained(betas)
    path = [start]
    for t in range(len(betas), 0, -1):
        now, then = kept[t], kept[t - 1]
        if "shifted" in slips:
            now, then = kept[t], kept[1:][t - 2]  # at t = 1 Python takes the last entry
        beta, alpha = betas[t - 1], 1 - betas[t - 1]
        noise = (1 - now) if "root" in slips else np.sqrt(1 - now)
        x0 = (path[-1] - noise * network(path[-1], t)) / np.sqrt(now)
        pair = (path[-1], x0) if "exchanged" in slips else (x0, path[-1])
        mean = np.sqrt(then) * beta * pair[0] + np.sqrt(alpha) * (1 - then) * pair[1]
        sigma = beta if "spread" in slips else np.sqrt(beta)
        if "tilde" in slips:
            sigma = np.sqrt((1 - then) / (1 - now) * beta)
        sigma = 0.0 if "still" in slips else sigma
        quiet = t == 1 and "last" not in slips
        path.append(mean / (1 - now) + (0 if quiet else sigma * z[t]))
    return np.array(path[::-1])


@peer
def exact_noise(mean: float, variance: float, betas: np.ndarray) -> Callable:
    """The best network where the data are N(mean, variance): noise of x_t (n,) at step t."""
    kept = retained(betas)

    def network(xt: np.ndarray, t: int) -> np.ndarray:
        factor, noise = moments(kept, 0, t)
        return (xt - factor * guess(xt, mean, variance, kept, t)) / np.sqrt(noise)

    return network


def check_sampler(
    mended_sampler: Callable,
    rng: np.random.Generator,
    steps: int = 5,
    shape: tuple[int, ...] = (4, 2),
) -> None:
    """Compare all x_t with those of every mix of the mistakes."""
    betas, network = random_betas(rng, steps), Network(rng, shape[1:], steps)
    start, z = rng.normal(size=shape), rng.normal(size=(steps + 1, *shape))
    given = {"start": start, "z": z, "betas": betas}
    what = f"x_0 to x_T for {steps} steps"
    answer = ask(mended_sampler, what, network=sealed(network.numpy), **given)
    values = as_numbers(numbers(answer), (steps + 1, *shape), what)
    right = trajectory(network.numpy, **given)
    hints = {}
    for count in range(1, len(SLIPS) + 1):
        for slips in combinations(SLIPS, count):
            path = trajectory(network.numpy, start, z, betas, *slips)
            hints["; ".join(SLIPS[slip] for slip in slips)] = path
    others = {
        "beta_t is a variance: z is multiplied by its root": "spread",
        "the variance of the step is beta_t here, not that of the posterior": "tilde",
        "each step but the last adds noise": "still",
    }
    for advice, slip in others.items():
        hints[advice] = trajectory(network.numpy, start, z, betas, slip)
    hints["entry t of the path is x_t; yours begins with x_T"] = right[::-1]
    hints["z[t] belongs to the step from x_t; yours is one off"] = trajectory(
        network.numpy, start, np.roll(z, 1, axis=0), betas
    )
    compare(values, right, what, hints=hints, tol=FLOAT32)
