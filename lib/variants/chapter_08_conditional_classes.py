"""Twists of chapter 8's homework, tasks 1 and 4: classes by Bayes, a game with a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist
from lib.variants.chapter_08_conditional_parts import asks

BAYES = "## Task 1: the classifier in every conditional model (3 points)"
TOLD = (
    "**b (1 point).** What is it worth to be told the class? The model that is not told it is the "
    "mixture, and being told cannot save much:"
)


def draw_lengths(rng: np.random.Generator) -> dict[str, Any]:
    """The unit of the code lengths."""
    units = {
        "bits": ("np.log(2)", r"\log_2", r"\log_2 10 = 3.3", "0.05"),
        "bytes": ("8 * np.log(2)", r"\log_{256}", r"\log_{256} 10 = 0.42", "0.006"),
        "decimal digits": ("np.log(10)", r"\log_{10}", r"\log_{10} 10 = 1", "0.016"),
    }
    unit = list(units)[rng.integers(len(units))]
    size, base, worth, pixel = units[unit]
    return {"unit": unit, "size": size, "base": base, "worth": worth, "pixel": pixel}


LENGTHS = Twist(
    1,
    "code lengths and counts instead of log-densities and frequencies",
    (
        Edit(
            "Logarithms are natural, bounds are in nats;",
            "Logarithms are natural where no base is written, bounds are in nats;",
        ),
        Cell(
            BAYES,
            r"""
## Task 1: the classifier in every conditional model (3 points)

A model of pictures is a code: given the class $k$, the picture $x$ costs the length
$\ell_k(x) = -<<base>> p(x \mid k)$ in <<unit>>. A model that can tell the length for every class is
a classifier too, without any more training:

$$
p(y \mid x) = \frac{p(x \mid y)\, p(y)}{\sum_k p(x \mid k)\, p(k)}
$$ (eq-hw-conditional-bayes)

**a (2 points).** Write `class_posterior(lengths, counts)`. Row $n$ of `lengths`, $(N, K)$, holds
the lengths $\ell_k(x^{(n)})$ of picture $n$ for the $K$ classes, in <<unit>>; `counts`, $(K,)$,
says how many training pictures each class had, and $p(k)$ is their share. Return
$p(k \mid x^{(n)})$, $(N, K)$. Pictures cost thousands of <<unit>>; where $p(x \mid k)$ is a
density, the length may be as far below 0. A class may have no picture at all.
""",
        ),
        Cell(
            "bayes",
            '''
def class_posterior(lengths, counts):
    """p(y | x), (N, K), from lengths in <<unit>>, (N, K), and counts of the classes, (K,)."""
    ### BEGIN SOLUTION
    with np.errstate(divide="ignore"):
        joint = -<<size>> * lengths + np.log(counts)  # log p(x, y) in nats, but for a constant
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)
    ### END SOLUTION
''',
        ),
        asks("bayes-near", 'unit="<<unit>>"'),
        asks("bayes-far", 'unit="<<unit>>"'),
        Cell(
            TOLD,
            r"""
**b (1 point).** What is it worth to be told the class? The code that is not told it belongs to the
mixture, and being told cannot save much:

$$
\begin{aligned}
&\ell(x) = -<<base>> \sum_k p(k)\, p(x \mid k) \\
&\ell(x) - \ell_y(x) \le <<base>> \tfrac{1}{p(y)}
\end{aligned}
$$ (eq-hw-conditional-told)

Write `told_and_untold(lengths, counts, y)`, where `y`, $(N,)$, holds the pictures' classes. Return
the pair of the mean of $\ell_y(x)$ and the mean of $\ell(x)$ over the pictures, both in <<unit>>.
With ten equally frequent digits the two differ by at most $<<worth>>$ <<unit>> a picture, <<pixel>>
per pixel of an $8 \times 8$ picture: a class label hardly shows in the length of the code.
""",
        ),
        Cell(
            "told",
            '''
def told_and_untold(lengths, counts, y):
    """Mean lengths in <<unit>> with and without the class, for lengths (N, K)."""
    ### BEGIN SOLUTION
    unit = <<size>>  # in nats
    joint = -unit * lengths + np.log(counts / counts.sum())
    top = joint.max(axis=1)
    untold = -(top + np.log(np.exp(joint - top[:, None]).sum(axis=1))) / unit
    return lengths[np.arange(len(y)), y].mean(), untold.mean()
    ### END SOLUTION
''',
        ),
        asks("told-pictures", 'unit="<<unit>>"'),
    ),
    draw_lengths,
)


def draw_albums(rng: np.random.Generator) -> dict[str, Any]:
    """The order of the axes."""
    axes = ("nmk", "mnk", "nkm")[rng.integers(3)]
    names = ", ".join(axes)
    return {"axes": axes, "entry": names, "shape": names.upper(), "over": axes.index("m")}


ALBUMS = Twist(
    1,
    "albums: several pictures of one class, which is drawn once",
    (
        Cell(
            BAYES,
            r"""
## Task 1: the classifier in every conditional model (3 points)

A model that can tell $\log p(x \mid y)$ for every class is a classifier too, without any more
training. Yours looks at albums: each album has $M$ pictures $x_1, \ldots, x_M$ of **one** thing.
Its class $y$ is drawn once from $p(y)$; given the class, the pictures are independent:

$$
p(y \mid x_{1:M}) = \frac{p(y) \prod_m p(x_m \mid y)}{\sum_k p(k) \prod_m p(x_m \mid k)}
$$ (eq-hw-conditional-bayes)

**a (2 points).** Write `class_posterior(log_p, prior)`. Entry $(<<entry>>)$ of `log_p`,
$(<<shape>>)$, holds $\log p(x_m \mid k)$ for picture $m$ of album $n$, in nats; `prior`, $(K,)$,
holds $p(k)$. Return $p(k \mid x_{1:M})$ of each album, $(N, K)$. Pictures have log-densities of
thousands of nats below or above 0, and a class may have $p(k) = 0$.
""",
        ),
        Cell(
            "bayes",
            '''
def class_posterior(log_p, prior):
    """p(y | all its pictures), (N, K), from log p(x_m | y), (<<shape>>), and p(y), (K,)."""
    ### BEGIN SOLUTION
    with np.errstate(divide="ignore"):
        joint = log_p.sum(axis=<<over>>) + np.log(prior)  # the class is drawn once
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)
    ### END SOLUTION
''',
        ),
        asks("bayes-near", 'axes="<<axes>>"', "albums"),
        asks("bayes-far", 'axes="<<axes>>"', "albums"),
        Cell(
            TOLD,
            r"""
**b (1 point).** What is it worth to be told the class? The model that is not told it is a mixture
of products, and being told cannot save much:

$$
\begin{aligned}
&\log p(x_{1:M}) = \log \sum_k p(k) \prod_m p(x_m \mid k) \\
&\log p(x_{1:M} \mid y) - \log p(x_{1:M}) \le \log \tfrac{1}{p(y)}
\end{aligned}
$$ (eq-hw-conditional-told)

Write `told_and_untold(log_p, prior, y)`, where `y`, $(N,)$, holds the class of each album. Return
the pair of the mean of $\log p(x_{1:M} \mid y)$ and the mean of $\log p(x_{1:M})$, in nats for each
album. With ten equally frequent classes the two differ by at most $\log 10 = 2.3$ nats, however
many pictures there are: with $M = 4$ pictures of $8 \times 8$ pixels, 0.013 bits per pixel. A class
label hardly shows in bits per dimension.
""",
        ),
        Cell(
            "told",
            '''
def told_and_untold(log_p, prior, y):
    """Means of log p(all | y) and of log p(all), in nats, for log p(x_m | k), (<<shape>>)."""
    ### BEGIN SOLUTION
    together = log_p.sum(axis=<<over>>)  # (N, K)
    joint = together + np.log(prior)
    top = joint.max(axis=1)
    untold = top + np.log(np.exp(joint - top[:, None]).sum(axis=1))
    return together[np.arange(len(y)), y].mean(), untold.mean()
    ### END SOLUTION
''',
        ),
        asks("told-pictures", 'axes="<<axes>>"', "albums"),
    ),
    draw_albums,
)
