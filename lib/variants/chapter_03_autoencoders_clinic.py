"""Private variants of chapter 3's homework, task 7: the bug clinic."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_bugs import (
    CODES,
    MASKED,
    MASKS,
    SHAKEN,
    Bug,
    broken,
    draw_bugs,
    key,
)
from lib.variants.chapter_03_autoencoders_edits import keywords, retold

CLINIC = "## Task 7: bug clinic (6 points)"
TASK = (
    "**a (4 points).** Write `mended_study(model, x, x_test, sigma, epochs, n, generator)` without "
    "the mistakes. `model` is an"
)
STUB = "def mended_study(model, x, x_test, sigma, epochs, n, generator):"
RETURNS = r"""

It returns the losses of the epochs, the error and the new pictures. `broken_study` runs without an
error and has **five** mistakes. Read the output before you read the code: what is strange about the numbers?"""
ASKED = r"""`model` is an
`nn.Module` with methods `encode` and `decode`; `x` has shape $(N, D)$. Draw everything that is random with the torch
`generator`. Return the list of losses (each from before its step), the error as a number, and the new pictures, a tensor
$(n, D)$ without a graph. The tests hand your study a model that writes down everything it is fed."""
GIVEN = """
from lib.homework_autoencoders_study import Halves, strips


<<code>>


rng = np.random.default_rng([SEED, 26])
torch.manual_seed(SEED)
x, x_test, <<level>> = strips(rng, 200), strips(rng, 100), <<amount>>  # 16 pixels
model, generator = Halves(k=2), torch.Generator().manual_seed(SEED)
losses, error, new = broken_study(model, x, x_test, <<level>>, 120, 200, generator)
repeated = ((model.decode(model.encode(x_test)) - x_test) ** 2).sum(dim=1).mean()
print(f"error of the mean picture, summed over pixels   {x_test.var(dim=0).sum():.3f}")
print(f"loss in the first and in the last epoch         {losses[0]:.3f} {losses[-1]:.3f}")
print(f"error on the test pictures                      {error:.3f}")
print(f"the same, measured afterwards                   {repeated:.3f}")
print(f"spread of the new pictures, summed over pixels  {new.var(dim=0).sum():.3f}")
"""
WORDS = """
<!-- BEGIN SOLUTION -->
<<key>>

**Rubric.** 0.4 points for each mistake with its reason and what it does. Named without a reason, or with a wrong effect: 0.2. Only the changed
lines, without words: nothing. For 3, "dropout is on" without its effect on the error is a name, not a reason.
<!-- END SOLUTION -->"""

LOOP = """
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
losses = []
model.train()
for _ in range(epochs):
    {rebuild}
    loss = ((rebuilt - x) ** 2).sum(dim=1).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
model.eval()
with torch.no_grad():
    rebuilt = model.decode(model.encode(x_test))
    error = ((rebuilt - x_test) ** 2).sum(dim=1).mean().item()
    codes = model.encode(x)
    {new}
return losses, error, new
"""


def _study(rng: np.random.Generator, right: dict, groups: tuple[tuple[Bug, ...], ...]) -> Values:
    bugs = draw_bugs(groups, rng)
    return {"code": broken(right, bugs), "key": key(bugs)}


def _draw_masks(rng: np.random.Generator) -> Values:
    return _study(rng, MASKS, MASKED) | {"level": "p", "amount": rng.choice([0.2, 0.25, 0.3])}


HOLES = Twist(
    7,
    "pixels are missing; new pictures lie between two others; other mistakes",
    (
        Cell(
            CLINIC,
            CLINIC
            + r"""

A colleague trains a **denoising autoencoder** on pictures of a dot. Its noise is **missing pixels**: some are set to zero. The
model is measured on test pictures, and new pictures are made. The study is to do this:

- train on the training pictures `x` with Adam and learning rate 0.01, one step an epoch with all of them at once; every time each
  pixel of the input is set to zero with probability `p`, anew; the loss is the squared error to the whole picture, summed over
  pixels and averaged over pictures,
- measure the same error on the test pictures `x_test`, which come in whole, with the trained model as it will be used,
- make `n` new pictures: for each take two different training pictures, every pair with the same chance, and decode the **middle**
  of their codes (the pictures are encoded whole)."""
            + RETURNS,
        ),
        Cell("clinic-given", GIVEN),
        Cell(
            TASK,
            "**a (4 points).** Write `mended_study(model, x, x_test, p, epochs, n, generator)` without "
            "the mistakes. " + ASKED,
        ),
        Edit(STUB, "def mended_study(model, x, x_test, p, epochs, n, generator):"),
        Solution(
            "clinic",
            LOOP.format(
                rebuild="kept = torch.rand(x.shape, generator=generator) >= p\n    "
                "rebuilt = model.decode(model.encode(x * kept))",
                new="i = torch.randint(len(x), (n,), generator=generator)\n    "
                "j = (i + torch.randint(1, len(x), (n,), generator=generator)) % len(x)  # never i\n    "
                "new = model.decode((codes[i] + codes[j]) / 2)",
            ),
        ),
        *keywords(("clinic-loss",), ("(mended_study, rng)",), 'form="masks", rate=0.01'),
        retold(
            "clinic-new",
            ("decoded draws of the Gaussian", "decoded middles of two codes"),
            ("(mended_study, rng)", '(mended_study, rng, draw="middles")'),
        ),
        Cell("clinic-words", WORDS),
    ),
    _draw_masks,
)


def _draw_codes(rng: np.random.Generator) -> Values:
    width = float(rng.choice([0.6, 0.7, 0.8, 1.3, 1.5]))
    found = _study(rng, CODES, SHAKEN)
    found["code"] = found["code"].replace("<<width>>", str(width))
    return found | {"level": "sigma", "amount": rng.choice([0.2, 0.3, 0.5]), "width": width}


NOISE = Twist(
    7,
    "the noise is on the codes; new pictures from wider or narrower draws; other mistakes",
    (
        Edit(
            "| 7 | bug clinic: mend a study of a denoising autoencoder and say what was wrong | 6 |",
            "| 7 | bug clinic: mend a study of an autoencoder with noisy codes and say what was wrong | 6 |",
        ),
        Cell(
            CLINIC,
            CLINIC
            + r"""

A colleague trains an autoencoder with **noisy codes** on pictures of a dot: the decoder is to cope with codes that are a little
off. The model is measured on test pictures, and new pictures are drawn. The study is to do this:

- train on the training pictures `x` with Adam and learning rate 0.01, one step an epoch with all of them at once; the pictures go
  in clean, and every time new noise of standard deviation `sigma` is added to their **codes** before they are decoded; the loss is
  the squared error, summed over pixels and averaged over pictures,
- measure the same error on the test pictures `x_test`, without noise, with the trained model as it will be used,
- fit a Gaussian to the codes of the training pictures, mean and covariance (divided by $N$), make all its standard deviations
  **<<width>> times** as large, and decode `n` draws from it."""
            + RETURNS,
        ),
        Cell("clinic-given", GIVEN),
        Cell(TASK, TASK.removesuffix("`model` is an") + ASKED),
        Solution(
            "clinic",
            LOOP.format(
                rebuild="codes = model.encode(x)\n    "
                "noise = sigma * torch.randn(codes.shape, generator=generator, dtype=codes.dtype)\n    "
                "rebuilt = model.decode(codes + noise)",
                new="root = torch.linalg.cholesky(torch.cov(codes.T, correction=0))\n    "
                "e = torch.randn(n, codes.shape[1], generator=generator, dtype=codes.dtype)\n    "
                "new = model.decode(codes.mean(dim=0) + <<width>> * e @ root.T)",
            ),
        ),
        *keywords(("clinic-loss",), ("(mended_study, rng)",), 'form="codes", rate=0.01'),
        *keywords(("clinic-new",), ("(mended_study, rng)",), "width=<<width>>"),
        Cell("clinic-words", WORDS),
    ),
    _draw_codes,
)

TWISTS = [HOLES, NOISE]
