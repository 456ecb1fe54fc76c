"""Memory shared with NumPy and PyTorch, in both directions."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops.creation import from_numpy
from minigrad.ops.interchange import from_dlpack
from tests.parity import LAYOUTS, random, torch

DTYPES = [
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
]
OUT = {
    "asarray": lambda t: np.asarray(t.detach()),
    "numpy": lambda t: t.detach().numpy(),
    "np.from_dlpack": lambda t: np.from_dlpack(t.detach()),
    "torch.from_dlpack": lambda t: torch.from_dlpack(t.detach()),
    "torch.from_numpy": lambda t: torch.from_numpy(t.detach().numpy()),
}
INTO = {
    "from_numpy": lambda a: from_numpy(a),
    "from_dlpack": lambda a: from_dlpack(a),
    "from_dlpack of torch": lambda a: from_dlpack(torch.from_numpy(a)),
    "torch's numpy": lambda a: from_numpy(torch.from_numpy(a).numpy()),
    "from_dlpack of a Tensor": lambda a: from_dlpack(from_numpy(a)),
}


def values(x):
    return x.numpy() if isinstance(x, (Tensor, torch.Tensor)) else x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("call", OUT)
def test_out(call, dtype):
    t = Tensor(np.array([[1, 0, 1], [0, 1, 0]], dtype))
    other = OUT[call](t)
    assert str(values(other).dtype) == dtype
    assert np.shares_memory(values(other), t._array)
    other[0, 1] = 1
    assert t[0, 1].item() == 1
    t[1, 0] = 1
    assert other[1, 0] == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("call", INTO)
def test_into(call, dtype):
    array = np.array([[1, 0, 1], [0, 1, 0]], dtype)
    t = INTO[call](array)
    assert type(t) is Tensor and t.dtype == dtype and t.is_leaf and not t.requires_grad
    assert np.shares_memory(t._array, array)
    array[0, 1] = 1
    assert t[0, 1].item() == 1
    t._array[1, 0] = 1
    assert array[1, 0] == 1


@pytest.mark.parametrize("call", ["from_numpy", "from_dlpack", "from_dlpack of torch", "from_dlpack of a Tensor"])
def test_in_place_writes_show_and_are_noticed(call):
    array = np.ones(3)
    t, w = INTO[call](array), Tensor([1.0, 2.0, 3.0], requires_grad=True)
    loss = (w * t).sum()
    t.zero_()
    assert not array.any()
    with pytest.raises(RuntimeError, match="overwritten in place"):
        loss.backward()


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "reversed"])
def test_any_layout(layout):
    array = LAYOUTS[layout](random)
    for t in (from_dlpack(from_numpy(array)), from_dlpack(np.from_dlpack(from_numpy(array))), from_numpy(array)):
        np.testing.assert_array_equal(t.numpy(), array)
        assert t._array.strides == array.strides or array.size < 2
        assert np.shares_memory(t._array, array) or array.size == 0
    if layout != "repeated":  # not writeable, which PyTorch does not know
        theirs = torch.from_dlpack(from_numpy(array))
        np.testing.assert_array_equal(theirs.numpy(), array)
        back = from_dlpack(theirs)
        np.testing.assert_array_equal(back.numpy(), array)
        assert np.shares_memory(back._array, array) or array.size == 0


def test_views_of_torch_come_in_without_a_copy():
    base = torch.arange(12.0).reshape(3, 4)
    for view in (base.T, base[::2], base[:, 1], base.expand(2, 3, 4), base[1:1]):
        t = from_dlpack(view)
        np.testing.assert_array_equal(t.numpy(), view.numpy())
    from_dlpack(base.T)[0, 1] = -1
    assert base[1, 0] == -1


def test_negative_strides():
    """DLPack knows them, PyTorch does not."""
    array = np.arange(6.0)[::-2]
    np.testing.assert_array_equal(np.from_dlpack(from_numpy(array)), array)
    with pytest.raises(Exception, match="negative strides"):
        torch.from_numpy(from_numpy(array).numpy())


def test_the_memory_lives_as_long_as_somebody_uses_it():
    t = from_dlpack(torch.arange(1000.0))
    other = np.from_dlpack(Tensor(np.arange(1000.0)))
    np.testing.assert_array_equal(t.numpy(), np.arange(1000))
    np.testing.assert_array_equal(other, np.arange(1000))


def test_gradients_through_shared_memory():
    weight = torch.ones(3, dtype=torch.float64)
    w = from_dlpack(weight).requires_grad_()
    (w * w).sum().backward()
    theirs = torch.from_dlpack(w.grad)
    assert theirs.tolist() == [2, 2, 2]


@pytest.mark.parametrize("leaf", [True, False], ids=["leaf", "inner"])
def test_what_requires_grad_is_refused(leaf):
    t = Tensor([1.0, 2.0], requires_grad=True)
    t = t if leaf else t * 2
    for export in (np.from_dlpack, torch.from_dlpack, from_dlpack, np.asarray, np.array, lambda x: x.numpy()):
        with pytest.raises((BufferError, TypeError, RuntimeError), match=r"\.detach\(\)"):
            export(t)
    assert np.from_dlpack(t.detach()).shape == (2,)


@pytest.mark.parametrize(
    ("make", "error", "mention"),
    [
        (lambda: [1.0, 2.0], TypeError, r"list does not speak DLPack.*minigrad.tensor"),
        (lambda: 3.0, TypeError, "float does not speak DLPack"),
        (lambda: torch.ones(2, dtype=torch.bfloat16), TypeError, "NumPy cannot share this Tensor"),
        (lambda: torch.ones(2, requires_grad=True), TypeError, "detach"),
        (lambda: torch.ones(2, dtype=torch.complex64), TypeError, "real numbers"),
        (lambda: np.ones(2, complex), TypeError, "real numbers"),
        (lambda: Elsewhere(), ValueError, r"device \(2, 0\).*\.cpu\(\)"),
    ],
)
def test_messages(make, error, mention):
    with pytest.raises(error, match=mention):
        from_dlpack(make())


class Elsewhere:
    def __dlpack__(self, **options):
        raise AssertionError("must not be asked")

    def __dlpack_device__(self):
        return 2, 0
