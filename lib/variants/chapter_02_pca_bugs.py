"""Chapter 2, task 7: the lines of a study of new people, and the mistakes that can be put into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Part of the study -> its right line. The caller fills in who is held out and what the error is.
LINES = {
    "split": "held_out = {group}",
    "mean": "mean = x[~held_out].mean(axis=0)",
    "train": "train = x[~held_out] - mean",
    "test": "test = x[held_out] - mean",
    "eigen": "values, vectors = np.linalg.eigh(train.T @ train / len(train))",
    "directions": "W = vectors[:, -k:]",
    "variances": "variances = values[-k:]",
    "rest": "rest = test - test @ W @ W.T",
    "error": "error = {error}",
    "draw": "z = rng.normal(size=(n, k)) * np.sqrt(variances)",
    "answer": "return error, mean + z @ W.T",
}


@dataclass(frozen=True)
class Bug:
    """A mistake: the part of the study that it changes, the wrong line, what the key says of it."""

    part: str
    line: str
    says: str


#: Mistakes by which the error falls too slowly.
SLOW = {
    "rows": Bug(
        "directions",
        "W = vectors[-k:].T",
        """**Rows for columns.** `vectors[-k:].T` takes rows of the matrix that `eigh` returns; eigenvectors
are its columns, `vectors[:, -k:]`. Rows are orthonormal too, so nothing crashes. They are directions
without meaning, and the error falls about as slowly as with random ones.""",
    ),
    "small": Bug(
        "directions",
        "W = vectors[:, :k]",
        """**The smallest variances.** `eigh` sorts from small to large. So `vectors[:, :k]` are the directions
in which the training {noun}s vary least; the components are the last ones, `vectors[:, -k:]`. The
error falls even more slowly than with random directions, until nearly all are used. The new pictures
move along the wrong directions, too.""",
    ),
}
#: Mistakes by which the new pictures have a wrong spread.
SPREAD = {
    "variances": Bug(
        "draw",
        "z = rng.normal(size=(n, k)) * variances",
        r"""**Variances for standard deviations.** `rng.normal(...) * variances` gives score $k$ the variance
$\lambda_k^2$. Where $\lambda_k > 1$ the new pictures are far too different from each other, where
$\lambda_k < 1$ too alike. It leaves the error as it is.""",
    ),
    "uniform": Bug(
        "draw",
        "z = rng.uniform(-1, 1, size=(n, k)) * np.sqrt(variances)",
        r"""**Uniform for Gaussian.** Numbers from `rng.uniform(-1, 1)` have variance $1/3$. So every score has a
third of its variance and never leaves the range of one standard deviation: the spread of the new
pictures is a third of what it should be. It leaves the error as it is.""",
    ),
    "values": Bug(
        "variances",
        "variances = values[:k]",
        """**Variances of other directions.** `eigh` sorts from small to large, so `values[:k]` are the smallest
eigenvalues, and the largest, `values[-k:]`, belong to the components. With few components the new
pictures are nearly the mean, and their spread is far too small. It leaves the error as it is.""",
    ),
    "same": Bug(
        "draw",
        "z = np.repeat(rng.normal(size=(1, k)), n, axis=0) * np.sqrt(variances)",
        """**One picture, many times.** `rng.normal(size=(1, k))` is drawn once and repeated. Each of the `n`
pictures should have random numbers of its own, `size=(n, k)`. All new pictures are the same, and
their spread is zero. It leaves the error as it is.""",
    ),
}
#: Mistakes that make the result look better than it is.
FLATTERING = {
    "split": Bug(
        "split",
        "held_out = np.arange(len(x)) >= len(x) - {count}",
        """**Pictures split, not people.** The line of `held_out` holds out the last pictures taken, whoever
is on them. The same people are among the training pictures, so the error answers another question
and is too small for new people.""",
    ),
    "mean": Bug(
        "mean",
        "mean = x.mean(axis=0)",
        """**The mean of all {noun}s.** `x.mean(axis=0)` uses those that are held out. They shift the mean
towards themselves, so the error is a little too small. The training {noun}s no longer have mean zero
either.""",
    ),
    "fit": Bug(
        "eigen",
        "values, vectors = np.linalg.eigh((x - mean).T @ (x - mean) / len(x))",
        """**Components of all {noun}s.** The matrix given to `eigh` is made from `x`, so from the held-out
{noun}s as well; it should be made from `train`. The plane leans towards the people who should be
new, so with the right directions the error is too small. The new pictures take after them, too.""",
    ),
    "own": Bug(
        "test",
        "test = x[held_out] - x[held_out].mean(axis=0)",
        """**The mean of the held-out {noun}s.** `x[held_out].mean(axis=0)` is nothing that a model of the
training people knows. It takes away what the new people have in common and the others have not, so
the error is too small.""",
    ),
    "count": Bug(
        "error",
        "error = {miscounted}",
        """**The wrong count.** The squares of the held-out {noun}s are added up, and their sum is divided by
a number that belongs to the training {noun}s. These are four times as many, so the error is only
{part} of what it should be.""",
    ),
}
BUGS = SLOW | SPREAD | FLATTERING
PUBLIC = {"rows", "variances", "split", "mean"}
#: Flattering mistakes that can be seen beside each other: none undoes the other.
PAIRS = (
    ("split", "mean"),
    ("split", "count"),
    ("mean", "fit"),
    ("mean", "count"),
    ("fit", "own"),
    ("fit", "count"),
    ("own", "count"),
)


def drawn_bugs(rng: np.random.Generator, pairs: tuple[tuple[str, str], ...]) -> list[str]:
    """One slow mistake, one of the spread and two that flatter; at least two are not public."""
    while True:
        slow, spread = str(rng.choice(list(SLOW))), str(rng.choice(list(SPREAD)))
        bugs = [slow, spread, *pairs[rng.integers(len(pairs))]]
        one_mistake = (slow, spread) == ("small", "values")
        if not one_mistake and len(PUBLIC.intersection(bugs)) <= 2:
            return bugs


def study(bugs: list[str], **texts: str) -> list[str]:
    """The lines of the study with these mistakes; `texts` fill the fields of LINES and BUGS."""
    wrong = {BUGS[bug].part: BUGS[bug].line for bug in bugs}
    return [line.format(**texts) for line in (LINES | wrong).values()]
