"""Mistakes people make with autoencoders, each caught by a check of the real code."""

import numpy as np
import torch
from torch import nn

from lib import autoencoder, few_labels, nets, reconstruction
from lib.pca import fit_pca
from tests.mutation import Edit, Mutation

MODEL = "lib.autoencoder.Autoencoder"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 6) -> torch.Tensor:
    return torch.randn(n, 4, 4, generator=seeded())


def loss_is_sum_over_pixels_mean_over_examples() -> None:
    x = pictures()
    model = autoencoder.mlp_autoencoder((4, 4), (3,), 2)
    want = ((model.reconstruct(x) - x) ** 2).sum() / 6
    torch.testing.assert_close(model.loss(x)["loss"], want)


def a_copy_that_sees_noise_pays_for_the_noise() -> None:
    copy = autoencoder.Autoencoder(nn.Flatten(), nn.Unflatten(1, (1, 4, 4)), noise=0.5)
    x = pictures(5000)
    got = copy.loss(x, generator=seeded(1))["loss"].item()
    assert abs(got - 0.25 * 16) < 0.1


def noise_is_drawn_from_the_generator() -> None:
    copy = autoencoder.Autoencoder(nn.Flatten(), nn.Unflatten(1, (1, 4, 4)), noise=0.5)
    first, again = (copy.loss(pictures(), generator=seeded(1))["loss"] for _ in range(2))
    assert torch.equal(first, again)


def an_mlp_bends() -> None:
    net = nets.mlp(2, 8, 3)
    x = torch.randn(5, 2, generator=seeded())
    assert not torch.allclose(net(x) + net(-x), 2 * net(0 * x), atol=1e-4)


def the_last_layer_is_linear() -> None:
    net = nets.mlp(2, 3)
    x = torch.randn(50, 2, generator=seeded())
    torch.testing.assert_close(net(x) + net(-x), 2 * net(0 * x))


def the_condition_matters() -> None:
    net = nets.MLPEncoder((2, 2), (4,), 3, c_dim=2)
    x, c = torch.zeros(1, 2, 2), torch.eye(2)
    assert not torch.allclose(net(x, c[:1]), net(x, c[1:]))


def a_frozen_encoder_stays_and_the_original_too() -> None:
    for frozen in (True, False):
        encoder = nn.Linear(4, 3)
        start = encoder.weight.detach().clone()
        model = few_labels.Classifier(encoder, 3, 2, frozen=frozen)
        own = model.optimizers(0.1)["loss"]
        model.loss(pictures().flatten(1)[:, :4], torch.arange(6) % 2)["loss"].backward()
        own.step()
        assert torch.equal(encoder.weight, start)
        assert torch.equal(model.encoder.weight, start) == frozen


def every_class_gets_as_many_labels() -> None:
    y = torch.tensor([0] * 50 + [1] * 5)
    rows = few_labels.pick_per_class(y, 3, seeded())
    assert torch.bincount(y[rows]).tolist() == [3, 3]


def draws_differ() -> None:
    y = torch.arange(100) % 2
    a, b = (few_labels.pick_per_class(y, 3, seeded(s)) for s in (1, 2))
    assert not torch.equal(a, b)


def others_are_measured_in_the_units_of_the_training_set() -> None:
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(50, 4)), rng.normal(3, 2, size=(50, 4))
    moved = reconstruction.standardised(train, other)[1]
    want = (other - train.mean(axis=0)) / np.sqrt(train.var(axis=0).mean())
    np.testing.assert_allclose(moved.numpy(), want, atol=1e-5)


def linear_denoiser_is_the_gaussian_posterior_mean() -> None:
    x = np.random.default_rng(0).normal(size=(300, 3)) * [3, 1, 0.3]
    seen = torch.tensor([[1.0, -1.0, 2.0]], dtype=torch.float64)
    got = reconstruction.linear_denoiser(fit_pca(x), seen, 0.7).numpy()
    s, mean = np.cov(x.T, bias=True), x.mean(axis=0)
    want = mean + (seen.numpy() - mean) @ np.linalg.inv(s + 0.49 * np.eye(3)) @ s
    np.testing.assert_allclose(got, want, atol=1e-10)


def beside_pca_starts_as_pca() -> None:
    x = 1 + np.random.default_rng(0).normal(size=(60, 4)) * [3, 1.5, 0.7, 0.3]
    pca, seen = fit_pca(x, 2), torch.tensor(x, dtype=torch.float32)
    model = autoencoder.beside_pca(autoencoder.mlp_autoencoder((4,), (5,), 2), pca, (4,))
    w = np.linalg.svd(x - x.mean(axis=0))[2][:2].T
    want = x.mean(axis=0) + (x - x.mean(axis=0)) @ w @ w.T
    np.testing.assert_allclose(model.reconstruct(seen).detach().numpy(), want, atol=1e-4)
    np.testing.assert_allclose(model.encode(seen).detach().numpy().std(axis=0), 1, atol=1e-3)


MUTATIONS = [
    Mutation(
        "mean over the pixels",
        "lib.autoencoder.squared_error",
        Edit(".sum(1)", ".mean(1)"),
        loss_is_sum_over_pixels_mean_over_examples,
    ),
    Mutation(
        "sum over the batch",
        f"{MODEL}.loss",
        Edit("x).mean()", "x).sum()"),
        loss_is_sum_over_pixels_mean_over_examples,
    ),
    Mutation(
        "target is noisy too",
        f"{MODEL}.loss",
        Edit("self.reconstruct(seen), x)", "self.reconstruct(seen), seen)"),
        a_copy_that_sees_noise_pays_for_the_noise,
    ),
    Mutation(
        "noise scaled by its variance",
        f"{MODEL}.loss",
        Edit("x + self.noise *", "x + self.noise**2 *"),
        a_copy_that_sees_noise_pays_for_the_noise,
    ),
    Mutation(
        "noise from the global generator",
        f"{MODEL}.loss",
        Edit("generator=generator, ", ""),
        noise_is_drawn_from_the_generator,
    ),
    Mutation(
        "no activation",
        "lib.nets.mlp",
        Edit("nn.SiLU()", "nn.Identity()"),
        an_mlp_bends,
    ),
    Mutation(
        "activation after the last layer",
        "lib.nets.mlp",
        Edit("*layers[:-1]", "*layers"),
        the_last_layer_is_linear,
    ),
    Mutation(
        "condition replaced by zeros",
        "lib.nets.join",
        Edit("c.to(v.dtype)", "0 * c.to(v.dtype)"),
        the_condition_matters,
    ),
    Mutation(
        "fine-tunes the original",
        "lib.few_labels.Classifier.__init__",
        lambda self, encoder, k, classes, *, frozen=False: (
            nn.Module.__init__(self),
            setattr(self, "encoder", encoder.requires_grad_(not frozen)),
            setattr(self, "head", nn.Linear(k, classes)),
        )[0],
        a_frozen_encoder_stays_and_the_original_too,
    ),
    Mutation(
        "frozen encoder moves",
        "lib.few_labels.Classifier.__init__",
        lambda self, encoder, k, classes, *, frozen=False: (
            nn.Module.__init__(self),
            setattr(self, "encoder", nn.Linear(4, 3)),
            self.encoder.load_state_dict(encoder.state_dict()),
            setattr(self, "head", nn.Linear(k, classes)),
        )[0],
        a_frozen_encoder_stays_and_the_original_too,
    ),
    Mutation(
        "labels picked from all examples alike",
        "lib.few_labels.pick_per_class",
        lambda y, k, generator: torch.randperm(len(y), generator=generator)[: 2 * k],
        every_class_gets_as_many_labels,
    ),
    Mutation(
        "always the first labels",
        "lib.few_labels.pick_per_class",
        Edit("torch.randperm(len(y), generator=generator)", "torch.arange(len(y))"),
        draws_differ,
    ),
    Mutation(
        "test pictures centred by their own mean",
        "lib.reconstruction.standardised",
        Edit("torch.tensor((x - mean) / sd", "torch.tensor((x - x.mean(axis=0)) / sd"),
        others_are_measured_in_the_units_of_the_training_set,
    ),
    Mutation(
        "standard deviations in the linear denoiser",
        "lib.reconstruction.linear_denoiser",
        Edit("pca.variances + sigma**2", "pca.variances + sigma"),
        linear_denoiser_is_the_gaussian_posterior_mean,
    ),
    Mutation(
        "scores not divided by their standard deviation",
        "lib.autoencoder.beside_pca",
        Edit("(w / sd).T", "w.T"),
        beside_pca_starts_as_pca,
    ),
    Mutation(
        "networks beside PCA start at random",
        "lib.autoencoder.beside_pca",
        Edit("torch.zeros_like(layer.weight)", "layer.weight"),
        beside_pca_starts_as_pca,
    ),
    Mutation(
        "mean forgotten",
        "lib.autoencoder.beside_pca",
        Edit("_set(up, w * sd, mean)", "_set(up, w * sd, 0 * mean)"),
        beside_pca_starts_as_pca,
    ),
]
