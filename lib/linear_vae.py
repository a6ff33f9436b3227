"""The VAE in which nothing has to be estimated: linear networks, Gaussian noise.

Its decoder is the model of probabilistic PCA, so log p(x), the posterior, the bound and the gap are
formulas, and the best bound is that of `lib.ppca` (Lucas, Tucker, Grosse and Norouzi, 2019).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from lib.gaussian import kl_to_standard_normal
from lib.likelihoods import SharedGaussian
from lib.nets import MLPDecoder
from lib.pca import PCA
from lib.ppca import PPCA
from lib.train import fit
from lib.vae import VAE


class LinearEncoder(nn.Module):
    """x (n, D) -> mean V x + a and a log-variance that is the same for all x: (n, 2 K)."""

    def __init__(self, dim: int, k: int):
        super().__init__()
        self.mean = nn.Linear(dim, k)
        self.log_var = nn.Parameter(torch.zeros(k))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Mean and log-variance side by side, (n, 2 K)."""
        return torch.cat([self.mean(x), self.log_var.expand(len(x), -1)], dim=1)


class LinearVAE(VAE):
    """p(x | z) = N(W z + b, sigma^2 I), q(z | x) = N(V x + a, diag); W, b, sigma, V, a are learned.

    Points are (n, D) with D = `dim`; z has `k` dimensions. Training draws z as every VAE does; the
    methods below need no draw.
    """

    def __init__(self, dim: int, k: int, *, noise: float = 1.0, beta: float = 1.0):
        decoder = MLPDecoder(k, (), (dim,))
        super().__init__(LinearEncoder(dim, k), decoder, SharedGaussian(noise), k=k, beta=beta)

    @property
    def weights(self) -> Tensor:
        """W, shape (D, K)."""
        return self.decoder.net[0].weight

    @property
    def bias(self) -> Tensor:
        """b, shape (D,): the mean of x."""
        return self.decoder.net[0].bias

    @property
    def noise_variance(self) -> Tensor:
        """sigma^2, a scalar."""
        return torch.exp(self.likelihood.log_var)

    def precision(self) -> Tensor:
        """Inverse of the covariance of p(z | x): I + W^T W / sigma^2, shape (K, K), for every x."""
        w = self.weights
        return torch.eye(self.k, dtype=w.dtype) + w.T @ w / self.noise_variance

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (n, K) and covariance (K, K) of the exact p(z | x)."""
        covariance = torch.linalg.inv(self.precision())
        return (x - self.bias) @ self.weights @ covariance / self.noise_variance, covariance

    def log_prob(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Exact log p(x) = log N(x; b, W W^T + sigma^2 I) in nats, (n,)."""
        covariance = self.weights @ self.weights.T
        covariance = covariance + self.noise_variance * torch.eye(len(self.bias), dtype=x.dtype)
        return torch.distributions.MultivariateNormal(self.bias, covariance).log_prob(x)

    def exact_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Distortion and rate, (n,) each: the averages of `terms` over all draws of z."""
        mean, log_var = self.encode(x)
        misfit = ((x - self.bias - mean @ self.weights.T) ** 2).sum(1)
        spread = torch.exp(log_var) @ (self.weights**2).sum(0)  # E |W sigma eps|^2, (n,)
        constant = x.shape[1] * (math.log(2 * math.pi) + self.likelihood.log_var)
        distortion = 0.5 * ((misfit + spread) / self.noise_variance + constant)
        return distortion, kl_to_standard_normal(mean, log_var)

    def exact_elbo(self, x: Tensor) -> Tensor:
        """The bound in nats, (n,), without sampling."""
        return -sum(self.exact_terms(x))

    def gap(self, x: Tensor) -> Tensor:
        """KL(q(z | x) || p(z | x)) in nats, (n,): what the bound misses, from the posterior."""
        mean, log_var = self.encode(x)
        centre, _ = self.posterior(x)
        precision, off = self.precision(), mean - centre
        quadratic = torch.einsum("ni,ij,nj->n", off, precision, off)
        traces = torch.exp(log_var) @ torch.diagonal(precision)
        return 0.5 * (traces + quadratic - self.k - torch.logdet(precision) - log_var.sum(1))

    @torch.no_grad()
    def use_best_encoder(self) -> LinearVAE:
        """Set the encoder to the q of largest bound; return the model.

        Its mean is that of the posterior, its variances are one over the diagonal of the
        posterior's precision. It is the posterior itself if the columns of W are orthogonal.
        """
        gain = torch.linalg.solve(self.precision(), self.weights.T) / self.noise_variance
        self.encoder.mean.weight.copy_(gain)
        self.encoder.mean.bias.copy_(-gain @ self.bias)
        self.encoder.log_var.copy_(-torch.log(torch.diagonal(self.precision())))
        return self

    @torch.no_grad()
    def to_ppca(self) -> PPCA:
        """The same density p(x) as a model of `lib.ppca`."""
        bias, weights = (t.detach().double().numpy().copy() for t in (self.bias, self.weights))
        return PPCA(bias, weights, self.noise_variance.item())


@torch.no_grad()
def from_ppca(ppca: PPCA) -> LinearVAE:
    """The VAE with the density of a probabilistic PCA and the best encoder for it, in float64."""
    dim, k = ppca.weights.shape
    model = LinearVAE(dim, k, noise=math.sqrt(ppca.noise_variance)).double()
    model.likelihood.log_var.fill_(math.log(ppca.noise_variance))
    model.weights.copy_(torch.from_numpy(ppca.weights))
    model.bias.copy_(torch.from_numpy(ppca.mean))
    return model.use_best_encoder()


def best_with_noise(pca: PCA, std: float) -> LinearVAE:
    """The linear VAE with the largest bound if its noise is fixed, one latent for each component.

    A component of variance above std^2 gets a column of length sqrt(variance - std^2), any other
    component none (Lucas, Tucker, Grosse and Norouzi, 2019).
    """
    lengths = np.sqrt(np.maximum(pca.variances - std**2, 0))
    return from_ppca(PPCA(pca.mean, pca.components * lengths, std**2))


def settle(model: LinearVAE, x: Tensor, *, generator: torch.Generator) -> list[float]:
    """Train by random draws with four ever smaller steps; the loss of every batch of 128."""
    stages = ((2e-2, 60), (5e-3, 40), (1e-3, 40), (2e-4, 20))  # learning rate, epochs
    options = {"batch_size": 128, "generator": generator, "progress": False}
    runs = (fit(model, x, epochs=n, lr=lr, **options) for lr, n in stages)
    return [loss for history in runs for loss in history["loss"]]
