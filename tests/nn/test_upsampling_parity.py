"""Padding, flattening and upsampling layers beside PyTorch's."""

from __future__ import annotations

import inspect

import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

from minigrad.nn import functional as F  # noqa: E402
from tests.module_parity import compare_modules, pair  # noqa: E402
from tests.parity import compare, random  # noqa: E402

TF = torch.nn.functional
LINE, PICTURE = (2, 4, 7), (2, 4, 6, 7)
LAYERS = [
    *[(f"{name}Pad{d}d", (width,), {}, shape) for name in ("Zero", "Reflection", "Replication", "Circular")
      for d, shape, width in [(1, LINE, 2), (1, LINE, (1, 0)), (2, PICTURE, 1), (2, PICTURE, (1, 2, 3, 0))]],
    ("ConstantPad1d", (2, 1.5), {}, LINE), ("ConstantPad2d", ((1, -1, 0, 2), -3), {}, PICTURE),
    ("ZeroPad2d", (1,), {}, (3, 4, 5)), ("ZeroPad1d", (-1,), {}, (3, 5)),
    ("Flatten", (), {}, PICTURE), ("Flatten", (0, 2), {}, PICTURE), ("Flatten", (-2,), {}, PICTURE),
    ("Unflatten", (1, (2, 2)), {}, PICTURE), ("Unflatten", (-1, (7, -1)), {}, PICTURE),
    ("Upsample", (), {"scale_factor": 2}, PICTURE), ("Upsample", ((9, 5),), {}, PICTURE),
    ("Upsample", (), {"scale_factor": (1.5, 0.7), "mode": "bilinear"}, PICTURE),
    ("Upsample", (13,), {"mode": "linear", "align_corners": True}, LINE),
    ("UpsamplingNearest2d", (), {"scale_factor": 3}, PICTURE), ("UpsamplingBilinear2d", (8,), {}, PICTURE),
    ("PixelShuffle", (2,), {}, PICTURE), ("PixelShuffle", (1,), {}, (4, 2, 3)),
    ("PixelUnshuffle", (2,), {}, (2, 3, 4, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_layers(name, args, options, shape):
    compare_modules(name, *args, inputs=[shape], **options)
    ours, theirs = pair(name, *args, **options)
    assert repr(ours) == repr(theirs)
    for key, value in vars(ours).items():
        assert getattr(theirs, key) == value, key
    mine, reference = (inspect.signature(type(m)).parameters for m in (ours, theirs))
    assert [*mine] == [*reference]
    assert [p.default for p in mine.values()] == [p.default for p in reference.values()]


MODES = [("nearest", None), ("nearest-exact", None), ("area", None)] + [
    (mode, corners) for mode in ("linear", "bilinear") for corners in (None, False, True)
]
HOW = [{"size": n} for n in (1, 3, 12, 17)] + [{"scale_factor": factor} for factor in (2, 0.6, 1.7)]


@pytest.mark.parametrize(("mode", "align_corners"), MODES)
@pytest.mark.parametrize("how", [*HOW, {"scale_factor": 2.3, "recompute_scale_factor": True}])
def test_interpolate(mode, how, align_corners):
    options = {**how, "mode": mode, "align_corners": align_corners}
    for shape in (LINE, PICTURE):
        if mode != {3: "bilinear", 4: "linear"}[len(shape)]:
            compare(lambda x: F.interpolate(x, **options), lambda x: TF.interpolate(x, **options), random(shape))


@pytest.mark.parametrize("size", range(1, 40, 3))
@pytest.mark.parametrize("wanted", range(1, 60, 7))
def test_nearest_takes_the_elements_that_pytorch_takes(size, wanted):
    x = random((1, 1, size))
    compare(lambda x: F.interpolate(x, wanted), lambda x: TF.interpolate(x, wanted), x, order=1)


def test_functions_beside_the_layers():
    x = random((2, 4, 4, 6))
    for function, options in [("pixel_shuffle", {"upscale_factor": 2}), ("pixel_unshuffle", {"downscale_factor": 2})]:
        ours, theirs = getattr(F, function), getattr(TF, function)
        compare(lambda x: ours(x, **options), lambda x: theirs(x, **options), x)  # noqa: B023
    for options in ({"size": (5, 9)}, {"scale_factor": 1.5, "mode": "bilinear", "align_corners": True}):
        compare(lambda x: F.upsample(x, **options), lambda x: TF.interpolate(x, **options), x)  # noqa: B023
