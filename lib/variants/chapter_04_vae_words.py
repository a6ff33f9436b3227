"""Twists of chapter 4's task 9, to be answered in words: other questions, with keys and rubrics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist

HEADING = "## Task 9: dead noise, blur and collapse (4 points)"
ROW = "| 9 | dead noise, blur and collapse, answered in words | 4 |"


def draw_runs(rng: np.random.Generator) -> dict[str, Any]:
    """Distortion and rate of four runs under shuffled names, and what they say."""
    pixels = int(rng.choice([576, 676, 784, 900, 1024]))
    best = round(float(rng.uniform(0.11, 0.14)) * pixels, 1)
    shares = {"one": (0.20, 0.27), "much": (0.07, 0.10), "little": (0.45, 0.55)}
    rates = {kind: best * float(rng.uniform(*ends)) for kind, ends in shares.items()}
    totals = {"one": best, "much": best + rng.uniform(5, 9), "little": best + rng.uniform(6, 12)}
    runs = {k: (round(totals[k] - rates[k], 1), round(rates[k], 1)) for k in rates}
    runs["dead"] = (round(best * float(rng.uniform(1.6, 2.0)), 1), 0.0)
    names = dict(zip(rng.permutation(list(runs)), "ABCD", strict=True))
    rows = sorted((names[kind], *numbers) for kind, numbers in runs.items())
    bounds = {f"bound_{kind}": f"{-sum(numbers):.1f}" for kind, numbers in runs.items()}
    bits = sum(runs["one"]) / (pixels * math.log(2))
    return {
        "pixels": pixels,
        "rows": "\n".join(f"| {name} | {d:.1f} | {r:.1f} |" for name, d, r in rows),
        "bits": f"{bits:.3f}",
        **names,
        **bounds,
        "dead_distortion": f"{runs['dead'][0]:.1f}",
    }


RUNS = Twist(
    9,
    "a table of four runs",
    (
        Edit(ROW, "| 9 | four runs, read from a table and answered in words | 4 |"),
        Cell(
            HEADING,
            """
## Task 9: four runs (4 points)

Four VAEs have the same networks and were trained on the same pictures of <<pixels>> black and white pixels, each with
another $\\beta$: $\\frac14$, 1, 4 and 40. These are averages over new pictures, in nats per picture, with the rate not
multiplied by anything.

| run | distortion | rate |
|---|---|---|
<<rows>>

Answer in at most 200 words.

1. Which run has the best bound on $\\log p(x)$? Give that bound in nats per picture, and turn it into a price in bits
   per pixel.
2. Which run had which $\\beta$? Say how you can tell.
3. One run has a rate of 0. Which $\\mu$ and $\\sigma$ does its encoder put out, what does its decoder show for a code, and what
   is its distortion the price of?
4. Somebody picks the run with the smallest distortion, "because it has understood the pictures best". What will the
   pictures look like that it makes from $z \\sim \\mathcal{N}(0, I)$, and why?
""",
        ),
        Solution(
            "collapse-words",
            """\
1. The bound is minus the sum of distortion and rate, whatever $\\beta$ was. <<one>> is best with $<<bound_one>>$ nats; the others
   have <<much>>: $<<bound_much>>$, <<little>>: $<<bound_little>>$, <<dead>>: $<<bound_dead>>$. The price is its negative divided by
   $<<pixels>> \\ln 2$: <<bits>> bits per pixel, a bit more than the best code would need, because it is a bound.
2. The larger $\\beta$, the dearer the rate, so the rate falls as $\\beta$ rises: <<little>> has $\\frac14$, <<one>> has 1, <<much>> has 4,
   <<dead>> has 40. It fits that <<one>> has the best bound: only $\\beta = 1$ trains for the bound itself.
3. The rate is 0 only for $\\mu = 0$, $\\sigma = 1$: the code does not depend on the picture. So the decoder ignores it and shows the same
   for every code: for each pixel the share of pictures in which it is white. The distortion of <<dead_distortion>> nats is
   the price of a picture when every pixel is coded alone with that share.
4. Worse than those of <<one>>. With $\\beta = \\frac14$ the rate hardly costs anything, so narrow $q(z \\mid x)$ lie wherever they disturb
   each other least, and all together they do not fill the prior. A draw from the prior falls into holes where
   the decoder has never been trained. The distortion only says how good reconstructions are.

**Rubric.** One point for each. For 1: the run and the bound (half), bits per pixel (half; a wrong sign or log 2 forgotten:
nothing of this half). For 2: all four right (half), the reason (half). For 3: $\\mu = 0$, $\\sigma = 1$ (half), one picture for all
codes, with the independent pixels or the mean picture named (half). For 4: bad samples (half), the codes do not follow
the prior (half). "Overfitting" without more: nothing.
""",
        ),
    ),
    draw_runs,
)


def draw_gap(rng: np.random.Generator) -> dict[str, Any]:
    """A bound on training pictures, one on new pictures, a part of a face."""
    train = int(rng.integers(70, 100))
    return {
        "train": -train,
        "new": -train - int(rng.integers(12, 30)),
        "part": rng.choice(["smile", "glasses", "age", "turn of the head"]),
        "dark": rng.choice(["the corners", "the outermost rows", "the left column"]),
    }


GAP = Twist(
    9,
    "an overfitted encoder, turned codes, a certain pixel",
    (
        Edit(ROW, "| 9 | a gap, turned codes and a certain pixel, answered in words | 4 |"),
        Cell(
            HEADING,
            """
## Task 9: a gap, turned codes and a certain pixel (4 points)

Answer in at most 200 words.

1. The bound is $<<train>>$ nats per picture on the training pictures and $<<new>>$ on new ones. Name two parts of the model
   that can be to blame, each for another reason. Describe an experiment that tells which one it is, without
   training the decoder again.
2. Somebody turns all codes by a rotation matrix $R$: the new decoder takes $z$ and decodes $R^\\top z$. What happens to
   $p(z)$, to $p(x)$, and to the best bound that a $q$ with a diagonal covariance reaches? What does that say about
   finding "the latent variable of the <<part>>"?
3. The decoder puts out a mean and a standard deviation for each pixel. In all pictures, the pixels of <<dark>>
   are exactly 0. What becomes of their standard deviations and of the bound during training? Is the model good,
   then? Name a remedy.
""",
        ),
        Solution(
            "collapse-words",
            """\
1. The decoder may have learnt the training pictures by heart: then $\\log p(x)$ itself is lower for new ones. Or the encoder
   may have: its $q$ for a new picture is far from the posterior, and the KL between them is lost. Keep the decoder fixed
   and find a $q$ for each new picture by gradient steps on its own $\\mu$ and $\\sigma$ (or: train a new encoder on the
   new pictures; or: take an importance bound with many samples). What the bound wins was the encoder's fault, what
   remains is the decoder's.
2. $\\mathcal{N}(0, I)$ looks the same from all sides, so $p(z)$ and with it $p(x)$ stay. The posterior turns too, and if it was close to a
   diagonal Gaussian with different variances, it is no longer: the best diagonal $q$ is farther away, and the bound falls.
   So the likelihood does not care about axes. At most the diagonal $q$ prefers some, and nothing
   says that they are those of a word such as <<part>>.
3. The mean becomes 0 and $\\sigma \\to 0$: the density at 0 grows without limit, and so does the bound. It says nothing about the
   other pixels any more, and gradients explode. No, it is a density of values that have no width. Remedies: one $\\sigma$ for all
   pixels or a smallest one, noise of the width of a grey level on the data, or a discrete likelihood.

**Rubric.** One point for 1: decoder and encoder, each with its reason (half), an experiment that keeps the decoder and changes $q$
alone (half). One and a half for 2: $p(z)$ and $p(x)$ stay (half), the diagonal $q$ fits worse (half), axes have no
meaning for the likelihood (half). One and a half for 3: $\\sigma \\to 0$ and a bound without limit (half), a density is no
probability, so the number is worth nothing (half), a remedy (half). "Regularise more" without saying what: nothing.
""",
        ),
    ),
    draw_gap,
)


def draw_units(rng: np.random.Generator) -> dict[str, Any]:
    """Pictures in two units, and a rate that is larger than the data can need."""
    pixels = int(rng.choice([64, 100, 144, 256]))
    factor = int(rng.choice([15, 31, 63, 100, 255]))
    n = int(rng.choice([200, 500, 1000, 2000, 3000]))
    rate = round(math.log(n) + float(rng.uniform(3, 9)), 1)
    bound = round(float(rng.uniform(0.3, 0.9)) * pixels, 1)
    shift = pixels * math.log(factor)
    return {
        "pixels": pixels,
        "factor": factor,
        "pictures": n,
        "rate": f"{rate:.1f}",
        "log_n": f"{math.log(n):.1f}",
        "rest": f"{rate - math.log(n):.1f}",
        "bound": f"{bound:.1f}",
        "shift": f"{shift:.1f}",
        "moved": f"{bound - shift:.1f}",
        "beta": int(rng.choice([30, 50, 100])),
    }


UNITS = Twist(
    9,
    "a large beta, another unit for pixels, a rate that is too large",
    (
        Edit(ROW, "| 9 | a large beta, a unit and a rate, answered in words | 4 |"),
        Cell(
            HEADING,
            """
## Task 9: a large beta, a unit and a rate (4 points)

Answer in at most 200 words.

1. Somebody multiplies the KL by $\\beta = <<beta>>$ from the first step on. What becomes of $\\mu$ and $\\sigma$ for most latent variables, and
   why? What do you see when you decode $z \\sim \\mathcal{N}(0, I)$? What would you do with $\\beta$ instead?
2. A VAE with a Gaussian decoder is trained on pictures of <<pixels>> pixels with values between 0 and 1. Its bound is
   $<<bound>>$ nats per picture. How can a bound on $\\log p(x)$ be above 0? The same pictures are now stored with values between 0 and
   <<factor>>, and the model is scaled likewise. What is the bound now? What does this say about comparing two models?
3. Draw a code from $q(z \\mid x)$ for a random picture out of <<pictures>> training pictures, and let $q(z)$ be the distribution of such
   codes. The average rate is the information in $z$ about which picture it was, plus $\\mathrm{KL}(q(z) \\,\\Vert\\, p(z))$. The average rate
   is <<rate>> nats. How large is the first part at most? What do you learn about the second part, and what
   will pictures from $z \\sim \\mathcal{N}(0, I)$ look like?
""",
        ),
        Solution(
            "collapse-words",
            """\
1. Nearly every code costs more than the distortion that it saves, so most latents collapse: $\\mu = 0$, $\\sigma = 1$, rate 0. The
   decoder ignores them and shows (nearly) the mean of all pictures for every $z$. Start with a small $\\beta$ and let it
   grow to 1, or use free bits.
2. $p(x)$ is a density of continuous values, not a probability. It is above 1 where much mass lies in a small volume. With values
   <<factor>> times as large, the density is $<<factor>>^{<<pixels>>}$ times smaller: the bound falls by $<<pixels>> \\ln <<factor>> = <<shift>>$ nats to
   $<<moved>>$. Neither number is good or bad in itself: compare models only on the same data in the same unit.
3. One of <<pictures>> pictures can be known with at most $\\ln <<pictures>> = <<log_n>>$ nats. So $\\mathrm{KL}(q(z) \\,\\Vert\\, p(z))$ is
   at least <<rest>> nats: all codes together do not fill the prior as they should. Codes drawn from the prior often
   lie where no picture has its code, in holes, and the decoder shows something that is not like the data.

**Rubric.** One point for 1: collapse with $\\mu = 0$, $\\sigma = 1$ and the reason (half), the mean picture and a $\\beta$ that grows or is
smaller (half). One and a half for 2: a density (half), the change by $D \\ln <<factor>>$ with the right sign (half), the same unit
(half). One and a half for 3: $\\ln <<pictures>>$ (half), the difference is the least KL (half), holes in the prior and bad samples
(half). A right number without a reason: half of its half.
""",
        ),
    ),
    draw_units,
)
