"""Mistakes of GAN code, each caught by a quick check: formulas by hand, draws repeated."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lib import gan, gan_losses, train
from tests.mutation import Edit, Mutation

MODEL = "lib.gan.GAN"
DOUBLE = torch.float64


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=DOUBLE)


def close(got, want, atol: float = 1e-9) -> None:
    pair = (v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in (got, want))
    np.testing.assert_allclose(*pair, atol=atol, rtol=1e-7)


class Map(nn.Module):
    """A network that is a line in all it is told."""

    def __init__(self, inputs: int, outputs: int, seed: int):
        super().__init__()
        self.weight = nn.Parameter(some(inputs, outputs, seed=seed))

    def forward(self, v, c=None):
        return v @ self.weight + (0 if c is None else c.sum(1, keepdim=True))


def small(**options) -> gan.GAN:
    return gan.GAN(Map(3, 2, 1), Map(2, 1, 2), 3, **options)


# ------------------------------------------------------------------------------- checks


def scores_are_judged_as_labels() -> None:
    real, fake = some(6, 1), some(4, 1, seed=1)
    ones, zeros = torch.ones_like(fake), torch.zeros_like(fake)
    for smooth in (1.0, 0.9):
        want = bce(real, torch.full_like(real, smooth)) + bce(fake, zeros)
        close(gan_losses.cross_entropy(real, fake, smooth), want)
    close(gan_losses.saturating(fake), -bce(fake, zeros))
    close(gan_losses.non_saturating(fake), bce(fake, ones))


def other_losses_are_their_formulas() -> None:
    real, fake = 2 * some(6, 1), 2 * some(4, 1, seed=1)
    r, f = real.numpy(), fake.numpy()
    close(gan_losses.squares(real, fake), ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2)
    close(gan_losses.squares_lift(fake), ((f - 1) ** 2).mean() / 2)
    close(gan_losses.critic(real, fake), f.mean() - r.mean())
    close(gan_losses.lift(fake), -f.mean())
    want = np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean()
    close(gan_losses.hinge(real, fake), want)


def losses_ask_both_networks_as_written() -> None:
    x, c = some(5, 2), some(5, 2, seed=4)
    for condition in (None, c):
        model, shift = small(), 0 if condition is None else c.sum(1, keepdim=True)
        got = model.loss(x, condition, generator=seeded(3))
        fake = some(5, 3, seed=3) @ model.g.weight + shift
        real, scores = x @ model.d.weight + shift, fake @ model.d.weight + shift
        close(got["d_loss"], bce(real, torch.ones(5, 1)) + bce(scores, torch.zeros(5, 1)))
        close(got["g_loss"], bce(scores, torch.ones(5, 1)))
        lean = model.loss_for("g_loss", x, condition, generator=seeded(3))
        assert list(lean) == ["g_loss"]
        close(lean["g_loss"], got["g_loss"])
        full = model.loss_for("d_loss", x, condition, generator=seeded(3))
        assert list(full) == list(got)
        close(full["d_loss"], got["d_loss"])


def penalties_and_labels_are_used() -> None:
    x = some(5, 2)
    plain, model = small(), small(penalty="r1", weight=3.0)
    terms = model.loss(x, generator=seeded(3))
    length = model.d.weight.square().sum() / 2
    close(terms["penalty"], length)
    close(terms["d_loss"], plain.loss(x, generator=seeded(3))["d_loss"] + 3 * length)
    steep = small(penalty="gradient").loss(x, generator=seeded(3))["penalty"]
    close(steep, (model.d.weight.norm() - 1) ** 2)
    (taught,) = torch.autograd.grad(terms["d_loss"] - small().loss(x)["d_loss"], model.d.weight)
    (bare,) = torch.autograd.grad(plain.loss(x, generator=seeded(3))["d_loss"], plain.d.weight)
    close(taught - bare, 3 * model.d.weight)
    smooth = small(smooth=0.9).loss(x, generator=seeded(3))["d_loss"]
    real = x @ plain.d.weight
    hard = plain.loss(x, generator=seeded(3))["d_loss"] - bce(real, torch.ones(5, 1))
    close(smooth - hard, bce(real, torch.full((5, 1), 0.9, dtype=DOUBLE)))


def each_loss_teaches_its_player() -> None:
    x, model = some(5, 2), small(penalty="gradient")
    for name, net in (("d_loss", model.d), ("g_loss", model.g)):
        loss = model.loss_for(name, x, generator=seeded(3))[name]
        (gradient,) = torch.autograd.grad(loss, net.weight, allow_unused=True)
        assert gradient is not None
        assert gradient.abs().sum() > 0


def training_takes_turns() -> None:
    """Who moves, in which order; and the average, which follows G alone."""
    for d_steps, want in ((1, "dg" * 6), (3, "dddg" * 2)):
        assert turns(small(d_steps=d_steps, average=0.5)) == want


def turns(model: gan.GAN) -> str:
    moves, past, optimizers = [], [], model.optimizers(0.1)
    for name, optimizer in optimizers.items():
        optimizer.register_step_post_hook(lambda *_, name=name: moves.append(name[0]))
    optimizers["g_loss"].register_step_post_hook(
        lambda *_: past.append(model.g.weight.detach().clone())
    )
    model.optimizers = lambda lr: optimizers
    options = {"epochs": 1, "batch_size": 1, "lr": 0.1, "progress": False}
    history = train.fit(model, some(6, 2), generator=seeded(), **options)
    assert [len(v) for v in history.values()] == [6, 6]
    assert past, "G never moved"
    average = past[0]
    for weight in past[1:]:
        average = (average + weight) / 2
    close(model.averaged.module.weight, average)
    close(model.generate(torch.eye(3, dtype=DOUBLE)), average)
    return "".join(moves)


def optimizers_hold_their_own_player() -> None:
    model = small(d_rate=3.0, betas=(0.3, 0.8), clip=0.01)
    optimizers = model.optimizers(0.1)
    assert list(optimizers) == ["d_loss", "g_loss"]
    for name, net, lr in (("d_loss", model.d, 0.3), ("g_loss", model.g, 0.1)):
        (group,) = optimizers[name].param_groups
        assert [id(p) for p in group["params"]] == [id(net.weight)]
        assert abs(group["lr"] - lr) < 1e-12
        assert group["betas"] == (0.3, 0.8)
    model.d.weight.data = torch.tensor([[5.0], [-5.0]], dtype=DOUBLE)
    model.loss(some(5, 2))["d_loss"].backward()
    optimizers["d_loss"].step()
    close(model.d.weight, [[0.01], [-0.01]])
    close(model.g.weight, some(3, 2, seed=1))


def samples_repeat_and_stop_gradients() -> None:
    model, z = small(), some(5, 3, seed=3)
    sample = model.sample(5, generator=seeded(3))
    close(sample, z @ model.g.weight)
    assert not sample.requires_grad
    made = model.generate(z.requires_grad_()).sum()
    (gradient,) = torch.autograd.grad(made, z, allow_unused=True)
    assert gradient is not None, "no code can be searched by descent"
    close(gradient, model.g.weight.sum(1).expand(5, 3))


MUTATIONS = [
    # --------------------------------------------------------------------- the losses
    Mutation(
        "the generator maximises what it should minimise (slip 3)",
        "lib.gan_losses.saturating",
        Edit("-softplus(fake)", "softplus(fake)"),
        scores_are_judged_as_labels,
    ),
    Mutation(
        "labels of the generator's loss swapped",
        "lib.gan_losses.non_saturating",
        Edit("softplus(-fake)", "softplus(fake)"),
        scores_are_judged_as_labels,
    ),
    Mutation(
        "labels of real and fake swapped",
        "lib.gan_losses.cross_entropy",
        Edit("on_real.mean() + softplus(fake)", "on_real.mean() + softplus(-fake)"),
        scores_are_judged_as_labels,
    ),
    Mutation(
        "smoothing on the side of the samples too",
        "lib.gan_losses.cross_entropy",
        Edit(
            "softplus(fake).mean()",
            "(smooth * softplus(fake) + (1 - smooth) * softplus(-fake)).mean()",
        ),
        scores_are_judged_as_labels,
    ),
    Mutation(
        "real data cost only their share of the label",
        "lib.gan_losses.cross_entropy",
        Edit(" + (1 - smooth) * softplus(real)", ""),
        scores_are_judged_as_labels,
    ),
    Mutation(
        "a critic that scores samples above data",
        "lib.gan_losses.critic",
        Edit("fake.mean() - real.mean()", "real.mean() - fake.mean()"),
        other_losses_are_their_formulas,
    ),
    Mutation(
        "a generator that lowers its scores",
        "lib.gan_losses.lift",
        Edit("-fake.mean()", "fake.mean()"),
        other_losses_are_their_formulas,
    ),
    Mutation(
        "one half on one term of least squares only",
        "lib.gan_losses.squares",
        Edit(
            "0.5 * ((real - 1).square().mean() + fake.square().mean())",
            "0.5 * (real - 1).square().mean() + fake.square().mean()",
        ),
        other_losses_are_their_formulas,
    ),
    Mutation(
        "least squares towards 0 for the generator",
        "lib.gan_losses.squares_lift",
        Edit("(fake - 1)", "fake"),
        other_losses_are_their_formulas,
    ),
    Mutation(
        "hinge with one sign for both",
        "lib.gan_losses.hinge",
        Edit("relu(1 + fake)", "relu(1 - fake)"),
        other_losses_are_their_formulas,
    ),
    # -------------------------------------------------------------------------- the model
    Mutation(
        "D does not see the condition of samples",
        f"{MODEL}.loss",
        Edit("_ask(self.d, fake, c)", "_ask(self.d, fake, None)"),
        losses_ask_both_networks_as_written,
    ),
    Mutation(
        "G does not see the condition",
        f"{MODEL}._forge",
        Edit("self.noise(len(x), generator), c)", "self.noise(len(x), generator), None)"),
        losses_ask_both_networks_as_written,
    ),
    Mutation(
        "real and fake scores swapped",
        f"{MODEL}.loss",
        Edit("(_ask(self.d, x, c), scores,", "(scores, _ask(self.d, x, c),"),
        losses_ask_both_networks_as_written,
    ),
    Mutation(
        "samples cut off from G in its own step",
        f"{MODEL}._forge",
        Edit("return fake", "return fake.detach()"),
        each_loss_teaches_its_player,
    ),
    Mutation(
        "a step of D that is only told about G",
        f"{MODEL}.loss_for",
        Edit('if name != "g_loss":', 'if name == "other":'),
        losses_ask_both_networks_as_written,
    ),
    Mutation(
        "label smoothing forgotten",
        f"{MODEL}.loss",
        Edit(", **self.options", ""),
        penalties_and_labels_are_used,
    ),
    Mutation(
        "penalty without its weight",
        f"{MODEL}.loss",
        Edit("self.weight * rough", "rough"),
        penalties_and_labels_are_used,
    ),
    Mutation(
        "penalty shown but not minimised",
        f"{MODEL}.loss",
        Edit("self.weight * rough", "self.weight * rough.detach()"),
        penalties_and_labels_are_used,
    ),
    Mutation(
        "latents from a uniform distribution",
        f"{MODEL}.noise",
        Edit("torch.randn(", "torch.rand("),
        samples_repeat_and_stop_gradients,
    ),
    Mutation(
        "samples that ignore the seed",
        f"{MODEL}.sample",
        Edit("self.noise(n, generator)", "self.noise(n)"),
        samples_repeat_and_stop_gradients,
    ),
    Mutation(
        "codes cannot be searched by descent",
        f"{MODEL}.generate",
        Edit("self.g, z, c)", "self.g, z.detach(), c)"),
        samples_repeat_and_stop_gradients,
    ),
    # -------------------------------------------------------------------------- the turns
    Mutation(
        "G moves first of all",
        f"{MODEL}.optimizers",
        Edit('{"d_loss": d,', '{"g_loss": 0, "d_loss": d,'),
        training_takes_turns,
    ),
    Mutation(
        "D waits instead of G",
        f"{MODEL}.due",
        Edit('name == "d_loss"', 'name == "g_loss"'),
        training_takes_turns,
    ),
    Mutation(
        "G one step too early",
        f"{MODEL}.due",
        Edit("(step + 1)", "step"),
        training_takes_turns,
    ),
    Mutation(
        "the average follows D's steps, too",
        f"{MODEL}.optimizers",
        Edit(
            "return {",
            "d.register_step_post_hook(lambda *_: self.averaged.update_parameters(self.g))\n"
            "    return {",
        ),
        training_takes_turns,
    ),
    Mutation(
        "averaged weights never used",
        f"{MODEL}.generate",
        Edit("and not self.training", "and self.training"),
        training_takes_turns,
    ),
    Mutation(
        "G's optimiser moves D",
        f"{MODEL}._g_optimizer",
        Edit("g = Adam(self.g.parameters()", "g = Adam(self.d.parameters()"),
        optimizers_hold_their_own_player,
    ),
    Mutation(
        "rates of the players swapped",
        f"{MODEL}.optimizers",
        Edit("lr=self.d_rate * lr", "lr=lr / self.d_rate"),
        optimizers_hold_their_own_player,
    ),
    Mutation(
        "clipping from one side",
        f"{MODEL}._clip_weights",
        Edit("p.clamp_(-self.clip, self.clip)", "p.clamp_(max=self.clip)"),
        optimizers_hold_their_own_player,
    ),
    Mutation(
        "G is clipped with D",
        f"{MODEL}._clip_weights",
        Edit("self.d.parameters()", "self.parameters()"),
        optimizers_hold_their_own_player,
    ),
    Mutation(
        "the loop asks for the wrong player's terms",
        "lib.train._step",
        Edit("model.due(name, step)", "not model.due(name, step) or name == 'd_loss'"),
        training_takes_turns,
    ),
]
