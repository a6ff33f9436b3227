"""Task 9 of chapter 7's homework, the bug clinic: other games, and five of a longer list of bugs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from textwrap import fill
from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_07_gan_bugs import ENTROPY, RUBRIC, SQUARES, TITLES

FIRST = "## Task 9: bug clinic (6 points)"
SECOND = "**a (4 points).** Write `mended_rounds(g, d, x, z, lr)` without the mistakes. There are as many rounds as batches in `x`; `x[t]` holds an example in each row, `z[t, 0]` and `z[t, 1]` as many rows of noise. `g` maps noise to examples, `d` maps examples to scores. In each round $D$ makes one plain gradient step of size `lr` (`torch.optim.SGD`) on $L_D$ with $s = 1$, then $G$ one on the non-saturating loss, against the new $D$. Train both"

#: Bugs that must not meet: one hides the other, undoes it, or leaves the same mark.
APART = {("labels", "exchanged"), ("labels", "frozen"), ("both", "leftover")}
#: The five of the public homework.
PUBLIC = {"standard", "twice", "labels", "attached", "both"}
#: What stands in the script with a bug and without it.
LINES = {
    "standard": (
        "v = (v - v.mean(dim=0)) / v.std(dim=0)  # networks like inputs of one size\n        ",
        "",
    ),
    "both": ("[*g.parameters(), *d.parameters()]", "g.parameters()"),
    "decay": (", weight_decay=0.2", ""),
    "frozen": ("g(z_g).detach()", "g(z_g)"),
    "attached": ("g(z_d)", "g(z_d).detach()"),
    "exchanged": (("0.0", "1.0"), ("1.0", "0.0")),
    "labels": ("0.0", "1.0"),
}
TABLE = """Run the cell and look at its table. The data have mean 2 and a spread (standard deviation) of 1. A right script brings the samples' mean within 0.3 of 2 and
their spread to between 0.5 and 1.5, and in the end $D$ gives 0.5 to data and samples alike, within 0.06. Mistakes can hide behind each other: mend one, call
`report` again, look for the next. When all are mended, put single mistakes back: each leaves a mark of its own."""

SQUARES_TASK = f"""
## Task 9: bug clinic (6 points)

A colleague trains a GAN of **least squares** on numbers by plain gradient steps: the score should be 1 on data and 0 on samples, and each loss is half a mean square.
In round $t$ the data are `x[t]`, and $D$ makes **two** steps with them, both with the noise `z[t, 0]`; then $G$ makes one step with the noise `z[t, 1]`.

`broken_rounds` runs without an error. It has **five** mistakes. {TABLE.replace("$D$ gives 0.5", "$D$ gives the score 0.5")}
"""
SQUARES_SCRIPT = '''
from lib.homework_gan_clinic import Patient


def broken_rounds(g, d, x, z, lr):
    """Train g and d in place, one round for each batch x[t]; five mistakes."""
    opt_d = torch.optim.SGD(d.parameters(), lr=lr)
    opt_g = torch.optim.SGD(<<both>>, lr=lr<<decay>>)

    def cost(score, goal):
        return (score - goal).square().mean() / 2

    def judge(v):
        <<standard>>return <<twice>>

    for real, (z_d, z_g) in zip(x, z, strict=True):
        opt_g.zero_grad()
        for _ in range(2):
            opt_d.zero_grad()
            on_real, on_fake = judge(real), judge(<<attached>>)
            loss = cost(on_real, <<exchanged0>>) + cost(on_fake, <<exchanged1>>)
            loss.backward()
            opt_d.step()
        on_fake = judge(<<frozen>>)
        loss = cost(on_fake, <<labels>>)
        loss.backward()
        opt_g.step()


def report(rounds, every=100):
    patient = Patient(np.random.default_rng([SEED, 29]), scores=True)
    print("rounds   samples: mean   spread   score of data   of samples")
    for done in range(0, 5 * every, every):
        if done:
            rounds(*patient.players, *patient.batches(every, 64), 0.1)
        mean, spread, on_data, on_samples = patient.look()
        print(f"{done:6d} {mean:15.2f} {spread:8.2f} {on_data:15.2f} {on_samples:12.2f}")


report(broken_rounds)
'''
SQUARES_MENDED = """
**a (4 points).** Write `mended_rounds(g, d, x, z, lr)` without the mistakes. There are as many rounds as batches in `x`; `x[t]` holds an example in each row, `z[t, 0]` and
`z[t, 1]` as many rows of noise. `g` maps noise to examples, `d` maps examples to scores. In each round $D$ makes two plain gradient steps of size `lr` (`torch.optim.SGD`) on
$L_D = \\tfrac12 \\mathbb{E}[(d(x) - 1)^2] + \\tfrac12 \\mathbb{E}[d(G(z))^2]$, both with the same data and the same samples, then $G$ makes one on
$L_G = \\tfrac12 \\mathbb{E}[(d(G(z)) - 1)^2]$, against the new $D$. Train both in place.
"""
SQUARES_KEY = '''
def mended_rounds(g, d, x, z, lr):
    """Train g and d in place, one round for each batch x[t]."""
    ### BEGIN SOLUTION
    opt_d = torch.optim.SGD(d.parameters(), lr=lr)
    opt_g = torch.optim.SGD(g.parameters(), lr=lr)

    def cost(score, goal):
        return (score - goal).square().mean() / 2

    for real, (z_d, z_g) in zip(x, z, strict=True):
        for _ in range(2):
            loss = cost(d(real), 1.0) + cost(d(g(z_d).detach()), 0.0)
            opt_d.zero_grad()
            loss.backward()
            opt_d.step()
        loss = cost(d(g(z_g)), 1.0)
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
    ### END SOLUTION
'''
OPENING_TASK = f"""
## Task 9: bug clinic (6 points)

A colleague trains a GAN on numbers by plain gradient steps, and lets the forger open: in round $t$ first $G$ makes a step, with the noise `z[t, 0]`; then $D$ makes one, with the
data `x[t]` and with what the new $G$ makes of the noise `z[t, 1]`.

`broken_rounds` runs without an error. It has **five** mistakes. {TABLE}
"""
OPENING_SCRIPT = '''
from lib.homework_gan_clinic import Patient


def broken_rounds(g, d, x, z, lr):
    """Train g and d in place, one round for each batch x[t]; five mistakes."""
    opt_d = torch.optim.SGD(d.parameters(), lr=lr)
    opt_g = torch.optim.SGD(<<both>>, lr=lr<<decay>>)

    def cost(score, label):
        cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
        return cross_entropy(score, torch.full_like(score, label))

    def judge(v):
        <<standard>>return <<twice>>

    for real, (z_g, z_d) in zip(x, z, strict=True):
        opt_g.zero_grad()
        <<early>>on_fake = judge(<<frozen>>)
        loss = cost(on_fake, <<labels>>)
        loss.backward()
        opt_g.step()
        <<late>>on_real, on_fake = judge(real), judge(g(z_d).detach())
        loss = cost(on_real, <<exchanged0>>) + cost(on_fake, <<exchanged1>>)
        loss.backward()
        opt_d.step()


def report(rounds, every=100):
    patient = Patient(np.random.default_rng([SEED, 29]))
    print("rounds   samples: mean   spread   D on data   D on samples")
    for done in range(0, 5 * every, every):
        if done:
            rounds(*patient.players, *patient.batches(every, 64), 0.2)
        mean, spread, on_data, on_samples = patient.look()
        print(f"{done:6d} {mean:15.2f} {spread:8.2f} {on_data:11.2f} {on_samples:14.2f}")


report(broken_rounds)
'''
OPENING_MENDED = """
**a (4 points).** Write `mended_rounds(g, d, x, z, lr)` without the mistakes. There are as many rounds as batches in `x`; `x[t]` holds an example in each row, `z[t, 0]` and
`z[t, 1]` as many rows of noise. `g` maps noise to examples, `d` maps examples to scores. In each round $G$ makes one plain gradient step of size `lr` (`torch.optim.SGD`) on
$-\\mathbb{E}[\\log D(G(z))]$, with `z[t, 0]` and against the old $D$. Then $D$ makes one on $-\\mathbb{E}[\\log D(x)] - \\mathbb{E}[\\log(1 - D(G(z)))]$, with what the new $G$ makes of
`z[t, 1]`. Train both in place.
"""
OPENING_KEY = '''
def mended_rounds(g, d, x, z, lr):
    """Train g and d in place, one round for each batch x[t]; G moves first."""
    ### BEGIN SOLUTION
    opt_d = torch.optim.SGD(d.parameters(), lr=lr)
    opt_g = torch.optim.SGD(g.parameters(), lr=lr)
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
    for real, (z_g, z_d) in zip(x, z, strict=True):
        on_fake = d(g(z_g))
        loss = cross_entropy(on_fake, torch.ones_like(on_fake))
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        on_real, on_fake = d(real), d(g(z_d).detach())
        loss = cross_entropy(on_real, torch.ones_like(on_real))
        loss = loss + cross_entropy(on_fake, torch.zeros_like(on_fake))
        opt_d.zero_grad()
        loss.backward()
        opt_d.step()
    ### END SOLUTION
'''


def subsets(pool: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Every five bugs of a pool that may meet, but for those of the public homework."""
    found = [set(five) for five in combinations(pool, 5)]
    return [tuple(sorted(s)) for s in found if s != PUBLIC and not any({*p} <= s for p in APART)]


def script(bugs: tuple[str, ...]) -> dict[str, str]:
    """The fields of a broken script with these bugs."""
    found = {name: pair[name not in bugs] for name, pair in LINES.items()}
    found["exchanged0"], found["exchanged1"] = found.pop("exchanged")
    found["twice"] = "torch.sigmoid(d(v))" if "twice" in bugs else "d(v)"
    empty = "opt_d.zero_grad()\n        "
    found["early"], found["late"] = (empty, "") if "leftover" in bugs else ("", empty)
    return found


def words(bugs: tuple[str, ...], why: Mapping[str, str]) -> str:
    """The key of the written question: a numbered list of the bugs, reasons and marks."""
    items = (f"{k}. {TITLES[bug]}: {why[bug]}" for k, bug in enumerate(bugs, 1))
    return "\n".join([*(fill(item, 160, break_long_words=False) for item in items), "", RUBRIC])


def squares(rng: np.random.Generator) -> dict[str, Any]:
    """Five bugs in the game of squares."""
    found = subsets(SQUARES)
    bugs = tuple(rng.permutation(found[rng.integers(len(found))]).tolist())
    return script(bugs) | {"words": words(bugs, SQUARES)}


def opening(rng: np.random.Generator) -> dict[str, Any]:
    """Five bugs in the game that G opens."""
    found = subsets(ENTROPY)
    bugs = tuple(rng.permutation(found[rng.integers(len(found))]).tolist())
    return script(bugs) | {"words": words(bugs, ENTROPY)}


def checks(rules: str) -> tuple[Edit, ...]:
    """Edits of both tests."""
    calls = "rng, rounds", "rng, rounds, n, d, k"
    start = "check_rounds(mended_rounds, "
    return tuple(
        Edit(f"        {start}{call})", f"        {start}{call}, {rules})") for call in calls
    )


TWISTS = [
    Twist(
        9,
        "a clinic of squares, D makes two steps",
        (
            Cell(FIRST, SQUARES_TASK),
            Cell("clinic-given", SQUARES_SCRIPT),
            Cell(SECOND, SQUARES_MENDED),
            Cell("clinic", SQUARES_KEY),
            Solution("clinic-words", "<<words>>"),
            *checks("squares=True, d_steps=2"),
        ),
        squares,
    ),
    Twist(
        9,
        "a clinic that G opens",
        (
            Cell(FIRST, OPENING_TASK),
            Cell("clinic-given", OPENING_SCRIPT),
            Cell(SECOND, OPENING_MENDED),
            Cell("clinic", OPENING_KEY),
            Solution("clinic-words", "<<words>>"),
            *checks("g_first=True"),
        ),
        opening,
    ),
]
