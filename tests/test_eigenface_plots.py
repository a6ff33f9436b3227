"""Drawings of the eigenface lesson show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from lib import eigenface_plots as drawings
from lib.eigenfaces import Curves
from lib.pca import fit_pca
from lib.plots import COLORS


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_rows_of_pictures_with_heads_and_captions(rng):
    rows = {"first": rng.random((3, 5, 4)), "second": rng.random((3, 5, 4))}
    captions = {"first": ["-1", "a-b", "2"]}
    fig = drawings.picture_rows(rows, captions, heads=["x", "y", "z"])
    shown = [ax.images[0].get_array() for ax in fig.axes]
    np.testing.assert_array_equal(shown, np.concatenate(list(rows.values())))
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == ["x\n−1", "y\na-b", "z\n2", "", "", ""]
    assert [fig.axes[0].get_ylabel(), fig.axes[3].get_ylabel()] == ["first", "second"]


def test_heads_alone_stand_over_the_first_row(rng):
    fig = drawings.picture_rows({"": rng.random((2, 3, 3))}, heads=["a", "b"])
    assert [ax.get_title().strip() for ax in fig.axes] == ["a", "b"]


def test_coloured_pictures_keep_their_colours(rng):
    pictures = rng.random((2, 3, 4, 3))
    fig = drawings.picture_rows({"a": pictures})
    np.testing.assert_array_equal([ax.images[0].get_array() for ax in fig.axes], pictures)


@pytest.mark.parametrize(
    ("second", "captions"), [((2, 4, 4), {}), ((3, 4, 4), {"a": ["1"]}), ((3, 4, 4), {"c": "123"})]
)
def test_rows_must_match(rng, second, captions):
    with pytest.raises(ValueError, match="must match"):
        drawings.picture_rows({"a": rng.random((3, 4, 4)), "b": rng.random(second)}, captions)


def test_pairs_are_the_mean_minus_and_plus_three_deviations(rng):
    x = rng.random((30, 12)) @ np.diag(np.linspace(2, 1, 12))
    pca = fit_pca(x)
    fig = drawings.component_pairs(pca, (3, 4), count=4, columns=2)
    pictures = [ax.images[0].get_array().ravel() for ax in fig.axes]  # line by line
    scores = pca.encode(np.array(pictures)) / np.sqrt(pca.variances)
    want = np.zeros((8, len(pca.variances)))
    for at, (component, sign) in enumerate(
        [(0, -3), (1, -3), (0, 3), (1, 3), (2, -3), (3, -3), (2, 3), (3, 3)]
    ):
        want[at, component] = sign
    np.testing.assert_allclose(scores, want, atol=1e-9)
    assert fig.axes[1].get_title() == f"2: {pca.variances[1] / pca.total_variance:.1%}"


def frame_of(face=None, k=1, score=1.0, scores=None):
    face = np.full((20, 20), 0.5) if face is None else face
    scores = np.zeros(10) if scores is None else scores
    return drawings.mixer_frame(face, np.array([0.4, 0.2, 0.1]), scores, k, score)


def purple(frame):
    """Where a frame has exactly the colour of latent variables."""
    color = [int(COLORS["latent"][i : i + 2], 16) for i in (1, 3, 5)]
    return np.argwhere(np.all(frame == color, axis=2))


def test_the_frame_shows_every_pixel_of_the_face(rng):
    face = rng.random((64, 64))
    frame, zoom = frame_of(face), drawings.ZOOM
    assert frame.dtype == np.uint8
    assert frame.shape == (64 * zoom, 64 * zoom + drawings.GAP + drawings.PANEL, 3)
    shown = frame[1::zoom, 1 : 64 * zoom : zoom, 0] / 255
    np.testing.assert_allclose(shown, face, atol=0.5 / (drawings.GREYS - 1) + 1 / 255)
    assert frame_of(np.full((64, 64), 1.7))[5, 5, 0] == 255  # beyond white is white


def test_the_marked_bar_and_the_line_move_with_the_settings():
    face = np.zeros((64, 64))
    middle = 32 * drawings.ZOOM
    bars = [purple(frame_of(face, k=k)) for k in range(3)]
    columns = [b[b[:, 0] < middle][:, 1].mean() for b in bars]
    heights = [np.ptp(b[b[:, 0] < middle][:, 0]) for b in bars]
    assert np.all(np.diff(columns) > 0)
    np.testing.assert_allclose(np.divide(heights, heights[0]), [1, 0.5, 0.25], atol=0.03)
    lines = [purple(frame_of(face, score=s)) for s in (-3, 0, 3)]
    places = [p[p[:, 0] > middle][:, 1].mean() for p in lines]
    assert places[1] == pytest.approx((places[0] + places[2]) / 2, abs=1)
    assert places[2] - places[0] == pytest.approx(6 / 7 * drawings.PANEL, abs=2)


def test_the_histogram_stands_where_the_scores_are():
    frame = frame_of(np.zeros((64, 64)), scores=np.full(50, 2.1), score=-3)
    blue = [int(COLORS["data"][i : i + 2], 16) for i in (1, 3, 5)]
    at = np.argwhere(np.all(frame == blue, axis=2))
    tall = at[:, 1][at[:, 0] < at[:, 0].max() - 5]
    left = 64 * drawings.ZOOM + drawings.GAP
    assert tall.mean() == pytest.approx(left + (2.1 + 3.5) / 7 * drawings.PANEL, abs=8)


def test_toy_ellipses_have_one_and_two_deviations(rng):
    c = np.array([[2.0, 0.9], [0.9, 0.8]])
    grid = np.linspace(-3, 3, 61)
    beliefs = {"A": (np.array([1.0, 2.0]), stats.norm.pdf(grid, 1.0, 0.5))}
    fig = drawings.toy_panels(rng.normal(size=(9, 2)), (np.array([0.5, -0.5]), c), grid, beliefs)
    left, right = fig.axes
    for sd, ellipse in zip((1, 2), left.patches, strict=True):
        edge = ellipse.get_patch_transform().transform(ellipse.get_path().vertices[:-1:3])
        away = edge - [0.5, -0.5]
        distance = np.sqrt(np.einsum("ni,ij,nj->n", away, np.linalg.inv(c), away))
        np.testing.assert_allclose(distance, sd, rtol=1e-2)
    np.testing.assert_array_equal(right.lines[1].get_ydata(), beliefs["A"][1])
    assert right.lines[2].get_xdata() == pytest.approx([1.0])


def test_the_peak_of_other_people_is_marked():
    ks, falling = np.array([1, 4, 16, 64]), np.array([0.4, 0.3, 0.2, 0.1])
    other = np.array([10.0, 40.0, 50.0, -900.0])
    found = Curves(ks, np.array([11.0, 45.0, 80.0, 200.0]), other, falling, falling + 0.1)
    left, right = drawings.choice_of_k(found).axes
    fitted, curve, dot = left.lines
    np.testing.assert_array_equal(fitted.get_ydata(), found.fitted_nats)
    np.testing.assert_array_equal(curve.get_ydata(), other)
    assert (dot.get_xdata(), dot.get_ydata()) == ([16], [50.0])
    assert left.get_ylim()[0] > -900
    assert [t.get_text() for t in left.texts] == ["K = 16"]
    np.testing.assert_array_equal(right.lines[0].get_ydata(), falling)


def test_scores_are_drawn_against_what_a_gaussian_has(rng):
    z = rng.normal(size=(4000, 6))
    *single, last = drawings.score_panels(z, [4, 0]).axes
    assert [ax.get_xlabel() for ax in single] == ["score 5 (sd)", "score 1 (sd)"]
    grid = last.lines[0].get_xdata()
    np.testing.assert_allclose(last.lines[0].get_ydata(), stats.chi2.pdf(grid, 6))
    for ax in (*single, last):  # drawn from the model, bars follow its curve
        tops = np.array([bar.get_height() for bar in ax.patches])
        middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
        want = np.interp(middles, *ax.lines[0].get_data())
        assert np.abs(tops - want).max() < 0.2 * want.max()
