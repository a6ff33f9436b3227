"""A GAN's training in PyTorch's own words: a classifier, and the alternating loop written out.

The lesson on the game shows that these are the library's losses and its `fit`; nothing else uses
them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits


def train_classifier(d: nn.Module, examples: Tensor, labels: Tensor, steps: int = 100) -> float:
    """Train `d` to tell label 1 from 0; returns the mean cross-entropy, nats an example.

    Examples (n, ...) all at once, by L-BFGS; `d` gives one score (n, 1), labels are (n, 1).
    """
    optimiser = torch.optim.LBFGS(d.parameters(), max_iter=steps)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = binary_cross_entropy_with_logits(d(examples), labels)
        loss.backward()
        return loss

    optimiser.step(closure)
    return closure().item()


def train_in_turn(
    g: nn.Module, d: nn.Module, data: Tensor, *, epochs: int, lr: float, generator: torch.Generator
) -> None:
    """Algorithm 1 of Goodfellow et al. (2014), one step each, on data (n, 1) and z (n, 1)."""
    d_optimiser = torch.optim.Adam(d.parameters(), lr=lr, betas=(0.0, 0.99))
    g_optimiser = torch.optim.Adam(g.parameters(), lr=lr, betas=(0.0, 0.99))
    rest = {"generator": generator, "dtype": data.dtype}
    for _ in range(epochs):
        for rows in torch.randperm(len(data), generator=generator).split(256):
            real = data[rows]
            ones, zeros = torch.ones_like(real), torch.zeros_like(real)

            # the detective's move: examples and forgeries, with their true labels
            fake = g(torch.randn(len(real), 1, **rest)).detach()
            said = d(torch.cat([real, fake]))
            d_loss = 2 * binary_cross_entropy_with_logits(said, torch.cat([ones, zeros]))
            d_optimiser.zero_grad()
            d_loss.backward()
            d_optimiser.step()

            # the forger's move: new forgeries, which it wants to be called real
            said = d(g(torch.randn(len(real), 1, **rest)))
            g_loss = binary_cross_entropy_with_logits(said, ones)
            g_optimiser.zero_grad()
            g_loss.backward()
            g_optimiser.step()
