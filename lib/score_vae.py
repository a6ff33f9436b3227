"""A VAE for long vectors of any kind (meshes, spectrograms, clips): PCA, then a small network.

The scores of PCA are the same data seen along other axes: distances in the plane of the components
stay what they were, so Gaussian noise that is alike in all directions has the same density before
and after. The network sees tens of numbers instead of thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.likelihoods import FixedGaussian
from lib.pca import PCA, fit_pca
from lib.train import fit
from lib.vae import VAE, mlp_vae


@dataclass(frozen=True, eq=False)
class ScoreVAE:
    """A VAE of PCA scores that takes and gives the data themselves, as numpy arrays.

    Parameters
    ----------
    pca : PCA
    vae : VAE
        Of the scores divided by `unit`.
    shape : tuple
        Shape of one example.
    unit : float
        What counts as 1 for the network: the root mean square of a training score.
    history : dict
        Every loss term at every step.
    """

    pca: PCA
    vae: VAE
    shape: tuple[int, ...]
    unit: float
    history: dict[str, list[float]]

    def scores(self, x: np.ndarray) -> Tensor:
        """What the network sees of x (n, *shape): (n, components)."""
        return torch.tensor(self.pca.encode(_rows(x)) / self.unit, dtype=torch.float32)

    @torch.no_grad()
    def encode(self, x: np.ndarray) -> np.ndarray:
        """Means of q(z | x), (n, K)."""
        return self.vae.encode(self.scores(x))[0].numpy()

    @torch.no_grad()
    def rate(self, x: np.ndarray) -> float:
        """Average KL(q(z | x) || p(z)) of the examples, in nats."""
        return float(self.vae.rates(self.scores(x)).sum(1).mean())

    @torch.no_grad()
    def decode(self, z: np.ndarray) -> np.ndarray:
        """The mean example of codes z (n, K): (n, *shape)."""
        means = self.vae.decode(torch.as_tensor(np.asarray(z), dtype=torch.float32))
        return self.pca.decode(means.double().numpy() * self.unit).reshape(-1, *self.shape)

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Encode to the mean of q(z | x), decode: (n, *shape)."""
        return self.decode(self.encode(x))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Decode codes from the prior N(0, I): (n, *shape), without noise."""
        return self.decode(rng.standard_normal((n, self.vae.k)))


def fit_score_vae(
    x: np.ndarray,
    k: int,
    *,
    components: int,
    noise: float,
    generator: torch.Generator,
    schedule: Sequence[tuple[float, int]] = ((1.0, 100),),
    hidden: tuple[int, ...] = (128, 128),
    batch_size: int = 64,
    lr: float = 2e-3,
) -> ScoreVAE:
    """Fit PCA to x (n, ...), then a VAE with `k` latent variables to its first scores.

    `noise` is the standard deviation of p(score | z), in the unit of x; `schedule` lists pairs of
    beta and epochs, beta falling to 1. Raises ValueError where there is nothing to fit.
    """
    if not noise > 0:
        raise ValueError(f"noise is a standard deviation in the unit of x, above 0, got {noise}")
    pca = fit_pca(_rows(x), components)
    unit = float(np.sqrt(pca.variances.mean()))
    if unit == 0:
        raise ValueError("all examples are equal: there is nothing to learn")
    vae = mlp_vae((components,), k, FixedGaussian(noise / unit), hidden=hidden)
    model = ScoreVAE(pca, vae, np.shape(x)[1:], unit, {})
    seen = model.scores(x)
    options = {"batch_size": batch_size, "lr": lr, "generator": generator, "progress": False}
    for vae.beta, epochs in schedule:
        for name, values in fit(vae, seen, epochs=epochs, **options).items():
            model.history.setdefault(name, []).extend(values)
    return model


def _rows(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, dtype=float).reshape(len(x), -1)
