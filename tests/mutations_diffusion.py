"""The classic coefficient mistakes of diffusion code, and others, each caught by a quick check.

The checks write the formulas out in numpy or know the answer exactly: data of one point, or
N(0, 1), whose denoisers are a line.
"""

import math

import numpy as np
import torch
from torch import nn

from lib import diffusion, noise_schedule
from tests.mutation import Edit, Mutation

SCHEDULE, MODEL = "lib.noise_schedule.NoiseSchedule", "lib.diffusion.Diffusion"
BETA = [0.0, 0.1, 0.3, 0.5, 0.9]
BAR = [1.0, 0.9, 0.63, 0.315, 0.0315]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def schedule() -> noise_schedule.NoiseSchedule:
    return noise_schedule.NoiseSchedule(BETA[1:])


def answer(xt, t):
    """What the network below says without a condition: both numbers and the step count."""
    return xt / 3 + xt.flip(1) / 5 + 0.1 * t


class Line(nn.Module):
    """A network that is a line in all it is told."""

    def forward(self, xt, t, c=None):
        return answer(xt, t[:, None].to(xt.dtype)) + (0 if c is None else c)


def small(target: str = "eps", **options) -> diffusion.Diffusion:
    return diffusion.Diffusion(Line(), (2,), schedule(), target=target, **options)


def close(got, want, atol: float = 1e-9) -> None:
    pair = (v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in (got, want))
    np.testing.assert_allclose(*pair, atol=atol, rtol=1e-9)


def x0_of(target: str, xt, t: int, output):
    """The estimate of x_0 that an output means."""
    kept, lost = math.sqrt(BAR[t]), math.sqrt(1 - BAR[t])
    return {
        "eps": (xt - lost * output) / kept,
        "x0": output,
        "v": kept * xt - lost * output,
    }[target]


def posterior_of(x0, xt, t: int):
    """Mean and variance of q(x_(t-1) | x_t, x_0) by Bayes' rule for two Gaussians of x_(t-1)."""
    if t == 1:
        return x0, 0.0
    a = math.sqrt(1 - BETA[t])
    precision = 1 / (1 - BAR[t - 1]) + a**2 / BETA[t]
    mean = math.sqrt(BAR[t - 1]) * x0 / (1 - BAR[t - 1]) + a * xt / BETA[t]
    return mean / precision, 1 / precision


# ------------------------------------------------------------------------------- checks


def noise_is_added_as_written() -> None:
    s, x, eps = schedule(), some(5, 2), some(5, 2, seed=1)
    for t in range(1, 5):
        close(s.diffuse(x, t, eps), math.sqrt(BAR[t]) * x + math.sqrt(1 - BAR[t]) * eps)
        close(s.step(x, t, eps), math.sqrt(1 - BETA[t]) * x + math.sqrt(BETA[t]) * eps)
        close(s.velocity(x, t, eps), math.sqrt(BAR[t]) * eps - math.sqrt(1 - BAR[t]) * x)


def posterior_is_bayes_rule() -> None:
    s, x0, xt = schedule(), some(5, 2), some(5, 2, seed=1)
    for t in range(1, 5):
        mean, var = s.posterior(x0, xt, t)
        want_mean, want_var = posterior_of(x0, xt, t)
        close(mean, want_mean)
        close(var, want_var)


def estimates_invert_the_noise() -> None:
    for target in ("eps", "x0", "v"):
        model, xt = small(target), some(5, 2)
        for t in range(1, 5):
            x0, eps = model.denoise(xt, t)
            close(x0, x0_of(target, xt, t, answer(xt, t)))
            close(math.sqrt(BAR[t]) * x0 + math.sqrt(1 - BAR[t]) * eps, xt)
    x0, eps = small(clip=0.2).denoise(some(5, 2), 2)
    assert x0.abs().max() <= 0.2
    close(math.sqrt(BAR[2]) * x0 + math.sqrt(1 - BAR[2]) * eps, some(5, 2))


def loss_is_algorithm_1() -> None:
    for target in ("eps", "x0", "v"):
        x, generator = some(6, 2, seed=9), seeded(3)
        got = small(target).loss(x, generator=seeded(3))["loss"]
        t = torch.randint(1, 5, (6,), generator=generator)
        eps = torch.randn(6, 2, generator=generator, dtype=torch.float64)
        kept = torch.tensor(BAR, dtype=torch.float64)[t, None]
        xt = kept.sqrt() * x + (1 - kept).sqrt() * eps
        v = kept.sqrt() * eps - (1 - kept).sqrt() * x
        error = answer(xt, t[:, None].double()) - {"eps": eps, "x0": x, "v": v}[target]
        close(got, (error**2).sum(1).mean())
        c = some(6, 2, seed=4)
        got = small(target).loss(x, c, generator=seeded(3))["loss"]
        close(got, ((error + c) ** 2).sum(1).mean())


def reverse_steps_are_algorithm_2() -> None:
    for kind in ("posterior", "beta"):
        for target in ("eps", "v"):
            model, xt = small(target, clip=1.5), some(5, 2)
            for t in range(1, 5):
                got = model.reverse(xt, t, generator=seeded(t), variance=kind)
                x0 = x0_of(target, xt, t, answer(xt, t)).clamp(-1.5, 1.5)
                mean, var = posterior_of(x0, xt, t)
                var = BETA[t] if kind == "beta" else var
                z = some(5, 2, seed=t) if t > 1 else 0
                close(got, mean + math.sqrt(var) * z)


def sampler_walks_all_steps_down() -> None:
    model, generator = small("v"), seeded(2)
    x = torch.randn(3, 2, generator=generator)
    want = [x]
    for t in (4, 3, 2, 1):
        want.append(x := model.reverse(x, t, generator=generator))
    got = list(model.sample_steps(3, generator=seeded(2)))
    assert len(got) == 5
    for a, b in zip(got, want, strict=True):
        close(a, b)


def schedules_end_in_noise() -> None:
    for make in (noise_schedule.linear_schedule, noise_schedule.cosine_schedule):
        for steps in (30, 100, 1000):
            assert make(steps).alpha_bar[-1] < 1e-3


MUTATIONS = [
    # ------------------------------------------------------- the five classic mistakes
    Mutation(
        "no square root on alpha-bar in the noisy point",
        f"{SCHEDULE}.diffuse",
        Edit("kept.sqrt() * x0", "kept * x0"),
        noise_is_added_as_written,
    ),
    Mutation(
        "coefficients of the posterior swapped",
        f"{SCHEDULE}.posterior",
        Edit("beta * x0 + alpha.sqrt() * before * xt", "beta * xt + alpha.sqrt() * before * x0"),
        posterior_is_bayes_rule,
    ),
    Mutation(
        "noise at the last step",
        f"{MODEL}.reverse",
        Edit("if t == 1:", "if t == 1 and variance == 'posterior':"),
        reverse_steps_are_algorithm_2,
    ),
    Mutation(
        "alpha-bar of the step before",
        f"{SCHEDULE}.diffuse",
        Edit("self.at(self.alpha_bar, t, x0)", "self.at(self.alpha_bar, t - 1, x0)"),
        noise_is_added_as_written,
    ),
    Mutation(
        "1 - beta for its square root",
        f"{SCHEDULE}.step",
        Edit("alpha.sqrt() * x", "alpha * x"),
        noise_is_added_as_written,
    ),
    # ------------------------------------------------------------------- the objective
    Mutation(
        "steps drawn from 0",
        f"{MODEL}.loss",
        Edit("randint(1, self.schedule.steps + 1", "randint(0, self.schedule.steps"),
        loss_is_algorithm_1,
    ),
    Mutation(
        "one step for the whole batch",
        f"{MODEL}.loss",
        Edit("(len(x),), generator=generator)", "(1,), generator=generator).expand(len(x))"),
        loss_is_algorithm_1,
    ),
    Mutation(
        "mean over the places instead of their sum",
        f"{MODEL}.loss",
        Edit(".flatten(1).sum(1)", ".flatten(1).mean(1)"),
        loss_is_algorithm_1,
    ),
    Mutation(
        "the network does not see the condition in training",
        f"{MODEL}.loss",
        Edit("eps), t, c)", "eps), t, None)"),
        loss_is_algorithm_1,
    ),
    Mutation(
        "wrong sign of the velocity",
        f"{SCHEDULE}.velocity",
        Edit("* eps - ", "* eps + "),
        loss_is_algorithm_1,
    ),
    Mutation(
        "wrong sign when a velocity is read",
        f"{SCHEDULE}.data_from_velocity",
        Edit("* xt - ", "* xt + "),
        estimates_invert_the_noise,
    ),
    Mutation(
        "every target is the noise",
        f"{MODEL}.goal",
        Edit('return eps if self.target == "eps" else x0', "return eps"),
        loss_is_algorithm_1,
    ),
    Mutation(
        "x_0 from the noise without the last division",
        f"{SCHEDULE}.data_from_noise",
        Edit(" / kept.sqrt()", ""),
        estimates_invert_the_noise,
    ),
    Mutation(
        "noise is not estimated anew after clipping",
        f"{MODEL}.denoise",
        Edit(
            "return x0, self.schedule.noise_from_data(xt, t, x0)",
            "return x0, output if self.target == 'eps' else "
            "self.schedule.noise_from_data(xt, t, x0)",
        ),
        estimates_invert_the_noise,
    ),
    # ------------------------------------------------------------------- reverse steps
    Mutation(
        "variance where its root belongs",
        f"{MODEL}.reverse",
        Edit("self.variance(t, xt, variance).sqrt() * z", "self.variance(t, xt, variance) * z"),
        reverse_steps_are_algorithm_2,
    ),
    Mutation(
        "square root of beta at the noise of algorithm 2",
        f"{MODEL}.reverse",
        Edit("xt - beta / lost.sqrt() * eps", "xt - beta.sqrt() * eps"),
        reverse_steps_are_algorithm_2,
    ),
    Mutation(
        "alpha instead of its root in algorithm 2",
        f"{MODEL}.reverse",
        Edit(") / alpha.sqrt()", ") / alpha"),
        reverse_steps_are_algorithm_2,
    ),
    Mutation(
        "the two variances swapped",
        f"{MODEL}.variance",
        Edit('if kind == "beta":', 'if kind != "beta":'),
        reverse_steps_are_algorithm_2,
    ),
    Mutation(
        "posterior's variance with the later alpha-bar",
        f"{SCHEDULE}.posterior",
        Edit("before / now * beta", "now / before.clamp(min=1e-9) * beta"),
        posterior_is_bayes_rule,
    ),
    Mutation(
        "the sampler stops a step early",
        f"{MODEL}.sample_steps",
        Edit("range(self.schedule.steps, 0, -1)", "range(self.schedule.steps, 1, -1)"),
        sampler_walks_all_steps_down,
    ),
    Mutation(
        "the sampler walks upwards",
        f"{MODEL}.sample_steps",
        Edit("range(self.schedule.steps, 0, -1)", "range(1, self.schedule.steps + 1)"),
        sampler_walks_all_steps_down,
    ),
    # ------------------------------------------------------------------------ schedules
    Mutation(
        "betas of 1,000 steps, whatever T",
        "lib.noise_schedule.linear_schedule",
        Edit("torch.linspace(0.1 / steps, 20 / steps,", "torch.linspace(1e-4, 0.02,"),
        schedules_end_in_noise,
    ),
]
