"""Sound as a picture and back: short-time Fourier transform, its inverse, and lost phases.

A frame is `window` samples under a Hann window; frames are `hop` samples apart, the first one
centred on the first sample. Arrays are (..., samples) and (..., window / 2 + 1, frames).
"""

from __future__ import annotations

import numpy as np

RANGE_DB = 80.0  # levels reach from 0 (80 dB below a full-scale sine, or less) to 1


def hann(window: int) -> np.ndarray:
    """The periodic Hann window, (1 - cos(2 pi n / window)) / 2."""
    if window < 2 or window % 2:
        raise ValueError(f"a window needs an even number of samples, 2 or more, not {window}")
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)


def _starts(samples: int, window: int, hop: int) -> np.ndarray:
    """First sample of each frame in the signal padded by half a window on the left."""
    if not 0 < hop <= window // 2:
        raise ValueError(
            f"a hop of 1 to {window // 2} samples fits a window of {window}, not {hop}"
        )
    return hop * np.arange(1 - (-samples // hop))


def stft(x: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Spectra of the frames of `x`: complex (..., window / 2 + 1, frames).

    There are 1 + ceil(samples / hop) frames; beyond the ends of `x` is silence.
    """
    x = np.asarray(x, float)
    starts = _starts(x.shape[-1], window, hop)
    right = starts[-1] + window // 2 - x.shape[-1]
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(window // 2, right)])
    frames = padded[..., starts[:, None] + np.arange(window)] * hann(window)
    return np.fft.rfft(frames, axis=-1).swapaxes(-1, -2)


def istft(z: np.ndarray, window: int, hop: int, samples: int) -> np.ndarray:
    """The signal (..., samples) whose spectra are nearest to `z` in squared distance.

    Frames are weighted by the window again and added where they overlap (Griffin and Lim, 1984).
    """
    z, starts, w = np.asarray(z), _starts(samples, window, hop), hann(window)
    bins, count = window // 2 + 1, len(starts)
    if z.shape[-2:] != (bins, count):
        raise ValueError(f"{samples} samples have spectra (..., {bins}, {count}), got {z.shape}")
    frames = np.fft.irfft(z.swapaxes(-1, -2), n=window, axis=-1) * w
    total = np.zeros((*z.shape[:-2], starts[-1] + window))
    weight = np.zeros(starts[-1] + window)
    for k, start in enumerate(starts):
        total[..., start : start + window] += frames[..., k, :]
        weight[start : start + window] += w**2
    kept = slice(window // 2, window // 2 + samples)
    return total[..., kept] / weight[kept]


def griffin_lim(
    magnitude: np.ndarray,
    window: int,
    hop: int,
    samples: int,
    *,
    rng: np.random.Generator,
    steps: int = 60,
    momentum: float = 0.99,
) -> np.ndarray:
    """A signal (..., samples) whose spectra have about the given magnitudes.

    The phases start at random. Each step makes the signal nearest to the spectra and takes the
    phases of its own spectra; with `momentum` 0 the distance never rises (Griffin and Lim, 1984),
    with momentum it falls faster (Perraudin, Balazs and Sondergaard, 2013).
    """
    magnitude = np.asarray(magnitude, float)
    if not (magnitude >= 0).all():
        raise ValueError("magnitudes must be 0 or more; levels go through from_levels first")
    guess = np.exp(2j * np.pi * rng.random(magnitude.shape))
    last = np.zeros_like(guess)
    for _ in range(steps):
        signal = istft(magnitude * _phase(guess), window, hop, samples)
        now = stft(signal, window, hop)
        guess, last = now + momentum * (now - last), now
    return istft(magnitude * _phase(guess), window, hop, samples)


def _phase(z: np.ndarray) -> np.ndarray:
    """z / |z|, and 1 where z is 0."""
    size = np.abs(z)
    return np.where(size > 0, z / np.where(size > 0, size, 1), 1)


def to_levels(z: np.ndarray, window: int) -> np.ndarray:
    """Spectra as levels in [0, 1]: linear in decibels, 1 for a sine of amplitude 1."""
    loudest = hann(window).sum() / 2
    decibels = 20 * np.log10(np.maximum(np.abs(z) / loudest, 1e-12))
    return np.clip(1 + decibels / RANGE_DB, 0, 1)


def from_levels(levels: np.ndarray, window: int) -> np.ndarray:
    """The magnitudes behind the levels; level 0 is silence."""
    loudest = hann(window).sum() / 2
    levels = np.asarray(levels, float)
    return np.where(levels <= 0, 0.0, loudest * 10 ** (RANGE_DB * (levels - 1) / 20))
