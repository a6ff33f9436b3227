"""Mistakes people make when they look at single latent variables, each caught by a check."""

import numpy as np

from lib import traversals
from tests.mutation import Edit, Mutation


def check_walk_changes_one_entry() -> None:
    start, values = np.array([1.0, 2.0, 3.0]), [-1.0, 0.0, 5.0, 6.0]
    codes = traversals.traverse(start, [2, 0], values)
    assert codes.shape == (2, 4, 3)
    np.testing.assert_array_equal(codes[0, :, 2], values)
    np.testing.assert_array_equal(codes[1, :, 0], values)
    np.testing.assert_array_equal(codes[0, :, :2], np.tile(start[:2], (4, 1)))
    np.testing.assert_array_equal(codes[1, :, 1:], np.tile(start[1:], (4, 1)))


def check_busiest_comes_first() -> None:
    np.testing.assert_array_equal(traversals.latent_order([0.5, 2.0, 0.0, 1.0]), [1, 3, 0, 2])


def check_ruler_recovers_quadratics() -> None:
    rng = np.random.default_rng(8)
    features = rng.normal(size=(120, 3)) * [1.0, 20.0, 0.3] + [5.0, 0.0, -1.0]

    def truth(v: np.ndarray) -> dict[str, np.ndarray]:
        return {"bend": v[:, 0] ** 2 - v[:, 0] * v[:, 1], "line": 3 + v[:, 2]}

    ruler = traversals.fit_ruler(features[:80], truth(features[:80]))
    want, found = truth(features[80:]), ruler.read(features[80:])
    assert list(found) == ["bend", "line"]
    for name in want:
        np.testing.assert_allclose(found[name], want[name], atol=1e-7)


def check_axes_that_follow() -> None:
    """Codes are stretched factors, the second flipped; the axis of the smile leans with the yaw."""
    rng = np.random.default_rng(5)
    yaw, smile = rng.normal(size=(2, 4000))
    codes = np.stack([-np.exp(smile) + 4 * yaw**2, yaw**3], axis=1)
    first, second = traversals.axis_following(codes, yaw, smile, bins=200)
    assert first > 0.999
    assert second > 0.8
    assert traversals.axis_following(codes[:, ::-1], yaw, smile, bins=200) == (first, second)


def check_axes_face_their_factors() -> None:
    """Of codes in any order and with any signs, the axes come back in order and rise."""
    yaw, smile = np.random.default_rng(6).normal(size=(2, 500))
    want = np.stack([yaw**3, np.exp(smile)], axis=1)
    for columns in ([0, 1], [1, 0]):
        for signs in ([1, 1], [1, -1], [-1, 1], [-1, -1]):
            codes = want[:, columns] * signs
            axes = traversals.reading_axes(codes, yaw, smile)
            np.testing.assert_array_equal(codes @ axes, want)
            np.testing.assert_array_equal(codes @ axes @ axes.T, codes)


MUTATIONS = [
    Mutation(
        "the axis of the first factor asked about the second",
        "lib.traversals.axis_following",
        Edit("np.argmin(found)", "np.argmax(found)"),
        check_axes_that_follow,
    ),
    Mutation(
        "axes swapped but not flipped",
        "lib.traversals.reading_axes",
        Edit("* signs", ""),
        check_axes_face_their_factors,
    ),
    Mutation(
        "signs taken before the swap",
        "lib.traversals.reading_axes",
        Edit("[ranks[k, 0] < 0, ranks[1 - k, 1] < 0]", "[ranks[0, 0] < 0, ranks[1, 1] < 0]"),
        check_axes_face_their_factors,
    ),
    Mutation(
        "a flipped axis counts against",
        "lib.traversals._rank_correlation",
        Edit("abs(float(stats.spearmanr(a, b)[0]))", "float(stats.spearmanr(a, b)[0])"),
        check_axes_that_follow,
    ),
    Mutation(
        "the walk keeps what it set before",
        "lib.traversals.traverse",
        Edit("codes[row, :, k] = values", "codes[row:, :, k] = values"),
        check_walk_changes_one_entry,
    ),
    Mutation(
        "steps added to the start instead of set",
        "lib.traversals.traverse",
        Edit("codes[row, :, k] = values", "codes[row, :, k] += values"),
        check_walk_changes_one_entry,
    ),
    Mutation(
        "quietest latent first",
        "lib.traversals.latent_order",
        Edit("-np.asarray(rates", "np.asarray(rates"),
        check_busiest_comes_first,
    ),
    Mutation(
        "products without squares",
        "lib.traversals._quadratic",
        Edit("np.triu_indices(v.shape[1])", "np.triu_indices(v.shape[1], 1)"),
        check_ruler_recovers_quadratics,
    ),
    Mutation(
        "no constant",
        "lib.traversals._quadratic",
        Edit("np.ones((len(v), 1))", "np.zeros((len(v), 1))"),
        check_ruler_recovers_quadratics,
    ),
    Mutation(
        "new pictures not scaled as the fitted ones",
        "lib.traversals.Ruler.read",
        Edit(" / self.scale", ""),
        check_ruler_recovers_quadratics,
    ),
]
