"""Twists of task 8 of the homework on pixel models: other reading orders, other useful pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.homework_pixel_scans import spoken
from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick, scan_values

DOC = '"""Train on x (N, 5, 7); returns logits: pictures (N, 5, 7) -> (N, levels, 5, 7)."""'
TEXT = r"""
## Task 8: train one (3 points)

The pictures of this task have $<<h>> \times <<w>>$ pixels of three levels. In each, a pixel follows its <<neighbour>> neighbour, and **the pixel
<<useful>>**. Write `train_pixels(x, levels, generator)`, which trains an autoregressive model on `x`, a tensor of whole numbers
$(N, <<h>>, <<w>>)$, and returns a function `logits(x)` that maps pictures $(N, <<h>>, <<w>>)$ to logits $(<<out>>)$. <<order>>

Layers, optimiser, learning rate and number of steps are yours. Levels are names here, so give the network one-hot channels
(`torch.nn.functional.one_hot`). One masked convolution of the right size, trained on all pictures at once by 150 steps of `Adam` with `lr=0.1`, is enough
and takes a second or two. If you draw random numbers, draw them with `generator`. The test seeds PyTorch's global generator, from which new layers take their
first weights.

**The test.** It changes one pixel after the other and looks who notices: your model must be causal<<causal>>. The pictures come from a distribution that the test knows.
On 600 new pictures your model may need 0.06 bits per dimension more than that distribution. A careful run needs less than <<careful>> more, a model that does
not see the second pixel more than <<blind>>.
"""
KEY = """
nn, size = torch.nn.functional, <<size>>
conv = torch.nn.Conv2d(levels, levels, size, padding=size // 2)
row, column = np.indices((size, size)) - size // 2
mask = torch.tensor(<<later>> < 0)

def logits(x):
    v = nn.one_hot(x, levels).float().movedim(-1, 1)
    return nn.conv2d(v, conv.weight * mask, conv.bias, padding=size // 2)

optimizer = torch.optim.Adam(conv.parameters(), lr=0.1)
for _ in range(150):
    loss = nn.cross_entropy(logits(x), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
return <<returned>>
"""


def training_tests(told: str) -> tuple[Edit, Edit]:
    """The calls of the tests, with more arguments."""
    call, wrapped = (
        "check_training(train_pixels, np.random.default_rng([SEED, {}]))",
        ("check_training(\n        train_pixels, np.random.default_rng([SEED, {}]), {}\n    )"),
    )
    return tuple(Edit(call.format(seed), wrapped.format(seed, told)) for seed in (18, 19))


NEIGHBOURS = {"right": "left", "left": "right", "down": "upper", "up": "lower"}


def scan_training(rng: np.random.Generator) -> dict[str, Any]:
    """Another reading order; the pictures stand as it needs them."""
    values = scan_values(rng)
    step = values["scan"].split()[0]
    h, w = (5, 7) if step in ("right", "left") else (7, 5)
    return values | {
        "h": h,
        "w": w,
        "neighbour": NEIGHBOURS[step],
        "useful": spoken((-1, 2), values["scan"]),
        "out": f"N, L, {h}, {w}",
        "order": f"The model reads and draws its pixels **{values['reads']}**.",
        "causal": " in this order",
        "size": 5,
        "returned": "logits",
        "careful": "0.01",
        "blind": "0.2",
    }


def far_training(rng: np.random.Generator) -> dict[str, Any]:
    """Raster order and a useful pixel farther away; levels on the last axis."""
    up, right = pick(rng, [(-1, 3), (-1, -3), (-2, 3), (-2, -3), (-3, 0), (-3, 1), (-3, -1)])
    return {
        "up": up,
        "right": right,
        "h": 6,
        "w": 8,
        "neighbour": "left",
        "useful": spoken((up, right)),
        "out": "N, 6, 8, L",
        "order": "Levels are on\nthe **last axis**. The model reads and draws its pixels in raster "
        "order.",
        "causal": "",
        "size": 7,
        "later": "row * size + column",
        "returned": "lambda x: logits(x).movedim(1, -1)",
        "careful": "0.01",
        "blind": {1: "0.12", 2: "0.1", 3: "0.08"}[-up],
    }


TITLE = "## Task 8: train one (3 points)"

OTHER_ORDER = Twist(
    8,
    "the pictures are read in another order",
    (
        Cell(TITLE, TEXT),
        Edit(
            DOC,
            '"""Train on x (N, <<h>>, <<w>>); returns logits: pictures -> (N, levels, <<h>>, '
            '<<w>>)."""',
        ),
        Solution("training", KEY),
        *training_tests('scan="<<scan>>"'),
    ),
    scan_training,
)

FAR = Twist(
    8,
    "the second useful pixel is farther away; levels are on the last axis",
    (
        Cell(TITLE, TEXT),
        Edit(DOC, '"""Train on x (N, 6, 8); returns logits: pictures -> (N, 6, 8, levels)."""'),
        Solution("training", KEY),
        *training_tests("offset=(<<up>>, <<right>>), shape=(6, 8), last=True"),
    ),
    far_training,
)

TWISTS = [OTHER_ORDER, FAR]
