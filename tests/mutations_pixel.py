"""Mistakes in pixel models, each noticed on pictures that can be listed."""

import math

import numpy as np
import torch

from lib import fvbn, pixel, pixel_orders
from tests import pixel_cases
from tests.mutation import Edit, Mutation
from tests.pixel_cases import chi_square_p, joint, numbers, pictures, seeded, shaken

BASE, LINEAR = "lib.pixel.PixelModel", "lib.fvbn.LinearFVBN"


def close(a, b, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(
        torch.as_tensor(a), torch.as_tensor(b), atol=tolerance, rtol=0, check_dtype=False
    )


def linear(shape=(2, 3), levels=3, **options) -> fvbn.LinearFVBN:
    return shaken(fvbn.LinearFVBN(shape, levels, **options))


def probabilities_sum_to_one() -> None:
    for model in (linear(), linear(one_hot=True), linear((3, 1, 2))):
        close(joint(model).sum(), 1.0)


def logits_are_conditionals() -> None:
    for order in (None, pixel_orders.upwards((2, 3)), pixel_orders.columns((2, 3))):
        model = linear(order=order)
        with torch.no_grad():
            own = model.logits(pictures(model)).flatten(2).log_softmax(1)
        close(own, pixel_cases.conditionals(joint(model), model))


def walk_is_the_plain_walk() -> None:
    """Logits while a picture is filled, and their places, against whole passes."""
    for order in (None, pixel_orders.columns((2, 3))):
        model = linear(order=order)
        x = pictures(model)[::20]
        with torch.no_grad():
            whole = model.logits(x).flatten(2)
            steps = list(model.walk(x))
        for d, logits in zip(numbers(model), steps, strict=True):
            close(logits, whole[:, :, d])


def sampler_follows_the_joint() -> None:
    for order in (None, pixel_orders.upwards((2, 3))):
        model = linear(order=order)
        drawn = model.sample(5000, generator=seeded(1))
        assert chi_square_p(drawn, joint(model), 3) > 1e-3


def completion_is_exact() -> None:
    """Known first pixels stay, the others follow their conditional; T = 1/2 squares it."""
    model = linear()
    known = torch.tensor([[True, True, False], [False] * 3])
    given = pictures(model)[-1:].expand(4000, 2, 3)
    before = given.clone()
    drawn = model.complete(given, known, generator=seeded(2))
    close(given, before)
    close(drawn[:, known], given[:, known])
    p = torch.zeros_like(joint(model))
    p[2, 2] = joint(model)[2, 2]
    assert chi_square_p(drawn, p / p.sum(), 3) > 1e-3
    logits = model.logits(pictures(model)).detach()
    nats = torch.nn.functional.cross_entropy(2 * logits, pictures(model), reduction="none")
    sharp = list(model.sample_steps(5000, generator=seeded(3), temperature=0.5))[-1]
    assert chi_square_p(sharp, (-nats.flatten(1).sum(1)).exp(), 3) > 1e-3


def loss_is_nats_and_bits() -> None:
    model, x = linear(penalty=0.3), pictures(linear())[::13]
    nats = -model.log_prob(x).mean().item()
    pull = 0.15 * (model.weight * model.mask).square().sum().item()
    terms = model.loss(x)
    close(terms["loss"].item(), nats + pull)
    close(terms["bits"].item(), nats / 6 / math.log(2))
    close(model.bits(x), nats / 6 / math.log(2))
    plain = pixel.PixelModel.loss(model, torch.cat([x, x]))
    close(plain["loss"].item(), nats)


def places_by_hand() -> None:
    want = [(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), (0, 1, 0), (1, 1, 0), (0, 1, 1), (1, 1, 1)]
    assert pixel.places((2, 2, 2)) == want
    assert pixel.places((2, 2)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert pixel.places((3,)) == [(0,), (1,), (2,)]


def encoding_is_even() -> None:
    model, x = linear(), pictures(linear())[:9]
    close(model.encode(x)[:, 0], x.double() - 1)
    hot = linear(one_hot=True).encode(x)
    close(hot.argmax(1), x)
    colours = linear((3, 1, 2)).encode(pictures(linear((3, 1, 2)))[:9])
    assert colours.shape == (9, 3, 1, 2)


def dropout_keeps_the_mean() -> None:
    h = torch.ones(300, 300)
    dropped = pixel.dropout(h, 0.3, seeded())
    close(dropped.mean(), 1.0, 0.02)
    close((dropped == 0).float().mean(), 0.3, 0.02)
    model = linear()
    model.share = 0.3
    assert model.drop(h, seeded()) is h


def refuses(model: pixel.PixelModel, x: torch.Tensor) -> bool:
    """Whether the model says what is wrong, and does not stumble over it later."""
    try:
        model.log_prob(x)
    except ValueError as error:
        return "got" in str(error)
    except (IndexError, RuntimeError):
        return False
    return False


def wrong_pictures_are_refused() -> None:
    good, model = torch.zeros(2, 2, 3, dtype=torch.long), linear()
    assert not refuses(model, good)
    for wrong in (good.float(), good + 3, good - 1, good[:, :1]):
        assert refuses(model, wrong), f"accepted {wrong.dtype} {tuple(wrong.shape)}"


MUTATIONS = [
    Mutation(
        "a pixel sees itself",
        "lib.fvbn.earlier",
        Edit("rank[None, :] < rank[:, None]", "rank[None, :] <= rank[:, None]"),
        probabilities_sum_to_one,
    ),
    Mutation(
        "a pixel sees the future instead of the past",
        "lib.fvbn.earlier",
        Edit("rank[None, :] < rank[:, None]", "rank[None, :] > rank[:, None]"),
        logits_are_conditionals,
    ),
    Mutation(
        "the mask is forgotten",
        f"{LINEAR}.network",
        Edit("self.weight * self.mask", "self.weight"),
        probabilities_sum_to_one,
    ),
    Mutation(
        "the mask is forgotten while drawing",
        f"{LINEAR}.walk",
        Edit("self.weight * self.mask", "self.weight"),
        walk_is_the_plain_walk,
    ),
    Mutation(
        "mask in raster order whatever the order",
        "lib.fvbn.earlier",
        Edit("rank[drawn] =", "rank[:] ="),
        logits_are_conditionals,
    ),
    Mutation(
        "levels and pixels swapped in the output",
        f"{LINEAR}.network",
        Edit(
            "out.unflatten(1, (self.levels, *self.shape))",
            "out.unflatten(1, (*self.shape, self.levels)).movedim(-1, 1)",
        ),
        probabilities_sum_to_one,
    ),
    Mutation(
        "pixels drawn in raster order, trained in another",
        f"{LINEAR}.walk",
        Edit("for d in self.drawn", "for d in range(len(self.drawn))"),
        walk_is_the_plain_walk,
    ),
    Mutation(
        "penalty on the batch's share",
        f"{LINEAR}.loss",
        Edit("self.penalty / 2", "self.penalty / 2 / len(x)"),
        loss_is_nats_and_bits,
    ),
    Mutation(
        "penalty counted among the bits",
        f"{LINEAR}.loss",
        Edit('"bits": terms["bits"]', '"bits": terms["bits"] + pull'),
        loss_is_nats_and_bits,
    ),
    Mutation(
        "mean over pixels instead of their sum",
        f"{BASE}._nats",
        Edit(".sum(1)", ".mean(1)"),
        probabilities_sum_to_one,
    ),
    Mutation(
        "one term counted twice",
        f"{BASE}._nats",
        Edit(
            'reduction="none").flatten(1).sum(1)',
            'reduction="none").flatten(1)[:, [0, *range(x[0].numel())]].sum(1)',
        ),
        probabilities_sum_to_one,
    ),
    Mutation(
        "sum over the batch instead of its mean",
        f"{BASE}.loss",
        Edit("generator=generator)).mean()", "generator=generator)).sum()"),
        loss_is_nats_and_bits,
    ),
    Mutation(
        "bits of a picture, not of a dimension",
        f"{BASE}.bits",
        Edit("(math.prod(self.shape) * math.log(2))", "math.log(2)"),
        loss_is_nats_and_bits,
    ),
    Mutation(
        "colours drawn one map after the other",
        "lib.pixel.places",
        lambda shape: [tuple(v) for v in np.ndindex(*shape)],
        places_by_hand,
    ),
    Mutation(
        "colours of a pixel in reverse order",
        "lib.pixel.places",
        Edit("*map(range, colours)", "*[range(k)[::-1] for k in colours]"),
        places_by_hand,
    ),
    Mutation(
        "rows and columns swapped",
        "lib.pixel.places",
        Edit("range(height), range(width)", "range(width), range(height)"),
        places_by_hand,
    ),
    Mutation(
        "levels read as 0..1",
        f"{BASE}.encode",
        Edit("* (2 / (self.levels - 1)) - 1", "/ (self.levels - 1)"),
        encoding_is_even,
    ),
    Mutation(
        "levels divided by their number",
        f"{BASE}.encode",
        Edit("(2 / (self.levels - 1))", "(2 / self.levels)"),
        encoding_is_even,
    ),
    Mutation(
        "dropout does not enlarge what stays",
        "lib.pixel.dropout",
        Edit(" / (1 - share)", ""),
        dropout_keeps_the_mean,
    ),
    Mutation(
        "dropout keeps the share that it should drop",
        "lib.pixel.dropout",
        Edit(">= share", "< share"),
        dropout_keeps_the_mean,
    ),
    Mutation(
        "dropout outside training",
        f"{BASE}.drop",
        Edit("self.training and self.share", "self.share"),
        dropout_keeps_the_mean,
    ),
    Mutation(
        "temperature multiplies",
        f"{BASE}.complete_steps",
        Edit("logits / temperature", "logits * temperature"),
        completion_is_exact,
    ),
    Mutation(
        "known pixels are drawn too",
        f"{BASE}.complete_steps",
        Edit("if not known[place]:", "if True:"),
        completion_is_exact,
    ),
    Mutation(
        "hidden and known confused",
        f"{BASE}.complete_steps",
        Edit("if not known[place]:", "if known[place]:"),
        completion_is_exact,
    ),
    Mutation(
        "the most probable level instead of a draw",
        f"{BASE}.complete_steps",
        Edit("torch.multinomial(p, 1, generator=generator)[:, 0]", "p.argmax(1)"),
        sampler_follows_the_joint,
    ),
    Mutation(
        "places of raster order in the sampler",
        f"{BASE}.complete_steps",
        Edit("zip(self.places,", "zip(places(self.shape),"),
        sampler_follows_the_joint,
    ),
    Mutation(
        "floats and levels out of range pass",
        f"{BASE}._check",
        lambda self, x, c: None,
        wrong_pictures_are_refused,
    ),
]
