"""What checks of mutated models share: seeded numbers, small models in float64, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def close(got: Any, want: Any, atol: float = 1e-9) -> None:
    pair = (v.detach().numpy() if isinstance(v, Tensor) else v for v in (got, want))
    np.testing.assert_allclose(*pair, atol=atol, rtol=1e-7)


def apart(got: Tensor, want: Tensor) -> None:
    assert not torch.allclose(got, want), "these should differ"


def made(build: Callable[..., nn.Module], *args: Any, **options: Any) -> nn.Module:
    """A model in float64 with the weights of seed 0."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(*args, **options).double()


def built(check: Callable[[], None]) -> None:
    """A check that a mistake may also stop with another error, which counts as noticed."""
    try:
        check()
    except (TypeError, ValueError, AttributeError) as error:
        raise AssertionError(str(error)) from error
