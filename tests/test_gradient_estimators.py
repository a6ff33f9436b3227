"""Two estimators of one gradient: closed forms, finite differences, and each other."""

import pytest
import torch

from lib.gradient_estimators import (
    compared,
    leave_one_out,
    linear_case,
    reparameterised,
    score_function,
)

MEAN = torch.tensor([0.5, -1.0, 0.3], dtype=torch.float64)
LOG_VAR = torch.tensor([-0.5, 0.4, -1.5], dtype=torch.float64)
DRAWS = 200_000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def quadratic(z: torch.Tensor) -> torch.Tensor:
    """E_q of it is (mean + 1)^2 + sigma^2, summed."""
    return ((z + 1) ** 2).sum(1)


def bent(z: torch.Tensor) -> torch.Tensor:
    """No closed form: a product of all coordinates inside a sine."""
    return torch.sin(z.prod(1) + z[:, 0])


def assert_within_five_errors(estimates: torch.Tensor, want: torch.Tensor) -> None:
    error = estimates.std(0) / len(estimates) ** 0.5
    assert torch.all(abs(estimates.mean(0) - want) < 5 * error)


@pytest.mark.parametrize("estimator", [reparameterised, score_function])
def test_averages_are_the_closed_form(estimator):
    by_mean, by_log_var = estimator(quadratic, MEAN, LOG_VAR, draws=DRAWS, generator=seeded())
    assert_within_five_errors(by_mean, 2 * (MEAN + 1))
    assert_within_five_errors(by_log_var, torch.exp(LOG_VAR))  # d sigma^2 / d s = sigma^2


@pytest.mark.parametrize("estimator", [reparameterised, score_function])
def test_averages_are_finite_differences_of_the_expectation(estimator):
    points, weights = gauss_hermite_grid(40)
    step = 1e-4

    def expectation(mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
        return weights @ bent(mean + torch.exp(log_var / 2) * points)

    found = estimator(bent, MEAN, LOG_VAR, draws=DRAWS, generator=seeded(1))
    for which, estimates in enumerate(found):
        slopes = []
        for k in range(3):
            ends = []
            for sign in (1, -1):
                parameters = [MEAN.clone(), LOG_VAR.clone()]
                parameters[which][k] += sign * step
                ends.append(expectation(*parameters))
            slopes.append((ends[0] - ends[1]) / (2 * step))
        assert_within_five_errors(estimates, torch.stack(slopes))


def gauss_hermite_grid(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points (n^3, 3) and weights of expectations under three standard normal numbers."""
    import numpy as np

    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    weights = torch.tensor(weights / weights.sum())
    nodes = torch.tensor(nodes)
    points = torch.cartesian_prod(nodes, nodes, nodes)
    return points, torch.cartesian_prod(weights, weights, weights).prod(1)


def test_a_single_reparameterised_draw_is_the_derivative_along_that_draw():
    by_mean, by_log_var = reparameterised(quadratic, MEAN, LOG_VAR, draws=1, generator=seeded(5))
    eps = torch.randn(1, 3, generator=seeded(5), dtype=torch.float64)
    sigma = torch.exp(LOG_VAR / 2)
    slope = 2 * (MEAN + sigma * eps + 1)
    torch.testing.assert_close(by_mean, slope)
    torch.testing.assert_close(by_log_var, slope * sigma * eps / 2)


def test_a_single_score_draw_is_f_times_the_gradient_of_log_q():
    by_mean, by_log_var = score_function(
        quadratic, MEAN, LOG_VAR, draws=1, baseline=0.7, generator=seeded(5)
    )
    mean, log_var = (t.clone().requires_grad_() for t in (MEAN, LOG_VAR))
    eps = torch.randn(3, generator=seeded(5), dtype=torch.float64)
    z = (mean + torch.exp(log_var / 2) * eps).detach()
    log_q = torch.distributions.Normal(mean, torch.exp(log_var / 2)).log_prob(z).sum()
    want = torch.autograd.grad(log_q, (mean, log_var))
    weight = quadratic(z[None]) - 0.7
    torch.testing.assert_close(by_mean[0], weight * want[0])
    torch.testing.assert_close(by_log_var[0], weight * want[1])


def test_the_score_function_needs_no_derivative_of_f():
    def steps(z):
        return (z[:, 0] > 0).double()  # its derivative is zero everywhere

    found = score_function(steps, MEAN, LOG_VAR, draws=DRAWS, generator=seeded())[0]
    density = torch.distributions.Normal(MEAN[0], torch.exp(LOG_VAR[0] / 2))
    slope = torch.exp(density.log_prob(torch.zeros((), dtype=torch.float64)))  # of P(z > 0)
    assert_within_five_errors(found, torch.stack([slope, 0 * slope, 0 * slope]))


def test_the_reparameterised_gradient_varies_far_less():
    few = {"draws": 20_000, "generator": seeded()}
    ours, theirs = (e(quadratic, MEAN, LOG_VAR, **few) for e in (reparameterised, score_function))
    for a, b in zip(ours, theirs, strict=True):
        assert torch.all(4 * a.var(0) < b.var(0))


def test_a_baseline_lowers_the_variance_and_keeps_the_average():
    def shifted(z):
        return quadratic(z) + 50

    options = {"draws": DRAWS, "generator": seeded()}
    plain = score_function(shifted, MEAN, LOG_VAR, **options)[0]
    better = score_function(shifted, MEAN, LOG_VAR, baseline=55.0, **options)[0]
    assert_within_five_errors(better, 2 * (MEAN + 1))
    assert torch.all(10 * better.var(0) < plain.var(0))


def test_the_mean_of_the_others_is_a_fair_baseline():
    options = {"draws": 4, "generator": seeded(2)}
    runs = [
        score_function(quadratic, MEAN, LOG_VAR, baseline=leave_one_out, **options)[0].mean(0)
        for _ in range(5_000)
    ]
    assert_within_five_errors(torch.stack(runs), 2 * (MEAN + 1))


def test_the_linear_case_has_the_gradient_it_claims():
    f, mean, log_var, exact = linear_case(5, generator=seeded(3))
    found = reparameterised(f, mean, log_var, draws=50_000, generator=seeded())[0]
    assert_within_five_errors(found, exact)
    values = torch.func.grad(lambda m: f(m[None])[0])(mean)  # f is quadratic: E adds a constant
    torch.testing.assert_close(values, exact)


def test_all_three_agree_with_the_truth_and_differ_in_variance():
    estimates, exact = compared(8, draws=20_000, generator=seeded(4))
    for found in estimates.values():
        assert_within_five_errors(found, exact)
    ours, plain, better = (found.var(0).mean() for found in estimates.values())
    assert 4 * ours < better < plain / 4
    log_var = torch.tensor(-1.0)  # of W^T W sigma eps, with W^T W = 9 I
    assert torch.isclose(ours, 81 * torch.exp(log_var), rtol=0.03)


def test_leave_one_out_is_the_mean_of_the_others():
    values = torch.tensor([1.0, 2.0, 6.0])
    torch.testing.assert_close(leave_one_out(values), torch.tensor([4.0, 3.5, 1.5]))


def test_global_state_and_arguments_stay():
    before, mean = torch.get_rng_state(), MEAN.clone()
    for estimator in (reparameterised, score_function):
        estimator(quadratic, mean, LOG_VAR, draws=3, generator=seeded())
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(mean, MEAN)
    assert mean.grad is None


@pytest.mark.parametrize("estimator", [reparameterised, score_function])
def test_bad_input_is_named(estimator):
    with pytest.raises(ValueError, match="draws must be at least 1, got 0"):
        estimator(quadratic, MEAN, LOG_VAR, draws=0)
    with pytest.raises(ValueError, match="one number for each of 4 rows"):
        estimator(lambda z: z, MEAN, LOG_VAR, draws=4)
    with pytest.raises(ValueError, match="two values or more"):
        leave_one_out(torch.ones(1))
