"""The last comparison over several starts and budgets of training seconds; writes its file.

Run: python -m tests.benchmarks.bench_which_model [seconds:starts ...] [to=FILE]
As 15:5 4:5 45:3, which is the default. What the file holds already is not done again:
delete it to begin anew.

Seconds are those of the processor: other work on the machine hardly counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tqdm.auto import tqdm

from lib import which_model as contest
from lib import which_model_spread as spread
from lib.datasets import load

PLAN = {15.0: 5, 4.0: 5, 45.0: 3}


def one(name: str, budget: float, seed: int) -> dict[str, float | str]:
    """Train and measure one contestant from one start."""
    digits = load("digits")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    entry = contest.enter(name, digits.train.x, budget, generator)
    found, _ = contest.facts(entry, digits.test.x, generator)
    return {"budget": budget, "seed": seed, "model": name} | found


def run(plan: dict[float, int], path: Path) -> list[dict[str, float | str]]:
    """All trainings of a plan from budgets to numbers of starts; the file grows with each."""
    rows = spread.read(path) if path.exists() else []
    done = {(row["model"], row["budget"], row["seed"]) for row in rows}
    jobs = [(name, budget, seed) for budget, starts in plan.items() for seed in range(starts)
            for name in contest.CONTESTANTS]  # fmt: skip
    for job in tqdm([job for job in jobs if job not in done], desc="trainings"):
        rows.append(one(*job))
        rows.sort(key=_place)
        spread.write(rows, path)
    return rows


def _place(row: dict[str, float | str]) -> tuple:
    return row["budget"], row["seed"], contest.CONTESTANTS.index(row["model"])


def print_tables(rows: list[dict[str, float | str]]) -> None:
    """For each budget a table: mean and standard deviation over the starts."""
    facts = [k for k in rows[0] if k not in spread.KEYS]
    for budget in spread.budgets(rows):
        print(f"\n{budget:g} seconds\n{'':10}" + "".join(f"{fact:>17}" for fact in facts))
        for name in contest.CONTESTANTS:
            cells = [spread.column(rows, budget, name, fact) for fact in facts]
            print(f"{name:10}" + "".join(f"{v.mean():>9.3g} ±{v.std():>6.2g}" for v in cells))


def main(*arguments: str) -> None:
    """Run the plan and print its tables."""
    plan, path = {}, spread.FILE
    for word in arguments:
        if word.startswith("to="):
            path = Path(word[3:])
        else:
            seconds, starts = word.split(":")
            plan[float(seconds)] = int(starts)
    torch.set_num_threads(1)
    print_tables(run(plan or PLAN, path))


if __name__ == "__main__":
    main(*sys.argv[1:])
