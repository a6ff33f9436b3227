"""Judging digits that were asked for by class: are they what was asked, and are they different?"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.datasets import load
from lib.digit_features import classify_digits, digit_features, digit_frechet
from lib.digit_features import digit_precision_recall as precision_recall

CLASSES = 10


def one_hot(y: np.ndarray | Tensor, classes: int = CLASSES) -> Tensor:
    """Classes y (n,) as conditions (n, classes), float32: one at the place of the class."""
    y = torch.as_tensor(y).long()
    if y.ndim != 1 or (len(y) and not 0 <= int(y.min()) <= int(y.max()) < classes):
        raise ValueError(f"classes are a list of whole numbers 0..{classes - 1}, got {y}")
    return F.one_hot(y, classes).float()


def accuracy(pictures: np.ndarray, wanted: np.ndarray) -> float:
    """Share of pictures (n, 8, 8) in [0, 1] that the book's classifier takes for what was wanted.

    Real held-out digits reach the ceiling `accuracy(test.x, test.y)`, which is below 1.
    """
    return float(np.mean(classify_digits(pictures) == np.asarray(wanted)))


def spread(pictures: np.ndarray, wanted: np.ndarray) -> float:
    """Variance of the features within the wanted classes, over that of the training digits.

    1: within a class samples differ as much as real digits do; 0: one picture a class. Source of
    the idea: the within-class scatter of Fisher's discriminant analysis.
    """
    return _scatter(digit_features(pictures), np.asarray(wanted)) / _real_scatter()


def _scatter(features: np.ndarray, y: np.ndarray) -> float:
    """Mean over the classes of the summed variances of the features."""
    return float(np.mean([features[y == kind].var(axis=0).sum() for kind in np.unique(y)]))


@cache
def _real_scatter() -> float:
    train = load("digits").train
    return _scatter(digit_features(train.x), train.y)


def judge_classes(pictures: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Accuracy, spread, Fréchet distance, precision and recall of digits drawn by class.

    `pictures` (n, 8, 8) are cut to [0, 1]. Give as many, in the same proportions, as there are
    training digits: `wanted` = `load("digits").train.y`.
    """
    pictures = np.clip(np.asarray(pictures, dtype=np.float32), 0, 1)
    precision, recall = precision_recall(pictures)
    return {
        "accuracy": accuracy(pictures, wanted),
        "spread": spread(pictures, wanted),
        "Fréchet": digit_frechet(pictures),
        "precision": precision,
        "recall": recall,
    }
