"""Who sees whom in a pixel model: gradients of the logits with respect to the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from lib.pixel import PixelModel


def dependence(model: PixelModel, generator: torch.Generator, *, draws: int = 2) -> Tensor:
    """How strongly the logits at place i react to the input at place j, (D, D) in float64.

    Absolute gradients of `model.network`, at random real inputs, of a random combination of the
    levels; the largest over input channels and `draws`. Places are in the order of `model.places`,
    so a causal model gives zeros on the diagonal and above it, exactly. No path, no gradient: the
    zeros hold for all inputs, a non-zero shows a path that is used at these weights.
    """
    return torch.stack(
        [_in_order(model, r) for r in _reactions(model, model.places, generator, draws)]
    )


def is_causal(model: PixelModel, generator: torch.Generator, *, draws: int = 2) -> bool:
    """Whether no logit reacts to its own pixel or to a later one."""
    return not bool(dependence(model, generator, draws=draws).triu().any())


def receptive_field(
    model: PixelModel, place: Sequence[int], generator: torch.Generator, *, draws: int = 4
) -> Tensor:
    """The pixels that move the logits at `place`: bool, shape of the picture."""
    if tuple(place) not in model.places:
        raise ValueError(f"a place of pictures {model.shape} is wanted, got {tuple(place)}")
    return _reactions(model, [tuple(place)], generator, draws)[0] > 0


def blind_spot(
    model: PixelModel, place: Sequence[int], generator: torch.Generator, *, draws: int = 4
) -> Tensor:
    """Earlier pixels that cannot move the logits at `place`: bool, shape of the picture."""
    seen = receptive_field(model, place, generator, draws=draws)
    earlier = torch.zeros(model.shape, dtype=torch.bool)
    for before in model.places[: model.places.index(tuple(place))]:
        earlier[before] = True
    return earlier & ~seen


def _in_order(model: PixelModel, picture: Tensor) -> Tensor:
    return torch.stack([picture[place] for place in model.places])


def _reactions(model: PixelModel, where: list, generator: torch.Generator, draws: int) -> Tensor:
    """For every place in `where`, a picture (len(where), *shape) of absolute gradients."""
    exact = deepcopy(model).double().eval()
    most = torch.zeros(len(where), *model.shape, dtype=torch.float64)
    for _ in range(draws):
        rows = [_gradients(exact, part, generator) for part in _parts(where)]
        most = torch.maximum(most, torch.cat(rows))
    return most


def _parts(where: list, size: int = 64) -> list[list]:
    return [where[k : k + size] for k in range(0, len(where), size)]


def _gradients(model: PixelModel, where: list, generator: torch.Generator) -> Tensor:
    """One random input, copied once for every place: a single pass backward serves them all."""
    random = {"dtype": torch.float64, "generator": generator}
    channels = model.encode(torch.zeros(1, *model.shape, dtype=torch.long)).shape[1:]
    v = torch.randn(1, *channels, **random).repeat(len(where), *[1] * len(channels))
    c = torch.randn(1, model.c_dim, **random).repeat(len(where), 1) if model.c_dim else None
    v.requires_grad_()
    logits, levels = model.network(v, c), torch.randn(model.levels, **random)
    picked = torch.stack([logits[(k, slice(None), *place)] for k, place in enumerate(where)])
    (slope,) = torch.autograd.grad((picked @ levels).sum(), v)
    slope = slope.abs()
    return slope if len(model.shape) == 3 else slope.amax(1)
