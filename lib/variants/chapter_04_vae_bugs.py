"""The broken scripts of chapter 4's bug clinic: one bug of each of four groups, and the key."""

from __future__ import annotations

from typing import Any

DECLARED = "The bound is the distortion and the\nrate put together, with the right signs."
UNITS = [
    {"unit": "nats per picture", "unit_line": "", "over": ""},
    {
        "unit": "nats per pixel",
        "unit_line": "\n    unit = x.shape[1]  # nats per pixel",
        "over": " / unit",
    },
    {
        "unit": "bits per pixel",
        "unit_line": "\n    unit = x.shape[1] * math.log(2)  # bits per pixel",
        "over": " / unit",
    },
]

GIVEN = '''\
from lib.homework_vae_clinic import Script, Trainee


def broken_script(x, encoder, decoder, std, steps, lr, generator):
    """Train encoder and decoder in place, then report in <<unit>>; four mistakes."""
    optimizer = torch.optim.SGD(<<trained>>, lr=lr)
    constant = <<constant>>
<<before>>
    def terms():
        <<split>> = encoder(x).chunk(2, dim=1)
<<drawn>>        <<coded>>
        squares = ((x - decoder(z)) ** 2).sum(dim=1)
        distortion = squares.mean() / <<scaled>> + constant
        rate = <<rated>>.mean()
        return distortion, rate

    for _ in range(steps):
        distortion, rate = terms()
        optimizer.zero_grad()
        (distortion + rate).backward()
        optimizer.step()
    distortion, rate = terms()<<unit_line>>
    bound = <<bounded>>
    return {"bound": bound.item()<<over>>, "rate": rate.item()<<over>>}


print("steps   reported bound   best possible     rate")
told = Script(width="<<width>>", s_first=<<s_first>>, unit="<<unit>>")
for steps in (0, 30, 300):
    model = Trainee(np.random.default_rng([SEED, 26]), script=told)
    networks = model.encoder, model.decoder
    generator = torch.Generator().manual_seed(SEED)
    report = broken_script(model.x, *networks, model.std, steps, 0.005, generator)
    value, rate = report.values()
    print(f"{steps:5d} {value:16.3f} {model.best():15.3f} {rate:8.3f}")
'''
KEY = """\
optimizer = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=lr)
constant = x.shape[1] / 2 * math.log(2 * math.pi * std**2)

def terms():
    <<split>> = encoder(x).chunk(2, dim=1)
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    squares = (x - decoder(mean + <<sigma>> * eps)) ** 2
    distortion = squares.sum(dim=1).mean() / (2 * std**2) + constant
    rate = 0.5 * (<<square>> + mean**2 - 1 <<minus_log_square>>).sum(dim=1).mean()
    return distortion, rate

for _ in range(steps):
    distortion, rate = terms()
    optimizer.zero_grad()
    (distortion + rate).backward()
    optimizer.step()
parts = dict(zip(("distortion", "rate"), terms()))
parts["bound"] = -parts["distortion"] - parts["rate"]
return {name: part.item()<<divided>> for name, part in parts.items()}
"""
for _unit, _divided in zip(
    UNITS, ("", " / x.shape[1]", " / (x.shape[1] * math.log(2))"), strict=True
):
    _unit["divided"] = _divided

#: Bugs by the part of the script; a draw takes one of each. `right` is what the lines should be.
GROUPS: list[dict[str, Any]] = [
    {
        "right": {
            "trained": "[*encoder.parameters(), *decoder.parameters()]",
            "coded": "z = mean + <<sigma>> * eps",
        },
        "bugs": [
            {
                "code": {"trained": "decoder.parameters()"},
                "symptom": (
                    "The table shows that something is wrong: however many steps are\n"
                    "made, the rate stays what it was before the first one, to the last digit."
                ),
                "key": (
                    "**The encoder does not learn.** `torch.optim.SGD(decoder.parameters(), ...)` knows the decoder's weights alone.\n"
                    "   The encoder's gradients are computed and never used. So $q$ stays what chance made it, the rate does not\n"
                    "   move, and the bound stops where the best decoder of random codes is."
                ),
            },
            {
                "code": {"coded": "z = (mean + <<sigma>> * eps).detach()"},
                "symptom": (
                    "The table shows that something is wrong: the longer the training,\n"
                    "the smaller is the rate, as if nothing in these pictures were worth a code."
                ),
                "key": (
                    "**The gradient stops at the code.** `.detach()` in the line of `z` cuts the encoder off from the distortion. All it\n"
                    "   hears of is the rate, which is smallest at $\\mu = 0$, $\\sigma = 1$. So the codes forget the picture, the rate\n"
                    "   falls towards 0, and in the end the decoder shows the mean of all pictures."
                ),
            },
        ],
    },
    {
        "right": {
            "scaled": "(2 * std**2)",
            "rated": "0.5 * (<<square>> + mean**2 - 1 <<minus_log_square>>).sum(dim=1)",
        },
        "bugs": [
            {
                "code": {"scaled": "(2 * std)"},
                "key": (
                    "**The standard deviation in place of the variance.** `squares.mean() / (2 * std)`: the squared error of a Gaussian is\n"
                    "   divided by $2\\sigma^2$. Here $\\sigma < 1$, so the squares weigh $\\sigma$ times too little, which is the same as\n"
                    "   $\\beta = 1/\\sigma > 1$: an encoder that learns is taught to say too little. With the constant of $\\sigma^2$\n"
                    "   beside it, the sum is no log-density of anything."
                ),
            },
            {
                "code": {
                    "rated": "0.5 * (<<square>> + mean**2 - 1 <<minus_log_square>>).mean(dim=1)"
                },
                "key": (
                    "**A mean over the latents.** `.mean(dim=1)` in the line of `rate`: the KL of independent dimensions is a sum. The rate\n"
                    "   weighs $K$ times too little, which is the same as $\\beta = 1/K$: with an encoder that learns, the codes wander off from\n"
                    "   the prior, and a draw from the prior decodes to something unlike the data. The reported bound is too high."
                ),
            },
            {
                "code": {"rated": "(<<square>> + mean**2 - 1 <<minus_log_square>>).sum(dim=1)"},
                "key": (
                    "**One half is missing.** In the line of `rate` the sum has to be halved, as the exponent of a Gaussian is. The rate\n"
                    "   weighs twice too much, which is the same as $\\beta = 2$: an encoder that learns is taught to say too little,\n"
                    "   and the reported rate is twice the true one."
                ),
            },
        ],
    },
    {
        "right": {
            "before": "",
            "drawn": "        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n",
        },
        "bugs": [
            {
                "code": {
                    "drawn": "        eps = torch.randn(mean.shape[1], generator=generator, dtype=mean.dtype)\n"
                },
                "key": (
                    "**All pictures share their noise.** `torch.randn(mean.shape[1], ...)` draws $K$ numbers for the whole batch. Every\n"
                    "   $z$ alone has the right distribution, but the average over the pictures no longer averages the noise: gradients\n"
                    "   jump from step to step, and the reported distortion depends on the luck of $K$ numbers."
                ),
            },
            {
                "code": {
                    "before": (
                        "    shape = len(x), decoder.in_features\n"
                        "    eps = torch.randn(shape, generator=generator, dtype=x.dtype)\n"
                    ),
                    "drawn": "",
                },
                "key": (
                    "**The noise is drawn once.** `eps` is made before the loop, and every step uses it again. The bound is an expectation\n"
                    "   over $q$, and a new draw at each step is what estimates it. With one draw for ever, the networks fit these very\n"
                    "   numbers: it is an autoencoder whose codes have a fixed offset each, and its report, with the same numbers, is\n"
                    "   too good."
                ),
            },
            {
                "code": {
                    "drawn": "        eps = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)\n"
                },
                "key": (
                    "**The noise is not Gaussian.** `torch.rand` draws evenly between 0 and 1: the mean is one half and the variance\n"
                    "   $1/12$. So $z$ is no draw from $q$, but lies half a $\\sigma$ beside its mean and in a range that is too\n"
                    "   narrow. The rate in the next lines is that of another distribution, and the distortion comes out too small for it."
                ),
            },
        ],
    },
    {
        "right": {
            "constant": "x.shape[1] / 2 * math.log(2 * math.pi * std**2)",
            "bounded": "-(distortion + rate)",
        },
        "bugs": [
            {
                "code": {"bounded": "-distortion"},
                "key": (
                    "**The report leaves the rate out.** `bound = -distortion` is the expected log-likelihood under $q$. The bound is\n"
                    "   that minus the rate. The training is not touched, but every model looks better than it is, by its rate, and the\n"
                    "   more a model says in its codes, the better it looks."
                ),
            },
            {
                "code": {"constant": "math.log(2 * math.pi * std**2) / 2"},
                "key": (
                    "**The constant of one pixel.** `constant` must have $D/2$ in front, since every pixel has its own normalising constant.\n"
                    "   No gradient passes through it, so the training is not touched. The reported bound is too high by\n"
                    "   $(D - 1)/2 \\cdot \\log(2\\pi\\sigma^2)$, before it is divided by anything: $2\\pi\\sigma^2 > 1$ here."
                ),
            },
            {
                "code": {"constant": "decoder.in_features / 2 * math.log(2 * math.pi * std**2)"},
                "key": (
                    "**The constant counts latents.** `decoder.in_features` is $K$, and the normalising constant belongs to the $D$ pixels.\n"
                    "   No gradient passes through it, so the training is not touched. The reported bound is too high by\n"
                    "   $(D - K)/2 \\cdot \\log(2\\pi\\sigma^2)$, before it is divided by anything: $2\\pi\\sigma^2 > 1$ here."
                ),
            },
        ],
    },
]
