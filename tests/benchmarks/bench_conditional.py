"""Digits asked for by class, by every family, over starts: obeyed, varied, near to the data?

Run: python -m tests.benchmarks.bench_conditional [starts] [share of the epochs] [families, ...]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from statistics import mean, stdev

import numpy as np
import torch
from tqdm.auto import tqdm

from lib.class_judge import judge_classes, one_hot
from lib.datasets import load
from lib.families import FAMILIES, Family
from lib.guidance import GuidedDiffusion
from lib.model import GenerativeModel

ACCURACY, RECALL = 0.98, 0.75  # to be reached together by a diffusion, at one of its dials
DIALS = 0.0, 0.25, 0.5, 1.0, 2.0
GUIDED = "diffusion"
Facts = dict[str, float]


def dials(model: GenerativeModel) -> Iterator[str]:
    """Turn the dial of a guided model, and say where it stands; others have none."""
    if not isinstance(model, GuidedDiffusion):
        yield ""
        return
    for model.weight in DIALS:
        yield f" w={model.weight:g}"


def ask(
    family: Family, model: GenerativeModel, wanted: np.ndarray, generator: torch.Generator
) -> Facts:
    """Draw one digit for each wanted class, and judge them."""
    start = time.perf_counter()
    pictures = family.draw(model, len(wanted), one_hot(wanted), generator=generator)
    took = time.perf_counter() - start
    return judge_classes(pictures, wanted) | {"s a hundred": 100 * took / len(wanted)}


def contest(name: str, seed: int, share: float) -> dict[str, Facts]:
    """Train one family from one start; its digits at each place of its dial."""
    torch.manual_seed(seed)
    generator, train = torch.Generator().manual_seed(seed), load("digits").train
    family = FAMILIES[name].shortened(share)
    begun, busy = time.perf_counter(), time.process_time()
    model, _ = family.train(train.x, one_hot(train.y), generator=generator)
    spent = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - busy}
    return {name + dial: ask(family, model, train.y, generator) | spent for dial in dials(model)}


def ceilings() -> dict[str, Facts]:
    """What the judge says of real digits: those of the training, and those held out."""
    data = load("digits")
    return {
        "training digits": judge_classes(data.train.x, data.train.y),
        "held-out digits": judge_classes(data.test.x, data.test.y),
    }


def print_table(starts: list[dict[str, Facts]]) -> None:
    """A model a row, a fact a column: mean and spread over the starts."""
    facts = list(starts[0][next(iter(starts[0]))])
    print(f"{'':22}" + "".join(f"{fact:>17}" for fact in facts))
    for name, real in ceilings().items():
        print(f"{name:22}" + "".join(f"{real[fact]:>17.3g}" for fact in facts if fact in real))
    for model in starts[0]:
        print(f"{model:22}" + "".join(cell([s[model][fact] for s in starts]) for fact in facts))


def cell(values: list[float]) -> str:
    """Mean and, of several values, deviation."""
    width = f" +- {stdev(values):.2g}" if len(values) > 1 else ""
    return f"{mean(values):.3g}{width}".rjust(17)


def print_targets(starts: list[dict[str, Facts]]) -> None:
    """At how many starts some dial obeys and still covers the data; and what the dial costs."""
    asked = [{k: v for k, v in found.items() if k.startswith(GUIDED)} for found in starts]
    if not asked[0]:
        return
    for place in asked[0]:
        met = sum(f[place]["accuracy"] >= ACCURACY and f[place]["recall"] >= RECALL for f in asked)
        print(f"{place}: accuracy and recall reach the target at {met} of {len(asked)} starts")
    some = sum(
        any(v["accuracy"] >= ACCURACY and v["recall"] >= RECALL for v in found.values())
        for found in asked
    )
    print(f"at one of the dials: {some} of {len(asked)}")


def main(starts: int = 5, share: float = 1.0, *names: str) -> None:
    """Train all families, or those named, from several starts; print the table and the targets."""
    unknown = set(names) - set(FAMILIES)
    if unknown:
        raise ValueError(f"families are {list(FAMILIES)}, got {sorted(unknown)}")
    print(f"{torch.get_num_threads()} threads, {len(load('digits').train.y)} digits a model")
    done: list[dict[str, Facts]] = [{} for _ in range(starts)]
    jobs = [(name, seed) for name in names or FAMILIES for seed in range(starts)]
    for name, seed in tqdm(jobs, desc="trainings"):
        done[seed] |= contest(name, seed, share)
    print_table(done)
    print_targets(done)


if __name__ == "__main__":
    kinds = (int, float, *[str] * len(sys.argv))
    main(*(kind(v) for kind, v in zip(kinds, sys.argv[1:], strict=False)))
