"""Mistakes people make with codes and planes of them, each caught by a check of the real code."""

import numpy as np

from lib import code_space, latent_plane
from tests.mutation import Edit, Mutation


def tell(codes: np.ndarray) -> np.ndarray:
    return np.repeat(codes[:, None, :], 3, axis=1)


def the_plane_is_read_like_a_graph() -> None:
    picture = latent_plane.plane_picture(tell, (0, 0.4), (0.5, 1), 3)
    np.testing.assert_allclose(picture[::3, ::2], np.tile([0, 0.2, 0.4], (3, 1)))
    np.testing.assert_allclose(picture[::3, 1::2], np.tile([[1], [0.75], [0.5]], 3))


def the_cross_is_where_the_code_is() -> None:
    codes = np.random.default_rng(0).normal(size=(50, 2))
    plane = latent_plane.CodePlane(codes, np.arange(50) % 3)
    (left, _), (_, high) = plane.ranges
    frame = plane.frame((left, high), np.zeros((8, 8)))[:, : latent_plane.SIDE]
    y, x = np.argwhere(np.any(frame != np.asarray(plane.panel), axis=2)).max(axis=0)
    assert max(x, y) < 40


def density_has_area_one() -> None:
    side = np.linspace(-6, 6, 121)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    density = latent_plane.code_density(points, np.array([[0.0, 1.0], [1.0, 0.0]]), 0.5)
    assert abs(density.sum() * 0.1**2 - 1) < 1e-3
    spread = density @ (points - 0.5) ** 2 * 0.1**2
    assert np.allclose(spread, 0.25 + 0.5**2, atol=1e-3)


def five_in_a_hundred_new_codes_are_in_holes() -> None:
    codes, new = np.random.default_rng(0).normal(size=(2, 400, 2))
    limit = latent_plane.hole_limit(codes, new)
    apart = np.sqrt(np.sum((new[:, None] - codes) ** 2, axis=2)).min(axis=1)
    assert abs(np.mean(apart > limit) - 0.05) < 5e-3


def pixels_as_codes() -> code_space.CodeSpace:
    """An autoencoder that only flattens, and digits of four pixels that anybody can draw."""
    x, x_new = np.random.default_rng(0).random((2, 200, 2, 2))
    return code_space.CodeSpace(lambda p: p.reshape(-1, 4), lambda z: z.reshape(-1, 2, 2), x, x_new)


def random_codes_spread_like_the_codes() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(500, 2)) @ np.array([[2.0, 1.5], [0.0, 0.5]])
    kinds = code_space.random_codes(z, 50_000, rng)
    assert np.allclose(kinds["scaled"].std(axis=0), z.std(axis=0), rtol=0.03)
    assert np.allclose(np.corrcoef(kinds["Gaussian"].T), np.corrcoef(z.T), atol=0.03)
    assert abs(np.corrcoef(kinds["scaled"].T)[0, 1]) < 0.03


def a_perfect_copy_has_no_error_and_other_pictures_do() -> None:
    space = pixels_as_codes()
    half = code_space.CodeSpace(space.encode, lambda z: space.decode(z) / 2, space.x, space.x_new)
    assert not space.error(space.x_new).any()
    assert np.allclose(half.error(space.x_new), np.sum(space.x_new**2, axis=(1, 2)) / 4)


def a_linear_map_leaves_nothing_of_its_own_image() -> None:
    a = np.random.default_rng(0).normal(size=(200, 3)) + 5
    b = a @ np.array([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0]]) + [10.0, -20.0]
    assert code_space.unexplained(a, b) < 1e-12
    assert abs(code_space.unexplained(np.zeros_like(a), b) - 1) < 1e-12


def copies_have_ratio_zero_and_new_digits_one() -> None:
    space = pixels_as_codes()
    assert space.ratio(space.z) == 0
    assert abs(space.ratio(space.z_new) - 1) < 1e-12


MUTATIONS = [
    Mutation(
        "variances where standard deviations belong",
        "lib.code_space.random_codes",
        Edit("z.std(axis=0)", "z.var(axis=0)"),
        random_codes_spread_like_the_codes,
    ),
    Mutation(
        "entries of the code drawn one by one",
        "lib.code_space.random_codes",
        Edit("np.cov(z.T, bias=True)", "np.diag(z.var(axis=0))"),
        random_codes_spread_like_the_codes,
    ),
    Mutation(
        "mean over pixels instead of the sum",
        "lib.code_space.CodeSpace.error",
        Edit("np.sum(", "np.mean("),
        a_perfect_copy_has_no_error_and_other_pictures_do,
    ),
    Mutation(
        "a linear map without its constant",
        "lib.code_space.unexplained",
        Edit("np.ones(len(a))", "np.zeros(len(a))"),
        a_linear_map_leaves_nothing_of_its_own_image,
    ),
    Mutation(
        "closeness to new digits instead of training digits",
        "lib.code_space.CodeSpace.ratio",
        Edit("emptiness(codes, self.z))", "emptiness(codes, self.z_new))"),
        copies_have_ratio_zero_and_new_digits_one,
    ),
    Mutation(
        "plane upside down",
        "lib.latent_plane.plane_points",
        Edit("y_range[::-1]", "y_range"),
        the_plane_is_read_like_a_graph,
    ),
    Mutation(
        "rows and columns of the plane swapped",
        "lib.latent_plane.plane_picture",
        Edit("n, n, h, w).swapaxes(1, 2)", "n, n, h, w).swapaxes(0, 1).swapaxes(1, 2)"),
        the_plane_is_read_like_a_graph,
    ),
    Mutation(
        "cross mirrored: the rows of a picture count downwards",
        "lib.latent_plane.CodePlane.to_pixels",
        Edit("high - codes[:, 1]", "codes[:, 1] - low"),
        the_cross_is_where_the_code_is,
    ),
    Mutation(
        "density of one dimension in a plane",
        "lib.latent_plane.code_density",
        Edit("codes.shape[1] / 2", "1 / 2"),
        density_has_area_one,
    ),
    Mutation(
        "variance where the width belongs",
        "lib.latent_plane.code_density",
        Edit("/ width**2\n", "/ width\n"),
        density_has_area_one,
    ),
    Mutation(
        "limit from the codes' distance to themselves, zero",
        "lib.latent_plane.hole_limit",
        Edit("emptiness(new, codes)", "emptiness(codes, codes)"),
        five_in_a_hundred_new_codes_are_in_holes,
    ),
]
