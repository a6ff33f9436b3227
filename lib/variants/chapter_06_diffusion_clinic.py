"""Other tasks 9 for chapter 6: two other samplers, each with four mistakes of a longer list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values, filled
from lib.variants.chapter_06_diffusion_edits import moved
from lib.variants.chapter_06_diffusion_mistakes import SCORE, VELOCITY, Mistake

TASK = "## Task 9: bug clinic (6 points)"
PART_A = (
    "**a (4 points).** Write `mended_sampler(network, start, z, betas)` without the mistakes. "
    r"`network(xt, t)` gives $\hat\epsilon$ for $x_t$ and one whole number `t`. `start` is $x_T$, "
    r"shape $(N, \dots)$. The step from $x_t$ uses the noise `z[t]`; `z` has shape"
)
DOC = '"""x_0 .. x_T, (T + 1, N, ...), by Algorithm 2 with variance beta_t; start = x_T."""'
RUNS = (
    "`broken_sampler` runs without an error. It has **four** mistakes. Run the cell and look at its "
    "table. The network is perfect;"
)
TABLE = """
In each row, 4,000 numbers start as true $x_t$ of a chain of $t$ steps and go **one** step back; beside
them stands what $x_{t-1}$ should be. The last row is a whole run of 40 steps. A right sampler comes within
0.1 of every number. Mistakes can hide behind each other: mend one, call `report` again, look for the
next.
"""
REPORT = """

def one_step_back(sampler, t, spread, rng, steps=40, n=4000):
    betas = np.linspace(0.02, 0.3, steps)
    kept = np.append(1, np.cumprod(1 - betas))
    means, spreads = MEAN * np.sqrt(kept), np.sqrt(kept * spread**2 + 1 - kept)
    xt, z = rng.normal(means[t], spreads[t], size=n), rng.normal(size=(t + 1, n))
    network = exact_network("ANSWERS", MEAN, spread**2, betas)
    found = sampler(network, xt, z, betas[:t])[t - 1]
    return found.mean(), means[t - 1], found.std(), spreads[t - 1]


def whole_run(sampler, rng, steps=40, n=4000):
    betas = np.linspace(0.02, 0.3, steps)
    start, z = rng.normal(size=n), rng.normal(size=(steps + 1, n))
    found = sampler(exact_network("ANSWERS", MEAN, SPREAD**2, betas), start, z, betas)[0]
    return found.mean(), MEAN, found.std(), SPREAD


def report(sampler):
    print("data's spread   step               mean  should be     spread  should be")
    for t, spread in [*((t, SPREAD) for t in (40, 25, 10, 4, 2, 1)), (1, 0.0)]:
        found = one_step_back(sampler, t, spread, np.random.default_rng([SEED, 26]))
        step = f"x_{t} to x_{t - 1}"
        print(f"{spread:13.1f}   {step:12s}", *(f"{value:10.3f}" for value in found))
    found = whole_run(sampler, np.random.default_rng([SEED, 27]))
    print("          SPREAD   whole run   ", *(f"{value:10.3f}" for value in found))


report(broken_sampler)
"""
HEAD = '''
from lib.homework_diffusion_repairs import exact_network


def broken_sampler(network, start, z, betas):
    """x_0 .. x_T, (T + 1, N, ...), from start = x_T; four mistakes."""
    <<table>>
    path = [start]
    for t in range(len(betas), 0, -1):
        beta, now, before = <<entries>>
'''
TAIL = """        sigma2 = <<sigma2>>
        path.append(<<append>>)
    return np.array(path[::-1])
"""
RUBRIC = """
**Rubric.** Half a point for each mistake with its line, its reason and a row that shows it. A mistake
without a reason or with the wrong effect: a quarter of a point. Only the mended lines, without words:
nothing.
"""


def four(mistakes: tuple[dict[str, Mistake], ...], right: dict[str, str]) -> Callable:
    """One mistake of each group, with the code that they make and the key that names them."""

    def draw(rng: np.random.Generator) -> Values:
        names = [str(rng.choice(list(group))) for group in mistakes]
        chosen = [group[name] for group, name in zip(mistakes, names, strict=True)]
        code = dict(right)
        for mistake in chosen:
            code |= mistake.code
        key = "\n".join(f"{k}. {mistake.words}" for k, mistake in enumerate(chosen, start=1))
        code = {name: filled(text, code) for name, text in code.items()}
        return code | {"key": key}

    return draw


def sampler_tests(answers: str) -> tuple[Edit, ...]:
    """The test cells of part a ask for the sampler and know its mistakes."""
    return (
        *(
            moved("check_sampler", k, "homework_diffusion_repairs", "homework_diffusion_clinic")
            for k in (28, 29)
        ),
        Edit(
            "(8, (2, 2))]:\n        check_sampler(mended_sampler, rng, steps, shape)",
            "(8, (2, 2))]:\n        "
            f'check_sampler(mended_sampler, rng, steps, shape, answers="{answers}")',
        ),
        Edit(
            "(1, (3, 2))]:\n        check_sampler(mended_sampler, rng, steps, shape)",
            "(1, (3, 2))]:\n        "
            f'check_sampler(mended_sampler, rng, steps, shape, answers="{answers}")',
        ),
    )


def given(middle: str, answers: str, mean: str, spread: str) -> Cell:
    """The cell with the broken sampler; `middle` are the lines that guess the mean."""
    report = REPORT.replace("MEAN", mean).replace("SPREAD", spread).replace("ANSWERS", answers)
    return Cell(
        "clinic-given", HEAD.rstrip("\n") + "\n" + middle.strip("\n") + "\n" + TAIL + report
    )


def key(first: str) -> Solution:
    """The model answer of part b."""
    return Solution("clinic-words", f"{first}\n\n<<key>>\n{RUBRIC}")


ALONE = "The numbers are those of each mistake alone, when the three others are mended."

BY_VELOCITY = Twist(
    9,
    "a sampler on a network that answers with v, with the posterior's variance",
    (
        Cell(
            TASK,
            TASK
            + r"""

A colleague's network answers with the velocity $v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. The sampler guesses
$\hat x_0$ from $\hat v$, puts it into the mean $\tilde\mu_t$ of $q(x_{t-1} \mid x_t, x_0)$, and adds noise of the variance $\tilde\beta_t$ of the same
Gaussian. The function returns all $x_t$, so that one can look at the way.

"""
            + RUNS
            + """
the data are normal with mean -1.5 and a spread (standard deviation) of 0.6, in one row of 0, so that
all data are the number -1.5."""
            + TABLE,
        ),
        given(
            """
        v = network(path[-1], t)
        x0 = <<x0>>
        mean = <<mean>>
""",
            "v",
            "-1.5",
            "0.6",
        ),
        Cell(
            PART_A,
            r"""
**a (4 points).** Write `mended_sampler(network, start, z, betas)` without the mistakes. `network(xt, t)` gives $\hat v$
for $x_t$ and one whole number `t`. `start` is $x_T$, shape $(N, \dots)$. The step from $x_t$ uses the noise `z[t]`; `z`
has shape $(T + 1, N, \dots)$, and not all of it is needed. The variance of a step is $\tilde\beta_t$, and `betas[0]` is
$\beta_1$. Return an array of shape $(T + 1, N, \dots)$, entry $t$ for $x_t$.
""",
        ),
        Edit(DOC, '"""x_0 .. x_T, (T + 1, N, ...), from guesses of v and start = x_T."""'),
        Solution(
            "clinic",
            """
alpha_bar = np.append(1.0, np.cumprod(1 - betas))
path = [start]
for t in range(len(betas), 0, -1):
    beta, now, before = betas[t - 1], alpha_bar[t], alpha_bar[t - 1]
    x0 = np.sqrt(now) * path[-1] - np.sqrt(1 - now) * network(path[-1], t)
    mean = np.sqrt(before) * beta * x0 + np.sqrt(1 - beta) * (1 - before) * path[-1]
    sigma2 = (1 - before) / (1 - now) * beta  # 0 at t = 1
    path.append(mean / (1 - now) + np.sqrt(sigma2) * z[t])
return np.array(path[::-1])
""",
        ),
        *sampler_tests("v"),
        key(ALONE),
    ),
    four(
        VELOCITY,
        {
            "table": "alpha_bar = np.append(1.0, np.cumprod(1 - betas))",
            "entries": "betas[t - 1], alpha_bar[t], alpha_bar[t - 1]",
            "sigma2": "(1 - before) / (1 - now) * beta",
            "append": "mean / (1 - now) + np.sqrt(sigma2) * z[t]",
        },
    ),
)

BY_SCORE = Twist(
    9,
    "a sampler on a network that answers with the score, with the posterior's variance",
    (
        Cell(
            TASK,
            TASK
            + r"""

A colleague's network answers with the score $s = \nabla_{x_t} \log q(x_t)$. The expected noise is
$-\sqrt{1 - \bar\alpha_t}\, s$, so one step of Algorithm 2 is short in these letters:

$$
x_{t-1} = \frac{1}{\sqrt{\alpha_t}} \bigl( x_t + \beta_t\, \hat s \bigr) + \sqrt{\tilde\beta_t}\, z
$$

Here $\tilde\beta_t$ is the variance of $q(x_{t-1} \mid x_t, x_0)$. The function returns all $x_t$, so that one can look at the way.

"""
            + RUNS
            + """
the data are normal with mean 3 and a spread (standard deviation) of 0.4, in one row of 0, so that
all data are the number 3."""
            + TABLE,
        ),
        given(
            """
        score = network(path[-1], t)
        mean = (path[-1] <<term>> * score)<<divided>>
""",
            "score",
            "3.0",
            "0.4",
        ),
        Cell(
            PART_A,
            r"""
**a (4 points).** Write `mended_sampler(network, start, z, betas)` without the mistakes. `network(xt, t)` gives $\hat s$
for $x_t$ and one whole number `t`. `start` is $x_T$, shape $(N, \dots)$. The step from $x_t$ uses the noise `z[t]`; `z`
has shape $(T + 1, N, \dots)$, and not all of it is needed. The variance of a step is $\tilde\beta_t$, and `betas[0]` is
$\beta_1$. Return an array of shape $(T + 1, N, \dots)$, entry $t$ for $x_t$.
""",
        ),
        Edit(DOC, '"""x_0 .. x_T, (T + 1, N, ...), from guesses of the score and start = x_T."""'),
        Solution(
            "clinic",
            """
alpha_bar = np.append(1.0, np.cumprod(1 - betas))
path = [start]
for t in range(len(betas), 0, -1):
    beta, now, before = betas[t - 1], alpha_bar[t], alpha_bar[t - 1]
    mean = (path[-1] + beta * network(path[-1], t)) / np.sqrt(1 - beta)
    sigma2 = (1 - before) / (1 - now) * beta  # 0 at t = 1
    path.append(mean + np.sqrt(sigma2) * z[t])
return np.array(path[::-1])
""",
        ),
        *sampler_tests("score"),
        key(ALONE),
    ),
    four(
        SCORE,
        {
            "table": "alpha_bar = np.append(1.0, np.cumprod(1 - betas))",
            "entries": "betas[t - 1], alpha_bar[t], alpha_bar[t - 1]",
            "sigma2": "(1 - before) / (1 - now) * beta",
            "append": "mean + <<root>> * <<noise>>",
            "root": "np.sqrt(sigma2)",
            "noise": "z[t]",
        },
    ),
)

TWISTS = [BY_VELOCITY, BY_SCORE]
