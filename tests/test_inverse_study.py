"""What the lesson on inverse problems measures."""

import numpy as np
import pytest
import torch

from lib import inverse_study as study
from lib.datasets import load
from lib.inverse_problems import LinearMap, block_means, condition
from lib.nets import mlp
from lib.train import fit

FIRST = LinearMap(torch.tensor([[1.0, 0.0]]), (2,))


def some_digits(n=6):
    part = load("digits").test
    return part.x[:n], part.y[:n]


def test_questions_tell_what_they_say():
    questions = study.digit_questions()
    assert {name: a.kept for name, a in questions.items()} == {
        "lower half": 32,
        "window": 48,
        "detail": 16,
    }
    x = torch.arange(64.0).reshape(1, 8, 8)
    torch.testing.assert_close(questions["lower half"].ask(x)[0], torch.arange(32.0))
    assert not set(questions["window"].ask(x)[0].tolist()) & {18.0, 21.0, 42.0, 45.0, 27.0}
    assert {17.0, 22.0, 10.0, 50.0} <= set(questions["window"].ask(x)[0].tolist())


def test_distance_of_sets_of_numbers():
    a = np.random.default_rng(0).normal(size=50)
    assert abs(study.line_distance(a, a[::-1] + 0.3) - 0.3) < 1e-12
    with pytest.raises(ValueError, match="sets of one size"):
        study.line_distance(a, a[1:])


@pytest.mark.slow
def test_regression_learns_the_mean_answer():
    """Two answers to each of two questions: their means have the least squared error."""
    x = torch.tensor([[0.0, 1.0], [0.0, 3.0], [1.0, 0.0], [1.0, -1.0]]).repeat(8, 1)
    torch.manual_seed(0)
    model = study.Regression(mlp(1, 16, 2), (2,))
    g = torch.Generator().manual_seed(0)
    fit(model, x, c=FIRST.ask(x), epochs=400, batch_size=32, lr=1e-2, generator=g, progress=False)
    answer = model(torch.tensor([[0.0], [1.0]])).detach()
    torch.testing.assert_close(answer, torch.tensor([[0.0, 2.0], [1.0, -0.5]]), atol=0.02, rtol=0)
    loss = model.loss(x, FIRST.ask(x))["loss"].item()
    assert abs(loss - 0.5 * (1 + 0.25)) < 0.01


def test_judge_of_known_answers():
    """Perfect answers, answers off by a known amount, and their mean."""
    (x, kinds), a = some_digits(), block_means((8, 8))
    perfect = study.judge(a, x, kinds, np.stack([x, x], 1))
    assert perfect["misfit"] == perfect["error"] == perfect["spread"] == 0
    assert perfect["class"] == 1
    off = study.judge(a, x, kinds, np.stack([x + 0.1, x - 0.3], 1))
    assert abs(off["error"] - np.sqrt((0.01 + 0.09) / 2)) < 1e-6
    assert abs(off["of the mean"] - 0.1) < 1e-6
    assert abs(off["misfit"] - off["error"]) < 1e-6
    assert abs(off["spread"] - np.sqrt(2 * 0.2**2)) < 1e-6
    assert study.judge(a, x, (kinds + 1) % 10, x[:, None])["class"] == 0
    assert study.judge(a, x, kinds, x[:, None])["spread"] == 0


def test_averages_of_independent_answers_fall_like_one_over_k():
    x, _ = some_digits()
    noise = np.random.default_rng(0).normal(0, 0.2, size=(6, 8, 8, 8))
    found = study.averages(x, x[:, None] + noise, (1, 2, 4, 8))
    for k, (error, _) in found.items():
        assert abs(error / (64 * 0.04 / k) - 1) < 0.15
    assert found[1][1] > found[2][1] > found[4][1] > found[8][1]
    perfect = study.averages(x, x[:, None], (1,))
    assert perfect == {1: (0.0, 1.0)}


def test_table_has_a_row_for_each_family():
    judged = {"q": {"a": {"class": 0.5, "error": 0.25}, "b": {"class": 1.0, "error": 0.5}}}
    assert "| a | 50% |" in study.cross_table(judged, "class").data
    assert "| b | 0.500 |" in study.cross_table(judged, "error").data


@pytest.mark.slow
def test_chains_of_the_toy_fit_and_the_exact_one_is_best():
    exact, found = study.line_answers(study.plane_toy(), FIRST, [0.0, 0.7], 600, seed=1)
    for y in (0.0, 0.7):
        want = condition(study.plane_toy(), FIRST, torch.tensor([y]))
        np.testing.assert_allclose(exact[y].means, want.means)
        assert len(found[y]) == 7
    gaps = study.chain_distances(found, exact)
    assert min(gaps, key=gaps.get) == "exact chain"
    assert gaps["slope, 5 x"] < gaps["project, 1 x"]


def asker():
    from lib.class_gaussians import fit_class_gaussians
    from lib.families import FAMILIES
    from lib.mixture import GaussianMixture

    train = load("digits").train
    torch.manual_seed(0)
    models = [FAMILIES[name].build(0).eval() for name in ("diffusion", "VAE", "PixelCNN")]
    g = fit_class_gaussians(train.x.reshape(-1, 64), train.y, 0.02)
    mixture = GaussianMixture(g.priors, g.means, g.covariances)
    return study.Asker(*models, mixture, torch.tensor(train.x[:50]))


@pytest.mark.slow
def test_everybody_answers_every_question():
    """Even untrained models fit the question, in grey values; answers come by question."""
    (x, _), some = some_digits(2), asker()
    for a in study.digit_questions().values():
        done = some.everybody(a, x, 2, torch.Generator().manual_seed(0))
        assert list(done) == ["class Gaussians", "PixelCNN", "VAE", "diffusion"]
        for answers in done.values():
            assert answers.shape == (2, 2, 8, 8)
            for k in range(2):
                gap = a.misfit(torch.tensor(answers[:, k]), a.ask(torch.tensor(x)).double())
                assert gap.max() < 1e-4
            assert np.abs(answers[:, 0] - answers[:, 1]).max() > 1e-3


@pytest.mark.slow
def test_windows_stand_everywhere():
    x, _ = some_digits(1)
    some = asker()
    some.chains = some.latent = some.particles = lambda *a, **options: some.exact(*a)
    found = study.windows(some, x, 2, torch.Generator().manual_seed(0))
    assert len(found) == 25
    window = found[4, 0]
    assert (window.done["VAE"][0, :, :4] == x[0, :4]).all() or np.allclose(
        window.done["VAE"][0, :, :4], x[0, :4], atol=1e-5
    )
    assert np.abs(window.done["VAE"][0, 0, 4:, :4] - x[0, 4:, :4]).max() > 1e-3
    assert len(window.looks("VAE", 0)) == 2
