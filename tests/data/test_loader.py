from itertools import product

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from minigrad.data import DataLoader, Dataset, Subset, TensorDataset

X, Y = np.arange(20.0, dtype=np.float32).reshape(10, 2), np.arange(10)
DATA = TensorDataset(X, Y)


def labels(loader):
    return [y.tolist() for _, y in loader]


@pytest.mark.parametrize(("batch_size", "drop_last"), [*product([1, 3, 5, 10], [False, True]), (11, False)])
def test_batches_in_order(batch_size, drop_last):
    loader = DataLoader(DATA, batch_size, drop_last=drop_last)
    expected = [Y[i : i + batch_size].tolist() for i in range(0, 10, batch_size)]
    if drop_last and 10 % batch_size:
        expected.pop()
    assert labels(loader) == labels(loader) == expected and len(loader) == len(expected)
    for x, y in loader:
        assert x.dtype == np.float32 and x[:, 0].tolist() == (2 * y).tolist()


def test_batches_do_not_share_memory_with_the_dataset():
    for x, _ in DataLoader(DATA, 4):
        assert not np.shares_memory(x.numpy(), X)


def test_shuffling_goes_through_all_samples_in_a_new_order_every_epoch():
    minigrad.manual_seed(0)
    loader = DataLoader(DATA, 3, shuffle=True)
    first, second = labels(loader), labels(loader)
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == Y.tolist()
    assert first != second and [len(batch) for batch in first] == [3, 3, 3, 1]


def test_one_seed_fixes_the_order_also_of_a_loader_made_before():
    loader = DataLoader(DATA, 3, shuffle=True)
    minigrad.manual_seed(5)
    first, second = labels(loader), labels(loader)
    minigrad.manual_seed(5)
    assert [labels(loader), labels(loader)] == [first, second]


def test_the_order_is_drawn_when_the_epoch_starts():
    loader = DataLoader(DATA, 5, shuffle=True)
    minigrad.manual_seed(1)
    expected = labels(loader)
    minigrad.manual_seed(1)
    epoch = iter(loader)
    minigrad.random.default_generator().random(7)
    assert [y.tolist() for _, y in epoch] == expected


def test_a_generator_of_its_own():
    def loader():
        return DataLoader(DATA, 3, shuffle=True, generator=np.random.default_rng(2))

    minigrad.manual_seed(0)
    state = minigrad.random.default_generator().bit_generator.state
    assert labels(loader()) == labels(loader())
    assert minigrad.random.default_generator().bit_generator.state == state


def test_without_shuffling_no_random_number_is_drawn():
    state = minigrad.random.default_generator().bit_generator.state
    labels(DataLoader(DATA, 3))
    assert minigrad.random.default_generator().bit_generator.state == state


def test_a_tensor_dataset_is_asked_once_for_each_batch():
    class Counting(TensorDataset):
        calls = 0

        def batch(self, indices):
            self.calls += 1
            return super().batch(indices)

    data = Counting(X, Y)
    assert len(labels(DataLoader(data, 4))) == 3 and data.calls == 3
    data.calls = 0
    assert labels(DataLoader(Subset(data, [3, 1, 2]), 2)) == [[3, 1], [2]] and data.calls == 2


def test_a_subclass_that_overrides_getitem_is_asked_for_every_sample():
    class Negated(TensorDataset):
        def __getitem__(self, index):
            assert type(index) is int
            x, y = super().__getitem__(index)
            return x, -y

    class Shifted(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index)[1] + 1

    assert labels(DataLoader(Negated(X, Y), 4)) == [[0, -1, -2, -3], [-4, -5, -6, -7], [-8, -9]]
    assert labels(DataLoader(Subset(Negated(X, Y), [3, 1]), 2)) == [[-3, -1]]
    assert [batch.tolist() for batch in DataLoader(Shifted(DATA, [5, 2]), 2)] == [[6, 3]]


def test_other_datasets_are_joined_sample_by_sample():
    class Words(Dataset):
        def __getitem__(self, index):
            return Tensor([float(index)]), {"word": "abc"[index], "n": index}

        def __len__(self):
            return 3

    batches = list(DataLoader(Words(), 2))
    assert isinstance(batches[0][0], Tensor) and batches[0][0].tolist() == [[0], [1]]
    assert batches[1][1]["word"] == ["c"] and batches[1][1]["n"].tolist() == [2]
    assert [batch.tolist() for batch in DataLoader([5, 6, 7], 2)] == [[5, 6], [7]]
    assert [batch.tolist() for batch in DataLoader(X[:3], 2)] == [X[:2].tolist(), X[2:3].tolist()]


def test_collate_fn_gets_a_list_of_samples():
    seen = []
    loader = DataLoader(DATA, 4, collate_fn=lambda samples: seen.append(samples) or len(samples))
    assert list(loader) == [4, 4, 2]
    assert isinstance(seen[0], list) and seen[2][1][1] == 9


def test_tensors_in_batches_of_tensors():
    x = Tensor(X, requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), 4):
        batch.sum().backward()
    assert (x.grad.numpy() == 1).all()


def test_an_empty_dataset_has_no_batches():
    loader = DataLoader(TensorDataset(X[:0]), 4)
    assert len(loader) == 0 and list(loader) == []


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"batch_size": 0}, ValueError, "at least 1, got 0"),
        ({"batch_size": -2}, ValueError, "at least 1, got -2"),
        ({"batch_size": 2.0}, TypeError, "integer"),
        ({"batch_size": 11, "drop_last": True}, ValueError, "leaves nothing of 10 samples in batches of 11"),
        ({"dataset": TensorDataset(X[:0]), "shuffle": True}, ValueError, "empty dataset cannot be shuffled"),
        ({"dataset": iter([1])}, TypeError, "list_iterator lacks one of them"),
        ({"generator": 0}, TypeError, r"numpy\.random\.Generator, got int; make one"),
    ],
)
def test_bad_arguments(options, kind, message):
    with pytest.raises(kind, match=message):
        DataLoader(**{"dataset": DATA, **options})


def test_repr_shows_the_dataset_and_the_options_that_were_chosen():
    data = TensorDataset(np.zeros((5, 2), np.float32))
    assert repr(DataLoader(data)) == "DataLoader(TensorDataset(float32 (5, 2)), batch_size=1)"
    draw = np.random.default_rng(0)
    assert repr(DataLoader(data, 2, shuffle=True, drop_last=True, generator=draw)) == (
        f"DataLoader(TensorDataset(float32 (5, 2)), batch_size=2, shuffle=True, drop_last=True, generator={draw!r})"
    )
    assert repr(DataLoader([1, 2, 3], 2, collate_fn=len)) == (
        "DataLoader(list(3 samples), batch_size=2, collate_fn=<built-in function len>)"
    )


def test_batches_of_a_file_in_memory_are_ordinary_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "file", np.float32, "w+", shape=(10, 2))
    mapped[:] = X
    for shuffle in (False, True):
        for (batch,) in DataLoader(TensorDataset(mapped), 4, shuffle=shuffle):
            assert type(batch.numpy()) is np.ndarray and batch.dtype == np.float32


def test_the_state_of_a_loader_can_be_saved(tmp_path):
    pytest.importorskip("safetensors", reason="minigrad.save needs safetensors")
    loader = DataLoader(DATA, 3, shuffle=True, generator=minigrad.random.Generator().manual_seed(2))
    epoch = iter(loader)
    next(epoch)
    minigrad.save({"loader": loader.state_dict()}, tmp_path / "run")
    again = DataLoader(DATA, 3, shuffle=True, generator=minigrad.random.Generator())
    again.load_state_dict(minigrad.load(tmp_path / "run")["loader"])
    assert labels(again) == labels(epoch)
