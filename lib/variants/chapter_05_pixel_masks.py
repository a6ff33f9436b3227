"""Twists of task 2 of the homework on pixel models: other reading orders, axes, borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick, scan_values

TASK = "## Task 2: masks and what they see (6 points)"
PART_B = (
    "**b (3 points).** Stack masked convolutions, and an output sees more of the picture with "
    "every layer. Which pixels? Write"
)
#: The first page says that some tasks take pixels in another order.
ORDER = Edit(
    "in raster order: row by row, each row from left to\nright.",
    "in raster order: row by row, each row from left to\nright. Some tasks take them in another "
    "order; they say so.",
)
FIELD = '"""Which pixels, (H, W), the output at `place` sees through these masks."""'


def mask_tests(told: str) -> tuple[Edit, Edit]:
    """The calls of the tests of `kernel_mask`, with more arguments."""
    kinds = "check_mask(kernel_mask, rng, kind, colours{})\n\n\ntest_mask_kinds"
    sizes = "check_mask(kernel_mask, rng, kind, colours, size{})"
    return tuple(Edit(call.format(""), call.format(told)) for call in (kinds, sizes))


def field_tests(told: str) -> tuple[Edit, ...]:
    """The calls of the tests of `field_of_view`, with more arguments."""
    calls = (
        "check_field(field_of_view, rng, layers{})\n\n\ntest_field_causal",
        'check_field(field_of_view, rng, layers, "any"{})',
        "check_field(field_of_view, rng, 9{})",
    )
    return tuple(Edit(call.format(""), call.format(told)) for call in calls)


SEEN_BY = Twist(
    2,
    "masks for another reading order; which outputs see a pixel",
    (
        ORDER,
        Edit(
            "| 2 | masks, and which pixels a stack of them sees | 6 |",
            "| 2 | masks, and which outputs of a stack see a pixel | 6 |",
        ),
        Cell(
            TASK,
            """
## Task 2: masks and what they see (6 points)

**a (3 points).** A masked convolution multiplies its weights by a mask of zeros and ones. The model of this part predicts the pixels
**<<reads>>**. Weights have PyTorch's shape (outputs, inputs, size, size), `size` is odd, tap `[0, 0]` reads the pixel up and left of
the centre, and the tap in the centre reads the pixel that is predicted.

- All taps that read pixels predicted earlier are used, for all channels. Taps that read later ones are not.
- With one colour, the tap in the centre is hidden by mask `"A"` and used by mask `"B"`.
- With more `colours`, the numbers of a pixel are predicted one after the other as well. Both the input and the output
  channels then fall into as many groups of the same size: the first group belongs to colour 0, the next to
  colour 1, and so on. At the centre, an output channel of colour $k$ may read input channels of colours before $k$ with
  mask `"A"`, and also those of colour $k$ itself with mask `"B"`.

Write `kernel_mask(outputs, inputs, size, kind, colours)`, which returns this array. `colours` divides `outputs` and `inputs`.
""",
        ),
        Solution(
            "mask",
            """
row, column = np.indices((size, size)) - size // 2
later = <<later>>  # by how many pixels a tap comes after the centre
mask = np.tile((later < 0).astype(float), (outputs, inputs, 1, 1))
writes = np.arange(outputs)[:, None] // (outputs // colours)
reads = np.arange(inputs) // (inputs // colours)
mask[:, :, size // 2, size // 2] = reads < writes if kind == "A" else reads <= writes
return mask
""",
        ),
        *mask_tests(', scan="<<scan>>"'),
        Cell(
            PART_B,
            """
**b (3 points).** Stack masked convolutions, and a pixel is seen by more outputs with every layer. Which outputs? Write
`field_of_view(shape, place, masks)`. `shape` is the pair $(H, W)$, `place` the pair (row, column) of one **pixel of the picture**,
and `masks` a list of arrays (size, size) of zeros and ones, the one of the first layer first. Sizes are odd and may differ. Return
an array of shape $(H, W)$ that is true where **the output of the last layer can depend on that pixel**. Tap `[0, 0]` reads the pixel
up and left of the centre.

Each layer computes its outputs inside the picture only. Beside it there are zeros (`padding` of a convolution).

With mask A and then masks B of size 3 for raster order, however many, some later outputs on the left never see the pixel. That is the
**blind spot** of the first PixelCNN from the other side, and your function shows it.
""",
        ),
        Edit(FIELD, '"""Which outputs, (H, W), see the pixel at `place` through these masks."""'),
        Solution(
            "field",
            """
seen = np.zeros(shape, dtype=bool)
seen[place] = True
for mask in masks:
    margin, turned = len(mask) // 2, mask[::-1, ::-1].astype(bool)
    wide = np.zeros((shape[0] + 2 * margin, shape[1] + 2 * margin), dtype=bool)
    for i, j in np.argwhere(seen):
        wide[i : i + len(mask), j : j + len(mask)] |= turned
    seen = wide[margin : margin + shape[0], margin : margin + shape[1]]
return seen
""",
        ),
        *field_tests(", out=True"),
    ),
    scan_values,
)


def joined_values(rng: np.random.Generator) -> dict[str, Any]:
    """A reading order, and which borders of the picture meet."""
    panorama = {
        "round": "columns",
        "borders": "**panoramas**: the right border meets the left one, and what a tap does not "
        "find at one side\nit reads at the other. Above and below there are zeros",
        "named": "a panorama",
        "marks": "if 0 <= row < shape[0]:\n            before[row, column % shape[1]] = True",
    }
    paper = {
        "round": "rows columns",
        "borders": "**tiles of a wallpaper**: the right border meets the left one, and the bottom "
        "meets the top. What a tap\ndoes not find at one side it reads at the other",
        "named": "a wallpaper",
        "marks": "before[row % shape[0], column % shape[1]] = True",
    }
    return scan_values(rng) | pick(rng, [panorama, paper])


WOVEN = Twist(
    2,
    "masks with woven colours, other axes and another reading order; pictures without borders",
    (
        ORDER,
        Cell(
            TASK,
            """
## Task 2: masks and what they see (6 points)

**a (3 points).** A masked convolution multiplies its weights by a mask of zeros and ones. The model of this part predicts the pixels
**<<reads>>**. Weights have the shape that TensorFlow gives them, **(size, size, inputs, outputs)**: row and column of the tap come
first. `size` is odd, tap `[0, 0]` reads the pixel up and left of the centre, and the tap in the centre reads the pixel that is predicted.

- All taps that read pixels predicted earlier are used, for all channels. Taps that read later ones are not.
- With one colour, the tap in the centre is hidden by mask `"A"` and used by mask `"B"`.
- With more `colours`, the numbers of a pixel are predicted one after the other as well. Both the input and the output
  channels are then shared out in turn, as one deals cards: channel 0 belongs to colour 0, channel 1 to colour 1, and after the
  last colour it starts again with colour 0. At the centre, an output channel of colour $k$ may read input channels of colours
  before $k$ with mask `"A"`, and also those of colour $k$ itself with mask `"B"`.

Write `kernel_mask(outputs, inputs, size, kind, colours)`, which returns this array. `colours` divides `outputs` and `inputs`.
""",
        ),
        Edit(
            '"""The mask of a convolution, (outputs, inputs, size, size): 1 where a weight is '
            'used."""',
            '"""The mask of a convolution, (size, size, inputs, outputs): 1 where a weight is '
            'used."""',
        ),
        Solution(
            "mask",
            """
row, column = np.indices((size, size)) - size // 2
later = <<later>>  # by how many pixels a tap comes after the centre
mask = np.zeros((size, size, inputs, outputs))
mask[later < 0] = 1
writes, reads = np.arange(outputs) % colours, np.arange(inputs)[:, None] % colours
mask[size // 2, size // 2] = reads < writes if kind == "A" else reads <= writes
return mask
""",
        ),
        *mask_tests(', scan="<<scan>>", woven=True, axes="rcio"'),
        Cell(
            PART_B,
            """
**b (3 points).** Stack masked convolutions, and an output sees more of the picture with every layer. Which pixels? Write
`field_of_view(shape, place, masks)`. `shape` is the pair $(H, W)$, `place` the pair (row, column) of one output of the last layer,
and `masks` a list of arrays (size, size) of zeros and ones, the one of the first layer first. Sizes are odd and may differ. Return
an array of shape $(H, W)$ that is true where the output can depend on the pixel. Tap `[0, 0]` reads the pixel up and
left of the centre.

The pictures of this part are <<borders>>.

Mask A and masks B of raster order hide all that comes later in a picture that has borders. On <<named>> they do not: left of the first column
stands the last one. Your function shows it.
""",
        ),
        Solution(
            "field",
            """
seen = np.zeros(shape, dtype=bool)
seen[place] = True
for mask in reversed(masks):
    before, taps = np.zeros(shape, dtype=bool), np.argwhere(mask) - len(mask) // 2
    for (i, j), (a, b) in product(np.argwhere(seen), taps):
        row, column = i + a, j + b
        <<marks>>
    seen = before
return seen
""",
        ),
        Edit(
            "from collections import deque\n",
            "from collections import deque\nfrom itertools import product\n",
        ),
        *field_tests(', round="<<round>>"'),
    ),
    joined_values,
)

TWISTS = [SEEN_BY, WOVEN]
