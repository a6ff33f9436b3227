"""Mistakes people make on the way back of a diffusion, each caught by a check of the real code."""

import numpy as np
import torch
from torch import nn
from torch.distributions import MixtureSameFamily, MultivariateNormal, Normal

from lib import exact_denoiser, loss_weights, naive_diffusion, reverse_line, reverse_plots
from lib.diffusion import Diffusion
from lib.mixture import GaussianMixture, round_mixture
from lib.noise_schedule import cosine_schedule, linear_schedule
from tests.mutation import Edit, Mutation

SCHEDULE = linear_schedule(30)
ROOTS = np.random.default_rng(0).normal(size=(2, 3, 3))
COVARIANCES = 0.3 * ROOTS @ ROOTS.swapaxes(1, 2) + 0.05 * np.eye(3)
CENTRES = np.array([[-1.0, 0.5, 0.0], [1.0, 0.0, 0.3]])
SPACE = GaussianMixture(np.array([0.3, 0.7]), CENTRES, COVARIANCES)
PLANE = round_mixture(CENTRES[:, :2], 0.3)
LINE = round_mixture(np.array([[-1.0], [1.0]]), 0.3)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def noisy(t: int) -> MixtureSameFamily:
    """The density of x_t, by torch."""
    kept = SCHEDULE.alpha_bar[t]
    spread = kept * torch.tensor(COVARIANCES) + (1 - kept) * torch.eye(3, dtype=torch.float64)
    parts = MultivariateNormal(kept.sqrt() * torch.tensor(SPACE.means), spread)
    return MixtureSameFamily(torch.distributions.Categorical(torch.tensor(SPACE.weights)), parts)


def guess_follows_the_slope_of_the_density() -> None:
    denoiser = exact_denoiser.ExactDenoiser(SPACE, SCHEDULE)
    for t in (2, 20):
        x, kept = some(6, 3).requires_grad_(), SCHEDULE.alpha_bar[t]
        (slope,) = torch.autograd.grad(noisy(t).log_prob(x).sum(), x)
        want = (x + (1 - kept) * slope) / kept.sqrt()
        assert torch.allclose(denoiser(x.detach(), t), want.detach())


def density_is_that_of_torch() -> None:
    denoiser, x = exact_denoiser.ExactDenoiser(SPACE, SCHEDULE), some(6, 3)
    for t in (2, 20):
        assert torch.allclose(denoiser.log_prob(x, t), noisy(t).log_prob(x))


def score_is_the_slope() -> None:
    x = some(6, 3).requires_grad_()
    (slope,) = torch.autograd.grad(noisy(9).log_prob(x).sum(), x)
    found = exact_denoiser.ExactDenoiser(SPACE, SCHEDULE).score(x.detach(), 9)
    assert torch.allclose(found, slope)


class Still(nn.Module):
    def forward(self, xt, t):
        return xt


def neighbours() -> None:
    model = naive_diffusion.NaiveDiffusion(Still(), (1,), SCHEDULE)
    x0, t = torch.full((40_000, 1), 2.0).double(), torch.full((40_000,), 15)
    pair = model.pair(x0, t, generator=torch.Generator().manual_seed(0))
    for x, at in zip(pair, (14, 15), strict=True):
        kept = SCHEDULE.alpha_bar[at]
        assert abs(x.mean() - 2 * kept.sqrt()) < 5 * (1 - kept).sqrt() / 200
    step = pair[1] - SCHEDULE.alpha[15].sqrt() * pair[0]
    assert torch.isclose(step.var(), SCHEDULE.beta[15], rtol=0.05)
    assert abs(torch.corrcoef(torch.cat([pair[0], step], 1).T)[0, 1]) < 0.03


def naive_noise_is_what_makes_the_mean() -> None:
    model, xt = naive_diffusion.NaiveDiffusion(Still(), (2,), SCHEDULE), some(5, 2)
    x0, _ = model.denoise(xt, 12)
    assert torch.allclose(SCHEDULE.posterior(x0, xt, 12)[0], xt)


def naive_ends_without_noise() -> None:
    model = naive_diffusion.NaiveDiffusion(Still(), (2,), SCHEDULE)
    *_, x1, x0 = model.sample_steps(4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(x1, x0)


def weights_turn_errors() -> None:
    x0, eps, guess = (some(3, 2, seed=s) for s in range(3))
    for t in (1, 2, 17):
        xt = SCHEDULE.diffuse(x0, t, eps)
        other = SCHEDULE.data_from_noise(xt, t, guess)
        means = [SCHEDULE.posterior(x, xt, t)[0] for x in (x0, other)]
        speeds = [SCHEDULE.velocity(x, t, e) for x, e in ((x0, eps), (other, guess))]
        error = (eps - guess).square()
        for kind, a, b in (("x0", x0, other), ("v", *speeds), ("previous", *means)):
            w = loss_weights.noise_weights(SCHEDULE, kind)[t]
            assert torch.allclose(w * error, (a - b).square())
        variance = SCHEDULE.posterior(x0, xt, max(t, 2))[1] if t > 1 else SCHEDULE.beta[1]
        pair = [Normal(mean, variance.sqrt()) for mean in means]
        nats = torch.distributions.kl_divergence(*pair)
        assert torch.allclose(loss_weights.noise_weights(SCHEDULE, "bound")[t] * error, nats)


def weighted_loss_uses_the_step() -> None:
    weights = torch.zeros(31).double()
    weights[7] = 1.0
    model = loss_weights.WeightedDiffusion(Still(), (1,), SCHEDULE, weights=weights)
    x, generator = torch.zeros(60_000, 1).double(), torch.Generator().manual_seed(0)
    found = model.loss(x, generator=generator)["loss"]
    root = (1 - SCHEDULE.alpha_bar[7]).sqrt()
    assert torch.isclose(found, (1 - root) ** 2, rtol=0.15)


def steps_back_condition_a_gaussian() -> None:
    grid, beta, xt = np.linspace(-5, 5, 2001), 0.4, 0.8
    mixture = round_mixture(np.array([[0.5]]), 0.6)
    mean, variance, nats = reverse_line.nearest_gaussian(
        grid, reverse_line.step_back(mixture, beta, xt, grid)
    )
    precision = 1 / 0.36 + 0.6 / beta
    pulled = 0.5 / 0.36 + 0.6**0.5 * xt / beta
    assert np.allclose((mean, variance, nats), (pulled / precision, 1 / precision, 0), atol=1e-6)


def known_steps_back_have_the_formula() -> None:
    grid = np.linspace(-4, 4, 4001)
    density = reverse_line.posterior_on_grid(SCHEDULE, 8, 0.9, -0.3, grid)
    pair = torch.tensor([[[-0.3]], [[0.9]]]).double()
    want = [float(v) for v in SCHEDULE.posterior(*pair, 8)]
    assert np.allclose(reverse_line.nearest_gaussian(grid, density)[:2], want, atol=1e-6)


def chain_returns_its_data() -> None:
    schedule, width = linear_schedule(100), 0.5
    denoiser = exact_denoiser.ExactDenoiser(round_mixture(np.array([[0.7]]), width), schedule)
    table = reverse_line.added_variance(schedule, "right", width**2)
    found = reverse_line.chain_moments(denoiser, table)
    kept = schedule.alpha_bar
    share = kept[-1] * width**2 / (kept[-1] * width**2 + 1 - kept[-1])
    assert abs(found[0, 0] - 0.7 * (1 - share)) < 1e-10
    assert abs(found[0, 1] - width**2) < 1e-8


def law_is_that_of_the_data() -> None:
    schedule, grid = cosine_schedule(30), torch.linspace(-3.5, 3.5, 401, dtype=torch.float64)
    denoiser = exact_denoiser.ExactDenoiser(LINE, schedule)
    law = reverse_line.chain_law(denoiser, reverse_line.added_variance(schedule, "beta"), grid)
    want = torch.from_numpy(reverse_line.mixture_law(LINE, grid.numpy()))
    assert abs(law - want).mean() < 0.004
    few = cosine_schedule(6)
    one = exact_denoiser.ExactDenoiser(round_mixture(np.array([[0.4]]), 0.5), few)
    table = reverse_line.added_variance(few, "beta")
    mean, variance = reverse_line.chain_moments(one, table)[0]
    law = reverse_line.chain_law(one, table, grid)
    assert torch.allclose(law, Normal(mean, variance.sqrt()).cdf(grid), atol=1e-3)


def two_directions_one_density() -> None:
    generator = torch.Generator().manual_seed(0)
    forward, turned = reverse_line.both_ways(SCHEDULE, 0.7, generator=generator)
    assert np.isclose(forward, turned)


def a_walk_without_noise_follows_the_means() -> None:
    walk = cosine_schedule(8)
    model = Diffusion(exact_denoiser.ExactDenoiser(PLANE, walk), (2,), walk, target="x0")
    path = reverse_plots.ReturnExplorer(model, n=5).paths["none"]
    for t in (8, 3, 1):
        guess = model.denoise(path[t], t)[0]
        assert torch.allclose(path[t - 1], walk.posterior(guess, path[t], t)[0])


DENOISER, LINE_LIB = "lib.exact_denoiser.ExactDenoiser", "lib.reverse_line"
NAIVE, WEIGHTS = "lib.naive_diffusion.NaiveDiffusion", "lib.loss_weights"
MUTATIONS = [
    Mutation(name, target, Edit(*change), check)
    for name, target, change, check in [
        (
            "clean covariance where the noisy one belongs",
            f"{DENOISER}._noisy",
            ("kept * self.variances + 1 - kept", "self.variances + 1 - kept"),
            density_is_that_of_torch,
        ),
        (
            "noisy means without the root",
            f"{DENOISER}._noisy",
            ("kept.sqrt() * self.means", "kept * self.means"),
            density_is_that_of_torch,
        ),
        (
            "axes of the covariance transposed",
            f"{DENOISER}._noisy",
            ('"mij,nmi->nmj"', '"mji,nmi->nmj"'),
            density_is_that_of_torch,
        ),
        (
            "responsibilities without the weights",
            f"{DENOISER}._log_joint",
            ("self.log_weights - 0.5", "0 * self.log_weights - 0.5"),
            guess_follows_the_slope_of_the_density,
        ),
        (
            "responsibilities without the determinants",
            f"{DENOISER}._log_joint",
            (" + spread.log()", ""),
            guess_follows_the_slope_of_the_density,
        ),
        (
            "gain without its root",
            f"{DENOISER}.forward",
            ("kept.sqrt() * self.variances", "kept * self.variances"),
            guess_follows_the_slope_of_the_density,
        ),
        (
            "score of the wrong sign",
            f"{DENOISER}.score",
            ("root * self(xt, t) - xt", "xt - root * self(xt, t)"),
            score_is_the_slope,
        ),
        (
            "score divided by the root of the noise",
            f"{DENOISER}.score",
            ("/ lost", "/ lost.sqrt()"),
            score_is_the_slope,
        ),
        (
            "pairs of one step too late",
            f"{NAIVE}.pair",
            ("diffuse(x0, t - 1, first)", "diffuse(x0, t, first)"),
            neighbours,
        ),
        (
            "one noise for both halves of a pair",
            f"{NAIVE}.pair",
            ("step(before, t, second)", "step(before, t, first)"),
            neighbours,
        ),
        (
            "implied noise without the root of alpha",
            f"{NAIVE}.denoise",
            ("alpha.sqrt() * self.network", "alpha * self.network"),
            naive_noise_is_what_makes_the_mean,
        ),
        (
            "naive sampler with noise at the last step",
            f"{NAIVE}.sample_steps",
            ("if t > 1:", "if t > 0:"),
            naive_ends_without_noise,
        ),
        (
            "weight of x0 upside down",
            f"{WEIGHTS}.noise_weights",
            ("(1 - kept) / kept,", "kept / (1 - kept),"),
            weights_turn_errors,
        ),
        (
            "weight of v that forgets the noise",
            f"{WEIGHTS}.noise_weights",
            ("1 / kept,", "1 / (1 - kept),"),
            weights_turn_errors,
        ),
        (
            "weight of the step before without alpha",
            f"{WEIGHTS}.noise_weights",
            ("((1 - beta) * (1 - kept))", "(1 - kept)"),
            weights_turn_errors,
        ),
        (
            "bound without its half",
            f"{WEIGHTS}.noise_weights",
            ("step / (2 * variance)", "step / variance"),
            weights_turn_errors,
        ),
        (
            "bar alpha before and after exchanged",
            f"{WEIGHTS}.noise_weights",
            ("(1 - before) / (1 - kept) * beta", "(1 - kept) / (1 - before) * beta"),
            weights_turn_errors,
        ),
        (
            "weights of the steps next door",
            f"{WEIGHTS}.WeightedDiffusion.loss",
            ("self.weights[t]", "self.weights[t - 1]"),
            weighted_loss_uses_the_step,
        ),
        (
            "step back with beta for its root",
            f"{LINE_LIB}.step_back",
            ("np.sqrt(1 - beta) * grid", "(1 - beta) * grid"),
            steps_back_condition_a_gaussian,
        ),
        (
            "known step back from the wrong leap",
            f"{LINE_LIB}.posterior_on_grid",
            ("alpha_bar[t - 1]", "alpha_bar[t]"),
            known_steps_back_have_the_formula,
        ),
        (
            "right variance without what the guess leaves open",
            f"{LINE_LIB}.added_variance",
            ("* unsure", "* 0 * unsure"),
            chain_returns_its_data,
        ),
        (
            "variance of a step carried with the slope, not its square",
            f"{LINE_LIB}.chain_moments",
            ("slope**2 * variance", "slope * variance"),
            chain_returns_its_data,
        ),
        (
            "chain read from the wrong end",
            f"{LINE_LIB}.chain_moments",
            ("found[::-1]", "found"),
            chain_returns_its_data,
        ),
        (
            "law without its last step",
            f"{LINE_LIB}.chain_law",
            ("np.interp(grid, _means(denoiser, grid, 1), below)", "below.numpy()"),
            law_is_that_of_the_data,
        ),
        (
            "standard deviation where the variance belongs",
            f"{LINE_LIB}.chain_law",
            ("(2 * variances[t])", "(2 * variances[t].sqrt())"),
            law_is_that_of_the_data,
        ),
        (
            "leaps of the turned product exchanged",
            f"{LINE_LIB}.both_ways",
            ("((schedule.steps, 1), (1, -1))", "((schedule.steps, -1), (1, 1))"),
            two_directions_one_density,
        ),
        (
            "the guess itself taken for the next point",
            "lib.reverse_plots.ReturnExplorer._path",
            ("self.model.schedule.posterior(guess, path[-1], t)[0]", "guess"),
            a_walk_without_noise_follows_the_means,
        ),
    ]
]
