"""Tests of chapter 6's homework, task 5, for other losses.

A largest weight (`clip`), the pseudo-Huber distance (`soft`), or each noise twice (`mirrored`).
Right answers come from one example after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer, sealed
from lib.homework_diffusion import BEHIND, OWN_T, ask, random_betas, retained
from lib.homework_diffusion_goals import TARGETS, Network, turned
from lib.homework_vae import gradients


@dataclass(frozen=True)
class Form:
    """How the loss counts the squared error of one example.

    Parameters
    ----------
    clip : float, optional
        The error is that of x_0, times the signal-to-noise ratio or `clip`, whichever is smaller.
    soft : float, optional
        The root of the squared error plus soft^2, minus soft.
    mirrored : bool
        The mean over the noise and minus the noise.
    """

    clip: float = 0.0
    soft: float = 0.0
    mirrored: bool = False

    @property
    def reminder(self) -> str:
        """What to say to who returns the lesson's loss instead."""
        if self.clip:
            return (
                "that is the lesson's loss; here the error is that of x_0, with the weight "
                f"min(SNR, {self.clip:g}): read the task again"
            )
        if self.soft:
            return f"that is the square; here it is a root, with c = {self.soft:g}: read it again"
        return "each noise is used twice, as eps and as -eps: read the task again"

    def weight(self, target: str, kept: float) -> float:
        """The factor of the squared error of a target."""
        if not self.clip:
            return 1.0
        snr = kept / max(1 - kept, 1e-9)
        of_x0 = {"x0": 1.0, "eps": snr, "v": snr + 1}[target]
        return min(snr, self.clip) / of_x0


@peer
def _loss(
    network: Network,
    x0: np.ndarray,
    t: np.ndarray,
    eps: np.ndarray,
    kept: np.ndarray,
    target: str,
    *,
    form: Form,
    seen: str = "xt",
    level: np.ndarray | None = None,
) -> Tensor:
    """The mean over the examples; `seen` is what the network sees, `level` the step of x_t."""
    total = torch.zeros(()).double()
    signs = (1, -1) if form.mirrored else (1,)
    for sign in signs:
        for n, step in enumerate(map(int, t)):
            noisy = step if level is None else int(level[n])
            xt, v = turned(x0[n], sign * eps[n], kept[noisy])
            views = {"x0": x0[n], "eps": sign * eps[n], "v": v, "xt": xt}
            squares = network(views[seen][None], step)[0] - torch.tensor(views[target])
            error = form.weight(target, kept[noisy]) * squares.square().sum()
            total = total + (torch.sqrt(error + form.soft**2) - form.soft if form.soft else error)
    return total / (len(t) * len(signs))


def check_loss(
    training_loss: Callable,
    rng: np.random.Generator,
    target: str = "eps",
    shape: tuple[int, ...] = (4, 3),
    steps: int = 6,
    **form: object,
) -> None:
    """Compare a loss and its gradients with those of the same examples, one after the other."""
    betas, network = random_betas(rng, steps), Network(rng, shape[1:], steps)
    betas[0] *= 0.3  # so little noise that its weight is the largest
    kept = retained(betas)
    x0, eps = rng.normal(0, 1.5, size=(2, *shape))
    t = rng.integers(1, steps + 1, size=shape[0])
    t[:2] = rng.permutation([1, steps])
    what = f"the loss of {shape[0]} examples of shape {shape[1:]}, target {target!r}"
    given = {"x0": torch.tensor(x0), "t": torch.tensor(t), "eps": torch.tensor(eps)}
    given |= {"alpha_bar": torch.tensor(kept), "target": target}
    answer = ask(training_loss, what, network=sealed(network), **given)
    leaves = [*network.weights, network.times]
    found = gradients(answer, leaves, what)
    count = partial(_loss, network, x0, t, eps, kept)
    right = count(target, form=Form(**form))
    with torch.no_grad():
        hints = _mistakes(count, Form(**form), target, t)
    d = x0[0].size
    hints |= {
        "sum over the numbers of an example, do not average over them": right.item() / d,
        "average over the examples, do not sum": right.item() * len(t),
        "average over both signs, do not sum": right.item() * 2,
        "no factor 1/2 here": right.item() / 2,
    }
    compare(as_numbers(numbers(answer), (), what), right.item(), what, hints=hints, tol=FLOAT32)
    for mine, theirs in zip(gradients(right, leaves, what), found, strict=True):
        compare(theirs, mine, f"the gradient of {what}", tol=FLOAT32)


def _mistakes(count: Callable, form: Form, target: str, t: np.ndarray) -> dict[str, float]:
    """Losses that typical mistakes give."""
    now = partial(count, form=form)
    found = {
        form.reminder: count(target, form=Form()),
        "the network sees x_t, not x_0": now(target, seen="x0"),
        "the network sees x_t, not the noise": now(target, seen="eps"),
        BEHIND: now(target, level=t - 1),
        OWN_T: now(target, level=0 * t + t[0]),
    }
    found |= {
        f"the target is {target}, yours is {name}": now(name) for name in TARGETS if name != target
    }
    if form.clip:
        found["that is the error of x_0 without a largest weight"] = count(
            target, form=replace(form, clip=1e9)
        )
        found["the largest weight is another one"] = count(target, form=replace(form, clip=1.0))
        found["that is half of the right one"] = now(target) / 2
    if form.soft:
        found["take c away from the root, so that no error costs nothing"] = now(target) + form.soft
        found["under the root stands c^2, not c"] = (
            count(target, form=replace(form, soft=form.soft**0.5)) + form.soft**0.5 - form.soft
        )
    return {advice: float(value) for advice, value in found.items()}
