"""Judges of a generator, walks and codes against cases whose answer is known."""

import numpy as np
import pytest
import torch
from torch import nn

from lib import gan_pictures as forger
from lib.datasets import load
from lib.gan import GAN
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.train import fit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(seed: int = 0) -> GAN:
    torch.manual_seed(seed)
    g, d = MLPGenerator(3, (8,), (8, 8), bounded=True), MLPDiscriminator((8, 8), (8,))
    return GAN(g, d, 3, penalty="r1", average=0.5)


class Plane(nn.Module):
    """G(z) = z A^T: the code of a picture is known by linear algebra."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.randn(6, 2, generator=seeded(), dtype=torch.float64))

    def forward(self, z):
        return z @ self.a.T


def linear_gan() -> GAN:
    return GAN(Plane(), nn.Linear(6, 1, dtype=torch.float64), 2)


def test_class_shares_count_digits():
    data = load("digits").test
    found = forger.class_shares(data.x)
    np.testing.assert_allclose(found, np.bincount(data.y) / len(data.y), atol=0.01)
    np.testing.assert_allclose(forger.class_shares(data.x[data.y == 4])[4], 1, atol=0.05)


def test_seen_classes_agree_with_draws():
    shares, rng = np.array([0.5, 0.45, 0.05]), np.random.default_rng(0)
    drawn = rng.choice(3, size=(20_000, 12), p=shares)
    seen = np.mean([len(set(row)) for row in drawn.tolist()])
    assert abs(forger.seen_classes(shares, 12) - seen) < 0.02
    assert forger.seen_classes(np.full(10, 0.1), 1) == pytest.approx(1)
    with pytest.raises(ValueError, match="sum to 1"):
        forger.seen_classes([0.5, 0.6], 3)


def test_forgeries_have_the_faults_that_they_are_named_after():
    data = load("digits").train
    made = forger.forgeries(data.x, data.y, 300, np.random.default_rng(0))
    flat = {name: v.reshape(300, -1) for name, v in made.items()}
    real = {row.tobytes() for row in data.x.reshape(len(data.x), -1)}
    for name in ("copies", "no ones", "one a class"):
        assert all(row.tobytes() in real for row in flat[name])
    ones = {row.tobytes() for row in data.x[data.y == 1].reshape(-1, 64)}
    assert not any(row.tobytes() in ones for row in flat["no ones"])
    assert len(np.unique(flat["one a class"], axis=0)) == 10
    assert len(np.unique(flat["copies"], axis=0)) > 200
    rough = [np.abs(np.diff(made[name], axis=2)).mean() for name in ("copies", "blurred")]
    assert rough[1] < 0.8 * rough[0]
    np.testing.assert_allclose(made["blurred"].mean(), made["copies"].mean(), rtol=0.05)


def test_judge_adds_the_smallest_share():
    data = load("digits").train
    some = data.x[data.y != 7][:200]
    found = forger.judge(some)
    assert found["rarest class"] == forger.class_shares(some).min() < 0.03
    assert found["nearest"] == pytest.approx(0, abs=1e-6)
    assert list(found)[-1] == "rarest class"


def test_watching_changes_nothing():
    """Weights after two watched stages are those of two plain trainings in a row."""
    x, options = torch.rand(40, 8, 8, generator=seeded()), {"batch_size": 16}
    watched, plain = small(), small()
    z = watched.noise(5, seeded(1))
    stages, g = ((4, 1e-2), (3, 1e-3)), seeded(2)
    shots = forger.watch(watched, x, z, stages=stages, every=2, generator=g, **options)
    g = seeded(2)
    losses = [
        fit(plain, x, epochs=e, lr=lr, generator=g, progress=False, **options) for e, lr in stages
    ]
    for ours, theirs in zip(watched.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert [shot.epoch for shot in shots] == [2, 4, 6, 7]
    assert torch.equal(shots[-1].samples, plain.generate(z))
    assert not torch.equal(shots[-1].samples, shots[0].samples)
    assert shots[1].d_loss == pytest.approx(np.mean(losses[0]["d_loss"][6:]))
    assert shots[3].g_loss == pytest.approx(np.mean(losses[1]["g_loss"][6:]))
    assert "optimizers" not in vars(watched)


def test_snapshot_shows_grey_values():
    shot = forger.Snapshot(1, torch.tensor([-1.0, 0.0, 1.0, 3.0]), 1.0, 2.0)
    np.testing.assert_allclose(shot.pictures, [0, 0.5, 1, 1])


def test_walks_go_from_code_to_code():
    model, (a, b) = linear_gan(), torch.randn(2, 4, 2, generator=seeded(1), dtype=torch.float64)
    for path in forger.PATHS:
        way = forger.walks(model, a, b, [0.0, 0.5, 1.0], path)
        assert way.shape == (4, 3, 6)
        torch.testing.assert_close(way[:, 0], model.generate(a).detach())
        torch.testing.assert_close(way[:, 2], model.generate(b).detach())
    middle = forger.walks(model, a, b, [0.5], "line")[:, 0]
    torch.testing.assert_close(middle, model.generate((a + b) / 2).detach())
    with pytest.raises(ValueError, match="one of"):
        forger.walks(model, a, b, [0.5], "detour")


def test_codes_are_found_where_algebra_says():
    """For a linear generator the best code is the one of least squares, for any start."""
    model, x = linear_gan(), torch.randn(5, 6, generator=seeded(3), dtype=torch.float64)
    before = [p.clone() for p in model.parameters()]
    z, drawn = forger.find_codes(model, x, steps=400, lr=0.1, tries=2, generator=seeded(4))
    want = torch.linalg.lstsq(model.g.a.detach(), x.T).solution.T
    torch.testing.assert_close(z, want, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(drawn, want @ model.g.a.detach().T, atol=1e-3, rtol=1e-3)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    assert all(p.grad is None for p in model.parameters())


def test_the_best_of_several_tries_is_kept():
    """Without any step the code is the nearest of the random ones."""
    model, x = linear_gan(), torch.randn(3, 6, generator=seeded(3), dtype=torch.float64)
    z, drawn = forger.find_codes(model, x, steps=0, lr=0.1, tries=7, generator=seeded(4))
    codes = model.noise(21, seeded(4)).reshape(7, 3, 2)
    error = (model.generate(codes).detach() - x).square().sum(2)  # (7, 3)
    for k in range(3):
        assert torch.equal(z[k], codes[error[:, k].argmin(), k])
    torch.testing.assert_close(drawn, model.generate(z).detach())


@pytest.mark.parametrize("stride", [1, 2])
def test_norm_of_a_convolution_is_that_of_its_matrix(stride):
    torch.manual_seed(stride)
    conv = nn.Conv2d(2, 3, 4, stride=stride, padding=1, dtype=torch.float64)
    units = torch.eye(2 * 36, dtype=torch.float64).view(-1, 2, 6, 6)
    with torch.no_grad():
        matrix = nn.functional.conv2d(units, conv.weight, stride=stride, padding=1).flatten(1)
    want = np.linalg.svd(matrix.numpy(), compute_uv=False)[0]
    assert forger.conv_norm(conv, (6, 6), steps=2000) == pytest.approx(want, rel=1e-4)


def test_visits_are_counted_as_by_hand():
    np.testing.assert_array_equal(
        forger.visits(2, 3, 2), np.outer([1, 1, 2, 1, 1], [1, 1, 2, 1, 1])
    )
    np.testing.assert_array_equal(forger.visits(3, 2, 2), np.ones((6, 6)))
    assert forger.visits(4, 4, 2, padding=1).shape == (8, 8)


def test_normalised_critic_cannot_see_the_contrast_of_a_batch():
    torch.manual_seed(0)
    critic = forger.normalised_critic((8, 8), (4, 6)).double()
    critic[2].eps = 1e-15
    x = torch.randn(16, 8, 8, generator=seeded(), dtype=torch.float64)
    scores = critic(x)
    assert scores.shape == (16, 1)
    torch.testing.assert_close(critic(x / 2), scores)
    both = critic(torch.cat([x, x / 2]))
    assert (both[:16] - both[16:]).abs().max() > 1e-2


class Size(nn.Module):
    """Scores a picture by its size less 6, or less the mean size of the batch."""

    def __init__(self, alone: bool):
        super().__init__()
        self.alone, self.a = alone, nn.Parameter(torch.tensor(0.1))

    def forward(self, x):
        size = x.flatten(1).norm(dim=1, keepdim=True)
        return self.a * (size - (6 if self.alone else size.mean()))


def test_critics_learn_the_contrast_unless_their_batch_hides_it():
    x = torch.ones(50, 8, 8)
    for alone, apart, learns in ((False, True, False), (False, False, True), (True, True, True)):
        critic = Size(alone)
        losses = forger.tell_apart(critic, x, apart=apart, steps=40, generator=seeded())
        assert len(losses) == 40
        assert (critic.a.item() > 0.12) == learns
        if not learns:
            np.testing.assert_allclose(losses, 2 * np.log(2), rtol=1e-5)
