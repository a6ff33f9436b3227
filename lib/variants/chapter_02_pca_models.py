"""Twists of chapter 2, task 5: the noise in another form, other units, orthonormal loadings."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 5 | probabilistic PCA and its exact log-likelihood | 6 |"
HEAD = "## Task 5: how probable is a face? (6 points)"
FIT = r"which returns the pair $(W, \sigma^2)$. `components`"
LIKELIHOOD = r"""Write `ppca_log_prob(x, mean, W, noise_variance)`, which returns $\log p(x^{(n)})$ in nats for each
of the $N$ pictures, shape $(N,)$. `noise_variance` is $\sigma^2$."""
CALLS = (
    "check_log_prob(ppca_log_prob, rng, d, k)",
    "check_log_prob(ppca_log_prob, rng, d, k, limit)",
)

#: Form of the noise -> argument, symbol, what it is in words, from sigma^2 to it, and back.
NOISES = {
    "deviation": (
        "noise_deviation",
        r"\sigma",
        "standard deviation of the noise",
        "np.sqrt(noise_variance)",
        "noise_deviation**2",
    ),
    "precision": (
        "noise_precision",
        r"\beta",
        r"precision of the noise, $\beta = 1 / \sigma^2$",
        "1 / noise_variance",
        "1 / noise_precision",
    ),
    "log-variance": (
        "log_noise",
        "s",
        r"natural logarithm of the noise variance, $s = \ln \sigma^2$",
        "np.log(noise_variance)",
        "np.exp(log_noise)",
    ),
}
#: Unit of the log-likelihood -> how the task asks for it, its docstring, what nats are divided by.
UNITS = {
    "nats": (r"$\ln p(x^{(n)})$ in nats", "nats", ""),
    "bits": (r"$\log_2 p(x^{(n)})$, so in bits,", "bits", " / np.log(2)"),
    "nats per pixel": (
        r"$\frac1D \ln p(x^{(n)})$, so nats **per pixel**,",
        "nats per pixel",
        " / d",
    ),
    "bits per pixel": (
        r"$\frac1D \log_2 p(x^{(n)})$, so bits **per pixel**,",
        "bits per pixel",
        " / (d * np.log(2))",
    ),
}


def _unit(rng: np.random.Generator) -> dict[str, str]:
    name = str(rng.choice(list(UNITS)))
    asked, doc, divide = UNITS[name]
    return {"unit": name, "asked": asked, "unit_doc": doc, "divide": divide}


def _noise(rng: np.random.Generator) -> Values:
    name = str(rng.choice(list(NOISES)))
    argument, symbol, words, there, back = NOISES[name]
    return _unit(rng) | {
        "noise": name,
        "argument": argument,
        "symbol": symbol,
        "words": words,
        "there": there,
        "back": back,
    }


NOISE = Twist(
    5,
    "the noise as standard deviation, precision or log-variance; another unit",
    (
        Edit(ROW, "| 5 | probabilistic PCA and its exact log-likelihood in <<unit>> | 6 |"),
        Edit(HEAD, "## Task 5: how probable is a face, in <<unit>>? (6 points)"),
        Edit(
            FIT,
            r"which returns the pair $(W, <<symbol>>)$: the second part is the"
            "\n<<words>>. `components`",
        ),
        Cell(
            "ppca",
            '''def fit_ppca(components, variances, k):
    """Loading matrix W (D, k) of probabilistic PCA, and its <<argument>>."""
    ### BEGIN SOLUTION
    noise_variance = variances[k:].sum() / (len(components) - k)
    return components[:, :k] * np.sqrt(variances[:k] - noise_variance), <<there>>
    ### END SOLUTION''',
        ),
        Edit("check_ppca(fit_ppca, rng, k=k)", 'check_ppca(fit_ppca, rng, k=k, noise="<<noise>>")'),
        Edit(
            "check_ppca(fit_ppca, rng, n, d, k)",
            'check_ppca(fit_ppca, rng, n, d, k, noise="<<noise>>")',
        ),
        Edit("(5, 200, 4)", "(5, 200, 3)"),  # K = r would leave no noise, and no finite precision
        Edit(r"Assume $K < D$ and $K \le r$.", r"Assume $K < D$ and $K < r$."),
        Edit(
            LIKELIHOOD,
            "Write `ppca_log_prob(x, mean, W, <<argument>>)`, which returns <<asked>> for each\nof the "
            "$N$ pictures, shape $(N,)$. `<<argument>>` is the\n<<words>>.",
        ),
        Cell(
            "likelihood",
            '''def ppca_log_prob(x, mean, W, <<argument>>):
    """Exact log p(x) of each picture in <<unit_doc>>, shape (N,)."""
    ### BEGIN SOLUTION
    d, k = W.shape
    noise_variance = <<back>>
    X = x - mean
    M = W.T @ W + noise_variance * np.eye(k)
    XW = X @ W  # (N, K)
    explained = (XW * np.linalg.solve(M, XW.T).T).sum(axis=1)
    distance = ((X**2).sum(axis=1) - explained) / noise_variance
    log_det = np.linalg.slogdet(M)[1] + (d - k) * np.log(noise_variance)
    return -0.5 * (d * np.log(2 * np.pi) + log_det + distance)<<divide>>
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + ', noise="<<noise>>", unit="<<unit>>")') for call in CALLS),
    ),
    _noise,
)

MODEL = r"""Probabilistic PCA spreads the plane into a density over all pictures. Scores are
$z \sim \mathcal{N}(0, I)$ and $p(x \mid z) = \mathcal{N}(\mu + W z, \sigma^2 I)$, so
$p(x) = \mathcal{N}(\mu, C)$ with $\mu = \bar x$ and $C = W W^\top + \sigma^2 I$."""
WEIGHTS = r"W &= U_K (\Lambda_K - \sigma^2 I)^{1/2}"
IDENTITIES = r"""and $C$ has $D \times D$ entries. Two identities need only the small matrix
$M = W^\top W + \sigma^2 I$, which is $K \times K$:

$$
\begin{aligned}
C^{-1} &= \frac{1}{\sigma^2} \left( I - W M^{-1} W^\top \right) \\
\log \det C &= \log \det M + (D - K) \log \sigma^2
\end{aligned}
$$"""

ORTHONORMAL = Twist(
    5,
    "orthonormal loadings, the scores keep their variances; another unit",
    (
        Edit(
            ROW,
            "| 5 | probabilistic PCA with orthonormal loadings, its log-likelihood in <<unit>> | 6 |",
        ),
        Edit(HEAD, "## Task 5: how probable is a face, in <<unit>>? (6 points)"),
        Edit(
            MODEL,
            r"""Probabilistic PCA spreads the plane into a density over all pictures. In this task its matrix $W$ has
orthonormal columns, and the scores have variances of their own: $z \sim \mathcal{N}(0, V)$ with a
diagonal matrix $V$ of entries $v_1, \dots, v_K$. With $p(x \mid z) = \mathcal{N}(\mu + W z, \sigma^2 I)$
this makes $p(x) = \mathcal{N}(\mu, C)$ with $\mu = \bar x$ and $C = W V W^\top + \sigma^2 I$.""",
        ),
        Edit(WEIGHTS, r"W &= U_K, \qquad v_k = \lambda_k - \sigma^2"),
        Edit(
            "Here $W$ is the loading matrix: its columns have different lengths.",
            "The lengths that a loading matrix would have went into $v$.",
        ),
        Edit(
            FIT,
            r"which returns three things, $(W, v, \sigma^2)$: the matrix, the $K$"
            "\nvariances of the scores and the variance of the noise. `components`",
        ),
        Cell(
            "ppca",
            '''def fit_ppca(components, variances, k):
    """Orthonormal W (D, k), variances v (k,) of the scores, and the noise variance."""
    ### BEGIN SOLUTION
    noise_variance = variances[k:].sum() / (len(components) - k)
    return components[:, :k], variances[:k] - noise_variance, noise_variance
    ### END SOLUTION''',
        ),
        Edit(
            "check_ppca(fit_ppca, rng, k=k)",
            'check_ppca(fit_ppca, rng, k=k, form="orthonormal")',
        ),
        Edit(
            "check_ppca(fit_ppca, rng, n, d, k)",
            'check_ppca(fit_ppca, rng, n, d, k, form="orthonormal")',
        ),
        Edit(
            IDENTITIES,
            r"""and $C$ has $D \times D$ entries. No matrix has to be inverted: the columns of $W$ are eigenvectors
of $C$, and so is everything at right angles to them. Let $R$ be the diagonal matrix with the entries
$v_k / (v_k + \sigma^2)$. Then

$$
\begin{aligned}
C^{-1} &= \frac{1}{\sigma^2} \left( I - W R W^\top \right) \\
\det C &= \text{the product of all } D \text{ eigenvalues}
\end{aligned}
$$""",
        ),
        Edit(
            LIKELIHOOD,
            "Work out the eigenvalues, and how often each occurs. Write\n"
            "`ppca_log_prob(x, mean, W, v, noise_variance)`, which returns <<asked>> for\neach of the $N$ "
            "pictures, shape $(N,)$. `v` holds $v_1, \\dots, v_K$, and `noise_variance` is $\\sigma^2$.",
        ),
        Edit(r"$W (M^{-1} (W^\top x))$", r"$W (R (W^\top x))$"),
        Cell(
            "likelihood",
            '''def ppca_log_prob(x, mean, W, v, noise_variance):
    """Exact log p(x) of each picture in <<unit_doc>>, shape (N,)."""
    ### BEGIN SOLUTION
    d, k = W.shape
    X = x - mean
    z = X @ W  # (N, K)
    explained = (z**2 * v / (v + noise_variance)).sum(axis=1)
    distance = ((X**2).sum(axis=1) - explained) / noise_variance
    log_det = np.log(v + noise_variance).sum() + (d - k) * np.log(noise_variance)
    return -0.5 * (d * np.log(2 * np.pi) + log_det + distance)<<divide>>
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + ', form="orthonormal", unit="<<unit>>")') for call in CALLS),
    ),
    _unit,
)

MODELS = [NOISE, ORTHONORMAL]
