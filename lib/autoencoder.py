"""Autoencoders: a network squeezes x into a short code, another one rebuilds x from it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from lib.model import GenerativeModel
from lib.nets import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder
from lib.pca import PCA


class Autoencoder(GenerativeModel):
    """Encoder and decoder, trained to give back what went in.

    Parameters
    ----------
    encoder : module, (n, *shape) -> (n, k)
    decoder : module, (n, k) -> (n, 1, *shape)
    noise : float
        Standard deviation of Gaussian noise added to the input while training; the target stays
        clean. Above 0 this is a denoising autoencoder (Vincent et al., 2008).

    It has no distribution of codes: `sample` raises NotImplementedError. Lesson 2 of the chapter
    shows why.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, noise: float = 0.0):
        super().__init__()
        if noise < 0:
            raise ValueError(f"noise is a standard deviation, it must not be negative; got {noise}")
        self.encoder, self.decoder, self.noise = encoder, decoder, noise

    def encode(self, x: Tensor) -> Tensor:
        """Codes z, (n, k)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Pictures, (n, *shape)."""
        return self.decoder(z)[:, 0]

    def reconstruct(self, x: Tensor) -> Tensor:
        """Squeeze and rebuild, (n, *shape)."""
        return self.decode(self.encode(x))

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Squared error, summed over the pixels, averaged over the batch."""
        seen = x
        if self.noise:
            seen = x + self.noise * torch.randn(x.shape, generator=generator, dtype=x.dtype)
        return {"loss": squared_error(self.reconstruct(seen), x).mean()}

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Adam on both networks; fused, which takes half the time where layers are wide."""
        return {"loss": Adam(self.parameters(), lr=lr, fused=True)}


def squared_error(guess: Tensor, x: Tensor) -> Tensor:
    """Squared error of every example, summed over its pixels: (n,)."""
    return (guess - x).square().flatten(1).sum(1)


def mlp_autoencoder(
    shape: tuple[int, ...], hidden: tuple[int, ...], k: int, *, noise: float = 0.0
) -> Autoencoder:
    """A fully connected autoencoder: layers of `hidden` units, the code of `k`, and back again.

    Without hidden layers both networks are linear.
    """
    encoder, decoder = MLPEncoder(shape, hidden, k), MLPDecoder(k, hidden[::-1], shape)
    return Autoencoder(encoder, decoder, noise=noise)


def conv_autoencoder(
    shape: tuple[int, ...], k: int, *, channels: tuple[int, ...] = (16, 32, 32), noise: float = 0.0
) -> Autoencoder:
    """A convolutional autoencoder with codes of `k` numbers for pictures of `shape`."""
    encoder = ConvEncoder(shape, channels, k)
    return Autoencoder(encoder, ConvDecoder(k, channels[::-1], shape), noise=noise)


class Beside(nn.Module):
    """A straight path beside a network: v -> straight(v) + net(v)."""

    def __init__(self, straight: nn.Module, net: nn.Module):
        super().__init__()
        self.straight, self.net = straight, net

    def forward(self, v: Tensor) -> Tensor:
        """The sum, shaped as `net` shapes it."""
        return self.straight(v) + self.net(v)


def beside_pca(model: Autoencoder, pca: PCA, shape: tuple[int, ...]) -> Autoencoder:
    """Lay PCA beside both networks of `model`, whose last layers become 0: so it starts as PCA.

    `pca` has as many components as `model` has codes, for pictures of `shape`. The codes are the
    scores divided by their standard deviations. Training moves all weights, PCA's too.
    """
    dim, k = pca.components.shape
    last = [_last(model.encoder), _last(model.decoder)]
    if (dim, k) != (math.prod(shape), len(last[0].bias)):
        raise ValueError(
            f"PCA has {k} components of {dim} pixels, the model {len(last[0].bias)} codes and "
            f"pictures of {math.prod(shape)} pixels: choose pca.keep(k) and shape to match"
        )
    mean, w = torch.tensor(pca.mean), torch.tensor(pca.components)
    sd = torch.tensor(pca.variances).sqrt()
    down, up = nn.Linear(dim, k), nn.Linear(k, dim)
    _set(down, (w / sd).T, -mean @ (w / sd))
    _set(up, w * sd, mean)
    for layer in last:
        _set(layer, torch.zeros_like(layer.weight), torch.zeros_like(layer.bias))
    down, up = nn.Sequential(nn.Flatten(), down), nn.Sequential(up, nn.Unflatten(1, (1, *shape)))
    return Autoencoder(Beside(down, model.encoder), Beside(up, model.decoder), noise=model.noise)


def _last(net: nn.Module) -> nn.Module:
    """The last layer that has weights."""
    return [m for m in net.modules() if getattr(m, "bias", None) is not None][-1]


@torch.no_grad()
def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
