"""Mistakes people make when they judge a GAN and walk through its codes, each caught."""

import numpy as np
import torch
from torch import nn

from lib import gan_pictures as forger
from lib.datasets import load
from tests import test_gan_pictures as tests
from tests.equations import gan_pictures as equations
from tests.mutation import Edit, Mutation


def walks_keep_to_their_path() -> None:
    """The middle of a line is the mean of both codes, that of an arc is as long as its ends."""
    a, b = torch.randn(2, 9, generator=tests.seeded(), dtype=torch.float64)
    b = b * a.norm() / b.norm()
    assert torch.allclose(forger.line(a, b, [0.5])[0], (a + b) / 2)
    assert torch.allclose(forger.line(a, b, [0.25])[0], 0.75 * a + 0.25 * b)
    assert torch.allclose(forger.PATHS["arc"](a, b, [0.5])[0].norm(), a.norm())


def rarest_is_the_smallest() -> None:
    """Digits without sevens: the rarest class has hardly any share."""
    data = load("digits").train
    some = data.x[data.y != 7][:150]
    assert forger.judge(some)["rarest class"] < 0.03


def shares_name_all_ten() -> None:
    """Pictures of fours and zeros only: ten shares, and those of the others are small."""
    data = load("digits").train
    some = data.x[(data.y == 4) | (data.y == 0)][:100]
    found = forger.class_shares(some)
    assert found.shape == (10,)
    assert abs(found.sum() - 1) < 1e-9
    assert found[0] + found[4] > 0.95


def steeper_of_two() -> None:
    """A convolution whose kernels overlap has a larger norm than its kernel as a matrix."""
    conv = nn.Conv2d(1, 1, 4, stride=2, padding=1, dtype=torch.float64)
    with torch.no_grad():
        conv.weight.fill_(1.0)
    assert abs(forger.conv_norm(conv, (32, 32), steps=300) / 8 - 1) < 0.02  # 4 is the kernel's


def first_losses_are_means() -> None:
    """The losses of the first snapshot are those of its epochs, and each player has its own."""
    x = torch.rand(20, 8, 8, generator=tests.seeded())
    options = {"batch_size": 10, "generator": tests.seeded(1)}
    model = tests.small()
    first, second = forger.watch(
        model, x, model.noise(3, tests.seeded(2)), stages=((2, 1e-2),), every=1, **options
    )
    assert (first.epoch, second.epoch) == (1, 2)
    assert not np.isclose(first.d_loss, second.d_loss, atol=1e-6)
    assert first.d_loss > 1.2 * first.g_loss  # two terms against one


def blurred_one_by_one() -> None:
    """Among equal pictures a blurred one keeps its own brightness."""
    x = np.zeros((20, 8, 8), dtype=np.float32)
    x[::2, 2:6, 2:6] = 1.0
    made = forger.forgeries(x, np.arange(20) % 10, 60, np.random.default_rng(0))["blurred"]
    sums = made.sum(axis=(1, 2))
    assert np.all((sums < 1e-6) | (sums > 15.5))


TARGET = "lib.gan_pictures."
MUTATIONS = [
    Mutation(
        "counts the classes that are missing",
        TARGET + "seen_classes",
        Edit("1 - (1 - shares) ** n", "(1 - shares) ** n"),
        equations.classes_seen_on_average,
    ),
    Mutation(
        "forgets classes that never occur",
        TARGET + "class_shares",
        Edit(", minlength=CLASSES", ""),
        shares_name_all_ten,
    ),
    Mutation(
        "reports the most frequent class",
        TARGET + "judge",
        Edit(".min()", ".max()"),
        rarest_is_the_smallest,
    ),
    Mutation(
        "leaves the ones in",
        TARGET + "forgeries",
        Edit("np.flatnonzero(y != 1)", "np.flatnonzero(y != 2)"),
        tests.test_forgeries_have_the_faults_that_they_are_named_after,
    ),
    Mutation(
        "blurs over the examples too",
        TARGET + "forgeries",
        Edit("(0, 0.6, 0.6)", "0.6"),
        blurred_one_by_one,
    ),
    Mutation(
        "starts the optimisers anew at every look",
        TARGET + "watch",
        Edit("lambda _, kept=optimizers: kept", "type(model).optimizers.__get__(model)"),
        tests.test_watching_changes_nothing,
    ),
    Mutation(
        "counts every stage from epoch 0",
        TARGET + "watch",
        Edit("(shots[-1].epoch if shots else 0)", "done"),
        tests.test_watching_changes_nothing,
    ),
    Mutation(
        "exchanges the losses of the players",
        TARGET + "_shot",
        Edit('("d_loss", "g_loss")', '("g_loss", "d_loss")'),
        first_losses_are_means,
    ),
    Mutation(
        "walks backwards",
        TARGET + "line",
        Edit("(1 - part) * a + part * b", "part * a + (1 - part) * b"),
        walks_keep_to_their_path,
    ),
    Mutation(
        "keeps the worst of the tries",
        TARGET + "find_codes",
        Edit("argmin(0)", "argmax(0)"),
        tests.test_the_best_of_several_tries_is_kept,
    ),
    Mutation(
        "moves the generator instead of the codes",
        TARGET + "find_codes",
        Edit("torch.optim.Adam([z], lr=lr)", "torch.optim.Adam(model.g.parameters(), lr=lr)"),
        tests.test_codes_are_found_where_algebra_says,
    ),
    Mutation(
        "takes the squared norm for the norm",
        TARGET + "conv_norm",
        Edit("v.norm().sqrt()", "v.norm()"),
        steeper_of_two,
    ),
    Mutation(
        "forgets that the map has been halved",
        TARGET + "slope_bound",
        Edit("side // step", "side"),
        equations.score_is_nowhere_steeper_than_the_product,
    ),
    Mutation(
        "puts both kinds into one batch although they should be apart",
        TARGET + "tell_apart",
        Edit("if apart else", "if not apart else"),
        tests.test_critics_learn_the_contrast_unless_their_batch_hides_it,
    ),
]
