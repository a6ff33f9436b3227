"""Autoencoders: a network squeezes x into a short code, another one rebuilds x from it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from lib.model import GenerativeModel
from lib.nets import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder


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
