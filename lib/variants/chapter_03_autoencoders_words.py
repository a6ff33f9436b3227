"""Private variants of chapter 3's homework, task 8: questions to be answered in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.variants import Cell, Twist, Values

CLAIMS = "## Task 8: codes, rubbish and a bold claim (4 points)"


@dataclass(frozen=True)
class Question:
    """A question, its answer, and what earns which points."""

    asked: str
    answer: str
    rubric: str


CODES = (
    Question(
        r"""Two students train the same linear autoencoder with ten codes on the same faces, from different starts. Their losses are
   equal. They average the weights of their encoders and of their decoders, "as one averages two measurements". The loss of the
   averaged model is far higher. Explain. What of the two models can be compared, entry by entry?""",
        r"""At the minimum $B = W G$ and $A = G^{-1} W^\top$ with any invertible $G$, and each start leads to another $G$. The averages
   multiply to $\frac14 W (G_1 + G_2)(G_1^{-1} + G_2^{-1}) W^\top$, which holds $G_1 G_2^{-1}$ and its inverse and is not $W W^\top$: one model's
   decoder reads the other's codes. Comparable are what $G$ cancels from: the product $B A = W W^\top$, so the projection onto the plane, every
   reconstruction and the loss.""",
        r"""One point for 1: each model has its own $G$, and in the average decoder and encoder no longer fit (half), product, plane or
   reconstructions agree (half).""",
    ),
    Question(
        r"""A linear autoencoder with two codes is trained on pictures. Over the training pictures $z_1$ has variance 50 and $z_2$ has
   variance 0.02. "It has sorted its codes as PCA does, and $z_2$ can be dropped." Why does neither follow? What would you compute from the codes and
   the decoder to know what one number less would cost?""",
        r"""The loss does not see the invertible $G$ between codes and scores. It may make a code small and the decoder's column large, and it may
   mix the scores, so neither size nor order of the codes means anything. What counts is how far the reconstructions $B z$ spread. Take an
   orthonormal basis of the plane of $B$, the covariance of the coordinates of $B z$ in it, and its eigenvalues: those are the variances of the two
   components. Keeping the first component costs the second eigenvalue in squared error.""",
        r"""One point for 1: scale (or mixture) of a code is free because $G$ is, so its variance says nothing (half), variances of the
   reconstructions in the plane, and the smaller eigenvalue is the cost (half).""",
    ),
    Question(
        r"""A student gives an autoencoder with ten codes a deep encoder full of tanh, but keeps the decoder linear. On the training faces it never
   beats PCA with ten components, however long it trains. Explain why it cannot. Another student has a linear encoder and a deep decoder: does your
   argument hold there too?""",
        r"""With a linear decoder all reconstructions lie in one plane of ten dimensions, whatever the encoder does. Of all points of a plane the nearest to
   a picture is its orthogonal projection, which a linear encoder already finds, and of all planes PCA has the one with the smallest error. So PCA is the best that
   this model can reach. With a deep decoder the reconstructions lie on a bent surface, so the argument fails, and such a model may beat PCA, although its linear encoder limits which
   point of the surface it can choose.""",
        r"""One point for 1: reconstructions stay in a plane, and PCA has the best plane and the best point in it (half), a bent
   decoder leaves the plane, so the argument fails (half).""",
    ),
)

RUBBISH = (
    Question(
        r"""Random codes are decoded. A classifier of digits is unsure about 2 % of these pictures, and about 3 % of real new ones. "So the random
   pictures are as good as real ones." Name two faults that the random pictures may have and this number cannot see, and for each a measurement that
   would.""",
        r"""A classifier only says on which side of its boundaries a picture lies. It may be sure about rubbish far from all data; the distance to the nearest
   training picture, beside that of real new pictures, would show it. And it looks at one picture at a time: if all pictures were the same
   clean 1, nothing would be unsure. Counting the classes, recall, or a Fréchet distance, which compares spreads, would show that. (Copies of training pictures
   are a third fault; distances to the nearest training picture that are far too small show them.)""",
        r"""One point for 2: two different faults (a quarter each), each with a measurement that sees it (a quarter each).""",
    ),
    Question(
        r"""Codes are drawn from the Gaussian fitted to the codes, but with half its standard deviations. Every decoded picture now looks better, and the
   Fréchet distance to real new pictures is larger than before. "So the Fréchet distance is broken." Why do single pictures look better, why does the distance
   grow, and which pair of numbers would tell the two apart?""",
        r"""Narrow draws stay near the mean of the codes, where many codes of the data are and the decoder was trained, so hardly any lands in a hole.
   But they show only the usual pictures: the variety is gone. The Fréchet distance compares means *and* covariances of features, so a missing spread counts as much as a wrong
   picture. Precision (which share of the draws looks like data) rises, and recall (which share of the data is reached by the draws) falls.""",
        r"""One point for 2: near the middle there are fewer holes (a third), less variety, which the covariances in the distance see (a third), precision
   and recall or another pair of fidelity and variety (a third).""",
    ),
    Question(
        r"""Somebody makes new pictures from the code of a random training picture plus a very little noise. All look excellent, and the Fréchet distance
   to the *training* pictures is nearly 0. "This is the best generator of the course." What does this distance not see, what happens as the noise grows, and
   which measurement would you ask for?""",
        r"""The pictures are copies: almost the reconstructions of training pictures. A distance between two clouds of features is smallest when one
   *is* the other, so it rewards learning by heart. With more noise the codes leave the neighbourhood of known ones, new pictures appear, and more of them fall into
   holes. Ask for the distance from each new picture to the nearest training picture, beside the same distances for real new pictures (much smaller means copies), and for
   a Fréchet distance to pictures that were not trained on.""",
        r"""One point for 2: copies are not seen, even rewarded (a third), more noise buys novelty with rubbish (a third), distance to the nearest
   training picture with a comparison, or held-out pictures (a third).""",
    ),
)

THIRDS = r"""two thirds for each of (a), (b), (c), half of that for the effect and half for the remedy; round to a quarter of a point in
   the sum."""
CLAIM = (
    Question(
        r"""An autoencoder is trained on pictures of intact machine parts, and a large reconstruction error is to give broken parts away. "Our detector
   finds 95 % of the broken parts." You learn that (a) the limit for the error was set on the same 20 broken parts, so that 19 of them lie above it, (b) nobody
   looked how many intact parts lie above it, and (c) the intact parts were photographed last year, the broken ones this year with another camera. For each of the
   three: what may it have done to the claim, and what would you do instead?""",
        r"""(a) The 95 % were chosen and not measured; on other parts it may be much less, and 20 parts would leave a wide interval anyway. Set the limit on
   other pictures, for instance as a quantile of the errors of intact parts that were not trained on, and measure on fresh broken parts. (b) A low limit finds
   everything: a detector that always rings finds 100 %. Report the share of false alarms on new intact parts at the same limit, or both shares for every limit. (c) The error may come
   from the camera (light, focus, noise), which the model has never seen, and not from the break; intact parts of this year might ring as well. Take both kinds with the same camera, or at least
   measure intact parts of the new camera.""",
        rf"""Two points for 3: {THIRDS} "Too few data" alone earns nothing for (a).""",
    ),
    Question(
        r""""Our denoising autoencoder has an error of 12, PCA one of 20. So it removes noise 40 % better." You learn that (a) the error compares the output with the
   **noisy** picture, (b) PCA got 64 components because the autoencoder has 64 codes, and nothing else was tried for PCA, and (c) both errors come from the
   pictures that were trained on. For each of the three: what may it have done to the two numbers, and what would you do instead?""",
        r"""(a) Noise that stays in the output makes this error smaller, so it rewards the opposite of what is claimed; a perfect denoiser would have $\sigma^2$ a pixel,
   and the numbers cannot say which method is better. Compare with the clean pictures. (b) For removing noise few components may be better than many: 64 may keep
   much noise (or, with little noise, too little of the picture). PCA is not at its best, whichever way its error went. Choose its number on a validation part of the pictures, with as much care as
   the autoencoder got. (c) Both errors are too small, and that of the autoencoder more, because its many weights can learn pictures (and their noise) by heart. Measure both on test pictures
   with new noise.""",
        rf"""Two points for 3: {THIRDS} "Overfitting" alone earns nothing for (c): it must say for which method more.""",
    ),
    Question(
        r""""A bent autoencoder with two codes has an error of 9, PCA with two components one of 15. The data therefore lie on a bent surface of two dimensions." You
   learn that (a) the autoencoder was trained from ten starts and the start with the smallest error on the test pictures is reported, (b) the autoencoder's error is measured
   with pictures scaled to $[0, 1]$, PCA's with their brightness values divided by their standard deviations, and (c) an autoencoder with **one** code was never trained. For each of the three:
   what may it have done to the claim, and what would you do instead?""",
        r"""(a) The best of ten on the test pictures is too good, by luck and by choice: the test pictures have become part of training. Choose the start on a validation part, or
   report mean and spread of all ten on the test pictures. (b) Errors in different units cannot be compared; the difference may come from the scaling alone. Give both
   methods the same pictures, or report the share of the variance that is lost. (c) With one code the error might be almost as small, and then the surface would be a curve; with three it
   might fall a lot more. Train one, two, three, ... codes and see where the error of new pictures stops falling. (Even then it says how many numbers this model needs, which is an
   upper limit.)""",
        rf"""Two points for 3: {THIRDS} "Unfair" without the direction or the reason earns nothing for (b).""",
    ),
)


def _draw(rng: np.random.Generator) -> Values:
    picked = [slot[rng.integers(len(slot))] for slot in (CODES, RUBBISH, CLAIM)]
    return {
        "questions": "\n".join(f"{n}. {q.asked}" for n, q in enumerate(picked, 1)),
        "answers": "\n".join(f"{n}. {q.answer}" for n, q in enumerate(picked, 1)),
        "rubric": " ".join(q.rubric for q in picked),
    }


QUESTIONS = Twist(
    8,
    "other questions",
    (
        Cell(
            CLAIMS,
            CLAIMS
            + """

Answer in at most 250 words.

<<questions>>""",
        ),
        Cell(
            "claims-words",
            """
<!-- BEGIN SOLUTION -->
<<answers>>

**Rubric.** <<rubric>>
<!-- END SOLUTION -->""",
        ),
    ),
    _draw,
)

TWISTS = [QUESTIONS]
