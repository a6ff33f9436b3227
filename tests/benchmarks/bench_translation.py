"""Translations of painted faces over starts: every recipe of the lesson, with its numbers.

Run: python -m tests.benchmarks.bench_translation [starts] [share of the epochs]
"""

from __future__ import annotations

import sys
import time
from statistics import mean, stdev

import torch
from tqdm.auto import tqdm

from lib.datasets import load
from lib.face_pairs import pairs
from lib.face_parser import trained_parser
from lib.few_steps import FaceJudge
from lib.translation_recipes import RECIPES, TranslationRecipe
from lib.translation_study import Study

BUDGET = 60.0  # seconds of training
Facts = dict[str, float]


def trial(recipe: TranslationRecipe, seed: int, study: Study) -> Facts:
    """Train from one start; measure answers to held-out questions, and how much they vary."""
    faces = load("faces").train
    c, x = pairs(faces)
    torch.manual_seed(seed)
    begin = time.process_time()
    model, _ = recipe.train(x, c, generator=torch.Generator().manual_seed(seed))
    seconds = time.process_time() - begin
    generator = torch.Generator().manual_seed(seed + 1)
    facts = study.measure(study.answers(model, generator))
    return facts | {"twins": study.twins(model, generator)["ratio"], "cpu seconds": seconds}


def row(name: str, trials: list[Facts]) -> str:
    """One recipe: mean and deviation of every number over the starts."""
    cells = [name]
    for key in trials[0]:
        values = [facts[key] for facts in trials]
        spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
        cells.append(f"{mean(values):.3f}{spread}")
    return " | ".join(cells)


def main(starts: int = 3, share: float = 1.0) -> None:
    """Print a table; say whether the lesson's recipe keeps to its minute and beats L1 alone."""
    faces = load("faces")
    c, _ = pairs(faces.test)
    study = Study(faces.test.x, c, FaceJudge(faces.train.x), trained_parser())
    real = study.measure(faces.test.x)
    found: dict[str, list[Facts]] = {}
    jobs = [(name, seed) for name in RECIPES for seed in range(starts)]
    for name, seed in tqdm(jobs, unit="training"):
        recipe = RECIPES[name].shortened(share)
        found.setdefault(name, []).append(trial(recipe, seed, study))
    print("recipe | " + " | ".join(found["both"][0]))
    print(row("real faces", [real]))
    for name, trials in found.items():
        print(row(name, trials))
    pairs_of = list(zip(found["both"], found["L1 alone"], strict=True))
    alive = all(ours["shading"] > alone["shading"] for ours, alone in pairs_of)
    slowest = max(ours["cpu seconds"] for ours, _ in pairs_of)
    print(f"more shading than L1 alone from every start: {alive}")
    print(f"slowest training {slowest:.0f} cpu seconds, at most {BUDGET:.0f}: {slowest <= BUDGET}")


if __name__ == "__main__":
    main(*(kind(v) for kind, v in zip((int, float), sys.argv[1:], strict=False)))
