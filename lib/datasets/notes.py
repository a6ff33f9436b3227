"""Half-second notes of five instruments, added up from sines, with everything known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lib import spectrogram
from lib.datasets.core import Dataset

RATE = 8000  # samples a second
WINDOW, HOP = 256, 128  # of the spectrogram, in samples
SAMPLES = 31 * HOP  # 0.496 s: 32 frames
HIGHEST = 0.95 * RATE / 2  # Hz; partials above are left out, so that none folds back
LOWEST_NOTE, HIGHEST_NOTE = 48, 84  # MIDI: C3 (131 Hz) to C6 (1047 Hz)
PEAK = 0.9
MOST_VIBRATO = 35.0  # cents


@dataclass(frozen=True)
class Timbre:
    """How an instrument sounds.

    Parameters
    ----------
    ratios, amplitudes : tuple
        Frequencies of the partials over the fundamental, and their strengths.
    attack, decay, sustain, release : tuple
        Least and most; sustain is a level in [0, 1], the others are seconds.
    damping : float
        A partial dies as exp(-damping * ratio * t), t in seconds.
    vibrato : bool
        Whether its pitch may swing.
    """

    ratios: tuple[float, ...]
    amplitudes: tuple[float, ...]
    attack: tuple[float, float]
    decay: tuple[float, float]
    sustain: tuple[float, float]
    release: tuple[float, float]
    damping: float = 0.0
    vibrato: bool = False


_ODD = tuple(range(1, 16, 2))
_ALL = tuple(range(1, 15))
_BLOWN = {"decay": (0.03, 0.10), "sustain": (0.6, 0.9), "release": (0.05, 0.12), "vibrato": True}
_STRUCK = {"attack": (0.004, 0.008), "sustain": (0.0, 0.0), "release": (0.02, 0.06)}
TIMBRES = {
    "flute": Timbre((1, 2, 3, 4), (1, 0.22, 0.08, 0.03), (0.04, 0.10), **_BLOWN),
    "clarinet": Timbre(_ODD, tuple(k**-1.1 for k in _ODD), (0.015, 0.05), **_BLOWN),
    "string": Timbre(
        _ALL, tuple(abs(np.sin(0.22 * np.pi * k)) / k for k in _ALL),
        decay=(0.15, 0.40), damping=2.5, **_STRUCK,
    ),
    "bell": Timbre((1, 2.756, 5.404), (1, 0.6, 0.4), decay=(0.20, 0.50), damping=1.5, **_STRUCK),
    "organ": Timbre(
        (1, 2, 3, 4, 6, 8), (1, 0.8, 0.5, 0.5, 0.3, 0.25),
        (0.008, 0.02), (0.05, 0.10), (0.9, 1.0), (0.02, 0.05), vibrato=True,
    ),
}  # fmt: skip
NAMES = tuple(TIMBRES)


def hz_of(midi: float | np.ndarray) -> np.ndarray:
    """Frequency in Hz of a MIDI note number; 69 is the a' of 440 Hz."""
    return 440 * 2 ** ((np.asarray(midi, float) - 69) / 12)


def envelope(
    t: np.ndarray, attack: float, decay: float, sustain: float, release: float
) -> np.ndarray:
    """Loudness over time `t` in seconds: up to 1, down to `sustain`, to 0 at the end.

    Up in a straight line for `attack` seconds, then an exponential of time constant `decay`; the
    last `release` seconds fade in a straight line.
    """
    if not (np.min([attack, decay, release]) > 0 and 0 <= sustain <= 1):
        got = f"{attack}, {decay}, {release} and {sustain}"
        raise ValueError(f"attack, decay, release must be above 0, sustain in [0, 1], got {got}")
    after = np.maximum(t - attack, 0)
    body = sustain + (1 - sustain) * np.exp(-after / decay)
    return np.minimum(t / attack, 1) * body * np.clip((t[-1] - t) / release, 0, 1)


def synthesise(
    timbre: str | int,
    hz: float,
    *,
    attack: float = 0.02,
    decay: float = 0.2,
    sustain: float = 0.5,
    release: float = 0.05,
    vibrato: float = 0.0,
    vibrato_rate: float = 5.5,
) -> np.ndarray:
    """One note: float64 (3968,), largest sample 0.9.

    Parameters
    ----------
    timbre : str or int
        Name of an instrument or its index in NAMES.
    hz : float
        Pitch; partials of 3,800 Hz and more are left out.
    attack, decay, sustain, release : float
        As in `envelope`.
    vibrato : float
        Swing of the pitch to each side in cents (hundredths of a semitone).
    vibrato_rate : float
        Swings a second.
    """
    kind, highest = _timbre(timbre), hz * 2 ** (vibrato / 1200)
    if not 0 < hz <= highest < HIGHEST:
        got = f"{hz} Hz with a vibrato of {vibrato} cents"
        raise ValueError(f"the pitch must lie and swing in (0, {HIGHEST:.0f}) Hz, got {got}")
    t = np.arange(SAMPLES) / RATE
    phase = 2 * np.pi * hz * t
    if vibrato:
        pitch = hz * 2 ** (vibrato / 1200 * np.sin(2 * np.pi * vibrato_rate * t))
        phase = 2 * np.pi * np.concatenate([[0], np.cumsum(pitch)[:-1]]) / RATE
    ratios, amplitudes = np.array(kind.ratios), np.array(kind.amplitudes)
    heard = ratios * highest < HIGHEST
    partials = np.sin(ratios[heard, None] * phase)
    if kind.damping:
        partials *= np.exp(-kind.damping * ratios[heard, None] * t)
    wave = amplitudes[heard] @ partials * envelope(t, attack, decay, sustain, release)
    return PEAK * wave / np.abs(wave).max()


def _timbre(timbre: str | int) -> Timbre:
    if timbre in range(len(NAMES)):
        return TIMBRES[NAMES[timbre]]
    if timbre not in NAMES:
        raise ValueError(
            f"no instrument {timbre!r}; there are {', '.join(NAMES)}, or their indices"
        )
    return TIMBRES[timbre]


def draw_factors(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random causes of `n` notes, each (n,): instrument, pitch, envelope and vibrato."""
    timbre = rng.integers(len(NAMES), size=n)
    midi = rng.integers(LOWEST_NOTE, HIGHEST_NOTE + 1, size=n)
    factors = {"timbre": timbre, "midi": midi, "hz": hz_of(midi)}
    for name in ("attack", "decay", "sustain", "release"):
        low, high = np.array([getattr(kind, name) for kind in TIMBRES.values()])[timbre].T
        factors[name] = rng.uniform(low, high)
    swings = np.array([kind.vibrato for kind in TIMBRES.values()])[timbre] & (rng.random(n) < 0.5)
    factors["vibrato"] = np.where(swings, rng.uniform(10, MOST_VIBRATO, n), 0.0)
    factors["vibrato_rate"] = rng.uniform(4.5, 6.5, n)
    return factors


def play_factors(factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The notes that the factors describe, float32 (n, 3968)."""
    rest = [name for name in factors if name != "midi"]
    notes = [
        synthesise(**dict(zip(rest, values, strict=True)))
        for values in zip(*(factors[name] for name in rest), strict=True)
    ]
    return np.array(notes, np.float32).reshape(-1, SAMPLES)


def to_spectrogram(waveforms: np.ndarray) -> np.ndarray:
    """Levels in [0, 1] of waveforms (..., 3968): float32 (..., 128, 32), low frequencies first.

    The last frequency, half the sample rate, holds nothing and is left out.
    """
    spectra = spectrogram.stft(waveforms, WINDOW, HOP)
    return spectrogram.to_levels(spectra, WINDOW)[..., :-1, :].astype(np.float32)


def to_waveform(levels: np.ndarray, rng: np.random.Generator, *, steps: int = 100) -> np.ndarray:
    """Spectrograms (..., 128, 32) as sound again: (..., 3968), in [-1, 1], by Griffin-Lim."""
    levels = np.asarray(levels, float)
    silent = np.zeros_like(levels[..., :1, :])
    magnitude = spectrogram.from_levels(np.concatenate([levels, silent], axis=-2), WINDOW)
    wave = spectrogram.griffin_lim(magnitude, WINDOW, HOP, SAMPLES, rng=rng, steps=steps)
    return wave / np.maximum(np.abs(wave).max(axis=-1, keepdims=True), 1)


def load_notes(n: int = 1000, *, seed: int = 0) -> Dataset:
    """`n` notes; the last tenth is held out.

    Returns
    -------
    Dataset
        x, waveforms, float32 (n, 3968), 8,000 samples a second; y, the instrument; factors timbre,
        midi, hz, attack, decay, sustain, release, vibrato (cents), vibrato_rate (Hz);
        extras["spectrogram"], float32 (n, 128, 32), levels in [0, 1]; shared rate, window, hop
        and names.
    """
    if n < 1:
        raise ValueError(f"ask for one note or more, not {n}")
    factors = draw_factors(n, np.random.default_rng(seed))
    x = play_factors(factors)
    return Dataset(
        "notes",
        x,
        y=factors["timbre"],
        factors=factors,
        extras={"spectrogram": to_spectrogram(x)},
        shared={"rate": RATE, "window": WINDOW, "hop": HOP, "names": {"timbre": NAMES}},
        held_out=np.arange(n) >= n - n // 10,
    )
