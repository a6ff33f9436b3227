"""The adversarial model against its definition: losses, turns, clipping, averages, training."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lib.gan import GAN
from lib.gan_losses import GAMES
from lib.gan_nets import DCDiscriminator, DCGenerator, MLPDiscriminator, MLPGenerator
from lib.gan_penalties import spectral_norm
from lib.model import GenerativeModel
from lib.train import fit
from tests.family_models import DiagonalGaussian, seeded


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def small(seed: int = 0, c_dim: int = 0, **options) -> GAN:
    """A GAN of points in the plane, in double precision."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        g = MLPGenerator(3, (8,), (2,), c_dim=c_dim)
        return GAN(g, MLPDiscriminator((2,), (8,), c_dim=c_dim), 3, **options).double()


def values(net: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def play(model: GAN, x: torch.Tensor, *, seed: int = 1, lr: float = 1e-2, **options) -> dict:
    options = {"epochs": 1, "batch_size": len(x)} | options
    return fit(model, x, lr=lr, generator=seeded(seed), progress=False, **options)


# --------------------------------------------------------------------------- the losses


@pytest.mark.parametrize("c_dim", [0, 2])
@pytest.mark.parametrize("game", GAMES)
def test_losses_are_those_of_the_game_on_the_scores(game, c_dim):
    """G and D asked by hand with the same z; both see the condition."""
    model, x = small(game=game, c_dim=c_dim), some(7, 2, seed=3)
    given = (some(7, 2, seed=4),) if c_dim else ()
    got = model.loss(x, *given, generator=seeded(5))
    fake = model.g(some(7, 3, seed=5), *given)
    real, scores = model.d(x, *given), model.d(fake, *given)
    assert set(got) == {"d_loss", "g_loss"}
    torch.testing.assert_close(got["d_loss"], GAMES[game].discriminator(real, scores))
    torch.testing.assert_close(got["g_loss"], GAMES[game].generator(scores))
    assert torch.equal(model.sample(7, *given, generator=seeded(5)), fake)


def test_the_discriminator_is_a_classifier_of_a_labelled_batch():
    model, x = small(smooth=0.9), some(7, 2)
    got = model.loss(x, generator=seeded(5))
    fake = model.g(some(7, 3, seed=5))
    scores = model.d(torch.cat([x, fake]))
    labels = torch.tensor([0.9] * 7 + [0.0] * 7, dtype=torch.float64)[:, None]
    torch.testing.assert_close(got["d_loss"], 2 * bce(scores, labels))
    torch.testing.assert_close(got["g_loss"], bce(scores[7:], torch.ones_like(scores[7:])))


@pytest.mark.parametrize("penalty", ["r1", "gradient"])
def test_the_penalty_is_weighed_into_the_loss_of_d_only(penalty):
    x = some(7, 2)
    plain = small().loss(x, generator=seeded(5))
    model = small(penalty=penalty, weight=3.0)
    got = model.loss(x, generator=seeded(5))
    generator = seeded(5)
    z = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    points, goal = x, 0.0
    if penalty == "gradient":
        share = torch.rand(7, 1, generator=generator, dtype=torch.float64)
        points, goal = share * x + (1 - share) * model.g(z).detach(), 1.0
    points = points.clone().requires_grad_()
    slopes = torch.autograd.grad(model.d(points).sum(), points)[0].norm(dim=1)
    rough = (slopes - goal).square().mean() * (0.5 if penalty == "r1" else 1)
    torch.testing.assert_close(got["penalty"], rough)
    torch.testing.assert_close(got["d_loss"], plain["d_loss"] + 3 * rough)
    torch.testing.assert_close(got["g_loss"], plain["g_loss"])
    assert not got["penalty"].requires_grad
    twin = small(penalty=penalty, weight=3.0)
    twin.loss(x, generator=seeded(5))["d_loss"].backward()
    assert any(not torch.equal(p.grad, torch.zeros_like(p)) for p in twin.d.parameters())


def test_the_penalty_sees_the_condition():
    model, x, c = small(c_dim=2, penalty="r1"), some(7, 2), some(7, 2, seed=1)
    a, b = (model.loss(x, v, generator=seeded())["penalty"] for v in (c, c + 1))
    assert not torch.isclose(a, b)


def test_a_step_of_g_leaves_out_what_it_does_not_need():
    model, x = small(penalty="gradient"), some(7, 2)
    asked, forward = [], model.d.forward
    model.d.forward = lambda v, c=None: (asked.append(v), forward(v, c))[1]
    full = model.loss(x, generator=seeded(5))
    assert len(asked) == 3  # samples, data, points of the penalty
    lean = model.loss_for("g_loss", x, generator=seeded(5))
    assert len(asked) == 4
    assert lean == {"g_loss": full["g_loss"]}
    whole = model.loss_for("d_loss", x, generator=seeded(5))
    assert whole == full
    assert len(asked) == 7
    sharing = GenerativeModel.loss_for(model, "g_loss", x, generator=seeded(5))
    assert sharing == full


def test_losses_say_what_is_wrong_with_the_data():
    for model, x, message in (
        (small(), some(4, 3), r"data are torch.float64 \(4, 3\), but G makes .* \(4, 2\)"),
        (small(), some(4, 2).float(), "data are torch.float32"),
        (small(), torch.zeros(4, 2, dtype=torch.long), "data are torch.int64"),
        (small(penalty="gradient"), some(4, 2, 1), r"\(4, 2, 1\)"),
    ):
        for name in ("d_loss", "g_loss"):
            with pytest.raises(ValueError, match=message):
                model.loss_for(name, x, generator=seeded())


def test_arguments_that_make_no_game_are_refused():
    for options, message in (
        ({"game": "poker"}, "game is one of .*'wasserstein'.*, got 'poker'"),
        ({"smooth": 0.9, "game": "hinge"}, "for cross-entropy only, not for 'hinge'"),
        ({"smooth": 0.4}, "label of real data lies above"),
        ({"penalty": "l2"}, "penalty is None or one of .*'r1'.*, got 'l2'"),
        ({"penalty": "r1", "weight": -1.0}, "reward a steep D"),
        ({"weight": math.nan}, "0 or more, got nan"),
        ({"clip": 0.0}, "clip must be positive"),
        ({"d_rate": -1.0}, "d_rate must be positive"),
        ({"d_steps": 0}, "d_steps is a whole number, 1 or more, got 0"),
        ({"d_steps": 1.5}, r"d_steps is a whole number, 1 or more, got 1\.5"),
        ({"betas": (0.5, 1.0)}, "two decay rates"),
        ({"betas": (0.5,)}, "two decay rates"),
        ({"average": 1.0}, "average is a decay rate"),
        ({"average": -0.1}, "average is a decay rate"),
    ):
        with pytest.raises(ValueError, match=message):
            small(**options)
    with pytest.raises(ValueError, match="k is a whole number, 1 or more, got 0"):
        GAN(nn.Identity(), nn.Identity(), 0)


# ----------------------------------------------------------------------------- the turns


def test_a_step_of_fit_is_the_two_steps_written_by_hand():
    """D first, then G against the new D with fresh z; each moves its own weights only."""
    x = some(12, 2)
    model, twin = small(), small()
    history = play(model, x, epochs=3, batch_size=5)
    d, g = (torch.optim.Adam(n.parameters(), lr=1e-2, betas=(0.0, 0.99)) for n in (twin.d, twin.g))
    generator, seen = seeded(1), []
    for _ in range(3):
        for rows in torch.randperm(12, generator=generator).split(5):
            z, again = (
                torch.randn(len(rows), 3, generator=generator, dtype=torch.float64)
                for _ in range(2)
            )
            d.zero_grad()
            real, fake = twin.d(x[rows]), twin.d(twin.g(z).detach())
            loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
            loss.backward()
            d.step()
            g.zero_grad()
            fake = twin.d(twin.g(again))
            bce(fake, torch.ones_like(fake)).backward()
            g.step()
            seen.append(loss.item())
    np.testing.assert_allclose(history["d_loss"], seen, rtol=1e-9)
    for ours, hand in ((model.d, twin.d), (model.g, twin.g)):
        torch.testing.assert_close(values(ours), values(hand))


@pytest.mark.parametrize("d_steps", [1, 3])
def test_d_moves_at_every_step_and_g_at_every_few(d_steps):
    model, moves = small(d_steps=d_steps), []
    optimizers = model.optimizers(1e-2)
    for name, optimizer in optimizers.items():
        optimizer.register_step_post_hook(lambda *_, name=name: moves.append(name[0]))
    model.optimizers = lambda lr: optimizers
    history = play(model, some(7, 2), batch_size=1)
    assert "".join(moves) == {1: "dg" * 7, 3: "dddgdddgd"}[d_steps]
    assert {k: len(v) for k, v in history.items()} == {"d_loss": 7, "g_loss": 7}
    with pytest.raises(StopIteration):
        next(s for s in range(7) if not model.due("d_loss", s))


def test_learning_rates_and_decays_reach_the_optimizers():
    model = small(d_rate=4.0, betas=(0.5, 0.9))
    found = {
        name: (group["lr"], group["betas"])
        for name, optimizer in model.optimizers(1e-3).items()
        for group in optimizer.param_groups
    }
    assert found == {"d_loss": (4e-3, (0.5, 0.9)), "g_loss": (1e-3, (0.5, 0.9))}
    assert list(found) == ["d_loss", "g_loss"]  # the order of the turns
    for name, net in (("d_loss", model.d), ("g_loss", model.g)):
        (group,) = model.optimizers(1e-3)[name].param_groups
        assert [id(p) for p in group["params"]] == [id(p) for p in net.parameters()]


def test_clipping_keeps_the_weights_of_d_in_range_after_every_step():
    model, sizes = small(game="wasserstein", clip=0.05), []
    optimizers = model.optimizers(0.1)
    optimizers["d_loss"].register_step_post_hook(
        lambda *_: sizes.append(values(model.d).abs().max().item())
    )
    model.optimizers = lambda lr: optimizers
    play(model, some(16, 2) + 3, batch_size=4, epochs=3)
    assert len(sizes) == 12
    assert max(sizes) == 0.05
    assert values(model.g).abs().max() > 0.05


# ------------------------------------------------------------------ samples and averages


def test_samples_come_from_the_seed_and_carry_no_gradient():
    model = small()
    x = model.sample(5, generator=seeded(1))
    assert x.shape == (5, 2)
    assert x.dtype == torch.float64
    assert not x.requires_grad
    assert torch.equal(x, model.sample(5, generator=seeded(1)))
    assert not torch.equal(x, model.sample(5, generator=seeded(2)))
    z = some(5, 3, seed=1)
    assert torch.equal(model.noise(5, seeded(1)), z)
    walk = model.generate(z.requires_grad_())
    assert torch.equal(walk, x)
    walk.sum().backward()  # a code can be searched by descent
    assert z.grad.abs().sum() > 0


def test_noise_is_standard_normal():
    z = GAN(nn.Linear(4, 2), nn.Linear(2, 1), 4).noise(20_000, seeded())
    assert z.dtype == torch.float32
    torch.testing.assert_close(z.mean(0), torch.zeros(4), atol=0.03, rtol=0)
    torch.testing.assert_close(torch.cov(z.T), torch.eye(4), atol=0.04, rtol=0)


def test_the_average_follows_g_and_is_used_outside_training():
    model, seen = small(average=0.7, d_steps=2), []
    optimizers = model.optimizers(1e-2)
    optimizers["g_loss"].register_step_post_hook(lambda *_: seen.append(values(model.g)))
    model.optimizers = lambda lr: optimizers
    play(model, some(8, 2), batch_size=1)
    assert len(seen) == 4
    want = seen[0]
    for weights in seen[1:]:
        want = 0.7 * want + 0.3 * weights
    torch.testing.assert_close(values(model.averaged.module), want)
    z = some(5, 3)
    assert torch.equal(model.generate(z), model.averaged.module(z))
    model.train()
    assert torch.equal(model.generate(z), model.g(z))
    assert not torch.equal(model.g(z), model.averaged.module(z))
    own = {id(p) for o in optimizers.values() for group in o.param_groups for p in group["params"]}
    assert not own & {id(p) for p in model.averaged.parameters()}


def dcgan(seed: int) -> GAN:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        g, d = DCGenerator(3, (8, 4), (8, 8)), spectral_norm(DCDiscriminator((8, 8), (4, 8)))
        return GAN(g, d, 3, game="hinge", average=0.9)


def test_a_trained_model_is_saved_and_loaded():
    x = torch.rand(20, 8, 8, generator=seeded()) * 2 - 1
    model, fresh = dcgan(0), dcgan(1).eval()
    play(model, x, batch_size=10, epochs=2)
    assert not torch.equal(model.sample(4, generator=seeded()), fresh.sample(4, generator=seeded()))
    fresh.load_state_dict(copy.deepcopy(model.state_dict()))
    assert torch.equal(model.sample(4, generator=seeded()), fresh.sample(4, generator=seeded()))
    assert torch.equal(model.d(x), fresh.d(x))
    buffers = zip(model.g.buffers(), model.averaged.module.buffers(), strict=True)
    assert all(torch.equal(a, b) for a, b in buffers)
    alone = torch.cat([model.generate(z[None]) for z in some(4, 3).float()])
    torch.testing.assert_close(model.generate(some(4, 3).float()), alone)


def test_a_model_without_turns_of_its_own_is_asked_for_all_terms():
    model, asked = DiagonalGaussian(2), []
    model.loss_for = lambda name, x, c, generator: (asked.append(name), model.loss(x, c))[1]
    fit(model, torch.ones(4, 2), epochs=1, batch_size=2, lr=0.1, generator=seeded(), progress=False)
    assert asked == ["loss", "loss"]
    assert DiagonalGaussian(2).due("loss", 5)


# --------------------------------------------------------------------------- what it learns


class Still(nn.Module):
    """A generator that always gives the same samples."""

    def __init__(self, samples: torch.Tensor):
        super().__init__()
        self.samples, self.idle = samples, nn.Parameter(torch.zeros(1))

    def forward(self, z):
        return self.samples[: len(z)] + 0 * self.idle


def critic_gap(real: torch.Tensor, fake: torch.Tensor, weights, **options) -> tuple[float, float]:
    """W_1 as a critic trained against samples that stay finds it; and its steepest slope."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        d = MLPDiscriminator((1,), (32, 32))
    model = GAN(Still(fake), d, 1, game="wasserstein", **options)
    for lr, model.weight in zip((1e-2, 1e-2, 1e-3), weights, strict=True):
        play(model, real, lr=lr, epochs=100)
    both = torch.cat([real, fake])
    line = torch.linspace(both.min(), both.max(), 501)[:, None]
    slopes = (d(line).diff(dim=0) / line.diff(dim=0)).abs()
    return (d(real).mean() - d(fake).mean()).item(), slopes.max().item()


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_a_critic_with_its_slope_held_at_one_finds_the_wasserstein_distance(shift):
    """Over its steepest slope the gap is a bound from below, for certain; and it comes near.

    The weight grows: on a line a heavy penalty from the start keeps the sign that d began with.
    """
    real = 2 * torch.rand(256, 1, generator=seeded()) - 1
    fake = torch.rand(256, 1, generator=seeded(1)) - 0.5 + shift
    want = wasserstein_distance(real[:, 0], fake[:, 0])
    got, steepest = critic_gap(real, fake, (0.05, 2.0, 50.0), penalty="gradient")
    assert 0.8 * want < got / steepest <= want
    assert got == pytest.approx(want, rel=0.15)


def test_on_a_line_a_heavy_gradient_penalty_keeps_a_wrong_sign():
    """Of a score s x the loss is -s (gap) + weight (|s| - 1)^2: a second rest point at s < 0."""
    real, fake, weight = torch.full((4, 1), 1.0), torch.zeros(4, 1), 5.0
    model = GAN(Still(fake), nn.Linear(1, 1, bias=False), 1, game="wasserstein")
    model.penalty, model.weight = "gradient", weight
    for s in (1 + 1 / (2 * weight), -(1 - 1 / (2 * weight))):
        model.d.weight.data.fill_(s)
        loss = model.loss(real, generator=seeded())["d_loss"]
        assert loss.item() == pytest.approx(-s + weight * (abs(s) - 1) ** 2, abs=1e-5)
        (gradient,) = torch.autograd.grad(loss, model.d.weight)
        assert gradient.item() == pytest.approx(0, abs=1e-5)


@pytest.mark.slow
def test_an_unbound_critic_finds_no_distance():
    real = 2 * torch.rand(256, 1, generator=seeded()) - 1
    fake = torch.rand(256, 1, generator=seeded(1)) + 2.5
    got, steepest = critic_gap(real, fake, (1, 1, 1))
    assert got > 100 * wasserstein_distance(real[:, 0], fake[:, 0])
    assert steepest > 10


STEADY = {
    "non-saturating": {"penalty": "r1", "weight": 0.1},
    "wasserstein": {"penalty": "gradient"},
}


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES)
def test_a_linear_generator_finds_a_gaussian(game):
    """x = A z + b learns mean and covariance of the data, whatever the game."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        g, d = MLPGenerator(2, (), (2,)), MLPDiscriminator((2,), (32, 32))
    model = GAN(g, d, 2, game=game, average=0.98, d_rate=2.0, **STEADY.get(game, {}))
    root = torch.tensor([[0.8, 0.0], [0.4, 0.5]])
    x = torch.randn(2048, 2, generator=seeded()) @ root.T + torch.tensor([1.0, -1.0])
    for lr in (1e-2, 2e-3):
        play(model, x, lr=lr, epochs=15, batch_size=128)
    samples = model.sample(20_000, generator=seeded(2))
    torch.testing.assert_close(samples.mean(0), x.mean(0), atol=0.2, rtol=0)
    torch.testing.assert_close(torch.cov(samples.T), torch.cov(x.T), atol=0.15, rtol=0)
