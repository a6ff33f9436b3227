"""Learning (h, beta, eta) from a clean picture and its noisy version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from lib.denoising import Ising, check_pair, neighbour_sum, pixel_error, sigmoid


def features(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rows (-1, sum of neighbours, y_i): the local field is features @ (h, beta, eta)."""
    x, y = check_pair(x, y)
    columns = [-np.ones(x.shape), neighbour_sum(x), y]
    return np.stack([c.ravel() for c in columns], axis=1).astype(float)  # (pixels, 3)


def pseudo_log_likelihood(
    params: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """sum_i log p(x_i | all other pixels, y) at params = (h, beta, eta) (Besag, 1975).

    Returns the value in nats, its gradient (3,) and its Hessian (3, 3), which is negative
    semi-definite: the function is concave.
    """
    design = features(x, y)
    signed = 2 * np.ravel(x)[:, None] * design  # (pixels, 3)
    margin = signed @ np.asarray(params, dtype=float)
    value = -np.logaddexp(0, -margin).sum()
    wrong = sigmoid(-margin)  # probability of the value the pixel does not have
    return value, signed.T @ wrong, -(signed.T * (wrong * (1 - wrong))) @ signed


def fit_pseudo_likelihood(x: np.ndarray, y: np.ndarray, *, max_steps: int = 50) -> Ising:
    """Maximise the pseudo-likelihood of the clean picture `x` given the noisy one by Newton steps.

    Raises
    ------
    ValueError
        If no maximum exists, for example when y equals x: then eta would grow for ever.
    """
    params = np.zeros(3)
    value, gradient, hessian = pseudo_log_likelihood(params, x, y)
    for _ in range(max_steps):
        if value > -np.log(2):  # no pixel costs log 2 or more: every one is predicted
            break
        if np.max(np.abs(gradient)) < 1e-8 * np.size(x):
            return Ising(*params.tolist())
        params, (value, gradient, hessian) = _newton_step(params, value, gradient, hessian, x, y)
    raise ValueError(
        "the pseudo-likelihood has no maximum: neighbours and y predict every pixel of x without "
        "fail; learn from a pair with some noise"
    )


def _newton_step(params, value, gradient, hessian, x, y):
    """Newton's step, halved until the value does not fall."""
    step = np.linalg.lstsq(hessian, -gradient, rcond=None)[0]
    for _ in range(30):
        new = pseudo_log_likelihood(params + step, x, y)
        if new[0] >= value:
            break
        step = step / 2
    return params + step, new


def grid_search(
    restore: Callable[[Ising, np.ndarray], np.ndarray],
    clean: np.ndarray,
    noisy: np.ndarray,
    *,
    h: Sequence[float] = (0.0,),
    beta: Sequence[float],
    eta: Sequence[float],
) -> tuple[Ising, np.ndarray]:
    """Try every (h, beta, eta) on one training pair; keep the one with the fewest wrong pixels.

    Returns the best model and all errors, shape (len(h), len(beta), len(eta)).
    """
    settings = [Ising(*map(float, values)) for values in product(h, beta, eta)]
    errors = np.array([pixel_error(restore(model, noisy), clean) for model in settings])
    return settings[int(np.argmin(errors))], errors.reshape(len(h), len(beta), len(eta))
