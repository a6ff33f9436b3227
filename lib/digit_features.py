"""The ruler for digits: features of a small classifier that ships with the book and never changes.

How far samples are from the data depends on the features in which one looks, so two figures can be
compared only if both were read off the same ruler. If every chapter trained its own classifier, the
distances of a VAE, a GAN and a diffusion model would be on three different scales. The weights are
therefore a file, `data/digit_features.npz`: a measuring instrument, not a model of the book, and
not trained on any page. `python -m lib.make_digit_features` made it, from training digits only.

Features are the 32 numbers before the last layer, scaled so that the variances of the training
digits add up to 100: a Fréchet distance of 1 is one per cent of all the variance there is. The
reference is always the set of training digits; the book measures `SAMPLES` samples, as many as
those. `yardsticks` draws what everybody can draw without a deep model, to be measured beside it:

=============================================  ===========  =========  ======
pictures                                       Fréchet      precision  recall
=============================================  ===========  =========  ======
training digits, drawn again with replacement  0.27 ± 0.08
held-out digits (360, classes in proportion)   0.52         0.81       0.91
one Gaussian per class                         2.9 ± 0.2    0.74       0.75
one Gaussian                                   29.2 ± 0.5   0.18       0.51
uniform noise                                  61.9 ± 0.4   0.12       0.03
=============================================  ===========  =========  ======

The first line is what a perfect model would get, since a finite number of samples is never quite
right: 1.1 ± 0.4 of 360 samples, 0.37 ± 0.11 of 1,000 and 0.19 ± 0.06 of 2,000. Two thirds of it are
chance in how often each digit comes up; with the classes in proportion, 0.09 remain of 1,437 and
0.39 of 360. The figure after ± is the standard deviation from one set of samples to the next.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.class_gaussians import fit_class_gaussians
from lib.datasets import load
from lib.datasets.shipped import DATA
from lib.metrics import frechet_distance, precision_recall

FEATURES = 32
SAMPLES = 1437  # as many as the training digits: distances of other n are on another scale
TOTAL_VARIANCE = 100.0  # of the features of the training digits, all 32 added up
WEIGHTS = DATA / "digit_features.npz"
CHUNK = 1024  # pictures passed through at a time


class DigitClassifier(nn.Module):
    """Three convolutions, 32 features, ten classes; 46,922 weights.

    A leaky last activation keeps all features alive: with a plain one a third of them would be 0
    for every picture.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, 3, padding=1)
        self.conv2 = nn.Conv2d(24, 48, 3, padding=1)
        self.conv3 = nn.Conv2d(48, 64, 3, padding=1)
        self.hidden = nn.Linear(64 * 2 * 2, FEATURES)
        self.output = nn.Linear(FEATURES, 10)

    def features(self, x: Tensor) -> Tensor:
        """Pictures (n, 1, 8, 8) in [0, 1] -> features (n, 32)."""
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = F.max_pool2d(F.relu(self.conv3(x)), 2)
        return F.leaky_relu(self.hidden(x.flatten(1)), 0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (n, 1, 8, 8) in [0, 1] -> logits (n, 10)."""
        return self.output(self.features(x))


def blank_classifier() -> DigitClassifier:
    """A classifier with memory for weights but none in it yet; no random number is drawn."""
    with torch.device("meta"):
        model = DigitClassifier()
    return model.to_empty(device="cpu")


@cache
def shipped_classifier() -> DigitClassifier:
    """The classifier with the shipped weights, frozen."""
    model = blank_classifier()
    with np.load(WEIGHTS) as weights:
        model.load_state_dict(
            {k: torch.from_numpy(v.astype(np.float32)) for k, v in weights.items()}
        )
    return model.requires_grad_(False).eval()


def digit_features(x: np.ndarray | Tensor) -> np.ndarray:
    """Features (n, 32), float32, of pictures in [0, 1]: (n, 8, 8), (n, 1, 8, 8) or (n, 64).

    Raises
    ------
    ValueError
        If a picture has other than 64 pixels or leaves [0, 1]: clip samples first, since what can
        be shown is what is measured.
    """
    model = shipped_classifier()
    with torch.inference_mode():
        return torch.cat([model.features(part) for part in _pictures(x).split(CHUNK)]).numpy()


def digit_logits(x: np.ndarray | Tensor) -> np.ndarray:
    """Logits (n, 10) of pictures as `digit_features` takes them."""
    with torch.inference_mode():
        return shipped_classifier().output(torch.from_numpy(digit_features(x))).numpy()


def classify_digits(x: np.ndarray | Tensor) -> np.ndarray:
    """The digit 0..9 that each picture shows, or resembles most, shape (n,)."""
    return digit_logits(x).argmax(axis=1)


def _pictures(x: np.ndarray | Tensor) -> Tensor:
    """Any of the accepted shapes as float32 (n, 1, 8, 8), checked."""
    x = x.detach().cpu().float() if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float32)
    if tuple(x.shape[1:]) not in ((8, 8), (1, 8, 8), (64,)) or len(x) == 0:
        raise ValueError(f"digits are (n, 8, 8), (n, 1, 8, 8) or (n, 64), got {tuple(x.shape)}")
    if not (x.min() >= -1e-5 and x.max() <= 1 + 1e-5):  # also if one is nan
        raise ValueError(
            f"pictures must lie in [0, 1], got {x.min():.3g} to {x.max():.3g}; clip samples first"
        )
    return x.reshape(-1, 1, 8, 8)


@cache
def _training_features() -> np.ndarray:
    features = digit_features(load("digits").train.x)
    features.setflags(write=False)  # shared by all callers
    return features


def digit_frechet(samples: np.ndarray | Tensor) -> float:
    """Fréchet distance of samples to the training digits; 1 is a hundredth of their variance.

    Give `SAMPLES` of them: fewer look farther away. What the figure means, `yardsticks` says.
    """
    return frechet_distance(digit_features(samples), _training_features())


def digit_precision_recall(samples: np.ndarray | Tensor, k: int = 3) -> tuple[float, float]:
    """Precision and recall of samples against the training digits, in features.

    Give `SAMPLES` of them: fewer have larger balls, and more recall.
    """
    return precision_recall(_training_features(), digit_features(samples), k)


def yardsticks(rng: np.random.Generator, n: int = SAMPLES) -> dict[str, np.ndarray]:
    """Pictures (n, 8, 8) to compare with: held-out digits (all 360), Gaussians, noise.

    Samples of the Gaussians are clipped to [0, 1]. One Gaussian for each class is a strong and
    honest baseline: a deep model that cannot beat it has learned little.
    """
    digits = load("digits")
    x = digits.train.x.reshape(-1, 64).astype(float)
    drawn = {
        "one Gaussian per class": fit_class_gaussians(x, digits.train.y).sample(n, rng)[0],
        "one Gaussian": rng.multivariate_normal(x.mean(axis=0), np.cov(x.T), size=n),
        "uniform noise": rng.random((n, 64)),
    }
    pictures = {name: np.clip(v, 0, 1).reshape(n, 8, 8) for name, v in drawn.items()}
    return {"held-out digits": digits.test.x} | pictures
