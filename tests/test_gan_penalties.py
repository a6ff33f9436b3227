"""Penalties on functions whose slopes are known; spectral norms against numpy and torch."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from lib import gan_penalties
from lib.gan_nets import DCDiscriminator, MLPDiscriminator
from lib.gan_penalties import PENALTIES, SpectralNorm, gradient_penalty, r1, slope, spectral_norm
from tests.family_models import seeded

W = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)  # length 13
A = torch.tensor([[2.0, 1.0, 0.0], [1.0, -3.0, 0.5], [0.0, 0.5, 1.0]], dtype=torch.float64)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def line(x: torch.Tensor) -> torch.Tensor:
    return (x @ W)[:, None]


def bowl(x: torch.Tensor) -> torch.Tensor:
    """Its gradient at x is A x."""
    return (0.5 * (x @ A * x).sum(1))[:, None]


def network(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()


# ----------------------------------------------------------------------- known slopes


def test_slope_of_a_line_and_of_a_bowl():
    x = some(6, 3)
    torch.testing.assert_close(slope(line, x), torch.full((6,), 13.0, dtype=torch.float64))
    torch.testing.assert_close(slope(bowl, x), (x @ A).norm(dim=1))


def test_slope_of_pictures_is_that_of_all_their_pixels():
    weight, x = some(2, 4, 4, seed=1), some(5, 2, 4, 4)
    got = slope(lambda v: (v**2 * weight).sum((1, 2, 3)), x)
    want = [2 * math.sqrt(((row * weight) ** 2).sum()) for row in x]
    torch.testing.assert_close(got, torch.tensor(want, dtype=torch.float64))


def test_slope_of_a_network_is_that_of_finite_differences():
    net, x, step = network(), some(4, 3), 1e-5
    sides = [(net(x + step * e) - net(x - step * e)) / (2 * step) for e in torch.eye(3).double()]
    want = torch.cat(sides, dim=1).norm(dim=1)
    torch.testing.assert_close(slope(net, x), want, atol=1e-8, rtol=0)


def test_r1_is_half_the_mean_squared_slope_at_the_data():
    x, nowhere = some(6, 3), torch.full((6, 3), math.nan)
    assert r1(line, x, nowhere, None).item() == pytest.approx(169 / 2)
    want = 0.5 * ((x @ A) ** 2).sum(1).mean()
    torch.testing.assert_close(r1(bowl, x, nowhere, None), want)


def test_the_gradient_penalty_of_a_line_is_its_excess_slope_squared():
    real, fake = some(6, 3), some(6, 3, seed=1)
    assert gradient_penalty(line, real, fake, seeded()).item() == pytest.approx(144)
    flat = gradient_penalty(lambda x: line(x) / 13, real, fake, seeded())
    assert flat.item() == pytest.approx(0, abs=1e-20)
    still = gradient_penalty(lambda x: 0 * line(x), real, fake, seeded())
    assert still.item() == 1


def test_the_gradient_penalty_looks_at_one_point_between_each_pair():
    real, fake = some(6, 1, 3), 5 + some(6, 1, 3, seed=1)
    got = gradient_penalty(lambda x: bowl(x[:, 0]), real, fake, seeded(4))
    share = torch.rand(6, generator=seeded(4), dtype=torch.float64)
    terms = []
    for u, a, b in zip(share, real[:, 0], fake[:, 0], strict=True):
        point = u * a + (1 - u) * b
        terms.append(((point @ A).norm() - 1) ** 2)
    torch.testing.assert_close(got, torch.stack(terms).mean())


def test_points_between_lie_evenly_on_the_way():
    seen = []
    real, fake = torch.zeros(20_000, 1), torch.ones(20_000, 1)
    gradient_penalty(lambda x: (seen.append(x.detach()), x)[1], real, fake, seeded())
    (points,) = seen
    assert points.min() >= 0
    assert points.max() <= 1
    counts = torch.histc(points, 10, 0, 1)
    assert (counts - 2000).abs().max() < 4 * math.sqrt(20_000 * 0.09)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_can_be_learned_from(name):
    """Their gradient in the weights, a derivative of a derivative, by finite differences."""
    net, real, fake = network(1), some(4, 3), some(4, 3, seed=1)

    def value(weight: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            net[0].weight.copy_(weight)
        return PENALTIES[name](net, real, fake, seeded(2))

    weight, step = net[0].weight.detach().clone(), 1e-5
    value(weight).backward()
    got = net[0].weight.grad.clone()
    for i, j in ((0, 0), (2, 1), (4, 2)):
        nudge = torch.zeros_like(weight)
        nudge[i, j] = step
        want = (value(weight + nudge) - value(weight - nudge)) / (2 * step)
        assert got[i, j].item() == pytest.approx(want.item(), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_leave_the_generator_alone_and_survive_flat_places(name):
    real, fake = some(4, 3), some(4, 3, seed=1).requires_grad_()
    net = network()
    PENALTIES[name](net, real, fake, seeded()).backward()
    assert fake.grad is None
    flat = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).double()
    nn.init.constant_(flat[0].bias, -1e3)  # no unit is awake: the gradient is exactly zero
    PENALTIES[name](flat, real, fake, seeded()).backward()
    assert all(torch.isfinite(p.grad).all() for p in flat.parameters() if p.grad is not None)
    with torch.no_grad():
        assert torch.isfinite(PENALTIES[name](net, real, fake, seeded()))


# ---------------------------------------------------------------------- spectral norm


def layers() -> dict[str, nn.Module]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return {
            "wide": nn.Linear(9, 4).double(),
            "tall": nn.Linear(3, 8).double(),
            "conv": nn.Conv2d(3, 6, 4, stride=2, padding=1).double(),
        }


@pytest.mark.parametrize("name", layers())
def test_the_weight_is_divided_by_its_largest_singular_value(name):
    layer = layers()[name]
    weight = layer.weight.detach().numpy().copy()
    want = weight / np.linalg.svd(weight.reshape(len(weight), -1), compute_uv=False)[0]
    spectral_norm(layer)
    np.testing.assert_allclose(layer.weight.detach(), want, rtol=1e-12)
    layer.eval()
    np.testing.assert_allclose(layer.weight.detach(), want, rtol=1e-12)


@pytest.mark.parametrize("name", layers())
def test_it_agrees_with_torch_step_by_step(name):
    """From the same vectors, while the weight changes: values and gradients of both."""
    ours, theirs = spectral_norm(layers()[name]), parametrizations.spectral_norm(layers()[name])
    mine, peer = ours.parametrizations.weight[0], theirs.parametrizations.weight[0]
    with torch.no_grad():
        peer._u.copy_(mine.u)
        peer._v.copy_(mine.v)
    for seed in range(4):
        nudge = 0.3 * some(*ours.parametrizations.weight.original.shape, seed=seed)
        for layer in (ours, theirs):
            layer.parametrizations.weight.original.data += nudge
            layer.zero_grad()
            (layer.weight * some(*nudge.shape, seed=9)).sum().backward()
        torch.testing.assert_close(mine.u, peer._u)
        got, want = (v.parametrizations.weight.original.grad for v in (ours, theirs))
        torch.testing.assert_close(got, want)
        for layer in (ours.eval(), theirs.eval()):
            layer.weight  # noqa: B018
        torch.testing.assert_close(ours.weight, theirs.weight)
        ours.train(), theirs.train()


def test_its_gradient_is_that_of_the_exact_norm():
    layer, pattern = nn.Linear(5, 4).double(), some(4, 5, seed=8)
    exact = layer.weight.detach().clone().requires_grad_()
    (exact / torch.linalg.matrix_norm(exact, ord=2) * pattern).sum().backward()
    spectral_norm(layer)
    (layer.weight * pattern).sum().backward()
    torch.testing.assert_close(layer.parametrizations.weight.original.grad, exact.grad)


def test_iteration_follows_a_new_weight_in_training_only():
    layer = spectral_norm(nn.Linear(7, 6).double())
    layer.parametrizations.weight.original.data = 5 * some(6, 7)

    def norm() -> float:
        return torch.linalg.matrix_norm(layer.weight.detach(), ord=2).item()

    layer.eval()
    stale = norm()
    assert stale != pytest.approx(1, abs=0.1)
    assert norm() == stale
    layer.train()
    for _ in range(300):
        layer.weight  # noqa: B018
    assert norm() == pytest.approx(1, abs=1e-9)
    sharp, slow = (spectral_norm(nn.Linear(7, 6).double(), steps) for steps in (300, 1))
    for other in (sharp, slow):
        other.parametrizations.weight.original.data = 5 * some(6, 7)
    errors = [
        abs(torch.linalg.matrix_norm(v.weight.detach(), ord=2).item() - 1) for v in (sharp, slow)
    ]
    assert errors[0] < 1e-9 < 1e-3 < errors[1]


def test_a_weight_whose_columns_cancel_has_a_norm_too():
    """All ones, a common start of the iteration, is orthogonal to this weight."""
    layer = nn.Linear(2, 2).double()
    layer.weight.data = torch.tensor([[1.0, 2.0], [-1.0, -2.0]], dtype=torch.float64)
    spectral_norm(layer)
    torch.testing.assert_close(layer.weight.norm(), torch.tensor(1.0, dtype=torch.float64))


def test_a_dense_discriminator_becomes_1_lipschitz():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MLPDiscriminator((4,), (32, 32)).double()
    for p in net.parameters():
        p.data *= 5
    a, b = some(500, 4), some(500, 4, seed=1)
    apart = (a - b).norm(dim=1)
    assert ((net(a) - net(b)).abs()[:, 0] / apart).max() > 1
    spectral_norm(net)
    assert ((net(a) - net(b)).abs()[:, 0] / apart).max() <= 1
    assert slope(net, a).max() <= 1


def test_a_convolution_is_bounded_by_the_overlap_of_its_patches():
    """Kernel 4, stride 2: a pixel lies in 4 patches, so the slope is at most 2, not 1."""
    x = torch.zeros(8 * 8, dtype=torch.float64)

    def norm(layer: nn.Module) -> float:
        matrix = torch.autograd.functional.jacobian(
            lambda v: layer(v.reshape(1, 1, 8, 8)).flatten(), x
        )
        return torch.linalg.matrix_norm(matrix, ord=2).item()

    conv = layers()["conv"]
    conv = nn.Conv2d(1, 6, 4, stride=2, padding=1, bias=False).double()
    nn.init.ones_(conv.weight)
    assert 1.5 < norm(spectral_norm(conv)) <= 2
    for seed in range(3):
        conv.parametrizations.weight.original.data = some(6, 1, 4, 4, seed=seed)
        for _ in range(100):
            conv.weight  # noqa: B018
        assert norm(conv) <= 2 + 1e-9


def test_normalised_networks_are_saved_copied_and_differentiated_twice():
    net = spectral_norm(DCDiscriminator((8, 8), (4, 8)).double())
    x = some(5, 8, 8)
    for _ in range(3):
        net(x)
    net.eval()
    fresh = spectral_norm(DCDiscriminator((8, 8), (4, 8)).double()).eval()
    assert not torch.equal(fresh(x), net(x))
    fresh.load_state_dict(net.state_dict())
    assert torch.equal(fresh(x), net(x))
    assert torch.equal(copy.deepcopy(net)(x), net(x))
    net.train()
    (r1(net, x, x, None) + net(x).mean()).backward()
    originals = [p for name, p in net.named_parameters() if name.endswith("original")]
    assert len(originals) == 3
    assert all(p.grad.abs().sum() > 0 for p in originals)


def test_wrong_requests_say_what_is_wrong():
    normalised = spectral_norm(nn.Linear(2, 3))
    for make, message in (
        (lambda: spectral_norm(normalised), "not normalised before"),
        (lambda: spectral_norm(nn.ReLU()), "with Linear or Conv2d layers"),
        (lambda: spectral_norm(nn.Linear(2, 3), steps=0), "1 step or more, got 0"),
        (lambda: SpectralNorm(torch.zeros(2, 3)), "a weight of zeros"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    assert set(gan_penalties.PENALTIES) == {"r1", "gradient"}
