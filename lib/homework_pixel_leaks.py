"""The visible tests of chapter 5's homework, task 3: leaks, planted before they are looked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from lib.homework import compare
from lib.homework_asking import peer, sealed
from lib.homework_pixel import Network, ask
from lib.homework_pixel_scans import RASTER, WORDS, earlier, lines, ranks

Pairs = set[tuple[int, int]]


class Leaky(Network):
    """A network with leaks planted: pairs (i, j), j not before i, where pixel i depends on pixel j.

    `plant` adds one; `drift` lets all logits of a pixel move together with the whole picture,
    which moves no probability.
    """

    def __init__(
        self, rng: np.random.Generator, shape: tuple[int, int], levels: int, when: np.ndarray
    ):
        super().__init__(rng, shape, levels, when)
        self.table *= 0.4
        self.leaks: set[tuple[int, int]] = set()
        self.drift = np.zeros((math.prod(shape), levels))

    def plant(
        self, rng: np.random.Generator, i: int, j: int, level: int | None = None, size: float = 0.5
    ) -> None:
        """Let pixel j move the logits of pixel i; with `level`, that level of pixel j alone."""
        change = np.zeros((self.levels, self.levels))
        signs = rng.permuted(np.resize([-1.0, 1.0], self.levels))
        for m in range(self.levels) if level is None else [level]:
            change[:, m] = signs * size * (m + 1) * rng.uniform(1, 1.1)
        self.table[:, i, j] = change
        self.leaks.add((i, j))

    def __call__(self, x: Any) -> np.ndarray:
        """Logits (n, levels, h, w)."""
        together = (self.one_hot(x) * self.drift).sum(axis=(1, 2))
        return super().__call__(x) + together[:, None, None, None]


@dataclass(frozen=True)
class Asked:
    """What counts as a leak, and how the answer names it.

    A network reads a picture in the order `scan`, pixel by pixel or, with `whole_lines`, a whole
    row or column at once. A pair names the pixel that sees and the one that is seen, or they are
    `exchanged`. Pixels are numbered row by row or, with `by_columns`, column by column.
    """

    scan: str = RASTER
    whole_lines: bool = False
    exchanged: bool = False
    by_columns: bool = False

    def when(self, shape: tuple[int, int]) -> np.ndarray:
        """Time at which each pixel is drawn, (h, w)."""
        return (lines if self.whole_lines else ranks)(shape, self.scan)

    def drawn(self) -> str:
        """How the network draws, in words."""
        words = WORDS[self.scan]
        return f"{words.partition(',')[0]}, all at once" if self.whole_lines else words

    def named(self, pairs: Pairs, shape: tuple[int, int]) -> Pairs:
        """Pairs (sees, seen), numbered row by row, as the answer should name them."""
        h, w = shape
        if self.by_columns:
            pairs = {tuple((k % w) * h + k // w for k in pair) for pair in pairs}
        return {pair[::-1] for pair in pairs} if self.exchanged else set(pairs)


def check_leaks(
    find_leaks: Callable,
    rng: np.random.Generator,
    kind: str,
    shape: tuple[int, int] = (2, 3),
    levels: int = 4,
    **convention: Any,
) -> None:
    """Compare with the leaks that were planted; `convention` are keywords of `Asked`.

    Kinds: "none", "some", "mask B" (every pixel sees itself), "whole" (every pixel sees the whole
    picture), "one level" (only one level of a pixel gives itself away), "small", "drift" (none,
    but all logits of a pixel move together).
    """
    asked = Asked(**convention)
    network = Leaky(rng, shape, levels, asked.when(shape))
    x = rng.integers(levels, size=shape)
    for i, j in _chosen(rng, kind, network.before):
        step = int(rng.integers(2, levels))  # not the next level: it must be found by trying all
        level = (int(x.flat[j]) + step) % levels if kind == "one level" else None
        network.plant(rng, int(i), int(j), level, 0.003 if kind == "small" else 0.5)
    if kind == "drift":
        network.drift = rng.normal(0, 3, size=network.drift.shape)
    what = f"the leaks of a network for {shape[0]} x {shape[1]} pixels"
    answer = ask(find_leaks, what, logits=sealed(network), x=x, levels=levels)
    if isinstance(answer, set | list | tuple):
        answer = _as_pairs(answer, what)
    right, hints = asked.named(network.leaks, shape), _leak_mistakes(network, x, asked)
    compare(answer, right, what, hints=hints)


def _chosen(rng: np.random.Generator, kind: str, before: np.ndarray) -> list:
    """Pairs (sees, seen) that will be leaks; [i, j] of `before`: pixel j comes before pixel i."""
    d = len(before)
    later = [(i, j) for i in range(d) for j in range(d) if not before[i, j]]
    if kind == "mask B":
        return [(i, i) for i in range(d)]
    if kind == "whole":
        return later
    count = {"none": 0, "drift": 0}.get(kind, 2)
    apart = [pair for pair in later if pair[0] != pair[1]]
    return [
        *rng.permutation(apart)[:count],
        *((i, i) for i in rng.permutation(d - 1)[: count // 2]),
    ]


def _as_pairs(answer: set | list | tuple, what: str) -> Pairs:
    right = all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in answer)
    assert right, f"{what}: return a set of pairs (i, j)"
    return {(int(i), int(j)) for i, j in answer}


@peer
def effects(network: Leaky, x: np.ndarray, *, raw: bool = False) -> np.ndarray:
    """How much the probabilities of pixel i move when pixel j goes up by s levels, [i, j, s].

    Going up goes round: above the last level comes level 0. `raw` measures logits instead.
    """
    d, levels = x.size, network.levels
    pictures = np.tile(x.reshape(1, 1, d), (d, levels, 1))
    for j in range(d):
        pictures[j, :, j] = (x.flat[j] + np.arange(levels)) % levels
    out = network(pictures.reshape(-1, *x.shape))
    values = (out if raw else softmax(out, axis=1)).reshape(d, levels, levels, d)
    return np.abs(values - values[0, 0]).max(axis=2).transpose(2, 0, 1)


def _leak_mistakes(network: Leaky, x: np.ndarray, asked: Asked) -> dict[str, set]:
    """What typical mistakes find."""
    d, shape, later = x.size, x.shape, ~network.before
    effect = effects(network, x)
    loud, every = effects(network, x, raw=True).max(axis=2), effect.max(axis=2)
    zero = np.take_along_axis(effect, -x.reshape(1, d, 1) % network.levels, axis=2)[:, :, 0]

    def pairs(found: np.ndarray, above: float = 1e-9, name: Asked = asked) -> Pairs:
        return name.named({(int(i), int(j)) for i, j in np.argwhere(found > above)}, shape)

    first, last = (int(pick(asked.when(shape))) for pick in (np.argmin, np.argmax))
    seen = "earlier pixels may be seen; a leak comes from a pixel that is not earlier"
    seen += f", and pictures are drawn {asked.drawn()}" if asked != Asked() else ""
    found = (
        {seen: pairs(every)}
        | _misnamed(network, asked, every)
        | {
            "a constant added to all logits of a pixel moves no probability; compare after "
            "softmax": (pairs(loud * later)),
            "a pixel that sees itself is a leak too": pairs(every * later * (1 - np.eye(d))),
            "try every other level, not the next one alone": pairs(effect[:, :, 1] * later),
            "try every other level, not level 0 alone": pairs(zero * later),
            "a small change is a change; anything above rounding is a leak": (
                pairs(every * later, 0.02)
            ),
            "change every pixel, not the last one alone": pairs(
                every * later * (np.arange(d) == last)
            ),
            "look at every pixel, not at the first one alone": pairs(
                every * later * (np.arange(d)[:, None] == first)
            ),
        }
    )
    return found


def _misnamed(network: Leaky, asked: Asked, every: np.ndarray) -> dict[str, Pairs]:
    """Leaks of another reading order, and leaks that are named in another way."""
    shape = network.shape

    def told(early: np.ndarray, **change: bool) -> Pairs:
        name = Asked(**{"exchanged": asked.exchanged, "by_columns": asked.by_columns} | change)
        seen = np.argwhere((every > 1e-9) & ~early)
        return name.named({(int(i), int(j)) for i, j in seen}, shape)

    pair = "first the pixel that sees, then the one that it should not see"
    pair = "first the pixel that is seen, then the one that sees it" if asked.exchanged else pair
    numbers = "row by row: i = row * W + column"
    numbers = "column by column: i = column * H + row" if asked.by_columns else numbers
    found = {
        f"a pair is {'(j, i)' if asked.exchanged else '(i, j)'}: {pair}": told(
            network.before, exchanged=not asked.exchanged
        ),
        f"number the pixels {numbers}": told(network.before, by_columns=not asked.by_columns),
    }
    if asked.whole_lines:
        line = "row" if asked.scan.split()[0] in ("left", "right") else "column"
        found[f"all pixels of a {line} are drawn at once: none may see another one of them"] = told(
            earlier(ranks(shape, asked.scan))
        )
        found[f"pixels of the own {line} count too, and the pixel itself"] = told(
            ~earlier(asked.when(shape)).T
        )
    for other in WORDS.keys() - {asked.scan}:
        advice = f"pictures are drawn {asked.drawn()}; you look for leaks {WORDS[other]}"
        early = earlier(ranks(shape, other))
        found[advice] = told(early)
        found[f"{advice}, and your pairs are named differently"] = told(
            early, exchanged=False, by_columns=False
        )
    return found
