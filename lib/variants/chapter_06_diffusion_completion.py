"""Other tasks 8b for chapter 6: completion of pictures."""

from __future__ import annotations

from lib.variants import Cell, Edit, Solution
from lib.variants.chapter_06_diffusion_edits import moved

TASK = (
    "**b (2 points).** A trained model completes pictures of which only some pixels are known. "
    "Before each step back from $x_t$, for $t = T, \\dots, 1$, the known places are set to the data "
    "at noise level $t$; the others stay as they are. Then all places are"
)
DEF = "def complete(reverse, x0, known, start, eps, alpha_bar):"
DOC = '"""Examples (N, ...) whose `known` places are those of x0; the others are drawn."""'
PLACES = "[((3, 4), 4), ((2, 6), 3), ((2, 3, 2), 5), ((4, 5), 2)]"
#: The calls of the tests -> the same with more examples.
CALLS = {
    "check_completion(complete, rng, shape, steps)": "",
    "check_completion(complete, rng, (2, 3, 3), 6, 0.4)": "(7, 3, 3)",
    "check_completion(complete, rng, (3, 4), 3, 0.0)": "(4, 4)",
    "check_completion(complete, rng, (3, 4), 3, 1.0)": "(4, 4)",
    "check_completion(complete, rng, (2, 4), 1)": "",
}


def in_tests(form: str, *, more: bool = False) -> tuple[Edit, ...]:
    """The test cells ask for a form; `more` examples than steps."""
    asked = []
    for call, larger in CALLS.items():
        old = call[call.index("rng, (") + 5 : call.index(")") + 1] if larger else ""
        new = call.replace(old, larger) if more and larger else call
        asked.append(Edit(call, f'{new[:-1]}, form="{form}")'))
    return (
        *(
            moved("check_completion", k, "homework_diffusion_fewer", "homework_diffusion_sampling")
            for k in (24, 25)
        ),
        *asked,
    )


AFTER = (
    Cell(
        TASK,
        r"""
**b (2 points).** A trained model completes pictures in which some pixels are hidden. It starts from $x_T$ as
it is. After each step back to $x_{t-1}$, for $t = T, \dots, 1$, the known places are set to the data at noise
level $t - 1$; the hidden ones stay as they were drawn. So after the last step the known places are the
data themselves.

Write `complete(reverse, x0, hidden, start, eps, alpha_bar)`. `reverse(xt, t)` draws $x_{t-1}$ for all places; call
it once for each `t`. `hidden` is true for each place that is **not** known and has the shape of one
example. `start` is the $x_T$ to begin with, $(N, \dots)$. For the known places at level `s`, use the noise
`eps[s]`, also $(N, \dots)$; the first axis of `eps` has $T + 1$ entries, and the first and the last of them are
not needed. Hidden places of `x0` hold any numbers; do not rely on them.
""",
    ),
    Edit(DEF, DEF.replace("known", "hidden")),
    Edit(
        DOC, '"""Examples (N, ...) whose `hidden` places are drawn; the others are those of x0."""'
    ),
    Solution(
        "completion",
        """
xt = start
for t in range(len(alpha_bar) - 1, 0, -1):
    kept = alpha_bar[t - 1]
    noisy = np.sqrt(kept) * x0 + np.sqrt(1 - kept) * eps[t - 1]  # at t = 1 the data
    xt = np.where(hidden, reverse(xt, t), noisy)
return xt
""",
    ),
    *in_tests("after"),
)

ONE_NOISE = (
    Cell(
        TASK,
        r"""
**b (2 points).** A trained model completes pictures of which only some pixels are known. Before each step
back from $x_t$, for $t = T, \dots, 1$, the known places are set to the data at noise level $t$; the others stay
as they are. Then all places are drawn. In the end the known places are set to the data themselves. To
let the known places walk calmly, they get **the same noise at all levels**: only its size changes.

Write `complete(reverse, x0, known, start, eps, alpha_bar)`. `reverse(xt, t)` draws $x_{t-1}$ for all places; call
it once for each `t`. `known` is true or false for each place and has the shape of one example. `start`
is the $x_T$ to begin with, and `eps` the one standard normal noise, both $(N, \dots)$ like `x0`. Hidden places
of `x0` hold any numbers; do not rely on them.
""",
    ),
    Solution(
        "completion",
        """
xt = start
for t in range(len(alpha_bar) - 1, 0, -1):
    noisy = np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * eps
    xt = reverse(np.where(known, noisy, xt), t)
return np.where(known, x0, xt)
""",
    ),
    Edit(PLACES, "[((5, 4), 4), ((4, 6), 3), ((6, 3, 2), 5), ((4, 5), 2)]"),
    *in_tests("one", more=True),
)

SOFT = (
    Cell(
        TASK,
        r"""
**b (2 points).** A trained model completes pictures of which some pixels are known, but not all of them for
certain. Each place has a number `sure` from 0, not known at all, to 1, certain. Before each step back
from $x_t$, for $t = T, \dots, 1$, each place is **mixed**: the share `sure` comes from the data at noise level $t$,
the rest stays what $x_t$ was. Then all places are drawn. In the end each place is mixed in the same way
with the data themselves.

Write `complete(reverse, x0, sure, start, eps, alpha_bar)`. `reverse(xt, t)` draws $x_{t-1}$ for all places; call it
once for each `t`. `sure` has the shape of one example. `start` is the $x_T$ to begin with, $(N, \dots)$. For the
data at level `t`, use the noise `eps[t]`, also $(N, \dots)$; the first axis of `eps` has $T + 1$ entries, and `eps[0]`
is not needed. Places of `x0` with `sure` 0 hold any numbers; do not rely on them.
""",
    ),
    Edit(DEF, DEF.replace("known", "sure")),
    Edit(
        DOC, '"""Examples (N, ...) whose places are those of x0 by the share `sure`, else drawn."""'
    ),
    Solution(
        "completion",
        """
xt = start
for t in range(len(alpha_bar) - 1, 0, -1):
    noisy = np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * eps[t]
    xt = reverse(sure * noisy + (1 - sure) * xt, t)
return sure * x0 + (1 - sure) * xt
""",
    ),
    *in_tests("soft"),
)

#: What the completion is made with -> edits of part b.
COMPLETIONS = {
    "known places set after each step, and a mask of the hidden ones": AFTER,
    "one noise for all levels": ONE_NOISE,
    "places known in part": SOFT,
}
