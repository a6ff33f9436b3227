"""Warnings of a build are kept for the end; progress is not."""

import logging

import pytest
from sphinx.util import logging as sphinx_logging
from sphinx.util.logging import NAMESPACE

from lib import build_log


@pytest.fixture
def kept(tmp_path):
    """The file of a build that has just begun, after one that failed."""
    path = tmp_path / "new" / "warnings.log"
    path.parent.mkdir()
    path.write_text("of the build before\n")
    log = logging.getLogger(NAMESPACE)
    before, level = list(log.handlers), log.level
    build_log.setup(None, path)
    log.setLevel(logging.INFO)
    yield path
    log.handlers[:] = before
    log.setLevel(level)


def test_warnings_are_kept_with_their_page(kept):
    logger = sphinx_logging.getLogger("lib.execution")
    logger.info("a notebook ran in 3 seconds")
    logger.warning("it failed: %s", "AssertionError", location="chapters/01")
    logging.getLogger(f"{NAMESPACE}.other").error("worse")
    assert kept.read_text("utf-8").splitlines() == [
        "chapters/01: it failed: AssertionError",
        "worse",
    ]


def test_a_new_build_starts_an_empty_file(kept):
    assert kept.read_text("utf-8") == ""
