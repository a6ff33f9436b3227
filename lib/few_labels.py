"""A few labels: pick them evenly, and train a classifier on top of an encoder."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam, Optimizer

from lib.model import Trainable
from lib.train import fit


def pick_per_class(y: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Row numbers of `k` random examples of every class in `y` (n,); shape (classes * k,)."""
    classes, counts = torch.unique(y, return_counts=True)
    if not 1 <= k <= counts.min():
        raise ValueError(f"k must lie between 1 and {counts.min()}, the smallest class; got {k}")
    order = torch.randperm(len(y), generator=generator)
    return torch.cat([order[y[order] == label][:k] for label in classes])


class Classifier(Trainable):
    """An encoder, copied so that the original stays as it is, and a linear layer on its codes.

    Parameters
    ----------
    encoder : module, (n, *shape) -> (n, k)
    k : int
        Numbers in a code.
    classes : int
    frozen : bool
        Train the linear layer only; the encoder keeps its weights.

    `lib.train.fit` trains it with the classes (n,) as conditions.
    """

    def __init__(self, encoder: nn.Module, k: int, classes: int, *, frozen: bool = False):
        super().__init__()
        if classes < 2:
            raise ValueError(f"a classifier needs at least 2 classes, got {classes}")
        self.encoder = copy.deepcopy(encoder).requires_grad_(not frozen)
        self.head = nn.Linear(k, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, classes)."""
        return self.head(self.encoder(x))

    def loss(
        self, x: Tensor, c: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Cross-entropy -log p(c | x) in nats, averaged over the batch; `c` (n,) holds classes."""
        if c is None:
            raise ValueError("a classifier learns from classes: fit(model, x, c=classes, ...)")
        return {"loss": functional.cross_entropy(self(x), c)}

    def optimizers(self, lr: float) -> dict[str, Optimizer]:
        """Adam on whatever is not frozen."""
        moving = [p for p in self.parameters() if p.requires_grad]
        return {"loss": Adam(moving, lr=lr, fused=True)}

    @torch.no_grad()
    def accuracy(self, x: Tensor, c: Tensor) -> float:
        """Share of examples whose largest logit belongs to their class."""
        return (self(x).argmax(1) == c).float().mean().item()


def accuracies(
    makers: Mapping[str, tuple[Callable[[], Classifier], float]],
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    k: int,
    draws: int,
    epochs: int,
    generator: torch.Generator,
) -> dict[str, list[float]]:
    """Accuracy on `test` of classifiers that saw `k` labels per class, once for every draw.

    `makers` maps a name to a function that makes a new classifier, and to its learning rate. In
    one draw all of them get the same labels; every step uses all of these.
    """
    x, y = train
    found: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(draws):
        rows = pick_per_class(y, k, generator)
        how = {"epochs": epochs, "batch_size": len(rows), "generator": generator}
        for name, (make, lr) in makers.items():
            model = make()
            fit(model, x[rows], c=y[rows], lr=lr, progress=False, **how)
            found[name].append(model.accuracy(*test))
    return found
