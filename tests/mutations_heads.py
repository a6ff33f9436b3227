"""Mistakes people make with meshes and their pictures, each caught by a check of the real code."""

import numpy as np

from lib import head_plots, mesh_render, morphable
from lib.datasets import head_template, heads
from lib.pca import fit_pca
from tests.equations import heads as equations
from tests.mutation import Edit, Mutation
from tests.test_head_template import edges
from tests.test_heads import MEASURES
from tests.test_mesh_render import sphere, square

RENDER, TEMPLATE = "lib.mesh_render", "lib.datasets.head_template"


def a_ball_is_shaded_by_the_cosine() -> None:
    vertices, triangles = sphere()
    picture = mesh_render.render_mesh(
        vertices, triangles, np.full(len(vertices), 0.5), light=(1, 0, 1), size=41, span=4.1,
        samples=1,
    )  # fmt: skip
    ambient = mesh_render.AMBIENT
    lambert = 0.5 * (ambient + (1 - ambient) * np.cos(np.pi / 4))
    assert abs(picture[20, 20] - lambert) < mesh_render.GLOSS
    assert abs(picture[20, 12] - 0.5 * ambient) < 0.02  # in its own shadow
    assert picture[20, 27] > picture[20, 20] > picture[20, 13]


def the_nearer_square_hides_the_other() -> None:
    (far, t), (near, _) = square(-1.0), square(1.0)
    for first, second, front in ((far, near, 1), (near, far, 0)):
        points = np.concatenate([first, second])
        hits = mesh_render.rasterise(
            mesh_render.to_pixels(points, yaw=0, pitch=0, size=8, span=2.0),
            np.concatenate([t, t + 4]),
            8,
        )
        assert (hits.triangle // 2 == front).all()


def a_square_fills_the_picture() -> None:
    points, triangles = square()
    columns = mesh_render.to_pixels(points, yaw=0, pitch=0, size=9, span=2.0)
    assert (mesh_render.rasterise(columns, triangles, 9).triangle >= 0).all()


def normals_are_those_of_a_ball() -> None:
    vertices, triangles = sphere(2.0)
    cosine = (mesh_render.vertex_normals(vertices, triangles) * vertices / 2).sum(axis=1)
    assert cosine[200:-200].min() > 0.999


def up_is_up() -> None:
    points = np.array([[0.0, 1, 0], [1, 0, 0]])
    at = mesh_render.to_pixels(points, yaw=0, pitch=0, size=10, span=10)
    np.testing.assert_allclose(at[:, :2], [[5, 4], [6, 5]])


def the_skin_is_consistently_oriented() -> None:
    found = edges(head_template.fan_and_strips(4, 6, shut=True))
    directed = {tuple(e) for e in found.tolist()}
    assert len(directed) == len(found)
    assert all((b, a) in directed for a, b in directed)


def an_ear_faces_outwards() -> None:
    back, up, out = head_template._ear_axes()
    np.testing.assert_allclose(np.cross(back, up), out)
    assert out[0] > 0.5


def the_face_has_two_alike_halves() -> None:
    p = np.random.default_rng(0).normal(0, 60, (50, 3))
    np.testing.assert_allclose(head_template.surface(p), head_template.surface(p * [-1, 1, 1]))


def scales_do_what_they_say() -> None:
    for name in ("face_width", "face_length", "head_depth", "size"):
        x, albedo = heads.make_heads({name: np.array([0.0, 1.0])})
        small, large = (MEASURES[name](v, a) for v, a in zip(x, albedo, strict=True))
        assert large > small


def factors_are_cut_off() -> None:
    drawn = heads.draw_factors(3000, np.random.default_rng(3))
    assert max(np.abs(v).max() for v in drawn.values()) <= heads.LIMIT


def a_renumbered_head_looks_the_same() -> None:
    x, albedo = (part[0] for part in heads.make_heads({}))
    triangles = head_template.template().triangles
    before = mesh_render.render_mesh(x, triangles, albedo, size=40)
    moved = heads.renumber(x, 5), heads.renumber(albedo, 5)
    after = mesh_render.render_mesh(moved[0], triangles, moved[1], size=40)
    assert np.abs(after - before).max() < 0.02
    assert np.abs(moved[0] - x).max() > 1


def a_head_survives_the_model() -> None:
    random = np.random.default_rng(0)
    x, tone = random.normal(size=(6, 7, 3)), random.uniform(size=(6, 7))
    model = morphable.fit_morphable(x, tone, np.zeros((0, 3), int), k_shape=5, k_albedo=5)
    alpha, beta = model.encode(x, tone)
    vertices, paint = model.head(alpha[2], beta[2])
    np.testing.assert_allclose(vertices, x[2], atol=1e-9)
    np.testing.assert_allclose(paint, tone[2], atol=1e-9)
    want = fit_pca(x.reshape(6, -1)).variances
    np.testing.assert_allclose(model.shape.variances, want, atol=1e-12)


def the_nearest_head_is_itself() -> None:
    x = np.random.default_rng(1).normal(size=(5, 7, 3))
    number, distance = morphable.nearest_heads(x[[3, 1]] + [0, 0, 0.01], x)
    assert number.tolist() == [3, 1]
    np.testing.assert_allclose(distance, 0.01)


def two_alike_pictures_are_no_sharper_than_one() -> None:
    picture = np.random.default_rng(2).uniform(size=(6, 8))
    one, two = head_plots.edge_energy(picture), head_plots.edge_energy([picture, picture])
    np.testing.assert_allclose(one, two)


MUTATIONS = [
    Mutation(
        "light on the side turned away",
        f"{RENDER}.shade",
        Edit("np.maximum(normals @ light, 0)", "np.abs(normals @ light)"),
        a_ball_is_shaded_by_the_cosine,
    ),
    Mutation(
        "light not of unit length",
        f"{RENDER}.shade",
        Edit(" / np.linalg.norm(light)", ""),
        a_ball_is_shaded_by_the_cosine,
    ),
    Mutation(
        "the farthest triangle wins",
        f"{RENDER}._nearest",
        Edit("np.argsort(depth)", "np.argsort(-depth)"),
        the_nearer_square_hides_the_other,
    ),
    Mutation(
        "no z-buffer: the last triangle wins",
        f"{RENDER}._nearest",
        Edit("np.argsort(depth)", "np.arange(len(depth))"),
        the_nearer_square_hides_the_other,
    ),
    Mutation(
        "boxes one pixel short",
        f"{RENDER}._pairs",
        Edit("high - low + 1", "high - low"),
        a_square_fills_the_picture,
    ),
    Mutation(
        "edges belong to neither triangle",
        f"{RENDER}.rasterise",
        Edit(
            "(b >= -EDGE) & (c >= -EDGE) & (b + c <= 1 + EDGE)",
            "(b > EDGE) & (c > EDGE) & (b + c < 1 - EDGE)",
        ),
        a_square_fills_the_picture,
    ),
    Mutation(
        "normals point inwards",
        f"{RENDER}.vertex_normals",
        Edit("np.cross(b - a, c - a)", "np.cross(c - a, b - a)"),
        normals_are_those_of_a_ball,
    ),
    Mutation(
        "rows counted upwards",
        f"{RENDER}.to_pixels",
        Edit("middle - scale", "middle + scale"),
        up_is_up,
    ),
    Mutation(
        "half of the strips turned over",
        f"{TEMPLATE}.fan_and_strips",
        Edit("np.stack([b, c, d], axis=1)", "np.stack([b, d, c], axis=1)"),
        the_skin_is_consistently_oriented,
    ),
    Mutation(
        "ears inside out",
        f"{TEMPLATE}._ear_axes",
        Edit("np.cross(back, up)", "np.cross(up, back)"),
        an_ear_faces_outwards,
    ),
    Mutation(
        "only one half of the face",
        f"{TEMPLATE}.surface",
        Edit("torch.sqrt(x**2 + 1)", "x"),
        the_face_has_two_alike_halves,
    ),
    Mutation(
        "shrinks instead of stretching",
        "lib.datasets.heads.apply_scales",
        lambda x, f: (
            x / (1 + 0.03 * f["size"][:, None, None] + 0.03 * f["face_width"][:, None, None])
        ),
        scales_do_what_they_say,
    ),
    Mutation(
        "keeps what lies beyond the limit",
        "lib.datasets.heads.draw_factors",
        Edit("(far := np.abs(drawn) > LIMIT)", "(far := drawn > LIMIT)"),
        factors_are_cut_off,
    ),
    Mutation(
        "renumbers the crown as well",
        "lib.datasets.heads.renumber",
        Edit("slice(1, int((template().part == 0).sum()))", "slice(0, (template().row > 0).sum())"),
        a_renumbered_head_looks_the_same,
    ),
    Mutation(
        "the farthest head is taken for the nearest",
        "lib.morphable.nearest_heads",
        Edit("errors.argmin(axis=1)", "errors.argmax(axis=1)"),
        the_nearest_head_is_itself,
    ),
    Mutation(
        "differences from picture to picture counted as edges",
        "lib.head_plots.edge_energy",
        Edit("for axis in (-2, -1)", "for axis in (0, -1)"),
        two_alike_pictures_are_no_sharper_than_one,
    ),
    Mutation(
        "ridge without the prior",
        "lib.morphable.map_linear",
        Edit("+ noise_variance * np.eye(len(scale))", ""),
        equations.ridge,
    ),
    Mutation(
        "penalty forgets the eigenvalues",
        "lib.morphable.map_linear",
        Edit("scale = np.sqrt(variances)", "scale = np.ones(len(variances))"),
        equations.ridge,
    ),
    Mutation(
        "marks projected with the transposed rotation",
        "lib.morphable.fit_landmarks",
        Edit("rotation(yaw, pitch)[:2]", "rotation(yaw, pitch).T[:2]"),
        equations.ridge,
    ),
    Mutation(
        "step that ignores the prior",
        "lib.morphable.gauss_newton",
        Edit("jacobian.T @ r + z", "jacobian.T @ r"),
        equations.gauss_newton,
    ),
    Mutation(
        "coordinates flattened in the wrong order",
        "lib.morphable.MorphableModel.head",
        Edit("vertices.reshape(-1, 3)", "vertices.reshape(3, -1).T"),
        a_head_survives_the_model,
    ),
]
