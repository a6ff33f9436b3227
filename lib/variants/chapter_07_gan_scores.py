"""Task 1 of chapter 7's homework, losses on scores, with other labels and another D."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

LOSSES = r"""**b (3 points).** The generator has a choice of losses. With $N$ samples, whose scores are $d_1, \dots, d_N$, the four of this task are"""

FORGERIES = r"""
## Task 1: losses on scores (5 points)

In this task the discriminator looks for forgeries: $D(x) = \mathrm{sig}(d(x))$ is the probability that $x$ is a **sample**, so
samples have the label 1 and data the label 0. With one-sided smoothing, samples have the label $s$, such as 0.9, and data keep the
label 0. The loss is a cross-entropy, one mean over the data and one over the samples:

$$
\begin{aligned}
L_D = &- \mathbb{E}\bigl[ \log(1 - D(x)) \bigr] \\
&- \mathbb{E}\bigl[ s \log D(G(z)) \\
&\quad + (1 - s) \log(1 - D(G(z))) \bigr]
\end{aligned}
$$ (eq-hw-gan-loss)

**a (2 points).** Write `discriminator_loss(real, fake, smooth)` in PyTorch, where `smooth` is $s$. `real` and `fake` are tensors of
scores $d$, of any shape, and not always equally many. Return one number, a tensor that gradients can go through. Scores may be as
large as 1,000 in size, and your loss must be right there too.
"""
FORGERIES_LOSS = '''
def discriminator_loss(real, fake, smooth):
    """Cross-entropy of scores: label 0 for data, `smooth` for samples; a scalar tensor."""
    ### BEGIN SOLUTION
    softplus = torch.nn.functional.softplus  # softplus(-d) = -log D, softplus(d) = -log(1 - D)
    on_fake = smooth * softplus(-fake) + (1 - smooth) * softplus(fake)
    return softplus(real).mean() + on_fake.mean()
    ### END SOLUTION
'''
FORGERIES_GAMES = r"""
**b (3 points).** The generator has a choice of losses. With $N$ samples, whose scores are $d_1, \dots, d_N$, the four of this task are

$$
\begin{aligned}
\text{saturating} &: \tfrac1N \sum_n \log D_n \\
\text{non-saturating} &: -\tfrac1N \sum_n \log(1 - D_n) \\
\text{least squares} &: \tfrac{1}{2N} \sum_n d_n^2 \\
\text{wasserstein} &: \tfrac1N \sum_n d_n
\end{aligned}
$$ (eq-hw-gan-generators)

where $D_n = \mathrm{sig}(d_n)$ is again the probability that the $n$-th is a sample; $G$ wants it to be small. What a sample can learn
is the slope of the loss at its score. Write `generator_slopes(fake, game)` for the four names above, in NumPy and without any
automatic gradients. It returns $\partial L_G / \partial d_n$, shaped like `fake`, $(N,)$. A slope may be tiny but must still be right
to three digits: at a score of 40, and of $-40$, too.
"""
FORGERIES_SLOPES = '''
def generator_slopes(fake, game):
    """Slope of the generator's loss at each score, (N,)."""
    ### BEGIN SOLUTION
    slope = {
        "saturating": 1 / (1 + np.exp(fake)),  # 1 - D
        "non-saturating": 1 / (1 + np.exp(-fake)),  # D
        "least squares": fake,
        "wasserstein": np.ones(len(fake)),
    }[game]
    return slope / len(fake)
    ### END SOLUTION
'''


NEAR = """
def test_entropy_near():
    from lib.homework_gan import check_discriminator

    rng = np.random.default_rng([SEED, 0])
    for shapes in [((5,), (4,)), ((3,), (6,)), ((4, 1), (4, 1))]:
        for smooth in {values}:
            check_discriminator(discriminator_loss, rng, shapes, smooth, {labels})


test_entropy_near()
"""
FAR = """
# Hidden: scores of patches, very large scores, other labels.
### BEGIN HIDDEN TESTS
def test_entropy_far():
    from lib.homework_gan import check_discriminator

    rng = np.random.default_rng([SEED, 1])
    many = (3, 1, 4, 4), (2, 1, 4, 4)
    check_discriminator(discriminator_loss, rng, many, {far[0]}, {labels})
    check_discriminator(discriminator_loss, rng, ((40,), (30,)), {far[1]}, {labels})
    for smooth in {values}:
        check_discriminator(discriminator_loss, rng, ((6,), (5,)), smooth, 1000.0, {labels})


test_entropy_far()
### END HIDDEN TESTS
"""


def checks(
    labels: str, slopes: str, values: tuple[float, float] = (1.0, 0.9), far: tuple = (0.8, 0.7)
) -> tuple[Edit | Cell, ...]:
    """The test cells of both parts, with these keywords; `values` and `far` are what is smoothed."""
    return (
        Cell("entropy-near", NEAR.format(values=values, labels=labels)),
        Cell("entropy-far", FAR.format(values=values, labels=labels, far=far)),
        Edit(
            "check_slopes(generator_slopes, rng, game, n)",
            f"check_slopes(generator_slopes, rng, game, n, {slopes})",
        ),
        *(
            Edit(
                f"check_slopes(generator_slopes, rng, game, {n})",
                f"check_slopes(generator_slopes, rng, game, {n}, {slopes})",
            )
            for n in ("4", "1", "50", "6, far=40.0")
        ),
    )


WARM = r"""
## Task 1: losses on scores (5 points)

In this task the discriminator has a **temperature** $\tau = <<heat>>$, $D(x) = \mathrm{sig}(d(x) / \tau)$, and labels are smoothed on
both sides: data have the label $1 - \varepsilon$ and samples the label $\varepsilon$, such as 0.1. The loss is a cross-entropy, one mean
over the data and one over the samples:

$$
\begin{aligned}
L_D = &-\mathbb{E}\bigl[ (1 - \varepsilon) \log D(x) \\
&\quad + \varepsilon \log(1 - D(x)) \bigr] \\
&- \mathbb{E}\bigl[ \varepsilon \log D(G(z)) \\
&\quad + (1 - \varepsilon) \log(1 - D(G(z))) \bigr]
\end{aligned}
$$ (eq-hw-gan-loss)

**a (2 points).** Write `discriminator_loss(real, fake, smooth)` in PyTorch, where `smooth` is $\varepsilon$. `real` and `fake` are
tensors of scores $d$, before the temperature, of any shape, and not always equally many. Return one number, a tensor that gradients can
go through. Scores may be as large as 1,000 in size, and your loss must be right there too.
"""
WARM_LOSS = '''
def discriminator_loss(real, fake, smooth):
    """Cross-entropy of scores at the temperature <<heat>>: labels 1 - smooth and smooth; a scalar."""
    ### BEGIN SOLUTION
    softplus = torch.nn.functional.softplus  # softplus(-d) = -log D, softplus(d) = -log(1 - D)
    real, fake = real / <<heat>>, fake / <<heat>>
    on_real = (1 - smooth) * softplus(-real) + smooth * softplus(real)
    on_fake = smooth * softplus(-fake) + (1 - smooth) * softplus(fake)
    return on_real.mean() + on_fake.mean()
    ### END SOLUTION
'''
WARM_GAMES = r"""
**b (3 points).** The generator has a choice of losses. With $N$ samples, whose scores are $d_1, \dots, d_N$, the four of this task are

$$
\begin{aligned}
\text{saturating} &: \tfrac1N \sum_n \log(1 - D_n) \\
\text{non-saturating} &: -\tfrac1N \sum_n \log D_n \\
\text{least squares} &: \tfrac{1}{2N} \sum_n (d_n - <<target>>)^2 \\
\text{wasserstein} &: -\tfrac1N \sum_n d_n
\end{aligned}
$$ (eq-hw-gan-generators)

where $D_n = \mathrm{sig}(d_n / \tau)$ with the same $\tau = <<heat>>$; the last two take the score as it is. What a sample can learn is the
slope of the loss at its score. Write `generator_slopes(fake, game)` for the four names above, in NumPy and without any automatic
gradients. It returns $\partial L_G / \partial d_n$, shaped like `fake`, $(N,)$. A slope may be tiny but must still be right to three
digits: at a score of 40, too.
"""
WARM_SLOPES = '''
def generator_slopes(fake, game):
    """Slope of the generator's loss at each score, (N,), at the temperature <<heat>>."""
    ### BEGIN SOLUTION
    slope = {
        "saturating": -1 / (1 + np.exp(-fake / <<heat>>)) / <<heat>>,  # -D / tau
        "non-saturating": -1 / (1 + np.exp(fake / <<heat>>)) / <<heat>>,  # -(1 - D) / tau
        "least squares": fake - <<target>>,
        "wasserstein": -np.ones(len(fake)),
    }[game]
    return slope / len(fake)
    ### END SOLUTION
'''


def warm(rng: np.random.Generator) -> dict[str, Any]:
    """A temperature, and the score that least squares want of samples."""
    heat = rng.choice([0.4, 0.5, 0.8, 1.25, 1.6, 2.0, 2.5])
    return {"heat": heat, "target": rng.choice([0.5, 1.5, 2.0, 2.5, 3.0])}


TWISTS = [
    Twist(
        1,
        "D is the probability of a sample",
        (
            Edit(
                "no player of this homework climbs.",
                "no player of this homework climbs. In task 1 the labels are the other way round.",
            ),
            Cell("## Task 1: losses on scores (5 points)", FORGERIES),
            Cell("entropy", FORGERIES_LOSS),
            Cell(LOSSES, FORGERIES_GAMES),
            Cell("slopes", FORGERIES_SLOPES),
            *checks('labels="fakes"', "flipped=True, target=0.0"),
        ),
    ),
    Twist(
        1,
        "D has a temperature, both labels are smoothed",
        (
            Cell("## Task 1: losses on scores (5 points)", WARM),
            Cell("entropy", WARM_LOSS),
            Cell(LOSSES, WARM_GAMES),
            Cell("slopes", WARM_SLOPES),
            *checks(
                'labels="both", heat=<<heat>>',
                "heat=<<heat>>, target=<<target>>",
                (0.0, 0.1),
                (0.2, 0.3),
            ),
        ),
        warm,
    ),
]
