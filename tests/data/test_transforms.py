"""Changes to images: what they do, that they leave their input alone, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.data import DataLoader, Dataset
from minigrad.data.transforms import (
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomNoise,
    RandomRotation,
    RandomShift,
    RandomVerticalFlip,
    ToTensor,
    TwoViews,
)  # fmt: skip

IMAGE = np.arange(1, 21, dtype=np.float32).reshape(4, 5)
CHANGES = [
    RandomShift(1), RandomCrop(3), RandomCrop((4, 5), padding=1), RandomHorizontalFlip(), RandomVerticalFlip(),
    RandomNoise(2.0), RandomRotation(30),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=repr)
@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (3, 4, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_every_change_keeps_kind_and_dtype_and_leaves_its_input_alone(change, shape, dtype):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    before = image.copy()
    mg.manual_seed(1)
    first = change(image)
    assert type(first) is np.ndarray and first.dtype == dtype and first.shape[:-2] == shape[:-2]
    assert (image == before).all() and not np.shares_memory(first, image)
    mg.manual_seed(1)
    again = change(Tensor(image))
    assert isinstance(again, Tensor) and (again.numpy() == first).all()
    assert any((change(image) != first).any() for _ in range(20)), "random"


def test_shift():
    seen = {change.tobytes() for change in (RandomShift(1, fill=7)(IMAGE) for _ in range(300))}
    padded = np.pad(IMAGE, 1, constant_values=7)
    expected = {np.ascontiguousarray(padded[i : i + 4, j : j + 5]).tobytes() for i in range(3) for j in range(3)}
    assert seen == expected
    assert {*RandomShift(1000, fill=3, generator=np.random.default_rng(0))(IMAGE).ravel()} == {3}


def test_crop():
    parts = {RandomCrop(2)(IMAGE).tobytes() for _ in range(300)}
    assert parts == {IMAGE[i : i + 2, j : j + 2].tobytes() for i in range(3) for j in range(4)}
    assert RandomCrop((6, 7), padding=1, fill=9)(IMAGE)[0].tolist() == [9] * 7


def test_flips_happen_as_often_as_asked():
    assert (RandomHorizontalFlip(1)(IMAGE) == IMAGE[:, ::-1]).all() and (RandomHorizontalFlip(0)(IMAGE) == IMAGE).all()
    assert (RandomVerticalFlip(1)(IMAGE) == IMAGE[::-1]).all()
    often = RandomHorizontalFlip(0.3, generator=np.random.default_rng(0))
    assert 240 < sum(often(IMAGE)[0, 0] == 5 for _ in range(1000)) < 360


def test_rotation_by_right_angles_is_exact():
    square = np.arange(2 * 9.0).reshape(2, 3, 3)
    for turns in range(-2, 5):
        turned = RandomRotation((90 * turns, 90 * turns))(square)
        np.testing.assert_allclose(turned, np.rot90(square, turns, axes=(1, 2)), atol=1e-6)
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert (RandomRotation((90, 90))(pixels) == np.rot90(pixels)).all()
    np.testing.assert_array_equal(RandomRotation(0)(IMAGE), IMAGE)


def test_rotation_interpolates_and_fills():
    turned = RandomRotation((45, 45), fill=5)(np.full((9, 9), 5.0))
    np.testing.assert_allclose(turned, 5)
    ramp = np.broadcast_to(np.arange(21.0), (21, 21))
    middle = RandomRotation((30, 30))(ramp)[8:13, 8:13]
    step = np.cos(np.radians(30))
    np.testing.assert_allclose(np.diff(middle, axis=1), step, atol=1e-6)
    np.testing.assert_allclose(np.diff(middle, axis=0), -0.5, atol=1e-6)
    assert RandomRotation((45, 45), fill=-1)(np.ones((9, 9)))[0, 0] == -1


def test_noise():
    noise = RandomNoise(0.5, generator=np.random.default_rng(0))(np.zeros((100, 100)))
    assert abs(noise.mean()) < 0.03 and abs(noise.std() - 0.5) < 0.02
    bytes_ = RandomNoise(300, generator=np.random.default_rng(0))(np.full((20, 20), 128, np.uint8))
    assert bytes_.min() == 0 and bytes_.max() == 255


def test_to_tensor_and_normalize_as_in_torchvision():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    tensor = Compose([ToTensor(), Normalize((0.1, 0.2, 0.3), (0.5, 1, 2))])(pixels)
    expected = (pixels.transpose(2, 0, 1) / 255 - np.array([0.1, 0.2, 0.3])[:, None, None]) / np.array(
        [0.5, 1, 2]
    ).reshape(3, 1, 1)
    np.testing.assert_allclose(tensor.numpy(), expected, rtol=1e-6)
    assert tensor.dtype == np.float32 and ToTensor()(pixels[:, :, 0]).shape == (1, 2, 4)
    assert ToTensor()(np.ones((2, 2))).dtype == np.float64
    shared = np.ones((2, 2), np.float32)
    ToTensor()(shared)[...] = 5
    assert (shared == 1).all()
    assert Normalize(0.5, 0.5)(np.ones((2, 2), np.float32)).tolist() == [[1, 1], [1, 1]]
    repr_ = repr(Compose([ToTensor(), Normalize((0.1307,), (0.3081,)), RandomShift(2)]))
    assert repr_ == "Compose([ToTensor(), Normalize(mean=(0.1307,), std=(0.3081,)), RandomShift(pixels=2, fill=0)])"


def test_pairs_for_contrastive_learning_come_through_the_loader():
    class Views(Dataset):
        views = TwoViews(Compose([RandomShift(1), RandomNoise(0.1)]))

        def __getitem__(self, index):
            return *self.views(IMAGE[None]), index

        def __len__(self):
            return 6

    for workers in ({}, {"num_workers": 2, "multiprocessing_context": "thread"}):
        for first, second, index in DataLoader(Views(), 3, **workers):
            assert first.shape == second.shape == (3, 1, 4, 5) and first.dtype == np.float32 and len(index) == 3
            flat = np.concatenate([first.numpy(), second.numpy()]).reshape(6, -1)
            assert len(np.unique(flat, axis=0)) == 6


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Compose([3]), TypeError, "transform 0 is 3"),
        (lambda: ToTensor()(np.zeros(3)), ValueError, r"got the shape \(3,\)"),
        (lambda: RandomShift(1)(np.zeros(3)), ValueError, r"RandomShift takes images .* got the shape \(3,\)"),
        (lambda: RandomShift(-1), ValueError, "pixels must be an integer of at least 0"),
        (lambda: RandomShift(0.5), ValueError, "pixels must be an integer"),
        (lambda: RandomCrop(0), ValueError, "size must be an integer of at least 1"),
        (lambda: RandomCrop(5)(IMAGE), ValueError, r"no part of \(5, 5\) in an image of \(4, 5\)"),
        (lambda: RandomHorizontalFlip(1.5), ValueError, "probability.*1.5"),
        (lambda: RandomNoise(-1), ValueError, "std must be a number of at least 0"),
        (lambda: RandomNoise("1"), ValueError, "number of at least 0, got '1'"),
        (lambda: RandomHorizontalFlip("1"), ValueError, "probability.*'1'"),
        (lambda: RandomRotation("x"), ValueError, "largest angle.*'x'"),
        (lambda: RandomRotation((1, 2, 3)), ValueError, r"largest angle.*\(1, 2, 3\)"),
        (lambda: RandomRotation(np.inf), ValueError, "largest angle.*inf"),
        (lambda: TwoViews(3), TypeError, "TwoViews takes one transform, got 3"),
        (lambda: RandomNoise(np.nan), ValueError, "std must be a number of at least 0"),
        (lambda: RandomRotation(-5), ValueError, "largest angle"),
        (lambda: Normalize((0,), (0,)), ValueError, "std must be above 0"),
        (lambda: Normalize(0, 1)(np.zeros((2, 2), np.uint8)), TypeError, r"put ToTensor\(\) before it"),
        (
            lambda: Normalize((0, 0), (1, 1))(np.zeros((3, 2, 2))),
            ValueError,
            "2 means and 2 stds do not fit 3 channels",
        ),
        (lambda: RandomShift(1, generator=3)(IMAGE), TypeError, "Generator"),
    ],
)
def test_bad_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
