"""The visible tests of chapter 1's homework, task 6: the best path of a hidden Markov model.

A `Reading` says how the model is written down. Short chains are settled by trying every path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from lib.homework import as_numbers
from lib.homework_asking import peer
from lib.homework_graphical import ask

Hmm = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Reading:
    """How students receive a model and return a path.

    Parameters
    ----------
    columns : bool
        `log_step[b, a]`: the state that is conditioned on runs along the columns.
    base : float
        If not 0, the tables hold costs, -log p to this base, and the cheapest path is asked for.
    backwards : bool
        The model starts from the last time: p(x_T), then p(x_(t-1) | x_t).
    first : int
        The number of the first state.
    """

    columns: bool = False
    base: float = 0.0
    backwards: bool = False
    first: int = 0

    def shown(self, model: Hmm) -> Hmm:
        """Copies of the tables of a model, written down like this."""
        start, step, seen = (part.copy() for part in model)
        scale = -1 / np.log(self.base) if self.base else 1.0
        step, seen = (
            step.swapaxes(-1, -2) if self.columns else step,
            seen[::-1] if self.backwards else seen,
        )
        return scale * start, scale * step, scale * seen

    def taken(self, shown: Hmm) -> Hmm:
        """The model of somebody who takes these tables to be written down like this."""
        start, step, seen = shown
        scale = -np.log(self.base) if self.base else 1.0
        step, seen = (
            step.swapaxes(-1, -2) if self.columns else step,
            seen[::-1] if self.backwards else seen,
        )
        return scale * start, scale * step, scale * seen

    def read(self, answer: object, model: Hmm) -> np.ndarray:
        """The answer (T,) as states counted from 0, in the order of the model's chain."""
        n_steps, n_states = model[2].shape
        path, last = as_numbers(answer, (n_steps,), "the path"), self.first + n_states - 1
        strange = [f"{k:g}" for k in np.unique(path) if k not in range(self.first, last + 1)]
        assert not strange, (
            f"the path holds {strange[0]}, and the states are {self.first} to {last}"
        )
        states = path.astype(int) - self.first
        return states[::-1] if self.backwards else states

    def words(self, score: float) -> str:
        """The score of a path as a message calls it."""
        if not self.base:
            return f"log probability {score:.4f}"
        unit = {2: "bits", 10: "digits"}.get(self.base, "nats")
        return f"costs of {-score / np.log(self.base):.4f} {unit}"


PLAIN = Reading()


def random_hmm(
    rng: np.random.Generator, n_steps: int, n_states: int, changing: bool = False
) -> Hmm:
    """Logarithms of a start distribution (K,), a transition table (K, K), likelihoods (T, K).

    `changing`: every step has a table of its own, (T - 1, K, K).
    """
    start = np.log(rng.dirichlet(np.ones(n_states)))
    size = (n_steps - 1, n_states) if changing else n_states
    step = np.log(rng.dirichlet(np.ones(n_states), size=size))
    return start, step, np.log(rng.uniform(0.02, 1.0, size=(n_steps, n_states)))


def path_score(path: np.ndarray, model: Hmm) -> float:
    """Log of the joint probability of a path (T,) of states and the observations."""
    log_start, log_step, log_seen = model
    score = log_start[path[0]] + log_seen[range(len(path)), path].sum()
    return score + _steps(log_step, log_seen)[range(len(path) - 1), path[:-1], path[1:]].sum()


def _steps(log_step: np.ndarray, log_seen: np.ndarray) -> np.ndarray:
    """A table for every step, (T - 1, K, K)."""
    n_steps, n_states = log_seen.shape
    return np.broadcast_to(log_step, (n_steps - 1, n_states, n_states))


def check_viterbi(
    viterbi: Callable, model: Hmm, best: float | None = None, reading: Reading = PLAIN
) -> None:
    """Assert that the path has the best score, which is found by trying all if it is not given."""
    n_steps, n_states = model[2].shape
    if best is None:
        tried = product(range(n_states), repeat=n_steps)
        best = max(path_score(np.array(path), model) for path in tried)
    given = dict(zip(("log_start", "log_step", "log_seen"), reading.shown(model), strict=True))
    if reading.base:
        given = {name.replace("log", "cost"): table for name, table in given.items()}
    advice = _CHANGING if model[1].ndim == 3 else ""
    path = reading.read(ask(viterbi, "the path", advice, **given), model)
    score = path_score(path, model)
    assert np.isclose(score, best), (
        f"your path has {reading.words(score)}, the best has {reading.words(best)}: "
        + (_misread(path, model, reading) or _viterbi_advice(path, model, best, reading))
    )


_CHANGING = "every step has a table of its own: read the task again"


@peer
def _best_path(log_start: np.ndarray, log_step: np.ndarray, log_seen: np.ndarray) -> np.ndarray:
    """The most probable path (T,), each score kept together with its path."""
    kept = [(score, [k]) for k, score in enumerate(log_start + log_seen[0])]
    for step, seen in zip(_steps(log_step, log_seen), log_seen[1:], strict=True):
        kept = [
            max((score + step[path[-1], k] + seen[k], [*path, k]) for score, path in kept)
            for k in range(len(seen))
        ]
    return np.array(max(kept)[1])


def _misread(path: np.ndarray, model: Hmm, reading: Reading) -> str:
    """Which words of the task were overlooked, when that alone explains the path."""
    if len(path) > 100:
        return ""
    found = []
    for other in (
        replace(reading, first=0),
        replace(reading, base=0.0),
        replace(reading, columns=False),
        replace(reading, backwards=False),
        replace(PLAIN, first=reading.first),
        PLAIN,
    ):
        missed = [words for name, words in OVERLOOKED.items() if _differ(other, reading, name)]
        wrong = _best_path(*other.taken(reading.shown(model)))
        wrong = wrong if other.backwards == reading.backwards else wrong[::-1]
        if missed and (path == wrong + other.first - reading.first).all():
            found.append(" and ".join(missed))
    return f"read the task again: {'; or: '.join(dict.fromkeys(found))}" if found else ""


OVERLOOKED = {
    "base": "these are costs, and the cheapest path is asked for",
    "columns": "the state that is conditioned on runs along the columns of the table",
    "first": "the first state has the number 1",
    "backwards": "the chain starts with the last state here and goes back in time",
}


def _differ(one: Reading, other: Reading, name: str) -> bool:
    return getattr(one, name) != getattr(other, name)


def _viterbi_advice(path: np.ndarray, model: Hmm, best: float, reading: Reading) -> str:
    """What would mend the mistake that gives `path`."""
    log_start, log_step, log_seen = model
    scores = log_start + log_seen[0]
    greedy, ends = [int(scores.argmax())], [int(scores.argmax())]
    for step, seen in zip(_steps(log_step, log_seen), log_seen[1:], strict=True):
        scores = (scores[:, None] + step).max(axis=0) + seen
        ends.append(int(scores.argmax()))
        greedy.append(int((step[greedy[-1]] + seen).argmax()))
    if np.isclose(path_score(path[::-1], model), best):
        order = "the states are asked for in the order of time, x_1 first"
        return (
            f"you walked back from the end, so turn your path round before you return it; {order}"
        )
    advice = {
        "you took the best next state at each step; keep the scores of whole paths": greedy,
        "you took the best end of each step; keep where it came from and walk back": ends,
        "you took the best state for each observation alone; the steps and the start count too": (
            log_seen.argmax(axis=1)
        ),
    }
    found = [words for words, wrong in advice.items() if (path == wrong).all()]
    if log_step.ndim == 3 and _same_table_path(path, model):
        found.append(_CHANGING)
    return "; or: ".join(found) or _general_advice(reading)


def _same_table_path(path: np.ndarray, model: Hmm) -> bool:
    """Whether the path is the best one for the first or the last table at every step."""
    log_start, log_step, log_seen = model
    if not 1 < len(path) <= 100:
        return False
    tables = log_step[0], log_step[-1], log_step.mean(axis=0)
    return any((path == _best_path(log_start, table, log_seen)).all() for table in tables)


def _general_advice(reading: Reading) -> str:
    kept = "the smallest cost" if reading.base else "the logarithm of the best score"
    table = "cost_step" if reading.base else "log_step"
    entry, step = ("b, a" if reading.columns else "a, b"), "from a to b"
    if reading.backwards:
        step = "from a, the later state, to b, the earlier one"
    return (
        f"keep {kept} of a path for every state, read {table}[{entry}] as {step}, remember where "
        "each score came from, and walk back from the best end"
    )
