"""Notes: pitch, partials, envelope and vibrato measured in the sound itself."""

import time

import numpy as np
import pytest

from lib.datasets import load, notes
from lib.datasets.notes import NAMES, PEAK, RATE, SAMPLES, TIMBRES, envelope, hz_of, synthesise

T = np.arange(SAMPLES) / RATE
PITCHES = range(notes.LOWEST_NOTE, notes.HIGHEST_NOTE + 1)


@pytest.fixture(scope="module")
def data():
    return load("notes", n=600)


def spectrum(x):
    """Frequencies in Hz and magnitudes, under a Hann window, one value for each 1/8 Hz."""
    return np.arange(4 * RATE + 1) / 8, np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * RATE))


def lowest_peak(x):
    """Frequency of the lowest peak at least a quarter as high as the highest."""
    hz, size = spectrum(x)
    peak = (size[1:-1] > size[:-2]) & (size[1:-1] > size[2:]) & (size[1:-1] > size.max() / 4)
    return hz[1:-1][peak][0]


def around(x, hz, width):
    """The analytic signal (amplitude and phase) of what lies within `width` of `hz`."""
    z, f = np.fft.fft(x), np.fft.fftfreq(len(x), 1 / RATE)
    return np.fft.ifft(np.where(np.abs(f - hz) < width, 2 * z, 0))


def test_the_pitches_are_those_of_the_tempered_scale():
    assert hz_of(69) == 440
    assert hz_of(60) == pytest.approx(261.6256, abs=1e-4)
    np.testing.assert_allclose(hz_of(np.arange(1, 90)) / hz_of(np.arange(89)), 2 ** (1 / 12))


@pytest.mark.parametrize("timbre", NAMES)
def test_the_spectrum_shows_the_pitch_over_the_whole_range(timbre):
    for midi in PITCHES:
        found = lowest_peak(synthesise(timbre, hz_of(midi)))
        assert abs(1200 * np.log2(found / hz_of(midi))) < 15  # cents


@pytest.mark.parametrize("timbre", [name for name in NAMES if name != "bell"])
def test_the_wave_repeats_with_its_period_and_not_before(timbre):
    for midi in PITCHES:
        x = synthesise(timbre, hz_of(midi), sustain=1.0)
        power = np.abs(np.fft.rfft(x, 2 * SAMPLES)) ** 2
        shifted = np.fft.irfft(power)[: SAMPLES // 2]
        period = RATE / hz_of(midi)
        first, end = int(0.6 * period), int(1.5 * period)
        assert abs(first + shifted[first:end].argmax() - period) < 1
        before = slice(int(np.ceil(period / 3)), int(0.75 * period))
        assert shifted[before].max() < 0.85 * shifted[round(period)]


@pytest.mark.parametrize("timbre", NAMES)
def test_nothing_sounds_but_the_partials(timbre):
    """Folded partials would lie elsewhere: try the highest notes."""
    for midi in PITCHES[-12:]:
        hz, size = spectrum(synthesise(timbre, hz_of(midi), attack=0.04, release=0.1))
        partials = np.array(TIMBRES[timbre].ratios) * hz_of(midi)
        far = np.abs(hz[:, None] - partials).min(axis=1) > 60
        assert (size[far] ** 2).sum() < 1e-3 * (size**2).sum()
        assert size[hz > notes.HIGHEST + 60].max() < 1e-3 * size.max()


def test_notes_begin_and_end_in_silence_and_never_clip(data):
    assert data.x.dtype == np.float32
    np.testing.assert_allclose(np.abs(data.x).max(axis=1), PEAK, atol=1e-6)
    np.testing.assert_allclose(data.x[:, [0, -1]], 0, atol=1e-6)
    assert np.abs(data.x[:, :4]).max() < 0.35 * PEAK


def test_envelope_by_hand():
    e = envelope(T, attack=0.1, decay=0.05, sustain=0.4, release=0.1)
    np.testing.assert_allclose(np.interp([0, 0.05, 0.1], T, e), [0, 0.5, 1], atol=1e-3)
    assert np.interp(0.15, T, e) == pytest.approx(0.4 + 0.6 / np.e, abs=1e-3)
    assert np.interp(T[-1] - 0.05, T, e) == pytest.approx(0.2, abs=5e-3)
    assert e[-1] == 0


@pytest.mark.parametrize("timbre", ["flute", "clarinet", "organ"])
def test_the_fundamental_follows_the_envelope(timbre):
    given = {"attack": 0.08, "decay": 0.06, "sustain": 0.5, "release": 0.12}
    loud = np.abs(around(synthesise(timbre, 440.0, **given), 440.0, 110))
    want = envelope(T, **given)
    inner = slice(100, -100)
    scale = (loud @ want) / (want @ want)
    np.testing.assert_allclose(loud[inner], scale * want[inner], atol=0.05 * loud.max())


def test_partials_of_struck_notes_die_at_their_own_rates():
    x = synthesise("string", 200.0, attack=0.005, decay=0.3, sustain=0.0)
    for k in (1, 3):
        early, late = np.interp([0.1, 0.3], T, np.abs(around(x, k * 200.0, 90)))
        assert np.log(early / late) / 0.2 == pytest.approx(1 / 0.3 + 2.5 * k, rel=0.05)


def test_vibrato_swings_the_pitch():
    x = synthesise("flute", 500.0, vibrato=30, vibrato_rate=6)
    hz = np.diff(np.unwrap(np.angle(around(x, 500.0, 125)))) * RATE / (2 * np.pi)
    want = 30 * np.sin(2 * np.pi * 6 * (T[:-1] + 0.5 / RATE))
    inner = slice(400, -600)
    np.testing.assert_allclose(1200 * np.log2(hz / 500)[inner], want[inner], atol=2)


def partial_strengths(x, hz):
    """How loud multiples 2, 2.756 and 3 of the pitch are, and the second third of the note."""
    f, size = spectrum(x)
    at = [size[np.abs(f - ratio * hz) < 12].max() for ratio in (1, 2, 2.756, 3)]
    thirds = [np.linalg.norm(part) for part in np.array_split(x, 3)]
    return np.array([*(at[1:] / np.array(at[0])), thirds[1] / thirds[0]])


def test_instruments_can_be_told_apart(data):
    """Nearest neighbour on four numbers measured from the sound."""
    known = [partial_strengths(*pair) for pair in zip(data.x, data.factors["hz"], strict=True)]
    measured = np.log10(np.clip(known, 1e-3, None))
    train, test = measured[~data.held_out], measured[data.held_out]
    nearest = ((test[:, None] - train) ** 2).sum(-1).argmin(1)
    assert (data.train.y[nearest] == data.test.y).mean() > 0.95


def test_the_set_is_as_promised(data):
    assert data.x.shape == (600, SAMPLES)
    assert data.extras["spectrogram"].shape == (600, 128, 32)
    assert data.extras["spectrogram"].dtype == np.float32
    assert data.extras["spectrogram"].min() >= 0
    assert 0.8 < data.extras["spectrogram"].max() <= 1
    assert data.held_out.sum() == 60
    assert set(data.y) == set(range(len(NAMES)))
    assert set(data.factors["midi"]) == set(PITCHES)
    swings = np.array([TIMBRES[NAMES[k]].vibrato for k in data.y])
    assert not data.factors["vibrato"][~swings].any()


def test_factors_make_the_notes_and_seeds_repeat(data):
    again = load("notes", n=600)
    np.testing.assert_array_equal(again.x, data.x)
    some = {name: values[:5] for name, values in data.factors.items()}
    np.testing.assert_array_equal(notes.play_factors(some), data.x[:5])
    assert (load("notes", n=50, seed=1).factors["midi"] != data.factors["midi"][:50]).any()


def test_a_spectrogram_becomes_sound_with_the_same_spectrogram(data):
    some = data.subset(slice(30))
    x = notes.to_waveform(some.extras["spectrogram"], np.random.default_rng(0))
    assert x.shape == some.x.shape
    assert np.abs(x).max() <= 1
    again = notes.to_spectrogram(x)
    heard = some.extras["spectrogram"] > 0.5  # the upper 40 dB
    error = np.abs(again - some.extras["spectrogram"])[heard].mean()
    assert error < 0.025  # 2 dB
    plain = some.factors["vibrato"] == 0
    for wave, hz in zip(x[plain], some.factors["hz"][plain], strict=True):
        assert abs(1200 * np.log2(lowest_peak(wave) / hz)) < 50  # half a semitone


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        load("notes", n=0)
    for hz, vibrato in ((5000, 0), (3790, 30), (440, -30), (0, 0), (np.nan, 0)):
        with pytest.raises(ValueError, match=rf"\(0, 3800\) Hz, got {hz} Hz .* {vibrato} cents"):
            synthesise("flute", hz, vibrato=vibrato)
    for timbre in ("piano", 5, -1):
        with pytest.raises(ValueError, match=f"no instrument {timbre!r}; there are flute, "):
            synthesise(timbre, 440)


@pytest.mark.parametrize(
    "wrong", [{"attack": 0}, {"decay": -1}, {"release": np.nan}, {"sustain": 2}]
)
def test_impossible_envelopes(wrong):
    with pytest.raises(ValueError, match=r"must be above 0, sustain in \[0, 1\], got"):
        synthesise("flute", 440, **wrong)


def test_no_notes():
    factors = notes.draw_factors(0, np.random.default_rng(0))
    assert notes.play_factors(factors).shape == (0, SAMPLES)


def test_a_thousand_notes_take_a_few_seconds():
    times = []
    for seed in range(3):
        start = time.perf_counter()
        load("notes", n=200, seed=seed)
        times.append(time.perf_counter() - start)
    assert 5 * min(times) < 4  # 0.8 s on a quiet machine
