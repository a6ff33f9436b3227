"""Watching a VAE train, and measuring what it draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from IPython.display import Markdown
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from lib.autoencoder import Autoencoder
from lib.datasets import load
from lib.digit_features import digit_frechet, digit_precision_recall
from lib.few_labels import pick_per_class
from lib.gaussian import gaussian_log_prob, reparameterise
from lib.metrics import nearest, sharpness
from lib.tables import table
from lib.train import fit
from lib.vae import VAE


@torch.no_grad()
def posterior_codes(model: VAE, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """One z ~ q(z | x) for each example, (n, K): draws from the aggregate posterior of `x`."""
    return reparameterise(*model.encode(x), generator=generator)


def watch(
    model: VAE,
    x: Tensor,
    new: Tensor,
    *,
    rounds: int,
    epochs: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> dict[str, np.ndarray]:
    """Train for `rounds` times `epochs`; after each round measure `x` and `new` examples.

    Returns "epoch" (rounds,) and, under "distortion" and "rate", arrays (2, rounds) in nats per
    example: first of `x`, then of `new`, with 4 draws of z for each example. One optimiser serves
    all rounds: measuring does not disturb the training.
    """
    seen, optimizers = [], model.optimizers(lr)
    model.optimizers = lambda _: optimizers
    try:
        for _ in range(rounds):
            options = {"batch_size": batch_size, "lr": lr, "generator": generator}
            fit(model, x, epochs=epochs, progress=False, **options)
            seen.append([mean_terms(model, some, generator=generator) for some in (x, new)])
    finally:
        del model.optimizers
    distortion, rate = np.array(seen).transpose(2, 1, 0)  # (2, 2, rounds)
    return {"epoch": epochs * np.arange(1, rounds + 1), "distortion": distortion, "rate": rate}


@torch.no_grad()
def mean_terms(
    model: VAE, x: Tensor, *, draws: int = 4, generator: torch.Generator | None = None
) -> tuple[float, float]:
    """Distortion and rate in nats, averaged over the examples and over `draws` of z for each."""
    terms = [model.terms(x, generator=generator) for _ in range(draws)]
    distortion, rate = (torch.stack(term).mean().item() for term in zip(*terms, strict=True))
    return distortion, rate


def histogram_bits(x: Tensor, new: Tensor, *, levels: int) -> float:
    """Bits per dimension of `new` under a histogram of `x` for each pixel, with 1 added to counts.

    Pixels are 0, 1 / (levels - 1), ..., 1.
    """
    old, new = (torch.round(v.flatten(1) * (levels - 1)).long() for v in (x, new))
    counts = 1 + torch.nn.functional.one_hot(old, levels).sum(0)  # (D, levels)
    p = counts / counts.sum(1, keepdim=True)
    return -torch.log2(p[torch.arange(p.shape[0]), new]).mean().item()


def measure(pictures: Tensor | np.ndarray) -> dict[str, float]:
    """Digits (n, 8, 8), cut to [0, 1], against the training digits.

    Frechet distance, precision and recall in the book's features, mean sharpness, and the median
    distance to the nearest training digit.
    """
    pictures = np.clip(np.asarray(pictures, dtype=np.float32), 0, 1)
    precision, recall = digit_precision_recall(pictures)
    return {
        "Fréchet": digit_frechet(pictures),
        "precision": precision,
        "recall": recall,
        "sharpness": float(sharpness(pictures).mean()),
        "nearest": float(np.median(nearest(pictures, load("digits").train.x)[1])),
    }


def measure_table(name: str, facts: Mapping[str, Mapping[str, float]]) -> Markdown:
    """What `measure` found for several sets of pictures, one a row."""
    header = [name, *next(iter(facts.values()))]
    return table(header, [[k, *(f"{v:.2f}" for v in row.values())] for k, row in facts.items()])


@torch.no_grad()
def rms_error(net: VAE | Autoencoder, x: Tensor) -> float:
    """Root mean square error of a reconstructed pixel, in grey values."""
    return (net.reconstruct(x) - x).square().mean().sqrt().item()


@torch.no_grad()
def split_rate(
    model: VAE, x: Tensor, *, generator: torch.Generator | None = None
) -> dict[str, float]:
    """The mean rate and its two parts in nats, each estimated from one code for each example.

    "told": the mutual information of an example's number and its code; "mismatch": the divergence
    of the aggregate posterior, a mixture of n Gaussians, from N(0, I). Needs n^2 densities.
    Source: Hoffman and Johnson, 2016.
    """
    mean, log_var = model.encode(x)
    z = reparameterise(mean, log_var, generator=generator)
    each = torch.stack([gaussian_log_prob(code, mean, log_var) for code in z])  # (codes, examples)
    aggregate = torch.logsumexp(each, 1) - np.log(len(x))
    prior = gaussian_log_prob(z, *model.prior(len(x)))
    return {
        "rate": model.rates(x).sum(1).mean().item(),
        "told": (each.diagonal() - aggregate).mean().item(),
        "mismatch": (aggregate - prior).mean().item(),
    }


@torch.no_grad()
def state(
    model: VAE, x: Tensor, new: Tensor, *, generator: torch.Generator | None = None
) -> dict[str, float]:
    """Signs of health: rate and active latents on `x`; rms error and bound on `new`.

    Rate and bound are in nats per example; a latent with more than 0.1 nats is active.
    """
    rates = model.rates(x).mean(0)
    return {
        "rate": rates.sum().item(),
        "active": int((rates > 0.1).sum()),
        "rms error": rms_error(model, new),
        "bound": -sum(mean_terms(model, new, generator=generator)),
    }


def state_table(states: Mapping[str, Mapping[str, float]]) -> Markdown:
    """What `state` found for several models, one a row."""
    forms = {"rate": "{:.2f}", "active": "{}", "rms error": "{:.3f}", "bound": "{:.1f}"}
    rows = [[k, *(forms[n].format(v) for n, v in row.items())] for k, row in states.items()]
    return table(["model", "rate (nats)", "active", "rms error", "bound (nats)"], rows)


@torch.no_grad()
def code_scores(
    net: VAE | Autoencoder, x: Tensor, new: Tensor, *, generator: torch.Generator
) -> dict[str, float]:
    """How well digits are rebuilt, and what random codes and codes half way are worth.

    Codes of a VAE are drawn, z ~ q(z | x), and random ones come from N(0, I). An autoencoder's
    random codes get the mean and the standard deviations of its codes of `x`. "alone": median
    distance from a random code to the nearest code of `x`, over that of the codes of `new`.
    """
    if isinstance(net, VAE):
        codes, fresh = (posterior_codes(net, v, generator=generator) for v in (x, new))
        random = torch.randn(codes.shape, generator=generator)
    else:
        codes, fresh = net.encode(x), net.encode(new)
        random = codes.mean(0) + codes.std(0) * torch.randn(codes.shape, generator=generator)
    half_way = (codes + codes[torch.randperm(len(codes), generator=generator)]) / 2
    free, middle = measure(net.decode(random)), measure(net.decode(half_way))
    apart = [np.median(nearest(v.numpy(), codes.numpy())[1]) for v in (random, fresh)]
    return {
        "rms error, rebuilt": rms_error(net, new),
        "Fréchet, random codes": free["Fréchet"],
        "precision, random codes": free["precision"],
        "alone": float(apart[0] / apart[1]),
        "precision, half way": middle["precision"],
    }


def linear_accuracy(
    features: np.ndarray,
    y: np.ndarray,
    new: np.ndarray,
    y_new: np.ndarray,
    *,
    k: int,
    draws: int = 10,
) -> float:
    """Accuracy on `new` of a linear classifier of `k` labels per class, mean over `draws`."""
    scores = []
    for seed in range(draws):
        rows = pick_per_class(torch.tensor(y), k, torch.Generator().manual_seed(seed)).numpy()
        judge = LogisticRegression(max_iter=500).fit(features[rows], y[rows])
        scores.append(judge.score(new, y_new))
    return float(np.mean(scores))
