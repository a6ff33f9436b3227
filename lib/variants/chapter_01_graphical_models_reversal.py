"""Task 8 of the homework on graphical models: a common cause turns a comparison round."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values
from lib.variants.chapter_01_graphical_models_words import HEADING, ROW, words

STORIES = [
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
]


def table(rng: np.random.Generator) -> Values:
    """A story with numbers in which the total says the opposite of both groups."""
    story = STORIES[rng.integers(len(STORIES))]
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
