"""Mistakes in the distances of chapter 7's homework."""

import numpy as np
from scipy.stats import wasserstein_distance

from lib import homework_gan_earth as earth
from tests.mutation import Edit, Mutation


def the_distance_is_scipys() -> None:
    """Scores of slope one reach the distance where all mass goes one way."""
    x, y = np.array([3.0, 4.0]), np.array([0.0, 0.5, 1.0])
    earth.check_line(lambda x, y: (x, y), Fixed(x, y), 2, 3)
    earth.check_distance(lambda x, y: x.mean() - y.mean(), Fixed(x, y), 2, 3)
    assert np.isclose(wasserstein_distance(x, y), x.mean() - y.mean())


class Fixed:
    """Draws that are these numbers."""

    def __init__(self, *values: np.ndarray):
        self.values = list(values)

    def normal(self, *_: float, size: int) -> np.ndarray:
        return self.values.pop(0)

    def uniform(self, *_: float) -> float:
        return 0.0


MUTATIONS = [
    Mutation(
        "counts the same mass twice",
        "lib.homework_gan_earth.carried",
        Edit("return right * wasser", "return 2 * wasser"),
        the_distance_is_scipys,
    ),
]
