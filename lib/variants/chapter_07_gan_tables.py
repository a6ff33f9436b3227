"""Task 2 of chapter 7's homework, a game on a table, with unequal shares or with a forgery's D."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

FIRST = "## Task 2: a game on a table (4 points)"
SECOND = "**b (2 points).** Write `game_value(p, q, D)`, the value of the game for any table `D`, not only the best one:"
THIRD = "**c (1 point).** Put the best $D$ into $V$, and a divergence appears:"

SHARE = r"""
## Task 2: a game on a table (4 points)

Where $x$ has $K$ possible values, both distributions are tables: `p` holds $p_\mathrm{data}(x)$ and `q` holds $p_\theta(x)$, shape $(K,)$ each.
A discriminator is a table too, and can be anything: nothing needs to be trained.

In this task data and samples do not come equally often. What $D$ is shown is an example of the data with probability $\pi$ and a sample with
probability $1 - \pi$, and its loss is
$L_D = -\pi\, \mathbb{E}[\log D(x)] - (1 - \pi)\, \mathbb{E}[\log(1 - D(G(z)))]$.

**a (1 point).** Write `best_discriminator(p, q, share)`, where `share` is $\pi$. It returns the table `D`, shape $(K,)$, that makes $L_D$
smallest. With $\pi = \tfrac12$ you know it from the lesson; derive it for any $\pi$. Where neither data nor samples can fall, any $D$ is as
good as another; return 0.5 there.
"""
SHARE_BEST = '''
def best_discriminator(p, q, share):
    """The D, (K,), with the least loss when data p have the share `share`, samples q the rest."""
    ### BEGIN SOLUTION
    data, samples = share * p, (1 - share) * q
    total = data + samples
    return np.where(total > 0, data / np.where(total > 0, total, 1), 0.5)
    ### END SOLUTION
'''
SHARE_VALUE = r"""
**b (2 points).** Write `game_value(p, q, D, share)`, the value of this game for any table `D`, not only the best one:

$$
\begin{aligned}
V(G, D) &= \pi \sum_x p_\mathrm{data}(x) \log D(x) \\
&\quad + (1 - \pi) \sum_x p_\theta(x) \log(1 - D(x))
\end{aligned}
$$ (eq-hw-gan-value)

A value that cannot happen adds nothing, whatever the logarithm beside it: $0 \log 0$ counts as 0. But a $D$ that calls data impossible has
$V = -\infty$; return `-np.inf` then.
"""
SHARE_VALUE_KEY = '''
def game_value(p, q, D, share):
    """V(G, D) in nats for tables p, q and D, (K,) each, and the share of data."""
    ### BEGIN SOLUTION
    with np.errstate(divide="ignore"):
        on_data, on_samples = np.log(D), np.log1p(-D)
    return share * (p * on_data)[p > 0].sum() + (1 - share) * (q * on_samples)[q > 0].sum()
    ### END SOLUTION
'''
SHARE_JENSEN = r"""
**c (1 point).** Put the best $D$ into $V$, and a divergence appears:

$$
V(G, D^*_G) = \mathrm{JSD}_\pi(p_\mathrm{data}, p_\theta) - H(\pi)
$$ (eq-hw-gan-jsd)

$H(\pi) = -\pi \log \pi - (1 - \pi) \log(1 - \pi)$ is the entropy of the share. $\mathrm{JSD}_\pi$ compares both distributions with their mixture
$\pi p_\mathrm{data} + (1 - \pi) p_\theta$, and weighs the two as the mixture does. Write `jensen_shannon(p, q, share)` in nats. Zeros may stand
anywhere.
"""
SHARE_JENSEN_KEY = '''
def jensen_shannon(p, q, share):
    """Jensen-Shannon divergence of two tables, (K,) each, with the weights share and 1 - share."""
    ### BEGIN SOLUTION
    middle = share * p + (1 - share) * q

    def kl(a):
        return (a[a > 0] * np.log(a[a > 0] / middle[a > 0])).sum()

    return share * kl(p) + (1 - share) * kl(q)
    ### END SOLUTION
'''
BITS = r"""
## Task 2: a game on a table (4 points)

Where $x$ has $K$ possible values, both distributions are tables: `p` holds $p_\mathrm{data}(x)$ and `q` holds $p_\theta(x)$, shape $(K,)$ each.
A discriminator is a table too, and can be anything: nothing needs to be trained.

In this task $D(x)$ is the probability that $x$ is a **sample**, a forgery, and information is counted in bits: $\log_2$ throughout. Samples have
the label $s$, data the label 0.

**a (1 point).** Write `best_discriminator(p, q, smooth)`, where `smooth` is $s$. It returns the table `D`, shape $(K,)$, that makes
$L_D = -\mathbb{E}[\log_2(1 - D(x))] - \mathbb{E}[s \log_2 D(G(z)) + (1 - s) \log_2(1 - D(G(z)))]$ smallest. Where neither data nor samples
can fall, any $D$ is as good as another; return 0.5 there.
"""
BITS_BEST = '''
def best_discriminator(p, q, smooth):
    """The D, (K,), the probability of a sample, with the least loss for data p and samples q."""
    ### BEGIN SOLUTION
    total = p + q
    return np.where(total > 0, smooth * q / np.where(total > 0, total, 1), 0.5)
    ### END SOLUTION
'''
BITS_VALUE = r"""
**b (2 points).** Write `game_value(p, q, D)`, the value of the game in bits for any table `D`, not only the best one:

$$
\begin{aligned}
V(G, D) &= \sum_x p_\theta(x) \log_2 D(x) \\
&\quad + \sum_x p_\mathrm{data}(x) \log_2(1 - D(x))
\end{aligned}
$$ (eq-hw-gan-value)

A value that cannot happen adds nothing, whatever the logarithm beside it: $0 \log_2 0$ counts as 0. But a $D$ that calls samples impossible has
$V = -\infty$; return `-np.inf` then.
"""
BITS_VALUE_KEY = '''
def game_value(p, q, D):
    """V(G, D) in bits for tables p, q and D, (K,) each."""
    ### BEGIN SOLUTION
    with np.errstate(divide="ignore"):
        on_samples, on_data = np.log2(D), np.log1p(-D) / np.log(2)
    return (q * on_samples)[q > 0].sum() + (p * on_data)[p > 0].sum()
    ### END SOLUTION
'''
BITS_JENSEN = r"""
**c (1 point).** Put the best $D$ into $V$, and a divergence appears, in bits as well:

$$
V(G, D^*_G) = 2\, \mathrm{JSD}(p_\mathrm{data}, p_\theta) - 2
$$ (eq-hw-gan-jsd)

Write `jensen_shannon(p, q)` in bits. Zeros may stand anywhere. What is the largest value that it can have?
"""
BITS_JENSEN_KEY = '''
def jensen_shannon(p, q):
    """Jensen-Shannon divergence of two tables, (K,) each, in bits: at most 1."""
    ### BEGIN SOLUTION
    middle = (p + q) / 2

    def kl(a):
        return (a[a > 0] * np.log2(a[a > 0] / middle[a > 0])).sum()

    return (kl(p) + kl(q)) / 2
    ### END SOLUTION
'''


def checks(game: str, thirds: tuple[Any, ...]) -> tuple[Edit, ...]:
    """Edits of the test cells; `thirds` are six values of the third argument."""
    calls = [
        "check_value(game_value, rng, k",
        "check_value(game_value, rng, 6",
        'check_value(game_value, rng, 6, zeros, "best"',
        'check_value(game_value, rng, 5, "", "blind"',
        "check_divergence(jensen_shannon, rng, k",
        "check_divergence(jensen_shannon, rng, 40",
        "check_divergence(jensen_shannon, rng, 6, zeros",
    ]
    a, b, c, d, e, f = thirds
    name = "share" if game == "share" else "smooth"
    return (
        Edit(
            "for k, smooth in [(5, 1.0), (3, 0.9), (6, 1.0), (4, 0.8)]:\n"
            "        check_best(best_discriminator, rng, k, smooth)",
            f"for k, {name} in [(5, {a}), (3, {b}), (6, {c}), (4, {d})]:\n"
            f'        check_best(best_discriminator, rng, k, {name}, game="{game}")',
        ),
        Edit(
            "check_best(best_discriminator, rng, 30, 0.7)",
            f'check_best(best_discriminator, rng, 30, {e}, game="{game}")',
        ),
        Edit(
            "check_best(best_discriminator, rng, 6, 1.0, zeros)",
            f'check_best(best_discriminator, rng, 6, {f}, zeros, "{game}")',
        ),
        *(Edit(f"{call})", f'{call}, game="{game}")') for call in calls),
    )


def shares(rng: np.random.Generator) -> dict[str, Any]:
    """Four shares of data for the visible test, two for the hidden one."""
    values = rng.permutation([0.15, 0.25, 0.35, 0.45, 0.6, 0.7, 0.8, 0.9])[:6]
    return {f"share{k}": float(v) for k, v in enumerate(values)}


def labels(rng: np.random.Generator) -> dict[str, Any]:
    """Labels of samples."""
    values = rng.permutation([0.95, 0.9, 0.85, 0.8, 0.75, 0.7])[:3]
    return {f"label{k}": float(v) for k, v in enumerate(values)}


TWISTS = [
    Twist(
        2,
        "data and samples have unequal shares",
        (
            Cell(FIRST, SHARE),
            Cell("best", SHARE_BEST),
            Cell(SECOND, SHARE_VALUE),
            Cell("value", SHARE_VALUE_KEY),
            Cell(THIRD, SHARE_JENSEN),
            Cell("jensen", SHARE_JENSEN_KEY),
            *checks("share", tuple(f"<<share{k}>>" for k in range(6))),
        ),
        shares,
    ),
    Twist(
        2,
        "D is the probability of a forgery, values are bits",
        (
            Edit("logarithms are natural.", "logarithms are natural except in task 2."),
            Cell(FIRST, BITS),
            Cell("best", BITS_BEST),
            Cell(SECOND, BITS_VALUE),
            Cell("value", BITS_VALUE_KEY),
            Cell(THIRD, BITS_JENSEN),
            Cell("jensen", BITS_JENSEN_KEY),
            *checks("fakes", (1.0, "<<label0>>", 1.0, "<<label1>>", "<<label2>>", 1.0)),
        ),
        labels,
    ),
]
