"""Samplers: every index as often as it should come, in an order that a seed fixes."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)  # fmt: skip
from minigrad.random import Generator

hypothesis = pytest.importorskip("hypothesis", reason="random sizes come from hypothesis")
st = hypothesis.strategies


@hypothesis.given(st.integers(1, 60), st.integers(1, 70), st.booleans(), st.booleans(), st.integers(0, 2**32))
@hypothesis.settings(max_examples=150)
def test_every_index_comes_once_in_an_epoch(count, batch_size, shuffle, drop_last, seed):
    hypothesis.assume(not drop_last or count >= batch_size)
    generator = Generator().manual_seed(seed)
    loader = DataLoader(range(count), batch_size, shuffle, drop_last=drop_last, generator=generator)
    for _ in range(2):
        batches = [batch.tolist() for batch in loader]
        seen = sum(batches, [])
        assert len(batches) == len(loader)
        assert all(len(batch) == batch_size for batch in batches[:-1])
        if drop_last:
            assert len(seen) == count // batch_size * batch_size == len({*seen}) and {*seen} <= {*range(count)}
        else:
            assert sorted(seen) == list(range(count))
        if not shuffle:
            assert seen == list(range(len(seen)))


@hypothesis.given(st.integers(1, 30), st.integers(1, 100), st.booleans(), st.integers(0, 2**32))
@hypothesis.settings(max_examples=100)
def test_as_many_random_samples_as_wanted(count, wanted, replacement, seed):
    sampler = RandomSampler(range(count), replacement, wanted, generator=np.random.default_rng(seed))
    seen = list(sampler)
    assert len(seen) == wanted == len(sampler) and {*seen} <= {*range(count)} and type(seen[0]) is int
    if not replacement:
        times = np.bincount(seen, minlength=count)
        assert times.max() - times.min() <= 1


def test_orders_are_fixed_by_their_generator():
    for make in (
        lambda g: RandomSampler(range(50), generator=g),
        lambda g: RandomSampler(range(50), True, 70, generator=g),
        lambda g: SubsetRandomSampler(range(3, 60), generator=g),
        lambda g: WeightedRandomSampler(range(50), 40, generator=g),
        lambda g: WeightedRandomSampler(range(50), 40, False, generator=g),
    ):
        first, second = make(Generator().manual_seed(1)), make(Generator().manual_seed(1))
        epochs = [list(first), list(first)]
        assert epochs == [list(second), list(second)] and epochs[0] != epochs[1]
        mg.manual_seed(1)
        assert list(make(None)) == epochs[0], "the library's generator, where there is no other"


def test_weights_are_frequencies():
    weights = np.array([0.0, 1.0, 2.0, 0.0, 5.0])
    drawn = np.bincount(list(WeightedRandomSampler(weights, 40_000, generator=np.random.default_rng(0))), minlength=5)
    expected = weights / weights.sum() * 40_000
    assert (drawn[weights == 0] == 0).all()
    assert ((drawn - expected) ** 2)[weights > 0] @ (1 / expected[weights > 0]) < 13.8  # chi-square, 2 degrees: 0.001


def test_weights_without_replacement():
    generator = np.random.default_rng(0)
    firsts = np.zeros(4)
    for _ in range(4000):
        drawn = list(WeightedRandomSampler([3, 0, 1, 2], 3, replacement=False, generator=generator))
        assert sorted(drawn) == [0, 2, 3]
        firsts[drawn[0]] += 1
    np.testing.assert_allclose(firsts / 4000, [1 / 2, 0, 1 / 6, 1 / 3], atol=0.03)
    assert list(WeightedRandomSampler([1e-300, 1e300], 2, replacement=False)) == [1, 0]
    assert {*WeightedRandomSampler(Tensor([0.0, 1e-30]), 5)} == {1}


def test_batches_of_indices():
    assert list(BatchSampler("abcde", 2, True)) == [["a", "b"], ["c", "d"]]
    sampler = BatchSampler(iter(range(3)), 2, False)
    assert list(sampler) == [[0, 1], [2]]
    assert len(BatchSampler(range(7), 3, False)) == 3 and len(BatchSampler(range(7), 3, True)) == 2
    assert all(type(index) is int for batch in BatchSampler(RandomSampler(range(5)), 2, False) for index in batch)


def test_samplers_of_ones_own_keep_their_say():
    class Backwards(SequentialSampler):
        def __iter__(self):
            return iter(range(len(self) - 1, -1, -1))

    class Doubled(BatchSampler):
        def __iter__(self):
            return (batch * 2 for batch in super().__iter__())

    data = TensorDataset(np.arange(5))
    assert [x.tolist() for (x,) in DataLoader(data, 2, sampler=Backwards(data))] == [[4, 3], [2, 1], [0]]
    doubled = Doubled(SequentialSampler(data), 3, True)
    assert [x.tolist() for (x,) in DataLoader(data, batch_sampler=doubled)] == [[0, 1, 2, 0, 1, 2]]
    with pytest.raises(NotImplementedError, match="define __iter__"):
        iter(Sampler())


def test_random_samplers_of_data_that_grow():
    data = [0, 1]
    sampler = RandomSampler(data)
    data.append(2)
    assert len(sampler) == 3 and sorted(sampler) == [0, 1, 2]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: RandomSampler([]), ValueError, "empty dataset cannot be shuffled"),
        (lambda: list(RandomSampler([], num_samples=2)), ValueError, "no samples to draw"),
        (lambda: RandomSampler([1], 1), TypeError, "replacement is True or False, got 1"),
        (lambda: RandomSampler([1], num_samples=0), ValueError, "num_samples must be at least 1, got 0"),
        (lambda: RandomSampler([1], num_samples=1.5), TypeError, "num_samples must be an integer, got 1.5"),
        (lambda: RandomSampler([1], generator=3), TypeError, r"numpy\.random\.Generator, got int"),
        (lambda: WeightedRandomSampler([1, -2.0], 1), ValueError, r"at least 0, got -2\.0 for sample 1"),
        (lambda: WeightedRandomSampler([1, np.nan], 1), ValueError, "finite.*got nan for sample 1"),
        (lambda: WeightedRandomSampler([np.inf], 1), ValueError, "finite.*got inf for sample 0"),
        (lambda: WeightedRandomSampler([0.0, 0.0], 1), ValueError, "all weights are 0"),
        (lambda: WeightedRandomSampler([], 1), ValueError, "all weights are 0"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"the shape \(1, 1\)"),
        (lambda: WeightedRandomSampler([1, 0, 1], 3, False), ValueError, "3 different samples.*2 have a weight"),
        (lambda: WeightedRandomSampler([1], True), TypeError, "integer, got True"),
        (lambda: WeightedRandomSampler([1], 1, "no"), TypeError, "replacement"),
        (lambda: SubsetRandomSampler(5), TypeError, "list of numbers of samples, got 5"),
        (lambda: BatchSampler([1], 0, False), ValueError, "batch_size must be at least 1"),
        (lambda: BatchSampler([1], 1, None), TypeError, "drop_last is True or False"),
    ],
)
def test_bad_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
