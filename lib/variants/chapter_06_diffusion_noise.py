"""Other tasks 1 for chapter 6: noise that comes in otherwise."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_edits import asking, moved

TASK = "## Task 1: adding noise (7 points)"
TABLES = '''def schedule_tables(betas):
    """alpha, bar alpha and the signal-to-noise ratio of steps 0 .. T, (T + 1,) each."""'''
TERMINAL = '''def terminal_nats(x0, alpha_bar):
    """KL of q(x_T | x_0) to N(0, I) in nats, (N,), for examples x0 (N, D)."""'''
DIFFUSE = "def diffuse(x0, t, eps, alpha_bar):"
JUMP = "def jump(xs, s, t, eps, alpha_bar):"
PART_B = (
    r"**b (1 point).** A sampler starts from $\mathcal{N}(0, I)$, so $x_T$ should be that and "
    "nothing else. How far is it from it? Write `terminal_nats(x0, alpha_bar)`, which returns"
)
PART_C = (
    "**c (2 points).** Training needs $x_t$ at a random $t$, and does not want to walk there. "
    "Write `diffuse(x0, t, eps, alpha_bar)`, which leaps from $x_0$ to $x_t$ with the noise"
)
PART_D = (
    "**d (2 points).** Now leap from any step to any later one. Write "
    "`jump(xs, s, t, eps, alpha_bar)`: it returns $x_t$ with the distribution "
    r"$q(x_t \mid x_s)$, $0 \le s < t \le T$, made from"
)


def in_tests(form: str) -> tuple[Edit, ...]:
    """All test cells of the task ask for a form of the process, such as `power=2`."""
    tables, leaps = "homework_diffusion_process", "homework_diffusion_leaps"
    return (
        *(moved("check_tables", seed, tables) for seed in (0, 1)),
        moved("check_terminal", 2, tables),
        moved("check_diffuse", 4, leaps),
        *(moved("check_jump", seed, leaps) for seed in (6, 7)),
        *asking(
            form,
            "check_tables(schedule_tables, rng, steps)",
            "check_tables(schedule_tables, rng, 5)",
            "check_tables(schedule_tables, rng, 1)",
            "check_tables(schedule_tables, rng, 800, 0.02)",
            "check_terminal(terminal_nats, rng, n, d, steps)",
            "check_terminal(terminal_nats, rng, 3, 4, 2)",
            "check_terminal(terminal_nats, rng, 1, 6, 1)",
            "check_terminal(terminal_nats, rng, 5, 64, 300, 0.02)",
            "check_diffuse(diffuse, rng, shape)",
            "check_diffuse(diffuse, rng, shape, 9)",
            "check_jump(jump, rng, steps)",
            "check_jump(jump, rng, 7, (2, 5), (2, 3, 3))",
            "check_jump(jump, rng, 7, pair)",
        ),
    )


def power(rng: np.random.Generator) -> Values:
    """The variance of the data."""
    return {"power": f"{rng.choice([0.25, 0.5, 2, 3, 4, 5]):g}"}


GROWING = Twist(
    1,
    "nothing shrinks, the noise grows; the schedule is given by the ratio for data of a variance",
    (
        Cell(
            TASK,
            TASK
            + r"""

One step of destruction leaves an example as large as it is and adds a little noise, each number
for itself:

$$
\begin{aligned}
&q(x_t \mid x_{t-1}) \\
&= \mathcal{N}\bigl(x_t;\, x_{t-1},\, \gamma_t I\bigr)
\end{aligned}
$$ (eq-hw-diffusion-step)

Nothing shrinks, so this task has no $\alpha_t$. Each number of the data has the variance <<power>>.
Everything else follows from this and from $\gamma_1, \dots, \gamma_T$:

$$
\begin{aligned}
v_t &= \sum_{s=1}^{t} \gamma_s, \\
\mathrm{SNR}(t) &= \frac{<<power>>}{v_t}
\end{aligned}
$$ (eq-hw-diffusion-tables)

**a (2 points).** Write `schedule_tables(gammas)`, which returns three arrays with $T + 1$ entries
each: $\gamma_t$, $v_t$, $\mathrm{SNR}(t)$ for $t = 0, \dots, T$. The list `gammas` has $T$ entries,
`gammas[0]` is $\gamma_1$. The data are without noise: $\gamma_0 = v_0 = 0$, and their signal-to-noise
ratio is infinite (`np.inf`).""",
        ),
        Edit(
            TABLES,
            '''def schedule_tables(gammas):
    """gamma, v and the signal-to-noise ratio of steps 0 .. T, (T + 1,) each."""''',
        ),
        Solution(
            "tables",
            """
gamma = np.append(0.0, gammas)
noise = np.cumsum(gamma)
snr = np.append(np.inf, <<power>> / noise[1:])
return gamma, noise, snr
""",
        ),
        Cell(
            PART_B,
            r"""
**b (1 point).** A sampler of this process starts from
$\mathcal{N}\bigl(0, (v_T + <<power>>) I\bigr)$: noise with the variance that the noisy data have. How
far is $x_T$ from that? Write `terminal_nats(x0, snr)`, which returns
$L_T = \mathrm{KL}\bigl(q(x_T \mid x_0) \,\Vert\, \mathcal{N}(0, (v_T + <<power>>) I)\bigr)$ in nats
for each example, shape $(N,)$. `x0` has shape $(N, D)$. From here on `snr`, your table of part a, is
all that you are told about the schedule: `snr[t]` is $\mathrm{SNR}(t)$, and `snr[0]`
is infinite.""",
        ),
        Edit(
            TERMINAL,
            '''def terminal_nats(x0, snr):
    """KL of q(x_T | x_0) to the sampler's start in nats, (N,), for examples x0 (N, D)."""''',
        ),
        Solution(
            "terminal",
            """
noise = <<power>> / snr[-1]
ratio = noise / (noise + <<power>>)
return 0.5 * (x0**2 / (noise + <<power>>) + ratio - 1 - np.log(ratio)).sum(axis=1)
""",
        ),
        Edit("Write `diffuse(x0, t, eps, alpha_bar)`", "Write `diffuse(x0, t, eps, snr)`"),
        Edit(DIFFUSE, "def diffuse(x0, t, eps, snr):"),
        Solution(
            "diffuse",
            """
noise = (<<power>> / snr[t]).reshape(-1, *[1] * (x0.ndim - 1))
return x0 + np.sqrt(noise) * eps
""",
        ),
        Edit("Write `jump(xs, s, t, eps, alpha_bar)`", "Write `jump(xs, s, t, eps, snr)`"),
        Edit(JUMP, "def jump(xs, s, t, eps, snr):"),
        Solution(
            "jump",
            """
added = <<power>> / snr[t] - <<power>> / snr[s]
return xs + np.sqrt(added) * eps
""",
        ),
        *in_tests("power=<<power>>"),
    ),
    power,
)


def end(rng: np.random.Generator) -> Values:
    """Mean and standard deviation of what the data become."""
    mean, std = rng.choice([-1.5, -1, -0.5, 0.5, 1, 1.5, 2]), rng.choice([0.4, 0.5, 0.8, 1.5, 2, 3])
    return {"mean": f"{mean:g}", "std": f"{std:g}"}


ELSEWHERE = Twist(
    1,
    "the data become noise of another mean and spread",
    (
        Cell(
            TASK,
            TASK
            + r"""

One step of destruction draws an example a little closer to a grey picture, in which every number is
$m = <<mean>>$, and adds a little noise, each number for itself. The noise is such that everything
ends at $\mathcal{N}(m, c^2 I)$ with the spread $c = <<std>>$:

$$
\begin{aligned}
&q(x_t \mid x_{t-1}) \\
&= \mathcal{N}\bigl(x_t;\, m + \sqrt{1 - \beta_t}\, (x_{t-1} - m),\, c^2 \beta_t I\bigr)
\end{aligned}
$$ (eq-hw-diffusion-step)

In the lesson $m = 0$ and $c = 1$; here $m = <<mean>>$ and $c = <<std>>$ in all parts of this task.
Data of variance 1 about $m$ keep the share $\bar\alpha_t$ of it, and the noise that they have
received has a variance of $c^2 (1 - \bar\alpha_t)$:

$$
\begin{aligned}
\alpha_t &= 1 - \beta_t, \quad \bar\alpha_t = \prod_{s=1}^{t} \alpha_s, \\
\mathrm{SNR}(t) &= \frac{\bar\alpha_t}{c^2 (1 - \bar\alpha_t)}
\end{aligned}
$$ (eq-hw-diffusion-tables)

**a (2 points).** Write `schedule_tables(betas)`, which returns three arrays with $T + 1$ entries
each: $\alpha_t$, $\bar\alpha_t$, $\mathrm{SNR}(t)$ for $t = 0, \dots, T$. The data have lost nothing:
$\alpha_0 = \bar\alpha_0 = 1$, and their signal-to-noise ratio is
infinite (`np.inf`).""",
        ),
        Solution(
            "tables",
            """
alpha = np.append(1.0, 1 - np.asarray(betas))
alpha_bar = np.cumprod(alpha)
snr = np.append(np.inf, alpha_bar[1:] / (<<std>>**2 * (1 - alpha_bar[1:])))
return alpha, alpha_bar, snr
""",
        ),
        Cell(
            PART_B,
            r"""
**b (1 point).** A sampler starts from $\mathcal{N}(m, c^2 I)$, so $x_T$ should be that and nothing
else. How far is it from it? Write `terminal_nats(x0, alpha_bar)`, which returns
$L_T = \mathrm{KL}\bigl(q(x_T \mid x_0) \,\Vert\, \mathcal{N}(m, c^2 I)\bigr)$ in nats for each
example, shape $(N,)$. `x0` has shape $(N, D)$.""",
        ),
        Edit("KL of q(x_T | x_0) to N(0, I) in nats", "KL of q(x_T | x_0) to N(m, c^2 I) in nats"),
        Solution(
            "terminal",
            """
left = alpha_bar[-1]
m, c = <<mean>>, <<std>>
far = (x0 - m) / c  # in spreads of the end
return 0.5 * (left * far**2 - left - np.log1p(-left)).sum(axis=1)
""",
        ),
        Solution(
            "diffuse",
            """
kept = alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))
m, c = <<mean>>, <<std>>
return m + np.sqrt(kept) * (x0 - m) + c * np.sqrt(1 - kept) * eps
""",
        ),
        Solution(
            "jump",
            """
kept = alpha_bar[t] / alpha_bar[s]
m, c = <<mean>>, <<std>>
return m + np.sqrt(kept) * (xs - m) + c * np.sqrt(1 - kept) * eps
""",
        ),
        *in_tests("end=(<<mean>>, <<std>>)"),
    ),
    end,
)

TWISTS = [GROWING, ELSEWHERE]
