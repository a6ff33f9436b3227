"""Mistakes people make with noise schedules and with what noise leaves, each caught by a check."""

import math

import numpy as np
import torch
from scipy import stats

from lib import destruction, noise_schedule
from lib.datasets.toys import Mixture
from lib.pca import fit_pca
from tests.mutation import Edit, Mutation

SCHEDULE = "lib.noise_schedule.NoiseSchedule"
BETAS = [0.1, 0.35, 0.02, 0.6]
ONE, NONE = torch.ones(1, 1).double(), torch.zeros(1, 1).double()


def uneven() -> noise_schedule.NoiseSchedule:
    return noise_schedule.NoiseSchedule(BETAS)


def kept(t: int) -> float:
    return math.prod(1 - b for b in BETAS[:t])


def close(got, want) -> None:
    np.testing.assert_allclose(torch.as_tensor(got).flatten(), want, rtol=1e-9, atol=1e-12)


def steps_are_gaussians() -> None:
    schedule = uneven()
    for t, beta in enumerate(BETAS, start=1):
        stated = stats.norm(math.sqrt(1 - beta) * 0.8, math.sqrt(beta))
        for u in (0.1, 0.7):
            eps = stats.norm.ppf(u) * ONE
            close(schedule.step(0.8 * ONE, t, eps), stated.ppf(u))


def leaps_are_composed_steps() -> None:
    schedule, weights = uneven(), [1.0]
    for t, beta in enumerate(BETAS, start=1):
        weights = [math.sqrt(1 - beta) * w for w in weights] + [math.sqrt(beta)]
        close(schedule.diffuse(ONE, t, NONE), weights[0])
        close(schedule.diffuse(NONE, t, ONE), math.hypot(*weights[1:]))
        close(schedule.snr[t], weights[0] ** 2 / sum(w**2 for w in weights[1:]))


def posteriors_condition_the_joint() -> None:
    schedule = uneven()
    for t in (2, 3, 4):
        before, keep, beta = 1 - kept(t - 1), math.sqrt(1 - BETAS[t - 1]), BETAS[t - 1]
        gain = keep * before / (keep**2 * before + beta)
        first = math.sqrt(kept(t - 1)) * 0.7
        mean, variance = schedule.posterior(0.7 * ONE, -1.1 * ONE, t)
        close(mean, first + gain * (-1.1 - keep * first))
        close(variance, before - gain * keep * before)


def estimates_return() -> None:
    schedule = uneven()
    for t in (1, 3, 4):
        xt = math.sqrt(kept(t)) * 0.6 + math.sqrt(1 - kept(t)) * -1.4
        close(schedule.data_from_noise(xt * ONE, t, -1.4 * ONE), 0.6)
        close(schedule.noise_from_data(xt * ONE, t, 0.6 * ONE), -1.4)
        angle = math.acos(math.sqrt(kept(t)))
        speed = -math.sin(angle) * 0.6 + math.cos(angle) * -1.4
        close(schedule.velocity(0.6 * ONE, t, -1.4 * ONE), speed)
        close(schedule.data_from_velocity(xt * ONE, t, speed * ONE), 0.6)


def nothing_left() -> None:
    for steps in (50, 1000):
        u = np.arange(steps + 1) / steps
        linear = noise_schedule.linear_schedule(steps).alpha_bar.numpy()
        assert np.abs(linear - np.exp(-0.1 * u - 9.95 * u**2)).max() < 1.6 / steps
        assert noise_schedule.cosine_schedule(steps).alpha_bar[-1] < 1e-5


def cosine_is_its_curve() -> None:
    def curve(u: float) -> float:
        return (1 + math.cos((u + 0.008) / 1.008 * math.pi)) / 2

    schedule = noise_schedule.cosine_schedule(20)
    close(schedule.alpha_bar[:-1], [curve(t / 20) / curve(0) for t in range(20)])
    assert schedule.beta[-1] < 1


def single_precision_keeps_small_noise() -> None:
    schedule = noise_schedule.NoiseSchedule([1e-7, 0.1])
    got = schedule.diffuse(NONE.float(), 1, ONE.float())
    np.testing.assert_allclose(got, 1e-7**0.5, rtol=1e-5)


def far_steps_are_refused() -> None:
    for t in (-1, 5):
        try:
            uneven().diffuse(ONE, t, NONE)
        except ValueError:
            continue
        raise AssertionError(f"step {t} was accepted")


def melted_is_the_leap_of_draws() -> None:
    data = Mixture([0.4, 0.6], [-1.0, 1.5], [0.3, 0.7])
    got = destruction.melted(data, 0.3)
    mean = data.weights @ data.means
    close(got.weights @ got.means, math.sqrt(0.3) * mean)
    second = data.weights @ (data.stds**2 + data.means**2)
    close(got.weights @ (got.stds**2 + got.means**2), 0.3 * second + 0.7)


def judges_use_bayes_rule() -> None:
    examples = torch.tensor([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]]).double()
    xt, share = torch.tensor([[0.4, -0.1]]).double(), 0.6
    densities = stats.norm.pdf(xt, math.sqrt(share) * examples, math.sqrt(1 - share)).prod(1)
    close(destruction.which_example(xt, examples, share), densities / densities.sum())


def guess_is_the_conditional_mean() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2)) @ np.array([[2.0, 0.5], [0.0, 0.4]]) + 1
    cov, mean, share = np.cov(x.T, bias=True), x.mean(0), 0.3
    gain = math.sqrt(share) * cov @ np.linalg.inv(share * cov + (1 - share) * np.eye(2))
    xt = np.array([[0.3, -1.0]])
    want = mean + (xt - math.sqrt(share) * mean) @ gain.T
    got = destruction.linear_guess(fit_pca(x), xt, share)
    np.testing.assert_allclose(got, want, atol=1e-9)


MUTATIONS = [
    Mutation("shrinks by 1 - beta without the root", f"{SCHEDULE}.step",
             Edit("alpha.sqrt() * x", "alpha * x"), steps_are_gaussians),
    Mutation("takes beta for a deviation", f"{SCHEDULE}.step",
             Edit("beta.sqrt() * eps", "beta * eps"), steps_are_gaussians),
    Mutation("shrinks by the step before", f"{SCHEDULE}.at",
             Edit("table[t]", "table[(t - 1).clamp(min=0)]"), leaps_are_composed_steps),
    Mutation("forgets the root in the leap", f"{SCHEDULE}.diffuse",
             Edit("lost.sqrt()", "lost"), leaps_are_composed_steps),
    Mutation("leaps with alpha for its product", f"{SCHEDULE}.diffuse",
             Edit("self.at(self.alpha_bar, t, x0)", "self.at(self.alpha, t, x0)"),
             leaps_are_composed_steps),
    Mutation("ratio of the deviations", f"{SCHEDULE}.snr",
             Edit("self.alpha_bar / (1 - self.alpha_bar)",
                  "(self.alpha_bar / (1 - self.alpha_bar)).sqrt()"), leaps_are_composed_steps),
    Mutation("swaps the weights of the data and of the state", f"{SCHEDULE}.posterior",
             Edit("kept_before.sqrt() * beta * x0 + alpha.sqrt() * before * xt",
                  "kept_before.sqrt() * beta * xt + alpha.sqrt() * before * x0"),
             posteriors_condition_the_joint),
    Mutation("weighs the data by the product of this step", f"{SCHEDULE}.posterior",
             Edit("self.at(self.alpha_bar, _previous(t), xt)", "self.at(self.alpha_bar, t, xt)"),
             posteriors_condition_the_joint),
    Mutation("returns beta for the posterior variance", f"{SCHEDULE}.posterior",
             Edit("before / now * beta", "beta"), posteriors_condition_the_joint),
    Mutation("forgets to divide by what was kept", f"{SCHEDULE}.data_from_noise",
             Edit(" / kept.sqrt()", ""), estimates_return),
    Mutation("divides by the variance of the noise", f"{SCHEDULE}.noise_from_data",
             Edit("/ lost.sqrt()", "/ lost"), estimates_return),
    Mutation("velocity with the sign turned", f"{SCHEDULE}.velocity",
             Edit("kept.sqrt() * eps - lost.sqrt() * x0", "lost.sqrt() * x0 - kept.sqrt() * eps"),
             estimates_return),
    Mutation("subtracts noise in the single precision of the points", f"{SCHEDULE}.diffuse",
             Edit("self.at(1 - self.alpha_bar, t, x0)", "1 - self.at(self.alpha_bar, t, x0)"),
             single_precision_keeps_small_noise),
    Mutation("accepts step -1", f"{SCHEDULE}.at",
             Edit("int(t.min()) < 0 or ", ""), far_steps_are_refused),
    Mutation("copies the range of a thousand steps", "lib.noise_schedule.linear_schedule",
             Edit("0.1 / steps, 20 / steps, steps", "1e-4, 0.02, steps"), nothing_left),
    Mutation("starts the cosine without its offset", "lib.noise_schedule.cosine_schedule",
             Edit("(u + COSINE_OFFSET) / (1 + COSINE_OFFSET)", "u"), cosine_is_its_curve),
    Mutation("forgets to square the cosine", "lib.noise_schedule.cosine_schedule",
             Edit("torch.pi / 2) ** 2", "torch.pi / 2)"), cosine_is_its_curve),
    Mutation("melts without the noise of the components", "lib.destruction.melted",
             Edit("kept * mixture.stds**2 + 1 - kept", "mixture.stds**2 + 1 - kept"),
             melted_is_the_leap_of_draws),
    Mutation("compares with examples that are not shrunk", "lib.destruction.which_example",
             Edit("kept**0.5 * examples.flatten(1)", "examples.flatten(1)"),
             judges_use_bayes_rule),
    Mutation("forgets the two of the Gaussian", "lib.destruction.which_example",
             Edit("(2 * (1 - kept))", "(1 - kept)"), judges_use_bayes_rule),
    Mutation("guesses without undoing the shrinking", "lib.destruction.linear_guess",
             Edit(" / kept**0.5", ""), guess_is_the_conditional_mean),
    Mutation("shrinks every direction alike", "lib.destruction.linear_guess",
             Edit("kept * pca.variances", "kept * pca.variances.mean()"),
             guess_is_the_conditional_mean),
]  # fmt: skip
