"""Halves of pictures completed: what is given stays, what is counted is what is drawn."""

import numpy as np
import pytest
import torch

from lib.datasets import load
from lib.digit_features import classify_digits
from lib.grey_levels import to_grey, to_levels
from lib.half_hidden import HIDDEN, CompletionBoard, class_shares, finish, first_rows, veiled
from lib.pixelcnn import PixelCNN


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


DIGITS = load("digits")
X = to_levels(DIGITS.test.x[:3])


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_the_first_rows_are_given(shape):
    for rows in range(5):
        known = first_rows(shape, rows)
        assert known.shape == shape
        assert known[..., :rows, :].all()
        assert not known[..., rows:, :].any()


@pytest.mark.parametrize("rows", [-1, 9])
def test_rows_must_be_in_the_picture(rows):
    with pytest.raises(ValueError, match="has 0 to 8 given"):
        first_rows((8, 8), rows)


def test_finishing_keeps_what_is_given_and_draws_the_rest():
    torch.manual_seed(0)
    model = PixelCNN((8, 8), 17, channels=8, blocks=1)
    done = finish(model, X, 3, 5, generator=seeded(1))
    assert done.shape == (3, 5, 8, 8)
    assert (done[:, :, :3] == X[:, None, :3]).all()
    assert len(done[0].unique(dim=0)) == 5
    again = model.complete(X.repeat_interleave(5, 0), first_rows((8, 8), 3), generator=seeded(1))
    assert torch.equal(done.flatten(0, 1), again)
    assert torch.equal(finish(model, X, 8, 2, generator=seeded())[:, 0], X)


def test_a_veil_hides_what_is_not_given():
    shown = veiled(X, 5)
    assert shown.shape == (3, 8, 8, 3)
    np.testing.assert_allclose(shown[:, :5], to_grey(X)[:, :5, :, None].expand(-1, -1, -1, 3))
    assert (shown[:, 5:] == HIDDEN).all()
    assert np.ptp(HIDDEN) > 0.1  # not a grey


def test_shares_count_what_the_classifier_says():
    done = to_levels(DIGITS.test.x[:40]).unflatten(0, (4, 10))
    named = classify_digits(DIGITS.test.x[:40]).reshape(4, 10)
    shares = class_shares(done)
    np.testing.assert_allclose(shares.sum(1), 1)
    for row, names in zip(shares, named, strict=True):
        assert row[names[0]] == pytest.approx(np.mean(names == names[0]))


@pytest.fixture
def board() -> CompletionBoard:
    others = to_levels(DIGITS.test.x[3:63]).unflatten(0, (3, 20))
    return CompletionBoard(X, DIGITS.test.y[:3], {0: others, 4: others.flip(1)})


def test_frames_have_one_size_and_show_the_setting(board):
    frames = [board.frame(which, rows) for which in range(3) for rows in (0, 4)]
    assert {f.shape for f in frames} == {frames[0].shape}
    assert all(f.dtype == np.uint8 for f in frames)
    for k, a in enumerate(frames):
        assert all(not np.array_equal(a, b) for b in frames[k + 1 :])


def test_a_frame_holds_given_completion_and_original(board):
    frame, side, zoom = board.frame(1, 4), board.SIDE, board.SIDE // 8

    def picture(k):
        left = board.GAP + k * (side + board.GAP)
        part = frame[board.TOP : board.TOP + side, left : left + side]
        return part[zoom // 2 :: zoom, zoom // 2 :: zoom] / 255

    np.testing.assert_allclose(picture(0), veiled(X[1:2], 4)[0], atol=0.01)
    for k in range(5):
        want = to_grey(board.finished[4][1, k]).numpy()
        np.testing.assert_allclose(picture(k + 1)[..., 0], want, atol=0.01)
    np.testing.assert_allclose(picture(6)[..., 0], to_grey(X[1]).numpy(), atol=0.01)


def test_bars_are_as_high_as_the_shares(board):
    red = np.array([200, 68, 60])
    for which in range(3):
        frame = board.frame(which, 0).astype(int)
        bars = (np.abs(frame - red).sum(-1) < 30).sum(0).max() / board.BARS
        assert bars == pytest.approx(board.shares[0][which].max(), abs=0.03)
