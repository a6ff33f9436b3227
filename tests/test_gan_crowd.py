"""A crowd of networks is its members: outputs, gradients, training and spectral norms agree."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lib.gan import GAN
from lib.gan_crowd import Crowd, crowd, crowd_spectral_norm, hands
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.train import fit

M = 3


def built(kind, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "g":
            return [MLPGenerator(2, (6, 5), (2,)).double() for _ in range(M)]
        return [MLPDiscriminator((2,), (6, 5)).double() for _ in range(M)]


def some(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("kind", ["g", "d"])
def test_rows_are_dealt_out_like_cards(kind):
    members, x = built(kind), some(12, 2)
    got = Crowd(members)(x)
    for r in range(12):
        torch.testing.assert_close(got[r], members[r % M](x[r : r + 1])[0])
    torch.testing.assert_close(
        hands(got, M), torch.stack([n(x[j::M]) for j, n in enumerate(members)])
    )


def test_each_asks_every_member_the_same():
    members, x = built("d"), some(5, 2)
    torch.testing.assert_close(Crowd(members).each(x), torch.stack([n(x) for n in members]))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"game": "least squares"},
        {"penalty": "r1", "weight": 0.3},
        {"game": "wasserstein", "penalty": "gradient", "weight": 0.2},
        {"game": "wasserstein", "clip": 0.05, "d_steps": 2},
        {"smooth": 0.9, "d_rate": 2.0},
    ],
)
def test_training_a_crowd_trains_each_member_alone(options, monkeypatch):
    """With the same rows, latents and points in between, every weight ends where it would."""
    g, d, data = built("g"), built("d", seed=1), some(4 * 8 * M, 2, seed=2)
    alone = [
        GAN(copy.deepcopy(a), copy.deepcopy(b), 2, **options) for a, b in zip(g, d, strict=True)
    ]
    together = GAN(Crowd(g), Crowd(d), 2, **options)
    z, shares = some(4, 2, 8 * M, 2, seed=3), some(4, 2, 8 * M, 1, seed=4).abs().clamp(max=1)

    def play(model, mine):
        optimizers, turns = model.optimizers(1e-2), {"d_loss": 0, "g_loss": 1}
        for optimizer in optimizers.values():
            optimizer.param_groups[0]["eps"] = 1e-30  # the one thing that sees the factor m
        for step in range(4):
            for name, optimizer in optimizers.items():
                if not model.due(name, step):
                    continue
                noise, share = z[step, turns[name]][mine], shares[step, turns[name]][mine]
                monkeypatch.setattr(model, "noise", lambda n, g, noise=noise: noise, raising=False)
                monkeypatch.setattr(torch, "rand", lambda *a, share=share, **k: share)
                rows = data[step * 8 * M : (step + 1) * 8 * M][mine]
                optimizer.zero_grad()
                model.loss(rows)[name].backward()
                optimizer.step()

    play(together, slice(None))
    for j, model in enumerate(alone):
        play(model, slice(j, None, M))
        for crowd_net, net in ((together.g, model.g), (together.d, model.d)):
            layers = [layer for layer in net.net if isinstance(layer, nn.Linear)]
            stacked = [layer for layer in crowd_net.net if hasattr(layer, "weight")]
            for many, one in zip(stacked, layers, strict=True):
                torch.testing.assert_close(many.weight[j], one.weight, atol=1e-6, rtol=1e-5)
                torch.testing.assert_close(many.bias[j, 0], one.bias, atol=1e-6, rtol=1e-5)


def test_no_member_knows_of_the_others():
    """Changing the rows of one member changes no gradient of another."""
    net, x = Crowd(built("d")), some(12, 2)
    before = torch.autograd.grad(net(x).square().mean(), list(net.parameters()))
    x[1::M] += 1
    after = torch.autograd.grad(net(x).square().mean(), list(net.parameters()))
    for a, b in zip(before, after, strict=True):
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[2], b[2])
    assert any(not torch.equal(a[1], b[1]) for a, b in zip(before, after, strict=True))


def test_spectral_norm_of_each_member_is_one_by_numpy():
    net = crowd_spectral_norm(Crowd(built("d")))
    raw = [layer.parametrizations.weight.original.detach().numpy() for layer in net.net[::2]]
    for _ in range(300):
        net(some(6, 2))
    for layer, before in zip(net.net[::2], raw, strict=True):
        top = np.linalg.svd(before, compute_uv=False)[:, 0]
        np.testing.assert_allclose(layer.weight.detach(), before / top[:, None, None], rtol=1e-6)
    state = net.state_dict()
    net.eval()(some(6, 2))
    assert all(torch.equal(state[k], v) for k, v in net.state_dict().items())


def test_members_start_from_the_weights_of_build_and_fit_trains_them():
    torch.manual_seed(0)
    g = crowd(lambda: MLPGenerator(2, (8,), (2,)), M)
    torch.manual_seed(0)
    for j in range(M):
        one = MLPGenerator(2, (8,), (2,))
        torch.testing.assert_close(g.net[0].weight[j], one.net[0].weight)
    torch.manual_seed(1)
    model = GAN(g, crowd(lambda: MLPDiscriminator((2,), (8,)), M), 2)
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(60 * M, 2, generator=generator) + 3
    fit(model, data, epochs=150, batch_size=20 * M, lr=1e-2, generator=generator, progress=False)
    centres = hands(model.sample(200 * M, generator=generator), M).mean(1)
    assert (centres - 3).abs().max() < 1


def test_what_cannot_be_a_crowd_is_refused():
    with pytest.raises(ValueError, match="one member"):
        Crowd([])
    with pytest.raises(ValueError, match="same layers"):
        Crowd([built("g")[0], built("d")[0]])
    with pytest.raises(ValueError, match="dealt out"):
        Crowd(built("g"))(some(7, 2))
