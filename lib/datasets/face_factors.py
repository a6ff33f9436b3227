"""The causes of a face picture: names, ranges, and how to draw them at random; its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Factors = dict[str, np.ndarray]

#: What a label map says of a pixel: 0 is background, 1 skin, ...
PARTS = (
    "background", "skin", "nose", "hair", "beard", "clothes", "eyes", "brows", "mouth", "glasses",
)  # fmt: skip
PART = {name: k for k, name in enumerate(PARTS)}

HAIR_STYLES = ("shaved", "short", "parted", "fringe", "bob", "long", "curly", "bun")
STYLE_SHARES = (0.06, 0.19, 0.19, 0.10, 0.11, 0.15, 0.11, 0.09)


@dataclass(frozen=True)
class FaceFactor:
    """One cause: its range, its unit, and whether it belongs to the person or to the picture.

    With `share` < 1 it is uniform in that share of faces, and `low` in all others.
    """

    low: float
    high: float
    unit: str
    identity: bool
    meaning: str
    share: float = 1.0

    def draw(self, u: np.ndarray) -> np.ndarray:
        """Turn uniform numbers of [0, 1) into values of this factor."""
        return self.low + (self.high - self.low) * np.maximum(0, 1 - (1 - u) / self.share)


@dataclass(frozen=True)
class Choice(FaceFactor):
    """A factor with values 0, 1, 2, ... that come up with the given shares."""

    shares: tuple[float, ...] = ()

    def draw(self, u: np.ndarray) -> np.ndarray:
        """Turn uniform numbers of [0, 1) into choices."""
        return np.searchsorted(np.cumsum(self.shares)[:-1], u, side="right").astype(float)


def _person(low: float, high: float, unit: str, meaning: str, share: float = 1.0) -> FaceFactor:
    return FaceFactor(low, high, unit, True, meaning, share)


def _picture(low: float, high: float, unit: str, meaning: str, share: float = 1.0) -> FaceFactor:
    return FaceFactor(low, high, unit, False, meaning, share)


#: Name -> FaceFactor. All are independent of each other.
FACTORS: dict[str, FaceFactor] = {
    "yaw": _picture(-35, 35, "degrees", "head turned towards the right edge of the picture"),
    "pitch": _picture(-9, 9, "degrees", "head raised"),
    "roll": _picture(-6, 6, "degrees", "head tilted, its top towards the right edge"),
    "light_azimuth": _picture(-60, 60, "degrees", "direction of the light: 0 front, 60 right"),
    "light_elevation": _picture(10, 50, "degrees", "height of the light"),
    "background": _picture(0.12, 0.8, "shade", "brightness of the wall behind"),
    "shift_x": _picture(-0.05, 0.05, "half heads", "person moved to the right"),
    "shift_y": _picture(-0.05, 0.05, "half heads", "person moved up"),
    "smile": _picture(-0.3, 1, "1", "corners of the mouth: 0 relaxed, 1 broad smile"),
    "mouth_open": _picture(0, 1, "1", "how far the lips are apart", share=0.4),
    "eye_open": _picture(0.55, 1, "1", "how far the lids are apart"),
    "gaze": _picture(-1, 1, "1", "eyes turned towards the right edge, relative to the head"),
    "brow_raise": _picture(-1, 1, "1", "brows lowered or raised"),
    "skin": _person(0.38, 0.88, "albedo", "share of the light that the skin gives back"),
    "hair_tone": _person(0.04, 0.62, "albedo", "share of the light that the hair gives back"),
    "hair_style": Choice(
        0, len(HAIR_STYLES) - 1, "choice", True, ", ".join(HAIR_STYLES), shares=STYLE_SHARES
    ),
    "hair_part": _person(-1, 1, "1", "side of the parting: left, middle, right"),
    "face_width": _person(0.92, 1.08, "ratio", "width of the head"),
    "jaw_width": _person(0.84, 1.16, "ratio", "width of the jaw"),
    "chin": _person(-1, 1, "1", "short or long chin"),
    "nose_length": _person(0.85, 1.2, "ratio", "length of the nose"),
    "nose_width": _person(0.8, 1.25, "ratio", "thickness of the nose"),
    "eye_gap": _person(0.92, 1.08, "ratio", "distance between the eyes"),
    "eye_size": _person(0.9, 1.15, "ratio", "size of the eyes"),
    "brow_tilt": _person(-1, 1, "1", "outer ends of the brows lower or higher"),
    "brow_thickness": _person(0.7, 1.4, "ratio", "thickness of the brows"),
    "lips": _person(0.75, 1.35, "ratio", "fullness of the lips"),
    "beard": _person(0, 1, "1", "no beard, shadow, full beard", share=0.28),
    "glasses": Choice(0, 1, "choice", True, "no glasses, glasses", shares=(0.8, 0.2)),
    "clothes": _person(0.08, 0.85, "albedo", "share of the light that the clothes give back"),
}
IDENTITY = tuple(name for name, factor in FACTORS.items() if factor.identity)

#: A pleasant person in a quiet pose, on whom single factors can be studied.
ONE_PERSON: dict[str, float] = {
    "yaw": 0, "pitch": 0, "roll": 0, "light_azimuth": 25, "light_elevation": 25,
    "background": 0.3, "shift_x": 0, "shift_y": 0, "smile": 0.3, "mouth_open": 0,
    "eye_open": 0.9, "gaze": 0, "brow_raise": 0.2, "skin": 0.78, "hair_tone": 0.09,
    "hair_style": HAIR_STYLES.index("parted"), "hair_part": 0.6, "face_width": 1.0,
    "jaw_width": 0.95, "chin": 0, "nose_length": 1.0, "nose_width": 0.95, "eye_gap": 1.0,
    "eye_size": 1.05, "brow_tilt": 0.2, "brow_thickness": 0.95, "lips": 1.05, "beard": 0,
    "glasses": 0, "clothes": 0.5,
}  # fmt: skip


def sample_factors(n: int, rng: np.random.Generator) -> Factors:
    """Draw `n` independent faces: name -> (n,) array."""
    check_number(n)
    return {name: factor.draw(rng.random(n)) for name, factor in FACTORS.items()}


def one_person(n: int) -> Factors:
    """The same pleasant person `n` times, all factors fixed."""
    check_number(n)
    return {name: np.full(n, float(value)) for name, value in ONE_PERSON.items()}


def with_factors(factors: Mapping[str, np.ndarray], **values: float | np.ndarray) -> Factors:
    """The same faces with some factors set to new values, one for all or one a face."""
    check_factors(factors)
    n = len(factors["yaw"])
    new = {name: np.array(v, float) for name, v in values.items()}
    changed = {**factors, **{name: v if v.ndim else np.full(n, v) for name, v in new.items()}}
    check_factors(changed)
    return changed


def take(factors: Mapping[str, np.ndarray], index: np.ndarray | slice) -> Factors:
    """The factors of some of the faces, by an index array, a mask or a slice."""
    return {name: values[index] for name, values in factors.items()}


def people(n: int, pictures: int, rng: np.random.Generator) -> Factors:
    """`n` persons, `pictures` faces of each in a row: identity fixed, all else free."""
    persons, each = sample_factors(n, rng), sample_factors(n * pictures, rng)
    return {**each, **{name: np.repeat(persons[name], pictures) for name in IDENTITY}}


def check_number(n: int) -> None:
    """Raise ValueError unless `n` faces can be drawn."""
    if n < 1:
        raise ValueError(f"the number of faces must be at least 1, got {n}")


def check_names(names: Iterable[str]) -> None:
    """Raise ValueError if one of the names is not a factor."""
    if isinstance(names, str):
        raise ValueError(f"names of factors come in a list: [{names!r}], not {names!r}")
    unknown = set(names) - set(FACTORS)
    if unknown:
        raise ValueError(f"no factor is called {sorted(unknown)}; there are {', '.join(FACTORS)}")


def check_factors(factors: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError unless there is every factor, once a face, inside its range."""
    check_names(factors)
    missing = set(FACTORS) - set(factors)
    if missing:
        raise ValueError(f"factors {sorted(missing)} are missing; start from one_person(n)")
    sizes = {name: np.shape(values) for name, values in factors.items()}
    if len(set(sizes.values())) > 1 or len(sizes["yaw"]) != 1:
        raise ValueError(f"every factor must have shape (n,) with one n, got {sizes}")
    check_number(sizes["yaw"][0])
    for name, factor in FACTORS.items():
        values = np.asarray(factors[name])
        if not ((values >= factor.low) & (values <= factor.high)).all():
            raise ValueError(f"{name} must lie in [{factor.low:g}, {factor.high:g}], got {values}")
        if isinstance(factor, Choice) and (values % 1 != 0).any():
            raise ValueError(f"{name} is a choice: a whole number, got {values}")
