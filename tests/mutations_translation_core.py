"""Mistakes of picture to picture, each caught by a quick check: gradients, lines by hand."""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lib import translation
from tests.mutation import Edit, Mutation
from tests.mutation_tools import apart, built, close, made, seeded, some

MODEL = "lib.translation.Translation"


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


MUTATIONS = [
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
]
