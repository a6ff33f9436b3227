"""Mistakes people make with few steps and with noise as a code, each caught by a check."""

import numpy as np
import torch
from torch import nn

from lib import diffusion, few_steps, time_nets
from lib.noise_schedule import cosine_schedule
from lib.pca import fit_pca
from tests.mutation import Edit, Mutation


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Half(nn.Module):
    """Guesses half of what it sees."""

    def forward(self, xt, t):
        return xt / 2


def model(steps: int = 10) -> diffusion.Diffusion:
    return diffusion.Diffusion(Half(), (8, 8), cosine_schedule(steps), target="x0").eval()


def one_noise_for_all() -> None:
    """Every setting gives what the model's own sampler gives from a fresh, equal generator."""
    for (name, k), draw in few_steps.quality_by_steps(model(), (2, 5), seeded(3), n=3).items():
        want = model().ddim(3, steps=k, eta=few_steps.ETAS[name], generator=seeded(3))
        assert torch.equal(draw.samples, want)


def arcs_keep_length_and_ends() -> None:
    """Equal shares are equal angles on one circle, from a to b."""
    a, b = torch.randn(2, 40, generator=seeded(), dtype=torch.float64)
    b = b / b.norm() * a.norm()
    arc = few_steps.slerp(a, b, [0.0, 0.25, 0.5, 1.0])
    assert torch.allclose(arc.norm(dim=1), a.norm())
    assert torch.allclose(arc[0], a)
    assert torch.allclose(arc[-1], b)


def slip_has_the_last_beta() -> None:
    """Noise added at the end of a short chain has the variance 1 - bar alpha of its last time."""
    zero = few_steps.Draw("DDPM", 5, torch.zeros(4000, 8, 8), 0.0)
    spread = few_steps.noise_at_the_end(model(), zero, seeded(1)).samples.var().item()
    kept = (1 - model().schedule.beta[1:3]).prod().item()
    assert abs(spread / (1 - kept) - 1) < 0.03


def guesses_belong_to_their_steps() -> None:
    """Row r of the guesses is what the network says at step T - r."""
    noisy, guesses = few_steps.guesses_along(model(6), 2, seeded())
    assert torch.allclose(guesses[:-1], noisy[:-1] / 2)
    assert torch.equal(guesses[-1], noisy[-1])


def decided_ends_at_one() -> None:
    """The final digits explain themselves, their mean explains nothing, in every direction."""
    final = torch.rand(80, 8, 8, generator=seeded()) * 2 - 1
    pca = fit_pca(final.flatten(1).numpy().astype(float), 30)
    path = torch.stack([final.mean(0).expand_as(final), final])
    found = few_steps.decided(path, pca, {"few": slice(0, 3), "more": slice(3, 30)})
    for name in ("few", "more"):
        assert np.allclose(found[name], [0, 1], atol=1e-4)


def half_is_where_signal_and_noise_are_equal() -> None:
    """At that step the data part of x_t has the variance of its noise."""
    schedule = cosine_schedule(100)
    for variance in (0.3, 4.0):
        kept = schedule.alpha_bar[few_steps.half_known(schedule, variance)].item()
        assert abs(kept * variance / (1 - kept) - 1) < 0.05


def clouds_are_paired_by_rank() -> None:
    """A cloud in another order is at distance 0, and moved by 5 at distance 5 / sqrt 2."""
    a = np.random.default_rng(0).normal(size=(30, 2))
    assert few_steps.sliced_distance(a, a[::-1]) < 1e-9
    assert abs(few_steps.sliced_distance(a, a + np.array([3.0, 4.0])) - 5 / np.sqrt(2)) < 1e-9


def clocks_turn_as_they_should() -> None:
    """The first hand turns by one radian a step, the last by a ten-thousandth."""
    t = torch.arange(30)
    found = time_nets.time_embedding(t, 10).numpy()
    for column, speed in ((0, 1.0), (4, 1e-4)):
        assert np.allclose(found[:, column], np.sin(speed * t.numpy()))
        assert np.allclose(found[:, 5 + column], np.cos(speed * t.numpy()))


def timeless_is_deaf() -> None:
    """The wrapped network gives one answer whatever the step."""

    class Told(nn.Module):
        def forward(self, xt, t):
            return xt + t[:, None]

    x = torch.zeros(3, 2)
    assert torch.equal(few_steps.WithoutTime(Told())(x, torch.arange(3)), x)


FEW = "lib.few_steps"
MUTATIONS = [
    Mutation("each sampler starts from a noise of its own", f"{FEW}.quality_by_steps",
             Edit("generator.set_state(start)", "pass"), one_noise_for_all),
    Mutation("a straight line through noise", f"{FEW}.slerp",
             Edit("return (torch.sin((1 - part) * angle) * a + torch.sin(part * angle) * b)",
                  "return ((1 - part) * a + part * b) * torch.sin(angle)"),
             arcs_keep_length_and_ends),
    Mutation("the arc runs from b to a", f"{FEW}.slerp",
             Edit("torch.sin((1 - part) * angle) * a + torch.sin(part * angle) * b",
                  "torch.sin(part * angle) * a + torch.sin((1 - part) * angle) * b"),
             arcs_keep_length_and_ends),
    Mutation("a variance taken for a standard deviation", f"{FEW}.noise_at_the_end",
             Edit("(1 - model.schedule.alpha_bar[last]).sqrt().item()",
                  "(1 - model.schedule.alpha_bar[last]).item()"), slip_has_the_last_beta),
    Mutation("beta_1 of the long chain in the short one", f"{FEW}.noise_at_the_end",
             Edit("model.times(draw.steps)[-2]", "1"), slip_has_the_last_beta),
    Mutation("noisy pictures shown as guesses", f"{FEW}.guesses_along",
             Edit("model.denoise(x, t)[0] if t else x", "x"), guesses_belong_to_their_steps),
    Mutation("the noise shown as the guess", f"{FEW}.guesses_along",
             Edit("model.denoise(x, t)[0]", "model.denoise(x, t)[1]"),
             guesses_belong_to_their_steps),
    Mutation("variance about zero instead of about the mean", f"{FEW}.decided",
             Edit("end - end.mean(axis=0)", "end + 1"), decided_ends_at_one),
    Mutation("the table of ratios is read one step off", f"{FEW}.half_known",
             Edit("argmin()) + 1", "argmin())"), half_is_where_signal_and_noise_are_equal),
    Mutation("points are paired as they come", f"{FEW}.sliced_distance",
             Edit("np.sort(a @ axes, 0) - np.sort(b @ axes, 0)", "a @ axes - b @ axes"),
             clouds_are_paired_by_rank),
    Mutation("the timeless network hears the time", f"{FEW}.WithoutTime.forward",
             Edit("torch.zeros_like(t)", "t"), timeless_is_deaf),
    Mutation("speeds of the clocks are whole powers", "lib.time_nets.time_embedding",
             Edit("torch.linspace(0, 1, width // 2", "torch.linspace(0, 4, width // 2"),
             clocks_turn_as_they_should),
]  # fmt: skip
