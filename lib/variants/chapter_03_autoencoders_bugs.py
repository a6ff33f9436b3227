"""Mistakes for the bug clinic of chapter 3's private variants: lines, and what the key says.

One mistake is drawn from each of five groups: what is trained on, the loss, the mode, the error,
the new pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Bug:
    """A mistake: the lines that it changes (name of a place in `STUDY` to code), and the key."""

    key: str
    lines: Mapping[str, str] = field(default_factory=dict)


STUDY = """
def broken_study(model, x, x_test, {level}, epochs, n, generator):
    \"\"\"Losses (epochs,), error on x_test, and n new pictures (n, D); five mistakes.\"\"\"
    {data}
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    {before}
    for _ in range(epochs):
        {draw}
        {rebuild}
        loss = {loss}
        {clear}
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    {first}
    with torch.no_grad():
        {measure}
        error = {error}
        {then}
        codes = model.encode({pictures})
        {pairs}
        new = model.decode({new})
    return losses, error, new
"""
RIGHT = {
    "data": "",
    "before": "",
    "over": "x",
    "loss": "((rebuilt - {over}) ** 2).sum(dim=1).mean()",
    "clear": "optimiser.zero_grad()",
    "first": "model.eval()",
    "measure": "rebuilt = model.decode(model.encode(x_test))",
    "error": "((rebuilt - x_test) ** 2).sum(dim=1).mean().item()",
    "then": "",
    "pictures": "x",
}
MASKS = RIGHT | {
    "level": "p",
    "draw": "kept = torch.rand({over}.shape, generator=generator) >= p",
    "rebuild": "rebuilt = model.decode(model.encode({over} * kept))",
    "pairs": "i = torch.randint(len(codes), (n,), generator=generator)\n        "
    "j = (i + torch.randint(1, len(codes), (n,), generator=generator)) % len(codes)",
    "new": "(codes[i] + codes[j]) / 2",
}
CODES = RIGHT | {
    "level": "sigma",
    "draw": "codes = model.encode({over})\n        "
    "noise = sigma * torch.randn(codes.shape, generator=generator)",
    "rebuild": "rebuilt = model.decode(codes + noise)",
    "pairs": "root = torch.linalg.cholesky(torch.cov(codes.T, correction=0))\n        "
    "e = torch.randn(n, codes.shape[1], generator=generator, dtype=codes.dtype)",
    "new": "codes.mean(dim=0) + <<width>> * e @ root.T",
}

TESTED = Bug(
    """**Test pictures are trained on.** `torch.cat([x, x_test])` puts them among the training pictures. An error
   on `x_test` is then one on pictures that the model knows: as a rule too small, and without a word about new ones.""",
    {"data": "data = torch.cat([x, x_test])", "over": "data"},
)
MEAN = Bug(
    """**Mean over pixels.** `.mean()` divides the loss by the number of pixels as well. The losses are 16 times too small
   beside the error of the mean picture, which is a sum, and cannot be compared with PCA. The steps get smaller
   with plain gradient descent; Adam hardly notices.""",
    {"loss": "((rebuilt - {over}) ** 2).mean()"},
)
UNCLEARED = Bug(
    """**Old gradients stay.** `optimiser.zero_grad()` is missing, so every step follows the sum of all gradients since the
   start. That sum points where the model was wrong long ago: steps go on when they should turn. The losses fall at first
   and then run away, in the output far beyond the first one.""",
    {"clear": ""},
)
SUM = Bug(
    """**Sum over pictures.** `.sum()` adds the errors of all pictures up. The losses are as many times too large as there are
   pictures, so they cannot be compared with the error. Steps of plain gradient descent would be as many times too
   long; Adam hardly notices.""",
    {"loss": "((rebuilt - {over}) ** 2).sum()"},
)
MODES = (
    Bug(
        """**Dropout is on while measuring.** `model.eval()` is missing. Every call drops other units, so the error is a random
   number, larger than that of the model in use (measured afterwards, it is another number), and the codes for the
   new pictures are noisy too.""",
        {"first": ""},
    ),
    Bug(
        """**Dropout is on while measuring.** `model.eval()` comes after the error, too late for it. Units are dropped at random,
   so the error is a random number, larger than that of the model in use (measured afterwards, without dropout, it is
   another number). The codes for the new pictures are in order.""",
        {"first": "", "then": "model.eval()"},
    ),
)
SEEN = Bug(
    """**The error is that of training pictures.** `x` is encoded where `x_test` belongs. This is the error on pictures to which the model
   was fitted, as a rule smaller than on new ones. Nothing at all is measured on `x_test`.""",
    {
        "measure": "rebuilt = model.decode(model.encode(x))",
        "error": "((rebuilt - x) ** 2).sum(dim=1).mean().item()",
    },
)
ROOT = Bug(
    """**The error takes a root.** `norm` is the root of a sum of squares, so this is a mean distance and not a mean squared
   error. It cannot be compared with the losses or with the error of the mean picture; below 1 a root makes numbers larger.""",
    {"error": "(rebuilt - x_test).norm(dim=1).mean().item()"},
)
MASKED: tuple[tuple[Bug, ...], ...] = (
    (
        TESTED,
        Bug(
            """**One mask for ever.** `kept` is drawn once, before the loop, so a picture always lacks the same pixels. The
   model may learn by heart what belongs there. The losses are too small for what they should measure, and it has
   not learnt to do without the other pixels.""",
            {
                "before": "kept = torch.rand(x.shape, generator=generator) >= p",
                "draw": "",
            },
        ),
        Bug(
            """**The mask is the wrong way round.** `torch.rand(...) < p` is true for a share $p$ of the pixels, and these are
   **kept**. The share $1 - p$ is set to zero, so the model sees much less than it should and fills
   gaps worse than it could.""",
            {"draw": "kept = torch.rand(x.shape, generator=generator) < p"},
        ),
    ),
    (
        Bug(
            """**The masked picture is the target.** The loss compares with what went in, zeros included. The model is paid for
   holes and not for filling them, and a low loss only says that it copies well what it was given.""",
            {"loss": "((rebuilt - {over} * kept) ** 2).sum(dim=1).mean()"},
        ),
        MEAN,
        UNCLEARED,
    ),
    MODES,
    (
        SEEN,
        ROOT,
        Bug(
            """**The test pictures are masked.** They are to come in whole. This error depends on the mask that happened to be
   drawn, and it is too large, because the model has to guess what it should have been shown.""",
            {
                "measure": "kept_test = torch.rand(x_test.shape, generator=generator) >= p\n        "
                "rebuilt = model.decode(model.encode(x_test * kept_test))"
            },
        ),
    ),
    (
        Bug(
            """**Codes of the test pictures are mixed.** `model.encode(x_test)` stands where the training pictures belong. Test
   pictures are for measuring only: whoever now compares the new pictures with them finds them closer than they
   are.""",
            {"pictures": "x_test"},
        ),
        Bug(
            """**The sum is not the middle.** `codes[i] + codes[j]` lacks the half, so it lies twice as far from 0 as the middle,
   in general where the codes of no picture are. The decoder has never been trained there: the new pictures are
   rubbish, and their spread in the output is not that of the data.""",
            {"new": "codes[i] + codes[j]"},
        ),
        Bug(
            """**One pair for all.** `i` and `j` are drawn once, so all `n` new pictures are the same picture; the output shows
   that their spread is 0.""",
            {
                "pairs": "i, j = torch.randperm(len(codes), generator=generator)[:2]",
                "new": "((codes[i] + codes[j]) / 2).expand(n, -1)",
            },
        ),
    ),
)
SHAKEN: tuple[tuple[Bug, ...], ...] = (
    (
        TESTED,
        Bug(
            """**One noise for ever.** `noise` is drawn once, before the loop, so the code of a picture is always moved in the
   same way, and the decoder learns the moved codes. It is as if there were no noise: the losses are too small, and
   nothing makes neighbouring codes give similar pictures.""",
            {
                "before": "noise = sigma * torch.randn(model.encode(x).shape, generator=generator)",
                "draw": "codes = model.encode(x)",
            },
        ),
        Bug(
            """**The noise is on the pictures.** It belongs on the codes. This is a denoising autoencoder, another study: the
   model learns to remove noise from pictures, the losses measure that, and nothing makes the places round a code
   give similar pictures.""",
            {
                "draw": "noisy = x + sigma * torch.randn(x.shape, generator=generator)",
                "rebuild": "rebuilt = model.decode(model.encode(noisy))",
            },
        ),
    ),
    (SUM, MEAN, UNCLEARED),
    MODES,
    (
        SEEN,
        ROOT,
        Bug(
            """**The codes of the test pictures are noisy.** The model in use adds no noise. This error depends on the noise that
   happened to be drawn, and it is too large.""",
            {
                "measure": "z = model.encode(x_test)\n        "
                "rebuilt = model.decode(z + sigma * torch.randn(z.shape, generator=generator))"
            },
        ),
    ),
    (
        Bug(
            """**Each entry of a code is drawn alone.** `codes.std(dim=0)` knows nothing of covariances. The entries of a code go
   together; drawn alone they often give codes where those of no picture are, and the decoder makes rubbish of
   them.""",
            {
                "pairs": "e = torch.randn(n, codes.shape[1], generator=generator, dtype=codes.dtype)",
                "new": "codes.mean(dim=0) + <<width>> * e * codes.std(dim=0, correction=0)",
            },
        ),
        Bug(
            """**The covariance in the place of its root.** `e @ C` has the covariance $C^2$ and not $C$. Where codes spread by more
   than 1 the draws spread far too much, elsewhere too little, and the new pictures with them.""",
            {
                "pairs": "C = torch.cov(codes.T, correction=0)\n        "
                "e = torch.randn(n, codes.shape[1], generator=generator, dtype=codes.dtype)",
                "new": "codes.mean(dim=0) + <<width>> * e @ C",
            },
        ),
        Bug(
            """**The mean is missing.** The draws lie round 0, and the codes of the data round their own mean. The new pictures
   come from the wrong part of the plane of codes.""",
            {"new": "<<width>> * e @ root.T"},
        ),
    ),
)


def draw_bugs(groups: tuple[tuple[Bug, ...], ...], rng: np.random.Generator) -> list[Bug]:
    """One mistake of each group."""
    return [group[rng.integers(len(group))] for group in groups]


def broken(right: Mapping[str, str], bugs: list[Bug]) -> str:
    """The study with the mistakes; `right` are the lines that it should have."""
    lines = dict(right)
    for bug in bugs:
        lines |= bug.lines
    over = lines.pop("over")
    text = STUDY.format(**{name: line.replace("{over}", over) for name, line in lines.items()})
    return "\n".join(line for line in text.strip("\n").split("\n") if line.strip())


def key(bugs: list[Bug]) -> str:
    """The numbered list of the mistakes, for the teacher."""
    return "\n".join(f"{number}. {bug.key}" for number, bug in enumerate(bugs, 1))
