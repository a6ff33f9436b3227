"""EM in one mean: the drawn curves are the real ones."""

import numpy as np
import pytest
from scipy import optimize, stats

from lib.mean_ascent import MeanAscent


@pytest.fixture
def ascent(rng) -> MeanAscent:
    return MeanAscent(np.concatenate([rng.normal(size=8), rng.normal(3.5, 1, size=7)])[:, None])


def test_likelihood_is_that_of_two_bells(ascent):
    for mean in (-2.0, 0.0, 4.0):
        p = (stats.norm.pdf(ascent.x) + stats.norm.pdf(ascent.x, mean)) / 2
        assert ascent.log_likelihood(mean) == pytest.approx(np.log(p).mean())


def test_bound_is_a_parabola_whose_top_is_the_next_mean(ascent):
    """Its curvature is minus the average share of B: the expected term is quadratic in the mean."""
    for k, state in enumerate(ascent.half_steps(0.5, 8)):
        if state.name != "E-step":
            continue
        after = ascent.half_steps(0.5, k + 1)[-1].mean
        top = ascent.bound(after, state.q)
        share = state.q[:, 1].mean()
        for mean in (-3.0, 0.0, 2.0, 6.0):
            drop = top - 0.5 * share * (mean - after) ** 2
            assert ascent.bound(mean, state.q) == pytest.approx(drop)
        assert ascent.bound(state.mean, state.q) == pytest.approx(ascent.log_likelihood(state.mean))


def test_half_steps_alternate_and_climb(ascent):
    states = ascent.half_steps(0.5, 40)
    assert [s.name for s in states[:4]] == ["start", "E-step", "M-step", "E-step"]
    nats = [ascent.log_likelihood(s.mean) for s in states]
    assert np.diff(nats).min() > -1e-12
    found = optimize.minimize_scalar(
        lambda mean: -ascent.log_likelihood(mean), bracket=(2, 3, 5), tol=1e-10
    )
    assert states[-1].mean == pytest.approx(found.x, abs=1e-4)
