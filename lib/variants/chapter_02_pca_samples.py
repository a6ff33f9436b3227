"""Twists of chapter 2, task 4: spreads given in another form, and relatives of a face."""

from __future__ import annotations

import numpy as np

from lib.variants import Cell, Edit, Twist, Values

ROW = "| 4 | random faces | 4 |"
HEAD = "## Task 4: faces that nobody took (4 points)"
TASK = r"""The score of component $k$ has mean zero and variance $\lambda_k$ over the data. Draw new scores
from $\mathcal{N}(0, \Lambda)$, decode them, and you have new pictures.

Write `sample_faces(n, mean, W, variances, rng)`, which returns `n` random pictures, shape
$(n, D)$."""
DEMO = "given = pca.mean, pca.components, pca.variances\n"

#: Spread of a score -> argument, its definition, the factor of a standard normal, and of variances.
FORMS = {
    "deviation": (
        "deviations",
        r"The standard deviation of score $k$ is $d_k = \sqrt{\lambda_k}$",
        "* deviations",
        "np.sqrt(pca.variances)",
    ),
    "precision": (
        "precisions",
        r"The precision of score $k$ is $d_k = 1 / \lambda_k$: a large number says that the score is"
        "\nknown well",
        "/ np.sqrt(precisions)",
        "1 / pca.variances",
    ),
    "log-variance": (
        "log_variances",
        "Networks often return the logarithm of a variance, because its exponential is never"
        "\n"
        + r"negative. So score $k$ comes with $d_k = \ln \lambda_k$, the natural logarithm of its variance",
        "* np.exp(log_variances / 2)",
        "np.log(pca.variances)",
    ),
    "log-deviation": (
        "log_deviations",
        "Networks often return the logarithm of a standard deviation, because its exponential is"
        "\n"
        + r"never negative. So score $k$ comes with $d_k = \ln \sqrt{\lambda_k}$, the natural logarithm of its standard deviation",
        "* np.exp(log_deviations)",
        "np.log(pca.variances) / 2",
    ),
}
TITLES = {
    "deviation": "standard deviations",
    "precision": "precisions",
    "log-variance": "logarithms of variances",
    "log-deviation": "logarithms of standard deviations",
}
CALLS = (
    "check_samples(sample_faces, rng)",
    "check_samples(sample_faces, rng, d, k)",
    "check_samples(sample_faces, rng, d=4, k=2, n=1)",
)


def _form(rng: np.random.Generator) -> Values:
    spread = str(rng.choice(list(FORMS)))
    argument, meaning, factor, demo = FORMS[spread]
    return {
        "spread": spread,
        "argument": argument,
        "meaning": meaning,
        "factor": factor,
        "demo": demo,
        "title": TITLES[spread],
    }


SPREAD = Twist(
    4,
    "standard deviations, precisions or logarithms are given in place of variances",
    (
        Edit(ROW, "| 4 | random faces, from <<title>> | 4 |"),
        Edit(HEAD, "## Task 4: faces that nobody took, from <<title>> (4 points)"),
        Edit(
            TASK,
            r"""The score of component $k$ has mean zero and variance $\lambda_k$ over the data. <<meaning>>.
Draw new scores from $\mathcal{N}(0, \Lambda)$, decode them, and you have new pictures.

Write `sample_faces(n, mean, W, <<argument>>, rng)`, which returns `n` random pictures, shape
$(n, D)$. The argument `<<argument>>` holds the $K$ numbers $d_k$.""",
        ),
        Cell(
            "sampling",
            '''def sample_faces(n, mean, W, <<argument>>, rng):
    """n random pictures (n, D): Gaussian scores, decoded."""
    ### BEGIN SOLUTION
    z = rng.normal(size=(n, len(<<argument>>))) <<factor>>
    return mean + z @ W.T
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + ', spread="<<spread>>")') for call in CALLS),
        Edit(DEMO, "given = pca.mean, pca.components, <<demo>>\n"),
    ),
    _form,
)

LIKENESS = {
    "rho": (
        r"Let $0 < \rho < 1$. The scores of a relative are correlated with $z$, each with the"
        "\n" + r"coefficient $\rho$: they are Gaussian with mean $\rho z_k$ and variance "
        r"$(1 - \rho^2) \lambda_k$",
        "`rho` is $\\rho$",
        "rho * z",
        "1 - rho**2",
    ),
    "share": (
        r"Let $0 < s < 1$ be the share of the variance that relatives have in common. The scores of a"
        "\n" + r"relative are Gaussian with mean $\sqrt{s}\, z_k$ and variance $(1 - s) \lambda_k$",
        "`share` is $s$",
        "np.sqrt(share) * z",
        "1 - share",
    ),
}


def _likeness(rng: np.random.Generator) -> Values:
    name = str(rng.choice(list(LIKENESS)))
    law, argument, centre, wide = LIKENESS[name]
    return {
        "name": name,
        "law": law,
        "argument": argument,
        "centre": centre,
        "wide": wide,
        "value": f"{rng.uniform(0.5, 0.8):.2f}",
    }


RELATIVES = Twist(
    4,
    "relatives of a given face, with a correlation or a share of the variance",
    (
        Edit(ROW, "| 4 | random relatives of a face | 4 |"),
        Edit(HEAD, "## Task 4: relatives of a face (4 points)"),
        Edit(
            TASK,
            r"""The score of component $k$ has mean zero and variance $\lambda_k$ over the data. A given picture $x$
has the scores $z = W^\top (x - \bar x)$. <<law>>. If $z$ itself is
drawn from $\mathcal{N}(0, \Lambda)$, so are the scores of its relatives. Decode them, and you
have a family.

Write `sample_faces(n, x, mean, W, variances, <<name>>, rng)`, which returns `n` random relatives
of the picture `x` of shape $(D,)$, independent given $x$; their shape is $(n, D)$. The argument <<argument>>.
What $x$ has beside the plane of the components is not inherited.""",
        ),
        Cell(
            "sampling",
            '''def sample_faces(n, x, mean, W, variances, <<name>>, rng):
    """n random relatives (n, D) of the picture x (D,)."""
    ### BEGIN SOLUTION
    z = W.T @ (x - mean)
    new = rng.normal(size=(n, len(variances))) * np.sqrt((<<wide>>) * variances)
    return mean + (<<centre>> + new) @ W.T
    ### END SOLUTION''',
        ),
        *(Edit(call, call[:-1] + ', likeness="<<name>>")') for call in CALLS),
        Edit(
            'plots.use_style()\npca = fit_pca(load("faces64").train.x.reshape(-1, 64 * 64).astype(float), 60)\n',
            'plots.use_style()\nfaces = load("faces64").train.x.reshape(-1, 64 * 64).astype(float)\n'
            "pca = fit_pca(faces, 60)\n",
        ),
        Edit(
            "new = sample_faces(24, *given, np.random.default_rng(0))",
            "new = sample_faces(24, faces[0], *given, <<value>>, np.random.default_rng(0))",
        ),
        Edit("To see random faces of your own,", "To see relatives of the first face of the book,"),
    ),
    _likeness,
)

SAMPLES = [SPREAD, RELATIVES]
