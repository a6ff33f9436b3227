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


def table(rng: np.random.Generator) -> Values:
    """A story with numbers in which the total says the opposite of both groups."""
    story = [
        {
            "title": "two treatments of kidney stones",
            "about": "two treatments",
            "things": "patients",
            "first": "surgery",
            "second": "a drug",
            "treated": "treated with",
            "easy": "small stones",
            "hard": "large stones",
            "good": "cured",
            "doer": "The doctors",
            "prefer": "prefer surgery for large stones",
            "kind": "size of the stones",
            "choice": "treatment",
        },
        {
            "title": "two couriers",
            "about": "two couriers",
            "things": "parcels",
            "first": "courier North",
            "second": "courier South",
            "treated": "sent with",
            "easy": "to the town",
            "hard": "to the mountains",
            "good": "in time",
            "doer": "The shop",
            "prefer": "gives most parcels for the mountains to North",
            "kind": "destination",
            "choice": "courier",
        },
        {
            "title": "two programs that write down speech",
            "about": "two programs",
            "things": "recordings",
            "first": "program P",
            "second": "program Q",
            "treated": "transcribed by",
            "easy": "quiet",
            "hard": "noisy",
            "good": "without an error",
            "doer": "The newsroom",
            "prefer": "gives most of the noisy recordings to P",
            "kind": "noise of the recording",
            "choice": "program",
        },
    ][rng.integers(3)]
    easy, hard = int(rng.integers(90, 96)), int(rng.integers(66, 73))
    worse = rng.integers(4, 8, size=2).tolist()
    others = easy - worse[0], hard - worse[1]
    return {
        **story,
        "ae": easy,
        "ah": 3 * hard,
        "be": 3 * others[0],
        "bh": others[1],
        "at": easy + 3 * hard,
        "bt": 3 * others[0] + others[1],
        "pae": easy,
        "pah": hard,
        "pbe": others[0],
        "pbh": others[1],
        "pat": f"{(easy + 3 * hard) / 4:.1f}",
        "pbt": f"{(3 * others[0] + others[1]) / 4:.1f}",
        "da": f"{(easy + hard) / 2:.1f}",
        "db": f"{sum(others) / 2:.1f}",
    }


REVERSAL = Twist(
    8,
    "a common cause turns a comparison round",
    (
        Edit(ROW, "| 8 | a question about <<about>>, answered in words |"),
        Cell(
            HEADING,
            """## Task 8: <<title>> (4 points)

Of 800 <<things>>, half were <<treated>> <<first>> and half <<treated>> <<second>>. <<doer>> decided which,
and <<prefer>>. This is how many came out well (<<good>>):

| <<things>> | <<first>> | <<second>> |
|---|---|---|
| <<easy>> | <<ae>> of 100 | <<be>> of 300 |
| <<hard>> | <<ah>> of 300 | <<bh>> of 100 |
| all | <<at>> of 400 | <<bt>> of 400 |

A student looks at the last line and concludes that <<second>> is the better choice.

Answer in at most 150 words.

1. Draw the graph of the <<kind>> $S$, the <<choice>> $T$ and the result $R$ in words. Explain with
   d-separation why the last line does not show what $T$ does to $R$.
2. Would a hundred times more records from the same source help? Why?
3. Which two numbers should be compared instead, for a future in which $S$ is distributed as in these
   800? Compute them from the table.""",
        ),
        words(
            r"""1. The graph is $S \rightarrow T$, $S \rightarrow R$, $T \rightarrow R$: the <<kind>> influences the choice and
   the result. In the last line $S$ is not observed, so besides $T \rightarrow R$ the path
   $T \leftarrow S \rightarrow R$ is open: <<first>> got most of the hard cases (<<hard>>). Observing $S$
   blocks that path, and in both lines of the table <<first>> does better (<<pae>> against <<pbe>> per
   cent and <<pah>> against <<pbh>> per cent), although it has <<pat>> against <<pbt>> per cent in total.
2. No. The estimate of $p(r \mid t)$ becomes more precise, and it is the wrong quantity. The error is in
   how $T$ was chosen, not in how many records there are.
3. $\sum_s p(s)\, p(R = 1 \mid s, t)$: both rates, weighed by how frequent $s$ is among all 800 and not among
   those with this $t$. Half of all are hard, so <<first>> has (<<pae>> + <<pah>>) / 2 = <<da>> per cent and
   <<second>> has (<<pbe>> + <<pbh>>) / 2 = <<db>> per cent: <<first>> is better.

**Rubric.** Graph with both arrows out of $S$: 1 point. The open path through $S$, which observing $S$ blocks,
said for this story: 1 point. More records do not help, because the choice and not chance is the cause:
1 point. Both numbers, weighed by the frequency of $S$ among all: 1 point (the right weights with an
arithmetic slip, or only "compare within each line": 0.5 points). An answer that calls $S$ a collider
loses the second point."""
        ),
    ),
    table,
)

MEDIATOR = Twist(
    8,
    "an observed mediator hides an effect",
    (
        Edit(ROW, "| 8 | a question about <<about>>, answered in words |"),
        Cell(
            HEADING,
            """## Task 8: <<title>> (4 points)

<<story>> A coin decided who belongs to which group. A student wants a fair comparison and compares
only <<alike>>. There, <<result>> is equally frequent <<groups>>. The student concludes that <<claim>>.

Answer in at most 150 words.

1. Draw the graph of <<cause>> $X$, <<between>> $M$ and <<result>> $Y$ in words and explain the finding with
   d-separation.
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
            "story": "A drug lowers the blood pressure, and a lower blood pressure means fewer strokes. It has no\nother effect. In a study, one half of the patients takes it and the other half does not.",
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
            "story": "A course makes students solve more exercises, and who has solved more exercises passes the\nexamination more often. It has no other effect. One half of the students takes part in it.",
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
            "story": "A fertiliser makes the leaves of a plant larger, and plants with larger leaves bear fruit more\noften. It has no other effect. One half of the plants in a greenhouse gets it.",
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
