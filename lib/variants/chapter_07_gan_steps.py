"""Task 3 of chapter 7's homework, the game by hand, with other orders, losses and players."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

FIRST = "## Task 3: the game by hand (6 points)"
SECOND = "**b (2 points).** Now the smallest GAN there is. All data are the number 0, the generator always gives the number $\\theta$, and the score is $\\psi x$. Both use the losses of a Wasserstein GAN, and $D$ is penalised by $R_1$ with weight $\\gamma$:"

FORGER_FIRST = r"""
## Task 3: the game by hand (6 points)

**a (4 points).** Data are numbers. The generator moves its noise and stretches it; it keeps the logarithm of the stretch, so that samples
cannot be turned round. The score is a parabola, which is all that two Gaussians need:

$$
G(z) = a + e^b z, \qquad d(x) = w + u x + v x^2
$$ (eq-hw-gan-line)

Write one round of the game, `alternating_step(theta, psi, x, z_d, z_g, lr)`, in NumPy and without any automatic gradients. `theta` is the
array $(a, b)$, `psi` is $(w, u, v)$. In this game the forger opens. First $G$ makes one plain gradient step of size `lr` on
$-\mathbb{E}[\log D(G(z))]$, with samples for `z_g`, against the old $D$. **Then** $D$ makes one step of size `lr` on
$-\mathbb{E}[\log D(x)] - \mathbb{E}[\log(1 - D(G(z)))]$, with the data `x` and with what the new $G$ makes of `z_d`. Return the pair of
the new `theta`, $(2,)$, and the new `psi`, $(3,)$. `x`, `z_d` and `z_g` may differ in length.
"""
FORGER_FIRST_KEY = '''
def alternating_step(theta, psi, x, z_d, z_g, lr):
    """New (theta, psi) after a step of G, then one of D."""

    ### BEGIN SOLUTION
    def powers(x):  # d(x) = psi @ powers(x)
        return np.array([np.ones(len(x)), x, x**2])

    def sig(d):
        return 1 / (1 + np.exp(-d))

    a, b = theta
    sample = a + np.exp(b) * z_g
    score_slope = psi[1] + 2 * psi[2] * sample
    to_sample = -(1 - sig(psi @ powers(sample))) * score_slope
    to_theta = np.array([to_sample.mean(), (to_sample * np.exp(b) * z_g).mean()])
    theta = theta - lr * to_theta
    a, b = theta
    real, fake = powers(x), powers(a + np.exp(b) * z_d)
    to_psi = real @ (sig(psi @ real) - 1) / len(x) + fake @ sig(psi @ fake) / len(z_d)
    return theta, psi - lr * to_psi
    ### END SOLUTION
'''
FORGER_FIRST_SMALL = r"""
**b (2 points).** Now the smallest GAN there is. All data are the number $c = <<centre>>$, the generator always gives the number $\theta$, and the
score is $\psi x$. Both use the losses of a Wasserstein GAN, and $D$ is penalised by $R_1$ with weight $\gamma$:

$$
L_D = \psi (\theta - c) + \tfrac{\gamma}{2} \psi^2, \qquad L_G = -\psi \theta
$$ (eq-hw-gan-smallest)

The rest point is $\theta = c$, $\psi = 0$. Do the players find it? Write `smallest_gan(theta, psi, lr, steps, gamma, alternating)`, which returns
an array of shape $(S + 1, 2)$ for $S$ = `steps`: the pair $(\theta, \psi)$ at the start and after each round. With `alternating` true, $G$ makes
its gradient step first and $D$ answers the new $\theta$; otherwise both steps start from the old pair. Then plot the path: simultaneous,
alternating, and with $\gamma = 1$.
"""
FORGER_FIRST_SMALL_KEY = '''
def smallest_gan(theta, psi, lr, steps, gamma, alternating):
    """(theta, psi) at the start and after each round, (steps + 1, 2)."""
    ### BEGIN SOLUTION
    path = [(theta, psi)]
    for _ in range(steps):
        new = theta + lr * psi
        psi = psi - lr * ((new if alternating else theta) - <<centre>> + gamma * psi)
        theta = new
        path.append((theta, psi))
    return np.array(path)
    ### END SOLUTION
'''
SQUARES = r"""
## Task 3: the game by hand (6 points)

**a (4 points).** Data are numbers. The generator moves and stretches its noise, and the score is a parabola:

$$
G(z) = a + b z, \qquad d(x) = w + u x + v x^2
$$ (eq-hw-gan-line)

Both play with **least squares**. $D$ wants the score $<<high>>$ on data and $<<low>>$ on samples, $G$ wants $<<want>>$ on its samples; each loss is half the
mean squared distance from what is wanted, and that of $D$ is the sum of one for data and one for samples:
$L_D = \tfrac12 \mathbb{E}[(d(x) - h)^2] + \tfrac12 \mathbb{E}[(d(G(z)) - l)^2]$ with $h = <<high>>$ and $l = <<low>>$.

Write one round of the game, `alternating_step(theta, psi, x, z_d, z_g, lr)`, in NumPy and without any automatic gradients. `theta` is the
array $(a, b)$, `psi` is $(w, u, v)$. In spite of the function's name this round is **simultaneous**: $D$ makes one plain gradient step of size `lr`
with the data `x` and the samples for `z_d`, $G$ makes one with samples for `z_g`, and both start from the old `theta` and the old `psi`.
Return the pair of the new `theta`, $(2,)$, and the new `psi`, $(3,)$. `x`, `z_d` and `z_g` may differ in length.
"""
SQUARES_KEY = '''
def alternating_step(theta, psi, x, z_d, z_g, lr):
    """New (theta, psi) after simultaneous steps of D and of G."""

    ### BEGIN SOLUTION
    def powers(x):  # d(x) = psi @ powers(x)
        return np.array([np.ones(len(x)), x, x**2])

    high, low, want = <<high>>, <<low>>, <<want>>
    a, b = theta
    real, fake = powers(x), powers(a + b * z_d)
    on_real, on_fake = psi @ real - high, psi @ fake - low
    to_psi = real @ on_real / len(x) + fake @ on_fake / len(z_d)
    sample = a + b * z_g
    score_slope = psi[1] + 2 * psi[2] * sample
    to_sample = (psi @ powers(sample) - want) * score_slope
    to_theta = np.array([to_sample.mean(), (to_sample * z_g).mean()])
    return theta - lr * to_theta, psi - lr * to_psi
    ### END SOLUTION
'''
OPTIMISTS = r"""
**b (2 points).** Now the smallest GAN there is, played by **optimists**. All data are the number 0, the generator always gives the number $\theta$,
and the score is $\psi x$. Both use the losses of a Wasserstein GAN, and $D$ is penalised by $R_1$ with weight $\gamma$:

$$
L_D = \psi \theta + \tfrac{\gamma}{2} \psi^2, \qquad L_G = -\psi \theta
$$ (eq-hw-gan-smallest)

An optimist expects that its gradient will go on changing as it has just changed. If its gradient is $g$ now and was $g'$ in the round before, it
does not step against $g$, but against $g + \eta (g - g')$, with $\eta = <<glance>>$. In the first round there is no $g'$, and the step is a plain one.

The rest point is $\theta = \psi = 0$. Do the players find it? Write `smallest_gan(theta, psi, lr, steps, gamma, alternating)`, which returns an array
of shape $(S + 1, 2)$ for $S$ = `steps`: the pair $(\theta, \psi)$ at the start and after each round. With `alternating` true, $D$ makes its step first
and the gradient of $G$ is taken at the new $\psi$; otherwise both gradients are taken at the old pair. Then plot the path without a penalty, and
compare it with that of plain gradient steps.
"""
OPTIMISTS_KEY = '''
def smallest_gan(theta, psi, lr, steps, gamma, alternating):
    """(theta, psi) at the start and after each round, (steps + 1, 2)."""
    ### BEGIN SOLUTION
    path, before = [(theta, psi)], None
    for _ in range(steps):
        to_psi = theta + gamma * psi
        before_psi = to_psi if before is None else before[0]
        new = psi - lr * (to_psi + <<glance>> * (to_psi - before_psi))
        to_theta = -(new if alternating else psi)
        before_theta = to_theta if before is None else before[1]
        theta = theta - lr * (to_theta + <<glance>> * (to_theta - before_theta))
        psi, before = new, (to_psi, to_theta)
        path.append((theta, psi))
    return np.array(path)
    ### END SOLUTION
'''


def checks(rounds: str, small: str) -> tuple[Edit, ...]:
    """Edits of the test cells: the rules of a round, and those of the smallest GAN."""
    return (
        Edit("rng, n, n, n)", f"rng, n, n, n, {rounds})"),
        Edit(
            "check_alternating(alternating_step, rng, *sizes)",
            f"check_alternating(alternating_step, rng, *sizes, {rounds})",
        ),
        Edit(
            "check_smallest(smallest_gan, rng, steps, alternating)",
            f"check_smallest(smallest_gan, rng, steps, alternating, {small})",
        ),
        Edit(
            "check_smallest(smallest_gan, rng, 4, alternating, penalised=True)",
            f"check_smallest(smallest_gan, rng, 4, alternating, penalised=True, {small})",
        ),
        Edit(
            "check_smallest(smallest_gan, rng, steps, alternating, penalised=True)",
            f"check_smallest(smallest_gan, rng, steps, alternating, penalised=True, {small})",
        ),
    )


def centres(rng: np.random.Generator) -> dict[str, Any]:
    """The number that all data are."""
    return {"centre": rng.choice([0.5, 0.8, 1.5, 2.0, 2.5, 3.0])}


def goals(rng: np.random.Generator) -> dict[str, Any]:
    """Scores that D wants on data and on samples, and that G wants; how far optimists look."""
    triples = [(1, -1, 0), (1, -1, 1), (1, 0, 1), (2, -1, 1), (2, 0, 1), (0, 1, 0), (1.5, -0.5, 1)]
    high, low, want = triples[rng.integers(len(triples))]
    return {"high": high, "low": low, "want": want, "glance": rng.choice([0.75, 1.0, 1.25, 1.5])}


TWISTS = [
    Twist(
        3,
        "G moves first; data are not 0",
        (
            Cell(FIRST, FORGER_FIRST),
            Cell("round", FORGER_FIRST_KEY),
            Cell(SECOND, FORGER_FIRST_SMALL),
            Cell("smallest", FORGER_FIRST_SMALL_KEY),
            *checks('order="G first", log_spread=True', "first=True, centre=<<centre>>"),
        ),
        centres,
    ),
    Twist(
        3,
        "least squares at once; optimists",
        (
            Cell(FIRST, SQUARES),
            Cell("round", SQUARES_KEY),
            Cell(SECOND, OPTIMISTS),
            Cell("smallest", OPTIMISTS_KEY),
            *checks('order="together", goals=(<<high>>, <<low>>, <<want>>)', "glance=<<glance>>"),
        ),
        goals,
    ),
]
