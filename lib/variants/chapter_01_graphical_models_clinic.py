"""Task 7 of the homework on graphical models: a denoiser with three mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

#: A mistake: what it changes in the code, and what the key says about it.
Mistake = tuple[Mapping[str, str], str]

STEPS = {
    "copy": "y.copy()",
    "sweeps": "n_sweeps",
    "seen": "x",
    "rows": "range(n_rows)",
    "columns": "range(n_columns)",
    "near": "[(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]",
    "data": "y[r, c]",
    "less": "<",
}
#: Mistakes that exclude each other, and those that anybody can see in the printed energies.
APART = [{"wrap", "four", "border"}, {"own", "in place"}, {"inside", "border"}]
SEEN = {"sign", "short"}
PUBLIC = {"sign", "all at once", "wrap"}

COMMON: dict[str, Mistake] = {
    "all at once": (
        {"seen": "x.copy()"},
        """**All pixels at once** (`seen = x.copy()`). Every pixel answers to the old values of its
   neighbours, so two neighbours can swap and each spoils the other's choice. Alone, it makes the
   energy rise now and then, or flicker for ever between two pictures: a checkerboard with a large
   $\\beta$ and a small $\\eta$ inverts itself at each sweep.""",
    ),
    "own": (
        {"data": "x[r, c]"},
        """**The data term reads $x$** (`x[r, c]` after `eta`, where `y[r, c]` belongs). A pixel is
   held by what it is, not by what was observed. Alone, it leaves the first sweep right, and no
   sweep raises the energy; but a pixel that was changed once hardly ever goes back, so single flips
   that would lower the energy can remain after the last sweep.""",
    ),
    "half": (
        {"near": "[(r - 1, c), (r, c - 1)]"},
        """**Two neighbours are missing** (`near`). Only the pixels above and on the left are looked at,
   and the energy has a pair with those below and on the right too. Alone, it makes $\\beta$ count
   half: wrong pixels stay, a sweep can raise the energy, and single flips that would lower it
   remain after the last sweep.""",
    ),
    "short": (
        {"sweeps": "1, n_sweeps"},
        """**One sweep too few** (`range(1, n_sweeps)` has $n - 1$ members). Alone, it leaves the picture
   as it is after "1 sweep": the first two energies are equal although flips would lower them, and
   each later line shows what the one before it should.""",
    ),
    "in place": (
        {"copy": "y"},
        """**No copy** (`x = y`). The function changes the noisy picture itself, so the data term compares
   $x$ with $x$, and the first call spoils the picture for all later ones. Alone, it makes the
   energies too low, because `energy` finds no pixel that differs from `noisy`, and each call goes
   on where the last one ended.""",
    ),
    "border": (
        {"rows": "range(1, n_rows - 1)", "columns": "range(1, n_columns - 1)"},
        """**The border is never visited** (`range(1, ...)`). The first and last row and column keep the
   values of $y$. Alone, it leaves all the noise there, and a single flip at the border can lower the
   energy after the last sweep; a picture of one or two rows does not change at all.""",
    ),
}


def drawn(
    mistakes: Mapping[str, Mistake], base: Mapping[str, str]
) -> Callable[[np.random.Generator], Values]:
    """A function that draws three mistakes, one of them easy to see; `base`: the right code."""

    def draw(rng: np.random.Generator) -> Values:
        while True:
            names = [str(name) for name in rng.permutation(list(mistakes))[:3]]
            apart = all(len(group & set(names)) < 2 for group in APART)
            if apart and SEEN & set(names) and set(names) != PUBLIC:
                break
        names.sort(key=list(mistakes).index)
        words = {
            place: mistakes[n][1] for place, n in zip(("one", "two", "three"), names, strict=True)
        }
        wrong = {slot: code for name in names for slot, code in mistakes[name][0].items()}
        return {**STEPS, **base, **wrong, **words}

    return draw


KEY = """1. <<one>>
2. <<two>>
3. <<three>>

**Rubric.** 2 points: all three, each with its reason and its symptom. 1.5 points: all three, one
symptom missing or wrong. 1 point: two mistakes with reasons, or three without reasons.
0.5 points: one mistake with its reason. A list of changed lines without a reason is not a diagnosis."""
WORDS = Cell("clinic-words", f"<!-- BEGIN SOLUTION -->\n{KEY}\n<!-- END SOLUTION -->")
TOUCH = (
    "where the middle sum takes each pair of pixels that touch in a row or in a column once. ICM visits the pixels\n"
    "and gives each the value of lower energy, the others held fixed (on a tie, either value)."
)
ENERGY = (
    r"$$E(x, y) = h \sum_i x_i - \beta \sum_{(i, j)} x_i x_j - \eta \sum_i x_i y_i$$ (eq-hw-energy)"
)
PIXELS = "Pixels are $-1$ or $+1$; $y$ is the noisy\npicture and $x$ the restored one."
START = '''def icm(y, h, beta, eta, n_sweeps):
    """Restored picture after `n_sweeps` sweeps of ICM from x = y."""
    ### BEGIN SOLUTION
    x = y.copy()
    n_rows, n_columns = x.shape
    for _ in range(n_sweeps):
        for r, c in product(range(n_rows), range(n_columns)):
'''
LOOP = """noisy = noisy_disc(np.random.default_rng([SEED, 12]))
for n_sweeps in range(6):
    x = icm_broken(noisy, <<field>>, n_sweeps)
    print(f"after {n_sweeps} sweeps: energy {energy(x, noisy, <<field>>):8.1f}")"""

ZERO_ONE_MISTAKES: dict[str, Mistake] = {
    "sign": (
        {"less": ">"},
        """**The sign** (`price > 0`). The price is $E(x_i = 1) - E(x_i = 0)$, so a pixel must become 1 when
   it is negative. Alone, it makes every pixel choose the worse value: the energy rises in the
   first sweep.""",
    ),
    "wrap": (
        {"inside": "", "pixel": "seen[u % n_rows, v % n_columns]"},
        """**The border** (`%`). The indices wrap round: the top row sees the bottom row. The energy has no
   such pairs. Alone, it puts wrong pixels along a border when the opposite border looks different,
   and a single flip there can lower the energy after the last sweep.""",
    ),
    "four": (
        {"count": "4"},
        """**Neighbours that do not exist** (`4 - 2 * sum(near)`). A pixel at the border has three
   neighbours, in a corner two, and 4 counts the missing ones as zeros. Alone, it makes a 1 too dear
   along the border, so the picture frays into zeros there, and a single flip at the border can
   lower the energy after the last sweep.""",
    ),
    **COMMON,
}


BASE = {
    "inside": " if 0 <= u < n_rows and 0 <= v < n_columns",
    "pixel": "seen[u, v]",
    "count": "len(near)",
    "field": "0.2, 1.0, 1.5",
}

ZERO_ONE = Twist(
    7,
    "pixels 0 and 1, prices for pixels that differ, other mistakes",
    (
        Edit(PIXELS, "Pixels are 0 or 1; $y$ is the noisy\npicture and $x$ the restored one."),
        Edit(
            ENERGY,
            r"$$E(x, y) = h \sum_i x_i + \beta \sum_{(i, j)} |x_i - x_j| + \eta \sum_i |x_i - y_i|$$ (eq-hw-energy)",
        ),
        Cell(
            "clinic-given",
            '''def energy(x, y, h, beta, eta):
    """Energy of the picture x given the noisy picture y, pixels 0 and 1."""
    unlike = abs(x[1:] - x[:-1]).sum() + abs(x[:, 1:] - x[:, :-1]).sum()
    return h * x.sum() + beta * unlike + eta * abs(x - y).sum()


def icm_broken(y, h, beta, eta, n_sweeps):
    """ICM with three mistakes."""
    x = <<copy>>
    n_rows, n_columns = x.shape
    for _ in range(<<sweeps>>):
        seen = <<seen>>
        for r, c in product(<<rows>>, <<columns>>):
            near = <<near>>
            near = [<<pixel>> for u, v in near<<inside>>]
            price = h + beta * (<<count>> - 2 * sum(near)) + eta * (1 - 2 * <<data>>)
            x[r, c] = 1 if price <<less>> 0 else 0
    return x


def noisy_disc(rng, size=12, flip=0.15):
    """Half a disc of ones at the right border; a share `flip` of all pixels is wrong."""
    rows, columns = np.mgrid[:size, :size] / size
    clean = np.where((rows - 0.5) ** 2 + (columns - 1) ** 2 < 0.25, 1, 0)
    return np.where(rng.random(clean.shape) < flip, 1 - clean, clean)


'''
            + LOOP,
        ),
        Cell(
            "clinic",
            START
            + """            near = [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
            near = [x[u, v] for u, v in near if 0 <= u < n_rows and 0 <= v < n_columns]
            unlike = len(near) - 2 * sum(near)  # neighbours that are 0 less those that are 1
            price = h + beta * unlike + eta * (1 - 2 * y[r, c])  # E(x_i = 1) - E(x_i = 0)
            x[r, c] = 1 if price < 0 else 0
    return x
    ### END SOLUTION""",
        ),
        Cell(
            "clinic-energy",
            """def test_clinic_energy():
    from lib.homework_graphical_pictures import Rule, check_descent

    rule = Rule(absolute=True)
    disc = noisy_disc(np.random.default_rng([SEED, 13]))
    check_descent(icm, disc, h=0.2, beta=0.5, eta=1.5, rule=rule)
    check_descent(icm, disc, h=0.2, beta=2.0, eta=1.5, rule=rule)
    checkerboard = np.indices((8, 8)).sum(axis=0) % 2
    check_descent(icm, checkerboard, h=0.0, beta=1.0, eta=0.3, rule=rule)


test_clinic_energy()""",
        ),
        Cell(
            "clinic-minimum",
            """# Hidden: after many sweeps no single flip lowers the energy, borders included.
### BEGIN HIDDEN TESTS
def test_clinic_minimum():
    from lib.homework_graphical_pictures import Rule, check_rest

    rule, rng = Rule(absolute=True), np.random.default_rng([SEED, 14])
    for shape in [(8, 11), (11, 8), (8, 8), (8, 8), (1, 9), (9, 1)]:
        y = rng.choice([0, 1], size=shape)
        h, beta, eta = rng.normal(0, 1.4), rng.uniform(0.5, 1.5), rng.uniform(0.5, 2.5)
        check_rest(icm, y, h, beta, eta, rule)
    for shift in (-2.8, 2.8):  # a field of its own decides, whatever the neighbours say
        check_rest(icm, rng.choice([0, 1], size=(7, 7)), shift, 0.2, 0.3, rule)
    for edge in range(4):  # a stripe along one border; wrapping round sees the opposite one
        y = np.zeros((7, 7), dtype=int)
        y[0] = 1
        check_rest(icm, np.rot90(y, edge).copy(), 0.0, 1.0, 0.5, rule)


test_clinic_minimum()
### END HIDDEN TESTS""",
        ),
        WORDS,
    ),
    drawn(ZERO_ONE_MISTAKES, BASE),
)
