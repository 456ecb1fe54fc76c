"""What is not random is as in PyTorch: batches, lengths, combinations of datasets, and what is refused."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

from minigrad import data as ours  # noqa: E402
from minigrad.utils.data import DataLoader as ByPath  # noqa: E402

theirs = torch.utils.data
Pair = namedtuple("Pair", "x y")


class Record(dict):
    """A mapping of a kind of its own."""


class Words(list):
    """A sequence of a kind of its own."""


def plain(value):
    """A batch as numbers, with the kinds of its containers and dtypes."""
    if hasattr(value, "tolist"):
        dtype = str(value.dtype).removeprefix("torch.")
        return "tensor", dtype, value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {key: plain(part) for key, part in value.items()}
    if type(value) in (list, tuple):  # PyTorch makes of strings in tuples a tuple, of all else a list
        return "list", [plain(part) for part in value]
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(part) for part in value]
    return value


BATCHES = [
    [1, 2],
    [True, False],
    [np.float32(1), np.float32(2)],
    [np.float64(1), np.float64(2)],
    [np.int32(1), np.int32(2)],
    [np.bool_(True), np.bool_(False)],
    [np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)],
    [np.zeros(2), np.ones(2)],
    [np.array(3, np.int16), np.array(4, np.int16)],
    [np.zeros((0, 2)), np.zeros((0, 2))],
    ["a", "bc"],
    [b"a", b"b"],
    [(1, "a"), (2, "b")],
    [[1, "a"], [2, "b"]],
    [[], []],
    [{"x": 1, "y": np.zeros(2)}, {"x": 2, "y": np.ones(2)}],
    [OrderedDict(b=1, a=(2, 3)), OrderedDict(b=4, a=(5, 6))],
    [Record(a=1), Record(a=2)],
    [Words([1, 2]), Words([3, 4])],
    [Pair(1, [2, 3]), Pair(4, [5, 6])],
    [{"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}],
    [range(2), range(2)],
]


@pytest.mark.parametrize("samples", BATCHES, ids=repr)
def test_collate(samples):
    assert plain(ours.default_collate(samples)) == plain(theirs.default_collate(samples))


def test_python_floats_become_the_default_dtype():
    mine, other = ours.default_collate([1.5, 2.5]), theirs.default_collate([1.5, 2.5])
    assert mine.tolist() == other.tolist()
    assert mine.dtype == np.float32 and other.dtype == torch.float64  # which PyTorch's own layers refuse


@pytest.mark.parametrize("sample", [*[samples[0] for samples in BATCHES], 1.5, None, np.array(["a", "b"])], ids=repr)
def test_convert(sample):
    mine, other = ours.default_convert(sample), theirs.default_convert(sample)
    assert plain(mine) == plain(other)


@pytest.mark.parametrize(
    "samples",
    [[np.zeros(2), np.zeros(3)], [(1,), (1, 2)], [{"a": 1}, {"b": 1}], [None], [object()], [np.array("a")], []],
)
def test_what_cannot_be_joined(samples):
    with pytest.raises((TypeError, ValueError)):
        ours.default_collate(samples)
    with pytest.raises((TypeError, RuntimeError, KeyError, IndexError, ValueError)):
        theirs.default_collate(samples)


@pytest.mark.parametrize(("count", "batch_size", "drop_last"), [*product([0, 1, 5, 8], [1, 3, 4, None], [False, True])])
def test_batches_in_order(count, batch_size, drop_last):
    if batch_size is None and drop_last or drop_last and 0 < count < batch_size:
        return
    x, y = np.arange(2.0 * count).reshape(count, 2), np.arange(count)
    mine = ByPath(ours.TensorDataset(x, y), batch_size, drop_last=drop_last)
    other = theirs.DataLoader(theirs.TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size, drop_last=drop_last)
    assert len(mine) == len(other) and [plain(b) for b in mine] == [plain(b) for b in other]


class Squares:
    def __init__(self, count):
        self.count = count

    def __getitem__(self, index):
        if not -self.count <= index < self.count:
            raise IndexError(index)
        return index % self.count, (index % self.count) ** 2

    def __len__(self):
        return self.count


@pytest.mark.parametrize(
    "combine",
    [
        lambda d: d.Subset(Squares(9), [4, 0, 8]),
        lambda d: d.ConcatDataset([Squares(2), Squares(3), Squares(1)]),
        lambda d: d.ConcatDataset([Squares(2)] * 2) + Squares(1),
        lambda d: d.StackDataset(Squares(4), d.Subset(Squares(9), [1, 2, 3, 4])),
        lambda d: d.StackDataset(a=Squares(4), b=d.StackDataset(Squares(4), Squares(4))),
        lambda d: d.Subset(d.ConcatDataset([Squares(3), Squares(3)]), [5, 1]),
    ],
    ids=range(6),
)
def test_combined_datasets(combine):
    mine, other = combine(ours), combine(theirs)
    assert len(mine) == len(other)
    assert [mine[i] for i in range(-1, len(mine))] == [other[i] for i in range(-1, len(other))]
    assert [plain(b) for b in ours.DataLoader(mine, 2)] == [plain(b) for b in theirs.DataLoader(other, 2)]


def test_streams_and_their_order_among_workers():
    def stream(library):
        class Counting(library.IterableDataset):
            def __init__(self, start, stop):
                self.numbers = range(start, stop)

            def __iter__(self):
                info = library.get_worker_info()
                return iter(self.numbers if info is None else self.numbers[info.id :: info.num_workers])

            def __len__(self):
                return len(self.numbers)

        return Counting(0, 5) + library.ChainDataset([Counting(5, 9), Counting(20, 22)])

    mine, other = stream(ours), stream(theirs)
    assert len(mine) == len(other)
    for options in ({}, {"drop_last": True}, {"num_workers": 2}):
        assert [plain(b) for b in ours.DataLoader(mine, 3, **options)] == [
            plain(b) for b in theirs.DataLoader(other, 3, **options)
        ]


@pytest.mark.parametrize(
    "make",
    [
        lambda d: d.SequentialSampler(range(5)),
        lambda d: d.RandomSampler(range(5)),
        lambda d: d.RandomSampler(range(5), num_samples=13),
        lambda d: d.RandomSampler(range(5), True, 7),
        lambda d: d.SubsetRandomSampler([4, 2]),
        lambda d: d.WeightedRandomSampler([1.0, 2.0], 5),
        lambda d: d.BatchSampler(d.SequentialSampler(range(7)), 3, False),
        lambda d: d.BatchSampler(range(7), 3, True),
    ],
    ids=range(8),
)
def test_lengths_of_samplers(make):
    mine, other = make(ours), make(theirs)
    assert len(mine) == len(other) == len(list(mine)) == len(list(other))
    assert type(next(iter(mine))) is type(next(iter(other)))


def test_lengths_of_splits():
    for lengths in ([3, 4], [0.5, 0.5], [0.3, 0.3, 0.4], [0.15, 0.85], [1.0], [7]):
        expected = [len(part) for part in theirs.random_split(range(7), lengths)]
        assert [len(part) for part in ours.random_split(range(7), lengths)] == expected


REFUSED = [
    {"num_workers": -1},
    {"timeout": -1},
    {"prefetch_factor": 2},
    {"prefetch_factor": -1, "num_workers": 1},
    {"persistent_workers": True},
    {"multiprocessing_context": "fork"},
    {"multiprocessing_context": "no such", "num_workers": 1},
    {"multiprocessing_context": 3, "num_workers": 1},
    {"batch_size": 0},
    {"batch_size": -1},
    {"batch_size": 1.5},
    {"batch_size": None, "drop_last": True},
    {"shuffle": True, "sampler": [1]},
    {"batch_sampler": [[1]], "batch_size": 2},
    {"batch_sampler": [[1]], "shuffle": True},
    {"batch_sampler": [[1]], "sampler": [1]},
    {"batch_sampler": [[1]], "drop_last": True},
    {"dataset": [], "shuffle": True},
]


@pytest.mark.parametrize("options", REFUSED, ids=repr)
def test_what_is_refused(options):
    for library in (ours, theirs):
        with pytest.raises((TypeError, ValueError)):
            library.DataLoader(**{"dataset": [1, 2, 3], **options})


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}], ids=repr)
def test_what_streams_refuse(options):
    for library in (ours, theirs):
        with pytest.raises(ValueError):
            library.DataLoader(library.ChainDataset([]), **options)


@pytest.mark.parametrize("method", ["manual_seed", "seed", "initial_seed", "get_state", "set_state", "clone_state"])
def test_generators_have_pytorchs_methods(method):
    from minigrad.random import Generator

    assert callable(getattr(torch.Generator(), method)) and callable(getattr(Generator(), method))
    assert Generator().initial_seed() == torch.Generator().initial_seed()
    assert Generator().manual_seed(5).initial_seed() == torch.Generator().manual_seed(5).initial_seed()
