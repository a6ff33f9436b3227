"""The last comparison: eight models of the same digits, with the same seconds of training.

Seconds are those of the processor; with more threads than one they pass more quickly.
`enter` trains a contestant, `facts` says all that the book measures of it, `abilities` what it can
be asked. The trained families come from `lib.families`, with its recipes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from lib import plain_models as plain
from lib.autoencoder import mlp_autoencoder
from lib.digit_features import SAMPLES
from lib.families import FAMILIES, SHAPE, TOP
from lib.gan_pictures import judge
from lib.grey_levels import add_noise, density_bits
from lib.model import GenerativeModel
from lib.pixel import PixelModel
from lib.relatives import bits
from lib.train import fit

PIXELS = SHAPE[0] * SHAPE[1]
CHUNK = 480  # pictures drawn at a time: the maps of a network stay in fast memory
SECONDS = 15.0  # of training for each, in the lesson
clock = time.process_time  # other work on the machine does not count
NAMES = {"DDPM": "diffusion"}  # where the family has another name in `lib.families`
TRAINED = "VAE", "PixelCNN", "PixelRNN", "DDPM", "GAN"
CONTESTANTS = "PCA", "GMM", "AE + GMM", *TRAINED


@dataclass(frozen=True, eq=False)
class Entry:
    """A contestant after its training, which took so many seconds."""

    name: str
    model: GenerativeModel
    seconds: float

    def draw(self, n: int, generator: torch.Generator) -> np.ndarray:
        """`n` pictures (n, 8, 8) in [0, 1]."""
        sizes = [min(CHUNK, n - done) for done in range(0, n, CHUNK)]
        return np.concatenate([self._draw(size, generator) for size in sizes])

    def _draw(self, n: int, generator: torch.Generator) -> np.ndarray:
        if self.name in TRAINED:
            return family(self.name).draw(self.model, n, generator=generator)
        return self.model.sample(n, generator=generator).clamp(0, 1).numpy()

    def bits(self, pictures: np.ndarray, generator: torch.Generator) -> float:
        """Bits per dimension of digits (n, 8, 8): exact or a bound, as `likelihood`; else nan."""
        return measure_bits(self.model, self.name, pictures, generator)

    @property
    def likelihood(self) -> str:
        """What is known of the probability of grey levels: "exact", "bound" or "none"."""
        if isinstance(self.model, PixelModel):
            return "exact"
        return "bound" if has(self.model, "log_prob") or has(self.model, "elbo") else "none"

    @property
    def numbers(self) -> int:
        """How many numbers must be kept in order to draw."""
        return sum(p.numel() for part in drawing_parts(self.model) for p in part.parameters()) + (
            table_numbers(self.model)
        )


def family(name: str) -> Any:
    """The recipe of a trained contestant."""
    return FAMILIES[NAMES.get(name, name)]


# ------------------------------------------------------------------ training


def enter(name: str, pictures: np.ndarray, seconds: float, generator: torch.Generator) -> Entry:
    """Train a contestant on digits (n, 8, 8) for at most about so many seconds of the processor.

    First weights come from torch's global generator. PCA and the mixtures end when they are done.
    """
    if name not in CONTESTANTS:
        raise ValueError(f"contestants are {CONTESTANTS}, got {name!r}")
    if not seconds > 0:
        raise ValueError(f"the training takes a positive number of seconds, got {seconds}")
    _wake_torch()
    begin = time.process_time()
    if name in TRAINED:
        model, _ = family(name).train(pictures, generator=generator, seconds=seconds, clock=clock)
    else:
        model = PLAIN[name](pictures, seconds, generator)
    return Entry(name, model, time.process_time() - begin)


def _wake_torch() -> None:
    """Let torch import what its first optimiser needs: seconds that are nobody's training."""
    torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()


def _code_mixture(pictures: np.ndarray, seconds: float, generator: torch.Generator) -> Any:
    """An autoencoder of eight numbers, trained for most of the time, and a mixture of its codes."""
    x = torch.as_tensor(pictures, dtype=torch.float32)
    coder = mlp_autoencoder(SHAPE, (256, 128), 8, noise=0.1)
    for share, lr in ((0.55, 2e-3), (0.2, 4e-4)):
        options = {"batch_size": 64, "lr": lr, "generator": generator, "progress": False}
        fit(coder, x, seconds=share * seconds, clock=clock, **options)
    return plain.fit_code_mixture(coder, x, generator)


PLAIN: dict[str, Callable[[np.ndarray, float, torch.Generator], GenerativeModel]] = {
    "PCA": lambda x, _, generator: plain.fit_pca_pictures(x, generator),
    "GMM": lambda x, _, generator: plain.fit_mixture_pictures(x, generator),
    "AE + GMM": _code_mixture,
}


# ------------------------------------------------------------------ measuring


@torch.no_grad()
def measure_bits(
    model: GenerativeModel, name: str, pictures: np.ndarray, generator: torch.Generator
) -> float:
    """Bits per dimension of digits (n, 8, 8) by the best means that the model has; nan if none.

    Exact for pixel models. Bounds: by noise for densities (8 draws), by importance sampling for a
    VAE (64 codes a picture), by the terms of a diffusion (one draw of each).
    """
    if isinstance(model, plain.GaussianPictures):
        rng = plain.numpy_rng(generator)
        noisy = [model.log_prob(add_noise(pictures, rng)).mean().item() for _ in range(8)]
        return density_bits(float(np.mean(noisy)), PIXELS)
    if isinstance(model, plain.CodeMixture) or name == "GAN":
        return float("nan")
    x = family(name).write(pictures)
    if isinstance(model, PixelModel):
        return model.bits(x)
    if has(model, "importance_bound"):
        nats = model.importance_bound(x, samples=64, generator=generator)
    else:
        nats = model.elbo(x, levels=TOP + 1, generator=generator)
    return bits(nats.mean().item(), PIXELS)


def facts(
    entry: Entry, new: np.ndarray, generator: torch.Generator, rounds: int = 3
) -> tuple[dict[str, float], np.ndarray]:
    """All that is measured of an entry, and the `SAMPLES` pictures that were judged.

    `new` are held-out digits (n, 8, 8). Seconds of training and for 100 pictures, of which the
    quickest of `rounds` counts, are those of the processor: other work does not show.
    """
    pictures = entry.draw(SAMPLES, generator)
    found = {"bits": entry.bits(new, generator)} | judge(pictures)
    took = min(_seconds(partial(entry.draw, 100, generator)) for _ in range(rounds))
    found |= {"seconds": entry.seconds, "s per 100": took}
    return found | {"numbers": entry.numbers}, pictures


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def drawing_parts(model: GenerativeModel) -> list[nn.Module]:
    """The networks without which a model cannot draw."""
    averaged = getattr(model, "averaged", None)
    if averaged is not None:
        return [averaged.module]
    if isinstance(model, plain.CodeMixture):
        return [model.coder.decoder]
    if has(model, "importance_bound"):
        return [model.decoder, model.likelihood]
    named = {"network": nn.Module, "g": nn.Module}
    own = [getattr(model, k) for k, kind in named.items() if isinstance(getattr(model, k, 0), kind)]
    return own or [model]


def table_numbers(model: GenerativeModel) -> int:
    """Numbers that are no weights: of PCA's plane, or of a mixture's weights, means, covariances.

    A covariance of D numbers has D (D + 1) / 2 different entries.
    """
    if isinstance(model, plain.PCAPictures):
        return model.ppca.mean.size + model.ppca.weights.size + 1
    if not hasattr(model, "mixture"):
        return 0
    m, d = model.mixture.means.shape
    return m * (1 + d + d * (d + 1) // 2)


# ------------------------------------------------------------------ what may be asked


def has(model: GenerativeModel, method: str) -> bool:
    """Whether the model's class has a method of this name of its own, not the family's refusal."""
    own = getattr(type(model), method, None)
    return own is not None and own is not getattr(GenerativeModel, method, None)


def abilities(entry: Entry) -> dict[str, bool]:
    """What the model can be asked, by the methods of its class.

    A pixel model's `encode` writes pictures as numbers and is no code. "a class": whether one model
    can be told what to draw.
    """
    model = entry.model
    code = has(model, "encode") and has(model, "decode")
    return {
        "probability": has(model, "log_prob"),
        "bound": entry.likelihood == "bound",
        "code of x": code or has(model, "responsibilities"),
        "walk": code or has(model, "generate") or has(model, "ddim"),
        "the rest of x": has(model, "complete"),
        "a class": entry.name in TRAINED,
    }
