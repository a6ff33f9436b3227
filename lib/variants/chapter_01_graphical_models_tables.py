"""Task 2 of the homework on graphical models: why is the picture blurred?"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

AXES = (
    "- `blur_joint(p_c, p_s, p_b)` returns the joint table, shape (2, 2, 2) with axes in the order\n"
    r"  $c, s, b$. The inputs have shapes (2,), (2,) and (2, 2, 2); `p_b[c, s, b]` is $p(b \mid c, s)$."
)
POSTERIOR = (
    "- `camera_posterior(joint, b, s=None)` returns $p(C \\mid B = b)$, shape (2,). When `s` is given, it\n"
    "  returns $p(C \\mid B = b, S = s)$."
)
LAST_AXIS = (
    '                "the joint has the axes c, s, b: b is the last one": turned / turned.sum(),\n'
)
EXPLAINED = "            check_explaining_away(camera_posterior, rng)"


def orders(rng: np.random.Generator) -> Values:
    """Two orders of the axes, neither of them c, s, b."""
    words = ["".join(w) for w in permutations("csb")][1:]
    joint, table = (words[k] for k in rng.integers(len(words), size=2))
    spread = {
        name: ", ".join(":" if a == name else "None" for a in joint) for name in ("c", "s", "b")
    }
    return {
        "a": joint,
        "axes": ", ".join(joint),
        "t": table,
        "table": ", ".join(table),
        "c": spread["c"],
        "s": spread["s"],
    }


OTHER_AXES = Twist(
    2,
    "the tables have other axes",
    (
        Edit(
            AXES,
            r"""- `blur_joint(p_c, p_s, p_b)` returns the joint table, shape (2, 2, 2) with axes in the order
  $<<axes>>$. The inputs have shapes (2,), (2,) and (2, 2, 2); the axes of `p_b` are in the order
  $<<table>>$, so `p_b[<<table>>]` is $p(b \mid c, s)$.""",
        ),
        Edit(
            POSTERIOR,
            r"""- `camera_posterior(joint, b, s=None)` takes a joint table with axes $<<axes>>$ and returns
  $p(C \mid B = b)$, shape (2,). When `s` is given, it returns $p(C \mid B = b, S = s)$.""",
        ),
        Cell(
            "blur",
            '''def blur_joint(p_c, p_s, p_b):
    """Joint table with the axes <<axes>>, shape (2, 2, 2); `p_b` has the axes <<table>>."""
    ### BEGIN SOLUTION
    p_b = np.einsum("<<t>>-><<a>>", p_b)  # its axes in the order of the joint
    return p_c[<<c>>] * p_s[<<s>>] * p_b  # axes <<axes>>
    ### END SOLUTION''',
        ),
        Cell(
            "camera",
            '''def camera_posterior(joint, b, s=None):
    """p(C | B = b), or p(C | B = b, S = s) when s is given; shape (2,). Axes <<axes>>."""
    ### BEGIN SOLUTION
    table = np.einsum("<<a>>->csb", joint)
    scores = table[:, :, b].sum(axis=1) if s is None else table[:, s, b]  # (2,)
    return scores / scores.sum()
    ### END SOLUTION''',
        ),
        Edit(
            "        check_joint(blur_joint, rng)\n",
            '        check_joint(blur_joint, rng, axes="<<a>>", table="<<t>>")\n',
        ),
        Edit(
            "        check_explaining_away(camera_posterior, rng)\n",
            '        check_explaining_away(camera_posterior, rng, axes="<<a>>")\n',
        ),
        Edit(
            "            turned = table[:, b].sum(axis=1) if s is None else table[:, b, s]\n",
            """            given = np.einsum("csb-><<a>>", table)
            turned = given[:, :, b].sum(axis=1) if s is None else given[:, s, b]
""",
        ),
        Edit(
            "            given = [sum(table[k, t].sum() for c, t in kept if c == k) for k in range(2)]\n",
            "            marginal = [sum(table[k, t].sum() for c, t in kept if c == k) for k in range(2)]\n",
        ),
        Edit(
            '                "that is p(B | C): use Bayes\' rule to turn it round": scores / given,\n',
            '                "that is p(B | C): use Bayes\' rule to turn it round": scores / marginal,\n',
        ),
        Edit(
            LAST_AXIS,
            '                "the joint has the axes <<axes>>: read the task again": turned / turned.sum(),\n',
        ),
        Edit(
            '                "you left out the evidence on B": np.array(given) / sum(given),\n',
            '                "you left out the evidence on B": np.array(marginal) / sum(marginal),\n',
        ),
        Edit(
            '"you conditioned on the other value of B": (given - scores) / sum(given - scores),',
            """"you conditioned on the other value of B": (
                    (marginal - scores) / sum(marginal - scores)
                ),""",
        ),
        Edit("joint=table.copy(), b=b, s=s)", "joint=given, b=b, s=s)"),
    ),
    orders,
)


def base(rng: np.random.Generator) -> Values:
    """A base for the logarithms, and how it is written."""
    found = [
        (2.0, r"\log_2", "np.log2", "2.0**log_joint", "base 2", "np.log(2)"),
        (10.0, r"\log_{10}", "np.log10", "10.0**log_joint", "base 10", "np.log(10)"),
        (float(np.e), r"\ln", "np.log", "np.exp(log_joint)", "base e", "(1 / np.log(2))"),
    ][rng.integers(3)]
    return dict(zip(("base", "log", "code", "exp", "unit", "other"), found, strict=True))


LOGARITHMS = Twist(
    2,
    "tables of logarithms, and the log odds of the camera",
    (
        Edit(
            "| 2 | a joint distribution and two posteriors |",
            "| 2 | a joint distribution and posterior log odds |",
        ),
        Edit(
            AXES,
            r"""- `blur_joint(log_c, log_s, log_b)` takes logarithms to the <<unit>> and returns logarithms to the same base.
  The result is $<<log>> p(c, s, b)$, shape (2, 2, 2) with axes in the order $c, s, b$. The inputs are
  $<<log>> p(c)$, $<<log>> p(s)$ and `log_b[c, s, b]`, which is $<<log>> p(b \mid c, s)$; their shapes are
  (2,), (2,) and (2, 2, 2).""",
        ),
        Edit(
            POSTERIOR,
            r"""- `camera_posterior(log_joint, b, s=None)` takes such a table and returns one number, the log odds
  $<<log>> \frac{p(C = 1 \mid B = b)}{p(C = 0 \mid B = b)}$. When `s` is given, it returns the log odds given
  $B = b$ and $S = s$.""",
        ),
        Cell(
            "blur",
            '''def blur_joint(log_c, log_s, log_b):
    """Logarithms (<<unit>>) of the joint table p(c, s, b), shape (2, 2, 2)."""
    ### BEGIN SOLUTION
    return log_c[:, None, None] + log_s[None, :, None] + log_b  # (2, 2, 2)
    ### END SOLUTION''',
        ),
        Cell(
            "camera",
            '''def camera_posterior(log_joint, b, s=None):
    """Log odds (<<unit>>) of C = 1 given B = b, or given B = b and S = s when s is given."""
    ### BEGIN SOLUTION
    joint = <<exp>>  # probabilities add up, their logarithms do not
    scores = joint[:, :, b].sum(axis=1) if s is None else joint[:, s, b]  # (2,)
    return <<code>>(scores[1] / scores[0])
    ### END SOLUTION''',
        ),
        Edit(
            "        check_joint(blur_joint, rng)\n",
            "        check_joint(blur_joint, rng, base=<<base>>)\n",
        ),
        Edit(
            "asks twice for the camera. Learning that\nthe subject moved must make a shaken camera less probable, although",
            "asks twice for the camera. Learning that\nthe subject moved must lower the log odds of a shaken camera, although",
        ),
        Edit(
            "        check_explaining_away(camera_posterior, rng)\n",
            "        check_explaining_away(camera_posterior, rng, base=<<base>>)\n",
        ),
        Cell(
            "camera-random",
            """# Hidden: random tables, all evidence.
### BEGIN HIDDEN TESTS
def test_camera_random():
    from itertools import product

    from lib.homework import compare
    from lib.homework_asking import FLOAT32
    from lib.homework_graphical import ask
    from lib.homework_graphical_tables import as_posterior

    def odds(scores):
        return <<code>>(scores[1]) - <<code>>(scores[0])

    rng = np.random.default_rng([SEED, 3])
    for _ in range(5):
        table = rng.dirichlet(np.ones(8)).reshape(2, 2, 2)
        for b, s in product(range(2), (None, 0, 1)):
            kept = (0, 1) if s is None else (s,)
            scores = np.array([sum(table[c, t, b] for t in kept) for c in range(2)])
            both = np.array([sum(table[c, t].sum() for t in kept) for c in range(2)])
            right = odds(scores)
            hints = {
                "C = 1 stands above the line of the odds": -right,
                "return the logarithm of the odds": scores[1] / scores[0],
                "return odds, p(C = 1) / p(C = 0), not p(C = 1) alone": (
                    <<code>>(scores[1] / scores.sum())
                ),
                "that is a logarithm to another base": right * <<other>>,
                "that is p(B | C): use Bayes' rule to turn it round": odds(scores / both),
                "you left out the evidence on S": odds(table[:, :, b].sum(1)),
                "that is the posterior of S: sum over s and keep c": odds(table[:, :, b].sum(0)),
                "you left out the evidence on B": odds(both),
                "you conditioned on the other value of B": odds(both - scores),
                "take exponentials before you sum over s": sum(
                    odds(table[:, t, b]) for t in kept
                ),
            }
            what = f"the log odds of C given B = {b}" + ("" if s is None else f", S = {s}")
            given = <<code>>(table)
            answer = as_posterior(ask(camera_posterior, what, joint=given, b=b, s=s), what, <<base>>)
            compare(answer, right, what, hints=hints, tol=FLOAT32)


test_camera_random()
### END HIDDEN TESTS""",
        ),
    ),
    base,
)
