"""Rendering: consistent over sizes, rays, batches and mirrors; no holes, no stray parts."""

import numpy as np
import pytest
import torch
from scipy.ndimage import label as connected

from lib.datasets import face_factors, faces
from lib.datasets.faces import PART

MIRRORED = ("yaw", "roll", "light_azimuth", "shift_x", "gaze", "hair_part")
STYLE = {name: float(k) for k, name in enumerate(face_factors.HAIR_STYLES)}
EVERYWHERE = np.ones((3, 3))  # pixels that touch at a corner are connected


def test_labelled_rendering_changes_no_picture(some_faces):
    factors, pictures, _ = some_faces
    np.testing.assert_allclose(faces.render(factors, 32), pictures, atol=1e-6)


def test_a_picture_does_not_depend_on_its_neighbours(some_faces):
    factors, pictures, _ = some_faces
    alone = faces.render(face_factors.take(factors, slice(3, 4)), 32)[0]
    np.testing.assert_allclose(alone, pictures[3], atol=1e-3)


def test_mirrored_factors_give_the_mirrored_picture(some_faces):
    """Up to the surface normals, which are taken by a small step to one side."""
    factors, pictures, _ = some_faces
    mirrored = faces.with_factors(factors, **{name: -factors[name] for name in MIRRORED})
    drawn = faces.render(mirrored, 32)
    assert np.abs(drawn[:, :, ::-1] - pictures).mean() < 0.01
    assert np.abs(drawn - pictures).mean() > 0.05


def test_larger_pictures_show_the_same_faces(some_faces):
    factors, pictures, _ = some_faces
    large = faces.render(factors, 64).reshape(12, 32, 2, 32, 2).mean(axis=(2, 4))
    assert np.abs(large - pictures).mean() < 0.02
    other = np.roll(large, 1, axis=0)
    assert np.abs(other - pictures).mean() > 0.1


@pytest.mark.slow
def test_fewer_rays_show_the_same_faces_more_roughly(some_faces):
    factors = some_faces[0]
    fine = faces.render(factors, 128).reshape(12, 32, 4, 32, 4).mean(axis=(2, 4))
    errors = [np.square(faces.render(factors, 32, rays=k) - fine).mean() for k in (1, 2, 4)]
    assert errors == sorted(errors, reverse=True)


def test_the_wall_is_plain_where_the_label_map_says_background(some_faces):
    """Lit from the front, the wall is one shade a row: no head reaches into its pixels."""
    factors = faces.with_factors(some_faces[0], light_azimuth=0)
    pictures, labels = faces.render_labelled(factors, 32)
    inside = ~faces._thicken(faces._thicken(labels != PART["background"]))
    assert inside.mean() > 0.1
    for picture, plain in zip(pictures, inside, strict=True):
        for shades, mask in zip(picture, plain, strict=True):
            assert not mask.any() or np.ptp(shades[mask]) < 1e-4


def test_glasses_are_whole_on_a_turned_head():
    """The far rim stands out beside the head, and an arm joins the near rim to the hair."""
    turned = faces.with_factors(
        faces.one_person(3), glasses=1, yaw=np.array([0, -32, 32]), hair_style=STYLE["short"]
    )
    frames = faces.label_maps(turned, 96) == PART["glasses"]
    across = [np.ptp(np.nonzero(frame)[1]) for frame in frames]
    assert min(across[1:]) > np.cos(np.radians(32)) * across[0]  # the width of a flat frame
    for frame in frames:
        assert connected(frame, EVERYWHERE)[1] == 1
        assert connected(~frame)[1] == 3  # two lenses, and all around


def test_ears_are_lit_as_the_cheeks_are():
    """A ray that starts inside an ear would find it black."""
    turned = faces.with_factors(
        faces.one_person(1), yaw=-35, light_azimuth=0, hair_style=STYLE["shaved"]
    )
    picture = faces.render(turned, 64)[0]
    ear, cheek = picture[26:34, 45:48], picture[36:42, 34:38]
    assert ear.min() > 0.5 * cheek.mean()


@pytest.mark.slow
def test_nobody_has_a_hole():
    factors = faces.with_factors(faces.sample_factors(150, np.random.default_rng(2)), glasses=0)
    for person in faces.label_maps(factors) != PART["background"]:
        assert connected(person, EVERYWHERE)[1] == 1
        assert connected(np.pad(~person, 1, constant_values=True))[1] == 1


def test_the_default_type_of_torch_changes_no_picture(some_faces):
    factors, pictures, _ = some_faces
    dtype = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        drawn = faces.render(factors, 32)
    finally:
        torch.set_default_dtype(dtype)
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn, pictures, atol=1e-3)


def test_rendering_leaves_the_number_of_threads_alone():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        faces.render(faces.one_person(1), 8)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
