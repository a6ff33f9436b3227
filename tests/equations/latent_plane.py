"""Checks of the equations of the lesson on autoencoders that cannot generate."""

from itertools import pairwise

import numpy as np
import torch
from scipy import integrate, optimize, stats
from scipy.spatial import cKDTree

from lib import latent_plane
from lib.autoencoder import Autoencoder
from lib.nets import MLPDecoder, MLPEncoder
from tests.equations import checks


def rng() -> np.random.Generator:
    return np.random.default_rng(31)


@checks("eq-recode-loss", by="networks with an invertible matrix built into their weights")
def recode():
    """h(z) = A z + b moves into the last layer, h^-1 into the first; the loss stays."""
    torch.manual_seed(0)
    net = Autoencoder(MLPEncoder((4, 4), (7,), 3), MLPDecoder(3, (7,), (4, 4))).double()
    x = torch.tensor(rng().random((20, 4, 4)))
    before, codes = net.loss(x)["loss"].item(), net.encode(x)
    a, b = torch.tensor(rng().normal(size=(3, 3))), torch.tensor(rng().normal(size=3))
    last, first = net.encoder.net[-1], net.decoder.net[0]
    with torch.no_grad():
        last.weight.copy_(a @ last.weight)
        last.bias.copy_(a @ last.bias + b)
        first.weight.copy_(first.weight @ torch.linalg.inv(a))
        first.bias.sub_(first.weight @ b)
    np.testing.assert_allclose(net.encode(x).detach(), (codes @ a.T + b).detach(), atol=1e-10)
    assert abs(net.loss(x)["loss"].item() - before) < 1e-9
    assert (net.encode(x) - codes).abs().max() > 0.1


@checks("eq-recode-density", by="counting 400,000 recoded draws in bins")
def density():
    """Codes from Beta(2, 3) through h(t) = exp(2 t) + t, whose inverse is found by bisection."""

    def h(t):
        return np.exp(2 * t) + t

    z = h(rng().beta(2, 3, size=400_000))
    edges = np.linspace(h(0), h(1), 21)
    counts = np.histogram(z, edges)[0] / len(z)

    def formula(value):
        t = optimize.brentq(lambda u: h(u) - value, 0, 1)
        return stats.beta.pdf(t, 2, 3) / abs(2 * np.exp(2 * t) + 1)

    want = [integrate.quad(formula, *pair)[0] for pair in pairwise(edges)]
    assert abs(sum(want) - 1) < 1e-6
    np.testing.assert_allclose(counts, want, atol=5 * np.sqrt(0.25 / len(z)))


@checks("eq-recode-normal", by="a Kolmogorov-Smirnov test and moments of recoded draws")
def to_normal():
    """The normal quantile of the distribution function makes any continuous code normal."""
    codes = stats.gamma(2.5)
    z = codes.rvs(size=20_000, random_state=5)
    recoded = stats.norm.ppf(codes.cdf(z))
    assert stats.kstest(recoded, "norm").pvalue > 1e-3
    assert stats.kstest(z, "norm").pvalue < 1e-9
    assert abs(recoded.std() - 1) < 0.02
    assert np.all(np.diff(recoded[np.argsort(z)]) >= 0)  # and it can be undone


@checks("eq-circle-pair", by="minimising over the decoder's point, and random points")
def circle_pair():
    """Two opposite points cost 2 at least, whatever one point stands for both."""

    def cost(g, x):
        return np.sum((g - x) ** 2) + np.sum((g + x) ** 2)

    random = rng()
    for _ in range(20):
        x, g = random.normal(size=(2, 3))
        x = x / np.linalg.norm(x)
        np.testing.assert_allclose(cost(g, x), 2 * np.linalg.norm(g) ** 2 + 2)
        found = optimize.minimize(cost, g, args=(x,))
        assert abs(found.fun - 2) < 1e-6


@checks("eq-code-emptiness", by="a k-d tree")
def emptiness():
    """The distance to the nearest code."""
    codes, points = rng().normal(size=(2, 200, 4))
    want = cKDTree(codes).query(points)[0]
    np.testing.assert_allclose(latent_plane.emptiness(points, codes), want)
