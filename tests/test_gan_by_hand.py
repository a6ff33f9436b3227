"""The loop written out is `fit` of the library's GAN; the classifier is scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from torch import nn

from lib.gan import GAN
from lib.gan_by_hand import train_classifier, train_in_turn
from lib.gan_nets import MLPDiscriminator, MLPGenerator
from lib.train import fit


def test_classifier_is_scikit_learns_logistic_regression():
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(1, 1, (500, 2)), random.normal(-1, 1.5, (500, 2))])
    labels = np.repeat([1, 0], 500)
    torch.manual_seed(0)
    d = nn.Linear(2, 1).double()
    found = train_classifier(d, torch.tensor(x), torch.tensor(labels)[:, None].double())
    peer = LogisticRegression(C=np.inf, tol=1e-8).fit(x, labels)
    np.testing.assert_allclose(d.weight[0].detach(), peer.coef_[0], rtol=1e-3)
    assert np.isclose(found, log_loss(labels, peer.predict_proba(x)[:, 1]), atol=1e-6)


@pytest.mark.parametrize("n", [512, 600])
def test_the_loop_written_out_is_fit(n):
    def players():
        torch.manual_seed(3)
        return MLPGenerator(1, (8,), (1,)).double(), MLPDiscriminator((1,), (8,)).double()

    data = torch.randn(n, 1, generator=torch.Generator().manual_seed(0)).double()
    how = {"epochs": 3, "lr": 1e-2}
    g, d = players()
    train_in_turn(g, d, data, **how, generator=torch.Generator().manual_seed(1))
    model = GAN(*players(), 1)
    theirs = torch.Generator().manual_seed(1)
    fit(model, data, batch_size=256, **how, generator=theirs, progress=False)
    for a, b in zip([*g.parameters(), *d.parameters()], model.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)
