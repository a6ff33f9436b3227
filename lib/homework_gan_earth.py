"""The visible tests of chapter 7's homework, task 6: earth carried on a line, and its critic.

Right answers come from SciPy's distance and from sorted numbers paired by rank.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import wasserstein_distance

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, as_parts, numbers, peer
from lib.homework_gan import AGAIN, ask
from lib.homework_vae import each_example


def two_clouds(
    rng: np.random.Generator, n: int, m: int, ties: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers on a line, shifted and stretched against each other; `ties`: some are equal."""
    x, y = rng.normal(0, 1, size=n), rng.normal(rng.uniform(-1, 1), 2.0, size=m)
    return (x.round(), y.round()) if ties else (x, y)


def terms(rng: np.random.Generator, m: int, kind: str) -> dict[str, Any]:
    """What a function is told besides the numbers: `masses` of the samples, or `prices`."""
    if kind == "masses":
        return {"mass": rng.dirichlet(np.full(m, 1.5))}
    if kind == "prices":
        cheap, dear = rng.uniform(0.4, 0.9), rng.uniform(1.5, 3)
        pair = (cheap, dear) if rng.random() < 0.5 else (dear, cheap)
        return dict(zip(("right", "left"), map(float, pair), strict=True))
    return {}


@peer
def carried(
    x: np.ndarray,
    y: np.ndarray,
    mass: np.ndarray | None = None,
    right: float = 1.0,
    left: float = 1.0,
    onto: str = "data",
) -> float:
    """Least mean cost of carrying y onto x ("data"), or x onto y: by pairs of the same rank.

    y has these masses, or equal ones. A way to the right costs `right` a unit.
    """
    if mass is not None or right == left:
        return right * wasserstein_distance(x, y, v_weights=mass)
    n, m = len(x), len(y)
    start, end = np.sort(y).repeat(n), np.sort(x).repeat(m)
    way = end - start if onto == "data" else start - end
    return float(np.where(way > 0, right * way, -left * way).mean())


def check_distance(
    earth_distance: Callable,
    rng: np.random.Generator,
    n: int = 5,
    m: int = 5,
    ties: bool = False,
    kind: str = "plain",
    onto: str = "data",
) -> None:
    """Compare with SciPy's distance, or with the cost of pairs of the same rank."""
    x, y = two_clouds(rng, n, m, ties)
    more = terms(rng, m, kind)
    what = f"the distance of {n} and {m} numbers"
    found = as_numbers(numbers(ask(earth_distance, what, x=x, y=y, **more)), (), what)
    right, rough = carried(x, y, **more, onto=onto), np.abs(x[:, None] - y)
    hints = _term_mistakes(x, y, more, onto)
    least = min(n, m)
    ordered, plain = np.sort(x)[:least] - np.sort(y)[:least], x[:least] - y[:least]
    hints |= {
        "mass is carried to the place of the same rank: sort both": np.abs(plain).mean(),
        "that is the distance of the means; mass may have to go both ways": abs(
            x.mean() - y.mean()
        ),
        "average the distances, do not sum them": right * least,
        "with unequal numbers, the extra ones carry mass as well": np.abs(ordered).mean(),
        "distances, not their squares": (ordered**2).mean(),
        "distances, not the root of their squares' mean (that is W_2)": (
            np.sqrt((ordered**2).mean())
        ),
        "that is the mean distance of all pairs; carry each mass only once": rough.mean(),
        "two numbers may not take the same place: all mass has to arrive": rough.min(axis=1).mean(),
        "the distribution functions differ by this much at most; integrate the difference": (
            np.abs(_share(x, x, y) - _share(y, x, y)).max()
        ),
    }
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right)}
    compare(found, right, what, hints=hints, tol=FLOAT32)


def _term_mistakes(
    x: np.ndarray, y: np.ndarray, more: dict[str, Any], onto: str
) -> dict[str, float]:
    """What is found by who overlooks the masses or the prices."""
    if "mass" in more:
        turned = more["mass"][np.argsort(np.argsort(y))]
        return {
            f"{AGAIN} the samples do not all have the same mass": carried(x, y),
            "the masses belong to the samples as they were given; sort both": carried(
                x, y, mass=turned
            ),
        }
    if "right" in more:
        right, left = more["right"], more["left"]
        return {
            f"{AGAIN} the way to the right has another price": carried(x, y),
            "the prices are exchanged, or mass goes from the wrong side": carried(
                x, y, right=left, left=right, onto=onto
            ),
            "that is the mean price for every way": (right + left) / 2 * carried(x, y),
        }
    return {}


def _share(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of `values` up to each of the numbers x and y."""
    at = np.concatenate([x, y])
    return (values[:, None] <= at).mean(axis=0)


def check_line(
    critic_on_a_line: Callable,
    rng: np.random.Generator,
    n: int = 5,
    m: int = 4,
    ties: bool = False,
    kind: str = "plain",
    onto: str = "data",
) -> None:
    """Assert slopes within the limits, and a gap between the mean scores that equals the cost."""
    x, y = two_clouds(rng, n, m, ties)
    more = terms(rng, m, kind)
    what = f"the best critic of {n} data and {m} samples"
    found = as_parts(ask(critic_on_a_line, what, x=x, y=y, **more), what, "(dx, dy)")
    dx, dy = each_example(found[0], n, f"dx, {what}"), each_example(found[1], m, f"dy, {what}")
    _assert_gentle(np.concatenate([x, y]), np.concatenate([dx, dy]), what, more, onto)
    mass = more.get("mass", np.full(m, 1 / m))
    right, shift = carried(x, y, **more, onto=onto), float(x.mean() - mass @ y)
    hints = {
        "the score is high for data; yours is high for samples": -right,
        "the score knows nothing: it is the same everywhere": 0.0,
        "one slope for the whole line sees only the means; it may turn": abs(shift),
        "one slope for the whole line sees only the means, and it points away from the data": (
            -abs(shift)
        ),
        "slopes may be as large as 1; yours are half of that": right / 2,
    }
    if "right" in more:
        hints[f"{AGAIN} slopes up and down have limits of their own"] = carried(x, y)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.isclose(wrong, right)}
    gap = float(dx.mean() - mass @ dy)
    name = "mean(dx) - mean(dy)" if "mass" not in more else "mean(dx) - sum(mass * dy)"
    compare(gap, right, f"{name}, {what}", hints=hints, tol=FLOAT32)


def _assert_gentle(
    at: np.ndarray, d: np.ndarray, what: str, more: dict[str, Any], onto: str
) -> None:
    """Assert that no two scores differ by more than the cost of the way between their places."""
    assert np.isfinite(d).all(), f"{what}: scores are finite numbers"
    rise, run = d[:, None] - d, at[:, None] - at
    up, down = more.get("right", 1.0), more.get("left", 1.0)
    up, down = (up, down) if onto == "data" else (down, up)
    limit = np.where(run > 0, up * run, -down * run)
    i, j = (int(k) for k in np.unravel_index((rise - limit).argmax(), rise.shape))
    most = "slopes are at most 1 in size"
    if up != down:
        most = f"{AGAIN} to the right, scores rise by at most {up:.3f} and fall by at most"
        most += f" {down:.3f} a unit"
    assert rise[i, j] <= limit[i, j] + FLOAT32 * (1 + limit[i, j]), (
        f"{what}: {most}, and between {at[i]:.3f} and {at[j]:.3f} yours is steeper: the scores "
        f"differ by {rise[i, j]:.3f}"
    )
