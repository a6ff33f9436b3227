"""Mistakes in the parts of GAN code: penalties, spectral norms, networks."""

import numpy as np
import torch
from torch import nn

from lib import gan_nets, gan_penalties
from tests.mutation import Edit, Mutation
from tests.mutations_gan import DOUBLE, close, seeded, some

NORM = "lib.gan_penalties.SpectralNorm"


def bowl(x):
    return x.square().sum(1) / 2


# ------------------------------------------------------------------------------- checks


def slopes_are_lengths_of_gradients() -> None:
    x = some(6, 3)
    close(gan_penalties.slope(bowl, x), x.norm(dim=1))
    pictures = some(4, 2, 2)
    close(
        gan_penalties.slope(lambda v: v.square().sum((1, 2)), pictures),
        2 * pictures.flatten(1).norm(dim=1),
    )
    weight = torch.tensor([3.0, 4.0], dtype=DOUBLE, requires_grad=True)
    slope = gan_penalties.slope(lambda v: v @ weight, some(5, 2))
    assert slope.requires_grad, "a penalty that cannot be learned from"
    close(torch.autograd.grad(slope.mean(), weight)[0], [0.6, 0.8])


def penalties_are_their_formulas() -> None:
    real, fake = some(6, 3), 4 + some(6, 3, seed=1)
    close(gan_penalties.r1(bowl, real, fake, None), real.square().sum(1).mean() / 2)
    share = torch.rand(6, 1, generator=seeded(2), dtype=DOUBLE)
    between = share * real + (1 - share) * fake
    want = (between.norm(dim=1) - 1).square().mean()
    close(gan_penalties.gradient_penalty(bowl, real, fake, seeded(2)), want)


def weights_are_divided_by_their_norm() -> None:
    for layer in (nn.Linear(5, 3).double(), nn.Conv2d(2, 4, 3).double()):
        matrix = some(*layer.weight.shape)
        layer.weight.data = matrix.clone()
        gan_penalties.spectral_norm(layer)
        want = matrix / np.linalg.norm(matrix.flatten(1).numpy(), ord=2)
        close(layer.weight, want)


def norms_are_tracked_in_training() -> None:
    layer = gan_penalties.spectral_norm(nn.Linear(5, 3).double(), steps=200)
    matrix = layer.parametrizations.weight.original.data = 7 * some(3, 5)
    stale = layer.eval().weight.detach()
    close(layer.weight, stale)
    assert abs(np.linalg.norm(stale.numpy(), ord=2) - 1) > 0.01
    close(layer.train().weight, matrix / np.linalg.norm(matrix.numpy(), ord=2))


def norms_teach_the_weight() -> None:
    layer, pattern = nn.Linear(5, 3).double(), some(3, 5, seed=3)
    exact = layer.weight.detach().clone().requires_grad_()
    (exact / torch.linalg.matrix_norm(exact, ord=2) * pattern).sum().backward()
    (gan_penalties.spectral_norm(layer).weight * pattern).sum().backward()
    close(layer.parametrizations.weight.original.grad, exact.grad)


def networks_are_built_as_described() -> None:
    z, x = 3 * some(6, 3).float(), some(6, 8, 8).float()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        g = gan_nets.DCGenerator(3, (6, 4), (8, 8))
        flat = gan_nets.MLPGenerator(3, (9,), (2, 2), bounded=True)
        d = gan_nets.DCDiscriminator((8, 8), (4, 6))
        line = gan_nets.MLPDiscriminator((2, 2), (9,))
    assert g(z).abs().max() < 1
    assert (100 * flat(100 * z)).abs().max() <= 100
    layers = [type(m).__name__ for m in g.net if not isinstance(m, nn.Linear | nn.Unflatten)]
    assert layers == ["BatchNorm2d", "ReLU", "ConvTranspose2d"] * 2 + ["Tanh"]
    close(torch.cat([d(row[None]) for row in x]), d(x), atol=1e-5)
    hidden = line.net[0](flat(z).flatten(1))
    want = line.net[2](torch.where(hidden > 0, hidden, 0.2 * hidden))
    close(line(flat(z)), want, atol=1e-6)


MUTATIONS = [
    # ------------------------------------------------------------------- the penalties
    Mutation(
        "a penalty without second derivatives",
        "lib.gan_penalties.slope",
        Edit(", create_graph=True", ""),
        slopes_are_lengths_of_gradients,
    ),
    Mutation(
        "slope of each number on its own",
        "lib.gan_penalties.slope",
        Edit("gradient.flatten(1).norm(dim=1)", "gradient.abs().flatten(1).mean(dim=1)"),
        slopes_are_lengths_of_gradients,
    ),
    Mutation(
        "slope of the mean score: n times too small",
        "lib.gan_penalties.slope",
        Edit("score(x).sum()", "score(x).mean()"),
        slopes_are_lengths_of_gradients,
    ),
    Mutation(
        "R1 without its square",
        "lib.gan_penalties.r1",
        Edit(".square()", ""),
        penalties_are_their_formulas,
    ),
    Mutation(
        "R1 on samples",
        "lib.gan_penalties.r1",
        Edit("slope(score, real)", "slope(score, fake)"),
        penalties_are_their_formulas,
    ),
    Mutation(
        "gradient penalty at the data only",
        "lib.gan_penalties.gradient_penalty",
        Edit("slope(score, between)", "slope(score, real)"),
        penalties_are_their_formulas,
    ),
    Mutation(
        "gradient penalty towards slope 0",
        "lib.gan_penalties.gradient_penalty",
        Edit(" - 1).square()", ").square()"),
        penalties_are_their_formulas,
    ),
    Mutation(
        "one place between for the whole batch",
        "lib.gan_penalties.gradient_penalty",
        Edit("torch.rand(len(real), ", "torch.rand(1, "),
        penalties_are_their_formulas,
    ),
    Mutation(
        "a place for every number: points off the line",
        "lib.gan_penalties.gradient_penalty",
        Edit("torch.rand(len(real), *[1] * (real.ndim - 1)", "torch.rand(*real.shape"),
        penalties_are_their_formulas,
    ),
    # --------------------------------------------------------------- spectral normalisation
    Mutation(
        "Frobenius norm for the spectral one",
        f"{NORM}.forward",
        Edit("(self.u.clone() @ matrix @ self.v.clone())", "matrix.norm()"),
        weights_are_divided_by_their_norm,
    ),
    Mutation(
        "no iteration in training",
        f"{NORM}.forward",
        Edit("if self.training:", "if not self.training:"),
        norms_are_tracked_in_training,
    ),
    Mutation(
        "vectors not brought to length 1",
        f"{NORM}._iterate",
        Edit("self.u.copy_(normalize(matrix @ self.v, dim=0))", "self.u.copy_(matrix @ self.v)"),
        norms_are_tracked_in_training,
    ),
    Mutation(
        "the norm taken for a constant",
        f"{NORM}.forward",
        Edit("self.u.clone() @ matrix @", "self.u.clone() @ matrix.detach() @"),
        norms_teach_the_weight,
    ),
    # ----------------------------------------------------------------------- the networks
    Mutation(
        "pictures without bounds",
        "lib.gan_nets.nn.Tanh",
        nn.Identity,
        networks_are_built_as_described,
    ),
    Mutation(
        "no normalisation in DCGAN's generator",
        "lib.gan_nets.nn.BatchNorm2d",
        lambda channels: nn.Identity(),
        networks_are_built_as_described,
    ),
    Mutation(
        "a discriminator without a leak",
        "lib.gan_nets.nn.LeakyReLU",
        lambda slope: nn.ReLU(),
        networks_are_built_as_described,
    ),
    Mutation(
        "an activation on the score",
        "lib.gan_nets._dense",
        Edit("layers[:-1]", "layers"),
        networks_are_built_as_described,
    ),
]
