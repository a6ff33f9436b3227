"""The VAE against its definition, the exact linear-Gaussian model, and exact bounds."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import nn
from torch.distributions import Independent, Normal, kl_divergence

from lib.gaussian import reparameterise
from lib.likelihoods import (
    Bernoulli,
    BetaBinomial,
    Categorical,
    FixedGaussian,
    PixelGaussian,
    SharedGaussian,
)
from lib.nets import MLPDecoder, MLPEncoder
from lib.train import fit
from lib.vae import VAE, conv_vae, mlp_vae

LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "fixed": lambda: FixedGaussian(0.3),
    "shared": SharedGaussian,
    "pixel": PixelGaussian,
    "categorical": lambda: Categorical(3),
    "beta-binomial": lambda: BetaBinomial(2),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed))


def pictures(n: int = 12) -> torch.Tensor:
    return torch.randint(2, (n, 4, 4), generator=seeded(5)).float()


def small(likelihood=None, seed: int = 0, **options) -> VAE:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        likelihood = likelihood or FixedGaussian(0.5)
        return mlp_vae((4, 4), 3, likelihood, hidden=(16,), **options)


class Linear(nn.Module):
    """v -> v A^T + b, with a constant log-variance appended if there is one."""

    def __init__(self, a: np.ndarray, b: np.ndarray, log_var: np.ndarray | None = None):
        super().__init__()
        self.a, self.b = (nn.Parameter(torch.tensor(v)) for v in (a, b))
        self.log_var = None if log_var is None else torch.tensor(log_var)

    def forward(self, v, c=None):
        out = v @ self.a.T + self.b
        if self.log_var is None:
            return out[:, None]
        return torch.cat([out, self.log_var.expand_as(out)], 1)


def exact_vae(rng, worse: float = 0.0):
    """Linear decoder x = W z + b + noise whose encoder is the exact posterior, or is off it.

    The columns of W are orthogonal: the posterior is diagonal, as an encoder's q is.
    """
    w = np.linalg.qr(rng.normal(size=(5, 2)))[0] * np.array([2.0, 0.7])
    b, std = rng.normal(size=5), 0.6
    precision = 1 + (w**2).sum(0) / std**2  # of the posterior, for each latent variable
    gain = (w / std**2 / precision).T
    encoder = Linear(gain * (1 + worse), -gain @ b, -np.log(precision) + worse)
    model = VAE(encoder, Linear(w, b), FixedGaussian(std).double(), k=2)
    return model, multivariate_normal(b, w @ w.T + std**2 * np.eye(5))


@torch.no_grad()
def average_elbo(model: VAE, x: torch.Tensor, draws: int) -> torch.Tensor:
    """The ELBO of each row of x, averaged over many z."""
    many = x.repeat_interleave(draws, 0)
    return model.elbo(many, generator=seeded()).reshape(len(x), draws).mean(1)


# ------------------------------------------------------------------------------ the bound


def test_terms_are_their_definitions():
    """One z from the encoder's Gaussian, minus log p(x | z), and torch's KL."""
    model, x = small(), pictures()
    distortion, rate = model.terms(x, generator=seeded(3))
    out = model.encoder(x)
    q = Independent(Normal(out[:, :3], out[:, 3:].exp().sqrt()), 1)
    z = q.mean + q.stddev * torch.randn(12, 3, generator=seeded(3))
    pixel = Normal(model.decoder(z)[:, 0], 0.5).log_prob(x)
    prior = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    torch.testing.assert_close(distortion, -pixel.sum((1, 2)))
    torch.testing.assert_close(rate, kl_divergence(q, prior))


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_loss_is_distortion_plus_beta_times_rate(name, beta):
    model, x = small(LIKELIHOODS[name](), beta=beta), pictures()
    terms, loss = model.terms(x, generator=seeded(3)), model.loss(x, generator=seeded(3))
    distortion, rate = (v.mean().item() for v in terms)
    assert loss["loss"].item() == pytest.approx(distortion + beta * rate, rel=1e-5)
    assert loss["distortion"].item() == pytest.approx(distortion)
    assert loss["rate"].item() == pytest.approx(rate)


@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
def test_elbo_is_minus_distortion_minus_rate_whatever_beta(beta):
    model, x = small(beta=beta), pictures()
    elbo = model.elbo(x, generator=seeded(3))
    assert elbo.shape == (12,)
    torch.testing.assert_close(elbo, -sum(model.terms(x, generator=seeded(3))))
    minus_loss = -model.loss(x, generator=seeded(3))["loss"].item()
    same = elbo.mean().item() == pytest.approx(minus_loss, rel=1e-5)
    assert same == (beta == 1)


def test_elbo_averages_its_samples():
    model, x = small(), pictures()
    generator = seeded(3)
    single = [model.elbo(x, generator=generator) for _ in range(5)]
    together = model.elbo(x, samples=5, generator=seeded(3))
    torch.testing.assert_close(together, torch.stack(single).mean(0))


def test_both_bounds_are_exact_when_the_encoder_is_the_posterior(rng):
    """Without noise even: log p(x, z) - log q(z | x) = log p(x) for every z."""
    model, density = exact_vae(rng)
    x = torch.tensor(density.rvs(20, random_state=1))
    want = torch.tensor(density.logpdf(x))
    for samples in (1, 7):
        got = model.importance_bound(x, samples=samples, generator=seeded()).detach()
        torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-6)
    torch.testing.assert_close(average_elbo(model, x, 20_000), want, atol=0.05, rtol=0)


def test_bounds_rise_from_the_elbo_to_the_log_likelihood(rng):
    model, density = exact_vae(rng, worse=0.6)
    x = torch.tensor(density.rvs(200, random_state=1))
    exact = density.logpdf(x).mean()
    elbo = average_elbo(model, x, 2000).mean().item()
    many = x.repeat_interleave(2000, 0)
    one = model.importance_bound(many, samples=1, generator=seeded()).mean().item()
    ten, many = (
        model.importance_bound(x, samples=s, generator=seeded()).mean().item() for s in (10, 2000)
    )
    assert one == pytest.approx(elbo, abs=0.05)
    assert elbo + 0.2 < ten < many < exact + 0.02
    assert many == pytest.approx(exact, abs=0.05)


@pytest.mark.slow
def test_gap_of_the_elbo_is_the_divergence_to_the_posterior(rng):
    """log p(x) - ELBO = KL(q || p(z | x)), with the exact posterior of the linear model."""
    model, density = exact_vae(rng, worse=0.6)
    x = torch.tensor(density.rvs(50, random_state=1))
    w = model.decoder.a.detach()
    precision = 1 + (w**2).sum(0) / 0.36
    posterior = Normal((x - model.decoder.b.detach()) @ w / 0.36 / precision, precision**-0.5)
    mean, log_var = model.encode(x)
    gap = kl_divergence(Normal(mean, torch.exp(log_var / 2)), posterior).sum(1)
    elbo = average_elbo(model, x, 50_000)
    want = torch.tensor(density.logpdf(x))
    torch.testing.assert_close((want - elbo).detach(), gap.detach(), atol=0.06, rtol=0.02)


def test_training_is_stationary_at_the_exact_model(rng):
    """At the maximum of the likelihood with q the posterior, the mean gradient vanishes."""
    model, density = exact_vae(rng)
    x = torch.tensor(density.rvs(40_000, random_state=1))
    model.loss(x, generator=seeded())["loss"].backward()
    right = model.decoder.a.grad.abs().max().item()
    wrong, _ = exact_vae(np.random.default_rng(20240229), worse=0.3)
    wrong.loss(x, generator=seeded())["loss"].backward()
    assert right < 0.05 < 0.1 < wrong.decoder.a.grad.abs().max().item()


# -------------------------------------------------------------------- rates and free nats


def test_rates_of_the_latent_variables_add_up_to_the_rate():
    model, x = small(), pictures()
    each = model.rates(x)
    assert each.shape == (12, 3)
    torch.testing.assert_close(each.sum(1), model.terms(x, generator=seeded())[1])
    out = model.encoder(x)
    q = Normal(out[:, :3], out[:, 3:].exp().sqrt())
    torch.testing.assert_close(each, kl_divergence(q, Normal(0.0, 1.0)))


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_free_nats_floor_each_latent_variable(beta):
    """The loss counts max(free, rate averaged over the batch); the other terms stay."""
    x, free = pictures(), 0.02
    with_floor, without = small(free_nats=free, beta=beta), small(beta=beta)
    each = without.rates(x).mean(0)
    assert each.min() < free < each.max()
    want = without.loss(x, generator=seeded())
    got = with_floor.loss(x, generator=seeded())
    total = want["distortion"] + beta * torch.clamp(each, min=free).sum()
    torch.testing.assert_close(got["loss"], total)
    torch.testing.assert_close(got["rate"], want["rate"])
    torch.testing.assert_close(got["distortion"], want["distortion"])
    assert torch.equal(with_floor.elbo(x, generator=seeded()), without.elbo(x, generator=seeded()))


def test_below_the_floor_the_rate_exerts_no_pull():
    x = pictures()
    pulled, free = small(FixedGaussian(1e4)), small(FixedGaussian(1e4), free_nats=50.0)
    for model in (pulled, free):  # noise so large that the distortion has no gradient
        model.loss(x, generator=seeded())["loss"].backward()
    size = [m.encoder.net[-1].weight.grad.abs().max().item() for m in (pulled, free)]
    assert size[1] < 1e-5 < 1e-3 < size[0]


# ------------------------------------------------------------------------ prior, conditions


class Shifted(VAE):
    """A prior with its own mean and width for each condition."""

    def prior(self, n, c=None):
        return 2.0 + c @ torch.ones(2, self.k), -torch.ones(n, self.k)


def shifted() -> tuple[Shifted, torch.Tensor, torch.Tensor]:
    base = small(c_dim=2)
    model = Shifted(base.encoder, base.decoder, FixedGaussian(0.5), k=3)
    return model, pictures(), some(12, 2, seed=4)


def test_a_prior_of_ones_own_is_used_by_rate_sampling_and_importance_bound():
    model, x, c = shifted()
    mean, log_var = model.encode(x, c)
    q = Normal(mean, torch.exp(log_var / 2))
    prior = Normal(2.0 + c.sum(1, keepdim=True), math.exp(-0.5))
    torch.testing.assert_close(model.rates(x, c), kl_divergence(q, prior))
    torch.testing.assert_close(model.terms(x, c)[1], model.rates(x, c).sum(1))
    z = prior.mean + math.exp(-0.5) * torch.randn(12, 3, generator=seeded(1))
    with torch.no_grad():
        want = model.decode(z, c)
    torch.testing.assert_close(model.sample(12, c, mean=True, generator=seeded(1)), want)
    z = reparameterise(mean, log_var, generator=seeded(2))
    log_joint = model.likelihood.log_prob(x, model.decoder(z, c)) + prior.log_prob(z).sum(1)
    weight = log_joint - q.log_prob(z).sum(1)
    bound = model.importance_bound(x, c, samples=1, generator=seeded(2))
    torch.testing.assert_close(bound, weight)


@pytest.mark.parametrize("make", [mlp_vae, conv_vae])
def test_a_condition_reaches_encoder_and_decoder(make):
    size = {"hidden": (8,)} if make is mlp_vae else {"channels": (4,)}
    model, x = make((4, 4), 3, Bernoulli(), c_dim=2, **size), pictures()
    one, two = torch.zeros(12, 2), torch.ones(12, 2)
    assert not torch.allclose(model.encode(x, one)[0], model.encode(x, two)[0])
    z = some(12, 3)
    assert not torch.allclose(model.decode(z, one), model.decode(z, two))
    draws = [model.sample(12, c, mean=True, generator=seeded(1)) for c in (one, two)]
    assert not torch.allclose(*draws)
    for scores in (model.elbo, lambda *a, **k: model.importance_bound(*a, samples=2, **k)):
        assert not torch.allclose(scores(x, one, generator=seeded()), scores(x, two))
    model.loss(x, one + 1, generator=seeded())["loss"].backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("c", [None, torch.zeros(12, 3), torch.zeros(11, 2)])
def test_a_wrong_condition_is_refused(c):
    model = small(c_dim=2)
    for call in (model.loss, model.elbo, model.encode):
        with pytest.raises(ValueError, match=r"conditions of shape \(12, 2\)"):
            call(pictures(), c)
    with pytest.raises(ValueError, match="this network takes no conditions"):
        small().loss(pictures(), torch.zeros(12, 2))


# ---------------------------------------------------------------------------- samples, codes


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_samples_are_noise_round_their_means(name):
    """Mean pictures and samples of one generator share z: their difference averages to zero."""
    model = small(LIKELIHOODS[name]())
    means = model.sample(4000, mean=True, generator=seeded(1))
    drawn = model.sample(4000, generator=seeded(1))
    assert means.shape == drawn.shape == (4000, 4, 4)
    noise = drawn - means
    assert noise.std() > 0.1
    assert noise.mean(0).abs().max() < 6 * noise.std() / 4000**0.5


def test_decode_and_reconstruct_are_mean_pictures():
    model, x = small(Bernoulli()), pictures()
    z = model.encode(x)[0]
    torch.testing.assert_close(model.decode(z), torch.sigmoid(model.decoder(z)[:, 0]))
    torch.testing.assert_close(model.reconstruct(x), model.decode(z))


def test_training_draws_z_and_does_not_take_its_mean():
    model, x = small(), pictures()
    one, two = (model.loss(x, generator=seeded(s))["loss"].item() for s in (1, 2))
    assert one != two


# ------------------------------------------------------------------------------- the builders


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("make", [mlp_vae, conv_vae])
def test_builders_fit_the_likelihood(make, name):
    likelihood = LIKELIHOODS[name]()
    size = {"hidden": (8, 6)} if make is mlp_vae else {"channels": (4, 6)}
    model, x = make((4, 4), 3, likelihood, beta=2.0, **size), pictures()
    assert model.decoder(some(12, 3)).shape == (12, likelihood.outputs, 4, 4)
    assert [v.shape for v in model.encode(x)] == [(12, 3), (12, 3)]
    assert (model.k, model.beta) == (3, 2.0)


def test_the_decoder_mirrors_the_encoder():
    model = mlp_vae((4, 4), 3, Bernoulli(), hidden=(10, 6))
    widths = [[m.out_features for m in net.net if isinstance(m, nn.Linear)]
              for net in (model.encoder, model.decoder)]  # fmt: skip
    assert widths == [[10, 6, 6], [6, 10, 16]]


def test_training_raises_the_bound_on_new_examples():
    x = torch.cat([(some(300, 1, 1, seed=s) > 0) ^ torch.eye(4).bool() for s in (1, 2)]).float()
    model = small(Bernoulli())
    before = model.elbo(x[300:], generator=seeded()).mean().item()
    fit(model, x[:300], epochs=60, batch_size=100, lr=2e-2, generator=seeded(), progress=False)
    after = model.elbo(x[300:], generator=seeded()).mean().item()
    assert before < -10  # sixteen pixels nobody knows anything about
    assert -2.5 < after < -math.log(2) + 0.05  # one coin decides a picture


def test_state_round_trips():
    model, copy = small(SharedGaussian(0.2)), small(SharedGaussian(0.4), seed=1)
    copy.load_state_dict(model.state_dict())
    x = pictures()
    assert torch.equal(model.elbo(x, generator=seeded()), copy.elbo(x, generator=seeded()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: small(beta=-1), "beta weighs a divergence, it must not be negative; got -1"),
        (lambda: small().elbo(pictures(), samples=0), "samples must be at least 1, got 0"),
        (
            lambda: small().importance_bound(pictures(), samples=-1),
            "samples must be at least 1, got -1",
        ),
        (
            lambda: VAE(MLPEncoder((4,), (), 4), MLPDecoder(2, (), (4,)), Bernoulli(), k=2,
                        free_nats=-1),
            "free_nats is a rate, it must not be negative; got -1",
        ),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
