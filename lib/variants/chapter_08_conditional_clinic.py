"""Twists of chapter 8's homework, task 9: clinics with other plans and other bugs.

The script, its right version and the numbers of the key are made from one plan; what single
mistakes do to the report is measured when the variant is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.homework_conditional_plans import Plan, marks
from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_08_conditional_bugs import BUGS, LINES, NOISY, PAIRS, REASONS, STEPS
from lib.variants.chapter_08_conditional_parts import asks

CLINIC = "## Task 9: bug clinic (5 points)"
WRITE = (
    "**a (3 points).** Write `mended_answers(told, untold, y, w, alpha_bar, noise)` without the "
    "mistakes. `y` has shape"
)
#: The public clinic's mistakes: a drawn set has at most two of them.
PUBLIC = {"convention", "transposed", "shared", "noisy"}


def script(plan: Plan, slips: tuple[str, ...] = ()) -> list[str]:
    """The lines of the function's body, with these mistakes."""
    back = repr(list(plan.pair)).replace("[", "").replace("]", "")
    inside = [
        "kept, before = alpha_bar[t], alpha_bar[t - 1]",
        LINES["fresh"][plan.upwards],
        LINES["eps"][plan.told_at],
        *(LINES[name] for name in ("clean", "gap", "back")),
        *(line.replace("{eta}", f"{plan.eta:g}") for line in LINES[plan.step]),
    ]
    start = "x = noise[0]" if plan.upwards else "x = noise[-1]"
    lines = [f"pair = np.array([{back}])  # A for two neighbours", start, LINES["loop"]]
    text = "\n".join([*lines, *(f"    {line}" for line in inside), "return x"])
    for slip in slips:
        wrong = [(old, new) for old, new in BUGS[slip] if old in text]
        if not wrong:
            raise ValueError(f"the script has no place for the mistake {slip!r}")
        for old, new in wrong:
            text = text.replace(old, new)
    return text.split("\n")


def chosen_slips(plan: Plan, rng: np.random.Generator) -> tuple[str, ...]:
    """Four mistakes in any order, at most two of them those of the public clinic."""
    while True:
        found = tuple(str(rng.choice(group)) for group in plan.groups)
        if len(PUBLIC & set(found)) <= 2:
            return tuple(rng.permutation(found).tolist())


def key(plan: Plan, slips: tuple[str, ...]) -> str:
    """The answer in words: each mistake with its line, its reason and its measured mark."""
    right, items = script(plan), []
    for number, slip in enumerate(slips, 1):
        title, why, effect = REASONS[slip]
        broken = [line.strip() for line in script(plan, (slip,)) if line not in right]
        lines = " and ".join(f"`{line.split('  #')[0]}`" for line in broken)
        why = why.replace("<<length>>", f"{np.dot(plan.pair, plan.pair):g}")
        why = why.replace("<<noisy_why>>", NOISY[plan.step])
        missed, apart, share, spread = (v * (abs(v) >= 5e-4) + 0.0 for v in marks(plan, (slip,)))
        items.append(
            f"{number}. **{title}.** {lines}: {why}. Mark: {effect}. The report says mean "
            f"{missed:.3f}, spread {apart:.3f}, share {share:.2f}, spread / exact {spread:.2f}."
        )
    return "\n".join(items)


@dataclass(frozen=True)
class Measured:
    """A text of the key, whose numbers are measured only when it is written."""

    plan: Plan
    slips: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The right script's spread or, with mistakes, the answer in words."""
        return key(self.plan, self.slips) if self.slips else f"{marks(self.plan, ())[3]:.2f}"


def drawn(plan: Plan, rng: np.random.Generator) -> dict[str, Any]:
    """All texts of a clinic for one plan."""
    slips = chosen_slips(plan, rng)
    order = (
        "The chain starts from `noise[0]`; step $T$ adds its noise from `noise[1]`, step $T - 1$ "
        "from `noise[2]`, and so on."
        if plan.upwards
        else "The chain starts from `noise[T]`; step $t$ adds its noise from `noise[t - 1]`."
    )
    eta = f"{plan.eta:g}"
    how = f'pair={plan.pair}, told_at={plan.told_at}, step="{plan.step}", upwards={plan.upwards}'
    how = f"{how}, eta={eta}" if plan.step == "partial" else how
    dial = ("$w = 0$ uses the told prediction as it is, and a larger $w$ exaggerates",
            "$w = 1$ uses the told prediction as it is, and $w = 0$ the untold one")  # fmt: skip
    return {
        "asks": PAIRS[plan.pair],
        "step": STEPS[plan.step].replace("<<eta>>", eta),
        "order": order,
        "dial": dial[plan.told_at],
        "told_at": plan.told_at,
        "pair": plan.pair,
        "spread": Measured(plan),
        "broken": "\n".join(f"    {line}" for line in script(plan, slips)),
        "mended": "\n".join(script(plan)),
        "how": how,
        "slips": slips,
        "key": Measured(plan, slips),
    }


def draw_posterior(rng: np.random.Generator) -> dict[str, Any]:
    """A plan with the step of the lesson."""
    pair = list(PAIRS)[rng.integers(len(PAIRS))]
    return drawn(Plan(pair, int(rng.integers(2)), "posterior", bool(rng.integers(2))), rng)


def draw_other_steps(rng: np.random.Generator) -> dict[str, Any]:
    """A plan with another step."""
    pair = list(PAIRS)[rng.integers(len(PAIRS))]
    told_at, upwards = int(rng.integers(2)), bool(rng.integers(2))
    if rng.integers(2):
        return drawn(Plan(pair, told_at, "afresh", upwards), rng)
    eta = (0.7, 0.8, 0.9)[rng.integers(3)]
    return drawn(Plan(pair, told_at, "partial", upwards, eta), rng)


EDITS = (
    Cell(
        CLINIC,
        r"""
## Task 9: bug clinic (5 points)

A colleague draws answers to $A x = y$ by diffusion. Pictures have $D$ numbers, and $A$ <<asks>>:
$y$ has $D / 2$ numbers. Two networks predict the noise in $x_t$: `told(x, t)` knows the class that
is wanted, `untold(x, t)` does not. The plan is right. In step $t$, from $T$ down to 1: guide the
prediction with weight $w$, where <<dial>>; compute from it the guess $\hat x_0$ of the clean
picture; move that guess by $A^{+} (y - A \hat x_0)$ to the nearest answer; then <<step>>
`alpha_bar[t]` is $\bar\alpha_t$, entry 0 is 1. <<order>>

`broken_answers` runs without an error. It has **four** mistakes. Run the cell and look at its line.
The networks are exact here, one question is asked 2,000 times, and $w = <<told_at>>$ asks for class
0 alone. A right script answers the question: $A x - y$ has mean and spread 0.000. All its answers
are of class 0, a share of 1.00, and where $A$ is blind they have about <<spread>> of the spread
(standard deviation) of the exact answers. Mend the mistakes one by one and call `report` again.
When all are mended, put single mistakes back: each leaves a mark of its own.
""",
    ),
    Cell(
        "clinic-given",
        '''
from lib.homework_conditional_plans import OtherPatient


def broken_answers(told, untold, y, w, alpha_bar, noise):
    """Answers x (N, D) to questions y (N, D / 2); four mistakes."""
<<broken>>


def report(answers, w=<<told_at>>.0):
    patient = OtherPatient(<<pair>>)
    noise = np.random.default_rng([SEED, 90]).normal(size=(len(patient.alpha_bar), 2000, 4))
    question = np.tile(patient.y, (2000, 1))
    x = answers(patient.told, patient.untold, question, w, patient.alpha_bar, noise)
    missed, apart, share, spread = patient.look(x)
    print(f"A x - y: mean {missed:6.3f}, spread {apart:.3f}", end="    ")
    print(f"share of class 0: {share:.2f}    spread / exact: {spread:.2f}")


report(broken_answers)
''',
    ),
    Edit(
        "With $w = 0$ the told prediction is used as it is.",
        "With $w = <<told_at>>$ the told prediction is used as it is.",
    ),
    asks("clinic-numbers", "<<how>>", "plans"),
    asks("clinic-sizes", "<<how>>", "plans"),
    Solution(
        "clinic-words",
        """
<<key>>

**Rubric.** 0.5 points for each mistake with its line, its reason and its mark. A mistake without a
reason or with the wrong mark: 0.25 points. Only the mended lines, without words: nothing.
""",
    ),
)
MENDED = (Solution("clinic", "<<mended>>"),)
POSTERIOR = Twist(
    9, "another A, dial and order of the noise; other mistakes", EDITS + MENDED, draw_posterior
)
OTHER_STEPS = Twist(
    9,
    "another kind of step, A and dial; other mistakes",
    EDITS + MENDED,
    draw_other_steps,
)
