"""Other tasks 5 for chapter 6: other losses."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_edits import asking, moved, row

LOSS = "## Task 5: the loss of Algorithm 1 (3 points)"
LOSS_ROW = "the loss of Algorithm 1"
CALLS = r"""Write the inside of the training loop, in PyTorch:
`training_loss(network, x0, t, eps, alpha_bar, target)`. The random numbers are drawn already: `t` is
a tensor of $N$ whole numbers, `eps` is shaped like `x0`, which has any shape $(N, \dots)$. """


def loss_tests(form: str) -> tuple[Edit, ...]:
    """The test cells of task 5 ask for a form of the loss."""
    return (
        *(
            moved("check_loss", k, "homework_diffusion_losses", "homework_diffusion_goals")
            for k in (15, 16)
        ),
        *asking(
            form,
            'check_loss(training_loss, rng, "eps", shape)',
            "check_loss(training_loss, rng, target)",
            "check_loss(training_loss, rng, target, shape, 9)",
        ),
    )


def clip(rng: np.random.Generator) -> Values:
    """The largest weight."""
    return {"clip": f"{rng.choice([1.5, 2, 2.5, 3, 4, 5]):g}"}


DOC = '"""Squared error: summed over the numbers of an example, averaged over examples."""'

CLIPPED = Twist(
    5,
    "the error of x_0 with a largest weight (min-SNR)",
    (
        row(5, LOSS_ROW, "a loss whose weights have an upper limit"),
        Cell(
            LOSS,
            r"""
## Task 5: a loss with a largest weight (3 points)

Algorithm 1 weighs the errors of the noise alike at all steps. Counted in $x_0$, this is the weight
$\mathrm{SNR}(t) = \bar\alpha_t / (1 - \bar\alpha_t)$, which grows without limit near the data. Hang
et al. (2023) limit it:

$$
\frac{1}{N} \sum_{n=1}^{N} \min\bigl\{\mathrm{SNR}(t_n),\, <<clip>>\bigr\}\, \bigl\lVert x_0^{(n)}
- \hat x_0^{(n)} \bigr\rVert^2
$$

Whatever the network answers, the error is that of the $\hat x_0$ that belongs to its answer, and the limit
is <<clip>>. """
            + CALLS
            + r"""Make $x_t$
and call `network(xt, t)`, which gives a tensor shaped like `xt`. `target` says what the network tries
to answer: `"eps"`, `"x0"` or `"v"`, where
$v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. Return one number, a tensor that
gradients can go through: the sum above, with the squared error **summed over all numbers of an
example**.
""",
        ),
        Edit(DOC, '"""Squared error of x_0 times min(SNR, <<clip>>), averaged over examples."""'),
        Solution(
            "loss",
            """
kept = alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))
a, b = torch.sqrt(kept), torch.sqrt(1 - kept)
xt = a * x0 + b * eps
answer = network(xt, t)
if target == "x0":
    guess = answer
elif target == "eps":
    guess = (xt - b * answer) / a
else:
    guess = a * xt - b * answer
snr = alpha_bar[t] / (1 - alpha_bar[t])
errors = (guess - x0).square().flatten(1).sum(dim=1)
return (snr.clamp(max=<<clip>>) * errors).mean()
""",
        ),
        *loss_tests("clip=<<clip>>"),
    ),
    clip,
)


def soft(rng: np.random.Generator) -> Values:
    """The constant of the pseudo-Huber distance."""
    return {"soft": f"{rng.choice([0.5, 0.8, 1.5, 2, 2.5, 3, 4]):g}"}


SOFT = Twist(
    5,
    "a pseudo-Huber distance in the place of the square",
    (
        row(5, LOSS_ROW, "a loss that bears outliers"),
        Cell(
            LOSS,
            r"""
## Task 5: a loss that bears outliers (3 points)

With squares, a few bad examples rule the gradient. Song and Dhariwal (2024) count an example by a
distance that is a square where it is small and a straight line where it is large. For an error $e$, a
vector of all numbers of the example,

$$
d(e) = \sqrt{\lVert e \rVert^2 + c^2} - c, \quad c = <<soft>>
$$

"""
            + CALLS
            + r"""Make $x_t$,
call `network(xt, t)`, which gives a tensor shaped like `xt`, and compare with the target, `"eps"`,
`"x0"` or `"v"`, where $v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. Return
one number, a tensor that gradients can go through: the distance $d$, **one for each example, averaged
over the examples**.
""",
        ),
        Edit(
            DOC, '"""Distance sqrt(|e|^2 + c^2) - c with c = <<soft>>, averaged over examples."""'
        ),
        Solution(
            "loss",
            """
kept = alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))
a, b = torch.sqrt(kept), torch.sqrt(1 - kept)
xt = a * x0 + b * eps
v = a * eps - b * x0
goal = {"x0": x0, "eps": eps, "v": v}[target]
squares = (network(xt, t) - goal).square().flatten(1).sum(dim=1)
return (torch.sqrt(squares + <<soft>>**2) - <<soft>>).mean()
""",
        ),
        *loss_tests("soft=<<soft>>"),
    ),
    soft,
)

MIRRORED = Twist(
    5,
    "each noise is used twice, as it is and with the other sign",
    (
        row(5, LOSS_ROW, "the loss of Algorithm 1, each noise used twice"),
        Cell(
            LOSS,
            r"""
## Task 5: a loss that uses each noise twice (3 points)

The loss of Algorithm 1 jumps from batch to batch, because the noise does. If $\epsilon$ is standard
normal, so is $-\epsilon$; what one of them overstates, the other often makes up for. So each example
is used twice with the same $t$: once with $\epsilon$, once with $-\epsilon$.

"""
            + CALLS
            + r"""Make
both $x_t$, call `network(xt, t)`, which gives a tensor shaped like `xt`, for each of them, and
compare with its own target, `"eps"`, `"x0"` or `"v"`: mind that the sign of the noise changes more
than $x_t$. Here $v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. Return one
number, a tensor that gradients can go through: the squared error **summed over all numbers of an
example and averaged over the $2N$ noisy examples**.
""",
        ),
        Edit(
            DOC, '"""Squared error, summed over an example, averaged over all with eps and -eps."""'
        ),
        Solution(
            "loss",
            """
kept = alpha_bar[t].reshape(-1, *[1] * (x0.ndim - 1))
a, b = torch.sqrt(kept), torch.sqrt(1 - kept)
losses = []
for noise in (eps, -eps):
    xt = a * x0 + b * noise
    v = a * noise - b * x0
    goal = {"x0": x0, "eps": noise, "v": v}[target]
    losses.append((network(xt, t) - goal).square().flatten(1).sum(dim=1).mean())
return sum(losses) / 2
""",
        ),
        *loss_tests("mirrored=True"),
    ),
)

TWISTS = [CLIPPED, SOFT, MIRRORED]
