"""The morphable model: what it describes, what it draws, and what it recovers from pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from lib import head_plots
from lib.datasets import load
from lib.datasets.heads import renumber
from lib.mesh_render import render_mesh, rotation
from lib.morphable import (
    fit_landmarks,
    fit_morphable,
    fit_picture,
    gauss_newton,
    map_linear,
    nearest_heads,
    vertex_error,
)


@pytest.fixture(scope="module")
def data():
    return load("heads", hair="short")


@pytest.fixture(scope="module")
def model(data):
    train = data.train
    return fit_morphable(
        train.x, train.extras["albedo"], data.shared["triangles"], k_shape=30, k_albedo=10
    )


def test_held_out_heads_are_described(model, data):
    x, tone = model.reconstruct(data.test.x, data.test.extras["albedo"])
    mean = vertex_error(model.head([], [])[0], data.test.x).mean()
    assert vertex_error(x, data.test.x).mean() < 0.1 * mean
    assert np.abs(tone - data.test.extras["albedo"]).mean() < 1e-3


def test_more_components_describe_better(model, data):
    errors = []
    for k in (0, 1, 3, 10, 30):
        kept = model.keep(k, min(k, 10))
        x, tone = kept.reconstruct(data.test.x, data.test.extras["albedo"])
        errors.append(vertex_error(x, data.test.x).mean())
        alpha, beta = kept.encode(data.test.x[:2], data.test.extras["albedo"][:2])
        vertices, paint = kept.head(alpha[1], beta[1])
        np.testing.assert_allclose(vertices, x[1], atol=1e-6)
        np.testing.assert_allclose(paint, tone[1], atol=1e-6)
    assert (np.diff(errors) < 0).all()


def test_no_coefficients_are_the_mean_head(model, data):
    vertices, tone = model.head([], [])
    np.testing.assert_allclose(vertices, data.train.x.mean(axis=0, dtype=float), atol=1e-4)
    np.testing.assert_allclose(tone, data.train.extras["albedo"].mean(axis=0), atol=1e-5)


def test_missing_coefficients_are_zero(model):
    short, long = model.head([5.0], [0.1]), model.head([5.0, 0, 0], [0.1, 0])
    np.testing.assert_array_equal(short[0], long[0])
    np.testing.assert_array_equal(short[1], long[1])


@pytest.mark.slow
def test_samples_are_gaussian_and_not_copies(model, data):
    x, tone = model.sample(2000, np.random.default_rng(0))
    alpha, beta = model.encode(x[:500], tone[:500])
    for scores, pca in ((alpha, model.shape), (beta, model.albedo)):
        z = scores / np.sqrt(pca.variances)
        assert stats.kstest(z.ravel(), "norm").pvalue > 1e-4
    assert nearest_heads(x[:10], data.train.x)[1].min() > 1.0


def test_tone_and_shape_are_apart(model):
    plain, painted = model.head([30.0], []), model.head([30.0], [1.0])
    np.testing.assert_array_equal(plain[0], painted[0])
    assert np.abs(plain[1] - painted[1]).max() > 0.01


def test_map_linear_is_the_mean_of_the_gaussian_posterior():
    rng = np.random.default_rng(1)
    a, variances, noise = rng.normal(size=(7, 4)), rng.gamma(2, 1, 4), 0.3
    b = rng.normal(size=7)
    joint = a * variances @ a.T + noise * np.eye(7)  # covariance of b
    want = variances[:, None] * a.T @ np.linalg.solve(joint, b)
    np.testing.assert_allclose(map_linear(a, b, variances, noise), want)


def test_exact_marks_and_no_noise_return_the_head(model, data):
    alpha = 0.7 * np.sqrt(model.shape.variances) * np.tile([1, -1], 15)
    vertices = model.head(alpha, [])[0]
    many = np.arange(0, len(vertices), 37)
    q = vertices[many] @ rotation(30, -10)[:2].T
    found = fit_landmarks(model, q, many, noise=1e-6, yaw=30, pitch=-10)
    np.testing.assert_allclose(found, alpha, atol=1e-3 * np.sqrt(model.shape.variances[0]))


def test_useless_marks_return_the_mean(model, data):
    points = list(data.shared["landmarks"].values())
    q = data.test.x[0, points, :2]
    found = fit_landmarks(model, q, points, noise=1e6)
    assert np.abs(found / np.sqrt(model.shape.variances)).max() < 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_marks_beat_the_mean_head(model, data, seed):
    rng, x = np.random.default_rng(seed), data.test.x[3 * seed].astype(float)
    points = list(data.shared["landmarks"].values())
    q = (x @ rotation(25, 0)[:2].T)[points] + rng.normal(0, 1, (len(points), 2))
    found = model.head(fit_landmarks(model, q, points, noise=1.0, yaw=25), [])[0]
    mean, _ = model.head([], [])
    assert vertex_error(found, x) < 0.8 * vertex_error(mean, x)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_picture_gives_back_its_head(model, data, seed):
    rng, x = np.random.default_rng(seed), data.test.x[seed].astype(float)
    tone, view = data.test.extras["albedo"][seed], {"yaw": 25.0, "size": 64, "background": 0.3}
    points = list(data.shared["landmarks"].values())
    q = (x @ rotation(25, 0)[:2].T)[points] + rng.normal(0, 1, (len(points), 2))
    start = fit_landmarks(model, q, points, noise=1.0, yaw=25)
    picture = render_mesh(x, model.triangles, tone, **view) + rng.normal(0, 0.02, (64, 64))
    fit = fit_picture(model, picture, noise=0.1, alpha=start, **view)
    found, paint = model.head(fit.alpha, fit.beta)
    mean, mean_tone = model.head([], [])
    assert (np.diff(fit.losses) < 0).all()
    assert vertex_error(found, x) < 0.4 * vertex_error(mean, x)
    assert vertex_error(found, x) < 0.6 * vertex_error(model.head(start, [])[0], x)
    assert np.abs(paint - tone).mean() < 0.4 * np.abs(mean_tone - tone).mean()


def test_gauss_newton_solves_a_linear_problem_in_one_step():
    rng = np.random.default_rng(5)
    a, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    z, losses = gauss_newton(lambda z: a @ z - y, np.zeros(3), steps=1)
    np.testing.assert_allclose(z, np.linalg.solve(a.T @ a + np.eye(3), a.T @ y))
    assert losses[1] == pytest.approx(np.sum((a @ z - y) ** 2) + z @ z)


def test_gauss_newton_never_makes_it_worse():
    z, losses = gauss_newton(lambda z: np.array([np.cos(5 * z[0]) * 3]), np.array([0.01]), steps=9)
    assert (np.diff(losses) < 0).all()
    assert np.cos(5 * z[0]) ** 2 * 9 + z @ z == pytest.approx(losses[-1])


def test_renumbering_changes_no_picture_and_ruins_the_average(data):
    t, tone = data.shared["triangles"], data.extras["albedo"]
    pictures = [
        render_mesh(renumber(data.x[0], k), t, renumber(tone[0], k), yaw=30, size=90)
        for k in (0, 1, -3, 9)
    ]
    assert np.abs(np.diff(pictures, axis=0)).max() < 0.02
    moved = renumber(data.x[0], 6)
    assert vertex_error(moved, data.x[0]) > 3
    assert not np.array_equal(render_mesh((moved + data.x[0]) / 2, t, tone[0]), pictures[0])


def test_averages_of_heads_are_sharp_and_averages_of_pictures_are_not(data):
    t, tone = data.shared["triangles"], data.extras["albedo"]
    view = {"yaw": 20, "size": 100}
    pictures = [render_mesh(data.x[k], t, tone[k], **view) for k in range(20)]
    own = np.mean([head_plots.edge_energy(p) for p in pictures])
    head = render_mesh(data.x[:20].mean(axis=0), t, tone[:20].mean(axis=0), **view)
    assert head_plots.edge_energy(head) > 0.9 * own
    assert head_plots.edge_energy(np.mean(pictures, axis=0)) < 0.5 * own


def test_nearest_head_of_a_moved_copy(data):
    moved = data.x[[7, 2]] + np.float32([3, 4, 12])  # 13 mm along one direction
    number, distance = nearest_heads(np.concatenate([data.x[4:6], moved]), data.x[:6])
    assert number[:2].tolist() == [4, 5]
    np.testing.assert_array_equal(distance[:2], 0)
    for head, k, d in zip(moved, number[2:], distance[2:], strict=True):
        every = [np.mean(np.linalg.norm(head - other, axis=1)) for other in data.x[:6]]
        assert (k, d) == (np.argmin(every), pytest.approx(min(every), rel=1e-5))


def test_edge_energy_of_a_step():
    picture = np.zeros((4, 5))
    picture[:, 3:] = 0.5
    assert head_plots.edge_energy(picture) == pytest.approx(0.25 * 4 / 16)
    assert head_plots.edge_energy([picture, 0 * picture]) == pytest.approx(0.5 * 0.25 * 4 / 16)


def test_figures(data, model):
    t, tone = data.shared["triangles"], data.extras["albedo"]
    four = head_plots.stages(data.x[0], t, tone[0], size=60)
    assert all(p.shape == (60, 60) and 0 <= p.min() <= p.max() <= 1 for p in four)
    assert four[1][30, 30] > four[3][30, 30]  # white plaster is lighter than skin
    figure = head_plots.rows_of_pictures({"a": four, "b": four[:2]}, titles="wxyz")
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, 1, 1, 1, 0, 0]
    marked = head_plots.marked_vertices([(data.x[k], tone[k]) for k in (0, 1)], t, [0, 5])
    assert all(len(ax.lines[0].get_xdata()) == 2 for ax in marked.axes)
    near = head_plots.close_ups(data.x[0], t, [(0, -70, 30), (32, 0, 20)])
    assert [ax.get_ylim() for ax in near.axes] == [(-100, -40), (-20, 20)]
    assert [ax.texts[0].get_text() for ax in figure.axes if ax.texts] == ["a", "b"]
    assert figure.axes[0].get_xlim() == pytest.approx((0.12 * 60 - 0.5, 0.88 * 60 - 0.5))
    curves = head_plots.error_curves([0, 1, 2], (2, 1), shape=[4, 2, 1], tone=[0.3, 0.2, 0.1])
    assert [ax.get_ylabel()[:5] for ax in curves.axes] == ["shape", "tone "]
    assert [ax.lines[0].get_xdata()[0] for ax in curves.axes] == [2, 1]
    staged = head_plots.on_stage(four[3], width=100, levels=4)
    assert staged.shape == (60, 100)
    assert set(np.unique(staged)) <= {0, 0.25, 0.5, 0.75, 1}
    plt.close("all")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.head(np.zeros(31), []), "alpha must hold up to 30"),
        (lambda m: m.head([], np.zeros((2, 2))), "beta must hold up to 10"),
        (lambda m: fit_landmarks(m, np.zeros((3, 2)), [1, 2], noise=1.0), "2 vertices need"),
        (lambda m: fit_picture(m, np.zeros((4, 5)), noise=0.1), "square picture"),
        (lambda m: fit_picture(m, np.zeros((4, 4)), noise=0.0), "positive noise"),
        (lambda m: map_linear(np.ones((2, 1)), np.ones(2), np.ones(1), 0.0), "must be positive"),
        (
            lambda m: fit_morphable(
                np.zeros((3, 4, 3)), np.zeros((3, 5)), m.triangles, k_shape=1, k_albedo=1
            ),
            "albedo \\(n, v\\)",
        ),
    ],
)
def test_bad_input(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)
