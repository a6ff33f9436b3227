"""Generators and discriminators: by hand, their shapes, and who reaches whom."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lib.gan_nets import DCDiscriminator, DCGenerator, MLPDiscriminator, MLPGenerator
from tests.family_models import seeded, seeded_normal

SHAPES = ((8, 12), (1, 8, 8), (3, 16, 8))


def linear(v: np.ndarray, layer: nn.Linear) -> np.ndarray:
    return v @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def test_dense_networks_written_out():
    z, x = seeded_normal(5, 3).double(), seeded_normal(5, 2, 2).double()
    for bounded in (False, True):
        net = MLPGenerator(3, (7, 6), (2, 2), bounded=bounded).double()
        one, two, three = (m for m in net.net if isinstance(m, nn.Linear))
        h = np.maximum(0, linear(z.numpy(), one))
        h = linear(np.maximum(0, linear(h, two)), three).reshape(5, 2, 2)
        np.testing.assert_allclose(net(z).detach(), np.tanh(h) if bounded else h)
    net = MLPDiscriminator((2, 2), (7, 6)).double()
    one, two, three = (m for m in net.net if isinstance(m, nn.Linear))
    h = linear(x.numpy().reshape(5, 4), one)
    h = linear(np.where(h > 0, h, 0.2 * h), two)
    h = linear(np.where(h > 0, h, 0.2 * h), three)
    np.testing.assert_allclose(net(x).detach(), h)


def test_dcgan_generator_written_out():
    """Normalised over the batch and ReLU before each convolution, tanh at the end."""
    net, z = DCGenerator(3, (6, 4), (8, 8)), seeded_normal(5, 3)
    first, _, norm1, _, up1, norm2, _, up2, _ = net.net
    with torch.no_grad():
        for p in (norm1.weight, norm1.bias, norm2.weight, norm2.bias):
            p.uniform_(-1, 2, generator=seeded())
    h = F.linear(z, first.weight, first.bias).reshape(5, 6, 2, 2)
    for norm, up in ((norm1, up1), (norm2, up2)):
        mean = h.mean((0, 2, 3), keepdim=True)
        std = (h.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        h = (h - mean) / std * norm.weight[:, None, None] + norm.bias[:, None, None]
        h = F.conv_transpose2d(F.relu(h), up.weight, up.bias, stride=2, padding=1)
    torch.testing.assert_close(net(z), torch.tanh(h)[:, 0], atol=1e-5, rtol=1e-4)
    counts = [m for m in net.net if isinstance(m, nn.Sequential | nn.Linear)]
    assert counts == [first]  # the last layer is a convolution, without normalisation


def test_dcgan_discriminator_written_out():
    net, x = DCDiscriminator((3, 8, 8), (4, 6)), seeded_normal(5, 3, 8, 8)
    h = x
    for conv in (m for m in net.convs if isinstance(m, nn.Conv2d)):
        h = F.leaky_relu(F.conv2d(h, conv.weight, conv.bias, stride=2, padding=1), 0.2)
    want = F.linear(h.flatten(1), net.head.weight, net.head.bias)
    torch.testing.assert_close(net(x), want)
    assert h.shape == (5, 6, 2, 2)


@pytest.mark.parametrize("c_dim", [0, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_bounds_and_conditions(shape, c_dim):
    z, c = 5 * seeded_normal(6, 4), seeded_normal(6, 3, seed=1) if c_dim else None
    for g, d in (
        (
            MLPGenerator(4, (9,), shape, c_dim=c_dim, bounded=True),
            MLPDiscriminator(shape, (9,), c_dim=c_dim),
        ),
        (DCGenerator(4, (5, 4), shape, c_dim=c_dim), DCDiscriminator(shape, (4, 5), c_dim=c_dim)),
    ):
        x = g(z, c)
        assert x.shape == (6, *shape)
        assert x.abs().max() < 1
        assert d(x, c).shape == (6, 1)
        if c_dim:
            other = c.flip(0)
            assert not torch.allclose(g(z, other), x)
            assert not torch.allclose(d(x, other), d(x, c))
        for net, v in ((g, z), (d, x)):
            with pytest.raises(ValueError, match="this network takes"):
                net(v, None if c_dim else seeded_normal(6, 3))


def test_scores_do_not_depend_on_the_rest_of_the_batch():
    """What gradient penalties need; a generator's samples are independent outside training."""
    z, x = seeded_normal(5, 4), seeded_normal(5, 8, 8)
    for d in (MLPDiscriminator((8, 8), (9,)), DCDiscriminator((8, 8), (4, 5))):
        torch.testing.assert_close(torch.cat([d(row[None]) for row in x]), d(x))
    for g in (MLPGenerator(4, (9,), (8, 8)), DCGenerator(4, (5, 4), (8, 8))):
        g(z)
        g.eval()
        torch.testing.assert_close(torch.cat([g(row[None]) for row in z]), g(z))


def test_every_weight_matters_and_every_pixel_is_seen():
    z, x = seeded_normal(6, 4), seeded_normal(6, 8, 8).requires_grad_()
    for net, v in (
        (MLPGenerator(4, (9,), (8, 8)), z),
        (MLPDiscriminator((8, 8), (9,)), x),
        (DCGenerator(4, (5, 4), (8, 8)), z),
        (DCDiscriminator((8, 8), (4, 5)), x),
    ):
        net(v).square().sum().backward()
        assert all(p.grad.abs().sum() > 0 for p in net.parameters() if p.ndim > 1)
        if v is x:
            assert (x.grad.abs().sum(0) > 0).all()
            x.grad = None


def test_networks_without_a_hidden_layer_are_linear():
    a, b = seeded_normal(4, 3), seeded_normal(4, 3, seed=1)
    for net in (MLPGenerator(3, (), (2,)), MLPDiscriminator((3,), ())):
        torch.testing.assert_close(net(a + b) + net(0 * a), net(a) + net(b))


def test_networks_that_cannot_be_built_say_why():
    for make, message in (
        (lambda: MLPGenerator(0, (4,), (2,)), "are positive, got"),
        (lambda: MLPGenerator(2, (4, 0), (2,)), "are positive, got"),
        (lambda: MLPDiscriminator((2,), (-3,)), "are positive, got"),
        (lambda: DCGenerator(2, (), (8, 8)), "one or more positive numbers of channels"),
        (lambda: DCGenerator(2, (4, 0), (8, 8)), "one or more positive numbers of channels"),
        (lambda: DCDiscriminator((8, 8), ()), "one or more positive numbers of channels"),
        (lambda: DCGenerator(2, (4, 4), (8, 6)), "divisible by 4"),
        (lambda: DCDiscriminator((8, 6), (4, 4)), "divisible by 4"),
        (lambda: DCGenerator(2, (4,), (8,)), r"\(h, w\) or \(c, h, w\)"),
        (lambda: DCDiscriminator((1, 1, 8, 8), (4,)), r"\(h, w\) or \(c, h, w\)"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
