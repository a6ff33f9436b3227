"""How well pictures are rebuilt: PCA and networks trained and measured in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from IPython.display import Markdown
from torch import Tensor, nn
from torch.optim import Optimizer

from lib.autoencoder import Autoencoder, squared_error
from lib.pca import PCA
from lib.tables import table
from lib.train import fit


def standardised(train: np.ndarray, *others: np.ndarray) -> list[Tensor]:
    """Take the mean of `train` away and divide all pixels by one number; float32.

    A pixel of `train` then has variance 1, on average over the pixels. The others get the same
    mean and the same number.
    """
    mean = train.mean(axis=0)
    sd = (train - mean).std()
    if not sd > 0:
        raise ValueError("all examples are the same: there is no variance to measure in")
    return [torch.tensor((x - mean) / sd, dtype=torch.float32) for x in (train, *others)]


def share_lost(guess: Tensor, x: Tensor) -> float:
    """Squared error over the squared length of `x`: 1 for guessing the mean, if that is zero."""
    return (squared_error(guess, x).sum() / x.square().sum()).item()


def by_pca(pca: PCA, x: Tensor, k: int) -> Tensor:
    """What `k` components make of pictures (n, *shape)."""
    rows = pca.keep(k).reconstruct(x.flatten(1).double().numpy())
    return torch.tensor(rows, dtype=x.dtype).reshape(x.shape)


@torch.no_grad()
def rebuild(model: Autoencoder, x: Tensor) -> Tensor:
    """What an autoencoder makes of pictures (n, *shape), without gradients."""
    return model.reconstruct(x)


def train(
    model: nn.Module,
    x: Tensor,
    *stages: tuple[int, float],
    generator: torch.Generator,
    batch_size: int = 64,
) -> nn.Module:
    """Train in stages of (epochs, learning rate); returns the model."""
    for epochs, lr in stages:
        how = {"batch_size": batch_size, "generator": generator, "progress": False}
        fit(model, x, epochs=epochs, lr=lr, **how)
    return model


def first_step(model: Autoencoder, x: Tensor, optimizer: type[Optimizer], scale: float) -> float:
    """Length of the first step of `optimizer`, at rate 0.001, on `scale` times the loss.

    The model gets its weights back.
    """
    weights = list(model.parameters())
    before = nn.utils.parameters_to_vector(weights).detach().clone()
    model.zero_grad()
    (scale * model.loss(x)["loss"]).backward()
    optimizer(weights, lr=1e-3).step()
    length = (nn.utils.parameters_to_vector(weights).detach() - before).norm().item()
    nn.utils.vector_to_parameters(before, weights)
    return length


def as_pictures(x: Tensor, train: np.ndarray) -> np.ndarray:
    """Back from the units of `standardised` to grey values; `train` is what it was given."""
    mean = train.mean(axis=0)
    return mean + (train - mean).std() * x.numpy()


def linear_denoiser(pca: PCA, noisy: Tensor, sigma: float) -> Tensor:
    """The best linear guess of clean pictures: score j times variance_j / (variance_j + sigma^2).

    `pca` must hold all components of the clean data; `noisy` is (n, *shape), `sigma` the standard
    deviation of the noise (Wiener's filter).
    """
    gain = pca.variances / (pca.variances + sigma**2)
    rows = pca.decode(gain * pca.encode(noisy.flatten(1).double().numpy()))
    return torch.tensor(rows, dtype=noisy.dtype).reshape(noisy.shape)


def linear_slopes(a: Tensor, b: Tensor, x: Tensor) -> tuple[float, tuple[Tensor, ...]]:
    """Mean squared error of x -> b a x on rows (n, D); its gradients for a and b, by autograd."""
    a, b = (m.clone().requires_grad_() for m in (a, b))
    error = (x - x @ a.T @ b.T).square().sum(1).mean()
    return error.item(), torch.autograd.grad(error, (a, b))


def share_table(header: Sequence[str], shares: Mapping[str, Sequence[float | None]]) -> Markdown:
    """A table of percentages, one name a row; None leaves a place empty."""
    rows = [[n, *("" if v is None else f"{v:.1%}" for v in vs)] for n, vs in shares.items()]
    return table(header, rows)
