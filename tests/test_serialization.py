from __future__ import annotations

import builtins
import io
import json
import math
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from minigrad import Tensor, nn, optim
from minigrad.serialization import load, read_metadata, save

hypothesis = pytest.importorskip("hypothesis", reason="examples are drawn with hypothesis")
st = pytest.importorskip("hypothesis.strategies")
arrays = pytest.importorskip("hypothesis.extra.numpy")

safetensors = pytest.importorskip("safetensors.numpy", reason="files need safetensors")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def same(a, b):
    """Equal in value, type, dtype and order, all the way down."""
    assert type(a) is type(b), (a, b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        assert [type(k) for k in a] == [type(k) for k in b]
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, (Tensor, np.ndarray, np.generic)):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    else:
        assert repr(a) == repr(b)


# --- round trips ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 bool >f4 >i2".split())
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (2, 3), (2, 1, 3)])
def test_every_dtype_and_shape(path, dtype, shape):
    values = (np.arange(math.prod(shape)) % 5).reshape(shape).astype(dtype)
    save({"x": Tensor(values)}, path)
    loaded = load(path)["x"]
    assert loaded.shape == shape and loaded.dtype == np.dtype(dtype).newbyteorder("=")
    assert loaded.tolist() == values.tolist() and not loaded.requires_grad


@pytest.mark.parametrize(
    "view", [lambda x: x.T, lambda x: x[::2, 1:], lambda x: x[::-1], lambda x: np.broadcast_to(x[:1], x.shape)]
)
def test_views(path, view):
    x = np.arange(24.0).reshape(4, 6)
    save({"tensor": Tensor(x).detach().numpy()[::2].T, "view": view(x)}, path)
    assert load(path)["view"].tolist() == view(x).tolist() and load(path)["tensor"].tolist() == x[::2].T.tolist()


def test_what_was_loaded_can_be_written_to_and_trained(path):
    save({"x": Tensor([1.0, 2.0])}, path)
    x = load(path)["x"].requires_grad_()
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    loaded = load(path)["x"]
    loaded += 1
    assert loaded.tolist() == [2, 3] and load(path)["x"].tolist() == [1, 2]


def test_special_values(path):
    values = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38], np.float32)
    state = {"x": Tensor(values), "numbers": [math.nan, math.inf, -math.inf, -0.0, 0.1, 1e308, 2**200, -(2**63)]}
    save(state, path)
    same(load(path), state)


DTYPES = st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.bool_])
SHAPES = arrays.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    arrays.arrays(DTYPES, SHAPES),
    arrays.arrays(np.float32, (2,)).map(Tensor),
    st.sampled_from([np.float32(0.1), np.float64(0.1), np.int64(7), np.bool_(True), np.float64("nan")]),
)
KEYS = st.one_of(st.text(max_size=4), st.integers(), st.booleans(), st.none())
TREES = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.lists(part, max_size=3), st.lists(part, max_size=3).map(tuple), st.dictionaries(KEYS, part, max_size=3)
    ),
    max_leaves=12,
)


@hypothesis.given(st.dictionaries(KEYS, TREES, max_size=4))
def test_any_tree_comes_back_exactly(tmp_path_factory, tree):
    path = tmp_path_factory.mktemp("trees") / "tree.safetensors"
    save(tree, path)
    same(load(path), tree)


@pytest.mark.parametrize(
    "state",
    [
        Tensor([1.0, 2.0]),
        Tensor(3),
        np.arange(3, dtype=np.int16),
        np.float32(0.1),
        [Tensor([1.0]), {"a": (1, None, True)}, np.zeros((2, 0))],
        (Tensor([1.0]), "text"),
        [],
        3,
        2.5,
        None,
        True,
    ],
    ids=repr,
)
def test_what_users_of_other_libraries_hand_over(path, state):
    save(state, path)
    same(load(path), state)


def test_strings_and_keys_of_numpy(path):
    save({np.str_("a"): np.str_("b"), np.int64(3): {np.str_("c"): 1}, np.bool_(True): 2}, path)
    same(load(path), {"a": "b", 3: {"c": 1}, True: 2})


def test_a_parameter_comes_back_as_a_tensor(path):
    save(nn.Parameter([1.0]), path)
    same(load(path), Tensor([1.0]))
    assert list(safetensors.load_file(path)) == ["value"]


def test_paths_that_read_alike(path):
    a, b, c, d = (Tensor([float(i)]) for i in range(4))
    state = {"a.b": a, "a": {"b": b}, "x": {1: c, "1": d}, "__metadata__": Tensor([9.0]), "": Tensor([8.0])}
    save(state, path)
    same(load(path), state)


def test_a_checkpoint_of_model_and_optimizer(path):
    def train(model, optimizer, steps):
        for step in range(steps):
            optimizer.zero_grad()
            (model(Tensor([[1.0, step, 2.0]])) ** 2).sum().backward()
            optimizer.step()

    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.01, betas=(0.8, 0.99))
    train(model, optimizer, 3)
    save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": 3, "note": None}, path)
    other = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    again = optim.Adam(other.parameters(), lr=1.0)
    state = load(path)
    same(state["optimizer"], optimizer.state_dict())
    other.load_state_dict(state["model"])
    again.load_state_dict(state["optimizer"])
    assert state["step"] == 3 and state["note"] is None
    train(model, optimizer, 3)
    train(other, again, 3)
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert ours.tolist() == theirs.tolist()


def test_tied_weights_are_written_under_all_their_names_and_stay_tied(path):
    def tied():
        net = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
        net.b.weight = net.a.weight
        return net

    net, other = tied(), tied()
    save(net.state_dict(), path)
    assert list(load(path)) == ["a.weight", "b.weight"]
    other.load_state_dict(load(path))
    assert other.a.weight is other.b.weight and other.a.weight.tolist() == net.a.weight.tolist()


def test_other_dicts_become_dicts(path):
    save(OrderedDict(b=Tensor([1.0]), a=OrderedDict(c=1)), path)
    assert load(path)["a"] == {"c": 1} and list(load(path)) == ["b", "a"]


def test_metadata(path):
    save({"x": Tensor([1.0])}, path, {"version": "3", "näme": "ü\n"})
    assert read_metadata(path) == {"version": "3", "näme": "ü\n"}
    for wrong in ({"epoch": 3}, {3: "epoch"}):
        with pytest.raises(TypeError, match="metadata are strings by name"):
            save({}, path, wrong)
    with pytest.raises(ValueError, match="written by save itself"):
        save({}, path, {"minigrad.crc32": "0"})


def test_an_empty_state_and_paths_as_strings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save({}, "empty")
    assert load("empty") == {} and os.listdir() == ["empty"]


# --- what cannot be saved ---------------------------------------------------------------------------------------------
class Custom:
    pass


KNOT: list = []
KNOT.append(KNOT)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (nn.Linear(1, 1), r"got Linear, .*; write minigrad\.save\(it\.state_dict\(\), path\), and after loading"),
        (optim.SGD([nn.Parameter([1.0])], lr=1.0), r"got SGD, .*; write minigrad\.save\(it\.state_dict\(\)"),
        ({"model": nn.Linear(1, 1)}, r"at 'model' is of type Linear.*save its state: \.state_dict\(\)"),
        ({"a": [{"b": Custom()}]}, r"at 'a\.0\.b' is of type Custom.*the numbers and strings that it is made from"),
        ({"f": np.tanh}, "at 'f' is of type ufunc"),
        ({"s": {1, 2}}, "make it a list"),
        ({"g": np.random.default_rng(0)}, r"save minigrad\.get_rng_state\(generator\)"),
        ({"t": os.stat_result(range(10))}, "convert it to a plain tuple"),
        ({"x": {(1, 2): 3}}, r"at 'x' has the key \(1, 2\) of type tuple"),
        ({1.5: 3}, "the state has the key 1.5 of type float"),
        ({"c": np.zeros(2, complex)}, "at 'c' is complex128"),
        ({"c": np.array(["a"])}, "at 'c' is <U1"),
        ([Tensor([1.0]), nn.Linear(1, 1)], r"at '1' is of type Linear"),
        (np.tanh, "the state is of type ufunc"),
        ({"a": np.complex64(1)}, "at 'a' is of type complex64"),
        ("model.safetensors", r"the state comes first: minigrad\.save\(model\.state_dict\(\), path\)"),
    ],
)
def test_what_cannot_be_saved(path, state, message):
    save({"x": Tensor([1.0])}, path)
    with pytest.raises(TypeError, match=message):
        save(state, path)
    assert load(path)["x"].tolist() == [1] and os.listdir(path.parent) == [path.name]


def test_what_contains_itself(path):
    with pytest.raises(ValueError, match=r"at 'a\.0' contains itself"):
        save({"a": KNOT}, path)
    assert not path.exists()


def test_places_that_cannot_be_written_to(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no directory .*os\.makedirs"):
        save({}, tmp_path / "missing" / "model.safetensors")
    with pytest.raises(IsADirectoryError, match="it is a directory; add the name"):
        save({}, tmp_path)
    for wrong in (3, None, open(os.devnull, "wb")):
        with pytest.raises(TypeError, match="takes the path of a file"):
            save({}, wrong)
        with pytest.raises(TypeError, match="takes the path of a file"):
            load(wrong)
        if hasattr(wrong, "close"):
            wrong.close()


# --- writes that are interrupted --------------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["write", "fsync", "replace", "chmod"])
def test_an_interrupted_write_leaves_the_old_file(path, monkeypatch, where, error):
    save({"x": Tensor([1.0])}, path)
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise error

    class Full(io.BufferedWriter):
        def write(self, data):
            super().write(b"half")
            raise error

    if where == "write":
        monkeypatch.setattr(os, "fdopen", lambda handle, mode: Full(io.FileIO(handle, mode)))
    else:
        monkeypatch.setattr(os, where, fail)
    with pytest.raises(type(error)) as caught:
        save({"x": Tensor([2.0])}, path)
    if isinstance(error, OSError):
        assert caught.value.errno == 28 and "as it was before" in str(caught.value)
    monkeypatch.undo()
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]
    save({"x": Tensor([3.0])}, path)
    assert load(path)["x"].tolist() == [3]


def test_mode_and_links_stay(tmp_path):
    real, link = tmp_path / "real.safetensors", tmp_path / "latest.safetensors"
    save({"x": Tensor([1.0])}, real)
    real.chmod(0o640)
    link.symlink_to(real)
    save({"x": Tensor([2.0])}, link)
    assert link.is_symlink() and load(real)["x"].tolist() == [2] and real.stat().st_mode & 0o777 == 0o640


# --- files that cannot be read ----------------------------------------------------------------------------------------
def test_every_truncation_is_noticed(path):
    save({"weight": Tensor(np.arange(5.0)), "n": 3}, path)
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match="model.safetensors.*(cut off|empty|no safetensors file)"):
            load(path)


def test_every_changed_byte_of_the_values_is_noticed(path):
    save({"weight": Tensor(np.arange(5.0))}, path)
    data = path.read_bytes()
    for place in range(len(data) - 40, len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ValueError, match="is damaged: its contents are not those that were saved"):
            load(path)


@pytest.mark.parametrize("bit", range(8))
def test_a_changed_bit_anywhere_is_refused(path, bit):
    save({"weight": Tensor([1.0, 2.0]), "note": "text", "step": 3}, path, {"who": "I"})
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
        with pytest.raises(ValueError, match="model.safetensors"):
            load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty; was its writing interrupted"),
        (b"\n", "no safetensors file"),
        (b"hello, this is a text file of some length", "no safetensors file"),
        (
            pickle.dumps({"x": 1}),
            r"it is a pickle, and loading a pickle can run any code.*safetensors\.torch\.save_file",
        ),
        (pickle.dumps({"x": 1}, 2), "it is a pickle"),
        (b"\x93NUMPY\x01\x00v\x00{", r"it is a \.npy file; read it with numpy\.load"),
        (b"\x89HDF\r\n\x1a\nrest", "HDF5"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\xff" * 64, "no safetensors file"),
        ((8).to_bytes(8, "little") + b"{broken}", "it is damaged"),
        ((10**6).to_bytes(8, "little") + b'{"a":', "it is cut off: 5 of the 1000000 bytes of its header"),
    ],
)
def test_files_of_other_kinds(path, content, message):
    path.write_bytes(content)
    for read in (load, read_metadata):
        with pytest.raises(ValueError, match=f"cannot load .*model.safetensors.*{message}"):
            read(path)


def test_archives(path, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(2))
    with pytest.raises(ValueError, match=r"zip archive; read \.npz files with numpy\.load"):
        load(tmp_path / "a.npz")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"")
    with pytest.raises(ValueError, match=r"it is a file of torch\.save, and loading a pickle can run any code"):
        load(path)


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


@pytest.mark.parametrize(
    "structure",
    ['{"tensor":"y"}', '{"dict":{"x":{"tensor":3}}}', '{"a":1,"b":2}', '{"new":1}', "{", '{"scalar":[]}', '{"dict":3}'],
)
def test_a_structure_that_does_not_fit(path, structure):
    safetensors.save_file({"x": np.zeros(1)}, path, metadata={"minigrad.structure": structure})
    with pytest.raises(ValueError, match=r"model.safetensors' is damaged: its structure does not fit"):
        load(path)


def raw_file(path, dtype, shape, data):
    header = json.dumps({"x": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


def test_bfloat16_becomes_float32(path):
    values = np.array([1.0, -2.5, 3.0e38, np.inf, 0.0], np.float32)
    upper = (values.view(np.uint32) >> 16).astype("<u2")
    raw_file(path, "BF16", [5], upper.tobytes())
    with pytest.warns(
        UserWarning, match=r"1 Tensor\(s\) in bfloat16, .* such as 'x'; they became float32, without loss"
    ):
        loaded = load(path)["x"]
    assert loaded.dtype == np.float32 and np.array_equal(loaded.numpy().view(np.uint32) >> 16, upper)
    raw_file(path, "BF16", [], upper.tobytes()[:2])
    with pytest.warns(UserWarning, match="bfloat16"):
        assert load(path)["x"].item() == 1.0


def test_a_dtype_that_numpy_does_not_have(path):
    raw_file(path, "F8_E4M3", [2], b"\x00\x01")
    with pytest.raises(ValueError, match="holds 'x' as F8_E4M3, which NumPy does not have"):
        load(path)


def test_options_of_torch_load(path):
    save({"x": Tensor([1.0])}, path)
    assert load(path, map_location="cpu", weights_only=True)["x"].tolist() == [1]
    with pytest.raises(ValueError, match="no 'cuda' here"):
        load(path, "cuda")
    with pytest.raises(ValueError, match="would run code from the file"):
        load(path, weights_only=False)


def test_without_the_package(path, monkeypatch):
    real = builtins.__import__

    def fail(name, *args, **kwargs):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    save({}, path)  # only reading needs it
    with pytest.raises(ImportError, match=r"pip install safetensors$"):
        load(path)
