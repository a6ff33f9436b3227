"""Tones: their pitch, partials and noise measured in the wave."""

import numpy as np
import pytest
from scipy import stats

from lib.beyond_data import strongest_pitch
from lib.tones import (
    FRERE_JACQUES,
    NOISE,
    PEAK,
    RATE,
    SCALE,
    buzz,
    conditions,
    join,
    noise_bits,
    pure,
)


def test_pitch_is_the_one_asked_for(rng):
    waves = buzz(SCALE, 4000, rng)
    np.testing.assert_allclose(strongest_pitch(waves, RATE), SCALE, atol=0.05)


def test_partials_fall_evenly_and_none_folds_back(rng):
    """Strengths of partials, by projection on sines: exp(-k / b); below 1,800 Hz everything."""
    hz, t = 200.0, np.arange(4000) / RATE
    midi = 69 + 12 * np.log2(hz / 440)
    wave = buzz([midi], 4000, rng)[0]
    size = np.array([abs(np.exp(-2j * np.pi * k * hz * t) @ wave) / 2000 for k in range(1, 9)])
    fall = -1 / np.diff(np.log(size[:5]))
    assert 3 * 0.9 < fall.min() <= fall.max() < 6 * 1.1
    np.testing.assert_allclose(fall, fall.mean(), rtol=0.1)
    spectrum = np.abs(np.fft.rfft(wave)) / 2000
    assert spectrum[1801:].max() < 5 * NOISE / np.sqrt(2000)


def test_noise_and_height_are_as_stated(rng):
    wave = buzz([SCALE[3]] * 3, 40_000, rng)
    spectrum = np.fft.rfft(wave)
    silent = spectrum[:, int(0.46 * 40_000) : -1]
    np.testing.assert_allclose(np.sqrt(np.mean(np.abs(silent) ** 2) / 40_000), NOISE, rtol=0.05)
    assert np.abs(np.quantile(wave, 0.999, axis=1) - PEAK).max() < 0.12


def test_noise_bits_are_the_entropy_of_drawn_levels(rng):
    wave, edges = pure([SCALE[0]], 30, rng)[0], np.array([-0.2, -0.11, -0.1, 0.05, 0.3])
    noisy = wave + NOISE * rng.standard_normal((100_000, 30))
    levels = np.searchsorted(edges, noisy)
    share = np.stack([(levels == k).mean(axis=0) for k in range(6)])
    entropy = stats.entropy(share, base=2).mean()
    assert noise_bits(wave, edges) == pytest.approx(entropy, abs=0.003)
    assert noise_bits(np.array([0.5]), np.array([0.5])) == pytest.approx(1)


def test_beginnings_differ(rng):
    waves = buzz([SCALE[0]] * 200, 40, rng)
    assert len({int(k) for k in waves[:, :20].argmax(1)}) >= 18


def test_conditions_name_the_note():
    c = conditions([SCALE[2], SCALE[0]])
    assert c.dtype == np.float32
    np.testing.assert_array_equal(c.argmax(1), [2, 0])
    np.testing.assert_array_equal(c.sum(1), 1)
    with pytest.raises(ValueError, match=r"\[58\]"):
        conditions([58, 60])


def test_tune_lies_in_the_scale():
    assert max(FRERE_JACQUES) < len(SCALE)


def test_joined_tones_begin_and_end_softly():
    wave = join(np.ones((2, 400)), fade=0.02)
    assert wave.shape == (800,)
    np.testing.assert_allclose(wave[[0, 399, 400, 799]], 0.5 / 80)
    np.testing.assert_array_equal(wave[80:320], 1)
    assert np.abs(np.diff(wave)).max() <= 1 / 80 + 1e-12


def test_too_high_a_tone_is_refused(rng):
    with pytest.raises(ValueError, match="1800 Hz"):
        buzz([100], 10, rng)
