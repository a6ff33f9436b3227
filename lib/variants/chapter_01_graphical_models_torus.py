"""Task 7 of the homework on graphical models: other neighbours, with mistakes of their own."""

from __future__ import annotations

from lib.variants import Cell, Edit, Twist
from lib.variants.chapter_01_graphical_models_clinic import (
    COMMON,
    LOOP,
    START,
    TOUCH,
    WORDS,
    Mistake,
    drawn,
)

SIGN: dict[str, Mistake] = {
    "sign": (
        {"less": ">"},
        """**The sign** (`> 0`). $E(x_i = +1) - E(x_i = -1)$ is twice the number on the left, so a pixel
   must become $+1$ when it is negative. Alone, it makes every pixel choose the worse value: the
   energy rises in the first sweep.""",
    ),
    "h": (
        {"minus": "-"},
        """**The sign of $h$** (`-h`). The energy has $+h \\sum_i x_i$, so a positive $h$ favours $-1$, and the
   code favours $+1$. Alone, it makes the picture too bright: where $h$ decides, a sweep raises the
   energy, and single flips to $-1$ that would lower it remain.""",
    ),
}
TORUS_MISTAKES: dict[str, Mistake] = {
    **SIGN,
    "inside": (
        {"where": "seen[u, v]", "inside": " if 0 <= u < n_rows and 0 <= v < n_columns"},
        """**The border** (`if 0 <= u < n_rows ...`). The picture wraps round, so the top row touches the
   bottom row and the left column the right one; the code leaves these pairs out. Alone, it puts
   wrong pixels along a border when the opposite border looks different, and a single flip there can
   lower the energy after the last sweep.""",
    ),
    **COMMON,
}
GIVEN = '''def energy(x, y, h, beta, eta):
    """Energy of the picture x given the noisy picture y, pixels -1 and +1."""
    <<touching>>
    return h * x.sum() - beta * touching - eta * (x * y).sum()


def icm_broken(y, h, beta, eta, n_sweeps):
    """ICM with three mistakes."""
    x = <<copy>>
    n_rows, n_columns = x.shape
    for _ in range(<<sweeps>>):
        seen = <<seen>>
        for r, c in product(<<rows>>, <<columns>>):
            near = <<near>>
            around = sum(<<where>> for u, v in near<<inside>>)<<corners>>
            x[r, c] = 1 if <<minus>>h - beta * around - eta * <<data>> <<less>> 0 else -1
    return x


def noisy_disc(rng, size=12, flip=0.15):
    """Half a disc of +1 at the right border; a share `flip` of all pixels is wrong."""
    rows, columns = np.mgrid[:size, :size] / size
    clean = np.where((rows - 0.5) ** 2 + (columns - 1) ** 2 < 0.25, 1, -1)
    return np.where(rng.random(clean.shape) < flip, -clean, clean)


'''
ENERGY_TEST = """def test_clinic_energy():
    from lib.homework_graphical_pictures import Rule, check_descent

    rule = Rule({0})
    disc = noisy_disc(np.random.default_rng([SEED, 13]))
    check_descent(icm, disc, h=0.1, beta=0.5, eta=1.5, rule=rule)
    check_descent(icm, disc, h=0.1, beta=2.0, eta=1.5, rule=rule)
    {1}


test_clinic_energy()"""
MINIMUM_TEST = """# Hidden: after many sweeps no single flip lowers the energy, borders included.
### BEGIN HIDDEN TESTS
def test_clinic_minimum():
    from lib.homework_graphical_pictures import Rule, check_rest

    rule, rng = Rule({0}), np.random.default_rng([SEED, 14])
    for shape in [{1}]:
        y = rng.choice([-1, 1], size=shape)
        h, beta, eta = rng.normal(0, 0.7), rng.uniform(0.5, 1.5), rng.uniform(0.5, 2.5)
        check_rest(icm, y, h, beta, eta, rule)
    for shift in (-1.4, 1.4):  # a field of its own decides, whatever the neighbours say
        check_rest(icm, rng.choice([-1, 1], size=(7, 7)), shift, 0.2, 0.3, rule)
    for edge in range(4):  # a stripe along one border; {2}
        y = -np.ones((7, 7), dtype=int)
        y[0] = 1
        check_rest(icm, np.rot90(y, edge).copy(), 0.0, 1.0, {3}, rule)


test_clinic_minimum()
### END HIDDEN TESTS"""

TORUS = Twist(
    7,
    "the picture wraps round, other mistakes",
    (
        Edit(
            TOUCH,
            """where the middle sum takes each pair of pixels that touch in a row or in a column once. The picture is
a tile that is laid again and again, so it **wraps round**: the pixels of the first row touch those of
the last row, and the first column touches the last column. ICM visits the pixels
and gives each the value of lower energy, the others held fixed (on a tie, either value).""",
        ),
        Cell("clinic-given", GIVEN + LOOP),
        Cell(
            "clinic",
            START
            + """            around = x[r - 1, c] + x[r, c - 1]  # index -1 is the last row or column
            around += x[(r + 1) % n_rows, c] + x[r, (c + 1) % n_columns]
            x[r, c] = 1 if h - beta * around - eta * y[r, c] < 0 else -1
    return x
    ### END SOLUTION""",
        ),
        Cell(
            "clinic-energy",
            ENERGY_TEST.format(
                "torus=True",
                """checkerboard = np.indices((8, 8)).sum(axis=0) % 2 * 2 - 1
    check_descent(icm, checkerboard, h=0.0, beta=1.0, eta=0.3, rule=rule)
    stripe = -np.ones((8, 8), dtype=int)
    stripe[:, [0, -1]] = 1  # two columns that touch each other
    stripe[3, 0] = -1  # the only wrong pixel
    check_descent(icm, stripe, h=0.1, beta=1.0, eta=1.5, rule=rule)""",
            ),
        ),
        Cell(
            "clinic-minimum",
            MINIMUM_TEST.format(
                "torus=True",
                "(8, 11), (11, 8), (8, 8), (8, 8), (3, 9), (9, 3)",
                "the opposite border touches it",
                "0.5",
            ),
        ),
        WORDS,
    ),
    drawn(
        TORUS_MISTAKES,
        {
            "touching": "touching = (x * np.roll(x, 1, axis=0)).sum() + (x * np.roll(x, 1, axis=1)).sum()",
            "where": "seen[u % n_rows, v % n_columns]",
            "inside": "",
            "corners": "",
            "minus": "",
            "field": "0.8, 1.0, 1.5",
        },
    ),
)
