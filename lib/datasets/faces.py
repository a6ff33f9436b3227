"""Faces with known causes: shaded pictures, label maps, edges and clips, shipped or made afresh.

`load("faces")` and its relatives read pictures that ship with the book; `make` draws any number of
new ones, and `render` draws exactly the faces you describe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lib.datasets.core import Dataset
from lib.datasets.face_factors import (
    FACTORS,
    IDENTITY,
    PART,
    PARTS,
    Factors,
    check_factors,
    check_names,
    one_person,
    people,
    sample_factors,
    with_factors,
)
from lib.datasets.shipped import DATA, read_sheet

__all__ = [
    "FACTORS", "IDENTITY", "PART", "PARTS", "SHIPPED", "edges", "label_maps", "make", "one_person",
    "render", "render_labelled", "sample_clip_factors", "sample_factors", "shipped_factors",
    "with_factors",
]  # fmt: skip

#: Name -> (number of pictures, pixels a side).
SHIPPED = {"faces": (4000, 32), "faces64": (1000, 64), "one_face": (2000, 32), "clips": (1200, 32)}
HELD_OUT_FACES, HELD_OUT_PEOPLE = 400, 10
PICTURES_A_PERSON = 10
FRAMES = 12
LEVELS = 127  # a shipped pixel is one of 0..127: one bit less saves a fifth of the bytes
EDGE_SLOPE = 0.22  # grey levels a pixel: a shading edge at least as steep is drawn
MIN_SIZE, MAX_SIZE = 8, 512


def render(factors: Mapping[str, np.ndarray], size: int = 32, *, rays: int = 4) -> np.ndarray:
    """Draw faces: float32 in [0, 1], shape (n, size, size).

    `rays` is the number of rays a pixel: 4 gives smooth outlines, 2 takes half the time. With 4,
    one core draws about 200 faces a second at size 32 and 55 at size 64. The same factors always
    give the same picture. Mirrored factors (the signs of yaw, roll, light_azimuth, shift_x, gaze
    and hair_part changed) give the mirrored picture, but for rounding of the surface normals.

    Raises
    ------
    ValueError
        If a factor is missing, unknown or out of its range, the size is odd or outside 8 to 512, or
        rays is not 1, 2 or 4.
    """
    _check(factors, size, rays)
    from lib.datasets import face_render  # here: reading shipped pictures needs no torch

    return face_render.render(factors, size, rays)


def render_labelled(
    factors: Mapping[str, np.ndarray], size: int = 32, *, rays: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Draw faces with their label maps: pictures as by `render`, and indices into PARTS, uint8."""
    _check(factors, size, rays)
    from lib.datasets import face_render

    return face_render.render_labelled(factors, size, rays)


def label_maps(factors: Mapping[str, np.ndarray], size: int = 32) -> np.ndarray:
    """The part each pixel of `render(factors, size)` shows: indices into PARTS, uint8 (n, h, w)."""
    return render_labelled(factors, size)[1]


def _check(factors: Mapping[str, np.ndarray], size: int, rays: int) -> None:
    if not (MIN_SIZE <= size <= MAX_SIZE and size % 2 == 0):
        raise ValueError(f"the size must be even, {MIN_SIZE} to {MAX_SIZE} pixels, got {size}")
    if rays not in (1, 2, 4):
        raise ValueError(f"the number of rays a pixel must be 1, 2 or 4, got {rays}")
    check_factors(factors)


def edges(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Line drawings: 1 on borders of parts and on steep shading, else 0; float32 (n, h, w)."""
    shape = np.shape(pictures)
    if len(shape) != 3 or shape != np.shape(labels) or min(shape[1:]) < 2:
        raise ValueError(
            "edges needs pictures and labels of one shape (n, h, w), two pixels a side or more, "
            f"got {shape} and {np.shape(labels)}"
        )
    lines = _borders(np.asarray(labels))
    return (lines | (_ridges(np.asarray(pictures)) & ~_thicken(lines))).astype(np.float32)


def _borders(labels: np.ndarray) -> np.ndarray:
    """Pixels whose label differs from the one below or to the right; brows and glasses in full.

    Brows and glasses are lines themselves. A second line beside a frame would make it a blot.
    """
    thin = (labels == PART["brows"]) | (labels == PART["glasses"])
    wide = ~(thin | _thicken(labels == PART["glasses"]))
    lines = thin.copy()
    lines[:, :-1] |= (labels[:, :-1] != labels[:, 1:]) & wide[:, :-1] & wide[:, 1:]
    lines[:, :, :-1] |= (labels[:, :, :-1] != labels[:, :, 1:]) & wide[:, :, :-1] & wide[:, :, 1:]
    return lines


def _thicken(lines: np.ndarray) -> np.ndarray:
    """Lines with all their neighbours."""
    padded = np.pad(lines, ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    return rows[:, :, :-2] | rows[:, :, 1:-1] | rows[:, :, 2:]


def _ridges(pictures: np.ndarray) -> np.ndarray:
    """Pixels where the picture is steep, and steeper than at both neighbours across the line."""
    down, right = np.gradient(pictures, axis=(1, 2))
    slope = np.hypot(down, right)
    near = np.pad(slope, ((0, 0), (1, 1), (1, 1)))
    vertical = np.maximum(near[:, :-2, 1:-1], near[:, 2:, 1:-1])
    horizontal = np.maximum(near[:, 1:-1, :-2], near[:, 1:-1, 2:])
    across = np.where(np.abs(down) > np.abs(right), vertical, horizontal)
    return (slope > EDGE_SLOPE) & (slope >= across)


def sample_clip_factors(n: int, rng: np.random.Generator, frames: int = FRAMES) -> Factors:
    """Factors of `n` clips, each (n, frames): someone turns left and right, smiles and blinks.

    The motion is closed: the frame after the last one would be the first. All else is fixed.
    """
    if frames < 1:
        raise ValueError(f"a clip needs at least 1 frame, got {frames}")
    start = sample_factors(n, rng)
    clips = {name: np.repeat(values[:, None], frames, axis=1) for name, values in start.items()}
    phase = 2 * np.pi * (np.arange(frames) / frames + rng.random((n, 1)))
    clips["yaw"] = rng.uniform(20, 33, (n, 1)) * np.cos(phase)
    clips["pitch"] = rng.uniform(2, 6, (n, 1)) * np.sin(phase)
    clips["smile"] = 0.35 + rng.uniform(0.3, 0.6, (n, 1)) * np.sin(
        phase + rng.uniform(0, 6, (n, 1))
    )
    blink = np.cos(phase + rng.uniform(0, 6, (n, 1)))
    clips["eye_open"] = 0.95 - 0.4 * np.maximum(0, blink) ** 4
    return clips


def make(
    n: int,
    *,
    seed: int = 0,
    size: int = 32,
    vary: Sequence[str] | None = None,
    people: int | None = None,
) -> Dataset:
    """Draw `n` new faces, with label maps and edges.

    Parameters
    ----------
    vary : names of factors, optional
        Only these are drawn at random; the others are those of one pleasant person. By default all
        factors vary.
    people : int, optional
        Number of persons, n / people pictures each; y says who it is.
    """
    rng = np.random.default_rng(seed)
    y = None
    if people is not None:
        factors, y = _several(n, people, rng)
    else:
        factors = sample_factors(n, rng)
    if vary is not None:
        check_names(vary)
        factors = with_factors(one_person(n), **{name: factors[name] for name in vary})
    x, labels = render_labelled(factors, size)
    return Dataset("made", x, y, factors, {"labels": labels, "edges": edges(x, labels)}, _shared())


def _several(n: int, count: int, rng: np.random.Generator) -> tuple[Factors, np.ndarray]:
    if not 1 <= count <= n or n % count:
        raise ValueError(f"the number of people must divide the {n} pictures, got {count}")
    return people(count, n // count, rng), np.repeat(np.arange(count), n // count)


def _shared() -> dict[str, tuple[str, ...]]:
    return {"parts": PARTS}


def shipped_factors(name: str) -> Factors:
    """The factors of a shipped set, drawn again from its seed; flat (n,) also for clips."""
    if name not in SHIPPED:
        raise ValueError(f"no faces ship under the name {name!r}; there are {', '.join(SHIPPED)}")
    n, _ = SHIPPED[name]
    rng = np.random.default_rng(list(SHIPPED).index(name))
    if name == "faces64":
        return people(n // PICTURES_A_PERSON, PICTURES_A_PERSON, rng)
    if name == "clips":
        clips = sample_clip_factors(n // FRAMES, rng)
        return {key: values.reshape(-1) for key, values in clips.items()}
    factors = sample_factors(n, rng)
    if name == "one_face":
        return with_factors(one_person(n), yaw=factors["yaw"], smile=factors["smile"])
    return factors


def _shipped_pictures(name: str) -> np.ndarray:
    n, size = SHIPPED[name]
    return read_sheet(DATA / f"{name}.webp", n, (size, size)).astype(np.float32) / LEVELS


def load_faces() -> Dataset:
    """4,000 faces of 32x32, all factors independent; labels and edges; the last 400 held out."""
    x, n = _shipped_pictures("faces"), SHIPPED["faces"][0]
    labels = read_sheet(DATA / "face_labels.webp", n, x.shape[1:])
    extras = {"labels": labels, "edges": edges(x, labels)}
    held_out = np.arange(n) >= n - HELD_OUT_FACES
    return Dataset("faces", x, None, shipped_factors("faces"), extras, _shared(), held_out)


def load_faces64() -> Dataset:
    """100 people, 10 pictures of 64x64 each; y is the person; the last ten people held out."""
    x = _shipped_pictures("faces64")
    y = np.arange(len(x)) // PICTURES_A_PERSON
    held_out = y > y.max() - HELD_OUT_PEOPLE
    return Dataset("faces64", x, y, shipped_factors("faces64"), held_out=held_out)


def load_one_face() -> Dataset:
    """2,000 pictures of 32x32 of one person: yaw and smile vary; every tenth held out."""
    x = _shipped_pictures("one_face")
    held_out = np.arange(len(x)) % 10 == 9
    return Dataset("one_face", x, None, shipped_factors("one_face"), held_out=held_out)


def load_clips() -> Dataset:
    """100 clips of 12 frames, (n, frames, 32, 32); factors (n, frames); the last ten held out."""
    pictures = _shipped_pictures("clips")
    x = pictures.reshape(-1, FRAMES, *pictures.shape[1:])
    factors = {k: v.reshape(-1, FRAMES) for k, v in shipped_factors("clips").items()}
    held_out = np.arange(len(x)) >= 0.9 * len(x)
    return Dataset("clips", x, None, factors, held_out=held_out)
