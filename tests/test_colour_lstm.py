"""Twins that answer with a mixture or with a name: same body, causal, least loss as theory says."""

import numpy as np
import pytest
import torch

from lib.colour_lstm import MeanColours, NamedColours
from lib.pixel import PixelModel
from lib.train import fit

COLOURS = np.array([[1.0, 1, 1], [0.9, 0.1, 0.1], [0.1, 0.2, 0.8], [0.3, 0.8, 0.2]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def named(shape=(3, 4), cells=6) -> NamedColours:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return NamedColours(shape, COLOURS, cells=cells).double().eval()


def mean(shape=(3, 4), cells=6) -> MeanColours:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return MeanColours(shape, cells=cells).double().eval()


def test_the_bodies_are_the_same():
    one, two = dict(named().named_parameters()), dict(mean().body.named_parameters())
    assert one.keys() == two.keys()
    assert {k for k in one if one[k].shape != two[k].shape} == {"last.weight", "last.bias"}
    for name in one.keys() - {"last.weight", "last.bias"}:
        torch.testing.assert_close(one[name], two[name])


def test_named_colours_read_the_palette_and_walk_as_the_plain_way():
    model, x = named(), torch.randint(4, (2, 3, 4), generator=seeded())
    seen = model.encode(x).movedim(1, -1)
    np.testing.assert_allclose(seen.numpy(), 2 * COLOURS[x.numpy()] - 1, atol=1e-7)
    with torch.no_grad():
        for quick, plain in zip(model.walk(x), PixelModel.walk(model, x), strict=True):
            torch.testing.assert_close(quick, plain, atol=1e-12, rtol=0)


def test_answers_of_the_regression_see_earlier_pixels_only():
    model = mean()
    x = torch.rand(1, 3, 4, 3, generator=seeded(), dtype=torch.float64, requires_grad=True)
    answers = model(x).flatten(1, 2)[0].sum(1)
    for d in range(12):
        slope = torch.autograd.grad(answers[d], x, retain_graph=True)[0].abs().sum((0, 3)).flatten()
        assert torch.all(slope[d:] == 0)
        assert d == 0 or slope[:d].sum() > 0


def test_walk_of_the_regression_gives_the_answers_of_a_whole_pass():
    model = mean()
    x = torch.rand(2, 3, 4, 3, generator=seeded(), dtype=torch.float64)
    with torch.no_grad():
        walked = torch.stack(list(model.walk(x)), 1).unflatten(1, (3, 4))
        torch.testing.assert_close(walked, model(x), atol=1e-12, rtol=0)


def test_completion_writes_the_answers_and_keeps_what_is_known():
    model = mean()
    x = torch.rand(2, 3, 4, 3, generator=seeded(), dtype=torch.float64)
    known = torch.zeros(3, 4, dtype=torch.bool)
    known[:1] = True
    done = model.complete(x, known)
    assert torch.equal(done[:, :1], x[:, :1])
    with torch.no_grad():
        torch.testing.assert_close(done[:, 1:], model(done)[:, 1:].clamp(0, 1))
    noisy = [model.complete(x, known, noise=0.1, generator=seeded(k)) for k in (1, 1, 2)]
    assert torch.equal(noisy[0], noisy[1])
    assert not torch.equal(noisy[0], noisy[2])


def test_red_or_blue_is_answered_by_purple_or_by_a_choice():
    """Pictures of one pixel column, half red and half blue: the mean, and the two names."""
    x = torch.tensor([1, 2]).repeat(200)[:, None, None]  # (400, 1, 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one, two = NamedColours((1, 1), COLOURS, cells=4), MeanColours((1, 1), cells=4)
    options = {"epochs": 20, "batch_size": 50, "lr": 3e-2, "progress": False}
    fit(one, x, generator=seeded(), **options)
    colours = torch.tensor(COLOURS[x.numpy()], dtype=torch.float32)
    fit(two, colours, generator=seeded(), **options)
    with torch.no_grad():
        chances = one.logits(x[:1]).softmax(1).flatten().numpy()
        answer = two(colours[:1]).flatten().numpy()
    np.testing.assert_allclose(chances, [0, 0.5, 0.5, 0], atol=0.06)
    np.testing.assert_allclose(answer, COLOURS[1:3].mean(0), atol=0.06)


def test_wrong_masks_are_refused():
    with pytest.raises(ValueError, match="known is bool"):
        mean().complete(torch.zeros(1, 3, 4, 3), torch.zeros(3, 4))
