"""Twists of chapter 8's homework, task 7: questions with noise, prices, and other answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.variants import Cell, Edit, Twist
from lib.variants.chapter_08_conditional_parts import asks

NEAREST = "## Task 7: questions with several answers (5 points)"
ALL = (
    "**b (3 points).** The nearest answer is one of many. Where $x$ is a mixture of Gaussians, "
    r"with weights $\pi_k$, means $\mu_k$ and covariances $\Sigma_k$, all answers are known: "
    r"$p(x \mid A x = y)$ is a mixture as well. Each Gaussian is conditioned on its own,"
)
SCORES = """
scores.append(np.log(weight) - 0.5 * (log_det + off @ np.linalg.solve(inner, off)))
    weights = np.exp(np.array(scores) - max(scores))
    return weights / weights.sum(), np.array(new_means), np.array(new_covs)
    ### END SOLUTION
""".strip()


def draw_noise(rng: np.random.Generator) -> dict[str, Any]:
    """What the noise of the questions is given as."""
    ways = {
        "std": ("the standard deviation $\\sigma$ of the noise", "std**2"),
        "variance": ("the variance $\\sigma^2$ of the noise", "variance"),
        "precision": ("the precision $1 / \\sigma^2$ of the noise", "1 / precision"),
    }
    name = list(ways)[rng.integers(3)]
    return {"noise": name, "noise_text": ways[name][0], "square": ways[name][1]}


NOISY = Twist(
    7,
    "questions with noise, which an answer need not meet exactly",
    (
        Edit(
            "| 7 | the nearest answer to $A x = y$, and all answers | 5 |",
            "| 7 | the best answer to a noisy question, and all answers | 5 |",
        ),
        Cell(
            NEAREST,
            r"""
## Task 7: questions with several answers (5 points)

**a (2 points).** A question is $y = A x + \sigma n$ for a known matrix $A$ that loses something,
and standard normal noise $n$ in each number of $y$. The best compromise between a given $x$ and the
question makes $\lVert \hat x - x \rVert^2 + \lVert A \hat x - y \rVert^2 / \sigma^2$ least. It is

$$
\hat x = x + A^\top (A A^\top + \sigma^2 I)^{-1} (y - A x)
$$ (eq-hw-conditional-projection)

Write `nearest_answer(A, x, y, <<noise>>)`: the matrix `A`, $(M, D)$, is the same for all; `x`,
$(N, D)$, and `y`, $(N, M)$, have a picture and its question in each row; `<<noise>>` is
<<noise_text>>. Return $\hat x$, $(N, D)$. Two rows of $A$ may ask the same.
""",
        ),
        Cell(
            "nearest",
            '''
def nearest_answer(A, x, y, <<noise>>):
    """The best compromises (N, D) between x and the noisy questions y."""
    ### BEGIN SOLUTION
    inner = A @ A.T + <<square>> * np.eye(len(A))
    return x + np.linalg.solve(inner, (y - x @ A.T).T).T @ A
    ### END SOLUTION
''',
        ),
        asks("nearest-rows", 'noise="<<noise>>"', "questions"),
        Cell(
            ALL,
            r"""
**b (3 points).** That answer is one of many. Where $x$ is a mixture of Gaussians, with weights
$\pi_k$, means $\mu_k$ and covariances $\Sigma_k$, all answers are known: $p(x \mid y)$ is a mixture
as well, for noise of any size. Each Gaussian is conditioned on its own,

$$
\begin{aligned}
G &= \Sigma A^\top (A \Sigma A^\top + \sigma^2 I)^{-1} \\
\mu' &= \mu + G (y - A \mu) \\
\Sigma' &= \Sigma - G A \Sigma
\end{aligned}
$$ (eq-hw-conditional-gaussian)

and the weights change, too: how likely is the noisy $y$ for class $k$? Write
`all_answers(prior, means, covs, A, y, <<noise>>)` for **one** question `y`, $(M,)$. `prior`,
`means` and `covs` have shapes $(K,)$, $(K, D)$ and $(K, D, D)$, and `<<noise>>` is <<noise_text>>.
Return the triple of the new weights, means and covariances, in the same shapes. Narrow classes and
little noise make densities of $y$ that round to 0; your weights must be right there, too.
""",
        ),
        Cell(
            "answers",
            '''
def all_answers(prior, means, covs, A, y, <<noise>>):
    """Weights (K,), means (K, D) and covariances (K, D, D) of p(x | y), y = A x + noise."""
    ### BEGIN SOLUTION
    scores, new_means, new_covs = [], [], []
    for weight, mean, cov in zip(prior, means, covs, strict=True):
        inner, off = A @ cov @ A.T + <<square>> * np.eye(len(A)), y - A @ mean
        gain = np.linalg.solve(inner, A @ cov).T  # (D, M)
        new_means.append(mean + gain @ off)
        new_covs.append(cov - gain @ A @ cov)
        log_det = np.linalg.slogdet(inner)[1]
        '''
            + SCORES,
        ),
        asks("answers-few", 'noise="<<noise>>"', "questions"),
        asks("answers-narrow", 'noise="<<noise>>"', "questions"),
    ),
    draw_noise,
)


def draw_price(rng: np.random.Generator) -> dict[str, Any]:
    """What says the price of a move, and where B stands among the arguments."""
    ways = (
        {"price": "weights", "price_text": r"the weight $w_i$ of each number", "of_w": "w_i",
         "matrix": r"\mathrm{diag}(w)", "cheap": "1 / weights"},
        {"price": "widths", "price_text": r"the width $s_i$ of each number", "of_w": "s_i^{-2}",
         "matrix": r"\mathrm{diag}(s)^{-2}", "cheap": "widths**2"},
    )  # fmt: skip
    place = ("last", "first")[rng.integers(2)]
    order = "A, y, B" if place == "last" else "B, A, y"
    return ways[rng.integers(2)] | {"place": place, "order": order}


PRICES = Twist(
    7,
    "numbers that are dear to move; all answers to another question B x",
    (
        Cell(
            NEAREST,
            r"""
## Task 7: questions with several answers (5 points)

**a (2 points).** A question is $y = A x$ for a known matrix $A$ that loses something. Not every
number of a picture is equally uncertain: to move number $i$ of $x$ to $\hat x_i$ has the price
$<<of_w>>\, (\hat x_i - x_i)^2$. Of all pictures that fit, the cheapest one to reach from a given
$x$ is

$$
\hat x = x + W^{-1} A^\top (A W^{-1} A^\top)^{+} (y - A x)
$$ (eq-hw-conditional-projection)

with $W = <<matrix>>$ and a pseudo-inverse. Write `nearest_answer(A, x, y, <<price>>)`: the matrix
`A`, $(M, D)$, and `<<price>>`, $(D,)$, which holds <<price_text>>, are the same for all; `x`,
$(N, D)$, and `y`, $(N, M)$, have a picture and its question in each row. Return $\hat x$, $(N, D)$.
Two rows of $A$ may ask the same.
""",
        ),
        Cell(
            "nearest",
            '''
def nearest_answer(A, x, y, <<price>>):
    """The pictures (N, D) with A x = y that are cheapest to reach from x."""
    ### BEGIN SOLUTION
    cheap = (<<cheap>>)[:, None] * A.T  # W^-1 A^T, (D, M)
    return x + (y - x @ A.T) @ np.linalg.pinv(A @ cheap).T @ cheap.T
    ### END SOLUTION
''',
        ),
        asks("nearest-rows", 'price="<<price>>"', "questions"),
        Cell(
            ALL,
            r"""
**b (3 points).** That answer is one of many, and often you do not want $x$ itself but another view
of it, $u = B x$: the pixels of a window, a mean, a difference. Where $x$ is a mixture of Gaussians,
with weights $\pi_k$, means $\mu_k$ and covariances $\Sigma_k$, all answers are known:
$p(u \mid A x = y)$ is a mixture as well. Each Gaussian is conditioned on its own, which for $x$
gives

$$
\begin{aligned}
G &= \Sigma A^\top (A \Sigma A^\top)^{-1} \\
\mu' &= \mu + G (y - A \mu) \\
\Sigma' &= \Sigma - G A \Sigma
\end{aligned}
$$ (eq-hw-conditional-gaussian)

and the weights change, too: how likely is $y$ for class $k$? Write
`all_answers(prior, means, covs, <<order>>)` for **one** question `y`, $(M,)$. `prior`, `means` and
`covs` have shapes $(K,)$, $(K, D)$ and $(K, D, D)$, `A` $(M, D)$ and `B` $(L, D)$. Return the
triple of weights $(K,)$, means $(K, L)$ and covariances $(K, L, L)$ of $u$ given $y$. The rows of
`A` are independent here. Narrow classes make densities of $y$ that round to 0; your weights must be
right there, too.
""",
        ),
        Cell(
            "answers",
            '''
def all_answers(prior, means, covs, <<order>>):
    """Weights (K,), means (K, L) and covariances (K, L, L) of p(B x | A x = y)."""
    ### BEGIN SOLUTION
    scores, new_means, new_covs = [], [], []
    for weight, mean, cov in zip(prior, means, covs, strict=True):
        inner, off = A @ cov @ A.T, y - A @ mean
        gain = np.linalg.solve(inner, A @ cov).T  # (D, M)
        new_means.append(B @ (mean + gain @ off))
        new_covs.append(B @ (cov - gain @ A @ cov) @ B.T)
        log_det = np.linalg.slogdet(inner)[1]
        '''
            + SCORES,
        ),
        asks("answers-few", 'place="<<place>>"', "questions"),
        asks("answers-narrow", 'place="<<place>>"', "questions"),
    ),
    draw_price,
)
