"""The visible tests of chapter 2's homework, task 7: a study of people the model has never seen.

Each known mistake can be made on purpose, alone or with others, so that a message names those that
are left. Keywords say what a private variant asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, peer
from lib.homework_pca import Planted, as_pair, ask, random_basis
from lib.homework_pca_samples import check_draws

#: Mistakes that change the error -> what to say when one of them is left.
MISTAKES = {
    "mean": "the mean must come from the training pictures alone",
    "rows": "eigenvectors are columns of the matrix that eigh returns",
    "split": "pictures of the test people are still among those you learn from",
    "small": "eigh sorts from small to large, and the first components belong to the largest",
    "fit": "the components must come from the training pictures alone",
    "own": "the test pictures lose the mean of the training pictures, not their own",
    "count": "take the average over the test pictures, not over the training pictures",
}


@dataclass(frozen=True)
class Study:
    """What is studied; the public homework has the defaults.

    Parameters
    ----------
    names : {"test_people", "train_people"}
        Whose numbers the function is given; the others are learnt from, or held out.
    looks : bool
        Whether each person counts as one picture, the average of all of that person.
    measure : {"sum", "root"}
        Error summed over the pixels and averaged over the pictures, or the root of its mean.
    """

    names: str = "test_people"
    looks: bool = False
    measure: str = "sum"

    def pictures(self, x: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The pictures to be studied, and who is on each."""
        if not self.looks:
            return x, person
        people = np.unique(person)
        counts = np.array([(person == p).sum() for p in people])
        sums = (person == people[:, None]).astype(float) @ x
        return sums / counts[:, None], people


def portraits(
    rng: np.random.Generator, n_people: int = 20, n_each: int = 8, d: int = 16
) -> tuple[np.ndarray, np.ndarray]:
    """Made-up pictures x (n, d) and who is on each (n,), in the order in which they were taken.

    A person has a look of his or her own, and each picture of the person differs a little from it.
    """
    looks = rng.normal(size=(n_people, d)) * 2 * 0.85 ** np.arange(d)
    person = rng.permutation(np.repeat(np.arange(n_people), n_each))
    x = looks[person] + rng.normal(size=(len(person), d)) * 0.6 * 0.9 ** np.arange(d)
    return 5 + x @ random_basis(rng, d, d).T, person


def check_study_error(
    face_study: Callable,
    rng: np.random.Generator,
    **study: Any,
) -> None:
    """Compare the error on the test people with every mix of up to three MISTAKES.

    The keywords are those of `Study`.
    """
    asked = Study(**study)
    x, person, test_people, k = _setting(rng, asked, 3, 9)
    error, _ = _run(face_study, rng, asked, (x, person, test_people, k), n=2)
    given = (x, person, test_people, k)
    right = study_error(*given, asked)
    hints: dict[str, Any] = {}
    for count in (1, 2, 3):
        for wrong in combinations(MISTAKES, count):
            advice = "; ".join(MISTAKES[bug] for bug in wrong)
            hints[advice] = study_error(*given, asked, wrong)
    hints |= _misread(given, asked, right)
    what = f"the error on people number {test_people}"
    compare(error, right, what, hints=hints, tol=FLOAT32)


def _setting(
    rng: np.random.Generator, asked: Study, least: int, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Pictures, who is on them, the people to be held out, and a K."""
    people = 60 if asked.looks else 20
    x, person = portraits(rng, people, 4 if asked.looks else 8)
    test_people = rng.choice(people, size=people // 5, replace=False)
    return x, person, test_people, int(rng.integers(least, most))


def _misread(given: tuple, asked: Study, right: float) -> dict[str, Any]:
    """What the error would be in another study, such as that of the public homework."""
    x, person, test_people, k = given
    told = {
        "names": "the numbers name the people to learn from, and all others are held out",
        "looks": "take the average picture of each person first; the study is about these",
        "measure": "the root of the mean square is asked for",
    }
    if asked.measure == "sum":
        told["measure"] = "take no root, and sum over the pixels"
    possible = [
        field
        for field, public in (("names", "test_people"), ("looks", False), ("measure", None))
        if getattr(asked, field) != public
    ]
    hints: dict[str, Any] = {"sum over the pixels, mean over the pictures": right / x.shape[1]}
    if asked.measure == "root":
        hints = {
            "take the root": right**2,
            "take the mean over the pixels too": right * np.sqrt(x.shape[1]),
        }
    for count in range(1, len(possible) + 1):
        for wrong in combinations(possible, count):
            people = np.setdiff1d(person, test_people) if "names" in wrong else test_people
            measure = {"sum": "root", "root": "sum"}[asked.measure]
            other = Study(
                looks=asked.looks and "looks" not in wrong,
                measure=measure if "measure" in wrong else asked.measure,
            )
            advice = "; ".join(told[field] for field in wrong)
            hints[advice] = study_error(x, person, people, k, other)
    return hints


@peer
def study_error(
    x: np.ndarray,
    person: np.ndarray,
    test_people: np.ndarray,
    k: int,
    asked: Study,
    wrong: tuple[str, ...] = (),
) -> float:
    """Mean squared distance of the test pictures from the plane, with some of the MISTAKES."""
    x, person = asked.pictures(x, person)
    test = np.isin(person, test_people)
    if "split" in wrong:
        test = np.arange(len(x)) >= len(x) - test.sum()
    centre = (x if "mean" in wrong else x[~test]).mean(axis=0)
    learnt = (x if "fit" in wrong else x[~test]) - centre
    unseen = x[test] - (x[test].mean(axis=0) if "own" in wrong else centre)
    vectors = np.linalg.eigh(learnt.T @ learnt / len(learnt))[1]
    W = vectors[-k:].T if "rows" in wrong else vectors[:, -k:]
    W = vectors[:, :k] if "small" in wrong else W
    far = ((unseen - unseen @ W @ W.T) ** 2).sum()
    error = far / (~test if "count" in wrong else test).sum()
    return error if asked.measure == "sum" else np.sqrt(error / x.shape[1])


def check_study_samples(face_study: Callable, rng: np.random.Generator, **study: Any) -> None:
    """Assert that the new pictures are draws from the components of the training people."""
    asked = Study(**study)
    given = x, person, test_people, k = _setting(rng, asked, 2, 5)
    _, new = _run(face_study, rng, asked, given, n=8000)
    new = as_numbers(new, (8000, x.shape[1]), "the new pictures")
    x, person = asked.pictures(x, person)
    test = np.isin(person, test_people)
    others = {
        "they show the people that were to be held out": x[test],
        "the components must come from the training pictures alone": x,
    }
    if asked.looks:
        single, average = np.isin(given[1], test_people), "take the average picture of each person"
        others |= {
            average: given[0][~single],
            f"{average}, and not of the held out": given[0][single],
        }
    for advice, wrong in others.items():
        assert not _lies_on(new, learnt(wrong, k)), f"the new pictures: {advice}"
    check_draws(new, learnt(x[~test], k))


def _lies_on(new: np.ndarray, other: Planted) -> bool:
    """Whether pictures lie on the plane through this mean."""
    away = new - other.mean
    return np.abs(away - away @ other.components @ other.components.T).max() < 1e-4


@peer
def learnt(train: np.ndarray, k: int) -> Planted:
    """Mean, first k components and variances of the rows of `train`, by the SVD."""
    mean = train.mean(axis=0)
    _, lengths, rows = np.linalg.svd(train - mean, full_matrices=False)
    return Planted(train, mean, rows[:k].T, lengths[:k] ** 2 / len(train))


def _run(face_study: Callable, rng: np.random.Generator, asked: Study, given: tuple, n: int) -> Any:
    """The student's error and new pictures."""
    x, person, people, k = given
    if asked.names == "train_people":
        people = rng.permutation(np.setdiff1d(person, people))
    generator = np.random.default_rng(rng.integers(2**30))
    named = {"x": x, "person": person, asked.names: people, "k": k, "n": n, "rng": generator}
    return as_pair(ask(face_study, "the study", **named), "the study", "(error, new)")
