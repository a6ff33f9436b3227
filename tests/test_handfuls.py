"""Two workers share the tests by the handful: all of them, none twice, groups in one piece."""

import re
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.conftest import TOGETHER, handfuls, pytest_ignore_collect


def test_a_handful_is_of_one_file_and_of_limited_size():
    names = [f"tests/test_{file}.py::test[{k}]" for file in "ab" for k in range(2 * TOGETHER + 1)]
    shares = handfuls(names[::-1])
    assert set(shares) == set(names)
    assert sorted(Counter(shares.values()).values()) == [1, 1, *4 * [TOGETHER]]
    for share in set(shares.values()):
        assert len({name.partition("::")[0] for name, own in shares.items() if own == share}) == 1


@pytest.mark.parametrize(
    ("marks", "text", "ignored"),
    [
        (
            "not slow and not browser",
            "import pytest\n\npytestmark = pytest.mark.slow  # peer\n",
            True,
        ),
        ("not slow", "import pytest\n\n@pytest.mark.slow\ndef test_one():\n", None),
        ("slow", "import pytest\n\npytestmark = pytest.mark.slow\n", None),
        ("", "import pytest\n\npytestmark = pytest.mark.slow\n", None),
    ],
)
def test_a_module_of_slow_tests_is_not_imported_for_the_quick_ones(tmp_path, marks, text, ignored):
    path = tmp_path / "test_peer.py"
    path.write_text(text)
    config = SimpleNamespace(option=SimpleNamespace(markexpr=marks))
    assert pytest_ignore_collect(path, config) is ignored


@pytest.mark.slow
def test_workers_run_every_test_once_and_keep_a_group_together(tmp_path):
    source = "from tests.conftest import pytest_xdist_make_scheduler"
    (tmp_path / "conftest.py").write_text(source)
    (tmp_path / "test_x.py").write_text(
        "import os, pytest\n"
        "@pytest.mark.parametrize('k', range(90))\n"
        "def test_plain(k): print('plain', k, os.getpid())\n"
        "@pytest.mark.xdist_group('g')\n"
        "@pytest.mark.parametrize('k', range(30))\n"
        "def test_group(k): print('group', k, os.getpid())\n"
    )
    options = ["-n2", "--dist=loadgroup", "-rP", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], capture_output=True, text=True, check=False
    )
    assert "120 passed" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    told = re.findall(r"^(plain|group) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    assert len({(kind, k) for kind, k, _ in told}) == len(told) == 120
    assert len({worker for kind, _, worker in told if kind == "group"}) == 1
