"""Task 8 of the homework on graphical models: questions that are answered in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 8 | a question about a hospital, answered in words |"
HEADING = "## Task 8: two diseases in one hospital (4 points)"


def words(key: str) -> Cell:
    """The cell of the answer, with the key and its rubric."""
    return Cell("hospital-words", f"<!-- BEGIN SOLUTION -->\n{key}\n<!-- END SOLUTION -->")


def one_of(*stories: dict[str, str]) -> Callable[[np.random.Generator], Values]:
    """A function that draws one of these stories."""
    return lambda rng: stories[rng.integers(len(stories))]


MEDIATOR = Twist(
    8,
    "an observed mediator hides an effect",
    (
        Edit(ROW, "| 8 | a question about <<about>>, answered in words |"),
        Cell(
            HEADING,
            """## Task 8: <<title>> (4 points)

<<story>>
A student wants a fair comparison and compares only
<<alike>>. There, <<result>> is equally
frequent <<groups>>. The student concludes that
<<claim>>.

Answer in at most 150 words.

1. Draw the graph of <<cause>> $X$, <<between>> $M$ and <<result>> $Y$ in words
   and explain the finding with d-separation.
2. Would it help to compare within narrower groups, with values of $M$ that are still closer to each
   other? Why?
3. Which comparison shows the effect, and why may it be trusted here without observing anything else?""",
        ),
        words(
            r"""1. The graph is $X \rightarrow M \rightarrow Y$. $M$ is in the middle of a chain: unobserved it lets the
   influence pass, observed it blocks. In each of the student's groups $M$ is fixed, so
   $X$ and $Y$ are independent given $M$. <<how>>
2. No, on the contrary: the better $M$ is fixed, the more completely the path is blocked. Within wider
   groups a part of the effect would show. The finding says that there is no other path, nothing more.
3. Compare $p(y \mid X = 1)$ with $p(y \mid X = 0)$, over everybody, whatever $M$ is. A coin chose $X$, so $X$ has no
   parents, nothing is a cause of both $X$ and $Y$, and the only open path is the effect itself.

**Rubric.** Graph $X \rightarrow M \rightarrow Y$: 1 point. Observing the middle of a chain blocks it, said for this
story: 1 point. Narrower groups block more: 1 point. The comparison without $M$: 0.5 points; the coin, so
that there is no common cause of $X$ and $Y$: 0.5 points. An answer that calls $M$ a collider or a common
cause loses the first two points."""
        ),
    ),
    one_of(
        {
            "about": "a drug against strokes",
            "title": "a drug that seems to do nothing",
            "story": "A drug lowers the blood pressure, and a lower blood pressure means fewer strokes. It has no\nother effect. In a study, a coin decided for each patient who\ntakes it and who does not.",
            "alike": "patients whose blood pressure in the second month is the same",
            "result": "a stroke",
            "groups": "with and without the drug",
            "claim": "the drug does not prevent strokes",
            "cause": "the drug",
            "between": "the blood pressure",
            "how": "The drug prevents\n   strokes by lowering the pressure, and who looks at equal pressures looks away from just that.",
        },
        {
            "about": "a course before an examination",
            "title": "a course that seems to do nothing",
            "story": "A course makes students solve more exercises, and who has solved more exercises passes the\nexamination more often. It has no other effect. In one year a coin decided for each student who\ntakes part in it.",
            "alike": "students who have solved the same number of exercises",
            "result": "passing",
            "groups": "with and without the course",
            "claim": "the course is useless",
            "cause": "the course",
            "between": "the number of exercises solved",
            "how": "The course works\n   by the exercises, and who looks at equal numbers of exercises looks away from just that.",
        },
        {
            "about": "a fertiliser",
            "title": "a fertiliser that seems to do nothing",
            "story": "A fertiliser makes the leaves of a plant larger, and plants with larger leaves bear fruit more\noften. It has no other effect. In a greenhouse, a coin decided for each plant\nwhether it gets it.",
            "alike": "plants whose leaves have the same area in June",
            "result": "fruit in autumn",
            "groups": "with and without the fertiliser",
            "claim": "the fertiliser does not help plants to bear fruit",
            "cause": "the fertiliser",
            "between": "the area of the leaves",
            "how": "The fertiliser works\n   by the leaves, and who looks at equal leaves looks away from just that.",
        },
    ),
)

EQUIVALENT = Twist(
    8,
    "graphs that no data can tell apart",
    (
        Edit(ROW, "| 8 | a question about <<about>>, answered in words |"),
        Cell(
            HEADING,
            r"""## Task 8: three graphs for one table (4 points)

A table has the columns <<a>> $A$, <<b>> $B$ and <<c>> $C$, each with two values, and many
rows. Three students fit a network each, by counting:

- the first $<<one>>$,
- the second $<<two>>$,
- the third $A \rightarrow B \leftarrow C$.

The first and the second find exactly the same log-likelihood, on the rows they counted and on new ones.
The third finds a lower one on both.

Answer in at most 150 words.

1. Which independence does each graph claim? Use d-separation.
2. Will more rows decide between the first and the second graph? Between the first and the third? Why?
3. Describe an experiment whose outcome can tell the first graph from the second, and say what each of
   the two predicts.""",
        ),
        words(
            r"""1. In the first two graphs $B$ is no collider on the only path from $A$ to $C$: unobserved it lets the
   influence pass, observed it blocks. Both claim that $A$ and $C$ are independent given $B$, and nothing
   else. In the third $B$ is a collider: $A$ and $C$ are independent, and become dependent when $B$ is observed.
2. Not between the first two. They claim the same independence, so they can represent the same joint
   distributions (by Bayes' rule their factors turn into each other), and the fitted
   joints are equal whatever the rows are. Between the first and the third: yes. If $A$ and $C$ are dependent, the
   third cannot represent the joint distribution, and with enough rows its log-likelihood stays
   lower by more than chance.
3. <<experiment>>

**Rubric.** The same claim for the first two, another for the third, each by d-separation: 1 point. More
rows cannot decide between the first two, because every joint of one is a joint of the other: 1 point (only
"they are equivalent", without a reason: 0.5 points). They can decide about the third: 0.5 points. An
intervention, not more watching: 0.5 points; what each graph predicts for it: 1 point."""
        ),
    ),
    lambda rng: {
        **[
            {"about": "sleep and mood", "a": "exercise", "b": "sleep", "c": "mood"},
            {"about": "a pond", "a": "algae", "b": "oxygen", "c": "fish"},
            {"about": "a network of computers", "a": "load", "b": "heat", "c": "failures"},
            {"about": "prices", "a": "demand", "b": "price", "c": "stock"},
        ][rng.integers(4)],
        **[
            {
                "one": r"A \rightarrow B \rightarrow C",
                "two": r"A \leftarrow B \leftarrow C",
                "experiment": (
                    "Set $A$ from outside, by a coin, and watch $B$. By the first graph $B$ depends on the coin, by the\n"
                    "   second it does not, because the arrow into $A$ is cut. (Or set $C$: then the second graph makes $B$\n"
                    "   depend on the coin and the first does not. Or set $B$: by the first $C$ follows and $A$ does not,\n"
                    "   by the second $A$ follows and $C$ does not.)"
                ),
            },
            {
                "one": r"A \leftarrow B \rightarrow C",
                "two": r"A \rightarrow B \rightarrow C",
                "experiment": (
                    "Set $A$ from outside, by a coin, and watch $B$ or $C$. By the second graph both depend on the coin,\n"
                    "   by the first neither does, because the arrow into $A$ is cut. (Or set $B$: by the first graph $A$ and\n"
                    "   $C$ both follow, by the second only $C$ does.)"
                ),
            },
            {
                "one": r"A \leftarrow B \leftarrow C",
                "two": r"A \leftarrow B \rightarrow C",
                "experiment": (
                    "Set $C$ from outside, by a coin, and watch $B$ or $A$. By the first graph both depend on the coin,\n"
                    "   by the second neither does, because the arrow into $C$ is cut. (Or set $B$: by the second graph $A$\n"
                    "   and $C$ both follow, by the first only $A$ does.)"
                ),
            },
        ][rng.integers(3)],
    },
)
