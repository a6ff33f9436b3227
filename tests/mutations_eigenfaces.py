"""Mistakes people make when they measure a model of faces, each caught by a check."""

import numpy as np

from lib import eigenfaces
from lib.pca import fit_pca
from lib.ppca import ppca_from
from tests.mutation import Edit, Mutation

LIB = "lib.eigenfaces"


def people_and_light() -> None:
    """Tone differs between people only, a ramp within people only."""
    rng = np.random.default_rng(0)
    y, flat, ramp = np.repeat(np.arange(12), 10), np.ones(24), np.tile(np.linspace(-1, 1, 6), 4)
    light = rng.normal(size=(12, 10))
    light = (light - light.mean(axis=1, keepdims=True)).ravel()
    x = 3 * np.repeat(rng.normal(size=12), 10)[:, None] * flat + light[:, None] * ramp
    pca = fit_pca(x, 2)
    facts = eigenfaces.component_facts(pca, pca.encode(x), y, (4, 6))
    assert np.allclose(list(facts.values()), [[1, 0], [1, 0], [0, 1]], atol=1e-9)


def errors_are_those_of_reconstructions() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 40)) @ np.diag(np.geomspace(2, 0.1, 40)) + 1
    found = eigenfaces.curves(x[:20], x[20:], points=5)
    for j, k in enumerate(found.ks):
        pca = fit_pca(x[:20], int(k))
        error = np.sqrt(np.mean((x[20:] - pca.reconstruct(x[20:])) ** 2))
        assert np.isclose(found.other_error[j], error)
        assert np.isclose(found.fitted_nats[j], ppca_from(pca).log_prob(x[:20]).mean())
        assert np.isclose(found.other_nats[j], ppca_from(pca).log_prob(x[20:]).mean())


def strangers_earn_nothing() -> None:
    """Pictures that have nothing in common: a model is no better on people it has met."""
    rng = np.random.default_rng(2)
    y = np.repeat(np.arange(12), 10)
    gains = []
    for _ in range(6):
        nats = eigenfaces.known_people(rng.normal(size=(120, 40)), y, 4, rng)
        gains.append((np.trace(nats) - np.trace(nats[::-1])) / 2)
    assert abs(np.mean(gains)) < 1


MUTATIONS = [
    Mutation(
        "variance within people for variance between them",
        f"{LIB}.component_facts",
        Edit("averages.var(axis=0) / z.var(axis=0)", "1 - averages.var(axis=0) / z.var(axis=0)"),
        people_and_light,
    ),
    Mutation(
        "mirror upside down",
        f"{LIB}.component_facts",
        Edit("w[:, :, ::-1]", "w[:, ::-1]"),
        people_and_light,
    ),
    Mutation(
        "noise from all directions",
        f"{LIB}.curves",
        Edit("np.log(dropped / (dim - ks))", "np.log(dropped / dim)"),
        errors_are_those_of_reconstructions,
    ),
    Mutation(
        "forgets the mean of the fitted pictures",
        f"{LIB}.curves",
        Edit("(other - pca.mean) ** 2", "other**2"),
        errors_are_those_of_reconstructions,
    ),
    Mutation(
        "a distance in pixels where one in standard deviations is due",
        f"{LIB}.curves",
        Edit("squares / pca.variances", "squares"),
        errors_are_those_of_reconstructions,
    ),
    Mutation(
        "scores pictures that were fitted",
        f"{LIB}.known_people",
        Edit("x[g & ~half]", "x[g & half]"),
        strangers_earn_nothing,
    ),
]
