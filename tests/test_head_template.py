"""The mean head: one closed surface of triangles, whose rows follow the features."""

import numpy as np
import pytest

from lib.datasets.head_template import EYE_RINGS, LINES, row_of, surface, template


def edges(triangles: np.ndarray) -> np.ndarray:
    """Directed edges (3 t, 2)."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def test_every_edge_has_two_sides_except_at_the_neck_and_around_the_eyes():
    mesh = template()
    found = edges(mesh.triangles)
    directed = {tuple(e) for e in found}
    assert len(directed) == len(found), "two triangles run along one edge in the same direction"
    rim = np.unique([a for a, b in directed if (b, a) not in directed])
    last = row_of("neck")
    assert set(rim[mesh.part[rim] == 0]) == set(np.flatnonzero(mesh.row == last))
    assert set(rim[mesh.part[rim] == 1]) == set(np.flatnonzero(mesh.ring == EYE_RINGS[-1]))
    assert not (mesh.part[rim] == 2).any()
    assert set(np.unique(mesh.triangles)) == set(range(len(mesh.vertices)))


def test_the_closed_parts_have_the_euler_number_of_a_ball():
    mesh = template()
    for part, holes in ((0, 1), (1, 2), (2, 0)):
        t = mesh.triangles[mesh.part[mesh.triangles[:, 0]] == part]
        e = len({frozenset(pair) for pair in edges(t).tolist()})
        pieces = 1 if part == 0 else 2
        assert (mesh.part == part).sum() - e + len(t) == 2 * pieces - holes


def test_the_template_lies_on_the_surface():
    mesh = template()
    at, outside = mesh.vertices, np.ones(len(mesh.vertices), bool)
    outside &= (mesh.part == 0) & (mesh.row < row_of("throat"))
    outside &= ~((mesh.row > row_of("upper lid")) & (mesh.row < row_of("lower lid")))
    outside &= mesh.row != row_of("mouth")
    assert outside.sum() > 3500
    assert np.abs(surface(at[outside])).max() < 0.2


def test_rows_of_lines():
    assert row_of("crown") == 0
    assert row_of("neck") == sum(rows for _, rows in LINES) == template().row.max()
    with pytest.raises(ValueError, match="no line 'moustache'"):
        row_of("moustache")


def test_the_template_cannot_be_changed_by_mistake():
    for array in template():
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
