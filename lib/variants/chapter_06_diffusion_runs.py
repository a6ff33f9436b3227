"""Other tasks 7 for chapter 6: other samplers without a random number."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_06_diffusion_edits import asking, moved, row

TASK = "## Task 7: Algorithm 2 without a random number (4 points)"
ROW = "Algorithm 2 on exact guesses, without a random number"
DEF = "def chain_moments(mean, variance, betas, kind):"
MOVED = tuple(
    moved("check_chain", seed, "homework_diffusion_runs", "homework_diffusion_chain")
    for seed in (20, 21)
)
SHORT = """    for kind in ("posterior", "beta"):
        for steps in (6, 3, 9):
            check_chain(chain_moments, rng, kind, steps=steps)"""
LONG = """    check_chain(chain_moments, rng, "posterior", np.linspace(0.001, 0.02, 100))
    for kind, steps in [("beta", 25), ("beta", 1), ("posterior", 1)]:
        check_chain(chain_moments, rng, kind, steps=steps)"""


def eta(rng: np.random.Generator) -> Values:
    """What to try in the end."""
    return {"steps": rng.choice([50, 80, 100, 150]), "m": rng.choice([-3, -2, 2, 3, 4])}


DDIM = Twist(
    7,
    "DDIM with a number eta, in the place of Algorithm 2",
    (
        row(7, ROW, "DDIM on exact guesses, without a random number"),
        Cell(
            TASK,
            r"""
## Task 7: DDIM without a random number (4 points)

Is DDIM right, if the network is perfect, and how much noise does it need? Take data that are one Gaussian
number, $x_0 \sim \mathcal{N}(m, \sigma_x^2)$. Then the guess $\hat\epsilon = \mathbb{E}[\epsilon \mid x_t]$ is a straight line in $x_t$, and so is the
$\hat x_0 = (x_t - \sqrt{1 - \bar\alpha_t}\, \hat\epsilon) / \sqrt{\bar\alpha_t}$ that belongs to it. Each step

$$
\begin{aligned}
x_{t-1} &= \sqrt{\bar\alpha_{t-1}}\, \hat x_0 + \sigma_t z \\
&\quad + \sqrt{1 - \bar\alpha_{t-1} - \sigma_t^2}\, \hat\epsilon, \\
\sigma_t^2 &= \eta^2\, \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t}\, \beta_t
\end{aligned}
$$ (eq-hw-diffusion-reverse)

is a straight line plus noise, and every $x_t$ of the sampler stays Gaussian. So its mean and variance can
be computed, with no draw at all. The sampler starts from $x_T \sim \mathcal{N}(0, 1)$, and $z$ is standard normal.

Write `chain_moments(mean, variance, betas, eta)` for $m$ = `mean`, $\sigma_x^2$ = `variance` and $\eta$ = `eta`, a number from
0 to 1. It returns two arrays of $T + 1$ entries: the means and the variances of the sampler's
$x_0, \dots, x_T$, entry $t$ for $x_t$.

Then try $m = <<m>>$, $\sigma_x^2 = 0.25$ with <<steps>> steps whose betas go evenly from 0.0001 to 0.02, for $\eta = 0$ and
$\eta = 1$. The guesses are perfect. Which of the two forgets more of where it started?
""",
        ),
        Edit(DEF, "def chain_moments(mean, variance, betas, eta):"),
        Solution(
            "chain",
            """
alpha_bar = np.append(1.0, np.cumprod(1 - np.asarray(betas)))
means, variances = np.zeros(len(alpha_bar)), np.ones(len(alpha_bar))
for t in range(len(betas), 0, -1):
    kept, before = alpha_bar[t], alpha_bar[t - 1]
    sigma2 = eta**2 * (1 - before) / (1 - kept) * betas[t - 1]
    spread = kept * variance + 1 - kept  # of x_t where the data are noisy data
    # eps_hat = on_xt x_t + constant
    on_xt = math.sqrt(1 - kept) / spread
    constant = -on_xt * math.sqrt(kept) * mean
    # x_(t-1) = ratio x_t + rest eps_hat + noise
    ratio = math.sqrt(before / kept)
    rest = math.sqrt(1 - before - sigma2) - ratio * math.sqrt(1 - kept)
    means[t - 1] = (ratio + rest * on_xt) * means[t] + rest * constant
    variances[t - 1] = (ratio + rest * on_xt) ** 2 * variances[t] + sigma2
return means, variances
""",
        ),
        *MOVED,
        Edit(SHORT, SHORT.replace("kind", "eta").replace('"posterior", "beta"', "0.0, 0.6")),
        Edit(
            LONG,
            """    check_chain(chain_moments, rng, 0.0, np.linspace(0.001, 0.02, 100))
    for eta, steps in [(0.8, 25), (0.3, 1), (0.3, 2), (1.0, 4)]:
        check_chain(chain_moments, rng, eta, steps=steps)""",
        ),
    ),
    eta,
)


def cooled(rng: np.random.Generator) -> Values:
    """The temperature and the factor of the guesses."""
    return {
        "heat": f"{rng.choice([0.5, 0.6, 0.7, 0.8, 0.9]):g}",
        "factor": f"{rng.choice([0.8, 0.85, 0.9, 0.95, 1.05, 1.1]):g}",
        "m": rng.choice([-3, -2, 2, 3, 4]),
    }


COOLED = Twist(
    7,
    "a sampler with a temperature, and a network whose guesses are off by a factor",
    (
        row(7, ROW, "a cooled sampler with a faulty network, without a random number"),
        Cell(
            TASK,
            r"""
## Task 7: a cooled sampler without a random number (4 points)

What becomes of Algorithm 2, if the network is not perfect and the user turns the knobs? Take data that
are one Gaussian number, $x_0 \sim \mathcal{N}(m, \sigma_x^2)$. The best guess of the noise, $\hat\epsilon = \mathbb{E}[\epsilon \mid x_t]$, is a straight
line in $x_t$. The network answers $<<factor>>\, \hat\epsilon$ instead: its guesses are off by a factor, and the sampler does not
know. To get calmer samples, all random numbers, those of the start included, are multiplied
by the temperature $\tau = <<heat>>$. Each step

$$
x_{t-1} = \frac{1}{\sqrt{\alpha_t}} \Bigl( x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\, <<factor>>\, \hat\epsilon \Bigr) + \sigma_t\, \tau z
$$ (eq-hw-diffusion-reverse)

is still a straight line plus noise, and every $x_t$ of the sampler stays Gaussian. So its mean and
variance can be computed, with no draw at all. The sampler starts from $x_T = \tau z$, every $z$ is standard
normal, and at $t = 1$ there is no noise.

Write `chain_moments(mean, variance, betas, kind)` for $m$ = `mean` and $\sigma_x^2$ = `variance`. It returns two arrays of
$T + 1$ entries: the means and the variances of the sampler's $x_0, \dots, x_T$, entry $t$ for $x_t$. $\sigma_t^2$ is $\tilde\beta_t$, the
variance of $q(x_{t-1} \mid x_t, x_0)$, where `kind` is `"posterior"`, and $\beta_t$ where it is `"beta"`.

Then try $m = <<m>>$, $\sigma_x^2 = 0.25$ with 40 steps whose betas go evenly from 0.02 to 0.3. What does
each of the two changes alone do to the variance of $x_0$, and what do both do to its mean?
""",
        ),
        Solution(
            "chain",
            """
alpha_bar = np.append(1.0, np.cumprod(1 - np.asarray(betas)))
means, variances = np.zeros(len(alpha_bar)), np.full(len(alpha_bar), <<heat>>**2)
for t in range(len(betas), 0, -1):
    beta, kept, before = betas[t - 1], alpha_bar[t], alpha_bar[t - 1]
    spread = kept * variance + 1 - kept  # of x_t where the data are noisy data
    # the network: <<factor>> sqrt(1 - kept) (x_t - sqrt(kept) mean) / spread
    slope = (1 - beta * <<factor>> / spread) / math.sqrt(1 - beta)
    shift = beta * <<factor>> * math.sqrt(kept) * mean / (spread * math.sqrt(1 - beta))
    sigma2 = beta if kind == "beta" else (1 - before) / (1 - kept) * beta
    means[t - 1] = slope * means[t] + shift
    variances[t - 1] = slope**2 * variances[t] + (<<heat>>**2 * sigma2 if t > 1 else 0)
return means, variances
""",
        ),
        *MOVED,
        *asking(
            "heat=<<heat>>, factor=<<factor>>",
            'check_chain(chain_moments, rng, "posterior", np.linspace(0.001, 0.02, 100))',
        ),
        Edit(SHORT, SHORT[:-1] + ", heat=<<heat>>, factor=<<factor>>)"),
        Edit(
            LONG.split("\n", 1)[1],
            LONG.split("\n", 1)[1][:-1] + ", heat=<<heat>>, factor=<<factor>>)",
        ),
    ),
    cooled,
)

TWISTS = [DDIM, COOLED]
