"""Twists of task 1 of the homework on pixel models: other orders of the chain, other units."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_scans import pick

#: Unit of a term -> its formula around a probability, what it is called, and code.
UNITS = {
    "p": ("{}", "the probability", "{}"),
    "bits": (r"-\log_2 {}", "the price in bits", "-math.log2({})"),
    "nats": (r"-\ln {}", "the price in nats", "-math.log({})"),
}
#: Axes of the logits as the checks name them.
AXES = ["nijl", "lnij", "ijnl", "ijln"]
SIZES = {"n": "N", "l": "L", "i": "H", "j": "W"}
TERMS = '"""The conditionals p(x_i | x_<i) of one picture x under a table of all: (D,)."""'
LOG_P = '"""log p(x) of pictures (N, H, W) in nats, (N,), and bits per dimension."""'
PART_B = (
    "**b (3 points).** A network gives the logits of all conditionals in one pass. The logit of "
    "level $l$ for the pixel in row"
)
NEAR = """[(4, 5, (3, 6)), (2, 3, (5, 4)), (6, 2, (3, 5)), (3, 4, (2, 7))]:
        check_bits(log_p_and_bits, rng, n, levels, shape)"""
FAR = """[(3, 4, (2, 5), 1000), (1, 2, (1, 3), 2), (2, 256, (4, 4), 3)]:
        check_bits(log_p_and_bits, rng, n, levels, shape, scale)"""
TABLE = "| 1 | the chain rule, exact log-probability, bits per dimension | 5 |"


def tests_of_the_chain(order: str) -> tuple[Edit, Edit]:
    """The calls of the test, with the order and the drawn unit."""
    call = "check_chain(chain_terms, rng, levels, d{})\n    ### {}"
    told = f', order="{order}", unit="<<unit>>"'
    return tuple(Edit(call.format("", end), call.format(told, end)) for end in ("BEGIN", "END"))


BACKWARD = Twist(
    1,
    "the chain goes from the last pixel to the first; the logits have other axes, units change",
    (
        Edit(TABLE, "| 1 | the chain rule, exact log-probability, nats per dimension | 5 |"),
        Cell(
            "## Task 1: the chain rule (5 points)",
            r"""
## Task 1: the chain rule (5 points)

Every distribution of pictures is a product of conditionals, and no model was needed to say so. The pixels may be taken in any
order. In this part the chain goes **from the last pixel to the first**, and $x_{>i}$ are all pixels after pixel $i$:

$$
\begin{aligned}
p(x) &= \prod_{i=1}^{D} p(x_i \mid x_{>i}) \\
p(x_i \mid x_{>i}) &= \frac{p(x_i, \dots, x_D)}{p(x_{i+1}, \dots, x_D)}
\end{aligned}
$$ (eq-hw-pixel-chain)

**a (2 points).** For tiny pictures the whole distribution fits into a table. `table` is an array with $D$ axes of
length $L$: entry `table[x_1, ..., x_D]` is $p(x)$. Write `chain_terms(table, x)`, which returns $D$ numbers for one picture `x`, an
array of $D$ whole numbers: <<called>> of every pixel, $<<formula>>$. The first number belongs to pixel 1, the last to pixel $D$.
Nothing in the table is zero.
""",
        ),
        Edit(
            TERMS,
            '"""<<Called>> of each pixel of one picture x, given all pixels after it: (D,)."""',
        ),
        Solution(
            "chain",
            """
terms = []
for level in x[::-1]:
    mass = table.reshape(-1, table.shape[-1]).sum(axis=0)  # of each level of the last pixel
    terms.append(<<term>>)
    table = table[..., level]
return np.array(terms[::-1])
""",
        ),
        *tests_of_the_chain("backward"),
        Cell(
            PART_B,
            r"""
**b (3 points).** A network gives the logits of all conditionals in one pass. The logit of level $l$ for the pixel in row
`i`, column `j` of picture `n` is `logits[<<index>>]`; the array has shape $(<<sizes>>)$. `x` has shape $(N, H, W)$.

Coders pay in bits, and losses are written in nats. Both are wanted here. Per dimension:

$$
\begin{aligned}
&\text{nats per dimension} \\
&\quad = -\frac{1}{N} \sum_{n=1}^{N} \frac{\ln p(x^{(n)})}{D}, \quad D = H W
\end{aligned}
$$ (eq-hw-pixel-bits)

Write `log_p_and_bits(x, logits)`, which returns a pair: $\log_2 p(x)$ of each picture, in bits, shape $(N,)$, and the **nats** per
dimension, one number. Logits can be large: a model that is sure of a pixel and wrong must pay a finite price.
""",
        ),
        Edit(LOG_P, '"""log2 p(x) of pictures (N, H, W), (N,), and nats per dimension."""'),
        Solution(
            "bits",
            """
logits = logits.transpose(<<back>>)  # (n, l, h, w)
shifted = logits - logits.max(axis=1, keepdims=True)
log_share = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
log_p = np.take_along_axis(log_share, x[:, None], axis=1).sum(axis=(1, 2, 3))
return log_p / math.log(2), -log_p.mean() / x[0].size
""",
        ),
        Edit(
            NEAR,
            """[(3, 3, (3, 3)), (4, 5, (3, 6)), (2, 3, (5, 4)), (3, 4, (2, 7))]:
        check_bits(
            log_p_and_bits, rng, n, levels, shape, axes="<<axes>>", log="bits", rate="nats"
        )""",
        ),
        Edit(
            FAR,
            """[(3, 4, (2, 5), 1000), (1, 2, (1, 3), 2), (2, 256, (4, 4), 3)]:
        check_bits(
            log_p_and_bits, rng, n, levels, shape, scale, axes="<<axes>>", log="bits", rate="nats"
        )""",
        ),
    ),
    lambda rng: (
        unit_values(rng, r"p(x_i \mid x_{>i})", "mass[level] / mass.sum()") | axes_values(rng)
    ),
)


def unit_values(rng: np.random.Generator, formula: str, code: str) -> dict[str, Any]:
    """A drawn unit for the terms of the chain."""
    unit = pick(rng, [*UNITS])
    written, called, coded = UNITS[unit]
    return {
        "unit": unit,
        "formula": written.format(formula),
        "called": called,
        "Called": called.capitalize(),
        "term": coded.format(code),
    }


def axes_values(rng: np.random.Generator) -> dict[str, Any]:
    """Drawn axes for the logits."""
    axes = pick(rng, AXES)
    return {
        "axes": axes,
        "index": ", ".join(axes),
        "sizes": ", ".join(SIZES[axis] for axis in axes),
        "back": ", ".join(str(axes.index(axis)) for axis in "nlij"),
    }


def passes_values(rng: np.random.Generator) -> dict[str, Any]:
    """Which half of the pixels comes first, and the unit of the terms."""
    odd = bool(rng.integers(2))
    halves = [r"x_1, x_3, x_5, \dots", r"x_2, x_4, x_6, \dots"]
    values = unit_values(rng, r"p(x_i \mid x_{B(i)})", "mass[x[i]] / mass.sum()")
    return values | {
        "order": "odd first" if odd else "even first",
        "first": halves[not odd],
        "second": halves[odd],
        "start": int(not odd),
        "other": int(odd),
    }


TWO_PASSES = Twist(
    1,
    "every second pixel comes first; the first pixels of each picture are given, and perplexity",
    (
        Edit(TABLE, "| 1 | the chain rule, exact log-probability, perplexity | 5 |"),
        Cell(
            "## Task 1: the chain rule (5 points)",
            r"""
## Task 1: the chain rule (5 points)

Every distribution of pictures is a product of conditionals, and no model was needed to say so. The pixels may be taken in any
order. In this part they come in **two passes**, as in an interlaced picture: first $<<first>>$, then $<<second>>$. With $B(i)$ for
the pixels before pixel $i$ in this order,

$$
\begin{aligned}
p(x) &= \prod_{i=1}^{D} p(x_i \mid x_{B(i)}) \\
p(x_i \mid x_{B(i)}) &= \frac{p(x_i, x_{B(i)})}{p(x_{B(i)})}
\end{aligned}
$$ (eq-hw-pixel-chain)

**a (2 points).** For tiny pictures the whole distribution fits into a table. `table` is an array with $D$ axes of
length $L$: entry `table[x_1, ..., x_D]` is $p(x)$. Write `chain_terms(table, x)`, which returns $D$ numbers for one picture `x`, an
array of $D$ whole numbers: <<called>> of every pixel, $<<formula>>$. The first number belongs to pixel 1, the last to pixel $D$,
whatever the order of the passes. Nothing in the table is zero.
""",
        ),
        Edit(
            TERMS, '"""<<Called>> of each pixel of one picture x, given those before it: (D,)."""'
        ),
        Solution(
            "chain",
            """
order = [*range(<<start>>, len(x), 2), *range(<<other>>, len(x), 2)]
table, terms = table.transpose(order), np.empty(len(x))
for i in order:
    mass = table.reshape(len(table), -1).sum(axis=1)  # of each level of pixel i
    terms[i] = <<term>>
    table = table[x[i]]
return terms
""",
        ),
        *tests_of_the_chain("<<order>>"),
        Cell(
            PART_B,
            r"""
**b (3 points).** A network gives the logits of all conditionals in one pass. The logit of level $l$ for the pixel in row
`i`, column `j` of picture `n` is `logits[n, l, i, j]`; the array has shape $(N, L, H, W)$. `x` has shape $(N, H, W)$.

The model completes pictures in raster order. The first pixels of each picture, not always equally many, are **given**: there `x` is -1.
They are not predicted and cost nothing, so the sum of the terms of the $D_n$ other pixels of picture $n$ is
$\log p(\text{others} \mid \text{given})$. Models are compared by the perplexity of a pixel. A perplexity of 3 says: as uncertain as between
3 levels of the same probability.

$$
\begin{aligned}
&\text{perplexity} \\
&\quad = \exp \Bigl( -\frac{\sum_{n=1}^{N} \log p(\text{others}^{(n)} \mid \text{given}^{(n)})}{\sum_{n=1}^{N} D_n} \Bigr)
\end{aligned}
$$ (eq-hw-pixel-bits)

Write `log_p_and_bits(x, logits)`, which returns a pair: $\log p(\text{others} \mid \text{given})$ of each picture in nats, shape $(N,)$, and
the perplexity, one number. Logits can be large: a model that is sure of a pixel and wrong must pay a finite price.
""",
        ),
        Edit(LOG_P, '"""log p(others | given) of pictures (N, H, W), (N,), and the perplexity."""'),
        Solution(
            "bits",
            """
counts = x >= 0
shifted = logits - logits.max(axis=1, keepdims=True)
log_share = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
picked = np.take_along_axis(log_share, x[:, None], axis=1)[:, 0]  # at -1: the last level
log_p = np.where(counts, picked, 0).sum(axis=(1, 2))
return log_p, math.exp(-log_p.sum() / counts.sum())
""",
        ),
        Edit(NEAR, NEAR.replace("shape)", 'shape, rate="perplexity", given=True)')),
        Edit(
            FAR,
            """[(5, 4, (4, 5), 1), (1, 2, (1, 3), 2), (2, 256, (4, 4), 3)]:
        check_bits(
            log_p_and_bits, rng, n, levels, shape, scale, rate="perplexity", given=True,
            sure=1000 if scale == 1 else 0,
        )""",
        ),
    ),
    passes_values,
)

TWISTS = [BACKWARD, TWO_PASSES]
