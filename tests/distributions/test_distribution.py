"""The base of all distributions: what a family of one's own gets from it, its switches, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.distributions import Distribution, Independent, Normal, constraints
from minigrad.distributions.utils import (
    broadcast_all,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    sum_rightmost,
)


class Shifted(Distribution):
    """A family of one's own, as one would write it for PyTorch."""

    arg_constraints = {"loc": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, validate_args: bool | None = None) -> None:
        (self.loc,) = broadcast_all(loc)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Shifted, _instance)
        new.loc = self.loc.expand(batch_shape)
        super(Shifted, new).__init__(batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.loc + mg.randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return Normal(self.loc, 1.0).log_prob(value)


def test_a_family_of_ones_own() -> None:
    loc = Tensor([0.0, 1.0], requires_grad=True)
    distribution = Shifted(loc)
    assert repr(distribution) == "Shifted(loc: (2,))"
    assert repr(Shifted(1)) == "Shifted(loc: 1.0)"
    assert not distribution.sample((3,)).requires_grad
    distribution.rsample((3,)).sum().backward()
    np.testing.assert_array_equal(loc.grad.numpy(), [3, 3])
    assert distribution.expand((4, 2)).sample().shape == (4, 2)
    assert Independent(distribution, 1).log_prob(Tensor([0.0, 1.0])).shape == ()
    with pytest.raises(ValueError, match="Shifted: parameter loc"):
        Shifted(np.nan)
    with pytest.raises(ValueError, match="Shifted: a value must lie in the support"):
        distribution.log_prob(Tensor(np.nan))


def test_a_family_derived_from_another_needs_its_own_expand_beside_its_own_constructor() -> None:
    class Twice(Shifted):
        def __init__(self, loc: Any) -> None:
            super().__init__(2 * loc)

    with pytest.raises(NotImplementedError, match="Twice derives from Shifted and has its own __init__"):
        Twice(Tensor(1.0)).expand((2,))

    class Same(Shifted):
        pass

    assert type(Same(1.0).expand((2,))) is Same


def test_what_a_family_does_not_have_is_named() -> None:
    class Bare(Distribution):
        arg_constraints: dict[str, Any] = {}

    bare = Bare()
    for what in ("mean", "mode", "variance", "stddev"):
        with pytest.raises(NotImplementedError, match=f"Bare has no {'variance' if what == 'stddev' else what}"):
            getattr(bare, what)
    for what in ("log_prob", "cdf", "icdf"):
        with pytest.raises(NotImplementedError, match=f"Bare has no {what}"):
            getattr(bare, what)(0.0)
    for what in ("entropy", "enumerate_support"):
        with pytest.raises(NotImplementedError, match=f"Bare has no {what}"):
            getattr(bare, what)()
    with pytest.raises(NotImplementedError, match="Bare has no expand"):
        bare.expand((2,))
    with pytest.raises(NotImplementedError, match="Bare has no rsample: no gradient flows .* use sample"):
        bare.rsample()
    with pytest.raises(NotImplementedError, match="Bare does not define support"):
        bare.support  # noqa: B018 - asking is the test
    with pytest.warns(UserWarning, match="Bare does not define support, so values are not checked"):
        bare._validate_sample(1.0)


def test_a_class_without_constraints_warns_unless_told_not_to_check() -> None:
    with pytest.warns(UserWarning, match="does not define arg_constraints, so its parameters are not checked"):
        Distribution()
    Distribution(validate_args=False)


def test_the_default_of_the_checks() -> None:
    try:
        Distribution.set_default_validate_args(False)
        Normal(0.0, -1.0)
        with pytest.raises(ValueError, match="parameter scale"):
            Normal(0.0, -1.0, validate_args=True)
    finally:
        Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="parameter scale"):
        Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="takes True or False, got 3"):
        Distribution.set_default_validate_args(3)  # type: ignore[arg-type]


def test_sample_n_warns() -> None:
    with pytest.warns(FutureWarning, match=r"use sample\(\(n,\)\)"):
        assert Normal(0.0, 1.0).sample_n(3).shape == (3,)


def test_sample_shapes() -> None:
    normal = Normal([0.0, 1.0], 1.0)
    assert normal.sample(normal.sample().size()).shape == (2, 2)
    assert normal.sample(np.int64(3)).shape == (3, 2)
    for wrong in (2.5, (2.5,), "ab"):
        with pytest.raises(TypeError, match="sample_shape is an integer or a tuple"):
            normal.sample(wrong)
    with pytest.raises(ValueError, match="at least 0"):
        normal.sample((-1,))


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        ((0, 1), np.float32, ()),
        ((0.0, np.float64(1)), np.float32, ()),
        ((np.zeros(2), 1.0), np.float64, (2,)),
        ((np.zeros(2, np.float32), np.float64(2)), np.float32, (2,)),
        ((np.zeros(2, np.float32), np.zeros(())), np.float32, (2,)),
        ((np.zeros(2, np.float16), [1.0, 2.0]), np.float16, (2,)),
        ((np.zeros((2, 1), int), np.zeros(3, bool)), np.float32, (2, 3)),
        ((np.zeros(2, np.float32), np.zeros(1)), np.float64, (2,)),
    ],
)
def test_broadcast_all(values: Any, dtype: Any, shape: Any) -> None:
    for tensor in broadcast_all(*values):
        assert type(tensor) is Tensor
        assert (tensor.dtype, tensor.shape) == (dtype, shape)


def test_broadcast_all_keeps_graphs_and_copies_arrays() -> None:
    loc, array = Tensor(2.0, requires_grad=True), np.ones(3, np.float32)
    a, b = broadcast_all(loc, array)
    array[:] = 7
    (a * b).sum().backward()
    assert loc.grad.item() == 3
    with pytest.raises(ValueError, match=r"value0 of \(2,\) and value1 of \(3,\) do not"):
        broadcast_all(np.ones(2), np.ones(3))
    with pytest.raises(TypeError, match="Normal: parameter scale: "):
        Normal(0.0, "wide")
    with pytest.raises(TypeError, match="Normal: parameter loc: "):
        Normal(None, 1.0)


def test_lists_of_values_take_the_precision_of_the_parameters() -> None:
    double = Normal(np.float64(0) + np.zeros(1), 1.0)
    assert double.log_prob([0.1]).dtype == double.log_prob(0.1).dtype == np.float64
    assert double.log_prob(0.1).item() == double.log_prob(np.array([0.1])).item()
    assert Independent(double, 1).log_prob([0.1]).dtype == np.float64


def test_lazy_properties_are_computed_once_with_a_graph() -> None:
    class Thing:
        calls = 0

        @lazy_property
        def value(self) -> Any:
            """What it is."""
            self.calls += 1
            return Tensor(1.0, requires_grad=True) * 2

    thing = Thing()
    with mg.no_grad():
        first = thing.value
    assert first.requires_grad
    assert thing.value is first
    assert thing.calls == 1
    assert isinstance(Thing.value, lazy_property)
    assert Thing.value.__doc__ == "What it is."


def test_probabilities_and_logits() -> None:
    p = Tensor([0.0, 0.25, 1.0])
    assert np.isfinite(probs_to_logits(p, is_binary=True).numpy()).all()
    assert np.isfinite(probs_to_logits(p).numpy()).all()
    there_and_back = logits_to_probs(probs_to_logits(p, is_binary=True), is_binary=True)
    np.testing.assert_allclose(there_and_back.numpy(), p.numpy(), atol=1e-6)
    np.testing.assert_allclose(logits_to_probs(Tensor([0.0, 0.0, 0.0, 0.0])).numpy(), 0.25)
    assert clamp_probs(p).numpy().min() == np.finfo(np.float32).eps
    assert sum_rightmost(mg.ones(2, 3, 4), 2).tolist() == [12, 12]
    assert sum_rightmost(mg.ones(2, 0), 1).tolist() == [0, 0]


def test_values_of_another_library_are_refused() -> None:
    torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
    with pytest.raises(TypeError, match="minigrad.tensor"):
        Normal(torch.zeros(2), 1.0)
