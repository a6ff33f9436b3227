"""Five models of one number: exact figures against samples and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from lib import which_model_toy as toy
from lib.metrics import frechet_distance


def draws(model: toy.Bumps, n: int, rng: np.random.Generator) -> np.ndarray:
    k = rng.choice(len(model.weights), size=n, p=model.weights)
    return np.asarray(model.means)[k] + np.asarray(model.widths)[k] * rng.standard_normal(n)


MODELS = toy.models(np.random.default_rng(0))


@pytest.mark.parametrize("name", MODELS)
def test_density_and_moments_are_those_of_samples(name):
    model = MODELS[name]
    assert integrate.simpson(model.density, x=toy.LINE) == pytest.approx(1, abs=1e-3)
    x = draws(model, 100_000, np.random.default_rng(1))
    mean, width = model.moments
    assert x.mean() == pytest.approx(mean, abs=0.03)
    assert x.std() == pytest.approx(width, rel=0.02)


@pytest.mark.parametrize("name", MODELS)
def test_judgements_are_those_of_many_samples(name):
    model, data, rng = MODELS[name], toy.truth(), np.random.default_rng(2)
    found = toy.judge(model)
    x, y = draws(data, 50_000, rng), draws(model, 50_000, rng)
    assert found["Fréchet"] == pytest.approx(frechet_distance(x[:, None], y[:, None]), abs=0.05)
    inside = np.interp(y, toy.LINE, data.support.astype(float)) > 0.5
    assert found["precision"] == pytest.approx(inside.mean(), abs=0.01)
    if name != "copies":  # its needles are finer than a histogram of so few numbers
        reached = np.interp(x, toy.LINE, model.support.astype(float)) > 0.5
        assert found["recall"] == pytest.approx(reached.mean(), abs=0.01)


def test_nats_of_a_gaussian_are_its_closed_form():
    """E[-log N(x; m, s)] = log s + log(2 pi)/2 + (variance + (mean - m)^2) / (2 s^2)."""
    width = toy.truth().moments[1]
    want = np.log(width) + 0.5 * np.log(2 * np.pi) + 0.5
    assert toy.judge(MODELS["one Gaussian"])["nats"] == pytest.approx(want, abs=1e-6)
    assert toy.judge(toy.truth())["nats"] == min(
        toy.judge(m)["nats"] for m in (*MODELS.values(), toy.truth())
    )
    noisy = toy.judge(MODELS["noisy"])["nats"] - toy.judge(toy.truth())["nats"]
    assert 0 < noisy < -np.log(0.7)


def test_a_support_is_the_smallest_set_of_its_mass():
    one = toy.Bumps((1,), (0.0,), (1.0,))
    ends = toy.LINE[one.support][[0, -1]]
    np.testing.assert_allclose(ends, stats.norm.interval(toy.SHARE), atol=2e-3)
    assert one.mass(one.support) == pytest.approx(toy.SHARE, abs=1e-4)
