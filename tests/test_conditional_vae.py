"""The conditional VAE against conditional densities that are known, and against its own parts."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import nn
from torch.distributions import Normal, kl_divergence

from lib.conditional_vae import ConditionalVAE, mlp_conditional_vae
from lib.likelihoods import Bernoulli, FixedGaussian, SharedGaussian
from lib.nets import MLPDecoder
from lib.train import fit
from lib.vae import VAE
from tests.family_models import seeded

KINDS = torch.eye(3, dtype=torch.float64)
PRIORS = "fixed", "learned", "alone"


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def small(prior: str = "learned", **options) -> ConditionalVAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"c_dim": 3, "hidden": (8,), "prior": prior} | options
        return mlp_conditional_vae((2, 2), 2, FixedGaussian(0.5), **options).double()


# --------------------------------------------------------------- a model where all is known

# z given c is N(M c, diag S(c)) with two latents; x = W z + V c + noise of deviation STD in R^3.
W, V, STD = some(3, 2, seed=1), some(3, 3, seed=2), 0.6
M, LOG_S = some(2, 3, seed=3), 0.8 * some(2, 3, seed=4)


class Lines(nn.Module):
    """A network of formulas; the idle parameter only tells the dtype."""

    def __init__(self, formula):
        super().__init__()
        self.formula, self.idle = formula, nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, *inputs):
        return self.formula(*inputs)


def posterior(x: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean (n, 2) and covariance (n, 2, 2) of p(z | x, c), by completing the square."""
    precision = torch.diag_embed((-c @ LOG_S.T).exp()) + W.T @ W / STD**2
    pull = (x - c @ V.T) @ W / STD**2 + (c @ M.T) * (-c @ LOG_S.T).exp()
    cov = torch.linalg.inv(precision)
    return torch.einsum("nij,nj->ni", cov, pull), cov


def encode(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """The best diagonal Gaussian: the mean of the posterior, and what is left of each latent."""
    mean, cov = posterior(x, c)
    return torch.cat([mean, -torch.linalg.inv(cov).diagonal(dim1=1, dim2=2).log()], 1)


def linear(prior_net: bool = True, encoder=encode) -> ConditionalVAE:
    return ConditionalVAE(
        Lines(encoder),
        Lines(lambda z, c: (z @ W.T + c @ V.T)[:, None]),
        FixedGaussian(STD),
        k=2,
        prior_net=Lines(lambda c: torch.cat([c @ M.T, c @ LOG_S.T], 1)) if prior_net else None,
    )


def log_density(x: torch.Tensor, c: torch.Tensor, learned: bool = True) -> np.ndarray:
    """log p(x | c), integrated by hand and written in scipy's Gaussians."""
    x, c, w, v = (a.numpy() for a in (x, c, W, V))
    values = []
    for row, kind in zip(x, c, strict=True):
        mean = (M.numpy() if learned else np.zeros((2, 3))) @ kind
        spread = np.exp(LOG_S.numpy() @ kind) if learned else np.ones(2)
        cov = w @ np.diag(spread) @ w.T + STD**2 * np.eye(3)
        values.append(multivariate_normal(w @ mean + v @ kind, cov).logpdf(row))
    return np.array(values)


def questions(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    return 1.5 * some(n, 3, seed=9), KINDS[torch.arange(n) % 3]


def mean_bound(model: ConditionalVAE, x: torch.Tensor, c: torch.Tensor, n: int) -> torch.Tensor:
    """The ELBO of each example, averaged over n draws of z."""
    many = (v.repeat_interleave(n, 0) for v in (x, c))
    return model.elbo(*many, generator=seeded(1)).detach().reshape(-1, n).mean(1)


def test_the_bound_lies_below_the_exact_density_by_the_gap_of_the_encoder():
    """log p(x | c) - ELBO = KL(q || p(z | x, c)): both sides computed, and neither is zero."""
    x, c = questions(6)
    bound, (_, cov) = mean_bound(linear(), x, c, 20_000), posterior(x, c)
    variance = encode(x, c)[:, 2:].exp()
    precision = torch.linalg.inv(cov)
    trace = (precision.diagonal(dim1=1, dim2=2) * variance).sum(1)
    gap = 0.5 * (trace - 2 - variance.log().sum(1) + torch.logdet(cov))
    assert gap.min() > 0.02
    density = log_density(x, c)
    np.testing.assert_allclose(bound.numpy(), density - gap.numpy(), atol=0.06)
    assert np.mean(density - bound.numpy()) == pytest.approx(gap.mean().item(), abs=0.03)


def test_any_other_encoder_makes_the_bound_looser():
    x, c = questions(6)
    best = mean_bound(linear(), x, c, 2000).mean()
    for worse in (
        lambda x, c: encode(x, c) + torch.tensor([0.5, 0, 0, 0]),
        lambda x, c: encode(x, c) + torch.tensor([0, 0, 0.8, 0.8]),
        lambda x, c: encode(x, c.roll(1, 1)),
        lambda x, c: encode(x, 0 * c),
    ):
        bound = mean_bound(linear(encoder=worse), x, c, 2000).mean()
        assert bound < best - 0.05


def test_importance_weights_are_right_on_average_and_more_of_them_close_the_gap():
    """The mean of exp(bound) is p(x | c) for any number of samples; the mean bound rises to it."""
    x, c = questions(6)
    density, gaps = log_density(x, c), []
    for samples, n in ((1, 20_000), (20, 1000)):
        many = (v.repeat_interleave(n, 0) for v in (x, c))
        bound = linear().importance_bound(*many, samples=samples, generator=seeded(2))
        bound = bound.detach().reshape(6, n)
        unbiased = torch.logsumexp(bound, 1) - math.log(n)
        np.testing.assert_allclose(unbiased.numpy(), density, atol=0.08)
        gaps.append(np.mean(density - bound.mean(1).numpy()))
    assert gaps[0] > 3 * gaps[1] > 0


def test_the_two_priors_are_two_models():
    x, c = questions(30)
    assert np.abs(log_density(x, c) - log_density(x, c, learned=False)).mean() > 0.3


def test_samples_of_each_question_have_the_exact_mean_and_covariance():
    n = 30_000
    for kind in range(3):
        c = KINDS[kind].expand(n, 3)
        x = linear().sample(n, c, generator=seeded(kind))
        assert not x.requires_grad
        mean = W @ M[:, kind] + V[:, kind]
        cov = W @ torch.diag(LOG_S[:, kind].exp()) @ W.T + STD**2 * torch.eye(3)
        torch.testing.assert_close(x.mean(0), mean, atol=0.1, rtol=0)
        torch.testing.assert_close(torch.cov(x.T), cov, atol=0.12, rtol=0.05)
        flat = linear().sample(n, c, mean=True, generator=seeded(kind))
        torch.testing.assert_close(
            torch.cov(flat.T), cov - STD**2 * torch.eye(3), atol=0.12, rtol=0.05
        )


# ------------------------------------------------------------------------ its own definition


@pytest.mark.parametrize("prior", PRIORS)
def test_terms_are_their_definition(prior):
    """Distortion and rate by torch's own distributions, z drawn by hand from the same seed."""
    model, x, c = small(prior), some(7, 2, 2), KINDS[torch.arange(7) % 3]
    mean, log_var = model.encoder(x, c).chunk(2, 1)
    q = Normal(mean, (log_var / 2).exp())
    p = Normal(torch.zeros(7, 2, dtype=torch.float64), 1.0)
    if prior != "fixed":
        center, width = model.prior_net(c).chunk(2, 1)
        p = Normal(center, (width / 2).exp())
        assert center.abs().mean() > 0.01
    z = mean + q.stddev * torch.randn(7, 2, generator=seeded(3), dtype=torch.float64)
    decoded = model.decoder(z, c)[:, 0]
    distortion = -Normal(decoded, 0.5).log_prob(x).sum((1, 2))
    rate = kl_divergence(q, p).sum(1)
    got = model.terms(x, c, generator=seeded(3))
    torch.testing.assert_close(got[0], distortion)
    torch.testing.assert_close(got[1], rate)
    torch.testing.assert_close(model.rates(x, c), kl_divergence(q, p))
    terms = model.loss(x, c, generator=seeded(3))
    torch.testing.assert_close(terms["loss"], (distortion + rate).mean())
    torch.testing.assert_close(model.elbo(x, c, generator=seeded(3)), -distortion - rate)


def test_with_a_fixed_prior_it_is_the_vae_of_chapter_4():
    model, x, c = small("fixed"), some(7, 2, 2), KINDS[torch.arange(7) % 3]
    twin = VAE(model.encoder, model.decoder, model.likelihood, k=2)
    assert model.prior_net is None
    for call in (
        lambda m: m.loss(x, c, generator=seeded())["loss"],
        lambda m: m.sample(7, c, generator=seeded()),
        lambda m: torch.stack(m.prior(7, c)),
    ):
        assert torch.equal(call(model), call(twin))


def test_a_learned_prior_with_nothing_to_say_is_the_fixed_one():
    model, x, c = small("learned"), some(7, 2, 2), KINDS[torch.arange(7) % 3]
    with torch.no_grad():
        for p in model.prior_net[-1].parameters():
            p.zero_()
    twin = VAE(model.encoder, model.decoder, model.likelihood, k=2)
    a, b = (m.loss(x, c, generator=seeded())["loss"] for m in (model, twin))
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize("prior", PRIORS)
def test_who_is_told_the_condition(prior):
    model, x, z = small(prior), some(3, 2, 2)[:1].expand(3, 2, 2), some(1, 2).expand(3, 2)
    differ = {
        "encoder": model.encoder(x, KINDS),
        "decoder": model.decoder(z, KINDS),
        "prior": torch.cat(model.prior(3, KINDS), 1),
    }
    told = {name for name, v in differ.items() if not torch.allclose(v[0], v[1])}
    assert (
        told
        == {
            "fixed": {"encoder", "decoder"},
            "learned": {"encoder", "decoder", "prior"},
            "alone": {"encoder", "prior"},
        }[prior]
    )
    samples = model.sample(3, KINDS, mean=True, generator=seeded())
    assert not torch.allclose(samples[0], samples[1])
    if prior == "alone":
        assert torch.equal(model.decoder(z), model.decoder(z, KINDS))


def test_a_decoder_and_a_prior_that_are_both_untold_ignore_the_question():
    model = small("alone")
    model.prior_net = None
    first, second = (model.sample(5, KINDS[[k] * 5], generator=seeded()) for k in (0, 1))
    assert torch.equal(first, second)


def test_conditions_may_have_another_dtype():
    model, x = small("learned"), some(3, 2, 2)
    want = model.loss(x, KINDS, generator=seeded())["loss"]
    for c in (KINDS.float(), KINDS.long()):
        assert torch.equal(model.loss(x, c, generator=seeded())["loss"], want)
    assert model.prior(3, KINDS.float())[0].dtype == torch.float64


def test_every_choice_is_handed_on():
    model = small("learned", beta=0.5, free_nats=0.1)
    assert (model.k, model.beta, model.free_nats) == (2, 0.5, 0.1)
    widths = [m.out_features for m in model.encoder.modules() if isinstance(m, nn.Linear)]
    assert widths == [8, 4]
    mirrored = small("learned", hidden=(8, 5)).decoder
    widths = [m.out_features for m in mirrored.modules() if isinstance(m, nn.Linear)]
    assert widths == [5, 8, 4]
    assert isinstance(small("alone").decoder.decoder, MLPDecoder)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="prior is 'fixed', 'learned' or 'alone', got 'none'"):
        small("none")
    with pytest.raises(ValueError, match="must not be negative"):
        small(beta=-1.0)
    for c, given in ((None, "none"), (KINDS, "3")):
        with pytest.raises(ValueError, match=f"one condition for each of 5, got {given}"):
            small().sample(5, c)
    for prior in PRIORS:
        with pytest.raises(ValueError, match="this network takes"):
            small(prior).loss(some(3, 2, 2), KINDS[:, :2])


# ----------------------------------------------------------------------------- what it learns


@pytest.mark.slow
def test_the_best_prior_is_the_gaussian_of_the_codes_of_its_class():
    """With the encoder held still, training finds mean and variance of q averaged over a class."""
    model = small("learned")
    x, c = some(60, 2, 2) * (1 + torch.arange(60) % 3)[:, None, None], KINDS[torch.arange(60) % 3]
    optimizer = torch.optim.Adam(model.prior_net.parameters(), lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        model.terms(x, c, generator=seeded())[1].mean().backward()
        optimizer.step()
    with torch.no_grad():
        mean, log_var = model.encode(x, c)
        for kind in range(3):
            rows = slice(kind, None, 3)
            center = mean[rows].mean(0)
            spread = log_var[rows].exp().mean(0) + mean[rows].var(0, correction=0)
            got = model.prior(1, KINDS[[kind]])
            torch.testing.assert_close(got[0][0], center, atol=0.01, rtol=0)
            torch.testing.assert_close(got[1][0].exp(), spread, atol=0.01, rtol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("prior", PRIORS)
def test_it_learns_what_is_asked_and_what_is_left_open(prior):
    """x = centre of the class + u along one direction: the mean is asked, u must be drawn."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = mlp_conditional_vae((2,), 2, SharedGaussian(), c_dim=3, hidden=(32,), prior=prior)
    centers = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    kinds = torch.arange(600) % 3
    u = torch.randn(600, 1, generator=seeded())
    noise = 0.1 * torch.randn(600, 2, generator=seeded(1))
    x = centers[kinds] + u * torch.tensor([[0.6, 0.3]]) + noise
    options = {"batch_size": 50, "generator": seeded(), "progress": False}
    for lr in (1e-2, 2e-3):
        fit(model, x, c=torch.eye(3)[kinds], epochs=60, lr=lr, **options)
    for kind in range(3):
        c = torch.eye(3)[kind].expand(3000, 3)
        samples, real = model.sample(3000, c, generator=seeded(kind)), x[kinds == kind]
        torch.testing.assert_close(samples.mean(0), real.mean(0), atol=0.2, rtol=0)
        torch.testing.assert_close(torch.cov(samples.T), torch.cov(real.T), atol=0.12, rtol=0)


def test_a_bound_of_black_and_white_is_below_the_logarithm_of_a_table():
    """Four pictures, two questions: p(x | c) by adding up a grid of z, the bound below it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"c_dim": 2, "hidden": (6,), "prior": "learned"}
        model = mlp_conditional_vae((2,), 1, Bernoulli(), **options).double()
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    grid = torch.linspace(-8, 8, 1001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        for kind in torch.eye(2, dtype=torch.float64):
            mean, log_var = model.prior(1, kind[None])
            weights = Normal(mean, (log_var / 2).exp()).log_prob(grid)[:, 0] + math.log(16 / 1000)
            white = torch.sigmoid(model.decoder(grid, kind.expand(1001, 2))[:, 0])
            likely = torch.stack([(row * white + (1 - row) * (1 - white)).prod(1) for row in x])
            exact = (likely * weights.exp()).sum(1).log()
            assert exact.exp().sum().item() == pytest.approx(1, abs=1e-6)
            c = kind.expand(4, 2)
            assert (mean_bound(model, x, c, 2000) < exact).all()
            close = model.importance_bound(x, c, samples=400, generator=seeded())
            torch.testing.assert_close(close, exact, atol=0.05, rtol=0)
