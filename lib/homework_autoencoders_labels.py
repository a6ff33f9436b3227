"""The visible tests of chapter 3's homework, task 5: few labels and a reused encoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import as_numbers
from lib.homework_autoencoders import ask, check_own

SIZED = "a share of each class is asked for, and the share is a number between 0 and 1"


def check_pick(
    pick_labelled: Callable,
    rng: np.random.Generator,
    tight: bool = False,
    *,
    rounded: str = "",
    unknown: int | None = None,
) -> None:
    """Assert that k examples of each class are drawn, evenly and without replacement.

    With `rounded` "up" or "down" a share of each class is drawn. With `unknown` this entry of y
    says that nobody knows the class, and one row of the answer belongs to each class.
    """
    y, wanted, given = _classes(rng, tight, rounded, unknown)
    name = next(iter(given))
    what = f"{'a share of ' * bool(rounded)}{given[name]} of each class"
    seeds = rng.choice(2**30, size=200, replace=False)
    fits = SIZED if rounded else ""

    def pick(seed: int) -> Any:
        return ask(pick_labelled, what, fits=fits, y=y, **given, rng=np.random.default_rng(seed))

    def pick_often(y: np.ndarray, of_each: float) -> list:
        return [pick_labelled(y, of_each, np.random.default_rng(seed)) for seed in seeds[1:]]

    first = pick(seeds[0])
    _check_rows(first, y, wanted, unknown, what)
    more = ask(pick_often, what, fits=fits, y=y, of_each=given[name])
    hits = np.zeros(len(y))
    for answer in (first, *more):
        hits[_check_rows(answer, y, wanted, unknown, what)] += 1
    again = _as_rows(pick(seeds[-1]), what)
    assert np.array_equal(again, _as_rows(more[-1], what)), (
        f"{what}: two generators with the same seed picked other rows; draw with `rng`"
    )
    share = np.array([wanted.get(c, 0) / (y == c).sum() for c in y.tolist()])
    limit = 7 * np.sqrt(share * (1 - share) / len(seeds)) + 1e-9
    assert (np.abs(hits / len(seeds) - share) <= limit).all(), (
        f"{what}: some examples are picked more often than others; draw at random, with `rng`"
    )


def _classes(
    rng: np.random.Generator, tight: bool, rounded: str, unknown: int | None
) -> tuple[np.ndarray, dict[int, int], dict[str, float]]:
    """Classes of examples, how many of each are asked for, and how that is told."""
    classes = rng.choice(np.setdiff1d(np.arange(3, 60), [unknown]), size=4, replace=False).tolist()
    sizes, extra = rng.integers(6, 10, size=4), [unknown] * int(rng.integers(12, 20))
    sizes[0], sizes[1] = 6, 9
    y = rng.permutation(np.repeat(classes, sizes).tolist() + extra * (unknown is not None))
    if rounded:
        share = 1.0 if tight else float(rng.choice([0.25, 0.375, 0.625, 0.875]))
        count = math.ceil if rounded == "up" else math.floor
        return (
            y,
            {c: count(share * n) for c, n in zip(classes, sizes, strict=True)},
            {"share": share},
        )
    k = int(sizes.min()) if tight else 2
    return y, dict.fromkeys(classes, k), {"k": k}


def _check_rows(
    answer: Any, y: np.ndarray, wanted: dict[int, int], unknown: int | None, what: str
) -> np.ndarray:
    """The row numbers in an answer, of which the classes have as many as they should."""
    rows, total = _as_rows(answer, what), sum(wanted.values())
    assert np.isin(rows, np.arange(len(y))).all(), (
        f"{what}: return row numbers of y, from 0 to {len(y) - 1}"
    )
    rows = rows.astype(int)
    lost = unknown is not None and bool((y[rows] == unknown).any())
    assert not lost, f"{what}: {unknown} in y is no class; it says that the class is not known"
    assert len(rows) == total, f"{what}: of 4 classes, so {total} rows; you have {len(rows)}"
    found = {c: int((y[rows] == c).sum()) for c in wanted}
    assert found == wanted, (
        f"{what}: the classes of the rows you return come {list(found.values())} times, it should "
        f"be {list(wanted.values())}; a row number counts all examples, not only those of its class"
    )
    assert len(set(rows)) == len(rows), f"{what}: a row came twice; draw without replacement"
    if unknown is not None:
        shape, k = np.shape(answer), next(iter(wanted.values()))
        assert shape == (4, k), (
            f"{what}: one row for each class, so the shape (4, {k}), not {shape}"
        )
        order = [np.unique(y[of_class]).tolist() for of_class in rows.reshape(4, k)]
        assert order == [[c] for c in sorted(wanted)], (
            f"{what}: the rows of your answer belong to the classes {order}; one class a row, from "
            "the smallest class to the largest"
        )
    return rows


def _as_rows(answer: Any, what: str) -> np.ndarray:
    try:
        shape = np.shape(answer)
    except ValueError:
        raise AssertionError(f"{what}: the classes have lists of different lengths") from None
    return as_numbers(answer, shape, what).ravel()


def check_reuse(
    reuse_encoder: Callable,
    rng: np.random.Generator,
    n: int,
    n_classes: int = 4,
    *,
    counts: str = "first frozen",
) -> None:
    """Train the classifier a little and compare which numbers have moved.

    `counts` says which members of the encoder `n` counts: "first frozen", "last frozen", "first
    free" or "last free".
    """
    sizes = (6, 5, 4, 3)
    layers = [f(a, b) for a, b in pairwise(sizes) for f in (nn.Linear, _tanh)]
    encoder = nn.Sequential(*layers[:-1])
    for w in encoder.parameters():
        w.data = torch.tensor(rng.normal(0, 0.6, size=tuple(w.shape)), dtype=torch.float32)
    kept = [w.detach().clone() for w in encoder.parameters()]
    x = torch.tensor(rng.normal(size=(20, 6)), dtype=torch.float32)
    y = torch.tensor(rng.integers(n_classes, size=20))
    which, state = counts.split()
    what = f"a classifier with the {which} {n} of {len(encoder)} layers {state}"
    given = {"encoder": encoder, "k": 3, "n_classes": n_classes, f"n_{state}": n}
    model = ask(reuse_encoder, what, **given)
    assert isinstance(model, nn.Module), f"{what}: return an nn.Module"
    check_own(model, what)
    out = model(x)
    shape = tuple(getattr(out, "shape", ()))
    assert shape == (20, n_classes), f"{what}: returns {shape}, not (20, {n_classes}) logits"
    design = torch.cat([encoder(x), torch.ones(20, 1)], dim=1).detach()
    rest = out.detach() - design @ torch.linalg.lstsq(design, out.detach()).solution
    assert float(rest.abs().max()) < 1e-3, (
        f"{what}: the logits are no linear function of the encoder's code; keep the weights of "
        "all its layers, add one linear layer and nothing after it"
    )
    lost = sum(not _has(model, w) for w in kept)
    assert not lost, (
        f"{what}: model.parameters() lacks {lost} tensors of the encoder; keep its layers in "
        "nn.Sequential or as attributes, not in a list"
    )
    _train_a_little(model, x, y)
    same = all(torch.equal(a, b) for a, b in zip(kept, encoder.parameters(), strict=True))
    assert same, f"{what}: training it changed the encoder that you were given; work on a copy"
    _check_moved(model, kept, n, counts, what)


def _has(model: nn.Module, w: Tensor) -> bool:
    """Whether one of the model's parameters has exactly these numbers."""
    return any(torch.equal(w, v) for v in model.parameters())


def _tanh(*sizes: int) -> nn.Module:
    return nn.Tanh()


def _train_a_little(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """Three steps of AdamW on all parameters that the model offers."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        assert loss.requires_grad, "nothing is left to train; the last layer must stay free"
        loss.backward()
        optimiser.step()


def _check_moved(model: nn.Module, kept: list[Tensor], n: int, counts: str, what: str) -> None:
    """Assert that the weights of frozen layers are still there, and those of free ones are not."""
    there = [_has(model, w) for w in kept]
    layer = [2 * (i // 2) for i in range(len(kept))]  # a Linear, then an activation
    frozen = {
        "first frozen": [at < n for at in layer],
        "last frozen": [at >= 5 - n for at in layer],
        "first free": [at >= n for at in layer],
        "last free": [at < 5 - n for at in layer],
    }
    right = frozen.pop(counts)
    cases = {f"you read it as: the {c.replace(' ', f' {n} members are ')}": there == read
             for c, read in frozen.items()}  # fmt: skip
    own = there == [i // 2 < n for i in range(6)]
    cases = (
        {
            "nothing of the encoder moves, but only some layers are frozen": all(there),
            "all layers of the encoder move; set requires_grad_(False) on the frozen ones": (
                not any(there)
            ),
        }
        | {"an activation counts as a layer too": own and counts == "first frozen"}
        | cases
    )
    if there == right:
        return
    found = [text for text, holds in cases.items() if holds]
    raise AssertionError(f"{what}: {found[0] if found else f'the weights kept are {there}'}")
