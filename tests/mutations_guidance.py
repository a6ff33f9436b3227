"""Mistakes of conditional models, each caught by a quick check: formulas by hand, tiny tables."""

import math

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lib import conditional_vae, families, guidance, likelihoods, translation
from lib.noise_schedule import cosine_schedule
from tests.mutation import Edit, Mutation

GUIDED = "lib.guidance.GuidedDiffusion"
VAE = "lib.conditional_vae"
MODEL = "lib.translation.Translation"
FAMILY = "lib.families.Family"
KINDS = torch.eye(3, dtype=torch.float64)
SCHEDULE = cosine_schedule(6)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def close(got, want, atol: float = 1e-9) -> None:
    pair = (v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in (got, want))
    np.testing.assert_allclose(*pair, atol=atol, rtol=1e-7)


def apart(got, want) -> None:
    assert not torch.allclose(got, want), "these should differ"


def made(build, *args, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(*args, **options).double()


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


# --------------------------------------------------------------------------- picture to picture


def patches_are_as_large_as_gradients_say() -> None:
    assert translation.receptive_field([(4, 2)] * 3 + [(4, 1)] * 2) == 70  # pix2pix
    for channels in ((2,), (2, 2)):
        d = made(translation.PatchDiscriminator, (32, 32), (32, 32), channels=channels)
        x, c = some(1, 32, 32).requires_grad_(), some(1, 32, 32, seed=1).requires_grad_()
        scores = d(x, c)
        middle = scores.shape[-1] // 2
        found = torch.autograd.grad(scores[0, 0, middle, middle], (x, c), materialize_grads=True)
        field = translation.receptive_field(translation.layers_of(d))
        for gradient in found:
            assert int(gradient[0].any(0).sum()) == field
        apart(scores, d(x + 1, c))
        apart(scores, d(x, c + 1))


def skips_carry_what_the_coarsest_map_forgets() -> None:
    c, z = some(2, 8, 8), some(1, 3).expand(2, 3)
    for skips in (True, False):
        options = {"channels": (2, 4, 4), "k": 3, "skips": skips}
        g = made(translation.UNetGenerator, (8, 8), (8, 8), **options).eval()
        apart(g(z, c), g(z + 1, c))
        with torch.no_grad():
            for p in (
                *g.down[-1].parameters(),
                *getattr(getattr(g, "direct", None), "parameters", tuple)(),
            ):
                p.zero_()
        a, b = g(z, c)
        assert torch.allclose(a, b) != skips


class Line(nn.Module):
    """A line in all it is told."""

    def __init__(self, inputs: int, outputs: int, seed: int):
        super().__init__()
        self.a = nn.Parameter(some(inputs, outputs, seed=seed))
        self.b = nn.Parameter(some(3, outputs, seed=seed + 1))

    def forward(self, v, c):
        return v @ self.a + c @ self.b


def game(judged: bool = True, **options) -> translation.Translation:
    d = Line(2, 1, 5) if judged else None
    return translation.Translation(Line(4, 2, 1), d, 4, **({"l1": 0.7} | options))


def both_players_hear_the_question() -> None:
    x, c, model = some(5, 2), some(5, 3, seed=1), game(penalty="r1", weight=2.0, smooth=0.9)
    fake = some(5, 4, seed=8) @ model.g.a + c @ model.g.b
    real, made_up = (v @ model.d.a + c @ model.d.b for v in (x, fake))
    ones, zeros = torch.ones(5, 1).double(), torch.zeros(5, 1).double()
    far = sum((x - fake)[:, i].abs() for i in range(2)).mean()
    rough = model.d.a.square().sum() / 2
    got = model.loss_for("d_loss", x, c, generator=seeded(8))
    close(got["d_loss"], bce(real, 0.9 * ones) + bce(made_up, zeros) + 2 * rough)
    close(got["penalty"], rough)
    (pushed,) = torch.autograd.grad(got["d_loss"], model.d.a)
    hard = bce(real, 0.9 * ones) + bce(made_up.detach(), zeros)
    (plain,) = torch.autograd.grad(hard, model.d.a, retain_graph=True)
    # the scores of samples pull as well: compare with the gradient of the whole formula
    fixed = fake.detach() @ model.d.a + c @ model.d.b
    (pulled,) = torch.autograd.grad(bce(fixed, zeros), model.d.a)
    close(pushed, plain + pulled + 2 * model.d.a)
    got = model.loss_for("g_loss", x, c, generator=seeded(8))
    close(got["g_loss"], bce(made_up, ones) + 0.7 * far)
    close(got["l1"], far)
    assert set(model.loss(x, c, generator=seeded())) == {"d_loss", "penalty", "g_loss", "l1"}


def each_player_has_its_optimizer() -> None:
    for judged in (True, False):
        model = game(judged)
        owners = {
            name: [id(p) for group in o.param_groups for p in group["params"]]
            for name, o in model.optimizers(0.1).items()
        }
        want = {"d_loss": model.d, "g_loss": model.g} if judged else {"g_loss": model.g}
        assert owners == {k: [id(p) for p in net.parameters()] for k, net in want.items()}
    x, c, model = some(5, 2), some(5, 3, seed=1), game(judged=False)
    terms = model.loss(x, c, generator=seeded(8))
    fake = some(5, 4, seed=8) @ model.g.a + c @ model.g.b
    close(terms["g_loss"], 0.7 * (x - fake).abs().sum(1).mean())


# ------------------------------------------------------------------------------- the recipes


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
    family = families.Family(lambda c_dim: Line(1, 1, 0), "unit", ((3, 0.1), (1, 0.01)))
    families.fit = watch
    try:
        _, history = family.train(np.zeros((2, 8, 8)), generator=seeded(), seconds=8.0)
    finally:
        families.fit = true
    assert watch.asked == [(6.0, 0.1, None), (2.0, 0.01, None)]
    assert history == {"loss": [0.1, 0.01]}


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
    # -------------------------------------------------------------------- picture to picture
    Mutation(
        "receptive field with strides shifted by one layer",
        "lib.translation.receptive_field",
        Edit(
            "field + (kernel - 1) * step, step * stride",
            "field + (kernel - 1) * step * stride, step * stride",
        ),
        patches_are_as_large_as_gradients_say,
    ),
    Mutation(
        "receptive field counts kernels and not what they add",
        "lib.translation.receptive_field",
        Edit("field + (kernel - 1)", "field + kernel"),
        patches_are_as_large_as_gradients_say,
    ),
    Mutation(
        "receptive field from the last layer to the first",
        "lib.translation.receptive_field",
        Edit("in layers:", "in layers[::-1]:"),
        patches_are_as_large_as_gradients_say,
    ),
    Mutation(
        "the patch judge sees answers only",
        "lib.translation.PatchDiscriminator.forward",
        Edit("(c.reshape(", "(0 * c.reshape("),
        patches_are_as_large_as_gradients_say,
    ),
    Mutation(
        "skips added up without the finer maps",
        "lib.translation.UNetGenerator.forward",
        Edit("torch.cat([h, finer], dim=1)", "torch.cat([h, h], dim=1)"),
        skips_carry_what_the_coarsest_map_forgets,
    ),
    Mutation(
        "z never joins",
        "lib.translation.UNetGenerator.forward",
        Edit("maps.pop() + self.noise(z)", "maps.pop()"),
        skips_carry_what_the_coarsest_map_forgets,
    ),
    Mutation(
        "D not told of the question in its own step",
        f"{MODEL}._judge",
        Edit("self.d(x, c), self.d(fake, c)", "self.d(x, 0 * c), self.d(fake, 0 * c)"),
        both_players_hear_the_question,
    ),
    Mutation(
        "D not told of the question in the step of G",
        f"{MODEL}.loss_for",
        Edit("self.d(fake, c)", "self.d(fake, 0 * c)"),
        both_players_hear_the_question,
    ),
    Mutation(
        "real and made pairs swapped",
        f"{MODEL}._judge",
        Edit("self.d(x, c), self.d(fake, c)", "self.d(fake, c), self.d(x, c)"),
        both_players_hear_the_question,
    ),
    Mutation(
        "L1 between answers of different questions",
        f"{MODEL}.loss_for",
        Edit("(x - fake)", "(x - fake.roll(1, 0))"),
        both_players_hear_the_question,
    ),
    Mutation(
        "L1 as a mean over pixels",
        f"{MODEL}.loss_for",
        Edit(".flatten(1).sum(1).mean()", ".mean()"),
        both_players_hear_the_question,
    ),
    Mutation(
        "squares instead of L1",
        f"{MODEL}.loss_for",
        Edit("(x - fake).abs()", "(x - fake).square()"),
        both_players_hear_the_question,
    ),
    Mutation(
        "the L1 term is shown but not weighed in",
        f"{MODEL}.loss_for",
        Edit("game + self.l1 * far", "game + self.l1 * far.detach() * 0"),
        both_players_hear_the_question,
    ),
    Mutation(
        "penalty shown but not minimised",
        f"{MODEL}._judge",
        Edit("self.weight * rough", "self.weight * rough.detach()"),
        both_players_hear_the_question,
    ),
    Mutation(
        "a model without D asks for two optimisers",
        f"{MODEL}.optimizers",
        Edit("self.d is not None", "self.d is None"),
        lambda: built(each_player_has_its_optimizer),
    ),
    # ----------------------------------------------------------------------------- recipes
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


def built(check) -> None:
    """A check that a mistake may also stop with another error, which counts as noticed."""
    try:
        check()
    except (TypeError, ValueError, AttributeError) as error:
        raise AssertionError(str(error)) from error
