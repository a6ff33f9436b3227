"""Sounds to listen to, in a notebook and on the page, without a file or another host."""

from __future__ import annotations

import base64
import io
import wave
from html import escape

import numpy as np
from IPython.display import HTML

FULL_SCALE = 32_767  # the largest 16-bit sample


def wav_bytes(waveform: np.ndarray, rate: int) -> bytes:
    """A WAV file, 16 bits and one channel, of a waveform (samples,) in [-1, 1].

    Raises
    ------
    ValueError
        If the waveform is not one row of finite numbers in [-1, 1].
    """
    waveform = np.asarray(waveform, float)
    if waveform.ndim != 1 or not waveform.size:
        raise ValueError(f"one sound is an array (samples,), got {waveform.shape}")
    peak = np.abs(waveform).max()
    if not np.isfinite(peak):
        raise ValueError("samples must be finite numbers in [-1, 1], some are nan or infinite")
    if peak > 1:
        raise ValueError(f"samples must lie in [-1, 1], the largest is {peak:.3g}; divide by it")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(FULL_SCALE * waveform).astype("<i2").tobytes())
    return buffer.getvalue()


def play(waveform: np.ndarray, rate: int, label: str = "Sound") -> HTML:
    """A player for a waveform in [-1, 1], named by its label; the sound is part of the page."""
    sound = base64.b64encode(wav_bytes(waveform, rate)).decode()
    seconds = len(waveform) / rate
    named = f"{escape(label)}, {seconds:.1f} seconds"
    return HTML(
        f'<div class="sound"><div>{escape(label)}</div>'
        f'<audio controls preload="metadata" aria-label="{named}" '
        f'src="data:audio/wav;base64,{sound}"></audio></div>'
    )
