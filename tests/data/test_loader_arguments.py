"""The loader's arguments, one with another; streams; and a state that another run goes on from."""

from __future__ import annotations

import inspect
import json
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
)  # fmt: skip
from minigrad.random import Generator

X, Y = np.arange(20.0, dtype=np.float32).reshape(10, 2), np.arange(10)
DATA = TensorDataset(X, Y)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(7))


class Draws(Dataset):
    """Samples with a random number, from the library's generator."""

    def __getitem__(self, index):
        return index, mg.rand(1)

    def __len__(self):
        return 13


def lists(loader):
    return [batch.tolist() for batch in loader]


def pairs(loader):
    return [(i.tolist(), drawn.tolist()) for i, drawn in loader]


# --- what a batch is --------------------------------------------------------------------------------------------------
def test_a_batch_holds_tensors_as_a_pytorch_loop_expects_them():
    for data, target in DataLoader(DATA, batch_size=4, shuffle=True, num_workers=0, pin_memory=True):
        data, target = data.to("cpu"), target.to("cpu", non_blocking=True)
        assert data.size(0) == len(target) and data.view(-1, 2).shape == data.shape
        assert data.dtype == mg.float32 and target.dtype == mg.int64
    (batch,) = DataLoader(DATA, 10)
    assert type(batch) is list and all(type(part) is Tensor for part in batch)


def test_single_samples_without_batches():
    assert [(x.tolist(), y.item()) for x, y in DataLoader(DATA, batch_size=None)][3] == ([6, 7], 3)
    assert list(DataLoader(["a", 2, 1.5, None], None)) == ["a", 2, 1.5, None]
    assert list(DataLoader([1, 2], None, collate_fn=str)) == ["1", "2"]
    loader = DataLoader(DATA, None, sampler=BatchSampler(SequentialSampler(DATA), 4, False))
    assert [y.tolist() for _, y in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] and len(loader) == 3
    assert len(DataLoader(DATA, None)) == 10 and list(DataLoader(Stream(), None)) == list(range(7))


def test_streams():
    assert lists(DataLoader(Stream(), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert lists(DataLoader(Stream(), 3, drop_last=True)) == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(TypeError, match=r"nobody knows how long Stream\(\) is; define __len__"):
        len(DataLoader(Stream()))
    with pytest.raises(TypeError, match="define __len__"):
        len(iter(DataLoader(Stream())))

    class Counted(Stream):
        def __len__(self):
            return 7

    assert [len(DataLoader(Counted(), 3, drop_last=drop)) for drop in (False, True)] == [3, 2]


def test_arrays_and_tensors_are_datasets():
    assert lists(DataLoader(Y, 4)) == lists(DataLoader(Tensor(Y), 4)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    weights = Tensor(X, requires_grad=True)
    for batch in DataLoader(weights, 3, shuffle=True):
        batch.sum().backward()
    assert (weights.grad.numpy() == 1).all()


def test_samplers_in_place_of_shuffle():
    def numbers(**options):
        return [y.tolist() for _, y in DataLoader(DATA, **options)]

    assert numbers(batch_size=2, sampler=[5, 3, 8]) == [[5, 3], [8]]
    assert numbers(batch_sampler=[[1, 2], [7]]) == [[1, 2], [7]]
    assert numbers(batch_size=2, sampler=(Tensor(i) for i in (1, 0))) == [[1, 0]]
    loader = DataLoader(DATA, batch_sampler=BatchSampler(SequentialSampler(DATA), 4, True))
    assert (loader.batch_size, loader.drop_last, len(loader)) == (None, False, 2)
    words = {"a": 1, "b": 2}
    assert lists(DataLoader(words, 2, sampler=["b", "a"])) == [[2, 1]]


def test_the_attributes_of_pytorch():
    loader = DataLoader(DATA, 3, True)
    assert isinstance(loader.sampler, RandomSampler) and isinstance(loader.batch_sampler, BatchSampler)
    assert loader.collate_fn is default_collate and DataLoader(DATA, None).collate_fn is default_convert
    assert isinstance(DataLoader(DATA).sampler, SequentialSampler)
    assert (loader.prefetch_factor, loader.num_workers, loader.timeout) == (None, 0, 0)
    assert DataLoader(DATA, num_workers=1).prefetch_factor == 2
    with pytest.raises(ValueError, match="batch_size is fixed"):
        loader.batch_size = 4
    names = list(inspect.signature(DataLoader).parameters)
    assert names == [
        "dataset", "batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn", "pin_memory",
        "drop_last", "timeout", "worker_init_fn", "multiprocessing_context", "generator", "prefetch_factor",
        "persistent_workers", "pin_memory_device", "in_order",
    ]  # fmt: skip
    assert DataLoader[int] and len(iter(loader)) == 4


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"num_workers": -1}, ValueError, "num_workers must be at least 0, got -1"),
        ({"num_workers": 1.5}, TypeError, "num_workers must be an integer, got 1.5"),
        ({"timeout": -1}, ValueError, "seconds.*got -1"),
        ({"timeout": "1"}, ValueError, "seconds.*got '1'"),
        ({"prefetch_factor": 2}, ValueError, "needs num_workers > 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "at least 1, got 0"),
        ({"persistent_workers": True}, ValueError, "needs num_workers > 0"),
        ({"multiprocessing_context": "fork"}, ValueError, "needs num_workers > 0"),
        ({"multiprocessing_context": "spoon", "num_workers": 1}, ValueError, "one of .*'spawn'.*'thread'.*'spoon'"),
        ({"multiprocessing_context": 3, "num_workers": 1}, TypeError, "context of multiprocessing"),
        ({"sampler": [1], "shuffle": True}, ValueError, "shuffle=True has no meaning"),
        ({"batch_sampler": [[1]], "shuffle": True}, ValueError, "leave them out"),
        ({"batch_sampler": [[1]], "batch_size": 2}, ValueError, "leave them out"),
        ({"batch_sampler": [[1]], "sampler": [1]}, ValueError, "leave them out"),
        ({"batch_sampler": [[1]], "drop_last": True}, ValueError, "leave them out"),
        ({"batch_size": None, "drop_last": True}, ValueError, "batch_size=None makes no batches"),
        ({"batch_size": True}, TypeError, "integer, got True"),
        ({"dataset": Stream(), "shuffle": True}, ValueError, r"Stream\(\) is a stream.*shuffle=True"),
        ({"dataset": Stream(), "sampler": [1]}, ValueError, r"is a stream.*sampler=\[1\]"),
        ({"dataset": Stream(), "batch_sampler": [[1]]}, ValueError, r"is a stream.*batch_sampler"),
        ({"dataset": 3}, TypeError, "int lacks one of them"),
        ({"sampler": 5}, TypeError, "a sampler gives indices in a loop, and 5 cannot"),
        ({"batch_sampler": 5}, TypeError, "a batch_sampler gives indices in a loop, and 5 cannot"),
        ({"shuffle": "no"}, TypeError, "shuffle is True or False, got 'no'"),
        ({"collate_fn": 3}, TypeError, "collate_fn is called, and must be a function, got 3"),
        ({"worker_init_fn": 3, "num_workers": 1}, TypeError, "worker_init_fn is called, and must be a function, got 3"),
        ({"dataset": Dataset()}, TypeError, "define __len__ in it, or give a sampler"),
    ],
)
def test_arguments_that_do_not_go_together(options, kind, message):
    with pytest.raises(kind, match=message):
        DataLoader(**{"dataset": DATA, **options})


def test_samples_that_do_not_fit_are_named_by_their_number():
    ragged = [{"x": np.zeros(2 + (i == 7))} for i in range(10)]
    loader = DataLoader(ragged, 5, sampler=[9, 8, 7, 1])
    with pytest.raises(ValueError, match=r"at 'x': sample 9 has \(2,\), sample 7 \(3,\); pad them"):
        list(loader)
    with pytest.raises(TypeError, match="sample 4 is a int, sample 5 a NoneType"):
        list(DataLoader([0, 1, 2, 3, 4, None], 2))
    with pytest.raises(ValueError, match="no samples, so no batch"):
        list(DataLoader(ragged, batch_sampler=[[]]))


def test_a_getitems_that_loses_samples():
    class Lossy(Draws):
        def __getitems__(self, indices):
            return [(index, 0) for index in indices[1:]]

    with pytest.raises(ValueError, match="Lossy.__getitems__ gave 3 samples for 4 indices"):
        list(DataLoader(Lossy(), 4))


# --- going on where another run stood ---------------------------------------------------------------------------------
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="starts processes by fork")
WORKERS = pytest.mark.parametrize(
    "workers",
    [{}, {"num_workers": 2, "multiprocessing_context": "thread"}, pytest.param({"num_workers": 2}, marks=LINUX)],
    ids=["none", "threads", "processes"],
)


def loaders(workers, seed):
    """Every kind of order, each with a generator of its own or with the library's."""
    own = Generator().manual_seed(seed)
    weighted = WeightedRandomSampler(np.arange(13.0), 11, generator=np.random.default_rng(seed))
    return [
        DataLoader(Draws(), 3, shuffle=True, **workers),
        DataLoader(Draws(), 3, shuffle=True, generator=own, drop_last=True, **workers),
        DataLoader(Draws(), 2, sampler=weighted, **workers),
        DataLoader(Draws(), batch_sampler=BatchSampler(SubsetRandomSampler(range(9)), 4, False), **workers),
    ]


@WORKERS
@pytest.mark.parametrize("which", range(4))
def test_an_epoch_is_resumed_bit_for_bit(workers, which):
    mg.manual_seed(1)
    loader = loaders(workers, seed=2)[which]
    seen = pairs(loader)
    epoch = iter(loader)
    for _ in range(3):
        next(epoch)
        mg.rand(3)  # such as dropout
    state = json.loads(json.dumps([loader.state_dict(), mg.get_rng_state()]))
    rest = pairs(epoch) + pairs(loader)
    mg.manual_seed(77)
    again = loaders(workers, seed=78)[which]
    again.load_state_dict(state[0])
    mg.set_rng_state(state[1])
    assert again.state_dict() == state[0]
    resumed = pairs(again)
    assert len(resumed) == len(loader) - 3
    assert resumed + pairs(again) == rest and seen != rest


def test_between_epochs_and_at_the_end_of_one():
    loader = DataLoader(DATA, 4, shuffle=True, generator=Generator().manual_seed(0))
    next(iter(loader.batch_sampler))
    before = loader.state_dict()
    epoch = iter(loader)
    for _ in range(len(loader)):
        next(epoch)
    at_the_end = loader.state_dict()
    assert list(epoch) == []
    after = loader.state_dict()
    assert (before["batch"], at_the_end["batch"], after["batch"]) == (0, 3, 0)
    assert (before["epoch"], at_the_end["epoch"], after["epoch"]) == (0, 0, 1)
    following = [y.tolist() for _, y in loader]
    for state, left in ((at_the_end, []), (after, following)):
        again = DataLoader(DATA, 4, shuffle=True, generator=Generator())
        again.load_state_dict(state)
        assert [y.tolist() for _, y in again] == left
    assert [y.tolist() for _, y in again] != following


@WORKERS
def test_a_stream_goes_on_too(workers):
    expected = lists(DataLoader(Stream(), 2, **workers))
    loader = DataLoader(Stream(), 2, **workers)
    epoch = iter(loader)
    next(epoch), next(epoch)
    again = DataLoader(Stream(), 2, **workers)
    again.load_state_dict(loader.state_dict())
    assert lists(again) == expected[2:] and lists(again) == expected


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda state: [], TypeError, "state_dict"),
        (lambda state: {}, TypeError, "state_dict"),
        (lambda state: {**state, "batch_size": 5}, ValueError, "batch_size=5, and this one has batch_size=4"),
        (lambda state: {**state, "samples": 9}, ValueError, r"samples=9, and this one has samples=10 \(TensorDataset"),
        (lambda state: {**state, "generators": []}, ValueError, "with 0 generators of its own, and this one has 1"),
        (lambda state: {**state, "start": []}, ValueError, "damaged"),
    ],
)
def test_states_that_belong_elsewhere(change, kind, message):
    loader = DataLoader(DATA, 4, generator=Generator())
    next(iter(loader))
    with pytest.raises(kind, match=message):
        loader.load_state_dict(change(loader.state_dict()))
