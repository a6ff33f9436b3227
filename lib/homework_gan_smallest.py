"""The visible tests of chapter 7's homework, task 3b: the smallest GAN.

Right answers come from powers of a matrix that makes one round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lib.homework import compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_gan import AGAIN, ask


@peer
def dirac_path(
    theta: float,
    psi: float,
    lr: float,
    steps: int,
    gamma: float,
    alternating: bool,
    up: bool = False,
    first: bool = False,
    centre: float = 0.0,
    glance: float = 0.0,
) -> np.ndarray:
    """(theta, psi) before and after each round, (steps + 1, 2), by powers of a matrix.

    With `first`, alternating rounds start with G. All data are the number `centre`. Players look
    ahead: they add `glance` times the change of their gradient since the round before. A slip: G
    goes `up` its own loss.
    """
    shift = np.array([centre, 0.0])
    if glance:
        start = theta - centre, psi, lr, steps, gamma
        return _looking_ahead(*start, alternating, glance) + shift
    move_d = np.array([[1, 0], [-lr, 1 - lr * gamma]])
    move_g = np.array([[1, -lr if up else lr], [0, 1]])
    pair = (move_d, move_g) if first else (move_g, move_d)
    both = pair[0] @ pair[1] if alternating else move_g + move_d - np.eye(2)
    start = np.array([theta - centre, psi])
    path = [np.linalg.matrix_power(both, k) @ start for k in range(steps + 1)]
    return np.array(path) + shift


def _looking_ahead(
    theta: float, psi: float, lr: float, steps: int, gamma: float, alternating: bool, glance: float
) -> np.ndarray:
    """The path where a step follows (1 + glance) gradients less `glance` times the last one.

    The state is (theta, psi, D's last gradient, G's last gradient).
    """
    by_d = np.array([1, gamma, 0, 0])
    new_psi = np.array([0, 1, 0, 0]) - lr * ((1 + glance) * by_d - glance * np.eye(4)[2])
    by_g = -new_psi if alternating else -np.eye(4)[1]
    new_theta = np.eye(4)[0] - lr * ((1 + glance) * by_g - glance * np.eye(4)[3])
    both = np.array([new_theta, new_psi, by_d, by_g])
    slope = theta + gamma * psi  # of D, at the start: there is none before it
    seen = psi - lr * slope if alternating else psi
    start = np.array([theta, psi, slope, -seen])
    return np.array([np.linalg.matrix_power(both, k) @ start for k in range(steps + 1)])[:, :2]


def check_smallest(
    smallest_gan: Callable,
    rng: np.random.Generator,
    steps: int = 5,
    alternating: bool = True,
    penalised: bool = False,
    **rules: Any,
) -> None:
    """Compare the path of the two numbers with powers of a matrix.

    `rules` are `first`, `centre` and `glance` of `dirac_path`.
    """
    given = {
        "theta": float(rng.uniform(0.6, 1.4)) + rules.get("centre", 0.0),
        "psi": float(rng.uniform(0.2, 0.8)),
        "lr": float(rng.uniform(0.1, 0.3)),
        "steps": steps,
        "gamma": float(rng.uniform(0.5, 1.5)) * penalised,
        "alternating": alternating,
    }
    what = f"{steps} {'alternating' if alternating else 'simultaneous'} rounds"
    what += f", gamma = {given['gamma']:.2f}"
    answer, right = ask(smallest_gan, what, **given), dirac_path(**given, **rules)
    other = "players look ahead" if "glance" in rules else "G opens the round, data are not 0"
    hints = {f"{AGAIN} {other}": dirac_path(**given)} if rules else {}
    hints |= _rule_mistakes(given, rules) | _path_mistakes(given, rules, right)
    hints = {advice: wrong for advice, wrong in hints.items() if not np.allclose(wrong, right)}
    assert np.shape(numbers(answer)) != (steps, 2), (
        f"{what}: steps + 1 rows, the start and one after each round"
    )
    compare(numbers(answer), right, what, hints=hints, tol=FLOAT32)


def _rule_mistakes(given: dict[str, Any], rules: dict[str, Any]) -> dict[str, np.ndarray]:
    """Slips in what this game has and others have not."""

    def path(**change: Any) -> np.ndarray:
        return dirac_path(**given | rules | change)

    hints = {}
    if "centre" in rules:
        hints["data are not the number 0; D compares theta with them"] = path(centre=0.0)
    if "glance" in rules:
        hints["the first round has no round before it: its steps are plain"] = _too_early(
            given, rules["glance"]
        )
        hints["players look ahead: the change of the gradient is missing"] = path(glance=0.0)
        hints["the change since the round before counts once more; yours has the wrong sign"] = (
            path(glance=-rules["glance"])
        )
    turns = ("G moves first here; yours moves D before it", False)
    if not rules.get("first"):
        turns = ("D moves first; yours moves G before it", True)
    if "glance" not in rules:
        hints[turns[0]] = path(alternating=True, first=turns[1])
    return hints


def _too_early(given: dict[str, Any], glance: float) -> np.ndarray:
    """The path of players whose gradient before the first round counts as 0."""
    theta, psi, lr, steps, gamma, alternating = given.values()
    path, last_d, last_g = [(theta, psi)], 0.0, 0.0
    for _ in range(steps):
        by_d = theta + gamma * psi
        new = psi - lr * ((1 + glance) * by_d - glance * last_d)
        by_g = -(new if alternating else psi)
        theta, psi = theta - lr * ((1 + glance) * by_g - glance * last_g), new
        last_d, last_g = by_d, by_g
        path.append((theta, psi))
    return np.array(path)


def _path_mistakes(
    given: dict[str, Any], rules: dict[str, Any], right: np.ndarray
) -> dict[str, np.ndarray]:
    def path(**change: Any) -> np.ndarray:
        return dirac_path(**given | rules | change)

    last = "D answers the new theta" if rules.get("first") else "G answers the new psi"
    hints = {
        f"with alternating, {last}": path(alternating=False),
        "without alternating, both answer the old numbers": path(alternating=True),
        "D's penalty is missing": path(gamma=0.0),
        "the gradient of gamma psi^2 / 2 is gamma psi; yours is twice that": (
            path(gamma=2 * given["gamma"])
        ),
        "the gradient of gamma psi^2 / 2 is gamma psi; yours is half of that": (
            path(gamma=given["gamma"] / 2)
        ),
        "the penalty pulls psi to 0; its sign is wrong": path(gamma=-given["gamma"]),
        "both signs are wrong: each player goes down its own loss": path(lr=-given["lr"]),
        "each row is (theta, psi); yours is turned round": right[:, ::-1],
        "the first row is the start": np.roll(right, -1, axis=0),
    }
    if "glance" not in rules:
        hints["theta goes the wrong way: G goes down its own loss"] = path(up=True)
        hints["psi goes the wrong way: D goes down its own loss"] = path(lr=-given["lr"], up=True)
    return hints
