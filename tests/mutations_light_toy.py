"""Mistakes in the toy, the quadrature and the deliberate slips, each caught by a check."""

import numpy as np
import torch

from lib import inference_gap, light_toy, linear_vae, vae_slips
from tests.mutation import Edit, Mutation
from tests.mutations_vae_derivation import X, model, seeded

TOY = "lib.light_toy.LightToy"


def toy_bound_and_gap_add_up() -> None:
    toy, x = light_toy.LightToy(1.5), light_toy.EXAMPLES
    both = toy.elbo(x, 0.4, 0.6) + toy.gap(x, 0.4, 0.6)
    assert np.allclose(both, toy.log_prob(x), atol=1e-6)


def toy_probabilities_sum_to_one() -> None:
    p = np.exp(light_toy.LightToy(1.5).log_prob(light_toy.all_pictures()))
    assert np.isclose(p.sum(), 1)
    assert np.isclose(light_toy.data_distribution(0.2).sum(), 1)


def toy_samples_follow_the_model() -> None:
    toy = light_toy.LightToy(2.0)
    x = toy.sample(50_000, np.random.default_rng(0))
    p = np.exp(toy.log_prob(light_toy.EXAMPLES[:1]))[0]
    assert abs(np.mean(np.all(x == light_toy.EXAMPLES[0], axis=1)) - p) < 0.01


def quadrature_is_exact_for_the_linear_model() -> None:
    made = model()
    got = inference_gap.bound_by_quadrature(made, X, *made.encode(X))
    assert torch.allclose(got, made.exact_elbo(X))


def grid_is_exact_for_the_linear_model() -> None:
    made = model(1)
    assert torch.allclose(inference_gap.log_prob_by_grid(made, X), made.log_prob(X), atol=1e-6)


def draws_from_the_prior_approach_the_truth() -> None:
    made = model(1)
    got = inference_gap.log_prob_by_prior(made, X, draws=100_000, generator=seeded())
    assert torch.allclose(got, made.log_prob(X), atol=0.3)


def best_gaussian_is_the_posterior() -> None:
    made = model(1)
    mean, _ = inference_gap.best_gaussian(made, X, steps=300, lr=0.1)
    assert torch.allclose(mean, made.posterior(X)[0], atol=1e-2)


def the_mismatch_squares_the_variance() -> None:
    made = vae_slips.MismatchedVAE(4, 1).double().requires_grad_(False)
    made.encoder.log_var.fill_(-1.0)
    z = vae_slips.codes(made, torch.zeros(50_000, 4, dtype=X.dtype), generator=seeded())
    assert abs(z.var() / np.exp(-2.0) - 1) < 0.05


def idle_latents_of_the_slip_have_width_two() -> None:
    s = torch.linspace(-3, 3, 601)[:, None]
    values = vae_slips.sigma_for_variance(torch.zeros_like(s), s)
    assert abs(torch.exp(s[values.argmin()] / 2) - 2) < 0.02


def the_loss_charges_the_penalty() -> None:
    torch.manual_seed(0)
    made = vae_slips.weighted_vae(0.0, 1.0, penalty=vae_slips.without_half)
    terms = made.loss(torch.rand(4, 8, 8, generator=seeded()), generator=seeded())
    assert torch.isclose(terms["loss"], 2 * terms["rate"])


def one_step_goes_the_right_way() -> None:
    torch.manual_seed(0)
    made = linear_vae.LinearVAE(4, 2).double()
    assert vae_slips.one_step(made, X, maximise=False) > 0
    assert vae_slips.one_step(made, X, maximise=True) < 0


MUTATIONS = [
    Mutation(
        name,
        target,
        Edit(*change),
        check,
    )
    for name, target, change, check in [
        (
            "gap in the wrong direction",
            f"{TOY}.gap",
            ("rel_entr(q, self.posterior(x))", "rel_entr(self.posterior(x), q)"),
            toy_bound_and_gap_add_up,
        ),
        (
            "bound with the rate added",
            f"{TOY}.elbo",
            ("- self.rate", "+ self.rate"),
            toy_bound_and_gap_add_up,
        ),
        (
            "integral without its step",
            f"{TOY}.log_prob",
            (" + np.log(self.step)", ""),
            toy_probabilities_sum_to_one,
        ),
        (
            "joint without the prior",
            f"{TOY}.log_joint",
            (" + log_normal(self.z, 0.0, 1.0)", ""),
            toy_probabilities_sum_to_one,
        ),
        (
            "one light for every pixel",
            f"{TOY}.sample",
            ("size=(n, 1)", "size=(n, 8)"),
            toy_samples_follow_the_model,
        ),
        (
            "both halves flipped alike",
            "lib.light_toy.data_distribution",
            ("(1 - flip) ** (8 - k)", "(1 - flip) ** k"),
            toy_probabilities_sum_to_one,
        ),
        (
            "nodes scaled by the variance",
            "lib.inference_gap.bound_by_quadrature",
            ("torch.exp(log_var / 2)", "torch.exp(log_var)"),
            quadrature_is_exact_for_the_linear_model,
        ),
        (
            "bound without its rate",
            "lib.inference_gap.bound_by_quadrature",
            (" - kl_to_standard_normal(mean, log_var)", ""),
            quadrature_is_exact_for_the_linear_model,
        ),
        (
            "grid without its cell",
            "lib.inference_gap.log_prob_by_grid",
            (" + k * math.log(step)", ""),
            grid_is_exact_for_the_linear_model,
        ),
        (
            "sum over draws, not mean",
            "lib.inference_gap.log_prob_by_prior",
            (" - math.log(draws)", ""),
            draws_from_the_prior_approach_the_truth,
        ),
        (
            "prior counted twice",
            "lib.inference_gap.log_prob_by_prior",
            ("flat=True", "flat=False"),
            draws_from_the_prior_approach_the_truth,
        ),
        (
            "bound descended",
            "lib.inference_gap.best_gaussian",
            ("-bound_by_quadrature", "bound_by_quadrature"),
            best_gaussian_is_the_posterior,
        ),
        (
            "the slip mended",
            "lib.vae_slips.MismatchedVAE.terms",
            ("2 * s", "s"),
            the_mismatch_squares_the_variance,
        ),
        (
            "slip of sigma mended",
            "lib.vae_slips.sigma_for_variance",
            ("torch.exp(log_var / 2)", "torch.exp(log_var)"),
            idle_latents_of_the_slip_have_width_two,
        ),
        (
            "rate charged in place of the penalty",
            "lib.vae_slips.WeightedVAE.loss",
            ("self.weights[1] * penalty", "self.weights[1] * rate"),
            the_loss_charges_the_penalty,
        ),
        (
            "step in the other direction",
            "lib.vae_slips.one_step",
            ("maximize=maximise", "maximize=not maximise"),
            one_step_goes_the_right_way,
        ),
    ]
]
