"""Other tasks 8a for chapter 6: leaps of DDIM."""

from __future__ import annotations

from lib.variants import Cell, Edit, Solution
from lib.variants.chapter_06_diffusion_edits import asking, moved

TASK = "## Task 8: fewer steps, and missing parts (4 points)"
DEF = "def ddim_step(xt, eps, t, s, eta, z, alpha_bar):"
DOC = "s < t, the guess eps of its noise, and noise z; all of one shape."
EQUATION = r"""
$$
\begin{aligned}
x_s &= \sqrt{\bar\alpha_s}\, \hat x_0 + \sigma z \\
&\quad + \sqrt{1 - \bar\alpha_s - \sigma^2}\, \hat\epsilon, \\
\sigma^2 &= \eta^2\, \frac{1 - \bar\alpha_s}{1 - \bar\alpha_t} \Bigl( 1 - \frac{\bar\alpha_t}{\bar\alpha_s} \Bigr)
\end{aligned}
$$ (eq-hw-diffusion-ddim)

With $\eta = 0$ nothing is random but $x_T$. With $\eta = 1$ it is a step of Algorithm 2 for a shorter chain.
"""
MOVED = moved("check_ddim", 22, "homework_diffusion_fewer", "homework_diffusion_sampling")
PICTURES = "check_ddim(ddim_step, rng, 0.4, (7, 3), (2, 3, 3))"
LEAP, ENDS = "check_ddim(ddim_step, rng, eta)", "check_ddim(ddim_step, rng, eta, pair)"

VELOCITY = (
    Cell(
        TASK,
        TASK
        + r"""

**a (2 points).** DDIM leaps from $t$ to any earlier $s$. This network was trained to answer with the velocity
$v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. From its guess $\hat v$ at $x_t$ follow the $\hat\epsilon$ and the $\hat x_0$ that
belong to it; with them,
"""
        + EQUATION
        + r"""
Write `ddim_step(xt, v, t, s, eta, z, alpha_bar)`, which returns $x_s$. `v` is $\hat v$, `z` standard normal
noise; both are shaped like `xt`.
""",
    ),
    Edit(DEF, DEF.replace("eps", "v")),
    Edit(DOC, DOC.replace("eps of its noise", "v of its velocity")),
    Solution(
        "ddim",
        """
now, then = alpha_bar[t], alpha_bar[s]
x0 = np.sqrt(now) * xt - np.sqrt(1 - now) * v
eps = np.sqrt(1 - now) * xt + np.sqrt(now) * v
sigma2 = eta**2 * (1 - then) / (1 - now) * (1 - now / then)
return np.sqrt(then) * x0 + np.sqrt(1 - then - sigma2) * eps + np.sqrt(sigma2) * z
""",
    ),
    MOVED,
    *asking('form="v"', PICTURES, LEAP, ENDS),
)

DATA = (
    Cell(
        TASK,
        TASK
        + r"""

**a (2 points).** DDIM leaps from $t$ to any earlier $s$. This network was trained to answer with the data
themselves. From its guess $\hat x_0$ at $x_t$ follows the $\hat\epsilon$ that belongs to it; with both,
"""
        + EQUATION
        + r"""
Write `ddim_step(xt, x0, t, s, eta, z, alpha_bar)`, which returns $x_s$. `x0` is $\hat x_0$, `z` standard normal
noise; both are shaped like `xt`.
""",
    ),
    Edit(DEF, DEF.replace("eps", "x0")),
    Edit(DOC, DOC.replace("eps of its noise", "x0 of the data")),
    Solution(
        "ddim",
        """
now, then = alpha_bar[t], alpha_bar[s]
eps = (xt - np.sqrt(now) * x0) / np.sqrt(1 - now)
sigma2 = eta**2 * (1 - then) / (1 - now) * (1 - now / then)
return np.sqrt(then) * x0 + np.sqrt(1 - then - sigma2) * eps + np.sqrt(sigma2) * z
""",
    ),
    MOVED,
    *asking('form="x0"', PICTURES, LEAP, ENDS),
)

SHARE = (
    Cell(
        TASK,
        TASK
        + r"""

**a (2 points).** DDIM leaps from $t$ to any earlier $s$. With the guess $\hat\epsilon$ at $x_t$, and the $\hat x_0$ that
belongs to it,

$$
\begin{aligned}
x_s &= \sqrt{\bar\alpha_s}\, \hat x_0 + \sigma z \\
&\quad + \sqrt{1 - \bar\alpha_s - \sigma^2}\, \hat\epsilon
\end{aligned}
$$ (eq-hw-diffusion-ddim)

All noise in $x_s$, the guessed and the fresh together, has the variance $1 - \bar\alpha_s$. Here the knob is
the share $\kappa$ of the fresh noise $\sigma z$ in this variance, from 0 to 1; the lesson's $\eta$ does not appear.
With $\kappa = 0$ nothing is random but $x_T$; with $\kappa = 1$ all noise is drawn anew.

Write `ddim_step(xt, eps, t, s, share, z, alpha_bar)`, which returns $x_s$. `eps` is $\hat\epsilon$, `share` is $\kappa$, and `z`
is standard normal noise; `eps` and `z` are shaped like `xt`.
""",
    ),
    Edit(DEF, DEF.replace("eta", "share")),
    Solution(
        "ddim",
        """
now, then = alpha_bar[t], alpha_bar[s]
x0 = (xt - np.sqrt(1 - now) * eps) / np.sqrt(now)
noise = np.sqrt(1 - share) * eps + np.sqrt(share) * z  # of variance 1
return np.sqrt(then) * x0 + np.sqrt(1 - then) * noise
""",
    ),
    MOVED,
    Edit("    for eta in (0.5, 0.0, 0.7, 1.0):\n", "    for share in (0.5, 0.0, 0.7, 1.0):\n"),
    Edit("    for eta, pair in [(0.0, (5, 0))", "    for share, pair in [(0.0, (5, 0))"),
    *asking('form="share"', PICTURES),
    *(Edit(c, c.replace("eta", "share")[:-1] + ', form="share")') for c in (LEAP, ENDS)),
)

#: What the leaps are made with -> edits of part a.
LEAPS = {"a guessed velocity": VELOCITY, "guessed data": DATA, "a share of fresh noise": SHARE}
