"""The visible tests of chapter 4's homework, task 8: a bug clinic.

The steps of the script are repeated with the codes that were really decoded.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from lib.homework import compare
from lib.homework_asking import FLOAT32, numbers, peer
from lib.homework_vae import SIGMA, WIDTHS, ask
from lib.homework_vae_codes import check_noise

AVERAGE = "the distortion is a sum over the pixels, as the rate is a sum over the latents"
SIGN = "the KL is a price: the loss adds it"
REPORT = "a report decodes z, not the mean of q: decoding the mean is no bound"
LATENTS = "the rate is a sum over the latents, no average"
TWICE = "the rate has one half in front"
ROOT = "the squared error is divided by 2 std^2, not by 2 std"
DETACHED = "the distortion teaches the encoder too: no detach and no no_grad around z"
DECODER = "the encoder learns too: give its parameters to the optimiser"
ONCE = "every step draws noise of its own, for every picture"
#: By whether s comes first.
ORDERS = {
    first: f"the encoder puts out {halves}, in this order: read the task again"
    for first, halves in ((False, "mean and s"), (True, "s and mean"))
}
#: Mistakes that change the steps; any two may come together.
SLIPS = (AVERAGE, SIGN, LATENTS, TWICE, ROOT, DETACHED, DECODER)
#: How far weights may be off: the networks are float64, whatever the noise is.
EXACT = 1e-7


@dataclass(frozen=True)
class Script:
    """What the students' script is told.

    Parameters
    ----------
    width : str
        What s is, one of WIDTHS.
    s_first : bool
        The encoder puts out s and mean side by side, not mean and s.
    unit : str
        Of the report: "nats per picture", "nats per pixel" or "bits per pixel".
    """

    width: str = "log-variance"
    s_first: bool = False
    unit: str = "nats per picture"

    def halves(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and s in what the encoder puts out."""
        first, second = output.chunk(2, dim=1)
        return (second, first) if self.s_first else (first, second)

    def sigma(self, s: Tensor) -> Tensor:
        """The standard deviation of q."""
        return torch.exp(WIDTHS[self.width] * s)

    def factor(self, d: int) -> float:
        """What nats per picture are multiplied by, for d pixels."""
        return {"picture": 1.0, "pixel": 1 / d}[self.unit.split()[-1]] / (
            math.log(2) if self.unit.startswith("bits") else 1.0
        )


PUBLIC = Script()


class Trainee:
    """Pictures and the linear encoder and decoder that the clinic trains, float64."""

    def __init__(
        self,
        rng: np.random.Generator,
        n: int = 600,
        d: int = 6,
        k: int = 2,
        script: Script = PUBLIC,
    ):
        W = rng.normal(size=(k, d))
        self.std = float(rng.uniform(0.5, 0.8))
        x = rng.normal(size=(n, k)) @ W + self.std * rng.normal(size=(n, d))
        self.x, self.script = torch.tensor(x), script
        self.encoder, self.decoder = _linear(rng, d, 2 * k), _linear(rng, k, d)
        with torch.no_grad():  # far from s = 0, where all widths agree
            script.halves(self.encoder.bias[None])[1].sub_(0.75 / WIDTHS[script.width])
            if script != PUBLIC:  # exp(2 s) is steep: keep the steps small enough for it
                script.halves(self.encoder.weight.T)[1].mul_(0.25 / abs(WIDTHS[script.width]))

    def code(self) -> tuple[Tensor, Tensor]:
        """Mean and s of every picture."""
        return self.script.halves(self.encoder(self.x))

    def best(self) -> float:
        """The largest log p(x) that any linear decoder reaches, in the unit of the script.

        Probabilistic PCA with the noise `std` given: eigenvalues below std^2 are noise.
        """
        x, noise = self.x.numpy(), self.std**2
        values = np.sort(np.linalg.eigvalsh(np.cov(x.T, bias=True)))[::-1]
        model = np.full(len(values), noise)
        k = self.decoder.in_features
        model[:k] = np.maximum(values[:k], noise)
        nats = float(-0.5 * (np.log(2 * np.pi * model) + values / model).sum())
        return nats * self.script.factor(len(values))


def _linear(rng: np.random.Generator, inputs: int, outputs: int) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rng.normal(0, 0.3, size=(outputs, inputs))))
        layer.bias.zero_()
    return layer


def check_steps(
    mended_script: Callable, rng: np.random.Generator, steps: int, script: Script = PUBLIC
) -> None:
    """Compare the weights after some steps with those of every pair of mistakes."""
    start = Trainee(rng, script=script)
    lr = float(rng.uniform(1e-3, 3e-3))
    after, z, report = _run(mended_script, rng, start, steps, lr)
    slips = _noise_slip(start, z[0], "the codes of the first step")
    if steps > 1 and not slips and not _moves(start, z):
        slips = [ONCE]
    if slips != [ORDERS[script.s_first]]:
        slips += _step_slips(start, after, z[:-1], lr, bool(slips))
        slips += _report_slip(after, z[-1], report)
    assert not slips, "; ".join(slips)


def _step_slips(
    start: Trainee, after: Trainee, codes: list[Tensor], lr: float, misread: bool
) -> list[str]:
    """The mistakes that lead to the weights of `after`; without any explanation, plain words."""
    widths = WIDTHS if misread else [start.script.width]
    cases = [pair for size in range(3) for pair in combinations(SLIPS, size)]
    for slips in cases:
        for width in widths:
            peer_ = _repeat(start, codes, lr, slips, width)
            if all(_close(*pair) for pair in zip(_weights(after), _weights(peer_), strict=True)):
                return list(slips)
    return [f"the weights after {len(codes)} steps of size {lr:.4f} are not those of plain SGD"]


def check_report(
    mended_script: Callable, rng: np.random.Generator, script: Script = PUBLIC
) -> None:
    """Compare the report with the terms of the bound at the codes that were decoded for it."""
    after, z, report = _run(mended_script, rng, Trainee(rng, script=script), 2, 1e-3)
    slips = _report_slip(after, z[-1], report)
    assert not slips, "; ".join(slips)
    slips = _noise_slip(after, z[-1], "the codes of the report")
    assert not slips, slips[0]
    distortion, rate = _terms(after, z[-1])
    d, k = after.decoder.weight.shape
    factor, constant = script.factor(d), _constant(after)
    for name, (to_distortion, to_rate) in PARTS.items():
        value = to_distortion * distortion + to_rate * rate
        short = to_distortion * constant
        hints = {
            AVERAGE: value - to_distortion * distortion * (1 - 1 / d),
            SIGN: value - 2 * to_rate * rate,
            LATENTS: value - to_rate * rate * (1 - 1 / k),
            "the bound has the rate in it: it is minus (distortion + rate)": -distortion,
            "the constant D/2 log(2 pi sigma^2) is missing": value - short,
            "the constant D/2 log(2 pi sigma^2) counts all D pixels": value - short * (1 - 1 / d),
            "the constant D/2 log(2 pi sigma^2) counts pixels, not latents": (
                value - short * (1 - k / d)
            ),
        }
        hints = {advice: wrong * factor for advice, wrong in hints.items()}
        if factor != 1:
            hints[f"that is in nats per picture; report {script.unit}"] = value
        compare(
            numbers(report[name]),
            value * factor,
            f"the report's {name!r}",
            hints=hints,
            tol=FLOAT32,
        )


#: Entry of the report -> how often it has the distortion and the rate in it.
PARTS = {"distortion": (1, 0), "rate": (0, 1), "bound": (-1, -1)}


def _run(
    script: Callable, rng: np.random.Generator, start: Trainee, steps: int, lr: float
) -> tuple[Trainee, list[Tensor], dict]:
    """Call the student's script on a copy; the copy, all codes that were decoded, the report."""
    after, z = copy.deepcopy(start), []
    after.decoder.register_forward_pre_hook(lambda module, given: z.append(given[0].detach()))
    given = {"x": after.x, "encoder": after.encoder, "decoder": after.decoder, "std": after.std}
    generator = torch.Generator().manual_seed(int(rng.integers(2**30)))
    report = ask(script, "the script", **given, steps=steps, lr=lr, generator=generator)
    assert len(z) == steps + 1, (
        f"the script: decode once a step and once for the report, so {steps + 1} times; you "
        f"decoded {len(z)} times"
    )
    assert isinstance(report, dict), "the script: return a dictionary, the report"
    assert set(report) == PARTS.keys(), (
        f"the script: the report has the keys {sorted(report, key=str)}; they should be "
        f"{sorted(PARTS)}. A bound is never called a likelihood"
    )
    return after, z, report


def _noise_slip(model: Trainee, z: Tensor, what: str) -> list[str]:
    """The mistake in the noise of codes z that this model gives, if there is one."""
    script, (mean, s) = model.script, (numbers(v) for v in model.code())
    try:
        check_noise(z.numpy(), mean, s, what, width=script.width)
    except AssertionError as error:
        if any(_fits(z.numpy(), s, mean, width) for width in WIDTHS):
            return [ORDERS[script.s_first]]
        return [f"the noise has the scale {SIGMA[script.width]} ({error})"]
    return []


def _fits(z: np.ndarray, mean: np.ndarray, s: np.ndarray, width: str) -> bool:
    try:
        check_noise(z, mean, s, "", width=width)
    except AssertionError:
        return False
    return True


def _moves(model: Trainee, codes: list[Tensor]) -> bool:
    """Whether the second step has other noise than the first: small steps hardly move the codes."""
    mean, s = model.code()
    first, second = (numbers((z - mean) / model.script.sigma(s)).ravel() for z in codes[:2])
    return bool(np.corrcoef(first, second)[0, 1] < 0.5)


def _report_slip(model: Trainee, z: Tensor, report: dict) -> list[str]:
    return [REPORT] * bool(torch.allclose(z, model.code()[0], atol=1e-9))


def _constant(model: Trainee) -> float:
    return model.x.shape[1] / 2 * math.log(2 * math.pi * model.std**2)


@peer
def _rate(script: Script, mean: Tensor, s: Tensor) -> Tensor:
    """The KL from the prior in each latent variable, (n, k)."""
    variance = script.sigma(s) ** 2
    return 0.5 * (variance + mean**2 - 1 - torch.log(variance))


@peer
def _terms(model: Trainee, z: Tensor) -> tuple[float, float]:
    """Distortion at the codes z and rate, nats per picture."""
    with torch.no_grad():
        squared = (model.x - nn.functional.linear(z, *model.decoder.parameters())) ** 2
        rate = _rate(model.script, *model.code()).sum(1).mean()
    distortion = squared.sum(1) / (2 * model.std**2) + _constant(model)
    return float(distortion.mean()), float(rate)


@peer
def _repeat(
    start: Trainee, codes: list[Tensor], lr: float, slips: tuple[str, ...], width: str
) -> Trainee:
    """The same steps with the same noise, with some mistakes; its scale is that of `width`."""
    model, taken = copy.deepcopy(start), Script(width)
    for code in codes:
        mean, s = model.code()
        sigma = taken.sigma(s)
        z = mean + sigma * ((code - mean) / sigma).detach()
        model_loss = _loss(model, z.detach() if DETACHED in slips else z, mean, s, slips)
        layers = [model.decoder] if DECODER in slips else [model.encoder, model.decoder]
        parameters = [p for layer in layers for p in layer.parameters()]
        found = torch.autograd.grad(model_loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, found, strict=True):
                parameter -= lr * gradient
    return model


@peer
def _loss(model: Trainee, z: Tensor, mean: Tensor, s: Tensor, slips: tuple[str, ...]) -> Tensor:
    """The loss of all pictures at the codes z, with some mistakes."""
    scale = 2 * model.std if ROOT in slips else 2 * model.std**2
    squared = (model.x - model.decoder(z)) ** 2 / scale
    distortion = squared.mean(1) if AVERAGE in slips else squared.sum(1)
    each = _rate(model.script, mean, s) * (-1 if SIGN in slips else 1)
    each = 2 * each if TWICE in slips else each
    return (distortion + (each.mean(1) if LATENTS in slips else each.sum(1))).mean()


def _weights(model: Trainee) -> list[np.ndarray]:
    return [numbers(p) for part in (model.encoder, model.decoder) for p in part.parameters()]


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, rtol=EXACT, atol=EXACT / 100))
