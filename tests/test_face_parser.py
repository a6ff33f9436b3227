"""The reader of maps: its score by hand, and that it learns what a classifier of pixels cannot."""

import numpy as np
import pytest
import torch

from lib.datasets import load
from lib.face_pairs import repaint
from lib.face_parser import FaceParser, trained_parser
from tests.family_models import seeded


def parser() -> FaceParser:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FaceParser((8, 8), channels=4)


def test_loss_is_the_cross_entropy_of_all_pixels():
    net, x = parser(), torch.rand(3, 8, 8, generator=seeded()) * 2 - 1
    c = torch.randint(0, 10, (3, 8, 8), generator=seeded())
    p = torch.softmax(net(x), dim=1)
    want = -p.gather(1, c[:, None]).log().sum() / 3
    torch.testing.assert_close(net.loss(x, c)["loss"], want)


def test_agreement_counts_pixels_and_parts(monkeypatch):
    labels = np.array([[[0, 0, 0, 1]]])
    monkeypatch.setattr(FaceParser, "read", lambda self, x: np.array([[[0, 0, 1, 1]]]))
    found = parser().agreement(np.zeros((1, 1, 4)), labels)
    assert found["pixels"] == 0.75
    assert np.isclose(found["parts"], (2 / 3 + 1) / 2)
    with pytest.raises(ValueError, match="must agree"):
        parser().agreement(np.zeros((2, 1, 4)), labels)


def test_reading_takes_the_likeliest_part():
    net, x = parser(), np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)
    with torch.no_grad():
        logits = net(torch.as_tensor(2 * x - 1)).numpy()
    read = net.read(x)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, logits.argmax(1))


@pytest.mark.slow
def test_the_trained_parser_reads_faces_and_not_paint():
    before = torch.get_rng_state()
    net, faces = trained_parser(), load("faces").test
    assert torch.equal(torch.get_rng_state(), before)
    labels = faces.extras["labels"]
    real = net.agreement(faces.x, labels)
    paint = net.agreement(repaint(faces.x, labels), labels)
    assert real["pixels"] > 0.88
    assert real["parts"] > 0.65
    assert paint["parts"] < real["parts"] - 0.1
    assert trained_parser() is net
