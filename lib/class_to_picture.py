"""A class asked for: models that are told y used as classifiers, and with the same chance for all.

What guidance does exactly, in one dimension and without a network, is `lib.guided_line`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lib.class_judge import CLASSES, judge_classes, one_hot
from lib.families import Family
from lib.guidance import GuidedDiffusion
from lib.model import GenerativeModel
from lib.vae import VAE

# ------------------------------------------------------------------ Bayes' rule


@torch.no_grad()
def log_table(model: GenerativeModel, x: Tensor, **options) -> np.ndarray:
    """log p(x | y) of pictures x (n, ...) for every class y, in nats, shape (n, 10), float64.

    The bound is taken where a model has no exact density; `options` are those of its `elbo`.
    """
    exact = type(model).log_prob is not GenerativeModel.log_prob
    if exact and options:
        raise ValueError(f"log_prob is exact and takes no options, got {sorted(options)}")
    ask = model.log_prob if exact else model.elbo
    columns = [ask(x, _all(len(x), kind), **options) for kind in range(CLASSES)]
    return torch.stack(columns, dim=1).double().numpy()


def posterior(table: np.ndarray, priors: np.ndarray | None = None) -> np.ndarray:
    """p(y | x) by Bayes' rule from log p(x | y) (n, c); p(y) is even unless it is given."""
    log_joint = table + np.log(_even(table) if priors is None else priors)
    return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True))


def worth(table: np.ndarray, y: np.ndarray, priors: np.ndarray | None = None) -> np.ndarray:
    """log p(x | y) - log p(x), (n,): what knowing the class y (n,) of a picture saves, in nats."""
    priors = _even(table) if priors is None else np.asarray(priors)
    return np.log(posterior(table, priors)[np.arange(len(y)), y] / priors[y])


def _even(table: np.ndarray) -> np.ndarray:
    return np.full(table.shape[1], 1 / table.shape[1])


def _all(n: int, kind: int) -> Tensor:
    """The same class for n pictures, as conditions (n, 10)."""
    return one_hot(torch.full((n,), kind))


# ------------------------------------------------------------------ chance and class apart


def same_chance(family: Family, model: GenerativeModel, n: int, seed: int) -> np.ndarray:
    """The same n draws of chance in each of the ten classes: pictures (10, n, 8, 8).

    Chance is z, or all the random numbers of a chain; only the class differs along the first axis.
    """
    return np.stack(
        [
            family.draw(model, n, _all(n, kind), generator=torch.Generator().manual_seed(seed))
            for kind in range(CLASSES)
        ]
    )


@torch.no_grad()
def carried_over(model: VAE, x: Tensor, y: np.ndarray) -> np.ndarray:
    """Pictures x (n, 8, 8) of classes y in the handwriting of their codes: (n, 10, 8, 8).

    Each is encoded with its own class, then decoded with every class.
    """
    z = model.encode(x, one_hot(y))[0]  # (n, K)
    return torch.stack([model.decode(z, _all(len(z), k)) for k in range(CLASSES)], 1).numpy()


def code_classes(train: np.ndarray, y: np.ndarray, new: np.ndarray, y_new: np.ndarray) -> float:
    """How often a Gaussian for each class, fitted to codes (n, K), finds the class of new codes.

    One in ten is what guessing achieves: then codes say nothing about the class.
    """
    means = np.stack([train[y == k].mean(0) for k in range(CLASSES)])
    widths = np.stack([train[y == k].var(0) for k in range(CLASSES)])
    squares = ((new[:, None] - means) ** 2 / widths + np.log(widths)).sum(2)  # (n, 10)
    return float(np.mean(squares.argmin(1) == y_new))


# ------------------------------------------------------------------ the dial


def dial(
    model: GuidedDiffusion, weights: Sequence[float], y: np.ndarray, *, steps: int, seed: int
) -> dict[float, dict[str, float]]:
    """Digits of classes y drawn by DDIM at each weight of the guidance, judged.

    Beside the facts of `judge_classes` each row holds "beyond", the share of pixels of the raw
    samples that lie more than 0.1 outside [-1, 1], where no pixel of a digit lies.
    """
    before, found = model.weight, {}
    try:
        for w in weights:
            model.weight = w
            generator = torch.Generator().manual_seed(seed)
            x = model.ddim(len(y), one_hot(y), steps=steps, generator=generator)
            facts = judge_classes((x.numpy() + 1) / 2, y)
            found[w] = facts | {"beyond": (x.abs() > 1.1).float().mean().item()}
    finally:
        model.weight = before
    return found


def every_setting(
    model: GuidedDiffusion, weights: Sequence[float], steps: Sequence[int], n: int, seed: int
) -> Mapping[tuple[float, int], np.ndarray]:
    """For each weight and number of DDIM steps, `n` digits of each class: (10, n, 8, 8).

    All start from the same noise, class by class too.
    """
    before, found = model.weight, {}
    noise = np.tile(np.arange(CLASSES), (n, 1)).T.ravel()
    try:
        for w in weights:
            for count in steps:
                model.weight = w
                generator = torch.Generator().manual_seed(seed)
                x = model.ddim(len(noise), one_hot(noise), steps=count, generator=generator)
                found[w, count] = ((x + 1) / 2).clamp(0, 1).reshape(CLASSES, n, 8, 8).numpy()
    finally:
        model.weight = before
    return found
