"""Mistakes in the checks of chapter 5's homework: each gives points away or takes them."""

import numpy as np

from lib import homework_pixel as pixels
from lib import homework_pixel_clinic as clinic
from lib import homework_pixel_leaks as leaks
from lib import homework_pixel_masks as masks
from lib import homework_pixel_steps as steps
from lib import homework_pixel_training as training
from lib.homework_pixel_scans import ranks
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("05_pixel", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses


def the_table_is_a_distribution() -> None:
    network = pixels.Network(np.random.default_rng(0), (2, 2), 3)
    joint = network.joint()
    assert np.isclose(joint.sum(), 1)
    first = np.exp(network(np.zeros((1, 2, 2), dtype=int))[0, :, 0, 0])
    assert np.allclose(joint.sum(axis=(1, 2, 3)), first / first.sum())


def a_shown_centre_is_what_parts_a_from_b() -> None:
    order = masks.reading_order(1, 1, 5, 1)[0, 0]
    assert (order.ravel() == 0).nonzero()[0].tolist() == [12]
    assert np.array_equal(order.ravel().argsort(), np.arange(25))


def fields_by_sets_and_by_gradients_agree() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        given = [(rng.uniform(size=(3, 3)) < 0.3).astype(float) for _ in range(3)]
        args = (5, 6), (int(rng.integers(5)), int(rng.integers(6))), given
        assert np.array_equal(masks.spread(*args), masks.gradient_field(*args))


def planted_leaks_are_all_that_moves() -> None:
    rng = np.random.default_rng(2)
    network, x = leaks.Leaky(rng, (2, 3), 4, ranks((2, 3))), rng.integers(4, size=(2, 3))
    network.plant(rng, 1, 3)
    network.plant(rng, 2, 2, level=int(x.flat[2] + 2) % 4)
    found = {tuple(pair) for pair in np.argwhere(leaks.effects(network, x).max(axis=2) > 1e-9)}
    assert {(i, j) for i, j in found if j >= i} == network.leaks == {(1, 3), (2, 2)}


def a_layer_reads_the_past() -> None:
    layer = steps.Layer(np.random.default_rng(3), 2, 3)
    v = np.random.default_rng(4).normal(size=(6, 2))
    by_hand = [layer(v[t - 2] if t > 1 else np.zeros(2), v[t]) for t in range(6)]
    assert np.allclose(layer.whole(v, 2), by_hand)


def the_weave_has_its_own_probabilities() -> None:
    weave, rng = training.Weave(np.random.default_rng(5)), np.random.default_rng(6)
    x = weave.sample(10_000, rng)
    share = np.exp(weave.logits(x))
    share /= share.sum(axis=1, keepdims=True)
    hits = np.stack([x == level for level in range(3)], axis=1) - share
    seen = x[:, 2, 2] * 3 + x[:, 1, 4]  # what pixel (2, 3) does not follow, and what it does
    for place in [(0, 0), (2, 3), (4, 6)]:
        assert np.abs(hits[(slice(None), slice(None), *place)].mean(axis=0)).max() < 0.02
    for case in range(9):
        assert np.abs(hits[seen == case, :, 2, 3].mean(axis=0)).max() < 0.08


def the_entropy_is_the_price_of_the_truth() -> None:
    patient = clinic.Patient(np.random.default_rng(7), n=3000)
    alike = patient.alike(patient.x)
    assert abs(alike - patient.stay) < 0.01
    stay = patient.x[:, :, 1:] == patient.x[:, :, :-1]
    price = -np.where(stay.numpy(), np.log2(0.9), np.log2(0.1)).sum() + patient.x[:, :, 0].numel()
    assert abs(price / patient.x.numel() - patient.bits()) < 0.01


MUTATIONS = [
    Mutation(
        "leaves the book's pixel models on",
        "lib.homework_pixel.ANSWERS",
        (),
        loses("bits-near", "bits", "calls the book", "switched off"),
    ),
    Mutation(
        "leaves the tests' own solutions on",
        "lib.homework_asking.PEERS",
        set(),
        loses("field-causal", "field", "calls the tests", "switched off"),
    ),
    Mutation(
        "leaves the black box open",
        "lib.homework_pixel_leaks.sealed",
        lambda box: box,
        loses("leaks-kinds", "leaks", "asks the black box for its secrets", "is a leak too"),
    ),
    Mutation(
        "lets a pixel of the black box see itself",
        "lib.homework_pixel.earlier",
        lambda when: when.ravel() <= when.ravel()[:, None],
        the_table_is_a_distribution,
    ),
    Mutation(
        "divides every term by the next one",
        "lib.homework_pixel._chain_parts",
        Edit("to / before", "before / to"),
        earns("chain-table"),
    ),
    Mutation(
        "counts the levels as dimensions",
        "lib.homework_pixel._check_rate",
        Edit("-log_p.sum() / counts", "-log_p.sum() / levels / counts"),
        earns("bits-near"),
    ),
    Mutation(
        "draws known pixels again",
        "lib.homework_pixel_draws.draw_one",
        Edit("if stays else", "if not stays and stays else"),
        earns("draws-known"),
    ),
    Mutation(
        "lets u = 0 name an impossible level",
        "lib.homework_pixel_draws.Rule.level",
        Edit("edges <= u", "edges < u"),
        earns("draws-edges"),
    ),
    Mutation(
        "reads columns before rows",
        "lib.homework_pixel_masks.reading_order",
        Edit("ranks((size, size), scan)", "ranks((size, size), scan).T"),
        a_shown_centre_is_what_parts_a_from_b,
    ),
    Mutation(
        "exchanges the groups of colours",
        "lib.homework_pixel_masks.reading_order",
        Edit("ends[1] - ends[0][:, None]", "ends[0][:, None] - ends[1]"),
        earns("mask-kinds"),
    ),
    Mutation(
        "walks from the first layer on",
        "lib.homework_pixel_masks.spread",
        Edit("else masks[::-1]", "else masks"),
        fields_by_sets_and_by_gradients_agree,
    ),
    Mutation(
        "lets every output see every pixel",
        "lib.homework_pixel_masks.gradient_field",
        Edit("picture)[0][0, 0].numpy() > 0", "picture)[0][0, 0].numpy() >= 0"),
        earns("field-causal"),
    ),
    Mutation(
        "plants a leak at all levels",
        "lib.homework_pixel_leaks.Leaky.plant",
        Edit("if level is None else [level]", ""),
        loses("leaks-hard", "leaks", "tries the next level alone", "not the next one"),
    ),
    Mutation(
        "plants at the wrong end",
        "lib.homework_pixel_leaks.Leaky.plant",
        Edit("self.table[:, i, j]", "self.table[:, j, i]"),
        planted_leaks_are_all_that_moves,
    ),
    Mutation(
        "keeps PyTorch's order of the gates",
        "lib.homework_pixel_steps._torch_step",
        Edit('"ukgr"', '"ukrg"'),
        earns("lstm-cell"),
    ),
    Mutation(
        "averages squared errors over channels",
        "lib.homework_pixel_palette.check_palette",
        Edit("d.var(axis=0).sum()", "d.var(axis=0).mean()"),
        earns("colour-mush"),
    ),
    Mutation(
        "exchanges past and present",
        "lib.homework_pixel_steps.Layer.whole",
        Edit("self.weights.transpose", "self.weights[::-1].copy().transpose"),
        a_layer_reads_the_past,
    ),
    Mutation(
        "does not count calls",
        "lib.homework_pixel_steps.Layer.__call__",
        Edit("self.calls += 1", "self.calls += 1 / 1000"),
        earns("stepper-queues"),
    ),
    Mutation(
        "follows the pixel straight above",
        "lib.homework_pixel_training.Weave.logits",
        Edit(
            "first:end] += self.up * seen[..., : h - up, first + right : end + right]",
            ":] += self.up * seen[..., : h - up, :]",
        ),
        loses(
            "training-weave", "training", "has a kernel too small", "does a pixel see too little"
        ),
    ),
    Mutation(
        "draws two pixels too far to the right",
        "lib.homework_pixel_training.Weave.sample",
        Edit("self.logits(x)[:, :, i, j]", "self.logits(x)[:, :, i, j - 2]"),
        the_weave_has_its_own_probabilities,
    ),
    Mutation(
        "accepts any bits",
        "lib.homework_pixel_training.SLACK",
        1e9,
        loses("training-weave", "training", "does not train", "bits per dimension on new"),
    ),
    Mutation(
        "does not look for leaks",
        "lib.homework_pixel_training.assert_causal",
        lambda *_: None,
        loses("training-weave", "training", "has no mask", "which is not before it"),
    ),
    Mutation(
        "forgets the first pixel of a row",
        "lib.homework_pixel_clinic.Patient.bits",
        Edit("return (1 - ", "return (0 - "),
        the_entropy_is_the_price_of_the_truth,
    ),
    Mutation(
        "does not see samples drawn at once",
        "lib.homework_pixel_clinic._at_once",
        lambda *_: False,
        loses(
            "clinic-steps", "clinic", "mends all but the drawing", "draw one pixel after the other"
        ),
    ),
    Mutation(
        "repeats the steps with twice the length",
        "lib.homework_pixel_clinic.Masked.train",
        Edit("array -= lr *", "array -= 2 * lr *"),
        earns("clinic-steps"),
    ),
]
