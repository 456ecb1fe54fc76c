from typing import NamedTuple

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from minigrad.data import DataLoader, Dataset, Subset, TensorDataset, collate, random_split

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


class Squares(Dataset):
    def __getitem__(self, index):
        assert type(index) is int
        if not 0 <= index < len(self):
            raise IndexError(index)
        return {"x": np.array([index, index]), "name": f"no. {index}", "y": index**2}

    def __len__(self):
        return 6


# --- TensorDataset ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("index", [3, -1, slice(2, 8, 3), np.array([4, 4, 0]), [1, 2], np.arange(10) % 2 == 0])
def test_indexing_applies_to_every_array(index):
    x, y = TensorDataset(X, Y)[index]
    np.testing.assert_array_equal(x, X[index])
    np.testing.assert_array_equal(y, Y[index])


def test_tensors_stay_tensors():
    x, y = TensorDataset(Tensor(X), Y)[[3, 1]]
    assert isinstance(x, Tensor) and isinstance(y, np.ndarray) and x.tolist() == X[[3, 1]].tolist()


def test_nothing_is_copied_until_a_batch_is_taken():
    data = TensorDataset(X.copy())
    data.tensors[0][0] = 99
    assert data[0][0].tolist() == [99, 99]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((), TypeError, "at least one array"),
        ((X, list(Y)), TypeError, r"argument 1 of TensorDataset is a list.*np\.asarray"),
        ((X, Y[:9]), ValueError, r"must be equal, got the shapes \[\(10, 2\), \(9,\)\]"),
        ((np.array(1.0),), ValueError, r"shapes \[\(\)\]"),
    ],
)
def test_bad_arrays(arguments, kind, message):
    with pytest.raises(kind, match=message):
        TensorDataset(*arguments)


# --- Dataset ----------------------------------------------------------------------------------------------------------
def test_a_dataset_of_ones_own():
    batch = Squares().batch(np.array([1, 3]))
    assert batch["x"].tolist() == [[1, 1], [3, 3]] and batch["name"] == ["no. 1", "no. 3"]
    assert batch["y"].tolist() == [1, 9] and batch["y"].dtype.kind == "i"


def test_an_unfinished_dataset_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="define __getitem__"):
        Dataset()[0]
    with pytest.raises(TypeError, match="len"):  # as of any object; list() and others ask whether there is one
        len(Dataset())
    with pytest.raises(TypeError, match="define __len__"):
        DataLoader(Dataset())


# --- Subset and random_split ------------------------------------------------------------------------------------------
def test_subset():
    subset = Subset(TensorDataset(X, Y), [7, 2, 5])
    assert len(subset) == 3 and subset[1][1] == 2 and subset[-1][1] == 5
    assert subset[1:][1].tolist() == [2, 5] and subset.batch([0, 2])[1].tolist() == [7, 5]
    nested = Subset(subset, [2, 0])
    assert nested.batch([0, 1])[1].tolist() == [5, 7]
    assert Subset(Squares(), [4, 1]).batch([1, 0])["y"].tolist() == [1, 16]
    assert Subset([10, 11, 12], [2, 0]).batch([0, 1]).tolist() == [12, 10]
    assert len(Subset(Squares(), [])) == 0


def test_subset_keeps_its_own_indices():
    indices = np.array([1, 2])
    subset = Subset(TensorDataset(Y), indices)
    indices[:] = 9
    assert subset.batch([0, 1])[0].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("indices", "kind", "message"),
    [
        ([0, 10], IndexError, "has 10 samples, so there is no number 10"),
        ([-11], IndexError, "no number -11"),
        (np.arange(10) > 5, TypeError, r"got bool .*np\.flatnonzero\(mask\)"),
        ([0.5], TypeError, "list of integers, got float64"),
        (5, TypeError, "list of integers, got 5"),
        ([[1, 2]], TypeError, r"of shape \(1, 2\)"),
    ],
)
def test_bad_subsets(indices, kind, message):
    with pytest.raises(kind, match=message):
        Subset(TensorDataset(Y), indices)


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [([7, 3], [7, 3]), ([10, 0], [10, 0]), ([0.5, 0.5], [5, 5]), ([0.35, 0.35, 0.3], [4, 3, 3]), ([1.0], [10])],
)
def test_random_split_deals_out_every_sample_once(lengths, sizes):
    parts = random_split(TensorDataset(Y), lengths)
    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate([part.indices for part in parts]).tolist()) == Y.tolist()


def test_random_split_is_random_and_reproducible():
    def split(generator=None):
        return [part.indices.tolist() for part in random_split(TensorDataset(Y), [5, 5], generator)]

    minigrad.manual_seed(0)
    first, second = split(), split()
    minigrad.manual_seed(0)
    assert split() == first != second
    assert split(np.random.default_rng(0)) == first


@pytest.mark.parametrize("lengths", [[5, 4], [0.5, 0.4], [12, -2], [], [1.5, -0.5], [5.5, 4.5]])
def test_lengths_that_do_not_add_up(lengths):
    with pytest.raises(ValueError, match="add up to 10, or shares that add up to 1"):
        random_split(TensorDataset(Y), lengths)


# --- collate ----------------------------------------------------------------------------------------------------------
class Pair(NamedTuple):
    x: object
    y: object


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([1, 2], np.array([1, 2])),
        ([1.5, 2], np.array([1.5, 2.0], np.float32)),  # the default dtype, which layers compute in
        ([True, False], np.array([True, False])),
        ([np.float32(1), np.float32(2)], np.array([1, 2], np.float32)),
        ([np.ones((2, 1)), np.zeros((2, 1))], np.array([[[1.0], [1.0]], [[0.0], [0.0]]])),
        ([np.array(3), np.array(4)], np.array([3, 4])),
    ],
)
def test_numbers_and_arrays_become_one_array(samples, expected):
    out = collate(samples)
    assert isinstance(out, Tensor) and out.dtype == expected.dtype
    np.testing.assert_array_equal(out.numpy(), expected)


def test_tensors_become_a_tensor():
    x = Tensor([1.0, 2.0], requires_grad=True)
    out = collate([x, x * 2])
    assert isinstance(out, Tensor) and out.tolist() == [[1, 2], [2, 4]]
    out.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_structures_are_joined_part_by_part():
    assert collate(["a", "b"]) == ["a", "b"] and collate([b"a"]) == [b"a"]
    x, (y, z) = collate([(1, [2, "u"]), (3, [4, "v"])])
    assert x.tolist() == [1, 3] and y.tolist() == [2, 4] and z == ["u", "v"]
    pair = collate([Pair(1, 2), Pair(3, 4)])
    assert type(pair) is Pair and pair.y.tolist() == [2, 4]
    assert type(collate([[1], [2]])) is list is type(collate([(1,), (2,)]))  # as in PyTorch
    assert collate([{"a": {"b": 1}}, {"a": {"b": 2}}])["a"]["b"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("samples", "kind", "message"),
    [
        ([np.zeros(2), np.zeros(3)], ValueError, r"equal shapes: sample 0 has \(2,\), sample 1 \(3,\); pad them"),
        ([(1, 2), (1,)], ValueError, "same number of parts"),
        ([{"a": 1}, {"b": 1}], ValueError, "same keys"),
        ([None, None], TypeError, "NoneType cannot be joined .* collate_fn"),
    ],
)
def test_samples_that_do_not_fit(samples, kind, message):
    with pytest.raises(kind, match=message):
        collate(samples)


def test_iteration_over_a_dataset_ends() -> None:
    class Squares(Dataset):
        def __getitem__(self, index: int) -> int:
            return index**2

        def __len__(self) -> int:
            return 3

    assert list(Squares()) == [0, 1, 4]


# --- what they show ---------------------------------------------------------------------------------------------------
def test_reprs_say_what_there_is_and_how_much():
    pairs = TensorDataset(np.zeros((5, 2), np.float32), Tensor([0, 1, 0, 1, 0]))
    assert repr(pairs) == "TensorDataset(float32 (5, 2), int64 (5,))"
    assert repr(Subset(pairs, [4, 0])) == "Subset(2 of the 5 samples of TensorDataset(float32 (5, 2), int64 (5,)))"
    assert repr(Subset(list(range(1000)), [4])) == "Subset(1 of the 1000 samples of list(1000 samples))"

    class Squares(Dataset):
        def __getitem__(self, index):
            return index**2

        def __len__(self):
            return 7

    assert repr(Squares()) == "Squares(7 samples)"


def test_a_dataset_without_a_length_can_be_shown():
    class Endless(Dataset):
        def __getitem__(self, index):
            return index

    assert repr(Endless()) == "Endless()"
