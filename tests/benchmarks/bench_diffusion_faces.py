"""Diffusion of the faces, trained for about a minute: a U-Net and a dense network, and a sheet.

Run: python -m tests.benchmarks.bench_diffusion_faces [share of the epochs]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from lib.datasets import load
from lib.diffusion_recipes import FULL, standardised
from lib.few_steps import FaceJudge, to_pictures

SHEET = Path("_build/bench_diffusion_faces.png")
SAMPLES, STEPS = 400, 25


def draw(name: str, x: torch.Tensor, mean: float, std: float, share: float) -> np.ndarray:
    """Train one recipe from a fixed start, print its cost, draw faces (n, 32, 32) in [0, 1]."""
    torch.manual_seed(0)
    data = x if name == "faces unet" else x.flatten(1)
    busy = time.process_time()
    recipe = FULL[name].shortened(share)
    generator = torch.Generator().manual_seed(0)
    model, history = recipe.train(data, generator=generator, progress=True)
    busy = time.process_time() - busy
    weights = sum(p.numel() for p in model.network.parameters())
    print(f"{name}: {weights:,} weights, {history['seconds'][-1]:.1f} s, {busy:.1f} s of one core")
    drawn = model.ddim(SAMPLES, steps=STEPS, generator=generator).reshape(-1, 32, 32)
    return to_pictures(drawn, mean, std)


def sheet(pictures: np.ndarray) -> np.ndarray:
    """Sixty pictures (n, 32, 32) in three rows, as bytes."""
    rows = pictures[:60].reshape(3, 20, 32, 32).swapaxes(1, 2).reshape(96, 640)
    return (rows * 255).round().astype(np.uint8)


def main(share: float = 1.0) -> None:
    """Train both; print precision, recall, sharpness and distance beside held-out faces."""
    faces = load("faces")
    x, mean, std = standardised(torch.tensor(faces.train.x))
    judge = FaceJudge(faces.train.x)
    print(f"{torch.get_num_threads()} threads")
    drawn = {name: draw(name, x, mean, std, share) for name in ("faces unet", "faces mlp")}
    drawn["one Gaussian"] = judge.eigenfaces(SAMPLES, np.random.default_rng(0))
    drawn["held out"] = faces.test.x[:SAMPLES]
    for name, pictures in drawn.items():
        facts = judge.measure(pictures)
        print(f"{name:14}" + "".join(f"{k:>12} {v:.3f}" for k, v in facts.items()))
    SHEET.parent.mkdir(exist_ok=True)
    Image.fromarray(np.vstack([sheet(each) for each in drawn.values()])).save(SHEET)
    print(f"sheets of sixty, in the same order: {SHEET}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
