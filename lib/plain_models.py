"""PCA, a Gaussian mixture, and an autoencoder with a mixture, dressed as members of the family.

They are fitted by their own algorithms, not by `lib.train.fit`; what they learn is held in plain
arrays. Pictures are grey values (n, h, w) in [0, 1] with a number of even levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.special import log_softmax
from torch import Tensor

from lib.autoencoder import Autoencoder
from lib.datasets.digits import LEVELS
from lib.grey_levels import add_noise
from lib.mixture import GaussianMixture, fit_mixture
from lib.model import GenerativeModel
from lib.ppca import PPCA, fit_ppca

NOISE = 1 / (12 * LEVELS**2)  # variance of what `add_noise` adds to a pixel


def numpy_rng(generator: torch.Generator | None) -> np.random.Generator:
    """A numpy generator seeded by the next number of torch's; fresh if there is none."""
    if generator is None:
        return np.random.default_rng()
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))


class GaussianPictures(GenerativeModel):
    """A mixture of Gaussians for pictures whose levels were made continuous by noise.

    `mixture` is one of numbers (n, D) as `lib.grey_levels.add_noise` makes them.
    """

    def __init__(self, mixture: GaussianMixture, shape: Sequence[int]):
        super().__init__()
        if math.prod(shape) != mixture.means.shape[1]:
            raise ValueError(f"a picture {tuple(shape)} has not {mixture.means.shape[1]} pixels")
        self.mixture, self.shape = mixture, tuple(shape)

    def log_prob(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Exact log-density (n,) in nats of noisy numbers (n, D), not of levels."""
        return torch.as_tensor(self.mixture.log_prob(np.asarray(x)))

    def sample(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Grey values (n, *shape); a few lie a little outside [0, 1]."""
        return self._grey(self.mixture.sample(n, numpy_rng(generator))[0])

    def responsibilities(self, x: Tensor) -> np.ndarray:
        """Which Gaussian: p(m | x) of noisy numbers (n, D), (n, M)."""
        return self.mixture.responsibilities(np.asarray(x))

    def complete(
        self, x: Tensor, known: Tensor, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Keep the `known` pixels (*shape, bool) of x (n, *shape), draw the others exactly."""
        rng, seen = numpy_rng(generator), known.flatten().numpy()
        noisy = add_noise(x, rng)
        noisy[:, ~seen] = conditional_draw(self.mixture, noisy[:, seen], seen, rng)
        return torch.where(known, torch.as_tensor(x, dtype=torch.float32), self._grey(noisy))

    def _grey(self, noisy: np.ndarray) -> Tensor:
        """The way back from `add_noise`: level + 1/2, over the number of levels, to grey values."""
        grey = (noisy * LEVELS - 0.5) / (LEVELS - 1)
        return torch.tensor(grey.reshape(-1, *self.shape), dtype=torch.float32)


class PCAPictures(GaussianPictures):
    """Probabilistic PCA of such pictures: a single Gaussian, with a code for each picture."""

    def __init__(self, ppca: PPCA, shape: Sequence[int]):
        one = GaussianMixture(np.ones(1), ppca.mean[None], ppca.covariance()[None])
        super().__init__(one, shape)
        self.ppca = ppca

    def encode(self, x: Tensor) -> Tensor:
        """Mean of p(z | x) of noisy numbers (n, D): (n, K)."""
        return torch.as_tensor(self.ppca.posterior(np.asarray(x))[0])

    def decode(self, z: Tensor) -> Tensor:
        """The mean picture of codes (n, K), as grey values."""
        return self._grey(self.ppca.mean + np.asarray(z) @ self.ppca.weights.T)


class CodeMixture(GenerativeModel):
    """An autoencoder and a mixture fitted to its codes: draw a code, decode it."""

    def __init__(self, coder: Autoencoder, mixture: GaussianMixture):
        super().__init__()
        self.coder, self.mixture = coder, mixture

    @torch.no_grad()
    def sample(
        self, n: int, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Grey values (n, *shape); a few lie a little outside [0, 1]."""
        codes = self.mixture.sample(n, numpy_rng(generator))[0]
        return self.decode(torch.tensor(codes, dtype=torch.float32))

    def encode(self, x: Tensor) -> Tensor:
        """Codes (n, k) of grey values (n, *shape)."""
        return self.coder.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        """Pictures (n, *shape) of codes."""
        return self.coder.decode(z)


def conditional_draw(
    mixture: GaussianMixture, known: np.ndarray, seen: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw the entries where `seen` (D,) is False, given the others `known` (n, d): (n, D - d).

    A part of a Gaussian, given the rest, is Gaussian; the weights follow Bayes' rule.
    """
    log_weight, means, roots = [], [], []
    for weight, mean, cov in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
        part = GaussianMixture(np.ones(1), mean[None, seen], cov[None][:, seen][:, :, seen])
        log_weight.append(np.log(weight) + part.log_prob(known))
        gain = np.linalg.solve(cov[np.ix_(seen, seen)], cov[np.ix_(seen, ~seen)]).T  # (D - d, d)
        means.append(mean[~seen] + (known - mean[seen]) @ gain.T)
        roots.append(np.linalg.cholesky(cov[np.ix_(~seen, ~seen)] - gain @ cov[seen][:, ~seen]))
    p = np.exp(log_softmax(np.stack(log_weight, axis=1), axis=1))  # (n, M)
    m = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1).clip(max=p.shape[1] - 1)
    noise = rng.normal(size=(len(known), (~seen).sum()))
    rows = np.arange(len(known))
    return np.stack(means, axis=1)[rows, m] + np.einsum("nij,nj->ni", np.array(roots)[m], noise)


def choose(
    points: np.ndarray,
    sizes: Sequence[int],
    fit: Callable[[np.ndarray, int], PPCA | GaussianMixture],
    rng: np.random.Generator,
) -> tuple[int, PPCA | GaussianMixture]:
    """The size under whose fit a tenth of the points, kept aside, is most probable; fitted to all.

    `fit(points, size)` gives a density of rows (n, D).
    """
    rows = rng.permutation(len(points))
    aside, rest = points[rows[: len(rows) // 10]], points[rows[len(rows) // 10 :]]
    score = {size: fit(rest, size).log_prob(aside).mean() for size in sizes}
    best = max(score, key=score.get)
    return best, fit(points, best)


def fit_pca_pictures(pictures: np.ndarray, generator: torch.Generator) -> PCAPictures:
    """Probabilistic PCA of pictures (n, h, w), the number of components chosen by `choose`."""
    rng = numpy_rng(generator)
    noisy = add_noise(pictures, rng)
    sizes = range(5, noisy.shape[1], 5)
    return PCAPictures(choose(noisy, sizes, fit_ppca, rng)[1], pictures.shape[1:])


def fit_mixture_pictures(
    pictures: np.ndarray, generator: torch.Generator, sizes: Sequence[int] = (1, 2, 4, 6, 8, 10, 14)
) -> GaussianPictures:
    """A mixture for pictures (n, h, w), the number of Gaussians chosen by `choose`.

    No direction gets less than twice the variance of the noise.
    """
    rng = numpy_rng(generator)

    def fitted(points: np.ndarray, m: int) -> GaussianMixture:
        return fit_mixture(points, m, rng, floor=2 * NOISE, tol=1e-2)[0]

    return GaussianPictures(
        choose(add_noise(pictures, rng), sizes, fitted, rng)[1], pictures.shape[1:]
    )


def fit_code_mixture(
    coder: Autoencoder,
    pictures: Tensor,
    generator: torch.Generator,
    sizes: Sequence[int] = (10, 20, 30),
) -> CodeMixture:
    """A mixture for the codes that a trained autoencoder has for pictures (n, *shape).

    No direction gets less than a thousandth of the codes' mean variance.
    """
    rng = numpy_rng(generator)
    with torch.no_grad():
        codes = coder.encode(pictures).double().numpy()
    floor = 1e-3 * codes.var(axis=0).mean()

    def fitted(points: np.ndarray, m: int) -> GaussianMixture:
        return fit_mixture(points, m, rng, floor=floor, steps=30)[0]

    return CodeMixture(coder, choose(codes, sizes, fitted, rng)[1])
