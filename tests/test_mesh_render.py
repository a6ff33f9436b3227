"""The renderer against spheres, planes and pairs of triangles whose pictures are known."""

import numpy as np
import pytest

from lib import mesh_render
from lib.mesh_render import rasterise, render_mesh, rotation, shade, to_pixels, vertex_normals


def sphere(radius: float = 1.0, rows: int = 60, columns: int = 120):
    """Vertices and outward triangles of a ball."""
    polar, turn = np.linspace(0, np.pi, rows + 1), 2 * np.pi * np.arange(columns) / columns
    at = np.stack(np.meshgrid(polar, turn, indexing="ij"), axis=-1).reshape(-1, 2)
    x, y = np.sin(at[:, 0]) * np.sin(at[:, 1]), np.cos(at[:, 0])
    vertices = radius * np.stack([x, y, np.sin(at[:, 0]) * np.cos(at[:, 1])], axis=1)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    a, b = i * columns + j, i * columns + (j + 1) % columns
    c, d = a + columns, b + columns
    return vertices, np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])


def square(depth: float = 0.0, half: float = 1.0, tilt=(0.0, 0.0)):
    """A square that faces the viewer; its depth rises by `tilt` along x and y."""
    xy = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    z = depth + xy @ np.array(tilt)
    return np.column_stack([xy, z]), np.array([[0, 1, 2], [0, 2, 3]])


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (40, 0), (0, -25), (130, 60)])
def test_rotation_is_a_rotation(yaw, pitch):
    r = rotation(yaw, pitch)
    np.testing.assert_allclose(r @ r.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(r) == pytest.approx(1)


def test_yaw_turns_the_nose_to_the_right_and_pitch_tips_the_top_forward():
    np.testing.assert_allclose(rotation(90, 0) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(rotation(0, 90) @ [0, 1, 0], [0, 0, 1], atol=1e-12)


def test_normals_of_a_sphere_point_away_from_its_middle():
    vertices, triangles = sphere(3.0)
    away = vertices / 3.0
    cosine = (vertex_normals(vertices, triangles) * away).sum(axis=1)
    cosine = cosine.reshape(61, -1)[1:-1]  # the poles are many vertices in one place
    assert cosine.min() > 0.999


def test_normals_do_not_depend_on_scale_and_turn_with_the_mesh():
    rng = np.random.default_rng(0)
    vertices, triangles = sphere(1.0, 8, 12)
    vertices = vertices * [1, 2, 0.5] + 0.05 * rng.normal(size=vertices.shape)
    r, normals = rotation(30, 20), vertex_normals(vertices, triangles)
    turned = vertex_normals(5 * vertices @ r.T + [1, 2, 3], triangles)
    np.testing.assert_allclose(turned, normals @ r.T, atol=1e-9)
    np.testing.assert_allclose(vertex_normals(1e-7 * vertices, triangles), normals, atol=1e-9)


@pytest.mark.parametrize("radius", [20, 55.5])
def test_silhouette_of_a_sphere_has_the_area_of_a_disc(radius):
    vertices, triangles = sphere(radius)
    points = to_pixels(vertices, yaw=17, pitch=-8, size=150, span=150)
    hit = rasterise(points, triangles, 150).triangle >= 0
    assert hit.sum() == pytest.approx(np.pi * radius**2, rel=0.01)


def test_shading_of_a_sphere_is_the_cosine_law_in_every_pixel(monkeypatch):
    monkeypatch.setattr(mesh_render, "GLOSS", 0.0)
    vertices, triangles = sphere(1.0)
    light = np.array([0.5, 0.3, 0.8]) / np.linalg.norm([0.5, 0.3, 0.8])
    picture = render_mesh(
        vertices, triangles, np.full(len(vertices), 0.7), yaw=33, light=light, size=80, span=2.4,
        samples=1,
    )  # fmt: skip
    x = (np.arange(80) + 0.5 - 40) * 2.4 / 80
    x, y = np.meshgrid(x, -x)
    inside = x**2 + y**2 < 0.93**2  # normals change fast at the rim
    z = np.sqrt(np.where(inside, 1 - x**2 - y**2, 0))
    cosine = np.maximum(light[0] * x + light[1] * y + light[2] * z, 0)
    want = 0.7 * (mesh_render.AMBIENT + (1 - mesh_render.AMBIENT) * cosine)
    np.testing.assert_allclose(picture[inside], want[inside], atol=0.006)


def test_highlight_is_brightest_halfway_between_lamp_and_viewer():
    angles = np.radians(np.linspace(-80, 80, 321))
    normals = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
    black = shade(normals, np.zeros(len(angles)), (np.sin(0.7), 0, np.cos(0.7)))
    assert np.degrees(angles[black.argmax()]) == pytest.approx(np.degrees(0.35), abs=0.5)
    assert black.max() == pytest.approx(mesh_render.GLOSS, rel=1e-3)


def test_light_from_behind_leaves_the_ambient_part():
    facing = np.array([[0.0, 0, 1]])
    assert shade(facing, np.array([0.5]), (0, 0.1, -1)) == pytest.approx(0.5 * mesh_render.AMBIENT)


def test_a_lamp_right_behind_is_no_special_case():
    facing, opposite = np.array([[0.0, 0, 1], [0.6, 0, 0.8]]), (0, 0, -2)
    np.testing.assert_allclose(
        shade(facing, np.array([0.5, 1]), opposite),
        [0.5 * mesh_render.AMBIENT, mesh_render.AMBIENT],
    )


def test_depth_of_a_tilted_plane():
    points = to_pixels(square(2.0, 5.0, (0.3, -0.6))[0], yaw=0, pitch=0, size=40, span=8)
    depth = rasterise(points, square()[1], 40).depth
    x = (np.arange(40) + 0.5 - 20) * 8 / 40
    np.testing.assert_allclose(depth, 2.0 + 0.3 * x[None] + 0.6 * x[:, None], atol=1e-9)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_triangle_hides_the_other_in_any_order(order):
    depths = (-1.0, 2.0)
    parts = [square(depths[k]) for k in order]
    vertices = np.concatenate([v for v, _ in parts])
    triangles = np.concatenate([t + 4 * k for k, (_, t) in enumerate(parts)])
    albedo = np.repeat([0.9 if depths[k] == 2.0 else 0.1 for k in order], 4)
    picture = render_mesh(vertices, triangles, albedo, size=20, span=4, light=(0, 0, 1))
    assert np.all(picture[8:12, 8:12] > 0.8)


def test_planes_that_cross_are_each_in_front_on_one_side():
    left, right = square(0, 5, (-0.5, 0)), square(0, 5, (0.5, 0))
    vertices = np.concatenate([left[0], right[0]])
    triangles = np.concatenate([left[1], right[1] + 4])
    points = to_pixels(vertices, yaw=0, pitch=0, size=30, span=6)
    front = rasterise(points, triangles, 30).triangle // 2
    np.testing.assert_array_equal(front, np.arange(30)[None].repeat(30, 0) >= 15)


def test_neighbouring_triangles_leave_no_gap():
    rng = np.random.default_rng(3)
    grid = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1)
    grid[1:-1, 1:-1] += rng.uniform(-0.4, 0.4, (7, 7, 2))
    number = np.arange(81).reshape(9, 9)
    a, b, c, d = (
        n.ravel() for n in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:])
    )
    triangles = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
    vertices = np.column_stack([grid.reshape(-1, 2) - 4, np.zeros(81)])
    for turn in np.linspace(0, 1.5, 7):
        spin = np.array(
            [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
        )
        points = to_pixels(vertices @ spin.T, yaw=0, pitch=0, size=90, span=5.6)
        assert (rasterise(points, triangles, 90).triangle >= 0).all()


@pytest.mark.parametrize("size", [40, 41])
def test_a_ball_has_no_cracks_from_any_side(size):
    """Odd sizes put the edges of the middle on middles of pixels."""
    vertices, triangles = sphere(1.0, 30, 48)
    for yaw in range(-180, 180, 15):
        for pitch in (-90, -30, 0, 17, 90):
            points = to_pixels(vertices, yaw=yaw, pitch=pitch, size=size, span=2.2)
            hit = rasterise(points, triangles, size).triangle >= 0
            assert hit.sum() > 0.7 * np.pi * (size / 2.2) ** 2
            for line in (*hit, *hit.T):  # a disc: hits of a line follow each other
                assert np.count_nonzero(np.diff(line.astype(int))) <= 2


def test_turning_by_whole_turns_changes_nothing():
    vertices, triangles = sphere(1.0, 12, 16)
    albedo = np.linspace(0.1, 0.9, len(vertices))
    near, far = (render_mesh(vertices, triangles, albedo, yaw=yaw, size=30, span=2.4)
                 for yaw in (25, 25 - 360 * 10_000))  # fmt: skip
    np.testing.assert_allclose(near, far, atol=1e-3)


@pytest.mark.parametrize(
    "triangles", [np.zeros((0, 3), int), np.array([[0, 0, 1], [2, 2, 2], [0, 4, 5]])]
)
def test_what_has_no_area_is_not_drawn(triangles):
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1], [2, 2, 2]])
    picture = render_mesh(vertices, triangles, np.ones(6), size=7, span=2, background=0.3)
    np.testing.assert_allclose(picture, 0.3)


def test_a_mesh_without_points_is_an_empty_picture():
    nothing = np.zeros((0, 3))
    picture = render_mesh(nothing, nothing.astype(int), np.zeros(0), size=3, background=0.3)
    np.testing.assert_allclose(picture, 0.3)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64])
def test_any_whole_numbers_name_vertices_and_nothing_given_is_changed(kind):
    vertices, triangles = sphere(1.0, 8, 12)
    given = vertices.astype(np.float32), triangles.astype(kind), np.ones(len(vertices), int)
    kept = [part.copy() for part in given]
    picture = render_mesh(*given, size=20, span=2.4)
    want = render_mesh(vertices, triangles, np.ones(len(vertices)), size=20, span=2.4)
    np.testing.assert_allclose(picture, want, atol=0.02)
    for part, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(part, before)


@pytest.mark.filterwarnings("error")
def test_a_mesh_much_larger_than_the_picture():
    vertices, triangles = square(half=1e30)
    picture = render_mesh(vertices, triangles, np.ones(4), size=5, span=1, background=0)
    assert picture.min() > 0.5
    aside = render_mesh(
        vertices + np.array([3e30, 0, 0]), triangles, np.ones(4), size=5, background=0.3
    )
    np.testing.assert_allclose(aside, 0.3)


def test_weights_reproduce_the_pixel():
    vertices, triangles = sphere(1.0, 9, 14)
    points = to_pixels(vertices, yaw=10, pitch=5, size=50, span=2.5)
    hits = rasterise(points, triangles, 50)
    row, column = np.nonzero(hits.triangle >= 0)
    corners = points[triangles[hits.triangle[row, column]]]
    at = np.einsum("pk,pkc->pc", hits.weights[row, column], corners)
    np.testing.assert_allclose(at[:, :2], np.stack([column, row], axis=1) + 0.5, atol=1e-9)
    np.testing.assert_allclose(at[:, 2], hits.depth[row, column], atol=1e-9)


def test_the_inside_of_a_mesh_is_not_drawn():
    vertices, triangles = square()
    behind = render_mesh(vertices, triangles[:, ::-1], np.ones(4), size=10, span=4, background=0.2)
    np.testing.assert_allclose(behind, 0.2)


def test_turning_the_mesh_or_the_camera_is_the_same():
    rng = np.random.default_rng(1)
    vertices, triangles = sphere(1.0, 20, 30)
    vertices = vertices * [0.8, 1.1, 0.9]
    albedo = rng.uniform(0.2, 0.9, len(vertices))
    options = {"size": 60, "span": 2.6, "light": (0.2, 0.5, 1.0)}
    by_camera = render_mesh(vertices, triangles, albedo, yaw=37, pitch=-12, **options)
    by_hand = render_mesh(vertices @ rotation(37, -12).T, triangles, albedo, **options)
    np.testing.assert_allclose(by_camera, by_hand, atol=1e-5)


def test_the_order_of_triangles_and_where_they_start_do_not_matter():
    rng = np.random.default_rng(2)
    vertices, triangles = sphere(1.0, 12, 16)
    albedo = rng.uniform(0.2, 0.9, len(vertices))
    mixed = np.roll(rng.permutation(triangles), 1, axis=1)
    a = render_mesh(vertices, triangles, albedo, yaw=9, size=40, span=2.4)
    b = render_mesh(vertices, mixed, albedo, yaw=9, size=40, span=2.4)
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_picture_is_the_mean_of_its_samples():
    vertices, triangles = sphere(1.0, 20, 30)
    albedo = np.linspace(0.1, 0.9, len(vertices))
    fine = render_mesh(vertices, triangles, albedo, size=60, span=2.4, samples=1)
    coarse = render_mesh(vertices, triangles, albedo, size=30, span=2.4, samples=2)
    np.testing.assert_allclose(coarse, fine.reshape(30, 2, 30, 2).mean(axis=(1, 3)), atol=1e-6)
    assert coarse.dtype == np.float32
    assert 0 <= coarse.min() <= coarse.max() <= 1


def test_what_lies_outside_the_picture_is_cut_off():
    vertices, triangles = square(half=50.0)
    whole = render_mesh(vertices, triangles, np.ones(4), size=12, span=4, background=0.0)
    assert whole.min() > 0.5
    away = render_mesh(vertices + np.array([500, 0, 0]), triangles, np.ones(4), size=12, span=4)
    np.testing.assert_allclose(away, 0.85)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vertices": np.zeros((4, 2))}, "vertices must be finite"),
        ({"vertices": np.full((4, 3), np.nan)}, "vertices must be finite"),
        ({"triangles": np.zeros((2, 4), int)}, "triangles must be whole"),
        ({"triangles": np.zeros((2, 3))}, "triangles must be whole"),
        ({"triangles": np.array([[0, 1, 9]])}, r"outside 0\.\.3"),
        ({"triangles": np.array([[0, 1, -1]])}, r"outside 0\.\.3"),
        ({"albedo": np.ones(3)}, "albedo must be"),
        ({"albedo": np.array([1, 1, np.nan, 1])}, "albedo must be finite"),
        ({"light": (0, 0, 0)}, "light must be"),
        ({"light": (0, 1)}, "light must be"),
        ({"light": (0, 1, np.inf)}, "light must be"),
        ({"yaw": np.nan}, "yaw, pitch and background must be finite"),
        ({"pitch": np.inf}, "yaw, pitch and background must be finite"),
        ({"background": np.nan}, "yaw, pitch and background must be finite"),
        ({"size": 0}, "positive whole numbers"),
        ({"size": 20.5}, "positive whole numbers"),
        ({"samples": 0}, "positive whole numbers"),
        ({"span": -1.0}, "span must be positive"),
        ({"span": np.inf}, "span must be positive"),
    ],
)  # fmt: skip
def test_bad_input(change, message):
    vertices, triangles = square()
    good = {"vertices": vertices, "triangles": triangles, "albedo": np.ones(4)}
    with pytest.raises(ValueError, match=message):
        render_mesh(**(good | change))
