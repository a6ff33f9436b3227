"""Task 2 of the homework on graphical models: a noisy or, and a witness."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values
from lib.variants.chapter_01_graphical_models_tables import AXES, POSTERIOR


def causes(rng: np.random.Generator) -> Values:
    """Which entry of the strengths belongs to which cause."""
    order = "".join(rng.permutation(list("ncs")))
    names = dict(zip(order, ("first", "second", "third"), strict=True))
    unpack = ", ".join({"n": "anyway", "c": "shake", "s": "move"}[k] for k in order)
    return {"order": order, "unpack": unpack, **names}


STRENGTHS = Twist(
    2,
    "three strengths in place of a table, and a witness",
    (
        Edit(
            "| 2 | a joint distribution and two posteriors |",
            "| 2 | a joint distribution and posteriors with a witness |",
        ),
        Edit(
            AXES,
            r"""- `blur_joint(p_c, p_s, p_b)` returns the joint table, shape (2, 2, 2) with axes in the order
  $c, s, b$. The inputs $p(c)$ and $p(s)$ have shape (2,). The table $p(b \mid c, s)$ is not given. It is a
  **noisy or**: a shaken camera alone blurs the picture with one probability, a moving subject alone
  with another, and without both it is blurred for no visible reason with a third. Each cause that is
  present fails or succeeds independently of the others, and one success is enough. `p_b` has shape
  (3,): its <<n>> entry is the probability of a blur for no visible reason, its <<c>> that of the
  camera, its <<s>> that of the subject. ("No visible reason" is always present.)""",
        ),
        Edit(
            POSTERIOR,
            r"""- `camera_posterior(joint, b, s=None)` returns $p(C \mid B = b)$, shape (2,). Nobody is certain whether the
  subject moved, but there may be a witness. Then `s` is an array of shape (2,) with the probabilities
  of what the witness reports, $p(\text{report} \mid S = 0)$ and $p(\text{report} \mid S = 1)$, and the function
  returns $p(C \mid B = b, \text{report})$. What the witness reports depends on $S$ alone.""",
        ),
        Cell(
            "blur",
            '''def blur_joint(p_c, p_s, p_b):
    """Joint table p(c, s, b) of a noisy or, shape (2, 2, 2); `p_b` holds three strengths."""
    ### BEGIN SOLUTION
    <<unpack>> = p_b
    fails_c, fails_s = np.array([1, 1 - shake]), np.array([1, 1 - move])  # c or s = 0, 1
    sharp = (1 - anyway) * fails_c[:, None] * fails_s[None, :]  # (2, 2): every cause fails
    table = np.stack([sharp, 1 - sharp], axis=-1)  # p(b | c, s)
    return p_c[:, None, None] * p_s[None, :, None] * table
    ### END SOLUTION''',
        ),
        Cell(
            "camera",
            '''def camera_posterior(joint, b, s=None):
    """p(C | B = b), or p(C | B = b, report) when s holds p(report | S); shape (2,)."""
    ### BEGIN SOLUTION
    weights = np.ones(2) if s is None else s
    scores = joint[:, :, b] @ weights  # (2,): sum over both states of S
    return scores / scores.sum()
    ### END SOLUTION''',
        ),
        Cell(
            "blur-joint",
            """def test_blur_joint():
    from lib.homework_graphical_tables import check_noisy_or

    rng = np.random.default_rng([SEED, 2])
    for _ in range(5):
        check_noisy_or(blur_joint, rng, order="<<order>>")


test_blur_joint()""",
        ),
        Edit(
            "asks twice for the camera. Learning that\nthe subject moved must make a shaken camera less probable, although",
            "asks twice for the camera. A witness whose report\nspeaks for a moving subject must make a shaken camera less probable, although",
        ),
        Edit(
            "        check_explaining_away(camera_posterior, rng)\n",
            "        check_explaining_away(camera_posterior, rng, witness=True)\n",
        ),
        Cell(
            "camera-random",
            """# Hidden: random tables, all evidence, all kinds of witnesses.
### BEGIN HIDDEN TESTS
def test_camera_random():
    from itertools import product

    from lib.homework import compare
    from lib.homework_asking import FLOAT32
    from lib.homework_graphical import ask
    from lib.homework_graphical_tables import WITNESS

    rng = np.random.default_rng([SEED, 3])
    for _ in range(5):
        table = rng.dirichlet(np.ones(8)).reshape(2, 2, 2)
        reports = [None, *rng.uniform(0.05, 0.95, size=(2, 2)), np.array([0.0, 1.0])]
        for b, s in product(range(2), reports):
            seen = np.ones(2) if s is None else s
            scores = np.array([sum(table[c, t, b] * seen[t] for t in (0, 1)) for c in (0, 1)])
            likely = int(seen.argmax())
            turned = np.array([sum(table[b, t, c] * seen[t] for t in (0, 1)) for c in (0, 1)])
            both = np.array([sum(table[c, t].sum() * seen[t] for t in (0, 1)) for c in (0, 1)])
            wrong = {
                "the joint has the axes c, s, b: b is the last one": turned,
                "you left out the report": table[:, :, b].sum(1),
                "the report weighs both states of S; do not pick the likelier one": (
                    table[:, likely, b] if s is not None else table[:, 0, b]
                ),
                "the report is about S: weigh the states of S, not those of C": (
                    table[:, :, b].sum(1) * seen
                ),
                "that is the posterior of S: sum over s and keep c": table[:, :, b].sum(0) * seen,
                "you left out the evidence on B": both,
                "s[0] belongs to S = 0 and s[1] to S = 1": table[:, :, b] @ seen[::-1],
                "you conditioned on the other value of B": both - scores,
            }
            hints = {advice: values / values.sum() for advice, values in wrong.items()}
            hints["divide by the sum, so that the answer sums to one"] = scores
            what = f"p(C | B = {b})" if s is None else f"p(C | B = {b}, report) for s = {s}"
            given = None if s is None else s.copy()
            answer = ask(camera_posterior, what, WITNESS, joint=table.copy(), b=b, s=given)
            compare(answer, scores / scores.sum(), what, hints=hints, tol=FLOAT32)


test_camera_random()
### END HIDDEN TESTS""",
        ),
    ),
    causes,
)
