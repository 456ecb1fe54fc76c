"""What convolutions, pools and the layers beside them refuse, and what they say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F

PICTURES = Tensor(np.zeros((2, 3, 8, 8), np.float32))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lambda: nn.Conv2d(4, 8, 3), (2, 3, 8, 8), r"has 3 channels, but the weight, of shape (8, 4, 3, 3)"),
        (lambda: nn.Conv2d(3, 8, 3), (2, 8, 8, 3), "if they come last, x.permute(0, 3, 1, 2) brings them there"),
        (lambda: nn.Conv2d(3, 8, 3), (8, 8, 3), "if they come last, x.permute(2, 0, 1) brings them there"),
        (lambda: nn.Conv1d(3, 8, 3), (2, 8, 3), "if they come last, x.permute(0, 2, 1) brings them there"),
        (lambda: nn.Conv2d(3, 8, 3), (8, 8), "x.unsqueeze(-3)"),
        (lambda: nn.Conv2d(3, 8, 3), (1, 2, 3, 8, 8), "(N, C, H, W) or (C, H, W), got shape (1, 2, 3, 8, 8)"),
        (lambda: nn.Conv1d(3, 8, 3), (8,), "(N, C, L) or (C, L), got shape (8,)"),
        (lambda: nn.Conv2d(3, 8, 9), (2, 3, 8, 8), "a kernel of (9, 9), dilation (1, 1), does not fit"),
        (lambda: nn.Conv2d(3, 8, 5, dilation=2), (3, 8, 8), "dilation (2, 2), does not fit"),
        (lambda: nn.ConvTranspose2d(4, 8, 3), (2, 3, 8, 8), "has 3 channels"),
        (lambda: nn.ConvTranspose1d(3, 8, 1, padding=4), (3, 8), "use less padding"),
        (lambda: nn.Conv2d(3, 8, 3, 1, 1, padding_mode="reflect"), (8, 8), "or (C, H, W), got shape (8, 8)"),
        (lambda: nn.MaxPool2d(9), (2, 3, 8, 8), "a kernel of (9, 9), dilation (1, 1), does not fit"),
        (
            lambda: nn.MaxPool2d(2),
            (8, 8),
            "or (C, H, W), got shape (8, 8); for one channel, put a dimension before it: x.unsqueeze(-3)",
        ),
        (lambda: nn.MaxPool2d(2, padding=2), (3, 8, 8), "padding must be at most half of the kernel"),
        (lambda: nn.AvgPool1d(3, padding=2), (3, 8), "padding must be at most half of the kernel"),
        (lambda: nn.AdaptiveAvgPool2d(2), (8, 8), "(C, H, W), got shape (8, 8)"),
        (lambda: nn.AdaptiveAvgPool2d(2), (3, 0, 8), "nothing to pool"),
        (lambda: nn.ReflectionPad2d(8), (3, 8, 8), "has at most 7"),
        (lambda: nn.ZeroPad2d(-5), (3, 8, 8), "cut off more"),
        (lambda: nn.ReplicationPad1d(1), (8,), "ReplicationPad1d: the input must be (N, C, L) or (C, L)"),
        (lambda: nn.Unflatten(1, (2, 2)), (1, 3), "size 3 of dimension 1 of (1, 3) cannot become (2, 2)"),
        (lambda: nn.Upsample(scale_factor=2), (8, 8), "(N, C, L) or (N, C, H, W)"),
        (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), (1, 3, 8, 8), "got 'bicubic'"),
        (lambda: nn.Upsample(scale_factor=0.01), (1, 3, 8, 8), "nothing would be left"),
        (lambda: nn.Upsample(), (1, 3, 8, 8), "either size or scale_factor"),
        (lambda: nn.Upsample(2, align_corners=True), (1, 3, 8, 8), "align_corners belongs to mode 'bilinear'"),
        (lambda: nn.PixelShuffle(2), (3, 8, 8), "(..., C · 4, H, W), got shape (3, 8, 8)"),
        (lambda: nn.PixelUnshuffle(3), (3, 8, 8), "(..., C, 3 · H, 3 · W)"),
        (lambda: nn.Unfold(9), (1, 3, 8, 8), "does not fit into (8, 8)"),
        (lambda: nn.Fold((4, 4), 2), (1, 12, 8), "must be (N, C · 4, 9)"),
    ],
)
def test_inputs_that_do_not_fit(layer, shape, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        layer()(Tensor(np.zeros(shape, np.float32)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Conv2d(0, 8, 3), "Conv2d: in_channels must be at least 1, got 0"),
        (lambda: nn.Conv1d(3, 8, 0), "Conv1d: kernel_size must be at least 1, got 0"),
        (lambda: nn.Conv2d(3, 8, 3, stride=0), "Conv2d: stride must be at least 1, got 0"),
        (lambda: nn.Conv2d(3, 8, 3, padding=-1), "Conv2d: padding must be at least 0, got -1"),
        (lambda: nn.Conv2d(3, 8, (3, 3, 3)), "kernel_size needs one integer, or 2 of them"),
        (lambda: nn.Conv2d(3, 8, 3, groups=2), "in_channels=3 must be divisible by groups=2"),
        (lambda: nn.Conv2d(4, 9, 3, groups=2), "out_channels=9 must be divisible by groups=2"),
        (lambda: nn.Conv2d(3, 8, 3, stride=2, padding="same"), "padding='same' needs stride 1"),
        (lambda: nn.Conv2d(3, 8, 3, padding="full"), "padding is 'same', 'valid' or integers, got 'full'"),
        (lambda: nn.Conv2d(3, 8, 3, padding_mode="mirror"), "padding_mode is one of"),
        (lambda: nn.ConvTranspose2d(3, 8, 3, padding_mode="reflect"), "must be 'zeros'"),
        (lambda: nn.MaxPool2d(0), "MaxPool2d: kernel_size must be at least 1, got 0"),
        (lambda: nn.MaxPool1d(2, stride=-1), "MaxPool1d: stride must be at least 1"),
        (lambda: nn.AvgPool2d(2, divisor_override=0), "divisor_override must be at least 1"),
        (lambda: nn.AdaptiveAvgPool2d((1, 0)), "AdaptiveAvgPool2d: output_size must be at least 1, got 0"),
        (lambda: nn.ZeroPad2d((1, 2)), "ZeroPad2d: padding needs one integer, or 4 of them"),
        (lambda: nn.Unflatten(1, (-1, -1)), "one may be -1"),
        (lambda: nn.PixelShuffle(0), "upscale_factor must be at least 1"),
    ],
)
def test_layers_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_output_padding_and_output_size():
    with pytest.raises(ValueError, match="output_padding must be less than the stride or the dilation"):
        nn.ConvTranspose2d(3, 8, 3, output_padding=1)(PICTURES)
    layer = nn.ConvTranspose2d(3, 8, 3, stride=2)
    assert layer(PICTURES, output_size=(17, 18)).shape == (2, 8, 17, 18)
    message = r"ConvTranspose2d: output_size \(19, 17\) is out of reach: from \(17, 17\) to \(18, 18\)"
    with pytest.raises(ValueError, match=message):
        layer(PICTURES, output_size=(19, 17))
    for size in ((2, 17, 17), 17):
        with pytest.raises(ValueError, match="ConvTranspose2d: output_size needs 2 sizes, or 4"):
            layer(PICTURES, output_size=size)
    with pytest.raises(TypeError, match="ConvTranspose2d: output_size must be an integer, got 17.5"):
        layer(PICTURES, output_size=(17, 17.5))


def test_integers_and_wrong_parameters():
    with pytest.raises(TypeError, match="conv2d: the input must be floating-point, got int64"):
        F.conv2d(np.zeros((1, 1, 3, 3), int), np.ones((1, 1, 2, 2)))
    with pytest.raises(TypeError, match="max_pool2d: the input must be floating-point"):
        F.max_pool2d(np.zeros((1, 3, 3), int), 2)
    with pytest.raises(ValueError, match=r"the weight must have 4 dimensions, got shape \(1, 1, 2\)"):
        F.conv2d(PICTURES, np.ones((1, 1, 2), np.float32))
    with pytest.raises(ValueError, match=r"shape \(5,\), got \(4,\)"):
        F.conv2d(PICTURES, np.ones((5, 3, 2, 2), np.float32), np.ones(4, np.float32))
    for shape in ((3, 4, 0, 3), (3, 0, 3, 3)):
        with pytest.raises(ValueError, match="conv_transpose2d: neither the input, .* may be empty"):
            F.conv_transpose2d(PICTURES, np.ones(shape, np.float32))
    with pytest.raises(ValueError, match="conv_transpose2d: neither the input, .* may be empty"):
        F.conv_transpose2d(PICTURES[:, :, :0], np.ones((3, 4, 3, 3), np.float32))
    for make, message in (
        (lambda: nn.Unflatten(1, (1.5, 2)), "Unflatten: unflattened_size must be an integer, got 1.5"),
        (lambda: nn.Flatten(1.0), "Flatten: start_dim must be an integer, got 1.0"),
    ):
        with pytest.raises(TypeError, match=message):
            make()
    with pytest.raises(ValueError, match="do not fall into 2 groups"):
        F.conv2d(PICTURES, np.ones((5, 2, 2, 2), np.float32), groups=2)


def test_the_error_names_the_place_in_the_model():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(5, 4, 3))
    with pytest.raises(ValueError) as caught:
        model(PICTURES)
    assert "which is 2 of Sequential" in "".join(caught.value.__notes__)


def test_results_share_no_memory_with_their_input():
    bilinear = nn.Upsample(size=8, mode="bilinear")
    for layer in (nn.Conv2d(3, 3, 1), nn.MaxPool2d(1), nn.AvgPool2d(1), nn.Upsample(size=8), bilinear):
        x = Tensor(np.ones((2, 3, 8, 8), np.float32), requires_grad=True)
        out = layer(x)
        before = out.detach().numpy().copy()
        assert not np.shares_memory(out.detach().numpy(), x.detach().numpy())
        out.sum().backward()
        np.testing.assert_array_equal(out.detach().numpy(), before)


def test_lists_and_arrays_are_inputs_too():
    picture = [[[1.0, 2.0], [3.0, 4.0]]]
    assert F.max_pool2d(picture, 2).tolist() == [[[4.0]]]
    assert nn.Conv2d(1, 2, 2)(np.array(picture, np.float32)).shape == (2, 1, 1)
    assert nn.Flatten(0)(picture).tolist() == [1.0, 2.0, 3.0, 4.0]
