"""Every divergence that PyTorch knows among our families of numbers, with gradients of both orders, over batches."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minigrad.distributions import kl_divergence
from tests.distributions.families import FAMILIES, Family
from tests.distributions.statistics import random_between
from tests.parity import DTYPES, compare

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
REGISTRY = torch.distributions.kl._KL_REGISTRY if torch else {}
NAMES = {(p.__name__, q.__name__) for p, q in REGISTRY} | {("LogNormal", "LogNormal")}
PAIRS = [(p, q) for p, q in itertools.product(FAMILIES, FAMILIES) if (p.name, q.name) in NAMES]
BATCHES = [((), ()), ((3,), (3,)), ((2, 1), (3,))]


def arrays(family: Family, shape: tuple[int, ...], dtype: str, seed: int) -> list[np.ndarray]:
    return [random_between(*b, shape, dtype, seed=seed + i) for i, b in enumerate(family.parameters.values())]


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=lambda family: family.name)
@pytest.mark.parametrize("batches", BATCHES, ids=str)
@DTYPES
def test_kl_divergence(p: Family, q: Family, batches: Any, dtype: str) -> None:
    both = [*arrays(p, batches[0], dtype, 1), *arrays(q, batches[1], dtype, 5)]
    count = len(p.parameters)
    theirs_p, theirs_q = (getattr(torch.distributions, family.name) for family in (p, q))
    batch = np.broadcast_shapes(*batches)  # some of PyTorch's formulas cannot broadcast p to q
    tensors = list(map(torch.tensor, both))
    reference = torch.distributions.kl_divergence(theirs_p(*tensors[:count]).expand(batch), theirs_q(*tensors[count:]))
    if torch.isinf(reference).all():  # of the shape of p alone
        assert np.isinf(kl_divergence(p.ours(*both[:count]), q.ours(*both[count:])).numpy()).all()
        return
    compare(
        lambda *a: kl_divergence(p.ours(*a[:count]), q.ours(*a[count:])),
        lambda *a: torch.distributions.kl_divergence(theirs_p(*a[:count]).expand(batch), theirs_q(*a[count:])),
        *both,
        order=1 if (p.name, q.name) == ("Gumbel", "Gumbel") else None,  # PyTorch's polygamma is good to 1e-10 only
    )


def test_we_know_all_pairs_that_pytorch_knows() -> None:
    assert len(PAIRS) >= 30
