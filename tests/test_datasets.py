"""What every data set keeps to: `load`, `Dataset`, the sheets that ship, and one contract."""

import random
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lib.datasets import Dataset, load
from lib.datasets.core import SOURCES
from lib.datasets.shipped import COLUMNS, DATA, read_sheet, write_sheet

MB = 1e6


def test_the_error_for_an_unknown_name_lists_all_names():
    with pytest.raises(ValueError, match="no data set is called 'xyz'; there are") as caught:
        load("xyz")
    assert all(name in str(caught.value) for name in SOURCES)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("face64", "faces64"), ("gaussian8", "gaussians8"), ("Digits", "digits"), ("moon", "moons")],
)
def test_a_near_miss_is_pointed_out(wrong, right):
    with pytest.raises(ValueError, match=f"did you mean '{right}'"):
        load(wrong)


def test_a_wrong_name_of_another_type():
    with pytest.raises(ValueError, match="no data set is called None"):
        load(None)


@pytest.mark.parametrize("name", SOURCES)
def test_every_name_has_a_loader_with_a_description(name):
    module, function = SOURCES[name].split(".")
    loader = getattr(import_module(f"lib.datasets.{module}"), function)
    assert function == f"load_{name}"
    assert loader.__doc__.strip()


def test_options_reach_the_loader():
    with pytest.raises(TypeError, match="colour"):
        load("moons", colour="red")
    assert len(load("moons", n=7)) == 7


@pytest.fixture
def data():
    x = np.arange(24.0).reshape(6, 2, 2)
    return Dataset(
        "small",
        x,
        y=np.array([0, 1, 2, 0, 1, 2]),
        factors={"size": np.arange(6)},
        extras={"labels": x + 100},
        shared={"palette": np.eye(3)},
        held_out=np.array([False, True, False, False, True, False]),
    )


@pytest.mark.parametrize(
    ("index", "want"),
    [
        ([4, 0, 0], [4, 0, 0]),
        (slice(1, None, 2), [1, 3, 5]),
        (np.array([True, False, False, True, False, False]), [0, 3]),
        (np.array([], int), []),
    ],
)
def test_a_subset_keeps_all_that_is_known_of_an_example(data, index, want):
    part = data.subset(index)
    assert len(part) == len(want)
    assert part.name == "small"
    for ours, whole in (
        (part.x, data.x),
        (part.y, data.y),
        (part.factors["size"], data.factors["size"]),
        (part.extras["labels"], data.extras["labels"]),
        (part.held_out, data.held_out),
    ):
        np.testing.assert_array_equal(ours, whole[want])
    assert part.shared["palette"] is data.shared["palette"]


def test_a_set_shows_what_it_has_and_not_all_of_it(data):
    want = "x (6, 2, 2) float64; y; held_out; factors: size; extras: labels; shared: palette"
    assert repr(data) == f"Dataset('small'; {want})"
    assert repr(Dataset("bare", np.zeros((4, 2)))) == "Dataset('bare'; x (4, 2) float64)"


def test_equal_arrays_do_not_make_two_sets_one(data):
    assert data != data.subset(slice(None))  # and no error from comparing arrays


@pytest.mark.parametrize("one", [3, np.int64(3)])
def test_one_example_is_no_subset(data, one):
    with pytest.raises(ValueError, match=r"an index array, a mask or a slice; for one, \[3\]"):
        data.subset(one)


def test_train_and_test_part_the_examples(data):
    assert data.train.factors["size"].tolist() == [0, 2, 3, 5]
    assert data.test.factors["size"].tolist() == [1, 4]
    assert not data.train.held_out.any()
    assert data.test.held_out.all()


def test_what_is_unknown_stays_unknown():
    part = Dataset("bare", np.zeros((4, 2))).subset([0, 1])
    assert part.y is None
    assert part.held_out is None
    assert (part.factors, part.extras, part.shared) == ({}, {}, {})


def test_without_a_split_there_is_no_training_set():
    for half in ("train", "test"):
        with pytest.raises(ValueError, match="bare has no fixed split"):
            getattr(Dataset("bare", np.zeros((4, 2))), half)


@pytest.mark.parametrize(
    "given",
    [
        {"y": np.zeros(3)},
        {"held_out": np.zeros(5, bool)},
        {"factors": {"good": np.zeros(4), "y": np.zeros(3)}},
        {"extras": {"y": np.zeros((2, 4))}},
        {"y": np.zeros(3), "factors": {"y": np.zeros(4)}},
        {"factors": {"y": np.zeros(3)}, "extras": {"y": np.zeros(4)}},
        {"y": np.array(7)},
    ],
)
def test_everything_has_one_entry_an_example(given):
    with pytest.raises(ValueError, match=r"(y|held_out) has shape .* needs an entry for each of 4"):
        Dataset("odd", np.zeros((4, 2)), **given)


def test_a_split_is_a_mask():
    with pytest.raises(ValueError, match="held_out is a mask of bool, got int64"):
        Dataset("odd", np.zeros((4, 2)), held_out=np.array([0, 0, 1, 1]))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_a_sheet_gives_back_every_pixel(n, rng, tmp_path):
    pictures = rng.integers(256, size=(n, 5, 7)).astype(np.uint8)
    write_sheet(tmp_path / "sheet.webp", pictures)
    np.testing.assert_array_equal(read_sheet(tmp_path / "sheet.webp", n, (5, 7)), pictures)
    first = read_sheet(tmp_path / "sheet.webp", 1, (5, 7))
    np.testing.assert_array_equal(first, pictures[:1])
    with Image.open(tmp_path / "sheet.webp") as image:
        assert image.size == (7 * COLUMNS, 5 * -(-n // COLUMNS))
        tile = np.asarray(image.convert("L").crop((0, 0, 7, 5)))
    np.testing.assert_array_equal(tile, pictures[0])


@pytest.mark.parametrize(
    "pictures",
    [np.zeros((2, 4, 4)), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 4), np.uint8)],
    ids=["floats", "one picture", "none"],
)
def test_what_does_not_go_on_a_sheet(pictures, tmp_path):
    with pytest.raises(ValueError, match=r"a sheet takes uint8 \(n, h, w\)"):
        write_sheet(tmp_path / "sheet.webp", pictures)
    assert not (tmp_path / "sheet.webp").exists()


@pytest.mark.parametrize(("n", "size"), [(65, (5, 7)), (3, (5, 8)), (3, (4, 7)), (3, (7, 5))])
def test_a_sheet_of_something_else(n, size, tmp_path):
    write_sheet(tmp_path / "sheet.webp", np.zeros((3, 5, 7), np.uint8))
    with pytest.raises(ValueError, match=rf"sheet\.webp holds no {n} pictures"):
        read_sheet(tmp_path / "sheet.webp", n, size)


def test_what_ships_is_small():
    sizes = {path.name: path.stat().st_size for path in DATA.iterdir() if path.is_file()}
    assert sum(sizes.values()) < 6 * MB, sizes


# name -> options, shape of x, type of x, lowest and highest value it may have
PLANE = ("gaussians8", "gaussians25", "moons", "spiral", "checkerboard", "pinwheel")
OFFLINE = {
    "faces": ({}, (4000, 32, 32), np.float32, (0, 1)),
    "faces64": ({}, (1000, 64, 64), np.float32, (0, 1)),
    "one_face": ({}, (2000, 32, 32), np.float32, (0, 1)),
    "clips": ({}, (100, 12, 32, 32), np.float32, (0, 1)),
    "heads": ({"n": 20}, (20, ..., 3), np.float32, (-300, 300)),  # mm
    "creatures": ({"n": 30}, (30, 20, 20), np.uint8, (0, 255)),
    "notes": ({"n": 40}, (40, 3968), np.float32, (-1, 1)),
    "digits": ({}, (1797, 8, 8), np.float32, (0, 1)),
    "mixture": ({}, (2000,), np.float32, (-10, 10)),
    **{name: ({"n": 500}, (500, 2), np.float32, (-10, 10)) for name in PLANE},
}
SEEDED = ("heads", "creatures", "notes", "mixture", *PLANE)
NO_DOWNLOAD = pytest.mark.parametrize("name", OFFLINE)


def arrays(data):
    """Every array of a data set, by a name of its own."""
    found = {"x": data.x, "y": data.y, "held_out": data.held_out}
    for group in ("factors", "extras", "shared"):
        found |= {f"{group}.{name}": value for name, value in getattr(data, group).items()}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def check_same(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_all_names_without_a_download_are_listed_here():
    assert set(SOURCES) - set(OFFLINE) == {"olivetti", "mnist", "sprites"}


@NO_DOWNLOAD
def test_the_contract(name):
    options, shape, dtype, (low, high) = OFFLINE[name]
    data = load(name, **options)
    assert data.name == name
    assert data.x.dtype == dtype
    assert data.x.ndim == len(shape)
    assert all(want in (..., size) for want, size in zip(shape, data.x.shape, strict=True))
    assert low <= data.x.min() < data.x.max() <= high
    assert data.held_out.dtype == bool
    assert 0 < data.held_out.sum() < len(data) / 2
    assert len(data.train) + len(data.test) == len(data)
    for key, values in arrays(data).items():
        assert values.dtype.kind != "f" or np.isfinite(values).all(), key
    if data.y is not None:
        assert data.y.dtype.kind == "i"
        assert data.y.shape == (len(data),)
        assert data.y.min() >= 0


@NO_DOWNLOAD
def test_the_same_on_every_call_whatever_one_does_to_it(name):
    options = OFFLINE[name][0]
    first = arrays(load(name, **options))
    kept = {key: values.copy() for key, values in first.items()}
    for values in first.values():
        if values.flags.writeable:
            values[...] = np.zeros((), values.dtype)
    check_same(kept, arrays(load(name, **options)))


@NO_DOWNLOAD
def test_the_global_random_state_is_neither_used_nor_changed(name):
    options = OFFLINE[name][0]
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    torch.manual_seed(1)
    before = np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state()  # noqa: NPY002
    one = arrays(load(name, **options))
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])
    np.random.seed(2)  # noqa: NPY002
    random.seed(2)
    torch.manual_seed(2)
    check_same(one, arrays(load(name, **options)))


@pytest.mark.parametrize("name", SEEDED)
def test_another_seed_gives_other_data(name):
    options = OFFLINE[name][0]
    zero, one = load(name, seed=0, **options), load(name, seed=1, **options)
    assert zero.x.shape == one.x.shape
    assert not np.array_equal(zero.x, one.x)
    check_same(arrays(zero), arrays(load(name, **options)))


@pytest.mark.parametrize("name", [*PLANE, "mixture"])
def test_a_toy_carries_its_density(name):
    data = load(name)
    log_prob = data.shared["density"].log_prob(data.x)
    assert log_prob.shape == data.y.shape
    assert np.isfinite(log_prob).all()


def test_the_faces_can_stand_for_the_photographs():
    """`load("faces64")` becomes `load("olivetti")`: the same fields, people in a row, held out."""
    faces = load("faces64")
    np.testing.assert_array_equal(faces.y, np.arange(1000) // 10)
    np.testing.assert_array_equal(np.unique(faces.test.y), np.arange(90, 100))


def test_creatures_name_only_colours_of_their_palette():
    data = load("creatures", n=50)
    assert data.shared["palette"].shape[1:] == (3,)
    assert data.x.max() < len(data.shared["palette"])


@pytest.mark.parametrize("path", sorted(Path(DATA.parent, "lib", "datasets").glob("*.py")))
def test_no_loader_imports_the_tests(path):
    assert "from tests" not in path.read_text(encoding="utf-8")
