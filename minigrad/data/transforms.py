"""Changes to images, made anew for every sample: for augmentation, and for pairs in contrastive learning.

An image is an array or a Tensor whose last two dimensions are rows and columns, (H, W) or (C, H, W); it is not changed
itself. The random ones draw from ``generator``, by default the library's, which in a loader's workers is fixed by the
epoch and the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.arrays import get_default_dtype
from ..core.tensor import Tensor, wrap
from ..random import as_generator

__all__ = [
    "Compose",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomNoise",
    "RandomRotation",
    "RandomShift",
    "RandomVerticalFlip",
    "ToTensor",
    "TwoViews",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


class Compose:
    """One change after the other.

    Example:
        >>> scale = Compose([ToTensor(), Normalize((0.5,), (0.5,))])
        >>> scale(np.array([[0, 255]], np.uint8))
        Tensor([[[-1., 1.]]])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        for position, transform in enumerate(transforms):
            if not callable(transform):
                raise TypeError(
                    f"transform {position} is {transform!r}, which cannot be called; is it a class, RandomCrop(8)?"
                )
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        """The image after all changes."""
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{', '.join(map(repr, self.transforms))}])"


class ToTensor:
    """A Tensor (C, H, W) of an image (H, W) or (H, W, C); bytes are scaled to [0, 1].

    An image of Pillow is taken too. What is not bytes keeps its dtype and its numbers.

    Example:
        >>> ToTensor()(np.full((2, 3, 4), 255, np.uint8)).shape
        (4, 2, 3)
    """

    def __call__(self, image: Any) -> Tensor:
        """The image as a Tensor of its own."""
        array = np.asarray(image.numpy() if isinstance(image, Tensor) else image)
        if array.ndim not in (2, 3):
            raise ValueError(f"an image is (H, W) or (H, W, C), got the shape {array.shape}")
        array = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
        scaled = array.astype(get_default_dtype()) / 255 if array.dtype == np.uint8 else array
        return wrap(np.array(scaled, order="C"), None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _Change:
    """Base class: an image in, another one out, of the same kind and dtype."""

    generator: np.random.Generator | None = None

    def __call__(self, image: Any) -> Any:
        array = image.numpy() if isinstance(image, Tensor) else np.asarray(image)
        if array.ndim < 2:
            raise ValueError(f"{type(self).__name__} takes images (..., H, W), got the shape {array.shape}")
        changed = np.ascontiguousarray(self.changed(array, as_generator(self.generator)))
        return wrap(changed, None) if isinstance(image, Tensor) else changed

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """Another array."""
        raise NotImplementedError(f"define changed(self, image, generator) in {type(self).__name__}")

    def __repr__(self) -> str:
        shown = {name: value for name, value in vars(self).items() if name != "generator"}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class Normalize(_Change):
    """(image - mean) / std, for each channel of (C, H, W).

    Raises:
        ValueError: for a std of 0, and for as many numbers as there are no channels.
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean, self.std = (tuple(np.atleast_1d(np.asarray(value, np.float64)).tolist()) for value in (mean, std))
        if not all(value > 0 for value in self.std):
            raise ValueError(f"std must be above 0 for every channel, got {std}")

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """The image, scaled."""
        if image.dtype.kind != "f":
            raise TypeError(f"Normalize takes floats, got {image.dtype}; put ToTensor() before it")
        channels = image.shape[-3] if image.ndim > 2 else 1
        if {len(self.mean), len(self.std)} - {1, channels}:
            raise ValueError(f"{len(self.mean)} means and {len(self.std)} stds do not fit {channels} channels")
        shape = (-1, 1, 1) if image.ndim > 2 else (1, 1)
        mean, std = (np.array(value, image.dtype).reshape(shape) for value in (self.mean, self.std))
        return (image - mean) / std

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class RandomShift(_Change):
    """Moved by up to ``pixels`` up or down, and left or right; what comes into view is ``fill``."""

    def __init__(self, pixels: int, fill: float = 0, generator: np.random.Generator | None = None) -> None:
        self.pixels, self.fill, self.generator = _whole("pixels", pixels, 0), fill, generator

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """The image, moved."""
        down, right = generator.integers(-self.pixels, self.pixels + 1, 2).tolist()
        rows, columns = image.shape[-2:]
        moved = np.full(image.shape, self.fill, image.dtype)
        if abs(down) < rows and abs(right) < columns:
            (row, into_row), (column, into_column) = _overlap(down, rows), _overlap(right, columns)
            moved[..., into_row, into_column] = image[..., row, column]
        return moved


class RandomCrop(_Change):
    """A part of ``size``, at a random place, after ``padding`` pixels of ``fill`` were put around the image.

    Raises:
        ValueError: for an image that is smaller.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        fill: float = 0,
        generator: np.random.Generator | None = None,
    ) -> None:
        height, width = (size, size) if isinstance(size, int) else size
        self.size = _whole("size", height, 1), _whole("size", width, 1)
        self.padding, self.fill, self.generator = _whole("padding", padding, 0), fill, generator

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """The part."""
        around = [(0, 0)] * (image.ndim - 2) + [(self.padding, self.padding)] * 2
        padded = np.pad(image, around, constant_values=self.fill) if self.padding else image
        spare = [have - want for have, want in zip(padded.shape[-2:], self.size, strict=True)]
        if min(spare) < 0:
            raise ValueError(f"no part of {self.size} in an image of {padded.shape[-2:]}; use a larger padding")
        top, left = (int(generator.integers(each + 1)) for each in spare)
        return padded[..., top : top + self.size[0], left : left + self.size[1]].copy()


class RandomHorizontalFlip(_Change):
    """Left and right exchanged, with probability ``p``."""

    axis = -1

    def __init__(self, p: float = 0.5, generator: np.random.Generator | None = None) -> None:
        if not isinstance(p, int | float | np.number) or not 0 <= p <= 1:
            raise ValueError(f"p is a probability, from 0 to 1, got {p!r}")
        self.p, self.generator = p, generator

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """The image or its mirror image."""
        return np.flip(image, self.axis) if generator.random() < self.p else image.copy()


class RandomVerticalFlip(RandomHorizontalFlip):
    """Top and bottom exchanged, with probability ``p``."""

    axis = -2


class RandomNoise(_Change):
    """Normal noise of standard deviation ``std`` added to every pixel."""

    def __init__(self, std: float, generator: np.random.Generator | None = None) -> None:
        if not isinstance(std, int | float | np.number) or not 0 <= std < math.inf:
            raise ValueError(f"std must be a number of at least 0, got {std!r}")
        self.std, self.generator = std, generator

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """The image and the noise; bytes stay bytes."""
        noisy = image + self.std * generator.standard_normal(image.shape, np.float32)
        if image.dtype.kind == "f":
            return noisy.astype(image.dtype)
        limits = np.iinfo(image.dtype)
        return np.clip(np.rint(noisy), limits.min, limits.max).astype(image.dtype)


class RandomRotation(_Change):
    """Turned about the centre by up to ``degrees`` either way; pixels are interpolated from their neighbours.

    Args:
        degrees: the largest angle, or a pair: the smallest and the largest. Positive ones turn anticlockwise.
        fill: for what was outside of the image.
        generator: by default the library's.
    """

    def __init__(
        self, degrees: float | tuple[float, float], fill: float = 0, generator: np.random.Generator | None = None
    ) -> None:
        pair = (-degrees, degrees) if isinstance(degrees, int | float | np.number) else degrees
        if isinstance(pair, str) or len(pair) != 2 or not -math.inf < pair[0] <= pair[1] < math.inf:
            raise ValueError(
                f"degrees is the largest angle, at least 0, or a pair (smallest, largest), got {degrees!r}"
            )
        low, high = pair
        self.degrees, self.fill, self.generator = (low, high), fill, generator

    def changed(self, image: Any, generator: np.random.Generator) -> Any:
        """The image, turned."""
        angle = math.radians(generator.uniform(*self.degrees))
        rows, columns = image.shape[-2:]
        y = np.arange(rows)[:, None] - (rows - 1) / 2
        x = np.arange(columns) - (columns - 1) / 2
        cosine, sine = math.cos(angle), math.sin(angle)
        turned = _sampled(
            image, sine * x + cosine * y + (rows - 1) / 2, cosine * x - sine * y + (columns - 1) / 2, self.fill
        )
        return turned.astype(image.dtype) if image.dtype.kind == "f" else np.rint(turned).astype(image.dtype)


class TwoViews:
    """Two changes of the same image, drawn one after the other: a pair for contrastive learning.

    Example:
        >>> first, second = TwoViews(RandomNoise(0.1))(np.zeros((8, 8)))
        >>> bool((first != second).all())
        True
    """

    def __init__(self, transform: Callable[[Any], Any]) -> None:
        if not callable(transform):
            raise TypeError(f"TwoViews takes one transform, got {transform!r}; join several with Compose")
        self.transform = transform

    def __call__(self, image: Any) -> tuple[Any, Any]:
        """Both views."""
        return self.transform(image), self.transform(image)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transform!r})"


def _whole(name: str, number: Any, least: int) -> int:
    if isinstance(number, bool) or not hasattr(number, "__index__") or number < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {number!r}")
    return int(number)


def _overlap(step: int, size: int) -> tuple[slice, slice]:
    """Where the pixels are that stay in view, and where they come to stand."""
    return slice(max(-step, 0), size - max(step, 0)), slice(max(step, 0), size + min(step, 0))


def _sampled(image: Any, y: Any, x: Any, fill: float) -> Any:
    """The image at places between its pixels, bilinearly; a frame of ``fill`` is all there is around it."""
    frame = np.pad(image, [(0, 0)] * (image.ndim - 2) + [(1, 1)] * 2, constant_values=fill)
    y, x = (
        np.clip(np.round(places, 9) + 1, 0, size + 1) for places, size in zip((y, x), image.shape[-2:], strict=True)
    )
    top, left = (
        np.minimum(places.astype(np.intp), size) for places, size in zip((y, x), image.shape[-2:], strict=True)
    )
    low, right = y - top, x - left
    above = frame[..., top, left] * (1 - right) + frame[..., top, left + 1] * right
    below = frame[..., top + 1, left] * (1 - right) + frame[..., top + 1, left + 1] * right
    return above * (1 - low) + below * low
