"""Fixtures that every test module may use."""

import numpy as np
import pytest


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
