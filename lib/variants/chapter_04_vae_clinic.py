"""Twists of chapter 4's tasks 7 and 8: another training run, other bugs."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_04_vae_bugs import DECLARED, GIVEN, GROUPS, KEY, UNITS
from lib.variants.chapter_04_vae_codes import WIDTHS, draw_width

PAIR = "- `encode(x)` returns the pair `(mean, s)`, each of shape $(N, K)$;"
TRAINS = """\
Write `train_toy(x, k, std, generator)`, which trains a VAE with `k` latent variables and a
Gaussian decoder whose noise is `std`, fixed. `x` is a tensor of shape $(N, 8)$ and type `float32`. Return two
functions:"""
IMPORT = "    from lib.homework_vae_training import check_training"
CALLS = (
    "check_training(train_toy, np.random.default_rng([SEED, 24]){})",
    "check_training(train_toy, np.random.default_rng([SEED, 25]){})",
)
NETWORKS = """\
d, hidden = x.shape[1], 32
nn = torch.nn
encoder = nn.Sequential(nn.Linear(d, hidden), nn.Tanh(), nn.Linear(hidden, 2 * k))
decoder = nn.Sequential(nn.Linear(k, hidden), nn.Tanh(), nn.Linear(hidden, d))
"""
STEPS = """\
steps = 400
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()<<more>>], lr=0.03)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
for _ in range(steps):
    mean, s = encoder(x).chunk(2, dim=1)
    z = <<mean>> + <<sigma>> * torch.randn(mean.shape, generator=generator)
<<distortion>>
<<rate>>
    loss = (distortion + rate).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
"""
#: Means and standard deviations of priors that N(0, 1) misses by more than 2 nats.
PRIORS = [
    (4, 2),
    (-4, 2),
    (5, 2),
    (-5, 2),
    (6, 3),
    (-6, 3),
    (5, 2.5),
    (-5, 2.5),
    (4, 1.5),
    (-4, 1.5),
]


def planned(plan: str) -> tuple[Edit, ...]:
    """The tests of task 7 with a plan."""
    starts = [f"def test_training_{name}():\n{IMPORT}" for name in ("curve", "again")]
    imports = [Edit(start, start.replace("import", "import Plan,")) for start in starts]
    calls = [Edit(c.format(""), f"plan = Plan({plan})\n    {c.format(', plan')}") for c in CALLS]
    return (*imports, *calls)


def draw_prior(rng: np.random.Generator) -> dict[str, Any]:
    """The prior of the code, and what s is."""
    centre, tau = PRIORS[rng.integers(len(PRIORS))]
    return {**draw_width(rng), "centre": centre, "tau": tau}


PRIOR = Twist(
    7,
    "another prior, another second output of the encoder",
    (
        Edit(
            TRAINS,
            "The prior of this task is $p(z) = \\mathcal{N}(c, \\tau^2 I)$ with $c = <<centre>>$, for every latent variable, and\n"
            "$\\tau = <<tau>>$.\n\n" + TRAINS,
        ),
        Edit(PAIR, PAIR.replace(";", ",\n  where `s` is <<is>>;")),
        Edit(
            "One hidden layer of 32 units, `Adam` and 400 steps\non all pictures at once are enough,",
            "One hidden layer of 32 units, `Adam` and 400 steps\non all pictures at once are enough if the codes start near the prior,",
        ),
        Solution(
            "training",
            NETWORKS
            + "centre, tau = <<centre>>, <<tau>>  # of the prior\n"
            + STEPS.replace("<<more>>", "")
            .replace("<<mean>>", "mean")
            .replace(
                "<<distortion>>",
                "    distortion = ((x - decoder((z - centre) / tau)) ** 2).sum(dim=1) / (2 * std**2)",
            )
            .replace("    mean, s = encoder(x).chunk(2, dim=1)", "    mean, s = encode(x)")
            .replace(
                "steps = 400\n",
                "\ndef encode(x):\n    mean, s = encoder(x).chunk(2, dim=1)\n    return centre + tau * mean, s  # starts near the prior\n\nsteps = 400\n",
            )
            .replace(
                "<<rate>>",
                "    ratio = (<<square>> + (mean - centre) ** 2) / tau**2\n"
                "    rate = 0.5 * (ratio - 1 <<minus_log_square>> + math.log(tau**2)).sum(dim=1)",
            )
            + "return encode, lambda z: decoder((z - centre) / tau)",
        ),
        *planned('width="<<width>>", prior_mean=<<centre>>, prior_std=<<tau>>'),
    ),
    draw_prior,
)

LEARNED = Twist(
    7,
    "the noise of the pictures is not known and is learnt",
    (
        Edit(
            "with Gaussian noise of a known\nstandard deviation.",
            "with Gaussian noise whose standard\ndeviation nobody tells you: it is the same for all pixels, and between 0.2 and 0.4.",
        ),
        Edit(
            TRAINS,
            "Write `train_toy(x, k, generator)`, which trains a VAE with `k` latent variables and a\n"
            "Gaussian decoder. Its noise has one standard deviation, a number that is learnt together with the weights. `x` is\n"
            "a tensor of shape $(N, 8)$ and type `float32`. Return two functions and a number, `(encode, decode, std)`:",
        ),
        Edit(PAIR, PAIR.replace(";", ",\n  where `s` is <<is>>;")),
        Edit(
            "- `decode(z)` returns the mean of $p(x \\mid z)$, shape $(N, 8)$.",
            "- `decode(z)` returns the mean of $p(x \\mid z)$, shape $(N, 8)$;\n"
            "- `std` is the standard deviation of the noise that was learnt.",
        ),
        Edit("def train_toy(x, k, std, generator):", "def train_toy(x, k, generator):"),
        Edit(
            "returns encode: x -> (mean, s) and decode: z -> mean of x.",
            "returns encode: x -> (mean, s), decode: z -> mean of x, std.",
        ),
        Edit(
            "it computes your bound\nwithout sampling,",
            "it computes your bound\nwith your noise, without sampling,",
        ),
        Solution(
            "training",
            NETWORKS
            + "log_std = torch.zeros((), requires_grad=True)\n"
            + STEPS.replace("<<more>>", ", log_std")
            .replace("<<mean>>", "mean")
            .replace(
                "<<distortion>>",
                "    squares = ((x - decoder(z)) ** 2).sum(dim=1)\n"
                "    # Its constant belongs to the loss now: without it the noise would grow for ever.\n"
                "    distortion = squares / (2 * torch.exp(2 * log_std)) + d * log_std",
            )
            .replace(
                "<<rate>>",
                "    rate = 0.5 * (<<square>> + mean**2 - 1 <<minus_log_square>>).sum(dim=1)",
            )
            + "return lambda x: encoder(x).chunk(2, dim=1), decoder, log_std.exp().item()",
        ),
        *planned('width="<<width>>", learned=True'),
    ),
    draw_width,
)

SIDE_BY_SIDE = """\
The
encoder puts out mean and log-variance side by side, the decoder's noise `std` is fixed. After training, the script
reports how good the model is, with one more code for each picture."""
SYMPTOM = """\
The table shows that something is wrong. Even
before the first step, the reported log-likelihood lies above the best value that *any* linear decoder can reach on
these pictures, and then it climbs."""
HALVES = {
    False: ("mean, s", "`mean` and `s` side by side"),
    True: ("s, mean", "`s` and `mean` side by side, in this order"),
}
#: What the encoder puts out, never as in the public homework: (what s is, whether s comes first).
OUTPUTS = [
    (width, first)
    for width in ("log-variance", "log-std", "log-precision")
    for first in (False, True)
    if first or width != "log-variance"
]


def draw_bugs(rng: np.random.Generator) -> dict[str, Any]:
    """What the encoder puts out, the unit of the report, and one bug of each group."""
    name, first = OUTPUTS[rng.integers(len(OUTPUTS))]
    split, halves = HALVES[first]
    unit = UNITS[rng.integers(len(UNITS))]
    right = {part: value for group in GROUPS for part, value in group["right"].items()}
    bugs = [group["bugs"][rng.integers(len(group["bugs"]))] for group in GROUPS]
    wrong = {part: value for bug in bugs for part, value in bug["code"].items()}
    values = {**WIDTHS[name], "split": split, "halves": halves, "s_first": first, **unit}
    order = rng.permutation(len(bugs))
    lines = [f"{k + 1}. {bugs[i]['key']}" for k, i in enumerate(order)]
    filled = {name: _filled(text, values) for name, text in {**right, **wrong}.items()}
    return {
        **values,
        **filled,
        "symptom": bugs[0]["symptom"],
        "mistakes": _filled("\n".join(lines), values),
    }


def _filled(text: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace(f"<<{name}>>", str(value))
    return text


TOLD = 'Script(width="<<width>>", s_first=<<s_first>>, unit="<<unit>>")'
BUGS = Twist(
    8,
    "other bugs, another order and meaning of the encoder's output, another unit of the report",
    (
        Edit(
            SIDE_BY_SIDE,
            "The\nencoder puts out <<halves>>, and `s` is <<is>>. The\n"
            "decoder's noise `std` is fixed. After training, the script reports how good the model is, in <<unit>>, with one\n"
            "more code for each picture.",
        ),
        Edit(SYMPTOM, "<<symptom>> The report itself\nis wrong as well: do not trust its numbers."),
        Cell("clinic-given", GIVEN),
        Edit(
            "averages in nats per picture, with all constants.",
            "averages in **<<unit>>**, with all constants.",
        ),
        Edit(
            DECLARED,
            "The\nencoder's output, `std` and the unit are as above. The bound is the distortion and the\nrate put together, with the right signs.",
        ),
        Solution("clinic", KEY),
        Edit(
            "from lib.homework_vae_clinic import check_steps",
            "from lib.homework_vae_clinic import Script, check_steps",
        ),
        Edit(
            "from lib.homework_vae_clinic import check_report",
            "from lib.homework_vae_clinic import Script, check_report",
        ),
        *(
            Edit(seed, f"    script = {TOLD}\n{seed}")
            for seed in (f"    rng = np.random.default_rng([SEED, {k}])" for k in (27, 28))
        ),
        Edit(
            "check_steps(mended_script, rng, steps)",
            "check_steps(mended_script, rng, steps, script)",
        ),
        Edit("check_report(mended_script, rng)", "check_report(mended_script, rng, script)"),
        Solution(
            "clinic-words",
            "<<mistakes>>\n\n"
            "**Rubric.** Half a point for each mistake with its line, its reason and its effect. A mistake with the wrong effect or\n"
            "without a reason: a quarter of a point. Only the mended lines, without words: nothing. A line that is right and is\n"
            "called wrong (the order of the encoder's output, the scale of the noise, the sign of the rate): minus a quarter, down\n"
            "to nothing.",
        ),
    ),
    draw_bugs,
)
