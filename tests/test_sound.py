"""Players: the WAV file decodes to the waveform, and the page needs no other host."""

import base64
import io
import re
import wave

import numpy as np
import pytest

from lib.sound import FULL_SCALE, play, wav_bytes


def decode(data):
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples / FULL_SCALE, file.getframerate()


def test_the_file_holds_the_waveform(rng):
    x = rng.uniform(-1, 1, 777)
    x[:2] = 1, -1
    back, rate = decode(wav_bytes(x, 8000))
    assert rate == 8000
    np.testing.assert_allclose(back, x, atol=0.5 / FULL_SCALE + 1e-12)


def test_the_player_carries_the_sound_and_its_name(rng):
    x = rng.uniform(-1, 1, 4000)
    html = play(x, 8000, "Flute & <bell>").data
    (data,) = re.findall(r'src="data:audio/wav;base64,([^"]+)"', html)
    np.testing.assert_allclose(decode(base64.b64decode(data))[0], x, atol=1e-4)
    assert 'aria-label="Flute &amp; &lt;bell&gt;, 0.5 seconds"' in html
    assert "<audio controls" in html
    assert "http" not in html.replace(data, "")
    assert len(html) < 12_000


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 3)), r"\(2, 3\)"),
        (np.zeros(0), r"\(0,\)"),
        (np.array([0.0, -2.5]), "largest is 2.5; divide"),
        (np.array([0.0, np.nan]), "some are nan or infinite"),
    ],
)
def test_what_is_no_sound_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        wav_bytes(x, 8000)
