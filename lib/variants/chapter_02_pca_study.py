"""Twists of chapter 2, task 7: other studies of new people, with other mistakes to find."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_02_pca_bugs import BUGS, PAIRS, drawn_bugs, study

ROW = "| 7 | bug clinic: mend a study of new people and say what was wrong | 6 |"
TASK = """There are
several pictures of each person, in the order in which they were taken. All pictures of the
`test_people` are to be held out. The others are the training pictures; everything that the model
knows comes from them. The study returns two things: the reconstruction error on the held-out
pictures, and `n` new pictures drawn as in task 4."""
RETURNS = """The study returns two things: the reconstruction error on the held-out
<<nouns>>, <<words>>, and `n` new
pictures: the mean plus components with Gaussian scores, whose variances are the eigenvalues."""
WRITE = """Write `face_study(x, person, test_people, k, n, rng)` without the mistakes. `x` has
shape $(N, D)$, `person` $(N,)$, and `test_people` holds the numbers of the people to be held out. Return the
pair of the error, summed over pixels and averaged over pictures, and the new pictures, shape $(n, D)$."""
#: How the error is asked for -> in words, in code, by chance, its format, the part left by "count".
MEASURES = {
    "sum": (
        "summed over pixels and averaged over <<of>>",
        "(rest**2).sum() / len({})",
        "spread * (1 - k / 16)",
        ".1f",
        "a quarter",
    ),
    "root": (
        "the root of the mean square over <<of>> and pixels",
        "np.sqrt((rest**2).sum() / {}.size)",
        "np.sqrt(spread / 16 * (1 - k / 16))",
        ".2f",
        "half",
    ),
}
#: Whose numbers are given -> who is held out, how many, and who it is in the demonstration.
GROUPS = {
    "test_people": ("np.isin({who}, test_people)", "{held}.sum()", "list(range({few}))"),
    "train_people": (
        "~np.isin({who}, train_people)",
        "({held}).sum()",
        "list(range({few}, {all}))",
    ),
}
WHO = {
    "test_people": "All pictures of the\n`test_people` are to be held out. The others are the "
    "training people",
    "train_people": "The model may learn from the\n`train_people` and from nobody else. All other "
    "people are to be held out",
}
HOLDS = {
    "test_people": "holds the numbers of the people to be held out",
    "train_people": "holds the numbers of the people to learn from; all others are held out",
}
AVERAGES = """people = np.unique(person)
x = np.array([x[person == p].mean(axis=0) for p in people])  # one average picture each"""


def _study(rng: np.random.Generator, people: str, looks: bool) -> Values:
    """Texts, code and key of a study with drawn mistakes."""
    pairs = tuple(pair for pair in PAIRS if not (looks and "split" in pair))
    bugs, measure = drawn_bugs(rng, pairs), str(rng.choice(list(MEASURES)))
    words, error, chance, digits, part = MEASURES[measure]
    held, count, demo = GROUPS[people]
    group = held.format(who="people" if looks else "person")
    noun = "average picture" if looks else "picture"
    texts = {
        "group": group,
        "count": count.format(held=group),
        "error": error.format("test"),
        "miscounted": error.format("train"),
    }
    head = AVERAGES.split("\n") if looks else []
    found = [BUGS[bug].says.format(noun=noun, part=part) for bug in bugs]
    keywords = f', names="{people}"' * (people != "test_people") + ", looks=True" * looks
    keywords += f', measure="{measure}"' * (measure != "sum")
    return {
        "people": people,
        "who": WHO[people],
        "holds": HOLDS[people],
        "words": words.replace("<<of>>", "these people" if looks else "pictures"),
        "nouns": noun + "s",
        "broken": _indented(head + study(bugs, **texts)),
        "key": _indented(head + study([], **texts)),
        "found": "\n".join(
            f"{i}. " + text.replace("\n", "\n   ") for i, text in enumerate(found, 1)
        ),
        "portraits": "portraits(rng, 60, 4)  # 240 pictures of 60 people, 16 pixels each"
        if looks
        else "portraits(rng)  # 160 pictures of 20 people, 16 pixels each",
        "real": "real = np.array([x[person == p].mean(axis=0) for p in range(60)])\n"
        if looks
        else "",
        "spread": "real" if looks else "x",
        "name": "average" if looks else "real",
        "chance": chance,
        "digits": digits,
        "demo": demo.format(few=12 if looks else 4, all=60 if looks else 20),
        "keywords": keywords,
    }


def _indented(lines: list[str]) -> str:
    return "\n".join("    " + line for line in lines)


RUBRIC = """**Rubric.** Half a point for each mistake with its reason and what it does. A mistake named without a
reason, or with a wrong effect: a quarter of a point. Only the changed lines, without words: nothing.
"It overfits" is no reason for 3 or 4; what was seen that should not have been seen, or what is divided
by what, is one."""

COMMON = (
    Cell(
        "clinic-given",
        '''from lib.homework_pca_study import portraits


def broken_study(x, person, <<people>>, k, n, rng):
    """Error on the people held out, and n new pictures (n, D); four mistakes."""
<<broken>>


rng = np.random.default_rng([SEED, 21])
x, person = <<portraits>>
<<real>>spread = <<spread>>.var(axis=0).sum()
print(f"<<name>> pictures: spread {spread:.1f}")
print(" K   error   error of K random directions   spread of the new pictures")
for k in (1, 2, 4, 8, 15):
    error, new = broken_study(x, person, <<demo>>, k, 2000, rng)
    chance = <<chance>>
    print(f"{k:2d} {error:7<<digits>>} {chance:18<<digits>>} {new.var(axis=0).sum():29.1f}")''',
    ),
    Cell(
        "clinic",
        '''def face_study(x, person, <<people>>, k, n, rng):
    """Error on the people held out, and n new pictures (n, D)."""
    ### BEGIN SOLUTION
<<key>>
    ### END SOLUTION''',
    ),
    Edit(
        "check_study_error(face_study, rng)",
        "check_study_error(face_study, rng<<keywords>>)",
    ),
    Edit(
        "check_study_samples(face_study, rng)", "check_study_samples(face_study, rng<<keywords>>)"
    ),
    Solution("clinic-words", "<<found>>\n\n" + RUBRIC),
)

ANSWER = """Return the
pair of the error, <<words>>, and the
new pictures, shape $(n, D)$."""
TRAINERS = Twist(
    7,
    "the people to learn from are named; other mistakes, another error",
    (
        Edit(ROW, "| 7 | bug clinic: mend a study of strangers and say what was wrong | 6 |"),
        Edit(
            TASK,
            "There are\nseveral pictures of each person, in the order in which they were taken. "
            "<<who>>.\nEverything that the model knows, the mean included, comes from the pictures of the "
            "former, the\ntraining pictures. " + RETURNS,
        ),
        Edit(
            WRITE,
            "Write `face_study(x, person, <<people>>, k, n, rng)` without the mistakes. `x` has\nshape "
            "$(N, D)$, `person` $(N,)$, and `<<people>>` <<holds>>. " + ANSWER,
        ),
        *COMMON,
    ),
    lambda rng: _study(rng, "train_people", looks=False),
)


def _looks(rng: np.random.Generator) -> Values:
    return _study(rng, str(rng.choice(list(GROUPS))), looks=True)


LOOKS = Twist(
    7,
    "each person counts as one average picture; other mistakes, another error",
    (
        Edit(
            ROW, "| 7 | bug clinic: mend a study of average pictures and say what was wrong | 6 |"
        ),
        Edit(
            TASK,
            "There are\nseveral pictures of each person. The study is about people and not about light or "
            "smiles, so it first\ntakes the **average picture of each person**, and works with these alone: "
            "one for each person.\n<<who>>.\nEverything that the model knows, the mean included, comes from "
            "the average pictures of the training\npeople. " + RETURNS,
        ),
        Edit(
            "The spread, the variance\nsummed over pixels, should come close to that of real pictures.",
            "The spread, the variance\nsummed over pixels, should come close to that of the average pictures.",
        ),
        Edit(
            WRITE,
            "Write `face_study(x, person, <<people>>, k, n, rng)` without the mistakes. `x` has\nshape "
            "$(N, D)$, one picture a row, `person` $(N,)$, and `<<people>>`\n<<holds>>. " + ANSWER,
        ),
        *COMMON,
    ),
    _looks,
)

STUDY = [TRAINERS, LOOKS]
