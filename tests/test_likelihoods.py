"""Likelihoods against torch.distributions, scipy, enumeration of all tiny pictures, and samples."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats
from torch import distributions as td
from torch.nn import functional as F

from lib.likelihoods import (
    Bernoulli,
    BetaBinomial,
    Categorical,
    FixedGaussian,
    Likelihood,
    PixelGaussian,
    SharedGaussian,
)

SHAPES = [(4,), (2, 3), (2, 3, 2)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def every(likelihood: str) -> Likelihood:
    return {
        "bernoulli": Bernoulli,
        "fixed": lambda: FixedGaussian(0.3),
        "shared": lambda: SharedGaussian(0.4),
        "pixel exp": PixelGaussian,
        "pixel softplus": lambda: PixelGaussian(positive="softplus", smallest=0.05),
        "categorical": lambda: Categorical(5),
        "beta-binomial": lambda: BetaBinomial(4),
    }[likelihood]()


NAMES = (
    "bernoulli", "fixed", "shared", "pixel exp", "pixel softplus", "categorical", "beta-binomial",
)  # fmt: skip


def peer(name: str, out: torch.Tensor) -> td.Distribution:
    """The same distribution of one pixel, in units of x, by torch.distributions."""
    if name == "bernoulli":
        return td.Bernoulli(logits=out[:, 0])
    if name in ("fixed", "shared"):
        return td.Normal(out[:, 0], {"fixed": 0.3, "shared": 0.4}[name])
    if name == "pixel exp":
        return td.Normal(out[:, 0], torch.exp(0.5 * out[:, 1]) + 0.01)
    return td.Normal(out[:, 0], torch.log(1 + torch.exp(out[:, 1])) + 0.05)


def data_for(name: str, *shape: int) -> torch.Tensor:
    """Values that the likelihood can give."""
    levels = {"bernoulli": 2, "categorical": 5, "beta-binomial": 5}.get(name)
    if levels is None:
        return some(*shape, seed=7)
    whole = torch.randint(levels, shape, generator=seeded(7))
    return whole.double() / (levels - 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES[:5])
def test_log_prob_is_that_of_torch_summed_over_the_pixels(name, shape):
    likelihood, x = every(name), data_for(name, 6, *shape)
    out = some(6, likelihood.outputs, *shape, seed=1)
    want = peer(name, out).log_prob(x).reshape(6, -1).sum(1)
    torch.testing.assert_close(likelihood.log_prob(x, out), want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_categorical_is_that_of_torch(shape):
    x, out = data_for("categorical", 6, *shape), some(6, 5, *shape, seed=1)
    index = (4 * x).round()
    want = td.Categorical(logits=out.movedim(1, -1)).log_prob(index).reshape(6, -1).sum(1)
    torch.testing.assert_close(every("categorical").log_prob(x, out), want)


@pytest.mark.parametrize("shape", SHAPES)
def test_beta_binomial_is_that_of_scipy(shape):
    """alpha = m / theta, beta = (1 - m) / theta."""
    x, out = data_for("beta-binomial", 6, *shape), some(6, 2, *shape, seed=1)
    m, theta = torch.sigmoid(out[:, 0]), F.softplus(out[:, 1])
    want = stats.betabinom.logpmf((4 * x).round(), 4, m / theta, (1 - m) / theta)
    got = BetaBinomial(4).log_prob(x, out)
    np.testing.assert_allclose(got, want.reshape(6, -1).sum(1), atol=1e-4)


def test_beta_binomial_of_independent_dots_is_binomial():
    x, logit = data_for("beta-binomial", 6, 3), some(6, 3, seed=1)
    out = torch.stack([logit, torch.full_like(logit, -40.0)], 1)
    want = td.Binomial(4, logits=logit).log_prob((4 * x).round()).sum(1)
    torch.testing.assert_close(BetaBinomial(4).log_prob(x, out), want, rtol=1e-5, atol=1e-4)


def test_beta_binomial_of_dots_that_all_agree_is_a_coin():
    """theta to infinity: a block is all ink with probability m, else all paper."""
    x = torch.tensor([[0.0], [1.0], [0.5]])
    out = torch.tensor([0.8, 1e7]).reshape(1, 2, 1).repeat(3, 1, 1)
    p = BetaBinomial(16).log_prob(x, out).exp()
    m = torch.sigmoid(torch.tensor(0.8))
    torch.testing.assert_close(p, torch.stack([1 - m, m, 0 * m]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("likelihood", "levels"),
    [(Bernoulli(), 2), (Categorical(2), 2), (Categorical(4), 4), (BetaBinomial(3), 4)],
)
def test_probabilities_of_all_tiny_pictures_sum_to_one(likelihood, levels):
    pictures = torch.tensor(list(product(range(levels), repeat=4)), dtype=torch.float64)
    pictures = pictures.reshape(-1, 2, 2) / (levels - 1)
    out = 2 * some(1, likelihood.outputs, 2, 2, seed=3).expand(len(pictures), -1, -1, -1)
    total = likelihood.log_prob(pictures, out).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-12)
    mean = (likelihood.log_prob(pictures, out).exp()[:, None, None] * pictures).sum(0)
    torch.testing.assert_close(likelihood.mean(out[:1])[0], mean)


@pytest.mark.parametrize("likelihood", [FixedGaussian(0.3), SharedGaussian(0.3), PixelGaussian()])
def test_densities_integrate_to_one(likelihood):
    grid = torch.linspace(-30, 30, 60_001, dtype=torch.float64)[:, None]
    out = some(1, likelihood.outputs, 1, seed=3).expand(len(grid), -1, -1)
    density = likelihood.log_prob(grid, out).exp()
    assert torch.trapezoid(density, grid[:, 0]).item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_samples_have_the_mean_and_the_variance_of_the_density(name):
    """Both by a sum over all values or an integral over a grid of values."""
    likelihood, n = every(name), 40_000
    out = some(1, likelihood.outputs, 2, seed=5)
    discrete = name in ("bernoulli", "categorical", "beta-binomial")
    levels = 2 if name == "bernoulli" else 5
    values = torch.linspace(0, 1, levels) if discrete else torch.linspace(-15, 15, 8001)
    weight = 1.0 if discrete else values[1].item() - values[0].item()
    x = likelihood.sample(out.expand(n, -1, -1), generator=seeded(1)).double()
    if discrete:
        assert set(np.unique(x)) <= set(values.double().numpy())
    for pixel in (0, 1):
        one = out[:, :, pixel : pixel + 1].expand(len(values), -1, -1)
        p = likelihood.log_prob(values.double()[:, None], one).exp().detach() * weight
        mean = (p * values).sum().item()
        sd = (p * (values - mean) ** 2).sum().sqrt().item()
        assert likelihood.mean(out)[0, pixel].item() == pytest.approx(mean, abs=1e-4)
        assert x[:, pixel].mean().item() == pytest.approx(mean, abs=5 * sd / n**0.5)
        assert x[:, pixel].std().item() == pytest.approx(sd, rel=0.04)
    apart = np.corrcoef(x.detach().T)[0, 1]
    assert abs(apart) < 5 / n**0.5  # pixels are independent once z is given


@pytest.mark.parametrize("name", NAMES)
def test_samples_repeat_with_their_generator_and_differ_otherwise(name):
    likelihood = every(name)
    out = some(6, likelihood.outputs, 8, seed=5)
    one, two, other = (likelihood.sample(out, generator=seeded(s)) for s in (1, 1, 2))
    assert one.shape == (6, 8)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("std", [0.1, 1.0, 3.0])
def test_fixed_gaussian_is_squared_error_over_twice_the_variance(std):
    x, near, far = (some(6, 2, 3, seed=s) for s in (1, 2, 3))
    likelihood = FixedGaussian(std)
    assert likelihood.std == pytest.approx(std)
    score = [likelihood.log_prob(x, out[:, None]) for out in (near, far)]
    error = [((x - out) ** 2).sum((1, 2)) for out in (near, far)]
    constant = -score[0] - error[0] / (2 * std**2)
    torch.testing.assert_close(-score[1] - error[1] / (2 * std**2), constant, rtol=1e-5, atol=1e-4)
    assert constant.std() < 1e-3


def test_the_best_shared_noise_is_the_rms_error():
    """Gradient steps on the noise alone end at the root mean square error."""
    x, out = some(50, 2, 3, seed=1), some(50, 1, 2, 3, seed=2)
    likelihood = SharedGaussian(0.3).double()
    optimizer = torch.optim.LBFGS(likelihood.parameters(), max_iter=100)

    def closure():
        optimizer.zero_grad()
        value = -likelihood.log_prob(x, out).mean()
        value.backward()
        return value

    optimizer.step(closure)
    assert likelihood.std == pytest.approx((x - out[:, 0]).square().mean().sqrt().item(), rel=1e-4)


def test_only_the_shared_noise_is_learned():
    assert [n for n, _ in SharedGaussian(0.3).named_parameters()] == ["log_var"]
    assert list(FixedGaussian(0.3).parameters()) == list(FixedGaussian(0.3).state_dict()) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_output_gets_a_finite_gradient_even_far_out(name):
    likelihood = every(name)
    x = data_for(name, 6, 3).float()
    for scale in (1.0, 30.0):
        out = (scale * some(6, likelihood.outputs, 3, seed=2)).float().requires_grad_()
        likelihood.log_prob(x, out).sum().backward()
        assert torch.isfinite(out.grad).all()
        assert (out.grad.abs().sum((0, 2)) > 0).all()


def test_single_precision_agrees_with_double():
    x, out = data_for("beta-binomial", 6, 3), 5 * some(6, 2, 3, seed=2)
    double = BetaBinomial(4).log_prob(x, out)
    single = BetaBinomial(4).log_prob(x.float(), out.float())
    torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedGaussian(0), "std must be positive, got 0"),
        (lambda: SharedGaussian(-1), "std must be positive, got -1"),
        (lambda: FixedGaussian(float("inf")), "std must be positive"),
        (lambda: PixelGaussian(positive="relu"), "'exp' or 'softplus', got 'relu'"),
        (lambda: PixelGaussian(smallest=-1), "must not be negative, got -1"),
        (lambda: Categorical(1), "two levels or more, got 1"),
        (lambda: BetaBinomial(0), "one trial or more, got 0"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_base_class_has_no_density():
    for call in (
        lambda base: base.log_prob(None, None),
        lambda base: base.mean(None),
        lambda base: base.sample(None),
    ):
        with pytest.raises(NotImplementedError):
            call(Likelihood())
