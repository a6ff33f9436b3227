"""The live form of an explorable: ipywidgets that call `draw` in a real kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parents[1]

NOTEBOOK = """
import io
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from lib.explore import choice, explore, slider

def draw(level, kind):
    if level == 1:
        raise RuntimeError("no picture at the end")
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.bar([0], [level], color=kind)
    return fig

shown = explore(draw, title="Bar", alt="One bar in a square", level=slider(0, 1, 5, label="height"),
                kind=choice(["red", "blue"]))
shown
#--
title, box, picture, error, caption = shown.widget.children
height, kind = box.children
print(height.description, kind.description, height.options[2], kind.options)
#--
def pixels():
    return np.asarray(Image.open(io.BytesIO(picture.value)))

before = picture.value
height.value = 0.5
print(picture.value != before, np.array_equal(pixels(), shown.frame((2, 0))))
kind.value = "blue"
print(np.array_equal(pixels(), shown.frame((2, 1))), repr(error.value), plt.get_fignums())
#--
height.value = 1.0
print("no picture at the end" in error.value, "RuntimeError" in error.value)
height.value = 0.25
print(repr(error.value), np.array_equal(pixels(), shown.frame((1, 1))))
for k in range(60):
    height.index = k % 4
print(plt.get_fignums())
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook after a run in a kernel of its own, without BOOK_STATIC."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in NOTEBOOK.split("#--")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BOOK_STATIC", raising=False)
        patch.setenv("PYTHONWARNINGS", "default")
        place = {"metadata": {"path": str(BOOK)}}
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources=place).execute()
    return notebook


def printed(notebook, cell: int) -> str:
    return "".join(o.text for o in notebook.cells[cell].outputs if o.output_type == "stream")


def test_live_cell_shows_one_output_with_both_forms(executed):
    (output,) = executed.cells[0].outputs  # no second picture from pyplot, no warning
    assert {"text/html", "application/vnd.jupyter.widget-view+json"} <= set(output.data)
    models = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert output.data["application/vnd.jupyter.widget-view+json"]["model_id"] in models


def test_live_controls_have_the_same_labels(executed):
    assert printed(executed, 1) == "height kind ('0.5', 0.5) ('red', 'blue')\n"


def test_live_controls_call_draw(executed):
    assert printed(executed, 2) == "True True\nTrue '' []\n"


def test_live_errors_are_shown_and_pass(executed):
    """And sixty drawings leave no figure open: matplotlib would warn at twenty."""
    assert printed(executed, 3) == "True True\n'' True\n[]\n"
