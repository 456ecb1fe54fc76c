"""Where values belong in a sorted sequence, and the different values where some are NaN."""

from __future__ import annotations

import numpy as np

import minigrad
from tests.parity import torch


def test_searchsorted_and_bucketize() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        rows = () if rng.random() < 0.5 else (int(rng.integers(1, 3)),)
        sequence = rng.integers(0, 6, (*rows, int(rng.integers(0, 6)))).astype(float)
        wanted = rng.integers(-1, 8, (*rows, int(rng.integers(0, 4)))).astype(float)
        options = {"out_int32": bool(rng.random() < 0.5), "right": bool(rng.random() < 0.5)}
        if rng.random() < 0.5:
            options["side"] = "right" if options["right"] else rng.choice(["left", "right"]).item()
        sorter = np.argsort(sequence, -1, kind="stable")
        cases = [(np.sort(sequence, -1), None), (sequence, sorter)]
        for given, order in cases:
            expected = torch.searchsorted(
                torch.tensor(given),
                torch.tensor(wanted),
                sorter=None if order is None else torch.tensor(order),
                **options,
            ).numpy()
            got = minigrad.searchsorted(minigrad.tensor(given), minigrad.tensor(wanted), sorter=order, **options)
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got.numpy(), expected)
        if not rows:
            options.pop("side", None)
            expected = torch.bucketize(torch.tensor(wanted), torch.tensor(cases[0][0]), **options).numpy()
            got = minigrad.bucketize(minigrad.tensor(wanted), minigrad.tensor(cases[0][0]), **options)
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got.numpy(), expected)
