"""Batches on their way between processes: what is sent arrives, also where no memory can be shared."""

from __future__ import annotations

import multiprocessing
import os
import sys

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.data.workers import messages
from minigrad.data.workers.messages import Inbox, Outbox

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memory is shared on Linux only")


@pytest.fixture
def ends():
    there, here = multiprocessing.Pipe()
    yield Outbox(there, 2), Inbox(here, 2)
    there.close()
    here.close()


def sent(size, value):
    return {
        "x": np.full(size, value, np.float32),
        "t": Tensor(np.full((2, size), value)),
        "s": "text",
        "e": np.zeros(0),
    }


def same(first, second):
    return (
        first["x"].tobytes() == second["x"].tobytes()
        and first["t"].tolist() == second["t"].tolist()
        and (first["s"], first["x"].dtype, first["e"].shape) == (second["s"], second["x"].dtype, second["e"].shape)
    )


@pytest.mark.parametrize("sizes", [[5, 5, 5], [9000] * 5, [9000, 20_000, 3, 30_000, 5000, 50_000, 9000]])
@pytest.mark.parametrize("shares", [True, False])
def test_what_is_sent_arrives(ends, sizes, shares):
    outbox, inbox = ends
    outbox.shares = shares
    if not shares:  # the pipe takes only so much at a time, and nobody reads meanwhile
        sizes = [min(size, 5000) for size in sizes]
    kept = []
    for value, size in enumerate(sizes):
        outbox.send((1, value), sent(size, value))
        label, message = inbox.receive(1)
        assert label == (1, value)
        kept.append(message)
    for value, size in enumerate(sizes):
        assert same(kept[value], sent(size, value)), "later ones must not overwrite what was received"
        kept[value]["x"] += 1


def test_two_may_be_on_their_way(ends):
    outbox, inbox = ends
    for start in range(0, 6, 2):
        for value in (start, start + 1):
            outbox.send((1, value), sent(20_000, value))
        for value in (start, start + 1):
            assert same(inbox.receive(1)[1], sent(20_000, value))


def test_what_nobody_wants_any_more_is_passed_over(ends):
    outbox, inbox = ends
    for epoch, value in [(1, 0), (1, 1), (2, 2), (2, 3)]:  # the first two are overwritten by the others
        outbox.send((epoch, value), sent(20_000, value))
    received = [inbox.receive(2) for _ in range(4)]
    assert [message for _, message in received[:2]] == [None, None]
    assert [same(message, sent(20_000, value)) for (_, value), message in received[2:]] == [True, True]


def test_text_and_many_small_arrays_go_the_same_way(ends):
    outbox, inbox = ends
    message = {"text": ["word"] * 50_000, "arrays": [np.arange(100) for _ in range(100)]}
    outbox.send((0,), message)
    received = inbox.receive(0)[1]
    assert received["text"] == message["text"]
    assert all((array == np.arange(100)).all() for array in received["arrays"])


def test_where_no_memory_can_be_had(ends, monkeypatch):
    def refuse(size):
        raise OSError("no memory")

    outbox, inbox = ends
    monkeypatch.setattr(messages, "_shared", refuse)
    for value in (0, 1):
        outbox.send((1, value), sent(5000, value))
        assert same(inbox.receive(1)[1], sent(5000, value))
    assert not outbox.shares


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_handle_stays_open(ends):
    outbox, inbox = ends
    before = len(os.listdir("/proc/self/fd"))
    for size in range(10_000, 100_000, 5000):
        outbox.send((1,), sent(size, 0))
        inbox.receive(1)
    del outbox.pieces[:], inbox.pieces[:]
    assert len(os.listdir("/proc/self/fd")) <= before
