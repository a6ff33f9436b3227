"""The exact denoiser against quadrature, Gaussian conditioning, autograd and nearest points."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import MultivariateNormal

from lib.diffusion import Diffusion
from lib.exact_denoiser import ExactDenoiser
from lib.mixture import GaussianMixture, round_mixture
from lib.noise_schedule import cosine_schedule, linear_schedule

SCHEDULE = linear_schedule(40)
LINE = GaussianMixture(
    np.array([0.3, 0.7]), np.array([[-1.5], [1.0]]), np.array([[[0.2]], [[0.05]]])
)


def plane() -> GaussianMixture:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(3, 2, 2))
    covariances = roots @ roots.swapaxes(1, 2) + 0.1 * np.eye(2)
    return GaussianMixture(np.array([0.2, 0.5, 0.3]), rng.normal(size=(3, 2)), covariances)


def points(n: int, *shape: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 1.5 * torch.randn(n, *shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("t", [1, 7, 40])
def test_on_a_line_it_is_the_integral_over_x0(t):
    kept = float(SCHEDULE.alpha_bar[t])
    denoiser = ExactDenoiser(LINE, SCHEDULE)

    x0 = np.linspace(-5, 5, 40_001)
    for xt in (-2.0, 0.1, 1.3):
        noisy = stats.norm.pdf(xt, kept**0.5 * x0, (1 - kept) ** 0.5)
        joint = noisy * np.exp(LINE.log_prob(x0[:, None]))
        mass = integrate.simpson(joint, x=x0)
        mean = integrate.simpson(x0 * joint, x=x0) / mass
        at = torch.tensor([[xt]], dtype=torch.float64)
        assert np.isclose(denoiser(at, t).item(), mean, atol=1e-9)
        assert np.isclose(denoiser.log_prob(at, t).item(), np.log(mass), atol=1e-9)


def test_one_gaussian_is_gaussian_conditioning_of_the_joint_of_x0_and_xt():
    mixture = GaussianMixture(np.ones(1), plane().means[:1], plane().covariances[:1])
    x, t = points(6, 2), 13
    kept = float(SCHEDULE.alpha_bar[t])
    covariance = torch.from_numpy(mixture.covariances[0])
    mean = torch.from_numpy(mixture.means[0])
    marginal = kept * covariance + (1 - kept) * torch.eye(2)
    gain = kept**0.5 * covariance @ torch.linalg.inv(marginal)
    want = mean + (x - kept**0.5 * mean) @ gain.T
    denoiser = ExactDenoiser(mixture, SCHEDULE)
    torch.testing.assert_close(denoiser(x, t), want)
    law = MultivariateNormal(kept**0.5 * mean, marginal)
    torch.testing.assert_close(denoiser.log_prob(x, t), law.log_prob(x))


def test_the_score_is_the_gradient_of_the_log_density():
    denoiser, x = ExactDenoiser(plane(), SCHEDULE), points(8, 2).requires_grad_()
    t = torch.arange(1, 41, 5)
    (slope,) = torch.autograd.grad(denoiser.log_prob(x, t).sum(), x)
    torch.testing.assert_close(denoiser.score(x, t), slope)


def test_no_guess_has_a_smaller_squared_error():
    rng, t = np.random.default_rng(4), 8
    x0 = torch.from_numpy(plane().sample(40_000, rng)[0])
    xt = SCHEDULE.diffuse(x0, t, torch.from_numpy(rng.normal(size=x0.shape)))
    guess = ExactDenoiser(plane(), SCHEDULE)(xt, t)
    error = x0 - guess
    features = torch.cat([torch.ones(len(xt), 1), xt, xt**2, xt.sin(), guess], dim=1)
    products = error[:, :, None] * features[:, None]  # an error explained by nothing of x_t
    assert torch.all(products.mean(0).abs() < 5 * products.std(0) / 200)
    assert (x0 - x0.mean(0)).square().mean() > 1.2 * error.square().mean()


def test_each_row_has_its_own_step_and_any_shape():
    denoiser, x, t = ExactDenoiser(plane(), SCHEDULE), points(3, 2), torch.tensor([1, 20, 40])
    rows = torch.cat([denoiser(x[k : k + 1], int(t[k])) for k in range(3)])
    torch.testing.assert_close(denoiser(x, t), rows)
    torch.testing.assert_close(denoiser(x.reshape(3, 2, 1), t), rows.reshape(3, 2, 1))
    assert denoiser(x.float(), t).dtype == torch.float32


def test_points_without_width_are_averaged_by_their_nearness():
    data = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    denoiser = ExactDenoiser(round_mixture(data, 0.0), SCHEDULE)
    x, t = points(5, 2), 9
    kept = SCHEDULE.alpha_bar[t]
    squares = torch.cdist(x, kept.sqrt() * torch.from_numpy(data)) ** 2
    want = (-squares / (2 * (1 - kept))).softmax(1) @ torch.from_numpy(data)
    torch.testing.assert_close(denoiser(x, t), want)


def test_in_a_chain_it_draws_the_mixture():
    schedule, generator = cosine_schedule(60), torch.Generator().manual_seed(0)
    model = Diffusion(ExactDenoiser(plane(), schedule), (2,), schedule, target="x0")
    drawn = model.sample(4000, generator=generator).numpy()
    true = plane().sample(4000, np.random.default_rng(5))[0]
    directions = np.random.default_rng(6).normal(size=(2, 8))
    for a, b in zip((drawn @ directions).T, (true @ directions).T, strict=True):
        assert stats.ks_2samp(a, b).statistic < 0.05


def test_nothing_can_be_learned_or_saved():
    denoiser = ExactDenoiser(LINE, SCHEDULE)
    assert not list(denoiser.parameters())
    assert not denoiser.state_dict()


def test_errors_say_what_would_be_right():
    denoiser = ExactDenoiser(plane(), SCHEDULE)
    with pytest.raises(ValueError, match="2 numbers each"):
        denoiser(points(3, 3), 4)
    with pytest.raises(ValueError, match="1 or more"):
        denoiser(points(3, 2), 0)
    bad = GaussianMixture(np.ones(1), np.zeros((1, 2)), np.diag([1.0, -0.5])[None])
    with pytest.raises(ValueError, match="negative eigenvalue"):
        ExactDenoiser(bad, SCHEDULE)
