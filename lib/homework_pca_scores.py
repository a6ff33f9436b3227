"""The visible tests of chapter 2's homework, task 3: scores, pictures, errors, how many components.

Right answers are known before the student's function runs: pictures are made from scores, errors
are sums of eigenvalues. Keywords say what a private variant asks for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, peer
from lib.homework_pca import ask, planted, random_basis

AGAIN = "read the task again"


def check_encode(
    encode: Callable,
    rng: np.random.Generator,
    d: int = 7,
    k: int = 3,
    *,
    layout: str = "rows",
    whitened: bool = False,
) -> None:
    """Compare scores with those that the pictures were made from, plus a part that W ignores.

    With `layout="columns"` pictures and scores are columns and components rows. `whitened` scores
    are divided by their standard deviations.
    """
    basis, mean = random_basis(rng, d, d), rng.normal(0, 2, size=d)
    variances = np.sort(rng.uniform(0.2, 4, size=k))[::-1].copy()
    every = rng.normal(size=(5, d))
    x, W, z = mean + every @ basis.T, basis[:, :k].copy(), every[:, :k]
    right = z / np.sqrt(variances) if whitened else z
    given = {"x": _laid(x, layout), "mean": mean, "W": _laid(W, layout)}
    given |= {"variances": variances} if whitened else {}
    answer = ask(encode, "the scores", **given)
    lines = _lines(layout)
    assert k == 5 or np.shape(answer) != _laid(right, layout).shape[::-1], (
        f"the scores: one {lines[0]} for each picture; yours are {lines[1]}s"
    )
    hints = {
        "take the mean away first": x @ W / (np.sqrt(variances) if whitened else 1),
        "you added the mean; take it away": (x + mean) @ W,
        "that is the reconstruction; stop at the scores": mean + z @ W.T,
        "multiply by W, not by its transpose": (x - mean) @ W.T if k == d else np.nan,
    }
    if whitened:
        hints |= {
            "divide each score by its standard deviation": z,
            "divide by the standard deviation, not by the variance": z / variances,
            "divide by the standard deviation, do not multiply": z * np.sqrt(variances),
        }
    hints = {advice: _laid(value, layout) for advice, value in hints.items()}
    compare(answer, _laid(right, layout), "the scores", hints=hints, tol=FLOAT32)


def _laid(rows: np.ndarray, layout: str) -> np.ndarray:
    """A matrix as it is, or its transpose for columns."""
    return rows if layout == "rows" or np.ndim(rows) != 2 else rows.T.copy()


def _lines(layout: str) -> tuple[str, str]:
    return ("row", "column") if layout == "rows" else ("column", "row")


def check_decode(
    decode: Callable,
    rng: np.random.Generator,
    d: int = 7,
    k: int = 3,
    *,
    layout: str = "rows",
    whitened: bool = False,
) -> None:
    """Compare pictures with the mean plus each score times its component, added one by one."""
    W, mean = random_basis(rng, d, k), rng.normal(0, 2, size=d)
    variances = np.sort(rng.uniform(0.2, 4, size=k))[::-1].copy()
    z = rng.normal(size=(5, k))
    scores = z * np.sqrt(variances) if whitened else z
    right = mean + sum(np.outer(scores[:, j], W[:, j]) for j in range(k))
    given = {"z": _laid(z, layout), "mean": mean, "W": _laid(W, layout)}
    given |= {"variances": variances} if whitened else {}
    answer = ask(decode, "the pictures", **given)
    lines = _lines(layout)
    assert d == 5 or np.shape(answer) != _laid(right, layout).shape[::-1], (
        f"the pictures: one a {lines[0]}, please; yours are {lines[1]}s"
    )
    hints = {
        "add the mean": right - mean,
        "you took the mean away; add it": right - 2 * mean,
        f"a component is a {lines[1]} of W, and you used its {lines[0]}s": (
            scores @ W + mean if k == d else np.nan
        ),
    }
    if whitened:
        hints |= {
            "multiply each score by its standard deviation first": mean + z @ W.T,
            "multiply by the standard deviation, not by the variance": mean + z * variances @ W.T,
            "multiply by the standard deviation": mean + z / np.sqrt(variances) @ W.T,
        }
    hints = {advice: _laid(value, layout) for advice, value in hints.items()}
    compare(answer, _laid(right, layout), "the pictures", hints=hints, tol=FLOAT32)


#: Measure of the error -> what to say when it is returned in place of the sum.
MEASURES = {
    "sum": "that is summed over the pixels",
    "pixel": "the mean over the pictures, the sum over the pixels; you took both means",
    "root": "take no root",
    "share": "do not divide by the whole variance",
}


def check_error(
    reconstruction_error: Callable,
    rng: np.random.Generator,
    k: int = 3,
    *,
    layout: str = "rows",
    measure: str = "sum",
) -> None:
    """Compare with the sum of the dropped eigenvalues.

    `measure` is that sum; its mean over the pixels, "pixel"; the "root" of this mean; or the
    "share" that the sum is of all eigenvalues.
    """
    data = planted(rng, n=30, d=8)
    n, d = data.x.shape
    dropped, total, W = data.variances[k:].sum(), data.variances.sum(), data.components[:, :k]
    X = data.x - data.mean
    rest = X - X @ W @ W.T
    values = {
        "sum": dropped,
        "pixel": dropped / d,
        "root": np.sqrt(dropped / d),
        "share": dropped / total,
    }
    right = values.pop(measure)
    hints = {_advice(name, measure): value for name, value in values.items()}
    hints |= {
        "divide by the number of pictures": dropped * n,
        "take the root of the mean over pixels and pictures": np.sqrt(dropped),
        "square the distances before you take their mean": np.linalg.norm(rest, axis=1).mean(),
        "that is the variance that the components keep": data.variances[:k].sum(),
        "that is the share that the components keep": 1 - dropped / total,
        "take the mean away before you project": ((data.x - data.x @ W @ W.T) ** 2).sum() / n,
    }
    if measure == "sum":
        hints["take no root"] = np.sqrt(dropped)
        del hints["take the root of the mean over pixels and pictures"]
    given = {"x": _laid(data.x, layout), "mean": data.mean, "W": _laid(W, layout)}
    what = f"the error with {k} components, known from the dropped eigenvalues"
    answer = ask(reconstruction_error, what, **given)
    compare(answer, right, what, hints=hints, tol=FLOAT32)


def _advice(found: str, asked: str) -> str:
    """What to say to whoever returns one measure where another is asked for."""
    if asked == "sum":
        return MEASURES[found]
    due = {
        "pixel": "take the mean over the pixels too",
        "root": "take the mean over the pixels too, then its root",
        "share": "divide by the mean squared distance of the pictures from their mean",
    }
    names = {
        "sum": "the error summed over the pixels",
        "pixel": "the mean over pictures and pixels",
        "root": "the root of the mean over pictures and pixels",
        "share": "the share of the variance",
    }
    return f"that is {names[found]}; {due[asked]}"


def check_share(
    n_components: Callable,
    rng: np.random.Generator,
    *,
    asks: str = "share",
    order: str = "falling",
) -> None:
    """Try every number of components, with bounds that are met exactly and bounds in between.

    The variances are integers whose sum is a power of two, so the shares have no rounding error.
    The bound is the least "share" to be kept, the largest share that may be "lost", or the largest
    "error", a sum of dropped variances.
    """
    total = 2 ** int(rng.integers(6, 9))
    variances = np.sort(1 + rng.multinomial(total - 8, rng.dirichlet(np.ones(8))))[::-1] * 1.0
    kept = np.concatenate([[0], np.cumsum(variances)]) / total
    shares = np.concatenate([kept[1:], (kept[1:] + kept[:-1]) / 2])
    bounds = {"share": shares, "lost": 1 - shares, "error": (1 - shares) * total}[asks]
    right = np.tile(np.arange(1, 9), 2)
    listed = variances if order == "falling" else variances[::-1].copy()
    name = "allowed" if asks == "error" else asks
    given = [{"variances": listed, name: bound} for bound in bounds.tolist()]
    found = [ask(n_components, "K", **each) for each in given]
    answer = np.array([as_numbers(k, (), "the number of components") for k in found])
    if (answer == right).all():
        return
    clear = np.arange(16) != 7  # a mistake can do anything when the share is all
    at = int(np.argmax(answer != right))
    called = {"share": "the share", "lost": "the share to lose", "error": "the error"}[asks]
    what = f"K for the variances {listed.astype(int)} and {called} {bounds[at]:.4g}"
    hints = _share_mistakes(variances, kept, shares, right, asks)
    hints |= _public_reading(listed, bounds, asks, order)
    for advice, wrong in hints.items():
        assert (answer != wrong)[clear].any(), f"{what}: {advice}"
    compare(answer[at], right[at], what)


def _share_mistakes(
    variances: np.ndarray, kept: np.ndarray, shares: np.ndarray, right: np.ndarray, asks: str
) -> dict[str, np.ndarray]:
    """What typical mistakes give for the number of components."""
    roots, small = np.sqrt(variances).cumsum() / np.sqrt(variances).sum(), kept[-1] - kept[::-1]
    opposite = {
        "share": "these components leave out at least the share; they should hold it",
        "lost": "the share is what may be lost, not what is kept",
        "error": "the bound is for what is lost, not for what is kept",
    }
    exactly = {
        "share": "K components that hold exactly the share are enough",
        "lost": "K components that lose exactly the share are enough",
        "error": "K components whose error is exactly the bound are enough",
    }
    return {
        "searchsorted and argmax count from 0; one component more": right - 1,
        exactly[asks]: right + (np.arange(16) < 8),
        "eigenvalues are variances already; take no roots": 1 + np.searchsorted(roots, shares),
        opposite[asks]: 1 + np.searchsorted(kept[1:], 1 - shares),
        "keep the components of large variance, not of small": 1
        + np.searchsorted(small[1:], shares),
    }


@peer
def _public_reading(
    listed: np.ndarray, bounds: np.ndarray, asks: str, order: str
) -> dict[str, np.ndarray]:
    """What the public homework would answer, under what is different here."""
    told = {
        "share": [],
        "lost": ["the share is what may be lost, not what is kept"],
        "error": ["the bound is an error, a sum of dropped variances, and no share"],
    }[asks] + ["the variances come from small to large"] * (order == "rising")
    if not told:
        return {}
    held = listed.cumsum() / listed.sum()
    return {f"{', and '.join(told)}: {AGAIN}": 1 + (held >= bounds[:, None]).argmax(axis=1)}
