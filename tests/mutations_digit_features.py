"""Mistakes in the ruler for digits, each caught by a check of the real code."""

import numpy as np
import torch

from lib import digit_features as ruler
from lib import make_digit_features as make
from lib.datasets import load
from lib.metrics import precision_recall
from tests.mutation import Edit, Mutation


def some_digits(n: int) -> np.ndarray:
    return load("digits").train.x[:n]


def held_out_digits_are_read() -> None:
    test = load("digits").test
    features = ruler.digit_features(test.x)
    assert len(features) == len(test)
    assert np.mean(ruler.classify_digits(test.x) == test.y) > 0.99


def logits_are_of_the_network() -> None:
    x = some_digits(50)
    want = ruler.shipped_classifier()(torch.from_numpy(x)[:, None])
    assert np.allclose(ruler.digit_logits(x), want, atol=1e-4)


def pictures_outside_are_refused() -> None:
    for wrong in (np.full((2, 8, 8), 1.5), np.full((2, 8, 8), -0.5), np.full((2, 8, 8), np.nan)):
        try:
            ruler.digit_features(wrong)
        except ValueError:
            continue
        raise AssertionError(f"{wrong[0, 0, 0]} went through")


def distance_to_the_training_digits_is_zero() -> None:
    assert ruler.digit_frechet(load("digits").train.x) < 1e-6


def precision_is_of_the_samples() -> None:
    x = load("digits").train.x
    one = ruler.yardsticks(np.random.default_rng(0))["one Gaussian"]
    want = precision_recall(ruler.digit_features(x), ruler.digit_features(one), 3)
    assert ruler.digit_precision_recall(one) == want


def baselines_are_good_and_bad() -> None:
    known = ruler.yardsticks(np.random.default_rng(0))
    far = {name: ruler.digit_frechet(x) for name, x in known.items()}
    assert far["held-out digits"] > 0.3
    assert far["one Gaussian per class"] < far["one Gaussian"] / 5
    assert far["one Gaussian"] < far["uniform noise"] / 1.5


def distortion_is_one_of_a_kind_and_centred() -> None:
    x = torch.zeros(2000, 1, 8, 8)
    x[:, :, 2:6, 2:6] = 1
    moved = make.distort(x, torch.Generator().manual_seed(0))
    assert len(torch.unique(moved.flatten(1), dim=0)) == 2000
    mean = moved.mean(dim=(0, 1))
    assert torch.allclose(mean, mean.flip(0), atol=0.06)
    assert torch.allclose(mean, mean.flip(1), atol=0.06)
    assert torch.allclose(mean, mean.T, atol=0.06)
    assert torch.allclose(mean.sum(), x[0].sum(), rtol=0.05)


def scaling_keeps_the_logits() -> None:
    x, _ = make.training_digits()
    model = make._fresh(torch.Generator().manual_seed(0)).requires_grad_(False)
    before = model(x)
    after = make._scaled(model, x)
    assert torch.allclose(after(x), before, rtol=1e-3, atol=1e-4)
    assert np.isclose(after.features(x).var(dim=0).sum(), ruler.TOTAL_VARIANCE, rtol=0.01)


def training_learns() -> None:
    x, y = make.training_digits()
    model = make.train(x, y, torch.Generator().manual_seed(0), epochs=4)
    test = load("digits").test
    right = model(torch.from_numpy(test.x)[:, None]).argmax(dim=1).numpy() == test.y
    assert right.mean() > 0.5  # chance is 0.1


MUTATIONS = [
    Mutation(
        "a plain last activation",
        "lib.digit_features.DigitClassifier.features",
        Edit("F.leaky_relu(self.hidden(x.flatten(1)), 0.1)", "self.hidden(x.flatten(1))"),
        held_out_digits_are_read,
    ),
    Mutation(
        "the last part is left out",
        "lib.digit_features.digit_features",
        Edit("_pictures(x).split(CHUNK)", "_pictures(x).split(100)[:-1]"),
        held_out_digits_are_read,
    ),
    Mutation(
        "the smallest logit",
        "lib.digit_features.classify_digits",
        Edit("argmax", "argmin"),
        held_out_digits_are_read,
    ),
    Mutation(
        "logits without their bias",
        "lib.digit_features.digit_logits",
        Edit(
            "shipped_classifier().output(torch.from_numpy(digit_features(x)))",
            "(torch.from_numpy(digit_features(x)) @ shipped_classifier().output.weight.T)",
        ),
        logits_are_of_the_network,
    ),
    Mutation(
        "nan goes through",
        "lib.digit_features._pictures",
        Edit(
            "not (x.min() >= -1e-5 and x.max() <= 1 + 1e-5)",
            "x.min() < -1e-5 or x.max() > 1 + 1e-5",
        ),
        pictures_outside_are_refused,
    ),
    Mutation(
        "compares with the held-out digits",
        "lib.digit_features._training_features",
        lambda: ruler.digit_features(load("digits").test.x),
        distance_to_the_training_digits_is_zero,
    ),
    Mutation(
        "precision and recall exchanged",
        "lib.digit_features.digit_precision_recall",
        Edit(
            "_training_features(), digit_features(samples)",
            "digit_features(samples), _training_features()",
        ),
        precision_is_of_the_samples,
    ),
    Mutation(
        "classes in the wrong order",
        "lib.digit_features.yardsticks",
        Edit("digits.train.y", "rng.permutation(digits.train.y)"),
        baselines_are_good_and_bad,
    ),
    Mutation(
        "training digits as the floor",
        "lib.digit_features.yardsticks",
        Edit("digits.test.x", "digits.train.x"),
        baselines_are_good_and_bad,
    ),
    Mutation(
        "all pictures distorted alike",
        "lib.make_digit_features.distort",
        Edit(
            "torch.rand(6, n, generator=generator)",
            "torch.rand(6, 1, generator=generator).expand(6, n)",
        ),
        distortion_is_one_of_a_kind_and_centred,
    ),
    Mutation(
        "shifts to one side only",
        "lib.make_digit_features.distort",
        Edit(
            "2 * torch.rand(6, n, generator=generator) - 1", "torch.rand(6, n, generator=generator)"
        ),
        distortion_is_one_of_a_kind_and_centred,
    ),
    Mutation(
        "scales the features and not the last layer",
        "lib.make_digit_features._scaled",
        Edit("model.output.weight /= scale", "pass"),
        scaling_keeps_the_logits,
    ),
    Mutation(
        "standard deviation for variance",
        "lib.make_digit_features._scaled",
        Edit(".sum()).sqrt()", ".sum())"),
        scaling_keeps_the_logits,
    ),
    Mutation(
        "steps away from the answer",
        "lib.make_digit_features.train",
        Edit(
            "label_smoothing=SMOOTHING).backward()", "label_smoothing=SMOOTHING).neg().backward()"
        ),
        training_learns,
    ),
]
