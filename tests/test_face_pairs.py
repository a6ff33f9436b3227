"""Questions about faces: each kind by a loop of its own, and by the renderer."""

import numpy as np
import pytest
import torch

from lib import face_pairs
from lib.datasets import load
from lib.datasets.face_factors import PART, PARTS, one_person
from lib.datasets.faces import label_maps, make, render


@pytest.fixture(scope="module")
def faces():
    return load("faces").subset(slice(0, 12))


def test_a_repainted_part_has_the_mean_of_its_pixels(faces):
    labels = faces.extras["labels"]
    flat = face_pairs.repaint(faces.x, labels)
    for picture, paint, parts in zip(faces.x, flat, labels, strict=True):
        for part in np.unique(parts):
            where = parts == part
            np.testing.assert_allclose(paint[where], picture[where].mean(), atol=1e-5)
    np.testing.assert_allclose(face_pairs.repaint(flat, labels), flat, atol=1e-6)


def test_questions_say_what_they_promise(faces):
    labels, x = faces.extras["labels"], faces.x
    drawing, parts, painting = (face_pairs.QUESTIONS[k](x, labels) for k in face_pairs.QUESTIONS)
    np.testing.assert_array_equal(drawing[:, 0], faces.extras["edges"])
    assert parts.shape == (12, len(PARTS), 32, 32)
    assert (parts.sum(1) == 1).all()
    assert all((parts[:, k].bool().numpy() == (labels == k)).all() for k in range(len(PARTS)))
    torch.testing.assert_close(painting[:, 1:], parts)
    np.testing.assert_allclose(
        (painting[:, 0].numpy() + 1) / 2, face_pairs.repaint(x, labels), atol=1e-6
    )


@pytest.mark.parametrize("kind", ["parts", "painting"])
def test_what_was_asked_can_be_read_back(faces, kind):
    c, x = face_pairs.pairs(faces, kind)
    np.testing.assert_array_equal(face_pairs.labels_of(c), faces.extras["labels"])
    np.testing.assert_allclose(x, 2 * faces.x - 1, atol=1e-6)
    if kind == "painting":
        flat = face_pairs.repaint(faces.x, faces.extras["labels"])
        np.testing.assert_allclose(face_pairs.tones_of(c), flat, atol=1e-6)


def test_the_tone_error_is_that_of_the_parts_means(faces):
    c, _ = face_pairs.pairs(faces)
    assert face_pairs.tone_error(faces.x, c) < 1e-6
    assert face_pairs.tone_error(face_pairs.tones_of(c), c) < 1e-6
    lighter = faces.x + 0.1  # every part lighter by a tenth, texture or not
    np.testing.assert_allclose(face_pairs.tone_error(lighter, c), 0.1, rtol=1e-4)
    hair = np.where(faces.extras["labels"] == PART["hair"], 0.2, 0)
    share = np.mean(hair > 0)
    np.testing.assert_allclose(
        face_pairs.tone_error(faces.x + hair, c), 0.2 * share**0.5, rtol=1e-4
    )


def test_new_pairs_are_the_renderers():
    factors = one_person(2)
    c, x, labels = face_pairs.new_pairs(factors, "parts")
    np.testing.assert_array_equal(labels, label_maps(factors))
    np.testing.assert_allclose((x + 1) / 2, render(factors), atol=1e-6)
    np.testing.assert_array_equal(face_pairs.labels_of(c), labels)


def test_other_light_and_tones_leave_the_map_alone():
    person = face_pairs.some_person(make(3, seed=1).factors, 2)
    assert {len(v) for v in person.values()} == {1}
    many = face_pairs.same_drawing(person, 6, np.random.default_rng(0))
    _, x, labels = face_pairs.new_pairs(many)
    assert (labels == label_maps(person)[0]).all()
    assert len(np.unique(x.numpy().reshape(6, -1), axis=0)) == 6


def test_variations_are_all_combinations_in_order():
    factors, settings = face_pairs.variations({"smile": [0, 1], "glasses": [0, 1]}, yaw=10)
    assert settings == [(0, 0), (0, 1), (1, 0), (1, 1)]
    np.testing.assert_array_equal(factors["smile"], [0, 0, 1, 1])
    np.testing.assert_array_equal(factors["glasses"], [0, 1, 0, 1])
    np.testing.assert_array_equal(factors["yaw"], 10)


def test_colours_belong_to_parts():
    shown = face_pairs.coloured(np.arange(10).reshape(1, 2, 5))
    assert shown.shape == (1, 2, 5, 3)
    assert len(np.unique(shown.reshape(10, 3), axis=0)) == len(PARTS)


def test_what_cannot_be_asked_is_refused(faces):
    with pytest.raises(ValueError, match="questions are"):
        face_pairs.pairs(faces, "poem")
    with pytest.raises(ValueError, match="one shape"):
        face_pairs.repaint(faces.x, faces.extras["labels"][:3])
    drawing, _ = face_pairs.pairs(faces, "drawing")
    with pytest.raises(ValueError, match="nothing of parts"):
        face_pairs.labels_of(drawing)
    with pytest.raises(ValueError, match="only a painting"):
        face_pairs.tones_of(drawing)
    with pytest.raises(ValueError, match="hair styles"):
        face_pairs.style("mohawk")
    assert face_pairs.style("shaved") == 0
