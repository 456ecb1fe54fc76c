"""Batches on their way from one process to another: large arrays through shared memory, all else through a pipe.

A worker writes a batch into one of its pieces of memory, which the main process sees as well and copies from. The
pieces are used in turn, as many as there are batches ahead, so one is free again before its turn comes. They have no
name that could be left behind: when the processes are gone, however they ended, the memory is too.
"""

from __future__ import annotations

import mmap
import os
import pickle
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

SMALL = 16384  # bytes; less than that goes through the pipe, which takes it without anybody waiting
_ALIGNMENT = 64


class Outbox:
    """A worker's end.

    Args:
        connection: a pipe, both ways, to the main process.
        pieces: how many batches may be on their way.
    """

    def __init__(self, connection: Connection, pieces: int) -> None:
        self.connection = connection
        self.pieces: list[mmap.mmap | None] = [None] * pieces
        self.turn = 0
        self.shares = hasattr(os, "memfd_create")  # elsewhere everything goes through the pipe

    def send(self, label: Any, message: Any) -> None:
        """Send a message under a label that can be read without it."""
        buffers: list[np.ndarray] = []

        def keep(buffer: pickle.PickleBuffer) -> bool:  # True: leave it in the pickle
            raw = buffer.raw()
            if raw.nbytes < SMALL:
                return True
            buffers.append(np.frombuffer(raw, np.uint8))
            return False

        body = pickle.dumps(message, 5, buffer_callback=keep if self.shares else None)
        if not self.shares or (not buffers and len(body) < SMALL):
            self._through_the_pipe(label, body)
            return
        parts = [np.frombuffer(body, np.uint8), *buffers]
        sizes = [len(part) for part in parts]
        turn = self.turn
        piece, new, handle = self.pieces[turn], 0, -1
        if piece is None or len(piece) < _end(sizes):
            new = _end(sizes) * 5 // 4  # the next batch may be somewhat larger
            try:
                handle, piece = _shared(new)
            except OSError:  # there is no more, or none at all
                self.shares = False
                self._through_the_pipe(label, pickle.dumps(message, 5))
                return
            self.pieces[turn] = piece
        self.turn = (turn + 1) % len(self.pieces)
        memory, start = np.frombuffer(piece, np.uint8), 0
        for part in parts:
            memory[start : start + len(part)] = part
            start = _aligned(start + len(part))
        self.connection.send_bytes(pickle.dumps((label, None, sizes, turn, new), 5))
        if new:
            reduction.send_handle(self.connection, handle, os.getppid())
            os.close(handle)

    def _through_the_pipe(self, label: Any, body: bytes) -> None:
        self.connection.send_bytes(pickle.dumps((label, body, None, 0, 0), 5))


class Inbox:
    """The main process's end for one worker."""

    def __init__(self, connection: Connection, pieces: int) -> None:
        self.connection = connection
        self.pieces: list[mmap.mmap | None] = [None] * pieces

    def receive(self, wanted: Any) -> tuple[Any, Any]:
        """The next label and its message; None for the message if the label does not begin with what is wanted."""
        label, body, sizes, turn, new = pickle.loads(self.connection.recv_bytes())
        if new:
            handle = reduction.recv_handle(self.connection)
            self.pieces[turn] = mmap.mmap(handle, new)
            os.close(handle)
        if label[0] != wanted:
            return label, None
        if body is not None:
            return label, pickle.loads(body)
        memory, start, parts = np.frombuffer(self.pieces[turn], np.uint8), 0, []
        for size in sizes:
            parts.append(memory[start : start + size].copy())
            start = _aligned(start + size)
        return label, pickle.loads(parts[0].data, buffers=parts[1:])


def _shared(size: int) -> tuple[int, mmap.mmap]:
    """Memory that another process can see too, and the handle by which it does."""
    handle = os.memfd_create("batch")
    try:
        os.ftruncate(handle, size)
        return handle, mmap.mmap(handle, size)
    except OSError:
        os.close(handle)
        raise


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _end(sizes: list[int]) -> int:
    return sum(map(_aligned, sizes))
