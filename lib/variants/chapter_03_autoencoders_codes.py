"""Private variants of chapter 3's homework, task 6: holes, random codes, Fréchet distances."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Solution, Twist, Values
from lib.variants.chapter_03_autoencoders_edits import keywords, retold

HOLES = "## Task 6: random codes (5 points)"
DRAWS = (
    "The simplest patch is one Gaussian. Write `sample_codes(z, n, rng)`: fit a Gaussian to the "
    "codes `z`, $(N, K)$, with their"
)
FRECHET = (
    "How far are the decoded draws from real pictures? The **Fréchet distance** takes features of "
    "both, fits a Gaussian to each, and asks"
)
EQUATION = r"""
How far are the decoded draws from real pictures? The **Fréchet distance** takes features of both, fits a Gaussian to each, and asks
for the least mean squared way from one Gaussian to the other:

$$
\begin{aligned}
d^2 = \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr}\bigl( & \Sigma_1 + \Sigma_2 \\
& - 2\, (\Sigma_1^{1/2} \Sigma_2 \Sigma_1^{1/2})^{1/2} \bigr)
\end{aligned}
$$ (eq-hw-ae-frechet)

The root of a symmetric matrix without negative eigenvalues has the same eigenvectors, and the roots of the eigenvalues.
"""
STUB = "def frechet_gaussians(mean1, cov1, mean2, cov2):"
TITLE = '"""Fréchet distance d^2 of N(mean1, cov1) and N(mean2, cov2)."""'
CALLS = ("rng, d, turned=False)", "check_frechet(frechet_gaussians, rng, d, rank)")

DISTANCES = {
    "1": (
        "The distance of two codes is the **sum** of the absolute differences of their entries",
        "np.abs(a[:, None] - z).sum(axis=2)",
    ),
    "np.inf": (
        "The distance of two codes is the **largest** absolute difference of their entries",
        "np.abs(a[:, None] - z).max(axis=2)",
    ),
}


def _draw_holes(rng: np.random.Generator) -> Values:
    """Distance, quantile and share of task 6's first part."""
    norm, q = str(rng.choice(list(DISTANCES))), float(rng.choice([0.75, 0.8, 0.85, 0.9]))
    covered = bool(rng.integers(2))
    text, code = DISTANCES[norm]
    return {
        "norm": norm,
        "q": q,
        "percent": round(100 * q),
        "covered": covered,
        "distance": text,
        "gaps": code,
        "asked": "do **not** lie in holes" if covered else "lie in holes",
        "larger": "is not larger than the limit" if covered else "is larger than the limit",
        "compare": "<=" if covered else ">",
    }


SHARE = (
    Cell(
        HOLES,
        HOLES
        + r"""

The second lesson called a code a **hole** if it is farther from all codes of the data than usual, and took new
pictures to say what is usual. If you have none, let the codes judge each other: how far is each code from the
nearest **other** code? The limit is the <<percent>> % quantile of these distances (`np.quantile`). <<distance>>.

Write `hole_share(codes, z)`: the share of the random codes `codes`, $(n, K)$, that <<asked>>. These are the codes
whose distance to the nearest code of the data `z`, $(N, K)$, <<larger>>.""",
    ),
    Edit(
        '"""Share of the codes (n, K) that lie in holes between the codes z (N, K) of the data."""',
        '"""Share of the codes (n, K) whose distance to the codes z (N, K) <<larger>>."""',
    ),
    Solution(
        "holes",
        """
def gaps(a):
    return <<gaps>>

apart = gaps(z)
np.fill_diagonal(apart, np.inf)
limit = np.quantile(apart.min(axis=1), <<q>>)
return np.mean(gaps(codes).min(axis=1) <<compare>> limit)
""",
    ),
    *keywords(
        ("holes-count",),
        ("check_holes(hole_share, rng, n, m)", "check_holes(hole_share, rng, 101, 307, k)"),
        "q=<<q>>, norm=<<norm>>, covered=<<covered>>",
    ),
)


def _draw_kernel(rng: np.random.Generator) -> Values:
    return _draw_holes(rng) | {"h": float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7]))}


KERNEL = Twist(
    6,
    "another distance; draws near single codes; Gaussians told by factors",
    (
        *SHARE,
        Cell(
            DRAWS,
            r"""
The most modest patch stays near codes that are known to work. Write `sample_codes(z, n, rng)`, which returns `n`
codes, shape $(n, K)$. For each of them choose one of the $N$ rows of `z`, every row with the same chance and a row as often as it
comes, and add noise from $\mathcal{N}(0, h^2 I)$ with $h = <<h>>$. Draw every number with `rng`, a NumPy
`Generator`. (This draws from a mixture of $N$ round Gaussians, one at each code, which is called a *kernel density
estimate*.)""",
        ),
        Edit(
            '"""n draws (n, K) from the Gaussian fitted to the codes z (N, K)."""',
            '"""n draws (n, K), each a random code of z (N, K) with noise of its own."""',
        ),
        Solution(
            "codes",
            """
rows = rng.integers(len(z), size=n)
return z[rows] + <<h>> * rng.normal(size=(n, z.shape[1]))
""",
        ),
        retold(
            "codes-law",
            ("import check_sample_codes", "import check_kernel_codes"),
            ("    check_sample_codes(", "    check_kernel_codes("),
            ("([SEED, 22]))", "([SEED, 22]), h=<<h>>)"),
            ("(sample_codes, rng, k)", "(sample_codes, rng, k, h=<<h>>)"),
        ),
        Cell(
            FRECHET,
            EQUATION
            + r"""
A covariance of many features is often kept as a **factor** $L$ of shape $(D, R)$, with $\Sigma = L L^\top$. Write
`frechet_gaussians(mean1, L1, mean2, L2)`, which returns $d^2$ of the two Gaussians with covariances
$L_1 L_1^\top$ and $L_2 L_2^\top$. The hidden test has covariances that share no eigenvectors, and some without full
rank, whose zero eigenvalues a computer may round to $-10^{-17}$.""",
        ),
        Edit(STUB, "def frechet_gaussians(mean1, L1, mean2, L2):"),
        Edit(TITLE, '"""Fréchet distance d^2 of N(mean1, L1 L1^T) and N(mean2, L2 L2^T)."""'),
        Solution(
            "frechet",
            """
def root(S):
    values, vectors = np.linalg.eigh(S)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T

cov1, cov2 = L1 @ L1.T, L2 @ L2.T
half = root(cov1)
cross = root(half @ cov2 @ half)  # its trace is also the sum of the singular values of L1.T @ L2
return ((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * cross)
""",
        ),
        *keywords(("frechet-turned",), CALLS[1:], 'form="factors"'),
        retold(
            "frechet-axes",
            ("# Visible: both covariances are diagonal.", "# Visible: both factors are diagonal."),
            ("turned=False)", 'turned=False, form="factors")'),
        ),
    ),
    _draw_kernel,
)


def _draw_width(rng: np.random.Generator) -> Values:
    less, root = bool(rng.integers(2)), bool(rng.integers(2))
    return _draw_holes(rng) | {
        "width": float(rng.choice([0.5, 0.6, 0.7, 1.4, 1.6])),
        "less": int(less),
        "root": root,
        "divisor": "the number of its rows minus one" if less else "the number of its rows",
        "count": "(len(x) - 1)" if less else "len(x)",
        "returns": "$d$, the root of $d^2$" if root else "$d^2$",
        "name": "d" if root else "d^2",
        "end": "np.sqrt(max(squared, 0))" if root else "squared",
    }


FEATURES = Twist(
    6,
    "another distance; wider or narrower draws; Gaussians to be fitted to features",
    (
        *SHARE,
        Cell(
            DRAWS,
            r"""
The simplest patch is one Gaussian. Its width is a wheel to turn: narrow draws are safer, wide ones more varied. Write
`sample_codes(z, n, rng)`: fit a Gaussian to the codes `z`, $(N, K)$, with their mean and their whole covariance
(divided by $N$), and return `n` draws, shape $(n, K)$, from a Gaussian of the same mean, whose standard deviation in
every direction is **<<width>> times** that of the fitted one. Draw every number with `rng`, a NumPy `Generator`.""",
        ),
        Edit(
            '"""n draws (n, K) from the Gaussian fitted to the codes z (N, K)."""',
            '"""n draws (n, K) from the Gaussian fitted to z (N, K), <<width>> times as wide."""',
        ),
        Solution(
            "codes",
            """
mean = z.mean(axis=0)
root = np.linalg.cholesky((z - mean).T @ (z - mean) / len(z))
return mean + <<width>> * rng.normal(size=(n, z.shape[1])) @ root.T
""",
        ),
        retold(
            "codes-law",
            ("([SEED, 22]))", "([SEED, 22]), width=<<width>>)"),
            ("(sample_codes, rng, k)", "(sample_codes, rng, k, width=<<width>>)"),
        ),
        Cell(
            FRECHET,
            EQUATION
            + r"""
Write `frechet_gaussians(x1, x2)`, which is given the features themselves, one picture a row: $(N_1, D)$ and
$(N_2, D)$. Fit a Gaussian to each (the covariance divides by <<divisor>>) and return
<<returns>>. The hidden test has covariances that share no eigenvectors, and some without full rank, whose
zero eigenvalues a computer may round to $-10^{-17}$.""",
        ),
        Edit(STUB, "def frechet_gaussians(x1, x2):"),
        Edit(
            TITLE,
            '"""Fréchet distance <<name>> of the Gaussians fitted to x1 (N1, D) and x2 (N2, D)."""',
        ),
        Solution(
            "frechet",
            """
def root(S):
    values, vectors = np.linalg.eigh(S)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T

def fitted(x):
    centred = x - x.mean(axis=0)
    return x.mean(axis=0), centred.T @ centred / <<count>>

(mean1, cov1), (mean2, cov2) = fitted(x1), fitted(x2)
half = root(cov1)
cross = root(half @ cov2 @ half)
squared = ((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * cross)
return <<end>>
""",
        ),
        *keywords(
            ("frechet-axes", "frechet-turned"),
            CALLS,
            'form="features", less=<<less>>, root=<<root>>',
        ),
    ),
    _draw_width,
)

TWISTS = [KERNEL, FEATURES]
