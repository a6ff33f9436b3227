"""The visible tests of chapter 3's homework, task 7: a clinic for a denoising autoencoder.

The study that students mend is given a model that records what it is fed, so the tests know on
which pictures it was trained, against which target, and in which mode it was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import as_numbers, compare
from lib.homework_autoencoders_codes import check_gaussian_codes
from lib.homework_pca import random_basis

TEST = "the test pictures are among those you train on"
TARGET = "the target is the clean picture, not the noisy one"
MEAN = "sum over the pixels, mean over the pictures"


def strips(rng: np.random.Generator, n: int) -> Tensor:
    """Pictures (n, 16) of a dot, each at a random place of a strip, float32."""
    at = rng.uniform(1, 14, size=(n, 1))
    return torch.tensor(np.exp(-0.5 * (np.arange(16) - at) ** 2), dtype=torch.float32)


class Halves(nn.Module):
    """Encoder and decoder of one hidden layer for pictures (n, 16); dropout in the encoder."""

    def __init__(self, k: int = 2, hidden: int = 64, dropout: float = 0.3):
        super().__init__()
        self.encode = nn.Sequential(
            nn.Linear(16, hidden), nn.SiLU(), nn.Dropout(dropout), nn.Linear(hidden, k)
        )
        self.decode = nn.Sequential(nn.Linear(k, hidden), nn.SiLU(), nn.Linear(hidden, 16))

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructions, (n, 16)."""
        return self.decode(self.encode(x))


class Recorder(nn.Module):
    """A linear autoencoder that starts with output zero and records all that it encodes.

    Its codes come out different in training mode: a dropout whose mask never changes.
    """

    def __init__(self, rng: np.random.Generator, d: int, k: int):
        super().__init__()
        self.into = torch.tensor(rng.normal(size=(d, k)))
        self.out = torch.tensor(random_basis(rng, d, k).T.copy())
        self.mask = torch.tensor(1.0 + (np.arange(k) % 2))
        self.gain = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.fed: list[Tensor] = []

    def encode(self, x: Tensor) -> Tensor:
        """Codes (n, k); in training mode every other entry is doubled."""
        if self.training and x.shape[1:] == self.into.shape[:1]:
            self.fed.append(x.detach().clone())
        z = x @ self.into
        return z * self.mask if self.training else z

    def decode(self, z: Tensor) -> Tensor:
        """Pictures (n, d), all zero before the first step."""
        return self.gain * z @ self.out

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructions, (n, d)."""
        return self.decode(self.encode(x))

    def codes_of(self, pictures: np.ndarray) -> np.ndarray:
        """The codes from which `decode` made the pictures."""
        return pictures @ self.out.numpy().T / self.gain.item()


def run_study(
    study: Callable, rng: np.random.Generator, n: int, epochs: int = 4
) -> tuple[Recorder, Tensor, Tensor, float, tuple]:
    """The recorder after a study, its pictures, sigma, and what the study returned."""
    d, k = 7, 3
    x, x_test = (torch.tensor(rng.normal(1, 2, size=(m, d))) for m in (60, 25))
    model, sigma = Recorder(rng, d, k), float(rng.uniform(0.3, 0.6))
    generator = torch.Generator().manual_seed(int(rng.integers(2**30)))
    kept = x.clone(), x_test.clone()
    answer = study(model, x, x_test, sigma, epochs, n, generator)
    assert answer is not None, "the study: your function returned None; end it with `return`"
    three = isinstance(answer, tuple | list) and len(answer) == 3
    assert three, "the study: return three things, (losses, error, new)"
    same = all(torch.equal(a, b) for a, b in zip(kept, (x, x_test), strict=True))
    assert same, "the study: it changes the pictures it was given"
    assert model.fed, "the study: the model was not trained; keep the loop"
    losses = as_numbers(answer[0], (epochs,), "the losses, one an epoch")
    error = as_numbers(answer[1], (), "the error")
    return model, x, x_test, sigma, (losses, error, answer[2])


def check_study_loss(study: Callable, rng: np.random.Generator) -> None:
    """Compare the first loss, before any step, with every mix of the three mistakes in it."""
    model, x, x_test, sigma, (losses, _, _) = run_study(study, rng, 10)
    first, both = model.fed[0], torch.cat([x, x_test])
    hints: dict[str, Any] = {}
    for test, target, mean in product([True, False], repeat=3):
        wrong = [TEST] * test + [TARGET] * target + [MEAN] * mean
        clean = both if test else x
        seen = first if target else clean
        found = (seen**2).sum() / len(seen) / (seen.shape[1] if mean else 1)
        hints["; ".join(wrong)] = found.item()
    right = hints.pop("")
    compare(losses[0], right, "the first loss of a model whose output is 0", hints=hints)
    assert first.shape == x.shape, f"the study: it trains on {tuple(first.shape)}, not on x"
    noise = (first - x).numpy()
    limit = 7 * sigma / np.sqrt(2 * noise.size)
    assert abs(noise.std() - sigma) < limit, (
        f"the noise on the input has standard deviation {noise.std():.3f}; it should be sigma = "
        f"{sigma:.3f}"
    )
    fresh = all(not torch.equal(a, b) for a, b in zip(model.fed, model.fed[1:], strict=False))
    assert fresh, "the study: every epoch needs new noise"


def check_study_error(study: Callable, rng: np.random.Generator) -> None:
    """Compare the error with that of the trained model on the test pictures, without dropout."""
    model, x, x_test, _, (_, error, _) = run_study(study, rng, 10, epochs=40)
    found = {}
    with torch.no_grad():
        for name, mode in (("train", True), ("eval", False)):
            for pictures in (x, x_test):
                rest = model.train(mode)(pictures) - pictures
                found[name, len(pictures)] = (rest**2).sum(dim=1).mean().item()
    right = found["eval", len(x_test)]
    hints = {
        "dropout is still on; call model.eval() before you measure": found["train", len(x_test)],
        "measure on the test pictures": found["eval", len(x)],
        "measure on the test pictures, and with model.eval()": found["train", len(x)],
        MEAN: right / x.shape[1],
        f"{MEAN}; and dropout is still on, call model.eval()": (
            found["train", len(x_test)] / x.shape[1]
        ),
    }
    compare(error, right, "the error on the test pictures", hints=hints)


def check_study_new(study: Callable, rng: np.random.Generator) -> None:
    """Assert that the new pictures are decoded draws of a Gaussian fitted to the training codes."""
    n = 4000
    model, x, x_test, _, (_, _, new) = run_study(study, rng, n, epochs=40)
    graph = isinstance(new, Tensor) and new.requires_grad
    assert not graph, "the new pictures drag their graph along; make them under torch.no_grad()"
    new = as_numbers(new, (n, x.shape[1]), "the new pictures")
    z = model.codes_of(new)
    rest = np.abs(model.decode(torch.tensor(z)).detach().numpy() - new).max()
    assert rest < 1e-6 * np.abs(new).max(), "the new pictures are not what the decoder makes"
    for mode, pictures in product((True, False), (torch.cat([x, x_test]), x)):
        codes = model.train(mode).encode(pictures).numpy()
        copied = np.isclose(z[:50, None], codes, rtol=1e-6, atol=1e-9).all(axis=2).any(axis=1)
        assert not copied.any(), (
            "the new pictures are codes of known pictures, decoded: nothing in them is new; draw "
            "codes from a Gaussian"
        )
    codes = model.encode(x).numpy()
    C = np.cov(codes.T, bias=True)
    doubled = np.cov(z.T).diagonal() / C.diagonal()
    assert not np.allclose(doubled / model.mask.numpy() ** 2, 1, atol=0.2), (
        "the codes are those of training mode; call model.eval() before you encode"
    )
    check_gaussian_codes(z, codes, codes.mean(axis=0), C)
