"""Inventing codes for a finished autoencoder of digits, and judging what its decoder draws.

An autoencoder has no distribution of codes. `random_codes` guesses one in four ways, `CodeSpace`
says how empty the places are that a guess leads to and how good the pictures from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import softmax

from lib import digit_features, metrics
from lib.latent_plane import Decode, emptiness, hole_limit, walk
from lib.mixture import GaussianMixture, fit_mixture

DOUBT = 0.5  # nats: a classifier whose probabilities have more entropy is unsure
LEVEL = 0.95  # of the new digits are nearer to the training digits than what is called far


class Judgement(NamedTuple):
    """Shares of codes in holes, of pictures far from the data and doubtful; Fréchet distance."""

    holes: float
    far: float
    unsure: float
    frechet: float

    def texts(self) -> list[str]:
        """The four numbers as entries of a table."""
        return [*(f"{share:.0%}" for share in self[:3]), f"{self.frechet:.1f}"]


class Along(NamedTuple):
    """What walks meet, each (walks, steps): distances to codes and to digits, doubt."""

    emptiness: np.ndarray
    distance: np.ndarray
    unsure: np.ndarray


class Patch(NamedTuple):
    """A mixture fitted to codes, and pictures (n, 8, 8) drawn through it.

    `fitted` and `held_out` are mean log-likelihoods of training and new codes in nats; `ratio` is
    the median distance of its codes to the nearest training code, over that of new digits.
    """

    mixture: GaussianMixture
    fitted: float
    held_out: float
    pictures: np.ndarray
    frechet: float
    ratio: float


def random_codes(z: np.ndarray, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Four ways to invent `n` codes when the codes z (N, k) of the data are known."""
    z = np.asarray(z, dtype=float)
    if z.ndim != 2 or len(z) < 2:
        raise ValueError(f"z must be (N, k) with two codes or more, got shape {z.shape}")
    mean, noise = z.mean(axis=0), rng.normal(size=(n, z.shape[1]))
    return {
        "standard": noise,
        "box": rng.uniform(z.min(axis=0), z.max(axis=0), size=noise.shape),
        "scaled": mean + z.std(axis=0) * noise,
        "Gaussian": rng.multivariate_normal(mean, np.atleast_2d(np.cov(z.T, bias=True)), size=n),
    }


def unexplained(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the variance of b (n, j) that no linear map of a (n, k) plus a constant explains."""
    design = np.column_stack([a, np.ones(len(a))])
    rest = b - design @ np.linalg.lstsq(design, b, rcond=None)[0]
    return float(np.sum(rest**2) / np.sum((b - b.mean(axis=0)) ** 2))


def unsure(pictures: np.ndarray) -> np.ndarray:
    """Whether the digits' classifier is unsure of each picture (n, 8, 8): bool, (n,)."""
    p = softmax(digit_features.digit_logits(pictures), axis=1)
    return stats.entropy(p, axis=1) > DOUBT


@dataclass(frozen=True)
class CodeSpace:
    """Encoder and decoder as numpy functions, training digits x and new digits x_new (n, 8, 8).

    What asks for no classifier (codes, limits, errors, pictures) works for pictures of any size.
    """

    encode: Decode
    decode: Decode
    x: np.ndarray
    x_new: np.ndarray

    @cached_property
    def z(self) -> np.ndarray:
        """Codes (n, k) of the training digits."""
        return self.encode(self.x).astype(float)

    @cached_property
    def z_new(self) -> np.ndarray:
        """Codes of the new digits."""
        return self.encode(self.x_new).astype(float)

    @cached_property
    def hole_limit(self) -> float:
        """Codes farther than this from all training codes are in a hole."""
        return hole_limit(self.z, self.z_new, LEVEL)

    @cached_property
    def far_limit(self) -> float:
        """Pictures farther than this from all training digits are far."""
        return float(np.quantile(metrics.nearest(self.x_new, self.x)[1], LEVEL))

    def pictures(self, codes: np.ndarray) -> np.ndarray:
        """Decode, and cut to what a screen can show."""
        return np.clip(self.decode(codes), 0, 1)

    def error(self, pictures: np.ndarray) -> np.ndarray:
        """Squared error of rebuilding each picture, summed over its pixels; (n,)."""
        return np.sum((self.decode(self.encode(pictures)) - pictures) ** 2, axis=(1, 2))

    def in_hole(self, codes: np.ndarray) -> np.ndarray:
        """Whether each of the codes (n, k) is in a hole: bool, (n,)."""
        return emptiness(codes, self.z) > self.hole_limit

    def judge(self, codes: np.ndarray) -> Judgement:
        """What becomes of codes (n, k)."""
        pictures = self.pictures(codes)
        holes = np.mean(self.in_hole(codes))
        far = np.mean(metrics.nearest(pictures, self.x)[1] > self.far_limit)
        frechet = digit_features.digit_frechet(pictures)
        return Judgement(float(holes), float(far), float(unsure(pictures).mean()), frechet)

    def trial(self, rng: np.random.Generator) -> dict[str, Judgement]:
        """Judge the codes of new digits and all kinds of random codes."""
        kinds = random_codes(self.z, digit_features.SAMPLES, rng)
        return {k: self.judge(codes) for k, codes in {"new digits": self.z_new, **kinds}.items()}

    def along(self, pairs: np.ndarray, steps: int) -> Along:
        """Walk straight between the codes of training digits a and b, for rows (a, b) of pairs."""
        codes = np.concatenate([walk(self.z[a], self.z[b], steps) for a, b in pairs])
        pictures = self.pictures(codes)
        met = emptiness(codes, self.z), metrics.nearest(pictures, self.x)[1], unsure(pictures)
        return Along(*(values.reshape(len(pairs), steps) for values in met))

    def patch(self, m: int, rng: np.random.Generator) -> Patch:
        """Fit `m` Gaussians to the training codes and draw as many digits as the ruler wants."""
        floor = 1e-3 * self.z.var(axis=0).mean()
        mixture, history = fit_mixture(self.z, m, rng, steps=50, floor=floor)
        codes = mixture.sample(digit_features.SAMPLES, rng)[0]
        pictures = self.pictures(codes)
        frechet, held_out = digit_features.digit_frechet(pictures), mixture.log_prob(self.z_new)
        return Patch(
            mixture, history[-1], float(held_out.mean()), pictures, frechet, self.ratio(codes)
        )

    def ratio(self, codes: np.ndarray) -> float:
        """Median distance of codes to the nearest training code, over that of new digits."""
        return float(np.median(emptiness(codes, self.z)) / np.median(emptiness(self.z_new, self.z)))
