"""Max unpooling beside PyTorch's, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x, i: F.max_unpool2d(x[0, 0], i, 2), ValueError, r"\(N, C, H, W\) or \(C, H, W\), got shape \(2, 2\)"),
        (lambda x, i: F.max_unpool2d(x, i[:, :, :1], 2), ValueError, "return_indices=True"),
        (lambda x, i: F.max_unpool2d(x, i + 16, 2), IndexError, "max_unpool2d: index 16 at position .* size 16"),
        (lambda x, i: F.max_unpool2d(x, i - 1, 2), IndexError, "max_unpool2d: index -1"),
        (lambda x, i: F.max_unpool2d(x, i * 1.0, 2), (TypeError, IndexError), "max_unpool2d"),
        (lambda x, i: F.max_unpool2d(x, i, 2, output_size=(6, 4)), ValueError, r"output_size \(6, 4\) is out of reach"),
        (
            lambda x, i: F.max_unpool2d(x, i, 2, output_size=(4, 4, 4)),
            ValueError,
            "output_size needs one integer, or 2",
        ),
        (lambda x, i: F.max_unpool2d(x, i, 2, padding=2), ValueError, "is out of reach"),
        (lambda x, i: nn.MaxUnpool2d(0), ValueError, "MaxUnpool2d: kernel_size must be at least 1, got 0"),
        (lambda x, i: nn.MaxUnpool1d(2, 1.5), TypeError, "MaxUnpool1d: stride must be an integer, got 1.5"),
    ],
)
def test_what_is_refused(call, kind, message):
    x = Tensor(np.zeros((1, 1, 2, 2), np.float32))
    with pytest.raises(kind, match=message):
        call(x, np.zeros((1, 1, 2, 2), np.int64))
