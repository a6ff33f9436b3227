"""Tasks 7 and 8 of chapter 7's homework: other ways to count modes, other data to train on."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

MODES = "## Task 7: modes captured (2 points)"
TRAIN = "## Task 8: train one (3 points)"

OVERLAP = r"""
## Task 7: modes captured (2 points)

The loss of a GAN does not tell how much of the data its samples cover. Where the data are clouds with known centres, you can count. A sample is **good**
when at least one centre is at a distance of at most `reach`; where clouds lie close together, it may be in reach of several, and then it counts for
**each** of them. A mode is **captured** when at least the share `least` of the **good** samples are in reach of it. Shares may add up to more than 1.

Write `modes_captured(points, centres, reach, least)` for $N$ `points` and $K$ `centres`, one in each row. Return the pair of the number of captured modes
and the share of good samples among all.
"""
OVERLAP_KEY = '''
def modes_captured(points, centres, reach, least):
    """(modes, good): captured modes, and the share of good samples."""
    ### BEGIN SOLUTION
    inside = np.linalg.norm(points[:, None] - centres, axis=2) <= reach  # (N, K)
    good = inside.any(axis=1)
    shares = inside.sum(axis=0) / max(good.sum(), 1)
    return int((shares >= least).sum()), good.mean()
    ### END SOLUTION
'''
EFFECTIVE = r"""
## Task 7: modes captured (2 points)

The loss of a GAN does not tell how much of the data its samples cover. Where the data are clouds with known centres, you can count. The distance of two
points is here <<distance>>. A sample is **good** when the distance to its nearest centre is at most `reach`, and it belongs to that centre. Let $s_k$ be
the share of centre $k$ among the **good** samples. The **effective number** of modes is $\exp(H)$, where $H = -\sum_k s_k \log s_k$ is the entropy of the
shares: that of $m$ modes with equal shares is $m$, and a mode with few samples counts for little.

Write `modes_captured(points, centres, reach)` for $N$ `points` and $K$ `centres`, one in each row. Return the pair of the effective number of modes and the
share of good samples among all. A centre without good samples adds nothing to the entropy; some of the samples are always good.
"""
EFFECTIVE_KEY = '''
def modes_captured(points, centres, reach):
    """(modes, good): the effective number of modes, and the share of good samples."""
    ### BEGIN SOLUTION
    distance = np.abs(points[:, None] - centres).<<norm>>(axis=2)  # (N, K)
    nearest, good = distance.argmin(axis=1), distance.min(axis=1) <= reach
    shares = np.bincount(nearest[good], minlength=len(centres)) / good.sum()
    shares = shares[shares > 0]
    return np.exp(-(shares * np.log(shares)).sum()), good.mean()
    ### END SOLUTION
'''
WEIGHTS = r"""
## Task 8: train one (3 points)

Write `train_gan(g, d, x, weight, generator)`, which trains a generator and a discriminator against each other, in place. `x` holds 1,000 points of the plane,
$(1000, 2)$, in three round clouds, and they were collected badly: nearly all belong to one cloud. `weight`, $(1000,)$, makes up for it. It holds the
probability with which each point should be drawn; weights add up to 1, and a third of them belongs to each cloud. Your samples should follow the weighted
data. `g` maps noise $z$ of two standard normal numbers, $(N, 2)$, to points $(N, 2)$, and `d` maps points to scores, $(N, 1)$; both are small networks that
nobody has trained yet. The loss, the optimisers, their rates and the number of steps are yours. Draw batches and noise with `generator`. The non-saturating
loss, 600 rounds with batches of 64, `lr=3e-3`, `betas=(0.0, 0.99)` and the penalty $R_1$ with the weight 0.2 are enough, and take a second or two.

**The test.** It draws 2,000 samples from your `g` and calls one good within three standard deviations of the centre of a cloud. At least 70 % of them must be
good, and at least 10 % must be good and belong to each cloud. The two small clouds have only about 8 % and 4 % of the data.
"""
WEIGHTS_KEY = '''
def train_gan(g, d, x, weight, generator):
    """Train g and d in place on points x (N, 2), drawn with the probabilities weight (N,)."""
    ### BEGIN SOLUTION
    softplus = torch.nn.functional.softplus
    opt_d = torch.optim.Adam(d.parameters(), lr=3e-3, betas=(0.0, 0.99))
    opt_g = torch.optim.Adam(g.parameters(), lr=3e-3, betas=(0.0, 0.99))
    for _ in range(600):
        batch = torch.multinomial(weight, 64, replacement=True, generator=generator)
        real = x[batch].requires_grad_(True)
        fake = g(torch.randn(64, 2, generator=generator)).detach()
        score = d(real)
        (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
        r1 = 0.5 * slope.square().sum(dim=1).mean()
        loss = softplus(-score).mean() + softplus(d(fake)).mean() + 0.2 * r1
        opt_d.zero_grad()
        loss.backward()
        opt_d.step()
        loss = softplus(-d(g(torch.randn(64, 2, generator=generator)))).mean()
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
    ### END SOLUTION
'''
NOISY = r"""
## Task 8: train one (3 points)

Write `train_gan(g, d, x, noise, generator)`, which trains a generator and a discriminator against each other, in place. `x` holds 1,000 points of the plane,
$(1000, 2)$, in three round clouds, but they were **measured** badly: on both numbers of each point lies normal noise with the standard deviation `noise`,
<<noise>> here, twice that of the clouds or a little more. Your generator should make **clean** points, as they were before the measurement. How can $D$ help,
which never sees a clean point of the data? Give its samples what the data have gone through: measure each sample with fresh noise of the same kind before $D$
sees it, in the steps of both players.

`g` maps $z$ of two standard normal numbers, $(N, 2)$, to points $(N, 2)$, and `d` maps points to scores, $(N, 1)$; both are small networks that nobody has
trained yet. The loss, the optimisers, their rates and the number of steps are yours. Draw batches and noise with `generator`. The non-saturating loss, 800
rounds with batches of 64, `lr=3e-3`, `betas=(0.0, 0.99)` and the penalty $R_1$ with the weight 0.2 are enough, and take a second or two.

**The test.** It draws 2,000 samples from your `g`, adds no noise, and calls one good within three of the clouds' own standard deviations of the centre of a
cloud. At least 70 % of them must be good, and at least 10 % must be good and belong to each cloud. Samples that are as noisy as the data are good in about
<<noisy>> % of all cases.
"""
NOISY_KEY = '''
def train_gan(g, d, x, noise, generator):
    """Train g and d in place on points x (N, 2) that carry noise; g learns the clean ones."""

    ### BEGIN SOLUTION
    def measured():
        clean = g(torch.randn(64, 2, generator=generator))
        return clean + noise * torch.randn(64, 2, generator=generator)

    softplus = torch.nn.functional.softplus
    opt_d = torch.optim.Adam(d.parameters(), lr=3e-3, betas=(0.0, 0.99))
    opt_g = torch.optim.Adam(g.parameters(), lr=3e-3, betas=(0.0, 0.99))
    for _ in range(800):
        real = x[torch.randint(len(x), (64,), generator=generator)].requires_grad_(True)
        score = d(real)
        (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
        r1 = 0.5 * slope.square().sum(dim=1).mean()
        loss = softplus(-score).mean() + softplus(d(measured().detach())).mean() + 0.2 * r1
        opt_d.zero_grad()
        loss.backward()
        opt_d.step()
        loss = softplus(-d(measured())).mean()
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
    ### END SOLUTION
'''


def counting(rules: str) -> tuple[Edit, ...]:
    """Edits of the test of counted modes."""
    calls = "reach=reach", "d, reach"
    start = "check_modes(modes_captured, rng, "
    return tuple(Edit(f"{start}{call})", f"{start}{call}, {rules})") for call in calls)


def training(rules: str) -> tuple[Edit, ...]:
    """Edits of both tests of the training."""
    calls = (f"check_gan(train_gan, np.random.default_rng([SEED, {k}])" for k in (27, 28))
    return tuple(Edit(f"{call})", f"{call}, {rules})") for call in calls)


def distances(rng: np.random.Generator) -> dict[str, Any]:
    """Another distance, its norm in NumPy and its exponent."""
    taxi = "the **sum** of how far apart their numbers are, as for a taxi between blocks"
    chess = "that of the two numbers that are **farthest** apart, as for a king on a chessboard"
    if rng.random() < 0.5:
        return {"distance": taxi, "norm": "sum", "exponent": "1.0"}
    return {"distance": chess, "norm": "max", "exponent": "np.inf"}


def noises(rng: np.random.Generator) -> dict[str, Any]:
    """Standard deviation of the noise, and the share of noisy points within 0.9 of a centre."""
    noise = float(rng.choice([0.6, 0.61, 0.62, 0.63]))
    return {"noise": noise, "noisy": round(100 * (1 - np.exp(-(0.9**2) / 2 / (0.3**2 + noise**2))))}


TWISTS = [
    Twist(
        7,
        "samples count for every centre in reach, shares are of the good ones",
        (
            Cell(MODES, OVERLAP),
            Cell("modes", OVERLAP_KEY),
            Edit("rng, 2, 1.0, least=0.25)", "rng, 2, 1.0, least=0.25, both=True, among=True)"),
            *counting("both=True, among=True"),
        ),
    ),
    Twist(
        7,
        "the effective number of modes, in another distance",
        (
            Edit("| 7 | modes captured | 2 |", "| 7 | how many modes are captured | 2 |"),
            Cell(MODES, EFFECTIVE),
            Cell("modes", EFFECTIVE_KEY),
            Edit("more dimensions, no mode at all.", "more dimensions."),
            Edit("rng, 2, 1.0, least=0.25)", "rng, 3, 1.0, norm=<<exponent>>)"),
            *counting("norm=<<exponent>>"),
        ),
        distances,
    ),
    Twist(
        8,
        "data collected badly, with weights",
        (
            Cell(TRAIN, WEIGHTS),
            Cell("training", WEIGHTS_KEY),
            *training("shares=(0.88, 0.08, 0.04)"),
        ),
    ),
    Twist(
        8,
        "data measured badly, with noise",
        (Cell(TRAIN, NOISY), Cell("training", NOISY_KEY), *training("noise=<<noise>>")),
        noises,
    ),
]
