"""Pixel models against enumeration: all pictures of a tiny shape are listed."""

from __future__ import annotations

import importlib
import math
import pkgutil
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

import lib
from lib.pixel import PixelModel, dropout, places
from tests import pixel_cases
from tests.pixel_cases import MODELS, chi_square_p, joint, make, pictures, seeded

BASES = {"PixelModel", "CountedModel", "ConvPixelModel", "LSTMStack"}  # no models of their own


@pytest.fixture(params=MODELS)
def model(request) -> PixelModel:
    return make(request.param)


# ---------------------------------------------------------------------- every model there is


def subclasses(cls: type) -> set[type]:
    return {cls}.union(*(subclasses(sub) for sub in cls.__subclasses__()))


def test_every_pixel_model_of_the_library_is_tried():
    """A model without a line in MODELS would escape all tests of this file."""
    for module in pkgutil.iter_modules(lib.__path__):
        if "homework" not in module.name and "slips" not in module.name:
            importlib.import_module(f"lib.{module.name}")
    theirs = {c for c in subclasses(PixelModel) if c.__module__.startswith("lib.")}
    real = {c for c in theirs if not {"homework", "slips"} & set(words(c))}
    tried = {type(make(name)) for name in MODELS}
    missing = {c.__name__ for c in real - tried} - BASES
    assert not missing, f"add a line to tests/pixel_cases.py for {sorted(missing)}"


def words(cls: type) -> list[str]:
    return cls.__module__.replace(".", "_").split("_")


def test_probabilities_of_all_pictures_sum_to_one(model):
    assert abs(joint(model).sum().item() - 1) < 1e-12


def test_logits_are_the_conditionals_of_the_joint(model):
    """Sums over the listed joint, divided: no leak, no wrong order, no doubled term."""
    with torch.no_grad():
        own = model.logits(pictures(model)).flatten(2).log_softmax(1)
    torch.testing.assert_close(
        own, pixel_cases.conditionals(joint(model), model), atol=1e-11, rtol=0
    )


def test_later_pixels_change_nothing(model):
    """Two pictures that agree before a place get the same logits there, to the last bit."""
    x = pictures(model)[:: max(1, len(pictures(model)) // 40)]
    with torch.no_grad():
        before = model.logits(x)
        for d, place in enumerate(model.places):
            other = x.clone()
            for later in model.places[d:]:
                at = (slice(None), *later)
                other[at] = (other[at] + 1) % model.levels
            at = (slice(None), slice(None), *place)
            torch.testing.assert_close(model.logits(other)[at], before[at], atol=1e-13, rtol=0)


@pytest.mark.parametrize("name", [name for name in MODELS if "histogram" not in name])
def test_the_pixel_before_matters(name):
    """Within a row. Else a mistake could hide behind logits that nothing moves."""
    model = make(name)
    x = pictures(model)
    for before, place in pairwise(model.places):
        if len(model.shape) > 1 and before[-2] != place[-2]:
            continue  # a Row LSTM does not see the end of the row above
        other, at = x.clone(), (slice(None), *before)
        other[at] = (other[at] + 1) % model.levels
        at = (slice(None), slice(None), *place)
        assert not torch.allclose(model.logits(other)[at], model.logits(x)[at], atol=1e-6)


def test_huge_values_later_change_nothing(model):
    """What a network reads at a place and after it may be anything: its logits stay finite."""
    v = model.encode(pictures(model)[:7])
    if not v.is_floating_point():
        pytest.skip("a table reads levels, not numbers")
    n_places, parts = len(model.places), v[0].numel() // len(model.places)
    with torch.no_grad():
        before = model.network(v).flatten(2)
        for k, d in enumerate(pixel_cases.numbers(model)):
            huge = v.reshape(len(v), parts, n_places).clone()
            huge[:, :, pixel_cases.numbers(model)[k:]] = 1e9
            after = model.network(huge.reshape(v.shape)).flatten(2)
            torch.testing.assert_close(after[:, :, d], before[:, :, d], atol=1e-12, rtol=0)


def test_walk_agrees_with_whole_passes(model):
    """While the picture is being filled: what it holds later must not be read."""
    x = pictures(model)[:: max(1, len(pictures(model)) // 30)]
    filled, plain = torch.zeros_like(x), torch.zeros_like(x)
    with torch.no_grad():
        walks = model.walk(filled), PixelModel.walk(model, plain)
        for place, fast, slow in zip(model.places, *walks, strict=True):
            torch.testing.assert_close(fast, slow, atol=1e-12, rtol=0)
            for picture in (filled, plain):
                picture[(slice(None), *place)] = x[(slice(None), *place)]


def test_sampler_draws_what_log_prob_says(model):
    samples = model.sample(6000, generator=seeded(1))
    assert chi_square_p(samples, joint(model), model.levels) > 1e-3


def test_completion_is_exact_when_the_known_come_first(model):
    """Given the first half in order, the second half is drawn from its exact conditional."""
    p, order = joint(model), pixel_cases.numbers(model)
    first, n = order[: len(order) // 2], 5000
    known = torch.zeros(model.shape, dtype=torch.bool)
    known.view(-1)[first] = True
    given = pictures(model)[-2:-1].expand(n, *model.shape)
    drawn = model.complete(given, known, generator=seeded(2))
    assert torch.equal(drawn[:, known], given[:, known])
    for d in first:  # the joint table with the known pixels fixed
        allowed = torch.zeros_like(p)
        allowed.select(d, int(given[0].flatten()[d])).fill_(1)
        p = p * allowed
    assert chi_square_p(drawn, p / p.sum(), model.levels) > 1e-3


def test_temperature_sharpens_each_conditional(model):
    """The sampler at temperature T against the product of powered and normalised conditionals."""
    with torch.no_grad():
        logits = model.logits(pictures(model))
    sharp = F.cross_entropy(logits / 0.5, pictures(model), reduction="none").flatten(1).sum(1)
    samples = model.complete(
        torch.zeros(6000, *model.shape, dtype=torch.long),
        torch.zeros(model.shape, dtype=torch.bool),
        generator=seeded(3),
        temperature=0.5,
    )
    assert chi_square_p(samples, (-sharp).exp(), model.levels) > 1e-3


# ----------------------------------------------------------------------------- the base class


@pytest.mark.parametrize(
    ("shape", "order"),
    [
        ((3,), [(0,), (1,), (2,)]),
        ((2, 2), [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (
            (2, 1, 3),  # both colours of a pixel, then the next pixel
            [(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), (0, 0, 2), (1, 0, 2)],
        ),
        ((2, 2, 1), [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]),
    ],
)
def test_places_by_hand(shape, order):
    assert places(shape) == order


@pytest.mark.parametrize("shape", [(), (2, 2, 2, 2), (0,), (3, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(t,\), \(h, w\) or \(colours, h, w\)"):
        places(shape)


def toy(**options) -> pixel_cases.SumOfEarlier:
    return pixel_cases.shaken(pixel_cases.SumOfEarlier((2, 3), 4, **options))


def random_pictures(n: int = 9, levels: int = 4) -> torch.Tensor:
    return torch.randint(levels, (n, 2, 3), generator=seeded(4))


def test_log_prob_is_the_sum_of_picked_logarithms():
    model, x = toy(), random_pictures()
    with torch.no_grad():
        log_p = model.logits(x).log_softmax(1)
    want = [
        sum(log_p[n, x[n, i, j], i, j].item() for i in range(2) for j in range(3))
        for n in range(len(x))
    ]
    assert model.log_prob(x).tolist() == pytest.approx(want)


def test_loss_is_nats_per_picture_and_bits_per_dimension():
    """Summed over the pixels, averaged over the batch."""
    model, x = toy(), random_pictures()
    terms, nats = model.loss(x), -model.log_prob(x).mean().item()
    assert terms["loss"].item() == pytest.approx(nats)
    assert terms["bits"].item() == pytest.approx(nats / 6 / math.log(2))
    assert model.bits(x) == pytest.approx(nats / 6 / math.log(2))
    doubled = model.loss(torch.cat([x, x]))["loss"].item()
    assert doubled == pytest.approx(nats)


def test_a_model_without_knowledge_costs_log2_of_the_levels():
    flat = pixel_cases.SumOfEarlier((2, 3), 4)
    assert flat.bits(random_pictures()) == pytest.approx(2)


def test_levels_are_encoded_evenly_or_one_hot():
    x = random_pictures()
    v = toy().encode(x)
    assert v.shape == (9, 1, 2, 3)
    torch.testing.assert_close(v[:, 0], 2 * x.double() / 3 - 1)
    hot = toy(one_hot=True).encode(x)
    assert hot.shape == (9, 4, 2, 3)
    assert torch.equal(hot.argmax(1), x)
    assert torch.equal(hot.sum(1), torch.ones(9, 2, 3, dtype=torch.float64))
    colours = pixel_cases.SumOfEarlier((3, 1, 2), 4).double()
    x = torch.randint(4, (5, 3, 1, 2), generator=seeded())
    torch.testing.assert_close(colours.encode(x), 2 * x.double() / 3 - 1)
    assert (toy().inputs, toy(one_hot=True).inputs, colours.inputs) == (1, 4, 3)


def test_known_pixels_that_come_later_are_kept_and_not_asked():
    """Raster completion of an upper row draws it as if the lower one were hidden."""
    model = toy()
    known = torch.tensor([[False] * 3, [True] * 3])
    given = torch.full((6000, 2, 3), 3)
    drawn = model.complete(given, known, generator=seeded(5))
    assert torch.equal(drawn[:, 1], given[:, 1])
    marginal = joint(model).sum((3, 4, 5))
    assert chi_square_p(drawn[:, 0], marginal, 4) > 1e-3


def test_completion_does_not_touch_its_input():
    model, x = toy(), random_pictures()
    kept, known = x.clone(), torch.zeros(2, 3, dtype=torch.bool)
    model.complete(x, known, generator=seeded())
    assert torch.equal(x, kept)


def test_steps_fill_one_place_after_the_other():
    model, x = toy(), random_pictures()
    known = torch.tensor([[True, False, True], [False, False, True]])
    steps = list(model.complete_steps(x, known, generator=seeded(6)))
    assert len(steps) == 6
    for place, one, two in zip(model.places[1:], steps, steps[1:], strict=False):
        changed = (one != two).any(0)
        changed[place] = False
        assert not changed.any()
    assert torch.equal(steps[-1], model.complete(x, known, generator=seeded(6)))
    empty = list(model.sample_steps(4, generator=seeded(7)))
    assert torch.equal(empty[-1], model.sample(4, generator=seeded(7)))


def test_a_cold_sampler_takes_the_most_probable_level():
    model = make("fvbn")
    cold = [list(model.sample_steps(5, generator=seeded(s), temperature=1e-6))[-1] for s in (1, 2)]
    assert torch.equal(model.logits(cold[0]).argmax(1), cold[0])
    assert torch.equal(*cold)


def test_temperature_one_is_the_plain_sampler():
    model = make("fvbn")
    *_, warm = model.sample_steps(50, generator=seeded(1), temperature=1.0)
    *_, sharp = model.sample_steps(50, generator=seeded(1), temperature=0.2)
    assert torch.equal(model.sample(50, generator=seeded(1)), warm)
    assert not torch.equal(sharp, warm)


def test_dropout_keeps_the_mean_and_works_in_training_only():
    model = toy()
    model.share = 0.3
    h = torch.ones(200, 500, dtype=torch.float64)
    assert model.drop(h, seeded()) is h  # not training
    model.train()
    assert model.drop(h, None) is h
    dropped = model.drop(h, seeded())
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert set(dropped.unique().tolist()) == {0.0, 1 / 0.7}
    assert (dropped == 0).double().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(dropped, dropout(h, 0.3, seeded()))
    noisy, again = (model.loss(random_pictures(), generator=seeded(s))["loss"] for s in (1, 1))
    assert noisy == again != model.loss(random_pictures())["loss"]


def test_a_condition_reaches_every_answer():
    model, x = toy(c_dim=2), random_pictures(6)
    one, two = torch.eye(2)[[0] * 6], torch.eye(2)[[1] * 6]
    for ask in (model.log_prob, model.logits, lambda x, c: model.loss(x, c)["loss"]):
        assert not torch.allclose(ask(x, one), ask(x, two))
    assert model.bits(x, one) != model.bits(x, two)
    first, second = (next(model.walk(x, c)) for c in (one, two))
    assert not torch.allclose(first, second)
    many = torch.eye(2)[[0, 1] * 3000]
    drawn = model.sample(6000, many, generator=seeded(8))
    for k in (0, 1):
        x = pictures(model)
        p = model.log_prob(x, many[k].expand(len(x), 2)).exp().detach()
        assert chi_square_p(drawn[k::2], p, 4) > 1e-3


GOOD = torch.zeros(3, 2, 3, dtype=torch.long)
KNOWN = torch.zeros(2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PixelModel((2, 3), 1), "two levels or more, got 1"),
        (lambda: PixelModel((3, 2, 2), 4, one_hot=True), "one-hot input is for shapes"),
        (lambda: PixelModel((2, 3), 4).network(GOOD), "PixelModel has no network"),
        (lambda: toy().log_prob(GOOD.float()), "whole numbers .* dtype long, got torch.float32"),
        (lambda: toy().log_prob(GOOD[:, :1]), r"whole numbers \(n, 2, 3\)"),
        (lambda: toy().loss(GOOD + 4), r"levels are 0..3, got 4..4"),
        (lambda: toy().bits(GOOD - 1), r"levels are 0..3, got -1..-1"),
        (lambda: toy().log_prob(GOOD, torch.zeros(3, 2)), "this model takes no conditions"),
        (lambda: toy(c_dim=2).log_prob(GOOD), r"takes conditions \(3, 2\), got None"),
        (lambda: toy(c_dim=2).log_prob(GOOD, torch.zeros(3, 3)), r"conditions \(3, 2\)"),
        (lambda: toy().complete(GOOD, KNOWN[:1]), r"known is bool \(2, 3\)"),
        (lambda: toy().complete(GOOD, KNOWN.long()), r"known is bool \(2, 3\), got torch.int64"),
        (lambda: toy().complete(GOOD, KNOWN, temperature=0.0), "must be positive, got 0.0"),
    ],
)
def test_bad_input_is_refused(call, message):
    error = NotImplementedError if "no network" in message else ValueError
    with pytest.raises(error, match=message):
        call()
