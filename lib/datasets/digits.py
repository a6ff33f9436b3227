"""Real handwritten digits, 8x8, that come with scikit-learn: nothing to download."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits as load_from_sklearn
from sklearn.model_selection import train_test_split

from lib.datasets.core import Dataset

HELD_OUT = 360
LEVELS = 17  # a pixel is one of the levels 0..16; x holds level / 16


def load_digits() -> Dataset:
    """1,797 digits: x (1797, 8, 8) float32, y the digit, 360 stratified examples held out.

    Multiply x by 16 to get the grey levels 0..16 back.
    """
    bunch = load_from_sklearn()
    x, y = (bunch.images / (LEVELS - 1)).astype(np.float32), bunch.target
    index = np.arange(len(x))
    _, test = train_test_split(index, test_size=HELD_OUT, stratify=y, random_state=0)
    return Dataset("digits", x, y, held_out=np.isin(index, test))
