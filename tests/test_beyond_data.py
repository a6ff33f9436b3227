"""Turned heads, turning clips and the ruler for pitch: against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from lib import beyond_data
from lib.datasets import load, notes
from lib.datasets.heads import draw_factors, make_heads


def test_turned_heads_are_rotations_of_heads():
    heads = beyond_data.turned_heads(6, np.random.default_rng(1))
    factors = draw_factors(6, np.random.default_rng(1))
    for name in ("hairline", "hair_length"):
        factors[name] = np.zeros(6)
    straight, albedo = make_heads(factors)
    assert np.array_equal(heads.albedo, albedo)
    np.testing.assert_allclose(heads.x[..., 1], straight[..., 1], atol=1e-4)
    for k in range(6):
        a = np.radians(heads.yaw[k])
        want = np.cos(a) * straight[k, :, 0] + np.sin(a) * straight[k, :, 2]
        np.testing.assert_allclose(heads.x[k, :, 0], want, atol=1e-3)
        radius, turned = (np.linalg.norm(h[:, [0, 2]], axis=1) for h in (straight[k], heads.x[k]))
        np.testing.assert_allclose(turned, radius, atol=1e-3)
    np.testing.assert_allclose(
        beyond_data.jaw_width(heads.x), beyond_data.jaw_width(straight), atol=1e-3
    )


def test_yaw_of_turned_heads_stays_within_its_limits():
    heads = beyond_data.turned_heads(40, np.random.default_rng(1), most=20)
    assert np.abs(heads.yaw).max() <= 20
    assert np.ptp(heads.yaw) > 20


def test_clips_are_pictures_of_one_face_on_a_closed_smooth_path():
    clips = beyond_data.turning_clips(20, np.random.default_rng(0))
    face = load("one_face").x.reshape(-1, 1024)
    frames = clips.x.reshape(-1, 1024)
    assert {row.tobytes() for row in frames} <= {row.tobytes() for row in face}
    amplitude, share = beyond_data.swing(clips.yaw)
    assert amplitude.min() > 13
    assert amplitude.max() < 35
    assert share.min() > 0.98
    steps = np.abs(np.roll(clips.yaw, -1, axis=1) - clips.yaw)
    assert steps.max() < 2 * np.pi / 12 * 33 + 5


def test_swing_of_a_cosine_is_its_amplitude():
    t = 2 * np.pi * np.arange(12) / 12
    yaw = np.array([20 * np.cos(t + 1) + 3, 10 * np.sin(t) + 10 * np.sin(2 * t)])
    amplitude, share = beyond_data.swing(yaw)
    np.testing.assert_allclose(amplitude, [20, 10])
    np.testing.assert_allclose(share, [1, 0.5])


def test_reader_reads_the_yaw_of_held_out_pictures():
    face = load("one_face")
    reader = beyond_data.YawReader()
    found = reader(face.test.x.reshape(20, 10, 32, 32))
    true = face.test.factors["yaw"].reshape(20, 10)
    assert found.shape == (20, 10)
    assert np.abs(found - true).max() < 5


def test_roughness_is_one_without_order_and_small_for_smooth_motion():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 12, 4, 4))
    assert beyond_data.roughness(noise, rng) == pytest.approx(1, abs=0.05)
    t = 2 * np.pi * np.arange(12) / 12
    smooth = np.cos(t + rng.uniform(0, 6, (200, 1)))[:, :, None, None] * np.ones((4, 4))
    # E of a step: 2 (1 - cos 30 degrees) sigma^2; of two frames at random: 24/11 sigma^2
    want = 2 * (1 - np.cos(np.pi / 6)) / (24 / 11)
    assert beyond_data.roughness(smooth, rng) == pytest.approx(want, rel=0.1)


def test_strongest_pitch_is_the_note_that_was_played():
    data = load("notes", n=200)
    found = beyond_data.strongest_pitch(data.x)
    assert np.median(np.abs(found - data.factors["midi"])) < 0.02
    assert np.abs(found - data.factors["midi"]).max() < 0.5
    sine = np.sin(2 * np.pi * 440 * np.arange(notes.SAMPLES) / notes.RATE)
    assert beyond_data.strongest_pitch(sine) == pytest.approx(69, abs=0.02)


def test_same_class_counts_pairs():
    digits = load("digits")
    picked = [digits.x[np.flatnonzero(digits.y == k)[:6]] for k in (0, 1, 4)]
    within, chance = beyond_data.same_class(np.array(picked))
    assert within == pytest.approx(1)
    assert chance == pytest.approx(1 / 3)
    half = np.concatenate([picked[0][:3], picked[1][:3]])[None]
    assert beyond_data.same_class(half) == pytest.approx((2 * 3 / 15, 0.5))
