"""Autoencoders: a linear one is PCA, noise makes a denoiser, and the loss sums over pixels."""

import numpy as np
import pytest
import torch
from sklearn import decomposition
from torch import nn

from lib.autoencoder import (
    Autoencoder,
    beside_pca,
    conv_autoencoder,
    mlp_autoencoder,
    squared_error,
)
from lib.pca import fit_pca
from lib.train import fit
from tests.family_models import seeded, seeded_normal

K = 2


def cloud(n: int = 60, dim: int = 6) -> torch.Tensor:
    """Centred points with well separated variances, float64."""
    x = seeded_normal(n, dim).double() * torch.tensor([3.0, 2.0, 1.2, 0.6, 0.4, 0.3])
    x = x @ torch.linalg.qr(seeded_normal(dim, dim, seed=1).double())[0]
    return x - x.mean(0)


def linear(k: int = K, dim: int = 6) -> Autoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return mlp_autoencoder((dim,), (), k).double()


def set_weights(model: Autoencoder, a: torch.Tensor, b: torch.Tensor) -> None:
    for layer, weight in ((model.encoder.net[0], a), (model.decoder.net[0], b)):
        layer.weight.data, layer.bias.data = weight.clone(), torch.zeros_like(layer.bias)


@pytest.mark.slow
def test_a_trained_linear_autoencoder_projects_like_pca():
    x, model = cloud(), linear()
    pca = fit_pca(x.numpy(), K)
    for lr in (0.02, 0.002):
        fit(model, x, epochs=700, batch_size=60, lr=lr, generator=seeded(), progress=False)
    product = model.decoder.net[0].weight @ model.encoder.net[0].weight
    projector = pca.components @ pca.components.T
    np.testing.assert_allclose(product.detach().numpy(), projector, atol=1e-3)
    dropped = pca.total_variance - pca.variances.sum()
    assert model.loss(x)["loss"].item() == pytest.approx(dropped, rel=1e-5)


def test_the_loss_is_stationary_at_pca_and_at_every_other_choice_of_eigenvectors():
    x, model = cloud(), linear()
    w = torch.tensor(fit_pca(x.numpy()).components)
    g = seeded_normal(K, K, seed=4).double()
    for kept in ([0, 1], [0, 4], [3, 5]):
        set_weights(model, g.inverse() @ w[:, kept].T, w[:, kept] @ g)
        model.zero_grad()
        model.loss(x)["loss"].backward()
        assert max(p.grad.abs().max().item() for p in model.parameters()) < 1e-12


def test_other_choices_of_eigenvectors_are_saddles_and_pca_is_not():
    x, model = cloud(), linear()
    w = torch.tensor(fit_pca(x.numpy()).components)
    for kept, lowers in (([0, 3], True), ([0, 1], False)):
        a, b = w[:, kept].T, w[:, kept]
        set_weights(model, a, b)
        start = model.loss(x)["loss"].item()
        found = []
        for j in range(6):
            turned = b.clone()
            turned[:, 1] = np.cos(0.1) * b[:, 1] + np.sin(0.1) * w[:, j]
            turned = torch.linalg.qr(turned)[0]
            set_weights(model, turned.T, turned)
            found.append(model.loss(x)["loss"].item() - start)
        assert (min(found) < -1e-6) == lowers


def test_loss_sums_over_pixels_and_averages_over_examples():
    x = seeded_normal(5, 4, 4)
    model = mlp_autoencoder((4, 4), (3,), 2)
    rebuilt = model.reconstruct(x).detach()
    want = sum(float((rebuilt[n] - x[n]).pow(2).sum()) for n in range(5)) / 5
    assert model.loss(x)["loss"].item() == pytest.approx(want, rel=1e-5)
    assert squared_error(rebuilt, x).shape == (5,)
    assert rebuilt.shape == x.shape
    assert model.encode(x).shape == (5, 2)


def test_noise_goes_into_the_input_and_the_target_stays_clean():
    """For a model that copies, the loss is the squared length of the noise: sigma^2 D."""
    copy = Autoencoder(nn.Flatten(), nn.Unflatten(1, (1, 8, 8)), noise=0.3)
    x = seeded_normal(4000, 8, 8)
    assert copy.loss(x, generator=seeded())["loss"].item() == pytest.approx(0.09 * 64, rel=0.01)
    copy.noise = 0.0
    assert copy.loss(x)["loss"].item() == 0
    other = copy.loss(x, generator=seeded(1))["loss"]
    assert other == 0


def test_noise_comes_from_the_generator():
    model, x = mlp_autoencoder((4,), (3,), 2, noise=0.5), seeded_normal(9, 4)
    first, again, other = (model.loss(x, generator=seeded(s))["loss"] for s in (1, 1, 2))
    assert first == again
    assert first != other
    assert torch.equal(model.reconstruct(x), model.reconstruct(x))


@pytest.mark.slow
def test_a_linear_denoiser_learns_the_best_linear_filter():
    """With K = D its optimum is S (S + sigma^2 I)^-1: shrink every score by its own factor."""
    x, sigma = cloud(400), 0.8
    model = mlp_autoencoder((6,), (), 6, noise=sigma).double()
    for lr in (0.02, 0.002, 0.0005):
        fit(model, x, epochs=130, batch_size=100, lr=lr, generator=seeded(), progress=False)
    product = model.decoder.net[0].weight @ model.encoder.net[0].weight
    s = x.T @ x / len(x)
    want = s @ torch.linalg.inv(s + sigma**2 * torch.eye(6).double())
    torch.testing.assert_close(product.detach(), want, atol=0.03, rtol=0)


@pytest.mark.slow
def test_convolutional_autoencoder_learns_and_keeps_shapes():
    for shape in ((8, 8), (3, 8, 8)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = conv_autoencoder(shape, 3, channels=(4, 4))
        x = seeded_normal(64, 1).reshape(-1, *[1] * len(shape)) * torch.ones(shape)
        before = model.loss(x)["loss"].item()
        fit(model, x, epochs=60, batch_size=32, lr=0.01, generator=seeded(), progress=False)
        assert model.reconstruct(x).shape == x.shape
        assert model.encode(x).shape == (64, 3)
        assert model.loss(x)["loss"].item() < 0.1 * before


def test_codes_have_no_distribution_and_noise_is_no_negative_number():
    model = mlp_autoencoder((4,), (3,), 2)
    with pytest.raises(NotImplementedError, match="Autoencoder"):
        model.sample(3)
    with pytest.raises(ValueError, match="must not be negative"):
        mlp_autoencoder((4,), (3,), 2, noise=-0.1)


def test_both_networks_are_trained():
    model, x = mlp_autoencoder((4,), (3,), 2), seeded_normal(9, 4)
    start = [p.detach().clone() for p in model.parameters()]
    fit(model, x, epochs=1, batch_size=9, lr=0.1, generator=seeded(), progress=False)
    assert all(not torch.equal(p, q) for p, q in zip(model.parameters(), start, strict=True))


@pytest.mark.parametrize("make", [conv_autoencoder, mlp_autoencoder])
def test_beside_pca_starts_as_pca_and_training_gets_below_it(make):
    x = 1 + torch.linspace(2, 0.2, 16) * seeded_normal(80, 16)
    x = (x + 0.5 * (x - 1) ** 2).reshape(-1, 4, 4)  # curved: PCA is not the best
    peer = decomposition.PCA(3).fit(x.flatten(1).double().numpy())
    want = peer.inverse_transform(peer.transform(x.flatten(1).double().numpy()))
    how = {"channels": (4, 4)} if make is conv_autoencoder else {"hidden": (8,)}
    model = make((4, 4), k=3, noise=0.5, **how)
    model = beside_pca(model, fit_pca(x.flatten(1).double().numpy(), 3), (4, 4))
    with torch.no_grad():
        start, codes = model.reconstruct(x), model.encode(x)
    np.testing.assert_allclose(start.flatten(1).numpy(), want, atol=1e-4)
    torch.testing.assert_close(codes.T @ codes / 80, torch.eye(3), atol=1e-4, rtol=0)
    assert model.noise == 0.5
    model.noise = 0.0
    fit(model, x, epochs=60, batch_size=80, lr=0.01, generator=seeded(), progress=False)
    assert model.loss(x)["loss"].item() < 0.95 * squared_error(start, x).mean().item()


def test_beside_pca_wants_as_many_components_as_codes_and_pictures_of_its_size():
    pca = fit_pca(cloud().numpy())
    with pytest.raises(ValueError, match="6 components of 6 pixels, the model 2 codes"):
        beside_pca(mlp_autoencoder((6,), (3,), 2), pca, (6,))
    with pytest.raises(ValueError, match="pictures of 8 pixels"):
        beside_pca(mlp_autoencoder((2, 4), (3,), 2), pca.keep(2), (2, 4))
