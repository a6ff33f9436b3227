"""Mistakes people make with sound, each caught by a check of the real code."""

import io
import wave

import numpy as np
from scipy import signal

from lib import sound, spectrogram
from lib.datasets import notes
from tests.mutation import Edit, Mutation

SPECTRUM, NOTES = "lib.spectrogram", "lib.datasets.notes"


def noise(samples: int = 400) -> np.ndarray:
    return np.random.default_rng(0).normal(size=samples)


def spectra_are_scipys() -> None:
    _, _, want = signal.stft(noise(), nperseg=64, noverlap=48)
    found = spectrogram.stft(noise(), 64, 16)
    assert found.shape == want.shape
    assert np.allclose(found / spectrogram.hann(64).sum(), want)


def the_inverse_is_exact() -> None:
    back = spectrogram.istft(spectrogram.stft(noise(), 64, 16), 64, 16, 400)
    assert np.allclose(back, noise(), atol=1e-10)


def the_inverse_is_the_nearest_signal() -> None:
    """Moving any sample of the inverse takes its spectra further away."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=(9, 6)) + 1j * rng.normal(size=(9, 6))
    counts = np.array([1.0, *[2.0] * 7, 1.0])[:, None]

    def distance(x: np.ndarray) -> float:
        return (counts * np.abs(spectrogram.stft(x, 16, 4) - z) ** 2).sum()

    best = spectrogram.istft(z, 16, 4, 20)
    for move in 1e-3 * np.eye(20):
        assert min(distance(best + move), distance(best - move)) > distance(best)


def a_sine_has_level_one() -> None:
    sine = np.sin(2 * np.pi * np.arange(800) / 8)
    levels = spectrogram.to_levels(spectrogram.stft(sine, 64, 32), 64)[:, 3:-3]
    assert np.allclose(levels.max(axis=0), 1)
    assert (levels.argmax(axis=0) == 8).all()


def levels_go_there_and_back() -> None:
    levels = np.linspace(0, 1, 9)
    assert np.allclose(spectrogram.to_levels(spectrogram.from_levels(levels, 64), 64), levels)


def phases_are_found() -> None:
    t = np.arange(1000) / 8000
    x = np.sin(2 * np.pi * 440 * t) * np.exp(-5 * t)
    want = np.abs(spectrogram.stft(x, 128, 32))
    rng = np.random.default_rng(2)
    made = spectrogram.griffin_lim(want, 128, 32, 1000, rng=rng, steps=80)
    got = np.abs(spectrogram.stft(made, 128, 32))
    assert np.linalg.norm(got - want) < 0.15 * np.linalg.norm(want)


def pitch_is_right() -> None:
    for midi in (48, 69, 84):
        size = np.abs(np.fft.rfft(notes.synthesise("flute", notes.hz_of(midi)), 32_000))
        assert abs(size.argmax() / 4 - 440 * 2 ** ((midi - 69) / 12)) < 1.5


def nothing_folds_back() -> None:
    x = notes.synthesise("clarinet", 1000.0)
    size = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8000))
    assert size[1900:2100].max() < 1e-3 * size.max()  # 9 and 7 times 1000 fold to 1000; 5 to 3000
    assert abs(size[3000] / size[1000] - 3**-1.1) < 0.02


def ends_are_silent() -> None:
    x = notes.load_notes(50).x
    assert np.abs(x[:, [0, -1]]).max() < 1e-6
    assert np.allclose(np.abs(x).max(axis=1), notes.PEAK, atol=1e-6)


def the_tone_holds_its_sustain() -> None:
    t = np.arange(4000) / 8000
    loud = notes.envelope(t, 0.02, 0.03, 0.6, 0.05)
    assert abs(loud[2400] - 0.6) < 1e-3
    assert abs(loud[160] - 1) < 0.01


def vibrato_is_as_wide_as_stated() -> None:
    x = notes.synthesise("flute", 500.0, vibrato=30, vibrato_rate=6)
    z, f = np.fft.fft(x), np.fft.fftfreq(len(x), 1 / 8000)
    phase = np.unwrap(np.angle(np.fft.ifft(np.where(np.abs(f - 500) < 200, 2 * z, 0))))
    cents = 1200 * np.log2(np.diff(phase) * 8000 / (2 * np.pi * 500))[400:-600]
    assert abs(cents.max() - 30) < 2
    assert abs(cents.min() + 30) < 2


def the_file_holds_the_wave() -> None:
    x = np.random.default_rng(3).uniform(-1, 1, 500)
    with wave.open(io.BytesIO(sound.wav_bytes(x, 8000))) as file:
        back = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert file.getframerate() == 8000
    assert len(back) == 500
    assert np.allclose(back / 32_767, x, atol=1e-4)


def labels_are_escaped() -> None:
    assert "<script>" not in sound.play(np.zeros(9), 8000, "<script>").data


MUTATIONS = [
    Mutation(
        "the first frame starts at the first sample",
        f"{SPECTRUM}.stft",
        Edit("(window // 2, right)", "(0, right + window // 2)"),
        spectra_are_scipys,
    ),
    Mutation(
        "the symmetric window",
        f"{SPECTRUM}.hann",
        Edit("np.arange(window) / window", "np.arange(window) / (window - 1)"),
        spectra_are_scipys,
    ),
    Mutation(
        "overlaps not divided by the squared windows",
        f"{SPECTRUM}.istft",
        Edit("+= w**2", "+= w"),
        the_inverse_is_exact,
    ),
    Mutation(
        "frames added without their window",
        f"{SPECTRUM}.istft",
        Edit("axis=-1) * w", "axis=-1) / (w.sum() / len(w)) * w**2 ** 0.5"),
        the_inverse_is_the_nearest_signal,
    ),
    Mutation(
        "power in place of amplitude",
        f"{SPECTRUM}.to_levels",
        Edit("20 * np.log10", "10 * np.log10"),
        levels_go_there_and_back,
    ),
    Mutation(
        "forgets that a sine has half its size at each frequency",
        f"{SPECTRUM}.to_levels",
        Edit("hann(window).sum() / 2", "hann(window).sum()"),
        a_sine_has_level_one,
    ),
    Mutation(
        "phases stay random",
        f"{SPECTRUM}.griffin_lim",
        Edit("now + momentum * (now - last), now", "guess, now"),
        phases_are_found,
    ),
    Mutation(
        "keeps the magnitudes it found",
        f"{SPECTRUM}.griffin_lim",
        Edit("signal = istft(magnitude * _phase(guess)", "signal = istft(guess"),
        phases_are_found,
    ),
    Mutation(
        "the a' one key too low",
        f"{NOTES}.hz_of",
        Edit("- 69", "- 68"),
        pitch_is_right,
    ),
    Mutation(
        "partials above half the sample rate",
        f"{NOTES}.synthesise",
        Edit("ratios * highest < HIGHEST", "ratios > 0"),
        nothing_folds_back,
    ),
    Mutation(
        "no release: the note is cut",
        f"{NOTES}.envelope",
        Edit(" * np.clip((t[-1] - t) / release, 0, 1)", ""),
        ends_are_silent,
    ),
    Mutation(
        "not normalised",
        f"{NOTES}.synthesise",
        Edit("PEAK * wave / np.abs(wave).max()", "PEAK * wave"),
        ends_are_silent,
    ),
    Mutation(
        "decays to nothing in place of the sustain",
        f"{NOTES}.envelope",
        Edit("sustain + (1 - sustain) * np.exp", "np.exp"),
        the_tone_holds_its_sustain,
    ),
    Mutation(
        "vibrato put into the phase at the pitch of the moment",
        f"{NOTES}.synthesise",
        Edit("np.concatenate([[0], np.cumsum(pitch)[:-1]]) / RATE", "pitch * t"),
        vibrato_is_as_wide_as_stated,
    ),
    Mutation(
        "big-endian samples",
        "lib.sound.wav_bytes",
        Edit('"<i2"', '">i2"'),
        the_file_holds_the_wave,
    ),
    Mutation(
        "label put into the page as it is",
        "lib.sound.play",
        Edit("<div>{escape(label)}</div>", "<div>{label}</div>"),
        labels_are_escaped,
    ),
]
