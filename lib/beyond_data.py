"""Data that are no pictures, with what made them known, and the rulers that fit them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from lib.datasets import load
from lib.datasets.heads import HAIR, draw_factors, landmarks, make_heads
from lib.digit_features import classify_digits
from lib.mesh_render import rotation
from lib.pca import PCA, fit_pca

FRAMES = 12
SWING = (15.0, 33.0)  # degrees to each side


class TurnedHeads(NamedTuple):
    """Heads (n, v, 3) in mm as scanned, their albedo (n, v), and how far each is turned."""

    x: np.ndarray
    albedo: np.ndarray
    yaw: np.ndarray


def turned_heads(n: int, rng: np.random.Generator, most: float = 60.0) -> TurnedHeads:
    """`n` heads with short hair, each turned about the vertical axis by up to `most` degrees."""
    factors = draw_factors(n, rng)
    for name in HAIR[:2]:  # hairline and length: the same for all
        factors[name] = np.zeros(n)
    x, albedo = make_heads(factors)
    yaw = rng.uniform(-most, most, n)
    turns = np.array([rotation(angle, 0) for angle in yaw], np.float32)
    return TurnedHeads(x @ turns.transpose(0, 2, 1), albedo, yaw)


def jaw_width(heads: np.ndarray) -> np.ndarray:
    """Distance of the two corners of the jaw, (n,) in mm: turning a head does not change it."""
    marks = landmarks()
    return np.linalg.norm(heads[:, marks["right jaw"]] - heads[:, marks["left jaw"]], axis=1)


class Clips(NamedTuple):
    """Clips (n, 12, 32, 32) of one person, with yaw (n, 12) in degrees and smile (n, 12)."""

    x: np.ndarray
    yaw: np.ndarray
    smile: np.ndarray


def turning_clips(n: int, rng: np.random.Generator) -> Clips:
    """`n` clips, each a closed path through the pictures of `one_face`: the nearest ones to it.

    The head turns to one side and the other, by 15 to 33 degrees; the smile comes and goes.
    """
    face = load("one_face")
    yaw, smile = face.factors["yaw"], face.factors["smile"]
    middle, spread = smile.mean(), np.ptp(smile)
    phase = 2 * np.pi * (np.arange(FRAMES) / FRAMES + rng.random((n, 1)))
    turn = rng.uniform(*SWING, (n, 1)) * np.cos(phase)
    later = phase + rng.uniform(0, 2 * np.pi, (n, 1))
    grin = middle + rng.uniform(0.2, 0.45, (n, 1)) * spread * np.sin(later)
    tree = cKDTree(np.column_stack([yaw / np.ptp(yaw), smile / spread]))
    path = np.stack([turn / np.ptp(yaw), grin / spread], axis=-1)
    index = tree.query(path)[1]
    return Clips(face.x[index], yaw[index], smile[index])


class YawReader:
    """Reads from a picture how far the head is turned: least squares on its first PCA scores."""

    def __init__(self, components: int = 30):
        face = load("one_face")
        self.pca: PCA = fit_pca(face.x.reshape(len(face.x), -1).astype(float), components)
        self.weights = np.linalg.lstsq(self._terms(face.x), face.factors["yaw"], rcond=None)[0]

    def _terms(self, pictures: np.ndarray) -> np.ndarray:
        z = self.pca.encode(np.asarray(pictures, dtype=float).reshape(-1, 32 * 32))
        return np.column_stack([z, z**2, np.ones(len(z))])

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Degrees for pictures (..., 32, 32), shape (...)."""
        return (self._terms(pictures) @ self.weights).reshape(np.shape(pictures)[:-2])


def swing(yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Swings of yaw (n, frames) once per clip: amplitude in degrees, share of the variance."""
    power = np.abs(np.fft.fft(yaw - yaw.mean(axis=1, keepdims=True), axis=1)) ** 2
    share = 2 * power[:, 1] / power.sum(axis=1)
    return 2 * np.sqrt(power[:, 1]) / yaw.shape[1], share


def roughness(clips: np.ndarray, rng: np.random.Generator) -> float:
    """Mean squared step from frame to frame, over that of the same frames in random order."""
    clips = np.asarray(clips, dtype=float)
    mixed = np.stack([clip[rng.permutation(len(clip))] for clip in clips])
    before, after = (np.mean((np.roll(c, -1, axis=1) - c) ** 2) for c in (mixed, clips))
    return float(after / before)


def strongest_pitch(waveforms: np.ndarray, rate: int = 8000) -> np.ndarray:
    """MIDI number, not rounded, of the strongest frequency above 60 Hz of waveforms (..., samples).

    For the book's five instruments this is the fundamental: the pitch that was played.
    """
    size = 2**15  # a bin is 0.24 Hz wide
    tapered = np.asarray(waveforms, dtype=float) * np.hanning(np.shape(waveforms)[-1])
    spectrum = np.abs(np.fft.rfft(tapered, n=size))
    lowest = int(np.ceil(60 * size / rate))
    hz = (lowest + spectrum[..., lowest:].argmax(axis=-1)) * rate / size
    return 69 + 12 * np.log2(hz / 440)


def same_class(groups: np.ndarray) -> tuple[float, float]:
    """How often two digits of one group have one class, and two of all: groups (g, n, 8, 8).

    The classes are those of `lib.digit_features`.
    """
    g, n = groups.shape[:2]
    label = classify_digits(groups.reshape(g * n, 8, 8)).reshape(g, n)
    counts = np.array([np.bincount(row, minlength=10) for row in label])
    within = np.sum(counts * (counts - 1)) / (g * n * (n - 1))
    return float(within), float(np.sum((counts.sum(axis=0) / label.size) ** 2))
