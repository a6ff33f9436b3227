"""The visible tests of chapter 3's homework, task 7: a clinic for a denoising autoencoder.

The study that students mend is given a model that records what it is fed, so the tests know on
which pictures it was trained, against which target, and in which mode it was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_autoencoders import ask
from lib.homework_autoencoders_blends import check_middles
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
        self.fed: list[Tensor] = []  # what was encoded and decoded while training,
        self.coded: list[Tensor] = []
        self.tested: list[Tensor] = []  # and while not
        self.made: list[Tensor] = []

    def encode(self, x: Tensor) -> Tensor:
        """Codes (n, k); in training mode every other entry is doubled."""
        if x.shape[1:] == self.into.shape[:1]:
            (self.fed if self.training else self.tested).append(x.detach().clone())
        z = x @ self.into
        return z * self.mask if self.training else z

    def decode(self, z: Tensor) -> Tensor:
        """Pictures (n, d), all zero before the first step."""
        (self.coded if self.training else self.made).append(z.detach().clone())
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
    model, sigma = Recorder(rng, d, k), float(rng.uniform(0.25, 0.42))
    generator = torch.Generator().manual_seed(int(rng.integers(2**30)))
    given = {"model": model, "x": x, "x_test": x_test, "sigma": sigma, "epochs": epochs, "n": n}
    answer = ask(study, "the study", **given, generator=generator)
    losses, error, new = as_parts(answer, "the study", "(losses, error, new)")
    assert model.fed, "the study: the model was not trained; keep the loop"
    losses = as_numbers(losses, (epochs,), "the losses, one an epoch")
    error = as_numbers(numbers(error), (), "the error")
    return model, x, x_test, sigma, (losses, error, new)


def check_study_loss(
    study: Callable, rng: np.random.Generator, *, form: str = "noise", rate: float = 0.0
) -> None:
    """Compare the first loss, before any step, with every mix of the three mistakes in it.

    The `form` is "noise" on the pictures, "masks" (a share of the pixels is set to zero) or "codes"
    (noise on the codes). With a `rate`, all losses are compared with those of Adam.
    """
    epochs = 25 if rate else 4
    model, x, x_test, sigma, (losses, _, _) = run_study(study, rng, 10, epochs)
    first, both = model.fed[0], torch.cat([x, x_test])
    tested, hints = len(first) == len(both), {}
    for target, mean in product([True, False], repeat=2):
        wrong = [TEST] * tested + [TARGET] * target + [MEAN] * mean
        clean = both if tested else x
        seen = first if target else clean
        found = (seen**2).sum() / len(seen) / (seen.shape[1] if mean else 1)
        hints["; ".join(wrong)] = found.item()
    right = hints.pop("", (x**2).sum().item() / len(x))
    hints["take the mean over the pictures, the sum over the pixels; you have the sum of all"] = (
        right * len(x)
    )

    compare(
        losses[0], right, "the first loss of a model whose output is 0", hints=hints, tol=FLOAT32
    )
    assert first.shape == x.shape, f"the study: it trains on {tuple(first.shape)}, not on x"
    noise = {"noise": _check_noise, "masks": _check_masks, "codes": _check_codes}[form](
        model, x, sigma
    )
    fresh = all(not torch.equal(a, b) for a, b in pairwise(noise))
    assert fresh, f"the study: every epoch needs new {'masks' if form == 'masks' else 'noise'}"
    if rate:
        advice = "the gradients of the epochs before are still there: optimiser.zero_grad()"
        right, piled = (_replayed(model, x, rate, epochs, clear) for clear in (True, False))
        what = f"the losses of {epochs} steps of Adam with learning rate {rate:g}"
        compare(losses, right, what, hints={advice: piled}, tol=FLOAT32)


def _check_noise(model: Recorder, x: Tensor, sigma: float) -> list[Tensor]:
    """The noise on the pictures of each epoch, whose standard deviation is checked."""
    found = [fed - x for fed in model.fed if fed.shape == x.shape]
    spread, limit = float(found[0].numpy().std()), 7 * sigma / np.sqrt(2 * x.numel())
    assert abs(spread - sigma) < limit, (
        f"the noise on the input has standard deviation {spread:.3f}; it should be sigma = "
        f"{sigma:.3f}"
    )
    return found


def _check_masks(model: Recorder, x: Tensor, p: float) -> list[Tensor]:
    """The pixels that are set to zero in each epoch, whose share is checked."""
    first, found = model.fed[0], [fed == 0 for fed in model.fed if fed.shape == x.shape]
    same = torch.isclose(first, x, rtol=FLOAT32)
    assert not same.all(), "no pixel of the input is set to zero; the model sees whole pictures"
    assert (same | found[0]).all(), (
        "a pixel of the input is either that of the picture or 0; yours are other numbers, so read "
        "again what is done to the input here"
    )
    if torch.equal(found[0], found[1]):
        return found  # the caller complains
    share = float(torch.stack(found).double().mean())
    limit = 7 * np.sqrt(p * (1 - p) / x.numel() / len(found))
    other = "; that is the share to keep" if abs(share - 1 + p) < limit else ""
    assert abs(share - p) < limit, f"{share:.0%} of the pixels are set to zero, not {p:.0%}{other}"
    return found


def _check_codes(model: Recorder, x: Tensor, sigma: float) -> list[Tensor]:
    """The noise on the codes of each epoch, whose standard deviation is checked."""
    assert torch.allclose(model.fed[0], x, rtol=FLOAT32), (
        "the pictures go in as they are, and the noise is put on their codes; your pictures are "
        "changed before they are encoded"
    )
    clean = (x @ model.into) * model.mask
    found = [z - clean for z in model.coded if z.shape == clean.shape]
    spread, limit = float(found[0].numpy().std()), 7 * sigma / np.sqrt(2 * clean.numel())
    assert abs(spread - sigma) < limit, (
        f"the noise on the codes has standard deviation {spread:.3f}; it should be sigma = "
        f"{sigma:.3f}"
    )
    return found


@peer
def _replayed(model: Recorder, x: Tensor, rate: float, epochs: int, clear: bool) -> np.ndarray:
    """The losses that Adam meets with the codes that the model has decoded."""
    gain, losses = torch.zeros((), dtype=x.dtype, requires_grad=True), []
    optimiser = torch.optim.Adam([gain], lr=rate)
    for z in model.coded[:epochs]:
        loss = ((gain * z @ model.out - x) ** 2).sum() / len(x)
        if clear:
            optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return np.array(losses)


def check_study_error(study: Callable, rng: np.random.Generator) -> None:
    """Compare the error with that of the trained model on the test pictures, without dropout."""
    model, x, x_test, _, (_, error, _) = run_study(study, rng, 10, epochs=40)
    tested, made = list(model.tested), list(model.made)
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
        "a squared error takes no root": rest.norm(dim=1).mean().item(),
    }
    what = "the error on the test pictures"
    for kind, inputs, clean in (("pictures", tested, x_test), ("codes", made, model.made[-1])):
        same = [torch.allclose(v, clean) for v in inputs if v.shape == clean.shape]
        if same and not any(same):
            hints |= {f"the test {kind} are changed; measure with them as they are": error}
    compare(error, right, what, hints=hints, tol=FLOAT32)


def check_study_new(
    study: Callable, rng: np.random.Generator, *, draw: str = "gaussian", width: float = 1.0
) -> None:
    """Assert that the new pictures are decoded draws of a Gaussian fitted to the training codes.

    Its standard deviations are `width` times those of the codes. With `draw` "middles" they are
    decoded middles of two training codes.
    """
    n = 4000
    model, x, x_test, _, (_, _, new) = run_study(study, rng, n, epochs=40)
    graph = isinstance(new, Tensor) and new.requires_grad
    assert not graph, "the new pictures drag their graph along; make them under torch.no_grad()"
    new = as_numbers(new, (n, x.shape[1]), "the new pictures")
    z = model.codes_of(new)
    rest = np.abs(model.decode(torch.tensor(z)).detach().numpy() - new).max()
    assert rest < FLOAT32 * np.abs(new).max(), "the new pictures are not what the decoder makes"
    for mode, pictures in product((True, False), (torch.cat([x, x_test]), x)):
        codes = model.train(mode).encode(pictures).numpy()
        copied = np.isclose(z[:50, None], codes, rtol=1e-6, atol=1e-9).all(axis=2).any(axis=1)
        assert not copied.any() or (draw == "middles" and not copied.all()), (
            "the new pictures are codes of known pictures, decoded: nothing in them is new; draw "
            + ("codes from a Gaussian" if draw == "gaussian" else "the codes as the task says")
        )
    codes = model.encode(x).numpy()
    if draw == "middles":
        check_middles(z, codes, codes * model.mask.numpy(), model.encode(x_test).numpy())
        return
    C = np.cov(codes.T, bias=True)
    doubled = np.cov(z.T).diagonal() / (width**2 * C.diagonal())
    assert not np.allclose(doubled / model.mask.numpy() ** 2, 1, atol=0.2), (
        "the codes are those of training mode; call model.eval() before you encode"
    )
    check_gaussian_codes(z, codes, codes.mean(axis=0), C, width)
