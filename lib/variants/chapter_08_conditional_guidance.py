"""Twists of chapter 8's homework, task 3: other dials, other noise, other measures."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Twist
from lib.variants.chapter_08_conditional_parts import asks

FORGET = "## Task 3: guidance (6 points)"
GUIDED = (
    "**b (3 points).** Guidance adds $w$ times what the condition changes. On a line all of it can "
    r"be computed: class $k$ is $\mathcal N(m_k, s_k^2)$ with the probability $\pi_k$, and noisy "
    r"data are $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$ with the "
    "density $q(x_t)$. The guided score is"
)
JUDGED = (
    "**c (2 points).** Pictures of $K$ classes were asked for. A classifier looks at them, and a "
    "fixed network gives each of them $F$ features. The **accuracy** is the share of pictures that "
    "the classifier takes for what was wanted. The **spread** tells whether they still differ:"
)

#: What the student is told of the noise -> texts of the statement and lines of the key.
NOISES = {
    "sigma": {
        "given": "sigma",
        "noisy": r"noisy data are $x_t = x_0 + \sigma \epsilon$, which do not shrink,",
        "means_of": "`sigma` is $\\sigma$",
        "setup": "kept, spread = 1.0, sigma**2  # x_t keeps all of x_0",
        "zero": "$m_y$",
    },
    "log_snr": {
        "given": "lam",
        "noisy": r"noisy data are $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, "
        r"\epsilon$",
        "means_of": r"`lam` is the logarithm of the signal-to-noise ratio, "
        r"$\lambda = \log \frac{\bar\alpha_t}{1 - \bar\alpha_t}$",
        "setup": "kept = 1 / (1 + np.exp(-lam))  # bar alpha\n    spread = 1 - kept",
        "zero": r"$\sqrt{\bar\alpha_t}\, m_y$",
    },
}
#: What is asked -> texts of the statement and the last line of the key.
ASKED = {
    "score": {"wanted": "the guided scores", "name": "Guided scores", "result": "score"},
    "noise": {
        "wanted": r"not the scores but the guided predictions of the noise $\epsilon$",
        "name": "Guided predictions of the noise",
        "result": "-np.sqrt(spread) * score",
    },
    "clean": {
        "wanted": "not the scores but the guided guesses $\\hat x_0$ of the clean numbers",
        "name": "Guided guesses of x_0",
        "result": "(x + spread * score) / np.sqrt(kept)",
    },
}


def draw_dial(rng: np.random.Generator) -> dict[str, Any]:
    """What says the noise, what is asked, and what stands for "no class"."""
    told, asked = list(NOISES)[rng.integers(2)], list(ASKED)[rng.integers(3)]
    found = NOISES[told] | ASKED[asked] | {"told": told, "asked": asked}
    return found | {"empty": (-1, 10)[rng.integers(2)]}


ANSWER = r"""
`prior`, `means` and `stds`, $(K,)$, hold $\pi_k$, $m_k$ and $s_k$; <<means_of>>. Return <<wanted>>,
$(N,)$. Your answer must be right far from all classes, too.
"""
LINE = """
away = x[:, None] - np.sqrt(kept) * means  # (N, K)
    variance = kept * stds**2 + spread
    joint = np.log(prior) - 0.5 * away**2 / variance - 0.5 * np.log(variance)
    share = np.exp(joint - joint.max(axis=1, keepdims=True))
    share = share / share.sum(axis=1, keepdims=True)  # p(k | x_t)
    scores = -away / variance
""".strip()

DIAL = Twist(
    3,
    "w = 1 is the told answer; other noise and answers; class numbers; means of classes",
    (
        Cell(
            FORGET,
            r"""
## Task 3: guidance (6 points)

**a (1 point).** A guided diffusion model must be able to answer without a condition, so now and
then it hears none in training. This one has an embedding for each of the classes 0 to 9, and one
more for "no class", number <<empty>>. Write `forget(y, u, keep)`: a whole number $y_n$ of the
classes `y`, $(N,)$, stays where the uniform number $u_n$ is below `keep`, and becomes <<empty>>
everywhere else.
""",
        ),
        Cell(
            "forget",
            '''
def forget(y, u, keep):
    """Classes (N,) where u (N,) is below keep, and <<empty>> elsewhere."""
    ### BEGIN SOLUTION
    return np.where(u < keep, y, <<empty>>)
    ### END SOLUTION
''',
        ),
        asks("forget-rows", "empty=<<empty>>", "dials"),
        Cell(
            GUIDED,
            r"""
**b (3 points).** Guidance starts from the answer without a condition and goes $w$ times what the
condition changes. On a line all of it can be computed: class $k$ is $\mathcal N(m_k, s_k^2)$ with
the probability $\pi_k$, and <<noisy>> with the density $q(x_t)$. The guided score is

$$
\begin{aligned}
&\nabla \log q(x_t) \\
&\quad + w \bigl( \nabla \log q(x_t \mid y) - \nabla \log q(x_t) \bigr) \\
&= \nabla \log \bigl[ q(x_t)\, p(y \mid x_t)^w \bigr]
\end{aligned}
$$ (eq-hw-conditional-guidance)

so $w = 1$ just asks for the class, and larger numbers exaggerate. Write
`guided_score(x, y, w, prior, means, stds, <<given>>)` in NumPy, without automatic gradients. `x`,
$(N,)$, holds values
of $x_t$ and `y`, $(N,)$, the classes that are asked for;"""
            + ANSWER
            + r"""
Then plot it for two classes that overlap. With a large $w$ the guided score is not zero at <<zero>>
but beyond it, on the side away from the other class.
""",
        ),
        Cell(
            "guided",
            '''
def guided_score(x, y, w, prior, means, stds, <<given>>):
    """<<name>> at places x (N,) for classes y (N,)."""
    ### BEGIN SOLUTION
    <<setup>>
    '''
            + LINE
            + """
    told = scores[np.arange(len(x)), y]
    untold = (share * scores).sum(axis=1)
    score = untold + w * (told - untold)
    return <<result>>
    ### END SOLUTION
""",
        ),
        asks("guided-near", 'told="<<told>>", asked="<<asked>>"', "dials"),
        asks("guided-far", 'told="<<told>>", asked="<<asked>>"', "dials"),
        Cell(
            JUDGED,
            r"""
**c (2 points).** Pictures of $K$ classes were asked for, of some classes many and of others few. A
classifier looks at them, and a fixed network gives each of them $F$ features. In both numbers here
every class counts the same. The **accuracy** is the mean over the classes of the share of pictures,
among those that were wanted as $k$, that the classifier takes for $k$. The **spread** tells whether
they still differ:

$$
\text{spread} = \frac{1}{K} \sum_k
\frac{\sum_f \mathrm{Var}[\, f \mid \text{wanted } k \,]}
{\sum_f \mathrm{Var}[\, f \mid \text{real } k \,]}
$$ (eq-hw-conditional-spread)

Each variance is the mean squared distance from the mean, within one class. Write
`judged(features, wanted, said, real, labels)`, which returns the pair (accuracy, spread).
`features`, $(N, F)$, belong to the pictures, which were asked for by `wanted`, $(N,)$, and called
`said`, $(N,)$; `real`, $(M, F)$, are features of real pictures with the classes `labels`, $(M,)$.
Every class is wanted at least once and has real pictures.
""",
        ),
        Cell(
            "judged",
            '''
def judged(features, wanted, said, real, labels):
    """(accuracy, spread) of pictures that were asked for by class; every class counts the same."""
    ### BEGIN SOLUTION
    shares, ratios = [], []
    for k in np.unique(wanted):
        own, true = features[wanted == k], real[labels == k]
        shares.append((said[wanted == k] == k).mean())
        ratios.append(own.var(axis=0).sum() / true.var(axis=0).sum())
    return np.mean(shares), np.mean(ratios)
    ### END SOLUTION
''',
        ),
        asks("judged-classes", 'measure="spread"', "dials"),
    ),
    draw_dial,
)
