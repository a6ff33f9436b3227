"""Mistakes people make with two levels, and with data that are no pictures."""

import numpy as np
import torch

from lib import beyond_data, clip_player, hierarchical_vae
from tests import test_beyond_data, test_clip_player, test_hierarchical_vae, test_score_vae
from tests.mutation import Edit, Mutation

MODEL = "lib.hierarchical_vae.HierarchicalVAE"


def product_on_a_grid() -> None:
    pair = [tuple(torch.tensor([[v]]) for v in p) for p in ((1.0, 0.0), (3.0, 1.0))]
    grid = torch.linspace(-12, 12, 24_001)
    log = sum(-((grid - m) ** 2) / (2 * torch.exp(s)) for m, s in pair)
    weight = torch.softmax(log, 1)[0]
    mean = weight @ grid
    found = hierarchical_vae.multiply_gaussians(*pair)
    assert torch.isclose(found[0], mean, atol=1e-3).all()
    assert torch.isclose(torch.exp(found[1]), weight @ (grid - mean) ** 2, atol=1e-3).all()


def smooth_motion() -> None:
    t = 2 * np.pi * np.arange(12) / 12
    amplitude, _ = beyond_data.swing(np.array([20 * np.cos(t + 1) + 3]))
    assert np.allclose(amplitude, 20)


def clips_in_their_places() -> None:
    x = test_clip_player.clips(5, 4, 6)
    grid = clip_player.side_by_side(x, 3)
    assert np.array_equal(grid[:, :6, 6:12], x[1])
    assert np.array_equal(grid[:, 6:, :6], x[3])


MUTATIONS = [
    Mutation(
        "averages the means of two Gaussians",
        "lib.hierarchical_vae.multiply_gaussians",
        Edit("mean_a * torch.exp(log_var - log_var_a)", "mean_a / 2 + 0 * log_var_a"),
        product_on_a_grid,
    ),
    Mutation(
        "adds variances instead of precisions",
        "lib.hierarchical_vae.multiply_gaussians",
        Edit("-torch.logaddexp(-log_var_a, -log_var_b)", "torch.logaddexp(log_var_a, log_var_b)"),
        product_on_a_grid,
    ),
    Mutation(
        "infers z1 from x alone",
        f"{MODEL}.infer",
        Edit("multiply_gaussians(message, p1)", "message"),
        test_hierarchical_vae.test_every_draw_of_the_exact_posterior_gives_log_p,
    ),
    Mutation(
        "measures z1 against N(0, I)",
        f"{MODEL}.terms",
        Edit("gaussian_kl(*found.q1, *found.p1)", "kl_to_standard_normal(*found.q1)"),
        test_hierarchical_vae.test_rates_add_up_to_the_divergence_of_the_joint_gaussians,
    ),
    Mutation(
        "forgets the prior of z2 in the weights",
        f"{MODEL}.importance_bound",
        Edit(" + gaussian_log_prob(z2, *_standard(z2))", ""),
        test_hierarchical_vae.test_every_draw_of_the_exact_posterior_gives_log_p,
    ),
    Mutation(
        "draws no z1 when z2 is given",
        f"{MODEL}.sample_bottom",
        Edit(
            "reparameterise(*self.bottom_prior(z2), generator=generator)",
            "self.bottom_prior(z2)[0]",
        ),
        test_hierarchical_vae.test_samples_under_one_top_code_have_the_conditional_moments,
    ),
    Mutation(
        "gives the noise in units of the network",
        "lib.score_vae.fit_score_vae",
        Edit("FixedGaussian(noise / unit)", "FixedGaussian(noise)"),
        test_score_vae.test_unit_and_noise_scale_together_and_change_nothing,
    ),
    Mutation(
        "turns heads the wrong way",
        "lib.beyond_data.turned_heads",
        Edit("turns.transpose(0, 2, 1)", "turns"),
        test_beyond_data.test_turned_heads_are_rotations_of_heads,
    ),
    Mutation(
        "halves the amplitude",
        "lib.beyond_data.swing",
        Edit("return 2 * np.sqrt", "return np.sqrt"),
        smooth_motion,
    ),
    Mutation(
        "fills columns before rows",
        "lib.clip_player.side_by_side",
        Edit("full.reshape(rows, columns, frames, h, w).transpose(2, 0, 3, 1, 4)",
             "full.reshape(columns, rows, frames, h, w).transpose(2, 1, 3, 0, 4)"),
        clips_in_their_places,
    ),
]  # fmt: skip
