"""Write the pictures of faces that ship with the book: `python -m lib.datasets.make_faces`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.datasets import faces
from lib.datasets.shipped import DATA, write_sheet


def to_levels(pictures: np.ndarray) -> np.ndarray:
    """[0, 1] -> 0..127, the levels that are shipped."""
    return np.rint(pictures * faces.LEVELS).astype(np.uint8)


def write_all(folder: Path) -> None:
    """Render every shipped set and write one sheet each, and the label maps of `faces`."""
    for name, (_, size) in faces.SHIPPED.items():
        pictures, labels = faces.render_labelled(faces.shipped_factors(name), size)
        _write(folder / f"{name}.webp", to_levels(pictures))
        if name == "faces":
            _write(folder / "face_labels.webp", labels)


def _write(path: Path, pictures: np.ndarray) -> None:
    write_sheet(path, pictures)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    write_all(DATA)
