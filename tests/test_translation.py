"""Pictures that answer pictures: the networks, the two losses, and what each of them asks for."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lib.gan_losses import GAMES
from lib.train import fit
from lib.translation import (
    PatchDiscriminator,
    Translation,
    UNetGenerator,
    layers_of,
    receptive_field,
)
from tests.family_models import seeded


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def made(build, *args, seed: int = 0, **options) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(*args, **options).double()


def slope(value: torch.Tensor, *inputs: torch.Tensor) -> list[torch.Tensor]:
    """Absolute gradients with respect to each input; zeros where there is none."""
    found = torch.autograd.grad(value, inputs, retain_graph=True, materialize_grads=True)
    return [g.abs() for g in found]


def sides(touched: torch.Tensor) -> list[tuple[int, int]]:
    """First and last row, first and last column of what is not zero in a picture (h, w)."""
    return [
        (int(where.min()), int(where.max()))
        for where in (touched.sum(1 - axis).nonzero() for axis in (0, 1))
    ]


# ------------------------------------------------------------------------- the patch judge


def test_receptive_fields_of_the_papers_discriminators():
    """Isola et al., 2017: patches of 1, 16, 70 and 286 pixels, with one to five halvings."""
    assert receptive_field([]) == receptive_field([(1, 1)] * 3) == 1
    for halvings, field in ((1, 16), (3, 70), (5, 286)):
        assert receptive_field([(4, 2)] * halvings + [(4, 1)] * 2) == field
    assert receptive_field([(3, 1)] * 4) == 9
    assert receptive_field([(2, 2), (2, 2)]) == 4
    assert receptive_field([(4, 1), (4, 2)]) != receptive_field([(4, 2), (4, 1)])


@pytest.mark.parametrize(("channels", "field"), [((4,), 10), ((4, 6), 22), ((4, 6, 6), 46)])
def test_a_score_depends_on_its_patch_and_on_all_of_it(channels, field):
    """By gradients: its patch of question and answer is as large as computed, and moves by 2^L."""
    d = made(PatchDiscriminator, (2, 128, 128), (128, 128), channels=channels)
    layers = layers_of(d)
    assert layers == [(4, 2)] * len(channels) + [(4, 1)]
    assert receptive_field(layers) == field
    x, c = some(1, 128, 128).requires_grad_(), some(1, 2, 128, 128, seed=1).requires_grad_()
    scores, step = d(x, c), 2 ** len(channels)
    middle = scores.shape[-1] // 2
    patches = []
    for row, column in ((middle, middle), (middle + 1, middle)):
        on_x, on_c = slope(scores[0, 0, row, column], x, c)
        patches.append(sides(on_x[0]))
        assert patches[-1] == sides(on_c[0, 0]) == sides(on_c[0, 1])
    for first, last in patches[0]:
        assert last - first + 1 == field
    (one, across), (other, same) = patches
    assert other == (one[0] + step, one[1] + step)
    assert across == same
    corner = sides(slope(scores[0, 0, 0, 0], x)[0][0])
    assert all(first == 0 and last < field - 1 for first, last in corner)  # the rest is padding


def test_equal_patches_get_equal_scores_wherever_they_lie():
    d = made(PatchDiscriminator, (64, 64), (64, 64), channels=(4, 6))
    x, c = some(1, 64, 64), some(1, 64, 64, seed=1)
    a, b = d(x, c), d(x.roll((8, 4), (1, 2)), c.roll((8, 4), (1, 2)))
    inside = slice(5, 12)
    torch.testing.assert_close(b[..., inside, inside], a[..., 3:10, 4:11])
    assert a.shape == (1, 1, 15, 15)
    assert a.flatten().unique().numel() == 225


def test_a_judge_of_patches_pays_for_each_patch_alike():
    """Its loss is the mean over patches, as if every patch were a picture of its own."""
    model, x, c = pictures(), some(3, 8, 8).tanh(), some(3, 2, 8, 8, seed=1)
    got = model.loss_for("d_loss", x, c, generator=seeded(5))["d_loss"]
    with torch.no_grad():
        fake = model.g(some(3, 4, seed=5), c)
    real, scores = (model.d(v, c) for v in (x, fake))
    assert real[0].numel() == 9
    single = [
        bce(r, torch.ones(9).double()) + bce(s, torch.zeros(9).double())
        for r, s in zip(real.flatten(1), scores.flatten(1), strict=True)
    ]
    torch.testing.assert_close(got, torch.stack(single).mean())


# ----------------------------------------------------------------------------- the generator


@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize(
    ("c_shape", "shape"), [((16, 16), (16, 16)), ((5, 16, 8), (16, 8)), ((16, 16), (3, 16, 16))]
)
def test_answers_have_their_shape_and_range(c_shape, shape, skips):
    g = made(UNetGenerator, c_shape, shape, channels=(4, 6, 8), k=3, skips=skips)
    x = g(some(5, 3), 5 * some(5, *c_shape, seed=1))
    assert x.shape == (5, *shape)
    assert x.abs().max() < 1
    unused = [n for n, p in g.named_parameters() if not slope(x.square().sum(), p)[0].any()]
    norms = {f"{n}.bias" for n, m in g.named_modules() if isinstance(m, nn.Conv2d)} | {
        f"{n}.bias" for n, m in g.named_modules() if isinstance(m, nn.ConvTranspose2d)
    }
    assert set(unused) <= norms  # a bias before a batch normalisation changes nothing


@pytest.mark.parametrize("skips", [True, False])
def test_patches_of_pixels_are_places_of_the_finest_map(skips):
    """Half the places, the same pictures; each output pixel still has an answer of its own."""
    options = {"channels": (4, 6), "k": 3, "skips": skips}
    g = made(UNetGenerator, (2, 16, 8), (16, 8), patch=2, **options).eval()
    assert g.enter(some(1, 2, 16, 8)).shape == (1, 4, 8, 4)
    x = g(some(5, 3), some(5, 2, 16, 8, seed=1))
    assert x.shape == (5, 16, 8)
    assert x[0].unique().numel() == 128
    with pytest.raises(ValueError, match=r"a patch of 3 pixels a side does not tile"):
        UNetGenerator((2, 16, 8), (16, 8), patch=3)
    with pytest.raises(ValueError, match="divisible by 4"):
        UNetGenerator((12, 12), (12, 12), channels=(4, 4, 4), patch=2)


def test_no_answer_depends_on_its_neighbours_in_the_batch():
    g, c, z = (
        made(UNetGenerator, (16, 16), (16, 16), channels=(4, 6), k=3),
        some(4, 16, 16),
        some(4, 3),
    )
    for mode in (True, False):
        g.train(mode)
        together = g(z, c)
        alone = torch.cat([g(z[[k]], c[[k]]) for k in range(4)])
        torch.testing.assert_close(together, alone)


def test_without_skips_everything_passes_the_coarsest_map():
    """Where the way down is cut above it, only skips still say anything of the question."""
    c, z = some(2, 16, 16), some(1, 3).expand(2, 3)
    for skips in (True, False):
        g = made(UNetGenerator, (16, 16), (16, 16), channels=(4, 6, 8), k=3, skips=skips).eval()
        assert not torch.allclose(*g(z, c))
        with torch.no_grad():
            for part in (g.down[-1], *([g.direct] if skips else [])):
                for p in part.parameters():
                    p.zero_()
        assert torch.allclose(*g(z, c)) != skips


def test_skips_keep_the_place_of_a_pixel():
    """With skips an output hears its own place of the question more than without."""
    c, z = some(1, 32, 32).requires_grad_(), some(1, 3)
    for seed in range(3):
        shares = {}
        for skips in (True, False):
            options = {"channels": (4, 6, 8, 8), "k": 3, "skips": skips}
            g = made(UNetGenerator, (32, 32), (32, 32), seed=seed, **options).eval()
            heard = slope(g(z, c)[0, 16, 16], c)[0][0]
            shares[skips] = (heard[15:18, 15:18].sum() / heard.sum()).item()
        assert shares[True] > 2.5 * shares[False]


def test_the_noise_reaches_every_pixel_and_each_answer_hears_its_own_question():
    g = made(UNetGenerator, (16, 16), (16, 16), channels=(4, 6, 8), k=3).eval()
    c = some(1, 16, 16).expand(3, 16, 16).clone().requires_grad_()
    z = some(3, 3, seed=1).requires_grad_()
    x = g(z, c)
    assert ((x[0] - x[1]).abs() > 0).all()
    on_z, on_c = slope(x[1].sum(), z, c)
    assert on_z[1].all()
    assert on_c[1].any()
    assert not on_z[[0, 2]].any()
    assert not on_c[[0, 2]].any()


def test_networks_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match=r"question \(1, 8, 8\) and answer \(1, 16, 16\)"):
        UNetGenerator((8, 8), (16, 16))
    with pytest.raises(ValueError, match="divisible by 8"):
        UNetGenerator((12, 12), (12, 12), channels=(4, 4, 4, 4))
    for shape in ((8,), (1, 2, 8, 8)):
        for build in (UNetGenerator, PatchDiscriminator):
            with pytest.raises(ValueError, match="a picture's shape is"):
                build(shape, (8, 8))
    with pytest.raises(ValueError, match="channels are 2 or more positive numbers"):
        UNetGenerator((8, 8), (8, 8), channels=(8,))
    with pytest.raises(ValueError, match="channels are 1 or more positive numbers"):
        PatchDiscriminator((8, 8), (8, 8), channels=())
    with pytest.raises(ValueError, match="kernels and strides are 1 or more"):
        receptive_field([(4, 0)])


# ------------------------------------------------------------------------------ the losses


class Mix(nn.Module):
    """A line in all it is told: answers (n, 2) or scores (n, 1)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.a, self.b = nn.Linear(inputs, outputs), nn.Linear(3, outputs, bias=False)

    def forward(self, v, c):
        return self.a(v) + self.b(c)


def points(judged: bool = True, **options) -> Translation:
    g, d = made(Mix, 4, 2, seed=1), made(Mix, 2, 1, seed=2)
    return Translation(g, d if judged else None, 4, **options)


def pictures(**options) -> Translation:
    g = made(UNetGenerator, (2, 8, 8), (8, 8), channels=(4, 6), k=4)
    d = made(PatchDiscriminator, (2, 8, 8), (8, 8), channels=(4,))
    return Translation(g, d, 4, **options)


@pytest.mark.parametrize("game", GAMES)
def test_both_losses_are_those_of_the_game_with_the_question_told(game):
    model, x, c = points(game=game, l1=0.7), some(7, 2), some(7, 3, seed=1)
    got = model.loss_for("d_loss", x, c, generator=seeded(5))
    fake = model.g(some(7, 4, seed=5), c)
    real, scores = model.d(x, c), model.d(fake, c)
    assert set(got) == {"d_loss"}
    torch.testing.assert_close(got["d_loss"], GAMES[game].discriminator(real, scores))
    got = model.loss_for("g_loss", x, c, generator=seeded(5))
    far = np.abs((x - fake).detach().numpy()).sum(1).mean()
    assert set(got) == {"g_loss", "l1"}
    assert got["l1"].item() == pytest.approx(far)
    assert not got["l1"].requires_grad
    torch.testing.assert_close(got["g_loss"], GAMES[game].generator(scores) + 0.7 * far)


def test_all_terms_are_those_of_both_players():
    model, x, c = points(penalty="gradient"), some(7, 2), some(7, 3, seed=1)
    terms, generator = model.loss(x, c, generator=seeded(5)), seeded(5)
    g, d = (model.loss_for(name, x, c, generator=generator) for name in ("g_loss", "d_loss"))
    assert terms == g | d
    assert set(terms) == {"g_loss", "l1", "d_loss", "penalty"}
    alone = points(judged=False)
    assert set(alone.loss(x, c, generator=seeded())) == {"g_loss", "l1"}


def test_the_weight_of_pix2pix_is_a_hundred_for_a_mean():
    """100 times the mean over D pixels is 100 / D times their sum, of the game's side untouched."""
    x, c = some(3, 8, 8).tanh(), some(3, 2, 8, 8, seed=1)
    losses = [
        pictures(l1=weight).loss_for("g_loss", x, c, generator=seeded(5))
        for weight in (0.0, 100 / 64)
    ]
    far = (x - pictures().g(some(3, 4, seed=5), c)).abs().mean()
    torch.testing.assert_close(losses[1]["g_loss"] - losses[0]["g_loss"], 100 * far)


@pytest.mark.parametrize("penalty", ["r1", "gradient"])
def test_the_penalty_is_added_to_the_loss_of_d_alone(penalty):
    """Where scores are lines the slope is the length of a weight, whatever the question."""
    x, c = some(7, 2), some(7, 3, seed=1)
    model, plain = points(penalty=penalty, weight=3.0), points()
    got = model.loss_for("d_loss", x, c, generator=seeded(5))
    length = model.d.a.weight.norm()
    rough = {"r1": length**2 / 2, "gradient": (length - 1) ** 2}[penalty]
    torch.testing.assert_close(got["penalty"], rough)
    assert not got["penalty"].requires_grad
    bare = plain.loss_for("d_loss", x, c, generator=seeded(5))["d_loss"]
    torch.testing.assert_close(got["d_loss"], bare + 3 * rough)
    assert slope(got["d_loss"], model.d.a.weight)[0].any()
    a, b = (m.loss_for("g_loss", x, c, generator=seeded(5))["g_loss"] for m in (model, plain))
    torch.testing.assert_close(a, b)


def test_the_penalty_and_the_scores_hear_the_question():
    model, x, c = pictures(penalty="r1"), some(3, 8, 8).tanh(), some(3, 2, 8, 8, seed=1)
    a, b = (model.loss_for("d_loss", x, v, generator=seeded()) for v in (c, c.roll(1, 0)))
    for name in ("d_loss", "penalty"):
        assert not torch.isclose(a[name], b[name])


def test_each_loss_teaches_its_own_player():
    x, c = some(7, 2), some(7, 3, seed=1)
    for name in ("d_loss", "g_loss"):
        model = points(penalty="r1")
        model.loss_for(name, x, c, generator=seeded())[name].backward()
        got = {
            player
            for player, net in (("d_loss", model.d), ("g_loss", model.g))
            if any(p.grad is not None and p.grad.any() for p in net.parameters())
        }
        assert name in got
        if name == "d_loss":
            assert got == {"d_loss"}


def test_smoothing_and_the_other_options_of_gans_are_handed_on():
    x, c = some(7, 2), some(7, 3, seed=1)
    model = points(smooth=0.9, d_rate=3.0, d_steps=2, average=0.9)
    got = model.loss_for("d_loss", x, c, generator=seeded(5))["d_loss"]
    real, fake = model.d(x, c), model.d(model.g(some(7, 4, seed=5), c), c)
    ones = torch.ones_like(real)
    torch.testing.assert_close(got, bce(real, 0.9 * ones) + bce(fake, 0 * ones))
    optimizers = model.optimizers(1e-2)
    assert {k: o.param_groups[0]["lr"] for k, o in optimizers.items()} == {
        "d_loss": pytest.approx(3e-2),
        "g_loss": 1e-2,
    }
    assert [model.due("g_loss", s) for s in range(4)] == [False, True, False, True]


def test_without_a_discriminator_there_is_one_player():
    model, x, c = points(judged=False, average=0.5), some(7, 2), some(7, 3, seed=1)
    (name,) = model.optimizers(1e-2)
    assert name == "g_loss"
    got = model.loss_for("g_loss", x, c, generator=seeded(5))
    far = (x - model.g(some(7, 4, seed=5), c)).abs().sum(1).mean()
    torch.testing.assert_close(got["g_loss"], 0.1 * far)
    history = play(model, x, c, epochs=2, lr=0.1)
    assert {k: len(v) for k, v in history.items()} == {"g_loss": 2, "l1": 2}
    assert not torch.equal(model.averaged.module.a.weight, model.g.a.weight)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"never negative: -1\.0"):
        points(l1=-1.0)
    with pytest.raises(ValueError, match="without a discriminator l1 must be positive"):
        points(judged=False, l1=0.0)
    assert points(l1=0.0).l1 == 0
    with pytest.raises(ValueError, match="game is one of"):
        points(game="chess")
    for name in ("g_loss", "d_loss"):
        with pytest.raises(ValueError, match=r"data are .* \(7, 3\), but G makes"):
            points().loss_for(name, some(7, 3), some(7, 3), generator=seeded())


def play(model, x, c, *, lr: float = 1e-2, **options) -> dict:
    options = {"epochs": 1, "batch_size": len(x)} | options
    return fit(model, x, c=c, lr=lr, generator=seeded(1), progress=False, **options)


def test_a_step_of_fit_is_the_two_steps_written_by_hand():
    x, c, model, twin = some(7, 2), some(7, 3, seed=1), points(l1=0.7), points()
    play(model, x, c, epochs=3)
    d, g = (torch.optim.Adam(n.parameters(), lr=1e-2, betas=(0.0, 0.99)) for n in (twin.d, twin.g))
    generator = seeded(1)
    for _ in range(3):
        rows = torch.randperm(7, generator=generator)
        first, second = (
            torch.randn(7, 4, generator=generator, dtype=torch.float64) for _ in range(2)
        )
        d.zero_grad()
        real, fake = twin.d(x[rows], c[rows]), twin.d(twin.g(first, c[rows]).detach(), c[rows])
        (bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))).backward()
        d.step()
        g.zero_grad()
        made = twin.g(second, c[rows])
        score = twin.d(made, c[rows])
        far = (x[rows] - made).abs().sum() / 7
        (bce(score, torch.ones_like(score)) + 0.7 * far).backward()
        g.step()
    for ours, hand in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, hand)


def test_samples_answer_their_questions_and_come_from_the_seed():
    model, c = pictures(average=0.9).eval(), some(3, 2, 8, 8, seed=1)
    x = model.sample(3, c, generator=seeded(2))
    assert torch.equal(x, model.averaged.module(some(3, 4, seed=2), c))
    assert torch.equal(x, model.sample(3, c, generator=seeded(2)))
    assert not torch.equal(x, model.sample(3, c, generator=seeded(3)))
    assert not torch.equal(x, model.sample(3, c.flip(0), generator=seeded(2)))
    assert not x.requires_grad
