"""What noise leaves of the data, against integrals, counting, linear algebra and known limits."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import Independent, Normal, kl_divergence

from lib import destruction
from lib.datasets.toys import Mixture
from lib.noise_schedule import NoiseSchedule, linear_schedule
from lib.pca import fit_pca

BUMPS = Mixture([0.3, 0.5, 0.2], [-2.0, 0.5, 3.0], [0.5, 0.8, 0.4])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def moments(mixture: Mixture) -> tuple[float, float]:
    """Mean and variance by quadrature."""
    at = np.linspace(-30, 30, 60_001)
    p = mixture.density(at)
    mean = integrate.simpson(at * p, x=at)
    return mean, integrate.simpson((at - mean) ** 2 * p, x=at)


# ------------------------------------------------------------------------------------- chains


def test_a_chain_is_the_schedules_steps_with_fresh_noise():
    schedule, x0 = linear_schedule(30), some(3, 2)
    chain = list(destruction.run_chain(schedule, x0, seeded(5)))
    assert len(chain) == 31
    state, x = seeded(5), x0
    for t in range(1, 31):
        x = schedule.step(x, t, torch.randn(3, 2, generator=state, dtype=torch.float64))
        torch.testing.assert_close(chain[t], x)
    torch.testing.assert_close(chain[0], x0)


def test_rules_settle_where_their_recursions_do():
    schedule, x0 = NoiseSchedule([0.1] * 300), some(8_000)
    ends = []
    for rule in destruction.RULES.values():
        *_, x = destruction.run_chain(schedule, x0, seeded(6), rule)
        ends.append(x.var().item())
    fixed = [1, 1 + 300 * 0.1, 0.1 / (1 - 0.9**2), 0.01 / (1 - 0.9**2)]
    np.testing.assert_allclose(ends, fixed, rtol=0.09)


def test_the_first_rule_is_the_schedules():
    schedule, x0 = NoiseSchedule([0.1, 0.5]), some(4, 2)
    rule = next(iter(destruction.RULES.values()))
    pair = (destruction.run_chain(schedule, x0, seeded(1), r) for r in (None, rule))
    for a, b in zip(*pair, strict=True):
        torch.testing.assert_close(a, b)


def test_differences_are_counted_in_standard_errors():
    sets = [some(400, 500, seed=k) for k in (0, 1)]
    off = destruction.in_standard_errors(*sets)
    assert off.shape == (2, 500)
    for numbers in off:  # 500 independent standard normal numbers, nearly
        assert stats.kstest(numbers, stats.norm.cdf).pvalue > 1e-3
    wide = destruction.in_standard_errors(sets[0] + 1, 2 * sets[1])
    assert (wide[0] > 5).all()
    assert (wide[1] < -5).all()
    with pytest.raises(ValueError, match="one size"):
        destruction.in_standard_errors(some(3, 1), some(4, 1))


# --------------------------------------------------------------------------- densities on a line


def test_standardised_has_mean_zero_and_variance_one():
    np.testing.assert_allclose(moments(destruction.standardised(BUMPS)), (0, 1), atol=1e-8)
    x = np.linspace(-2, 2, 9)
    mean, variance = moments(BUMPS)
    same_shape = math.sqrt(variance) * BUMPS.density(mean + math.sqrt(variance) * x)
    np.testing.assert_allclose(destruction.standardised(BUMPS).density(x), same_shape, rtol=1e-7)


@pytest.mark.parametrize("kept", [0.9, 0.3, 1e-4])
def test_melted_is_the_integral_over_the_data(kept):
    at = np.linspace(-12, 12, 24_001)
    for x in (-1.5, 0.0, 2.0):
        leap = stats.norm.pdf(x, math.sqrt(kept) * at, math.sqrt(1 - kept))
        value = integrate.simpson(leap * BUMPS.density(at), x=at)
        assert destruction.melted(BUMPS, kept).density(x) == pytest.approx(value, rel=1e-6)


def test_nats_from_normal_of_one_gaussian_and_of_many_draws():
    one = Mixture([1.0], [0.7], [0.4])
    want = kl_divergence(Normal(0.7, 0.4), Normal(0.0, 1.0)).item()
    assert destruction.nats_from_normal(one) == pytest.approx(want, rel=1e-6)
    bumps = destruction.standardised(BUMPS)
    x = bumps.sample(200_000, np.random.default_rng(0))
    ratio = bumps.log_prob(x) - stats.norm.logpdf(x)
    error = ratio.std() / math.sqrt(len(x))
    assert abs(destruction.nats_from_normal(bumps) - ratio.mean()) < 5 * error


# ----------------------------------------------------------------------- information in pictures


def test_nats_left_is_torchs_divergence():
    x0 = some(7, 3, 2)
    for kept in (0.9, 0.1, 1e-6):
        q = Independent(Normal(math.sqrt(kept) * x0, math.sqrt(1 - kept)), 2)
        p = Independent(Normal(torch.zeros_like(x0), 1.0), 2)
        want = kl_divergence(q, p).mean().item()
        assert destruction.nats_left(x0, kept) == pytest.approx(want, rel=1e-6, abs=1e-13)
    assert destruction.nats_left(x0.float(), 0.1) == pytest.approx(
        destruction.nats_left(x0, 0.1), rel=1e-6
    )


def test_which_example_is_bayes_rule_with_torchs_gaussian():
    xt, examples, kept = some(4, 2, 3), some(6, 2, 3, seed=1), 0.4
    logs = torch.stack(
        [Normal(kept**0.5 * e, (1 - kept) ** 0.5).log_prob(xt).sum((1, 2)) for e in examples], 1
    )
    want = torch.softmax(logs, 1)
    torch.testing.assert_close(destruction.which_example(xt, examples, kept), want)


def test_groups_add_up_their_members():
    shares = torch.tensor([[0.4, 0.3, 0.3], [0.5, 0.1, 0.4]])
    assert destruction.group_of(shares, torch.tensor([0, 1, 1])).tolist() == [1, 0]


def test_a_level_is_judged_by_nearness_and_frequency():
    levels, kept = torch.tensor([-1.0, 0.0, 1.0]).double(), 0.8
    frequency = torch.tensor([0.7, 0.2, 0.1]).double()
    xt = torch.linspace(-2, 2, 41).double().reshape(1, 41)
    parts = [
        w * Normal(kept**0.5 * v, (1 - kept) ** 0.5).log_prob(xt).exp()
        for v, w in zip(levels, frequency, strict=True)
    ]
    want = torch.stack(parts).argmax(0)
    np.testing.assert_array_equal(destruction.which_level(xt, levels, frequency, kept), want)


def test_noisy_is_the_leap():
    x = some(3, 2)
    eps = torch.randn(3, 2, generator=seeded(2), dtype=torch.float64)
    schedule = NoiseSchedule([0.3])
    got = destruction.noisy(x, 0.7, seeded(2))
    torch.testing.assert_close(got, schedule.diffuse(x, 1, eps))


@pytest.fixture(scope="module")
def pictures():
    """Pictures of 6 x 6 pixels at 17 levels: two classes apart in their mean, fine noise."""
    g = seeded(3)
    y = torch.randint(2, (300,), generator=g)
    x = 0.5 * (2 * y[:, None, None] - 1) + 0.25 * torch.randn(300, 6, 6, generator=g)
    x = (x.clamp(-1, 1) * 8).round() / 8
    return x[:200], y[:200], x[200:], y[200:]


def test_survival_starts_full_and_ends_at_chance(pictures):
    x, y, new, new_y = pictures
    found = destruction.survival(x, y, new, new_y, [1 - 1e-6, 1e-6], seeded())
    start, end = zip(found.levels, found.example, found.group, strict=True)
    assert min(start) > 0.99
    commonest = x.unique(return_counts=True)[1].max() / x.numel()
    assert end[0] == pytest.approx(commonest.item(), abs=0.06)
    assert end[1] < 0.05
    assert abs(end[2] - 0.5) < 0.25


def test_read_judges_noisy_pictures(pictures):
    x, y, new, new_y = pictures
    seen, share = destruction.read(x, y, new, new_y, 0.5, seeded(4))
    torch.testing.assert_close(seen, destruction.noisy(new, 0.5, seeded(4)))
    p = destruction.which_example(seen, x, 0.5)
    ones = (p[:, y == 1].sum(1) > 0.5).long()
    assert share == pytest.approx((ones == new_y).float().mean().item())
    assert share > 0.9


def test_half_lost_interpolates():
    def share(log_snr):
        return 1 / (1 + math.exp(-log_snr))

    kept = [share(4), share(2), share(-2)]
    assert destruction.half_lost(kept, [1.0, 0.75, 0.25], 0.0) == pytest.approx(0.0)
    assert destruction.half_lost(kept, [1.0, 0.9, 0.5], 0.5) == pytest.approx(0.5)
    for right in ([0.4, 0.3, 0.2], [1.0, 0.9, 0.8]):
        with pytest.raises(ValueError, match="half-way"):
            destruction.half_lost(kept, right, 0.0)


def test_scales_are_lost_from_fine_to_coarse():
    """Of numbers on an even ladder, groups four times finer go at a variance 16 times less."""
    x = torch.linspace(-1.7, 1.7, 2048).double()[torch.randperm(2048, generator=seeded())][:, None]
    rank = x[:, 0].argsort().argsort().numpy()
    groupings = {"4": rank // 512, "16": rank // 128, "64": rank // 32}
    kept = (1 / (1 + np.exp(-np.arange(16.0, -8.0, -1)))).tolist()
    lost = destruction.scales_lost(x, groupings, kept, seeded(1))
    assert lost["64"] - lost["16"] == pytest.approx(math.log(16), abs=0.7)
    assert lost["16"] > lost["4"] + 1


# ------------------------------------------------------------------------------------ directions


def test_linear_guess_is_the_conditional_mean_of_a_gaussian():
    x = np.random.default_rng(1).normal(size=(50, 3)) @ np.diag([2.0, 0.6, 0.1]) + [1, 0, -1]
    cov, mean, xt = np.cov(x.T, bias=True), x.mean(0), some(4, 3).numpy()
    for kept in (0.95, 0.3, 1e-3):
        joint = math.sqrt(kept) * cov @ np.linalg.inv(kept * cov + (1 - kept) * np.eye(3))
        want = mean + (xt - math.sqrt(kept) * mean) @ joint.T
        got = destruction.linear_guess(fit_pca(x), xt, kept)
        np.testing.assert_allclose(got, want, atol=1e-10)


def test_linear_guess_at_the_ends():
    x = np.random.default_rng(1).normal(size=(50, 3))
    pca = fit_pca(x)
    np.testing.assert_allclose(destruction.linear_guess(pca, x[:4], 1 - 1e-9), x[:4], atol=1e-4)
    mean = np.tile(x.mean(0), (4, 1))
    np.testing.assert_allclose(destruction.linear_guess(pca, x[:4], 1e-12), mean, atol=1e-4)


def test_frequencies_of_plain_waves():
    """Pictures that vary in one wave of k half turns have their variance at frequency k / 2."""
    side, middle = 16, (np.arange(16) + 0.5) / 16
    for k in (0, 3, 9):
        wave = np.cos(np.pi * k * middle)
        height = np.random.default_rng(k).normal(size=40)
        pictures = height[:, None, None] * np.tile(wave, (side, 1))
        at, variance = destruction.frequency_variances(pictures)
        assert variance.argmax() == k
        assert at[variance.argmax()] == k / 2
        assert np.delete(variance, k).max() < 1e-20 * variance.max() + 1e-12


def test_frequencies_of_noise_are_even():
    x = np.random.default_rng(0).normal(size=(4000, 8, 8))
    _, variance = destruction.frequency_variances(x)
    np.testing.assert_allclose(variance, 1, atol=0.1)
    with pytest.raises(ValueError, match="square"):
        destruction.frequency_variances(np.zeros((3, 4, 5)))


@pytest.mark.parametrize("kept", [0.0, 1.0, -0.2, 1.1])
def test_bar_alpha_is_a_share(kept):
    x = some(2, 2)
    calls = [
        lambda: destruction.melted(BUMPS, kept),
        lambda: destruction.nats_left(x, kept),
        lambda: destruction.which_example(x, x, kept),
        lambda: destruction.which_level(x, x[0], x[0].abs(), kept),
        lambda: destruction.linear_guess(fit_pca(np.eye(3)), np.eye(3), kept),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="share of variance"):
            call()
