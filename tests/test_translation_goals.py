"""What the two losses of a translation ask for: medians, and the best judge, on small tables."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from lib.gan import GAN
from lib.train import fit
from lib.translation import PatchDiscriminator, Translation, UNetGenerator
from tests.family_models import seeded


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def play(model, x, c, *, lr: float = 1e-2, **options) -> dict:
    options = {"epochs": 1, "batch_size": len(x)} | options
    return fit(model, x, c=c, lr=lr, generator=seeded(1), progress=False, **options)


class Table(nn.Module):
    """One answer (D,) for each of the questions: no network could do better on them."""

    def __init__(self, questions: int, d: int):
        super().__init__()
        self.answers = nn.Parameter(torch.zeros(questions, d, dtype=torch.float64))

    def forward(self, z, c):
        return self.answers[c.argmax(1)]


def test_l1_alone_asks_for_the_median_of_the_answers_to_each_question():
    """Of skewed answers not the mean; of black or white, the colour that is more frequent."""
    first = some(41, 2).exp()
    second = torch.cat([-torch.ones(30, 2), torch.ones(11, 2)]).double()
    second[:25, 1] = 1.0  # the second pixel is white in 36 of 41
    x = torch.cat([first, second])
    kinds = torch.arange(2).repeat_interleave(41)
    c = torch.eye(2, dtype=torch.float64)[kinds]
    model = Translation(Table(2, 2), None, 1)
    for lr in (0.05, 0.005, 5e-4):
        play(model, x, c, lr=lr, epochs=150)
    want = np.stack([np.median(v.numpy(), axis=0) for v in (first, second)])
    got = model.sample(2, torch.eye(2), generator=seeded()).numpy()
    np.testing.assert_allclose(got, want, atol=0.02)
    assert np.abs(want - [first.mean(0).tolist(), second.mean(0).tolist()]).min() > 0.15
    apart = model.sample(2, torch.eye(2), generator=seeded(7)).numpy()
    np.testing.assert_array_equal(apart, got)  # z cannot matter: one answer is best


class Scripted(nn.Module):
    """A generator whose answers in a batch are written down; D's scores are a table."""

    def __init__(self, answers: torch.Tensor):
        super().__init__()
        self.answers, self.idle = answers, nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, z, c):
        return self.answers + 0 * self.idle


class Scores(nn.Module):
    """A score for every pair of question and answer; without `told`, one for every answer."""

    def __init__(self, table: torch.Tensor, told: bool):
        super().__init__()
        self.table, self.told = nn.Parameter(table.clone()), told

    def forward(self, x, c):
        return self.table[c.argmax(1) if self.told else 0, x[:, 0].long()][:, None]


REAL = torch.tensor([[6, 3, 1], [2, 2, 6]])  # how often each answer is given to each question
MADE = torch.tensor([[2, 2, 6], [6, 3, 1]])  # the same answers to the wrong questions


def answers(counts: torch.Tensor) -> torch.Tensor:
    rows = [torch.arange(3).repeat_interleave(row) for row in counts]
    return torch.cat(rows).double()[:, None]


def verdict(kind: type, table: torch.Tensor, told: bool) -> tuple[float, torch.Tensor]:
    """The loss of D where its scores are a table, and the gradient there."""
    d = Scores(table, told)
    options = {"l1": 0.1} if kind is Translation else {}
    model = kind(Scripted(answers(MADE)), d, 1, **options)
    c = torch.eye(2, dtype=torch.float64).repeat_interleave(10, 0)
    loss = model.loss_for("d_loss", answers(REAL), c, generator=seeded())["d_loss"]
    return loss.item(), torch.autograd.grad(loss, d.table)[0]


@pytest.mark.parametrize("kind", [GAN, Translation])
def test_the_best_judge_of_pairs_scores_the_ratio_of_conditional_probabilities(kind):
    """At log p(x | y) / q(x | y) nothing can be gained; the loss is 2 log 2 less twice the JSD."""
    p, q = (v.double() / 10 for v in (REAL, MADE))
    loss, gradient = verdict(kind, (p / q).log(), told=True)
    assert gradient.abs().max() < 1e-12
    m = (p + q) / 2
    jsd = 0.5 * ((p * (p / m).log()).sum(1) + (q * (q / m).log()).sum(1)).mean()
    assert loss == pytest.approx(2 * math.log(2) - 2 * jsd.item())
    worse, slopes = verdict(kind, (p / q).log() + 0.3, told=True)
    assert worse > loss + 0.01
    assert slopes.abs().max() > 0.01


@pytest.mark.parametrize("kind", [GAN, Translation])
def test_a_judge_that_is_not_told_the_question_cannot_see_wrong_answers(kind):
    """All answers together are as frequent as they should be: D = 1/2 is its best."""
    assert torch.equal(REAL.sum(0), MADE.sum(0))
    loss, gradient = verdict(kind, torch.zeros(2, 3, dtype=torch.float64), told=False)
    assert gradient.abs().max() < 1e-12
    assert loss == pytest.approx(2 * math.log(2))
    assert verdict(kind, torch.zeros(2, 3).double(), told=True)[1].abs().max() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("judged", [False, True])
def test_it_learns_to_turn_a_drawing_into_its_negative(judged):
    """Held-out drawings: far nearer to the answer than any fixed picture is."""
    c = torch.nn.functional.interpolate(
        torch.randn(256, 1, 4, 4, generator=seeded()), scale_factor=4.0, mode="bilinear"
    )[:, 0]
    x = -torch.tanh(2 * c)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        g = UNetGenerator((16, 16), (16, 16), channels=(8, 16, 16), k=2)
        d = PatchDiscriminator((16, 16), (16, 16), channels=(8,)) if judged else None
    model = Translation(g, d, 2, l1=0.4)
    for lr in (1e-2, 2e-3):
        play(model, x[:192], c[:192], lr=lr, epochs=6, batch_size=16)
    answers = model.sample(64, c[192:], generator=seeded())
    error = (answers - x[192:]).abs().mean()
    blank = (x[192:] - x[:192].median(0).values).abs().mean()
    assert error < 0.25 * blank
