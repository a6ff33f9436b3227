"""Watching does not change the training, and notes what `bits` says."""

import copy

import torch

from lib.fvbn import LinearFVBN
from lib.pixel_training import watch
from lib.train import fit
from tests.pixel_cases import seeded

OPTIONS = {"batch_size": 32, "lr": 1e-2, "progress": False}


def test_the_history_is_the_bits_after_each_round():
    x = torch.randint(3, (100, 2, 3), generator=seeded(1)).sort(dim=2).values
    model = LinearFVBN((2, 3), 3)
    twin, generator = copy.deepcopy(model), seeded(2)
    history = watch(model, x[:80], x[80:], rounds=3, epochs=2, generator=seeded(2), **OPTIONS)
    assert history["epoch"] == [0, 2, 4, 6]
    want = [(twin.bits(x[:80]), twin.bits(x[80:]))]
    for _ in range(3):
        fit(twin, x[:80], epochs=2, generator=generator, **OPTIONS)
        want.append((twin.bits(x[:80]), twin.bits(x[80:])))
    assert list(zip(history["train"], history["held out"], strict=True)) == want
    assert history["train"][-1] < history["train"][0]
