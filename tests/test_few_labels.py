"""Few labels: picked evenly, and classifiers that train what they say they train."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional

from lib.few_labels import Classifier, accuracies, pick_per_class
from lib.train import fit
from tests.family_models import seeded, seeded_normal


def two_clouds(n: int = 60):
    y = torch.arange(n) % 3
    return seeded_normal(n, 4) + 2 * functional.one_hot(y, 4), y


def test_every_class_gets_k_different_rows():
    y = torch.tensor([0, 1, 1, 2, 0, 2, 2, 1, 0, 5, 5, 5])
    rows = pick_per_class(y, 2, seeded())
    assert len(set(rows.tolist())) == 8
    assert torch.bincount(y[rows]).tolist() == [2, 2, 2, 0, 0, 2]


def test_every_row_of_a_class_is_equally_likely():
    y = torch.tensor([0, 0, 0, 0, 1])
    generator = seeded(3)
    drawn = torch.cat([pick_per_class(y, 1, generator) for _ in range(4000)])
    share = torch.bincount(drawn, minlength=5) / 4000
    torch.testing.assert_close(share[:4], torch.full((4,), 0.25), atol=0.03, rtol=0)
    assert share[4] == 1


def test_same_generator_picks_the_same_rows():
    y = torch.arange(100) % 4
    first, again, other = (pick_per_class(y, 3, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_too_many_labels_are_refused():
    y = torch.tensor([0, 0, 1])
    for k in (0, 2):
        with pytest.raises(ValueError, match="between 1 and 1"):
            pick_per_class(y, k, seeded())


def test_loss_is_minus_the_log_probability_of_the_right_class():
    x, y = two_clouds()
    model = Classifier(nn.Linear(4, 5), 5, 3)
    probability = torch.softmax(model(x), dim=1)[torch.arange(len(y)), y]
    torch.testing.assert_close(model.loss(x, y)["loss"], -probability.log().mean())
    with pytest.raises(ValueError, match="learns from classes"):
        model.loss(x)


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_encoder_keeps_its_weights_and_the_original_always_does(frozen):
    x, y = two_clouds()
    encoder = nn.Linear(4, 5)
    start = encoder.weight.detach().clone()
    model = Classifier(encoder, 5, 3, frozen=frozen)
    head = model.head.weight.detach().clone()
    fit(model, x, c=y, epochs=3, batch_size=60, lr=0.1, generator=seeded(), progress=False)
    assert torch.equal(encoder.weight, start)
    assert encoder.weight.requires_grad
    assert torch.equal(model.encoder.weight, start) == frozen
    assert not torch.equal(model.head.weight, head)


@pytest.mark.slow
def test_linear_layer_on_fixed_features_is_logistic_regression():
    """Trained to the end on data that no line separates, it finds scikit-learn's optimum."""
    x, y = two_clouds(90)
    model = Classifier(nn.Identity(), 4, 3).double()
    x = x.double()
    fit(model, x, c=y, epochs=3000, batch_size=90, lr=0.05, generator=seeded(), progress=False)
    peer = LogisticRegression(C=np.inf, max_iter=5000, tol=1e-8).fit(x.numpy(), y.numpy())
    ours = torch.softmax(model(x), 1).detach().numpy()
    np.testing.assert_allclose(ours, peer.predict_proba(x.numpy()), atol=1e-2)
    assert model.accuracy(x, y) == pytest.approx(peer.score(x.numpy(), y.numpy()))


def test_accuracies_give_all_classifiers_the_same_labels():
    """Two makers that start and learn alike score alike in every draw, draws differ."""
    x, y = two_clouds(300)
    seen = []

    class Spy(Classifier):
        def loss(self, x, c=None, *, generator=None):
            seen.append(sorted(x[:, 0].tolist()))
            return super().loss(x, c)

    makers = {name: (lambda: Spy(nn.Identity(), 4, 3), 0.1) for name in ("one", "two")}
    found = accuracies(
        makers, (x[:150], y[:150]), (x[150:], y[150:]), k=2, draws=3, epochs=1, generator=seeded()
    )
    assert [len(v) for v in found.values()] == [3, 3]
    assert all(seen[i] == seen[i + 1] for i in (0, 2, 4))
    assert len({tuple(s) for s in seen}) == 3
    assert len(seen[0]) == 6


def test_a_classifier_needs_two_classes():
    with pytest.raises(ValueError, match="at least 2 classes"):
        Classifier(nn.Identity(), 4, 1)
