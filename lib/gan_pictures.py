"""A generator of pictures: judged by numbers, watched in training, walked through by its codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn import functional as F

from lib.digit_features import classify_digits
from lib.few_steps import slerp, to_pictures
from lib.gan import GAN
from lib.gan_losses import cross_entropy
from lib.train import fit
from lib.vae_training import measure

CLASSES = 10


def class_shares(pictures: np.ndarray) -> np.ndarray:
    """Share of each digit 0..9 among pictures (n, 8, 8) in [0, 1], by the book's classifier."""
    return np.bincount(classify_digits(pictures), minlength=CLASSES) / len(pictures)


def seen_classes(shares: Sequence[float], n: int) -> float:
    """How many classes turn up among n samples, on average, if they have these shares."""
    shares = np.asarray(shares, dtype=float)
    if np.any(shares < 0) or not np.isclose(shares.sum(), 1):
        raise ValueError(f"shares are not negative and sum to 1, got {shares}")
    return float(np.sum(1 - (1 - shares) ** n))


def judge(pictures: np.ndarray) -> dict[str, float]:
    """What `lib.vae_training.measure` says of digits (n, 8, 8), and the smallest class share."""
    pictures = np.clip(np.asarray(pictures, dtype=np.float32), 0, 1)
    return measure(pictures) | {"rarest class": float(class_shares(pictures).min())}


def forgeries(
    x: np.ndarray, y: np.ndarray, n: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Four sets of n pictures, each with one known fault, made of real ones x (n, 8, 8).

    "copies": the examples themselves; "no ones": no picture of class 1; "one a class": a single
    example of each class, over and over; "blurred": every example smoothed by a Gaussian of 0.6
    pixels.
    """
    ten = np.array([rng.choice(np.flatnonzero(y == kind)) for kind in range(CLASSES)])
    drawn = rng.integers(len(x), size=n)
    others = rng.choice(np.flatnonzero(y != 1), size=n)
    return {
        "copies": x[drawn],
        "no ones": x[others],
        "one a class": x[rng.choice(ten, size=n)],
        "blurred": gaussian_filter(x[drawn], (0, 0.6, 0.6)),
    }


# ------------------------------------------------------------------ training, watched


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Digits (n, 8, 8) in [-1, 1] that a generator made of fixed codes after so many epochs."""

    epoch: int
    samples: Tensor
    d_loss: float
    g_loss: float

    @property
    def pictures(self) -> np.ndarray:
        """The samples as grey values in [0, 1]."""
        return to_pictures(self.samples)

    @cached_property
    def facts(self) -> dict[str, float]:
        """What `judge` says of them."""
        return judge(self.pictures)


def watch(
    model: GAN,
    x: Tensor,
    z: Tensor,
    *,
    stages: Sequence[tuple[int, float]],
    every: int,
    batch_size: int,
    generator: torch.Generator,
) -> list[Snapshot]:
    """Train through `stages` of (epochs, learning rate); G(z) after every `every` epochs.

    Optimisers start anew with each stage and not in between: watching changes nothing. The losses
    of a snapshot are means over the epochs since the one before.
    """
    shots: list[Snapshot] = []
    for epochs, lr in stages:
        optimizers = model.optimizers(lr)
        model.optimizers = lambda _, kept=optimizers: kept
        try:
            for done in range(0, epochs, every):
                more = min(every, epochs - done)
                options = {"batch_size": batch_size, "lr": lr, "generator": generator}
                history = fit(model, x, epochs=more, progress=False, **options)
                shots.append(_shot(model, z, more + (shots[-1].epoch if shots else 0), history))
        finally:
            del model.optimizers
    return shots


@torch.no_grad()
def _shot(model: GAN, z: Tensor, epoch: int, history: dict[str, list[float]]) -> Snapshot:
    losses = (float(np.mean(history[name])) for name in ("d_loss", "g_loss"))
    return Snapshot(epoch, model.generate(z), *losses)


# ------------------------------------------------------------------ the space of codes


def line(a: Tensor, b: Tensor, shares: Sequence[float]) -> Tensor:
    """Codes on the straight line from a to b (k,), (len(shares), k)."""
    part = torch.as_tensor(shares, dtype=a.dtype)[:, None]
    return (1 - part) * a + part * b


PATHS: dict[str, Callable[[Tensor, Tensor, Sequence[float]], Tensor]] = {"line": line, "arc": slerp}


@torch.no_grad()
def walks(
    model: GAN, start: Tensor, end: Tensor, shares: Sequence[float], path: str = "arc"
) -> Tensor:
    """What is drawn on the way from each of `start` to each of `end`, (n, len(shares), *shape).

    `start` and `end` are codes (n, k); `path` is "line" or "arc".
    """
    if path not in PATHS:
        raise ValueError(f"a path is one of {list(PATHS)}, got {path!r}")
    codes = torch.cat([PATHS[path](a, b, shares) for a, b in zip(start, end, strict=True)])
    return model.generate(codes).unflatten(0, (len(start), len(shares)))


def find_codes(
    model: GAN, x: Tensor, *, steps: int, lr: float, tries: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Codes z (n, k) whose pictures come closest to x (n, *shape), and these pictures.

    A GAN has no encoder: gradient descent on |G(z) - x|^2 from `tries` random codes for each
    picture, of which the best is kept.
    """
    z = model.noise(tries * len(x), generator).requires_grad_(True)
    goal = x.repeat(tries, *[1] * (x.ndim - 1))
    optimizer = torch.optim.Adam([z], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (model.generate(z) - goal).square().sum().backward(inputs=[z])
        optimizer.step()
    with torch.no_grad():
        drawn = model.generate(z)
    error = (drawn - goal).flatten(1).square().sum(1).reshape(tries, len(x))
    best = error.argmin(0) * len(x) + torch.arange(len(x))
    return z.detach()[best], drawn[best]


# ------------------------------------------------------------------ what D is made of


def conv_norm(conv: nn.Conv2d, size: Sequence[int], steps: int = 200) -> float:
    """Largest factor by which a convolution lengthens a picture (channels, *size).

    Power iteration with the convolution and its transpose. Not the largest singular value of the
    weights read as a matrix: that forgets that patches overlap.
    """
    v = torch.ones(1, conv.in_channels, *size, dtype=conv.weight.dtype)
    v = v + torch.linspace(0, 1, v.numel(), dtype=v.dtype).reshape(v.shape)  # no symmetry to lose
    options = {"stride": conv.stride, "padding": conv.padding}
    with torch.no_grad():
        for _ in range(steps):
            u = F.conv2d(v / v.norm(), conv.weight, **options)
            v = F.conv_transpose2d(u, conv.weight, **options)
    return float(v.norm().sqrt())


def slope_bound(net: nn.Module, size: Sequence[int]) -> float:
    """Product of the norms of a discriminator's layers: its score is nowhere steeper.

    `net` may hold linear layers, and convolutions that keep or halve pictures of `size` (h, w), in
    the order in which they are used, with activations of slope 1 at most between them.
    """
    bound = 1.0
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            bound *= conv_norm(module, size)
            size = [side // step for side, step in zip(size, module.stride, strict=True)]
        elif isinstance(module, nn.Linear):
            bound *= float(torch.linalg.matrix_norm(module.weight.detach(), 2))
    return bound


def visits(size: int, kernel: int, stride: int, padding: int = 0) -> np.ndarray:
    """How often each pixel of a transposed convolution's output is written to, (m, m)."""
    ones = torch.ones(1, 1, size, size), torch.ones(1, 1, kernel, kernel)
    return F.conv_transpose2d(*ones, stride=stride, padding=padding)[0, 0].int().numpy()


def normalised_critic(shape: Sequence[int], channels: Sequence[int]) -> nn.Sequential:
    """A discriminator of grey pictures (h, w) with batch normalisation after every convolution."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, shape[0]))]
    for before, after in zip((1, *channels[:-1]), channels, strict=True):
        layers += [nn.Conv2d(before, after, 4, stride=2, padding=1)]
        layers += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
    last = channels[-1] * int(np.prod(shape)) // 4 ** len(channels)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(last, 1))


def tell_apart(
    critic: nn.Module, x: Tensor, *, apart: bool, steps: int, generator: torch.Generator
) -> list[float]:
    """Train a discriminator to tell examples from examples of half contrast; its losses in nats.

    64 of each kind a step; `apart`: each kind is a batch of its own, else both make one batch.
    """
    optimizer, losses = torch.optim.Adam(critic.parameters(), lr=2e-3), []
    for _ in range(steps):
        real, faint = x[torch.randint(len(x), (2, 64), generator=generator)]
        batches = [real, faint / 2] if apart else [torch.cat([real, faint / 2])]
        loss = cross_entropy(*torch.cat([critic(one) for one in batches]).split(64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
