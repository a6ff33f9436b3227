"""What every model of the family must do; the models stand in `family_models.py`."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from lib.model import GenerativeModel
from lib.train import fit
from tests.family_models import MODELS, seeded


@pytest.fixture(params=MODELS)
def member(request) -> tuple[GenerativeModel, Tensor]:
    make, data = MODELS[request.param]
    return make(), data(32)


@pytest.fixture
def trained(member) -> tuple[GenerativeModel, Tensor]:
    model, x = member
    fit(model, x, epochs=2, batch_size=8, lr=1e-2, generator=seeded(), progress=False)
    return model, x


def test_sample_works_before_forward(member):
    model, x = member
    samples = model.sample(5, generator=seeded())
    assert samples.shape == (5, *x.shape[1:])
    assert torch.isfinite(samples).all()
    assert not samples.requires_grad


def test_same_generator_gives_same_samples(trained):
    model, _ = trained
    first, again, other = (model.sample(6, generator=seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_same_generator_gives_same_training(member):
    model, x = member
    start = {k: v.clone() for k, v in model.state_dict().items()}
    runs = []
    for _ in range(2):
        model.load_state_dict(start)
        runs.append(fit(model, x, epochs=2, batch_size=5, lr=1e-2, generator=seeded(3)))
    assert runs[0] == runs[1]


def test_global_random_state_is_untouched(member):
    model, x = member
    before = torch.get_rng_state()
    fit(model, x, epochs=1, batch_size=8, lr=1e-2, generator=seeded(), progress=False)
    model.sample(3, generator=seeded())
    model.loss(x, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


def test_construction_repeats_under_one_seed():
    for make, _ in MODELS.values():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            one = make().state_dict()
            torch.manual_seed(0)
            two = make().state_dict()
        assert all(torch.equal(one[k], two[k]) for k in one)


def test_every_parameter_gets_a_gradient(trained):
    model, x = trained
    model.zero_grad(set_to_none=True)
    sum(model.loss(x, generator=seeded())[name] for name in model.optimizers(0.1)).backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not without, f"no gradient reaches {without}"


def test_every_parameter_has_exactly_one_optimizer(member):
    model, _ = member
    groups = [g for o in model.optimizers(0.1).values() for g in o.param_groups]
    owned = [id(p) for g in groups for p in g["params"]]
    wanted = [id(p) for p in model.parameters() if p.requires_grad]
    assert sorted(owned) == sorted(wanted)


def test_state_dict_round_trips(trained, request):
    model, x = trained
    copy = MODELS[request.node.callspec.params["member"]][0]()
    copy.load_state_dict(model.state_dict())
    copy.eval()
    assert torch.equal(model.sample(4, generator=seeded()), copy.sample(4, generator=seeded()))
    ours, theirs = (m.loss(x, generator=seeded()) for m in (model, copy))
    assert {k: v.item() for k, v in ours.items()} == {k: v.item() for k, v in theirs.items()}


def test_sample_is_the_last_of_the_steps(trained):
    model, _ = trained
    if type(model).sample_steps is GenerativeModel.sample_steps:
        pytest.skip("sampling is not a process here")
    steps = list(model.sample_steps(4, generator=seeded()))
    assert torch.equal(model.sample(4, generator=seeded()), steps[-1])
    assert any(not torch.equal(a, b) for a, b in pairwise(steps))


def test_density_is_exact_or_absent(trained):
    model, x = trained
    if type(model).log_prob is GenerativeModel.log_prob:
        with pytest.raises(NotImplementedError, match=type(model).__name__):
            model.log_prob(x)
        return
    density = model.log_prob(x)
    assert density.shape == (len(x),)
    assert torch.isfinite(density).all()


def test_bound_is_given_or_absent(trained):
    model, x = trained
    if type(model).elbo is GenerativeModel.elbo:
        with pytest.raises(NotImplementedError, match=type(model).__name__):
            model.elbo(x)
        return
    bound, again = (model.elbo(x, generator=seeded(1)) for _ in range(2))
    assert bound.shape == (len(x),)
    assert torch.isfinite(bound).all()
    assert torch.equal(bound, again)


def test_base_class_names_the_model_that_lacks_an_answer():
    class Mute(GenerativeModel):
        pass

    for call in (lambda m: m.loss(None), lambda m: m.sample(1), lambda m: m.log_prob(None)):
        with pytest.raises(NotImplementedError, match="Mute"):
            call(Mute())
    with pytest.raises(NotImplementedError, match="Mute"):
        Mute().elbo(None)


def test_sample_without_steps_is_an_error():
    class Empty(GenerativeModel):
        def sample_steps(self, n, c=None, *, generator=None):
            yield from ()

    with pytest.raises(ValueError, match="gave no step"):
        Empty().sample(2)
