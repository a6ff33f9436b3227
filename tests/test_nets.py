"""The shared networks: shapes, where conditions enter, what reaches what."""

import pytest
import torch
from torch import nn

from lib import nets
from tests.family_models import seeded_normal


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_mlp_is_linear_layers_with_silu_between_them():
    net = nets.mlp(3, 5, 2)
    first, last = net[0], net[2]
    x = seeded_normal(4, 3)
    h = x @ first.weight.T + first.bias
    want = (h / (1 + torch.exp(-h))) @ last.weight.T + last.bias
    torch.testing.assert_close(net(x), want)
    assert len(net) == 3


def test_mlp_without_hidden_layer_is_linear():
    net = nets.mlp(3, 2)
    a, b = seeded_normal(4, 3), seeded_normal(4, 3, seed=1)
    torch.testing.assert_close(net(a + b) + net(0 * a), net(a) + net(b))


@pytest.mark.parametrize("widths", [(), (3,), (3, 0), (3, -1, 2)])
def test_mlp_refuses_widths_that_make_no_network(widths):
    with pytest.raises(ValueError, match="two or more positive widths"):
        nets.mlp(*widths)


@pytest.mark.parametrize("c_dim", [0, 3])
@pytest.mark.parametrize("shape", [(8, 12), (3, 8, 8), (5, 16, 8)])
def test_networks_map_pictures_to_vectors_and_back(shape, c_dim):
    x, z = seeded_normal(6, *shape), seeded_normal(6, 4)
    c = seeded_normal(6, c_dim) if c_dim else None
    for encoder in (
        nets.MLPEncoder(shape, (7,), 4, c_dim=c_dim),
        nets.ConvEncoder(shape, (2, 3), 4, c_dim=c_dim),
    ):
        assert encoder(x, c).shape == (6, 4)
    for outputs in (1, 2):
        for decoder in (
            nets.MLPDecoder(4, (7,), shape, outputs, c_dim=c_dim),
            nets.ConvDecoder(4, (3, 2), shape, outputs, c_dim=c_dim),
        ):
            assert decoder(z, c).shape == (6, outputs, *shape)


def test_examples_do_not_reach_each_other():
    for net, v in (
        (nets.ConvEncoder((8, 8), (2, 3), 4), seeded_normal(5, 8, 8)),
        (nets.ConvDecoder(4, (3, 2), (8, 8)), seeded_normal(5, 4)),
        (nets.MLPEncoder((8, 8), (3,), 4), seeded_normal(5, 8, 8)),
    ):
        torch.testing.assert_close(net(v)[2:3], net(v[2:3]))


@pytest.mark.parametrize("make", [nets.MLPEncoder, nets.ConvEncoder])
def test_encoder_uses_every_pixel_and_every_condition(make):
    net = make((8, 8), (4, 4), 3, c_dim=2)
    x, c = seeded_normal(4, 8, 8).requires_grad_(), seeded_normal(4, 2).requires_grad_()
    net(x, c).square().sum().backward()
    assert (x.grad != 0).all()
    assert (c.grad != 0).all()


@pytest.mark.parametrize("make", [nets.MLPDecoder, nets.ConvDecoder])
def test_decoder_uses_every_code_for_every_pixel_of_every_output(make):
    net = make(3, (4, 4), (8, 8), 2, c_dim=2)
    z, c = seeded_normal(3).requires_grad_(), seeded_normal(2)
    slopes = torch.autograd.functional.jacobian(lambda v: net(v[None], c[None])[0], z)
    assert slopes.shape == (2, 8, 8, 3)
    assert (slopes.abs().sum(-1) != 0).all()


def test_a_convolution_sees_its_window_only():
    """Two layers of width 4 and stride 2 reach 10 pixels: a far pixel changes nothing."""
    net = nets.ConvEncoder((32, 32), (2, 3), 1).convs[:-1]  # without Flatten
    x = seeded_normal(1, 1, 32, 32).requires_grad_()
    (slope,) = torch.autograd.grad(net(x)[0, :, 4, 4].sum(), x)
    rows, columns = torch.nonzero(slope[0, 0], as_tuple=True)
    for at in (rows, columns):
        assert at.max() - at.min() + 1 == 10
        assert at.min() == 4 * 4 - 3


def test_convolutions_have_the_weights_that_one_can_count():
    encoder = nets.ConvEncoder((16, 16), (2, 3), 5)
    assert count(encoder) == (16 * 1 * 2 + 2) + (16 * 2 * 3 + 3) + (3 * 4 * 4 * 5 + 5)
    decoder = nets.ConvDecoder(5, (3, 2), (16, 16))
    assert count(decoder) == (5 * 48 + 48) + (16 * 3 * 2 + 2) + (16 * 2 * 1 + 1)


def test_conditions_must_come_as_announced():
    x, c = seeded_normal(4, 8, 8), seeded_normal(4, 2)
    plain, conditional = nets.MLPEncoder((8, 8), (3,), 2), nets.MLPEncoder((8, 8), (3,), 2, c_dim=2)
    with pytest.raises(ValueError, match="takes no conditions"):
        plain(x, c)
    for wrong in (None, c[:3], seeded_normal(4, 3)):
        with pytest.raises(ValueError, match=r"conditions of shape \(4, 2\)"):
            conditional(x, wrong)


@pytest.mark.parametrize("shape", [(10, 8), (8, 8, 8, 8), (8,)])
def test_sizes_that_cannot_be_halved_are_refused(shape):
    with pytest.raises(ValueError, match=r"shape|divisible|h, w"):
        nets.ConvEncoder(shape, (2, 2, 2), 3)
