"""Checks of the equations of the lesson on pictures from a GAN."""

import itertools

import numpy as np
import torch
from scipy.linalg import expm
from torch import nn
from torch.nn import functional as F

from lib import gan_pictures as forger
from lib.few_steps import slerp
from lib.gan_nets import DCDiscriminator
from tests.equations import checks


@checks("eq-gan-pictures-seen", by="enumeration of all sequences of classes")
def classes_seen_on_average():
    """Sum over all 3^6 sequences of their probability times the number of different classes."""
    shares = np.array([0.6, 0.3, 0.1])
    for n in (1, 2, 6):
        every = itertools.product(range(3), repeat=n)
        mean = sum(np.prod(shares[list(row)]) * len(set(row)) for row in every)
        assert abs(np.sum(1 - (1 - shares) ** n) - mean) < 1e-12
        assert abs(forger.seen_classes(shares, n) - mean) < 1e-12


@checks("eq-gan-pictures-size", by="the shapes that torch returns, for many kernels and strides")
def height_of_the_enlarged_map():
    """Every combination of five heights, kernels, strides and cuts that leaves a picture."""
    for h, k, s, r in itertools.product((1, 2, 4, 5, 7), (1, 3, 4, 5), (1, 2, 3), (0, 1, 2)):
        height = (h - 1) * s + k - 2 * r
        if height < 1:
            continue
        made = F.conv_transpose2d(torch.ones(1, 1, h, h), torch.ones(1, 1, k, k), None, s, r)
        assert made.shape == (1, 1, height, height)
        if s == 2 and k == 2 + 2 * r:
            assert height == 2 * h


@checks("eq-gan-pictures-batch", by="torch's layer, and loops over channels in numpy")
def batch_normalisation():
    """Mean and variance over batch and places, one pair for each channel."""
    h = torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(0)).double() * 3 + 1
    layer = nn.BatchNorm2d(3, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
        layer.bias.copy_(torch.tensor([1.0, 0.0, -1.0]))
        found = layer(h).numpy()
    for channel, (a, b) in enumerate(((0.5, 1.0), (1.0, 0.0), (2.0, -1.0))):
        values = h[:, channel].numpy()
        want = a * (values - values.mean()) / np.sqrt(values.var() + layer.eps) + b
        np.testing.assert_allclose(found[:, channel], want, atol=1e-12)


@checks("eq-gan-pictures-slope", by="norms of dense matrices of the layers, and many pairs")
def score_is_nowhere_steeper_than_the_product():
    """The bound holds for random pairs, and is reached by a net of one layer."""
    torch.manual_seed(0)
    net, g = DCDiscriminator((8, 8), (3, 4)).double(), torch.Generator().manual_seed(0)
    side, bound = 8, 1.0
    for module in net.convs:
        if isinstance(module, nn.Conv2d):
            size = module.in_channels, side, side
            units = torch.eye(int(np.prod(size)), dtype=torch.float64).view(-1, *size)
            with torch.no_grad():
                matrix = F.conv2d(units, module.weight, stride=2, padding=1).flatten(1).numpy()
            bound *= np.linalg.svd(matrix, compute_uv=False)[0]
            side //= 2
    bound *= np.linalg.norm(net.head.weight.detach().numpy())
    assert abs(forger.slope_bound(net, (8, 8)) / bound - 1) < 1e-6
    x, other = torch.randn(2, 500, 8, 8, generator=g, dtype=torch.float64)
    with torch.no_grad():
        rise = (net(x) - net(other)).abs()[:, 0]
    assert (rise <= bound * (x - other).flatten(1).norm(dim=1)).all()
    plane = nn.Linear(5, 1, dtype=torch.float64)
    steepest = plane.weight.detach()  # the direction in which the bound is reached
    climb = (plane(steepest) - plane(0 * steepest)).item()
    assert abs(climb - forger.slope_bound(plane, ()) * steepest.norm().item()) < 1e-12


@checks("eq-gan-pictures-length", by="random draws, and exactly for K = 1 by quadrature")
def squared_length_on_the_line():
    """Mean squared length of (1 - t) z + t z' for several t."""
    rng = np.random.default_rng(0)
    z, other = rng.normal(size=(2, 40_000, 16))
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    weights = np.outer(weights, weights) / np.sum(weights) ** 2
    for t in (0.0, 0.2, 0.5, 0.9):
        want = (1 - t) ** 2 + t**2
        mean = np.mean(np.sum(((1 - t) * z + t * other) ** 2, axis=1)) / 16
        assert abs(mean / want - 1) < 0.02
        exact = np.sum(weights * ((1 - t) * nodes[:, None] + t * nodes) ** 2)
        assert abs(exact - want) < 1e-12


@checks("eq-gan-pictures-arc", by="a rotation in the plane of both codes, as a matrix exponential")
def arc_is_a_rotation_at_constant_speed():
    """exp(t omega (v u^T - u v^T)) turns z towards z' for codes of equal length."""
    rng = np.random.default_rng(1)
    z, other = rng.normal(size=(2, 7))
    other *= np.linalg.norm(z) / np.linalg.norm(other)
    omega = np.arccos(z @ other / (z @ z))
    u = z / np.linalg.norm(z)
    v = other - (other @ u) * u
    v /= np.linalg.norm(v)
    for t in (0.0, 0.3, 0.5, 1.0):
        turned = expm(t * omega * (np.outer(v, u) - np.outer(u, v))) @ z
        formula = (np.sin((1 - t) * omega) * z + np.sin(t * omega) * other) / np.sin(omega)
        np.testing.assert_allclose(formula, turned, atol=1e-12)
        found = slerp(torch.tensor(z), torch.tensor(other), [t])[0]
        np.testing.assert_allclose(found, turned, atol=1e-7)
