"""Mistakes in the recipes of all families, each caught by a quick check."""

import numpy as np
import torch
from torch import nn

from lib import families
from tests.mutation import Edit, Mutation
from tests.mutation_tools import close, seeded

FAMILY = "lib.families.Family"


def digits_survive_writing_and_reading() -> None:
    x = np.arange(17, dtype=np.float32).reshape(1, 1, 17) / 16
    for family in families.FAMILIES.values():
        written = family.write(x)
        assert written.is_floating_point() == (family.written != "levels")
        np.testing.assert_allclose(family.read(written), x, atol=1e-6)
    gap = families.FAMILIES["diffusion"].write(x).diff()
    close(gap, torch.full_like(gap, 1 / 8), atol=1e-6)
    assert families.FAMILIES["GAN"].read(torch.tensor([-1.5, 1.5])).tolist() == [0, 1]


def all_recipes_take_the_class() -> None:
    """Both players of a GAN, encoder and decoder, the network of a diffusion."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        gan, diffusion = families.digit_gan(10), families.digit_diffusion(10)
        vae = families.digit_vae(10, prior="learned")
    assert (gan.g.c_dim, gan.d.c_dim) == (10, 10)
    assert (vae.encoder.c_dim, vae.decoder.c_dim) == (10, 10)
    assert vae.prior_net is not None
    assert (getattr(diffusion, "c_dim", 0), diffusion.network.code.c_dim) == (10, 10)


class Recorder(nn.Module):
    """Stands for `fit`."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, model, x, **options):
        self.asked.append((options["seconds"], options["lr"], options["c"]))
        return {"loss": [options["lr"]]}


def seconds_are_shared_as_epochs_are() -> None:
    watch, true = Recorder(), families.fit
    family = families.Family(lambda c_dim: nn.Linear(1, 1), "unit", ((3, 0.1), (1, 0.01)))
    families.fit = watch
    try:
        _, history = family.train(np.zeros((2, 8, 8)), generator=seeded(), seconds=8.0)
    finally:
        families.fit = true
    assert watch.asked == [(6.0, 0.1, None), (2.0, 0.01, None)]
    assert history == {"loss": [0.1, 0.01]}


MUTATIONS = [
    Mutation(
        "pictures for [-1, 1] left in [0, 1]",
        f"{FAMILY}.write",
        Edit("2 * x - 1", "x"),
        digits_survive_writing_and_reading,
    ),
    Mutation(
        "samples read with another scale than they are written",
        f"{FAMILY}.read",
        Edit("(samples + 1) / 2", "samples + 1"),
        digits_survive_writing_and_reading,
    ),
    Mutation(
        "grey levels cut off instead of rounded",
        f"{FAMILY}.write",
        Edit("(x * TOP).round()", "(x * TOP - 0.01)"),
        digits_survive_writing_and_reading,
    ),
    Mutation(
        "the digits' D is not told the class",
        "lib.families.digit_gan",
        Edit(
            "MLPDiscriminator(SHAPE, (256, 256), c_dim=c_dim)",
            "MLPDiscriminator(SHAPE, (256, 256))",
        ),
        all_recipes_take_the_class,
    ),
    Mutation(
        "the learned prior is never asked for",
        "lib.families.digit_vae",
        Edit("prior=prior", 'prior="fixed"'),
        all_recipes_take_the_class,
    ),
    Mutation(
        "every stage gets all the seconds",
        f"{FAMILY}.train",
        Edit("seconds * epochs / whole", "seconds"),
        seconds_are_shared_as_epochs_are,
    ),
]
