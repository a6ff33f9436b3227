"""Twists of task 9 of the homework on pixel models: other bugs in another script."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import numpy as np

from lib.homework_pixel_scans import WORDS
from lib.variants import Cell, Edit, Solution, Twist
from lib.variants.chapter_05_pixel_bugs import BUGS, DRAWING, REPORT, TRAINING
from lib.variants.chapter_05_pixel_scans import pick, scan_values

CROSS = "torch.nn.functional.cross_entropy(logits(x), x)"
#: A script from its parts; `broken` and `mended` differ in these.
SCRIPT = """
def mask(conv, number):
    size = conv.kernel_size[0]
    row, column = np.indices((size, size)) - size // 2
    {later}
    return torch.tensor({shown})

def hide():
    for number, conv in enumerate(convs):
        conv.weight.data *= mask(conv, number)

def logits(x):
    v = {read}
    {centre}for conv in convs[:-1]:
        v = torch.{act}(conv(v))
    return convs[-1](v)

hide()
optimizer = torch.optim.SGD([weight for conv in convs for weight in conv.parameters()], lr=lr)
for _ in range(steps):
    loss = {loss}
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    {again}
with torch.no_grad():
    bits = {bits}
    samples = torch.zeros(u.shape, dtype=torch.long)
    {draw}
return {{"bits": bits.item(), "samples": samples}}
"""
EACH = """for i, j in {places}:
        p = logits(samples)[:, :, i, j].softmax(dim=1)
        samples[:, i, j] = ({level}).long()"""


def script(values: dict[str, Any], bugs: tuple[str, ...] = ()) -> str:
    """The body of the script with these bugs."""
    later = f"later = {values['later']}  # pixels from the centre on"
    if "side" in bugs:
        later = f"later = {values['slow']}  # rows from the centre on"
    shown = "later <= 0" if "first" in bugs else "later <= 0 if number else later < 0"
    if "side" in bugs and "first" not in bugs:
        shown = "(later <= 0) & ((number > 0) | (row != 0) | (column != 0))"
    named = {"u": "u[:, 0, 0]" if "one u" in bugs else "u[:, i, j]", "p": "p"}
    level = values["level"].format(**named)
    level = "p[:, 1] > p[:, 0]" if "sharp" in bugs else level
    places = values["wrong places"] if "order" in bugs else values["places"]
    draw = EACH.format(places=places, level=level)
    if "at once" in bugs:
        draw = "p = logits(samples).softmax(dim=1)\n    samples = "
        draw += f"({values['level'].format(u='u', p='p')}).long()"
    bits = CROSS if "nats" in bugs else f"{CROSS} / math.log(2)"
    if "best" in bugs:
        bits = "-logits(x).log_softmax(dim=1).amax(dim=1).mean() / math.log(2)"
    made = SCRIPT.format(
        later=later,
        shown=shown,
        read=values["read"],
        centre="v = v - v.mean(dim=(2, 3), keepdim=True)  # centred inputs train faster\n    "
        if "centre" in bugs
        else "",
        act=values["act"],
        loss=values["loss"],
        again="" if "once" in bugs else "hide()",
        bits=bits,
        draw=draw,
    )
    return "\n".join(line for line in made.strip("\n").split("\n") if line != "    ")


def drawn_bugs(rng: np.random.Generator, values: dict[str, Any], drawing: list[str]) -> dict:
    """Two bugs of the training, one of the report and one of the drawing, and all they change."""
    training = [TRAINING[k] for k in sorted(rng.permutation(len(TRAINING))[:2])]
    if training == ["once", "centre"]:  # such pictures look right in any order
        drawing = [bug for bug in drawing if bug != "order"]
    bugs = (*training, pick(rng, REPORT), pick(rng, drawing))
    words = [f"{k}. {BUGS[bug].format(**values)}" for k, bug in enumerate(bugs, 1)]
    return values | {
        "bugs": ", ".join(bugs),
        "broken": indent(script(values, bugs), "    ").lstrip(),
        "mended": script(values),
        "words": "\n".join(words),
    }


GIVEN = '''
from lib.homework_pixel_clinic import Patient


def broken_script(x, convs, steps, lr, u):
    """Train convs in place; returns bits per dimension and drawn pictures; four mistakes."""

    <<broken>>


print("            bits per dimension   equal to the left   different pictures")
print("steps   reported   entropy      data   drawn        data   drawn")
for steps in (0, 5, 30):
    patient = Patient(np.random.default_rng([SEED, 20]))
    u = torch.rand(60, 4, 6, generator=torch.Generator().manual_seed(SEED))
    report = broken_script(patient.x, patient.convs, steps, <<lr>>, u)
    bits, entropy, drawn = report["bits"], patient.bits(), report["samples"]
    alike = patient.alike(patient.x), patient.alike(drawn)
    different = len(patient.x.unique(dim=0)), len(drawn.unique(dim=0))
    print(f"{steps:5d} {bits:10.3f} {entropy:9.3f} {alike[0]:9.2f} {alike[1]:7.2f}", end="")
    print(f"{different[0]:12d} {different[1]:7d}")
'''
INTRO = """
## Task 9: bug clinic (6 points)

A colleague trains a PixelCNN on black and white pictures: `convs` is a list of convolutions, the last of which puts out two logits for each pixel. <<reads>> The
script makes `steps` plain gradient steps of size `lr` on all pictures. Then it reports bits per dimension and draws pictures by inverse transform:
a pixel is 1 where <<rule>>.

The function `broken_script` runs without an error. It has **four** mistakes. Run the cell and look at its table. The pictures come from a known source, in which nine of ten
pixels equal their left neighbours. The reported bits fall far below the entropy of that source, which no honest model can do, and the drawn pictures do not look like
the data: neighbours are equal too often or too seldom, or the pictures repeat.
"""
ASKED = """
**a (4 points).** Write `mended_script(x, convs, steps, lr, u)` without the mistakes. `x` has shape $(N, H, W)$ and type `long`, `u` has
shape $(M, H, W)$. Train `convs` in place with plain gradient steps (`torch.optim.SGD` without momentum) on all pictures; the loss is <<told loss>>. The network reads
<<told read>>, applies <<told act>> between its layers, and needs mask A in the first layer and mask B in all others<<told order>>. Return a dictionary with the
keys `"bits"`, of the pictures `x` after training, and `"samples"`, whole numbers $(M, H, W)$. Weights that a mask
hides may be anything in the end, as long as the report does not use them.
""".replace("<<told ", "<<told_")
WORDS_KEY = """
<<words>>

These are the effects of one mistake alone. With a leak in the training as well, the drawn pictures of the table are often nearly all black: a pixel
that has learnt to look at itself, or at later ones, finds the empty picture there. An answer that says so is right, too.

**Rubric.** Half a point for each mistake with its line, its reason and its effect. A mistake with the wrong effect or without a
reason: a quarter of a point. Only the mended lines, without words: nothing.
"""
GIVEN_A = (
    "**a (4 points).** Write `mended_script(x, convs, steps, lr, u)` without the mistakes. `x` has "
    "shape $(N, H, W)$ and type `long`, `u` has"
)


def clinic_edits(told: str) -> tuple[Edit | Solution | Cell, ...]:
    """All cells of the task; `told` are more arguments of the tests."""
    return (
        Cell("## Task 9: bug clinic (6 points)", INTRO),
        Cell("clinic-given", GIVEN),
        Cell(GIVEN_A, ASKED),
        Solution("clinic", "<<mended>>"),
        Solution("clinic-words", WORDS_KEY),
        Edit(
            "check_script(mended_script, rng, steps)",
            f"check_script(mended_script, rng, steps, {told})",
        ),
        Edit("check_script(mended_script, rng, 0)", f"check_script(mended_script, rng, 0, {told})"),
        Edit("(5, 5), (5, 3, 3, 1))", f"(5, 5), (5, 3, 3, 1), {told})"),
    )


def other_order(rng: np.random.Generator) -> dict[str, Any]:
    """A model that reads its rows from the right."""
    values = scan_values(rng, ("left down", "left up"))
    return drawn_bugs(
        rng,
        values
        | {
            "reads": f"Its pixels are read and drawn **{WORDS[values['scan']]}**.",
            "rule": "`u` is not less than the probability of 0",
            "read": "2.0 * x[:, None].double() - 1  # black is -1, white is 1",
            "act": "relu",
            "loss": CROSS,
            "lr": "0.5",
            "level": "{u} >= {p}[:, 0]",
            "places": "sorted(np.ndindex(*u.shape[1:]), key=lambda place: "
            + values["place_key"]
            + ")",
            "wrong places": "np.ndindex(*u.shape[1:])",
            "side_words": "left",
            "told_loss": "the mean cross-entropy of\na pixel",
            "told_read": "$2x - 1$",
            "told_act": "ReLU",
            "told_order": f", both for pictures that are read\n{WORDS[values['scan']]}",
        },
        DRAWING,
    )


def other_network(rng: np.random.Generator) -> dict[str, Any]:
    """Raster order, but another activation, another input, another loss, another rule for u."""
    low = pick(
        rng,
        [
            (0.0, "x[:, None].double()  # black is 0, white is 1", "`x` as it is"),
            (-0.5, "1.5 * x[:, None].double() - 0.5  # black is -1/2, white is 1", "$1.5 x - 0.5$"),
        ],
    )
    rule = pick(
        rng,
        [
            (True, "`u` is less than the probability of 1", "{u} < {p}[:, 1]"),
            (False, "`u` is not less than the probability of 0", "{u} >= {p}[:, 0]"),
        ],
    )
    values = {
        "slow": "row",
        "later": "row * size + column",
        "low": low[0],
        "ones_first": rule[0],
        "reads": "Its pixels are read and drawn in\nraster order.",
        "rule": rule[1],
        "read": low[1],
        "act": "tanh",
        "loss": CROSS.replace(", x)", ', x, reduction="sum") / len(x)'),
        "lr": "0.5 / 24",
        "level": rule[2],
        "places": "np.ndindex(*u.shape[1:])",
        "wrong places": "",
        "side_words": "right",
        "told_loss": "the cross-entropy, **summed**\nover the pixels of a picture and averaged over "
        "the pictures",
        "told_read": low[2],
        "told_act": "tanh",
        "told_order": "",
    }
    return drawn_bugs(rng, values, [bug for bug in DRAWING if bug != "order"])


OTHER_ORDER = Twist(
    9,
    "the pictures are read from the right; other bugs",
    clinic_edits('scan="<<scan>>"'),
    other_order,
)

OTHER_NETWORK = Twist(
    9,
    "another input, activation and loss; other bugs",
    clinic_edits('low=<<low>>, act="tanh", summed=True, ones_first=<<ones_first>>'),
    other_network,
)

TWISTS = [OTHER_ORDER, OTHER_NETWORK]
