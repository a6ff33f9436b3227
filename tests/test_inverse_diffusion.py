"""Chains that are held to a question, with denoisers whose answers are known."""

import numpy as np
import pytest
import torch

from lib import inverse_diffusion as chains
from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.inverse_problems import LinearMap, condition, draw, known_pixels
from lib.inverse_study import line_distance, plane_toy
from lib.mixture import GaussianMixture
from lib.noise_schedule import cosine_schedule

FIRST = LinearMap(torch.tensor([[1.0, 0.0]]), (2,))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def exact(mixture, steps=40):
    schedule = cosine_schedule(steps)
    dims = mixture.means.shape[1]
    return Diffusion(ExactDenoiser(mixture, schedule), (dims,), schedule, target="x0")


def gaussian(cov, mean=0.0):
    cov = np.array(cov, dtype=float)
    return GaussianMixture(np.ones(1), np.full((1, len(cov)), mean), cov[None])


@pytest.mark.parametrize("method", chains.METHODS)
def test_answers_fit_exactly(method):
    a = LinearMap(torch.tensor([[0.6, 0.8]]), (2,))
    y = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    for options in ({}, {"repeats": 2}, {"steps": 5}, {"eta": 0.0}):
        x = chains.answers(exact(plane_toy()), a, y, method=method, generator=seeded(), **options)
        assert a.misfit(x, y).max() < 1e-9


@pytest.mark.slow
def test_white_data_are_answered_exactly():
    """For N(0, I) projection and slope are exact: what is left open stays N(0, 1)."""
    y = torch.full((4000, 1), 1.5, dtype=torch.float64)
    for method in ("project", "slope"):
        model = exact(gaussian(np.eye(2)), steps=100)
        x = chains.answers(model, FIRST, y, method=method, generator=seeded())
        assert abs(x[:, 1].mean()) < 0.07
        assert abs(x[:, 1].var() - 1) < 0.1


@pytest.mark.slow
def test_the_slope_knows_correlations():
    """A correlated Gaussian: the open coordinate must follow the told one."""
    model = exact(gaussian([[1.0, 0.9], [0.9, 1.0]]))
    y = torch.full((2000, 1), 1.0, dtype=torch.float64)
    x = chains.answers(model, FIRST, y, method="slope", repeats=3, generator=seeded())
    assert abs(x[:, 1].mean() - 0.9) < 0.1


@pytest.mark.slow
def test_repeats_bring_the_toy_nearer_to_exact():
    y = torch.full((1500, 1), 0.7, dtype=torch.float64)
    right = draw(condition(plane_toy(), FIRST, torch.tensor([0.7])), 1500, np.random.default_rng(0))
    for method in chains.METHODS:
        gaps = [
            line_distance(
                chains.answers(
                    exact(plane_toy()), FIRST, y, method=method, repeats=k, generator=seeded()
                )[:, 1].numpy(),
                right[:, 1],
            )
            for k in (1, 5)
        ]
        assert gaps[1] < 0.8 * gaps[0]


def test_replacing_is_the_completion_of_chapter_6():
    """With a mask, one repeat and all steps: the same numbers as `Diffusion.complete`."""
    known = torch.tensor([True, False])
    model, y = exact(plane_toy()), torch.full((50, 1), 0.2, dtype=torch.float64)
    x = torch.cat([y, torch.zeros_like(y)], 1)
    want = list(model.complete_steps(x, known, generator=seeded(3)))
    options = {"method": "replace", "generator": seeded(3)}
    found = list(chains.answer_steps(model, known_pixels(known), y, **options))
    torch.testing.assert_close(found[-1], want[-1], atol=1e-9, rtol=0)
    torch.testing.assert_close(found[20][:, 1], want[19][:, 1], atol=1e-9, rtol=0)


def test_chain_starts_from_noise_and_takes_all_steps():
    y = torch.zeros(3000, 1, dtype=torch.float64)
    path = list(chains.answer_steps(exact(plane_toy()), FIRST, y, steps=8, generator=seeded()))
    assert len(path) == 9
    assert abs(path[0].std() - 1) < 0.05


def test_repeating_puts_back_the_right_amount_of_noise():
    model, n = exact(gaussian(np.eye(1))), 200_000
    kept = model.schedule.alpha_bar
    x = kept[5].sqrt() * 2 + (1 - kept[5]).sqrt() * torch.randn(n, 1, generator=seeded())
    noisier = chains._noisier(model, x, 5, 30, torch.randn(n, 1, generator=seeded(1)))
    assert abs(noisier.mean() - 2 * kept[30].sqrt()) < 0.01
    assert abs(noisier.var() - (1 - kept[30])) < 0.01


def test_strength_scales_the_correction():
    model, y = exact(plane_toy()), torch.ones(1, 1, dtype=torch.float64)
    x = torch.tensor([[0.3, -0.4]], dtype=torch.float64)
    plain = model.denoise(x, 10)[0]
    one, two = (chains.slope_guess(model, FIRST, y, x, 10, s) - plain for s in (1, 2))
    torch.testing.assert_close(two, 2 * one)
    assert one.norm() > 0.1


def test_pasted_answers_ignore_the_question_until_the_end():
    model = exact(gaussian([[1.0, 0.9], [0.9, 1.0]]))
    y = torch.full((2000, 1), 2.0, dtype=torch.float64)
    x = chains.pasted(model, FIRST, y, eta=1.0, generator=seeded())
    assert FIRST.misfit(x.double(), y).max() < 1e-6
    assert abs(x[:, 1].mean()) < 0.1


def test_bad_options_are_refused():
    y = torch.zeros(1, 1)
    for options, text in (({"method": "hope"}, "method is one of"), ({"repeats": 0}, "repeats")):
        with pytest.raises(ValueError, match=text):
            chains.answers(exact(plane_toy()), FIRST, y, generator=seeded(), **options)
