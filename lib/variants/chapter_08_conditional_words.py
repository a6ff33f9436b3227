"""Twists of chapter 8's homework, task 10: other questions to answer in words."""

from __future__ import annotations

from math import log, log2
from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist

WORDS = "## Task 10: guidance, mean answers and comparisons (4 points)"
ROW = "| 10 | guidance, mean answers and comparisons, in words | 4 |"


def draw_dull(rng: np.random.Generator) -> dict[str, Any]:
    """Shares, probabilities and bits of the questions."""
    drop = (5, 10, 15, 20)[rng.integers(4)]
    white = (0.2, 0.25, 0.3, 0.35, 0.4)[rng.integers(5)]
    gain, bound = (5.2, 5.3, 5.4, 5.5)[rng.integers(4)], (3.3, 3.4, 3.5)[rng.integers(3)]
    nats = (1.9, 2.0, 2.1, 2.2)[rng.integers(4)]
    return {
        "drop": drop,
        "before": f"{(0.78, 0.81, 0.84)[rng.integers(3)]:.2f}",
        "after": f"{(0.35, 0.41, 0.47)[rng.integers(3)]:.2f}",
        "white": f"{white:g}",
        "black": f"{1 - white:g}",
        "variance": f"{white * (1 - white):.4g}",
        "twice": f"{2 * white * (1 - white):.4g}",
        "gain": f"{gain:g}",
        "as_code": f"{8 - gain:g}",
        "bound": f"{bound:g}",
        "nats": f"{nats:g}",
        "bits": f"{nats / log(2):.2f}",
    }


DULL = Twist(
    10,
    "a large dial and a judge, one pixel's best answers, densities beside probabilities",
    (
        Cell(
            WORDS,
            r"""
## Task 10: guidance, mean answers and comparisons (4 points)

Answer in at most 300 words.

1. A diffusion model of digits heard no condition in <<drop>> % of its training steps. A larger $w$
   raises the share of samples that a classifier takes for what was asked, and the recall falls from
   <<before>> to <<after>>. Why does a large $w$ make samples of one class alike? A colleague judges
   with the very classifier whose gradients guided the samples: why is that no evidence? What would
   guidance do if the condition had been dropped in **no** training step, and what if in **all** of
   them?
2. Given its question, a pixel is white, $x = 1$, with probability <<white>> and black, $x = 0$,
   otherwise. Which answer $a$ has the least expected squared error, which one the least expected
   absolute error, and what is the expected **squared** error of both? What is it for an answer that
   is drawn from $p(x \mid y)$, independently of the truth? Which of the three pictures shows a
   person what is not known, and which two hide it, each in its own way?
3. Three models of the same pictures with 256 grey levels: A's density on $[0, 1)$, fitted to the
   grey levels without noise, has $-<<gain>>$ bits per dimension; B has <<bound>> bits per
   dimension, a bound with uniform noise in each bin; C has <<nats>> nats per dimension, exact
   probabilities. Bring the numbers to one unit. Which two can be compared, and what do they say?
   What is wrong with A's, and how would you measure A again?
""",
        ),
        Solution(
            "choice-words",
            r"""
1. Guidance multiplies the density by $p(y \mid x)^w$: with a large $w$ only places survive where
   the classifier is surest. Those are few, away from other classes, so samples of a class look
   alike, and the real ones that are doubtful are never drawn: recall falls. Samples that climbed a
   classifier's gradient please this classifier, also where it is wrong (its blind spots); a judge
   must be another network, best one that has seen neither the model nor the guidance, beside recall
   or spread. Dropped in no step: the network never learned what to say without a condition, its
   untold prediction is arbitrary, and so is the difference that $w$ multiplies. Dropped in all
   steps: told and untold predictions are the same, $w$ changes nothing, and the classes come as
   often as in the data.
2. Squares: the mean, <<white>>, a grey; its expected squared error is the variance
   $<<white>> \times <<black>> = <<variance>>$. Absolute differences: the median, 0, since black has more than one
   half; its expected squared error is $P(x = 1) =$ <<white>>. A drawn answer is wrong when one of
   the two is white and the other black, with probability $2 \times <<white>> \times <<black>> = <<twice>>$,
   twice the variance. Several drawn answers show what is not known: they differ there. The mean
   hides it in a grey that no true picture has (blur), the median in a black that looks certain:
   what is white less than half of the time vanishes.
3. In bits: C has <<nats>> / ln 2 = <<bits>>. B and C can be compared: both are code lengths of the
   same 256 levels. C's are exact, B's is an upper bound: C's code is shorter than what is known of
   B's, by less than it seems if the bound is loose. A's number is a density's. In bins of width
   1/256 it would be 8 - <<gain>> = <<as_code>> bits, the best of the three; but without noise that
   is no bound, for a density can put a spike on each grey level and have as few bits as it likes.
   Measure A again on noisy grey levels, best after fitting it to such, and add $\log_2 256 = 8$
   bits.

**Rubric.** One and a half points for 1: why large $w$ makes samples alike (half); the judge must be
another one (half); both extremes of dropping, each with its reason (half). One and a half points
for 2: both best answers (half); the three squared errors <<variance>>, <<white>>, <<twice>> (half);
who hides what (half). One point for 3: <<bits>> bits, B and C comparable, exact against bound
(half); A is no probability, and noise mends it (half).
""",
        ),
    ),
    draw_dull,
)


def draw_checks(rng: np.random.Generator) -> dict[str, Any]:
    """Weights of the classes, the number of classes and the pictures' side."""
    classes, side = (10, 16, 20, 26)[rng.integers(4)], (8, 16)[rng.integers(2)]
    likely = (0.8, 0.85, 0.9, 0.95)[rng.integers(4)]
    most, untold = round(log2(classes) / side**2, 3), (2.3, 2.4, 2.6)[rng.integers(3)]
    told = round(untold - (4, 5, 6)[rng.integers(3)] * most, 3)
    return {
        "classes": classes,
        "side": side,
        "pixels": side**2,
        "likely": f"{likely:g}",
        "rare": f"{1 - likely:.2g}",
        "most": f"{most:.3f}",
        "nats": f"{log(classes):.2f}",
        "untold": f"{untold:.3f}",
        "told": f"{told:.3f}",
        "gain": f"{untold - told:.3f}",
        "mixed": f"{told + most:.3f}",
    }


CHECKS = Twist(
    10,
    "what A x = y does not prove, noise that is not used, the worth of a label",
    (
        Edit(
            ROW,
            "| 10 | answers that fit, answers that vary, and the worth of a label, in words | 4 |",
        ),
        Cell(
            WORDS,
            r"""
## Task 10: answers that fit, answers that vary, and the worth of a label (4 points)

Answer in at most 300 words.

1. A diffusion chain draws answers to $A x = y$: in every step its guess $\hat x_0$ is moved to the
   nearest answer. Its author reports $\lVert A x - y \rVert = 0.000$ for 1,000 answers and
   concludes that they are samples of $p(x \mid y)$. Name a chain that passes the same test and is
   far from $p(x \mid y)$, and two checks that would find it out. The data have two classes, equally
   frequent; by Bayes a certain $y$ has the posterior <<likely>> and <<rare>>. What would the term
   $\nabla \log p(y \mid x_t)$ of the exact score do in early steps that moving the guess need not
   do?
2. A generator $G(z, y)$ pays the game of a conditional GAN and
   $\lambda\, \mathbb{E} \lVert x - G(z, y) \rVert_2^2$. Show that the second term becomes smaller
   by exactly the variance of $G$ over $z$, summed over the pixels, when the answers are replaced by
   their mean over $z$. What does that do to the noise when $\lambda$ is large, why does the game
   alone not reward it, and which measurement shows it, although pictures and accuracy look good?
3. Pictures of $<<side>> \times <<side>>$ pixels have <<classes>> equally frequent classes. A model
   that is told the class has <<told>> bits per dimension (exact), another one, trained without
   classes, has <<untold>> (exact, same pictures). A colleague says: the label is worth <<gain>>
   bits per dimension. How much can it be worth at most for one model and its mixture over the
   classes? What do the two numbers show, and what would you build for pictures without labels?
""",
        ),
        Solution(
            "choice-words",
            r"""
1. The shortest answer $A^{+} y$, 1,000 times, has $A x = y$; so has any picture that is moved to
   the nearest answer at the end, or a chain that adds no noise. $A x = y$ says nothing of the part
   of $x$ that $A$ does not see. Checks: the spread of the answers where $A$ is blind, against exact
   or held-out ones (coverage, recall); the shares of the classes, here <<likely>> and <<rare>>; the
   precision or likelihood of the answers as pictures. The exact score adds
   $\nabla \log p(y \mid x_t)$: while $x_t$ is mostly noise it weighs the classes by how likely they
   make $y$, so that <<likely>> of the chains go to the first class. Moving the guess fits the seen
   part within whichever class the chain is in; nothing makes the classes come in these shares.
2. Let $m(y) = \mathbb{E}_z G(z, y)$. Given $y$, the noise $z$ and the truth $x$ are independent, so
   $\mathbb{E} \lVert x - G \rVert^2 = \mathbb{E} \lVert x - m \rVert^2 + \mathbb{E} \lVert m - G
   \rVert^2$: the mixed term has the mean 0. The last one is the variance of $G$ over $z$, and the mean saves it. With a large $\lambda$ the generator learns to ignore $z$:
   one question, one answer. The game does not reward it: its optimum is $p(x \mid y)$ with all its
   variety, and $D$ could tell a single answer from many, but it judges one picture at a time and
   may not notice. Measure the spread of several answers to one question (differences between
   pairs).
3. At most $\log_2 <<classes>> / <<pixels>> =$ <<most>> bits per dimension (<<nats>> nats a
   picture): the mixture $\sum_k p(k)\, p(x \mid k)$ has at least $p(y)\, p(x \mid y)$. The
   difference <<gain>> is larger, so most of it is not the label's worth: the second model is simply
   worse than the mixture of the first one, by training, by its size or because classes also made
   the fit easier. Without labels use that mixture: it has at most <<told>> + <<most>> = <<mixed>>
   bits, better than <<untold>>, and needs no label to be asked.

**Rubric.** One and a half points for 1: a chain that passes and is wrong (half); two checks of the
part that $A$ does not see (half); weighing of the classes in early steps (half). One and a half
points for 2: the sum, with the independence that it needs (half); noise ignored, and why the game
does not reward it (half); spread over answers to one question (half). One point for 3: the bound
<<most>> (half); the second model is worse than the mixture, which has at most <<mixed>> (half).
""",
        ),
    ),
    draw_checks,
)
