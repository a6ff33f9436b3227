"""The visible tests of chapter 7's homework, task 2: games on a table.

Right answers come from numeric minimisation, from sums entry after entry, from SciPy's distances
and entropies. The keyword `game` says what is asked: "plain"; "share", where data come with a given
share; "fakes", where D is the probability of a sample and values are in bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_gan import AGAIN, ask

NO_LOG_0 = "0 log 0 counts as 0: leave such entries out"
LOG_0 = "where p > 0 and D = 0, data are called impossible: the value is minus infinity"


@peer
def best_table(p: np.ndarray, q: np.ndarray, smooth: float) -> np.ndarray:
    """The best D for each entry, by minimising the cross-entropy; 0.5 where it is free."""

    def one(p: float, q: float) -> float:
        def cost(d: float) -> float:
            return -p * (smooth * np.log(d) + (1 - smooth) * np.log1p(-d)) - q * np.log1p(-d)

        bounds = (1e-12, 1 - 1e-12)
        return minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-11}).x

    return np.array([one(*pair) if sum(pair) else 0.5 for pair in zip(p, q, strict=True)])


def random_tables(
    rng: np.random.Generator, k: int, zeros: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Two distributions over k values; `zeros` names those with impossible values: "p", "pq"."""
    p, q = rng.dirichlet(np.full(k, 3.0), size=2)
    where = rng.permutation(k)
    p[where[0]] *= "p" not in zeros
    q[where[1]] *= "q" not in zeros
    if zeros == "pq":
        p[where[2]] = q[where[2]] = 0
    return p / p.sum(), q / q.sum()


@peer
def judged(
    game: str, p: np.ndarray, q: np.ndarray, third: float = 1.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """What counts as log D, what as log(1 - D), and the label of the first.

    `third` is the label of data ("plain") or of samples ("fakes"), or the share of data.
    """
    if game == "share":
        return third * p, (1 - third) * q, 1.0
    return (q, p, third) if game == "fakes" else (p, q, third)


def check_best(
    best_discriminator: Callable,
    rng: np.random.Generator,
    k: int = 5,
    third: float = 1.0,
    zeros: str = "",
    game: str = "plain",
) -> None:
    """Compare D with the minimum of its loss at every entry."""
    p, q = random_tables(rng, k, zeros)
    name = "share" if game == "share" else "smooth"
    what = f"the best D on {k} values, {name} = {third:.2f}"
    answer = ask(best_discriminator, what, **{"p": p, "q": q, name: third})
    nan = "0/0: where neither data nor samples fall, return 0.5"
    found = as_numbers(numbers(answer), (k,), what, nan)
    right = best_table(*judged(game, p, q, third))
    compare(found, right, what, hints=_best_mistakes(game, p, q, third), tol=FLOAT32)


def _best_mistakes(game: str, p: np.ndarray, q: np.ndarray, third: float) -> dict[str, np.ndarray]:
    a, b, smooth = judged(game, p, q, third)  # D is high for a
    kinds = ("samples", "data") if game == "fakes" else ("data", "samples")
    with np.errstate(all="ignore"):

        def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
            return np.where(p + q > 0, part / whole, 0.5)

        again = {
            "share": "`share` is the share of data among what D sees, not a label",
            "fakes": "D is the probability of a sample here, and `smooth` the samples' label",
        }
        found = {f"{AGAIN} {again[game]}": share(third * p, p + q)} if game in again else {}
        if game == "share":
            found["the table of data weighs `share`; yours weighs 1 - share"] = share(
                (1 - third) * p, (1 - third) * p + third * q
            )
        return found | {
            f"that is high for {kinds[1]}": share(b, a + b),
            f"`{'share' if game == 'share' else 'smooth'}` is missing": (
                share(p, p + q) if game == "share" else share(a, a + b)
            ),
            f"divide by p + q; labels are smoothed for {kinds[0]}, their number stays": share(
                smooth * a, smooth * a + b
            ),
            f"D is high where there are more {kinds[0]} than {kinds[1]}; a hard yes or no is not "
            "the best": np.where(a > b, smooth, 1 - smooth),
            "that is p / q": p / q,
            "that is log p - log q, the score; D is its sigmoid": np.log(p / q),
            "that is p itself": p,
            f"a label of `smooth` for {kinds[0]} leaves {kinds[1]} at 0": share(
                smooth * a + (1 - smooth) * b, a + b
            ),
        }


@peer
def value_of(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> float:
    """The value of the game, entry after entry; an impossible entry adds nothing."""
    terms = [a * math.log(v) if v else -math.inf for a, v in zip(p, d, strict=True) if a]
    terms += [b * math.log(1 - v) if v < 1 else -math.inf for b, v in zip(q, d, strict=True) if b]
    return math.fsum(terms) if math.inf not in map(abs, terms) else -math.inf


def check_value(
    game_value: Callable,
    rng: np.random.Generator,
    k: int = 5,
    zeros: str = "",
    kind: str = "any",
    game: str = "plain",
) -> None:
    """Compare V(G, D); `kind` "best" takes the best D, "blind" one that is 0 on what is 1."""
    p, q = random_tables(rng, k, zeros)
    given = {"share": float(rng.uniform(0.2, 0.45))} if game == "share" else {}
    a, b, _ = judged(game, p, q, *given.values())
    d = best_table(a, b, 1.0).round(9) if kind == "best" else rng.uniform(0.1, 0.9, size=k)
    if kind == "best":
        d = np.where(a == 0, 0.0, np.where(b == 0, 1.0, d))
    d[a.argmax()] *= kind != "blind"
    what = f"the value of a game on {k} values"
    answer = ask(game_value, what, p=p, q=q, D=d, **given)
    found = as_numbers(numbers(answer), (), what, NO_LOG_0)
    unit = math.log(2) if game == "fakes" else 1.0
    right = value_of(a, b, d) / unit
    log_0 = LOG_0.replace("p > 0", "q > 0").replace("data", "samples") if unit < 1 else LOG_0
    assert np.isfinite(right) or found == right, f"{what}: {log_0}; you have {found:.6g}"
    hints = {h: wrong / unit for h, wrong in _value_mistakes(game, p, q, a, b, d).items()}
    hints["two expectations; do not halve their sum"] = right / 2
    hints["logarithms to the base 2" if unit < 1 else "natural logarithms, not bits"] = (
        right * unit if unit < 1 else right / math.log(2)
    )
    compare(found, right, what, hints=hints, tol=FLOAT32)


def _value_mistakes(
    game: str, p: np.ndarray, q: np.ndarray, a: np.ndarray, b: np.ndarray, d: np.ndarray
) -> dict[str, float]:
    """What slips give, in nats, where a should count as log D and b as log(1 - D)."""
    names = ("samples q", "data p") if game == "fakes" else ("data p", "samples q")
    again = {
        "share": ("data and samples do not come equally often", value_of(p, q, d)),
        "fakes": ("samples count as log D here, in bits", value_of(p, q, d) * math.log(2)),
    }
    found = {f"{AGAIN} {again[game][0]}": again[game][1]} if game in again else {}
    if game == "share":
        found["weights alone do not change the tables: `share` belongs to p"] = value_of(
            p * b.sum(), q * a.sum(), d
        )
    return found | {
        "the sign is wrong: V is a sum of logarithms, below 0; D's loss is minus V": -(
            value_of(a, b, d)
        ),
        f"{names[1][:-2]} count as log(1 - D)": value_of(a, 0 * b, d) + value_of(b, 0 * a, d),
        f"log D belongs to the {names[0]}, log(1 - D) to the {names[1]}; yours are exchanged": (
            value_of(b, a, d)
        ),
        "an expectation weighs each value by its probability": value_of(*np.ones((2, len(p))), d),
        "that is the mean over the values; weigh by the probabilities": (
            value_of(*np.ones((2, len(p))) / len(p), d)
        ),
        "the second term is missing": value_of(a, 0 * b, d),
        "the first term is missing": value_of(0 * a, b, d),
    }


def check_divergence(
    jensen_shannon: Callable,
    rng: np.random.Generator,
    k: int = 5,
    zeros: str = "",
    game: str = "plain",
) -> None:
    """Compare with SciPy's distance, squared, or entropies; `zeros` "apart": nothing in common."""
    p, q = random_tables(rng, k, zeros if zeros != "apart" else "")
    if zeros == "apart":
        half = np.arange(k) < k // 2
        p, q = p * half / (p * half).sum(), q * ~half / (q * ~half).sum()
    what = f"JSD(p, q) on {k} values"
    given = {"share": float(rng.uniform(0.2, 0.45))} if game == "share" else {}
    found = as_numbers(numbers(ask(jensen_shannon, what, p=p, q=q, **given)), (), what, NO_LOG_0)
    share, base = given.get("share", 0.5), 2.0 if game == "fakes" else math.e
    right = float(jensenshannon(p, q, base) ** 2)
    if game == "share":
        right = entropy(share * p + (1 - share) * q) - share * entropy(p) - (1 - share) * entropy(q)
    hints = {h: wrong / math.log(base) for h, wrong in _jensen_mistakes(p, q, share).items()}
    if game == "fakes":
        hints = {f"{AGAIN} bits, not nats": right * math.log(2)} | hints
    else:
        hints["natural logarithms, not bits"] = right / math.log(2)
    compare(found, right, what, hints=hints, tol=FLOAT32)


def _jensen_mistakes(p: np.ndarray, q: np.ndarray, share: float) -> dict[str, float]:
    """What slips give, in nats; `share` is the weight of p."""
    middle = share * p + (1 - share) * q

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            return float(np.where(a > 0, a * np.log(a / b), 0).sum())

    first, second = share * kl(p, middle), (1 - share) * kl(q, middle)
    right, surprise = first + second, entropy([share, 1 - share])
    half = (p + q) / 2
    found = {
        "that is the value of the best D; JSD = (V + log 4) / 2": 2 * right - math.log(4),
        "JSD is half of V + log 4": 2 * right,
    }
    if share != 0.5:
        weighed = share * kl(p, half) + (1 - share) * kl(q, half)
        found = {
            f"{AGAIN} the two do not weigh the same": (kl(p, half) + kl(q, half)) / 2,
            "`share` is the weight of p; yours are exchanged": (
                (1 - share) * kl(p, p + q - middle) + share * kl(q, p + q - middle)
            ),
            "weigh the divergences, too": (kl(p, middle) + kl(q, middle)) / 2,
            "the middle is share * p + (1 - share) * q": weighed,
            "that is the value of the best D; add the entropy of the shares": right - surprise,
        }
    return found | {
        "the mean of two divergences, not a half of the mean": right / 2,
        "that is the distance, its root": math.sqrt(right),
        "that is KL(p, q); JSD compares both with their middle": kl(p, q),
        "that is KL(q, p); JSD compares both with their middle": kl(q, p),
        "the mean of KL(p, q) and KL(q, p) is another divergence; compare both with the middle": (
            (kl(p, q) + kl(q, p)) / 2
        ),
        "the middle comes second in each divergence": (
            share * kl(middle, p) + (1 - share) * kl(middle, q)
        ),
        "that is only the first divergence, from p": kl(p, middle),
        "that is only the second divergence, from q": kl(q, middle),
        "the middle is the mean of p and q, not their sum": right - math.log(2),
        "the sign is wrong": -right,
    }
