"""Watching does not disturb the training; what is measured is what it is called."""

import numpy as np
import pytest
import torch

from lib.autoencoder import Autoencoder
from lib.datasets import load
from lib.likelihoods import Bernoulli, FixedGaussian
from lib.metrics import nearest, sharpness
from lib.nets import MLPDecoder, MLPEncoder
from lib.train import fit
from lib.vae import mlp_vae
from lib.vae_training import (
    code_scores,
    histogram_bits,
    linear_accuracy,
    mean_terms,
    measure,
    measure_table,
    posterior_codes,
    rms_error,
    split_rate,
    state,
    state_table,
    watch,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(seed: int = 0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return mlp_vae((4, 4), 2, Bernoulli(), hidden=(8,))


X = (torch.rand(40, 4, 4, generator=seeded(9)) > 0.5).float()
OPTIONS = {"batch_size": 10, "lr": 1e-2}


def test_one_round_is_fit():
    watched, plain = small(), small()
    watch(watched, X, X[:5], rounds=1, epochs=3, generator=seeded(), **OPTIONS)
    fit(plain, X, epochs=3, generator=seeded(), progress=False, **OPTIONS)
    assert all(
        torch.equal(a, b) for a, b in zip(watched.parameters(), plain.parameters(), strict=True)
    )


def test_the_optimiser_survives_from_round_to_round():
    """Adam's first step is as long as lr, in every entry: a fresh one would show in round two."""
    model = small()
    history = watch(model, X, X[:5], rounds=2, epochs=1, generator=seeded(), **OPTIONS)
    made = []
    real = small()
    kept = real.optimizers(1e-2)
    real.optimizers = lambda lr: made.append(lr) or kept
    generator = seeded()
    for _ in range(2):
        fit(real, X, epochs=1, generator=generator, progress=False, **OPTIONS)
        for some in (X, X[:5]):
            mean_terms(real, some, generator=generator)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), real.parameters(), strict=True)
    )
    assert made == [1e-2, 1e-2]
    assert "optimizers" not in vars(model)
    assert history["epoch"].tolist() == [1, 2]


def test_history_holds_the_terms_of_both_sets():
    model = small()
    history = watch(model, X, X[:5], rounds=3, epochs=1, generator=seeded(), **OPTIONS)
    assert history["distortion"].shape == history["rate"].shape == (2, 3)
    for row, some in enumerate((X, X[:5])):
        distortion, rate = mean_terms(model, some, draws=400, generator=seeded(1))
        assert history["rate"][row, -1] == pytest.approx(rate, rel=1e-4)
        assert history["distortion"][row, -1] == pytest.approx(distortion, rel=0.05)


def test_mean_terms_average_the_model_s_terms():
    model = small()
    generator = seeded(3)
    terms = [model.terms(X, generator=generator) for _ in range(3)]
    want = [torch.stack(v).mean().item() for v in zip(*terms, strict=True)]
    got = mean_terms(model, X, draws=3, generator=seeded(3))
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_posterior_codes_have_the_encoder_s_mean_and_width():
    model = mlp_vae((4, 4), 2, FixedGaussian(1.0), hidden=(8,))
    many = X[:1].expand(20_000, -1, -1)
    codes = posterior_codes(model, many, generator=seeded())
    mean, log_var = model.encode(X[:1])
    np.testing.assert_allclose(codes.mean(0), mean[0].detach(), atol=0.05)
    np.testing.assert_allclose(codes.std(0), torch.exp(log_var[0] / 2).detach(), rtol=0.03)
    assert not codes.requires_grad


def test_histogram_bits_are_those_of_counting():
    x, new = torch.tensor([[[0.0, 1.0]], [[0.5, 1.0]]]), torch.tensor([[[0.0, 0.5]], [[1.0, 1.0]]])
    p = [2 / 5, 1 / 5, 1 / 5, 3 / 5]  # two examples and three levels with 1 added to each
    assert histogram_bits(x, new, levels=3) == pytest.approx(-np.mean(np.log2(p)))


def test_measure_knows_data_from_noise():
    digits = load("digits")
    noise = np.random.default_rng(0).uniform(-1, 2, size=(500, 8, 8))
    real, fake = measure(digits.train.x), measure(noise)
    assert real["Fréchet"] < 1e-3 < 30 < fake["Fréchet"]
    assert real["precision"] == 1 > 0.5 > fake["precision"]
    assert real["nearest"] == 0
    cut = np.clip(noise, 0, 1)
    assert fake["nearest"] == pytest.approx(np.median(nearest(cut, digits.train.x)[1]), rel=1e-4)
    assert measure(torch.tensor(digits.test.x))["sharpness"] == sharpness(digits.test.x).mean()


def test_table_has_a_row_for_each_set_of_pictures():
    facts = {"a": {"Fréchet": 1.0, "recall": 0.5}, "b": {"Fréchet": 2.0, "recall": 0.25}}
    lines = measure_table("codes", facts).data.splitlines()
    assert lines[0] == "| codes | Fréchet | recall |"
    assert lines[3] == "| b | 2.00 | 0.25 |"
    one = {"rate": 1.234, "active": 3, "rms error": 0.12, "bound": -88.26}
    assert state_table({"a": one}).data.splitlines()[2] == "| a | 1.23 | 3 | 0.120 | \u221288.3 |"


def test_rate_splits_into_what_is_told_and_the_mismatch():
    """Codes of every example drawn many times: both parts add up to the closed form."""
    model = small()
    many = [split_rate(model, X, generator=seeded(s)) for s in range(300)]
    told, mismatch = np.mean([[v["told"], v["mismatch"]] for v in many], axis=0)
    assert told + mismatch == pytest.approx(many[0]["rate"], abs=0.02)
    assert -0.01 < told < np.log(len(X))
    assert many[0]["rate"] == pytest.approx(mean_terms(model, X)[1], rel=1e-4)


def test_codes_that_name_their_example_tell_log_n():
    model = small()
    with torch.no_grad():
        model.encoder.net[-1].weight[:2] *= 1e4
        model.encoder.net[-1].weight[2:] = 0
    different = torch.unique(X, dim=0)
    split = split_rate(model, different, generator=seeded())
    assert split["told"] == pytest.approx(np.log(len(different)), abs=1e-3)


def test_state_reads_the_model():
    model = small()
    got = state(model, X, X[:7], generator=seeded(2))
    rates = model.rates(X).mean(0)
    assert got["rate"] == pytest.approx(rates.sum().item(), rel=1e-5)
    assert got["active"] == (rates > 0.1).sum().item()
    want = (model.reconstruct(X[:7]) - X[:7]).square().mean().sqrt().item()
    assert got["rms error"] == rms_error(model, X[:7]) == pytest.approx(want, rel=1e-5)
    assert got["bound"] == pytest.approx(-sum(mean_terms(model, X[:7], generator=seeded(2))))


@pytest.mark.slow
def test_scores_of_codes_use_draws_for_a_vae_and_the_spread_for_an_autoencoder():
    digits = load("digits")
    x, new = torch.tensor(digits.train.x), torch.tensor(digits.test.x)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vae = mlp_vae((8, 8), 2, Bernoulli(), hidden=(8,))
        plain = Autoencoder(MLPEncoder((8, 8), (8,), 2), MLPDecoder(2, (8,), (8, 8)))
    for net in (vae, plain):
        got = code_scores(net, x, new, generator=seeded(3))
        assert got["rms error, rebuilt"] == rms_error(net, new)
        assert 0 <= got["precision, half way"] <= 1
    with torch.no_grad():
        codes = plain.encode(x)
        generator = seeded(3)
        random = codes.mean(0) + codes.std(0) * torch.randn(codes.shape, generator=generator)
        want = measure(plain.decode(random))
    assert got["Fréchet, random codes"] == pytest.approx(want["Fréchet"], rel=1e-5)


def test_linear_accuracy_of_perfect_features_is_one():
    digits = load("digits").train
    hot = np.eye(10)[digits.y] * 20
    assert linear_accuracy(hot, digits.y, hot, digits.y, k=2, draws=3) == 1
    useless = np.zeros_like(hot)
    assert linear_accuracy(useless, digits.y, useless, digits.y, k=2, draws=3) < 0.12
