"""Private variants of chapter 3's homework, task 3: a step of training, a curve that bends."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_edits import keywords

STEP = "## Task 3: let it bend (6 points)"
CURVE = (
    "Now the whole thing. The points of the test lie on a bent curve in six dimensions. One number "
    "per point is"
)

CURVE_TEXT = r"""
Now the whole thing. The points of the test lie on a bent curve in six dimensions. One number per point is
enough, but not for PCA: its straight line misses most of the bend.

Write `fit_curve(x, k, seed)`. It takes a float tensor $(N, D)$, builds an autoencoder with codes of `k`
numbers, trains it and returns it: an `nn.Module` with the methods `encode`, $(n, D) \to (n, k)$, and `decode`,
$(n, k) \to (n, D)$. Start with `torch.manual_seed(seed)`, so that your result comes back. <<demand>>

On **new** points of the same curve the squared error must be at most a quarter of PCA's with as many
numbers. Architecture, optimiser and number of steps are yours. Two small hidden layers and a few hundred steps
of Adam on all points at once do far better than that in about a second. You may define your class inside the
function or above it. The hidden test has other curves, and a bent sheet with `k = 2`."""

NET = """
class Autoencoder(nn.Module):
    def __init__(self, d, k, hidden=32):
        super().__init__()
        self.into = nn.Sequential(nn.Linear(d, hidden), nn.Tanh(), nn.Linear(hidden, k))
        self.out = nn.Sequential(nn.Linear(k, hidden), nn.Tanh(), nn.Linear(hidden, d))
        {more}

    def encode(self, x):
        return {encode}

    def decode(self, z):
        return {decode}


torch.manual_seed(seed)
model = Autoencoder(x.shape[1], k)
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range({steps}):
    loss = ((model.decode(model.encode(x)) - x) ** 2).sum(dim=1).mean()
    optimiser.zero_grad()
    {scaled}loss{over}.backward()
    optimiser.step()
{after}return model
"""


def _net(
    encode: str, decode: str, more: str = "", after: str = "", steps: int = 500, over: str = ""
) -> str:
    """The key, an autoencoder with other ends."""
    scaled = "(" if over else ""
    text = NET.format(encode=encode, decode=decode, more=more, after=after, steps=steps, over=over
                      + ")" * bool(over), scaled=scaled)  # fmt: skip
    return text.replace("        \n", "")


def _units(rng: np.random.Generator) -> Values:
    scale, zero = int(rng.choice([30, 50, 80, 120])), int(rng.choice([-9, -6, -4, 4, 6, 9])) * 100
    return {
        "demand": f"""The points come as an instrument wrote them: their numbers lie around {zero}, up to about
{3 * scale} away from it, and `encode` and `decode` are given and return numbers in these **raw units**. No network
likes such numbers; let the model standardise inside.""",
        "curve_key": _net(
            "self.into((x - self.mean) / self.scale)",
            "self.mean + self.scale * self.out(z)",
            "self.mean, self.scale = x.mean(dim=0), x.std()  # of the training points",
            over=" / model.scale**2",
        ),
        "convention": f"units=({scale}, {zero})",
    }


def _stored(rng: np.random.Generator) -> Values:
    low, width = int(rng.choice([-3, -2, 0, 1, 2, 3])), int(rng.choice([1, 2]))
    levels = int(rng.choice([64, 100, 128, 200, 256]))
    low = low + 5 if low + width / 2 == 0 else low
    return {
        "demand": f"""The codes will be **stored**: whatever comes in, near the curve or far away, every number of
a code lies between {low} and {low + width}. The tests round it to one of {levels} equally spaced values from
{low} to {low + width} before they hand it to `decode`.""",
        "curve_key": _net(
            f"{low} + {width} * torch.sigmoid(self.into(x))",
            f"self.out(4 * (z - {low + width / 2}) / {width})  # centred, so that tanh can bend",
        ),
        "convention": f"stored=({low}, {low + width}, {levels})",
    }


def _spread(rng: np.random.Generator) -> Values:
    spread = float(rng.choice([0.2, 0.5, 2.0, 3.0, 5.0]))
    return {
        "demand": f"""The model that you return has **standardised codes**: over the training points `x`, every entry
of the codes from `encode` has mean 0 and standard deviation {spread:g}, to one per cent, and `decode` expects such
codes.""",
        "curve_key": _net(
            "(self.into(x) - self.mean) / self.scale",
            "self.out(self.mean + self.scale * z)",
            "self.mean, self.scale = 0.0, 1.0  # of the codes; set after training",
            f"""with torch.no_grad():
    z = model.encode(x)
model.mean, model.scale = z.mean(dim=0), z.std(dim=0) / {spread:g}
""",
        ),
        "convention": f"spread={spread:g}",
    }


def _draw_curve(rng: np.random.Generator) -> Values:
    forms = (_units, _stored, _spread)
    return forms[rng.integers(3)](rng)


def _tests(form: str) -> tuple[Cell, ...]:
    step = ("(training_step, rng, (d,), n)", "(training_step, rng, shape, n)")
    curve = ("check_curve(fit_curve, rng)", "check_curve(fit_curve, rng, k=2)")
    return (
        *keywords(("step-rows", "step-pictures"), step, f'form="{form}"'),
        *keywords(("curve-line", "curve-sheet"), curve, "<<convention>>"),
    )


CURVES = (
    Cell(CURVE, CURVE_TEXT),
    Solution("curve", "<<curve_key>>"),
)
STUB, LINE = (
    "def training_step(model, optimiser, x):",
    '"""One step on the batch x (N, ...); returns',
)
FIRST = r"""

First one step of any training. `model(x)` is a reconstruction of the same shape as `x`, and
`optimiser` is any optimiser of torch that holds the model's weights. `x` is a batch, shape $(N, \dots)$: rows of
numbers, or pictures with channels.
"""

NOISY = Twist(
    3,
    "the step of a denoiser; ends of the curve's model that fit its points or codes",
    (
        Cell(
            STEP,
            STEP
            + FIRST
            + r"""
Write `training_step(model, optimiser, x, noise)`, which makes one step of a **denoising** autoencoder: `noise`, of
the same shape as `x`, is added to what goes in, and the clean batch is to come out. The squared error is summed
over all entries of a picture and averaged over the pictures. The function returns that loss, from before the step,
as a plain number. The tests repeat three steps in a row by hand.""",
        ),
        Edit(STUB, "def training_step(model, optimiser, x, noise):"),
        Edit(LINE, '"""One step of denoising x (N, ...); returns'),
        Solution(
            "step",
            """
loss = ((model(x + noise) - x) ** 2).sum() / len(x)
optimiser.zero_grad()
loss.backward()
optimiser.step()
return loss.item()
""",
        ),
        *CURVES,
        *_tests("noisy"),
    ),
    _draw_curve,
)

PARTS = Twist(
    3,
    "the step on a batch in parts; ends of the curve's model that fit its points or codes",
    (
        Cell(
            STEP,
            STEP
            + r"""

First one step of any training. `model(x)` is a reconstruction of the same shape as `x`, and
`optimiser` is any optimiser of torch that holds the model's weights. The batch is too large for the memory, so it
comes in **parts**: a list of tensors of shape $(N_i, \dots)$, rows of numbers or pictures with channels. The parts
may have different sizes.

Write `training_step(model, optimiser, parts)`, which makes **one** step on all parts together, with one
part in the model at a time: on the squared error, summed over all entries of a picture and averaged over all
pictures of all parts. It returns that loss, from before the step, as a plain number. The tests repeat three steps in a
row by hand.""",
        ),
        Edit(STUB, "def training_step(model, optimiser, parts):"),
        Edit(LINE, '"""One step on a batch in parts (N_i, ...); returns'),
        Solution(
            "step",
            """
n, total = sum(len(x) for x in parts), 0.0
optimiser.zero_grad()
for x in parts:
    loss = ((model(x) - x) ** 2).sum() / n
    loss.backward()  # adds to the gradients of the parts before
    total += loss.item()
optimiser.step()
return total
""",
        ),
        *CURVES,
        *_tests("parts"),
    ),
    _draw_curve,
)

GAPS = Twist(
    3,
    "the step of a model that fills gaps; ends of the curve's model that fit its points or codes",
    (
        Cell(
            STEP,
            STEP
            + FIRST
            + r"""
Write `training_step(model, optimiser, x, seen)`, which makes one step of a model that learns to **fill gaps**.
`seen` has the shape of `x` and holds ones and zeros. Where it is 0 the model gets a 0 instead of the entry of `x`,
and only there its output counts: the squared error, summed over the entries of a picture that the model did
**not** see, and averaged over the pictures. The function returns that loss, from before the step, as a plain
number. The tests repeat three steps in a row by hand.""",
        ),
        Edit(STUB, "def training_step(model, optimiser, x, seen):"),
        Edit(LINE, '"""One step of filling the gaps of x (N, ...); returns'),
        Solution(
            "step",
            """
rest = (model(x * seen) - x) * (1 - seen)
loss = (rest**2).sum() / len(x)
optimiser.zero_grad()
loss.backward()
optimiser.step()
return loss.item()
""",
        ),
        *CURVES,
        *_tests("gaps"),
    ),
    _draw_curve,
)

TWISTS = [NOISY, PARTS, GAPS]
