"""Modes and good samples of every loss and remedy on 8 and 25 Gaussians, from several starts.

Run: python -m tests.benchmarks.bench_gan_toys [share of the steps] [starts]
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from tqdm.auto import tqdm

from lib.datasets import load
from lib.gan_remedies import MOMENTUM, REMEDIES, Outcome, play

GOALS = {"8 Gaussians": ("gaussians8", 700, 3000), "25 Gaussians": ("gaussians25", 1000, 4000)}
LONGER = {"average": 0.995}  # what all games of the long column share, besides no momentum
TUNED = {
    "hinge, spectral norm, D 4 times faster": {"game": "hinge", "spectral": True, "d_rate": 4.0},
    "gradient penalty, D 4 times faster": REMEDIES["WGAN, gradient penalty"] | {"d_rate": 4.0},
    "clipped, three steps of D": REMEDIES["WGAN, clipped"] | {"d_steps": 3},
}


def columns(short: int, long: int) -> dict[str, tuple[dict, dict]]:
    """What the three columns of a table add to a remedy: options of the GAN, and of the run."""
    found = {kind: ({"betas": betas}, {"steps": short}) for kind, betas in MOMENTUM.items()}
    calm = {"betas": MOMENTUM["no momentum"]} | LONGER
    return found | {f"no momentum, averaged, {long} steps": (calm, {"steps": long, "lr": 1e-3})}


def cell(outcome: Outcome) -> str:
    """Mean, least and most modes; mean share of good samples and its spread."""
    modes, good = np.array(outcome.modes), outcome.good
    return (
        f"{modes.mean():4.1f} ({modes.min()}-{modes.max()}) {good.mean():4.0%} ±{good.std():3.0%}"
    )


def main(share: float = 1.0, members: float = 5) -> None:
    """Print one table a data set: a row a remedy, a column a setting."""
    print(f"{torch.get_num_threads()} threads, {int(members)} starts; modes, good samples")
    begun = time.perf_counter()
    for title, (name, short, long) in GOALS.items():
        density = load(name, std=0.1).shared["density"]
        kinds = columns(max(1, round(share * short)), max(1, round(share * long)))
        print(f"\n{title:40}" + "".join(f"{kind:>28}" for kind in kinds))
        for remedy, options in tqdm((REMEDIES | TUNED).items(), disable=None, leave=False):
            cells = []
            for added, run in kinds.values():
                torch.manual_seed(0)
                generator = torch.Generator().manual_seed(0)
                run = run | {"members": int(members), "generator": generator}
                cells.append(cell(play(density, options | added, **run)))
            print(f"{remedy:40}" + "".join(f"{c:>28}" for c in cells), flush=True)
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
