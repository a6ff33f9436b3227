"""Stages of training: what each asks of `fit`, and what the history says."""

from __future__ import annotations

import pytest
import torch

from lib.stages import shortened, train_in_stages
from lib.train import fit
from tests.family_models import Chase, seeded, seeded_normal


def test_stages_are_fits_one_after_another_and_keep_every_term():
    x, stages = seeded_normal(12, 2) + 3, ((3, 0.1), (2, 0.02))
    model, same, generator = Chase(2), Chase(2), seeded(1)
    history = train_in_stages(model, x, stages, batch_size=4, generator=seeded(1))
    for row, (epochs, lr) in enumerate(stages):
        options = {"batch_size": 4, "lr": lr, "generator": generator, "progress": False}
        terms = fit(same, x, epochs=epochs, **options)
        for name, values in terms.items():  # three batches an epoch
            assert history[name][row] == pytest.approx(sum(values[-3:]) / 3, rel=1e-5, abs=1e-7)
    assert history["epoch"] == [3, 5]
    assert 0 < history["seconds"][0] < history["seconds"][1]
    assert torch.equal(model.g, same.g)


def test_a_share_of_the_stages():
    assert shortened(((100, 1e-2), (3, 1e-3)), 0.1) == ((10, 1e-2), (1, 1e-3))
    for share in (0, 1.5):
        with pytest.raises(ValueError, match="share of the epochs"):
            shortened(((2, 0.1),), share)
