"""Masked convolutions against sums written out, pixel by pixel; memory against whole maps."""

from itertools import product

import pytest
import torch

from lib.masked import MaskedConv2d, Memory, causal_mask

KINDS = ("A", "B", "above", "rows")
# (kind, rows, width, colours)
SETTINGS = [(kind, r, w, 1) for kind in KINDS for r, w in ((1, 1), (2, 3), (1, 5), (4, 7), (3, 1))]
SETTINGS += [(kind, 2, 3, 3) for kind in KINDS] + [("A", 1, 5, 2), ("B", 1, 1, 3), ("A", 4, 7, 3)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def layer_of(kind: str, rows: int, width: int, colours: int) -> MaskedConv2d:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        layer = MaskedConv2d(
            2 * colours, 4 * colours, kind, rows=rows, width=width, colours=colours
        )
    return layer.double()


def allowed(kind: str, colours: int, up: int, side: int, reads: int, writes: int) -> bool:
    """May the output of colour `writes` see a pixel `up` rows above, `side` columns right?"""
    if up > 0:
        return True
    if kind in ("above", "rows"):
        return kind == "rows"
    if side:
        return side < 0
    if colours == 1:
        return kind == "B"
    return reads < writes or (kind == "B" and reads == writes)


def by_loops(layer: MaskedConv2d, v: torch.Tensor, kind: str, colours: int) -> torch.Tensor:
    """Explicit sums over the pixels that may be seen, nothing padded and nothing masked."""
    n, inputs, height, width = v.shape
    (rows, taps), outputs = layer.kernel_size, layer.out_channels
    out = layer.bias.detach().reshape(1, -1, 1, 1).expand(n, -1, height, width).clone()
    for o, i, row, column in product(*map(range, (outputs, inputs, height, width))):
        for up, side in product(range(rows), range(-(taps // 2), taps // 2 + 1)):
            y, x = row - up, column + side
            seen = allowed(kind, colours, up, side, i * colours // inputs, o * colours // outputs)
            if seen and y >= 0 and 0 <= x < width:
                weight = layer.weight[o, i, rows - 1 - up, side + taps // 2].detach()
                out[:, o, row, column] += weight * v[:, i, y, x]
    return out


@pytest.mark.parametrize(("kind", "rows", "width", "colours"), SETTINGS)
def test_a_masked_convolution_is_a_sum_over_the_pixels_it_may_see(kind, rows, width, colours):
    layer = layer_of(kind, rows, width, colours)
    v = torch.randn(2, 2 * colours, 4, 5, generator=seeded(), dtype=torch.float64)
    want = by_loops(layer, v, kind, colours)
    torch.testing.assert_close(layer(v).detach(), want, atol=1e-12, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_hides_what_comes_later_in_raster_order(kind):
    rows, width = 3, 5
    order = torch.arange(rows * width).reshape(rows, width)
    pixel = order[-1, width // 2]
    own_row = order >= order[-1, 0]
    want = {"A": order < pixel, "B": order <= pixel, "above": ~own_row, "rows": order >= 0}[kind]
    assert torch.equal(causal_mask(rows, width, kind).bool(), want)


def test_colours_see_colours_before_them_at_the_pixel_itself():
    first, later = (MaskedConv2d(3, 3, kind, colours=3).mask[:, :, -1, 1] for kind in "AB")
    assert torch.equal(first, torch.ones(3, 3).tril(-1))
    assert torch.equal(later, torch.ones(3, 3).tril())


@pytest.mark.parametrize("bad", [(0, 3, "A"), (2, 4, "A"), (2, 0, "B"), (2, 3, "C")])
def test_bad_masks_are_named(bad):
    with pytest.raises(ValueError, match="odd width and kind"):
        causal_mask(*bad)


def test_channels_must_split_into_colours():
    with pytest.raises(ValueError, match="do not split into 3 colours"):
        MaskedConv2d(3, 4, "A", colours=3)


def test_the_mask_is_no_weight_and_changes_none():
    layer = layer_of("A", 2, 3, 1)
    before = layer.weight.detach().clone()
    layer(torch.randn(1, 2, 3, 3, generator=seeded(), dtype=torch.float64)).sum().backward()
    assert set(layer.state_dict()) == {"weight", "bias"}
    assert torch.equal(layer.weight, before)
    assert not layer.weight.grad[:, :, -1, 1:].any()
    assert layer.weight.grad[:, :, 0].all()


@pytest.mark.parametrize(("kind", "rows", "width", "colours"), SETTINGS)
def test_memory_gives_every_pixel_what_whole_maps_give(kind, rows, width, colours):
    layer = layer_of(kind, rows, width, colours)
    v = torch.randn(2, 2 * colours, 4, 5, generator=seeded(), dtype=torch.float64)
    want, memory = layer(v), Memory(4, 5)
    for i in range(4):
        for j in range(5):
            if kind == "rows":  # sees pixels that come later in its row: only whole rows work
                break
            got = memory.at(i, j)(layer, v[:, :, i : i + 1, j : j + 1])
            torch.testing.assert_close(got[:, :, 0, 0], want[:, :, i, j], atol=1e-12, rtol=0)
    memory = Memory(4, 5)
    for i in range(4):
        got = memory.at(i)(layer, v[:, :, i : i + 1])
        torch.testing.assert_close(got[:, :, 0], want[:, :, i], atol=1e-12, rtol=0)


def test_memory_keeps_two_layers_apart():
    one, two = layer_of("B", 2, 3, 1), layer_of("B", 1, 3, 1)
    v = torch.randn(1, 2, 2, 3, generator=seeded(), dtype=torch.float64)
    memory = Memory(2, 3)
    for i, j in product(range(2), range(3)):
        here = memory.at(i, j)
        for layer, sign in ((one, 1), (two, -1)):
            got = here(layer, sign * v[:, :, i : i + 1, j : j + 1])
            want = layer(sign * v)[:, :, i, j]
            torch.testing.assert_close(got[:, :, 0, 0], want, atol=1e-12, rtol=0)


def test_storing_again_replaces_what_was_stored():
    layer = layer_of("A", 2, 3, 1)
    v = torch.randn(1, 2, 1, 2, generator=seeded(), dtype=torch.float64)
    memory = Memory(1, 2)
    memory.at(0, 0).store(layer, 7 * v[..., :1])
    memory.at(0, 0).store(layer, v[..., :1])
    got = memory.at(0, 1)(layer, torch.zeros_like(v[..., 1:]))
    torch.testing.assert_close(got[:, :, 0, 0], layer(v)[:, :, 0, 1], atol=1e-12, rtol=0)
