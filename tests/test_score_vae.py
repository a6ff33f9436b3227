"""The VAE of PCA scores: the same distances, the same units, back to the data."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lib import score_vae
from lib.score_vae import ScoreVAE


def cloud(n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, 3)) @ rng.normal(size=(3, 8)) + 4).reshape(n, 2, 4)


def fitted(x: np.ndarray, noise: float = 0.5, epochs: int = 2) -> ScoreVAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return score_vae.fit_score_vae(
            x, 2, components=3, noise=noise, generator=torch.Generator().manual_seed(0),
            schedule=((4.0, 1), (1.0, epochs)), hidden=(16,), batch_size=20,
        )  # fmt: skip


def test_scores_keep_all_distances_up_to_the_unit():
    x = cloud()
    model = fitted(x)
    s = model.scores(x).numpy() * model.unit
    flat = x.reshape(len(x), -1)
    between = np.linalg.norm(flat[:, None] - flat, axis=2)
    np.testing.assert_allclose(np.linalg.norm(s[:, None] - s, axis=2), between, atol=1e-4)


def test_decoder_gives_the_data_back_in_their_shape_and_unit():
    x = cloud()
    model = fitted(x)
    z = model.encode(x)
    assert model.decode(z).shape == x.shape
    with torch.no_grad():
        scores = model.vae.decode(torch.tensor(z)).numpy() * model.unit
    want = model.pca.mean + scores @ model.pca.components.T
    np.testing.assert_allclose(model.decode(z).reshape(len(x), -1), want, atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(x), model.decode(z))


def test_unit_and_noise_scale_together_and_change_nothing():
    x = cloud()
    one, other = fitted(x, 0.5), fitted(1000 * x, 500.0)
    np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-3)
    np.testing.assert_allclose(1000 * one.reconstruct(x), other.reconstruct(1000 * x), rtol=1e-3)


def test_noise_is_in_the_unit_of_the_data():
    model = fitted(cloud(), noise=0.5)
    assert model.vae.likelihood.std * model.unit == pytest.approx(0.5)
    assert np.mean(model.scores(cloud()).numpy() ** 2) == pytest.approx(1, rel=1e-5)


def test_training_lowers_the_loss_and_keeps_the_whole_history():
    model = fitted(cloud(), epochs=60)
    assert len(model.history["loss"]) == 3 * 61
    assert model.vae.beta == 1
    assert np.mean(model.history["loss"][-9:]) < np.mean(model.history["loss"][3:9])


def test_rate_is_the_mean_divergence_from_the_prior():
    x = cloud()
    model = fitted(x)
    with torch.no_grad():
        mean, log_var = model.vae.encode(model.scores(x))
    q = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    p = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    want = torch.distributions.kl_divergence(q, p).sum(1).mean().item()
    assert model.rate(x) == pytest.approx(want, rel=1e-4)


def test_samples_decode_codes_of_the_prior():
    model = fitted(cloud())
    want = model.decode(np.random.default_rng(5).standard_normal((7, 2)))
    np.testing.assert_allclose(model.sample(7, np.random.default_rng(5)), want)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="noise is a standard deviation"):
        fitted(cloud(), noise=0)
    with pytest.raises(ValueError, match="equal"):
        fitted(np.ones((30, 2, 4)))
