"""Short-time spectra: exact inverse, scipy as a peer, least squares, and Griffin and Lim."""

import numpy as np
import pytest
from scipy import signal

from lib.spectrogram import from_levels, griffin_lim, hann, istft, stft, to_levels

SIZES = [(64, 16), (64, 32), (256, 128), (30, 7)]


@pytest.mark.parametrize("window", [2, 10, 256])
def test_window_equals_scipys(window):
    np.testing.assert_allclose(hann(window), signal.get_window("hann", window), atol=1e-15)


@pytest.mark.parametrize(("window", "hop"), SIZES)
@pytest.mark.parametrize("samples", [300, 333, 512])
def test_spectra_are_those_of_scipy(rng, window, hop, samples):
    x = rng.normal(size=(2, samples))
    _, _, want = signal.stft(x, nperseg=window, noverlap=window - hop, window="hann")
    np.testing.assert_allclose(stft(x, window, hop), want * hann(window).sum(), atol=1e-12)


@pytest.mark.parametrize(("window", "hop"), SIZES)
@pytest.mark.parametrize("samples", [1, 50, 200, 333, 512])
def test_the_inverse_gives_the_signal_back(rng, window, hop, samples):
    x = rng.normal(size=(3, 2, samples))
    z = stft(x, window, hop)
    assert z.shape == (3, 2, window // 2 + 1, 1 + -(-samples // hop))
    np.testing.assert_allclose(istft(z, window, hop, samples), x, atol=1e-10)


def two_sided(window):
    """How often each frequency of a real signal occurs in the full spectrum."""
    counts = np.full(window // 2 + 1, 2.0)
    counts[[0, -1]] = 1
    return counts[:, None]


def test_parseval(rng):
    """Energy of all frames = energy of the signal times the sum of the squared windows, 3/2."""
    x, window, hop = rng.normal(size=500), 64, 16
    x[:48] = x[-48:] = 0  # fewer windows lie over the ends
    spectral = (two_sided(window) * np.abs(stft(x, window, hop)) ** 2).sum() / window
    assert spectral == pytest.approx(1.5 * (x**2).sum(), rel=1e-12)


@pytest.mark.parametrize("frequency", [500.0, 1000.0, 3000.0])
def test_a_sine_peaks_in_its_bin_with_level_one(frequency):
    rate, window = 8000, 256
    x = np.sin(2 * np.pi * frequency * np.arange(4000) / rate)
    levels = to_levels(stft(x, window, 128), window)[:, 2:-2]
    assert (levels.argmax(axis=0) == round(frequency * window / rate)).all()
    np.testing.assert_allclose(levels.max(axis=0), 1, atol=1e-9)


def test_the_inverse_is_the_nearest_signal(rng):
    """For spectra of no signal: ordinary least squares over all samples."""
    window, hop, samples = 8, 2, 13
    z = rng.normal(size=(5, 8)) + 1j * rng.normal(size=(5, 8))
    z[[0, -1]] = z[[0, -1]].real  # the ends of a real signal's spectrum are real
    weight = np.sqrt(two_sided(window))
    columns = [(weight * stft(unit, window, hop)).ravel() for unit in np.eye(samples)]
    matrix, goal = np.array(columns).T, (weight * z).ravel()
    real = np.vstack([matrix.real, matrix.imag]), np.concatenate([goal.real, goal.imag])
    want = np.linalg.lstsq(*real, rcond=None)[0]
    np.testing.assert_allclose(istft(z, window, hop, samples), want, atol=1e-10)


def chord(samples=1200):
    t = np.arange(samples) / 8000
    return sum(np.sin(2 * np.pi * f * t) * np.exp(-9 * t) for f in (440, 660, 1870)) / 3


def distance(x, magnitude, window, hop):
    gap = np.abs(stft(x, window, hop)) - magnitude
    return np.sqrt((two_sided(window) * gap**2).sum())


def test_without_momentum_the_distance_never_rises():
    window, hop = 128, 32
    magnitude = np.abs(stft(chord(), window, hop))
    found = []
    for steps in range(0, 25, 2):
        x = griffin_lim(
            magnitude, window, hop, 1200, rng=np.random.default_rng(1), steps=steps, momentum=0
        )
        found.append(distance(x, magnitude, window, hop))
    assert (np.diff(found) < 1e-9).all()
    assert found[-1] < 0.5 * found[0]


@pytest.mark.parametrize("seed", range(5))
def test_phases_are_found_again(seed):
    window, hop = 128, 32
    magnitude = np.abs(stft(np.stack([chord(), chord()[::-1]]), window, hop))
    x = griffin_lim(magnitude, window, hop, 1200, rng=np.random.default_rng(seed), steps=100)
    for k in range(2):
        size = distance(np.zeros(1200), magnitude[k], window, hop)
        assert distance(x[k], magnitude[k], window, hop) < 0.15 * size


def test_levels_and_magnitudes_belong_together(rng):
    levels = rng.random((4, 5))
    np.testing.assert_allclose(to_levels(from_levels(levels, 64), 64), levels, atol=1e-12)
    np.testing.assert_array_equal(from_levels(np.zeros(3), 64), 0)
    steps = np.diff(to_levels(np.array([0.01, 0.1, 1.0]), 64))
    np.testing.assert_allclose(steps, 20 / 80, atol=1e-12)  # a factor of ten is 20 dB


def test_what_does_not_fit_is_refused(rng):
    with pytest.raises(ValueError, match="even number"):
        hann(7)
    with pytest.raises(ValueError, match="hop of 1 to 8"):
        stft(np.zeros(20), 16, 9)
    with pytest.raises(ValueError, match=r"20 samples have spectra \(..., 9, 6\), got \(9, 5\)"):
        istft(np.zeros((9, 5)), 16, 4, 20)
    for level in (-1.0, np.nan):
        with pytest.raises(ValueError, match="0 or more; levels go through from_levels"):
            griffin_lim(np.full((9, 6), level), 16, 4, 20, rng=rng)
    assert np.isnan(from_levels(np.nan, 16))
