"""One short program for every entry of the table of differences, whose last statement shows it."""

from __future__ import annotations

EXAMPLES = {
    # --- minigrad takes more ------------------------------------------------------------------------------------------
    "every function takes every dtype": """
v1 = lib.tensor([5, 1, 4], dtype=lib.int64)
v2 = lib.hypot(v1, v1)
""",
    "the mean of integers is a float": """
v1 = lib.tensor([1, 2], dtype=lib.uint8)
v2 = lib.mean(v1)
""",
    "an index may have any integer dtype, a condition any dtype": """
v1 = lib.tensor([1.0, 2.0])
v2 = lib.take(v1, lib.tensor([0, -1], dtype=lib.int32))
""",
    "a number will do for a Tensor": """
v1 = lib.tensor([0.0, 2.0])
v2 = lib.heaviside(v1, 1.0)
""",
    "a factor may have any dtype": """
v1 = lib.tensor([1, 2])
v2 = lib.add(v1, v1, alpha=0.5)
""",
    "what is written takes the dtype of its place": """
v1 = lib.tensor([1.0, 2.0])
v2 = lib.tensor([3.0], dtype=lib.float64)
v1[lib.tensor([0])] = v2
""",
    "what is read and what is written may overlap": """
v1 = lib.tensor([[1.0], [4.0]])
v1[lib.tensor([1, 0])] = v1
""",
    "everything has a derivative": """
v1 = lib.tensor([-1.5, 3.75], requires_grad=True)
v2 = v1 // 3
v2.sum().backward()
""",
    "PyTorch fails inside": """
v1 = lib.zeros((0, 4, 1, 1), requires_grad=True)
v2 = F.pixel_shuffle(v1, 2)
v2.sum().backward()
""",
    "PyTorch's group_norm fails in backward with a bias alone": """
v1 = lib.tensor([[[0.25, 1.25], [-0.5, 2.75]]])
v2 = lib.tensor([0.5, -3.0], requires_grad=True)
v3 = F.group_norm(v1, 2, bias=v2)
v3.sum().backward()
""",
    "a fraction is cut off towards 0, and NaN is an integer too": """
v1 = lib.tensor([2], dtype=lib.uint8)
v1[...] = -0.25
""",
    "a sum into integers is a constant": """
v1 = lib.tensor([1.5, 2.5], requires_grad=True)
v2 = v1.sum(dtype=lib.int64)
""",
    "there may be no rows": """
v1 = lib.zeros((0, 2))
v2 = lib.unique(v1, dim=1)
""",
    "a histogram leaves out NaN": """
v1 = lib.tensor([1.0, float('nan')])
v2 = lib.histc(v1, bins=2)
""",
    "a mask of nothing picks nothing of any dimension, as in NumPy": """
v1 = lib.zeros((0, 1))
v2 = v1[..., lib.zeros((0,), dtype=lib.bool)]
""",
    "view copies where it must": """
v1 = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
v2 = v1.t().view((4,))
""",
    "inside a graph a write makes new values, and leaves to others those that they saw": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
v2 = v1 * 2
v3 = v2 * v2
v2.add_(1)
v3.sum().backward()
""",
    # --- minigrad refuses ---------------------------------------------------------------------------------------------
    "what was detached, or made without recording, does not follow a write inside a graph": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
v2 = v1 * 2
v3 = v2.detach()
v2.add_(1)
""",
    "elements that appear in several places are not written": """
v1 = lib.tensor([[1.0], [2.0]])
v2 = v1.expand((2, 3))
v2[:1] = 0
""",
    "means, variances and extrema of nothing are errors": """
v1 = lib.tensor([3.0])
v2 = v1.var()
""",
    "a backward pass without retain_graph uses up all that it goes through": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
v2 = (v1 + 1).sum()
v2.backward()
v2.backward()
""",
    "each library keeps other values for backward, and misses them when they are overwritten": """
v1 = lib.tensor([1.0, 2.0])
v2 = lib.tensor([3.0, 4.0], requires_grad=True)
v3 = v1 / v2
with lib.no_grad(): v3.zero_()
v3.backward(v1)
""",
    "the result of a write in place fits its place": """
v1 = lib.tensor([True, False])
v1.cumsum_(0)
""",
    "dimensions and positions have to exist, also in a tensor of nothing": """
v1 = lib.zeros((0,))
v2 = lib.cummin(v1, 1)
""",
    "truth values have no sign": """
v1 = lib.tensor([True, False])
v2 = v1.sign()
""",
    "a single number is no matrix": """
v1 = lib.tensor(2.0)
v2 = v1.adjoint()
""",
    "the mean of integers is no integer": """
v1 = lib.tensor([-1, 0])
v2 = lib.scatter_reduce(v1, 0, lib.tensor([0]), v1, 'mean')
""",
    "a negative power of an integer is no integer, unless there is none": """
v1 = lib.tensor([2, -4])
v2 = v1 ** v1
""",
    "values stay out of where their kind does not fit": """
v1 = lib.tensor([1, 2])
v2 = lib.masked_fill(v1, lib.tensor([True, False]), 1.5)
""",
    "a number out of range is not written": """
v1 = lib.tensor([-1], dtype=lib.uint8)
""",
    "no gradient is lost silently": """
v1 = lib.tensor([1, 0])
v2 = lib.tensor([1.0, 2.0], requires_grad=True)
v3 = v1.bincount(weights=v2)
""",
    # --- results that differ ------------------------------------------------------------------------------------------
    "a gradient is in the graph with create_graph alone": """
v1 = lib.tensor([1.0], requires_grad=True)
v2 = gradients(v1, [v1], v1)
""",
    "a gradient without a value is NaN, where PyTorch has another rule": """
v1 = lib.tensor([-3.5], requires_grad=True)
v2 = 1 / F.hardswish(v1)
v2.backward(lib.tensor([1.0]))
""",
    "no gradient is as good as one of 0": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
v2 = v1 * lib.tensor([True, False])
v3 = gradients(v2.norm(0), [v1], lib.tensor(1.0))
""",
    "PyTorch adds the next gradient into what was pushed back": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
v2 = lib.tensor([3.0, 4.0])
v3 = v1.view((2,))
v3.backward(v2)
v4 = v1 * 2
v4.backward(lib.tensor([1.0, 1.0]))
""",
    "what fails writes nothing; PyTorch has written what comes before": """
v1 = lib.tensor([4, 0])
v2 = lib.tensor([4, 0])
v1 //= v2
""",
    "a view made outside the graph stays outside": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
with lib.no_grad(): v2 = v1[:1]
""",
    "integers never require grad": """
v1 = lib.tensor([1])
v2 = lib.tensor(3.0, requires_grad=True)
v1[()] = v2
""",
    "a difference of nothing belongs to the graph": """
v1 = lib.zeros((3, 0), requires_grad=True)
v2 = lib.diff(v1)
""",
    "a term times beta=0 is left out": """
v1 = lib.tensor([[1.0]], requires_grad=True)
v2 = lib.tensor([[2.0]])
v3 = v1.addmm(v2, v2, beta=0)
""",
    "of equal elements any may be named": """
v1 = lib.tensor([[1, 3, 1, 3], [2, 0, 1, 2]], dtype=lib.uint8)
v2 = lib.kthvalue(v1, 1, -1)
""",
    "of equal elements any may get the gradient": """
v1 = lib.tensor([-1.5, 1, -2, 3.25, 3.5, 0, 3, 0, -4, -1, 3.25, -4, 1, 0, -2, -1, -1, 4], requires_grad=True)
v2 = v1.quantile(0.9, interpolation='lower')
v3 = gradients(v2, [v1], lib.tensor(1.0))
""",
    "the maximum of NaN is NaN": """
v1 = lib.tensor([[0.0], [float('nan')], [1.0]])
v2 = F.embedding_bag(lib.tensor([[2, 1, 2]]), v1, mode='max')
""",
    "PyTorch's median of an expanded tensor is another one": """
v1 = lib.tensor([[[1.25]], [[-2.25]], [[-1.5]]]).expand((3, 2, 2))
v2 = v1.median(-2)
""",
    "a view of a view comes from that view; PyTorch derives both anew from what was written": """
v1 = lib.tensor([1.0, 2.0])
v2 = v1[:]
v3 = v2[:]
v4 = lib.tensor([3.0], requires_grad=True)
v1[:1] = v4
v5 = gradients(v3, [v2], lib.tensor([1.0, 1.0]))
""",
    "integers are as wide as the widest; PyTorch lets a single one wrap around in the dtype of an array": """
v1 = lib.tensor([-4, -2], dtype=lib.int16)
v2 = lib.tensor(1)
v3 = v1 + v2
""",
    "a number is compared as it is; PyTorch wraps it to uint8": """
v1 = lib.tensor([1, 4], dtype=lib.uint8)
v2 = lib.le(v1, -1)
""",
    "where a function jumps, the last bit of half precision decides": """
v1 = lib.tensor([2.0, 2.25], dtype=lib.float16)
v2 = lib.floor_divide(v1, 0.1)
""",
    "on the edge of two bins the last bit decides": """
v1 = lib.tensor(-1.91)
v2 = lib.histc(v1, bins=4)
""",
    "NaN has no sign": """
v1 = lib.tensor([float('nan'), 1.25])
v2 = v1.sign()
""",
    "a function of NaN is NaN, also where another argument decides": """
v1 = lib.tensor([float('nan'), 1.0])
v2 = v1.igammac(lib.tensor([0.0, 0.0]))
""",
    "at a pole a derivative is infinite": """
v1 = lib.tensor([-2.0], requires_grad=True)
v2 = v1.digamma()
v2.backward(lib.tensor([1.0]))
""",
    "the soft margin of a large score does not overflow": """
v1 = lib.tensor([-100.0])
v2 = F.soft_margin_loss(v1, lib.tensor([1.0]))
""",
    "none of a single number is none": """
v1 = lib.tensor(3.0)
v2 = v1.topk(0, -1)
""",
    "a margin of NaN is NaN, and no margin that is kept": """
v1 = lib.tensor([[float('nan'), 0.5, 1.0]])
v2 = F.multilabel_margin_loss(v1, lib.tensor([[1, -1, 0]]))
""",
    "a line through infinity starts at its beginning": """
v1 = lib.tensor([-2.25])
v2 = lib.tensor([float('inf')])
v3 = v1.lerp(v2, 0.75)
""",
    "truth values count in int64": """
v1 = lib.tensor([False, True])
v2 = lib.pow(v1, True)
""",
    "a range is counted before it is converted": """
v1 = lib.arange(-1, 0.5, 0.5, dtype=lib.int64)
""",
    "NaN comes last": """
v1 = lib.tensor([[float('nan'), 1.5, 0.0], [1.0, 2.0, 3.0]])
v2 = v1.unique(dim=1)
""",
    "functions have their limits at infinity": """
v1 = lib.tensor([0.95, -float('inf')])
v2 = F.softsign(v1)
""",
    "the derivative of a product is the product of the others; PyTorch divides by each, also by infinity": """
v1 = lib.tensor([float('inf'), 2.0], requires_grad=True)
v2 = lib.ones(1).scatter_reduce(0, lib.tensor([0, 0]), v1, 'prod')
v3 = gradients(v2, [v1], lib.tensor([1.0]))
""",
    "a vector of zeros stays one when it is normalized, also in half precision": """
v1 = lib.tensor([[1.0, 0.0], [2.0, 0.0]], dtype=lib.float16)
v2 = F.normalize(v1, dim=0)
""",
    "the dtype of the result is that of the input": """
v1 = lib.tensor([1, 0])
v2 = lib.bincount(v1, weights=lib.tensor([-1.0, 1.0], dtype=lib.float16))
""",
    "a result of any and all is bool": """
v1 = lib.tensor([1, 4], dtype=lib.uint8)
v2 = lib.all(v1)
""",
    "steps and activations other than relu are floats": """
v1 = lib.tensor([2, 1])
v2 = F.threshold(v1, 0.3, 2)
""",
    "pictures lie in memory batch last": """
v1 = lib.tensor([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]])
v2 = F.conv2d(v1, v1[:1, :, :1, :1])
v3 = v2.is_contiguous()
""",
    "whether a new shape needs a copy depends on the order in memory, which may differ": """
v1 = lib.tensor([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]])
v2 = F.conv2d(v1, v1[:1, :, :1, :1])
v3 = v2.flatten()
""",
    "a gradient shares memory with nothing, not even with the argument of backward": """
v1 = lib.tensor([1.0, 2.0], requires_grad=True)
v2 = lib.tensor([3.0, 4.0])
v3 = v1.view((2,))
v3.backward(v2)
v4 = v2[:1]
""",
    "softmax is a float": """
v1 = lib.zeros((2, 0), dtype=lib.int64)
v2 = F.softmin(v1, dim=1)
""",
    "sums of products of small integers are int64": """
v1 = lib.tensor([[[4], [0], [0]], [[0], [2], [3]]], dtype=lib.uint8)
v2 = lib.tensor([[[4, 4]], [[3, 2]], [[2, 4]]], dtype=lib.uint8)
v3 = lib.tensordot(v1, v2, 2)
""",
    "PyTorch's addmv of no columns does not broadcast": """
v1 = lib.zeros((2, 0))
v2 = lib.addmv(lib.tensor([1.0]), v1, lib.zeros((0,)))
""",
    "PyTorch's pixel_unshuffle leaves an empty batch as it is": """
v1 = lib.zeros((0, 1, 4, 2))
v2 = F.pixel_unshuffle(v1, 2)
""",
}
