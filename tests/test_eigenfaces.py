"""Measurements of the eigenface model, on pictures whose people, light and mirror are known."""

import numpy as np
import pytest

from lib.eigenfaces import component_facts, curves, known_people, most_turned
from lib.pca import fit_pca
from lib.ppca import fit_ppca


def test_a_component_of_identity_and_one_of_light(rng):
    """Brightness differs between people, a left-right ramp between pictures of one person."""
    flat, ramp = np.ones((4, 6)), np.tile(np.linspace(-1, 1, 6), (4, 1))
    y = np.repeat(np.arange(20), 10)
    tone, light = np.repeat(rng.normal(size=20), 10), rng.normal(size=200)
    light -= np.repeat(light.reshape(20, 10).mean(axis=1), 10)  # the same for all on average
    x = (3 * tone[:, None] * flat.ravel() + light[:, None] * ramp.ravel()).reshape(200, -1)
    pca = fit_pca(x, 2)
    facts = component_facts(pca, pca.encode(x), y, (4, 6))
    np.testing.assert_allclose(facts["who"], [1, 0], atol=1e-10)
    np.testing.assert_allclose(facts["brightness"], [1, 0], atol=1e-10)
    np.testing.assert_allclose(facts["left and right"], [0, 1], atol=1e-10)


def test_who_is_the_share_of_variance_between_people(rng):
    """Total variance = variance of the means + mean of the variances, groups being equal."""
    x, y = rng.normal(size=(60, 12)) + np.repeat(rng.normal(size=(6, 12)), 10, axis=0), None
    y, pca = np.repeat(np.arange(6), 10), fit_pca(x, 3)
    z = pca.encode(x)
    within = np.mean([z[y == p].var(axis=0) for p in range(6)], axis=0)
    who = component_facts(pca, z, y, (3, 4))["who"]
    np.testing.assert_allclose(who, 1 - within / pca.variances)


def test_people_with_unequal_numbers_of_pictures_are_refused(rng):
    x = rng.normal(size=(5, 4))
    pca = fit_pca(x, 1)
    with pytest.raises(ValueError, match="as many pictures"):
        component_facts(pca, pca.encode(x), np.array([0, 0, 0, 1, 1]), (2, 2))


def test_curves_are_those_of_separate_fits(rng):
    x = rng.normal(size=(40, 60)) @ np.diag(np.geomspace(3, 0.1, 60))
    fitted, other = x[:30], x[30:]
    found = curves(fitted, other, points=8)
    for j, k in enumerate(found.ks):
        model, plane = fit_ppca(fitted, k), fit_pca(fitted, k)
        assert found.fitted_nats[j] == pytest.approx(model.log_prob(fitted).mean())
        assert found.other_nats[j] == pytest.approx(model.log_prob(other).mean())
        for rows, errors in ((fitted, found.fitted_error), (other, found.other_error)):
            assert errors[j] == pytest.approx(
                np.sqrt(np.mean((rows - plane.reconstruct(rows)) ** 2))
            )
    assert found.best == found.ks[np.argmax(found.other_nats)]


def test_the_likelihood_finds_the_number_of_latents_that_made_the_data(rng):
    """400 points from a model with 4 latents: the held-out peak lies there, or close above."""
    w = np.linalg.qr(rng.normal(size=(30, 4)))[0] * [5, 4, 3, 2]
    x = rng.normal(size=(600, 4)) @ w.T + 0.3 * rng.normal(size=(600, 30))
    found = curves(x[:400], x[400:], points=60)
    assert found.best == 4


def test_a_model_prefers_people_it_has_met(rng):
    """Each person is a direction of its own: knowing it is worth many nats; without, nothing."""
    y = np.repeat(np.arange(12), 10)
    own = np.linalg.qr(rng.normal(size=(40, 12)))[0].T[y]
    noise = 0.1 * rng.normal(size=(120, 40))
    nats = known_people(own * rng.normal(size=(120, 1)) + noise, y, 8, rng)
    assert np.all(np.diag(nats) > np.diag(nats[::-1]))
    strangers = known_people(rng.normal(size=(120, 40)), y, 2, np.random.default_rng(1))
    bonus = (np.trace(strangers) - np.trace(strangers[::-1])) / 2
    assert abs(bonus) < 0.1 * (np.trace(nats) - np.trace(nats[::-1])) / 2
    with pytest.raises(ValueError, match="4 people"):
        known_people(noise, y % 3, 2, rng)


def test_the_most_turned_picture_is_the_least_symmetric(rng):
    half = rng.random((5, 8, 6))
    symmetric = np.concatenate([half, half[:, :, ::-1]], axis=2)
    images = symmetric.copy()
    images[3, :, :6] += np.where(np.arange(6) % 2, 0.8, 0)  # stripes on one side
    images[1, :, :6] += np.where(np.arange(6) % 2, 0.3, 0)
    np.testing.assert_array_equal(most_turned(images, 2), [3, 1])
    np.testing.assert_array_equal(most_turned(images[:, :, ::-1], 2), [3, 1])
