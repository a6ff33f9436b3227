"""Mistakes in networks that are told the time, each caught by a quick check."""

import math

import torch

from lib import time_nets
from tests.mutation import Edit, Mutation
from tests.mutations_diffusion import close, some

NETS = "lib.time_nets"


def networks_know_the_time() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        nets = (
            (time_nets.TimeMLP(2, width=8, layers=1, c_dim=2), (2,)),
            (time_nets.UNet((4, 4), channels=8, factors=(1,), c_dim=2), (4, 4)),
        )
    for net, shape in nets:
        x, c = some(1, *shape).float(), torch.eye(2)
        first, later = (net(x, torch.tensor([t]), c[:1]) for t in (1, 9))
        assert (first - later).abs().min() > 1e-6
        assert (first - net(x, torch.tensor([1]), c[1:])).abs().max() > 1e-4


def embedding_is_sines_and_cosines() -> None:
    got = time_nets.time_embedding(torch.tensor([7]), 4)[0]
    close(got, [math.sin(7), math.sin(7e-4), math.cos(7), math.cos(7e-4)])


def waves_double_their_speed() -> None:
    x = some(1, 1)
    close(
        time_nets.add_waves(x, 2), torch.cat([x, x.sin(), (2 * x).sin(), x.cos(), (2 * x).cos()], 1)
    )


def finer_maps_come_back() -> None:
    """With the coarse level silenced, the output still follows the picture."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = time_nets.UNet((4, 4), channels=8)
    for p in (*net.down[1].parameters(), *net.middle.parameters(), *net.up[1].parameters()):
        p.data.zero_()
    x, t = some(2, 4, 4).float(), torch.tensor([1, 1])
    assert (net(x, t) - net(-x, t)).abs().max() > 1e-3


MUTATIONS = [
    Mutation(
        "the layers do not hear the time",
        f"{NETS}.TimeMLP.forward",
        Edit("h + shift(code)", "h + 0 * shift(code)"),
        networks_know_the_time,
    ),
    Mutation(
        "the blocks do not hear the time",
        f"{NETS}.ResBlock.forward",
        Edit("self.shift(code)[:, :, None, None]", "0"),
        networks_know_the_time,
    ),
    Mutation(
        "every channel normalised by itself: no shift survives",
        f"{NETS}._norm",
        Edit("min(8, channels // 2)", "channels"),
        networks_know_the_time,
    ),
    Mutation(
        "waves of one speed",
        f"{NETS}.add_waves",
        Edit("2.0 ** torch.arange", "1.0 ** torch.arange"),
        waves_double_their_speed,
    ),
    Mutation(
        "the condition is not joined",
        f"{NETS}.TimeCode.forward",
        Edit(", c, self.c_dim)", ", 0 * c, self.c_dim)"),
        networks_know_the_time,
    ),
    Mutation(
        "all pairs of the embedding at one speed",
        f"{NETS}.time_embedding",
        Edit("torch.linspace(0, 1,", "torch.linspace(0, 0,"),
        embedding_is_sines_and_cosines,
    ),
    Mutation(
        "the finer maps are left out on the way up",
        f"{NETS}.UNet.forward",
        Edit("torch.cat([h, finer[level]], dim=1)", "torch.cat([h, h], dim=1)"),
        finer_maps_come_back,
    ),
]
