"""Heads: one topology, one meaning for each vertex, and factors that do what they say."""

import time

import numpy as np
import pytest

from lib.datasets import heads, load
from lib.datasets.head_fields import SCALES, SHAPE, Place
from lib.datasets.head_paint import ALBEDO
from lib.datasets.head_template import COLUMNS, EYE_RADIUS, row_of, template
from lib.datasets.heads import FACTORS, draw_factors, landmarks, load_heads, make_heads
from lib.mesh_render import rasterise, render_mesh, to_pixels


@pytest.fixture(scope="module")
def data():
    return load("heads")


def signed_volume(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Volume enclosed as seen from the mean vertex; positive when triangles face outwards."""
    v = vertices - vertices.mean(axis=0)
    a, b, c = (v[triangles[:, k]] for k in range(3))
    return np.einsum("tk,tk->", a, np.cross(b, c)) / 6


def mirror() -> np.ndarray:
    """Number of the vertex that is each vertex's mirror image."""
    v = template().vertices
    code = {tuple(p): j for j, p in enumerate(np.rint(v * 1e5).astype(int))}
    return np.array([code[tuple(p)] for p in np.rint(v * [-1, 1, 1] * 1e5).astype(int)])


def test_the_data_set(data):
    n, v = data.extras["albedo"].shape
    assert n == len(data) == 300
    assert data.x.shape == (n, v, 3)
    assert data.x.dtype == data.extras["albedo"].dtype == np.float32
    assert 3000 <= v <= 7000
    np.testing.assert_array_equal(np.flatnonzero(data.held_out), np.arange(270, 300))
    assert set(data.factors) == set(FACTORS)
    assert np.isfinite(data.x).all()
    assert 0 <= data.extras["albedo"].min() <= data.extras["albedo"].max() <= 1


def test_loading_is_quick_and_always_the_same(data):
    start = time.process_time()
    again = load("heads")
    assert time.process_time() - start < 2
    np.testing.assert_array_equal(data.x, again.x)
    np.testing.assert_array_equal(data.extras["albedo"], again.extras["albedo"])
    other = load("heads", seed=1)
    assert np.abs(other.x - data.x).mean() > 1
    assert load("heads", n=20).held_out.sum() == 2


def test_the_factors_make_the_head(data):
    one = {name: values[17:18] for name, values in data.factors.items()}
    x, albedo = make_heads(one)
    np.testing.assert_allclose(x[0], data.x[17], atol=1e-3)
    np.testing.assert_allclose(albedo[0], data.extras["albedo"][17], atol=1e-4)


def test_factors_are_standard_normal_and_cut_off():
    drawn = np.stack(list(draw_factors(4000, np.random.default_rng(1)).values()))
    assert np.abs(drawn).max() <= heads.LIMIT
    assert np.abs(drawn.mean(axis=1)).max() < 5 / np.sqrt(4000)
    assert np.abs(drawn.std(axis=1) - 0.94).max() < 0.05  # standard deviation of the cut normal
    correlation = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(correlation).max() < 6 / np.sqrt(4000)


def test_triangles_face_outwards_in_every_head(data):
    mesh, t = template(), template().triangles
    owner = mesh.part[t[:, 0]]
    for x in data.x[::10]:
        for part in range(3):
            for side in (-1, 1) if part else (0,):
                mine = (owner == part) & (np.sign(mesh.vertices[t[:, 0], 0]) * side >= 0)
                if part:
                    mine &= np.abs(mesh.vertices[t[:, 0], 0]) > 1
                used = np.unique(t[mine])
                number = np.searchsorted(used, t[mine])
                assert signed_volume(x[used].astype(float), number) > 0


def test_no_factor_folds_the_face(data):
    t = template().triangles[template().part[template().triangles[:, 0]] == 0]

    def normals(x):
        n = np.cross(x[t[:, 1]] - x[t[:, 0]], x[t[:, 2]] - x[t[:, 0]])
        area = np.linalg.norm(n, axis=1)
        return n / np.maximum(area, 1e-9)[:, None], area

    before, _ = normals(template().vertices)
    for x in data.x[::15]:
        after, area = normals(x.astype(float))
        turned = (before * after).sum(axis=1) < 0
        assert area[turned].sum() < 0.01 * area.sum()


def test_the_nose_tip_is_the_most_forward_vertex_of_every_head(data):
    tip = data.shared["landmarks"]["nose tip"]
    near = np.linalg.norm(template().vertices - template().vertices[tip], axis=1) < 7
    assert near[np.argmax(data.x[:, :, 2], axis=1)].all()
    assert (data.x[:, :, 2].max(axis=1) - data.x[:, tip, 2]).max() < 1.5


def centre_of_ball(points):
    """Least squares: |p|^2 = 2 p.c + (r^2 - |c|^2)."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    return np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0][:3]


@pytest.mark.parametrize(("side", "sign"), [("right", 1), ("left", -1)])
def test_lids_and_corners_frame_the_eyeball_of_every_head(data, side, sign):
    mine = (template().part == 1) & (template().vertices[:, 0] * sign > 0)
    names = ("inner eye corner", "outer eye corner", "upper lid", "lower lid")
    frame = [data.shared["landmarks"][f"{side} {name}"] for name in names]
    for x in data.x.astype(float):
        right, up, forward = x[frame].mean(axis=0) - centre_of_ball(x[mine])
        assert abs(right) < 2.5
        assert abs(up) < 3.5
        assert 8 < forward < 20


def test_corners_and_lids_end_the_part_of_the_eye_that_is_seen(data):
    """At a pixel a millimetre, the renderer finds where the openings of the eyes end."""
    mark, triangles, size = data.shared["landmarks"], data.shared["triangles"], 300
    for x in data.x[::10].astype(float):
        points = to_pixels(x, yaw=0, pitch=0, size=size, span=size)
        front = rasterise(points, triangles, size).triangle
        eyes = (front >= 0) & (template().part[triangles[front, 0]] == 1)
        for side, half in (("left", slice(0, size // 2)), ("right", slice(size // 2, size))):
            row, column = np.nonzero(eyes[:, half])
            inner, outer = (points[mark[f"{side} {c} eye corner"], 0] for c in ("inner", "outer"))
            upper, lower = (points[mark[f"{side} {lid} lid"], 1] for lid in ("upper", "lower"))
            ends = np.array([column.min(), column.max()]) + half.start + 0.5
            assert np.abs(ends - np.sort([inner, outer])).max() < 6
            assert np.abs(np.array([row.min(), row.max()]) + 0.5 - [upper, lower]).max() < 4


def test_the_crown_is_on_top_and_the_chin_at_the_bottom_of_the_face(data):
    """The chin is where a plane that comes from below and in front first touches the face."""
    mark, skin = data.shared["landmarks"], template().part == 0
    for x in data.x.astype(float):
        assert x[:, 1].max() - x[mark["crown"], 1] < 4  # thick hair on the sides may rise above
        face = x[skin & (x[:, 2] > 40) & (x[:, 1] > -125)]
        touched = face[np.argmax(face @ [0, -1, 0.6])]
        assert np.linalg.norm(touched - x[mark["chin"]]) < 15


def test_landmarks_keep_their_order_in_every_head(data):
    mark = data.shared["landmarks"]
    down = [
        "crown", "right inner brow", "right upper lid", "right lower lid", "nose tip",
        "upper lip", "lower lip", "chin",
    ]  # fmt: skip
    across = [
        "left jaw", "left outer eye corner", "left upper lid", "left inner eye corner",
        "right inner eye corner", "right upper lid", "right outer eye corner", "right jaw",
    ]  # fmt: skip
    assert (np.diff(data.x[:, [mark[name] for name in down], 1], axis=1) < 0).all()
    assert (np.diff(data.x[:, [mark[name] for name in across], 0], axis=1) > 0).all()


def test_heads_have_the_size_of_heads(data):
    mark, x = data.shared["landmarks"], data.x
    height = x[:, mark["crown"], 1] - x[:, mark["chin"], 1]
    pupils = x[:, mark["right upper lid"], 0] - x[:, mark["left upper lid"], 0]
    assert 195 < height.min() < height.mean() < 235 < height.max() < 270
    assert 50 < pupils.min() < pupils.max() < 80
    assert 11.5 < EYE_RADIUS < 13.5  # a human eye has 12 mm


def test_heads_without_skew_are_symmetric():
    rng = np.random.default_rng(4)
    factors = {n: rng.normal(size=5) for n in FACTORS if not n.startswith("skew")}
    x, albedo = make_heads(factors)
    pair = mirror()
    assert (pair[pair] == np.arange(len(pair))).all()
    np.testing.assert_allclose(x[:, pair] * [-1, 1, 1], x, atol=2e-3)
    plain = (albedo[:, pair] - albedo) ** 2  # freckles and strands of hair may differ
    assert np.sqrt(plain.mean()) < 0.03


@pytest.mark.parametrize("name", ["skew_nose", "skew_jaw"])
def test_skew_breaks_the_symmetry(name):
    x, _ = make_heads({name: np.array([1.0])})
    assert np.abs(x[:, mirror()] * [-1, 1, 1] - x).max() > 1


MARK = landmarks()


def width(name):
    return lambda x, a: x[MARK[f"right {name}"], 0] - x[MARK[f"left {name}"], 0]


def apart(above, below, axis=1):
    return lambda x, a: x[MARK[above], axis] - x[MARK[below], axis]


def box(centre, half):
    """Points of the template's skin within `half` mm of a place along each axis."""
    near = np.abs(template().vertices - centre) < half
    return near.all(axis=1) & (template().part == 0)


def spread(chosen):
    return lambda x, a: np.ptp(x[chosen, 0])


def darkness(chosen):
    return lambda x, a: -a[chosen].mean()


def size_of(number):
    """Height of the eyeballs (1) or ears (2) on one side."""
    mine = (template().part == number) & (template().vertices[:, 0] > 0)
    return lambda x, a: np.ptp(x[mine, 1])


MESH, AZIMUTH = template(), np.abs(template().azimuth)
FOREHEAD, BRIDGE = (int(np.flatnonzero(box(c, (5, 5, 20)))[0]) for c in ([0, 62, 75], [0, -12, 90]))
EDGE_OF_HAIR = (MESH.vertices[:, 1] > 60) & (MESH.vertices[:, 1] < 85) & (AZIMUTH < 40)
BROWS = (MESH.row >= row_of("brow top")) & (MESH.row <= row_of("brow bottom"))

MEASURES = {
    "face_width": width("cheek"),
    "head_height": lambda x, a: x[0, 1],
    "face_length": lambda x, a: -x[MARK["chin"], 1],
    "head_depth": lambda x, a: np.ptp(x[:, 2]),
    "size": lambda x, a: np.ptp(x[:, 1]) * np.ptp(x[:, 0]) * np.ptp(x[:, 2]),
    "jaw_width": width("jaw"),
    "chin_length": lambda x, a: -x[MARK["chin"], 1],
    "chin_forward": lambda x, a: x[MARK["chin"], 2],
    "chin_width": spread(box([0, -98, 78], [25, 8, 25])),
    "cheek_bones": spread(box([0, -20, 46], [90, 6, 12])),
    "fullness": width("cheek"),
    "neck_width": spread(MESH.row == row_of("neck")),
    "brow_ridge": lambda x, a: x[MARK["right inner brow"], 2],
    "forehead": lambda x, a: x[FOREHEAD, 2],
    "eye_distance": width("upper lid"),
    "eye_depth": lambda x, a: x[MESH.part == 1, 2].max(),
    "eye_size": size_of(1),
    "eye_open": apart("right upper lid", "right lower lid"),
    "eye_tilt": apart("right outer eye corner", "right inner eye corner"),
    "brow_height": apart("right inner brow", "right upper lid"),
    "brow_tilt": apart("right outer brow", "right inner brow"),
    "nose_length": apart("right inner eye corner", "nose base"),
    "nose_forward": apart("nose tip", "right inner eye corner", axis=2),
    "nose_width": width("nostril wing"),
    "nose_bridge": lambda x, a: x[BRIDGE, 2],
    "nose_up": apart("nose tip", "nose base"),
    "mouth_width": width("mouth corner"),
    "mouth_height": apart("upper lip", "chin"),
    "lips": apart("upper lip", "lower lip"),
    "smile": apart("right mouth corner", "lower lip"),
    "ear_size": size_of(2),
    "ear_flare": spread(MESH.part == 2),
    "skew_nose": lambda x, a: x[MARK["nose tip"], 0],
    "skew_jaw": lambda x, a: x[MARK["chin"], 0],
    "hairline": lambda x, a: a[EDGE_OF_HAIR & (MESH.part == 0)].mean(),
    "hair_volume": lambda x, a: x[0, 1],
    "hair_length": darkness((MESH.row > row_of("throat")) & (AZIMUTH > 110)),
    "skin": lambda x, a: a[box([0, 45, 80], 15)].mean(),
    "hair_tone": lambda x, a: a[MESH.vertices[:, 1] > 95].mean(),
    "brow_weight": darkness(BROWS & (AZIMUTH > 12) & (AZIMUTH < 30)),
    "lip_tone": darkness((MESH.row == row_of("mouth") + 1) & (AZIMUTH < 8)),
    "iris": lambda x, a: a[(MESH.part == 1) & (MESH.ring == 20)].mean(),
    "beard": darkness((MESH.row == row_of("chin")) & (AZIMUTH < 20)),
    "blush": darkness(box([42, -34, 66], 14)),
    "freckles": darkness(box([26, -22, 84], 16)),
}


def test_every_factor_is_measured():
    assert set(MEASURES) == set(FACTORS)


@pytest.mark.parametrize("name", FACTORS)
def test_a_factor_does_what_it_says(name):
    x, albedo = make_heads({name: np.array([-0.5, 0.0, 0.75, 1.5])})
    values = [MEASURES[name](v, a) for v, a in zip(x.astype(float), albedo, strict=True)]
    assert (np.diff(values[1:]) > 0).all(), values
    assert values[0] <= values[1]


@pytest.mark.parametrize("name", ALBEDO)
def test_paint_moves_no_vertex(name):
    x, albedo = make_heads({name: np.array([0.0, 1.5])})
    np.testing.assert_array_equal(x[0], x[1])
    assert np.abs(albedo[0] - albedo[1]).max() > 0.02


@pytest.mark.parametrize("name", SHAPE)
def test_bones_change_no_paint_and_move_millimetres(name):
    x, albedo = make_heads({name: np.array([0.0, 1.0])})
    np.testing.assert_array_equal(albedo[0], albedo[1])
    moved = np.linalg.norm(x[1] - x[0], axis=1)
    assert 0.5 < moved.max() < 10
    assert moved[0] < 0.5  # the crown stays


@pytest.mark.parametrize("name", ["eye_distance", "eye_depth"])
def test_an_eyeball_moves_as_a_whole(name):
    field = SHAPE[name](Place(template()))
    one = (template().part == 1) & (template().vertices[:, 0] > 0)
    np.testing.assert_allclose(field[one], field[one][:1].repeat(one.sum(), 0), atol=1e-2)


@pytest.mark.parametrize(("length", "least", "most"), [(-1.0, 100, 2000), (0.7, 0, 3), (2.0, 0, 3)])
def test_long_hair_hides_the_ears_and_short_hair_does_not(length, least, most):
    """Seen from the side at a pixel for 2 mm; no sliver of an ear looks out of long hair."""
    triangles = template().triangles
    for ear in (0.0, heads.LIMIT):
        x, _ = make_heads({"hair_length": [length], "ear_size": [ear], "ear_flare": [ear]})
        points = to_pixels(x[0].astype(float), yaw=70, pitch=0, size=150, span=300)
        front = rasterise(points, triangles, 150).triangle
        seen = (front >= 0) & (template().part[triangles[front, 0]] == 2)
        assert least <= seen.sum() <= most


def test_eyes_look_out_between_the_lids(data):
    """Iris and white are seen in pictures of every head, in front of the skin behind them."""
    mesh = template()
    for x in data.x[::12]:
        marked = np.where(mesh.part == 1, 1.0, 0.0)
        picture = render_mesh(x, mesh.triangles, marked, size=150, light=(0, 0, 1), background=0)
        assert 40 < (picture > 0.5).sum() < 500


def test_paint_is_where_it_belongs():
    _, a = make_heads({})
    mesh, tone = template(), a[0]
    cheek, brow = tone[MARK["right cheek"]], tone[MARK["right inner brow"] - COLUMNS]
    pupil = tone[(mesh.part == 1) & (mesh.ring == 0)]
    white = tone[(mesh.part == 1) & (mesh.ring > 40)]
    assert tone[0] < 0.5 * cheek  # hair
    assert brow < 0.75 * cheek
    assert tone[MARK["upper lip"] + COLUMNS] < 0.85 * cheek
    assert pupil.max() < 0.1 < 0.7 < white.min()


@pytest.mark.parametrize("factors", [{}, {"smile": [0.0]}])
def test_factors_left_out_are_zero(factors):
    x, albedo = make_heads(factors)
    full, paint = make_heads({name: np.zeros(1) for name in FACTORS})
    np.testing.assert_array_equal(x, full)
    np.testing.assert_array_equal(albedo, paint)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"horns": [1.0]}, r"no factors \['horns'\]"),
        ({"smile": [0.0, 1.0], "lips": [0.0]}, "one n"),
        ({"smile": [[0.0]]}, "one n"),
        ({"smile": [0.0], "lips": [np.nan]}, "finite numbers; lips are not"),
    ],
)
def test_bad_factors(factors, message):
    with pytest.raises(ValueError, match=message):
        make_heads(factors)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_any_number_of_heads(n):
    drawn = draw_factors(n, np.random.default_rng(0))
    x, albedo = make_heads(drawn)
    assert x.shape == (n, len(MESH.vertices), 3)
    assert albedo.shape == x.shape[:2]


def test_extreme_factors_stay_numbers():
    for size in (-1e3, 1e3):
        _, albedo = make_heads({name: [size] for name in FACTORS if name not in SCALES})
        assert 0 <= albedo.min() <= albedo.max() <= 1


def test_who_writes_into_a_loaded_set_changes_no_other():
    one, other = load("heads", n=10), load("heads", n=10)
    one.shared["triangles"][:] = 0
    one.shared["landmarks"].clear()
    assert other.shared["triangles"].max() == len(MESH.vertices) - 1
    assert load("heads", n=10).shared["landmarks"] == other.shared["landmarks"] == MARK


@pytest.mark.parametrize("values", [np.zeros((100, 3)), np.zeros((2, 6203))])
def test_only_one_whole_head_is_renumbered(values):
    with pytest.raises(ValueError, match="a head has 6203 vertices"):
        heads.renumber(values, 3)


def test_too_few_heads():
    with pytest.raises(ValueError, match="at least 10"):
        load_heads(5)


def test_short_hair_changes_the_hair_only(data):
    short = load("heads", hair="short")
    assert not short.factors["hair_length"].any()
    np.testing.assert_array_equal(short.factors["smile"], data.factors["smile"])
    face = box([0, -30, 90], [28, 40, 30]) & (np.abs(data.x - short.x).max(axis=(0, 2)) < 1e-3)
    assert face.sum() > 500
    assert np.abs(data.x - short.x).max() > 10
    bald_neck = (MESH.row > row_of("throat")) & (AZIMUTH > 110)
    assert short.extras["albedo"][:, bald_neck].std() < data.extras["albedo"][:, bald_neck].std()


def test_unknown_hair():
    with pytest.raises(ValueError, match="'all' or 'short'"):
        load("heads", hair="long")


def test_the_lesson_counts_the_factors():
    """The page says: 45 factors; with short hair 35 move vertices and 8 paint."""
    assert len(FACTORS) == 45
    assert len(ALBEDO) == 8
    assert len([name for name in FACTORS if name not in ALBEDO]) - 2 == 35
