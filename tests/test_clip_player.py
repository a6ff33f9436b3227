"""Clips for the page: the file plays what was put in, and says it in words."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from lib.clip_player import play_clips, side_by_side, webp_clip


def clips(n: int = 3, frames: int = 4, side: int = 6) -> np.ndarray:
    return np.random.default_rng(0).random((n, frames, side, side))


def test_side_by_side_keeps_every_pixel_in_its_place():
    x = clips(5, 4, 6)
    grid = side_by_side(x, 3)
    assert grid.shape == (4, 12, 18)
    for k in range(5):
        row, column = divmod(k, 3)
        part = grid[:, 6 * row : 6 * row + 6, 6 * column : 6 * column + 6]
        assert np.array_equal(part, x[k])
    assert np.all(grid[:, 6:, 12:] == 1)


def test_file_holds_the_frames_without_loss_and_repeats_for_ever():
    x = clips()[0]
    picture = Image.open(io.BytesIO(webp_clip(x, per_second=10)))
    assert picture.n_frames == len(x)
    assert picture.info["loop"] == 0
    for k, frame in enumerate(x):
        picture.seek(k)
        picture.load()
        assert picture.info["duration"] == 100
        shown = np.asarray(picture.convert("L"))
        assert np.array_equal(shown, np.rint(255 * frame).astype(np.uint8))


def test_page_needs_no_script_and_respects_readers_who_want_no_motion():
    html = play_clips(clips(), "Heads <that> turn", columns=2, zoom=3).data
    assert 'width="36"' in html
    assert "<script" not in html
    assert 'alt="Heads &lt;that&gt; turn"' in html
    still, moving = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", html)
    assert "prefers-reduced-motion: reduce" in html.split(still)[0]
    frames = [Image.open(io.BytesIO(base64.b64decode(part))) for part in (still, moving)]
    assert [getattr(f, "n_frames", 1) for f in frames] == [1, 4]
    assert [f.size for f in frames] == [(4 * 6, 6), (2 * 6, 2 * 6)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: webp_clip(np.zeros((3, 4))), "one clip is an array"),
        (lambda: webp_clip(clips()[0] + 0.5), "must lie in"),
        (lambda: webp_clip(np.full((2, 4, 4), np.nan)), "must lie in"),
        (lambda: play_clips(clips(), "none", zoom=0), "zoom"),
        (lambda: webp_clip(clips()[0], per_second=0), "per_second"),
        (lambda: webp_clip(clips(1, 12, 200)[0]), "kB"),
        (lambda: side_by_side(clips()[0], 2), "clips must be"),
        (lambda: side_by_side(clips(), 0), "column"),
    ],
)
def test_what_is_no_clip_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
