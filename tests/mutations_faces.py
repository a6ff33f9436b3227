"""Mistakes people make when they draw faces, each caught by a check of the real code."""

import numpy as np
import torch

from lib.datasets import face_factors, faces, sdf
from lib.datasets.faces import PART, one_person, with_factors
from tests.mutation import Edit, Mutation

SHAPE, PAINT = "lib.datasets.face_shape", "lib.datasets.face_paint"
COLUMNS = np.arange(32)[None, :] + np.zeros((32, 1))


def a_turned_head_moves_its_nose() -> None:
    _, labels = faces.render_labelled(with_factors(one_person(2), yaw=np.array([-25, 25])))
    left, right = (COLUMNS[parts == PART["nose"]].mean() for parts in labels)
    assert left < right


def the_lit_side_is_brighter() -> None:
    lit = with_factors(one_person(1), light_azimuth=60, hair_part=0)
    picture, labels = (a[0] for a in faces.render_labelled(lit))
    skin = labels == PART["skin"]
    assert picture[skin & (COLUMNS > 16)].mean() > picture[skin & (COLUMNS < 15)].mean()


def small_parts_lie_over_the_skin() -> None:
    _, labels = faces.render_labelled(with_factors(one_person(1), glasses=1))
    assert {PART[name] for name in ("eyes", "brows", "mouth", "glasses", "skin")} <= {*labels.flat}


def a_union_is_never_smaller_than_its_solids() -> None:
    a, b = torch.randn(2, 500, generator=torch.Generator().manual_seed(0))
    assert (sdf.smooth_min(a, b, 0.3) <= torch.minimum(a, b)).all()


def a_capsule_ends() -> None:
    far = torch.tensor([0.0]), torch.tensor([3.0]), torch.tensor([0.0])
    assert abs(sdf.capsule(*far, (0.0, 1.0, 0.0), 0.2).item() - 1.8) < 1e-6


def a_person_keeps_the_hair() -> None:
    factors = face_factors.people(4, 5, np.random.default_rng(0))
    for name in faces.IDENTITY:
        assert not np.ptp(factors[name].reshape(4, 5), axis=1).any()


def rare_factors_are_rare() -> None:
    beard = faces.sample_factors(4000, np.random.default_rng(0))["beard"]
    assert abs((beard > 0).mean() - face_factors.FACTORS["beard"].share) < 0.05
    assert beard.min() == 0


MUTATIONS = [
    Mutation(
        "turned the wrong way",
        "lib.datasets.face_render.prepare",  # where it is used
        Edit("torch.sin(angle)", "-torch.sin(angle)"),
        a_turned_head_moves_its_nose,
    ),
    Mutation(
        "light from the other side",
        f"{SHAPE}._light",
        Edit('"light_x": torch.sin(azimuth)', '"light_x": -torch.sin(azimuth)'),
        the_lit_side_is_brighter,
    ),
    Mutation(
        "label map from below instead of from above",
        f"{PAINT}.Paint.parts",
        Edit("reversed(self.layers)", "self.layers"),
        small_parts_lie_over_the_skin,
    ),
    Mutation(
        "smooth union carves instead of filling",
        "lib.datasets.sdf.smooth_min",
        Edit("value=-1", "value=1"),
        a_union_is_never_smaller_than_its_solids,
    ),
    Mutation(
        "endless stick",
        "lib.datasets.sdf.along",
        Edit(".clamp(0, 1)", ""),
        a_capsule_ends,
    ),
    Mutation(
        "a new haircut in every picture",
        "lib.datasets.face_factors.people",
        Edit("for name in IDENTITY", 'for name in IDENTITY if name != "hair_style"'),
        a_person_keeps_the_hair,
    ),
    Mutation(
        "everybody has a beard",
        "lib.datasets.face_factors.FaceFactor.draw",
        Edit("np.maximum(0, 1 - (1 - u) / self.share)", "u"),
        rare_factors_are_rare,
    ),
]
