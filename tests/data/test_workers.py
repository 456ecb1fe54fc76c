"""Workers: the same batches in the same order, errors that say where, and no process that stays."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

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
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)  # fmt: skip

FORK = pytest.param("fork", marks=pytest.mark.skipif(sys.platform != "linux", reason="starts processes by fork"))
KINDS = pytest.mark.parametrize("kind", [FORK, "thread"])
X = np.arange(23)


@pytest.fixture(autouse=True)
def no_process_stays():
    """Neither a process nor a thread that loads is left behind by any test."""
    yield
    deadline = time.monotonic() + 5
    while multiprocessing.active_children() or any(t.name.startswith("loader-") for t in threading.enumerate()):
        assert time.monotonic() < deadline, (multiprocessing.active_children(), threading.enumerate())
        time.sleep(0.01)


class Noisy(Dataset):
    """Samples with random numbers of every kind, and with who fetched them."""

    def __getitem__(self, index):
        info = get_worker_info()
        drawn = (mg.rand(1).item(), random.random(), np.random.random())  # noqa: NPY002 - as users' datasets do
        return index, drawn, -1 if info is None else info.id

    def __len__(self):
        return 12


class Stream(IterableDataset):
    def __init__(self, count=11):
        self.count = count

    def __iter__(self):
        info = get_worker_info()
        start, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(start, self.count, step))


def lists(loader):
    return [batch.tolist() for batch in loader]


# --- what comes -------------------------------------------------------------------------------------------------------
@KINDS
@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_order_for_the_same_seed_whatever_the_number_of_workers(kind, workers):
    def epochs(**options):
        mg.manual_seed(3)
        loader = DataLoader(X, 4, shuffle=True, **options)
        return [lists(loader), lists(loader), mg.rand(1).item()]

    expected = epochs()
    assert sorted(sum(expected[0], [])) == X.tolist() and expected[0] != expected[1]
    assert epochs(num_workers=workers, multiprocessing_context=kind) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="starts processes by fork")
def test_every_seed_gives_the_same_order_whatever_the_number_of_workers():
    """For every way to draw an order, with the library's generator and one of its own, over two epochs."""
    weights = np.arange(1, 24) / 24
    ways = {
        "shuffled": lambda g: {"shuffle": True, "batch_size": 5, "generator": g},
        "full batches": lambda g: {"shuffle": True, "batch_size": 4, "drop_last": True, "generator": g},
        "weighted": lambda g: {"sampler": WeightedRandomSampler(weights, 17, generator=g), "batch_size": 6},
        "a subset": lambda g: {"sampler": SubsetRandomSampler(range(3, 19), generator=g), "batch_size": 3},
        "batches": lambda g: {"batch_sampler": BatchSampler(RandomSampler(X, generator=g), 7, False)},
        "single": lambda g: {"shuffle": True, "batch_size": None, "generator": g},
    }
    kinds = [{}, {"num_workers": 1}, {"num_workers": 3, "persistent_workers": True, "prefetch_factor": 1}]
    kinds += [{"num_workers": count, "multiprocessing_context": "thread"} for count in (1, 2, 5)]
    seen = set()
    for seed, (way, own) in enumerate(itertools.product(ways, (False, True))):
        orders = []
        for kind in kinds:
            mg.manual_seed(seed)
            loader = DataLoader(X, **ways[way](mg.Generator().manual_seed(seed + 100) if own else None), **kind)
            orders.append([lists(loader), lists(loader), mg.rand(1).item()])
        assert orders == [orders[0]] * len(kinds), (seed, way, own)
        assert orders[0][0] != orders[0][1], "another order in every epoch"
        seen.add(repr(orders[0]))
    assert len(seen) == 2 * len(ways)


@KINDS
def test_what_workers_draw_depends_on_seed_and_batch_alone(kind):
    def epoch(workers, seed=5):
        mg.manual_seed(seed)
        loader = DataLoader(Noisy(), 3, shuffle=True, num_workers=workers, multiprocessing_context=kind)
        seen = [[(i.tolist(), [d.tolist() for d in drawn]) for i, drawn, _ in loader] for _ in range(2)]
        drawn = 3 if kind == "fork" else 1  # a thread must leave the global generators alone
        return [[(i, d[:drawn]) for i, d in each] for each in seen]

    first, second = epoch(1)
    assert epoch(2) == [first, second]
    numbers = [x for each in (first, second) for _, d in each for part in d for x in part]
    assert len({*numbers}) == len(numbers), "no number comes twice"
    assert epoch(2, seed=6) != [first, second]


@KINDS
def test_large_arrays_structures_and_tensors_arrive_unharmed(kind):
    class Large(Dataset):
        def __getitem__(self, index):
            return {
                "x": np.full((30, 40, 50), index, np.float32)[:, : 20 + 5 * (index % 3 == 0)][:, :20],
                "t": Tensor([float(index)]),
                "n": f"no. {index}",
                "empty": np.zeros((0, 3)),
            }

        def __len__(self):
            return 10

    loader = DataLoader(Large(), 2, num_workers=2, multiprocessing_context=kind)
    kept = list(loader)
    for batch, expected in zip(kept, DataLoader(Large(), 2), strict=True):
        assert batch["n"] == expected["n"] and batch["t"].tolist() == expected["t"].tolist()
        assert batch["x"].dtype == np.float32 and batch["empty"].shape == (2, 0, 3)
        np.testing.assert_array_equal(batch["x"].numpy(), expected["x"].numpy())
        batch["x"] += 1  # it belongs to whoever got it


@KINDS
def test_a_stream_is_shared_out(kind):
    for workers in (1, 2, 3):
        loader = DataLoader(Stream(), 2, num_workers=workers, multiprocessing_context=kind)
        assert sorted(sum(lists(loader), [])) == list(range(11))
    assert lists(DataLoader(Stream(), 2, num_workers=2, multiprocessing_context=kind)) == [
        [0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9],
    ]  # fmt: skip
    singles = DataLoader(Stream(5), None, num_workers=2, multiprocessing_context=kind)
    assert list(singles) == [0, 1, 2, 3, 4]
    assert lists(DataLoader(Stream(), 2, num_workers=2, drop_last=True, multiprocessing_context=kind))[-1] == [8, 10]


def test_a_stream_that_is_not_shared_out_is_noticed():
    class Whole(IterableDataset):
        def __iter__(self):
            return iter(range(4))

        def __len__(self):
            return 4

    loader = DataLoader(Whole(), 2, num_workers=2, multiprocessing_context="thread")
    assert len(loader) == 2
    with pytest.warns(UserWarning, match=r"4 samples, which are 2 batches, and more came.*get_worker_info"):
        assert len(list(loader)) == 4


@KINDS
def test_as_they_come(kind):
    gate = multiprocessing.get_context("fork" if kind == "fork" else None).Event()

    class Held(Dataset):
        def __getitem__(self, index):
            assert index or gate.wait(20)
            return index

        def __len__(self):
            return 6

    options = {"num_workers": 2, "multiprocessing_context": kind, "prefetch_factor": 1}
    loader = DataLoader(Held(), in_order=False, **options)
    epoch = iter(loader)
    seen = [next(epoch).item() for _ in range(3)]
    assert 0 not in seen
    state = loader.state_dict()
    gate.set()
    assert [b.item() for b in DataLoader(Held(), **options)] == list(range(6))
    rest = [b.item() for b in epoch]
    assert sorted(seen + rest) == list(range(6))
    again = DataLoader(Held(), in_order=False, **options)
    again.load_state_dict(state)
    assert sorted(b.item() for b in again) == sorted(rest)


# --- workers and what they know ---------------------------------------------------------------------------------------
@KINDS
def test_workers_know_who_they_are(kind):
    class Asking(Dataset):
        def __getitem__(self, index):
            info = get_worker_info()
            assert info.dataset is self or kind == "fork"
            return info.id, info.num_workers, info.seed, mg.random.initial_seed() != info.seed, os.getpid()

        def __len__(self):
            return 4

    loader = DataLoader(Asking(), 1, num_workers=2, multiprocessing_context=kind)
    ids, counts, seeds, reseeded, processes = zip(*[[part.item() for part in b] for b in loader], strict=True)
    assert ids == (0, 1, 0, 1) and counts == (2, 2, 2, 2) and seeds[1] == seeds[0] + 1 and all(reseeded)
    assert len({*processes}) == (2 if kind == "fork" else 1)
    assert get_worker_info() is None


@pytest.mark.skipif(sys.platform != "linux", reason="starts processes by fork")
def test_worker_init_fn_is_called_once_and_what_it_seeds_is_left_alone():
    def begin(worker):
        assert mg.random.initial_seed() == get_worker_info().seed
        np.random.seed(worker)  # noqa: NPY002 - PyTorch users' recipe

    loader = DataLoader(Noisy(), 6, num_workers=2, worker_init_fn=begin, persistent_workers=True)
    first = [drawn[2].tolist() for _, drawn, _ in loader]
    draws = [np.random.RandomState(worker).random_sample(12) for worker in (0, 1)]  # noqa: NPY002
    expected = [drawn.astype(np.float32).tolist() for drawn in draws]
    assert first == [e[:6] for e in expected]
    assert [drawn[2].tolist() for _, drawn, _ in loader] == [e[6:] for e in expected]


@KINDS
def test_persistent_workers_stay_also_after_a_break(kind):
    class Who(Dataset):
        def __getitem__(self, index):
            return threading.get_native_id()

        def __len__(self):
            return 8

    loader = DataLoader(Who(), 1, num_workers=2, persistent_workers=True, multiprocessing_context=kind)
    first = [b.item() for b in loader]
    for _ in loader:
        break
    assert [b.item() for b in loader] == first
    one, other = iter(loader), iter(loader)  # two at once: the second one has workers of its own
    assert {b.item() for b in one} == {*first} and not {b.item() for b in other} & {*first}
    counts = DataLoader(range(8), 3, num_workers=1, persistent_workers=True, multiprocessing_context=kind)
    for _ in range(3):
        assert next(iter(counts)).tolist() == [0, 1, 2]
    assert lists(counts) == [[0, 1, 2], [3, 4, 5], [6, 7]]


# --- what goes wrong --------------------------------------------------------------------------------------------------
class Broken(Dataset):
    def __init__(self, error):
        self.error = error

    def __getitem__(self, index):
        if index == 5:
            raise self.error
        return index

    def __len__(self):
        return 9


class Awkward(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")
        self.lock = threading.Lock()


@KINDS
@pytest.mark.parametrize("persistent", [False, True])
def test_errors_come_in_their_turn_with_the_workers_traceback(kind, persistent):
    loader = DataLoader(
        Broken(KeyError("no such file")), 2, num_workers=2, multiprocessing_context=kind, persistent_workers=persistent
    )
    seen = []
    with pytest.raises(KeyError, match="no such file") as caught:
        for batch in loader:
            seen.append(batch.tolist())
    assert seen == [[0, 1], [2, 3]]
    if kind == "fork":
        assert "in __getitem__" in str(caught.value.__cause__) and "worker 0" in caught.value.__notes__[0]
        assert not multiprocessing.active_children(), "also while the error is held"
    else:
        assert "__getitem__" in [entry.name for entry in caught.traceback]
    with pytest.raises(KeyError):
        list(loader)


@pytest.mark.skipif(sys.platform != "linux", reason="starts processes by fork")
def test_errors_that_cannot_be_sent():
    with pytest.raises(RuntimeError, match="Awkward: one and two") as caught:
        list(DataLoader(Broken(Awkward("one", "two")), 3, num_workers=1))
    assert "in __getitem__" in str(caught.value.__cause__)
    with pytest.raises(TypeError, match="a batch of type list cannot be sent from a worker: .*lambda"):
        list(DataLoader([lambda: 0], num_workers=1, collate_fn=lambda samples: samples))
    with pytest.raises(RuntimeError, match="only a stream may do"):
        list(DataLoader(Broken(StopIteration()), 3, num_workers=1))


@KINDS
def test_errors_of_the_start_and_of_the_sampler(kind):
    def fails(worker):
        raise OSError("no database")

    with pytest.raises(OSError, match="no database"):
        list(DataLoader(X, num_workers=1, multiprocessing_context=kind, worker_init_fn=fails))

    def order():
        yield from [0, 1, 2]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(DataLoader(X, sampler=order(), num_workers=1, multiprocessing_context=kind))


@pytest.mark.skipif(sys.platform != "linux", reason="starts processes by fork")
def test_a_worker_that_is_killed_is_named():
    class Deadly(Dataset):
        def __getitem__(self, index):
            os.kill(os.getpid(), signal.SIGKILL)

        def __len__(self):
            return 2

    with pytest.raises(RuntimeError, match=r"worker 0 .*SIGKILL unexpectedly.*fewer workers"):
        list(DataLoader(Deadly(), num_workers=1))

    class Exiting(Deadly):
        def __getitem__(self, index):
            os._exit(3)

    with pytest.raises(RuntimeError, match="exit code 3"):
        list(DataLoader(Exiting(), num_workers=2, in_order=False))


@KINDS
def test_timeout(kind):
    class Slow(Dataset):
        def __getitem__(self, index):
            time.sleep(0.4)
            return index

        def __len__(self):
            return 2

    with pytest.raises(RuntimeError, match=r"timeout=0.05 seconds"):
        list(DataLoader(Slow(), num_workers=1, timeout=0.05, multiprocessing_context=kind))
    assert len(list(DataLoader(Slow(), num_workers=2, timeout=60, multiprocessing_context=kind))) == 2


@KINDS
def test_an_early_break_leaves_nobody_behind(kind):
    for batch in DataLoader(X, 4, num_workers=2, multiprocessing_context=kind):
        assert batch.tolist() == [0, 1, 2, 3]
        break
    next(iter(DataLoader(X, num_workers=1, multiprocessing_context=kind)))
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform != "linux", reason="sends signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_main_one(how, tmp_path):
    program = textwrap.dedent(
        """
        import os, pathlib, sys, time
        import numpy as np
        from minigrad.data import DataLoader

        class Slow:
            def __getitem__(self, index):
                (folder / str(os.getpid())).touch()
                time.sleep(0.05)
                return np.zeros(100_000)
            def __len__(self):
                return 10_000

        folder = pathlib.Path(sys.argv[1])
        for batch in DataLoader(Slow(), 2, num_workers=2):
            print("on", flush=True)
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"on\n"
    workers = [int(path.name) for path in tmp_path.iterdir()]
    (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)  # Ctrl-C reaches the whole group
    _, errors = process.communicate(timeout=20)
    assert errors.count(b"KeyboardInterrupt\n") <= (how == signal.SIGINT) and b"leaked" not in errors
    assert process.returncode == -how
    deadline = time.monotonic() + 10
    while any(runs(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(process):
    """Whether there is such a process that is not merely waiting for its end to be noticed."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="sends signals")
def test_control_c_is_not_lost_while_workers_are_waited_for():
    program = textwrap.dedent(
        """
        import time
        from minigrad.data import DataLoader

        class Slow:
            def __getitem__(self, index):
                time.sleep(0.3 * (index > 0))
                return index
            def __len__(self):
                return 10

        for epoch in range(100):
            for batch in DataLoader(Slow(), num_workers=1):
                print("on", flush=True)
                break  # which waits for the worker
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout.readline() == b"on\n"
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT


def test_spawned_workers(tmp_path):
    loader = DataLoader(TensorDataset(X), 12, num_workers=1, multiprocessing_context="spawn")
    assert [x.tolist() for (x,) in loader] == [X[:12].tolist(), X[12:].tolist()]
    with pytest.raises(TypeError, match='at the top of a module.*multiprocessing_context="thread"'):
        iter(DataLoader(X, num_workers=1, multiprocessing_context="spawn", collate_fn=lambda samples: samples))
