"""Another task 1 for chapter 6: a schedule of levels."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_noise import (
    DIFFUSE,
    JUMP,
    PART_B,
    TABLES,
    TASK,
    TERMINAL,
    in_tests,
)

#: Unit -> its formula, the way back in code, one sentence about it.
UNITS = {
    "nats": (r"\ln", "np.exp(<<x>>)", "A level of 0 is as much signal as noise."),
    "octaves": (
        r"\log_2",
        "2.0 ** <<x>>",
        "One octave more is twice the ratio; 0 is as much signal as noise.",
    ),
    "decibels": (
        r"10 \log_{10}",
        "10 ** (<<x>> / 10)",
        "Ten decibels more are ten times the ratio; 0 is as much signal as noise.",
    ),
}


def unit(rng: np.random.Generator) -> Values:
    """The unit of the levels."""
    name = rng.choice(list(UNITS))
    formula, back, words = UNITS[name]
    code = {f"from_{x}": back.replace("<<x>>", x) for x in ("level", "levels")}
    code["last"] = back.replace("<<x>>", "level[-1]")
    return {"unit": name, "formula": formula, "words": words, **code}


LEVELS = Twist(
    1,
    "the schedule is a list of levels of signal over noise: nats, octaves or decibels",
    (
        Cell(
            TASK,
            TASK
            + r"""

One step of destruction shrinks an example a little and adds a little noise, each number for itself:

$$
\begin{aligned}
&q(x_t \mid x_{t-1}) \\
&= \mathcal{N}\bigl(x_t;\, \sqrt{\alpha_t}\, x_{t-1},\, \beta_t I\bigr), \\
&\beta_t = 1 - \alpha_t
\end{aligned}
$$ (eq-hw-diffusion-step)

This schedule is written by an engineer. It does not list $\beta_t$ but the level $\lambda_t$ of the
signal over the noise, in <<unit>>:

$$
\begin{aligned}
\lambda_t &= <<formula>>\, \mathrm{SNR}(t), \\
\mathrm{SNR}(t) &= \frac{\bar\alpha_t}{1 - \bar\alpha_t}, \\
\bar\alpha_t &= \prod_{s=1}^{t} \alpha_s
\end{aligned}
$$ (eq-hw-diffusion-tables)

<<words>> The levels fall with $t$.

**a (2 points).** Write `schedule_tables(levels)`, which returns three arrays with $T + 1$ entries
each: $\alpha_t$, $\bar\alpha_t$, $\beta_t$ for $t = 0, \dots, T$. The list `levels` has $T$ entries,
`levels[0]` is $\lambda_1$.
The data have lost nothing: $\alpha_0 = \bar\alpha_0 = 1$ and $\beta_0 = 0$.""",
        ),
        Edit(
            TABLES,
            '''def schedule_tables(levels):
    """alpha, bar alpha and beta of steps 0 .. T, (T + 1,) each, from levels in <<unit>>."""''',
        ),
        Solution(
            "tables",
            """
levels = np.asarray(levels)
snr = <<from_levels>>
alpha_bar = np.append(1.0, snr / (1 + snr))
alpha = np.append(1.0, alpha_bar[1:] / alpha_bar[:-1])
return alpha, alpha_bar, 1 - alpha
""",
        ),
        Cell(
            PART_B,
            r"""
**b (1 point).** A sampler starts from $\mathcal{N}(0, I)$, so $x_T$ should be that and nothing
else. How far is it from it? Write `terminal_nats(x0, level)`, which returns
$L_T = \mathrm{KL}\bigl(q(x_T \mid x_0) \,\Vert\, \mathcal{N}(0, I)\bigr)$ in nats for each example,
shape $(N,)$. `x0` has shape $(N, D)$. From here on you are given the table `level` with
$T + 1$ entries: `level[t]` is $\lambda_t$ in <<unit>>, and `level[0]` is infinite.""",
        ),
        Edit(
            TERMINAL,
            '''def terminal_nats(x0, level):
    """KL of q(x_T | x_0) to N(0, I) in nats, (N,), for examples x0 (N, D)."""''',
        ),
        Solution(
            "terminal",
            """
snr = <<last>>
left = snr / (1 + snr)
return 0.5 * (left * x0**2 - left + np.log1p(snr)).sum(axis=1)
""",
        ),
        Edit("Write `diffuse(x0, t, eps, alpha_bar)`", "Write `diffuse(x0, t, eps, level)`"),
        Edit(DIFFUSE, "def diffuse(x0, t, eps, level):"),
        Solution(
            "diffuse",
            """
noise = 1 / (1 + <<from_level>>)  # 1 - bar alpha
noise = noise[t].reshape(-1, *[1] * (x0.ndim - 1))
return np.sqrt(1 - noise) * x0 + np.sqrt(noise) * eps
""",
        ),
        Edit("Write `jump(xs, s, t, eps, alpha_bar)`", "Write `jump(xs, s, t, eps, level)`"),
        Edit(JUMP, "def jump(xs, s, t, eps, level):"),
        Solution(
            "jump",
            """
noise = 1 / (1 + <<from_level>>)  # 1 - bar alpha; nothing at an infinite level
kept = (1 - noise[t]) / (1 - noise[s])
return np.sqrt(kept) * xs + np.sqrt(1 - kept) * eps
""",
        ),
        *in_tests('unit="<<unit>>"'),
    ),
    unit,
)

TWISTS = [LEVELS]
