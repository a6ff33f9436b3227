"""What the drawings of picture to picture show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from lib import translation_plots as drawn
from lib.face_pairs import new_pairs, variations
from lib.translation import PatchDiscriminator, Translation


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_curves_are_three_answers_and_all_that_is_shown():
    waves = np.random.default_rng(0).random((12, 5))
    left, right = drawn.answer_curves(waves, {"median": waves[0], "mean": waves[1]}).axes
    assert [int(np.flatnonzero((waves == line.get_ydata()).all(1))[0]) for line in left.lines] == [
        0, 2, 4,
    ]  # fmt: skip
    np.testing.assert_allclose([line.get_ydata() for line in right.lines], waves[:2])
    assert [t.get_text() for t in right.get_legend().get_texts()] == ["median", "mean"]


def test_the_patch_is_framed_where_the_slope_is_not_zero():
    seen = np.zeros((8, 8))
    seen[2:5, 1:6] = 1
    fig = drawn.seen_patch(seen, np.zeros((8, 8)))
    for ax in fig.axes:
        (frame,) = ax.patches
        assert frame.get_xy() == (0.5, 1.5)
        assert (frame.get_width(), frame.get_height()) == (5, 3)
    assert "5 x 3" in fig.axes[1].get_title()


def test_the_table_of_layers_ends_with_the_whole_field():
    text = drawn.field_table(PatchDiscriminator((1, 32, 32), (32, 32))).data
    assert "| 1 | 4 | 2 | 4 |" in text
    assert "| 2 | 4 | 2 | 10 |" in text
    assert "| 3 | 4 | 1 | 22 |" in text


def test_a_table_leaves_what_is_not_known_empty():
    text = drawn.study_table("who", {"a": {"distance": 0.1234}, "b": {"parts": 0.5}}).data
    assert "| who | distance | parts |" in text
    assert "| a | 0.123 |  |" in text
    assert "| b |  | 50% |" in text


class Negative(nn.Module):
    def __init__(self):
        super().__init__()
        self.zero = nn.Parameter(torch.zeros(()))

    def forward(self, z, c):
        return self.zero - c[:, 0]


def test_frames_hold_question_answer_and_truth():
    choices = {"glasses": [0, 1], "smile": [0, 1]}
    frame = drawn.face_frames(Translation(Negative(), None, 2), choices)
    c, x, _ = new_pairs(variations(choices)[0])
    got = frame(smile=1, glasses=0)
    assert got.shape == (32, 3 * 32 + 2 * drawn.GAP, 3)
    for place, want in enumerate([c[1, 0], -c[1, 0], x[1]]):
        left = place * (32 + drawn.GAP)
        shown = got[:, left : left + 32, 0]
        np.testing.assert_allclose(shown / 255, (want + 1) / 2, atol=0.02)
    assert not np.array_equal(got, frame(smile=0, glasses=1))
