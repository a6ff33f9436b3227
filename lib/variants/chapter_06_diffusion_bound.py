"""Other tasks 4 for chapter 6: other weights in the bound."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values

WEIGHTS = "## Task 4: the weights in the bound (3 points)"
WEIGHTS_DEF = '''def bound_weights(betas, variance):
    """Weights on the squared errors of x_0, eps and v for t = 2 .. T, (T - 1,) each."""'''
#: Target -> how it is written in a formula, and in the code of the key.
SYMBOLS = {"x0": "x_0", "eps": r"\epsilon", "v": "v", "score": "s", "u": "u"}
CODE = {
    "x0": "on_x0",
    "eps": "on_x0 / snr",
    "v": "on_x0 * (1 - kept)",
    "score": "on_x0 * (1 - kept)**2 / kept",
    "u": "on_x0 / (1 + np.sqrt(snr))**2",
}


def weights_tests(loop: str, name: str, form: str) -> tuple[Cell, ...]:
    """Both test cells of task 4; `loop` runs over what the second argument may be."""
    call = f"check_weights(bound_weights, rng, {name}, steps, {form})"
    near = f"""
def test_weights_near():
    from lib.homework_diffusion_weights import check_weights

    rng = np.random.default_rng([SEED, 13])
    {loop}
        for steps in (6, 4, 9):
            {call}


test_weights_near()
"""
    far = f"""
# Hidden: two steps, twenty-five steps.
### BEGIN HIDDEN TESTS
def test_weights_far():
    from lib.homework_diffusion_weights import check_weights

    rng = np.random.default_rng([SEED, 14])
    {loop}
        for steps in (5, 2, 25):
            {call}


test_weights_far()
### END HIDDEN TESTS
"""
    return Cell("weights-near", near), Cell("weights-far", far)


def ordered(names: list[str]) -> Values:
    """The texts about three targets in this order."""
    tex = [SYMBOLS[name] for name in names]
    rows = " \\\\\n".join(rf"&= w^{{{s}}}_t \lVert {s} - \hat {s} \rVert^2" for s in tex)
    hats = [rf"$\hat {s}$" for s in tex]
    return {
        "rows": rows,
        "hats": f"{hats[0]}, {hats[1]} and {hats[2]}",
        "triple": "(" + ", ".join(f"w^{{{s}}}" for s in tex) + ")",
        "names": f"{names[0]}, {names[1]} and {names[2]}",
        "returned": ", ".join(CODE[name] for name in names),
        "targets": repr(tuple(names)).replace("'", '"'),
    }


def both(rng: np.random.Generator) -> Values:
    """Score, arrow and one of the lesson's targets in any order."""
    names = ["score", "u", str(rng.choice(["x0", "eps", "v"]))]
    return ordered([names[k] for k in rng.permutation(3)])


def lesson_targets(rng: np.random.Generator) -> Values:
    """The lesson's targets in any order."""
    return ordered([("x0", "eps", "v")[k] for k in rng.permutation(3)])


START = r"""

For $t = 2, \dots, T$, the term $L_{t-1}$ of the bound is the divergence of $q(x_{t-1} \mid x_t, x_0)$
from $p_\theta(x_{t-1} \mid x_t) = \mathcal{N}(\mu_\theta, \sigma_t^2 I)$. The mean $\mu_\theta$ is
$\tilde\mu_t$ with the guess $\hat x_0$ in the place of $x_0$. So the term is a weighted squared
error, plus a constant that no network can change, and the weight depends on what we count the error
in:

$$
\begin{aligned}
L_{t-1} - \text{const}
&= \frac{\lVert \tilde\mu_t - \mu_\theta \rVert^2}{2 \sigma_t^2} \\
<<rows>>
\end{aligned}
$$ (eq-hw-diffusion-weights)
"""
END = r"""
Plot your weights to see which steps they favour; DDPM trains with the weight 1 on the noise.
"""

TARGETS = Twist(
    4,
    "errors are counted in the score, in the plain difference, and in one of the lesson's",
    (
        Cell(
            WEIGHTS,
            WEIGHTS
            + START
            + r"""
The score is $s = -\epsilon / \sqrt{1 - \bar\alpha_t}$, the arrow $u = \epsilon - x_0$, the velocity
$v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. <<hats>> belong to the same
answer of the network: with $\hat x_0$ and $\hat\epsilon$ they make the same $x_t$. Write
`bound_weights(betas, variance)`, which returns the triple of arrays $<<triple>>$ for
$t = 2, \dots, T$, so each has shape $(T - 1,)$. `variance` says what $\sigma_t^2$ is: $\tilde\beta_t$
for `"posterior"`, $\beta_t$ for `"beta"`.
"""
            + END,
        ),
        Edit("errors of x_0, eps and v for t", "errors of <<names>> for t"),
        Solution(
            "weights",
            """
beta = np.asarray(betas)
alpha_bar = np.cumprod(1 - beta)
kept, before, beta = alpha_bar[1:], alpha_bar[:-1], beta[1:]
sigma2 = beta if variance == "beta" else (1 - before) / (1 - kept) * beta
snr = kept / (1 - kept)
on_x0 = before * beta**2 / ((1 - kept) ** 2 * 2 * sigma2)
# with x_t fixed, an error of x_0 by 1 is one of eps by -sqrt(snr), and so on
return <<returned>>
""",
        ),
        *weights_tests('for variance in ("posterior", "beta"):', "variance", "targets=<<targets>>"),
    ),
    both,
)

SHARE = Twist(
    4,
    "a variance between the two bounds, by a share of logarithms",
    (
        Cell(
            WEIGHTS,
            WEIGHTS
            + START
            + r"""
Here <<hats>> belong to the same answer of the network: with $\hat x_0$ and $\hat\epsilon$ they make
the same $x_t$, and $v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. The variance
of the step is learned: Nichol and Dhariwal (2021) let it lie between its two bounds, with the share
$\kappa$ for $\beta_t$ and the rest for $\tilde\beta_t$, the variance of $q(x_{t-1} \mid x_t, x_0)$:

$$
\log \sigma_t^2 = \kappa \log \beta_t + (1 - \kappa) \log \tilde\beta_t
$$

Write `bound_weights(betas, share)`, which returns the triple of arrays $<<triple>>$ for
$t = 2, \dots, T$, so each has shape $(T - 1,)$. `share` is the number $\kappa$, from 0 to 1, the same
at all steps.
"""
            + END,
        ),
        Edit(
            WEIGHTS_DEF,
            '''def bound_weights(betas, share):
    """Weights on the squared errors of <<names>> for t = 2 .. T, (T - 1,) each."""''',
        ),
        Solution(
            "weights",
            """
beta = np.asarray(betas)
alpha_bar = np.cumprod(1 - beta)
kept, before, beta = alpha_bar[1:], alpha_bar[:-1], beta[1:]
exact = (1 - before) / (1 - kept) * beta
sigma2 = beta**share * exact ** (1 - share)
snr = kept / (1 - kept)
on_x0 = before * beta**2 / ((1 - kept) ** 2 * 2 * sigma2)
return <<returned>>
""",
        ),
        *weights_tests(
            "for share in rng.uniform(0.1, 0.9, size=2):", "share", "targets=<<targets>>"
        ),
    ),
    lesson_targets,
)

RATIOS = Twist(
    4,
    "the schedule is given as signal-to-noise ratios",
    (
        Cell(
            WEIGHTS,
            WEIGHTS
            + START
            + r"""
Here <<hats>> belong to the same answer of the network: with $\hat x_0$ and $\hat\epsilon$ they make
the same $x_t$, and $v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$. The schedule
is not given by its betas but by the signal-to-noise ratios
$\mathrm{SNR}(t) = \bar\alpha_t / (1 - \bar\alpha_t)$: `snr` has $T$ entries, and `snr[0]` is
$\mathrm{SNR}(1)$. Write `bound_weights(snr, variance)`, which returns the triple of arrays
$<<triple>>$ for $t = 2, \dots, T$, so each has shape $(T - 1,)$. `variance` says what $\sigma_t^2$
is: $\tilde\beta_t$ for `"posterior"`, $\beta_t$ for `"beta"`. One of the weights is surprisingly
short in these letters.
"""
            + END,
        ),
        Edit(
            WEIGHTS_DEF,
            '''def bound_weights(snr, variance):
    """Weights on the squared errors of <<names>> for t = 2 .. T, (T - 1,) each."""''',
        ),
        Solution(
            "weights",
            """
snr = np.asarray(snr)
earlier, snr = snr[:-1], snr[1:]
kept = snr / (1 + snr)
# with the variance tilde beta, half of what the ratio loses in the step
on_x0 = (earlier - snr) / 2
if variance == "beta":
    before = earlier / (1 + earlier)
    on_x0 = on_x0 * (1 - before) / (1 - kept)
return <<returned>>
""",
        ),
        *weights_tests(
            'for variance in ("posterior", "beta"):',
            "variance",
            'targets=<<targets>>, given="snr"',
        ),
    ),
    lesson_targets,
)

TWISTS = [TARGETS, SHARE, RATIOS]
