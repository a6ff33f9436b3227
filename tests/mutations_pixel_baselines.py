"""Mistakes in counted models, tiny tables, files of pictures and the odd models."""

import math

import numpy as np
import torch

from lib import odd_models, pixel_baselines, pixel_code, pixel_orders, tiny_pictures
from tests.mutation import Edit, Mutation
from tests.mutations_pixel import close, linear
from tests.pixel_cases import chi_square_p, pictures, seeded

COUNTED = "lib.pixel_baselines"


def counts_are_shares() -> None:
    x = torch.randint(3, (50, 2, 3), generator=seeded(4)).sort(2).values
    chain = pixel_baselines.MarkovChain((2, 3), 3, own=True).count(x, 0.5)
    with torch.no_grad():
        p = chain.logits(x).softmax(1)
    for n, place, before in ((0, (0, 1), (0, 0)), (3, (1, 0), (0, 2)), (7, (1, 2), (1, 1))):
        same = x[(slice(None), *before)] == x[(n, *before)]
        seen = torch.bincount(x[same][(slice(None), *place)], minlength=3) + 0.5
        close(p[(n, slice(None), *place)], seen / seen.sum(), 1e-5)
    each = pixel_baselines.PixelHistograms((2, 3), 3).count(x, 0.5)
    seen = torch.stack([(x == k).sum(0) for k in range(3)]) + 0.5
    close(each.logits(x[:1]).softmax(1)[0], seen / seen.sum(0), 1e-5)


def table_is_any_distribution() -> None:
    p = torch.tensor(np.random.default_rng(1).dirichlet(np.ones(81)))
    every = tiny_pictures.all_pictures((2, 2), 3)
    for order in (None, pixel_orders.columns((2, 2)), [(1, 1), (0, 0), (0, 1), (1, 0)]):
        close(tiny_pictures.TinyTable((2, 2), 3, p, order=order).log_prob(every).exp(), p)


def information_is_zero_for_a_product() -> None:
    one, two = (torch.tensor(v, dtype=torch.float64) for v in ([0.2, 0.8], [0.3, 0.7]))
    close(tiny_pictures.mutual_information(torch.outer(one, two), 1), 0.0, 1e-6)
    same = torch.diag(one)
    close(tiny_pictures.mutual_information(same, 1), -(one * one.log()).sum(), 1e-6)


def files_come_back() -> None:
    model = linear(order=pixel_orders.columns((2, 3)))
    x = model.sample(60, generator=seeded(5))
    bits = pixel_code.encode_pictures(model, x)
    assert torch.equal(pixel_code.decode_pictures(model, bits, 60), x)
    promised = -model.log_prob(x).sum().item() / math.log(2)
    assert abs(len(bits) - promised) < 2 + 2e-3 * promised


def odd_models_are_probabilities() -> None:
    inner = linear((2, 2))
    every = pictures(inner)
    noisy = odd_models.NearlyNoise(inner, 0.3)
    memory = odd_models.NoisyMemory(every[[3, 30, 70]], 3, 0.4)
    for model in (noisy, memory):
        close(model.log_prob(every).exp().sum(), 1.0)
        drawn = model.sample(5000, generator=seeded(6))
        assert chi_square_p(drawn, model.log_prob(every).exp(), 3) > 1e-3


MUTATIONS = [
    Mutation(
        "the pixel after instead of the pixel before",
        f"{COUNTED}.MarkovChain.contexts",
        Edit(
            "torch.cat([torch.full_like(flat[:, :1], self.levels), flat[:, :-1]], 1)",
            "torch.cat([flat[:, 1:], torch.full_like(flat[:, :1], self.levels)], 1)",
        ),
        counts_are_shares,
    ),
    Mutation(
        "the pixel's own level as its context",
        f"{COUNTED}.MarkovChain.contexts",
        Edit(
            "torch.cat([torch.full_like(flat[:, :1], self.levels), flat[:, :-1]], 1)",
            "flat",
        ),
        counts_are_shares,
    ),
    Mutation(
        "rows of neighbouring pixels overlap",
        f"{COUNTED}.MarkovChain.contexts",
        Edit("* (self.levels + 1)", "* self.levels"),
        counts_are_shares,
    ),
    Mutation(
        "pseudo-count left out",
        f"{COUNTED}.CountedModel.count",
        Edit("torch.full(self.table.shape, pseudo", "torch.full(self.table.shape, 1e-9"),
        counts_are_shares,
    ),
    Mutation(
        "counts instead of their logarithms",
        f"{COUNTED}.CountedModel.count",
        Edit("counts.log()", "counts"),
        counts_are_shares,
    ),
    Mutation(
        "each level counted once a context",
        f"{COUNTED}.CountedModel.count",
        Edit("accumulate=True", "accumulate=False"),
        counts_are_shares,
    ),
    Mutation(
        "the order is forgotten in a table",
        "lib.tiny_pictures.TinyTable.sums",
        Edit(".permute(self.drawn)", ""),
        table_is_any_distribution,
    ),
    Mutation(
        "largest instead of the sum over later pixels",
        "lib.tiny_pictures.TinyTable.sums",
        Edit(".logsumexp(-1)", ".amax(-1)"),
        table_is_any_distribution,
    ),
    Mutation(
        "joint information instead of mutual",
        "lib.tiny_pictures.mutual_information",
        Edit("joint / independent", "joint"),
        information_is_zero_for_a_product,
    ),
    Mutation(
        "the receiver's interval keeps its width",
        "lib.pixel_code.decode_pictures",
        Edit("width *= counts[symbol]", "width *= 2**PRECISION"),
        files_come_back,
    ),
    Mutation(
        "the sender does not look at what was sent",
        "lib.pixel_code.encode_pictures",
        Edit("seen[here] = x[here]", "pass"),
        files_come_back,
    ),
    Mutation(
        "rounded down, out of the interval",
        "lib.pixel_code.encode_pictures",
        Edit("-(-low >> (scale - places))", "low >> (scale - places)"),
        files_come_back,
    ),
    Mutation(
        "all levels get the same share of a file",
        "lib.pixel_code._tables",
        Edit("logits.double().softmax(1)", "logits.double().mul(0).softmax(1)"),
        files_come_back,
    ),
    Mutation(
        "coin of the wrong side",
        "lib.odd_models.NearlyNoise.sample",
        Edit(">= self.share", "< self.share"),
        odd_models_are_probabilities,
    ),
    Mutation(
        "a redrawn pixel is always another level",
        "lib.odd_models.NoisyMemory.log_prob",
        Edit("1 - self.flip + other", "1 - self.flip"),
        odd_models_are_probabilities,
    ),
]
