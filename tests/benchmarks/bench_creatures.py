"""Creature models trained to the end: bits per dimension, finished halves and a sheet to look at.

Run: python -m tests.benchmarks.bench_creatures [FOLDER for the sheets]
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from lib import creature_scores
from lib.creature_lstm import CreatureLSTM
from lib.creature_plots import sprite_rows
from lib.datasets import load
from lib.pixel import PixelModel
from lib.raster_lstm import RasterLSTM
from lib.train import fit

# name -> (how it is built, epochs and learning rate of each part, pictures in a batch)
PLAIN = partial(RasterLSTM, (20, 20), 47, one_hot=True)
OURS = partial(CreatureLSTM, (20, 20), 47)
MODELS = {
    "LSTM, 128 cells": (partial(PLAIN, cells=128), ((6, 3e-3), (2, 6e-4)), 8),
    "LSTM, 512 cells": (partial(PLAIN, cells=512), ((3, 2e-3), (1, 4e-4)), 8),
    "mirror and copy, 96 cells": (OURS, ((5, 1e-2), (2, 2e-3)), 8),
    "the same, batches of 64": (OURS, ((5, 1e-2), (2, 2e-3)), 64),
    "mirror and copy, 512 cells": (
        partial(OURS, cells=512),
        ((3, 3e-3), (1, 6e-4)),
        8,
    ),
}


def trained(name: str, x: torch.Tensor) -> tuple[PixelModel, float]:
    """The model and its seconds of training."""
    make, parts, batch = MODELS[name]
    torch.manual_seed(0)
    model, generator, start = make(), torch.Generator().manual_seed(0), time.perf_counter()
    for epochs, lr in parts:
        options = {"batch_size": batch, "generator": generator, "progress": False}
        fit(model, x, epochs=epochs, lr=lr, **options)
    return model, time.perf_counter() - start


def main(folder: str | None = None) -> None:
    """One line for each model."""
    data = load("creatures")
    x, new = (torch.tensor(part.x, dtype=torch.long) for part in (data.train, data.test))
    top = torch.zeros(20, 20, dtype=torch.bool)
    top[:10] = True
    columns = ("bpd", "seconds", "known", "pieces", "glance", "close")
    print(f"{'model':28}" + "".join(f"{c:>9}" for c in columns))
    for name in MODELS:
        model, seconds = trained(name, x)
        generator = torch.Generator().manual_seed(1)
        drawn = model.complete(new, top, generator=generator)
        pictures, judged = drawn.numpy(), {"data": data.train.x, "rows": 10}
        numbers = [
            model.bits(new),
            seconds,
            creature_scores.known_colours(pictures, 10),
            creature_scores.familiar_share(pictures, data.train.x, 10).mean(),
        ]
        for closely in (False, True):
            rng = np.random.default_rng(0)
            found = creature_scores.judge(data.test.x, pictures, **judged, rng=rng, closely=closely)
            numbers.append(found)
        print(f"{name:28}" + "".join(f"{v:9.3f}" for v in numbers), flush=True)
        if folder:
            rows = {
                "original": new[:14],
                "finished": drawn[:14],
                "new": model.sample(14, generator=generator),
            }
            colours = {key: data.shared["palette"][v] for key, v in rows.items()}
            path = Path(folder, name.replace(", ", "_").replace(" ", "_") + ".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            sprite_rows(colours).savefig(path, dpi=200)


if __name__ == "__main__":
    main(*sys.argv[1:2])
