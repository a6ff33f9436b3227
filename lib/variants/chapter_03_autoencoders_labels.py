"""Private variants of chapter 3's homework, task 5: few labels and a reused encoder."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_edits import keywords, retold

PICK = "## Task 5: few labels (4 points)"
REUSE = (
    "Now reuse an encoder. `encoder` is an `nn.Sequential` of linear layers and activations that "
    "returns codes $(n, k)$. Write"
)
MEMBERS = {
    "last frozen": {
        "number": "n_frozen",
        "which": "the **last** `n_frozen` members",
        "told": "whose last n_frozen layers are frozen",
        "rest": "This time the pictures come from another camera, so it is the input's end that must learn again. ",
        "keep": "keep their weights in every training to come; all the rest is free",
        "cut": "layers[len(layers) - n_frozen :].requires_grad_(False)",
    },
    "last free": {
        "number": "n_free",
        "which": "the **last** `n_free` members",
        "told": "whose last n_free layers are free",
        "rest": "",
        "keep": "may still be trained; everything before them keeps its weights in every training to come",
        "cut": "layers[: len(layers) - n_free].requires_grad_(False)",
    },
    "first free": {
        "number": "n_free",
        "which": "the **first** `n_free` members",
        "told": "whose first n_free layers are free",
        "rest": "This time the pictures come from another camera, so it is the input's end that must learn again. ",
        "keep": "may still be trained; everything behind them keeps its weights in every training to come",
        "cut": "layers[n_free:].requires_grad_(False)",
    },
}


def _draw_members(rng: np.random.Generator) -> Values:
    name = str(rng.choice(list(MEMBERS)))
    return {"counts": name} | MEMBERS[name]


REUSED = (
    Cell(
        REUSE,
        r"""
Now reuse an encoder. <<rest>>`encoder` is an `nn.Sequential` of linear layers and activations that returns codes
$(n, k)$. Write `reuse_encoder(encoder, k, n_classes, <<number>>)`, which returns a new `nn.Module`, from pictures
to logits $(n, C)$: the encoder with its trained weights, then one new linear layer, which is always free. Of the
`nn.Sequential`, <<which>> (an activation is a member too) <<keep>>. The `encoder` that you were given must stay
as it is, whatever happens to your classifier: tomorrow somebody compares with it.""",
    ),
    Edit(
        "def reuse_encoder(encoder, k, n_classes, n_frozen):",
        "def reuse_encoder(encoder, k, n_classes, <<number>>):",
    ),
    Edit("whose first n_frozen layers are frozen.", "<<told>>."),
    Solution(
        "reuse",
        """
from copy import deepcopy

layers = deepcopy(encoder)
<<cut>>
return nn.Sequential(layers, nn.Linear(k, n_classes))
""",
    ),
    retold(
        "reuse-part",
        ("n_frozen)", '<<number>>, counts="<<counts>>")'),
        ("for n_frozen in", "for <<number>> in"),
    ),
    retold(
        "reuse-all",
        (
            "# Hidden: nothing frozen, everything frozen, two classes.",
            "# Hidden: none, all, two classes.",
        ),
        ("rng, n_frozen, n_classes)", 'rng, <<number>>, n_classes, counts="<<counts>>")'),
        ("for n_frozen, n_classes in", "for <<number>>, n_classes in"),
        ("(5, 2)]", "(3, 2)]"),
    ),
)


def _draw_share(rng: np.random.Generator) -> Values:
    up = bool(rng.integers(2))
    rounding = {
        "rounded": "up" if up else "down",
        "rounding": "to the next whole number above" if up else "to the next whole number below",
        "round": "np.ceil" if up else "np.floor",
    }
    return _draw_members(rng) | rounding


ENDS = ("np.random.default_rng([SEED, 16]))", "np.random.default_rng([SEED, 17]), tight=True)")

SHARE = Twist(
    5,
    "a share of each class is labelled; other members of the encoder are counted",
    (
        Cell(
            PICK,
            PICK
            + r"""

Write `pick_labelled(y, share, rng)`. `y` is an array $(N,)$ of classes, which are any whole numbers. Somebody can pay
for the labels of a `share` of the examples, a number between 0 and 1, and every class is to get the same share: of a
class with $n$ examples, `share` times $n$, rounded **<<rounded>>** (<<rounding>> if it is no whole number). Return
the row numbers of these examples in one flat array, drawn at random **without replacement** with the NumPy
`Generator` `rng`. All examples of a class have the same chance. Any order will do.""",
        ),
        Edit("def pick_labelled(y, k, rng):", "def pick_labelled(y, share, rng):"),
        Edit(
            '"""Row numbers of k random examples of each class in y."""',
            '"""Row numbers of a share of each class in y, drawn at random."""',
        ),
        Solution(
            "pick",
            """
rows = []
for c in np.unique(y):
    own = np.flatnonzero(y == c)
    rows.append(rng.choice(own, size=int(<<round>>(share * len(own))), replace=False))
return np.concatenate(rows)
""",
        ),
        retold(
            "pick-even",
            ("# Visible: two of each class. Hidden: all of the smallest class.",
             "# Visible: a part of each class. Hidden: all of it."),
            *((end, f'{end[:-1]}, rounded="<<rounded>>")') for end in ENDS),
        ),
        *REUSED,
    ),
    _draw_share,
)  # fmt: skip


def _draw_unknown(rng: np.random.Generator) -> Values:
    return _draw_members(rng) | {"unknown": int(rng.choice([-1, -7, 0, 99, 999]))}


UNKNOWN = Twist(
    5,
    "the class of some examples is not known; other members of the encoder are counted",
    (
        Cell(
            PICK,
            PICK
            + r"""

Write `pick_labelled(y, k, rng)`. `y` is an array $(N,)$ of whole numbers. The number <<unknown>> means that nobody
knows the class of this example; any other number is a class. Return an array of shape $(C, k)$ for the $C$ known
classes, from the smallest number to the largest: row $c$ holds the row numbers in `y` of `k` examples of the $c$-th
class, drawn at random **without replacement** with the NumPy `Generator` `rng`. All examples of a class have the
same chance, and their order in the row is free.""",
        ),
        Edit(
            '"""Row numbers of k random examples of each class in y."""',
            '"""Row numbers (C, k) of k random examples of each known class in y."""',
        ),
        Solution(
            "pick",
            """
classes = np.unique(y[y != <<unknown>>])
return np.array([rng.choice(np.flatnonzero(y == c), size=k, replace=False) for c in classes])
""",
        ),
        *keywords(("pick-even",), ENDS, "unknown=<<unknown>>"),
        *REUSED,
    ),
    _draw_unknown,
)

TWISTS = [SHARE, UNKNOWN]
