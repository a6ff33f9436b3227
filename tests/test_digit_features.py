"""The ruler for digits reads well, puts known samples in order, and is the file on its card."""

import hashlib
import re

import numpy as np
import pytest
import torch

from lib import digit_features as ruler
from lib import make_digit_features as make
from lib.datasets import load
from lib.datasets.shipped import DATA
from lib.digit_features import (
    FEATURES,
    SAMPLES,
    TOTAL_VARIANCE,
    WEIGHTS,
    classify_digits,
    digit_features,
    digit_frechet,
    digit_logits,
    digit_precision_recall,
    yardsticks,
)
from lib.metrics import frechet_distance, precision_recall


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def known():
    return yardsticks(np.random.default_rng(1))


def test_held_out_digits_are_read(digits):
    assert np.mean(classify_digits(digits.test.x) == digits.test.y) >= 0.994
    assert np.mean(classify_digits(digits.train.x) == digits.train.y) >= 0.99


def test_features_are_thirty_two_and_all_alive(digits):
    features = digit_features(digits.train.x)
    assert features.shape == (SAMPLES, FEATURES)
    assert features.dtype == np.float32
    spread = features.var(axis=0)
    assert spread.sum() == pytest.approx(TOTAL_VARIANCE, rel=1e-3)  # half precision
    assert spread.min() > 1e-3 * TOTAL_VARIANCE


def test_logits_are_of_the_features_and_the_class_is_their_largest(digits):
    x, model = digits.test.x, ruler.shipped_classifier()
    want = model(torch.from_numpy(x)[:, None]).numpy()
    np.testing.assert_allclose(digit_logits(x), want, atol=1e-4)
    np.testing.assert_array_equal(classify_digits(x), want.argmax(axis=1))


def test_the_network_is_the_one_written_with_other_tools(digits):
    """Convolution by sums of shifted pictures, in double precision."""
    with np.load(WEIGHTS) as file:
        w = {name: values.astype(float) for name, values in file.items()}

    def convolve(x, name):
        kernel, (h, v) = w[f"{name}.weight"], x.shape[2:]
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        parts = [
            np.einsum("nchv,kc->nkhv", padded[:, :, i : i + h, j : j + v], kernel[:, :, i, j])
            for i in range(3)
            for j in range(3)
        ]
        return np.maximum(sum(parts) + w[f"{name}.bias"][:, None, None], 0)

    def halve(x):
        n, c, h, v = x.shape
        return x.reshape(n, c, h // 2, 2, v // 2, 2).max(axis=(3, 5))

    x = digits.test.x[:20, None].astype(float)
    x = halve(convolve(halve(convolve(convolve(x, "conv1"), "conv2")), "conv3")).reshape(20, -1)
    h = x @ w["hidden.weight"].T + w["hidden.bias"]
    h = np.where(h > 0, h, 0.1 * h)
    np.testing.assert_allclose(digit_features(digits.test.x[:20]), h, atol=1e-3)


def test_arrays_tensors_and_all_shapes_give_the_same(digits):
    x = digits.test.x[:7]
    want = digit_features(x)
    tensor = torch.from_numpy(x).double().requires_grad_()
    for same in (x.astype(float), x[:, None], x.reshape(7, 64), tensor, x[::-1][::-1]):
        np.testing.assert_array_equal(digit_features(same), want)


def test_many_pictures_are_passed_in_parts(digits, monkeypatch):
    want = digit_features(digits.test.x[:50])
    monkeypatch.setattr(ruler, "CHUNK", 16)
    np.testing.assert_allclose(digit_features(digits.test.x[:50]), want, atol=1e-4)


def test_floor_and_baselines_come_in_order_with_room_between(known):
    at = {name: digit_frechet(x) for name, x in known.items()}
    floor, each, one, noise = (
        at[name]
        for name in ("held-out digits", "one Gaussian per class", "one Gaussian", "uniform noise")
    )
    assert 3 * floor < each < one / 5
    assert 1.5 * one < noise < TOTAL_VARIANCE


def test_the_table_of_yardsticks_is_what_one_measures(digits, known, rng):
    rows = re.findall(r"^\w.*?  +(\d[^a-z\n]*)$", ruler.__doc__, flags=re.M)
    again = digits.train.x[rng.integers(SAMPLES, size=SAMPLES)]
    for row, pictures in zip(rows, [again, *known.values()], strict=True):
        mean, _, rest = row.partition("±")
        numbers = [float(v) for v in (mean + rest).split()]
        spread = numbers.pop(1) if rest else 0.01
        assert abs(digit_frechet(pictures) - numbers[0]) < 4 * spread, row
        if numbers[1:]:
            shares = digit_precision_recall(pictures)
            np.testing.assert_allclose(shares, numbers[1:], atol=0.2, err_msg=row)


def test_precision_and_recall_know_good_from_bad(known):
    at = {name: digit_precision_recall(x) for name, x in known.items()}
    assert min(at["held-out digits"]) > 0.75
    for name in ("one Gaussian per class", "one Gaussian", "uniform noise"):
        assert at[name][0] < at["held-out digits"][0] - 0.02
        assert at[name][1] < at["held-out digits"][1] - 0.1
    assert at["one Gaussian"][0] < 0.4
    assert max(at["uniform noise"]) < 0.2


def test_the_reference_is_the_set_of_training_digits(digits, known):
    training, samples = digit_features(digits.train.x), known["one Gaussian"]
    features = digit_features(samples)
    assert digit_frechet(digits.train.x) < 1e-6
    assert digit_frechet(samples) == pytest.approx(frechet_distance(training, features))
    want = precision_recall(training, features, k=5)
    assert digit_precision_recall(samples, k=5) == want


def test_a_lost_class_and_a_blur_are_noticed(digits):
    x, y = digits.test.x, digits.test.y
    floor = digit_frechet(x)
    blurred = (x + np.roll(x, 1, axis=1) + np.roll(x, 1, axis=2)) / 3
    assert digit_frechet(x[y != 9]) > 4 * floor
    assert digit_frechet(blurred) > 4 * floor
    lost = digit_precision_recall(x[y != 9])
    assert lost[1] < digit_precision_recall(x)[1] - 0.05


def test_small_sets_look_farther_away(digits, rng):
    """Drawn from the data itself, so that only the number differs."""
    x = digits.train.x
    few, many = (
        np.mean([digit_frechet(x[rng.integers(len(x), size=n)]) for _ in range(8)])
        for n in (200, SAMPLES)
    )
    assert 3 < few / many < 20


def test_yardsticks_are_pictures_and_repeat_with_the_seed(digits, known):
    again = yardsticks(np.random.default_rng(1), n=SAMPLES)
    np.testing.assert_array_equal(known["held-out digits"], digits.test.x)
    for name, x in known.items():
        assert x.shape[1:] == (8, 8)
        assert x.min() >= 0
        assert x.max() <= 1
        np.testing.assert_array_equal(x, again[name])
    assert all(len(x) == SAMPLES for name, x in known.items() if name != "held-out digits")
    mean = digits.train.x.mean()
    assert known["one Gaussian per class"].mean() == pytest.approx(mean, abs=0.05)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 28, 28)), r"\(n, 8, 8\)"),
        (np.zeros((8, 8)), r"\(n, 8, 8\)"),
        (np.zeros((3, 3, 8, 8)), r"\(n, 8, 8\)"),
        (np.zeros((0, 8, 8)), r"\(n, 8, 8\)"),
        (np.full((3, 8, 8), 16), "clip"),
        (np.full((3, 8, 8), -0.1), "clip"),
        (torch.full((3, 8, 8), torch.nan), "clip"),
    ],
)
def test_other_pictures_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        digit_features(x)


def test_the_data_card_has_the_checksum_of_the_shipped_file():
    card = (DATA / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert f"`{WEIGHTS.name}` sha256 `{digest}`" in card
    assert f"{sum(p.numel() for p in ruler.shipped_classifier().parameters()):,} numbers" in card
    assert WEIGHTS.stat().st_size < 150_000


def test_the_shipped_file_holds_every_weight_in_half_precision():
    blank = ruler.blank_classifier().state_dict()
    with np.load(WEIGHTS) as file:
        assert {k: (v.shape, str(v.dtype)) for k, v in file.items()} == {
            k: (tuple(v.shape), "float16") for k, v in blank.items()
        }


def test_measuring_leaves_random_numbers_and_threads_alone(digits):
    ruler.shipped_classifier.cache_clear()
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    digit_frechet(digits.test.x)
    make.train(*make.training_digits(), torch.Generator().manual_seed(0), epochs=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_the_shipped_classifier_is_frozen_and_the_reference_cannot_be_written(digits):
    digit_frechet(digits.test.x)
    assert not any(p.requires_grad for p in ruler.shipped_classifier().parameters())
    with pytest.raises(ValueError, match="read-only"):
        ruler._training_features()[0] = 0


def test_distortion_keeps_shape_and_range_and_moves_each_picture_its_own_way(digits):
    x = torch.from_numpy(np.repeat(digits.train.x[:1, None], 500, axis=0))
    moved = make.distort(x, torch.Generator().manual_seed(1))
    assert moved.shape == x.shape
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert len(torch.unique(moved.flatten(1), dim=0)) == 500
    mean = moved.mean(dim=0)  # about the picture, blurred: nothing is pushed to one side
    rows, columns = np.arange(8.0), np.arange(8.0)[:, None]
    for axis in (rows, columns):
        centre = [(np.asarray(p) * axis).sum() / np.asarray(p).sum() for p in (mean[0], x[0, 0])]
        assert centre[0] == pytest.approx(centre[1], abs=0.15)


def test_scaling_keeps_the_logits(digits):
    x, _ = make.training_digits()
    model = make._fresh(torch.Generator().manual_seed(3)).requires_grad_(False)
    before = model(x)
    after = make._scaled(model, x)
    torch.testing.assert_close(after(x), before, rtol=1e-4, atol=1e-5)
    spread = after.features(x).var(dim=0, correction=0).sum()
    assert spread == pytest.approx(TOTAL_VARIANCE, rel=1e-4)


@pytest.mark.slow
def test_training_from_another_seed_makes_as_good_a_ruler(tmp_path, monkeypatch, digits, known):
    path = tmp_path / "again.npz"
    trained = make.write(path, seed=1)
    monkeypatch.setattr(ruler, "WEIGHTS", path)
    caches = (ruler.shipped_classifier, ruler._training_features)
    try:
        for cached in caches:
            cached.cache_clear()
        want = trained(torch.from_numpy(digits.test.x)[:, None]).argmax(dim=1)
        np.testing.assert_array_equal(
            classify_digits(digits.test.x), want
        )  # half precision is enough
        assert np.mean(classify_digits(digits.test.x) == digits.test.y) >= 0.99
        test_features_are_thirty_two_and_all_alive(digits)
        test_floor_and_baselines_come_in_order_with_room_between(known)
    finally:
        for cached in caches:
            cached.cache_clear()
