"""Task 4 and 5a of chapter 7's homework: other penalties, other ways of power iteration.

Task 5 is put together in `chapter_07_gan_limits`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist

FIRST = "## Task 4: two gradient penalties (3 points)"
SAMPLES = r"""
## Task 4: two gradient penalties (3 points)

Two penalties keep the score from getting steep, one at the samples, one on the way from data to samples:

$$
\begin{aligned}
R_2 &= \tfrac12\, \mathbb{E} \lVert \nabla_x d(G(z)) \rVert^2 \\
\mathrm{LP} &= \mathbb{E} \bigl( \max \{ 0, \lVert \nabla_x d(\hat x) \rVert - k \} \bigr)^2 \\
\hat x &= (1 - r)\, x + r\, G(z)
\end{aligned}
$$ (eq-hw-gan-penalties)

Slopes up to the limit $k = <<limit>>$ cost nothing in the second. Write `penalties(score, real, fake, share)` in PyTorch; it returns the pair
$(R_2, \mathrm{LP})$, two tensors without axes. `score` maps examples $(N, \dots)$ to scores $(N, 1)$; each example's score depends on that
example alone. `real` and `fake` have one shape $(N, \dots)$, `share` has shape $(N,)$ and holds an $r$ for each example. The critic is trained with
these penalties, so gradients must reach its weights. The generator is not: no gradient may reach `fake`.
"""
SAMPLES_KEY = '''
def penalties(score, real, fake, share):
    """(R2, LP), scalar tensors, for examples real and fake (N, ...) and shares (N,) of fake."""

    ### BEGIN SOLUTION
    def slope(x):
        x = x.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(score(x).sum(), x, create_graph=True)
        return gradient.flatten(1).norm(dim=1)

    r = share.reshape(-1, *[1] * (real.ndim - 1))
    between = (1 - r) * real + r * fake
    too_steep = torch.relu(slope(between) - <<limit>>)
    return 0.5 * slope(fake).square().mean(), too_steep.square().mean()
    ### END SOLUTION
'''
JUDGED = r"""
## Task 4: two gradient penalties (3 points)

Two penalties keep the score flat. The first counts a slope the more, the less $D$ is right about the example; the second looks at the way from
data to samples:

$$
\begin{aligned}
\Omega &= \mathbb{E} \bigl[ (1 - D(x))^2 \lVert \nabla_x d(x) \rVert^2 \bigr] \\
&\quad + \mathbb{E} \bigl[ D(G(z))^2 \lVert \nabla_x d(G(z)) \rVert^2 \bigr] \\
F &= \mathbb{E} \lVert \nabla_x d(\hat x) \rVert^2 \\
\hat x &= r x + (1 - r)\, G(z)
\end{aligned}
$$ (eq-hw-gan-penalties)

with $D = \mathrm{sig}(d)$. Write `penalties(score, real, fake, share)` in PyTorch; it returns the pair $(\Omega, F)$, two tensors without axes.
`score` maps examples $(N, \dots)$ to scores $(N, 1)$; each example's score depends on that example alone. `real` and `fake` have one shape
$(N, \dots)$, `share` has shape $(N,)$ and holds an $r$ for each example. The critic is trained with these penalties, so gradients must reach its
weights, through $D$ as well as through the slopes. The generator is not: no gradient may reach `fake`.
"""
JUDGED_KEY = '''
def penalties(score, real, fake, share):
    """(Omega, F), scalar tensors, for examples real and fake (N, ...) and shares (N,)."""

    ### BEGIN SOLUTION
    def looked_at(x):  # scores and squared slopes, (N,) each
        x = x.detach().requires_grad_(True)
        d = score(x)[:, 0]
        (gradient,) = torch.autograd.grad(d.sum(), x, create_graph=True)
        return d, gradient.flatten(1).square().sum(dim=1)

    on_real, at_real = looked_at(real)
    on_fake, at_fake = looked_at(fake)
    weighed = torch.sigmoid(-on_real).square() * at_real + torch.sigmoid(on_fake).square() * at_fake
    r = share.reshape(-1, *[1] * (real.ndim - 1))
    return weighed.mean(), looked_at(r * real + (1 - r) * fake)[1].mean()
    ### END SOLUTION
'''


def checks(rules: str) -> tuple[Edit, ...]:
    """Edits of both test cells of the penalties."""
    calls = "check_penalties(penalties, rng, n, (d,)", "check_penalties(penalties, rng, n, shape"
    return tuple(Edit(f"{call})", f"{call}, {rules})") for call in calls)


def limited(rng: np.random.Generator) -> dict[str, Any]:
    """The slope up to which nothing is to pay."""
    return {"limit": rng.choice([0.4, 0.5, 0.6, 0.75, 0.8, 1.2, 1.25])}


TWISTS = [
    Twist(
        4,
        "a penalty at the samples, and a limit to slopes",
        (
            Cell(FIRST, SAMPLES),
            Cell("penalty", SAMPLES_KEY),
            *checks('kind="r2", limit=<<limit>>'),
        ),
        limited,
    ),
    Twist(
        4,
        "slopes weighed by D, and flat ways",
        (Cell(FIRST, JUDGED), Cell("penalty", JUDGED_KEY), *checks('kind="judged"')),
    ),
]
