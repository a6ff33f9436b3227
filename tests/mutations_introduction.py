"""Mistakes people make with first generative models, each caught by a check of the real code."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lib import bending, class_gaussians, darts, family_tree
from tests.equations import introduction as equations
from tests.mutation import Edit, Mutation

GAUSSIANS = "lib.class_gaussians"


def shrunk_covariance_keeps_its_trace() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)) * [1, 2, 3], np.arange(60) % 2
    full, shrunk = (class_gaussians.fit_class_gaussians(x, y, a).covariances for a in (0, 0.5))
    traces = [np.trace(c, axis1=1, axis2=2) for c in (full, shrunk)]
    assert np.allclose(*traces)
    off = ~np.eye(3, dtype=bool)
    assert np.allclose(shrunk[:, off], full[:, off] / 2)


def fit_is_maximum_likelihood() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 1)), np.array([0, 0, 0, 1, 1, 1])
    fit = class_gaussians.fit_class_gaussians(x, y, 0.0)
    for k in range(2):
        assert np.isclose(fit.covariances[k, 0, 0], np.mean((x[y == k] - x[y == k].mean()) ** 2))


def area_is_what_small_steps_say() -> None:
    z, h = np.random.default_rng(2).uniform(-2, 2, (50, 2)), 1e-4
    sides = [(bending.bend(z + e) - bending.bend(z - e)) / (2 * h) for e in h * np.eye(2)]
    want = sides[0][:, 0] * sides[1][:, 1] - sides[0][:, 1] * sides[1][:, 0]
    assert np.allclose(bending.area_factor(z), want, rtol=5e-3)
    assert np.allclose(bending.bend(z, 0), z)


def rings_and_wedges_score() -> None:
    spots = np.array([[0, 103], [0, 130], [50, 0], [0, -166], [0, 0], [5, 16], [0, 175]])
    assert np.array_equal(darts.score(spots), [60, 20, 6, 6, 50, 1, 0])


def map_agrees_with_throws() -> None:
    axis, points = darts.score_map(30)
    errors = np.random.default_rng(3).normal(0, 30, (50_000, 2))
    aim = np.array([axis[90], axis[150]])
    assert abs(points[150, 90] - darts.expected_score(aim, errors)) < 0.3


def only_written_chapters_are_links() -> None:
    """Of a book whose chapters 7 to 9 are not listed yet."""
    pages = [f"chapters/{n:02}_x/{page}" for n in range(7) for page in ("index", "01_y")]
    with TemporaryDirectory() as folder:
        toc = {"root": "intro", "chapters": [{"file": page} for page in pages]}
        (Path(folder) / "_toc.yml").write_text(json.dumps(toc))
        first = family_tree.first_pages(Path(folder))
        page = family_tree.family_tree(book=Path(folder)).data
    assert sorted(first) == list(range(7))
    assert page.count("in preparation") == page.count('class="leaf soon"')
    families = [f.chapter for branch in family_tree.TREE for f in branch.families]
    chapters = families + [n for n, *_ in family_tree.LAST]
    assert page.count("<a ") == sum(n in first for n in chapters)
    assert all(first[n].endswith("index") for n in first if n < 10)


MUTATIONS = [
    Mutation(
        "forgets the prior of the class",
        f"{GAUSSIANS}.ClassGaussians.log_joint",
        Edit("np.log(prior) + log_x", "log_x"),
        equations.joint,
    ),
    Mutation(
        "half of the log-determinant",
        f"{GAUSSIANS}.ClassGaussians.log_joint",
        Edit("2 * np.log(np.diag(factor)).sum()", "np.log(np.diag(factor)).sum()"),
        equations.joint,
    ),
    Mutation(
        "mixes with the transposed triangle",
        f"{GAUSSIANS}.ClassGaussians.decode",
        Edit('"nij,nj->ni"', '"nji,nj->ni"'),
        equations.affine,
    ),
    Mutation(
        "adds the covariance in place of its root",
        f"{GAUSSIANS}.ClassGaussians.decode",
        Edit("self.factors[y]", "self.covariances[y]"),
        equations.affine,
    ),
    Mutation(
        "classes drawn evenly",
        f"{GAUSSIANS}.ClassGaussians.sample",
        Edit("p=self.priors", "p=None"),
        equations.bayes,
    ),
    Mutation(
        "posterior not normalised over classes",
        f"{GAUSSIANS}.ClassGaussians.posterior",
        Edit("- self.log_prob(x)[:, None]", ""),
        equations.bayes,
    ),
    Mutation(
        "covariance divided by N - 1",
        f"{GAUSSIANS}.fit_class_gaussians",
        Edit("bias=True", "bias=False"),
        fit_is_maximum_likelihood,
    ),
    Mutation(
        "round part of unit size",
        f"{GAUSSIANS}._shrink",
        Edit("np.trace(covariance) / d * np.eye(d)", "np.eye(d)"),
        shrunk_covariance_keeps_its_trace,
    ),
    Mutation(
        "distance to the right of the curve",
        "lib.bending.bend",
        Edit("[-np.sin(angle), np.cos(angle)]", "[np.sin(angle), -np.cos(angle)]"),
        area_is_what_small_steps_say,
    ),
    Mutation(
        "curvature without the half",
        "lib.bending.area_factor",
        Edit("(2 * np.sqrt(", "(np.sqrt("),
        area_is_what_small_steps_say,
    ),
    Mutation(
        "wedges that start at the number",
        "lib.darts.score",
        Edit("20 * turn + 0.5", "20 * turn"),
        rings_and_wedges_score,
    ),
    Mutation(
        "numbers counterclockwise",
        "lib.darts.score",
        Edit("np.arctan2(spot[..., 0], spot[..., 1])", "np.arctan2(-spot[..., 0], spot[..., 1])"),
        rings_and_wedges_score,
    ),
    Mutation(
        "blur with twice the variance",
        "lib.darts.score_map",
        Edit("(2 * sigma**2)", "(4 * sigma**2)"),
        map_agrees_with_throws,
    ),
    Mutation(
        "last page of a chapter in place of the first",
        "lib.family_tree.first_pages",
        Edit("found.setdefault(int(numbered[1]), page)", "found[int(numbered[1])] = page"),
        only_written_chapters_are_links,
    ),
    Mutation(
        "links to chapters that are not there",
        "lib.family_tree._leaf",
        Edit(
            "there = family.chapter in link", "there = True; link = {family.chapter: '#', **link}"
        ),
        only_written_chapters_are_links,
    ),
]
