"""Checks of the equations of the lesson on the chain rule of pixels."""

import itertools
import math

import numpy as np
import torch
from scipy import optimize, stats

from lib import fvbn, pixel_baselines, pixel_orders, tiny_pictures
from lib.odd_models import NearlyNoise
from tests.equations import checks
from tests.pixel_cases import seeded, shaken

SHAPE, LEVELS = (2, 2), 3


def joint(seed: int = 0) -> np.ndarray:
    """A random table over 2 x 2 pictures of three levels, one axis a pixel."""
    return np.random.default_rng(seed).dirichlet(np.ones(81)).reshape(3, 3, 3, 3)


def conditional(p: np.ndarray, target: int, given: dict[int, int]) -> np.ndarray:
    """p(pixel target | given pixels) by adding up every picture that agrees, one by one."""
    out = np.zeros(3)
    for picture in itertools.product(range(3), repeat=4):
        if all(picture[j] == level for j, level in given.items()):
            out[picture[target]] += p[picture]
    return out / out.sum()


@checks("eq-chain-split", by="pictures added up one by one")
def first_pixel_is_split_off():
    """p(x) = p(x_1) p(x_2, ..., x_D | x_1), the second factor counted among pictures with x_1."""
    p = joint(1)
    for picture in itertools.product(range(3), repeat=4):
        first = sum(p[v] for v in itertools.product(range(3), repeat=4) if v[0] == picture[0])
        rest = p[picture[0]] / p[picture[0]].sum()
        assert math.isclose(p[picture], first * rest[picture[1:]])


@checks("eq-chain-rule", by="enumeration of 81 pictures; any conditionals at all")
def product_of_conditionals_is_the_joint():
    """The product gives a table back; and any conditionals whatever multiply to a sum of one."""
    p = joint(2)
    for picture in itertools.product(range(3), repeat=4):
        product = math.prod(
            conditional(p, i, {j: picture[j] for j in range(i)})[picture[i]] for i in range(4)
        )
        assert math.isclose(product, p[picture], rel_tol=1e-12)
    model = shaken(fvbn.LinearFVBN(SHAPE, LEVELS))
    total = model.log_prob(tiny_pictures.all_pictures(SHAPE, LEVELS)).exp().sum().item()
    assert abs(total - 1) < 1e-12


@checks("eq-chain-conditional", by="pictures added up one by one")
def conditionals_are_ratios_of_sums():
    """The table model's logits, normalised, are the shares among agreeing pictures."""
    p = joint(3)
    model = tiny_pictures.TinyTable(SHAPE, LEVELS, torch.tensor(p.ravel()))
    x = tiny_pictures.all_pictures(SHAPE, LEVELS)
    got = model.logits(x).softmax(1).flatten(2).detach().numpy()
    for k in range(0, 81, 7):
        picture = x[k].flatten().tolist()
        for i in range(4):
            want = conditional(p, i, {j: picture[j] for j in range(i)})
            np.testing.assert_allclose(got[k, :, i], want, rtol=1e-10)


@checks("eq-chain-order", by="all 24 orders of four pixels")
def every_order_gives_the_same_joint():
    """Each order's conditionals, by adding up pictures, multiply to the same table."""
    p = joint(4)
    for order in itertools.permutations(range(4)):
        for picture in [(0, 1, 2, 0), (2, 2, 1, 0), (1, 0, 0, 2)]:
            product = 1.0
            for i, d in enumerate(order):
                given = {j: picture[j] for j in order[:i]}
                product *= conditional(p, d, given)[picture[d]]
            assert math.isclose(product, p[picture], rel_tol=1e-12)
        places = [divmod(d, 2) for d in order]
        model = tiny_pictures.TinyTable(SHAPE, LEVELS, torch.tensor(p.ravel()), order=places)
        got = model.log_prob(tiny_pictures.all_pictures(SHAPE, LEVELS)).exp().detach()
        np.testing.assert_allclose(got, p.ravel(), rtol=1e-10)


@checks("eq-chain-gap", by="entropies of the table and of its two margins")
def average_error_is_the_mutual_information():
    """E KL(p(H | K) || p(H)) = H(H) + H(K) - H(H, K), and the library's value."""
    for seed in range(5):
        p = joint(seed).reshape(9, 9)  # hidden row, known row
        hidden, known = p.sum(1), p.sum(0)
        average = sum(known[k] * stats.entropy(p[:, k] / known[k], hidden) for k in range(9))
        want = stats.entropy(hidden) + stats.entropy(known) - stats.entropy(p.ravel())
        assert math.isclose(average, want, rel_tol=1e-9)
        library = tiny_pictures.mutual_information(torch.tensor(joint(seed)), 2)
        assert math.isclose(library, want, rel_tol=1e-9)


@checks("eq-chain-softmax", by="torch.distributions.Categorical")
def softmax_is_a_probability():
    """exp o_l over its sum has the log-probabilities of a categorical with these logits."""
    o = torch.randn(6, 17, dtype=torch.float64, generator=seeded())
    want = torch.distributions.Categorical(logits=o)
    for level in range(17):
        got = torch.exp(o[:, level]) / torch.exp(o).sum(1)
        torch.testing.assert_close(got.log(), want.log_prob(torch.full((6,), level)))


@checks("eq-chain-loss", by="explicit loops over pictures and pixels")
def loss_sums_over_pixels_and_averages_over_pictures():
    """The model's loss against log-shares picked one by one."""
    model = shaken(fvbn.LinearFVBN(SHAPE, LEVELS))
    x = tiny_pictures.all_pictures(SHAPE, LEVELS)[::9]
    o = model.logits(x).detach().numpy()
    total = 0.0
    for n, picture in enumerate(x):
        for i, j in itertools.product(range(2), range(2)):
            column = o[n, :, i, j]
            total -= column[picture[i, j]] - math.log(sum(math.exp(v) for v in column))
    assert math.isclose(model.loss(x)["loss"].item(), total / len(x), rel_tol=1e-10)


@checks("eq-chain-bits", by="the length of an ideal code of equally probable pictures")
def bits_per_dimension_are_code_lengths():
    """A model that finds 2^b of all pictures equally probable pays b / D bits a dimension."""
    x = tiny_pictures.all_pictures((2, 4), 2)
    flat = pixel_baselines.Histogram((2, 4), 2)
    assert math.isclose(flat.bits(x), math.log2(len(x)) / 8, rel_tol=1e-6)
    sharp = pixel_baselines.PixelHistograms((2, 4), 2)
    sure = torch.zeros(16, 2, 4, dtype=torch.long)
    sure[:, 1] = tiny_pictures.all_pictures((4,), 2)  # the upper row is always black
    sharp.count(sure, 1e-12)
    assert math.isclose(sharp.bits(sure), math.log2(16) / 8, rel_tol=1e-5)


@checks("eq-chain-floor", by="enumeration, with scipy's entropy and relative entropy")
def cross_entropy_is_entropy_plus_divergence():
    """The mean of -log p_theta over a table is its entropy plus the divergence from it."""
    x = tiny_pictures.all_pictures(SHAPE, LEVELS)
    for seed in range(3):
        p = joint(seed).ravel()
        model = shaken(fvbn.LinearFVBN(SHAPE, LEVELS), seed=seed)
        log_p = model.log_prob(x).detach().numpy()
        want = stats.entropy(p) + stats.entropy(p, np.exp(log_p))
        assert math.isclose(-(p @ log_p), want, rel_tol=1e-10)


@checks("eq-chain-count", by="a general optimiser of the likelihood with a Dirichlet prior")
def counts_are_the_best_table():
    """Shares of n + a maximise sum (n + a) log p; with a -> 0 the likelihood itself."""
    random = np.random.default_rng(5)
    for pseudo in (1e-9, 0.7):
        counts = random.integers(1, 20, size=4)

        def cost(free, weights=counts + pseudo):
            return -weights @ (free - np.log(np.exp(free).sum()))

        found = optimize.minimize(cost, np.zeros(4), tol=1e-12).x
        share = np.exp(found) / np.exp(found).sum()
        np.testing.assert_allclose(share, (counts + pseudo) / (counts + pseudo).sum(), atol=1e-5)
        x = torch.tensor(np.repeat(np.arange(4), counts))[:, None]
        model = pixel_baselines.Histogram((1,), 4).count(x, pseudo)
        np.testing.assert_allclose(model.table.detach().softmax(1)[0], share, atol=1e-5)


@checks("eq-chain-linear", by="loops over pixels, levels and earlier pixels")
def logits_are_sums_over_earlier_pixels():
    """One masked layer is the sum of w v over j < i and an offset, in the given order."""
    for order in (None, pixel_orders.upwards(SHAPE)):
        model = shaken(fvbn.LinearFVBN(SHAPE, LEVELS, order=order))
        x = tiny_pictures.all_pictures(SHAPE, LEVELS)[[5, 44, 80]]
        weight, bias = (v.detach().numpy().reshape(3, 4, -1) for v in (model.weight, model.bias))
        v = x.flatten(1).numpy() - 1.0  # levels 0, 1, 2 as -1, 0, 1
        got = model.logits(x).detach().flatten(2).numpy()
        for n, level, i in itertools.product(range(3), range(3), range(4)):
            earlier = range(i) if order is None else range(i + 1, 4)
            want = bias[level, i, 0] + sum(weight[level, i, j] * v[n, j] for j in earlier)
            assert math.isclose(got[n, level, i], want, rel_tol=1e-9)


@checks("eq-chain-noise", by="enumeration of all pictures")
def noise_costs_little():
    """The mixture pays at most -log alpha more on every picture, and sums to one."""
    x = tiny_pictures.all_pictures(SHAPE, LEVELS)
    model = shaken(fvbn.LinearFVBN(SHAPE, LEVELS), size=2.0)
    own = model.log_prob(x).detach()
    for alpha in (0.01, 0.5, 0.99):
        mixed = torch.log(alpha * own.exp() + (1 - alpha) * LEVELS**-4.0)
        torch.testing.assert_close(NearlyNoise(model, alpha).log_prob(x), mixed)
        assert torch.all(-mixed <= -own - math.log(alpha) + 1e-12)
        assert abs(mixed.exp().sum().item() - 1) < 1e-12
