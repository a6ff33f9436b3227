"""The visible tests of chapter 5's homework, tasks 8 and 9: a model that you train, a bug clinic.

A trained model is judged on new pictures beside the exact probability that made them, and every
pixel is changed to see who notices. The steps of the clinic are repeated with every mix of its
mistakes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from scipy.special import log_softmax
from torch import Tensor, nn
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import book_switched_off, numbers, peer, peers_switched_off
from lib.homework_pixel import ANSWERS, ask
from lib.homework_vae_training import seeded

#: How many bits per dimension a trained model may stay above the exact distribution.
SLACK = 0.06
#: How many pictures a trained model is given at once, always: none can tell tests apart by that.
BATCH = 20
#: By how much rounding in float32 may move a log-probability.
NOISE = 1e-4
FIRST = "the first layer needs mask A: with mask B a pixel is predicted from itself"
ONCE = "training fills in weights that were masked once; mask them after every step"
AT_ONCE = "draw one pixel after the other: each needs logits that have seen the pixels before it"
CENTRE = "the mean of the whole picture tells each pixel about the later ones; leave it out"


@peer
class Weave:
    """Pictures of three levels whose pixels follow two earlier ones, all of it known.

    A pixel likes the level after that of its left neighbour, and the level of the pixel one row up
    and two columns to the right.
    """

    levels, shape = 3, (5, 7)

    def __init__(self, rng: np.random.Generator):
        self.left, self.up = rng.uniform(2.0, 2.5), rng.uniform(2.6, 3.1)
        self.step = int(rng.integers(1, 3))

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Logits (n, 3, h, w) of pictures (n, h, w)."""
        seen = np.moveaxis(np.eye(self.levels)[x], -1, 1)
        out = np.zeros(seen.shape)
        out[..., 1:] += self.left * np.roll(seen, self.step, axis=1)[..., :-1]
        out[..., 1:, :-2] += self.up * seen[..., :-1, 2:]
        return out

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n pictures, (n, h, w): pixel after pixel, by the largest logit plus Gumbel noise."""
        x = np.zeros((n, *self.shape), dtype=int)
        for i, j in np.ndindex(*self.shape):
            noise = rng.gumbel(size=(n, self.levels))
            x[:, i, j] = (self.logits(x)[:, :, i, j] + noise).argmax(axis=1)
        return x

    def bits(self, x: np.ndarray) -> float:
        """Exact bits per dimension of pictures."""
        return bits(self.logits(x), x)


def bits(logits: np.ndarray, x: np.ndarray) -> float:
    """Bits per dimension of pictures x (n, h, w) under logits (n, levels, h, w)."""
    picked = np.take_along_axis(log_softmax(logits, axis=1), x[:, None], axis=1)
    return float(-picked.mean() / np.log(2))


def check_training(train_pixels: Callable, rng: np.random.Generator) -> None:
    """Train on 600 pictures; assert causality, and few bits on 600 others."""
    weave, seed = Weave(rng), int(rng.integers(2**30))
    train, test = (weave.sample(600, rng) for _ in range(2))
    with seeded(seed):
        logits = ask(
            train_pixels,
            "the training",
            x=torch.tensor(train),
            levels=weave.levels,
            generator=torch.Generator().manual_seed(seed),
        )
    assert callable(logits), "the training: return a function, logits(x)"
    with torch.no_grad(), book_switched_off(ANSWERS), peers_switched_off():
        seen, out = _logits(logits, train), _logits(logits, test)
        at = BATCH * int(rng.integers(len(test) // BATCH))
        assert_causal(logits, test[at : at + BATCH], out[at : at + BATCH], rng)
    found, exact = bits(out, test), weave.bits(test)
    assert found - exact < SLACK, (
        f"the training: {found:.3f} bits per dimension on new pictures; the exact distribution "
        f"needs {exact:.3f}, and {SLACK:g} more are allowed. {_advice(found, bits(seen, train))}"
    )


def _advice(found: float, known: float) -> str:
    """What may mend a model with these bits on new pictures, and those on the ones it knows."""
    if found - known > SLACK:
        return (
            f"On the pictures of the training it needs only {known:.3f}: it has learnt them by "
            "heart. Share the weights between all places, as a convolution does."
        )
    if found > math.log2(Weave.levels) - 0.1:
        return (
            "That is no better than guessing: is the loss made smaller, are the steps large "
            "enough, and are levels on axis 1?"
        )
    return (
        "Train for longer or with larger steps; or does a pixel see too little? A useful one is "
        "one row up and two columns to the right."
    )


def _logits(logits: Callable, x: np.ndarray) -> np.ndarray:
    """Logits of pictures (n, h, w), asked for in batches of one size."""
    shape = (BATCH, Weave.levels, *x.shape[1:])
    parts = [logits(torch.tensor(part)) for part in x.reshape(-1, BATCH, *x.shape[1:])]
    return np.concatenate([as_numbers(numbers(part), shape, "logits(x)") for part in parts])


def assert_causal(
    logits: Callable, x: np.ndarray, out: np.ndarray, rng: np.random.Generator
) -> None:
    """Change one pixel after the other; nothing before it, nor itself, may be predicted anew.

    `out` are the logits of the unchanged pictures x, as they were given when bits were counted.
    """
    (h, w), start = x.shape[1:], log_softmax(out, axis=1)
    assert np.abs(log_softmax(_logits(logits, x), axis=1) - start).max() < NOISE, (
        "the training: the same pictures get other logits in another call: switch off what is "
        "random after training, such as dropout (`eval()`)"
    )
    for i, j in np.ndindex(h, w):
        other = x.copy()
        other[:, i, j] = (x[:, i, j] + rng.integers(1, Weave.levels, size=len(x))) % Weave.levels
        moved = np.abs(log_softmax(_logits(logits, other), axis=1) - start).max(axis=(0, 1))
        early = np.arange(h * w).reshape(h, w) <= i * w + j
        seen = np.argwhere(early & (moved > NOISE))
        assert not len(seen), (
            f"the training: the logits of pixel {tuple(seen[0].tolist())} change with pixel "
            f"{(i, j)}, which is not before it: mask what comes later, and the pixel itself; "
            "means over a picture or a batch see them as well"
        )


class Patient:
    """Black and white pictures and the convolutions that the clinic trains on them, float64.

    In each row a pixel equals its left neighbour with probability 0.9; rows are independent.
    """

    stay = 0.9

    def __init__(
        self,
        rng: np.random.Generator,
        n: int = 60,
        shape: tuple[int, int] = (4, 6),
        sizes: tuple[int, ...] = (3, 3, 1),
    ):
        flips = rng.uniform(size=(n, *shape)) > self.stay
        flips[:, :, 0] = rng.uniform(size=(n, shape[0])) < 0.5
        self.x = torch.tensor(flips.cumsum(axis=2) % 2)
        channels = [1, *[6] * (len(sizes) - 1), 2]
        self.convs = [_convolution(rng, *channels[k : k + 2], s) for k, s in enumerate(sizes)]

    def bits(self) -> float:
        """Bits per dimension that no honest model gets below, on average: the entropy."""
        width, p = self.x.shape[2], self.stay
        return (1 - (width - 1) * (p * math.log2(p) + (1 - p) * math.log2(1 - p))) / width

    def alike(self, x: Tensor) -> float:
        """Share of the pixels of pictures that equal their left neighbour."""
        return (x[:, :, 1:] == x[:, :, :-1]).double().mean().item()


def _convolution(rng: np.random.Generator, inputs: int, outputs: int, size: int) -> nn.Conv2d:
    conv = nn.utils.skip_init(
        nn.Conv2d, inputs, outputs, size, padding=size // 2, dtype=torch.float64
    )
    scale = 1 / math.sqrt(inputs * size**2 / 2)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor(rng.normal(0, scale, size=tuple(conv.weight.shape))))
        conv.bias.copy_(torch.tensor(rng.normal(0, 0.1, size=outputs)))
    return conv


@peer
class Masked:
    """The clinic's model with its masks, and with any mix of its mistakes.

    `first`: mask B in the first layer. `once`: masks are applied at the start alone. `centre`: each
    picture's own mean is taken away.
    """

    def __init__(
        self,
        convs: list[nn.Conv2d],
        *,
        first: bool = False,
        once: bool = False,
        centre: bool = False,
    ):
        self.weights = [numbers(conv.weight).copy() for conv in convs]
        self.biases = [numbers(conv.bias).copy() for conv in convs]
        self.masks, self.centre = [], centre
        for k, weight in enumerate(self.weights):
            size = weight.shape[-1]
            order = np.arange(size**2).reshape(size, size) - size**2 // 2
            self.masks.append(order <= 0 if k or first else order < 0)
        if once:
            self.weights = [w * m for w, m in zip(self.weights, self.masks, strict=True)]
            self.masks = [np.ones_like(m) for m in self.masks]

    def logits(self, x: Tensor, leaves: list[Tensor] | None = None) -> Tensor:
        """Logits (n, 2, h, w); `leaves` take the place of all weights and biases."""
        leaves = leaves or [torch.tensor(v) for v in (*self.weights, *self.biases)]
        v = 2.0 * x[:, None].double() - 1
        v = v - v.mean(dim=(2, 3), keepdim=True) if self.centre else v
        for k, mask in enumerate(self.masks):
            v = torch.relu(v) if k else v
            weight = leaves[k] * torch.tensor(mask)
            v = F.conv2d(v, weight, leaves[len(self.masks) + k], padding=len(mask) // 2)
        return v

    def train(self, x: Tensor, steps: int, lr: float) -> None:
        """Gradient steps on all pictures."""
        for _ in range(steps):
            arrays = [*self.weights, *self.biases]
            leaves = [torch.tensor(v, requires_grad=True) for v in arrays]
            found = torch.autograd.grad(F.cross_entropy(self.logits(x, leaves), x), leaves)
            for array, gradient in zip(arrays, found, strict=True):
                array -= lr * gradient.numpy()

    def like(self, other: Masked) -> bool:
        """Whether all weights that the masks let through are the same."""
        pairs = [*zip(self.weights, other.weights, self.masks, strict=True)]
        pairs += [(a, b, np.array(1)) for a, b in zip(self.biases, other.biases, strict=True)]
        return all(np.allclose(a * m, b * m, rtol=1e-7, atol=1e-9) for a, b, m in pairs)

    def bits(self, x: Tensor) -> float:
        """Bits per dimension."""
        return bits(self.logits(x).numpy(), numbers(x))

    def draw(self, u: Tensor, turned: bool = False, sharp: bool = False) -> np.ndarray:
        """Pictures drawn pixel after pixel: 1 where u is not less than the probability of 0."""
        x, places = torch.zeros(u.shape, dtype=torch.long), list(np.ndindex(*u.shape[1:]))
        for i, j in sorted(places, key=lambda p: p[::-1]) if turned else places:
            p = self.logits(x)[:, :, i, j].softmax(1)[:, 0]
            x[:, i, j] = ((0.5 if sharp else u[:, i, j]) >= p).long()
        return x.numpy()

    def at_once(self, u: Tensor) -> np.ndarray:
        """Pictures drawn in one pass from an empty one."""
        return (u >= self.logits(torch.zeros_like(u)).softmax(1)[:, 0]).long().numpy()


def check_script(
    mended_script: Callable,
    rng: np.random.Generator,
    steps: int,
    shape: tuple[int, int] = (4, 6),
    sizes: tuple[int, ...] = (3, 3, 1),
) -> None:
    """Compare weights, bits and drawn pictures with those of every mix of the mistakes."""
    start, lr = Patient(rng, 20, shape, sizes), float(rng.uniform(0.1, 0.3))
    after, u = copy.deepcopy(start), torch.tensor(rng.uniform(size=(8, *shape)))
    given = {"x": after.x, "convs": after.convs, "steps": steps, "lr": lr, "u": u}
    report = ask(mended_script, "the script", **given)
    assert isinstance(report, dict), "the script: return a dictionary, the report"
    assert set(report) == {"bits", "samples"}, (
        f"the script: the report has the keys {sorted(report, key=str)}; they should be "
        "['bits', 'samples']"
    )
    slips = _training_slips(start, after, steps, lr)
    samples = as_numbers(numbers(report["samples"]), tuple(u.shape), "the samples")
    slips += [AT_ONCE] * _at_once(after, u, samples)
    assert not slips, "; ".join(slips)
    _check_report(after, report, u)


def _training_slips(start: Patient, after: Patient, steps: int, lr: float) -> list[str]:
    """The mistakes that lead from the weights at the start to those afterwards."""
    student = Masked(after.convs)
    for first, once, centre in product([False, True], repeat=3):
        peer = Masked(start.convs, first=first, once=once, centre=centre)
        peer.train(start.x, steps, lr)
        if peer.like(student):
            return [FIRST] * first + [ONCE] * once + [CENTRE] * centre
    return [
        f"the weights after {steps} steps of size {lr:.3f} are not those of plain SGD on the mean "
        "cross-entropy of all pictures, with mask A in the first layer and B in the others"
    ]


def _at_once(after: Patient, u: Tensor, samples: np.ndarray) -> bool:
    """Whether the samples come from one pass of the model, masked or not, centred or not."""
    models = [Masked(after.convs), Masked(after.convs, centre=True)]
    models += [_unmasked(after.convs), _unmasked(after.convs, centre=True)]
    alike = any((samples == model.at_once(u)).all() for model in models)
    return alike and bool((samples != models[0].draw(u)).any())


def _check_report(after: Patient, report: dict, u: Tensor) -> None:
    """Compare the report with the model that the weights make."""
    model, raw = Masked(after.convs), _unmasked(after.convs)
    centred, wide = Masked(after.convs, centre=True), Masked(after.convs, first=True)
    right = model.bits(after.x)
    unmasked = "mask once more after the last step: the report uses weights that it filled in"
    hints: dict[str, Any] = {
        unmasked: raw.bits(after.x),
        CENTRE: centred.bits(after.x),
        FIRST: wide.bits(after.x),
        "that is in nats; divide by ln 2": right * math.log(2),
        "average over pictures and pixels": right * after.x[0].numel(),
    }
    compare(numbers(report["bits"]), right, "the report's 'bits'", hints=hints)
    hints = {
        unmasked: raw.draw(u),
        CENTRE: centred.draw(u),
        "row by row, please; you go column by column": model.draw(u, turned=True),
        "draw with u; the more probable level is no draw": model.draw(u, sharp=True),
        "a pixel is 1 where u is not less than the probability of 0": (model.draw(1 - u)),
    }
    compare(numbers(report["samples"]), model.draw(u), "the samples", hints=hints)


def _unmasked(convs: list[nn.Conv2d], centre: bool = False) -> Masked:
    model = Masked(convs, centre=centre)
    model.masks = [np.ones_like(mask) for mask in model.masks]
    return model
