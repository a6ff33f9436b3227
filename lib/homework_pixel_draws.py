"""The visible tests of chapter 5's homework, task 4: pixels drawn in order.

Right answers come from a list of all pictures with their probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from lib.homework import as_numbers, compare
from lib.homework_asking import peer, sealed
from lib.homework_pixel import LEFT, Network, ask
from lib.homework_pixel_scans import RASTER, WORDS, places, ranks

#: The largest number below 1 that float64 knows.
ALMOST_ONE = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True)
class Rule:
    """How a number u names a level.

    Probabilities are sharpened by a `temperature`, all but the `top` most probable levels are left
    out, and sums begin with level 0 or, with `last_first`, with the last level.
    """

    temperature: float = 1.0
    top: int = 0
    last_first: bool = False

    @peer
    def edges(self, p: np.ndarray) -> np.ndarray:
        """Sums of the probabilities that decide, in the order in which levels are tried."""
        if self.top or self.temperature != 1:
            p = p ** (1 / self.temperature)
            p = np.where(p < np.sort(p)[-self.top], 0, p)  # all, when `top` is 0
            p = p / p.sum()
        return (p[::-1] if self.last_first else p).cumsum()

    @peer
    def level(self, p: np.ndarray, u: float) -> int:
        """The level that u names under probabilities p, (levels,)."""
        edges = self.edges(p)
        last = (edges < edges[-1]).sum()  # that is possible
        found = min((edges <= u).sum(), last)
        return int(len(p) - 1 - found if self.last_first else found)


def check_draws(
    draw_pixels: Callable,
    rng: np.random.Generator,
    shape: tuple[int, int] = (2, 3),
    levels: int = 3,
    *,
    share: float = 0.4,
    u: float | None = None,
    n: int = 15,
    scan: str = RASTER,
    temperature: float = 1.0,
    top: int = 0,
    last_first: bool = False,
) -> None:
    """Compare drawn pixels with inverse transforms of conditionals summed from all pictures.

    A `share` of the pixels is known. A number for `u` takes the place of half of the random ones;
    for u = 0, the level that is tried first is impossible at every pixel. The network reads the
    picture in the order `scan`; the other keywords are those of `Rule`.
    """
    network, rule = (
        Network(rng, shape, levels, ranks(shape, scan)),
        Rule(temperature, top, last_first),
    )
    low = int(u == 0)
    if low:
        network.bias[-1 if last_first else 0] = -2000.0  # this level never happens
    x = rng.integers(low, levels, size=(n, *shape)) - low * last_first
    known = rng.permutation(x[0].size).reshape(shape) < int(share * x[0].size)
    uniform = rng.uniform(size=x.shape)
    if u is not None:
        uniform = np.where(rng.uniform(size=x.shape) < 0.5, u, uniform)
    what = f"pictures of {shape[0]} x {shape[1]} pixels, {known.sum()} known, {levels} levels"
    answer = ask(draw_pixels, what, logits=sealed(network), x=x, known=known, u=uniform)
    answer = as_numbers(answer, x.shape, what)
    assert np.isin(answer, np.arange(levels)).all(), (
        f"{what}: levels are 0 to {levels - 1}, and you return {answer.min():g} to "
        f"{answer.max():g}{LEFT if answer.max() == levels else ''}"
    )
    joint, order = network.joint(), ranks(shape, scan).ravel().argsort()
    right = [
        draw_one(joint, one, numbers, known, order, rule)
        for one, numbers in zip(x, uniform, strict=True)
    ]
    hints = _draw_mistakes(network, x, known, uniform, scan, rule)
    compare(answer, np.array(right), what, hints=hints)


@peer
def draw_one(
    joint: np.ndarray,
    x: np.ndarray,
    u: np.ndarray,
    known: np.ndarray,
    order: np.ndarray | None = None,
    rule: Rule = Rule(),
) -> np.ndarray:
    """One picture drawn by the numbers u from a table of all pictures; `known` pixels stay.

    `order` lists the numbers of the pixels, counted row by row, as they are drawn.
    """
    order = np.arange(x.size) if order is None else order
    joint, drawn = joint.transpose(order), np.zeros(x.size, dtype=int)
    for pixel in order:
        stays, weights = known.flat[pixel], joint.reshape(len(joint), -1).sum(axis=1)
        drawn[pixel] = (
            x.flat[pixel] if stays else rule.level(weights / weights.sum(), u.flat[pixel])
        )
        joint = joint[drawn[pixel]]
    return drawn.reshape(x.shape)


@peer
class Walk:
    """Draws with a mistake: pixels in some order, each from the logits of what is drawn by then."""

    def __init__(
        self, network: Network, x: np.ndarray, known: np.ndarray, u: np.ndarray, scan: str
    ):
        self.network, self.x, self.known, self.u, self.scan = network, x, known, u, scan

    def drawn(self, pick: Callable, known: np.ndarray | None = None, scan: str = "") -> np.ndarray:
        """`pick(p, u)` names levels, (n,), from probabilities (n, levels) and numbers (n,)."""
        known = self.known if known is None else known
        out = np.where(known, self.x, 0)
        for place in places(self.network.shape, scan or self.scan):
            if not known[place]:
                here = (slice(None), *place)
                p = softmax(self.network(out), axis=1)[(slice(None), slice(None), *place)]
                out[here] = pick(p, self.u[here])
        return out

    def at_once(self, start: np.ndarray, pick: Callable) -> np.ndarray:
        """All pixels from the logits of one picture."""
        p, out = softmax(self.network(start), axis=1), self.x.copy()
        for place in zip(*np.nonzero(~self.known), strict=True):
            here = (slice(None), *place)
            out[here] = pick(p[(slice(None), slice(None), *place)], self.u[here])
        return out


def _by(rule: Rule) -> Callable:
    """`pick(p, u)` of a rule, for many pixels."""
    return lambda p, u: np.array([rule.level(*each) for each in zip(p, u, strict=True)])


def _draw_mistakes(
    network: Network, x: np.ndarray, known: np.ndarray, u: np.ndarray, scan: str, rule: Rule
) -> dict[str, np.ndarray]:
    last, level, walk = network.levels - 1, _by(rule), Walk(network, x, known, u, scan)
    orders = _other_orders(walk, rule)
    found = {advice: drawn for advice, drawn in orders.items() if WORDS[RASTER] in advice[-99:]}
    found = found if scan != RASTER else {}
    found |= _rule_mistakes(walk, rule) | {
        "draw one pixel after the other; each needs the logits that the pixels before it give": (
            walk.at_once(np.where(known, x, 0), level)
        ),
        "the logits must see what you have drawn, not what stood in the hidden pixels": (
            walk.at_once(x, level)
        ),
        "take the level that u names, not the most probable one": walk.drawn(
            lambda p, u: p.argmax(1)
        ),
        "known pixels keep their levels": walk.drawn(level, known=np.zeros_like(known)),
        "one level too many: count the sums that are not larger than u": walk.drawn(
            lambda p, u: np.minimum(level(p, u) + 1, last)
        ),
        "one level too few: count the sums that are not larger than u": walk.drawn(
            lambda p, u: np.maximum(level(p, u) - 1, 0)
        ),
    }
    return found | orders


def _other_orders(walk: Walk, rule: Rule) -> dict[str, np.ndarray]:
    """Pictures drawn in another order, raster order first."""
    found = {}
    for other in sorted(WORDS.keys() - {walk.scan}, key=lambda scan: scan != RASTER):
        advice = f"pictures are drawn {WORDS[walk.scan]}; yours {WORDS[other]}"
        found[advice] = walk.drawn(_by(rule), scan=other)
        if rule != Rule() and other == RASTER:
            found[f"{advice}, and level 0 first"] = walk.drawn(_by(Rule()), scan=other)
    return found


def _rule_mistakes(walk: Walk, rule: Rule) -> dict[str, np.ndarray]:
    """Mistakes in how u names a level."""
    t, top, turned = rule.temperature, rule.top, rule.last_first
    ends = "add up probabilities from the other end of the levels: the {} level comes first"
    found = {ends.format("last" if turned else "lowest"): Rule(t, top, not turned)}
    if t != 1 and top:
        found[f"the temperature {t:g} and the choice of {top} levels are missing"] = Rule()
    if t != 1:
        found[f"divide the logits by the temperature, {t:g}"] = Rule(1, top, turned)
        found["divide by the temperature, do not multiply"] = Rule(1 / t, top, turned)
    if top:
        found[f"only the {top} most probable levels may be drawn"] = Rule(t, 0, turned)
        found[f"keep the {top} most probable levels, not {top + 1}"] = Rule(
            t, min(top + 1, walk.network.levels), turned
        )
    drawn = {advice: walk.drawn(_by(wrong)) for advice, wrong in found.items()}

    def slip(p: np.ndarray, u: np.ndarray, count: Callable) -> np.ndarray:
        edges = np.array([rule.edges(each) for each in p])
        level = np.minimum(count(edges, u[:, None]), p.shape[1] - 1)
        return p.shape[1] - 1 - level if turned else level

    return drawn | {
        "a level of probability 0 must not be drawn: u = 0 names the first that is possible": (
            walk.drawn(lambda p, u: slip(p, u, lambda e, u: (e < u).sum(axis=1)))
        ),
        "no sum is larger than u here, and argmax of nothing is 0; take the last level then": (
            walk.drawn(lambda p, u: slip(p, u, lambda e, u: (e > u).argmax(axis=1)))
        ),
        "every hidden pixel has its own u, at its own place": walk.drawn(
            lambda p, _: _by(rule)(p, walk.u[:, 0, 0])
        ),
    }
