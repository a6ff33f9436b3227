"""Other questions in words for chapter 6, with drawn numbers."""

from __future__ import annotations

import math

import numpy as np

from lib.variants import Cell, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_edits import row

TASK = "## Task 10: small steps, short schedules, copied pictures (4 points)"
ROW = "small steps, short schedules, copied pictures, in words"


def numbers(rng: np.random.Generator) -> Values:
    """A posterior of two points, pictures of the wrong scale, two errors to compare."""
    share, kept = rng.choice([0.6, 0.7, 0.8, 0.9]), rng.choice([0.2, 0.3, 0.4, 0.5])
    place = rng.choice([-0.6, -0.4, -0.3, 0.1, 0.2])
    logit = math.log(share / (1 - share)) + 2 * math.sqrt(kept) * place / (1 - kept)
    after = round(1 / (1 + math.exp(-logit)), 2)
    end = rng.choice([2e-5, 3e-5, 4e-5, 6e-5])
    level, of_eps = rng.choice([0.1, 0.2, 0.25]), rng.choice([0.02, 0.03, 0.04])
    turned = of_eps * (1 - level) / level
    of_x0 = turned * rng.choice([0.5, 0.7, 1.5, 2])
    return {
        "share": f"{share:g}",
        "kept": f"{kept:g}",
        "place": f"{place:g}",
        "ratio": f"{math.exp(logit):.2f}",
        "after": f"{after:.2f}",
        "guess": f"{2 * after - 1:.2f}",
        "end": f"{end:.5f}",
        "white": f"{255 * math.sqrt(end):.1f}",
        "nats": f"{255**2 * end / 2:.1f}",
        "level": f"{level:g}",
        "of_eps": f"{of_eps:g}",
        "of_x0": f"{of_x0:.2f}",
        "turned": f"{turned:.2f}",
        "better": "A" if turned < of_x0 else "B",
    }


SCALE = Twist(
    10,
    "grey guesses, pictures of the wrong scale, errors that cannot be compared",
    (
        row(10, ROW, "grey guesses, pictures of the wrong scale, two errors, in words"),
        Cell(
            TASK,
            r"""
## Task 10: grey guesses, a wrong scale, two errors (4 points)

Answer in at most 250 words.

1. The data are two points: 1 with probability <<share>>, and $-1$. At a step with $\bar\alpha_t = <<kept>>$ you see
   $x_t = <<place>>$. Compute the share of the point 1 and $\mathbb{E}[x_0 \mid x_t]$. A network of the least possible loss answers
   with this number, although there are no data near it. Why is that no fault? And why do samples end at
   $-1$ or 1 all the same?
2. A colleague forgets to scale the pictures: their numbers run from 0 to 255 instead of from $-1$ to 1. The
   schedule stays, with $\bar\alpha_T = <<end>>$. What is the mean of $x_T$ for a white pixel, and about how many nats is
   $L_T$ for it? What will samples that start from $\mathcal{N}(0, I)$ look like? What does the scale do to the other
   steps? Name a remedy.
3. Network A guesses the noise, and its mean squared error for a number of $\epsilon$ is <<of_eps>>. Network B guesses the
   data, and its error for a number of $x_0$ is <<of_x0>>. Both were measured at the step with $\bar\alpha_t = <<level>>$. Which is the
   better one there? Why can the two mean losses over all steps not be compared? Name a fair comparison.
""",
        ),
        Solution(
            "steps-words",
            r"""
1. The odds of 1 are $\frac{<<share>>}{1 - <<share>>} \exp\bigl(2 \sqrt{\bar\alpha_t}\, x_t / (1 - \bar\alpha_t)\bigr) = <<ratio>>$, so its share is <<after>>, and the guess is
   $2 \cdot <<after>> - 1 = <<guess>>$. The mean is what a squared error asks for: it says how sure one can be, and is no
   sample. A step back goes only a small part of the way to the guess and adds noise. That noise makes
   $x_{t-1}$ lean to one side, the share of this side grows, and near the data one of them is almost 1.
2. The mean is $255 \sqrt{\bar\alpha_T} = <<white>>$, and $L_T \approx \frac{1}{2} \bar\alpha_T\, 255^2 = <<nats>>$ nats for this one pixel. The sampler knows nothing
   of it: it starts where noisy bright pictures are not. Brightness is lost, samples are too dark or of
   the same grey. Compared with the data the noise is 127 times smaller than meant at each step: most
   steps are hardly noisy and teach little, and all that is hard happens in the last ones. Remedies: scale
   the data to $[-1, 1]$; a schedule that destroys more, with $\bar\alpha_T$ smaller by $127^2$.
3. The same answer of a network gives $x_0 - \hat x_0 = -\sqrt{(1 - \bar\alpha_t) / \bar\alpha_t}\, (\epsilon - \hat\epsilon)$. So A's error in $x_0$ is
   $<<of_eps>> \cdot (1 - <<level>>) / <<level>> = <<turned>>$, and <<better>> is better at this step. The factor depends on $t$: a mean over all
   steps weighs them in another way for A than for B. Fair: turn both into errors of $x_0$ step by step, or
   compare the bound in nats on held-out data, or the samples.

**Rubric.** One point for 1: share and guess (half); the mean is right for a squared error, and small
steps with noise decide (half). One and a half points for 2: mean and nats (half); brightness is lost
since the start is wrong (half); most steps hardly noisy, and a remedy (half). One and a half points for
3: the errors turned into one another, and the better network (half); the weight depends on the step
(half); a fair comparison (half).
""",
        ),
    ),
    numbers,
)


def blend(rng: np.random.Generator) -> Values:
    """The share of one noise in a blend of two, and how many steps are kept."""
    share, steps = rng.choice([0.2, 0.25, 0.3, 0.35, 0.4]), int(rng.choice([10, 20, 25, 40, 50]))
    variance = share**2 + (1 - share) ** 2
    return {
        "share": f"{share:g}",
        "rest": f"{1 - share:g}",
        "variance": f"{variance:.3g}",
        "factor": f"{1 / math.sqrt(variance):.3g}",
        "steps": steps,
        "every": 1000 // steps,
    }


BLEND = Twist(
    10,
    "a network without t, skipped steps, a blend of two noises",
    (
        row(10, ROW, "a network without the time, skipped steps, blended noise, in words"),
        Cell(
            TASK,
            r"""
## Task 10: no time, skipped steps, blended noise (4 points)

Answer in at most 250 words.

1. A colleague leaves the input $t$ out: the network sees $x_t$ alone and guesses the noise. For data that are
   one number this is much worse than with $t$; for large pictures it is hardly worse. Why? What does the
   network of the least loss answer for one number, when all $t$ are equally likely?
2. A model was trained with $T = 1{,}000$ steps. DDIM draws with <<steps>> of them, every <<every>>th, and the network is
   not trained again. Why may it skip steps? What does the loss know about the way that a sampler takes?
   What gets worse, if steps are skipped, and why are samples of few steps with $\eta = 1$ worse than with
   $\eta = 0$?
3. With $\eta = 0$ a start $x_T$ decides the picture. Your colleague blends two starts,
   $<<share>>\, x_T + <<rest>>\, x_T'$, hoping for a picture between the two, and gets flat, washed-out ones. What is the variance of
   the blend? Why do flat pictures follow from that? Mend the formula. Why would the same blend be of no
   use with $\eta = 1$?
""",
        ),
        Solution(
            "steps-words",
            r"""
1. A picture of many pixels shows how noisy it is: the noise of neighbours tells its variance almost
   exactly, so $x_t$ contains $t$. One number does not: 0.5 may be data with little noise or much noise with
   little data. The best answer is the mean over the steps, $\mathbb{E}[\epsilon \mid x_t] = \sum_t q(t \mid x_t)\, \mathbb{E}[\epsilon \mid x_t, t]$: right for no step, so the
   sampler takes away too much noise early or too little late.
2. Every term of the loss has one $t$ and an $x_t$ drawn in one leap from $q(x_t \mid x_0)$. No term knows the step before or
   after it, so the network fits every sampler whose noisy data have these distributions, and DDIM is made
   to have them for any list of steps. What suffers: $\hat\epsilon$ is held fixed along a leap, while it should
   change on the way; the longer the leap, the larger this fault. With $\eta = 1$ a long step also replaces most
   of the noise by a fresh draw from one Gaussian, which is wrong where the truth has several humps, and
   few steps are left to mend it.
3. The variance is $<<share>>^2 + <<rest>>^2 = <<variance>>$ instead of 1. The network was trained on $x_T$ of variance 1; a start with
   too little of it looks like a picture with less contrast, and the deterministic way carries this on to
   the end. Divide the blend by its standard deviation, that is multiply by <<factor>> (or go along the arc
   between the two). With $\eta = 1$ fresh noise in every step decides most of the picture, so the start hardly
   matters.

**Rubric.** One point for 1: many pixels show their noise, one number does not (half); a mean over the
steps (half). One and a half points for 2: the loss knows single $t$ and $q(x_t \mid x_0)$ alone (half); longer leaps
with a fixed guess are less exact (half); fresh noise has no steps left to be mended, or a Gaussian is
wrong for a long step (half). One and a half points for 3: the variance <<variance>> (half); too little variance means
less contrast, and the factor <<factor>> (half); with $\eta = 1$ the start hardly decides (half).
""",
        ),
    ),
    blend,
)

TWISTS = [SCALE, BLEND]
