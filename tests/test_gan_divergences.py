"""Four divergences against closed forms, and fits against theory and other searches."""

import numpy as np
import pytest
from scipy import optimize
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm

from lib import gan_divergences as divergences
from lib.divergence import kl_gaussians
from lib.gan_divergences import DIVERGENCES, at_one_mode, best_gaussian, usual_line
from lib.vae_or_gan_plots import two_modes

X, CELL = usual_line().x, usual_line().cell


def test_the_grid_is_even_and_symmetric():
    assert np.allclose(np.diff(X), CELL)
    assert np.allclose(X, -X[::-1])


def test_kl_both_ways_is_the_closed_form_of_gaussians():
    p, q = norm.pdf(X, 0.4, 1.2), norm.pdf(X, -0.8, 0.7)
    assert divergences.forward_kl(p, q, CELL) == pytest.approx(kl_gaussians(0.4, 1.44, -0.8, 0.49))
    assert divergences.reverse_kl(p, q, CELL) == pytest.approx(kl_gaussians(-0.8, 0.49, 0.4, 1.44))


def test_jensen_shannon_is_scipys():
    p, q = two_modes(3.0, 0.7).density(X), norm.pdf(X, -0.8, 0.7)
    peer = jensenshannon(p, q) ** 2  # of tables that are normalised, in nats
    assert divergences.jensen_shannon(p, q, CELL) == pytest.approx(peer, abs=1e-9)


def test_softened_kl_is_reverse_kl_less_two_jsd():
    p, q = two_modes(3.0, 0.7).density(X), norm.pdf(X, -0.8, 0.7)
    parts = [rule(p, q, CELL) for rule in (divergences.reverse_kl, divergences.jensen_shannon)]
    assert divergences.softened_kl(p, q, CELL) == pytest.approx(parts[0] - 2 * parts[1])


@pytest.mark.parametrize("weight", [0.3, 0.5, 0.9])
def test_one_far_mode_costs_what_the_formulas_say(weight):
    p, q = two_modes(8.0, weight).density(X), norm.pdf(X, -4, 0.6)
    for name, want in at_one_mode(weight).items():
        found = DIVERGENCES[name](p, q, CELL)
        assert found > 5 if np.isinf(want) else found == pytest.approx(want, abs=1e-4), name


def test_the_only_mode_costs_nothing():
    assert all(value == pytest.approx(0) for value in at_one_mode(1.0).values())


def test_covering_fit_has_the_moments():
    p = two_modes(4.0, 0.7)
    fit = best_gaussian(p.density(X), divergences.forward_kl)
    mean = p.weights @ p.means
    variance = p.weights @ (p.stds**2 + (p.means - mean) ** 2)
    assert fit.mean == pytest.approx(mean, abs=1e-3)
    assert fit.std**2 == pytest.approx(variance, rel=1e-3)


def test_a_gaussian_is_found_again_by_all():
    for name, rule in DIVERGENCES.items():
        fit = best_gaussian(norm.pdf(X, 0.37, 0.9), rule)
        assert (fit.mean, fit.std) == pytest.approx((0.37, 0.9), abs=2e-3), name
        assert fit.value == pytest.approx(0, abs=1e-5)


@pytest.mark.slow
def test_no_start_finds_a_better_fit():
    """Searches from six starts by another method: the table misses no valley."""
    for distance in (2.5, 3.0, 5.5):
        p = two_modes(distance, 0.6).density(X)
        for name in ("JSD", "softened KL", "KL(q ‖ p)"):
            rule, fit = DIVERGENCES[name], best_gaussian(p, DIVERGENCES[name])
            ends = [
                optimize.minimize(
                    lambda t, r=rule, p=p: r(p, norm.pdf(X, t[0], t[1]), CELL),
                    start,
                    method="L-BFGS-B",
                    bounds=[(-4, 4), (0.3, 4)],
                ).fun
                for start in ((-distance / 2, 0.6), (0, 1.0), (0, distance / 2), (1, 0.7))
            ]
            assert fit.value <= min(ends) + 1e-6, (name, distance)


def test_of_two_equal_modes_the_left_is_taken():
    fit = best_gaussian(two_modes(5.0).density(X), divergences.reverse_kl)
    assert fit.mean == pytest.approx(-2.5, abs=0.01)


@pytest.mark.slow
def test_the_order_in_which_they_let_a_mode_go():
    """At distance 3 only the softened KL seeks, at 4 reverse KL too, at 5.5 the JSD as well."""
    seeks = {
        distance: {
            name
            for name, rule in DIVERGENCES.items()
            if best_gaussian(two_modes(distance).density(X), rule).std < 0.8
        }
        for distance in (3.0, 4.0, 5.5)
    }
    assert seeks[3.0] == {"softened KL"}
    assert seeks[4.0] == {"softened KL", "KL(q ‖ p)"}
    assert seeks[5.5] == {"softened KL", "KL(q ‖ p)", "JSD"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: at_one_mode(0.0), "in \\(0, 1\\]"),
        (lambda: at_one_mode(1.2), "in \\(0, 1\\]"),
        (lambda: best_gaussian(np.ones(5) / 5, divergences.reverse_kl), "usual_line"),
        (lambda: best_gaussian(np.ones(len(X)), divergences.reverse_kl), "density"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
