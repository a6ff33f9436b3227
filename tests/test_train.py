"""The training loop against closed forms, a plain loop, and its promises."""

from __future__ import annotations

import itertools
import time
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.optim import SGD

from lib import train
from lib.model import GenerativeModel
from lib.train import fit
from tests.family_models import Chase, DiagonalGaussian, seeded, seeded_normal


def test_fit_reaches_the_maximum_likelihood_estimate():
    x = seeded_normal(400, 3, seed=5).double() * torch.tensor([0.5, 1.0, 2.0]) + 1.5
    model = DiagonalGaussian(3).double()
    fit(model, x, epochs=700, batch_size=400, lr=0.05, generator=seeded(), progress=False)
    torch.testing.assert_close(model.mean.data, x.mean(0), atol=1e-6, rtol=0)
    std = x.std(0, correction=0)
    torch.testing.assert_close(model.log_std.data.exp(), std, atol=1e-6, rtol=0)


def test_history_equals_a_plain_loop():
    x, model, twin = seeded_normal(10, 3), DiagonalGaussian(3), DiagonalGaussian(3)
    history = fit(model, x, epochs=3, batch_size=4, lr=0.05, generator=seeded(7), progress=False)
    optimizer, generator, losses = torch.optim.Adam(twin.parameters(), lr=0.05), seeded(7), []
    for _ in range(3):
        order = torch.randperm(10, generator=generator)
        for rows in (order[:4], order[4:8], order[8:]):
            loss = -twin.log_prob(x[rows]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert history == {"loss": losses}
    assert torch.equal(model.mean, twin.mean)


def test_two_optimizers_take_the_steps_computed_by_hand():
    """One batch: w moves first, then g against the new w, each by its own gradient only."""
    x, lr, model = seeded_normal(6, 2) + 3, 0.1, Chase(2)
    model.w.data = torch.tensor([0.3, -0.2])
    w, g = model.w.data.clone(), model.g.data.clone()
    history = fit(model, x, epochs=1, batch_size=6, lr=lr, generator=seeded(1), progress=False)
    draws = seeded(1)
    order = torch.randperm(6, generator=draws)
    first, second = (
        (x[order] - torch.randn(6, 2, generator=draws)).mean(0) for _ in range(2)
    )  # fresh noise for each loss
    d_loss = 0.5 * (w**2).sum() - (w * (first - g)).sum()
    w = w - lr * (w - (first - g))
    g_loss = (w * (second - g)).sum()
    g = g + lr * w
    torch.testing.assert_close(model.w.data, w)
    torch.testing.assert_close(model.g.data, g)
    torch.testing.assert_close(torch.tensor(history["d_loss"]), d_loss[None])
    torch.testing.assert_close(torch.tensor(history["g_loss"]), g_loss[None])


def test_two_optimizers_find_the_saddle():
    """The only rest point of the chase is w = 0 with g at the mean of the data."""
    x = seeded_normal(512, 2, seed=2) + torch.tensor([3.0, -1.0])
    model = Chase(2)
    history = fit(model, x, epochs=600, batch_size=512, lr=0.1, generator=seeded(), progress=False)
    torch.testing.assert_close(model.g.data, x.mean(0), atol=0.15, rtol=0)
    assert set(history) == {"d_loss", "g_loss", "gap"}
    assert len({len(values) for values in history.values()}) == 1


def test_an_optimizer_that_is_not_due_does_not_move():
    """g steps at steps 1 and 3 only; every step appends all terms."""

    class Patient(Chase):
        def due(self, name, step):
            return name == "d_loss" or step % 2 == 1

    x, model, shifts = seeded_normal(8, 2) + 3, Patient(2), []
    loss = model.loss
    model.loss = lambda *a, **k: (shifts.append(model.g.detach().clone()), loss(*a, **k))[1]
    history = fit(model, x, epochs=2, batch_size=4, lr=0.1, generator=seeded(1), progress=False)
    moved = [not torch.equal(a, b) for a, b in pairwise([*shifts, model.g.detach()])]
    assert moved == [False, False, True, False, False, True]  # losses: d, d g, d, d g
    assert {name: len(values) for name, values in history.items()} == dict.fromkeys(history, 4)


def test_each_epoch_shows_every_row_once_with_its_condition():
    class Recorder(GenerativeModel):
        def __init__(self):
            super().__init__()
            self.p, self.seen = nn.Parameter(torch.zeros(1)), []

        def loss(self, x, c=None, *, generator=None):
            assert self.training
            self.seen.append((x.clone(), c.clone()))
            return {"loss": (self.p * x).sum()}

    model, x = Recorder(), torch.arange(7.0)
    train.fit(
        model, x, c=10 * x, epochs=2, batch_size=3, lr=0.1, generator=seeded(), progress=False
    )
    assert [len(a) for a, _ in model.seen] == [3, 3, 1, 3, 3, 1]
    epochs = [torch.cat([a for a, _ in model.seen[k : k + 3]]) for k in (0, 3)]
    assert all(torch.equal(e.sort().values, x) for e in epochs)
    assert not torch.equal(*epochs)
    assert all(torch.equal(10 * a, b) for a, b in model.seen)
    assert not model.training


def test_budget_in_seconds_is_kept():
    model, x = DiagonalGaussian(3), seeded_normal(64, 3)
    start = time.perf_counter()
    history = fit(model, x, seconds=0.3, batch_size=8, lr=0.01, generator=seeded(), progress=False)
    assert 0.3 <= time.perf_counter() - start < 2.0
    assert len(history["loss"]) > 8  # went on after the first epoch


def test_seconds_are_those_of_the_clock():
    """A clock that is read once before the first step and after each of them."""
    ticks = itertools.count()
    options = {"batch_size": 8, "lr": 0.01, "generator": seeded(), "progress": False}
    x, clock = seeded_normal(64, 3), lambda: 0.5 * next(ticks)
    history = fit(DiagonalGaussian(3), x, seconds=6, clock=clock, **options)
    assert len(history["loss"]) == 12


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_the_term_and_the_step(bad):
    x = seeded_normal(8, 3)
    x[5, 1] = bad
    model = DiagonalGaussian(3)
    with pytest.raises(FloatingPointError, match=r"'loss' is -?(nan|inf) at step 0; try a smaller"):
        fit(model, x, epochs=1, batch_size=8, lr=0.1, generator=seeded(), progress=False)
    assert torch.equal(model.mean, torch.zeros(3)), "a bad loss must not reach the parameters"
    assert not model.training


def test_a_side_term_that_is_not_finite_is_found_too():
    class Odd(DiagonalGaussian):
        def loss(self, x, c=None, *, generator=None):
            return super().loss(x) | {"bits": torch.tensor(float("nan"))}

    with pytest.raises(FloatingPointError, match="'bits'"):
        fit(Odd(3), seeded_normal(4, 3), epochs=1, batch_size=4, lr=0.1, generator=seeded())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": None}, "either seconds or epochs"),
        ({"seconds": 1.0}, "either seconds or epochs"),
        ({"epochs": 0}, "budget must be positive"),
        ({"epochs": None, "seconds": -1}, "budget must be positive"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"c": torch.zeros(3)}, "4 rows of data need as many conditions, got 3"),
    ],
)
def test_bad_input(change, message):
    given = {"epochs": 1, "batch_size": 2, "lr": 0.1, "generator": seeded()} | change
    with pytest.raises(ValueError, match=message):
        fit(DiagonalGaussian(3), seeded_normal(4, 3), **given)


@pytest.mark.parametrize("data", [torch.zeros(0, 3), [[1.0, 2.0, 3.0]]])
def test_bad_data(data):
    with pytest.raises(ValueError, match="data must be a tensor with at least one row"):
        fit(DiagonalGaussian(3), data, epochs=1, batch_size=2, lr=0.1, generator=seeded())


def test_an_optimizer_without_its_term():
    class Lost(DiagonalGaussian):
        def optimizers(self, lr):
            return {"g_loss": SGD(self.parameters(), lr=lr)}

    with pytest.raises(ValueError, match="named 'g_loss'"):
        fit(Lost(3), seeded_normal(4, 3), epochs=1, batch_size=2, lr=0.1, generator=seeded())


@pytest.mark.parametrize(
    ("progress", "static", "shown"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_progress_bar(capfd, monkeypatch, progress, static, shown):
    monkeypatch.setenv("BOOK_STATIC", static)
    fit(DiagonalGaussian(3), seeded_normal(8, 3), epochs=2, batch_size=2, lr=0.1,
        generator=seeded(), progress=progress)  # fmt: skip
    assert ("step" in capfd.readouterr().err) == shown
