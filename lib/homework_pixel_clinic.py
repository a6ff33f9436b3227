"""The visible tests of chapter 5's homework, task 9: a bug clinic.

The steps of the script are repeated with every mix of its mistakes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.homework import as_numbers, compare
from lib.homework_asking import numbers, peer
from lib.homework_pixel import ask
from lib.homework_pixel_scans import RASTER, WORDS, lines, places, ranks
from lib.homework_pixel_training import bits

#: Mistakes in the training, and the advice that mends them.
TRAINING = {
    "first": "the first layer needs mask A: with mask B a pixel is predicted from itself",
    "once": "training fills in weights that were masked once; mask them after every step",
    "centre": "the mean of the whole picture tells each pixel about the later ones; leave it out",
    "side": "a mask hides the later taps of the centre's own line as well, not later lines alone",
}
AT_ONCE = "draw one pixel after the other: each needs logits that have seen the pixels before it"


@dataclass(frozen=True)
class Script:
    """What the mended script should do.

    Pictures are read in the order `scan`; the network reads `low` for black and 1 for white; the
    activation `act` stands between its layers. The loss is the mean over pictures of the mean over
    pixels or, with `summed`, of their sum. A pixel is 1 where u is not less than the probability
    of 0 or, with `ones_first`, where u is less than the probability of 1.
    """

    scan: str = RASTER
    low: float = -1.0
    act: str = "relu"
    summed: bool = False
    ones_first: bool = False

    def mistaken(self) -> dict[str, Script]:
        """Scripts that do as the task does not ask, each under the advice that mends it."""
        told = {
            "scan": f"pictures are read {WORDS[self.scan]}; your masks are for {WORDS[RASTER]}",
            "low": f"the network reads {self.low:g} for black and 1 for white",
            "act": f"the activation between the layers is {self.act}",
            "summed": "the loss adds up the pixels of a picture and averages over the pictures",
        }
        wrong = {name for name in told if getattr(self, name) != getattr(Script(), name)}
        found = {told[k]: replace(self, **{k: getattr(Script(), k)}) for k in told if k in wrong}
        if len(wrong) > 1:
            found["; ".join(told[k] for k in told if k in wrong)] = Script(
                ones_first=self.ones_first
            )
        return found


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
    """The clinic's model with its masks, and with any mix of mistakes in its training.

    `slips` are names of TRAINING: mask B in the first layer, masks applied at the start alone, each
    picture's own mean taken away, later taps of the own line shown.
    """

    def __init__(
        self, convs: list[nn.Conv2d], script: Script = Script(), slips: tuple[str, ...] = ()
    ):
        self.weights = [numbers(conv.weight).copy() for conv in convs]
        self.biases = [numbers(conv.bias).copy() for conv in convs]
        self.script, self.centre = script, "centre" in slips
        self.masks = []
        for k, weight in enumerate(self.weights):
            shape = weight.shape[2:]
            later = ranks(shape, script.scan) - math.prod(shape) // 2
            line = lines(shape, script.scan) - shape[0] // 2
            shown = line <= 0 if "side" in slips else later <= 0
            self.masks.append(shown if k or "first" in slips else shown & (later != 0))
        if "once" in slips:
            self.weights = [w * m for w, m in zip(self.weights, self.masks, strict=True)]
            self.unmask()

    def unmask(self) -> Masked:
        """Show all taps, from now on."""
        self.masks = [np.ones_like(m) for m in self.masks]
        return self

    def logits(self, x: Tensor, leaves: list[Tensor] | None = None) -> Tensor:
        """Logits (n, 2, h, w); `leaves` take the place of all weights and biases."""
        leaves = leaves or [torch.tensor(v) for v in (*self.weights, *self.biases)]
        v = self.script.low + (1 - self.script.low) * x[:, None].double()
        v = v - v.mean(dim=(2, 3), keepdim=True) if self.centre else v
        for k, mask in enumerate(self.masks):
            v = getattr(torch, self.script.act)(v) if k else v
            weight = leaves[k] * torch.tensor(mask)
            v = F.conv2d(v, weight, leaves[len(self.masks) + k], padding=len(mask) // 2)
        return v

    def train(self, x: Tensor, steps: int, lr: float) -> None:
        """Gradient steps on all pictures."""
        scale = x[0].numel() if self.script.summed else 1
        for _ in range(steps):
            arrays = [*self.weights, *self.biases]
            leaves = [torch.tensor(v, requires_grad=True) for v in arrays]
            loss = scale * F.cross_entropy(self.logits(x, leaves), x)
            for array, gradient in zip(arrays, torch.autograd.grad(loss, leaves), strict=True):
                array -= lr * gradient.numpy()

    def like(self, other: Masked) -> bool:
        """Whether all weights that the masks let through are the same."""
        pairs = [*zip(self.weights, other.weights, self.masks, strict=True)]
        pairs += [(a, b, np.array(1)) for a, b in zip(self.biases, other.biases, strict=True)]
        return all(np.allclose(a * m, b * m, rtol=1e-7, atol=1e-9) for a, b, m in pairs)

    def bits(self, x: Tensor, best: bool = False) -> float:
        """Bits per dimension; `best` scores the more probable level of each pixel."""
        out = self.logits(x)
        return bits(out.numpy(), numbers(out.argmax(1) if best else x))

    def draw(
        self, u: Tensor, scan: str = "", sharp: bool = False, turned: bool = False
    ) -> np.ndarray:
        """Pictures drawn pixel after pixel: the level that u names; `turned`: by 1 - u."""
        x = torch.zeros(u.shape, dtype=torch.long)
        u = 1 - u if turned != self.script.ones_first else u
        for i, j in places(u.shape[1:], scan or self.script.scan):
            p = self.logits(x)[:, :, i, j].softmax(1)[:, 0]
            x[:, i, j] = ((0.5 if sharp else u[:, i, j]) >= p).long()
        return x.numpy()

    def at_once(self, u: Tensor) -> np.ndarray:
        """Pictures drawn in one pass from an empty one."""
        p = self.logits(torch.zeros_like(u)).softmax(1)
        return (u < p[:, 1] if self.script.ones_first else u >= p[:, 0]).long().numpy()


def check_script(
    mended_script: Callable,
    rng: np.random.Generator,
    steps: int,
    shape: tuple[int, int] = (4, 6),
    sizes: tuple[int, ...] = (3, 3, 1),
    **script: Any,
) -> None:
    """Compare weights, bits and drawn pictures with those of every mix of the mistakes.

    `script` are keywords of `Script`.
    """
    asked, start, lr = (
        Script(**script),
        Patient(rng, 20, shape, sizes),
        float(rng.uniform(0.1, 0.3)),
    )
    lr = lr / math.prod(shape) if asked.summed else lr
    after, u = copy.deepcopy(start), torch.tensor(rng.uniform(size=(8, *shape)))
    given = {"x": after.x, "convs": after.convs, "steps": steps, "lr": lr, "u": u}
    report = ask(mended_script, "the script", **given)
    assert isinstance(report, dict), "the script: return a dictionary, the report"
    assert set(report) == {"bits", "samples"}, (
        f"the script: the report has the keys {sorted(report, key=str)}; they should be "
        "['bits', 'samples']"
    )
    slips = _training_slips(start, after, steps, lr, asked)
    samples = as_numbers(numbers(report["samples"]), tuple(u.shape), "the samples")
    slips += [AT_ONCE] * _at_once(after, u, samples, asked)
    assert not slips, "; ".join(slips)
    _check_report(after, report, u, asked)


def _training_slips(
    start: Patient, after: Patient, steps: int, lr: float, asked: Script
) -> list[str]:
    """The mistakes that lead from the weights at the start to those afterwards."""
    student = Masked(after.convs, asked)

    def trained(script: Script, slips: tuple[str, ...] = ()) -> bool:
        model = Masked(start.convs, script, slips)
        model.train(start.x, steps, lr)
        return model.like(student)

    for chosen in product([False, True], repeat=len(TRAINING)):
        slips = tuple(name for name, slip in zip(TRAINING, chosen, strict=True) if slip)
        if trained(asked, slips):
            return [TRAINING[name] for name in slips]
    found = [advice for advice, wrong in asked.mistaken().items() if trained(wrong)]
    loss = "sum of the pixels' cross-entropies, averaged over" if asked.summed else "mean "
    loss += " the pictures" if asked.summed else "cross-entropy of all pictures"
    return found[:1] or [
        f"the weights after {steps} steps of size {lr:.3g} are not those of plain SGD on the "
        f"{loss}, with mask A in the first layer and B in the others"
    ]


def _at_once(after: Patient, u: Tensor, samples: np.ndarray, asked: Script) -> bool:
    """Whether the samples come from one pass of the model, masked or not, centred or not."""
    models = [Masked(after.convs, asked, slips) for slips in ((), ("centre",))]
    models += [Masked(after.convs, asked, slips).unmask() for slips in ((), ("centre",))]
    alike = any((samples == model.at_once(u)).all() for model in models)
    return alike and bool((samples != models[0].draw(u)).any())


def _check_report(after: Patient, report: dict, u: Tensor, asked: Script) -> None:
    """Compare the report with the model that the weights make."""
    model, raw = Masked(after.convs, asked), Masked(after.convs, asked).unmask()
    slips = {TRAINING[k]: Masked(after.convs, asked, (k,)) for k in ("centre", "first", "side")}
    slips["mask once more after the last step: the report uses weights that it filled in"] = raw
    slips |= {advice: Masked(after.convs, wrong) for advice, wrong in asked.mistaken().items()}
    right = model.bits(after.x)
    hints: dict[str, Any] = {advice: wrong.bits(after.x) for advice, wrong in slips.items()}
    hints |= {
        "that is in nats; divide by ln 2": right * math.log(2),
        "average over pictures and pixels": right * after.x[0].numel(),
        "score the level that a pixel has, not the more probable one": model.bits(after.x, True),
    }
    compare(numbers(report["bits"]), right, "the report's 'bits'", hints=hints)
    hints = {advice: wrong.draw(u) for advice, wrong in slips.items()}
    one = u[:, :1, :1].expand(u.shape)
    hints["every pixel has its own u, at its own place"] = model.draw(one)
    hints["draw with u; the more probable level is no draw"] = model.draw(u, sharp=True)
    names = (
        "u is less than the probability of 1"
        if asked.ones_first
        else ("u is not less than the probability of 0")
    )
    hints[f"a pixel is 1 where {names}"] = model.draw(u, turned=True)
    for other in WORDS.keys() - {asked.scan}:
        advice = f"draw the pixels {WORDS[asked.scan]}; yours {WORDS[other]}"
        hints[advice] = model.draw(u, scan=other)
    compare(numbers(report["samples"]), model.draw(u), "the samples", hints=hints)
