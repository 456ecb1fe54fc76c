"""Readers: what they read, and what they say of files that are missing or damaged."""

from __future__ import annotations

import gzip
import sys

import numpy as np
import pytest

from minigrad.data import DataLoader
from minigrad.data.readers import (
    MNIST,
    Characters,
    FashionMNIST,
    ImageFolder,
    Table,
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_topics,
    load_wine,
    read_csv,
    read_idx,
    read_text,
)  # fmt: skip
from minigrad.data.transforms import Compose, Normalize, ToTensor


# --- scikit-learn's sets ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("load", "inputs", "classes"),
    [
        (load_digits, (1797, 1, 8, 8), 10),
        (load_iris, (150, 4), 3),
        (load_wine, (178, 13), 3),
        (load_breast_cancer, (569, 30), 2),
        (load_diabetes, (442, 10), None),
        (load_linnerud, (20, 3), None),
    ],
)
def test_bundled_sets(load, inputs, classes):
    pytest.importorskip("sklearn", reason="these data come with scikit-learn")
    table = load()
    assert isinstance(table, Table) and table.inputs.shape == inputs and table.inputs.dtype == np.float32
    if classes is None:
        assert table.targets.dtype == np.float32 and table.targets.ndim == 2
    else:
        assert table.targets.dtype == np.int64 and len(table.classes) == classes == table.targets.max() + 1
    x, y = next(iter(DataLoader(table, 16, shuffle=True)))
    assert x.shape == (16, *inputs[1:]) and len(y) == 16


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"load_iris\(\).*pip install scikit-learn"):
        load_iris()


# --- IDX --------------------------------------------------------------------------------------------------------------
def idx(array, code=8):
    shape = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + shape + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)
LABELS = np.array([3, 0, 1, 9, 4, 4], np.uint8)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(("code", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
def test_idx_files(tmp_path, pack, code, dtype):
    array = np.arange(-3, 9).reshape(2, 3, 2).astype(dtype)
    (tmp_path / "file").write_bytes(pack(idx(array, code)))
    read = read_idx(tmp_path / "file")
    assert read.dtype == array.dtype.newbyteorder("=") and read.dtype.isnative and (read == array).all()
    read += 1  # it can be written to


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file: it begins with nothing"),
        (b"<html>...", "no IDX file: it begins with 3c 68 74 6d.*web page"),
        (bytes([0, 0, 7, 1, 0, 0, 0, 0]), "no IDX file"),
        (bytes([0, 0, 8, 0]), "no IDX file"),
        (idx(LABELS)[:6], "cut off within its header"),
        (idx(LABELS)[:-1], r"6 bytes of data for the shape \(6,\), and has 5"),
        (idx(LABELS) + b"x", r"and has 7"),
        (gzip.compress(idx(LABELS), mtime=0)[:-9], "is damaged"),
        (gzip.compress(idx(LABELS), mtime=0)[:15] + b"junk" * 9, "is damaged"),
    ],
)
def test_damaged_idx_files(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / "file")


@pytest.mark.parametrize("folder", [".", "MNIST/raw", "raw"])
def test_mnist(tmp_path, folder):
    raw = tmp_path / folder
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES), mtime=0))
    (raw / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    scaled = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    data = MNIST(tmp_path, train=True, download=True, transform=scaled, target_transform=lambda label: label % 2)
    assert len(data) == 6 and repr(data) == "MNIST(train, 6 samples)" and data.classes[2] == "2 - two"
    x, y = next(iter(DataLoader(data, 6)))
    np.testing.assert_allclose(x.numpy()[:, 0], (IMAGES / 255 - 0.1307) / 0.3081, atol=1e-5)
    assert y.tolist() == (LABELS % 2).tolist() and y.dtype == np.int64
    image, label = MNIST(tmp_path)[3]
    assert image.dtype == np.uint8 and (image == IMAGES[3]).all() and label == 9 and type(label) is int
    with pytest.raises(FileNotFoundError, match="t10k-images-idx3-ubyte, plain or as .gz.*fetch the four"):
        MNIST(tmp_path, train=False)


def test_mnist_files_that_do_not_belong_together(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:5]))
    with pytest.raises(ValueError, match="6 images, .* 5 labels"):
        FashionMNIST(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(IMAGES))
    with pytest.raises(ValueError, match=r"uint8 \(6, 28, 28\) and uint8 \(6, 28, 28\)"):
        FashionMNIST(tmp_path)


# --- text -------------------------------------------------------------------------------------------------------------
def test_a_corpus_that_every_python_carries():
    topics = load_topics()
    text = "\n".join(topics.values())
    assert len(topics) > 50 and len(text) > 300_000
    data = Characters(text[:5000], 32)
    x, y = next(iter(DataLoader(data, 8, shuffle=True)))
    assert x.shape == y.shape == (8, 32) and x.dtype == np.int64 and (x[:, 1:] == y[:, :-1]).all()


def test_windows_of_characters():
    text = "to be or not to be"
    for length, step in ((1, 1), (3, 1), (5, 4), (17, 1), (4, 100)):
        data = Characters(text, length, step=step)
        starts = range(0, len(text) - length, step)
        assert len(data) == len(starts)
        for window, start in zip(data, starts, strict=True):
            assert [data.decode(part) for part in window] == [text[start:][:length], text[start + 1 :][:length]]
        batch = data.batch([0, -1])
        assert [part.tolist() for part in batch] == [[data[0][i].tolist(), data[-1][i].tolist()] for i in range(2)]
    assert Characters("abab", 2, vocabulary="cab").codes.tolist() == [1, 2, 1, 2]
    with pytest.raises(IndexError, match="15 windows, so there is no number 15"):
        Characters(text, 3)[15]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Characters("abc", 3), ValueError, "3 characters has no window of 3 and a character after it"),
        (lambda: Characters("abc", 0), ValueError, "at least 1, got 0"),
        (lambda: Characters("abd", 1, vocabulary="abc"), ValueError, "'d' at 2 is not in the vocabulary"),
    ],
)
def test_bad_windows(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_text_files(tmp_path):
    (tmp_path / "b.txt").write_text("zwei", "utf-8")
    (tmp_path / "a.txt").write_text("eins\nä", "utf-8")
    assert read_text(tmp_path) == "eins\nä\nzwei" and read_text(tmp_path / "b.txt") == "zwei"
    (tmp_path / "a.txt").write_text("eins\nä", "latin-1")
    with pytest.raises(ValueError, match="line 2 of .*a.txt is not utf-8.*'latin-1'"):
        read_text(tmp_path)
    assert read_text(tmp_path / "a.txt", "latin-1") == "eins\nä"
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no .txt files"):
        read_text(tmp_path / "empty")


# --- folders of images ------------------------------------------------------------------------------------------------
def test_image_folder(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="images are read by Pillow")
    for kind, value in (("dog", 200), ("cat", 100)):
        (tmp_path / kind / "deep").mkdir(parents=True)
        image.new("L", (5, 4), value).save(tmp_path / kind / "1.PNG")
        image.new("RGB", (5, 4), (value, 0, 1)).save(tmp_path / kind / "deep" / "2.bmp")
        (tmp_path / kind / "notes.md").write_text("not an image")
    data = ImageFolder(tmp_path, transform=ToTensor())
    assert data.classes == ["cat", "dog"] and data.class_to_idx == {"cat": 0, "dog": 1} and data.imgs == data.samples
    assert data.targets == [0, 0, 1, 1] and len(data) == 4
    x, y = next(iter(DataLoader(data, 4)))
    assert x.shape == (4, 3, 4, 5) and y.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(x.numpy()[[0, 3], :, 0, 0] * 255, [[100, 100, 100], [200, 0, 1]], rtol=1e-6)
    (tmp_path / "cat" / "3.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="3.png cannot be read as an image"):
        list(ImageFolder(tmp_path))


def test_folders_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no folders.*one for each class"):
        ImageFolder(tmp_path)
    for kind in "ab":
        (tmp_path / kind).mkdir()
    np.save(tmp_path / "a" / "1.npy", np.ones((2, 2)))
    with pytest.raises(FileNotFoundError, match="b has no images .*allow_empty=True"):
        ImageFolder(tmp_path)
    data = ImageFolder(tmp_path, allow_empty=True, target_transform=lambda label: -label)
    assert len(data) == 1 and data[0][0].tolist() == [[1, 1], [1, 1]]
    chosen = ImageFolder(tmp_path, loader=str, is_valid_file=lambda path: path.endswith("1.npy"), allow_empty=True)
    assert chosen[0] == (str(tmp_path / "a" / "1.npy"), 0)


def test_without_pillow(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match="pip install Pillow"):
        ImageFolder(tmp_path)[0]


# --- tables -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text, "utf-8")
        return path

    return write


def test_csv(written):
    path = written('\ufeffheight, weight,kind\n0.5,4,"cat, small"\n\n 1e1,-20,dog\nnan,1,dog\n')
    table = read_csv(path, target="kind")
    assert table.features == ["height", "weight"] and table.classes == ["cat, small", "dog"]
    np.testing.assert_array_equal(table.inputs, np.array([[0.5, 4], [10, -20], [np.nan, 1]], np.float32))
    assert table.inputs.dtype == np.float32 and table.targets.tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match=r"line 2 of .* 'cat, small' in the column 'kind', which is no number"):
        read_csv(path)


def test_csv_without_a_header_and_with_numbers_to_predict(written):
    path = written("1;2;10\n3;4;2\n5;6;10\n")
    everything = read_csv(path, delimiter=";")
    assert everything.inputs.tolist() == [[1, 2, 10], [3, 4, 2], [5, 6, 10]] and everything.features == ["0", "1", "2"]
    with pytest.raises(AttributeError, match="no targets; read_csv"):
        _ = everything.targets
    labelled = read_csv(path, -1, delimiter=";", dtype=np.float64)
    assert labelled.inputs.dtype == np.float64 and labelled.targets.tolist() == [1, 0, 1]
    assert labelled.classes == ["2", "10"], "in the order of numbers"
    several = read_csv(path, [0, 2], delimiter=";")
    assert several.inputs.tolist() == [[2], [4], [6]] and several.targets.tolist() == [[1, 10], [3, 2], [5, 10]]
    prices = read_csv(written("a,price\n1,2.5\n2,3\n"), "price")
    assert prices.targets.tolist() == [[2.5], [3]] and prices.targets.dtype == np.float32 and prices.classes is None
    assert read_csv(written("1,2\n"), header=True).inputs.shape == (0, 2)
    assert read_csv(written("1,2\n"), dtype=np.int16).inputs.dtype == np.int16


@pytest.mark.parametrize(
    ("text", "options", "kind", "message"),
    [
        ("", {}, ValueError, "has no lines"),
        ("a,b\n1,2\n3\n", {}, ValueError, "line 3 of .*table.csv has 1 values, and the first one has 2"),
        ("a,b\n1,x\n", {}, ValueError, "line 2 of .* has 'x' in the column 'b'.*float32"),
        ("a,b\n1,\n", {}, ValueError, "has 'nothing' in the column 'b'.*write nan"),
        ("1,2.5\n", {"dtype": np.int64}, ValueError, "'2.5' in the column '1', which is no number of dtype int64"),
        ("1,300\n", {"dtype": np.uint8}, ValueError, "line 1 .* has 300, which uint8 cannot hold"),
        ("a,b\n1,2\n", {"target": "c"}, KeyError, "no column 'c'; it has"),
        ("1,2\n", {"target": 2}, KeyError, "no column 2"),
    ],
)
def test_csv_files_that_are_wrong(written, text, options, kind, message):
    with pytest.raises(kind, match=message):
        read_csv(written(text), **options)
