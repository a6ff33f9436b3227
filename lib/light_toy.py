"""A latent variable model small enough to integrate: eight black or white pixels, one latent.

Light comes from the left or from the right: the latent z ~ N(0, 1) brightens the left half of a
picture of 2 rows and 4 columns and darkens the right half, or the other way round. Every integral
over z is a sum on a fine grid, every expectation over pictures a sum over all 256 of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_expit, logsumexp, rel_entr

SIDES = np.array([1, 1, -1, -1] * 2)  # which way a pixel is pushed by z > 0
EXAMPLES = np.array(  # all from the left, nearly all, no side, all from the right
    [[1, 1, 0, 0] * 2, [1, 1, 0, 0, 1, 0, 0, 0], [1, 0, 1, 0, 0, 1, 0, 1], [0, 0, 1, 1] * 2]
)
LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class LightToy:
    """p(z) = N(0, 1), p(x_i = 1 | z) = sigmoid(theta * side_i * z), side_i = 1 left, -1 right.

    Parameters
    ----------
    theta : float
        How strongly the light acts: the decoder's one parameter.
    z : ndarray, shape (G,)
        Evenly spaced grid on which integrals over z are sums.
    """

    theta: float
    z: np.ndarray = field(default_factory=lambda: np.linspace(-10, 10, 4001), repr=False)

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """log p(x | z) of pictures (n, 8) of zeros and ones at every grid point; (n, G)."""
        push = 2 * _pictures(x) - 1  # (n, 8)
        return np.sum(log_expit(self.theta * (push * SIDES)[..., None] * self.z), axis=1)

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, z) at every grid point, (n, G)."""
        return self.log_likelihood(x) + log_normal(self.z, 0.0, 1.0)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x) = log of the integral of p(z) p(x | z), in nats, (n,)."""
        return logsumexp(self.log_joint(x), axis=1) + np.log(self.step)

    def posterior(self, x: np.ndarray) -> np.ndarray:
        """The density p(z | x) at every grid point, (n, G)."""
        return np.exp(self.log_joint(x) - self.log_prob(x)[:, None])

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z, then the pixels: (n, 8) zeros and ones."""
        logits = self.theta * SIDES * rng.normal(size=(n, 1))
        return (rng.uniform(size=logits.shape) < np.exp(log_expit(logits))).astype(int)

    def distortion(self, x: np.ndarray, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
        """-E_q[log p(x | z)] for q = N(mean, std^2), one for each picture or one for all; (n,)."""
        return -self._expect(self.log_likelihood(x), mean, std)

    def rate(self, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
        """KL(q || p(z)) in nats: the integral of q log(q / p), one for each q."""
        log_q = log_normal(self.z, *_columns(mean, std))
        return self._expect(log_q - log_normal(self.z, 0.0, 1.0), mean, std)

    def elbo(self, x: np.ndarray, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
        """The bound E_q[log p(x | z)] - KL(q || p(z)), in nats, (n,)."""
        return -self.distortion(x, mean, std) - self.rate(mean, std)

    def gap(self, x: np.ndarray, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
        """KL(q || p(z | x)) in nats, (n,): an integral of its own, not log p(x) minus the bound."""
        q = np.exp(log_normal(self.z, *_columns(mean, std)))
        return self.step * rel_entr(q, self.posterior(x)).sum(axis=1)

    @property
    def step(self) -> float:
        """Distance of two grid points."""
        return self.z[1] - self.z[0]

    def _expect(self, values: np.ndarray, mean, std) -> np.ndarray:
        """E_q of a function given on the grid, (n, G) -> (n,)."""
        return self.step * np.sum(np.exp(log_normal(self.z, *_columns(mean, std))) * values, axis=1)


def log_normal(z: np.ndarray, mean: ArrayLike, std: ArrayLike) -> np.ndarray:
    """log N(z; mean, std^2) in one dimension."""
    return -0.5 * (((z - mean) / std) ** 2 + LOG_2PI) - np.log(std)


def all_pictures() -> np.ndarray:
    """Every picture of 8 pixels, (256, 8)."""
    return np.array(np.meshgrid(*[[0, 1]] * 8, indexing="ij")).reshape(8, -1).T


def data_distribution(flip: float = 0.1) -> np.ndarray:
    """p_data of `all_pictures`: one half bright, then pixels flipped with probability `flip`."""
    lit = np.where(SIDES > 0, 1, 0)
    flips = [np.sum(all_pictures() != side, axis=1) for side in (lit, 1 - lit)]
    return sum(0.5 * flip**k * (1 - flip) ** (8 - k) for k in flips)


def balance(x: np.ndarray) -> np.ndarray:
    """White pixels that z > 0 favours, minus those that it does not; from -4 to 4, (n,)."""
    return _pictures(x) @ SIDES


def _pictures(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != 8 or not np.all((x == 0) | (x == 1)):
        raise ValueError(f"pictures are (n, 8) zeros and ones, got shape {x.shape}")
    return x


def _columns(mean, std) -> tuple[np.ndarray, np.ndarray]:
    """Numbers or (n,) as columns (n, 1) that meet the grid."""
    if not np.all(np.asarray(std) > 0):
        raise ValueError(f"std must be above zero, got {std}")
    return np.reshape(mean, (-1, 1)), np.reshape(std, (-1, 1))
