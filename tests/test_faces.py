"""Faces: every factor does what its name says, measured on the pictures and label maps."""

import re
from hashlib import sha256

import numpy as np
import pytest

from lib.datasets import face_factors, faces, load
from lib.datasets.faces import FACTORS, IDENTITY, PART, PARTS
from lib.datasets.shipped import DATA, read_sheet

SIZE = 64
ROWS, COLUMNS = np.indices((SIZE, SIZE))
STYLE = {name: float(k) for k, name in enumerate(face_factors.HAIR_STYLES)}


def where(labels, *parts):
    return np.isin(labels, [PART[part] for part in parts])


def area(*parts):
    return lambda picture, labels: where(labels, *parts).sum()


def right(*parts):
    return lambda picture, labels: COLUMNS[where(labels, *parts)].mean()


def height(*parts):
    return lambda picture, labels: -ROWS[where(labels, *parts)].mean()


def brightness(part):
    return lambda picture, labels: picture[where(labels, part)].mean()


def width_at(part, *parts):
    """Pixels of `parts` in the middle row of `part`."""

    def measure(picture, labels):
        row = int(ROWS[where(labels, part)].mean())
        return where(labels[row], *parts).sum()

    return measure


def brighter_side(picture, labels):
    skin = where(labels, "skin")
    return (
        picture[skin & (COLUMNS >= SIZE // 2)].mean() - picture[skin & (COLUMNS < SIZE // 2)].mean()
    )


def brighter_top(picture, labels):
    rows, shades = ROWS[where(labels, "skin")], picture[where(labels, "skin")]
    middle = rows.mean()
    return shades[rows < middle].mean() / shades[rows > middle].mean()


def mouth_corners(picture, labels):
    """How much higher the ends of the mouth lie than its middle, in pixels."""
    rows, columns = np.nonzero(where(labels, "mouth"))
    ends = (columns <= columns.min() + 1) | (columns >= columns.max() - 1)
    middle = np.abs(columns - columns.mean()) < 2
    return rows[middle].mean() - rows[ends].mean()


def dark_side_of_eyes(picture, labels):
    """Where the pupils lie between the eyes' corners."""
    eyes = where(labels, "eyes")
    dark = 1 - picture[eyes]
    return (COLUMNS[eyes] * dark**4).sum() / (dark**4).sum()


def outer_brows(picture, labels):
    """How much higher the outer halves of the brows lie than the inner ones."""
    rows, columns = np.nonzero(where(labels, "brows"))
    off = np.abs(columns - (SIZE - 1) / 2)
    return rows[off < np.median(off)].mean() - rows[off > np.median(off)].mean()


def eye_distance(picture, labels):
    columns = COLUMNS[where(labels, "eyes")]
    return columns[columns > SIZE / 2].mean() - columns[columns < SIZE / 2].mean()


def chin_depth(picture, labels):
    """Row of the shadow under the chin: the centre of what is dark below the mouth."""
    start, middle = ROWS[where(labels, "mouth")].max() + 4, slice(SIZE // 2 - 3, SIZE // 2 + 3)
    column = picture[start : start + 13, middle].mean(1)
    dark = (column.max() - column) ** 4
    return start + (np.arange(13) * dark).sum() / dark.sum()


PERSON = ("skin", "nose", "hair", "clothes", "eyes", "brows", "mouth")
# factor: (from, to, what must grow)
EFFECTS = {
    "yaw": (-30, 30, right("nose")),
    "pitch": (-9, 9, height("nose")),
    "roll": (-6, 6, right("hair")),
    "light_azimuth": (-60, 60, brighter_side),
    "light_elevation": (10, 50, brighter_top),
    "background": (0.2, 0.7, brightness("background")),
    "shift_x": (-0.05, 0.05, right(*PERSON)),
    "shift_y": (-0.05, 0.05, height("eyes", "nose")),
    "smile": (-0.3, 1, mouth_corners),
    "mouth_open": (0, 1, area("mouth")),
    "eye_open": (0.55, 1, area("eyes")),
    "gaze": (-1, 1, dark_side_of_eyes),
    "brow_raise": (-1, 1, height("brows")),
    "skin": (0.4, 0.8, brightness("skin")),
    "hair_tone": (0.1, 0.5, brightness("hair")),
    "hair_style": (STYLE["shaved"], STYLE["long"], area("hair")),
    "hair_part": (1, -1, right("hair")),
    "face_width": (0.92, 1.08, width_at("eyes", "skin", "nose", "eyes")),
    "jaw_width": (0.84, 1.16, width_at("mouth", "skin", "mouth")),
    "chin": (-1, 1, chin_depth),
    "nose_length": (0.85, 1.2, lambda p, labels: ROWS[where(labels, "nose")].max()),
    "nose_width": (0.8, 1.25, area("nose")),
    "eye_gap": (0.92, 1.08, eye_distance),
    "eye_size": (0.9, 1.15, area("eyes")),
    "brow_tilt": (-1, 1, outer_brows),
    "brow_thickness": (0.7, 1.4, area("brows")),
    "lips": (0.75, 1.35, area("mouth")),
    "beard": (0, 1, area("beard")),
    "glasses": (0, 1, area("glasses")),
    "clothes": (0.1, 0.8, brightness("clothes")),
}


@pytest.fixture(scope="module")
def effects():
    """Two faces for every factor, all else fixed: name -> (measure at `from`, measure at `to`)."""
    factors = faces.one_person(2 * len(EFFECTS))
    for k, (name, (low, high, _)) in enumerate(EFFECTS.items()):
        factors[name][2 * k : 2 * k + 2] = low, high
    pictures, labels = faces.render_labelled(factors, SIZE)
    measured = {}
    for k, (name, (_, _, measure)) in enumerate(EFFECTS.items()):
        measured[name] = [measure(pictures[j], labels[j]) for j in (2 * k, 2 * k + 1)]
    return measured


def test_every_factor_is_measured():
    assert set(EFFECTS) == set(FACTORS)


@pytest.mark.parametrize("name", EFFECTS)
def test_a_factor_does_what_its_name_says(effects, name):
    before, after = effects[name]
    assert after > before


def test_a_part_that_is_not_there_has_no_pixel(effects):
    assert effects["glasses"][0] == effects["beard"][0] == 0


def test_pictures_are_grey_floats_of_unit_range(some_faces):
    _, pictures, labels = some_faces
    assert (pictures.shape, pictures.dtype) == ((12, 32, 32), np.float32)
    assert (labels.shape, labels.dtype) == ((12, 32, 32), np.uint8)
    assert 0 <= pictures.min() < 0.2 < 0.8 < pictures.max() <= 1
    assert labels.max() < len(PARTS)
    for part in ("background", "skin", "nose", "hair", "clothes", "eyes", "brows", "mouth"):
        assert where(labels, part).any(axis=(1, 2)).mean() > 0.5


def test_tones_follow_the_parts(some_faces):
    """Hair and skin of very different albedo are told apart by brightness in the label map."""
    factors = faces.with_factors(some_faces[0], skin=0.85, hair_tone=0.05, beard=0, hair_style=2)
    pictures, labels = faces.render_labelled(factors, 32)
    for picture, parts in zip(pictures, labels, strict=True):
        assert np.median(picture[where(parts, "hair")]) < np.median(picture[where(parts, "skin")])


def test_edges_are_the_borders_of_parts(some_faces):
    _, pictures, labels = some_faces
    lines = faces.edges(pictures, labels)
    assert (lines.shape, lines.dtype) == (pictures.shape, np.float32)
    assert set(np.unique(lines)) == {0.0, 1.0}
    assert 0.05 < lines.mean() < 0.3
    flat = np.full((1, 8, 8), 0.5)
    square = np.zeros((1, 8, 8), int)
    assert not faces.edges(flat, square).any()
    square[:, 2:6, 2:6] = PART["hair"]
    drawn = faces.edges(flat, square)[0]
    assert drawn.sum() == 16 - 1  # a pixel for each side of a border square, two meet at a corner
    assert not drawn[3:5, 3:5].any()


def test_glasses_are_lines_and_have_no_second_line_beside_them():
    labels = np.zeros((1, 12, 12), int)
    labels[:, 6, 2:10] = PART["glasses"]
    labels[:, 7:9, 4:8] = PART["eyes"]
    lines = faces.edges(np.full((1, 12, 12), 0.5), labels)[0].astype(bool)
    assert (lines[6] == (labels[0, 6] == PART["glasses"])).all()
    assert not lines[[5, 7]].any()
    assert lines[8, 4:8].all()


def test_steep_shading_is_an_edge_without_any_border():
    picture = np.zeros((1, 8, 8))
    picture[:, :, 4:] = 1
    lines = faces.edges(picture, np.zeros((1, 8, 8), int))[0]
    assert lines[:, 3:5].all()
    assert not lines[:, :3].any()
    assert not lines[:, 5:].any()


def test_random_factors_stay_in_range_and_follow_the_seed():
    drawn, again = (faces.sample_factors(2000, np.random.default_rng(3)) for _ in range(2))
    face_factors.check_factors(drawn)
    for name, factor in FACTORS.items():
        np.testing.assert_array_equal(drawn[name], again[name])
        if factor.share < 1:
            assert abs((drawn[name] > factor.low).mean() - factor.share) < 0.05
    styles = np.bincount(drawn["hair_style"].astype(int), minlength=len(STYLE)) / 2000
    np.testing.assert_allclose(styles, face_factors.STYLE_SHARES, atol=0.04)
    table = np.corrcoef(np.array(list(drawn.values())))
    assert np.abs(table - np.eye(len(FACTORS))).max() < 0.1


def test_people_keep_their_identity():
    factors = face_factors.people(5, 4, np.random.default_rng(0))
    for name in FACTORS:
        within = np.ptp(factors[name].reshape(5, 4), axis=1)
        assert (within == 0).all() == (name in IDENTITY)


def test_clips_close_and_change_nothing_but_the_motion():
    clips = faces.sample_clip_factors(6, np.random.default_rng(1))
    moving = {name for name, values in clips.items() if np.ptp(values, axis=1).any()}
    assert moving == {"yaw", "pitch", "smile", "eye_open"}
    face_factors.check_factors({name: values.ravel() for name, values in clips.items()})
    for name in moving:
        steps = np.abs(np.diff(clips[name], axis=1, append=clips[name][:, :1]))
        assert (steps[:, -1] <= 1.5 * steps.max(axis=1)).all()
        assert steps[:, -1].mean() < 2 * steps.mean()


def test_make_varies_only_what_it_is_told():
    data = faces.make(4, seed=5, size=16, vary=("yaw", "smile"))
    assert {n for n, v in data.factors.items() if np.ptp(v) > 0} == {"yaw", "smile"}
    assert data.x.shape == data.extras["edges"].shape == (4, 16, 16)
    several = faces.make(6, seed=5, size=16, people=3)
    assert several.y.tolist() == [0, 0, 1, 1, 2, 2]
    assert (several.factors["skin"][::2] == several.factors["skin"][1::2]).all()
    np.testing.assert_array_equal(several.x, faces.make(6, seed=5, size=16, people=3).x)


@pytest.mark.parametrize("name", faces.SHIPPED)
def test_shipped_pictures_are_those_of_their_factors(name, rng):
    n, size = faces.SHIPPED[name]
    index = rng.choice(n, 8, replace=False)
    drawn = faces.render(face_factors.take(faces.shipped_factors(name), index), size)
    shipped = load(name).x.reshape(n, size, size)[index]
    off = np.abs(drawn - shipped) * faces.LEVELS
    assert (off < 0.51).mean() > 0.999  # another processor may round a ray to the other side


def test_shipped_label_maps_are_those_of_their_factors(rng):
    data = load("faces")
    index = rng.choice(len(data), 8, replace=False)
    maps = faces.label_maps(face_factors.take(data.factors, index), 32)
    assert (maps == data.extras["labels"][index]).mean() > 0.999
    assert data.shared["parts"] == PARTS


@pytest.mark.parametrize(
    ("name", "shape", "held_out"),
    [
        ("faces", (4000, 32, 32), 400),
        ("faces64", (1000, 64, 64), 100),
        ("one_face", (2000, 32, 32), 200),
        ("clips", (100, 12, 32, 32), 10),
    ],
)
def test_loaders(name, shape, held_out):
    data = load(name)
    assert (data.x.shape, data.x.dtype) == (shape, np.float32)
    assert len(data.test) == held_out
    assert set(data.factors) == set(FACTORS)
    assert data.x.min() >= 0
    assert data.x.max() <= 1


def test_held_out_people_are_never_seen_in_training():
    data = load("faces64")
    assert not set(data.train.y) & set(data.test.y)
    assert len(set(data.test.y)) == 10
    skin = data.factors["skin"]
    assert all(np.ptp(skin[data.y == person]) == 0 for person in range(100))


def test_one_face_varies_in_yaw_and_smile_only():
    factors = load("one_face").factors
    assert {name for name, v in factors.items() if np.ptp(v) > 0} == {"yaw", "smile"}


@pytest.mark.parametrize("name", [*faces.SHIPPED, "face_labels"])
def test_shipped_file_has_the_checksum_on_its_card(name):
    found = re.search(
        rf"`{name}\.webp` sha256 `([0-9a-f]{{64}})`", (DATA / "README.md").read_text()
    )
    if found is None:
        pytest.skip(f"data/README.md has no card for {name}.webp")
    assert sha256((DATA / f"{name}.webp").read_bytes()).hexdigest() == found[1]


def one(**values):
    return {**faces.one_person(1), **{k: np.array(v, float) for k, v in values.items()}}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: faces.render(one(), 33), "size must be even"),
        (lambda: faces.render(one(), 4), "size must be even"),
        (lambda: faces.render(one(), rays=3), "1, 2 or 4"),
        (lambda: faces.render(one(yaw=[90])), "yaw must lie in"),
        (lambda: faces.render(one(yaw=[np.nan])), "yaw must lie in"),
        (lambda: faces.render(one(yaw=[0, 0])), "shape"),
        (lambda: faces.render(one(age=[3])), "no factor is called"),
        (lambda: faces.render({"yaw": np.zeros(1)}), "missing"),
        (lambda: faces.with_factors(one(), hat=1), "no factor is called"),
        (lambda: faces.with_factors(one(), yaw=[0, 0]), "shape"),
        (lambda: faces.with_factors(one(), glasses=0.5), "whole number"),
        (lambda: faces.sample_factors(0, np.random.default_rng()), "at least 1"),
        (lambda: faces.one_person(0), "at least 1"),
        (lambda: faces.render(face_factors.take(one(), slice(0))), "at least 1"),
        (lambda: faces.sample_clip_factors(1, np.random.default_rng(), 0), "at least 1 frame"),
        (lambda: faces.make(4, vary="yaw"), "come in a list"),
        (lambda: faces.make(4, vary=["hat"]), "no factor is called"),
        (lambda: faces.make(4, people=3), "must divide"),
        (lambda: faces.edges(np.zeros((2, 8, 8)), np.zeros((1, 8, 8))), "one shape"),
        (lambda: faces.edges(np.zeros((1, 1, 8)), np.zeros((1, 1, 8))), "two pixels"),
        (lambda: faces.shipped_factors("cats"), "no faces ship"),
        (lambda: read_sheet(DATA / "faces.webp", 9000, (32, 32)), "holds no"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
