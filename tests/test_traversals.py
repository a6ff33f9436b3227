"""Traversals change one latent, the ruler reads what it should, and drawings show their numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import traversals
from lib.metrics import mutual_information_gap
from lib.plots import COLORS
from tests import mutations_disentangling as broken


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_the_busiest_latent_comes_first_and_ties_keep_their_order():
    assert traversals.latent_order([0.1, 3.0, 0.1, 2.0]).tolist() == [1, 3, 0, 2]


def test_check_walk_changes_one_entry_of_the_code():
    broken.check_walk_changes_one_entry()


@pytest.mark.parametrize(("start", "which"), [(np.zeros(3), [3]), (np.zeros((1, 3)), [0])])
def test_a_walk_needs_a_code_that_has_the_latent(start, which):
    with pytest.raises(ValueError, match="cannot walk"):
        traversals.traverse(start, which, [0.0])


def test_the_ruler_recovers_quadratic_factors_of_new_pictures():
    broken.check_ruler_recovers_quadratics()


def test_the_ruler_gives_the_least_squares_fit_of_sklearn(rng):
    pipeline = pytest.importorskip("sklearn.pipeline")
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import PolynomialFeatures

    features, factor = rng.normal(size=(80, 4)) * [1, 5, 0.1, 2] + 3, rng.normal(size=80)
    peer = pipeline.make_pipeline(PolynomialFeatures(2), LinearRegression()).fit(features, factor)
    found = traversals.fit_ruler(features, {"a": factor}).read(features[:9] + 0.1)
    np.testing.assert_allclose(found["a"], peer.predict(features[:9] + 0.1), atol=1e-8)


def test_the_ruler_needs_all_factors_and_enough_pictures(rng):
    with pytest.raises(ValueError, match="one value for each"):
        traversals.fit_ruler(rng.normal(size=(30, 2)), {"a": np.zeros(29)})
    with pytest.raises(ValueError, match="one value for each"):
        traversals.fit_ruler(rng.normal(size=(30, 2)), {})
    with pytest.raises(ValueError, match="as many pictures"):
        traversals.fit_ruler(rng.normal(size=(30, 9)), {"a": np.zeros(30)})


def test_the_sheet_shows_every_picture_in_its_place(rng):
    pictures = rng.random((2, 3, 5, 4))
    fig = traversals.traversal_sheet(pictures, ["yaw", "wall"], [-1.5, 0, 1.5])
    shown = [ax.images[0].get_array() for ax in fig.axes]
    np.testing.assert_array_equal(shown, pictures.reshape(6, 5, 4))
    assert [ax.get_title() for ax in fig.axes] == ["−1.5", "0", "1.5", "", "", ""]
    assert [fig.axes[i].get_ylabel() for i in (0, 3)] == ["yaw", "wall"]


def test_the_sheet_needs_a_picture_for_every_step(rng):
    with pytest.raises(ValueError, match="2 rows of 3"):
        traversals.traversal_sheet(rng.random((2, 2, 5, 4)), ["a", "b"], [-1, 0, 1])


def test_tables_show_shares_of_the_entropy_in_the_order_of_the_rates(rng):
    coins = rng.integers(0, 2, size=(400, 2))
    code = np.stack([rng.normal(size=400), coins[:, 1], coins[:, 0]], axis=1)
    gap = mutual_information_gap(code, coins)
    fig = traversals.information_tables({"model": gap}, ["a", "b"], [np.array([2, 1, 0])])
    (ax,) = fig.axes
    texts = np.array([t.get_text() for t in ax.texts], dtype=float).reshape(3, 2)
    assert texts[0, 0] == texts[1, 1] == 100
    np.testing.assert_allclose(texts[0, 1], 100 * gap.information[2, 1] / gap.entropy[1], atol=0.5)
    np.testing.assert_allclose(ax.images[0].get_array() * 100, texts, atol=0.51)
    assert ax.get_title() == f"model: MIG {gap.score:.2f}"


def test_the_trade_off_shows_seeds_medians_and_the_annealed_run():
    runs = {1.0: [(0.1, 0.2), (0.2, 0.3), (0.6, 0.4)], 16.0: [(1.0, 0.5)]}
    (ax,) = traversals.trade_off(runs, [(5.0, 0.1), (0.2, 0.6)]).axes
    drawn = [line.get_xydata().tolist() for line in ax.lines]
    assert drawn[0] == [[5.0, 0.1], [0.2, 0.6]]
    assert drawn[1] == [[0.1, 0.2], [0.2, 0.3], [0.6, 0.4]]
    np.testing.assert_allclose(drawn[2], [[0.2, 0.3]])
    assert drawn[3] == drawn[4] == [[1.0, 0.5]]


def test_waking_shows_rates_while_beta_falls_to_the_right(rng):
    rates = rng.random((3, 2))
    (ax,) = traversals.waking([64, 8, 1], rates).axes
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], rates.T)
    assert ax.xaxis_inverted()
    with pytest.raises(ValueError, match="rates must be"):
        traversals.waking([64, 8], rates)


def test_axes_that_follow_their_factors_are_found(rng):
    broken.check_axes_that_follow()
    yaw, smile = rng.normal(size=(2, 4000))
    turned = np.stack([yaw + smile, yaw - smile], axis=1)
    first, second = traversals.axis_following(turned, yaw, smile)
    assert 0.6 < first < 0.8  # the correlation of yaw with the sum is 0.71
    assert second > 0.5


def test_axes_are_turned_to_face_their_factors():
    broken.check_axes_face_their_factors()


def test_axes_need_one_value_for_each_code(rng):
    with pytest.raises(ValueError, match="give codes"):
        traversals.reading_axes(rng.normal(size=(9, 3)), np.zeros(9), np.zeros(9))
    with pytest.raises(ValueError, match="give codes"):
        traversals.axis_following(rng.normal(size=(9, 3)), np.zeros(9), np.zeros(9))
    with pytest.raises(ValueError, match="give codes"):
        traversals.axis_following(rng.normal(size=(9, 2)), np.zeros(9), np.zeros(8))


def test_turning_costs_are_drawn_as_given(rng):
    costs = dict(zip("ab", rng.random((2, 5)), strict=True))
    (ax,) = traversals.turning_costs(np.arange(5), costs).axes
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], list(costs.values()))


def test_planes_have_a_column_each_and_factors_a_row(rng):
    planes = {"a": rng.random((6, 2)), "b": rng.random((6, 2))}
    factors = {"yaw": rng.random(6), "smile": rng.random(6)}
    axes = [ax for ax in traversals.code_planes(planes, factors).axes if ax.get_title()]
    assert [ax.get_title() for ax in axes] == ["a", "b", "a", "b"]
    for ax, name, factor in zip(axes, "abab", ["yaw", "yaw", "smile", "smile"], strict=True):
        np.testing.assert_allclose(ax.collections[0].get_offsets(), planes[name])
        np.testing.assert_allclose(ax.collections[0].get_array(), factors[factor])


def frame_of(now, face=None):
    face = np.zeros((32, 32)) if face is None else face
    return traversals.traversal_frame(face, {"a": now}, {"a": 0.0}, {"a": (-1.0, 1.0)})


def where(frame, role):
    color = [int(COLORS[role][i : i + 2], 16) for i in (1, 3, 5)]
    return np.argwhere(np.all(frame == color, axis=2))


def test_the_frame_shows_the_picture(rng):
    face = rng.random((32, 32))
    frame = frame_of(0.5, face)
    assert frame.shape == (256, 576, 3)
    assert frame.dtype == np.uint8
    np.testing.assert_allclose(frame[4:256:8, 4:256:8, 0] / 255, face, atol=0.02)


def test_the_dot_moves_with_the_value_and_the_tick_stays():
    left, right = (where(frame_of(v), "latent")[:, 1] for v in (-0.8, 0.8))
    middle = where(frame_of(0.8), "prior")[:, 1].mean()
    assert left.min() < middle - 80
    assert right.max() > middle + 80
    assert abs((left.min() + right.max()) / 2 - middle) < 2
    np.testing.assert_array_equal(frame_of(1.0), frame_of(7.0))  # beyond the scale: at its end


def test_a_frame_needs_one_set_of_names():
    with pytest.raises(ValueError, match="same factors"):
        traversals.traversal_frame(np.zeros((32, 32)), {"a": 0}, {"b": 0}, {"a": (0, 1)})
