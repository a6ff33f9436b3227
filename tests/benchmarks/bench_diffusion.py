"""Diffusion on the digits, trained for less than a minute: quality over starts, and few steps.

Run: python -m tests.benchmarks.bench_diffusion [starts] [share of the epochs]
"""

from __future__ import annotations

import math
import sys
import time
from statistics import mean, median, stdev

import torch
from tqdm.auto import tqdm

from lib.datasets import load
from lib.diffusion import Diffusion
from lib.diffusion_bound import bound_terms
from lib.diffusion_recipes import FULL, Recipe, to_data
from lib.few_steps import Draw, quality_by_steps
from lib.vae_training import measure

# In the units of the book's digit features; held-out digits 0.52, 0.81, 0.91, class Gaussians 2.95.
TARGETS = {"Fréchet": 1.4, "precision": 0.70, "recall": 0.90}
BUDGET, LEVELS = 60.0, 17
STEPS = (5, 10, 20)  # and all
Curve = dict[tuple[str, int], Draw]


def bits(model: Diffusion, x: torch.Tensor, variance: str, generator: torch.Generator) -> float:
    """Upper bound on the bits per dimension of digits x (n, 8, 8), mean of two estimates."""
    options = {"levels": LEVELS, "variance": variance, "generator": generator}
    nats = [bound_terms(model, x, **options).sum(0).mean().item() for _ in range(2)]
    return mean(nats) / (x[0].numel() * math.log(2))


def curve(model: Diffusion, generator: torch.Generator) -> Curve:
    """Samples of DDIM and DDPM in few and in all steps; a first short draw warms the network up."""
    model.ddim(100, steps=2, generator=generator)
    return quality_by_steps(model, (*STEPS, model.schedule.steps), generator)


def start(recipe: Recipe, x: torch.Tensor, x_new: torch.Tensor, seed: int) -> tuple[dict, Curve]:
    """Train from one start; what algorithm 2 draws, the bounds, and the curve."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    busy = time.process_time()
    model, history = recipe.train(x, generator=generator, progress=True)
    busy = time.process_time() - busy
    draws = curve(model, generator)
    found = {"seconds": history["seconds"][-1], "cpu": busy, "loss": history["loss"][-1]}
    found |= draws["DDPM", model.schedule.steps].facts
    for variance in ("posterior", "beta"):
        found[f"bits {variance}"] = bits(model, x_new, variance, generator)
    return found, draws


def print_starts(rows: list[dict[str, float]]) -> None:
    """One line a start, then mean and spread."""
    print("".join(f"{name:>15}" for name in ("start", *rows[0])))
    for seed, row in enumerate(rows):
        print(f"{seed:15}" + "".join(f"{v:15.3f}" for v in row.values()))
    for label, of in (("mean", mean), ("spread", stdev)):
        if label == "mean" or len(rows) > 1:
            values = (of([row[name] for row in rows]) for name in rows[0])
            print(f"{label:>15}" + "".join(f"{v:15.3f}" for v in values))


def print_targets(rows: list[dict[str, float]]) -> None:
    """Mean over the starts against each target."""
    for name, target in TARGETS.items():
        value = mean(row[name] for row in rows)
        met = value <= target if name == "Fréchet" else value >= target
        print(f"{name}: {value:.3f}, target {target:.2f}: {'met' if met else 'MISSED'}")
    slowest = max(row["seconds"] for row in rows)
    print(f"slowest training {slowest:.1f} s of {BUDGET:.0f} s")


def print_curve(curves: list[Curve]) -> None:
    """Steps, quality and seconds: means over the starts, seconds as their median."""
    names = ("Fréchet", "precision", "recall")
    print(f"{'sampler':8}{'steps':>6}{'seconds':>9}" + "".join(f"{name:>11}" for name in names))
    for key in curves[0]:
        draws = [found[key] for found in curves]
        values = (mean(draw.facts[name] for draw in draws) for name in names)
        seconds = median(draw.seconds for draw in draws)
        print(f"{key[0]:8}{key[1]:6}{seconds:9.2f}" + "".join(f"{v:11.3f}" for v in values))


def main(starts: int = 3, share: float = 1.0) -> None:
    """Train from several starts; print quality against the targets, bounds and the curve."""
    digits = load("digits")
    x, x_new = (to_data(torch.tensor(part.x)) for part in (digits.train, digits.test))
    recipe = FULL["digits"].shortened(share)
    model = recipe.build((8, 8))
    weights = sum(p.numel() for p in model.network.parameters())
    print(f"{torch.get_num_threads()} threads, {weights:,} weights, {recipe.stages}")
    held_out = measure(x_new.add(1).div(2))
    print("held-out digits: " + ", ".join(f"{k} {v:.2f}" for k, v in held_out.items()))
    done = [start(recipe, x, x_new, seed) for seed in tqdm(range(starts), desc="starts")]
    rows, curves = zip(*done, strict=True)
    print_starts(rows)
    print_targets(rows)
    print_curve(curves)


if __name__ == "__main__":
    main(*(kind(v) for kind, v in zip((int, float), sys.argv[1:], strict=False)))
