"""Toy densities: they integrate to 1, agree with peers, and the samples agree with them."""

import numpy as np
import pytest
from scipy import integrate, stats

from lib.datasets import load, toy_plane
from lib.datasets.toys import Mixture, from_density

UNLIKELY = 1e-7  # a right sampler falls under this once in ten million seeds

PLANE = {
    "gaussians8": toy_plane.circle_of_gaussians(),
    "gaussians25": toy_plane.grid_of_gaussians(),
    "uneven": toy_plane.Gaussians([[0, 0], [1, 0.5], [3, 3]], 0.4, [0.7, 0.3, 0.0]),
    "moons": toy_plane.two_moons(),
    "wide moons": toy_plane.two_moons(0.6),
    "spiral": toy_plane.spiral_arms(),
    "three arms": toy_plane.spiral_arms(3, turns=0.8, radius=3, std=0.2),
    "checkerboard": toy_plane.Checkerboard(),
    "checkerboard 6": toy_plane.Checkerboard(6),
    "pinwheel": toy_plane.Pinwheel(),
    "pinwheel 3": toy_plane.Pinwheel(3, radius=0.7, along=0.4, across=0.3, twist=-1.3),
}
plane = pytest.mark.parametrize("name", PLANE)


def midpoints(extent, m):
    """Centres of m x m equal squares that cover [-extent, extent]^2, as (m, m, 2)."""
    line = (np.arange(m) + 0.5) / m * 2 * extent - extent
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1)


def square_masses(density, squares, parts):
    """Probability of each of squares x squares cells, by parts x parts midpoints in each."""
    m = squares * parts
    p = density.density(midpoints(density.extent, m)) * (2 * density.extent / m) ** 2
    return p.reshape(squares, parts, squares, parts).sum(axis=(1, 3))


@plane
def test_the_density_integrates_to_one_and_the_samples_follow_it(name, rng):
    density, n, squares = PLANE[name], 20_000, 24
    p = square_masses(density, squares, 7).ravel()
    assert p.sum() == pytest.approx(1, abs=1e-6)
    x = density.sample(n, rng)
    cell = np.floor((x + density.extent) / (2 * density.extent) * squares).astype(int)
    inside = np.all((cell >= 0) & (cell < squares), axis=1)
    assert inside.mean() > 1 - 1e-3
    counts = np.bincount(cell[inside] @ [squares, 1], minlength=squares**2)
    often = n * p >= 8
    observed = np.append(counts[often], n - counts[often].sum())
    expected = np.append(n * p[often], n - n * p[often].sum())
    kept = expected > 1e-6 * n
    assert observed[~kept].sum() == 0
    chi2 = ((observed[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(chi2, kept.sum() - 1) > UNLIKELY


@pytest.mark.parametrize("name", ["gaussians8", "gaussians25", "uneven"])
def test_gaussians_agree_with_scipy(name, rng):
    density = PLANE[name]
    x = rng.uniform(-4, 4, (300, 2))
    parts = [stats.multivariate_normal(c, density.std**2).pdf(x) for c in density.centres]
    np.testing.assert_allclose(density.density(x), density.weights @ parts, rtol=1e-9)


def test_where_the_gaussians_are():
    circle, grid = PLANE["gaussians8"].centres, PLANE["gaussians25"].centres
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 2)
    steps = np.linalg.norm(circle - np.roll(circle, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, 4 * np.sin(np.pi / 8))
    assert {tuple(c) for c in grid} == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}


def moon(t, sign):
    return sign * np.array([np.cos(np.pi * t) - 0.5, np.sin(np.pi * t) - 0.25])


def arm(t, _):
    """A spiral of two turns in which the squared angle grows evenly, as in the data card."""
    angle = np.sqrt(0.25 + t * ((0.5 + 4 * np.pi) ** 2 - 0.25))
    return 2 * angle / (0.5 + 4 * np.pi) * np.array([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize(
    ("name", "curve", "kinds"),
    [("moons", moon, (1, -1)), ("wide moons", moon, (1, -1)), ("spiral", arm, (0,))],
)
def test_a_curve_with_noise_agrees_with_adaptive_quadrature(name, curve, kinds, rng):
    density = PLANE[name]
    for x in density.sample(12, rng):
        total = 0.0
        for kind in kinds:

            def integrand(t, kind=kind, x=x):
                square = ((x - curve(t, kind)) ** 2).sum() / density.std**2
                return np.exp(-square / 2) / (2 * np.pi * density.std**2)

            for low, high in zip(np.arange(100) / 100, np.arange(1, 101) / 100, strict=True):
                total += integrate.quad(integrand, low, high, epsabs=0, epsrel=1e-10)[0]
        assert density.density(x) == pytest.approx(total / len(kinds), rel=1e-8)


def test_far_from_the_curve_the_log_density_stays_finite():
    far = PLANE["moons"].log_prob([[40.0, 0.0]])
    assert -(40**2) / (2 * 0.1**2) < far[0] < -(38**2) / (2 * 0.1**2)


@pytest.mark.parametrize("name", ["pinwheel", "pinwheel 3"])
def test_the_pinwheel_is_a_change_of_variables(name, rng):
    """p(x) = p(f) / |det dx/df|, with the determinant by finite differences."""
    wheel = PLANE[name]

    def twisted(f):
        angle = wheel.twist * np.hypot(*f)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return turn @ f

    for f in rng.normal(size=(40, 2)):
        p = 0.0
        for a in wheel.angles:
            axes = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
            covariance = axes @ np.diag(wheel.widths**2) @ axes.T
            p += stats.multivariate_normal(wheel.radius * axes[:, 0], covariance).pdf(f)
        h = 1e-5
        jacobian = [(twisted(f + h * e) - twisted(f - h * e)) / (2 * h) for e in np.eye(2)]
        want = p / wheel.petals / abs(np.linalg.det(jacobian))
        assert wheel.density(twisted(f)) == pytest.approx(want, rel=1e-7)


def test_the_checkerboard_by_hand():
    board = PLANE["checkerboard"]
    x = [[0.5, 0.5], [-1.5, -1.5], [0.5, -0.5], [1.5, 0.5], [2.5, 0.5], [2.5, 2.5], [-0.5, -0.5]]
    np.testing.assert_allclose(board.density(x), np.array([1, 1, 0, 0, 0, 0, 1]) / 8)
    points, square = board.draw(50_000, np.random.default_rng(0))
    np.testing.assert_array_equal(np.floor(points.astype(np.float32)), board.corners[square])
    assert np.isfinite(board.log_prob(points.astype(np.float32))).all()


def on_its_own_curve(density, x, j):
    """Whether each point of component j lies within 6 widths of what it comes from."""
    if isinstance(density, toy_plane.Gaussians):
        line = density.centres[[j]]
    else:
        line = density.curves[j](np.linspace(0, 1, 2000))
    gaps = np.linalg.norm(x[:, None] - line, axis=-1).min(axis=1)
    return gaps < 6 * density.std


@pytest.mark.parametrize(
    ("density", "kinds"),
    [
        (toy_plane.circle_of_gaussians(8, std=0.1), 8),
        (toy_plane.Gaussians([[0, 0], [9, 9], [5, 0]], 0.4, [0.7, 0.0, 0.3]), 2),
        (toy_plane.two_moons(), 2),
        (toy_plane.spiral_arms(3, turns=0.8, radius=3, std=0.05), 3),
    ],
    ids=["circle", "uneven", "moons", "arms"],
)
def test_a_point_carries_the_number_of_its_component(density, kinds, rng):
    x, component = density.draw(2000, rng)
    assert len(np.unique(component)) == kinds
    for j in np.unique(component):
        assert on_its_own_curve(density, x[component == j], j).all()
        assert not on_its_own_curve(density, x[component != j], j).all()


def test_a_petal_lies_at_its_angle(rng):
    wheel = toy_plane.Pinwheel(4, radius=2, along=0.1, across=0.05, twist=0.7)
    x, petal = wheel.draw(1000, rng)
    angle = np.arctan2(x[:, 1], x[:, 0]) - 0.7 * np.hypot(*x.T) - petal * np.pi / 2
    assert np.abs(np.sin(angle / 2)).max() < 0.1


@plane
def test_shapes(name):
    density = PLANE[name]
    assert density.log_prob(np.zeros((3, 5, 2))).shape == (3, 5)
    assert density.log_prob(np.zeros(2)).shape == ()
    assert density.log_prob(np.zeros((0, 2))).shape == (0,)
    assert density.sample(0, np.random.default_rng(0)).shape == (0, 2)
    with pytest.raises(ValueError, match="points of the plane"):
        density.log_prob(np.zeros(3))


def test_many_points_are_worked_off_in_blocks(monkeypatch, rng):
    density, x = PLANE["moons"], rng.normal(size=(500, 2))
    whole = density.log_prob(x)
    monkeypatch.setattr(toy_plane, "BLOCK", 4000)
    np.testing.assert_allclose(density.log_prob(x), whole, rtol=1e-13)


MIXTURES = [
    Mixture([1.0], [2.0], [0.5]),
    Mixture([0.3, 0.5, 0.2], [-2, 0.5, 3], [0.5, 0.8, 0.4]),
    Mixture([0.5, 0.5], [-10, 10], [1.0, 0.1]),
    Mixture([0.6, 0.0, 0.4], [0, 500, 1], [1, 1, 3]),
]
mixtures = pytest.mark.parametrize("mixture", MIXTURES, ids=["one", "three", "gap", "unused"])


@mixtures
def test_the_mixture_agrees_with_scipy(mixture):
    x = np.linspace(-14, 14, 801)
    parts = [stats.norm(m, s) for m, s in zip(mixture.means, mixture.stds, strict=True)]
    density = mixture.weights @ [part.pdf(x) for part in parts]
    np.testing.assert_allclose(mixture.density(x), density, rtol=1e-10)
    cdf = mixture.weights @ [part.cdf(x) for part in parts]
    np.testing.assert_allclose(mixture.cdf(x), cdf, rtol=1e-10)


@mixtures
def test_the_inverse_cdf_inverts(mixture):
    u = np.concatenate([10.0 ** -np.arange(15, 0, -1), np.linspace(0.11, 0.99, 300)])
    x = mixture.inverse_cdf(u)
    np.testing.assert_allclose(mixture.cdf(x), u, rtol=1e-12, atol=0)
    assert np.all(np.diff(x) > 0)
    x = np.linspace(-14, 14, 801)
    x = x[mixture.density(x) > 1e-5]  # where p is tiny, float64 holds too few values of the cdf
    np.testing.assert_allclose(mixture.inverse_cdf(mixture.cdf(x)), x, rtol=0, atol=1e-10)


@mixtures
def test_the_ends_of_the_inverse_cdf(mixture):
    np.testing.assert_array_equal(mixture.inverse_cdf([0.0, 1.0]), [-np.inf, np.inf])
    np.testing.assert_array_equal(mixture.cdf([-np.inf, np.inf]), [0, 1])
    assert mixture.inverse_cdf(0.5).shape == ()
    assert mixture.inverse_cdf(np.full((2, 3), 0.5)).shape == (2, 3)


def test_one_component_has_the_quantiles_of_the_normal_distribution():
    u = np.linspace(0.001, 0.999, 101)
    want = stats.norm(2.0, 0.5).ppf(u)
    np.testing.assert_allclose(MIXTURES[0].inverse_cdf(u), want, atol=1e-12)


@mixtures
def test_samples_of_the_mixture(mixture, rng):
    x, component = mixture.draw(20_000, rng)
    assert stats.kstest(x, mixture.cdf).pvalue > UNLIKELY
    assert stats.kstest(mixture.sample(20_000, rng), mixture.cdf).pvalue > UNLIKELY
    uniform = rng.random(20_000)
    assert stats.kstest(mixture.inverse_cdf(uniform), mixture.cdf).pvalue > UNLIKELY
    for k in np.flatnonzero(mixture.weights):
        normal = stats.norm(mixture.means[k], mixture.stds[k])
        assert stats.kstest(x[component == k], normal.cdf).pvalue > UNLIKELY
    for k, weight in enumerate(mixture.weights):
        count = stats.binom(20_000, weight)
        assert count.ppf(UNLIKELY) <= (component == k).sum() <= count.isf(UNLIKELY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], [0, 1], [1, 1]), "sum to 1"),
        (([1.5, -0.5], [0, 1], [1, 1]), ">= 0"),
        (([np.nan, 1.0], [0, 1], [1, 1]), ">= 0"),
        (([], [], []), "sum to 1"),
        (([0.5, 0.5], [0, 1, 2], [1, 1]), "one weight, mean and std"),
        (([0.5, 0.5], [0, 1], [1]), "one weight, mean and std"),
        (([0.5, 0.5], [0, 1], [1, 0]), "std must be above zero"),
        (([0.5, 0.5], [0, 1], [1, np.inf]), "std must be above zero"),
        (([0.5, 0.5], [0, np.nan], [1, 1]), "means must be finite"),
    ],
)
def test_impossible_mixtures(arguments, message):
    with pytest.raises(ValueError, match=message):
        Mixture(*arguments)


@pytest.mark.parametrize("u", [-0.1, [0.5, 1.1], np.nan])
def test_only_probabilities_are_inverted(u):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        MIXTURES[1].inverse_cdf(u)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("gaussians8", {"std": 0}, "std must be above zero, got 0"),
        ("gaussians8", {"radius": -1}, "radius"),
        ("gaussians25", {"spacing": 0}, "spacing"),
        ("moons", {"std": -0.1}, "std"),
        ("spiral", {"turns": 0}, "turns"),
        ("spiral", {"arms": 0}, "arms must be a whole number, 1 or more, got 0"),
        ("checkerboard", {"cells": 3}, "even number of cells"),
        ("spiral", {"arms": 2.5}, "arms must be a whole number"),
        ("pinwheel", {"petals": 0}, "petals must be a whole number"),
        ("pinwheel", {"petals": 2.5}, "petals must be a whole number"),
        ("pinwheel", {"across": 0}, "across"),
        ("mixture", {"weights": (1, 1, 1)}, "sum to 1"),
        ("mixture", {"n": 0}, "n must be a whole number, 1 or more, got 0"),
        ("moons", {"n": 2.5}, "n must be a whole number, 1 or more, got 2.5"),
    ],
)
def test_impossible_options(name, options, message):
    with pytest.raises(ValueError, match=message):
        load(name, **options)


def test_more_impossible_densities():
    with pytest.raises(ValueError, match="2 centres need as many weights"):
        toy_plane.Gaussians([[0, 0], [1, 1]], 1.0, [1.0])
    for centres in (np.zeros((0, 2)), [[0, np.nan]]):
        with pytest.raises(ValueError, match="one or more finite points"):
            toy_plane.Gaussians(centres, 1.0)
    for count in (0, 2.5):
        with pytest.raises(ValueError, match=r"k must be a whole number"):
            toy_plane.circle_of_gaussians(count)
        with pytest.raises(ValueError, match=r"side must be a whole number"):
            toy_plane.grid_of_gaussians(count)


def test_a_seed_fixes_the_data_and_another_changes_them():
    density = PLANE["moons"]
    one, same, other = (from_density("moons", density, 100, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.x, same.x)
    np.testing.assert_array_equal(one.y, same.y)
    assert not np.any(one.x == other.x)


@pytest.mark.parametrize("n", [1, 9, 10, 2005])
def test_the_last_tenth_is_held_out(n):
    data = load("moons", n=n)
    assert len(data) == n
    np.testing.assert_array_equal(np.flatnonzero(data.held_out), np.arange(n - n // 10, n))
