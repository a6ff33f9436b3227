"""Variants of chapter 8's homework: clinics that say the truth, tables and scales that hold."""

import contextlib
import io
import re
from itertools import combinations, product

import numpy as np
import pytest

from lib import homework_conditional_dials as dials
from lib import homework_conditional_ranges as ranges
from lib import variants
from lib.homework_conditional_clinic import Guess, Patient
from lib.homework_conditional_plans import STEPS, OtherPatient, Plan, chain, marks
from lib.variants import chapter_08_conditional_clinic as clinic
from lib.variants import chapter_08_conditional_parts as parts
from lib.variants.chapter_08_conditional_bugs import BUGS, PAIRS, REASONS

ASKED = "told", "untold", "y", "w", "alpha_bar", "noise"
PLANS = [
    Plan(pair, told_at, step, upwards, 0.6)
    for pair, told_at, upwards in [((1.0, -1.0), 0, True), ((0.75, 0.25), 1, False)]
    for step in STEPS
]


def run(plan: Plan, slips: tuple[str, ...], given: tuple) -> np.ndarray:
    """What the script of the notebook answers."""
    body = "\n".join(f"    {line}" for line in clinic.script(plan, slips))
    names: dict = {"np": np}
    exec(f"def answers({', '.join(ASKED)}):\n{body}", names)
    return names["answers"](*given)


def fitting(plan: Plan) -> list[str]:
    """The mistakes that a clinic of this plan may have."""
    return [slip for group in plan.groups for slip in group]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_the_script_is_the_chain_with_each_of_its_mistakes(plan):
    rng = np.random.default_rng(0)
    boxes = Guess(rng, 6, 4), Guess(rng, 6, 4)
    alpha_bar = np.append(1, np.cumprod(1 - rng.uniform(0.1, 0.4, size=4)))
    given = *boxes, rng.normal(size=(5, 3)), 1.7, alpha_bar, rng.normal(size=(5, 5, 6))
    right = chain(plan, given)
    assert np.allclose(run(plan, (), given), right)
    for slip in fitting(plan):
        wrong = chain(plan, given, slip)
        assert not np.allclose(wrong, right), slip
        assert np.allclose(run(plan, (slip,), given), wrong), slip


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_each_mistake_leaves_a_mark_of_its_own(plan):
    """Those of different groups do not look alike; a clinic has only one of each group."""
    right, seen = np.array(marks(plan, ())), {}
    assert abs(right[0]) + right[1] < 1e-6
    assert right[2] > 0.99
    for slip in fitting(plan):
        seen[slip] = np.array(marks(plan, (slip,)))
        gap = np.abs(seen[slip] - right)
        assert gap[0] > 0.03 or gap[1] > 0.04 or gap[2] > 0.02 or gap[3] > 0.1, slip
    for one, other in combinations(plan.groups, 2):
        for first, second in product(one, other):
            assert np.abs(seen[first] - seen[second]).max() > 0.03, (first, second)


def test_every_mistake_has_a_reason_and_what_to_say():
    assert set(BUGS) == set(REASONS) == {slip for plan in PLANS for slip in fitting(plan)}
    for plan in PLANS:
        assert set(fitting(plan)) <= set(plan.slips)
    with pytest.raises(ValueError, match="no place for the mistake 'full'"):
        clinic.script(PLANS[0], ("full",))


@pytest.mark.parametrize("twist", [clinic.POSTERIOR, clinic.OTHER_STEPS], ids=lambda t: t.name)
def test_the_key_says_what_the_report_prints(twist):
    """With each single mistake put back; and the drawn mistakes are not the public ones."""
    for seed in range(6):
        values = twist.draw(np.random.default_rng(seed))
        assert len(set(values["slips"])) == 4
        assert len(clinic.PUBLIC & set(values["slips"])) <= 2
        notebook = variants.source_notebook("08_conditional")
        variants.apply(notebook, twist, values)
        given = next(c for c in notebook.cells if "def broken_answers" in c.source)
        names: dict = {"np": np, "SEED": 1}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(given.source, names)
        plan = eval(f"Plan({values['how']})", {"Plan": Plan})
        numbers = re.findall(
            r"mean (-?\d\.\d+|-\d+\.\d+), spread ([\d.]+), share ([\d.]+), .*?exact (\d+\.\d+)",
            str(values["key"]),
        )
        assert len(numbers) == 4
        for slip, told in zip(values["slips"], numbers, strict=True):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                names["report"](lambda *given, s=slip, p=plan: run(p, (s,), given))
            said = re.findall(r"-?\d+\.\d+", printed.getvalue())
            assert np.allclose(np.array(said, float), np.array(told, float)), slip


@pytest.mark.parametrize("pair", PAIRS)
def test_the_patient_is_the_public_one_turned(pair):
    """A sees one direction of each two neighbours; the classes differ in the other."""
    usual, other = Patient(), OtherPatient(pair)
    a = Plan(pair).matrix(4)
    assert np.allclose(a @ (other.means[0] - other.means[1]), 0)
    gaps = [np.linalg.norm(p.means[0] - p.means[1]) for p in (usual, other)]
    assert np.isclose(*gaps)
    away = [np.linalg.pinv(m) @ p.y - p.means.mean(axis=0)
            for m, p in ((Plan().matrix(4), usual), (a, other))]  # fmt: skip
    assert np.isclose(*(np.linalg.norm(v) for v in away))


def test_scales_agree():
    """Data that do not shrink: the score of x_t / sqrt(kept), by finite differences."""
    own = dials.random_line(np.random.default_rng(1), 3)
    scale = dials.Scale(0.4, "sigma", "score")
    x, y, h = np.array([-1.0, 0.3, 2.0]), np.array([0, 2, 1]), 1e-5
    variance = own["stds"] ** 2 + scale.sigma**2

    def log_density(x: np.ndarray) -> np.ndarray:
        return -0.5 * (x - own["means"][y]) ** 2 / variance[y]

    right = (log_density(x + h) - log_density(x - h)) / (2 * h)
    line = dials.Line(**own, kept=0.4)
    score = line.score(x / scale.wide, y, 0)
    assert np.allclose(scale.answer(score, x), right, atol=1e-6)
    clean = scale.answer(score, x, "clean")
    assert np.allclose(x, clean + scale.sigma * scale.answer(score, x, "noise"))


def test_gains_within_the_noise_beat_nobody():
    table = np.array([[10.0, 5.0], [9.5, 5.0], [8.0, 5.0], [8.0, 6.0]])
    assert ranges.unbeaten(table) == {2}
    assert ranges.unbeaten(table, share=0.1) == {2}
    assert ranges.unbeaten(table[:2], share=0.1) == {0, 1}
    assert ranges.unbeaten(np.array([[1.0, 2.0], [2.0, 2.0]]), good=(0,)) == {1}


def test_a_cell_without_a_check_is_refused():
    with pytest.raises(ValueError, match="'setup' has no check"):
        parts.asks("setup", "unit=1")
