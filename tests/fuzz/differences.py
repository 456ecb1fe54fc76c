"""Where minigrad differs from PyTorch on purpose: what happens, and why.

An entry is a reason, in words that a user could be told, and a predicate as narrow as that reason. ``examples.py`` has
a program for each that shows it, so none can outlive its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from tests.fuzz.worlds import Difference, defines

Predicate = Callable[[Difference], bool]


def _accepts(*messages: str) -> Predicate:
    """PyTorch raises, with one of these messages, and minigrad computes."""
    pattern = re.compile("|".join(messages))
    return lambda d: d.kind == "accepted" and pattern.search(d.theirs) is not None


def _refuses(*messages: str) -> Predicate:
    """Minigrad raises, with one of these messages, and PyTorch computes."""
    pattern = re.compile("|".join(messages))
    return lambda d: d.kind == "raised" and pattern.search(d.ours) is not None


def _does(kinds: str, operations: str) -> Predicate:
    """One of these operations gives a result that differs in one of these ways."""
    return lambda d: d.kind in kinds.split() and d.operation.rstrip("_") in operations.split()


def _both(*predicates: Predicate) -> Predicate:
    return lambda d: all(holds(d) for holds in predicates)


def _either(*predicates: Predicate) -> Predicate:
    return lambda d: any(holds(d) for holds in predicates)


def _outside_the_graph(d: Difference) -> bool:
    outside = {"requires_grad": "False", "is_leaf": "True"}
    theirs = d.values[1]
    return d.kind in outside and d.ours == outside[d.kind] and theirs is not None and theirs._is_view()


def _of_integers(d: Difference) -> bool:
    theirs = d.values[1]
    return d.kind in ("requires_grad", "is_leaf") and theirs is not None and not theirs.is_floating_point()


def _nothing(d: Difference) -> bool:
    """One gradient is None, and the other 0 everywhere."""
    return d.kind == "type" and all(value is None or not value.detach().any() for value in d.values)


def _rearranged(d: Difference) -> bool:
    ours, theirs = (np.sort(value.detach().numpy(), axis=None) for value in d.values)
    return bool(np.allclose(ours, theirs))


def _expanded(d: Difference) -> bool:
    return any(0 in tensor.stride() for tensor in d.inputs.values())


def _infinite(d: Difference) -> bool:
    return any(tensor.is_floating_point() and bool(tensor.isinf().any()) for tensor in d.inputs.values())


def _poles(d: Difference) -> bool:
    """Infinity stands where PyTorch has a huge number, and nothing else differs."""
    ours, theirs = (value.detach().numpy() for value in d.values)
    pole = np.isinf(ours) & (np.abs(theirs) > 1e12)
    return bool(pole.any() and np.allclose(ours[~pole], theirs[~pole], 1e-3, 1e-3, equal_nan=True))


def _without_a_value(d: Difference) -> bool:
    """NaN stands where PyTorch has a 0, or where there is NaN to begin with, and nothing else differs."""
    ours, theirs = (value.detach().numpy() for value in d.values)
    lost = np.isnan(ours)
    begun = any(tensor.is_floating_point() and bool(tensor.isnan().any()) for tensor in d.inputs.values())
    rest = np.allclose(ours[~lost], theirs[~lost], 1e-3, 1e-3)
    return bool(rest and (begun or not np.nan_to_num(theirs[lost], posinf=1, neginf=1).any()))


def _integers_of_both_ranks(d: Difference) -> bool:
    whole = [tensor for tensor in d.inputs.values() if not tensor.is_floating_point()]
    return {tensor.dim() == 0 for tensor in whole} == {True, False}


def _reads_what_it_writes(d: Difference) -> bool:
    arrays = [tensor.numpy(force=True) for tensor in d.inputs.values()]
    return d.kind == "values" and defines(d.statement) is None and any(map(np.shares_memory, arrays[1:], arrays[:-1]))


def _of_nothing(d: Difference) -> bool:
    return any(tensor.numel() == 0 for tensor in d.inputs.values())


def _limits(d: Difference) -> bool:
    """PyTorch computes inf - inf, inf / inf or 0 · inf on its way."""
    return _infinite(d) and d.theirs.count("nan") > d.ours.count("nan")


# --- minigrad takes more ----------------------------------------------------------------------------------------------
TAKEN: dict[str, Predicate] = {
    "every function takes every dtype": _accepts(
        "expected scalar type",
        "Bool inputs not supported",
        "may not be a boolean tensor",
        "not implemented for",
        "does not support bool",
        "on a bool tensor is not supported",
        "bool tensors? is not",
        "must be either float or double",
        "for tensors with different dtypes",
        "Boolean inputs not supported",
        "Expected a floating point or complex",
        "must be a 2-tuple",
        "on an unsigned type",
        "only support floating point",
        "expected dtype .* for `weight`",
    ),
    "the mean of integers is a float": _accepts("could not infer output dtype", "expected input to have floating"),
    "an index may have any integer dtype, a condition any dtype": _accepts(
        "[Ee]xpected dtype int64 for index",
        "[Ee]xpected a long tensor",
        "should be Long but got Int",
        "expected condition to be a boolean tensor",
    ),
    "a number will do for a Tensor": _accepts("must be Tensor, not (int|float|bool)"),
    "a factor may have any dtype": _accepts("alpha must not be a floating point", "Boolean alpha only supported"),
    "what is written takes the dtype of its place": _accepts("source and destination dtypes match"),
    "what is read and what is written may overlap": _either(
        _accepts("some elements of the input tensor and the written-to"), _reads_what_it_writes
    ),
    "everything has a derivative": _accepts("derivative for .* is not implemented"),
    "PyTorch fails inside": _accepts(
        "INTERNAL ASSERT", "doesn't match the broadcast shape", "PixelShuffleBackward0 returned an invalid gradient"
    ),
    "PyTorch's group_norm fails in backward with a bias alone": _accepts(
        "tensor does not have a device", r"shape '\[0\]' is invalid"
    ),
    "a fraction is cut off towards 0, and NaN is an integer too": _accepts("value cannot be converted to type u?int"),
    "a sum into integers is a constant": _accepts("Autograd not support dtype"),
    "there may be no rows": _accepts("so unique cannot be applied", "input tensor must be non-empty"),
    "a histogram leaves out NaN": _accepts("is not finite"),
    "a mask of nothing picks nothing of any dimension, as in NumPy": _accepts(r"The shape of the mask \[0\]"),
    "view copies where it must": _accepts("view size is not compatible with input tensor's size and stride"),
    "inside a graph a write makes new values, and leaves to others those that they saw": _accepts(
        "modified by an inplace operation",
        "a view of a leaf Variable that requires grad is being used",
        "A view was created in no_grad mode",
        "the output of a function that returns multiple views",
        "more than one element of the written-to tensor",
    ),
}

# --- minigrad refuses -------------------------------------------------------------------------------------------------
REFUSED: dict[str, Predicate] = {
    "what was detached, or made without recording, does not follow a write inside a graph": _refuses(
        "whose memory another Tensor"
    ),
    "elements that appear in several places are not written": _refuses("would write elements several times"),
    "means, variances and extrema of nothing are errors": _refuses(
        "(over|of) no values",
        "divides by zero",
        "the mean over an empty batch",
        "normalized_shape must be at least 1",
        "has no classes",
    ),
    "a backward pass without retain_graph uses up all that it goes through": _either(
        _refuses("was already used by a backward pass"), _accepts("backward through the graph a second time")
    ),
    "each library keeps other values for backward, and misses them when they are overwritten": _refuses(
        "which was overwritten in place after"
    ),
    "the result of a write in place fits its place": _refuses("cannot stay in a Tensor of"),
    "dimensions and positions have to exist, also in a tensor of nothing": _either(
        _both(_refuses(r"dimension -?\d+ does not exist"), _of_nothing), _refuses("is out of (range|bounds) for")
    ),
    "truth values have no sign": _refuses("ufunc 'sign' did not contain a loop"),
    "a single number is no matrix": _refuses(
        "adjoint needs a matrix", r"swapaxes: dimension -[12] does not exist in a Tensor of shape \((1,)?\)"
    ),
    "the mean of integers is no integer": _refuses(r"the mean of u?int\d+ is not an integer"),
    "a negative power of an integer is no integer, unless there is none": _either(
        _refuses("Integers to negative integer powers"), _accepts("Integers to negative integer powers")
    ),
    "values stay out of where their kind does not fit": _refuses(r"a value of \w+ cannot be written into"),
    "a number out of range is not written": _refuses("does not fit into", r"Python integer -?\d+ out of bounds"),
    "no gradient is lost silently": _refuses("passes no gradient on to its"),
}

# --- results that differ ----------------------------------------------------------------------------------------------
_COMPARISONS = "eq ne lt le gt ge greater greater_equal less less_equal not_equal == != < <= > >="
DIFFERENT: dict[str, Predicate] = {
    "a gradient is in the graph with create_graph alone": _does("requires_grad is_leaf", "gradients backward"),
    "a gradient without a value is NaN, where PyTorch has another rule": _both(
        _does("values", "gradients backward"), _without_a_value
    ),
    "no gradient is as good as one of 0": _both(_does("type", "gradients"), _nothing),
    "PyTorch adds the next gradient into what was pushed back": lambda d: (
        _does("values", "backward")(d) and not d.where.endswith(".grad")
    ),
    "what fails writes nothing; PyTorch has written what comes before": lambda d: d.kind == "left",
    "a view made outside the graph stays outside": _outside_the_graph,
    "integers never require grad": _of_integers,
    "a difference of nothing belongs to the graph": _both(_does("is_leaf requires_grad", "diff"), _of_nothing),
    "a term times beta=0 is left out": _does("requires_grad is_leaf", "addmm addmv addbmm baddbmm addr"),
    "of equal elements any may be named": lambda d: (
        _does("values", "kthvalue median topk")(d) and d.where.endswith("[1]")
    ),
    "of equal elements any may get the gradient": _both(_does("values", "gradients backward"), _rearranged),
    "the maximum of NaN is NaN": _both(_does("values", "embedding_bag"), lambda d: "nan" in d.ours),
    "PyTorch's median of an expanded tensor is another one": _both(_does("values", "median"), _expanded),
    "a view of a view comes from that view; PyTorch derives both anew from what was written": lambda d: (
        _does("type", "gradients")(d) and d.values[1] is None and any(t._is_view() for t in d.inputs.values())
    ),
    "integers are as wide as the widest; PyTorch lets a single one wrap around in the dtype of an array": _both(
        lambda d: d.kind == "dtype", _integers_of_both_ranks
    ),
    "a number is compared as it is; PyTorch wraps it to uint8": _both(
        _does("values", _COMPARISONS), lambda d: "uint8" in d.dtypes
    ),
    "where a function jumps, the last bit of half precision decides": _both(
        _does("values", "floor_divide // remainder % fmod div divide //= %="), lambda d: "float16" in d.dtypes
    ),
    "on the edge of two bins the last bit decides": _does("values", "histc"),
    "NaN has no sign": _does("values", "sign sgn heaviside"),
    "a function of NaN is NaN, also where another argument decides": _both(
        _does("values", "igamma igammac"), lambda d: d.ours.count("nan") > d.theirs.count("nan")
    ),
    "at a pole a derivative is infinite": _both(_does("values", "backward gradients"), _poles),
    "the soft margin of a large score does not overflow": _both(
        _does("values", "soft_margin_loss"), lambda d: "inf" in d.theirs and "inf" not in d.ours
    ),
    "none of a single number is none": _does("shape", "topk"),
    "a margin of NaN is NaN, and no margin that is kept": _does("values", "multilabel_margin_loss multi_margin_loss"),
    "a line through infinity starts at its beginning": _both(_does("values", "lerp quantile"), _infinite),
    "truth values count in int64": lambda d: _does("dtype", "pow **")(d) and d.dtypes == {"bool"},
    "a range is counted before it is converted": _either(_does("values", "arange"), _accepts("step must be nonzero")),
    "NaN comes last": _does("values shape", "unique"),
    "functions have their limits at infinity": _both(
        _does("values", "gelu mish silu hardswish softsign std_mean var_mean quantile cross_entropy i0"), _limits
    ),
    "the derivative of a product is the product of the others; PyTorch divides by each, also by infinity": _both(
        _does("values", "gradients backward"), _limits
    ),
    "a vector of zeros stays one when it is normalized, also in half precision": _both(
        _does("values", "normalize"), lambda d: "float16" in d.dtypes
    ),
    "the dtype of the result is that of the input": _does("dtype", "bincount"),
    "a result of any and all is bool": _does("dtype", "all any"),
    "steps and activations other than relu are floats": _does("dtype", "heaviside threshold relu6 hardtanh"),
    "pictures lie in memory batch last": _does("values", "is_contiguous"),
    "whether a new shape needs a copy depends on the order in memory, which may differ": _does(
        "memory", "reshape reshape_as view view_as flatten ravel contiguous"
    ),
    "a gradient shares memory with nothing, not even with the argument of backward": lambda d: (
        d.kind == "memory" and ".grad" in d.theirs and d.ours.startswith("its own")
    ),
    "softmax is a float": _does("dtype", "softmax log_softmax softmin"),
    "sums of products of small integers are int64": _does("dtype", "einsum tensordot"),
    "PyTorch's addmv of no columns does not broadcast": _does("shape", "addmv"),
    "PyTorch's pixel_unshuffle leaves an empty batch as it is": _does("shape", "pixel_unshuffle"),
}

TABLE: dict[str, Predicate] = {**TAKEN, **REFUSED, **DIFFERENT}


def known(difference: Difference) -> str | None:
    """The reason for a difference, if it is meant to be."""
    return next((reason for reason, matches in TABLE.items() if matches(difference)), None)
