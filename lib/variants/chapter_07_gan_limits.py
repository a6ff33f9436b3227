"""Task 5 of chapter 7's homework: other starts and axes, and other limits to a linear critic."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

FIRST = "## Task 5: critics that cannot be steep (4 points)"
SECOND = "**b (2 points).** What does a limit on the weights do to a critic? Take the linear score $d(x) = w^\\top x + b$ and the loss of a critic, $\\mathbb{E}[d(G(z))] - \\mathbb{E}[d(x)]$, where the offset $b$ cancels. Write `linear_critics(real, fake, c)`, which returns the pair of the two best $w$, each with as many weights as an example has numbers: the best with every weight"

FROM_V = r"""
## Task 5: critics that cannot be steep (4 points)

**a (2 points).** Spectral normalisation divides a weight $W$ by its largest singular value. Power iteration finds it, here from the side of the
inputs:

$$
\begin{aligned}
u &\leftarrow \frac{W v}{\lVert W v \rVert}, \quad
v \leftarrow \frac{W^\top u}{\lVert W^\top u \rVert}, \\
\sigma &= u^\top W v
\end{aligned}
$$ (eq-hw-gan-power)

Write `power_iteration(weight, v, steps)`. It starts from `v`, which has a number for each input, makes both updates `steps` times, $u$ first, and
returns the triple $(\sigma, u, v)$. `weight` has an output for each row; that of a convolution has shape (outputs, inputs, height, width), and counts
as a matrix with a row for each output.
"""
FROM_V_KEY = '''
def power_iteration(weight, v, steps):
    """(sigma, u, v) after so many iterations from v (inputs,)."""
    ### BEGIN SOLUTION
    matrix = weight.reshape(len(weight), -1)
    for _ in range(steps):
        u = matrix @ v
        u = u / np.linalg.norm(u)
        v = matrix.T @ u
        v = v / np.linalg.norm(v)
    return u @ matrix @ v, u, v
    ### END SOLUTION
'''
COLUMNS = r"""
## Task 5: critics that cannot be steep (4 points)

**a (2 points).** Spectral normalisation divides a weight $W$ by its largest singular value. Power iteration finds it:

$$
\begin{aligned}
v &\leftarrow \frac{W^\top u}{\lVert W^\top u \rVert}, \quad
u \leftarrow \frac{W v}{\lVert W v \rVert}, \\
\sigma &= u^\top W v
\end{aligned}
$$ (eq-hw-gan-power)

In these equations $W$ has a row for each output. The weights of this task are stored as those of **transposed** convolutions are: the first axis
belongs to the inputs and the second to the outputs, (inputs, outputs, height, width), or (inputs, outputs) without pictures. Each row of $W$ holds
what belongs to one output, in the order (inputs, height, width).

Write `power_iteration(weight, u, steps)`. It starts from `u`, which has a number for each output, makes both updates `steps` times, $v$ first, and
returns the triple $(\sigma, u, v)$.
"""
COLUMNS_KEY = '''
def power_iteration(weight, u, steps):
    """(sigma, u, v) after so many iterations from u (outputs,); weight (inputs, outputs, ...)."""
    ### BEGIN SOLUTION
    rows = np.moveaxis(weight, 1, 0)  # (outputs, inputs, ...)
    matrix = rows.reshape(len(rows), -1)
    for _ in range(steps):
        v = matrix.T @ u
        v = v / np.linalg.norm(v)
        u = matrix @ v
        u = u / np.linalg.norm(u)
    return u @ matrix @ v, u, v
    ### END SOLUTION
'''
ENERGY = r"""
**b (2 points).** What does a limit on the weights do to a critic? Take the linear score $d(x) = w^\top x + b$, read as an **energy**: it should be
low for data and high for samples. The loss is $\mathbb{E}[d(x)] - \mathbb{E}[d(G(z))]$, where the offset $b$ cancels. Write
`linear_critics(real, fake, c)`, which returns the pair of the two best $w$, each with as many weights as an example has numbers: the best whose
weights have sizes that **add up** to at most $c$, $\sum_i \lvert w_i \rvert \le c$, and the best of **length** <<length>>. `real` and `fake` hold an
example in each row.

Look at the two: which of them points from the data to the samples? The other sees a single number of an example and is blind for all the rest. With
$c = 1$ it is the best critic that is 1-Lipschitz where two examples are as far apart as their numbers differ at most.
"""
ENERGY_KEY = '''
def linear_critics(real, fake, c):
    """Two best weights, low for data: sizes that add up to c; of length <<length>>."""
    ### BEGIN SOLUTION
    gap = fake.mean(axis=0) - real.mean(axis=0)
    limited, widest = np.zeros(len(gap)), np.abs(gap).argmax()
    limited[widest] = c * np.sign(gap[widest])  # all that is allowed, where it counts most
    return limited, <<length>> * gap / np.linalg.norm(gap)
    ### END SOLUTION
'''
FISHER = r"""
**b (2 points).** What does a limit on the weights do to a critic? Take the linear score $d(x) = w^\top x + b$ and the loss of a critic,
$\mathbb{E}[d(G(z))] - \mathbb{E}[d(x)]$, where the offset $b$ cancels. Write `linear_critics(real, fake, c)`, which returns the pair of the two best
$w$, each with as many weights as an example has numbers: the best with every weight **within** $[0, c]$, so that no number of an example may lower the
score, and the best whose scores have **variance** 1. That variance is the mean of two, of the variance of the scores over the data and of that over the
samples, each about its own mean and divided by the number of examples. `real` and `fake` hold an example in each row.

Look at the two: every weight of the first is 0 or $c$. And the second needs no limit to the weights at all: where the data spread widely, a
difference of the means counts less.
"""
FISHER_KEY = '''
def linear_critics(real, fake, c):
    """Two best weights: all within [0, c]; of scores with variance 1."""
    ### BEGIN SOLUTION
    gap = real.mean(axis=0) - fake.mean(axis=0)
    off_real, off_fake = real - real.mean(axis=0), fake - fake.mean(axis=0)
    covariance = (off_real.T @ off_real / len(real) + off_fake.T @ off_fake / len(fake)) / 2
    w = np.linalg.solve(covariance, gap)  # the best direction: w' gap against w' covariance w
    return np.where(gap > 0, c, 0.0), w / np.sqrt(w @ covariance @ w)
    ### END SOLUTION
'''


def power(rules: str, visible: str, hidden: str) -> tuple[Edit, ...]:
    """Edits of the test of power iteration: its rules, and (shape, steps) of both kinds."""
    seen = "[((3, 5), 3), ((4, 4), 2), ((5, 2), 1), ((6, 3), 4)]:\n"
    unseen = "[((4, 2, 3, 3), 2), ((3, 3), 1), ((5, 4), 30), ((1, 6), 2)]:\n"
    call = "        check_power(power_iteration, rng, shape, steps"
    return (
        Edit(f"{seen}{call})", f"{visible}:\n{call}, {rules})"),
        Edit(f"{unseen}{call})", f"{hidden}:\n{call}, {rules})"),
    )


def lines(rules: str, few: str, many: str) -> tuple[Edit, ...]:
    """Edits of both tests of linear critics: their rules, and numbers (n, m, d)."""
    seen, unseen = (
        "[(5, 4, 3), (3, 3, 2), (6, 2, 4), (4, 7, 5)]:\n",
        "[(5, 4, 3), (4, 5, 1), (20, 30, 40)]:\n",
    )
    call = "        check_lines(linear_critics, rng, n, m, d"
    return (
        Edit(f"{seen}{call})", f"{few}:\n{call}, {rules})"),
        Edit(f"{unseen}{call})", f"{many}:\n{call}, {rules})"),
    )


def lengths(rng: np.random.Generator) -> dict[str, Any]:
    """The length of a critic."""
    return {"length": rng.choice([0.5, 1.5, 2.0, 2.5, 3.0, 4.0])}


TWISTS = [
    Twist(
        5,
        "power iteration from v; an energy with limited sizes",
        (
            Cell(FIRST, FROM_V),
            Cell("power", FROM_V_KEY),
            *power(
                'start="v"',
                "[((4, 4), 2), ((3, 5), 3), ((5, 2), 1), ((6, 3), 4)]",
                "[((4, 2, 3, 3), 2), ((3, 3), 1), ((5, 4), 30), ((6, 1), 2)]",
            ),
            Cell(SECOND, ENERGY),
            Cell("lines", ENERGY_KEY),
            *lines(
                'kind="sum", length=<<length>>',
                "[(5, 4, 3), (3, 3, 2), (6, 2, 4), (4, 7, 5)]",
                "[(5, 4, 3), (4, 5, 1), (20, 30, 40)]",
            ),
        ),
        lengths,
    ),
    Twist(
        5,
        "weights of transposed convolutions; no negative weight, variance 1",
        (
            Cell(FIRST, COLUMNS),
            Cell("power", COLUMNS_KEY),
            *power(
                "columns=True",
                "[((4, 4), 2), ((3, 5), 3), ((5, 2), 1), ((6, 3), 4)]",
                "[((3, 3), 1), ((4, 2, 3, 3), 2), ((2, 3, 2, 1), 3), ((4, 5), 30), ((6, 1), 2)]",
            ),
            Cell(SECOND, FISHER),
            Cell("lines", FISHER_KEY),
            *lines(
                'kind="fisher"',
                "[(6, 5, 3), (5, 5, 2), (8, 6, 4), (6, 9, 5)]",
                "[(7, 8, 3), (4, 5, 1), (60, 50, 20)]",
            ),
        ),
    ),
]
