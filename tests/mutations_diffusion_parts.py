"""Mistakes in DDIM, completion, bound and averaged weights, each caught."""

import math
from unittest import mock

import numpy as np
import torch
from scipy.stats import norm
from torch import nn

from lib import diffusion, diffusion_bound, stages, time_nets
from tests.mutation import Edit, Mutation
from tests.mutations_diffusion import (
    BAR,
    BETA,
    MODEL,
    answer,
    close,
    posterior_of,
    schedule,
    seeded,
    small,
    some,
    x0_of,
)

BOUND = "lib.diffusion_bound"


def leaps_are_equation_12() -> None:
    for eta in (0.0, 0.6, 1.0):
        x = list(small("v").ddim_steps(3, steps=2, eta=eta, generator=seeded(2)))
        generator = seeded(2)
        xt = torch.randn(3, 2, generator=generator)
        assert len(x) == 3
        close(x[0], xt)
        for k, (t, s) in enumerate(((4, 2), (2, 0)), start=1):
            x0 = x0_of("v", xt, t, answer(xt, t))
            eps = (xt - math.sqrt(BAR[t]) * x0) / math.sqrt(1 - BAR[t])
            sigma = eta * math.sqrt((1 - BAR[s]) / (1 - BAR[t]) * (1 - BAR[t] / BAR[s]))
            xt = math.sqrt(BAR[s]) * x0 + math.sqrt(1 - BAR[s] - sigma**2) * eps
            if eta and s:
                xt = xt + sigma * torch.randn(3, 2, generator=generator)
            close(x[k], xt, 1e-5)


def last_leap_draws_nothing() -> None:
    generator = seeded(2)
    state = generator.get_state()
    small()._leap(some(3, 2), some(3, 2, seed=1), 2, 0, 1.0, generator)
    assert torch.equal(generator.get_state(), state)


def completion_is_as_described() -> None:
    known, x, generator = torch.tensor([True, False]), some(3, 2, seed=5), seeded(1)
    model = small("v")

    def noise():
        return torch.randn(3, 2, generator=generator, dtype=torch.float64)

    xt = noise()
    for t in (4, 3, 2, 1):
        for again in (True, False):
            noisy = math.sqrt(BAR[t]) * x + math.sqrt(1 - BAR[t]) * noise()
            xt = torch.stack([noisy[:, 0], xt[:, 1]], 1)
            xt = model.reverse(xt, t, generator=generator)
            if again:
                xt = math.sqrt(1 - BETA[t]) * xt + math.sqrt(BETA[t]) * noise()
    want = torch.stack([x[:, 0], xt[:, 1]], 1)
    close(model.complete(x, known, repeats=2, generator=seeded(1)), want)


def terms_of_the_bound_are_divergences() -> None:
    for kind in ("posterior", "beta"):
        model, x, generator = small("v"), some(4, 2, seed=6), seeded(3)
        want = []
        for t in (1, 2, 3, 4):
            eps = torch.randn(4, 2, generator=generator, dtype=torch.float64)
            xt = math.sqrt(BAR[t]) * x + math.sqrt(1 - BAR[t]) * eps
            guess = x0_of("v", xt, t, answer(xt, t))
            if t == 1:
                want.append(-norm.logpdf(x, guess, math.sqrt(BETA[1])).sum(1))
                continue
            mean, var = posterior_of(x, xt, t)
            wrong, _ = posterior_of(guess, xt, t)
            sigma2 = BETA[t] if kind == "beta" else var
            terms = math.log(sigma2 / var) + (var + (mean - wrong) ** 2) / sigma2 - 1
            want.append(0.5 * terms.sum(1))
        last = 1 - BAR[4] + BAR[4] * x**2 - 1 - math.log(1 - BAR[4])
        want.append(0.5 * last.sum(1))
        got = diffusion_bound.bound_terms(model, x, variance=kind, generator=seeded(3))
        close(got, torch.stack([torch.as_tensor(w) for w in want]))
        close(model.elbo(x, variance=kind, generator=seeded(3)), -got.sum(0))


def cells_are_probabilities() -> None:
    values = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    mean = torch.tensor([-3.0, -0.6, 0.1, 1.0], dtype=torch.float64)
    got = diffusion_bound.log_cell(values, mean, torch.tensor(0.2), 5)
    close(got.exp().sum(0), torch.ones(4, dtype=torch.float64))
    edges = np.array([-np.inf, -0.75, -0.25, 0.25, 0.75, np.inf])[:, None]
    std = float(torch.tensor(0.2))
    upper, lower = norm.sf(edges, mean, std), norm.cdf(edges, mean, std)
    cells = np.where(edges[1:] > mean.numpy(), upper[:-1] - upper[1:], lower[1:] - lower[:-1])
    close(got, np.log(cells), 1e-6)
    far = diffusion_bound.log_cell(values, torch.tensor(60.0), torch.tensor(0.01), 5)
    assert torch.isfinite(far).all()


def averaged_model() -> diffusion.Diffusion:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = time_nets.TimeMLP(2, width=4, layers=1)
    return diffusion.Diffusion(network, (2,), schedule(), average=0.5)


def average_follows_and_is_used() -> None:
    model, seen = averaged_model(), []
    optimizer = model.optimizers(0.1)["loss"]
    for step in range(3):
        optimizer.zero_grad()
        model.loss(some(4, 2).float(), generator=seeded(step))["loss"].backward()
        optimizer.step()
        seen.append(model.network.leave.weight.detach().clone())
    want = 0.25 * seen[0] + 0.25 * seen[1] + 0.5 * seen[2]
    close(model.averaged.module.leave.weight, want, 1e-6)
    x, t = some(4, 2).float(), torch.full((4,), 2)
    for mode, network in ((model.train(), model.network), (model.eval(), model.averaged.module)):
        mode.train(network is model.network)
        close(model.denoise(x, 2)[0], x0_of("eps", x, 2, network(x, t)), 1e-5)
        model.loss(x, generator=seeded())["loss"].backward()


def recipes_follow_their_stages() -> None:
    asked = []

    def fit(model, x, *, epochs, lr, **options):
        asked.append((epochs, lr, options["batch_size"], options["generator"]))
        return {"loss": [9.0] * epochs + [1.0] * epochs}  # two batches an epoch

    chosen, generator = ((2, 0.1), (4, 0.01)), seeded()
    with mock.patch("lib.stages.fit", fit):
        history = stages.train_in_stages(
            nn.Identity(), some(5, 2), chosen, batch_size=7, generator=generator
        )
    assert asked == [(*stage, 7, generator) for stage in chosen]
    assert history["epoch"] == [2, 6]
    assert history["loss"] == [1.0, 1.0]
    assert stages.shortened(chosen, 0.5) == ((1, 0.1), (2, 0.01))


MUTATIONS = [
    # ---------------------------------------------------------------------------- DDIM
    Mutation(
        "eta not squared in sigma squared",
        f"{MODEL}._leap",
        Edit("eta**2 * ", "eta * "),
        leaps_are_equation_12,
    ),
    Mutation(
        "sigma with the ratio upside down",
        f"{MODEL}._leap",
        Edit("(1 - then) / (1 - now) * (1 - now / then)", "(1 - now / then)"),
        leaps_are_equation_12,
    ),
    Mutation(
        "direction to x_t without room for the new noise",
        f"{MODEL}._leap",
        Edit("max(1 - then - spread, 0)", "(1 - then)"),
        leaps_are_equation_12,
    ),
    Mutation(
        "variance where its root belongs",
        f"{MODEL}._leap",
        Edit("x + spread**0.5 * torch", "x + spread * torch"),
        leaps_are_equation_12,
    ),
    Mutation(
        "noise at the last leap",
        f"{MODEL}._leap",
        Edit("if s == 0 or eta == 0:", "if eta == 0:"),
        last_leap_draws_nothing,
    ),
    Mutation(
        "times do not reach the data",
        f"{MODEL}.times",
        Edit("range(steps, -1, -1)", "range(steps, 0, -1)"),
        leaps_are_equation_12,
    ),
    # ---------------------------------------------------------------------- completion
    Mutation(
        "known places without their noise",
        f"{MODEL}.complete_steps",
        Edit("self.schedule.diffuse(x, t, noise())", "x + 0 * noise()"),
        completion_is_as_described,
    ),
    Mutation(
        "known and unknown swapped",
        f"{MODEL}.complete_steps",
        Edit("torch.where(known, self", "torch.where(~known, self"),
        completion_is_as_described,
    ),
    Mutation(
        "back up by a leap from the data",
        f"{MODEL}.complete_steps",
        Edit("self.schedule.step(xt, t, noise())", "self.schedule.diffuse(xt, t, noise())"),
        completion_is_as_described,
    ),
    Mutation(
        "known places are not restored at the end",
        f"{MODEL}.complete_steps",
        Edit("torch.where(known, x, xt) if t == 1 else xt", "xt"),
        completion_is_as_described,
    ),
    Mutation(
        "repeats ignored",
        f"{MODEL}.complete_steps",
        Edit("for again in range(repeats):", "for again in range(1):"),
        completion_is_as_described,
    ),
    # --------------------------------------------------------------------------- bound
    Mutation(
        "L_0 with the root of beta as its variance",
        f"{BOUND}.data_term",
        Edit("gaussian_log_prob(x, mean, var.log())", "gaussian_log_prob(x, mean, var.log() / 2)"),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "L_0 left out",
        f"{BOUND}.bound_terms",
        Edit("terms = [data_term(", "terms = [0 * data_term("),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "the step terms start one too late",
        f"{BOUND}.bound_terms",
        Edit("range(2, model", "range(3, model"),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "noise draw shared with the step before",
        f"{BOUND}._noisy_and_guess",
        Edit("model.denoise(xt, t, c)[0]", "model.denoise(xt, max(t - 1, 1), c)[0]"),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "the two arguments of a divergence swapped",
        f"{BOUND}.step_term",
        Edit(
            "gaussian_kl(mean, true_log_var, guessed_mean, log_var)",
            "gaussian_kl(guessed_mean, log_var, mean, true_log_var)",
        ),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "L_T with alpha-bar where its root belongs",
        f"{BOUND}.prior_term",
        Edit("kept.sqrt() * x", "kept * x"),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "the loss, not the bound",
        f"{MODEL}.elbo",
        Edit("return -bound_terms", "return bound_terms"),
        terms_of_the_bound_are_divergences,
    ),
    Mutation(
        "outer cells end",
        f"{BOUND}.log_cell",
        Edit(
            "torch.where(x > 1 - half, torch.inf, (x + half - mean) / std)",
            "(x + half - mean) / std",
        ),
        cells_are_probabilities,
    ),
    Mutation(
        "cells of half the width",
        f"{BOUND}.log_cell",
        Edit("half = 1 / (levels - 1)", "half = 0.5 / (levels - 1)"),
        cells_are_probabilities,
    ),
    Mutation(
        "cells as plain differences of the distribution function",
        f"{BOUND}.log_cell",
        Edit("right = mean < x", "right = torch.zeros_like(mean < x)"),
        cells_are_probabilities,
    ),
    # ----------------------------------------------------------------- averaged weights
    Mutation(
        "samples with the weights in training",
        f"{MODEL}._output",
        Edit("self.averaged is not None and not self.training", "False"),
        average_follows_and_is_used,
    ),
    Mutation(
        "training asks the average",
        f"{MODEL}._output",
        Edit("and not self.training", "and self.training"),
        average_follows_and_is_used,
    ),
    Mutation(
        "the average never follows",
        f"{MODEL}.optimizers",
        Edit("if self.averaged is not None:", "if False:"),
        average_follows_and_is_used,
    ),
    # -------------------------------------------------------------------------- recipes
    Mutation(
        "one rate for all stages",
        "lib.stages.train_in_stages",
        Edit('"lr": lr', '"lr": stages[0][1]'),
        recipes_follow_their_stages,
    ),
    Mutation(
        "the loss of the whole stage",
        "lib.stages.train_in_stages",
        Edit("v[-len(v) // more :]", "v"),
        recipes_follow_their_stages,
    ),
    Mutation(
        "a share of the rate",
        "lib.stages.shortened",
        Edit("max(1, round(share * epochs)), lr", "epochs, share * lr"),
        recipes_follow_their_stages,
    ),
]
