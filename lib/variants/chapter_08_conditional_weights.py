"""A twist of chapter 8's homework, task 3: a weight for every class, also below 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Twist
from lib.variants.chapter_08_conditional_guidance import (
    ANSWER,
    ASKED,
    FORGET,
    GUIDED,
    JUDGED,
    LINE,
    NOISES,
)  # fmt: skip
from lib.variants.chapter_08_conditional_parts import asks


def draw_weights(rng: np.random.Generator) -> dict[str, Any]:
    """What says the noise and what is asked."""
    told, asked = list(NOISES)[rng.integers(2)], list(ASKED)[rng.integers(3)]
    return NOISES[told] | ASKED[asked] | {"told": told, "asked": asked}


WEIGHTS = Twist(
    3,
    "a weight for every class, also below 0; a learned empty condition; means that moved",
    (
        Cell(
            FORGET,
            r"""
## Task 3: guidance (6 points)

**a (1 point).** A guided diffusion model must be able to answer without a condition, so now and
then it hears none in training. In its place this one hears a vector `empty` that is learned. Write
`forget(c, u, keep, empty)`: row $n$ of the conditions `c`, $(N, M)$, stays where the uniform number
$u_n$ is below `keep`. All other rows become `empty`, $(M,)$.
""",
        ),
        Cell(
            "forget",
            '''
def forget(c, u, keep, empty):
    """Conditions (N, M) where u (N,) is below keep, and the row empty (M,) elsewhere."""
    ### BEGIN SOLUTION
    return np.where((u < keep)[:, None], c, empty)
    ### END SOLUTION
''',
        ),
        asks("forget-rows", module="dials"),
        Cell(
            GUIDED,
            r"""
**b (3 points).** Guidance can ask for several classes at once, and warn of others: each class $k$
has a weight $w_k$, below 0 for what is **not** wanted. On a line all of it can be computed: class
$k$ is $\mathcal N(m_k, s_k^2)$ with the probability $\pi_k$, and <<noisy>> with the density
$q(x_t)$. The guided score is

$$
\begin{aligned}
&\nabla \log q(x_t) \\
&\quad + \sum_k w_k \bigl( \nabla \log q(x_t \mid k) - \nabla \log q(x_t) \bigr) \\
&= \nabla \log \Bigl[ q(x_t) \prod_k p(k \mid x_t)^{w_k} \Bigr]
\end{aligned}
$$ (eq-hw-conditional-guidance)

so a single weight of 1 just asks for its class. Write `guided_score(x, weights, prior, means,
stds, <<given>>)` in
NumPy, without automatic gradients. `x`, $(N,)$, holds values of $x_t$; row $n$ of `weights`, $(N,
K)$, holds the
weights at $x_n$;"""
            + ANSWER
            + r"""
Then plot it for two classes that overlap, with the weights 3 and -2. The guided score is not zero
at the place of the first class but beyond it, on the side away from the other class.
""",
        ),
        Cell(
            "guided",
            '''
def guided_score(x, weights, prior, means, stds, <<given>>):
    """<<name>> at places x (N,) for weights (N, K) of the classes."""
    ### BEGIN SOLUTION
    <<setup>>
    '''
            + LINE
            + """
    untold = (share * scores).sum(axis=1)
    score = untold + (weights * (scores - untold[:, None])).sum(axis=1)
    return <<result>>
    ### END SOLUTION
""",
        ),
        asks("guided-near", 'told="<<told>>", asked="<<asked>>", several=True', "dials"),
        asks("guided-far", 'told="<<told>>", asked="<<asked>>", several=True', "dials"),
        Cell(
            JUDGED,
            r"""
**c (2 points).** Pictures of $K$ classes were asked for, of some classes many and of others few. A
classifier looks at them, and a fixed network gives each of them $F$ features. In both numbers here
every class counts the same. The **accuracy** is the mean over the classes of the share of pictures,
among those that were wanted as $k$, that the classifier takes for $k$. The **shift** tells how far
their mean features $\mu$ are from those of real pictures:

$$
\text{shift} =
\frac{\sum_k \lVert \mu[\, \text{wanted } k \,] - \mu[\, \text{real } k \,] \rVert^2}
{\sum_k \sum_f \mathrm{Var}[\, f \mid \text{real } k \,]}
$$ (eq-hw-conditional-spread)

Each mean goes over the pictures of one class, and each variance is the mean squared distance from
it. Write `judged(features, wanted, said, real, labels)`, which returns the pair (accuracy, shift).
`features`, $(N, F)$, belong to the pictures, which were asked for by `wanted`, $(N,)$, and called
`said`, $(N,)$; `real`, $(M, F)$, are features of real pictures with the classes `labels`, $(M,)$.
Every class is wanted at least once and has real pictures.
""",
        ),
        Cell(
            "judged",
            '''
def judged(features, wanted, said, real, labels):
    """(accuracy, shift) of pictures that were asked for by class; every class counts the same."""
    ### BEGIN SOLUTION
    shares, away, scatter = [], 0, 0
    for k in np.unique(wanted):
        own, true = features[wanted == k], real[labels == k]
        shares.append((said[wanted == k] == k).mean())
        away = away + np.sum((own.mean(axis=0) - true.mean(axis=0)) ** 2)
        scatter = scatter + true.var(axis=0).sum()
    return np.mean(shares), away / scatter
    ### END SOLUTION
''',
        ),
        asks("judged-classes", 'measure="shift"', "dials"),
    ),
    draw_weights,
)
