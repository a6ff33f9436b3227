"""The visible tests of chapter 8's homework, task 2: a VAE with a learned prior.

Right answers come from PyTorch's distributions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Laplace, Normal, kl_divergence

from lib.homework import as_numbers, compare
from lib.homework_asking import FLOAT32, numbers, peer, sealed
from lib.homework_conditional import ask
from lib.homework_vae import each_example, gradients, leaf

#: What a network's second output is -> log sigma^2 as a multiple of it.
WIDTHS = {"log-variance": 1, "log-std": 2, "log-precision": -1}
MOVED = (
    "q is given by what it adds to p, mean = mean_p + shift; yours takes `shift` and `change` for "
    "q's own numbers"
)
#: What goes wrong in a loss -> what to say.
SLIPS = {
    "standard": "the KL goes to p(z | c), not to N(0, I)",
    "turned": "that is the other direction; the divergence is KL(q || p)",
    "credit": "the KL is a price: the loss adds it",
    "free": "the KL is missing",
    "wide": "the noise has the scale exp(s/2), not exp(s)",
    "still": "decode z = mean + exp(s/2) eps, not the mean of q",
    "prior": "z comes from the encoder, q(z | x, c), in training; yours is drawn from the prior",
    "mean": "sum over the numbers of a picture, average over the pictures; yours averages both",
    "sum": "average over the pictures, do not sum",
    "constant": "log N(x; mean, std^2) has the term log(2 pi std^2) / 2 for each number of x",
    "plain": "divide the squared errors by 2 std^2",
    "std": "divide by 2 std^2, not by 2 std",
    "climb": "a loss is made smaller: it is minus the bound",
    "deaf decoder": "the decoder is asked without c",
    "deaf encoder": "the encoder is asked without c",
    "deaf prior": "the prior is asked without c",
}


#: Another noise of x -> what goes wrong with it -> what to say.
NOISES = {
    "precision": {
        "constant": "log N(x; mean, 1 / precision) has log(2 pi / precision) / 2 for each number",
        "plain": "multiply the squared errors by precision / 2",
        "public noise": "`precision` is 1 / std^2; yours takes it for a standard deviation",
    },
    "laplace": {
        "constant": "a Laplace density is exp(-|x - mean| / scale) / (2 scale): log(2 scale) for "
        "each number of x",
        "plain": "divide the absolute errors by scale",
        "public noise": "x is Laplace here, not Gaussian: absolute errors, and another constant",
    },
}


@peer
def divergence(given: tuple[Tensor, ...]) -> Tensor:
    """KL of each example, (n,), for (mean, s) of q and (mean, s) of p, by torch.distributions."""
    q, p = (Normal(mean, (s / 2).exp()) for mean, s in zip(given[::2], given[1::2], strict=True))
    return kl_divergence(q, p).sum(1)


def in_variances(given: tuple[Tensor, ...], width: str, moved: bool) -> tuple[Tensor, ...]:
    """(mean, log-variance) of q and of p; `width` says what the second numbers are.

    If `moved`, q is given by what it adds to both numbers of p.
    """
    mean, s, mean_p, s_p = given
    if moved:
        mean, s = mean_p + mean, s_p + s
    return mean, WIDTHS[width] * s, mean_p, WIDTHS[width] * s_p


def check_kl_between(
    kl_between: Callable,
    rng: np.random.Generator,
    n: int = 4,
    k: int = 3,
    width: str = "log-variance",
    moved: bool = False,
) -> None:
    """Compare value and gradients with torch.distributions."""
    spread = 1.2 if width == "log-variance" and not moved else 0.7
    given = [leaf(rng.normal(0, spread, size=(n, k))) for _ in range(4)]
    letter = {"log-variance": "s", "log-std": "r", "log-precision": "t"}[width]
    names = "mean_q", f"{letter}_q", "mean_p", f"{letter}_p"
    names = ("shift", "change", *names[2:]) if moved else names
    what = f"the KL of {n} examples with K = {k}"
    answer = ask(kl_between, what, **dict(zip(names, given, strict=True)))
    plain = in_variances(tuple(given), width, moved)
    right = divergence(plain)
    hints = _kl_mistakes(*(v.detach() for v in plain))
    if width != "log-variance" or moved:
        public = _conventions(tuple(v.detach() for v in given), width, moved)
        hints = public | {a: v for a, v in hints.items() if not a.startswith("s")}
    compare(each_example(answer, n, what), numbers(right), what, hints=hints, tol=FLOAT32)
    pairs = zip(gradients(answer, given, what), gradients(right, given, what), strict=True)
    for name, (mine, theirs) in zip(names, pairs, strict=True):
        compare(mine, theirs, f"the gradient at `{name}` of {what}", tol=FLOAT32)


def _conventions(given: tuple[Tensor, ...], width: str, moved: bool) -> dict[str, np.ndarray]:
    """What is said to who takes the numbers for something else, as in the public homework."""
    said = {
        "log-variance": "s is the log-variance, log sigma^2",
        "log-std": "r is log sigma here, not the log-variance: sigma^2 = exp(2 r)",
        "log-precision": "t is the logarithm of the precision: sigma^2 = exp(-t)",
    }
    found = {
        f"{said[width]}; yours takes it for a {other}": (
            divergence(in_variances(given, other, moved))
        )
        for other in WIDTHS
        if other != width
    }
    if moved:
        found[MOVED] = divergence(in_variances(given, width, False))
    return {advice: numbers(value) for advice, value in found.items()}


def _kl_mistakes(m: Tensor, s: Tensor, m_p: Tensor, s_p: Tensor) -> dict[str, np.ndarray]:
    """What typical mistakes give for the KL, (n,) each."""
    k, zero = m.shape[1], torch.zeros_like(m)
    right, square = divergence((m, s, m_p, s_p)), (m - m_p).square()
    over = square / s_p.exp()
    found = {
        "that is the other direction, KL(p || q)": divergence((m_p, s_p, m, s)),
        "that is the KL to N(0, I); p has a mean and a variance of its own": (
            divergence((m, s, zero, zero))
        ),
        "the sign is wrong; a divergence is never negative": -right,
        "one half is missing": 2 * right,
        "s is the log-variance, not the logarithm of sigma": (divergence((m, 2 * s, m_p, 2 * s_p))),
        "sum over the dimensions, do not average": right / k,
        "the 1 is missing; the KL of p from itself is 0": right + k / 2,
        "the squared distance of the means is divided by p's variance": (
            right + (square - over).sum(1) / 2
        ),
        "divide by p's variance, not by q's": right + (square / s.exp() - over).sum(1) / 2,
        "q's variance is divided by p's": right + (s.exp() - (s - s_p).exp()).sum(1) / 2,
        "the distance of the means is squared": right + ((m - m_p) / s_p.exp() - over).sum(1) / 2,
        "the log-variances are missing": right - (s_p - s).sum(1) / 2,
        "s_p is added, s_q is subtracted": right - (s_p - s).sum(1),
        "the means are subtracted, not added": right
        + ((m + m_p) ** 2 / s_p.exp() - over).sum(1) / 2,
    }
    return {advice: numbers(value) for advice, value in found.items()}


class Net:
    """A black box for students: a bent map of one or two inputs, each (n, size), to some outputs.

    With `pair`, each answer is a mean and a log-variance.
    """

    def __init__(self, rng: np.random.Generator, sizes: dict[str, int], out: int, pair: bool):
        self.sizes, self.out, self.pair = sizes, out, pair
        total = sum(sizes.values())
        self.weight = leaf(rng.normal(0, 0.7, size=(total, out * (2 if pair else 1))))
        self.offset = torch.tensor(rng.normal(0, 0.7, size=total))

    def __call__(self, *inputs: Tensor) -> Any:
        """Answers (n, out), or two of them."""
        wanted = ", ".join(f"{name} of shape (N, {size})" for name, size in self.sizes.items())
        shapes = [tuple(v.shape[1:]) if isinstance(v, Tensor) else None for v in inputs]
        assert shapes == [(size,) for size in self.sizes.values()], (
            f"what you give to a network: it wants the tensors {wanted}"
        )
        joined = torch.cat([v.double() for v in inputs], dim=1) + self.offset
        found = torch.tanh(joined) @ self.weight
        return found.chunk(2, dim=1) if self.pair else found


@dataclass(frozen=True)
class Convention:
    """What the networks' numbers mean, and the noise of x around the decoder's answer.

    `noise`: "gaussian" with a standard deviation, "precision" for a Gaussian with a precision,
    "laplace" with a scale.
    """

    width: str = "log-variance"
    moved: bool = False
    noise: str = "gaussian"

    @property
    def slips(self) -> dict[str, str]:
        """What goes wrong in a loss of this convention -> what to say."""
        found = dict(SLIPS)
        own, square = {
            "log-variance": ("exp(s/2)", "exp(s)"),
            "log-std": ("exp(r)", "exp(2 r)"),
            "log-precision": ("exp(-t/2)", "exp(-t)"),
        }[self.width]
        found["still"] = f"decode z = mean + {own} eps, not the mean of q"
        found["wide"] = f"the noise has the scale {own}, not {square}"
        if self.noise != "gaussian":
            found |= NOISES[self.noise]
            del found["std"]
        if self.width != "log-variance":
            found["public width"] = f"sigma is {own} here, for q and for p"
        if self.moved:
            found["public q"] = "the encoder says what q adds to the prior's mean and log-variance"
        return found

    @peer
    def parts(
        self, of_q: tuple[Tensor, Tensor], of_p: tuple[Tensor, Tensor], slips: tuple[str, ...]
    ) -> tuple[Tensor, ...]:
        """(mean, log-variance) of q and of p, from what the two networks say."""
        width = "log-variance" if "public width" in slips else self.width
        return in_variances((*of_q, *of_p), width, self.moved and "public q" not in slips)

    @peer
    def distortion(self, x: Tensor, out: Tensor, scale: float, slips: tuple[str, ...]) -> Tensor:
        """-log p(x | z) of each number, with any of the slips."""
        noise = "gaussian" if "public noise" in slips else self.noise
        std = scale**-0.5 if noise == "precision" else scale
        if noise == "laplace":
            each, constant = -Laplace(out, std).log_prob(x), math.log(2 * std)
            plain = (x - out).abs() + constant
        else:
            each, constant = -Normal(out, std).log_prob(x), math.log(2 * math.pi * std**2) / 2
            plain = (x - out).square() + constant
        if "plain" in slips:
            return plain - constant
        if "std" in slips:
            return (x - out).square() / (2 * std) + constant
        return each - constant * ("constant" in slips)


@peer
def negative_bound(
    x: Tensor,
    c: Tensor,
    eps: Tensor,
    nets: tuple[Net, Net, Net],
    std: float,
    *slips: str,
    convention: Convention = Convention(),
) -> Tensor:
    """Minus the bound for one z a picture, mean over the pictures, with any of the slips."""
    encode, decode, prior = nets
    deaf = {name: c * (f"deaf {name}" not in slips) for name in ("encoder", "decoder", "prior")}
    given = encode(x, deaf["encoder"]), prior(deaf["prior"])
    mean, s, mean_p, s_p = convention.parts(*given, slips)
    if "standard" in slips:
        mean_p, s_p = torch.zeros_like(mean), torch.zeros_like(s)
    scale = s if "wide" in slips else s / 2
    z = mean + scale.exp() * eps * ("still" not in slips)
    if "prior" in slips:
        z = mean_p + (s_p / 2).exp() * eps
    each = convention.distortion(x, decode(z, deaf["decoder"]), std, slips)
    distortion = each.mean(1) if "mean" in slips else each.sum(1)
    turned = (mean_p, s_p, mean, s) if "turned" in slips else (mean, s, mean_p, s_p)
    rate = divergence(turned)
    rate = rate / mean.shape[1] if "mean" in slips else rate
    loss = distortion + rate * (0 if "free" in slips else -1 if "credit" in slips else 1)
    loss = -loss if "climb" in slips else loss
    return loss.sum() if "sum" in slips else loss.mean()


def check_bound_loss(
    conditional_loss: Callable,
    rng: np.random.Generator,
    n: int = 4,
    d: int = 3,
    m: int = 2,
    k: int = 2,
    **meaning: Any,
) -> None:
    """Compare the loss, and its gradients by all weights, with torch.distributions.

    `meaning` is that of a `Convention`.
    """
    way = Convention(**meaning)
    nets = (
        Net(rng, {"x": d, "c": m}, k, True),
        Net(rng, {"z": k, "c": m}, d, False),
        Net(rng, {"c": m}, k, True),
    )
    x, c = torch.tensor(rng.normal(size=(n, d))), torch.tensor(rng.normal(0, 1.5, size=(n, m)))
    eps, std = torch.tensor(rng.normal(size=(n, k))), float(rng.uniform(0.4, 0.7))
    std = 1 / std**2 if way.noise == "precision" else std
    what = f"the loss of {n} pictures of {d} numbers, conditions of {m}, K = {k}"
    boxes = dict(zip(("encode", "decode", "prior"), map(sealed, nets), strict=True))
    scale = {"gaussian": "std", "precision": "precision", "laplace": "scale"}[way.noise]
    answer = ask(conditional_loss, what, x=x, c=c, eps=eps, **boxes, **{scale: std})

    def loss(*slips: str) -> Tensor:
        return negative_bound(x, c, eps, nets, std, *slips, convention=way)

    right, wrong = loss(), {said: numbers(loss(slip)) for slip, said in way.slips.items()}
    both = [slip for slip in way.slips if slip.startswith("public")]
    wrong["; ".join(way.slips[slip] for slip in both)] = numbers(loss(*both))
    value = as_numbers(numbers(answer), (), what)
    compare(value, numbers(right), what, hints=wrong, tol=FLOAT32)
    leaves = [net.weight for net in nets]
    pairs = zip(gradients(answer, leaves, what), gradients(right, leaves, what), strict=True)
    for name, (mine, theirs) in zip(("encoder", "decoder", "prior"), pairs, strict=True):
        compare(mine, theirs, f"the gradient by the weights of the {name}, {what}", tol=FLOAT32)
