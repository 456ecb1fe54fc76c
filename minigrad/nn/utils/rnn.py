"""Sequences of different lengths: padded to one array, or packed without padding, as recurrent layers take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.arrays import as_array
from ...core.graph import Array
from ...core.tensor import Tensor, raw, to_tensor, wrap
from ...ops.index.basic import put
from ...ops.join import concatenate
from ..functional.sizes import at_least

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """A batch of sequences without padding: all their first steps, then all their second steps, and so on.

    Made by ``pack_padded_sequence`` and ``pack_sequence``, and by recurrent layers from such an input. It can be taken
    apart like a tuple. Elementwise functions may be applied to ``data``: ``packed._replace(data=packed.data.tanh())``.

    Attributes:
        data: (sum of lengths, ...): the steps, sequences in the order of falling length.
        batch_sizes: for every step, how many sequences have it.
        sorted_indices: for every sequence in the packed order, which it was in the batch; None if it was sorted.
        unsorted_indices: for every sequence of the batch, its position in the packed order; None if it was sorted.
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        """Check that the sizes fall and that there is a row of ``data`` for each."""
        if isinstance(data, tuple) and batch_sizes is None:
            data, batch_sizes = data
        sizes = _integers("PackedSequence: batch_sizes", batch_sizes)
        data = to_tensor(data)
        if not sizes.size or sizes.min() < 1 or (np.diff(sizes) > 0).any():
            raise ValueError(
                f"PackedSequence: batch_sizes must be positive and never grow, got {sizes.tolist()}; "
                "use pack_padded_sequence(input, lengths)"
            )
        if data.ndim == 0 or data.shape[0] != sizes.sum():
            raise ValueError(
                f"PackedSequence: data of shape {data.shape} must have {sizes.sum()} rows, the sum of batch_sizes"
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, wrap(sizes, None), sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With ``data.to(...)`` as data: another dtype, for example."""
        return self._replace(data=self.data.to(*args, **kwargs))


def invert_permutation(permutation: Any) -> Tensor | None:
    """The permutation that undoes another; None for None.

    Example:
        >>> invert_permutation([2, 0, 1])
        Tensor([1, 2, 0])
    """
    return None if permutation is None else wrap(np.argsort(raw(as_array(permutation)), kind="stable"), None)


# --- packing ----------------------------------------------------------------------------------------------------------
def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Take the padding out of a batch of padded sequences.

    Shapes:
        input: (time, batch, ...), or (batch, time, ...) with ``batch_first``.
        lengths: (batch,) integers, on the same device or as a list.

    Args:
        input: the sequences, each followed by padding whose values do not matter.
        lengths: how many steps each sequence really has.
        batch_first: whether the batch is the first dimension of ``input``.
        enforce_sorted: demand that lengths fall. With False they may come in any order; recurrent layers bring states
            and results back into it.

    Raises:
        ValueError: for lengths below 1, above the number of steps, not falling, or not one per sequence.

    Example:
        >>> packed = pack_padded_sequence(Tensor([[1.0, 4.0], [2.0, 0.0], [3.0, 0.0]]), [3, 1])
        >>> packed.data, packed.batch_sizes
        (Tensor([1., 4., 2., 3.]), Tensor([2, 1, 1]))
    """
    input = _steps_first("pack_padded_sequence", input, batch_first)
    time, batch = input.shape[:2]
    counts = _lengths("pack_padded_sequence", lengths, batch, time)
    if counts.min() < 1:
        raise ValueError(
            f"pack_padded_sequence: every length must be at least 1, got {counts.tolist()}; "
            "leave empty sequences out of the batch"
        )
    order = None
    if enforce_sorted:
        if (np.diff(counts) > 0).any():
            raise ValueError(
                f"pack_padded_sequence: lengths must fall, got {counts.tolist()}; "
                "pass enforce_sorted=False to have them sorted"
            )
    else:
        order = np.argsort(-counts, kind="stable")
        counts = counts[order]
        input = input[:, order]
    present = _present(counts, int(counts[0]))
    data = input[: counts[0]][present]
    return PackedSequence(data, present.sum(1), None if order is None else wrap(order, None))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The opposite of ``pack_padded_sequence``: padded sequences in their first order, and their lengths.

    Args:
        sequence: what a recurrent layer returned, for example.
        batch_first: whether the batch shall be the first dimension.
        padding_value: what stands behind the end of a sequence.
        total_length: pad to this number of steps, instead of that of the longest sequence.

    Raises:
        TypeError: for anything but a PackedSequence.
        ValueError: if a sequence is longer than ``total_length``.

    Example:
        >>> padded, lengths = pad_packed_sequence(pack_sequence([Tensor([1.0, 2.0]), Tensor([3.0])]))
        >>> padded, lengths
        (Tensor([[1., 3.], [2., 0.]]), Tensor([2, 1]))
    """
    if not isinstance(sequence, PackedSequence):
        raise TypeError(
            f"pad_packed_sequence takes a PackedSequence, got {type(sequence).__name__}; a Tensor is padded already"
        )
    sizes = raw(sequence.batch_sizes)
    longest = len(sizes)
    (time,) = at_least("pad_packed_sequence", 1, total_length=longest if total_length is None else total_length)
    if time < longest:
        raise ValueError(f"pad_packed_sequence: total_length={time}, but the longest sequence has {longest} steps")
    counts = (sizes[:, None] > np.arange(sizes[0])).sum(0)
    present = _present(counts, time)
    padded = _spread(sequence.data, present, padding_value)
    if sequence.unsorted_indices is not None:
        positions = raw(sequence.unsorted_indices)
        padded, counts = padded[:, positions], counts[positions]
    return (padded.swapaxes(0, 1) if batch_first else padded), wrap(counts, None)


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences, each (its length, ...); longest first, unless ``enforce_sorted`` is False.

    Example:
        >>> pack_sequence([Tensor([1.0, 2.0]), Tensor([3.0])]).data
        Tensor([1., 3., 2.])
    """
    tensors = _sequences("pack_sequence", sequences)
    lengths = [t.shape[0] for t in tensors]
    return pack_padded_sequence(pad_sequence(tensors), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The opposite of ``pack_sequence``: a list of the sequences in their first order.

    Example:
        >>> unpack_sequence(pack_sequence([Tensor([1.0, 2.0]), Tensor([3.0])]))
        [Tensor([1., 2.]), Tensor([3.])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


# --- padding ----------------------------------------------------------------------------------------------------------
def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """One Tensor of all sequences, the shorter ones filled up.

    Shapes:
        sequences: a list of (length, ...), equal but for the length.
        result: (longest, number, ...), or (number, longest, ...) with ``batch_first``.

    Args:
        sequences: the sequences.
        batch_first: whether the sequences shall be the first dimension.
        padding_value: what to fill up with.
        padding_side: ``"right"``, behind the end, or ``"left"``, before the beginning.

    Raises:
        ValueError: for no sequences, for shapes that differ in more than length, and for another side.

    Example:
        >>> pad_sequence([Tensor([1.0, 2.0]), Tensor([3.0])], batch_first=True)
        Tensor([[1., 2.], [3., 0.]])
    """
    if padding_side not in ("right", "left"):
        raise ValueError(f"pad_sequence: padding_side must be 'right' or 'left', got {padding_side!r}")
    tensors = _sequences("pad_sequence", sequences)
    counts = np.array([t.shape[0] for t in tensors])
    present = _present(counts, int(counts.max())).T
    if padding_side == "left":
        present = present[:, ::-1]
    padded = _spread(concatenate(tensors), present, padding_value)
    return padded if batch_first else padded.swapaxes(0, 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The opposite of ``pad_sequence``: the sequences without their padding.

    Example:
        >>> unpad_sequence(Tensor([[1.0, 2.0], [3.0, 0.0]]), [2, 1], batch_first=True)
        [Tensor([1., 2.]), Tensor([3.])]
    """
    padded = _steps_first("unpad_sequence", padded_sequences, batch_first)
    counts = _lengths("unpad_sequence", lengths, padded.shape[1], padded.shape[0])
    return [padded[: int(n), i] for i, n in enumerate(counts)]


# --- what they share --------------------------------------------------------------------------------------------------
def _present(counts: Array, time: int) -> Array:
    """(time, sequences): whether a sequence still goes on at a step."""
    return np.arange(time)[:, None] < counts


def _spread(rows: Tensor, present: Array, padding_value: float) -> Tensor:
    """The rows, in order, where ``present`` is true, and padding elsewhere."""
    padded: Tensor = put(rows, index=present, shape=present.shape + rows.shape[1:])
    if padding_value == 0:
        return padded
    kept = present.reshape(present.shape + (1,) * (rows.ndim - 1))
    filled: Any = np.where(kept, padded, np.full_like(raw(rows), padding_value, shape=()))
    return filled  # type: ignore[no-any-return]


def _steps_first(name: str, x: Any, batch_first: bool) -> Tensor:
    tensor = to_tensor(x)
    if tensor.ndim < 2:
        raise ValueError(f"{name}: padded sequences have dimensions for time and batch, got shape {tensor.shape}")
    return tensor.swapaxes(0, 1) if batch_first else tensor


def _sequences(name: str, sequences: Any) -> list[Tensor]:
    if not isinstance(sequences, (list, tuple, Tensor)):
        raise TypeError(f"{name} takes a list of sequences, got {type(sequences).__name__}")
    tensors = [to_tensor(x) for x in sequences]
    shapes = [t.shape for t in tensors]
    if not tensors or any(not s or s[1:] != shapes[0][1:] for s in shapes):
        raise ValueError(
            f"{name} needs at least one sequence, and shapes (length, ...) that differ in length only, got {shapes}"
        )
    return tensors


def _integers(what: str, values: Any) -> Array:
    array = np.array(as_array(values))
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise TypeError(f"{what} must be a list of integers, got {array.dtype} of shape {array.shape}")
    return array.astype(np.int64)


def _lengths(name: str, lengths: Any, batch: int, time: int) -> Array:
    counts = _integers(f"{name}: lengths", lengths)
    if counts.size != batch or not batch:
        raise ValueError(
            f"{name}: {counts.size} lengths for a batch of {batch} sequences; each needs one (is batch_first right?)"
        )
    if counts.max() > time or counts.min() < 0:
        raise ValueError(
            f"{name}: lengths {counts.tolist()} do not fit sequences padded to {time} steps (is batch_first right?)"
        )
    return counts
