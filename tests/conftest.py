"""Fixtures that every test module may use, and how two workers share the tests."""

from collections import defaultdict
from itertools import count

import numpy as np
import pytest

#: Tests of one file that go to a worker together: one at a time, sending them costs more than most.
TOGETHER = 20


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, fresh for each test."""
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def some_faces() -> tuple:
    """Twelve faces of all kinds, their pictures and label maps."""
    from lib.datasets import faces  # draws with torch: only those who need faces wait for it

    factors = faces.sample_factors(12, np.random.default_rng(7))
    return factors, *faces.render_labelled(factors, 32)


def pytest_ignore_collect(collection_path, config):
    """`make check` does not import modules whose tests are all slow: their peers take seconds."""
    if config.option.markexpr.startswith("not slow") and collection_path.suffix == ".py":
        all_slow = "\npytestmark = pytest.mark.slow" in collection_path.read_text("utf-8")
        return all_slow or None
    return None


@pytest.hookimpl(optionalhook=True)  # only pytest-xdist calls it
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadgroup`, hand out the tests without a group by the handful."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class ByTheHandful(LoadGroupScheduling):
        def schedule(self):
            if self.collection is None:
                self.handfuls = handfuls(next(iter(self.registered_collections.values())))
            super().schedule()

        def _split_scope(self, nodeid):
            group = super()._split_scope(nodeid)
            return self.handfuls[nodeid] if group == nodeid else group

    return ByTheHandful(config, log)


def handfuls(names: list[str]) -> dict[str, str]:
    """The name of each test -> the name of its handful, whose tests are of one file."""
    place = defaultdict(count)
    files = {name: name.partition("::")[0] for name in names}
    return {name: f"{file}, part {next(place[file]) // TOGETHER}" for name, file in files.items()}
