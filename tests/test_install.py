"""Set-up failures are told in one clear line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lib import install


def test_old_python_is_named():
    message = install.problem_before_start(version=(3, 9, 1))
    assert "3.9" in message
    assert "3.10" in message
    assert install.problem_before_start(version=(3, 10, 0)) is None


def test_full_disk_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "VENV", tmp_path / "none")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e9))
    assert "1.0 GB free" in install.problem_before_start()


@pytest.mark.parametrize(
    ("log", "word"),
    [
        ("OSError: [Errno 28] No space left on device", "disk"),
        (
            "WARNING: Retrying ... NewConnectionError('...')\nERROR: No matching distribution",
            "network",
        ),
        ("ERROR: No matching distribution found for torch==2.13.0", "Python"),
        ("ERROR: something else", "something else"),
        ("", "pip failed"),
    ],
)
def test_pip_failures_become_one_line(log, word):
    line = install.diagnose(log)
    assert word in line
    assert "\n" not in line


@pytest.mark.slow
def test_no_network_ends_with_one_line_and_no_traceback(tmp_path):
    """The real script, the real pip, an index that nobody serves."""
    shutil.copytree(
        install.HERE / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "requirements.txt").write_text("nothing-of-this-name-anywhere==1.0\n")
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_RETRIES": "0",
    }
    run = subprocess.run(
        [sys.executable, str(tmp_path / "lib/install.py"), "requirements.txt"],
        env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "network" in run.stderr


def test_notebooks_import_this_checkout(tmp_path):
    """From any folder, `lib` is the one beside these tests and not another copy's."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = "import lib; print(lib.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert Path(found.stdout.strip()).parent == install.HERE / "lib", found.stderr
