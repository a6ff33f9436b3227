"""Short clips to watch, in a notebook and on the page: moving pictures that need no script."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from IPython.display import HTML
from PIL import Image

MAX_BYTES = 150_000  # a page must stay light


def side_by_side(clips: np.ndarray, columns: int) -> np.ndarray:
    """Clips (n, frames, h, w) as one clip (frames, rows * h, columns * w); white where none is."""
    clips = np.asarray(clips, dtype=float)
    if clips.ndim != 4 or not clips.size:
        raise ValueError(f"clips must be (n, frames, h, w), got shape {clips.shape}")
    if columns < 1:
        raise ValueError(f"a row needs at least one column, got {columns}")
    n, frames, h, w = clips.shape
    rows = -(-n // columns)
    full = np.ones((rows * columns, frames, h, w))
    full[:n] = clips
    grid = full.reshape(rows, columns, frames, h, w).transpose(2, 0, 3, 1, 4)
    return grid.reshape(frames, rows * h, columns * w)


def webp_clip(frames: np.ndarray, per_second: float = 8) -> bytes:
    """An endless animated WebP of frames (f, h, w) with values in [0, 1], without loss.

    Raises
    ------
    ValueError
        If the frames are no such array or the file would be larger than a page should carry.
    """
    frames = np.asarray(frames, dtype=float)
    _check(frames, per_second)
    levels = np.rint(255 * frames).astype(np.uint8)
    first, *others = [Image.fromarray(frame) for frame in levels]
    options = {"duration": round(1000 / per_second), "loop": 0, "lossless": True, "method": 4}
    buffer = io.BytesIO()
    first.save(buffer, "webp", save_all=True, append_images=others, **options)
    if buffer.tell() > MAX_BYTES:
        raise ValueError(
            f"the clip takes {buffer.tell() / 1000:.0f} kB, at most {MAX_BYTES // 1000} kB are "
            "allowed; show fewer clips or frames"
        )
    return buffer.getvalue()


def _check(frames: np.ndarray, per_second: float) -> None:
    if frames.ndim != 3 or not frames.size:
        raise ValueError(f"one clip is an array (frames, h, w), got shape {frames.shape}")
    if not (np.isfinite(frames).all() and frames.min() >= 0 and frames.max() <= 1):
        low, high = frames.min(), frames.max()
        raise ValueError(f"grey values must lie in [0, 1], got {low:.3g} to {high:.3g}; clip them")
    if not 0 < per_second <= 50:
        raise ValueError(f"per_second must lie in (0, 50], got {per_second}")


def play_clips(
    clips: np.ndarray,
    label: str,
    *,
    columns: int = 8,
    per_second: float = 8,
    zoom: int = 4,
) -> HTML:
    """Clips (n, frames, h, w) in [0, 1], all playing together, with a text for those who see none.

    A pixel is shown `zoom` pixels wide. Where the reader asks the system for less motion, the
    frames of the first clip stand in a row.
    """
    clips = np.asarray(clips, dtype=float)
    if zoom < 1:
        raise ValueError(f"a pixel must be shown at least 1 wide, got zoom={zoom}")
    moving = webp_clip(side_by_side(clips, columns), per_second)
    still = webp_clip(np.concatenate(list(clips[0]), axis=1)[None])
    width = zoom * min(columns, len(clips)) * clips.shape[3]
    return HTML(
        f'<figure class="clips"><picture>'
        f'<source media="(prefers-reduced-motion: reduce)" srcset="{_uri(still)}">'
        f'<img class="photo" src="{_uri(moving)}" width="{width}" alt="{escape(label)}" '
        f'style="max-width:100%;height:auto;image-rendering:pixelated">'
        f"</picture><figcaption>{escape(label)}</figcaption></figure>"
    )


def _uri(picture: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(picture).decode()
