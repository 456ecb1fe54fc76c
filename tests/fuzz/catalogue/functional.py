"""Arguments of the functions of ``nn.functional``."""

from __future__ import annotations

from tests.fuzz.catalogue.products import bilinear, compared, one_set
from tests.fuzz.draw import Draw, dtype_of


def activation(d: Draw) -> list[str]:
    return [d.floating()]


def with_number(word: str, low: float, high: float) -> object:
    """An activation with one number, such as the slope of a leaky ReLU."""
    return lambda d: [d.floating(), *d.option(f"{word}={round(d.rng.uniform(low, high), 2)}")]


def along(d: Draw) -> list[str]:
    x = d.floating()
    return [x, f"dim={d.dim(x)}"]


def linear(d: Draw) -> list[str]:
    x = d.floating(low=1)
    n, m, dtype = d.size(x, -1), d.whole(1, 3), dtype_of(d.look(x))
    return [x, d.new([m, n], dtype), *d.option(d.new([m], dtype), 0.6)]


def scale_and_shift(d: Draw, shape: list[int], dtype: str) -> list[str]:
    return [f"{word}={d.new(shape, dtype, -3, 3)}" for word in ("weight", "bias") if d.chance(0.5)]


def layer_norm(d: Draw) -> list[str]:
    x = d.floating(low=1)
    shape = [int(n) for n in d.look(x).shape][-d.whole(1, d.look(x).dim() or 1) :]
    dtype = dtype_of(d.look(x))
    return [x, str(tuple(shape)), *scale_and_shift(d, shape, dtype)]


def rms_norm(d: Draw) -> list[str]:
    return [a for a in layer_norm(d) if not a.startswith("bias")]


def image(d: Draw, rank: int, channels: int = 0, least: int = 2) -> str:
    """A tensor (N, C, ...), often new, since few of the program have that many dimensions."""
    batch = [d.whole(1, 2), channels or d.whole(1, 3)]
    return d.new([*batch, *(d.whole(least, 4) for _ in range(rank))], d.often("float32", "float64"), -3, 3)


def group_norm(d: Draw) -> list[str]:
    groups = d.whole(1, 2)
    x = image(d, d.whole(1, 2), groups * d.whole(1, 2))
    return [x, str(groups), *scale_and_shift(d, [d.size(x, 1)], dtype_of(d.look(x)))]


def batch_norm(d: Draw) -> list[str]:
    x = image(d, d.whole(0, 2))
    n, dtype = d.size(x, 1), dtype_of(d.look(x))
    mean, variance = d.new([n], dtype, grad=False), d.new([n], dtype, 0.5, 2, grad=False)
    return [x, mean, variance, *scale_and_shift(d, [n], dtype), *d.option("training=True")]


def instance_norm(d: Draw) -> list[str]:
    return [image(d, d.whole(1, 2))]


def convolution(rank: int, transposed: bool = False) -> object:
    def arguments(d: Draw) -> list[str]:
        groups = d.often(1, 2)
        x = image(d, rank, groups * d.whole(1, 2), least=3)
        n, m, dtype = d.size(x, 1) // groups, d.whole(1, 2), dtype_of(d.look(x))
        kernel = [d.whole(1, 3) for _ in range(rank)]
        weight = [d.size(x, 1), m, *kernel] if transposed else [m * groups, n, *kernel]
        options = [*d.option(f"stride={d.whole(1, 2)}"), *d.option(f"padding={d.whole(0, 1)}")]
        if not transposed:
            options += d.option("dilation=2", 0.2)
        bias = d.option(f"bias={d.new([m * groups], dtype, -3, 3)}")
        return [x, d.new(weight, dtype, -3, 3), *bias, *options, *([] if groups == 1 else [f"groups={groups}"])]

    return arguments


def pool(rank: int, average: bool = False) -> object:
    def arguments(d: Draw) -> list[str]:
        options = [*d.option("stride=1"), *d.option("padding=1", 0.4), *d.option("ceil_mode=True", 0.3)]
        options += d.option("count_include_pad=False", 0.3) if average else d.option("dilation=2", 0.2)
        return [image(d, rank, least=3), "2", *options]

    return arguments


def adaptive_pool(rank: int) -> object:
    return lambda d: [image(d, rank), str(d.whole(1, 3))]


def padded(d: Draw) -> list[str]:
    x = d.tensor()
    sizes = [d.whole(-1 if d.chance(0.15) else 0, 2) for _ in range(2 * d.whole(0, min(d.look(x).dim(), 2)))]
    return [x, str(sizes), *d.option(f"value={d.number()}", 0.3)]


def padded_from_inside(d: Draw) -> list[str]:
    rank = d.whole(1, 2)
    sizes = [d.whole(0, 1) for _ in range(2 * rank)]
    return [image(d, rank), str(sizes), f"mode={d.pick('reflect', 'replicate', 'circular')!r}"]


def embedding(d: Draw) -> list[str]:
    n = d.whole(1, 4)
    return [d.places(d.shape(0, 2), n), d.new([n, d.whole(1, 3)], d.dtype("f")), *d.option("padding_idx=0", 0.3)]


def embedding_bag(d: Draw) -> list[str]:
    n, mode = d.whole(1, 4), d.pick("sum", "mean", "max")
    return [d.places([d.whole(1, 2), d.whole(1, 3)], n), d.new([n, d.whole(1, 3)], d.dtype("f")), f"mode={mode!r}"]


def cross_entropy(d: Draw) -> list[str]:
    x = d.floating(1, 3)
    shape = [int(n) for n in d.look(x).shape]
    classes = shape.pop(0 if len(shape) == 1 else 1) if shape else 1
    target = d.new(d.look(x).shape, dtype_of(d.look(x)), 0.1, 1) if d.chance(0.3) else d.places(shape, classes)
    options = d.option(f"weight={d.new([classes], dtype_of(d.look(x)), 0.5, 2, grad=False)}", 0.3)
    options += d.option("label_smoothing=0.1", 0.2)
    return [x, target.replace("int32", "int64"), *options, *d.option(f"reduction={d.pick('sum', 'none')!r}")]


def linear_cross_entropy(d: Draw) -> list[str]:
    x = d.floating(1, 2)
    *rows, n = (int(size) for size in d.look(x).shape)
    classes, dtype = d.whole(2, 3), dtype_of(d.look(x))
    target = d.places(rows, classes).replace("int32", "int64")
    options = d.option(f"linear_bias={d.new([classes], dtype)}", 0.3) + d.option("label_smoothing=0.1", 0.2)
    reduction = d.option(f"reduction={d.pick('sum', 'none')!r}")
    return [x, d.new([classes, n], dtype), target, *options, *reduction]


def mse_loss(d: Draw) -> list[str]:
    x = d.floating()
    return [x, d.same(x), *d.option(f"reduction={d.pick('sum', 'none')!r}")]


def with_share(word: str, low: float, high: float) -> object:
    return lambda d: [*mse_loss(d), *d.option(f"{word}={round(d.rng.uniform(low, high), 2)}")]


def answers(d: Draw) -> list[str]:
    x = d.floating()
    target = d.new(d.look(x).shape, dtype_of(d.look(x)), 0, 1, grad=False)
    return [x, target, *d.option(f"reduction={d.pick('sum', 'none')!r}")]


def probable_answers(d: Draw) -> list[str]:
    shape, dtype = d.shape(0, 3), d.often("float32", "float64")
    p, target = d.new(shape, dtype, 0.1, 0.9), d.new(shape, dtype, 0, 1, grad=False)
    return [p, target, *d.option(f"reduction={d.pick('sum', 'none')!r}")]


def several_answers(d: Draw) -> list[str]:
    x = d.floating(1)
    return [x, d.new(d.look(x).shape, dtype_of(d.look(x)), 0, 1, grad=False)]


def signs(d: Draw) -> list[str]:
    x = d.floating()
    return [x, f"1.0 - 2 * ({d.new(d.look(x).shape, dtype_of(d.look(x)), -1, 1, grad=False)} > 0)"]


def labelled(low: int, high: int) -> object:
    """Scores of classes and labels."""

    def arguments(d: Draw) -> list[str]:
        x = d.floating(low, high)
        shape = [int(n) for n in d.look(x).shape]
        classes = shape.pop(0 if len(shape) == 1 else 1) if shape else 1
        weight = d.option(f"weight={d.new([classes], dtype_of(d.look(x)), 0.5, 2, grad=False)}", 0.3)
        labels = d.places(shape, classes).replace("int32", "int64")
        return [x, labels, *weight, *d.option(f"reduction={d.pick('sum', 'none')!r}")]

    return arguments


def several_labels(d: Draw) -> list[str]:
    x = d.floating(1, 2)
    shape = [int(n) for n in d.look(x).shape]
    return [x, d.places(shape, shape[-1] if shape else 1).replace("int32", "int64")]


def of_spread(d: Draw) -> list[str]:
    x = d.floating()
    spread = d.new(d.look(x).shape, dtype_of(d.look(x)), 0.5, 2)
    return [x, d.same(x), spread, *d.option("full=True"), *d.option(f"reduction={d.pick('sum', 'none')!r}")]


def counts(d: Draw) -> list[str]:
    x = d.floating()
    return [x, d.new(d.look(x).shape, dtype_of(d.look(x)), 2, 5, grad=False), *d.option("full=True")]


def alike(d: Draw, count: int, shape: list[int] | None = None) -> list[str]:
    """New tensors of one shape, away from 0, where PyTorch's second derivatives of lengths are NaN."""
    shape = [d.whole(1, 4), d.whole(1, 3)] if shape is None else shape
    dtype = d.often("float32", "float64")
    return [d.new(shape, dtype, 0.5, 3) for _ in range(count)]


def reduction(d: Draw, *more: str) -> list[str]:
    return d.option(f"reduction={d.pick('sum', 'none', *more)!r}")


def signs_for(d: Draw, x: str, shape: list[int]) -> str:
    return f"1.0 - 2 * ({d.new(shape, dtype_of(d.look(x)), -1, 1, grad=False)} > 0)"


def margin_ranking(d: Draw) -> list[str]:
    x, y = alike(d, 2)
    return [x, y, signs_for(d, x, list(d.look(x).shape)), *d.option("margin=0.5"), *reduction(d)]


def hinge_embedding(d: Draw) -> list[str]:
    (x,) = alike(d, 1)
    return [x, signs_for(d, x, list(d.look(x).shape)), *d.option("margin=2.0"), *reduction(d)]


def cosine_embedding(d: Draw) -> list[str]:
    x, y = alike(d, 2)
    return [x, y, signs_for(d, x, [d.size(x, 0)]), *d.option("margin=0.5"), *reduction(d)]


def triplets(d: Draw) -> list[str]:
    options = [*d.option("margin=0.5"), *d.option("swap=True", 0.3), *d.option(f"p={d.pick(1.0, 3.0)}", 0.3)]
    return [*alike(d, 3), *options, *reduction(d)]


def triplets_with_distance(d: Draw) -> list[str]:
    distance = d.option("distance_function=lambda x, y: (x - y).abs().sum(-1)")
    return [*alike(d, 3), *distance, *d.option("margin=0.5"), *d.option("swap=True", 0.3), *reduction(d)]


def kl_div(d: Draw) -> list[str]:
    x, target = alike(d, 2)
    return [f"-{x}", target, f"reduction={d.pick('sum', 'none', 'batchmean')!r}", *d.option("log_target=True", 0.3)]


def attention(d: Draw) -> list[str]:
    batch, t, s, e, dtype = d.shape(0, 2), d.whole(1, 3), d.whole(1, 3), d.whole(1, 3), d.often("float32", "float64")
    query, key, value = (d.new([*batch, n, e], dtype, -3, 3) for n in (t, s, s))
    mask = d.pick([], [], ["is_causal=True"], [f"attn_mask={d.new([t, s], dtype, grad=False)}"])
    return [query, key, value, *mask]


def normalized(d: Draw) -> list[str]:
    x = d.floating(low=1)
    return [x, *d.option(f"p={d.pick(1.0, 2.0, 3.0)}", 0.4), *d.option(f"dim={d.dim(x)}")]


def shuffled(up: bool) -> object:
    def arguments(d: Draw) -> list[str]:
        sizes = [4 * d.whole(1, 2), d.whole(1, 2), d.whole(1, 2)] if up else [d.whole(1, 2), 2 * d.whole(1, 2), 2]
        return [d.new([*d.shape(0, 1), *sizes]), "2"]

    return arguments


def unfolded(d: Draw) -> list[str]:
    return [image(d, 2, least=3), "2", *d.option("stride=2", 0.4), *d.option("padding=1", 0.4)]


def folded(d: Draw) -> list[str]:
    return [d.new([d.whole(1, 2), 4, 4], d.often("float32", "float64")), "(4, 4)", "2", "stride=2"]


def interpolated(d: Draw) -> list[str]:
    mode = d.pick("nearest", "bilinear", "nearest-exact")
    size = d.pick("scale_factor=2", f"size=({d.whole(1, 5)}, {d.whole(1, 5)})")
    corners = d.option("align_corners=True", 0.4) if mode.startswith("bi") else []
    return [image(d, 2), size, f"mode={mode!r}", *corners]


ARGUMENTS = {
    **dict.fromkeys(
        "gelu glu hardsigmoid hardswish logsigmoid mish relu relu6 selu sigmoid silu softsign tanh tanhshrink".split(),
        activation,
    ),
    **dict.fromkeys("softmax softmin log_softmax".split(), along),
    "celu": with_number("alpha", 0.5, 2),
    "elu": with_number("alpha", 0.5, 2),
    "leaky_relu": with_number("negative_slope", 0, 0.5),
    "softplus": with_number("beta", 0.5, 2),
    "hardshrink": with_number("lambd", 0, 1),
    "hardtanh": with_number("min_val", -2, 0),
    "threshold": lambda d: [d.tensor("fi"), d.number(), d.number()],
    "prelu": lambda d: [x := d.floating(low=1), d.new([d.size(x, d.pick(1, 9))], dtype_of(d.look(x)), -3, 3)],
    "gelu": lambda d: [d.floating(), *d.option("approximate='tanh'", 0.3)],
    "glu": lambda d: [x := d.floating(low=1), *d.option(d.dim(x))],
    "linear": linear,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "local_response_norm": lambda d: [image(d, 1), "2"],
    "conv1d": convolution(1),
    "conv2d": convolution(2),
    "conv_transpose1d": convolution(1, transposed=True),
    "conv_transpose2d": convolution(2, transposed=True),
    "max_pool1d": pool(1),
    "max_pool2d": pool(2),
    "avg_pool1d": pool(1, average=True),
    "avg_pool2d": pool(2, average=True),
    "adaptive_avg_pool1d": adaptive_pool(1),
    "adaptive_avg_pool2d": adaptive_pool(2),
    "adaptive_max_pool1d": adaptive_pool(1),
    "adaptive_max_pool2d": adaptive_pool(2),
    "pad": lambda d: padded(d) if d.chance(0.6) else padded_from_inside(d),
    "embedding": embedding,
    "embedding_bag": embedding_bag,
    "bilinear": bilinear,
    "one_hot": lambda d: [d.new(d.shape(0, 2), "int64", 0, 3), *d.option("num_classes=4", 0.7)],
    "cross_entropy": cross_entropy,
    "linear_cross_entropy": linear_cross_entropy,
    "mse_loss": mse_loss,
    "l1_loss": mse_loss,
    "huber_loss": with_share("delta", 0.1, 3),
    "smooth_l1_loss": with_share("beta", 0, 3),
    "gaussian_nll_loss": of_spread,
    "poisson_nll_loss": counts,
    "binary_cross_entropy": probable_answers,
    "binary_cross_entropy_with_logits": answers,
    "multilabel_soft_margin_loss": several_answers,
    "soft_margin_loss": signs,
    "nll_loss": labelled(1, 3),
    "multi_margin_loss": labelled(1, 2),
    "multilabel_margin_loss": several_labels,
    "margin_ranking_loss": margin_ranking,
    "hinge_embedding_loss": hinge_embedding,
    "cosine_embedding_loss": cosine_embedding,
    "triplet_margin_loss": triplets,
    "triplet_margin_with_distance_loss": triplets_with_distance,
    "kl_div": kl_div,
    "cosine_similarity": compared("eps=0.5", "dim=0"),
    "pairwise_distance": compared("p=1.0", "keepdim=True"),
    "pdist": one_set,
    "scaled_dot_product_attention": attention,
    "normalize": normalized,
    "pixel_shuffle": shuffled(up=True),
    "pixel_unshuffle": shuffled(up=False),
    "unfold": unfolded,
    "fold": folded,
    "interpolate": interpolated,
    "upsample": interpolated,
}
