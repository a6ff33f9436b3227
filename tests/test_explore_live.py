"""The live form of an explorable: ipywidgets that call `draw` in a real kernel."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from subprocess import Popen
from urllib.request import urlopen

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser import chromium, chromium_path

BOOK = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow

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
title, box, picture, words, error, caption = shown.widget.children
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


# ---------------------------------------------------------------- the same, in JupyterLab


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """JupyterLab on this machine only, with settings of its own; gives its address."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    places = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "RUNTIME")}
    environment = os.environ | places | {"BOOK_STATIC": "", "PYTHONPATH": str(BOOK)}
    with (folder / "log").open("w") as log:
        server = Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(address: str) -> None:
    for _ in range(240):
        try:
            urlopen(address).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise TimeoutError(f"nothing answers at {address}")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine")
def test_jupyterlab_shows_the_live_form(tmp_path):
    """A widget may work in the kernel and still fail to be drawn: move the slider by its keys."""
    cell = nbformat.v4.new_code_cell(NOTEBOOK.split("#--")[0].strip())
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
    nbformat.write(notebook, tmp_path / "live.ipynb")
    with jupyter_lab(tmp_path) as address, chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{address}/lab/tree/live.ipynb")
        page.get_by_text("| Idle").wait_for()  # earlier, Lab drops the request to run
        page.locator(".jp-Notebook .jp-CodeCell").first.click()
        page.keyboard.press("Shift+Enter")
        picture = page.locator("img.jupyter-widgets")
        picture.wait_for()
        assert not page.get_by_text("javascript error").count()
        assert picture.evaluate("image => image.naturalWidth") == 2 * 192
        assert picture.evaluate("image => image.width") == 2 * 96
        first = picture.get_attribute("src")
        page.locator(".noUi-handle").press("ArrowRight")
        page.wait_for_function(
            "first => document.querySelector('img.jupyter-widgets').src !== first", arg=first
        )
        assert page.locator(".widget-readout").first.inner_text() == "0.25"
        assert page.get_by_role("status").get_by_text("One bar in a square").count() == 1
