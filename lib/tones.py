"""Held tones with many partials, as a reed gives them: one sharp pulse in every period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special, stats

from lib.datasets.notes import hz_of

RATE = 4000  # samples a second
PEAK, NOISE = 0.8, 0.02  # height of a pulse, standard deviation of the noise
DARKEST, BRIGHTEST = 3.0, 6.0  # partial k has the strength exp(-k / brightness)
SCALE = (55, 57, 59, 60, 62, 64, 66, 67)  # G major from 196 to 392 Hz: 20 to 10 samples a period
FRERE_JACQUES = (0, 1, 2, 0, 0, 1, 2, 0, 2, 3, 4, 4, 2, 3, 4, 4)  # steps of the scale


def buzz(midi: Sequence[int], samples: int, rng: np.random.Generator) -> np.ndarray:
    """One tone for each MIDI number, and its noise: (n, samples), in [-1, 1].

    Where in the period it begins and how bright it is are random; partials of 1,800 Hz and more
    are left out.
    """
    wave = pure(midi, samples, rng)
    return np.clip(wave + NOISE * rng.standard_normal(wave.shape), -1, 1)


def pure(midi: Sequence[int], samples: int, rng: np.random.Generator) -> np.ndarray:
    """Tones as in `buzz`, without noise."""
    hz = hz_of(np.asarray(midi))[:, None]
    if not hz.size or hz.max() >= 0.45 * RATE:
        raise ValueError(f"tones below {0.45 * RATE:.0f} Hz are wanted, got MIDI numbers {midi}")
    n, bright = len(hz), rng.uniform(DARKEST, BRIGHTEST, (len(hz), 1))
    turns = hz * np.arange(samples) / RATE + rng.random((n, 1))
    wave, total = 0.0, 0.0
    for k in range(1, int(0.45 * RATE / hz.min()) + 1):
        strength = np.exp(-k / bright) * (k * hz < 0.45 * RATE)
        wave, total = wave + strength * np.cos(2 * np.pi * k * turns), total + strength
    return PEAK * wave / total


def noise_bits(wave: np.ndarray, edges: np.ndarray) -> float:
    """Bits per sample that the noise alone costs once `wave` without noise is known.

    Levels are separated by the `edges`, rising numbers; nobody can predict a tone at fewer bits.
    """
    inner = stats.norm.cdf((edges - wave[..., None]) / NOISE)
    ends = np.zeros_like(inner[..., :1])
    share = np.diff(np.concatenate([ends, inner, ends + 1], axis=-1), axis=-1)
    return float(special.entr(share).sum(axis=-1).mean() / np.log(2))


def conditions(midi: Sequence[int]) -> np.ndarray:
    """Which note of SCALE, one-hot: float32 (n, 8)."""
    if not set(midi) <= set(SCALE):
        raise ValueError(f"notes come from the scale {SCALE}, got {sorted(set(midi) - set(SCALE))}")
    return (np.asarray(midi)[:, None] == SCALE).astype(np.float32)


def join(waves: np.ndarray, fade: float = 0.02) -> np.ndarray:
    """Tones (n, samples) one after the other; each fades in and out over `fade` seconds."""
    steps = np.arange(waves.shape[1]) + 0.5
    ramp = np.minimum(np.minimum(steps, steps[::-1]) / (fade * RATE), 1)
    return (ramp * waves).ravel()
