"""Random codes and their judgement: moments, limits by hand, and an autoencoder that copies."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from lib import code_space, code_space_plots, digit_features
from lib.code_space import Along, CodeSpace, Patch
from lib.datasets import load


@pytest.fixture(scope="module")
def space() -> CodeSpace:
    """An autoencoder that only flattens: its codes are the pixels."""
    digits = load("digits")
    return CodeSpace(
        lambda x: x.reshape(len(x), -1),
        lambda z: z.reshape(-1, 8, 8),
        digits.train.x,
        digits.test.x,
    )


def test_random_codes_have_the_moments_they_promise(rng):
    z = rng.gamma(2, size=(300, 3)) @ rng.normal(size=(3, 3)) + 4
    kinds = code_space.random_codes(z, 200_000, rng)
    tolerance = 0.05 * z.std(axis=0).max()
    np.testing.assert_allclose(np.cov(kinds["standard"].T), np.eye(3), atol=0.02)
    for name, covariance in {
        "scaled": np.diag(z.var(axis=0)),
        "Gaussian": np.cov(z.T, bias=True),
    }.items():
        np.testing.assert_allclose(kinds[name].mean(axis=0), z.mean(axis=0), atol=tolerance)
        scale = np.sqrt(np.outer(z.var(axis=0), z.var(axis=0)))
        np.testing.assert_allclose(np.cov(kinds[name].T) / scale, covariance / scale, atol=0.02)
    low, high = z.min(axis=0), z.max(axis=0)
    np.testing.assert_allclose(kinds["box"].min(axis=0), low, atol=1e-3 * np.ptp(z))
    np.testing.assert_allclose(kinds["box"].mean(axis=0), (low + high) / 2, atol=0.01 * np.ptp(z))


def test_limits_leave_five_in_a_hundred_new_digits_outside(space):
    apart = cdist(space.x_new.reshape(-1, 64), space.x.reshape(-1, 64)).min(axis=1)
    for limit in (space.hole_limit, space.far_limit):
        assert np.mean(apart > limit) == pytest.approx(0.05, abs=2e-3)


def test_in_hole_is_beyond_the_limit(space, rng):
    codes = np.concatenate([space.z_new[:50], rng.uniform(size=(20, 64))])
    apart = cdist(codes, space.z).min(axis=1)
    np.testing.assert_array_equal(space.in_hole(codes), apart > space.hole_limit)
    assert not space.in_hole(space.z).any()


def test_judge_of_an_autoencoder_without_loss(space, rng):
    """Its error is zero, its new digits are judged as the digits are, its rubbish as rubbish."""
    assert not space.error(rng.random((5, 8, 8))).any()
    found = space.judge(space.z_new)
    assert found.holes == found.far == pytest.approx(0.05, abs=2e-3)
    assert found.frechet == digit_features.digit_frechet(space.x_new)
    noise = space.judge(rng.uniform(size=(200, 64)))
    assert noise.holes == noise.far == 1
    assert noise.unsure > 0.8 > 0.2 > found.unsure
    assert noise.texts()[0] == "100%"


def test_unsure_is_entropy_above_half_a_nat(space):
    logits = digit_features.digit_logits(space.x_new)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    entropy = [-sum(q * np.log(q) for q in row if q > 0) for row in p.astype(float)]
    clear = np.abs(np.array(entropy) - 0.5) > 1e-4
    doubt = code_space.unsure(space.x_new)
    np.testing.assert_array_equal(doubt[clear], (np.array(entropy) > 0.5)[clear])


def test_pictures_are_cut_to_what_can_be_shown(space, rng):
    shown = space.pictures(3 * rng.normal(size=(4, 64)))
    assert shown.min() == 0
    assert shown.max() == 1


def test_walks_start_and_end_at_digits(space):
    found = space.along(np.array([[0, 5], [7, 100]]), 5)
    assert [v.shape for v in found] == [(2, 5)] * 3
    np.testing.assert_allclose(found.emptiness[:, [0, -1]], 0, atol=1e-9)
    middle = (space.z[7] + space.z[100]) / 2
    want = np.linalg.norm(space.z - middle, axis=1).min()
    assert found.emptiness[1, 2] == pytest.approx(want)
    assert found.distance[1, 2] == pytest.approx(want)


def test_patch_with_one_gaussian_is_mean_and_covariance(rng):
    digits = load("digits")
    map_ = rng.normal(size=(64, 3)) / 8
    flat = CodeSpace(
        lambda x: x.reshape(len(x), -1) @ map_,
        lambda z: np.full((len(z), 8, 8), 0.5) + 0 * z.sum(axis=1)[:, None, None],
        digits.train.x,
        digits.test.x,
    )
    one = flat.patch(1, rng)
    gaussian = multivariate_normal(flat.z.mean(axis=0), np.cov(flat.z.T, bias=True))
    assert one.fitted == pytest.approx(gaussian.logpdf(flat.z).mean(), rel=1e-3)
    assert one.held_out == pytest.approx(gaussian.logpdf(flat.z_new).mean(), rel=1e-3)
    assert one.pictures.shape == (digit_features.SAMPLES, 8, 8)
    codes = one.mixture.sample(500, rng)[0]
    medians = [np.median(cdist(c, flat.z).min(axis=1)) for c in (codes, flat.z_new)]
    assert flat.ratio(codes) == pytest.approx(medians[0] / medians[1])
    assert flat.ratio(flat.z) == 0


def test_random_codes_need_a_table():
    with pytest.raises(ValueError, match="z must be"):
        code_space.random_codes(np.zeros(5), 3, np.random.default_rng(0))


def test_unexplained_is_one_minus_the_score_of_a_regression(rng):
    a = rng.normal(size=(80, 3)) + 4
    b = a @ rng.normal(size=(3, 2)) + rng.normal(size=(80, 2)) * [0.1, 3] - 7
    fitted = LinearRegression().fit(a, b)
    want = 1 - r2_score(b, fitted.predict(a), multioutput="variance_weighted")
    assert code_space.unexplained(a, b) == pytest.approx(want)


def test_codes_of_one_number_can_be_invented(rng):
    kinds = code_space.random_codes(rng.normal(size=(50, 1)) * 3, 20_000, rng)
    assert {codes.shape for codes in kinds.values()} == {(20_000, 1)}
    assert kinds["Gaussian"].std() == pytest.approx(kinds["scaled"].std(), rel=0.03)


def test_plane_panels_shade_what_is_far_from_every_code(rng):
    """Codes on the left and right edge of a square: the strip between them is a hole."""
    z = np.column_stack([np.repeat([0.0, 1.0], 200), rng.random(400)])
    space = CodeSpace(lambda x: x, lambda c: np.full((len(c), 2, 2), 0.5), z, z + 0.02)
    fig = code_space_plots.plane_panels(space, np.repeat([0, 1], 200), 4, holes=True)
    left, right = fig.axes
    assert left.get_xlim() == pytest.approx((-0.05, 1.05))
    fig.canvas.draw()
    seen = np.asarray(fig.canvas.buffer_rgba())[::-1]
    x, y = left.transData.transform([[0.5, 0.45], [0.3, 0.25], [0, 0.5], [1, 0.5]]).astype(int).T
    shaded = [to_hex(c) == code_space_plots.HOLE for c in seen[y, x] / 255]
    assert shaded == [True, True, False, False]
    assert right.images[0].get_array().shape == (8, 8)
    plt.close(fig)


def test_drawings_show_their_numbers(rng):
    data = rng.normal(size=(50, 2))
    fig = code_space_plots.recode_panels({"a": data[:, 0]}, {"a": data}, data)
    bottom = fig.axes[1].lines
    np.testing.assert_allclose(bottom[1].get_ydata(), 1.12 * data[:, 1])
    turn = np.linspace(0, 2, 9)
    fig = code_space_plots.circle_panels(turn, turn**2, turn)
    np.testing.assert_allclose(fig.axes[0].lines[0].get_xydata()[-1], [360, 4])
    walks = {k: Along(*rng.random((3, 6, 5))) for k in ("a", "b")}
    fig = code_space_plots.walk_panels(walks, (0.3, 0.4))
    want = walks["b"].distance.mean(axis=0)
    np.testing.assert_allclose(fig.axes[1].lines[1].get_ydata(), want)
    patches = [Patch(None, m, -abs(m - 5), None, 9 - m, 1 / m) for m in (1, 5, 9)]
    fig = code_space_plots.patch_panels((1, 5, 9), patches, 3.0)
    assert fig.axes[0].lines[2].get_xydata().tolist() == [[5, 0]]
    assert fig.axes[1].lines[0].get_ydata().tolist() == [8, 4, 0]
    plt.close("all")
