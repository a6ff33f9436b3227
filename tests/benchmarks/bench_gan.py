"""GANs of the digits over starts, beside a tutorial's DCGAN and a VAE of equal training time.

Run: python -m tests.benchmarks.bench_gan [starts] [share of the epochs]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import mean, stdev

import torch
from torch import nn
from tqdm.auto import tqdm

from lib.datasets import load
from lib.diffusion_recipes import to_data
from lib.digit_features import SAMPLES
from lib.few_steps import to_pictures
from lib.gan import GAN
from lib.gan_pictures import judge
from lib.gan_recipes import FULL
from lib.likelihoods import BetaBinomial
from lib.train import fit
from lib.vae import VAE, mlp_vae

# In the units of the book's digit features; held-out digits 0.52, 0.81, 0.91, class Gaussians 2.95.
FRECHET, RAREST, BUDGET = 2.8, 0.05, 60.0
OURS = "digits dense", "digits dcgan"
CODES, CHANNELS = 100, (64, 128)  # of the tutorial's networks
Facts = dict[str, float]


class TutorialGenerator(nn.Module):
    """z (n, 100) -> pictures (n, 8, 8): normalised after every layer but the last."""

    def __init__(self):
        super().__init__()
        narrow, wide = CHANNELS
        self.net = nn.Sequential(
            nn.ConvTranspose2d(CODES, wide, 2, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            nn.ConvTranspose2d(narrow, 1, 4, stride=2, padding=1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Pictures in (-1, 1)."""
        return self.net(z[:, :, None, None])[:, 0]


class TutorialDiscriminator(nn.Module):
    """Pictures (n, 8, 8) -> scores (n, 1): normalised over the batch too."""

    def __init__(self):
        super().__init__()
        narrow, wide = CHANNELS
        self.net = nn.Sequential(
            nn.Conv2d(1, narrow, 4, stride=2, padding=1, bias=False),
            nn.LeakyReLU(0.2),
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2),
            nn.Conv2d(wide, 1, 2, bias=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores."""
        return self.net(x[:, None]).flatten(1)


def small_weights(module: nn.Module) -> None:
    """The start of DCGAN: weights of deviation 0.02, normalisation near the identity."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def tutorial(x: torch.Tensor, seconds: float, generator: torch.Generator) -> tuple[GAN, int]:
    """The recipe of the well-known tutorials: cross-entropy, rate 2e-4, momentum 0.5."""
    model = GAN(TutorialGenerator(), TutorialDiscriminator(), CODES, betas=(0.5, 0.999))
    model.apply(small_weights)
    options = {"batch_size": 128, "lr": 2e-4, "generator": generator, "progress": False}
    return model, len(fit(model, to_data(x), seconds=seconds, **options)["d_loss"])


def vae(x: torch.Tensor, generator: torch.Generator, **budget) -> tuple[VAE, int]:
    """The VAE of chapter 4."""
    model = mlp_vae((8, 8), 10, BetaBinomial(16), hidden=(256, 256))
    options = {"batch_size": 128, "lr": 3e-3, "generator": generator, "progress": False}
    return model, len(fit(model, x, **options, **budget)["loss"])


def draw(sample: Callable[[], torch.Tensor], spread: float) -> Facts:
    """Judge a full set of digits; pictures in [-1, 1] have spread 0.5, in [0, 1] spread 1."""
    start = time.perf_counter()
    samples = sample()
    took = time.perf_counter() - start
    return judge(to_pictures(samples, 1 - spread, spread)) | {"ms a sample": 1000 * took / SAMPLES}


def recipe_trainer(name: str, share: float, x: torch.Tensor) -> Callable:
    """A function of a generator that trains the book's recipe: the GAN and its steps."""
    recipe = FULL[name].shortened(share)

    def train(generator: torch.Generator) -> tuple[GAN, int]:
        model, history = recipe.train(to_data(x), generator=generator)
        return model, history["epoch"][-1] * -(-len(x) // recipe.batch_size)

    return train


def contest(train: Callable, seed: int, spread: float, **options) -> Facts:
    """Train from one start, draw, judge."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    begun, busy = time.perf_counter(), time.process_time()
    model, steps = train(generator)
    took, busy = time.perf_counter() - begun, time.process_time() - busy
    facts = draw(lambda: model.sample(SAMPLES, generator=generator, **options), spread)
    return facts | {"steps": steps, "seconds": took, "cpu": busy}


def start(x: torch.Tensor, seed: int, share: float) -> dict[str, Facts]:
    """Train everything from one start, the rivals for as many seconds as the slower GAN."""
    found = {name: contest(recipe_trainer(name, share, x), seed, 0.5) for name in OURS}
    seconds = max(facts["seconds"] for facts in found.values())
    found["tutorial DCGAN"] = contest(lambda g: tutorial(x, seconds, g), seed, 0.5)
    found["VAE"] = contest(lambda g: vae(x, g, seconds=seconds), seed, 1.0, mean=True)
    epochs = max(1, round(120 * share))
    found["VAE of chapter 4"] = contest(lambda g: vae(x, g, epochs=epochs), seed, 1.0, mean=True)
    return found


def print_table(starts: list[dict[str, Facts]]) -> None:
    """A fact a row, a model a column: mean and spread over the starts; rarest class: the worst."""
    print(f"{'':14}" + "".join(f"{model:>21}" for model in starts[0]))
    for fact in starts[0][OURS[0]]:
        print(f"{fact:14}" + "".join(f"{cell(fact, starts, model):>21}" for model in starts[0]))


def cell(fact: str, starts: list[dict[str, Facts]], model: str) -> str:
    """What the starts of one model have to say of one fact."""
    values = [found[model][fact] for found in starts]
    if fact == "rarest class":
        return f"{min(values):.3f} (worst)"
    width = stdev(values) if len(values) > 1 else 0.0
    return f"{mean(values):.3g} +- {width:.2g}"


def print_targets(starts: list[dict[str, Facts]]) -> None:
    """Every start of our GANs against the targets, and how often they beat the rivals."""
    for name in OURS:
        gans = [found[name] for found in starts]
        for fact, met in (
            ("Fréchet", lambda v: v <= FRECHET),
            ("rarest class", lambda v: v >= RAREST),
            ("seconds", lambda v: v <= BUDGET),
        ):
            values = [facts[fact] for facts in gans]
            told = ", ".join(f"{v:.3f}" for v in values)
            print(f"{name}, {fact}: {told}: target met {sum(map(met, values))} of {len(values)}")
        for rival in list(starts[0])[len(OURS) :]:
            wins = sum(found[name]["Fréchet"] < found[rival]["Fréchet"] for found in starts)
            print(f"{name} nearer to the data than {rival}: {wins} of {len(starts)}")


def main(starts: int = 5, share: float = 1.0) -> None:
    """Train from several starts; print the table and the targets."""
    x = torch.tensor(load("digits").train.x)
    print(f"{torch.get_num_threads()} threads, {SAMPLES} samples a model")
    done = [start(x, seed, share) for seed in tqdm(range(starts), desc="starts")]
    print_table(done)
    print_targets(done)


if __name__ == "__main__":
    main(*(kind(v) for kind, v in zip((int, float), sys.argv[1:], strict=False)))
