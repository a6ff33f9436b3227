"""Twists of chapter 4's task 4: other pixels, other spreads, other goals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Edit, Solution, Twist
from lib.variants.chapter_04_vae_codes import asked, draw_width

DECODERS = """\
Two decoders. The first puts out a logit for each pixel, and the pixel is 1 with probability
$1 / (1 + e^{-\\text{logit}})$, else 0. The second puts out the mean of each pixel, and the pixel is that
plus Gaussian noise of one fixed standard deviation `std`.

Write `log_bernoulli(x, logits)` and `log_gaussian(x, mean, std)`. Tensors have shape $(N, D)$, `std` is a number."""
PAIR = "- `encode(x)` returns the pair `(mean, s)`, each of shape $(N, K)$. `decode(z)` returns the logits, $(N, D)$."
TRIPLE = "- Return the triple `(loss, distortion, rate)`:"
MINIMISED = (
    "The loss is what an optimiser is to **minimise**, with $\\beta$ as the weight of the rate."
)
BLACK_AND_WHITE = "Now the loss, for black and white pictures."
BERNOULLI_DOC = '"""log p(x | z) of black and white pictures x (N, D), in nats: (N,)."""'
GAUSSIAN_DOC = (
    '"""log p(x | z) of grey pictures x (N, D) with noise of standard deviation std: (N,)."""'
)
LOSS_DOC = '"""Loss, distortion and rate of a batch, in nats per picture."""'
BERNOULLI = (
    "check_bernoulli(log_bernoulli, rng, n, d{})",
    "check_bernoulli(log_bernoulli, rng, n, d, scale=1000{})",
)
GAUSSIAN = (
    "check_gaussian(log_gaussian, rng, n, d{})",
    "check_gaussian(log_gaussian, rng, d=d, low=low{})",
)
LOSS = ("check_loss(vae_loss, rng{})", "check_loss(vae_loss, rng, d, k{})")
SPREADS = {
    "precision": ("the precision of the noise, 1 over its variance", "1 / precision"),
    "log_std": ("the logarithm of the noise's standard deviation", "{}.exp(2 * log_std)"),
    "log_variance": ("the logarithm of the noise's variance", "{}.exp(log_variance)"),
    "log_precision": ("minus the logarithm of the noise's variance", "{}.exp(-log_precision)"),
}


def asked_about(pixels: str, goal: str, of_gaussian: str) -> tuple[Edit, ...]:
    """The tests of the task with other pixels, another goal and another spread."""
    models, loss = "from lib.homework_vae_models import", "from lib.homework_vae_loss import"
    starts = [f"def test_loss_{name}():\n    {loss} " for name in ("batch", "shapes")]
    seeds = [f"    rng = np.random.default_rng([SEED, {seed}])" for seed in (12, 16, 17)]
    told = [f"    pixels = {pixels}\n", f"    pixels, goal = {pixels}, {goal}\n"]
    return (
        Edit(f"{models} check_bernoulli", f"{models} Pixels, check_bernoulli"),
        *(
            Edit(f"{start}check_loss", f"{start}Goal, check_loss\n    {models} Pixels")
            for start in starts
        ),
        *(Edit(seed, told[k > 0] + seed) for k, seed in enumerate(seeds)),
        *asked(BERNOULLI, ", pixels=pixels"),
        *asked(GAUSSIAN, of_gaussian),
        *asked(LOSS, ', pixels=pixels, width="<<width>>", goal=goal'),
    )


def draw_spread(rng: np.random.Generator, module: str) -> dict[str, str]:
    """What the third argument of `log_gaussian` is."""
    name = rng.choice(list(SPREADS))
    words, variance = SPREADS[name]
    return {"spread": str(name), "spread_is": words, "variance": variance.format(module)}


FACTORS = {
    "1": {
        "factor": "",
        "odds": "$1 / (1 + e^{-a})$",
        "named": "Its number $a$ is the logit of white.",
    },
    "2": {
        "factor": "2 * ",
        "odds": "$1 / (1 + e^{-2a})$",
        "named": "Its number $a$ is half of the logit, as in a model of magnets.",
    },
    "-1": {
        "factor": "-",
        "odds": "$1 / (1 + e^{a})$",
        "named": "Its number $a$ is the logit of black.",
    },
}


def draw_spins(rng: np.random.Generator) -> dict[str, Any]:
    """What the logit is, the spread of grey pixels, and what s is."""
    value = str(rng.choice(list(FACTORS)))
    return {**FACTORS[value], "value": value, **draw_spread(rng, "math"), **draw_width(rng)}


SPIN = "Pixels(signed=True, factor=<<value>>)"
SPINS = Twist(
    4,
    "pixels are -1 or 1; another spread; a value to be maximised with beta at the distortion",
    (
        Edit(
            DECODERS,
            "Two decoders. The first is for pixels that are $1$ (white) or $-1$ (black). It puts out a number $a$ for\n"
            "each pixel, and the pixel is 1 with probability <<odds>>, else $-1$. <<named>>\n"
            "The second puts out the mean of each pixel, and the pixel is that plus Gaussian noise. Its spread is one\n"
            "fixed number, `<<spread>>`: <<spread_is>>.\n\n"
            "Write `log_bernoulli(x, logits)` and `log_gaussian(x, mean, <<spread>>)`. Tensors have shape $(N, D)$, `logits`\n"
            "holds the $a$, and `<<spread>>` is a Python number.",
        ),
        Edit("Logits can be large:", "The $a$ can be large:"),
        Edit(
            BERNOULLI_DOC,
            '"""log p(x | z) of pictures x (N, D) with pixels -1 and 1, in nats: (N,)."""',
        ),
        Solution(
            "bernoulli", "return torch.nn.functional.logsigmoid(<<factor>>x * logits).sum(dim=1)"
        ),
        Edit("def log_gaussian(x, mean, std):", "def log_gaussian(x, mean, <<spread>>):"),
        Edit(GAUSSIAN_DOC, '"""log p(x | z) of grey pictures x (N, D), in nats: (N,)."""'),
        Solution(
            "gaussian",
            "variance = <<variance>>\n"
            "constant = x.shape[1] / 2 * math.log(2 * math.pi * variance)\n"
            "return -((x - mean) ** 2).sum(dim=1) / (2 * variance) - constant",
        ),
        Edit(
            BLACK_AND_WHITE, "Now the goal of the training, for pictures with pixels $-1$ and $1$."
        ),
        Edit(
            PAIR,
            "- `encode(x)` returns the pair `(mean, s)`, each of shape $(N, K)$, where `s` is <<is>>.\n"
            "  `decode(z)` returns the $a$ of part a, $(N, D)$.",
        ),
        Edit(TRIPLE, TRIPLE.replace("loss", "value")),
        Edit(
            MINIMISED,
            "The value is what an optimiser is to **maximise**: minus the rate, and minus $\\beta$ times the\n"
            "  distortion. So a large $\\beta$ asks for good reconstructions, whatever they cost.",
        ),
        Edit(LOSS_DOC, '"""Value, distortion and rate of a batch, in nats per picture."""'),
        Solution(
            "loss",
            "mean, s = encode(x)\n"
            "eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n"
            "logits = decode(mean + <<sigma>> * eps)\n"
            "distortion = -torch.nn.functional.logsigmoid(<<factor>>x * logits).sum(dim=1).mean()\n"
            "rate = 0.5 * (<<square>> + mean**2 - 1 <<minus_log_square>>).sum(dim=1).mean()\n"
            "return -(beta * distortion + rate), distortion, rate",
        ),
        *asked_about(SPIN, 'Goal("value")', ', spread="<<spread>>"'),
    ),
    draw_spins,
)

GOALS = {
    "capacity": {
        "goal": "capacity",
        "goal_is": (
            "The loss is what an optimiser is to **minimise**. It wants a rate of $C = <<level>>$ nats, neither more nor\n"
            "  less: it is the distortion plus $\\beta$ times the distance $|\\text{rate} - C|$."
        ),
        "rates": "rate = each.sum(dim=1).mean()",
        "loss": "distortion + beta * torch.abs(rate - <<level>>)",
    },
    "free": {
        "goal": "free",
        "goal_is": (
            "The loss is what an optimiser is to **minimise**. It has *free bits*: average the rate of each latent\n"
            "  variable over the batch, raise it to $\\lambda = <<level>>$ nats if it is smaller, and add these $K$ numbers. The\n"
            "  loss is the distortion plus $\\beta$ times that sum. The rate that you return stays the exact KL."
        ),
        "rates": "rates = each.mean(dim=0)  # (K,)\nrate = rates.sum()",
        "loss": "distortion + beta * torch.clamp(rates, min=<<level>>).sum()",
    },
}


def draw_counts(rng: np.random.Generator) -> dict[str, Any]:
    """How many grey levels, the spread of each pixel, the goal, and what s is."""
    kind = str(rng.choice(list(GOALS)))
    level = rng.choice([1.0, 2.0, 3.0, 4.0] if kind == "capacity" else [0.25, 0.5, 0.75, 1.0])
    filled = {k: v.replace("<<level>>", f"{level:g}") for k, v in GOALS[kind].items()}
    tosses = int(rng.choice([2, 3, 4, 5, 7, 8, 15]))
    return {
        **draw_width(rng),
        **draw_spread(rng, "torch"),
        **filled,
        "level": f"{level:g}",
        "tosses": tosses,
        "levels": tosses + 1,
    }


COUNTED = "Pixels(levels=<<tosses>>)"
COUNTS = Twist(
    4,
    "grey levels are numbers of heads; a spread for each pixel; a capacity or free bits",
    (
        Edit(
            DECODERS,
            "Two decoders for grey pictures. The first knows <<levels>> grey levels, $x \\in \\{0, 1, \\dots, <<tosses>>\\}$. It puts out a\n"
            "logit for each pixel. The pixel is the number of heads in <<tosses>> tosses of a coin that shows heads with\n"
            "probability $1 / (1 + e^{-\\text{logit}})$: a sum of <<tosses>> independent Bernoulli variables, whose order nobody\n"
            "knows. The second puts out the mean and the spread of each pixel, and the pixel is Gaussian.\n\n"
            "Write `log_bernoulli(x, logits)` and `log_gaussian(x, mean, <<spread>>)`. All tensors have shape $(N, D)$, also\n"
            "`<<spread>>`: <<spread_is>>, one for each pixel.",
        ),
        Edit(
            "sure of a pixel and wrong must pay a finite price.",
            "sure of a pixel and wrong must pay a finite price. `torch.lgamma(n + 1)` is $\\log n!$ for tensors, `math.lgamma`\n"
            "for numbers.",
        ),
        Edit(
            BERNOULLI_DOC,
            '"""log p(x | z) of pictures x (N, D) with levels 0 .. <<tosses>>, in nats: (N,)."""',
        ),
        Solution(
            "bernoulli",
            "n, logsigmoid = <<tosses>>, torch.nn.functional.logsigmoid\n"
            "ways = math.lgamma(n + 1) - torch.lgamma(x + 1) - torch.lgamma(n - x + 1)\n"
            "return (ways + x * logsigmoid(logits) + (n - x) * logsigmoid(-logits)).sum(dim=1)",
        ),
        Edit("def log_gaussian(x, mean, std):", "def log_gaussian(x, mean, <<spread>>):"),
        Edit(
            GAUSSIAN_DOC,
            '"""log p(x | z) of grey pictures x (N, D), each pixel with its own noise: (N,)."""',
        ),
        Solution(
            "gaussian",
            "variance = <<variance>>  # (N, D)\n"
            "exponent = -((x - mean) ** 2) / (2 * variance)\n"
            "return (exponent - 0.5 * torch.log(2 * math.pi * variance)).sum(dim=1)",
        ),
        Edit(BLACK_AND_WHITE, "Now the loss, for pictures of <<levels>> grey levels."),
        Edit(
            PAIR,
            "- `encode(x)` returns the pair `(mean, s)`, each of shape $(N, K)$, where `s` is <<is>>.\n"
            "  `decode(z)` returns the logits of part a, $(N, D)$.",
        ),
        Edit(MINIMISED, "<<goal_is>>"),
        Solution(
            "loss",
            "mean, s = encode(x)\n"
            "eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)\n"
            "logits = decode(mean + <<sigma>> * eps)\n"
            "n, logsigmoid = <<tosses>>, torch.nn.functional.logsigmoid\n"
            "ways = math.lgamma(n + 1) - torch.lgamma(x + 1) - torch.lgamma(n - x + 1)\n"
            "log_p = ways + x * logsigmoid(logits) + (n - x) * logsigmoid(-logits)\n"
            "distortion = -log_p.sum(dim=1).mean()\n"
            "each = 0.5 * (<<square>> + mean**2 - 1 <<minus_log_square>>)  # (N, K)\n"
            "<<rates>>\n"
            "return <<loss>>, distortion, rate",
        ),
        *asked_about(
            COUNTED, 'Goal("<<goal>>", <<level>>)', ', spread="<<spread>>", of_pixels=True'
        ),
    ),
    draw_counts,
)
