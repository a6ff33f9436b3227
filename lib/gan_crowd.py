"""Many small networks trained at once: the same game from several starts for the price of one.

A crowd of m networks takes rows (n m, ...) and deals them out like cards: row r belongs to member
r mod m. A loss that is a mean over rows then gives each member the gradient it would have alone,
over m, which Adam does not see; penalties on slopes are taken row by row. So `lib.gan.GAN` plays m
games at once when its two networks are crowds, and no member knows of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils import parametrize


class CrowdLinear(nn.Module):
    """The linear layers of all members, (m, outputs, inputs), on x (m, n, inputs)."""

    def __init__(self, layers: Sequence[nn.Linear]):
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers])[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (m, n, outputs)."""
        return torch.baddbmm(self.bias, x, self.weight.mT)


class Crowd(nn.Module):
    """Dense networks of one architecture side by side; each keeps the weights it came with.

    `members` are modules whose attribute `net` is a sequence of linear layers and functions, such
    as those of `lib.gan_nets` for points.
    """

    def __init__(self, members: Sequence[nn.Module]):
        super().__init__()
        if len(members) == 0:
            raise ValueError("a crowd needs one member or more")
        layers: list[nn.Module] = []
        for group in zip(*(member.net for member in members), strict=True):
            kinds = {type(layer) for layer in group}
            if len(kinds) > 1:
                raise ValueError(f"members of a crowd have the same layers, got {kinds}")
            layers.append(CrowdLinear(group) if isinstance(group[0], nn.Linear) else group[0])
        self.m, self.net = len(members), nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (n m, outputs) of rows x (n m, inputs), which are dealt out to the members."""
        if len(x) % self.m:
            raise ValueError(f"{len(x)} rows cannot be dealt out evenly to {self.m} members")
        hands = x.unflatten(0, (-1, self.m)).transpose(0, 1)  # (m, n, inputs)
        return self.net(hands).transpose(0, 1).flatten(0, 1)

    def each(self, x: Tensor) -> Tensor:
        """What every member says about the same x (n, inputs): (m, n, outputs)."""
        return self.net(x.expand(self.m, *x.shape))


def crowd(build: Callable[[], nn.Module], m: int) -> Crowd:
    """A crowd of m networks that `build` makes one after the other."""
    return Crowd([build() for _ in range(m)])


def hands(x: Tensor, m: int) -> Tensor:
    """Rows (n m, ...) as the members got them: (m, n, ...)."""
    return x.unflatten(0, (-1, m)).transpose(0, 1)


class CrowdSpectralNorm(nn.Module):
    """`lib.gan_penalties.SpectralNorm` for the weights (m, outputs, inputs) of a crowd."""

    def __init__(self, weight: Tensor, steps: int = 1):
        super().__init__()
        self.steps = steps
        weight = weight.detach()
        self.register_buffer("u", normalize(torch.ones_like(weight[..., :1]), dim=1))
        self.register_buffer("v", normalize(weight.mT @ self.u, dim=1))
        self._iterate(weight, 15)

    def forward(self, weight: Tensor) -> Tensor:
        """Each member's weight over its own spectral norm."""
        if self.training:
            self._iterate(weight, self.steps)
        return weight / (self.u.clone().mT @ weight @ self.v.clone())

    @torch.no_grad()
    def _iterate(self, weight: Tensor, steps: int) -> None:
        for _ in range(steps):
            self.u.copy_(normalize(weight @ self.v, dim=1))
            self.v.copy_(normalize(weight.mT @ self.u, dim=1))


def crowd_spectral_norm(net: Crowd, steps: int = 1) -> Crowd:
    """The same crowd; every linear map of every member now has slope 1 at most."""
    for layer in net.net:
        if isinstance(layer, CrowdLinear):
            rule = CrowdSpectralNorm(layer.weight, steps)
            parametrize.register_parametrization(layer, "weight", rule)
    return net
