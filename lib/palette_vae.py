"""A VAE of pictures in a palette: reads each colour as 1-of-N, and answers with N probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.likelihoods import Likelihood
from lib.nets import ConvDecoder, ConvEncoder
from lib.vae import VAE


class PaletteLikelihood(Likelihood):
    """Every pixel is one of the colours of a palette (levels, 3), with its own probabilities.

    Pictures x hold the numbers of the colours, dtype long, shape (n, *shape). The numbers are
    names: `mean` averages the *colours*, and `mode` takes the most probable number.
    """

    def __init__(self, palette: np.ndarray | Tensor):
        super().__init__()
        palette = torch.as_tensor(np.asarray(palette), dtype=torch.get_default_dtype())
        if palette.ndim != 2 or palette.shape[1] != 3 or len(palette) < 2:
            raise ValueError(
                f"a palette is (levels, 3), two colours or more, got {tuple(palette.shape)}"
            )
        self.outputs = len(palette)
        self.register_buffer("palette", palette, persistent=False)

    def log_prob(self, x: Tensor, out: Tensor) -> Tensor:
        """log of the probabilities of the colours of x, summed over the pixels: (n,) nats."""
        return -F.cross_entropy(out, x, reduction="none").flatten(1).sum(1)

    def mean(self, out: Tensor) -> Tensor:
        """The average colour of every pixel, (n, *shape, 3): mixed colours are in no palette."""
        return out.movedim(1, -1).softmax(-1) @ self.palette.to(out.dtype)

    def mode(self, out: Tensor) -> Tensor:
        """The most probable number of every pixel, (n, *shape)."""
        return out.argmax(1)

    def sample(self, out: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """A number for every pixel, drawn on its own: (n, *shape)."""
        p = out.movedim(1, -1).softmax(-1)  # (n, *shape, levels)
        index = torch.multinomial(p.reshape(-1, self.outputs), 1, generator=generator)
        return index.reshape(p.shape[:-1])


class OneHotEncoder(nn.Module):
    """Reads numbers of colours (n, *shape) as 1-of-N channels (n, levels, *shape)."""

    def __init__(self, net: nn.Module, levels: int):
        super().__init__()
        self.net, self.levels = net, levels

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """What the network makes of the channels."""
        kind = next(self.parameters()).dtype
        return self.net(F.one_hot(x, self.levels).movedim(-1, 1).to(kind), c)


def palette_vae(
    shape: tuple[int, int],
    k: int,
    palette: np.ndarray | Tensor,
    *,
    channels: Sequence[int] = (32, 64),
    beta: float = 1.0,
    c_dim: int = 0,
) -> VAE:
    """A VAE of convolutions with k latent numbers for palette pictures of one shape."""
    likelihood = PaletteLikelihood(palette)
    levels = likelihood.outputs
    net = ConvEncoder((levels, *shape), channels, 2 * k, c_dim=c_dim)
    decoder = ConvDecoder(k, tuple(channels)[::-1], shape, levels, c_dim=c_dim)
    return VAE(OneHotEncoder(net, levels), decoder, likelihood, k=k, beta=beta)
