"""Twists of task 10 of the homework on pixel models: other questions, to be answered in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick

ROW = "| 10 | bits, slowness and missing halves, in words | 4 |"
TITLE = "## Task 10: bits, slowness, missing halves (4 points)"


def sizes(rng: np.random.Generator) -> dict[str, Any]:
    """A picture, a mixture and a network with drawn numbers; what follows from them."""
    side, bad = pick(rng, [16, 24, 28, 40, 48, 64]), pick(rng, [4, 9, 19, 49])
    d, layers = side**2, pick(rng, [12, 15, 25, 30])
    return {
        "side": side,
        "d": d,
        "layers": layers,
        "bad": bad,
        "of": bad + 1,
        "price": f"{np.log2(bad + 1) / d:.4f}",
        "total": f"{np.log2(bad + 1):.2f}",
        "half": side // 2,
        "row_calls": side,
    }


MIXED = Twist(
    10,
    "a mixture in numbers, whole rows at once, a hole in the middle",
    (
        Edit(ROW, "| 10 | a mixture, whole rows and a hole, in words | 4 |"),
        Cell(
            TITLE,
            """
## Task 10: a cheap mixture, whole rows, a hole (4 points)

Answer in at most 250 words.

1. A model $p$ of black and white pictures of <<side>> × <<side>> pixels is excellent. A colleague replaces it by a mixture: one time in <<of>> it draws from $p$, otherwise it draws
   noise. By how many bits per dimension can this make the model worse, at most? What do people see who look at its samples? What does this say about bits as a
   measure of samples?
2. To be faster, someone draws a whole row at once: all pixels of a row independently, given the rows above. How many passes does a sample of <<side>> × <<side>> pixels need now, and how many
   before? What can such a model not say about a row? In the pictures of task 9 nine of ten pixels equal their left
   neighbours, and rows tell nothing about each other: what would this model make of them?
3. Your model reads in raster order, and a square hole in the middle of a picture is to be filled. Which of the known pixels does each drawn pixel see, and which not? How does the
   border of the filled hole look on each of its four sides? Name two ways to do better, and say what each costs.
""",
        ),
        Solution(
            "slow-words",
            """
1. The mixture is never below $p(x) / <<of>>$, so it loses at most $\\log_2 <<of>> = <<total>>$ bits for a picture, and $<<total>> / <<d>> = <<price>>$ bits per dimension: nothing that a table of results would
   show. But <<bad>> of <<of>> samples are noise. Bits are an average of $\\log p$ over the data, in which a factor hardly counts; they do not say what a typical sample looks like.
2. <<side>> passes, one for each row, where <<d>> were needed before, one for each pixel. Given the rows above, the pixels of a row are independent, so the model cannot say that neighbours in a row
   belong together. In task 9 rows tell nothing about each other and everything stands in the row: its pixels would be drawn as by a fair coin, and half of the neighbours would differ.
3. A pixel of the hole sees what comes earlier: everything above, the known pixels on the left of its row, the drawn ones before it. It does not see the known pixels on the right of its row, nor anything below. So
   the filling fits at the top and on the left and breaks off at the right and at the bottom: the draw is from $p(\\text{hole} \\mid \\text{earlier})$ and not from $p(\\text{hole} \\mid \\text{all known})$.
   Better: train with many orders, so that the hole comes last (harder to train); draw many fillings and weigh each by the likelihood of the pixels after it (many draws, most of no use); Gibbs or Metropolis steps
   over the hole with the full $p(x)$ (many passes, mixes slowly); a network that is given the known part (another model, trained for holes).

**Rubric.** One point for 1: the factor <<of>> or its logarithm, divided by the number of pixels (half); samples are mostly noise, so bits do not measure them (half). One point for 2: <<side>> and <<d>> passes (half); pixels of a row
are independent given the rows above, with the picture that follows (half). Two points for 3: which known pixels are not seen, and on which sides it shows (1 point); two ways with their costs (half a point each).
""",
        ),
    ),
    sizes,
)


def level_values(rng: np.random.Generator) -> dict[str, Any]:
    """Numbers of a report that may be true, and of one that cannot."""
    levels = pick(rng, [16, 32, 64, 128])
    most = int(np.log2(levels))
    return {
        "levels": levels,
        "most": most,
        "side": pick(rng, [24, 28, 32, 48, 64]),
        "low": f"{most * pick(rng, [0.45, 0.5, 0.55, 0.6]):.1f}",
        "tiny": pick(rng, ["0.02", "0.03", "0.05", "0.08"]),
    }


LEVELS = Twist(
    10,
    "impossible bits, teacher forcing, the price of an order",
    (
        Edit(ROW, "| 10 | impossible bits, mistakes that add up and orders, in words | 4 |"),
        Cell(
            TITLE,
            """
## Task 10: too good, too sure, the wrong way round (4 points)

Answer in at most 250 words.

1. A paper reports <<low>> bits per dimension for grey pictures of <<levels>> levels, <<side>> × <<side>> pixels. What would a model need that knows nothing? A friend's new model reports <<tiny>> bits per dimension on new photographs
   after one minute of training. Name two mistakes that give such a number, and one test for each that finds it without looking at the code.
2. In training, every pixel is predicted from the true pixels before it. While drawing, it is predicted from pixels that the model drew. Why may pictures become worse and worse
   towards the lower right corner, though the bits on new pictures are good? Does this mean that $p(x)$ is not exact? Name one way to make it less bad.
3. The chain rule holds in every order of the pixels. Why do models that read from the top and models that read from the bottom still reach different bits? You want to draw pictures whose **last row** is given. Which
   order do you train, and what does each of two other ways cost if only a model in raster order is at hand?
""",
        ),
        Solution(
            "slow-words",
            """
1. Without any knowledge: $\\log_2 <<levels>> = <<most>>$ bits. So few bits as <<tiny>> for photographs, which have noise, point to a leak: a mask B in the first layer, a mean over the picture, targets shifted by one. Test: change one pixel and look whether its own prediction or
   an earlier one changes. Or to a wrong count: division by pixels and levels, a mean over too many numbers. Test: give all levels the same logits; the report must be <<most>>.
2. The model has only learnt what to do after true pixels. A drawn pixel is now and then one that no picture would have there, and the next ones are predicted from a past that never occurred in training; mistakes add up, and most of them lie before the last pixels.
   $p(x)$ is exact all the same: it is the product of the conditionals for any $x$, and the drawn pictures have exactly this distribution. It gives a little too much to a great many strange pictures. Less bad: a better or larger model,
   a lower temperature (less variety), noise on the inputs in training (worse bits).
3. The product of the true conditionals is the same in every order, but a network of limited size, trained on limited data, learns some conditionals more easily than others. For a given last row train a model that reads from the
   bottom: then the given row comes first, and the draw is exact (cost: another training). With raster order alone: draw the upper rows many times and weigh each by the probability of the given last row after them (importance sampling: many draws, most
   of no use); or Gibbs or Metropolis steps over the other rows with the full $p(x)$ (many passes for each step, mixes slowly).

**Rubric.** One point for 1: <<most>> bits (a quarter), two mistakes (a quarter), a test for each (half). One point for 2: the past while drawing differs from that in training, mistakes add up (half); $p(x)$ stays exact, one remedy (half). Two points for 3: equal
in theory, not for learnt networks (half); the order from the bottom with its reason (half); two other ways with their costs (half a point each).
""",
        ),
    ),
    level_values,
)

TWISTS = [MIXED, LEVELS]
