"""Mistakes people make when they count modes, train crowds or fool a detective, each caught."""

import numpy as np
import torch

from lib import fooling, gan_crowd, gan_dirac, gan_modes, gan_remedies
from lib.datasets.toy_plane import Gaussians, circle_of_gaussians
from lib.gan_nets import MLPDiscriminator
from tests.mutation import Edit, Mutation

EIGHT = circle_of_gaussians(8, std=0.1)


def strays_make_no_mode() -> None:
    points = np.random.default_rng(0).uniform(-2.5, 2.5, (20_000, 2))
    assert gan_modes.captured(points, EIGHT).modes == 0


def good_is_three_widths() -> None:
    points = EIGHT.sample(20_000, np.random.default_rng(0))
    assert abs(gan_modes.captured(points, EIGHT).good - (1 - np.exp(-4.5))) < 0.005


def a_fair_share_depends_on_the_weight() -> None:
    rare = Gaussians(np.array([[0.0, 0.0], [9.0, 0.0]]), 1.0, np.array([0.99, 0.01]))
    points = np.zeros((1000, 2))
    points[:5, 0] = 9
    assert gan_modes.captured(points, rare).modes == 2


def members_get_their_own_rows() -> None:
    torch.manual_seed(0)
    members = [MLPDiscriminator((2,), (5,)) for _ in range(3)]
    x = torch.randn(12, 2)
    got = gan_crowd.Crowd(members)(x)
    for r in range(12):
        assert torch.allclose(got[r], members[r % 3](x[r : r + 1])[0], atol=1e-6)


def norms_are_one_for_each_member() -> None:
    torch.manual_seed(0)
    net = gan_crowd.Crowd([MLPDiscriminator((2,), (5,)) for _ in range(3)])
    gan_crowd.crowd_spectral_norm(net)
    for _ in range(100):
        net(torch.randn(3, 2))
    tops = torch.linalg.matrix_norm(net.net[2].weight, 2)
    assert torch.allclose(tops, torch.ones(3), atol=1e-3)


def rounds_follow_the_matrix() -> None:
    options = {"momentum": 0.8, "gamma": 0.3}
    path = gan_dirac.walk(5, rate=0.2, start=1e-6, **options)
    state = np.array([1e-6, 0, 0, 0])
    for place in path[1:]:
        state = gan_dirac.matrix(rate=0.2, **options) @ state
        assert np.allclose(place, state[:2], rtol=1e-4, atol=1e-16)


def fooling_goes_uphill_and_stays_a_picture() -> None:
    x = torch.zeros(2, 2, 2)
    weights = torch.tensor([[1.0, -0.5], [0.25, -1.0]])
    found = fooling.fool(lambda v: (v * weights).sum((1, 2)), x, steps=100, rate=0.1)
    assert torch.allclose(found, weights.sign().expand(2, 2, 2))


def films_show_the_state_after_the_step() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = torch.Generator().manual_seed(0)
        quick = {"members": 2, "steps": 6, "batch_size": 8, "hidden": 4, "film": 3}
        model = gan_remedies.play(EIGHT, {}, generator=generator, **quick).model
    assert model.film.steps == [1, 3, 6]
    with torch.no_grad():
        assert np.allclose(model.film.samples[-1], model.g.each(model.z), atol=1e-5)
        corner = torch.tensor([[model.film.limit, -model.film.limit]])
        seen = model.film.scores[-1][:, 0, -1]
        assert np.allclose(seen, model.d.each(corner)[:, 0, 0], atol=1e-4)


MUTATIONS = [
    Mutation(
        "one stray makes a mode",
        "lib.gan_modes.captured",
        Edit("shares >= least * density.weights", "shares > 0"),
        strays_make_no_mode,
    ),
    Mutation(
        "radius in data units, not in widths",
        "lib.gan_modes.captured",
        Edit("distance <= radius * density.std", "distance <= radius"),
        good_is_three_widths,
    ),
    Mutation(
        "variance taken for the width",
        "lib.gan_modes.captured",
        Edit("radius * density.std]", "radius * density.std**2]"),
        good_is_three_widths,
    ),
    Mutation(
        "fair shares taken as equal",
        "lib.gan_modes.captured",
        Edit("least * density.weights", "least / len(density.weights)"),
        a_fair_share_depends_on_the_weight,
    ),
    Mutation(
        "rows cut into blocks, not dealt",
        "lib.gan_crowd.Crowd.forward",
        Edit("x.unflatten(0, (-1, self.m)).transpose(0, 1)", "x.unflatten(0, (self.m, -1))"),
        members_get_their_own_rows,
    ),
    Mutation(
        "answers come back in another order",
        "lib.gan_crowd.Crowd.forward",
        Edit(".transpose(0, 1).flatten(0, 1)", ".flatten(0, 1)"),
        members_get_their_own_rows,
    ),
    Mutation(
        "one norm for the whole crowd",
        "lib.gan_crowd.CrowdSpectralNorm.forward",
        Edit(
            "(self.u.clone().mT @ weight @ self.v.clone())",
            "(self.u.clone().mT @ weight @ self.v.clone()).max()",
        ),
        norms_are_one_for_each_member,
    ),
    Mutation(
        "vectors normalised over the members",
        "lib.gan_crowd.CrowdSpectralNorm._iterate",
        Edit("normalize(weight @ self.v, dim=1)", "normalize(weight @ self.v, dim=0)"),
        norms_are_one_for_each_member,
    ),
    Mutation(
        "R1 without its weight on the score",
        "lib.gan_dirac.slopes",
        Edit("+ gamma * psi", "+ gamma * psi**2"),
        rounds_follow_the_matrix,
    ),
    Mutation(
        "both move at once",
        "lib.gan_dirac.matrix",
        Edit("+ push * psi", "+ push * np.array([0, 1, 0, 0])"),
        rounds_follow_the_matrix,
    ),
    Mutation(
        "goes downhill",
        "lib.fooling.fool",
        Edit("x + rate", "x - rate"),
        fooling_goes_uphill_and_stays_a_picture,
    ),
    Mutation(
        "leaves the range of pixels",
        "lib.fooling.fool",
        Edit(".clamp(-1, 1)", ""),
        fooling_goes_uphill_and_stays_a_picture,
    ),
    Mutation(
        "the map of scores is turned",
        "lib.gan_remedies.FilmedGAN._look",
        Edit("torch.stack([columns, rows], 2)", "torch.stack([rows, columns], 2)"),
        films_show_the_state_after_the_step,
    ),
]
