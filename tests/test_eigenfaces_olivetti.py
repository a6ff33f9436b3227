"""The eigenface lesson runs on photographs when one word is changed, as it promises."""

import re
from pathlib import Path

import joblib
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from lib.datasets import load

LESSON = Path(__file__).resolve().parents[1] / "chapters/02_pca/02_eigenfaces.ipynb"


def stand_in(folder: Path) -> None:
    """400 pictures of 40 people in scikit-learn's format: drawn faces, mirrored, with grain.

    As in the real file: bytes, a picture a row, and in it column after column (the loader swaps
    rows and columns back), neither black nor white at the ends of the range.
    """
    faces = load("faces64").x[-400:, :, ::-1]
    grain = np.random.default_rng(0).normal(scale=0.02, size=faces.shape)
    x = (faces - faces.mean()) * 0.7 + grain
    x = (x - x.min()) / (x.max() - x.min())
    levels = np.rint(5 + 240 * x).astype(np.uint8)
    joblib.dump(levels.swapaxes(1, 2).reshape(400, -1), folder / "olivetti_py3.pkz", compress=6)


def test_only_one_word_names_the_data():
    notebook = nbformat.read(LESSON, 4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert code.count("faces64") == 1
    assert 'load("faces64")' in code
    assert not re.search(r"\.factors|\b64 \* 64\b|\b4096\b", code)


@pytest.mark.slow
def test_the_lesson_runs_on_photographs(tmp_path, monkeypatch):
    stand_in(tmp_path)
    monkeypatch.setenv("BOOK_DATA", str(tmp_path))
    monkeypatch.setenv("BOOK_STATIC", "1")
    notebook = nbformat.read(LESSON, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.replace('load("faces64")', 'load("olivetti")')
    where = {"metadata": {"path": str(LESSON.parent)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert not [out for out in outputs if out.output_type == "error"]
    said = "".join(out.text for out in outputs if out.output_type == "stream")
    assert "360 pictures of 36 people" in said
