"""Questions about faces, each with its true answer: drawings, maps of parts, paintings.

A question is a picture c (n, channels, h, w), its answer a face x (n, h, w) in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.datasets import Dataset
from lib.datasets.face_factors import HAIR_STYLES, PARTS, Factors, take
from lib.datasets.faces import edges, one_person, render_labelled, with_factors
from lib.diffusion_recipes import to_data

COLOURS = np.array([
    [0.85, 0.87, 0.90], [0.98, 0.80, 0.64], [0.93, 0.64, 0.48], [0.36, 0.22, 0.14],
    [0.58, 0.42, 0.30], [0.27, 0.45, 0.70], [1.00, 1.00, 1.00], [0.15, 0.10, 0.08],
    [0.78, 0.22, 0.26], [0.10, 0.35, 0.30],
])  # of the parts, when a map is shown  # fmt: skip


def repaint(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Every part of each picture (n, h, w) in its own mean tone: flat paint, float32."""
    pictures, labels = np.asarray(pictures), np.asarray(labels)
    if pictures.shape != labels.shape or pictures.ndim != 3:
        raise ValueError(
            f"pictures and labels of one shape (n, h, w), got {pictures.shape} and {labels.shape}"
        )
    place = labels.astype(int) + len(PARTS) * np.arange(len(labels))[:, None, None]
    bins = len(PARTS) * len(labels)
    count = np.bincount(place.ravel(), minlength=bins)
    total = np.bincount(place.ravel(), weights=pictures.ravel(), minlength=bins)
    return (total / np.maximum(count, 1))[place].astype(np.float32)


def one_hot_parts(labels: np.ndarray) -> Tensor:
    """Maps (n, h, w) of parts as a channel for each part, (n, 10, h, w)."""
    whole = torch.as_tensor(np.asarray(labels).astype(np.int64))
    return F.one_hot(whole, len(PARTS)).movedim(-1, 1).float()


def ask_drawing(pictures: np.ndarray, labels: np.ndarray) -> Tensor:
    """Lines where parts meet and where shading is steep, (n, 1, h, w)."""
    return torch.as_tensor(edges(pictures, labels))[:, None]


def ask_parts(pictures: np.ndarray, labels: np.ndarray) -> Tensor:
    """Which part each pixel shows, (n, 10, h, w)."""
    return one_hot_parts(labels)


def ask_painting(pictures: np.ndarray, labels: np.ndarray) -> Tensor:
    """The parts, and before them a channel with the one tone of each part: (n, 11, h, w)."""
    tones = to_data(torch.as_tensor(repaint(pictures, labels)))
    return torch.cat([tones[:, None], one_hot_parts(labels)], dim=1)


#: Kind of question -> what asks it of pictures (n, h, w) in [0, 1] and their labels.
QUESTIONS: dict[str, Callable[[np.ndarray, np.ndarray], Tensor]] = {
    "drawing": ask_drawing, "parts": ask_parts, "painting": ask_painting,
}  # fmt: skip


def pairs(faces: Dataset, kind: str = "painting") -> tuple[Tensor, Tensor]:
    """Questions c and answers x of a data set with labels."""
    return _ask(faces.x, faces.extras["labels"], kind), to_data(torch.as_tensor(faces.x))


def new_pairs(factors: Factors, kind: str = "painting") -> tuple[Tensor, Tensor, np.ndarray]:
    """Questions, answers and label maps of faces that the renderer draws now."""
    pictures, labels = render_labelled(factors)
    return _ask(pictures, labels, kind), to_data(torch.as_tensor(pictures)), labels


def _ask(pictures: np.ndarray, labels: np.ndarray, kind: str) -> Tensor:
    if kind not in QUESTIONS:
        raise ValueError(f"questions are {tuple(QUESTIONS)}, got {kind!r}")
    return QUESTIONS[kind](pictures, labels)


def labels_of(c: Tensor) -> np.ndarray:
    """The label maps (n, h, w) in questions of kind "parts" or "painting"."""
    if c.shape[1] < len(PARTS):
        raise ValueError(f"a drawing says nothing of parts: {c.shape[1]} channel")
    return c[:, -len(PARTS) :].argmax(1).numpy().astype(np.uint8)


def tones_of(c: Tensor) -> np.ndarray:
    """The flat paint (n, h, w) in [0, 1] in questions of kind "painting"."""
    if c.shape[1] != len(PARTS) + 1:
        raise ValueError(f"only a painting has tones, and 11 channels; got {c.shape[1]}")
    return (c[:, 0].numpy() + 1) / 2


def coloured(labels: np.ndarray) -> np.ndarray:
    """Label maps (n, h, w) as coloured pictures (n, h, w, 3)."""
    return COLOURS[np.asarray(labels)]


def tone_error(pictures: np.ndarray, c: Tensor) -> float:
    """How far the mean tone of a part is from the tone asked for: root mean square over pixels.

    In grey values; `pictures` are (n, h, w) in [0, 1], `c` paintings.
    """
    given = repaint(pictures, labels_of(c))
    return float(np.sqrt(np.mean((given - tones_of(c)) ** 2)))


# ------------------------------------------------------------------ many faces, one question


def same_drawing(person: Factors, n: int, rng: np.random.Generator) -> Factors:
    """`n` faces with the map of parts of one: light and tones are drawn again, nothing else."""
    from lib.datasets.faces import sample_factors

    fresh = sample_factors(n, rng)
    free = ("light_azimuth", "light_elevation", "background", "skin", "hair_tone", "clothes")
    repeated = {name: np.repeat(values[:1], n) for name, values in person.items()}
    return with_factors(repeated, **{name: fresh[name] for name in free})


def variations(choices: Mapping[str, Sequence[float]], **fixed: float) -> tuple[Factors, list]:
    """One person in every combination of the choices, and the combinations in the same order."""
    settings = list(product(*choices.values()))
    columns = dict(zip(choices, np.array(settings, float).T, strict=True))
    return with_factors(one_person(len(settings)), **columns, **fixed), settings


def style(name: str) -> int:
    """Number of a hair style, such as "bob"."""
    if name not in HAIR_STYLES:
        raise ValueError(f"hair styles are {HAIR_STYLES}, got {name!r}")
    return HAIR_STYLES.index(name)


def some_person(factors: Factors, row: int) -> Factors:
    """The factors of one face, still as arrays (1,)."""
    return take(factors, np.array([row]))
