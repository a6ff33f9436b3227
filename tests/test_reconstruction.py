"""The measures of the autoencoder lesson against PCA's own theory."""

import numpy as np
import pytest
import torch

from lib import reconstruction as rec
from lib.autoencoder import mlp_autoencoder
from lib.pca import fit_pca
from tests.family_models import seeded, seeded_normal


@pytest.fixture
def pictures(rng):
    return rng.normal(size=(50, 2, 3)) @ rng.normal(size=(3, 3)) + 4


def test_standardised_data_have_mean_zero_and_variance_one_on_average(pictures, rng):
    other = rng.normal(size=(7, 2, 3))
    x, moved = rec.standardised(pictures, other)
    torch.testing.assert_close(x.mean(0), torch.zeros(2, 3), atol=1e-5, rtol=0)
    assert x.var(0, correction=0).mean().item() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(rec.as_pictures(x, pictures), pictures, atol=1e-5)
    np.testing.assert_allclose(rec.as_pictures(moved, pictures), other, atol=1e-5)
    with pytest.raises(ValueError, match="no variance"):
        rec.standardised(np.ones((4, 2)))


def test_share_lost_by_pca_is_the_share_of_the_dropped_eigenvalues(pictures):
    (x,) = rec.standardised(pictures)
    pca = fit_pca(x.flatten(1).numpy())
    for k in range(6):
        want = pca.variances[k:].sum() / pca.total_variance
        assert rec.share_lost(rec.by_pca(pca, x, k), x) == pytest.approx(want, rel=1e-4)
    assert rec.share_lost(0 * x, x) == pytest.approx(1)


def test_linear_denoiser_conditions_a_gaussian():
    """It is E[x | noisy] for a Gaussian with the mean and the covariance of the data."""
    x = seeded_normal(500, 4).double() @ seeded_normal(4, 4, seed=1).double() + 2
    pca, noisy = fit_pca(x.numpy()), seeded_normal(6, 4, seed=2).double()
    s = np.cov(x.numpy().T, bias=True)
    mean = x.mean(0).numpy()
    want = mean + (noisy.numpy() - mean) @ np.linalg.inv(s + 0.49 * np.eye(4)) @ s
    np.testing.assert_allclose(rec.linear_denoiser(pca, noisy, 0.7).numpy(), want, atol=1e-10)


def test_slopes_are_those_of_the_matrix_formula():
    x = seeded_normal(20, 5).double()
    a, b = seeded_normal(2, 5, seed=1).double(), seeded_normal(5, 2, seed=2).double()
    error, (da, db) = rec.linear_slopes(a, b, x)
    s, rest = x.T @ x / 20, torch.eye(5).double() - b @ a
    assert error == pytest.approx(torch.trace(rest @ s @ rest.T).item())
    torch.testing.assert_close(da, -2 * b.T @ rest @ s)
    torch.testing.assert_close(db, -2 * rest @ s @ a.T)


def test_training_in_stages_goes_down_and_returns_the_model():
    x = seeded_normal(100, 4)
    model = mlp_autoencoder((4,), (8,), 2)
    before = model.loss(x)["loss"].item()
    back = rec.train(model, x, (20, 1e-2), (10, 1e-3), generator=seeded(), batch_size=20)
    assert back is model
    assert rec.share_lost(rec.rebuild(model, x), x) < before / x.square().flatten(1).sum(1).mean()
    assert not rec.rebuild(model, x).requires_grad


def test_first_step_scales_with_the_loss_for_sgd_and_leaves_the_weights():
    x, model = seeded_normal(30, 4), mlp_autoencoder((4,), (8,), 2)
    start = [p.detach().clone() for p in model.parameters()]
    one, ten = (rec.first_step(model, x, torch.optim.SGD, s) for s in (1, 10))
    assert ten == pytest.approx(10 * one, rel=1e-3)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), start, strict=True))
    gradients = torch.autograd.grad(model.loss(x)["loss"], list(model.parameters()))
    length = sum(g.square().sum() for g in gradients).sqrt().item()
    assert one == pytest.approx(1e-3 * length, rel=1e-3)


def test_table_shows_percentages_and_leaves_gaps():
    text = rec.share_table(["model", "a", "b"], {"one": [0.125, None]}).data
    assert "| one | 12.5% |  |" in text
