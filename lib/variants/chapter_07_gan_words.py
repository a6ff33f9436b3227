"""Task 10 of chapter 7's homework: other questions on the same lessons."""

from __future__ import annotations

from lib.variants import Cell, Edit, Solution, Twist

FIRST = "## Task 10: no progress number, lost modes, fooled networks (4 points)"
ROW = "| 10 | no progress number, lost modes, fooled networks, in words | 4 |"

PERFECT = r"""
## Task 10: a perfect judge, copied pictures, sharp or safe (4 points)

Answer in at most 250 words.

1. After a few rounds $D$ tells data from samples without a mistake. What slope do the samples then get from the saturating loss, and what from the non-saturating one? Suppose data and
   samples lie on two curves that do not touch. What does $\mathrm{JSD}$ say of two such pairs of curves, one close together and one far apart? What does a Wasserstein critic say, and
   what must be true of it?
2. Somebody claims that a GAN with perfect samples has learnt the training pictures by heart. Why do the players' losses not answer this? Describe a measurement that does, and the
   yardstick that its numbers need.
3. The same decoder is trained once as a VAE with normal noise on each pixel, once as the generator of a GAN. The VAE's samples are blurred, but no class is missing; the GAN's are
   sharp, and two classes are rare. Explain both by what each loss averages over. Which of the two would you take to tell how unusual a new picture is, and why not the other?
"""
PERFECT_KEY = r"""
1. The saturating slope is $-D$ for each sample and vanishes where $D$ is near 0: $G$ learns nothing. The non-saturating slope is $-(1 - D)$, near $-1$ in the score, so $G$ is still pushed;
   but how the score changes from place to place may be a poor guide. With supports that do not touch, $\mathrm{JSD} = \log 2$ for both pairs: it cannot tell near from far. $W_1$ is the distance
   over which mass must be carried, so it is small for the near pair, and its critic has a useful slope everywhere. For that the critic must be 1-Lipschitz, by a gradient penalty or by
   spectral normalisation.
2. $D$ rewards whatever looks real, and a copy looks most real of all; both losses would be the same. Take the distance from each sample to its nearest training picture, in pixels or better in
   features, and compare it with the distance from **held-out** data to their nearest training pictures. Copies are much closer than held-out data are. (Or: nearest neighbours shown side by
   side, distances to training and to held-out data compared.)
3. The VAE's loss is an expectation over the **data**: a picture that it cannot make costs very many nats, so nothing is left out; and where several pictures are possible for one code, squared
   errors make their mean the best answer, which is blurred. The GAN's loss is an expectation over its own **samples**: each must pass as real, and a blurred mean does not, but nobody asks for
   what is never drawn. Take the VAE: it gives a bound on $\log p(x)$ for any $x$. A GAN has no density, and $D$ compares data with its own generator's samples only.

**Rubric.** One and a half points for 1: both slopes (half); $\mathrm{JSD}$ is $\log 2$ in both cases (half); $W_1$ grows with the distance, and the critic's slopes are limited (half). One point
for 2: a copy is as good as any to $D$ (half); nearest training pictures, with held-out data as the yardstick (half). One and a half points for 3: expectation over data, and the mean of what is
possible (half); expectation over samples (half); the VAE, for it bounds a density, which a GAN does not have (half).
"""
CIRCLES = r"""
## Task 10: a critic's number, rounds that circle, two tables (4 points)

Answer in at most 250 words.

1. In a Wasserstein GAN whose critic is trained well in every round, $\mathbb{E}[d(x)] - \mathbb{E}[d(G(z))]$ falls as the samples get better. Why does this number mean something, while the loss of a
   classifier $D$ does not? Two teams with clipped weights, one at 0.01 and one at 0.1, compare theirs. Why is that of no use?
2. In the smallest GAN each player goes down its own loss in every step, and yet, with simultaneous steps, both move away from the rest point. Explain how that can be. Name two changes that
   cure it, and what each of them changes.
3. Team A reports a Fréchet distance of 3.1 for its GAN, team B reports 3.4 for another. Name three things that you want to know before you believe that A's is better. Then both report
   precision and recall: A has 0.95 and 0.40, B has 0.85 and 0.80. Describe the samples of both in words. Whose weakness would a person notice who looks at ten samples?
"""
CIRCLES_KEY = r"""
1. The best 1-Lipschitz critic's gap **is** $W_1$, a distance of the two distributions: it is 0 only if they are equal, and it shrinks smoothly as mass comes closer. So a nearly best critic measures
   against a fixed ruler, its Lipschitz constant. A classifier's loss depends on how strong $D$ happens to be, stays near $\log 4$ both when samples are perfect and when $D$ is blind, and is
   the same for all distributions that do not overlap. With clipped weights the critic is $K$-Lipschitz with an unknown $K$ that depends on the limit and on the network: the gap is about $K W_1$,
   and the two numbers have different units.
2. Each goes down its loss **as it was before the other moved**; the losses change with the other's step. The two gradients together are at a right angle to the direction of the rest point, so
   a step along the tangent of the circle ends outside it: the length grows by $\sqrt{1 + \eta^2}$ with the rate $\eta$. Cures: a gradient penalty on $D$ (such as $R_1$), which adds a pull to
   0; alternating steps, in which one answers the new place of the other, so that the path stays in a ring; also optimism or averages of the weights.
3. Equal numbers of samples, for the distance falls with more of them; the same features, and the same reference data; the spread over seeds or draws, against which 0.3 may be nothing; the value
   that held-out data get. A: nearly every sample looks real, but most of the data's variety is missing. B: a few more bad samples, but most of the data have a sample nearby. Ten samples may
   show B's weakness, a bad one among them. That A repeats itself or leaves classes out shows only in many.

**Rubric.** One and a half points for 1: the gap is $W_1$, which orders distributions (half); a classifier's loss is relative to its opponent, or constant without overlap (half); clipping leaves an
unknown factor (half). One point for 2: the losses move, and the joint step is a tangent (half); two cures with what they change (half). One and a half points for 3: three of the conditions
(half); high precision with low recall against the other way round, in words (half); variety is not seen in a few samples (half).
"""

TWISTS = [
    Twist(
        10,
        "words: a perfect judge, copies, sharp or safe",
        (
            Edit(ROW, "| 10 | a perfect judge, copied pictures, sharp or safe, in words | 4 |"),
            Cell(FIRST, PERFECT),
            Solution("game-words", PERFECT_KEY),
        ),
    ),
    Twist(
        10,
        "words: a critic's number, circles, two tables",
        (
            Edit(ROW, "| 10 | a critic's number, rounds that circle, two tables, in words | 4 |"),
            Cell(FIRST, CIRCLES),
            Solution("game-words", CIRCLES_KEY),
        ),
    ),
]
