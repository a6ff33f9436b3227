"""The diffusion model against its definition: loss, completion, averaged weights, conditions."""

import math
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
import torch

from lib.diffusion import Diffusion
from lib.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule
from lib.time_nets import TimeMLP, UNet
from lib.train import fit
from tests.diffusion_cases import (
    TARGETS,
    Oracle,
    Recorder,
    T,
    exact,
    law_of_samples,
    line,
    seeded,
    small,
    some,
)

# ------------------------------------------------------------------------- the objective


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [(3,), (4, 4), (2, 4, 4)])
def test_loss_is_algorithm_1(target, shape):
    """Draws of t and eps repeated by hand, squares summed over places and averaged over rows."""
    schedule, network, x = cosine_schedule(T), Recorder(), some(6, *shape, seed=8)
    got = Diffusion(network, shape, schedule, target=target).loss(x, generator=seeded(3))
    generator = seeded(3)
    t = torch.randint(1, T + 1, (6,), generator=generator)
    eps = torch.randn(6, *shape, generator=generator, dtype=torch.float64)
    total = 0.0
    for k in range(6):
        kept = math.prod(1 - b for b in schedule.beta[1 : t[k] + 1].tolist())
        xt = math.sqrt(kept) * x[k] + math.sqrt(1 - kept) * eps[k]
        v = math.sqrt(kept) * eps[k] - math.sqrt(1 - kept) * x[k]
        goal = {"eps": eps[k], "x0": x[k], "v": v}[target]
        total += ((0.3 * xt - goal) ** 2).sum().item()
    assert got["loss"].item() == pytest.approx(total / 6, rel=1e-12)
    (asked,) = network.asked
    assert torch.equal(asked[1], t)
    assert asked[2] is None


def test_steps_of_the_loss_run_evenly_from_1_to_T():
    network = Recorder()
    model = Diffusion(network, (1,), NoiseSchedule([0.2, 0.5, 0.3, 0.9]))
    model.loss(torch.zeros(8000, 1), generator=seeded())
    counts = torch.bincount(network.asked[0][1], minlength=6)
    assert counts[0] == counts[5] == 0
    assert (counts[1:5] - 2000).abs().max() < 4 * math.sqrt(8000 * 0.25 * 0.75)


@pytest.mark.parametrize("target", TARGETS)
def test_the_truth_has_no_loss_and_denoises_to_itself(target):
    schedule, x0 = cosine_schedule(T), some(1, 4)
    model = Diffusion(Oracle(x0, schedule, target), (4,), schedule, target=target)
    assert model.loss(x0.repeat(50, 1), generator=seeded())["loss"].item() < 1e-9
    for t in range(1, T + 1):
        eps = some(5, 4, seed=t)
        found, noise = model.denoise(schedule.diffuse(x0.expand(5, 4), t, eps), t)
        torch.testing.assert_close(found, x0.expand(5, 4), atol=1e-10, rtol=0)
        torch.testing.assert_close(noise, eps, atol=1e-10, rtol=0)


@pytest.mark.parametrize("clip", [None, 0.4])
@pytest.mark.parametrize("target", TARGETS)
def test_both_estimates_make_the_point_they_came_from(target, clip):
    model, x = small(target, clip=clip), some(T, 3)
    t = torch.arange(1, T + 1)
    x0, eps = model.denoise(x, t)
    torch.testing.assert_close(model.schedule.diffuse(x0, t, eps), x)
    assert (x0.abs().max() <= 0.4) == (clip is not None)
    for k in (0, 7, T - 1):
        one, _ = model.denoise(x[k : k + 1], k + 1)
        torch.testing.assert_close(x0[k : k + 1], one)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["eps", "v"])
def test_training_finds_the_exact_denoiser(target):
    """On Gaussian data the least loss is known: that of E[x_0 | x_t]; measured in the target."""
    schedule, std = linear_schedule(25), torch.tensor([0.3, 1.0])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(2, width=48, layers=2)
    model = Diffusion(network, (2,), schedule, target=target, average=0.99)
    x = torch.randn(4096, 2, generator=seeded()) * std + torch.tensor([0.5, -0.5])
    for lr in (5e-3, 1e-3):
        fit(model, x, epochs=12, batch_size=128, lr=lr, generator=seeded(1), progress=False)
    ideal = exact([1.0], [[0.5, -0.5]], [np.diag(std.numpy() ** 2)], schedule)
    t = torch.arange(1, 26).repeat(400)
    x = torch.randn(10_000, 2, generator=seeded(2)) * std + torch.tensor([0.5, -0.5])
    eps = torch.randn(10_000, 2, generator=seeded(3))
    xt, goal = schedule.diffuse(x, t, eps), model.goal(x, t, eps)
    with torch.no_grad():
        ours, best = (
            model.goal(x0, t, noise) for x0, noise in (m.denoise(xt, t) for m in (model, ideal))
        )
    unlearned, least = (ours - best).square().mean(), (best - goal).square().mean()
    assert unlearned < 0.05 * least


# --------------------------------------------------------------------------- completion


def test_completion_keeps_the_known_places_and_draws_the_others():
    model, x = small("v"), some(6, 3)
    known = torch.tensor([True, False, True])
    steps = [*model.complete_steps(x, known, generator=seeded(1))]
    assert len(steps) == T
    done = model.complete(x, known, generator=seeded(1))
    assert torch.equal(done, steps[-1])
    assert torch.equal(done[:, known], x[:, known])
    assert (done[:, ~known] != x[:, ~known]).all()
    assert torch.equal(done, model.complete(x, known, generator=seeded(1)))
    assert not torch.equal(done, model.complete(x, known, generator=seeded(2)))
    hidden = torch.where(known, x, 99.0)
    assert torch.equal(model.complete(hidden, known, generator=seeded(1)), done)


def test_everything_known_and_nothing_known():
    model, x = line(0.7, 0.5, linear_schedule(T)), torch.zeros(2000, 1)
    assert torch.equal(model.complete(x, torch.tensor([True])), x)
    free = model.complete(x, torch.tensor([False]), generator=seeded())
    mean, cov = law_of_samples(model)[-1]
    assert free.mean().item() == pytest.approx(mean.item(), abs=0.05)
    assert free.std().item() == pytest.approx(math.sqrt(cov.item()), rel=0.1)


def mean_completion(rho: float, known_value: float, repeats: int, steps: int) -> float:
    """Exact mean of the unknown number: the chain is linear, so it is the run without noise."""
    model = exact([1.0], [[0.0, 0.0]], [[[1.0, rho], [rho, 1.0]]], linear_schedule(steps))
    x, known = torch.tensor([[known_value, 0.0]], dtype=torch.float64), torch.tensor([True, False])

    def silence(shape, **options):
        return torch.zeros(shape, dtype=options["dtype"])

    with mock.patch("torch.randn", silence), mock.patch("torch.randn_like", torch.zeros_like):
        return model.complete(x, known, repeats=repeats)[0, 1].item()


def test_completion_approaches_the_conditional_mean_as_repeats_grow():
    """E[x_2 | x_1] = rho x_1 = 1.2 for a Gaussian with its exact denoiser.

    Without a repeat the mean is 0.69, with 20 it is 1.15 (with 100 and 200 steps: 1.19).
    """
    gaps = [1.2 - mean_completion(0.8, 1.5, repeats, 25) for repeats in (1, 2, 5, 20)]
    assert all(0 < b < 0.7 * a for a, b in pairwise(gaps))
    assert gaps[0] > 0.4
    assert gaps[-1] < 0.06
    assert mean_completion(0.0, 1.5, 3, 50) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("known", "options", "message"),
    [
        (torch.tensor([True, False]), {}, r"known is bool \(3,\)"),
        (torch.tensor([1, 0, 1]), {}, "torch.int64"),
        (torch.tensor([True, False, True]), {"repeats": 0}, "1 or more, got 0"),
    ],
)
def test_completion_says_what_is_wrong(known, options, message):
    with pytest.raises(ValueError, match=message):
        small().complete(some(2, 3), known, **options)


# ------------------------------------------------------------------- averaged weights


def trained(average: float | None, seed: int = 0):
    """A model and its weights after each of five steps of training."""
    model, x, seen = small(average=average), some(20, 3), []
    for p in model.parameters():
        p.data = p.data.clone()
    optimizer = model.optimizers(1e-2)["loss"]
    generator = seeded(seed)
    for _ in range(5):
        optimizer.zero_grad()
        model.loss(x, generator=generator)["loss"].backward()
        optimizer.step()
        seen.append([p.detach().clone() for p in model.network.parameters()])
    return model, seen


def test_average_follows_the_weights_by_its_decay():
    """It starts at the weights after the first step."""
    model, seen = trained(0.7)
    want = seen[0]
    for weights in seen[1:]:
        want = [0.7 * w + 0.3 * p for w, p in zip(want, weights, strict=True)]
    for got, w in zip(model.averaged.module.parameters(), want, strict=True):
        torch.testing.assert_close(got, w)
    _, plain = trained(None)
    for p, q in zip(seen[-1], plain[-1], strict=True):
        assert torch.equal(p, q)  # training itself does not notice


def test_average_is_used_outside_training_only():
    model, _ = trained(0.7)
    x, t = some(4, 3), torch.tensor([3, 3, 3, 3])
    kept = model.schedule.alpha_bar[3]
    for mode, network in ((model.train(), model.network), (model.eval(), model.averaged.module)):
        mode.train(network is model.network)
        want = (x - (1 - kept).sqrt() * network(x, t)) / kept.sqrt()
        torch.testing.assert_close(model.denoise(x, 3)[0], want)
    samples = model.eval().sample(4, generator=seeded())
    bound = model.elbo(x, generator=seeded())
    model.network.load_state_dict({k: 0 * v for k, v in model.network.state_dict().items()})
    assert torch.equal(model.sample(4, generator=seeded()), samples)
    assert torch.equal(model.elbo(x, generator=seeded()), bound)
    assert not torch.equal(model.train().sample(4, generator=seeded()), samples)


def test_loss_is_that_of_the_weights_in_training_in_both_modes():
    model, _ = trained(0.7)
    x = some(9, 3)
    one, two = (m.loss(x, generator=seeded())["loss"] for m in (model.train(), model.eval()))
    assert torch.equal(one, two)
    assert two.requires_grad


def test_average_before_training_is_the_start_and_is_saved():
    model, x = small(average=0.9), some(4, 3)
    assert torch.equal(model.eval().denoise(x, 2)[0], small().denoise(x, 2)[0])
    model, _ = trained(0.7)
    copy = small(average=0.7)
    copy.load_state_dict(model.state_dict())
    assert torch.equal(copy.eval().denoise(x, 2)[0], model.eval().denoise(x, 2)[0])
    assert not any(p.requires_grad for p in model.averaged.parameters())


# ---------------------------------------------------------------------------- conditions


def test_conditions_reach_the_network_everywhere():
    network, c, x = Recorder(), torch.eye(3), torch.zeros(3, 2)
    model, known = Diffusion(network, (2,), cosine_schedule(4)), torch.tensor([True, False])
    for call in (
        lambda: model.loss(x, c),
        lambda: model.sample(3, c),
        lambda: model.ddim(3, c, steps=2),
        lambda: model.complete(x, known, c, repeats=2),
        lambda: model.elbo(x, c),
        lambda: model.denoise(x, 2, c),
    ):
        network.asked.clear()
        call()
        assert network.asked
        assert all(torch.equal(given, c) for _, _, given in network.asked)
        assert all(t.shape == (3,) and t.dtype == torch.long for _, t, _ in network.asked)


def test_samplers_tell_the_network_the_step_they_are_at():
    network = Recorder()
    model = Diffusion(network, (2,), cosine_schedule(6))
    model.sample(2)
    assert [int(t[0]) for _, t, _ in network.asked] == [6, 5, 4, 3, 2, 1]
    network.asked.clear()
    model.ddim(2, steps=3)
    assert [int(t[0]) for _, t, _ in network.asked] == [6, 4, 2]


def test_conditions_change_samples():
    model = small(c_dim=3)
    one, two = (
        model.sample(2, c, generator=seeded()) for c in (torch.eye(3)[:2], torch.eye(3)[1:])
    )
    assert not torch.allclose(one, two)
    with pytest.raises(ValueError, match=r"conditions of shape \(2, 3\)"):
        model.sample(2)


# ------------------------------------------------------------------------------- errors


def test_clipped_samples_stay_in_range():
    model = small(clip=0.4)
    for x in (model.sample(30, generator=seeded()), model.ddim(30, steps=4, generator=seeded())):
        assert x.abs().max() <= 0.4 + 1e-12
    assert small().sample(30, generator=seeded()).abs().max() > 0.4


def test_pictures_have_the_shape_asked_for():
    for shape in ((4, 4), (2, 4, 4)):
        model = Diffusion(UNet(shape, channels=8), shape, cosine_schedule(3), target="v")
        assert model.sample(2, generator=seeded()).shape == (2, *shape)
        x = torch.rand(2, *shape, generator=seeded())
        assert model.loss(x, generator=seeded())["loss"].shape == ()
        assert model.elbo(x, generator=seeded()).shape == (2,)


def test_wrong_use_is_named():
    with pytest.raises(ValueError, match="got 'mean'"):
        small("mean")
    model = small()
    for bad in (some(2, 4), some(2, 3, 1), torch.zeros(2, 3, dtype=torch.long)):
        for call in (model.loss, model.elbo):
            with pytest.raises(ValueError, match=r"real numbers of shape \(n, 3\)"):
                call(bad)
    with pytest.raises(ValueError, match="variance is one of"):
        next(x for x in model.sample_steps(2, variance="small") if x.isnan().any())
    for steps in (0, T + 1):
        with pytest.raises(ValueError, match=f"steps lie in 1..{T}, got {steps}"):
            model.ddim(2, steps=steps)
    for call in (model.denoise, model.reverse):
        with pytest.raises(ValueError, match="at t = 0 there is no noise"):
            call(some(2, 3), 0)
    for eta in (-0.1, 1.5):
        with pytest.raises(ValueError, match="eta lies in"):
            model.ddim(2, eta=eta)
