"""A Tensor that requires grad where a number belongs gets its gradient, or is refused: it is never dropped."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, autograd, nn
from minigrad.nn import functional as F
from minigrad.nn import init

PLACES: dict[str, Any] = {"minigrad": minigrad, "F": F, "init": init, "Tensor": Tensor, "nn": nn, "utils": nn.utils}
# Not a number that a result could depend on smoothly, or one whose result is never recorded.
WITHOUT = {
    ("minigrad", "allclose"), ("minigrad", "isclose"), ("Tensor", "allclose"), ("Tensor", "isclose"),
    ("nn", "Transformer"), ("nn", "TransformerDecoderLayer"), ("nn", "TransformerEncoderLayer"),
    ("nn", "GenerationHead"), ("nn", "GATConv"), ("nn", "MultiheadAttention"),
    ("nn", "SoftmaxHead"), ("nn", "LearnedPositionalEncoding"),
    ("nn", "GRU"), ("nn", "LSTM"), ("nn", "RNN"), ("F", "multi_head_attention_forward"), ("F", "celu_"), ("F", "elu_"),
    ("F", "hardtanh_"), ("F", "leaky_relu_"), ("F", "rrelu_"), ("F", "threshold_"),
}  # fmt: skip


def floats_of(function: Any) -> Iterator[str]:
    """The parameters that are numbers, by their annotation or default."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    for name, parameter in parameters.items():
        if "float" in str(parameter.annotation) or isinstance(parameter.default, float):
            yield name


def numbers() -> Iterator[tuple[str, str, str]]:
    """(place, function, parameter) for all public functions and layers that take a number."""
    for place, holder in PLACES.items():
        for name in dir(holder):
            thing = getattr(holder, name)
            if place == "Tensor" and name.endswith("_") and hasattr(Tensor, name[:-1]):
                continue  # computed by the function of that name
            if name.startswith("_") or not callable(thing) or isinstance(thing, types.ModuleType):
                continue
            if isinstance(thing, type):
                if place != "nn":
                    continue
                thing = thing.__init__
            if (place, name) not in WITHOUT:
                yield from ((place, name, parameter) for parameter in floats_of(thing))


def x(*shape: int) -> Tensor:
    values = np.random.default_rng(0).uniform(-0.9, 0.9, shape or (2, 3, 4))
    return Tensor(values.astype(np.float32), requires_grad=True)


def leaf(*shape: int) -> Tensor:
    """A Tensor that may be overwritten."""
    return Tensor(np.zeros(shape or (2, 3), np.float32))


# How to call what takes more than a Tensor of shape (2, 3, 4) and options.
CALLS: dict[str, Callable[..., Any]] = {
    "minigrad.add": lambda **o: minigrad.add(x(), x(), **o),
    "minigrad.sub": lambda **o: minigrad.sub(x(), x(), **o),
    "minigrad.subtract": lambda **o: minigrad.subtract(x(), x(), **o),
    "minigrad.histc": lambda **o: minigrad.histc(x(), **{"max": 2.0, **o}),
    "Tensor.histc": lambda **o: x().histc(**{"max": 2.0, **o}),
    "minigrad.index_add": lambda **o: minigrad.index_add(x(3), 0, [0, 1], x(2), **o),
    "minigrad.logspace": lambda **o: minigrad.logspace(0, 1, 3, **o),
    "minigrad.normal": lambda **o: minigrad.normal(size=(2,), **o),
    "F.cross_entropy": lambda **o: F.cross_entropy(x(2, 3), [0, 1], **o),
    "F.linear_cross_entropy": lambda **o: F.linear_cross_entropy(x(2, 3), x(4, 3), [0, 1], **o),
    "nn.LinearCrossEntropyLoss": lambda **o: nn.LinearCrossEntropyLoss(3, 4, **o)(x(2, 3), [0, 1]),
    "nn.AdaptiveLogSoftmaxWithLoss": lambda **o: nn.AdaptiveLogSoftmaxWithLoss(8, 9, [3], **o)(x(2, 8), [0, 5]),
    "F.dropout3d": lambda **o: F.dropout3d(x(2, 3, 4, 4), **o),
    "nn.Dropout3d": lambda **o: nn.Dropout3d(**o)(x(2, 3, 4, 4)),
    "F.embedding": lambda **o: F.embedding([0, 1], x(3, 2), **{"max_norm": 1.0, **o}),
    "F.embedding_bag": lambda **o: F.embedding_bag([[0, 1]], x(3, 2), **{"max_norm": 1.0, **o}),
    "F.layer_norm": lambda **o: F.layer_norm(x(), 4, **o),
    "F.rms_norm": lambda **o: F.rms_norm(x(), 4, **o),
    "F.group_norm": lambda **o: F.group_norm(x(), 3, **o),
    "F.batch_norm": lambda **o: F.batch_norm(x(), leaf(3), leaf(3), training=True, **o),
    "F.instance_norm": lambda **o: F.instance_norm(x(), leaf(3), leaf(3), **o),
    "F.local_response_norm": lambda **o: F.local_response_norm(x(), 2, **o),
    "F.pad": lambda **o: F.pad(x(), (1, 1), **o),
    "F.threshold": lambda **o: F.threshold(x(), **{"threshold": 0.1, "value": 0.5, **o}),
    "F.scaled_dot_product_attention": lambda **o: F.scaled_dot_product_attention(x(), x(), x(), **o),
    "F.rrelu": lambda **o: F.rrelu(x(), **{"lower": 0.1, "upper": 0.9, **o}),
    "init.calculate_gain": lambda **o: init.calculate_gain("leaky_relu", **o),
    "init.constant_": lambda **o: init.constant_(leaf(), **o),
    "init.sparse_": lambda **o: init.sparse_(leaf(), **{"sparsity": 0.5, **o}),
    "Tensor.add": lambda **o: x().add(x(), **o),
    "Tensor.sub": lambda **o: x().sub(x(), **o),
    "Tensor.subtract": lambda **o: x().subtract(x(), **o),
    "Tensor.index_add": lambda **o: x(3).index_add(0, [0, 1], x(2), **o),
    "Tensor.bernoulli_": lambda **o: leaf().bernoulli_(**o),
    "Tensor.normal_": lambda **o: leaf().normal_(**o),
    "Tensor.uniform_": lambda **o: leaf().uniform_(**{"low": 0.0, "high": 1.0, **o}),
    "nn.BatchNorm1d": lambda **o: nn.BatchNorm1d(3, **o)(x()),
    "nn.BatchNorm2d": lambda **o: nn.BatchNorm2d(3, **o)(x(2, 3, 4, 4)),
    "nn.BatchNorm3d": lambda **o: nn.BatchNorm3d(3, **o)(x(2, 3, 4, 4, 4)),
    "nn.InstanceNorm1d": lambda **o: nn.InstanceNorm1d(3, track_running_stats=True, **o)(x()),
    "nn.InstanceNorm2d": lambda **o: nn.InstanceNorm2d(3, track_running_stats=True, **o)(x(2, 3, 4, 4)),
    "nn.InstanceNorm3d": lambda **o: nn.InstanceNorm3d(3, track_running_stats=True, **o)(x(2, 3, 4, 4, 4)),
    "nn.ConstantPad1d": lambda **o: nn.ConstantPad1d(1, **o)(x()),
    "nn.ConstantPad2d": lambda **o: nn.ConstantPad2d(1, **o)(x()),
    "nn.Embedding": lambda **o: nn.Embedding(3, 2, **{"max_norm": 1.0, **o})([0, 1]),
    "nn.EmbeddingBag": lambda **o: nn.EmbeddingBag(3, 2, **{"max_norm": 1.0, **o})([[0, 1]]),
    "nn.CrossEntropyLoss": lambda **o: nn.CrossEntropyLoss(**o)(x(2, 3), [0, 1]),
    "nn.LayerNorm": lambda **o: nn.LayerNorm(4, **o)(x()),
    "nn.RMSNorm": lambda **o: nn.RMSNorm(4, **o)(x()),
    "nn.GroupNorm": lambda **o: nn.GroupNorm(3, 3, **o)(x()),
    "nn.LocalResponseNorm": lambda **o: nn.LocalResponseNorm(2, **o)(x()),
    "nn.Hardtanh": lambda **o: nn.Hardtanh(**{"min_val": -0.75, "max_val": 0.75, **o})(x()),
    "nn.PReLU": lambda **o: nn.PReLU(**o)(x()),
    "nn.RReLU": lambda **o: nn.RReLU(**{"lower": 0.1, "upper": 0.9, **o})(x()),
    "nn.Threshold": lambda **o: nn.Threshold(**{"threshold": 0.1, "value": 0.5, **o})(x()),
    "nn.Upsample": lambda **o: nn.Upsample(**o)(x()),
    "nn.UpsamplingBilinear2d": lambda **o: nn.UpsamplingBilinear2d(**o)(x(1, 1, 4, 4)),
    "nn.UpsamplingNearest2d": lambda **o: nn.UpsamplingNearest2d(**o)(x(1, 1, 4, 4)),
    "nn.RotaryPositionalEncoding": lambda **o: nn.RotaryPositionalEncoding(4, **o)(x(2, 3, 4)),
    "nn.SinusoidalPositionalEncoding": lambda **o: nn.SinusoidalPositionalEncoding(4, **o)(x(2, 3, 4)),
    "utils.clip_grad_norm_": lambda **o: nn.utils.clip_grad_norm_([with_grad()], **{"max_norm": 1.0, **o}),
    "utils.clip_grad_norm": lambda **o: nn.utils.clip_grad_norm([with_grad()], **{"max_norm": 1.0, **o}),
    "utils.clip_grads_with_norm_": lambda **o: nn.utils.clip_grads_with_norm_(
        [with_grad()], **{"max_norm": 1.0, "total_norm": 1.0, **o}
    ),
    "utils.clip_grad_value_": lambda **o: nn.utils.clip_grad_value_([with_grad()], **o),
    "utils.get_total_norm": lambda **o: nn.utils.get_total_norm([with_grad().grad], **o),
}


# Losses with numbers among their options -> their Module, and the data that both take.
LOSSES: dict[str, tuple[str, Callable[[], tuple[Any, ...]]]] = {
    "huber_loss": ("HuberLoss", lambda: (x(), x())),
    "smooth_l1_loss": ("SmoothL1Loss", lambda: (x(), x())),
    "quantile_loss": ("QuantileLoss", lambda: (x(), leaf(2, 3, 4))),
    "gaussian_nll_loss": ("GaussianNLLLoss", lambda: (x(), x(), 1.0)),
    "poisson_nll_loss": ("PoissonNLLLoss", lambda: (x(), leaf(2, 3, 4))),
    "sigmoid_focal_loss": ("SigmoidFocalLoss", lambda: (x(), leaf(2, 3, 4))),
    "focal_loss": ("FocalLoss", lambda: (x(2, 3), [0, 1])),
    "multi_margin_loss": ("MultiMarginLoss", lambda: (x(2, 3), [0, 1])),
    "in_batch_softmax_loss": ("InBatchSoftmaxLoss", lambda: (x(2, 3), x(2, 3))),
    "multiclass_hinge_loss": ("MulticlassHingeLoss", lambda: (x(2, 3), [0, 1])),
}
for _name, (_layer, _data) in LOSSES.items():
    CALLS[f"F.{_name}"] = lambda _name=_name, _data=_data, **o: getattr(F, _name)(*_data(), **o)
    CALLS[f"nn.{_layer}"] = lambda _layer=_layer, _data=_data, **o: getattr(nn, _layer)(**o)(*_data())
# Distances and losses of what is alike with numbers among their options -> their Module, and the data that both take.
ALIKE: dict[str, tuple[str, Callable[[], tuple[Any, ...]]]] = {
    "cosine_similarity": ("CosineSimilarity", lambda: (0.1 * x(2, 3), x(2, 3))),
    "pairwise_distance": ("PairwiseDistance", lambda: (x(2, 3), x(2, 3))),
    "cdist": ("", lambda: (x(2, 3), x(2, 3))),
    "pdist": ("", lambda: (x(2, 3),)),
    "margin_ranking_loss": ("MarginRankingLoss", lambda: (x(2, 3), x(2, 3), 1.0)),
    "hinge_embedding_loss": ("HingeEmbeddingLoss", lambda: (x(2, 3), 1.0)),
    "cosine_embedding_loss": ("CosineEmbeddingLoss", lambda: (x(2, 3), x(2, 3), 1.0)),
    "triplet_margin_loss": ("TripletMarginLoss", lambda: (x(2, 3), x(2, 3), x(2, 3))),
    "triplet_margin_with_distance_loss": ("TripletMarginWithDistanceLoss", lambda: (x(2, 3), x(2, 3), x(2, 3))),
    "semi_hard_triplets": ("", lambda: (x(4, 3), [0, 0, 1, 1])),
    "contrastive_loss": ("ContrastiveLoss", lambda: (x(2, 3), x(2, 3), [0, 1])),
    "info_nce_loss": ("InfoNCELoss", lambda: (x(2, 3), x(2, 3))),
    "nt_xent_loss": ("NTXentLoss", lambda: (x(2, 3), x(2, 3))),
    "image_text_loss": ("ImageTextLoss", lambda: (x(2, 3), x(2, 3))),
    "clip_loss": ("CLIPLoss", lambda: (x(2, 3), x(2, 3))),
}
for _name, (_layer, _data) in ALIKE.items():
    CALLS[f"F.{_name}"] = lambda _name=_name, _data=_data, **o: getattr(F, _name)(*_data(), **o)
    CALLS[f"nn.{_layer}"] = lambda _layer=_layer, _data=_data, **o: getattr(nn, _layer)(**o)(*_data())
for _name in ("cosine_similarity", "pairwise_distance", "cdist", "pdist"):
    CALLS[f"minigrad.{_name}"] = lambda _name=_name, **o: getattr(minigrad, _name)(*ALIKE[_name][1](), **o)
CALLS["F.elastic_net"] = lambda **o: F.elastic_net(x(), **{"l1": 0.5, "l2": 0.5, **o})


def with_grad() -> Tensor:
    leaf = x(3)
    leaf.sum().backward()
    return leaf


def call(place: str, name: str, **options: Any) -> Any:
    if f"{place}.{name}" in CALLS:
        return CALLS[f"{place}.{name}"](**options)
    thing = getattr(PLACES[place], name)
    if isinstance(thing, type):
        return thing(**options)(x())
    return thing(leaf() if place == "init" else x(), **options)


def reached(result: Any, number: Tensor) -> bool:
    outputs = [r for r in (result if isinstance(result, tuple) else (result,)) if isinstance(r, Tensor)]
    outputs = [r for r in outputs if r.requires_grad]
    grads = autograd.grad(outputs, [number], [np.ones(r.shape) for r in outputs], allow_unused=True) if outputs else ()
    return any(g is not None for g in grads)


@pytest.mark.filterwarnings("ignore:Hardtanh. min_value:FutureWarning", "ignore:gumbel_softmax. eps:FutureWarning")
@pytest.mark.filterwarnings("ignore:clip_grad_norm is called:FutureWarning")
@pytest.mark.parametrize(("place", "name", "parameter"), list(numbers()))
def test_no_gradient_of_a_number_is_dropped(place: str, name: str, parameter: str) -> None:
    number = Tensor(0.5, requires_grad=True)
    try:
        result = call(place, name, **{parameter: number})
    except TypeError as error:
        assert "requires grad" in str(error)
        assert parameter.replace("value", "val") in str(error)
    else:
        assert reached(result, number)
    call(place, name, **{parameter: number.item() if not name.startswith("Upsampl") else 1.0})
