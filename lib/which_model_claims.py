"""What is usually said for and against the families, each held against the numbers of a contest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from IPython.display import Markdown

from lib.tables import table
from lib.which_model_ranks import Facts, agreement

Real = Mapping[str, float]  # the same facts of held-out digits


@dataclass(frozen=True)
class Claim:
    """A saying, the lesson that taught it, and how to put it to the test.

    `test(found, real)` gives whether it holds, and the numbers that say so.
    """

    says: str
    lesson: str
    test: Callable[[Facts, Real], tuple[bool, str]]


def lowest(found: Facts, fact: str) -> str:
    """The model with least of a fact; unknown values do not count."""
    return min((k for k in found if found[k][fact] == found[k][fact]), key=lambda k: found[k][fact])


def _linear(found: Facts, real: Real) -> tuple[bool, str]:
    ours = found["PCA"]["precision"]
    return ours < 0.5 * real["precision"], f"precision {ours:.2f}, real {real['precision']:.2f}"


def _no_generator(found: Facts, real: Real) -> tuple[bool, str]:
    ours, vae = (found[k]["Fréchet"] for k in ("AE + GMM", "VAE"))
    return ours > vae, f"Fréchet {ours:.1f} with a mixture of its codes, VAE {vae:.1f}"


def _blurred(found: Facts, real: Real) -> tuple[bool, str]:
    share = found["VAE"]["sharpness"] / real["sharpness"]
    return share < 0.95, f"{share:.0%} of the sharpness of real digits"


def _sharp(found: Facts, real: Real) -> tuple[bool, str]:
    share = found["GAN"]["sharpness"] / real["sharpness"]
    return abs(share - 1) < 0.1, f"{share:.0%} of the sharpness of real digits"


def _forgetful(found: Facts, real: Real) -> tuple[bool, str]:
    gan = found["GAN"]
    says = f"rarest class {gan['rarest class']:.0%}, recall {gan['recall']:.2f}"
    return gan["rarest class"] < 0.03, f"{says}; VAE {found['VAE']['recall']:.2f}"


def _best_code(found: Facts, real: Real) -> tuple[bool, str]:
    pixel = min(("PixelCNN", "PixelRNN"), key=lambda k: found[k]["bits"])
    others = {k: row for k, row in found.items() if not k.startswith("Pixel")}
    rival = lowest(others, "bits")
    says = f"{pixel} {found[pixel]['bits']:.2f} bits, {rival} at most {others[rival]['bits']:.2f}"
    return found[pixel]["bits"] < others[rival]["bits"], says


def _slow_pixels(found: Facts, real: Real) -> tuple[bool, str]:
    pixel, vae, ddpm = (1e3 * found[k]["s per 100"] for k in ("PixelCNN", "VAE", "DDPM"))
    says = f"{pixel:.0f} ms for 100; VAE {vae:.1f} ms, DDPM {ddpm:.0f} ms"
    return pixel > 10 * vae, says


def _slow_training(found: Facts, real: Real) -> tuple[bool, str]:
    row, image = found["PixelRNN"]["bits"], found["PixelCNN"]["bits"]
    return row > image, f"{row:.2f} bits after the same seconds, PixelCNN {image:.2f}"


def _best_pictures(found: Facts, real: Real) -> tuple[bool, str]:
    best = lowest(found, "Fréchet")
    says = [f"{name} {found[name]['Fréchet']:.1f}" for name in dict.fromkeys(("DDPM", best))]
    return best == "DDPM", "Fréchet " + ", ".join(says)


def _slow_diffusion(found: Facts, real: Real) -> tuple[bool, str]:
    times = found["DDPM"]["s per 100"] / found["GAN"]["s per 100"]
    return times > 20, f"{times:.0f} times as long as a GAN"


def _likely_is_good(found: Facts, real: Real) -> tuple[bool, str]:
    tau = agreement(found, "bits", "precision")
    return tau > 0.5, f"tau of bits and precision {tau:.2f}"


def _no_copies(found: Facts, real: Real) -> tuple[bool, str]:
    best = lowest(found, "Fréchet")
    ours = found[best]["nearest"]
    says = f"{best}: {ours:.2f} to the nearest training digit, new digits {real['nearest']:.2f}"
    return ours >= real["nearest"], says


CLAIMS = (
    Claim("PCA draws ghosts", "lesson-eigenfaces", _linear),
    Claim("An autoencoder cannot generate", "lesson-cannot-generate", _no_generator),
    Claim("A VAE's pictures are soft", "lesson-training-vae", _blurred),
    Claim("A GAN's pictures are sharp", "lesson-gan-pictures", _sharp),
    Claim("A GAN forgets classes", "lesson-vae-or-gan", _forgetful),
    Claim("One pixel after another gives the best likelihood", "lesson-pixelcnn", _best_code),
    Claim("… and draws slowly", "lesson-pixelcnn", _slow_pixels),
    Claim("A PixelRNN trains more slowly than a PixelCNN", "lesson-pixelrnn", _slow_training),
    Claim("Diffusion draws best", "lesson-ddpm", _best_pictures),
    Claim("… and slowly", "lesson-relatives", _slow_diffusion),
    Claim("A better likelihood means better pictures", "lesson-chain-rule", _likely_is_good),
    Claim("The nearest to the data copies nothing", "lesson-cannot-generate", _no_copies),
)


def verdicts(found: Facts, real: Real) -> dict[str, tuple[bool, str]]:
    """Each saying: whether it holds in a contest, and the numbers."""
    return {claim.says: claim.test(found, real) for claim in CLAIMS}


def claims_table(found: Facts, real: Real) -> Markdown:
    """Sayings, verdicts and numbers."""
    rows = [
        [claim.says, "holds" if holds else "does not", numbers]
        for claim, (holds, numbers) in zip(CLAIMS, verdicts(found, real).values(), strict=True)
    ]
    return table(["it is said", "here", "for"], rows)
