"""Other tasks 2 for chapter 6: other ways back."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_edits import asking, moved, row

BACK = "## Task 2: one step back when the data are known (3 points)"
BACK_ROW = "one step back when the data are known"
METHOD = (
    "The test treats $x_{t-1}$ and $x_t$ as two jointly Gaussian numbers and conditions one on "
    "the other."
)
DEF = '''def posterior(x0, xt, t, alpha_bar):
    """Mean (N, ...) and variance (N,) of q(x_(t-1) | x_t, x_0) for steps t (N,)."""'''
COVARIANCE = (
    "The test writes down the covariance of all $x_0, \\dots, x_T$ and conditions one of them on "
    "two others."
)


def back_tests(form: str, one: str = "1") -> tuple[Edit, ...]:
    """The test cells of task 2 ask for a form; `one` is the shortest chain there is."""
    return (
        moved("check_posterior", 8, "homework_diffusion_bridges", "homework_diffusion_chain"),
        moved("check_posterior", 9, "homework_diffusion_bridges", "homework_diffusion_chain"),
        *asking(
            form,
            "check_posterior(posterior, rng, (3, 3, 4, 4), 9)",
            "check_posterior(posterior, rng, (3, 2), 5, first=True)",
        ),
        Edit(
            "check_posterior(posterior, rng, shape)",
            f"check_posterior(posterior, rng, shape, 7, {form})",
        ),
        Edit(
            "check_posterior(posterior, rng, (2, 2), 1, first=True)",
            f"check_posterior(posterior, rng, (2, 2), {one}, first=True, {form})",
        ),
    )


def several(rng: np.random.Generator) -> Values:
    """How many steps go back at once."""
    back = int(rng.integers(2, 5))
    return {"back": back, "word": {2: "two", 3: "three", 4: "four"}[back]}


SEVERAL = Twist(
    2,
    "several steps back at once",
    (
        row(2, BACK_ROW, "<<word>> steps back when the data are known"),
        Cell(
            BACK,
            r"""
## Task 2: <<word>> steps back when the data are known (3 points)

Backwards is hard, unless $x_0$ is known. Then Bayes' rule gives a Gaussian, and not for one step
alone. A sampler in a hurry goes back <<word>> steps at once:

$$
\begin{aligned}
&q(x_{t-<<back>>} \mid x_t, x_0) \\
&= \frac{q(x_t \mid x_{t-<<back>>})\, q(x_{t-<<back>>} \mid x_0)}{q(x_t \mid x_0)}
\end{aligned}
$$ (eq-hw-diffusion-bayes)

Write `posterior(x0, xt, t, alpha_bar)`, which returns the pair of its mean, shaped like `x0`, and its
variance, shape $(N,)$. `t` is an array of $N$ whole numbers, each at least <<back>>. The betas are
not given; `alpha_bar` tells what you need. At $t = <<back>>$ the answer is $x_0$ itself, without
doubt.
""",
        ),
        Edit("q(x_(t-1) | x_t, x_0) for steps t (N,)", "q(x_(t-<<back>>) | x_t, x_0), t (N,)"),
        Solution(
            "posterior",
            """
kept, before = alpha_bar[t], alpha_bar[t - <<back>>]
alpha = kept / before  # of <<word>> steps together
on_x0 = np.sqrt(before) * (1 - alpha) / (1 - kept)
on_xt = np.sqrt(alpha) * (1 - before) / (1 - kept)
wide = (-1, *[1] * (x0.ndim - 1))
mean = on_x0.reshape(wide) * x0 + on_xt.reshape(wide) * xt
return mean, (1 - before) / (1 - kept) * (1 - alpha)
""",
        ),
        Cell(METHOD, COVARIANCE),
        *back_tests('kind="back", back=<<back>>', "<<back>>"),
        Edit(
            "# Hidden: the first step, one step alone, pictures in colour.",
            "# Hidden: back to the data, a short chain, pictures in colour.",
        ),
    ),
    several,
)

BETWEEN = Twist(
    2,
    "x_t between its two neighbours",
    (
        row(2, BACK_ROW, "a lost step between its neighbours"),
        Cell(
            BACK,
            r"""
## Task 2: a lost step between its neighbours (3 points)

A film of the destruction has lost one picture: $x_{t-1}$ and $x_{t+1}$ are known, $x_t$ is not. Where
was it? Given $x_{t-1}$, all the earlier pictures tell nothing more, and Bayes' rule gives a Gaussian:

$$
\begin{aligned}
&q(x_t \mid x_{t-1}, x_{t+1}) \\
&= \frac{q(x_{t+1} \mid x_t)\, q(x_t \mid x_{t-1})}{q(x_{t+1} \mid x_{t-1})}
\end{aligned}
$$ (eq-hw-diffusion-bayes)

A step is $q(x_t \mid x_{t-1}) = \mathcal{N}(x_t;\, \sqrt{\alpha_t}\, x_{t-1},\, \beta_t I)$ with
$\beta_t = 1 - \alpha_t$. Write `posterior(before, after, t, alpha_bar)` for $x_{t-1}$ = `before` and
$x_{t+1}$ = `after`. It returns the pair of the mean of $x_t$, shaped like `before`, and its variance,
shape $(N,)$. `t` is an array of $N$ whole numbers with $1 \le t \le T - 1$. The alphas and betas are
not given; you can find them in `alpha_bar`.
""",
        ),
        Edit(
            DEF,
            '''def posterior(before, after, t, alpha_bar):
    """Mean (N, ...) and variance (N,) of q(x_t | x_(t-1), x_(t+1)) for steps t (N,)."""''',
        ),
        Solution(
            "posterior",
            """
alpha, then = alpha_bar[t] / alpha_bar[t - 1], alpha_bar[t + 1] / alpha_bar[t]
both = 1 - alpha * then  # the variance of x_(t+1) given x_(t-1)
on_before = np.sqrt(alpha) * (1 - then) / both
on_after = np.sqrt(then) * (1 - alpha) / both
wide = (-1, *[1] * (before.ndim - 1))
mean = on_before.reshape(wide) * before + on_after.reshape(wide) * after
return mean, (1 - alpha) * (1 - then) / both
""",
        ),
        Cell(METHOD, COVARIANCE),
        *back_tests('kind="between"', "2"),
        Edit(
            "# Hidden: the first step, one step alone, pictures in colour.",
            "# Hidden: the first step, two steps alone, pictures in colour.",
        ),
    ),
)

GROWING = Twist(
    2,
    "one step back where nothing shrinks",
    (
        row(2, BACK_ROW, "one step back when the data are known and nothing shrinks"),
        Cell(
            BACK,
            r"""
## Task 2: one step back when nothing shrinks (3 points)

Some models do not shrink the data. They only add noise, with variances $\gamma_1, \dots, \gamma_T$:

$$
\begin{aligned}
q(x_t \mid x_{t-1}) &= \mathcal{N}(x_t;\, x_{t-1},\, \gamma_t I), \\
q(x_t \mid x_0) &= \mathcal{N}(x_t;\, x_0,\, v_t I), \quad v_t = \sum_{s=1}^{t} \gamma_s
\end{aligned}
$$

Backwards is hard, unless $x_0$ is known. Then Bayes' rule gives a Gaussian:

$$
\begin{aligned}
&q(x_{t-1} \mid x_t, x_0) \\
&= \frac{q(x_t \mid x_{t-1})\, q(x_{t-1} \mid x_0)}{q(x_t \mid x_0)}
\end{aligned}
$$ (eq-hw-diffusion-bayes)

Write `posterior(x0, xt, t, noise)`, which returns the pair of its mean, shaped like `x0`, and its
variance, shape $(N,)$. `t` is an array of $N$ whole numbers. `noise` has $T + 1$ entries: `noise[t]`
is $v_t$, and `noise[0]` is 0. The gammas are not given; you can find them in `noise`. At $t = 1$ the
answer is $x_0$ itself, without doubt.
""",
        ),
        Edit("def posterior(x0, xt, t, alpha_bar):", "def posterior(x0, xt, t, noise):"),
        Solution(
            "posterior",
            """
share = noise[t - 1] / noise[t]  # of the way from x_0 to x_t
wide = share.reshape(-1, *[1] * (x0.ndim - 1))
mean = x0 + wide * (xt - x0)
return mean, share * (noise[t] - noise[t - 1])
""",
        ),
        Cell(METHOD, COVARIANCE),
        *back_tests('kind="growing"'),
    ),
)

TWISTS = [SEVERAL, BETWEEN, GROWING]
