"""Few steps: one noise for all, arcs, sliced distances, the slip at the end, what is decided."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import nn

from lib import few_steps as few
from lib.datasets.toy_plane import circle_of_gaussians
from lib.diffusion import Diffusion
from lib.digit_features import digit_frechet
from lib.noise_schedule import cosine_schedule
from lib.pca import fit_pca


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Shrink(nn.Module):
    """An answer that depends on t: the clean data are guessed as a share of x_t."""

    def forward(self, xt, t):
        return xt / (1 + t.reshape(-1, *[1] * (xt.ndim - 1)))


class Ignorant(nn.Module):
    """A network that does not use the time."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, xt, t):
        return self.net(xt)


def toy(shape=(8, 8), steps=10) -> Diffusion:
    return Diffusion(Shrink(), shape, cosine_schedule(steps), target="x0").eval()


def test_pictures_are_shifted_and_cut():
    x = torch.tensor([-3.0, -1.0, 0.0, 0.5, 1.0, 7.0])
    np.testing.assert_allclose(few.to_pictures(x), [0, 0, 0.5, 0.75, 1, 1])


def test_all_samplers_start_from_the_same_noise_and_are_those_of_the_model():
    model = toy()
    draws = few.quality_by_steps(model, (2, 5), seeded(3), n=4)
    assert list(draws) == [("DDIM", 2), ("DDIM", 5), ("DDPM", 2), ("DDPM", 5)]
    for (name, k), draw in draws.items():
        eta = {"DDIM": 0.0, "DDPM": 1.0}[name]
        want = model.ddim(4, steps=k, eta=eta, generator=seeded(3))
        assert torch.equal(draw.samples, want)
        assert (draw.sampler, draw.steps) == (name, k)
        assert draw.seconds > 0
    assert not torch.equal(draws["DDIM", 5].samples, draws["DDPM", 5].samples)


def test_chunks_begin_with_the_same_noise_for_every_sampler():
    model = toy()
    draws = few.quality_by_steps(model, (2, 5), seeded(3), samplers=["DDIM"], n=7, chunk=3)
    for k in (2, 5):
        samples = draws["DDIM", k].samples
        assert len(samples) == 7
        assert torch.equal(samples[:3], model.ddim(3, steps=k, generator=seeded(3)))
        g = seeded(3)
        parts = [model.ddim(size, steps=k, generator=g) for size in (3, 3, 1)]
        assert torch.equal(samples, torch.cat(parts))


def test_an_unknown_sampler_is_refused():
    with pytest.raises(ValueError, match="DDIM"):
        few.quality_by_steps(toy(), (2,), seeded(), samplers=["Euler"], n=2)


@pytest.mark.slow
def test_facts_are_those_of_the_pictures():
    pictures = torch.rand(40, 8, 8, generator=seeded())
    draw = few.Draw("DDIM", 5, 2 * pictures - 1, 0.1)
    assert abs(draw.facts["Fréchet"] - digit_frechet(pictures)) < 1e-2
    np.testing.assert_allclose(draw.pictures, pictures, atol=1e-6)


@pytest.mark.slow
def test_ddim_frechet_is_that_of_ddims_samples():
    model = toy()
    want = digit_frechet(few.to_pictures(model.ddim(480, steps=2, generator=seeded(1))))
    found = few.ddim_frechet(model, seeded(1), 2)
    assert abs(found / want - 1) < 0.2  # of three times as many samples


def test_slerp_rotates_in_the_plane_of_its_ends():
    a, b = torch.randn(2, 3, 4, generator=seeded(), dtype=torch.float64)
    b = b / b.norm() * a.norm()
    shares = torch.linspace(0, 1, 7, dtype=torch.float64)
    arc = few.slerp(a, b, shares)
    torch.testing.assert_close(arc[0], a)
    torch.testing.assert_close(arc[-1], b)
    flat = arc.flatten(1)
    torch.testing.assert_close(flat.norm(dim=1), a.norm().expand(7))
    cosines = (flat[1:] * flat[:-1]).sum(1) / a.norm() ** 2  # equal shares, equal angles
    torch.testing.assert_close(cosines, cosines[:1].expand(6))
    assert torch.linalg.matrix_rank(flat) == 2


def test_slerp_needs_two_directions_of_one_shape():
    a = torch.ones(3)
    with pytest.raises(ValueError, match="same way"):
        few.slerp(a, 2 * a, [0.5])
    with pytest.raises(ValueError, match="one shape"):
        few.slerp(a, torch.ones(4), [0.5])


def test_without_time_every_step_gets_the_answer_of_step_0():
    net = few.WithoutTime(Shrink())
    x = torch.randn(5, 2, generator=seeded())
    assert torch.equal(net(x, torch.arange(5)), x)

    class Told(nn.Module):
        def forward(self, xt, t, c):
            return xt + t[:, None] + c

    assert torch.equal(few.WithoutTime(Told())(x, torch.arange(5), 2 * x), 3 * x)


def test_noise_at_the_end_has_the_beta_of_the_last_step():
    model = toy()
    clean = few.Draw("DDPM", 5, torch.zeros(4000, 8, 8), 0.0)
    wrong = few.noise_at_the_end(model, clean, seeded(1))
    # the last of 5 steps out of 10 leads from t = 2 to 0: beta = 1 - alpha_1 alpha_2
    want = 1 - (1 - model.schedule.beta[1]) * (1 - model.schedule.beta[2])
    assert abs(wrong.samples.var().item() / want.item() - 1) < 0.02
    assert (wrong.sampler, wrong.steps) == ("DDPM", 5)


def test_guesses_are_those_of_the_steps():
    model = toy((2, 2), steps=6)
    noisy, guesses = few.guesses_along(model, 3, seeded(2))
    steps = list(model.sample_steps(3, generator=seeded(2)))
    assert torch.equal(noisy, torch.stack(steps))
    assert torch.equal(guesses[-1], noisy[-1])
    for row, t in enumerate(range(6, 0, -1)):
        torch.testing.assert_close(guesses[row], noisy[row] / (1 + t))


def test_decided_is_one_at_the_end_and_splits_by_direction():
    final = 2 * torch.rand(80, 8, 8, generator=seeded()) - 1
    pca = fit_pca(final.flatten(1).numpy().astype(float), 40)
    mean = final.mean(0).expand_as(final)
    part = pca.keep(5).reconstruct(final.flatten(1).numpy().astype(float))
    part = torch.tensor(part, dtype=torch.float32).reshape(80, 8, 8)
    found = few.decided(
        torch.stack([mean, part, final]), pca, {"1-5": slice(0, 5), "6-40": slice(5, 40)}
    )
    np.testing.assert_allclose(found["1-5"], [0, 1, 1], atol=1e-4)
    np.testing.assert_allclose(found["6-40"], [0, 0, 1], atol=1e-4)
    assert found["class"][-1] == 1
    assert found["class"][0] < 1


def test_half_is_known_where_the_signal_is_as_strong_as_the_noise():
    schedule = cosine_schedule(200)
    for variance in (0.1, 1.0, 5.0):
        t = few.half_known(schedule, variance)
        kept = schedule.alpha_bar[t].item()
        # the best guess of x_0 ~ N(0, variance) explains this share of it
        share = kept * variance / (kept * variance + 1 - kept)
        assert abs(share - 0.5) < 0.01
    pca = fit_pca(np.random.default_rng(0).normal(size=(60, 8)))
    found = few.half_expected(schedule, pca, {"a": slice(0, 2), "b": slice(2, 3)})
    means = pca.variances[:2].mean(), pca.variances[2]
    assert list(found.values()) == [few.half_known(schedule, v) for v in means]


def test_half_decided_is_the_first_step_above_one_half():
    shares = {"a": np.array([0.1, 0.6, 0.7, 1.0]), "b": np.array([0.0, 0.5, 0.4, 1.0])}
    assert few.half_decided(shares) == {"a": 2, "b": 0}


def test_one_of_each_takes_classes_in_turn():
    y = np.array([1, 0, 0, 2, 1, 2, 0])
    rows = few.one_of_each(y, 2)
    assert rows.tolist() == [1, 0, 3, 2, 4, 5]
    with pytest.raises(ValueError, match="smallest class has 2"):
        few.one_of_each(y, 3)


def test_without_average_draws_with_the_last_weights():
    net = nn.Linear(2, 2)
    model = Diffusion(Ignorant(net), (2,), cosine_schedule(4), average=0.9, clip=5.0)
    nn.init.zeros_(net.weight)
    bare = few.without_average(model.eval())
    x, t = torch.randn(3, 2, generator=seeded()), 3
    by_hand = model.schedule.data_from_noise(x, t, net(x)).clamp(-5, 5)
    assert torch.allclose(bare.denoise(x, t)[0], by_hand)
    assert not torch.allclose(model.denoise(x, t)[0], by_hand)
    assert model.averaged is not None


def test_cloud_facts_are_zero_and_one_for_fresh_data():
    density = circle_of_gaussians(8)
    rng = np.random.default_rng(0)
    fresh, other, wrong = (density.sample(500, rng) for _ in range(3))
    assert few.cloud_facts(density, fresh, fresh, other) == (0.0, 1.0)
    gap, ratio = few.cloud_facts(density, wrong + 2.0, fresh, other)
    assert gap < -1
    assert ratio > 1.5


def test_sliced_distance_is_scipys_over_directions():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 2)), rng.normal(1.0, 2.0, size=(50, 2))
    assert few.sliced_distance(a, a[::-1]) < 1e-12
    shifted = few.sliced_distance(a, a + np.array([3.0, 4.0]))
    assert abs(shifted - 5 / np.sqrt(2)) < 1e-9  # mean of (5 cos)^2 is 25 / 2
    for axis in range(2):  # two directions: the axes; a root mean square is no less than the mean
        apart = wasserstein_distance(a[:, axis], b[:, axis])
        assert few.sliced_distance(a, b, 2) * np.sqrt(2) >= apart
    with pytest.raises(ValueError, match="one shape"):
        few.sliced_distance(a, b[:-1])


def test_face_judge_knows_data_from_a_gaussian():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 400)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) @ rng.normal(size=(2, 36)) * 0.1 + 0.5
    pictures = ring.reshape(400, 6, 6)
    judge = few.FaceJudge(pictures[:300], 2)
    drawn = judge.eigenfaces(100, rng)
    assert drawn.shape == (100, 6, 6)
    own, other = judge.measure(pictures[300:]), judge.measure(drawn)
    assert own["precision"] > other["precision"] + 0.3
    assert own["nearest"] < 0.5 * other["nearest"]
    scores = fit_pca(pictures[:300].reshape(300, -1), 2).encode(drawn.reshape(100, -1))
    np.testing.assert_allclose(judge._scores(drawn), scores)
