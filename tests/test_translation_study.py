"""Numbers of a study, from models that are known."""

import numpy as np
import pytest
import torch
from torch import nn

from lib.datasets import load
from lib.face_pairs import pairs, repaint, tones_of
from lib.face_parser import FaceParser
from lib.few_steps import FaceJudge
from lib.translation import Translation
from lib.translation_study import Study, rms
from tests.family_models import seeded


class Painter(nn.Module):
    """Answers with the painting itself, plus `use` times one number of z everywhere."""

    def __init__(self, use: float = 0.0):
        super().__init__()
        self.use = nn.Parameter(torch.tensor(float(use)))

    def forward(self, z, c):
        return c[:, 0] + self.use * z[:, :1, None]


@pytest.fixture(scope="module")
def study() -> Study:
    faces = load("faces").subset(slice(0, 60))
    return Study(faces.x, pairs(faces)[0], FaceJudge(faces.x, 5), FaceParser())


def model(use: float) -> Translation:
    return Translation(Painter(use), None, 3)


def test_true_faces_are_at_distance_zero(study):
    found = study.measure(study.x)
    flat = tones_of(study.c)
    assert found["distance"] == 0
    assert found["tone error"] < 1e-6
    np.testing.assert_allclose(found["shading"], rms(study.x, flat), rtol=1e-5)
    assert found["precision"] == found["recall"] == 1


def test_paint_has_no_shading_and_lies_at_the_distance_of_the_shading(study):
    labels = np.stack([m.argmax(0) for m in study.c[:, 1:].numpy()])
    flat = study.measure(repaint(study.x, labels))
    assert flat["shading"] < 1e-6
    np.testing.assert_allclose(flat["distance"], study.measure(study.x)["shading"], rtol=1e-5)
    faint = study.measure(study.x / 2)["shading"]  # the repainting is the answer's own
    np.testing.assert_allclose(faint, study.measure(study.x)["shading"] / 2, rtol=1e-4)
    assert flat["sharpness"] < study.measure(study.x)["sharpness"]


def test_answers_follow_their_questions(study):
    np.testing.assert_allclose(study.answers(model(0), seeded()), tones_of(study.c), atol=1e-6)
    flipped = study.answers(model(0), seeded(), study.c.flip(3))
    np.testing.assert_allclose(flipped, tones_of(study.c)[:, :, ::-1], atol=1e-6)


def test_twins_tell_who_uses_z(study):
    assert study.twins(model(0), seeded())["ratio"] == 0
    small, large = (study.twins(model(use), seeded()) for use in (0.05, 0.1))
    expected = 0.05 / 2 * 2**0.5  # a difference of two normal numbers, in grey values
    np.testing.assert_allclose(small["to each other"], expected, rtol=0.25)
    assert 1.8 < large["to each other"] / small["to each other"] < 2.2
    np.testing.assert_allclose(small["ratio"], small["to each other"] / small["to the truth"])
