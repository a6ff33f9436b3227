"""Mistakes of guidance and conditional VAEs, each caught by a check: formulas by hand."""

import math

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from lib import conditional_vae, guidance, likelihoods
from lib.noise_schedule import cosine_schedule
from tests.mutation import Edit, Mutation
from tests.mutation_tools import apart, built, close, made, seeded, some

GUIDED = "lib.guidance.GuidedDiffusion"
VAE = "lib.conditional_vae"
KINDS = torch.eye(3, dtype=torch.float64)
SCHEDULE = cosine_schedule(6)


# ---------------------------------------------------------------------------- the guided model


class Sum(nn.Module):
    """Answers x_t + 1 + the condition's numbers, and keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.weight, self.heard = nn.Parameter(some(3, 2)), []
        self.one = nn.Parameter(torch.ones(2, dtype=torch.float64))

    def forward(self, xt, t, c):
        self.heard.append(c)
        return xt + self.one + c @ self.weight


def guided(**options) -> guidance.GuidedDiffusion:
    options = {"c_dim": 3, "target": "x0"} | options
    return guidance.GuidedDiffusion(Sum(), (2,), SCHEDULE, **options)


def answers_are_told_plus_what_the_condition_adds() -> None:
    x, c = some(3, 2), KINDS
    for w in (-1.0, 0.0, 0.5, 3.0):
        model = guided(weight=w)
        told, untold = x + 1 + model.network.weight, x + 1
        close(model.denoise(x, 3, c)[0], (1 + w) * told - w * untold)
        close(model.denoise(x, 3)[0], untold)
    model = guided(average=0.5, weight=1.0)
    with torch.no_grad():
        for p in model.averaged.module.parameters():
            p.mul_(3)
    close(model.eval().denoise(x, 3, c)[0], x + 3 + 6 * model.network.weight)


def each_example_may_miss_its_condition() -> None:
    c = some(400, 3).abs() + 1
    for drop in (0.0, 0.2, 1.0):
        model = guided(drop=drop)
        model.loss(some(400, 2), c, generator=seeded(4))
        (heard,) = model.network.heard
        silent = (heard == 0).all(1)
        close(heard[~silent], c[~silent])
        assert abs(silent.double().mean() - drop) < 5 * math.sqrt(drop * (1 - drop) / 400) + 1e-9
    for c in (torch.zeros(3, 2), torch.zeros(2, 3)):
        refused = ""
        try:
            guided().loss(some(3, 2), c, generator=seeded())
        except (ValueError, RuntimeError) as error:
            refused = str(error)
        assert refused.startswith("conditions are (3, 3), got")


# ------------------------------------------------------------------------------ the VAE told c


def told_vae(prior: str) -> conditional_vae.ConditionalVAE:
    return made(
        conditional_vae.mlp_conditional_vae, (2,), 2, likelihoods.FixedGaussian(0.5), c_dim=3,
        hidden=(4,), prior=prior,
    )  # fmt: skip


def the_rate_is_measured_from_the_prior_of_the_condition() -> None:
    x, c = some(3, 2), KINDS
    for prior in ("fixed", "learned", "alone"):
        model = told_vae(prior)
        mean, log_var = model.encoder(x, c).chunk(2, 1)
        p = Normal(0.0, 1.0)
        if prior != "fixed":
            out = model.prior_net(c)
            p = Normal(out[:, :2], torch.exp(0.5 * out[:, 2:]))
        want = kl_divergence(Normal(mean, torch.exp(0.5 * log_var)), p)
        close(model.rates(x, c), want)
        distortion, rate = model.terms(x, c, generator=seeded(3))
        close(rate, want.sum(1))
        z = mean + torch.exp(0.5 * log_var) * some(3, 2, seed=3)
        given = () if prior == "alone" else (c,)
        decoder = model.decoder.decoder if prior == "alone" else model.decoder
        close(distortion, -Normal(decoder(z, *given)[:, 0], 0.5).log_prob(x).sum(1))
        close(model.loss(x, c, generator=seeded(3))["loss"], (distortion + rate).mean())


def samples_begin_at_the_prior_of_the_condition() -> None:
    for prior in ("fixed", "learned", "alone"):
        model, z = told_vae(prior), some(3, 2, seed=3)
        if prior != "fixed":
            out = model.prior_net(KINDS)
            z = out[:, :2] + torch.exp(0.5 * out[:, 2:]) * z
        close(model.sample(3, KINDS, mean=True, generator=seeded(3)), model.decode(z, KINDS))
        with_c = model.decoder(some(3, 2), KINDS)
        other = model.decoder(some(3, 2), KINDS.roll(1, 0))
        assert torch.equal(with_c, other) == (prior == "alone")
        apart(model.encoder(some(3, 2), KINDS), model.encoder(some(3, 2), KINDS.roll(1, 0)))


MUTATIONS = [
    # --------------------------------------------------------------------- the guided model
    Mutation(
        "the dial turns the wrong way",
        f"{GUIDED}._output",
        Edit("told + self.weight", "told - self.weight"),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "told and untold swapped in the difference",
        f"{GUIDED}._output",
        Edit(
            "(told - super()._output(xt, t, nothing))", "(super()._output(xt, t, nothing) - told)"
        ),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "w counted as in other papers: 1 for no guidance",
        f"{GUIDED}._output",
        Edit("return told + self.weight *", "return told + (self.weight - 1) *"),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "guidance added to the unconditional answer",
        f"{GUIDED}._output",
        Edit("return told + self", "return super()._output(xt, t, nothing) + self"),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "the untold pass is told",
        f"{GUIDED}._output",
        Edit("self._said(len(xt), None, xt)", "self._said(len(xt), c, xt)"),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "w below zero taken for no guidance",
        f"{GUIDED}._output",
        Edit("self.weight == 0", "self.weight <= 0"),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "the untold pass uses the weights in training",
        f"{GUIDED}._output",
        Edit("told - super()._output(xt, t, nothing)", "told - self.network(xt, t, nothing)"),
        answers_are_told_plus_what_the_condition_adds,
    ),
    Mutation(
        "conditions kept instead of dropped",
        f"{GUIDED}.loss",
        Edit(">= self.drop", "< self.drop"),
        each_example_may_miss_its_condition,
    ),
    Mutation(
        "one draw drops the whole batch",
        f"{GUIDED}.loss",
        Edit("torch.rand(len(x), 1,", "torch.rand(1, 1,"),
        each_example_may_miss_its_condition,
    ),
    Mutation(
        "numbers of a condition dropped one by one",
        f"{GUIDED}.loss",
        Edit("torch.rand(len(x), 1,", "torch.rand(len(x), self.c_dim,"),
        each_example_may_miss_its_condition,
    ),
    Mutation(
        "the condition never dropped",
        f"{GUIDED}.loss",
        Edit("c * heard", "c"),
        each_example_may_miss_its_condition,
    ),
    Mutation(
        "conditions that are spread over the batch",
        f"{GUIDED}._said",
        Edit("c.shape != (n, self.c_dim)", "c.shape[-1] != self.c_dim"),
        each_example_may_miss_its_condition,
    ),
    # ---------------------------------------------------------------------- the VAE told c
    Mutation(
        "KL against N(0, I) though the prior is learned",
        f"{VAE}.ConditionalVAE.prior",
        Edit("self.prior_net is None", "self.prior_net is not self"),
        the_rate_is_measured_from_the_prior_of_the_condition,
    ),
    Mutation(
        "samples from N(0, I) though the prior is learned",
        "lib.vae.VAE.sample",
        Edit("*self.prior(n, c)", "*VAE.prior(self, n, c)"),
        samples_begin_at_the_prior_of_the_condition,
    ),
    Mutation(
        "mean and log-variance of the prior swapped",
        f"{VAE}.ConditionalVAE.prior",
        Edit("return mean, log_var", "return log_var, mean"),
        the_rate_is_measured_from_the_prior_of_the_condition,
    ),
    Mutation(
        "the prior's second output read as a standard deviation",
        f"{VAE}.ConditionalVAE.prior",
        Edit("return mean, log_var", "return mean, 2 * log_var"),
        samples_begin_at_the_prior_of_the_condition,
    ),
    Mutation(
        "a decoder alone that is told all the same",
        f"{VAE}.mlp_conditional_vae",
        Edit('told = 0 if prior == "alone" else c_dim', "told, Untold = c_dim, nn.Sequential"),
        lambda: built(samples_begin_at_the_prior_of_the_condition),
    ),
    Mutation(
        "the decoder not told in any kind",
        f"{VAE}.mlp_conditional_vae",
        Edit(
            'decoder = Untold(decoder) if prior == "alone" else decoder',
            "decoder = Untold(MLPDecoder(k, hidden[::-1], shape, likelihood.outputs))",
        ),
        lambda: built(samples_begin_at_the_prior_of_the_condition),
    ),
]
