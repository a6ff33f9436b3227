"""The picture model: geometry of the templates, sampling, and Bayes' rule against scipy."""

import numpy as np
import pytest
from scipy import stats

from lib.glyphs import CAUSES, OBJECTS, SIDE, GlyphModel, sample_causes, templates


def test_templates_cover_all_causes_and_are_coverages():
    t = templates()
    assert t.shape == (4, 49, 8, SIDE, SIDE)
    assert t.min() == 0
    assert t.max() == 1


def test_no_object_leaves_the_picture():
    """The area of an object is the same at every position."""
    area = templates().sum(axis=(-1, -2))
    np.testing.assert_allclose(area, area[:, :1] * np.ones((1, 49, 1)), rtol=1e-12)


def test_turning_by_a_right_angle_turns_the_picture():
    centre = templates()[:, 24]
    for k in range(8):
        turned = np.rot90(centre[:, k], axes=(-2, -1))  # numpy turns anticlockwise
        np.testing.assert_allclose(turned, centre[:, (k + 2) % 8], atol=1e-12)


def test_positions_are_shifts_by_whole_pixels():
    t = templates()
    down_right = np.roll(t[:, 24], (1, 1), axis=(-2, -1))
    np.testing.assert_array_equal(down_right, t[:, 24 + 7 + 1])


def test_the_square_looks_the_same_after_a_quarter_turn_and_nothing_else_does():
    centre = templates()[:, 24].reshape(4, 8, -1)
    for name, views in zip(OBJECTS, centre, strict=True):
        distinct = len(np.unique(np.round(views, 9), axis=0))
        assert distinct == (2 if name == "square" else 8)


@pytest.mark.parametrize("half", [False, True])
def test_posterior_is_bayes_rule_with_scipys_densities(rng, half):
    model = GlyphModel(sigma=0.7)
    _, images = model.sample(1, rng)
    visible = np.ones((SIDE, SIDE), bool)
    visible[:, SIDE // 2 :] = not half
    scores = stats.norm(templates()[..., visible], 0.7).logpdf(images[0][visible]).sum(-1)
    np.testing.assert_allclose(model.log_likelihood(images[0], visible), scores, rtol=1e-10)
    z = dict(zip(CAUSES, np.indices(scores.shape), strict=True))
    log_joint = model.prior.log_prob(z) + scores
    expected = np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=None))
    np.testing.assert_allclose(model.posterior(images[0], visible).table, expected, atol=1e-12)


def test_nothing_visible_leaves_the_prior(rng):
    model = GlyphModel()
    post = model.posterior(np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), bool))
    np.testing.assert_allclose(post.table, model.prior.joint().table, rtol=1e-12)


def test_the_posterior_is_calibrated(rng):
    """Averaged over scenes, the probability given to the truth is the chance of being right."""
    model, n = GlyphModel(sigma=1.2), 600
    z, images = model.sample(n, rng)
    beliefs = np.array(
        [model.posterior(y).sum_out("position", "orientation").table for y in images]
    )
    confidence = beliefs.max(axis=1)
    right = beliefs.argmax(axis=1) == z["object"]
    spread = np.sqrt((confidence * (1 - confidence)).sum()) / n  # of the mean of n Bernoulli
    assert abs(right.mean() - confidence.mean()) < 4 * spread


def test_drawn_causes_follow_the_table(rng):
    model = GlyphModel()
    prior = model.prior.joint()
    objects, positions, _ = sample_causes(prior, 20_000, rng)
    counts = np.bincount(objects, minlength=4)
    assert stats.chisquare(counts, 20_000 * prior.sum_out(*CAUSES[1:]).table).pvalue > 1e-3
    assert abs(positions.mean() - 24) < 4 * 15 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: GlyphModel(sigma=0), "sigma must be positive, got 0"),
        (lambda: GlyphModel().posterior(np.zeros((8, 8))), r"\(16, 16\), got \(8, 8\)"),
        (lambda: GlyphModel().posterior(np.zeros((16, 16)), np.ones(3)), r"visible.*\(3,\)"),
    ],
)
def test_bad_input_names_the_culprit(action, words):
    with pytest.raises(ValueError, match=words):
        action()
