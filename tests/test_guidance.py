"""Classifier-free guidance against densities that are known: scores, chains, dropped conditions."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from lib.exact_denoiser import ExactDenoiser
from lib.guidance import GuidedDiffusion
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule, linear_schedule
from lib.time_nets import TimeMLP
from lib.train import fit
from tests.family_models import seeded

T = 30
SCHEDULE = linear_schedule(T)
WEIGHTS = np.array([0.5, 0.3, 0.2])
MEANS = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]])
COVARIANCES = np.stack([np.diag([0.3, 0.1]), 0.2 * np.eye(2), np.array([[0.2, 0.1], [0.1, 0.2]])])
KINDS = torch.eye(3, dtype=torch.float64)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


class Knowing(nn.Module):
    """E[x_0 | x_t, c] where every class is a Gaussian; without a class, that of the mixture."""

    def __init__(self):
        super().__init__()
        alone = (
            GaussianMixture(np.ones(1), MEANS[k : k + 1], COVARIANCES[k : k + 1]) for k in range(3)
        )
        self.told = nn.ModuleList(ExactDenoiser(one, SCHEDULE) for one in alone)
        self.untold = ExactDenoiser(GaussianMixture(WEIGHTS, MEANS, COVARIANCES), SCHEDULE)

    def forward(self, xt, t, c):
        answers = torch.stack([self.untold(xt, t), *(told(xt, t) for told in self.told)], 1)
        place = torch.where(c.abs().sum(1) > 0, c.argmax(1) + 1, 0)
        return answers[torch.arange(len(xt)), place]


def knowing(weight: float = 0.0, **options) -> GuidedDiffusion:
    options = {"target": "x0", "weight": weight} | options
    return GuidedDiffusion(Knowing(), (2,), SCHEDULE, c_dim=3, **options)


def small(seed: int = 0, **options) -> GuidedDiffusion:
    """A network of points in the plane, in double precision, with nothing learned."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TimeMLP(2, width=8, layers=2, c_dim=3).double()
    return GuidedDiffusion(network, (2,), SCHEDULE, **({"c_dim": 3} | options))


def noisy_densities(x: torch.Tensor, t: int) -> torch.Tensor:
    """log q(x_t | class) of points (n, 2), by torch's own Gaussians; (n, 3)."""
    kept = SCHEDULE.alpha_bar[t]
    return torch.stack(
        [
            MultivariateNormal(
                kept.sqrt() * torch.tensor(mean),
                kept * torch.tensor(cov) + (1 - kept) * torch.eye(2, dtype=torch.float64),
            ).log_prob(x)
            for mean, cov in zip(MEANS, COVARIANCES, strict=True)
        ],
        dim=1,
    )


def slope(value, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(value(x).sum(), x)[0]


def score_of(model: GuidedDiffusion, x: torch.Tensor, t: int, c) -> torch.Tensor:
    """The score that the estimate of the noise stands for."""
    return -model.denoise(x, t, c)[1] / (1 - SCHEDULE.alpha_bar[t]).sqrt()


# ------------------------------------------------------------------------- the guided answer


@pytest.mark.parametrize("weight", [-1.0, -0.3, 0.0, 0.7, 4.0])
def test_the_guided_score_is_that_of_the_tilted_density(weight):
    """The gradient of (1 + w) log q(x_t | c) - w log q(x_t), at every noise and for every class."""
    x, model = some(9, 2), knowing(weight)
    for t in (1, 7, T):
        for kind in range(3):

            def tilted(v, t=t, kind=kind):
                each = noisy_densities(v, t)
                whole = (each + torch.tensor(WEIGHTS).log()).logsumexp(1)
                return (1 + weight) * each[:, kind] - weight * whole

            got = score_of(model, x, t, KINDS[kind].expand(9, 3))
            torch.testing.assert_close(got, slope(tilted, x), atol=1e-9, rtol=1e-7)


def test_what_guidance_adds_is_the_gradient_of_a_classifier():
    """w times the gradient of log p(c | x_t), and no classifier was trained."""
    x, t, w = some(9, 2), 12, 2.5
    c = KINDS[torch.arange(9) % 3]

    def classifier(v):
        shares = (noisy_densities(v, t) + torch.tensor(WEIGHTS).log()).log_softmax(1)
        return shares.gather(1, c.argmax(1, keepdim=True))

    added = score_of(knowing(w), x, t, c) - score_of(knowing(), x, t, c)
    torch.testing.assert_close(added, w * slope(classifier, x), atol=1e-9, rtol=1e-7)


@pytest.mark.parametrize("target", ["eps", "x0", "v"])
def test_the_dial_is_the_same_whatever_the_network_answers(target):
    """Noise, data and velocity are lines in each other, so their mixtures agree."""
    x, t, c = some(6, 2), 9, KINDS[torch.arange(6) % 3]
    want = knowing(1.5).denoise(x, t, c)
    oracle = knowing()

    class Answer(nn.Module):
        def forward(self, xt, steps, given):
            x0 = oracle.network(xt, steps, given)
            eps = SCHEDULE.noise_from_data(xt, steps, x0)
            return {"x0": x0, "eps": eps, "v": SCHEDULE.velocity(x0, steps, eps)}[target]

    model = GuidedDiffusion(Answer(), (2,), SCHEDULE, c_dim=3, weight=1.5, target=target)
    for got, wanted in zip(model.denoise(x, t, c), want, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-9, rtol=1e-7)


def test_at_its_ends_the_dial_is_the_conditional_and_the_unconditional_model():
    x, t, c = some(6, 2), torch.full((6,), 9), KINDS[torch.arange(6) % 3]
    model, nothing = small(target="x0"), torch.zeros(6, 3)
    told, untold = model.network(x, t, c), model.network(x, t, nothing)
    assert not torch.allclose(told, untold)
    torch.testing.assert_close(model.denoise(x, t, c)[0], told)
    model.weight = 2.0  # changed after it was made
    torch.testing.assert_close(model.denoise(x, t, c)[0], 3 * told - 2 * untold)
    model.weight = -1.0
    torch.testing.assert_close(model.denoise(x, t, c)[0], untold)
    for weight in (0.0, 2.0):  # where nothing is asked there is nothing to exaggerate
        model.weight = weight
        torch.testing.assert_close(model.denoise(x, t)[0], untold)
        torch.testing.assert_close(model.denoise(x, t, nothing)[0], untold)


def test_estimates_are_clipped_after_guidance():
    x, c = 3 * some(50, 2), KINDS[torch.arange(50) % 3]
    free, bound = (knowing(3.0, clip=limit).denoise(x, 20, c)[0] for limit in (None, 0.5))
    torch.testing.assert_close(bound, free.clamp(-0.5, 0.5))
    assert free.abs().max() > 0.6


def test_a_guided_step_costs_two_passes_and_a_plain_one_costs_one():
    model, c = small(), KINDS[torch.arange(4) % 3]
    calls = []
    model.network.register_forward_hook(lambda *_: calls.append(1))
    for weight, given, passes in ((0.0, c, 1), (1.5, c, 2), (-1.0, c, 2), (1.5, None, 1)):
        model.weight = weight
        calls.clear()
        model.sample(4, given, generator=seeded())
        assert len(calls) == passes * T


def test_outside_training_both_passes_use_the_averaged_weights():
    model = small(average=0.5, weight=2.0, target="x0")
    with torch.no_grad():
        for p in model.averaged.parameters():
            p.mul_(0.5)
    x, t, c = some(6, 2), torch.full((6,), 9), KINDS[torch.arange(6) % 3]
    for net, mode in ((model.network, True), (model.averaged.module, False)):
        model.train(mode)
        want = 3 * net(x, t, c) - 2 * net(x, t, torch.zeros(6, 3))
        torch.testing.assert_close(model.denoise(x, t, c)[0], want)


# ------------------------------------------------------------------------------- training


def heard_by(model: GuidedDiffusion, c: torch.Tensor | None, n: int, seed: int = 0) -> torch.Tensor:
    """The conditions that reach the network in one loss."""
    seen, forward = [], model.network.forward
    model.network.forward = lambda xt, t, c: (seen.append(c), forward(xt, t, c))[1]
    model.loss(some(n, 2), c, generator=seeded(seed))
    return seen[0]


def test_a_share_of_the_conditions_is_dropped_each_example_for_itself():
    n = 4000
    c = some(n, 3) + 5  # no zeros
    for drop in (0.0, 0.1, 0.6, 1.0):
        heard = heard_by(small(drop=drop), c, n)
        silent = (heard == 0).all(1)
        assert torch.equal(heard[~silent], c[~silent])  # a condition is dropped whole or not at all
        error = math.sqrt(drop * (1 - drop) / n)
        assert abs(silent.double().mean().item() - drop) <= 5 * error
    first, second = (heard_by(small(drop=0.5), c, n, seed) for seed in (0, 1))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("target", ["eps", "x0", "v"])
def test_the_loss_is_the_squared_error_of_what_the_network_answered(target):
    """From what the network was asked, the noise follows, and from that what it should answer."""
    model, x, c = small(drop=0.4, target=target), some(40, 2), KINDS[torch.arange(40) % 3]
    asked, forward = [], model.network.forward
    model.network.forward = lambda xt, t, c: (asked.append((xt, t, c)), forward(xt, t, c))[1]
    got = model.loss(x, c, generator=seeded())["loss"]
    ((xt, t, heard),) = asked
    eps = SCHEDULE.noise_from_data(xt, t, x)
    goal = {"eps": eps, "x0": x, "v": SCHEDULE.velocity(x, t, eps)}[target]
    want = (forward(xt, t, heard) - goal).square().sum(1).mean()
    torch.testing.assert_close(got, want)
    assert 0 < (heard == 0).all(1).sum() < 40
    assert len(t.unique()) > 10
    assert abs(eps.mean()) < 0.4
    assert 0.7 < eps.std() < 1.3


def test_a_model_that_is_told_nothing_learns_all_the_same():
    heard = heard_by(small(drop=0.0), None, 7)
    assert torch.equal(heard, torch.zeros(7, 3, dtype=torch.float64))


def test_conditions_may_be_whole_numbers():
    model = small(drop=0.0)
    c = torch.eye(3, dtype=torch.long)
    assert torch.equal(heard_by(model, c, 3), KINDS)
    a, b = (small().denoise(some(3, 2), 5, v)[0] for v in (c, KINDS))
    assert torch.equal(a, b)


def test_what_makes_no_sense_is_refused():
    for options, message in (
        ({"drop": -0.1}, "drop is a share of the conditions, 0 to 1, got -0.1"),
        ({"drop": 1.1}, "0 to 1, got 1.1"),
        ({"c_dim": 0}, "a condition has one number or more, got c_dim = 0"),
        ({"target": "noise"}, "target is one of"),
    ):
        with pytest.raises(ValueError, match=message):
            small(**options)
    model, x = small(), some(4, 2)
    for c in (torch.zeros(4), torch.zeros(3, 3), torch.zeros(4, 2), torch.zeros(1, 3)):
        for call in (lambda c=c: model.loss(x, c), lambda c=c: model.denoise(x, 3, c)):
            with pytest.raises(ValueError, match=r"conditions are \(4, 3\), got"):
                call()


# -------------------------------------------------------------------------------- samplers


class OneLine(nn.Module):
    """x = y + noise of variance s2, y from N(0, 1): told y as c = (y, 1), or told nothing."""

    def __init__(self, schedule, s2: float):
        super().__init__()
        self.schedule, self.s2 = schedule, s2

    def forward(self, xt, t, c):
        kept = self.schedule.at(self.schedule.alpha_bar, t, xt)
        variance = self.s2 + 1 - c[:, 1:]
        gain = kept.sqrt() * variance / (kept * variance + 1 - kept)
        return c[:, :1] + gain * (xt - kept.sqrt() * c[:, :1])


def chain_by_hand(schedule, s2: float, y: float, w: float) -> tuple[float, float]:
    """Mean and variance of x_0 at the end of a guided chain: every step is a line plus noise."""
    kept, mean, variance = schedule.alpha_bar.numpy(), 0.0, 1.0
    for t in range(schedule.steps, 0, -1):
        slopes, shifts = [], []
        for center, v in ((y, s2), (0.0, 1 + s2)):
            gain = np.sqrt(kept[t]) * v / (kept[t] * v + 1 - kept[t])
            slopes.append(gain)
            shifts.append(center * (1 - gain * np.sqrt(kept[t])))
        a = (1 + w) * slopes[0] - w * slopes[1]
        b = (1 + w) * shifts[0] - w * shifts[1]
        alpha = kept[t] / kept[t - 1]
        to_x0 = np.sqrt(kept[t - 1]) * (1 - alpha) / (1 - kept[t])
        to_xt = np.sqrt(alpha) * (1 - kept[t - 1]) / (1 - kept[t])
        noise = (1 - alpha) * (1 - kept[t - 1]) / (1 - kept[t])
        mean = to_x0 * (a * mean + b) + to_xt * mean
        variance = (to_x0 * a + to_xt) ** 2 * variance + noise
    return mean, variance


def tilted(s2: float, y: float, w: float) -> tuple[float, float]:
    """Mean and variance of p(x | y)^(1+w) / p(x)^w, normalised."""
    precision = (1 + w) / s2 - w / (1 + s2)
    return (1 + w) * y / s2 / precision, 1 / precision


@pytest.mark.parametrize("weight", [-1.0, 0.0, 0.5, 3.0])
def test_samples_are_those_of_the_chain_worked_out_by_hand(weight):
    schedule, s2, y, n = cosine_schedule(40), 0.5, 1.2, 40_000
    model = GuidedDiffusion(
        OneLine(schedule, s2), (1,), schedule, c_dim=2, weight=weight, target="x0"
    )
    x = model.sample(n, torch.tensor([[y, 1.0]]).expand(n, 2), generator=seeded(1))
    mean, variance = chain_by_hand(schedule, s2, y, weight)
    assert x.mean().item() == pytest.approx(mean, abs=5 * math.sqrt(variance / n))
    assert x.var().item() == pytest.approx(variance, rel=5 * math.sqrt(2 / n))


def test_guidance_goes_further_and_spreads_less_but_not_as_the_tilted_density():
    """In the limit of many steps w = 0 is exact; every larger w ends elsewhere than its target."""
    schedule, s2, y = cosine_schedule(4000), 0.5, 1.2
    ends = {w: chain_by_hand(schedule, s2, y, w) for w in (-1.0, 0.0, 0.5, 1.0, 3.0)}
    assert ends[0.0] == pytest.approx((y, s2), rel=0.01)
    assert ends[-1.0] == pytest.approx((0, 1 + s2), rel=0.01, abs=0.01)
    means, variances = zip(*ends.values(), strict=True)
    assert list(means) == sorted(means)
    assert list(variances) == sorted(variances, reverse=True)
    for w in (0.5, 1.0, 3.0):
        mean, variance = tilted(s2, y, w)
        assert abs(ends[w][0] - mean) > 0.05 * mean or abs(ends[w][1] - variance) > 0.05 * variance


def test_every_sampler_is_told_the_class_and_hears_the_dial():
    n = 600
    c, known = KINDS[0].expand(n, 3), torch.tensor([True, False])
    x = torch.tensor([[0.2, 0.0]], dtype=torch.float64).expand(n, 2)
    for draw in (
        lambda model, c: model.sample(n, c, generator=seeded(1)),
        lambda model, c: model.ddim(n, c, steps=10, generator=seeded(1)),
        lambda model, c: model.complete(x, known, c, generator=seeded(1)),
    ):
        free, plain, strong = (
            draw(model, given)[:, 1].std()
            for model, given in ((knowing(), None), (knowing(), c), (knowing(4.0), c))
        )
        assert plain < 0.7 * free
        assert strong < 0.97 * plain


def test_the_bound_of_an_exact_model_lies_below_the_density_of_its_class():
    n = 3000
    gaussian = MultivariateNormal(torch.tensor(MEANS[0]), torch.tensor(COVARIANCES[0]))
    x = gaussian.mean + some(n, 2, seed=3) @ gaussian.scale_tril.T
    told, untold, wrong = (
        knowing().elbo(x, c, variance="beta", generator=seeded(4)).mean()
        for c in (KINDS[0].expand(n, 3), None, KINDS[1].expand(n, 3))
    )
    density = gaussian.log_prob(x).mean()
    assert density - 0.5 < told < density
    assert wrong < untold < told - 0.3


@pytest.mark.slow
def test_one_trained_network_is_both_models():
    """Two blobs: told it finds each, untold both; the dial leads away from the other."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TimeMLP(1, width=48, c_dim=2)
    model = GuidedDiffusion(
        network, (1,), cosine_schedule(30), c_dim=2, drop=0.2, target="v", average=0.99
    )
    kinds = torch.arange(1000) % 2
    x = (2 * kinds[:, None] - 1) * 0.8 + 0.5 * torch.randn(1000, 1, generator=seeded())
    for lr in (1e-2, 2e-3):
        fit(
            model, x, c=torch.eye(2)[kinds], epochs=20, batch_size=100, lr=lr, generator=seeded(),
            progress=False,
        )  # fmt: skip
    c = torch.tensor([[0.0, 1.0]]).expand(2000, 2)
    told, untold = (model.sample(2000, given, generator=seeded(1)) for given in (c, None))
    assert told.mean().item() == pytest.approx(0.8, abs=0.1)
    assert told.std().item() == pytest.approx(0.5, abs=0.1)
    assert untold.mean().item() == pytest.approx(0, abs=0.15)
    assert untold.std().item() == pytest.approx(math.hypot(0.8, 0.5), abs=0.1)
    model.weight = 3.0
    guided = model.sample(2000, c, generator=seeded(1))
    assert guided.mean() > told.mean() + 0.1
    assert (guided > 0).float().mean() > (told > 0).float().mean()
