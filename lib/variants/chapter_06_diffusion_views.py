"""Other tasks 3 for chapter 6: other targets."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_edits import asking, moved, row

VIEWS = "## Task 3: three targets, one truth (3 points)"
VIEWS_ROW = "from the noise to the data to the velocity"
VIEWS_DEF = '''def three_views(kind, value, xt, t, alpha_bar):
    """(x0, eps, v), shaped like xt, that agree with x_t and the one that is given."""'''
VIEWS_HIDDEN = "# Visible: from v. Hidden: the first and the last step, single numbers."


def view_tests(form: str, third: str) -> tuple[Edit, ...]:
    """The test cells of task 3 ask for a form; the third view is called `third`."""
    where = "homework_diffusion_goals"
    call = "check_views(three_views, rng, kind, shape)"
    return (
        moved("check_views", 10, "homework_diffusion_views", where),
        moved("check_views", 11, "homework_diffusion_views", where),
        *asking(
            form,
            call,
            "check_views(three_views, rng, kind, (3, 2), 9)",
            "check_views(three_views, rng, kind, (5, 1), 9, t=9)",
            "check_views(three_views, rng, kind, (2, 4), 9, t=1)",
        ),
        Edit(
            'check_views(three_views, rng, "v", shape)',
            f'check_views(three_views, rng, "{third}", shape, {form})',
        ),
        Edit('for kind in ("x0", "eps", "v"):\n        check_v', THIRD.format(third)),
        Edit(VIEWS_HIDDEN, VIEWS_HIDDEN.replace("from v", f"from {third}")),
    )


THIRD = 'for kind in ("x0", "eps", "{}"):\n        check_v'


def direction(rng: np.random.Generator) -> Values:
    """Which way the difference points."""
    number = int(rng.choice([1, -1]))
    tex = r"\epsilon - x_0" if number == 1 else r"x_0 - \epsilon"
    code = "eps - x0" if number == 1 else "x0 - eps"
    words = "from the data to the noise" if number == 1 else "from the noise to the data"
    sign = "-" if number == 1 else "+"
    return {"number": number, "tex": tex, "code": code, "words": words, "sign": sign}


DIFFERENCE = Twist(
    3,
    "the third target is the plain difference of noise and data",
    (
        row(3, VIEWS_ROW, "from the noise to the data to their difference"),
        Cell(
            VIEWS,
            VIEWS
            + r"""

A network may be trained to answer with the noise $\epsilon$, with the data $x_0$, or with the arrow
$u$ <<words>>:

$$
\begin{aligned}
x_t &= \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon \\
u &= <<tex>>
\end{aligned}
$$ (eq-hw-diffusion-velocity)

The arrow is made in the same way at all steps, while the factors in the lesson's velocity change. Given
$x_t$, each of the three tells the two others. Write `three_views(kind, value, xt, t, alpha_bar)`.
`kind` is `"x0"`, `"eps"` or `"u"`; `value`, shaped like `xt`, is the answer of this kind; `t` is one
whole number. Return the triple $(x_0, \epsilon, u)$.
""",
        ),
        Edit("(x0, eps, v), shaped like xt", "(x0, eps, u), shaped like xt"),
        Solution(
            "views",
            """
a, b = np.sqrt(alpha_bar[t]), np.sqrt(1 - alpha_bar[t])
if kind == "x0":
    x0 = value
elif kind == "eps":
    x0 = (xt - b * value) / a
else:
    x0 = (xt <<sign>> b * value) / (a + b)
eps = (xt - a * x0) / b
return x0, eps, <<code>>
""",
        ),
        *view_tests('goal="difference", number=<<number>>', "u"),
    ),
    direction,
)

LINE = Twist(
    3,
    "data and noise on a straight line (flow matching)",
    (
        row(3, VIEWS_ROW, "from the noise to the data to the velocity on a straight line"),
        Cell(
            VIEWS,
            VIEWS
            + r"""

Some models walk from the data to the noise on a straight line. $\tau_t$ is the share of the way that
is gone at step $t$, and $u$ is the constant velocity <<words>>:

$$
\begin{aligned}
x_t &= (1 - \tau_t)\, x_0 + \tau_t\, \epsilon \\
u &= <<tex>>
\end{aligned}
$$ (eq-hw-diffusion-velocity)

A network may be trained to answer with $\epsilon$, with $x_0$ or with $u$. Given $x_t$, each of the
three tells the two others. Write `three_views(kind, value, xt, t, tau)`. `kind` is `"x0"`, `"eps"` or
`"u"`; `value`, shaped like `xt`, is the answer of this kind; `t` is one whole number. `tau` has
$T + 1$ entries: `tau[t]` is $\tau_t$, with $0 < \tau_t < 1$ at all steps. Return the triple
$(x_0, \epsilon, u)$.
""",
        ),
        Edit(
            VIEWS_DEF,
            VIEWS_DEF.replace("alpha_bar", "tau").replace("(x0, eps, v)", "(x0, eps, u)"),
        ),
        Solution(
            "views",
            """
gone = tau[t]
if kind == "x0":
    x0 = value
elif kind == "eps":
    x0 = (xt - gone * value) / (1 - gone)
else:
    x0 = xt <<sign>> gone * value
eps = (xt - (1 - gone) * x0) / gone
return x0, eps, <<code>>
""",
        ),
        *view_tests('goal="line", number=<<number>>', "u"),
    ),
    direction,
)


def data_spread(rng: np.random.Generator) -> Values:
    """The standard deviation of the data."""
    return {"spread": f"{rng.choice([0.25, 0.4, 0.5, 0.6, 0.8, 1.2, 1.5, 2.0]):g}"}


PRECONDITIONED = Twist(
    3,
    "nothing shrinks; the third target is that of Karras et al.",
    (
        row(3, VIEWS_ROW, "from the noise to the data to a target of constant size"),
        Cell(
            VIEWS,
            VIEWS
            + r"""

Where nothing shrinks, $x_t$ gets larger and larger, and the best target changes with the noise: near
the data a network had better find the noise, far from them the data. Karras et al. (2022) let it
answer with an $F$ between the two, which is always of about the same size. With
$\sigma_x = <<spread>>$, the standard deviation of the data,

$$
\begin{aligned}
x_t &= x_0 + \sigma_t\, \epsilon \\
x_0 &= \frac{\sigma_x^2}{\sigma_t^2 + \sigma_x^2}\, x_t \\
&\quad + \frac{\sigma_t\, \sigma_x}{\sqrt{\sigma_t^2 + \sigma_x^2}}\, F
\end{aligned}
$$ (eq-hw-diffusion-velocity)

Given $x_t$, each of $x_0$, $\epsilon$ and $F$ tells the two others. Write
`three_views(kind, value, xt, t, sigma)`. `kind` is `"x0"`, `"eps"` or `"F"`; `value`, shaped like
`xt`, is the answer of this kind; `t` is one whole number. `sigma` has $T + 1$ entries: `sigma[t]` is
the standard deviation $\sigma_t$ of all noise up to step $t$. Return the triple $(x_0, \epsilon, F)$.
""",
        ),
        Edit(
            VIEWS_DEF,
            VIEWS_DEF.replace("alpha_bar", "sigma").replace("(x0, eps, v)", "(x0, eps, F)"),
        ),
        Solution(
            "views",
            """
total = np.sqrt(sigma[t]**2 + <<spread>>**2)
skip, out = (<<spread>> / total)**2, sigma[t] * <<spread>> / total
if kind == "x0":
    x0 = value
elif kind == "eps":
    x0 = xt - sigma[t] * value
else:
    x0 = skip * xt + out * value
return x0, (xt - x0) / sigma[t], (x0 - skip * xt) / out
""",
        ),
        *view_tests('goal="preconditioned", number=<<spread>>', "F"),
    ),
    data_spread,
)

TWISTS = [DIFFERENCE, LINE, PRECONDITIONED]
