"""Mistakes in the checks of chapter 4's homework: each gives points away or takes them."""

import numpy as np
from scipy.integrate import trapezoid
from scipy.stats import multivariate_normal, norm

from lib import homework_vae_bounds, homework_vae_linear, homework_vae_mixture
from lib import homework_vae_clinic as clinic
from lib import homework_vae_training as training
from tests.homework.kept import Kept
from tests.mutation import Edit, Mutation

KEPT = Kept("04_vae", without="clinic-given")
earns, loses = KEPT.earns, KEPT.loses


def ratios_of_pairs_are_shares() -> None:
    log_joint = np.random.default_rng(0).normal(0, 3, size=(5, 4))
    share = np.exp(log_joint) / np.exp(log_joint).sum(axis=1, keepdims=True)
    assert np.allclose(homework_vae_mixture.pairwise(log_joint), share)


def decimals_average() -> None:
    values = np.random.default_rng(1).normal(size=(6, 3))
    assert np.allclose(
        homework_vae_bounds.log_mean(values), np.log(np.exp(values).mean(axis=0)), atol=1e-12
    )


def the_bound_is_an_integral() -> None:
    model = homework_vae_linear.LinearGaussian(np.random.default_rng(2), 4, 1)
    mean, std = 0.4, 0.7
    z = np.linspace(mean - 10 * std, mean + 10 * std, 4001)
    rest = model.x[:, None] - model.mu - z[:, None] * model.W[:, 0]
    log_joint = norm.logpdf(rest, 0, np.sqrt(model.noise)).sum(axis=2) + norm.logpdf(z)
    log_q = norm.logpdf(z, mean, std)
    right = trapezoid(np.exp(log_q) * (log_joint - log_q), z)
    m, s = np.full((len(model.x), 1), mean), np.full((len(model.x), 1), 2 * np.log(std))
    assert np.allclose(model.elbo(m, s), right, atol=1e-6)


def the_curve_is_normalised() -> None:
    curve = training.Curve(np.random.default_rng(3), d=2)
    axis = np.linspace(-9, 9, 91)
    grid = curve.offset + np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    mass = sum(np.exp(curve.log_prob(part)).sum() for part in np.array_split(grid, 20))
    assert abs(mass * 0.2**2 - 1) < 1e-3


def the_best_is_no_larger_than_the_full_gaussian() -> None:
    model = clinic.Trainee(np.random.default_rng(5), n=5000)
    x = model.x.numpy()
    full = multivariate_normal(np.zeros(x.shape[1]), x.T @ x / len(x)).logpdf(x).mean()
    assert full - 0.05 < model.best() < full


MUTATIONS = [
    Mutation(
        "leaves the book's functions on",
        "lib.homework_asking._book_functions",
        lambda modules: set(),
        loses("gauss-value", "gauss", "calls the book", "switched off"),
    ),
    Mutation(
        "compares every component with itself",
        "lib.homework_vae_mixture.pairwise",
        Edit("log_joint[:, :, None]", "log_joint[:, None, :]"),
        ratios_of_pairs_are_shares,
    ),
    Mutation(
        "takes quarters for eighths",
        "lib.homework_vae_mixture.check_m_step",
        Edit("r, total = copies / 8,", "r, total = copies / 4,"),
        earns("m-step-copies"),
    ),
    Mutation(
        "leaves no zeros in q",
        "lib.homework_vae_mixture.check_bound",
        Edit("if zeros:", "if zeros and m > 99:"),
        loses("bound-zeros", "bound", "takes the logarithm of zero"),
    ),
    Mutation(
        "scores the bound with the divergence of the posterior from q",
        "lib.homework_vae_mixture.check_bound",
        Edit("rel_entr(q, pairwise(power * joint))", "rel_entr(pairwise(power * joint), q)"),
        earns("bound-any"),
    ),
    Mutation(
        "does not ask for a gradient with respect to s",
        "lib.homework_vae_codes.check_draw",
        Edit("compare(to_s, slope,", "compare(to_s, to_s,"),
        loses("draw-law", "draw", "detaches sigma"),
    ),
    Mutation(
        "wants exp(s) for the scale of noise",
        "lib.homework_vae_codes._check_noise",
        Edit("eps = noise / np.exp(WIDTHS[width] * s)", "eps = noise / np.exp(s)"),
        earns("draw-law"),
    ),
    Mutation(
        "allows noise that dimensions share",
        "lib.homework_vae_codes._check_noise",
        Edit("if noise.shape[1] > 1:", "if noise.shape[1] > 99:"),
        loses("draw-law", "draw", "shares the noise between dimensions"),
    ),
    Mutation(
        "averages the right distortion over pixels",
        "lib.homework_vae_models.Pixels.price",
        Edit("- ways).sum(1)", "- ways).mean(1)"),
        loses(
            "loss-batch",
            "loss",
            "mixes a mean over pixels with a sum over latents",
            "weighs the KL D times",
        ),
    ),
    Mutation(
        "does not look at the gradient of the loss",
        "lib.homework_vae_loss._check_gradient",
        Edit("compare(one, peer_.numpy(),", "compare(peer_.numpy(), peer_.numpy(),"),
        loses("loss-batch", "loss", "lets no gradient through z"),
    ),
    Mutation(
        "forgets the covariance of the prior",
        "lib.homework_vae_linear.LinearGaussian.posterior",
        Edit("np.diag(self.prior) -", "2 * np.diag(self.prior) -"),
        the_bound_is_an_integral,
    ),
    Mutation(
        "adds the gap to log p(x)",
        "lib.homework_vae_linear.LinearGaussian.bound",
        Edit("return self.log_prob() -", "return self.log_prob() +"),
        the_bound_is_an_integral,
    ),
    Mutation(
        "adds ratios without dividing by their number",
        "lib.homework_vae_bounds.log_mean",
        Edit(" / len(column)", ""),
        decimals_average,
    ),
    Mutation(
        "forgets the prior in the exact log p(x)",
        "lib.homework_vae_training.Curve.log_prob",
        Edit("distance + z**2", "distance"),
        the_curve_is_normalised,
    ),
    Mutation(
        "accepts any bound",
        "lib.homework_vae_training.SLACK",
        1e9,
        loses("training-curve", "training", "stops after ten steps", "below log p(x)"),
    ),
    Mutation(
        "keeps the smallest directions in the best model",
        "lib.homework_vae_clinic.Trainee.best",
        Edit("[::-1]", ""),
        the_best_is_no_larger_than_the_full_gaussian,
    ),
    Mutation(
        "does not look at the report",
        "lib.homework_vae_clinic._report_slip",
        lambda *_: [],
        loses("clinic-steps", "clinic", "mends all but the report", "is no bound"),
    ),
    Mutation(
        "repeats the steps with twice the length",
        "lib.homework_vae_clinic._repeat",
        Edit("parameter -= lr * gradient", "parameter -= 2 * lr * gradient"),
        earns("clinic-steps"),
    ),
]
