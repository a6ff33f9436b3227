"""Networks that know the time: shapes, where time and condition enter, what reaches what."""

import copy
import math
from itertools import pairwise

import pytest
import torch

from lib.time_nets import ResBlock, TimeCode, TimeMLP, UNet, add_waves, time_embedding


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed))


def made(kind, *arguments, seed: int = 0, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(*arguments, **options)


def small_unet(shape=(8, 8), **options) -> UNet:
    return made(UNet, shape, **({"channels": 8} | options))


NETWORKS = {
    "mlp": (lambda c=0: made(TimeMLP, 3, width=8, layers=2, c_dim=c), (3,)),
    "waves": (lambda c=0: made(TimeMLP, 3, width=8, layers=1, waves=2, c_dim=c), (3,)),
    "unet": (lambda c=0: small_unet(c_dim=c), (8, 8)),
    "positions": (lambda c=0: small_unet((8, 4), positions=True, patch=2, c_dim=c), (8, 4)),
    "patches": (lambda c=0: small_unet((3, 8, 8), patch=2, c_dim=c), (3, 8, 8)),
    "one level": (lambda c=0: small_unet(factors=(1,), c_dim=c), (8, 8)),
    "three levels": (lambda c=0: small_unet(factors=(2, 1, 3), c_dim=c), (8, 8)),
}


@pytest.fixture(params=NETWORKS)
def case(request):
    return NETWORKS[request.param]


# --------------------------------------------------------------------------- embedding


def test_embedding_is_sines_and_cosines_of_geometric_speeds():
    got = time_embedding(torch.tensor([0, 3, 50]), 6)
    for row, t in zip(got.tolist(), (0, 3, 50), strict=True):
        speeds = [1.0, 10_000**-0.5, 10_000**-1]
        want = [math.sin(t * s) for s in speeds] + [math.cos(t * s) for s in speeds]
        assert row == pytest.approx(want, abs=1e-12)


def test_embeddings_of_many_steps_differ_and_neighbours_are_near():
    code = time_embedding(torch.arange(401), 32)
    gaps = torch.cdist(code, code)
    gaps.fill_diagonal_(math.inf)
    assert gaps.min() > 0.3
    neighbours = gaps.diagonal(1)
    assert neighbours.max() < gaps[0, 100:].min()
    torch.testing.assert_close(neighbours, neighbours[:1].expand(400))  # a rotation a step


@pytest.mark.parametrize("width", [0, 2, 5, -4])
def test_embedding_refuses_odd_and_tiny_widths(width):
    with pytest.raises(ValueError, match="width is even, 4 or more"):
        time_embedding(torch.arange(3), width)


# ---------------------------------------------------------------------- all the networks


def test_output_has_the_shape_and_dtype_of_the_input(case):
    make, shape = case
    for n in (1, 5):
        out = make()(some(n, *shape), torch.arange(1, n + 1))
        assert out.shape == (n, *shape)
        assert out.dtype == torch.float32
        assert torch.isfinite(out).all()
    out = make().double()(some(2, *shape).double(), torch.tensor([1, 9]))
    assert out.dtype == torch.float64


def test_examples_and_their_times_do_not_reach_each_other(case):
    make, shape = case
    net, x, t = make(), some(4, *shape), torch.tensor([1, 5, 9, 30])
    together = net(x, t)
    for k in range(4):
        alone = net(x[k : k + 1], t[k : k + 1])[0]
        torch.testing.assert_close(together[k], alone, atol=1e-5, rtol=1e-4)


def test_every_number_of_the_output_depends_on_the_time(case):
    make, shape = case
    net, x = make(), some(1, *shape)
    first, second = (net(x, torch.tensor([t])) for t in (1, 40))
    assert ((first - second).abs() > 1e-6).float().mean() > 0.95


def test_neighbouring_steps_are_told_apart(case):
    make, shape = case
    net, x = make(), some(1, *shape)
    outputs = [net(x, torch.tensor([t])) for t in (1, 2, 3, 999, 1000)]
    assert all((a - b).abs().max() > 1e-5 for a, b in pairwise(outputs))


def test_condition_is_used_and_its_absence_noticed(case):
    make, shape = case
    x, t, c = some(3, *shape), torch.tensor([1, 2, 3]), torch.eye(3)
    net = make(3)
    assert not torch.allclose(net(x, t, c), net(x, t, c.flip(0)), atol=1e-5)
    torch.testing.assert_close(net(x, t, c.long()), net(x, t, c))
    for wrong in (None, torch.eye(2), torch.ones(3, 4)):
        with pytest.raises(ValueError, match=r"conditions of shape \(3, 3\)"):
            net(x, t, wrong)
    with pytest.raises(ValueError, match="takes no conditions"):
        make()(x, t, c)


def test_same_seed_same_network(case):
    make, shape = case
    x, t = some(2, *shape), torch.tensor([3, 4])
    assert torch.equal(make()(x, t), make()(x, t))
    net = make()
    assert torch.equal(net(x, t), copy.deepcopy(net)(x, t))


def test_forward_draws_nothing(case):
    make, shape = case
    net, before = make(), torch.get_rng_state()
    net(some(2, *shape), torch.tensor([3, 4]))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_weight_matters(case):
    make, shape = case
    net = make(3)
    out = net(some(4, *shape), torch.tensor([1, 2, 30, 4]), some(4, 3, seed=2))
    (out * some(4, *shape, seed=5)).sum().backward()
    idle = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not idle


@pytest.mark.parametrize("name", ["mlp", "unet", "patches"])
def test_gradients_are_those_of_differences(name):
    make, shape = NETWORKS[name]
    net, t = make().double(), torch.tensor([2, 17])
    x, way = some(2, *shape).double(), some(2, *shape, seed=1).double()
    moved = x.clone().requires_grad_()
    net(moved, t).square().sum().backward()
    up, down = (net(x + h * way, t).square().sum() for h in (1e-5, -1e-5))
    slope = (moved.grad * way).sum().item()
    assert (up - down).item() / 2e-5 == pytest.approx(slope, rel=1e-6)


# ------------------------------------------------------------------------------- points


def test_mlp_is_what_its_docstring_says():
    """Layers with shortcuts, the time added in front of each, by hand."""
    net, x, t = made(TimeMLP, 2, width=6, layers=2), some(3, 2), torch.tensor([1, 2, 3])

    def silu(v):
        return v / (1 + torch.exp(-v))

    first, last = net.code.net[0], net.code.net[2]
    code = silu(last(silu(first(time_embedding(t, 6).float()))))
    h = net.enter(x)
    for layer, shift in zip(net.layers, net.shifts, strict=True):
        h = h + layer(silu(h + shift(code)))
    torch.testing.assert_close(net(x, t), net.leave(silu(h)))


def test_waves_are_sines_and_cosines_of_doubling_speeds():
    x = some(4, 2)
    got = add_waves(x, 3)
    assert got.shape == (4, 14)
    want = [f(s * x[:, k]) for f in (torch.sin, torch.cos) for k in (0, 1) for s in (1, 2, 4)]
    torch.testing.assert_close(got, torch.stack([x[:, 0], x[:, 1], *want], 1))
    assert torch.equal(add_waves(x, 0), x)


def test_mlp_with_waves_reads_them_with_the_points():
    net, x, t = made(TimeMLP, 2, width=6, layers=1, waves=2), some(3, 2), torch.tensor([1, 2, 3])
    wide = made(TimeMLP, 10, width=6, layers=1)
    for name in ("code", "enter", "layers", "shifts", "leave"):
        setattr(wide, name, getattr(net, name))
    torch.testing.assert_close(net(x, t), wide(add_waves(x, 2), t))
    with pytest.raises(ValueError, match="0 or more, got -1"):
        TimeMLP(2, waves=-1)


def test_mlp_without_layers_would_not_know_the_time():
    with pytest.raises(ValueError, match="one or more, got 0"):
        TimeMLP(2, layers=0)


def test_time_code_depends_on_time_and_condition():
    code = made(TimeCode, 8, c_dim=2)
    t, c = torch.tensor([1, 1, 2]), torch.tensor([[0.0, 1], [1, 0], [0, 1]])
    out = code(t, c)
    assert out.shape == (3, 8)
    assert torch.cdist(out, out)[~torch.eye(3, dtype=torch.bool)].min() > 1e-3


# ----------------------------------------------------------------------------- pictures


def sees(net: UNet, shape, place) -> torch.Tensor:
    """Where the input (*shape) changes output `place`: |d out / d in| > 0."""
    x = some(1, *shape).requires_grad_()
    net(x, torch.tensor([4]))[(0, *place)].backward()
    return x.grad[0].abs() > 0


@pytest.mark.parametrize("options", [{}, {"patch": 2}, {"factors": (1, 2, 2)}])
def test_every_pixel_sees_the_whole_picture(options):
    for place in ((0, 0), (7, 7), (3, 4)):
        assert sees(small_unet(**options), (8, 8), place).all()


def test_coarse_levels_see_further():
    """Group norms see everything anyway; with them taken out, the reach is that of the layers."""
    reach = []
    for factors in ((1,), (1, 1), (1, 1, 1)):
        net = small_unet((64, 64), factors=factors)
        for module in net.modules():
            if isinstance(module, ResBlock):
                module.norm1 = module.norm2 = torch.nn.Identity()
        net.norm = torch.nn.Identity()
        seen = sees(net, (64, 64), (32, 32))
        reach.append(int(seen.any(0).sum()))
    assert reach[0] == 1 + 2 * 8  # eight convolutions of width three, one pixel to each side
    assert reach[0] < reach[1] < reach[2]


def test_finer_maps_reach_the_output_without_the_middle():
    """The shortcuts of the U: with the coarse way cut, fine detail still gets through."""
    net = small_unet()
    for p in (*net.down[1].parameters(), *net.middle.parameters(), *net.up[1].parameters()):
        p.data.zero_()
    x = some(2, 8, 8)
    t = torch.tensor([1, 2])
    assert (net(x, t) - net(x + 0.1 * some(2, 8, 8, seed=3), t)).abs().max() > 1e-3


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_patches_make_every_layer_cheaper(patch):
    net, sizes = small_unet((8, 8), patch=patch, factors=(1,)), []
    net.enter.register_forward_hook(lambda _, inputs, out: sizes.append((inputs[0].shape, out)))
    net(some(2, 8, 8), torch.tensor([1, 2]))
    shape, out = sizes[0]
    assert shape == (2, patch**2, 8 // patch, 8 // patch)
    assert out.shape[2:] == (8 // patch, 8 // patch)


def test_patches_keep_pixels_at_their_places():
    """Cut to one linear map that copies, the network with patches is the identity."""
    net = small_unet((3, 4, 4), patch=2, factors=(1,), channels=16)

    class Copy(torch.nn.Module):
        def forward(self, h, *_):
            return h[:, :12]

    net.enter = net.norm = net.leave = Copy()
    net.down, net.up = (torch.nn.ModuleList([Copy()]) for _ in range(2))
    net.middle, silu = Copy(), torch.nn.functional.silu
    x = some(2, 3, 4, 4)
    torch.testing.assert_close(net(x, torch.tensor([1, 2])), silu(x))


def test_memory_format_changes_no_number():
    net, x, t = small_unet(), some(2, 8, 8), torch.tensor([3, 9])
    kernels = [p for p in net.parameters() if p.ndim == 4 and min(p.shape[1:]) > 1]
    assert kernels
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)
    want = net(x, t)
    assert want.is_contiguous()
    plain = copy.deepcopy(net).to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(plain(x, t), want, atol=1e-5, rtol=1e-4)
    strided = x.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(net(strided, t), want, atol=1e-5, rtol=1e-4)


def test_positions_start_at_nothing_and_tell_places_apart():
    plain, placed = small_unet(), small_unet(positions=True)
    placed.load_state_dict({"place": placed.place.detach()} | plain.state_dict())
    x, t = torch.ones(1, 8, 8), torch.tensor([5])
    torch.testing.assert_close(placed(x, t), plain(x, t))
    placed.place.data[0, :, 2, 3] = 5.0
    moved = (placed(x, t) - plain(x, t)).abs()[0]
    assert moved[2, 3] > moved[6:, 6:].max() > 0
    assert plain.place is None


def test_grey_pictures_need_no_channel_axis():
    grey, one = small_unet((8, 8)), small_unet((1, 8, 8))
    x, t = some(2, 8, 8), torch.tensor([3, 9])
    assert torch.equal(grey(x, t), one(x[:, None], t)[:, 0])


def test_the_size_the_lessons_quote():
    assert sum(p.numel() for p in UNet((8, 8)).parameters()) == pytest.approx(294_000, rel=0.01)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((8,), {}, "a picture's shape"),
        ((1, 1, 8, 8), {}, "a picture's shape"),
        ((8, 8), {"channels": 12}, "multiple of 8, got 12"),
        ((8, 8), {"channels": 0}, "multiple of 8, got 0"),
        ((8, 8), {"factors": ()}, "one a level"),
        ((8, 8), {"factors": (1, 0)}, "one a level"),
        ((8, 6), {"factors": (1, 2, 2)}, r"divisible by 4, got \(8, 6\)"),
        ((8, 8), {"patch": 3}, "divisible by 6"),
        ((8, 8), {"patch": 0}, "patches of 0"),
        ((3, 12, 12), {"patch": 2, "factors": (1, 1, 1)}, "divisible by 8"),
    ],
)
def test_unet_refuses_sizes_that_do_not_fit(shape, options, message):
    with pytest.raises(ValueError, match=message):
        UNet(shape, **({"channels": 8} | options))
