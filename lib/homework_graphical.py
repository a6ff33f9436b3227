"""The visible tests of chapter 1's homework: exact values by enumeration, typical mistakes by name.

Each `check_...` takes the student's function, draws a random instance, and raises AssertionError
with a message that says which mistake would give the student's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import product

import numpy as np

from lib.homework import as_numbers, compare


def check_joint(blur_joint: Callable, rng: np.random.Generator) -> None:
    """Compare `blur_joint(p_c, p_s, p_b)` with the product taken entry by entry."""
    p_c, p_s = rng.dirichlet([1, 1], size=2)
    p_b = rng.dirichlet([1, 1], size=(2, 2))
    right, swapped, turned = np.zeros((3, 2, 2, 2))
    for c, s, b in product(range(2), repeat=3):
        right[c, s, b] = p_c[c] * p_s[s] * p_b[c, s, b]
        swapped[c, s, b] = p_c[s] * p_s[c] * p_b[c, s, b]
        turned[c, s, b] = p_c[c] * p_s[s] * p_b[s, c, b]
    hints = {
        "the first axis is c and the second is s: p_c varies along the first": swapped,
        "p(b | c, s) alone is not the joint: multiply by p(c) and by p(s)": p_b,
        "p_b[c, s, b] has c first: do not exchange its first two axes": turned,
        "NumPy lines up the last axes: make p_c (2, 1, 1) and p_s (1, 2, 1)": p_b * p_c * p_s,
        "NumPy lines up the last axes: p(c) p(s) must be (2, 2, 1)": np.outer(p_c, p_s) * p_b,
    }
    answer = blur_joint(p_c.copy(), p_s.copy(), p_b.copy())
    compare(answer, right, "the joint table", hints=hints)


def check_explaining_away(camera_posterior: Callable, rng: np.random.Generator) -> None:
    """Assert that a moved subject excuses the camera, and that both posteriors are exact.

    Each cause that is present fails to blur the picture with its own probability, independently of
    the other; so either of them explains a blurred picture.
    """
    p_c, p_s, sharp = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.5, size=3)
    joint = np.zeros((2, 2, 2))
    for c, s in product(range(2), repeat=2):
        prior = (p_c if c else 1 - p_c) * (p_s if s else 1 - p_s)
        miss = (1 - 0.1 * sharp[0]) * sharp[1] ** c * sharp[2] ** s
        joint[c, s] = prior * miss, prior * (1 - miss)
    names = "p(C | B = 1)", "p(C | B = 1, S = 1)"
    before = as_numbers(camera_posterior(joint.copy(), b=1), (2,), names[0])
    after = as_numbers(camera_posterior(joint.copy(), b=1, s=1), (2,), names[1])
    assert after[1] < before[1], (
        f"p(C = 1 | B = 1) = {before[1]:.3f} must fall when you learn that the subject moved, and "
        f"you find p(C = 1 | B = 1, S = 1) = {after[1]:.3f}"
    )
    for name, answer, kept in zip(names, (before, after), ((0, 1), (1,)), strict=True):
        scores = np.array([sum(joint[c, s, 1] for s in kept) for c in range(2)])
        compare(answer, scores / scores.sum(), name, hints={"it must sum to one": scores})


@dataclass(frozen=True)
class Tree:
    """A tree model and its messages, as the homework's functions receive them.

    `log_unary[j]` has shape (K_j,), `log_pair[j, i]` (K_j, K_i), `inbox[j, i]` (K_i,).
    """

    log_unary: list[np.ndarray]
    log_pair: dict[tuple[int, int], np.ndarray]
    neighbours: dict[int, list[int]]
    inbox: dict[tuple[int, int], np.ndarray]


def random_tree(rng: np.random.Generator, n_nodes: int = 5, shift: float = 0.0) -> Tree:
    """Random tree whose log potentials lie near `shift`, every message found by enumeration."""
    n_states = rng.integers(2, 4, size=n_nodes)
    log_unary = [rng.normal(shift, 1.5, size=k) for k in n_states]
    tree = Tree(log_unary, {}, {v: [] for v in range(n_nodes)}, {})
    for v in range(1, n_nodes):
        u = int(rng.integers(v))
        tree.log_pair[u, v] = rng.normal(shift, 1.5, size=(n_states[u], n_states[v]))
        tree.log_pair[v, u] = tree.log_pair[u, v].T
        tree.neighbours[u].append(v)
        tree.neighbours[v].append(u)
    for j, i in tree.log_pair:
        tree.inbox[j, i] = _enumerated_message(tree, j, i)
    return tree


def _enumerated_message(tree: Tree, j: int, i: int) -> np.ndarray:
    """Log of the sum over all configurations of the nodes behind j, seen from i."""
    behind, stack = {j}, [j]
    while stack:
        new = set(tree.neighbours[stack.pop()]) - behind - {i}
        behind |= new
        stack += new
    nodes = sorted(behind)
    inner = [(u, v) for u, v in tree.log_pair if u < v and {u, v} <= behind]
    scores = []
    for states in product(*(range(len(tree.log_unary[n])) for n in nodes)):
        x = dict(zip(nodes, states, strict=True))
        score = sum(tree.log_unary[n][x[n]] for n in nodes)
        score += sum(tree.log_pair[u, v][x[u], x[v]] for u, v in inner)
        scores.append(score + tree.log_pair[j, i][x[j]])
    return np.logaddexp.reduce(scores, axis=0)


def check_messages(
    log_message: Callable, rng: np.random.Generator, n_nodes: int = 5, shift: float = 0.0
) -> None:
    """Compare every message of a random tree with enumeration, up to a constant."""
    tree = random_tree(rng, n_nodes, shift)
    for j, i in tree.log_pair:
        what = f"the log message from node {j} to node {i}"
        with np.errstate(all="ignore"):
            given = deepcopy(tree)
            answer = log_message(
                j, i, given.log_unary, given.log_pair, given.neighbours, given.inbox
            )
            hints = {advice: _centred(wrong) for advice, wrong in _message_mistakes(tree, j, i)}
        _assert_unchanged(given, tree, what)
        answer = _finite(answer, tree.inbox[j, i], what)
        compare(_centred(answer), _centred(tree.inbox[j, i]), what, hints=hints)


def _message_mistakes(tree: Tree, j: int, i: int) -> list[tuple[str, np.ndarray]]:
    """What typical mistakes in the message from j to i would give."""
    own, pair = tree.log_unary[j], tree.log_pair[j, i]
    others = sum((tree.inbox[k, j] for k in tree.neighbours[j] if k != i), np.zeros_like(own))
    terms = (own + others)[:, None] + pair
    total = np.logaddexp.reduce
    echo = f"your message m_{j}{i} still contains m_{i}{j}: leave out the receiver"
    return [
        (echo, total(terms + tree.inbox[i, j][:, None])),
        ("the potential of the sender is missing", total(others[:, None] + pair)),
        ("the messages that arrived at the sender are missing", total(own[:, None] + pair)),
        ("that is the largest term: sum over the sender's states", terms.max(axis=0)),
        ("that is a sum of logarithms; take the logarithm of a sum", terms.sum(axis=0)),
        ("return the logarithm of the message", np.exp(total(terms))),
    ]


def check_beliefs(
    belief: Callable, rng: np.random.Generator, n_nodes: int = 5, shift: float = 0.0
) -> None:
    """Compare every marginal of a random tree with the normalised product at the node."""
    tree = random_tree(rng, n_nodes, shift)
    for i in tree.neighbours:
        what = f"the belief of node {i}"
        with np.errstate(all="ignore"):
            given = deepcopy(tree)
            answer = belief(i, given.log_unary, given.neighbours, given.inbox)
            hints = dict(_belief_mistakes(tree, i))
        _assert_unchanged(given, tree, what)
        answer = _finite(answer, tree.log_unary[i], what)
        scores = tree.log_unary[i] + sum(tree.inbox[k, i] for k in tree.neighbours[i])
        compare(answer, _softmax(scores), what, hints=hints)


def _belief_mistakes(tree: Tree, i: int) -> list[tuple[str, np.ndarray]]:
    """What typical mistakes in the belief of node i would give."""
    own = tree.log_unary[i]
    arrived = sum(tree.inbox[k, i] for k in tree.neighbours[i])
    mean = (own + arrived) / np.sum(own + arrived)
    return [
        ("the node's own potential is missing", _softmax(arrived)),
        ("that is the node's own potential alone: use the messages", _softmax(own)),
        ("return probabilities, not their logarithms", np.log(_softmax(own + arrived))),
        ("normalise: a marginal sums to one", np.exp(own + arrived)),
        ("these are logarithms divided by their sum: take exponentials first", mean),
    ]


def _softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(scores - np.logaddexp.reduce(scores))


def _centred(log_message: np.ndarray) -> np.ndarray:
    """The log message without its arbitrary constant: its largest entry becomes zero."""
    return np.asarray(log_message, dtype=float) - np.max(log_message)


def _finite(answer: object, like: np.ndarray, what: str) -> np.ndarray:
    advice = "subtract the largest exponent before you take exponentials"
    numbers = as_numbers(answer, like.shape, what, nan=advice)
    assert np.isfinite(numbers).all(), f"{what} is not finite: {advice}"
    return numbers


def _assert_unchanged(given: Tree, tree: Tree, what: str) -> None:
    """Nothing that the student's function received may have changed."""
    kept = dict(enumerate(tree.log_unary)) | tree.inbox
    for name, now in (dict(enumerate(given.log_unary)) | given.inbox).items():
        named = f"log_unary[{name}]" if isinstance(name, int) else f"inbox[{name[0]}, {name[1]}]"
        same = np.array_equal(now, kept[name])
        assert same, f"{what}: your function changes {named}; copy it before you add with +="


Hmm = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_hmm(rng: np.random.Generator, n_steps: int, n_states: int) -> Hmm:
    """Logarithms of a start distribution (K,), a transition table (K, K), likelihoods (T, K)."""
    start = np.log(rng.dirichlet(np.ones(n_states)))
    step = np.log(rng.dirichlet(np.ones(n_states), size=n_states))
    return start, step, np.log(rng.uniform(0.02, 1.0, size=(n_steps, n_states)))


def path_score(path: np.ndarray, model: Hmm) -> float:
    """Log of the joint probability of a path (T,) of states and the observations."""
    log_start, log_step, log_seen = model
    score = log_start[path[0]] + log_seen[range(len(path)), path].sum()
    return score + log_step[path[:-1], path[1:]].sum()


def check_viterbi(viterbi: Callable, model: Hmm, best: float | None = None) -> None:
    """Assert that the path has the best score, which is found by trying all if it is not given."""
    n_steps, n_states = model[2].shape
    if best is None:
        tried = product(range(n_states), repeat=n_steps)
        best = max(path_score(np.array(path), model) for path in tried)
    with np.errstate(all="ignore"):
        answer = viterbi(*(part.copy() for part in model))
    path = as_numbers(answer, (n_steps,), "the path")
    strange = [f"{state:g}" for state in np.unique(path) if state not in range(n_states)]
    assert not strange, f"the path holds {strange[0]}, and the states are 0 to {n_states - 1}"
    score = path_score(path.astype(int), model)
    assert np.isclose(score, best), (
        f"your path has log probability {score:.4f}, the best has {best:.4f}: "
        + _viterbi_advice(path.astype(int), model, best)
    )


def _viterbi_advice(path: np.ndarray, model: Hmm, best: float) -> str:
    """What would mend the mistake that gives `path`."""
    log_start, log_step, log_seen = model
    scores = log_start + log_seen[0]
    greedy, ends = [int(scores.argmax())], [int(scores.argmax())]
    for seen in log_seen[1:]:
        scores = (scores[:, None] + log_step).max(axis=0) + seen
        ends.append(int(scores.argmax()))
        greedy.append(int((log_step[greedy[-1]] + seen).argmax()))
    if np.isclose(path_score(path[::-1], model), best):
        return "you walked back from the end, so turn your path round before you return it"
    advice = {
        "you took the best next state at each step; keep the scores of whole paths": greedy,
        "you took the best end of each step; keep where it came from and walk back": ends,
        "you took the best state for each observation alone; log_step and log_start count too": (
            log_seen.argmax(axis=1)
        ),
    }
    found = [words for words, wrong in advice.items() if (path == wrong).all()]
    return "; or: ".join(found) or (
        "keep the logarithm of the best score of a path for every state, read log_step[a, b] as "
        "from a to b, remember where each score came from, and walk back from the best end"
    )


def energy(x: np.ndarray, y: np.ndarray, h: float, beta: float, eta: float) -> float:
    """Energy of the picture x given the noisy picture y, pixels -1 and +1."""
    touching = (x[1:] * x[:-1]).sum() + (x[:, 1:] * x[:, :-1]).sum()
    return h * x.sum() - beta * touching - eta * (x * y).sum()


def best_flip(x: np.ndarray, y: np.ndarray, *field: float) -> tuple[float, tuple[int, int]]:
    """By how much the best flip of a single pixel lowers the energy, and the place of the pixel."""
    gains, start = np.zeros(x.shape), energy(x, y, *field)
    for at in np.ndindex(*x.shape):
        flipped = x.copy()
        flipped[at] *= -1
        gains[at] = start - energy(flipped, y, *field)
    r, c = np.unravel_index(gains.argmax(), x.shape)
    return gains.max(), (int(r), int(c))


def as_picture(answer: object, shape: tuple[int, int]) -> np.ndarray:
    """The answer as an array of pixels -1 and +1; AssertionError when it is something else."""
    x = as_numbers(answer, shape, "the restored picture")
    assert np.isin(x, (-1, 1)).all(), "a pixel is -1 or +1 and nothing else"
    return x


def check_descent(icm: Callable, y: np.ndarray, h: float, beta: float, eta: float) -> None:
    """Assert that the first sweep lowers the energy, if a flip can, and that none raises it."""
    start = last = energy(y, y, h, beta, eta)
    gain, at = best_flip(y, y, h, beta, eta)
    for sweep in range(1, 5):
        given = y.copy()
        x = as_picture(icm(given, h, beta, eta, sweep), y.shape)
        assert (y == given).all(), "icm changed the noisy picture: work on a copy of y"
        now = energy(x, y, h, beta, eta)
        assert now <= last + 1e-9, (
            f"sweep {sweep} raised the energy from {last:.2f} to {now:.2f}: is the sign right, and "
            "does every pixel see the new values of the pixels that you changed before it?"
        )
        assert now < start or gain <= 1e-9, (
            f"{sweep} sweeps left the energy at {now:.2f}, and flipping pixel {at} alone lowers it "
            f"by {gain:.2f}: does a pixel take the value of lower energy?"
        )
        last = now
