"""Measuring translations: is the answer near the truth, alive, like a face, and what was asked?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.face_pairs import labels_of, repaint, tone_error
from lib.face_parser import FaceParser
from lib.few_steps import FaceJudge, to_pictures
from lib.translation import Translation


def rms(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference of two sets of pictures, in grey values."""
    return float(np.sqrt(np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2)))


@dataclass(frozen=True, eq=False)
class Study:
    """True faces x (n, h, w) in [0, 1], their questions c, paintings, and two judges of answers."""

    x: np.ndarray
    c: Tensor
    judge: FaceJudge
    parser: FaceParser

    @torch.no_grad()
    def answers(
        self, model: Translation, generator: torch.Generator, c: Tensor | None = None
    ) -> np.ndarray:
        """One answer to each question, as grey values (n, h, w) in [0, 1]."""
        c = self.c if c is None else c
        return to_pictures(model.sample(len(c), c, generator=generator))

    def measure(self, pictures: np.ndarray) -> dict[str, float]:
        """What can be said of answers to all the questions, in their order.

        Distance: to the true faces. Shading: what is not flat, to the pictures' own repainting.
        Tone error and parts: agreement with the question. Precision, recall and sharpness: as
        `FaceJudge` has them.
        """
        labels, face = labels_of(self.c), self.judge.measure(pictures)
        return {
            "distance": rms(pictures, self.x),
            "shading": rms(pictures, repaint(pictures, labels)),
            "sharpness": face["sharpness"],
            "precision": face["precision"],
            "recall": face["recall"],
            "tone error": tone_error(pictures, self.c),
            "parts": self.parser.agreement(pictures, labels)["parts"],
        }

    def twins(self, model: Translation, generator: torch.Generator) -> dict[str, float]:
        """Distance of answers to the truth, of two answers to each other, and their ratio.

        The ratio is 1 for a model that draws from p(x | y), and 0 for one with a single answer.
        """
        one, other = (self.answers(model, generator) for _ in range(2))
        found = {"to the truth": rms(one, self.x), "to each other": rms(one, other)}
        return found | {"ratio": found["to each other"] / found["to the truth"]}
