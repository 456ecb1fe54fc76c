"""What every distribution has in common: shapes, checks of parameters and values, and what it can be asked."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..core.arrays import as_array, get_default_dtype
from ..core.caller import warn
from ..core.modes import no_grad
from ..core.tensor import Tensor
from ..ops.elementwise import exp, sqrt
from ..ops.shape.expand import broadcast_to
from . import constraints
from .utils import lazy_property, sizes_from

__all__ = ["Distribution"]

_EITHER = frozenset({"probs", "logits", "covariance_matrix", "precision_matrix", "scale_tril"})  # one of them is given


class _Undefined:
    """A class attribute that a family has to supply."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise NotImplementedError(f"{owner.__name__} does not define {self.name}")


class Distribution:
    """The base of all distributions.

    A family derives from it, names the regions of its parameters in ``arg_constraints`` and its own in ``support``,
    sets the parameters as attributes, and then calls this constructor. Of the methods it writes those that make sense:
    ``rsample`` (``has_rsample = True``) or ``sample``, ``log_prob``, ``entropy``, ``cdf``, ``icdf``, and the properties
    ``mean``, ``mode`` and ``variance``.

    Args:
        batch_shape: the shape of independent distributions that the parameters describe.
        event_shape: the shape of one draw from one of them.
        validate_args: whether to check parameters, and the values that are asked about; by default as set by
            ``set_default_validate_args``, which is on unless Python runs with ``-O``.

    Raises:
        ValueError: for a parameter outside its region, with the offending value and where it stands.
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    arg_constraints: Any = _Undefined("arg_constraints")
    support: Any = _Undefined("support")
    _validate_args: bool = __debug__
    _given: Any = None  # of parameters that stand for each other, the one that was given
    _also_shown: tuple[str, ...] = ()  # what repr shows beside the parameters that have constraints

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape = sizes_from(batch_shape, "batch_shape")
        self._event_shape = sizes_from(event_shape, "event_shape")
        if validate_args is not None:
            self._validate_args = bool(validate_args)
        if self._validate_args:
            self._validate_parameters()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Switch the checks of parameters and values on or off, for all distributions made from now on.

        Raises:
            ValueError: for anything but True and False.
        """
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args takes True or False, got {value!r}")
        Distribution._validate_args = bool(value)

    # --- shapes -------------------------------------------------------------------------------------------------------
    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape of the independent distributions that the parameters describe."""
        return self._batch_shape

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw from one of them."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> tuple[int, ...]:
        """The shape of what ``sample(sample_shape)`` returns."""
        return (*sizes_from(sample_shape), *self._batch_shape, *self._event_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        self._refuse("expand")

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """An empty instance for ``expand`` to fill."""
        if _instance is None and type(self).__init__ is not cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"{type(self).__name__} derives from {cls.__name__} and has its own __init__, so it needs its own "
                "expand(batch_shape, _instance=None) as well"
            )
        return object.__new__(type(self)) if _instance is None else _instance

    def _expanded(self, cls: type, batch_shape: Any, _instance: Any, *names: str) -> Any:
        """An instance whose parameters ``names``, of the shape of the batch, are repeated to ``batch_shape``."""
        new = self._get_checked_instance(cls, _instance)
        shape = sizes_from(batch_shape, "batch_shape")
        for name in names:
            setattr(new, name, broadcast_to(getattr(self, name), shape))
        Distribution.__init__(new, shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    # --- checks -------------------------------------------------------------------------------------------------------
    def _validate_parameters(self) -> None:
        try:
            regions = self.arg_constraints
        except NotImplementedError:
            warn(
                f"{type(self).__name__} does not define arg_constraints, so its parameters are not checked; set "
                "arg_constraints = {} in the class, or pass validate_args=False"
            )
            return
        for name, constraint in regions.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name, None), lazy_property):
                continue  # it will be computed from the parameters that were given
            value = as_array(getattr(self, name))
            valid = as_array(constraint.check(value))
            if not np.all(valid):
                family = type(self).__name__
                there = f"distributions.transform_to({family}.arg_constraints[{name!r}])(x)"
                cure = "" if constraint.is_discrete else f"{there} maps every real x there, where it can; "
                raise ValueError(
                    f"{family}: parameter {name} must satisfy {constraint!r}, got "
                    f"{_offending(constraint, value, valid)}; {cure}"
                    "validate_args=False leaves out the check"
                )

    def _validate_sample(self, value: Any) -> None:
        """Refuse values of a wrong shape or outside the support.

        Raises:
            ValueError: with the offending value and where it stands.
        """
        family, array = type(self).__name__, as_array(value)
        first = array.ndim - len(self._event_shape)
        if first < 0 or array.shape[first:] != self._event_shape:
            raise ValueError(
                f"{family}: the last dimensions of a value must be those of one draw, {self._event_shape}, got a value "
                f"of shape {array.shape}"
            )
        expected = (*self._batch_shape, *self._event_shape)
        for ours, theirs in zip(reversed(expected), reversed(array.shape), strict=False):
            if ours != theirs and 1 not in (ours, theirs):
                raise ValueError(
                    f"{family}: a value must broadcast with the shape {expected} of a draw from the batch, got "
                    f"{array.shape}"
                )
        try:
            support = self.support
        except NotImplementedError:
            warn(
                f"{family} does not define support, so values are not checked; define it in the class, or pass "
                "validate_args=False"
            )
            return
        valid = as_array(support.check(value))
        if not np.all(valid):
            raise ValueError(
                f"{family}: a value must lie in the support, {support!r}, got {_offending(support, array, valid)}; "
                "validate_args=False leaves out the check"
            )

    def _scored(self, value: Any) -> Any:
        """``value`` as a Tensor, checked if this distribution checks; numbers and lists take its precision."""
        if not isinstance(value, Tensor):
            value = _in_precision(value, self._precision())
        if self._validate_args:
            self._validate_sample(value)
        return value

    def _probability(self, value: Any) -> Any:
        """What ``icdf`` is asked about, as a Tensor, checked if this distribution checks."""
        value = value if isinstance(value, Tensor) else _in_precision(value, self._precision())
        valid = as_array(constraints.unit_interval.check(value))
        if self._validate_args and not np.all(valid):
            shown = _offending(constraints.unit_interval, as_array(value), valid)
            raise ValueError(f"{type(self).__name__}: icdf takes probabilities, from 0 to 1, got {shown}")
        return value

    def _precision(self) -> Any:
        """The dtype of the parameters."""
        for value in vars(self).values():
            if isinstance(value, Tensor) and value.dtype.kind == "f":
                return value.dtype
            if isinstance(value, Distribution):
                return value._precision()
        return get_default_dtype()

    def _refuse(self, what: str) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} has no {what}")

    # --- moments ------------------------------------------------------------------------------------------------------
    @property
    def mean(self) -> Any:
        """The mean."""
        self._refuse("mean")

    @property
    def mode(self) -> Any:
        """The most likely value."""
        self._refuse("mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        self._refuse("variance")

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return sqrt(self.variance)

    # --- samples ------------------------------------------------------------------------------------------------------
    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw from every distribution of the batch, ``sample_shape`` times; no gradient flows through it."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to the parameters: as a function of them and of fixed noise."""
        raise NotImplementedError(
            f"{type(self).__name__} has no rsample: no gradient flows through its draws; use sample(), and "
            "log_prob(sample) times the reward for the gradient of an expectation"
        )

    def sample_n(self, n: int) -> Any:
        """Draw ``n`` times: ``sample((n,))``, which is the newer spelling."""
        warn("sample_n(n) is deprecated; use sample((n,))", FutureWarning)
        return self.sample((n,))

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution along a new first dimension.

        Args:
            expand: whether to repeat them over the batch; otherwise its dimensions are 1.
        """
        self._refuse("enumerate_support")

    # --- densities ----------------------------------------------------------------------------------------------------
    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the probability of a discrete value."""
        self._refuse("log_prob")

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``."""
        self._refuse("cdf")

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``: the quantile function."""
        self._refuse("icdf")

    def entropy(self) -> Any:
        """The entropy in nats, for every distribution of the batch."""
        self._refuse("entropy")

    def perplexity(self) -> Any:
        """The exponential of the entropy: how many equally likely outcomes would be as uncertain."""
        return exp(self.entropy())

    def __repr__(self) -> str:
        kind, others = type(self), _EITHER - {self._given} if self._given else frozenset()
        lazy = {name for name in self.arg_constraints if isinstance(getattr(kind, name, None), lazy_property)}
        hidden = others | (lazy - vars(self).keys())
        names = [name for name in (*self._also_shown, *self.arg_constraints) if name not in hidden]
        return f"{type(self).__name__}({', '.join(f'{name}: {_brief(getattr(self, name))}' for name in names)})"


def _in_precision(value: Any, dtype: Any) -> Tensor:
    """A number, list or array as a Tensor; floats that have no dtype of their own in ``dtype``."""
    if hasattr(value, "dtype"):
        return Tensor(value)
    return Tensor(value, dtype=dtype if as_array(value).dtype.kind == "f" else None)


def _brief(parameter: Any) -> str:
    """A single number, or the shape of several."""
    values = as_array(parameter)
    if values.size != 1:
        return str(values.shape)
    return str(values[()]) if values.ndim == 0 else repr(parameter)


def _offending(constraint: Any, value: Any, valid: Any) -> str:
    """The first event of ``value`` that is not ``valid``, and where it stands."""
    place = tuple(int(i) for i in np.argwhere(np.logical_not(valid))[0])
    shape = value.shape[value.ndim - constraint.event_dim :] if constraint.event_dim else ()
    try:
        event = np.broadcast_to(value, (*valid.shape, *shape))[place]
    except ValueError:  # a constraint of several pieces, whose events have several shapes
        return f"one that is not, at {place} of its checks"
    shown, why = np.array2string(np.asarray(event), separator=", ", threshold=20), constraint.why(np.asarray(event))
    at = f" at position {place} of shape {valid.shape}" if place else ""
    return f"{shown}{at}{', ' * bool(why)}{why}"
